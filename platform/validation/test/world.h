/* SPDX-License-Identifier: Apache-2.0
 *
 * A small world for the tests of validation: a database, one tenant, channels that report by the
 * day, and the sum that must always come out.
 */
#ifndef MW_PLATFORM_VALIDATION_TEST_WORLD_H
#define MW_PLATFORM_VALIDATION_TEST_WORLD_H

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/prng.h"
#include "platform/readings/conservation.h"
#include "platform/store/test/scratch.h"
#include "platform/validation/correct.h"
#include "platform/validation/pipeline.h"
#include "platform/validation/watch.h"

enum { HOUR = 3600, DAY = 86400, WORLD_HOURS = 24 * 400, FIRST_DAY = 20454 /* 2026-01-01 */ };

static const uint8_t water_obis[6] = {8, 0, 1, 0, 0, 255};

typedef struct world {
    char path[64];
    mw_store *store;
    mw_zones *zones;
    mw_channels *channels;
    mw_pipeline *pipeline;
    mw_vigil *watch;
    char notices[4096];
    int64_t tenant, device, channel, sender;
    int64_t journal;
    uint64_t seq, wrap;
    int64_t truth[WORLD_HOURS]; /* hourly use since FIRST_DAY */
    mw_utc now;
} world;

static inline void world_remove(const world *w) {
    scratch_remove(w->path);
}

static void world_notice(void *ctx, const mw_vigil_notice *n) {
    world *w = ctx;
    size_t at = strlen(w->notices);
    if (at + 64 < sizeof w->notices)
        (void)snprintf(w->notices + at, sizeof w->notices - at, "%s ", n->kind);
}

static inline void world_start(world *w) {
    mw_store_sqlite_options o = {.path = w->path, .cache_kib = 1024};
    MW_CHECK_OK(mw_store_sqlite_open(&o, &w->store));
    MW_CHECK_OK(mw_channels_new(w->store, w->zones, &w->channels));
    MW_CHECK_OK(mw_channels_load(w->channels));
    mw_vigil_hooks hooks = {.ctx = w, .notice = world_notice};
    MW_CHECK_OK(mw_vigil_new(w->store, w->channels, &hooks, &w->watch));
    MW_CHECK_OK(mw_pipeline_new(w->store, w->channels, mw_vigil_values, w->watch, &w->pipeline));
}

/* As after a kill: what was committed stays, memory is gone. */
static inline void world_stop(world *w) {
    mw_pipeline_free(w->pipeline);
    mw_vigil_free(w->watch);
    mw_channels_free(w->channels);
    mw_store_close(w->store);
    w->pipeline = NULL;
    w->channels = NULL;
    w->store = NULL;
}

static inline mw_utc world_hour(int64_t h) {
    return mw_utc_of_s((int64_t)FIRST_DAY * DAY + h * HOUR);
}

static inline int64_t world_channel_add(world *w, uint64_t identity, uint8_t digits,
                                        const char *zone, int64_t installed_h, int64_t initial) {
    int64_t channel = 0;
    mw_store_device d = {.identity = identity, .serial = "W-1", .model = "water"};
    MW_CHECK_OK(mw_store_device_put(w->store, w->tenant, &d, &w->device));
    mw_store_channel c = {.device = w->device,
                          .medium = "water",
                          .unit = MW_UNIT_L,
                          .register_digits = digits,
                          .label = "water",
                          .grid_seconds = HOUR};
    memcpy(c.obis, water_obis, sizeof c.obis);
    MW_CHECK_OK(mw_store_channel_put(w->store, w->tenant, &c, &channel));
    mw_store_usage_point u = {.address = "Via Roma 1"};
    (void)snprintf(u.id, sizeof u.id, "up-%u", (unsigned)identity);
    (void)snprintf(u.time_zone, sizeof u.time_zone, "%s", zone);
    MW_CHECK_OK(mw_store_usage_point_put(w->store, w->tenant, &u));
    mw_store_installation i = {.channel = channel,
                               .from = world_hour(installed_h),
                               .to = MW_UTC_NONE,
                               .has_initial_value = true,
                               .initial_value = initial};
    (void)snprintf(i.usage_point, sizeof i.usage_point, "%s", u.id);
    MW_CHECK_OK(mw_store_installation_put(w->store, w->tenant, &i));
    return channel;
}

static inline void world_open(world *w, uint8_t digits, const char *zone, int64_t initial) {
    memset(w, 0, sizeof *w);
    (void)snprintf(w->path, sizeof w->path, "validation-test-%d.db", (int)getpid());
    world_remove(w);
    MW_CHECK_OK(mw_zones_open(NULL, &w->zones));
    world_start(w);
    MW_CHECK_OK(mw_store_begin(w->store));
    MW_CHECK_OK(mw_store_tenant_put(w->store, "t", &w->tenant));
    w->channel = world_channel_add(w, 7, digits, zone, 0, initial);
    MW_CHECK_OK(mw_store_commit(w->store));
    w->wrap = 1;
    for (unsigned i = 0; i < digits; i++)
        w->wrap *= 10;
    /* A household: nights at little, mornings and evenings at more, never the same twice. */
    mw_prng g = mw_prng_of_stream(42, 1);
    for (int64_t h = 0; h < WORLD_HOURS; h++) {
        int64_t of_day = h % 24, base = of_day < 6 ? 1 : of_day < 9 || of_day > 17 ? 25 : 8;
        w->truth[h] = base + (int64_t)mw_prng_below(&g, 12);
    }
    w->now = world_hour(0);
}

static inline void world_close(world *w) {
    world_stop(w);
    mw_zones_close(w->zones);
    world_remove(w);
}

static inline int64_t world_register(const world *w, int64_t initial, int64_t h) {
    int64_t sum = initial;
    for (int64_t i = 0; i < h; i++)
        sum += w->truth[i];
    return (int64_t)((uint64_t)sum % w->wrap);
}

static inline int64_t world_device_of(const world *w, int64_t channel) {
    mw_store_meter m;
    MW_CHECK_OK(mw_store_meter_of_channel(w->store, w->tenant, channel, &m));
    return m.device.device;
}

/* The report of hours [from, to) with the register at `to`, as decoding stores it. */
static inline void world_report(world *w, int64_t channel, int64_t from, int64_t to, int64_t reg,
                                const int64_t *value, uint32_t quality) {
    mw_store_interval rows[24];
    mw_store_append result;
    mw_store_envelope e = {.tenant = w->tenant,
                           .sender = 1,
                           .seq = ++w->seq,
                           .kind = MW_STORE_KIND_UNB,
                           .received = world_hour(to),
                           .stored = world_hour(to),
                           .content = mw_slice_of_str("{}")};
    e.sender = w->sender != 0 ? w->sender : 1;
    MW_CHECK_OK(mw_store_journal_append(w->store, &e, &result, &w->journal));
    mw_store_reception heard = {
        .tenant = w->tenant, .device = world_device_of(w, channel), .journal = w->journal};
    MW_CHECK_OK(mw_store_reception_append(w->store, &heard));
    for (int64_t h = from; h < to;) {
        size_t n = 0;
        int64_t day = (FIRST_DAY * 24 + h) / 24;
        for (; h < to && (FIRST_DAY * 24 + h) / 24 == day; h++)
            rows[n++] = (mw_store_interval){.start = world_hour(h),
                                            .seconds = HOUR,
                                            .quality = quality,
                                            .value = value[h],
                                            .received = world_hour(to),
                                            .journal = w->journal};
        MW_CHECK_OK(mw_store_run_append(w->store, w->tenant, channel, rows, n));
    }
    mw_store_register r = {.tenant = w->tenant,
                           .channel = channel,
                           .meter = world_hour(to),
                           .received = world_hour(to),
                           .stored = world_hour(to),
                           .value = reg,
                           .journal = w->journal};
    memcpy(r.obis, water_obis, sizeof r.obis);
    if (reg >= 0)
        MW_CHECK_OK(mw_store_register_append(w->store, &r));
}

/* One whole day d with its register. */
static inline void world_day(world *w, int64_t d, int64_t initial) {
    MW_CHECK_OK(mw_store_begin(w->store));
    world_report(w, w->channel, d * 24, d * 24 + 24, world_register(w, initial, d * 24 + 24),
                 w->truth, 0);
    MW_CHECK_OK(mw_store_commit(w->store));
}

static inline void world_fold(world *w) {
    uint32_t rows = 1;
    while (rows > 0) {
        MW_CHECK_OK(mw_store_begin(w->store));
        MW_CHECK_OK(mw_store_fold(w->store, MW_STORE_FOLD_MAX, &rows));
        MW_CHECK_OK(mw_store_commit(w->store));
    }
}

/* Folds and validates all that is there; gives what was done. */
static inline mw_pipeline_turn world_settle(world *w) {
    mw_pipeline_turn all = {0}, t = {.changes = 1};
    world_fold(w);
    while (t.changes > 0) {
        MW_CHECK_OK(mw_pipeline_run(w->pipeline, w->now, MW_PIPELINE_CHANGES_MAX, &t));
        all.changes += t.changes;
        all.spans += t.spans;
        all.screened += t.screened;
        all.revisions += t.revisions;
        all.raised += t.raised;
        all.closed += t.closed;
        all.corrections += t.corrections;
    }
    for (uint32_t done = 1; done > 0;) {
        MW_CHECK_OK(mw_store_begin(w->store));
        MW_CHECK_OK(mw_settle_step(w->store, MW_STORE_PAGE_MAX, w->now, &done));
        MW_CHECK_OK(mw_store_commit(w->store));
    }
    return all;
}

typedef struct world_sum {
    int64_t sum;
    uint32_t n, estimated, predicted;
    uint32_t quality;
    int64_t *into; /* by hour, or NULL */
} world_sum;

static inline mw_status world_sum_take(void *ctx, const mw_store_value *row) {
    world_sum *s = ctx;
    s->sum += row->interval.value;
    s->n++;
    s->estimated += (row->interval.quality & MW_QUALITY_ESTIMATED) != 0;
    s->predicted += row->has_prediction;
    s->quality |= row->interval.quality;
    if (s->into != NULL)
        s->into[mw_utc_floor_s(row->interval.start) / HOUR - (int64_t)FIRST_DAY * 24] =
            row->interval.value;
    return MW_OK;
}

static inline world_sum world_values(const world *w, int64_t channel, mw_layer layer, int64_t from,
                                     int64_t to, int64_t *into) {
    world_sum s = {.into = into};
    mw_store_values_query q = {.tenant = w->tenant,
                               .channel = channel,
                               .layer = layer,
                               .from = world_hour(from),
                               .to = world_hour(to),
                               .as_of = MW_UTC_NONE};
    MW_CHECK_OK(mw_store_values(w->store, &q, world_sum_take, &s));
    return s;
}

static inline mw_status world_suspense_take(void *ctx, const mw_store_suspense *row) {
    MW_CHECK_EQ(row->intervals + row->suspense,
                row->step == MW_REGISTER_UNEXPLAINED ? row->intervals : row->difference);
    *(int64_t *)ctx += row->suspense;
    return MW_OK;
}

/* Final intervals + suspense = register difference from hour `from` to hour `to`. */
static inline void world_conserves(const world *w, int64_t channel, int64_t from, int64_t to,
                                   int64_t difference) {
    int64_t suspense = 0;
    world_sum s = world_values(w, channel, MW_LAYER_FINAL, from, to, NULL);
    MW_CHECK_OK(mw_store_suspense_list(w->store, w->tenant, channel, world_hour(from),
                                       world_hour(to), world_suspense_take, &suspense));
    MW_CHECK_EQ(s.sum + suspense, difference);
    mw_conservation sums = {0};
    MW_CHECK_OK(mw_conservation_all(w->store, NULL, NULL, NULL, &sums));
    MW_CHECK_EQ(sums.violations, 0);
    MW_CHECK(sums.spans > 0);
}

static inline mw_status world_count_take(void *ctx, const mw_store_exception *row) {
    (void)row;
    (*(uint32_t *)ctx)++;
    return MW_OK;
}

static inline uint32_t world_open_findings(const world *w) {
    uint32_t n = 0;
    mw_store_exception_query q = {
        .tenant = w->tenant, .channel = 0, .open_only = true, .limit = MW_STORE_PAGE_MAX};
    MW_CHECK_OK(mw_store_exceptions(w->store, &q, world_count_take, &n));
    return n;
}

#endif
