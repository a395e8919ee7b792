/* SPDX-License-Identifier: Apache-2.0
 *
 * What is around a channel, from values in the store to findings and estimates: reactive energy and
 * phases (V18), an operational system (E3), temperatures (E6), the month of a class's profile.
 */
#include "platform/validation/context.h"
#include "platform/validation/test/world.h"

static world w;

/* A channel of its own device, or of the same device as number `number`. */
static int64_t electric_add(uint64_t identity, uint8_t number, uint8_t quantity, uint8_t type,
                            mw_unit unit, int8_t scale) {
    int64_t channel = 0;
    mw_store_device d = {.identity = identity, .serial = "E", .model = "e"};
    mw_store_channel c = {.number = number,
                          .medium = "electricity",
                          .unit = unit,
                          .scale = scale,
                          .register_digits = 9,
                          .grid_seconds = HOUR,
                          .obis = {1, 0, quantity, type, 0, 255}};
    MW_CHECK_OK(mw_store_device_put(w.store, w.tenant, &d, &c.device));
    MW_CHECK_OK(mw_store_channel_put(w.store, w.tenant, &c, &channel));
    return channel;
}

static void days_put(int64_t channel, int64_t first, int64_t days, int64_t lost,
                     int64_t (*value)(int64_t hour)) {
    mw_store_interval rows[24];
    MW_CHECK_OK(mw_store_begin(w.store));
    for (int64_t d = first; d < first + days; d++) {
        if (d == lost)
            continue;
        for (int64_t h = 0; h < 24; h++)
            rows[h] = (mw_store_interval){.start = world_hour(d * 24 + h),
                                          .seconds = HOUR,
                                          .value = value(d * 24 + h),
                                          .received = world_hour(d * 24 + 25),
                                          .journal = 1};
        MW_CHECK_OK(mw_store_run_append(w.store, w.tenant, channel, rows, 24));
    }
    uint32_t folded = 1;
    while (folded > 0)
        MW_CHECK_OK(mw_store_fold(w.store, MW_STORE_FOLD_MAX, &folded));
    MW_CHECK_OK(mw_store_commit(w.store));
}

static void judge(int64_t day) {
    mw_pipeline_turn turn = {.changes = 1};
    w.now = world_hour(day * 24);
    while (turn.changes > 0)
        MW_CHECK_OK(mw_pipeline_run(w.pipeline, w.now, 1000, &turn));
}

static mw_status exception_count(void *ctx, const mw_store_exception *row) {
    (void)row;
    ++*(int64_t *)ctx;
    return MW_OK;
}

static int64_t of_rule(int64_t channel, mw_vee_rule rule) {
    int64_t n = 0;
    mw_store_exception_query q = {.tenant = w.tenant,
                                  .channel = channel,
                                  .of_rule = true,
                                  .rule = (uint16_t)rule,
                                  .limit = MW_STORE_PAGE_MAX};
    MW_CHECK_OK(mw_store_exceptions(w.store, &q, exception_count, &n));
    return n;
}

static int64_t load(int64_t h) {
    return 300 + h % 24 * 7 + h % 5;
}
static int64_t reactive_mild(int64_t h) {
    return load(h) / 3;
}
static int64_t reactive_wild(int64_t h) {
    return h == 60 ? load(h) * 5 : load(h) / 3;
}
static int64_t volts(int64_t h) {
    return h == 61 ? 4 : 231;
}
static int64_t amperes(int64_t h) {
    (void)h;
    return 3;
}

MW_TEST(reactive_energy_and_a_dead_phase_raise_v18) {
    world_open(&w, 9, "Europe/Rome", 0);
    MW_CHECK_OK(mw_store_begin(w.store));
    int64_t active = electric_add(70, 0, 1, 8, MW_UNIT_WH, 0);
    int64_t reactive = electric_add(70, 1, 3, 8, MW_UNIT_VARH, 0);
    int64_t voltage = electric_add(70, 2, 52, 7, MW_UNIT_V, 0);
    int64_t current = electric_add(70, 3, 51, 7, MW_UNIT_A, 0);
    MW_CHECK_OK(mw_store_commit(w.store));
    for (int64_t d = 0; d < 2; d++) {
        days_put(reactive, d, 1, -1, reactive_mild);
        days_put(voltage, d, 1, -1, amperes); /* 3 V: but no current is told yet */
        days_put(active, d, 1, -1, load);
    }
    judge(2);
    MW_CHECK_EQ(of_rule(active, MW_VEE_V18_PHASES), 0);
    days_put(reactive, 2, 1, -1, reactive_wild);
    days_put(voltage, 2, 1, -1, volts);
    days_put(current, 2, 1, -1, amperes);
    days_put(active, 2, 1, -1, load);
    judge(3);
    /* Hour 60: reactive; hour 61: 3 A on a phase of 4 V. One phase alone is out of balance all day,
     * which is an imbalance of 200 %: each hour is told once. */
    MW_CHECK(of_rule(active, MW_VEE_V18_PHASES) >= 2);
    MW_CHECK_EQ(of_rule(reactive, MW_VEE_V18_PHASES), 0);
    world_close(&w);
}

/* --- E3, E6 ----------------------------------------------------------------------------------- */

static int64_t heat(int64_t h) {
    int64_t day = h / 24;
    return day % 7 == 2 || day == 16 ? 900 : 100; /* cold days */
}
static int64_t degrees(int64_t h) {
    int64_t day = h / 24;
    return day % 7 == 2 || day == 16 ? -80 : 150; /* tenths */
}

static mw_status method_take(void *ctx, const mw_store_value *row) {
    int64_t *sum = ctx;
    sum[0] += row->interval.value;
    sum[1] = row->method;
    return MW_OK;
}

static void day_of(int64_t channel, int64_t day, int64_t out[2]) {
    mw_store_values_query q = {.tenant = w.tenant,
                               .channel = channel,
                               .layer = MW_LAYER_VALIDATED,
                               .from = world_hour(day * 24),
                               .to = world_hour(day * 24 + 24),
                               .as_of = MW_UTC_NONE};
    out[0] = out[1] = 0;
    MW_CHECK_OK(mw_store_values(w.store, &q, method_take, out));
}

static void setting(const char *name, int64_t value) {
    mw_store_vee_setting row = {.tenant = w.tenant,
                                .class = MW_STORE_ALL_CLASSES,
                                .from = world_hour(-24 * 365),
                                .value = value};
    (void)snprintf(row.name, sizeof row.name, "%s", name);
    MW_CHECK_OK(mw_store_vee_setting_put(w.store, &row));
}

MW_TEST(a_proxy_day_by_temperature_and_an_operational_system) {
    int64_t got[2];
    world_open(&w, 9, "UTC", 0);
    MW_CHECK_OK(mw_store_begin(w.store));
    int64_t meter = electric_add(80, 0, 1, 8, MW_UNIT_WH, 0);
    int64_t weather = electric_add(81, 0, 96, 9, MW_UNIT_DEG_C, -1);
    int64_t system = electric_add(82, 0, 1, 8, MW_UNIT_WH, 0);
    mw_store_source s = {w.tenant, meter, MW_SOURCE_TEMPERATURE, weather};
    MW_CHECK_OK(mw_store_vee_source_put(w.store, &s));
    setting("estimate.choose", 0);
    setting("plan.5", 0);
    MW_CHECK_OK(mw_store_commit(w.store));
    days_put(weather, 0, 30, -1, degrees);
    days_put(system, 0, 30, -1, load);
    days_put(meter, 0, 18, 16, heat);
    judge(18);
    day_of(meter, 16, got);
    MW_CHECK_EQ(got[1], MW_VEE_E6_PROXY_DAY);
    MW_CHECK_EQ(got[0], 24 * 900); /* a Saturday as cold as the Saturdays in `heat` */
    s = (mw_store_source){w.tenant, meter, MW_SOURCE_INFERRED, system};
    MW_CHECK_OK(mw_store_begin(w.store));
    MW_CHECK_OK(mw_store_vee_source_put(w.store, &s));
    MW_CHECK_OK(mw_store_commit(w.store));
    days_put(meter, 18, 3, 19, heat);
    judge(21);
    day_of(meter, 19, got);
    MW_CHECK_EQ(got[1], MW_VEE_E3_INFERRED);
    int64_t sum = 0;
    for (int64_t h = 19 * 24; h < 20 * 24; h++)
        sum += load(h);
    MW_CHECK_EQ(got[0], sum);
    world_close(&w);
}

MW_TEST(a_month_of_the_profile) {
    world_open(&w, 9, "UTC", 0);
    mw_store_profile p = {.tenant = w.tenant, .medium = MW_VEE_WATER, .from = world_hour(0)};
    for (unsigned d = 0; d < 3; d++)
        for (unsigned h = 0; h < 24; h++)
            p.weight[d][h] = d == 0 ? 10 : d == 1 ? 20 : 30;
    MW_CHECK_OK(mw_store_begin(w.store));
    MW_CHECK_OK(mw_store_vee_profile_put(w.store, &p));
    MW_CHECK_OK(mw_store_commit(w.store));
    mw_window_channel c;
    int64_t use = 0;
    MW_CHECK_OK(mw_window_channel_read(w.store, w.zones, w.tenant, w.channel, &c));
    /* January 2026 has 22 working days, 5 Saturdays and 4 Sundays. */
    MW_CHECK_OK(mw_context_month(w.store, &c, world_hour(0), FIRST_DAY, FIRST_DAY + 31, &use));
    MW_CHECK_EQ(use, 24 * (22 * 10 + 5 * 20 + 4 * 30));
    MW_CHECK_OK(mw_context_month(w.store, &c, world_hour(-1), FIRST_DAY, FIRST_DAY + 31, &use));
    MW_CHECK_EQ(use, -1);
    world_close(&w);
}

MW_TEST_MAIN(MW_CASE(reactive_energy_and_a_dead_phase_raise_v18),
             MW_CASE(a_proxy_day_by_temperature_and_an_operational_system),
             MW_CASE(a_month_of_the_profile))
