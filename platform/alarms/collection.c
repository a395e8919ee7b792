/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/alarms/collection.h"

#include <stdlib.h>
#include <string.h>

enum { DAY_S = 86400, HOUR_S = 3600 };

struct mw_collection {
    mw_store *store;
    mw_zones *zones;
    mw_engine *validation;
    int64_t at; /* channel where the round goes on */
    bool running;
    mw_collection_result *next, *last; /* MW_COLLECTION_TENANTS each */
    size_t next_n, last_n;
    struct rows {
        mw_collection_row *at;
        size_t n, room;
    } next_rows, last_rows; /* 32 bytes a channel */
};

mw_status mw_collection_new(mw_store *store, mw_zones *zones, mw_engine *validation,
                            mw_collection **out) {
    mw_collection *c = calloc(1, sizeof *c);
    if (c == NULL)
        return MW_NOMEM;
    c->store = store;
    c->zones = zones;
    c->validation = validation;
    c->next = calloc(MW_COLLECTION_TENANTS, sizeof *c->next);
    c->last = calloc(MW_COLLECTION_TENANTS, sizeof *c->last);
    if (c->next == NULL || c->last == NULL) {
        mw_collection_free(c);
        return MW_NOMEM;
    }
    *out = c;
    return MW_OK;
}

void mw_collection_free(mw_collection *c) {
    if (c == NULL)
        return;
    free(c->next);
    free(c->last);
    free(c->next_rows.at);
    free(c->last_rows.at);
    free(c);
}

const mw_collection_result *mw_collection_of(const mw_collection *c, int64_t tenant) {
    for (size_t i = 0; i < c->last_n; i++)
        if (c->last[i].tenant == tenant)
            return &c->last[i];
    return NULL;
}

static mw_collection_result *result_of(mw_collection *c, int64_t tenant, int64_t day) {
    for (size_t i = 0; i < c->next_n; i++)
        if (c->next[i].tenant == tenant)
            return &c->next[i];
    if (c->next_n == MW_COLLECTION_TENANTS)
        return NULL;
    mw_collection_result *r = &c->next[c->next_n++];
    *r = (mw_collection_result){.tenant = tenant, .day = day};
    for (uint8_t m = 0; m < MW_COLLECTION_MARKS; m++)
        r->mark[m] = (mw_store_collection){.tenant = tenant,
                                           .day = m == MW_COLLECTED_D1 ? day - 1 : day,
                                           .mark = m,
                                           .at = MW_UTC_NONE};
    return r;
}

const mw_collection_row *mw_collection_rows(const mw_collection *c, size_t *out_n) {
    *out_n = c->last_rows.n;
    return c->last_rows.at;
}

static mw_status row_add(mw_collection *c, int64_t channel) {
    struct rows *r = &c->next_rows;
    if (r->n == r->room) {
        size_t room = r->room == 0 ? 256 : r->room + r->room / 2;
        mw_collection_row *at = realloc(r->at, room * sizeof *at);
        if (at == NULL)
            return MW_NOMEM;
        r->at = at;
        r->room = room;
    }
    r->at[r->n++] = (mw_collection_row){.channel = channel};
    return MW_OK;
}

/* --- one channel ----------------------------------------------------------------------------- */

typedef struct arrivals {
    int64_t by; /* the last journal record stored by the mark */
    mw_utc mark;
    int64_t in_time, spooled;
} arrivals;

static mw_status slot_take(void *ctx, int64_t channel, const mw_store_interval *row) {
    arrivals *a = ctx;
    (void)channel;
    if (row->journal <= a->by)
        a->in_time++;
    else if (row->received.us <= a->mark.us)
        a->spooled++;
    return MW_OK;
}

static mw_utc day_start(const mw_window_channel *c, int64_t day) {
    return c->zone != NULL ? mw_zone_day_start(c->zone, day) : mw_utc_of_s(day * DAY_S);
}

/* The local clock shows `hour` on a day; on days that change the clock the hour may be another. */
static mw_utc clock_at(const mw_window_channel *c, int64_t day, int64_t hour) {
    mw_utc noon = {day_start(c, day).us + 12 * (int64_t)HOUR_S * MW_US_PER_S};
    int64_t offset = c->zone != NULL ? mw_zone_offset_s(c->zone, noon) : 0;
    return mw_utc_of_s(day * DAY_S + hour * HOUR_S - offset);
}

static mw_status cause_of(mw_collection *c, const mw_window_channel *w, const arrivals *a,
                          mw_collection_cause *out_cause, mw_utc *out_heard) {
    mw_store_device_state state = {.last_seen = MW_UTC_NONE};
    bool failed = false;
    *out_heard = MW_UTC_NONE;
    if (c->validation != NULL)
        mw_engine_hearing(c->validation, w->device, out_heard, &failed);
    mw_status s = mw_store_device_state_get(c->store, w->tenant, w->device, &state);
    if (s != MW_OK && s != MW_NOT_FOUND)
        return s;
    if (mw_utc_is_none(*out_heard))
        *out_heard = state.last_seen;
    *out_cause = MW_MISSING_METER;
    if (a->spooled > 0)
        *out_cause = MW_MISSING_BACKHAUL;
    else if (failed)
        *out_cause = MW_MISSING_STATION;
    else if (!mw_utc_is_none(state.last_seen) &&
             (state.snr_cdb < MW_COLLECTION_WEAK_CDB ||
              a->mark.us - state.last_seen.us < (int64_t)DAY_S * MW_US_PER_S))
        *out_cause = MW_MISSING_RADIO;
    return MW_OK;
}

static void missing_keep(mw_collection_result *r, const mw_window_channel *w, int64_t slots,
                         mw_collection_cause cause, mw_utc heard) {
    if (r->missing_n < MW_COLLECTION_MISSING)
        r->missing[r->missing_n++] = (mw_collection_missing){.channel = w->channel,
                                                             .slots = (uint16_t)slots,
                                                             .cause = (uint8_t)cause,
                                                             .heard = heard};
}

static mw_status mark_count(mw_collection *c, mw_collection_result *r, const mw_window_channel *w,
                            mw_collection_mark m, int64_t day, mw_utc mark, mw_utc now) {
    mw_store_collection *k = &r->mark[m];
    arrivals a = {.mark = mark};
    mw_utc from = day_start(w, day), to = day_start(w, day + 1);
    if (now.us < mark.us || (!mw_utc_is_none(w->installed) && w->installed.us > from.us))
        return MW_OK;
    int64_t expected = (to.us - from.us) / MW_US_PER_S / w->grid_s;
    a.by = INT64_MAX;
    if (m != MW_COLLECTED_NOW)
        MW_TRY(mw_store_journal_at(c->store, mark, &a.by));
    MW_TRY(mw_store_intervals(c->store, w->tenant, w->channel, from, to, slot_take, &a));
    mw_collection_row *row = &c->next_rows.at[c->next_rows.n - 1];
    row->expected[m] = (uint16_t)expected;
    row->collected[m] = (uint16_t)(a.in_time < expected ? a.in_time : expected);
    k->at = mark;
    k->expected += expected;
    k->collected += a.in_time < expected ? a.in_time : expected;
    k->meters++;
    if (a.in_time >= expected)
        return MW_OK;
    mw_collection_cause cause;
    mw_utc heard;
    MW_TRY(cause_of(c, w, &a, &cause, &heard));
    row->cause[m] = (uint8_t)cause;
    k->missing++;
    k->by_meter += cause == MW_MISSING_METER;
    k->by_radio += cause == MW_MISSING_RADIO;
    k->by_station += cause == MW_MISSING_STATION;
    k->by_backhaul += cause == MW_MISSING_BACKHAUL;
    if (m == MW_COLLECTED_NOW)
        missing_keep(r, w, expected - a.in_time, cause, heard);
    return MW_OK;
}

static mw_status channel_count(mw_collection *c, const mw_store_channel_newest *row, mw_utc now) {
    mw_window_channel w;
    int32_t second = 0;
    mw_status s = mw_window_channel_read(c->store, c->zones, row->tenant, row->channel, &w);
    if (s != MW_OK)
        return s == MW_NOT_FOUND ? MW_OK : s;
    if (w.grid_s == 0 || mw_utc_is_none(w.installed))
        return MW_OK;
    int64_t today =
        w.zone != NULL ? mw_zone_local_day(w.zone, now, &second) : mw_utc_floor_s(now) / DAY_S;
    mw_collection_result *r = result_of(c, row->tenant, today - 1);
    if (r == NULL)
        return MW_OK;
    MW_TRY(row_add(c, row->channel));
    MW_TRY(mark_count(c, r, &w, MW_COLLECTED_0600, today - 1, clock_at(&w, today, 6), now));
    MW_TRY(mark_count(c, r, &w, MW_COLLECTED_1000, today - 1, clock_at(&w, today, 10), now));
    MW_TRY(mark_count(c, r, &w, MW_COLLECTED_D1, today - 2, day_start(&w, today), now));
    return mark_count(c, r, &w, MW_COLLECTED_NOW, today - 1, now, now);
}

/* --- rounds ---------------------------------------------------------------------------------- */

typedef struct page {
    mw_store_channel_newest at[MW_COLLECTION_CHANNELS];
    size_t n;
} page;

static mw_status row_take(void *ctx, const mw_store_channel_newest *row) {
    page *p = ctx;
    p->at[p->n++] = *row;
    return MW_OK;
}

/* The most that lacks first: that is where somebody looks first. */
static int by_slots(const void *pa, const void *pb) {
    const mw_collection_missing *a = pa, *b = pb;
    return a->slots != b->slots ? (int)b->slots - (int)a->slots
                                : (a->channel > b->channel) - (a->channel < b->channel);
}

static mw_status results_store(mw_collection *c) {
    for (size_t i = 0; i < c->next_n; i++)
        for (unsigned m = 0; m < MW_COLLECTED_NOW; m++)
            if (!mw_utc_is_none(c->next[i].mark[m].at))
                MW_TRY(mw_store_collection_put(c->store, &c->next[i].mark[m]));
    return MW_OK;
}

static mw_status round_end(mw_collection *c, mw_utc now) {
    MW_TRY(mw_store_begin(c->store));
    mw_status s = results_store(c);
    if (s == MW_OK)
        s = mw_store_commit(c->store);
    if (s != MW_OK) {
        mw_status undone = mw_store_rollback(c->store);
        return undone != MW_OK ? undone : s;
    }
    for (size_t i = 0; i < c->next_n; i++) {
        mw_collection_result *r = &c->next[i];
        r->at = now;
        qsort(r->missing, r->missing_n, sizeof r->missing[0], by_slots);
    }
    mw_collection_result *former = c->last;
    c->last = c->next;
    c->last_n = c->next_n;
    c->next = former;
    c->next_n = 0;
    struct rows rows = c->last_rows;
    c->last_rows = c->next_rows;
    c->next_rows = rows;
    c->next_rows.n = 0;
    return MW_OK;
}

mw_status mw_collection_run(mw_collection *c, mw_utc now, uint32_t max, bool *out_more) {
    page p = {.n = 0};
    if (max == 0 || max > MW_COLLECTION_CHANNELS)
        return MW_RANGE;
    if (!c->running) {
        c->at = 0;
        c->next_n = 0;
        c->next_rows.n = 0;
        c->running = true;
    }
    MW_TRY(mw_store_channels_newest(c->store, c->at, max, row_take, &p));
    for (size_t i = 0; i < p.n; i++) {
        MW_TRY(channel_count(c, &p.at[i], now));
        c->at = p.at[i].channel;
    }
    *out_more = p.n == max;
    if (*out_more)
        return MW_OK;
    c->running = false;
    return round_end(c, now);
}
