/* SPDX-License-Identifier: Apache-2.0
 *
 * From the platform's stream of events to a meter's decoder: the station's own transmitter, its
 * samples heard by a meter's receive window; with a platform that comes and goes.
 */
#include "station/transmit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/prng.h"
#include "radio/channel.h"
#include "radio/window.h"
#include "runtime/http_server.h"
#include "station/downlinks.h"
#include "station/outcome.h"
#include "tests/harness/mw_test.h"

#define T0        INT64_C(1790000000000000)
#define RATE      UINT64_C(250000)
#define ADDRESS   4096u
#define COUNTER   77u
#define HEARD_MAX (1u << 20)

typedef struct world {
    char folder[64];
    mw_clock *clock;
    mw_loop *loop;
    mw_metrics *metrics;
    mw_http_server *server;
    mw_http_sse *stream;
    unsigned streams;
    bool refuse;
    mw_station_config config;
    char url[64], token[96], spool[96];
    mw_station_store *store;
    mw_station_transmitter *transmitter;
    mw_routes *routes;
    mw_station_downlinks *downlinks;
    float *iq; /* what the antenna was given, first sample at `first` */
    size_t n;
    uint64_t first;
    double rate;
    int64_t centre_mhz;
    bool whole;
    uint64_t watermark;
    uint64_t index;   /* samples passed */
    uint16_t counter; /* of the uplink */
} world;

/* ---- the antenna ---- */

static mw_status take_burst(void *context, const mw_samples_block *b) {
    world *w = context;
    if (w->n == 0 || w->whole) {
        w->n = 0;
        w->first = b->h.first_index;
        w->rate = (double)b->h.rate_mhz / 1000;
        w->centre_mhz = b->h.centre.mhz;
    }
    MW_CHECK_EQ(b->h.first_index, w->first + w->n);
    MW_CHECK(w->n + b->h.count < HEARD_MAX);
    mw_samples_to_float(b, 0, (size_t)b->h.count, w->iq + 2 * w->n, NULL);
    w->n += (size_t)b->h.count;
    w->whole = (b->h.flags & MW_SAMPLES_FLAG_LAST) != 0;
    return MW_OK;
}

static void take_watermark(void *context, uint64_t index) {
    world *w = context;
    MW_CHECK(index >= w->watermark);
    w->watermark = index;
}

/* ---- the platform ---- */

static void stream_closed(void *context) {
    ((world *)context)->stream = NULL;
}

static void serve(void *context, mw_http_request *r) {
    world *w = context;
    MW_CHECK(mw_slice_equal(mw_http_bearer(r), mw_slice_of_str("secret")));
    if (w->refuse) {
        mw_http_reply_send(r, &(mw_http_reply){.status = 503, .headers = {{"Retry-After", "0"}}});
        return;
    }
    w->streams++;
    w->stream =
        mw_http_reply_sse(r, &(mw_http_sse_options){.on_close = stream_closed, .context = w});
    MW_CHECK_OK(mw_http_sse_send(w->stream, NULL, "hello",
                                 mw_slice_of_str("{\"station\":\"st-1\",\"pending\":0}")));
    MW_CHECK_OK(mw_http_sse_send(w->stream, NULL, "synced", mw_slice_of_str("{}")));
}

static void turn(world *w, int ms) {
    for (int i = 0; i < ms / 10; i++)
        mw_loop_run_once(w->loop, mw_dur_ms(10));
}

static void await_stream(world *w, unsigned streams) {
    for (int i = 0; i < 500 && w->streams < streams; i++)
        turn(w, 10);
    MW_CHECK(w->streams >= streams);
    turn(w, 50);
}

static void say(world *w, const char *event, const char *data) {
    size_t before = mw_station_transmitter_entries(w->transmitter);
    MW_CHECK_OK(mw_http_sse_send(w->stream, NULL, event, mw_slice_of_str(data)));
    for (int i = 0; i < 100 && mw_station_transmitter_entries(w->transmitter) == before; i++)
        turn(w, 10);
}

/* ---- the station ---- */

static void station_open(world *w) {
    char error[160] = "";
    mw_station_antenna antenna = {
        .context = w, .burst = take_burst, .watermark = take_watermark, .rate_factor_max = 64};
    mw_station_store_options store = {.folder = w->spool, .bytes_max = 1 << 24};
    MW_CHECK_OK(mw_station_store_open(&store, w->metrics, &w->store, error));
    MW_CHECK_OK(mw_station_transmitter_new(&w->config, mw_station_store_stats(w->store).epoch,
                                           (mw_utc){T0}, w->store, w->metrics, &antenna,
                                           &w->transmitter, error));
    MW_CHECK_OK(mw_routes_new(&w->config, w->loop, w->metrics, NULL, NULL, &w->routes, error));
    MW_CHECK_OK(mw_station_downlinks_new(&w->config, w->loop, w->transmitter, w->routes, w->metrics,
                                         &w->downlinks));
    mw_station_downlinks_start(w->downlinks);
}

static void station_close(world *w) {
    mw_station_downlinks_free(w->downlinks);
    mw_routes_free(w->routes);
    mw_station_transmitter_free(w->transmitter);
    mw_station_store_close(w->store);
}

static world *world_new(void) {
    world *w = calloc(1, sizeof *w);
    char error[160] = "";
    MW_CHECK(w != NULL && (w->iq = calloc(2 * HEARD_MAX, sizeof(float))) != NULL);
    (void)snprintf(w->folder, sizeof w->folder, "/tmp/mw-transmit-XXXXXX");
    MW_CHECK(mkdtemp(w->folder) != NULL);
    (void)snprintf(w->token, sizeof w->token, "%s/token", w->folder);
    (void)snprintf(w->spool, sizeof w->spool, "%s/spool", w->folder);
    FILE *f = fopen(w->token, "w");
    MW_CHECK(f != NULL && fputs("secret\n", f) >= 0 && fclose(f) == 0 &&
             chmod(w->token, 0600) == 0);
    MW_CHECK_OK(mw_clock_open("system", &w->clock));
    MW_CHECK_OK(mw_loop_new(w->clock, &w->loop));
    MW_CHECK_OK(mw_metrics_new(64, &w->metrics));
    MW_CHECK_OK(mw_http_server_open(w->loop, &(mw_http_options){.listen = "127.0.0.1:0"},
                                    &w->server, error));
    MW_CHECK_OK(
        mw_http_server_route(w->server, &(mw_http_route){"GET", "/v1/downlinks", serve, w, 0}));
    (void)snprintf(w->url, sizeof w->url, "%s", mw_http_server_url(w->server));
    w->config = (mw_station_config){.url = w->url,
                                    .token_file = w->token,
                                    .ca_file = "",
                                    .client_cert = "",
                                    .client_key = "",
                                    .routes = "",
                                    .timeout = mw_dur_s(5),
                                    .spool_folder = w->spool,
                                    .retry_min = mw_dur_ms(20),
                                    .retry_max = mw_dur_ms(100),
                                    .transmit = true,
                                    .transmit_plan = "demo",
                                    .transmit_erp = {1398},
                                    .transmit_full_scale = {1700},
                                    .transmit_lead = mw_dur_ms(1000),
                                    .transmit_airtime = ""};
    station_open(w);
    await_stream(w, 1);
    return w;
}

static void world_free(world *w) {
    char command[128];
    station_close(w);
    turn(w, 20);
    mw_http_server_close(w->server);
    mw_loop_free(w->loop);
    mw_metrics_free(w->metrics);
    mw_clock_close(w->clock);
    (void)snprintf(command, sizeof command, "rm -r %s", w->folder);
    MW_CHECK(system(command) == 0);
    free(w->iq);
    free(w);
}

/* Samples pass until `until`, a tenth of a second at a time. */
static void pass_until(world *w, int64_t until_us) {
    while ((int64_t)(w->index * 1000000 / RATE) < until_us) {
        mw_samples_header h = {.format = MW_SAMPLES_CS16,
                               .first_index = w->index,
                               .utc = {T0 + (int64_t)(w->index * 1000000 / RATE)},
                               .rate_mhz = RATE * 1000,
                               .count = RATE / 10};
        w->index += RATE / 10;
        mw_station_transmitter_turn(w->transmitter, &h);
    }
}

/* The meter's uplink, from a crystal 12 ppm fast, at stream time at_us. */
static void uplink(world *w, mw_unb_rate rate, int64_t at_us) {
    w->counter++;
    const mw_unb_plan *plan;
    mw_unb_slot slot;
    MW_CHECK_OK(mw_unb_plan_find("demo", &plan));
    MW_CHECK_OK(mw_unb_slot_of(plan, 0, rate, MW_UNB_M, ADDRESS, w->counter, 0, &slot));
    mw_receiver_frame f = {.payload_bytes = MW_UNB_PAYLOAD_M,
                           .rate = (uint8_t)rate,
                           .size = MW_UNB_M,
                           .start = {T0 + at_us},
                           .frequency = {slot.carrier.mhz + slot.carrier.mhz / 1000000 * 12}};
    f.payload[2] = ADDRESS >> 8;
    f.payload[5] = (uint8_t)w->counter;
    mw_station_transmitter_heard(w->transmitter, &f);
}

static void entry_text(char *out, size_t size, unsigned id, mw_unb_rate rate, mw_unb_size size_of,
                       uint8_t *payload) {
    char hex[2 * MW_UNB_PAYLOAD_MAX + 1] = "";
    size_t n = mw_unb_layout_of(size_of)->payload_bytes;
    mw_prng g = mw_prng_of_stream(id, 1);
    for (size_t i = 0; i < n; i++) {
        payload[i] = (uint8_t)mw_prng_u64(&g);
        (void)snprintf(hex + 2 * i, 3, "%02x", payload[i]);
    }
    (void)snprintf(out, size,
                   "{\"id\":\"%016x\",\"mode\":\"answer\",\"air_address\":%u,\"rate\":\"%s\","
                   "\"size\":\"%s\",\"payload\":\"%s\",\"copies\":1,\"priority\":3,"
                   "\"expires_at\":\"2027-01-01T00:00:00Z\"}",
                   id, ADDRESS, mw_unb_rate_name(rate), mw_unb_size_name(size_of), hex);
}

/* What a meter with that crystal hears of it, 20 dB above its noise. */
static void check_heard(world *w, mw_unb_rate rate, const uint8_t *payload, size_t bytes,
                        int64_t window_us) {
    const mw_unb_plan *plan;
    mw_freq carrier;
    static mw_channel_noise noise;
    mw_window *window;
    mw_window_frame f;
    MW_CHECK(w->whole);
    MW_CHECK_OK(mw_unb_plan_find("demo", &plan));
    MW_CHECK_OK(mw_unb_answer_carrier(plan, 1, rate, ADDRESS, w->counter, &carrier));
    double tuned = (double)carrier.mhz / 1e3 * (1 + 12e-6);
    double shift = 6.283185307179586 * ((double)w->centre_mhz / 1e3 - tuned) / w->rate;
    for (size_t i = 0; i < w->n; i++) {
        double c = cos(shift * (double)i), s = sin(shift * (double)i);
        float re = w->iq[2 * i], im = w->iq[2 * i + 1];
        w->iq[2 * i] = (float)(re * c - im * s);
        w->iq[2 * i + 1] = (float)(re * s + im * c);
    }
    /* full scale is 17 dBm here: a path of 140 dB leaves -126 dBm */
    mw_channel_noise_init(&noise, 4, w->rate, 7, 17.0 - 140.0);
    mw_channel_noise_add(&noise, 0, w->n, w->iq);
    MW_CHECK_OK(mw_window_new(w->rate, rate, &window));
    double open_s = (double)window_us / 1e6 - (double)w->first / w->rate;
    mw_window_search search = {
        .from_s = open_s, .to_s = open_s + (double)plan->window[rate].ns / 1e9, .hz_reach = 10};
    MW_CHECK_OK(mw_window_receive(window, w->iq, w->n, &search, &f));
    MW_CHECK_EQ(f.payload_bytes, bytes);
    assert_memory_equal(f.payload, payload, bytes);
    MW_CHECK(fabs(f.hz) < 3);
    double quarter = open_s + (double)plan->window[rate].ns / 4e9;
    MW_CHECK(fabs(f.start_s - quarter) < 0.002);
    mw_window_free(window);
}

static mw_downlink_result last_result(world *w) {
    mw_buffer record;
    mw_downlink_result r = {0};
    uint64_t sequence = 0, from = 0;
    bool found = false;
    mw_buffer_init(&record, 4096);
    while (mw_station_store_read(w->store, from, &sequence, &record) == MW_OK) {
        from = sequence + 1;
        if (mw_station_outcome_is(mw_buffer_view(&record))) {
            MW_CHECK_OK(mw_station_outcome_decode(mw_buffer_view(&record), &r));
            found = true;
        }
    }
    mw_buffer_fini(&record);
    MW_CHECK(found);
    return r;
}

MW_TEST(an_answer_reaches_the_meter_at_every_rate) {
    static const struct {
        mw_unb_rate rate;
        mw_unb_size size;
        int64_t delay_us;
    } cases[] = {{MW_UNB_R1, MW_UNB_M, 5000000},
                 {MW_UNB_R2, MW_UNB_L, 2000000},
                 {MW_UNB_R0, MW_UNB_M, 20000000},
                 {MW_UNB_R1, MW_UNB_L, 5000000}};
    world *w = world_new();
    for (unsigned i = 0; i < 4; i++) {
        char text[1024];
        uint8_t payload[MW_UNB_PAYLOAD_MAX];
        entry_text(text, sizeof text, 100 + i, cases[i].rate, cases[i].size, payload);
        say(w, "downlink", text);
        MW_CHECK_EQ(mw_station_transmitter_entries(w->transmitter), 1);
        int64_t at = (int64_t)(w->index * 1000000 / RATE) + 200000;
        int64_t end = at + mw_unb_airtime(cases[i].rate, MW_UNB_M).ns / 1000;
        pass_until(w, end + 100000);
        uplink(w, cases[i].rate, at);
        int64_t window = end + cases[i].delay_us;
        pass_until(w, window + 20000000);
        check_heard(w, cases[i].rate, payload, mw_unb_layout_of(cases[i].size)->payload_bytes,
                    window);
        mw_downlink_result r = last_result(w);
        MW_CHECK_EQ(r.id, 100 + i);
        MW_CHECK_EQ(r.state, MW_DOWNLINK_SENT);
        MW_CHECK_EQ(mw_station_transmitter_entries(w->transmitter), 0);
    }
    world_free(w);
}

/* While it sends, the station is deaf; the watermark never promises what is still to come. */
MW_TEST(deaf_while_sending) {
    world *w = world_new();
    char text[1024];
    uint8_t payload[MW_UNB_PAYLOAD_MAX];
    uint64_t from = 0, to = 0;
    entry_text(text, sizeof text, 7, MW_UNB_R1, MW_UNB_M, payload);
    say(w, "downlink", text);
    pass_until(w, 2000000);
    uplink(w, MW_UNB_R1, 300000);
    MW_CHECK(!mw_station_transmitter_deaf(w->transmitter, 0, 100 * RATE, &from, &to));
    int64_t start = 300000 + mw_unb_airtime(MW_UNB_R1, MW_UNB_M).ns / 1000 + 5125000;
    uint64_t before = 0;
    while (!w->whole) {
        before = w->watermark;
        pass_until(w, (int64_t)(w->index * 1000000 / RATE) + 100000);
    }
    MW_CHECK(before <= (uint64_t)start * RATE / 1000000);
    MW_CHECK(mw_station_transmitter_deaf(w->transmitter, 0, 100 * RATE, &from, &to));
    MW_CHECK_EQ(from * 1000000 / RATE / 10000, (uint64_t)(start - 6250 - 1000) / 10000);
    MW_CHECK((to - from) * 1000000 / RATE > 1537000 && (to - from) * 1000000 / RATE < 1545000);
    world_free(w);
}

/* The stream breaks off, the platform is busy, comes back and tells its state anew. */
MW_TEST(a_platform_that_comes_and_goes) {
    world *w = world_new();
    char text[1024];
    uint8_t payload[MW_UNB_PAYLOAD_MAX];
    entry_text(text, sizeof text, 7, MW_UNB_R1, MW_UNB_M, payload);
    say(w, "downlink", text);
    MW_CHECK_EQ(mw_station_transmitter_entries(w->transmitter), 1);
    w->refuse = true;
    mw_http_sse_end(w->stream);
    turn(w, 200);
    MW_CHECK_EQ(w->streams, 1);
    MW_CHECK_EQ(mw_station_transmitter_entries(w->transmitter), 1); /* it is kept meanwhile */
    w->refuse = false;
    await_stream(w, 2);
    MW_CHECK_EQ(mw_station_transmitter_entries(w->transmitter), 0); /* not told again: forgotten */
    say(w, "downlink", "{\"id\":\"00000000000000aa\",\"mode\":\"later\"}");
    pass_until(w, 500000);
    mw_downlink_result r = last_result(w);
    MW_CHECK_EQ(r.id, 0xaa);
    MW_CHECK_EQ(r.state, MW_DOWNLINK_REFUSED);
    MW_CHECK_STR(r.reason, "no such mode");
    say(w, "downlink", "not JSON");
    world_free(w);
}

/* Killed and started again, the station knows what it has sent in the last hour. */
MW_TEST(a_restart_remembers_its_airtime) {
    world *w = world_new();
    char text[1024];
    uint8_t payload[MW_UNB_PAYLOAD_MAX];
    entry_text(text, sizeof text, 7, MW_UNB_R1, MW_UNB_M, payload);
    say(w, "downlink", text);
    pass_until(w, 2000000);
    uplink(w, MW_UNB_R1, 300000);
    pass_until(w, 8000000);
    MW_CHECK(w->whole);
    int64_t sent = (mw_unb_airtime(MW_UNB_R1, MW_UNB_M).ns + 999) / 1000;
    mw_station_duty duty = mw_station_transmitter_duty(w->transmitter, (mw_utc){T0 + 9000000});
    MW_CHECK_EQ(duty.used_ppm, sent / 3600);
    MW_CHECK_EQ(duty.left_us, duty.limit_ppm * 3600 - sent);
    station_close(w);
    const mw_unb_plan *plan;
    mw_airtime a;
    char path[128];
    (void)snprintf(path, sizeof path, "%s/airtime", w->spool);
    MW_CHECK_OK(mw_unb_plan_find("demo", &plan));
    MW_CHECK_OK(mw_airtime_open(&a, plan, path, (mw_utc){T0 + 9000000}));
    MW_CHECK_EQ(mw_airtime_used_us(&a, 1, (mw_utc){T0 + 9000000}), sent);
    mw_airtime_close(&a);
    station_open(w);
    await_stream(w, 2);
    world_free(w);
}

MW_TEST_MAIN(MW_CASE(an_answer_reaches_the_meter_at_every_rate), MW_CASE(deaf_while_sending),
             MW_CASE(a_platform_that_comes_and_goes), MW_CASE(a_restart_remembers_its_airtime))
