/* SPDX-License-Identifier: Apache-2.0
 *
 * Recorded consumption that drives the virtual meters, read from the openly licensed series in
 * tests/data/consumption.
 *
 * A series is a list of draws in the smallest unit of its medium (mL, Wh) over a whole number of
 * weeks. A meter plays it from an offset of whole weeks, round and round, so that a Monday morning
 * stays a Monday morning and no two meters of the town need be alike.
 */
#ifndef MW_TOWN_SERIES_H
#define MW_TOWN_SERIES_H

#include "base/time.h"

#define MW_TOWN_SERIES_DRAWS_MAX 2000000u
#define MW_TOWN_WEEK_S           INT64_C(604800)

/* A draw of `amount` units that begins at_s seconds after the series' first Monday, 00:00 UTC, and
 * is spread evenly over duration_s seconds (0: all at once). */
typedef struct mw_town_draw {
    int64_t at_s;
    uint32_t amount;
    uint32_t duration_s;
    uint32_t reactive; /* of loads that were measured so: the same unit, inductive */
} mw_town_draw;

typedef struct mw_town_series {
    char name[32];
    mw_town_draw *draws; /* sorted by at_s */
    size_t count;
    int64_t weeks;      /* the length it repeats with */
    uint32_t per_wh;    /* loads: units in a watt-hour; 0: one */
    bool with_reactive; /* of every draw */
} mw_town_series;

/* What electricity meters are fed with besides the households. */
typedef enum mw_town_load {
    MW_TOWN_LOAD_MINUTES,  /* UCI: active and reactive power by minute, two days of a house */
    MW_TOWN_LOAD_QUARTERS, /* WPuQ: quarter-hours of a house, twenty months */
    MW_TOWN_LOADS
} mw_town_load;

/* The WEUSEDTO shower (mL per second of flow) and toilet (flushes) of one flat as one series.
 * MW_IO when a file cannot be read, MW_SYNTAX for a malformed line, MW_LIMIT when it is too long.
 */
MW_NODISCARD mw_status mw_town_series_open_water(const char *folder, mw_town_series *out_series);
/* The half-hourly households of the SGSC trial; fills at most max series, one for each household.
 */
MW_NODISCARD mw_status mw_town_series_open_households(const char *folder,
                                                      mw_town_series *out_series, size_t max,
                                                      size_t *out_count);
/* Every load of mw_town_load. Errors as above. */
MW_NODISCARD mw_status mw_town_series_open_loads(const char *folder,
                                                 mw_town_series out_series[MW_TOWN_LOADS]);
void mw_town_series_close(mw_town_series *s);

/* One step of a meter's sensor. */
typedef struct mw_town_pulse {
    mw_utc at;
    uint32_t amount; /* smallest units of the series */
} mw_town_pulse;

/* Plays a series as steps of a fixed size: a draw becomes amount / step_amount steps spread over
 * its duration; what does not fill a step is carried to the next draw, so that nothing is lost. */
typedef struct mw_town_player {
    const mw_town_series *series;
    int64_t cycle_start_s; /* UTC of the series' origin in the present round */
    size_t draw;           /* next draw */
    uint32_t step_amount;
    uint32_t carried; /* units left over from earlier draws, < step_amount */
    uint32_t steps;   /* steps of the present draw */
    uint32_t steps_done;
} mw_town_player;

/* Starts at the first draw that begins at or after `from`. */
void mw_town_player_init(mw_town_player *p, const mw_town_series *series, int64_t offset_weeks,
                         uint32_t step_amount, mw_utc from);
/* The next step, in order of time. A series with draws never ends. */
mw_town_pulse mw_town_player_next(mw_town_player *p);

#endif
