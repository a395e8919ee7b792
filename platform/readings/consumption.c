/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/readings/consumption.h"

#include <stdlib.h>

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
    size_t at; /* the point of the former interval */
    size_t room;
} builder;

static mw_status point_add(builder *b, mw_utc start, mw_utc end, uint32_t expected) {
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
    c->points[c->n++] = (mw_consumption_point){.start = start, .end = end, .expected = expected};
    return MW_OK;
}

static mw_status points_of_days(builder *b, const mw_zone *zone, const mw_store_channel *channel,
                                mw_step step, int64_t from_day, int64_t to_day) {
    for (int64_t day = from_day; day < to_day;) {
        int64_t next = next_point(step, day);
        next = next < to_day ? next : to_day;
        mw_utc start = mw_zone_day_start(zone, day), end = mw_zone_day_start(zone, next);
        int64_t expected =
            grid_before(channel, mw_utc_floor_s(end)) - grid_before(channel, mw_utc_floor_s(start));
        MW_TRY(point_add(b, start, end, (uint32_t)expected));
        day = next;
    }
    return MW_OK;
}

static mw_status points_of_grid(builder *b, const mw_store_channel *channel, mw_utc from,
                                mw_utc to) {
    int64_t length = channel->grid_seconds;
    int64_t at = grid_before(channel, mw_utc_floor_s(from)) * length + channel->grid_offset_s;
    for (; at < mw_utc_floor_s(to); at += length)
        MW_TRY(point_add(b, mw_utc_of_s(at), mw_utc_of_s(at + length), 1));
    return MW_OK;
}

static mw_status interval_add(void *ctx, int64_t channel, const mw_store_interval *row) {
    (void)channel;
    builder *b = ctx;
    mw_consumption *c = b->c;
    while (b->at < c->n && row->start.us >= c->points[b->at].end.us)
        b->at++;
    if (b->at == c->n || row->start.us < c->points[b->at].start.us)
        return MW_OK;
    mw_consumption_point *p = &c->points[b->at];
    p->received++;
    p->quality |= row->quality;
    if (__builtin_add_overflow(p->value, row->value, &p->value) ||
        __builtin_add_overflow(c->total, row->value, &c->total))
        return MW_RANGE;
    return MW_OK;
}

mw_status mw_consumption_read(mw_store *store, const mw_zone *zone, int64_t tenant,
                              const mw_store_channel *channel, mw_step step, int64_t from_day,
                              int64_t to_day, mw_consumption *out_consumption) {
    const int64_t limit = 4000000; /* days: far beyond any calendar in use */
    if (from_day >= to_day || from_day < -limit || to_day > limit || channel->grid_seconds == 0)
        return MW_RANGE;
    mw_consumption c = {.complete = true};
    builder b = {.c = &c};
    mw_utc from = mw_zone_day_start(zone, from_day), to = mw_zone_day_start(zone, to_day);
    mw_status status = step == MW_STEP_INTERVAL
                           ? points_of_grid(&b, channel, from, to)
                           : points_of_days(&b, zone, channel, step, from_day, to_day);
    if (status == MW_OK)
        status = mw_store_intervals(store, tenant, channel->channel, from, to, interval_add, &b);
    if (status != MW_OK) {
        mw_consumption_fini(&c);
        return status;
    }
    for (size_t i = 0; i < c.n; i++)
        c.complete = c.complete && c.points[i].received >= c.points[i].expected;
    *out_consumption = c;
    return MW_OK;
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

mw_status mw_register_difference(int64_t earlier, int64_t later, unsigned digits, int64_t max_step,
                                 int64_t *out_difference) {
    if (digits > 18 || earlier < 0 || later < 0)
        return MW_RANGE;
    int64_t wrap = 1;
    for (unsigned i = 0; i < digits; i++)
        wrap *= 10;
    if (digits > 0 && (earlier >= wrap || later >= wrap))
        return MW_RANGE;
    int64_t d = later - earlier;
    if (d < 0 && digits > 0)
        d += wrap;
    if (d < 0 || d > max_step)
        return MW_RANGE;
    *out_difference = d;
    return MW_OK;
}
