/* SPDX-License-Identifier: Apache-2.0
 *
 * Copies of a frame in different sub-bands of a wide receiver, each with so much of it missing that
 * it cannot be decoded alone.
 */
#include "radio/band.h"

#include <math.h>

#include "base/prng.h"
#include "radio/band_work.h"
#include "radio/channel.h"
#include "radio/chase.h"
#include "radio/modulator.h"
#include "tests/harness/mw_test.h"

#define RATE    1000000.0 /* 16 channels of 62.5 kHz */
#define CENTRE  INT64_C(866500000000)
#define SPACING 62500.0
#define FS_DBM  (-60.0)
#define NF_DB   3.0
#define SYMBOL  2500u /* samples, at 400 Bd */
#define BEGIN   100000u
#define HEARD   16u

typedef struct world {
    mw_unb_plan plan;
    mw_unb_slot slot[3];
    uint8_t payload[3][MW_UNB_PAYLOAD_MAX];
    float *iq;
    size_t samples;
} world;

typedef struct ears {
    mw_receiver_frame heard[HEARD];
    unsigned count;
    mw_band_stats stats;
} ears;

static void hear(void *user, const mw_receiver_frame *f) {
    ears *e = user;
    MW_CHECK(e->count < HEARD);
    e->heard[e->count++] = *f;
}

static int sub_of(mw_freq f) {
    return (int)lround((double)(f.mhz - CENTRE) / 1000 / SPACING);
}

/* The middle of a sub-band, not a seam. */
static bool inside(mw_freq f) {
    double at = (double)(f.mhz - CENTRE) / 1000 / SPACING;
    return fabs(at - round(at)) < 0.45 && fabs(at) < 7.2;
}

/* A meter whose first two copies lie in different sub-bands; returns its counter. */
static uint32_t find_meter(world *w, uint32_t address) {
    for (uint32_t counter = 0; counter < 4096; counter++) {
        for (unsigned k = 0; k < 3; k++)
            MW_CHECK_OK(
                mw_unb_slot_of(&w->plan, 0, MW_UNB_R1, MW_UNB_S, address, counter, k, &w->slot[k]));
        if (inside(w->slot[0].carrier) && inside(w->slot[1].carrier) &&
            inside(w->slot[2].carrier) && sub_of(w->slot[0].carrier) != sub_of(w->slot[1].carrier))
            return counter;
    }
    fail_msg("no such meter");
    return 0;
}

/* A copy's symbols behind the sync word come and go with a period of 20: `gone` to `gone + 9` are
 * missing. */
static void say(world *w, unsigned copy, const uint8_t *payload, unsigned gone) {
    mw_unb_frame frame;
    size_t bytes = mw_unb_layout_of(MW_UNB_S)->payload_bytes;
    MW_CHECK_OK(mw_unb_frame_encode(MW_UNB_S, (mw_slice){payload, bytes}, &frame));
    uint64_t start = BEGIN + (uint64_t)(w->slot[copy].start.ns / 1000);
    mw_burst_setup setup = {
        .bits = frame.bits,
        .count = frame.symbols,
        .start_index = start,
        .rate = RATE,
        .baud = 400,
        .offset_hz = (double)(w->slot[copy].carrier.mhz - CENTRE) / 1000 + 700,
        .amplitude = mw_channel_amplitude(mw_channel_level_of_es_n0(9, 400, NF_DB), FS_DBM)};
    mw_burst burst;
    MW_CHECK_OK(mw_burst_init(&burst, &setup));
    for (unsigned i = 0; i < frame.symbols; i++) {
        if (i >= MW_UNB_SYNC_SYMBOLS && (i + 20 - gone) % 20 < 10)
            continue;
        uint64_t from = start + (uint64_t)i * SYMBOL;
        (void)mw_burst_render(&burst, from, SYMBOL, w->iq + 2 * from);
    }
}

/* One meter; the copies of `mask` are sent, with the same payload or each with its own. */
static world *world_new(uint32_t address, unsigned mask, bool same) {
    world *w = calloc(1, sizeof *w);
    const mw_unb_plan *demo;
    MW_CHECK_OK(mw_unb_plan_find("demo", &demo));
    w->plan = *demo;
    w->plan.band[0].low.mhz = CENTRE - INT64_C(470000000);
    w->plan.band[0].high.mhz = CENTRE + INT64_C(470000000);
    (void)find_meter(w, address);
    w->samples =
        BEGIN + (size_t)(w->slot[2].start.ns / 1000) + mw_unb_layout_of(MW_UNB_S)->symbols * SYMBOL;
    w->samples += BEGIN;
    w->iq = calloc(2 * w->samples, sizeof *w->iq);
    mw_prng g = mw_prng_of_seed(address);
    for (unsigned k = 0; k < 3; k++) {
        for (size_t i = 0; i < sizeof w->payload[k]; i++)
            w->payload[k][i] = same && k > 0 ? w->payload[0][i] : (uint8_t)mw_prng_u64(&g);
        if ((mask & 1u << k) != 0)
            say(w, k, w->payload[k], k == 0 ? 0 : 8);
    }
    static mw_channel_noise noise;
    mw_channel_noise_init(&noise, address, RATE, NF_DB, FS_DBM);
    mw_channel_noise_add(&noise, 0, w->samples, w->iq);
    return w;
}

static void world_free(world *w) {
    free(w->iq);
    free(w);
}

static ears listen(const world *w, unsigned threads, size_t step) {
    mw_band_config c = {.radio = mw_receiver_config_default((mw_freq){CENTRE}), .threads = threads};
    c.radio.rate_mhz = UINT64_C(1000000000);
    c.radio.low.mhz = CENTRE - INT64_C(480000000);
    c.radio.high.mhz = CENTRE + INT64_C(480000000);
    c.radio.rates = MW_RECEIVER_R1;
    c.radio.full_scale_dbm = FS_DBM;
    mw_unb_plan *plan = malloc(sizeof *plan); /* gone when samples come */
    *plan = w->plan;
    c.radio.plan = plan;
    ears e = {.count = 0};
    mw_band *b;
    MW_CHECK_OK(mw_band_new(&c, hear, &e, &b));
    free(plan);
    for (size_t at = 0; at < w->samples; at += step) {
        size_t n = w->samples - at < step ? w->samples - at : step;
        mw_samples_block block = {{.format = MW_SAMPLES_CF32,
                                   .first_index = at,
                                   .utc = {1790000000000000 + (int64_t)at},
                                   .rate_mhz = UINT64_C(1000000000),
                                   .centre = {CENTRE},
                                   .count = n},
                                  {(const uint8_t *)(w->iq + 2 * at), n * 2 * sizeof *w->iq}};
        MW_CHECK_OK(mw_band_push(b, &block));
    }
    mw_band_flush(b);
    mw_receiver_stats known = *mw_band_input_of(b);
    e.stats = mw_band_stats_of(b);
    MW_CHECK(known.combined == e.stats.radio.combined && known.pairs == e.stats.radio.pairs);
    mw_band_free(b);
    return e;
}

MW_TEST(alone_neither_is_decoded) {
    for (unsigned copy = 0; copy < 2; copy++) {
        world *w = world_new(77, 1u << copy, true);
        ears e = listen(w, 1, 65536);
        MW_CHECK_EQ(e.count, 0);
        MW_CHECK(e.stats.radio.undecoded >= 1);
        world_free(w);
    }
}

MW_TEST(together_once_whatever_the_threads) {
    world *w = world_new(78, 3, true);
    MW_CHECK(sub_of(w->slot[0].carrier) != sub_of(w->slot[1].carrier));
    ears one = listen(w, 1, 65536);
    MW_CHECK_EQ(one.count, 1);
    const mw_receiver_frame *f = &one.heard[0];
    assert_memory_equal(f->payload, w->payload[0], f->payload_bytes);
    MW_CHECK_EQ(f->payload_bytes, MW_UNB_PAYLOAD_S);
    MW_CHECK_EQ(f->copies, 2);
    int64_t begin = BEGIN + w->slot[1].start.ns / 1000; /* the later reception is the frame's */
    MW_CHECK(llabs((int64_t)f->first_index - begin) < SYMBOL / 4);
    MW_CHECK_EQ(f->start.us, 1790000000000000 + (int64_t)f->first_index);
    MW_CHECK(llabs(f->frequency.mhz - w->slot[1].carrier.mhz - 700000) < 5000);
    MW_CHECK_EQ(one.stats.radio.combined, 1);
    MW_CHECK_EQ(one.stats.radio.frames, 1);
    for (unsigned threads = 2; threads <= 4; threads += 2) {
        ears more = listen(w, threads, threads == 2 ? 65536 : 9973);
        MW_CHECK_EQ(more.count, 1);
        assert_memory_equal(&more.heard[0], f, sizeof *f);
        MW_CHECK_EQ(more.stats.radio.undecoded, one.stats.radio.undecoded);
        MW_CHECK_EQ(more.stats.radio.pairs, one.stats.radio.pairs);
    }
    world_free(w);
}

/* The third copy after two that gave the frame does not give it again. */
MW_TEST(three_copies_once) {
    world *w = world_new(78, 7, true);
    ears e = listen(w, 2, 65536);
    MW_CHECK_EQ(e.count, 1);
    MW_CHECK_EQ(e.heard[0].copies, 2);
    world_free(w);
}

/* Frames of different payloads in places that fit each other: tried, and nothing comes of it. */
MW_TEST(a_wrong_pair_gives_nothing) {
    uint64_t pairs = 0;
    for (uint32_t address = 77; address < 83; address++) {
        world *w = world_new(address, 3, false);
        ears e = listen(w, 2, 65536);
        MW_CHECK_EQ(e.count, 0);
        pairs += e.stats.radio.pairs;
        world_free(w);
    }
    MW_CHECK(pairs >= 5);
}

MW_TEST_MAIN(MW_CASE(alone_neither_is_decoded), MW_CASE(together_once_whatever_the_threads),
             MW_CASE(three_copies_once), MW_CASE(a_wrong_pair_gives_nothing))
