/* SPDX-License-Identifier: Apache-2.0
 *
 * Commands on their way to PostgreSQL, and what comes back. The connection is in pipeline mode
 * always: a command is sent, its result is read when somebody waits (mw_pg_drain).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "platform/store/postgres_internal.h"

bool mw_pg_lost(const mw_pg *p) {
    return p->conn == NULL || PQstatus(p->conn) == CONNECTION_BAD;
}

/* By SQLSTATE. */
static mw_status status_of_code(const char *code) {
    static const struct {
        const char *prefix;
        mw_status status;
    } map[] = {
        {"23", MW_CONFLICT},  {"53100", MW_SPACE},     {"53200", MW_NOMEM},
        {"53300", MW_AGAIN},  {"55P03", MW_AGAIN},     {"57014", MW_AGAIN},
        {"40", MW_AGAIN},     {"25006", MW_FORBIDDEN}, {"42501", MW_FORBIDDEN},
        {"28", MW_FORBIDDEN}, {"XX001", MW_CORRUPT},   {"XX002", MW_CORRUPT},
        {"54", MW_LIMIT},     {"22021", MW_SYNTAX},    {"22003", MW_RANGE},
    };
    if (code == NULL)
        return MW_IO;
    for (size_t i = 0; i < sizeof map / sizeof map[0]; i++)
        if (strncmp(code, map[i].prefix, strlen(map[i].prefix)) == 0)
            return map[i].status;
    return MW_IO;
}

mw_status mw_pg_result_status(const PGresult *r) {
    switch (PQresultStatus(r)) {
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
    case PGRES_PIPELINE_SYNC:
        return MW_OK;
    default: {
        const char *code = PQresultErrorField(r, PG_DIAG_SQLSTATE);
        /* A typing error in our SQL, found by the first test. */
        bool ours = code != NULL && strncmp(code, "42", 2) == 0 && strcmp(code, "42501") != 0;
        if (ours)
            fprintf(stderr, "postgres: %s\n", PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY));
        mw_assert(!ours);
        return status_of_code(code);
    }
    }
}

mw_status mw_pg_sent(mw_pg *p, int ok) {
    if (ok != 1) {
        p->any_failure = true;
        return MW_IO;
    }
    p->queued++;
    return MW_OK;
}

mw_status mw_pg_send(mw_pg *p, const char *sql) {
    if (mw_pg_lost(p))
        return MW_IO;
    return mw_pg_sent(p, PQsendQueryParams(p->conn, sql, 0, NULL, NULL, NULL, NULL, 1));
}

/* Reads up to the end mark. Each command gives a result and then nothing once; nothing twice means
 * that the connection ended. */
static mw_status results_read(mw_pg *p, PGresult **last) {
    mw_status first = mw_pg_unread_skip(p);
    unsigned silent = 0;
    while (silent < 2) {
        PGresult *r = PQgetResult(p->conn);
        if (r == NULL) {
            silent++;
            continue;
        }
        silent = 0;
        if (PQresultStatus(r) == PGRES_PIPELINE_SYNC) {
            PQclear(r);
            return first;
        }
        if (first == MW_OK)
            first = mw_pg_result_status(r);
        PQclear(*last);
        *last = r;
    }
    return first == MW_OK ? MW_IO : first;
}

mw_status mw_pg_drain(mw_pg *p, PGresult **out_last) {
    PGresult *last = NULL;
    mw_status s = MW_IO;
    if (!mw_pg_lost(p) && PQpipelineSync(p->conn) == 1)
        s = results_read(p, &last);
    p->queued = 0;
    if (s != MW_OK) {
        p->any_failure = true;
        if (mw_pg_lost(p))
            s = MW_IO;
    }
    if (s == MW_OK && out_last != NULL)
        *out_last = last;
    else
        PQclear(last);
    return s;
}

int64_t mw_pg_number_at(const PGresult *r, int row, int column) {
    if (PQgetisnull(r, row, column))
        return 0;
    const uint8_t *p = (const uint8_t *)PQgetvalue(r, row, column);
    int n = PQgetlength(r, row, column);
    uint64_t v = n > 0 && (p[0] & 0x80) && n > 1 ? UINT64_MAX : 0; /* the sign */
    for (int i = 0; i < n && i < 8; i++)
        v = v << 8 | p[i];
    return (int64_t)v;
}

mw_status mw_pg_ask(mw_pg *p, const char *sql, int64_t *out_number) {
    PGresult *r = NULL;
    MW_TRY(mw_pg_send(p, sql));
    MW_TRY(mw_pg_drain(p, &r));
    bool any = PQntuples(r) > 0;
    if (any)
        *out_number = mw_pg_number_at(r, 0, 0);
    PQclear(r);
    return any ? MW_OK : MW_NOT_FOUND;
}

mw_status mw_pg_exec_plain(mw_pg *p, const char *sql) {
    MW_TRY(mw_pg_send(p, sql));
    return mw_pg_drain(p, NULL);
}

mw_status mw_pg_exec(mw_sq *q, const char *sql) {
    mw_pg *p = mw_pg_of(q);
    if (p->failed != MW_OK)
        return p->failed;
    mw_status s = MW_OK;
    while (s == MW_OK && *sql != 0) {
        size_t n = mw_pg_statement_length(sql);
        mw_pg_text t;
        if (strspn(sql, " ;") < n) {
            MW_TRY(mw_pg_translate(sql, n, &t));
            s = mw_pg_send(p, t.sql);
            free(t.sql);
        }
        sql += n + (sql[n] == ';');
    }
    if (s == MW_OK)
        s = mw_pg_drain(p, NULL);
    p->wrote = true;
    for (int i = 0; i < p->numbered_n; i++)
        p->numbered[i].next = 0;
    if (s != MW_OK)
        p->failed = s;
    return s;
}
