/* SPDX-License-Identifier: Apache-2.0
 *
 * How long data stay, legal holds, and letting go.
 */
#include "platform/store/sql_internal.h"

#define DAY_US (MW_DAY_S * MW_US_PER_S)

mw_status mw_sq_op_retention_put(mw_store *s, const mw_store_retention *row) {
    if ((unsigned)row->tier >= MW_TIERS || row->days < 0)
        return MW_RANGE;
    return MW_SQ_RUN(mw_sq_of(s), RETENTION_PUT, mw_sq_int(row->tenant),
                     mw_sq_int((int64_t)row->tier), mw_sq_int(row->days), mw_sq_int(row->at.us),
                     mw_sq_text(row->who));
}

mw_status mw_sq_op_retentions(mw_store *s, int64_t tenant, mw_store_on_retention each, void *ctx) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), RETENTIONS, &st, mw_sq_int(tenant)));
    mw_status status;
    while ((status = mw_sq_step(st)) == MW_OK) {
        mw_store_retention row = {.tenant = tenant,
                                  .tier = (mw_tier)mw_sq_get_int(st, 0),
                                  .days = mw_sq_get_int(st, 1),
                                  .at = mw_sq_get_utc(st, 2)};
        MW_SQ_TEXT_INTO(st, 3, row.who);
        status = each(ctx, &row);
        if (status != MW_OK) {
            mw_sq_reset(st);
            return status;
        }
    }
    return status == MW_NOT_FOUND ? MW_OK : status;
}

mw_status mw_sq_op_hold_add(mw_store *s, const mw_store_hold *row, int64_t *out_id) {
    mw_sq *q = mw_sq_of(s);
    if (row->from.us >= row->to.us || row->kind < MW_HOLD_TENANT || row->kind > MW_HOLD_USAGE_POINT)
        return MW_RANGE;
    MW_TRY(MW_SQ_RUN(q, HOLD_ADD, mw_sq_int(row->tenant), mw_sq_int((int64_t)row->kind),
                     mw_sq_text(row->subject), mw_sq_int(row->from.us), mw_sq_int(row->to.us),
                     mw_sq_int(row->at.us), mw_sq_text(row->who), mw_sq_text(row->why)));
    *out_id = mw_sq_last_id(q);
    return MW_OK;
}

mw_status mw_sq_op_hold_release(mw_store *s, int64_t tenant, int64_t id, mw_utc at,
                                const char *who) {
    mw_sq *q = mw_sq_of(s);
    int64_t active = 0;
    MW_TRY(MW_SQ_NUMBER(q, HOLD_STATE, &active, mw_sq_int(tenant), mw_sq_int(id)));
    if (active == 0)
        return MW_STATE;
    return MW_SQ_RUN(q, HOLD_RELEASE, mw_sq_int(tenant), mw_sq_int(id), mw_sq_int(at.us),
                     mw_sq_text(who));
}

mw_status mw_sq_op_holds(mw_store *s, int64_t tenant, bool active_only, int64_t before,
                         uint32_t limit, mw_store_on_hold each, void *ctx) {
    mw_sq_statement *st = NULL;
    if (!mw_sq_limit_ok(limit))
        return MW_RANGE;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), HOLDS, &st, mw_sq_int(tenant),
                      mw_sq_int(before == 0 ? INT64_MAX : before), mw_sq_int(active_only),
                      mw_sq_int(limit)));
    mw_status status;
    while ((status = mw_sq_step(st)) == MW_OK) {
        mw_store_hold row = {.id = mw_sq_get_int(st, 0),
                             .tenant = tenant,
                             .kind = (mw_hold_kind)mw_sq_get_int(st, 1),
                             .from = mw_sq_get_utc(st, 3),
                             .to = mw_sq_get_utc(st, 4),
                             .at = mw_sq_get_utc(st, 5),
                             .released_at = mw_sq_get_utc(st, 8)};
        MW_SQ_TEXT_INTO(st, 2, row.subject);
        MW_SQ_TEXT_INTO(st, 6, row.who);
        MW_SQ_TEXT_INTO(st, 7, row.why);
        MW_SQ_TEXT_INTO(st, 9, row.released_by);
        status = each(ctx, &row);
        if (status != MW_OK) {
            mw_sq_reset(st);
            return status;
        }
    }
    return status == MW_NOT_FOUND ? MW_OK : status;
}

mw_status mw_sq_op_days_after(mw_store *s, int64_t tenant, int64_t day, int64_t channel,
                              int64_t end, uint32_t limit, mw_store_on_day each, void *ctx) {
    mw_sq_statement *st = NULL;
    if (!mw_sq_limit_ok(limit))
        return MW_RANGE;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), DAYS_AFTER, &st, mw_sq_int(tenant), mw_sq_int(day),
                      mw_sq_int(channel), mw_sq_int(end), mw_sq_int(limit)));
    mw_status status;
    while ((status = mw_sq_step(st)) == MW_OK) {
        status = each(ctx, mw_sq_get_int(st, 0), mw_sq_get_int(st, 1));
        if (status != MW_OK) {
            mw_sq_reset(st);
            return status;
        }
    }
    return status == MW_NOT_FOUND ? MW_OK : status;
}

mw_status mw_sq_op_day_replace(mw_store *s, int64_t tenant, int64_t channel, int64_t day,
                               const mw_store_interval *rows, size_t n) {
    mw_sq *q = mw_sq_of(s);
    if (!q->in_transaction)
        return MW_STATE;
    if (n > MW_CHUNK_VALUES_MAX)
        return MW_LIMIT;
    mw_day_cache_drop(q->days, &(mw_day_key){tenant, day, channel});
    MW_TRY(MW_SQ_RUN(q, DAY_CHUNK_DELETE, mw_sq_int(tenant), mw_sq_int(day), mw_sq_int(channel)));
    MW_TRY(MW_SQ_RUN(q, DAY_HOT_DELETE, mw_sq_int(tenant), mw_sq_int(day), mw_sq_int(channel)));
    MW_TRY(MW_SQ_RUN(q, DAY_CONFLICTS_DELETE, mw_sq_int(tenant), mw_sq_int(channel),
                     mw_sq_int(day * DAY_US), mw_sq_int((day + 1) * DAY_US)));
    MW_TRY(
        MW_SQ_RUN(q, DAY_REVISIONS_DELETE, mw_sq_int(tenant), mw_sq_int(channel), mw_sq_int(day)));
    if (n == 0)
        return MW_OK;
    for (size_t i = 0; i < n; i++)
        q->rows[i] = rows[i];
    return mw_sq_chunk_store(q, tenant, day, channel, n);
}

mw_status mw_sq_op_days_amount(mw_store *s, int64_t tenant, int64_t from, int64_t end,
                               mw_store_amount *out_amount) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), DAYS_AMOUNT, &st, mw_sq_int(tenant), mw_sq_int(from),
                      mw_sq_int(end)));
    MW_TRY(mw_sq_step(st));
    *out_amount =
        (mw_store_amount){mw_sq_get_int(st, 0), mw_sq_get_int(st, 1), mw_sq_get_int(st, 2)};
    mw_sq_reset(st);
    return MW_OK;
}

mw_status mw_sq_op_journal_forget(mw_store *s, int64_t tenant, int64_t from, int64_t to) {
    mw_sq *q = mw_sq_of(s);
    MW_TRY(MW_SQ_RUN(q, JOURNAL_FORGET, mw_sq_int(tenant), mw_sq_int(from), mw_sq_int(to)));
    return MW_SQ_RUN(q, JOURNAL_RECEPTIONS_FORGET, mw_sq_int(tenant), mw_sq_int(from),
                     mw_sq_int(to));
}

mw_status mw_sq_op_journal_amount(mw_store *s, int64_t tenant, int64_t from, int64_t to,
                                  mw_store_amount *out_amount) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), JOURNAL_AMOUNT, &st, mw_sq_int(tenant), mw_sq_int(from),
                      mw_sq_int(to)));
    MW_TRY(mw_sq_step(st));
    *out_amount = (mw_store_amount){mw_sq_get_int(st, 0), 0, mw_sq_get_int(st, 1)};
    mw_sq_reset(st);
    return MW_OK;
}
