/* SPDX-License-Identifier: Apache-2.0
 *
 * The SQLite driver.
 */
#include "platform/store/sqlite.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"
#include "platform/store/sql_internal.h"
#include "platform/store/sqlite_plans.h"
#include "platform/store/sqlite_status.h"

typedef struct lite_statement {
    mw_sq_statement head;
    sqlite3_stmt *st;
} lite_statement;

typedef struct lite {
    mw_sq sq;
    sqlite3 *db;
    lite_statement statement[MW_SQ_COUNT]; /* prepared at first use */
} lite;

static lite *lite_of(mw_sq *q) {
    return (lite *)(void *)q;
}

static sqlite3_stmt *stmt_of(mw_sq_statement *st) {
    return ((lite_statement *)(void *)st)->st;
}

mw_status mw_sqlite_status(int code) {
    switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return MW_OK;
    case SQLITE_FULL:
        return MW_SPACE;
    case SQLITE_NOMEM:
        return MW_NOMEM;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return MW_AGAIN;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return MW_CORRUPT;
    case SQLITE_CONSTRAINT:
        return MW_CONFLICT;
    case SQLITE_READONLY:
        return MW_FORBIDDEN;
    case SQLITE_TOOBIG:
        return MW_LIMIT;
    default:
        return MW_IO;
    }
}

static int bind_value(sqlite3_stmt *st, int at, const mw_sq_value *v) {
    switch (v->type) {
    case MW_SQ_INT:
        return sqlite3_bind_int64(st, at, v->number);
    case MW_SQ_TEXT:
        return sqlite3_bind_text(st, at, v->p, v->n == SIZE_MAX ? -1 : (int)v->n, SQLITE_STATIC);
    case MW_SQ_BLOB:
        return v->n == 0 ? sqlite3_bind_zeroblob(st, at, 0)
                         : sqlite3_bind_blob(st, at, v->p, (int)v->n, SQLITE_STATIC);
    default:
        return sqlite3_bind_null(st, at);
    }
}

static mw_status lite_step(mw_sq_statement *statement) {
    sqlite3_stmt *st = stmt_of(statement);
    int code = sqlite3_step(st);
    if (code == SQLITE_ROW)
        return MW_OK;
    sqlite3_reset(st);
    return code == SQLITE_DONE ? MW_NOT_FOUND : mw_sqlite_status(code);
}

static void lite_reset(mw_sq_statement *st) {
    sqlite3_reset(stmt_of(st));
}

static mw_status lite_prepare(mw_sq *q, const char *sql, unsigned flags, sqlite3_stmt **out) {
    lite *l = lite_of(q);
    int code = sqlite3_prepare_v3(l->db, sql, -1, flags, out, NULL);
    if (code == SQLITE_ERROR) /* a typing error in our SQL, found by the first test */
        fprintf(stderr, "sqlite: %s: %s\n", sqlite3_errmsg(l->db), sql);
    mw_assert(code != SQLITE_ERROR);
    return mw_sqlite_status(code);
}

static mw_status lite_bind(mw_sq *q, mw_sq_id id, const mw_sq_value *values, size_t n,
                           mw_sq_statement **out_statement) {
    lite_statement *own = &lite_of(q)->statement[id];
    if (own->st == NULL)
        MW_TRY(lite_prepare(q, mw_sq_statement_sql[id], SQLITE_PREPARE_PERSISTENT, &own->st));
    own->head.driver = q->driver;
    if (sqlite3_stmt_busy(own->st))
        return MW_STATE;
    for (size_t i = 0; i < n; i++) {
        int code = bind_value(own->st, (int)i + 1, &values[i]);
        mw_assert(code != SQLITE_RANGE);
        if (code != SQLITE_OK)
            return mw_sqlite_status(code);
    }
    *out_statement = &own->head;
    return MW_OK;
}

static mw_status lite_run(mw_sq *q, mw_sq_id id, const mw_sq_value *values, size_t n) {
    mw_sq_statement *st = NULL;
    MW_TRY(lite_bind(q, id, values, n, &st));
    mw_status s = lite_step(st);
    return s == MW_NOT_FOUND ? MW_OK : s;
}

static int64_t lite_changed(mw_sq *q) {
    return sqlite3_changes64(lite_of(q)->db);
}

static int64_t lite_last_id(mw_sq *q) {
    return sqlite3_last_insert_rowid(lite_of(q)->db);
}

static int lite_columns(mw_sq_statement *st) {
    return sqlite3_column_count(stmt_of(st));
}

static mw_sq_type lite_type_at(mw_sq_statement *st, int column) {
    return (mw_sq_type)sqlite3_column_type(stmt_of(st), column);
}
_Static_assert(MW_SQ_INT == SQLITE_INTEGER && MW_SQ_TEXT == SQLITE_TEXT, "the same numbers");
_Static_assert(MW_SQ_BLOB == SQLITE_BLOB && MW_SQ_NULL == SQLITE_NULL, "the same numbers");

static int64_t lite_get_int(mw_sq_statement *st, int column) {
    return sqlite3_column_int64(stmt_of(st), column);
}

static mw_slice lite_get_blob(mw_sq_statement *st, int column) {
    const void *p = sqlite3_column_blob(stmt_of(st), column);
    return (mw_slice){p, p == NULL ? 0 : (size_t)sqlite3_column_bytes(stmt_of(st), column)};
}

static const char *lite_text_at(mw_sq_statement *st, int column) {
    return (const char *)sqlite3_column_text(stmt_of(st), column);
}

/* --- without numbers --------------------------------------------------------------------------- */

static mw_status lite_exec(mw_sq *q, const char *sql) {
    return mw_sqlite_status(sqlite3_exec(lite_of(q)->db, sql, NULL, NULL, NULL));
}

static mw_status lite_query(mw_sq *q, const char *sql, mw_sq_statement **out_statement) {
    lite_statement *own = calloc(1, sizeof *own);
    if (own == NULL)
        return MW_NOMEM;
    own->head.driver = q->driver;
    mw_status s = lite_prepare(q, sql, 0, &own->st);
    if (s != MW_OK) {
        free(own);
        return s;
    }
    *out_statement = &own->head;
    return MW_OK;
}

static void lite_close_query(mw_sq_statement *st) {
    sqlite3_finalize(stmt_of(st));
    free(st);
}

static mw_status lite_table_exists(mw_sq *q, const char *table, bool *out_exists) {
    sqlite3_stmt *st = NULL;
    MW_TRY(lite_prepare(q, "SELECT count(*) FROM sqlite_schema WHERE name = ?1", 0, &st));
    int code = sqlite3_bind_text(st, 1, table, -1, SQLITE_STATIC);
    if (code == SQLITE_OK)
        code = sqlite3_step(st);
    *out_exists = code == SQLITE_ROW && sqlite3_column_int(st, 0) > 0;
    sqlite3_finalize(st);
    return mw_sqlite_status(code);
}

static mw_status lite_begin(mw_sq *q) {
    return lite_exec(q, "BEGIN IMMEDIATE");
}

static mw_status lite_rollback(mw_sq *q) {
    /* SQLite itself rolls back on some failures; then there is nothing left to do. */
    return sqlite3_get_autocommit(lite_of(q)->db) ? MW_OK : lite_exec(q, "ROLLBACK");
}

static mw_status lite_commit(mw_sq *q) {
    mw_status status = lite_exec(q, "COMMIT");
    if (status == MW_OK)
        return MW_OK;
    mw_status undone = lite_rollback(q);
    return undone == MW_OK ? status : undone;
}

static mw_status lite_data_version(mw_sq *q, int64_t *out_version) {
    sqlite3_stmt *st = NULL;
    MW_TRY(lite_prepare(q, "PRAGMA data_version", 0, &st));
    int code = sqlite3_step(st);
    if (code == SQLITE_ROW)
        *out_version = sqlite3_column_int64(st, 0);
    sqlite3_finalize(st);
    return mw_sqlite_status(code);
}

static mw_status lite_read_begin(mw_sq *q) {
    return lite_exec(q, "BEGIN");
}

/* A reader has nothing to lose. */
static mw_status lite_read_end(mw_sq *q) {
    return lite_rollback(q);
}

static void lite_close(mw_sq *q) {
    lite *l = lite_of(q);
    for (int i = 0; i < MW_SQ_COUNT; i++)
        sqlite3_finalize(l->statement[i].st);
    int code = sqlite3_close(l->db);
    mw_assert(code == SQLITE_OK);
    free(l);
}

static const mw_sq_driver lite_driver = {
    .bind = lite_bind,
    .step = lite_step,
    .reset = lite_reset,
    .run = lite_run,
    .changed = lite_changed,
    .last_id = lite_last_id,
    .columns = lite_columns,
    .type_at = lite_type_at,
    .get_int = lite_get_int,
    .get_blob = lite_get_blob,
    .text_at = lite_text_at,
    .exec = lite_exec,
    .query = lite_query,
    .close_query = lite_close_query,
    .define = lite_exec,
    .table_exists = lite_table_exists,
    .begin = lite_begin,
    .commit = lite_commit,
    .rollback = lite_rollback,
    .data_version = lite_data_version,
    .local = true,
    .read_begin = lite_read_begin,
    .read_end = lite_read_end,
    .close = lite_close,
};

/* --- opening --------------------------------------------------------------------------------- */

/* An identity as people write it, to search in. */
static void sql_hex16(sqlite3_context *context, int n, sqlite3_value **values) {
    char text[20];
    (void)n;
    snprintf(text, sizeof text, "%016llx", (unsigned long long)sqlite3_value_int64(values[0]));
    sqlite3_result_text(context, text, -1, SQLITE_TRANSIENT);
}

static mw_status settings_apply(mw_sq *q, const mw_store_sqlite_options *o) {
    sqlite3 *db = lite_of(q)->db;
    (void)sqlite3_extended_result_codes(db, 1);
    (void)sqlite3_busy_timeout(db, 10000);
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
    int code = sqlite3_create_function_v2(db, "hex16", 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL,
                                          sql_hex16, NULL, NULL, NULL);
    if (code != SQLITE_OK)
        return mw_sqlite_status(code);
    if (!o->read_only) {
        /* page_size counts only before the first page exists, so it comes first. */
        MW_TRY(lite_exec(q, "PRAGMA page_size=8192"));
        MW_TRY(lite_exec(q, "PRAGMA journal_mode=WAL"));
    }
    MW_TRY(lite_exec(q,
                     "PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA cell_size_check=ON;"
                     "PRAGMA secure_delete=OFF; PRAGMA temp_store=MEMORY;"
                     "PRAGMA wal_autocheckpoint=4000;"));
    char text[64];
    snprintf(text, sizeof text, "PRAGMA cache_size=-%u",
             o->cache_kib == 0 ? 65536U : (unsigned)o->cache_kib);
    return lite_exec(q, text);
}

/* The database holds personal data: nobody else may read it, whatever the umask. */
static mw_status file_prepare(const char *path) {
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return MW_IO;
    int failed = fchmod(fd, 0600);
    close(fd);
    return failed ? MW_IO : MW_OK;
}

mw_status mw_store_sqlite_open(const mw_store_sqlite_options *o, mw_store **out_store) {
    if (!o->read_only)
        MW_TRY(file_prepare(o->path));
    lite *l = calloc(1, sizeof *l);
    if (l == NULL)
        return MW_NOMEM;
    mw_sq *q = &l->sq;
    mw_sq_init(q, &lite_driver, o->read_only ? MW_STORE_CAP_READ_ONLY : MW_STORE_CAP_DURABLE);
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE |
                (o->read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE);
    int code = sqlite3_open_v2(o->path, &l->db, flags, o->vfs);
    mw_status s = mw_sqlite_status(code);
    if (s == MW_OK)
        s = settings_apply(q, o);
    if (s == MW_OK)
        s = mw_sq_schema_upgrade(q, o->read_only);
    if (s == MW_OK && !o->read_only)
        s = mw_sqlite_status(mw_sqlite_plans_set(l->db));
    if (s != MW_OK) {
        (void)sqlite3_close(l->db);
        free(l);
        return s;
    }
    *out_store = &q->base;
    return MW_OK;
}

int mw_store_sqlite_schema(void) {
    return mw_sq_schema_count;
}
