/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/prng.h"
#include "meters/electricity/tariffs.h"
#include "tests/harness/mw_test.h"

#define MINUTE_US (60 * MW_US_PER_S)

static mw_prng g;
static mw_tariff_calendar c;

static unsigned below(unsigned n) {
    return (unsigned)mw_prng_below(&g, n);
}

/* Central European time. */
static void zone_of_europe(void) {
    c.offset_min = 60;
    c.dst_min = 60;
    c.dst_begin = (mw_tariff_change){3, 5, 6, 1};
    c.dst_end = (mw_tariff_change){10, 5, 6, 1};
}

static void any_calendar(void) {
    mw_tariff_calendar_init(&c);
    zone_of_europe();
    if (below(3) == 0) { /* the south: summer over New Year, half an hour */
        c.offset_min = 630;
        c.dst_min = 30;
        c.dst_begin = (mw_tariff_change){10, 1, 6, 15};
        c.dst_end = (mw_tariff_change){4, 1, 6, 15};
    }
    c.programs = (uint8_t)(1 + below(MW_TARIFF_PROGRAMS_MAX));
    c.seasons = (uint8_t)(1 + below(MW_TARIFF_SEASONS_MAX));
    c.specials = (uint8_t)below(MW_TARIFF_SPECIALS_MAX + 1);
    for (unsigned p = 0; p < c.programs; p++)
        for (unsigned z = 0; z < MW_TARIFF_ZONES; z++)
            mw_tariff_program_set(c.program[p], z, (uint8_t)below(MW_TARIFFS));
    for (unsigned s = 0; s < c.seasons; s++) {
        c.season[s].month = (uint8_t)(1 + s / 2);
        c.season[s].day = (uint8_t)(s % 2 ? 15 + below(14) : 1 + below(14));
        for (unsigned d = 0; d < 7; d++)
            c.season[s].program[d] = (uint8_t)below(c.programs);
    }
    for (unsigned s = 0; s < c.specials; s++)
        c.special[s] = (mw_tariff_special){(uint16_t)(below(2) ? 0 : 2024 + below(4)),
                                           (uint8_t)(1 + below(12)), (uint8_t)(1 + below(28)),
                                           (uint8_t)below(c.programs)};
    MW_CHECK_OK(mw_tariff_calendar_check(&c));
}

/* The calendar read the slow way: day after day, carrying the season along. */
static uint8_t slow_program(int64_t day, int32_t year, unsigned month, unsigned date,
                            unsigned season) {
    for (unsigned s = 0; s < c.specials; s++)
        if (c.special[s].month == month && c.special[s].day == date &&
            (c.special[s].year == 0 || c.special[s].year == year))
            return c.special[s].program;
    return c.season[season].program[(day + 3) % 7];
}

MW_TEST(every_minute_of_four_years_has_one_tariff) {
    g = mw_prng_of_seed(5);
    for (int round = 0; round < 3; round++) {
        any_calendar();
        int64_t first = mw_days_of_date(2024, 1, 1), last = mw_days_of_date(2028, 1, 1);
        unsigned season = 0;
        for (unsigned s = 0; s < c.seasons; s++) /* the one that began last in the year before */
            if (c.season[s].month * 32 + c.season[s].day >
                c.season[season].month * 32 + c.season[season].day)
                season = s;
        int64_t day_before = INT64_MIN;
        uint8_t program = 0;
        mw_utc until = {INT64_MIN};
        uint8_t held = 0;
        for (int64_t m = (first - 1) * 1440; m < last * 1440; m++) {
            mw_utc t = {m * MINUTE_US};
            uint8_t tariff = mw_tariff_calendar_tariff(&c, t);
            MW_CHECK(tariff < MW_TARIFFS);
            if (t.us < until.us)
                MW_CHECK_EQ(tariff, held);
            else {
                until = mw_tariff_calendar_until(&c, t);
                MW_CHECK(until.us > t.us && until.us <= t.us + 30 * MINUTE_US);
                held = tariff;
            }
            mw_tariff_local l = mw_tariff_calendar_local(&c, t);
            if (l.day < first)
                continue;
            if (l.day != day_before) {
                int32_t year;
                uint8_t month, date;
                mw_date_of_days(l.day, &year, &month, &date);
                for (unsigned s = 0; s < c.seasons; s++)
                    if (c.season[s].month == month && c.season[s].day == date)
                        season = s;
                program = slow_program(l.day, year, month, date, season);
                day_before = l.day;
            }
            uint8_t pair = c.program[program][l.second / 3600];
            MW_CHECK_EQ(tariff, l.second / 1800 % 2 ? pair >> 4 : pair & 15);
        }
    }
}

static int64_t local_minute(const char *utc) {
    mw_utc t;
    MW_CHECK_OK(mw_utc_parse((mw_slice){(const uint8_t *)utc, strlen(utc)}, &t));
    mw_tariff_local l = mw_tariff_calendar_local(&c, t);
    return l.second / 60;
}

MW_TEST(clocks_change_when_the_rule_says) {
    mw_tariff_calendar_init(&c);
    zone_of_europe();
    MW_CHECK_EQ(local_minute("2026-03-29T00:59:00Z"), 119);
    MW_CHECK_EQ(local_minute("2026-03-29T01:00:00Z"), 180); /* 02:00 does not exist */
    MW_CHECK_EQ(local_minute("2026-10-25T00:59:00Z"), 179);
    MW_CHECK_EQ(local_minute("2026-10-25T01:00:00Z"), 120); /* 02:00 comes again */
    MW_CHECK_EQ(local_minute("2024-02-29T23:30:00Z"), 30);
}

MW_TEST(bytes_and_back) {
    static mw_tariff_calendar back;
    uint8_t bytes[MW_TARIFF_CALENDAR_MAX];
    size_t n;
    g = mw_prng_of_seed(6);
    for (int round = 0; round < 200; round++) {
        any_calendar();
        MW_CHECK_OK(mw_tariff_calendar_encode(&c, (mw_span){bytes, sizeof bytes}, &n));
        MW_CHECK_OK(mw_tariff_calendar_decode((mw_slice){bytes, n}, &back));
        MW_CHECK(memcmp(&back, &c, sizeof c) == 0);
        bytes[below((unsigned)n)] ^= (uint8_t)(1u << below(8));
        MW_CHECK_STATUS(mw_tariff_calendar_decode((mw_slice){bytes, n}, &back), MW_SYNTAX);
    }
}

MW_TEST(impossible_calendars_are_refused_whole) {
    g = mw_prng_of_seed(7);
    static mw_electric_tariffs t;
    static mw_electric_energy e;
    mw_electric_tariffs_init(&t, 8, &e);
    any_calendar();
    MW_CHECK_OK(mw_electric_tariffs_program(&t, &c, mw_utc_of_s(1000)));
    mw_tariff_calendar good = c;
    c.season[0].program[3] = c.programs;
    MW_CHECK_STATUS(mw_electric_tariffs_program(&t, &c, mw_utc_of_s(500)), MW_RANGE);
    c = good;
    c.season[0].day = 31, c.season[0].month = 4;
    MW_CHECK_STATUS(mw_electric_tariffs_program(&t, &c, mw_utc_of_s(500)), MW_RANGE);
    c = good;
    c.program[0][5] = 0x80;
    MW_CHECK_STATUS(mw_electric_tariffs_program(&t, &c, mw_utc_of_s(500)), MW_RANGE);
    MW_CHECK(!mw_electric_tariffs_due(&t, mw_utc_of_s(999)));
    MW_CHECK(mw_electric_tariffs_due(&t, mw_utc_of_s(1000)));
    mw_electric_tariffs_activate(&t);
    mw_electric_tariffs_activate(&t); /* again after a cut: nothing */
    MW_CHECK(memcmp(mw_electric_tariffs_calendar(&t), &good, sizeof good) == 0);
    MW_CHECK_EQ(t.changes, 1);
    MW_CHECK(!mw_electric_tariffs_due(&t, mw_utc_of_s(2000)));
}

static bool same(const mw_electric_count *a, const mw_electric_count *b) {
    return a->milli == b->milli && a->rest == b->rest;
}

MW_TEST(tariffs_always_add_up_to_the_total) {
    static mw_electric_tariffs t;
    static mw_electric_energy e;
    g = mw_prng_of_seed(8);
    for (int round = 0; round < 2; round++) {
        mw_electric_energy_config config = {.pulses_per_kwh = 1600, .pulses_per_kvarh = 1600};
        MW_CHECK_OK(mw_electric_energy_init(&e, &config));
        mw_electric_tariffs_init(&t, round ? 4 : 8, &e);
        int64_t s = mw_days_of_date(2026, 10, 24) * 86400;
        for (int n = 0; n < 5000; n++, s += 61) {
            if (n % 500 == 0) {
                any_calendar();
                MW_CHECK_OK(mw_electric_tariffs_program(&t, &c, mw_utc_of_s(s + 5000)));
            }
            if (mw_electric_tariffs_due(&t, mw_utc_of_s(s)))
                mw_electric_tariffs_activate(&t);
            mw_electric_quantities q = {.elements = 1, .parts = 26214400};
            q.e[0].p_uw = (int64_t)mw_prng_below(&g, 40000000000) - 20000000000;
            q.e[0].q_uvar = (int64_t)mw_prng_below(&g, 40000000000) - 20000000000;
            mw_electric_energy_window(&e, &q);
            uint8_t tariff = mw_electric_tariffs_count(&t, &e, mw_utc_of_s(s));
            MW_CHECK_EQ(tariff, mw_tariff_calendar_tariff(&t.calendar[t.active], mw_utc_of_s(s)));
        }
        for (unsigned r = 0; r < MW_ELECTRIC_TARIFF_REGISTERS; r++) {
            mw_electric_count sum = {0};
            for (unsigned k = 0; k < MW_TARIFFS; k++) {
                sum.milli += t.count[k][r].milli;
                sum.rest += t.count[k][r].rest;
                if (round && r >= MW_ELECTRIC_TARIFF_R_PLUS && k >= 4)
                    MW_CHECK_EQ(t.count[k][r].milli, 0);
            }
            sum.milli += sum.rest / MW_ELECTRIC_QUANTA_PER_MILLI;
            sum.rest %= MW_ELECTRIC_QUANTA_PER_MILLI;
            MW_CHECK(sum.milli > 0 && same(&sum, &t.total[r]));
        }
        MW_CHECK(same(&t.total[0], &e.count[MW_ELECTRIC_TOTAL][MW_ELECTRIC_A_PLUS]));
        MW_CHECK_EQ(t.total[MW_ELECTRIC_TARIFF_R_PLUS].milli,
                    mw_electric_r_plus(&e, MW_ELECTRIC_TOTAL));
        MW_CHECK_EQ(t.total[MW_ELECTRIC_TARIFF_R_MINUS].milli,
                    mw_electric_r_minus(&e, MW_ELECTRIC_TOTAL));
    }
}

MW_TEST_MAIN(MW_CASE(every_minute_of_four_years_has_one_tariff),
             MW_CASE(clocks_change_when_the_rule_says), MW_CASE(bytes_and_back),
             MW_CASE(impossible_calendars_are_refused_whole),
             MW_CASE(tariffs_always_add_up_to_the_total))
