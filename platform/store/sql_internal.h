/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside the stores that speak SQL: the handle, statements by number, and typed binding. One text
 * of SQL and one code of operations (sql_<topic>.c) run on every engine; what differs is a driver
 * (sql_driver.h): sqlite.c, postgres.c.
 */
#ifndef MW_PLATFORM_STORE_SQL_INTERNAL_H
#define MW_PLATFORM_STORE_SQL_INTERNAL_H

#include "platform/store/chunk.h"
#include "platform/store/day_cache.h"
#include "platform/store/sql_driver.h"
#include "platform/store/sql_schema.h"

typedef struct mw_sq_layers mw_sq_layers;

struct mw_sq {
    mw_store base;
    const mw_sq_driver *driver;
    bool in_transaction;
    unsigned reading; /* mw_sq_read_begin without their ends */
    /* What mw_sq_days_clip read last, while the transaction lasts and no value was added in it. */
    bool days_known;
    int64_t days_tenant, days_first, days_last;
    int64_t hot_first, hot_last; /* days that have hot rows, as mw_sq_days_clip saw it */
    mw_store_interval rows[MW_CHUNK_VALUES_MAX]; /* a day being merged ... */
    mw_store_interval more[MW_CHUNK_VALUES_MAX]; /* ... and a run that joins it */
    uint8_t chunk[MW_CHUNK_BYTES_MAX];
    /* Chunks that transactions read and wrote; holds while nobody else wrote. */
    mw_day_cache *days;
    int64_t days_version;
    mw_sq_layers *layers; /* working memory of reading layers, NULL until it is needed */
};

static inline mw_sq *mw_sq_of(mw_store *s) {
    return (mw_sq *)(void *)s;
}

static inline mw_sq_value mw_sq_int(int64_t v) {
    return (mw_sq_value){.type = MW_SQ_INT, .number = v};
}
static inline mw_sq_value mw_sq_u64(uint64_t v) {
    return mw_sq_int((int64_t)v);
}
static inline mw_sq_value mw_sq_utc(mw_utc t) {
    return mw_utc_is_none(t) ? (mw_sq_value){.type = MW_SQ_NULL} : mw_sq_int(t.us);
}
/* NULL gives an SQL NULL. The text must live until the statement ran. */
static inline mw_sq_value mw_sq_text(const char *t) {
    return t == NULL ? (mw_sq_value){.type = MW_SQ_NULL, .n = SIZE_MAX}
                     : (mw_sq_value){.type = MW_SQ_TEXT, .p = t, .n = SIZE_MAX};
}
static inline mw_sq_value mw_sq_text_of(mw_slice s) {
    return (mw_sq_value){.type = MW_SQ_TEXT, .p = s.p, .n = s.n};
}
static inline mw_sq_value mw_sq_blob(mw_slice s) {
    return (mw_sq_value){.type = MW_SQ_BLOB, .p = s.p, .n = s.n};
}

/* Binds and gives the statement, ready to step. MW_STATE when it is in use by an outer scan. */
MW_NODISCARD mw_status mw_sq_bind(mw_sq *q, mw_sq_id id, const mw_sq_value *values, size_t n,
                                  mw_sq_statement **out_statement);
/* MW_OK = a row is there; MW_NOT_FOUND = no more (the statement is reset). */
MW_NODISCARD mw_status mw_sq_step(mw_sq_statement *st);
void mw_sq_reset(mw_sq_statement *st);
/* Runs a statement that gives no rows; needs a transaction. */
MW_NODISCARD mw_status mw_sq_run(mw_sq *q, mw_sq_id id, const mw_sq_value *values, size_t n);
/* Gives column 0 of the first row. */
MW_NODISCARD mw_status mw_sq_number(mw_sq *q, mw_sq_id id, const mw_sq_value *values, size_t n,
                                    int64_t *out_number);
/* Rows that the last mw_sq_run changed, and the number its new row got (`id INTEGER PRIMARY KEY`).
 * mw_sq_changed is not for statements that sql_driver.h lists as deferred. */
int64_t mw_sq_changed(mw_sq *q);
int64_t mw_sq_last_id(mw_sq *q);
/* For rare work: statements without values, separated by semicolons; a query to step through and
 * then close. */
MW_NODISCARD mw_status mw_sq_exec(mw_sq *q, const char *sql);
MW_NODISCARD mw_status mw_sq_query(mw_sq *q, const char *sql, mw_sq_statement **out_statement);
void mw_sq_close(mw_sq_statement *st);

/* Values as a list: MW_SQ_RUN(q, TENANT_PUT, mw_sq_text(name)). */
#define MW_SQ_LIST(...)                                                                            \
    (const mw_sq_value[]) {                                                                        \
        __VA_ARGS__                                                                                \
    }
#define MW_SQ_SIZE(...) (sizeof MW_SQ_LIST(__VA_ARGS__) / sizeof(mw_sq_value))
#define MW_SQ_RUN(q, id, ...)                                                                      \
    mw_sq_run(q, MW_SQ_##id, MW_SQ_LIST(__VA_ARGS__), MW_SQ_SIZE(__VA_ARGS__))
#define MW_SQ_BIND(q, id, out, ...)                                                                \
    mw_sq_bind(q, MW_SQ_##id, MW_SQ_LIST(__VA_ARGS__), MW_SQ_SIZE(__VA_ARGS__), out)
#define MW_SQ_NUMBER(q, id, out, ...)                                                              \
    mw_sq_number(q, MW_SQ_##id, MW_SQ_LIST(__VA_ARGS__), MW_SQ_SIZE(__VA_ARGS__), out)

int mw_sq_columns(mw_sq_statement *st);
mw_sq_type mw_sq_type_at(mw_sq_statement *st, int column);
bool mw_sq_is_null(mw_sq_statement *st, int column);
int64_t mw_sq_get_int(mw_sq_statement *st, int column);
mw_utc mw_sq_get_utc(mw_sq_statement *st, int column);
/* Valid until the next step; of a text or blob. */
mw_slice mw_sq_get_blob(mw_sq_statement *st, int column);
/* Valid until the next step; NULL for an SQL NULL. */
const char *mw_sq_text_at(mw_sq_statement *st, int column);
/* Copies a text into an array, cut at its size; NULL gives "". */
void mw_sq_get_text(mw_sq_statement *st, int column, char *out, size_t size);
#define MW_SQ_TEXT_INTO(st, column, array) mw_sq_get_text(st, column, array, sizeof(array))

/* Columns 0..10 as USERS gives them, 0..8 as SESSION_GET. */
void mw_sq_user_of_row(mw_sq_statement *st, mw_store_user *u);
MW_NODISCARD mw_status mw_sq_session_of_row(mw_sq_statement *st, mw_store_session *row);
/* Columns 0..11 as CHANNELS_OF gives them. */
void mw_sq_channel_of_row(mw_sq_statement *st, mw_store_channel *c);

/* Around several statements whose answers must fit together: one snapshot for all of them. Inside of
 * a transaction, where nobody else writes, and inside of another such pair they do nothing. End with
 * the status of what was read: a failure of it counts more. */
MW_NODISCARD mw_status mw_sq_read_begin(mw_sq *q);
MW_NODISCARD mw_status mw_sq_read_end(mw_sq *q, mw_status s);
/* Says which of a channel's days will be read next, from `day` on, at most MW_SQ_AHEAD_MAX. */
MW_NODISCARD mw_status mw_sq_chunks_ahead(mw_sq *q, int64_t tenant, int64_t channel, int64_t day,
                                          int64_t end);

/* After mw_sq_days_clip in the same operation. Fills `rows` with the merged intervals of a channel's day, chunk and hot rows together. */
MW_NODISCARD mw_status mw_sq_day_read(mw_sq *q, int64_t tenant, int64_t channel, int64_t day,
                                      size_t *out_n);

/* The days of [from, to) that hold reports of any channel: *out_first .. *out_end - 1. */
MW_NODISCARD mw_status mw_sq_days_clip(mw_sq *q, int64_t tenant, mw_utc from, mw_utc to,
                                       int64_t *out_first, int64_t *out_end);
MW_NODISCARD mw_status mw_sq_change_add(mw_sq *q, const mw_store_change *c);
#define MW_SQ_CHANGES_AT_ONCE 8
/* The same for n <= MW_SQ_CHANGES_AT_ONCE of them. */
MW_NODISCARD mw_status mw_sq_changes_add(mw_sq *q, const mw_store_change *c, size_t n);
/* Encodes q->rows[0..n) as the chunk of a day; needs a transaction. */
MW_NODISCARD mw_status mw_sq_chunk_store(mw_sq *q, int64_t tenant, int64_t day, int64_t channel,
                                         size_t n);
void mw_sq_layers_free(mw_sq *q);
/* Steps through rows of MW_SQ_READING_COLUMNS. */
MW_NODISCARD mw_status mw_sq_registers_give(mw_sq_statement *st, mw_store_on_register each,
                                            void *ctx);

/* For drivers: fills in the operations; brings the schema up to date (a reader only looks:
 * MW_UNSUPPORTED when it is older or newer); frees what sql_<topic>.c allocated. */
void mw_sq_init(mw_sq *q, const mw_sq_driver *driver, uint32_t capabilities);
MW_NODISCARD mw_status mw_sq_schema_upgrade(mw_sq *q, bool read_only);
extern const char *const mw_sq_statement_sql[MW_SQ_COUNT];

/* The operations, one file per group. */
#define X(name, parameters, arguments) mw_status mw_sq_op_##name parameters;
MW_STORE_OPS(X)
#undef X

int64_t mw_sq_obis_number(const uint8_t obis[6]);
void mw_sq_obis_of_number(int64_t number, uint8_t out_obis[6]);
/* Every scan checks its limit. */
static inline bool mw_sq_limit_ok(uint32_t limit) {
    return limit > 0 && limit <= MW_STORE_PAGE_MAX;
}

#endif
