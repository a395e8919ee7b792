/* SPDX-License-Identifier: Apache-2.0
 *
 * The way down in one process: a burst on the meter's channel is heard through the town's medium by
 * the real firmware, which executes the command in it and answers; and a town that is started again
 * lives the same life from its journal.
 */
#include <math.h>

#include "crypto/keys.h"
#include "protocols/smp/smp.h"
#include "tests/harness/mw_test.h"
#include "town/simulation.h"

#define START_S INT64_C(1795003200) /* 2026-11-18T12:00:00Z */
#define HOURS   30
#define METERS  6
#define RATE    15625.0
#define PING    9u

typedef struct down {
    mw_town_series water;
    mw_town_population population;
    mw_town_air air;
    mw_town_book book;
    mw_town_simulation simulation;
    mw_town_medium *medium;
    char folder[64];
    bool replay;
    unsigned windows, sent;
    mw_utc sent_at;
} down;

/* A ping for the device, sealed with its own key. */
static void seal(const mw_town_device *d, uint8_t out[MW_UNB_PAYLOAD_M]) {
    mw_device_id id;
    mw_key key;
    mw_crypto_ctx ctx;
    uint8_t objects[32];
    size_t n = 0;
    mw_writer w = mw_writer_of(MW_SPAN_OF(objects));
    mw_smp_command ping = {.id = PING, .code = MW_SMP_COMMAND_PING};
    MW_CHECK_OK(mw_smp_seconds_of_utc(mw_utc_of_s(START_S + 30 * 86400), &ping.expires_s));
    mw_smp_command_put(&w, &ping);
    for (unsigned i = 0; i < sizeof id.b; i++)
        id.b[i] = (uint8_t)(d->device_id >> (56 - 8 * i));
    MW_CHECK_OK(
        mw_key_derive_device(&mw_crypto_openssl, &d->master_key, &id, 0, MW_KEY_DOWN, &key));
    MW_CHECK_OK(mw_crypto_init(&ctx, &mw_crypto_openssl, &key));
    mw_smp_frame_info info = {
        .direction = MW_SMP_DOWN, .address = d->network_address, .counter = 1, .full = true};
    MW_CHECK_OK(mw_smp_frame_seal(&ctx, &info, (mw_slice){objects, w.at}, MW_UNB_PAYLOAD_M,
                                  (mw_span){out, MW_UNB_PAYLOAD_M}, &n));
    mw_crypto_fini(&ctx);
}

/* What a station sends into this meter's window: its own carrier, a quarter of the window in. */
static void transmit(down *t, const mw_town_meter *m) {
    uint8_t payload[MW_UNB_PAYLOAD_M];
    mw_unb_frame frame;
    mw_burst burst;
    seal(m->device, payload);
    MW_CHECK_OK(mw_unb_frame_encode(MW_UNB_M, MW_SLICE_OF(payload), &frame));
    mw_utc from = mw_host_crystal_utc(&m->crystal, m->listen.from);
    mw_utc to = mw_host_crystal_utc(&m->crystal, m->listen.to);
    t->sent_at.us = from.us + (to.us - from.us) / 4;
    double at = (double)(t->sent_at.us - START_S * MW_US_PER_S) * RATE / 1e6;
    double carrier = (double)m->listen.carrier.mhz / 1e3 * (1 + m->crystal.ppb * 1e-9) + 3;
    double centre = round(carrier / 10000) * 10000;
    mw_burst_setup setup = {.bits = frame.bits,
                            .count = frame.symbols,
                            .start_index = (uint64_t)at,
                            .start_fraction = at - floor(at),
                            .rate = RATE,
                            .baud = mw_unb_rate_bd(m->listen.rate),
                            .offset_hz = carrier - centre,
                            .amplitude = 0.5};
    MW_CHECK_OK(mw_burst_init(&burst, &setup));
    uint64_t index = mw_burst_first(&burst), end = mw_burst_end(&burst);
    static float iq[2 * 8192];
    for (uint64_t n; index < end; index += n) {
        n = end - index < 8192 ? end - index : 8192;
        memset(iq, 0, sizeof iq);
        (void)mw_burst_render(&burst, index, (size_t)n, iq);
        mw_samples_block b = {.h = {.format = MW_SAMPLES_CF32,
                                    .flags = index + n == end ? MW_SAMPLES_FLAG_LAST : 0,
                                    .first_index = index,
                                    .rate_mhz = (uint64_t)(RATE * 1000),
                                    .centre = {(int64_t)centre * 1000},
                                    .count = n},
                              .payload = {(const uint8_t *)iq, (size_t)n * 8}};
        mw_town_medium_take(t->medium, &b);
    }
    t->sent++;
}

static mw_status hear(void *context, const mw_town_meter *m, mw_utc now,
                      mw_town_hearing *out_hearing, mw_town_heard *out_heard, mw_utc *out_later) {
    down *t = context;
    t->windows++;
    if (mw_town_medium_recall(t->medium, m, out_heard)) {
        mw_utc ready = {out_heard->start.us + 3000000};
        *out_hearing = now.us < ready.us ? MW_TOWN_LATER : MW_TOWN_FRAME;
        *out_later = ready;
        return MW_OK;
    }
    if (!t->replay && t->sent == 0 && m == &t->simulation.meters[2])
        transmit(t, m);
    MW_TRY(mw_town_medium_hear(t->medium, m, now, out_hearing, out_heard, out_later));
    if (*out_hearing != MW_TOWN_FRAME)
        return MW_OK;
    MW_TRY(mw_town_medium_note(t->medium, m, out_heard));
    mw_utc ready = {out_heard->start.us + 3000000};
    if (now.us < ready.us) {
        *out_hearing = MW_TOWN_LATER;
        *out_later = ready;
    }
    return MW_OK;
}

static void live(down *t, const char *root, const char *name, const char *journal) {
    char path[128];
    const mw_unb_plan *plan;
    const char *data = getenv("MW_TEST_CONSUMPTION");
    MW_CHECK(data != NULL);
    MW_CHECK_OK(mw_town_series_open_water(data, &t->water));
    MW_CHECK_OK(mw_town_population_open(5, METERS, 0, 1, "Europe/Rome", &t->population));
    mw_town_air_config air = {.seed = 5,
                              .start = mw_utc_of_s(START_S),
                              .rate_hz = 250000,
                              .centre = mw_freq_hz(868100000),
                              .full_scale_dbm = -50,
                              .noise_figure_db = 3};
    MW_CHECK_OK(mw_town_air_open(&air, &t->air));
    (void)snprintf(t->folder, sizeof t->folder, "%s/%s", root, name);
    (void)snprintf(path, sizeof path, "mkdir -p %s", t->folder);
    MW_CHECK(system(path) == 0);
    MW_CHECK_OK(mw_town_book_open(&t->book, t->folder));
    MW_CHECK_OK(mw_unb_plan_find("demo", &plan));
    mw_town_terms terms = {.plan = plan,
                           .water = &t->water,
                           .start = mw_utc_of_s(START_S),
                           .billing_hour = 23,
                           .jitter_s = 600};
    MW_CHECK_OK(mw_town_simulation_open(&t->population, &terms, &t->air, &t->book, &t->simulation));
    mw_town_medium_config medium = {.seed = 5,
                                    .start = mw_utc_of_s(START_S),
                                    .full_scale_dbm = 17,
                                    .noise_figure_db = 7,
                                    .journal = journal};
    MW_CHECK_OK(mw_town_medium_open(&medium, &t->air, &t->medium));
    mw_town_simulation_listen(&t->simulation, hear, t);
    for (int64_t s = 60; s <= HOURS * 3600; s += 60) {
        /* nobody renders this air: what was on it is forgotten */
        t->air.cursor = mw_town_air_index(&t->air, mw_utc_of_s(START_S + s));
        t->air.count = 0;
        MW_CHECK_OK(mw_town_simulation_advance(&t->simulation, mw_utc_of_s(START_S + s)));
    }
    MW_CHECK_OK(mw_town_book_close(&t->book));
    mw_town_simulation_close(&t->simulation);
    mw_town_medium_close(t->medium);
    mw_town_air_close(&t->air);
    mw_town_population_close(&t->population);
    mw_town_series_close(&t->water);
}

static char *file_text(const down *t, const char *name) {
    static char text[2][1 << 18];
    static unsigned next;
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", t->folder, name);
    FILE *f = fopen(path, "r");
    MW_CHECK(f != NULL);
    char *out = text[next++ % 2];
    size_t n = fread(out, 1, sizeof text[0] - 1, f);
    out[n] = 0;
    (void)fclose(f);
    return out;
}

MW_TEST(a_command_is_heard_executed_and_answered) {
    static down first, second;
    char root[] = "/tmp/mw-down-XXXXXX", journal[64], command[96];
    MW_CHECK(mkdtemp(root) != NULL);
    (void)snprintf(journal, sizeof journal, "%s/journal", root);
    live(&first, root, "first", journal);
    MW_CHECK(first.windows >= METERS);
    MW_CHECK_EQ(first.sent, 1);
    const char *said = file_text(&first, "downlinks.csv");
    MW_CHECK(strstr(said, ",down,") != NULL && strstr(said, ",OK:") != NULL);
    const char *receipt = strstr(said, ",up,");
    MW_CHECK(receipt != NULL && strstr(receipt, ",9:0\n") != NULL); /* ping 9 done */

    /* the same life again, from the journal: every frame the same */
    second.replay = true;
    live(&second, root, "second", journal);
    MW_CHECK_EQ(second.sent, 0);
    MW_CHECK_STR(file_text(&second, "frames.csv"), file_text(&first, "frames.csv"));
    MW_CHECK_STR(file_text(&second, "downlinks.csv"), file_text(&first, "downlinks.csv"));
    (void)snprintf(command, sizeof command, "rm -r %s", root);
    MW_CHECK(system(command) == 0);
}

MW_TEST_MAIN(MW_CASE(a_command_is_heard_executed_and_answered))
