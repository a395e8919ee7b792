/* SPDX-License-Identifier: Apache-2.0
 *
 * The SQL of the stores (sql_driver.h) in PostgreSQL's words. Pure text work.
 */
#ifndef MW_PLATFORM_STORE_POSTGRES_TEXT_H
#define MW_PLATFORM_STORE_POSTGRES_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

enum { MW_PG_PARAMS_MAX = 56, MW_PG_NAME_MAX = 64 };

typedef struct mw_pg_text {
    char *sql;                     /* free() */
    int params;                    /* the highest ?N */
    bool used[MW_PG_PARAMS_MAX];   /* [N - 1] */
    bool tested[MW_PG_PARAMS_MAX]; /* ?N IS NULL: says nothing about its type, so somebody must */
    bool inserts, changes;         /* INSERT; any of INSERT, UPDATE, DELETE */
    bool deletes;
    bool upsert;                  /* ON CONFLICT */
    bool selects;                 /* INSERT .. SELECT */
    char table[MW_PG_NAME_MAX];   /* of INSERT INTO and DELETE FROM, else "" */
    size_t columns_at, columns_n; /* in sql: what is between ( and ) of INSERT INTO t( ) */
    size_t values_at;             /* in sql: after VALUES( or after SELECT */
} mw_pg_text;

/* One statement. MW_NOMEM; MW_LIMIT: too many parameters. */
MW_NODISCARD mw_status mw_pg_translate(const char *sql, size_t n, mw_pg_text *out_text);

/* Where the statement that begins at sql ends: its ; or the end of the text. */
size_t mw_pg_statement_length(const char *sql);

/* Whether a column is among those of the INSERT. */
bool mw_pg_names_column(const mw_pg_text *text, const char *column);

/* Adds a column and an expression for it to the INSERT. MW_NOMEM. */
MW_NODISCARD mw_status mw_pg_add_column(mw_pg_text *text, const char *column,
                                        const char *expression);

/* Of CREATE TABLE: the table and the column that numbers its rows ("" when none does), and whether
 * it is AUTOINCREMENT. False for any other statement. */
bool mw_pg_numbered_column(const char *sql, size_t n, char out_table[MW_PG_NAME_MAX],
                           char out_column[MW_PG_NAME_MAX], bool *out_kept);

/* ALTER TABLE a RENAME TO b, and DROP TABLE a (b is "" then). False for any other statement. */
bool mw_pg_table_goes(const char *sql, size_t n, char out_from[MW_PG_NAME_MAX],
                      char out_to[MW_PG_NAME_MAX]);

#endif
