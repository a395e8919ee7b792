/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/backup/internal.h"
#include "platform/commands/sender.h"
#include "platform/store/sqlite.h"
#include "runtime/file.h"

mw_status mw_backup_manifest(const char *folder, mw_manifest *out_manifest,
                             const char **out_wrong) {
    char path[MW_BACKUP_PATH_MAX];
    mw_buffer text;
    struct stat st;
    uint8_t hash[MW_MANIFEST_HASH];
    uint64_t size = 0;
    if (stat(folder, &st) != 0 || !S_ISDIR(st.st_mode))
        return MW_NOT_FOUND;
    MW_TRY(mw_backup_path(path, folder, "/manifest"));
    mw_buffer_init(&text, MW_MANIFEST_MAX);
    mw_status s = mw_file_read(path, &text);
    if (s == MW_OK)
        s = mw_manifest_parse(mw_buffer_view(&text), out_manifest);
    mw_buffer_fini(&text);
    if (s == MW_NOT_FOUND)
        *out_wrong = "it has no manifest: it was never completed";
    else if (s == MW_UNSUPPORTED)
        *out_wrong = "it was made by a newer version";
    else if (s != MW_OK)
        *out_wrong = "its manifest is cut or changed";
    if (s != MW_OK)
        return MW_OK;
    MW_TRY(mw_backup_path(path, folder, "/database"));
    s = mw_backup_hash(path, hash, &size);
    if (s == MW_NOT_FOUND)
        *out_wrong = "its database is missing";
    else if (s != MW_OK)
        *out_wrong = "its database cannot be read";
    else if (size != out_manifest->size || memcmp(hash, out_manifest->hash, sizeof hash) != 0)
        *out_wrong = "its database is not what the manifest says";
    return MW_OK;
}

/* ---- copies ---- */

static void database_remove(const char *path) {
    static const char *const ends[] = {"-journal", "-wal", "-shm", ""};
    char name[MW_BACKUP_PATH_MAX];
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
        if (mw_backup_path(name, path, ends[i]) == MW_OK)
            (void)unlink(name);
}

typedef mw_status (*small_step)(mw_store *store, mw_utc now, uint32_t *out_done);

static mw_status fold_some(mw_store *store, mw_utc now, uint32_t *out_done) {
    (void)now;
    return mw_store_fold(store, 2000, out_done);
}

static mw_status settle_some(mw_store *store, mw_utc now, uint32_t *out_done) {
    return mw_settle_step(store, 1000, now, out_done);
}

static mw_status all_of(mw_store *store, small_step step, mw_utc now) {
    for (uint32_t done = 1; done > 0;) {
        MW_TRY(mw_store_begin(store));
        mw_status s = step(store, now, &done);
        if (s != MW_OK) {
            mw_status undone = mw_store_rollback(store);
            return undone == MW_OK ? s : undone;
        }
        MW_TRY(mw_store_commit(store));
    }
    return MW_OK;
}

/* A backup may hold what was not folded and settled yet at its moment: a copy of it does that
 * first, upgraded as a platform would. */
static mw_status accounts_check(const char *folder, const char *path, mw_utc now,
                                mw_on_violation each, void *ctx, mw_conservation *out) {
    char copy[MW_BACKUP_PATH_MAX];
    mw_store *store = NULL;
    MW_TRY(mw_backup_path(copy, folder, ".checked"));
    database_remove(copy);
    mw_status s = mw_store_sqlite_copy(path, copy);
    mw_store_sqlite_options o = {.path = copy};
    if (s == MW_OK)
        s = mw_store_sqlite_open(&o, &store);
    if (s == MW_OK)
        s = all_of(store, fold_some, now);
    if (s == MW_OK)
        s = all_of(store, settle_some, now);
    if (s == MW_OK)
        s = mw_conservation_all(store, each, ctx, NULL, out);
    mw_store_close(store);
    database_remove(copy);
    return s;
}

/* ---- verify ---- */

mw_status mw_backup_verify(const char *folder, mw_on_violation each, void *ctx,
                           mw_backup_report *out_report) {
    char path[MW_BACKUP_PATH_MAX];
    mw_backup_report r = {.wrong = NULL};
    if (sodium_init() < 0)
        return MW_IO;
    MW_TRY(mw_backup_manifest(folder, &r.manifest, &r.wrong));
    if (r.wrong == NULL) {
        MW_TRY(mw_backup_path(path, folder, "/database"));
        mw_status s = mw_store_sqlite_inspect(path, &r.database);
        if (s == MW_CORRUPT)
            r.wrong = "it holds no database of this program";
        else if (s != MW_OK)
            return s;
        else if (!r.database.whole)
            r.wrong = "its database is damaged";
        else if (r.database.undecodable > 0)
            r.wrong = "some of its values do not decode";
        else if (r.database.head.schema > mw_store_sqlite_schema())
            r.wrong = "its database is of a newer version";
    }
    if (r.wrong == NULL) {
        MW_TRY(accounts_check(folder, path, r.manifest.made, each, ctx, &r.conservation));
        if (r.conservation.violations > 0)
            r.wrong = "the account of a register does not add up";
    }
    *out_report = r;
    return MW_OK;
}

/* ---- restore ---- */

/* What the queue of commands goes by: ids of commands up to this one may have been used again since
 * (platform/commands/queue.c). */
static mw_status told_add(mw_store *store, const mw_restore_options *o, const mw_manifest *m,
                          int64_t command, uint32_t epoch) {
    char text[48];
    mw_store_audit a = {.at = o->now, .actor = "mw-platform", .action = "restore"};
    snprintf(text, sizeof text, "%u %" PRId64, (unsigned)epoch, command);
    MW_TRY(mw_store_meta_put(store, "restore", text));
    mw_status s = mw_store_tenant_find(store, o->tenant, &a.tenant);
    if (s == MW_NOT_FOUND)
        return MW_OK;
    MW_TRY(s);
    mw_utc_format(m->made, a.subject);
    snprintf(a.detail, sizeof a.detail, "sender epoch %u, sessions ended", (unsigned)epoch);
    return mw_store_audit_append(store, &a);
}

static mw_status sessions_end(mw_store *store, const mw_restore_options *o, const mw_manifest *m,
                              int64_t command, uint32_t epoch) {
    MW_TRY(mw_store_begin(store));
    mw_status s = mw_store_sessions_expire(store, (mw_utc){INT64_MAX / 2});
    if (s == MW_OK)
        s = told_add(store, o, m, command, epoch);
    if (s == MW_OK)
        return mw_store_commit(store);
    mw_status undone = mw_store_rollback(store);
    return undone == MW_OK ? s : undone;
}

/* The epoch rises in its file first. Also when no downlink was sealed before the backup: perhaps
 * one was since. */
static mw_status epoch_raise(mw_store *store, const mw_restore_options *o,
                             mw_restore_report *report) {
    mw_sender *sender = NULL;
    mw_sender_report look;
    MW_TRY(mw_sender_new(store, o->epoch_file, &sender));
    mw_status s = mw_sender_look(sender, &look);
    if (s == MW_OK && !look.file && look.database && o->epoch == 0) {
        report->wrong = "the file of the sender epoch is not here; bring it, or give --epoch N "
                        "above every epoch that was in use";
        s = MW_STATE;
    }
    if (s == MW_OK || (s == MW_CORRUPT && o->epoch != 0))
        s = mw_sender_raise(sender, o->epoch, &report->epoch);
    if (s == MW_RANGE) {
        report->wrong = "--epoch must be above what file and database know";
        s = MW_STATE;
    }
    mw_sender_free(sender);
    return s;
}

static mw_status restore_at(const mw_restore_options *o, const char *path, mw_restore_report *r) {
    char from[MW_BACKUP_PATH_MAX];
    mw_store *store = NULL;
    mw_store_sqlite_head head;
    MW_TRY(mw_backup_path(from, o->folder, "/database"));
    MW_TRY(mw_store_sqlite_look(from, &head));
    MW_TRY(mw_store_sqlite_copy(from, path));
    mw_store_sqlite_options open = {.path = path};
    MW_TRY(mw_store_sqlite_open(&open, &store));
    mw_status s = epoch_raise(store, o, r);
    if (s == MW_OK)
        s = sessions_end(store, o, &r->manifest, head.command, r->epoch);
    mw_store_close(store);
    MW_TRY(s);
    /* Closing has moved everything out of the -wal file; one that is left would be lost. */
    char wal[MW_BACKUP_PATH_MAX];
    MW_TRY(mw_backup_path(wal, path, "-wal"));
    if (access(wal, F_OK) == 0)
        return MW_IO;
    if (o->put != NULL)
        return o->put(o->ctx, path);
    if (link(path, o->store_path) != 0) /* unlike rename it never replaces */
        return MW_IO;
    return mw_backup_sync_parent(o->store_path);
}

mw_status mw_backup_restore(const mw_restore_options *o, mw_restore_report *out_report) {
    char path[MW_BACKUP_PATH_MAX], wal[MW_BACKUP_PATH_MAX];
    uint8_t key[MW_MANIFEST_HASH];
    mw_restore_report r = {.wrong = NULL};
    if (sodium_init() < 0)
        return MW_IO;
    MW_TRY(mw_backup_path(wal, o->store_path, "-wal"));
    MW_TRY(mw_backup_path(path, o->store_path, ".restoring"));
    if (o->put == NULL && (access(o->store_path, F_OK) == 0 || access(wal, F_OK) == 0))
        r.wrong = "there is a database already; move it away (with its -wal file) first";
    else
        MW_TRY(mw_backup_manifest(o->folder, &r.manifest, &r.wrong));
    if (r.wrong == NULL && mw_backup_key_print(o->key_file, key) != MW_OK)
        r.wrong = "the master key of the backup is not here; bring it first";
    else if (r.wrong == NULL && memcmp(key, r.manifest.key, sizeof key) != 0)
        r.wrong = "the master key here is not the one of the backup";
    mw_status s = r.wrong == NULL ? MW_OK : MW_STATE;
    if (s == MW_OK) {
        database_remove(path);
        s = restore_at(o, path, &r);
        database_remove(path);
    }
    *out_report = r;
    return s;
}
