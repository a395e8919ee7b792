/* SPDX-License-Identifier: Apache-2.0 */
#include "radio/detect_kernel.h"

#include <math.h>
#include <string.h>

#include "protocols/unb/unb.h"
#include "radio/vector.h"

#define TILE   MW_DETECT_TILE
#define OLD    MW_KERNEL_OLD
#define HOPS   MW_KERNEL_HOPS
#define GROUPS MW_KERNEL_GROUPS
#define PAIRS  31u /* of turns; turn 62 stands alone */

typedef uint32_t mw_bits __attribute__((may_alias)); /* of floats */
typedef double mw_d8 __attribute__((vector_size(64), aligned(8)));

void mw_kernel_word_init(mw_kernel_word *w) {
    float turn[MW_KERNEL_SYMBOLS];
    for (unsigned i = 0; i < MW_KERNEL_SYMBOLS; i++)
        w->sign[i] = mw_unb_sync_bit(i) ? -1.0f : 1.0f;
    for (unsigned i = 0; i + 1 < MW_KERNEL_SYMBOLS; i++)
        turn[i] = w->sign[i] * w->sign[i + 1];
    for (unsigned k = 0; k <= PAIRS; k++) {
        w->first[k] = turn[2 * k];
        w->difference[k] = k < PAIRS && turn[2 * k] != turn[2 * k + 1];
    }
}

MW_CLONES static void kernel_fold(float *buffer, const float *iq, const float *window, size_t n) {
    size_t i = 0;
    for (; i + 8 <= 2 * n; i += 8)
        *(mw_v8 *)(buffer + i) += *(const mw_v8 *)(iq + i) * *(const mw_v8 *)(window + i);
    for (; i < 2 * n; i++)
        buffer[i] += iq[i] * window[i];
}

MW_CLONES static void kernel_shape(const float *in, const float *response, size_t n, float *out) {
    for (size_t i = 0; i < n; i += 8)
        *(mw_v8 *)(out + i) = *(const mw_v8 *)(in + i) * *(const mw_v8 *)(response + i);
}

/* ---- Rows -------------------------------------------------------------------------------------*/

/* Numbers of 8 bits stand for float bits (code << 20) + base: base puts the largest exponent at
 * `top`. Code 0 is zero. */
#define CODE_SHIFT 20
#define CODE_MAX   127u
#define TOP_MIN    (-100)

static inline uint32_t code_base(int top) {
    return (uint32_t)(top - 15 + 127) << 23;
}

/* Exponent of the largest number: its float bits, sign aside, are the largest integer. */
MW_CLONES static uint32_t kernel_largest(const float *x, size_t n) {
    const mw_bits *bits = (const mw_bits *)(const void *)x;
    uint32_t most = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t v = bits[i] & 0x7FFFFFFFu;
        most = v > most ? v : most;
    }
    return most;
}

/* Rounds numbers in place to those that can be kept. */
MW_CLONES static void kernel_keep(float *x, size_t n, uint32_t base) {
    mw_bits *bits = (mw_bits *)(void *)x;
    const uint32_t least = base + (1u << CODE_SHIFT), most = base + (CODE_MAX << CODE_SHIFT);
    for (size_t i = 0; i < n; i++) {
        uint32_t v = (bits[i] & 0x7FFFFFFFu) + (1u << (CODE_SHIFT - 1));
        v &= ~((1u << CODE_SHIFT) - 1);
        v = v > most ? most : v;
        bits[i] = v < least ? 0 : v | (bits[i] & 0x80000000u);
    }
}

MW_CLONES static void kernel_store(const float *x, size_t n, uint32_t base, uint8_t *out) {
    const mw_bits *bits = (const mw_bits *)(const void *)x;
    for (size_t i = 0; i < n; i++) {
        uint32_t v = bits[i] & 0x7FFFFFFFu, code = (v - base) >> CODE_SHIFT;
        out[i] = (uint8_t)((v == 0 ? 0 : code) | bits[i] >> 31 << 7);
    }
}

MW_CLONES static void kernel_load(const uint8_t *in, size_t n, uint32_t base, float *x) {
    mw_bits *bits = (mw_bits *)(void *)x;
    for (size_t i = 0; i < n; i++) {
        uint32_t code = in[i] & CODE_MAX, v = (code << CODE_SHIFT) + base;
        bits[i] = (code == 0 ? 0 : v) | (uint32_t)(in[i] & 0x80) << 24;
    }
}

/* Joins the rows that were kept with the new ones, all rounded alike, and keeps the last. */
static void join_rows(mw_kernel_tile *t, mw_kernel_desk *desk, size_t hops) {
    const size_t row = 2 * TILE;
    kernel_load(t->x[0], OLD * row, code_base(t->top), desk->x[0]);
    uint32_t largest = kernel_largest(desk->x[0], (OLD + hops) * row);
    int top = (int)((largest + (1u << (CODE_SHIFT - 1))) >> 23) - 127;
    top = top < TOP_MIN ? TOP_MIN : top;
    kernel_keep(desk->x[0], (OLD + hops) * row, code_base(top));
    kernel_store(desk->x[hops], OLD * row, code_base(top), t->x[0]);
    t->top = top;
}

/* Eight pairs to eight real and eight imaginary parts. */
static inline void kernel_split(const float *pairs, mw_v8 *re, mw_v8 *im) {
    mw_v8 a = *(const mw_v8 *)pairs, b = *(const mw_v8 *)(pairs + 8);
    *re = __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14);
    *im = __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15);
}

/* Products of rows [HOPS, rows), sums and differences of [HOPS, rows - HOPS). */
MW_CLONES static void kernel_products(mw_kernel_desk *desk, size_t g, size_t rows) {
    for (size_t r = HOPS; r < rows; r++) {
        mw_v8 xr, xi, yr, yi;
        kernel_split(desk->x[r] + 16 * g, &xr, &xi);
        kernel_split(desk->x[r - HOPS] + 16 * g, &yr, &yi);
        *(mw_v8 *)desk->d[r] = xr * yr + xi * yi;
        *(mw_v8 *)(desk->d[r] + 8) = xi * yr - xr * yi;
    }
    for (size_t r = HOPS; r + HOPS < rows; r++) {
        mw_v16 a = *(const mw_v16 *)desk->d[r], b = *(const mw_v16 *)desk->d[r + HOPS];
        *(mw_v16 *)desk->sum[r] = a + b;
        *(mw_v16 *)desk->difference[r] = a - b;
    }
}

/* Energy of 64 symbols at each new hop, as running sums; the rows' own sum in the beginning. */
MW_CLONES static void kernel_energy(mw_kernel_desk *desk, size_t g, size_t hops) {
    mw_d8 e[HOPS];
    mw_v8 re, im;
    for (size_t p = 0; p < HOPS; p++) {
        e[p] = (mw_d8){0};
        for (size_t r = p; r < OLD; r += HOPS) {
            kernel_split(desk->x[r] + 16 * g, &re, &im);
            e[p] += __builtin_convertvector(re * re + im * im, mw_d8);
        }
    }
    for (size_t i = 0; i < hops; i++) {
        kernel_split(desk->x[OLD + i] + 16 * g, &re, &im);
        mw_d8 now = e[i % HOPS] + __builtin_convertvector(re * re + im * im, mw_d8);
        *(mw_v8 *)(desk->energy[i] + 8 * g) = __builtin_convertvector(now, mw_v8);
        kernel_split(desk->x[i] + 16 * g, &re, &im); /* what the next of this phase will not see */
        e[i % HOPS] = now - __builtin_convertvector(re * re + im * im, mw_d8);
    }
}

/* ---- Correlation ------------------------------------------------------------------------------*/

/* Where each pair's row stands for hop 0, those to be added first; returns their number. Row of
 * turn i for the word that ends at row r: r - HOPS * (62 - i). */
static size_t kernel_places(const mw_kernel_desk *desk, const mw_kernel_word *word,
                            const float *at[PAIRS + 1]) {
    size_t plus = 0, minus = PAIRS + 1;
    for (size_t k = 0; k <= PAIRS; k++) {
        size_t row = OLD - HOPS * (62 - 2 * k);
        const float *base = k == PAIRS            ? desk->d[row]
                            : word->difference[k] ? desk->difference[row]
                                                  : desk->sum[row];
        if (word->first[k] > 0)
            at[plus++] = base;
        else
            at[--minus] = base;
    }
    return plus;
}

/* Scores of 8 bins at one hop; whether any is above the threshold. */
static inline uint8_t kernel_score(mw_kernel_desk *desk, size_t i, size_t g, float threshold) {
    const float *s = desk->s[i][g];
    mw_v8 re = *(const mw_v8 *)s, im = *(const mw_v8 *)(s + 8);
    mw_v8 e = *(const mw_v8 *)(desk->energy[i] + 8 * g);
    mw_v8 score = (re * re + im * im) / (e * e + 1e-30f);
    *(mw_v8 *)(desk->score[i] + 8 * g) = score;
    unsigned above = 0;
    for (size_t n = 0; n < 8; n++)
        above |= score[n] > threshold;
    return (uint8_t)above;
}

/* Four hops at a time: each place is looked up once for them. */
MW_CLONES static void kernel_correlate(mw_kernel_desk *desk, const float *const at[PAIRS + 1],
                                       size_t plus, size_t g, size_t hops, float threshold) {
    for (size_t i = 0; i < hops; i += 4) {
        mw_v16 a = {0}, b = {0}, c = {0}, d = {0};
        size_t k = 0;
        for (; k < plus; k++) {
            const mw_v16 *from = (const mw_v16 *)(at[k] + 16 * i);
            a += from[0];
            b += from[1];
            c += from[2];
            d += from[3];
        }
        for (; k <= PAIRS; k++) {
            const mw_v16 *from = (const mw_v16 *)(at[k] + 16 * i);
            a -= from[0];
            b -= from[1];
            c -= from[2];
            d -= from[3];
        }
        *(mw_v16 *)desk->s[i][g] = a;
        *(mw_v16 *)desk->s[i + 1][g] = b;
        *(mw_v16 *)desk->s[i + 2][g] = c;
        *(mw_v16 *)desk->s[i + 3][g] = d;
        for (size_t n = i; n < i + 4; n++)
            desk->above[n][g] = kernel_score(desk, n, g, threshold);
    }
}

/* ---- Second stage -----------------------------------------------------------------------------*/

void mw_kernel_bank_init(mw_kernel_bank *bank) {
    const double circle = 6.28318530717958647692;
    for (unsigned m = 0; m < 64; m++) {
        for (unsigned i = 0; i < MW_KERNEL_SYMBOLS; i++) {
            unsigned n = i < 32 ? 2 * i : 2 * (i - 32) + 1;
            double turn = circle * (double)(n * m % 64) / 64.0;
            bank->turn_re[m][i] = (float)cos(turn);
            bank->turn_im[m][i] = (float)-sin(turn);
        }
    }
    for (unsigned p = 0; p < 8; p++) {
        for (unsigned m = 0; m < MW_KERNEL_BANK; m++) {
            double turn = circle * 2 * p * ((double)m - MW_KERNEL_BANK / 2) / 64.0;
            bank->cosine[p][m] = (float)cos(turn);
            bank->sine[p][m] = (float)-sin(turn);
        }
    }
}

/* The best sum over the blocks for every drift. Powers are not negative, so their bits compare like
 * the numbers. */
static inline mw_kernel_best kernel_best(float power[4][MW_KERNEL_BANK + 2 * MW_KERNEL_PAD],
                                         int drifts) {
    mw_i16 most = {0}, which = {0};
    for (int drift = -drifts; drift <= drifts; drift++) {
        /* The blocks sit at -1.5, -0.5, 0.5, 1.5 times drift halves of a step, rounded. */
        int far = (3 * drift + (drift < 0 ? -2 : 2)) / 4, near = (drift + (drift < 0 ? -2 : 2)) / 4;
        mw_v16 sum = *(const mw_v16 *)(power[0] + MW_KERNEL_PAD - far) +
                     *(const mw_v16 *)(power[1] + MW_KERNEL_PAD - near) +
                     *(const mw_v16 *)(power[2] + MW_KERNEL_PAD + near) +
                     *(const mw_v16 *)(power[3] + MW_KERNEL_PAD + far);
        mw_i16 bits = (mw_i16)sum, more = bits > most;
        most = (bits & more) | (most & ~more);
        which = (drift & more) | (which & ~more);
    }
    union {
        mw_i16 bits;
        float power[MW_KERNEL_BANK];
    } best = {.bits = most};
    int at = 0;
    for (int m = 1; m < (int)MW_KERNEL_BANK; m++)
        at = best.power[m] > best.power[at] ? m : at;
    return (mw_kernel_best){best.power[at], at, which[at]};
}

MW_CLONES static mw_kernel_best kernel_refine(const mw_kernel_bank *bank,
                                              const mw_kernel_desk *desk,
                                              const mw_kernel_word *word, size_t hop, size_t bin,
                                              int base, int drifts) {
    float yr[MW_KERNEL_SYMBOLS], yi[MW_KERNEL_SYMBOLS];
    for (size_t n = 0; n < MW_KERNEL_SYMBOLS; n++) {
        const float *x = desk->x[hop + HOPS * n] + 2 * bin;
        size_t place = n % 2 * 32 + n / 2;
        yr[place] = x[0] * word->sign[n];
        yi[place] = x[1] * word->sign[n];
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
    float power[4][MW_KERNEL_BANK + 2 * MW_KERNEL_PAD] = {{0}};
    for (size_t b = 0; b < 4; b++) {
        mw_v16 re = {0}, im = {0};
        for (size_t p = 0; p < 8; p++) {
            mw_v16 c = *(const mw_v16 *)bank->cosine[p], s = *(const mw_v16 *)bank->sine[p];
            float vr = zr[8 * b + p], vi = zi[8 * b + p];
            re += vr * c - vi * s;
            im += vr * s + vi * c;
        }
        *(mw_v16 *)(power[b] + MW_KERNEL_PAD) = re * re + im * im;
    }
    return kernel_best(power, drifts);
}

/* ---- The clones have names of their own (radio/vector.h) --------------------------------------*/

void mw_kernel_fold(float *buffer, const float *iq, const float *window, size_t n) {
    kernel_fold(buffer, iq, window, n);
}

void mw_kernel_shape(const float *in, const float *response, size_t n, float *out) {
    kernel_shape(in, response, n, out);
}

void mw_kernel_correlate(mw_kernel_tile *t, mw_kernel_desk *desk, const mw_kernel_word *word,
                         size_t hops, float threshold) {
    join_rows(t, desk, hops);
    const float *at[PAIRS + 1];
    size_t plus = kernel_places(desk, word, at);
    for (size_t g = 0; g < GROUPS; g++) {
        kernel_products(desk, g, OLD + hops);
        kernel_energy(desk, g, hops);
        kernel_correlate(desk, at, plus, g, hops, threshold);
    }
}

mw_kernel_best mw_kernel_refine(const mw_kernel_bank *bank, const mw_kernel_desk *desk,
                                const mw_kernel_word *word, size_t hop, size_t bin, int base,
                                int drifts) {
    return kernel_refine(bank, desk, word, hop, bin, base, drifts);
}
