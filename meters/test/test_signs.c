/* SPDX-License-Identifier: Apache-2.0
 *
 * What each battery meter notices beside its flow, and how it tells: magnet, cover, loop, sensor,
 * frost and battery as signs and events, at once from a meter that reports once a day, within the
 * duty. And the modem's periods as production sets them.
 */
#include "meters/gas/gas.h"
#include "meters/test/rig.h"

#define DAY_S 86400

/* A day passes in which nothing is sent but the report; then `in` holds for a minute. Returns how
 * long after that a frame with the event came, in seconds. */
static int64_t told_after(rig *r, const mw_meter_inputs *in, mw_smp_event_code code) {
    rig_idle(r, mw_mono_add(r->now, mw_dur_s(2 * DAY_S)));
    mw_mono began = r->now;
    unsigned frames = r->frames;
    mw_meter_inputs held = *in;
    MW_CHECK_OK(rig_step(r, &held));
    held.battery_mv = 0;
    while (r->now.ns < began.ns + 300 * MW_NS_PER_S) {
        for (unsigned i = frames; i < r->frames; i++)
            if (r->frame[i].events > 0 && r->last_event.code == code)
                return (r->now.ns - began.ns) / MW_NS_PER_S;
        r->now = r->out.next_wake;
        MW_CHECK_OK(rig_step(r, &held));
    }
    return -1;
}

static void sign_check(const mw_meter_model *model, mw_meter_inputs in, mw_smp_event_code code,
                       int64_t value, uint16_t status) {
    rig *r = rig_new(model);
    rig_start(r, RIG_START);
    int64_t after = told_after(r, &in, code);
    if (after < 0)
        print_error("%s did not tell event %d\n", model->name, code);
    MW_CHECK(after >= 0 && after <= MW_ALARM_WINDOW_MS / 1000 + 1);
    MW_CHECK_EQ(r->last_event.value, value);
    MW_CHECK((r->meter.status_now & status) == status);
    /* In the next report the sign stands, and goes with its cause. */
    mw_meter_inputs held = in;
    held.battery_mv = 0;
    mw_mono until = mw_mono_add(r->now, mw_dur_s(30 * 3600));
    bool seen = false;
    while (!seen && r->now.ns < until.ns) {
        r->now = r->out.next_wake;
        MW_CHECK_OK(rig_step(r, &held));
        seen = (r->last_day.status & status) == status;
    }
    MW_CHECK(seen);
    mw_meter_inputs clear = {.battery_mv = 3650, .temperature = {20000}};
    MW_CHECK_OK(rig_step(r, &clear));
    MW_CHECK_EQ(r->meter.status_now & status, 0);
    rig_free(r);
}

static const mw_meter_model *const all[] = {
    &mw_gas_model_of[0], &mw_gas_model_of[1], &mw_gas_model_of[2], &mw_gas_model_of[3],
    &mw_water_r80,       &mw_water_r100,      &mw_water_r160,      &mw_pulse_2};
#define MODELS (sizeof all / sizeof all[0])

MW_TEST(magnet_and_cover_are_told_at_once) {
    for (unsigned i = 0; i < MODELS; i++) {
        sign_check(all[i], (mw_meter_inputs){.tamper = MW_TAMPER_MAGNET}, MW_SMP_EVENT_MAGNET, 1,
                   MW_SMP_STATUS_MAGNET);
        sign_check(all[i], (mw_meter_inputs){.tamper = MW_TAMPER_COVER}, MW_SMP_EVENT_TAMPER,
                   MW_TAMPER_COVER, MW_SMP_STATUS_TAMPER);
        sign_check(all[i], (mw_meter_inputs){.faults = 4}, MW_SMP_EVENT_SENSOR, 4,
                   MW_SMP_STATUS_SENSOR);
    }
}

MW_TEST(a_cut_loop_of_the_modem_is_told) {
    sign_check(&mw_pulse_2, (mw_meter_inputs){.tamper = MW_TAMPER_LOOP}, MW_SMP_EVENT_TAMPER,
               MW_TAMPER_LOOP, MW_SMP_STATUS_TAMPER);
}

MW_TEST(a_low_battery_is_told_with_its_voltage) {
    for (unsigned i = 0; i < MODELS; i++) {
        uint16_t low = (uint16_t)(all[i]->battery_low_mv - 10);
        sign_check(all[i], (mw_meter_inputs){.battery_mv = low, .temperature = {20000}},
                   MW_SMP_EVENT_BATTERY, low, MW_SMP_STATUS_LOW_BATTERY);
    }
}

MW_TEST(frost_harms_water_and_nothing_else) {
    mw_meter_inputs cold = {.battery_mv = 3600, .temperature = {1500}};
    for (unsigned i = 4; i < 7; i++)
        sign_check(all[i], cold, MW_SMP_EVENT_FROST, 15, MW_SMP_STATUS_FROST);
    for (unsigned i = 0; i < MODELS; i++) {
        if (i >= 4 && i < 7)
            continue;
        rig *r = rig_new(all[i]);
        rig_start(r, RIG_START);
        MW_CHECK_EQ(told_after(r, &cold, MW_SMP_EVENT_FROST), -1);
        rig_free(r);
    }
}

/* When the hour's share is used up, an alarm waits for the ledger and then goes. */
MW_TEST(an_alarm_keeps_to_the_duty) {
    rig *r = rig_new(&mw_water_r160);
    rig_start(r, RIG_START);
    rig_idle(r, rig_tick(2 * DAY_S));
    unsigned band;
    MW_CHECK_OK(mw_unb_plan_band(r->provision.plan, MW_UNB_UP, MW_UNB_R1, 0, &band));
    mw_ledger_book(&r->meter.telemetry.ledger, band, 36000, r->now);
    mw_mono began = r->now;
    unsigned frames = r->frames;
    mw_meter_inputs in = {.tamper = MW_TAMPER_MAGNET};
    MW_CHECK_OK(rig_step(r, &in));
    while (r->frames == frames) {
        r->now = r->out.next_wake;
        MW_CHECK_OK(rig_step(r, &in));
    }
    int64_t waited = (r->now.ns - began.ns) / MW_NS_PER_S;
    MW_CHECK(waited >= 3600 && waited < 3600 + 900);
    MW_CHECK_EQ(r->last_event.code, MW_SMP_EVENT_MAGNET);
    rig_free(r);
}

/* Battery and temperature reach the account. */
MW_TEST(health_tells_battery_and_temperature) {
    for (unsigned i = 0; i < MODELS; i++) {
        rig *r = rig_new(all[i]);
        rig_start(r, RIG_START);
        mw_meter_inputs in = {.battery_mv = 3590, .temperature = {-12300}};
        MW_CHECK_OK(rig_step(r, &in));
        rig_idle(r, rig_tick(9 * DAY_S));
        MW_CHECK_EQ(r->last_health.battery_mv, 3590);
        MW_CHECK_EQ(r->last_health.temperature_dc, -123);
        MW_CHECK(r->last_health.battery_level >= 98 && r->last_health.battery_level <= 101);
        rig_free(r);
    }
}

/* Every hour, every 3, 6, 12 or 24: set once at production, in force for good, both inputs with
 * weight and initial index of their own. */
MW_TEST(the_period_is_set_at_manufacture) {
    static const uint8_t periods[] = {1, 3, 6, 12, 24};
    for (unsigned k = 0; k < sizeof periods; k++) {
        rig *r = rig_new(&mw_pulse_2);
        rig_boot(r, MW_RESET_POWER_ON, false);
        mw_meter_config c = *mw_meter_config_of(&r->meter);
        c.report_period_h = periods[k];
        c.jitter_s = 600;
        c.active = 3;
        c.scale[0] = (mw_meter_scale){.numerator = 10, .denominator = 1, .initial = 123456};
        c.scale[1] = (mw_meter_scale){.numerator = 1, .denominator = 1000, .initial = 77};
        MW_CHECK_OK(mw_meter_configure(&r->meter, r->now, &c));
        rig_boot(r, MW_RESET_POWER_ON, false);
        MW_CHECK_OK(mw_meter_clock_set(&r->meter, r->now, RIG_START));
        unsigned reports = 0, frames = r->frames;
        for (unsigned h = 0; h < 5 * 24; h++) {
            rig_count(r, rig_tick(h * INT64_C(3600) + 1800), 0, 3);
            rig_count(r, rig_tick(h * INT64_C(3600) + 1801), 1, 2500);
        }
        rig_idle(r, rig_tick(5 * DAY_S + 7200));
        for (unsigned i = frames; i < r->frames; i++)
            reports += r->frame[i].days > 0;
        unsigned due = 5 * 24 / periods[k];
        /* Both channels, now and then in more than one part, with overlap. */
        MW_CHECK(reports >= 2 * due && reports <= 6 * due);
        for (unsigned h = 0; h < 4 * 24; h++) {
            MW_CHECK(r->hours[0][h].known && r->hours[1][h].known);
            MW_CHECK_EQ(r->hours[0][h].value, 30);
            MW_CHECK_EQ(r->hours[0][h].reg, 123456 + 30 * (int64_t)(h + 1));
            MW_CHECK_EQ(r->hours[1][h].reg, 77 + 2500 * (int64_t)(h + 1) / 1000);
        }
        rig_free(r);
    }
}

MW_TEST_MAIN(MW_CASE(magnet_and_cover_are_told_at_once), MW_CASE(a_cut_loop_of_the_modem_is_told),
             MW_CASE(a_low_battery_is_told_with_its_voltage),
             MW_CASE(frost_harms_water_and_nothing_else), MW_CASE(an_alarm_keeps_to_the_duty),
             MW_CASE(health_tells_battery_and_temperature),
             MW_CASE(the_period_is_set_at_manufacture))
