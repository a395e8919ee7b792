/* SPDX-License-Identifier: Apache-2.0
 *
 * Third stage of detection: a sync word that the bank's four sums of 16 symbols believe in, summed
 * coherently over all its 64 symbols. Noise that passes the second stage rarely passes this one, so
 * the second may let a hundred times more through than is wanted in the end.
 */
#ifndef MW_RADIO_DETECT_CONFIRM_H
#define MW_RADIO_DETECT_CONFIRM_H

#define MW_CONFIRM_SYMBOLS 64u
#define MW_CONFIRM_PARTS   8u /* sums of 8 symbols, within which one turn holds */
#define MW_CONFIRM_BENDS   7u /* steps of drift, the middle one the bank's */
#define MW_CONFIRM_TURNS   9u /* steps of frequency */

/* Rotations of the parts; made once. */
typedef struct mw_confirm_table {
    float turn[2][MW_CONFIRM_PARTS];                   /* one step of frequency: re, im */
    float bend[MW_CONFIRM_BENDS][2][MW_CONFIRM_PARTS]; /* a step of drift, the lowest frequency */
} mw_confirm_table;

/* A sync word's symbols, pairs, its own signs taken off. */
typedef struct mw_confirm_word {
    float y[2 * MW_CONFIRM_SYMBOLS];
} mw_confirm_word;

typedef struct mw_confirm_place {
    double turn;  /* cycles a symbol at the middle of the word */
    double bend;  /* cycles a symbol squared */
    double share; /* of the symbols' energy that is coherent: 0..1 */
} mw_confirm_place;

void mw_confirm_table_init(mw_confirm_table *t);
/* Share that noise reaches with a probability of pfa, with all that is searched. */
double mw_confirm_threshold(double pfa);
/* Searches around the given turn and bend for the best coherent sum and sets all three. Bends
 * beyond bend_max are left out. */
void mw_confirm_search(const mw_confirm_table *t, const mw_confirm_word *w, double bend_max,
                       mw_confirm_place *io_place);

#endif
