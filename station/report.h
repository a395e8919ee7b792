/* SPDX-License-Identifier: Apache-2.0
 *
 * Tells the platform how the station is (PUT /v1/station/status) and, while an operator looks, what
 * its band looks like (PUT /v1/station/picture), over the route and with the token of the uplinks.
 *
 * Uplinks go first: nothing is told while a batch is under way or the platform is not reached, one
 * request at a time, and a picture that is under way is broken off when a frame comes. Nothing waits:
 * what could not be told is made anew the next time. A door that refuses (an older platform has
 * none) is logged once and left alone for an hour.
 */
#ifndef MW_STATION_REPORT_H
#define MW_STATION_REPORT_H

#include "station/page.h"
#include "station/transmit.h"

typedef struct mw_station_report mw_station_report;

/* status, health, panorama, routes and transmitter (NULL: none) are borrowed. The settings
 * platform.status_every, platform.picture_every and platform.picture_max are read from status.
 * *out_report is NULL when status_every is 0. MW_NOMEM. */
MW_NODISCARD mw_status mw_station_report_new(mw_loop *loop, const mw_station_page *page,
                                             mw_station_transmitter *transmitter,
                                             mw_station_report **out_report);
/* A frame wants out: a picture that is under way ends. May be given NULL. */
void mw_station_report_yield(mw_station_report *r);
/* Another route is used from now on. May be given NULL. */
void mw_station_report_rerouted(mw_station_report *r);
void mw_station_report_free(mw_station_report *r);

#endif
