/* SPDX-License-Identifier: Apache-2.0
 *
 * Reads in one moment, and many chunks for one wait.
 *
 * Chunks are asked of the partitions by their names: to plan a statement about the whole table costs
 * more than to run it, however few days it is about, and for one partition a plan is kept. A
 * partition can only go while nobody has the table locked, so the list of them holds as long as the
 * transaction or the snapshot that it was read in.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/bytes.h"
#include "platform/store/postgres_internal.h"

/* One snapshot for every statement up to the end. The first of them waits for all answers. The lock
 * comes before the snapshot: none of the partitions that it sees is dropped. */
mw_status mw_pg_snapshot(mw_pg *p) {
    p->fresh = true;
    MW_TRY(mw_pg_send(p, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"));
    return mw_pg_send(p, "LOCK TABLE ONLY chunks IN ACCESS SHARE MODE");
}

mw_status mw_pg_read_begin(mw_sq *q) {
    mw_pg *p = mw_pg_of(q);
    MW_TRY(mw_pg_revive(p));
    MW_TRY(mw_pg_statements_renew(p));
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
    if (p->statement[MW_SQ_CHUNK_GET].lent)
        mw_pg_reset(&p->statement[MW_SQ_CHUNK_GET].head);
    for (size_t i = 0; i < a->groups; i++)
        PQclear(a->group[i].result);
    a->n = a->next = a->groups = 0;
}

/* --- asking ------------------------------------------------------------------------------------ */

/* Prepares the look-up in a day's partition; the name of that is in out_name. */
static mw_status day_prepare(mw_pg *p, int64_t day, char out_name[16]) {
    static const Oid types[] = {20, 20, 1016}; /* int8, int8, int8[] */
    unsigned at = (unsigned)((uint64_t)day % MW_PG_DAY_STATEMENTS);
    char sql[256], table[MW_PG_DAY_NAME_MAX];
    snprintf(out_name, 16, "d%u", at);
    if (p->day_statement[at] == day)
        return MW_OK;
    if (p->day_statement[at] != INT64_MIN) {
        snprintf(sql, sizeof sql, "DEALLOCATE %s", out_name);
        MW_TRY(mw_pg_send(p, sql));
    }
    mw_pg_day_name(day, table);
    /* One by one: a planner without statistics reads the whole day for = ANY($3). */
    snprintf(sql, sizeof sql,
             "SELECT c.data, k.channel FROM unnest($3) k(channel) CROSS JOIN LATERAL (SELECT data"
             " FROM %s WHERE tenant = $1 AND day = $2 AND channel = k.channel OFFSET 0) c",
             table);
    MW_TRY(mw_pg_sent(p, PQsendPrepare(p->conn, out_name, sql, 3, types)));
    p->day_statement[at] = day;
    return MW_OK;
}

/* int8[] as it is sent: dimensions, holes, type of elements, how many, from which index. */
static size_t channels_put(const mw_day_key *key, size_t n, mw_span out) {
    mw_writer w = mw_writer_of(out);
    const uint32_t head[] = {1, 0, 20, (uint32_t)n, 1};
    for (size_t i = 0; i < sizeof head / sizeof head[0]; i++)
        mw_write_u32be(&w, head[i]);
    for (size_t i = 0; i < n; i++) {
        mw_write_u32be(&w, 8);
        mw_write_u64be(&w, (uint64_t)key[i].channel);
    }
    mw_assert(w.status == MW_OK);
    return w.at;
}

static mw_status group_ask(mw_pg *p, size_t first, size_t end) {
    mw_pg_ahead *a = &p->ahead;
    const mw_day_key *key = &a->key[first];
    uint8_t bytes[16 + 20 + 12 * MW_SQ_AHEAD_MAX];
    char name[16];
    MW_TRY(day_prepare(p, key->day, name));
    mw_writer w = mw_writer_of((mw_span){bytes, 16});
    mw_write_u64be(&w, (uint64_t)key->tenant);
    mw_write_u64be(&w, (uint64_t)key->day);
    size_t n = channels_put(key, end - first, (mw_span){bytes + 16, sizeof bytes - 16});
    const char *const values[] = {(const char *)bytes, (const char *)bytes + 8,
                                  (const char *)bytes + 16};
    const int lengths[] = {8, 8, (int)n}, formats[] = {1, 1, 1};
    MW_TRY(mw_pg_sent(p, PQsendQueryPrepared(p->conn, name, 3, values, lengths, formats, 1)));
    a->group[a->groups++] =
        (mw_pg_ahead_group){.first = first, .end = end, .command = p->queued - 1};
    return MW_OK;
}

/* Keys of one day whose channels ascend are one question. */
static size_t group_end(const mw_pg_ahead *a, size_t at) {
    const mw_day_key *k = &a->key[at];
    size_t end = at + 1;
    while (end < a->n && a->key[end].tenant == k->tenant && a->key[end].day == k->day &&
           a->key[end].channel > a->key[end - 1].channel)
        end++;
    return end;
}

/* The partitions between two days as the snapshot sees them; inside of a transaction, in which
 * nobody else drops one, they are known. */
static mw_status days_look(mw_pg *p, PGresult **out_days) {
    const mw_pg_ahead *a = &p->ahead;
    int64_t low = a->key[0].day, high = low;
    char sql[128];
    if (p->sq.in_transaction)
        return MW_OK;
    for (size_t i = 1; i < a->n; i++) {
        low = a->key[i].day < low ? a->key[i].day : low;
        high = a->key[i].day > high ? a->key[i].day : high;
    }
    snprintf(sql, sizeof sql,
             "SELECT day FROM mw_days WHERE day BETWEEN %" PRId64 " AND %" PRId64 " ORDER BY day",
             low, high);
    MW_TRY(mw_pg_send(p, sql));
    return mw_pg_drain(p, out_days);
}

static mw_status day_exists(mw_pg *p, const PGresult *days, int64_t day, bool *out_exists) {
    if (days == NULL)
        return mw_pg_day_exists(p, day, out_exists);
    int low = 0, high = PQntuples(days);
    while (low < high) {
        int middle = low + (high - low) / 2;
        if (mw_pg_number_at(days, middle, 0) < day)
            low = middle + 1;
        else
            high = middle;
    }
    *out_exists = low < PQntuples(days) && mw_pg_number_at(days, low, 0) == day;
    return MW_OK;
}

/* What is asked here is asked again and again: the plan is not to be made for each day's first
 * questions anew. */
static mw_status groups_ask(mw_pg *p, const PGresult *days) {
    mw_pg_ahead *a = &p->ahead;
    MW_TRY(mw_pg_send(p, "SET plan_cache_mode = force_generic_plan"));
    for (size_t at = 0; at < a->n;) {
        size_t end = group_end(a, at);
        bool exists = false;
        MW_TRY(day_exists(p, days, a->key[at].day, &exists));
        if (exists)
            MW_TRY(group_ask(p, at, end));
        at = end;
    }
    return mw_pg_send(p, "SET plan_cache_mode = auto");
}

/* --- answers ----------------------------------------------------------------------------------- */

static int key_compare(const void *channel, const void *key) {
    int64_t a = *(const int64_t *)channel, b = ((const mw_day_key *)key)->channel;
    return (a > b) - (a < b);
}

/* The keys of a group ascend by channel, the rows come as they lie. */
static void group_answer(mw_pg_ahead *a, mw_pg_ahead_group *g, PGresult *r) {
    g->result = r;
    for (int row = 0; row < PQntuples(r); row++) {
        int64_t channel = mw_pg_number_at(r, row, 1);
        const mw_day_key *key =
            bsearch(&channel, &a->key[g->first], g->end - g->first, sizeof a->key[0], key_compare);
        mw_assert(key != NULL);
        a->result[key - a->key] = r;
        a->row[key - a->key] = row;
    }
}

/* Among what was sent before. */
static mw_status answers_take(mw_pg *p) {
    mw_pg_ahead *a = &p->ahead;
    mw_status first = mw_pg_unread_skip(p);
    unsigned silent = 0, seen = 0;
    size_t group = 0;
    while (silent < 2) {
        PGresult *r = PQgetResult(p->conn);
        if (r == NULL) {
            silent++;
            continue;
        }
        silent = 0;
        if (PQresultStatus(r) == PGRES_PIPELINE_SYNC) {
            PQclear(r);
            return first == MW_OK && group != a->groups ? MW_IO : first;
        }
        if (first == MW_OK)
            first = mw_pg_result_status(r);
        if (first == MW_OK && group < a->groups && a->group[group].command == seen)
            group_answer(a, &a->group[group++], r);
        else
            PQclear(r);
        seen++;
    }
    return first == MW_OK ? MW_IO : first;
}

static mw_status ahead_work(mw_pg *p) {
    PGresult *days = NULL;
    MW_TRY(days_look(p, &days));
    mw_status s = groups_ask(p, days);
    PQclear(days);
    if (s == MW_OK)
        s = PQpipelineSync(p->conn) == 1 ? answers_take(p) : MW_IO;
    p->queued = 0;
    return s;
}

mw_status mw_pg_chunks_ahead(mw_sq *q, const mw_day_key *key, size_t n) {
    mw_pg *p = mw_pg_of(q);
    mw_pg_ahead *a = &p->ahead;
    mw_assert(n <= MW_SQ_AHEAD_MAX && (q->in_transaction || q->reading > 0));
    mw_pg_ahead_drop(p);
    if (p->failed != MW_OK)
        return p->failed;
    memcpy(a->key, key, n * sizeof key[0]);
    memset(a->result, 0, n * sizeof a->result[0]);
    memset(a->row, 0, n * sizeof a->row[0]);
    a->n = n;
    mw_status s = n == 0 ? MW_OK : ahead_work(p);
    if (s == MW_OK)
        return MW_OK;
    mw_pg_ahead_drop(p);
    p->any_failure = true;
    s = mw_pg_lost(p) ? MW_IO : s;
    if (q->in_transaction)
        p->failed = s;
    return s;
}

static bool same_key(const mw_day_key *a, const mw_day_key *b) {
    return a->channel == b->channel && a->day == b->day && a->tenant == b->tenant;
}

/* What is known already is not asked for: the keys before are skipped then. */
bool mw_pg_ahead_take(mw_pg *p, mw_pg_statement *st, const mw_day_key *key) {
    mw_pg_ahead *a = &p->ahead;
    for (size_t i = a->next; i < a->n; i++) {
        if (!same_key(&a->key[i], key))
            continue;
        a->next = i + 1;
        st->result = a->result[i];
        st->lent = true;
        st->row = a->row[i] - 1;
        st->end = a->row[i] + 1;
        return true;
    }
    mw_pg_ahead_drop(p); /* somebody else's question */
    return false;
}

void mw_pg_ahead_written(mw_pg *p, const mw_day_key *key) {
    const mw_pg_ahead *a = &p->ahead;
    if (a->next > 0 && same_key(&a->key[a->next - 1], key))
        return; /* the one that was just taken, as nearly always */
    for (size_t i = a->next; i < a->n; i++)
        if (same_key(&a->key[i], key)) {
            mw_pg_ahead_drop(p);
            return;
        }
}
