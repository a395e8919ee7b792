/* SPDX-License-Identifier: Apache-2.0
 *
 * Electricity meters: registers and load profile in flash under power cuts, relay and load limit.
 */
#include <stdio.h>
#include <string.h>

#include "meters/boards/host.h"
#include "meters/electricity/loadlog.h"
#include "meters/electricity/store.h"
#include "meters/electricity/supply.h"
#include "tests/harness/mw_test.h"

#define WINDOW_PARTS (MW_ELECTRIC_PARTS_PER_S / 5)

typedef struct rig {
    mw_electric_energy energy;
    mw_electric_tariffs tariffs;
    mw_prng g;
    int64_t now_us;
} rig;

static mw_electric_quantities window_of(int64_t p_uw, int64_t q_uvar) {
    mw_electric_quantities q = {.elements = 1, .parts = WINDOW_PARTS, .frequency_mhz = 50000};
    q.e[0].u_uv = 230000000;
    q.e[0].i_ua = 5000000;
    q.e[0].p_uw = p_uw;
    q.e[0].q_uvar = q_uvar;
    return q;
}

static void rig_init(rig *r) {
    static const mw_electric_energy_config config = {
        .start_uw = 1, .pulses_per_kwh = 3600, .pulses_per_kvarh = 4800};
    memset(r, 0, sizeof *r);
    MW_CHECK_OK(mw_electric_energy_init(&r->energy, &config));
    mw_electric_tariffs_init(&r->tariffs, 8, &r->energy);
    mw_tariff_calendar c;
    mw_tariff_calendar_init(&c);
    for (unsigned z = 0; z < MW_TARIFF_ZONES; z++)
        mw_tariff_program_set(c.program[0], z, (uint8_t)(z % MW_TARIFFS));
    MW_CHECK_OK(mw_electric_tariffs_program(&r->tariffs, &c, (mw_utc){0}));
    mw_electric_tariffs_activate(&r->tariffs);
    r->g = mw_prng_of_seed(5);
}

static void rig_count(rig *r) {
    int64_t p = (int64_t)mw_prng_below(&r->g, 20000000000) - 10000000000;
    int64_t v = (int64_t)mw_prng_below(&r->g, 8000000000) - 4000000000;
    mw_electric_quantities q = window_of(p, v);
    mw_electric_energy_window(&r->energy, &q);
    (void)mw_electric_tariffs_count(&r->tariffs, &r->energy, (mw_utc){r->now_us});
    r->now_us += INT64_C(700000000);
}

static bool same(const rig *a, const rig *b) {
    return memcmp(a->energy.count, b->energy.count, sizeof a->energy.count) == 0 &&
           memcmp(a->tariffs.count, b->tariffs.count, sizeof a->tariffs.count) == 0 &&
           memcmp(a->tariffs.total, b->tariffs.total, sizeof a->tariffs.total) == 0 &&
           memcmp(a->tariffs.seen, b->tariffs.seen, sizeof a->tariffs.seen) == 0;
}

#define STORE_SECTORS 4
#define SAVES         7

/* Saves until power is gone at `step`; what is found afterwards is the last one whose save returned
 * or the one that was under way, to the quantum. Returns false when no cut came. */
static bool save_and_cut(uint64_t step) {
    mw_host_flash nor;
    MW_CHECK_OK(mw_host_flash_init(&nor, 4096, STORE_SECTORS));
    mw_flash flash = mw_host_flash_interface(&nor);
    mw_electric_store store;
    MW_CHECK_OK(mw_electric_store_mount(&store, &flash, 0, STORE_SECTORS, 7));
    static rig r, done, tried, back;
    rig_init(&r);
    bool any = false, cut = false;
    mw_host_flash_cut_after(&nor, step, step);
    for (unsigned i = 0; i < SAVES && !cut; i++) {
        rig_count(&r);
        rig_count(&r);
        tried = r;
        cut = mw_electric_store_save(&store, &flash, &r.energy, &r.tariffs) != MW_OK;
        if (!cut) {
            done = r;
            any = true;
        }
    }
    mw_host_flash_power_on(&nor);
    MW_CHECK_OK(mw_electric_store_mount(&store, &flash, 0, STORE_SECTORS, 7));
    rig_init(&back);
    mw_status s = mw_electric_store_load(&store, &flash, &back.energy, &back.tariffs);
    if (s == MW_OK)
        MW_CHECK((any && same(&back, &done)) || same(&back, &tried));
    else
        MW_CHECK(s == MW_NOT_FOUND && !any);
    /* And it goes on: the next save is found. */
    rig_count(&r);
    MW_CHECK_OK(mw_electric_store_save(&store, &flash, &r.energy, &r.tariffs));
    MW_CHECK_OK(mw_electric_store_load(&store, &flash, &back.energy, &back.tariffs));
    MW_CHECK(same(&back, &r));
    mw_host_flash_fini(&nor);
    return cut;
}

MW_TEST(registers_are_exact_after_a_cut_at_any_flash_operation) {
    uint64_t step = 0;
    while (save_and_cut(step))
        step++;
    MW_CHECK(step > SAVES * MW_ELECTRIC_STORE_BYTES);
    printf("electricity store: %llu cut points\n", (unsigned long long)step);
}

MW_TEST(counting_goes_on_at_the_very_quantum) {
    mw_host_flash nor;
    MW_CHECK_OK(mw_host_flash_init(&nor, 4096, STORE_SECTORS));
    mw_flash flash = mw_host_flash_interface(&nor);
    mw_electric_store store;
    MW_CHECK_OK(mw_electric_store_mount(&store, &flash, 0, STORE_SECTORS, 7));
    static rig whole, broken;
    rig_init(&whole);
    rig_init(&broken);
    for (unsigned i = 0; i < 2000; i++) {
        rig_count(&whole);
        rig_count(&broken);
        if (i % 10 == 9) { /* a last gasp and a new life */
            MW_CHECK_OK(mw_electric_store_save(&store, &flash, &broken.energy, &broken.tariffs));
            mw_prng g = broken.g;
            int64_t now = broken.now_us;
            rig_init(&broken);
            broken.g = g;
            broken.now_us = now;
            MW_CHECK_OK(mw_electric_store_mount(&store, &flash, 0, STORE_SECTORS, 7));
            MW_CHECK_OK(mw_electric_store_load(&store, &flash, &broken.energy, &broken.tariffs));
        }
    }
    MW_CHECK(same(&whole, &broken));
    mw_host_flash_fini(&nor);
}

static const mw_electric_quantities *steady(void) {
    static mw_electric_quantities q;
    q = window_of(1150000000, 0);
    q.parts = MW_ELECTRIC_PARTS_PER_S * 60; /* a minute at a time */
    return &q;
}

MW_TEST(profile_keeps_6144_records_and_reads_by_time) {
    mw_host_flash nor;
    uint32_t sectors =
        mw_ringlog_sectors_for(4096, MW_ELECTRIC_LOADLOG_PAYLOAD, MW_ELECTRIC_LOADLOG_RECORDS);
    MW_CHECK_OK(mw_host_flash_init(&nor, 4096, sectors));
    mw_flash flash = mw_host_flash_interface(&nor);
    mw_electric_loadlog p;
    MW_CHECK(mw_electric_loadlog_mount(&p, &flash, 0, sectors, 8, 2) == MW_RANGE);
    MW_CHECK_OK(mw_electric_loadlog_mount(&p, &flash, 0, sectors, 8, 1));
    const unsigned minutes = 13000;
    for (unsigned m = 0; m <= minutes; m++) {
        int64_t e[4] = {(INT64_C(1) << 40) + m, m * 2, m * 3, m * 5};
        MW_CHECK_OK(
            mw_electric_loadlog_window(&p, &flash, e, steady(), (mw_utc){(int64_t)m * 60000000}));
    }
    mw_ringlog_cursor at = mw_ringlog_from_newest(&p.log);
    mw_electric_loadlog_record r;
    unsigned seen = 0;
    while (mw_electric_loadlog_older(&p, &flash, &at, 0, UINT32_MAX, &r) == MW_OK) {
        unsigned m = minutes - seen++;
        MW_CHECK_EQ(r.end_s, m * 60);
        MW_CHECK(r.energy[0] == (INT64_C(1) << 40) + m && r.energy[3] == (int64_t)m * 5);
        MW_CHECK(r.u_10mv[0] == 23000 && r.i_ma[0] == 5000 && r.frequency_mhz == 50000);
        MW_CHECK(r.measured_s == 60 && r.flags == 0);
    }
    MW_CHECK(seen >= MW_ELECTRIC_LOADLOG_RECORDS);
    at = mw_ringlog_from_newest(&p.log);
    for (seen = 0; mw_electric_loadlog_older(&p, &flash, &at, 600000, 600600, &r) == MW_OK; seen++)
        MW_CHECK(r.end_s >= 600000 && r.end_s < 600600);
    MW_CHECK_EQ(seen, 10);
    mw_host_flash_fini(&nor);
}

MW_TEST(profile_survives_a_cut_at_any_flash_operation) {
    for (uint64_t step = 0, cut = 1; cut; step++) {
        mw_host_flash nor;
        MW_CHECK_OK(mw_host_flash_init(&nor, 512, 4));
        mw_flash flash = mw_host_flash_interface(&nor);
        mw_electric_loadlog p;
        MW_CHECK_OK(mw_electric_loadlog_mount(&p, &flash, 0, 4, 8, 15));
        mw_host_flash_cut_after(&nor, step, step);
        unsigned written = 0;
        cut = 0;
        for (unsigned k = 0; k <= 20 && !cut; k++) {
            int64_t e[4] = {k, 0, 0, 0};
            cut = mw_electric_loadlog_window(&p, &flash, e, steady(),
                                             (mw_utc){(int64_t)k * 900000000}) != MW_OK;
            written = cut ? written : k;
        }
        mw_host_flash_power_on(&nor);
        MW_CHECK_OK(mw_electric_loadlog_mount(&p, &flash, 0, 4, 8, 15));
        mw_ringlog_cursor at = mw_ringlog_from_newest(&p.log);
        mw_electric_loadlog_record r;
        unsigned seen = 0, next = 0;
        while (mw_electric_loadlog_older(&p, &flash, &at, 0, UINT32_MAX, &r) == MW_OK) {
            unsigned k = r.end_s / 900;
            MW_CHECK(r.energy[0] == k && (r.flags & MW_ELECTRIC_LOADLOG_SHORT) != 0);
            MW_CHECK(seen == 0 ? k == written || k == written + 1 : k + 1 == next);
            next = k;
            seen++;
        }
        unsigned kept = 3 * (512 / 56) - 1;
        MW_CHECK(seen >= (written < kept ? written : kept));
        mw_host_flash_fini(&nor);
    }
}

MW_TEST(profile_tells_of_a_clock_that_was_set) {
    mw_host_flash nor;
    MW_CHECK_OK(mw_host_flash_init(&nor, 4096, 2));
    mw_flash flash = mw_host_flash_interface(&nor);
    mw_electric_loadlog p;
    MW_CHECK_OK(mw_electric_loadlog_mount(&p, &flash, 0, 2, 8, 1));
    int64_t e[4] = {1, 2, 3, 4};
    MW_CHECK_OK(mw_electric_loadlog_window(&p, &flash, e, steady(), (mw_utc){600000000}));
    MW_CHECK_OK(mw_electric_loadlog_window(&p, &flash, e, steady(), (mw_utc){60000000}));
    mw_ringlog_cursor at = mw_ringlog_from_newest(&p.log);
    mw_electric_loadlog_record r;
    MW_CHECK_OK(mw_electric_loadlog_older(&p, &flash, &at, 0, UINT32_MAX, &r));
    MW_CHECK(r.end_s == 660 && r.flags == MW_ELECTRIC_LOADLOG_CLOCK);
    mw_host_flash_fini(&nor);
}

/* What each mode allows, written out a second time as behaviour. */
MW_TEST(relay_modes_allow_what_the_standard_says) {
    for (uint8_t mode = 0; mode <= 6; mode++) {
        mw_electric_supply r;
        MW_CHECK_OK(mw_electric_supply_init(&r, mode));
        MW_CHECK((mw_electric_supply_remote(&r, false) == MW_OK) == (mode != 0));
        if (mode == 0) {
            MW_CHECK(mw_electric_supply_reason(&r, MW_ELECTRIC_SUPPLY_LIMIT, true));
            continue;
        }
        MW_CHECK(r.state == MW_ELECTRIC_SUPPLY_OFF);
        MW_CHECK(mw_electric_supply_manual(&r, true) == MW_FORBIDDEN); /* off from far stays off */
        MW_CHECK_OK(mw_electric_supply_remote(&r, true));
        bool direct = mode == 2 || mode == 4;
        MW_CHECK(r.state == (direct ? MW_ELECTRIC_SUPPLY_ON : MW_ELECTRIC_SUPPLY_READY));
        MW_CHECK_OK(mw_electric_supply_manual(&r, true));
        MW_CHECK(r.state == MW_ELECTRIC_SUPPLY_ON);
        bool button = mode == 1 || mode == 2 || mode == 5;
        MW_CHECK((mw_electric_supply_manual(&r, false) == MW_OK) == button);
        MW_CHECK_OK(mw_electric_supply_manual(&r, true));
        MW_CHECK(!mw_electric_supply_reason(&r, MW_ELECTRIC_SUPPLY_CREDIT, true));
        MW_CHECK(!mw_electric_supply_reason(&r, MW_ELECTRIC_SUPPLY_TARIFF, true));
        MW_CHECK(mw_electric_supply_manual(&r, true) == MW_FORBIDDEN); /* no credit, no supply */
        MW_CHECK(!mw_electric_supply_reason(&r, MW_ELECTRIC_SUPPLY_CREDIT, false));
        MW_CHECK(mw_electric_supply_reason(&r, MW_ELECTRIC_SUPPLY_TARIFF, false) == (mode >= 5));
        MW_CHECK_OK(mw_electric_supply_manual(&r, true));
        /* Disconnected from far while the meter had its own reason: the end of it changes nothing. */
        MW_CHECK(!mw_electric_supply_reason(&r, MW_ELECTRIC_SUPPLY_LIMIT, true));
        MW_CHECK_OK(mw_electric_supply_remote(&r, false));
        MW_CHECK(!mw_electric_supply_reason(&r, MW_ELECTRIC_SUPPLY_LIMIT, false));
        MW_CHECK(r.state == MW_ELECTRIC_SUPPLY_OFF);
    }
    mw_electric_supply r;
    MW_CHECK(mw_electric_supply_init(&r, 7) == MW_RANGE);
}

MW_TEST(limiter_waits_and_has_an_emergency_profile) {
    mw_electric_guard_config c = {.normal = 5000,
                                  .emergency = 1000,
                                  .over_s = 30,
                                  .under_s = 60,
                                  .groups = {3, 9},
                                  .group_n = 2,
                                  .emergency_id = 9,
                                  .emergency_from = {1000 * INT64_C(1000000)},
                                  .emergency_s = 100};
    for (int member = 0; member < 2; member++) {
        c.emergency_id = member ? 9 : 4;
        mw_electric_guard l;
        mw_electric_guard_init(&l, &c);
        for (int64_t s = 0; s < 1400; s++) {
            int64_t value = s < 100   ? 5000
                            : s < 129 ? 6000
                            : s < 131 ? 5000
                            : s < 200 ? 6000
                                      : 2000;
            bool off =
                mw_electric_guard_step(&l, value, (mw_mono){s * 1000000000}, (mw_utc){s * 1000000});
            bool due = s >= 161 && s < 260; /* 29 s over are not 30 */
            if (member)
                due = due || (s >= 1030 && s < 1160);
            MW_CHECK(off == due);
            MW_CHECK_EQ(mw_electric_guard_threshold(&l),
                        member && s >= 1000 && s < 1100 ? 1000 : 5000);
        }
    }
}

MW_TEST_MAIN(MW_CASE(registers_are_exact_after_a_cut_at_any_flash_operation),
             MW_CASE(counting_goes_on_at_the_very_quantum),
             MW_CASE(profile_keeps_6144_records_and_reads_by_time),
             MW_CASE(profile_survives_a_cut_at_any_flash_operation),
             MW_CASE(profile_tells_of_a_clock_that_was_set),
             MW_CASE(relay_modes_allow_what_the_standard_says),
             MW_CASE(limiter_waits_and_has_an_emergency_profile))
