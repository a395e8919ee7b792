/* SPDX-License-Identifier: Apache-2.0
 *
 * How a band is cut into sub-bands, and these into parts of the work.
 */
#ifndef MW_RADIO_BAND_PLAN_H
#define MW_RADIO_BAND_PLAN_H

#include "radio/band.h"
#include "radio/bank.h"

/* Of the work of so many threads: about 12 MB of working memory each. */
#define MW_BAND_PARTS(threads) (2 * (threads) + 4)

typedef struct mw_band_sub_plan {
    mw_receiver_config radio; /* of its receiver */
    unsigned channel;         /* of the bank */
    unsigned part;            /* of the work, below mw_band_plan.parts */
} mw_band_sub_plan;

typedef struct mw_band_plan {
    unsigned channels; /* of the bank; 0: no bank, one sub-band */
    double spacing_hz;
    size_t subs;
    unsigned parts; /* each done by one thread at a time; 1 without threads */
    mw_band_sub_plan sub[MW_BANK_CHANNELS_MAX + 1];
} mw_band_plan;

/* MW_RANGE when a range lies outside what the samples hold (0.49 of their rate on both sides), is
 * empty, or asks for rates that do not exist; when nothing is left to listen for. */
MW_NODISCARD mw_status mw_band_plan_make(const mw_band_config *config, mw_band_plan *out_plan);

#endif
