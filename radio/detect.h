/* SPDX-License-Identifier: Apache-2.0
 *
 * Detector of one symbol rate: which points of (time, frequency) look like a sync word?
 *
 *   a batch of 100 to 200 symbols: one FFT over its samples -> for each bin of half a symbol rate,
 * the stretch of spectrum around it times the pulse's response, and back: the matched filter's
 * output twice a symbol -> products with itself one and two symbols before, each correlated with the
 * sync word's turns (the carrier's rest frequency is only a common rotation of a sum), the powers of
 * both added and normalised by the energy of the 64 symbols: a constant false-alarm rate whatever
 * the level. On noise the two sums know nothing of each other: together they find more at half as
 * many points than one alone does four times a symbol.
 *   -> local maxima: 4 x 16 symbols summed coherently over a bank of frequencies and drifts, the
 *      four added as powers; normalised by the same energy
 *   -> all 64 coherently there, a quarter of a symbol and a bin beside it (detect_confirm.h)
 *   -> neighbours within 1.5 symbols and 1.75 symbol rates are one candidate, the strongest
 *
 * Bins are worked off in tiles of MW_DETECT_TILE; what a tile needs fits the second-level cache.
 * Between batches each bin keeps 126 values of 2 x 8 bits. Working memory is a mw_detect_desk,
 * which detectors of one thread may share.
 */
#ifndef MW_RADIO_DETECT_H
#define MW_RADIO_DETECT_H

#include "radio/history.h"

#define MW_DETECT_TILE 32u
#define MW_DETECT_HITS 256u /* open clusters; the weakest gives way */

/* Working memory; used by one detector at a time, and not between its calls. */
typedef struct mw_detect_desk mw_detect_desk;
MW_NODISCARD mw_status mw_detect_desk_new(mw_detect_desk **out_desk);
void mw_detect_desk_free(mw_detect_desk *d);
size_t mw_detect_desk_memory(const mw_detect_desk *d);

typedef struct mw_detect_config {
    uint64_t rate_mhz;
    unsigned baud;
    double low_hz, high_hz; /* relative to the centre */
    double prefilter_pfa, sync_pfa;
    double drift_max;     /* Hz/s */
    mw_detect_desk *desk; /* shared with others; NULL: one of its own */
} mw_detect_config;

/* A sync word that was found. */
typedef struct mw_detect_hit {
    int64_t quarter; /* centre of the last sync symbol, in quarter symbols */
    double hz;       /* carrier at the middle of the sync word, relative to the centre */
    double drift;    /* Hz/s, from the bank */
    float score;     /* share of the 64 symbols' energy that is coherent with the word: 0..1 */
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
/* Samples that one batch looks at, up to the newest. */
size_t mw_detect_span(const mw_detect *d);
/* Where a quarter symbol lies in samples of the segment. */
double mw_detect_at(const mw_detect *d, int64_t quarter);
size_t mw_detect_memory(const mw_detect *d);
uint64_t mw_detect_prefilter_hits(const mw_detect *d);
uint64_t mw_detect_sync_hits(const mw_detect *d);

#endif
