/* SPDX-License-Identifier: Apache-2.0
 *
 * Bursts of other networks -> channel -> receiver in one process, for tests.
 */
#ifndef MW_RADIO_TEST_FOREIGN_AIR_H
#define MW_RADIO_TEST_FOREIGN_AIR_H

#include <math.h>
#include <stdlib.h>

#include "base/prng.h"
#include "radio/channel.h"
#include "radio/foreign_burst.h"
#include "radio/receiver.h"
#include "tests/harness/mw_test.h"

#define AIR_CENTRE ((mw_freq){INT64_C(868130000000)})
#define AIR_FS_DBM (-60.0)
#define AIR_NF_DB  3.0
#define AIR_MAX    128u

typedef struct air {
    double rate;
    mw_burst bursts[AIR_MAX];
    unsigned burst_count;
    mw_receiver_frame heard[AIR_MAX];
    unsigned heard_count;
    mw_receiver_config config;
    mw_receiver *rx;
    mw_channel_noise noise;
    bool noisy;
} air;

static void air_sink(void *user, const mw_receiver_frame *f) {
    air *a = user;
    MW_CHECK(a->heard_count < AIR_MAX);
    a->heard[a->heard_count++] = *f;
}

/* A receiver that listens for one network and nothing else. */
static air *air_new(double rate, double half_width, uint64_t seed) {
    air *a = calloc(1, sizeof *a);
    a->rate = rate;
    a->noisy = true;
    a->config = (mw_receiver_config){.rate_mhz = (uint64_t)(rate * 1000),
                                     .centre = AIR_CENTRE,
                                     .low = {AIR_CENTRE.mhz - (int64_t)(half_width * 1000)},
                                     .high = {AIR_CENTRE.mhz + (int64_t)(half_width * 1000)},
                                     .full_scale_dbm = AIR_FS_DBM};
    mw_channel_noise_init(&a->noise, seed, rate, AIR_NF_DB, AIR_FS_DBM);
    return a;
}

static void air_listen(air *a, mw_radio_kind kind, uint16_t baud) {
    a->config.networks[a->config.network_count++] = (mw_radio_network){.kind = kind, .baud = baud};
}

static void air_free(air *a) {
    mw_receiver_free(a->rx);
    free(a);
}

typedef struct air_sending {
    double at_s, baud, hz, drift, es_n0_db;
    bool inverted;
} air_sending;

static inline void air_send(air *a, mw_slice frame, const air_sending *s) {
    MW_CHECK(a->burst_count < AIR_MAX);
    uint8_t memory[MW_BURST_SYMBOLS_MAX / 8];
    double at = s->at_s * a->rate;
    double level = mw_channel_level_of_es_n0(s->es_n0_db, s->baud, AIR_NF_DB);
    mw_burst_setup setup = {.start_index = (uint64_t)at,
                            .start_fraction = at - floor(at),
                            .rate = a->rate,
                            .baud = s->baud,
                            .symbol_ppm = 20,
                            .offset_hz = s->hz,
                            .drift_hz_per_s = s->drift,
                            .phase = 1 + s->at_s,
                            .amplitude = mw_channel_amplitude(level, AIR_FS_DBM)};
    MW_CHECK_OK(mw_foreign_burst_symbols(frame, 8 * frame.n, s->inverted, memory, &setup));
    MW_CHECK_OK(mw_burst_init(&a->bursts[a->burst_count++], &setup));
}

/* Plays [0, seconds) and ends the stream. */
static inline void air_play(air *a, double seconds) {
    enum { BLOCK = 16384 };
    if (a->rx == NULL)
        MW_CHECK_OK(mw_receiver_new(&a->config, air_sink, a, &a->rx));
    static float iq[2 * BLOCK];
    static uint8_t bytes[8 * BLOCK];
    uint64_t end = (uint64_t)(seconds * a->rate);
    for (uint64_t at = 0; at < end; at += BLOCK) {
        size_t n = end - at < BLOCK ? (size_t)(end - at) : BLOCK;
        memset(iq, 0, sizeof iq);
        for (unsigned i = 0; i < a->burst_count; i++)
            (void)mw_burst_render(&a->bursts[i], at, n, iq);
        if (a->noisy)
            mw_channel_noise_add(&a->noise, at, n, iq);
        (void)mw_samples_from_float(iq, n, MW_SAMPLES_CF32, MW_SPAN_OF(bytes));
        mw_samples_block b = {{.format = MW_SAMPLES_CF32,
                               .first_index = at,
                               .utc = {1790000000000000 + (int64_t)((double)at * 1e6 / a->rate)},
                               .utc_uncertainty_us = 100,
                               .rate_mhz = a->config.rate_mhz,
                               .centre = AIR_CENTRE,
                               .count = n},
                              {bytes, 8 * n}};
        MW_CHECK_OK(mw_receiver_push(a->rx, &b));
    }
    mw_receiver_flush(a->rx);
}

/* How many frames with this payload were heard. */
static inline unsigned air_heard(const air *a, mw_slice payload, const mw_receiver_frame **out) {
    unsigned n = 0;
    for (unsigned i = 0; i < a->heard_count; i++) {
        const mw_receiver_frame *f = &a->heard[i];
        if (mw_slice_equal(payload, (mw_slice){f->payload, f->payload_bytes})) {
            n++;
            if (out != NULL)
                *out = f;
        }
    }
    return n;
}

#endif
