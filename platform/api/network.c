/* SPDX-License-Identifier: Apache-2.0
 *
 * The stations as an operator sees them. What a station tells of itself - load, clock, spool, a
 * picture of the band - is of the moment: it is kept in memory, not in the journal, and gone after a
 * restart until the station's next word a minute later.
 */
#include "platform/api/network.h"

#include <stdlib.h>
#include <string.h>

#include "platform/api/fleet_keep.h"
#include "runtime/json_read.h"

struct mw_api_station {
    int64_t tenant;
    char id[MW_STORE_ID_MAX];
    mw_utc told_at; /* by the platform's clock */
    char *status;   /* JSON object */
    size_t status_n;
    uint8_t *picture; /* PNG */
    size_t picture_n;
    mw_utc picture_at;
    mw_mono wanted_until; /* somebody looks at the picture */
};

void mw_api_stations_free(mw_api *api) {
    for (size_t i = 0; i < api->stations_n; i++) {
        free(api->stations[i]->status);
        free(api->stations[i]->picture);
        free(api->stations[i]);
    }
    api->stations_n = 0;
}

static mw_api_station *station_find(mw_api *api, int64_t tenant, const char *id) {
    for (size_t i = 0; i < api->stations_n; i++)
        if (api->stations[i]->tenant == tenant && strcmp(api->stations[i]->id, id) == 0)
            return api->stations[i];
    return NULL;
}

static mw_api_station *station_take(mw_api_call *call) {
    mw_api *api = call->api;
    mw_api_station *s = station_find(api, call->tenant, call->sender.id);
    if (s != NULL || api->stations_n == MW_API_STATIONS_MAX)
        return s;
    s = calloc(1, sizeof *s);
    if (s == NULL)
        return NULL;
    s->tenant = call->tenant;
    mw_bytes_copy(s->id, call->sender.id, sizeof s->id);
    s->told_at = s->picture_at = MW_UTC_NONE;
    api->stations[api->stations_n++] = s;
    return s;
}

/* ---- from stations ---- */

void mw_api_station_status_put(mw_api_call *call) {
    mw_slice body = mw_http_body(call->http);
    json_t *root = NULL;
    mw_json_error error = {"the body is malformed"};
    mw_json_limits limits = {call->row->body_max, 6};
    mw_status s = mw_json_parse(body, limits, &root, &error);
    char *text = s == MW_OK && json_is_object(root) ? json_dumps(root, JSON_COMPACT) : NULL;
    json_decref(root);
    if (text == NULL) {
        mw_api_invalid(call, error.text);
        return;
    }
    mw_api_station *station = station_take(call);
    if (station == NULL) {
        free(text);
        mw_api_fail(call, MW_NOMEM);
        return;
    }
    free(station->status);
    station->status = text;
    station->status_n = strlen(text);
    station->told_at = mw_loop_utc(call->api->o.loop);
    bool wanted = mw_mono_since(station->wanted_until, mw_loop_mono(call->api->o.loop)).ns > 0;
    mw_http_reply_json(
        call->http, 200,
        mw_slice_of_str(wanted ? "{\"picture_wanted\":true}" : "{\"picture_wanted\":false}"));
}

void mw_api_station_picture_put(mw_api_call *call) {
    static const uint8_t png[] = {0x89, 'P', 'N', 'G', 0x0D, 0x0A, 0x1A, 0x0A};
    mw_slice body = mw_http_body(call->http);
    if (body.n < sizeof png || memcmp(body.p, png, sizeof png) != 0) {
        mw_api_invalid(call, "the body must be a PNG picture");
        return;
    }
    mw_api_station *station = station_take(call);
    uint8_t *copy = station != NULL ? malloc(body.n) : NULL;
    if (copy == NULL) {
        mw_api_fail(call, MW_NOMEM);
        return;
    }
    memcpy(copy, body.p, body.n);
    free(station->picture);
    station->picture = copy;
    station->picture_n = body.n;
    station->picture_at = mw_loop_utc(call->api->o.loop);
    mw_http_reply_empty(call->http, 204);
}

/* ---- to operators ---- */

void mw_api_station_put(mw_json *j, mw_api *api, int64_t tenant, const char *id) {
    const mw_api_station *s = station_find(api, tenant, id);
    mw_json_put_utc(j, "told_at", s != NULL ? s->told_at : MW_UTC_NONE);
    mw_json_put_utc(j, "picture_at", s != NULL ? s->picture_at : MW_UTC_NONE);
    mw_json_key(j, "status");
    if (s != NULL && s->status != NULL)
        mw_json_raw(j, (mw_slice){(const uint8_t *)s->status, s->status_n});
    else
        mw_json_null(j);
}

void mw_api_station_picture(mw_api_call *call) {
    mw_api_station *s = station_find(call->api, call->tenant, mw_http_param(call->http, "station"));
    if (s != NULL)
        s->wanted_until =
            mw_mono_add(mw_loop_mono(call->api->o.loop), mw_dur_s(MW_API_PICTURE_WANTED_S));
    if (s == NULL || s->picture == NULL) {
        mw_http_reply_problem(call->http, 404, "NOT_FOUND", "there is no picture yet");
        return;
    }
    mw_http_reply reply = {.status = 200,
                           .content_type = "image/png",
                           .body = {s->picture, s->picture_n},
                           .headers = {{"Cache-Control", "no-store"}}};
    mw_http_reply_send(call->http, &reply);
}

void mw_api_coverage(mw_api_call *call) {
    const mw_fleet *fleet = NULL;
    mw_fleet_coverage c;
    mw_status s = mw_fleets_get(call->api->fleets, call->tenant, &fleet);
    if (s != MW_OK) {
        mw_api_fail(call, s);
        return;
    }
    mw_fleet_cover(fleet, call->area, &c);
    mw_buffer b;
    mw_json j = mw_api_object_begin(&b, 64 * 1024);
    mw_json_put_int(&j, "days", MW_FLEET_HEARD_DAYS);
    mw_json_put_int(&j, "meters", c.meters);
    mw_json_put_int(&j, "several", c.several);
    mw_json_put_int(&j, "single", c.single);
    mw_json_put_int(&j, "none", c.none);
    mw_json_put_array(&j, "stations");
    for (unsigned i = 0; mw_fleet_sender(fleet, i) != NULL; i++) {
        mw_json_object_begin(&j);
        mw_json_put_text(&j, "id", mw_fleet_sender(fleet, i));
        mw_json_put_int(&j, "hears", c.hears[i]);
        mw_json_put_int(&j, "alone", c.alone[i]);
        mw_json_object_end(&j);
    }
    mw_json_array_end(&j);
    mw_api_object_send(call, 200, &j, &b);
}

/* ---- which stations hear a meter ---- */

static mw_status put_heard(void *ctx, const mw_store_heard_row *h) {
    mw_json *j = ctx;
    mw_json_object_begin(j);
    mw_json_put_text(j, "station", h->sender);
    mw_json_put_utc(j, "last", h->last);
    mw_json_put_int(j, "level_cdbm", h->level_cdbm);
    mw_json_put_int(j, "snr_cdb", h->snr_cdb);
    mw_json_object_end(j);
    return MW_OK;
}

void mw_api_meter_heard(mw_api_call *call) {
    mw_buffer b;
    mw_json j = mw_api_object_begin(&b, 64 * 1024);
    mw_json_put_array(&j, "items");
    mw_status s = mw_store_heard(call->api->o.store, call->tenant, call->meter.device.device,
                                 mw_utc_of_s(0), put_heard, &j);
    mw_json_array_end(&j);
    mw_json_object_end(&j);
    if (s == MW_OK) {
        mw_api_send_json(call, 200, &j, &b);
        return;
    }
    mw_buffer_fini(&b);
    mw_api_fail(call, s);
}
