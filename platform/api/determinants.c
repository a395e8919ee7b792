/* SPDX-License-Identifier: Apache-2.0
 *
 * Billing determinants of a channel, and their snapshots. A snapshot closes its span: the final
 * layer keeps showing what the bill was made from, and what comes later becomes a correction.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/api/internal.h"
#include "platform/readings/determinants.h"

/* Tariff maps stand among the mappings under this prefix, which no mapping's name can have. */
#define TOU_PREFIX "tou/"

typedef struct request {
    int64_t from_day, to_day;
    char tariffs[MW_STORE_ID_MAX]; /* "" = one tariff */
    uint32_t demand_s;
    bool rolling;
    mw_utc from, to;
    const mw_zone *zone;
    const char *zone_name;
    bool has_tou;
    mw_tou tou;
} request;

/* ---- tariff maps ---- */

static mw_status tou_name(const char *name, char out[MW_STORE_ID_MAX]) {
    size_t n = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.");
    if (n == 0 || name[n] != 0 || n + sizeof TOU_PREFIX > MW_STORE_ID_MAX)
        return MW_SYNTAX;
    snprintf(out, MW_STORE_ID_MAX, TOU_PREFIX "%.*s", (int)n, name);
    return MW_OK;
}

void mw_api_tou_write(mw_api_call *call) {
    mw_store *store = call->api->o.store;
    mw_tou tou;
    mw_json_error error;
    mw_store_mapping row = {.at = mw_loop_utc(call->api->o.loop)};
    mw_slice body = mw_http_body(call->http);
    if (tou_name(mw_http_param(call->http, "name"), row.name) != MW_OK) {
        mw_api_invalid(call, "a name has up to 58 letters, digits, '-', '_' and '.'");
        return;
    }
    if (mw_tou_decode(body, &tou, &error) != MW_OK) {
        mw_api_invalid(call, error.text);
        return;
    }
    snprintf(row.who, sizeof row.who, "%s", call->user.login);
    mw_status s = mw_store_begin(store);
    if (s == MW_OK) {
        s = mw_store_mapping_put(store, call->tenant, &row, body);
        if (s == MW_OK)
            s = mw_api_audit(call, "tariff_map.put", row.name, "");
        s = mw_api_end(call, s);
    }
    if (s == MW_OK)
        mw_http_reply_empty(call->http, 204);
    else
        mw_api_fail(call, s);
}

static mw_status tou_load(mw_api_call *call, request *r) {
    char name[MW_STORE_ID_MAX];
    uint8_t room[MW_TOU_BYTES_MAX];
    size_t n = 0;
    mw_json_error error;
    MW_TRY(tou_name(r->tariffs, name));
    MW_TRY(mw_store_mapping_get(call->api->o.store, call->tenant, name, MW_SPAN_OF(room), &n));
    r->has_tou = true;
    return mw_tou_decode((mw_slice){room, n}, &r->tou, &error);
}

/* ---- the request ---- */

/* Zone, boundaries and tariff map; answers itself when something is wrong. */
static bool request_complete(mw_api_call *call, request *r) {
    if (r->from_day >= r->to_day || r->to_day - r->from_day > 400) {
        mw_api_invalid(call, "from must be before to, and the period at most 400 days");
        return false;
    }
    mw_status s = mw_api_zone_of(call->api, &call->meter, &r->zone, &r->zone_name);
    if (s != MW_OK) {
        mw_api_fail(call, s);
        return false;
    }
    r->from = mw_zone_day_start(r->zone, r->from_day);
    r->to = mw_zone_day_start(r->zone, r->to_day);
    if (r->tariffs[0] == 0 || tou_load(call, r) == MW_OK)
        return true;
    mw_api_invalid(call, "there is no tariff map of this name");
    return false;
}

static bool read_query(mw_api_call *call, request *r) {
    const char *tariffs = mw_http_query(call->http, "tariffs");
    const char *demand = mw_http_query(call->http, "demand");
    const char *rolling = mw_http_query(call->http, "rolling");
    *r = (request){.rolling = rolling != NULL && strcmp(rolling, "true") == 0};
    snprintf(r->tariffs, sizeof r->tariffs, "%s", tariffs != NULL ? tariffs : "");
    r->demand_s = demand != NULL ? (uint32_t)strtoul(demand, NULL, 10) : 0;
    return mw_api_date(call, "from", &r->from_day) && mw_api_date(call, "to", &r->to_day) &&
           request_complete(call, r);
}

/* {"from": date, "to": date, "tariffs": name?, "demand": seconds?, "rolling": bool?} */
static mw_status read_body(mw_api_call *call, request *r, mw_json_error *error) {
    static const char *const known[] = {"from", "to", "tariffs", "demand", "rolling", NULL};
    json_t *root = NULL;
    const char *from = "", *to = "", *tariffs = "";
    int64_t demand = 0;
    mw_json_limits limits = {.bytes_max = 4096, .depth_max = 2};
    *r = (request){0};
    MW_TRY(mw_json_parse(mw_http_body(call->http), limits, &root, error));
    mw_status s = mw_json_only(root, known, error);
    if (s == MW_OK)
        s = mw_json_get_text(root, "from", 10, &from, error);
    if (s == MW_OK)
        s = mw_json_get_text(root, "to", 10, &to, error);
    if (s == MW_OK &&
        mw_json_get_text(root, "tariffs", MW_STORE_ID_MAX - 1, &tariffs, error) != MW_NOT_FOUND)
        s = json_is_string(json_object_get(root, "tariffs")) ? MW_OK : MW_SYNTAX;
    if (s == MW_OK && json_object_get(root, "demand") != NULL)
        s = mw_json_get_int(root, "demand", 0, 3600, &demand, error);
    r->rolling = json_is_true(json_object_get(root, "rolling"));
    r->demand_s = (uint32_t)demand;
    snprintf(r->tariffs, sizeof r->tariffs, "%s", tariffs);
    if (s == MW_OK && (mw_api_parse_date(mw_slice_of_str(from), &r->from_day) != MW_OK ||
                       mw_api_parse_date(mw_slice_of_str(to), &r->to_day) != MW_OK)) {
        snprintf(error->text, sizeof error->text, "\"from\" and \"to\" must be dates");
        s = MW_SYNTAX;
    }
    json_decref(root);
    return s;
}

/* ---- the sums ---- */

static mw_status add_value(void *ctx, const mw_store_value *v) {
    mw_determinants_add(ctx, v->interval.start, v->interval.value, v->interval.quality);
    return MW_OK;
}

static mw_status determine(mw_api_call *call, const request *r, mw_layer layer,
                           mw_determinants *out) {
    mw_determinants_options o = {.tou = r->has_tou ? &r->tou : NULL,
                                 .zone = r->zone,
                                 .from = r->from,
                                 .to = r->to,
                                 .interval_s = call->meter.channel.grid_seconds,
                                 .demand_s = r->demand_s,
                                 .rolling = r->rolling};
    mw_determinants_sum sum;
    MW_TRY(mw_determinants_begin(&sum, &o));
    mw_store_values_query q = {.tenant = call->tenant,
                               .channel = call->meter.channel.channel,
                               .layer = layer,
                               .from = r->from,
                               .to = r->to,
                               .as_of = MW_UTC_NONE};
    MW_TRY(mw_store_values(call->api->o.store, &q, add_value, &sum));
    return mw_determinants_end(&sum, out);
}

static void put_tariffs(mw_json *j, const request *r, const mw_determinants *d) {
    size_t n = r->has_tou ? r->tou.tariffs : 1;
    mw_json_put_array(j, "tariffs");
    for (size_t i = 0; i < n; i++) {
        mw_json_object_begin(j);
        mw_json_put_uint(j, "tariff", i + 1);
        mw_json_put_int(j, "amount", d->tariff[i]);
        if (r->demand_s != 0)
            mw_json_put_int(j, "demand", d->tariff_demand[i]);
        mw_json_object_end(j);
    }
    mw_json_array_end(j);
}

static void put_determinants(mw_json *j, mw_api_call *call, const request *r,
                             const mw_determinants *d) {
    const mw_store_channel *c = &call->meter.channel;
    mw_json_object_begin(j);
    mw_json_put_utc(j, "from", r->from);
    mw_json_put_utc(j, "to", r->to);
    mw_json_put_text(j, "time_zone", r->zone_name);
    mw_json_put_text(j, "unit", mw_unit_info_of(c->unit)->symbol);
    mw_json_put_int(j, "scale", c->scale);
    mw_json_put_text(j, "tariff_map", r->has_tou ? r->tariffs : NULL);
    mw_json_put_int(j, "total", d->total);
    put_tariffs(j, r, d);
    mw_json_put_object(j, "quality");
    mw_json_put_int(j, "measured", d->measured);
    mw_json_put_int(j, "estimated", d->estimated);
    mw_json_put_int(j, "edited", d->edited);
    mw_json_put_uint(j, "expected_intervals", d->expected);
    mw_json_put_uint(j, "received_intervals", d->received);
    mw_json_put_uint(j, "estimated_intervals", d->estimated_n);
    mw_json_put_uint(j, "edited_intervals", d->edited_n);
    mw_json_put_uint(j, "cut_intervals", d->cut_n);
    mw_json_object_end(j);
    if (r->demand_s != 0) {
        mw_json_put_object(j, "demand");
        mw_json_put_uint(j, "block_seconds", r->demand_s);
        mw_json_put_bool(j, "rolling", r->rolling);
        mw_json_key(j, "energy");
        d->has_demand ? mw_json_int(j, d->demand) : mw_json_null(j);
        mw_json_put_utc(j, "at", d->demand_at);
        mw_json_object_end(j);
    }
    mw_json_object_end(j);
}

void mw_api_meter_determinants(mw_api_call *call) {
    request r;
    mw_determinants d;
    if (!read_query(call, &r))
        return;
    mw_status s = determine(call, &r, MW_LAYER_FINAL, &d);
    if (s == MW_RANGE) {
        mw_api_invalid(call, "demand must be 900, 1800 or 3600 and a multiple of the interval");
        return;
    }
    if (s != MW_OK) {
        mw_api_fail(call, s);
        return;
    }
    mw_buffer b;
    mw_buffer_init(&b, 64 * 1024);
    mw_json j = mw_json_of(&b);
    put_determinants(&j, call, &r, &d);
    mw_api_send_json(call, 200, &j, &b);
}

/* ---- snapshots ---- */

typedef struct newest {
    mw_utc from, to;
    int64_t id;
    int64_t lock;
} newest;

static mw_status lock_take(void *ctx, const mw_store_lock *k) {
    newest *n = ctx;
    if (k->from.us == n->from.us && k->to.us == n->to.us)
        n->lock = k->id;
    return MW_OK;
}

static mw_status newest_take(void *ctx, const mw_store_snapshot *row) {
    newest *n = ctx;
    if (row->from.us == n->from.us && row->to.us == n->to.us && n->id == 0) {
        n->id = row->id;
        n->lock = row->lock;
    }
    return MW_OK;
}

static mw_status snapshot_write(mw_api_call *call, const request *r, mw_store_snapshot *row,
                                mw_buffer *content) {
    mw_store *store = call->api->o.store;
    mw_determinants d;
    newest n = {.from = r->from, .to = r->to};
    MW_TRY(mw_store_snapshots(store, call->tenant, row->channel, 0, MW_STORE_PAGE_MAX, newest_take,
                              &n));
    if (n.id == 0) /* the span may have been closed before, by itself */
        MW_TRY(mw_store_locks(store, call->tenant, row->channel, r->from, r->to, lock_take, &n));
    row->corrects = n.id;
    row->lock = n.lock;
    /* A correction is made from what is known now: the closing hides that from the final layer. */
    MW_TRY(determine(call, r, n.id != 0 ? MW_LAYER_VALIDATED : MW_LAYER_FINAL, &d));
    mw_json j = mw_json_of(content);
    put_determinants(&j, call, r, &d);
    MW_TRY(mw_json_done(&j));
    row->content = mw_buffer_view(content);
    if (row->lock == 0) {
        mw_store_lock lock = {.tenant = call->tenant,
                              .channel = row->channel,
                              .from = r->from,
                              .to = r->to,
                              .at = row->at};
        snprintf(lock.who, sizeof lock.who, "%s", row->who);
        snprintf(lock.text, sizeof lock.text, "snapshot of billing determinants");
        MW_TRY(mw_store_lock_put(store, &lock, &row->lock));
    }
    MW_TRY(mw_store_snapshot_add(store, row, &row->id));
    char subject[MW_API_METER_ID_MAX];
    mw_api_meter_id(&call->meter, subject);
    return mw_api_audit(call, n.id == 0 ? "snapshot.create" : "snapshot.correct", subject, "");
}

static void put_snapshot(mw_json *j, const mw_store_snapshot *row) {
    mw_json_object_begin(j);
    mw_json_put_int(j, "id", row->id);
    mw_json_put_utc(j, "at", row->at);
    mw_json_put_text(j, "by", row->who);
    mw_json_key(j, "corrects");
    row->corrects != 0 ? mw_json_int(j, row->corrects) : mw_json_null(j);
    mw_json_key(j, "determinants");
    mw_json_raw(j, row->content);
    mw_json_object_end(j);
}

void mw_api_snapshot_create(mw_api_call *call) {
    request r;
    mw_json_error error = {""};
    if (read_body(call, &r, &error) != MW_OK) {
        mw_api_invalid(call, error.text[0] != 0 ? error.text : "the request is malformed");
        return;
    }
    if (!request_complete(call, &r))
        return;
    mw_store_snapshot row = {.tenant = call->tenant,
                             .channel = call->meter.channel.channel,
                             .from = r.from,
                             .to = r.to,
                             .at = mw_loop_utc(call->api->o.loop)};
    snprintf(row.who, sizeof row.who, "%s", call->user.login);
    if (row.at.us < r.to.us) {
        mw_api_invalid(call, "the period has not ended yet");
        return;
    }
    mw_buffer content;
    mw_buffer_init(&content, MW_STORE_SNAPSHOT_MAX);
    mw_status s = mw_store_begin(call->api->o.store);
    if (s == MW_OK)
        s = mw_api_end(call, snapshot_write(call, &r, &row, &content));
    if (s == MW_OK) {
        mw_buffer b;
        mw_buffer_init(&b, 64 * 1024);
        mw_json j = mw_json_of(&b);
        put_snapshot(&j, &row);
        mw_api_send_json(call, 201, &j, &b);
    } else if (s == MW_CONFLICT) {
        mw_http_reply_problem(call->http, 409, "CONFLICT",
                              "a part of the period is closed with other bounds");
    } else {
        mw_api_fail(call, s);
    }
    mw_buffer_fini(&content);
}

static mw_status each_snapshot(void *ctx, const mw_store_snapshot *row) {
    mw_api_page *p = ctx;
    if (mw_api_page_take(p, row->id))
        put_snapshot(&p->json, row);
    return MW_OK;
}

void mw_api_snapshot_list(mw_api_call *call) {
    mw_api_page p;
    if (mw_api_page_begin(call, &p, 4 * 1024 * 1024))
        mw_api_page_end(call, &p,
                        mw_store_snapshots(call->api->o.store, call->tenant, p.channel->channel,
                                           p.before, p.limit + 1, each_snapshot, &p));
}
