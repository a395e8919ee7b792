/* SPDX-License-Identifier: Apache-2.0
 *
 * What a usage point used, to the last unit, through everything that can happen to its meters.
 */
#include <stdio.h>

#include "base/prng.h"
#include "platform/readings/conservation.h"
#include "platform/readings/consumption.h"
#include "platform/registry/operations.h"
#include "platform/store/test/scratch.h"

enum { DAY0 = 20390, DAYS = 8 }; /* from 2025-10-29 on */

static char path[64];
static mw_store *store;
static mw_zones *zones;
static int64_t tenant, sender, clock_s;
static uint64_t seq;
static mw_store_channel meter[3];
static mw_operator op;
static const uint8_t obis[6] = {1, 0, 1, 8, 0, 255};

static mw_utc at_s(int64_t seconds) {
    return mw_utc_of_s((int64_t)DAY0 * 86400 + seconds);
}

static int setup(void **state) {
    (void)state;
    store = scratch_new("life", path);
    MW_CHECK_OK(mw_zones_open(NULL, &zones));
    MW_CHECK_OK(mw_store_begin(store));
    MW_CHECK_OK(mw_store_tenant_put(store, "demo", &tenant));
    uint8_t hash[32] = {1};
    MW_CHECK_OK(mw_store_sender_put(store, tenant, "st-1", MW_SLICE_OF(hash), &sender));
    for (unsigned i = 0; i < 3; i++) {
        mw_store_usage_point u = {.time_zone = "Europe/Rome"};
        snprintf(u.id, sizeof u.id, "up-%u", i);
        MW_CHECK_OK(mw_store_usage_point_put(store, tenant, &u));
        mw_store_device d = {.identity = UINT64_C(0xb000000000000000) + i};
        snprintf(d.serial, sizeof d.serial, "L-%u", i);
        meter[i] = (mw_store_channel){.obis = {1, 0, 1, 8, 0, 255},
                                      .medium = "electricity",
                                      .unit = MW_UNIT_WH,
                                      .register_digits = 4,
                                      .grid_seconds = 3600};
        MW_CHECK_OK(mw_store_device_put(store, tenant, &d, &meter[i].device));
        MW_CHECK_OK(mw_store_channel_put(store, tenant, &meter[i], &meter[i].channel));
    }
    clock_s = (int64_t)DAY0 * 86400;
    seq = 0;
    op = (mw_operator){.store = store, .tenant = tenant, .actor = "op-1", .now = at_s(0)};
    return 0;
}

static int teardown(void **state) {
    (void)state;
    mw_zones_close(zones);
    mw_store_close(store);
    store = NULL;
    scratch_remove(path);
    return 0;
}

static int64_t journal_add(void) {
    return scratch_uplink(store, tenant, sender, ++seq, mw_utc_of_s(++clock_s));
}

/* The channel reports whole hours [from, to) of `value` each. */
static void hours(unsigned m, int64_t from, int64_t to, int64_t value) {
    int64_t journal = journal_add();
    for (int64_t h = from; h < to; h++) {
        mw_store_interval row = {.start = at_s(h * 3600),
                                 .seconds = 3600,
                                 .value = value,
                                 .received = mw_utc_of_s(clock_s),
                                 .journal = journal};
        MW_CHECK_OK(mw_store_run_append(store, tenant, meter[m].channel, &row, 1));
    }
}

static void shows(unsigned m, int64_t hour, int64_t value) {
    int64_t journal = journal_add();
    mw_store_register r = {.tenant = tenant,
                           .channel = meter[m].channel,
                           .obis = {1, 0, 1, 8, 0, 255},
                           .meter = at_s(hour * 3600),
                           .received = mw_utc_of_s(clock_s),
                           .stored = mw_utc_of_s(clock_s),
                           .value = value,
                           .journal = journal};
    MW_CHECK_OK(mw_store_register_append(store, &r));
}

static mw_noted noted(int64_t value) {
    return (mw_noted){true, value};
}

static mw_conservation settle(void) {
    uint32_t n = 1;
    while (n > 0)
        MW_CHECK_OK(mw_store_fold(store, 1000, &n));
    n = 1;
    while (n > 0)
        MW_CHECK_OK(mw_settle_step(store, 100, mw_utc_of_s(++clock_s), &n));
    mw_conservation c;
    MW_CHECK_OK(mw_conservation_all(store, NULL, NULL, NULL, &c));
    MW_CHECK_EQ(c.violations, 0);
    return c;
}

static mw_consumption ask(const char *point, mw_step step, const char *zone, mw_utc as_of) {
    mw_consumption_query q = {.tenant = tenant,
                              .step = step,
                              .from_day = DAY0,
                              .to_day = DAY0 + DAYS,
                              .layer = MW_LAYER_FINAL,
                              .as_of = as_of};
    mw_consumption c;
    MW_CHECK_OK(mw_zones_get(zones, zone, &q.zone));
    MW_CHECK_OK(mw_consumption_of_point(store, &q, point, obis, &c));
    return c;
}

static int64_t used(const char *point) {
    mw_consumption c = ask(point, MW_STEP_DAY, "UTC", MW_UTC_NONE);
    int64_t total = c.total;
    mw_consumption_fini(&c);
    /* Whatever it is rolled up to, the sum is the same. */
    for (int step = MW_STEP_INTERVAL; step <= MW_STEP_YEAR; step++) {
        c = ask(point, (mw_step)step, "UTC", MW_UTC_NONE);
        int64_t sum = 0;
        for (size_t i = 0; i < c.n; i++)
            sum += c.points[i].value;
        MW_CHECK_EQ(sum, total);
        MW_CHECK_EQ(c.total, total);
        mw_consumption_fini(&c);
    }
    return total;
}

/* The old meter goes at 34 h and 25 min; the new one counts from 7. */
MW_TEST(an_exchange_within_an_hour) {
    const mw_utc then = at_s(34 * 3600 + 25 * 60);
    MW_CHECK_OK(mw_meter_fit(&op, meter[0].channel, "up-0", at_s(0), noted(1000)));
    hours(0, 0, 34, 10);
    shows(0, 24, 1240);
    op.now = at_s(40 * 3600);
    MW_CHECK_OK(
        mw_meter_exchange(&op, meter[0].channel, meter[1].channel, then, noted(1343), noted(7)));
    settle();
    MW_CHECK_EQ(used("up-0"), 343);
    /* The new meter's own report of the hour in which it came, and what it did at the factory. */
    hours(1, 20, 21, 500);
    hours(1, 35, 48, 20);
    shows(1, 48, 7 + 4 + 13 * 20);
    mw_conservation c = settle();
    MW_CHECK_EQ(c.in_suspense, 0);
    MW_CHECK_EQ(used("up-0"), 343 + 4 + 260);
    mw_consumption points = ask("up-0", MW_STEP_INTERVAL, "UTC", MW_UTC_NONE);
    MW_CHECK_EQ(points.points[34].value, 3 + 4); /* of both meters */
    MW_CHECK_EQ(points.points[34].expected, 2);
    MW_CHECK_EQ(points.points[34].received, 2);
    MW_CHECK(points.points[34].quality & MW_QUALITY_DERIVED);
    mw_consumption_fini(&points);
    /* A removal cannot lie before the fitting, and what hangs elsewhere cannot be fitted. */
    MW_CHECK_STATUS(mw_meter_remove(&op, meter[1].channel, at_s(0), noted(0)), MW_CONFLICT);
    MW_CHECK_STATUS(mw_meter_fit(&op, meter[1].channel, "up-2", at_s(1), noted(0)), MW_CONFLICT);
    MW_CHECK_STATUS(mw_meter_fit(&op, meter[2].channel, "up-9", at_s(1), noted(0)), MW_NOT_FOUND);
}

MW_TEST(a_register_that_rolls_over) {
    MW_CHECK_OK(mw_meter_fit(&op, meter[0].channel, "up-0", at_s(0), noted(9900)));
    hours(0, 0, 48, 25);
    shows(0, 24, (9900 + 600) % 10000);
    shows(0, 48, (9900 + 1200) % 10000);
    mw_conservation c = settle();
    MW_CHECK_EQ(c.rollovers, 1);
    MW_CHECK_EQ(c.in_suspense, 0);
    MW_CHECK_EQ(used("up-0"), 1200);
}

MW_TEST(a_register_that_was_reset) {
    MW_CHECK_OK(mw_meter_fit(&op, meter[0].channel, "up-0", at_s(0), noted(5000)));
    hours(0, 0, 48, 10);
    shows(0, 24, 5240);
    shows(0, 48, 180); /* set to 0 after 30 h */
    mw_store_register_spec spec = {
        .channel = meter[0].channel, .from = at_s(0), .digits = 4, .max_per_hour = 100};
    MW_CHECK_OK(mw_store_register_spec_put(store, tenant, &spec));
    mw_conservation c = settle();
    MW_CHECK_EQ(c.unexplained, 1);
    MW_CHECK_OK(mw_meter_reset(&op, meter[0].channel, at_s(30 * 3600), 5300, 0, "battery"));
    c = settle();
    MW_CHECK_EQ(c.unexplained, 0);
    MW_CHECK_EQ(c.in_suspense, 0);
    MW_CHECK_EQ(used("up-0"), 480);
}

MW_TEST(a_flow_that_runs_backwards) {
    MW_CHECK_OK(mw_meter_fit(&op, meter[0].channel, "up-0", at_s(0), noted(100)));
    hours(0, 0, 24, 10);
    shows(0, 24, 340);
    hours(0, 24, 47, 0);
    hours(0, 47, 48, -15);
    shows(0, 48, 325);
    mw_conservation c = settle();
    MW_CHECK_EQ(c.reverses, 1);
    MW_CHECK_EQ(c.in_suspense, 0);
    MW_CHECK_EQ(used("up-0"), 225);
}

/* The transformer is changed from 40 to 60 in the middle of an hour; later it shows that the first
 * one had always been 50. */
MW_TEST(a_multiplier_that_changes) {
    MW_CHECK_OK(mw_meter_fit(&op, meter[0].channel, "up-0", at_s(0), noted(0)));
    mw_store_factor f = {
        .channel = meter[0].channel, .kind = MW_FACTOR_CT, .from = at_s(0), .num = 40, .den = 1};
    MW_CHECK_OK(mw_meter_factor(&op, &f, (mw_noted){0}));
    f.from = at_s(30 * 3600 + 1200);
    f.num = 60;
    hours(0, 0, 48, 9);
    shows(0, 24, 24 * 9);
    shows(0, 48, 48 * 9);
    MW_CHECK_OK(mw_meter_factor(&op, &f, noted(30 * 9 + 4)));
    mw_conservation c = settle();
    MW_CHECK_EQ(c.in_suspense, 0);
    MW_CHECK_EQ(used("up-0"), (30 * 9 + 4) * 40 + (5 + 17 * 9) * 60);
    mw_utc before = at_s(60 * 3600);
    op.now = at_s(70 * 3600);
    clock_s += 70 * 3600;
    f.from = at_s(0);
    f.num = 50;
    MW_CHECK_OK(mw_meter_factor(&op, &f, (mw_noted){0}));
    MW_CHECK_EQ(used("up-0"), (30 * 9 + 4) * 50 + (5 + 17 * 9) * 60);
    mw_consumption then = ask("up-0", MW_STEP_DAY, "UTC", before);
    MW_CHECK_EQ(then.total, (30 * 9 + 4) * 40 + (5 + 17 * 9) * 60);
    mw_consumption_fini(&then);
}

/* A gas conversion that is no whole number: each UTC day is rounded once. */
MW_TEST(a_conversion_rounds_once_a_day) {
    MW_CHECK_OK(mw_meter_fit(&op, meter[0].channel, "up-0", at_s(0), noted(0)));
    mw_store_factor f = {.channel = meter[0].channel,
                         .kind = MW_FACTOR_CONVERSION,
                         .from = at_s(0),
                         .num = 95693,
                         .den = 100000};
    MW_CHECK_OK(mw_meter_factor(&op, &f, (mw_noted){0}));
    f.kind = MW_FACTOR_HEATING;
    f.num = 11287;
    f.den = 1000;
    MW_CHECK_OK(mw_meter_factor(&op, &f, (mw_noted){0}));
    int64_t exact = 0;
    for (int64_t d = 0; d < 3; d++) {
        hours(0, d * 24, d * 24 + 24, 7 + d);
        exact += ((7 + d) * 24 * INT64_C(95693) * 11287 + 50000000) / 100000000;
    }
    settle();
    MW_CHECK_EQ(used("up-0"), exact);
    /* Days from 06:00 local time are sums of the same hours. */
    mw_consumption_query q = {.tenant = tenant,
                              .step = MW_STEP_DAY,
                              .from_day = DAY0 - 1,
                              .to_day = DAY0 + 4,
                              .day_start_s = 6 * 3600,
                              .layer = MW_LAYER_FINAL,
                              .as_of = MW_UTC_NONE};
    MW_CHECK_OK(mw_zones_get(zones, "Europe/Berlin", &q.zone));
    mw_consumption c;
    MW_CHECK_OK(mw_consumption_of_channel(store, &q, &meter[0], &c));
    MW_CHECK_EQ(c.points[1].start.us, at_s(5 * 3600).us);
    MW_CHECK_EQ(c.points[0].received, 5);
    MW_CHECK_EQ(c.total, exact);
    mw_consumption_fini(&c);
}

/* Two neighbours' meters were connected the wrong way round; found out later. */
MW_TEST(meters_that_hung_at_each_others_place) {
    MW_CHECK_OK(mw_meter_fit(&op, meter[0].channel, "up-0", at_s(0), noted(0)));
    MW_CHECK_OK(mw_meter_fit(&op, meter[1].channel, "up-1", at_s(0), noted(0)));
    hours(0, 0, 72, 10);
    hours(1, 0, 72, 3);
    for (int64_t d = 1; d <= 3; d++) {
        shows(0, d * 24, d * 240);
        shows(1, d * 24, d * 72);
    }
    settle();
    MW_CHECK_EQ(used("up-0"), 720);
    op.now = at_s(80 * 3600);
    clock_s += 80 * 3600;
    MW_CHECK_OK(mw_meter_swap(&op, meter[0].channel, meter[1].channel, at_s(0), at_s(48 * 3600)));
    settle();
    MW_CHECK_EQ(used("up-0"), 48 * 3 + 240);
    MW_CHECK_EQ(used("up-1"), 480 + 24 * 3);
    mw_consumption then = ask("up-0", MW_STEP_DAY, "UTC", at_s(79 * 3600));
    MW_CHECK_EQ(then.total, 720); /* as it was believed */
    mw_consumption_fini(&then);
    MW_CHECK_STATUS(mw_meter_swap(&op, meter[0].channel, meter[2].channel, at_s(0), MW_UTC_NONE),
                    MW_CONFLICT);
}

/* Local days of 25 hours: the clock goes back on 2025-10-26, before; here a zone that does later.
 */
MW_TEST(local_days_add_up_in_any_zone) {
    MW_CHECK_OK(mw_meter_fit(&op, meter[0].channel, "up-0", at_s(-86400), noted(0)));
    hours(0, 0, (int64_t)DAYS * 24, 5);
    settle();
    const char *const names[] = {"Europe/Rome", "America/New_York", "Asia/Kolkata",
                                 "Australia/Lord_Howe", "Pacific/Apia"};
    for (size_t i = 0; i < 5; i++) {
        mw_consumption c = ask("up-0", MW_STEP_DAY, names[i], MW_UTC_NONE);
        int64_t sum = 0;
        uint32_t most = 0;
        for (size_t k = 0; k < c.n; k++) {
            MW_CHECK_EQ(c.points[k].value, (int64_t)c.points[k].received * 5);
            sum += c.points[k].value;
            most = c.points[k].expected > most ? c.points[k].expected : most;
        }
        MW_CHECK_EQ(sum, c.total);
        MW_CHECK_EQ(most, i == 1 ? 25 : 24); /* 2025-11-02 in New York */
        mw_consumption_fini(&c);
    }
}

#define LIFE_CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
MW_TEST_MAIN(LIFE_CASE(an_exchange_within_an_hour), LIFE_CASE(a_register_that_rolls_over),
             LIFE_CASE(a_register_that_was_reset), LIFE_CASE(a_flow_that_runs_backwards),
             LIFE_CASE(a_multiplier_that_changes), LIFE_CASE(a_conversion_rounds_once_a_day),
             LIFE_CASE(meters_that_hung_at_each_others_place),
             LIFE_CASE(local_days_add_up_in_any_zone))
