/* SPDX-License-Identifier: Apache-2.0 */
#include "station/status.h"

#include "runtime/json_writer.h"

static void status_health(void *context, mw_http_request *r) {
    const mw_station_status *st = context;
    mw_spool_stats spool = mw_station_store_stats(st->store);
    bool blocked = mw_station_receiver_blocked(st->receiver);
    mw_loop *loop = mw_http_loop(r);
    mw_mono last = mw_station_sender_last_success(st->sender);
    mw_buffer text;
    mw_buffer_init(&text, 4096);
    mw_json j = mw_json_of(&text);
    mw_json_object_begin(&j);
    mw_json_put_text(&j, "status", blocked ? "blocked" : "ok");
    mw_json_put_text(&j, "station", st->config->id);
    mw_json_put_bool(&j, "source_connected", mw_station_source_connected(st->source));
    mw_json_put_uint(&j, "spool_items", spool.pending);
    mw_json_put_int(&j, "spool_bytes", spool.bytes);
    mw_json_put_text(&j, "platform", mw_status_name(mw_station_sender_trouble(st->sender)));
    mw_json_key(&j, "last_delivery_s");
    if (last.ns == 0)
        mw_json_null(&j);
    else
        mw_json_int(&j, mw_mono_since(mw_loop_mono(loop), last).ns / MW_NS_PER_S);
    mw_json_put_text(&j, "clock", mw_clock_source(mw_loop_clock(loop)));
    mw_station_time time = mw_station_timing_now(st->timing);
    int32_t drift_ppb;
    mw_json_put_text(&j, "time_source", time.source);
    mw_json_put_uint(&j, "time_uncertainty_us", time.uncertainty_us);
    mw_json_put_int(&j, "time_offset_us", time.offset_us);
    mw_json_key(&j, "sample_drift_ppb");
    if (mw_station_receiver_drift(st->receiver, &drift_ppb) == MW_OK)
        mw_json_int(&j, drift_ppb);
    else
        mw_json_null(&j);
    mw_json_put_utc(&j, "now", mw_loop_utc(loop));
    mw_json_object_end(&j);
    mw_http_reply_json(r, blocked ? 503 : 200, mw_buffer_view(&text));
    mw_buffer_fini(&text);
}

static void status_metrics(void *context, mw_http_request *r) {
    const mw_station_status *st = context;
    mw_buffer text;
    mw_buffer_init(&text, 256 * 1024);
    mw_metrics_render(st->metrics, &text);
    mw_metrics_render_process(&text);
    mw_http_reply reply = {.status = 200,
                           .content_type = "text/plain; version=0.0.4; charset=utf-8",
                           .body = mw_buffer_view(&text)};
    mw_http_reply_send(r, &reply);
    mw_buffer_fini(&text);
}

mw_status mw_station_status_serve(mw_http_server *server, mw_station_status *status) {
    MW_TRY(mw_http_server_route(server,
                                &(mw_http_route){"GET", "/healthz", status_health, status, 0}));
    return mw_http_server_route(server,
                                &(mw_http_route){"GET", "/metrics", status_metrics, status, 0});
}
