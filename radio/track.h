/* SPDX-License-Identifier: Apache-2.0
 *
 * From a candidate's symbols to soft bits: the carrier's remaining frequency and drift by maximum
 * likelihood over the known symbols, then the phase as a hidden walk on a circle.
 */
#ifndef MW_RADIO_TRACK_H
#define MW_RADIO_TRACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MW_TRACK_SYMBOLS_MAX 1160

/* What is known of a frame before it is decoded: +1, -1, or 0 for a data symbol. */
typedef struct mw_track_known {
    int8_t sign[MW_TRACK_SYMBOLS_MAX];
    size_t symbols;
} mw_track_known;

/* A symbol that was not received: exactly zero, as samples of a gap or of a deaf stretch give it. It
 * counts nowhere, and its soft bit says nothing. */
static inline bool mw_track_erased(const float *y) {
    return y[0] == 0 && y[1] == 0;
}

/* Remaining carrier, in cycles a symbol (and a symbol squared) at symbol `centre`. */
typedef struct mw_track_fit {
    double f, d, centre;
    double d_max;  /* largest drift to be believed */
    double re, im; /* coherent mean of the known symbols: amplitude and phase */
    double share;  /* power of that mean / mean power: 0..1 */
} mw_track_fit;

/* Fits over symbols [0, n): known symbols add up coherently, data symbols as squares (their signs
 * are unknown), both with their weights in the log-likelihood. f and d are searched in steps
 * matched to n, +-f_steps and +-d_steps around the values given (which are carried over to the new
 * centre). */
void mw_track_fit_over(const float *y, const mw_track_known *known, size_t n, int f_steps,
                       int d_steps, mw_track_fit *io_fit);
/* Starting from a fit of the sync word, over the first 176 symbols, then over the whole frame in
 * segments of 96 symbols, each with a phase of its own: phase noise moves the phase by radians over
 * a frame but hardly within a segment. Sets re to the amplitude, im to 0 and share to the signal's part of
 * the power. */
void mw_track_fit_frame(const float *y, const mw_track_known *known, mw_track_fit *io_fit);
/* Share of the known symbols' power that is coherent within such segments, of symbols [0, n) whose
 * carrier was taken off; noise has 0 on average. */
double mw_track_share(const float *y, const mw_track_known *known, size_t n);
/* Takes the fitted carrier off in place; known symbols come out real and positive times sign. */
void mw_track_derotate(float *y, size_t n, const mw_track_fit *fit);

typedef struct mw_track_phase {
    double amplitude;                        /* of the symbols */
    double noise;                            /* E|n|^2 of a symbol */
    float llr[MW_TRACK_SYMBOLS_MAX];         /* log P(+1) / P(-1) of every symbol */
    float phase[MW_TRACK_SYMBOLS_MAX];       /* the walk's mean, radians */
    float forward[MW_TRACK_SYMBOLS_MAX][32]; /* scratch */
} mw_track_phase;

/* Soft bits of derotated symbols: forward-backward over 32 phases with a random walk of about
 * 0.06 rad a symbol, unknown symbols summed over both values. Noise is weighed locally, so that an
 * interferer costs only the symbols that it hits. */
void mw_track_soft(const float *y, const mw_track_known *known, const mw_track_fit *fit,
                   mw_track_phase *out);

#endif
