/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/store/sql_internal.h"

#define CHANGE_ONE(q, id, ...)                                                                     \
    ((q)->in_transaction ? MW_SQ_NUMBER(q, id, &(int64_t){0}, __VA_ARGS__) : MW_STATE)

mw_status mw_sq_op_recipient_put(mw_store *s, const mw_store_recipient *r) {
    return MW_SQ_RUN(mw_sq_of(s), RECIPIENT_PUT, mw_sq_int(r->tenant), mw_sq_text(r->id),
                     mw_sq_text(r->name), mw_sq_int((int64_t)r->kind), mw_sq_text(r->target),
                     mw_sq_int(r->on), mw_sq_int(r->severity_min), mw_sq_text(r->rules),
                     mw_sq_text(r->area), mw_sq_int(r->escalated_only), mw_sq_int(r->quiet_from),
                     mw_sq_int(r->quiet_to), mw_sq_int(r->quiet_severity), mw_sq_text(r->time_zone),
                     mw_sq_int(r->digest_s), mw_sq_int(r->escalate_s), mw_sq_text(r->escalate_to),
                     mw_sq_int(r->secret), mw_sq_int(r->changed_at.us), mw_sq_text(r->changed_by),
                     mw_sq_text(r->language));
}

static void recipient_of_row(mw_sq_statement *st, mw_store_recipient *r) {
    *r = (mw_store_recipient){.tenant = mw_sq_get_int(st, 0),
                              .kind = (mw_store_recipient_kind)mw_sq_get_int(st, 3),
                              .on = mw_sq_get_int(st, 5) != 0,
                              .severity_min = (uint8_t)mw_sq_get_int(st, 6),
                              .escalated_only = mw_sq_get_int(st, 9) != 0,
                              .quiet_from = mw_sq_get_int(st, 10),
                              .quiet_to = mw_sq_get_int(st, 11),
                              .quiet_severity = (uint8_t)mw_sq_get_int(st, 12),
                              .digest_s = mw_sq_get_int(st, 14),
                              .escalate_s = mw_sq_get_int(st, 15),
                              .secret = mw_sq_get_int(st, 17),
                              .changed_at = mw_sq_get_utc(st, 18)};
    MW_SQ_TEXT_INTO(st, 1, r->id);
    MW_SQ_TEXT_INTO(st, 2, r->name);
    MW_SQ_TEXT_INTO(st, 4, r->target);
    MW_SQ_TEXT_INTO(st, 7, r->rules);
    MW_SQ_TEXT_INTO(st, 8, r->area);
    MW_SQ_TEXT_INTO(st, 13, r->time_zone);
    MW_SQ_TEXT_INTO(st, 16, r->escalate_to);
    MW_SQ_TEXT_INTO(st, 19, r->changed_by);
    MW_SQ_TEXT_INTO(st, 20, r->language);
}

mw_status mw_sq_op_recipient_get(mw_store *s, int64_t tenant, const char *id,
                                 mw_store_recipient *out_recipient) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), RECIPIENT_GET, &st, mw_sq_int(tenant), mw_sq_text(id)));
    MW_TRY(mw_sq_step(st));
    recipient_of_row(st, out_recipient);
    mw_sq_reset(st);
    return MW_OK;
}

mw_status mw_sq_op_recipient_remove(mw_store *s, int64_t tenant, const char *id) {
    return CHANGE_ONE(mw_sq_of(s), RECIPIENT_REMOVE, mw_sq_int(tenant), mw_sq_text(id));
}

mw_status mw_sq_op_recipients(mw_store *s, int64_t tenant, mw_store_on_recipient each, void *ctx) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), RECIPIENTS, &st, mw_sq_int(tenant)));
    mw_status status;
    while ((status = mw_sq_step(st)) == MW_OK) {
        mw_store_recipient r;
        recipient_of_row(st, &r);
        status = each(ctx, &r);
        if (status != MW_OK) {
            mw_sq_reset(st);
            return status;
        }
    }
    return status == MW_NOT_FOUND ? MW_OK : status;
}

mw_status mw_sq_op_delivery_add(mw_store *s, const mw_store_delivery *d, int64_t *out_id) {
    mw_sq *q = mw_sq_of(s);
    MW_TRY(MW_SQ_RUN(q, DELIVERY_ADD, mw_sq_int(d->tenant), mw_sq_text(d->recipient),
                     mw_sq_int(d->alarm), mw_sq_text(d->what), mw_sq_int((int64_t)d->state),
                     mw_sq_int(d->created.us), mw_sq_int(d->due.us), mw_sq_utc(d->done),
                     mw_sq_int(d->attempts), mw_sq_text(d->error)));
    *out_id = mw_sq_last_id(q);
    return MW_OK;
}

mw_status mw_sq_op_delivery_put(mw_store *s, const mw_store_delivery *d) {
    return CHANGE_ONE(mw_sq_of(s), DELIVERY_PUT, mw_sq_int(d->tenant), mw_sq_int(d->id),
                      mw_sq_int((int64_t)d->state), mw_sq_int(d->due.us), mw_sq_utc(d->done),
                      mw_sq_int(d->attempts), mw_sq_text(d->error));
}

static void delivery_of_row(mw_sq_statement *st, mw_store_delivery *d) {
    *d = (mw_store_delivery){.id = mw_sq_get_int(st, 0),
                             .tenant = mw_sq_get_int(st, 1),
                             .alarm = mw_sq_get_int(st, 3),
                             .state = (mw_store_delivery_state)mw_sq_get_int(st, 5),
                             .created = mw_sq_get_utc(st, 6),
                             .due = mw_sq_get_utc(st, 7),
                             .done = mw_sq_get_utc(st, 8),
                             .attempts = mw_sq_get_int(st, 9)};
    MW_SQ_TEXT_INTO(st, 2, d->recipient);
    MW_SQ_TEXT_INTO(st, 4, d->what);
    MW_SQ_TEXT_INTO(st, 10, d->error);
}

mw_status mw_sq_op_delivery_get(mw_store *s, int64_t tenant, int64_t id,
                                mw_store_delivery *out_delivery) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), DELIVERY_GET, &st, mw_sq_int(tenant), mw_sq_int(id)));
    MW_TRY(mw_sq_step(st));
    delivery_of_row(st, out_delivery);
    mw_sq_reset(st);
    return MW_OK;
}

static mw_status deliveries_give(mw_sq_statement *st, mw_store_on_delivery each, void *ctx) {
    mw_status status;
    while ((status = mw_sq_step(st)) == MW_OK) {
        mw_store_delivery d;
        delivery_of_row(st, &d);
        status = each(ctx, &d);
        if (status != MW_OK) {
            mw_sq_reset(st);
            return status;
        }
    }
    return status == MW_NOT_FOUND ? MW_OK : status;
}

mw_status mw_sq_op_deliveries_due(mw_store *s, mw_utc at, uint32_t limit, mw_store_on_delivery each,
                                  void *ctx) {
    mw_sq_statement *st = NULL;
    if (!mw_sq_limit_ok(limit))
        return MW_RANGE;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), DELIVERIES_DUE, &st, mw_sq_int(at.us), mw_sq_int(limit)));
    return deliveries_give(st, each, ctx);
}

mw_status mw_sq_op_deliveries(mw_store *s, int64_t tenant, unsigned states, int64_t before,
                              uint32_t limit, mw_store_on_delivery each, void *ctx) {
    unsigned all = states == 0 ? 0xffU : states;
    mw_sq_statement *st = NULL;
    if (!mw_sq_limit_ok(limit))
        return MW_RANGE;
    MW_TRY(MW_SQ_BIND(
        mw_sq_of(s), DELIVERIES, &st, mw_sq_int(tenant),
        mw_sq_int(before == 0 ? INT64_MAX : before), mw_sq_int(limit),
        mw_sq_int(all >> MW_DELIVERY_WAITING & 1), mw_sq_int(all >> MW_DELIVERY_SENT & 1),
        mw_sq_int(all >> MW_DELIVERY_DEAD & 1), mw_sq_int(all >> MW_DELIVERY_DROPPED & 1)));
    return deliveries_give(st, each, ctx);
}

mw_status mw_sq_op_deliveries_waiting(mw_store *s, int64_t *out_n) {
    return mw_sq_number(mw_sq_of(s), MW_SQ_DELIVERIES_WAITING, NULL, 0, out_n);
}

mw_status mw_sq_op_deliveries_forget(mw_store *s, mw_utc before) {
    return MW_SQ_RUN(mw_sq_of(s), DELIVERIES_FORGET, mw_sq_int(before.us));
}
