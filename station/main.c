/* SPDX-License-Identifier: Apache-2.0
 *
 * mw-station: wiring only.
 *
 *   source -> receiver (own thread) -> spool -> sender -> platform
 *   source <- transmitter <- downlinks <- platform
 */
#include <stdio.h>
#include <string.h>

#include "protocols/unb/plan.h"
#include "runtime/file.h"
#include "runtime/log.h"
#include "station/budget.h"
#include "station/capacity.h"
#include "station/decode.h"
#include "station/downlinks.h"
#include "station/health.h"
#include "station/listen.h"
#include "station/networks.h"
#include "station/page.h"
#include "station/report.h"
#include "station/status.h"
#include "station/update.h"

typedef struct station {
    mw_station_config config;
    mw_clock *clock;
    mw_loop *loop;
    mw_metrics *metrics;
    mw_station_store *store;
    mw_station_timing *timing;
    mw_station_source *source;
    mw_station_receiver *receiver;
    mw_routes *routes;
    mw_station_sender *sender;
    mw_station_transmitter *transmitter; /* NULL: none */
    mw_station_downlinks *downlinks;
    mw_http_server *server;
    mw_selftest selftest;
    mw_health *health;
    mw_panorama *panorama;
    mw_station_page page;
    mw_station_report *report; /* NULL: none */
    mw_timer *update_timer;
    mw_mono started;
    mw_station_status status;
} station;

static void station_stored(void *context) {
    station *st = context;
    mw_station_report_yield(st->report);
    mw_station_sender_kick(st->sender);
}

static void station_idle(void *context) {
    station *st = context;
    bool ended = st->receiver != NULL && mw_station_receiver_ended(st->receiver);
    if (ended && st->config.stop_at_end)
        mw_loop_stop(st->loop);
}

/* Confirms or takes back an update; one that is taken back ends us, and the former one starts. */
static void station_on_update(void *context) {
    station *st = context;
    int64_t runs = mw_mono_since(mw_loop_mono(st->loop), st->started).ns / MW_NS_PER_S;
    bool reached = mw_station_sender_last_success(st->sender).ns != 0;
    mw_update_did did =
        mw_update_tick(&st->config, mw_health_good_for_s(st->health), reached, runs);
    if (did == MW_UPDATE_CONFIRMED)
        mw_health_notice(st->health, mw_slice_of_str("{\"event\":\"update_confirmed\"}"));
    if (did == MW_UPDATE_TAKEN_BACK)
        mw_loop_stop(st->loop);
}

static void station_rerouted(void *context) {
    station *st = context;
    mw_station_sender_rerouted(st->sender);
    mw_station_report_rerouted(st->report);
    if (st->downlinks != NULL)
        mw_station_downlinks_rerouted(st->downlinks);
}

static bool station_fail(const char *what, mw_status status, const char *detail) {
    mw_log(MW_LOG_ERROR, "cannot start", MW_S("what", what), MW_ST("status", status),
           MW_S("detail", detail));
    return false;
}

static bool station_open_basics(station *st) {
    mw_log_level level = MW_LOG_INFO;
    unsigned rates = 0;
    if (mw_log_level_of(st->config.log_level, &level) == MW_OK)
        mw_log_start("mw-station", level);
    mw_status status = mw_station_rates_parse(st->config.rates, &rates);
    if (status != MW_OK)
        return station_fail("radio.rates", status, "a list of R0, R1, R2 is expected");
    mw_unb_plan plan;
    mw_unb_plan_fault why;
    if (*st->config.plan != 0)
        status = mw_unb_plan_of_words(st->config.plan, mw_file_load, &why, &plan);
    if (status != MW_OK)
        return station_fail("radio.plan", status, why.text);
    mw_radio_network networks[MW_RADIO_NETWORKS_MAX];
    size_t networks_n = 0;
    status = mw_station_networks_parse(st->config.networks, networks, &networks_n);
    if (status != MW_OK)
        return station_fail("radio.networks", status, "a list such as sigfox:100 is expected");
    status = mw_clock_open(st->config.clock, &st->clock);
    if (status != MW_OK)
        return station_fail("clock", status, st->config.clock);
    status = mw_loop_new(st->clock, &st->loop);
    if (status == MW_OK)
        status = mw_loop_stop_on_signals(st->loop);
    if (status == MW_OK)
        status = mw_metrics_new(160, &st->metrics);
    return status == MW_OK || station_fail("loop", status, "");
}

static bool station_open_flow(station *st) {
    char error[160] = "";
    const mw_station_config *c = &st->config;
    mw_status status = mw_station_timing_new(st->loop, c->gpsd, st->metrics, &st->timing);
    if (status != MW_OK)
        return station_fail("time.gpsd", status, "host:port is expected");
    mw_station_source_options source =
        mw_station_source_options_of(c, c->source, mw_loop_utc(st->loop));
    source.timing = st->timing;
    status = mw_station_source_open(&source, &st->source);
    if (status != MW_OK)
        return station_fail("samples.source", status, c->source);
    mw_station_store_options store =
        mw_station_store_options_of(c, mw_station_source_can_wait(st->source));
    status = mw_station_store_open(&store, st->metrics, &st->store, error);
    if (status != MW_OK)
        return station_fail("spool", status, error);
    mw_spool_stats spool = mw_station_store_stats(st->store);
    mw_log(MW_LOG_INFO, "spool opened", MW_X("epoch", spool.epoch), MW_I("pending", spool.pending),
           MW_I("next", spool.next), MW_I("torn_bytes", spool.torn_bytes),
           MW_I("damaged_bytes", spool.damaged_bytes));
    status = mw_routes_new(c, st->loop, st->metrics, station_rerouted, st, &st->routes, error);
    if (status != MW_OK)
        return station_fail("platform.routes", status, error);
    status = mw_station_sender_new(c, st->loop, st->store, st->routes, st->metrics, station_idle,
                                   st, &st->sender, error);
    return status == MW_OK || station_fail("sender", status, error);
}

static mw_status antenna_burst(void *context, const mw_samples_block *block) {
    return mw_station_source_transmit(context, block);
}

static mw_status antenna_emit(void *context, uint64_t id, const mw_burst *burst, mw_freq centre) {
    return mw_emitter_send(context, id, burst, centre);
}

static mw_status antenna_outcome(void *context, uint64_t id, const char **out_reason) {
    return mw_emitter_outcome(context, id, out_reason);
}

static mw_emitter_stats antenna_stats(void *context) {
    return mw_emitter_stats_of(context);
}

static void no_watermark(void *context, uint64_t index) {
    (void)context;
    (void)index;
}

static void antenna_watermark(void *context, uint64_t index) {
    mw_station_source_watermark(context, index);
}

/* The transmitter of a source that can take samples back. */
static bool station_open_transmitter(station *st) {
    char error[160] = "";
    const mw_station_config *c = &st->config;
    if (!c->transmit)
        return true;
    mw_station_antenna antenna = {.context = st->source,
                                  .burst = antenna_burst,
                                  .watermark = antenna_watermark,
                                  .rate_factor_max = 64};
    mw_emitter *emitter = mw_station_source_emitter(st->source);
    if (emitter != NULL)
        antenna = (mw_station_antenna){.context = emitter,
                                       .watermark = no_watermark,
                                       .rate_factor_max = 1,
                                       .emit = antenna_emit,
                                       .outcome = antenna_outcome,
                                       .stats = antenna_stats};
    mw_status status = mw_station_transmitter_new(c, mw_station_store_stats(st->store).epoch,
                                                  mw_loop_utc(st->loop), st->store, st->metrics,
                                                  &antenna, &st->transmitter, error);
    if (status != MW_OK)
        return station_fail("transmitter", status, error);
    status = mw_station_downlinks_new(c, st->loop, st->transmitter, st->routes, st->metrics,
                                      &st->downlinks);
    return status == MW_OK || station_fail("downlinks", status, "");
}

static bool station_start(station *st) {
    char error[160] = "";
    mw_http_options http = {.listen = st->config.listen,
                            .metrics = st->metrics,
                            .tls_cert = st->config.tls_cert,
                            .tls_key = st->config.tls_key,
                            .csp = MW_STATION_CSP};
    mw_selftest_run(&st->selftest, &st->config, strcmp(mw_clock_source(st->clock), "system") != 0);
    mw_status status = mw_http_server_open(st->loop, &http, &st->server, error);
    if (status != MW_OK)
        return station_fail("http.listen", status, error);
    status = mw_panorama_new(&st->panorama);
    if (status != MW_OK)
        return station_fail("panorama", status, "");
    status =
        mw_station_receiver_start(&st->config, st->loop, st->source, st->store, st->transmitter,
                                  st->panorama, st->metrics, station_stored, st, &st->receiver);
    if (status != MW_OK)
        return station_fail("receiver", status, "");
    mw_health_parts health = {.config = &st->config,
                              .loop = st->loop,
                              .metrics = st->metrics,
                              .store = st->store,
                              .source = st->source,
                              .receiver = st->receiver,
                              .sender = st->sender,
                              .selftest = &st->selftest,
                              .stored = station_stored,
                              .context = st};
    status = mw_health_new(&health, &st->health);
    if (status == MW_OK)
        status = mw_timer_new(st->loop, station_on_update, st, &st->update_timer);
    if (status != MW_OK)
        return station_fail("health", status, "");
    st->started = mw_loop_mono(st->loop);
    mw_timer_start(st->update_timer, mw_dur_s(10), mw_dur_s(10));
    st->status = (mw_station_status){.config = &st->config,
                                     .metrics = st->metrics,
                                     .store = st->store,
                                     .source = st->source,
                                     .receiver = st->receiver,
                                     .timing = st->timing,
                                     .sender = st->sender};
    st->page = (mw_station_page){.status = &st->status,
                                 .health = st->health,
                                 .selftest = &st->selftest,
                                 .panorama = st->panorama,
                                 .routes = st->routes};
    status = mw_station_page_serve(st->server, &st->page);
    if (status != MW_OK)
        return station_fail("http.page_token_file", status, st->config.page_token);
    status = mw_station_status_serve(st->server, &st->status);
    if (status != MW_OK)
        return station_fail("http", status, "");
    status = mw_station_report_new(st->loop, &st->page, st->transmitter, &st->report);
    if (status != MW_OK)
        return station_fail("report", status, "");
    mw_log(MW_LOG_INFO, "started", MW_S("station", st->config.id),
           MW_S("http", mw_http_server_url(st->server)), MW_S("samples", st->config.source),
           MW_S("platform", st->config.url), MW_S("clock", mw_clock_source(st->clock)));
    mw_routes_start(st->routes);
    mw_station_sender_kick(st->sender);
    if (st->downlinks != NULL)
        mw_station_downlinks_start(st->downlinks);
    return true;
}

/* Everything that was made, in reverse order; what was not made is NULL. */
static void station_close(station *st) {
    mw_timer_free(st->update_timer);
    mw_station_report_free(st->report);
    mw_health_free(st->health);
    mw_station_receiver_stop(st->receiver);
    mw_station_downlinks_free(st->downlinks);
    mw_station_transmitter_free(st->transmitter);
    mw_panorama_free(st->panorama);
    mw_station_source_free(st->source);
    mw_station_timing_free(st->timing);
    mw_http_server_close(st->server);
    mw_station_sender_free(st->sender);
    mw_routes_free(st->routes);
    mw_station_store_close(st->store);
    mw_loop_free(st->loop);
    mw_metrics_free(st->metrics);
    mw_clock_close(st->clock);
}

static const char *config_path(int argc, char **argv) {
    for (int i = 1; i + 1 < argc; i++)
        if (strcmp(argv[i], "--config") == 0)
            return argv[i + 1];
    return NULL;
}

int main(int argc, char **argv) {
    static station st;
    if (argc > 1 && strcmp(argv[1], "decode") == 0)
        return mw_station_decode_main(argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "link-budget") == 0)
        return mw_station_budget_main(argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "capacity") == 0)
        return mw_capacity_main(argc - 1, argv + 1);
    mw_start start = mw_settings_start(&mw_station_program, argc, argv, &st.config);
    if (!start.run)
        return start.exit_code;
    if (mw_update_is_command(start.argc, start.argv)) {
        int result =
            mw_update_main(&st.config, argv[0], config_path(argc, argv), start.argc, start.argv);
        mw_settings_free(start.settings);
        return result;
    }
    if (start.argc == 1 && strcmp(start.argv[0], "self-test") == 0) {
        int result = mw_selftest_main(&st.config);
        mw_settings_free(start.settings);
        return result;
    }
    if (start.argc > 0) {
        (void)fprintf(stderr, "mw-station: unknown command %s\n", start.argv[0]);
        mw_settings_free(start.settings);
        return 2;
    }
    bool good = station_open_basics(&st) && station_open_flow(&st) &&
                station_open_transmitter(&st) && station_start(&st);
    if (good)
        mw_loop_run(st.loop);
    station_close(&st);
    if (good)
        mw_log_plain(MW_LOG_INFO, "stopped");
    mw_settings_free(start.settings);
    return good ? 0 : 1;
}
