/* SPDX-License-Identifier: Apache-2.0
 *
 * What the exchange of files keeps: mappings of tables, imports that can be undone, and snapshots
 * of billing determinants.
 */
#ifndef MW_PLATFORM_STORE_RECORDS_FILES_H
#define MW_PLATFORM_STORE_RECORDS_FILES_H

#include "platform/store/records.h"

enum {
    MW_STORE_MAPPING_MAX = 16384, /* bytes of a mapping's JSON */
    MW_STORE_SNAPSHOT_MAX = 8192, /* bytes of a snapshot's JSON */
};

typedef struct mw_store_mapping {
    char name[MW_STORE_ID_MAX];
    mw_utc at; /* last changed */
    char who[MW_STORE_ID_MAX];
} mw_store_mapping;

/* One import that changed something. Rows are never deleted: an import that was undone says so. */
typedef struct mw_store_import {
    int64_t id; /* given by the store */
    int64_t tenant;
    char name[MW_STORE_ID_MAX]; /* of the mapping */
    char file[MW_STORE_NAME_MAX];
    uint8_t digest[32]; /* BLAKE2b of the file */
    uint8_t rows_kind;  /* mw_mapping_rows */
    mw_utc at;
    char who[MW_STORE_ID_MAX];
    uint32_t meters;
    uint32_t values;
    uint32_t kept; /* values of the file that were already known better */
    mw_utc first, last;
    int64_t journal_from, journal_to; /* records of register readings, 0 = none */
    mw_utc undone_at;                 /* MW_UTC_NONE = in force */
    char undone_by[MW_STORE_ID_MAX];
} mw_store_import;

typedef enum mw_store_imported_kind {
    MW_IMPORTED_DEVICE = 1,      /* key: identity as 16 hex digits */
    MW_IMPORTED_USAGE_POINT = 2, /* key: its id */
    MW_IMPORTED_PERSON = 3,
} mw_store_imported_kind;

/* Billing determinants of a channel and a period as they were when a bill was made from them. Never
 * changed: what comes later is another snapshot that names the one it corrects. */
typedef struct mw_store_snapshot {
    int64_t id; /* given by the store, ascending */
    int64_t tenant;
    int64_t channel;
    mw_utc from, to;
    int64_t lock;     /* the closing of the span (records_values.h) */
    int64_t corrects; /* 0 = the first of its period */
    mw_utc at;
    char who[MW_STORE_ID_MAX];
    mw_slice content; /* JSON: determinants, tariff map, registers, qualities */
} mw_store_snapshot;

#endif
