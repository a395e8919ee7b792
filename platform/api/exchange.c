/* SPDX-License-Identifier: Apache-2.0
 *
 * A customer's consumption as a Green Button file. Exports of a whole tenant are in bulk.c.
 */
#include <stdio.h>

#include "platform/api/bulk_exchange.h"
#include "platform/api/internal.h"

/* Ten years of hours, three of quarter-hours. */
#define FILE_MAX      ((size_t)32 * 1024 * 1024)
#define SPAN_DAYS_MAX 1100

typedef struct file {
    mw_green_button writer;
    mw_buffer out;
} file;

static mw_status take(void *ctx, const mw_store_value *v) {
    file *f = ctx;
    mw_exchange_value value = mw_exchange_value_of(v);
    mw_green_button_value(&f->writer, &value);
    return f->out.status;
}

static mw_status file_write(mw_api_call *call, file *f, int64_t from, int64_t to) {
    const mw_zone *zone = NULL;
    const char *zone_name = NULL;
    MW_TRY(mw_api_zone_of(call->api, &call->meter, &zone, &zone_name));
    mw_exchange_series s =
        mw_exchange_series_of(&call->meter, zone, zone_name, call->meter.channel.grid_seconds);
    mw_store_values_query q = {.tenant = call->tenant,
                               .channel = call->meter.channel.channel,
                               .layer = MW_LAYER_FINAL,
                               .from = mw_zone_day_start(zone, from),
                               .to = mw_zone_day_start(zone, to),
                               .as_of = MW_UTC_NONE};
    mw_green_button_begin(&f->writer, &s, mw_loop_utc(call->api->o.loop), q.from, &f->out);
    MW_TRY(mw_green_button_series(&f->writer, &s));
    MW_TRY(mw_store_values(call->api->o.store, &q, take, f));
    return mw_green_button_end(&f->writer);
}

void mw_api_meter_green_button(mw_api_call *call) {
    int64_t from = 0, to = 0;
    if (!mw_api_date(call, "from", &from) || !mw_api_date(call, "to", &to))
        return;
    if (from >= to || to - from > SPAN_DAYS_MAX) {
        mw_api_invalid(call, "from must be before to, and the span at most 1100 days");
        return;
    }
    file f;
    mw_buffer_init(&f.out, FILE_MAX);
    mw_status s = file_write(call, &f, from, to);
    if (s == MW_UNSUPPORTED) {
        mw_api_invalid(call, "Green Button has no code for what this channel measures");
    } else if (s != MW_OK) {
        mw_api_fail(call, s);
    } else {
        mw_http_reply reply = {
            .status = 200,
            .content_type = "application/atom+xml; charset=utf-8",
            .body = mw_buffer_view(&f.out),
            .headers = {{"Content-Disposition", "attachment; filename=\"green-button.xml\""}}};
        mw_http_reply_send(call->http, &reply);
    }
    mw_buffer_fini(&f.out);
}
