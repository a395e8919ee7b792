/* SPDX-License-Identifier: Apache-2.0 */
#include "radio/detect_confirm.h"

#include <math.h>
#include <stddef.h>

#include "radio/vector.h"

#define TWO_PI 6.28318530717958647692
#define N      MW_CONFIRM_SYMBOLS
#define PARTS  MW_CONFIRM_PARTS
#define EACH   (N / PARTS)
/* A step turns the outermost symbols by an eighth of a cycle. */
#define TURN_STEP (1.0 / 256)
#define BEND_STEP (1.0 / 4096)
#define TURNS     ((int)MW_CONFIRM_TURNS / 2)
#define BENDS     ((int)MW_CONFIRM_BENDS / 2)
/* Points that are searched: these, at the hop and bin and at their four neighbours. Measured on
 * noise: as good as this many that are independent. */
#define TRIALS 570.0

static double middle_of(size_t part) {
    return (double)EACH * ((double)part - (PARTS - 1) / 2.0);
}

void mw_confirm_table_init(mw_confirm_table *t) {
    for (size_t p = 0; p < PARTS; p++) {
        double at = middle_of(p), turn = -TWO_PI * TURN_STEP * at;
        t->turn[0][p] = (float)cos(turn);
        t->turn[1][p] = (float)sin(turn);
        for (int b = -BENDS; b <= BENDS; b++) {
            double phase = -TWO_PI * (0.5 * b * BEND_STEP * at * at - TURNS * TURN_STEP * at);
            t->bend[b + BENDS][0][p] = (float)cos(phase);
            t->bend[b + BENDS][1][p] = (float)sin(phase);
        }
    }
}

double mw_confirm_threshold(double pfa) {
    /* On noise the coherent share of 64 symbols is Beta(1, 63) distributed. */
    return pfa < TRIALS ? 1 - pow(pfa / TRIALS, 1.0 / (N - 1)) : 0;
}

/* Sums of 8 symbols each, the place's carrier taken off. */
static void parts_of(const mw_confirm_word *w, const mw_confirm_place *at, float re[PARTS],
                     float im[PARTS]) {
    double t = -((double)N - 1) / 2, phase = -TWO_PI * (at->turn * t + 0.5 * at->bend * t * t);
    double step = -TWO_PI * (at->turn + at->bend * (t + 0.5)), more = -TWO_PI * at->bend;
    double c = cos(phase), s = sin(phase), wc = cos(step), ws = sin(step);
    double qc = cos(more), qs = sin(more);
    for (size_t p = 0; p < PARTS; p++) {
        double a = 0, b = 0;
        for (size_t i = p * EACH; i < (p + 1) * EACH; i++) {
            double yr = (double)w->y[2 * i], yi = (double)w->y[2 * i + 1];
            a += yr * c - yi * s;
            b += yr * s + yi * c;
            double next = c * wc - s * ws;
            s = c * ws + s * wc;
            c = next;
            next = wc * qc - ws * qs;
            ws = wc * qs + ws * qc;
            wc = next;
        }
        re[p] = (float)a;
        im[p] = (float)b;
    }
}

/* By pointer: how a wide vector is passed by value depends on the instruction set. */
static inline float sum_of(const mw_v8 *v) {
    const mw_v8 x = *v;
    return ((x[0] + x[1]) + (x[2] + x[3])) + ((x[4] + x[5]) + (x[6] + x[7]));
}

MW_CLONES static void confirm_search(const mw_confirm_table *t, const mw_confirm_word *w,
                                     double bend_max, mw_confirm_place *io_place) {
    float parts_re[PARTS], parts_im[PARTS], best = -1;
    const mw_confirm_place from = *io_place;
    parts_of(w, &from, parts_re, parts_im);
    mw_v8 re = *(const mw_v8 *)parts_re, im = *(const mw_v8 *)parts_im;
    mw_v8 wr = *(const mw_v8 *)t->turn[0], wi = *(const mw_v8 *)t->turn[1], energy = {0};
    for (size_t i = 0; i < 2 * N; i += 8) {
        mw_v8 y = *(const mw_v8 *)(w->y + i);
        energy += y * y;
    }
    for (int b = -BENDS; b <= BENDS; b++) {
        double bend = from.bend + b * BEND_STEP;
        if (b != 0 && fabs(bend) > bend_max)
            continue;
        mw_v8 br = *(const mw_v8 *)t->bend[b + BENDS][0];
        mw_v8 bi = *(const mw_v8 *)t->bend[b + BENDS][1];
        mw_v8 zr = re * br - im * bi, zi = re * bi + im * br;
        for (int f = -TURNS; f <= TURNS; f++) {
            float sr = sum_of(&zr), si = sum_of(&zi), power = sr * sr + si * si;
            mw_v8 next = zr * wr - zi * wi;
            zi = zr * wi + zi * wr;
            zr = next;
            if (power <= best)
                continue;
            best = power;
            io_place->turn = from.turn + f * TURN_STEP;
            io_place->bend = bend;
        }
    }
    io_place->share = (double)best / ((double)N * (double)sum_of(&energy) + 1e-30);
}

/* The clones have names of their own (radio/vector.h). */
void mw_confirm_search(const mw_confirm_table *t, const mw_confirm_word *w, double bend_max,
                       mw_confirm_place *io_place) {
    confirm_search(t, w, bend_max, io_place);
}
