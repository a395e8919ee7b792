/* SPDX-License-Identifier: Apache-2.0 */
#include "radio/cancel.h"

#include <complex.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "radio/vector.h"

#define TWO_PI  6.28318530717958647692
#define SYMBOLS MW_UNB_SYMBOLS_MAX
#define SPAN    MW_UNB_PULSE_SPAN
#define STEPS   MW_UNB_PULSE_PER_SYMBOL
#define FINE    256 /* table points a symbol of the pulse as the band-pass sees it */
#define REACH   4   /* symbols to each side that it covers: more than the pulse's 3 */
#define HEARD   3.2 /* ... of which so many are more than nothing */
#define PHASES  64  /* instants between two outputs for which the pulse is kept */
#define PACES   16  /* of the walk of amplitude and phase that are compared */
#define ROUNDS  4
#define BLOCK   16 /* symbols of one phase in the fit of the carrier */
/* What is believed of a candidate's instant and of a meter's symbol clock: standard deviations, in
 * symbols at the start and at the ends of the frame. */
#define INSTANT_PRIOR 0.05
#define CLOCK_PRIOR   0.02
#define CHUNK         4096 /* samples subtracted at a time, a multiple of RUN */
#define RUN           64   /* samples with one phase and one linear gain */

typedef double complex cplx;

struct mw_cancel {
    double sps;                         /* samples per symbol */
    float seen[2 * REACH * FINE + 2];   /* pulse after the band-pass, unit energy before */
    float slope[2 * REACH * FINE + 2];  /* its derivative, per symbol */
    double seen_energy;                 /* of one symbol, in outputs */
    size_t taps;                        /* of a pulse in outputs, a multiple of 8 */
    float *pulses, *slopes;             /* [PHASES][taps] */
    float *zr, *zi, *er, *ei, *gr, *gi; /* outputs; what the model leaves; the gain at each */
    float *model, *change;              /* real envelope and derivative at each output */
    size_t outputs_max;
    cplx gain[SYMBOLS], fresh[SYMBOLS], ahead[SYMBOLS];
    double spread[SYMBOLS];
    double walk[PACES];
    float (*weight)[2][PACES]; /* [symbol]: the filters' gains and inverse spreads at each pace */
    float (*logs)[PACES];      /* [symbol]: sum of the logarithms of the spreads so far */
    float wave[CHUNK], out[2 * CHUNK], knots[CHUNK + 8];
    mw_pulse_shape pulse;
    size_t memory;
};

typedef struct model {
    const mw_unb_frame *frame;
    double first, step; /* sample of output 0; samples per output */
    size_t outputs;
    double centre, clock;
    double f, d, middle; /* rest of the carrier: cycles a symbol (squared) about symbol `middle` */
} model;

static double sign_of(const mw_unb_frame *f, unsigned k) {
    return mw_unb_frame_bit(f, k) ? -1.0 : 1.0;
}

/* The pulse through the band-pass. Its envelope is smooth: every few taps are enough. */
static void seen_init(mw_cancel *c, const mw_extract *e) {
    size_t used = 3 * e->decimation - 2, stride = used / 48 + 1;
    double middle = (double)(used - 1) / 2, weight = 0;
    for (size_t j = 0; j < used; j += stride)
        weight += (double)e->shape[j];
    for (int i = 0; i <= 2 * REACH * FINE; i++) {
        double t = (double)(i - REACH * FINE) / FINE, sum = 0;
        for (size_t j = 0; j < used; j += stride)
            sum += (double)e->shape[j] *
                   (double)mw_pulse_shape_at(&c->pulse, t + ((double)j - middle) / c->sps);
        c->seen[i] = (float)(sum / weight);
    }
    for (int i = 1; i < 2 * REACH * FINE; i++)
        c->slope[i] = (c->seen[i + 1] - c->seen[i - 1]) * (FINE / 2);
    double step = (double)e->decimation / c->sps, energy = 0;
    for (double t = -REACH + step; t < REACH - step; t += step) {
        float v = c->seen[(int)lround((t + REACH) * FINE)];
        energy += (double)v * (double)v;
    }
    c->seen_energy = energy;
}

/* The pulse and its slope at outputs, for PHASES places of its centre between two of them. */
static void taps_init(mw_cancel *c, double step) {
    for (size_t p = 0; p < PHASES; p++) {
        for (size_t i = 0; i < c->taps; i++) {
            double t = ((double)i - (double)(c->taps / 2) - (double)p / PHASES) * step;
            double at = (t + REACH) * FINE;
            if (fabs(t) >= REACH - 0.1)
                continue;
            size_t whole = (size_t)at;
            float part = (float)(at - (double)whole);
            c->pulses[p * c->taps + i] =
                c->seen[whole] + part * (c->seen[whole + 1] - c->seen[whole]);
            c->slopes[p * c->taps + i] =
                c->slope[whole] + part * (c->slope[whole + 1] - c->slope[whole]);
        }
    }
}

/* A random walk with steps of variance `walk`, observed with unit noise: what the filter does at
 * each symbol does not depend on what is observed. */
static void paces_init(mw_cancel *c) {
    for (size_t i = 0; i < PACES; i++) {
        c->walk[i] = i == 0 ? 0 : pow(10, -6 + (double)(i - 1) / 2.0);
        double p = 1e9, logs = 0;
        for (size_t k = 0; k < SYMBOLS; k++) {
            p += c->walk[i];
            double spread = p + 1, gain = p / spread;
            if (k > 0)
                logs += log(spread);
            c->weight[k][0][i] = (float)gain;
            c->weight[k][1][i] = k > 0 ? (float)(1 / spread) : 0;
            c->logs[k][i] = (float)logs;
            p *= 1 - gain;
        }
    }
}

mw_status mw_cancel_new(const mw_extract *extract, mw_cancel **out_cancel) {
    mw_cancel *c = calloc(1, sizeof *c);
    if (c == NULL)
        return MW_NOMEM;
    c->sps = extract->sps;
    c->outputs_max = extract->outputs_max + 32; /* the last run may write more than it needs */
    double step = (double)extract->decimation / c->sps;
    c->taps = ((size_t)(2 * HEARD / step) + 2 + 7) / 8 * 8;
    size_t floats = 8 * c->outputs_max + 2 * PHASES * c->taps + 3 * PACES * SYMBOLS;
    float *p = calloc(floats, sizeof(float));
    if (p == NULL) {
        free(c);
        return MW_NOMEM;
    }
    float **const arrays[8] = {&c->model, &c->change, &c->zr, &c->zi,
                               &c->er,    &c->ei,     &c->gr, &c->gi};
    for (size_t i = 0; i < 8; i++, p += c->outputs_max)
        *arrays[i] = p;
    c->pulses = p;
    c->slopes = p + PHASES * c->taps;
    p = c->slopes + PHASES * c->taps;
    c->weight = (float(*)[2][PACES])p;
    c->logs = (float(*)[PACES])(p + 2 * PACES * SYMBOLS);
    c->memory = sizeof *c + floats * sizeof(float);
    mw_pulse_shape_init(&c->pulse);
    seen_init(c, extract);
    taps_init(c, step);
    paces_init(c);
    *out_cancel = c;
    return MW_OK;
}

void mw_cancel_free(mw_cancel *c) {
    if (c == NULL)
        return;
    free(c->model); /* the first of all arrays */
    free(c);
}

size_t mw_cancel_memory(const mw_cancel *c) {
    return c->memory;
}

/* ---- Model ------------------------------------------------------------------------------------*/

/* Position of output i in symbols after symbol 0, and back. */
static double symbol_at(const mw_cancel *c, const model *m, double i) {
    return (m->first + i * m->step - m->centre) / (c->sps * (1 + m->clock));
}

static double output_at(const mw_cancel *c, const model *m, double symbol) {
    return (m->centre + symbol * c->sps * (1 + m->clock) - m->first) / m->step;
}

/* First output of a symbol's pulse, and the taps for where it stands between outputs. */
static size_t place_of(const mw_cancel *c, const model *m, unsigned symbol, size_t *out_taps) {
    double at = output_at(c, m, symbol) - (double)(c->taps / 2) + 0.5 / PHASES;
    double whole = floor(at);
    mw_assert(whole >= 0 && whole + (double)c->taps <= (double)c->outputs_max);
    *out_taps = (size_t)((at - whole) * PHASES) * c->taps;
    return (size_t)whole;
}

MW_CLONES static void cancel_add(float *sum, float *change, const float *pulse, const float *slope,
                                 float sign, size_t taps) {
    for (size_t i = 0; i < taps; i += 8) {
        *(mw_v8 *)(sum + i) += sign * *(const mw_v8 *)(pulse + i);
        *(mw_v8 *)(change + i) += sign * *(const mw_v8 *)(slope + i);
    }
}

/* The sum of all symbols' pulses at the outputs, and its change with time. */
static void sum_pulses(mw_cancel *c, const model *m) {
    memset(c->model, 0, c->outputs_max * sizeof(float));
    memset(c->change, 0, c->outputs_max * sizeof(float));
    for (unsigned k = 0; k < m->frame->symbols; k++) {
        size_t taps, at = place_of(c, m, k, &taps);
        cancel_add(c->model + at, c->change + at, c->pulses + taps, c->slopes + taps,
                   (float)sign_of(m->frame, k), c->taps);
    }
}

/* Complex gain at a position in symbols: linear between symbols, held at the ends. */
static cplx gain_at(const mw_cancel *c, const model *m, double symbol) {
    double last = m->frame->symbols - 1;
    if (!(symbol > 0))
        return c->gain[0];
    if (symbol >= last)
        return c->gain[m->frame->symbols - 1];
    size_t k = (size_t)symbol;
    double part = symbol - (double)k;
    return c->gain[k] * (1 - part) + c->gain[k + 1] * part;
}

/* A run of outputs with a gain that goes evenly from one value to the next (g: value, change from
 * output to output): the gain at each, and what is left of z. Writes whole registers. */
MW_CLONES static void cancel_run(mw_cancel *c, size_t from, size_t n, const float g[4]) {
    mw_v8 at = {0, 1, 2, 3, 4, 5, 6, 7};
    for (size_t i = from; i < from + n; i += 8, at += 8) {
        mw_v8 re = g[0] + at * g[2], im = g[1] + at * g[3], sum = *(mw_v8 *)(c->model + i);
        *(mw_v8 *)(c->gr + i) = re;
        *(mw_v8 *)(c->gi + i) = im;
        *(mw_v8 *)(c->er + i) = *(const mw_v8 *)(c->zr + i) - re * sum;
        *(mw_v8 *)(c->ei + i) = *(const mw_v8 *)(c->zi + i) - im * sum;
    }
}

/* First output that is not before a symbol. */
static size_t output_from(const mw_cancel *c, const model *m, double symbol) {
    double at = ceil(output_at(c, m, symbol));
    return at <= 0 ? 0 : at >= (double)m->outputs ? m->outputs : (size_t)at;
}

/* What the model leaves of the outputs. */
static void leave(mw_cancel *c, const model *m) {
    unsigned last = m->frame->symbols - 1;
    double per_output = m->step / (c->sps * (1 + m->clock));
    cplx g = c->gain[0];
    float held[4] = {(float)creal(g), (float)cimag(g), 0, 0};
    size_t at = output_from(c, m, 0);
    cancel_run(c, 0, at, held);
    for (unsigned k = 0; k < last; k++) {
        size_t next = output_from(c, m, k + 1);
        cplx change = c->gain[k + 1] - c->gain[k];
        g = c->gain[k] + change * (symbol_at(c, m, (double)at) - k);
        change *= per_output;
        float run[4] = {(float)creal(g), (float)cimag(g), (float)creal(change),
                        (float)cimag(change)};
        cancel_run(c, at, next - at, run);
        at = next;
    }
    g = c->gain[last];
    held[0] = (float)creal(g);
    held[1] = (float)cimag(g);
    cancel_run(c, at, m->outputs - at, held);
}

MW_CLONES static void cancel_match(const float *re, const float *im, const float *taps, size_t n,
                                   float out[2]) {
    mw_v8 a = {0}, b = {0};
    for (size_t i = 0; i < n; i += 8) {
        a += *(const mw_v8 *)(re + i) * *(const mw_v8 *)(taps + i);
        b += *(const mw_v8 *)(im + i) * *(const mw_v8 *)(taps + i);
    }
    out[0] = a[0] + a[1] + a[2] + a[3] + a[4] + a[5] + a[6] + a[7];
    out[1] = b[0] + b[1] + b[2] + b[3] + b[4] + b[5] + b[6] + b[7];
}

static double mean_power(const float *re, const float *im, size_t from, size_t to) {
    double sum = 0;
    for (size_t i = from; i < to; i++)
        sum += (double)(re[i] * re[i] + im[i] * im[i]);
    return to > from ? sum / (double)(to - from) : 0;
}

/* What the model leaves of the outputs, correlated with each symbol's pulse; added to the gain it
 * is a fresh measurement free of neighbours' interference. Returns the mean power left. */
static double measure(mw_cancel *c, const model *m, bool first) {
    const float *re = first ? c->zr : c->er, *im = first ? c->zi : c->ei;
    if (!first)
        leave(c, m);
    for (unsigned k = 0; k < m->frame->symbols; k++) {
        size_t taps, at = place_of(c, m, k, &taps);
        float sum[2];
        cancel_match(re + at, im + at, c->pulses + taps, c->taps, sum);
        c->fresh[k] =
            ((double)sum[0] + I * (double)sum[1]) * (sign_of(m->frame, k) / c->seen_energy);
        if (!first)
            c->fresh[k] += c->gain[k];
    }
    return mean_power(re, im, output_from(c, m, 0), output_from(c, m, m->frame->symbols - 1));
}

/* ---- Amplitude and phase ----------------------------------------------------------------------*/

/* Straight line and parabola through the phases of blocks of fresh measurements: how far the
 * carrier is off. Blocks count by their power. */
static void fit_carrier(const mw_cancel *c, model *m) {
    double a[3][4] = {{0}};
    cplx total = 0;
    double middle = (m->frame->symbols - 1) / 2.0, half = m->frame->symbols / 2.0;
    for (unsigned k = 0; k < m->frame->symbols; k++)
        total += c->fresh[k];
    for (unsigned from = 0; from + BLOCK <= m->frame->symbols; from += BLOCK) {
        cplx sum = 0;
        for (unsigned k = from; k < from + BLOCK; k++)
            sum += c->fresh[k];
        sum *= conj(total);
        double u = (from + (BLOCK - 1) / 2.0 - middle) / half, phase = carg(sum);
        double weight = cabs(sum), base[3] = {1, u, u * u};
        for (unsigned r = 0; r < 3; r++) {
            for (unsigned s = 0; s < 3; s++)
                a[r][s] += weight * base[r] * base[s];
            a[r][3] += weight * base[r] * phase;
        }
    }
    for (unsigned r = 0; r < 3; r++) { /* Gauss-Jordan; the matrix is positive definite */
        if (!(fabs(a[r][r]) > 1e-30))
            return;
        for (unsigned s = 0; s < 3; s++) {
            double factor = s == r ? 0 : a[s][r] / a[r][r];
            for (unsigned k = r; k < 4; k++)
                a[s][k] -= factor * a[r][k];
        }
    }
    double line = a[1][3] / a[1][1], bend = a[2][3] / a[2][2];
    m->middle = middle;
    m->f += line / half / TWO_PI;
    m->d += 2 * bend / (half * half) / TWO_PI;
}

/* Which pace explains the fresh measurements best, the noise's own variance estimated: a filter for
 * each, side by side. */
MW_CLONES static void cancel_paces(const mw_cancel *c, const float (*fresh)[2], size_t n,
                                   mw_v16 *out_square) {
    mw_v16 re = {0}, im = {0}, square = {0};
    for (size_t k = 0; k < n; k++) {
        mw_v16 er = fresh[k][0] - re, ei = fresh[k][1] - im;
        const mw_v16 *weight = (const mw_v16 *)c->weight[k][0];
        square += (er * er + ei * ei) * weight[1];
        re += weight[0] * er;
        im += weight[0] * ei;
    }
    *out_square = square;
}

/* Smoothed gains from fresh measurements; returns the pace, and the noise of a symbol. */
static double track_gain(mw_cancel *c, size_t n, double *out_noise) {
    float fresh[SYMBOLS][2];
    mw_v16 square;
    for (size_t k = 0; k < n; k++) {
        fresh[k][0] = (float)creal(c->fresh[k]);
        fresh[k][1] = (float)cimag(c->fresh[k]);
    }
    cancel_paces(c, (const float(*)[2])fresh, n, &square);
    double best = -INFINITY;
    size_t chosen = 0;
    for (size_t i = 0; i < PACES; i++) {
        double value =
            -(double)(n - 1) * log((double)square[i] + 1e-30) - (double)c->logs[n - 1][i];
        if (value > best) {
            best = value;
            chosen = i;
        }
    }
    double walk = c->walk[chosen], p = 1e9;
    cplx x = 0;
    for (size_t k = 0; k < n; k++) {
        double gain = (p + walk) / (p + walk + 1);
        x += gain * (c->fresh[k] - x);
        p = (p + walk) * (1 - gain);
        c->ahead[k] = x;
        c->spread[k] = p;
    }
    c->gain[n - 1] = c->ahead[n - 1];
    for (size_t k = n - 1; k-- > 0;) {
        double back = c->spread[k] / (c->spread[k] + walk);
        c->gain[k] = c->ahead[k] + back * (c->gain[k + 1] - c->ahead[k]);
    }
    *out_noise = (double)square[chosen] / (double)(n - 1);
    return walk;
}

/* ---- Instant ----------------------------------------------------------------------------------*/

/* Sums over n outputs: power of the derivative, and what of the rest lies along it, the latter two
 * also times the place. */
MW_CLONES static void cancel_along(const mw_cancel *c, size_t from, size_t n, float out[5]) {
    mw_v8 sum[5] = {{0}, {0}, {0}, {0}, {0}}, at = {0, 1, 2, 3, 4, 5, 6, 7};
    for (size_t i = from; i < from + n; i += 8, at += 8) {
        mw_v8 gr = *(const mw_v8 *)(c->gr + i), gi = *(const mw_v8 *)(c->gi + i);
        mw_v8 change = *(const mw_v8 *)(c->change + i);
        mw_v8 power = (gr * gr + gi * gi) * change * change;
        mw_v8 along =
            (gr * *(const mw_v8 *)(c->er + i) + gi * *(const mw_v8 *)(c->ei + i)) * change;
        sum[0] += power;
        sum[1] += power * at;
        sum[2] += power * at * at;
        sum[3] -= along;
        sum[4] -= along * at;
    }
    for (size_t k = 0; k < 5; k++) {
        const mw_v8 v = sum[k];
        out[k] = v[0] + v[1] + v[2] + v[3] + v[4] + v[5] + v[6] + v[7];
    }
}

/* Least squares of the rest against the model's derivative: moves the instant and the clock. */
static void fit_instant(mw_cancel *c, model *m, double noise) {
    double half = m->frame->symbols / 2.0, n00 = 0, n01 = 0, n11 = 0, b0 = 0, b1 = 0;
    double per_output = m->step / (c->sps * (1 + m->clock)) / half;
    leave(c, m);
    for (size_t i = 0; i + 8 <= m->outputs; i += 64) {
        size_t n = m->outputs - i < 64 ? (m->outputs - i) / 8 * 8 : 64;
        float sum[5];
        cancel_along(c, i, n, sum);
        double u = symbol_at(c, m, (double)i) / half - 1, d = per_output;
        n00 += sum[0];
        n01 += u * sum[0] + d * sum[1];
        n11 += u * u * sum[0] + 2 * u * d * sum[1] + d * d * sum[2];
        b0 += sum[3];
        b1 += u * sum[3] + d * sum[4];
    }
    n00 += noise * c->seen_energy / (INSTANT_PRIOR * INSTANT_PRIOR);
    n11 += noise * c->seen_energy / (CLOCK_PRIOR * CLOCK_PRIOR);
    double det = n00 * n11 - n01 * n01;
    if (!(det > 0))
        return;
    double shift = (b0 * n11 - b1 * n01) / det, stretch = (b1 * n00 - b0 * n01) / det;
    if (fabs(shift) > 0.2 || fabs(stretch) > 0.2)
        return;
    /* shift + stretch u symbols at u = symbol / half - 1 */
    m->centre += (shift - stretch) * c->sps;
    m->clock += stretch / half;
}

/* ---- Subtraction ------------------------------------------------------------------------------*/

/* The sender's envelope where its table has entries: instants from `first` on. */
static void knots(const mw_cancel *c, const model *m, long first, size_t n, float *out) {
    for (size_t i = 0; i < n; i++) {
        long instant = first + (long)i, newest = instant >= 0 ? instant / STEPS : -1;
        float sum = 0;
        for (long k = newest; k >= 0 && k > newest - SPAN - 1; k--) {
            long entry = instant - k * STEPS;
            if (k < m->frame->symbols && entry < MW_UNB_PULSE_ENTRIES)
                sum += (float)sign_of(m->frame, (unsigned)k) * c->pulse.v[entry];
        }
        out[i] = sum;
    }
}

/* The sender's envelope at samples [from, from + n): the pulse's table, interpolated linearly. At
 * high rates entries are closer than samples. */
static void envelope(mw_cancel *c, const model *m, double from, size_t n) {
    double per_sample = STEPS / (c->sps * (1 + m->clock));
    double at = (from - m->centre) * per_sample + SPAN * STEPS / 2.0;
    size_t piece = per_sample < 1 ? n : (size_t)((double)n / per_sample) - 1;
    for (size_t done = 0; done < n; done += piece) {
        size_t run = n - done < piece ? n - done : piece;
        double t = at + (double)done * per_sample, floor_t = floor(t);
        knots(c, m, (long)floor_t, (size_t)((double)run * per_sample) + 3, c->knots);
        t -= floor_t;
        for (size_t i = 0; i < run; i++, t += per_sample) {
            size_t whole = (size_t)t;
            float part = (float)(t - (double)whole), low = c->knots[whole];
            c->wave[done + i] = low + (c->knots[whole + 1] - low) * part;
        }
    }
}

/* out[i] = wave[i] * (g + i dg) * turn[i] for one run. */
MW_CLONES static void modulate(const float *wave, const float *turn_re, const float *turn_im,
                               const float g[4], float *out) {
    for (size_t i = 0; i < RUN; i++) {
        float at = (float)i;
        float gr = (g[0] + at * g[2]) * wave[i], gi = (g[1] + at * g[3]) * wave[i];
        out[2 * i] = gr * turn_re[i] - gi * turn_im[i];
        out[2 * i + 1] = gr * turn_im[i] + gi * turn_re[i];
    }
}

static void subtract(mw_cancel *c, const model *m, const mw_extract *e, const mw_carrier *carrier,
                     mw_history *h) {
    double last = m->centre + (m->frame->symbols - 1) * c->sps * (1 + m->clock);
    int64_t from = (int64_t)ceil(m->centre - SPAN / 2.0 * c->sps * 1.001);
    int64_t to = (int64_t)floor(last + SPAN / 2.0 * c->sps * 1.001);
    float turn_re[RUN], turn_im[RUN];
    for (int64_t at = from; at < to; at += CHUNK) {
        envelope(c, m, (double)at, CHUNK);
        double t = ((double)at - carrier->at) / e->rate;
        double middle = t + 0.5 * CHUNK / e->rate;
        double turn = TWO_PI * (carrier->hz + carrier->drift * middle) / e->rate;
        for (unsigned i = 0; i < RUN; i++) {
            turn_re[i] = (float)cos(turn * i);
            turn_im[i] = (float)sin(turn * i);
        }
        for (size_t i = 0; i < CHUNK; i += RUN) {
            double begin = (double)(at + (int64_t)i);
            double s = (begin - carrier->at) / e->rate;
            double cycles = (carrier->hz + 0.5 * carrier->drift * s) * s;
            cplx phase = cexp(I * TWO_PI * (cycles - floor(cycles)));
            double symbol = (begin - m->centre) / (c->sps * (1 + m->clock));
            cplx g0 = gain_at(c, m, symbol) * phase;
            cplx g1 = gain_at(c, m, symbol + RUN / c->sps) * phase;
            float g[4] = {(float)creal(g0), (float)cimag(g0), (float)(creal(g1 - g0) / RUN),
                          (float)(cimag(g1 - g0) / RUN)};
            modulate(c->wave + i, turn_re, turn_im, g, c->out + 2 * i);
        }
        size_t n = to - at < CHUNK ? (size_t)(to - at) : CHUNK;
        mw_history_subtract(h, at, n, c->out);
    }
}

/* Turns the outputs by the part of the carrier that the fit found, and notes it in the carrier:
 * both with phase 0 at the carrier's own reference. The turn by recurrence, exact now and then. */
static void take_off(mw_cancel *c, model *m, const mw_extract *e, mw_carrier *io_carrier) {
    double symbol = c->sps * (1 + m->clock);               /* samples */
    double origin = (io_carrier->at - m->centre) / symbol; /* of the carrier, in symbols */
    double f = m->f + m->d * (origin - m->middle), d = m->d, dt = m->step / symbol;
    cplx z = 0, w = 0, bend = cexp(-I * TWO_PI * d * dt * dt);
    for (size_t i = 0; i < m->outputs; i++) {
        if (i % RUN == 0) {
            double t = symbol_at(c, m, (double)i) - origin;
            z = cexp(-I * TWO_PI * (f * t + 0.5 * d * t * t));
            w = cexp(-I * TWO_PI * (f + d * (t + 0.5 * dt)) * dt);
        }
        float re = (float)creal(z), im = (float)cimag(z), x = c->zr[i];
        c->zr[i] = x * re - c->zi[i] * im;
        c->zi[i] = x * im + c->zi[i] * re;
        z *= w;
        w *= bend;
    }
    double baud = e->rate / symbol;
    io_carrier->hz += f * baud;
    io_carrier->drift += d * baud * baud;
    m->f = m->d = 0;
}

void mw_cancel_frame(mw_cancel *c, mw_extract *extract, mw_history *h, const mw_unb_frame *frame,
                     const mw_carrier *carrier, double centre, mw_cancel_report *out) {
    mw_assert(frame->symbols > BLOCK && frame->symbols <= SYMBOLS);
    mw_carrier used = *carrier;
    mw_extract_run(extract, h, &used, centre, frame->symbols);
    model m = {.frame = frame,
               .first = extract->first,
               .step = (double)extract->decimation,
               .outputs = extract->count,
               .centre = centre};
    mw_assert(m.outputs + 32 <= c->outputs_max);
    for (size_t i = 0; i < c->outputs_max; i++) {
        c->zr[i] = i < m.outputs ? extract->z[2 * i] : 0;
        c->zi[i] = i < m.outputs ? extract->z[2 * i + 1] : 0;
    }
    double walk = 0, noise = 0, rest = 0;
    for (unsigned round = 0; round <= ROUNDS; round++) {
        if (round > 0)
            sum_pulses(c, &m);
        rest = measure(c, &m, round == 0);
        if (round < 2) {
            fit_carrier(c, &m);
            take_off(c, &m, extract, &used);
            rest = measure(c, &m, true);
        }
        walk = track_gain(c, frame->symbols, &noise);
        if (round > 0 && round < ROUNDS)
            fit_instant(c, &m, noise);
    }
    subtract(c, &m, extract, &used, h);
    double power = 0;
    for (unsigned k = 0; k < frame->symbols; k++)
        power += creal(c->gain[k]) * creal(c->gain[k]) + cimag(c->gain[k]) * cimag(c->gain[k]);
    *out = (mw_cancel_report){.removed = power / frame->symbols,
                              .rest = rest,
                              .carrier = used,
                              .centre = m.centre,
                              .clock = m.clock,
                              .walk = walk};
}
