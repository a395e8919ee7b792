/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/store/sql_internal.h"

static mw_status counter(mw_sq *q, int64_t tenant, const char *name, int64_t *out_n) {
    mw_status status = MW_SQ_NUMBER(q, COUNT_GET, out_n, mw_sq_int(tenant), mw_sq_text(name));
    if (status == MW_NOT_FOUND) {
        *out_n = 0;
        return MW_OK;
    }
    return status;
}

static mw_status media(mw_sq *q, int64_t tenant, mw_store_overview *o) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(q, OVERVIEW_MEDIA, &st, mw_sq_int(tenant)));
    mw_status status;
    while ((status = mw_sq_step(st)) == MW_OK) {
        if (o->media == sizeof o->by_medium / sizeof o->by_medium[0])
            continue;
        MW_SQ_TEXT_INTO(st, 0, o->by_medium[o->media].medium);
        o->by_medium[o->media++].count = mw_sq_get_int(st, 1);
    }
    return status == MW_NOT_FOUND ? MW_OK : status;
}

mw_status mw_sq_op_overview_get(mw_store *s, int64_t tenant, mw_utc now,
                                mw_store_overview *out_overview) {
    mw_sq *q = mw_sq_of(s);
    mw_store_overview o = {0};
    const int64_t day_us = MW_DAY_S * MW_US_PER_S;
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(q, OVERVIEW_METERS, &st, mw_sq_int(tenant), mw_sq_int(now.us - day_us)));
    MW_TRY(mw_sq_step(st));
    o.meters_total = mw_sq_get_int(st, 0);
    o.heard_24h = mw_sq_get_int(st, 1);
    mw_sq_reset(st);
    MW_TRY(media(q, tenant, &o));
    MW_TRY(counter(q, tenant, "uplinks.received", &o.uplinks_received));
    MW_TRY(counter(q, tenant, "uplinks.duplicates", &o.uplinks_duplicates));
    MW_TRY(counter(q, tenant, "uplinks.quarantined", &o.uplinks_quarantined));
    MW_TRY(MW_SQ_BIND(q, OVERVIEW_LAST, &st, mw_sq_int(tenant)));
    MW_TRY(mw_sq_step(st));
    o.uplinks_last_at = mw_sq_get_utc(st, 0);
    mw_sq_reset(st);
    int64_t hour = mw_utc_floor_s(now) / 3600 - 24;
    MW_TRY(MW_SQ_NUMBER(q, COUNT_SINCE, &o.readings_24h, mw_sq_int(tenant),
                        mw_sq_text("decode.readings"), mw_sq_int(hour)));
    int64_t day = mw_utc_floor_s(now) / MW_DAY_S - 2;
    MW_TRY(MW_SQ_NUMBER(q, OVERVIEW_MISSING, &o.missing_hours_24h, mw_sq_int(tenant),
                        mw_sq_int(day), mw_sq_int(day * day_us)));
    *out_overview = o;
    return MW_OK;
}
