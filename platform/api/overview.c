/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "platform/api/fleet_keep.h"
#include "platform/api/network.h"

static void put_station_members(mw_json *j, const mw_store_sender *s) {
    char epoch[17];
    static const char digits[] = "0123456789abcdef";
    for (int i = 0; i < 16; i++)
        epoch[i] = digits[s->epoch >> (60 - 4 * i) & 15];
    epoch[16] = 0;
    mw_json_put_text(j, "id", s->id);
    mw_json_put_utc(j, "last_contact", s->last_contact);
    mw_json_put_int(j, "frames_24h", s->frames_24h);
    mw_json_put_text(j, "epoch", s->epoch != 0 ? epoch : NULL);
}

static mw_status put_station(void *ctx, const mw_store_sender *s) {
    mw_json *j = ctx;
    if (!mw_store_sender_is_station(s))
        return MW_OK;
    mw_json_object_begin(j);
    put_station_members(j, s);
    mw_json_object_end(j);
    return MW_OK;
}

typedef struct stations {
    mw_json *json;
    mw_api_call *call;
} stations;

static mw_status put_station_whole(void *ctx, const mw_store_sender *s) {
    stations *l = ctx;
    if (!mw_store_sender_is_station(s))
        return MW_OK;
    mw_json_object_begin(l->json);
    put_station_members(l->json, s);
    mw_json_put_bool(l->json, "listens", mw_api_downlink_connected(l->call->api, s->sender));
    mw_api_station_put(l->json, l->call->api, l->call->tenant, s->id);
    mw_json_object_end(l->json);
    return MW_OK;
}

void mw_api_station_list(mw_api_call *call) {
    mw_api *api = call->api;
    mw_buffer b;
    mw_buffer_init(&b, 1024 * 1024);
    mw_json j = mw_json_of(&b);
    stations l = {&j, call};
    mw_json_object_begin(&j);
    mw_json_put_array(&j, "items");
    mw_status s = mw_store_senders_list(api->o.store, call->tenant, mw_loop_utc(api->o.loop),
                                        put_station_whole, &l);
    mw_json_array_end(&j);
    mw_json_object_end(&j);
    if (s == MW_OK) {
        mw_api_send_json(call, 200, &j, &b);
        return;
    }
    mw_buffer_fini(&b);
    mw_api_fail(call, s);
}

/* ---- what a consumer sees: counts of the own channels ---- */

#define MEDIA_MAX 8

typedef struct own_counts {
    mw_utc now;
    int64_t total;
    int64_t heard;
    char media[MEDIA_MAX][16];
    int64_t by_medium[MEDIA_MAX];
    size_t media_n;
    mw_store_meter last;
} own_counts;

static mw_status count_own(void *ctx, const mw_store_meter *m) {
    own_counts *c = ctx;
    c->total++;
    c->last = *m;
    if (!mw_utc_is_none(m->state.last_seen) &&
        mw_utc_since(c->now, m->state.last_seen).ns < 86400 * MW_NS_PER_S)
        c->heard++;
    size_t i = 0;
    while (i < c->media_n && strcmp(c->media[i], m->channel.medium) != 0)
        i++;
    if (i == c->media_n && i < MEDIA_MAX) {
        mw_bytes_copy(c->media[i], m->channel.medium, sizeof c->media[i]);
        c->media_n++;
    }
    if (i < MEDIA_MAX)
        c->by_medium[i]++;
    return MW_OK;
}

/* Counts by going through the meters, page by page; of an area at most OVERVIEW_PAGES. */
static mw_status count_all(mw_api *api, mw_store_meter_query *q, own_counts *c, int64_t *total) {
    enum { OVERVIEW_PAGES = 20 };
    char cursor[MW_STORE_CURSOR_MAX];
    for (int i = 0; i < OVERVIEW_PAGES; i++) {
        int64_t before = c->total;
        MW_TRY(mw_store_meters(api->o.store, q, count_own, c, total));
        if (c->total - before < MW_STORE_PAGE_MAX)
            return MW_OK;
        mw_store_meter_cursor(&c->last, MW_STORE_SORT_SERIAL, cursor);
        q->after = cursor;
    }
    return MW_OK;
}

static mw_status put_own_overview(mw_json *j, mw_api *api, int64_t tenant, const char *person,
                                  const char *area) {
    own_counts c = {.now = mw_loop_utc(api->o.loop)};
    mw_store_meter_query q = {
        .tenant = tenant, .person = person, .area = area, .now = c.now, .limit = MW_STORE_PAGE_MAX};
    int64_t total = 0;
    MW_TRY(count_all(api, &q, &c, &total));
    mw_json_object_begin(j);
    mw_api_put_clock(j, api);
    mw_json_put_object(j, "meters");
    mw_json_put_int(j, "total", total);
    mw_json_put_int(j, "heard_24h", c.heard);
    mw_json_put_object(j, "by_medium");
    for (size_t i = 0; i < c.media_n; i++)
        mw_json_put_int(j, c.media[i], c.by_medium[i]);
    mw_json_object_end(j);
    mw_json_object_end(j);
    mw_json_object_end(j);
    return MW_OK;
}

/* The counters that move while somebody looks. */
static mw_status take_count(void *ctx, const char *name, int64_t value) {
    mw_store_overview *o = ctx;
    if (strcmp(name, "uplinks.received") == 0)
        o->uplinks_received = value;
    else if (strcmp(name, "uplinks.duplicates") == 0)
        o->uplinks_duplicates = value;
    else if (strcmp(name, "uplinks.quarantined") == 0)
        o->uplinks_quarantined = value;
    return MW_OK;
}

/* Of a large fleet the sums over all meters are those of its last picture. */
static mw_status overview_of(mw_api *api, int64_t tenant, mw_utc now, mw_store_overview *o) {
    mw_status s = mw_fleets_overview(api->fleets, tenant, o);
    if (s == MW_OK)
        return mw_store_counts(api->o.store, tenant, take_count, o);
    if (s != MW_NOT_FOUND)
        return s;
    const mw_fleet *fleet = NULL;
    uint64_t began = uv_hrtime();
    MW_TRY(mw_store_overview_get(api->o.store, tenant, now, o));
    if (uv_hrtime() - began < UINT64_C(8000000))
        return MW_OK;
    s = mw_fleets_get(api->fleets, tenant, &fleet); /* for the next time */
    return s == MW_AGAIN ? MW_OK : s;
}

mw_status mw_api_put_overview(mw_json *j, mw_api *api, int64_t tenant, const char *person,
                              const char *area) {
    if (person != NULL || area != NULL)
        return put_own_overview(j, api, tenant, person, area);
    mw_utc now = mw_loop_utc(api->o.loop);
    mw_store_overview o;
    MW_TRY(overview_of(api, tenant, now, &o));
    mw_json_object_begin(j);
    mw_api_put_clock(j, api);
    mw_json_put_object(j, "meters");
    mw_json_put_int(j, "total", o.meters_total);
    mw_json_put_int(j, "heard_24h", o.heard_24h);
    mw_json_put_object(j, "by_medium");
    for (size_t i = 0; i < o.media; i++)
        mw_json_put_int(j, o.by_medium[i].medium, o.by_medium[i].count);
    mw_json_object_end(j);
    mw_json_object_end(j);
    mw_json_put_object(j, "uplinks");
    mw_json_put_int(j, "received", o.uplinks_received);
    mw_json_put_int(j, "duplicates", o.uplinks_duplicates);
    mw_json_put_int(j, "quarantined", o.uplinks_quarantined);
    mw_json_put_utc(j, "last_at", o.uplinks_last_at);
    mw_json_object_end(j);
    mw_json_put_array(j, "stations");
    MW_TRY(mw_store_senders_list(api->o.store, tenant, now, put_station, j));
    mw_json_array_end(j);
    mw_json_put_int(j, "readings_24h", o.readings_24h);
    mw_json_put_int(j, "missing_hours_24h", o.missing_hours_24h);
    mw_json_object_end(j);
    return MW_OK;
}

void mw_api_overview_read(mw_api_call *call) {
    mw_buffer b;
    mw_buffer_init(&b, 1024 * 1024);
    mw_json j = mw_json_of(&b);
    mw_status s = mw_api_put_overview(&j, call->api, call->tenant, call->person, call->area);
    if (s == MW_OK) {
        mw_api_send_json(call, 200, &j, &b);
        return;
    }
    mw_buffer_fini(&b);
    mw_api_fail(call, s);
}
