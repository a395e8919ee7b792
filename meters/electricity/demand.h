/* SPDX-License-Identifier: Apache-2.0
 *
 * Demand: the mean power of periods of the clock, and the greatest of them with its time, in total
 * and by tariff, since the billing period began. What COSEM's demand register (class 5, IEC
 * 62056-6-2) shows is here under its names.
 *
 *   block     periods = 1: the mean of each period of 1, 3, 5, 10, 15, 30 or 60 minutes of UTC
 *   sliding   periods = n: at the end of each, the mean of the last n of them
 *
 * Power is energy by the period's length, also when the supply was there for a part of it: a demand
 * is never overstated. A period belongs to the tariff at its begin: up to 30 minutes no period lies
 * in two half-hour zones unless the local time is off by a quarter of an hour. When the clock is set
 * back, the period under way is given up and the sliding mean starts afresh.
 */
#ifndef MW_METERS_ELECTRICITY_DEMAND_H
#define MW_METERS_ELECTRICITY_DEMAND_H

#include "protocols/tariff/calendar.h"

#define MW_ELECTRIC_DEMAND_PERIODS_MAX 15

typedef struct mw_electric_demand_max {
    int64_t mw; /* milliwatts (or millivars) */
    mw_utc at;  /* end of its period; MW_UTC_NONE: no period has ended */
} mw_electric_demand_max;

typedef struct mw_electric_demand {
    uint16_t period_s; /* class 5, attribute 8 */
    uint8_t periods;   /* attribute 9 */
    bool begun;
    uint8_t tariff;    /* 0..7, at the begin of the period */
    int64_t period;    /* number of the one under way */
    int64_t base, now; /* register at its begin, and at the last step, mWh */
    uint32_t before[MW_ELECTRIC_DEMAND_PERIODS_MAX - 1]; /* mWh of whole periods, newest first */
    mw_electric_demand_max last;                         /* attributes 3 and 6 */
    mw_electric_demand_max max[1 + MW_TARIFFS];          /* total, T1..T8 */
} mw_electric_demand;

/* MW_RANGE unless period_min is one of those above and periods 1..15. */
MW_NODISCARD mw_status mw_electric_demand_init(mw_electric_demand *d, uint8_t period_min,
                                               uint8_t periods);
/* A window began at `begin`; `mwh` is what the register held before it was counted, `tariff` (0..7)
 * holds from then on. Returns whether a period has ended. */
bool mw_electric_demand_step(mw_electric_demand *d, int64_t mwh, uint8_t tariff, mw_utc begin);
/* Running average (attribute 2) and when it began (attribute 7), MW_UTC_NONE before the first step. */
int64_t mw_electric_demand_current_mw(const mw_electric_demand *d);
mw_utc mw_electric_demand_since(const mw_electric_demand *d);
/* A new billing period: no maxima. */
void mw_electric_demand_clear(mw_electric_demand *d);
/* Method reset of class 5: averages start afresh, maxima too. */
void mw_electric_demand_reset(mw_electric_demand *d);

/* What outlives a loss of power: a period goes on where it was. */
#define MW_ELECTRIC_DEMAND_BYTES                                                                   \
    (5 + 4 + 8 + (MW_ELECTRIC_DEMAND_PERIODS_MAX - 1) * 4 + 8 + (1 + MW_TARIFFS) * 8)
void mw_electric_demand_encode(const mw_electric_demand *d, uint8_t out[MW_ELECTRIC_DEMAND_BYTES]);
/* After init. Of a demand with another period or number of periods the maxima alone are taken.
 * MW_UNSUPPORTED (version): nothing is changed. */
MW_NODISCARD mw_status mw_electric_demand_decode(mw_electric_demand *d,
                                                 const uint8_t in[MW_ELECTRIC_DEMAND_BYTES]);

#endif
