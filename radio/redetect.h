/* SPDX-License-Identifier: Apache-2.0
 *
 * A second look: the detector run again over a narrow stretch of the spectrum and a past stretch of
 * time, after something was taken out of the history there.
 *
 *   history -> mixed to the middle, low-pass, about 20 samples a symbol -> mw_detect
 *
 * The window is +-MW_REDETECT_RATES symbol rates wide: a frame's pulse hides nothing beyond two.
 */
#ifndef MW_RADIO_REDETECT_H
#define MW_RADIO_REDETECT_H

#include "protocols/unb/pulse.h"
#include "radio/detect.h"

#define MW_REDETECT_RATES 4.0

typedef struct mw_redetect mw_redetect;

/* One sync word found: where its last symbol is centred, in samples of the history, and hit.hz
 * relative to the history's centre (hit.quarter means nothing). */
typedef struct mw_redetect_hit {
    mw_detect_hit hit;
    double last;
} mw_redetect_hit;

typedef void (*mw_redetect_sink)(void *user, const mw_redetect_hit *hit);

typedef struct mw_redetect_config {
    uint64_t rate_mhz;
    unsigned baud;
    double sync_pfa, prefilter_pfa, drift_max;
    mw_detect_desk *desk; /* shared; NULL: its own */
} mw_redetect_config;

MW_NODISCARD mw_status mw_redetect_new(const mw_redetect_config *config, mw_redetect **out);
void mw_redetect_free(mw_redetect *r);
size_t mw_redetect_memory(const mw_redetect *r);
/* Looks for sync words whose symbols lie within samples [from, to) and whose carrier is within the
 * window about hz. */
void mw_redetect_run(mw_redetect *r, const mw_history *h, double hz, int64_t from, int64_t to,
                     mw_redetect_sink sink, void *user);

#endif
