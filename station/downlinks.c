/* SPDX-License-Identifier: Apache-2.0 */
#include "station/downlinks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/file.h"
#include "runtime/http_client.h"
#include "runtime/log.h"
#include "runtime/sse.h"

/* Three of the platform's comments may be lost (docs/spec/downlink.md section 1). */
#define SILENCE mw_dur_s(45)

struct mw_station_downlinks {
    const mw_station_config *config;
    mw_loop *loop;
    mw_station_transmitter *transmitter;
    mw_routes *routes;
    mw_http_call *call;
    mw_timer *timer;
    mw_dur pause;
    bool quiet; /* the present trouble was logged */
    mw_sse events;
    mw_metric *connected, *connections;
};

static void downlinks_connect(mw_station_downlinks *d);

static void downlinks_on_event(void *context, const char *event, mw_slice data) {
    mw_station_downlinks *d = context;
    if (strcmp(event, "hello") == 0) {
        d->pause = d->config->retry_min;
        d->quiet = false;
        mw_metric_set(d->connected, 1);
        mw_log_plain(MW_LOG_INFO, "the platform's stream of downlinks is open");
    }
    mw_station_transmitter_event(d->transmitter, event, data);
}

static void downlinks_on_data(void *context, mw_slice bytes) {
    mw_station_downlinks *d = context;
    mw_sse_push(&d->events, bytes);
}

static void downlinks_wait(mw_station_downlinks *d, mw_dur at_least) {
    mw_dur pause = d->pause.ns > at_least.ns ? d->pause : at_least;
    d->pause.ns =
        d->pause.ns * 2 < d->config->retry_max.ns ? d->pause.ns * 2 : d->config->retry_max.ns;
    mw_timer_start(d->timer, pause, (mw_dur){0});
}

static void downlinks_on_end(void *context, const mw_http_answer *a) {
    mw_station_downlinks *d = context;
    d->call = NULL;
    mw_metric_set(d->connected, 0);
    if (!d->quiet)
        mw_log(MW_LOG_WARN, "no stream of downlinks from the platform; trying again",
               MW_ST("status", a->status), MW_I("http_status", a->http_status),
               MW_S("detail", a->detail));
    d->quiet = true;
    downlinks_wait(d, a->retry_after);
}

static void downlinks_on_timer(void *context) {
    downlinks_connect(context);
}

static void downlinks_connect(mw_station_downlinks *d) {
    mw_buffer token;
    mw_buffer_init(&token, 1024);
    mw_status status = mw_file_read_secret(d->config->token_file, &token);
    mw_sse_init(&d->events, downlinks_on_event, d);
    if (status == MW_OK) {
        char url[600];
        (void)snprintf(url, sizeof url, "%s/v1/downlinks", mw_routes_url(d->routes));
        status = mw_http_stream_start(mw_routes_client(d->routes), url, mw_buffer_text(&token),
                                      SILENCE, downlinks_on_data, downlinks_on_end, d, &d->call);
        mw_metric_add(d->connections, 1);
    }
    if (token.p != NULL)
        mw_bytes_wipe(token.p, token.n);
    mw_buffer_fini(&token);
    if (status == MW_OK)
        return;
    if (!d->quiet)
        mw_log(MW_LOG_WARN, "the stream of downlinks cannot be asked for", MW_ST("status", status));
    d->quiet = true;
    downlinks_wait(d, (mw_dur){0});
}

void mw_station_downlinks_rerouted(mw_station_downlinks *d) {
    mw_http_call_cancel(d->call);
    d->call = NULL;
    mw_metric_set(d->connected, 0);
    d->pause = d->config->retry_min;
    mw_timer_start(d->timer, (mw_dur){0}, (mw_dur){0});
}

void mw_station_downlinks_start(mw_station_downlinks *d) {
    downlinks_connect(d);
}

mw_status mw_station_downlinks_new(const mw_station_config *config, mw_loop *loop,
                                   mw_station_transmitter *transmitter, mw_routes *routes,
                                   mw_metrics *metrics, mw_station_downlinks **out_downlinks) {
    mw_station_downlinks *d = calloc(1, sizeof *d);
    if (d == NULL)
        return MW_NOMEM;
    d->config = config;
    d->loop = loop;
    d->transmitter = transmitter;
    d->pause = config->retry_min;
    d->connected = mw_metrics_gauge(metrics, "mw_station_downlinks_connected", NULL,
                                    "Whether the platform's stream of downlinks is open.");
    d->connections = mw_metrics_counter(metrics, "mw_station_downlinks_connections_total", NULL,
                                        "Times that the stream of downlinks was asked for.");
    d->routes = routes;
    mw_status status = mw_timer_new(loop, downlinks_on_timer, d, &d->timer);
    if (status != MW_OK) {
        mw_station_downlinks_free(d);
        return status;
    }
    *out_downlinks = d;
    return MW_OK;
}

void mw_station_downlinks_free(mw_station_downlinks *d) {
    if (d == NULL)
        return;
    mw_http_call_cancel(d->call);
    mw_timer_free(d->timer);
    free(d);
}
