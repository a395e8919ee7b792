/* SPDX-License-Identifier: Apache-2.0 */
#include "radio/bank.h"

#include <fftw3.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "radio/vector.h"

#define PI    3.14159265358979323846
#define BATCH 16u /* outputs per call of the FFT */
/* Kaiser window for 75 dB; the transition lies around 2/3 of the spacing, half the sample rate. */
#define BETA 7.3
#define EDGE (2.0 / 3.0)

struct mw_bank {
    unsigned channels, decimation;
    size_t taps;
    float *window; /* each tap twice */
    float *folded, *bins;
    fftwf_plan plan;
    size_t memory;
};

static double bessel_i0(double x) {
    double sum = 1, term = 1;
    for (int k = 1; k < 60; k++) {
        term *= x / (2 * k) * (x / (2 * k));
        sum += term;
    }
    return sum;
}

static void window_init(mw_bank *b) {
    double half = (double)b->taps / 2, total = 0, scale = bessel_i0(BETA);
    for (size_t i = 1; i < b->taps; i++) { /* tap 0 is zero: the middle is a sample */
        double t = (double)i - half, x = 2 * EDGE * t / b->channels;
        double r = t / half;
        double v =
            (t == 0 ? 1 : sin(PI * x) / (PI * x)) * bessel_i0(BETA * sqrt(1 - r * r)) / scale;
        b->window[2 * i] = b->window[2 * i + 1] = (float)v;
        total += v;
    }
    for (size_t i = 0; i < 2 * b->taps; i++)
        b->window[i] = (float)(b->window[i] / total);
}

mw_status mw_bank_new(unsigned channels, mw_bank **out_bank) {
    if (channels == 0 || channels % 4 != 0 || channels > MW_BANK_CHANNELS_MAX)
        return MW_RANGE;
    mw_bank *b = calloc(1, sizeof *b);
    if (b == NULL)
        return MW_NOMEM;
    b->channels = channels;
    b->decimation = channels / 4 * 3;
    b->taps = (size_t)MW_BANK_TAPS * channels;
    size_t window = 2 * b->taps * sizeof(float), values = 2 * BATCH * channels * sizeof(float);
    b->memory = sizeof *b + window + 2 * values;
    b->window = fftwf_malloc(window);
    b->folded = fftwf_malloc(values);
    b->bins = fftwf_malloc(values);
    if (b->window != NULL && b->folded != NULL && b->bins != NULL) {
        int n = (int)channels;
        memset(b->window, 0, window);
        window_init(b);
        b->plan = fftwf_plan_many_dft(1, &n, BATCH, (fftwf_complex *)b->folded, NULL, 1, n,
                                      (fftwf_complex *)b->bins, NULL, BATCH, 1, FFTW_FORWARD,
                                      FFTW_ESTIMATE);
    }
    if (b->plan == NULL) {
        mw_bank_free(b);
        return MW_NOMEM;
    }
    *out_bank = b;
    return MW_OK;
}

void mw_bank_free(mw_bank *b) {
    if (b == NULL)
        return;
    if (b->plan != NULL)
        fftwf_destroy_plan(b->plan);
    fftwf_free(b->window);
    fftwf_free(b->folded);
    fftwf_free(b->bins);
    free(b);
}

unsigned mw_bank_decimation(const mw_bank *b) {
    return b->decimation;
}

unsigned mw_bank_reach(const mw_bank *b) {
    return (unsigned)(b->taps / 2);
}

size_t mw_bank_memory(const mw_bank *b) {
    return b->memory;
}

/* out[j] = sum over k of iq * window at place j + k * channels, for the `n` places of a run. */
MW_CLONES static void bank_fold(const float *iq, const float *window, size_t n, size_t channels,
                                float *out) {
    size_t j = 0;
    for (; j + 8 <= 2 * n; j += 8) {
        mw_v8 sum = {0};
        for (size_t k = 0; k < MW_BANK_TAPS; k++) {
            size_t at = j + 2 * k * channels;
            sum += *(const mw_v8 *)(iq + at) * *(const mw_v8 *)(window + at);
        }
        *(mw_v8 *)(out + j) = sum;
    }
    for (; j < 2 * n; j++) {
        float sum = 0;
        for (size_t k = 0; k < MW_BANK_TAPS; k++)
            sum += iq[j + 2 * k * channels] * window[j + 2 * k * channels];
        out[j] = sum;
    }
}

void mw_bank_run(mw_bank *b, const float *iq, uint64_t first, size_t n, float *out, size_t stride) {
    size_t m = b->channels;
    for (size_t done = 0; done < n; done += BATCH) {
        size_t run = n - done < BATCH ? n - done : BATCH;
        for (size_t i = 0; i < run; i++) {
            /* Sample number of the window's first tap modulo M: reach is a multiple of M. */
            size_t place = (size_t)((first + done + i) * b->decimation % m);
            const float *from = iq + 2 * (done + i) * b->decimation;
            float *to = b->folded + 2 * i * m;
            bank_fold(from, b->window, m - place, m, to + 2 * place);
            bank_fold(from + 2 * (m - place), b->window + 2 * (m - place), place, m, to);
        }
        fftwf_execute(b->plan);
        for (size_t k = 0; k < m; k++)
            memcpy(out + 2 * (k * stride + done), b->bins + 2 * k * BATCH, 2 * run * sizeof *out);
    }
}
