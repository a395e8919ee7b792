/* SPDX-License-Identifier: Apache-2.0
 *
 * Statements by number over libpq: prepared at first use, values and rows in binary.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/bytes.h"
#include "platform/store/postgres_internal.h"

/* Types of columns, as PostgreSQL numbers them in every database. */
enum { OID_BOOL = 16, OID_BYTEA = 17, OID_INT8 = 20, OID_INT2 = 21, OID_INT4 = 23, OID_TEXT = 25 };
enum { OID_NUMERIC = 1700 };

static const mw_pg_packed packed_statements[] = {
    {.id = MW_SQ_DAY_SUMS,
     .sql = "SELECT string_agg(int8send(channel) ||"
            " int8send(CASE WHEN total IS NULL THEN -1 - n ELSE n END) ||"
            " int8send(coalesce(total, 0)) || int8send(quality), '')"
            " FROM (SELECT channel, n, total, quality FROM chunks"
            " WHERE tenant = ?1 AND day = ?2 ORDER BY channel) t",
     .columns = 4,
     .nullable = 2,
     .mark = 1},
    {.id = MW_SQ_NEWEST_VALUES,
     .sql = "SELECT string_agg(int8send(channel) || int8send(obis) || int8send(meter) ||"
            " int8send(value), '') FROM (SELECT channel, obis, meter, value FROM newest"
            " WHERE tenant = ?1 ORDER BY channel, obis) t",
     .columns = 4,
     .nullable = -1,
     .mark = -1},
};

static const mw_pg_packed *packed_of(mw_sq_id id) {
    for (size_t i = 0; i < sizeof packed_statements / sizeof packed_statements[0]; i++)
        if (packed_statements[i].id == id)
            return &packed_statements[i];
    return NULL;
}

/* Where PostgreSQL does better with other words: the days that have values are known without
 * looking into every partition. */
static const char *sql_of(mw_sq_id id) {
    const mw_pg_packed *packed = packed_of(id);
    if (packed != NULL)
        return packed->sql;
    if (id == MW_SQ_DAYS_SPAN)
        return "SELECT (SELECT min(day) FROM mw_days), (SELECT max(day) FROM mw_days),"
               " (SELECT min(day) FROM hot WHERE tenant = ?1),"
               " (SELECT max(day) FROM hot WHERE tenant = ?1)";
    return mw_sq_statement_sql[id];
}

/* What is written for every message: nobody looks at the result, and no constraint is expected to
 * refuse it. */
static bool is_deferred(mw_sq_id id) {
    switch (id) {
    case MW_SQ_COUNT_ADD:
    case MW_SQ_COUNT_HOUR_ADD:
    case MW_SQ_SENDER_SEEN:
    case MW_SQ_JOURNAL_ADD:
    case MW_SQ_CURSOR_SET:
    case MW_SQ_RECEPTION_ADD:
    case MW_SQ_STATE_PUT:
    case MW_SQ_HEALTH_ADD:
    case MW_SQ_REGISTER_ADD:
    case MW_SQ_NEWEST_PUT:
    case MW_SQ_EVENT_ADD:
    case MW_SQ_HOT_ADD:
    case MW_SQ_HOT_DELETE:
    case MW_SQ_CHUNK_PUT:
    case MW_SQ_REVISION_ADD:
    case MW_SQ_CHANGE_ADD:
    case MW_SQ_SUSPENSE_CUT:
    case MW_SQ_SUSPENSE_ADD:
    case MW_SQ_VEE_METER_PUT:
    case MW_SQ_VEE_CHOICE_PUT:
    case MW_SQ_FACT_APPEND:
    case MW_SQ_TOLD_PUT:
    case MW_SQ_FOREIGN_STATE_PUT:
        return true;
    default:
        return false;
    }
}

static mw_status statement_ready(mw_pg *p, mw_sq_id id, mw_pg_statement **out) {
    mw_pg_statement *st = &p->statement[id];
    *out = st;
    if (st->text.sql != NULL)
        return MW_OK;
    const char *sql = sql_of(id);
    mw_pg_text text;
    MW_TRY(mw_pg_translate(sql, strlen(sql), &text));
    st->number = st->forget = -1;
    mw_status s = mw_pg_number(p, &text, &st->number, &st->forget);
    if (s != MW_OK) {
        free(text.sql);
        return s;
    }
    st->text = text;
    st->head.driver = p->sq.driver;
    st->owner = p;
    st->deferred = is_deferred(id);
    st->packed = packed_of(id);
    return MW_OK;
}

/* Values in the form libpq takes. */
typedef struct bound {
    const char *value[MW_PG_PARAMS_MAX];
    int length[MW_PG_PARAMS_MAX], format[MW_PG_PARAMS_MAX];
    uint8_t number[MW_PG_PARAMS_MAX][8];
    uint8_t type[MW_PG_PARAMS_MAX]; /* declared; 0 = PostgreSQL finds out */
    int n;
} bound;

static void number_put(bound *b, int i, int64_t v) {
    for (int k = 0; k < 8; k++)
        b->number[i][k] = (uint8_t)((uint64_t)v >> (56 - 8 * k));
    b->value[i] = (const char *)b->number[i];
    b->length[i] = 8;
}

static uint8_t type_of(const mw_sq_value *v, bool tested) {
    if (v->type == MW_SQ_INT)
        return OID_INT8;
    if (!tested)
        return 0;
    if (v->type == MW_SQ_BLOB)
        return OID_BYTEA;
    return v->type == MW_SQ_TEXT || v->n == SIZE_MAX ? OID_TEXT : OID_INT8;
}

static void bound_put(bound *b, int i, const mw_sq_value *v, bool tested) {
    b->type[i] = type_of(v, tested);
    b->format[i] = 1;
    if (v->type == MW_SQ_INT) {
        number_put(b, i, v->number);
    } else if (v->type == MW_SQ_NULL) {
        b->value[i] = NULL;
        b->length[i] = 0;
    } else {
        b->value[i] = v->p == NULL ? "" : v->p;
        b->length[i] = (int)(v->n == SIZE_MAX ? strlen(b->value[i]) : v->n);
    }
}

static mw_status bound_fill(mw_pg *p, const mw_pg_statement *st, const mw_sq_value *values,
                            size_t n, bound *b) {
    const mw_sq_value none = {.type = MW_SQ_NULL};
    b->n = st->text.params;
    for (int i = 0; i < b->n; i++)
        bound_put(b, i, (size_t)i < n && st->text.used[i] ? &values[i] : &none,
                  st->text.tested[i] || !st->text.used[i]);
    if (st->number < 0)
        return MW_OK;
    int64_t next = 0;
    MW_TRY(mw_pg_next(p, st->number, &next));
    bound_put(b, b->n, &(mw_sq_value){.type = MW_SQ_INT, .number = next}, false);
    b->n++;
    p->last_id = next;
    return MW_OK;
}

/* The variant with these types; an SQL NULL fits any. */
static int variant_find(const mw_pg_statement *st, const bound *b) {
    for (int k = 0; k < st->variants; k++) {
        bool fits = true;
        for (int i = 0; i < b->n && fits; i++)
            fits = b->value[i] == NULL || st->type[k][i] == b->type[i];
        if (fits)
            return k;
    }
    return -1;
}

static mw_status variant_prepare(mw_pg *p, mw_pg_statement *st, const bound *b, const char *name) {
    Oid types[MW_PG_PARAMS_MAX];
    mw_assert(st->variants < MW_PG_VARIANTS_MAX);
    for (int i = 0; i < b->n; i++) {
        st->type[st->variants][i] = b->type[i];
        types[i] = b->type[i];
    }
    MW_TRY(mw_pg_sent(p, PQsendPrepare(p->conn, name, st->text.sql, b->n, types)));
    st->variants++;
    return MW_OK;
}

static mw_status statement_send(mw_pg *p, mw_sq_id id, mw_pg_statement *st,
                                const mw_sq_value *values, size_t n) {
    bound b;
    MW_TRY(bound_fill(p, st, values, n, &b));
    if (mw_pg_lost(p))
        return MW_IO;
    int variant = variant_find(st, &b), ok;
    char name[32];
    if (variant < 0 && st->variants == MW_PG_VARIANTS_MAX) { /* rare: not worth preparing */
        Oid types[MW_PG_PARAMS_MAX];
        for (int i = 0; i < b.n; i++)
            types[i] = b.type[i];
        ok = PQsendQueryParams(p->conn, st->text.sql, b.n, types, b.value, b.length, b.format, 1);
    } else {
        snprintf(name, sizeof name, "s%d_%d", (int)id, variant < 0 ? st->variants : variant);
        if (variant < 0)
            MW_TRY(variant_prepare(p, st, &b, name));
        ok = PQsendQueryPrepared(p->conn, name, b.n, b.value, b.length, b.format, 1);
    }
    if (st->text.changes)
        p->wrote = true;
    if (st->forget >= 0)
        p->numbered[st->forget].next = 0;
    return mw_pg_sent(p, ok);
}

/* Sends and waits. */
static mw_status statement_execute(mw_pg *p, mw_sq_id id, mw_pg_statement *st,
                                   const mw_sq_value *values, size_t n, PGresult **out) {
    MW_TRY(statement_send(p, id, st, values, n));
    return mw_pg_drain(p, out);
}

static mw_status statement_work(mw_pg *p, mw_sq_id id, mw_pg_statement *st,
                                const mw_sq_value *values, size_t n, PGresult **out) {
    if (p->failed != MW_OK)
        return p->failed;
    if (st->text.changes && !p->sq.in_transaction)
        return MW_STATE;
    if (!p->sq.in_transaction && p->sq.reading == 0)
        MW_TRY(mw_pg_revive(p));
    mw_status s = statement_execute(p, id, st, values, n, out);
    /* A reader's is asked again. */
    bool reading = p->sq.reading > 0 || p->fresh;
    if (s != MW_OK && mw_pg_lost(p) && !p->sq.in_transaction && (!reading || p->fresh) &&
        mw_pg_revive(p) == MW_OK) {
        s = reading ? mw_pg_snapshot(p) : MW_OK;
        if (s == MW_OK)
            s = statement_execute(p, id, st, values, n, out);
    }
    p->fresh = false;
    if (s != MW_OK && p->sq.in_transaction)
        p->failed = s;
    return s;
}

/* Of CHUNK_GET, CHUNK_PUT and DAY_CHUNK_DELETE. */
static mw_day_key day_key_of(const mw_sq_value *values) {
    return (mw_day_key){
        .tenant = values[0].number, .day = values[1].number, .channel = values[2].number};
}

static int rows_of(const mw_pg_statement *st) {
    if (st->packed == NULL)
        return PQntuples(st->result);
    return PQgetlength(st->result, 0, 0) / (8 * st->packed->columns); /* of an SQL NULL: 0 */
}

static bool asked_ahead(mw_pg *p, mw_pg_statement *st, const mw_sq_value *values) {
    mw_day_key key = day_key_of(values);
    return mw_pg_ahead_take(p, st, &key);
}

mw_status mw_pg_bind(mw_sq *q, mw_sq_id id, const mw_sq_value *values, size_t n,
                     mw_sq_statement **out_statement) {
    mw_pg *p = mw_pg_of(q);
    mw_pg_statement *st = NULL;
    MW_TRY(statement_ready(p, id, &st));
    if (st->busy)
        return MW_STATE;
    mw_pg_reset(&st->head);
    bool known = id == MW_SQ_CHUNK_GET && asked_ahead(p, st, values);
    if (!known) {
        MW_TRY(statement_work(p, id, st, values, n, &st->result));
        st->row = -1;
        st->end = rows_of(st);
    }
    *out_statement = &st->head;
    return MW_OK;
}

mw_status mw_pg_run(mw_sq *q, mw_sq_id id, const mw_sq_value *values, size_t n) {
    mw_pg *p = mw_pg_of(q);
    mw_pg_statement *st = NULL;
    MW_TRY(statement_ready(p, id, &st));
    if (p->failed != MW_OK)
        return p->failed;
    mw_status s = MW_OK;
    p->prune = p->prune || id == MW_SQ_DAY_CHUNK_DELETE;
    if (id == MW_SQ_CHUNK_PUT || id == MW_SQ_DAY_CHUNK_DELETE) {
        mw_day_key key = day_key_of(values);
        mw_pg_ahead_written(p, &key);
    }
    if (id == MW_SQ_CHUNK_PUT)
        s = mw_pg_day_ensure(p, values[1].number);
    PGresult *r = NULL;
    if (s == MW_OK && st->deferred) {
        s = statement_send(p, id, st, values, n);
        if (s == MW_OK && p->queued >= MW_PG_QUEUE_MAX)
            s = mw_pg_drain(p, NULL);
    } else if (s == MW_OK) {
        s = statement_execute(p, id, st, values, n, &r);
    }
    if (s == MW_OK && r != NULL)
        p->changed = strtoll(PQcmdTuples(r), NULL, 10);
    PQclear(r);
    if (s != MW_OK)
        p->failed = s;
    return s;
}

static mw_pg_statement *statement_of(mw_sq_statement *st) {
    return (mw_pg_statement *)(void *)st;
}

mw_status mw_pg_step(mw_sq_statement *statement) {
    mw_pg_statement *st = statement_of(statement);
    st->row++;
    if (st->result == NULL || st->row >= st->end) {
        mw_pg_reset(statement);
        return MW_NOT_FOUND;
    }
    st->busy = true;
    return MW_OK;
}

void mw_pg_reset(mw_sq_statement *statement) {
    mw_pg_statement *st = statement_of(statement);
    if (!st->lent)
        PQclear(st->result);
    st->result = NULL;
    st->busy = st->lent = false;
}

/* --- columns ----------------------------------------------------------------------------------- */

int mw_pg_columns(mw_sq_statement *statement) {
    const mw_pg_statement *st = statement_of(statement);
    return st->packed != NULL ? st->packed->columns : PQnfields(st->result);
}

static int64_t packed_at(const mw_pg_statement *st, int column) {
    size_t at = (size_t)st->row * (size_t)st->packed->columns + (size_t)column;
    const uint8_t *bytes = (const uint8_t *)PQgetvalue(st->result, 0, 0) + 8 * at;
    mw_reader r = mw_reader_of((mw_slice){bytes, 8});
    return (int64_t)mw_read_u64be(&r);
}

static bool packed_null(const mw_pg_statement *st, int column) {
    return column == st->packed->nullable && packed_at(st, st->packed->mark) < 0;
}

static int64_t packed_int(const mw_pg_statement *st, int column) {
    int64_t v = packed_at(st, column);
    return column == st->packed->mark && v < 0 ? -1 - v : v;
}

mw_sq_type mw_pg_type_at(mw_sq_statement *statement, int column) {
    mw_pg_statement *st = statement_of(statement);
    if (st->packed != NULL)
        return packed_null(st, column) ? MW_SQ_NULL : MW_SQ_INT;
    if (PQgetisnull(st->result, st->row, column))
        return MW_SQ_NULL;
    switch (PQftype(st->result, column)) {
    case OID_BOOL:
    case OID_INT2:
    case OID_INT4:
    case OID_INT8:
    case OID_NUMERIC:
        return MW_SQ_INT;
    case OID_BYTEA:
        return MW_SQ_BLOB;
    default:
        return MW_SQ_TEXT;
    }
}

/* sum(bigint) is numeric: groups of four decimal digits with a weight. Too large for 64 bits
 * clamps; a fraction, which a sum of integers has not, is cut. */
static int64_t number_of_numeric(mw_slice bytes) {
    mw_reader r = mw_reader_of(bytes);
    int groups = mw_read_u16be(&r);
    int weight = (int16_t)mw_read_u16be(&r);
    bool minus = mw_read_u16be(&r) == 0x4000;
    (void)mw_read_u16be(&r); /* digits shown after the point */
    int64_t n = 0;
    for (int i = 0; i <= weight; i++) {
        int64_t digit = i < groups ? mw_read_u16be(&r) : 0;
        if (__builtin_mul_overflow(n, 10000, &n) || __builtin_add_overflow(n, digit, &n))
            return minus ? INT64_MIN : INT64_MAX;
    }
    return minus ? -n : n;
}

int64_t mw_pg_get_int(mw_sq_statement *statement, int column) {
    mw_pg_statement *st = statement_of(statement);
    if (st->packed != NULL)
        return packed_int(st, column);
    if (PQgetisnull(st->result, st->row, column))
        return 0;
    if (PQftype(st->result, column) == OID_NUMERIC)
        return number_of_numeric(
            (mw_slice){(const uint8_t *)PQgetvalue(st->result, st->row, column),
                       (size_t)PQgetlength(st->result, st->row, column)});
    return mw_pg_number_at(st->result, st->row, column);
}

mw_slice mw_pg_get_blob(mw_sq_statement *statement, int column) {
    mw_pg_statement *st = statement_of(statement);
    size_t n = (size_t)PQgetlength(st->result, st->row, column);
    if (n == 0)
        return (mw_slice){NULL, 0};
    return (mw_slice){(const uint8_t *)PQgetvalue(st->result, st->row, column), n};
}

const char *mw_pg_text_at(mw_sq_statement *statement, int column) {
    mw_pg_statement *st = statement_of(statement);
    if (PQgetisnull(st->result, st->row, column))
        return NULL;
    return PQgetvalue(st->result, st->row, column); /* libpq ends it with a NUL */
}

/* --- without numbers --------------------------------------------------------------------------- */

mw_status mw_pg_query(mw_sq *q, const char *sql, mw_sq_statement **out_statement) {
    mw_pg *p = mw_pg_of(q);
    mw_pg_statement *st = calloc(1, sizeof *st);
    if (st == NULL)
        return MW_NOMEM;
    st->head.driver = q->driver;
    st->owner = p;
    st->row = -1;
    mw_status s = mw_pg_translate(sql, strlen(sql), &st->text);
    if (s == MW_OK)
        s = mw_pg_send(p, st->text.sql);
    if (s == MW_OK)
        s = mw_pg_drain(p, &st->result);
    st->end = PQntuples(st->result);
    if (s != MW_OK) {
        mw_pg_close_query(&st->head);
        return s;
    }
    *out_statement = &st->head;
    return MW_OK;
}

void mw_pg_close_query(mw_sq_statement *statement) {
    mw_pg_statement *st = statement_of(statement);
    PQclear(st->result);
    free(st->text.sql);
    free(st);
}

void mw_pg_statements_forget(mw_pg *p) {
    for (int i = 0; i < MW_SQ_COUNT; i++)
        p->statement[i].variants = 0;
    for (int i = 0; i < MW_PG_DAY_STATEMENTS; i++)
        p->day_statement[i] = INT64_MIN;
    p->any_failure = false;
}

mw_status mw_pg_statements_renew(mw_pg *p) {
    if (!p->any_failure)
        return MW_OK;
    MW_TRY(mw_pg_exec_plain(p, "DEALLOCATE ALL"));
    mw_pg_statements_forget(p);
    return MW_OK;
}

void mw_pg_statements_free(mw_pg *p) {
    for (int i = 0; i < MW_SQ_COUNT; i++) {
        mw_pg_reset(&p->statement[i].head);
        free(p->statement[i].text.sql);
    }
}
