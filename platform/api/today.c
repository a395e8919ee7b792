/* SPDX-License-Identifier: Apache-2.0
 *
 * The operator's first page: how much of yesterday is there, what lacks and why.
 */
#include <string.h>

#include "platform/alarms/collection.h"
#include "platform/api/internal.h"

static const char *const marks[] = {"06:00", "10:00", "D+1", "now"};
static const char *const causes[] = {"meter", "radio", "station", "backhaul"};

static void put_mark(mw_json *j, const mw_store_collection *m) {
    char day[MW_UTC_TEXT_MAX];
    mw_utc_format(mw_utc_of_s(m->day * 86400), day);
    day[10] = 0;
    mw_json_object_begin(j);
    mw_json_put_text(j, "mark", m->mark < 4 ? marks[m->mark] : "");
    mw_json_put_text(j, "day", day);
    mw_json_put_utc(j, "at", m->at);
    mw_json_put_int(j, "expected", m->expected);
    mw_json_put_int(j, "collected", m->collected);
    mw_json_put_int(j, "meters", m->meters);
    mw_json_put_int(j, "missing", m->missing);
    mw_json_put_object(j, "causes");
    mw_json_put_int(j, "meter", m->by_meter);
    mw_json_put_int(j, "radio", m->by_radio);
    mw_json_put_int(j, "station", m->by_station);
    mw_json_put_int(j, "backhaul", m->by_backhaul);
    mw_json_object_end(j);
    mw_json_object_end(j);
}

static mw_status put_row(void *ctx, const mw_store_collection *m) {
    put_mark(ctx, m);
    return MW_OK;
}

static mw_status put_missing(mw_api_call *call, mw_json *j, const mw_collection_missing *x) {
    mw_store_meter m;
    char id[MW_API_METER_ID_MAX];
    mw_status s = mw_store_meter_of_channel(call->api->o.store, call->tenant, x->channel, &m);
    if (s != MW_OK)
        return s == MW_NOT_FOUND ? MW_OK : s;
    mw_api_meter_id(&m, id);
    mw_json_object_begin(j);
    mw_json_put_text(j, "meter", id);
    mw_json_put_text(j, "serial", m.device.serial);
    mw_json_put_text(j, "medium", m.channel.medium);
    mw_json_put_text(j, "address", m.usage_point.address);
    mw_json_put_int(j, "slots", x->slots);
    mw_json_put_text(j, "cause", x->cause < 4 ? causes[x->cause] : "meter");
    mw_json_put_utc(j, "heard_at", x->heard);
    mw_json_put_int(j, "snr_cdb", m.state.snr_cdb);
    mw_json_object_end(j);
    return MW_OK;
}

static mw_status today_put(mw_api_call *call, mw_json *j, const char *cause, uint32_t limit) {
    const mw_collection_result *r = call->api->o.collection == NULL
                                        ? NULL
                                        : mw_collection_of(call->api->o.collection, call->tenant);
    mw_json_object_begin(j);
    mw_api_put_clock(j, call->api);
    mw_json_put_utc(j, "counted_at", r == NULL ? MW_UTC_NONE : r->at);
    mw_json_put_array(j, "marks");
    for (unsigned i = 0; r != NULL && i < MW_COLLECTION_MARKS; i++)
        put_mark(j, &r->mark[i]);
    mw_json_array_end(j);
    mw_json_put_array(j, "missing");
    for (size_t i = 0; r != NULL && i < r->missing_n && limit > 0; i++) {
        if (cause[0] != 0 && strcmp(causes[r->missing[i].cause & 3], cause) != 0)
            continue;
        MW_TRY(put_missing(call, j, &r->missing[i]));
        limit--;
    }
    mw_json_array_end(j);
    mw_json_put_array(j, "history");
    int64_t from = mw_utc_floor_s(mw_loop_utc(call->api->o.loop)) / 86400 - 30;
    MW_TRY(mw_store_collections(call->api->o.store, call->tenant, from, put_row, j));
    mw_json_array_end(j);
    mw_json_object_end(j);
    return MW_OK;
}

void mw_api_collection_read(mw_api_call *call) {
    uint32_t limit = 0;
    const char *cause = mw_http_query(call->http, "cause");
    if (!mw_api_limit(call, &limit))
        return;
    mw_buffer b;
    mw_buffer_init(&b, 1024 * 1024);
    mw_json j = mw_json_of(&b);
    mw_status s = today_put(call, &j, cause != NULL ? cause : "", limit);
    if (s == MW_OK) {
        mw_api_send_json(call, 200, &j, &b);
        return;
    }
    mw_buffer_fini(&b);
    mw_api_fail(call, s);
}
