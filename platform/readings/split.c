/* SPDX-License-Identifier: Apache-2.0
 *
 * Splitting the interval in which a meter was fitted or taken away, or a multiplier changed, by the
 * reading taken at that moment. The part that belongs is what the register passed up to the next
 * reading, less the whole intervals between; where one of those is missing nothing is split: the
 * difference stays in suspense until they are known.
 */
#include <stdlib.h>
#include <string.h>

#include "platform/readings/settle.h"

#define DAY_US (INT64_C(86400) * MW_US_PER_S)

enum { EDGES_MAX = 256 };

typedef enum edge_side { EDGE_START = 1, EDGE_END = 2, EDGE_BOTH = 3 } edge_side;

typedef struct edge {
    mw_utc at;
    int64_t value;
    edge_side side; /* which side of it belongs */
} edge;

typedef struct splitter {
    mw_store *store;
    int64_t tenant;
    const mw_store_channel *channel;
    mw_utc from, to; /* edges are looked for in here */
    mw_utc now;
    edge list[EDGES_MAX];
    size_t n;
    mw_final_rows raw, seen;
} splitter;

static mw_status edge_add(splitter *s, mw_utc at, int64_t value, edge_side side) {
    if (at.us < s->from.us || at.us > s->to.us)
        return MW_OK;
    if (s->n == EDGES_MAX)
        return MW_LIMIT;
    s->list[s->n++] = (edge){at, value, side};
    return MW_OK;
}

static mw_status on_installation(void *ctx, const mw_store_installation *i) {
    if (i->has_initial_value)
        MW_TRY(edge_add(ctx, i->from, i->initial_value, EDGE_START));
    if (i->has_final_value && !mw_utc_is_none(i->to))
        MW_TRY(edge_add(ctx, i->to, i->final_value, EDGE_END));
    return MW_OK;
}

/* A mark that changes nothing is a reading noted at a change of the multiplier. */
static mw_status on_mark(void *ctx, const mw_store_register_mark *m) {
    return m->before == m->after ? edge_add(ctx, m->at, m->before, EDGE_BOTH) : MW_OK;
}

/* Sums the raw intervals of [from, to); false when one is missing or sticks out. */
static bool whole_sum(const splitter *s, mw_utc from, mw_utc to, int64_t *out_sum) {
    int64_t free_from = from.us;
    *out_sum = 0;
    for (size_t i = 0; i < s->raw.n; i++) {
        const mw_store_interval *r = &s->raw.row[i].interval;
        if (r->start.us < from.us)
            continue;
        if (r->start.us >= to.us)
            break;
        if (r->start.us != free_from || __builtin_add_overflow(*out_sum, r->value, out_sum))
            return false;
        free_from += (int64_t)r->seconds * MW_US_PER_S;
    }
    return free_from == to.us;
}

/* The bounds of the interval around a moment; equal when the moment is itself a boundary. */
static void grid_around(const splitter *s, mw_utc at, mw_utc *out_from, mw_utc *out_to) {
    int64_t grid = (int64_t)s->channel->grid_seconds * MW_US_PER_S;
    int64_t in = (at.us - (int64_t)s->channel->grid_offset_s * MW_US_PER_S) % grid;
    in += in < 0 ? grid : 0;
    out_from->us = at.us - in;
    out_to->us = in == 0 ? at.us : at.us - in + grid;
}

/* From the edge to a reading after it (or before it): the difference, and what of it is not in
 * whole intervals. The reading may be an edge itself, then two parts share the rest by their
 * length, the earlier one rounded down. */
static bool part_to(const splitter *s, const mw_register_line *l, const edge *e, size_t at,
                    size_t k, bool after, int64_t *out_part) {
    mw_utc mine[2], other[2], t = l->reading[k].at;
    grid_around(s, e->at, &mine[0], &mine[1]);
    grid_around(s, t, &other[0], &other[1]);
    int64_t d = 0, sum = 0, seconds = (t.us - e->at.us) / MW_US_PER_S;
    mw_register_step step;
    if (at < l->readings)
        step = after ? mw_register_line_difference(l, at, k, &d)
                     : mw_register_line_difference(l, k, at, &d);
    else
        step = after ? mw_register_step_of(&l->limits, e->value, l->reading[k].value, seconds, &d)
                     : mw_register_step_of(&l->limits, l->reading[k].value, e->value, -seconds, &d);
    mw_utc low = after ? mine[1] : other[1], high = after ? other[0] : mine[0];
    if (step == MW_REGISTER_UNEXPLAINED || low.us > high.us || !whole_sum(s, low, high, &sum) ||
        d < sum)
        return false;
    int64_t first_s = (low.us - (after ? e->at.us : t.us)) / MW_US_PER_S;
    int64_t last_s = ((after ? t.us : e->at.us) - high.us) / MW_US_PER_S;
    int64_t first = d - sum, rest = d - sum;
    if (first_s + last_s > 0 && __builtin_mul_overflow(rest, first_s, &first))
        return false;
    first = first_s + last_s > 0 ? first / (first_s + last_s) : 0;
    *out_part = after ? first : rest - first;
    return true;
}

/* By the reading nearest to the edge, outside its interval. */
static bool part_of_register(const splitter *s, const mw_register_line *l, const edge *e,
                             bool after, int64_t *out_part) {
    mw_utc from, to;
    grid_around(s, e->at, &from, &to);
    size_t at = l->readings;
    for (size_t i = 0; i < l->readings; i++)
        if (l->reading[i].at.us == e->at.us)
            at = i;
    for (size_t i = 0; i < l->readings; i++) {
        size_t k = after ? i : l->readings - 1 - i;
        mw_utc t = l->reading[k].at;
        if (after ? t.us >= to.us : t.us <= from.us)
            return part_to(s, l, e, at, k, after, out_part);
    }
    return false;
}

static void part_add(mw_store_interval *rows, size_t *n, mw_utc from, mw_utc to, int64_t value) {
    rows[(*n)++] = (mw_store_interval){.start = from,
                                       .seconds = (uint32_t)((to.us - from.us) / MW_US_PER_S),
                                       .value = value,
                                       .quality = MW_QUALITY_DERIVED};
}

/* Nothing to write when the span shows these rows already, and nothing that others revised. */
static bool stands(const splitter *s, mw_utc from, mw_utc to, const mw_store_interval *rows,
                   size_t n, bool *out_foreign) {
    size_t at = 0;
    bool same = true;
    *out_foreign = false;
    for (size_t i = 0; i < s->seen.n; i++) {
        const mw_store_value *v = &s->seen.row[i];
        if (v->interval.start.us < from.us || v->interval.start.us >= to.us)
            continue;
        *out_foreign |= v->revision != 0 && !(v->interval.quality & MW_QUALITY_DERIVED);
        same = same && v->revision != 0 && at < n && v->interval.start.us == rows[at].start.us &&
               v->interval.seconds == rows[at].seconds && v->interval.value == rows[at].value;
        at++;
    }
    return same && at == n;
}

static mw_status rows_set(splitter *s, mw_utc from, mw_utc to, const mw_store_interval *rows,
                          size_t n) {
    mw_store_revision r = {.tenant = s->tenant,
                           .channel = s->channel->channel,
                           .layer = MW_LAYER_VALIDATED,
                           .kind = MW_REVISION_SET,
                           .from = from,
                           .to = to,
                           .at = s->now,
                           .actor = MW_ACTOR_SYSTEM,
                           .who = "settle",
                           .reason = MW_REASON_EXCHANGE,
                           .rows = rows,
                           .n = n};
    int64_t id;
    return mw_store_value_revise(s->store, &r, &id);
}

/* A revision lies inside one UTC day: an interval over midnight needs two. */
static mw_status span_set(splitter *s, mw_utc from, mw_utc to, const mw_store_interval *rows,
                          size_t n) {
    int64_t days = from.us / DAY_US - (from.us % DAY_US < 0);
    mw_utc midnight = {(days + 1) * DAY_US};
    if (to.us <= midnight.us)
        return rows_set(s, from, to, rows, n);
    size_t first = 0;
    while (first < n && rows[first].start.us < midnight.us)
        first++;
    MW_TRY(rows_set(s, from, midnight, rows, first));
    return rows_set(s, midnight, to, rows + first, n - first);
}

static mw_status edge_split(splitter *s, const mw_register_line *l, const edge *e) {
    mw_utc from, to;
    if (s->channel->grid_seconds == 0 || e->at.us % MW_US_PER_S != 0)
        return MW_OK;
    grid_around(s, e->at, &from, &to);
    if (from.us == to.us)
        return MW_OK; /* the moment is a boundary: nothing to split */
    mw_store_interval rows[2];
    size_t n = 0;
    int64_t before = 0, after = 0;
    if (e->side & EDGE_END) {
        if (!part_of_register(s, l, e, false, &before))
            return MW_OK;
        part_add(rows, &n, from, e->at, before);
    }
    if (e->side & EDGE_START) {
        if (!part_of_register(s, l, e, true, &after))
            return MW_OK;
        part_add(rows, &n, e->at, to, after);
    }
    bool foreign = false;
    if (stands(s, from, to, rows, n, &foreign) || foreign)
        return MW_OK;
    return span_set(s, from, to, rows, n);
}

/* Loads what lies around one edge and splits there. */
static mw_status edge_take(splitter *s, const edge *e) {
    mw_register_line l;
    mw_status status = mw_register_line_read(s->store, s->tenant, s->channel, e->at, e->at, &l);
    mw_store_values_query q = {.tenant = s->tenant,
                               .channel = s->channel->channel,
                               .layer = MW_LAYER_RAW,
                               .from = {e->at.us - DAY_US},
                               .to = {e->at.us + DAY_US},
                               .as_of = MW_UTC_NONE};
    for (size_t i = 0; i < l.readings; i++) {
        q.from.us = l.reading[i].at.us < q.from.us ? l.reading[i].at.us : q.from.us;
        q.to.us = l.reading[i].at.us > q.to.us ? l.reading[i].at.us : q.to.us;
    }
    if (status == MW_OK)
        status = mw_final_rows_read(s->store, &q, &s->raw);
    q.layer = MW_LAYER_VALIDATED;
    if (status == MW_OK)
        status = mw_final_rows_read(s->store, &q, &s->seen);
    if (status == MW_OK)
        status = edge_split(s, &l, e);
    mw_register_line_fini(&l);
    return status;
}

mw_status mw_settle_split(mw_store *store, int64_t tenant, const mw_store_channel *channel,
                          mw_utc from, mw_utc to, mw_utc now) {
    splitter *s = calloc(1, sizeof *s);
    if (s == NULL)
        return MW_NOMEM;
    s->store = store;
    s->tenant = tenant;
    s->channel = channel;
    s->now = now;
    s->from.us = from.us - 32 * DAY_US;
    s->to.us = to.us + 32 * DAY_US;
    mw_store_installation_query q = {
        .tenant = tenant, .channel = channel->channel, .as_of = MW_UTC_NONE};
    mw_status status = mw_store_installations(store, &q, on_installation, s);
    if (status == MW_OK)
        status =
            mw_store_register_marks(store, tenant, channel->channel, s->from, s->to, on_mark, s);
    for (size_t i = 0; i < s->n && status == MW_OK; i++)
        status = edge_take(s, &s->list[i]);
    mw_final_rows_fini(&s->raw);
    mw_final_rows_fini(&s->seen);
    free(s);
    return status;
}
