/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside the PostgreSQL driver.
 */
#ifndef MW_PLATFORM_STORE_POSTGRES_INTERNAL_H
#define MW_PLATFORM_STORE_POSTGRES_INTERNAL_H

#include <libpq-fe.h>

#include "platform/store/postgres.h"
#include "platform/store/postgres_text.h"
#include "platform/store/sql_internal.h"

enum { MW_PG_VARIANTS_MAX = 6, MW_PG_NUMBERED_MAX = 128, MW_PG_QUEUE_MAX = 256 };
enum { MW_PG_DAYS_MAX = 64 };
enum { MW_PG_DAY_STATEMENTS = 512, MW_PG_DAY_NAME_MAX = 48 };

/* A table whose rows get their numbers from here: there is one writer, so the next number is known
 * without asking, and a rollback takes numbers back as SQLite does. */
typedef struct mw_pg_numbered {
    char table[MW_PG_NAME_MAX], column[MW_PG_NAME_MAX];
    bool kept;     /* numbers never come twice, not after deletes either */
    int64_t next;  /* 0 = ask */
    int64_t saved; /* kept: what mw_numbers says */
} mw_pg_numbered;

typedef struct mw_pg mw_pg;

/* Rows of numbers that come as one value of 8 bytes a number: for 100,000 rows what the server and
 * libpq do for each of them takes longer than to find them. */
typedef struct mw_pg_packed {
    mw_sq_id id;
    const char *sql;
    int columns;
    int nullable, mark; /* NULL where the column `mark`, else never negative, came as -1 - x; -1 */
} mw_pg_packed;

typedef struct mw_pg_statement {
    mw_sq_statement head;
    mw_pg *owner;
    mw_pg_text text; /* text.sql NULL = not translated yet */
    bool deferred;
    int number; /* the table whose next number is the last parameter, -1 */
    int forget; /* the table whose next number is not known after it, -1 */
    /* Prepared once for each set of declared types. */
    uint8_t type[MW_PG_VARIANTS_MAX][MW_PG_PARAMS_MAX];
    int variants;
    PGresult *result;
    int row, end;               /* of the rows that it gives */
    const mw_pg_packed *packed; /* NULL: the rows are those of the result */
    bool lent;                  /* the result belongs to mw_pg_ahead */
    bool busy;
} mw_pg_statement;

/* Chunks of several channels of one day: what was asked with one statement. */
typedef struct mw_pg_ahead_group {
    size_t first, end; /* of the keys */
    unsigned command;  /* how many were sent before it */
    PGresult *result;
} mw_pg_ahead_group;

/* Chunks that will be asked for in this order. */
typedef struct mw_pg_ahead {
    size_t n, next, groups;
    mw_day_key key[MW_SQ_AHEAD_MAX];
    PGresult *result[MW_SQ_AHEAD_MAX]; /* NULL = there is none */
    int row[MW_SQ_AHEAD_MAX];
    mw_pg_ahead_group group[MW_SQ_AHEAD_MAX];
} mw_pg_ahead;

struct mw_pg {
    mw_sq sq;
    char *url, *password_file;
    bool read_only, alone;
    PGconn *conn;
    mw_pg_statement statement[MW_SQ_COUNT];
    unsigned queued;  /* commands sent whose results were not read */
    mw_status failed; /* why the open transaction cannot go on */
    bool any_failure; /* since the statements were prepared: some may not be */
    bool wrote;
    int64_t changed, last_id;
    int64_t generation, own; /* of mw_writer; how many of its steps were made here */
    mw_pg_numbered numbered[MW_PG_NUMBERED_MAX];
    int numbered_n;
    int64_t *days; /* with a partition, ascending */
    size_t days_n, days_max;
    bool days_known;
    int64_t newest_used; /* partition written to by this handle */
    bool prune;          /* chunks were deleted: the oldest partitions may be empty */
    mw_pg_ahead ahead;
    int64_t day_statement[MW_PG_DAY_STATEMENTS]; /* whose day it is prepared for; INT64_MIN: none */
    bool fresh;  /* a snapshot was asked for and nothing was read in it yet */
    bool unread; /* the end mark of a snapshot is still to be read */
};

static inline mw_pg *mw_pg_of(mw_sq *q) {
    return (mw_pg *)(void *)q;
}

/* postgres_statements.c */
mw_status mw_pg_bind(mw_sq *q, mw_sq_id id, const mw_sq_value *values, size_t n,
                     mw_sq_statement **out_statement);
mw_status mw_pg_step(mw_sq_statement *st);
void mw_pg_reset(mw_sq_statement *st);
mw_status mw_pg_run(mw_sq *q, mw_sq_id id, const mw_sq_value *values, size_t n);
int mw_pg_columns(mw_sq_statement *st);
mw_sq_type mw_pg_type_at(mw_sq_statement *st, int column);
int64_t mw_pg_get_int(mw_sq_statement *st, int column);
mw_slice mw_pg_get_blob(mw_sq_statement *st, int column);
const char *mw_pg_text_at(mw_sq_statement *st, int column);
mw_status mw_pg_query(mw_sq *q, const char *sql, mw_sq_statement **out_statement);
void mw_pg_close_query(mw_sq_statement *st);
void mw_pg_statements_free(mw_pg *p);
/* What was prepared is not any more; and the same after a failure, when nobody knows what was. */
void mw_pg_statements_forget(mw_pg *p);
MW_NODISCARD mw_status mw_pg_statements_renew(mw_pg *p);

/* postgres_ahead.c */
mw_status mw_pg_read_begin(mw_sq *q);
MW_NODISCARD mw_status mw_pg_snapshot(mw_pg *p);
/* Reads what an ended snapshot left, before the results of what was sent since. */
MW_NODISCARD mw_status mw_pg_unread_skip(mw_pg *p);
mw_status mw_pg_read_end(mw_sq *q);
mw_status mw_pg_chunks_ahead(mw_sq *q, const mw_day_key *key, size_t n);
/* Gives CHUNK_GET of this key its row when it was asked ahead. */
bool mw_pg_ahead_take(mw_pg *p, mw_pg_statement *st, const mw_day_key *key);
/* A chunk is written: what was asked ahead of it does not hold any more. */
void mw_pg_ahead_written(mw_pg *p, const mw_day_key *key);
void mw_pg_ahead_drop(mw_pg *p);

/* postgres_queue.c: sends one command without values; reads the results of all that was sent. Of
 * the last of them *out_last is the result, if it is wanted and the status is MW_OK (PQclear). */
MW_NODISCARD mw_status mw_pg_send(mw_pg *p, const char *sql);
MW_NODISCARD mw_status mw_pg_sent(mw_pg *p, int ok);
MW_NODISCARD mw_status mw_pg_drain(mw_pg *p, PGresult **out_last);
/* The first column of the first row of a query; MW_NOT_FOUND without a row. */
MW_NODISCARD mw_status mw_pg_ask(mw_pg *p, const char *sql, int64_t *out_number);
MW_NODISCARD mw_status mw_pg_result_status(const PGresult *r);
int64_t mw_pg_number_at(const PGresult *r, int row, int column);
/* One or more statements, translated or as they are. */
MW_NODISCARD mw_status mw_pg_exec(mw_sq *q, const char *sql);
MW_NODISCARD mw_status mw_pg_exec_plain(mw_pg *p, const char *sql);

/* postgres_schema.c */
MW_NODISCARD mw_status mw_pg_bootstrap(mw_pg *p);
mw_status mw_pg_define(mw_sq *q, const char *sql);
mw_status mw_pg_table_exists(mw_sq *q, const char *table, bool *out_exists);
MW_NODISCARD mw_status mw_pg_numbered_load(mw_pg *p);
int mw_pg_numbered_find(const mw_pg *p, const char *table);
MW_NODISCARD mw_status mw_pg_next(mw_pg *p, int table, int64_t *out_number);
/* Gives an INSERT of a numbered table its number: as the parameter after the last one (returns the
 * table), or out of the table itself (-1; *out_forget is the table then). */
MW_NODISCARD mw_status mw_pg_number(mw_pg *p, mw_pg_text *t, int *out_number, int *out_forget);
MW_NODISCARD mw_status mw_pg_numbers_keep(mw_pg *p);

/* postgres_days.c: makes the partition of a day if there is none, with some days ahead when it is the
 * newest; those of a list of
 * at most MW_PG_DAYS_MAX days; drops the oldest that are empty, if that goes at once. */
MW_NODISCARD mw_status mw_pg_day_ensure(mw_pg *p, int64_t day);
MW_NODISCARD mw_status mw_pg_days_ensure(mw_pg *p, const int64_t *day, size_t n);
void mw_pg_days_prune(mw_pg *p);
/* Whether the day has a partition; its name. In a transaction. */
MW_NODISCARD mw_status mw_pg_day_exists(mw_pg *p, int64_t day, bool *out_exists);
void mw_pg_day_name(int64_t day, char out[MW_PG_DAY_NAME_MAX]);
/* Everything remembered of the database's state is asked for again. */
void mw_pg_forget(mw_pg *p);

/* postgres_connect.c */
MW_NODISCARD mw_status mw_pg_connect(mw_pg *p, char *why, size_t why_size);
/* One more connection to the same database, out of pipeline mode (PQfinish). */
MW_NODISCARD mw_status mw_pg_dial(const mw_pg *p, PGconn **out_conn);
/* Connects again when the connection is gone and no transaction is open. */
MW_NODISCARD mw_status mw_pg_revive(mw_pg *p);
bool mw_pg_lost(const mw_pg *p);

#endif
