/* SPDX-License-Identifier: Apache-2.0 */
#include "station/schedule.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "station/schedule_internal.h"

/* Copies of one frame are heard within this time: three of 12 s and two gaps of 10 s at 50 Bd. */
#define SAME_FRAME_US (INT64_C(120) * MW_US_PER_S)
/* Two guesses agree when they are this close: frames are timed to a tenth of a symbol, and an
 * oscillator moves by 2 Hz/s at most for a minute. */
#define AGREE_SYMBOLS_US(rate) (2 * MW_US_PER_S / (int64_t)mw_unb_rate_bd(rate))
#define AGREE_PPB              300
/* Beyond the crystals' tolerance: the receiver's own error. */
#define OFFSET_SLACK_PPB 1000

const char *mw_downlink_state_name(mw_downlink_state s) {
    static const char *const names[MW_DOWNLINK_STATE_COUNT] = {"sent",    "too_late", "no_duty",
                                                               "expired", "refused",  "cancelled"};
    return names[s];
}

mw_status mw_schedule_new(const mw_schedule_config *config, mw_schedule **out_schedule) {
    mw_schedule *s = calloc(1, sizeof *s);
    if (s == NULL)
        return MW_NOMEM;
    s->config = *config;
    s->promised = MW_UTC_NONE;
    s->busy = MW_UTC_NONE;
    *out_schedule = s;
    return MW_OK;
}

void mw_schedule_free(mw_schedule *s) {
    free(s);
}

size_t mw_schedule_entries(const mw_schedule *s) {
    return s->entries_n;
}

mw_utc mw_schedule_watermark(const mw_schedule *s) {
    return s->promised;
}

/* ---- results ---- */

static void result_put(mw_schedule *s, uint64_t id, mw_downlink_state state, mw_utc at,
                       mw_freq frequency, mw_unb_rate rate, const char *reason) {
    if (s->results_n == MW_SCHEDULE_RESULTS_MAX)
        return; /* as many as that have no room in the spool; the platform lets entries expire */
    mw_downlink_result *r =
        &s->results[(s->results_first + s->results_n++) % MW_SCHEDULE_RESULTS_MAX];
    *r = (mw_downlink_result){
        .id = id, .state = state, .at = at, .frequency = frequency, .rate = rate};
    (void)snprintf(r->reason, sizeof r->reason, "%s", reason);
}

bool mw_schedule_result(const mw_schedule *s, mw_downlink_result *out_result) {
    if (s->results_n == 0)
        return false;
    *out_result = s->results[s->results_first];
    return true;
}

void mw_schedule_result_drop(mw_schedule *s) {
    mw_assert(s->results_n > 0);
    s->results_first = (s->results_first + 1) % MW_SCHEDULE_RESULTS_MAX;
    s->results_n--;
}

/* ---- entries ---- */

static schedule_entry *entry_of(mw_schedule *s, uint64_t id) {
    for (size_t k = 0; k < s->entries_n; k++)
        if (s->entries[k].d.id == id)
            return &s->entries[k];
    return NULL;
}

static bool is_done(const mw_schedule *s, uint64_t id) {
    for (size_t i = 0; i < SCHEDULE_DONE_MAX; i++)
        if (s->done[i].id == id && s->done[i].expires_at.us != 0)
            return true;
    return false;
}

static void remember(mw_schedule *s, uint64_t id, mw_utc expires_at) {
    s->done[s->done_next].id = id;
    s->done[s->done_next].expires_at = expires_at;
    s->done_next = (s->done_next + 1) % SCHEDULE_DONE_MAX;
}

/* The last one takes its place: pointers to entries are good until the next one ends. */
static void entry_drop(mw_schedule *s, schedule_entry *e) {
    *e = s->entries[--s->entries_n];
}

static void entry_end(mw_schedule *s, schedule_entry *e, mw_downlink_state state, mw_utc at,
                      mw_freq frequency, const char *reason) {
    result_put(s, e->d.id, state, at, frequency, e->d.rate, reason);
    remember(s, e->d.id, e->d.expires_at);
    entry_drop(s, e);
}

static void reason_of_duty(mw_utc soonest, char out[MW_SCHEDULE_REASON_MAX]) {
    char at[MW_UTC_TEXT_MAX];
    if (mw_utc_is_none(soonest)) {
        (void)snprintf(out, MW_SCHEDULE_REASON_MAX, "longer than the duty of an hour allows");
        return;
    }
    mw_utc_format(mw_utc_of_s(mw_utc_floor_s(soonest) + 1), at);
    (void)snprintf(out, MW_SCHEDULE_REASON_MAX,
                   "the duty of the sub-band is used up; possible at %s", at);
}

/* ---- what the platform says ---- */

/* Why an entry can never be sent; NULL when it can. */
static const char *impossible(const mw_schedule *s, const mw_downlink *d, unsigned *out_band) {
    const mw_unb_plan *plan = s->config.plan;
    if (!mw_unb_allowed(d->rate, d->size))
        return "a frame of this size is not sent at this rate";
    if (d->mode == MW_DOWNLINK_BROADCAST) {
        *out_band = d->band;
        if (d->band >= plan->bands || plan->band[d->band].direction != MW_UNB_DOWN ||
            (plan->band[d->band].rates >> d->rate & 1) == 0)
            return "not a downlink sub-band of this station's plan";
    } else if (mw_unb_plan_band(plan, MW_UNB_DOWN, d->rate, 0, out_band) != MW_OK) {
        return "the plan has no downlink at this rate";
    }
    if (schedule_length_us(d->rate, d->size) > mw_airtime_budget_us(plan, *out_band))
        return "longer than the duty of an hour allows";
    if (d->mode == MW_DOWNLINK_TIMED && d->answers_epoch != s->config.epoch)
        return "answers an uplink of another spool";
    return NULL;
}

/* When the air is free for a broadcast that found it taken. */
static mw_utc free_from(const mw_schedule *s, const schedule_entry *e) {
    int64_t length = schedule_length_us(e->d.rate, e->d.size), tail = schedule_tail_us(e->d.rate);
    int64_t from = e->d.at.us - tail;
    if (from < s->busy.us)
        from = s->busy.us;
    for (size_t i = 0; i < s->chances_n;) {
        const schedule_chance *p = &s->chances[i];
        int64_t p_from = p->start.us - p->tail_us;
        int64_t p_end = p_from + p->length_us + MW_SCHEDULE_GUARD_US;
        if (!p->placed || from >= p_end || from + length + MW_SCHEDULE_GUARD_US <= p_from) {
            i++;
            continue;
        }
        from = p_end;
        i = 0;
    }
    return (mw_utc){from + tail};
}

/* A broadcast that does not fit is refused at once, with the moment at which it would. */
static void check_fit(mw_schedule *s, schedule_entry *e, mw_utc now) {
    char reason[MW_SCHEDULE_REASON_MAX], at[MW_UTC_TEXT_MAX];
    schedule_plan(s);
    for (size_t i = 0; i < s->chances_n; i++) {
        if (s->chances[i].entry != e || s->chances[i].placed)
            continue;
        if (e->no_duty) {
            reason_of_duty(e->soonest, reason);
            entry_end(s, e, MW_DOWNLINK_NO_DUTY, now, (mw_freq){0}, reason);
            return;
        }
        mw_utc_format(free_from(s, e), at);
        (void)snprintf(reason, sizeof reason, "the air is taken then; free at %s", at);
        entry_end(s, e, MW_DOWNLINK_REFUSED, now, (mw_freq){0}, reason);
        return;
    }
}

void mw_schedule_add(mw_schedule *s, const mw_downlink *d, mw_utc now) {
    unsigned band = 0;
    schedule_entry *e = entry_of(s, d->id);
    if (e != NULL) {
        e->told = true;
        return;
    }
    if (is_done(s, d->id))
        return;
    const char *why = impossible(s, d, &band);
    if (s->entries_n == MW_SCHEDULE_ENTRIES_MAX)
        why = "more entries than a station holds";
    if (why != NULL) {
        result_put(s, d->id, MW_DOWNLINK_REFUSED, now, (mw_freq){0}, d->rate, why);
        remember(s, d->id, d->expires_at);
        return;
    }
    if (d->mode != MW_DOWNLINK_ANSWER && d->at.us - schedule_tail_us(d->rate) <
                                             (mw_utc_is_none(s->promised) ? now : s->promised).us) {
        result_put(s, d->id, MW_DOWNLINK_TOO_LATE, now, (mw_freq){0}, d->rate,
                   "came after its moment");
        remember(s, d->id, d->expires_at);
        return;
    }
    e = &s->entries[s->entries_n++];
    *e = (schedule_entry){.d = *d, .order = ++s->order, .told = true, .missed = ""};
    if (d->mode == MW_DOWNLINK_BROADCAST)
        check_fit(s, e, now);
}

void mw_schedule_refuse(mw_schedule *s, uint64_t id, const char *reason, mw_utc now) {
    if (entry_of(s, id) != NULL || is_done(s, id))
        return;
    result_put(s, id, MW_DOWNLINK_REFUSED, now, (mw_freq){0}, MW_UNB_R1, reason);
    remember(s, id, (mw_utc){now.us + 1});
}

void mw_schedule_cancel(mw_schedule *s, uint64_t id, mw_utc now) {
    schedule_entry *e = entry_of(s, id);
    if (e != NULL && !e->in_flight)
        entry_end(s, e, MW_DOWNLINK_CANCELLED, now, (mw_freq){0}, "");
}

void mw_schedule_hello(mw_schedule *s) {
    for (size_t k = 0; k < s->entries_n; k++)
        s->entries[k].told = false;
}

void mw_schedule_synced(mw_schedule *s) {
    for (size_t k = s->entries_n; k-- > 0;) {
        schedule_entry *e = &s->entries[k];
        if (!e->told && !e->in_flight)
            entry_drop(s, e);
    }
}

/* ---- uplinks ---- */

static void guess_add(schedule_heard *h, const mw_unb_plan *plan, unsigned band, unsigned copy) {
    const mw_schedule_uplink *u = &h->u;
    mw_unb_slot slot;
    if (h->guesses == SCHEDULE_GUESSES_MAX ||
        mw_unb_slot_of(plan, band, u->rate, u->size, u->address, u->counter, copy, &slot) != MW_OK)
        return;
    int64_t ppb = (u->frequency.mhz - slot.carrier.mhz) * 1000 / (slot.carrier.mhz / 1000000);
    int64_t most = (int64_t)plan->crystal_ppm * 1000 + OFFSET_SLACK_PPB;
    if (ppb > most || ppb < -most)
        return;
    h->guess[h->guesses++] =
        (schedule_guess){.copy = (uint8_t)copy,
                         .first = mw_utc_add(u->start, (mw_dur){-slot.start.ns}),
                         .offset_ppb = (int32_t)ppb,
                         .nominal = slot.carrier};
}

static void guess_all(schedule_heard *h, const mw_unb_plan *plan) {
    unsigned band;
    for (unsigned from = 0; mw_unb_plan_band(plan, MW_UNB_UP, h->u.rate, from, &band) == MW_OK;
         from = band + 1)
        for (unsigned copy = 0; copy < MW_UNB_COPIES_MAX; copy++)
            guess_add(h, plan, band, copy);
}

static bool same_frame(const mw_schedule_uplink *a, const mw_schedule_uplink *b) {
    int64_t apart = a->start.us - b->start.us;
    return a->address == b->address && a->counter == b->counter && a->rate == b->rate &&
           a->size == b->size && apart < SAME_FRAME_US && apart > -SAME_FRAME_US;
}

static schedule_heard *heard_of(mw_schedule *s, const mw_schedule_uplink *u) {
    for (size_t i = 0; i < s->heard_n; i++)
        if (same_frame(&s->heard[i].u, u))
            return &s->heard[i];
    return NULL;
}

/* Keeps the guesses that the further copy agrees with, if there are any. */
static void guess_narrow(schedule_heard *h, const schedule_heard *other) {
    schedule_guess kept[SCHEDULE_GUESSES_MAX];
    uint8_t n = 0;
    for (unsigned i = 0; i < h->guesses; i++) {
        const schedule_guess *g = &h->guess[i];
        for (unsigned k = 0; k < other->guesses; k++) {
            const schedule_guess *o = &other->guess[k];
            int64_t apart = g->first.us - o->first.us, ppb = g->offset_ppb - o->offset_ppb;
            if (apart < AGREE_SYMBOLS_US(h->u.rate) && apart > -AGREE_SYMBOLS_US(h->u.rate) &&
                ppb < AGREE_PPB && ppb > -AGREE_PPB) {
                /* the newer copy's offset: a crystal moves */
                kept[n] = *g;
                kept[n++].offset_ppb = o->offset_ppb;
                break;
            }
        }
    }
    if (n == 0)
        return;
    memcpy(h->guess, kept, n * sizeof kept[0]);
    h->guesses = n;
}

/* No window of this frame is open after this. */
static mw_utc last_window(const mw_unb_plan *plan, const schedule_heard *h) {
    mw_dur after = {plan->window_delay[h->u.rate].ns + plan->window[h->u.rate].ns};
    return mw_utc_add((mw_utc){h->u.start.us + SAME_FRAME_US}, after);
}

void mw_schedule_heard(mw_schedule *s, const mw_schedule_uplink *u) {
    if (u->address == 0 || mw_utc_is_none(u->start))
        return;
    schedule_heard fresh = {.u = *u};
    guess_all(&fresh, s->config.plan);
    schedule_heard *h = heard_of(s, u);
    if (h != NULL) {
        guess_narrow(h, &fresh);
    } else {
        h = &s->heard[s->heard_next];
        s->heard_next = (s->heard_next + 1) % MW_SCHEDULE_HEARD_MAX;
        if (s->heard_n < MW_SCHEDULE_HEARD_MAX)
            s->heard_n++;
        *h = fresh;
        h->until = last_window(s->config.plan, h);
    }
    if (h->guesses == 1)
        s->offsets[u->address % SCHEDULE_OFFSETS] =
            (schedule_known_offset){u->address, h->guess[0].offset_ppb};
}

void mw_schedule_numbered(mw_schedule *s, const mw_schedule_uplink *u, uint64_t seq) {
    schedule_heard *h = heard_of(s, u);
    for (unsigned k = 0; h != NULL && k < MW_UNB_COPIES_MAX; k++) {
        if (h->seq[k] == 0 || h->seq[k] == seq) {
            h->seq[k] = seq;
            return;
        }
    }
}

/* ---- deciding ---- */

static void end_old(mw_schedule *s, mw_utc now) {
    char reason[MW_SCHEDULE_REASON_MAX];
    for (size_t k = s->entries_n; k-- > 0;) {
        schedule_entry *e = &s->entries[k];
        if (e->in_flight)
            continue;
        bool dated = e->d.mode != MW_DOWNLINK_ANSWER;
        mw_utc last = dated && e->d.at.us < e->d.expires_at.us ? e->d.at : e->d.expires_at;
        if (last.us - schedule_tail_us(e->d.rate) >= s->promised.us)
            continue;
        if (e->no_duty) {
            reason_of_duty(e->soonest, reason);
            entry_end(s, e, MW_DOWNLINK_NO_DUTY, now, (mw_freq){0}, reason);
        } else if (dated) {
            entry_end(s, e, MW_DOWNLINK_TOO_LATE, now, (mw_freq){0},
                      e->missed[0] != 0 ? e->missed : "its uplink is not known here");
        } else {
            entry_end(s, e, MW_DOWNLINK_EXPIRED, now, (mw_freq){0},
                      e->missed[0] != 0 ? e->missed : "no uplink was heard in time");
        }
    }
}

static bool commit(mw_schedule *s, const schedule_chance *c, mw_schedule_burst *out) {
    schedule_entry *e = c->entry;
    mw_utc from = {c->start.us - c->tail_us};
    if (c->heard != NULL)
        c->heard->answered = true;
    if (mw_airtime_book(s->config.airtime, c->band, from, c->length_us) != MW_OK) {
        e->missed = "the airtime could not be booked";
        if (c->heard == NULL)
            e->d.expires_at = from; /* its only moment has passed */
        return false;
    }
    e->in_flight = true;
    s->busy = (mw_utc){from.us + c->length_us + MW_SCHEDULE_GUARD_US};
    *out = (mw_schedule_burst){.id = e->d.id,
                               .start = c->start,
                               .length_us = c->length_us,
                               .carrier = c->carrier,
                               .band = c->band,
                               .rate = e->d.rate,
                               .size = e->d.size};
    memcpy(out->payload, e->d.payload, sizeof out->payload);
    return true;
}

bool mw_schedule_next(mw_schedule *s, mw_utc now, mw_schedule_burst *out_burst) {
    mw_utc horizon = mw_utc_add(now, s->config.lead);
    for (;;) {
        schedule_plan(s);
        const schedule_chance *first = NULL;
        for (size_t i = 0; i < s->chances_n; i++) {
            const schedule_chance *c = &s->chances[i];
            if (c->placed && c->start.us - c->tail_us < horizon.us &&
                (first == NULL || c->start.us < first->start.us))
                first = c;
        }
        if (first == NULL)
            break;
        if (commit(s, first, out_burst))
            return true;
    }
    if (horizon.us > s->promised.us)
        s->promised = horizon;
    end_old(s, now);
    return false;
}

void mw_schedule_done(mw_schedule *s, const mw_schedule_burst *burst, mw_downlink_state state,
                      const char *reason) {
    schedule_entry *e = entry_of(s, burst->id);
    if (e == NULL)
        return;
    mw_freq carrier = state == MW_DOWNLINK_SENT ? burst->carrier : (mw_freq){0};
    entry_end(s, e, state, burst->start, carrier, reason);
}
