/* SPDX-License-Identifier: Apache-2.0
 *
 * The inner loops of the detector on one tile: MW_DETECT_TILE neighbouring bins with the history of
 * MW_KERNEL_ROWS hops. Each is compiled for the plain processor and for AVX2 and chosen at run
 * time; results are the same.
 */
#ifndef MW_RADIO_DETECT_KERNEL_H
#define MW_RADIO_DETECT_KERNEL_H

#include "radio/detect.h"

#define MW_KERNEL_KEPT    (64u + MW_DETECT_BATCH / 4) /* symbols of history: 64 and a batch */
#define MW_KERNEL_ROWS    (4u * MW_KERNEL_KEPT)
#define MW_KERNEL_SYMBOLS 64u
#define MW_KERNEL_ROW     (2u * MW_DETECT_TILE) /* floats: real parts, then imaginary parts */

/* Row of a hop: the hops of one quarter-symbol phase lie together, because they are used together
 * (and would else crowd into a quarter of the cache's sets). */
static inline size_t mw_kernel_row_of(int64_t hop) {
    return (size_t)(hop & 3) * MW_KERNEL_KEPT + (size_t)((hop >> 2) % (int64_t)MW_KERNEL_KEPT);
}

typedef struct mw_kernel_tile {
    float x[MW_KERNEL_ROWS * MW_KERNEL_ROW]; /* matched filter output           */
    float d[MW_KERNEL_ROWS * MW_KERNEL_ROW]; /* x times conj(x one symbol ago)  */
    double energy[4 * MW_DETECT_TILE];       /* of the last 64 symbols, by hop mod 4 */
} mw_kernel_tile;

/* The sync word: numbers of its 63 turns (turn i lies between symbols i and i + 1), those without a
 * change of sign first. */
typedef struct mw_kernel_word {
    uint8_t turn[MW_KERNEL_SYMBOLS - 1];
    uint8_t plus;                  /* how many of them are +1 */
    float sign[MW_KERNEL_SYMBOLS]; /* of the symbols themselves */
} mw_kernel_word;

/* What the correlation says about each bin of a tile at one hop. */
typedef struct mw_kernel_row {
    float re[MW_DETECT_TILE], im[MW_DETECT_TILE]; /* differential correlation */
    float energy[MW_DETECT_TILE];                 /* of the 64 symbols that end here */
    float score[MW_DETECT_TILE];                  /* power of the correlation / energy^2 */
} mw_kernel_row;

/* buffer[0, 2n) += iq * window, both as pairs (the window holds each tap twice). */
void mw_kernel_fold(float *buffer, const float *iq, const float *window, size_t n);
/* Takes bins (pairs) of hop `hop` into the tile and notes the energy. Hops must come in order from
 * 0. */
void mw_kernel_take(mw_kernel_tile *t, int64_t hop, const float *bins, mw_kernel_row *out);
/* Correlates at hop `hop` >= 252, one of the last batch that was taken. Returns whether any score
 * is above the threshold. */
bool mw_kernel_correlate(const mw_kernel_tile *t, const mw_kernel_word *word, int64_t hop,
                         float threshold, mw_kernel_row *io_row);

/* Bank of the second stage: 16 neighbouring ones of the 64 frequencies i / 64 cycles a symbol. */
#define MW_KERNEL_BANK 16u
#define MW_KERNEL_PAD  4u /* zeros at both ends of the powers, so that they can be shifted */

typedef struct mw_kernel_bank {
    float cosine[16][64 + MW_KERNEL_BANK], sine[16][64 + MW_KERNEL_BANK]; /* [symbol][frequency] */
} mw_kernel_bank;

typedef struct mw_kernel_best {
    float power; /* sum of the four blocks' powers */
    int at;      /* frequency in the bank: base + at */
    int drift;   /* halves of a frequency step from block to block */
} mw_kernel_best;

void mw_kernel_bank_init(mw_kernel_bank *bank);
/* The 64 symbols of a bin that end at a hop, as pairs, the word's signs taken off. */
void mw_kernel_gather(const mw_kernel_tile *t, const mw_kernel_word *word, int64_t hop, size_t bin,
                      float y[2 * MW_KERNEL_SYMBOLS]);
/* Four coherent sums of 16 symbols at bank frequencies base .. base + 15 (0 <= base < 64), added as
 * powers for every drift of -drifts .. drifts (at most 4); returns the largest. */
mw_kernel_best mw_kernel_refine(const mw_kernel_bank *bank, const float y[2 * MW_KERNEL_SYMBOLS],
                                unsigned base, int drifts);

#endif
