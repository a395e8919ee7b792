/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/readings/consumption.h"

#include <stdlib.h>
#include <string.h>

#include "platform/readings/factor_chain.h"
#include "platform/store/layers.h"

enum { DAY_S = 86400 };

/* The first local day of the point after the one that `day` lies in. */
static int64_t next_point(mw_step step, int64_t day) {
    if (step == MW_STEP_DAY)
        return day + 1;
    int32_t year;
    uint8_t month, of_month;
    mw_date_of_days(day, &year, &month, &of_month);
    if (step == MW_STEP_YEAR || month == 12)
        return mw_days_of_date(year + 1, 1, 1);
    return mw_days_of_date(year, month + 1U, 1);
}

/* How many grid points lie before second s (any origin far in the past cancels out). */
static int64_t grid_before(const mw_store_channel *c, int64_t s) {
    int64_t from = s - (int64_t)c->grid_offset_s + (int64_t)c->grid_seconds - 1;
    return from / c->grid_seconds - (from % c->grid_seconds < 0);
}

typedef struct builder {
    mw_consumption *c;
    mw_utc from, to;
    size_t at; /* the point of the former interval */
    size_t room;
} builder;

static mw_status point_add(builder *b, mw_utc start, mw_utc end) {
    mw_consumption *c = b->c;
    if (c->n == MW_CONSUMPTION_POINTS_MAX)
        return MW_RANGE;
    if (c->n == b->room) {
        size_t room = b->room == 0 ? 64 : b->room * 2;
        mw_consumption_point *points = realloc(c->points, room * sizeof *points);
        if (points == NULL)
            return MW_NOMEM;
        c->points = points;
        b->room = room;
    }
    c->points[c->n++] = (mw_consumption_point){.start = start, .end = end};
    return MW_OK;
}

mw_utc mw_consumption_day_start(const mw_zone *zone, int64_t day, int32_t second) {
    mw_utc midnight = mw_zone_day_start(zone, day);
    if (second == 0)
        return midnight;
    mw_utc at = {midnight.us + (int64_t)second * MW_US_PER_S};
    /* A clock change between midnight and then moves it. */
    int64_t moved = mw_zone_offset_s(zone, at) - mw_zone_offset_s(zone, midnight);
    return (mw_utc){at.us - moved * MW_US_PER_S};
}

static mw_status points_of_days(builder *b, const mw_consumption_query *q) {
    for (int64_t day = q->from_day; day < q->to_day;) {
        int64_t next = next_point(q->step, day);
        next = next < q->to_day ? next : q->to_day;
        mw_utc start = mw_consumption_day_start(q->zone, day, q->day_start_s);
        MW_TRY(point_add(b, start, mw_consumption_day_start(q->zone, next, q->day_start_s)));
        day = next;
    }
    return MW_OK;
}

static mw_status points_of_grid(builder *b, const mw_store_channel *channel, mw_utc from,
                                mw_utc to) {
    int64_t length = channel->grid_seconds;
    int64_t at = grid_before(channel, mw_utc_floor_s(from)) * length + channel->grid_offset_s;
    for (; at < mw_utc_floor_s(to); at += length)
        MW_TRY(point_add(b, mw_utc_of_s(at), mw_utc_of_s(at + length)));
    return MW_OK;
}

/* Counts the intervals that a channel should have in each point while it was installed; fresh = it
 * hung nowhere just before. */
static void expect(builder *b, const mw_store_channel *c, mw_utc from, mw_utc to, bool fresh) {
    int64_t into = (mw_utc_floor_s(from) - (int64_t)c->grid_offset_s) % c->grid_seconds;
    for (size_t i = 0; i < b->c->n; i++) {
        mw_consumption_point *p = &b->c->points[i];
        mw_utc a = p->start.us > from.us ? p->start : from, e = p->end.us < to.us ? p->end : to;
        if (a.us >= e.us)
            continue;
        int64_t n = grid_before(c, mw_utc_floor_s(e)) - grid_before(c, mw_utc_floor_s(a));
        /* The part of an interval with which an installation begins. */
        n += fresh && a.us == from.us && into != 0 && p->start.us != from.us;
        p->expected += (uint32_t)n;
    }
}

static mw_status row_add(builder *b, const mw_store_interval *row, int64_t value) {
    mw_consumption *c = b->c;
    while (b->at < c->n && row->start.us >= c->points[b->at].end.us)
        b->at++;
    if (b->at == c->n || row->start.us < c->points[b->at].start.us)
        return MW_OK;
    mw_consumption_point *p = &c->points[b->at];
    p->received++;
    p->quality |= row->quality;
    if (__builtin_add_overflow(p->value, value, &p->value) ||
        __builtin_add_overflow(c->total, value, &c->total))
        return MW_RANGE;
    return MW_OK;
}

/* The series of one channel while [from, to) lasted. */
typedef struct series {
    builder *b;
    mw_utc from, to;
    bool fresh;
    mw_factor_chain chain;
    mw_factor_carry carry;
} series;

static mw_status on_value(void *ctx, const mw_store_value *v) {
    series *s = ctx;
    const mw_store_interval *row = &v->interval;
    int64_t value = 0, end = row->start.us + (int64_t)row->seconds * MW_US_PER_S;
    /* An interval belongs to the installation in which it starts; that of a meter that hung nowhere
     * before, to the one in which it ends: on the shelf it counted nothing. */
    bool begins = row->start.us >= s->from.us && row->start.us < s->to.us;
    bool ends = s->fresh && row->start.us < s->from.us && end > s->from.us;
    if (!begins && !ends)
        return MW_OK;
    MW_TRY(mw_factor_chain_apply(&s->chain, &s->carry, row->start, row->value, &value));
    return row_add(s->b, row, value);
}

static mw_status channel_add(mw_store *store, const mw_consumption_query *q, builder *b,
                             const mw_store_channel *channel, mw_utc from, mw_utc to, bool fresh) {
    series s = {.b = b, .from = from, .to = to, .fresh = fresh};
    MW_TRY(mw_factor_chain_read(store, q->tenant, channel->channel, q->as_of, &s.chain));
    mw_store_values_query v = {.tenant = q->tenant,
                               .channel = channel->channel,
                               .layer = q->layer,
                               .from = b->from.us > from.us ? b->from : from,
                               .to = b->to.us < to.us ? b->to : to,
                               .as_of = q->as_of};
    if (v.from.us >= v.to.us)
        return MW_OK;
    expect(b, channel, from, to, fresh);
    /* Rounding starts with the UTC day, wherever the span begins. */
    if (!mw_factor_chain_whole(&s.chain)) {
        mw_utc day = mw_utc_of_s(mw_layer_day_of(v.from) * DAY_S);
        v.from = day.us > from.us ? day : from;
    }
    if (fresh && v.from.us == from.us)
        v.from.us -= (int64_t)channel->grid_seconds * MW_US_PER_S;
    b->at = 0;
    return mw_store_values(store, &v, on_value, &s);
}

static mw_status builder_start(builder *b, const mw_consumption_query *q,
                               const mw_store_channel *grid) {
    const int64_t limit = 4000000; /* days: far beyond any calendar in use */
    if (q->from_day >= q->to_day || q->from_day < -limit || q->to_day > limit ||
        grid->grid_seconds == 0 || q->day_start_s < 0 || q->day_start_s >= DAY_S)
        return MW_RANGE;
    b->from = mw_consumption_day_start(q->zone, q->from_day, q->day_start_s);
    b->to = mw_consumption_day_start(q->zone, q->to_day, q->day_start_s);
    return q->step == MW_STEP_INTERVAL ? points_of_grid(b, grid, b->from, b->to)
                                       : points_of_days(b, q);
}

static mw_status builder_end(builder *b, mw_status status, mw_consumption *out) {
    mw_consumption *c = b->c;
    if (status != MW_OK) {
        mw_consumption_fini(c);
        return status;
    }
    for (size_t i = 0; i < c->n; i++)
        c->complete = c->complete && c->points[i].received >= c->points[i].expected;
    *out = *c;
    return MW_OK;
}

static const mw_utc always_from = {INT64_MIN / 2};
static const mw_utc always_to = {INT64_MAX / 2};

mw_status mw_consumption_of_channel(mw_store *store, const mw_consumption_query *q,
                                    const mw_store_channel *channel,
                                    mw_consumption *out_consumption) {
    mw_consumption c = {.complete = true};
    builder b = {.c = &c};
    mw_status status = builder_start(&b, q, channel);
    if (status == MW_OK)
        status = channel_add(store, q, &b, channel, always_from, always_to, false);
    return builder_end(&b, status, out_consumption);
}

typedef struct places {
    mw_store_installation row[MW_STORE_INSTALLATIONS_MAX];
    size_t n;
} places;

static mw_status on_installation(void *ctx, const mw_store_installation *i) {
    places *p = ctx;
    if (p->n == MW_STORE_INSTALLATIONS_MAX)
        return MW_LIMIT;
    p->row[p->n++] = *i;
    return MW_OK;
}

/* *out_fresh = the channel was not installed anywhere right before. */
static mw_status hung_before(mw_store *store, const mw_consumption_query *q,
                             const mw_store_installation *at, bool *out_fresh) {
    places *p = calloc(1, sizeof *p);
    if (p == NULL)
        return MW_NOMEM;
    mw_store_installation_query by_channel = {
        .tenant = q->tenant, .channel = at->channel, .as_of = q->as_of};
    mw_status status = mw_store_installations(store, &by_channel, on_installation, p);
    *out_fresh = true;
    for (size_t i = 0; i < p->n; i++)
        *out_fresh = *out_fresh && p->row[i].to.us != at->from.us;
    free(p);
    return status;
}

mw_status mw_consumption_of_point(mw_store *store, const mw_consumption_query *q,
                                  const char *usage_point, const uint8_t obis[6],
                                  mw_consumption *out_consumption) {
    places *p = calloc(1, sizeof *p);
    if (p == NULL)
        return MW_NOMEM;
    mw_consumption c = {.complete = true};
    builder b = {.c = &c};
    mw_store_installation_query by_point = {
        .tenant = q->tenant, .usage_point = usage_point, .as_of = q->as_of};
    mw_status status = mw_store_installations(store, &by_point, on_installation, p);
    bool found = false;
    for (size_t i = 0; i < p->n && status == MW_OK; i++) {
        const mw_store_installation *at = &p->row[i];
        mw_store_meter m;
        status = mw_store_meter_of_channel(store, q->tenant, at->channel, &m);
        if (status != MW_OK || memcmp(m.channel.obis, obis, 6) != 0)
            continue;
        if (!found)
            status = builder_start(&b, q, &m.channel);
        found = true;
        bool fresh = true;
        if (status == MW_OK)
            status = hung_before(store, q, at, &fresh);
        if (status == MW_OK)
            status = channel_add(store, q, &b, &m.channel, at->from,
                                 mw_utc_is_none(at->to) ? always_to : at->to, fresh);
    }
    free(p);
    if (status == MW_OK && !found)
        status = MW_NOT_FOUND;
    return builder_end(&b, status, out_consumption);
}

mw_status mw_consumption_read(mw_store *store, const mw_zone *zone, int64_t tenant,
                              const mw_store_channel *channel, mw_step step, int64_t from_day,
                              int64_t to_day, mw_consumption *out_consumption) {
    mw_consumption_query q = {.tenant = tenant,
                              .zone = zone,
                              .step = step,
                              .from_day = from_day,
                              .to_day = to_day,
                              .layer = MW_LAYER_FINAL,
                              .as_of = MW_UTC_NONE};
    return mw_consumption_of_channel(store, &q, channel, out_consumption);
}

void mw_consumption_fini(mw_consumption *c) {
    free(c->points);
    *c = (mw_consumption){0};
}

void mw_consumption_previous(int64_t from_day, int64_t to_day, int64_t *out_from, int64_t *out_to) {
    int32_t y0, y1;
    uint8_t m0, m1, d0, d1;
    mw_date_of_days(from_day, &y0, &m0, &d0);
    mw_date_of_days(to_day, &y1, &m1, &d1);
    *out_to = from_day;
    if (d0 != 1 || d1 != 1 || to_day <= from_day) {
        *out_from = from_day - (to_day - from_day);
        return;
    }
    int32_t months = (y1 - y0) * 12 + m1 - m0;
    int32_t first = y0 * 12 + (m0 - 1) - months;
    *out_from = mw_days_of_date(first / 12, (unsigned)(first % 12) + 1, 1);
}
