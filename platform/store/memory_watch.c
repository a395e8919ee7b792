/* SPDX-License-Identifier: Apache-2.0
 *
 * The memory store: meters that are not in order, learned choices, sources and profiles, findings.
 */
#include <string.h>

#include "platform/store/memory_internal.h"

/* --- meters ---------------------------------------------------------------------------------- */

static int meter_order(const void *a, const void *b) {
    return MW_MEM_CMP(((const mw_store_vee_meter *)a)->channel,
                      ((const mw_store_vee_meter *)b)->channel);
}

static mw_status vee_meter_put(mw_store *s, const mw_store_vee_meter *row) {
    mw_mem *m = mw_mem_of(s);
    return mw_mem_put(m, &m->now.vee_meters, row, meter_order);
}

static mw_status vee_meter_forget(mw_store *s, int64_t tenant, int64_t channel) {
    mw_mem *m = mw_mem_of(s);
    if (!m->in_transaction)
        return MW_STATE;
    MW_MEM_DROP(mw_store_vee_meter, r, m->now.vee_meters,
                r->tenant == tenant && r->channel == channel);
    return MW_OK;
}

static int risk_order(const mw_store_vee_meter *a, const mw_store_vee_meter *b) {
    return a->risk_per_day != b->risk_per_day ? MW_MEM_CMP(b->risk_per_day, a->risk_per_day)
                                              : MW_MEM_CMP(a->channel, b->channel);
}

static mw_status vee_meters(mw_store *s, int64_t tenant, uint32_t limit, mw_store_on_vee_meter each,
                            void *ctx) {
    const mw_store_vee_meter *last = NULL;
    if (!mw_mem_limit_ok(limit))
        return MW_RANGE;
    for (; limit > 0; limit--) {
        const mw_store_vee_meter *next = NULL;
        MW_MEM_EACH(mw_store_vee_meter, r, mw_mem_of(s)->now.vee_meters)
        if (r->tenant == tenant && (last == NULL || risk_order(r, last) > 0) &&
            (next == NULL || risk_order(r, next) < 0))
            next = r;
        if (next == NULL)
            return MW_OK;
        MW_TRY(each(ctx, next));
        last = next;
    }
    return MW_OK;
}

static mw_status vee_meters_scan(mw_store *s, int64_t after, uint32_t limit,
                                 mw_store_on_vee_meter each, void *ctx) {
    if (!mw_mem_limit_ok(limit))
        return MW_RANGE;
    MW_MEM_EACH(mw_store_vee_meter, r, mw_mem_of(s)->now.vee_meters)
    if (r->channel > after && limit > 0) {
        limit--;
        MW_TRY(each(ctx, r));
    }
    return MW_OK;
}

/* --- learned choices ------------------------------------------------------------------------- */

static int choice_order(const void *pa, const void *pb) {
    const mw_mem_blob *a = pa, *b = pb;
    if (a->tenant != b->tenant)
        return MW_MEM_CMP(a->tenant, b->tenant);
    return a->key[0] != b->key[0] ? MW_MEM_CMP(a->key[0], b->key[0])
                                  : MW_MEM_CMP(a->key[1], b->key[1]);
}

static mw_status vee_choice_put(mw_store *s, int64_t tenant, int64_t channel, int64_t epoch_day,
                                mw_slice learned) {
    mw_mem *m = mw_mem_of(s);
    mw_mem_blob row = {.tenant = tenant, .key = {channel, epoch_day}};
    if (learned.n > MW_STORE_VEE_CHOICE_MAX)
        return MW_LIMIT;
    row.bytes = (mw_slice){mw_mem_keep(m, learned.p, learned.n), learned.n};
    return mw_mem_put(m, &m->now.choices, &row, choice_order);
}

static mw_status vee_choice_get(mw_store *s, int64_t tenant, int64_t channel, int64_t epoch_day,
                                mw_span room, size_t *out_n) {
    const mw_mem_blob key = {.tenant = tenant, .key = {channel, epoch_day}};
    MW_MEM_EACH(mw_mem_blob, b, mw_mem_of(s)->now.choices) {
        if (choice_order(b, &key) != 0)
            continue;
        if (b->bytes.n > room.n)
            return MW_SPACE;
        mw_bytes_copy(room.p, b->bytes.p, b->bytes.n);
        *out_n = b->bytes.n;
        return MW_OK;
    }
    return MW_NOT_FOUND;
}

static mw_status vee_choice_forget(mw_store *s, int64_t tenant, int64_t channel, int64_t from_day) {
    mw_mem *m = mw_mem_of(s);
    if (!m->in_transaction)
        return MW_STATE;
    MW_MEM_DROP(mw_mem_blob, b, m->now.choices,
                b->tenant == tenant && b->key[0] == channel && b->key[1] >= from_day);
    return MW_OK;
}

/* --- sources and profiles -------------------------------------------------------------------- */

static int source_order(const void *pa, const void *pb) {
    const mw_store_source *a = pa, *b = pb;
    if (a->tenant != b->tenant)
        return MW_MEM_CMP(a->tenant, b->tenant);
    if (a->channel != b->channel)
        return MW_MEM_CMP(a->channel, b->channel);
    return a->kind != b->kind ? MW_MEM_CMP(a->kind, b->kind) : MW_MEM_CMP(a->source, b->source);
}

static mw_status vee_source_put(mw_store *s, const mw_store_source *row) {
    mw_mem *m = mw_mem_of(s);
    if (row->kind < MW_SOURCE_CHECK || row->kind >= MW_SOURCE_KINDS || row->source == row->channel)
        return MW_RANGE;
    return mw_mem_put(m, &m->now.sources, row, source_order);
}

static mw_status vee_source_drop(mw_store *s, const mw_store_source *row) {
    mw_mem *m = mw_mem_of(s);
    size_t before = m->now.sources.n;
    if (!m->in_transaction)
        return MW_STATE;
    MW_MEM_DROP(mw_store_source, r, m->now.sources, source_order(r, row) == 0);
    return m->now.sources.n < before ? MW_OK : MW_NOT_FOUND;
}

static mw_status vee_sources(mw_store *s, int64_t tenant, int64_t channel, mw_store_on_source each,
                             void *ctx) {
    MW_MEM_EACH(mw_store_source, r, mw_mem_of(s)->now.sources)
    if (r->tenant == tenant && r->channel == channel)
        MW_TRY(each(ctx, r));
    return MW_OK;
}

static int profile_order(const void *pa, const void *pb) {
    const mw_store_profile *a = pa, *b = pb;
    if (a->tenant != b->tenant)
        return MW_MEM_CMP(a->tenant, b->tenant);
    if (a->medium != b->medium)
        return MW_MEM_CMP(a->medium, b->medium);
    return a->class != b->class ? MW_MEM_CMP(a->class, b->class)
                                : MW_MEM_CMP(a->from.us, b->from.us);
}

static mw_status vee_profile_put(mw_store *s, const mw_store_profile *row) {
    mw_mem *m = mw_mem_of(s);
    for (unsigned i = 0; i < 72; i++)
        if (row->weight[i / 24][i % 24] < 0)
            return MW_RANGE;
    return mw_mem_put(m, &m->now.profiles, row, profile_order);
}

static mw_status vee_profiles(mw_store *s, int64_t tenant, mw_store_on_profile each, void *ctx) {
    MW_MEM_EACH(mw_store_profile, r, mw_mem_of(s)->now.profiles)
    if (r->tenant == tenant)
        MW_TRY(each(ctx, r));
    return MW_OK;
}

/* --- findings -------------------------------------------------------------------------------- */

static mw_status exception_raise(mw_store *s, const mw_store_exception *e, int64_t *out_id) {
    mw_mem *m = mw_mem_of(s);
    if (!m->in_transaction)
        return MW_STATE;
    MW_MEM_EACH(mw_store_exception, o, m->now.exceptions)
    if (o->tenant == e->tenant && o->channel == e->channel && o->rule == e->rule &&
        o->from.us == e->from.us && mw_utc_is_none(o->closed_at)) {
        o->severity = e->severity;
        o->to = e->to;
        o->threshold = e->threshold;
        memcpy(o->input, e->input, sizeof o->input);
        *out_id = o->id;
        return MW_OK;
    }
    mw_store_exception row = *e;
    row.id = *out_id = (int64_t)m->now.exceptions.n + 1;
    row.closed_at = MW_UTC_NONE;
    row.closed_by[0] = row.text[0] = 0;
    row.judged = MW_JUDGED_NOT;
    return mw_mem_add(m, &m->now.exceptions, &row);
}

static mw_store_exception *exception_find(mw_mem *m, int64_t tenant, int64_t id) {
    MW_MEM_EACH(mw_store_exception, e, m->now.exceptions)
    if (e->tenant == tenant && e->id == id)
        return e;
    return NULL;
}

static mw_status exception_close(mw_store *s, int64_t tenant, int64_t id, mw_utc at, const char *by,
                                 const char *text) {
    mw_mem *m = mw_mem_of(s);
    mw_store_exception *e = exception_find(m, tenant, id);
    if (!m->in_transaction)
        return MW_STATE;
    if (e == NULL || !mw_utc_is_none(e->closed_at))
        return MW_NOT_FOUND;
    e->closed_at = at;
    (void)strncpy(e->closed_by, by, sizeof e->closed_by - 1);
    (void)strncpy(e->text, text, sizeof e->text - 1);
    return MW_OK;
}

static mw_status exception_judge(mw_store *s, int64_t tenant, int64_t id, mw_store_judged judged) {
    mw_mem *m = mw_mem_of(s);
    mw_store_exception *e = exception_find(m, tenant, id);
    if (!m->in_transaction)
        return MW_STATE;
    if (e == NULL)
        return MW_NOT_FOUND;
    e->judged = (uint8_t)judged;
    return MW_OK;
}

static mw_status exceptions(mw_store *s, const mw_store_exception_query *q,
                            mw_store_on_exception each, void *ctx) {
    uint32_t limit = q->limit;
    if (!mw_mem_limit_ok(limit))
        return MW_RANGE;
    MW_MEM_EACH_BACK(mw_store_exception, e, mw_mem_of(s)->now.exceptions)
    if (e->tenant == q->tenant && (q->channel == 0 || e->channel == q->channel) &&
        (!q->open_only || mw_utc_is_none(e->closed_at)) && e->severity >= q->severity_min &&
        (!q->of_rule || e->rule == q->rule) && (q->before == 0 || e->id < q->before) && limit > 0) {
        limit--;
        MW_TRY(each(ctx, e));
    }
    return MW_OK;
}

static mw_store_rule_count rule_count(mw_mem *m, int64_t tenant, mw_utc from, int rule) {
    mw_store_rule_count c = {.rule = (uint16_t)rule};
    const mw_store_exception *all = m->now.exceptions.p;
    for (size_t i = 0; i < m->now.exceptions.n; i++) {
        const mw_store_exception *e = &all[i];
        if (e->tenant != tenant || e->found_at.us < from.us || e->rule != rule)
            continue;
        bool open = mw_utc_is_none(e->closed_at), seen = false;
        c.found++;
        c.open += open;
        c.accepted += e->judged == MW_JUDGED_ACCEPTED;
        c.rejected += e->judged == MW_JUDGED_REJECTED;
        c.edited += e->judged == MW_JUDGED_EDITED;
        c.gone += e->judged == MW_JUDGED_NOT && !open;
        c.newest = c.found == 1 || e->found_at.us > c.newest.us ? e->found_at : c.newest;
        for (size_t k = 0; k < i; k++)
            seen = seen || (all[k].tenant == tenant && all[k].rule == rule &&
                            all[k].channel == e->channel && all[k].found_at.us >= from.us);
        c.channels += !seen;
    }
    return c;
}

static mw_status rule_counts(mw_store *s, int64_t tenant, mw_utc from, mw_store_on_rule_count each,
                             void *ctx) {
    for (int rule = 0; rule <= 99; rule++) {
        mw_store_rule_count c = rule_count(mw_mem_of(s), tenant, from, rule);
        if (c.found > 0)
            MW_TRY(each(ctx, &c));
    }
    return MW_OK;
}

void mw_mem_watch_ops(mw_store_ops *ops) {
    ops->vee_meter_put = vee_meter_put;
    ops->vee_meter_forget = vee_meter_forget;
    ops->vee_meters = vee_meters;
    ops->vee_meters_scan = vee_meters_scan;
    ops->vee_choice_put = vee_choice_put;
    ops->vee_choice_get = vee_choice_get;
    ops->vee_choice_forget = vee_choice_forget;
    ops->vee_source_put = vee_source_put;
    ops->vee_source_drop = vee_source_drop;
    ops->vee_sources = vee_sources;
    ops->vee_profile_put = vee_profile_put;
    ops->vee_profiles = vee_profiles;
    ops->exception_raise = exception_raise;
    ops->exception_close = exception_close;
    ops->exception_judge = exception_judge;
    ops->exceptions = exceptions;
    ops->rule_counts = rule_counts;
}
