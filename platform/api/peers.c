/* SPDX-License-Identifier: Apache-2.0
 *
 * A home beside homes like it. What is told of the others: how many they are and three amounts a day
 * (a quarter use less, half, three quarters), rounded to two digits. Nothing is told of fewer homes
 * than the tenant's setting peers.minimum (never below 5), because a small group gives single homes
 * away; and a home that reports too little to be compared is left out.
 */
#include <stdlib.h>
#include <string.h>

#include "platform/api/internal.h"

#define DAYS_LOOKED 31 /* days looked at, spread over a longer span */

typedef struct group {
    int64_t asked; /* days */
    bool has_own;
    int64_t own;
    int64_t per_day[MW_STORE_PEERS_MAX];
    size_t n;
} group;

static mw_status take_peer(void *ctx, const mw_store_peer *p) {
    group *g = ctx;
    if (p->days * 5 < g->asked * 4 || p->sum < 0)
        return MW_OK;
    if (p->own) {
        g->has_own = true;
        g->own = p->sum / p->days;
    } else if (p->sum > 0 && g->n < MW_STORE_PEERS_MAX) {
        g->per_day[g->n++] = p->sum / p->days; /* an empty home is not like one that is lived in */
    }
    return MW_OK;
}

static int ascending(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* To two leading digits. */
static int64_t rounded(int64_t v) {
    int64_t unit = 1;
    while (v / unit >= 100)
        unit *= 10;
    return (v + unit / 2) / unit * unit;
}

static void put_group(mw_json *j, group *g, int64_t minimum) {
    const char *why = !g->has_own ? "own_incomplete" : (int64_t)g->n < minimum ? "too_few" : NULL;
    mw_json_put_text(j, "unavailable", why);
    mw_json_put_int(j, "minimum", minimum);
    mw_json_key(j, "own_per_day");
    g->has_own ? mw_json_int(j, g->own) : mw_json_null(j);
    if (why != NULL) {
        mw_json_put_null(j, "homes");
        return;
    }
    qsort(g->per_day, g->n, sizeof g->per_day[0], ascending);
    mw_json_put_object(j, "homes");
    mw_json_put_int(j, "count", (int64_t)(g->n / 5 * 5)); /* in fives */
    mw_json_put_int(j, "low_per_day", rounded(g->per_day[g->n / 4]));
    mw_json_put_int(j, "median_per_day", rounded(g->per_day[g->n / 2]));
    mw_json_put_int(j, "high_per_day", rounded(g->per_day[g->n - 1 - g->n / 4]));
    mw_json_object_end(j);
}

void mw_api_peers_read(mw_api_call *call) {
    static group g; /* the API lives in one thread */
    int64_t from = 0;
    int64_t to = 0;
    if (!mw_api_date(call, "from", &from) || !mw_api_date(call, "to", &to))
        return;
    if (from >= to || to - from > 3660) {
        mw_api_invalid(call, "from must be before to, and the span at most ten years");
        return;
    }
    int64_t today = mw_api_day_of(mw_loop_utc(call->api->o.loop));
    if (to > today)
        to = today; /* today is not whole */
    memset(&g, 0, sizeof g);
    int64_t stride = (to - from + DAYS_LOOKED - 1) / DAYS_LOOKED;
    mw_status s = MW_OK;
    bool on = mw_api_setting(call->api, call->tenant, "peers.enabled") != 0;
    if (on && from < to) {
        g.asked = (to - from + stride - 1) / stride;
        s = mw_store_peers(call->api->o.store, call->tenant, call->meter.channel.channel, from, to,
                           stride, take_peer, &g);
    }
    if (s != MW_OK) {
        mw_api_fail(call, s);
        return;
    }
    mw_buffer b;
    mw_json j = mw_api_object_begin(&b, 4096);
    mw_json_put_text(&j, "unit", mw_unit_info_of(call->meter.channel.unit)->symbol);
    mw_json_put_int(&j, "scale", call->meter.channel.scale);
    put_group(&j, &g, mw_api_setting(call->api, call->tenant, "peers.minimum"));
    mw_api_object_send(call, 200, &j, &b);
}
