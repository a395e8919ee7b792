/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"
#include "platform/store/sqlite_internal.h"

static const char *const statement_sql[MW_SQ_COUNT] = {
#define X(name, sql) sql,
    MW_SQ_STATEMENTS(X)
#undef X
};

mw_status mw_sq_status(int code) {
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

mw_status mw_sq_bind(mw_sq *q, mw_sq_id id, const mw_sq_value *values, size_t n,
                     sqlite3_stmt **out_statement) {
    sqlite3_stmt *st = q->statement[id];
    if (st == NULL) {
        int code =
            sqlite3_prepare_v3(q->db, statement_sql[id], -1, SQLITE_PREPARE_PERSISTENT, &st, NULL);
        if (code == SQLITE_ERROR) /* a typing error in our SQL, found by the first test */
            fprintf(stderr, "sqlite: %s: %s\n", sqlite3_errmsg(q->db), statement_sql[id]);
        mw_assert(code != SQLITE_ERROR);
        if (code != SQLITE_OK)
            return mw_sq_status(code);
        q->statement[id] = st;
    }
    if (sqlite3_stmt_busy(st))
        return MW_STATE;
    for (size_t i = 0; i < n; i++) {
        int code = bind_value(st, (int)i + 1, &values[i]);
        mw_assert(code != SQLITE_RANGE);
        if (code != SQLITE_OK)
            return mw_sq_status(code);
    }
    *out_statement = st;
    return MW_OK;
}

mw_status mw_sq_step(sqlite3_stmt *st) {
    int code = sqlite3_step(st);
    if (code == SQLITE_ROW)
        return MW_OK;
    sqlite3_reset(st);
    return code == SQLITE_DONE ? MW_NOT_FOUND : mw_sq_status(code);
}

void mw_sq_reset(sqlite3_stmt *st) {
    sqlite3_reset(st);
}

mw_status mw_sq_run(mw_sq *q, mw_sq_id id, const mw_sq_value *values, size_t n) {
    if (!q->in_transaction)
        return MW_STATE;
    sqlite3_stmt *st = NULL;
    MW_TRY(mw_sq_bind(q, id, values, n, &st));
    mw_status s = mw_sq_step(st);
    return s == MW_NOT_FOUND ? MW_OK : s;
}

mw_status mw_sq_number(mw_sq *q, mw_sq_id id, const mw_sq_value *values, size_t n,
                       int64_t *out_number) {
    sqlite3_stmt *st = NULL;
    MW_TRY(mw_sq_bind(q, id, values, n, &st));
    MW_TRY(mw_sq_step(st));
    *out_number = sqlite3_column_int64(st, 0);
    /* A RETURNING statement does its work before the first row; one more step ends it cleanly. */
    mw_status s = mw_sq_step(st);
    if (s == MW_OK)
        sqlite3_reset(st);
    return s == MW_NOT_FOUND ? MW_OK : s;
}

int64_t mw_sq_get_int(sqlite3_stmt *st, int column) {
    return sqlite3_column_int64(st, column);
}

mw_utc mw_sq_get_utc(sqlite3_stmt *st, int column) {
    if (sqlite3_column_type(st, column) == SQLITE_NULL)
        return MW_UTC_NONE;
    return (mw_utc){sqlite3_column_int64(st, column)};
}

mw_slice mw_sq_get_blob(sqlite3_stmt *st, int column) {
    const void *p = sqlite3_column_blob(st, column);
    return (mw_slice){p, p == NULL ? 0 : (size_t)sqlite3_column_bytes(st, column)};
}

void mw_sq_get_text(sqlite3_stmt *st, int column, char *out, size_t size) {
    const unsigned char *t = sqlite3_column_text(st, column);
    snprintf(out, size, "%s", t == NULL ? "" : (const char *)t);
}

int64_t mw_sq_obis_number(const uint8_t obis[6]) {
    int64_t n = 0;
    for (int i = 0; i < 6; i++)
        n = n << 8 | obis[i];
    return n;
}

void mw_sq_obis_of_number(int64_t number, uint8_t out_obis[6]) {
    for (int i = 0; i < 6; i++)
        out_obis[i] = (uint8_t)(number >> (40 - 8 * i));
}

/* --- transactions and small things ---------------------------------------------------------- */

static mw_status exec(mw_sq *q, const char *sql) {
    return mw_sq_status(sqlite3_exec(q->db, sql, NULL, NULL, NULL));
}

mw_status mw_sq_op_begin(mw_store *s) {
    mw_sq *q = mw_sq_of(s);
    if (q->in_transaction || (s->capabilities & MW_STORE_CAP_READ_ONLY))
        return MW_STATE;
    MW_TRY(exec(q, "BEGIN IMMEDIATE"));
    q->in_transaction = true;
    return MW_OK;
}

mw_status mw_sq_op_rollback(mw_store *s) {
    mw_sq *q = mw_sq_of(s);
    q->in_transaction = false;
    /* SQLite itself rolls back on some failures; then there is nothing left to do. */
    if (sqlite3_get_autocommit(q->db))
        return MW_OK;
    return exec(q, "ROLLBACK");
}

mw_status mw_sq_op_commit(mw_store *s) {
    mw_sq *q = mw_sq_of(s);
    if (!q->in_transaction)
        return MW_STATE;
    mw_status status = exec(q, "COMMIT");
    if (status != MW_OK) {
        mw_status undone = mw_sq_op_rollback(s);
        return undone == MW_OK ? status : undone;
    }
    q->in_transaction = false;
    return MW_OK;
}

mw_status mw_sq_op_meta_put(mw_store *s, const char *name, const char *value) {
    return MW_SQ_RUN(mw_sq_of(s), META_PUT, mw_sq_text(name), mw_sq_text(value));
}

mw_status mw_sq_op_meta_get(mw_store *s, const char *name, mw_span out_text) {
    sqlite3_stmt *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), META_GET, &st, mw_sq_text(name)));
    MW_TRY(mw_sq_step(st));
    bool fits = (size_t)sqlite3_column_bytes(st, 0) < out_text.n;
    if (fits)
        mw_sq_get_text(st, 0, (char *)out_text.p, out_text.n);
    mw_sq_reset(st);
    return fits ? MW_OK : MW_SPACE;
}

mw_status mw_sq_op_count_add(mw_store *s, int64_t tenant, const char *name, mw_utc at, int64_t n) {
    mw_sq *q = mw_sq_of(s);
    MW_TRY(MW_SQ_RUN(q, COUNT_ADD, mw_sq_int(tenant), mw_sq_text(name), mw_sq_int(n)));
    int64_t hour = mw_utc_floor_s(at) / 3600;
    return MW_SQ_RUN(q, COUNT_HOUR_ADD, mw_sq_int(tenant), mw_sq_text(name), mw_sq_int(hour),
                     mw_sq_int(n));
}

mw_status mw_sq_op_data_version(mw_store *s, int64_t *out_version) {
    return mw_sq_number(mw_sq_of(s), MW_SQ_DATA_VERSION, NULL, 0, out_version);
}

mw_status mw_sq_op_counts(mw_store *s, int64_t tenant, mw_store_on_count each, void *ctx) {
    sqlite3_stmt *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), COUNTS, &st, mw_sq_int(tenant)));
    mw_status status;
    while ((status = mw_sq_step(st)) == MW_OK) {
        status = each(ctx, (const char *)sqlite3_column_text(st, 0), mw_sq_get_int(st, 1));
        if (status != MW_OK) {
            mw_sq_reset(st);
            return status;
        }
    }
    return status == MW_NOT_FOUND ? MW_OK : status;
}

static void op_close(mw_store *s) {
    mw_sq *q = mw_sq_of(s);
    for (int i = 0; i < MW_SQ_COUNT; i++)
        sqlite3_finalize(q->statement[i]);
    mw_sq_layers_free(q);
    int code = sqlite3_close(q->db);
    mw_assert(code == SQLITE_OK);
    free(q);
}

static const mw_store_ops sqlite_ops = {
#define X(name, parameters, arguments) .name = mw_sq_op_##name,
    MW_STORE_OPS(X)
#undef X
        .close = op_close,
};

/* --- opening --------------------------------------------------------------------------------- */

static mw_status settings_apply(mw_sq *q, const mw_store_sqlite_options *o) {
    sqlite3 *db = q->db;
    (void)sqlite3_extended_result_codes(db, 1);
    (void)sqlite3_busy_timeout(db, 10000);
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
    if (!o->read_only) {
        /* page_size counts only before the first page exists, so it comes first. */
        MW_TRY(exec(q, "PRAGMA page_size=8192"));
        MW_TRY(exec(q, "PRAGMA journal_mode=WAL"));
    }
    MW_TRY(exec(q, "PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA cell_size_check=ON;"
                   "PRAGMA secure_delete=OFF; PRAGMA temp_store=MEMORY;"
                   "PRAGMA wal_autocheckpoint=4000;"));
    char text[64];
    snprintf(text, sizeof text, "PRAGMA cache_size=-%u",
             o->cache_kib == 0 ? 65536U : (unsigned)o->cache_kib);
    return exec(q, text);
}

static mw_status version_read(mw_sq *q, int *out_version) {
    sqlite3_stmt *st = NULL;
    int code = sqlite3_prepare_v2(
        q->db, "SELECT count(*) FROM sqlite_schema WHERE name = 'schema_version'", -1, &st, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(st);
    bool exists = code == SQLITE_ROW && sqlite3_column_int(st, 0) > 0;
    sqlite3_finalize(st);
    if (code != SQLITE_ROW)
        return mw_sq_status(code);
    *out_version = 0;
    if (!exists)
        return MW_OK;
    code = sqlite3_prepare_v2(q->db, "SELECT coalesce(max(version), 0) FROM schema_version", -1,
                              &st, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(st);
    if (code == SQLITE_ROW)
        *out_version = sqlite3_column_int(st, 0);
    sqlite3_finalize(st);
    return mw_sq_status(code);
}

static mw_status step_record(mw_sq *q, int version) {
    MW_TRY(exec(q, "CREATE TABLE IF NOT EXISTS schema_version(version INTEGER PRIMARY KEY)"));
    sqlite3_stmt *st = NULL;
    int code =
        sqlite3_prepare_v2(q->db, "INSERT INTO schema_version(version) VALUES(?1)", -1, &st, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_bind_int(st, 1, version);
    if (code == SQLITE_OK)
        code = sqlite3_step(st);
    sqlite3_finalize(st);
    return mw_sq_status(code);
}

static mw_status step_run(mw_sq *q, int version) {
    MW_TRY(exec(q, "BEGIN IMMEDIATE"));
    mw_status s = step_record(q, version);
    const char *const *text = mw_sq_schema_steps[version - 1];
    for (; s == MW_OK && *text != NULL; text++)
        s = exec(q, *text);
    if (s == MW_OK)
        s = exec(q, "COMMIT");
    if (s != MW_OK && !sqlite3_get_autocommit(q->db))
        (void)exec(q, "ROLLBACK");
    return s;
}

static mw_status schema_upgrade(mw_sq *q, bool read_only) {
    int version = 0;
    MW_TRY(version_read(q, &version));
    if (version > mw_sq_schema_count || (read_only && version < mw_sq_schema_count))
        return MW_UNSUPPORTED;
    while (version < mw_sq_schema_count)
        MW_TRY(step_run(q, ++version));
    return MW_OK;
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
    mw_sq *q = calloc(1, sizeof *q);
    if (q == NULL)
        return MW_NOMEM;
    q->base.ops = &sqlite_ops;
    q->base.capabilities = o->read_only ? MW_STORE_CAP_READ_ONLY : MW_STORE_CAP_DURABLE;
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE |
                (o->read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE);
    int code = sqlite3_open_v2(o->path, &q->db, flags, o->vfs);
    mw_status s = mw_sq_status(code);
    if (s == MW_OK)
        s = settings_apply(q, o);
    if (s == MW_OK)
        s = schema_upgrade(q, o->read_only);
    if (s != MW_OK) {
        (void)sqlite3_close(q->db);
        free(q);
        return s;
    }
    *out_store = &q->base;
    return MW_OK;
}

int mw_store_sqlite_schema(void) {
    return mw_sq_schema_count;
}
