/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/store/sql_internal.h"

/* ---- what operators keep ---- */

mw_status mw_sq_op_filter_put(mw_store *s, int64_t tenant, const char *user,
                              const mw_store_filter *f, int64_t *out_id) {
    mw_sq *q = mw_sq_of(s);
    int64_t others = 0;
    if (!q->in_transaction)
        return MW_STATE;
    MW_TRY(MW_SQ_NUMBER(q, FILTERS_COUNT, &others, mw_sq_int(tenant), mw_sq_text(user),
                        mw_sq_text(f->name)));
    if (others >= MW_STORE_FILTERS_MAX)
        return MW_LIMIT;
    return MW_SQ_NUMBER(q, FILTER_PUT, out_id, mw_sq_int(tenant), mw_sq_text(user),
                        mw_sq_text(f->name), mw_sq_text(f->query), mw_sq_int(f->at.us));
}

mw_status mw_sq_op_filter_delete(mw_store *s, int64_t tenant, const char *user, int64_t id) {
    mw_sq *q = mw_sq_of(s);
    int64_t found = 0;
    MW_TRY(MW_SQ_NUMBER(q, FILTER_HAS, &found, mw_sq_int(tenant), mw_sq_text(user), mw_sq_int(id)));
    return MW_SQ_RUN(q, FILTER_DELETE, mw_sq_int(tenant), mw_sq_text(user), mw_sq_int(id));
}

mw_status mw_sq_op_filters(mw_store *s, int64_t tenant, const char *user, mw_store_on_filter each,
                           void *ctx) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), FILTERS, &st, mw_sq_int(tenant), mw_sq_text(user)));
    mw_status status;
    while ((status = mw_sq_step(st)) == MW_OK) {
        mw_store_filter f = {.id = mw_sq_get_int(st, 0), .at = mw_sq_get_utc(st, 3)};
        MW_SQ_TEXT_INTO(st, 1, f.name);
        MW_SQ_TEXT_INTO(st, 2, f.query);
        status = each(ctx, &f);
        if (status != MW_OK) {
            mw_sq_reset(st);
            return status;
        }
    }
    return status == MW_NOT_FOUND ? MW_OK : status;
}

mw_status mw_sq_op_note_add(mw_store *s, int64_t tenant, int64_t device, const mw_store_note *n,
                            int64_t *out_id) {
    mw_sq *q = mw_sq_of(s);
    if (!q->in_transaction)
        return MW_STATE;
    return MW_SQ_NUMBER(q, NOTE_ADD, out_id, mw_sq_int(tenant), mw_sq_int(device),
                        mw_sq_int(n->at.us), mw_sq_text(n->who), mw_sq_text(n->text));
}

mw_status mw_sq_op_notes(mw_store *s, int64_t tenant, int64_t device, int64_t before,
                         uint32_t limit, mw_store_on_note each, void *ctx) {
    if (!mw_sq_limit_ok(limit))
        return MW_RANGE;
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), NOTES, &st, mw_sq_int(tenant), mw_sq_int(device),
                      mw_sq_int(before == 0 ? INT64_MAX : before), mw_sq_int(limit)));
    mw_status status;
    while ((status = mw_sq_step(st)) == MW_OK) {
        mw_store_note n = {.id = mw_sq_get_int(st, 0), .at = mw_sq_get_utc(st, 1)};
        MW_SQ_TEXT_INTO(st, 2, n.who);
        MW_SQ_TEXT_INTO(st, 3, n.text);
        status = each(ctx, &n);
        if (status != MW_OK) {
            mw_sq_reset(st);
            return status;
        }
    }
    return status == MW_NOT_FOUND ? MW_OK : status;
}

/* ---- who hears whom ---- */

mw_status mw_sq_op_heard_put(mw_store *s, const mw_store_reception *r) {
    return MW_SQ_RUN(mw_sq_of(s), HEARD_PUT, mw_sq_int(r->tenant), mw_sq_int(r->device),
                     mw_sq_int(r->journal), mw_sq_int(r->received.us), mw_sq_int(r->level_cdbm),
                     mw_sq_int(r->snr_cdb));
}

mw_status mw_sq_op_heard(mw_store *s, int64_t tenant, int64_t device, mw_utc since,
                         mw_store_on_heard each, void *ctx) {
    mw_sq *q = mw_sq_of(s);
    mw_sq_statement *st = NULL;
    if (device != 0)
        MW_TRY(MW_SQ_BIND(q, HEARD_OF, &st, mw_sq_int(tenant), mw_sq_int(device),
                          mw_sq_int(since.us)));
    else
        MW_TRY(MW_SQ_BIND(q, HEARD_ALL, &st, mw_sq_int(tenant), mw_sq_int(since.us)));
    mw_status status;
    while ((status = mw_sq_step(st)) == MW_OK) {
        mw_store_heard_row h = {.device = mw_sq_get_int(st, 0),
                                .last = mw_sq_get_utc(st, 2),
                                .level_cdbm = (int32_t)mw_sq_get_int(st, 3),
                                .snr_cdb = (int32_t)mw_sq_get_int(st, 4)};
        MW_SQ_TEXT_INTO(st, 1, h.sender);
        status = each(ctx, &h);
        if (status != MW_OK) {
            mw_sq_reset(st);
            return status;
        }
    }
    return status == MW_NOT_FOUND ? MW_OK : status;
}

/* ---- the fleet ---- */

mw_status mw_sq_op_fleet_rows(mw_store *s, int64_t tenant, mw_store_on_fleet_row each, void *ctx) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), FLEET_ROWS, &st, mw_sq_int(tenant)));
    char serial[MW_STORE_SERIAL_MAX], model[MW_STORE_SERIAL_MAX], medium[16];
    char label[MW_STORE_SERIAL_MAX], point[MW_STORE_ID_MAX], premise[MW_STORE_ID_MAX];
    char address[MW_STORE_TEXT_MAX], person[MW_STORE_NAME_MAX];
    mw_status status;
    while ((status = mw_sq_step(st)) == MW_OK) {
        MW_SQ_TEXT_INTO(st, 4, serial);
        MW_SQ_TEXT_INTO(st, 5, model);
        MW_SQ_TEXT_INTO(st, 6, medium);
        MW_SQ_TEXT_INTO(st, 7, label);
        MW_SQ_TEXT_INTO(st, 8, point);
        MW_SQ_TEXT_INTO(st, 9, premise);
        MW_SQ_TEXT_INTO(st, 10, address);
        MW_SQ_TEXT_INTO(st, 11, person);
        mw_store_fleet_row r = {.channel = mw_sq_get_int(st, 0),
                                .device = mw_sq_get_int(st, 1),
                                .number = (uint8_t)mw_sq_get_int(st, 2),
                                .identity = (uint64_t)mw_sq_get_int(st, 3),
                                .serial = serial,
                                .model = model,
                                .medium = medium,
                                .label = label,
                                .usage_point = point,
                                .premise = premise,
                                .address = address,
                                .person = person,
                                .last_seen = mw_sq_get_utc(st, 12),
                                .level_cdbm = (int32_t)mw_sq_get_int(st, 13),
                                .snr_cdb = (int32_t)mw_sq_get_int(st, 14),
                                .status = (uint32_t)mw_sq_get_int(st, 15)};
        status = each(ctx, &r);
        if (status != MW_OK) {
            mw_sq_reset(st);
            return status;
        }
    }
    return status == MW_NOT_FOUND ? MW_OK : status;
}

mw_status mw_sq_op_places(mw_store *s, int64_t tenant, mw_utc at, mw_store_on_place each,
                          void *ctx) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), PLACES, &st, mw_sq_int(tenant), mw_sq_int(at.us)));
    char member[MW_STORE_ID_MAX], area[MW_STORE_ID_MAX];
    mw_status status;
    while ((status = mw_sq_step(st)) == MW_OK) {
        MW_SQ_TEXT_INTO(st, 1, member);
        MW_SQ_TEXT_INTO(st, 2, area);
        mw_store_place p = {.kind = (int)mw_sq_get_int(st, 0), .member = member, .area = area};
        status = each(ctx, &p);
        if (status != MW_OK) {
            mw_sq_reset(st);
            return status;
        }
    }
    return status == MW_NOT_FOUND ? MW_OK : status;
}
