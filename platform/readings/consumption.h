/* SPDX-License-Identifier: Apache-2.0
 *
 * Consumption of a channel or of a usage point by local hours, days, months and years. Every value
 * is the sum of the intervals whose start lies in the point's span, so a roll-up always equals the
 * sum of its parts; a point with missing intervals says so.
 *
 * Values are those of a layer (store/records_values.h), as known now or at a past moment, after the
 * channel's chain of factors. A usage point's consumption is that of each channel while it was
 * installed there: an interval that reaches over the moment of an installation or removal counts
 * only when settling has split it.
 */
#ifndef MW_PLATFORM_READINGS_CONSUMPTION_H
#define MW_PLATFORM_READINGS_CONSUMPTION_H

#include "platform/readings/timezone.h"
#include "platform/store/store.h"

enum { MW_CONSUMPTION_POINTS_MAX = 20000 };

typedef enum mw_step {
    MW_STEP_INTERVAL, /* the meter's own intervals ("hour") */
    MW_STEP_DAY,
    MW_STEP_MONTH,
    MW_STEP_YEAR,
} mw_step;

typedef struct mw_consumption_point {
    mw_utc start, end;
    int64_t value;     /* meaningful when received > 0 */
    uint32_t expected; /* intervals that start in the span */
    uint32_t received;
    uint32_t quality; /* MW_QUALITY_* of all its intervals together */
} mw_consumption_point;

typedef struct mw_consumption {
    mw_consumption_point *points; /* free with mw_consumption_fini */
    size_t n;
    int64_t total;
    bool complete; /* every point has all its intervals */
} mw_consumption;

typedef struct mw_consumption_query {
    int64_t tenant;
    const mw_zone *zone;
    mw_step step;
    int64_t from_day, to_day; /* local dates as days since 1970-01-01, to exclusive */
    int32_t day_start_s;      /* local time at which a day begins, such as 6 h for gas; 0..86399 */
    mw_layer layer;
    mw_utc as_of; /* what was known then; MW_UTC_NONE = now */
} mw_consumption_query;

/* Months and years that are cut by from and to give a shorter first or last point. MW_RANGE for
 * from
 * >= to, a sum beyond 64 bits or more than MW_CONSUMPTION_POINTS_MAX points. */
MW_NODISCARD mw_status mw_consumption_of_channel(mw_store *store, const mw_consumption_query *q,
                                                 const mw_store_channel *channel,
                                                 mw_consumption *out_consumption);
/* Of every channel with this OBIS code that was installed there. MW_NOT_FOUND: none ever was. */
MW_NODISCARD mw_status mw_consumption_of_point(mw_store *store, const mw_consumption_query *q,
                                               const char *usage_point, const uint8_t obis[6],
                                               mw_consumption *out_consumption);
/* The first of them for short: the final layer as known now, days from midnight. */
MW_NODISCARD mw_status mw_consumption_read(mw_store *store, const mw_zone *zone, int64_t tenant,
                                           const mw_store_channel *channel, mw_step step,
                                           int64_t from_day, int64_t to_day,
                                           mw_consumption *out_consumption);
/* The moment at which the local time is `second` of a day (mw_zone_day_start, but later). */
mw_utc mw_consumption_day_start(const mw_zone *zone, int64_t day, int32_t second);
void mw_consumption_fini(mw_consumption *c);

/* The same span one period earlier: same number of months when both ends are firsts of a month,
 * else the same number of days. */
void mw_consumption_previous(int64_t from_day, int64_t to_day, int64_t *out_from, int64_t *out_to);

#endif
