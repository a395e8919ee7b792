/* SPDX-License-Identifier: Apache-2.0
 *
 * A meter's receive window: modulated by the station's modulator, noise of the meter's receiver.
 */
#include "radio/window.h"

#include <math.h>

#include "base/prng.h"
#include "radio/channel.h"
#include "radio/modulator.h"
#include "tests/harness/mw_test.h"

/* Noise figure of a meter's receiver: a sub-GHz transceiver of the kind that meters carry. */
#define METER_NF_DB 7.0
#define FULL_DBM    (-100.0)

typedef struct trial {
    mw_unb_rate rate;
    mw_unb_size size;
    double level_dbm, late_s, hz, drift, reach;
} trial;

static double rate_of(mw_unb_rate rate) {
    return rate == MW_UNB_R2 ? 62500.0 : 15625.0;
}

static bool run(mw_window *w, const trial *t, uint64_t seed, mw_window_frame *out) {
    double rate = rate_of(t->rate);
    mw_prng g = mw_prng_of_stream(seed, 5);
    uint8_t payload[MW_UNB_PAYLOAD_MAX];
    for (unsigned i = 0; i < sizeof payload; i++)
        payload[i] = (uint8_t)mw_prng_u64(&g);
    mw_unb_frame frame;
    size_t bytes = mw_unb_layout_of(t->size)->payload_bytes;
    MW_CHECK_OK(mw_unb_frame_encode(t->size, (mw_slice){payload, bytes}, &frame));
    double at = t->late_s * rate;
    mw_burst_setup setup = {.bits = frame.bits,
                            .count = frame.symbols,
                            .start_index = (uint64_t)at,
                            .start_fraction = at - floor(at),
                            .rate = rate,
                            .baud = mw_unb_rate_bd(t->rate),
                            .symbol_ppm = 15,
                            .offset_hz = t->hz,
                            .drift_hz_per_s = t->drift,
                            .phase = 1.7,
                            .amplitude = mw_channel_amplitude(t->level_dbm, FULL_DBM)};
    mw_burst burst;
    MW_CHECK_OK(mw_burst_init(&burst, &setup));
    size_t n = (size_t)(mw_burst_end(&burst) + 1000);
    float *iq = calloc(2 * n, sizeof *iq);
    static mw_channel_noise noise;
    mw_channel_noise_init(&noise, seed, rate, METER_NF_DB, FULL_DBM);
    (void)mw_burst_render(&burst, 0, n, iq);
    mw_channel_noise_add(&noise, 0, n, iq);
    double length = t->rate == MW_UNB_R0 ? 2.0 : t->rate == MW_UNB_R1 ? 0.5 : 0.2;
    mw_window_search s = {.from_s = 0.1, .to_s = 0.1 + length, .hz_reach = t->reach};
    mw_status status = mw_window_receive(w, iq, n, &s, out);
    free(iq);
    if (status != MW_OK)
        return false;
    return out->size == t->size && memcmp(out->payload, payload, bytes) == 0;
}

/* The window's length, a carrier that moved since the uplink and a symbol clock that is off. */
MW_TEST(frames_of_every_rate_and_size) {
    for (unsigned rate = 0; rate < MW_UNB_RATE_COUNT; rate++) {
        mw_window *w;
        double baud = mw_unb_rate_bd((mw_unb_rate)rate);
        MW_CHECK_OK(mw_window_new(rate_of((mw_unb_rate)rate), (mw_unb_rate)rate, &w));
        for (unsigned size = 0; size < MW_UNB_SIZE_COUNT; size++) {
            if (!mw_unb_allowed((mw_unb_rate)rate, (mw_unb_size)size))
                continue;
            trial t = {.rate = (mw_unb_rate)rate,
                       .size = (mw_unb_size)size,
                       .level_dbm = mw_channel_level_of_es_n0(3, baud, METER_NF_DB),
                       .late_s = 0.1 + 0.13 * size + 0.00037,
                       .hz = (double)size * 17 - 19,
                       .drift = 1.0,
                       .reach = 45};
            if (rate == MW_UNB_R2)
                t.late_s = 0.1 + 0.05 * size;
            mw_window_frame f;
            MW_CHECK(run(w, &t, rate * 10 + size, &f));
            MW_CHECK(fabs(f.start_s - t.late_s) * baud < 0.2);
            MW_CHECK(fabs(f.hz - t.hz) < baud / 50 + 1);
        }
        mw_window_free(w);
    }
}

/* The catalogue's meter hears -138 dBm: so do ours at 50 and 400 Bd, with a noise figure of 7 dB.
 */
MW_TEST(a_meter_hears_138_below_a_milliwatt) {
    for (unsigned rate = 0; rate < 2; rate++) {
        mw_window *w;
        unsigned good = 0, trials = rate == 0 ? 6 : 25;
        MW_CHECK_OK(mw_window_new(rate_of((mw_unb_rate)rate), (mw_unb_rate)rate, &w));
        for (unsigned i = 0; i < trials; i++) {
            trial t = {.rate = (mw_unb_rate)rate,
                       .size = MW_UNB_M,
                       .level_dbm = -138,
                       .late_s = 0.2 + 0.003 * i,
                       .hz = 3,
                       .drift = 0.5,
                       .reach = 10};
            mw_window_frame f;
            good += run(w, &t, 100 + i, &f);
        }
        MW_CHECK(good + 1 >= trials);
        mw_window_free(w);
    }
}

MW_TEST(noise_alone_is_nothing) {
    mw_window *w;
    unsigned found = 0;
    MW_CHECK_OK(mw_window_new(rate_of(MW_UNB_R1), MW_UNB_R1, &w));
    for (unsigned i = 0; i < 20; i++) {
        trial t = {
            .rate = MW_UNB_R1, .size = MW_UNB_M, .level_dbm = -200, .late_s = 0.2, .reach = 20};
        mw_window_frame f;
        found += run(w, &t, 900 + i, &f);
    }
    MW_CHECK_EQ(found, 0);
    mw_window_free(w);
}

MW_TEST_MAIN(MW_CASE(frames_of_every_rate_and_size), MW_CASE(a_meter_hears_138_below_a_milliwatt),
             MW_CASE(noise_alone_is_nothing))
