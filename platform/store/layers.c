/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/store/layers.h"

#include <string.h>

static int64_t end_us(const mw_store_interval *r) {
    return r->start.us + (int64_t)r->seconds * MW_US_PER_S;
}

static bool overlaps(const mw_store_interval *r, mw_utc from, mw_utc to) {
    return r->start.us < to.us && end_us(r) > from.us;
}

static bool rows_fit(const mw_store_revision *r) {
    const int64_t day_end = (mw_layer_day_of(r->from) + 1) * 86400 * MW_US_PER_S;
    int64_t free_from = r->from.us;
    for (size_t i = 0; i < r->n; i++) {
        const mw_store_interval *row = &r->rows[i];
        if (row->start.us < free_from || row->start.us >= r->to.us || row->seconds == 0 ||
            row->seconds > 86400 || row->start.us % MW_US_PER_S != 0)
            return false;
        free_from = end_us(row);
        if (free_from > r->to.us && r->to.us != day_end)
            return false;
    }
    return true;
}

mw_status mw_revision_check(const mw_store_revision *r) {
    if ((unsigned)r->layer >= MW_LAYERS || (unsigned)r->reason >= MW_REASONS ||
        mw_utc_is_none(r->at) || mw_utc_is_none(r->from) || mw_utc_is_none(r->to))
        return MW_RANGE;
    if (r->actor < MW_ACTOR_SYSTEM || r->actor > MW_ACTOR_METHOD)
        return MW_RANGE;
    if (r->from.us >= r->to.us || r->from.us % MW_US_PER_S != 0 || r->to.us % MW_US_PER_S != 0)
        return MW_RANGE;
    int64_t day = mw_layer_day_of(r->from);
    if (day < -1000000 || day > 10000000 || r->to.us > (day + 1) * 86400 * MW_US_PER_S)
        return MW_RANGE;
    if (r->kind == MW_REVISION_WITHDRAW)
        return r->n == 0 ? MW_OK : MW_RANGE;
    if (r->kind != MW_REVISION_SET || r->n > MW_STORE_REVISION_ROWS_MAX || !rows_fit(r))
        return MW_RANGE;
    return MW_OK;
}

void mw_layer_start(mw_layer_day *l) {
    l->n = 0;
    l->covers = 0;
}

/* Takes [from, to) out of the covers; a cover around it becomes two. */
static mw_status cover_cut(mw_layer_day *l, mw_utc from, mw_utc to) {
    for (size_t i = 0; i < l->covers; i++) {
        mw_utc a = l->cover[i].from, b = l->cover[i].to;
        if (b.us <= from.us || a.us >= to.us)
            continue;
        if (a.us < from.us && b.us > to.us) {
            if (l->covers == MW_LAYER_COVERS_MAX)
                return MW_LIMIT;
            memmove(&l->cover[i + 1], &l->cover[i], (l->covers - i) * sizeof l->cover[0]);
            l->covers++;
            l->cover[i].to = from;
            l->cover[i + 1].from = to;
            return MW_OK;
        }
        if (a.us < from.us) {
            l->cover[i].to = from;
        } else if (b.us > to.us) {
            l->cover[i].from = to;
        } else {
            l->covers--;
            memmove(&l->cover[i], &l->cover[i + 1], (l->covers - i) * sizeof l->cover[0]);
            i--; /* wraps to the next turn's 0 */
        }
    }
    return MW_OK;
}

static mw_status cover_add(mw_layer_day *l, mw_utc from, mw_utc to) {
    if (l->covers == MW_LAYER_COVERS_MAX)
        return MW_LIMIT;
    size_t at = l->covers;
    while (at > 0 && l->cover[at - 1].from.us > from.us)
        at--;
    memmove(&l->cover[at + 1], &l->cover[at], (l->covers - at) * sizeof l->cover[0]);
    l->cover[at].from = from;
    l->cover[at].to = to;
    l->covers++;
    return MW_OK;
}

static void rows_cut(mw_layer_day *l, mw_utc from, mw_utc to) {
    size_t kept = 0;
    for (size_t i = 0; i < l->n; i++)
        if (!overlaps(&l->rows[i].interval, from, to))
            l->rows[kept++] = l->rows[i];
    l->n = kept;
}

/* Makes room for `count` rows before the first that starts at or after `start`. */
static mw_status rows_open(mw_layer_day *l, mw_utc start, size_t count, size_t *out_at) {
    if (l->n + count > MW_STORE_REVISION_ROWS_MAX)
        return MW_LIMIT;
    size_t at = l->n;
    while (at > 0 && l->rows[at - 1].interval.start.us >= start.us)
        at--;
    memmove(&l->rows[at + count], &l->rows[at], (l->n - at) * sizeof l->rows[0]);
    l->n += count;
    *out_at = at;
    return MW_OK;
}

mw_status mw_layer_revise(mw_layer_day *l, const mw_store_revision *r) {
    rows_cut(l, r->from, r->to);
    MW_TRY(cover_cut(l, r->from, r->to));
    if (r->kind == MW_REVISION_WITHDRAW)
        return MW_OK;
    MW_TRY(cover_add(l, r->from, r->to));
    if (r->n == 0)
        return MW_OK;
    size_t at = 0;
    MW_TRY(rows_open(l, r->from, r->n, &at));
    for (size_t i = 0; i < r->n; i++) {
        mw_store_value *v = &l->rows[at + i];
        *v = (mw_store_value){.interval = r->rows[i],
                              .layer = r->layer,
                              .revision = r->id,
                              .method = r->method,
                              .has_prediction = r->prediction != NULL};
        v->interval.received = mw_utc_of_s(mw_utc_floor_s(r->at));
        v->interval.journal = 0;
        if (v->has_prediction)
            v->prediction = r->prediction[i];
    }
    return MW_OK;
}

/* Rows of `over` where no row of `under` is. */
static mw_status fill(mw_layer_day *under, const mw_layer_day *over) {
    for (size_t i = 0; i < over->n; i++) {
        const mw_store_interval *row = &over->rows[i].interval;
        mw_utc end = {end_us(row)};
        bool taken = false;
        for (size_t k = 0; k < under->n && !taken; k++)
            taken = overlaps(&under->rows[k].interval, row->start, end);
        if (taken)
            continue;
        size_t at = 0;
        MW_TRY(rows_open(under, row->start, 1, &at));
        under->rows[at] = over->rows[i];
    }
    return MW_OK;
}

mw_status mw_layer_put(mw_layer_day *under, const mw_layer_day *over, bool reports_first) {
    if (reports_first)
        return fill(under, over);
    for (size_t i = 0; i < over->covers; i++)
        rows_cut(under, over->cover[i].from, over->cover[i].to);
    return fill(under, over);
}
