/* SPDX-License-Identifier: Apache-2.0 */
#include "radio/detect_kernel.h"

#include <math.h>
#include <string.h>

#include "protocols/unb/unb.h"
#include "radio/vector.h"

#define TILE  MW_DETECT_TILE
#define OLD   MW_KERNEL_OLD
#define HOPS  MW_KERNEL_HOPS
#define LAGS  MW_KERNEL_LAGS
#define PAIRS 31u /* of turns of a lag; turn 62 of the first lag stands alone */

typedef long long mw_l4 __attribute__((vector_size(32)));

void mw_kernel_word_init(mw_kernel_word *w) {
    for (unsigned i = 0; i < MW_KERNEL_SYMBOLS; i++)
        w->sign[i] = mw_unb_sync_bit(i) ? -1.0f : 1.0f;
    for (unsigned l = 0; l < LAGS; l++) {
        float turn[MW_KERNEL_SYMBOLS] = {0};
        for (unsigned i = 0; i + l + 1 < MW_KERNEL_SYMBOLS; i++)
            turn[i] = w->sign[i] * w->sign[i + l + 1];
        for (unsigned k = 0; k <= PAIRS; k++) {
            w->lag[l].first[k] = turn[2 * k];
            w->lag[l].difference[k] = k < PAIRS && turn[2 * k] != turn[2 * k + 1];
        }
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

/* The largest of numbers that were kept, as float bits. */
MW_CLONES static uint32_t kernel_largest_kept(const uint8_t *in, size_t n, uint32_t base) {
    uint8_t most = 0;
    for (size_t i = 0; i < n; i++) {
        uint8_t code = in[i] & CODE_MAX;
        most = code > most ? code : most;
    }
    return most == 0 ? 0 : ((uint32_t)most << CODE_SHIFT) + base;
}

/* The row that codes stand for. */
static inline __attribute__((always_inline)) void load_row(const uint8_t *in, uint32_t base,
                                                           mw_i16 *out_bits) {
    mw_s16 wide = __builtin_convertvector(*(const mw_b16 *)in, mw_s16);
    mw_i16 code = __builtin_convertvector(wide, mw_i16), v = code & (int)CODE_MAX;
    *out_bits = (((v << CODE_SHIFT) + (int)base) & (v > 0)) | code >> 7 << 31;
}

static inline __attribute__((always_inline)) void energy_of(const mw_i16 *row, mw_v8 *out) {
    const mw_i16 b = *row;
    mw_v8 re = (mw_v8)__builtin_shufflevector(b, b, 0, 1, 2, 3, 4, 5, 6, 7);
    mw_v8 im = (mw_v8)__builtin_shufflevector(b, b, 8, 9, 10, 11, 12, 13, 14, 15);
    *out = re * re + im * im;
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
/* But what is loud for longer than a burst, this part of the rows, is a frame, be it 60 dB above the
 * silence before it: cut, its skirts would look like itself. */
#define FRAME(rows) ((int)(rows)*27 / 100)
#define OVER        (1 << (23 - 8)) /* an octave of power above that level may stay */

static inline uint32_t float_bits(float v) {
    union {
        float value;
        uint32_t bits;
    } f = {.value = v};
    return f.bits;
}

static inline __attribute__((always_inline)) void
more_than(const mw_i8 *bits, size_t n, const mw_i8 *level, int many, mw_i8 *out) {
    mw_i8 count = {0};
    for (size_t i = 0; i < n; i++)
        count -= bits[i] > *level;
    *out = count > many;
}

/* Raises the limits of bins that a frame is in to its level. */
static inline __attribute__((always_inline)) void
spare_frames(const mw_i8 *bits, size_t n, const mw_i8 *loudest, mw_i8 *io_limit) {
    mw_i8 frame, low = *io_limit, high = *loudest;
    more_than(bits, n, &low, FRAME(n), &frame);
    mw_l4 any = (mw_l4)frame;
    if ((any[0] | any[1] | any[2] | any[3]) == 0)
        return;
    for (unsigned k = 0; k < 6; k++) {
        mw_i8 middle = low + ((high - low) >> 1), more;
        more_than(bits, n, &middle, FRAME(n), &more);
        low = (middle & more) | (low & ~more);
        high = (middle & ~more) | (high & more);
    }
    *io_limit = ((high + OVER) & frame) | (*io_limit & ~frame);
}

/* What exceeds the limits in some rows. */
static void cut_rows(float (*x)[16], size_t rows, const mw_v8 *limit) {
    for (size_t r = 0; r < rows; r++) {
        for (size_t b = 0; b < 8; b++) {
            float most = (*limit)[b], e = x[r][b] * x[r][b] + x[r][b + 8] * x[r][b + 8];
            if (!(e > most))
                continue;
            float cut = sqrtf(most / e);
            x[r][b] *= cut;
            x[r][b + 8] *= cut;
        }
    }
}

/* Limits rows [from, rows), a multiple of 4, by the 63 symbols before them and themselves. Rows below
 * OLD are those that were kept, the others are in x. Returns the bits of the largest number that is
 * left, or of one a little larger. */
MW_CLONES static uint32_t kernel_limit(const mw_kernel_group *kept, uint32_t base, float (*x)[16],
                                       size_t from, size_t rows) {
    mw_i8 bits[MW_KERNEL_ROWS / EVERY + 1], count = {0}, limit = {0}, loudest = {0};
    size_t n = 0;
    for (size_t r = from - OLD; r < rows; r += EVERY) {
        mw_i16 row;
        if (r < OLD)
            load_row(kept->x[r], base, &row);
        else
            row = (mw_i16) * (const mw_v16 *)x[r];
        mw_v8 e;
        energy_of(&row, &e);
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
            mw_i8 below = bits[i] < limit; /* as silence is */
            sum += (bits[i] & below) | (limit & ~below);
        }
        limit = __builtin_convertvector(__builtin_convertvector(sum, mw_v8) * each, mw_i8) + LIMIT;
    }
    spare_frames(bits, n, &loudest, &limit);
    mw_v8 most = (mw_v8)(limit << 8);
    mw_i8 largest = {0};
    for (size_t r = from; r < rows; r += 4) {
        mw_l4 above = {0};
        for (size_t i = r; i < r + 4; i++) {
            mw_v8 re = *(const mw_v8 *)x[i], im = *(const mw_v8 *)(x[i] + 8), e = re * re + im * im;
            above |= (mw_l4)(e > most);
            mw_i8 v = (mw_i8)e, more = v > largest;
            largest = (v & more) | (largest & ~more);
        }
        if ((above[0] | above[1] | above[2] | above[3]) != 0)
            cut_rows(x + r, 4, &most);
    }
    mw_v8 loudest_left = (mw_v8)largest;
    float all = 0;
    for (size_t b = 0; b < 8; b++) {
        float left = loudest_left[b] > most[b] ? most[b] : loudest_left[b];
        all = left > all ? left : all;
    }
    return float_bits(sqrtf(all));
}

/* The row as it can be kept, and its codes. */
static inline __attribute__((always_inline)) void round_row(mw_i16 *io_bits, uint32_t base,
                                                            mw_i16 *out_codes) {
    const int half = 1 << (CODE_SHIFT - 1), first = (int)base, least = first + (1 << CODE_SHIFT),
              most = first + ((int)CODE_MAX << CODE_SHIFT);
    mw_i16 v = ((*io_bits & INT32_MAX) + half) & -(1 << CODE_SHIFT), sign = *io_bits & INT32_MIN;
    mw_i16 over = v > most;
    v = (over & most) | (v & ~over);
    v &= v >= least;
    *io_bits = v | sign;
    mw_i16 code = (v - first) >> CODE_SHIFT; /* below 1 for zero */
    *out_codes = (code & (code > 0)) | ((sign >> 24) & ((int)CODE_MAX + 1));
}

/* Puts a row in its place and its energies in theirs. */
static inline __attribute__((always_inline)) void
place_row(mw_kernel_desk *desk, size_t g, size_t r, const mw_i16 *bits, mw_i8 *io_most) {
    mw_v8 e;
    energy_of(bits, &e);
    *(mw_v16 *)desk->x[g][r] = (mw_v16)*bits;
    *(mw_v8 *)desk->energy_1[r % HOPS][r / HOPS] = e;
    /* Not negative: their bits compare like the numbers. */
    mw_i8 v = (mw_i8)e, more = v > *io_most;
    *io_most = (v & more) | (*io_most & ~more);
}

/* Joins the rows that were kept with the new ones, rounds all alike and keeps the last; energies by
 * phase, the largest of each bin. */
MW_CLONES static void kernel_join(mw_kernel_group *kept, mw_kernel_desk *desk, size_t g,
                                  size_t rows, uint32_t before, uint32_t base, float largest[8]) {
    mw_i8 most = {0};
    size_t hops = rows - OLD;
    for (size_t r = 0; r < OLD; r++) {
        mw_i16 bits, codes;
        load_row(kept->x[r], before, &bits);
        if (before != base || r >= hops) {
            round_row(&bits, base, &codes);
            if (r >= hops)
                *(mw_b16 *)kept->x[r - hops] = __builtin_convertvector(codes, mw_b16);
        }
        place_row(desk, g, r, &bits, &most);
    }
    for (size_t r = OLD; r < rows; r++) {
        const mw_v16 now = *(const mw_v16 *)desk->x[g][r];
        mw_i16 bits = (mw_i16)now, codes;
        round_row(&bits, base, &codes);
        if (r >= hops)
            *(mw_b16 *)kept->x[r - hops] = __builtin_convertvector(codes, mw_b16);
        place_row(desk, g, r, &bits, &most);
    }
    *(mw_v8 *)largest = (mw_v8)most;
}

static void join_rows(mw_kernel_group *kept, mw_kernel_desk *desk, size_t g, size_t hops,
                      float largest[8]) {
    uint32_t base = code_base(kept->top);
    /* In halves: a word at the end of a long silence would look like a burst. */
    size_t half = OLD + hops / 8 * 4;
    uint32_t loudest = kernel_limit(kept, base, desk->x[g], OLD, half);
    uint32_t later = kernel_limit(kept, base, desk->x[g], half, OLD + hops);
    loudest = later > loudest ? later : loudest;
    uint32_t before = kernel_largest_kept(kept->x[0], (size_t)OLD * 16, base);
    loudest = before > loudest ? before : loudest;
    int top = (int)((loudest + (1u << (CODE_SHIFT - 1))) >> 23) - 127;
    top = top < TOP_MIN ? TOP_MIN : top;
    kernel_join(kept, desk, g, OLD + hops, base, code_base(top), largest);
    kept->top = top;
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

/* Energy of 64 symbols at the new hops of a phase; the least of 16 symbols of each bin. */
MW_CLONES static void kernel_energy(mw_kernel_desk *desk, size_t phase, float *out, size_t hops,
                                    float io_least[8]) {
    add_four((const float(*)[8])desk->energy_1[phase], 1, hops + 60, desk->energy_4[0], 8);
    add_four((const float(*)[8])desk->energy_4, 4, hops + 48, desk->energy_16[0], 8);
    add_four((const float(*)[8])desk->energy_16, 16, hops, out, HOPS * TILE);
    mw_v8 least = *(const mw_v8 *)io_least;
    for (size_t r = 0; r < hops + 48; r += 4) {
        mw_v8 e = *(const mw_v8 *)desk->energy_16[r];
        mw_i8 less = e < least;
        least = (mw_v8)(((mw_i8)e & less) | ((mw_i8)least & ~less));
    }
    *(mw_v8 *)io_least = least;
}

/* ---- Products ---------------------------------------------------------------------------------*/

/* 63 products of the largest size, each rounded, stay below 2^15. */
#define PRODUCT_MAX ((32767.0f - 32) / 63)
/* Mean size of a product in the quietest 16 symbols, at least: rounding then costs 0.01 dB. */
#define PRODUCT_LEAST 8.0f
/* Added to a number below 2^15, leaves it rounded in the float's low 16 bits. */
#define ROUNDER 12582912.0f

/* The unit's inverse for each bin; false when whole numbers cannot hold what is quiet and what is
 * loud. */
static bool product_scale(const float largest[8], const float least[8], float scale[8]) {
    bool fits = true;
    for (unsigned b = 0; b < 8; b++) {
        scale[b] = PRODUCT_MAX / (largest[b] + 1e-30f);
        fits = fits && least[b] * scale[b] >= 16 * PRODUCT_LEAST;
    }
    return fits;
}

/* Products with the row one and two symbols before, their sums and differences, of `rows` rows of x
 * a symbol apart, in units. */
MW_CLONES static void kernel_products(mw_kernel_desk *desk, float (*x)[16], const float scale[8],
                                      size_t rows) {
    mw_v8 yr[LAGS] = {*(const mw_v8 *)x[0]}, yi[LAGS] = {*(const mw_v8 *)(x[0] + 8)};
    const mw_v8 k = *(const mw_v8 *)scale;
    mw_s16 last[LAGS] = {{0}};
    for (size_t r = 1; r < rows; r++) {
        mw_v8 xr = *(const mw_v8 *)x[HOPS * r], xi = *(const mw_v8 *)(x[HOPS * r] + 8);
        mw_v8 kr = xr * k, ki = xi * k;
        for (unsigned l = 0; l < LAGS; l++) {
            mw_v8 re = kr * yr[l] + ki * yi[l], im = ki * yr[l] - kr * yi[l];
            mw_v16 both = __builtin_shufflevector(re, im, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12,
                                                  13, 14, 15);
            mw_s16 d = __builtin_convertvector((mw_i16)(both + ROUNDER), mw_s16);
            if (l == 0)
                *(mw_s16 *)desk->d[r] = d;
            *(mw_s16 *)desk->sum[l][r - 1] = last[l] + d;
            *(mw_s16 *)desk->difference[l][r - 1] = last[l] - d;
            last[l] = d;
        }
        yr[1] = yr[0];
        yi[1] = yi[0];
        yr[0] = xr;
        yi[0] = xi;
    }
}

/* The same as they are. */
MW_CLONES static void kernel_products_exact(mw_kernel_desk *desk, float (*x)[16], size_t rows) {
    mw_v8 yr[LAGS] = {*(const mw_v8 *)x[0]}, yi[LAGS] = {*(const mw_v8 *)(x[0] + 8)};
    mw_v8 last_r[LAGS] = {{0}}, last_i[LAGS] = {{0}};
    for (size_t r = 1; r < rows; r++) {
        mw_v8 xr = *(const mw_v8 *)x[HOPS * r], xi = *(const mw_v8 *)(x[HOPS * r] + 8);
        for (unsigned l = 0; l < LAGS; l++) {
            mw_v8 re = xr * yr[l] + xi * yi[l], im = xi * yr[l] - xr * yi[l];
            if (l == 0) {
                *(mw_v8 *)desk->exact_d[r] = re;
                *(mw_v8 *)(desk->exact_d[r] + 8) = im;
            }
            *(mw_v8 *)desk->exact_sum[l][r - 1] = last_r[l] + re;
            *(mw_v8 *)(desk->exact_sum[l][r - 1] + 8) = last_i[l] + im;
            *(mw_v8 *)desk->exact_difference[l][r - 1] = last_r[l] - re;
            *(mw_v8 *)(desk->exact_difference[l][r - 1] + 8) = last_i[l] - im;
            last_r[l] = re;
            last_i[l] = im;
        }
        yr[1] = yr[0];
        yi[1] = yi[0];
        yr[0] = xr;
        yi[0] = xi;
    }
}

/* ---- Correlation ------------------------------------------------------------------------------*/

/* Where each pair's row stands for hop 0, those to be added first. Turn i of a lag of the word that
 * begins at symbol 0 stands in row i + lag. */
typedef struct places {
    const int16_t *at[PAIRS + 1];
    const float *exact[PAIRS + 1];
    size_t plus, count; /* to be added; in all */
} places;

static void kernel_places(const mw_kernel_desk *desk, const mw_kernel_word *word, unsigned l,
                          places *out) {
    out->count = l == 0 ? PAIRS + 1 : PAIRS;
    size_t plus = 0, minus = out->count;
    for (size_t k = 0; k < out->count; k++) {
        size_t row = 2 * k + 1 + l, to = word->lag[l].first[k] > 0 ? plus++ : --minus;
        out->at[to] = k == PAIRS                   ? desk->d[row]
                      : word->lag[l].difference[k] ? desk->difference[l][row]
                                                   : desk->sum[l][row];
        out->exact[to] = k == PAIRS                   ? desk->exact_d[row]
                         : word->lag[l].difference[k] ? desk->exact_difference[l][row]
                                                      : desk->exact_sum[l][row];
    }
    out->plus = plus;
}

static inline __attribute__((always_inline)) void power_of(const mw_v16 *sum, mw_v8 *out) {
    const mw_i16 bits = (mw_i16)*sum;
    energy_of(&bits, out);
}

/* Scores of 8 bins at one hop; the correlations are written where one is above the threshold. `unit`
 * is how many units a product of size 1 has. */
static inline __attribute__((always_inline)) void kernel_score(mw_kernel_desk *desk,
                                                               const mw_v16 sum[LAGS],
                                                               const mw_v8 *unit, size_t i,
                                                               size_t g, float threshold) {
    const mw_i8 bit = {1, 2, 4, 8, 16, 32, 64, 128};
    mw_v8 near, far;
    power_of(&sum[0], &near);
    power_of(&sum[1], &far);
    mw_v8 e = *(const mw_v8 *)(desk->energy[i] + 8 * g) * *unit;
    mw_v8 score = (near + far) / (e * e + 1e-30f);
    *(mw_v8 *)(desk->score[i + 1] + 8 + 8 * g) = score;
    mw_l4 above = (mw_l4)((score > threshold) & bit);
    long long any = above[0] | above[1] | above[2] | above[3];
    desk->above[i][g] = (uint8_t)(any | any >> 32);
    if (any == 0)
        return;
    for (unsigned l = 0; l < LAGS; l++)
        *(mw_v16 *)desk->s[i][g][l] = sum[l];
}

/* `n` hops a symbol apart (a constant where this is expanded) from the i-th of their phase: each
 * place is looked up once for them. */
static inline __attribute__((always_inline)) void kernel_some(mw_kernel_desk *desk, const places *p,
                                                              const mw_v8 *unit, size_t g,
                                                              size_t phase, size_t i, size_t n,
                                                              float threshold) {
    mw_s16 sum[LAGS][8];
    for (unsigned l = 0; l < LAGS; l++) {
        mw_s16 part[8] = {{0}, {0}, {0}, {0}, {0}, {0}, {0}, {0}};
        size_t k = 0;
        for (; k < p[l].plus; k++) {
            const mw_s16 *from = (const mw_s16 *)(p[l].at[k] + 16 * i);
            for (size_t j = 0; j < n; j++)
                part[j] += from[j];
        }
        for (; k < p[l].count; k++) {
            const mw_s16 *from = (const mw_s16 *)(p[l].at[k] + 16 * i);
            for (size_t j = 0; j < n; j++)
                part[j] -= from[j];
        }
        for (size_t j = 0; j < n; j++)
            sum[l][j] = part[j];
    }
    for (size_t j = 0; j < n; j++) {
        mw_v16 whole[LAGS];
        for (unsigned l = 0; l < LAGS; l++)
            whole[l] = __builtin_convertvector(__builtin_convertvector(sum[l][j], mw_i16), mw_v16);
        kernel_score(desk, whole, unit, HOPS * (i + j) + phase, g, threshold);
    }
}

MW_CLONES static void kernel_correlate(mw_kernel_desk *desk, const places p[LAGS],
                                       const float scale[8], size_t g, size_t phase, size_t hops,
                                       float threshold) {
    mw_v8 unit = *(const mw_v8 *)scale;
    size_t i = 0;
    for (; i + 8 <= hops; i += 8)
        kernel_some(desk, p, &unit, g, phase, i, 8, threshold);
    for (; i < hops; i++)
        kernel_some(desk, p, &unit, g, phase, i, 1, threshold);
}

static inline __attribute__((always_inline)) void kernel_some_exact(mw_kernel_desk *desk,
                                                                    const places *p, size_t g,
                                                                    size_t phase, size_t i,
                                                                    size_t n, float threshold) {
    const mw_v8 unit = {1, 1, 1, 1, 1, 1, 1, 1};
    mw_v16 sum[4][LAGS] = {{{0}}};
    for (unsigned l = 0; l < LAGS; l++) {
        size_t k = 0;
        for (; k < p[l].plus; k++) {
            for (size_t j = 0; j < n; j++)
                sum[j][l] += *(const mw_v16 *)(p[l].exact[k] + 16 * (i + j));
        }
        for (; k < p[l].count; k++) {
            for (size_t j = 0; j < n; j++)
                sum[j][l] -= *(const mw_v16 *)(p[l].exact[k] + 16 * (i + j));
        }
    }
    for (size_t j = 0; j < n; j++)
        kernel_score(desk, sum[j], &unit, HOPS * (i + j) + phase, g, threshold);
}

MW_CLONES static void kernel_correlate_exact(mw_kernel_desk *desk, const places p[LAGS], size_t g,
                                             size_t phase, size_t hops, float threshold) {
    size_t i = 0;
    for (; i + 4 <= hops; i += 4)
        kernel_some_exact(desk, p, g, phase, i, 4, threshold);
    for (; i < hops; i++)
        kernel_some_exact(desk, p, g, phase, i, 1, threshold);
}

/* ---- Peaks ------------------------------------------------------------------------------------*/

void mw_kernel_clear(mw_kernel_desk *desk, size_t from, size_t hops, size_t groups) {
    memset(desk->score[from], 0, sizeof desk->score[0]); /* hop from - 1 */
    memset(desk->score[hops + 1], 0, sizeof desk->score[0]);
    for (size_t i = from; i < hops && groups < MW_KERNEL_GROUPS; i++)
        memset(desk->score[i + 1] + 8 + 8 * groups, 0, 8 * sizeof(float));
}

MW_CLONES static unsigned kernel_peaks(const mw_kernel_desk *desk, size_t hop, size_t g) {
    const mw_i8 bit = {1, 2, 4, 8, 16, 32, 64, 128};
    const float *at = desk->score[hop + 1] + 8 + 8 * g;
    const float *above = at - (8 + TILE + 8), *below = at + (8 + TILE + 8);
    mw_v8 s = *(const mw_v8 *)at;
    mw_i8 least = (s >= *(const mw_v8 *)(at - 1)) & (s >= *(const mw_v8 *)(at + 1));
    for (int k = -1; k <= 1; k++)
        least &= (s >= *(const mw_v8 *)(above + k)) & (s >= *(const mw_v8 *)(below + k));
    mw_l4 some = (mw_l4)(least & bit);
    long long any = some[0] | some[1] | some[2] | some[3];
    return (unsigned)(any | any >> 32) & desk->above[hop][g];
}

/* ---- The clones have names of their own (radio/vector.h) --------------------------------------*/

void mw_kernel_fold(float *buffer, const float *iq, const float *window, size_t n) {
    kernel_fold(buffer, iq, window, n);
}

void mw_kernel_correlate(mw_kernel_group *kept, mw_kernel_desk *desk, size_t g,
                         const mw_kernel_word *word, size_t hops, float threshold) {
    places p[LAGS];
    for (unsigned l = 0; l < LAGS; l++)
        kernel_places(desk, word, l, &p[l]);
    size_t each = hops / HOPS, rows = OLD / HOPS + each;
    float largest[8], scale[8],
        least[8] = {INFINITY, INFINITY, INFINITY, INFINITY, INFINITY, INFINITY, INFINITY, INFINITY};
    join_rows(kept, desk, g, hops, largest);
    for (size_t phase = 0; phase < HOPS; phase++)
        kernel_energy(desk, phase, desk->energy[phase] + 8 * g, each, least);
    bool fits = product_scale(largest, least, scale);
    desk->exactly += !fits;
    for (size_t phase = 0; phase < HOPS; phase++) {
        if (fits) {
            kernel_products(desk, desk->x[g] + phase, scale, rows);
            kernel_correlate(desk, p, scale, g, phase, each, threshold);
        } else {
            kernel_products_exact(desk, desk->x[g] + phase, rows);
            kernel_correlate_exact(desk, p, g, phase, each, threshold);
        }
    }
}

unsigned mw_kernel_peaks(const mw_kernel_desk *desk, size_t hop, size_t g) {
    return kernel_peaks(desk, hop, g);
}
