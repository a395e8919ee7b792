/* SPDX-License-Identifier: Apache-2.0 */
#include "radio/recent.h"

#include <math.h>
#include <string.h>

bool mw_recent_seen(mw_recent *r, mw_unb_rate rate, const mw_candidate_frame *f, double samples) {
    size_t n = r->count < MW_RECENT_MAX ? r->count : MW_RECENT_MAX;
    size_t bytes = mw_unb_layout_of(f->size)->payload_bytes;
    for (size_t i = 0; i < n; i++) {
        if (r->frame[i].rate == rate && r->frame[i].size == f->size &&
            memcmp(r->frame[i].payload, f->payload, bytes) == 0 &&
            fabs(r->frame[i].centre - f->centre) < samples)
            return true;
    }
    size_t at = r->count++ % MW_RECENT_MAX;
    r->frame[at].centre = f->centre;
    r->frame[at].rate = rate;
    r->frame[at].size = f->size;
    memcpy(r->frame[at].payload, f->payload, bytes);
    return false;
}
