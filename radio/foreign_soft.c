/* SPDX-License-Identifier: Apache-2.0 */
#include "radio/foreign_soft.h"

#include <math.h>

#define TWO_PI 6.28318530717958647692
#define PHASES 32
/* Share of the probability that moves to each neighbouring phase in one symbol: 0.06 rad. */
#define WALK 0.045f
/* Local noise is averaged over this many symbols to each side. */
#define LOCAL   24
#define LLR_MAX 900.0f /* times the scale still an int16_t */

/* 2 amplitude / noise near each symbol: an interferer costs only the symbols that it hits. */
static void weights(mw_foreign_soft *s, const float *y, size_t n, double amplitude, double noise) {
    double sum = 0;
    size_t low = 0, high = 0; /* window [low, high) */
    for (size_t i = 0; i < n; i++) {
        for (; high < n && high <= i + LOCAL; high++)
            sum += (double)(y[2 * high] * y[2 * high] + y[2 * high + 1] * y[2 * high + 1]);
        for (; low + LOCAL < i; low++)
            sum -= (double)(y[2 * low] * y[2 * low] + y[2 * low + 1] * y[2 * low + 1]);
        double local = sum / (double)(high - low) - amplitude * amplitude;
        double used = local > 1.6 * noise ? local : noise;
        s->weight[i] = (float)(2 * amplitude / used);
    }
}

/* e^(weight Re(y e^-j phase)) for all phases, up to a factor. */
static void likelihood(const float *y, float weight, const float *cosine, const float *sine,
                       float out[PHASES]) {
    for (size_t p = 0; p < PHASES / 2; p++) {
        float x = weight * (y[0] * cosine[p] + y[1] * sine[p]);
        x = x > 40 ? 40 : x < -40 ? -40 : x;
        float e = expf(x);
        out[p] = e;
        out[p + PHASES / 2] = 1 / e;
    }
}

/* One step of the walk, scaled to a sum of 1. */
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

/* Weights of "no turn" and "turn" into symbol i: known within the sync word. The turn into its
 * first symbol is the sender's ramp and says nothing. */
static void prior(size_t i, uint32_t sync, float *stay, float *turn) {
    bool known = i > 0 && i < MW_FRAMER_SYNC;
    bool one = known && (sync >> (31 - i) & 1) != 0;
    *stay = known && !one ? 0 : 1;
    *turn = one ? 0 : 1;
}

static void mix(const float *a, float stay, float turn, float *out) {
    for (size_t p = 0; p < PHASES; p++)
        out[p] = stay * a[p] + turn * a[(p + PHASES / 2) % PHASES];
}

/* The mean of e^(2j phase) at symbol i, and of e^(j phase), given what the future says in c. */
static void note_phase(mw_foreign_soft *s, size_t i, const float *c, const float *cosine,
                       const float *sine, float out_once[2]) {
    float re = 0, im = 0;
    out_once[0] = out_once[1] = 0;
    for (size_t p = 0; p < PHASES; p++) {
        float both = c[p] * (s->forward[i][p] + s->forward[i][(p + PHASES / 2) % PHASES]);
        size_t q = 2 * p % PHASES;
        re += both * cosine[q];
        im += both * sine[q];
        out_once[0] += both * cosine[p];
        out_once[1] += both * sine[p];
    }
    s->twice[i][0] = re;
    s->twice[i][1] = im;
}

static int16_t scaled(float llr) {
    llr = llr > LLR_MAX ? LLR_MAX : llr < -LLR_MAX ? -LLR_MAX : llr;
    return (int16_t)lrintf(llr * MW_FOREIGN_SOFT_SCALE);
}

/* Symbols after the sync word against the phase followed from its last symbol on. */
static void against_phase(const mw_foreign_soft *s, const float *y, size_t symbols, float phase,
                          int16_t *out_symbol) {
    const float pi = (float)(TWO_PI / 2);
    for (size_t i = MW_FRAMER_SYNC; i < symbols; i++) {
        float half = 0.5f * atan2f(s->twice[i][1], s->twice[i][0]);
        phase = half + pi * roundf((phase - half) / pi);
        float along = y[2 * i] * cosf(phase) + y[2 * i + 1] * sinf(phase);
        out_symbol[i - MW_FRAMER_SYNC] = scaled(2 * s->weight[i] * along);
    }
}

void mw_foreign_soft_run(mw_foreign_soft *s, const float *y, size_t symbols, uint32_t sync,
                         double amplitude, double noise, int16_t *out_soft, int16_t *out_symbol) {
    float cosine[PHASES], sine[PHASES], like[PHASES], a[PHASES], b[PHASES], c[PHASES];
    float stay, turn;
    for (unsigned p = 0; p < PHASES; p++) {
        cosine[p] = (float)cos(TWO_PI * p / PHASES);
        sine[p] = (float)sin(TWO_PI * p / PHASES);
        a[p] = 1;
    }
    weights(s, y, symbols, amplitude, noise);
    for (size_t i = 0; i < symbols; i++) {
        walk(a, s->forward[i]); /* what the past says, before the bit of symbol i */
        prior(i, sync, &stay, &turn);
        mix(s->forward[i], stay, turn, b);
        likelihood(y + 2 * i, s->weight[i], cosine, sine, like);
        for (size_t p = 0; p < PHASES; p++)
            a[p] = b[p] * like[p];
    }
    for (size_t p = 0; p < PHASES; p++)
        b[p] = 1;
    float last[2] = {0};
    for (size_t i = symbols; i-- > MW_FRAMER_SYNC - 1;) {
        likelihood(y + 2 * i, s->weight[i], cosine, sine, like);
        float zero = 1e-37f, one = 1e-37f;
        for (size_t p = 0; p < PHASES; p++)
            c[p] = b[p] * like[p];
        note_phase(s, i, c, cosine, sine, last);
        if (i < MW_FRAMER_SYNC)
            break;
        for (size_t p = 0; p < PHASES; p++) {
            one += s->forward[i][p] * c[p];
            zero += s->forward[i][p] * c[(p + PHASES / 2) % PHASES];
        }
        out_soft[i - MW_FRAMER_SYNC] = scaled(logf(zero) - logf(one));
        mix(c, 1, 1, a);
        walk(a, b);
    }
    against_phase(s, y, symbols, atan2f(last[1], last[0]), out_symbol);
}
