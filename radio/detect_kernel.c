/* SPDX-License-Identifier: Apache-2.0 */
#include "radio/detect_kernel.h"

#include <math.h>

#include "radio/vector.h"

#define TILE MW_DETECT_TILE

static size_t row_of(int64_t hop) {
    return (size_t)(hop % (int64_t)MW_KERNEL_ROWS) * MW_KERNEL_ROW;
}

MW_CLONES void mw_kernel_fold(float *buffer, const float *iq, const float *window, size_t n) {
    size_t i = 0;
    for (; i + 8 <= 2 * n; i += 8)
        *(mw_v8 *)(buffer + i) += *(const mw_v8 *)(iq + i) * *(const mw_v8 *)(window + i);
    for (; i < 2 * n; i++)
        buffer[i] += iq[i] * window[i];
}

MW_CLONES void mw_kernel_take(mw_kernel_tile *t, int64_t hop, const float *bins) {
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
    if (hop < 4)
        return;
    const float *y = t->x + row_of(hop - 4);
    for (size_t i = 0; i < TILE; i++) {
        d[i] = x[i] * y[i] + x[TILE + i] * y[TILE + i];
        d[TILE + i] = x[TILE + i] * y[i] - x[i] * y[TILE + i];
    }
}

MW_CLONES bool mw_kernel_correlate(const mw_kernel_tile *t, const mw_kernel_word *word, int64_t hop,
                                   float threshold, mw_kernel_row *out) {
    const float *rows[MW_KERNEL_SYMBOLS - 1];
    for (size_t k = 0; k < MW_KERNEL_SYMBOLS - 1; k++)
        rows[k] = t->d + row_of(hop - 4 * (62 - (int64_t)word->turn[k]));
    const double *energy = t->energy + (size_t)(hop & 3) * TILE;
    float most = 0;
    for (size_t g = 0; g < TILE; g += 16) {
        mw_v8 r0 = {0}, r1 = {0}, i0 = {0}, i1 = {0};
        size_t k = 0;
        for (; k < word->plus; k++) {
            const float *p = rows[k] + g;
            r0 += *(const mw_v8 *)p;
            r1 += *(const mw_v8 *)(p + 8);
            i0 += *(const mw_v8 *)(p + TILE);
            i1 += *(const mw_v8 *)(p + TILE + 8);
        }
        for (; k < MW_KERNEL_SYMBOLS - 1; k++) {
            const float *p = rows[k] + g;
            r0 -= *(const mw_v8 *)p;
            r1 -= *(const mw_v8 *)(p + 8);
            i0 -= *(const mw_v8 *)(p + TILE);
            i1 -= *(const mw_v8 *)(p + TILE + 8);
        }
        *(mw_v8 *)(out->re + g) = r0;
        *(mw_v8 *)(out->re + g + 8) = r1;
        *(mw_v8 *)(out->im + g) = i0;
        *(mw_v8 *)(out->im + g + 8) = i1;
    }
    for (size_t i = 0; i < TILE; i++) {
        float e = (float)energy[i];
        float s = (out->re[i] * out->re[i] + out->im[i] * out->im[i]) / (e * e + 1e-30f);
        out->score[i] = s;
        most = s > most ? s : most;
    }
    return most > threshold;
}

void mw_kernel_bank_init(mw_kernel_bank *bank) {
    for (int n = 0; n < 16; n++) {
        for (int m = 0; m < (int)MW_KERNEL_BANK; m++) {
            double turn = -6.28318530717958647692 * n * (m - MW_KERNEL_BANK_ZERO) / 64.0;
            bank->cosine[n][m] = (float)cos(turn);
            bank->sine[n][m] = (float)sin(turn);
        }
    }
}

MW_CLONES void mw_kernel_blocks(const mw_kernel_bank *bank, const float y[2 * MW_KERNEL_SYMBOLS],
                                float power[4][MW_KERNEL_BANK]) {
    for (size_t b = 0; b < 4; b++) {
        mw_v8 r0 = {0}, r1 = {0}, i0 = {0}, i1 = {0};
        for (size_t n = 0; n < 16; n++) {
            const mw_v8 *c = (const mw_v8 *)bank->cosine[n], *s = (const mw_v8 *)bank->sine[n];
            float yr = y[2 * (16 * b + n)], yi = y[2 * (16 * b + n) + 1];
            r0 += yr * c[0] - yi * s[0];
            r1 += yr * c[1] - yi * s[1];
            i0 += yr * s[0] + yi * c[0];
            i1 += yr * s[1] + yi * c[1];
        }
        *(mw_v8 *)power[b] = r0 * r0 + i0 * i0;
        *(mw_v8 *)(power[b] + 8) = r1 * r1 + i1 * i1;
    }
}
