/* SPDX-License-Identifier: Apache-2.0
 *
 * The memory store: devices of other networks and their messages.
 */
#include <string.h>

#include "platform/store/memory_internal.h"

static mw_status device_put(mw_store *s, const mw_store_foreign_device *d, int64_t *out_device) {
    mw_mem *m = mw_mem_of(s);
    mw_store_foreign_device own = *d;
    if (!m->in_transaction)
        return MW_STATE;
    if (d->wrapped_n > sizeof d->wrapped)
        return MW_RANGE;
    MW_MEM_EACH(mw_store_foreign_device, o, m->now.foreign_devices)
    if (o->tenant == d->tenant && o->network == d->network && o->identity == d->identity) {
        own.device = *out_device = o->device;
        *o = own;
        return MW_OK;
    }
    own.device = (int64_t)m->now.foreign_devices.n + 1;
    MW_TRY(mw_mem_add(m, &m->now.foreign_devices, &own));
    *out_device = own.device;
    return MW_OK;
}

static mw_status device_find(mw_store *s, int64_t tenant, mw_store_network network,
                             uint32_t identity, bool low24, mw_store_foreign_device *out_device) {
    uint32_t mask = low24 ? 0xFFFFFFu : UINT32_MAX;
    MW_MEM_EACH(mw_store_foreign_device, d, mw_mem_of(s)->now.foreign_devices)
    if (d->tenant == tenant && d->network == network && (d->identity & mask) == (identity & mask)) {
        *out_device = *d;
        return MW_OK;
    }
    return MW_NOT_FOUND;
}

static mw_status state_get(mw_store *s, int64_t tenant, int64_t device,
                           mw_store_foreign_state *out_state) {
    *out_state = (mw_store_foreign_state){
        .tenant = tenant, .device = device, .newest = -1, .last_seen = MW_UTC_NONE};
    MW_MEM_EACH(mw_store_foreign_state, d, mw_mem_of(s)->now.foreign_states)
    if (d->tenant == tenant && d->device == device)
        *out_state = *d;
    return MW_OK;
}

static int state_order(const void *pa, const void *pb) {
    const mw_store_foreign_state *a = pa, *b = pb;
    return a->tenant != b->tenant ? MW_MEM_CMP(a->tenant, b->tenant)
                                  : MW_MEM_CMP(a->device, b->device);
}

static mw_status state_put(mw_store *s, const mw_store_foreign_state *state) {
    mw_mem *m = mw_mem_of(s);
    return mw_mem_put(m, &m->now.foreign_states, state, state_order);
}

static mw_status message_add(mw_store *s, const mw_store_foreign_message *row, int64_t *out_id) {
    mw_mem *m = mw_mem_of(s);
    mw_store_foreign_message own = *row;
    if (!m->in_transaction)
        return MW_STATE;
    if (row->payload_n > sizeof row->payload || row->clear_n > sizeof row->clear)
        return MW_RANGE;
    own.clear_n = own.has_clear ? own.clear_n : (uint8_t)0;
    own.id = 1; /* the last one is the highest */
    MW_MEM_EACH(mw_store_foreign_message, o, m->now.foreign_mail)
    own.id = o->id + 1;
    MW_TRY(mw_mem_add(m, &m->now.foreign_mail, &own));
    *out_id = own.id;
    return MW_OK;
}

static mw_status unknown_trim(mw_store *s, int64_t tenant, int64_t keep) {
    mw_mem *m = mw_mem_of(s);
    int64_t n = 0, oldest = 0; /* the newest one that goes */
    if (keep < 1)
        return MW_RANGE;
    if (!m->in_transaction)
        return MW_STATE;
    MW_MEM_EACH_BACK(mw_store_foreign_message, x, m->now.foreign_mail)
    if (x->tenant == tenant && x->device == 0 && ++n == keep + 1)
        oldest = x->id;
    MW_MEM_DROP(mw_store_foreign_message, x, m->now.foreign_mail,
                x->tenant == tenant && x->device == 0 && x->id <= oldest);
    return MW_OK;
}

static void message_fill(mw_mem *m, mw_store_foreign_message *x) {
    const mw_store_envelope *e = mw_mem_journal(m, x->journal);
    const mw_mem_sender *sender = e == NULL ? NULL : mw_mem_sender_find(m, e->sender);
    x->sender[0] = x->label[0] = 0;
    if (sender != NULL)
        memcpy(x->sender, sender->row.id, sizeof x->sender);
    MW_MEM_EACH(mw_store_foreign_device, d, m->now.foreign_devices)
    if (d->device == x->device)
        memcpy(x->label, d->label, sizeof x->label);
}

static mw_status messages(mw_store *s, int64_t tenant, int network, int64_t before, uint32_t limit,
                          mw_store_on_foreign_message each, void *ctx) {
    mw_mem *m = mw_mem_of(s);
    if (!mw_mem_limit_ok(limit))
        return MW_RANGE;
    MW_MEM_EACH_BACK(mw_store_foreign_message, x, m->now.foreign_mail) {
        mw_store_foreign_message row = *x;
        if (x->tenant != tenant || (network != 0 && (int)x->network != network) ||
            (before > 0 && x->id >= before) || limit == 0)
            continue;
        message_fill(m, &row);
        limit--;
        MW_TRY(each(ctx, &row));
    }
    return MW_OK;
}

void mw_mem_foreign_ops(mw_store_ops *ops) {
    ops->foreign_device_put = device_put;
    ops->foreign_device_find = device_find;
    ops->foreign_state_get = state_get;
    ops->foreign_state_put = state_put;
    ops->foreign_message_add = message_add;
    ops->foreign_unknown_trim = unknown_trim;
    ops->foreign_messages = messages;
}
