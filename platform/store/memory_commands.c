/* SPDX-License-Identifier: Apache-2.0
 *
 * The memory store: commands, downlinks, their counters, and what decoding says about them.
 */
#include <string.h>

#include "platform/store/memory_internal.h"

/* --- commands -------------------------------------------------------------------------------- */

static const mw_store_command *command_find(mw_mem *m, int64_t tenant, int64_t id) {
    MW_MEM_EACH(mw_store_command, c, m->now.commands)
    if (c->tenant == tenant && c->id == id)
        return c;
    return NULL;
}

static mw_status command_by_key(mw_store *s, int64_t tenant, const char *key,
                                mw_store_command *out_c) {
    MW_MEM_EACH(mw_store_command, c, mw_mem_of(s)->now.commands)
    if (c->tenant == tenant && c->key[0] != 0 && strcmp(c->key, key) == 0) {
        *out_c = *c;
        return MW_OK;
    }
    return MW_NOT_FOUND;
}

static mw_status command_add(mw_store *s, const mw_store_command *c, int64_t *out_id) {
    mw_mem *m = mw_mem_of(s);
    mw_store_command row;
    if (!m->in_transaction)
        return MW_STATE;
    if (c->size > MW_STORE_COMMAND_DATA)
        return MW_RANGE;
    if (c->key[0] != 0 && command_by_key(s, c->tenant, c->key, &row) == MW_OK)
        return MW_CONFLICT;
    row = *c;
    row.id = (int64_t)m->now.commands.n + 1;
    MW_TRY(mw_mem_add(m, &m->now.commands, &row));
    *out_id = row.id;
    return MW_OK;
}

static mw_status command_put(mw_store *s, const mw_store_command *c) {
    mw_mem *m = mw_mem_of(s);
    if (c->size > MW_STORE_COMMAND_DATA)
        return MW_RANGE;
    if (!m->in_transaction)
        return MW_STATE;
    MW_MEM_EACH(mw_store_command, old, m->now.commands)
    if (old->tenant == c->tenant && old->id == c->id) {
        mw_store_command row = *c;
        row.device = old->device;
        row.created = old->created;
        memcpy(row.kind, old->kind, sizeof row.kind);
        memcpy(row.args, old->args, sizeof row.args);
        memcpy(row.actor, old->actor, sizeof row.actor);
        memcpy(row.key, old->key, sizeof row.key);
        *old = row;
    }
    return MW_OK;
}

static mw_status command_get(mw_store *s, int64_t tenant, int64_t id, mw_store_command *out_c) {
    const mw_store_command *c = command_find(mw_mem_of(s), tenant, id);
    if (c == NULL)
        return MW_NOT_FOUND;
    *out_c = *c;
    return MW_OK;
}

static mw_status command_by_smp_id(mw_store *s, int64_t tenant, int64_t device, uint16_t smp_id,
                                   mw_store_command *out_c) {
    MW_MEM_EACH_BACK(mw_store_command, c, mw_mem_of(s)->now.commands)
    if (c->tenant == tenant && c->device == device && c->smp_id == smp_id) {
        *out_c = *c;
        return MW_OK;
    }
    return MW_NOT_FOUND;
}

static mw_status command_last(mw_store *s, int64_t tenant, int64_t device,
                              mw_store_command *out_c) {
    MW_MEM_EACH_BACK(mw_store_command, c, mw_mem_of(s)->now.commands)
    if (c->tenant == tenant && c->device == device) {
        *out_c = *c;
        return MW_OK;
    }
    return MW_NOT_FOUND;
}

static bool is_open(const mw_store_command *c) {
    return c->state < MW_COMMAND_EXECUTED;
}

static mw_status commands_open(mw_store *s, int64_t after, uint32_t limit, mw_store_on_command each,
                               void *ctx) {
    if (!mw_mem_limit_ok(limit))
        return MW_RANGE;
    MW_MEM_EACH(mw_store_command, c, mw_mem_of(s)->now.commands)
    if (is_open(c) && c->id > after && limit > 0) {
        limit--;
        MW_TRY(each(ctx, c));
    }
    return MW_OK;
}

static mw_status commands_list(mw_store *s, int64_t tenant, int64_t device, int64_t before,
                               uint32_t limit, mw_store_on_command each, void *ctx) {
    if (!mw_mem_limit_ok(limit))
        return MW_RANGE;
    MW_MEM_EACH_BACK(mw_store_command, c, mw_mem_of(s)->now.commands)
    if (c->tenant == tenant && (device == 0 || c->device == device) &&
        (before == 0 || c->id < before) && limit > 0) {
        limit--;
        MW_TRY(each(ctx, c));
    }
    return MW_OK;
}

static mw_status commands_of(mw_store *s, int64_t tenant, int64_t parent, mw_store_on_command each,
                             void *ctx) {
    unsigned n = 0;
    MW_MEM_EACH(mw_store_command, c, mw_mem_of(s)->now.commands)
    if (c->tenant == tenant && c->parent == parent && parent > 0 && n++ < 64)
        MW_TRY(each(ctx, c));
    return MW_OK;
}

static mw_status commands_count(mw_store *s, int64_t tenant, int64_t device, int64_t *out_n) {
    *out_n = 0;
    MW_MEM_EACH(mw_store_command, c, mw_mem_of(s)->now.commands)
    *out_n += c->tenant == tenant && is_open(c) && (device == 0 || c->device == device);
    return MW_OK;
}

static mw_status command_step_add(mw_store *s, int64_t tenant, const mw_store_command_step *row) {
    mw_mem *m = mw_mem_of(s);
    mw_mem_step own = {tenant, *row};
    return mw_mem_add(m, &m->now.command_steps, &own);
}

static mw_status command_steps(mw_store *s, int64_t tenant, int64_t command,
                               mw_store_on_command_step each, void *ctx) {
    unsigned n = 0;
    MW_MEM_EACH(mw_mem_step, r, mw_mem_of(s)->now.command_steps)
    if (r->tenant == tenant && r->row.command == command && n++ < 200)
        MW_TRY(each(ctx, &r->row));
    return MW_OK;
}

/* --- downlinks ------------------------------------------------------------------------------- */

static mw_status downlink_add(mw_store *s, const mw_store_downlink *d, int64_t *out_id) {
    mw_mem *m = mw_mem_of(s);
    mw_store_downlink row = *d;
    if (!m->in_transaction)
        return MW_STATE;
    if (d->size > MW_STORE_FRAME_MAX)
        return MW_RANGE;
    row.id = (int64_t)m->now.downlinks.n + 1;
    MW_TRY(mw_mem_add(m, &m->now.downlinks, &row));
    *out_id = row.id;
    return MW_OK;
}

static mw_status downlink_put(mw_store *s, const mw_store_downlink *d) {
    mw_mem *m = mw_mem_of(s);
    if (!m->in_transaction)
        return MW_STATE;
    MW_MEM_EACH(mw_store_downlink, old, m->now.downlinks)
    if (old->tenant == d->tenant && old->id == d->id) {
        old->pending = d->pending;
        memcpy(old->result, d->result, sizeof old->result);
        memcpy(old->reason, d->reason, sizeof old->reason);
    }
    return MW_OK;
}

static mw_status downlink_get(mw_store *s, int64_t tenant, int64_t id, mw_store_downlink *out_d) {
    MW_MEM_EACH(mw_store_downlink, d, mw_mem_of(s)->now.downlinks)
    if (d->tenant == tenant && d->id == id) {
        *out_d = *d;
        return MW_OK;
    }
    return MW_NOT_FOUND;
}

static mw_status downlinks_pending(mw_store *s, int64_t sender, int64_t after, uint32_t limit,
                                   mw_store_on_downlink each, void *ctx) {
    if (!mw_mem_limit_ok(limit))
        return MW_RANGE;
    MW_MEM_EACH(mw_store_downlink, d, mw_mem_of(s)->now.downlinks)
    if (d->pending && (sender == 0 || d->sender == sender) && d->id > after && limit > 0) {
        limit--;
        MW_TRY(each(ctx, d));
    }
    return MW_OK;
}

static mw_status downlinks_of(mw_store *s, int64_t tenant, int64_t command, uint32_t limit,
                              mw_store_on_downlink each, void *ctx) {
    if (!mw_mem_limit_ok(limit))
        return MW_RANGE;
    MW_MEM_EACH(mw_store_downlink, d, mw_mem_of(s)->now.downlinks)
    if (d->tenant == tenant && d->command == command && command > 0 && limit > 0) {
        limit--;
        MW_TRY(each(ctx, d));
    }
    return MW_OK;
}

static mw_status downlink_last_at(mw_store *s, int64_t sender, mw_utc *out_at) {
    mw_utc last = MW_UTC_NONE;
    MW_MEM_EACH(mw_store_downlink, d, mw_mem_of(s)->now.downlinks)
    if (d->sender == sender && d->mode == MW_STORE_BROADCAST && !mw_utc_is_none(d->at) &&
        (mw_utc_is_none(last) || d->at.us > last.us))
        last = d->at;
    if (mw_utc_is_none(last))
        return MW_NOT_FOUND;
    *out_at = last;
    return MW_OK;
}

/* --- counters and keys ----------------------------------------------------------------------- */

static int counter_order(const void *pa, const void *pb) {
    const mw_store_counter *a = pa, *b = pb;
    if (a->tenant != b->tenant)
        return MW_MEM_CMP(a->tenant, b->tenant);
    if (a->subject != b->subject)
        return MW_MEM_CMP(a->subject, b->subject);
    return MW_MEM_CMP(a->key_epoch, b->key_epoch);
}

static mw_status counter_put(mw_store *s, const mw_store_counter *c) {
    mw_mem *m = mw_mem_of(s);
    mw_store_counter row = *c;
    if (!row.heard)
        row.confirmed = 0;
    return mw_mem_put(m, &m->now.counters, &row, counter_order);
}

static mw_status counter_get(mw_store *s, int64_t tenant, int64_t subject, uint32_t key_epoch,
                             mw_store_counter *out_c) {
    MW_MEM_EACH(mw_store_counter, c, mw_mem_of(s)->now.counters)
    if (c->tenant == tenant && c->subject == subject && c->key_epoch == key_epoch) {
        *out_c = *c;
        return MW_OK;
    }
    return MW_NOT_FOUND;
}

static int network_order(const void *a, const void *b) {
    return MW_MEM_CMP(((const mw_mem_blob *)a)->tenant, ((const mw_mem_blob *)b)->tenant);
}

static mw_status network_put(mw_store *s, int64_t tenant, uint32_t key_epoch, mw_slice wrapped) {
    mw_mem *m = mw_mem_of(s);
    mw_mem_blob row = {.tenant = tenant, .key = {key_epoch}};
    row.bytes = (mw_slice){mw_mem_keep(m, wrapped.p, wrapped.n), wrapped.n};
    return mw_mem_put(m, &m->now.networks, &row, network_order);
}

static mw_status network_get(mw_store *s, int64_t tenant, uint32_t *out_key_epoch, mw_span wrapped,
                             size_t *out_n) {
    MW_MEM_EACH(mw_mem_blob, b, mw_mem_of(s)->now.networks) {
        if (b->tenant != tenant)
            continue;
        MW_TRY(mw_span_copy(wrapped, b->bytes));
        *out_key_epoch = (uint32_t)b->key[0];
        *out_n = b->bytes.n;
        return MW_OK;
    }
    return MW_NOT_FOUND;
}

static mw_status device_by_number(mw_store *s, int64_t tenant, int64_t device,
                                  mw_store_device *out_d) {
    MW_MEM_EACH(mw_mem_owned, d, mw_mem_of(s)->now.devices)
    if (d->tenant == tenant && d->u.device.device == device) {
        *out_d = d->u.device;
        return MW_OK;
    }
    return MW_NOT_FOUND;
}

/* --- what decoding found --------------------------------------------------------------------- */

static int fact_order(const void *pa, const void *pb) {
    const mw_store_fact *a = pa, *b = pb;
    return a->journal != b->journal ? MW_MEM_CMP(a->journal, b->journal) : MW_MEM_CMP(a->n, b->n);
}

static mw_status fact_append(mw_store *s, const mw_store_fact *f) {
    mw_mem *m = mw_mem_of(s);
    MW_MEM_EACH(mw_store_fact, old, m->now.facts)
    if (fact_order(old, f) == 0)
        return m->in_transaction ? MW_CONFLICT : MW_STATE;
    return mw_mem_put(m, &m->now.facts, f, fact_order);
}

static mw_status facts_scan(mw_store *s, int64_t after, uint32_t limit, mw_store_on_fact each,
                            void *ctx) {
    if (!mw_mem_limit_ok(limit))
        return MW_RANGE;
    MW_MEM_EACH(mw_store_fact, f, mw_mem_of(s)->now.facts)
    if (f->journal > after && limit > 0) {
        limit--;
        MW_TRY(each(ctx, f));
    }
    return MW_OK;
}

static int told_order(const void *pa, const void *pb) {
    const mw_store_told *a = pa, *b = pb;
    if (a->tenant != b->tenant)
        return MW_MEM_CMP(a->tenant, b->tenant);
    return a->device != b->device ? MW_MEM_CMP(a->device, b->device) : MW_MEM_CMP(a->key, b->key);
}

static mw_status told_put(mw_store *s, const mw_store_told *c) {
    mw_mem *m = mw_mem_of(s);
    MW_MEM_EACH(mw_store_told, old, m->now.told)
    if (told_order(old, c) == 0 && c->received.us < old->received.us)
        return m->in_transaction ? MW_OK : MW_STATE;
    return mw_mem_put(m, &m->now.told, c, told_order);
}

static mw_status told_list(mw_store *s, int64_t tenant, int64_t device, mw_store_on_told each,
                           void *ctx) {
    MW_MEM_EACH(mw_store_told, c, mw_mem_of(s)->now.told)
    if (c->tenant == tenant && c->device == device)
        MW_TRY(each(ctx, c));
    return MW_OK;
}

void mw_mem_command_ops(mw_store_ops *ops) {
    ops->command_add = command_add;
    ops->command_put = command_put;
    ops->command_get = command_get;
    ops->command_by_key = command_by_key;
    ops->command_by_smp_id = command_by_smp_id;
    ops->command_last = command_last;
    ops->commands_open = commands_open;
    ops->commands_list = commands_list;
    ops->commands_of = commands_of;
    ops->commands_count = commands_count;
    ops->command_step_add = command_step_add;
    ops->command_steps = command_steps;
    ops->downlink_add = downlink_add;
    ops->downlink_put = downlink_put;
    ops->downlink_get = downlink_get;
    ops->downlinks_pending = downlinks_pending;
    ops->downlinks_of = downlinks_of;
    ops->downlink_last_at = downlink_last_at;
    ops->counter_put = counter_put;
    ops->counter_get = counter_get;
    ops->network_put = network_put;
    ops->network_get = network_get;
    ops->device_by_number = device_by_number;
    ops->fact_append = fact_append;
    ops->facts_scan = facts_scan;
    ops->told_put = told_put;
    ops->told_list = told_list;
}
