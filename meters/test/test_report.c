/* SPDX-License-Identifier: Apache-2.0
 *
 * What a meter sends must open with the derived key and say exactly what was fed to it.
 */
#include "base/prng.h"
#include "meters/test/rig.h"

/* Feeds random counts for `days` days and remembers the truth. */
static void feed(rig *r, unsigned index, uint64_t seed, unsigned days, unsigned edges_a_day,
                 unsigned most, int64_t truth[RIG_HOURS_MAX]) {
    mw_prng g = mw_prng_of_seed(seed);
    int64_t t = r->now.ns;
    int64_t end = t + (int64_t)days * 86400 * MW_NS_PER_S;
    for (;;) {
        t += (int64_t)mw_prng_below(&g, 2 * UINT64_C(86400) * 1000000000 / edges_a_day) + 1;
        if (t >= end)
            break;
        uint32_t counts = (uint32_t)mw_prng_below(&g, most) + 1;
        rig_count(r, (mw_mono){t}, index, counts);
        mw_utc utc = mw_meter_clock(&r->meter, (mw_mono){t - 1});
        truth[mw_meter_hour_of(mw_meter_config_of(&r->meter), utc) - r->base_hour] += counts;
    }
    rig_idle(r, (mw_mono){end});
}

MW_TEST(water_days_arrive_exactly_and_twice) {
    rig *r = rig_new(&mw_water_r160);
    rig_start(r, RIG_START);
    static int64_t truth[RIG_HOURS_MAX];
    memset(truth, 0, sizeof truth);
    feed(r, 0, 1, 10, 300, 12, truth);
    rig_idle(r, mw_mono_add(r->now, mw_dur_s(5 * 3600)));
    int64_t sum = 0, litres = 0;
    for (unsigned h = 0; h < 240; h++) {
        sum += truth[h];
        MW_CHECK(r->hours[0][h].known && !r->hours[0][h].disturbed);
        MW_CHECK_EQ(r->hours[0][h].value, sum / 4 - litres);
        litres = sum / 4;
        MW_CHECK_EQ(r->hours[0][h].reg, litres);
        MW_CHECK_EQ(r->hours[0][h].times, h < 216 ? 2 : 1);
    }
    MW_CHECK_EQ(mw_meter_counts(&r->meter, 0), sum);
    MW_CHECK_EQ(mw_meter_value(&r->meter, 0), sum / 4);
    rig_free(r);
}

MW_TEST(electricity_days_arrive_exactly_and_twice) {
    rig *r = rig_new(&mw_pulse_2);
    rig_start(r, RIG_START);
    mw_meter_config c = *mw_meter_config_of(&r->meter);
    c.scale[0].initial = 123456789;
    MW_CHECK_OK(mw_meter_configure(&r->meter, r->now, &c));
    static int64_t truth[RIG_HOURS_MAX];
    memset(truth, 0, sizeof truth);
    feed(r, 0, 2, 8, 700, 60, truth);
    rig_idle(r, mw_mono_add(r->now, mw_dur_s(5 * 3600)));
    int64_t reg = 123456789;
    for (unsigned h = 0; h < 192; h++) {
        MW_CHECK(r->hours[0][h].known);
        MW_CHECK_EQ(r->hours[0][h].value, truth[h]);
        MW_CHECK_EQ(r->hours[0][h].reg, reg += truth[h]);
        MW_CHECK_EQ(r->hours[0][h].times, h < 168 ? 2 : 1);
    }
    rig_free(r);
}

MW_TEST(two_channels_are_independent) {
    rig *r = rig_new(&mw_pulse_2);
    rig_start(r, RIG_START);
    mw_meter_config c = *mw_meter_config_of(&r->meter);
    c.active = 3;
    c.scale[1] = (mw_meter_scale){.numerator = 5, .denominator = 16, .initial = 1000};
    MW_CHECK_OK(mw_meter_configure(&r->meter, r->now, &c));
    for (int64_t h = 0; h < 48; h++) {
        rig_count(r, mw_mono_add(rig_tick(h * 3600), mw_dur_s(100)), 0, (uint32_t)h);
        rig_count(r, mw_mono_add(rig_tick(h * 3600), mw_dur_s(200)), 1, 17);
    }
    rig_idle(r, rig_tick(53 * 3600));
    for (int64_t h = 0; h < 48; h++) {
        MW_CHECK_EQ(r->hours[0][h].value, h);
        MW_CHECK_EQ(r->hours[1][h].reg, 1000 + 17 * (h + 1) * 5 / 16);
        MW_CHECK_EQ(r->hours[0][h].times, h < 24 ? 2 : 1);
        MW_CHECK_EQ(r->hours[1][h].times, h < 24 ? 2 : 1);
    }
    rig_free(r);
}

MW_TEST(short_periods_overlap) {
    static const uint8_t periods[] = {1, 3, 6, 12};
    for (unsigned i = 0; i < sizeof periods; i++) {
        rig *r = rig_new(&mw_pulse_2);
        rig_start(r, RIG_START);
        mw_meter_config c = *mw_meter_config_of(&r->meter);
        c.report_period_h = periods[i];
        c.jitter_s = 600;
        MW_CHECK_OK(mw_meter_configure(&r->meter, r->now, &c));
        static int64_t truth[RIG_HOURS_MAX];
        memset(truth, 0, sizeof truth);
        feed(r, 0, 3, 3, 500, 60, truth);
        for (unsigned h = 0; h < 72u - periods[i]; h++) {
            MW_CHECK_EQ(r->hours[0][h].value, truth[h]);
            MW_CHECK(r->hours[0][h].times >= (h + periods[i] < 60 ? 2u : 1u));
        }
        rig_free(r);
    }
}

MW_TEST(slowest_rate_cuts_days_into_parts) {
    rig *r = rig_new(&mw_pulse_2);
    mw_unb_plan plan = *r->provision.plan;
    for (unsigned i = 0; i < plan.bands; i++)
        plan.band[i].rates |= 1u << MW_UNB_R0;
    r->provision.plan = &plan;
    rig_start(r, RIG_START);
    mw_meter_config c = *mw_meter_config_of(&r->meter);
    c.rate = MW_UNB_R0;
    c.copies = 1;
    MW_CHECK_OK(mw_meter_configure(&r->meter, r->now, &c));
    static int64_t truth[RIG_HOURS_MAX];
    memset(truth, 0, sizeof truth);
    feed(r, 0, 4, 4, 2000, 60, truth);
    rig_idle(r, mw_mono_add(r->now, mw_dur_s(8 * 3600)));
    for (unsigned h = 0; h < 96; h++) {
        MW_CHECK_EQ(r->hours[0][h].value, truth[h]);
        MW_CHECK_EQ(r->hours[0][h].times, h < 72 ? 2 : 1);
    }
    for (unsigned i = 0; i < r->frames; i++)
        MW_CHECK(r->frame[i].tx.size != MW_UNB_L);
    rig_free(r);
}

MW_TEST(boot_is_told_with_the_whole_counter) {
    rig *r = rig_new(&mw_water_r160);
    rig_start(r, RIG_START);
    rig_idle(r, rig_tick(400));
    MW_CHECK_EQ(r->frames, 1);
    MW_CHECK(r->frame[0].full && r->frame[0].events == 1 && r->frame[0].days == 1);
    MW_CHECK_EQ(r->frame[0].healths, 1);
    MW_CHECK_EQ(r->last_event.code, MW_SMP_EVENT_BOOT);
    MW_CHECK_EQ(r->last_event.value, MW_RESET_POWER_ON);
    MW_CHECK_EQ(r->last_health.resets, 1);
    MW_CHECK(r->frame[0].tx.copy[0].start.ns <= rig_tick(302).ns);
    for (unsigned i = 0; i < 5; i++) {
        unsigned before = r->frames;
        rig_boot(r, MW_RESET_WATCHDOG, true);
        rig_idle(r, mw_mono_add(r->now, mw_dur_s(3600)));
        MW_CHECK_EQ(r->frames, before + 1);
        MW_CHECK(r->frame[before].full);
        /* A boot skips to the next reservation: numbers are lost, never used twice. */
        MW_CHECK_EQ(r->frame[before].tx.counter, 256 * (i + 1));
        MW_CHECK_EQ(r->last_event.value, MW_RESET_WATCHDOG);
        MW_CHECK_EQ(r->last_health.resets, 2 + i);
    }
    rig_free(r);
}

MW_TEST(every_256th_frame_has_the_whole_counter) {
    rig *r = rig_new(&mw_pulse_2);
    rig_start(r, RIG_START);
    mw_meter_config c = *mw_meter_config_of(&r->meter);
    c.report_period_h = 1;
    c.jitter_s = 60;
    MW_CHECK_OK(mw_meter_configure(&r->meter, r->now, &c));
    rig_idle(r, rig_tick(40 * 86400));
    MW_CHECK(r->frames > 900);
    for (unsigned i = 0; i < r->frames; i++)
        MW_CHECK(r->frame[i].full || r->frame[i].tx.counter % 256 != 0);
    rig_free(r);
}

MW_TEST(reverse_flow_has_its_own_register) {
    rig *r = rig_new(&mw_water_r160);
    rig_start(r, RIG_START);
    rig_count(r, rig_tick(1000), MW_WATER_FORWARD, 400);
    rig_count(r, rig_tick(2000), MW_WATER_REVERSE, 40);
    rig_count(r, rig_tick(5000), MW_WATER_FORWARD, 8);
    rig_idle(r, rig_tick(30 * 3600));
    MW_CHECK_EQ(mw_meter_value(&r->meter, 0), 102);
    MW_CHECK_EQ(mw_meter_value(&r->meter, 1), 10);
    MW_CHECK_EQ(r->hours[0][0].value, 100);
    MW_CHECK_EQ(r->hours[0][1].value, 2);
    bool total_seen = false, event_seen = false;
    for (unsigned i = 1; i < r->frames; i++) {
        event_seen = event_seen || r->frame[i].events > 0;
        total_seen = total_seen || r->frame[i].days > 0;
    }
    MW_CHECK(event_seen && total_seen);
    MW_CHECK_EQ(r->last_day.channel, 1);
    MW_CHECK_EQ(r->last_day.reg, 10);
    MW_CHECK_EQ(r->last_event.code, MW_SMP_EVENT_REVERSE);
    MW_CHECK_EQ(r->last_event.value, 10);
    rig_free(r);
}

MW_TEST(alarms_do_not_wait_and_do_not_chatter) {
    rig *r = rig_new(&mw_water_r160);
    rig_start(r, RIG_START);
    rig_idle(r, rig_tick(3000));
    unsigned before = r->frames;
    for (int i = 0; i < 100; i++) {
        rig_idle(r, rig_tick(3000 + 2 * i));
        mw_meter_inputs in = {.tamper = MW_TAMPER_MAGNET};
        MW_CHECK_OK(rig_step(r, &in));
        rig_idle(r, rig_tick(3001 + 2 * i));
        in.tamper = 0;
        MW_CHECK_OK(rig_step(r, &in));
    }
    rig_idle(r, rig_tick(3590));
    MW_CHECK_EQ(r->frames, before + 1);
    MW_CHECK_EQ(r->last_event.code, MW_SMP_EVENT_MAGNET);
    rig_idle(r, rig_tick(30 * 3600));
    MW_CHECK((r->last_day.status & MW_SMP_STATUS_MAGNET) != 0);
    rig_free(r);
}

MW_TEST_MAIN(MW_CASE(water_days_arrive_exactly_and_twice),
             MW_CASE(electricity_days_arrive_exactly_and_twice),
             MW_CASE(two_channels_are_independent), MW_CASE(short_periods_overlap),
             MW_CASE(slowest_rate_cuts_days_into_parts),
             MW_CASE(boot_is_told_with_the_whole_counter),
             MW_CASE(every_256th_frame_has_the_whole_counter),
             MW_CASE(reverse_flow_has_its_own_register),
             MW_CASE(alarms_do_not_wait_and_do_not_chatter))
