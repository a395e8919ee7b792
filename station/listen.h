/* SPDX-License-Identifier: Apache-2.0
 *
 * What the settings say about listening: which part of the samples, which symbol rates where.
 */
#ifndef MW_STATION_LISTEN_H
#define MW_STATION_LISTEN_H

#include "radio/band.h"
#include "station/config.h"

/* The receiver for samples of a rate and centre: radio.plan's uplink bands as far as the samples
 * hold them, or, without a plan, half_width and rates. MW_RANGE when nothing of the plan lies
 * within. */
MW_NODISCARD mw_status mw_station_band_config(const mw_station_config *c, uint64_t rate_mhz,
                                              mw_freq centre, mw_band_config *out_config);

#endif
