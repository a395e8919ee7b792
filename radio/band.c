/* SPDX-License-Identifier: Apache-2.0 */
#include "radio/band.h"
#include "radio/blank.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "protocols/unb/unb.h"
#include "radio/band_work.h"
#include "radio/chase.h"
#include "radio/sigfox_join.h"

#define SLABS_PER_S    16
#define SLAB_MULTIPLE  64u
#define BRIDGE_SYMBOLS 16
#define RECENT_MAX     256u
#define ONE_SYMBOLS    3 /* a frame heard twice begins within so many symbols */

/* A frame near a seam, remembered in case that the other side hears it too. */
typedef struct heard {
    mw_receiver_frame frame;
    size_t sub;
} heard;

/* A reception that was not decoded, in the order of pairing. */
typedef struct waiting {
    const mw_unb_copy *copy;
    size_t sub, number;
} waiting;

struct mw_band {
    mw_band_config config;
    mw_receiver_sink sink;
    void *user;
    mw_band_plan plan;
    mw_blank blank;      /* of the wide stream */
    mw_receiver *single; /* without a bank; nothing below is used then */
    mw_bank *bank;
    mw_band_work *work;
    mw_sigfox_joiner *joiner; /* NULL: no other networks */
    mw_chase *chase;          /* NULL: copies are not added */
    waiting *waiting;         /* of one job: as many as the sub-bands may hand over */
    double rate;
    unsigned decimation, reach;
    size_t slab;    /* outputs */
    float *input;   /* samples from `from` on */
    size_t room;    /* samples that fit */
    size_t filled;  /* samples there */
    float *side[2]; /* outputs of a slab; one is filled while the other is worked on */
    unsigned turn;
    /* the segment: */
    bool open;                       /* samples came since it began */
    uint64_t base;                   /* absolute number of its sample 0 */
    uint64_t sub_base;               /* and what sub-bands call it */
    uint64_t outputs;                /* of the bank so far, of this segment */
    uint64_t job_base, job_sub_base; /* the same for the job under way */
    bool job;
    bool started;
    uint64_t expected, gap, bridge, safe;
    uint64_t anchor_index;
    mw_utc anchor;
    uint32_t anchor_uncertainty_us;
    heard *found; /* of one job */
    size_t found_count, found_room;
    heard recent[RECENT_MAX];
    size_t recent_count; /* ever */
    mw_samples_faults faults;
    mw_band_stats stats;
};

mw_band_config mw_band_config_europe(void) {
    mw_band_config c = {
        .radio = mw_receiver_config_default((mw_freq){INT64_C(866500000000)}),
        .ranges = {{{INT64_C(863000000000)},
                    {INT64_C(870000000000)},
                    MW_RECEIVER_R0 | MW_RECEIVER_R1},
                   {{INT64_C(865000000000)}, {INT64_C(868600000000)}, MW_RECEIVER_R2}},
        .ranges_n = 2,
        .threads = 2};
    c.radio.rate_mhz = UINT64_C(8000000000);
    c.radio.history_frames = 1.3;
    return c;
}

/* Copies of a Sigfox message that were joined, from wherever in the band they were. */
static void take_joined(void *user, const mw_receiver_frame *frame) {
    mw_band *b = user;
    b->stats.radio.frames++;
    b->sink(b->user, frame);
}

static mw_status wide_init(mw_band *b) {
    MW_TRY(mw_bank_new(b->plan.channels, &b->bank));
    b->decimation = mw_bank_decimation(b->bank);
    b->reach = mw_bank_reach(b->bank);
    b->slab = (size_t)(b->rate / b->decimation / SLABS_PER_S) / SLAB_MULTIPLE * SLAB_MULTIPLE;
    b->slab = b->slab < SLAB_MULTIPLE ? SLAB_MULTIPLE : b->slab;
    b->room = b->slab * b->decimation + 2 * b->reach;
    b->input = calloc(2 * b->room, sizeof(float));
    for (unsigned i = 0; i < 2; i++)
        b->side[i] = calloc(2 * b->slab * b->plan.channels, sizeof(float));
    if (b->input == NULL || b->side[0] == NULL || b->side[1] == NULL)
        return MW_NOMEM;
    unsigned slowest = 0;
    for (size_t i = 0; i < b->plan.subs; i++)
        slowest |= b->plan.sub[i].radio.rates;
    for (unsigned i = 0; i < MW_UNB_RATE_COUNT && b->bridge == 0; i++) {
        if ((slowest & 1u << i) != 0)
            b->bridge = (uint64_t)(BRIDGE_SYMBOLS * b->rate / mw_unb_rate_bd((mw_unb_rate)i));
    }
    if (b->bridge == 0) /* only other networks, of about 100 Bd */
        b->bridge = (uint64_t)(BRIDGE_SYMBOLS * b->rate / 100);
    if (b->config.radio.network_count > 0)
        MW_TRY(mw_sigfox_joiner_new(b->rate, take_joined, b, &b->joiner));
    const mw_receiver_config *radio = &b->config.radio;
    if (radio->plan != NULL) {
        mw_receiver_config complete = b->plan.sub[0].radio; /* with defaults filled in */
        MW_TRY(mw_receiver_config_complete(&complete));
        MW_TRY(mw_chase_new(radio->plan, radio->plan_band, complete.frame_correlation_min,
                            MW_CHASE_KEPT_BAND, &b->chase));
        b->waiting = calloc(b->plan.subs * MW_BAND_UNDECODED_MAX, sizeof *b->waiting);
        if (b->waiting == NULL)
            return MW_NOMEM;
    }
    return mw_band_work_new(&b->plan, b->config.threads, b->chase != NULL, &b->work);
}

mw_status mw_band_new(const mw_band_config *config, mw_receiver_sink sink, void *user,
                      mw_band **out_band) {
    mw_band *b = calloc(1, sizeof *b);
    if (b == NULL)
        return MW_NOMEM;
    b->config = *config;
    b->sink = sink;
    b->user = user;
    b->rate = (double)config->radio.rate_mhz / 1000;
    b->anchor = MW_UTC_NONE;
    mw_blank_init(&b->blank, b->rate, config->radio.blank);
    mw_status s = mw_band_plan_make(config, &b->plan);
    if (s == MW_OK && b->plan.channels == 0)
        s = mw_receiver_new(&b->plan.sub[0].radio, sink, user, &b->single);
    else if (s == MW_OK)
        s = wide_init(b);
    b->config.radio.plan = NULL; /* not ours to keep */
    if (s != MW_OK) {
        mw_band_free(b);
        return s;
    }
    *out_band = b;
    return MW_OK;
}

void mw_band_free(mw_band *b) {
    if (b == NULL)
        return;
    mw_band_work_free(b->work);
    mw_receiver_free(b->single);
    mw_bank_free(b->bank);
    mw_sigfox_joiner_free(b->joiner);
    mw_chase_free(b->chase);
    free(b->waiting);
    free(b->side[0]);
    free(b->side[1]);
    free(b->input);
    free(b->found);
    free(b);
}

/* ---- Frames out -------------------------------------------------------------------------------*/

static double baud_of(const mw_receiver_frame *f) {
    return f->kind != MW_RADIO_UNB ? f->baud : mw_unb_rate_bd((mw_unb_rate)f->rate);
}

static bool near_seam(const mw_band *b, size_t sub, const mw_receiver_frame *f) {
    double off = fabs((double)(f->frequency.mhz - b->plan.sub[sub].radio.centre.mhz)) / 1000;
    /* a second look finds slower frames as far beyond a seam as R2 is looked for */
    double margin = MW_BAND_OVERLAP_R2_HZ + 2.0 * baud_of(f);
    return off > b->plan.spacing_hz / 2 - margin;
}

/* The same frame, heard in two sub-bands. */
static bool is_one(const mw_band *b, const heard *x, const heard *y) {
    const mw_receiver_frame *f = &x->frame, *g = &y->frame;
    if (x->sub == y->sub || f->kind != g->kind || f->baud != g->baud || f->rate != g->rate ||
        f->size != g->size || f->identity != g->identity || f->counter != g->counter ||
        memcmp(f->payload, g->payload, f->payload_bytes) != 0)
        return false;
    double baud = baud_of(f);
    double apart = fabs((double)(int64_t)(f->first_index - g->first_index));
    return apart < ONE_SYMBOLS * b->rate / baud &&
           fabs((double)(f->frequency.mhz - g->frequency.mhz)) < 2000 * baud;
}

static int by_start(const void *p, const void *q) {
    const mw_receiver_frame *f = &((const heard *)p)->frame, *g = &((const heard *)q)->frame;
    if (f->first_index != g->first_index)
        return f->first_index < g->first_index ? -1 : 1;
    if (f->frequency.mhz != g->frequency.mhz)
        return f->frequency.mhz < g->frequency.mhz ? -1 : 1;
    if (f->rate != g->rate)
        return f->rate < g->rate ? -1 : 1;
    return memcmp(f->payload, g->payload, sizeof f->payload);
}

/* From sub-band samples to the wide stream's. */
static void convert(const mw_band *b, mw_receiver_frame *f) {
    f->first_index = b->job_base + (f->first_index - b->job_sub_base) * b->decimation;
    f->start = b->anchor;
    f->start_uncertainty_us = b->anchor_uncertainty_us;
    if (!mw_utc_is_none(b->anchor)) {
        double since = (double)(int64_t)(f->first_index - b->anchor_index);
        f->start.us += llround(since * 1e6 / b->rate);
    }
}

/* A place among what the job found, or NULL without memory. */
static heard *new_heard(mw_band *b) {
    if (b->found_count == b->found_room) {
        size_t room = b->found_room == 0 ? 64 : 2 * b->found_room;
        heard *more = realloc(b->found, room * sizeof *more);
        if (more == NULL)
            return NULL;
        b->found = more;
        b->found_room = room;
    }
    return &b->found[b->found_count++];
}

static int by_place(const void *p, const void *q) {
    const waiting *x = p, *y = q;
    const mw_receiver_frame *f = &x->copy->reception, *g = &y->copy->reception;
    if (f->first_index != g->first_index)
        return f->first_index < g->first_index ? -1 : 1;
    if (x->sub != y->sub)
        return x->sub < y->sub ? -1 : 1;
    return x->number < y->number ? -1 : x->number > y->number;
}

/* Gives a reception to pairing; what comes of it is found like a frame of its sub-band. */
static void pair(mw_band *b, const waiting *w) {
    const mw_receiver_frame *f = &w->copy->reception;
    long double at = (long double)f->first_index / (long double)b->rate;
    mw_chase_copy copy = {.rate = (mw_unb_rate)f->rate,
                          .size = (mw_unb_size)f->size,
                          .at_ns = llroundl(at * 1e9L),
                          .frequency = f->frequency,
                          .llr = w->copy->llr};
    mw_chase_frame sum;
    if (!mw_chase_add(b->chase, &copy, &sum))
        return;
    heard *h = new_heard(b);
    if (h == NULL) {
        mw_band_work_found(b->work, w->sub)->lost++;
        return;
    }
    *h = (heard){*f, w->sub};
    memcpy(h->frame.payload, sum.payload, f->payload_bytes);
    h->frame.symbol_errors = (uint16_t)sum.symbol_errors;
    h->frame.quality = (uint8_t)lround(100 * sum.correlation);
    h->frame.copies = sum.copies;
    b->stats.radio.combined++;
}

/* What the sub-bands could not decode, in an order that does not depend on who worked when. */
static void pair_all(mw_band *b) {
    size_t n = 0;
    for (size_t i = 0; i < b->plan.subs; i++) {
        mw_band_found *found = mw_band_work_found(b->work, i);
        for (size_t k = 0; k < found->undecoded_count; k++) {
            convert(b, &found->undecoded[k].reception);
            b->waiting[n++] = (waiting){&found->undecoded[k], i, k};
        }
        found->undecoded_count = 0; /* they stay until the next job begins */
    }
    if (n > 1)
        qsort(b->waiting, n, sizeof *b->waiting, by_place);
    for (size_t i = 0; i < n; i++)
        pair(b, &b->waiting[i]);
}

static void collect(mw_band *b) {
    b->found_count = 0;
    for (size_t i = 0; i < b->plan.subs; i++) {
        mw_band_found *found = mw_band_work_found(b->work, i);
        for (size_t k = 0; k < found->count; k++) {
            heard *h = new_heard(b);
            if (h == NULL) {
                found->lost += found->count - k;
                break;
            }
            *h = (heard){found->frames[k], i};
            convert(b, &h->frame);
        }
        found->count = 0;
        for (size_t k = 0; k < found->copies_count && b->joiner != NULL; k++) {
            convert(b, &found->copies[k].reception);
            mw_sigfox_joiner_push(b->joiner, &found->copies[k]);
        }
        found->copies_count = 0;
    }
    if (b->chase != NULL)
        pair_all(b);
    if (b->found_count > 1)
        qsort(b->found, b->found_count, sizeof *b->found, by_start);
}

/* Whether another side's hearing of the same frame is, or was, emitted instead. */
static bool heard_better(mw_band *b, size_t at) {
    const heard *me = &b->found[at];
    size_t n = b->recent_count < RECENT_MAX ? b->recent_count : RECENT_MAX;
    for (size_t i = 0; i < n; i++) {
        if (is_one(b, me, &b->recent[i]))
            return true;
    }
    for (size_t i = 0; i < b->found_count; i++) {
        const heard *other = &b->found[i];
        if (i != at && is_one(b, me, other) &&
            (other->frame.quality > me->frame.quality ||
             (other->frame.quality == me->frame.quality && other->sub < me->sub)))
            return true;
    }
    return false;
}

static void emit(mw_band *b) {
    size_t before = b->recent_count;
    for (size_t i = 0; i < b->found_count; i++) {
        const heard *h = &b->found[i];
        bool seam = near_seam(b, h->sub, &h->frame);
        if (seam && heard_better(b, i)) {
            b->stats.seam_duplicates++;
            continue;
        }
        b->sink(b->user, &h->frame);
        b->stats.radio.frames++;
        if (seam)
            b->recent[b->recent_count++ % RECENT_MAX] = *h;
    }
    mw_assert(b->recent_count >= before);
    b->found_count = 0;
}

/* Ends the job under way: its frames are emitted and the safe index rises. */
static void settle(mw_band *b) {
    if (!b->job)
        return;
    mw_band_work_wait(b->work);
    b->job = false;
    collect(b);
    uint64_t safe = UINT64_MAX;
    for (size_t i = 0; i < b->plan.subs; i++) {
        uint64_t s = mw_band_work_found(b->work, i)->safe;
        safe = s < safe ? s : safe;
    }
    safe = safe > b->job_sub_base ? safe - b->job_sub_base : 0;
    uint64_t index = b->job_base + safe * b->decimation;
    emit(b);
    if (b->joiner != NULL) {
        mw_sigfox_joiner_advance(b->joiner, index);
        uint64_t open = mw_sigfox_joiner_horizon(b->joiner);
        index = open < index ? open : index;
    }
    b->safe = index > b->safe ? index : b->safe;
}

/* ---- Samples in -------------------------------------------------------------------------------*/

/* Runs `outputs` outputs of the bank and hands them to the sub-bands. */
static void work_off(mw_band *b, size_t outputs, bool flush) {
    float *side = b->side[b->turn];
    mw_bank_run(b->bank, b->input, b->outputs, outputs, side, b->slab);
    settle(b);
    mw_band_job job = {.samples = side,
                       .stride = b->slab,
                       .n = outputs,
                       .first = b->sub_base + b->outputs,
                       .flush = flush};
    b->job_base = b->base;
    b->job_sub_base = b->sub_base;
    b->job = true;
    mw_band_work_begin(b->work, &job);
    b->turn ^= 1;
    b->outputs += outputs;
    size_t used = outputs * b->decimation < b->filled ? outputs * b->decimation : b->filled;
    b->filled -= used;
    memmove(b->input, b->input + 2 * used, 2 * b->filled * sizeof(float));
}

static void feed(mw_band *b, const mw_samples_block *block) {
    if (!b->open) {
        /* before the segment there is silence */
        memset(b->input, 0, 2 * b->reach * sizeof(float));
        b->filled = b->reach;
        b->open = true;
    }
    for (uint64_t done = 0; done < block->h.count;) {
        size_t n = b->room - b->filled;
        n = block->h.count - done < n ? (size_t)(block->h.count - done) : n;
        mw_samples_to_float(block, done, n, b->input + 2 * b->filled, &b->faults);
        if (b->blank.threshold > 0 && block->h.format != MW_SAMPLES_GAP)
            mw_blank_run(&b->blank, b->input + 2 * b->filled, n);
        b->filled += n;
        done += n;
        if (b->filled == b->room)
            work_off(b, b->slab, false);
    }
}

/* Ends the segment: what is complete is decoded and emitted, the rest abandoned. */
static void finish(mw_band *b) {
    if (b->open) {
        /* input[reach] is the next output's instant */
        size_t left = b->filled > b->reach ? b->filled - b->reach : 0;
        size_t outputs = (left + b->decimation - 1) / b->decimation;
        memset(b->input + 2 * b->filled, 0, 2 * (b->room - b->filled) * sizeof(float));
        size_t all = outputs * b->decimation + 2 * b->reach;
        b->filled = all < b->room ? all : b->room;
        if (outputs > b->slab) {
            work_off(b, b->slab, false);
            outputs -= b->slab;
            memset(b->input + 2 * b->filled, 0, 2 * (b->room - b->filled) * sizeof(float));
        }
        work_off(b, outputs, true);
        settle(b);
        if (b->joiner != NULL)
            mw_sigfox_joiner_flush(b->joiner);
    }
    b->open = false;
    b->filled = 0;
    b->outputs = 0;
}

static void take_gap(mw_band *b, uint64_t count) {
    b->gap += count;
    b->expected += count;
    b->stats.radio.gap_samples += count;
    if (b->gap > b->bridge || !b->open) {
        finish(b);
        b->safe = b->expected;
    }
}

static void bridge_gap(mw_band *b) {
    if (b->open && b->gap > 0) {
        mw_samples_block zeros = {.h = {.format = MW_SAMPLES_GAP, .count = b->gap}};
        feed(b, &zeros);
    }
    b->gap = 0;
    if (!b->open) {
        b->base = b->expected;
        b->sub_base = b->expected / b->decimation;
    }
}

static void take_time(mw_band *b, const mw_samples_header *h) {
    if (mw_utc_is_none(h->utc))
        return;
    if (!mw_utc_is_none(b->anchor)) {
        double since = (double)(int64_t)(h->first_index - b->anchor_index) * 1e6 / b->rate;
        if (fabs((double)(h->utc.us - b->anchor.us) - since) <= 2)
            return; /* each block's time is rounded: the first one's is kept while they agree */
    }
    b->anchor = h->utc;
    b->anchor_index = h->first_index;
    b->anchor_uncertainty_us = h->utc_uncertainty_us;
}

static void push_wide(mw_band *b, const mw_samples_block *block) {
    const mw_samples_header *h = &block->h;
    if (b->started && h->first_index != b->expected) {
        b->stats.radio.jumps++;
        if (h->first_index > b->expected)
            take_gap(b, h->first_index - b->expected);
    }
    if (!b->started || h->first_index < b->expected) {
        finish(b);
        b->gap = 0;
        b->expected = b->safe = h->first_index;
        b->started = true;
    }
    if (h->format == MW_SAMPLES_GAP && ((h->flags & MW_SAMPLES_FLAG_ERASED) == 0 || !b->open)) {
        take_gap(b, h->count);
        return;
    }
    take_time(b, h);
    bridge_gap(b);
    feed(b, block);
    b->expected += h->count;
    b->stats.radio.samples += h->count;
}

mw_status mw_band_push(mw_band *b, const mw_samples_block *block) {
    if (b->single != NULL)
        return mw_receiver_push(b->single, block);
    if (block->h.rate_mhz != b->config.radio.rate_mhz ||
        block->h.centre.mhz != b->config.radio.centre.mhz)
        return MW_CONFLICT;
    push_wide(b, block);
    return MW_OK;
}

void mw_band_flush(mw_band *b) {
    if (b->single != NULL) {
        mw_receiver_flush(b->single);
        return;
    }
    finish(b);
    b->gap = 0;
    b->safe = b->expected;
}

uint64_t mw_band_safe_index(const mw_band *b) {
    return b->single != NULL ? mw_receiver_safe_index(b->single) : b->safe;
}

const mw_receiver_stats *mw_band_input_of(mw_band *b) {
    if (b->single != NULL)
        return mw_receiver_stats_of(b->single);
    b->stats.radio.not_finite = b->faults.not_finite;
    b->stats.radio.clipped = b->faults.clipped;
    if (b->chase != NULL) {
        const mw_chase_stats *chase = mw_chase_stats_of(b->chase);
        b->stats.radio.undecoded = chase->copies;
        b->stats.radio.undecoded_lost = chase->forgot;
        b->stats.radio.pairs = chase->pairs;
    }
    if (b->joiner != NULL)
        b->stats.radio.sigfox_joined = mw_sigfox_joiner_joined(b->joiner);
    return &b->stats.radio;
}

mw_band_stats mw_band_stats_of(mw_band *b) {
    if (b->single != NULL)
        return (mw_band_stats){
            .radio = *mw_receiver_stats_of(b->single), .sub_bands = 1, .sub_rate = b->rate};
    mw_band_work_wait(b->work);
    mw_band_stats all = b->stats;
    all.radio = *mw_band_input_of(b);
    mw_receiver_stats *sum = &all.radio;
    sum->undecoded = sum->undecoded_lost = 0; /* the parts know more than mw_band_input_of */
    for (size_t i = 0; i < b->plan.subs; i++) {
        const mw_receiver_stats *s = mw_band_work_stats(b->work, i);
        sum->prefilter_hits += s->prefilter_hits;
        sum->sync_hits += s->sync_hits;
        sum->candidates += s->candidates;
        sum->candidates_lost += s->candidates_lost + mw_band_work_found(b->work, i)->lost;
        sum->decode_attempts += s->decode_attempts;
        sum->decode_retries += s->decode_retries;
        sum->duplicates += s->duplicates;
        sum->refused += s->refused;
        sum->cancelled += s->cancelled;
        sum->uncovered += s->uncovered;
        sum->retried += s->retried;
        sum->undecoded += s->undecoded;
        sum->undecoded_lost += mw_band_work_found(b->work, i)->undecoded_lost;
    }
    if (b->chase != NULL) {
        sum->undecoded_lost += mw_chase_stats_of(b->chase)->forgot;
        sum->refused += mw_chase_stats_of(b->chase)->refused;
    }
    sum->blanked = b->blank.blanked;
    all.sub_bands = (unsigned)b->plan.subs;
    all.sub_rate = b->rate / b->decimation;
    return all;
}

size_t mw_band_memory(const mw_band *b) {
    if (b->single != NULL)
        return sizeof *b + mw_receiver_memory(b->single);
    return sizeof *b + mw_bank_memory(b->bank) + mw_band_work_memory(b->work) +
           2 * sizeof(float) * (b->room + 2 * b->slab * b->plan.channels) +
           b->found_room * sizeof *b->found +
           (b->chase != NULL ? mw_chase_memory(b->chase) +
                                   b->plan.subs * MW_BAND_UNDECODED_MAX * sizeof *b->waiting
                             : 0);
}
