/* SPDX-License-Identifier: Apache-2.0
 *
 * The inner loops of the detector on one tile: MW_DETECT_TILE neighbouring bins with the history of
 * MW_KERNEL_ROWS hops. Each is compiled for the plain processor and for AVX2 and chosen at run
 * time; results are the same.
 */
#ifndef MW_RADIO_DETECT_KERNEL_H
#define MW_RADIO_DETECT_KERNEL_H

#include "radio/detect.h"

#define MW_KERNEL_ROWS    272u /* 68 symbols of 4 hops; a multiple of the batch */
#define MW_KERNEL_SYMBOLS 64u
#define MW_KERNEL_ROW     (2u * MW_DETECT_TILE) /* floats: 64 real parts, 64 imaginary parts */

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
    float score[MW_DETECT_TILE];                  /* its power / (energy of 64 symbols)^2 */
} mw_kernel_row;

/* buffer[0, 2n) += iq * window, both as pairs (the window holds each tap twice). */
void mw_kernel_fold(float *buffer, const float *iq, const float *window, size_t n);
/* Takes bins (pairs) of hop `hop` into the tile: x, d, energy. Hops must come in order from 0. */
void mw_kernel_take(mw_kernel_tile *t, int64_t hop, const float *bins);
/* Correlates at hop `hop` >= 252. Returns whether any score is above the threshold. */
bool mw_kernel_correlate(const mw_kernel_tile *t, const mw_kernel_word *word, int64_t hop,
                         float threshold, mw_kernel_row *out);

/* Bank of the second stage: 16 frequencies, 1/64 of the symbol rate apart; number 7 is the middle.
 */
#define MW_KERNEL_BANK      16u
#define MW_KERNEL_BANK_ZERO 7

typedef struct mw_kernel_bank {
    float cosine[16][MW_KERNEL_BANK], sine[16][MW_KERNEL_BANK];
} mw_kernel_bank;

void mw_kernel_bank_init(mw_kernel_bank *bank);
/* Powers of the four coherent sums of 16 symbols (pairs, the word's signs already taken off) at
 * every frequency of the bank. */
void mw_kernel_blocks(const mw_kernel_bank *bank, const float y[2 * MW_KERNEL_SYMBOLS],
                      float power[4][MW_KERNEL_BANK]);

#endif
