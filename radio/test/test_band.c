/* SPDX-License-Identifier: Apache-2.0 */
#include "radio/band.h"

#include <math.h>

#include "base/prng.h"
#include "protocols/unb/unb.h"
#include "radio/channel.h"
#include "radio/modulator.h"
#include "radio/test/foreign_air.h"
#include "tests/harness/mw_test.h"

#define RATE    1000000.0 /* 16 channels of 62.5 kHz */
#define CENTRE  INT64_C(866500000000)
#define FS_DBM  (-60.0)
#define NF_DB   3.0
#define FRAMES  24u
#define SPACING 62500.0
#define SECONDS 2.6

typedef struct sent {
    double hz, start_s;
    mw_unb_rate rate;
    uint8_t payload[MW_UNB_PAYLOAD_MAX];
    mw_burst burst;
} sent;

typedef struct world {
    sent sent[FRAMES];
    unsigned count;
    float *iq;
    size_t samples;
} world;

typedef struct ears {
    mw_receiver_frame heard[4 * FRAMES];
    unsigned count;
} ears;

static void hear(void *user, const mw_receiver_frame *f) {
    ears *e = user;
    MW_CHECK(e->count < 4 * FRAMES);
    e->heard[e->count++] = *f;
}

static void say(world *w, mw_unb_rate rate, double hz, double start_s, double es_n0_db) {
    MW_CHECK(w->count < FRAMES);
    sent *s = &w->sent[w->count++];
    *s = (sent){.hz = hz, .start_s = start_s, .rate = rate};
    mw_prng g = mw_prng_of_stream(5, w->count);
    for (size_t i = 0; i < sizeof s->payload; i++)
        s->payload[i] = (uint8_t)mw_prng_u64(&g);
    mw_unb_frame frame;
    size_t bytes = mw_unb_layout_of(MW_UNB_S)->payload_bytes;
    MW_CHECK_OK(mw_unb_frame_encode(MW_UNB_S, (mw_slice){s->payload, bytes}, &frame));
    double baud = mw_unb_rate_bd(rate);
    mw_burst_setup setup = {.bits = frame.bits,
                            .count = frame.symbols,
                            .start_index = (uint64_t)(start_s * RATE),
                            .rate = RATE,
                            .baud = baud,
                            .offset_hz = hz,
                            .amplitude = mw_channel_amplitude(
                                mw_channel_level_of_es_n0(es_n0_db, baud, NF_DB), FS_DBM)};
    MW_CHECK_OK(mw_burst_init(&s->burst, &setup));
}

/* Frames in the middle of sub-bands, on and beside every seam, and at both edges. */
static world *world_new(void) {
    world *w = calloc(1, sizeof *w);
    say(w, MW_UNB_R1, 0, 0.1, 10);
    for (int k = -2; k < 2; k++) {
        double seam = (4 * k + 0.5) * SPACING;
        say(w, MW_UNB_R1, seam, 0.15 + 0.01 * k, 10);
        say(w, MW_UNB_R1, seam + 390, 1.1 + 0.01 * k, 8);
        say(w, MW_UNB_R1, seam - 390, 1.3 - 0.013 * k, 8);
        say(w, MW_UNB_R2, seam + 30000, 0.2 + 0.2 * k + 0.5, 12);
    }
    say(w, MW_UNB_R2, -93750, 2.2, 10); /* on a seam */
    say(w, MW_UNB_R2, 94050, 2.21, 10);
    say(w, MW_UNB_R1, 479000, 0.4, 10);
    say(w, MW_UNB_R1, -479000, 0.5, 10);
    w->samples = (size_t)(SECONDS * RATE);
    w->iq = calloc(2 * w->samples, sizeof *w->iq);
    for (unsigned i = 0; i < w->count; i++)
        (void)mw_burst_render(&w->sent[i].burst, 0, w->samples, w->iq);
    static mw_channel_noise noise;
    mw_channel_noise_init(&noise, 3, RATE, NF_DB, FS_DBM);
    mw_channel_noise_add(&noise, 0, w->samples, w->iq);
    return w;
}

static void world_free(world *w) {
    free(w->iq);
    free(w);
}

static mw_band_config config_of(unsigned threads) {
    mw_band_config c = {.radio = mw_receiver_config_default((mw_freq){CENTRE}), .threads = threads};
    c.radio.rate_mhz = UINT64_C(1000000000);
    c.radio.low.mhz = CENTRE - INT64_C(480000000);
    c.radio.high.mhz = CENTRE + INT64_C(480000000);
    c.radio.rates = MW_RECEIVER_R1 | MW_RECEIVER_R2;
    c.radio.full_scale_dbm = FS_DBM;
    return c;
}

static mw_samples_block block_of(const float *iq, uint64_t first, size_t n) {
    return (mw_samples_block){{.format = MW_SAMPLES_CF32,
                               .first_index = first,
                               .utc = {1790000000000000 + (int64_t)first},
                               .utc_uncertainty_us = 7,
                               .rate_mhz = UINT64_C(1000000000),
                               .centre = {CENTRE},
                               .count = n},
                              {(const uint8_t *)iq, n * 2 * sizeof *iq}};
}

static void push(mw_band *b, const world *w, uint64_t shift, size_t from, size_t to, size_t step) {
    for (size_t at = from; at < to; at += step) {
        size_t n = to - at < step ? to - at : step;
        mw_samples_block block = block_of(w->iq + 2 * at, shift + at, n);
        MW_CHECK_OK(mw_band_push(b, &block));
    }
}

static const mw_receiver_frame *found(const ears *e, const sent *s, unsigned *times) {
    const mw_receiver_frame *f = NULL;
    *times = 0;
    for (unsigned i = 0; i < e->count; i++) {
        if (memcmp(e->heard[i].payload, s->payload, e->heard[i].payload_bytes) == 0) {
            f = &e->heard[i];
            ++*times;
        }
    }
    return f;
}

MW_TEST(anywhere_in_the_band_once) {
    world *w = world_new();
    ears *e = calloc(1, sizeof *e);
    mw_band_config c = config_of(2);
    mw_band *b;
    MW_CHECK_OK(mw_band_new(&c, hear, e, &b));
    const uint64_t shift = 1000000007;
    push(b, w, shift, 0, w->samples, 50000);
    mw_band_flush(b);
    MW_CHECK_EQ(e->count, w->count);
    for (unsigned i = 0; i < w->count; i++) {
        unsigned times;
        const mw_receiver_frame *f = found(e, &w->sent[i], &times);
        MW_CHECK_EQ(times, 1);
        double baud = mw_unb_rate_bd(w->sent[i].rate);
        double late = (double)(f->first_index - shift) / RATE - w->sent[i].start_s;
        MW_CHECK_EQ(f->rate, w->sent[i].rate);
        MW_CHECK(fabs((double)(f->frequency.mhz - CENTRE) / 1000 - w->sent[i].hz) < baud / 200);
        MW_CHECK(fabs(late) * baud < 0.1);
        MW_CHECK_EQ(f->start.us, 1790000000000000 + (int64_t)f->first_index);
        MW_CHECK_EQ(f->start_uncertainty_us, 7);
    }
    mw_band_stats s = mw_band_stats_of(b);
    MW_CHECK_EQ(s.radio.frames, w->count);
    MW_CHECK(s.seam_duplicates >= 8); /* those on and beside seams were heard twice */
    MW_CHECK_EQ(s.sub_bands, 17);
    MW_CHECK_EQ(s.radio.samples, w->samples);
    MW_CHECK_EQ(mw_band_safe_index(b), shift + w->samples);
    mw_band_free(b);
    free(e);
    world_free(w);
}

MW_TEST(threads_and_cuts_do_not_matter) {
    world *w = world_new();
    static const struct {
        unsigned threads;
        size_t step;
    } ways[] = {{1, 65536}, {2, 10007}, {4, 1000000}};
    ears *first = NULL;
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        ears *e = calloc(1, sizeof *e);
        mw_band_config c = config_of(ways[i].threads);
        mw_band *b;
        MW_CHECK_OK(mw_band_new(&c, hear, e, &b));
        push(b, w, 0, 0, w->samples, ways[i].step);
        mw_band_flush(b);
        mw_band_free(b);
        if (first == NULL) {
            first = e;
            continue;
        }
        MW_CHECK_EQ(e->count, first->count);
        for (unsigned k = 0; k < e->count; k++) { /* same frames, same order, every field */
            const mw_receiver_frame *f = &e->heard[k], *g = &first->heard[k];
            assert_memory_equal(f->payload, g->payload, sizeof f->payload);
            MW_CHECK_EQ(f->first_index, g->first_index);
            MW_CHECK_EQ(f->start.us, g->start.us);
            MW_CHECK_EQ(f->frequency.mhz, g->frequency.mhz);
            MW_CHECK_EQ(f->drift_mhz_per_s, g->drift_mhz_per_s);
            MW_CHECK_EQ(f->level.cdbm, g->level.cdbm);
            MW_CHECK_EQ(f->snr.cdb, g->snr.cdb);
            MW_CHECK_EQ(f->symbol_errors, g->symbol_errors);
            MW_CHECK_EQ(f->quality, g->quality);
        }
        free(e);
    }
    free(first);
    world_free(w);
}

/* Stopped anywhere and sent again from the safe index, nothing is lost. */
MW_TEST(safe_index_loses_nothing) {
    world *w = world_new();
    for (size_t stop = 400000; stop < w->samples; stop += 700001) {
        ears *e = calloc(1, sizeof *e);
        mw_band_config c = config_of(2);
        mw_band *b;
        MW_CHECK_OK(mw_band_new(&c, hear, e, &b));
        push(b, w, 0, 0, stop, 65536);
        uint64_t safe = mw_band_safe_index(b);
        MW_CHECK(safe <= stop);
        mw_band_free(b);
        MW_CHECK_OK(mw_band_new(&c, hear, e, &b));
        push(b, w, 0, (size_t)safe, w->samples, 65536);
        mw_band_flush(b);
        mw_band_free(b);
        for (unsigned i = 0; i < w->count; i++) {
            unsigned times;
            MW_CHECK(found(e, &w->sent[i], &times) != NULL);
        }
        free(e);
    }
    world_free(w);
}

/* A frame 40 dB above the rest beside a seam, and others under its skirts on both sides, their sync
 * words while it lasts: each side must take it out of its own samples. */
MW_TEST(a_strong_frame_beside_a_seam_is_taken_out_on_both_sides) {
    static const struct {
        mw_unb_rate strong;
        double off, weak[2], start_s; /* off and weak: from the seam at 31,250 Hz */
    } scenes[] = {{MW_UNB_R1, 30, {-420, 480}, 0.35},
                  {MW_UNB_R1, 380, {-80, 800}, 0.35},
                  {MW_UNB_R2, -600, {900, -2600}, 0.28},
                  {MW_UNB_R2, 2000, {-1500, 5000}, 0.28},
                  {MW_UNB_R2, -3500, {900, -6500}, 0.28}};
    for (size_t i = 0; i < sizeof scenes / sizeof scenes[0]; i++) {
        world *w = calloc(1, sizeof *w);
        ears *e = calloc(1, sizeof *e);
        say(w, scenes[i].strong, 31250 + scenes[i].off, 0.3, 50);
        for (unsigned k = 0; k < 2; k++)
            say(w, MW_UNB_R1, 31250 + scenes[i].weak[k], scenes[i].start_s + 0.01 * k, 10);
        w->samples = (size_t)(1.4 * RATE);
        w->iq = calloc(2 * w->samples, sizeof *w->iq);
        for (unsigned k = 0; k < w->count; k++)
            (void)mw_burst_render(&w->sent[k].burst, 0, w->samples, w->iq);
        static mw_channel_noise noise;
        mw_channel_noise_init(&noise, 4, RATE, NF_DB, FS_DBM);
        mw_channel_noise_add(&noise, 0, w->samples, w->iq);
        mw_band_config c = config_of(2);
        c.radio.low.mhz = CENTRE - INT64_C(30000000); /* the two sub-bands beside the seam */
        c.radio.high.mhz = CENTRE + INT64_C(90000000);
        mw_band *b;
        MW_CHECK_OK(mw_band_new(&c, hear, e, &b));
        push(b, w, 0, 0, w->samples, 65536);
        mw_band_flush(b);
        mw_band_free(b);
        MW_CHECK_EQ(e->count, w->count);
        for (unsigned k = 0; k < w->count; k++) {
            unsigned times;
            (void)found(e, &w->sent[k], &times);
            MW_CHECK_EQ(times, 1);
        }
        free(e);
        world_free(w);
    }
}

MW_TEST(gaps) {
    world *w = world_new();
    ears *e = calloc(1, sizeof *e);
    mw_band_config c = config_of(1);
    mw_band *b;
    MW_CHECK_OK(mw_band_new(&c, hear, e, &b));
    const uint64_t again = UINT64_C(3600000000);
    /* a hole of 3 ms is bridged; a jump of an hour begins anew */
    push(b, w, 0, 0, 300000, 65536);
    push(b, w, 0, 303000, w->samples, 65536);
    push(b, w, again, 0, w->samples, 65536);
    mw_band_flush(b);
    for (unsigned i = 0; i < w->count; i++) {
        unsigned times;
        const mw_receiver_frame *f = found(e, &w->sent[i], &times);
        MW_CHECK_EQ(times, 2);
        double late = (double)(f->first_index - again) / RATE - w->sent[i].start_s;
        MW_CHECK(fabs(late) * mw_unb_rate_bd(w->sent[i].rate) < 0.1);
    }
    MW_CHECK_EQ(mw_band_input_of(b)->jumps, 2);
    MW_CHECK_EQ(mw_band_input_of(b)->gap_samples, 3000 + again - w->samples);
    mw_band_free(b);
    free(e);
    world_free(w);
}

/* NaN, infinity, full scale and a constant: counted, and frames beside them are heard. */
MW_TEST(damaged_samples) {
    world *w = world_new();
    for (size_t i = 0; i < w->samples; i++)
        w->iq[2 * i] += 0.3f; /* a constant, far above everything */
    for (size_t i = 0; i < 2000; i++)
        w->iq[2 * (900000 + i)] = i % 2 != 0 ? NAN : INFINITY;
    for (size_t i = 0; i < 1000; i++)
        w->iq[2 * (2500000 + i)] = 1e9f;
    ears *e = calloc(1, sizeof *e);
    mw_band_config c = config_of(2);
    mw_band *b;
    MW_CHECK_OK(mw_band_new(&c, hear, e, &b));
    push(b, w, 0, 0, w->samples, 65536);
    mw_band_flush(b);
    MW_CHECK_EQ(mw_band_input_of(b)->not_finite, 2000);
    MW_CHECK_EQ(mw_band_input_of(b)->clipped, 1000); /* floats clip far above full scale */
    unsigned heard = 0;
    for (unsigned i = 0; i < w->count; i++) {
        unsigned times;
        heard += found(e, &w->sent[i], &times) != NULL;
    }
    MW_CHECK(heard >= w->count - 3); /* the one on the constant's frequency is lost */
    mw_band_free(b);
    free(e);
    world_free(w);
}

MW_TEST(narrow_samples_need_no_bank) {
    mw_band_config c = {.radio = mw_receiver_config_default((mw_freq){CENTRE}), .threads = 2};
    mw_band *b;
    ears *e = calloc(1, sizeof *e);
    MW_CHECK_OK(mw_band_new(&c, hear, e, &b));
    MW_CHECK_EQ(mw_band_stats_of(b).sub_bands, 1);
    mw_band_flush(b);
    mw_band_free(b);
    free(e);
}

/* The three published copies of a Sigfox message, each in another sub-band: one message. */
MW_TEST(copies_all_over_the_band) {
    static const char *const copies[3] = {"aaaaa35f01a0db334d00abad1deadc32758a",
                                          "aaaaa5980118806638c0d490d4650527d22d",
                                          "aaaaa5a301c8edff9e4081465a906b3ee8e8"};
    static const double hz[3] = {-300000, 156250, 20000}; /* the second on a seam */
    air *a = air_new(RATE, 480000, 5);
    air_listen(a, MW_RADIO_SIGFOX, 600);
    for (unsigned c = 0; c < 3; c++) {
        uint8_t memory[32];
        mw_slice text = mw_slice_of_str(copies[c]);
        MW_CHECK_OK(mw_hex_decode(text, (mw_span){memory, text.n / 2}));
        air_sending s = {.at_s = 0.1 + 0.74 * c, .baud = 600, .hz = hz[c], .es_n0_db = 14};
        air_send(a, (mw_slice){memory, text.n / 2}, &s);
    }
    mw_band_config config = {.radio = a->config, .threads = 2};
    mw_band *b;
    MW_CHECK_OK(mw_band_new(&config, air_sink, a, &b));
    enum { BLOCK = 50000 };
    static float iq[2 * BLOCK];
    for (uint64_t at = 0; at < 2400000; at += BLOCK) {
        memset(iq, 0, sizeof iq);
        for (unsigned i = 0; i < a->burst_count; i++)
            (void)mw_burst_render(&a->bursts[i], at, BLOCK, iq);
        mw_channel_noise_add(&a->noise, at, BLOCK, iq);
        mw_samples_block block = block_of(iq, at, BLOCK);
        block.h.centre = AIR_CENTRE;
        MW_CHECK_OK(mw_band_push(b, &block));
    }
    mw_band_flush(b);
    MW_CHECK_EQ(a->heard_count, 1);
    MW_CHECK_EQ(a->heard[0].copies, 3);
    MW_CHECK_EQ(a->heard[0].identity, 0x004d33db);
    mw_band_free(b);
    air_free(a);
}

/* The whole European band at once: bounded memory, R2 only where the plan has it. */
MW_TEST(europe) {
    mw_band_config c = mw_band_config_europe();
    mw_band *b;
    ears *e = calloc(1, sizeof *e);
    MW_CHECK_OK(mw_band_new(&c, hear, e, &b));
    MW_CHECK_EQ(mw_band_stats_of(b).sub_bands, 113);
    MW_CHECK(mw_band_memory(b) < 600u * 1024 * 1024);
    mw_band_free(b);
    free(e);
}

MW_TEST(refuses_nonsense) {
    mw_band *b;
    mw_band_config good = config_of(2), c = good;
    c.radio.high.mhz = CENTRE + INT64_C(500000000);
    MW_CHECK_EQ(mw_band_new(&c, hear, NULL, &b), MW_RANGE);
    c = good;
    c.threads = MW_BAND_THREADS_MAX + 1;
    MW_CHECK_EQ(mw_band_new(&c, hear, NULL, &b), MW_RANGE);
    c = good;
    c.ranges_n = 1;
    c.ranges[0] = (mw_band_range){{CENTRE}, {CENTRE - 1}, MW_RECEIVER_R1};
    MW_CHECK_EQ(mw_band_new(&c, hear, NULL, &b), MW_RANGE);
    c.ranges[0] = (mw_band_range){{CENTRE}, {CENTRE + 1000000}, 8};
    MW_CHECK_EQ(mw_band_new(&c, hear, NULL, &b), MW_RANGE);
    c = good;
    c.radio.rate_mhz = 0;
    MW_CHECK_EQ(mw_band_new(&c, hear, NULL, &b), MW_RANGE);
    MW_CHECK_OK(mw_band_new(&good, hear, NULL, &b));
    mw_samples_block other = block_of(NULL, 0, 0);
    other.h.rate_mhz++;
    MW_CHECK_EQ(mw_band_push(b, &other), MW_CONFLICT);
    mw_band_free(b);
}

MW_TEST_MAIN(MW_CASE(a_strong_frame_beside_a_seam_is_taken_out_on_both_sides),
             MW_CASE(anywhere_in_the_band_once), MW_CASE(threads_and_cuts_do_not_matter),
             MW_CASE(safe_index_loses_nothing), MW_CASE(gaps), MW_CASE(damaged_samples),
             MW_CASE(narrow_samples_need_no_bank), MW_CASE(copies_all_over_the_band),
             MW_CASE(europe), MW_CASE(refuses_nonsense))
