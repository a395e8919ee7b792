/* SPDX-License-Identifier: Apache-2.0 */
#include "radio/modulator.h"

#include <math.h>

#include "tests/harness/mw_test.h"

#define FIRST UINT64_C(5000000000)
enum { N = 300 * 625 };

static mw_burst_setup setup_of(const uint8_t *bits) {
    return (mw_burst_setup){.bits = bits,
                            .count = 200,
                            .start_index = FIRST + 20000,
                            .start_fraction = 0.25,
                            .rate = 250e3,
                            .baud = 400,
                            .offset_hz = 12345.6,
                            .drift_hz_per_s = 30,
                            .phase = 1,
                            .amplitude = 0.5};
}

static void some_bits(uint8_t bits[160]) {
    for (unsigned i = 0; i < 160; i++)
        bits[i] = (uint8_t)(i * 0x9d + 0x35);
}

/* Rendered in any pieces, in any order, a sample is the same to the last bit. */
MW_TEST(any_range_is_identical) {
    uint8_t bits[160];
    some_bits(bits);
    mw_burst_setup s = setup_of(bits);
    mw_burst b;
    MW_CHECK_OK(mw_burst_init(&b, &s));
    float *whole = calloc(2 * N, sizeof *whole), *pieces = calloc(2 * N, sizeof *pieces);
    MW_CHECK(mw_burst_render(&b, FIRST, N, whole));
    size_t end = N;
    while (end > 0) { /* backwards, in odd pieces */
        size_t n = end < 1237 ? end : 1237;
        end -= n;
        (void)mw_burst_render(&b, FIRST + end, n, pieces + 2 * end);
    }
    assert_memory_equal(whole, pieces, 2 * N * sizeof *whole);
    for (size_t i = 0; i < N; i++) {
        bool inside = FIRST + i >= mw_burst_first(&b) && FIRST + i < mw_burst_end(&b);
        MW_CHECK(inside || (whole[2 * i] == 0.0f && whole[2 * i + 1] == 0.0f));
    }
    MW_CHECK(!mw_burst_render(&b, FIRST, 10, pieces));
    MW_CHECK(!mw_burst_render(&b, mw_burst_end(&b), 10, pieces));
    free(whole);
    free(pieces);
}

/* Each symbol, seen at its centre with the carrier taken off, has its sign and the right size. */
MW_TEST(symbols_carrier_and_level) {
    uint8_t bits[160];
    some_bits(bits);
    mw_burst_setup s = setup_of(bits);
    mw_burst b;
    MW_CHECK_OK(mw_burst_init(&b, &s));
    float *iq = calloc(2 * N, sizeof *iq);
    MW_CHECK(mw_burst_render(&b, FIRST, N, iq));
    double power = 0;
    for (unsigned k = 0; k < s.count; k++) {
        double t = (k + 0.5) / 400.0;
        double at = 20000 + 0.25 + t * 250e3;
        size_t i = (size_t)llround(at);
        t = ((double)i - 20000 - 0.25) / 250e3;
        double phase = 1 + 2 * 3.14159265358979 * (12345.6 * t + 15 * t * t);
        double along = iq[2 * i] * cos(phase) + iq[2 * i + 1] * sin(phase);
        double across = iq[2 * i + 1] * cos(phase) - iq[2 * i] * sin(phase);
        bool one = bits[k / 8] >> (7 - k % 8) & 1;
        MW_CHECK(one ? along < -0.2 : along > 0.2);
        MW_CHECK(fabs(across) < 0.002);
    }
    for (size_t i = 30000; i < 130000; i++)
        power += (double)iq[2 * i] * iq[2 * i] + (double)iq[2 * i + 1] * iq[2 * i + 1];
    MW_CHECK(fabs(sqrt(power / 100000) - 0.5) < 0.02);
    free(iq);
}

MW_TEST(bursts_add_up) {
    uint8_t bits[160];
    some_bits(bits);
    mw_burst_setup s = setup_of(bits);
    mw_burst b;
    MW_CHECK_OK(mw_burst_init(&b, &s));
    static float once[2000], twice[2000];
    memset(once, 0, sizeof once);
    memset(twice, 0, sizeof twice);
    (void)mw_burst_render(&b, FIRST + 30000, 1000, once);
    (void)mw_burst_render(&b, FIRST + 30000, 1000, twice);
    (void)mw_burst_render(&b, FIRST + 30000, 1000, twice);
    for (unsigned i = 0; i < 2000; i++)
        MW_CHECK(twice[i] == 2 * once[i]);
}

MW_TEST(early_start) {
    uint8_t bits[160] = {0};
    mw_burst_setup s = setup_of(bits);
    s.start_index = 0;
    mw_burst b;
    MW_CHECK_OK(mw_burst_init(&b, &s));
    MW_CHECK_EQ(mw_burst_first(&b), 0);
}

MW_TEST(refuses_nonsense) {
    uint8_t bits[200] = {0};
    mw_burst b;
    mw_burst_setup s = setup_of(bits);
    s.count = MW_BURST_SYMBOLS_MAX + 1;
    MW_CHECK_STATUS(mw_burst_init(&b, &s), MW_RANGE);
    s = setup_of(bits);
    s.offset_hz = 125001;
    MW_CHECK_STATUS(mw_burst_init(&b, &s), MW_RANGE);
    s = setup_of(bits);
    s.amplitude = NAN;
    MW_CHECK_STATUS(mw_burst_init(&b, &s), MW_RANGE);
    s = setup_of(bits);
    s.rate = 1000;
    MW_CHECK_STATUS(mw_burst_init(&b, &s), MW_RANGE);
}

MW_TEST_MAIN(MW_CASE(any_range_is_identical), MW_CASE(symbols_carrier_and_level),
             MW_CASE(bursts_add_up), MW_CASE(early_start), MW_CASE(refuses_nonsense))
