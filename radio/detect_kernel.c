/* SPDX-License-Identifier: Apache-2.0 */
#include "radio/detect_kernel.h"

#include <math.h>

#include "radio/vector.h"

#define TILE MW_DETECT_TILE

static size_t row_of(int64_t hop) {
    return mw_kernel_row_of(hop) * MW_KERNEL_ROW;
}

MW_CLONES static void fold(float *buffer, const float *iq, const float *window, size_t n) {
    size_t i = 0;
    for (; i + 8 <= 2 * n; i += 8)
        *(mw_v8 *)(buffer + i) += *(const mw_v8 *)(iq + i) * *(const mw_v8 *)(window + i);
    for (; i < 2 * n; i++)
        buffer[i] += iq[i] * window[i];
}

MW_CLONES static void take(mw_kernel_tile *t, int64_t hop, const float *bins, mw_kernel_row *out) {
    float *x = t->x + row_of(hop);
    float *d = t->d + row_of(hop);
    double *energy = t->energy + (size_t)(hop & 3) * TILE;
    for (size_t i = 0; i < TILE; i++) {
        x[i] = bins[2 * i];
        x[TILE + i] = bins[2 * i + 1];
    }
    for (size_t i = 0; i < TILE; i++)
        energy[i] += (double)(x[i] * x[i] + x[TILE + i] * x[TILE + i]);
    if (hop >= 4 * (int64_t)MW_KERNEL_SYMBOLS) {
        const float *old = t->x + row_of(hop - 4 * (int64_t)MW_KERNEL_SYMBOLS);
        for (size_t i = 0; i < TILE; i++)
            energy[i] -= (double)(old[i] * old[i] + old[TILE + i] * old[TILE + i]);
    }
    for (size_t i = 0; i < TILE; i++)
        out->energy[i] = (float)energy[i];
    if (hop < 4)
        return;
    const float *y = t->x + row_of(hop - 4);
    for (size_t i = 0; i < TILE; i++) {
        d[i] = x[i] * y[i] + x[TILE + i] * y[TILE + i];
        d[TILE + i] = x[TILE + i] * y[i] - x[i] * y[TILE + i];
    }
}

MW_CLONES static bool correlate(const mw_kernel_tile *t, const mw_kernel_word *word, int64_t hop,
                                float threshold, mw_kernel_row *io_row) {
    size_t rows[MW_KERNEL_SYMBOLS - 1]; /* offsets of the products, +1 turns first */
    size_t first = (size_t)(hop & 3) * MW_KERNEL_KEPT, newest = mw_kernel_row_of(hop) - first;
    for (size_t k = 0; k < MW_KERNEL_SYMBOLS - 1; k++) {
        size_t back = 62 - (size_t)word->turn[k];
        size_t at = newest >= back ? newest - back : newest + MW_KERNEL_KEPT - back;
        rows[k] = (first + at) * MW_KERNEL_ROW;
    }
    for (size_t g = 0; g < TILE; g += 32) {
        const float *base = t->d + g;
        mw_v8 r0 = {0}, r1 = {0}, r2 = {0}, r3 = {0}, i0 = {0}, i1 = {0}, i2 = {0}, i3 = {0};
        size_t k = 0;
        for (; k < word->plus; k++) {
            const mw_v8 *re = (const mw_v8 *)(base + rows[k]);
            const mw_v8 *im = (const mw_v8 *)(base + rows[k] + TILE);
            r0 += re[0];
            r1 += re[1];
            r2 += re[2];
            r3 += re[3];
            i0 += im[0];
            i1 += im[1];
            i2 += im[2];
            i3 += im[3];
        }
        for (; k < MW_KERNEL_SYMBOLS - 1; k++) {
            const mw_v8 *re = (const mw_v8 *)(base + rows[k]);
            const mw_v8 *im = (const mw_v8 *)(base + rows[k] + TILE);
            r0 -= re[0];
            r1 -= re[1];
            r2 -= re[2];
            r3 -= re[3];
            i0 -= im[0];
            i1 -= im[1];
            i2 -= im[2];
            i3 -= im[3];
        }
        mw_v8 *re = (mw_v8 *)(io_row->re + g), *im = (mw_v8 *)(io_row->im + g);
        re[0] = r0, re[1] = r1, re[2] = r2, re[3] = r3;
        im[0] = i0, im[1] = i1, im[2] = i2, im[3] = i3;
    }
    unsigned above = 0;
    for (size_t i = 0; i < TILE; i++) {
        float e = io_row->energy[i];
        float s =
            (io_row->re[i] * io_row->re[i] + io_row->im[i] * io_row->im[i]) / (e * e + 1e-30f);
        io_row->score[i] = s;
        above |= s > threshold;
    }
    return above != 0;
}

void mw_kernel_bank_init(mw_kernel_bank *bank) {
    for (unsigned n = 0; n < 16; n++) {
        for (unsigned m = 0; m < 64 + MW_KERNEL_BANK; m++) {
            double turn = 6.28318530717958647692 * (double)(n * m % 64) / 64.0;
            bank->cosine[n][m] = (float)cos(turn);
            bank->sine[n][m] = (float)-sin(turn);
        }
    }
}

void mw_kernel_gather(const mw_kernel_tile *t, const mw_kernel_word *word, int64_t hop, size_t bin,
                      float y[2 * MW_KERNEL_SYMBOLS]) {
    size_t first = (size_t)(hop & 3) * MW_KERNEL_KEPT;
    size_t row = mw_kernel_row_of(hop - 4 * (int64_t)(MW_KERNEL_SYMBOLS - 1)) - first;
    for (size_t n = 0; n < MW_KERNEL_SYMBOLS; n++) {
        const float *x = t->x + (first + row) * MW_KERNEL_ROW + bin;
        y[2 * n] = x[0] * word->sign[n];
        y[2 * n + 1] = x[TILE] * word->sign[n];
        row = row + 1 < MW_KERNEL_KEPT ? row + 1 : 0;
    }
}

MW_CLONES static mw_kernel_best refine(const mw_kernel_bank *bank,
                                       const float y[2 * MW_KERNEL_SYMBOLS], unsigned base,
                                       int drifts) {
    float power[4][MW_KERNEL_BANK + 2 * MW_KERNEL_PAD] = {{0}};
    for (size_t b = 0; b < 4; b++) {
        mw_v8 r0 = {0}, r1 = {0}, i0 = {0}, i1 = {0};
        for (size_t n = 0; n < 16; n++) {
            const mw_v8 *c = (const mw_v8 *)(bank->cosine[n] + base);
            const mw_v8 *s = (const mw_v8 *)(bank->sine[n] + base);
            float yr = y[2 * (16 * b + n)], yi = y[2 * (16 * b + n) + 1];
            r0 += yr * c[0] - yi * s[0];
            r1 += yr * c[1] - yi * s[1];
            i0 += yr * s[0] + yi * c[0];
            i1 += yr * s[1] + yi * c[1];
        }
        *(mw_v8 *)(power[b] + MW_KERNEL_PAD) = r0 * r0 + i0 * i0;
        *(mw_v8 *)(power[b] + MW_KERNEL_PAD + 8) = r1 * r1 + i1 * i1;
    }
    mw_kernel_best best = {0, 0, 0};
    for (int drift = -drifts; drift <= drifts; drift++) {
        /* The blocks sit at -1.5, -0.5, 0.5, 1.5 times drift halves of a step, rounded. */
        int far = (3 * drift + (drift < 0 ? -2 : 2)) / 4, near = (drift + (drift < 0 ? -2 : 2)) / 4;
        const float *p0 = power[0] + MW_KERNEL_PAD - far, *p1 = power[1] + MW_KERNEL_PAD - near;
        const float *p2 = power[2] + MW_KERNEL_PAD + near, *p3 = power[3] + MW_KERNEL_PAD + far;
        float sum[MW_KERNEL_BANK], most = 0;
        for (size_t m = 0; m < MW_KERNEL_BANK; m++)
            sum[m] = p0[m] + p1[m] + p2[m] + p3[m];
        for (size_t m = 0; m < MW_KERNEL_BANK; m++)
            most = sum[m] > most ? sum[m] : most;
        if (most <= best.power)
            continue;
        for (int m = 0; m < (int)MW_KERNEL_BANK; m++) {
            if (sum[m] >= most)
                best = (mw_kernel_best){most, m, drift};
        }
    }
    return best;
}

/* The clones have names of their own: clang gives a cloned function no plain symbol. */

void mw_kernel_fold(float *buffer, const float *iq, const float *window, size_t n) {
    fold(buffer, iq, window, n);
}

void mw_kernel_take(mw_kernel_tile *t, int64_t hop, const float *bins, mw_kernel_row *out) {
    take(t, hop, bins, out);
}

bool mw_kernel_correlate(const mw_kernel_tile *t, const mw_kernel_word *word, int64_t hop,
                         float threshold, mw_kernel_row *io_row) {
    return correlate(t, word, hop, threshold, io_row);
}

mw_kernel_best mw_kernel_refine(const mw_kernel_bank *bank, const float y[2 * MW_KERNEL_SYMBOLS],
                                unsigned base, int drifts) {
    return refine(bank, y, base, drifts);
}
