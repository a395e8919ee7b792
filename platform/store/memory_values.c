/* SPDX-License-Identifier: Apache-2.0
 *
 * The memory store: reports, layers, locks, changes, findings and suspense, each by going through
 * all there is.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/store/memory_internal.h"

#define DAY_US (MW_DAY_S * MW_US_PER_S)

static int64_t end_us(const mw_store_interval *r) {
    return r->start.us + (int64_t)r->seconds * MW_US_PER_S;
}

mw_status mw_mem_change(mw_mem *m, const mw_store_change *c) {
    mw_store_change row = *c;
    row.id = ++m->now.change_id;
    return mw_mem_add(m, &m->now.changes, &row);
}

/* --- reports ----------------------------------------------------------------------------------- */

static mw_status run_append(mw_store *s, int64_t tenant, int64_t channel,
                            const mw_store_interval *rows, size_t n) {
    mw_mem *m = mw_mem_of(s);
    uint8_t chunk[MW_CHUNK_BYTES_MAX];
    size_t size;
    if (n == 0)
        return MW_RANGE;
    int64_t day = mw_layer_day_of(rows[0].start);
    MW_TRY(mw_chunk_encode(day, rows, n, MW_SPAN_OF(chunk), &size)); /* the same rows are refused */
    mw_mem_report r = {.tenant = tenant, .channel = channel, .day = day, .run = ++m->now.runs};
    for (size_t i = 0; i < n; i++) {
        r.row = rows[i];
        r.row.received = mw_utc_of_s(mw_utc_floor_s(rows[i].received));
        MW_TRY(mw_mem_add(m, &m->now.reports, &r));
    }
    return MW_OK;
}

size_t mw_mem_day(mw_mem *m, int64_t tenant, int64_t channel, int64_t day, int64_t journal) {
    size_t n = 0;
    MW_MEM_EACH(mw_mem_report, r, m->now.reports) {
        mw_store_interval loser;
        if (r->tenant == tenant && r->channel == channel && r->day == day &&
            r->row.journal <= journal)
            (void)mw_chunk_merge(m->rows, &n, &r->row, &loser);
    }
    return n;
}

size_t mw_mem_folded_day(mw_mem *m, int64_t tenant, int64_t channel, int64_t day) {
    size_t n = 0;
    MW_MEM_EACH(mw_mem_report, r, m->now.reports) {
        mw_store_interval loser;
        if (r->tenant == tenant && r->channel == channel && r->day == day && r->folded)
            (void)mw_chunk_merge(m->rows, &n, &r->row, &loser);
    }
    return n;
}

/* A value that another one displaced is kept once, and a sign says so. */
static mw_status conflict_keep(mw_mem *m, const mw_mem_report *r, const mw_store_interval *loser) {
    mw_mem_conflict own = {.tenant = r->tenant, .channel = r->channel, .row = *loser};
    mw_store_sign sign = {.tenant = r->tenant,
                          .kind = "value_conflict",
                          .text = "two reports give different values for the same interval",
                          .last_at = loser->received,
                          .count = 1,
                          .from_decode = true};
    MW_MEM_EACH(mw_mem_conflict, o, m->now.conflicts)
    if (o->tenant == own.tenant && o->channel == own.channel &&
        o->row.start.us == loser->start.us && o->row.seconds == loser->seconds &&
        o->row.value == loser->value && o->row.journal == loser->journal)
        return MW_OK;
    (void)snprintf(sign.subject, sizeof sign.subject, "channel/%lld", (long long)r->channel);
    MW_TRY(mw_mem_add(m, &m->now.conflicts, &own));
    return m->ops.sign_raise(&m->base, &sign);
}

static mw_status fold_day(mw_mem *m, const mw_mem_report *first, int64_t last_run) {
    mw_store_change c = {
        .tenant = first->tenant, .channel = first->channel, .from = {INT64_MAX}, .to = {INT64_MIN}};
    int64_t day = first->day;
    size_t n = 0;
    MW_MEM_EACH(mw_mem_report, r, m->now.reports) {
        mw_store_interval loser;
        if (r->tenant != c.tenant || r->channel != c.channel || r->day != day || r->run > last_run)
            continue;
        mw_chunk_merge_result result = mw_chunk_merge(m->rows, &n, &r->row, &loser);
        if (r->folded)
            continue;
        r->folded = true;
        if (result == MW_MERGE_KEPT || result == MW_MERGE_REPLACED)
            MW_TRY(conflict_keep(m, r, &loser));
        if (result == MW_MERGE_NEW || result == MW_MERGE_REPLACED) {
            c.from.us = r->row.start.us < c.from.us ? r->row.start.us : c.from.us;
            c.to.us = end_us(&r->row) > c.to.us ? end_us(&r->row) : c.to.us;
        }
    }
    return c.from.us < c.to.us ? mw_mem_change(m, &c) : MW_OK;
}

static int day_order(const mw_mem_report *a, const mw_mem_report *b) {
    if (a->tenant != b->tenant)
        return a->tenant < b->tenant ? -1 : 1;
    if (a->day != b->day)
        return a->day < b->day ? -1 : 1;
    return (a->channel > b->channel) - (a->channel < b->channel);
}

static mw_status fold(mw_store *s, uint32_t max_rows, uint32_t *out_rows) {
    mw_mem *m = mw_mem_of(s);
    int64_t last_run = 0;
    uint32_t runs = 0;
    if (!m->in_transaction)
        return MW_STATE;
    if (max_rows == 0 || max_rows > MW_STORE_FOLD_MAX)
        return MW_RANGE;
    MW_MEM_EACH(mw_mem_report, r, m->now.reports)
    if (!r->folded && r->run > last_run && runs < max_rows) {
        last_run = r->run;
        runs++;
    }
    for (;;) { /* the least channel's day that is not folded */
        const mw_mem_report *least = NULL;
        MW_MEM_EACH(mw_mem_report, r, m->now.reports)
        if (!r->folded && r->run <= last_run && (least == NULL || day_order(r, least) < 0))
            least = r;
        if (least == NULL)
            break;
        MW_TRY(fold_day(m, least, last_run));
    }
    *out_rows = runs;
    return MW_OK;
}

static mw_status hot_rows(mw_store *s, int64_t *out_n) {
    int64_t last = 0;
    *out_n = 0;
    MW_MEM_EACH(mw_mem_report, r, mw_mem_of(s)->now.reports)
    if (!r->folded && r->run != last) {
        last = r->run;
        (*out_n)++;
    }
    return MW_OK;
}

/* The days that can hold anything. */
static void days_of(mw_mem *m, mw_utc from, mw_utc to, int64_t *first, int64_t *end) {
    int64_t low = INT64_MAX, high = INT64_MIN;
    MW_MEM_EACH(mw_mem_report, r, m->now.reports) {
        low = r->day < low ? r->day : low;
        high = r->day > high ? r->day : high;
    }
    MW_MEM_EACH(mw_store_revision, r, m->now.revisions) {
        int64_t day = mw_layer_day_of(r->from);
        low = day < low ? day : low;
        high = day > high ? day : high;
    }
    int64_t a = mw_layer_day_of(from), b = mw_layer_day_of((mw_utc){to.us - 1});
    *first = a > low ? a : low;
    *end = (b < high ? b : high) + 1;
}

static mw_status intervals(mw_store *s, int64_t tenant, int64_t channel, mw_utc from, mw_utc to,
                           mw_store_on_interval each, void *ctx) {
    mw_mem *m = mw_mem_of(s);
    int64_t day, end;
    if (from.us >= to.us)
        return MW_OK;
    days_of(m, from, to, &day, &end);
    for (; day < end; day++) {
        size_t n = mw_mem_day(m, tenant, channel, day, INT64_MAX);
        for (size_t i = 0; i < n; i++)
            if (m->rows[i].start.us >= from.us && m->rows[i].start.us < to.us)
                MW_TRY(each(ctx, channel, &m->rows[i]));
    }
    return MW_OK;
}

/* --- layers ------------------------------------------------------------------------------------ */

static mw_status value_revise(mw_store *s, const mw_store_revision *r, int64_t *out_id) {
    mw_mem *m = mw_mem_of(s);
    mw_store_revision row = *r;
    MW_TRY(mw_revision_check(r));
    row.id = (int64_t)m->now.revisions.n + 1;
    row.rows = mw_mem_keep(m, r->rows, r->n * sizeof *r->rows);
    row.prediction =
        r->prediction == NULL ? NULL : mw_mem_keep(m, r->prediction, r->n * sizeof *r->prediction);
    MW_TRY(mw_mem_add(m, &m->now.revisions, &row));
    *out_id = row.id;
    mw_store_change c = {.tenant = r->tenant,
                         .channel = r->channel,
                         .layer = r->layer,
                         .from = r->from,
                         .to = r->to};
    return mw_mem_change(m, &c);
}

typedef struct view {
    mw_mem *m;
    const mw_store_values_query *q;
    int64_t day, journal, revision, at; /* bounds of the layers below the final one */
} view;

static bool seen(const view *v, const mw_store_revision *r, mw_layer layer) {
    return r->tenant == v->q->tenant && r->channel == v->q->channel && r->layer == layer &&
           mw_layer_day_of(r->from) == v->day && r->at.us <= v->at &&
           (layer == MW_LAYER_FINAL || r->id <= v->revision);
}

/* A newer revision of the layer says something about a part of [from, to). */
static bool newer(const view *v, mw_layer layer, int64_t id, int64_t from, int64_t to) {
    MW_MEM_EACH(mw_store_revision, r, v->m->now.revisions)
    if (seen(v, r, layer) && r->id > id && r->from.us < to && r->to.us > from)
        return true;
    return false;
}

/* Of some moment of [from, to) the layer's newest revision gives values. */
static bool decided(const view *v, mw_layer layer, int64_t from, int64_t to) {
    MW_MEM_EACH(mw_store_revision, edge, v->m->now.revisions) {
        if (!seen(v, edge, layer) || edge->from.us >= to || edge->to.us <= from)
            continue;
        /* What counts changes only where revisions begin and end. */
        int64_t moments[3] = {from, edge->from.us, edge->to.us};
        for (int i = 0; i < 3; i++) {
            const mw_store_revision *newest = NULL;
            if (moments[i] < from || moments[i] >= to)
                continue;
            MW_MEM_EACH(mw_store_revision, r, v->m->now.revisions)
            if (seen(v, r, layer) && r->from.us <= moments[i] && r->to.us > moments[i])
                newest = r;
            if (newest != NULL && newest->kind == MW_REVISION_SET)
                return true;
        }
    }
    return false;
}

static int value_order(const void *pa, const void *pb) {
    const mw_store_value *a = pa, *b = pb;
    return (a->interval.start.us > b->interval.start.us) -
           (a->interval.start.us < b->interval.start.us);
}

/* Lays one layer over what `list` shows. */
static size_t lay_over(const view *v, mw_layer layer, mw_store_value *list, size_t n) {
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (layer == MW_LAYER_RAW ||
            !decided(v, layer, list[i].interval.start.us, end_us(&list[i].interval)))
            list[kept++] = list[i];
    size_t below = kept;
    MW_MEM_EACH(mw_store_revision, r, v->m->now.revisions) {
        for (size_t i = 0; seen(v, r, layer) && i < r->n; i++) {
            const mw_store_interval *row = &r->rows[i];
            bool hidden = newer(v, layer, r->id, row->start.us, end_us(row));
            for (size_t k = 0; k < below && !hidden; k++)
                hidden = list[k].interval.start.us < end_us(row) &&
                         end_us(&list[k].interval) > row->start.us;
            if (hidden)
                continue;
            mw_store_value *out = &list[kept++];
            *out = (mw_store_value){.interval = *row,
                                    .layer = layer,
                                    .revision = r->id,
                                    .has_prediction = r->prediction != NULL};
            out->interval.received = mw_utc_of_s(mw_utc_floor_s(r->at));
            out->interval.journal = 0;
            if (r->prediction != NULL)
                out->prediction = r->prediction[i];
        }
    }
    qsort(list, kept, sizeof *list, value_order);
    return kept;
}

static mw_status day_give(view *v, mw_utc from, mw_utc to, mw_store_on_value each, void *ctx) {
    mw_store_value *list = calloc((size_t)2 * MW_CHUNK_VALUES_MAX, sizeof *list);
    if (list == NULL)
        return MW_NOMEM;
    size_t n = mw_mem_day(v->m, v->q->tenant, v->q->channel, v->day, v->journal);
    for (size_t i = 0; i < n; i++)
        list[i] = (mw_store_value){.interval = v->m->rows[i], .layer = MW_LAYER_RAW};
    for (int layer = MW_LAYER_RAW; layer <= (int)v->q->layer; layer++)
        n = lay_over(v, (mw_layer)layer, list, n);
    mw_status status = MW_OK;
    for (size_t i = 0; i < n && status == MW_OK; i++)
        if (list[i].interval.start.us >= from.us && list[i].interval.start.us < to.us)
            status = each(ctx, &list[i]);
    free(list);
    return status;
}

/* The lock that holds a moment, if it was known. */
static const mw_store_lock *lock_at(mw_mem *m, const mw_store_values_query *q, int64_t us,
                                    int64_t known, int64_t *next) {
    const mw_store_lock *found = NULL;
    MW_MEM_EACH(mw_store_lock, k, m->now.locks) {
        if (k->tenant != q->tenant || k->channel != q->channel || k->at.us > known)
            continue;
        if (k->from.us <= us && us < k->to.us)
            found = k;
        if (k->from.us > us && k->from.us < *next)
            *next = k->from.us;
        if (k->to.us > us && k->to.us < *next)
            *next = k->to.us;
    }
    return found;
}

static mw_status values(mw_store *s, const mw_store_values_query *q, mw_store_on_value each,
                        void *ctx) {
    mw_mem *m = mw_mem_of(s);
    view now = {.m = m, .q = q, .journal = INT64_MAX, .revision = INT64_MAX, .at = INT64_MAX};
    int64_t day, end;
    if ((unsigned)q->layer >= MW_LAYERS)
        return MW_RANGE;
    if (q->from.us >= q->to.us)
        return MW_OK;
    if (!mw_utc_is_none(q->as_of)) {
        now.at = q->as_of.us;
        MW_TRY(s->ops->journal_at(s, q->as_of, &now.journal));
    }
    days_of(m, q->from, q->to, &day, &end);
    for (; day < end; day++) {
        int64_t at = day * DAY_US > q->from.us ? day * DAY_US : q->from.us;
        int64_t stop = (day + 1) * DAY_US < q->to.us ? (day + 1) * DAY_US : q->to.us;
        while (at < stop) {
            view v = now;
            int64_t next = stop;
            const mw_store_lock *k =
                q->layer == MW_LAYER_FINAL ? lock_at(m, q, at, now.at, &next) : NULL;
            v.day = day;
            if (k != NULL) {
                v.journal = k->journal;
                v.revision = k->revision;
            }
            MW_TRY(day_give(&v, (mw_utc){at}, (mw_utc){next}, each, ctx));
            at = next;
        }
    }
    return MW_OK;
}

static mw_status revisions(mw_store *s, int64_t tenant, int64_t channel, mw_layer layer,
                           mw_utc from, mw_utc to, int64_t before, uint32_t limit,
                           mw_store_on_revision each, void *ctx) {
    mw_mem_list *l = &mw_mem_of(s)->now.revisions;
    const mw_store_revision *list = l->p;
    if (limit == 0 || limit > MW_STORE_PAGE_MAX || from.us >= to.us)
        return MW_RANGE;
    for (size_t i = l->n; i > 0 && limit > 0; i--) {
        const mw_store_revision *r = &list[i - 1];
        if (r->tenant != tenant || r->channel != channel ||
            (layer != MW_LAYERS && r->layer != layer) || r->from.us >= to.us ||
            r->to.us <= from.us || (before != 0 && r->id >= before))
            continue;
        limit--;
        MW_TRY(each(ctx, r));
    }
    return MW_OK;
}

/* --- locks, changes, suspense ------------------------------------------------------------------ */

static mw_status lock_put(mw_store *s, const mw_store_lock *k, int64_t *out_id) {
    mw_mem *m = mw_mem_of(s);
    if (k->from.us >= k->to.us || mw_utc_is_none(k->at))
        return MW_RANGE;
    MW_MEM_EACH(mw_store_lock, old, m->now.locks)
    if (old->tenant == k->tenant && old->channel == k->channel && old->from.us < k->to.us &&
        old->to.us > k->from.us)
        return MW_CONFLICT;
    mw_store_lock row = *k;
    row.id = *out_id = (int64_t)m->now.locks.n + 1;
    row.journal = (int64_t)m->now.journal.n;
    row.revision = (int64_t)m->now.revisions.n;
    return mw_mem_add(m, &m->now.locks, &row);
}

mw_status mw_mem_locks(mw_store *s, int64_t tenant, int64_t channel, mw_utc from, mw_utc to,
                       mw_store_on_lock each, void *ctx) {
    for (int64_t last = INT64_MIN;;) {
        const mw_store_lock *least = NULL;
        MW_MEM_EACH(mw_store_lock, k, mw_mem_of(s)->now.locks)
        if (k->tenant == tenant && k->channel == channel && k->from.us > last &&
            k->from.us < to.us && k->to.us > from.us &&
            (least == NULL || k->from.us < least->from.us))
            least = k;
        if (least == NULL)
            return MW_OK;
        last = least->from.us;
        MW_TRY(each(ctx, least));
    }
}

static mw_status change_add(mw_store *s, const mw_store_change *c) {
    return mw_mem_change(mw_mem_of(s), c);
}

static mw_status changes(mw_store *s, int64_t after, uint32_t limit, mw_store_on_change each,
                         void *ctx) {
    MW_MEM_EACH(mw_store_change, c, mw_mem_of(s)->now.changes)
    if (c->id > after && limit-- > 0)
        MW_TRY(each(ctx, c));
    return MW_OK;
}

static mw_status suspense_settle(mw_store *s, int64_t tenant, int64_t channel, mw_utc from,
                                 mw_utc to, const mw_store_suspense *rows, size_t n) {
    mw_mem *m = mw_mem_of(s);
    mw_store_suspense *list = m->now.suspense.p;
    size_t kept = 0;
    for (size_t i = 0; i < m->now.suspense.n; i++)
        if (list[i].tenant != tenant || list[i].channel != channel || list[i].from.us >= to.us ||
            list[i].to.us <= from.us)
            list[kept++] = list[i];
    m->now.suspense.n = kept;
    for (size_t i = 0; i < n; i++) {
        mw_store_suspense row = rows[i];
        row.tenant = tenant;
        row.channel = channel;
        MW_TRY(mw_mem_add(m, &m->now.suspense, &row));
    }
    return MW_OK;
}

static int suspense_order(const void *pa, const void *pb) {
    const mw_store_suspense *a = pa, *b = pb;
    return (a->from.us > b->from.us) - (a->from.us < b->from.us);
}

static mw_status suspense_list(mw_store *s, int64_t tenant, int64_t channel, mw_utc from, mw_utc to,
                               mw_store_on_suspense each, void *ctx) {
    mw_mem *m = mw_mem_of(s);
    if (m->now.suspense.n > 0)
        qsort(m->now.suspense.p, m->now.suspense.n, sizeof(mw_store_suspense), suspense_order);
    MW_MEM_EACH(mw_store_suspense, r, m->now.suspense)
    if (r->tenant == tenant && r->channel == channel && r->from.us < to.us && r->to.us > from.us)
        MW_TRY(each(ctx, r));
    return MW_OK;
}

static mw_status suspense_sum(mw_store *s, int64_t tenant, int64_t channel, int64_t *out_sum) {
    *out_sum = 0;
    MW_MEM_EACH(mw_store_suspense, r, mw_mem_of(s)->now.suspense)
    if (r->tenant == tenant && r->channel == channel)
        *out_sum += r->suspense;
    return MW_OK;
}

static mw_status changes_prune(mw_store *s, int64_t through) {
    mw_mem *m = mw_mem_of(s);
    MW_MEM_EACH(mw_mem_name, c, m->now.cursors)
    if (strncmp(c->name, "follow/", 7) == 0 && strncmp(c->name, "follow/readings/", 16) != 0 &&
        c->at < through)
        through = c->at;
    mw_store_change *list = m->now.changes.p;
    size_t kept = 0;
    for (size_t i = 0; i < m->now.changes.n; i++)
        if (list[i].id > through)
            list[kept++] = list[i];
    m->now.changes.n = kept;
    return m->in_transaction ? MW_OK : MW_STATE;
}

static mw_status revisions_of_action(mw_store *s, int64_t tenant, mw_reason reason, int64_t action,
                                     mw_store_on_revision each, void *ctx) {
    MW_MEM_EACH(mw_store_revision, r, mw_mem_of(s)->now.revisions) {
        mw_store_revision row = {.id = r->id,
                                 .tenant = tenant,
                                 .channel = r->channel,
                                 .layer = r->layer,
                                 .kind = r->kind,
                                 .from = r->from,
                                 .to = r->to,
                                 .reason = reason,
                                 .action = action};
        if (r->tenant == tenant && r->reason == reason && r->action == action && action != 0)
            MW_TRY(each(ctx, &row));
    }
    return MW_OK;
}

/* Of every channel, day by day. */
static mw_status intervals_all(mw_store *s, int64_t tenant, mw_utc from, mw_utc to,
                               mw_store_on_interval each, void *ctx) {
    mw_mem *m = mw_mem_of(s);
    int64_t day, end;
    if (from.us >= to.us)
        return MW_OK;
    days_of(m, from, to, &day, &end);
    for (; day < end; day++)
        for (int64_t last = INT64_MIN;;) {
            const mw_mem_report *least = NULL;
            mw_utc start = {day * DAY_US}, stop = {(day + 1) * DAY_US};
            MW_MEM_EACH(mw_mem_report, r, m->now.reports)
            if (r->tenant == tenant && r->day == day && r->channel > last &&
                (least == NULL || r->channel < least->channel))
                least = r;
            if (least == NULL)
                break;
            last = least->channel;
            start = start.us > from.us ? start : from;
            stop = stop.us < to.us ? stop : to;
            MW_TRY(intervals(s, tenant, last, start, stop, each, ctx));
        }
    return MW_OK;
}

void mw_mem_value_ops(mw_store_ops *ops) {
    ops->revisions_of_action = revisions_of_action;
    ops->intervals_all = intervals_all;
    ops->run_append = run_append;
    ops->fold = fold;
    ops->hot_rows = hot_rows;
    ops->intervals = intervals;
    ops->value_revise = value_revise;
    ops->values = values;
    ops->revisions = revisions;
    ops->lock_put = lock_put;
    ops->locks = mw_mem_locks;
    ops->change_add = change_add;
    ops->changes = changes;
    ops->changes_prune = changes_prune;
    ops->suspense_settle = suspense_settle;
    ops->suspense_list = suspense_list;
    ops->suspense_sum = suspense_sum;
}
