/* SPDX-License-Identifier: Apache-2.0
 *
 * The ways from a station to its platform, in the order of preference: Ethernet before LTE before
 * Wi-Fi, or whatever the settings name. Each is an interface or source address, and may have
 * another address of the platform.
 *
 *   platform.routes = ethernet=eth0 lte=wwan0 wifi=wlan0@https://meters-2.example
 *
 * Every route is probed with GET /healthz. Two failures in a row take it out, three successes in a
 * row bring it back, so that a flapping link does not carry frames. The first route that is up is
 * used; when none is, they are tried in turn. What a request met counts like a probe.
 */
#ifndef MW_STATION_ROUTES_H
#define MW_STATION_ROUTES_H

#include "runtime/http_client.h"
#include "runtime/metrics.h"
#include "station/config.h"

#define MW_ROUTES_MAX  8
#define MW_ROUTES_FALL 2
#define MW_ROUTES_RISE 3

typedef struct mw_routes mw_routes;

/* changed: called from the loop when another route is used from now on. MW_SYNTAX for a list that
 * cannot be understood; error (160 bytes) in words. */
MW_NODISCARD mw_status mw_routes_new(const mw_station_config *config, mw_loop *loop,
                                     mw_metrics *metrics, void (*changed)(void *context),
                                     void *context, mw_routes **out_routes, char error[160]);
void mw_routes_free(mw_routes *r);
/* Begins to probe. */
void mw_routes_start(mw_routes *r);
/* The route in use, its client, and the platform's address on it without a slash at the end. */
size_t mw_routes_active(const mw_routes *r);
mw_http_client *mw_routes_client(const mw_routes *r);
const char *mw_routes_url(const mw_routes *r);
/* What a request over a route met: whether the platform was reached at all. */
void mw_routes_report(mw_routes *r, size_t route, bool reached);

typedef struct mw_route_view {
    const char *name;
    const char *interface; /* "" = the system's choice */
    const char *url;
    bool up;
    bool active;
    uint64_t probes, failures; /* since the start */
    mw_mono last_reached;      /* ns = 0: never */
    mw_dur latency;            /* of the last probe that succeeded */
} mw_route_view;
size_t mw_routes_count(const mw_routes *r);
mw_route_view mw_routes_view(const mw_routes *r, size_t i);

#endif
