/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/readings/conservation.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* Far beyond any reading, and a day can be added. */
static const mw_utc always_from = {-INT64_C(4000000000000000000)};
static const mw_utc always_to = {INT64_C(4000000000000000000)};

typedef struct checker {
    int64_t tenant;
    const mw_store_channel *channel;
    mw_on_violation each;
    void *ctx;
    mw_conservation *sums;
    mw_register_line line;
    mw_final_rows rows;
    mw_store_suspense *span;
    size_t spans, room;
} checker;

static mw_status on_span(void *ctx, const mw_store_suspense *row) {
    checker *k = ctx;
    if (k->spans == k->room) {
        size_t room = k->room == 0 ? 64 : k->room * 2;
        mw_store_suspense *span = realloc(k->span, room * sizeof *span);
        if (span == NULL)
            return MW_NOMEM;
        k->span = span;
        k->room = room;
    }
    k->span[k->spans++] = *row;
    return MW_OK;
}

static mw_status complain(checker *k, mw_utc from, mw_utc to, const char *what, int64_t difference,
                          int64_t intervals, int64_t suspense) {
    k->sums->violations++;
    mw_violation v = {.tenant = k->tenant,
                      .channel = k->channel->channel,
                      .from = from,
                      .to = to,
                      .what = what,
                      .difference = difference,
                      .intervals = intervals,
                      .suspense = suspense};
    return k->each == NULL ? MW_OK : k->each(k->ctx, &v);
}

/* Sums what starts in [from, to), *at = where the search goes on. */
static int64_t interval_sum(checker *k, mw_utc from, mw_utc to, size_t *at) {
    int64_t sum = 0;
    while (*at < k->rows.n && k->rows.row[*at].interval.start.us < from.us)
        (*at)++;
    for (; *at < k->rows.n && k->rows.row[*at].interval.start.us < to.us; (*at)++) {
        sum = (int64_t)((uint64_t)sum + (uint64_t)k->rows.row[*at].interval.value);
        k->sums->intervals++;
    }
    return sum;
}

static mw_status span_check(checker *k, size_t from, size_t to, const mw_store_suspense *row,
                            size_t *at, int64_t *total) {
    mw_utc a = k->line.reading[from].at, b = k->line.reading[to].at;
    int64_t difference = 0, intervals = interval_sum(k, a, b, at);
    mw_register_step step = mw_register_line_difference(&k->line, from, to, &difference);
    mw_conservation *c = k->sums;
    c->spans++;
    c->rollovers += step == MW_REGISTER_ROLLOVER;
    c->reverses += step == MW_REGISTER_REVERSE;
    c->unexplained += step == MW_REGISTER_UNEXPLAINED;
    c->in_suspense += row->suspense != 0;
    c->suspense += row->suspense < 0 ? -row->suspense : row->suspense;
    if (row->step != step)
        return complain(k, a, b, "the step is of another kind", difference, intervals,
                        row->suspense);
    if (step == MW_REGISTER_UNEXPLAINED) {
        *total += intervals; /* carried: nothing is claimed of them */
        return MW_OK;
    }
    *total += difference;
    if (intervals + row->suspense != difference)
        return complain(k, a, b, "intervals + suspense is not the register's difference",
                        difference, intervals, row->suspense);
    return MW_OK;
}

/* The line as a whole, added up without looking at spans. */
static mw_status whole_check(checker *k, mw_utc from, mw_utc to, int64_t total) {
    int64_t intervals = 0, suspense = 0;
    for (size_t i = 0; i < k->rows.n; i++) {
        mw_utc start = k->rows.row[i].interval.start;
        if (start.us >= from.us && start.us < to.us)
            intervals = (int64_t)((uint64_t)intervals + (uint64_t)k->rows.row[i].interval.value);
    }
    for (size_t i = 0; i < k->spans; i++)
        suspense += k->span[i].suspense;
    if (intervals + suspense == total)
        return MW_OK;
    return complain(k, from, to, "the whole line does not add up", total, intervals, suspense);
}

static mw_status line_check(checker *k) {
    size_t last = SIZE_MAX, first = SIZE_MAX, row = 0, at = 0;
    int64_t total = 0;
    for (size_t i = 0; i < k->line.readings; i++) {
        if (!mw_final_rows_aligned(&k->rows, k->line.reading[i].at))
            continue;
        if (last != SIZE_MAX) {
            mw_utc from = k->line.reading[last].at, to = k->line.reading[i].at;
            mw_store_suspense plain = {.from = from, .to = to, .step = MW_REGISTER_FORWARD};
            bool own =
                row < k->spans && k->span[row].from.us == from.us && k->span[row].to.us == to.us;
            MW_TRY(span_check(k, last, i, own ? &k->span[row] : &plain, &at, &total));
            row += own;
        } else {
            first = i;
        }
        last = i;
    }
    k->sums->unbounded += first == last;
    if (row < k->spans)
        return complain(k, k->span[row].from, k->span[row].to,
                        "a row of the account that no two readings bound", 0, 0,
                        k->span[row].suspense);
    if (first == last)
        return MW_OK;
    return whole_check(k, k->line.reading[first].at, k->line.reading[last].at, total);
}

mw_status mw_conservation_channel(mw_store *store, int64_t tenant, const mw_store_channel *channel,
                                  mw_on_violation each, void *ctx, mw_conservation *sums) {
    checker k = {.tenant = tenant, .channel = channel, .each = each, .ctx = ctx, .sums = sums};
    mw_store_values_query q = {.tenant = tenant,
                               .channel = channel->channel,
                               .layer = MW_LAYER_FINAL,
                               .from = always_from,
                               .to = always_to,
                               .as_of = MW_UTC_NONE};
    mw_status status =
        mw_register_line_read(store, tenant, channel, always_from, always_to, &k.line);
    if (status == MW_OK)
        status = mw_final_rows_read(store, &q, &k.rows);
    if (status == MW_OK)
        status = mw_store_suspense_list(store, tenant, channel->channel, always_from, always_to,
                                        on_span, &k);
    sums->channels++;
    sums->readings += (int64_t)k.line.readings;
    if (status == MW_OK)
        status = line_check(&k);
    mw_register_line_fini(&k.line);
    mw_final_rows_fini(&k.rows);
    free(k.span);
    return status;
}

/* --- all ---------------------------------------------------------------------------------------
 */

typedef struct walk {
    struct {
        int64_t tenant, channel;
    } list[MW_STORE_PAGE_MAX];
    size_t n;
    int64_t last;
} walk;

static mw_status on_channel(void *ctx, const mw_store_channel_newest *c) {
    walk *w = ctx;
    w->list[w->n].tenant = c->tenant;
    w->list[w->n++].channel = c->channel;
    w->last = c->channel;
    return MW_OK;
}

static mw_status on_change(void *ctx, const mw_store_change *c) {
    (void)c;
    (*(int64_t *)ctx)++;
    return MW_OK;
}

static mw_status on_reading(void *ctx, const mw_store_register *r) {
    (void)r;
    (*(int64_t *)ctx)++;
    return MW_OK;
}

typedef struct readings_left {
    mw_store *store;
    int64_t *n;
} readings_left;

static mw_status tenant_left(void *ctx, int64_t tenant, const char *name) {
    (void)name;
    readings_left *l = ctx;
    char cursor[64];
    int64_t at = 0;
    snprintf(cursor, sizeof cursor, "follow/readings/%" PRId64 "/settle", tenant);
    MW_TRY(mw_store_cursor_get(l->store, cursor, &at));
    return mw_store_feed(l->store, tenant, at, MW_STORE_PAGE_MAX, on_reading, l->n);
}

/* Counts up to a page of each kind: enough to know that settling is behind. */
static mw_status unsettled_count(mw_store *store, int64_t *out_n) {
    int64_t at = 0;
    *out_n = 0;
    MW_TRY(mw_store_cursor_get(store, "follow/settle", &at));
    MW_TRY(mw_store_changes(store, at, MW_STORE_PAGE_MAX, on_change, out_n));
    readings_left l = {store, out_n};
    return mw_store_tenants(store, tenant_left, &l);
}

static mw_status page_check(mw_store *store, const walk *w, mw_on_violation each, void *ctx,
                            void (*pause)(void), mw_conservation *sums) {
    for (size_t i = 0; i < w->n; i++) {
        int64_t tenant = w->list[i].tenant;
        mw_store_meter m;
        MW_TRY(mw_store_meter_of_channel(store, tenant, w->list[i].channel, &m));
        for (int look = 0; pause != NULL && look < 3; look++) {
            mw_conservation seen = {0};
            MW_TRY(mw_conservation_channel(store, tenant, &m.channel, NULL, NULL, &seen));
            if (seen.violations == 0)
                break;
            pause();
        }
        MW_TRY(mw_conservation_channel(store, tenant, &m.channel, each, ctx, sums));
    }
    return MW_OK;
}

mw_status mw_conservation_all(mw_store *store, mw_on_violation each, void *ctx, void (*pause)(void),
                              mw_conservation *out_sums) {
    mw_conservation sums = {0};
    MW_TRY(unsettled_count(store, &sums.unsettled));
    walk *w = calloc(1, sizeof *w);
    if (w == NULL)
        return MW_NOMEM;
    mw_status status = MW_OK;
    do {
        w->n = 0;
        status = mw_store_channels_newest(store, w->last, MW_STORE_PAGE_MAX, on_channel, w);
        if (status == MW_OK)
            status = page_check(store, w, each, ctx, pause, &sums);
    } while (status == MW_OK && w->n == MW_STORE_PAGE_MAX);
    free(w);
    if (status == MW_OK)
        *out_sums = sums;
    return status;
}
