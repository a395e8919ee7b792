/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/prng.h"
#include "radio/detect_kernel.h"
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

#define NEW_HOPS 80u

/* A row of the matched filter's output, of any level. */
static void noise_rows(float (*x)[16], size_t from, size_t to, double level, mw_prng *g) {
    for (size_t r = from; r < to; r++) {
        for (size_t k = 0; k < 16; k++)
            x[r][k] = (float)(level * normal(g));
    }
}

/* What the correlations of one bin at one hop should say, from the rows that are there. */
static double score_of(const mw_kernel_desk *d, const mw_kernel_word *w, size_t hop, size_t bin) {
    double power = 0, energy = 0, y[MW_KERNEL_SYMBOLS][2];
    for (size_t n = 0; n < MW_KERNEL_SYMBOLS; n++) {
        const float *x = d->x[0][hop + MW_KERNEL_HOPS * n];
        y[n][0] = (double)(x[bin] * w->sign[n]);
        y[n][1] = (double)(x[bin + 8] * w->sign[n]);
        energy += y[n][0] * y[n][0] + y[n][1] * y[n][1];
    }
    for (size_t lag = 1; lag <= MW_KERNEL_LAGS; lag++) {
        double re = 0, im = 0;
        for (size_t n = lag; n < MW_KERNEL_SYMBOLS; n++) {
            re += y[n][0] * y[n - lag][0] + y[n][1] * y[n - lag][1];
            im += y[n][1] * y[n - lag][0] - y[n][0] * y[n - lag][1];
        }
        power += re * re + im * im;
    }
    return power / (energy * energy + 1e-30);
}

/* Whole numbers say what floats say; where the level falls by 60 dB, floats are used. */
MW_TEST(correlation_is_right_at_any_level) {
    static const double levels[3][2] = {{1, 1}, {1e-4, 3e-4}, {1, 1e-3}};
    static const uint64_t exactly[3] = {0, 0, 1};
    mw_kernel_word w;
    mw_kernel_word_init(&w);
    mw_kernel_desk *d = aligned_alloc(64, (sizeof *d + 63) / 64 * 64);
    mw_kernel_group *kept = calloc(1, sizeof *kept);
    for (size_t k = 0; k < 3; k++) {
        mw_prng g = mw_prng_of_stream(12, k);
        memset(d, 0, sizeof *d);
        memset(kept, 0, sizeof *kept);
        for (size_t batch = 0; batch < 8; batch++) { /* three to fill the past */
            d->exactly = 0;
            noise_rows(d->x[0], MW_KERNEL_OLD, MW_KERNEL_OLD + NEW_HOPS,
                       levels[k][batch == 7 ? 1 : 0], &g);
            mw_kernel_correlate(kept, d, 0, &w, NEW_HOPS, 0.01f);
        }
        MW_CHECK_EQ(d->exactly, exactly[k]);
        for (size_t hop = 0; hop < NEW_HOPS; hop++) {
            for (size_t bin = 0; bin < 8; bin++) {
                double right = score_of(d, &w, hop, bin), is = (double)d->score[hop + 1][8 + bin];
                MW_CHECK(fabs(sqrt(is) - sqrt(right)) < 0.003);
                MW_CHECK_EQ(d->above[hop][0] >> bin & 1, d->score[hop + 1][8 + bin] > 0.01f);
            }
        }
    }
    free(kept);
    free(d);
}

MW_TEST(peaks_are_not_exceeded) {
    mw_kernel_desk *d = aligned_alloc(64, (sizeof *d + 63) / 64 * 64);
    memset(d, 0, sizeof *d);
    mw_prng g = mw_prng_of_seed(17);
    for (size_t i = 0; i < NEW_HOPS + 2; i++) {
        for (size_t b = 0; b < MW_DETECT_TILE + 16; b++)
            d->score[i][b] = (float)uniform(&g);
    }
    mw_kernel_clear(d, 0, NEW_HOPS, 3);
    memset(d->above, 0xFF, sizeof d->above);
    unsigned count = 0;
    for (size_t i = 0; i < NEW_HOPS; i++) {
        for (size_t b = 8; b < 16; b++) { /* of the second group */
            bool peak = true;
            for (size_t k = 0; k < 9; k++)
                peak = peak && d->score[i + k / 3][8 + b + k % 3 - 1] <= d->score[i + 1][8 + b];
            MW_CHECK_EQ(mw_kernel_peaks(d, i, 1) >> (b - 8) & 1, peak);
            count += peak;
        }
        MW_CHECK(d->score[i + 1][8 + 24] == 0);
    }
    MW_CHECK(count > NEW_HOPS / 2 && count < 2 * NEW_HOPS);
    free(d);
}

MW_TEST(angles_are_rounded) {
    for (int i = -1000; i < 1000; i++) {
        double circles = (i + 0.37) / 2000;
        double x = 3 * cos(TWO_PI * circles), y = 3 * sin(TWO_PI * circles);
        MW_CHECK_EQ(mw_kernel_angle((float)x, (float)y),
                    (unsigned)(lround(64 * circles) + 64) % 64);
    }
    MW_CHECK_EQ(mw_kernel_angle(0, 0), 0);
}

MW_TEST_MAIN(MW_CASE(correlation_is_right_at_any_level), MW_CASE(peaks_are_not_exceeded),
             MW_CASE(angles_are_rounded), MW_CASE(transform_is_a_transform),
             MW_CASE(outliers_are_erased), MW_CASE(silence_has_no_outliers))
