/* SPDX-License-Identifier: Apache-2.0
 *
 * The list of meters as an operator narrows it: pages by facets, their counts, the list as a file,
 * and which stations hear whom.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/api/fleet_keep.h"
#include "platform/api/internal.h"

bool mw_api_fleet_query(mw_api_call *call, mw_fleet_query *q) {
    const char *sort = mw_http_query(call->http, "sort");
    bool narrowed = false;
    *q = (mw_fleet_query){.search = mw_http_query(call->http, "search"),
                          .after = mw_http_query(call->http, "after"),
                          .scope = call->area,
                          .now = mw_loop_utc(call->api->o.loop)};
    if (sort != NULL && strcmp(sort, "last_seen") == 0)
        q->sort = MW_STORE_SORT_LAST_SEEN;
    for (unsigned i = 0; i < MW_FLEET_FACETS; i++) {
        q->value[i] = mw_http_query(call->http, mw_fleet_facet_names[i]);
        bool set = q->value[i] != NULL && q->value[i][0] != 0;
        narrowed = narrowed || (set && i != MW_FLEET_MEDIUM);
    }
    const char *skip = mw_http_query(call->http, "skip");
    if (skip != NULL)
        q->skip = (uint32_t)strtoul(skip, NULL, 10);
    return narrowed || skip != NULL || (q->search != NULL && q->search[0] != 0);
}

/* The same checks for all three; answers 400 itself. */
static bool query_ok(mw_api_call *call, const mw_fleet_query *q) {
    if (q->search != NULL && strlen(q->search) > 100) {
        mw_api_invalid(call, "search has more than 100 bytes");
        return false;
    }
    for (unsigned i = 0; i < MW_FLEET_FACETS; i++)
        if (q->value[i] != NULL && strlen(q->value[i]) >= MW_STORE_ID_MAX) {
            mw_api_invalid(call, "a value to narrow by has more than 63 bytes");
            return false;
        }
    return true;
}

/* ---- a page of GET /v1/meters ---- */

mw_status mw_api_fleet_page(mw_api_call *call, const mw_fleet_query *q, mw_store_on_meter each,
                            void *ctx, int64_t *out_total) {
    static int64_t channels[MW_STORE_PAGE_MAX + 1];
    const mw_fleet *fleet = NULL;
    uint32_t n = 0;
    MW_TRY(mw_fleets_get(call->api->fleets, call->tenant, &fleet));
    MW_TRY(mw_fleet_find(fleet, q, channels, &n, out_total));
    for (uint32_t i = 0; i < n; i++) {
        mw_store_meter m;
        mw_status s = mw_store_meter_of_channel(call->api->o.store, call->tenant, channels[i], &m);
        if (s == MW_NOT_FOUND)
            continue; /* removed since the fleet was made */
        MW_TRY(s);
        MW_TRY(each(ctx, &m));
    }
    return MW_OK;
}

/* ---- GET /v1/meters/facets ---- */

typedef struct counts {
    mw_json *j;
    int facet; /* whose array is open, -1 = none */
} counts;

static mw_status put_count(void *ctx, mw_fleet_facet facet, const char *value, const char *label,
                           int64_t count) {
    counts *c = ctx;
    if (c->facet != (int)facet) {
        if (c->facet >= 0)
            mw_json_array_end(c->j);
        mw_json_put_array(c->j, mw_fleet_facet_names[facet]);
        c->facet = (int)facet;
    }
    mw_json_object_begin(c->j);
    mw_json_put_text(c->j, "value", value);
    mw_json_put_text(c->j, "label", label[0] != 0 ? label : NULL);
    mw_json_put_int(c->j, "count", count);
    mw_json_object_end(c->j);
    return MW_OK;
}

void mw_api_meter_facets(mw_api_call *call) {
    mw_fleet_query q;
    const mw_fleet *fleet = NULL;
    int64_t total = 0;
    (void)mw_api_fleet_query(call, &q);
    if (!query_ok(call, &q))
        return;
    mw_buffer b;
    mw_buffer_init(&b, 4 * 1024 * 1024);
    mw_json j = mw_json_of(&b);
    counts c = {.j = &j, .facet = -1};
    mw_json_object_begin(&j);
    mw_json_put_object(&j, "facets");
    mw_status s = mw_fleets_get(call->api->fleets, call->tenant, &fleet);
    if (s == MW_OK)
        s = mw_fleet_counts(fleet, &q, put_count, &c, &total);
    if (s != MW_OK) {
        mw_buffer_fini(&b);
        mw_api_fail(call, s);
        return;
    }
    if (c.facet >= 0)
        mw_json_array_end(&j);
    mw_json_object_end(&j);
    mw_json_put_int(&j, "total", total);
    mw_json_put_utc(&j, "counted_at", mw_fleet_made(fleet));
    mw_api_object_send(call, 200, &j, &b);
}

/* ---- GET /v1/export/meters.csv ---- */

#define LIST_BYTES_MAX ((size_t)256 * 1024 * 1024)

typedef struct file {
    mw_buffer out;
    const mw_fleet *fleet;
} file;

static void put_senders(mw_writer *w, const mw_fleet *f, uint64_t senders) {
    char text[512];
    size_t n = 0;
    text[0] = 0;
    for (unsigned i = 0; mw_fleet_sender(f, i) != NULL && n + MW_STORE_ID_MAX < sizeof text; i++)
        if (senders >> i & 1)
            n += (size_t)snprintf(text + n, sizeof text - n, "%s%s", n > 0 ? " " : "",
                                  mw_fleet_sender(f, i));
    mw_csv_text(w, mw_slice_of_str(text), sizeof text);
}

static mw_status put_line(void *ctx, const mw_fleet_item *m) {
    file *f = ctx;
    uint8_t room[2048];
    char id[32];
    mw_writer w = mw_writer_of(MW_SPAN_OF(room));
    (void)snprintf(id, sizeof id, "%016llx,%u,", (unsigned long long)m->identity, m->number);
    mw_csv_text(&w, mw_slice_of_str(m->serial), 64);
    mw_write_u8(&w, ',');
    mw_write_str(&w, id);
    const char *const texts[] = {m->medium, m->model, m->label, m->address, m->person};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        mw_csv_text(&w, mw_slice_of_str(texts[i]), 255);
        mw_write_u8(&w, ',');
    }
    if (!mw_utc_is_none(m->last_seen)) {
        char at[MW_UTC_TEXT_MAX];
        mw_utc_format(m->last_seen, at);
        mw_write_str(&w, at);
        mw_write_u8(&w, ',');
        mw_csv_int(&w, m->level_cdbm);
        mw_write_u8(&w, ',');
        mw_csv_int(&w, m->snr_cdb);
        mw_write_u8(&w, ',');
    } else {
        mw_write_str(&w, ",,,");
    }
    put_senders(&w, f->fleet, m->senders);
    mw_write_str(&w, "\r\n");
    mw_buffer_append(&f->out, mw_writer_done(&w));
    return f->out.status;
}

void mw_api_export_meters(mw_api_call *call) {
    mw_fleet_query q;
    file f;
    (void)mw_api_fleet_query(call, &q);
    if (!query_ok(call, &q))
        return;
    mw_buffer_init(&f.out, LIST_BYTES_MAX);
    mw_buffer_append_str(&f.out, "serial,device_id,channel,medium,model,label,address,customer,"
                                 "last_seen_utc,level_cdbm,snr_cdb,stations\r\n");
    mw_status s = mw_fleets_get(call->api->fleets, call->tenant, &f.fleet);
    if (s == MW_OK)
        s = mw_fleet_each(f.fleet, &q, put_line, &f);
    if (s == MW_OK) {
        mw_http_reply reply = {
            .status = 200,
            .content_type = "text/csv; charset=utf-8; header=present",
            .body = mw_buffer_view(&f.out),
            .headers = {{"Content-Disposition", "attachment; filename=\"meters.csv\""}}};
        mw_http_reply_send(call->http, &reply);
    } else {
        mw_api_fail(call, s);
    }
    mw_buffer_fini(&f.out);
}
