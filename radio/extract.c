/* SPDX-License-Identifier: Apache-2.0 */
#include "radio/extract.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "radio/vector.h"

#define PER_SYMBOL 16 /* outputs per symbol, at least */
#define RUN        32 /* outputs made from one copy of samples */
#define TWO_PI     6.28318530717958647692
#define PHASES     64 /* instants between two outputs for which the matched filter is kept */
/* Symbols prepared before the first and after the last: the pulse's reach and one of slack. */
#define MARGIN (MW_UNB_PULSE_SPAN / 2 + 1)

/* Envelope of three running means over n samples each: the nulls fall on the frequencies that fold
 * onto the carrier, 70 dB deep over the width of a frame. */
static void shape_init(float *shape, size_t n) {
    size_t taps = 3 * n - 2;
    double total = (double)n * (double)n * (double)n;
    for (size_t i = 0; i < taps; i++) {
        double sum = 0;
        for (size_t k = 0; k < n; k++) { /* how many ways to write i as a sum of three */
            if (i < k)
                break;
            size_t rest = i - k;
            if (rest > 2 * n - 2)
                continue;
            sum += (double)(rest < n ? rest + 1 : 2 * n - 1 - rest);
        }
        shape[i] = (float)(sum / total);
    }
}

/* Taps for outputs first, first + 1, ... when the symbol is centred (lead + phase / PHASES) outputs
 * after the first. */
static void pulse_init(mw_extract *e, const mw_pulse_shape *shape) {
    double per_symbol = e->sps / (double)e->decimation;
    double lead = (double)(e->pulse_taps / 2);
    for (size_t p = 0; p < PHASES; p++) {
        for (size_t i = 0; i < e->pulse_taps; i++) {
            double t = ((double)i - lead - (double)p / PHASES) / per_symbol;
            float v = mw_pulse_shape_at(shape, t) / (float)per_symbol;
            float *tap = e->pulse + 2 * (p * e->pulse_taps + i);
            tap[0] = tap[1] = v;
        }
    }
}

mw_status mw_extract_init(mw_extract *e, double rate, double baud, size_t symbols) {
    mw_pulse_shape shape;
    mw_pulse_shape_init(&shape);
    return mw_extract_init_pulse(e, rate, baud, symbols, &shape);
}

mw_status mw_extract_init_pulse(mw_extract *e, double rate, double baud, size_t symbols,
                                const mw_pulse_shape *shape) {
    *e = (mw_extract){.rate = rate, .sps = rate / baud, .tap_hz = NAN};
    e->decimation = (size_t)(e->sps / PER_SYMBOL);
    if (e->decimation == 0)
        e->decimation = 1;
    e->taps = (3 * e->decimation - 2 + 7) / 8 * 8;
    e->outputs_max = (size_t)((double)(symbols + 2 * MARGIN) * e->sps / (double)e->decimation) + 4;
    size_t samples = RUN * e->decimation + e->taps;
    double per_symbol = e->sps / (double)e->decimation;
    e->pulse_taps = ((size_t)(MW_UNB_PULSE_SPAN * per_symbol) + 2 + 3) / 4 * 4;
    size_t floats = e->taps * 5 + 2 * samples + 2 * e->outputs_max + 2 * PHASES * e->pulse_taps;
    e->memory = floats * sizeof(float);
    float *p = calloc(floats, sizeof(float));
    if (p == NULL)
        return MW_NOMEM;
    e->shape = p;
    e->tap_re = p + e->taps;
    e->tap_im = p + 3 * e->taps;
    e->samples = p + 5 * e->taps;
    e->z = e->samples + 2 * samples;
    e->pulse = e->z + 2 * e->outputs_max;
    pulse_init(e, shape);
    shape_init(e->shape, e->decimation);
    return MW_OK;
}

void mw_extract_fini(mw_extract *e) {
    free(e->shape);
    *e = (mw_extract){0};
}

/* Middle of the taps, in samples after the first. */
static double middle(const mw_extract *e) {
    return (double)(3 * e->decimation - 3) / 2;
}

static void tune(mw_extract *e, double hz) {
    double turn = TWO_PI * hz / e->rate, phase = turn * -middle(e);
    double c = cos(phase), s = sin(phase), step_c = cos(turn), step_s = sin(turn);
    for (size_t i = 0; i < e->taps; i++) {
        float re = (float)(e->shape[i] * c), im = (float)(-e->shape[i] * s);
        e->tap_re[2 * i] = e->tap_re[2 * i + 1] = re;
        e->tap_im[2 * i] = e->tap_im[2 * i + 1] = im;
        double next = c * step_c - s * step_s;
        s = c * step_s + s * step_c;
        c = next;
    }
    e->tap_hz = hz;
}

MW_CLONES void mw_extract_filter(const float *iq, const float *tap_re, const float *tap_im,
                                 size_t n, float out[2]) {
    mw_v8 a0 = {0}, b0 = {0}, a1 = {0}, b1 = {0};
    for (size_t i = 0; i < 2 * n; i += 16) {
        mw_v8 x0 = *(const mw_v8 *)(iq + i), x1 = *(const mw_v8 *)(iq + i + 8);
        a0 += x0 * *(const mw_v8 *)(tap_re + i);
        b0 += x0 * *(const mw_v8 *)(tap_im + i);
        a1 += x1 * *(const mw_v8 *)(tap_re + i + 8);
        b1 += x1 * *(const mw_v8 *)(tap_im + i + 8);
    }
    mw_v8 a = a0 + a1, b = b0 + b1;
    out[0] = a[0] + a[2] + a[4] + a[6] - (b[1] + b[3] + b[5] + b[7]);
    out[1] = a[1] + a[3] + a[5] + a[7] + (b[0] + b[2] + b[4] + b[6]);
}

void mw_extract_run(mw_extract *e, const mw_history *h, const mw_carrier *c, double centre,
                    size_t symbols) {
    double step = (double)e->decimation;
    double begin = floor(centre - MARGIN * e->sps - middle(e));
    e->first = begin + middle(e);
    e->count = (size_t)((double)(symbols + 2 * MARGIN - 1) * e->sps / step) + 4;
    mw_assert(e->count <= e->outputs_max);
    /* The taps stand for one frequency; a drifting carrier leaves it slowly. */
    double tolerance = 0.01 * e->rate / TWO_PI / (1.5 * step);
    for (size_t done = 0; done < e->count; done += RUN) {
        size_t n = e->count - done < RUN ? e->count - done : RUN;
        const float *samples = e->samples;
        mw_history_read(h, (int64_t)(begin + (double)done * step),
                        (n - 1) * e->decimation + e->taps, e->samples);
        double t = (e->first + (double)done * step - c->at) / e->rate;
        double dt = step / e->rate, hz = c->hz + c->drift * t;
        if (!(fabs(hz - e->tap_hz) < tolerance))
            tune(e, hz);
        /* The carrier's phase by recurrence, exact at the start of every run. */
        double cycles = (c->hz + 0.5 * c->drift * t) * t;
        double phase = TWO_PI * (cycles - floor(cycles));
        double turn = TWO_PI * (hz + 0.5 * c->drift * dt) * dt, bend = TWO_PI * c->drift * dt * dt;
        double zr = cos(phase), zi = -sin(phase), wr = cos(turn), wi = -sin(turn);
        double qr = cos(bend), qi = -sin(bend);
        for (size_t i = 0; i < n; i++) {
            float v[2];
            mw_extract_filter(samples + 2 * i * e->decimation, e->tap_re, e->tap_im, e->taps, v);
            e->z[2 * (done + i)] = v[0] * (float)zr - v[1] * (float)zi;
            e->z[2 * (done + i) + 1] = v[0] * (float)zi + v[1] * (float)zr;
            double r = zr * wr - zi * wi;
            zi = zr * wi + zi * wr;
            zr = r;
            r = wr * qr - wi * qi;
            wi = wr * qi + wi * qr;
            wr = r;
        }
    }
}

/* Sum of iq * taps over n samples (a multiple of 4), real taps. */
MW_CLONES static void extract_match(const float *iq, const float *taps, size_t n, float out[2]) {
    mw_v8 a = {0};
    for (size_t i = 0; i < 2 * n; i += 8)
        a += *(const mw_v8 *)(iq + i) * *(const mw_v8 *)(taps + i);
    out[0] = a[0] + a[2] + a[4] + a[6];
    out[1] = a[1] + a[3] + a[5] + a[7];
}

void mw_extract_symbols(const mw_extract *e, double centre, size_t from, size_t n, float *y) {
    double step = (double)e->decimation;
    double per_symbol = e->sps / step; /* outputs per symbol */
    double lead = (double)(e->pulse_taps / 2);
    for (size_t k = 0; k < n; k++) {
        double at = (centre - e->first) / step + (double)(from + k) * per_symbol - lead;
        at += 0.5 / PHASES; /* to the nearest phase */
        double whole = floor(at);
        size_t phase = (size_t)((at - whole) * PHASES);
        mw_assert(whole >= 0 && whole + (double)e->pulse_taps <= (double)e->count);
        extract_match(e->z + 2 * (size_t)whole, e->pulse + 2 * phase * e->pulse_taps, e->pulse_taps,
                      y + 2 * k);
    }
}
