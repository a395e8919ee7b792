/* SPDX-License-Identifier: Apache-2.0
 *
 * The memory store: retention, legal holds, letting go.
 */
#include <stdio.h>
#include <stdlib.h>

#include "platform/store/memory_internal.h"

static mw_status retention_put(mw_store *s, const mw_store_retention *row) {
    mw_mem *m = mw_mem_of(s);
    if ((unsigned)row->tier >= MW_TIERS || row->days < 0)
        return MW_RANGE;
    if (!m->in_transaction)
        return MW_STATE;
    MW_MEM_EACH(mw_store_retention, r, m->now.retentions)
    if (r->tenant == row->tenant && r->tier == row->tier) {
        *r = *row;
        return MW_OK;
    }
    return mw_mem_add(m, &m->now.retentions, row);
}

static mw_status retentions(mw_store *s, int64_t tenant, mw_store_on_retention each, void *ctx) {
    mw_mem *m = mw_mem_of(s);
    for (int tier = 0; tier < MW_TIERS; tier++)
        MW_MEM_EACH(mw_store_retention, r, m->now.retentions)
    if (r->tenant == tenant && (int)r->tier == tier)
        MW_TRY(each(ctx, r));
    return MW_OK;
}

static mw_status hold_add(mw_store *s, const mw_store_hold *row, int64_t *out_id) {
    mw_mem *m = mw_mem_of(s);
    if (row->from.us >= row->to.us || row->kind < MW_HOLD_TENANT || row->kind > MW_HOLD_USAGE_POINT)
        return MW_RANGE;
    mw_store_hold own = *row;
    own.id = (int64_t)m->now.holds.n + 1;
    own.released_at = MW_UTC_NONE;
    own.released_by[0] = 0;
    MW_TRY(mw_mem_add(m, &m->now.holds, &own));
    *out_id = own.id;
    return MW_OK;
}

static mw_status hold_release(mw_store *s, int64_t tenant, int64_t id, mw_utc at, const char *who) {
    mw_mem *m = mw_mem_of(s);
    MW_MEM_EACH(mw_store_hold, h, m->now.holds) {
        if (h->tenant != tenant || h->id != id)
            continue;
        if (!mw_utc_is_none(h->released_at))
            return MW_STATE;
        if (!m->in_transaction)
            return MW_STATE;
        h->released_at = at;
        (void)snprintf(h->released_by, sizeof h->released_by, "%s", who);
        return MW_OK;
    }
    return MW_NOT_FOUND;
}

static mw_status holds(mw_store *s, int64_t tenant, bool active_only, int64_t before,
                       uint32_t limit, mw_store_on_hold each, void *ctx) {
    mw_mem *m = mw_mem_of(s);
    if (limit == 0 || limit > MW_STORE_PAGE_MAX)
        return MW_RANGE;
    const mw_store_hold *list = m->now.holds.p;
    for (size_t i = m->now.holds.n; i > 0 && limit > 0; i--) {
        const mw_store_hold *h = &list[i - 1];
        if (h->tenant != tenant || (before != 0 && h->id >= before) ||
            (active_only && !mw_utc_is_none(h->released_at)))
            continue;
        MW_TRY(each(ctx, h));
        limit--;
    }
    return MW_OK;
}

/* ---- days ---- */

static bool is_behind(int64_t day, int64_t channel, int64_t after_day, int64_t after_channel) {
    return day > after_day || (day == after_day && channel > after_channel);
}

static void nearest(int64_t day, int64_t channel, int64_t after_day, int64_t after_channel,
                    int64_t *best_day, int64_t *best_channel) {
    if (!is_behind(day, channel, after_day, after_channel) ||
        !is_behind(*best_day, *best_channel, day, channel))
        return;
    *best_day = day;
    *best_channel = channel;
}

static mw_status days_after(mw_store *s, int64_t tenant, int64_t day, int64_t channel, int64_t end,
                            uint32_t limit, mw_store_on_day each, void *ctx) {
    mw_mem *m = mw_mem_of(s);
    if (limit == 0 || limit > MW_STORE_PAGE_MAX)
        return MW_RANGE;
    for (; limit > 0; limit--) {
        int64_t best_day = INT64_MAX, best = INT64_MAX;
        MW_MEM_EACH(mw_mem_report, r, m->now.reports)
        if (r->tenant == tenant && r->folded && r->day < end)
            nearest(r->day, r->channel, day, channel, &best_day, &best);
        MW_MEM_EACH(mw_store_revision, r, m->now.revisions)
        if (r->tenant == tenant && mw_layer_day_of(r->from) < end)
            nearest(mw_layer_day_of(r->from), r->channel, day, channel, &best_day, &best);
        if (best_day == INT64_MAX)
            return MW_OK;
        day = best_day;
        channel = best;
        MW_TRY(each(ctx, day, channel));
    }
    return MW_OK;
}

static mw_status day_replace(mw_store *s, int64_t tenant, int64_t channel, int64_t day,
                             const mw_store_interval *rows, size_t n) {
    mw_mem *m = mw_mem_of(s);
    uint8_t chunk[MW_CHUNK_BYTES_MAX];
    size_t size;
    if (!m->in_transaction)
        return MW_STATE;
    if (n > MW_CHUNK_VALUES_MAX)
        return MW_LIMIT;
    if (n > 0)
        MW_TRY(mw_chunk_encode(day, rows, n, MW_SPAN_OF(chunk), &size));
    mw_mem_report *list = m->now.reports.p;
    size_t kept = 0;
    for (size_t i = 0; i < m->now.reports.n; i++)
        if (list[i].tenant != tenant || list[i].channel != channel || list[i].day != day)
            list[kept++] = list[i];
    m->now.reports.n = kept;
    MW_MEM_DROP(mw_mem_conflict, c, m->now.conflicts,
                c->tenant == tenant && c->channel == channel &&
                    mw_layer_day_of(c->row.start) == day);
    /* Numbers of revisions are places in the list: what is forgotten belongs to nobody. */
    MW_MEM_EACH(mw_store_revision, r, m->now.revisions)
    if (r->tenant == tenant && r->channel == channel && mw_layer_day_of(r->from) == day)
        r->tenant = 0;
    for (size_t i = 0; i < n; i++) {
        mw_mem_report r = {.tenant = tenant,
                           .channel = channel,
                           .day = day,
                           .run = 0,
                           .folded = true,
                           .row = rows[i]};
        r.row.received = mw_utc_of_s(mw_utc_floor_s(rows[i].received));
        MW_TRY(mw_mem_add(m, &m->now.reports, &r));
    }
    return MW_OK;
}

/* As many bytes as the day's record has. */
static mw_status days_amount(mw_store *s, int64_t tenant, int64_t from, int64_t end,
                             mw_store_amount *out_amount) {
    mw_mem *m = mw_mem_of(s);
    int64_t day = from, channel = INT64_MIN;
    *out_amount = (mw_store_amount){0};
    for (;;) {
        uint8_t chunk[MW_CHUNK_BYTES_MAX];
        size_t size = 0;
        int64_t best_day = INT64_MAX, best = INT64_MAX;
        MW_MEM_EACH(mw_mem_report, r, m->now.reports)
        if (r->tenant == tenant && r->folded && r->day >= from && r->day < end)
            nearest(r->day, r->channel, day, channel, &best_day, &best);
        if (best_day == INT64_MAX)
            return MW_OK;
        day = best_day;
        channel = best;
        size_t n = mw_mem_folded_day(m, tenant, channel, day);
        MW_TRY(mw_chunk_pack(day, m->rows, n, MW_SPAN_OF(chunk), &size));
        out_amount->rows++;
        out_amount->values += (int64_t)n;
        out_amount->bytes += (int64_t)size;
    }
}

bool mw_mem_forgotten(mw_mem *m, int64_t journal) {
    MW_MEM_EACH(int64_t, id, m->now.forgotten)
    if (*id == journal)
        return true;
    return false;
}

static mw_status journal_forget(mw_store *s, int64_t tenant, int64_t from, int64_t to) {
    mw_mem *m = mw_mem_of(s);
    if (!m->in_transaction)
        return MW_STATE;
    MW_MEM_EACH(mw_store_envelope, e, m->now.journal)
    if (e->tenant == tenant && e->id >= from && e->id <= to && !mw_mem_forgotten(m, e->id))
        MW_TRY(mw_mem_add(m, &m->now.forgotten, &e->id));
    MW_MEM_DROP(mw_store_reception, r, m->now.received,
                r->tenant == tenant && r->journal >= from && r->journal <= to);
    return MW_OK;
}

static mw_status journal_amount(mw_store *s, int64_t tenant, int64_t from, int64_t to,
                                mw_store_amount *out_amount) {
    mw_mem *m = mw_mem_of(s);
    *out_amount = (mw_store_amount){0};
    MW_MEM_EACH(mw_store_envelope, e, m->now.journal)
    if (e->tenant == tenant && e->id >= from && e->id <= to && e->content.n > 0 &&
        !mw_mem_forgotten(m, e->id)) {
        out_amount->rows++;
        out_amount->bytes += (int64_t)e->content.n;
    }
    return MW_OK;
}

void mw_mem_retention_ops(mw_store_ops *ops) {
    ops->days_amount = days_amount;
    ops->journal_forget = journal_forget;
    ops->journal_amount = journal_amount;
    ops->retention_put = retention_put;
    ops->retentions = retentions;
    ops->hold_add = hold_add;
    ops->hold_release = hold_release;
    ops->holds = holds;
    ops->days_after = days_after;
    ops->day_replace = day_replace;
}
