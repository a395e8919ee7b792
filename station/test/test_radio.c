/* SPDX-License-Identifier: Apache-2.0
 *
 * From an event of the stream through the station's radio to a meter's decoder: the radio writes
 * what leaves its antenna and when, and fails on demand. In real time, 250 kS/s.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "radio/channel.h"
#include "radio/window.h"
#include "runtime/clock.h"
#include "station/outcome.h"
#include "station/transmit.h"
#include "tests/harness/mw_test.h"

#define RATE      250000
#define ADDRESS   4096u
#define COUNTER   78u
#define HEARD_MAX (1u << 20)

typedef struct world {
    char folder[64], spec[128], air[96], spool[96];
    mw_metrics *metrics;
    mw_station_config config;
    mw_station_store *store;
    mw_station_source *source;
    mw_station_transmitter *transmitter;
    mw_samples_header h; /* of the last block */
    uint8_t payload[MW_UNB_PAYLOAD_S];
    int64_t window_us; /* UTC at which the meter opens its window */
    uint64_t deaf_from, deaf_to;
    float *iq;
    size_t n;
    int64_t time_ns, hz;
} world;

static mw_status emit(void *context, uint64_t id, const mw_burst *burst, mw_freq centre) {
    return mw_emitter_send(context, id, burst, centre);
}

static mw_status outcome(void *context, uint64_t id, const char **out_reason) {
    return mw_emitter_outcome(context, id, out_reason);
}

static void watermark(void *context, uint64_t index) {
    (void)context;
    (void)index;
}

static mw_freq centre_of_downlinks(void) {
    const mw_unb_plan *plan;
    mw_freq carrier;
    MW_CHECK_OK(mw_unb_plan_find("demo", &plan));
    MW_CHECK_OK(mw_unb_answer_carrier(plan, 1, MW_UNB_R2, ADDRESS, COUNTER, &carrier));
    return (mw_freq){carrier.mhz - 20000000};
}

static world *world_new(const char *fault) {
    char error[160] = "";
    world *w = calloc(1, sizeof *w);
    MW_CHECK(w != NULL && (w->iq = calloc(2 * HEARD_MAX, sizeof(float))) != NULL);
    (void)snprintf(w->folder, sizeof w->folder, "/tmp/mw-radio-XXXXXX");
    MW_CHECK(mkdtemp(w->folder) != NULL);
    (void)snprintf(w->air, sizeof w->air, "%s/air", w->folder);
    (void)snprintf(w->spool, sizeof w->spool, "%s/spool", w->folder);
    (void)snprintf(w->spec, sizeof w->spec, "soapy:driver=mwloop,out=%.90s,fault=%s", w->air,
                   fault);
    w->config = (mw_station_config){.source = w->spec,
                                    .format = "auto",
                                    .sample_rate = mw_freq_hz(RATE),
                                    .centre = centre_of_downlinks(),
                                    .sdr_antenna = "",
                                    .sdr_transmit_antenna = "",
                                    .spool_folder = w->spool,
                                    .transmit = true,
                                    .transmit_plan = "demo",
                                    .transmit_erp = {1398},
                                    .transmit_full_scale = {1700},
                                    .transmit_lead = mw_dur_ms(1000),
                                    .transmit_airtime = ""};
    MW_CHECK_OK(mw_metrics_new(64, &w->metrics));
    mw_station_store_options store = {.folder = w->spool, .bytes_max = 1 << 24};
    MW_CHECK_OK(mw_station_store_open(&store, w->metrics, &w->store, error));
    mw_station_source_options options =
        mw_station_source_options_of(&w->config, w->spec, mw_clock_machine_utc());
    MW_CHECK_OK(mw_station_source_open(&options, &w->source));
    mw_station_antenna antenna = {.context = mw_station_source_emitter(w->source),
                                  .watermark = watermark,
                                  .rate_factor_max = 1,
                                  .emit = emit,
                                  .outcome = outcome};
    MW_CHECK(antenna.context != NULL);
    MW_CHECK_OK(mw_station_transmitter_new(&w->config, mw_station_store_stats(w->store).epoch,
                                           mw_clock_machine_utc(), w->store, w->metrics, &antenna,
                                           &w->transmitter, error));
    return w;
}

static void world_free(world *w) {
    char command[128];
    mw_station_transmitter_free(w->transmitter);
    mw_station_source_free(w->source);
    mw_station_store_close(w->store);
    mw_metrics_free(w->metrics);
    (void)snprintf(command, sizeof command, "rm -r %s", w->folder);
    MW_CHECK(system(command) == 0);
    free(w->iq);
    free(w);
}

static void pass(world *w, int ms) {
    uint64_t end = w->h.first_index + w->h.count + (uint64_t)ms * RATE / 1000;
    while (w->h.first_index + w->h.count < end) {
        mw_samples_block block;
        mw_status status = mw_station_source_pull(w->source, mw_dur_ms(500), &block);
        MW_CHECK_OK(status);
        w->h = block.h;
        mw_station_transmitter_turn(w->transmitter, &block.h);
        uint64_t from, to;
        if (mw_station_transmitter_deaf(w->transmitter, w->h.first_index, 1u << 30, &from, &to) &&
            w->deaf_to == 0) {
            w->deaf_from = from;
            w->deaf_to = to;
        }
    }
}

/* An entry for the meter, and the uplink that opens its window two seconds later. */
static void ask(world *w) {
    char text[512], hex[2 * MW_UNB_PAYLOAD_S + 1] = "";
    for (unsigned i = 0; i < MW_UNB_PAYLOAD_S; i++) {
        w->payload[i] = (uint8_t)(17 * i + 3);
        (void)snprintf(hex + 2 * i, 3, "%02x", w->payload[i]);
    }
    (void)snprintf(text, sizeof text,
                   "{\"id\":\"00000000000000aa\",\"mode\":\"answer\",\"air_address\":%u,\"rate\":"
                   "\"R2\",\"size\":\"S\",\"payload\":\"%s\",\"copies\":1,\"priority\":3,"
                   "\"expires_at\":\"2099-01-01T00:00:00Z\"}",
                   ADDRESS, hex);
    mw_station_transmitter_event(w->transmitter, "downlink", mw_slice_of_str(text));
    MW_CHECK_EQ(mw_station_transmitter_entries(w->transmitter), 1);
    const mw_unb_plan *plan;
    mw_unb_slot slot;
    MW_CHECK_OK(mw_unb_plan_find("demo", &plan));
    MW_CHECK_OK(mw_unb_slot_of(plan, 0, MW_UNB_R2, MW_UNB_M, ADDRESS, COUNTER, 0, &slot));
    int64_t length_us = mw_unb_airtime(MW_UNB_R2, MW_UNB_M).ns / 1000;
    mw_receiver_frame f = {.payload_bytes = MW_UNB_PAYLOAD_M,
                           .rate = MW_UNB_R2,
                           .size = MW_UNB_M,
                           .start = {w->h.utc.us - length_us},
                           .frequency = slot.carrier};
    f.payload[2] = ADDRESS >> 8;
    f.payload[5] = (uint8_t)COUNTER;
    w->window_us = w->h.utc.us + 2000000;
    mw_station_transmitter_heard(w->transmitter, &f);
}

static mw_downlink_result result_of(world *w) {
    mw_buffer record;
    mw_downlink_result r = {.id = 0};
    uint64_t sequence = 0;
    mw_buffer_init(&record, 4096);
    if (mw_station_store_read(w->store, 0, &sequence, &record) == MW_OK)
        MW_CHECK_OK(mw_station_outcome_decode(mw_buffer_view(&record), &r));
    mw_buffer_fini(&record);
    return r;
}

static void read_air(world *w) {
    FILE *f = fopen(w->air, "rb");
    int64_t head[3];
    MW_CHECK(f != NULL);
    while (fread(head, sizeof head, 1, f) == 1) {
        if (w->n == 0) {
            w->time_ns = head[0];
            w->hz = head[1];
        } else {
            MW_CHECK_EQ(head[0], -1); /* only a burst's first samples say when */
        }
        MW_CHECK_EQ(head[1], w->hz);
        MW_CHECK(w->n + (size_t)head[2] < HEARD_MAX);
        MW_CHECK_EQ(fread(w->iq + 2 * w->n, 8, (size_t)head[2], f), head[2]);
        w->n += (size_t)head[2];
    }
    (void)fclose(f);
}

MW_TEST(an_answer_leaves_the_radio_and_reaches_the_meter) {
    world *w = world_new("");
    static mw_channel_noise noise;
    mw_window *window;
    mw_window_frame f;
    const mw_unb_plan *plan;
    pass(w, 300);
    ask(w);
    pass(w, 3300);
    mw_downlink_result r = result_of(w);
    MW_CHECK_EQ(r.id, 0xaa);
    MW_CHECK_STR(r.reason, "");
    MW_CHECK_EQ(r.state, MW_DOWNLINK_SENT);
    read_air(w);
    MW_CHECK_EQ(w->hz, w->config.centre.mhz / 1000); /* the receiver's own: no retuning */
    /* at its sample, with what the receiver leaves out around it: 1 ms to both sides */
    int64_t first = (int64_t)llround((double)w->time_ns * RATE / 1e9);
    int64_t margin = RATE / 1000;
    MW_CHECK(llabs(first - (int64_t)w->deaf_from - margin) < margin / 2);
    MW_CHECK(first + (int64_t)w->n < (int64_t)w->deaf_to);
    /* the meter, 140 dB away: full scale is 17 dBm */
    mw_channel_noise_init(&noise, 4, RATE, 7, 17.0 - 140.0);
    mw_channel_noise_add(&noise, 0, w->n, w->iq);
    MW_CHECK_OK(mw_unb_plan_find("demo", &plan));
    MW_CHECK_OK(mw_window_new(RATE, MW_UNB_R2, &window));
    double begins_us =
        (double)w->h.utc.us + (double)(first - (int64_t)w->h.first_index) * 1e6 / RATE;
    double open_s = ((double)w->window_us - begins_us) / 1e6;
    double length_s = (double)plan->window[MW_UNB_R2].ns / 1e9;
    mw_window_search search = {
        .from_s = open_s, .to_s = open_s + length_s, .hz = 20000, .hz_reach = 10};
    MW_CHECK_OK(mw_window_receive(window, w->iq, w->n, &search, &f));
    MW_CHECK_EQ(f.payload_bytes, MW_UNB_PAYLOAD_S);
    assert_memory_equal(f.payload, w->payload, MW_UNB_PAYLOAD_S);
    MW_CHECK(fabs(f.start_s - open_s - length_s / 4) < 0.005);
    mw_window_free(window);
    world_free(w);
}

MW_TEST(what_the_radio_does_not_send_is_told) {
    static const struct {
        const char *fault;
        mw_downlink_state state;
        const char *reason;
        uint64_t underruns;
    } cases[] = {
        {"late", MW_DOWNLINK_TOO_LATE, "the radio got it too late", 0},
        {"underrun", MW_DOWNLINK_REFUSED, "the radio ran out of samples", 1},
        {"broken", MW_DOWNLINK_REFUSED, "the radio does not take samples", 0},
        {"untimed", MW_DOWNLINK_REFUSED, "this radio cannot send at a given time", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        world *w = world_new(cases[i].fault);
        pass(w, 300);
        ask(w);
        pass(w, 2700);
        mw_downlink_result r = result_of(w);
        MW_CHECK_EQ(r.id, 0xaa);
        MW_CHECK_EQ(r.state, cases[i].state);
        MW_CHECK_STR(r.reason, cases[i].reason);
        mw_emitter_stats stats = mw_emitter_stats_of(mw_station_source_emitter(w->source));
        MW_CHECK_EQ(stats.bursts, 0);
        MW_CHECK_EQ(stats.failures, 1);
        MW_CHECK_EQ(stats.underruns, cases[i].underruns);
        MW_CHECK_EQ(mw_station_transmitter_entries(w->transmitter), 0);
        world_free(w);
    }
}

int main(void) {
    const char *module = getenv("MW_SOAPY_TEST");
    if (module == NULL)
        return 77; /* a build without SoapySDR */
    MW_CHECK(setenv("SOAPY_SDR_PLUGIN_PATH", module, 1) == 0);
    const struct CMUnitTest cases[] = {
        MW_CASE(an_answer_leaves_the_radio_and_reaches_the_meter),
        MW_CASE(what_the_radio_does_not_send_is_told),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
