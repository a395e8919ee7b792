/* SPDX-License-Identifier: Apache-2.0
 *
 * Detector of the sync words of other networks at one symbol rate: all framers of that rate share
 * the spectra.
 *
 *   every quarter symbol ("hop"): a symbol of samples under the matched filter, folded into an FFT
 *   of 2 symbols' length = a grid of half the symbol rate
 *   -> products of each bin with itself one symbol before, correlated with the turns that all words
 *      of a framer begin with, normalised by those symbols' energy (constant false-alarm rate)
 *   -> survivors: each word's remaining turns; the best one summed coherently over a bank of
 *      frequencies, normalised by the energy of all 32 symbols
 *   -> neighbours within 8 symbols and 1.75 symbol rates are one hit, the strongest
 */
#ifndef MW_RADIO_FOREIGN_DETECT_H
#define MW_RADIO_FOREIGN_DETECT_H

#include "radio/framer.h"
#include "radio/history.h"

#define MW_FOREIGN_FRAMERS 4 /* at one rate */
#define MW_FOREIGN_HITS    256u

typedef struct mw_foreign_lane_config {
    uint64_t rate_mhz;
    unsigned baud;
    const mw_framer *framer[MW_FOREIGN_FRAMERS];
    double low_hz[MW_FOREIGN_FRAMERS], high_hz[MW_FOREIGN_FRAMERS]; /* relative to the centre */
    size_t framers;
} mw_foreign_lane_config;

typedef struct mw_foreign_hit {
    int64_t hop; /* centre of the last sync symbol, in quarter symbols */
    double hz;   /* carrier, relative to the centre; half a symbol rate off in the other polarity */
    float score; /* coherent share of the 32 symbols' energy */
    float energy;
    uint8_t framer; /* number in the configuration */
    uint8_t word;   /* number in the framer's list */
} mw_foreign_hit;

typedef struct mw_foreign_detect mw_foreign_detect;

MW_NODISCARD mw_status mw_foreign_detect_new(const mw_foreign_lane_config *config,
                                             mw_foreign_detect **out_detect);
void mw_foreign_detect_free(mw_foreign_detect *d);
void mw_foreign_detect_restart(mw_foreign_detect *d);
/* Works off what the history allows (with `all`, up to its end) and moves hits whose neighbourhood
 * is complete to out, at most max. Call again while it returns max. */
size_t mw_foreign_detect_run(mw_foreign_detect *d, const mw_history *h, bool all,
                             mw_foreign_hit *out, size_t max);
/* Sample before which no undelivered sync word can begin. */
double mw_foreign_detect_horizon(const mw_foreign_detect *d);
double mw_foreign_detect_hop_at(const mw_foreign_detect *d, int64_t hop);
size_t mw_foreign_detect_memory(const mw_foreign_detect *d);
/* Points that passed the first stage. */
uint64_t mw_foreign_detect_first_hits(const mw_foreign_detect *d);

#endif
