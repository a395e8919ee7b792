/* SPDX-License-Identifier: Apache-2.0
 *
 * The part of the SQL stores that hands on to the driver, and the smallest operations.
 */
#include <stdio.h>

#include "platform/store/sql_internal.h"

const char *const mw_sq_statement_sql[MW_SQ_COUNT] = {
#define X(name, sql) sql,
    MW_SQ_STATEMENTS(X)
#undef X
};

mw_status mw_sq_bind(mw_sq *q, mw_sq_id id, const mw_sq_value *values, size_t n,
                     mw_sq_statement **out_statement) {
    return q->driver->bind(q, id, values, n, out_statement);
}

mw_status mw_sq_step(mw_sq_statement *st) {
    return st->driver->step(st);
}

void mw_sq_reset(mw_sq_statement *st) {
    st->driver->reset(st);
}

mw_status mw_sq_run(mw_sq *q, mw_sq_id id, const mw_sq_value *values, size_t n) {
    if (!q->in_transaction)
        return MW_STATE;
    return q->driver->run(q, id, values, n);
}

mw_status mw_sq_number(mw_sq *q, mw_sq_id id, const mw_sq_value *values, size_t n,
                       int64_t *out_number) {
    mw_sq_statement *st = NULL;
    MW_TRY(mw_sq_bind(q, id, values, n, &st));
    MW_TRY(mw_sq_step(st));
    *out_number = mw_sq_get_int(st, 0);
    /* A RETURNING statement does its work before the first row; one more step ends it cleanly. */
    mw_status s = mw_sq_step(st);
    if (s == MW_OK)
        mw_sq_reset(st);
    return s == MW_NOT_FOUND ? MW_OK : s;
}

int64_t mw_sq_changed(mw_sq *q) {
    return q->driver->changed(q);
}

int64_t mw_sq_last_id(mw_sq *q) {
    return q->driver->last_id(q);
}

mw_status mw_sq_exec(mw_sq *q, const char *sql) {
    return q->driver->exec(q, sql);
}

mw_status mw_sq_query(mw_sq *q, const char *sql, mw_sq_statement **out_statement) {
    return q->driver->query(q, sql, out_statement);
}

void mw_sq_close(mw_sq_statement *st) {
    st->driver->close_query(st);
}

int mw_sq_columns(mw_sq_statement *st) {
    return st->driver->columns(st);
}

mw_sq_type mw_sq_type_at(mw_sq_statement *st, int column) {
    return st->driver->type_at(st, column);
}

bool mw_sq_is_null(mw_sq_statement *st, int column) {
    return st->driver->type_at(st, column) == MW_SQ_NULL;
}

int64_t mw_sq_get_int(mw_sq_statement *st, int column) {
    return st->driver->get_int(st, column);
}

mw_utc mw_sq_get_utc(mw_sq_statement *st, int column) {
    return mw_sq_is_null(st, column) ? MW_UTC_NONE : (mw_utc){mw_sq_get_int(st, column)};
}

mw_slice mw_sq_get_blob(mw_sq_statement *st, int column) {
    return st->driver->get_blob(st, column);
}

const char *mw_sq_text_at(mw_sq_statement *st, int column) {
    return st->driver->text_at(st, column);
}

void mw_sq_get_text(mw_sq_statement *st, int column, char *out, size_t size) {
    const char *t = mw_sq_text_at(st, column);
    snprintf(out, size, "%s", t == NULL ? "" : t);
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

/* What is kept of chunks holds on while no other connection writes. */
static mw_status days_check(mw_sq *q) {
    int64_t version = 0;
    if (q->driver->local)
        MW_TRY(q->driver->data_version(q, &version));
    if (!q->driver->local || version != q->days_version)
        mw_day_cache_clear(q->days);
    q->days_version = version;
    if (q->days == NULL)
        q->days = mw_day_cache_new();
    return MW_OK;
}

mw_status mw_sq_op_begin(mw_store *s) {
    mw_sq *q = mw_sq_of(s);
    if (q->in_transaction || q->reading > 0 || (s->capabilities & MW_STORE_CAP_READ_ONLY))
        return MW_STATE;
    MW_TRY(q->driver->begin(q));
    q->in_transaction = true;
    q->days_known = false;
    return days_check(q);
}

mw_status mw_sq_read_begin(mw_sq *q) {
    if (q->in_transaction)
        return MW_OK;
    if (q->reading == 0)
        MW_TRY(q->driver->read_begin(q));
    q->reading++;
    return MW_OK;
}

mw_status mw_sq_read_end(mw_sq *q, mw_status s) {
    if (q->in_transaction || --q->reading > 0)
        return s;
    mw_status ended = q->driver->read_end(q);
    return s != MW_OK ? s : ended;
}

mw_status mw_sq_op_rollback(mw_store *s) {
    mw_sq *q = mw_sq_of(s);
    q->in_transaction = false;
    q->days_known = false;
    mw_day_cache_clear(q->days);
    return q->driver->rollback(q);
}

mw_status mw_sq_op_commit(mw_store *s) {
    mw_sq *q = mw_sq_of(s);
    if (!q->in_transaction)
        return MW_STATE;
    q->in_transaction = false;
    q->days_known = false;
    mw_status status = q->driver->commit(q);
    if (status != MW_OK)
        mw_day_cache_clear(q->days);
    return status;
}

mw_status mw_sq_op_meta_put(mw_store *s, const char *name, const char *value) {
    return MW_SQ_RUN(mw_sq_of(s), META_PUT, mw_sq_text(name), mw_sq_text(value));
}

mw_status mw_sq_op_meta_get(mw_store *s, const char *name, mw_span out_text) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), META_GET, &st, mw_sq_text(name)));
    MW_TRY(mw_sq_step(st));
    bool fits = mw_sq_get_blob(st, 0).n < out_text.n;
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
    mw_sq *q = mw_sq_of(s);
    return q->driver->data_version(q, out_version);
}

mw_status mw_sq_op_counts(mw_store *s, int64_t tenant, mw_store_on_count each, void *ctx) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), COUNTS, &st, mw_sq_int(tenant)));
    mw_status status;
    while ((status = mw_sq_step(st)) == MW_OK) {
        status = each(ctx, mw_sq_text_at(st, 0), mw_sq_get_int(st, 1));
        if (status != MW_OK) {
            mw_sq_reset(st);
            return status;
        }
    }
    return status == MW_NOT_FOUND ? MW_OK : status;
}

static void op_close(mw_store *s) {
    mw_sq *q = mw_sq_of(s);
    mw_sq_layers_free(q);
    mw_day_cache_free(q->days);
    q->driver->close(q);
}

static const mw_store_ops sql_ops = {
#define X(name, parameters, arguments) .name = mw_sq_op_##name,
    MW_STORE_OPS(X)
#undef X
        .close = op_close,
};

void mw_sq_init(mw_sq *q, const mw_sq_driver *driver, uint32_t capabilities) {
    q->base.ops = &sql_ops;
    q->base.capabilities = capabilities;
    q->driver = driver;
}

/* --- the schema ------------------------------------------------------------------------------ */

static mw_status version_read(mw_sq *q, int *out_version) {
    bool exists = false;
    *out_version = 0;
    MW_TRY(q->driver->table_exists(q, "schema_version", &exists));
    if (!exists)
        return MW_OK;
    mw_sq_statement *st = NULL;
    MW_TRY(mw_sq_query(q, "SELECT coalesce(max(version), 0) FROM schema_version", &st));
    mw_status s = mw_sq_step(st);
    if (s == MW_OK)
        *out_version = (int)mw_sq_get_int(st, 0);
    mw_sq_close(st);
    return s;
}

static mw_status step_texts(mw_sq *q, int version) {
    char record[80];
    snprintf(record, sizeof record, "INSERT INTO schema_version(version) VALUES(%d)", version);
    if (version == 1)
        MW_TRY(q->driver->define(
            q, "CREATE TABLE IF NOT EXISTS schema_version(version INTEGER PRIMARY KEY)"));
    MW_TRY(q->driver->exec(q, record));
    for (const char *const *text = mw_sq_schema_steps[version - 1]; *text != NULL; text++)
        MW_TRY(q->driver->define(q, *text));
    return MW_OK;
}

static mw_status step_run(mw_sq *q, int version) {
    MW_TRY(q->driver->begin(q));
    mw_status s = step_texts(q, version);
    if (s == MW_OK)
        return q->driver->commit(q);
    mw_status undone = q->driver->rollback(q);
    (void)undone; /* the first failure tells more */
    return s;
}

mw_status mw_sq_schema_upgrade(mw_sq *q, bool read_only) {
    int version = 0;
    MW_TRY(version_read(q, &version));
    if (version > mw_sq_schema_count || (read_only && version < mw_sq_schema_count))
        return MW_UNSUPPORTED;
    while (version < mw_sq_schema_count)
        MW_TRY(step_run(q, ++version));
    return MW_OK;
}
