/* SPDX-License-Identifier: Apache-2.0
 *
 * What operators keep for their own work, and what a page of a whole fleet is made from.
 */
#ifndef MW_PLATFORM_STORE_RECORDS_CONSOLE_H
#define MW_PLATFORM_STORE_RECORDS_CONSOLE_H

#include "platform/store/records.h"

enum {
    MW_STORE_FILTER_MAX = 1024, /* bytes of a saved filter's query */
    MW_STORE_NOTE_MAX = 2000,   /* bytes of a note */
    MW_STORE_FILTERS_MAX = 100, /* saved filters of one user */
};

/* A search that a user comes back to: the query of a list, under a name. */
typedef struct mw_store_filter {
    int64_t id;
    char name[MW_STORE_NAME_MAX];
    char query[MW_STORE_FILTER_MAX + 1];
    mw_utc at;
} mw_store_filter;

/* What somebody wrote about a device. */
typedef struct mw_store_note {
    int64_t id;
    mw_utc at;
    char who[MW_STORE_NAME_MAX];
    char text[MW_STORE_NOTE_MAX + 1];
} mw_store_note;

/* That a sender hears a device, and how well lately. */
typedef struct mw_store_heard_row {
    int64_t device;
    char sender[MW_STORE_ID_MAX];
    mw_utc last;
    int32_t level_cdbm;
    int32_t snr_cdb;
} mw_store_heard_row;

/* One channel of the fleet with what it is searched and counted by. The texts are borrowed. */
typedef struct mw_store_fleet_row {
    int64_t channel;
    int64_t device;
    uint8_t number;
    uint64_t identity;
    const char *serial, *model, *medium, *label;
    const char *usage_point, *premise; /* "" = none */
    const char *address, *person;
    mw_utc last_seen; /* MW_UTC_NONE = never */
    int32_t level_cdbm, snr_cdb;
    uint32_t status; /* MW_SMP_STATUS_* */
} mw_store_fleet_row;

/* One membership that is valid at the moment asked for. */
typedef struct mw_store_place {
    int kind; /* mw_store_member_kind */
    const char *member, *area;
} mw_store_place;

#endif
