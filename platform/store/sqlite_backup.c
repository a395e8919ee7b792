/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/store/sqlite_backup.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "platform/store/chunk.h"
#include "platform/store/sqlite_status.h"

static mw_status status_of(int code) {
    return (code & 0xff) == SQLITE_ERROR ? MW_CORRUPT /* a table that is not there */
                                         : mw_sqlite_status(code);
}

static mw_status file_new(const char *path) {
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return access(path, F_OK) == 0 ? MW_DUPLICATE : MW_IO;
    close(fd);
    return MW_OK;
}

static mw_status exec(sqlite3 *db, const char *sql) {
    return status_of(sqlite3_exec(db, sql, NULL, NULL, NULL));
}

static mw_status db_open(const char *path, int flags, sqlite3 **out_db) {
    sqlite3 *db = NULL;
    if (access(path, F_OK) != 0)
        return MW_NOT_FOUND;
    int code = sqlite3_open_v2(path, &db, flags | SQLITE_OPEN_NOMUTEX, NULL);
    if (code != SQLITE_OK) {
        (void)sqlite3_close(db);
        return status_of(code);
    }
    (void)sqlite3_extended_result_codes(db, 1);
    (void)sqlite3_busy_timeout(db, 10000);
    *out_db = db;
    return MW_OK;
}

/* One read transaction of the source from the first page to the last: in WAL mode writers go on
 * beside it, and what they write is not in the copy. */
static mw_status pages_copy(sqlite3 *from, sqlite3 *to) {
    sqlite3_backup *b = sqlite3_backup_init(to, "main", from, "main");
    if (b == NULL)
        return status_of(sqlite3_errcode(to));
    int code = sqlite3_backup_step(b, -1);
    int end = sqlite3_backup_finish(b);
    if (code != SQLITE_DONE)
        return code == SQLITE_OK ? MW_IO : status_of(code);
    return status_of(end);
}

static mw_status copy_to(sqlite3 *from, const char *to) {
    sqlite3 *db = NULL;
    MW_TRY(db_open(to, SQLITE_OPEN_READWRITE, &db));
    mw_status s = exec(db, "PRAGMA synchronous=FULL");
    if (s == MW_OK)
        s = pages_copy(from, db);
    /* Out of WAL mode the copy opens from a read-only folder, without files beside it. */
    if (s == MW_OK)
        s = exec(db, "PRAGMA journal_mode=DELETE");
    int code = sqlite3_close(db);
    return s == MW_OK ? status_of(code) : s;
}

static mw_status file_sync(const char *path) {
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return MW_IO;
    int failed = fsync(fd);
    close(fd);
    return failed ? MW_IO : MW_OK;
}

mw_status mw_store_sqlite_copy(const char *from, const char *to) {
    sqlite3 *db = NULL;
    MW_TRY(db_open(from, SQLITE_OPEN_READONLY, &db));
    mw_status s = file_new(to);
    if (s == MW_OK)
        s = copy_to(db, to);
    (void)sqlite3_close(db);
    return s == MW_OK ? file_sync(to) : s;
}

/* ---- looking at a copy ---- */

typedef struct look {
    sqlite3 *db;
    mw_store_sqlite_report report;
    mw_store_interval rows[MW_CHUNK_VALUES_MAX];
} look;

static mw_status number(look *l, const char *sql, int64_t *out) {
    sqlite3_stmt *st = NULL;
    int code = sqlite3_prepare_v2(l->db, sql, -1, &st, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(st);
    if (code == SQLITE_ROW)
        *out = sqlite3_column_int64(st, 0);
    sqlite3_finalize(st);
    return code == SQLITE_ROW ? MW_OK : code == SQLITE_DONE ? MW_NOT_FOUND : status_of(code);
}

static mw_status integrity(look *l) {
    sqlite3_stmt *st = NULL;
    int code = sqlite3_prepare_v2(l->db, "PRAGMA integrity_check(1)", -1, &st, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(st);
    if (code == SQLITE_ROW) {
        const char *text = (const char *)sqlite3_column_text(st, 0);
        l->report.whole = text != NULL && strcmp(text, "ok") == 0;
        if (!l->report.whole)
            snprintf(l->report.damage, sizeof l->report.damage, "%s", text == NULL ? "" : text);
        code = SQLITE_OK;
    }
    sqlite3_finalize(st);
    return status_of(code);
}

/* Columns: day, data, n or NULL, total or NULL. */
static void chunk_look(look *l, sqlite3_stmt *st) {
    const void *p = sqlite3_column_blob(st, 1);
    mw_slice data = {p, p == NULL ? 0 : (size_t)sqlite3_column_bytes(st, 1)};
    size_t n = 0;
    l->report.chunks++;
    bool good = mw_chunk_decode(sqlite3_column_int64(st, 0), data, l->rows, &n) == MW_OK;
    int64_t total = 0;
    bool fits = true;
    for (size_t i = 0; good && i < n; i++)
        fits = fits && !__builtin_add_overflow(total, l->rows[i].value, &total);
    if (good && sqlite3_column_type(st, 2) != SQLITE_NULL)
        good = sqlite3_column_int64(st, 2) == (int64_t)n;
    if (good && fits && sqlite3_column_type(st, 3) != SQLITE_NULL)
        good = sqlite3_column_int64(st, 3) == total;
    l->report.undecodable += !good;
    l->report.values += good ? (int64_t)n : 0;
}

static mw_status chunks_look(look *l, const char *sql) {
    sqlite3_stmt *st = NULL;
    int code = sqlite3_prepare_v2(l->db, sql, -1, &st, NULL);
    while (code == SQLITE_OK || code == SQLITE_ROW) {
        code = sqlite3_step(st);
        if (code == SQLITE_ROW)
            chunk_look(l, st);
        else if (code == SQLITE_OK)
            code = SQLITE_MISUSE;
    }
    sqlite3_finalize(st);
    return code == SQLITE_DONE ? MW_OK : status_of(code);
}

static void sender_look(look *l) {
    mw_store_sqlite_head *h = &l->report.head;
    sqlite3_stmt *st = NULL;
    const char *sql = "SELECT value FROM meta WHERE name = 'downlink.sender'";
    if (sqlite3_prepare_v2(l->db, sql, -1, &st, NULL) == SQLITE_OK &&
        sqlite3_step(st) == SQLITE_ROW) {
        const char *text = (const char *)sqlite3_column_text(st, 0);
        h->sender = text != NULL && sscanf(text, "MWSE1 %*16s %" SCNu32 " %" SCNu64,
                                           &h->sender_epoch, &h->sender_reservations) == 2;
    }
    sqlite3_finalize(st);
}

static mw_status head_look(look *l) {
    int64_t schema = 0;
    MW_TRY(number(l, "SELECT coalesce(max(version), 0) FROM schema_version", &schema));
    l->report.head.schema = (int)schema;
    sender_look(l);
    int64_t commands = 0;
    MW_TRY(number(l, "SELECT count(*) FROM sqlite_schema WHERE name = 'commands'", &commands));
    if (commands > 0)
        MW_TRY(number(l, "SELECT coalesce(max(id), 0) FROM commands", &l->report.head.command));
    return number(l, "SELECT count(*) FROM journal", &l->report.head.journal);
}

static mw_status values_look(look *l) {
    MW_TRY(integrity(l));
    if (!l->report.whole)
        return MW_OK;
    MW_TRY(head_look(l));
    MW_TRY(chunks_look(l, "SELECT day, data, n, total FROM chunks"));
    MW_TRY(chunks_look(l, "SELECT day, data, NULL, NULL FROM hot"));
    int64_t revisions = 0;
    MW_TRY(number(l, "SELECT count(*) FROM sqlite_schema WHERE name = 'revisions'", &revisions));
    if (revisions == 0)
        return MW_OK;
    return chunks_look(l, "SELECT day, data, NULL, NULL FROM revisions WHERE length(data) > 0");
}

static mw_status look_at(const char *path, mw_status (*what)(look *l),
                         mw_store_sqlite_report *out_report) {
    look *l = calloc(1, sizeof *l);
    if (l == NULL)
        return MW_NOMEM;
    mw_status s = db_open(path, SQLITE_OPEN_READONLY, &l->db);
    if (s == MW_OK) {
        s = what(l);
        (void)sqlite3_close(l->db);
    }
    if (s == MW_OK)
        *out_report = l->report;
    free(l);
    return s;
}

mw_status mw_store_sqlite_look(const char *path, mw_store_sqlite_head *out_head) {
    mw_store_sqlite_report r;
    MW_TRY(look_at(path, head_look, &r));
    *out_head = r.head;
    return MW_OK;
}

mw_status mw_store_sqlite_inspect(const char *path, mw_store_sqlite_report *out_report) {
    return look_at(path, values_look, out_report);
}
