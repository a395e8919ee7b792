/* SPDX-License-Identifier: Apache-2.0
 *
 * The parts of the kit one by one: registers, hours and days, clock, schedule, ledger,
 * configuration.
 */
#include "base/prng.h"
#include "meters/test/rig.h"

MW_TEST(registers_are_the_sum_of_edges) {
    for (uint64_t seed = 0; seed < 20; seed++) {
        rig *r = rig_new(&mw_water_r160);
        rig_start(r, RIG_START);
        mw_prng g = mw_prng_of_seed(seed);
        int64_t sum[2] = {0, 0};
        for (int i = 0; i < 2000; i++) {
            r->now.ns += (int64_t)mw_prng_below(&g, 900 * UINT64_C(1000000000)) + 1;
            mw_meter_inputs in = {0};
            unsigned which = mw_prng_below(&g, 10) == 0;
            in.counts[which] = (uint32_t)mw_prng_below(&g, 30);
            sum[which] += in.counts[which];
            MW_CHECK_OK(mw_meter_step(&r->meter, r->now, &in, &r->out));
            MW_CHECK_EQ(mw_meter_counts(&r->meter, 0), sum[0]);
            MW_CHECK_EQ(mw_meter_counts(&r->meter, 1), sum[1]);
            MW_CHECK_EQ(mw_meter_value(&r->meter, 0), sum[0] / 4);
        }
        /* What hours say is the difference of registers, and all hours together the register. */
        mw_archive_window w;
        uint32_t hour = mw_meter_hour(&r->meter);
        mw_archive_record first, last;
        MW_CHECK_OK(mw_archive_window_read(&r->meter.archive, &r->nor_flash, 0, hour, 48, &w));
        MW_CHECK_EQ(w.hours, 48);
        for (unsigned k = 0; k < 48; k++)
            MW_CHECK(w.counts[k + 1] >= w.counts[k]);
        MW_CHECK_OK(mw_archive_find(&r->meter.archive.hourly, &r->nor_flash, hour, &last));
        MW_CHECK_OK(mw_archive_find(&r->meter.archive.hourly, &r->nor_flash, hour - 48, &first));
        MW_CHECK_EQ(last.counts[0] - first.counts[0], w.counts[48] - w.counts[0]);
        MW_CHECK(last.counts[0] <= sum[0] && last.counts[1] <= sum[1]);
        rig_free(r);
    }
}

MW_TEST(a_full_register_stops_and_says_so) {
    rig *r = rig_new(&mw_pulse_2);
    rig_start(r, RIG_START);
    r->meter.registers.counts[0] = MW_METER_COUNTS_MAX - 5;
    mw_meter_inputs in = {.counts = {3, 0}};
    r->now.ns += 1;
    MW_CHECK_OK(mw_meter_step(&r->meter, r->now, &in, &r->out));
    r->now.ns += 1;
    MW_CHECK_STATUS(mw_meter_step(&r->meter, r->now, &in, &r->out), MW_RANGE);
    MW_CHECK_EQ(mw_meter_counts(&r->meter, 0), MW_METER_COUNTS_MAX);
    rig_free(r);
}

MW_TEST(scales_are_exact) {
    mw_meter_scale s = {.numerator = 5, .denominator = 16, .initial = 1000};
    MW_CHECK_EQ(mw_scale_value(&s, 0), 1000);
    MW_CHECK_EQ(mw_scale_value(&s, 3), 1000);
    MW_CHECK_EQ(mw_scale_value(&s, 16), 1005);
    s = (mw_meter_scale){.numerator = 1000000, .denominator = 999999, .initial = 0};
    MW_CHECK_EQ(mw_scale_value(&s, MW_METER_COUNTS_MAX), 1099512727288);
}

/* An edge before, at and after the boundary, and how counts collected over the hour are booked. */
MW_TEST(edges_fall_into_their_hours) {
    rig *r = rig_new(&mw_pulse_2);
    rig_start(r, RIG_START);
    rig_count(r, (mw_mono){rig_tick(3600).ns - 1}, 0, 1);
    rig_count(r, rig_tick(3600), 0, 10); /* given at the boundary: belongs to the hour before */
    rig_count(r, (mw_mono){rig_tick(3600).ns + 1}, 0, 100);
    const mw_meter_inputs none = {0};
    rig_idle(r, rig_tick(7200));
    MW_CHECK_OK(rig_step(r, &none)); /* the boundary is passed without counts ... */
    rig_count(r, (mw_mono){rig_tick(7200).ns + 1}, 0, 1000);
    /* A late step: the boundary at 10800 is closed first, then counts go to the next hour. */
    r->now = rig_tick(10900);
    mw_meter_inputs late = {.counts = {10000, 0}};
    MW_CHECK_OK(rig_step(r, &late));
    rig_idle(r, rig_tick(30 * 3600));
    MW_CHECK_EQ(r->hours[0][0].value, 11);
    MW_CHECK_EQ(r->hours[0][1].value, 100);
    MW_CHECK_EQ(r->hours[0][2].value, 1000);
    MW_CHECK_EQ(r->hours[0][3].value, 10000);
    rig_free(r);
}

MW_TEST(grid_offsets_move_hours) {
    static const uint16_t offsets[] = {0, 15, 30, 45};
    for (unsigned i = 0; i < 4; i++) {
        rig *r = rig_new(&mw_pulse_2);
        rig_boot(r, MW_RESET_POWER_ON, false);
        mw_meter_config c = *mw_meter_config_of(&r->meter);
        c.grid_offset_min = offsets[i];
        MW_CHECK_OK(mw_meter_configure(&r->meter, r->now, &c));
        MW_CHECK_OK(mw_meter_clock_set(&r->meter, r->now, RIG_START));
        r->base_hour = mw_meter_hour_of(&c, RIG_START);
        /* One count in each quarter of an hour, named by its number. */
        for (int q = 0; q < 4 * 24; q++)
            rig_count(r, rig_tick(q * 900 + 450), 0, (uint32_t)q);
        rig_idle(r, rig_tick(36 * 3600));
        unsigned lead =
            offsets[i] == 0 ? 0 : 1; /* the first hour was running when the clock came */
        for (unsigned h = lead; h < 23; h++) {
            int64_t q = (int64_t)h * 4 + offsets[i] / 15 - 4 * (int64_t)lead;
            MW_CHECK_EQ(r->hours[0][h].value, 4 * q + 6);
            MW_CHECK(!r->hours[0][h].disturbed);
        }
        MW_CHECK(lead == 0 || r->hours[0][0].disturbed);
        MW_CHECK_EQ(r->last_day.grid, offsets[i] / 15);
        rig_free(r);
    }
}

MW_TEST(days_begin_with_the_billing_hour) {
    rig *r = rig_new(&mw_water_r160);
    rig_start(r, RIG_START);
    mw_meter_config c = *mw_meter_config_of(&r->meter);
    c.billing_hour = 23; /* midnight in Rome in winter */
    MW_CHECK_OK(mw_meter_configure(&r->meter, r->now, &c));
    for (int h = 0; h < 100; h++)
        rig_count(r, rig_tick(h * 3600 + 1), 0, 4);
    rig_idle(r, rig_tick(110 * 3600));
    MW_CHECK_EQ((r->last_day.end_hour - r->base_hour) % 24, 23);
    mw_archive_record d;
    for (uint32_t day = 0; day < 4; day++) {
        MW_CHECK_OK(mw_archive_find(&r->meter.archive.daily, &r->nor_flash,
                                    r->base_hour + 23 + 24 * day, &d));
        MW_CHECK_EQ(d.counts[0], 4 * (23 + 24 * day));
    }
    MW_CHECK_STATUS(mw_archive_find(&r->meter.archive.daily, &r->nor_flash, r->base_hour + 24, &d),
                    MW_NOT_FOUND);
    rig_free(r);
}

MW_TEST(the_clock_drifts_as_its_crystal) {
    mw_host_crystal x = {.origin = RIG_START, .ppb = 20000};
    mw_utc later = mw_utc_of_s(mw_utc_floor_s(RIG_START) + 10 * 86400);
    MW_CHECK_EQ(mw_host_crystal_ticks(&x, later).ns,
                10 * INT64_C(86400) * MW_NS_PER_S + INT64_C(17280000000));
    mw_prng g = mw_prng_of_seed(3);
    for (int i = 0; i < 10000; i++) {
        x.ppb = (int32_t)mw_prng_below(&g, 200001) - 100000;
        mw_mono tick = {(int64_t)(mw_prng_u64(&g) >> 8)};
        mw_utc t = mw_host_crystal_utc(&x, tick);
        MW_CHECK(mw_host_crystal_ticks(&x, t).ns >= tick.ns);
        MW_CHECK(mw_host_crystal_ticks(&x, (mw_utc){t.us - 1}).ns < tick.ns);
    }
    rig *r = rig_new(&mw_water_r160);
    rig_start(r, RIG_START);
    x.ppb = -20000;
    rig_idle(r, mw_host_crystal_ticks(&x, later));
    MW_CHECK_EQ(later.us - mw_meter_clock(&r->meter, r->now).us, 17280000);
    rig_free(r);
}

MW_TEST(the_clock_says_how_far_it_is_trusted) {
    rig *r = rig_new(&mw_water_r160);
    rig_boot(r, MW_RESET_POWER_ON, false);
    MW_CHECK_EQ(mw_meter_clock_state(&r->meter, r->now), MW_CLOCK_NEVER_SET);
    rig_count(r, rig_tick(30), 0, 40);
    rig_idle(r, rig_tick(4000));
    MW_CHECK_EQ(r->last_day.clock, MW_SMP_CLOCK_UNSET);
    MW_CHECK_OK(mw_meter_clock_set(&r->meter, r->now, RIG_START));
    MW_CHECK_EQ(mw_meter_clock_state(&r->meter, r->now), MW_CLOCK_SET);
    MW_CHECK_EQ(mw_meter_counts(&r->meter, 0), 40);
    /* Through a reset with running ticks the setting holds to the nanosecond. */
    rig_idle(r, mw_mono_add(r->now, mw_dur_s(100000)));
    int64_t us = mw_meter_clock(&r->meter, r->now).us;
    rig_boot(r, MW_RESET_WATCHDOG, true);
    MW_CHECK_EQ(mw_meter_clock(&r->meter, r->now).us, us);
    MW_CHECK_EQ(mw_meter_clock_state(&r->meter, r->now), MW_CLOCK_SET);
    MW_CHECK_EQ(us, RIG_START.us + 100000 * MW_US_PER_S);
    /* Without, it resumes at the last hour that is known and says so. */
    r->now = rig_tick(1);
    rig_boot(r, MW_RESET_POWER_ON, false);
    MW_CHECK_EQ(mw_meter_clock_state(&r->meter, r->now), MW_CLOCK_UNCERTAIN);
    MW_CHECK_EQ(mw_meter_clock(&r->meter, r->now).us, us / 3600000000 * 3600000000);
    rig_idle(r, rig_tick(40 * 3600));
    MW_CHECK_EQ(r->last_day.clock, MW_SMP_CLOCK_UNSURE);
    MW_CHECK_OK(mw_meter_clock_set(&r->meter, r->now, mw_utc_add(RIG_START, mw_dur_s(400000))));
    MW_CHECK_EQ(mw_meter_clock_state(&r->meter, r->now), MW_CLOCK_SET);
    /* Too long ago: uncertain again. */
    rig_idle(r, mw_mono_add(r->now, mw_dur_s(MW_CLOCK_TRUST_S + 1)));
    MW_CHECK_EQ(mw_meter_clock_state(&r->meter, r->now), MW_CLOCK_UNCERTAIN);
    rig_free(r);
}

/* Set forward and back over hours: no count is lost, and every hour touched is marked. */
MW_TEST(setting_the_clock_marks_hours) {
    rig *r = rig_new(&mw_pulse_2);
    rig_start(r, RIG_START);
    rig_count(r, rig_tick(600), 0, 5);
    rig_idle(r, rig_tick(1200));
    MW_CHECK_OK(
        mw_meter_clock_set(&r->meter, r->now, mw_utc_add(RIG_START, mw_dur_s(4 * 3600 + 60))));
    rig_count(r, rig_tick(1300), 0, 7);
    rig_idle(r, rig_tick(8000)); /* shows 05:54 */
    MW_CHECK_OK(
        mw_meter_clock_set(&r->meter, r->now, mw_utc_add(RIG_START, mw_dur_s(4 * 3600 + 1800))));
    rig_count(r, rig_tick(8100), 0, 9);
    rig_idle(r, rig_tick(36 * 3600));
    MW_CHECK_EQ(r->last_day.clock, MW_SMP_CLOCK_STEPPED);
    int64_t sum = 0;
    for (unsigned h = 0; h < 24; h++) {
        sum += r->hours[0][h].value;
        MW_CHECK_EQ(r->hours[0][h].disturbed, h <= 4);
    }
    MW_CHECK_EQ(r->hours[0][0].value, 5);
    MW_CHECK_EQ(r->hours[0][4].value, 16);
    MW_CHECK_EQ(sum, 21);
    /* A correction within the limit marks nothing. */
    rig_idle(r, rig_tick(48 * 3600 + 2000));
    mw_utc t = mw_meter_clock(&r->meter, r->now);
    MW_CHECK_OK(mw_meter_clock_set(&r->meter, r->now, (mw_utc){t.us + 3 * MW_US_PER_S}));
    rig_idle(r, rig_tick(80 * 3600));
    for (unsigned h = 24; h < 72; h++)
        MW_CHECK(r->hours[0][h].known && !r->hours[0][h].disturbed);
    MW_CHECK_STATUS(mw_meter_clock_set(&r->meter, r->now, mw_utc_of_s(0)), MW_RANGE);
    rig_free(r);
}

/* Corrections of a few seconds right at the hour: forward over its end, back before its beginning.
 */
MW_TEST(small_corrections_at_the_hour_mark_nothing) {
    rig *r = rig_new(&mw_pulse_2);
    rig_start(r, RIG_START);
    int64_t shift = 0;
    for (int h = 1; h < 60; h++) {
        rig_count(r, rig_tick(h * 3600 - 1800), 0, (uint32_t)h);
        bool forward = h % 2 == 1;
        /* The clock shows 4 s before the hour and is set 2 s after it, or the other way round. */
        mw_utc hour = mw_utc_add(RIG_START, mw_dur_s(h * 3600));
        int64_t at = h * 3600 + (forward ? -4 : 2) - shift;
        rig_idle(r, rig_tick(at));
        MW_CHECK_EQ(mw_meter_clock(&r->meter, r->now).us,
                    hour.us + (forward ? -4 : 2) * MW_US_PER_S);
        mw_utc set = mw_utc_add(hour, mw_dur_s(forward ? 2 : -4));
        MW_CHECK_OK(mw_meter_clock_set(&r->meter, r->now, set));
        shift += forward ? 6 : -6;
        r->out.next_wake.ns = r->now.ns + 1;
        MW_CHECK_EQ(mw_meter_hour(&r->meter), r->base_hour + (uint32_t)h);
    }
    rig_idle(r, rig_tick(80 * 3600));
    for (int h = 0; h < 72; h++) {
        MW_CHECK(r->hours[0][h].known && !r->hours[0][h].disturbed);
        MW_CHECK_EQ(r->hours[0][h].value, h < 59 ? h + 1 : 0);
    }
    MW_CHECK_EQ(r->last_day.clock, MW_SMP_CLOCK_SET);
    rig_free(r);
}

/* A window as long as the period itself: each report still leaves before the next is due. */
MW_TEST(a_wide_window_drops_no_report) {
    for (uint8_t id = 0; id < 20; id++) {
        rig *r = rig_new(&mw_pulse_2);
        rig_start(r, RIG_START);
        r->meter.device_id.b[0] = id;
        mw_meter_config c = *mw_meter_config_of(&r->meter);
        c.report_period_h = 1;
        c.jitter_s = 3600;
        c.overlap = 0;
        MW_CHECK_OK(mw_meter_configure(&r->meter, r->now, &c));
        rig_idle(r, rig_tick(100 * 3600));
        for (unsigned h = 0; h < 98; h++)
            MW_CHECK_EQ(r->hours[0][h].times, 1);
        rig_free(r);
    }
}

MW_TEST(an_outage_leaves_marked_hours_and_the_daily_archive_whole) {
    rig *r = rig_new(&mw_pulse_2);
    rig_start(r, RIG_START);
    rig_count(r, rig_tick(20 * 3600 + 600), 0, 50);
    rig_count(r, rig_tick(20 * 3600 + 700), 0, 1); /* not in a snapshot: lost by the cut */
    r->now = rig_tick(27 * 3600 + 100);
    rig_boot(r, MW_RESET_BROWN_OUT, true);
    MW_CHECK_EQ(mw_meter_counts(&r->meter, 0), 0);
    rig_count(r, rig_tick(27 * 3600 + 200), 0, 3);
    rig_idle(r, rig_tick(54 * 3600));
    for (unsigned h = 0; h < 48; h++) {
        MW_CHECK(r->hours[0][h].known);
        MW_CHECK_EQ(r->hours[0][h].disturbed, h >= 20 && h <= 27);
        MW_CHECK_EQ(r->hours[0][h].value, h == 27 ? 3 : 0);
    }
    MW_CHECK((r->last_day.status & (MW_SMP_STATUS_POWER_LOST | MW_SMP_STATUS_ARCHIVE_GAP)) != 0);
    mw_archive_record d;
    MW_CHECK_OK(mw_archive_find(&r->meter.archive.daily, &r->nor_flash, r->base_hour + 24, &d));
    MW_CHECK((d.flags & MW_ARCHIVE_DISTURBED) != 0);
    rig_free(r);
}

MW_TEST(an_orderly_restart_leaves_no_mark) {
    rig *r = rig_new(&mw_pulse_2);
    rig_start(r, RIG_START);
    rig_count(r, rig_tick(600), 0, 5);
    rig_idle(r, rig_tick(5000));
    rig_count(r, rig_tick(5001), 0, 6);
    MW_CHECK_OK(mw_meter_last_gasp(&r->meter));
    rig_boot(r, MW_RESET_ORDERLY, true);
    rig_count(r, rig_tick(5002), 0, 7);
    rig_idle(r, rig_tick(30 * 3600));
    MW_CHECK_EQ(r->hours[0][0].value, 5);
    MW_CHECK_EQ(r->hours[0][1].value, 13);
    MW_CHECK(!r->hours[0][1].disturbed);
    rig_free(r);
}

MW_TEST(a_report_cut_off_by_a_reset_is_sent_after_it) {
    rig *r = rig_new(&mw_pulse_2);
    rig_start(r, RIG_START);
    rig_idle(r, rig_tick(30 * 3600)); /* the first report was sent */
    unsigned sent = r->frames;
    rig_idle(r, rig_tick(48 * 3600 + 5)); /* the second is due but waits for its jitter */
    MW_CHECK_EQ(r->frames, sent);
    rig_boot(r, MW_RESET_WATCHDOG, true);
    rig_idle(r, rig_tick(53 * 3600));
    MW_CHECK(r->hours[0][47].known);
    /* And one that was sent is not sent again. */
    sent = r->frames;
    rig_boot(r, MW_RESET_WATCHDOG, true);
    rig_idle(r, rig_tick(60 * 3600));
    MW_CHECK_EQ(r->frames, sent + 1);
    rig_free(r);
}

MW_TEST(the_schedule_is_repeatable_and_even) {
    uint8_t id[8] = {0};
    unsigned bin[10] = {0};
    for (uint32_t n = 0; n < 10000; n++) {
        id[6] = (uint8_t)(n >> 8);
        id[7] = (uint8_t)n;
        uint32_t ms = mw_schedule_jitter_ms(id, 50000, 14400000);
        MW_CHECK(ms < 14400000);
        MW_CHECK_EQ(ms, mw_schedule_jitter_ms(id, 50000, 14400000));
        bin[ms / 1440000]++;
    }
    for (unsigned i = 0; i < 10; i++)
        MW_CHECK(bin[i] > 880 && bin[i] < 1120);
    rig *a = rig_new(&mw_water_r160), *b = rig_new(&mw_water_r160);
    rig_start(a, RIG_START);
    rig_start(b, RIG_START);
    rig_idle(a, rig_tick(20 * 86400));
    rig_idle(b, rig_tick(20 * 86400));
    MW_CHECK_EQ(a->frames, b->frames);
    unsigned reports = 0;
    for (unsigned i = 0; i < a->frames; i++) {
        MW_CHECK(memcmp(&a->frame[i].tx, &b->frame[i].tx, sizeof a->frame[i].tx) == 0);
        if (a->frame[i].healths > 0)
            continue;
        int64_t after = a->frame[i].tx.copy[0].start.ns % (86400 * MW_NS_PER_S);
        MW_CHECK(after >= MW_REPORT_DELAY_NS);
        MW_CHECK(after <= MW_REPORT_DELAY_NS + 14400 * MW_NS_PER_S + MW_SEND_LEAD_NS);
        reports++;
    }
    MW_CHECK(reports >= 19);
    rig_free(a);
    rig_free(b);
}

MW_TEST(copies_follow_the_public_table) {
    rig *r = rig_new(&mw_water_r160);
    rig_start(r, RIG_START);
    mw_meter_config c = *mw_meter_config_of(&r->meter);
    c.copies = 3;
    MW_CHECK_OK(mw_meter_configure(&r->meter, r->now, &c));
    rig_idle(r, rig_tick(5 * 86400));
    for (unsigned i = 0; i < r->frames; i++) {
        const mw_meter_transmission *tx = &r->frame[i].tx;
        MW_CHECK_EQ(tx->copies, 3);
        for (unsigned k = 0; k < 3; k++) {
            mw_unb_slot slot;
            MW_CHECK_OK(mw_unb_slot_of(r->provision.plan, 0, tx->rate, tx->size,
                                       r->provision.address, tx->counter, k, &slot));
            MW_CHECK_EQ(tx->copy[k].carrier.mhz, slot.carrier.mhz);
            MW_CHECK_EQ(mw_mono_since(tx->copy[k].start, tx->copy[0].start).ns, slot.start.ns);
            MW_CHECK(k == 0 ||
                     mw_mono_since(tx->copy[k].start, tx->copy[k - 1].start).ns > tx->airtime.ns);
        }
    }
    rig_free(r);
}

MW_TEST(the_ledger_refuses_and_says_when) {
    mw_ledger l;
    mw_ledger_init(&l);
    mw_prng g = mw_prng_of_seed(8);
    static int64_t ends[20000];
    static uint32_t spent[20000];
    unsigned n = 0, refused = 0;
    int64_t now = 5 * MW_NS_PER_S;
    while (n < 20000) {
        uint32_t ms = 100 + (uint32_t)mw_prng_below(&g, 12000);
        mw_mono retry;
        mw_status s = mw_ledger_ask(&l, 1, 10000, ms, (mw_mono){now}, &retry);
        if (s == MW_DUTY) {
            refused++;
            MW_CHECK(retry.ns > now && retry.ns <= now + 3900 * MW_NS_PER_S);
            MW_CHECK_OK(mw_ledger_ask(&l, 1, 10000, ms, retry, &retry));
            now = retry.ns;
            continue;
        }
        MW_CHECK_OK(s);
        now += (int64_t)ms * 1000000;
        mw_ledger_book(&l, 1, ms, (mw_mono){now});
        ends[n] = now;
        spent[n++] = ms;
        now += (int64_t)mw_prng_below(&g, 60 * UINT64_C(1000000000));
    }
    MW_CHECK(refused > 100);
    /* No hour that ends with a frame holds more than 36 s; the first of it may be cut by the hour's
     * beginning, which counts as whole here. */
    uint64_t sum = 0;
    for (unsigned i = 0, from = 0; i < n; i++) {
        sum += spent[i];
        while (ends[from] <= ends[i] - 3600 * MW_NS_PER_S)
            sum -= spent[from++];
        MW_CHECK(sum <= 36000);
    }
    mw_mono retry;
    MW_CHECK_STATUS(mw_ledger_ask(&l, 0, 10000, 36001, (mw_mono){now}, &retry), MW_RANGE);
    MW_CHECK_OK(mw_ledger_ask(&l, 0, 10000, 36000, (mw_mono){now}, &retry));
}

/* A meter at the slowest rate with three copies and hourly reports wants more than 1 %. */
MW_TEST(duty_holds_for_a_whole_meter_and_across_boots) {
    rig *r = rig_new(&mw_pulse_2);
    rig_start(r, RIG_START);
    mw_meter_config c = *mw_meter_config_of(&r->meter);
    c.rate = MW_UNB_R0;
    c.copies = 3;
    c.report_period_h = 1;
    c.jitter_s = 60;
    c.active = 3;
    MW_CHECK_OK(mw_meter_configure(&r->meter, r->now, &c));
    mw_prng g = mw_prng_of_seed(1);
    for (unsigned i = 0; i < 400; i++) {
        rig_count(r, mw_mono_add(r->now, mw_dur_s(1 + (int64_t)mw_prng_below(&g, 1200))), 0, 500);
        if (i % 7 == 0)
            rig_boot(r, MW_RESET_WATCHDOG, true);
    }
    MW_CHECK(r->frames > 50);
    for (unsigned i = 0; i < r->frames; i++) {
        int64_t sum = 0, from = r->frame[i].tx.copy[0].start.ns;
        for (unsigned k = i; k < r->frames; k++)
            for (unsigned j = 0; j < r->frame[k].tx.copies; j++)
                if (r->frame[k].tx.copy[j].start.ns < from + 3600 * MW_NS_PER_S)
                    sum += r->frame[k].tx.airtime.ns;
        MW_CHECK(sum <= 36 * MW_NS_PER_S + r->frame[i].tx.airtime.ns);
    }
    rig_free(r);
}

MW_TEST(configuration_is_checked_stored_and_atomic) {
    rig *r = rig_new(&mw_pulse_2);
    rig_start(r, RIG_START);
    const mw_meter_config good = *mw_meter_config_of(&r->meter);
    mw_meter_config bad[12];
    for (unsigned i = 0; i < 12; i++)
        bad[i] = good;
    bad[0].grid_offset_min = 20;
    bad[1].grid_offset_min = 60;
    bad[2].billing_hour = 24;
    bad[3].report_period_h = 2;
    bad[4].jitter_s = 59;
    bad[5].report_period_h = 1;
    bad[5].jitter_s = 3601;
    bad[6].copies = 0;
    bad[7].copies = 4;
    bad[8].active = 4;
    bad[9].rate = MW_UNB_RATE_COUNT;
    bad[10].scale[1].denominator = 0;
    bad[11].scale[0].initial = -1;
    for (unsigned i = 0; i < 12; i++)
        MW_CHECK_STATUS(mw_meter_configure(&r->meter, r->now, &bad[i]), MW_RANGE);
    MW_CHECK(memcmp(mw_meter_config_of(&r->meter), &good, sizeof good) == 0);
    mw_meter_config c = good;
    c.report_period_h = 6;
    c.scale[1].numerator = 77;
    c.billing_hour = 5;
    MW_CHECK_OK(mw_meter_configure(&r->meter, r->now, &c));
    rig_boot(r, MW_RESET_WATCHDOG, true);
    MW_CHECK_EQ(mw_meter_config_of(&r->meter)->report_period_h, 6);
    MW_CHECK_EQ(mw_meter_config_of(&r->meter)->scale[1].numerator, 77);
    MW_CHECK_EQ(mw_meter_config_of(&r->meter)->billing_hour, 5);
    rig_free(r);
}

MW_TEST_MAIN(MW_CASE(registers_are_the_sum_of_edges), MW_CASE(a_full_register_stops_and_says_so),
             MW_CASE(scales_are_exact), MW_CASE(edges_fall_into_their_hours),
             MW_CASE(grid_offsets_move_hours), MW_CASE(days_begin_with_the_billing_hour),
             MW_CASE(the_clock_drifts_as_its_crystal),
             MW_CASE(the_clock_says_how_far_it_is_trusted), MW_CASE(setting_the_clock_marks_hours),
             MW_CASE(small_corrections_at_the_hour_mark_nothing),
             MW_CASE(a_wide_window_drops_no_report),
             MW_CASE(an_outage_leaves_marked_hours_and_the_daily_archive_whole),
             MW_CASE(an_orderly_restart_leaves_no_mark),
             MW_CASE(a_report_cut_off_by_a_reset_is_sent_after_it),
             MW_CASE(the_schedule_is_repeatable_and_even), MW_CASE(copies_follow_the_public_table),
             MW_CASE(the_ledger_refuses_and_says_when),
             MW_CASE(duty_holds_for_a_whole_meter_and_across_boots),
             MW_CASE(configuration_is_checked_stored_and_atomic))
