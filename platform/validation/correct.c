/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/validation/correct.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOCKS_MAX = 64, EDITS_MAX = 1024 };

typedef struct locks {
    mw_store_lock item[LOCKS_MAX];
    size_t n;
    mw_utc until;
} locks;

static mw_status lock_take(void *ctx, const mw_store_lock *row) {
    locks *l = ctx;
    l->until = mw_utc_is_none(l->until) || row->to.us > l->until.us ? row->to : l->until;
    if (l->n < LOCKS_MAX)
        l->item[l->n++] = *row;
    return MW_OK;
}

mw_status mw_closed_until(mw_store *store, int64_t tenant, int64_t channel, mw_utc *out_until) {
    static _Thread_local locks l;
    l.n = 0;
    l.until = MW_UTC_NONE;
    MW_TRY(mw_store_locks(store, tenant, channel, (mw_utc){INT64_MIN / 2}, (mw_utc){INT64_MAX / 2},
                          lock_take, &l));
    *out_until = l.until;
    return MW_OK;
}

static mw_status sum_take(void *ctx, const mw_store_value *row) {
    mw_closing *c = ctx;
    c->present++;
    c->estimated += (row->interval.quality & MW_QUALITY_ESTIMATED) != 0;
    return __builtin_add_overflow(c->sum, row->interval.value, &c->sum) ? MW_RANGE : MW_OK;
}

mw_status mw_close(mw_store *store, const mw_window_channel *c, mw_utc from, mw_utc to,
                   const char *who, const char *text, mw_utc now, mw_closing *out_closing) {
    mw_closing closing = {0};
    if (from.us >= to.us)
        return MW_RANGE;
    mw_store_lock lock = {
        .tenant = c->tenant, .channel = c->channel, .from = from, .to = to, .at = now};
    (void)snprintf(lock.who, sizeof lock.who, "%s", who);
    (void)snprintf(lock.text, sizeof lock.text, "%s", text);
    MW_TRY(mw_store_lock_put(store, &lock, &closing.id));
    mw_store_values_query q = {.tenant = c->tenant,
                               .channel = c->channel,
                               .layer = MW_LAYER_FINAL,
                               .from = from,
                               .to = to,
                               .as_of = MW_UTC_NONE};
    MW_TRY(mw_store_values(store, &q, sum_take, &closing));
    closing.expected = (uint32_t)((mw_window_floor(c, (mw_utc){to.us - 1}).us -
                                   mw_window_floor(c, (mw_utc){from.us - 1}).us) /
                                  ((int64_t)c->grid_s * MW_US_PER_S));
    *out_closing = closing;
    return MW_OK;
}

/* --- corrections ----------------------------------------------------------------------------- */

typedef struct side {
    mw_store_value *row;
    size_t n, room;
} side;

static mw_status side_take(void *ctx, const mw_store_value *row) {
    side *s = ctx;
    if (s->n == s->room) {
        size_t room = s->room == 0 ? 1024 : s->room * 2;
        mw_store_value *more = realloc(s->row, room * sizeof *more);
        if (more == NULL)
            return MW_NOMEM;
        s->row = more;
        s->room = room;
    }
    s->row[s->n++] = *row;
    return MW_OK;
}

static mw_status side_read(mw_store *store, const mw_window_channel *c, const mw_store_lock *l,
                           mw_layer layer, side *out) {
    mw_store_values_query q = {.tenant = c->tenant,
                               .channel = c->channel,
                               .layer = layer,
                               .from = l->from,
                               .to = l->to,
                               .as_of = MW_UTC_NONE};
    out->n = 0;
    return mw_store_values(store, &q, side_take, out);
}

typedef struct edits {
    struct {
        mw_utc from, to;
    } span[EDITS_MAX];
    size_t n;
    bool full;
} edits;

static mw_status edit_take(void *ctx, const mw_store_revision *row) {
    edits *e = ctx;
    if (row->actor != MW_ACTOR_USER || row->kind != MW_REVISION_SET)
        return MW_OK;
    e->full = e->n == EDITS_MAX;
    if (e->full)
        return MW_LIMIT;
    e->span[e->n].from = row->from;
    e->span[e->n++].to = row->to;
    return MW_OK;
}

static bool edited(const edits *e, mw_utc t) {
    for (size_t i = 0; i < e->n; i++)
        if (t.us >= e->span[i].from.us && t.us < e->span[i].to.us)
            return true;
    return false;
}

static int64_t day_of(mw_utc t) {
    int64_t s = mw_utc_floor_s(t);
    return s / 86400 - (s % 86400 < 0);
}

static bool same_row(const mw_store_interval *a, const mw_store_interval *b) {
    return a->start.us == b->start.us && a->seconds == b->seconds && a->value == b->value &&
           a->quality == b->quality;
}

/* Rows [from, to) of one UTC day in both; true when they say the same outside of edits. */
static bool day_same(const side *was, size_t i, size_t i_end, const side *is, size_t k,
                     size_t k_end, const edits *e) {
    while (i < i_end || k < k_end) {
        if (i < i_end && edited(e, was->row[i].interval.start)) {
            i++;
            continue;
        }
        if (k < k_end && edited(e, is->row[k].interval.start)) {
            k++;
            continue;
        }
        if (i == i_end || k == k_end || !same_row(&was->row[i].interval, &is->row[k].interval))
            return false;
        i++;
        k++;
    }
    return true;
}

/* The closed day as it is known now: the layer below, with what people wrote. */
static mw_status day_write(mw_store *store, const mw_window_channel *c, const mw_store_lock *l,
                           int64_t day, const side *was, size_t i, size_t i_end, const side *is,
                           size_t k, size_t k_end, const edits *e, mw_utc now) {
    static _Thread_local mw_store_interval rows[MW_STORE_REVISION_ROWS_MAX];
    mw_store_revision r = {.tenant = c->tenant,
                           .channel = c->channel,
                           .layer = MW_LAYER_FINAL,
                           .kind = MW_REVISION_SET,
                           .from = mw_utc_of_s(day * 86400),
                           .to = mw_utc_of_s((day + 1) * 86400),
                           .at = now,
                           .actor = MW_ACTOR_SYSTEM,
                           .who = MW_WINDOW_WHO,
                           .reason = MW_REASON_CORRECTION,
                           .rows = rows};
    r.from = l->from.us > r.from.us ? l->from : r.from;
    r.to = l->to.us < r.to.us ? l->to : r.to;
    while (i < i_end || k < k_end) {
        const mw_store_interval *a = i < i_end ? &was->row[i].interval : NULL;
        const mw_store_interval *b = k < k_end ? &is->row[k].interval : NULL;
        bool take_a = a != NULL && edited(e, a->start) &&
                      (b == NULL || a->start.us <= b->start.us || edited(e, b->start));
        if (r.n == MW_STORE_REVISION_ROWS_MAX)
            return MW_LIMIT;
        if (take_a) {
            rows[r.n++] = *a;
            i++;
        } else if (a != NULL && (b == NULL || a->start.us < b->start.us)) {
            i++; /* no longer there */
        } else if (b != NULL) {
            if (!edited(e, b->start))
                rows[r.n++] = *b;
            k++;
        }
    }
    int64_t id = 0;
    return mw_store_value_revise(store, &r, &id);
}

static size_t day_end(const side *s, size_t i, int64_t day) {
    while (i < s->n && day_of(s->row[i].interval.start) == day)
        i++;
    return i;
}

static int64_t sum_of(const side *s) {
    int64_t sum = 0;
    for (size_t i = 0; i < s->n; i++)
        sum += s->row[i].interval.value;
    return sum;
}

static mw_status lock_correct(mw_store *store, const mw_window_channel *c, const mw_store_lock *l,
                              mw_utc now, side *was, side *is, edits *e, uint32_t *out_n) {
    uint32_t days = 0;
    e->n = 0;
    MW_TRY(side_read(store, c, l, MW_LAYER_FINAL, was));
    MW_TRY(side_read(store, c, l, MW_LAYER_VALIDATED, is));
    MW_TRY(mw_store_revisions(store, c->tenant, c->channel, MW_LAYER_FINAL, l->from, l->to, 0,
                              MW_STORE_PAGE_MAX, edit_take, e));
    int64_t before = sum_of(was);
    size_t i = 0, k = 0;
    while (i < was->n || k < is->n) {
        int64_t a = i < was->n ? day_of(was->row[i].interval.start) : INT64_MAX;
        int64_t b = k < is->n ? day_of(is->row[k].interval.start) : INT64_MAX;
        int64_t day = a < b ? a : b;
        size_t i_end = day_end(was, i, day), k_end = day_end(is, k, day);
        if (!day_same(was, i, i_end, is, k, k_end, e)) {
            MW_TRY(day_write(store, c, l, day, was, i, i_end, is, k, k_end, e, now));
            days++;
        }
        i = i_end;
        k = k_end;
    }
    if (days == 0)
        return MW_OK;
    MW_TRY(side_read(store, c, l, MW_LAYER_FINAL, was));
    mw_store_correction row = {.tenant = c->tenant,
                               .channel = c->channel,
                               .lock = l->id,
                               .from = l->from,
                               .to = l->to,
                               .was = before,
                               .now = sum_of(was),
                               .at = now};
    (void)snprintf(row.text, sizeof row.text, "values of %" PRIu32 " days changed after closing",
                   days);
    int64_t id = 0;
    (*out_n)++;
    return mw_store_correction_add(store, &row, &id);
}

mw_status mw_correct(mw_store *store, const mw_window_channel *c, mw_utc from, mw_utc to,
                     mw_utc now, uint32_t *out_n) {
    static _Thread_local locks l;
    static _Thread_local edits e;
    side was = {0}, is = {0};
    l.n = 0;
    MW_TRY(mw_store_locks(store, c->tenant, c->channel, from, to, lock_take, &l));
    mw_status s = MW_OK;
    for (size_t i = 0; i < l.n && s == MW_OK; i++)
        s = lock_correct(store, c, &l.item[i], now, &was, &is, &e, out_n);
    free(was.row);
    free(is.row);
    return s;
}
