/* SPDX-License-Identifier: Apache-2.0 */
#include "radio/bank.h"

#include <math.h>

#include "tests/harness/mw_test.h"

#define CHANNELS 8u
#define OUTPUTS  192u
#define TWO_PI   6.28318530717958647692

/* A carrier of amplitude 1 at `f` spacings through the bank; out[channel][output]. */
static void through(mw_bank *b, double f, uint64_t first, float *out) {
    size_t n = OUTPUTS * mw_bank_decimation(b) + 2 * mw_bank_reach(b);
    float *in = malloc(2 * n * sizeof *in);
    for (size_t i = 0; i < n; i++) {
        double at = (double)(first * mw_bank_decimation(b) + i) - mw_bank_reach(b);
        double turn = TWO_PI * f * at / CHANNELS;
        in[2 * i] = (float)cos(turn);
        in[2 * i + 1] = (float)sin(turn);
    }
    mw_bank_run(b, in, first, OUTPUTS, out, OUTPUTS);
    free(in);
}

static double power(const float *iq) {
    double sum = 0;
    for (size_t i = 0; i < 2 * OUTPUTS; i++)
        sum += (double)iq[i] * (double)iq[i];
    return sum / OUTPUTS;
}

/* In its own channel a carrier keeps its amplitude and phase; its offset from the centre is exact. */
MW_TEST(a_carrier_in_its_channel) {
    mw_bank *b;
    static float out[2 * OUTPUTS * CHANNELS];
    MW_CHECK_OK(mw_bank_new(CHANNELS, &b));
    MW_CHECK_EQ(mw_bank_decimation(b), CHANNELS / 4 * 3);
    for (double offset = -MW_BANK_FLAT; offset <= MW_BANK_FLAT + 1e-9; offset += MW_BANK_FLAT / 8) {
        for (unsigned k = 0; k < CHANNELS; k += 3) {
            uint64_t first = 5;
            through(b, k + offset, first, out);
            for (size_t i = 0; i < OUTPUTS; i++) {
                double at = (double)(first + i) * mw_bank_decimation(b);
                double turn = TWO_PI * offset * at / CHANNELS;
                const float *v = out + 2 * (k * OUTPUTS + i);
                MW_CHECK(fabs((double)v[0] - cos(turn)) < 0.006);
                MW_CHECK(fabs((double)v[1] - sin(turn)) < 0.006);
            }
        }
    }
    mw_bank_free(b);
}

/* What folds onto the flat part of a channel comes from strong neighbours 70 dB down. */
MW_TEST(neighbours_are_kept_out) {
    mw_bank *b;
    static float out[2 * OUTPUTS * CHANNELS];
    double worst = 0;
    MW_CHECK_OK(mw_bank_new(CHANNELS, &b));
    for (double f = 4.0 / 3 - MW_BANK_FLAT; f <= CHANNELS / 2.0; f += 0.013) {
        through(b, f, 0, out);
        double p = power(out);
        /* of channel 0: does it fold onto the flat part? */
        double folded = f - 4.0 / 3 * round(f * 0.75);
        if (fabs(folded) <= MW_BANK_FLAT && p > worst)
            worst = p;
    }
    MW_CHECK(10 * log10(worst) < -70);
    mw_bank_free(b);
}

/* Cut into pieces the outputs are the same. */
MW_TEST(pieces) {
    mw_bank *b;
    MW_CHECK_OK(mw_bank_new(CHANNELS, &b));
    unsigned d = mw_bank_decimation(b);
    size_t n = 100 * d + 2 * mw_bank_reach(b);
    float *in = malloc(2 * n * sizeof *in);
    static float whole[2 * 100 * CHANNELS], part[2 * 100 * CHANNELS];
    for (size_t i = 0; i < 2 * n; i++)
        in[i] = (float)((i * 7919) % 1000) / 1000.0f;
    mw_bank_run(b, in, 3, 100, whole, 100);
    for (size_t done = 0; done < 100;) {
        size_t run = 1 + done * 5 % 37;
        run = run < 100 - done ? run : 100 - done;
        mw_bank_run(b, in + 2 * done * d, 3 + done, run, part + 2 * done, 100);
        done += run;
    }
    assert_memory_equal(whole, part, sizeof whole);
    free(in);
    mw_bank_free(b);
}

MW_TEST(refuses_nonsense) {
    mw_bank *b;
    MW_CHECK_EQ(mw_bank_new(0, &b), MW_RANGE);
    MW_CHECK_EQ(mw_bank_new(6, &b), MW_RANGE);
    MW_CHECK_EQ(mw_bank_new(MW_BANK_CHANNELS_MAX + 4, &b), MW_RANGE);
}

MW_TEST_MAIN(MW_CASE(a_carrier_in_its_channel), MW_CASE(neighbours_are_kept_out), MW_CASE(pieces),
             MW_CASE(refuses_nonsense))
