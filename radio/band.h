/* SPDX-License-Identifier: Apache-2.0
 *
 * The receiver of a whole band: blocks of samples of any width in, frames out, each once and in one
 * order.
 *
 *   push -> filter bank -> one mw_receiver per sub-band, on threads -> frames heard on both sides
 *   of a seam once -> sorted -> sink
 *
 * With radio.plan, receptions that no sub-band could decode are paired over the whole band (chase.h)
 * and what their sum gives is sorted in among the frames.
 *
 * Samples of up to MW_BAND_SINGLE_MHZ go to one mw_receiver without a bank or a thread, with
 * nothing added. Wider ones are worked off in slabs of about 1/16 s; while the threads work on one,
 * the caller fills the next, and the frames of a slab are emitted, by start and then frequency,
 * from within the push that completes the next slab (or a longer gap, or flush). Each sub-band
 * is worked on by one thread at a time and shares nothing with others, so neither the number of threads nor the
 * cutting of the stream into blocks changes any bit of the result.
 *
 * Sub-bands are about 62 kHz wide at 83 kS/s and overlap by 2 * MW_BAND_OVERLAP_HZ, at R2 by 2 *
 * MW_BAND_OVERLAP_R2_HZ: what is heard beyond a seam is taken out of this side's samples too, where
 * its skirts would hide slower frames. What holds
 * for mw_receiver (bridged gaps, safe index, faults) holds here too, with indices of the wide
 * stream.
 */
#ifndef MW_RADIO_BAND_H
#define MW_RADIO_BAND_H

#include "radio/receiver.h"

#define MW_BAND_RANGES_MAX    16u
#define MW_BAND_THREADS_MAX   64u
#define MW_BAND_SINGLE_MHZ    UINT64_C(600000000) /* 600 kS/s */
#define MW_BAND_OVERLAP_HZ    400
#define MW_BAND_OVERLAP_R2_HZ 4000

/* Where which symbol rates are looked for. */
typedef struct mw_band_range {
    mw_freq low, high;
    unsigned rates; /* MW_RECEIVER_R* */
} mw_band_range;

typedef struct mw_band_config {
    /* Rate and centre are those of the wide samples; low, high and rates count when ranges_n is 0;
     * the rest is handed on to every sub-band. */
    mw_receiver_config radio;
    mw_band_range ranges[MW_BAND_RANGES_MAX]; /* one rate's ranges may touch, not overlap */
    size_t ranges_n;
    unsigned threads; /* 0 or 1: everything in the caller's thread */
} mw_band_config;

typedef struct mw_band_stats {
    mw_receiver_stats radio;  /* samples, gaps and faults of the wide stream; the rest summed */
    uint64_t seam_duplicates; /* frames heard in two sub-bands, emitted once */
    unsigned sub_bands;       /* 1 without a bank */
    double sub_rate;          /* samples per second of a sub-band */
} mw_band_stats;

typedef struct mw_band mw_band;

/* 7 MHz around 866.5 MHz at 8 MS/s: R0 and R1 everywhere, R2 in 865-868.6 MHz; two threads. */
mw_band_config mw_band_config_europe(void);
/* MW_RANGE for a bad configuration, MW_NOMEM. */
MW_NODISCARD mw_status mw_band_new(const mw_band_config *config, mw_receiver_sink sink, void *user,
                                   mw_band **out_band);
void mw_band_free(mw_band *b);
/* As mw_receiver_push: MW_CONFLICT when rate or centre differ; the sink is called in this thread.
 */
MW_NODISCARD mw_status mw_band_push(mw_band *b, const mw_samples_block *block);
void mw_band_flush(mw_band *b);
uint64_t mw_band_safe_index(const mw_band *b);
/* Samples, gaps, jumps and faults of the wide stream, and what is known of copies that were added,
 * without waiting for anything. */
const mw_receiver_stats *mw_band_input_of(mw_band *b);
/* Waits for the slab under way. */
mw_band_stats mw_band_stats_of(mw_band *b);
/* Bytes allocated, but for what the FFT library keeps for its plans. */
size_t mw_band_memory(const mw_band *b);

#endif
