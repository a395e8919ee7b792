/* SPDX-License-Identifier: Apache-2.0
 *
 * A candidate: a sync word that was found, verified by re-extraction, waiting for its frame to be
 * complete. And what is made of it: symbols, soft bits, payload.
 */
#ifndef MW_RADIO_CANDIDATE_H
#define MW_RADIO_CANDIDATE_H

#include "protocols/unb/unb.h"
#include "radio/detect.h"
#include "radio/extract.h"
#include "radio/polar_list.h"
#include "radio/track.h"

typedef struct mw_candidate {
    mw_carrier carrier; /* at the middle of the sync word */
    double centre;      /* sample of the segment: centre of symbol 0 */
    float score;        /* coherent share of the sync word's energy */
    float amplitude;    /* of the sync word */
    uint8_t rate;       /* mw_unb_rate */
    uint8_t next_size;  /* mw_unb_size to be tried next */
    uint8_t retries;    /* tries after something else was taken out of the history */
} mw_candidate;

/* One decoded frame, times still in samples of the segment. */
typedef struct mw_candidate_frame {
    uint8_t payload[MW_UNB_PAYLOAD_MAX];
    mw_unb_size size;
    double centre;    /* of symbol 0 */
    double hz, drift; /* carrier at the middle of the sync word */
    double amplitude;
    double es_n0; /* ratio */
    unsigned symbol_errors;
    double correlation; /* of the re-encoded frame with the soft bits, 0..1 */
} mw_candidate_frame;

/* Working memory of one symbol rate, allocated once. */
typedef struct mw_candidate_tools {
    mw_extract extract;
    double rate, baud, drift_max;
    mw_track_known sync;
    mw_track_known frame[MW_UNB_SIZE_COUNT];
    float y[2 * MW_TRACK_SYMBOLS_MAX];
    float rest[2 * MW_TRACK_SYMBOLS_MAX];
    mw_track_phase phase;
    mw_polar_list *decoder;
    /* Told of each plausible size that could not be decoded; its soft bits are in phase.llr. */
    void (*undecoded)(void *user, const mw_candidate *c, const mw_candidate_frame *f);
    void *user;
    uint64_t attempts; /* frames given to the list decoder */
    uint64_t retries;  /* of these, tried again with a longer list */
} mw_candidate_tools;

MW_NODISCARD mw_status mw_candidate_tools_init(mw_candidate_tools *t, double rate, double baud,
                                               double drift_max);
void mw_candidate_tools_fini(mw_candidate_tools *t);

/* Re-extracts the sync word of a hit, whose last symbol is centred at `last`, and refines time,
 * frequency and drift. Returns false when the coherent share is that of noise. */
bool mw_candidate_verify(mw_candidate_tools *t, const mw_history *h, const mw_detect_hit *hit,
                         double last, mw_candidate *out);

typedef enum mw_candidate_verdict {
    MW_CANDIDATE_FRAME,   /* decoded */
    MW_CANDIDATE_WAIT,    /* not of this size: try the next when its end has come */
    MW_CANDIDATE_ABANDON, /* nothing there */
} mw_candidate_verdict;

/* Tries the candidate's next size; the history must reach past its end. */
mw_candidate_verdict mw_candidate_decode(mw_candidate_tools *t, const mw_history *h,
                                         mw_candidate *c, mw_candidate_frame *out);
/* Sample at which a frame of `symbols` symbols ends, pulse included. */
double mw_candidate_end(const mw_candidate *c, double sps, unsigned symbols);

#endif
