/* SPDX-License-Identifier: Apache-2.0
 *
 * What stations tell of themselves, and what operators are shown of it.
 */
#ifndef MW_PLATFORM_API_NETWORK_H
#define MW_PLATFORM_API_NETWORK_H

#include "platform/api/internal.h"

enum {
    MW_API_PICTURE_WANTED_S = 150, /* after a look a station is asked for pictures this long */
    MW_API_PICTURE_MAX = 512 * 1024,
    MW_API_STATION_STATUS_MAX = 8192,
};

/* The members of a station that it told itself, inside an open object. */
void mw_api_station_put(mw_json *j, mw_api *api, int64_t tenant, const char *id);
void mw_api_stations_free(mw_api *api);

#endif
