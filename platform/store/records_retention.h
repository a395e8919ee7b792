/* SPDX-License-Identifier: Apache-2.0
 *
 * How long data stay, and what must not go (docs/retention.md).
 */
#ifndef MW_PLATFORM_STORE_RECORDS_RETENTION_H
#define MW_PLATFORM_STORE_RECORDS_RETENTION_H

#include "platform/store/records.h"

typedef enum mw_tier {
    MW_TIER_RAW,       /* contents of uplinks, with the receptions that refer to them */
    MW_TIER_INTERVALS, /* intervals with their revisions; after it a day's sums stay */
    MW_TIER_DAILY,     /* the sums of days; after it the register readings stay */
    MW_TIERS
} mw_tier;

typedef struct mw_store_retention {
    int64_t tenant;
    mw_tier tier;
    int64_t days; /* 0 = for ever */
    mw_utc at;
    char who[MW_STORE_ID_MAX];
} mw_store_retention;

typedef enum mw_hold_kind {
    MW_HOLD_TENANT = 1,
    MW_HOLD_METER = 2, /* .subject: a channel's number */
    MW_HOLD_USAGE_POINT = 3,
} mw_hold_kind;

/* A legal hold: nothing of [from, to) goes until it is released. */
typedef struct mw_store_hold {
    int64_t id; /* given by the store */
    int64_t tenant;
    mw_hold_kind kind;
    char subject[MW_STORE_ID_MAX]; /* "" for the tenant */
    mw_utc from, to;
    mw_utc at;
    char who[MW_STORE_ID_MAX];
    char why[MW_STORE_TEXT_MAX];
    mw_utc released_at; /* MW_UTC_NONE = it holds */
    char released_by[MW_STORE_ID_MAX];
} mw_store_hold;

/* How much lies in a range, for reports. */
typedef struct mw_store_amount {
    int64_t rows; /* days of channels, or journal records */
    int64_t values;
    int64_t bytes;
} mw_store_amount;

#endif
