/* SPDX-License-Identifier: Apache-2.0
 *
 * Modulator -> channel -> receiver in one process, for tests.
 */
#ifndef MW_RADIO_TEST_LOOPBACK_H
#define MW_RADIO_TEST_LOOPBACK_H

#include <math.h>

#include "base/prng.h"
#include "protocols/unb/unb.h"
#include "radio/channel.h"
#include "radio/modulator.h"
#include "radio/receiver.h"
#include "tests/harness/mw_test.h"

#define LOOP_RATE   250000.0
#define LOOP_CENTRE ((mw_freq){INT64_C(868100000000)})
#define LOOP_FS_DBM (-60.0)
#define LOOP_NF_DB  3.0
#define LOOP_MAX    64u

typedef struct loop_sent {
    mw_unb_rate rate;
    mw_unb_size size;
    double start_s, hz, drift, es_n0_db;
    uint8_t payload[MW_UNB_PAYLOAD_MAX];
    mw_burst burst;
} loop_sent;

typedef struct loop {
    loop_sent sent[LOOP_MAX];
    unsigned sent_count;
    mw_receiver_frame heard[LOOP_MAX];
    unsigned heard_count;
    mw_receiver *rx;
    mw_channel_noise noise;
    bool noisy;
    uint64_t first; /* absolute number of the sample at start_s = 0 */
    mw_samples_format format;
} loop;

static void loop_sink(void *user, const mw_receiver_frame *f) {
    loop *l = user;
    MW_CHECK(l->heard_count < LOOP_MAX);
    l->heard[l->heard_count++] = *f;
}

static mw_receiver *loop_receiver(loop *l, unsigned rates) {
    mw_receiver_config c = mw_receiver_config_default(LOOP_CENTRE);
    c.rates = rates;
    c.full_scale_dbm = LOOP_FS_DBM;
    mw_receiver *rx;
    MW_CHECK_OK(mw_receiver_new(&c, loop_sink, l, &rx));
    return rx;
}

static loop *loop_new(unsigned rates) {
    loop *l = calloc(1, sizeof *l);
    l->rx = loop_receiver(l, rates);
    l->noisy = true;
    l->format = MW_SAMPLES_CF32;
    mw_channel_noise_init(&l->noise, 3, LOOP_RATE, LOOP_NF_DB, LOOP_FS_DBM);
    return l;
}

static void loop_free(loop *l) {
    mw_receiver_free(l->rx);
    free(l);
}

/* Adds a frame with a random payload. */
static loop_sent *loop_send(loop *l, mw_unb_rate rate, mw_unb_size size, double start_s, double hz,
                            double drift, double es_n0_db) {
    MW_CHECK(l->sent_count < LOOP_MAX);
    loop_sent *s = &l->sent[l->sent_count++];
    *s = (loop_sent){.rate = rate,
                     .size = size,
                     .start_s = start_s,
                     .hz = hz,
                     .drift = drift,
                     .es_n0_db = es_n0_db};
    mw_prng g = mw_prng_of_stream(99, l->sent_count);
    size_t bytes = mw_unb_layout_of(size)->payload_bytes;
    for (size_t i = 0; i < bytes; i++)
        s->payload[i] = (uint8_t)mw_prng_u64(&g);
    mw_unb_frame frame;
    MW_CHECK_OK(mw_unb_frame_encode(size, (mw_slice){s->payload, bytes}, &frame));
    double at = start_s * LOOP_RATE, baud = mw_unb_rate_bd(rate);
    double level = mw_channel_level_of_es_n0(es_n0_db, baud, LOOP_NF_DB);
    mw_burst_setup setup = {.bits = frame.bits,
                            .count = frame.symbols,
                            .start_index = l->first + (uint64_t)at,
                            .start_fraction = at - floor(at),
                            .rate = LOOP_RATE,
                            .baud = baud,
                            .symbol_ppm = 20,
                            .offset_hz = hz,
                            .drift_hz_per_s = drift,
                            .phase = 2,
                            .amplitude = mw_channel_amplitude(level, LOOP_FS_DBM)};
    MW_CHECK_OK(mw_burst_init(&s->burst, &setup));
    return s;
}

/* Samples [from, to) of the scene, relative to l->first. */
static void loop_render(const loop *l, uint64_t from, size_t n, float *iq) {
    memset(iq, 0, 2 * n * sizeof *iq);
    for (unsigned i = 0; i < l->sent_count; i++)
        (void)mw_burst_render(&l->sent[i].burst, l->first + from, n, iq);
    if (l->noisy)
        mw_channel_noise_add(&l->noise, l->first + from, n, iq);
}

static mw_samples_block loop_block(const loop *l, mw_samples_format f, uint64_t from,
                                   uint64_t count, mw_slice payload) {
    return (mw_samples_block){{.format = f,
                               .first_index = l->first + from,
                               .utc = {1790000000000000 + (int64_t)(from * 4)},
                               .utc_uncertainty_us = 100,
                               .rate_mhz = 250000000,
                               .centre = LOOP_CENTRE,
                               .count = count},
                              payload};
}

/* Plays [from, to) in blocks of at most `block` samples. */
static inline void loop_play(loop *l, uint64_t from, uint64_t to, size_t block) {
    float *iq = malloc(2 * block * sizeof *iq);
    uint8_t *bytes = malloc(8 * block);
    for (uint64_t at = from; at < to; at += block) {
        size_t n = to - at < block ? (size_t)(to - at) : block;
        loop_render(l, at, n, iq);
        (void)mw_samples_from_float(iq, n, l->format, (mw_span){bytes, 8 * block});
        mw_samples_block b = loop_block(l, l->format, at, n,
                                        (mw_slice){bytes, n * mw_samples_format_bytes(l->format)});
        MW_CHECK_OK(mw_receiver_push(l->rx, &b));
    }
    free(bytes);
    free(iq);
}

static inline void loop_gap(loop *l, uint64_t from, uint64_t count) {
    mw_samples_block b = loop_block(l, MW_SAMPLES_GAP, from, count, (mw_slice){NULL, 0});
    MW_CHECK_OK(mw_receiver_push(l->rx, &b));
}

static uint64_t loop_samples(double seconds) {
    return (uint64_t)(seconds * LOOP_RATE);
}

/* The frame that carries what was sent, or NULL. */
static const mw_receiver_frame *loop_heard(const loop *l, const loop_sent *s) {
    for (unsigned i = 0; i < l->heard_count; i++) {
        const mw_receiver_frame *f = &l->heard[i];
        if (f->size == s->size && f->rate == s->rate &&
            memcmp(f->payload, s->payload, f->payload_bytes) == 0)
            return f;
    }
    return NULL;
}

/* The same frame in every field (padding aside). */
static inline void loop_check_same(const mw_receiver_frame *a, const mw_receiver_frame *b) {
    assert_memory_equal(a->payload, b->payload, sizeof a->payload);
    MW_CHECK_EQ(a->payload_bytes, b->payload_bytes);
    MW_CHECK_EQ(a->rate, b->rate);
    MW_CHECK_EQ(a->size, b->size);
    MW_CHECK_EQ(a->first_index, b->first_index);
    MW_CHECK_EQ(a->start.us, b->start.us);
    MW_CHECK_EQ(a->start_uncertainty_us, b->start_uncertainty_us);
    MW_CHECK_EQ(a->frequency.mhz, b->frequency.mhz);
    MW_CHECK_EQ(a->drift_mhz_per_s, b->drift_mhz_per_s);
    MW_CHECK_EQ(a->level.cdbm, b->level.cdbm);
    MW_CHECK_EQ(a->snr.cdb, b->snr.cdb);
    MW_CHECK_EQ(a->symbols, b->symbols);
    MW_CHECK_EQ(a->symbol_errors, b->symbol_errors);
    MW_CHECK_EQ(a->quality, b->quality);
}

/* Every frame sent was heard exactly once, with the right time, frequency and level. */
static inline void loop_check_all(const loop *l) {
    MW_CHECK_EQ(l->heard_count, l->sent_count);
    for (unsigned i = 0; i < l->sent_count; i++) {
        const loop_sent *s = &l->sent[i];
        const mw_receiver_frame *f = loop_heard(l, s);
        MW_CHECK(f != NULL);
        double baud = mw_unb_rate_bd(s->rate);
        double hz = s->hz + s->drift * 32 / baud;
        double level = mw_channel_level_of_es_n0(s->es_n0_db, baud, LOOP_NF_DB);
        double late = (double)(int64_t)(f->first_index - l->first) / LOOP_RATE - s->start_s;
        MW_CHECK_EQ(f->payload_bytes, mw_unb_layout_of(s->size)->payload_bytes);
        MW_CHECK(fabs((double)(f->frequency.mhz - LOOP_CENTRE.mhz) / 1000 - hz) < baud / 200);
        MW_CHECK(fabs(late) * baud < 0.1);
        MW_CHECK_EQ(f->start.us, 1790000000000000 + (int64_t)(f->first_index - l->first) * 4);
        MW_CHECK(fabs(f->level.cdbm / 100.0 - level) < 0.7);
        if (s->es_n0_db < 15)
            MW_CHECK(fabs(f->snr.cdb / 100.0 - s->es_n0_db) < 1.0);
        MW_CHECK(f->quality >= 60);
    }
}

#endif
