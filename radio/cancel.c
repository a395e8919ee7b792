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
    double sps;                        /* samples per symbol */
    float seen[2 * REACH * FINE + 2];  /* pulse after the band-pass, unit energy before */
    float slope[2 * REACH * FINE + 2]; /* its derivative, per symbol */
    double seen_energy;                /* of one symbol, in outputs */
    float *model, *change;             /* real envelope and derivative at each output */
    size_t outputs_max;
    cplx gain[SYMBOLS], fresh[SYMBOLS], ahead[SYMBOLS];
    double spread[SYMBOLS];
    float wave[CHUNK], out[2 * CHUNK];
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

mw_status mw_cancel_new(const mw_extract *extract, mw_cancel **out_cancel) {
    mw_cancel *c = calloc(1, sizeof *c);
    if (c == NULL)
        return MW_NOMEM;
    c->sps = extract->sps;
    c->outputs_max = extract->outputs_max;
    c->model = calloc(2 * c->outputs_max, sizeof(float));
    if (c->model == NULL) {
        free(c);
        return MW_NOMEM;
    }
    c->change = c->model + c->outputs_max;
    c->memory = sizeof *c + 2 * c->outputs_max * sizeof(float);
    mw_pulse_shape_init(&c->pulse);
    seen_init(c, extract);
    *out_cancel = c;
    return MW_OK;
}

void mw_cancel_free(mw_cancel *c) {
    if (c == NULL)
        return;
    free(c->model);
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

/* Adds `scale` times a table around each symbol: the sum of all symbols' pulses. */
static void sum_pulses(const mw_cancel *c, const model *m, const float *table, float *out) {
    memset(out, 0, m->outputs * sizeof *out);
    double per_output = FINE * m->step / (c->sps * (1 + m->clock));
    for (unsigned k = 0; k < m->frame->symbols; k++) {
        double at = output_at(c, m, k);
        float sign = (float)sign_of(m->frame, k);
        double begin = at - (REACH - 0.5) * FINE / per_output;
        size_t i = begin > 0 ? (size_t)begin + 1 : 0;
        double t = ((double)i - at) * per_output + REACH * FINE;
        for (; i < m->outputs && t < 2 * REACH * FINE; i++, t += per_output) {
            int whole = (int)t;
            float part = (float)(t - whole);
            out[i] += sign * (table[whole] + part * (table[whole + 1] - table[whole]));
        }
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

/* What the model leaves of the outputs, correlated with each symbol's pulse; added to the gain it
 * is a fresh measurement free of neighbours' interference. Returns the mean power left. */
static double measure(mw_cancel *c, const model *m, const float *z, bool first) {
    double rest = 0;
    size_t counted = 0;
    for (unsigned k = 0; k < m->frame->symbols; k++)
        c->fresh[k] = 0;
    for (size_t i = 0; i < m->outputs; i++) {
        double at = symbol_at(c, m, (double)i);
        double complex e = z[2 * i] + I * z[2 * i + 1];
        if (!first)
            e -= gain_at(c, m, at) * (double)c->model[i];
        long k = (long)ceil(at - REACH + 0.5), last = (long)floor(at + REACH - 0.5);
        if (at > 0 && at < m->frame->symbols - 1) {
            rest += creal(e) * creal(e) + cimag(e) * cimag(e);
            counted++;
        }
        k = k < 0 ? 0 : k;
        last = last >= m->frame->symbols ? m->frame->symbols - 1 : last;
        for (; k <= last; k++) {
            double t = (at - (double)k + REACH) * FINE;
            c->fresh[k] += e * (double)c->seen[(size_t)(t + 0.5)];
        }
    }
    for (unsigned k = 0; k < m->frame->symbols; k++) {
        c->fresh[k] *= sign_of(m->frame, k) / c->seen_energy;
        if (!first)
            c->fresh[k] += c->gain[k];
    }
    return counted > 0 ? rest / (double)counted : 0;
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

/* Random walk with steps of variance `walk` observed with unit noise: mean log-likelihood with the
 * noise's own variance estimated. Leaves the filter's states in ahead[] and spread[]. */
static double filter(mw_cancel *c, size_t n, double walk, double *out_noise) {
    cplx x = 0;
    double p = 1e9, square = 0, logs = 0;
    for (size_t k = 0; k < n; k++) {
        p += walk;
        double s = p + 1, gain = p / s;
        cplx e = c->fresh[k] - x;
        if (k > 0) {
            square += (creal(e) * creal(e) + cimag(e) * cimag(e)) / s;
            logs += log(s);
        }
        x += gain * e;
        p *= 1 - gain;
        c->ahead[k] = x;
        c->spread[k] = p;
    }
    *out_noise = square / (double)(n - 1);
    return -(double)(n - 1) * log(square + 1e-300) - logs;
}

static void smooth(mw_cancel *c, size_t n, double walk) {
    c->gain[n - 1] = c->ahead[n - 1];
    for (size_t k = n - 1; k-- > 0;) {
        double back = c->spread[k] / (c->spread[k] + walk);
        c->gain[k] = c->ahead[k] + back * (c->gain[k + 1] - c->ahead[k]);
    }
}

/* Smoothed gains from fresh measurements; returns the pace, and the noise of a symbol. */
static double track_gain(mw_cancel *c, size_t n, double *out_noise) {
    double best = -INFINITY, chosen = 0, noise;
    for (int k = 0; k <= 16; k++) {
        double walk = k == 0 ? 0 : pow(10, -6 + (k - 1) / 2.0);
        double value = filter(c, n, walk, &noise);
        if (value > best) {
            best = value;
            chosen = walk;
        }
    }
    filter(c, n, chosen, out_noise);
    smooth(c, n, chosen);
    return chosen;
}

/* ---- Instant ----------------------------------------------------------------------------------*/

/* Least squares of the rest against the model's derivative: moves the instant and the clock. */
static void fit_instant(const mw_cancel *c, model *m, const float *z, double noise) {
    double half = m->frame->symbols / 2.0, n00 = 0, n01 = 0, n11 = 0, b0 = 0, b1 = 0;
    for (size_t i = 0; i < m->outputs; i++) {
        double at = symbol_at(c, m, (double)i), u = at / half - 1;
        cplx g = gain_at(c, m, at);
        cplx e = z[2 * i] + I * z[2 * i + 1] - g * (double)c->model[i];
        cplx basis = -g * (double)c->change[i];
        double power = creal(basis) * creal(basis) + cimag(basis) * cimag(basis);
        double along = creal(conj(basis) * e);
        n00 += power;
        n01 += power * u;
        n11 += power * u * u;
        b0 += along;
        b1 += along * u;
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

/* The sender's envelope at samples [from, from + n): the pulse's table, interpolated linearly. */
static void envelope(mw_cancel *c, const model *m, double from, size_t n) {
    double per_sample = STEPS / (c->sps * (1 + m->clock));
    double at = (from - m->centre) * per_sample + SPAN * STEPS / 2.0;
    double whole = -1e18;
    float low = 0, high = 0;
    for (size_t i = 0; i < n; i++) {
        double t = at + (double)i * per_sample, floor_t = floor(t);
        if (floor_t > whole) {
            float value[2];
            for (int side = 0; side < 2; side++) {
                long instant = (long)floor_t + side, newest = instant / STEPS;
                float sum = 0;
                if (instant >= 0) {
                    for (long k = newest; k >= 0 && k > newest - SPAN - 1; k--) {
                        long entry = instant - k * STEPS;
                        if (k < m->frame->symbols && entry < MW_UNB_PULSE_ENTRIES)
                            sum += (float)sign_of(m->frame, (unsigned)k) * c->pulse.v[entry];
                    }
                }
                value[side] = sum;
            }
            low = value[0];
            high = value[1];
            whole = floor_t;
        }
        float part = (float)(t - whole);
        c->wave[i] = low + (high - low) * part;
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
 * both with phase 0 at the carrier's own reference. */
static void take_off(const mw_cancel *c, model *m, const mw_extract *e, float *z,
                     mw_carrier *io_carrier) {
    double symbol = c->sps * (1 + m->clock);               /* samples */
    double origin = (io_carrier->at - m->centre) / symbol; /* of the carrier, in symbols */
    double f = m->f + m->d * (origin - m->middle), d = m->d;
    for (size_t i = 0; i < m->outputs; i++) {
        double t = symbol_at(c, m, (double)i) - origin;
        double phase = -TWO_PI * (f * t + 0.5 * d * t * t);
        float re = (float)cos(phase), im = (float)sin(phase);
        float x = z[2 * i] * re - z[2 * i + 1] * im;
        z[2 * i + 1] = z[2 * i] * im + z[2 * i + 1] * re;
        z[2 * i] = x;
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
    mw_assert(m.outputs <= c->outputs_max);
    float *z = extract->z;
    double walk = 0, noise = 0, rest = 0;
    for (unsigned round = 0; round <= ROUNDS; round++) {
        if (round > 0) {
            sum_pulses(c, &m, c->seen, c->model);
            sum_pulses(c, &m, c->slope, c->change);
        }
        rest = measure(c, &m, z, round == 0);
        if (round < 2) {
            fit_carrier(c, &m);
            take_off(c, &m, extract, z, &used);
            rest = measure(c, &m, z, true);
        }
        walk = track_gain(c, frame->symbols, &noise);
        if (round > 0 && round < ROUNDS)
            fit_instant(c, &m, z, noise);
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
