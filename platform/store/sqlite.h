/* SPDX-License-Identifier: Apache-2.0
 *
 * mw_store over SQLite: one file (and its -wal and -shm), nothing to install.
 *
 * Settings: WAL, synchronous=FULL (a commit is on the disk when it returns), page_size 8192,
 * foreign keys on, trusted_schema off, defensive on, no extension loading, cell_size_check on.
 * The schema's numbered steps run in order at open, each in a transaction, and are recorded in the
 * table schema_version. A database from a newer version is refused (MW_UNSUPPORTED).
 */
#ifndef MW_PLATFORM_STORE_SQLITE_H
#define MW_PLATFORM_STORE_SQLITE_H

#include "platform/store/store.h"

typedef struct mw_store_sqlite_options {
    const char *path;
    bool read_only;     /* a further handle for queries; the file must exist */
    uint32_t cache_kib; /* page cache, 0 = 65536 */
    const char *vfs;    /* NULL = the default; tests give a faulty one */
} mw_store_sqlite_options;

/* Opens, creates or upgrades a database. The file has mode 0600. Free with mw_store_close. */
MW_NODISCARD mw_status mw_store_sqlite_open(const mw_store_sqlite_options *o, mw_store **out_store);
/* The newest schema step this program knows. */
int mw_store_sqlite_schema(void);

#endif
