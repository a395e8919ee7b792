/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/store/postgres_backup.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "platform/store/postgres_internal.h"
#include "platform/store/sqlite.h"

enum {
    TABLES_MAX = 192,
    COLUMNS_MAX = 64,
    PIECE = 1 << 16,
    DAYS_PART = MW_PG_DAYS_MAX,
    SQL_MAX = 8192
};

/* What the rows of PostgreSQL's binary COPY begin with: signature, flags, length of an extension. */
static const uint8_t copy_head[19] = "PGCOPY\n\377\r\n\0";

typedef struct carrier {
    mw_pg *pg;
    PGconn *conn; /* of it, out of pipeline mode */
    sqlite3 *db;
    char name[TABLES_MAX][MW_PG_NAME_MAX];
    size_t tables;
    /* of the table under way: */
    const char *table;
    char column[COLUMNS_MAX][MW_PG_NAME_MAX];
    mw_sq_type type[COLUMNS_MAX];
    int columns;
    sqlite3_stmt *row;
    uint8_t piece[PIECE]; /* rows on their way to PostgreSQL */
    size_t used;
} carrier;

/* --- both ends --------------------------------------------------------------------------------- */

static mw_status lite_code(int code) {
    switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return MW_OK;
    case SQLITE_FULL:
        return MW_SPACE;
    case SQLITE_NOMEM:
        return MW_NOMEM;
    case SQLITE_ERROR:
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return MW_CORRUPT;
    case SQLITE_CONSTRAINT:
        return MW_CONFLICT;
    default:
        return MW_IO;
    }
}

static mw_status lite_run(carrier *c, const char *sql) {
    return lite_code(sqlite3_exec(c->db, sql, NULL, NULL, NULL));
}

static mw_status lite_open(carrier *c, const char *path, int flags) {
    int code = sqlite3_open_v2(path, &c->db, flags | SQLITE_OPEN_NOMUTEX, NULL);
    return lite_code(code);
}

static mw_status pg_run(carrier *c, const char *sql) {
    PGresult *r = PQexec(c->conn, sql);
    mw_status s = mw_pg_result_status(r);
    PQclear(r);
    return s;
}

static mw_status pg_open(carrier *c, const mw_store_postgres_options *o) {
    mw_store *store = NULL;
    MW_TRY(mw_store_postgres_open(o, &store));
    c->pg = mw_pg_of(mw_sq_of(store));
    c->conn = c->pg->conn;
    return MW_OK;
}

/* From here on the connection is spoken to directly. */
static mw_status pg_direct(carrier *c) {
    c->conn = c->pg->conn;
    return PQexitPipelineMode(c->conn) == 1 ? MW_OK : MW_IO;
}

static void carrier_end(carrier *c) {
    sqlite3_finalize(c->row);
    (void)sqlite3_close(c->db);
    if (c->pg != NULL)
        mw_store_close(&c->pg->sq.base);
    free(c);
}

/* --- what there is ------------------------------------------------------------------------------ */

static mw_status tables_read(carrier *c) {
    sqlite3_stmt *st = NULL;
    int code = sqlite3_prepare_v2(c->db,
                                  "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT"
                                  " LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name",
                                  -1, &st, NULL);
    c->tables = 0;
    while (code == SQLITE_OK || code == SQLITE_ROW) {
        code = sqlite3_step(st);
        if (code != SQLITE_ROW)
            break;
        if (c->tables == TABLES_MAX) {
            code = SQLITE_FULL;
            break;
        }
        snprintf(c->name[c->tables++], MW_PG_NAME_MAX, "%s",
                 (const char *)sqlite3_column_text(st, 0));
    }
    sqlite3_finalize(st);
    return code == SQLITE_DONE ? MW_OK : lite_code(code);
}

static mw_status columns_read(carrier *c, const char *table) {
    char sql[128];
    sqlite3_stmt *st = NULL;
    snprintf(sql, sizeof sql, "SELECT name, type FROM pragma_table_info('%s')", table);
    int code = sqlite3_prepare_v2(c->db, sql, -1, &st, NULL);
    c->table = table;
    c->columns = 0;
    while (code == SQLITE_OK || code == SQLITE_ROW) {
        code = sqlite3_step(st);
        if (code != SQLITE_ROW || c->columns == COLUMNS_MAX)
            break;
        const char *type = (const char *)sqlite3_column_text(st, 1);
        c->type[c->columns] = strcmp(type, "INTEGER") == 0 ? MW_SQ_INT
                              : strcmp(type, "BLOB") == 0  ? MW_SQ_BLOB
                                                           : MW_SQ_TEXT;
        snprintf(c->column[c->columns++], MW_PG_NAME_MAX, "%s",
                 (const char *)sqlite3_column_text(st, 0));
    }
    sqlite3_finalize(st);
    return code == SQLITE_DONE ? MW_OK : code == SQLITE_ROW ? MW_LIMIT : lite_code(code);
}

/* `before` "a", "b" .. `after`, with one place for each column when `places`. */
static void sql_make(const carrier *c, char out[SQL_MAX], const char *before, bool places,
                     const char *after) {
    size_t n = (size_t)snprintf(out, SQL_MAX, "%s", before);
    for (int i = 0; i < c->columns; i++)
        n += (size_t)snprintf(out + n, SQL_MAX - n, "%s\"%s\"", i == 0 ? "" : ", ", c->column[i]);
    n += (size_t)snprintf(out + n, SQL_MAX - n, "%s", after);
    for (int i = 0; places && i < c->columns; i++)
        n += (size_t)snprintf(out + n, SQL_MAX - n, "%s?", i == 0 ? "" : ", ");
    if (places)
        snprintf(out + n, SQL_MAX - n, ")");
}

/* --- from PostgreSQL to SQLite ------------------------------------------------------------------ */

static mw_status field_bind(carrier *c, mw_reader *r, int column) {
    int32_t size = (int32_t)mw_read_u32be(r);
    int code = SQLITE_OK;
    if (size < 0) {
        code = sqlite3_bind_null(c->row, column + 1);
    } else if (c->type[column] == MW_SQ_INT) {
        int64_t v = size == 8 ? (int64_t)mw_read_u64be(r) : 0;
        if (size != 8)
            mw_reader_fail(r, MW_SYNTAX);
        code = sqlite3_bind_int64(c->row, column + 1, v);
    } else {
        mw_slice bytes = mw_read_bytes(r, (size_t)size);
        if (r->status == MW_OK && c->type[column] == MW_SQ_TEXT)
            code = sqlite3_bind_text(c->row, column + 1, bytes.n == 0 ? "" : (const char *)bytes.p,
                                     (int)bytes.n, SQLITE_STATIC);
        else if (r->status == MW_OK)
            code = bytes.n == 0 ? sqlite3_bind_zeroblob(c->row, column + 1, 0)
                                : sqlite3_bind_blob(c->row, column + 1, bytes.p, (int)bytes.n,
                                                    SQLITE_STATIC);
    }
    MW_TRY(r->status);
    return lite_code(code);
}

/* One message holds whole rows; the first one the head too, the last one the end mark. */
static mw_status message_take(carrier *c, mw_slice message, bool *head) {
    mw_reader r = mw_reader_of(message);
    if (!*head) {
        mw_slice is = mw_read_bytes(&r, sizeof copy_head);
        if (r.status != MW_OK || memcmp(is.p, copy_head, sizeof copy_head) != 0)
            return MW_SYNTAX;
        *head = true;
    }
    while (r.status == MW_OK && mw_reader_left(&r) > 0) {
        int16_t fields = (int16_t)mw_read_u16be(&r);
        if (fields < 0)
            return mw_reader_left(&r) == 0 ? r.status : MW_SYNTAX;
        if (fields != c->columns)
            return MW_SYNTAX;
        for (int i = 0; i < c->columns; i++)
            MW_TRY(field_bind(c, &r, i));
        int code = sqlite3_step(c->row);
        (void)sqlite3_reset(c->row);
        if (code != SQLITE_DONE)
            return lite_code(code);
    }
    return r.status;
}

/* Reads the rows of the COPY that runs, all of them also after a failure. */
static mw_status rows_take(carrier *c) {
    bool head = false;
    char *bytes = NULL;
    mw_status s = MW_OK;
    int n;
    while ((n = PQgetCopyData(c->conn, &bytes, 0)) > 0) {
        if (s == MW_OK)
            s = message_take(c, (mw_slice){(const uint8_t *)bytes, (size_t)n}, &head);
        PQfreemem(bytes);
    }
    for (PGresult *r; (r = PQgetResult(c->conn)) != NULL; PQclear(r))
        if (s == MW_OK)
            s = mw_pg_result_status(r);
    return n == -1 || s != MW_OK ? s : MW_IO;
}

static mw_status copy_begin(carrier *c, const char *sql, ExecStatusType wanted) {
    PGresult *r = PQexec(c->conn, sql);
    mw_status s = PQresultStatus(r) == wanted ? MW_OK : mw_pg_result_status(r);
    if (s == MW_OK && PQresultStatus(r) != wanted)
        s = MW_IO;
    PQclear(r);
    return s;
}

static mw_status table_fetch(carrier *c, const char *table) {
    char sql[SQL_MAX], part[128];
    MW_TRY(columns_read(c, table));
    snprintf(sql, sizeof sql, "DELETE FROM \"%s\"", table); /* what steps of the schema put there */
    MW_TRY(lite_run(c, sql));
    snprintf(part, sizeof part, "INSERT INTO \"%s\"(", table);
    sql_make(c, sql, part, true, ") VALUES(");
    int code = sqlite3_prepare_v2(c->db, sql, -1, &c->row, NULL);
    if (code != SQLITE_OK)
        return lite_code(code);
    snprintf(part, sizeof part, " FROM \"%s\") TO STDOUT (FORMAT binary)", table);
    sql_make(c, sql, "COPY (SELECT ", false, part);
    mw_status s = copy_begin(c, sql, PGRES_COPY_OUT);
    if (s == MW_OK)
        s = rows_take(c);
    sqlite3_finalize(c->row);
    c->row = NULL;
    return s;
}

/* Numbers that never come twice: SQLite keeps the highest in a table of its own. */
static mw_status numbers_fetch(carrier *c) {
    char sql[512];
    PGresult *r = PQexec(c->conn, "SELECT name, at::text FROM mw_numbers WHERE kept = 1");
    mw_status s = mw_pg_result_status(r);
    for (int i = 0; s == MW_OK && i < PQntuples(r); i++) {
        const char *name = PQgetvalue(r, i, 0), *at = PQgetvalue(r, i, 1);
        snprintf(sql, sizeof sql,
                 "INSERT INTO sqlite_sequence(name, seq) SELECT '%.63s', 0 WHERE NOT EXISTS"
                 "(SELECT 1 FROM sqlite_sequence WHERE name = '%.63s');"
                 "UPDATE sqlite_sequence SET seq = max(seq, %.20s) WHERE name = '%.63s'",
                 name, name, at, name);
        s = lite_run(c, sql);
    }
    PQclear(r);
    return s;
}

static mw_status all_fetch(carrier *c) {
    MW_TRY(pg_direct(c));
    MW_TRY(pg_run(c, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"));
    MW_TRY(tables_read(c));
    for (size_t i = 0; i < c->tables; i++)
        MW_TRY(table_fetch(c, c->name[i]));
    MW_TRY(numbers_fetch(c));
    return pg_run(c, "COMMIT");
}

static mw_status file_sync(const char *path) {
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return MW_IO;
    int failed = fsync(fd);
    close(fd);
    return failed ? MW_IO : MW_OK;
}

static mw_status copy_by(carrier *c, const mw_store_postgres_options *o, const char *to) {
    mw_store *made = NULL;
    mw_store_postgres_options reader = *o;
    reader.read_only = true;
    reader.alone = false;
    MW_TRY(pg_open(c, &reader));
    MW_TRY(mw_store_sqlite_open(&(mw_store_sqlite_options){.path = to}, &made));
    mw_store_close(made);
    MW_TRY(lite_open(c, to, SQLITE_OPEN_READWRITE));
    /* Nobody else knows the file yet: it is synced once, at the end. */
    MW_TRY(lite_run(c, "PRAGMA journal_mode=DELETE; PRAGMA synchronous=OFF;"
                       " PRAGMA foreign_keys=OFF; BEGIN"));
    MW_TRY(all_fetch(c));
    return lite_run(c, "COMMIT");
}

mw_status mw_store_postgres_copy(const mw_store_postgres_options *o, const char *to) {
    if (access(to, F_OK) == 0)
        return MW_DUPLICATE;
    carrier *c = calloc(1, sizeof *c);
    if (c == NULL)
        return MW_NOMEM;
    mw_status s = copy_by(c, o, to);
    carrier_end(c);
    return s == MW_OK ? file_sync(to) : s;
}

/* --- from SQLite to PostgreSQL ------------------------------------------------------------------ */

static mw_status piece_send(carrier *c) {
    int sent = c->used == 0 ? 1 : PQputCopyData(c->conn, (const char *)c->piece, (int)c->used);
    c->used = 0;
    return sent == 1 ? MW_OK : MW_IO;
}

static mw_status bytes_put(carrier *c, const void *p, size_t n) {
    const uint8_t *from = p;
    while (n > 0) {
        size_t part = n < PIECE - c->used ? n : PIECE - c->used;
        memcpy(c->piece + c->used, from, part);
        c->used += part;
        from += part;
        n -= part;
        if (c->used == PIECE)
            MW_TRY(piece_send(c));
    }
    return MW_OK;
}

static mw_status number_put(carrier *c, uint64_t v, size_t size) {
    uint8_t bytes[8];
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(v >> (8 * (size - 1 - i)));
    return bytes_put(c, bytes, size);
}

static mw_status field_put(carrier *c, int column) {
    if (sqlite3_column_type(c->row, column) == SQLITE_NULL)
        return number_put(c, UINT32_MAX, 4);
    if (c->type[column] == MW_SQ_INT) {
        if (sqlite3_column_type(c->row, column) != SQLITE_INTEGER)
            return MW_CORRUPT;
        MW_TRY(number_put(c, 8, 4));
        return number_put(c, (uint64_t)sqlite3_column_int64(c->row, column), 8);
    }
    /* Of a number in a column of texts, its digits. */
    const void *p = c->type[column] == MW_SQ_TEXT
                        ? (const void *)sqlite3_column_text(c->row, column)
                        : sqlite3_column_blob(c->row, column);
    size_t n = (size_t)sqlite3_column_bytes(c->row, column);
    MW_TRY(number_put(c, n, 4));
    return bytes_put(c, p, n);
}

static mw_status rows_put(carrier *c) {
    int code;
    MW_TRY(bytes_put(c, copy_head, sizeof copy_head));
    while ((code = sqlite3_step(c->row)) == SQLITE_ROW) {
        MW_TRY(number_put(c, (uint64_t)c->columns, 2));
        for (int i = 0; i < c->columns; i++)
            MW_TRY(field_put(c, i));
    }
    MW_TRY(number_put(c, UINT16_MAX, 2));
    MW_TRY(piece_send(c));
    return code == SQLITE_DONE ? MW_OK : lite_code(code);
}

static mw_status table_put(carrier *c, const char *table) {
    char sql[SQL_MAX], part[128];
    MW_TRY(columns_read(c, table));
    snprintf(sql, sizeof sql, "DELETE FROM \"%s\"", table);
    MW_TRY(pg_run(c, sql));
    snprintf(part, sizeof part, " FROM \"%s\"", table);
    sql_make(c, sql, "SELECT ", false, part);
    int code = sqlite3_prepare_v2(c->db, sql, -1, &c->row, NULL);
    if (code != SQLITE_OK)
        return lite_code(code);
    snprintf(part, sizeof part, "COPY \"%s\"(", table);
    sql_make(c, sql, part, false, ") FROM STDIN (FORMAT binary)");
    c->used = 0;
    mw_status s = copy_begin(c, sql, PGRES_COPY_IN);
    bool copying = s == MW_OK;
    if (copying)
        s = rows_put(c);
    if (copying && PQputCopyEnd(c->conn, s == MW_OK ? NULL : "broken off") != 1 && s == MW_OK)
        s = MW_IO;
    for (PGresult *r; copying && (r = PQgetResult(c->conn)) != NULL; PQclear(r))
        if (s == MW_OK)
            s = mw_pg_result_status(r);
    sqlite3_finalize(c->row);
    c->row = NULL;
    return s;
}

static mw_status numbers_put(carrier *c) {
    sqlite3_stmt *st = NULL;
    char sql[256];
    mw_status s = MW_OK;
    int code = sqlite3_prepare_v2(c->db, "SELECT name, seq FROM sqlite_sequence", -1, &st, NULL);
    while (s == MW_OK && (code == SQLITE_OK || code == SQLITE_ROW)) {
        code = sqlite3_step(st);
        if (code != SQLITE_ROW)
            break;
        snprintf(sql, sizeof sql,
                 "UPDATE mw_numbers SET at = greatest(at, %lld) WHERE kept = 1 AND name = '%.63s'",
                 (long long)sqlite3_column_int64(st, 1), (const char *)sqlite3_column_text(st, 0));
        s = pg_run(c, sql);
    }
    sqlite3_finalize(st);
    return s != MW_OK ? s : code == SQLITE_DONE ? MW_OK : lite_code(code);
}

/* Every day of the file gets its partition first. */
static mw_status days_make(carrier *c) {
    sqlite3_stmt *st = NULL;
    int64_t day[DAYS_PART];
    size_t n = 0;
    mw_status s = MW_OK;
    int code =
        sqlite3_prepare_v2(c->db, "SELECT DISTINCT day FROM chunks ORDER BY day", -1, &st, NULL);
    while (s == MW_OK && (code == SQLITE_OK || code == SQLITE_ROW)) {
        code = sqlite3_step(st);
        if (code == SQLITE_ROW)
            day[n++] = sqlite3_column_int64(st, 0);
        if (n == DAYS_PART || (code == SQLITE_DONE && n > 0)) {
            s = mw_pg_days_ensure(c->pg, day, n);
            n = 0;
        }
    }
    sqlite3_finalize(st);
    return s != MW_OK ? s : code == SQLITE_DONE ? MW_OK : lite_code(code);
}

static mw_status all_put(carrier *c) {
    MW_TRY(pg_run(c, "BEGIN"));
    MW_TRY(pg_run(c, "SELECT pg_advisory_xact_lock(19799, hashtext(current_schema()))"));
    for (size_t i = 0; i < c->tables; i++)
        MW_TRY(table_put(c, c->name[i]));
    MW_TRY(numbers_put(c));
    MW_TRY(pg_run(c, "UPDATE mw_writer SET generation = generation + 1"));
    return pg_run(c, "COMMIT");
}

static mw_status vacant(carrier *c) {
    int64_t rows = 0;
    MW_TRY(mw_pg_ask(c->pg,
                     "SELECT count(*) FROM (SELECT 1 FROM journal UNION ALL SELECT 1 FROM users"
                     " UNION ALL SELECT 1 FROM devices UNION ALL SELECT 1 FROM chunks LIMIT 1) t",
                     &rows));
    return rows > 0 ? MW_DUPLICATE : MW_OK;
}

static mw_status version_check(carrier *c) {
    sqlite3_stmt *st = NULL;
    int code = sqlite3_prepare_v2(c->db, "SELECT coalesce(max(version), 0) FROM schema_version", -1,
                                  &st, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(st);
    int version = code == SQLITE_ROW ? sqlite3_column_int(st, 0) : 0;
    sqlite3_finalize(st);
    if (code != SQLITE_ROW)
        return MW_CORRUPT;
    return version == mw_sq_schema_count ? MW_OK : MW_UNSUPPORTED;
}

static mw_status fill_by(carrier *c, const mw_store_postgres_options *o, const char *from) {
    mw_store_postgres_options writer = *o;
    writer.read_only = false;
    writer.alone = true;
    MW_TRY(lite_open(c, from, SQLITE_OPEN_READONLY));
    MW_TRY(version_check(c));
    MW_TRY(tables_read(c));
    MW_TRY(pg_open(c, &writer));
    MW_TRY(vacant(c));
    MW_TRY(days_make(c));
    MW_TRY(pg_direct(c));
    return all_put(c);
}

mw_status mw_store_postgres_fill(const mw_store_postgres_options *o, const char *from) {
    carrier *c = calloc(1, sizeof *c);
    if (c == NULL)
        return MW_NOMEM;
    mw_status s = fill_by(c, o, from);
    carrier_end(c);
    return s;
}

mw_status mw_store_postgres_vacant(const mw_store_postgres_options *o) {
    carrier *c = calloc(1, sizeof *c);
    if (c == NULL)
        return MW_NOMEM;
    mw_status s = pg_open(c, o);
    if (s == MW_OK)
        s = vacant(c);
    carrier_end(c);
    return s;
}
