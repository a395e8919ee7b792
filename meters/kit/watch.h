/* SPDX-License-Identifier: Apache-2.0
 *
 * What the hourly values say by themselves: a burst is one hour of more than the configured volume,
 * a leak is a full day in which no hour fell below a volume; only whole hours count for both. No
 * flow is a number of days in which nothing was counted at all, told again as often; a restart
 * begins them anew.
 */
#ifndef MW_METERS_KIT_WATCH_H
#define MW_METERS_KIT_WATCH_H

#include "meters/kit/config.h"

#define MW_WATCH_LEAK_HOURS 24

typedef struct mw_watch {
    int64_t began[MW_METER_REGISTERS_MAX]; /* counts when the running hour began */
    int64_t least[MW_METER_REGISTERS_MAX]; /* smallest hour of the streak, model's unit */
    uint8_t streak[MW_METER_REGISTERS_MAX];
    uint16_t still_h[MW_METER_REGISTERS_MAX]; /* hours without a count */
} mw_watch;

typedef struct mw_meter mw_meter;

/* Takes the present counts as the beginning of an hour, and forgets the streaks. */
void mw_watch_begin(mw_meter *m);
/* An hour has ended with the present counts; `whole`: nothing disturbed it. */
void mw_watch_hour(mw_meter *m, mw_mono at, bool whole);

#endif
