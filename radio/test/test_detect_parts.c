/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "base/prng.h"
#include "radio/detect_transform.h"
#include "radio/outlier.h"
#include "tests/harness/mw_test.h"

#define TWO_PI 6.28318530717958647692

static double uniform(mw_prng *g) {
    return (double)(mw_prng_u64(g) >> 11) / 9007199254740992.0;
}

static double normal(mw_prng *g) {
    return sqrt(-2 * log(1 - uniform(g))) * cos(TWO_PI * uniform(g));
}

/* Every length that fits gives the filtered inverse transform of each bin's stretches. */
MW_TEST(transform_is_a_transform) {
    mw_prng g = mw_prng_of_seed(8);
    static mw_transform_in in;
    static mw_transform_work work;
    static mw_transform t;
    static float out[MW_TRANSFORM_POINTS][2 * MW_TRANSFORM_LANES], response[MW_TRANSFORM_POINTS];
    unsigned lengths = 0;
    for (size_t n = 16; n <= MW_TRANSFORM_POINTS; n += 8) {
        if (!mw_transform_fits(n))
            continue;
        lengths++;
        size_t rows = n / MW_TRANSFORM_STRETCH, first = 8;
        for (size_t r = 0; r < rows; r++) {
            for (size_t k = 0; k < 2u * MW_TRANSFORM_COLUMNS; k++)
                in.at[r][k / MW_TRANSFORM_COLUMNS][k % MW_TRANSFORM_COLUMNS] =
                    (float)(uniform(&g) - 0.5);
        }
        for (size_t i = 0; i < n; i++)
            response[i] = (float)uniform(&g);
        MW_CHECK_OK(mw_transform_init(&t, n, response));
        mw_transform_run(&t, &in, first, &work, out);
        for (size_t at = 0; at < n; at += 1 + n / 7) {
            for (size_t lane = 0; lane < MW_TRANSFORM_LANES; lane += 3) {
                double re = 0, im = 0;
                for (size_t i = 0; i < n; i++) {
                    size_t column = first + lane + i / rows;
                    double phase = TWO_PI * ((double)i - (double)n / 2) * (double)at / (double)n;
                    double x = (double)in.at[i % rows][0][column] * (double)response[i];
                    double y = (double)in.at[i % rows][1][column] * (double)response[i];
                    re += x * cos(phase) - y * sin(phase);
                    im += x * sin(phase) + y * cos(phase);
                }
                MW_CHECK(fabs(re - (double)out[at][lane]) < 1e-4);
                MW_CHECK(fabs(im - (double)out[at][lane + MW_TRANSFORM_LANES]) < 1e-4);
            }
        }
    }
    MW_CHECK(lengths >= 15);
    MW_CHECK(!mw_transform_fits(8 * 7));
    MW_CHECK_EQ(mw_transform_init(&t, 8 * 7, response), MW_RANGE);
    MW_CHECK(!mw_transform_fits(MW_TRANSFORM_POINTS + 8));
}

/* Symbols of amplitude 1 in noise, some of them hit. */
static size_t erased(double noise, double hit, size_t every, size_t *out_wrong) {
    mw_prng g = mw_prng_of_seed(3);
    static float y[2 * 600];
    size_t right = 0;
    for (size_t i = 0; i < 600; i++) {
        bool is_hit = every != 0 && i % every == 0;
        double size = is_hit ? hit : 1, phase = TWO_PI * uniform(&g);
        y[2 * i] = (float)(size * cos(phase) + noise * normal(&g));
        y[2 * i + 1] = (float)(size * sin(phase) + noise * normal(&g));
    }
    *out_wrong = 0;
    (void)mw_outlier_erase(y, 600);
    for (size_t i = 0; i < 600; i++) {
        bool gone = y[2 * i] == 0 && y[2 * i + 1] == 0, is_hit = every != 0 && i % every == 0;
        right += gone && is_hit;
        *out_wrong += gone && !is_hit;
    }
    return right;
}

MW_TEST(outliers_are_erased) {
    size_t wrong;
    MW_CHECK_EQ(erased(0.2, 1, 0, &wrong), 0); /* nothing to erase */
    MW_CHECK_EQ(wrong, 0);
    MW_CHECK_EQ(erased(0.8, 1, 0, &wrong), 0); /* nor in noise, or hardly */
    MW_CHECK(wrong <= 2);
    MW_CHECK_EQ(erased(0.2, 10, 10, &wrong), 60); /* bursts 20 dB above */
    MW_CHECK_EQ(wrong, 0);
    MW_CHECK_EQ(erased(0.2, 10, 3, &wrong), 200);
    MW_CHECK_EQ(wrong, 0);
}

MW_TEST(silence_has_no_outliers) {
    float y[64] = {0};
    MW_CHECK_EQ(mw_outlier_erase(y, 32), 0);
    y[6] = 1;
    MW_CHECK_EQ(mw_outlier_erase(y, 32), 0);
    MW_CHECK(y[6] == 1);
}

MW_TEST_MAIN(MW_CASE(transform_is_a_transform), MW_CASE(outliers_are_erased),
             MW_CASE(silence_has_no_outliers))
