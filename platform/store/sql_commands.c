/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "platform/store/sql_internal.h"

static const char *key_or_null(const char *key) {
    return key[0] != 0 ? key : NULL;
}

/* ---- commands ---- */

mw_status mw_sq_op_command_add(mw_store *s, const mw_store_command *c, int64_t *out_id) {
    mw_sq *q = mw_sq_of(s);
    if (!q->in_transaction)
        return MW_STATE;
    if (c->size > MW_STORE_COMMAND_DATA)
        return MW_RANGE;
    /* Asked first: a statement that fails ends the whole transaction on PostgreSQL. */
    mw_store_command there;
    mw_status known = c->key[0] == 0 ? MW_NOT_FOUND
                                     : mw_sq_op_command_by_key(&q->base, c->tenant, c->key, &there);
    if (known != MW_NOT_FOUND)
        return known == MW_OK ? MW_CONFLICT : known;
    return MW_SQ_NUMBER(
        q, COMMAND_ADD, out_id, mw_sq_int(c->tenant), mw_sq_int(c->device), mw_sq_int(c->parent),
        mw_sq_text(c->kind), mw_sq_text(c->args), mw_sq_int(c->smp_id), mw_sq_int(c->code),
        mw_sq_blob((mw_slice){c->data, c->size}), mw_sq_int(c->priority), mw_sq_int(c->state),
        mw_sq_text(c->reason), mw_sq_int(c->created.us), mw_sq_int(c->expires.us),
        mw_sq_int(c->changed.us), mw_sq_utc(c->not_before), mw_sq_int(c->attempts),
        mw_sq_int(c->attempts_max), mw_sq_int(c->entry), mw_sq_int(c->key_epoch),
        mw_sq_int(c->result), mw_sq_text(c->actor), mw_sq_text(key_or_null(c->key)));
}

mw_status mw_sq_op_command_put(mw_store *s, const mw_store_command *c) {
    if (c->size > MW_STORE_COMMAND_DATA)
        return MW_RANGE;
    return MW_SQ_RUN(mw_sq_of(s), COMMAND_PUT, mw_sq_int(c->tenant), mw_sq_int(c->id),
                     mw_sq_int(c->parent), mw_sq_int(c->smp_id), mw_sq_int(c->code),
                     mw_sq_blob((mw_slice){c->data, c->size}), mw_sq_int(c->priority),
                     mw_sq_int(c->state), mw_sq_text(c->reason), mw_sq_int(c->expires.us),
                     mw_sq_int(c->changed.us), mw_sq_utc(c->not_before), mw_sq_int(c->attempts),
                     mw_sq_int(c->attempts_max), mw_sq_int(c->entry), mw_sq_int(c->key_epoch),
                     mw_sq_int(c->result));
}

static mw_status command_of_row(mw_sq_statement *st, mw_store_command *c) {
    *c = (mw_store_command){.id = mw_sq_get_int(st, 0),
                            .tenant = mw_sq_get_int(st, 1),
                            .device = mw_sq_get_int(st, 2),
                            .parent = mw_sq_get_int(st, 3),
                            .smp_id = (uint16_t)mw_sq_get_int(st, 6),
                            .code = (uint8_t)mw_sq_get_int(st, 7),
                            .priority = (uint8_t)mw_sq_get_int(st, 9),
                            .state = (mw_store_command_state)mw_sq_get_int(st, 10),
                            .created = mw_sq_get_utc(st, 12),
                            .expires = mw_sq_get_utc(st, 13),
                            .changed = mw_sq_get_utc(st, 14),
                            .not_before = mw_sq_get_utc(st, 15),
                            .attempts = (uint16_t)mw_sq_get_int(st, 16),
                            .attempts_max = (uint16_t)mw_sq_get_int(st, 17),
                            .entry = mw_sq_get_int(st, 18),
                            .key_epoch = (uint32_t)mw_sq_get_int(st, 19),
                            .result = (int16_t)mw_sq_get_int(st, 20)};
    MW_SQ_TEXT_INTO(st, 4, c->kind);
    MW_SQ_TEXT_INTO(st, 5, c->args);
    MW_SQ_TEXT_INTO(st, 11, c->reason);
    MW_SQ_TEXT_INTO(st, 21, c->actor);
    MW_SQ_TEXT_INTO(st, 22, c->key);
    mw_slice data = mw_sq_get_blob(st, 8);
    if (mw_span_copy(MW_SPAN_OF(c->data), data) != MW_OK)
        return MW_CORRUPT;
    c->size = (uint8_t)data.n;
    return MW_OK;
}

static mw_status command_one(mw_sq_statement *st, mw_store_command *out_c) {
    MW_TRY(mw_sq_step(st));
    mw_status s = command_of_row(st, out_c);
    mw_sq_reset(st);
    return s;
}

static mw_status command_rows(mw_sq_statement *st, mw_store_on_command each, void *ctx) {
    mw_status status;
    while ((status = mw_sq_step(st)) == MW_OK) {
        mw_store_command c;
        status = command_of_row(st, &c);
        if (status == MW_OK)
            status = each(ctx, &c);
        if (status != MW_OK) {
            mw_sq_reset(st);
            return status;
        }
    }
    return status == MW_NOT_FOUND ? MW_OK : status;
}

mw_status mw_sq_op_command_get(mw_store *s, int64_t tenant, int64_t id, mw_store_command *out_c) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), COMMAND_GET, &st, mw_sq_int(tenant), mw_sq_int(id)));
    return command_one(st, out_c);
}

mw_status mw_sq_op_command_by_key(mw_store *s, int64_t tenant, const char *key,
                                  mw_store_command *out_c) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), COMMAND_BY_KEY, &st, mw_sq_int(tenant), mw_sq_text(key)));
    return command_one(st, out_c);
}

mw_status mw_sq_op_command_by_smp_id(mw_store *s, int64_t tenant, int64_t device, uint16_t smp_id,
                                     mw_store_command *out_c) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), COMMAND_BY_SMP_ID, &st, mw_sq_int(tenant), mw_sq_int(device),
                      mw_sq_int(smp_id)));
    return command_one(st, out_c);
}

mw_status mw_sq_op_command_last(mw_store *s, int64_t tenant, int64_t device,
                                mw_store_command *out_c) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), COMMAND_LAST, &st, mw_sq_int(tenant), mw_sq_int(device)));
    return command_one(st, out_c);
}

mw_status mw_sq_op_commands_open(mw_store *s, int64_t after, uint32_t limit,
                                 mw_store_on_command each, void *ctx) {
    if (!mw_sq_limit_ok(limit))
        return MW_RANGE;
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), COMMANDS_OPEN, &st, mw_sq_int(after), mw_sq_int(limit)));
    return command_rows(st, each, ctx);
}

mw_status mw_sq_op_commands_list(mw_store *s, int64_t tenant, int64_t device, int64_t before,
                                 uint32_t limit, mw_store_on_command each, void *ctx) {
    if (!mw_sq_limit_ok(limit))
        return MW_RANGE;
    mw_sq_statement *st = NULL;
    if (before == 0)
        before = INT64_MAX;
    if (device != 0)
        MW_TRY(MW_SQ_BIND(mw_sq_of(s), COMMANDS_OF_DEVICE, &st, mw_sq_int(tenant),
                          mw_sq_int(device), mw_sq_int(before), mw_sq_int(limit)));
    else
        MW_TRY(MW_SQ_BIND(mw_sq_of(s), COMMANDS_ALL, &st, mw_sq_int(tenant), mw_sq_int(before),
                          mw_sq_int(limit)));
    return command_rows(st, each, ctx);
}

mw_status mw_sq_op_commands_of(mw_store *s, int64_t tenant, int64_t parent,
                               mw_store_on_command each, void *ctx) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), COMMANDS_CHILDREN, &st, mw_sq_int(tenant), mw_sq_int(parent)));
    return command_rows(st, each, ctx);
}

mw_status mw_sq_op_commands_count(mw_store *s, int64_t tenant, int64_t device, int64_t *out_n) {
    return MW_SQ_NUMBER(mw_sq_of(s), COMMANDS_COUNT, out_n, mw_sq_int(tenant), mw_sq_int(device));
}

mw_status mw_sq_op_command_step_add(mw_store *s, int64_t tenant, const mw_store_command_step *row) {
    return MW_SQ_RUN(mw_sq_of(s), COMMAND_STEP_ADD, mw_sq_int(tenant), mw_sq_int(row->command),
                     mw_sq_int(row->at.us), mw_sq_int(row->state), mw_sq_text(row->reason),
                     mw_sq_text(row->station));
}

mw_status mw_sq_op_command_steps(mw_store *s, int64_t tenant, int64_t command,
                                 mw_store_on_command_step each, void *ctx) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), COMMAND_STEPS, &st, mw_sq_int(tenant), mw_sq_int(command)));
    mw_status status;
    while ((status = mw_sq_step(st)) == MW_OK) {
        mw_store_command_step row = {.command = mw_sq_get_int(st, 0),
                                     .at = mw_sq_get_utc(st, 1),
                                     .state = (mw_store_command_state)mw_sq_get_int(st, 2)};
        MW_SQ_TEXT_INTO(st, 3, row.reason);
        MW_SQ_TEXT_INTO(st, 4, row.station);
        status = each(ctx, &row);
        if (status != MW_OK) {
            mw_sq_reset(st);
            return status;
        }
    }
    return status == MW_NOT_FOUND ? MW_OK : status;
}

/* ---- downlinks ---- */

mw_status mw_sq_op_downlink_add(mw_store *s, const mw_store_downlink *d, int64_t *out_id) {
    mw_sq *q = mw_sq_of(s);
    if (!q->in_transaction)
        return MW_STATE;
    if (d->size > MW_STORE_FRAME_MAX)
        return MW_RANGE;
    return MW_SQ_NUMBER(
        q, DOWNLINK_ADD, out_id, mw_sq_int(d->tenant), mw_sq_int(d->sender), mw_sq_int(d->command),
        mw_sq_int(d->device), mw_sq_int(d->mode), mw_sq_int(d->address), mw_sq_int(d->rate),
        mw_sq_blob((mw_slice){d->payload, d->size}), mw_sq_int(d->counter), mw_sq_int(d->copies),
        mw_sq_int(d->band), mw_sq_int(d->priority), mw_sq_int(d->hop), mw_sq_utc(d->at),
        mw_sq_int(d->created.us), mw_sq_int(d->expires.us), mw_sq_int(d->pending),
        mw_sq_text(d->result), mw_sq_text(d->reason));
}

mw_status mw_sq_op_downlink_put(mw_store *s, const mw_store_downlink *d) {
    return MW_SQ_RUN(mw_sq_of(s), DOWNLINK_PUT, mw_sq_int(d->tenant), mw_sq_int(d->id),
                     mw_sq_int(d->pending), mw_sq_text(d->result), mw_sq_text(d->reason));
}

static mw_status downlink_of_row(mw_sq_statement *st, mw_store_downlink *d) {
    *d = (mw_store_downlink){.id = mw_sq_get_int(st, 0),
                             .tenant = mw_sq_get_int(st, 1),
                             .sender = mw_sq_get_int(st, 2),
                             .command = mw_sq_get_int(st, 3),
                             .device = mw_sq_get_int(st, 4),
                             .mode = (mw_store_downlink_mode)mw_sq_get_int(st, 5),
                             .address = (uint32_t)mw_sq_get_int(st, 6),
                             .rate = (uint8_t)mw_sq_get_int(st, 7),
                             .counter = (uint32_t)mw_sq_get_int(st, 9),
                             .copies = (uint8_t)mw_sq_get_int(st, 10),
                             .band = (uint8_t)mw_sq_get_int(st, 11),
                             .priority = (uint8_t)mw_sq_get_int(st, 12),
                             .hop = (uint16_t)mw_sq_get_int(st, 13),
                             .at = mw_sq_get_utc(st, 14),
                             .created = mw_sq_get_utc(st, 15),
                             .expires = mw_sq_get_utc(st, 16),
                             .pending = mw_sq_get_int(st, 17) != 0};
    MW_SQ_TEXT_INTO(st, 18, d->result);
    MW_SQ_TEXT_INTO(st, 19, d->reason);
    mw_slice payload = mw_sq_get_blob(st, 8);
    if (mw_span_copy(MW_SPAN_OF(d->payload), payload) != MW_OK)
        return MW_CORRUPT;
    d->size = (uint8_t)payload.n;
    return MW_OK;
}

static mw_status downlink_rows(mw_sq_statement *st, mw_store_on_downlink each, void *ctx) {
    mw_status status;
    while ((status = mw_sq_step(st)) == MW_OK) {
        mw_store_downlink d;
        status = downlink_of_row(st, &d);
        if (status == MW_OK)
            status = each(ctx, &d);
        if (status != MW_OK) {
            mw_sq_reset(st);
            return status;
        }
    }
    return status == MW_NOT_FOUND ? MW_OK : status;
}

mw_status mw_sq_op_downlink_get(mw_store *s, int64_t tenant, int64_t id, mw_store_downlink *out_d) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), DOWNLINK_GET, &st, mw_sq_int(tenant), mw_sq_int(id)));
    MW_TRY(mw_sq_step(st));
    mw_status status = downlink_of_row(st, out_d);
    mw_sq_reset(st);
    return status;
}

mw_status mw_sq_op_downlinks_pending(mw_store *s, int64_t sender, int64_t after, uint32_t limit,
                                     mw_store_on_downlink each, void *ctx) {
    if (!mw_sq_limit_ok(limit))
        return MW_RANGE;
    mw_sq_statement *st = NULL;
    if (sender != 0)
        MW_TRY(MW_SQ_BIND(mw_sq_of(s), DOWNLINKS_PENDING, &st, mw_sq_int(sender), mw_sq_int(after),
                          mw_sq_int(limit)));
    else
        MW_TRY(MW_SQ_BIND(mw_sq_of(s), DOWNLINKS_PENDING_ALL, &st, mw_sq_int(after),
                          mw_sq_int(limit)));
    return downlink_rows(st, each, ctx);
}

mw_status mw_sq_op_downlinks_of(mw_store *s, int64_t tenant, int64_t command, uint32_t limit,
                                mw_store_on_downlink each, void *ctx) {
    if (!mw_sq_limit_ok(limit))
        return MW_RANGE;
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), DOWNLINKS_OF, &st, mw_sq_int(tenant), mw_sq_int(command),
                      mw_sq_int(limit)));
    return downlink_rows(st, each, ctx);
}

mw_status mw_sq_op_downlink_last_at(mw_store *s, int64_t sender, mw_utc *out_at) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), DOWNLINK_LAST_AT, &st, mw_sq_int(sender)));
    MW_TRY(mw_sq_step(st));
    mw_utc at = mw_sq_get_utc(st, 0);
    mw_sq_reset(st);
    if (mw_utc_is_none(at))
        return MW_NOT_FOUND;
    *out_at = at;
    return MW_OK;
}

/* ---- counters, keys ---- */

mw_status mw_sq_op_counter_get(mw_store *s, int64_t tenant, int64_t subject, uint32_t key_epoch,
                               mw_store_counter *out_c) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), COUNTER_GET, &st, mw_sq_int(tenant), mw_sq_int(subject),
                      mw_sq_int(key_epoch)));
    MW_TRY(mw_sq_step(st));
    *out_c = (mw_store_counter){.tenant = tenant,
                                .subject = subject,
                                .key_epoch = key_epoch,
                                .sender_epoch = (uint32_t)mw_sq_get_int(st, 0),
                                .reserved = (uint32_t)mw_sq_get_int(st, 1),
                                .heard = !mw_sq_is_null(st, 2),
                                .confirmed = (uint32_t)mw_sq_get_int(st, 2)};
    mw_sq_reset(st);
    return MW_OK;
}

mw_status mw_sq_op_counter_put(mw_store *s, const mw_store_counter *c) {
    mw_sq_value none = {.type = MW_SQ_NULL};
    return MW_SQ_RUN(mw_sq_of(s), COUNTER_PUT, mw_sq_int(c->tenant), mw_sq_int(c->subject),
                     mw_sq_int(c->key_epoch), mw_sq_int(c->sender_epoch), mw_sq_int(c->reserved),
                     c->heard ? mw_sq_int(c->confirmed) : none);
}

mw_status mw_sq_op_network_put(mw_store *s, int64_t tenant, uint32_t key_epoch, mw_slice wrapped) {
    return MW_SQ_RUN(mw_sq_of(s), NETWORK_PUT, mw_sq_int(tenant), mw_sq_int(key_epoch),
                     mw_sq_blob(wrapped));
}

mw_status mw_sq_op_network_get(mw_store *s, int64_t tenant, uint32_t *out_key_epoch,
                               mw_span wrapped, size_t *out_n) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), NETWORK_GET, &st, mw_sq_int(tenant)));
    MW_TRY(mw_sq_step(st));
    mw_slice blob = mw_sq_get_blob(st, 1);
    mw_status status = mw_span_copy(wrapped, blob);
    if (status == MW_OK) {
        *out_key_epoch = (uint32_t)mw_sq_get_int(st, 0);
        *out_n = blob.n;
    }
    mw_sq_reset(st);
    return status;
}

mw_status mw_sq_op_device_by_number(mw_store *s, int64_t tenant, int64_t device,
                                    mw_store_device *out_d) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), DEVICE_BY_NUMBER, &st, mw_sq_int(tenant), mw_sq_int(device)));
    MW_TRY(mw_sq_step(st));
    *out_d = (mw_store_device){.device = mw_sq_get_int(st, 0),
                               .identity = (uint64_t)mw_sq_get_int(st, 1),
                               .network_address = (uint32_t)mw_sq_get_int(st, 4)};
    MW_SQ_TEXT_INTO(st, 2, out_d->serial);
    MW_SQ_TEXT_INTO(st, 3, out_d->model);
    mw_sq_reset(st);
    return MW_OK;
}

/* ---- what decoding found ---- */

mw_status mw_sq_op_fact_append(mw_store *s, const mw_store_fact *f) {
    return MW_SQ_RUN(mw_sq_of(s), FACT_APPEND, mw_sq_int(f->journal), mw_sq_int(f->n),
                     mw_sq_int(f->tenant), mw_sq_int(f->device), mw_sq_int(f->sender),
                     mw_sq_int(f->kind), mw_sq_int(f->number), mw_sq_int(f->result),
                     mw_sq_int(f->key_epoch), mw_sq_int(f->value), mw_sq_utc(f->at),
                     mw_sq_utc(f->received), mw_sq_text(f->text));
}

mw_status mw_sq_op_facts_scan(mw_store *s, int64_t after, uint32_t limit, mw_store_on_fact each,
                              void *ctx) {
    if (!mw_sq_limit_ok(limit))
        return MW_RANGE;
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), FACTS_SCAN, &st, mw_sq_int(after), mw_sq_int(limit)));
    mw_status status;
    while ((status = mw_sq_step(st)) == MW_OK) {
        mw_store_fact f = {.journal = mw_sq_get_int(st, 0),
                           .n = (uint16_t)mw_sq_get_int(st, 1),
                           .tenant = mw_sq_get_int(st, 2),
                           .device = mw_sq_get_int(st, 3),
                           .sender = mw_sq_get_int(st, 4),
                           .kind = (mw_store_fact_kind)mw_sq_get_int(st, 5),
                           .number = (uint16_t)mw_sq_get_int(st, 6),
                           .result = (uint8_t)mw_sq_get_int(st, 7),
                           .key_epoch = (uint32_t)mw_sq_get_int(st, 8),
                           .value = mw_sq_get_int(st, 9),
                           .at = mw_sq_get_utc(st, 10),
                           .received = mw_sq_get_utc(st, 11)};
        MW_SQ_TEXT_INTO(st, 12, f.text);
        status = each(ctx, &f);
        if (status != MW_OK) {
            mw_sq_reset(st);
            return status;
        }
    }
    return status == MW_NOT_FOUND ? MW_OK : status;
}

mw_status mw_sq_op_told_put(mw_store *s, const mw_store_told *c) {
    return MW_SQ_RUN(mw_sq_of(s), TOLD_PUT, mw_sq_int(c->tenant), mw_sq_int(c->device),
                     mw_sq_int(c->key), mw_sq_int(c->value), mw_sq_int(c->received.us));
}

mw_status mw_sq_op_told_list(mw_store *s, int64_t tenant, int64_t device, mw_store_on_told each,
                             void *ctx) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), TOLD_LIST, &st, mw_sq_int(tenant), mw_sq_int(device)));
    mw_status status;
    while ((status = mw_sq_step(st)) == MW_OK) {
        mw_store_told c = {.tenant = tenant,
                           .device = device,
                           .key = (uint16_t)mw_sq_get_int(st, 0),
                           .value = mw_sq_get_int(st, 1),
                           .received = mw_sq_get_utc(st, 2)};
        status = each(ctx, &c);
        if (status != MW_OK) {
            mw_sq_reset(st);
            return status;
        }
    }
    return status == MW_NOT_FOUND ? MW_OK : status;
}
