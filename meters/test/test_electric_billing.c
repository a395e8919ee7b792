/* SPDX-License-Identifier: Apache-2.0
 *
 * Demand and billing records of the electricity meters: means and maxima, days and periods closed
 * once, through summer time, clocks that are set, and power cuts at every flash operation.
 */
#include <stdio.h>
#include <string.h>

#include "meters/boards/host.h"
#include "meters/electricity/billing.h"
#include "tests/harness/mw_test.h"

#define MIN       INT64_C(60000000)
#define HOUR      (60 * MIN)
#define DAY       (24 * HOUR)
#define START_S   INT64_C(1767225600) /* 2026-01-01T00:00:00Z */
#define START     (START_S * MW_US_PER_S)
#define STEP_S    900
#define STEP_PART (STEP_S * MW_ELECTRIC_PARTS_PER_S)

/* ---- Demand ---- */

MW_TEST(block_demand_is_energy_by_period) {
    mw_electric_demand d;
    MW_CHECK_OK(mw_electric_demand_init(&d, 15, 1));
    MW_CHECK(mw_utc_is_none(mw_electric_demand_since(&d)));
    /* 2 kW for 15 minutes, minute by minute; then 5 kW for 5 minutes and nothing. */
    int64_t mwh = 7000000;
    for (int m = 0; m <= 30; m++) {
        bool ended = mw_electric_demand_step(&d, mwh, m < 15 ? 0 : 3, (mw_utc){START + m * MIN});
        MW_CHECK_EQ(ended, m == 15 || m == 30);
        if (m == 10)
            MW_CHECK_EQ(mw_electric_demand_current_mw(&d), 2000000 / 60 * 10 * 4);
        mwh += m < 15 ? 2000000 / 60 : m < 20 ? 5000000 / 60 : 0;
    }
    MW_CHECK_EQ(d.max[0].mw / 1000, 1999); /* a minute's share of a kWh is rounded down here */
    MW_CHECK_EQ(d.max[0].at.us, START + 15 * MIN);
    MW_CHECK_EQ(d.max[1].mw, d.max[0].mw);
    MW_CHECK_EQ(d.max[4].mw / 1000, 1666);
    MW_CHECK_EQ(d.max[4].at.us, START + 30 * MIN);
    MW_CHECK(mw_utc_is_none(d.max[2].at));
    MW_CHECK_EQ(d.last.mw, d.max[4].mw);
    mw_electric_demand_clear(&d);
    MW_CHECK(mw_utc_is_none(d.max[0].at));
    MW_CHECK_STATUS(mw_electric_demand_init(&d, 7, 1), MW_RANGE);
    MW_CHECK_STATUS(mw_electric_demand_init(&d, 15, 16), MW_RANGE);
}

/* Against sums over the whole series. */
MW_TEST(sliding_demand_is_the_mean_of_the_last_periods) {
    enum { MINUTES = 2000 };
    static int64_t at[MINUTES + 1];
    mw_prng g = mw_prng_of_seed(11);
    for (int m = 0; m < MINUTES; m++)
        at[m + 1] = at[m] + (int64_t)mw_prng_below(&g, 300000);
    for (unsigned n = 1; n <= 15; n += 7) {
        mw_electric_demand d, copy;
        MW_CHECK_OK(mw_electric_demand_init(&d, 5, (uint8_t)n));
        int64_t most = 0;
        for (int m = 0; m <= MINUTES; m++) {
            if (!mw_electric_demand_step(&d, at[m], 0, (mw_utc){START + m * MIN}))
                continue;
            int from = m - 5 * (int)n;
            int64_t want = (at[m] - at[from < 0 ? 0 : from]) * 3600 / (300 * (int)n);
            MW_CHECK_EQ(d.last.mw, want);
            most = want > most ? want : most;
            MW_CHECK_EQ(d.max[0].mw, most);
            /* Through a loss of power nothing changes. */
            uint8_t bytes[MW_ELECTRIC_DEMAND_BYTES];
            mw_electric_demand_encode(&d, bytes);
            MW_CHECK_OK(mw_electric_demand_init(&copy, 5, (uint8_t)n));
            MW_CHECK_OK(mw_electric_demand_decode(&copy, bytes));
            MW_CHECK(memcmp(&copy, &d, sizeof d) == 0);
            d = copy;
        }
    }
}

MW_TEST(demand_without_supply_and_with_a_clock_set) {
    mw_electric_demand d;
    MW_CHECK_OK(mw_electric_demand_init(&d, 15, 2));
    (void)mw_electric_demand_step(&d, 0, 0, (mw_utc){START});
    /* Half an hour is measured, then there is no supply for an hour. */
    MW_CHECK(mw_electric_demand_step(&d, 1000000, 0, (mw_utc){START + 15 * MIN}));
    MW_CHECK(mw_electric_demand_step(&d, 2000000, 0, (mw_utc){START + 90 * MIN}));
    MW_CHECK_EQ(d.max[0].mw, 4000000);
    MW_CHECK_EQ(mw_electric_demand_current_mw(&d), 0); /* nothing in the quarter before */
    /* Set back: the period under way is given up. */
    MW_CHECK(!mw_electric_demand_step(&d, 9000000, 0, (mw_utc){START}));
    MW_CHECK_EQ(d.max[0].mw, 4000000);
    MW_CHECK(mw_electric_demand_step(&d, 9000000, 0, (mw_utc){START + 15 * MIN}));
    MW_CHECK_EQ(d.last.mw, 0);
    /* Another period: the maxima alone are taken over. */
    uint8_t bytes[MW_ELECTRIC_DEMAND_BYTES];
    mw_electric_demand_encode(&d, bytes);
    mw_electric_demand other;
    MW_CHECK_OK(mw_electric_demand_init(&other, 30, 1));
    MW_CHECK_OK(mw_electric_demand_decode(&other, bytes));
    MW_CHECK(!other.begun);
    MW_CHECK_EQ(other.max[0].mw, 4000000);
    bytes[0] = 9;
    MW_CHECK_STATUS(mw_electric_demand_decode(&other, bytes), MW_UNSUPPORTED);
    mw_electric_demand_reset(&d);
    MW_CHECK(!d.begun && mw_utc_is_none(d.max[0].at));
}

/* ---- Billing ---- */

enum { DAILY_SECTORS = 26, MONTHLY_SECTORS = 7, OPEN_SECTORS = 5 };
#define ALL_SECTORS (DAILY_SECTORS + MONTHLY_SECTORS + OPEN_SECTORS)

static const mw_electric_billing_place places[3] = {
    {0, DAILY_SECTORS, 21},
    {DAILY_SECTORS, MONTHLY_SECTORS, 22},
    {DAILY_SECTORS + MONTHLY_SECTORS, OPEN_SECTORS, 23}};

typedef struct rig {
    mw_host_flash nor;
    mw_flash flash;
    mw_electric_energy energy;
    mw_electric_tariffs tariffs;
    mw_electric_demand demand;
    mw_electric_billing billing;
    mw_electric_billing_source of;
    mw_tariff_calendar calendar;
    mw_prng g;
    int64_t now_us;
} rig;

/* Two tariffs, central Europe. */
static void calendar_fill(mw_tariff_calendar *c) {
    mw_tariff_calendar_init(c);
    c->offset_min = 60;
    c->dst_min = 60;
    c->dst_begin = (mw_tariff_change){3, 5, 6, 1};
    c->dst_end = (mw_tariff_change){10, 5, 6, 1};
    for (unsigned z = 14; z < 44; z++)
        mw_tariff_program_set(c->program[0], z, 1);
    MW_CHECK_OK(mw_tariff_calendar_check(c));
}

static void rig_mount(rig *r) {
    MW_CHECK_OK(mw_electric_demand_init(&r->demand, 15, 1));
    MW_CHECK_OK(mw_electric_billing_mount(&r->billing, &r->flash, places, 1, 0, &r->demand));
}

static void rig_init(rig *r, int64_t now_us) {
    static const mw_electric_energy_config config = {
        .start_uw = 1, .pulses_per_kwh = 3600, .pulses_per_kvarh = 3600};
    memset(r, 0, sizeof *r);
    MW_CHECK_OK(mw_host_flash_init(&r->nor, 4096, ALL_SECTORS));
    r->flash = mw_host_flash_interface(&r->nor);
    MW_CHECK_OK(mw_electric_energy_init(&r->energy, &config));
    mw_electric_tariffs_init(&r->tariffs, 4, &r->energy);
    calendar_fill(&r->calendar);
    MW_CHECK_OK(mw_electric_tariffs_program(&r->tariffs, &r->calendar, (mw_utc){0}));
    mw_electric_tariffs_activate(&r->tariffs);
    r->of = (mw_electric_billing_source){&r->energy, &r->tariffs, &r->demand};
    r->g = mw_prng_of_seed(3);
    r->now_us = now_us;
    rig_mount(r);
}

/* What happens at the begin of a window: MW_IO when power goes. */
static mw_status rig_boundary(rig *r) {
    mw_utc now = {r->now_us};
    uint8_t tariff = mw_tariff_calendar_tariff(&r->calendar, now);
    (void)mw_electric_demand_step(&r->demand, r->tariffs.total[0].milli, tariff, now);
    if (mw_electric_billing_due(&r->billing, &r->calendar, now) == 0)
        return MW_OK;
    return mw_electric_billing_close(&r->billing, &r->flash, &r->calendar, now, &r->of);
}

static int64_t rig_power(rig *r) {
    return (int64_t)mw_prng_below(&r->g, 2300000000);
}

/* A quarter of an hour at this power, uW, 2.3 kW at most. */
static void rig_count(rig *r, int64_t p_uw) {
    mw_electric_quantities q = {.elements = 3, .parts = STEP_PART / 60};
    for (unsigned k = 0; k < 3; k++) {
        q.e[k].p_uw = p_uw / 3;
        q.e[k].q_uvar = p_uw / 7 - 1000000000;
    }
    for (unsigned m = 0; m < 60; m++) {
        mw_electric_energy_window(&r->energy, &q);
        (void)mw_electric_tariffs_count(&r->tariffs, &r->energy, (mw_utc){r->now_us});
    }
    r->now_us += STEP_S * MW_US_PER_S;
}

static bool adds_up(const mw_electric_billing_record *r) {
    for (unsigned k = 0; k < MW_ELECTRIC_TARIFF_REGISTERS; k++) {
        int64_t sum = 0, phases = 0;
        for (unsigned t = 0; t < MW_TARIFFS; t++)
            sum += r->tariff[t][k];
        for (unsigned e = 0; e < MW_ELECTRIC_ELEMENTS; e++)
            phases += r->phase[e][k];
        /* Rests of tariffs and phases are left out of a record: up to a mWh each. */
        if (r->total[k] - sum < 0 || r->total[k] - sum > MW_TARIFFS ||
            llabs(r->total[k] - phases) > MW_ELECTRIC_ELEMENTS)
            return false;
    }
    return true;
}

static mw_status newest(const rig *r, mw_electric_billing_log log,
                        mw_electric_billing_record *out) {
    mw_ringlog_cursor at = mw_ringlog_from_newest(&r->billing.log[log].log);
    return mw_electric_billing_older(&r->billing, &r->flash, log, &at, 0, UINT32_MAX, out);
}

/* Two years: every local day and month has its record at its moment, and as many as asked for are
 * kept. */
MW_TEST(days_and_months_of_two_years) {
    static rig r;
    rig_init(&r, START);
    MW_CHECK(mw_electric_billing_sectors(4096, MW_ELECTRIC_BILLING_DAYS) <= DAILY_SECTORS);
    MW_CHECK(mw_electric_billing_sectors(4096, MW_ELECTRIC_BILLING_PERIODS) <= MONTHLY_SECTORS);
    MW_CHECK(mw_electric_billing_open_sectors(4096) <= OPEN_SECTORS);
    int64_t most = 0;
    mw_utc most_at = {0};
    unsigned months = 0;
    for (unsigned n = 0; n < 2 * 365 * 96; n++) {
        unsigned before = r.billing.next[MW_ELECTRIC_BILLING_MONTHLY];
        MW_CHECK_OK(rig_boundary(&r));
        if (r.billing.next[MW_ELECTRIC_BILLING_MONTHLY] != before) {
            mw_electric_billing_record m;
            MW_CHECK_OK(newest(&r, MW_ELECTRIC_BILLING_MONTHLY, &m));
            mw_tariff_local l = mw_tariff_calendar_local(&r.calendar, mw_utc_of_s(m.at_s));
            int32_t year;
            uint8_t month, day;
            mw_date_of_days(l.day, &year, &month, &day);
            MW_CHECK_EQ(day, 1);
            MW_CHECK_EQ(l.second, 0);
            MW_CHECK_EQ(m.at_s, r.now_us / MW_US_PER_S);
            MW_CHECK_EQ(m.flags, 0);
            MW_CHECK_EQ(m.max[0].mw, most);
            MW_CHECK_EQ(m.max[0].at.us, most_at.us);
            MW_CHECK(adds_up(&m));
            most = 0;
            months++;
        }
        int64_t p = rig_power(&r);
        int64_t mwh = r.tariffs.total[0].milli;
        rig_count(&r, p);
        mwh = (r.tariffs.total[0].milli - mwh) * 4;
        if (mwh > most) {
            most = mwh;
            most_at = (mw_utc){r.now_us};
        }
        if (n % 1000 == 500) { /* a last gasp and a new life */
            MW_CHECK_OK(mw_electric_billing_save(&r.billing, &r.flash, &r.demand));
            rig_mount(&r);
        }
    }
    MW_CHECK_EQ(months, 24);
    mw_electric_billing_record d, later = {0};
    mw_ringlog_cursor at = mw_ringlog_from_newest(&r.billing.log[MW_ELECTRIC_BILLING_DAILY].log);
    unsigned days = 0, short_or_long = 0;
    while (mw_electric_billing_older(&r.billing, &r.flash, MW_ELECTRIC_BILLING_DAILY, &at, 0,
                                     UINT32_MAX, &d) == MW_OK) {
        MW_CHECK(adds_up(&d));
        if (days++ > 0) {
            int64_t apart = later.at_s - d.at_s;
            MW_CHECK(apart == 86400 || apart == 82800 || apart == 90000);
            short_or_long += apart != 86400;
            MW_CHECK_EQ(later.number, d.number + 1);
            MW_CHECK(later.total[0] > d.total[0]);
        }
        later = d;
    }
    MW_CHECK(days >= MW_ELECTRIC_BILLING_DAYS);
    MW_CHECK_EQ(short_or_long, 1); /* the end of summer time; its begin is longer ago */
    mw_host_flash_fini(&r.nor);
}

MW_TEST(supply_away_at_midnight_and_clocks_that_are_set) {
    static rig r;
    mw_electric_billing_record d;
    rig_init(&r, START + 30 * DAY + 20 * HOUR); /* 31 January, 21:00 local */
    MW_CHECK_OK(rig_boundary(&r));
    rig_count(&r, 2000000000);
    MW_CHECK_OK(mw_electric_billing_save(&r.billing, &r.flash, &r.demand));
    r.now_us += 2 * DAY; /* no supply over two midnights and the month's end */
    rig_mount(&r);
    MW_CHECK_EQ(mw_electric_billing_due(&r.billing, &r.calendar, (mw_utc){r.now_us}), 3);
    MW_CHECK_OK(rig_boundary(&r));
    MW_CHECK_OK(newest(&r, MW_ELECTRIC_BILLING_DAILY, &d));
    MW_CHECK_EQ(d.at_s, START_S + 32 * 86400 - 3600);
    MW_CHECK_EQ(d.flags, MW_ELECTRIC_BILLING_LATE);
    MW_CHECK_EQ(d.total[0], r.tariffs.total[0].milli);
    MW_CHECK_OK(newest(&r, MW_ELECTRIC_BILLING_MONTHLY, &d));
    MW_CHECK_EQ(d.at_s, START_S + 31 * 86400 - 3600);
    MW_CHECK_EQ(d.number, 0);
    MW_CHECK(d.max[0].mw > 0);
    /* Set back by three days: nothing is closed again until a midnight passes. */
    r.now_us -= 3 * DAY;
    for (unsigned n = 0; n < 8; n++) {
        MW_CHECK_OK(rig_boundary(&r));
        rig_count(&r, 1000000000);
    }
    MW_CHECK_EQ(r.billing.next[MW_ELECTRIC_BILLING_DAILY], 1);
    for (unsigned n = 0; n < 96; n++) {
        MW_CHECK_OK(rig_boundary(&r));
        rig_count(&r, 1000000000);
    }
    MW_CHECK_OK(newest(&r, MW_ELECTRIC_BILLING_DAILY, &d));
    MW_CHECK_EQ(d.number, 1);
    MW_CHECK_EQ(d.flags, MW_ELECTRIC_BILLING_CLOCK);
    /* By command, twice: each has its own maxima. */
    MW_CHECK_OK(mw_electric_billing_command(&r.billing, &r.flash, (mw_utc){r.now_us}, &r.of));
    MW_CHECK_OK(mw_electric_billing_command(&r.billing, &r.flash, (mw_utc){r.now_us}, &r.of));
    MW_CHECK_OK(newest(&r, MW_ELECTRIC_BILLING_MONTHLY, &d));
    MW_CHECK((d.flags & MW_ELECTRIC_BILLING_COMMANDED) != 0);
    MW_CHECK(mw_utc_is_none(d.max[0].at));
    mw_electric_billing b;
    MW_CHECK_STATUS(mw_electric_billing_mount(&b, &r.flash, places, 29, 0, &r.demand), MW_RANGE);
    mw_host_flash_fini(&r.nor);
}

/* The end of March, with power cut at `step` of the flash: in the end there is one record of the
 * period, with its registers and its greatest demand, and the next period starts with none. Returns
 * whether the cut came. */
static bool close_and_cut(uint64_t step) {
    static rig r;
    rig_init(&r, START + 89 * DAY + 20 * HOUR); /* 31 March, 22:00 local */
    int64_t most = 0;
    for (unsigned n = 0; n < 8; n++) {
        MW_CHECK_OK(rig_boundary(&r));
        int64_t before = r.tariffs.total[0].milli;
        rig_count(&r, rig_power(&r));
        int64_t mw = (r.tariffs.total[0].milli - before) * 4;
        most = mw > most ? mw : most;
    }
    MW_CHECK_OK(mw_electric_billing_save(&r.billing, &r.flash, &r.demand));
    int64_t registers = r.tariffs.total[0].milli;
    mw_host_flash_cut_after(&r.nor, step, step);
    bool cut = rig_boundary(&r) != MW_OK;
    mw_host_flash_power_on(&r.nor);
    if (cut)
        rig_mount(&r); /* at once: nothing was counted in between */
    MW_CHECK_OK(rig_boundary(&r));
    MW_CHECK_OK(rig_boundary(&r));
    for (unsigned k = 0; k < MW_ELECTRIC_BILLING_LOGS; k++) {
        mw_electric_billing_record d;
        MW_CHECK_OK(newest(&r, (mw_electric_billing_log)k, &d));
        MW_CHECK_EQ(d.number, 0);
        MW_CHECK_EQ(d.at_s, r.now_us / MW_US_PER_S);
        MW_CHECK_EQ(d.total[0], registers);
        if (k == MW_ELECTRIC_BILLING_MONTHLY) {
            MW_CHECK_EQ(d.max[0].mw, most);
            MW_CHECK_EQ(d.max[0].at.us > 0, true);
        }
        mw_ringlog_cursor at = mw_ringlog_from_newest(&r.billing.log[k].log);
        MW_CHECK_OK(mw_electric_billing_older(&r.billing, &r.flash, (mw_electric_billing_log)k, &at,
                                              0, UINT32_MAX, &d));
        MW_CHECK_STATUS(mw_electric_billing_older(&r.billing, &r.flash, (mw_electric_billing_log)k,
                                                  &at, 0, UINT32_MAX, &d),
                        MW_NOT_FOUND);
    }
    MW_CHECK(mw_utc_is_none(r.demand.max[0].at));
    mw_host_flash_fini(&r.nor);
    return cut;
}

MW_TEST(a_period_is_closed_once_whenever_power_goes) {
    uint64_t step = 0;
    while (close_and_cut(step))
        step++;
    MW_CHECK(step > 2 * MW_ELECTRIC_BILLING_BYTES);
    printf("electricity billing: %llu cut points\n", (unsigned long long)step);
}

MW_TEST_MAIN(MW_CASE(block_demand_is_energy_by_period),
             MW_CASE(sliding_demand_is_the_mean_of_the_last_periods),
             MW_CASE(demand_without_supply_and_with_a_clock_set),
             MW_CASE(days_and_months_of_two_years),
             MW_CASE(supply_away_at_midnight_and_clocks_that_are_set),
             MW_CASE(a_period_is_closed_once_whenever_power_goes))
