/* SPDX-License-Identifier: Apache-2.0 */
#include "radio/channel.h"

#include <math.h>

#include "tests/harness/mw_test.h"

MW_TEST(levels) {
    /* free space: 868 MHz at 1 km loses 91.2 dB */
    MW_CHECK(fabs(mw_channel_path_loss_db(1000, 868e6, 2) - 91.22) < 0.02);
    MW_CHECK(fabs(mw_channel_path_loss_db(1000, 868e6, 3.5) - 136.22) < 0.02);
    MW_CHECK(fabs(mw_channel_amplitude(-60, -40) - 0.1) < 1e-12);
    /* 50 Bd, noise figure 3 dB: -154 dBm in the symbol bandwidth */
    MW_CHECK(fabs(mw_channel_level_of_es_n0(0, 50, 3) + 153.99) < 0.01);
}

/* Power, symmetry, kurtosis, no correlation between parts or neighbours. */
MW_TEST(noise_is_white_and_gaussian) {
    enum { N = 400000 };
    static mw_channel_noise c;
    float *iq = calloc(2 * N, sizeof *iq);
    mw_channel_noise_init(&c, 7, 250e3, 3, -60);
    mw_channel_noise_add(&c, 1000, N, iq);
    double sum = 0, power = 0, fourth = 0, cross = 0, next = 0, beyond3 = 0;
    double sigma2 = (double)c.sigma * c.sigma;
    for (size_t i = 0; i < 2 * N; i++) {
        double x = iq[i];
        sum += x;
        power += x * x;
        fourth += x * x * x * x;
        beyond3 += x * x > 9 * sigma2;
        if (i % 2 == 0)
            cross += x * iq[i + 1];
        if (i + 2 < 2 * N)
            next += x * iq[i + 2];
    }
    double n = 2.0 * N, variance = power / n;
    double level = -60 + 10 * log10(2 * variance);
    MW_CHECK(fabs(level - (-173.98 + 3 + 53.979)) < 0.02);
    MW_CHECK(fabs(variance / sigma2 - 1) < 0.006);
    MW_CHECK(fabs(sum / n) < 4 * sqrt(variance / n));
    MW_CHECK(fabs(fourth / n / variance / variance - 3) < 0.03);
    MW_CHECK(fabs(cross / N) < 5 * variance / sqrt(N));
    MW_CHECK(fabs(next / n) < 5 * variance / sqrt(n));
    MW_CHECK(fabs(beyond3 / n - 0.0027) < 0.0003);
    free(iq);
}

MW_TEST(noise_repeats_by_index) {
    static mw_channel_noise c, other;
    float whole[400] = {0}, part[100] = {0}, foreign[100] = {0};
    mw_channel_noise_init(&c, 7, 250e3, 3, -60);
    mw_channel_noise_init(&other, 8, 250e3, 3, -60);
    mw_channel_noise_add(&c, UINT64_C(1) << 40, 200, whole);
    mw_channel_noise_add(&c, (UINT64_C(1) << 40) + 123, 50, part);
    assert_memory_equal(part, whole + 246, sizeof part);
    mw_channel_noise_add(&other, (UINT64_C(1) << 40) + 123, 50, foreign);
    MW_CHECK(memcmp(foreign, part, sizeof part) != 0);
}

MW_TEST_MAIN(MW_CASE(levels), MW_CASE(noise_is_white_and_gaussian), MW_CASE(noise_repeats_by_index))
