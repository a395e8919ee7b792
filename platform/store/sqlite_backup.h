/* SPDX-License-Identifier: Apache-2.0
 *
 * Copies of a SQLite database that is in use, and whether a file is a whole one.
 */
#ifndef MW_PLATFORM_STORE_SQLITE_BACKUP_H
#define MW_PLATFORM_STORE_SQLITE_BACKUP_H

#include "base/status.h"

#include <stdbool.h>
#include <stdint.h>

/* Writes a copy of the database as it is at one moment to the new file `to` (mode 0600), while
 * others read and write it: nobody waits for us. The copy is one file that needs no other beside
 * it, synced. MW_NOT_FOUND, MW_DUPLICATE (`to` exists), MW_SPACE, MW_IO; on failure `to` may be
 * there in part. */
MW_NODISCARD mw_status mw_store_sqlite_copy(const char *from, const char *to);

/* What a manifest says of a database. */
typedef struct mw_store_sqlite_head {
    int schema;      /* the newest step that ran */
    int64_t journal; /* records */
    int64_t command; /* the largest number of a command, 0 = none */
    bool sender;     /* downlinks were sealed: */
    uint32_t sender_epoch;
    uint64_t sender_reservations;
} mw_store_sqlite_head;

/* MW_NOT_FOUND; MW_CORRUPT: this is no database of ours at all. */
MW_NODISCARD mw_status mw_store_sqlite_look(const char *path, mw_store_sqlite_head *out_head);

typedef struct mw_store_sqlite_report {
    mw_store_sqlite_head head;
    int64_t chunks;      /* day chunks, hot runs and revisions whose values were decoded ... */
    int64_t values;      /* ... and how many values they hold */
    int64_t undecodable; /* of them, those that do not decode or hold other than their head says */
    bool whole;          /* SQLite finds no damage */
    char damage[200];    /* what it found, "" */
} mw_store_sqlite_report;

/* Looks at every page and decodes every value, reading only. MW_NOT_FOUND; MW_CORRUPT. */
MW_NODISCARD mw_status mw_store_sqlite_inspect(const char *path,
                                               mw_store_sqlite_report *out_report);

#endif
