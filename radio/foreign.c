/* SPDX-License-Identifier: Apache-2.0 */
#include "radio/foreign.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "radio/extract.h"
#include "radio/foreign_detect.h"
#include "radio/foreign_pulse.h"
#include "radio/foreign_soft.h"
#include "radio/track.h"

#define SYNC         MW_FRAMER_SYNC
#define LANES_MAX    6u
#define PENDING_MAX  512u
#define HITS_AT_ONCE 32u
#define DRIFT_MAX    6.0 /* Hz/s */
#define TIMINGS      9   /* sixteenths of a symbol, -4 .. 4 */
#define SHIFTS       6   /* symbols that an alternating word may be misplaced by */
#define TURNS        6   /* 128ths of a cycle a symbol that its carrier may be off */
#define TWO_PI       6.28318530717958647692
/* Coherent share of the 32 sync symbols, frequency and instant refined: noise exceeds 0.38 once in
 * 2.7e6, times about 40 tries. */
#define SHARE_MIN 0.38
/* A weaker candidate at the same instant is an echo of a strong one: its own sidelobes. */
#define TWIN_SYMBOLS        1.0
#define TWIN_NEAR_RATES     3.0
#define TWIN_NEAR_AMPLITUDE 0.25
#define TWIN_FAR_AMPLITUDE  0.003
/* Symbols after the last one that the filters need. */
#define TAIL_SYMBOLS 1.0

typedef struct candidate {
    mw_carrier carrier;
    double centre; /* of sync symbol 0 */
    double amplitude, share;
    uint8_t lane, framer, word;
    bool inverted;
} candidate;

typedef struct lane {
    unsigned baud;
    double sps;
    mw_foreign_lane_config config;
    mw_framer_word words[MW_FOREIGN_FRAMERS][MW_FRAMER_WORDS_MAX];
    size_t word_count[MW_FOREIGN_FRAMERS];
    mw_foreign_detect *detect;
    mw_extract extract;
} lane;

struct mw_foreign {
    mw_foreign_config config;
    mw_foreign_sink sink;
    void *user;
    double rate;
    lane lanes[LANES_MAX];
    size_t lane_count;
    candidate pending[PENDING_MAX];
    size_t pending_count;
    float y[2 * (MW_FOREIGN_SYMBOLS_MAX + 2)];
    mw_track_known known;
    mw_foreign_soft soft;
    mw_foreign_burst burst;
    mw_foreign_stats stats;
    size_t memory;
};

static mw_status lane_add(mw_foreign *f, const mw_radio_network *n) {
    const mw_framer *framer = mw_framer_of(n->kind);
    const mw_foreign_config *c = &f->config;
    mw_freq low = n->low, high = n->high;
    if (low.mhz == 0 && high.mhz == 0) {
        low = c->low;
        high = c->high;
    }
    if (framer == NULL || !mw_framer_has_rate(framer, n->baud) ||
        c->rate_mhz < UINT64_C(8000) * n->baud || low.mhz >= high.mhz)
        return MW_RANGE;
    /* What lies outside of this receiver's band is another's. */
    low = low.mhz < c->low.mhz ? c->low : low;
    high = high.mhz > c->high.mhz ? c->high : high;
    if (low.mhz >= high.mhz)
        return MW_OK;
    size_t i = 0;
    while (i < f->lane_count && f->lanes[i].baud != n->baud)
        i++;
    if (i == LANES_MAX || f->lanes[i].config.framers == MW_FOREIGN_FRAMERS)
        return MW_RANGE;
    lane *l = &f->lanes[i];
    if (i == f->lane_count) {
        f->lane_count++;
        l->baud = l->config.baud = n->baud;
        l->config.rate_mhz = c->rate_mhz;
        l->sps = f->rate / n->baud;
    }
    size_t k = l->config.framers++;
    l->config.framer[k] = framer;
    l->config.low_hz[k] = (double)(low.mhz - c->centre.mhz) / 1000;
    l->config.high_hz[k] = (double)(high.mhz - c->centre.mhz) / 1000;
    l->word_count[k] = framer->words(l->words[k]);
    return MW_OK;
}

static mw_status lane_start(mw_foreign *f, lane *l) {
    mw_pulse_shape shape;
    mw_pulse_shape_init_table(&shape, mw_foreign_pulse_table());
    MW_TRY(mw_foreign_detect_new(&l->config, &l->detect));
    MW_TRY(
        mw_extract_init_pulse(&l->extract, f->rate, l->baud, MW_FOREIGN_SYMBOLS_MAX + 2, &shape));
    f->memory += mw_foreign_detect_memory(l->detect) + l->extract.memory;
    return MW_OK;
}

mw_status mw_foreign_new(const mw_foreign_config *config, mw_foreign_sink sink, void *user,
                         mw_foreign **out_foreign) {
    if (config->network_count > MW_RADIO_NETWORKS_MAX)
        return MW_RANGE;
    mw_foreign *f = calloc(1, sizeof *f);
    if (f == NULL)
        return MW_NOMEM;
    f->config = *config;
    f->sink = sink;
    f->user = user;
    f->rate = (double)config->rate_mhz / 1000;
    f->memory = sizeof *f;
    mw_status s = MW_OK;
    for (size_t i = 0; i < config->network_count && s == MW_OK; i++)
        s = lane_add(f, &config->networks[i]);
    for (size_t i = 0; i < f->lane_count && s == MW_OK; i++)
        s = lane_start(f, &f->lanes[i]);
    if (s != MW_OK) {
        mw_foreign_free(f);
        return s;
    }
    *out_foreign = f;
    return MW_OK;
}

void mw_foreign_free(mw_foreign *f) {
    if (f == NULL)
        return;
    for (size_t i = 0; i < LANES_MAX; i++) {
        mw_foreign_detect_free(f->lanes[i].detect);
        if (f->lanes[i].extract.shape != NULL)
            mw_extract_fini(&f->lanes[i].extract);
    }
    free(f);
}

size_t mw_foreign_history(const mw_foreign *f) {
    return (size_t)((MW_FOREIGN_SYMBOLS_MAX + 24) * mw_foreign_slowest(f));
}

double mw_foreign_slowest(const mw_foreign *f) {
    double most = 0;
    for (size_t i = 0; i < f->lane_count; i++)
        most = f->lanes[i].sps > most ? f->lanes[i].sps : most;
    return most;
}

size_t mw_foreign_memory(const mw_foreign *f) {
    return f->memory;
}

mw_foreign_stats mw_foreign_stats_of(const mw_foreign *f) {
    mw_foreign_stats s = f->stats;
    for (size_t i = 0; i < f->lane_count; i++)
        s.first_hits += mw_foreign_detect_first_hits(f->lanes[i].detect);
    return s;
}

/* ---- Candidates -------------------------------------------------------------------------------*/

/* The sync word as absolute signs, the first one +1. */
static void known_of(uint32_t word, size_t symbols, mw_track_known *out) {
    memset(out->sign, 0, symbols);
    out->symbols = symbols;
    out->sign[0] = 1;
    for (unsigned k = 1; k < SYNC; k++)
        out->sign[k] = (int8_t)((word >> (31 - k) & 1) != 0 ? out->sign[k - 1] : -out->sign[k - 1]);
}

/* Power of the sync word in four coherent sums: enough to compare instants. */
static double sync_power(const lane *l, const mw_track_known *known, double centre) {
    float y[2 * SYNC];
    mw_extract_symbols(&l->extract, centre, 0, SYNC, y);
    double total = 0;
    for (unsigned b = 0; b < 4; b++) {
        double re = 0, im = 0;
        for (unsigned i = 8 * b; i < 8 * b + 8; i++) {
            re += (double)y[2 * i] * known->sign[i];
            im += (double)y[2 * i + 1] * known->sign[i];
        }
        total += re * re + im * im;
    }
    return total;
}

static double best_instant(const lane *l, const mw_track_known *known, double centre,
                           double *out_power) {
    double power[TIMINGS], step = l->sps / 16;
    int best = 0;
    for (int i = 0; i < TIMINGS; i++) {
        power[i] = sync_power(l, known, centre + (i - TIMINGS / 2) * step);
        if (power[i] > power[best])
            best = i;
    }
    double part = 0;
    if (best > 0 && best < TIMINGS - 1) {
        double bend = power[best - 1] - 2 * power[best] + power[best + 1];
        if (bend < 0)
            part = 0.5 * (power[best - 1] - power[best + 1]) / bend;
    }
    *out_power = power[best];
    return centre + (best - TIMINGS / 2 + part) * step;
}

/* One reading of a hit: the carrier `shift` symbol rates off, with the word or its inverse. */
static bool try_reading(mw_foreign *f, lane *l, const mw_history *h, const mw_foreign_hit *hit,
                        double shift, double *io_power, candidate *out) {
    bool inverted = shift < 0 || shift > 0;
    uint32_t word = l->words[hit->framer][hit->word].bits;
    double centre = mw_foreign_detect_hop_at(l->detect, hit->hop) - (SYNC - 1) * l->sps;
    double middle = (SYNC - 1) / 2.0, power;
    mw_carrier carrier = {hit->hz + shift * l->baud, 0, centre + middle * l->sps};
    known_of(inverted ? ~word : word, SYNC, &f->known);
    mw_extract_run(&l->extract, h, &carrier, centre, SYNC);
    centre = best_instant(l, &f->known, centre, &power);
    if (power <= *io_power)
        return false;
    float y[2 * SYNC];
    mw_extract_symbols(&l->extract, centre, 0, SYNC, y);
    mw_track_fit fit = {.centre = middle};
    mw_track_fit_over(y, &f->known, SYNC, 6, 0, &fit);
    if (!(fit.share > SHARE_MIN))
        return false;
    *io_power = power;
    *out = (candidate){.carrier = {carrier.hz + fit.f * l->baud, 0, centre + middle * l->sps},
                       .centre = centre,
                       .amplitude = hypot(fit.re, fit.im),
                       .share = fit.share,
                       .framer = hit->framer,
                       .word = hit->word,
                       .inverted = inverted};
    return true;
}

/* Coherent power of 32 symbols as a word, the best of a few frequencies (128ths of a cycle a
 * symbol). */
static double word_power(const float *y, uint32_t word, int *out_turn) {
    double best = 0;
    for (int m = -TURNS; m <= TURNS; m++) {
        double c = cos(TWO_PI * m / 128), s = -sin(TWO_PI * m / 128);
        double wr = 1, wi = 0, re = 0, im = 0;
        for (unsigned k = 0; k < SYNC; k++) {
            double sign = k == 0 || (word >> (31 - k) & 1) != 0 ? 1 : -1;
            double r = k == 0 ? wr : sign * (wr * c - wi * s);
            wi = k == 0 ? wi : sign * (wr * s + wi * c);
            wr = r;
            re += (double)y[2 * k] * wr - (double)y[2 * k + 1] * wi;
            im += (double)y[2 * k] * wi + (double)y[2 * k + 1] * wr;
        }
        if (re * re + im * im > best) {
            best = re * re + im * im;
            *out_turn = m;
        }
    }
    return best;
}

/* Words with an alternating beginning look like themselves a few symbols earlier or later (by an
 * odd number: inverted, half a symbol rate off), and the first stage, which knows only that
 * beginning, may have missed the right instant: compares them. Returns whether the carrier may be
 * off. */
static bool search_shifts(mw_foreign *f, lane *l, const mw_history *h, mw_foreign_hit *io_hit) {
    const mw_framer *framer = l->config.framer[io_hit->framer];
    if (framer->common == SYNC)
        return false;
    double last = mw_foreign_detect_hop_at(l->detect, io_hit->hop);
    double centre = last - (SYNC - 1 + SHIFTS) * l->sps, best = 0;
    mw_carrier carrier = {io_hit->hz, 0, last - (SYNC - 1) / 2.0 * l->sps};
    int64_t hop = io_hit->hop;
    int turn = 0;
    bool odd = false;
    mw_extract_run(&l->extract, h, &carrier, centre, SYNC + 2 * SHIFTS);
    mw_extract_symbols(&l->extract, centre, 0, SYNC + 2 * SHIFTS, f->y);
    for (int shift = -SHIFTS; shift <= SHIFTS; shift++) {
        for (unsigned w = 0; w < l->word_count[io_hit->framer]; w++) {
            uint32_t word = l->words[io_hit->framer][w].bits;
            int m = 0;
            double power =
                word_power(f->y + 2 * (SHIFTS + shift), shift % 2 != 0 ? ~word : word, &m);
            if (power > best) {
                best = power;
                turn = m;
                odd = shift % 2 != 0;
                io_hit->word = (uint8_t)w;
                io_hit->hop = hop + 4 * shift;
            }
        }
    }
    io_hit->hz += turn * (double)l->baud / 128.0;
    return odd;
}

static bool verify(mw_foreign *f, lane *l, const mw_history *h, mw_foreign_hit *hit,
                   candidate *out) {
    double power = 0;
    bool found = false;
    if (search_shifts(f, l, h, hit)) {
        hit->hz += 0.5 * l->baud;
        found = try_reading(f, l, h, hit, 0, &power, out);
        hit->hz -= l->baud;
    }
    found |= try_reading(f, l, h, hit, 0, &power, out);
    if (l->config.framer[hit->framer]->either_polarity) {
        found |= try_reading(f, l, h, hit, 0.5, &power, out);
        found |= try_reading(f, l, h, hit, -0.5, &power, out);
    }
    if (!found)
        return false;
    double slack = 1;
    return out->carrier.hz >= l->config.low_hz[hit->framer] - slack &&
           out->carrier.hz <= l->config.high_hz[hit->framer] + slack;
}

static bool is_twin(const mw_foreign *f, const candidate *strong, const candidate *weak) {
    const lane *l = &f->lanes[strong->lane];
    double apart = fabs(strong->carrier.hz - weak->carrier.hz) / l->baud;
    double most = apart < TWIN_NEAR_RATES ? TWIN_NEAR_AMPLITUDE : TWIN_FAR_AMPLITUDE;
    return strong->lane == weak->lane && strong->framer == weak->framer &&
           fabs(strong->centre - weak->centre) < TWIN_SYMBOLS * l->sps &&
           weak->amplitude < most * strong->amplitude;
}

static void drop(mw_foreign *f, size_t i) {
    f->pending[i] = f->pending[--f->pending_count];
}

static void add(mw_foreign *f, const candidate *c) {
    f->stats.candidates++;
    size_t weakest = 0;
    for (size_t i = 0; i < f->pending_count;) {
        if (is_twin(f, &f->pending[i], c))
            return;
        if (is_twin(f, c, &f->pending[i])) {
            drop(f, i);
            continue;
        }
        if (f->pending[i].amplitude < f->pending[weakest].amplitude)
            weakest = i;
        i++;
    }
    if (f->pending_count < PENDING_MAX) {
        f->pending[f->pending_count++] = *c;
        return;
    }
    f->stats.candidates_lost++;
    if (c->amplitude > f->pending[weakest].amplitude)
        f->pending[weakest] = *c;
}

static void detect(mw_foreign *f, size_t number, const mw_history *h, bool all) {
    lane *l = &f->lanes[number];
    mw_foreign_hit hits[HITS_AT_ONCE];
    size_t n;
    while ((n = mw_foreign_detect_run(l->detect, h, all, hits, HITS_AT_ONCE)) > 0) {
        for (size_t i = 0; i < n; i++) {
            candidate c;
            f->stats.hits++;
            if (!verify(f, l, h, &hits[i], &c))
                continue;
            c.lane = (uint8_t)number;
            add(f, &c);
        }
    }
}

/* ---- Demodulation -----------------------------------------------------------------------------*/

static const mw_framer_word *word_of(const mw_foreign *f, const candidate *c) {
    return &f->lanes[c->lane].words[c->framer][c->word];
}

static double end_of(const mw_foreign *f, const candidate *c) {
    return c->centre + (SYNC + word_of(f, c)->after - 1 + TAIL_SYMBOLS) * f->lanes[c->lane].sps;
}

/* Widens the carrier's fit from the sync word to the whole frame. */
static void fit_frame(mw_foreign *f, const lane *l, size_t symbols, mw_track_fit *io_fit) {
    static const struct {
        uint16_t end;
        uint8_t f_steps, d_steps;
    } stages[] = {{72, 12, 8}, {136, 10, 8}, {MW_FOREIGN_SYMBOLS_MAX, 8, 8}};
    io_fit->d_max = DRIFT_MAX / ((double)l->baud * l->baud);
    for (size_t i = 0; i < sizeof stages / sizeof stages[0]; i++) {
        size_t end = stages[i].end < symbols ? stages[i].end : symbols;
        mw_track_fit_over(f->y, &f->known, end, stages[i].f_steps, stages[i].d_steps, io_fit);
        if (end == symbols)
            break;
    }
}

/* Turns of the derotated symbols: what bursts are measured by. */
static void take_turns(mw_foreign *f, size_t symbols, bool inverted, mw_foreign_burst *b) {
    double along = 0, total = 1e-30;
    for (size_t i = 0; i < symbols; i++) {
        const float *y = f->y + 2 * i;
        if (i < SYNC)
            continue;
        b->both[i - SYNC] = 0.5f * (y[0] * y[0] + y[1] * y[1] + y[-2] * y[-2] + y[-1] * y[-1]);
        float re = y[0] * y[-2] + y[1] * y[-1], im = y[1] * y[-2] - y[0] * y[-1];
        b->turn[i - SYNC] = inverted ? -re : re;
        along += fabs((double)re);
        total += hypot((double)re, (double)im);
        if (inverted)
            b->soft[i - SYNC] = (int16_t)-b->soft[i - SYNC];
    }
    b->coherence = along / total;
}

static void demodulate(mw_foreign *f, const candidate *c, const mw_history *h) {
    lane *l = &f->lanes[c->lane];
    const mw_framer_word *word = word_of(f, c);
    size_t symbols = (size_t)SYNC + word->after;
    uint32_t sync = c->inverted ? ~word->bits : word->bits;
    mw_foreign_burst *b = &f->burst;
    mw_extract_run(&l->extract, h, &c->carrier, c->centre, symbols);
    mw_extract_symbols(&l->extract, c->centre, 0, symbols, f->y);
    known_of(sync, symbols, &f->known);
    mw_track_fit fit = {.centre = (SYNC - 1) / 2.0, .re = c->amplitude};
    fit_frame(f, l, symbols, &fit);
    mw_track_derotate(f->y, symbols, &fit);
    double power = 0;
    for (size_t i = 0; i < 2 * symbols; i++)
        power += (double)(f->y[i] * f->y[i]);
    power /= (double)symbols;
    double signal = c->amplitude * c->amplitude;
    signal = signal < power ? signal : power;
    double noise = power - signal > 0.05 * signal ? power - signal : 0.05 * signal + 1e-30;
    mw_foreign_soft_run(&f->soft, f->y, symbols, sync, sqrt(signal), noise, b->soft, b->symbol);
    double back = (SYNC - 1) / 2.0 - fit.centre;
    b->framer = l->config.framer[c->framer];
    b->word = *word;
    b->baud = (uint16_t)l->baud;
    b->inverted = c->inverted;
    b->first = c->centre - 0.5 * l->sps;
    b->hz = c->carrier.hz + (fit.f + fit.d * back) * l->baud;
    b->drift = fit.d * l->baud * l->baud;
    b->amplitude = sqrt(signal);
    b->share = c->share;
    take_turns(f, symbols, c->inverted, b);
    f->stats.bursts++;
    f->sink(f->user, b);
}

void mw_foreign_run(mw_foreign *f, const mw_history *h, bool all) {
    for (size_t i = 0; i < f->lane_count; i++)
        detect(f, i, h, all);
    for (;;) {
        size_t best = PENDING_MAX;
        for (size_t i = 0; i < f->pending_count; i++) {
            const candidate *c = &f->pending[i];
            double cut = all ? 1.5 * f->lanes[c->lane].sps : 0;
            if (end_of(f, c) - cut <= (double)h->head &&
                (best == PENDING_MAX || c->amplitude > f->pending[best].amplitude))
                best = i;
        }
        if (best == PENDING_MAX)
            return;
        candidate c = f->pending[best];
        drop(f, best);
        demodulate(f, &c, h);
    }
}

void mw_foreign_restart(mw_foreign *f) {
    for (size_t i = 0; i < f->lane_count; i++)
        mw_foreign_detect_restart(f->lanes[i].detect);
    f->pending_count = 0;
}

double mw_foreign_horizon(const mw_foreign *f) {
    double at = INFINITY;
    for (size_t i = 0; i < f->lane_count; i++) {
        double t = mw_foreign_detect_horizon(f->lanes[i].detect);
        at = t < at ? t : at;
    }
    for (size_t i = 0; i < f->pending_count; i++) {
        double t = f->pending[i].centre - 2 * f->lanes[f->pending[i].lane].sps;
        at = t < at ? t : at;
    }
    return at;
}

void mw_foreign_measure(const mw_foreign_burst *b, const uint8_t *bits, size_t n, double *out_es_n0,
                        double *out_amplitude) {
    mw_assert(n <= MW_FRAMER_BITS_MAX);
    double signal = 0, power = 0;
    for (size_t i = 0; i < n; i++) {
        power += (double)b->both[i];
        signal += (double)((bits[i / 8] >> (7 - i % 8) & 1) != 0 ? b->turn[i] : -b->turn[i]);
    }
    signal = n > 0 && signal > 0 ? signal / (double)n : 0;
    double noise = (n > 0 ? power / (double)n : 0) - signal;
    *out_amplitude = sqrt(signal);
    *out_es_n0 = noise > 1e-9 * signal ? signal / noise : 1e9;
}
