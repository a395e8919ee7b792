/* SPDX-License-Identifier: Apache-2.0
 *
 * Consumption of a channel by local hours, days, months and years. Every value is the sum of the
 * meter's own intervals whose start lies in the point's span, so a roll-up always equals the sum of
 * its parts; a point with missing intervals says so and is never filled.
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

/* from and to are local dates as days since 1970-01-01, to exclusive; months and years that are cut
 * by them give a shorter first or last point. MW_RANGE for from >= to, a sum beyond 64 bits or more
 * than MW_CONSUMPTION_POINTS_MAX points. */
MW_NODISCARD mw_status mw_consumption_read(mw_store *store, const mw_zone *zone, int64_t tenant,
                                           const mw_store_channel *channel, mw_step step,
                                           int64_t from_day, int64_t to_day,
                                           mw_consumption *out_consumption);
void mw_consumption_fini(mw_consumption *c);

/* The same span one period earlier: same number of months when both ends are firsts of a month,
 * else the same number of days. */
void mw_consumption_previous(int64_t from_day, int64_t to_day, int64_t *out_from, int64_t *out_to);

/* Difference of two register readings of `digits` decimal digits (0 = 64 bits): (later - earlier)
 * modulo 10^digits when that is at most max_step, else MW_RANGE: a reset, an exchange or backflow.
 */
MW_NODISCARD mw_status mw_register_difference(int64_t earlier, int64_t later, unsigned digits,
                                              int64_t max_step, int64_t *out_difference);

#endif
