/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/readings/settle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_US (INT64_C(86400) * MW_US_PER_S)

enum { WIDEN_MAX = 64, FOLLOWED_MAX = 4 * MW_STORE_PAGE_MAX };

static int64_t end_us(const mw_store_value *v) {
    return v->interval.start.us + (int64_t)v->interval.seconds * MW_US_PER_S;
}

static mw_status on_value(void *ctx, const mw_store_value *v) {
    mw_final_rows *f = ctx;
    if (f->n == f->room) {
        size_t room = f->room == 0 ? 256 : f->room * 2;
        mw_store_value *row = realloc(f->row, room * sizeof *row);
        if (row == NULL)
            return MW_NOMEM;
        f->row = row;
        f->room = room;
    }
    f->row[f->n++] = *v;
    return MW_OK;
}

mw_status mw_final_rows_read(mw_store *store, const mw_store_values_query *q,
                             mw_final_rows *out_rows) {
    out_rows->n = 0;
    return mw_store_values(store, q, on_value, out_rows);
}

void mw_final_rows_fini(mw_final_rows *f) {
    free(f->row);
    *f = (mw_final_rows){0};
}

bool mw_final_rows_aligned(const mw_final_rows *f, mw_utc at) {
    size_t low = 0, high = f->n; /* the first row that starts at or after `at` */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (f->row[middle].interval.start.us < at.us)
            low = middle + 1;
        else
            high = middle;
    }
    return low == 0 || end_us(&f->row[low - 1]) <= at.us;
}

/* The span that is settled, with all that lies in it. */
typedef struct account {
    mw_store *store;
    int64_t tenant;
    const mw_store_channel *channel;
    mw_utc from, to;
    mw_register_line line;
    mw_final_rows rows;
    mw_store_suspense *span;
    size_t spans;
    bool had;   /* former rows of the account */
    bool whole; /* all former rows of [from, to] were seen */
} account;

static void account_fini(account *a) {
    mw_register_line_fini(&a->line);
    mw_final_rows_fini(&a->rows);
    free(a->span);
    a->span = NULL;
}

static mw_status account_load(account *a) {
    mw_register_line_fini(&a->line);
    MW_TRY(mw_register_line_read(a->store, a->tenant, a->channel, a->from, a->to, &a->line));
    mw_utc first = a->from, last = a->to;
    if (a->line.readings > 0) {
        mw_utc low = a->line.reading[0].at, high = a->line.reading[a->line.readings - 1].at;
        first = low.us < first.us ? low : first;
        last = high.us > last.us ? high : last;
    }
    mw_store_values_query q = {.tenant = a->tenant,
                               .channel = a->channel->channel,
                               .layer = MW_LAYER_FINAL,
                               .from = {first.us - DAY_US}, /* one that straddles the first */
                               .to = last,
                               .as_of = MW_UTC_NONE};
    return mw_final_rows_read(a->store, &q, &a->rows);
}

static mw_status on_suspense(void *ctx, const mw_store_suspense *row) {
    account *a = ctx;
    a->had = true;
    a->from = row->from.us < a->from.us ? row->from : a->from;
    a->to = row->to.us > a->to.us ? row->to : a->to;
    return MW_OK;
}

/* A reading lies at that moment and no interval straddles it. */
static bool can_bound(const account *a, mw_utc at) {
    for (size_t i = 0; i < a->line.readings; i++)
        if (a->line.reading[i].at.us == at.us)
            return mw_final_rows_aligned(&a->rows, at);
    return false;
}

/* Widens the span until it starts and ends at readings that can bound one, or at the ends of the
 * line, and no former row of the account sticks out. */
static mw_status account_widen(account *a) {
    for (int i = 0; i < WIDEN_MAX; i++) {
        mw_utc from = a->from, to = a->to;
        MW_TRY(mw_store_suspense_list(a->store, a->tenant, a->channel->channel, from, to,
                                      on_suspense, a));
        MW_TRY(account_load(a));
        size_t n = a->line.readings;
        if (n > 0 && !can_bound(a, a->from) && a->line.reading[0].at.us < a->from.us)
            a->from = a->line.reading[0].at;
        if (n > 0 && !can_bound(a, a->to) && a->line.reading[n - 1].at.us > a->to.us)
            a->to = a->line.reading[n - 1].at;
        if (a->from.us == from.us && a->to.us == to.us) {
            a->whole = true;
            return MW_OK;
        }
    }
    return account_load(a);
}

static mw_status span_add(account *a, size_t from, size_t to, size_t *row, mw_utc now) {
    const mw_reading *p = &a->line.reading[from], *q = &a->line.reading[to];
    mw_store_suspense s = {
        .tenant = a->tenant, .channel = a->channel->channel, .from = p->at, .to = q->at, .at = now};
    s.step = mw_register_line_difference(&a->line, from, to, &s.difference);
    while (*row < a->rows.n && a->rows.row[*row].interval.start.us < p->at.us)
        (*row)++;
    for (; *row < a->rows.n && a->rows.row[*row].interval.start.us < q->at.us; (*row)++)
        if (__builtin_add_overflow(s.intervals, a->rows.row[*row].interval.value, &s.intervals))
            return MW_RANGE;
    if (s.step != MW_REGISTER_UNEXPLAINED &&
        __builtin_sub_overflow(s.difference, s.intervals, &s.suspense))
        return MW_RANGE;
    /* What simply adds up needs no row. */
    if (s.suspense != 0 || s.step != MW_REGISTER_FORWARD)
        a->span[a->spans++] = s;
    return MW_OK;
}

static mw_status account_spans(account *a, mw_utc now) {
    if (a->line.readings < 2)
        return MW_OK;
    a->span = calloc(a->line.readings, sizeof *a->span);
    if (a->span == NULL)
        return MW_NOMEM;
    size_t last = SIZE_MAX, row = 0;
    for (size_t i = 0; i < a->line.readings; i++) {
        mw_utc at = a->line.reading[i].at;
        if (at.us < a->from.us || at.us > a->to.us || !mw_final_rows_aligned(&a->rows, at))
            continue;
        if (last != SIZE_MAX)
            MW_TRY(span_add(a, last, i, &row, now));
        last = i;
    }
    return MW_OK;
}

mw_status mw_settle_channel(mw_store *store, int64_t tenant, const mw_store_channel *channel,
                            mw_utc from, mw_utc to, mw_utc now) {
    if (from.us > to.us)
        return MW_RANGE;
    MW_TRY(mw_settle_split(store, tenant, channel, from, to, now));
    account a = {.store = store, .tenant = tenant, .channel = channel, .from = from, .to = to};
    mw_status status = account_widen(&a);
    if (status == MW_OK)
        status = account_spans(&a, now);
    bool nothing = a.whole && !a.had && a.spans == 0;
    if (status == MW_OK && !nothing)
        status = mw_store_suspense_settle(store, tenant, channel->channel, a.from, a.to, a.span,
                                          a.spans);
    account_fini(&a);
    return status;
}

/* --- following ---------------------------------------------------------------------------------
 */

#define CURSOR_CHANGES "follow/settle"

typedef struct touched {
    int64_t tenant, channel;
    mw_utc from, to;
} touched;

typedef struct follower {
    touched list[FOLLOWED_MAX];
    size_t n;
    int64_t tenant, last;
    uint32_t taken;
} follower;

static mw_status touch(follower *f, int64_t tenant, int64_t channel, mw_utc from, mw_utc to) {
    for (size_t i = f->n; i > 0; i--) { /* those of one channel come together */
        touched *t = &f->list[i - 1];
        if (t->tenant != tenant || t->channel != channel)
            continue;
        if (from.us > t->to.us + DAY_US || to.us < t->from.us - DAY_US)
            break;
        t->from = from.us < t->from.us ? from : t->from;
        t->to = to.us > t->to.us ? to : t->to;
        return MW_OK;
    }
    if (f->n == FOLLOWED_MAX)
        return MW_LIMIT;
    f->list[f->n++] = (touched){tenant, channel, from, to};
    return MW_OK;
}

static mw_status on_change(void *ctx, const mw_store_change *c) {
    follower *f = ctx;
    f->last = c->id;
    f->taken++;
    return touch(f, c->tenant, c->channel, c->from, c->to);
}

static mw_status on_reading(void *ctx, const mw_store_register *r) {
    follower *f = ctx;
    f->last = r->id;
    f->taken++;
    /* The spans on both sides of it. */
    return touch(f, r->tenant, r->channel, (mw_utc){r->meter.us - 1}, (mw_utc){r->meter.us + 1});
}

typedef struct tenant_list {
    int64_t id[256];
    size_t n;
} tenant_list;

static mw_status on_tenant(void *ctx, int64_t tenant, const char *name) {
    (void)name;
    tenant_list *l = ctx;
    if (l->n == sizeof l->id / sizeof l->id[0])
        return MW_LIMIT;
    l->id[l->n++] = tenant;
    return MW_OK;
}

static mw_status follow_readings(mw_store *store, uint32_t limit, follower *f) {
    tenant_list l = {.n = 0};
    MW_TRY(mw_store_tenants(store, on_tenant, &l));
    for (size_t i = 0; i < l.n && f->n + limit <= FOLLOWED_MAX; i++) {
        char name[64];
        snprintf(name, sizeof name, "follow/readings/%lld/settle", (long long)l.id[i]);
        int64_t at = 0;
        MW_TRY(mw_store_cursor_get(store, name, &at));
        f->last = at;
        MW_TRY(mw_store_feed(store, l.id[i], at, limit, on_reading, f));
        if (f->last != at)
            MW_TRY(mw_store_cursor_set(store, name, f->last));
    }
    return MW_OK;
}

mw_status mw_settle_step(mw_store *store, uint32_t limit, mw_utc now, uint32_t *out_done) {
    if (limit == 0 || limit > MW_STORE_PAGE_MAX)
        return MW_RANGE;
    follower *f = calloc(1, sizeof *f);
    if (f == NULL)
        return MW_NOMEM;
    int64_t at = 0;
    mw_status status = mw_store_cursor_get(store, CURSOR_CHANGES, &at);
    f->last = at;
    if (status == MW_OK)
        status = mw_store_changes(store, at, limit, on_change, f);
    if (status == MW_OK && f->last != at)
        status = mw_store_cursor_set(store, CURSOR_CHANGES, f->last);
    if (status == MW_OK && f->last != at)
        status = mw_store_changes_prune(store, f->last);
    if (status == MW_OK)
        status = follow_readings(store, limit, f);
    for (size_t i = 0; i < f->n && status == MW_OK; i++) {
        const touched *t = &f->list[i];
        mw_store_channel channel;
        status = mw_store_channel_get(store, t->tenant, t->channel, &channel);
        if (status == MW_NOT_FOUND) { /* values of a channel that is gone */
            status = MW_OK;
            continue;
        }
        if (status == MW_OK)
            status = mw_settle_channel(store, t->tenant, &channel, t->from, t->to, now);
    }
    *out_done = f->taken;
    free(f);
    return status;
}
