/* SPDX-License-Identifier: Apache-2.0
 *
 * Backups of a platform: made while it serves, checked, and put back. A store in PostgreSQL is
 * backed up as the same file (platform/store/postgres_backup.h), so a backup of either engine can be
 * checked anywhere and put back into either.
 *
 * A backup is a folder with two files: `database`, the whole store as it was at one moment, and
 * `manifest` (manifest.h). It is made under the name NAME.partial and renamed when all of it is
 * synced, so a backup with its name is complete.
 *
 * Not in a backup: the master key (keep it apart; the manifest holds its fingerprint) and the file
 * of the sender epoch, which no copy may ever replace (docs/spec/downlink.md section 5).
 */
#ifndef MW_PLATFORM_BACKUP_BACKUP_H
#define MW_PLATFORM_BACKUP_BACKUP_H

#include "platform/backup/manifest.h"
#include "platform/readings/conservation.h"
#include "platform/store/sqlite_backup.h"

enum { MW_BACKUP_PATH_MAX = 4096, MW_BACKUP_KEEP_MAX = 1000 };

typedef struct mw_backup_options {
    const char *store_path;
    const char *key_file;
    const char *folder; /* of this backup; must not exist yet */
    mw_utc now;
    /* Writes the store to a new SQLite file; NULL: it is the SQLite file at store_path. */
    mw_status (*copy)(void *ctx, const char *to);
    void *ctx;
} mw_backup_options;

/* Makes a backup. MW_DUPLICATE: the folder exists; MW_NOT_FOUND: there is no database; MW_SPACE,
 * MW_IO: nothing stands under the name. */
MW_NODISCARD mw_status mw_backup_make(const mw_backup_options *o, mw_manifest *out_manifest);
/* Makes the backup FOLDER/meterworks-TIME and then removes the oldest of that name beyond `keep`
 * (1..1000) whole ones, and what broken-off attempts left. o->folder = FOLDER. out_path of
 * MW_BACKUP_PATH_MAX bytes. */
MW_NODISCARD mw_status mw_backup_rotate(const mw_backup_options *o, unsigned keep, char *out_path,
                                        mw_manifest *out_manifest);

/* When the newest whole backup of mw_backup_rotate was made; MW_NOT_FOUND. */
MW_NODISCARD mw_status mw_backup_newest(const char *folder, mw_utc *out_made);

typedef struct mw_backup_report {
    mw_manifest manifest;
    mw_store_sqlite_report database;
    mw_conservation conservation;
    const char *wrong; /* NULL = the backup is good */
} mw_backup_report;

/* Reads all of a backup: manifest, checksum, SQLite's own check, every value decoded, and the
 * account of every register. The last is done in a copy beside it, which is upgraded, folded and
 * settled as a platform would do, and removed again. MW_NOT_FOUND: no such folder; else *out_report says what is wrong. */
MW_NODISCARD mw_status mw_backup_verify(const char *folder, mw_on_violation each, void *ctx,
                                        mw_backup_report *out_report);

typedef struct mw_restore_options {
    const char *folder;     /* of the backup */
    const char *store_path; /* must not exist; its folder must */
    const char *key_file;   /* must be the key of the backup */
    const char *epoch_file; /* of the sender; not needed with `epoch` */
    uint32_t epoch;         /* the sender epoch to begin, 0 = one above the highest known */
    const char *tenant;     /* whose audit tells of it */
    mw_utc now;             /* the machine's time */
    /* Puts the SQLite file that is ready into its place; NULL: that is store_path. Otherwise beside
     * store_path stands the file only while this goes on. */
    mw_status (*put)(void *ctx, const char *from);
    void *ctx;
} mw_restore_options;

typedef struct mw_restore_report {
    mw_manifest manifest;
    uint32_t epoch; /* what messages are sealed with from now on */
    const char *wrong;
} mw_restore_report;

/* Puts a backup back. The caller holds the platform's lock. Sessions are ended, the sender epoch
 * is raised in its file before the database gets its name, and ids of commands go on in another
 * range, so nothing that seals messages repeats a counter or an id. After a failure there is no
 * database under store_path. MW_STATE with .wrong: refused. */
MW_NODISCARD mw_status mw_backup_restore(const mw_restore_options *o,
                                         mw_restore_report *out_report);

#endif
