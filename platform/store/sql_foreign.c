/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/store/sql_internal.h"

mw_status mw_sq_op_foreign_device_put(mw_store *s, const mw_store_foreign_device *d,
                                      int64_t *out_device) {
    mw_sq *q = mw_sq_of(s);
    if (!q->in_transaction)
        return MW_STATE;
    if (d->wrapped_n > sizeof d->wrapped)
        return MW_RANGE;
    return MW_SQ_NUMBER(q, FOREIGN_DEVICE_PUT, out_device, mw_sq_int(d->tenant),
                        mw_sq_int(d->network), mw_sq_int(d->identity), mw_sq_text(d->label),
                        mw_sq_blob((mw_slice){d->wrapped, d->wrapped_n}));
}

mw_status mw_sq_op_foreign_device_find(mw_store *s, int64_t tenant, mw_store_network network,
                                       uint32_t identity, bool low24,
                                       mw_store_foreign_device *out_device) {
    mw_sq_statement *st = NULL;
    mw_sq *q = mw_sq_of(s);
    if (low24)
        MW_TRY(MW_SQ_BIND(q, FOREIGN_DEVICE_LOW, &st, mw_sq_int(tenant), mw_sq_int(network),
                          mw_sq_int(identity & 0xFFFFFF)));
    else
        MW_TRY(MW_SQ_BIND(q, FOREIGN_DEVICE_FIND, &st, mw_sq_int(tenant), mw_sq_int(network),
                          mw_sq_int(identity)));
    MW_TRY(mw_sq_step(st));
    mw_store_foreign_device d = {.device = mw_sq_get_int(st, 0),
                                 .tenant = tenant,
                                 .network = network,
                                 .identity = (uint32_t)mw_sq_get_int(st, 1)};
    MW_SQ_TEXT_INTO(st, 2, d.label);
    mw_slice wrapped = mw_sq_get_blob(st, 3);
    mw_status status = mw_span_copy(MW_SPAN_OF(d.wrapped), wrapped);
    d.wrapped_n = (uint8_t)wrapped.n;
    mw_sq_reset(st);
    if (status != MW_OK)
        return MW_CORRUPT;
    *out_device = d;
    return MW_OK;
}

mw_status mw_sq_op_foreign_state_get(mw_store *s, int64_t tenant, int64_t device,
                                     mw_store_foreign_state *out_state) {
    mw_sq_statement *st = NULL;
    mw_store_foreign_state state = {
        .tenant = tenant, .device = device, .newest = -1, .last_seen = MW_UTC_NONE};
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), FOREIGN_STATE_GET, &st, mw_sq_int(tenant), mw_sq_int(device)));
    mw_status status = mw_sq_step(st);
    if (status == MW_OK) {
        state.newest = mw_sq_get_int(st, 0);
        state.last_seen = mw_sq_get_utc(st, 1);
        state.last_message = mw_sq_get_int(st, 2);
        state.last_crc = (uint32_t)mw_sq_get_int(st, 3);
        state.messages = mw_sq_get_int(st, 4);
        state.duplicates = mw_sq_get_int(st, 5);
        state.replays = mw_sq_get_int(st, 6);
        state.failures = mw_sq_get_int(st, 7);
        state.failures_hour = mw_sq_get_int(st, 8);
        mw_sq_reset(st);
    } else if (status != MW_NOT_FOUND) {
        return status;
    }
    *out_state = state;
    return MW_OK;
}

mw_status mw_sq_op_foreign_state_put(mw_store *s, const mw_store_foreign_state *state) {
    return MW_SQ_RUN(
        mw_sq_of(s), FOREIGN_STATE_PUT, mw_sq_int(state->tenant), mw_sq_int(state->device),
        mw_sq_int(state->newest), mw_sq_utc(state->last_seen), mw_sq_int(state->last_message),
        mw_sq_int(state->last_crc), mw_sq_int(state->messages), mw_sq_int(state->duplicates),
        mw_sq_int(state->replays), mw_sq_int(state->failures), mw_sq_int(state->failures_hour));
}

mw_status mw_sq_op_foreign_message_add(mw_store *s, const mw_store_foreign_message *m,
                                       int64_t *out_id) {
    mw_sq *q = mw_sq_of(s);
    if (!q->in_transaction)
        return MW_STATE;
    if (m->payload_n > sizeof m->payload || m->clear_n > sizeof m->clear)
        return MW_RANGE;
    mw_sq_value clear = m->has_clear ? mw_sq_blob((mw_slice){m->clear, m->clear_n})
                                     : (mw_sq_value){.type = MW_SQ_NULL};
    return MW_SQ_NUMBER(
        q, FOREIGN_MESSAGE_ADD, out_id, mw_sq_int(m->tenant), mw_sq_int(m->journal),
        mw_sq_int(m->device), mw_sq_int(m->network), mw_sq_int(m->identity), mw_sq_int(m->counter),
        mw_sq_int(m->authenticity), mw_sq_blob((mw_slice){m->payload, m->payload_n}), clear,
        mw_sq_utc(m->received), mw_sq_int(m->stored.us), mw_sq_int(m->frequency_mhz),
        mw_sq_int(m->level_cdbm), mw_sq_int(m->snr_cdb), mw_sq_text(m->rate), mw_sq_int(m->copies));
}

mw_status mw_sq_op_foreign_unknown_trim(mw_store *s, int64_t tenant, int64_t keep) {
    if (keep < 1)
        return MW_RANGE;
    return MW_SQ_RUN(mw_sq_of(s), FOREIGN_UNKNOWN_TRIM, mw_sq_int(tenant), mw_sq_int(keep));
}

static mw_status bytes_of(mw_sq_statement *st, int column, mw_span out, uint8_t *out_n) {
    mw_slice b = mw_sq_get_blob(st, column);
    if (mw_span_copy(out, b) != MW_OK)
        return MW_CORRUPT;
    *out_n = (uint8_t)b.n;
    return MW_OK;
}

static mw_status message_of_row(mw_sq_statement *st, mw_store_foreign_message *m) {
    *m = (mw_store_foreign_message){.id = mw_sq_get_int(st, 0),
                                    .journal = mw_sq_get_int(st, 1),
                                    .device = mw_sq_get_int(st, 2),
                                    .network = (mw_store_network)mw_sq_get_int(st, 3),
                                    .identity = (uint32_t)mw_sq_get_int(st, 4),
                                    .counter = mw_sq_get_int(st, 5),
                                    .authenticity = (mw_store_authenticity)mw_sq_get_int(st, 6),
                                    .has_clear = !mw_sq_is_null(st, 8),
                                    .received = mw_sq_get_utc(st, 9),
                                    .stored = mw_sq_get_utc(st, 10),
                                    .frequency_mhz = mw_sq_get_int(st, 11),
                                    .level_cdbm = (int32_t)mw_sq_get_int(st, 12),
                                    .snr_cdb = (int32_t)mw_sq_get_int(st, 13),
                                    .copies = (uint8_t)mw_sq_get_int(st, 15)};
    MW_TRY(bytes_of(st, 7, MW_SPAN_OF(m->payload), &m->payload_n));
    if (m->has_clear)
        MW_TRY(bytes_of(st, 8, MW_SPAN_OF(m->clear), &m->clear_n));
    MW_SQ_TEXT_INTO(st, 14, m->rate);
    MW_SQ_TEXT_INTO(st, 16, m->sender);
    MW_SQ_TEXT_INTO(st, 17, m->label);
    return MW_OK;
}

mw_status mw_sq_op_foreign_messages(mw_store *s, int64_t tenant, int network, int64_t before,
                                    uint32_t limit, mw_store_on_foreign_message each, void *ctx) {
    if (!mw_sq_limit_ok(limit))
        return MW_RANGE;
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), FOREIGN_MESSAGES, &st, mw_sq_int(tenant), mw_sq_int(network),
                      mw_sq_int(before > 0 ? before : INT64_MAX), mw_sq_int(limit)));
    mw_status status;
    while ((status = mw_sq_step(st)) == MW_OK) {
        mw_store_foreign_message m;
        status = message_of_row(st, &m);
        m.tenant = tenant;
        if (status == MW_OK)
            status = each(ctx, &m);
        if (status != MW_OK) {
            mw_sq_reset(st);
            return status;
        }
    }
    return status == MW_NOT_FOUND ? MW_OK : status;
}
