/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/store/sql_internal.h"

mw_status mw_sq_op_vee_setting_put(mw_store *s, const mw_store_vee_setting *row) {
    return MW_SQ_RUN(mw_sq_of(s), VEE_SETTING_PUT, mw_sq_int(row->tenant), mw_sq_text(row->name),
                     mw_sq_int(row->class), mw_sq_int(row->from.us), mw_sq_int(row->value),
                     mw_sq_int(row->set_at.us), mw_sq_text(row->set_by));
}

mw_status mw_sq_op_vee_settings(mw_store *s, int64_t tenant, mw_store_on_vee_setting each,
                                void *ctx) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), VEE_SETTINGS, &st, mw_sq_int(tenant)));
    mw_status status;
    while ((status = mw_sq_step(st)) == MW_OK) {
        mw_store_vee_setting row = {.tenant = tenant,
                                    .class = (uint8_t)mw_sq_get_int(st, 1),
                                    .from = mw_sq_get_utc(st, 2),
                                    .value = mw_sq_get_int(st, 3),
                                    .set_at = mw_sq_get_utc(st, 4)};
        MW_SQ_TEXT_INTO(st, 0, row.name);
        MW_SQ_TEXT_INTO(st, 5, row.set_by);
        status = each(ctx, &row);
        if (status != MW_OK) {
            mw_sq_reset(st);
            return status;
        }
    }
    return status == MW_NOT_FOUND ? MW_OK : status;
}

mw_status mw_sq_op_vee_class_set(mw_store *s, int64_t tenant, int64_t channel, uint8_t class) {
    return MW_SQ_RUN(mw_sq_of(s), VEE_CLASS_SET, mw_sq_int(tenant), mw_sq_int(channel),
                     mw_sq_int(class));
}

mw_status mw_sq_op_vee_class_get(mw_store *s, int64_t tenant, int64_t channel, uint8_t *out_class) {
    int64_t class = 0;
    mw_status status =
        MW_SQ_NUMBER(mw_sq_of(s), VEE_CLASS_GET, &class, mw_sq_int(tenant), mw_sq_int(channel));
    if (status != MW_OK && status != MW_NOT_FOUND)
        return status;
    *out_class = status == MW_OK ? (uint8_t) class : 0;
    return MW_OK;
}

/* --- meters ---------------------------------------------------------------------------------- */

mw_status mw_sq_op_vee_meter_put(mw_store *s, const mw_store_vee_meter *m) {
    return MW_SQ_RUN(mw_sq_of(s), VEE_METER_PUT, mw_sq_int(m->channel), mw_sq_int(m->tenant),
                     mw_sq_int(m->state), mw_sq_int(m->cause), mw_sq_int(m->since.us),
                     mw_sq_utc(m->silent), mw_sq_utc(m->filled), mw_sq_utc(m->valued),
                     mw_sq_text(m->station), mw_sq_int(m->day_use), mw_sq_int(m->risk_per_day),
                     mw_sq_int(m->slots), mw_sq_int(m->estimated), mw_sq_int(m->low),
                     mw_sq_int(m->high));
}

mw_status mw_sq_op_vee_meter_forget(mw_store *s, int64_t tenant, int64_t channel) {
    return MW_SQ_RUN(mw_sq_of(s), VEE_METER_FORGET, mw_sq_int(tenant), mw_sq_int(channel));
}

static mw_status meters_give(mw_sq_statement *st, mw_store_on_vee_meter each, void *ctx) {
    mw_status status;
    while ((status = mw_sq_step(st)) == MW_OK) {
        mw_store_vee_meter m = {.channel = mw_sq_get_int(st, 0),
                                .tenant = mw_sq_get_int(st, 1),
                                .state = (uint8_t)mw_sq_get_int(st, 2),
                                .cause = (uint8_t)mw_sq_get_int(st, 3),
                                .since = mw_sq_get_utc(st, 4),
                                .silent = mw_sq_get_utc(st, 5),
                                .filled = mw_sq_get_utc(st, 6),
                                .valued = mw_sq_get_utc(st, 7),
                                .day_use = mw_sq_get_int(st, 9),
                                .risk_per_day = mw_sq_get_int(st, 10),
                                .slots = mw_sq_get_int(st, 11),
                                .estimated = mw_sq_get_int(st, 12),
                                .low = mw_sq_get_int(st, 13),
                                .high = mw_sq_get_int(st, 14)};
        MW_SQ_TEXT_INTO(st, 8, m.station);
        status = each(ctx, &m);
        if (status != MW_OK) {
            mw_sq_reset(st);
            return status;
        }
    }
    return status == MW_NOT_FOUND ? MW_OK : status;
}

mw_status mw_sq_op_vee_meters(mw_store *s, int64_t tenant, uint32_t limit,
                              mw_store_on_vee_meter each, void *ctx) {
    mw_sq_statement *st = NULL;
    if (!mw_sq_limit_ok(limit))
        return MW_RANGE;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), VEE_METERS, &st, mw_sq_int(tenant), mw_sq_int(limit)));
    return meters_give(st, each, ctx);
}

mw_status mw_sq_op_vee_meters_scan(mw_store *s, int64_t after, uint32_t limit,
                                   mw_store_on_vee_meter each, void *ctx) {
    mw_sq_statement *st = NULL;
    if (!mw_sq_limit_ok(limit))
        return MW_RANGE;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), VEE_METERS_SCAN, &st, mw_sq_int(after), mw_sq_int(limit)));
    return meters_give(st, each, ctx);
}

/* --- verdicts and choices -------------------------------------------------------------------- */

mw_status mw_sq_op_verdict_add(mw_store *s, const mw_store_verdict *v, int64_t *out_id) {
    mw_sq *q = mw_sq_of(s);
    if (v->from.us >= v->to.us)
        return MW_RANGE;
    MW_TRY(MW_SQ_RUN(q, VERDICT_ADD, mw_sq_int(v->tenant), mw_sq_int(v->channel),
                     mw_sq_int(v->from.us), mw_sq_int(v->to.us), mw_sq_int((int64_t)v->kind),
                     mw_sq_int(v->at.us), mw_sq_text(v->who), mw_sq_text(v->text)));
    *out_id = mw_sq_last_id(q);
    return MW_OK;
}

mw_status mw_sq_op_verdicts(mw_store *s, int64_t tenant, int64_t channel, mw_utc from, mw_utc to,
                            mw_store_on_verdict each, void *ctx) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), VERDICTS, &st, mw_sq_int(tenant), mw_sq_int(channel),
                      mw_sq_int(from.us), mw_sq_int(to.us)));
    mw_status status;
    while ((status = mw_sq_step(st)) == MW_OK) {
        mw_store_verdict v = {.id = mw_sq_get_int(st, 0),
                              .tenant = tenant,
                              .channel = channel,
                              .from = mw_sq_get_utc(st, 1),
                              .to = mw_sq_get_utc(st, 2),
                              .kind = (mw_store_verdict_kind)mw_sq_get_int(st, 3),
                              .at = mw_sq_get_utc(st, 4)};
        MW_SQ_TEXT_INTO(st, 5, v.who);
        MW_SQ_TEXT_INTO(st, 6, v.text);
        status = each(ctx, &v);
        if (status != MW_OK) {
            mw_sq_reset(st);
            return status;
        }
    }
    return status == MW_NOT_FOUND ? MW_OK : status;
}

mw_status mw_sq_op_vee_choice_put(mw_store *s, int64_t tenant, int64_t channel, int64_t epoch_day,
                                  mw_slice learned) {
    if (learned.n > MW_STORE_VEE_CHOICE_MAX)
        return MW_LIMIT;
    return MW_SQ_RUN(mw_sq_of(s), VEE_CHOICE_PUT, mw_sq_int(tenant), mw_sq_int(channel),
                     mw_sq_int(epoch_day), mw_sq_blob(learned));
}

mw_status mw_sq_op_vee_choice_get(mw_store *s, int64_t tenant, int64_t channel, int64_t epoch_day,
                                  mw_span room, size_t *out_n) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), VEE_CHOICE_GET, &st, mw_sq_int(tenant), mw_sq_int(channel),
                      mw_sq_int(epoch_day)));
    MW_TRY(mw_sq_step(st));
    mw_slice b = mw_sq_get_blob(st, 0);
    mw_status status = b.n <= room.n ? MW_OK : MW_SPACE;
    if (status == MW_OK) {
        mw_bytes_copy(room.p, b.p, b.n);
        *out_n = b.n;
    }
    mw_sq_reset(st);
    return status;
}

mw_status mw_sq_op_vee_choice_forget(mw_store *s, int64_t tenant, int64_t channel,
                                     int64_t from_day) {
    return MW_SQ_RUN(mw_sq_of(s), VEE_CHOICE_FORGET, mw_sq_int(tenant), mw_sq_int(channel),
                     mw_sq_int(from_day));
}

/* --- corrections ----------------------------------------------------------------------------- */

mw_status mw_sq_op_correction_add(mw_store *s, const mw_store_correction *c, int64_t *out_id) {
    mw_sq *q = mw_sq_of(s);
    MW_TRY(MW_SQ_RUN(q, CORRECTION_ADD, mw_sq_int(c->tenant), mw_sq_int(c->channel),
                     mw_sq_int(c->lock), mw_sq_int(c->from.us), mw_sq_int(c->to.us),
                     mw_sq_int(c->was), mw_sq_int(c->now), mw_sq_int(c->at.us),
                     mw_sq_text(c->text)));
    *out_id = mw_sq_last_id(q);
    return MW_OK;
}

mw_status mw_sq_op_corrections(mw_store *s, int64_t tenant, int64_t channel, int64_t before,
                               uint32_t limit, mw_store_on_correction each, void *ctx) {
    mw_sq_statement *st = NULL;
    mw_sq_value bound = mw_sq_int(before == 0 ? INT64_MAX : before);
    if (!mw_sq_limit_ok(limit))
        return MW_RANGE;
    if (channel == 0)
        MW_TRY(
            MW_SQ_BIND(mw_sq_of(s), CORRECTIONS, &st, mw_sq_int(tenant), bound, mw_sq_int(limit)));
    else
        MW_TRY(MW_SQ_BIND(mw_sq_of(s), CORRECTIONS_OF, &st, mw_sq_int(tenant), bound,
                          mw_sq_int(limit), mw_sq_int(channel)));
    mw_status status;
    while ((status = mw_sq_step(st)) == MW_OK) {
        mw_store_correction c = {.id = mw_sq_get_int(st, 0),
                                 .tenant = tenant,
                                 .channel = mw_sq_get_int(st, 1),
                                 .lock = mw_sq_get_int(st, 2),
                                 .from = mw_sq_get_utc(st, 3),
                                 .to = mw_sq_get_utc(st, 4),
                                 .was = mw_sq_get_int(st, 5),
                                 .now = mw_sq_get_int(st, 6),
                                 .at = mw_sq_get_utc(st, 7)};
        MW_SQ_TEXT_INTO(st, 8, c.text);
        status = each(ctx, &c);
        if (status != MW_OK) {
            mw_sq_reset(st);
            return status;
        }
    }
    return status == MW_NOT_FOUND ? MW_OK : status;
}

mw_status mw_sq_op_correction_sum(mw_store *s, int64_t tenant, int64_t lock, int64_t *out_sum) {
    return MW_SQ_NUMBER(mw_sq_of(s), CORRECTION_SUM, out_sum, mw_sq_int(tenant), mw_sq_int(lock));
}

/* --- scans ----------------------------------------------------------------------------------- */

mw_status mw_sq_op_hearings(mw_store *s, int64_t after, uint32_t limit, mw_store_on_hearing each,
                            void *ctx) {
    mw_sq_statement *st = NULL;
    if (!mw_sq_limit_ok(limit))
        return MW_RANGE;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), HEARINGS, &st, mw_sq_int(after), mw_sq_int(limit)));
    mw_status status;
    while ((status = mw_sq_step(st)) == MW_OK) {
        mw_store_hearing h = {.tenant = mw_sq_get_int(st, 0),
                              .device = mw_sq_get_int(st, 1),
                              .sender = mw_sq_get_int(st, 2),
                              .journal = mw_sq_get_int(st, 3),
                              .received = mw_sq_get_utc(st, 4)};
        status = each(ctx, &h);
        if (status != MW_OK) {
            mw_sq_reset(st);
            return status;
        }
    }
    return status == MW_NOT_FOUND ? MW_OK : status;
}

mw_status mw_sq_op_channels_newest(mw_store *s, int64_t after, uint32_t limit,
                                   mw_store_on_channel_newest each, void *ctx) {
    mw_sq_statement *st = NULL;
    if (!mw_sq_limit_ok(limit))
        return MW_RANGE;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), CHANNELS_NEWEST, &st, mw_sq_int(after), mw_sq_int(limit)));
    mw_status status;
    while ((status = mw_sq_step(st)) == MW_OK) {
        mw_store_channel_newest c = {.channel = mw_sq_get_int(st, 0),
                                     .tenant = mw_sq_get_int(st, 1),
                                     .device = mw_sq_get_int(st, 2),
                                     .newest = mw_sq_get_utc(st, 3)};
        status = each(ctx, &c);
        if (status != MW_OK) {
            mw_sq_reset(st);
            return status;
        }
    }
    return status == MW_NOT_FOUND ? MW_OK : status;
}
