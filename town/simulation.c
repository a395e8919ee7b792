/* SPDX-License-Identifier: Apache-2.0 */
#include "town/simulation.h"

#include <stdlib.h>

#include "base/assert.h"

/* ---- the queue of wakes ---- */

static bool earlier(const mw_town_simulation *s, size_t a, size_t b) {
    mw_utc x = mw_town_meter_wake(&s->meters[s->queue[a]]);
    mw_utc y = mw_town_meter_wake(&s->meters[s->queue[b]]);
    /* Equal times go by number, so that a replay takes the same order. */
    return x.us != y.us ? x.us < y.us : s->queue[a] < s->queue[b];
}

static void sink(mw_town_simulation *s, size_t at) {
    for (;;) {
        size_t least = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < s->count; child++) {
            if (earlier(s, child, least))
                least = child;
        }
        if (least == at)
            return;
        uint32_t swapped = s->queue[at];
        s->queue[at] = s->queue[least];
        s->queue[least] = swapped;
        at = least;
    }
}

/* ---- life ---- */

static void tell_book(void *context, const mw_town_truth *t) {
    mw_town_book_truth(context, t);
}

void mw_town_simulation_close(mw_town_simulation *s) {
    if (s == NULL)
        return;
    for (size_t i = 0; i < s->count; i++)
        mw_town_meter_fini(&s->meters[i]);
    free(s->meters);
    free(s->queue);
    *s = (mw_town_simulation){0};
}

mw_status mw_town_simulation_open(const mw_town_population *p, const mw_town_terms *terms,
                                  mw_town_air *air, mw_town_book *book,
                                  mw_town_simulation *out_simulation) {
    mw_town_simulation s = {.air = air, .book = book};
    s.meters = calloc(p->count, sizeof *s.meters);
    s.queue = calloc(p->count, sizeof *s.queue);
    mw_status status = s.meters == NULL || s.queue == NULL ? MW_NOMEM : MW_OK;
    while (status == MW_OK && s.count < p->count) {
        status = mw_town_meter_init(&s.meters[s.count], &p->devices[s.count], p->seed, terms);
        if (status == MW_OK) {
            mw_town_meter_tell_start(&s.meters[s.count], tell_book, book);
            s.queue[s.count] = (uint32_t)s.count;
            s.count++;
        }
    }
    if (status != MW_OK) {
        mw_town_simulation_close(&s);
        return status;
    }
    for (size_t at = s.count / 2; at-- > 0;)
        sink(&s, at);
    *out_simulation = s;
    return MW_OK;
}

static mw_status transmit(mw_town_simulation *s, const mw_town_meter *m,
                          const mw_meter_transmission *tx) {
    bool lost = true;
    mw_utc first = mw_host_crystal_utc(&m->crystal, tx->copy[0].start);
    for (unsigned copy = 0; copy < tx->copies; copy++) {
        bool faded;
        mw_utc start = mw_host_crystal_utc(&m->crystal, tx->copy[copy].start);
        MW_TRY(mw_town_air_send(s->air, m->device, m->crystal.ppb, tx, copy, start, &faded));
        lost = lost && faded;
    }
    return mw_town_book_frame(s->book, m->device, tx, first, lost);
}

void mw_town_simulation_listen(mw_town_simulation *s, mw_town_hear_fn *hear, void *context) {
    s->hear = hear;
    s->hear_context = context;
}

/* A receive window has ended. */
static mw_status hear(mw_town_simulation *s, mw_town_meter *m) {
    mw_town_hearing hearing = MW_TOWN_NOTHING;
    mw_town_heard heard;
    mw_utc later;
    mw_status taken;
    if (s->hear != NULL)
        MW_TRY(s->hear(s->hear_context, m, m->hear_at, &hearing, &heard, &later));
    if (hearing == MW_TOWN_LATER) {
        mw_assert(later.us > m->hear_at.us);
        m->hear_at = later;
        return MW_OK;
    }
    if (hearing == MW_TOWN_NOTHING) {
        mw_town_meter_window_end(m);
        return MW_OK;
    }
    mw_unb_rate rate = m->listen.rate;
    MW_TRY(mw_town_meter_downlink(m, heard.start, (mw_slice){heard.payload, heard.payload_bytes},
                                  &taken));
    mw_town_book_downlink(s->book, m->device, &heard, rate, taken, mw_town_meter_clock_error_ms(m));
    return MW_OK;
}

void mw_town_simulation_push(mw_town_simulation *s, mw_town_push_fn *push, void *context) {
    s->push = push;
    s->push_context = context;
}

/* Reports go one by one, each when the one before is confirmed. */
static void deliver(mw_town_simulation *s, mw_town_meter *m) {
    uint8_t answer[256];
    size_t n = 0;
    const mw_town_report *r;
    mw_town_report done;
    while (s->push != NULL && (r = mw_town_electric_pending(m->electric)) != NULL) {
        if (s->push(s->push_context, (mw_slice){r->bytes, r->n}, MW_SPAN_OF(answer), &n) != MW_OK ||
            mw_town_electric_confirm(m->electric, (mw_slice){answer, n}, &done) != MW_OK)
            return;
        mw_town_book_push(s->book, m->device, &done);
    }
}

mw_status mw_town_simulation_deliver(mw_town_simulation *s, size_t *out_waiting) {
    *out_waiting = 0;
    for (size_t i = 0; i < s->count; i++) {
        if (!s->meters[i].device->pushes)
            continue;
        deliver(s, &s->meters[i]);
        *out_waiting += s->meters[i].electric->count;
    }
    return mw_town_book_flush(s->book);
}

mw_status mw_town_simulation_advance(mw_town_simulation *s, mw_utc until) {
    for (;;) {
        mw_town_meter *m = &s->meters[s->queue[0]];
        if (mw_town_meter_wake(m).us > until.us)
            return MW_OK;
        if (mw_town_meter_hears(m)) {
            MW_TRY(hear(s, m));
            sink(s, 0);
            continue;
        }
        mw_meter_outputs out = {0};
        MW_TRY(mw_town_meter_step(m, tell_book, s->book, &out));
        /* What goes over networks of others is not on our air. */
        if (out.transmit && out.tx.medium == MW_CARRIER_UNB)
            MW_TRY(transmit(s, m, &out.tx));
        if (m->device->pushes)
            deliver(s, m);
        sink(s, 0);
    }
}
