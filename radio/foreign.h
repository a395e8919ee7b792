/* SPDX-License-Identifier: Apache-2.0
 *
 * The engine for other networks: finds their bursts in a sub-band's history and demodulates them to
 * soft bits. What the bits say is read by the caller (mw_framer.read; Sigfox copies are first
 * joined, radio/sigfox_join.h).
 *
 *   history -> foreign_detect (per symbol rate) -> verify, polarity -> extract -> carrier fit ->
 *   foreign_soft -> burst
 *
 * Times are samples of the history's segment. Nothing is allocated after mw_foreign_new.
 */
#ifndef MW_RADIO_FOREIGN_H
#define MW_RADIO_FOREIGN_H

#include "radio/framer.h"
#include "radio/history.h"

typedef struct mw_foreign_burst {
    const mw_framer *framer;
    mw_framer_word word;
    uint16_t baud;
    bool inverted;    /* the other polarity of phase changes */
    double first;     /* sample at which the first sync symbol begins */
    double hz;        /* carrier at the middle of the sync word, relative to the centre */
    double drift;     /* Hz/s */
    double amplitude; /* of the sync word */
    double share;     /* coherent share of the sync word's energy */
    /* Sum of |real part| over sum of magnitude of the turns: 0.64 for noise, 1 for a clean burst.
     * What a single copy without redundancy is judged by. */
    double coherence;
    int16_t soft[MW_FRAMER_BITS_MAX];   /* word.after of them, positive = bit 0 */
    int16_t symbol[MW_FRAMER_BITS_MAX]; /* against the carrier's phase, as mw_sigfox_join_symbols */
    float turn[MW_FRAMER_BITS_MAX];     /* real part of the turns, positive = bit 1 */
    float both[MW_FRAMER_BITS_MAX];     /* mean power of the two symbols of a turn */
} mw_foreign_burst;

typedef void (*mw_foreign_sink)(void *user, const mw_foreign_burst *burst);

typedef struct mw_foreign_config {
    uint64_t rate_mhz;
    mw_freq centre;
    mw_freq low, high; /* of the receiver */
    mw_radio_network networks[MW_RADIO_NETWORKS_MAX];
    size_t network_count;
} mw_foreign_config;

typedef struct mw_foreign_stats {
    uint64_t first_hits; /* points that passed the detector's first stage */
    uint64_t hits;       /* ... and the second, neighbours merged */
    uint64_t candidates; /* ... and were verified */
    uint64_t candidates_lost;
    uint64_t bursts; /* demodulated */
} mw_foreign_stats;

typedef struct mw_foreign mw_foreign;

/* MW_RANGE for a network without a framer, a rate that it does not have, a band outside the
 * receiver's or fewer than 8 samples a symbol; MW_NOMEM. */
MW_NODISCARD mw_status mw_foreign_new(const mw_foreign_config *config, mw_foreign_sink sink,
                                      void *user, mw_foreign **out_foreign);
void mw_foreign_free(mw_foreign *f);
/* Samples of history that it needs. */
size_t mw_foreign_history(const mw_foreign *f);
/* Works off what was appended to the history; `all`: the segment ends here. */
void mw_foreign_run(mw_foreign *f, const mw_history *h, bool all);
void mw_foreign_restart(mw_foreign *f);
/* Sample before which no burst that is still to be reported begins. */
double mw_foreign_horizon(const mw_foreign *f);
/* Samples of the slowest symbol. */
double mw_foreign_slowest(const mw_foreign *f);
mw_foreign_stats mw_foreign_stats_of(const mw_foreign *f);
size_t mw_foreign_memory(const mw_foreign *f);

/* Es/N0 (a ratio) and amplitude of a burst, given the bits that were sent. */
void mw_foreign_measure(const mw_foreign_burst *b, const uint8_t *bits, size_t n, double *out_es_n0,
                        double *out_amplitude);

#endif
