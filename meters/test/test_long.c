/* SPDX-License-Identifier: Apache-2.0
 *
 * Three months of a water meter and a pulse modem: every hour right, archives within their depth,
 * flash wear as computed, and the speed of the simulation.
 */
#include <stdio.h>
#include <time.h>

#include "base/prng.h"
#include "meters/test/rig.h"

#define DAYS 92

static double seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void three_months(const mw_meter_model *model, unsigned edges_a_day, int32_t ppb) {
    rig *r = rig_new(model);
    mw_host_crystal x = {.origin = RIG_START, .ppb = ppb};
    rig_start(r, RIG_START);
    static int64_t truth[RIG_HOURS_MAX];
    memset(truth, 0, sizeof truth);
    mw_prng g = mw_prng_of_seed(edges_a_day);
    double began = seconds();
    mw_utc t = RIG_START, end = mw_utc_add(t, mw_dur_s(DAYS * INT64_C(86400)));
    int64_t fed = 0;
    for (;;) {
        t.us += 1 + (int64_t)mw_prng_below(&g, 2 * UINT64_C(86400000000) / edges_a_day);
        if (t.us >= end.us)
            break;
        mw_mono tick = mw_host_crystal_ticks(&x, t);
        rig_count(r, tick, 0, 1);
        fed++;
        truth[(RIG_START.us + tick.ns / 1000 - 1 - RIG_START.us) / 3600000000]++;
    }
    rig_idle(r, mw_host_crystal_ticks(&x, mw_utc_add(end, mw_dur_s(5 * 3600))));
    double took = seconds() - began;
    int64_t sum = 0, before = 0;
    for (unsigned h = 0; h < DAYS * 24; h++) {
        sum += truth[h];
        int64_t value = mw_scale_value(&model->defaults.scale[0], sum);
        MW_CHECK(r->hours[0][h].known && !r->hours[0][h].disturbed);
        MW_CHECK_EQ(r->hours[0][h].value, value - before);
        before = value;
    }
    MW_CHECK_EQ(mw_meter_counts(&r->meter, 0), fed);
    mw_archive_record d;
    for (uint32_t day = 1; day <= DAYS; day++)
        MW_CHECK_OK(
            mw_archive_find(&r->meter.archive.daily, &r->nor_flash, r->base_hour + 24 * day, &d));
    /* Beyond two months, as the pulse modem must keep hours. */
    MW_CHECK_OK(mw_archive_find(&r->meter.archive.hourly, &r->nor_flash, r->base_hour + 1, &d));
    uint32_t most = 0;
    for (uint32_t s = 0; s < r->nor.sector_count; s++)
        most = r->nor.erased[s] > most ? r->nor.erased[s] : most;
    MW_CHECK(most < 200);
    printf("%s: %d days, %llu steps, %u frames, %.0f meter-days/s (frames opened and checked too); "
           "most worn sector erased %u times, %u sectors held\n",
           model->name, DAYS, (unsigned long long)r->steps, r->frames, DAYS / took, most,
           r->nor.stats.sectors_held);
    rig_free(r);
}

MW_TEST(three_months_of_water) {
    three_months(&mw_water_r160, 600, 18000);
}

MW_TEST(three_months_of_electricity) {
    three_months(&mw_pulse_2, 10000, -20000);
}

MW_TEST(six_years_of_days_and_a_year_of_hours) {
    rig *r = rig_new(&mw_pulse_2);
    rig_start(r, RIG_START);
    mw_meter_config c = *mw_meter_config_of(&r->meter);
    c.active = 1;
    MW_CHECK_OK(mw_meter_configure(&r->meter, r->now, &c));
    const mw_meter_inputs none = {0};
    const uint32_t days = 6 * 366 + 200;
    for (uint32_t h = 1; h <= days * 24; h++) {
        mw_meter_inputs in = {.counts = {h % 5, h % 3}};
        r->now = rig_tick((int64_t)h * 3600 - 1);
        (void)!mw_meter_step(&r->meter, r->now, &in, &r->out);
        r->now = rig_tick((int64_t)h * 3600);
        (void)!mw_meter_step(&r->meter, r->now, &none, &r->out);
    }
    mw_archive_record d;
    for (uint32_t day = days - 6 * 365 - 1; day <= days; day += 97) {
        MW_CHECK_OK(
            mw_archive_find(&r->meter.archive.daily, &r->nor_flash, r->base_hour + 24 * day, &d));
        MW_CHECK_EQ(d.counts[0],
                    (int64_t)24 * day / 5 * 10 + (24 * day % 5) * (24 * day % 5 + 1) / 2);
    }
    for (uint32_t back = 0; back < 365 * 24; back += 211) {
        uint32_t h = days * 24 - back;
        MW_CHECK_OK(mw_archive_find(&r->meter.archive.hourly, &r->nor_flash, r->base_hour + h, &d));
        MW_CHECK_EQ(d.counts[1], (int64_t)h / 3 * 3 + (h % 3) * (h % 3 + 1) / 2);
    }
    rig_free(r);
}

MW_TEST_MAIN(MW_CASE(three_months_of_water), MW_CASE(three_months_of_electricity),
             MW_CASE(six_years_of_days_and_a_year_of_hours))
