/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "platform/store/sql_internal.h"

mw_status mw_sq_op_tenant_find(mw_store *s, const char *name, int64_t *out_tenant) {
    return MW_SQ_NUMBER(mw_sq_of(s), TENANT_FIND, out_tenant, mw_sq_text(name));
}

mw_status mw_sq_op_tenant_put(mw_store *s, const char *name, int64_t *out_tenant) {
    MW_TRY(MW_SQ_RUN(mw_sq_of(s), TENANT_PUT, mw_sq_text(name)));
    return mw_sq_op_tenant_find(s, name, out_tenant);
}

mw_status mw_sq_op_person_put(mw_store *s, int64_t tenant, const mw_store_person *p) {
    return MW_SQ_RUN(mw_sq_of(s), PERSON_PUT, mw_sq_int(tenant), mw_sq_text(p->id),
                     mw_sq_text(p->name), mw_sq_text(p->login));
}

mw_status mw_sq_op_person_get(mw_store *s, int64_t tenant, const char *id,
                              mw_store_person *out_person) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), PERSON_GET, &st, mw_sq_int(tenant), mw_sq_text(id)));
    MW_TRY(mw_sq_step(st));
    MW_SQ_TEXT_INTO(st, 0, out_person->id);
    MW_SQ_TEXT_INTO(st, 1, out_person->name);
    MW_SQ_TEXT_INTO(st, 2, out_person->login);
    mw_sq_reset(st);
    return MW_OK;
}

mw_status mw_sq_op_usage_point_put(mw_store *s, int64_t tenant, const mw_store_usage_point *u) {
    mw_sq *q = mw_sq_of(s);
    MW_TRY(MW_SQ_RUN(q, POINT_PUT, mw_sq_int(tenant), mw_sq_text(u->id), mw_sq_text(u->time_zone),
                     mw_sq_text(u->person)));
    return MW_SQ_RUN(q, ADDRESS_PUT, mw_sq_int(tenant), mw_sq_text(u->id), mw_sq_text(u->address));
}

mw_status mw_sq_op_device_put(mw_store *s, int64_t tenant, const mw_store_device *d,
                              int64_t *out_device) {
    mw_sq *q = mw_sq_of(s);
    if (!q->in_transaction)
        return MW_STATE;
    return MW_SQ_NUMBER(q, DEVICE_PUT, out_device, mw_sq_int(tenant), mw_sq_u64(d->identity),
                        mw_sq_text(d->serial), mw_sq_text(d->model), mw_sq_int(d->network_address));
}

static void device_of_row(mw_sq_statement *st, mw_store_device *d) {
    d->device = mw_sq_get_int(st, 0);
    d->identity = (uint64_t)mw_sq_get_int(st, 1);
    MW_SQ_TEXT_INTO(st, 2, d->serial);
    MW_SQ_TEXT_INTO(st, 3, d->model);
    d->network_address = (uint32_t)mw_sq_get_int(st, 4);
}

mw_status mw_sq_op_device_get(mw_store *s, int64_t tenant, uint64_t identity,
                              mw_store_device *out_device) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), DEVICE_GET, &st, mw_sq_int(tenant), mw_sq_u64(identity)));
    MW_TRY(mw_sq_step(st));
    device_of_row(st, out_device);
    mw_sq_reset(st);
    return MW_OK;
}

mw_status mw_sq_op_devices_at(mw_store *s, int64_t tenant, uint32_t address,
                              mw_store_on_device each, void *ctx) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), DEVICES_AT, &st, mw_sq_int(tenant), mw_sq_int(address)));
    mw_status status;
    while ((status = mw_sq_step(st)) == MW_OK) {
        mw_store_device d;
        device_of_row(st, &d);
        status = each(ctx, &d);
        if (status != MW_OK) {
            mw_sq_reset(st);
            return status;
        }
    }
    return status == MW_NOT_FOUND ? MW_OK : status;
}

mw_status mw_sq_op_device_key_put(mw_store *s, int64_t tenant, int64_t device, uint8_t key_epoch,
                                  mw_slice wrapped) {
    return MW_SQ_RUN(mw_sq_of(s), KEY_PUT, mw_sq_int(tenant), mw_sq_int(device),
                     mw_sq_int(key_epoch), mw_sq_blob(wrapped));
}

mw_status mw_sq_op_device_key_get(mw_store *s, int64_t tenant, int64_t device, uint8_t key_epoch,
                                  mw_span wrapped, size_t *out_n) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), KEY_GET, &st, mw_sq_int(tenant), mw_sq_int(device),
                      mw_sq_int(key_epoch)));
    MW_TRY(mw_sq_step(st));
    mw_slice blob = mw_sq_get_blob(st, 0);
    mw_status status = mw_span_copy(wrapped, blob);
    if (status == MW_OK)
        *out_n = blob.n;
    mw_sq_reset(st);
    return status;
}

mw_status mw_sq_op_channel_put(mw_store *s, int64_t tenant, const mw_store_channel *c,
                               int64_t *out_channel) {
    mw_sq *q = mw_sq_of(s);
    if (!q->in_transaction)
        return MW_STATE;
    if ((unsigned)c->unit >= MW_UNIT_COUNT || c->register_digits > 18)
        return MW_RANGE;
    return MW_SQ_NUMBER(q, CHANNEL_PUT, out_channel, mw_sq_int(tenant), mw_sq_int(c->device),
                        mw_sq_int(c->number), mw_sq_int(mw_sq_obis_number(c->obis)),
                        mw_sq_text(c->medium), mw_sq_text(mw_unit_info_of(c->unit)->ucum),
                        mw_sq_int(c->scale), mw_sq_int(c->register_digits), mw_sq_text(c->label),
                        mw_sq_int(c->grid_seconds == 0 ? 3600 : c->grid_seconds),
                        mw_sq_int(c->grid_offset_s));
}

mw_status mw_sq_op_channel_grid_set(mw_store *s, int64_t tenant, int64_t channel, uint32_t seconds,
                                    uint32_t offset_s) {
    if (seconds == 0 || seconds > MW_DAY_S || offset_s >= seconds)
        return MW_RANGE;
    return MW_SQ_RUN(mw_sq_of(s), GRID_SET, mw_sq_int(tenant), mw_sq_int(channel),
                     mw_sq_int(seconds), mw_sq_int(offset_s));
}

void mw_sq_channel_of_row(mw_sq_statement *st, mw_store_channel *c) {
    *c = (mw_store_channel){.channel = mw_sq_get_int(st, 0),
                            .device = mw_sq_get_int(st, 1),
                            .number = (uint8_t)mw_sq_get_int(st, 2),
                            .scale = (int8_t)mw_sq_get_int(st, 6),
                            .register_digits = (uint8_t)mw_sq_get_int(st, 7),
                            .grid_seconds = (uint32_t)mw_sq_get_int(st, 10),
                            .grid_offset_s = (uint32_t)mw_sq_get_int(st, 11)};
    mw_sq_obis_of_number(mw_sq_get_int(st, 3), c->obis);
    MW_SQ_TEXT_INTO(st, 4, c->medium);
    const char *ucum = mw_sq_text_at(st, 5);
    if (ucum == NULL || mw_unit_of_ucum(ucum, &c->unit) != MW_OK)
        c->unit = MW_UNIT_NONE;
    MW_SQ_TEXT_INTO(st, 8, c->label);
    MW_SQ_TEXT_INTO(st, 9, c->usage_point);
}

mw_status mw_sq_op_channels_of(mw_store *s, int64_t tenant, int64_t device,
                               mw_store_on_channel each, void *ctx) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), CHANNELS_OF, &st, mw_sq_int(tenant), mw_sq_int(device)));
    mw_status status;
    while ((status = mw_sq_step(st)) == MW_OK) {
        mw_store_channel c;
        mw_sq_channel_of_row(st, &c);
        status = each(ctx, &c);
        if (status != MW_OK) {
            mw_sq_reset(st);
            return status;
        }
    }
    return status == MW_NOT_FOUND ? MW_OK : status;
}

mw_status mw_sq_op_installation_put(mw_store *s, int64_t tenant, const mw_store_installation *i) {
    mw_sq *q = mw_sq_of(s);
    if (!q->in_transaction)
        return MW_STATE;
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(q, INSTALLATION_OPEN, &st, mw_sq_int(tenant), mw_sq_int(i->channel)));
    mw_status status = mw_sq_step(st);
    if (status == MW_OK) {
        char open[MW_STORE_ID_MAX];
        MW_SQ_TEXT_INTO(st, 0, open);
        int64_t from = mw_sq_get_int(st, 1);
        mw_sq_reset(st);
        if (strcmp(open, i->usage_point) == 0)
            return MW_OK;
        if (i->from.us <= from)
            return MW_CONFLICT;
        MW_TRY(MW_SQ_RUN(q, INSTALLATION_CLOSE, mw_sq_int(tenant), mw_sq_int(i->channel),
                         mw_sq_int(i->from.us)));
    } else if (status != MW_NOT_FOUND) {
        return status;
    }
    return MW_SQ_RUN(q, INSTALLATION_ADD, mw_sq_int(tenant), mw_sq_int(i->channel),
                     mw_sq_int(i->from.us), mw_sq_utc(i->to), mw_sq_text(i->usage_point),
                     i->has_initial_value ? mw_sq_int(i->initial_value)
                                          : (mw_sq_value){.type = MW_SQ_NULL});
}

mw_status mw_sq_op_sender_put(mw_store *s, int64_t tenant, const char *id, mw_slice token_hash,
                              int64_t *out_sender) {
    mw_sq *q = mw_sq_of(s);
    if (!q->in_transaction)
        return MW_STATE;
    if (token_hash.n != MW_STORE_TOKEN_HASH)
        return MW_RANGE;
    return MW_SQ_NUMBER(q, SENDER_PUT, out_sender, mw_sq_int(tenant), mw_sq_text(id),
                        mw_sq_blob(token_hash));
}

static void sender_of_row(mw_sq_statement *st, mw_store_sender *out) {
    *out = (mw_store_sender){.sender = mw_sq_get_int(st, 0),
                             .tenant = mw_sq_get_int(st, 1),
                             .epoch = (uint64_t)mw_sq_get_int(st, 3),
                             .last_contact = mw_sq_get_utc(st, 4)};
    MW_SQ_TEXT_INTO(st, 2, out->id);
}

mw_status mw_sq_op_sender_by_token(mw_store *s, mw_slice token_hash, mw_store_sender *out_sender) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), SENDER_BY_TOKEN, &st, mw_sq_blob(token_hash)));
    MW_TRY(mw_sq_step(st));
    sender_of_row(st, out_sender);
    mw_sq_reset(st);
    return MW_OK;
}

mw_status mw_sq_op_sender_seen(mw_store *s, int64_t tenant, int64_t sender, uint64_t epoch,
                               mw_utc at) {
    return MW_SQ_RUN(mw_sq_of(s), SENDER_SEEN, mw_sq_int(tenant), mw_sq_int(sender),
                     mw_sq_u64(epoch), mw_sq_int(at.us));
}

mw_status mw_sq_op_senders_list(mw_store *s, int64_t tenant, mw_utc now, mw_store_on_sender each,
                                void *ctx) {
    mw_sq_statement *st = NULL;
    int64_t since = mw_utc_floor_s(now) / 3600 - 24;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), SENDERS, &st, mw_sq_int(tenant), mw_sq_int(since)));
    mw_status status;
    while ((status = mw_sq_step(st)) == MW_OK) {
        mw_store_sender row;
        sender_of_row(st, &row);
        row.frames_24h = mw_sq_get_int(st, 5);
        status = each(ctx, &row);
        if (status != MW_OK) {
            mw_sq_reset(st);
            return status;
        }
    }
    return status == MW_NOT_FOUND ? MW_OK : status;
}
