/* SPDX-License-Identifier: Apache-2.0
 *
 * Letting go of what is old enough (docs/retention.md). Each tenant says how many days each tier
 * stays; a tier without a setting stays for ever.
 *
 *   raw        contents of uplinks and their receptions; keys, hashes and times stay, so an uplink
 *              that comes again is still known, and as-of queries still find their moment
 *   intervals  a day's intervals and revisions become its final sums: one for each piece between
 *              local midnights, closings, readings of the register, installations and factors. So
 *              local days, bills and the account of the register stay exact
 *   daily      the sums go; the readings of the register stay, and the account says of the span
 *              that nothing but the register is known
 *
 * What a legal hold covers stays until it is released.
 */
#ifndef MW_PLATFORM_RETENTION_RETENTION_H
#define MW_PLATFORM_RETENTION_RETENTION_H

#include "platform/readings/timezone.h"
#include "platform/store/store.h"

enum {
    MW_RETENTION_PIECES_MAX = 12,   /* of one UTC day, further cuts are left out */
    MW_RETENTION_HOLDS_MAX = 10000, /* active ones of a tenant */
    MW_RETENTION_RAW_MARGIN = 60,   /* days behind a hold's end in which reports of its span come */
};

typedef struct mw_retention_plan {
    int64_t days[MW_TIERS]; /* 0 = for ever */
} mw_retention_plan;

/* The fewest days a tier may have besides 0: meters' archives and bills in work need theirs. */
int64_t mw_retention_least(mw_tier tier);
/* "raw", "intervals", "daily". */
const char *mw_retention_tier_name(mw_tier tier);
/* What the tenant has set. */
MW_NODISCARD mw_status mw_retention_read(mw_store *store, int64_t tenant,
                                         mw_retention_plan *out_plan);
/* Sets one tier in the caller's transaction. MW_RANGE: fewer days than the least, or than a tier
 * above it has. */
MW_NODISCARD mw_status mw_retention_set(mw_store *store, const mw_store_retention *row);
/* Releases a hold in the caller's transaction, and has what it held looked at again. MW_NOT_FOUND,
 * MW_STATE. */
MW_NODISCARD mw_status mw_retention_release(mw_store *store, const mw_store_hold *hold, mw_utc at,
                                            const char *who);

typedef struct mw_retention_turn {
    uint32_t records; /* journal records whose content went, about */
    uint32_t coarse;  /* days of channels that became sums */
    uint32_t gone;    /* days of channels that went */
    uint32_t held;    /* passed by because of a hold */
    bool more;        /* there is more to do now */
} mw_retention_turn;

/* Lets go of at most `limit` (1..1000) days of channels of each tier and 20 times as many journal
 * records, in a transaction of its own. */
MW_NODISCARD mw_status mw_retention_run(mw_store *store, mw_zones *zones, mw_utc now,
                                        uint32_t limit, mw_retention_turn *out_turn);

/* What would go now by a plan, without regard to holds. */
typedef struct mw_retention_preview {
    mw_utc before[MW_TIERS];          /* MW_UTC_NONE = nothing goes */
    mw_store_amount amount[MW_TIERS]; /* what lies before it */
} mw_retention_preview;

MW_NODISCARD mw_status mw_retention_look(mw_store *store, int64_t tenant,
                                         const mw_retention_plan *plan, mw_utc now,
                                         mw_retention_preview *out_preview);

#endif
