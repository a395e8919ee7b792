/* SPDX-License-Identifier: Apache-2.0 */
#include "radio/detect.h"

#include <fftw3.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "radio/detect_kernel.h"
#include "radio/pulse_shape.h"

#define TILE    MW_DETECT_TILE
#define BATCH   MW_DETECT_BATCH
#define SYMBOLS ((int64_t)MW_KERNEL_SYMBOLS)
#define FIRST   (4 * (SYMBOLS - 1)) /* first hop at which a whole sync word can end */
#define TWO_PI  6.28318530717958647692

/* Neighbours that are one candidate. */
#define NEAR_HOPS  6
#define NEAR_RATES 1.75

struct mw_detect {
    mw_detect_config config;
    double sps;      /* samples per symbol */
    size_t fft_n;    /* points, about 2 symbols */
    size_t window_n; /* samples under the pulse, about 6 symbols */
    double bin_hz;
    long first_bin;
    size_t tiles;
    float *window;  /* each tap twice */
    float *scratch; /* samples of a batch */
    float *batch;   /* bins of a batch: [hop][tiles * TILE] pairs */
    float *fft_in, *fft_out;
    fftwf_plan plan;
    mw_kernel_tile *tile;
    mw_kernel_word word;
    mw_kernel_bank bank;
    mw_kernel_row rows[BATCH];
    float prefilter, sync; /* thresholds of the two scores */
    int drifts;            /* bank: -drifts .. drifts halves of 1/64 cycle a symbol a block */
    int64_t next_hop;      /* multiple of BATCH */
    mw_detect_hit hits[MW_DETECT_HITS];
    size_t hit_count;
    uint64_t prefilter_hits, sync_hits;
    size_t memory;
};

/* Tail of the second score on noise: with 64 symbols of which 4 sums are taken, the coherent share
 * is Beta(4, 60) distributed. */
static double sync_tail(double x) {
    double sum = 0, term = 1;
    for (int k = 0; k < 4; k++) {
        sum += term * pow(x, k) * pow(1 - x, 63 - k);
        term = term * (63 - k) / (k + 1);
    }
    return sum;
}

static void thresholds(mw_detect *d) {
    /* |S|^2 of 63 products against (sum of 64 energies)^2: exponential with mean 63/64^2. */
    d->prefilter = (float)(-log(d->config.prefilter_pfa) * 63.0 / 4096.0);
    /* The bank's frequencies are 1/4 of a block's resolution apart: about a third are independent.
     */
    double trials = (double)MW_KERNEL_BANK * (2 * d->drifts + 1) / 3.0;
    double low = 0.05, high = 0.95;
    for (int i = 0; i < 50; i++) {
        double middle = 0.5 * (low + high);
        if (sync_tail(middle) * trials > d->config.sync_pfa)
            low = middle;
        else
            high = middle;
    }
    d->sync = (float)high;
}

static void word_init(mw_kernel_word *w) {
    uint8_t minus[MW_KERNEL_SYMBOLS];
    size_t n = 0;
    for (unsigned i = 0; i < MW_KERNEL_SYMBOLS; i++)
        w->sign[i] = mw_unb_sync_bit(i) ? -1.0f : 1.0f;
    w->plus = 0;
    for (unsigned i = 0; i + 1 < MW_KERNEL_SYMBOLS; i++) {
        if (mw_unb_sync_bit(i) == mw_unb_sync_bit(i + 1))
            w->turn[w->plus++] = (uint8_t)i;
        else
            minus[n++] = (uint8_t)i;
    }
    memcpy(w->turn + w->plus, minus, n);
}

static void *take(mw_detect *d, size_t bytes) {
    d->memory += bytes;
    void *p = fftwf_malloc(bytes); /* aligned for vectors */
    if (p != NULL)
        memset(p, 0, bytes);
    return p;
}

static mw_status allocate(mw_detect *d) {
    size_t scratch = d->window_n + (size_t)ceil(BATCH * d->sps / 4) + 2;
    d->window = take(d, 2 * d->window_n * sizeof(float));
    d->scratch = take(d, 2 * scratch * sizeof(float));
    d->batch = take(d, 2 * BATCH * d->tiles * TILE * sizeof(float));
    d->fft_in = take(d, 2 * d->fft_n * sizeof(float));
    d->fft_out = take(d, 2 * d->fft_n * sizeof(float));
    d->tile = take(d, d->tiles * sizeof(mw_kernel_tile));
    if (!d->window || !d->scratch || !d->batch || !d->fft_in || !d->fft_out || !d->tile)
        return MW_NOMEM;
    /* Estimated, not measured: a measured plan may differ from run to run in its last bits. */
    d->plan = fftwf_plan_dft_1d((int)d->fft_n, (fftwf_complex *)d->fft_in,
                                (fftwf_complex *)d->fft_out, FFTW_FORWARD, FFTW_ESTIMATE);
    return d->plan != NULL ? MW_OK : MW_NOMEM;
}

mw_status mw_detect_new(const mw_detect_config *config, mw_detect **out_detect) {
    mw_detect *d = calloc(1, sizeof *d);
    if (d == NULL)
        return MW_NOMEM;
    d->memory = sizeof *d;
    d->config = *config;
    double rate = (double)config->rate_mhz / 1000;
    d->sps = rate / config->baud;
    d->fft_n = (size_t)lround(2 * d->sps);
    d->window_n = (size_t)(MW_UNB_PULSE_SPAN * d->sps) | 1;
    d->bin_hz = rate / (double)d->fft_n;
    d->first_bin = lround(floor(config->low_hz / d->bin_hz));
    long last = lround(ceil(config->high_hz / d->bin_hz));
    d->tiles = ((size_t)(last - d->first_bin) + TILE) / TILE;
    /* A block of 16 symbols moves by drift * 16 / baud; the bank counts in halves of baud / 64. */
    d->drifts = (int)lround(config->drift_max * 16 / config->baud / (config->baud / 128.0));
    if (d->drifts > 4)
        d->drifts = 4;
    mw_status s = allocate(d);
    if (s != MW_OK) {
        mw_detect_free(d);
        return s;
    }
    mw_pulse_shape pulse;
    mw_pulse_shape_init(&pulse);
    double half = (double)(d->window_n / 2);
    for (size_t i = 0; i < d->window_n; i++) {
        float v = mw_pulse_shape_at(&pulse, ((double)i - half) / d->sps);
        d->window[2 * i] = d->window[2 * i + 1] = v;
    }
    thresholds(d);
    word_init(&d->word);
    mw_kernel_bank_init(&d->bank);
    *out_detect = d;
    return MW_OK;
}

void mw_detect_free(mw_detect *d) {
    if (d == NULL)
        return;
    if (d->plan != NULL)
        fftwf_destroy_plan(d->plan);
    fftwf_free(d->window);
    fftwf_free(d->scratch);
    fftwf_free(d->batch);
    fftwf_free(d->fft_in);
    fftwf_free(d->fft_out);
    fftwf_free(d->tile);
    free(d);
}

void mw_detect_restart(mw_detect *d) {
    /* Rows of the segment before are never looked at: the first correlation comes at hop 252. */
    for (size_t i = 0; i < d->tiles; i++)
        memset(d->tile[i].energy, 0, sizeof d->tile[i].energy);
    d->next_hop = 0;
    d->hit_count = 0;
}

double mw_detect_hop_at(const mw_detect *d, int64_t hop) {
    return floor((double)hop * d->sps / 4);
}

/* ---- Spectra ----------------------------------------------------------------------------------*/

/* Folds the windowed samples around a hop into the FFT's input, each at its number modulo the
 * length: so the phase of every bin refers to sample 0 and not to the hop. */
static void spectrum(mw_detect *d, const float *samples, int64_t first, float *out) {
    memset(d->fft_in, 0, 2 * d->fft_n * sizeof(float));
    int64_t n = (int64_t)d->fft_n;
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
    size_t bin = (size_t)((d->first_bin % (long)n + (long)n) % (long)n);
    for (size_t done = 0; done < d->tiles * TILE;) {
        size_t run = d->fft_n - bin;
        if (run > d->tiles * TILE - done)
            run = d->tiles * TILE - done;
        memcpy(out + 2 * done, d->fft_out + 2 * bin, 2 * run * sizeof(float));
        done += run;
        bin = 0;
    }
}

static void spectra(mw_detect *d, const mw_history *h) {
    int64_t half = (int64_t)(d->window_n / 2);
    int64_t first = (int64_t)mw_detect_hop_at(d, d->next_hop) - half;
    int64_t last = (int64_t)mw_detect_hop_at(d, d->next_hop + BATCH - 1) + half;
    const float *samples = d->scratch;
    mw_history_read(h, first, (size_t)(last - first + 1), d->scratch);
    for (unsigned i = 0; i < BATCH; i++) {
        int64_t from = (int64_t)mw_detect_hop_at(d, d->next_hop + i) - half;
        spectrum(d, samples + 2 * (from - first), from, d->batch + 2 * i * d->tiles * TILE);
    }
}

/* ---- Candidates -------------------------------------------------------------------------------*/

/* Merges a hit into a cluster that it neighbours, or opens a new one. */
static void cluster(mw_detect *d, const mw_detect_hit *hit) {
    size_t weakest = 0;
    for (size_t i = 0; i < d->hit_count; i++) {
        mw_detect_hit *c = &d->hits[i];
        if (llabs(c->hop - hit->hop) <= NEAR_HOPS &&
            fabs(c->hz - hit->hz) <= NEAR_RATES * d->config.baud) {
            if (hit->energy > c->energy)
                *c = *hit;
            return;
        }
        if (c->score < d->hits[weakest].score)
            weakest = i;
    }
    if (d->hit_count < MW_DETECT_HITS)
        d->hits[d->hit_count++] = *hit;
    else if (hit->score > d->hits[weakest].score)
        d->hits[weakest] = *hit;
}

/* Second stage at one point: the best of the bank of frequencies and drifts. */
static void refine(mw_detect *d, size_t tile, int64_t hop, size_t bin, const mw_kernel_row *row) {
    const mw_kernel_tile *t = &d->tile[tile];
    double turn = atan2((double)row->im[bin], (double)row->re[bin]) / TWO_PI; /* cycles a symbol */
    long base = lround(turn * 64) - (long)(MW_KERNEL_BANK / 2);
    float y[2 * MW_KERNEL_SYMBOLS];
    mw_kernel_gather(t, &d->word, hop, bin, y);
    mw_kernel_best best = mw_kernel_refine(&d->bank, y, (unsigned)((base + 64) & 63), d->drifts);
    float score = best.power / (16 * row->energy[bin] + 1e-30f);
    if (score < d->sync)
        return;
    d->sync_hits++;
    double baud = d->config.baud;
    double hz = (double)(d->first_bin + (long)(tile * TILE + bin)) * d->bin_hz +
                baud * (double)(base + best.at) / 64.0;
    double drift = best.drift * baud / 128 * baud / 16;
    if (hz < d->config.low_hz || hz > d->config.high_hz)
        return;
    mw_detect_hit hit = {hop, hz, drift, score, best.power};
    cluster(d, &hit);
}

/* Points above the threshold that no neighbour in the tile and batch exceeds. */
static void scan(mw_detect *d, size_t tile, const bool *any, unsigned hops) {
    for (unsigned i = 0; i < hops; i++) {
        if (!any[i])
            continue;
        const float *here = d->rows[i].score;
        const float *before = i > 0 ? d->rows[i - 1].score : NULL;
        const float *after = i + 1 < hops ? d->rows[i + 1].score : NULL;
        for (size_t b = 0; b < TILE; b++) {
            float s = here[b];
            if (s <= d->prefilter || (b > 0 && here[b - 1] > s) ||
                (b + 1 < TILE && here[b + 1] > s) || (before != NULL && before[b] > s) ||
                (after != NULL && after[b] > s))
                continue;
            d->prefilter_hits++;
            refine(d, tile, d->next_hop + i, b, &d->rows[i]);
        }
    }
}

static void batch(mw_detect *d, const mw_history *h) {
    spectra(d, h);
    for (size_t tile = 0; tile < d->tiles; tile++) {
        bool any[BATCH] = {false};
        for (unsigned i = 0; i < BATCH; i++)
            mw_kernel_take(&d->tile[tile], d->next_hop + i,
                           d->batch + 2 * (i * d->tiles + tile) * TILE, &d->rows[i]);
        for (unsigned k = 0; k < BATCH; k++) {
            unsigned i = k * 4 % BATCH + k * 4 / BATCH; /* 0 4 8 ... 1 5 9 ... */
            if (d->next_hop + i >= FIRST)
                any[i] = mw_kernel_correlate(&d->tile[tile], &d->word, d->next_hop + i,
                                             d->prefilter, &d->rows[i]);
            else
                memset(d->rows[i].score, 0, sizeof d->rows[i].score);
        }
        scan(d, tile, any, BATCH);
    }
    d->next_hop += BATCH;
}

/* Hands over clusters that no later hop can join. */
static size_t deliver(mw_detect *d, bool all, mw_detect_hit *out, size_t max) {
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

size_t mw_detect_run(mw_detect *d, const mw_history *h, bool all, mw_detect_hit *out, size_t max) {
    for (;;) {
        size_t n = deliver(d, false, out, max);
        if (n > 0)
            return n;
        double last = mw_detect_hop_at(d, d->next_hop + BATCH - 1) + (double)(d->window_n / 2);
        double first = mw_detect_hop_at(d, d->next_hop);
        if (last >= (double)h->head && !(all && first < (double)h->head))
            return all ? deliver(d, true, out, max) : 0;
        batch(d, h);
    }
}

double mw_detect_horizon(const mw_detect *d) {
    int64_t hop = d->next_hop - 1;
    for (size_t i = 0; i < d->hit_count; i++) {
        if (d->hits[i].hop < hop)
            hop = d->hits[i].hop;
    }
    return mw_detect_hop_at(d, hop - FIRST - NEAR_HOPS - 1);
}

size_t mw_detect_memory(const mw_detect *d) {
    return d->memory;
}

uint64_t mw_detect_prefilter_hits(const mw_detect *d) {
    return d->prefilter_hits;
}

uint64_t mw_detect_sync_hits(const mw_detect *d) {
    return d->sync_hits;
}
