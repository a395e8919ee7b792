/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/store/sql_internal.h"

mw_status mw_sq_op_day_total_read(mw_store *s, int64_t tenant, int64_t day,
                                  mw_store_day_total *out_total) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), DAY_TOTAL, &st, mw_sq_int(tenant), mw_sq_int(day)));
    MW_TRY(mw_sq_step(st));
    *out_total =
        (mw_store_day_total){.channels = mw_sq_get_int(st, 0), .intervals = mw_sq_get_int(st, 1)};
    mw_sq_reset(st);
    return MW_OK;
}

mw_status mw_sq_op_day_sums(mw_store *s, int64_t tenant, int64_t day, mw_store_on_day_sum each,
                            void *ctx) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), DAY_SUMS, &st, mw_sq_int(tenant), mw_sq_int(day)));
    mw_status status;
    while ((status = mw_sq_step(st)) == MW_OK) {
        mw_store_day_sum row = {.channel = mw_sq_get_int(st, 0),
                                .intervals = mw_sq_get_int(st, 1),
                                .fits = !mw_sq_is_null(st, 2),
                                .sum = mw_sq_get_int(st, 2),
                                .quality = (uint32_t)mw_sq_get_int(st, 3)};
        status = each(ctx, &row);
        if (status != MW_OK) {
            mw_sq_reset(st);
            return status;
        }
    }
    return status == MW_NOT_FOUND ? MW_OK : status;
}

mw_status mw_sq_op_newest_values(mw_store *s, int64_t tenant, mw_store_on_newest each, void *ctx) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), NEWEST_VALUES, &st, mw_sq_int(tenant)));
    mw_status status;
    while ((status = mw_sq_step(st)) == MW_OK) {
        mw_store_newest row = {.channel = mw_sq_get_int(st, 0),
                               .meter = mw_sq_get_utc(st, 2),
                               .value = mw_sq_get_int(st, 3)};
        mw_sq_obis_of_number(mw_sq_get_int(st, 1), row.obis);
        status = each(ctx, &row);
        if (status != MW_OK) {
            mw_sq_reset(st);
            return status;
        }
    }
    return status == MW_NOT_FOUND ? MW_OK : status;
}
