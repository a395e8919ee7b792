/* SPDX-License-Identifier: Apache-2.0
 *
 * Jammers: what survives of M frames at R1 beside signals 40 dB above them.
 *
 *   radio_jammers [FRAMES [lab]]
 *
 * Frames at Es/N0 10 dB, ten at a time at random carriers of 200 kHz; the jammer is 40 dB above one
 * frame's carrier:
 *   cw       three carriers, 37 Hz to some kHz from frames by chance
 *   chirps   LoRa-like: 125 kHz wide, spreading factor 10, packets of 0.4 s every 2 s
 *   fsk      bursts of 20 ms every 0.2 s, 50 kbit/s, +-25 kHz, at a random carrier each
 *   impulses of 8 us in every 1.25 ms on the average, random instants
 *   clipping the same frames with one 60 dB above them, clipped at a fifth of its amplitude
 * The stream has 1 MS/s and goes through mw_band's filter bank; with `lab` it has 250 kS/s and one
 * receiver takes it. Each without and with the counter-measures (blanker; cancellation).
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/radio_scene.h"

#define TWO_PI   6.28318530717958647692
#define ES_N0_DB 10.0
#define JAM_DB   40.0
#define ABREAST  10u

typedef enum kind { NONE, CW, CHIRPS, FSK, IMPULSES, CLIPPING, KINDS } kind;
static const char *const names[KINDS] = {"none", "cw", "chirps", "fsk", "impulses", "clipping"};

typedef struct jam {
    kind kind;
    double amplitude;
    double rate; /* samples a second */
    bool blank;
} jam;

static double share_of(uint64_t seed) {
    return (double)(mw_mix64(seed * UINT64_C(0x9e3779b97f4a7c15) + 7) >> 11) / 9007199254740992.0;
}

/* Phase in cycles of the jammer at time t, or NAN while it is silent. */
static double chirp_phase(double t) {
    double into = fmod(t, 2.0), symbol = 1024 / 125e3;
    if (into > 0.4)
        return NAN;
    uint64_t number = (uint64_t)(t / 2.0) * 1000 + (uint64_t)(into / symbol);
    double s = fmod(into, symbol), begin = share_of(number);
    double f0 = (begin - 0.5) * 125e3, slope = 125e3 / symbol, wrap = (1 - begin) * symbol;
    double phase = f0 * s + 0.5 * slope * s * s;
    return s > wrap ? phase - 125e3 * (s - wrap) : phase;
}

static double fsk_phase(double t) {
    uint64_t burst = (uint64_t)(t / 0.2);
    double into = t - (double)burst * 0.2, bit = 1 / 50e3;
    if (into > 0.02)
        return NAN;
    uint64_t n = (uint64_t)(into / bit);
    double at = 0;
    for (uint64_t i = n > 6 ? n - 6 : 0; i < n; i++)
        at += (share_of(burst * 4096 + i) < 0.5 ? -25e3 : 25e3) * bit;
    double f = share_of(burst * 4096 + n) < 0.5 ? -25e3 : 25e3;
    double carrier = 100e3 * (share_of(burst + 5555) - 0.5);
    return at + f * (into - (double)n * bit) + carrier * into;
}

static void spoil(void *user, uint64_t first, size_t n, float *iq) {
    const jam *j = user;
    static const double carriers[3] = {-61234.5, 7777.7, 48111.1};
    for (size_t i = 0; i < n; i++) {
        double t = (double)(first + i) / j->rate, re = 0, im = 0, phase = NAN;
        if (j->kind == CW) {
            for (unsigned k = 0; k < 3; k++) {
                double p = TWO_PI * fmod(carriers[k] * t, 1);
                re += cos(p);
                im += sin(p);
            }
        } else if (j->kind == CHIRPS) {
            phase = chirp_phase(t);
        } else if (j->kind == FSK) {
            phase = fsk_phase(t);
        } else if (j->kind == IMPULSES) {
            /* its energy over 1.25 ms is that of a carrier 40 dB above a frame */
            uint64_t length = (uint64_t)(1.25e-3 * j->rate), wide = (uint64_t)(8e-6 * j->rate);
            uint64_t slot = (first + i) / length, into = (first + i) % length / wide;
            if (into == (uint64_t)((double)(length / wide) * share_of(slot)))
                re = sqrt((double)length / (double)wide);
        }
        if (!isnan(phase)) {
            re = cos(TWO_PI * fmod(phase, 1));
            im = sin(TWO_PI * fmod(phase, 1));
        }
        iq[2 * i] += (float)(j->amplitude * re);
        iq[2 * i + 1] += (float)(j->amplitude * im);
        if (j->kind == CLIPPING) { /* a converter of a fifth of the loudest frame's amplitude */
            float most = (float)(j->amplitude * 10 / 5);
            for (unsigned p = 0; p < 2; p++) {
                float *v = &iq[2 * i + p];
                *v = *v > most ? most : *v < -most ? -most : *v;
            }
        }
    }
}

static bool lab; /* one receiver without a filter bank */

static void adjust(void *user, mw_receiver_config *config) {
    const jam *j = user;
    config->blank = j->blank ? 5 : 0;
}

static unsigned play(kind k, bool counter, unsigned frames, unsigned *out_sent,
                     unsigned *out_wrong) {
    scene s;
    mw_prng g = mw_prng_of_seed(4000 + k);
    scene_init(&s, frames + frames / ABREAST + 1, 4000 + k);
    double slot = 1.8, width = 198000.0 / ABREAST;
    for (unsigned i = 0; i < frames; i++) {
        scene_frame *f = scene_add(&s, &g, MW_UNB_R1, MW_UNB_M);
        f->start_s = (i / ABREAST) * slot + 0.2 * scene_uniform(&g) + 0.02;
        f->hz = -99000 + width * (i % ABREAST + 0.1 + 0.8 * scene_uniform(&g));
        f->drift = 4 * scene_uniform(&g) - 2;
        f->es_n0_db = ES_N0_DB;
        if (k == CLIPPING && i % ABREAST == 0)
            f->es_n0_db += 60;
    }
    s.seconds = (frames + ABREAST - 1) / ABREAST * slot + 0.1;
    double level = mw_channel_level_of_es_n0(ES_N0_DB + JAM_DB, 400, SCENE_NF_DB);
    jam j = {.kind = k,
             .amplitude = mw_channel_amplitude(level, SCENE_FS_DBM),
             .rate = lab ? SCENE_RATE : 1e6,
             .blank = counter};
    if (k == NONE)
        j.amplitude = 0;
    scene_run run = {.low_hz = -100000,
                     .high_hz = 100000,
                     .rate = j.rate,
                     .rates = MW_RECEIVER_R1,
                     .plain = !counter,
                     .format = MW_SAMPLES_CF32,
                     .spoil = spoil,
                     .adjust = adjust,
                     .user = &j};
    scene_play(&s, &run);
    unsigned heard = scene_heard(&s);
    *out_sent = scene_sent(&s);
    *out_wrong += s.wrong;
    scene_fini(&s);
    return heard;
}

int main(int argc, char **argv) {
    unsigned frames = argc > 1 ? (unsigned)atoi(argv[1]) : 200, wrong = 0;
    lab = argc > 2 && strcmp(argv[2], "lab") == 0;
    static const double least[KINDS] = {0.98, 0.95, 0.75, 0.95, 0.95, 0.5};
    printf("# M at R1, Es/N0 %.0f dB, jammers %.0f dB above; %u frames each\n", ES_N0_DB, JAM_DB,
           frames);
    for (unsigned k = 0; k < KINDS; k++) {
        unsigned sent, with, without;
        without = play((kind)k, false, frames, &sent, &wrong);
        with = play((kind)k, true, frames, &sent, &wrong);
        scene_interval w = scene_wilson(with, sent);
        printf("# %-9s survive: %.1f %% without counter-measures, %.1f %% with (95 %%: %.1f .. "
               "%.1f)\n",
               names[k], 100.0 * without / sent, 100.0 * with / sent, 100 * w.low, 100 * w.high);
        char key[64], target[16];
        (void)snprintf(key, sizeof key, "radio.jammed_%s_pct", names[k]);
        (void)snprintf(target, sizeof target, ">=%.0f", 100 * least[k]);
        scene_figure(key, 100.0 * with / sent, "%", target, with >= least[k] * sent);
    }
    printf("# %u frames that nobody sent\n", wrong);
    return 0;
}
