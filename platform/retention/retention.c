/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/retention/retention.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/journal/decode.h"
#include "platform/retention/internal.h"
#include "platform/store/chunk.h"

enum { TENANTS_MAX = 1000, RECORDS_A_DAY = 20 };

#define DAY_US (MW_DAY_S * MW_US_PER_S)

int64_t mw_retention_least(mw_tier tier) {
    static const int64_t least[MW_TIERS] = {30, 400, 400};
    return least[tier];
}

const char *mw_retention_tier_name(mw_tier tier) {
    static const char *const name[MW_TIERS] = {"raw", "intervals", "daily"};
    return name[tier];
}

static mw_status on_retention(void *ctx, const mw_store_retention *row) {
    mw_retention_plan *p = ctx;
    p->days[row->tier] = row->days;
    return MW_OK;
}

mw_status mw_retention_read(mw_store *store, int64_t tenant, mw_retention_plan *out_plan) {
    mw_retention_plan p = {{0}};
    MW_TRY(mw_store_retentions(store, tenant, on_retention, &p));
    *out_plan = p;
    return MW_OK;
}

mw_status mw_retention_set(mw_store *store, const mw_store_retention *row) {
    mw_retention_plan p;
    if ((unsigned)row->tier >= MW_TIERS || row->days < 0 || row->days > 36500)
        return MW_RANGE;
    MW_TRY(mw_retention_read(store, row->tenant, &p));
    p.days[row->tier] = row->days;
    if (row->days != 0 && row->days < mw_retention_least(row->tier))
        return MW_RANGE;
    /* Sums may not go before the intervals they are made of. */
    if (p.days[MW_TIER_DAILY] != 0 &&
        (p.days[MW_TIER_INTERVALS] == 0 || p.days[MW_TIER_DAILY] < p.days[MW_TIER_INTERVALS]))
        return MW_RANGE;
    return mw_store_retention_put(store, row);
}

/* ---- where each tier stands ---- */

typedef struct place {
    char day_name[MW_STORE_ID_MAX], channel_name[MW_STORE_ID_MAX];
    int64_t day, channel;
} place;

static void place_names(place *p, int64_t tenant, mw_tier tier) {
    snprintf(p->day_name, sizeof p->day_name, "retention/%lld/%s/day", (long long)tenant,
             mw_retention_tier_name(tier));
    snprintf(p->channel_name, sizeof p->channel_name, "retention/%lld/%s/channel",
             (long long)tenant, mw_retention_tier_name(tier));
}

static mw_status place_read(mw_store *store, int64_t tenant, mw_tier tier, place *p) {
    place_names(p, tenant, tier);
    MW_TRY(mw_store_cursor_get(store, p->day_name, &p->day));
    return mw_store_cursor_get(store, p->channel_name, &p->channel);
}

static mw_status place_write(mw_store *store, const place *p) {
    MW_TRY(mw_store_cursor_set(store, p->day_name, p->day));
    return mw_store_cursor_set(store, p->channel_name, p->channel);
}

mw_status mw_retention_release(mw_store *store, const mw_store_hold *hold, mw_utc at,
                               const char *who) {
    MW_TRY(mw_store_hold_release(store, hold->tenant, hold->id, at, who));
    int64_t day = mw_utc_floor_s(hold->from) / MW_DAY_S - 1;
    for (int tier = MW_TIER_INTERVALS; tier <= MW_TIER_DAILY; tier++) {
        place p;
        MW_TRY(place_read(store, hold->tenant, (mw_tier)tier, &p));
        if (p.day > day) {
            p.day = day > 0 ? day : 0;
            p.channel = 0;
            MW_TRY(place_write(store, &p));
        }
    }
    place p;
    MW_TRY(place_read(store, hold->tenant, MW_TIER_RAW, &p));
    p.day = 0; /* contents already empty cost a look */
    return place_write(store, &p);
}

/* ---- holds ---- */

typedef struct holds_page {
    mw_retention_holds *h;
    int64_t last;
    uint32_t n;
} holds_page;

static mw_status on_hold(void *ctx, const mw_store_hold *row) {
    holds_page *p = ctx;
    mw_retention_holds *h = p->h;
    if (h->n == MW_RETENTION_HOLDS_MAX)
        return MW_LIMIT;
    if (h->n == h->room) {
        size_t room = h->room == 0 ? 16 : h->room * 2;
        mw_store_hold *list = realloc(h->list, room * sizeof *list);
        if (list == NULL)
            return MW_NOMEM;
        h->list = list;
        h->room = room;
    }
    h->list[h->n++] = *row;
    p->last = row->id;
    p->n++;
    return MW_OK;
}

static mw_status holds_read(mw_store *store, int64_t tenant, mw_retention_holds *h) {
    holds_page p = {.h = h};
    do {
        p.n = 0;
        MW_TRY(mw_store_holds(store, tenant, true, p.last, MW_STORE_PAGE_MAX, on_hold, &p));
    } while (p.n == MW_STORE_PAGE_MAX);
    return MW_OK;
}

/* ---- days ---- */

typedef struct days_list {
    struct {
        int64_t day, channel;
    } at[MW_STORE_PAGE_MAX];
    size_t n;
} days_list;

static mw_status on_day(void *ctx, int64_t day, int64_t channel) {
    days_list *l = ctx;
    l->at[l->n].day = day;
    l->at[l->n++].channel = channel;
    return MW_OK;
}

typedef struct job {
    mw_store *store;
    mw_zones *zones;
    int64_t tenant;
    mw_retention_plan plan;
    mw_retention_holds holds;
    mw_utc now;
    uint32_t limit;
    mw_retention_turn *turn;
    bool changed;
} job;

static int64_t end_of(const job *j, mw_tier tier) {
    return mw_utc_floor_s(j->now) / MW_DAY_S - j->plan.days[tier];
}

static mw_status day_work_on(job *j, mw_tier tier, int64_t day, int64_t channel) {
    bool changed = true, held = false;
    if (tier == MW_TIER_INTERVALS) {
        MW_TRY(mw_retention_coarsen(j->store, j->zones, &j->holds, j->tenant, channel, day, j->now,
                                    &changed, &held));
        j->turn->coarse += changed;
    } else {
        MW_TRY(mw_retention_drop(j->store, &j->holds, j->tenant, channel, day, j->now, &held));
        changed = !held;
        j->turn->gone += changed;
    }
    j->turn->held += held;
    j->changed = j->changed || changed;
    return MW_OK;
}

static mw_status days_run(job *j, mw_tier tier) {
    place p;
    if (j->plan.days[tier] == 0)
        return MW_OK;
    days_list *l = calloc(1, sizeof *l);
    if (l == NULL)
        return MW_NOMEM;
    mw_status s = place_read(j->store, j->tenant, tier, &p);
    if (s == MW_OK)
        s = mw_store_days_after(j->store, j->tenant, p.day, p.channel, end_of(j, tier), j->limit,
                                on_day, l);
    for (size_t i = 0; s == MW_OK && i < l->n; i++)
        s = day_work_on(j, tier, l->at[i].day, l->at[i].channel);
    if (s == MW_OK && l->n > 0) {
        p.day = l->at[l->n - 1].day;
        p.channel = l->at[l->n - 1].channel;
        s = place_write(j->store, &p);
    }
    j->turn->more = j->turn->more || l->n == j->limit;
    free(l);
    return s;
}

/* ---- contents of the journal ---- */

/* The records from .. to without those that a hold covers: a report of a held span may come long
 * after it, and what could not be decoded may be anybody's, so a hold of one meter keeps all. */
static mw_status records_forget(job *j, int64_t from, int64_t to) {
    for (size_t i = 0; i < j->holds.n && from <= to; i++) {
        int64_t first = 0, last = 0;
        const mw_store_hold *h = &j->holds.list[i];
        mw_utc until = {h->to.us > INT64_MAX / 2 ? INT64_MAX / 2
                                                 : h->to.us + MW_RETENTION_RAW_MARGIN * DAY_US};
        MW_TRY(mw_store_journal_at(j->store, (mw_utc){h->from.us - 1}, &first));
        MW_TRY(mw_store_journal_at(j->store, until, &last));
        first++; /* held: first .. last */
        if (last < from || first > to)
            continue;
        j->turn->held++;
        if (first > from)
            MW_TRY(records_forget(j, from, first - 1));
        from = last + 1;
    }
    if (from > to)
        return MW_OK;
    j->changed = true;
    j->turn->records += (uint32_t)(to - from + 1);
    return mw_store_journal_forget(j->store, j->tenant, from, to);
}

static mw_status records_end(const job *j, int64_t *out_last) {
    int64_t decoded = 0;
    MW_TRY(mw_store_journal_at(j->store, (mw_utc){j->now.us - j->plan.days[MW_TIER_RAW] * DAY_US},
                               out_last));
    MW_TRY(mw_store_cursor_get(j->store, MW_DECODE_CURSOR, &decoded));
    if (*out_last > decoded)
        *out_last = decoded;
    return MW_OK;
}

static mw_status records_run(job *j) {
    place p;
    int64_t last = 0;
    if (j->plan.days[MW_TIER_RAW] == 0)
        return MW_OK;
    MW_TRY(place_read(j->store, j->tenant, MW_TIER_RAW, &p));
    MW_TRY(records_end(j, &last));
    int64_t most = p.day + (int64_t)j->limit * RECORDS_A_DAY;
    int64_t to = last < most ? last : most;
    if (to <= p.day)
        return MW_OK;
    MW_TRY(records_forget(j, p.day + 1, to));
    p.day = to;
    j->turn->more = j->turn->more || to < last;
    return place_write(j->store, &p);
}

/* ---- a turn ---- */

static mw_status tenant_run(job *j) {
    MW_TRY(mw_retention_read(j->store, j->tenant, &j->plan));
    if (j->plan.days[MW_TIER_RAW] == 0 && j->plan.days[MW_TIER_INTERVALS] == 0)
        return MW_OK;
    mw_status s = holds_read(j->store, j->tenant, &j->holds);
    if (s == MW_OK)
        s = days_run(j, MW_TIER_INTERVALS);
    if (s == MW_OK)
        s = days_run(j, MW_TIER_DAILY);
    if (s == MW_OK)
        s = records_run(j);
    if (s == MW_OK && j->changed)
        s = mw_store_cursor_set(j->store, MW_DECODE_FORGOTTEN, 1);
    free(j->holds.list);
    return s;
}

typedef struct tenants_list {
    int64_t tenant[TENANTS_MAX];
    size_t n;
} tenants_list;

static mw_status on_tenant(void *ctx, int64_t tenant, const char *name) {
    tenants_list *l = ctx;
    (void)name;
    if (l->n < TENANTS_MAX)
        l->tenant[l->n++] = tenant;
    return MW_OK;
}

static mw_status tenants_run(mw_store *store, mw_zones *zones, mw_utc now, uint32_t limit,
                             mw_retention_turn *turn) {
    tenants_list *l = calloc(1, sizeof *l);
    if (l == NULL)
        return MW_NOMEM;
    mw_status s = mw_store_tenants(store, on_tenant, l);
    for (size_t i = 0; s == MW_OK && i < l->n; i++) {
        job j = {.store = store,
                 .zones = zones,
                 .tenant = l->tenant[i],
                 .now = now,
                 .limit = limit,
                 .turn = turn};
        s = tenant_run(&j);
    }
    free(l);
    return s;
}

mw_status mw_retention_run(mw_store *store, mw_zones *zones, mw_utc now, uint32_t limit,
                           mw_retention_turn *out_turn) {
    mw_retention_turn turn = {0};
    if (limit == 0 || limit > MW_STORE_PAGE_MAX)
        return MW_RANGE;
    MW_TRY(mw_store_begin(store));
    mw_status s = tenants_run(store, zones, now, limit, &turn);
    if (s == MW_OK)
        s = mw_store_commit(store);
    else if (mw_store_rollback(store) != MW_OK)
        return s;
    if (s == MW_OK)
        *out_turn = turn;
    return s;
}

mw_status mw_retention_look(mw_store *store, int64_t tenant, const mw_retention_plan *plan,
                            mw_utc now, mw_retention_preview *out_preview) {
    mw_retention_preview p = {.before = {MW_UTC_NONE, MW_UTC_NONE, MW_UTC_NONE}};
    mw_retention_turn turn = {0};
    job j = {.store = store, .tenant = tenant, .plan = *plan, .now = now, .turn = &turn};
    if (plan->days[MW_TIER_RAW] != 0) {
        int64_t last = 0;
        MW_TRY(records_end(&j, &last));
        MW_TRY(mw_store_journal_amount(store, tenant, 1, last, &p.amount[MW_TIER_RAW]));
        p.before[MW_TIER_RAW] = (mw_utc){now.us - plan->days[MW_TIER_RAW] * DAY_US};
    }
    for (int tier = MW_TIER_INTERVALS; tier <= MW_TIER_DAILY; tier++) {
        if (plan->days[tier] == 0)
            continue;
        MW_TRY(mw_store_days_amount(store, tenant, INT32_MIN, end_of(&j, (mw_tier)tier),
                                    &p.amount[tier]));
        p.before[tier] = mw_utc_of_s(end_of(&j, (mw_tier)tier) * MW_DAY_S);
    }
    *out_preview = p;
    return MW_OK;
}
