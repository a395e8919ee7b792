/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/validation/pipeline.h"

#include <stdlib.h>
#include <string.h>

#include "platform/validation/apply.h"
#include "platform/validation/context.h"
#include "platform/validation/learned.h"

enum { DAY_S = 86400, REVIEW_HISTORY_DAYS = 61 };

typedef struct dirty {
    int64_t tenant, channel;
    mw_utc from, to;
    int64_t order;
} dirty;

struct mw_pipeline {
    mw_store *store;
    mw_channels *channels;
    mw_pipeline_on_values on_values;
    void *ctx;
    mw_pipeline_on_gap on_gap;
    void *gap_ctx;
    int64_t data_version;
    mw_window window;
    mw_assessment assessment;
    mw_learner learner;
    mw_context context;
    dirty change[MW_PIPELINE_CHANGES_MAX];
    uint32_t changes;
    int64_t last; /* change read last */
};

mw_status mw_pipeline_new(mw_store *store, mw_channels *channels, mw_pipeline_on_values on_values,
                          void *ctx, mw_pipeline **out_pipeline) {
    mw_pipeline *p = calloc(1, sizeof *p);
    if (p == NULL)
        return MW_NOMEM;
    p->store = store;
    p->channels = channels;
    p->on_values = on_values;
    p->ctx = ctx;
    *out_pipeline = p;
    return MW_OK;
}

void mw_pipeline_gaps_to(mw_pipeline *p, mw_pipeline_on_gap on_gap, void *ctx) {
    p->on_gap = on_gap;
    p->gap_ctx = ctx;
}

void mw_pipeline_free(mw_pipeline *p) {
    if (p == NULL)
        return;
    mw_window_fini(&p->window);
    mw_assessment_fini(&p->assessment);
    mw_learner_fini(&p->learner);
    mw_context_fini(&p->context);
    free(p);
}

static mw_utc plus_days(mw_utc t, int64_t days) {
    return (mw_utc){t.us + days * DAY_S * MW_US_PER_S};
}

static mw_utc earlier(mw_utc a, mw_utc b) {
    return a.us < b.us ? a : b;
}

static mw_utc later(mw_utc a, mw_utc b) {
    return a.us > b.us ? a : b;
}

/* --- what has to be judged ------------------------------------------------------------------- */

typedef struct bounds {
    const mw_window_channel *c;
    mw_utc from, to;
    mw_utc before, after; /* nearest readings, MW_UTC_NONE = none */
} bounds;

static mw_status bound_take(void *ctx, const mw_store_register *row) {
    bounds *b = ctx;
    if (memcmp(row->obis, b->c->obis, sizeof row->obis) != 0 ||
        (row->quality & MW_QUALITY_CLOCK_UNSET) != 0 ||
        mw_window_floor(b->c, row->meter).us != row->meter.us)
        return MW_OK;
    if (row->meter.us <= b->from.us && (mw_utc_is_none(b->before) || row->meter.us > b->before.us))
        b->before = row->meter;
    if (row->meter.us >= b->to.us && mw_utc_is_none(b->after))
        b->after = row->meter;
    return MW_OK;
}

static mw_status bounds_read(mw_pipeline *p, bounds *b) {
    const mw_window_channel *c = b->c;
    MW_TRY(mw_store_registers_between(p->store, c->tenant, c->channel, c->obis, b->from, b->to,
                                      bound_take, b));
    if (!mw_utc_is_none(b->before) && !mw_utc_is_none(b->after))
        return MW_OK;
    return mw_store_registers_around(p->store, c->tenant, c->channel, c->obis, b->from, b->to,
                                     bound_take, b);
}

/* From the reading before to the reading after, and when values came late to the end of what is
 * known, because later days were judged without them. */
static mw_status region_of(mw_pipeline *p, const mw_channel_entry *e, mw_utc from, mw_utc to,
                           mw_utc *out_from, mw_utc *out_to) {
    bounds b = {.c = &e->c,
                .from = mw_window_floor(&e->c, from),
                .to = to,
                .before = MW_UTC_NONE,
                .after = MW_UTC_NONE};
    MW_TRY(bounds_read(p, &b));
    mw_utc first = b.from, limit = plus_days(b.from, -MW_PIPELINE_BACK_DAYS);
    if (!mw_utc_is_none(b.before))
        first = b.before;
    else if (e->c.has_initial && !mw_utc_is_none(e->c.installed) && e->c.installed.us <= from.us)
        first = mw_window_floor(&e->c, e->c.installed);
    else
        first = plus_days(b.from, -2);
    mw_utc end = later(to, mw_utc_is_none(b.after) ? to : b.after);
    if (!mw_utc_is_none(e->valued_to))
        end = later(end, e->valued_to);
    *out_from = later(first, limit);
    *out_to = earlier(end, plus_days(to, MW_PIPELINE_BACK_DAYS));
    return MW_OK;
}

/* Cells from the first that is known to the last. */
static void known_cells(const mw_window *w, uint32_t *from, uint32_t *to) {
    uint32_t first = *from, last = *to;
    while (first < last && (w->raw_flags[first] & MW_VEE_MISSING) != 0) {
        bool reading = false;
        for (uint32_t k = 0; k < w->regs; k++)
            reading = reading || w->reg[k].index == first;
        if (reading)
            break;
        first++;
    }
    while (last > first && (w->raw_flags[last - 1] & MW_VEE_MISSING) != 0) {
        bool reading = false;
        for (uint32_t k = 0; k < w->regs; k++)
            reading = reading || w->reg[k].index == last;
        if (reading)
            break;
        last--;
    }
    *from = first;
    *to = last;
}

static void window_cut(mw_window *w, uint32_t n) {
    w->n = n;
    while (w->regs > 0 && w->reg[w->regs - 1].index > n)
        w->regs--;
}

/* --- verdicts -------------------------------------------------------------------------------- */

static mw_status verdict_take(void *ctx, const mw_store_verdict *row) {
    mw_assessment *a = ctx;
    if (a->verdicts == MW_ASSESS_VERDICTS_MAX)
        return MW_LIMIT;
    mw_assess_verdict *v = &a->verdict[a->verdicts++];
    *v = (mw_assess_verdict){.from = mw_window_index(a->window, row->from),
                             .to = mw_window_index(a->window, row->to),
                             .kind = row->kind};
    return MW_OK;
}

/* --- judging --------------------------------------------------------------------------------- */

static mw_status block_judge(mw_pipeline *p, mw_channel_entry *e, const mw_vee_book *book,
                             mw_utc from, mw_utc to, mw_utc now, mw_pipeline_turn *turn) {
    mw_window *w = &p->window;
    mw_assessment *a = &p->assessment;
    int64_t back =
        book->history_days > REVIEW_HISTORY_DAYS ? book->history_days : REVIEW_HISTORY_DAYS;
    MW_TRY(mw_window_read(w, p->store, &e->c, plus_days(from, -back), to));
    uint32_t first = mw_window_index(w, from), end = w->n;
    known_cells(w, &first, &end);
    if (first >= end)
        return MW_OK;
    window_cut(w, end);
    MW_TRY(mw_window_origins(w, p->store, &e->c));
    MW_TRY(mw_window_days(w, &e->c));
    a->channel = &e->c;
    a->book = book;
    a->window = w;
    a->from = first;
    a->to = end;
    a->review = mw_screen_review(&e->c, w, first, end);
    a->verdicts = 0;
    MW_TRY(mw_store_verdicts(p->store, e->c.tenant, e->c.channel, mw_window_time(w, first),
                             mw_window_time(w, end), verdict_take, a));
    MW_TRY(mw_context_rules(&p->context, p->store, e, w, later(to, e->valued_to)));
    MW_TRY(mw_context_sources(&p->context, p->store, &e->c, w));
    a->context = &p->context;
    a->score = NULL;
    uint32_t gap = mw_assess_longest_gap(w, first, end);
    if (gap > 0)
        MW_TRY(mw_learner_score(&p->learner, p->store, &e->c, book, mw_window_time(w, first),
                                (uint64_t)gap * w->seconds, &a->score));
    MW_TRY(mw_assess(a));
    mw_apply_report r;
    MW_TRY(mw_apply(p->store, a, now, e->closed_until, &r));
    e->open_until = r.open_until;
    if (p->on_gap != NULL && !mw_utc_is_none(r.gap_from))
        p->on_gap(p->gap_ctx, &e->c, r.gap_from, r.gap_to, now);
    turn->revisions += r.revisions;
    turn->raised += r.raised;
    turn->closed += r.closed;
    turn->corrections += r.corrections;
    return MW_OK;
}

/* Long spans block by block, cut at readings where there are any. */
static mw_status region_judge(mw_pipeline *p, mw_channel_entry *e, mw_utc from, mw_utc to,
                              mw_utc now, mw_pipeline_turn *turn) {
    while (from.us < to.us) {
        const mw_vee_book *book = NULL;
        mw_utc end = plus_days(from, MW_PIPELINE_BLOCK_DAYS);
        MW_TRY(mw_channels_book(p->channels, e, from, &book));
        if (end.us < to.us) {
            bounds b = {
                .c = &e->c, .from = end, .to = end, .before = MW_UTC_NONE, .after = MW_UTC_NONE};
            MW_TRY(bounds_read(p, &b));
            if (!mw_utc_is_none(b.before) && b.before.us > from.us)
                end = b.before;
        } else {
            end = to;
        }
        MW_TRY(block_judge(p, e, book, from, end, now, turn));
        from = end;
    }
    return MW_OK;
}

static bool before(mw_utc t, mw_utc until) {
    return !mw_utc_is_none(until) && t.us < until.us;
}

/* Only what the rule V01 could object to: it says so itself. */
static bool clock_off(const mw_channel_entry *e, const mw_vee_settings *rules) {
    int64_t offset = e->clock_offset_ms < 0 ? -(int64_t)e->clock_offset_ms : e->clock_offset_ms;
    return rules->rule[MW_VEE_V01_TIME].on && offset > rules->rule[MW_VEE_V01_TIME].t[1] * 1000;
}

/* Most of what arrives is ordinary: one look at it and at the day before is enough. */
static mw_status screen_pass(mw_pipeline *p, mw_channel_entry *e, mw_utc from, mw_utc to,
                             bool *out_clean) {
    const mw_vee_book *book = NULL;
    mw_window *w = &p->window;
    *out_clean = false;
    MW_TRY(mw_channels_book(p->channels, e, from, &book));
    if (!e->screen.usable || e->watched || before(from, e->open_until) ||
        before(from, e->closed_until) || e->fatal || e->identity_differs ||
        (e->around & MW_AROUND_ELECTRIC) != 0 || clock_off(e, &book->rules))
        return MW_OK;
    /* What comes late belongs to days that were judged without it. */
    if (!mw_utc_is_none(e->valued_to) && to.us < e->valued_to.us)
        return MW_OK;
    MW_TRY(mw_window_read(w, p->store, &e->c, plus_days(from, -1), to));
    uint32_t first = mw_window_index(w, from), end = w->n;
    if (mw_screen_review(&e->c, w, first, end))
        return MW_OK;
    if ((e->around & MW_AROUND_SIBLINGS) != 0) {
        MW_TRY(mw_context_rules(&p->context, p->store, e, w, later(to, e->valued_to)));
        if (mw_context_sibling_missing(&p->context, w, 0, end))
            return MW_OK;
    }
    *out_clean = mw_screen_clean(&e->screen, w, first, end);
    return MW_OK;
}

typedef struct siblings {
    int64_t channel[MW_VEE_SIBLINGS_MAX];
    uint32_t n;
} siblings;

static mw_status sibling_take(void *ctx, const mw_store_channel_newest *row) {
    siblings *s = ctx;
    if (s->n < MW_VEE_SIBLINGS_MAX)
        s->channel[s->n++] = row->channel;
    return MW_OK;
}

/* Others of the device may have waited for these values: their open findings are judged again. */
static mw_status siblings_judge(mw_pipeline *p, const mw_channel_entry *self, mw_utc from,
                                mw_utc to, mw_utc now, mw_pipeline_turn *turn) {
    siblings s = {.n = 0};
    int64_t own = self->c.channel, tenant = self->c.tenant;
    MW_TRY(mw_store_channels_of_device(p->store, tenant, self->c.device, sibling_take, &s));
    for (uint32_t i = 0; i < s.n; i++) {
        mw_channel_entry *e = NULL;
        mw_utc first, end;
        if (s.channel[i] == own)
            continue;
        MW_TRY(mw_channels_get(p->channels, tenant, s.channel[i], &e));
        if (!before(from, e->open_until) || mw_utc_is_none(e->valued_to) ||
            from.us >= e->valued_to.us)
            continue;
        mw_utc known = earlier(to, e->valued_to);
        MW_TRY(region_of(p, e, mw_window_floor(&e->c, from), known, &first, &end));
        MW_TRY(region_judge(p, e, first, end, now, turn));
    }
    return MW_OK;
}

static mw_status span_take(mw_pipeline *p, const dirty *d, mw_utc now, mw_pipeline_turn *turn) {
    mw_channel_entry *e = NULL;
    bool clean = false;
    MW_TRY(mw_channels_get(p->channels, d->tenant, d->channel, &e));
    mw_utc from = mw_window_floor(&e->c, d->from);
    turn->spans++;
    turn->values += (uint64_t)((d->to.us - from.us) / ((int64_t)e->c.grid_s * MW_US_PER_S));
    MW_TRY(screen_pass(p, e, from, d->to, &clean));
    bool late = !mw_utc_is_none(e->valued_to) && d->to.us < e->valued_to.us;
    if (clean) {
        turn->screened++;
    } else {
        mw_utc first, end;
        if (late)
            MW_TRY(mw_learner_forget(p->store, &e->c, from));
        /* A sibling's hole of the day before counts from now on. */
        if ((e->around & MW_AROUND_SIBLINGS) != 0)
            from = plus_days(from, -1);
        MW_TRY(region_of(p, e, from, d->to, &first, &end));
        MW_TRY(region_judge(p, e, first, end, now, turn));
    }
    if (mw_utc_is_none(e->valued_to) || d->to.us > e->valued_to.us)
        e->valued_to = d->to;
    if ((e->around & MW_AROUND_SIBLINGS) != 0) {
        MW_TRY(siblings_judge(p, e, from, d->to, now, turn));
        MW_TRY(mw_channels_get(p->channels, d->tenant, d->channel, &e));
    }
    return p->on_values != NULL ? p->on_values(p->ctx, e, now) : MW_OK;
}

/* --- turns ----------------------------------------------------------------------------------- */

static mw_status change_take(void *ctx, const mw_store_change *row) {
    mw_pipeline *p = ctx;
    p->last = row->id;
    /* Our own revisions and those below the final layer are not new values; master data are read
     * again by whoever changed them. */
    if (row->master) { /* says nothing of which values are there */
        if (row->channel != 0)
            mw_channels_forget_one(p->channels, row->channel);
        else
            mw_channels_forget(p->channels);
        return MW_OK;
    }
    if (row->from.us < row->to.us && row->layer != MW_LAYER_VALIDATED)
        p->change[p->changes++] = (dirty){
            .tenant = row->tenant, .channel = row->channel, .from = row->from, .to = row->to};
    return MW_OK;
}

static int by_channel(const void *pa, const void *pb) {
    const dirty *a = pa, *b = pb;
    if (a->tenant != b->tenant)
        return a->tenant < b->tenant ? -1 : 1;
    if (a->channel != b->channel)
        return a->channel < b->channel ? -1 : 1;
    return (a->from.us > b->from.us) - (a->from.us < b->from.us);
}

/* Touching spans of a channel become one; those days apart stay apart. */
static void changes_join(mw_pipeline *p) {
    uint32_t n = 0;
    qsort(p->change, p->changes, sizeof p->change[0], by_channel);
    for (uint32_t i = 0; i < p->changes; i++) {
        dirty *d = &p->change[i], *former = n > 0 ? &p->change[n - 1] : NULL;
        if (former != NULL && former->tenant == d->tenant && former->channel == d->channel &&
            d->from.us <= plus_days(former->to, 2).us)
            former->to = later(former->to, d->to);
        else
            p->change[n++] = *d;
    }
    p->changes = n;
}

static mw_status changes_read(mw_pipeline *p, int64_t after, uint32_t max, uint32_t *out_read) {
    int64_t at;
    p->changes = 0;
    p->last = after;
    *out_read = 0;
    do {
        uint32_t page = max - *out_read < MW_STORE_PAGE_MAX ? max - *out_read : MW_STORE_PAGE_MAX;
        uint32_t had = p->changes;
        at = p->last;
        MW_TRY(mw_store_changes(p->store, at, page, change_take, p));
        *out_read += p->changes - had;
    } while (p->last != at && p->changes < max && *out_read < max);
    return MW_OK;
}

/* What this turn wrote itself marks changes behind the cursor; they need no look. Only right when
 * everything before them was read. */
static mw_status skip_take(void *ctx, const mw_store_change *row) {
    *(int64_t *)ctx = row->id;
    return MW_OK;
}

static mw_status own_skip(mw_pipeline *p, uint32_t max) {
    int64_t at;
    if (p->changes >= max)
        return MW_OK;
    do {
        at = p->last;
        MW_TRY(mw_store_changes(p->store, at, MW_STORE_PAGE_MAX, skip_take, &p->last));
    } while (p->last != at);
    return MW_OK;
}

/* Another process may have changed master data or settings. */
static mw_status caches_check(mw_pipeline *p) {
    int64_t version = 0;
    MW_TRY(mw_store_data_version(p->store, &version));
    if (version != p->data_version) {
        mw_channels_forget(p->channels);
        p->data_version = version;
    }
    return MW_OK;
}

static mw_status turn_run(mw_pipeline *p, mw_utc now, uint32_t max, mw_pipeline_turn *turn) {
    int64_t at = 0;
    uint32_t read = 0;
    MW_TRY(caches_check(p));
    MW_TRY(mw_store_cursor_get(p->store, MW_PIPELINE_CURSOR, &at));
    MW_TRY(changes_read(p, at, max, &read));
    bool all = p->changes < max;
    /* From now on nobody forgets changes that this reader has not seen. */
    if (at == 0 && p->last == 0)
        MW_TRY(mw_store_cursor_set(p->store, MW_PIPELINE_CURSOR, 0));
    turn->changes = p->last != at ? (read > 0 ? read : 1) : 0;
    if (p->last == at)
        return MW_OK;
    changes_join(p);
    for (uint32_t i = 0; i < p->changes; i++)
        MW_TRY(span_take(p, &p->change[i], now, turn));
    if (all)
        MW_TRY(own_skip(p, max));
    return mw_store_cursor_set(p->store, MW_PIPELINE_CURSOR, p->last);
}

mw_status mw_pipeline_run(mw_pipeline *p, mw_utc now, uint32_t max_changes,
                          mw_pipeline_turn *out_turn) {
    mw_pipeline_turn turn = {0};
    if (max_changes == 0 || max_changes > MW_PIPELINE_CHANGES_MAX)
        return MW_RANGE;
    MW_TRY(mw_store_begin(p->store));
    mw_status s = turn_run(p, now, max_changes, &turn);
    if (s == MW_OK)
        s = mw_store_commit(p->store);
    if (s != MW_OK) {
        /* Nothing in memory may be newer than the database. */
        mw_channels_forget(p->channels);
        mw_status undone = mw_store_rollback(p->store);
        return undone == MW_OK ? s : undone;
    }
    *out_turn = turn;
    return MW_OK;
}

mw_status mw_pipeline_judge(mw_pipeline *p, int64_t tenant, int64_t channel, mw_utc from, mw_utc to,
                            mw_utc now, mw_pipeline_turn *out_turn) {
    mw_channel_entry *e = NULL;
    mw_utc first, end;
    *out_turn = (mw_pipeline_turn){.spans = 1};
    MW_TRY(mw_channels_get(p->channels, tenant, channel, &e));
    MW_TRY(region_of(p, e, from, to, &first, &end));
    return region_judge(p, e, first, end, now, out_turn);
}
