/* SPDX-License-Identifier: Apache-2.0
 *
 * Detector of one symbol rate: which points of (time, frequency) look like a sync word?
 *
 *   every quarter symbol ("hop"): 6 symbols of samples x the transmit pulse, folded into an FFT of
 * 2 symbols' length = the matched filter's output on a grid of half the symbol rate, phases
 *   referred to sample 0 of the segment
 *   -> products of each bin with itself one symbol before, correlated with the sync word's turns
 *      (the carrier's rest frequency is only a common rotation of the sum), normalised by the
 *      energy of the 64 symbols: a constant false-alarm rate whatever the level
 *   -> local maxima: 4 x 16 symbols summed coherently over a bank of frequencies and drifts, the
 *      four added as powers; normalised by the same energy
 *   -> neighbours within 1.5 symbols and 1.75 symbol rates are one candidate, the strongest
 *
 * Hops are worked off in batches of MW_DETECT_BATCH, bins in tiles of MW_DETECT_TILE, tile by tile,
 * so that a tile's 80 symbols of history stay in the second-level cache through the batch; within
 * the batch every fourth hop is taken in a row, so that the 63 products that they share stay in the
 * first.
 */
#ifndef MW_RADIO_DETECT_H
#define MW_RADIO_DETECT_H

#include "radio/history.h"

#define MW_DETECT_TILE  32u
#define MW_DETECT_BATCH 64u
#define MW_DETECT_HITS  256u /* open clusters; the weakest gives way */

typedef struct mw_detect_config {
    uint64_t rate_mhz;
    unsigned baud;
    double low_hz, high_hz; /* relative to the centre */
    double prefilter_pfa, sync_pfa;
    double drift_max; /* Hz/s */
} mw_detect_config;

/* A sync word that was found. */
typedef struct mw_detect_hit {
    int64_t hop;  /* centre of the last sync symbol, in quarter symbols */
    double hz;    /* carrier at the middle of the sync word, relative to the centre */
    double drift; /* Hz/s, from the bank */
    float score;  /* share of the 64 symbols' energy that is coherent with the word: 0..1 */
    float energy; /* coherent energy, for comparison of neighbours */
} mw_detect_hit;

typedef struct mw_detect mw_detect;

MW_NODISCARD mw_status mw_detect_new(const mw_detect_config *config, mw_detect **out_detect);
void mw_detect_free(mw_detect *d);
void mw_detect_restart(mw_detect *d);
/* Works off all complete batches that the history allows (with `all`, the incomplete one too) and
 * moves candidates whose neighbourhood is complete to out, at most max. Call again while it returns
 * max. */
size_t mw_detect_run(mw_detect *d, const mw_history *h, bool all, mw_detect_hit *out, size_t max);
/* Sample before which no undelivered sync word can begin (its first symbol's centre). */
double mw_detect_horizon(const mw_detect *d);
/* Centre of a hop in samples of the segment. */
double mw_detect_hop_at(const mw_detect *d, int64_t hop);
size_t mw_detect_memory(const mw_detect *d);
uint64_t mw_detect_prefilter_hits(const mw_detect *d);
uint64_t mw_detect_sync_hits(const mw_detect *d);

#endif
