/* SPDX-License-Identifier: Apache-2.0 */
#include "radio/crowd.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "radio/cancel.h"
#include "radio/redetect.h"

#define SYNC MW_UNB_SYNC_SYMBOLS
/* A parked candidate is worth another try when what was taken out was at least this part of its
 * amplitude in its matched filter (-12 dB). */
#define WORTH 0.25
/* Below this Es/N0 a frame hides nothing that the detector would not have seen beside it. */
#define SEARCH_ES_N0 1.6
/* The remainder of a cancelled frame: at the same instant, close by and much weaker. */
#define REMAINDER_SYMBOLS   1.5
#define REMAINDER_RATES     2.0
#define REMAINDER_AMPLITUDE 0.1

typedef struct gone { /* a frame that was taken out */
    double centre, hz, amplitude;
    uint8_t rate;
} gone;

struct mw_crowd {
    mw_crowd_config config;
    double rate;                          /* samples per second */
    mw_cancel *cancel[MW_UNB_RATE_COUNT]; /* the workroom's */
    mw_redetect *redetect[MW_UNB_RATE_COUNT];
    mw_candidate parked[MW_CROWD_PARKED];
    size_t parked_count;
    gone gone[MW_CROWD_GONE];
    size_t gone_count; /* ever added in this segment */
    mw_crowd_stats stats;
    size_t memory;
};

mw_status mw_crowd_new(const mw_crowd_config *config, mw_crowd **out_crowd) {
    mw_crowd *c = calloc(1, sizeof *c);
    if (c == NULL)
        return MW_NOMEM;
    c->config = *config;
    c->rate = (double)config->rate_mhz / 1000;
    c->memory = sizeof *c;
    mw_status s = MW_OK;
    for (unsigned i = 0; i < MW_UNB_RATE_COUNT && s == MW_OK; i++) {
        if (config->tools[i] == NULL)
            continue;
        mw_redetect_config again = {.rate_mhz = config->rate_mhz,
                                    .baud = mw_unb_rate_bd((mw_unb_rate)i),
                                    .sync_pfa = config->sync_pfa,
                                    .prefilter_pfa = config->prefilter_pfa,
                                    .drift_max = config->drift_max,
                                    .desk = config->room->desk};
        s = mw_workroom_cancel(config->room, (mw_unb_rate)i, &c->cancel[i]);
        if (s == MW_OK)
            s = mw_redetect_new(&again, &c->redetect[i]);
        if (s == MW_OK)
            c->memory += mw_redetect_memory(c->redetect[i]);
    }
    if (s != MW_OK) {
        mw_crowd_free(c);
        return s;
    }
    *out_crowd = c;
    return MW_OK;
}

void mw_crowd_free(mw_crowd *c) {
    if (c == NULL)
        return;
    for (unsigned i = 0; i < MW_UNB_RATE_COUNT; i++) {
        mw_redetect_free(c->redetect[i]);
    }
    free(c);
}

size_t mw_crowd_memory(const mw_crowd *c) {
    return c->memory;
}

void mw_crowd_count(const mw_crowd *c, uint64_t *out_cancelled, uint64_t *out_uncovered,
                    uint64_t *out_retried) {
    *out_cancelled = c != NULL ? c->stats.cancelled : 0;
    *out_uncovered = c != NULL ? c->stats.uncovered : 0;
    *out_retried = c != NULL ? c->stats.retried : 0;
}

void mw_crowd_restart(mw_crowd *c) {
    c->parked_count = 0;
    c->gone_count = 0;
}

/* ---- Geometry ---------------------------------------------------------------------------------*/

static double baud_of(uint8_t rate) {
    return mw_unb_rate_bd((mw_unb_rate)rate);
}

/* Amplitude with which a frame of one rate, hz away, appears in the matched filter of another.
 * Steps of the measured pulse: 12, 24, 47, 66 and 75 dB down at 1, 1.25, 1.5, 1.75 and 2 rates. */
static double leakage(uint8_t from, uint8_t into, double hz) {
    static const struct {
        double rates, amplitude;
    } steps[] = {{0.75, 1.0}, {1.0, 0.5}, {1.25, 0.25}, {1.5, 0.063}, {1.75, 0.0045}, {2, 0.0005}};
    double a = baud_of(from), b = baud_of(into), x = fabs(hz) / ((a + b) / 2);
    double wide = a > b ? sqrt(b / a) : 1; /* only a part of a wider spectrum gets in */
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        if (x <= steps[i].rates)
            return steps[i].amplitude * wide;
    }
    return 0;
}

static bool is_parked(const mw_crowd *c, const mw_candidate *x) {
    double baud = baud_of(x->rate);
    for (size_t i = 0; i < c->parked_count; i++) {
        const mw_candidate *p = &c->parked[i];
        if (p->rate == x->rate && fabs(p->centre - x->centre) < c->rate / baud &&
            fabs(p->carrier.hz - x->carrier.hz) < baud / 2)
            return true;
    }
    return false;
}

static double symbol_samples(const mw_crowd *c, uint8_t rate) {
    return c->rate / baud_of(rate);
}

/* Longest frame of a rate, pulse included, in samples. */
static double longest(const mw_crowd *c, uint8_t rate) {
    unsigned most = 0;
    for (unsigned s = 0; s < MW_UNB_SIZE_COUNT; s++) {
        unsigned n = mw_unb_layout_of((mw_unb_size)s)->symbols;
        if (mw_unb_allowed((mw_unb_rate)rate, (mw_unb_size)s) && n > most)
            most = n;
    }
    return (most + MW_UNB_PULSE_SPAN) * symbol_samples(c, rate);
}

bool mw_crowd_is_remainder(const mw_crowd *c, const mw_candidate *candidate) {
    size_t n = c->gone_count < MW_CROWD_GONE ? c->gone_count : MW_CROWD_GONE;
    double baud = baud_of(candidate->rate);
    for (size_t i = 0; i < n; i++) {
        const gone *g = &c->gone[i];
        if (g->rate == candidate->rate &&
            fabs(g->centre - candidate->centre) < REMAINDER_SYMBOLS * c->rate / baud &&
            fabs(g->hz - candidate->carrier.hz) < REMAINDER_RATES * baud &&
            (double)candidate->amplitude < REMAINDER_AMPLITUDE * g->amplitude)
            return true;
    }
    return false;
}

/* ---- Parked -----------------------------------------------------------------------------------*/

static void drop(mw_crowd *c, size_t i) {
    c->parked[i] = c->parked[--c->parked_count];
}

/* Those whose start has left the history can never be decoded again. */
static void expire(mw_crowd *c, const mw_history *h) {
    int64_t oldest = mw_history_oldest(h);
    for (size_t i = 0; i < c->parked_count;) {
        const mw_candidate *p = &c->parked[i];
        if (p->centre - MW_UNB_PULSE_SPAN * symbol_samples(c, p->rate) < (double)oldest)
            drop(c, i);
        else
            i++;
    }
}

void mw_crowd_park(mw_crowd *c, const mw_history *h, const mw_candidate *failed) {
    if (failed->retries >= MW_CROWD_RETRIES)
        return;
    expire(c, h);
    if (is_parked(c, failed))
        return;
    if (c->parked_count == MW_CROWD_PARKED) {
        size_t weakest = 0;
        for (size_t i = 1; i < c->parked_count; i++) {
            if (c->parked[i].score < c->parked[weakest].score)
                weakest = i;
        }
        c->stats.parked_lost++;
        if (c->parked[weakest].score >= failed->score)
            return;
        drop(c, weakest);
    }
    mw_candidate *kept = &c->parked[c->parked_count++];
    *kept = *failed;
    kept->next_size = 0;
}

/* Measures a candidate's sync word anew: what lay over it is gone. */
static bool verify_again(mw_crowd *c, const mw_history *h, mw_candidate *io) {
    mw_detect_hit hit = {.hz = io->carrier.hz, .drift = io->carrier.drift};
    double last = io->centre + (SYNC - 1) * symbol_samples(c, io->rate);
    mw_candidate out;
    if (!mw_candidate_verify(c->config.tools[io->rate], h, &hit, last, &out))
        return false;
    out.rate = io->rate;
    out.retries = io->retries;
    *io = out;
    return true;
}

static void retry(mw_crowd *c, const mw_history *h, const gone *g, double from, double to,
                  mw_crowd_add add, void *user) {
    for (size_t i = 0; i < c->parked_count;) {
        mw_candidate p = c->parked[i];
        double off = p.carrier.hz - g->hz;
        bool overlaps = p.centre < to && p.centre + longest(c, p.rate) > from;
        if (!overlaps ||
            g->amplitude * leakage(g->rate, p.rate, off) < WORTH * (double)p.amplitude) {
            i++;
            continue;
        }
        drop(c, i);
        p.retries++;
        if (!verify_again(c, h, &p) || mw_crowd_is_remainder(c, &p))
            continue;
        c->stats.retried++;
        add(user, &p);
    }
}

/* ---- Second look ------------------------------------------------------------------------------*/

typedef struct look {
    mw_crowd *c;
    const mw_history *h;
    uint8_t rate;
    mw_crowd_add add;
    void *user;
} look;

static void on_hit(void *user, const mw_redetect_hit *found) {
    look *l = user;
    mw_crowd *c = l->c;
    if (found->hit.hz < c->config.low_hz || found->hit.hz > c->config.high_hz)
        return;
    mw_candidate x;
    if (!mw_candidate_verify(c->config.tools[l->rate], l->h, &found->hit, found->last, &x))
        return;
    x.rate = l->rate;
    if (mw_crowd_is_remainder(c, &x) || is_parked(c, &x))
        return;
    c->stats.uncovered++;
    l->add(l->user, &x);
}

/* Sync words of one rate that lie under the frame taken out. */
static void search(mw_crowd *c, const mw_history *h, uint8_t rate, const gone *g, double from,
                   double to, mw_crowd_add add, void *user) {
    double reach = SYNC * symbol_samples(c, rate);
    double begin = from - reach, end = to + reach;
    double oldest = (double)mw_history_oldest(h);
    begin = begin < oldest ? oldest : begin;
    begin = begin < 0 ? 0 : begin;
    end = end > (double)h->head ? (double)h->head : end;
    if (end - begin < reach)
        return;
    look l = {c, h, rate, add, user};
    c->stats.searches++;
    mw_redetect_run(c->redetect[rate], h, g->hz, (int64_t)begin, (int64_t)end, on_hit, &l);
}

void mw_crowd_frame(mw_crowd *c, mw_history *h, uint8_t rate, const mw_candidate_frame *frame,
                    bool look_again, mw_crowd_add add, void *user) {
    const mw_unb_layout *layout = mw_unb_layout_of(frame->size);
    mw_unb_frame again;
    mw_status s =
        mw_unb_frame_encode(frame->size, (mw_slice){frame->payload, layout->payload_bytes}, &again);
    mw_assert(s == MW_OK);
    double sps = symbol_samples(c, rate);
    mw_carrier carrier = {frame->hz, frame->drift, frame->centre + (SYNC - 1) / 2.0 * sps};
    mw_cancel_report report;
    mw_cancel_frame(c->cancel[rate], &c->config.tools[rate]->extract, h, &again, &carrier,
                    frame->centre, &report);
    c->stats.cancelled++;
    gone g = {frame->centre, frame->hz, sqrt(report.removed), rate};
    c->gone[c->gone_count++ % MW_CROWD_GONE] = g;
    double from = frame->centre - MW_UNB_PULSE_SPAN / 2.0 * sps;
    double to = frame->centre + (layout->symbols + MW_UNB_PULSE_SPAN / 2.0) * sps;
    if (look_again)
        retry(c, h, &g, from, to, add, user);
    for (unsigned i = 0; look_again && i < MW_UNB_RATE_COUNT; i++) {
        if (c->redetect[i] == NULL)
            continue;
        /* Seen by another rate: spread over its bandwidth, or as much power in a longer symbol. */
        double ratio = i == rate ? 1 : baud_of(rate) / baud_of((uint8_t)i);
        if (frame->es_n0 * (ratio < 1 ? ratio : 1) >= SEARCH_ES_N0)
            search(c, h, (uint8_t)i, &g, from, to, add, user);
    }
}
