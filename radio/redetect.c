/* SPDX-License-Identifier: Apache-2.0 */
#include "radio/redetect.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "radio/extract.h"

#define TWO_PI     6.28318530717958647692
#define PER_SYMBOL 20 /* samples a symbol after decimation, at least */
#define RUN        32 /* outputs made from one copy of samples */
#define HITS       16

struct mw_redetect {
    double rate;
    unsigned baud;
    size_t decimation, taps; /* taps: a multiple of 8 */
    float *shape;            /* low-pass */
    float *tap_re, *tap_im;  /* low-pass about hz, each twice */
    float *samples;
    float out[2 * RUN];
    mw_history narrow;
    mw_detect *detect;
    size_t memory;
};

static double bessel_i0(double x) {
    double sum = 1, term = 1;
    for (int k = 1; k < 40; k++) {
        term *= (x / 2 / k) * (x / 2 / k);
        sum += term;
    }
    return sum;
}

/* Kaiser-windowed low-pass: flat to the window's edge and one symbol rate, 80 dB from where
 * decimation would fold back into it. */
static void shape_init(mw_redetect *r, size_t used) {
    double middle = (double)(used - 1) / 2, sum = 0, cut = 0.5 / (double)r->decimation;
    for (size_t i = 0; i < used; i++) {
        double t = (double)i - middle, x = t / middle;
        double sinc = t == 0 ? 2 * cut : sin(TWO_PI * cut * t) / (TWO_PI / 2 * t);
        double v = sinc * bessel_i0(8 * sqrt(x * x < 1 ? 1 - x * x : 0));
        r->shape[i] = (float)v;
        sum += v;
    }
    for (size_t i = 0; i < used; i++)
        r->shape[i] = (float)((double)r->shape[i] / sum);
}

static mw_status init(mw_redetect *r, const mw_redetect_config *config) {
    r->rate = (double)config->rate_mhz / 1000;
    r->baud = config->baud;
    double sps = r->rate / config->baud;
    r->decimation = sps >= 2 * PER_SYMBOL ? (size_t)(sps / PER_SYMBOL) : 1;
    /* From 5 rates (window and signal) to 20 - 5: half of the output rate is the transition. */
    size_t used = r->decimation > 1 ? 10 * r->decimation + 1 : 1;
    r->taps = (used + 7) / 8 * 8;
    size_t samples = RUN * r->decimation + r->taps;
    r->memory = (5 * r->taps + 2 * samples) * sizeof(float);
    r->shape = calloc(1, r->memory);
    if (r->shape == NULL)
        return MW_NOMEM;
    r->tap_re = r->shape + r->taps;
    r->tap_im = r->tap_re + 2 * r->taps;
    r->samples = r->tap_im + 2 * r->taps;
    if (used > 1)
        shape_init(r, used);
    else
        r->shape[0] = 1;
    double half = MW_REDETECT_RATES * config->baud;
    mw_detect_config detect = {.rate_mhz = config->rate_mhz / r->decimation,
                               .baud = config->baud,
                               .low_hz = -half,
                               .high_hz = half,
                               .prefilter_pfa = config->prefilter_pfa,
                               .sync_pfa = config->sync_pfa,
                               .drift_max = config->drift_max,
                               .desk = config->desk};
    MW_TRY(mw_detect_new(&detect, &r->detect));
    size_t kept = mw_detect_span(r->detect) + 4 * RUN;
    MW_TRY(mw_history_init(&r->narrow, kept));
    r->memory += sizeof *r + mw_detect_memory(r->detect) + mw_history_memory(&r->narrow);
    return MW_OK;
}

mw_status mw_redetect_new(const mw_redetect_config *config, mw_redetect **out) {
    mw_redetect *r = calloc(1, sizeof *r);
    if (r == NULL)
        return MW_NOMEM;
    mw_status s = init(r, config);
    if (s != MW_OK) {
        mw_redetect_free(r);
        return s;
    }
    *out = r;
    return MW_OK;
}

void mw_redetect_free(mw_redetect *r) {
    if (r == NULL)
        return;
    mw_detect_free(r->detect);
    mw_history_fini(&r->narrow);
    free(r->shape);
    free(r);
}

size_t mw_redetect_memory(const mw_redetect *r) {
    return r->memory;
}

static void tune(mw_redetect *r, double hz) {
    for (size_t i = 0; i < r->taps; i++) {
        double phase = TWO_PI * hz / r->rate * (double)i;
        r->tap_re[2 * i] = r->tap_re[2 * i + 1] = (float)((double)r->shape[i] * cos(phase));
        r->tap_im[2 * i] = r->tap_im[2 * i + 1] = (float)(-(double)r->shape[i] * sin(phase));
    }
}

/* RUN outputs from sample `at` on. */
static void narrow(mw_redetect *r, const mw_history *h, double hz, int64_t at) {
    const float *x = r->samples;
    mw_history_read(h, at, (RUN - 1) * r->decimation + r->taps, r->samples);
    /* The phase by recurrence, exact at the start of every run. */
    double cycles = hz / r->rate * (double)at,
           turn = -TWO_PI * hz / r->rate * (double)r->decimation;
    double phase = -TWO_PI * (cycles - floor(cycles));
    double c = cos(phase), s = sin(phase), wc = cos(turn), ws = sin(turn);
    for (size_t i = 0; i < RUN; i++) {
        float v[2];
        mw_extract_filter(x + 2 * i * r->decimation, r->tap_re, r->tap_im, r->taps, v);
        r->out[2 * i] = v[0] * (float)c - v[1] * (float)s;
        r->out[2 * i + 1] = v[0] * (float)s + v[1] * (float)c;
        double next = c * wc - s * ws;
        s = c * ws + s * wc;
        c = next;
    }
    mw_history_append_iq(&r->narrow, r->out, RUN);
}

void mw_redetect_run(mw_redetect *r, const mw_history *h, double hz, int64_t from, int64_t to,
                     mw_redetect_sink sink, void *user) {
    double step = (double)r->decimation;
    /* Output 0 is centred here: three symbols before, so that the first pulse is whole. */
    int64_t begin = from - (int64_t)(MW_UNB_PULSE_SPAN / 2 * r->rate / r->baud);
    double middle = r->decimation > 1 ? 5 * step : 0;
    int64_t end = to + (int64_t)(MW_UNB_PULSE_SPAN / 2 * r->rate / r->baud);
    mw_history_restart(&r->narrow);
    mw_detect_restart(r->detect);
    tune(r, hz);
    mw_detect_hit hits[HITS];
    bool all = false;
    for (int64_t at = begin; !all; at += (int64_t)(RUN * r->decimation)) {
        all = at >= end;
        if (!all)
            narrow(r, h, hz, at - (int64_t)middle);
        size_t n;
        while ((n = mw_detect_run(r->detect, &r->narrow, all, hits, HITS)) > 0) {
            for (size_t i = 0; i < n; i++) {
                mw_redetect_hit found = {
                    hits[i], (double)begin + mw_detect_at(r->detect, hits[i].quarter) * step};
                found.hit.hz += hz;
                sink(user, &found);
            }
        }
    }
}
