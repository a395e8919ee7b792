/* SPDX-License-Identifier: Apache-2.0
 *
 * A meter's hourly series with local days and a register at each end, for the tests of this folder.
 */
#ifndef MW_VEE_TEST_FIXTURE_H
#define MW_VEE_TEST_FIXTURE_H

#include "base/prng.h"
#include "platform/vee/series.h"
#include "tests/harness/mw_test.h"

enum { FIXTURE_DAYS = 60, FIXTURE_N = FIXTURE_DAYS * 24 };

typedef struct fixture {
    int64_t value[FIXTURE_N];
    uint32_t flags[FIXTURE_N];
    mw_vee_day day[FIXTURE_DAYS + 1];
    mw_vee_register reg[4];
    mw_vee_series s;
} fixture;

/* 2030-01-07 is a Monday. Usage repeats by hour and weekday with noise of `noise` units; the last
 * day is the span looked at. */
static inline void fixture_make(fixture *f, uint64_t seed, unsigned noise) {
    *f = (fixture){0};
    mw_prng g = mw_prng_of_seed(seed);
    int64_t total = 0;
    for (unsigned i = 0; i < FIXTURE_N; i++) {
        unsigned hour = i % 24, weekday = i / 24 % 7;
        f->value[i] = 20 + (hour > 6 ? 10 : 0) + (hour > 17 ? 25 : 0) + (weekday > 4 ? 15 : 0) +
                      (int64_t)mw_prng_below(&g, noise + 1);
        total += f->value[i];
    }
    f->reg[0] = (mw_vee_register){.index = 0, .value = 1000};
    f->reg[1] = (mw_vee_register){.index = FIXTURE_N, .value = 1000 + total};
    f->s = (mw_vee_series){.start = mw_utc_of_s(mw_days_of_date(2030, 1, 7) * 86400),
                           .seconds = 3600,
                           .n = FIXTURE_N,
                           .first = FIXTURE_N - 24,
                           .value = f->value,
                           .flags = f->flags,
                           .day = f->day,
                           .reg = f->reg,
                           .regs = 2,
                           .register_digits = 9,
                           .limits = {.max_per_hour = 1000}};
    mw_vee_offset utc = {.at = f->s.start};
    MW_CHECK_OK(mw_vee_days_make(&f->s, &utc, 1, f->day, FIXTURE_DAYS + 1, &f->s.days));
    MW_CHECK_EQ(f->s.days, FIXTURE_DAYS);
    MW_CHECK_OK(mw_vee_series_check(&f->s));
}

#endif
