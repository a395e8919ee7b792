/* SPDX-License-Identifier: Apache-2.0
 *
 * What an operator's monitoring asks a station: GET /healthz and GET /metrics, on loopback.
 *
 * /healthz answers 200 {"status":"ok",...} while frames can be received and stored, also when the
 * platform is away: that is what the spool is for. 503 {"status":"blocked"} when the spool is full.
 */
#ifndef MW_STATION_STATUS_H
#define MW_STATION_STATUS_H

#include "runtime/http_server.h"
#include "station/receive.h"
#include "station/sender.h"

typedef struct mw_station_status {
    const mw_station_config *config;
    mw_metrics *metrics;
    mw_station_store *store;
    const mw_station_source *source;
    const mw_station_receiver *receiver;
    mw_station_timing *timing;
    const mw_station_sender *sender;
} mw_station_status;

/* The struct is borrowed and must outlive the server. */
MW_NODISCARD mw_status mw_station_status_serve(mw_http_server *server, mw_station_status *status);

#endif
