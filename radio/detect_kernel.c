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

static inline uint32_t float_bits(float v) {
    union {
        float value;
        uint32_t bits;
    } f = {.value = v};
    return f.bits;
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

/* Returns the bits of the largest number that is left, or of one a little larger. `rows - from` is a
 * multiple of 4. */
MW_CLONES static uint32_t kernel_limit(float (*x)[16], size_t from, size_t rows) {
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
            mw_i8 below = bits[i] < limit; /* as silence is */
            sum += (bits[i] & below) | (limit & ~below);
        }
        limit = __builtin_convertvector(__builtin_convertvector(sum, mw_v8) * each, mw_i8) + LIMIT;
    }
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

/* The row that codes stand for. */
static inline __attribute__((always_inline)) void load_row(const uint8_t *in, uint32_t base,
                                                           mw_i16 *out_bits) {
    mw_s16 wide = __builtin_convertvector(*(const mw_b16 *)in, mw_s16);
    mw_i16 code = __builtin_convertvector(wide, mw_i16), v = code & (int)CODE_MAX;
    *out_bits = (((v << CODE_SHIFT) + (int)base) & (v > 0)) | code >> 7 << 31;
}

/* Puts a row in its place and its energies in theirs. */
static inline __attribute__((always_inline)) void
place_row(mw_kernel_desk *desk, size_t g, size_t r, const mw_i16 *bits, mw_i8 *io_most) {
    const mw_i16 b = *bits;
    mw_v8 re = (mw_v8)__builtin_shufflevector(b, b, 0, 1, 2, 3, 4, 5, 6, 7);
    mw_v8 im = (mw_v8)__builtin_shufflevector(b, b, 8, 9, 10, 11, 12, 13, 14, 15);
    mw_v8 e = re * re + im * im;
    *(mw_v8 *)desk->x[g][r] = re;
    *(mw_v8 *)(desk->x[g][r] + 8) = im;
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
    uint32_t loudest = kernel_limit(desk->x[g], OLD, OLD + hops);
    uint32_t base = code_base(kept->top);
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

/* Products, their sums and differences, of `rows` rows of x a symbol apart, in units. */
MW_CLONES static void kernel_products(mw_kernel_desk *desk, float (*x)[16], const float scale[8],
                                      size_t rows) {
    mw_v8 yr = *(const mw_v8 *)x[0], yi = *(const mw_v8 *)(x[0] + 8), k = *(const mw_v8 *)scale;
    mw_s16 last = {0};
    for (size_t r = 1; r < rows; r++) {
        mw_v8 xr = *(const mw_v8 *)x[HOPS * r], xi = *(const mw_v8 *)(x[HOPS * r] + 8);
        mw_v8 kr = yr * k, ki = yi * k, re = xr * kr + xi * ki, im = xi * kr - xr * ki;
        mw_v16 both =
            __builtin_shufflevector(re, im, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
        mw_s16 d = __builtin_convertvector((mw_i16)(both + ROUNDER), mw_s16);
        *(mw_s16 *)desk->d[r] = d;
        *(mw_s16 *)desk->sum[r - 1] = last + d;
        *(mw_s16 *)desk->difference[r - 1] = last - d;
        yr = xr;
        yi = xi;
        last = d;
    }
}

/* The same as they are. */
MW_CLONES static void kernel_products_exact(mw_kernel_desk *desk, float (*x)[16], size_t rows) {
    mw_v8 yr = *(const mw_v8 *)x[0], yi = *(const mw_v8 *)(x[0] + 8), last_r = {0}, last_i = {0};
    for (size_t r = 1; r < rows; r++) {
        mw_v8 xr = *(const mw_v8 *)x[HOPS * r], xi = *(const mw_v8 *)(x[HOPS * r] + 8);
        mw_v8 re = xr * yr + xi * yi, im = xi * yr - xr * yi;
        *(mw_v8 *)desk->exact_d[r] = re;
        *(mw_v8 *)(desk->exact_d[r] + 8) = im;
        *(mw_v8 *)desk->exact_sum[r - 1] = last_r + re;
        *(mw_v8 *)(desk->exact_sum[r - 1] + 8) = last_i + im;
        *(mw_v8 *)desk->exact_difference[r - 1] = last_r - re;
        *(mw_v8 *)(desk->exact_difference[r - 1] + 8) = last_i - im;
        yr = xr;
        yi = xi;
        last_r = re;
        last_i = im;
    }
}

/* ---- Correlation ------------------------------------------------------------------------------*/

/* Where each pair's row stands for hop 0, those to be added first; returns their number. Turn i of
 * the word that begins at symbol 0 stands in row i + 1. */
typedef struct places {
    const int16_t *at[PAIRS + 1];
    const float *exact[PAIRS + 1];
    size_t plus;
} places;

static void kernel_places(const mw_kernel_desk *desk, const mw_kernel_word *word, places *out) {
    size_t plus = 0, minus = PAIRS + 1;
    for (size_t k = 0; k <= PAIRS; k++) {
        size_t row = 2 * k + 1, to = word->first[k] > 0 ? plus++ : --minus;
        out->at[to] = k == PAIRS            ? desk->d[row]
                      : word->difference[k] ? desk->difference[row]
                                            : desk->sum[row];
        out->exact[to] = k == PAIRS            ? desk->exact_d[row]
                         : word->difference[k] ? desk->exact_difference[row]
                                               : desk->exact_sum[row];
    }
    out->plus = plus;
}

/* Scores of 8 bins at one hop; the correlation is written where one is above the threshold. `unit`
 * is how many units a product of size 1 has. */
static inline __attribute__((always_inline)) void kernel_score(mw_kernel_desk *desk,
                                                               const mw_v16 *sum, const mw_v8 *unit,
                                                               size_t i, size_t g,
                                                               float threshold) {
    const mw_i8 bit = {1, 2, 4, 8, 16, 32, 64, 128};
    mw_v8 re = __builtin_shufflevector(*sum, *sum, 0, 1, 2, 3, 4, 5, 6, 7);
    mw_v8 im = __builtin_shufflevector(*sum, *sum, 8, 9, 10, 11, 12, 13, 14, 15);
    mw_v8 e = *(const mw_v8 *)(desk->energy[i] + 8 * g) * *unit;
    mw_v8 score = (re * re + im * im) / (e * e + 1e-30f);
    *(mw_v8 *)(desk->score[i + 1] + 8 + 8 * g) = score;
    mw_l4 above = (mw_l4)((score > threshold) & bit);
    long long any = above[0] | above[1] | above[2] | above[3];
    desk->above[i][g] = (uint8_t)(any | any >> 32);
    if (any != 0)
        *(mw_v16 *)desk->s[i][g] = *sum;
}

/* `n` hops a symbol apart (a constant where this is expanded) from the i-th of their phase: each
 * place is looked up once for them. */
static inline __attribute__((always_inline)) void kernel_some(mw_kernel_desk *desk, const places *p,
                                                              const mw_v8 *unit, size_t g,
                                                              size_t phase, size_t i, size_t n,
                                                              float threshold) {
    mw_s16 sum[8] = {{0}, {0}, {0}, {0}, {0}, {0}, {0}, {0}};
    size_t k = 0;
    for (; k < p->plus; k++) {
        const mw_s16 *from = (const mw_s16 *)(p->at[k] + 16 * i);
        for (size_t j = 0; j < n; j++)
            sum[j] += from[j];
    }
    for (; k <= PAIRS; k++) {
        const mw_s16 *from = (const mw_s16 *)(p->at[k] + 16 * i);
        for (size_t j = 0; j < n; j++)
            sum[j] -= from[j];
    }
    for (size_t j = 0; j < n; j++) {
        mw_v16 whole = __builtin_convertvector(__builtin_convertvector(sum[j], mw_i16), mw_v16);
        kernel_score(desk, &whole, unit, HOPS * (i + j) + phase, g, threshold);
    }
}

MW_CLONES static void kernel_correlate(mw_kernel_desk *desk, const places *p, const float scale[8],
                                       size_t g, size_t phase, size_t hops, float threshold) {
    mw_v8 unit = *(const mw_v8 *)scale;
    size_t i = 0;
    for (; i + 8 <= hops; i += 8)
        kernel_some(desk, p, &unit, g, phase, i, 8, threshold);
    for (; i < hops; i++)
        kernel_some(desk, p, &unit, g, phase, i, 1, threshold);
}

MW_CLONES static void kernel_correlate_exact(mw_kernel_desk *desk, const places *p, size_t g,
                                             size_t phase, size_t hops, float threshold) {
    const mw_v8 unit = {1, 1, 1, 1, 1, 1, 1, 1};
    for (size_t i = 0; i < hops; i++) {
        mw_v16 sum = {0};
        size_t k = 0;
        for (; k < p->plus; k++)
            sum += *(const mw_v16 *)(p->exact[k] + 16 * i);
        for (; k <= PAIRS; k++)
            sum -= *(const mw_v16 *)(p->exact[k] + 16 * i);
        kernel_score(desk, &sum, &unit, HOPS * i + phase, g, threshold);
    }
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

/* ---- Second stage -----------------------------------------------------------------------------*/

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

/* ---- The clones have names of their own (radio/vector.h) --------------------------------------*/

void mw_kernel_fold(float *buffer, const float *iq, const float *window, size_t n) {
    kernel_fold(buffer, iq, window, n);
}

void mw_kernel_correlate(mw_kernel_group *kept, mw_kernel_desk *desk, size_t g,
                         const mw_kernel_word *word, size_t hops, float threshold) {
    places p;
    kernel_places(desk, word, &p);
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
            kernel_correlate(desk, &p, scale, g, phase, each, threshold);
        } else {
            kernel_products_exact(desk, desk->x[g] + phase, rows);
            kernel_correlate_exact(desk, &p, g, phase, each, threshold);
        }
    }
}

unsigned mw_kernel_peaks(const mw_kernel_desk *desk, size_t hop, size_t g) {
    return kernel_peaks(desk, hop, g);
}

mw_kernel_best mw_kernel_refine(const mw_kernel_bank *bank, const mw_kernel_desk *desk, size_t hop,
                                size_t bin, unsigned base, int drifts, float least) {
    return kernel_refine(bank, desk, hop, bin, base, drifts, least);
}
