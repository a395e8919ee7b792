/* SPDX-License-Identifier: Apache-2.0
 *
 * The second stage's inner loops (radio/detect_kernel.h).
 */
#include <math.h>

#include "radio/detect_kernel.h"
#include "radio/vector.h"

#define HOPS MW_KERNEL_HOPS

typedef long long mw_l4 __attribute__((vector_size(32)));

unsigned mw_kernel_angle(float re, float im) {
    static const float tangent[8] = {0.0491268498f, 0.1483359845f, 0.2504869602f, 0.3578057872f,
                                     0.4729647758f, 0.5993769336f, 0.7416505464f, 0.9063471690f};
    float x = fabsf(re), y = fabsf(im);
    float low = x < y ? x : y, high = x < y ? y : x;
    unsigned at = 0;
    for (unsigned k = 0; k < 8; k++)
        at += low > high * tangent[k];
    at = x < y ? 16 - at : at;
    at = re < 0 ? 32 - at : at;
    at = im < 0 ? 64 - at : at;
    return at & 63;
}

void mw_kernel_bank_init(mw_kernel_bank *bank, const mw_kernel_word *word) {
    const double circle = 6.28318530717958647692;
    for (unsigned m = 0; m < 64; m++) {
        for (unsigned i = 0; i < MW_KERNEL_SYMBOLS; i++) {
            unsigned n = i < 32 ? 2 * i : 2 * (i - 32) + 1;
            double turn = circle * (double)(n * m % 64) / 64.0;
            bank->turn_re[m][i] = word->sign[n] * (float)cos(turn);
            bank->turn_im[m][i] = word->sign[n] * (float)-sin(turn);
        }
    }
    for (unsigned p = 0; p < 8; p++) {
        for (unsigned m = 0; m < MW_KERNEL_BANK / 2; m++) {
            double turn = circle * 2 * p * m / 64.0;
            bank->wave[p][m] = (float)cos(turn);
            bank->wave[p][m + MW_KERNEL_BANK / 2] = (float)-sin(turn);
        }
    }
}

/* Sums over the blocks for a drift; they sit at -1.5, -0.5, 0.5, 1.5 times `drift` halves of a step,
 * rounded. */
static inline __attribute__((always_inline)) void
kernel_bent(float power[4][MW_KERNEL_BANK + 2 * MW_KERNEL_PAD], int drift, mw_v16 *out) {
    int far = (3 * drift + (drift < 0 ? -2 : 2)) / 4, near = (drift + (drift < 0 ? -2 : 2)) / 4;
    *out = *(const mw_v16 *)(power[0] + MW_KERNEL_PAD - far) +
           *(const mw_v16 *)(power[1] + MW_KERNEL_PAD - near) +
           *(const mw_v16 *)(power[2] + MW_KERNEL_PAD + near) +
           *(const mw_v16 *)(power[3] + MW_KERNEL_PAD + far);
}

/* The best sum, when one reaches the least power that is wanted. Powers are not negative, so their
 * bits compare like the numbers. */
static inline __attribute__((always_inline)) mw_kernel_best
kernel_best(float power[4][MW_KERNEL_BANK + 2 * MW_KERNEL_PAD], int drifts, float least) {
    mw_i16 any = {0};
    for (int drift = -drifts; drift <= drifts; drift++) {
        mw_v16 sum;
        kernel_bent(power, drift, &sum);
        any |= sum >= least;
    }
    mw_i8 half = __builtin_shufflevector(any, any, 0, 1, 2, 3, 4, 5, 6, 7) |
                 __builtin_shufflevector(any, any, 8, 9, 10, 11, 12, 13, 14, 15);
    mw_l4 some = (mw_l4)half;
    mw_kernel_best best = {0};
    if ((some[0] | some[1] | some[2] | some[3]) == 0)
        return best;
    for (int drift = -drifts; drift <= drifts; drift++) {
        mw_v16 sum;
        kernel_bent(power, drift, &sum);
        for (int m = 0; m < (int)MW_KERNEL_BANK; m++) {
            if (sum[m] > best.power)
                best = (mw_kernel_best){sum[m], m, drift};
        }
    }
    return best;
}

MW_CLONES static mw_kernel_best kernel_refine(const mw_kernel_bank *bank,
                                              const mw_kernel_desk *desk, size_t hop, size_t bin,
                                              unsigned base, int drifts, float least) {
    float yr[MW_KERNEL_SYMBOLS], yi[MW_KERNEL_SYMBOLS];
    const float *x = desk->x[bin / 8][hop] + bin % 8;
    for (size_t n = 0; n < MW_KERNEL_SYMBOLS / 2; n++, x += 2 * (size_t)HOPS * 16) {
        yr[n] = x[0];
        yi[n] = x[8];
        yr[n + 32] = x[HOPS * 16];
        yi[n + 32] = x[HOPS * 16 + 8];
    }
    /* The estimated turn taken off, pairs of symbols added: what remains is slow. */
    const float *tr = bank->turn_re[base & 63], *ti = bank->turn_im[base & 63];
    float zr[32], zi[32];
    for (size_t n = 0; n < 32; n += 8) {
        mw_v8 ar = *(const mw_v8 *)(yr + n), ai = *(const mw_v8 *)(yi + n);
        mw_v8 br = *(const mw_v8 *)(yr + n + 32), bi = *(const mw_v8 *)(yi + n + 32);
        mw_v8 cr = *(const mw_v8 *)(tr + n), ci = *(const mw_v8 *)(ti + n);
        mw_v8 dr = *(const mw_v8 *)(tr + n + 32), di = *(const mw_v8 *)(ti + n + 32);
        *(mw_v8 *)(zr + n) = ar * cr - ai * ci + (br * dr - bi * di);
        *(mw_v8 *)(zi + n) = ar * ci + ai * cr + (br * di + bi * dr);
    }
    /* Frequencies m and -m share their products. */
    mw_v16 sum_r[4] = {{0}, {0}, {0}, {0}}, sum_i[4] = {{0}, {0}, {0}, {0}};
    for (size_t p = 0; p < 8; p++) {
        mw_v16 wave = *(const mw_v16 *)bank->wave[p];
        for (size_t b = 0; b < 4; b++) {
            sum_r[b] += zr[8 * b + p] * wave;
            sum_i[b] += zi[8 * b + p] * wave;
        }
    }
    float power[4][MW_KERNEL_BANK + 2 * MW_KERNEL_PAD];
    for (size_t b = 0; b < 4; b++) {
        mw_v8 rc = __builtin_shufflevector(sum_r[b], sum_r[b], 0, 1, 2, 3, 4, 5, 6, 7);
        mw_v8 rs = __builtin_shufflevector(sum_r[b], sum_r[b], 8, 9, 10, 11, 12, 13, 14, 15);
        mw_v8 ic = __builtin_shufflevector(sum_i[b], sum_i[b], 0, 1, 2, 3, 4, 5, 6, 7);
        mw_v8 is = __builtin_shufflevector(sum_i[b], sum_i[b], 8, 9, 10, 11, 12, 13, 14, 15);
        mw_v8 up = (rc - is) * (rc - is) + (rs + ic) * (rs + ic);
        mw_v8 down = (rc + is) * (rc + is) + (ic - rs) * (ic - rs);
        float *middle = power[b] + MW_KERNEL_PAD + MW_KERNEL_BANK / 2;
        for (size_t i = 0; i < MW_KERNEL_PAD; i++) {
            power[b][i] = 0;
            power[b][MW_KERNEL_PAD + MW_KERNEL_BANK + i] = 0;
        }
        power[b][MW_KERNEL_PAD] = 0;
        *(mw_v8 *)(middle - 7) = __builtin_shufflevector(down, down, 7, 6, 5, 4, 3, 2, 1, 0);
        *(mw_v8 *)middle = up;
    }
    return kernel_best(power, drifts, least);
}

/* The clones have names of their own (radio/vector.h). */
mw_kernel_best mw_kernel_refine(const mw_kernel_bank *bank, const mw_kernel_desk *desk, size_t hop,
                                size_t bin, unsigned base, int drifts, float least) {
    return kernel_refine(bank, desk, hop, bin, base, drifts, least);
}
