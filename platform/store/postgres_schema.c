/* SPDX-License-Identifier: Apache-2.0
 *
 * What PostgreSQL needs beside the tables of the schema: the writer's row and numbers of rows.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "platform/store/postgres_internal.h"

/* mw_writer: grows with every transaction that wrote, so a handle sees that another one did.
 * mw_numbers: which column numbers a table's rows; at = the highest number ever given, of tables
 * that never give one twice. mw_days: the days with a partition. */
static mw_status bootstrap_work(mw_pg *p) {
    /* Shifts by a bigint are what SQLite has and PostgreSQL has not. */
    static const char *const sql[] = {
        ("CREATE TABLE mw_writer(one BIGINT PRIMARY KEY CHECK (one = 1),"
         " generation BIGINT NOT NULL)"),
        "INSERT INTO mw_writer(one, generation) VALUES(1, 1)",
        ("CREATE TABLE mw_numbers(name TEXT PRIMARY KEY, number_column TEXT NOT NULL,"
         " kept BIGINT NOT NULL, at BIGINT NOT NULL)"),
        "CREATE TABLE mw_days(day BIGINT PRIMARY KEY)",
        ("CREATE FUNCTION hex16(BIGINT) RETURNS TEXT LANGUAGE sql IMMUTABLE STRICT"
         " AS 'SELECT lpad(to_hex($1), 16, ''0'')'"),
        ("CREATE FUNCTION shift_right(BIGINT, BIGINT) RETURNS BIGINT LANGUAGE sql IMMUTABLE STRICT"
         " AS 'SELECT $1 >> $2::integer'"),
        "CREATE OPERATOR >> (LEFTARG = BIGINT, RIGHTARG = BIGINT, FUNCTION = shift_right)",
    };
    bool there = false;
    MW_TRY(mw_pg_exec_plain(p, "BEGIN"));
    MW_TRY(mw_pg_exec_plain(p, "SELECT pg_advisory_xact_lock(19799, hashtext(current_schema()))"));
    MW_TRY(mw_pg_table_exists(&p->sq, "mw_writer", &there)); /* another one may have been faster */
    for (size_t i = 0; i < sizeof sql / sizeof sql[0] && !there; i++)
        MW_TRY(mw_pg_exec_plain(p, sql[i]));
    return mw_pg_exec_plain(p, "COMMIT");
}

mw_status mw_pg_bootstrap(mw_pg *p) {
    mw_status s = bootstrap_work(p);
    if (s != MW_OK) {
        mw_status undone = mw_pg_exec_plain(p, "ROLLBACK");
        (void)undone;
    }
    return s;
}

mw_status mw_pg_table_exists(mw_sq *q, const char *table, bool *out_exists) {
    char sql[256];
    int64_t n = 0;
    snprintf(sql, sizeof sql,
             "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
             " WHERE n.nspname = current_schema() AND c.relname = '%s'",
             table);
    MW_TRY(mw_pg_ask(mw_pg_of(q), sql, &n));
    *out_exists = n > 0;
    return MW_OK;
}

/* --- steps of the schema ----------------------------------------------------------------------- */

static mw_status numbered_note(mw_pg *p, const char *table, const char *column, bool kept) {
    char sql[320];
    snprintf(sql, sizeof sql,
             "INSERT INTO mw_numbers(name, number_column, kept, at) VALUES('%s', '%s', %d, 0)"
             " ON CONFLICT(name) DO NOTHING",
             table, column, kept ? 1 : 0);
    return mw_pg_send(p, sql);
}

/* Rows go on being numbered under a table's new name. */
static mw_status numbered_go(mw_pg *p, const char *from, const char *to) {
    char sql[256];
    if (to[0] == 0)
        snprintf(sql, sizeof sql, "DELETE FROM mw_numbers WHERE name = '%s'", from);
    else
        snprintf(sql, sizeof sql, "UPDATE mw_numbers SET name = '%s' WHERE name = '%s'", to, from);
    return mw_pg_send(p, sql);
}

static mw_status text_send(mw_pg *p, const mw_pg_text *t, bool by_day) {
    static const char partitions[] = " PARTITION BY RANGE (day)";
    size_t n = strlen(t->sql) + sizeof partitions;
    char *sql = malloc(n);
    if (sql == NULL)
        return MW_NOMEM;
    snprintf(sql, n, "%s%s", t->sql, by_day ? partitions : "");
    mw_status s = mw_pg_send(p, sql);
    free(sql);
    return s;
}

static mw_status define_one(mw_pg *p, const char *sql, size_t n) {
    char table[MW_PG_NAME_MAX], column[MW_PG_NAME_MAX];
    bool kept = false, creates = mw_pg_numbered_column(sql, n, table, column, &kept);
    mw_pg_text t;
    MW_TRY(mw_pg_translate(sql, n, &t));
    int number = -1, forget = -1;
    mw_status s = MW_OK;
    if (t.inserts) /* a step that fills a table from others */
        s = mw_pg_number(p, &t, &number, &forget);
    mw_assert(number < 0);
    if (s == MW_OK)
        s = text_send(p, &t, creates && strcmp(table, "chunks") == 0);
    free(t.sql);
    if (s == MW_OK && creates && column[0] != 0)
        s = numbered_note(p, table, column, kept);
    if (s == MW_OK && mw_pg_table_goes(sql, n, table, column))
        s = numbered_go(p, table, column);
    return s;
}

mw_status mw_pg_define(mw_sq *q, const char *sql) {
    mw_pg *p = mw_pg_of(q);
    while (*sql != 0) {
        size_t n = mw_pg_statement_length(sql);
        if (strspn(sql, " ;") < n)
            MW_TRY(define_one(p, sql, n));
        sql += n + (sql[n] == ';');
    }
    p->wrote = true;
    MW_TRY(mw_pg_drain(p, NULL));
    return mw_pg_numbered_load(p);
}

/* --- numbers of rows --------------------------------------------------------------------------- */

static void copy_name(char out[MW_PG_NAME_MAX], const PGresult *r, int row, int column) {
    snprintf(out, MW_PG_NAME_MAX, "%s", PQgetvalue(r, row, column));
}

mw_status mw_pg_numbered_load(mw_pg *p) {
    PGresult *r = NULL;
    MW_TRY(mw_pg_send(p, "SELECT name, number_column, kept FROM mw_numbers ORDER BY name"));
    MW_TRY(mw_pg_drain(p, &r));
    mw_assert(PQntuples(r) <= MW_PG_NUMBERED_MAX);
    p->numbered_n = PQntuples(r);
    for (int i = 0; i < p->numbered_n; i++) {
        mw_pg_numbered *t = &p->numbered[i];
        copy_name(t->table, r, i, 0);
        copy_name(t->column, r, i, 1);
        t->kept = mw_pg_number_at(r, i, 2) != 0;
        t->next = 0;
    }
    PQclear(r);
    return MW_OK;
}

int mw_pg_numbered_find(const mw_pg *p, const char *table) {
    for (int i = 0; i < p->numbered_n; i++)
        if (strcmp(p->numbered[i].table, table) == 0)
            return i;
    return -1;
}

mw_status mw_pg_next(mw_pg *p, int table, int64_t *out_number) {
    mw_pg_numbered *t = &p->numbered[table];
    if (t->next == 0) {
        char sql[320];
        int64_t most = 0, at = 0;
        snprintf(sql, sizeof sql, "SELECT coalesce(max(%s), 0) FROM %s", t->column, t->table);
        MW_TRY(mw_pg_ask(p, sql, &most));
        if (t->kept) {
            snprintf(sql, sizeof sql, "SELECT at FROM mw_numbers WHERE name = '%s'", t->table);
            MW_TRY(mw_pg_ask(p, sql, &at));
        }
        t->saved = at;
        t->next = (most > at ? most : at) + 1;
    }
    *out_number = t->next++;
    return MW_OK;
}

mw_status mw_pg_number(mw_pg *p, mw_pg_text *t, int *out_number, int *out_forget) {
    *out_number = *out_forget = -1;
    int table = t->table[0] == 0 ? -1 : mw_pg_numbered_find(p, t->table);
    if (table < 0)
        return MW_OK;
    const mw_pg_numbered *numbered = &p->numbered[table];
    if (t->deletes)
        *out_forget = numbered->kept ? -1 : table;
    if (!t->inserts || mw_pg_names_column(t, numbered->column))
        return MW_OK;
    char expression[256];
    /* A row that may turn out to be there already must not use up a number. */
    if (t->selects || (t->upsert && !numbered->kept)) {
        *out_forget = table;
        snprintf(expression, sizeof expression, "(SELECT coalesce(max(%s), 0) FROM %s) + %s",
                 numbered->column, t->table, t->selects ? "row_number() OVER ()" : "1");
        return mw_pg_add_column(t, numbered->column, expression);
    }
    *out_number = table;
    snprintf(expression, sizeof expression, "$%d", t->params + 1);
    return mw_pg_add_column(t, numbered->column, expression);
}

/* Before a commit: what was given of the numbers that never come twice. */
mw_status mw_pg_numbers_keep(mw_pg *p) {
    for (int i = 0; i < p->numbered_n; i++) {
        mw_pg_numbered *t = &p->numbered[i];
        if (!t->kept || t->next == 0 || t->saved == t->next - 1)
            continue;
        char sql[256];
        snprintf(sql, sizeof sql, "UPDATE mw_numbers SET at = %lld WHERE name = '%s'",
                 (long long)t->next - 1, t->table);
        MW_TRY(mw_pg_send(p, sql));
        t->saved = t->next - 1;
    }
    return MW_OK;
}

void mw_pg_forget(mw_pg *p) {
    for (int i = 0; i < p->numbered_n; i++)
        p->numbered[i].next = 0;
    p->days_known = false;
}
