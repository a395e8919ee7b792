/* SPDX-License-Identifier: Apache-2.0
 *
 * What an SQL engine has to do for the store: run statements by number, give their rows, and keep
 * transactions. Everything above (sql_<topic>.c) is the same for every engine.
 *
 * The SQL of sql_statements*.h and sql_schema*.c is written once, in what SQLite and PostgreSQL
 * share: ON CONFLICT with its target and qualified columns, CASE, no scalar max() or min(), no
 * printf(), no json functions, aliases for subqueries. A column `x INTEGER PRIMARY KEY` numbers its
 * table's rows from 1 on without holes, AUTOINCREMENT never gives a number twice. hex16(n) is n as
 * 16 hex digits. Drivers translate the rest: types, WITHOUT ROWID, LIKE (which ignores the case of
 * ASCII letters), CROSS JOIN .. ON (a join in the order written), parameters ?1 and so on.
 */
#ifndef MW_PLATFORM_STORE_SQL_DRIVER_H
#define MW_PLATFORM_STORE_SQL_DRIVER_H

#include "platform/store/day_cache.h"
#include "platform/store/sql_statements.h"
#include "platform/store/store.h"

typedef enum mw_sq_id {
#define X(name, sql) MW_SQ_##name,
    MW_SQ_STATEMENTS(X)
#undef X
        MW_SQ_COUNT
} mw_sq_id;

enum { MW_SQ_AHEAD_MAX = 400 }; /* a year of days */

typedef struct mw_sq mw_sq;
typedef struct mw_sq_layers mw_sq_layers;
typedef struct mw_sq_driver mw_sq_driver;

typedef enum mw_sq_type {
    MW_SQ_INT = 1,
    MW_SQ_TEXT = 3,
    MW_SQ_BLOB = 4,
    MW_SQ_NULL = 5,
} mw_sq_type;

/* One bound value. n = SIZE_MAX: a text that ends at its NUL; of an SQL NULL: one that stands for a
 * text. Another NULL that a statement compares ('?2 IS NULL OR ..') stands for a number. */
typedef struct mw_sq_value {
    mw_sq_type type;
    int64_t number;
    const void *p;
    size_t n;
} mw_sq_value;

/* The head of every driver's statement. */
typedef struct mw_sq_statement {
    const mw_sq_driver *driver;
} mw_sq_statement;

/* The comments of sql_internal.h say what each does; column numbers count from 0. */
struct mw_sq_driver {
    mw_status (*bind)(mw_sq *q, mw_sq_id id, const mw_sq_value *values, size_t n,
                      mw_sq_statement **out_statement);
    mw_status (*step)(mw_sq_statement *st);
    void (*reset)(mw_sq_statement *st);
    mw_status (*run)(mw_sq *q, mw_sq_id id, const mw_sq_value *values, size_t n);
    int64_t (*changed)(mw_sq *q);
    int64_t (*last_id)(mw_sq *q);

    int (*columns)(mw_sq_statement *st);
    mw_sq_type (*type_at)(mw_sq_statement *st, int column);
    int64_t (*get_int)(mw_sq_statement *st, int column);
    mw_slice (*get_blob)(mw_sq_statement *st, int column);
    const char *(*text_at)(mw_sq_statement *st, int column);

    mw_status (*exec)(mw_sq *q, const char *sql);
    mw_status (*query)(mw_sq *q, const char *sql, mw_sq_statement **out_statement);
    void (*close_query)(mw_sq_statement *st);
    /* Adds one step of the schema, as part of a transaction. */
    mw_status (*define)(mw_sq *q, const char *sql);
    mw_status (*table_exists)(mw_sq *q, const char *table, bool *out_exists);

    mw_status (*begin)(mw_sq *q);
    mw_status (*commit)(mw_sq *q); /* after a failure nothing is open */
    mw_status (*rollback)(mw_sq *q);
    mw_status (*data_version)(mw_sq *q, int64_t *out_version);
    bool local; /* nothing is asked over a wire: the version of the data costs nothing, and a
                   statement's changes are known at once */
    /* Between the two every statement reads the same moment; outside of transactions only. */
    mw_status (*read_begin)(mw_sq *q);
    mw_status (*read_end)(mw_sq *q);
    /* CHUNK_GET will be bound with these n <= MW_SQ_AHEAD_MAX keys next, in this order; NULL where
     * waiting costs nothing. */
    mw_status (*chunks_ahead)(mw_sq *q, const mw_day_key *key, size_t n);
    void (*close)(mw_sq *q);
};

#endif
