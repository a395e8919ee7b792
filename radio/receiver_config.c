/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "protocols/unb/unb.h"
#include "radio/receiver.h"

mw_receiver_config mw_receiver_config_default(mw_freq centre) {
    return (mw_receiver_config){
        .rate_mhz = UINT64_C(250000000),
        .centre = centre,
        .low = {centre.mhz - 100000000},
        .high = {centre.mhz + 100000000},
        .rates = MW_RECEIVER_R0 | MW_RECEIVER_R1,
        .full_scale_dbm = -40,
        .cancel = true,
    };
}

static bool config_valid(const mw_receiver_config *c) {
    if (c->rate_mhz == 0 || c->rate_mhz > MW_SAMPLES_RATE_MHZ_MAX)
        return false;
    int64_t edge = (int64_t)(c->rate_mhz * 49 / 100);
    if (c->low.mhz >= c->high.mhz || c->low.mhz < c->centre.mhz - edge ||
        c->high.mhz > c->centre.mhz + edge)
        return false;
    if ((c->rates == 0 && c->network_count == 0) || c->rates >= 1u << MW_UNB_RATE_COUNT ||
        !isfinite(c->full_scale_dbm))
        return false;
    for (unsigned i = 0; i < MW_UNB_RATE_COUNT; i++) {
        /* fewer than 8 samples a symbol would leave the matched filter no shape */
        if ((c->rates & 1u << i) == 0)
            continue;
        if (c->rate_mhz < UINT64_C(8000) * mw_unb_rate_bd((mw_unb_rate)i))
            return false;
        if (c->narrow[i].high.mhz != 0 &&
            (c->narrow[i].low.mhz >= c->narrow[i].high.mhz || c->narrow[i].low.mhz < c->low.mhz ||
             c->narrow[i].high.mhz > c->high.mhz))
            return false;
    }
    if (!(c->blank == 0 || (c->blank >= 2 && c->blank <= 100)))
        return false;
    return c->prefilter_pfa > 0 && c->prefilter_pfa <= 0.1 && c->sync_pfa > 0 &&
           c->sync_pfa <= 0.01 && c->history_frames >= 1.1 && c->history_frames <= 3 &&
           c->frame_correlation_min >= 0 && c->frame_correlation_min <= 1;
}

mw_status mw_receiver_config_complete(mw_receiver_config *io_config) {
    mw_receiver_config c = *io_config;
    if (c.prefilter_pfa == 0)
        c.prefilter_pfa = 6e-3;
    if (c.sync_pfa == 0)
        c.sync_pfa = 3e-6;
    if (c.frame_correlation_min == 0)
        c.frame_correlation_min = 0.65;
    if (c.history_frames == 0)
        c.history_frames = c.cancel ? 2 : 1.1;
    if (!config_valid(&c))
        return MW_RANGE;
    *io_config = c;
    return MW_OK;
}
