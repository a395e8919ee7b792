/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/validation/watch.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/validation/money.h"
#include "platform/validation/watch_internal.h"

enum { DAY_S = 86400, CHECK_AGAIN_S = 600 };

struct mw_vigil {
    mw_store *store;
    mw_channels *channels;
    mw_vigil_hooks hooks;
    mw_store_vee_meter *row; /* meters not in order, by channel */
    size_t rows, room;
    mw_stations stations;
    mw_slots slots;
    size_t at; /* slot of the table that is looked at next */
    uint32_t rounds;
    int64_t share_ppm;
    mw_vigil_turn *turn; /* of the running turn; values of the pipeline count nowhere */
};

int64_t mw_vigil_money(const mw_vee_book *b, const mw_window_channel *c, int64_t amount) {
    if (c->medium >= MW_VEE_MEDIA || amount <= 0)
        return 0;
    int64_t thousandths = b->medium[c->medium].price; /* of a kWh or m3: of 1000 Wh or L */
    int power = c->scale + (c->unit == MW_UNIT_M3 ? 3 : 0);
    for (; power > 0; power--)
        if (__builtin_mul_overflow(amount, 10, &amount))
            return INT64_MAX;
    int64_t parts = 1000;
    for (; power < 0 && parts < INT64_C(1000000000000000); power++)
        parts *= 10;
    return mw_vee_muldiv(amount, thousandths, parts);
}

/* --- the rows -------------------------------------------------------------------------------- */

static size_t row_place(const mw_vigil *w, int64_t channel) {
    size_t lo = 0, hi = w->rows;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (w->row[mid].channel < channel)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static mw_store_vee_meter *row_find(mw_vigil *w, int64_t channel) {
    size_t i = row_place(w, channel);
    return i < w->rows && w->row[i].channel == channel ? &w->row[i] : NULL;
}

static mw_status row_add(mw_vigil *w, const mw_store_vee_meter *row, mw_store_vee_meter **out) {
    if (w->rows == w->room) {
        size_t room = w->room == 0 ? 64 : w->room * 2;
        mw_store_vee_meter *more = realloc(w->row, room * sizeof *more);
        if (more == NULL)
            return MW_NOMEM;
        w->row = more;
        w->room = room;
    }
    size_t i = row_place(w, row->channel);
    memmove(&w->row[i + 1], &w->row[i], (w->rows - i) * sizeof *w->row);
    w->row[i] = *row;
    w->rows++;
    *out = &w->row[i];
    return MW_OK;
}

static void row_drop(mw_vigil *w, int64_t channel) {
    size_t i = row_place(w, channel);
    memmove(&w->row[i], &w->row[i + 1], (w->rows - i - 1) * sizeof *w->row);
    w->rows--;
}

typedef struct loading {
    mw_vigil *w;
    int64_t last;
    uint32_t n;
} loading;

static mw_status row_take(void *ctx, const mw_store_vee_meter *row) {
    loading *l = ctx;
    mw_store_vee_meter *added = NULL;
    l->last = row->channel;
    l->n++;
    return row_add(l->w, row, &added);
}

static mw_status rows_load(mw_vigil *w) {
    loading l = {.w = w, .n = 1};
    w->rows = 0;
    while (l.n > 0) {
        l.n = 0;
        MW_TRY(mw_store_vee_meters_scan(w->store, l.last, MW_STORE_PAGE_MAX, row_take, &l));
    }
    for (size_t i = 0; i < w->rows; i++) {
        mw_channel_entry *e = NULL;
        mw_status s = mw_channels_get(w->channels, w->row[i].tenant, w->row[i].channel, &e);
        if (s != MW_OK && s != MW_NOT_FOUND)
            return s;
        if (s == MW_OK)
            e->watched = true;
    }
    return MW_OK;
}

mw_status mw_vigil_new(mw_store *store, mw_channels *channels, const mw_vigil_hooks *hooks,
                       mw_vigil **out_watch) {
    mw_vigil *w = calloc(1, sizeof *w);
    if (w == NULL)
        return MW_NOMEM;
    w->store = store;
    w->channels = channels;
    w->share_ppm = 600000;
    if (hooks != NULL)
        w->hooks = *hooks;
    mw_status s = rows_load(w);
    if (s != MW_OK) {
        mw_vigil_free(w);
        return s;
    }
    *out_watch = w;
    return MW_OK;
}

void mw_vigil_free(mw_vigil *w) {
    if (w == NULL)
        return;
    free(w->row);
    mw_stations_fini(&w->stations);
    mw_slots_fini(&w->slots);
    free(w);
}

/* --- notices --------------------------------------------------------------------------------- */

static mw_status notice_give(mw_vigil *w, int64_t tenant, int64_t channel, const char *kind,
                             const char *subject, const char *text, mw_utc now) {
    if (w->turn != NULL)
        w->turn->notices++;
    mw_vigil_notice n = {.tenant = tenant,
                         .channel = channel,
                         .kind = kind,
                         .subject = subject,
                         .text = text,
                         .at = now};
    if (w->hooks.notice != NULL)
        w->hooks.notice(w->hooks.ctx, &n);
    return MW_OK;
}

static mw_status meter_notice(mw_vigil *w, const mw_store_vee_meter *m, const char *kind,
                              const char *what, mw_utc now) {
    char subject[MW_STORE_ID_MAX], text[MW_STORE_TEXT_MAX], since[MW_UTC_TEXT_MAX];
    char risk[MW_CURRENCY_TEXT_MAX];
    mw_currency currency;
    MW_TRY(mw_money_currency(w->store, m->tenant, &currency));
    mw_currency_text(&currency, m->risk_per_day, risk);
    (void)snprintf(subject, sizeof subject, "channel/%" PRId64, m->channel);
    mw_utc_format(m->silent, since);
    (void)snprintf(text, sizeof text, "%s; no value since %.16sZ, %s a day at risk", what, since,
                   risk);
    return notice_give(w, m->tenant, m->channel, kind, subject, text, now);
}

static void ask(mw_vigil *w, mw_vigil_ask what, const mw_channel_entry *e, mw_utc from, mw_utc to,
                mw_utc now) {
    if (w->hooks.ask != NULL)
        w->hooks.ask(w->hooks.ctx, what, &e->c, from, to, now);
}

/* --- the usual delay ------------------------------------------------------------------------- */

typedef struct reports {
    struct {
        mw_utc meter, received;
    } at[MW_VIGIL_REPORTS];
    uint32_t n;
} reports;

static mw_status report_take(void *ctx, const mw_store_register *row) {
    reports *r = ctx;
    if (r->n < MW_VIGIL_REPORTS && (row->quality & MW_QUALITY_CLOCK_UNSET) == 0) {
        r->at[r->n].meter = row->meter;
        r->at[r->n++].received = row->received;
    }
    return MW_OK;
}

static int by_number(const void *pa, const void *pb) {
    int64_t a = *(const int64_t *)pa, b = *(const int64_t *)pb;
    return (a > b) - (a < b);
}

/* How old the oldest value of a report usually is when it comes: a meter that reports once a day is
 * not late at noon. The upper median of the newest reports and a quarter more. */
static mw_status usual_delay(mw_vigil *w, const mw_channel_entry *e, uint32_t least_s,
                             uint32_t *out_s) {
    reports r = {.n = 0};
    int64_t delay[MW_VIGIL_REPORTS];
    size_t n = 0;
    MW_TRY(mw_store_registers(w->store, e->c.tenant, e->c.channel, 0, MW_VIGIL_REPORTS, report_take,
                              &r));
    for (uint32_t i = 0; i + 1 < r.n; i++) {
        int64_t s = (r.at[i].received.us - r.at[i + 1].meter.us) / MW_US_PER_S;
        if (r.at[i].meter.us > r.at[i + 1].meter.us && s > 0)
            delay[n++] = s;
    }
    *out_s = least_s;
    if (n == 0) {
        *out_s = least_s > DAY_S ? least_s : DAY_S; /* one report says nothing of the next */
        return MW_OK;
    }
    qsort(delay, n, sizeof delay[0], by_number);
    int64_t usual = delay[n / 2] + delay[n / 2] / 4 - (int64_t)e->c.grid_s;
    usual = usual > 7 * DAY_S ? 7 * DAY_S : usual;
    *out_s = usual > (int64_t)least_s ? (uint32_t)usual : least_s;
    return MW_OK;
}

static mw_status policy_of(mw_vigil *w, const mw_channel_entry *e, const mw_vee_book *book,
                           mw_vee_policy *out) {
    *out = book->outage;
    out->slot_s = e->c.grid_s;
    MW_TRY(usual_delay(w, e, book->outage.usual_delay_s, &out->usual_delay_s));
    /* The age limit counts from the usual arrival as well. */
    out->late_s += out->usual_delay_s;
    return MW_OK;
}

/* --- steps ----------------------------------------------------------------------------------- */

static mw_status row_make(mw_vigil *w, mw_channel_entry *e, const mw_vee_book *book, mw_utc now,
                          mw_store_vee_meter **out) {
    const mw_hearer *h = mw_stations_hearer(&w->stations, e->c.device);
    const mw_vigil_station *t = h == NULL ? NULL : mw_stations_find(&w->stations, h->station[0]);
    mw_store_vee_meter m = {.tenant = e->c.tenant,
                            .channel = e->c.channel,
                            .state = MW_VEE_OK,
                            .since = now,
                            .silent = e->valued_to,
                            .filled = e->valued_to,
                            .valued = e->valued_to};
    (void)snprintf(m.station, sizeof m.station, "%s", t == NULL ? "" : t->id);
    MW_TRY(mw_slots_day_use(&w->slots, w->store, &e->c, e->valued_to, &m.day_use));
    m.risk_per_day = mw_vigil_money(book, &e->c, m.day_use);
    return row_add(w, &m, out);
}

static mw_status actions_do(mw_vigil *w, mw_channel_entry *e, const mw_vee_book *book,
                            mw_store_vee_meter *m, const mw_vee_actions *a, bool alive,
                            mw_utc now) {
    /* A meter that is merely late cannot hear, and what its station has spooled will come: the
     * archive is asked for when the meter is heard again. */
    if ((a->todo & MW_VEE_DO_BACKFILL) != 0 && (m->state == MW_VEE_RESTORED || alive) &&
        m->cause != MW_CAUSE_STATION)
        ask(w, MW_ASK_ARCHIVE, e, m->silent, now, now);
    if ((a->todo & MW_VEE_DO_PING) != 0)
        ask(w, MW_ASK_PING, e, m->silent, now, now);
    if ((a->todo & MW_VEE_DO_NOTIFY) != 0)
        MW_TRY(meter_notice(w, m, "meter_out_of_order",
                            m->cause == MW_CAUSE_FATAL ? "the meter says that it is broken"
                                                       : "the meter is silent",
                            now));
    if ((a->todo & MW_VEE_DO_NOTIFY_BACK) != 0)
        MW_TRY(meter_notice(w, m, "meter_restored", "the meter reports again", now));
    if ((a->todo & MW_VEE_DO_ESTIMATE) != 0 && a->estimate_n > 0) {
        MW_TRY(mw_slots_estimate(&w->slots, w->store, &e->c, book, m, a->estimate_from,
                                 a->estimate_n, now));
        if (w->turn != NULL)
            w->turn->estimated_slots += a->estimate_n;
    }
    return MW_OK;
}

/* One event for one meter; the row is written when anything changed and forgotten when the meter is
 * in order again. */
static mw_status event_give(mw_vigil *w, mw_channel_entry *e, const mw_vee_book *book,
                            mw_store_vee_meter **row, const mw_vee_policy *policy,
                            const mw_vee_event *event) {
    mw_store_vee_meter *m = *row, former = *m;
    mw_vee_meter meter = {.state = (mw_vee_state)m->state,
                          .since = m->since,
                          .filled_to = m->filled,
                          .valued_to = m->valued};
    mw_vee_actions actions;
    mw_status s = mw_vee_outage_step(&meter, policy, event, &actions);
    if (s == MW_RANGE) /* a clock that went back: wait until it has caught up */
        return MW_OK;
    MW_TRY(s);
    m->state = (uint8_t)meter.state;
    m->since = meter.since;
    m->filled = meter.filled_to;
    m->valued = meter.valued_to;
    if (event->kind == MW_VEE_FATAL)
        m->cause = MW_CAUSE_FATAL;
    MW_TRY(actions_do(w, e, book, m, &actions, event->kind == MW_VEE_ALIVE, event->now));
    if (meter.state == MW_VEE_OK) {
        MW_TRY(mw_store_vee_meter_forget(w->store, m->tenant, m->channel));
        row_drop(w, m->channel);
        e->watched = false;
        *row = NULL;
        return MW_OK;
    }
    e->watched = true;
    return memcmp(&former, m, sizeof former) == 0 ? MW_OK : mw_store_vee_meter_put(w->store, m);
}

/* RESTORED goes on when nothing of ours is left in the hole, or after its time; what is left then
 * has been scaled to the register by the pipeline. */
static mw_status restored_step(mw_vigil *w, mw_channel_entry *e, const mw_vee_book *book,
                               mw_store_vee_meter **row, const mw_vee_policy *policy, mw_utc now) {
    bool estimated = false;
    mw_vee_event event = {.kind = MW_VEE_TICK, .now = now, .slot_end = MW_UTC_NONE};
    MW_TRY(
        mw_slots_estimated(&w->slots, w->store, &e->c, (*row)->silent, e->valued_to, &estimated));
    event.kind = estimated ? MW_VEE_TICK : MW_VEE_BACKFILLED;
    MW_TRY(event_give(w, e, book, row, policy, &event));
    if (*row != NULL && (*row)->state == MW_VEE_TRUED_UP) {
        event.kind = MW_VEE_SETTLED;
        MW_TRY(event_give(w, e, book, row, policy, &event));
    }
    return MW_OK;
}

static mw_status cause_follow(mw_vigil *w, mw_store_vee_meter *m, const mw_vigil_station *station,
                              bool failed) {
    uint8_t cause = failed ? MW_CAUSE_STATION : MW_CAUSE_METER;
    if (m->cause == MW_CAUSE_FATAL || m->cause == cause)
        return MW_OK;
    m->cause = cause;
    if (station != NULL)
        (void)snprintf(m->station, sizeof m->station, "%s", station->id);
    return mw_store_vee_meter_put(w->store, m);
}

/* Heard since the state began, but without values: its archive will come. */
static bool alive_since(const mw_vigil *w, const mw_channel_entry *e, const mw_store_vee_meter *m) {
    const mw_hearer *h = mw_stations_hearer(&w->stations, e->c.device);
    return m->state == MW_VEE_SUSPECTED && h != NULL && h->last.us > m->since.us;
}

static mw_status watched_step(mw_vigil *w, mw_channel_entry *e, const mw_vee_book *book,
                              mw_store_vee_meter *m, const mw_vee_policy *policy, mw_utc now) {
    const mw_vigil_station *station = NULL;
    bool failed = mw_stations_failed(&w->stations, e->c.device, &station);
    MW_TRY(cause_follow(w, m, station, failed));
    if (m->state == MW_VEE_RESTORED || m->state == MW_VEE_TRUED_UP)
        return restored_step(w, e, book, &m, policy, now);
    mw_vee_event event = {
        .kind = MW_VEE_TICK, .now = now, .slot_end = MW_UTC_NONE, .station_failed = failed};
    if (alive_since(w, e, m))
        event.kind = MW_VEE_ALIVE;
    /* A meter may have several states behind it, and many slots to fill. */
    for (unsigned i = 0; i < 8 && m != NULL; i++) {
        uint8_t state = m->state;
        mw_utc filled = m->filled;
        MW_TRY(event_give(w, e, book, &m, policy, &event));
        if (m == NULL || (m->state == state && m->filled.us == filled.us))
            break;
        event.kind = MW_VEE_TICK;
    }
    return MW_OK;
}

/* --- the round ------------------------------------------------------------------------------- */

static mw_status entry_look(mw_vigil *w, mw_channel_entry *slot, mw_utc now) {
    mw_channel_entry *e = slot;
    const mw_vee_book *book = NULL;
    mw_vee_policy policy;
    if (mw_utc_is_none(e->valued_to))
        return MW_OK;
    if (!e->watched && !mw_utc_is_none(e->check_at) && now.us < e->check_at.us)
        return MW_OK;
    w->turn->cost += MW_VIGIL_READ;
    MW_TRY(mw_channels_get(w->channels, e->c.tenant, e->c.channel, &e));
    MW_TRY(mw_channels_book(w->channels, e, now, &book));
    w->share_ppm = book->station_share_ppm;
    MW_TRY(policy_of(w, e, book, &policy));
    mw_store_vee_meter *m = row_find(w, e->c.channel);
    if (m == NULL) {
        int64_t late_us =
            ((int64_t)policy.usual_delay_s + ((int64_t)policy.late_slots + 1) * policy.slot_s) *
            MW_US_PER_S;
        e->check_at = (mw_utc){e->valued_to.us + late_us};
        if (now.us < e->check_at.us)
            return MW_OK;
        MW_TRY(row_make(w, e, book, now, &m));
    }
    w->turn->stepped++;
    e->check_at = (mw_utc){now.us + CHECK_AGAIN_S * MW_US_PER_S};
    MW_TRY(watched_step(w, e, book, m, &policy, now));
    /* Not late after all: nothing is kept of it. */
    m = row_find(w, e->c.channel);
    if (m != NULL && m->state == MW_VEE_OK)
        row_drop(w, e->c.channel);
    return MW_OK;
}

/* One alarm for a station, whatever number of meters it takes with it. */
static mw_status stations_tell(mw_vigil *w, mw_utc now) {
    mw_stations *s = &w->stations;
    mw_stations_judge(s, now, w->share_ppm);
    for (size_t i = 0; i < s->stations; i++) {
        mw_vigil_station *t = &s->station[i];
        char text[MW_STORE_TEXT_MAX], subject[MW_STORE_ID_MAX];
        if (t->failed == t->told)
            continue;
        t->told = t->failed;
        (void)snprintf(subject, sizeof subject, "station/%.50s", t->id);
        (void)snprintf(text, sizeof text,
                       t->failed ? "the station has failed: %" PRIu32 " of %" PRIu32
                                   " meters that only it hears are late"
                                 : "the station works again: %" PRIu32 " of %" PRIu32
                                   " meters that only it hears are late",
                       t->late, t->meters);
        MW_TRY(notice_give(w, t->tenant, 0, t->failed ? "station_down" : "station_restored",
                           subject, text, now));
    }
    return MW_OK;
}

static mw_status round_run(mw_vigil *w, mw_utc now, uint32_t max_looks) {
    mw_vigil_turn *turn = w->turn;
    size_t slots = mw_channels_slots(w->channels);
    if (w->at == 0) {
        uint32_t read = 0;
        MW_TRY(mw_stations_follow(&w->stations, w->store, now, max_looks, &read));
        turn->cost += read;
        if (read >= max_looks) { /* more was heard: the round begins when all of it is known */
            turn->more = true;
            return MW_OK;
        }
    }
    while (w->at < slots && turn->cost < max_looks && turn->stepped < MW_VIGIL_STEPS_MAX) {
        mw_channel_entry *e = mw_channels_slot(w->channels, w->at++);
        if (e == NULL)
            continue;
        turn->looked++;
        turn->cost++;
        MW_TRY(entry_look(w, e, now));
        const mw_store_vee_meter *m = row_find(w, e->c.channel);
        mw_stations_count(&w->stations, e->c.device,
                          m != NULL && m->state >= MW_VEE_LATE && m->state <= MW_VEE_ESTIMATING);
        slots = mw_channels_slots(w->channels);
    }
    turn->more = w->at < slots;
    if (turn->more)
        return MW_OK;
    w->at = 0;
    w->rounds++;
    return stations_tell(w, now);
}

mw_status mw_vigil_run(mw_vigil *w, mw_utc now, uint32_t max_looks, mw_vigil_turn *out_turn) {
    mw_vigil_turn turn = {0};
    if (max_looks == 0)
        return MW_RANGE;
    MW_TRY(mw_store_begin(w->store));
    w->turn = &turn;
    mw_status s = round_run(w, now, max_looks);
    w->turn = NULL;
    if (s == MW_OK)
        s = mw_store_commit(w->store);
    if (s != MW_OK) {
        mw_status undone = mw_store_rollback(w->store);
        /* Nothing in memory may be newer than the database. */
        mw_status loaded = rows_load(w);
        w->at = 0;
        return undone != MW_OK ? undone : loaded != MW_OK ? loaded : s;
    }
    *out_turn = turn;
    return MW_OK;
}

/* --- from outside ---------------------------------------------------------------------------- */

mw_status mw_vigil_fatal(mw_vigil *w, int64_t tenant, int64_t channel, mw_utc now) {
    mw_channel_entry *e = NULL;
    const mw_vee_book *book = NULL;
    mw_vee_policy policy;
    MW_TRY(mw_channels_get(w->channels, tenant, channel, &e));
    MW_TRY(mw_channels_book(w->channels, e, now, &book));
    MW_TRY(policy_of(w, e, book, &policy));
    mw_store_vee_meter *m = row_find(w, channel);
    if (m == NULL && mw_utc_is_none(e->valued_to))
        return MW_OK; /* it never had a value: nothing to estimate from */
    if (m == NULL)
        MW_TRY(row_make(w, e, book, now, &m));
    mw_vee_event event = {.kind = MW_VEE_FATAL, .now = now, .slot_end = MW_UTC_NONE};
    return event_give(w, e, book, &m, &policy, &event);
}

/* Values of a meter that says that it is broken: the pipeline estimates them, so no slot is due, but
 * they are no sign that it works again. */
static mw_status fatal_values(mw_vigil *w, mw_channel_entry *e, mw_utc now) {
    mw_store_vee_meter *m = row_find(w, e->c.channel);
    if (m == NULL || (m->state != MW_VEE_OUT_OF_ORDER && m->state != MW_VEE_ESTIMATING))
        MW_TRY(mw_vigil_fatal(w, e->c.tenant, e->c.channel, now));
    m = row_find(w, e->c.channel);
    if (m == NULL || e->valued_to.us <= m->filled.us)
        return MW_OK;
    m->filled = m->valued = e->valued_to;
    return mw_store_vee_meter_put(w->store, m);
}

/* Values are proof of their own time: where the platform's clock was set back, a meter that returns is
 * not overlooked. Beyond a day the meter's clock is the one to doubt. */
static mw_utc clock_at_least(mw_utc now, mw_utc proof) {
    bool behind = proof.us > now.us && proof.us - now.us <= DAY_S * MW_US_PER_S;
    return behind ? proof : now;
}

mw_status mw_vigil_values(void *watch, mw_channel_entry *e, mw_utc now) {
    mw_vigil *w = watch;
    const mw_vee_book *book = NULL;
    mw_vee_policy policy;
    e->check_at = MW_UTC_NONE;
    if (e->fatal)
        return fatal_values(w, e, now);
    if (!e->watched)
        return MW_OK;
    mw_store_vee_meter *m = row_find(w, e->c.channel);
    if (m == NULL || e->valued_to.us <= m->valued.us)
        return MW_OK;
    now = clock_at_least(clock_at_least(now, e->valued_to), m->since);
    if (e->valued_to.us > now.us)
        return MW_OK;
    MW_TRY(mw_channels_book(w->channels, e, now, &book));
    MW_TRY(policy_of(w, e, book, &policy));
    mw_vee_event event = {.kind = MW_VEE_VALUE, .now = now, .slot_end = e->valued_to};
    MW_TRY(event_give(w, e, book, &m, &policy, &event));
    if (m != NULL && m->state == MW_VEE_RESTORED)
        return restored_step(w, e, book, &m, &policy, now);
    return MW_OK;
}

mw_status mw_vigil_stations(const mw_vigil *w, mw_vigil_on_station each, void *ctx) {
    for (size_t i = 0; i < w->stations.stations && w->rounds > 0; i++) {
        const mw_vigil_station *t = &w->stations.station[i];
        mw_vigil_station_state state = {.tenant = t->tenant,
                                        .sender = t->sender,
                                        .id = t->id,
                                        .last_contact = t->last_contact,
                                        .meters = t->meters,
                                        .late = t->late,
                                        .failed = t->failed};
        MW_TRY(each(ctx, &state));
    }
    return MW_OK;
}

void mw_vigil_hearing(mw_vigil *w, int64_t device, mw_utc *out_last, bool *out_failed) {
    const mw_vigil_station *station = NULL;
    const mw_hearer *h = mw_stations_hearer(&w->stations, device);
    *out_last = h == NULL ? MW_UTC_NONE : h->last;
    *out_failed = mw_stations_failed(&w->stations, device, &station);
}
