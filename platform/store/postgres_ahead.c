/* SPDX-License-Identifier: Apache-2.0
 *
 * Reads in one moment, and many look-ups for one wait.
 */
#include <string.h>

#include "base/assert.h"
#include "platform/store/postgres_internal.h"

/* One snapshot for every statement up to the end. The first of them waits for both answers. */
mw_status mw_pg_snapshot(mw_pg *p) {
    p->fresh = true;
    return mw_pg_send(p, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
}

mw_status mw_pg_read_begin(mw_sq *q) {
    mw_pg *p = mw_pg_of(q);
    MW_TRY(mw_pg_revive(p));
    return mw_pg_snapshot(p);
}

/* Nobody waits for the answer: it is read before the next one. After a failure COMMIT is a
 * ROLLBACK. */
mw_status mw_pg_read_end(mw_sq *q) {
    mw_pg *p = mw_pg_of(q);
    mw_pg_ahead_drop(p);
    p->fresh = false;
    MW_TRY(mw_pg_send(p, "COMMIT"));
    if (PQpipelineSync(p->conn) != 1)
        return MW_IO;
    p->queued = 0;
    p->unread = true;
    return MW_OK;
}

mw_status mw_pg_unread_skip(mw_pg *p) {
    unsigned silent = 0;
    bool marked = !p->unread;
    p->unread = false;
    while (!marked && silent < 2) {
        PGresult *r = PQgetResult(p->conn);
        silent = r == NULL ? silent + 1 : 0;
        marked = r != NULL && PQresultStatus(r) == PGRES_PIPELINE_SYNC;
        PQclear(r);
    }
    return marked ? MW_OK : MW_IO;
}

void mw_pg_ahead_drop(mw_pg *p) {
    mw_pg_ahead *a = &p->ahead;
    for (; a->next < a->n; a->next++) {
        PQclear(a->result[a->next]);
        a->result[a->next] = NULL;
    }
    a->n = a->next = 0;
}

/* The answers in the order of the questions: at[i] counts what was sent before, none is of ours. */
static mw_status answers_take(mw_pg *p, const unsigned *at, size_t count) {
    mw_pg_ahead *a = &p->ahead;
    mw_status first = mw_pg_unread_skip(p);
    unsigned silent = 0, seen = 0;
    while (silent < 2) {
        PGresult *r = PQgetResult(p->conn);
        if (r == NULL) {
            silent++;
            continue;
        }
        silent = 0;
        if (PQresultStatus(r) == PGRES_PIPELINE_SYNC) {
            PQclear(r);
            return first == MW_OK && a->n != count ? MW_IO : first;
        }
        if (first == MW_OK)
            first = mw_pg_result_status(r);
        if (first == MW_OK && a->n < count && at[a->n] == seen)
            a->result[a->n++] = r;
        else
            PQclear(r);
        seen++;
    }
    return first == MW_OK ? MW_IO : first;
}

mw_status mw_pg_ahead_ask(mw_sq *q, mw_sq_id id, const mw_sq_value *values, size_t n,
                          size_t count) {
    mw_pg *p = mw_pg_of(q);
    mw_pg_ahead *a = &p->ahead;
    unsigned at[MW_PG_AHEAD_MAX];
    mw_assert(count <= MW_PG_AHEAD_MAX && n <= MW_PG_AHEAD_KEYS);
    mw_pg_ahead_drop(p);
    if (p->failed != MW_OK)
        return p->failed;
    mw_status s = MW_OK;
    a->id = id;
    a->keys = n;
    for (size_t i = 0; i < count && s == MW_OK; i++) {
        for (size_t k = 0; k < n; k++) {
            mw_assert(values[i * n + k].type == MW_SQ_INT);
            a->key[i][k] = values[i * n + k].number;
        }
        s = mw_pg_statement_ask(p, id, values + i * n, n);
        at[i] = p->queued - 1;
    }
    if (s == MW_OK)
        s = PQpipelineSync(p->conn) == 1 ? answers_take(p, at, count) : MW_IO;
    p->queued = 0;
    if (s == MW_OK)
        return MW_OK;
    mw_pg_ahead_drop(p);
    p->any_failure = true;
    s = mw_pg_lost(p) ? MW_IO : s;
    if (q->in_transaction)
        p->failed = s;
    return s;
}

PGresult *mw_pg_ahead_take(mw_pg *p, mw_sq_id id, const mw_sq_value *values, size_t n) {
    mw_pg_ahead *a = &p->ahead;
    if (a->next >= a->n || a->id != id)
        return NULL;
    bool same = n == a->keys;
    for (size_t k = 0; k < n && same; k++)
        same = values[k].type == MW_SQ_INT && values[k].number == a->key[a->next][k];
    if (!same) { /* somebody else's question */
        mw_pg_ahead_drop(p);
        return NULL;
    }
    PGresult *r = a->result[a->next];
    a->result[a->next++] = NULL;
    return r;
}
