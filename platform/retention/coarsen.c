/* SPDX-License-Identifier: Apache-2.0
 *
 * A channel's day becomes its sums, or goes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/readings/settle.h"
#include "platform/retention/internal.h"
#include "platform/store/chunk.h"

#define DAY_US (MW_DAY_S * MW_US_PER_S)

bool mw_retention_held(const mw_retention_holds *h, int64_t channel,
                       const mw_store_installation *installed, size_t n, mw_utc from, mw_utc to) {
    char number[MW_STORE_ID_MAX];
    snprintf(number, sizeof number, "%lld", (long long)channel);
    for (size_t i = 0; i < h->n; i++) {
        const mw_store_hold *a = &h->list[i];
        if (a->from.us >= to.us || a->to.us <= from.us)
            continue;
        if (channel == 0 || a->kind == MW_HOLD_TENANT ||
            (a->kind == MW_HOLD_METER && strcmp(a->subject, number) == 0))
            return true;
        for (size_t k = 0; a->kind == MW_HOLD_USAGE_POINT && k < n; k++)
            if (strcmp(a->subject, installed[k].usage_point) == 0 && installed[k].from.us < to.us &&
                (mw_utc_is_none(installed[k].to) || installed[k].to.us > from.us))
                return true;
    }
    return false;
}

/* One day at work. */
typedef struct day_work {
    mw_utc from, to;
    mw_store_installation installed[MW_STORE_INSTALLATIONS_MAX];
    size_t installations;
    int64_t cut[MW_RETENTION_PIECES_MAX + 1]; /* ascending, without the day's own ends */
    size_t cuts;
    mw_store_lock lock[8];
    size_t locks;
    mw_store *store;
    int64_t revised; /* journal record behind the newest revision that shows, 0 = none */
    mw_store_interval row[MW_RETENTION_PIECES_MAX + 1];
    int64_t end[MW_RETENTION_PIECES_MAX + 1];
    size_t rows, values;
    bool overflow;
} day_work;

static void cut_add(day_work *d, mw_utc at) {
    if (mw_utc_is_none(at) || at.us <= d->from.us || at.us >= d->to.us)
        return;
    size_t i = d->cuts;
    for (size_t k = 0; k < d->cuts; k++)
        if (d->cut[k] == at.us)
            return;
    if (d->cuts == MW_RETENTION_PIECES_MAX) {
        d->overflow = true;
        return;
    }
    for (; i > 0 && d->cut[i - 1] > at.us; i--)
        d->cut[i] = d->cut[i - 1];
    d->cut[i] = at.us;
    d->cuts++;
}

static mw_status on_installation(void *ctx, const mw_store_installation *row) {
    day_work *d = ctx;
    cut_add(d, row->from);
    cut_add(d, row->to);
    if (d->installations < MW_STORE_INSTALLATIONS_MAX)
        d->installed[d->installations++] = *row;
    return MW_OK;
}

static mw_status on_factor(void *ctx, const mw_store_factor *row) {
    cut_add(ctx, row->from);
    return MW_OK;
}

static mw_status on_lock(void *ctx, const mw_store_lock *row) {
    day_work *d = ctx;
    cut_add(d, row->from);
    cut_add(d, row->to);
    if (d->locks < sizeof d->lock / sizeof d->lock[0])
        d->lock[d->locks++] = *row;
    else
        d->overflow = true;
    return MW_OK;
}

static mw_status on_reading(void *ctx, const mw_store_register *row) {
    cut_add(ctx, row->meter);
    return MW_OK;
}

/* Local midnights of where it hung, or of where it hangs. */
static mw_status zone_cuts(mw_store *store, mw_zones *zones, int64_t tenant, day_work *d) {
    for (size_t i = 0; i < d->installations; i++) {
        const mw_store_installation *in = &d->installed[i];
        mw_store_usage_point point;
        char premise[MW_STORE_ID_MAX];
        const mw_zone *zone = NULL;
        if (in->from.us >= d->to.us || (!mw_utc_is_none(in->to) && in->to.us <= d->from.us))
            continue;
        mw_status s = mw_store_usage_point_get(store, tenant, in->usage_point, &point, premise);
        if (s == MW_NOT_FOUND)
            continue;
        MW_TRY(s);
        if (mw_zones_get(zones, point.time_zone, &zone) != MW_OK)
            continue;
        int32_t second = 0;
        int64_t first = mw_zone_local_day(zone, d->from, &second);
        for (int64_t day = first; day <= first + 2; day++)
            cut_add(d, mw_zone_day_start(zone, day));
    }
    return MW_OK;
}

static mw_status on_value(void *ctx, const mw_store_value *v) {
    day_work *d = ctx;
    size_t piece = 0;
    const mw_store_interval *r = &v->interval;
    d->values++;
    while (piece < d->cuts && r->start.us >= d->cut[piece])
        piece++;
    mw_store_interval *sum = d->rows > 0 ? &d->row[d->rows - 1] : NULL;
    int64_t end = r->start.us + (int64_t)r->seconds * MW_US_PER_S;
    int64_t begin = piece == 0 ? d->from.us : d->cut[piece - 1];
    int64_t journal = v->revision == 0 ? r->journal : 0;
    if (v->revision != 0) {
        /* Known from the first journal record on that was stored after the revision; a span that
         * was closed before another record came keeps what it showed. */
        MW_TRY(mw_store_journal_at(d->store, r->received, &journal));
        journal++;
    }
    for (size_t i = 0; i < d->locks; i++)
        if (begin >= d->lock[i].from.us && begin < d->lock[i].to.us && journal > d->lock[i].journal)
            journal = d->lock[i].journal;
    if (sum != NULL && sum->start.us >= begin) {
        sum->quality |= r->quality;
        if (d->end[d->rows - 1] < r->start.us)
            sum->quality |= MW_QUALITY_PARTIAL; /* a hole between */
        if (__builtin_add_overflow(sum->value, r->value, &sum->value))
            return MW_RANGE;
        sum->journal = journal > sum->journal ? journal : sum->journal;
        sum->received = r->received.us > sum->received.us ? r->received : sum->received;
        d->end[d->rows - 1] = end;
        return MW_OK;
    }
    d->row[d->rows] = *r;
    d->row[d->rows].journal = journal;
    d->end[d->rows++] = end;
    return MW_OK;
}

static mw_status cuts_find(mw_store *store, mw_zones *zones, int64_t tenant,
                           const mw_store_channel *c, day_work *d) {
    mw_store_installation_query q = {.tenant = tenant, .channel = c->channel, .as_of = MW_UTC_NONE};
    MW_TRY(mw_store_installations(store, &q, on_installation, d));
    MW_TRY(mw_store_locks(store, tenant, c->channel, d->from, d->to, on_lock, d));
    MW_TRY(mw_store_factors(store, tenant, c->channel, MW_UTC_NONE, on_factor, d));
    MW_TRY(zone_cuts(store, zones, tenant, d));
    return mw_store_registers_between(store, tenant, c->channel, c->obis, d->from, d->to,
                                      on_reading, d);
}

/* The callback of a read must not read itself, so the values are kept first. */
typedef struct kept_values {
    mw_store_value row[MW_CHUNK_VALUES_MAX];
    size_t n;
} kept_values;

static mw_status keep_value(void *ctx, const mw_store_value *v) {
    kept_values *k = ctx;
    if (k->n == MW_CHUNK_VALUES_MAX)
        return MW_LIMIT;
    k->row[k->n++] = *v;
    return MW_OK;
}

static mw_status sums_make(mw_store *store, int64_t tenant, int64_t channel, day_work *d) {
    kept_values *k = calloc(1, sizeof *k);
    if (k == NULL)
        return MW_NOMEM;
    mw_store_values_query v = {.tenant = tenant,
                               .channel = channel,
                               .layer = MW_LAYER_FINAL,
                               .from = d->from,
                               .to = d->to,
                               .as_of = MW_UTC_NONE};
    mw_status s = mw_store_values(store, &v, keep_value, k);
    for (size_t i = 0; s == MW_OK && i < k->n; i++)
        s = on_value(d, &k->row[i]);
    free(k);
    for (size_t i = 0; i < d->rows; i++)
        d->row[i].seconds = (uint32_t)((d->end[i] - d->row[i].start.us) / MW_US_PER_S);
    return s;
}

static mw_status day_coarsen(mw_store *store, mw_zones *zones, const mw_retention_holds *holds,
                             int64_t tenant, const mw_store_channel *c, int64_t day, mw_utc now,
                             day_work *d, bool *out_changed, bool *out_held) {
    *out_changed = false;
    *out_held = false;
    d->store = store;
    d->from = mw_utc_of_s(day * MW_DAY_S);
    d->to = mw_utc_of_s((day + 1) * MW_DAY_S);
    MW_TRY(cuts_find(store, zones, tenant, c, d));
    *out_held =
        mw_retention_held(holds, c->channel, d->installed, d->installations, d->from, d->to);
    if (*out_held || d->overflow)
        return MW_OK;
    mw_status s = sums_make(store, tenant, c->channel, d);
    if (s == MW_RANGE) /* a sum that does not fit stays apart */
        return MW_OK;
    MW_TRY(s);
    if (d->rows == d->values)
        return MW_OK;
    MW_TRY(mw_store_day_replace(store, tenant, c->channel, day, d->row, d->rows));
    *out_changed = true;
    return mw_settle_channel(store, tenant, c, d->from, d->to, now);
}

mw_status mw_retention_coarsen(mw_store *store, mw_zones *zones, const mw_retention_holds *holds,
                               int64_t tenant, int64_t channel, int64_t day, mw_utc now,
                               bool *out_changed, bool *out_held) {
    mw_store_meter m;
    mw_status s = mw_store_meter_of_channel(store, tenant, channel, &m);
    *out_changed = false;
    *out_held = false;
    if (s == MW_NOT_FOUND)
        return MW_OK;
    MW_TRY(s);
    day_work *d = calloc(1, sizeof *d);
    if (d == NULL)
        return MW_NOMEM;
    s = day_coarsen(store, zones, holds, tenant, &m.channel, day, now, d, out_changed, out_held);
    free(d);
    return s;
}

mw_status mw_retention_drop(mw_store *store, const mw_retention_holds *holds, int64_t tenant,
                            int64_t channel, int64_t day, mw_utc now, bool *out_held) {
    mw_store_meter m;
    mw_utc from = mw_utc_of_s(day * MW_DAY_S), to = mw_utc_of_s((day + 1) * MW_DAY_S);
    mw_status s = mw_store_meter_of_channel(store, tenant, channel, &m);
    if (s != MW_OK && s != MW_NOT_FOUND)
        return s;
    day_work *d = calloc(1, sizeof *d);
    if (d == NULL)
        return MW_NOMEM;
    mw_store_installation_query q = {.tenant = tenant, .channel = channel, .as_of = MW_UTC_NONE};
    bool known = s == MW_OK;
    s = mw_store_installations(store, &q, on_installation, d);
    *out_held = mw_retention_held(holds, channel, d->installed, d->installations, from, to);
    free(d);
    MW_TRY(s);
    if (*out_held)
        return MW_OK;
    MW_TRY(mw_store_day_replace(store, tenant, channel, day, NULL, 0));
    return known ? mw_settle_channel(store, tenant, &m.channel, from, to, now) : MW_OK;
}
