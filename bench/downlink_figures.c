/* SPDX-License-Identifier: Apache-2.0
 *
 * Figures of the way down:
 *
 *   downlink.per_rN_pct            packets that a meter loses at -138 dBm, its noise figure stated
 *   downlink.uplink_loss_rN_pct    uplinks lost because the station was sending 5 % of the time
 *   downlink.frames_per_hour_rN    what the duty of eu868 allows
 *
 *   bench_downlink           all
 *   bench_downlink loss      only the table of uplink loss against transmit duty
 *   bench_downlink window    only the receive window
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/prng.h"
#include "radio/channel.h"
#include "radio/modulator.h"
#include "radio/receiver.h"
#include "radio/window.h"
#include "station/capacity.h"

#define FULL_DBM    (-100.0)
#define METER_NF_DB 7.0

static void figure(const char *key, double value, const char *unit, double target, bool less) {
    bool good = less ? value <= target : value >= target;
    printf("%s %.2f %s %s%g %s\n", key, value, unit, less ? "<=" : ">=", target,
           good ? "ok" : "short");
}

/* ---- a meter's receive window at -138 dBm ---- */

static bool window_trial(mw_window *w, mw_unb_rate rate, double rate_hz, double level_dbm,
                         uint64_t seed) {
    mw_prng g = mw_prng_of_stream(seed, rate);
    static mw_channel_noise noise;
    uint8_t payload[MW_UNB_PAYLOAD_M];
    mw_unb_frame frame;
    for (unsigned i = 0; i < sizeof payload; i++)
        payload[i] = (uint8_t)mw_prng_u64(&g);
    if (mw_unb_frame_encode(MW_UNB_M, MW_SLICE_OF(payload), &frame) != MW_OK)
        return false;
    double window_s = rate == MW_UNB_R0 ? 2.0 : rate == MW_UNB_R1 ? 0.5 : 0.2;
    double at = (0.1 + window_s * (double)mw_prng_below(&g, 1000) / 1000) * rate_hz;
    double hz = (double)mw_prng_below(&g, 200) / 10 - 10;
    mw_burst_setup setup = {.bits = frame.bits,
                            .count = frame.symbols,
                            .start_index = (uint64_t)at,
                            .start_fraction = at - floor(at),
                            .rate = rate_hz,
                            .baud = mw_unb_rate_bd(rate),
                            .symbol_ppm = (double)mw_prng_below(&g, 400) / 10 - 20,
                            .offset_hz = hz,
                            .drift_hz_per_s = (double)mw_prng_below(&g, 20) / 10 - 1,
                            .phase = (double)mw_prng_below(&g, 628) / 100,
                            .amplitude = mw_channel_amplitude(level_dbm, FULL_DBM)};
    mw_burst burst;
    if (mw_burst_init(&burst, &setup) != MW_OK)
        return false;
    size_t n = (size_t)mw_burst_end(&burst) + 64;
    float *iq = calloc(2 * n, sizeof *iq);
    if (iq == NULL)
        return false;
    if (noise.seed == 0 || seed == 0)
        mw_channel_noise_init(&noise, 1, rate_hz, METER_NF_DB, FULL_DBM);
    noise.seed = mw_mix64(seed + 77);
    (void)mw_burst_render(&burst, 0, n, iq);
    mw_channel_noise_add(&noise, 0, n, iq);
    mw_window_search s = {.from_s = 0.1, .to_s = 0.1 + window_s, .hz_reach = 15};
    mw_window_frame f;
    mw_status status = mw_window_receive(w, iq, n, &s, &f);
    free(iq);
    return status == MW_OK && memcmp(f.payload, payload, sizeof payload) == 0;
}

static void window_figures(void) {
    static const unsigned trials[] = {100, 200, 200};
    static const double targets[] = {1, 1, 100};
    printf("# a meter's receive window, M frames, noise figure %.0f dB, carrier +-10 Hz, drift +-1 "
           "Hz/s,\n# symbol clock +-20 ppm, start anywhere in the window; PER in %%\n",
           METER_NF_DB);
    for (unsigned rate = 0; rate < MW_UNB_RATE_COUNT; rate++) {
        mw_window *w;
        double rate_hz = 32.0 * mw_unb_rate_bd((mw_unb_rate)rate), at_138 = 0;
        if (mw_window_new(rate_hz, (mw_unb_rate)rate, &w) != MW_OK)
            return;
        double thermal = -174 + METER_NF_DB + 10 * log10(mw_unb_rate_bd((mw_unb_rate)rate));
        printf("# R%u, Es/N0 at -138 dBm %.1f dB:", rate, -138 - thermal);
        for (double es = -2; es <= 4; es += 1) {
            bool catalogue = es > 3.5;
            unsigned lost = 0;
            double level = catalogue ? -138 : thermal + es;
            for (unsigned i = 0; i < trials[rate]; i++)
                lost += !window_trial(w, (mw_unb_rate)rate, rate_hz, level, i);
            double per = 100.0 * lost / trials[rate];
            if (catalogue)
                at_138 = per;
            else
                printf(" %.0f dB %.1f", es, per);
        }
        printf("\n");
        char key[40];
        (void)snprintf(key, sizeof key, "downlink.per_r%u_pct", rate);
        figure(key, at_138, "%", targets[rate], true);
        mw_window_free(w);
    }
}

/* ---- uplinks while the station sends ---- */

#define LOSS_RATE   12800.0 /* samples a second */
#define LOSS_BURSTS 400u

typedef struct loss_world {
    mw_burst bursts[LOSS_BURSTS];
    uint8_t payload[LOSS_BURSTS][MW_UNB_PAYLOAD_M];
    bool heard[LOSS_BURSTS];
    unsigned count;
} loss_world;

static void on_frame(void *context, const mw_receiver_frame *f) {
    loss_world *w = context;
    for (unsigned i = 0; i < w->count; i++)
        if (f->payload_bytes == MW_UNB_PAYLOAD_M &&
            memcmp(f->payload, w->payload[i], MW_UNB_PAYLOAD_M) == 0)
            w->heard[i] = true;
}

/* `count` frames, one after the other on each of `lanes` carriers. */
static double make_uplinks(loss_world *w, mw_unb_rate rate, unsigned count, unsigned lanes,
                           double es_n0_db) {
    mw_prng g = mw_prng_of_stream(11, rate);
    double airtime = (double)mw_unb_airtime(rate, MW_UNB_M).ns / 1e9, end = 0;
    double baud = mw_unb_rate_bd(rate);
    w->count = count;
    for (unsigned i = 0; i < count; i++) {
        mw_unb_frame frame;
        for (unsigned k = 0; k < MW_UNB_PAYLOAD_M; k++)
            w->payload[i][k] = (uint8_t)mw_prng_u64(&g);
        (void)!mw_unb_frame_encode(MW_UNB_M, MW_SLICE_OF(w->payload[i]), &frame);
        double start =
            1 + i / lanes * (airtime * 1.15) + airtime * 0.1 * (double)mw_prng_below(&g, 100) / 100;
        double lane_hz = ((double)(i % lanes) - (lanes - 1) / 2.0) * 8 * baud;
        double level = mw_channel_level_of_es_n0(es_n0_db, baud, 3);
        mw_burst_setup setup = {.bits = frame.bits,
                                .count = frame.symbols,
                                .start_index = (uint64_t)(start * LOSS_RATE),
                                .rate = LOSS_RATE,
                                .baud = baud,
                                .offset_hz = lane_hz + (double)mw_prng_below(&g, 20),
                                .phase = (double)mw_prng_below(&g, 628) / 100,
                                .amplitude = mw_channel_amplitude(level, FULL_DBM)};
        (void)!mw_burst_init(&w->bursts[i], &setup);
        w->heard[i] = false;
        end = start + airtime > end ? start + airtime : end;
    }
    return end + 1;
}

/* Samples in blocks of a tenth of a second, those in which the station sends as erasures. */
static double play(loss_world *w, mw_unb_rate rate, double seconds, double duty, bool erased) {
    static mw_channel_noise noise;
    mw_receiver *rx;
    mw_receiver_config c = mw_receiver_config_default((mw_freq){INT64_C(868100000000)});
    c.rate_mhz = (uint64_t)(LOSS_RATE * 1000);
    c.low.mhz = c.centre.mhz - 6000000;
    c.high.mhz = c.centre.mhz + 6000000;
    c.rates = 1u << rate;
    c.full_scale_dbm = FULL_DBM;
    if (mw_receiver_new(&c, on_frame, w, &rx) != MW_OK)
        return 0;
    mw_channel_noise_init(&noise, 3, LOSS_RATE, 3, FULL_DBM);
    mw_prng g = mw_prng_of_stream(21, (uint64_t)(duty * 1000));
    mw_prng deaf = mw_prng_of_stream(22, 1);
    double burst_s = (double)mw_unb_airtime(MW_UNB_R1, MW_UNB_M).ns / 1e9, sent = 0;
    double next = duty > 0 ? burst_s / duty * (double)mw_prng_below(&g, 1000) / 1000 : 1e18;
    size_t n = 128; /* 10 ms */
    float iq[2 * 128];
    for (uint64_t at = 0; (double)at < seconds * LOSS_RATE; at += n) {
        double t = (double)at / LOSS_RATE;
        bool sending = t >= next && t < next + burst_s;
        if (t >= next + burst_s) {
            double gap = 2 * (burst_s / duty - burst_s) * (double)mw_prng_below(&g, 1000) / 1000;
            next = t + gap;
        }
        sent += sending;
        mw_samples_block b = {.h = {.format = MW_SAMPLES_CF32,
                                    .first_index = at,
                                    .utc = {1790000000000000 + (int64_t)(t * 1e6)},
                                    .rate_mhz = c.rate_mhz,
                                    .centre = c.centre,
                                    .count = n}};
        if (sending && erased) {
            b.h.format = MW_SAMPLES_GAP;
            b.h.flags = MW_SAMPLES_FLAG_ERASED;
        } else {
            memset(iq, 0, sizeof iq);
            for (unsigned i = 0; i < w->count; i++)
                (void)mw_burst_render(&w->bursts[i], at, n, iq);
            mw_channel_noise_add(&noise, at, n, iq);
            for (size_t i = 0; sending && i < 2 * n; i++)
                iq[i] = (mw_prng_u64(&deaf) & 1) != 0 ? 1.0f : -1.0f; /* its own signal, clipped */
            b.payload = (mw_slice){(const uint8_t *)iq, sizeof iq};
        }
        if (mw_receiver_push(rx, &b) != MW_OK)
            break;
    }
    mw_receiver_flush(rx);
    mw_receiver_free(rx);
    return 100 * sent * (double)n / (seconds * LOSS_RATE);
}

static double loss_pct(const loss_world *w) {
    unsigned lost = 0;
    for (unsigned i = 0; i < w->count; i++)
        lost += !w->heard[i];
    return 100.0 * lost / w->count;
}

static void loss_figures(void) {
    static loss_world w;
    static const double duties[] = {0, 0.01, 0.025, 0.05, 0.10};
    printf("# uplinks (M frames) lost against the share of time that the station sends, bursts of "
           "1.54 s\n# (M at R1) at random; erased: the receiver knows; deaf: it takes what the "
           "front end gives\n");
    for (unsigned rate = 0; rate < 2; rate++) {
        for (int es = 0; es <= 6; es += 6) {
            unsigned count = rate == 0 ? 120 : 160, lanes = rate == 0 ? 6 : 2;
            double seconds = make_uplinks(&w, (mw_unb_rate)rate, count, lanes, es);
            printf("# R%u, Es/N0 %d dB, %u frames:", rate, es, count);
            for (unsigned d = 0; d < sizeof duties / sizeof duties[0]; d++) {
                memset(w.heard, 0, sizeof w.heard);
                double sent = play(&w, (mw_unb_rate)rate, seconds, duties[d], true);
                double erased = loss_pct(&w);
                printf("  %.1f %%: %.1f", sent, erased);
                if (duties[d] == 0.05 && es == 6) {
                    char key[48];
                    memset(w.heard, 0, sizeof w.heard);
                    (void)play(&w, (mw_unb_rate)rate, seconds, duties[d], false);
                    printf(" (deaf %.1f)\n", loss_pct(&w));
                    (void)snprintf(key, sizeof key, "downlink.uplink_loss_r%u_pct", rate);
                    figure(key, erased, "%", rate == 0 ? 5 : 15, true);
                    printf("#   ...");
                }
            }
            printf("\n");
        }
    }
}

static void capacity_figures(void) {
    const mw_unb_plan *plan;
    unsigned band = 0;
    if (mw_unb_plan_find("eu868", &plan) != MW_OK)
        return;
    for (unsigned rate = 0; rate < MW_UNB_RATE_COUNT; rate++) {
        char key[48];
        if (mw_unb_plan_band(plan, MW_UNB_DOWN, (mw_unb_rate)rate, 0, &band) != MW_OK)
            continue;
        (void)snprintf(key, sizeof key, "downlink.frames_per_hour_r%u", rate);
        figure(key, mw_capacity_frames_per_hour(plan, band, (mw_unb_rate)rate, MW_UNB_M), "M/h", 1,
               false);
    }
}

int main(int argc, char **argv) {
    const char *only = argc > 1 ? argv[1] : "";
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    if (only[0] == 0 || strcmp(only, "window") == 0)
        window_figures();
    if (only[0] == 0 || strcmp(only, "loss") == 0)
        loss_figures();
    if (only[0] == 0)
        capacity_figures();
    return 0;
}
