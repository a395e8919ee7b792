/* SPDX-License-Identifier: Apache-2.0
 *
 * The meter's clock: the board's ticks plus one setting. It drifts as the crystal does and says how
 * far it may be trusted. A clock that was never set counts from 2020-01-01T00:00:00Z
 * (MW_SMP_EPOCH_S), so that hour numbers still order the archive.
 *
 * The setting is kept in flash with the tick it was made at. After a reset through which the ticks
 * went on it holds unchanged; after a loss of the ticks the clock resumes at the latest moment that
 * any record knows, and is uncertain until it is set.
 */
#ifndef MW_METERS_KIT_RTC_H
#define MW_METERS_KIT_RTC_H

#include "meters/kit/ringlog.h"

/* A setting older than this no longer vouches for the time: 20 ppm are 5 minutes by then. */
#define MW_CLOCK_TRUST_S (INT64_C(180) * 86400)
/* A correction above this is a step: the hours it touches are marked. */
#define MW_CLOCK_STEP_US (INT64_C(10) * MW_US_PER_S)
#define MW_CLOCK_PAYLOAD 24

typedef enum mw_rtc_state {
    MW_CLOCK_NEVER_SET = 0,
    MW_CLOCK_SET,
    MW_CLOCK_UNCERTAIN, /* set once, but the ticks or too much time were lost since */
} mw_rtc_state;

typedef struct mw_rtc {
    mw_ringlog log;
    mw_utc set_utc; /* the setting: it was this time ... */
    mw_mono set_at; /* ... at this tick */
    mw_rtc_state state;
    uint16_t resets; /* boots since production, stays at 65535 */
    /* Drift: corrections added up since `anchor`; an estimate after MW_CLOCK_DRIFT_S. */
    mw_mono anchor;
    bool anchored;
    int64_t moved_us;
    int16_t drift_dppm; /* 0.1 ppm, positive: fast; MW_CLOCK_DRIFT_UNKNOWN */
} mw_rtc;

#define MW_CLOCK_DRIFT_S       (INT64_C(12) * 3600)
#define MW_CLOCK_DRIFT_UNKNOWN INT16_MIN

/* Resumes the clock and counts a boot. `ticks_kept` as in mw_board; `latest` is the newest moment
 * that other logs know, MW_UTC_NONE if none. MW_IO. */
MW_NODISCARD mw_status mw_rtc_mount(mw_rtc *c, const mw_flash *flash, uint32_t first_sector,
                                    uint32_t sectors, uint8_t kind, mw_mono now, bool ticks_kept,
                                    mw_utc latest);
mw_utc mw_rtc_utc(const mw_rtc *c, mw_mono now);
/* The tick at which the clock shows t. */
mw_mono mw_rtc_tick_of(const mw_rtc *c, mw_utc t);
mw_rtc_state mw_rtc_state_at(const mw_rtc *c, mw_mono now);
/* The clock is set even when storing fails (MW_IO); a reset would then lose the setting. */
MW_NODISCARD mw_status mw_rtc_set(mw_rtc *c, const mw_flash *flash, mw_mono now, mw_utc utc);

#endif
