/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/api/area.h"

#include <stdlib.h>

#include "platform/api/fleet_keep.h"

mw_status mw_api_roster_make(mw_api_call *call, mw_api_roster *out_roster) {
    const mw_fleet *fleet = NULL;
    *out_roster = (mw_api_roster){.limited = call->area != NULL};
    if (call->area == NULL)
        return MW_OK;
    MW_TRY(mw_fleets_get(call->api->fleets, call->tenant, &fleet));
    return mw_fleet_channels(fleet, call->area, &out_roster->channel, &out_roster->n);
}

void mw_api_roster_free(mw_api_roster *r) {
    free(r->channel);
    *r = (mw_api_roster){.limited = true};
}

static int compare(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

bool mw_api_roster_has(const mw_api_roster *r, int64_t channel) {
    return !r->limited ||
           (r->n > 0 && bsearch(&channel, r->channel, r->n, sizeof channel, compare) != NULL);
}

bool mw_api_in_area(const mw_api_call *call, const char *usage_point) {
    bool holds = false;
    if (call->area == NULL)
        return true;
    return mw_store_area_holds(call->api->o.store, call->tenant, call->area, usage_point,
                               mw_loop_utc(call->api->o.loop), &holds) == MW_OK &&
           holds;
}

bool mw_api_channel_in_area(const mw_api_call *call, int64_t channel) {
    mw_store_meter m;
    if (call->area == NULL)
        return true;
    return mw_store_meter_of_channel(call->api->o.store, call->tenant, channel, &m) == MW_OK &&
           mw_api_in_area(call, m.usage_point.id);
}

typedef struct channels {
    const mw_api_call *call;
    bool in;
} channels;

static mw_status channel_look(void *ctx, const mw_store_channel *row) {
    channels *c = ctx;
    c->in = c->in || mw_api_channel_in_area(c->call, row->channel);
    return MW_OK;
}

bool mw_api_device_in_area(const mw_api_call *call, int64_t device) {
    channels c = {.call = call, .in = call->area == NULL};
    if (c.in)
        return true;
    return mw_store_channels_of(call->api->o.store, call->tenant, device, channel_look, &c) ==
               MW_OK &&
           c.in;
}

bool mw_api_beyond_area_check(mw_api_call *call) {
    if (call->area == NULL)
        return true;
    mw_http_reply_problem(call->http, 403, "AREA",
                          "your account is limited to an area; this concerns all of them");
    return false;
}
