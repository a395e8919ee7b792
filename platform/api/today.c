/* SPDX-License-Identifier: Apache-2.0
 *
 * The operator's first page: how much of yesterday is there, what lacks and why.
 */
#include <stdlib.h>
#include <string.h>

#include "platform/alarms/collection.h"
#include "platform/api/area.h"

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
    mw_json_put_text(j, "label", m.channel.label);
    mw_json_put_text(j, "address", m.usage_point.address);
    mw_json_put_int(j, "slots", x->slots);
    mw_json_put_text(j, "cause", x->cause < 4 ? causes[x->cause] : "meter");
    mw_json_put_utc(j, "heard_at", x->heard);
    mw_json_put_int(j, "snr_cdb", m.state.snr_cdb);
    mw_json_object_end(j);
    return MW_OK;
}

/* ---- who is limited to an area ---- */

enum { NAMED_MAX = 500 };

typedef struct lacking {
    const mw_collection_row *row[NAMED_MAX];
    size_t n;
} lacking;

static unsigned slots_of(const mw_collection_row *r) {
    return (unsigned)r->expected[MW_COLLECTED_NOW] - r->collected[MW_COLLECTED_NOW];
}

static int by_slots(const void *pa, const void *pb) {
    const mw_collection_row *a = *(const mw_collection_row *const *)pa;
    const mw_collection_row *b = *(const mw_collection_row *const *)pb;
    return slots_of(a) != slots_of(b) ? (int)slots_of(b) - (int)slots_of(a)
                                      : (a->channel > b->channel) - (a->channel < b->channel);
}

static void mark_add(mw_store_collection *k, const mw_collection_row *r, unsigned m) {
    if (r->expected[m] == 0)
        return;
    k->meters++;
    k->expected += r->expected[m];
    k->collected += r->collected[m];
    if (r->collected[m] == r->expected[m])
        return;
    k->missing++;
    k->by_meter += r->cause[m] == MW_MISSING_METER;
    k->by_radio += r->cause[m] == MW_MISSING_RADIO;
    k->by_station += r->cause[m] == MW_MISSING_STATION;
    k->by_backhaul += r->cause[m] == MW_MISSING_BACKHAUL;
}

/* The marks of the area's meters, and those of which something lacks, the most first. */
static mw_status area_count(mw_api_call *call, const mw_collection_result *r,
                            mw_store_collection mark[MW_COLLECTION_MARKS], lacking *out) {
    mw_api_roster area;
    size_t n = 0;
    const mw_collection_row *row = mw_collection_rows(call->api->o.collection, &n);
    for (unsigned m = 0; m < MW_COLLECTION_MARKS; m++)
        mark[m] = (mw_store_collection){
            .tenant = call->tenant, .day = r->mark[m].day, .mark = (uint8_t)m, .at = r->mark[m].at};
    MW_TRY(mw_api_roster_make(call, &area));
    for (size_t i = 0; i < n; i++) {
        if (!mw_api_roster_has(&area, row[i].channel))
            continue;
        for (unsigned m = 0; m < MW_COLLECTION_MARKS; m++)
            mark_add(&mark[m], &row[i], m);
        if (slots_of(&row[i]) > 0 && out->n < NAMED_MAX)
            out->row[out->n++] = &row[i];
    }
    mw_api_roster_free(&area);
    qsort(out->row, out->n, sizeof out->row[0], by_slots);
    return MW_OK;
}

static mw_status area_put(mw_api_call *call, mw_json *j, const mw_collection_result *r,
                          const char *cause, uint32_t limit) {
    static lacking l; /* the API lives in one thread */
    mw_store_collection mark[MW_COLLECTION_MARKS];
    l.n = 0;
    if (r != NULL)
        MW_TRY(area_count(call, r, mark, &l));
    mw_json_put_array(j, "marks");
    for (unsigned i = 0; r != NULL && i < MW_COLLECTION_MARKS; i++)
        put_mark(j, &mark[i]);
    mw_json_array_end(j);
    mw_json_put_array(j, "missing");
    for (size_t i = 0; i < l.n && limit > 0; i++) {
        mw_store_meter m;
        mw_collection_missing x = {.channel = l.row[i]->channel,
                                   .slots = (uint16_t)slots_of(l.row[i]),
                                   .cause = l.row[i]->cause[MW_COLLECTED_NOW],
                                   .heard = MW_UTC_NONE};
        if (cause[0] != 0 && strcmp(causes[x.cause & 3], cause) != 0)
            continue;
        if (mw_store_meter_of_channel(call->api->o.store, call->tenant, x.channel, &m) == MW_OK)
            x.heard = m.state.last_seen;
        MW_TRY(put_missing(call, j, &x));
        limit--;
    }
    mw_json_array_end(j);
    mw_json_put_array(j, "history"); /* is kept of the whole */
    mw_json_array_end(j);
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
    if (call->area != NULL)
        return area_put(call, j, r, cause, limit);
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
