/* SPDX-License-Identifier: Apache-2.0
 *
 * Master data by date: where meters hang, what their registers are, who pays.
 *
 *   area (a tree: region, feeder, district metered area ...) <- premise <- usage point
 *   usage point <- installation (dated, with readings) -> channel -> device (configurations, dated)
 *   channel -> register (width, decimals, wrap) and chain of factors (dated)
 *   account -> contract (dated) -> usage point
 *
 * Spans are [from, to), MW_UTC_NONE as `to` = still. What bills depend on - installations, factors
 * - also keeps when it was recorded and when another record took its place, so that a past state of
 * knowledge can be read again.
 */
#ifndef MW_PLATFORM_STORE_RECORDS_MODEL_H
#define MW_PLATFORM_STORE_RECORDS_MODEL_H

#include "platform/store/records.h"

enum {
    MW_STORE_CONFIG_MAX = 1024,      /* text of one configuration version of a device */
    MW_STORE_INSTALLATIONS_MAX = 64, /* of one channel over its life */
};

typedef struct mw_store_area {
    char id[MW_STORE_ID_MAX];
    char kind[16]; /* region, feeder, transformer, dma, building ... */
    char name[MW_STORE_NAME_MAX];
} mw_store_area;

typedef enum mw_store_member_kind {
    MW_MEMBER_AREA = 1,
    MW_MEMBER_PREMISE = 2,
    MW_MEMBER_USAGE_POINT = 3,
} mw_store_member_kind;

/* What hangs below an area, and when. A member has one parent of a kind of area at a time, so it
 * can lie in a feeder and in a district metered area. */
typedef struct mw_store_membership {
    mw_store_member_kind kind;
    char member[MW_STORE_ID_MAX];
    char area[MW_STORE_ID_MAX];
    mw_utc from, to;
} mw_store_membership;

typedef struct mw_store_premise {
    char id[MW_STORE_ID_MAX];
    char address[MW_STORE_TEXT_MAX];
    char time_zone[MW_STORE_ID_MAX];
} mw_store_premise;

/* A device's configuration from a moment on: tariff tables, capture objects, firmware parameters.
 */
typedef struct mw_store_device_config {
    int64_t device;
    mw_utc from;
    char version[MW_STORE_SERIAL_MAX];
    char text[MW_STORE_CONFIG_MAX];
} mw_store_device_config;

/* What a register can show, from a moment on. The register shows value * 10^-decimals. */
typedef struct mw_store_register_spec {
    int64_t channel;
    mw_utc from;
    uint8_t digits; /* 0 = 64 bits */
    uint8_t decimals;
    int64_t wrap;         /* counts after which it starts from 0; 0 = 10^digits, or never */
    int64_t max_per_hour; /* counts that can pass in an hour; 0 = not known */
} mw_store_register_spec;

typedef enum mw_store_factor_kind {
    MW_FACTOR_PULSE = 1,      /* weight of a pulse            */
    MW_FACTOR_CT = 2,         /* current transformer          */
    MW_FACTOR_VT = 3,         /* voltage transformer          */
    MW_FACTOR_CONVERSION = 4, /* gas to standard conditions   */
    MW_FACTOR_HEATING = 5,    /* heating value                */
    MW_FACTOR_OTHER = 6,
    MW_FACTOR_KINDS
} mw_store_factor_kind;

/* One factor of a channel's chain from a moment on: counts * num / den. All kinds together make the
 * chain; a kind without a record is 1. */
typedef struct mw_store_factor {
    int64_t channel;
    mw_store_factor_kind kind;
    mw_utc from;
    int64_t num, den; /* 1 .. 10^12 */
    mw_utc recorded;
    mw_utc superseded; /* MW_UTC_NONE = valid */
} mw_store_factor;

/* The register was set from `before` to `after` by other means than consumption. */
typedef struct mw_store_register_mark {
    int64_t channel;
    mw_utc at;
    int64_t before, after;
    mw_utc recorded;
    char who[MW_STORE_ID_MAX];
    char text[MW_STORE_TEXT_MAX];
} mw_store_register_mark;

typedef struct mw_store_account {
    char id[MW_STORE_ID_MAX];
    char person[MW_STORE_ID_MAX];
    char name[MW_STORE_NAME_MAX];
} mw_store_account;

typedef struct mw_store_contract {
    char id[MW_STORE_ID_MAX];
    char account[MW_STORE_ID_MAX];
    char usage_point[MW_STORE_ID_MAX];
    char tariff[MW_STORE_ID_MAX];
    mw_utc from, to;
} mw_store_contract;

typedef struct mw_store_installation_query {
    int64_t tenant;
    int64_t channel;         /* 0 = by usage point */
    const char *usage_point; /* read when channel is 0 */
    mw_utc as_of;            /* MW_UTC_NONE = as known now */
} mw_store_installation_query;

#endif
