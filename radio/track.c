/* SPDX-License-Identifier: Apache-2.0 */
#include "radio/track.h"

#include <math.h>
#include <string.h>

#include "base/assert.h"

#define TWO_PI 6.28318530717958647692
#define PHASES 32
/* Share of the probability that moves to each neighbouring phase in one symbol. */
#define WALK 0.045f
/* Local noise is averaged over this many symbols to each side. */
#define LOCAL 24
/* Beyond this Es/N0 more certainty helps nothing and would leave the range of floats. */
#define SNR_MAX 20.0

/* ---- Carrier ----------------------------------------------------------------------------------*/

typedef struct known_list {
    double at[MW_TRACK_SYMBOLS_MAX]; /* symbol number minus the centre */
    double re[MW_TRACK_SYMBOLS_MAX], im[MW_TRACK_SYMBOLS_MAX];
    double wr[MW_TRACK_SYMBOLS_MAX], wi[MW_TRACK_SYMBOLS_MAX]; /* one step of frequency */
    double step;
    size_t n;
    double power;
} known_list;

static void collect(known_list *l, const float *y, const mw_track_known *known, size_t n,
                    double centre) {
    l->n = 0;
    l->power = 0;
    for (size_t i = 0; i < n; i++) {
        if (known->sign[i] == 0)
            continue;
        double re = y[2 * i], im = y[2 * i + 1];
        l->at[l->n] = (double)i - centre;
        l->re[l->n] = re * known->sign[i];
        l->im[l->n] = im * known->sign[i];
        l->power += re * re + im * im;
        l->n++;
    }
}

static void set_step(known_list *l, double step) {
    l->step = step;
    for (size_t i = 0; i < l->n; i++) {
        l->wr[i] = cos(TWO_PI * step * l->at[i]);
        l->wi[i] = -sin(TWO_PI * step * l->at[i]);
    }
}

/* Coherent sums for one drift and 2 f_steps + 1 frequencies; keeps the best. */
static void try_drift(const known_list *l, double f, double d, int f_steps, mw_track_fit *best,
                      double *best_power) {
    double zr[MW_TRACK_SYMBOLS_MAX], zi[MW_TRACK_SYMBOLS_MAX];
    double step = l->step;
    for (size_t i = 0; i < l->n; i++) {
        double t = l->at[i];
        double phase = -TWO_PI * ((f - f_steps * step) * t + 0.5 * d * t * t);
        double c = cos(phase), s = sin(phase);
        zr[i] = l->re[i] * c - l->im[i] * s;
        zi[i] = l->re[i] * s + l->im[i] * c;
    }
    for (int m = -f_steps; m <= f_steps; m++) {
        double re = 0, im = 0;
        for (size_t i = 0; i < l->n; i++) {
            re += zr[i];
            im += zi[i];
            double next = zr[i] * l->wr[i] - zi[i] * l->wi[i];
            zi[i] = zr[i] * l->wi[i] + zi[i] * l->wr[i];
            zr[i] = next;
        }
        if (re * re + im * im > *best_power) {
            *best_power = re * re + im * im;
            best->f = f + m * step;
            best->d = d;
            best->re = re / (double)l->n;
            best->im = im / (double)l->n;
        }
    }
}

void mw_track_fit_over(const float *y, const mw_track_known *known, size_t n, int f_steps,
                       int d_steps, mw_track_fit *io_fit) {
    mw_assert(n > 1 && n <= MW_TRACK_SYMBOLS_MAX);
    known_list l;
    double centre = (double)(n - 1) / 2;
    double f = io_fit->f + io_fit->d * (centre - io_fit->centre);
    double span = (double)n;
    /* A step turns the outermost symbol by half a radian. */
    double f_step = 0.16 / span, d_step = 0.64 / (span * span);
    if (io_fit->d_max < d_step / 2)
        d_steps = 0;
    collect(&l, y, known, n, centre);
    set_step(&l, f_step);
    mw_track_fit best = *io_fit;
    best.centre = centre;
    best.f = f;
    double best_power = -1;
    for (int k = -d_steps; k <= d_steps; k++) {
        double d = io_fit->d + k * d_step;
        if (k != 0 && fabs(d) > io_fit->d_max)
            continue;
        try_drift(&l, f, d, f_steps, &best, &best_power);
    }
    /* once more between the steps */
    double f_best = best.f, d_best = best.d;
    set_step(&l, f_step / 2.5);
    for (int k = d_steps > 0 ? -1 : 0; k <= (d_steps > 0 ? 1 : 0); k++)
        try_drift(&l, f_best, d_best + k * d_step / 2.5, 1, &best, &best_power);
    best.share = l.power > 0 ? best_power / ((double)l.n * l.power) : 0;
    *io_fit = best;
}

void mw_track_fit_frame(const float *y, const mw_track_known *known, mw_track_fit *io_fit) {
    static const uint16_t ends[] = {96, 128, 176, 240, 338, 464, 610, 820, 1160};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        size_t end = ends[i] < known->symbols ? ends[i] : known->symbols;
        mw_track_fit_over(y, known, end, 5, 5, io_fit);
        if (end == known->symbols)
            break;
    }
}

void mw_track_derotate(float *y, size_t n, const mw_track_fit *fit) {
    double phase0 = atan2(fit->im, fit->re);
    for (size_t i = 0; i < n; i++) {
        double t = (double)i - fit->centre;
        double phase = -(phase0 + TWO_PI * (fit->f * t + 0.5 * fit->d * t * t));
        float c = (float)cos(phase), s = (float)sin(phase);
        float re = y[2 * i] * c - y[2 * i + 1] * s;
        y[2 * i + 1] = y[2 * i] * s + y[2 * i + 1] * c;
        y[2 * i] = re;
    }
}

/* ---- Phase ------------------------------------------------------------------------------------*/

/* Noise power near each symbol, as a factor of LLRs: 2 amplitude / noise. */
static void weights(const float *y, size_t n, double amplitude, double noise, float *out) {
    double sum = 0;
    size_t low = 0, high = 0; /* window [low, high) */
    for (size_t i = 0; i < n; i++) {
        for (; high < n && high <= i + LOCAL; high++)
            sum += (double)(y[2 * high] * y[2 * high] + y[2 * high + 1] * y[2 * high + 1]);
        for (; low + LOCAL < i; low++)
            sum -= (double)(y[2 * low] * y[2 * low] + y[2 * low + 1] * y[2 * low + 1]);
        double mean = sum / (double)(high - low);
        double local = mean - amplitude * amplitude;
        /* A window's estimate is itself noisy: believe only what is clearly louder. */
        double used = local > 1.6 * noise ? local : noise;
        out[i] = (float)(2 * amplitude / used);
    }
}

/* Likelihoods of +1 and -1 under every phase, up to a factor: up = e^x, down = e^-x, with
 * x = weight * Re(y e^-j phase). */
static void likelihood(const float *y, float weight, const float *cosine, const float *sine,
                       float up[PHASES], float down[PHASES]) {
    for (size_t p = 0; p < PHASES / 2; p++) {
        float x = weight * (y[0] * cosine[p] + y[1] * sine[p]);
        x = x > 40 ? 40 : x < -40 ? -40 : x;
        float e = expf(x);
        up[p] = e;
        down[p] = 1 / e;
        up[p + PHASES / 2] = down[p];
        down[p + PHASES / 2] = e;
    }
}

/* One step of the walk: next = (1 - 2 WALK) a + WALK (neighbours), scaled to a sum of 1. */
static void walk(const float *a, float *next) {
    float sum = 0;
    for (size_t p = 0; p < PHASES; p++)
        sum += a[p];
    float scale = 1 / (sum + 1e-37f);
    for (size_t p = 0; p < PHASES; p++) {
        float left = a[(p + PHASES - 1) % PHASES], right = a[(p + 1) % PHASES];
        next[p] = scale * ((1 - 2 * WALK) * a[p] + WALK * (left + right)) + 1e-12f;
    }
}

static void step(const float *a, const float up[PHASES], const float down[PHASES], int sign,
                 float *out) {
    for (size_t p = 0; p < PHASES; p++)
        out[p] = a[p] * (sign > 0 ? up[p] : sign < 0 ? down[p] : up[p] + down[p]);
}

void mw_track_soft(const float *y, const mw_track_known *known, const mw_track_fit *fit,
                   mw_track_phase *out) {
    size_t n = known->symbols;
    float cosine[PHASES], sine[PHASES], weight[MW_TRACK_SYMBOLS_MAX];
    for (unsigned p = 0; p < PHASES; p++) {
        cosine[p] = (float)cos(TWO_PI * p / PHASES);
        sine[p] = (float)sin(TWO_PI * p / PHASES);
    }
    double power = 0;
    for (size_t i = 0; i < 2 * n; i++)
        power += (double)(y[i] * y[i]);
    power /= (double)n;
    double signal = fit->re * fit->re + fit->im * fit->im;
    if (signal > power)
        signal = power;
    out->amplitude = sqrt(signal);
    out->noise = power - signal;
    if (out->noise < signal / SNR_MAX)
        out->noise = signal / SNR_MAX;
    out->noise += 1e-30;
    weights(y, n, out->amplitude, out->noise, weight);

    float up[PHASES], down[PHASES], a[PHASES], b[PHASES];
    for (size_t p = 0; p < PHASES; p++)
        a[p] = 1;
    for (size_t i = 0; i < n; i++) {
        walk(a, out->forward[i]); /* what the past says about the phase of symbol i */
        likelihood(y + 2 * i, weight[i], cosine, sine, up, down);
        step(out->forward[i], up, down, known->sign[i], a);
    }
    for (size_t p = 0; p < PHASES; p++)
        a[p] = 1;
    for (size_t i = n; i-- > 0;) {
        walk(a, b); /* ... and what the future says */
        likelihood(y + 2 * i, weight[i], cosine, sine, up, down);
        float plus = 1e-30f, minus = 1e-30f, re = 0, im = 0;
        for (size_t p = 0; p < PHASES; p++) {
            float both = out->forward[i][p] * b[p];
            float all = both * (known->sign[i] > 0   ? up[p]
                                : known->sign[i] < 0 ? down[p]
                                                     : up[p] + down[p]);
            plus += both * up[p];
            minus += both * down[p];
            re += all * cosine[p];
            im += all * sine[p];
        }
        out->llr[i] = logf(plus) - logf(minus);
        out->phase[i] = atan2f(im, re);
        step(b, up, down, known->sign[i], a);
    }
}
