/* SPDX-License-Identifier: Apache-2.0
 *
 * A PostgreSQL store as one SQLite file and back. Both engines have the same tables with the same
 * columns, so everything that copies, checks and counts a SQLite store does it for both.
 */
#ifndef MW_PLATFORM_STORE_POSTGRES_BACKUP_H
#define MW_PLATFORM_STORE_POSTGRES_BACKUP_H

#include "platform/store/postgres.h"

/* Writes all rows as they are at one moment to the new SQLite file `to` (mode 0600, synced, no other
 * file beside it), while others read and write. MW_DUPLICATE: `to` exists; MW_UNSUPPORTED: the
 * database is of another version; MW_SPACE, MW_IO. On failure `to` may be there in part. */
MW_NODISCARD mw_status mw_store_postgres_copy(const mw_store_postgres_options *o, const char *to);
/* Whether the database can be filled: MW_OK, or MW_DUPLICATE when it holds a platform's data. Makes
 * the tables where there are none. */
MW_NODISCARD mw_status mw_store_postgres_vacant(const mw_store_postgres_options *o);
/* Puts all rows of a SQLite store of this version into a database that holds none, in one
 * transaction; numbers go on behind those that the file knows. MW_DUPLICATE, MW_UNSUPPORTED,
 * MW_CORRUPT: the file is no store. */
MW_NODISCARD mw_status mw_store_postgres_fill(const mw_store_postgres_options *o, const char *from);

#endif
