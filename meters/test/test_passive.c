/* SPDX-License-Identifier: Apache-2.0
 *
 * Configuration as objects: checked whole, in force at once or at a given time, and never half.
 */
#include "base/prng.h"
#include "meters/gas/gas.h"
#include "meters/test/line.h"

static mw_smp_command at_of(uint16_t id, mw_utc utc, const mw_smp_config *set) {
    mw_smp_command c = command(id, MW_SMP_COMMAND_SET_CONFIG_AT);
    uint32_t s = 0;
    if (utc.us != 0)
        MW_CHECK_OK(mw_smp_seconds_of_utc(utc, &s));
    MW_CHECK_OK(mw_smp_set_config_at_put(s, set, &c));
    return c;
}

static mw_utc later(const line *l, int64_t s) {
    return mw_utc_add(mw_meter_clock(&l->r->meter, l->r->now), mw_dur_s(s));
}

static const mw_smp_config three = {
    .count = 3,
    .item = {{MW_SMP_KEY_PERIOD_H, 6}, {MW_SMP_KEY_JITTER_S, 1800}, {MW_SMP_KEY_LEAK, 9}}};

MW_TEST(a_set_takes_effect_at_its_time_and_not_before) {
    line l;
    line_init(&l, &mw_water_r160);
    mw_utc when = later(&l, 3 * 86400 + 1234);
    mw_smp_command c = at_of(5, when, &three);
    MW_CHECK_OK(order(&l, &c));
    run_s(&l, 10);
    MW_CHECK_EQ(newest(&l)->id, 5);
    MW_CHECK_EQ(newest(&l)->result, MW_SMP_RESULT_DONE);
    const mw_meter_config *config = mw_meter_config_of(&l.r->meter);
    MW_CHECK_EQ(config->report_period_h, 24);
    mw_mono tick = mw_rtc_tick_of(&l.r->meter.clock, when);
    run(&l, (mw_mono){tick.ns - 1});
    MW_CHECK_EQ(config->report_period_h, 24);
    rig_boot(l.r, MW_RESET_WATCHDOG, true); /* it waits through a reset */
    MW_CHECK(l.r->meter.passive.waits);
    run(&l, (mw_mono){tick.ns + 2 * MW_NS_PER_S});
    MW_CHECK_EQ(config->report_period_h, 6);
    MW_CHECK_EQ(config->jitter_s, 1800);
    MW_CHECK_EQ(config->leak, 9);
    MW_CHECK(!l.r->meter.passive.waits);
    rig_boot(l.r, MW_RESET_WATCHDOG, true);
    MW_CHECK_EQ(config->report_period_h, 6);
    MW_CHECK(!l.r->meter.passive.waits);
    rig_free(l.r);
}

MW_TEST(what_is_wrong_is_refused_when_it_comes) {
    line l;
    line_init(&l, &mw_pulse_2);
    static const struct {
        mw_smp_config set;
        mw_smp_result result;
    } bad[] = {
        {{.count = 1, .item = {{MW_SMP_KEY_PERIOD_H, 5}}}, MW_SMP_RESULT_RANGE},
        {{.count = 2, .item = {{MW_SMP_KEY_LEAK, 3}, {MW_SMP_KEY_COPIES, 4}}}, MW_SMP_RESULT_RANGE},
        {{.count = 1, .item = {{999, 1}}}, MW_SMP_RESULT_UNKNOWN},
        {{.count = 1, .item = {{MW_SMP_KEY_CARRIER, 2}}}, MW_SMP_RESULT_REFUSED},
        {{.count = 1, .item = {{MW_SMP_KEY_ADAPTIVE, 61}}}, MW_SMP_RESULT_RANGE},
    };
    mw_meter_config before = *mw_meter_config_of(&l.r->meter);
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        mw_smp_command c = at_of((uint16_t)(10 + i), later(&l, 100), &bad[i].set);
        MW_CHECK_OK(order(&l, &c));
        run_s(&l, 60);
        MW_CHECK_EQ(newest(&l)->id, 10 + i);
        MW_CHECK_EQ(newest(&l)->result, bad[i].result);
        /* And the same at once. */
        c = command((uint16_t)(30 + i), MW_SMP_COMMAND_SET_CONFIG);
        MW_CHECK_OK(mw_smp_set_config_put(&bad[i].set, &c));
        MW_CHECK_OK(order(&l, &c));
        run_s(&l, 60);
        MW_CHECK_EQ(newest(&l)->result, bad[i].result);
    }
    run_s(&l, 300);
    MW_CHECK(memcmp(&before, mw_meter_config_of(&l.r->meter), sizeof before) == 0);
    rig_free(l.r);
}

MW_TEST(another_set_replaces_and_none_cancels) {
    line l;
    line_init(&l, &mw_gas_model_of[0]);
    static const mw_smp_config one = {.count = 1, .item = {{MW_SMP_KEY_BURST, 77}}}, none;
    mw_smp_command c = at_of(1, later(&l, 5000), &three);
    MW_CHECK_OK(order(&l, &c));
    run_s(&l, 60);
    c = at_of(2, later(&l, 5000), &one);
    MW_CHECK_OK(order(&l, &c));
    run_s(&l, 6000);
    MW_CHECK_EQ(l.r->meter.config.burst, 77);
    MW_CHECK_EQ(l.r->meter.config.report_period_h, 24);
    c = at_of(3, later(&l, 5000), &three);
    MW_CHECK_OK(order(&l, &c));
    run_s(&l, 60);
    c = at_of(4, (mw_utc){0}, &none);
    MW_CHECK_OK(order(&l, &c));
    run_s(&l, 6000);
    MW_CHECK_EQ(newest(&l)->result, MW_SMP_RESULT_DONE);
    MW_CHECK_EQ(l.r->meter.config.report_period_h, 24);
    /* A moment that has passed is now. */
    c = at_of(5, later(&l, -100), &three);
    MW_CHECK_OK(order(&l, &c));
    run_s(&l, 2);
    MW_CHECK_EQ(l.r->meter.config.report_period_h, 6);
    rig_free(l.r);
}

/* The configuration changed while a set waited, so that both together are wrong: the set is
 * dropped whole, and told. */
MW_TEST(a_set_that_fits_no_more_is_dropped) {
    line l;
    line_init(&l, &mw_water_r80);
    static const mw_smp_config jitter = {
        .count = 2, .item = {{MW_SMP_KEY_JITTER_S, 40000}, {MW_SMP_KEY_LEAK, 3}}};
    static const mw_smp_config period = {
        .count = 2, .item = {{MW_SMP_KEY_PERIOD_H, 1}, {MW_SMP_KEY_JITTER_S, 600}}};
    mw_smp_command c = at_of(1, later(&l, 5000), &jitter);
    MW_CHECK_OK(order(&l, &c));
    run_s(&l, 60);
    c = command(2, MW_SMP_COMMAND_SET_CONFIG);
    MW_CHECK_OK(mw_smp_set_config_put(&period, &c));
    MW_CHECK_OK(order(&l, &c));
    run_s(&l, 6000);
    MW_CHECK_EQ(l.r->meter.config.leak, 0);
    MW_CHECK_EQ(l.r->meter.config.jitter_s, 600);
    MW_CHECK(!l.r->meter.passive.waits);
    mw_ringlog_cursor at = mw_events_from_newest(&l.r->meter.events, MW_EVENTS_SECURITY);
    bool told = false;
    mw_smp_event e;
    uint32_t number;
    while (!told && mw_events_older(&l.r->meter.events, &l.r->nor_flash, MW_EVENTS_SECURITY, &at,
                                    &e, &number) == MW_OK)
        told = e.code == MW_SMP_EVENT_CONFIG && e.value == -MW_SMP_KEY_JITTER_S;
    MW_CHECK(told);
    rig_free(l.r);
}

/* Power goes at every byte of taking a set over and of its taking effect. */
MW_TEST(a_cut_leaves_all_of_a_set_or_nothing) {
    unsigned cuts = 0;
    for (uint64_t step = 0;; step++) {
        line l;
        line_init(&l, &mw_pulse_2);
        mw_smp_command c = at_of(5, later(&l, 20), &three);
        mw_host_flash_cut_after(&l.r->nor, step, step);
        mw_status s = order(&l, &c);
        MW_CHECK(s == MW_OK || l.r->nor.dead);
        if (!l.r->nor.dead)
            run_s(&l, 40);
        bool hit = l.r->nor.dead;
        cuts += hit;
        if (hit) {
            mw_host_flash_power_on(&l.r->nor);
            rig_boot(l.r, MW_RESET_BROWN_OUT, true);
            l.r->out.next_wake = (mw_mono){l.r->now.ns + 1};
        }
        const mw_meter_config *config = mw_meter_config_of(&l.r->meter);
        bool old = config->report_period_h == 24 && config->jitter_s == 14400 && config->leak == 0;
        bool new = config->report_period_h == 6 && config->jitter_s == 1800 && config->leak == 9;
        MW_CHECK(old || new);
        bool waits = l.r->meter.passive.waits;
        run_s(&l, 60);
        new = config->report_period_h == 6 && config->jitter_s == 1800 && config->leak == 9;
        /* What waited took effect; what never came did not. */
        MW_CHECK(new || (old && !waits));
        rig_free(l.r);
        if (!hit)
            break;
    }
    MW_CHECK(cuts > 200);
}

MW_TEST_MAIN(MW_CASE(a_set_takes_effect_at_its_time_and_not_before),
             MW_CASE(what_is_wrong_is_refused_when_it_comes),
             MW_CASE(another_set_replaces_and_none_cancels),
             MW_CASE(a_set_that_fits_no_more_is_dropped),
             MW_CASE(a_cut_leaves_all_of_a_set_or_nothing))
