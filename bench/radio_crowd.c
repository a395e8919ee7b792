/* SPDX-License-Identifier: Apache-2.0
 *
 * Crowds: how many of 200 frames that are on the air together in 1 MHz are decoded, with and
 * without cancellation.
 *
 *   radio_crowd [RUNS [RATE [PHASE_NOISE [LOWEST_ES_N0_DB [lab]]]]]
 *
 * 200 M frames of one rate, carriers uniform over 1 MHz, starts uniform over half a frame's length
 * (so that all 200 are on the air at one moment), Es/N0 uniform in dB over 60 dB from LOWEST
 * (default 3 dB), the specified pulse, drift up to +-2 Hz/s, symbol clocks +-20 ppm, noise figure
 * 3 dB. One stream of 1.25 MS/s goes through mw_band, as in a station. With `lab` the megahertz is
 * five sub-bands of 200 kHz at 250 kS/s, each rendered from all frames whose carriers lie within its
 * 250 kHz: an ideal filter bank. With SCENE_LOST set in the environment the
 * frames lost are listed with their neighbours.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/radio_scene.h"

#define FRAMES    200u
#define BAND_HZ   1e6
#define SUB_BANDS 5
#define BAND_RATE 1.25e6

typedef struct outcome {
    unsigned sent, heard, wrong;
    double cpu_s, stream_s;
    mw_receiver_stats stats;
} outcome;

static void build(scene *s, uint64_t seed, mw_unb_rate rate, double walk, double lowest) {
    mw_prng g = mw_prng_of_stream(seed, rate);
    double baud = mw_unb_rate_bd(rate), length = mw_unb_layout_of(MW_UNB_M)->symbols / baud;
    scene_init(s, FRAMES, seed);
    for (unsigned i = 0; i < FRAMES; i++) {
        scene_frame *f = scene_add(s, &g, rate, MW_UNB_M);
        f->start_s = 10 / baud + length / 2 * scene_uniform(&g);
        f->hz = BAND_HZ * (scene_uniform(&g) - 0.5);
        f->drift = 4 * scene_uniform(&g) - 2;
        f->es_n0_db = lowest + 60 * scene_uniform(&g);
        f->walk = walk;
    }
    s->seconds = 1.5 * length + 30 / baud;
}

static bool lab; /* ideal filter bank */

static void play(scene *s, mw_unb_rate rate, bool plain, outcome *io) {
    scene_again(s);
    scene_run run = {.rates = 1u << rate, .plain = plain, .format = MW_SAMPLES_CF32};
    int parts = lab ? SUB_BANDS : 1;
    run.rate = lab ? 0 : BAND_RATE;
    for (int k = 0; k < parts; k++) {
        run.low_hz = -BAND_HZ / 2 + BAND_HZ / parts * k;
        run.high_hz = run.low_hz + BAND_HZ / parts;
        scene_play(s, &run);
    }
    io->sent += scene_sent(s);
    io->heard += scene_heard(s);
    io->wrong += s->wrong;
    io->cpu_s += run.cpu_s;
    io->stream_s += run.stream_s / parts;
    io->stats.cancelled += run.stats.cancelled;
    io->stats.uncovered += run.stats.uncovered;
    io->stats.retried += run.stats.retried;
    io->stats.decode_attempts += run.stats.decode_attempts;
    if (getenv("SCENE_LOST") != NULL && !plain) {
        for (unsigned i = 0; i < s->count; i++) {
            const scene_frame *f = &s->frame[i];
            if (f->heard)
                continue;
            printf("# lost %.1f dB at %.0f Hz %.3f s; near:", f->es_n0_db, f->hz, f->start_s);
            for (unsigned k = 0; k < s->count; k++) {
                const scene_frame *o = &s->frame[k];
                if (k != i && fabs(o->hz - f->hz) < 2.5 * mw_unb_rate_bd(rate))
                    printf(" (%.1f dB %+.0f Hz %+.3f s%s)", o->es_n0_db, o->hz - f->hz,
                           o->start_s - f->start_s, o->heard ? "" : " lost");
            }
            printf("\n");
        }
    }
}

static void crowd(mw_unb_rate rate, unsigned runs, double walk, double lowest) {
    static const struct {
        const char *key, *plain, *target;
        double least;
    } keys[] = {{"radio.crowd_r0_pct", "radio.crowd_plain_r0_pct", ">=95", 95},
                {"radio.crowd_r1_pct", "radio.crowd_plain_r1_pct", ">=90", 90}};
    outcome with = {0}, without = {0};
    for (unsigned i = 0; i < runs; i++) {
        scene s;
        build(&s, 1000 + i, rate, walk, lowest);
        play(&s, rate, true, &without);
        play(&s, rate, false, &with);
        scene_fini(&s);
    }
    scene_interval w = scene_wilson(with.heard, with.sent);
    scene_interval p = scene_wilson(without.heard, without.sent);
    printf("# %s: %u runs of %u frames, lowest Es/N0 %.1f dB, phase noise %.3f rad/symbol\n",
           mw_unb_rate_name(rate), runs, FRAMES, lowest, walk);
    printf("#   with    %.2f %% (95 %%: %.2f .. %.2f), %u wrong; cancelled %.0f, uncovered %.0f, "
           "tried "
           "again %.0f; %.1f x real time for the megahertz\n",
           100.0 * with.heard / with.sent, 100 * w.low, 100 * w.high, with.wrong,
           (double)with.stats.cancelled, (double)with.stats.uncovered, (double)with.stats.retried,
           with.stream_s / with.cpu_s);
    printf("#   without %.2f %% (%.2f .. %.2f), %u wrong; %.1f x real time\n",
           100.0 * without.heard / without.sent, 100 * p.low, 100 * p.high, without.wrong,
           without.stream_s / without.cpu_s);
    double pct = 100.0 * with.heard / with.sent, bare = 100.0 * without.heard / without.sent;
    scene_figure(keys[rate].key, pct, "%", keys[rate].target, pct >= keys[rate].least);
    scene_figure(keys[rate].plain, bare, "%", "<100", bare < 100);
}

int main(int argc, char **argv) {
    unsigned runs = argc > 1 ? (unsigned)atoi(argv[1]) : 4;
    double walk = argc > 3 ? atof(argv[3]) : 0, lowest = argc > 4 ? atof(argv[4]) : 3;
    mw_unb_rate rate;
    lab = argc > 5 && strcmp(argv[5], "lab") == 0;
    if (argc > 2) {
        if (mw_unb_rate_of_name(mw_slice_of_str(argv[2]), &rate) != MW_OK || rate > MW_UNB_R1)
            return 2;
        crowd(rate, runs, walk, lowest);
        return 0;
    }
    crowd(MW_UNB_R0, runs, walk, lowest);
    crowd(MW_UNB_R1, runs * 4, walk, lowest);
    return 0;
}
