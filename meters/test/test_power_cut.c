/* SPDX-License-Identifier: Apache-2.0
 *
 * Whole meters under power cuts: after every byte and every erase that a working day causes, with
 * small sectors so that each log turns many times, and a second random cut after each.
 */
#include <stdio.h>

#include "base/prng.h"
#include "meters/boards/host.h"
#include "meters/kit/meter.h"
#include "meters/pulse/pulse.h"
#include "tests/harness/mw_test.h"

#define SECTOR_BYTES 256
#define SECTORS      2048
#define SNAPSHOT     64

typedef struct site {
    mw_host_flash nor;
    mw_meter meter;
    mw_meter_provision provision;
    mw_mono now;
    mw_meter_outputs out;
    uint64_t fed;         /* counts given since production */
    int64_t lost_max;     /* most counts one cut has cost */
    int64_t register_low; /* the register may never fall below what was stored */
    uint32_t last_counter;
    bool any_counter;
    uint64_t cuts;
} site;

static bool site_boot(site *s, mw_reset_cause cause) {
    mw_board board = {.flash = mw_host_flash_interface(&s->nor),
                      .seed = s->cuts,
                      .cause = cause,
                      .ticks_kept = s->cuts % 2 == 0};
    mw_status status = mw_meter_boot(&s->meter, &mw_pulse_2, &s->provision, &board, s->now);
    MW_CHECK(status == MW_OK || (status == MW_IO && s->nor.dead));
    s->out.next_wake = mw_mono_add(s->now, mw_dur_s(1));
    return status == MW_OK;
}

/* Feeds pulses for some hours, or until power fails. */
static void site_run(site *s, mw_prng *g, unsigned hours) {
    mw_mono end = mw_mono_add(s->now, mw_dur_s(hours * INT64_C(3600)));
    mw_mono edge = mw_mono_add(s->now, mw_dur_s(1 + (int64_t)mw_prng_below(g, 1500)));
    while (s->now.ns < end.ns && !s->nor.dead) {
        mw_meter_inputs in = {0};
        s->now = s->out.next_wake;
        if (edge.ns <= s->now.ns) {
            s->now = edge;
            in.counts[0] = (uint32_t)mw_prng_below(g, 40);
            edge = mw_mono_add(edge, mw_dur_s(1 + (int64_t)mw_prng_below(g, 1500)));
        }
        s->fed += in.counts[0];
        mw_status status = mw_meter_step(&s->meter, s->now, &in, &s->out);
        MW_CHECK(status == MW_OK || s->nor.dead);
        if (s->out.transmit) {
            MW_CHECK(!s->any_counter || s->out.tx.counter > s->last_counter);
            s->last_counter = s->out.tx.counter;
            s->any_counter = true;
        }
        if (!s->nor.dead)
            s->register_low = s->meter.registers.stored[0];
    }
}

/* Power returns: boots until it works and compares the register with what was fed. */
static void site_recover(site *s) {
    s->cuts++;
    mw_host_flash_power_on(&s->nor);
    MW_CHECK(site_boot(s, MW_RESET_BROWN_OUT));
    int64_t counts = mw_meter_counts(&s->meter, 0);
    int64_t lost = (int64_t)s->fed - counts;
    MW_CHECK(counts >= s->register_low);
    /* One step may bring up to 39 counts beyond the 63 that no snapshot holds yet. */
    MW_CHECK(lost >= 0 && lost < SNAPSHOT + 40);
    s->lost_max = lost > s->lost_max ? lost : s->lost_max;
    s->fed = (uint64_t)counts;
}

static void site_init(site *s) {
    *s = (site){.provision = {.device_id = {1}, .address = 77, .master_key = {3}}};
    MW_CHECK_OK(mw_unb_plan_find("demo", &s->provision.plan));
    MW_CHECK_OK(mw_host_flash_init(&s->nor, SECTOR_BYTES, SECTORS));
}

static void configure(site *s) {
    if (mw_meter_clock_set(&s->meter, s->now, mw_utc_of_s(INT64_C(1772323200))) != MW_OK)
        return;
    mw_meter_config c = *mw_meter_config_of(&s->meter);
    c.report_period_h = 1;
    c.jitter_s = 600;
    mw_status status = mw_meter_configure(&s->meter, s->now, &c);
    MW_CHECK(status == MW_OK || s->nor.dead);
}

/* Returns false when the cut lay beyond the run. */
static bool cut_at(uint64_t step, uint64_t seed, int64_t *lost_max) {
    site s;
    site_init(&s);
    mw_prng g = mw_prng_of_seed(11);
    mw_host_flash_cut_after(&s.nor, step, seed);
    if (site_boot(&s, MW_RESET_POWER_ON))
        configure(&s);
    if (!s.nor.dead)
        site_run(&s, &g, 12);
    bool hit = s.nor.dead;
    if (hit) {
        site_recover(&s);
        mw_prng h = mw_prng_of_stream(seed, step);
        mw_host_flash_cut_after(&s.nor, mw_prng_below(&h, 1200), mw_prng_u64(&h));
        site_run(&s, &g, 12);
        if (s.nor.dead)
            site_recover(&s);
        mw_host_flash_power_on(&s.nor);
        site_run(&s, &g, 3);
        MW_CHECK(s.any_counter);
        MW_CHECK_EQ(mw_meter_counts(&s.meter, 0), s.fed);
        *lost_max = s.lost_max > *lost_max ? s.lost_max : *lost_max;
    }
    mw_host_flash_fini(&s.nor);
    return hit;
}

MW_TEST(a_meter_survives_a_cut_after_every_operation) {
    const char *env = getenv("MW_CUT_SEEDS");
    uint64_t seeds = env != NULL ? strtoull(env, NULL, 10) : 1, cuts = 0;
    int64_t lost_max = 0;
    for (uint64_t step = 0;; step++) {
        bool hit = true;
        for (uint64_t seed = 0; seed < seeds; seed++) {
            hit = cut_at(step, seed * 104729 + step, &lost_max);
            cuts += hit;
        }
        if (!hit)
            break;
    }
    MW_CHECK(cuts > 1000 * seeds);
    printf("meter: %llu cut points, each with a second random cut; registers kept, no counter used "
           "twice; a sudden cut cost at most %lld counts\n",
           (unsigned long long)cuts, (long long)lost_max);
}

MW_TEST(the_last_gasp_loses_nothing) {
    site s;
    site_init(&s);
    mw_prng g = mw_prng_of_seed(5);
    MW_CHECK(site_boot(&s, MW_RESET_POWER_ON));
    configure(&s);
    for (unsigned i = 0; i < 60; i++) {
        site_run(&s, &g, 1);
        MW_CHECK_OK(mw_meter_last_gasp(&s.meter));
        s.register_low = (int64_t)s.fed;
        s.nor.dead = true;
        site_recover(&s);
        MW_CHECK_EQ(s.lost_max, 0);
    }
    mw_host_flash_fini(&s.nor);
}

MW_TEST_MAIN(MW_CASE(a_meter_survives_a_cut_after_every_operation),
             MW_CASE(the_last_gasp_loses_nothing))
