/* SPDX-License-Identifier: Apache-2.0
 *
 * The road of a reading without a platform, in one process: meters, air, receiver, and back to
 * values that are compared with the truth. Whatever the receiver hears must be true to the unit.
 */
#include <inttypes.h>

#include "crypto/keys.h"
#include "protocols/smp/smp.h"
#include "radio/receiver.h"
#include "tests/harness/mw_test.h"
#include "town/simulation.h"

#define HOURS   26
#define METERS  12
#define MODEMS  6
#define DEVICES (METERS + MODEMS)
#define START_S INT64_C(1795003200) /* 2026-11-18T12:00:00Z */

typedef struct road {
    mw_town_series water;
    mw_town_series households[MW_TOWN_HOUSEHOLDS_MAX];
    size_t household_count;
    mw_town_population population;
    mw_town_air air;
    mw_town_book book;
    mw_town_simulation simulation;
    mw_receiver *receiver;
    /* Truth by device, channel and hour since the start; -1 where the book has no line. */
    int64_t reg[DEVICES][MW_TOWN_CHANNELS_MAX][HOURS + 2];
    int64_t value[DEVICES][MW_TOWN_CHANNELS_MAX][HOURS + 2];
    uint64_t frames, values, wrong;
} road;

static char folder[] = "road-XXXXXX";

/* ---- from frames to values ---- */

static int64_t hour_index(mw_utc hour_end) {
    return (mw_utc_floor_s(hour_end) - START_S) / 3600;
}

static void compare(road *r, size_t device, const mw_smp_day *day) {
    for (unsigned i = 0; i <= day->hours; i++) {
        int64_t reg;
        MW_CHECK_OK(mw_smp_day_register_at(day, i, &reg));
        int64_t hour = hour_index(mw_smp_utc_of_hour(day->end_hour - day->hours + i, day->grid));
        if (hour < 0 || hour >= HOURS + 2 || r->reg[device][day->channel][hour] < 0)
            continue;
        r->values++;
        r->wrong += reg != r->reg[device][day->channel][hour];
        r->wrong += i > 0 && day->value[i - 1] != r->value[device][day->channel][hour];
    }
}

static void take_objects(road *r, size_t device, mw_slice objects) {
    mw_reader reader = mw_reader_of(objects);
    mw_smp_object object;
    while (mw_smp_object_next(&reader, &object) == MW_OK) {
        mw_smp_day day;
        if (object.type != MW_SMP_DAY)
            continue;
        MW_CHECK_OK(mw_smp_day_decode(object.body, &day));
        compare(r, device, &day);
    }
}

static void take_frame(void *user, const mw_receiver_frame *frame) {
    road *r = user;
    mw_slice payload = {frame->payload, frame->payload_bytes};
    mw_smp_header h;
    MW_CHECK_OK(mw_smp_header_decode(payload, MW_SMP_UP, &h));
    size_t device = 0;
    while (device < DEVICES && r->population.devices[device].network_address != h.address)
        device++;
    MW_CHECK(device < DEVICES);
    const mw_town_device *d = &r->population.devices[device];
    mw_device_id id;
    for (unsigned i = 0; i < sizeof id.b; i++)
        id.b[i] = (uint8_t)(d->device_id >> (56 - 8 * i));
    mw_key up;
    mw_crypto_ctx ctx;
    MW_CHECK_OK(mw_key_derive_device(&mw_crypto_openssl, &d->master_key, &id, 0, MW_KEY_UP, &up));
    MW_CHECK_OK(mw_crypto_init(&ctx, &mw_crypto_openssl, &up));
    uint8_t memory[MW_SMP_FRAME_MAX];
    mw_slice objects;
    MW_CHECK_OK(
        mw_smp_frame_open(&ctx, MW_SMP_UP, payload, 0, h.counter, MW_SPAN_OF(memory), &objects));
    mw_crypto_fini(&ctx);
    r->frames++;
    take_objects(r, device, objects);
}

/* ---- from meters to samples ---- */

/* The same truth that the book writes, kept in memory for comparing at once. */
static void note_truth(road *r) {
    char path[64], line[160];
    snprintf(path, sizeof path, "%s/truth.csv", folder);
    FILE *f = fopen(path, "r");
    MW_CHECK(f != NULL && fgets(line, sizeof line, f) != NULL);
    while (fgets(line, sizeof line, f) != NULL) {
        uint64_t device_id;
        unsigned channel;
        char at[32];
        int64_t reg, value;
        mw_utc hour_end;
        MW_CHECK_EQ(sscanf(line, "%16" SCNx64 ",%u,%31[^,],%" SCNd64 ",%" SCNd64, &device_id,
                           &channel, at, &reg, &value),
                    5);
        MW_CHECK_OK(mw_utc_parse(mw_slice_of_str(at), &hour_end));
        int64_t hour = hour_index(hour_end);
        for (size_t i = 0; i < DEVICES; i++) {
            if (r->population.devices[i].device_id == device_id && hour >= 0 && hour < HOURS + 2) {
                r->reg[i][channel][hour] = reg;
                r->value[i][channel][hour] = value;
            }
        }
    }
    fclose(f);
}

static void settle(road *r, unsigned lost_permille) {
    memset(r->reg, 0xFF, sizeof r->reg);
    MW_CHECK(mkdtemp(folder) != NULL);
    const char *data = getenv("MW_TEST_CONSUMPTION");
    MW_CHECK(data != NULL);
    MW_CHECK_OK(mw_town_series_open_water(data, &r->water));
    MW_CHECK_OK(mw_town_series_open_households(data, r->households, MW_TOWN_HOUSEHOLDS_MAX,
                                               &r->household_count));
    MW_CHECK_OK(mw_town_population_open(5, METERS, MODEMS, r->household_count, "Europe/Rome",
                                        &r->population));
    mw_town_air_config air = {.seed = 5,
                              .start = mw_utc_of_s(START_S),
                              .rate_hz = 250000,
                              .centre = mw_freq_hz(868100000),
                              .full_scale_dbm = -50,
                              .noise_figure_db = 3,
                              .lost_permille = lost_permille};
    MW_CHECK_OK(mw_town_air_open(&air, &r->air));
    MW_CHECK_OK(mw_town_book_open(&r->book, folder));
    mw_town_terms terms = {.water = &r->water,
                           .households = r->households,
                           .start = air.start,
                           .billing_hour = 23,
                           .jitter_s = 120};
    MW_CHECK_OK(mw_unb_plan_find("demo", &terms.plan));
    MW_CHECK_OK(mw_town_simulation_open(&r->population, &terms, &r->air, &r->book, &r->simulation));
    mw_receiver_config config = mw_receiver_config_default(air.centre);
    config.rates = MW_RECEIVER_R1;
    config.full_scale_dbm = air.full_scale_dbm;
    MW_CHECK_OK(mw_receiver_new(&config, take_frame, r, &r->receiver));
}

static void leave(road *r) {
    char path[64];
    mw_receiver_free(r->receiver);
    mw_town_simulation_close(&r->simulation);
    MW_CHECK_OK(mw_town_book_close(&r->book));
    mw_town_air_close(&r->air);
    mw_town_population_close(&r->population);
    for (size_t i = 0; i < r->household_count; i++)
        mw_town_series_close(&r->households[i]);
    mw_town_series_close(&r->water);
    static const char *const files[] = {"truth.csv", "frames.csv"};
    for (size_t i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, files[i]);
        (void)remove(path);
    }
    (void)remove(folder);
}

/* An hour at a time: first what flowed and was sent, then what the receiver made of it. */
static void live(road *r) {
    for (int hour = 1; hour <= HOURS; hour++) {
        mw_utc until = mw_utc_of_s(START_S + hour * 3600);
        MW_CHECK_OK(
            mw_town_simulation_advance(&r->simulation, mw_utc_add(until, MW_TOWN_AIR_LOOKAHEAD)));
        MW_CHECK_OK(mw_town_book_flush(&r->book));
        note_truth(r);
        mw_samples_block block;
        while (mw_town_air_next(&r->air, mw_town_air_index(&r->air, until), &block) == MW_OK)
            MW_CHECK_OK(mw_receiver_push(r->receiver, &block));
    }
    mw_receiver_flush(r->receiver);
}

MW_TEST(what_is_heard_is_what_flowed) {
    static road r;
    settle(&r, 125);
    live(&r);
    print_message("%" PRIu64 " frames sent, %" PRIu64 " faded out, %" PRIu64 " heard, %" PRIu64
                  " values compared\n",
                  r.book.frames_sent, r.book.frames_lost, r.frames, r.values);
    MW_CHECK(r.book.frames_sent > 60 && r.values > 500);
    MW_CHECK_EQ(r.wrong, 0);
    /* Nothing but the fades and a rare collision is lost, and nothing is heard twice. */
    uint64_t arrived = r.book.frames_sent - r.book.frames_lost;
    MW_CHECK(r.frames <= arrived && r.frames + 3 + arrived / 50 >= arrived);
    leave(&r);
}

MW_TEST_MAIN(MW_CASE(what_is_heard_is_what_flowed))
