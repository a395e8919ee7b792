/* SPDX-License-Identifier: Apache-2.0 */
#include "radio/detect.h"

#include <fftw3.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "radio/detect_confirm.h"
#include "radio/detect_kernel.h"
#include "radio/pulse_shape.h"

#define TILE       MW_DETECT_TILE
#define HOPS       ((int64_t)MW_KERNEL_HOPS)
#define SYMBOLS    ((int64_t)MW_KERNEL_SYMBOLS)
#define FIRST      (HOPS * (SYMBOLS - 1)) /* first hop at which a whole sync word can end */
#define LEAD       (HOPS * (MW_UNB_PULSE_SPAN / 2)) /* hops that the pulse reaches to each side */
#define STEP(back) ((back) / (2 * (size_t)HOPS))    /* points between bins, half a symbol rate */
#define QUARTERS   (4 / HOPS)                       /* quarter symbols a hop */
#define PHASE      (2 * (size_t)HOPS) /* hops in which every bin's carrier turns whole circles */
#define LANES      ((size_t)MW_TRANSFORM_LANES)
#define TWO_PI     6.28318530717958647692

/* Neighbours that are one candidate. */
#define NEAR_QUARTERS 6
#define NEAR_RATES    1.75

/* Points that pass the second stage for each that passes the third. */
#define SECOND_STAGE 200
/* A point whose coherent share is this much too low may still pass beside it. */
#define CONFIRM_SLACK 0.08

/* Length of the way back and of the whole, searched for a pair that fits the symbol rate. */
#define BACK_MIN 96u
#define BACK_MAX MW_TRANSFORM_POINTS

struct mw_detect_desk {
    float *samples, *spectrum; /* of a batch, pairs */
    size_t room;               /* in samples, of each */
    mw_kernel_desk *kernel;
    mw_kernel_word word;
    mw_kernel_bank bank;
    mw_confirm_table confirm;
};

struct mw_detect {
    mw_detect_config config;
    mw_detect_desk *desk, *own_desk;
    double sps;     /* samples per symbol */
    size_t whole;   /* samples of the first FFT */
    size_t back;    /* points of the second, which are hops */
    size_t hops;    /* new ones of a batch */
    size_t advance; /* samples of a batch */
    int64_t lead;   /* samples by which the FFT begins before the batch's first hop */
    double hop;     /* samples */
    double baud;    /* rate of HOPS hops: within 0.1 % of the symbol rate */
    long first_bin; /* of half that rate */
    size_t groups;  /* of 8 bins */
    fftwf_plan forward;
    mw_transform *backward; /* with the matched filter */
    mw_kernel_group *kept;
    float prefilter, sync; /* thresholds of the first two scores ... */
    double confirm;        /* ... and of the third */
    int drifts;            /* bank: -drifts .. drifts halves of 1/64 cycle a symbol a block */
    int64_t next_hop;      /* multiple of hops */
    mw_detect_hit hits[MW_DETECT_HITS];
    size_t hit_count;
    uint64_t prefilter_hits, sync_hits;
    size_t memory;
};

mw_status mw_detect_desk_new(mw_detect_desk **out_desk) {
    mw_detect_desk *d = calloc(1, sizeof *d);
    if (d == NULL)
        return MW_NOMEM;
    d->kernel = aligned_alloc(64, (sizeof *d->kernel + 63) / 64 * 64);
    if (d->kernel == NULL) {
        free(d);
        return MW_NOMEM;
    }
    memset(d->kernel, 0, sizeof *d->kernel);
    mw_kernel_word_init(&d->word);
    mw_kernel_bank_init(&d->bank, &d->word);
    mw_confirm_table_init(&d->confirm);
    *out_desk = d;
    return MW_OK;
}

void mw_detect_desk_free(mw_detect_desk *d) {
    if (d == NULL)
        return;
    fftwf_free(d->samples);
    fftwf_free(d->spectrum);
    free(d->kernel);
    free(d);
}

size_t mw_detect_desk_memory(const mw_detect_desk *d) {
    return sizeof *d + sizeof *d->kernel + 4 * d->room * sizeof(float);
}

static mw_status desk_grow(mw_detect_desk *d, size_t samples) {
    if (samples <= d->room)
        return MW_OK;
    float *a = fftwf_malloc(2 * samples * sizeof *a), *b = fftwf_malloc(2 * samples * sizeof *b);
    if (a == NULL || b == NULL) {
        fftwf_free(a);
        fftwf_free(b);
        return MW_NOMEM;
    }
    fftwf_free(d->samples);
    fftwf_free(d->spectrum);
    d->samples = a;
    d->spectrum = b;
    d->room = samples;
    return MW_OK;
}

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

/* |S|^2 of 63 and of 62 products against (sum of 64 energies)^2: on noise each is exponential, with
 * means 63/64^2 and about that; the sum exceeds x means with probability (1 + x) e^-x. */
static double prefilter_threshold(double pfa) {
    double x = 1;
    for (int i = 0; i < 50; i++)
        x = log1p(x) - log(pfa);
    return x * 62.5 / 4096.0;
}

static void thresholds(mw_detect *d) {
    d->prefilter = (float)prefilter_threshold(d->config.prefilter_pfa);
    /* The bank's frequencies are 1/4 of a block's resolution apart: about a third are independent.
     */
    double trials = (double)MW_KERNEL_BANK * (2 * d->drifts + 1) / 3.0;
    double low = 0.05, high = 0.95;
    for (int i = 0; i < 50; i++) {
        double middle = 0.5 * (low + high);
        if (sync_tail(middle) * trials > SECOND_STAGE * d->config.sync_pfa)
            low = middle;
        else
            high = middle;
    }
    d->sync = (float)high;
    d->confirm = mw_confirm_threshold(d->config.sync_pfa);
}

/* Work of an FFT of n points, per point, as measured: threes are slow, fives as good as twos. */
static double length_cost(size_t n) {
    double cost = 1;
    for (size_t p = 2; n > 1; p++) {
        if (p * p > n)
            p = n;
        for (; n % p == 0; n /= p)
            cost += p == 2 ? 2.2 : p == 3 || p == 5 ? 4.5 : 1.5 * (double)p;
    }
    return cost;
}

/* Lengths of both FFTs and of a batch: hops of half a symbol within 0.2 % (a sync word then ends
 * within an eighth of a symbol; most rates fit exactly), batches that begin at whole samples,
 * little work for each hop. */
static bool choose_lengths(mw_detect *d) {
    double best = 1e300, half = d->sps / (double)HOPS;
    for (size_t back = BACK_MIN; back <= BACK_MAX; back += 8) {
        if (!mw_transform_fits(back))
            continue;
        double exact = (double)back * half, way = length_cost(back);
        for (size_t whole = (size_t)(exact * 0.998); whole <= (size_t)(exact * 1.002) + 1;
             whole++) {
            double off = fabs((double)whole / exact - 1);
            size_t hops = (back - 2 * (size_t)LEAD) / PHASE * PHASE;
            while (hops > 0 && (hops > MW_KERNEL_NEW || hops * whole % back != 0))
                hops -= PHASE;
            if (off > 2e-3 || hops == 0)
                continue;
            /* Both transforms for each hop, and what is done for kept hops too. */
            double price = (length_cost(whole) + way + 10000 * off) * (double)back / (double)hops +
                           40 * (double)MW_KERNEL_OLD / (double)hops;
            if (price >= best)
                continue;
            best = price;
            d->whole = whole;
            d->back = back;
            d->hops = hops;
        }
    }
    if (best >= 1e300)
        return false;
    d->hop = (double)d->whole / (double)d->back;
    d->advance = d->hops * d->whole / d->back;
    d->lead = llround((double)LEAD * d->hop);
    return true;
}

static void *take(mw_detect *d, size_t bytes) {
    d->memory += bytes;
    void *p = fftwf_malloc(bytes); /* aligned for vectors */
    if (p != NULL)
        memset(p, 0, bytes);
    return p;
}

/* The pulse's spectrum at the points of the way back, by rising frequency; it is real because the
 * pulse is symmetric. */
static mw_status backward_init(mw_detect *d) {
    enum { PER_SYMBOL = 64, POINTS = MW_UNB_PULSE_SPAN * PER_SYMBOL };
    mw_pulse_shape pulse;
    float response[BACK_MAX];
    mw_pulse_shape_init(&pulse);
    for (size_t j = 0; j < d->back; j++) {
        double bin = (double)j - (double)(d->back / 2);
        double cycles = bin * d->sps / (double)d->whole, sum = 0; /* per symbol */
        for (int i = -POINTS / 2; i <= POINTS / 2; i++) {
            double t = (double)i / PER_SYMBOL;
            sum += (double)mw_pulse_shape_at(&pulse, t) * cos(TWO_PI * cycles * t);
        }
        response[j] = (float)(sum / PER_SYMBOL * d->sps / (double)d->whole);
    }
    return mw_transform_init(d->backward, d->back, response);
}

static mw_status allocate(mw_detect *d) {
    d->backward = take(d, sizeof *d->backward);
    d->kept = take(d, d->groups * sizeof *d->kept);
    if (d->backward == NULL || d->kept == NULL)
        return MW_NOMEM;
    d->desk = d->config.desk;
    if (d->desk == NULL) {
        MW_TRY(mw_detect_desk_new(&d->own_desk));
        d->desk = d->own_desk;
    }
    MW_TRY(desk_grow(d->desk, d->whole));
    if (d->own_desk != NULL)
        d->memory += mw_detect_desk_memory(d->own_desk);
    /* Estimated, not measured: a measured plan may differ from run to run in its last bits. */
    d->forward = fftwf_plan_dft_1d((int)d->whole, (fftwf_complex *)d->desk->samples,
                                   (fftwf_complex *)d->desk->spectrum, FFTW_FORWARD, FFTW_ESTIMATE);
    return d->forward != NULL ? backward_init(d) : MW_NOMEM;
}

mw_status mw_detect_new(const mw_detect_config *config, mw_detect **out_detect) {
    mw_detect *d = calloc(1, sizeof *d);
    if (d == NULL)
        return MW_NOMEM;
    d->memory = sizeof *d;
    d->config = *config;
    double rate = (double)config->rate_mhz / 1000;
    d->sps = rate / config->baud;
    if (!choose_lengths(d)) {
        free(d);
        return MW_RANGE;
    }
    d->baud = rate / (d->hop * (double)HOPS);
    d->first_bin = lround(floor(config->low_hz / (d->baud / 2)));
    long last = lround(ceil(config->high_hz / (d->baud / 2)));
    d->groups = (size_t)(last - d->first_bin) / LANES + 1;
    /* A block of 16 symbols moves by drift * 16 / baud; the bank counts in halves of baud / 64. */
    d->drifts = (int)lround(config->drift_max * 16 / config->baud / (config->baud / 128.0));
    if (d->drifts > 4)
        d->drifts = 4;
    mw_status s = allocate(d);
    if (s != MW_OK) {
        mw_detect_free(d);
        return s;
    }
    thresholds(d);
    *out_detect = d;
    return MW_OK;
}

void mw_detect_free(mw_detect *d) {
    if (d == NULL)
        return;
    if (d->forward != NULL)
        fftwf_destroy_plan(d->forward);
    fftwf_free(d->backward);
    fftwf_free(d->kept);
    mw_detect_desk_free(d->own_desk);
    free(d);
}

void mw_detect_restart(mw_detect *d) {
    memset(d->kept, 0, d->groups * sizeof *d->kept);
    d->next_hop = 0;
    d->hit_count = 0;
}

/* Centre of a hop in samples of the segment. */
static double hop_at(const mw_detect *d, int64_t hop) {
    return (double)hop * d->hop + (double)LEAD * d->hop - (double)d->lead;
}

double mw_detect_at(const mw_detect *d, int64_t quarter) {
    return hop_at(d, 0) + (double)quarter * d->hop / (double)QUARTERS;
}

size_t mw_detect_span(const mw_detect *d) {
    return d->whole + 1;
}

/* ---- Spectra ----------------------------------------------------------------------------------*/

/* Spectrum of a batch. */
static void spectrum(mw_detect *d, const mw_history *h) {
    mw_detect_desk *desk = d->desk;
    int64_t batch = d->next_hop / (int64_t)d->hops;
    mw_history_read(h, batch * (int64_t)d->advance - d->lead, d->whole, desk->samples);
    fftwf_execute_dft(d->forward, (fftwf_complex *)desk->samples, (fftwf_complex *)desk->spectrum);
}

/* The stretches of spectrum that a tile's bins need, side by side. A bin's begin half of the way
 * back below it. */
static void spread(mw_detect *d, size_t tile, size_t groups) {
    size_t step = STEP(d->back);
    long n = (long)d->whole, first = d->first_bin + (long)(tile * TILE) - (long)HOPS;
    mw_transform_in *in = &d->desk->kernel->in;
    size_t columns = groups * LANES + MW_TRANSFORM_STRETCH - 1, at[MW_TRANSFORM_COLUMNS];
    for (size_t c = 0; c < columns; c++)
        at[c] = (size_t)(((first + (long)c) * (long)step % n + n) % n);
    for (size_t r = 0; r < step; r++) {
        for (size_t c = 0; c < columns; c++) {
            const float *from = d->desk->spectrum + 2 * at[c];
            in->at[r][0][c] = from[0];
            in->at[r][1][c] = from[1];
            at[c] = at[c] + 1 < d->whole ? at[c] + 1 : 0;
        }
    }
}

/* Matched filter output of a tile's bins at the hops of the batch, and what the correlation says.
 * Batches are a multiple of PHASE hops apart: phases go on. */
static void work_tile(mw_detect *d, size_t tile, size_t groups) {
    mw_kernel_desk *k = d->desk->kernel;
    spread(d, tile, groups);
    for (size_t g = 0; g < groups; g++) {
        mw_transform_run(d->backward, &k->in, g * LANES, &k->work, k->x[g] + MW_KERNEL_OLD - LEAD);
        mw_kernel_correlate(&d->kept[tile * MW_KERNEL_GROUPS + g], k, g, &d->desk->word, d->hops,
                            d->prefilter);
    }
}

/* ---- Candidates -------------------------------------------------------------------------------*/

/* Merges a hit into a cluster that it neighbours, or opens a new one. */
static void cluster(mw_detect *d, const mw_detect_hit *hit) {
    size_t weakest = 0;
    for (size_t i = 0; i < d->hit_count; i++) {
        mw_detect_hit *c = &d->hits[i];
        if (llabs(c->quarter - hit->quarter) <= NEAR_QUARTERS &&
            fabs(c->hz - hit->hz) <= NEAR_RATES * d->config.baud) {
            /* Not by energy: what the limiter leaves of a strong frame differs from bin to bin, and
             * a skirt may keep more than the frame itself. */
            if (hit->score > c->score)
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

typedef struct point {
    size_t quarter, bin; /* quarter symbols of the batch; of the tile */
} point;

/* The sync word that ends at a point, its signs taken off. Between two hops it is interpolated: the
 * pulse's spectrum ends well below what two values a symbol can show. */
static void word_at(const mw_detect *d, point at, mw_confirm_word *out) {
    static const float between[6] = {3.0f / 256,   -25.0f / 256, 150.0f / 256,
                                     150.0f / 256, -25.0f / 256, 3.0f / 256};
    float(*x)[2 * LANES] = d->desk->kernel->x[at.bin / LANES];
    size_t lane = at.bin % LANES, rows = MW_KERNEL_OLD + d->hops;
    for (size_t n = 0; n < (size_t)SYMBOLS; n++) {
        size_t row = at.quarter / (size_t)QUARTERS + (size_t)HOPS * n;
        float sign = d->desk->word.sign[n], re = 0, im = 0;
        if (at.quarter % (size_t)QUARTERS == 0) {
            re = x[row][lane];
            im = x[row][lane + LANES];
        } else {
            for (size_t k = 0; k < 6; k++) {
                if (row + k < 2 || row + k - 2 >= rows)
                    continue;
                re += between[k] * x[row + k - 2][lane];
                im += between[k] * x[row + k - 2][lane + LANES];
            }
        }
        out->y[2 * n] = re * sign;
        out->y[2 * n + 1] = im * sign;
    }
}

/* Third stage at one point, around a carrier given in cycles a symbol from the tile's bin 0. */
static mw_confirm_place confirm_at(const mw_detect *d, point at, double turn, double bend) {
    mw_confirm_word w;
    word_at(d, at, &w);
    mw_confirm_place place = {turn - 0.5 * (double)at.bin, bend, 0};
    double bend_max = d->config.drift_max / (d->baud * d->baud);
    mw_confirm_search(&d->desk->confirm, &w, bend_max, &place);
    place.turn += 0.5 * (double)at.bin;
    return place;
}

/* Third stage: at the point and, when it comes near the threshold there, at its neighbours in time
 * and frequency. Moves to the best. */
static bool confirm(const mw_detect *d, size_t bins, point *io_at, mw_confirm_place *io_place) {
    const point at = *io_at;
    const double turn = io_place->turn, bend = io_place->bend;
    *io_place = confirm_at(d, at, turn, bend);
    if (io_place->share < d->confirm - CONFIRM_SLACK)
        return false;
    const point near[] = {{at.quarter - 1, at.bin},
                          {at.quarter + 1, at.bin},
                          {at.quarter, at.bin - 1},
                          {at.quarter, at.bin + 1}};
    for (size_t i = 0; i < sizeof near / sizeof near[0]; i++) {
        if (near[i].quarter >= d->hops * (size_t)QUARTERS || near[i].bin >= bins)
            continue; /* -1 is the largest */
        mw_confirm_place place = confirm_at(d, near[i], turn, bend);
        if (place.share <= io_place->share)
            continue;
        *io_place = place;
        *io_at = near[i];
    }
    return io_place->share >= d->confirm;
}

/* Frequency in 64ths of a cycle a symbol, -31 .. 32, by the turns over one and over two symbols: both
 * are equally noisy, and the second says twice as much. */
static int estimate(const mw_kernel_desk *k, size_t hop, size_t bin) {
    const float *near = k->s[hop][bin / LANES][0], *far = k->s[hop][bin / LANES][1];
    size_t lane = bin % LANES;
    int one = (int)mw_kernel_angle(near[lane], near[lane + LANES]);
    int two = (int)mw_kernel_angle(far[lane], far[lane + LANES]);
    int more = (two - 2 * one) & 63;
    more = more > 32 ? more - 64 : more;
    int angle = (one + (2 * more + (more < 0 ? -2 : 2)) / 5) & 63;
    return angle > 32 ? angle - 64 : angle;
}

/* Second stage at one point: the best of the bank of frequencies and drifts; then the third. */
static void refine(mw_detect *d, size_t tile, size_t bins, size_t hop, size_t bin) {
    const mw_kernel_desk *k = d->desk->kernel;
    int base = estimate(k, hop, bin);
    float least = d->sync * 16 * (k->energy[hop][bin] + 1e-30f);
    mw_kernel_best best =
        mw_kernel_refine(&d->desk->bank, k, hop, bin, (unsigned)base & 63, d->drifts, least);
    if (best.power < least)
        return;
    point at = {hop * (size_t)QUARTERS, bin};
    mw_confirm_place place = {.turn = 0.5 * (double)bin +
                                      (double)(base + best.at - (int)MW_KERNEL_BANK / 2) / 64.0,
                              .bend = best.drift / 128.0 / 16};
    if (!confirm(d, bins, &at, &place))
        return;
    d->sync_hits++;
    double hz = d->baud * (0.5 * (double)(d->first_bin + (long)(tile * TILE)) + place.turn);
    if (hz < d->config.low_hz || hz > d->config.high_hz)
        return;
    mw_detect_hit hit = {d->next_hop * QUARTERS + (int64_t)at.quarter, hz,
                         place.bend * d->baud * d->baud, (float)place.share};
    cluster(d, &hit);
}

/* Points above the threshold that no neighbour in the tile and batch exceeds. */
static void scan(mw_detect *d, size_t tile, size_t groups, size_t from) {
    mw_kernel_desk *k = d->desk->kernel;
    if (from >= d->hops)
        return;
    mw_kernel_clear(k, from, d->hops, groups);
    /* Group by group: words that end at neighbouring hops share most of their rows. */
    for (size_t g = 0; g < groups; g++) {
        for (size_t i = from; i < d->hops; i++) {
            unsigned peaks = k->above[i][g] != 0 ? mw_kernel_peaks(k, i, g) : 0;
            for (size_t b = 0; peaks != 0; b++, peaks >>= 1) {
                if ((peaks & 1) == 0)
                    continue;
                d->prefilter_hits++;
                refine(d, tile, groups * LANES, i, g * LANES + b);
            }
        }
    }
}

static void batch(mw_detect *d, const mw_history *h) {
    spectrum(d, h);
    size_t from = d->next_hop >= FIRST ? 0 : (size_t)(FIRST - d->next_hop);
    for (size_t done = 0; done < d->groups; done += MW_KERNEL_GROUPS) {
        size_t rest = d->groups - done, groups = rest < MW_KERNEL_GROUPS ? rest : MW_KERNEL_GROUPS;
        size_t tile = done / MW_KERNEL_GROUPS;
        work_tile(d, tile, groups);
        scan(d, tile, groups, from);
    }
    d->next_hop += (int64_t)d->hops;
}

/* Hands over clusters that no later hop can join. */
static size_t deliver(mw_detect *d, bool all, mw_detect_hit *out, size_t max) {
    size_t n = 0, kept = 0;
    for (size_t i = 0; i < d->hit_count; i++) {
        bool complete = all || d->hits[i].quarter + NEAR_QUARTERS < d->next_hop * QUARTERS;
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
        double last = hop_at(d, d->next_hop + (int64_t)d->hops - 1 + LEAD);
        double first = hop_at(d, d->next_hop);
        if (last >= (double)h->head && !(all && first < (double)h->head))
            return all ? deliver(d, true, out, max) : 0;
        batch(d, h);
    }
}

double mw_detect_horizon(const mw_detect *d) {
    int64_t first = (d->next_hop - 1) * QUARTERS;
    for (size_t i = 0; i < d->hit_count; i++) {
        if (d->hits[i].quarter < first)
            first = d->hits[i].quarter;
    }
    return mw_detect_at(d, first - FIRST * QUARTERS - NEAR_QUARTERS - 1);
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
