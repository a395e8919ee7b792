/* SPDX-License-Identifier: Apache-2.0
 *
 * The inner loops of the detector on one tile: MW_DETECT_TILE neighbouring bins over the hops of a
 * batch and of the 63 symbols before it. Compiled for the plain processor, AVX2 and AVX-512 and
 * chosen at run time; results are the same.
 */
#ifndef MW_RADIO_DETECT_KERNEL_H
#define MW_RADIO_DETECT_KERNEL_H

#include "radio/detect.h"
#include "radio/detect_transform.h"

#define MW_KERNEL_SYMBOLS 64u
#define MW_KERNEL_HOPS    2u /* per symbol */
#define MW_KERNEL_LAGS    2u /* products with one and with two symbols before */
#define MW_KERNEL_OLD     ((MW_KERNEL_SYMBOLS - 1) * MW_KERNEL_HOPS) /* hops kept between batches */
#define MW_KERNEL_NEW     MW_TRANSFORM_POINTS                        /* hops of a batch, at most */
#define MW_KERNEL_ROWS    (MW_KERNEL_OLD + MW_KERNEL_NEW)
#define MW_KERNEL_GROUPS  (MW_DETECT_TILE / 8u)             /* of 8 bins, the width of a register */
#define MW_KERNEL_PHASE   (MW_KERNEL_ROWS / MW_KERNEL_HOPS) /* rows a symbol apart */

/* What is kept of 8 bins: the matched filter's output as numbers of 8 bits: sign, 4 of exponent, 3
 * of mantissa. Each value's rounding lies 24 dB below itself, which costs 0.02 dB, and all within
 * 90 dB of the loudest are kept. */
typedef struct mw_kernel_group {
    uint8_t x[MW_KERNEL_OLD][16];
    int32_t top; /* exponent of the loudest */
} mw_kernel_group;

/* Working memory for one tile at a time, at a multiple of 64 bytes. Row r is hop r - MW_KERNEL_OLD
 * of the batch. Rows of 16 are the real parts of 8 bins, then their imaginary parts. */
typedef struct mw_kernel_desk {
    mw_transform_in in;
    mw_transform_work work;
    float x[MW_KERNEL_GROUPS][MW_KERNEL_ROWS][16]; /* matched filter output */
    /* Of 8 bins and the rows that are whole symbols apart: x times conj(x a lag before), sum and
     * difference of this row and the next, and those of the first lag alone; all in units of which
     * 63 make less than 2^15 ... */
    int16_t d[MW_KERNEL_PHASE][16];
    int16_t sum[MW_KERNEL_LAGS][MW_KERNEL_PHASE][16];
    int16_t difference[MW_KERNEL_LAGS][MW_KERNEL_PHASE][16];
    /* ... or, where the level varies too much for that, as they are */
    float exact_d[MW_KERNEL_PHASE][16];
    float exact_sum[MW_KERNEL_LAGS][MW_KERNEL_PHASE][16];
    float exact_difference[MW_KERNEL_LAGS][MW_KERNEL_PHASE][16];
    /* energies of 1, 4 and 16 symbols from a row on */
    float energy_1[MW_KERNEL_HOPS][MW_KERNEL_PHASE][8];
    float energy_4[MW_KERNEL_PHASE][8], energy_16[MW_KERNEL_PHASE][8];
    /* what the correlation says about a bin at a hop of the batch: */
    /* the two differential correlations; where `above` only */
    float s[MW_KERNEL_NEW][MW_KERNEL_GROUPS][MW_KERNEL_LAGS][16];
    float energy[MW_KERNEL_NEW][MW_DETECT_TILE]; /* of the 64 symbols that end here */
    /* (|s of lag 1|^2 + |s of lag 2|^2) / energy^2, with a row before the first and after the last and eight bins to each side
     * that stay zero, so that every point has neighbours */
    float score[MW_KERNEL_NEW + 2][8 + MW_DETECT_TILE + 8];
    uint8_t above[MW_KERNEL_NEW][MW_KERNEL_GROUPS]; /* bins that pass the threshold, a bit each */
    uint64_t exactly; /* groups whose products were not whole numbers */
} mw_kernel_desk;

/* The sync word. Its turns (turn i of a lag lies between symbols i and i + lag; there are 63 and 62)
 * go in pairs: pair k is turns 2k and 2k + 1, the sum or the difference of them, as a whole plus or
 * minus. */
typedef struct mw_kernel_word {
    float sign[MW_KERNEL_SYMBOLS]; /* of the symbols themselves */
    struct {
        float first[MW_KERNEL_SYMBOLS / 2];
        bool difference[MW_KERNEL_SYMBOLS / 2]; /* the two turns of a pair differ */
    } lag[MW_KERNEL_LAGS];
} mw_kernel_word;

void mw_kernel_word_init(mw_kernel_word *w);

/* buffer[0, 2n) += iq * window, both as pairs (the window holds each tap twice). */
void mw_kernel_fold(float *buffer, const float *iq, const float *window, size_t n);
/* Rows MW_KERNEL_OLD ... of desk->x[g] hold `hops` new ones: joins what the group kept, keeps the
 * last, and correlates. hops is a multiple of 4. */
void mw_kernel_correlate(mw_kernel_group *kept, mw_kernel_desk *desk, size_t g,
                         const mw_kernel_word *word, size_t hops, float threshold);

/* Which of a group's bins at a hop of the batch pass the threshold and are not exceeded by one of
 * their eight neighbours in the tile and the batch: a bit each. The rows before the first and after the
 * last hop must have been cleared. */
unsigned mw_kernel_peaks(const mw_kernel_desk *desk, size_t hop, size_t g);
/* No hops before `from` or from `hops` on, no bins from groups * 8 on: they are lower than any. */
void mw_kernel_clear(mw_kernel_desk *desk, size_t from, size_t hops, size_t groups);
/* The angle of (re, im) in 64ths of a circle, rounded: 0 .. 63. */
unsigned mw_kernel_angle(float re, float im);

/* Bank of the second stage: 15 frequencies around an estimate, 1/64 cycle a symbol apart (place 0 of
 * 16 stays empty: the others are one and their mirror images). */
#define MW_KERNEL_BANK 16u
#define MW_KERNEL_PAD  4u /* zeros at both ends of the powers, so that they can be shifted */

typedef struct mw_kernel_bank {
    /* turning symbol n of the word by -m / 64 cycles a symbol and taking its sign off; even symbols
     * first */
    float turn_re[64][MW_KERNEL_SYMBOLS], turn_im[64][MW_KERNEL_SYMBOLS];
    float wave[8][MW_KERNEL_BANK]; /* [pair of symbols][frequency]: cosines, then sines */
} mw_kernel_bank;

typedef struct mw_kernel_best {
    float power; /* sum of the four blocks' powers */
    int at;      /* frequency: (base + at - MW_KERNEL_BANK / 2) / 64 cycles a symbol */
    int drift;   /* halves of a frequency step from block to block */
} mw_kernel_best;

void mw_kernel_bank_init(mw_kernel_bank *bank, const mw_kernel_word *word);
/* Four coherent sums of 16 symbols of the word that ends at hop `hop` of the batch, around base /
 * 64 cycles a symbol, added as powers for every drift of -drifts .. drifts (at most 4); the
 * largest, or power 0 when none is at least `least`. */
mw_kernel_best mw_kernel_refine(const mw_kernel_bank *bank, const mw_kernel_desk *desk, size_t hop,
                                size_t bin, unsigned base, int drifts, float least);

#endif
