/* SPDX-License-Identifier: Apache-2.0
 *
 * The station's own status page, read-only, for whoever stands beside it or reaches its network:
 *
 *   GET /               HTML, reloads itself every ten seconds; no script
 *   GET /style.css
 *   GET /waterfall.png  the band over the last six minutes, decoded frames marked
 *   GET /status         the same as JSON
 *
 * All four need the token of http.page_token_file, as a bearer or as the password of HTTP Basic (any
 * user name). Without that setting they do not exist.
 */
#ifndef MW_STATION_PAGE_H
#define MW_STATION_PAGE_H

#include "station/health.h"
#include "station/panorama.h"
#include "station/status.h"

typedef struct mw_station_page {
    const mw_station_status *status;
    const mw_health *health;
    const mw_selftest *selftest;
    mw_panorama *panorama;
    const mw_routes *routes;
    char token[256];
    mw_panorama_view view; /* scratch */
} mw_station_page;

/* Reads the token; nothing is served when the setting is empty. The page is borrowed. MW_FORBIDDEN
 * and what mw_file_read_secret says of the token file. */
MW_NODISCARD mw_status mw_station_page_serve(mw_http_server *server, mw_station_page *page);

/* Content-Security-Policy of the station's replies. */
#define MW_STATION_CSP                                                                             \
    "default-src 'none'; img-src 'self'; style-src 'self'; base-uri 'none'; form-action 'none'; "  \
    "frame-ancestors 'none'"

#endif
