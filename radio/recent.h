/* SPDX-License-Identifier: Apache-2.0
 *
 * The last frames of a segment: a frame that is decoded again beside itself is emitted once.
 */
#ifndef MW_RADIO_RECENT_H
#define MW_RADIO_RECENT_H

#include "radio/candidate.h"

#define MW_RECENT_MAX 64u

typedef struct mw_recent {
    struct {
        double centre;
        mw_unb_rate rate;
        mw_unb_size size;
        uint8_t payload[MW_UNB_PAYLOAD_MAX];
    } frame[MW_RECENT_MAX];
    size_t count; /* ever added; 0 forgets all */
} mw_recent;

/* Was this frame seen within `samples` of its instant? If not, remembers it. */
bool mw_recent_seen(mw_recent *r, mw_unb_rate rate, const mw_candidate_frame *f, double samples);

#endif
