/* SPDX-License-Identifier: Apache-2.0
 *
 * Copies that are added: packet error ratio of M frames at R1 sent once, twice and three times, in
 * the places of the demo plan, whole receiver, everything unknown (carrier, time, drift, clock,
 * phase noise 0.02 rad a symbol). A frame counts as heard when any copy or any sum of copies gives
 * it. The gain is compared with the same copies decoded one by one.
 *
 *   radio_chase [FRAMES [lab]]   through mw_band at 1 MS/s; lab: one receiver at 250 kS/s
 *   radio_chase FRAMES quick     through mw_band, only the three points around each crossing
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/radio_scene.h"

#define SLOT_S 9.0
#define POINTS 8

static void with_plan(void *user, mw_receiver_config *config) {
    const mw_unb_plan *plan;
    if (mw_unb_plan_find("demo", &plan) != MW_OK)
        abort();
    config->plan = *(const bool *)user ? plan : NULL;
    config->plan_band = 0;
}

typedef struct result {
    double per;
    unsigned sent, lost, wrong;
} result;

static bool lab; /* one receiver without a filter bank */

/* All copies of a frame carry one payload: the scene marks the first of them as heard. */
static result play(double es_n0_db, unsigned copies, unsigned frames, bool combine) {
    const mw_unb_plan *plan;
    mw_freq low, width;
    if (mw_unb_plan_find("demo", &plan) != MW_OK ||
        mw_unb_band_usable(plan, 0, MW_UNB_R1, &low, &width) != MW_OK)
        abort();
    scene s;
    uint64_t seed = 900 + (uint64_t)llround(100 * (es_n0_db + 50));
    mw_prng g = mw_prng_of_seed(seed);
    scene_init(&s, frames * copies, seed);
    for (unsigned i = 0; i < frames; i++) {
        uint32_t address = (uint32_t)mw_prng_u64(&g), counter = (uint32_t)mw_prng_u64(&g);
        double begin = (i / 2) * 1.7 + 0.2 + scene_uniform(&g), crystal = 2000 * scene_uniform(&g);
        double drift = 4 * scene_uniform(&g) - 2, ppm = 40 * scene_uniform(&g) - 20;
        scene_frame *first = NULL;
        for (unsigned k = 0; k < copies; k++) {
            mw_unb_slot slot;
            if (mw_unb_slot_of(plan, 0, MW_UNB_R1, MW_UNB_M, address, counter, k, &slot) != MW_OK)
                abort();
            scene_frame *f = scene_add(&s, &g, MW_UNB_R1, MW_UNB_M);
            double later = (double)slot.start.ns * 1e-9;
            f->start_s = begin + later;
            f->hz = (double)(slot.carrier.mhz - SCENE_CENTRE) / 1000 + crystal - 1000;
            f->hz += drift * later;
            f->drift = drift;
            f->ppm = ppm;
            f->es_n0_db = es_n0_db;
            f->walk = 0.02;
            if (first == NULL)
                first = f;
            else
                memcpy(f->payload, first->payload, sizeof f->payload);
        }
    }
    s.seconds = frames / 2 * 1.7 + SLOT_S;
    scene_run run = {.low_hz = -100000,
                     .high_hz = 100000,
                     .rate = lab ? 0 : 1e6,
                     .rates = MW_RECEIVER_R1,
                     .adjust = with_plan,
                     .user = &combine};
    scene_play(&s, &run);
    result r = {.sent = frames, .lost = frames - scene_heard(&s), .wrong = s.wrong};
    r.per = (double)r.lost / r.sent;
    scene_fini(&s);
    return r;
}

/* Es/N0 of PER 10 % between measured points, by interpolation of log PER. */
static double crossing(const double *at, const double *per, unsigned n) {
    for (unsigned i = 0; i + 1 < n; i++) {
        if (per[i] >= 0.1 && per[i + 1] < 0.1) {
            double a = log(per[i]), b = log(per[i + 1] + 1e-3);
            return at[i] + (at[i + 1] - at[i]) * (a - log(0.1)) / (a - b);
        }
    }
    return NAN;
}

/* What the figures need and nothing else: once, two and three copies added. */
static void quick(unsigned frames) {
    static const double first[4] = {0, -2.25, -3, -3.75};
    double where[4];
    unsigned wrong = 0;
    printf("# PER of M at R1 with %u frames a point through mw_band; several copies: added\n",
           frames);
    for (unsigned copies = 1; copies <= 3; copies++) {
        double at[3], per[3];
        for (unsigned i = 0; i < 3; i++) {
            at[i] = first[copies] + 0.75 * i;
            result r = play(at[i], copies, frames, copies > 1);
            per[i] = r.per;
            wrong += r.wrong;
            printf("#   %u copies, %5.2f dB: %.3f\n", copies, at[i], per[i]);
            fflush(stdout);
        }
        where[copies] = crossing(at, per, 3);
        printf("# %u copies: PER 10 %% at %.2f dB\n", copies, where[copies]);
    }
    printf("# %u frames that nobody sent\n", wrong);
    for (unsigned copies = 2; copies <= 3; copies++) {
        double gain = where[1] - where[copies], target = copies == 2 ? 0.5 : 1;
        char key[40], least[16];
        (void)snprintf(key, sizeof key, "radio.chase_gain_%u_db", copies);
        (void)snprintf(least, sizeof least, ">=%g", target);
        scene_figure(key, gain, "dB", least, gain >= target);
    }
}

int main(int argc, char **argv) {
    static const double at[POINTS] = {-6, -5.25, -4.5, -3.75, -3, -2.25, -1.5, -0.75};
    unsigned frames = argc > 1 ? (unsigned)atoi(argv[1]) : 120;
    lab = argc > 2 && strcmp(argv[2], "lab") == 0;
    if (argc > 2 && strcmp(argv[2], "quick") == 0) {
        quick(frames);
        return 0;
    }
    double where[4][2], base = 0;
    unsigned wrong = 0;
    printf("# PER of M at R1 with %u frames a point; added / one by one\n", frames);
    for (unsigned copies = 1; copies <= 3; copies++) {
        double per[2][POINTS];
        for (unsigned i = 0; i < POINTS; i++) {
            for (unsigned mode = 0; mode < 2; mode++) {
                result r = play(at[i], copies, frames, mode == 0);
                per[mode][i] = r.per;
                wrong += r.wrong;
            }
            printf("#   %u copies, %5.2f dB: %.3f / %.3f\n", copies, at[i], per[0][i], per[1][i]);
            fflush(stdout);
        }
        where[copies][0] = crossing(at, per[0], POINTS);
        where[copies][1] = crossing(at, per[1], POINTS);
        if (copies == 1)
            base = where[1][1];
    }
    for (unsigned copies = 2; copies <= 3; copies++)
        printf("# %u copies: PER 10 %% at %.2f dB added, %.2f dB one by one, %.2f dB once\n",
               copies, where[copies][0], where[copies][1], base);
    printf("# %u frames that nobody sent\n", wrong);
    scene_figure("radio.chase_gain_2_db", base - where[2][0], "dB", ">=0.5",
                 base - where[2][0] >= 0.5);
    scene_figure("radio.chase_gain_3_db", base - where[3][0], "dB", ">=1", base - where[3][0] >= 1);
    return 0;
}
