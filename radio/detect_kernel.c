/* SPDX-License-Identifier: Apache-2.0 */
#include "radio/detect_kernel.h"

#include <math.h>
#include <string.h>

#include "protocols/unb/unb.h"
#include "radio/vector.h"

#define TILE  MW_DETECT_TILE
#define OLD   MW_KERNEL_OLD
#define HOPS  MW_KERNEL_HOPS
#define PAIRS 31u /* of turns; turn 62 stands alone */

typedef uint32_t mw_bits __attribute__((may_alias)); /* of floats */
typedef long long mw_l4 __attribute__((vector_size(32)));

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

/* The largest of numbers that were kept, as float bits. */
MW_CLONES static uint32_t kernel_largest_kept(const uint8_t *in, size_t n, uint32_t base) {
    uint8_t most = 0;
    for (size_t i = 0; i < n; i++) {
        uint8_t code = in[i] & CODE_MAX;
        most = code > most ? code : most;
    }
    return most == 0 ? 0 : ((uint32_t)most << CODE_SHIFT) + base;
}

/* What is far above the level that a bin has most of the time is a burst of something else; were it
 * left as loud, it would speak for all 64 symbols. Magnitudes in rows [from, rows) are cut off
 * LIMIT octaves of power above the mean logarithm, which is taken from some of the rows, with what
 * lies above the limit counted as the limit. Phases stay. Rows more than RANGE below the loudest are
 * silence of a recording or a gap, and say nothing of the noise: without that a strong frame out of
 * silence would be cut to nothing. */
#define RANGE  (20 << (23 - 8))       /* octaves of power: 60 dB */
#define LIMIT  ((10 << (23 - 8)) / 3) /* 3.3 octaves in the bits of a float, without the lowest 8 */
#define EVERY  5u                     /* rows; not a whole number of symbols */
#define LEVELS 4

MW_CLONES static void kernel_limit(float (*x)[16], size_t from, size_t rows) {
    mw_i8 bits[MW_KERNEL_ROWS / EVERY + 1], count = {0}, limit = {0}, loudest = {0};
    size_t n = 0;
    for (size_t r = from % EVERY; r < rows; r += EVERY) {
        mw_v8 re = *(const mw_v8 *)x[r], im = *(const mw_v8 *)(x[r] + 8), e = re * re + im * im;
        bits[n] = (mw_i8)e >> 8;
        mw_i8 louder = bits[n] > loudest;
        loudest = (bits[n] & louder) | (loudest & ~louder);
        n++;
    }
    for (size_t i = 0; i < n; i++) {
        bits[i] &= bits[i] > loudest - RANGE;
        count -= bits[i] > 0;
    }
    limit += INT32_MAX;
    mw_v8 each = 1 / (__builtin_convertvector(count, mw_v8) + 1e-9f);
    for (unsigned k = 0; k < LEVELS; k++) {
        mw_i8 sum = {0};
        for (size_t i = 0; i < n; i++) {
            mw_i8 below = bits[i] < limit;
            sum += (bits[i] & below) | (limit & ~below & (bits[i] > 0));
        }
        limit = __builtin_convertvector(__builtin_convertvector(sum, mw_v8) * each, mw_i8) + LIMIT;
    }
    mw_v8 most = (mw_v8)(limit << 8);
    for (size_t r = from; r < rows; r++) {
        mw_v8 re = *(const mw_v8 *)x[r], im = *(const mw_v8 *)(x[r] + 8), e = re * re + im * im;
        mw_l4 above = (mw_l4)(e > most);
        if ((above[0] | above[1] | above[2] | above[3]) == 0)
            continue;
        for (size_t b = 0; b < 8; b++) {
            if (!(e[b] > most[b]))
                continue;
            float cut = sqrtf(most[b] / e[b]);
            x[r][b] *= cut;
            x[r][b + 8] *= cut;
        }
    }
}

/* Joins the rows that were kept with the new ones, all rounded alike, and keeps the last. */
static void join_rows(mw_kernel_group *kept, float (*x)[16], size_t hops) {
    const size_t old = (size_t)OLD * 16;
    uint32_t base = code_base(kept->top);
    kernel_load(kept->x[0], old, base, x[0]);
    kernel_limit(x, OLD, OLD + hops);
    uint32_t largest = kernel_largest(x[OLD], hops * 16);
    uint32_t before = kernel_largest_kept(kept->x[0], old, base);
    largest = before > largest ? before : largest;
    int top = (int)((largest + (1u << (CODE_SHIFT - 1))) >> 23) - 127;
    top = top < TOP_MIN ? TOP_MIN : top;
    if (top > kept->top) /* else they are rounded as they are */
        kernel_keep(x[0], old, code_base(top));
    kernel_keep(x[OLD], hops * 16, code_base(top));
    kernel_store(x[hops], old, code_base(top), kept->x[0]);
    kept->top = top;
}

/* Products, their sums and differences, and energies, of `rows` rows of x a symbol apart. */
MW_CLONES static void kernel_products(mw_kernel_desk *desk, float (*x)[16], size_t rows) {
    mw_v8 yr = *(const mw_v8 *)x[0], yi = *(const mw_v8 *)(x[0] + 8), last_r = {0}, last_i = {0};
    *(mw_v8 *)desk->energy_1[0] = yr * yr + yi * yi;
    for (size_t r = 1; r < rows; r++) {
        mw_v8 xr = *(const mw_v8 *)x[HOPS * r], xi = *(const mw_v8 *)(x[HOPS * r] + 8);
        mw_v8 re = xr * yr + xi * yi, im = xi * yr - xr * yi;
        *(mw_v8 *)desk->energy_1[r] = xr * xr + xi * xi;
        *(mw_v8 *)desk->d[r] = re;
        *(mw_v8 *)(desk->d[r] + 8) = im;
        *(mw_v8 *)desk->sum[r - 1] = last_r + re;
        *(mw_v8 *)(desk->sum[r - 1] + 8) = last_i + im;
        *(mw_v8 *)desk->difference[r - 1] = last_r - re;
        *(mw_v8 *)(desk->difference[r - 1] + 8) = last_i - im;
        yr = xr;
        yi = xi;
        last_r = re;
        last_i = im;
    }
}

/* out[r] = sum of in[r], in[r + step], in[r + 2 step], in[r + 3 step] */
static inline __attribute__((always_inline)) void add_four(const float (*in)[8], size_t step,
                                                           size_t rows, float *out, size_t apart) {
    for (size_t r = 0; r < rows; r++) {
        mw_v8 a = *(const mw_v8 *)in[r] + *(const mw_v8 *)in[r + step];
        mw_v8 b = *(const mw_v8 *)in[r + 2 * step] + *(const mw_v8 *)in[r + 3 * step];
        *(mw_v8 *)(out + r * apart) = a + b;
    }
}

/* Energy of 64 symbols at the new hops of a phase. */
MW_CLONES static void kernel_energy(mw_kernel_desk *desk, float *out, size_t hops) {
    add_four((const float(*)[8])desk->energy_1, 1, hops + 60, desk->energy_4[0], 8);
    add_four((const float(*)[8])desk->energy_4, 4, hops + 48, desk->energy_16[0], 8);
    add_four((const float(*)[8])desk->energy_16, 16, hops, out, HOPS * TILE);
}

/* ---- Correlation ------------------------------------------------------------------------------*/

/* Where each pair's row stands for hop 0, those to be added first; returns their number. Turn i of
 * the word that begins at symbol 0 stands in row i + 1. */
static size_t kernel_places(const mw_kernel_desk *desk, const mw_kernel_word *word,
                            const float *at[PAIRS + 1]) {
    size_t plus = 0, minus = PAIRS + 1;
    for (size_t k = 0; k <= PAIRS; k++) {
        size_t row = 2 * k + 1;
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

/* Scores of 8 bins at one hop; the correlation is written where one is above the threshold. */
static inline __attribute__((always_inline)) void
kernel_score(mw_kernel_desk *desk, const mw_v16 *sum, size_t i, size_t g, float threshold) {
    mw_v8 re = __builtin_shufflevector(*sum, *sum, 0, 1, 2, 3, 4, 5, 6, 7);
    mw_v8 im = __builtin_shufflevector(*sum, *sum, 8, 9, 10, 11, 12, 13, 14, 15);
    mw_v8 e = *(const mw_v8 *)(desk->energy[i] + 8 * g);
    mw_v8 score = (re * re + im * im) / (e * e + 1e-30f);
    *(mw_v8 *)(desk->score[i] + 8 * g) = score;
    mw_l4 above = (mw_l4)(score > threshold);
    desk->above[i][g] = (above[0] | above[1] | above[2] | above[3]) != 0;
    if (desk->above[i][g])
        *(mw_v16 *)desk->s[i][g] = *sum;
}

/* `n` hops a symbol apart (a constant where this is expanded) from the i-th of their phase: each
 * place is looked up once for them. */
static inline __attribute__((always_inline)) void kernel_some(mw_kernel_desk *desk,
                                                              const float *const at[PAIRS + 1],
                                                              size_t plus, size_t g, size_t phase,
                                                              size_t i, size_t n, float threshold) {
    mw_v16 sum[4] = {{0}, {0}, {0}, {0}};
    size_t k = 0;
    for (; k < plus; k++) {
        const mw_v16 *from = (const mw_v16 *)(at[k] + 16 * i);
        for (size_t j = 0; j < n; j++)
            sum[j] += from[j];
    }
    for (; k <= PAIRS; k++) {
        const mw_v16 *from = (const mw_v16 *)(at[k] + 16 * i);
        for (size_t j = 0; j < n; j++)
            sum[j] -= from[j];
    }
    for (size_t j = 0; j < n; j++)
        kernel_score(desk, &sum[j], HOPS * (i + j) + phase, g, threshold);
}

MW_CLONES static void kernel_correlate(mw_kernel_desk *desk, const float *const at[PAIRS + 1],
                                       size_t plus, size_t g, size_t phase, size_t hops,
                                       float threshold) {
    size_t i = 0;
    for (; i + 4 <= hops; i += 4)
        kernel_some(desk, at, plus, g, phase, i, 4, threshold);
    for (; i < hops; i++)
        kernel_some(desk, at, plus, g, phase, i, 1, threshold);
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
        for (unsigned m = 0; m < MW_KERNEL_BANK / 2; m++) {
            double turn = circle * 2 * p * m / 64.0;
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
        const float *x = desk->x[bin / 8][hop + HOPS * n] + bin % 8;
        size_t place = n % 2 * 32 + n / 2;
        yr[place] = x[0] * word->sign[n];
        yi[place] = x[8] * word->sign[n];
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
        /* Frequencies m and -m share their products. */
        mw_v8 rc = {0}, is = {0}, rs = {0}, ic = {0};
        for (size_t p = 0; p < 8; p++) {
            mw_v8 c = *(const mw_v8 *)bank->cosine[p], s = *(const mw_v8 *)bank->sine[p];
            float vr = zr[8 * b + p], vi = zi[8 * b + p];
            rc += vr * c;
            is += vi * s;
            rs += vr * s;
            ic += vi * c;
        }
        mw_v8 up = (rc - is) * (rc - is) + (rs + ic) * (rs + ic);
        mw_v8 down = (rc + is) * (rc + is) + (ic - rs) * (ic - rs);
        float *middle = power[b] + MW_KERNEL_PAD + MW_KERNEL_BANK / 2;
        *(mw_v8 *)(middle - 7) = __builtin_shufflevector(down, down, 7, 6, 5, 4, 3, 2, 1, 0);
        *(mw_v8 *)middle = up;
    }
    return kernel_best(power, drifts);
}

/* ---- The clones have names of their own (radio/vector.h) --------------------------------------*/

void mw_kernel_fold(float *buffer, const float *iq, const float *window, size_t n) {
    kernel_fold(buffer, iq, window, n);
}

void mw_kernel_correlate(mw_kernel_group *kept, mw_kernel_desk *desk, size_t g,
                         const mw_kernel_word *word, size_t hops, float threshold) {
    join_rows(kept, desk->x[g], hops);
    const float *at[PAIRS + 1];
    size_t plus = kernel_places(desk, word, at), each = hops / HOPS;
    for (size_t phase = 0; phase < HOPS; phase++) {
        kernel_products(desk, desk->x[g] + phase, OLD / HOPS + each);
        kernel_energy(desk, desk->energy[phase] + 8 * g, each);
        kernel_correlate(desk, at, plus, g, phase, each, threshold);
    }
}

mw_kernel_best mw_kernel_refine(const mw_kernel_bank *bank, const mw_kernel_desk *desk,
                                const mw_kernel_word *word, size_t hop, size_t bin, int base,
                                int drifts) {
    return kernel_refine(bank, desk, word, hop, bin, base, drifts);
}
