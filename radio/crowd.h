/* SPDX-License-Identifier: Apache-2.0
 *
 * Successive interference cancellation: what happens after a frame was decoded.
 *
 *   decoded frame -> taken out of the history (cancel) -> candidates that failed under it are tried
 *   again (parked) -> its neighbourhood is searched once more (redetect) -> what is found goes the
 *   same way, strongest first
 *
 * A frame hides what shares its spectrum: within two symbol rates the specified pulse falls by 75
 * dB. Frames of other rates are looked for too where the frame is strong enough to have hidden
 * them.
 *
 * Bounds: a candidate is tried again at most MW_CROWD_RETRIES times, MW_CROWD_PARKED wait, each
 * decoded frame causes one search of its own length. Nothing is done while nothing is decoded.
 */
#ifndef MW_RADIO_CROWD_H
#define MW_RADIO_CROWD_H

#include "radio/workroom.h"

#define MW_CROWD_PARKED  512u
#define MW_CROWD_GONE    256u
#define MW_CROWD_RETRIES 8u

typedef struct mw_crowd_config {
    uint64_t rate_mhz;
    double low_hz, high_hz; /* carriers outside are not looked for */
    double prefilter_pfa, sync_pfa, drift_max;
    mw_candidate_tools *tools[MW_UNB_RATE_COUNT]; /* NULL: rate not in use */
    mw_workroom *room;                            /* where they come from */
} mw_crowd_config;

typedef struct mw_crowd_stats {
    uint64_t cancelled;   /* frames taken out */
    uint64_t searches;    /* second looks */
    uint64_t uncovered;   /* candidates that only a second look found */
    uint64_t retried;     /* candidates tried again */
    uint64_t parked_lost; /* given up because the table was full */
} mw_crowd_stats;

typedef struct mw_crowd mw_crowd;

/* Takes a candidate that is to be decoded (again). */
typedef void (*mw_crowd_add)(void *user, const mw_candidate *c);

MW_NODISCARD mw_status mw_crowd_new(const mw_crowd_config *config, mw_crowd **out_crowd);
void mw_crowd_free(mw_crowd *c);
size_t mw_crowd_memory(const mw_crowd *c);
/* Three of the counters, for statistics of the whole receiver; 0 when c is NULL. */
void mw_crowd_count(const mw_crowd *c, uint64_t *out_cancelled, uint64_t *out_uncovered,
                    uint64_t *out_retried);
/* Forgets everything: a new segment. */
void mw_crowd_restart(mw_crowd *c);

/* A candidate that could not be decoded: it gets another chance when something that overlaps it is
 * taken out. */
void mw_crowd_park(mw_crowd *c, const mw_history *h, const mw_candidate *failed);
/* Takes out a decoded frame and, with `look_again`, hands over what may now be heard. A frame that
 * had been heard before (what its first cancellation left) is only taken out. */
void mw_crowd_frame(mw_crowd *c, mw_history *h, uint8_t rate, const mw_candidate_frame *frame,
                    bool look_again, mw_crowd_add add, void *user);
/* Is this candidate the remainder of a frame that was taken out? */
bool mw_crowd_is_remainder(const mw_crowd *c, const mw_candidate *candidate);

#endif
