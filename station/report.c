/* SPDX-License-Identifier: Apache-2.0 */
#include "station/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "runtime/file.h"
#include "runtime/http_client.h"
#include "runtime/json_read.h"
#include "runtime/json_writer.h"
#include "runtime/log.h"

#define REPORT_FIRST   mw_dur_s(2)    /* after the start */
#define REPORT_AGAIN   mw_dur_s(1)    /* when uplinks were under way */
#define REPORT_REFUSED mw_dur_s(3600) /* after a door's refusal */
#define REPORT_BODY    8192           /* what the platform takes */

typedef enum report_door { REPORT_STATUS, REPORT_PICTURE, REPORT_DOORS } report_door;

struct mw_station_report {
    mw_loop *loop;
    const mw_station_page *page;
    mw_station_transmitter *transmitter;
    mw_timer *timer;
    mw_http_call *call; /* one at a time */
    report_door door;   /* of the call */
    mw_mono pictured;   /* ns = 0: never */
    mw_mono closed_until[REPORT_DOORS];
    bool logged[REPORT_DOORS];
};

static const mw_station_config *report_config(const mw_station_report *r) {
    return r->page->status->config;
}

static void report_in(mw_station_report *r, mw_dur pause) {
    mw_timer_start(r->timer, pause, (mw_dur){0});
}

static void report_later(mw_station_report *r) {
    report_in(r, report_config(r)->status_every);
}

static mw_dur report_shorter(mw_dur a, mw_dur b) {
    return a.ns < b.ns ? a : b;
}

static bool report_closed(const mw_station_report *r, report_door door) {
    return mw_loop_mono(r->loop).ns < r->closed_until[door].ns;
}

/* ---- what is told ---- */

/* The machine's load of the last minute, for each processor. */
static void report_load(mw_json *j) {
    double load = 0;
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    if (getloadavg(&load, 1) == 1)
        mw_json_put_int(j, "load_permille", (int64_t)(1000 * load / (double)(cpus > 0 ? cpus : 1)));
}

static void report_duty(const mw_station_report *r, mw_json *j) {
    mw_station_duty duty;
    if (r->transmitter == NULL)
        return;
    duty = mw_station_transmitter_duty(r->transmitter, mw_loop_utc(r->loop));
    mw_json_put_int(j, "duty_ppm", duty.used_ppm);
    mw_json_put_int(j, "duty_limit_ppm", duty.limit_ppm);
    mw_json_put_int(j, "duty_left_ms", duty.left_us / 1000);
}

static mw_status report_text(const mw_station_report *r, mw_buffer *text) {
    const mw_station_status *st = r->page->status;
    mw_spool_stats spool = mw_station_store_stats(st->store);
    mw_station_time time = mw_station_timing_now(st->timing);
    mw_mono last = mw_station_sender_last_success(st->sender);
    mw_json j = mw_json_of(text);
    mw_json_object_begin(&j);
    mw_json_put_text(&j, "version", MW_VERSION);
    mw_json_put_utc(&j, "now", mw_loop_utc(r->loop));
    mw_json_put_array(&j, "modes");
    for (unsigned m = 0; m < MW_HEALTH_COUNT; m++)
        if ((mw_health_modes(r->page->health) >> m & 1) != 0)
            mw_json_text(&j, mw_health_name((mw_health_mode)m));
    mw_json_array_end(&j);
    mw_json_put_bool(&j, "blocked", mw_station_receiver_blocked(st->receiver));
    mw_json_put_bool(&j, "source_connected", mw_station_source_connected(st->source));
    mw_json_put_uint(&j, "spool_items", spool.pending);
    mw_json_put_int(&j, "spool_bytes", spool.bytes);
    mw_json_put_int(&j, "spool_bytes_max", st->config->spool_max);
    mw_json_put_text(&j, "time_source", time.source);
    mw_json_put_uint(&j, "time_uncertainty_us", time.uncertainty_us);
    mw_json_put_int(&j, "time_offset_us", time.offset_us);
    mw_json_key(&j, "last_delivery_s");
    if (last.ns == 0)
        mw_json_null(&j);
    else
        mw_json_int(&j, mw_mono_since(mw_loop_mono(r->loop), last).ns / MW_NS_PER_S);
    report_load(&j);
    report_duty(r, &j);
    mw_json_object_end(&j);
    return mw_json_done(&j);
}

/* ---- telling ---- */

static void report_on_answer(void *context, const mw_http_answer *a);

static mw_status report_put(mw_station_report *r, report_door door, mw_slice body) {
    static const char *const paths[] = {"/v1/station/status", "/v1/station/picture"};
    static const char *const types[] = {"application/json", "image/png"};
    char url[600];
    mw_buffer token;
    mw_buffer_init(&token, 1024);
    mw_status status = mw_file_read_secret(report_config(r)->token_file, &token);
    (void)snprintf(url, sizeof url, "%s%s", mw_routes_url(r->page->routes), paths[door]);
    if (status == MW_OK)
        status = mw_http_call_start(mw_routes_client(r->page->routes), "PUT", url,
                                    mw_buffer_text(&token), types[door], body, report_on_answer, r,
                                    &r->call);
    if (token.p != NULL)
        mw_bytes_wipe(token.p, token.n);
    mw_buffer_fini(&token);
    if (status == MW_OK)
        r->door = door;
    return status;
}

/* Whether the way is free: nothing of the uplinks under way, the platform reached last time. */
static bool report_free(const mw_station_report *r) {
    const mw_station_sender *s = r->page->status->sender;
    return r->call == NULL && !mw_station_sender_busy(s) && mw_station_sender_trouble(s) == MW_OK;
}

static bool report_picture(mw_station_report *r) {
    const mw_station_config *c = report_config(r);
    mw_mono now = mw_loop_mono(r->loop);
    if (c->picture_max == 0 || report_closed(r, REPORT_PICTURE) || !report_free(r) ||
        (r->pictured.ns != 0 && mw_mono_since(now, r->pictured).ns < c->picture_every.ns))
        return false;
    mw_buffer png;
    mw_buffer_init(&png, 4u << 20);
    mw_status status = mw_panorama_picture(r->page->panorama, &png);
    bool large = status == MW_OK && (int64_t)png.n > c->picture_max;
    bool sent =
        status == MW_OK && !large && report_put(r, REPORT_PICTURE, mw_buffer_view(&png)) == MW_OK;
    if (large && !r->logged[REPORT_PICTURE])
        mw_log(MW_LOG_INFO, "the picture of the band is larger than platform.picture_max",
               MW_I("bytes", png.n));
    r->logged[REPORT_PICTURE] |= large;
    if (sent || large)
        r->pictured = now;
    mw_buffer_fini(&png);
    return sent;
}

static bool report_wanted(mw_slice body) {
    json_t *root = NULL;
    mw_json_limits limits = {.bytes_max = REPORT_BODY, .depth_max = 4};
    if (mw_json_parse(body, limits, &root, NULL) != MW_OK)
        return false;
    bool wanted = json_is_true(json_object_get(root, "picture_wanted"));
    json_decref(root);
    return wanted;
}

static void report_on_answer(void *context, const mw_http_answer *a) {
    mw_station_report *r = context;
    report_door door = r->door;
    r->call = NULL;
    bool taken = a->status == MW_OK && a->http_status >= 200 && a->http_status < 300;
    bool refused = a->status == MW_OK && a->http_status >= 400 && a->http_status < 500 &&
                   a->http_status != 408 && a->http_status != 429;
    if (taken)
        r->logged[door] = false;
    if (refused) {
        r->closed_until[door] = (mw_mono){mw_loop_mono(r->loop).ns + REPORT_REFUSED.ns};
        if (!r->logged[door])
            mw_log(MW_LOG_WARN, "the platform does not take the station's report; uplinks go on",
                   MW_S("what", door == REPORT_STATUS ? "status" : "picture"),
                   MW_I("http_status", a->http_status));
        r->logged[door] = true;
    }
    mw_dur pause = report_config(r)->status_every;
    report_in(r, pause.ns > a->retry_after.ns ? pause : a->retry_after);
    if (taken && door == REPORT_STATUS && report_wanted(a->body))
        (void)report_picture(r);
}

static void report_on_timer(void *context) {
    mw_station_report *r = context;
    if (report_closed(r, REPORT_STATUS)) {
        report_later(r);
        return;
    }
    if (!report_free(r)) {
        report_in(r, report_shorter(REPORT_AGAIN, report_config(r)->status_every));
        return;
    }
    mw_buffer text;
    mw_buffer_init(&text, REPORT_BODY);
    mw_status status = report_text(r, &text);
    if (status == MW_OK)
        status = report_put(r, REPORT_STATUS, mw_buffer_view(&text));
    mw_buffer_fini(&text);
    if (status != MW_OK)
        report_later(r);
}

void mw_station_report_yield(mw_station_report *r) {
    if (r == NULL || r->call == NULL || r->door != REPORT_PICTURE)
        return;
    mw_http_call_cancel(r->call);
    r->call = NULL;
}

void mw_station_report_rerouted(mw_station_report *r) {
    if (r == NULL)
        return;
    mw_http_call_cancel(r->call);
    r->call = NULL;
    for (size_t i = 0; i < REPORT_DOORS; i++)
        r->closed_until[i] = (mw_mono){0};
    report_later(r);
}

mw_status mw_station_report_new(mw_loop *loop, const mw_station_page *page,
                                mw_station_transmitter *transmitter,
                                mw_station_report **out_report) {
    *out_report = NULL;
    if (page->status->config->status_every.ns == 0)
        return MW_OK;
    mw_station_report *r = calloc(1, sizeof *r);
    if (r == NULL)
        return MW_NOMEM;
    r->loop = loop;
    r->page = page;
    r->transmitter = transmitter;
    mw_status status = mw_timer_new(loop, report_on_timer, r, &r->timer);
    if (status != MW_OK) {
        free(r);
        return status;
    }
    report_in(r, report_shorter(REPORT_FIRST, page->status->config->status_every));
    *out_report = r;
    return MW_OK;
}

void mw_station_report_free(mw_station_report *r) {
    if (r == NULL)
        return;
    mw_http_call_cancel(r->call);
    mw_timer_free(r->timer);
    free(r);
}
