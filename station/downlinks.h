/* SPDX-License-Identifier: Apache-2.0
 *
 * Holds the platform's stream of downlinks open (GET /v1/downlinks) and gives its events to the
 * transmitter. Broken off, it is opened again after a pause that doubles up to platform.retry_max,
 * or after what Retry-After says.
 */
#ifndef MW_STATION_DOWNLINKS_H
#define MW_STATION_DOWNLINKS_H

#include "runtime/loop.h"
#include "station/routes.h"
#include "station/transmit.h"

typedef struct mw_station_downlinks mw_station_downlinks;

MW_NODISCARD mw_status mw_station_downlinks_new(const mw_station_config *config, mw_loop *loop,
                                                mw_station_transmitter *transmitter,
                                                mw_routes *routes, mw_metrics *metrics,
                                                mw_station_downlinks **out_downlinks);
/* Connects; called once. */
void mw_station_downlinks_start(mw_station_downlinks *d);
/* Another route is used from now on: connect anew over it. */
void mw_station_downlinks_rerouted(mw_station_downlinks *d);
void mw_station_downlinks_free(mw_station_downlinks *d);

#endif
