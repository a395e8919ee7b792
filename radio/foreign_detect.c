/* SPDX-License-Identifier: Apache-2.0 */
#include "radio/foreign_detect.h"

#include <fftw3.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "radio/detect_kernel.h"
#include "radio/foreign_pulse.h"
#include "radio/vector.h"

#define SYNC       ((int64_t)MW_FRAMER_SYNC)
#define KEPT       (4u * MW_FRAMER_SYNC + 8u) /* hops of history */
#define TWO_PI     6.28318530717958647692
#define NEAR_HOPS  32
#define NEAR_RATES 1.75
/* Frequencies of the second stage are 1/64 cycle a symbol apart. */
#define BANK 13
/* False alarms of the first stage per point. Few common turns tell little: they must let more by.
 */
#define FIRST_PFA(turns) ((turns) < 31 ? 3e-2 : 2e-3)
/* Differential score over all 31 turns: noise exceeds it in 2 of 100 cases a word. */
#define TURNS_MIN 0.12f
/* Coherent share: noise exceeds it once in 1e6 per frequency tried (Beta(1, 31)); a burst at Es/N0
 * = 0 dB has 0.5 +- 0.09. */
#define SHARE_MIN 0.36f

typedef struct finder { /* one framer */
    const mw_framer *framer;
    mw_framer_word words[MW_FRAMER_WORDS_MAX];
    size_t word_count;
    float sign[MW_FRAMER_SYNC]; /* of turn k, between symbols k - 1 and k */
    unsigned common;            /* turns 1 .. common - 1 are the same in all words */
    double low_hz, high_hz;
    size_t from, to; /* vectors of 8 bins */
    float threshold;
    double *energy; /* [hop mod 4][bin]: of the common symbols */
} finder;

struct mw_foreign_detect {
    mw_foreign_lane_config config;
    double sps, bin_hz;
    size_t fft_n, window_n;
    long first_bin;
    size_t bins; /* a multiple of 8 */
    float *window, *scratch, *fft_in, *fft_out;
    fftwf_plan plan;
    float *x_re, *x_im, *d_re, *d_im, *p; /* [hop mod KEPT][bin] */
    float *sum_re, *sum_im, *score;
    finder finders[MW_FOREIGN_FRAMERS];
    int64_t next_hop;
    mw_foreign_hit hits[MW_FOREIGN_HITS];
    size_t hit_count;
    uint64_t first_hits;
    size_t memory;
};

static void *take(mw_foreign_detect *d, size_t count, size_t size) {
    void *p = fftwf_malloc(count * size);
    d->memory += count * size;
    if (p != NULL)
        memset(p, 0, count * size);
    return p;
}

static float *row(const mw_foreign_detect *d, float *rows, int64_t hop) {
    return rows + (size_t)(hop % (int64_t)KEPT) * d->bins;
}

static mw_status finder_init(mw_foreign_detect *d, size_t i) {
    finder *f = &d->finders[i];
    const mw_foreign_lane_config *c = &d->config;
    f->framer = c->framer[i];
    f->word_count = f->framer->words(f->words);
    f->common = f->framer->common;
    for (unsigned k = 0; k < MW_FRAMER_SYNC; k++)
        f->sign[k] = (f->words[0].bits >> (31 - k) & 1) != 0 ? 1.0f : -1.0f;
    unsigned turns = f->common - 1;
    f->threshold =
        (float)(-log(FIRST_PFA(turns)) * turns / ((double)f->common * (double)f->common));
    f->low_hz = c->low_hz[i];
    f->high_hz = c->high_hz[i];
    double low = f->low_hz / d->bin_hz - (double)d->first_bin - 1;
    double high = f->high_hz / d->bin_hz - (double)d->first_bin + 2;
    f->from = low > 0 ? (size_t)low / 8 : 0;
    f->to = ((size_t)high + 7) / 8;
    if (f->to > d->bins / 8)
        f->to = d->bins / 8;
    f->energy = take(d, 4 * d->bins, sizeof *f->energy);
    return f->energy != NULL ? MW_OK : MW_NOMEM;
}

static mw_status allocate(mw_foreign_detect *d) {
    d->window = take(d, 2 * d->window_n, sizeof(float));
    d->scratch = take(d, 2 * d->window_n, sizeof(float));
    d->fft_in = take(d, 2 * d->fft_n, sizeof(float));
    d->fft_out = take(d, 2 * d->fft_n, sizeof(float));
    float *rows = take(d, (5 * KEPT + 3) * d->bins, sizeof(float));
    d->x_re = rows; /* owns them all */
    if (!d->window || !d->scratch || !d->fft_in || !d->fft_out || !rows)
        return MW_NOMEM;
    d->x_im = rows + KEPT * d->bins;
    d->d_re = rows + 2 * KEPT * d->bins;
    d->d_im = rows + 3 * KEPT * d->bins;
    d->p = rows + 4 * KEPT * d->bins;
    d->sum_re = rows + 5 * KEPT * d->bins;
    d->sum_im = d->sum_re + d->bins;
    d->score = d->sum_im + d->bins;
    d->plan = fftwf_plan_dft_1d((int)d->fft_n, (fftwf_complex *)d->fft_in,
                                (fftwf_complex *)d->fft_out, FFTW_FORWARD, FFTW_ESTIMATE);
    if (d->plan == NULL)
        return MW_NOMEM;
    for (size_t i = 0; i < d->config.framers; i++)
        MW_TRY(finder_init(d, i));
    return MW_OK;
}

mw_status mw_foreign_detect_new(const mw_foreign_lane_config *config,
                                mw_foreign_detect **out_detect) {
    mw_foreign_detect *d = calloc(1, sizeof *d);
    if (d == NULL)
        return MW_NOMEM;
    d->memory = sizeof *d;
    d->config = *config;
    double rate = (double)config->rate_mhz / 1000, low = 0, high = 0;
    d->sps = rate / config->baud;
    d->fft_n = (size_t)lround(2 * d->sps);
    d->window_n = (size_t)(1.25 * d->sps) | 1;
    d->bin_hz = rate / (double)d->fft_n;
    for (size_t i = 0; i < config->framers; i++) {
        low = i == 0 || config->low_hz[i] < low ? config->low_hz[i] : low;
        high = i == 0 || config->high_hz[i] > high ? config->high_hz[i] : high;
    }
    /* One bin more on each side: a carrier half a symbol rate off may be the right one. */
    d->first_bin = lround(floor(low / d->bin_hz)) - 1;
    long last = lround(ceil(high / d->bin_hz)) + 1;
    d->bins = ((size_t)(last - d->first_bin) + 8) / 8 * 8;
    if (d->bins > d->fft_n)
        d->bins = d->fft_n / 8 * 8;
    mw_status s = allocate(d);
    if (s != MW_OK) {
        mw_foreign_detect_free(d);
        return s;
    }
    mw_pulse_shape pulse;
    mw_pulse_shape_init_table(&pulse, mw_foreign_pulse_table());
    double half = (double)(d->window_n / 2);
    for (size_t i = 0; i < d->window_n; i++) {
        float v = mw_pulse_shape_at(&pulse, ((double)i - half) / d->sps);
        d->window[2 * i] = d->window[2 * i + 1] = v;
    }
    *out_detect = d;
    return MW_OK;
}

void mw_foreign_detect_free(mw_foreign_detect *d) {
    if (d == NULL)
        return;
    if (d->plan != NULL)
        fftwf_destroy_plan(d->plan);
    fftwf_free(d->window);
    fftwf_free(d->scratch);
    fftwf_free(d->fft_in);
    fftwf_free(d->fft_out);
    fftwf_free(d->x_re);
    for (size_t i = 0; i < MW_FOREIGN_FRAMERS; i++)
        fftwf_free(d->finders[i].energy);
    free(d);
}

void mw_foreign_detect_restart(mw_foreign_detect *d) {
    if (d->next_hop == 0)
        return;
    memset(d->x_re, 0, (5 * KEPT + 3) * d->bins * sizeof(float));
    for (size_t i = 0; i < d->config.framers; i++)
        memset(d->finders[i].energy, 0, 4 * d->bins * sizeof(double));
    d->next_hop = 0;
    d->hit_count = 0;
}

double mw_foreign_detect_hop_at(const mw_foreign_detect *d, int64_t hop) {
    return floor((double)hop * d->sps / 4);
}

/* ---- Spectra ----------------------------------------------------------------------------------*/

/* The bins of hop next_hop. Samples go to the FFT's input at their number modulo its length, so
 * that phases refer to sample 0. */
static void spectrum(mw_foreign_detect *d, const mw_history *h) {
    int64_t n = (int64_t)d->fft_n, hop = d->next_hop;
    int64_t first = (int64_t)mw_foreign_detect_hop_at(d, hop) - (int64_t)(d->window_n / 2);
    float *samples = d->scratch;
    mw_history_read(h, first, d->window_n, samples);
    memset(d->fft_in, 0, 2 * d->fft_n * sizeof(float));
    size_t at = (size_t)((first % n + n) % n);
    for (size_t done = 0; done < d->window_n;) {
        size_t run = d->fft_n - at;
        if (run > d->window_n - done)
            run = d->window_n - done;
        mw_kernel_fold(d->fft_in + 2 * at, samples + 2 * done, d->window + 2 * done, run);
        done += run;
        at = 0;
    }
    fftwf_execute(d->plan);
    float *re = row(d, d->x_re, hop), *im = row(d, d->x_im, hop);
    size_t bin = (size_t)((d->first_bin % (long)n + (long)n) % (long)n);
    for (size_t i = 0; i < d->bins; i++) {
        re[i] = d->fft_out[2 * bin];
        im[i] = d->fft_out[2 * bin + 1];
        bin = bin + 1 == d->fft_n ? 0 : bin + 1;
    }
}

/* d = x * conj(x one symbol ago), p = |x|^2, 8 bins at a time. */
MW_CLONES static void products(const float *xr, const float *xi, const float *or_, const float *oi,
                               float *dr, float *di, float *p, size_t n) {
    for (size_t i = 0; i < n; i += 8) {
        mw_v8 ar = *(const mw_v8 *)(xr + i), ai = *(const mw_v8 *)(xi + i);
        mw_v8 br = *(const mw_v8 *)(or_ + i), bi = *(const mw_v8 *)(oi + i);
        *(mw_v8 *)(dr + i) = ar * br + ai * bi;
        *(mw_v8 *)(di + i) = ai * br - ar * bi;
        *(mw_v8 *)(p + i) = ar * ar + ai * ai;
    }
}

/* sum += sign * a over n bins. */
MW_CLONES static void accumulate(float *sum_re, float *sum_im, const float *re, const float *im,
                                 float sign, size_t n) {
    mw_v8 s = {sign, sign, sign, sign, sign, sign, sign, sign};
    for (size_t i = 0; i < n; i += 8) {
        *(mw_v8 *)(sum_re + i) += s * *(const mw_v8 *)(re + i);
        *(mw_v8 *)(sum_im + i) += s * *(const mw_v8 *)(im + i);
    }
}

/* score = |sum|^2 / energy^2; the energy follows by what enters and what leaves. */
static bool judge(float *score, const float *re, const float *im, double *energy, const float *in,
                  const float *out, float threshold, size_t n) {
    bool any = false;
    for (size_t i = 0; i < n; i++) {
        double e = energy[i] + (double)in[i] - (double)out[i];
        energy[i] = e > 0 ? e : 0;
        float f = (float)e + 1e-20f;
        score[i] = (re[i] * re[i] + im[i] * im[i]) / (f * f);
        any |= score[i] > threshold;
    }
    return any;
}

/* ---- Second stage -----------------------------------------------------------------------------*/

static void cluster(mw_foreign_detect *d, const mw_foreign_hit *hit) {
    size_t weakest = 0;
    for (size_t i = 0; i < d->hit_count; i++) {
        mw_foreign_hit *c = &d->hits[i];
        if (c->framer == hit->framer && llabs(c->hop - hit->hop) <= NEAR_HOPS &&
            fabs(c->hz - hit->hz) <= NEAR_RATES * d->config.baud) {
            if (hit->energy > c->energy)
                *c = *hit;
            return;
        }
        if (c->score < d->hits[weakest].score)
            weakest = i;
    }
    if (d->hit_count < MW_FOREIGN_HITS)
        d->hits[d->hit_count++] = *hit;
    else if (hit->score > d->hits[weakest].score)
        d->hits[weakest] = *hit;
}

typedef struct point { /* 32 symbols of a bin */
    float re[MW_FRAMER_SYNC], im[MW_FRAMER_SYNC];
    float energy;
} point;

static void gather(const mw_foreign_detect *d, size_t bin, point *out) {
    out->energy = 1e-20f;
    for (int64_t k = 0; k < SYNC; k++) {
        int64_t hop = d->next_hop - 4 * (SYNC - 1 - k);
        out->re[k] = row(d, d->x_re, hop)[bin];
        out->im[k] = row(d, d->x_im, hop)[bin];
        out->energy += row(d, d->p, hop)[bin];
    }
}

/* The word whose turns fit best: its number and their sum. io_sum holds that of the common ones. */
static size_t best_word(const mw_foreign_detect *d, const finder *f, size_t bin, float io_sum[2]) {
    float turn[MW_FRAMER_SYNC][2], common[2] = {io_sum[0], io_sum[1]};
    for (unsigned k = f->common; k < MW_FRAMER_SYNC; k++) {
        int64_t hop = d->next_hop - 4 * (SYNC - 1 - (int64_t)k);
        turn[k][0] = row(d, d->d_re, hop)[bin];
        turn[k][1] = row(d, d->d_im, hop)[bin];
    }
    size_t best = 0;
    float most = -1;
    for (size_t w = 0; w < f->word_count; w++) {
        float re = common[0], im = common[1];
        for (unsigned k = f->common; k < MW_FRAMER_SYNC; k++) {
            bool one = (f->words[w].bits >> (31 - k) & 1) != 0;
            re += one ? turn[k][0] : -turn[k][0];
            im += one ? turn[k][1] : -turn[k][1];
        }
        if (re * re + im * im > most) {
            most = re * re + im * im;
            best = w;
            io_sum[0] = re;
            io_sum[1] = im;
        }
    }
    return best;
}

/* The largest coherent power over the bank around `turn` cycles a symbol, and where. */
static float coherent(const point *p, uint32_t word, double turn, double *out_turn) {
    float best = 0;
    for (int m = -(BANK / 2); m <= BANK / 2; m++) {
        double f = turn + m / 64.0;
        float cr = (float)cos(TWO_PI * f), ci = (float)-sin(TWO_PI * f);
        float wr = 1, wi = 0, re = 0, im = 0;
        for (unsigned k = 0; k < MW_FRAMER_SYNC; k++) {
            if (k > 0) {
                float sign = (word >> (31 - k) & 1) != 0 ? 1.0f : -1.0f;
                float r = sign * (wr * cr - wi * ci);
                wi = sign * (wr * ci + wi * cr);
                wr = r;
            }
            re += p->re[k] * wr - p->im[k] * wi;
            im += p->re[k] * wi + p->im[k] * wr;
        }
        float power = re * re + im * im;
        if (power > best) {
            best = power;
            *out_turn = f;
        }
    }
    return best;
}

static void second_stage(mw_foreign_detect *d, size_t number, size_t bin) {
    const finder *f = &d->finders[number];
    point p;
    float sum[2] = {d->sum_re[bin], d->sum_im[bin]};
    d->first_hits++;
    size_t word = best_word(d, f, bin, sum);
    gather(d, bin, &p);
    if (sum[0] * sum[0] + sum[1] * sum[1] < TURNS_MIN * p.energy * p.energy)
        return;
    double turn = atan2((double)sum[1], (double)sum[0]) / TWO_PI, at = turn;
    float power = coherent(&p, f->words[word].bits, turn, &at);
    float score = power / (MW_FRAMER_SYNC * p.energy);
    if (score < SHARE_MIN)
        return;
    double hz = (double)(d->first_bin + (long)bin) * d->bin_hz + at * d->config.baud;
    double slack = f->framer->either_polarity ? 0.5 * d->config.baud : 0;
    if (hz < f->low_hz - slack || hz > f->high_hz + slack)
        return;
    mw_foreign_hit hit = {d->next_hop, hz, score, power, (uint8_t)number, (uint8_t)word};
    cluster(d, &hit);
}

/* One framer at hop next_hop. */
static void find(mw_foreign_detect *d, size_t number) {
    finder *f = &d->finders[number];
    size_t from = 8 * f->from, n = 8 * (f->to - f->from);
    int64_t last = d->next_hop - 4 * (SYNC - (int64_t)f->common); /* of the common symbols */
    if (last < 0)
        return;
    const float *in = row(d, d->p, last) + from;
    double *energy = f->energy + (size_t)(d->next_hop & 3) * d->bins + from;
    if (d->next_hop < 4 * (SYNC - 1)) { /* not a whole word yet: only its energy */
        for (size_t i = 0; i < n; i++)
            energy[i] += (double)in[i];
        return;
    }
    memset(d->sum_re + from, 0, n * sizeof(float));
    memset(d->sum_im + from, 0, n * sizeof(float));
    for (unsigned k = 1; k < f->common; k++) {
        int64_t hop = last - 4 * (int64_t)(f->common - 1 - k);
        accumulate(d->sum_re + from, d->sum_im + from, row(d, d->d_re, hop) + from,
                   row(d, d->d_im, hop) + from, f->sign[k], n);
    }
    /* Before the first hop there were none: a row not written yet is zero. */
    int64_t gone = last - 4 * (int64_t)f->common;
    const float *out = row(d, d->p, gone < 0 ? gone + (int64_t)KEPT : gone) + from;
    if (!judge(d->score + from, d->sum_re + from, d->sum_im + from, energy, in, out, f->threshold,
               n))
        return;
    for (size_t i = from; i < from + n; i++) {
        float s = d->score[i];
        if (s <= f->threshold || (i > from && d->score[i - 1] > s) ||
            (i + 1 < from + n && d->score[i + 1] > s))
            continue;
        second_stage(d, number, i);
    }
}

static void step(mw_foreign_detect *d, const mw_history *h) {
    int64_t hop = d->next_hop;
    spectrum(d, h);
    int64_t before = hop >= 4 ? hop - 4 : hop;
    products(row(d, d->x_re, hop), row(d, d->x_im, hop), row(d, d->x_re, before),
             row(d, d->x_im, before), row(d, d->d_re, hop), row(d, d->d_im, hop), row(d, d->p, hop),
             d->bins);
    for (size_t i = 0; i < d->config.framers; i++)
        find(d, i);
    d->next_hop++;
}

/* ---- Out --------------------------------------------------------------------------------------*/

static size_t deliver(mw_foreign_detect *d, bool all, mw_foreign_hit *out, size_t max) {
    size_t n = 0, kept = 0;
    for (size_t i = 0; i < d->hit_count; i++) {
        bool complete = all || d->hits[i].hop + NEAR_HOPS < d->next_hop;
        if (complete && n < max)
            out[n++] = d->hits[i];
        else
            d->hits[kept++] = d->hits[i];
    }
    d->hit_count = kept;
    return n;
}

size_t mw_foreign_detect_run(mw_foreign_detect *d, const mw_history *h, bool all,
                             mw_foreign_hit *out, size_t max) {
    for (;;) {
        size_t n = deliver(d, false, out, max);
        if (n > 0)
            return n;
        double centre = mw_foreign_detect_hop_at(d, d->next_hop);
        double end = centre + (double)(d->window_n / 2);
        if (end >= (double)h->head && !(all && centre < (double)h->head))
            return all ? deliver(d, true, out, max) : 0;
        step(d, h);
    }
}

double mw_foreign_detect_horizon(const mw_foreign_detect *d) {
    int64_t hop = d->next_hop - 1;
    for (size_t i = 0; i < d->hit_count; i++) {
        if (d->hits[i].hop < hop)
            hop = d->hits[i].hop;
    }
    return mw_foreign_detect_hop_at(d, hop - 4 * SYNC - NEAR_HOPS);
}

size_t mw_foreign_detect_memory(const mw_foreign_detect *d) {
    return d->memory;
}

uint64_t mw_foreign_detect_first_hits(const mw_foreign_detect *d) {
    return d->first_hits;
}
