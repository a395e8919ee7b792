/* SPDX-License-Identifier: Apache-2.0
 *
 * How much of a day had arrived, and why not more.
 *
 * Of yesterday: by 06:00 and by 10:00 of today, and by now; of the day before: by the end of the day
 * after it (D+1). Days and marks are local to each meter's usage point. What counts is when the
 * platform stored a value, not when a station heard it. A round over all channels takes many small
 * turns; the results of the last whole round stand until the next one is whole, and are stored.
 *
 * A meter of which something lacks at a mark is put down to one cause, the first that fits:
 *   backhaul  a station had heard it by then and delivered later
 *   station   all stations that heard it lately have failed
 *   radio     it was heard within a day, but not this, or it was heard weakly before
 *   meter     nothing of the above
 */
#ifndef MW_PLATFORM_ALARMS_COLLECTION_H
#define MW_PLATFORM_ALARMS_COLLECTION_H

#include "platform/validation/engine.h"

typedef enum mw_collection_mark {
    MW_COLLECTED_0600,
    MW_COLLECTED_1000,
    MW_COLLECTED_D1,
    MW_COLLECTED_NOW,
    MW_COLLECTION_MARKS
} mw_collection_mark;

typedef enum mw_collection_cause {
    MW_MISSING_METER,
    MW_MISSING_RADIO,
    MW_MISSING_STATION,
    MW_MISSING_BACKHAUL,
} mw_collection_cause;

enum {
    MW_COLLECTION_TENANTS = 64,
    MW_COLLECTION_MISSING = 500,  /* meters kept by name for each tenant */
    MW_COLLECTION_CHANNELS = 100, /* of one turn */
    MW_COLLECTION_WEAK_CDB = 500,
};

typedef struct mw_collection_missing {
    int64_t channel;
    uint16_t slots; /* that lack of yesterday */
    uint8_t cause;  /* mw_collection_cause */
    mw_utc heard;   /* last, MW_UTC_NONE = not lately */
} mw_collection_missing;

typedef struct mw_collection_result {
    int64_t tenant;
    int64_t day; /* yesterday where the tenant's first meter is */
    mw_utc at;   /* when the round ended, MW_UTC_NONE = none yet */
    mw_store_collection mark[MW_COLLECTION_MARKS]; /* .at MW_UTC_NONE: not reached yet */
    mw_collection_missing missing[MW_COLLECTION_MISSING];
    size_t missing_n;
} mw_collection_result;

/* One channel of the last round, for who looks at a part of the fleet. A mark that was not reached or
 * does not concern it has expected 0. */
typedef struct mw_collection_row {
    int64_t channel;
    uint16_t expected[MW_COLLECTION_MARKS], collected[MW_COLLECTION_MARKS];
    uint8_t cause[MW_COLLECTION_MARKS]; /* where something lacks */
} mw_collection_row;

typedef struct mw_collection mw_collection;

/* Borrowed; validation may be NULL. */
MW_NODISCARD mw_status mw_collection_new(mw_store *store, mw_zones *zones, mw_engine *validation,
                                         mw_collection **out);
void mw_collection_free(mw_collection *c);
/* One turn over at most max channels (1 .. MW_COLLECTION_CHANNELS); *out_more: the round is not
 * over. */
MW_NODISCARD mw_status mw_collection_run(mw_collection *c, mw_utc now, uint32_t max,
                                         bool *out_more);
/* Of the last whole round; NULL when there is none. */
const mw_collection_result *mw_collection_of(const mw_collection *c, int64_t tenant);

/* All channels of the last whole round, of every tenant, by channel. Valid until the next turn. */
const mw_collection_row *mw_collection_rows(const mw_collection *c, size_t *out_n);

#endif
