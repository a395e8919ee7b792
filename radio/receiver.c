/* SPDX-License-Identifier: Apache-2.0 */
#include "radio/receiver.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "radio/blank.h"
#include "radio/candidate.h"
#include "radio/chase.h"
#include "radio/crowd.h"
#include "radio/foreign_frames.h"
#include "radio/recent.h"
#include "radio/report.h"
#include "radio/workroom.h"

/* Work is done each time this part of a second of samples is complete, counted from the start of
 * the segment and not from a block's: that is why the cutting into blocks does not matter. */
#define QUANTA_PER_S 64
/* Gaps up to this many symbols of the slowest rate are bridged with zeros. */
#define BRIDGE_SYMBOLS 16
#define PENDING_MAX    1024u
#define HITS_AT_ONCE   32u
#define DRIFT_MAX      MW_WORKROOM_DRIFT
/* A frame whose last symbol is cut off by the end of a segment is still worth trying. */
#define CUT_SYMBOLS 1.0
/* A weaker sync word at the same instant is an echo of a strong one: close by, within the pulse's
 * own width; farther off, at the depth of the pulse's skirts and of the extraction filter. */
#define TWIN_SYMBOLS        0.5
#define TWIN_NEAR_RATES     1.75
#define TWIN_NEAR_AMPLITUDE 0.18  /* -15 dB */
#define TWIN_FAR_AMPLITUDE  0.001 /* -60 dB */

typedef struct lane { /* one symbol rate */
    bool enabled;
    double sps;
    mw_detect *detect;
    mw_candidate_tools *tools;
} lane;

struct mw_receiver {
    mw_receiver_config config;
    mw_receiver_sink sink;
    void *user;
    double rate;
    size_t quantum;
    uint64_t bridge; /* samples */
    mw_history history;
    mw_workroom *room, *own_room;
    mw_blank blank;
    lane lanes[MW_UNB_RATE_COUNT];
    mw_crowd *crowd;            /* NULL: no cancellation */
    mw_foreign_frames *foreign; /* NULL: no other networks */
    mw_chase *chase;            /* NULL: copies are not added */
    uint8_t copies;             /* that the frame being emitted consists of */
    mw_candidate pending[PENDING_MAX];
    size_t pending_count;
    mw_recent recent;
    bool started;      /* expected is valid */
    uint64_t base;     /* absolute number of the segment's sample 0 */
    uint64_t expected; /* absolute number of the next sample */
    uint64_t gap;      /* silent samples not yet bridged or ended */
    uint64_t safe;
    uint64_t anchor_index; /* this sample ... */
    mw_utc anchor;         /* ... was taken at this moment */
    uint32_t anchor_uncertainty_us;
    mw_samples_faults faults;
    mw_receiver_stats stats;
    size_t memory;
};

static mw_status lane_init(mw_receiver *r, unsigned i) {
    const mw_receiver_config *c = &r->config;
    lane *l = &r->lanes[i];
    unsigned baud = mw_unb_rate_bd((mw_unb_rate)i);
    l->enabled = true;
    l->sps = r->rate / baud;
    bool all = c->narrow[i].high.mhz == 0;
    mw_freq low = all ? c->low : c->narrow[i].low, high = all ? c->high : c->narrow[i].high;
    mw_detect_config detect = {
        .rate_mhz = c->rate_mhz,
        .baud = baud,
        .low_hz = (double)(low.mhz - c->centre.mhz) / 1000,
        .high_hz = (double)(high.mhz - c->centre.mhz) / 1000,
        .prefilter_pfa = c->prefilter_pfa,
        .sync_pfa = c->sync_pfa,
        .drift_max = DRIFT_MAX,
        .desk = r->room->desk,
    };
    MW_TRY(mw_detect_new(&detect, &l->detect));
    MW_TRY(mw_workroom_tools(r->room, (mw_unb_rate)i, &l->tools));
    if (c->check_bits != 0)
        mw_polar_list_check_bits(l->tools->decoder, c->check_bits);
    r->memory += mw_detect_memory(l->detect);
    return MW_OK;
}

/* Samples that a frame of the longest size, its detection and the filters need. */
static size_t history_samples(const mw_receiver *r) {
    double most = 0;
    for (unsigned i = 0; i < MW_UNB_RATE_COUNT; i++) {
        if (!r->lanes[i].enabled)
            continue;
        unsigned symbols = 0;
        for (unsigned s = 0; s < MW_UNB_SIZE_COUNT; s++) {
            unsigned n = mw_unb_layout_of((mw_unb_size)s)->symbols;
            if (mw_unb_allowed((mw_unb_rate)i, (mw_unb_size)s) && n > symbols)
                symbols = n;
        }
        double samples = (r->config.history_frames * symbols + 24) * r->lanes[i].sps;
        most = samples > most ? samples : most;
    }
    if (r->foreign != NULL && (double)mw_foreign_frames_history(r->foreign) > most)
        most = (double)mw_foreign_frames_history(r->foreign);
    return (size_t)most + 2 * r->quantum;
}

static mw_status crowd_init(mw_receiver *r) {
    const mw_receiver_config *c = &r->config;
    mw_crowd_config crowd = {
        .rate_mhz = c->rate_mhz,
        .low_hz = (double)(c->low.mhz - c->centre.mhz) / 1000,
        .high_hz = (double)(c->high.mhz - c->centre.mhz) / 1000,
        .prefilter_pfa = c->prefilter_pfa,
        .sync_pfa = c->sync_pfa,
        .drift_max = DRIFT_MAX,
        .room = r->room,
    };
    for (unsigned i = 0; i < MW_UNB_RATE_COUNT; i++)
        crowd.tools[i] = r->lanes[i].tools;
    MW_TRY(mw_crowd_new(&crowd, &r->crowd));
    r->memory += mw_crowd_memory(r->crowd);
    return MW_OK;
}

static mw_status foreign_init(mw_receiver *r) {
    MW_TRY(mw_foreign_frames_new(&r->config, r->sink, r->user, &r->foreign));
    r->memory += mw_foreign_frames_memory(r->foreign);
    uint64_t bridge = (uint64_t)(BRIDGE_SYMBOLS * mw_foreign_frames_slowest(r->foreign));
    if (bridge > r->bridge)
        r->bridge = bridge;
    return MW_OK;
}

static mw_foreign_place place_of(const mw_receiver *r) {
    return (mw_foreign_place){r->base, r->anchor_index, r->anchor, r->anchor_uncertainty_us};
}

static void foreign_run(mw_receiver *r, bool all) {
    if (r->foreign == NULL)
        return;
    mw_foreign_place place = place_of(r);
    mw_foreign_frames_run(r->foreign, &r->history, &place, all);
}

mw_status mw_receiver_new(const mw_receiver_config *config, mw_receiver_sink sink, void *user,
                          mw_receiver **out_receiver) {
    mw_receiver_config c = *config;
    MW_TRY(mw_receiver_config_complete(&c));
    mw_receiver *r = calloc(1, sizeof *r);
    if (r == NULL)
        return MW_NOMEM;
    r->config = c;
    r->sink = sink;
    r->user = user;
    r->rate = (double)c.rate_mhz / 1000;
    r->quantum = (size_t)(r->rate / QUANTA_PER_S) + 1;
    r->anchor = MW_UTC_NONE;
    r->memory = sizeof *r;
    mw_blank_init(&r->blank, r->rate, c.blank);
    mw_status s = c.room != NULL ? MW_OK : mw_workroom_new(r->rate, &r->own_room);
    r->room = c.room != NULL ? c.room : r->own_room;
    for (unsigned i = 0; i < MW_UNB_RATE_COUNT && s == MW_OK; i++) {
        if ((c.rates & 1u << i) == 0)
            continue;
        s = lane_init(r, i);
        if (r->bridge == 0) /* rates rise: the first one is the slowest */
            r->bridge = (uint64_t)(BRIDGE_SYMBOLS * r->lanes[i].sps);
    }
    if (s == MW_OK && c.network_count > 0)
        s = foreign_init(r);
    if (s == MW_OK)
        s = mw_history_init(&r->history, history_samples(r));
    if (s == MW_OK && c.cancel)
        s = crowd_init(r);
    if (s == MW_OK && c.plan != NULL && c.undecoded_sink == NULL)
        s = mw_chase_new(c.plan, c.plan_band, c.frame_correlation_min, MW_CHASE_KEPT, &r->chase);
    if (r->chase != NULL)
        r->memory += mw_chase_memory(r->chase);
    r->config.plan = NULL; /* not ours to keep */
    if (s != MW_OK) {
        mw_receiver_free(r);
        return s;
    }
    r->memory += mw_history_memory(&r->history);
    if (r->own_room != NULL)
        r->memory += mw_workroom_memory(r->own_room);
    *out_receiver = r;
    return MW_OK;
}

void mw_receiver_free(mw_receiver *r) {
    if (r == NULL)
        return;
    for (unsigned i = 0; i < MW_UNB_RATE_COUNT; i++) {
        mw_detect_free(r->lanes[i].detect);
    }
    mw_crowd_free(r->crowd);
    mw_chase_free(r->chase);
    mw_workroom_free(r->own_room);
    mw_foreign_frames_free(r->foreign);
    mw_history_fini(&r->history);
    free(r);
}

/* ---- Frames out -------------------------------------------------------------------------------*/

typedef enum belief { REFUSED, KNOWN, NEW } belief;

static belief emit(mw_receiver *r, mw_unb_rate rate, const mw_candidate_frame *f) {
    if (f->correlation < r->config.frame_correlation_min) {
        r->stats.refused++;
        return REFUSED;
    }
    if (mw_recent_seen(&r->recent, rate, f, 3 * r->lanes[rate].sps)) {
        r->stats.duplicates++;
        return KNOWN;
    }
    mw_foreign_place place = place_of(r);
    mw_receiver_frame out = mw_report_of(&r->config, &place, rate, f);
    out.copies = r->copies;
    memcpy(out.payload, f->payload, out.payload_bytes);
    r->stats.frames++;
    r->sink(r->user, &out);
    return NEW;
}

/* For whoever pairs the copies of a wider band. */
static void hand_over(mw_receiver *r, mw_unb_rate rate, const mw_candidate_frame *f) {
    const float *llr = r->lanes[rate].tools->phase.llr;
    mw_foreign_place place = place_of(r);
    mw_unb_copy copy = {.reception = mw_report_of(&r->config, &place, rate, f)};
    memcpy(copy.llr, llr, mw_unb_layout_of(f->size)->symbols * sizeof *llr);
    r->stats.undecoded++;
    r->config.undecoded_sink(r->user, &copy);
}

/* A reception that could not be decoded: perhaps with an earlier copy. */
static void on_undecoded(void *user, const mw_candidate *c, const mw_candidate_frame *f) {
    mw_receiver *r = user;
    if (r->config.undecoded_sink != NULL)
        hand_over(r, (mw_unb_rate)c->rate, f);
    if (r->chase == NULL)
        return;
    long double at = ((long double)r->base + (long double)f->centre) / (long double)r->rate;
    mw_chase_copy copy = {.rate = (mw_unb_rate)c->rate,
                          .size = f->size,
                          .at_ns = llroundl(at * 1e9L),
                          .frequency = {r->config.centre.mhz + llround(f->hz * 1000)},
                          .llr = r->lanes[c->rate].tools->phase.llr};
    mw_chase_frame sum;
    if (!mw_chase_add(r->chase, &copy, &sum))
        return;
    mw_candidate_frame whole = *f;
    memcpy(whole.payload, sum.payload, sizeof whole.payload);
    whole.correlation = sum.correlation;
    whole.symbol_errors = sum.symbol_errors;
    r->stats.combined++;
    r->copies = sum.copies;
    (void)emit(r, copy.rate, &whole);
    r->copies = 0;
}

/* ---- Candidates -------------------------------------------------------------------------------*/

static void drop_pending(mw_receiver *r, size_t i) {
    r->pending[i] = r->pending[--r->pending_count];
}

/* Is `weak` an echo of `strong` in the detector: a sidelobe at the same instant? */
static bool is_twin(const mw_receiver *r, const mw_candidate *strong, const mw_candidate *weak) {
    double sps = r->lanes[strong->rate].sps;
    double apart = fabs(strong->carrier.hz - weak->carrier.hz) * sps / r->rate;
    double most = apart < TWIN_NEAR_RATES ? TWIN_NEAR_AMPLITUDE : TWIN_FAR_AMPLITUDE;
    return strong->rate == weak->rate && fabs(strong->centre - weak->centre) < TWIN_SYMBOLS * sps &&
           weak->amplitude < (float)most * strong->amplitude;
}

static void add_pending(mw_receiver *r, const mw_candidate *c) {
    r->stats.candidates++;
    size_t weakest = 0;
    for (size_t i = 0; i < r->pending_count;) {
        if (is_twin(r, &r->pending[i], c))
            return;
        if (is_twin(r, c, &r->pending[i])) {
            drop_pending(r, i);
            continue;
        }
        if (r->pending[i].score < r->pending[weakest].score)
            weakest = i;
        i++;
    }
    if (r->pending_count < PENDING_MAX) {
        r->pending[r->pending_count++] = *c;
        return;
    }
    r->stats.candidates_lost++;
    if (c->score > r->pending[weakest].score)
        r->pending[weakest] = *c;
}

static void detect(mw_receiver *r) {
    for (unsigned i = 0; i < MW_UNB_RATE_COUNT; i++) {
        lane *l = &r->lanes[i];
        if (!l->enabled)
            continue;
        mw_detect_hit hits[HITS_AT_ONCE];
        size_t n;
        while ((n = mw_detect_run(l->detect, &r->history, false, hits, HITS_AT_ONCE)) > 0) {
            for (size_t k = 0; k < n; k++) {
                mw_candidate c;
                double last = mw_detect_at(l->detect, hits[k].quarter);
                if (!mw_candidate_verify(l->tools, &r->history, &hits[k], last, &c))
                    continue;
                c.rate = (uint8_t)i;
                add_pending(r, &c);
            }
        }
    }
}

/* The strongest candidate whose next size has ended by sample `until`; PENDING_MAX = none. */
static size_t next_ready(const mw_receiver *r, double until, double cut) {
    size_t best = PENDING_MAX;
    for (size_t i = 0; i < r->pending_count; i++) {
        const mw_candidate *c = &r->pending[i];
        double sps = r->lanes[c->rate].sps;
        unsigned symbols = mw_unb_layout_of((mw_unb_size)c->next_size)->symbols;
        if (mw_candidate_end(c, sps, symbols) - cut * sps > until)
            continue;
        if (best == PENDING_MAX || c->amplitude > r->pending[best].amplitude)
            best = i;
    }
    return best;
}

/* Removes the candidates that stand for the frame just decoded. */
static void drop_neighbours(mw_receiver *r, const mw_candidate *done) {
    double sps = r->lanes[done->rate].sps, baud = r->rate / sps;
    for (size_t i = 0; i < r->pending_count;) {
        const mw_candidate *c = &r->pending[i];
        if (c->rate == done->rate && fabs(c->centre - done->centre) < 2 * sps &&
            fabs(c->carrier.hz - done->carrier.hz) < baud)
            drop_pending(r, i);
        else
            i++;
    }
}

/* A candidate from under a frame that was taken out; one that is waiting anyway only learns where
 * it really is. */
static void add_uncovered(void *user, const mw_candidate *c) {
    mw_receiver *r = user;
    double sps = r->lanes[c->rate].sps, baud = r->rate / sps;
    for (size_t i = 0; i < r->pending_count; i++) {
        mw_candidate *p = &r->pending[i];
        if (p->rate != c->rate || fabs(p->centre - c->centre) > sps ||
            fabs(p->carrier.hz - c->carrier.hz) > baud / 2)
            continue;
        /* Tried in vain before: all sizes once more. */
        uint8_t next_size = c->retries > p->retries ? 0 : p->next_size;
        *p = *c;
        p->next_size = next_size;
        return;
    }
    add_pending(r, c);
}

static void take_frame(mw_receiver *r, uint8_t rate, const mw_candidate_frame *frame) {
    belief b = emit(r, (mw_unb_rate)rate, frame);
    if (b != REFUSED && r->crowd != NULL)
        mw_crowd_frame(r->crowd, &r->history, rate, frame, b == NEW, add_uncovered, r);
}

static void decode_ready(mw_receiver *r, double cut) {
    size_t i;
    while ((i = next_ready(r, (double)r->history.head, cut)) != PENDING_MAX) {
        mw_candidate *c = &r->pending[i];
        mw_candidate done = *c;
        mw_candidate_frame frame;
        mw_candidate_tools *t = r->lanes[c->rate].tools;
        uint64_t attempts = t->attempts, retries = t->retries;
        t->undecoded = on_undecoded; /* the tools may be shared with other receivers */
        t->user = r;
        mw_candidate_verdict verdict = mw_candidate_decode(t, &r->history, c, &frame);
        r->stats.decode_attempts += t->attempts - attempts;
        r->stats.decode_retries += t->retries - retries;
        switch (verdict) {
        case MW_CANDIDATE_FRAME:
            drop_pending(r, i);
            drop_neighbours(r, &done);
            take_frame(r, done.rate, &frame);
            break;
        case MW_CANDIDATE_WAIT: /* for a longer size; or the shorter one was hidden */
            if (r->crowd != NULL)
                mw_crowd_park(r->crowd, &r->history, &done);
            break;
        case MW_CANDIDATE_ABANDON:
            drop_pending(r, i);
            if (r->crowd != NULL)
                mw_crowd_park(r->crowd, &r->history, &done);
            break;
        }
    }
}

/* ---- Samples in -------------------------------------------------------------------------------*/

static void update_safe(mw_receiver *r) {
    double safe = (double)r->history.head;
    for (unsigned i = 0; i < MW_UNB_RATE_COUNT; i++) {
        const lane *l = &r->lanes[i];
        if (!l->enabled)
            continue;
        /* half a symbol to the frame's start, 2.5 to the start of its pulse, and slack */
        double at = mw_detect_horizon(l->detect) - 4 * l->sps;
        safe = at < safe ? at : safe;
    }
    for (size_t i = 0; i < r->pending_count; i++) {
        double at = r->pending[i].centre - 4 * r->lanes[r->pending[i].rate].sps;
        safe = at < safe ? at : safe;
    }
    uint64_t index = r->base + (safe > 0 ? (uint64_t)safe : 0);
    if (r->foreign != NULL)
        index = mw_foreign_frames_safe(r->foreign, r->base, index);
    if (index > r->safe)
        r->safe = index;
}

static void feed(mw_receiver *r, const mw_samples_block *b) {
    uint64_t done = 0;
    while (done < b->h.count) {
        size_t room = r->quantum - (size_t)r->history.head % r->quantum;
        size_t n = b->h.count - done < room ? (size_t)(b->h.count - done) : room;
        mw_blank_append(&r->blank, &r->history, b, done, n, &r->faults);
        done += n;
        if (n == room) {
            detect(r);
            decode_ready(r, 0);
            foreign_run(r, false);
            update_safe(r);
        }
    }
}

/* Ends the segment: what is complete is decoded, the rest abandoned. */
static void finish(mw_receiver *r) {
    if (r->history.head > 0) {
        decode_ready(r, MW_UNB_PULSE_SPAN / 2.0 - 0.5 + CUT_SYMBOLS);
        foreign_run(r, true);
        mw_history_restart(&r->history);
        for (unsigned i = 0; i < MW_UNB_RATE_COUNT; i++) {
            if (r->lanes[i].enabled)
                mw_detect_restart(r->lanes[i].detect);
        }
    }
    if (r->foreign != NULL)
        mw_foreign_frames_restart(r->foreign, r->expected);
    r->pending_count = 0;
    r->recent.count = 0;
    if (r->crowd != NULL)
        mw_crowd_restart(r->crowd);
}

/* Nothing of what was pushed is under way; only Sigfox messages may still wait for a copy. */
static void settle_safe(mw_receiver *r) {
    r->safe = r->foreign != NULL ? mw_foreign_frames_safe(r->foreign, r->expected, r->expected)
                                 : r->expected;
}

static void take_gap(mw_receiver *r, uint64_t count) {
    r->gap += count;
    r->expected += count;
    r->stats.gap_samples += count;
    if (r->gap > r->bridge || r->history.head == 0) {
        finish(r);
        settle_safe(r);
    }
}

/* Before samples follow a gap: a short one becomes zeros, after a long one a segment begins. */
static void bridge_gap(mw_receiver *r) {
    if (r->history.head > 0 && r->gap > 0) {
        mw_samples_block zeros = {.h = {.format = MW_SAMPLES_GAP, .count = r->gap}};
        feed(r, &zeros);
    }
    r->gap = 0;
    if (r->history.head == 0)
        r->base = r->expected;
}

static void take_time(mw_receiver *r, const mw_samples_header *h) {
    if (mw_utc_is_none(h->utc))
        return;
    if (!mw_utc_is_none(r->anchor)) {
        double since = (double)(int64_t)(h->first_index - r->anchor_index) * 1e6 / r->rate;
        double off = (double)(h->utc.us - r->anchor.us) - since;
        /* Each block's time is rounded; the first one's is kept while they agree, so that it does
         * not matter where blocks begin. */
        if (fabs(off) <= 2)
            return;
    }
    r->anchor = h->utc;
    r->anchor_index = h->first_index;
    r->anchor_uncertainty_us = h->utc_uncertainty_us;
}

mw_status mw_receiver_push(mw_receiver *r, const mw_samples_block *block) {
    const mw_samples_header *h = &block->h;
    if (h->rate_mhz != r->config.rate_mhz || h->centre.mhz != r->config.centre.mhz)
        return MW_CONFLICT;
    if (r->started && h->first_index != r->expected) {
        r->stats.jumps++;
        if (h->first_index > r->expected)
            take_gap(r, h->first_index - r->expected);
    }
    if (!r->started || h->first_index < r->expected) {
        finish(r);
        if (r->foreign != NULL)
            mw_foreign_frames_flush(r->foreign);
        r->gap = 0;
        r->expected = r->safe = h->first_index;
        r->started = true;
    }
    if (h->format == MW_SAMPLES_GAP &&
        ((h->flags & MW_SAMPLES_FLAG_ERASED) == 0 || r->history.head == 0)) {
        take_gap(r, h->count);
        return MW_OK;
    }
    take_time(r, h);
    bridge_gap(r);
    feed(r, block);
    r->expected += h->count;
    r->stats.samples += h->count;
    return MW_OK;
}

void mw_receiver_flush(mw_receiver *r) {
    finish(r);
    if (r->foreign != NULL)
        mw_foreign_frames_flush(r->foreign);
    r->gap = 0;
    r->safe = r->expected;
}

uint64_t mw_receiver_safe_index(const mw_receiver *r) {
    return r->safe;
}

const mw_receiver_stats *mw_receiver_stats_of(mw_receiver *r) {
    mw_receiver_stats *s = &r->stats;
    s->prefilter_hits = s->sync_hits = 0;
    for (unsigned i = 0; i < MW_UNB_RATE_COUNT; i++) {
        const lane *l = &r->lanes[i];
        if (!l->enabled)
            continue;
        s->prefilter_hits += mw_detect_prefilter_hits(l->detect);
        s->sync_hits += mw_detect_sync_hits(l->detect);
    }
    mw_crowd_count(r->crowd, &s->cancelled, &s->uncovered, &s->retried);
    if (r->foreign != NULL)
        mw_foreign_frames_stats(r->foreign, s);
    if (r->chase != NULL) {
        s->undecoded = mw_chase_stats_of(r->chase)->copies;
        s->undecoded_lost = mw_chase_stats_of(r->chase)->forgot;
        s->pairs = mw_chase_stats_of(r->chase)->pairs;
    }
    s->not_finite = r->faults.not_finite;
    s->clipped = r->faults.clipped;
    s->blanked = r->blank.blanked;
    return s;
}

size_t mw_receiver_memory(const mw_receiver *r) {
    return r->memory;
}
