/* SPDX-License-Identifier: Apache-2.0
 *
 * The planning half of the schedule: which windows are there, and who gets the air.
 */
#include <stdlib.h>

#include "base/assert.h"
#include "protocols/unb/pulse.h"
#include "station/schedule_internal.h"

#define HOUR_US (INT64_C(3600) * MW_US_PER_S)

int64_t schedule_length_us(mw_unb_rate rate, mw_unb_size size) {
    return (mw_unb_airtime(rate, size).ns + 999) / 1000;
}

int64_t schedule_tail_us(mw_unb_rate rate) {
    return (MW_UNB_PULSE_SPAN - 1) * MW_US_PER_S / 2 / (int64_t)mw_unb_rate_bd(rate);
}

static int64_t magnitude(int64_t v) {
    return v < 0 ? -v : v;
}

/* ---- which copy was it? ---- */

bool schedule_window(const mw_schedule *s, const schedule_heard *h, unsigned copies,
                     mw_utc *out_open, const schedule_guess **out_guess) {
    const schedule_known_offset *known = &s->offsets[h->u.address % SCHEDULE_OFFSETS];
    int64_t middle = known->address == h->u.address ? known->ppb : 0;
    const schedule_guess *best = NULL;
    for (unsigned i = 0; i < h->guesses; i++) {
        const schedule_guess *g = &h->guess[i];
        if (g->copy >= copies)
            continue;
        if (best == NULL ||
            magnitude(g->offset_ppb - middle) < magnitude(best->offset_ppb - middle))
            best = g;
    }
    mw_unb_slot last;
    unsigned band = 0;
    if (best == NULL || mw_unb_plan_band(s->config.plan, MW_UNB_UP, h->u.rate, 0, &band) != MW_OK ||
        mw_unb_slot_of(s->config.plan, band, h->u.rate, h->u.size, h->u.address, h->u.counter,
                       copies - 1, &last) != MW_OK)
        return false;
    mw_utc end =
        mw_utc_add(mw_utc_add(best->first, last.start), mw_unb_airtime(h->u.rate, h->u.size));
    *out_open = mw_utc_add(end, s->config.plan->window_delay[h->u.rate]);
    *out_guess = best;
    return true;
}

/* ---- chances ---- */

static schedule_chance *chance_new(mw_schedule *s, schedule_entry *e, unsigned band) {
    mw_assert(s->chances_n < SCHEDULE_CHANCES_MAX);
    schedule_chance *c = &s->chances[s->chances_n];
    *c = (schedule_chance){.entry = e,
                           .tail_us = schedule_tail_us(e->d.rate),
                           .length_us = schedule_length_us(e->d.rate, e->d.size),
                           .band = band};
    return c;
}

/* Keeps a chance that still lies ahead. */
static void chance_keep(mw_schedule *s, schedule_chance *c) {
    if (c->latest.us - c->tail_us < s->promised.us || c->start.us > c->entry->d.expires_at.us)
        return;
    if (c->start.us - c->tail_us < s->promised.us)
        c->start.us = s->promised.us + c->tail_us;
    if (c->latest.us > c->entry->d.expires_at.us)
        c->latest = c->entry->d.expires_at;
    c->entry->claimed = true;
    s->chances_n++;
}

static bool carrier_of_answer(const mw_schedule *s, const schedule_heard *h,
                              const schedule_guess *g, unsigned band, mw_freq *out_carrier) {
    mw_freq nominal;
    if (mw_unb_answer_carrier(s->config.plan, band, h->u.rate, h->u.address, h->u.counter,
                              &nominal) != MW_OK)
        return false;
    /* the same share of the carrier: both come from the meter's one crystal */
    out_carrier->mhz = nominal.mhz + nominal.mhz / 1000000 * g->offset_ppb / 1000;
    return true;
}

static void chance_of_answer(mw_schedule *s, schedule_entry *e, schedule_heard *h) {
    const mw_unb_plan *plan = s->config.plan;
    const schedule_guess *g;
    mw_utc open;
    unsigned band;
    if (!schedule_window(s, h, e->d.copies, &open, &g) ||
        mw_unb_plan_band(plan, MW_UNB_DOWN, e->d.rate, 0, &band) != MW_OK)
        return;
    schedule_chance *c = chance_new(s, e, band);
    c->heard = h;
    if (!carrier_of_answer(s, h, g, band, &c->carrier))
        return;
    int64_t window_us = plan->window[e->d.rate].ns / 1000;
    c->start = e->d.mode == MW_DOWNLINK_TIMED ? e->d.at : (mw_utc){open.us + window_us / 4};
    c->latest = e->d.mode == MW_DOWNLINK_TIMED ? e->d.at : (mw_utc){open.us + window_us / 4 * 3};
    chance_keep(s, c);
}

static bool entry_waits(const schedule_entry *e, mw_downlink_mode mode) {
    return !e->in_flight && !e->claimed && e->d.mode == mode;
}

static bool better(const schedule_entry *a, const schedule_entry *b) {
    return b == NULL || a->d.priority < b->d.priority ||
           (a->d.priority == b->d.priority && a->order < b->order);
}

static void list_answers(mw_schedule *s) {
    for (size_t i = 0; i < s->heard_n; i++) {
        schedule_heard *h = &s->heard[i];
        schedule_entry *best = NULL;
        if (h->answered || h->until.us < s->promised.us)
            continue;
        for (size_t k = 0; k < s->entries_n; k++) {
            schedule_entry *e = &s->entries[k];
            if (entry_waits(e, MW_DOWNLINK_ANSWER) && e->d.air_address == h->u.address &&
                e->d.rate == h->u.rate && better(e, best))
                best = e;
        }
        if (best != NULL)
            chance_of_answer(s, best, h);
    }
}

static schedule_heard *heard_of_seq(mw_schedule *s, uint64_t seq) {
    for (size_t i = 0; i < s->heard_n; i++)
        for (unsigned k = 0; k < MW_UNB_COPIES_MAX; k++)
            if (s->heard[i].seq[k] == seq)
                return &s->heard[i];
    return NULL;
}

static void list_dated(mw_schedule *s) {
    for (size_t k = 0; k < s->entries_n; k++) {
        schedule_entry *e = &s->entries[k];
        if (entry_waits(e, MW_DOWNLINK_TIMED)) {
            schedule_heard *h = heard_of_seq(s, e->d.answers_seq);
            if (h != NULL && !h->answered && h->u.address == e->d.air_address &&
                h->u.rate == e->d.rate)
                chance_of_answer(s, e, h);
        } else if (entry_waits(e, MW_DOWNLINK_BROADCAST)) {
            schedule_chance *c = chance_new(s, e, e->d.band);
            c->start = c->latest = e->d.at;
            if (mw_unb_answer_carrier(s->config.plan, e->d.band, e->d.rate, e->d.air_address,
                                      e->d.hop, &c->carrier) == MW_OK)
                chance_keep(s, c);
        }
    }
}

/* ---- who gets the air ---- */

static int compare_chances(const void *a, const void *b) {
    const schedule_chance *x = a, *y = b;
    if (x->entry->d.priority != y->entry->d.priority)
        return x->entry->d.priority < y->entry->d.priority ? -1 : 1;
    if (x->start.us != y->start.us)
        return x->start.us < y->start.us ? -1 : 1;
    return x->entry->order < y->entry->order ? -1 : 1;
}

static int64_t from_us(const schedule_chance *c) {
    return c->start.us - c->tail_us;
}

/* Moves the chance behind what is in its way. False when that leaves its window. */
static bool find_room(const mw_schedule *s, schedule_chance *c, size_t before) {
    if (from_us(c) < s->busy.us)
        c->start.us = s->busy.us + c->tail_us;
    for (size_t i = 0; i < before && c->start.us <= c->latest.us;) {
        const schedule_chance *p = &s->chances[i];
        int64_t end = from_us(p) + p->length_us + MW_SCHEDULE_GUARD_US;
        if (!p->placed || from_us(c) >= end ||
            from_us(c) + c->length_us + MW_SCHEDULE_GUARD_US <= from_us(p)) {
            i++;
            continue;
        }
        c->start.us = end + c->tail_us;
        i = 0;
    }
    return c->start.us <= c->latest.us;
}

/* Whether the duty leaves room beside what is booked and what was placed before. */
static bool find_duty(const mw_schedule *s, schedule_chance *c, size_t before) {
    int64_t planned = 0, last = INT64_MIN;
    int64_t from = from_us(c), end = from + c->length_us;
    for (size_t i = 0; i < before; i++) {
        const schedule_chance *p = &s->chances[i];
        int64_t p_end = from_us(p) + p->length_us;
        if (p->placed && p->band == c->band && p_end > end - HOUR_US && p_end - HOUR_US < end) {
            planned += p->length_us;
            last = p_end > last ? p_end : last;
        }
    }
    mw_utc soonest;
    int64_t asked = c->length_us + planned;
    if (mw_airtime_ask(s->config.airtime, c->band, (mw_utc){end - asked}, asked, &soonest) == MW_OK)
        return true;
    c->entry->no_duty = true;
    /* alone, or when the last of the better ones has left the hour */
    mw_status alone =
        mw_airtime_ask(s->config.airtime, c->band, (mw_utc){from}, c->length_us, &soonest);
    if (alone == MW_OK)
        soonest = (mw_utc){last + HOUR_US - c->length_us};
    c->entry->soonest = mw_utc_is_none(soonest) ? soonest : (mw_utc){soonest.us + c->tail_us};
    return false;
}

void schedule_plan(mw_schedule *s) {
    s->chances_n = 0;
    for (size_t k = 0; k < s->entries_n; k++)
        s->entries[k].claimed = false;
    if (s->entries_n == 0)
        return;
    list_dated(s);
    list_answers(s);
    qsort(s->chances, s->chances_n, sizeof s->chances[0], compare_chances);
    for (size_t i = 0; i < s->chances_n; i++) {
        schedule_chance *c = &s->chances[i];
        c->entry->no_duty = false;
        c->placed = false;
        if (!find_room(s, c, i))
            c->entry->missed = "another burst had the air";
        else
            c->placed = find_duty(s, c, i);
    }
}
