/* SPDX-License-Identifier: Apache-2.0
 *
 * The fleet in memory: every channel of a tenant with what it is searched, filtered and counted by,
 * so that a page of 100,000 meters with its facets costs milliseconds and not a scan of the store.
 *
 * It is a picture of a moment: made from one pass over the store and never changed. What it finds
 * are channel numbers; the values that a page shows are read from the store.
 *
 *   one row            about 60 bytes and its texts (serial number, label, address, name)
 *   limits             MW_FLEET_ROWS_MAX channels, 64 senders, 65,535 models and areas
 *   a row lies in up to MW_FLEET_AREAS areas, those above its own included; further ones are left out
 */
#ifndef MW_PLATFORM_API_FLEET_H
#define MW_PLATFORM_API_FLEET_H

#include "platform/store/store.h"

enum {
    MW_FLEET_ROWS_MAX = 4000000,
    MW_FLEET_AREAS = 4,
    MW_FLEET_SENDERS_MAX = 64,
    MW_FLEET_HEARD_DAYS = 7, /* a station hears a meter when it did within these days */
    MW_FLEET_TEXT_MAX = 64,
};

/* What a list can be narrowed by. */
typedef enum mw_fleet_facet {
    MW_FLEET_MEDIUM,
    MW_FLEET_MODEL,
    MW_FLEET_STATE, /* heard silent never estimated flagged uninstalled: a meter may be several */
    MW_FLEET_AREA,
    MW_FLEET_STATION, /* those that hear it; also "single", "none" and "only:ID" */
    MW_FLEET_SIGNAL,  /* good fair weak none */
    MW_FLEET_SEEN,    /* hour day week older never */
    MW_FLEET_FACETS
} mw_fleet_facet;

extern const char *const mw_fleet_facet_names[MW_FLEET_FACETS];

typedef struct mw_fleet mw_fleet;

typedef struct mw_fleet_query {
    const char *search;                 /* NULL or "" = all; any part of its texts */
    const char *value[MW_FLEET_FACETS]; /* NULL or "" = any */
    const char *scope;                  /* an area beyond which nothing exists; NULL = none */
    const char *after;                  /* a cursor of mw_store_meter_cursor, NULL = the first */
    mw_store_sort sort;
    uint32_t skip; /* rows to leave out after the cursor */
    uint32_t limit;
    mw_utc now;
} mw_fleet_query;

/* One pass over the store; no transaction may be needed: reads only. MW_NOMEM, MW_LIMIT, or what the
 * store says. */
MW_NODISCARD mw_status mw_fleet_build(mw_store *store, int64_t tenant, mw_utc now,
                                      mw_fleet **out_fleet);
void mw_fleet_free(mw_fleet *f);
/* When it was made, by the platform's clock. */
mw_utc mw_fleet_made(const mw_fleet *f);

/* The channels of a page in order, at most .limit of them, and how many match in all. MW_SYNTAX: the
 * cursor is none. */
MW_NODISCARD mw_status mw_fleet_find(const mw_fleet *f, const mw_fleet_query *q,
                                     int64_t *out_channels, uint32_t *out_n, int64_t *out_total);

typedef mw_status (*mw_fleet_on_count)(void *ctx, mw_fleet_facet facet, const char *value,
                                       const char *label, int64_t count);
/* How many match for each value of each facet, all other conditions of the query holding; the
 * cursor does not matter. Values with a count of zero are left out unless they are asked for. */
MW_NODISCARD mw_status mw_fleet_counts(const mw_fleet *f, const mw_fleet_query *q,
                                       mw_fleet_on_count each, void *ctx, int64_t *out_total);

/* A row as a list of the fleet shows it. Texts are valid as long as the fleet. */
typedef struct mw_fleet_item {
    uint64_t identity;
    int64_t channel;
    uint8_t number;
    const char *serial, *model, *medium, *label, *address, *person;
    mw_utc last_seen;
    int32_t level_cdbm, snr_cdb;
    uint64_t senders; /* bit i: mw_fleet_sender(f, i) hears it */
} mw_fleet_item;
typedef mw_status (*mw_fleet_on_item)(void *ctx, const mw_fleet_item *item);
/* All that match, in the query's order; cursor and limit do not matter. */
MW_NODISCARD mw_status mw_fleet_each(const mw_fleet *f, const mw_fleet_query *q,
                                     mw_fleet_on_item each, void *ctx);
/* Who hears how much of the fleet: channels, as everywhere. */
typedef struct mw_fleet_coverage {
    int64_t meters, several, single, none;
    int64_t hears[MW_FLEET_SENDERS_MAX];
    int64_t alone[MW_FLEET_SENDERS_MAX]; /* of them, those that no other station hears */
} mw_fleet_coverage;
/* scope: see mw_fleet_query. */
void mw_fleet_cover(const mw_fleet *f, const char *scope, mw_fleet_coverage *out);
/* The channels that lie in an area, in rising order, in memory that the caller frees; none for an
 * area that is not there. MW_NOMEM. */
MW_NODISCARD mw_status mw_fleet_channels(const mw_fleet *f, const char *area,
                                         int64_t **out_channels, size_t *out_n);
/* NULL beyond the last one. */
const char *mw_fleet_sender(const mw_fleet *f, unsigned i);

#endif
