/* SPDX-License-Identifier: Apache-2.0
 *
 * From arrival times to the moment of a sample. A block arrives late by a constant part and by a
 * part that varies but is never negative; so the earliest arrivals, by the sample count, tell the
 * truth. The smallest lateness of the last one to two minutes is used: long enough to meet a quiet
 * moment, short enough to follow an oscillator some ppm off.
 */
#ifndef MW_RADIO_SOAPY_TIME_H
#define MW_RADIO_SOAPY_TIME_H

#include "base/time.h"

#define MW_SOAPY_TIME_WINDOW_US INT64_C(60000000)

typedef struct mw_soapy_time {
    uint64_t rate_mhz;
    bool started;
    int64_t window_start; /* us */
    int64_t present;      /* smallest origin of this window: UTC us of sample 0 */
    int64_t former;       /* ... and of the one before */
    int64_t largest;      /* largest origin of this window, for the spread */
} mw_soapy_time;

/* The samples before `index` had arrived at `now`. A step of the clock by more than a second, in
 * either direction, begins anew. */
void mw_soapy_time_arrival(mw_soapy_time *t, uint64_t index, mw_utc now);
/* MW_UTC_NONE before the first arrival. */
mw_utc mw_soapy_time_of(const mw_soapy_time *t, uint64_t index);
/* How far arrivals spread lately, in us: what the stamps may be off, beside the constant part. */
uint32_t mw_soapy_time_spread(const mw_soapy_time *t);

#endif
