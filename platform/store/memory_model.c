/* SPDX-License-Identifier: Apache-2.0
 *
 * The memory store: people, usage points, areas, premises, configurations, accounts and contracts,
 * chains of factors.
 */
#include <stdio.h>
#include <string.h>

#include "platform/store/memory_internal.h"

/* Rows of a tenant with an id: inserted or replaced by it, found by it. */
#define BY_ID(name, mem, record, list)                                                             \
    static int name##_order(const void *pa, const void *pb) {                                      \
        const mem *a = pa, *b = pb;                                                                \
        return a->tenant != b->tenant ? MW_MEM_CMP(a->tenant, b->tenant)                           \
                                      : strcmp(a->row.id, b->row.id);                              \
    }                                                                                              \
    static mw_status name##_put(mw_store *s, int64_t tenant, const record *row) {                  \
        mw_mem *m = mw_mem_of(s);                                                                  \
        mem own = {.tenant = tenant, .row = *row};                                                 \
        return mw_mem_put(m, &m->now.list, &own, name##_order);                                    \
    }
#define FOUND_BY_ID(name, mem, record, list)                                                       \
    static mw_status name##_get(mw_store *s, int64_t tenant, const char *id, record *out_row) {    \
        MW_MEM_EACH(mem, r, mw_mem_of(s)->now.list)                                                \
        if (r->tenant == tenant && strcmp(r->row.id, id) == 0) {                                   \
            *out_row = r->row;                                                                     \
            return MW_OK;                                                                          \
        }                                                                                          \
        return MW_NOT_FOUND;                                                                       \
    }

BY_ID(person, mw_mem_person, mw_store_person, people)
FOUND_BY_ID(person, mw_mem_person, mw_store_person, people)
BY_ID(area, mw_mem_area, mw_store_area, areas)
BY_ID(premise, mw_mem_premise, mw_store_premise, premises)
FOUND_BY_ID(premise, mw_mem_premise, mw_store_premise, premises)
BY_ID(account, mw_mem_account, mw_store_account, accounts)
FOUND_BY_ID(account, mw_mem_account, mw_store_account, accounts)
BY_ID(contract, mw_mem_contract, mw_store_contract, contracts)

/* --- usage points ---------------------------------------------------------------------------- */

static mw_mem_point *point_find(mw_mem *m, int64_t tenant, const char *id) {
    MW_MEM_EACH(mw_mem_point, p, m->now.points)
    if (p->tenant == tenant && strcmp(p->row.id, id) == 0)
        return p;
    return NULL;
}

static mw_status usage_point_put(mw_store *s, int64_t tenant, const mw_store_usage_point *u) {
    mw_mem *m = mw_mem_of(s);
    mw_mem_point *old = point_find(m, tenant, u->id), own = {.tenant = tenant, .row = *u};
    if (old == NULL)
        return mw_mem_add(m, &m->now.points, &own);
    old->row = m->in_transaction ? *u : old->row;
    return m->in_transaction ? MW_OK : MW_STATE;
}

static mw_status usage_point_premise_set(mw_store *s, int64_t tenant, const char *usage_point,
                                         const char *premise) {
    mw_mem *m = mw_mem_of(s);
    mw_mem_point *p = point_find(m, tenant, usage_point);
    if (!m->in_transaction)
        return MW_STATE;
    if (p == NULL)
        return MW_NOT_FOUND;
    (void)snprintf(p->premise, sizeof p->premise, "%s", premise);
    return MW_OK;
}

static mw_status usage_point_get(mw_store *s, int64_t tenant, const char *id,
                                 mw_store_usage_point *out_point,
                                 char out_premise[MW_STORE_ID_MAX]) {
    const mw_mem_point *p = point_find(mw_mem_of(s), tenant, id);
    if (p == NULL)
        return MW_NOT_FOUND;
    *out_point = p->row;
    memcpy(out_premise, p->premise, sizeof p->premise);
    return MW_OK;
}

/* --- areas ----------------------------------------------------------------------------------- */

static mw_status areas(mw_store *s, int64_t tenant, mw_store_on_area each, void *ctx) {
    MW_MEM_EACH(mw_mem_area, a, mw_mem_of(s)->now.areas)
    if (a->tenant == tenant)
        MW_TRY(each(ctx, &a->row));
    return MW_OK;
}

static int member_order(const void *pa, const void *pb) {
    const mw_mem_member *a = pa, *b = pb;
    int c = MW_MEM_CMP(a->tenant, b->tenant);
    if (c == 0)
        c = MW_MEM_CMP(a->row.kind, b->row.kind);
    if (c == 0)
        c = strcmp(a->row.member, b->row.member);
    if (c == 0)
        c = strcmp(a->area_kind, b->area_kind);
    return c != 0 ? c : MW_MEM_CMP(a->row.from.us, b->row.from.us);
}

static mw_status membership_put(mw_store *s, int64_t tenant, const mw_store_membership *row) {
    mw_mem *m = mw_mem_of(s);
    mw_mem_member own = {.tenant = tenant, .row = *row};
    const mw_mem_area *area = NULL;
    if (!m->in_transaction)
        return MW_STATE;
    MW_MEM_EACH(mw_mem_area, a, m->now.areas)
    if (a->tenant == tenant && strcmp(a->row.id, row->area) == 0)
        area = a;
    if (area == NULL)
        return MW_NOT_FOUND;
    memcpy(own.area_kind, area->row.kind, sizeof own.area_kind);
    MW_MEM_EACH(mw_mem_member, o, m->now.members) {
        if (o->tenant != tenant || o->row.kind != row->kind || !mw_utc_is_none(o->row.to) ||
            strcmp(o->row.member, row->member) != 0 || strcmp(o->area_kind, own.area_kind) != 0)
            continue;
        bool same = strcmp(o->row.area, row->area) == 0;
        if (same && mw_utc_is_none(row->to))
            return MW_OK;
        if (!same && row->from.us <= o->row.from.us)
            return MW_CONFLICT;
        o->row.to = same ? row->to : row->from;
        if (same)
            return MW_OK;
    }
    MW_MEM_EACH(mw_mem_member, o, m->now.members)
    if (member_order(o, &own) == 0)
        return MW_CONFLICT;
    return mw_mem_put(m, &m->now.members, &own, member_order);
}

static bool valid_at(const mw_store_membership *r, mw_utc at) {
    return r->from.us <= at.us && (mw_utc_is_none(r->to) || r->to.us > at.us);
}

static mw_status memberships(mw_store *s, int64_t tenant, mw_store_member_kind kind,
                             const char *member, const char *area, mw_utc at,
                             mw_store_on_membership each, void *ctx) {
    const char *last = "";
    for (;;) { /* by the other end's name */
        const mw_store_membership *next = NULL;
        const char *next_name = NULL;
        MW_MEM_EACH(mw_mem_member, o, mw_mem_of(s)->now.members) {
            const char *name = member != NULL ? o->row.area : o->row.member;
            if (o->tenant == tenant && o->row.kind == kind && valid_at(&o->row, at) &&
                (member != NULL ? strcmp(o->row.member, member) == 0
                                : strcmp(o->row.area, area) == 0) &&
                strcmp(name, last) > 0 && (next == NULL || strcmp(name, next_name) < 0)) {
                next = &o->row;
                next_name = name;
            }
        }
        if (next == NULL)
            return MW_OK;
        MW_TRY(each(ctx, next));
        last = next_name;
    }
}

/* Whether an area lies in another or is it. Trees are shallow; a circle ends at the depth. */
static bool area_in(mw_mem *m, int64_t tenant, const char *area, const char *top, mw_utc at,
                    unsigned depth) {
    if (strcmp(area, top) == 0)
        return true;
    MW_MEM_EACH(mw_mem_member, o, m->now.members)
    if (depth < 32 && o->tenant == tenant && o->row.kind == MW_MEMBER_AREA &&
        valid_at(&o->row, at) && strcmp(o->row.member, area) == 0 &&
        area_in(m, tenant, o->row.area, top, at, depth + 1))
        return true;
    return false;
}

static mw_status area_holds(mw_store *s, int64_t tenant, const char *area, const char *usage_point,
                            mw_utc at, bool *out_holds) {
    mw_mem *m = mw_mem_of(s);
    const mw_mem_point *p = point_find(m, tenant, usage_point);
    *out_holds = false;
    MW_MEM_EACH(mw_mem_member, o, m->now.members) {
        bool own = o->row.kind == MW_MEMBER_USAGE_POINT && strcmp(o->row.member, usage_point) == 0;
        bool of_premise =
            p != NULL && o->row.kind == MW_MEMBER_PREMISE && strcmp(o->row.member, p->premise) == 0;
        if (o->tenant == tenant && (own || of_premise) && valid_at(&o->row, at) &&
            area_in(m, tenant, o->row.area, area, at, 0))
            *out_holds = true;
    }
    return MW_OK;
}

/* --- configurations, contracts --------------------------------------------------------------- */

static int config_order(const void *pa, const void *pb) {
    const mw_mem_config *a = pa, *b = pb;
    if (a->tenant != b->tenant)
        return MW_MEM_CMP(a->tenant, b->tenant);
    return a->row.device != b->row.device ? MW_MEM_CMP(a->row.device, b->row.device)
                                          : MW_MEM_CMP(a->row.from.us, b->row.from.us);
}

static mw_status device_config_put(mw_store *s, int64_t tenant, const mw_store_device_config *c) {
    mw_mem *m = mw_mem_of(s);
    mw_mem_config own = {tenant, *c};
    return mw_mem_put(m, &m->now.configs, &own, config_order);
}

static mw_status device_configs(mw_store *s, int64_t tenant, int64_t device,
                                mw_store_on_device_config each, void *ctx) {
    MW_MEM_EACH(mw_mem_config, c, mw_mem_of(s)->now.configs)
    if (c->tenant == tenant && c->row.device == device)
        MW_TRY(each(ctx, &c->row));
    return MW_OK;
}

static mw_status contracts(mw_store *s, int64_t tenant, const char *account,
                           const char *usage_point, mw_store_on_contract each, void *ctx) {
    const mw_store_contract *last = NULL;
    for (;;) {
        const mw_store_contract *next = NULL;
        MW_MEM_EACH(mw_mem_contract, c, mw_mem_of(s)->now.contracts) {
            const mw_store_contract *r = &c->row;
            bool wanted = account != NULL ? strcmp(r->account, account) == 0
                                          : strcmp(r->usage_point, usage_point) == 0;
            bool later = last == NULL || r->from.us > last->from.us ||
                         (r->from.us == last->from.us && strcmp(r->id, last->id) > 0);
            /* the list is in the order of ids */
            if (c->tenant == tenant && wanted && later &&
                (next == NULL || r->from.us < next->from.us))
                next = r;
        }
        if (next == NULL)
            return MW_OK;
        MW_TRY(each(ctx, next));
        last = next;
    }
}

/* --- factors --------------------------------------------------------------------------------- */

static mw_status factor_put(mw_store *s, int64_t tenant, const mw_store_factor *f) {
    const int64_t most = INT64_C(1000000000000);
    mw_mem *m = mw_mem_of(s);
    if (f->kind < MW_FACTOR_PULSE || f->kind >= MW_FACTOR_KINDS || f->num < 1 || f->num > most ||
        f->den < 1 || f->den > most)
        return MW_RANGE;
    if (!m->in_transaction)
        return MW_STATE;
    MW_MEM_EACH(mw_mem_factor, o, m->now.factors)
    if (o->tenant == tenant && o->row.channel == f->channel && o->row.kind == f->kind &&
        o->row.from.us == f->from.us && mw_utc_is_none(o->row.superseded))
        o->row.superseded = f->recorded;
    mw_mem_factor own = {tenant, *f};
    own.row.superseded = MW_UTC_NONE;
    return mw_mem_add(m, &m->now.factors, &own);
}

static int factor_order(const mw_store_factor *a, const mw_store_factor *b) {
    return a->kind != b->kind ? MW_MEM_CMP(a->kind, b->kind) : MW_MEM_CMP(a->from.us, b->from.us);
}

static mw_status factors(mw_store *s, int64_t tenant, int64_t channel, mw_utc as_of,
                         mw_store_on_factor each, void *ctx) {
    const mw_store_factor *last = NULL;
    for (;;) {
        const mw_store_factor *next = NULL;
        MW_MEM_EACH(mw_mem_factor, o, mw_mem_of(s)->now.factors) {
            const mw_store_factor *r = &o->row;
            bool stands = mw_utc_is_none(r->superseded);
            bool known = mw_utc_is_none(as_of) ? stands
                                               : r->recorded.us <= as_of.us &&
                                                     (stands || r->superseded.us > as_of.us);
            if (o->tenant == tenant && r->channel == channel && known &&
                (last == NULL || factor_order(r, last) > 0) &&
                (next == NULL || factor_order(r, next) < 0))
                next = r;
        }
        if (next == NULL)
            return MW_OK;
        MW_TRY(each(ctx, next));
        last = next;
    }
}

void mw_mem_model_ops(mw_store_ops *ops) {
    ops->person_put = person_put;
    ops->person_get = person_get;
    ops->usage_point_put = usage_point_put;
    ops->usage_point_get = usage_point_get;
    ops->usage_point_premise_set = usage_point_premise_set;
    ops->area_put = area_put;
    ops->areas = areas;
    ops->membership_put = membership_put;
    ops->memberships = memberships;
    ops->area_holds = area_holds;
    ops->premise_put = premise_put;
    ops->premise_get = premise_get;
    ops->account_put = account_put;
    ops->account_get = account_get;
    ops->device_config_put = device_config_put;
    ops->device_configs = device_configs;
    ops->contract_put = contract_put;
    ops->contracts = contracts;
    ops->factor_put = factor_put;
    ops->factors = factors;
}
