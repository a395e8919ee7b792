/* SPDX-License-Identifier: Apache-2.0
 *
 * The memory store: devices, their keys and channels as they are found, senders.
 */
#include <stdio.h>
#include <string.h>

#include "platform/store/memory_internal.h"

/* --- devices and keys -------------------------------------------------------------------------- */

static mw_status device_get(mw_store *s, int64_t tenant, uint64_t identity,
                            mw_store_device *out_device) {
    MW_MEM_EACH(mw_mem_owned, d, mw_mem_of(s)->now.devices)
    if (d->tenant == tenant && d->u.device.identity == identity) {
        *out_device = d->u.device;
        return MW_OK;
    }
    return MW_NOT_FOUND;
}

static mw_status devices_at(mw_store *s, int64_t tenant, uint32_t address, mw_store_on_device each,
                            void *ctx) {
    MW_MEM_EACH(mw_mem_owned, d, mw_mem_of(s)->now.devices)
    if (d->tenant == tenant && d->u.device.network_address == address)
        MW_TRY(each(ctx, &d->u.device));
    return MW_OK;
}

static int key_order(const void *pa, const void *pb) {
    const mw_mem_blob *a = pa, *b = pb;
    int c = MW_MEM_CMP(a->tenant, b->tenant);
    if (c == 0)
        c = MW_MEM_CMP(a->key[0], b->key[0]);
    return c != 0 ? c : MW_MEM_CMP(a->key[1], b->key[1]);
}

static mw_status device_key_put(mw_store *s, int64_t tenant, int64_t device, uint8_t key_epoch,
                                mw_slice wrapped) {
    mw_mem *m = mw_mem_of(s);
    mw_mem_blob own = {.tenant = tenant,
                       .key = {device, key_epoch},
                       .bytes = {mw_mem_keep(m, wrapped.p, wrapped.n), wrapped.n}};
    return mw_mem_put(m, &m->now.keys, &own, key_order);
}

static mw_status device_key_get(mw_store *s, int64_t tenant, int64_t device, uint8_t key_epoch,
                                mw_span wrapped, size_t *out_n) {
    mw_mem_blob own = {.tenant = tenant, .key = {device, key_epoch}};
    MW_MEM_EACH(mw_mem_blob, k, mw_mem_of(s)->now.keys)
    if (key_order(k, &own) == 0) {
        MW_TRY(mw_span_copy(wrapped, k->bytes));
        *out_n = k->bytes.n;
        return MW_OK;
    }
    return MW_NOT_FOUND;
}

/* --- channels ---------------------------------------------------------------------------------- */

static mw_status channel_grid_set(mw_store *s, int64_t tenant, int64_t channel, uint32_t seconds,
                                  uint32_t offset_s) {
    mw_mem *m = mw_mem_of(s);
    if (seconds == 0 || seconds > MW_DAY_S || offset_s >= seconds)
        return MW_RANGE;
    if (!m->in_transaction)
        return MW_STATE;
    MW_MEM_EACH(mw_mem_owned, c, m->now.channels)
    if (c->tenant == tenant && c->u.channel.channel == channel) {
        c->u.channel.grid_seconds = seconds;
        c->u.channel.grid_offset_s = offset_s;
    }
    return MW_OK;
}

static mw_status channel_get(mw_store *s, int64_t tenant, int64_t channel,
                             mw_store_channel *out_channel) {
    mw_store_meter m;
    MW_TRY(s->ops->meter_of_channel(s, tenant, channel, &m));
    *out_channel = m.channel;
    return MW_OK;
}

static mw_status channels_of(mw_store *s, int64_t tenant, int64_t device, mw_store_on_channel each,
                             void *ctx) {
    for (int number = 0; number < 256; number++)
        MW_MEM_EACH(mw_mem_owned, c, mw_mem_of(s)->now.channels)
    if (c->tenant == tenant && c->u.channel.device == device && c->u.channel.number == number) {
        mw_store_channel row;
        MW_TRY(channel_get(s, tenant, c->u.channel.channel, &row));
        MW_TRY(each(ctx, &row));
    }
    return MW_OK;
}

static mw_status channels_of_device(mw_store *s, int64_t tenant, int64_t device,
                                    mw_store_on_channel_newest each, void *ctx) {
    mw_mem *m = mw_mem_of(s);
    MW_MEM_EACH(mw_mem_owned, c, m->now.channels) {
        const mw_store_channel *k = &c->u.channel;
        if (c->tenant != tenant || k->device != device)
            continue;
        const mw_store_register *r = mw_mem_newest(m, tenant, k->channel, k->obis);
        mw_store_channel_newest row = {.tenant = tenant,
                                       .channel = k->channel,
                                       .device = device,
                                       .newest = r == NULL ? MW_UTC_NONE : r->meter};
        MW_TRY(each(ctx, &row));
    }
    return MW_OK;
}

static mw_status installation_put(mw_store *s, int64_t tenant, const mw_store_installation *i) {
    mw_mem *m = mw_mem_of(s);
    mw_mem_installation own = {.tenant = tenant, .row = *i, .superseded = MW_UTC_NONE};
    if (!m->in_transaction)
        return MW_STATE;
    MW_MEM_EACH(mw_mem_installation, o, m->now.installations) {
        if (o->tenant != tenant || o->row.channel != i->channel || !mw_utc_is_none(o->row.to) ||
            !mw_utc_is_none(o->superseded))
            continue;
        if (strcmp(o->row.usage_point, i->usage_point) == 0)
            return MW_OK;
        if (i->from.us <= o->row.from.us)
            return MW_CONFLICT;
        o->row.to = i->from;
    }
    own.row.initial_value = i->has_initial_value ? i->initial_value : 0;
    own.row.has_final_value = false;
    own.row.final_value = 0;
    own.row.recorded = mw_utc_of_s(0);
    return mw_mem_add(m, &m->now.installations, &own);
}

/* --- senders ----------------------------------------------------------------------------------- */

const mw_mem_sender *mw_mem_sender_find(mw_mem *m, int64_t sender) {
    MW_MEM_EACH(mw_mem_sender, x, m->now.senders)
    if (x->row.sender == sender)
        return x;
    return NULL;
}

static mw_status sender_put(mw_store *s, int64_t tenant, const char *id, mw_slice token_hash,
                            int64_t *out_sender) {
    mw_mem *m = mw_mem_of(s);
    mw_mem_sender own = {.row = {.tenant = tenant, .last_contact = MW_UTC_NONE}};
    if (!m->in_transaction)
        return MW_STATE;
    if (token_hash.n != MW_STORE_TOKEN_HASH)
        return MW_RANGE;
    MW_MEM_EACH(mw_mem_sender, x, m->now.senders)
    if (x->row.tenant == tenant && strcmp(x->row.id, id) == 0) {
        memcpy(x->hash, token_hash.p, sizeof x->hash);
        *out_sender = x->row.sender;
        return MW_OK;
    }
    memcpy(own.hash, token_hash.p, sizeof own.hash);
    (void)snprintf(own.row.id, sizeof own.row.id, "%s", id);
    own.row.sender = (int64_t)m->now.senders.n + 1;
    MW_TRY(mw_mem_add(m, &m->now.senders, &own));
    *out_sender = own.row.sender;
    return MW_OK;
}

static mw_status sender_by_token(mw_store *s, mw_slice token_hash, mw_store_sender *out_sender) {
    MW_MEM_EACH(mw_mem_sender, x, mw_mem_of(s)->now.senders)
    if (mw_slice_equal(MW_SLICE_OF(x->hash), token_hash)) {
        *out_sender = x->row;
        return MW_OK;
    }
    return MW_NOT_FOUND;
}

static mw_status sender_seen(mw_store *s, int64_t tenant, int64_t sender, uint64_t epoch,
                             mw_utc at) {
    mw_mem *m = mw_mem_of(s);
    if (!m->in_transaction)
        return MW_STATE;
    MW_MEM_EACH(mw_mem_sender, x, m->now.senders)
    if (x->row.tenant == tenant && x->row.sender == sender) {
        bool later = mw_utc_is_none(x->row.last_contact) || at.us > x->row.last_contact.us;
        x->row.epoch = epoch;
        x->row.last_contact = later ? at : x->row.last_contact;
    }
    return MW_OK;
}

static mw_status senders_list(mw_store *s, int64_t tenant, mw_utc now, mw_store_on_sender each,
                              void *ctx) {
    mw_mem *m = mw_mem_of(s);
    int64_t since = mw_utc_floor_s(now) / 3600 - 24;
    const char *last = "";
    for (;;) {
        const mw_mem_sender *next = NULL;
        char name[MW_STORE_ID_MAX + 8];
        MW_MEM_EACH(mw_mem_sender, x, m->now.senders)
        if (x->row.tenant == tenant && strcmp(x->row.id, last) > 0 &&
            (next == NULL || strcmp(x->row.id, next->row.id) < 0))
            next = x;
        if (next == NULL)
            return MW_OK;
        mw_store_sender row = next->row;
        last = next->row.id;
        (void)snprintf(name, sizeof name, "frames/%s", row.id);
        MW_MEM_EACH(mw_mem_count, c, m->now.counted)
        if (c->tenant == tenant && strcmp(c->name, name) == 0 && c->hour > since &&
            c->hour <= since + 24)
            row.frames_24h += c->value;
        MW_TRY(each(ctx, &row));
    }
}

void mw_mem_registry_ops(mw_store_ops *ops) {
    ops->device_get = device_get;
    ops->devices_at = devices_at;
    ops->device_key_put = device_key_put;
    ops->device_key_get = device_key_get;
    ops->channel_grid_set = channel_grid_set;
    ops->channel_get = channel_get;
    ops->channels_of = channels_of;
    ops->channels_of_device = channels_of_device;
    ops->installation_put = installation_put;
    ops->sender_put = sender_put;
    ops->sender_by_token = sender_by_token;
    ops->sender_seen = sender_seen;
    ops->senders_list = senders_list;
}
