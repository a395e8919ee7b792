/* SPDX-License-Identifier: Apache-2.0
 *
 * Rotation sensing and debounce.
 */
#include "base/prng.h"
#include "meters/pulse/input.h"
#include "meters/water/rotation.h"
#include "tests/harness/mw_test.h"

/* Sensor levels at a wheel position in steps. */
static bool level_a(int64_t position) {
    return ((position % 4 + 4) % 4) >= 2;
}

static bool level_b(int64_t position) {
    int64_t p = (position % 4 + 4) % 4;
    return p == 1 || p == 2;
}

MW_TEST(rotation_counts_every_step_both_ways) {
    mw_rotation r;
    uint32_t forward = 0, reverse = 0;
    int64_t p = 0;
    mw_rotation_init(&r, level_a(p), level_b(p));
    for (; p < 1000; p++)
        mw_rotation_sample(&r, level_a(p), level_b(p), &forward, &reverse);
    MW_CHECK_EQ(forward, 999);
    for (; p > 600; p--)
        mw_rotation_sample(&r, level_a(p), level_b(p), &forward, &reverse);
    MW_CHECK_EQ(forward + 0, 1000);
    MW_CHECK_EQ(reverse, 399);
    for (; p < 700; p++)
        mw_rotation_sample(&r, level_a(p), level_b(p), &forward, &reverse);
    MW_CHECK_EQ(forward, 1099);
    MW_CHECK_EQ(reverse, 400);
    MW_CHECK_EQ(r.missed, 0);
}

MW_TEST(trembling_moves_no_register) {
    mw_rotation r;
    uint32_t forward = 0, reverse = 0;
    mw_rotation_init(&r, false, false);
    for (int64_t p = 0; p < 11; p++)
        mw_rotation_sample(&r, level_a(p), level_b(p), &forward, &reverse);
    MW_CHECK_EQ(forward, 10);
    for (int i = 0; i < 10000; i++) {
        int64_t p = 10 - i % 2;
        mw_rotation_sample(&r, level_a(p), level_b(p), &forward, &reverse);
    }
    MW_CHECK_EQ(forward, 10);
    MW_CHECK_EQ(reverse, 0);
}

/* Whatever the wheel does: forward - reverse is its position but for what is held back. */
MW_TEST(registers_follow_the_wheel) {
    for (uint64_t seed = 0; seed < 50; seed++) {
        mw_prng g = mw_prng_of_seed(seed);
        mw_rotation r;
        uint32_t forward = 0, reverse = 0;
        int64_t p = 0;
        mw_rotation_init(&r, level_a(p), level_b(p));
        for (int i = 0; i < 5000; i++) {
            bool up = mw_prng_below(&g, 100) < (i / 500 % 2 == 0 ? 90u : 20u);
            p += up ? 1 : -1;
            mw_rotation_sample(&r, level_a(p), level_b(p), &forward, &reverse);
            int64_t held = r.reversing ? r.debt : -(int64_t)r.debt;
            MW_CHECK_EQ((int64_t)forward - reverse + held, p);
            MW_CHECK(r.debt <= MW_ROTATION_TREMBLE);
        }
        MW_CHECK_EQ(r.missed, 0);
    }
}

MW_TEST(a_missed_sample_is_bridged_and_reported) {
    mw_rotation r;
    uint32_t forward = 0, reverse = 0;
    mw_rotation_init(&r, false, false);
    for (int64_t p = 0; p <= 100; p++)
        if (p % 10 != 5)
            mw_rotation_sample(&r, level_a(p), level_b(p), &forward, &reverse);
    MW_CHECK_EQ(forward, 100);
    MW_CHECK_EQ(reverse, 0);
    MW_CHECK_EQ(r.missed, 10);
}

/* Clean pulses with bounce at both edges, spikes between, and gaps of any length. */
MW_TEST(debounce_counts_each_pulse_once) {
    mw_prng g = mw_prng_of_seed(4);
    mw_pulse_input p;
    int64_t t = 0;
    unsigned counted = 0, pulses = 5000;
    mw_pulse_input_init(&p, mw_dur_ms(10), mw_dur_ms(10), false, (mw_mono){0});
    for (unsigned i = 0; i < pulses; i++) {
        t += 15000000 + (int64_t)mw_prng_below(&g, 1000000000);
        if (mw_prng_below(&g, 5) == 0) { /* a spike between pulses */
            counted += mw_pulse_input_edge(&p, true, (mw_mono){t});
            t += (int64_t)mw_prng_below(&g, 5000000);
            counted += mw_pulse_input_edge(&p, false, (mw_mono){t});
            t += 15000000;
        }
        for (unsigned edge = 0; edge < 2; edge++) {
            bool low = edge == 0;
            for (uint64_t b = mw_prng_below(&g, 4); b > 0; b--) {
                counted += mw_pulse_input_edge(&p, low, (mw_mono){t});
                t += 1 + (int64_t)mw_prng_below(&g, 1000000);
                counted += mw_pulse_input_edge(&p, !low, (mw_mono){t});
                t += 1 + (int64_t)mw_prng_below(&g, 1000000);
            }
            counted += mw_pulse_input_edge(&p, low, (mw_mono){t});
            t += 30000000;
            if (i % 3 == 0)
                counted += mw_pulse_input_poll(&p, (mw_mono){t});
        }
    }
    MW_CHECK_EQ(counted, pulses);
}

MW_TEST(a_line_found_low_does_not_count) {
    mw_pulse_input p;
    mw_pulse_input_init(&p, mw_dur_ms(10), mw_dur_ms(10), true, (mw_mono){0});
    MW_CHECK_EQ(mw_pulse_input_poll(&p, (mw_mono){1000000000}), 0);
    MW_CHECK_EQ(mw_pulse_input_edge(&p, false, (mw_mono){2000000000}), 0);
    MW_CHECK_EQ(mw_pulse_input_edge(&p, true, (mw_mono){3000000000}), 0);
    MW_CHECK_EQ(mw_pulse_input_edge(&p, false, (mw_mono){3030000000}), 1);
}

MW_TEST_MAIN(MW_CASE(rotation_counts_every_step_both_ways), MW_CASE(trembling_moves_no_register),
             MW_CASE(registers_follow_the_wheel), MW_CASE(a_missed_sample_is_bridged_and_reported),
             MW_CASE(debounce_counts_each_pulse_once), MW_CASE(a_line_found_low_does_not_count))
