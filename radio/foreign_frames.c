/* SPDX-License-Identifier: Apache-2.0 */
#include "radio/foreign_frames.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

#define RECENT_MAX 64u

typedef struct recent { /* a frame that was reported, or a Sigfox copy that was passed on */
    mw_framer_result result;
    mw_radio_kind kind;
    uint32_t word;
    double first;
    double hz;
} recent;

struct mw_foreign_frames {
    mw_receiver_config config;
    mw_receiver_sink sink;
    void *user;
    double rate;
    mw_foreign *engine;
    mw_sigfox_joiner *joiner;
    mw_framer_tools tools;
    mw_foreign_place place;
    recent recent[RECENT_MAX];
    size_t recent_count; /* ever added in this segment */
    uint64_t frames, duplicates;
};

static void on_burst(void *user, const mw_foreign_burst *b);

static void on_joined(void *user, const mw_receiver_frame *frame) {
    mw_foreign_frames *f = user;
    f->frames++;
    f->sink(f->user, frame);
}

mw_status mw_foreign_frames_new(const mw_receiver_config *config, mw_receiver_sink sink, void *user,
                                mw_foreign_frames **out_frames) {
    mw_foreign_frames *f = calloc(1, sizeof *f);
    if (f == NULL)
        return MW_NOMEM;
    f->config = *config;
    f->sink = sink;
    f->user = user;
    f->rate = (double)config->rate_mhz / 1000;
    mw_foreign_config c = {.rate_mhz = config->rate_mhz,
                           .centre = config->centre,
                           .low = config->low,
                           .high = config->high,
                           .network_count = config->network_count};
    memcpy(c.networks, config->networks, sizeof c.networks);
    mw_status s = mw_foreign_new(&c, on_burst, f, &f->engine);
    if (s == MW_OK && config->copy_sink == NULL)
        s = mw_sigfox_joiner_new(f->rate, on_joined, f, &f->joiner);
    if (s != MW_OK) {
        mw_foreign_frames_free(f);
        return s;
    }
    *out_frames = f;
    return MW_OK;
}

void mw_foreign_frames_free(mw_foreign_frames *f) {
    if (f == NULL)
        return;
    mw_foreign_free(f->engine);
    mw_sigfox_joiner_free(f->joiner);
    free(f);
}

size_t mw_foreign_frames_history(const mw_foreign_frames *f) {
    return mw_foreign_history(f->engine);
}

double mw_foreign_frames_slowest(const mw_foreign_frames *f) {
    return mw_foreign_slowest(f->engine);
}

size_t mw_foreign_frames_memory(const mw_foreign_frames *f) {
    return sizeof *f + mw_foreign_memory(f->engine) +
           (f->joiner != NULL ? mw_sigfox_joiner_memory() : 0);
}

void mw_foreign_frames_stats(const mw_foreign_frames *f, mw_receiver_stats *io_stats) {
    io_stats->foreign_bursts = mw_foreign_stats_of(f->engine).bursts;
    io_stats->foreign_frames = f->frames;
    if (f->joiner != NULL)
        io_stats->sigfox_joined = mw_sigfox_joiner_joined(f->joiner);
}

/* ---- Frames -----------------------------------------------------------------------------------*/

/* Read before from a neighbouring candidate? Takes note of it otherwise. */
static bool seen_before(mw_foreign_frames *f, const mw_foreign_burst *b,
                        const mw_framer_result *r) {
    size_t n = f->recent_count < RECENT_MAX ? f->recent_count : RECENT_MAX;
    double near = 3 * f->rate / b->baud;
    for (size_t i = 0; i < n; i++) {
        const recent *o = &f->recent[i];
        if (o->kind == b->framer->kind && fabs(o->first - b->first) < near &&
            (r->payload_bytes > 0 ? o->result.payload_bytes == r->payload_bytes &&
                                        memcmp(o->result.payload, r->payload, r->payload_bytes) == 0
                                  : fabs(o->hz - b->hz) < b->baud))
            return true;
    }
    f->recent[f->recent_count++ % RECENT_MAX] =
        (recent){*r, b->framer->kind, b->word.bits, b->first, b->hz};
    return false;
}

static int32_t centi(double db) {
    return (int32_t)lround(100 * db);
}

static void reception_of(const mw_foreign_frames *f, const mw_foreign_burst *b, double es_n0,
                         double amplitude, mw_receiver_frame *out) {
    double begin = floor(b->first + 0.5);
    const mw_foreign_place *p = &f->place;
    *out = (mw_receiver_frame){
        .first_index = begin > 0 ? p->base + (uint64_t)begin : p->base,
        .start = p->anchor,
        .start_uncertainty_us = p->uncertainty_us,
        .frequency = {f->config.centre.mhz + llround(b->hz * 1000)},
        .drift_mhz_per_s = (int32_t)lround(b->drift * 1000),
        .level = {centi(20 * log10(amplitude + 1e-30) + f->config.full_scale_dbm)},
        .snr = {centi(10 * log10(es_n0 + 1e-30))},
        .kind = (uint8_t)b->framer->kind,
        .baud = b->baud,
        .counter = -1,
    };
    if (!mw_utc_is_none(p->anchor)) {
        double since = (double)(int64_t)(out->first_index - p->anchor_index);
        out->start.us += llround(since * 1e6 / f->rate);
    }
}

/* The bits as they are, for copies that cannot be read. */
static void hard_bits(const mw_foreign_burst *b, uint8_t out[MW_FRAMER_BITS_MAX / 8]) {
    memset(out, 0, MW_FRAMER_BITS_MAX / 8);
    for (size_t i = 0; i < b->word.after; i++)
        out[i / 8] = (uint8_t)(out[i / 8] | (unsigned)(b->soft[i] < 0) << (7 - i % 8));
}

static void take_copy(mw_foreign_frames *f, const mw_foreign_burst *b) {
    mw_sigfox_type type;
    mw_status s = mw_sigfox_type_of((uint16_t)(b->word.bits & 0xFFF), &type);
    mw_assert(s == MW_OK);
    mw_sigfox_copy copy = {
        .rank = type.copy, .content_bytes = type.content_bytes, .coherence = b->coherence};
    copy.alone = b->framer->read(&f->tools, &b->word, b->soft, &copy.result) == MW_OK;
    if (seen_before(f, b, &copy.result))
        return;
    uint8_t bits[MW_FRAMER_BITS_MAX / 8];
    double es_n0, amplitude;
    hard_bits(b, bits);
    mw_foreign_measure(b, bits, b->word.after, &es_n0, &amplitude);
    if (es_n0 < 3) { /* wrong decisions would count as signal */
        double noise = amplitude * amplitude * (1 + 1 / es_n0) - b->amplitude * b->amplitude;
        amplitude = b->amplitude;
        es_n0 = noise > 0 ? amplitude * amplitude / noise : es_n0;
    }
    reception_of(f, b, es_n0, amplitude, &copy.reception);
    memcpy(copy.soft, b->soft, b->word.after * sizeof copy.soft[0]);
    memcpy(copy.symbol, b->symbol, b->word.after * sizeof copy.symbol[0]);
    if (f->config.copy_sink != NULL)
        f->config.copy_sink(f->user, &copy);
    else
        mw_sigfox_joiner_push(f->joiner, &copy);
}

static void take_frame(mw_foreign_frames *f, const mw_foreign_burst *b) {
    mw_framer_result r;
    if (b->share < b->framer->share_min ||
        b->framer->read(&f->tools, &b->word, b->soft, &r) != MW_OK)
        return;
    if (seen_before(f, b, &r)) {
        f->duplicates++;
        return;
    }
    double es_n0, amplitude;
    mw_receiver_frame out;
    mw_foreign_measure(b, r.again, r.symbols, &es_n0, &amplitude);
    reception_of(f, b, es_n0, amplitude, &out);
    out.payload_bytes = r.payload_bytes;
    memcpy(out.payload, r.payload, r.payload_bytes);
    out.identity = r.identity;
    out.identity_bytes = r.identity_bytes;
    out.counter = r.counter;
    out.copies = 1;
    out.symbols = r.symbols;
    for (size_t i = 0; i < r.symbols; i++)
        out.symbol_errors = (uint16_t)(out.symbol_errors +
                                       ((r.again[i / 8] >> (7 - i % 8) & 1) != (b->soft[i] < 0)));
    out.quality = (uint8_t)lround(100 * mw_framer_agreement(b->soft, r.again, r.symbols));
    f->frames++;
    f->sink(f->user, &out);
}

static void on_burst(void *user, const mw_foreign_burst *b) {
    mw_foreign_frames *f = user;
    if (b->framer->kind == MW_RADIO_SIGFOX)
        take_copy(f, b);
    else
        take_frame(f, b);
}

/* ---- Time -------------------------------------------------------------------------------------*/

static uint64_t engine_safe(const mw_foreign_frames *f, uint64_t base, uint64_t safe) {
    double at = mw_foreign_horizon(f->engine);
    uint64_t index = at > 0 ? at < 9e18 ? base + (uint64_t)at : UINT64_MAX : base;
    return index < safe ? index : safe;
}

void mw_foreign_frames_run(mw_foreign_frames *f, const mw_history *h, const mw_foreign_place *place,
                           bool all) {
    f->place = *place;
    mw_foreign_run(f->engine, h, all);
    if (f->joiner != NULL)
        mw_sigfox_joiner_advance(f->joiner, engine_safe(f, place->base, UINT64_MAX));
}

void mw_foreign_frames_restart(mw_foreign_frames *f, uint64_t next) {
    mw_foreign_restart(f->engine);
    f->recent_count = 0;
    if (f->joiner != NULL)
        mw_sigfox_joiner_advance(f->joiner, next);
}

void mw_foreign_frames_flush(mw_foreign_frames *f) {
    if (f->joiner != NULL)
        mw_sigfox_joiner_flush(f->joiner);
}

uint64_t mw_foreign_frames_safe(const mw_foreign_frames *f, uint64_t base, uint64_t safe) {
    safe = engine_safe(f, base, safe);
    if (f->joiner != NULL) {
        uint64_t at = mw_sigfox_joiner_horizon(f->joiner);
        safe = at < safe ? at : safe;
    }
    return safe;
}
