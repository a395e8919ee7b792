/* SPDX-License-Identifier: Apache-2.0
 *
 * Time as types that cannot be mixed by accident.
 *
 *   mw_utc   a moment: microseconds since 1970-01-01T00:00:00Z, leap seconds not counted (POSIX)
 *   mw_mono  a reading of a monotonic clock in nanoseconds; only differences mean anything
 *   mw_dur   a length of time in nanoseconds, signed
 *
 * utc - utc = dur, mono - mono = dur, utc + dur = utc. There is no mono + mono.
 * Nothing here reads a clock: a daemon takes one `now` per turn and passes it down.
 */
#ifndef MW_BASE_TIME_H
#define MW_BASE_TIME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

typedef struct mw_utc {
    int64_t us;
} mw_utc;

typedef struct mw_mono {
    int64_t ns;
} mw_mono;

typedef struct mw_dur {
    int64_t ns;
} mw_dur;

/* "No such moment": an absent timestamp, before every real one. */
#define MW_UTC_NONE ((mw_utc){INT64_MIN})

#define MW_US_PER_S INT64_C(1000000)
#define MW_NS_PER_S INT64_C(1000000000)

static inline mw_dur mw_dur_s(int64_t s) {
    return (mw_dur){s * MW_NS_PER_S};
}

static inline mw_dur mw_dur_ms(int64_t ms) {
    return (mw_dur){ms * 1000000};
}

static inline mw_dur mw_dur_us(int64_t us) {
    return (mw_dur){us * 1000};
}

static inline mw_utc mw_utc_of_s(int64_t s) {
    return (mw_utc){s * MW_US_PER_S};
}

/* Whole seconds, rounded towards the past also before 1970. */
static inline int64_t mw_utc_floor_s(mw_utc t) {
    int64_t q = t.us / MW_US_PER_S;
    return q - (t.us % MW_US_PER_S < 0);
}

static inline bool mw_utc_is_none(mw_utc t) {
    return t.us == INT64_MIN;
}

static inline mw_utc mw_utc_add(mw_utc t, mw_dur d) {
    return (mw_utc){t.us + d.ns / 1000};
}

static inline mw_dur mw_utc_since(mw_utc later, mw_utc earlier) {
    return (mw_dur){(later.us - earlier.us) * 1000};
}

static inline mw_mono mw_mono_add(mw_mono t, mw_dur d) {
    return (mw_mono){t.ns + d.ns};
}

static inline mw_dur mw_mono_since(mw_mono later, mw_mono earlier) {
    return (mw_dur){later.ns - earlier.ns};
}

/* A date and time of day in the proleptic Gregorian calendar, without a zone. */
typedef struct mw_civil {
    int32_t year;         /* such as 2026 */
    uint8_t month;        /* 1..12 */
    uint8_t day;          /* 1..31 */
    uint8_t hour;         /* 0..23 */
    uint8_t minute;       /* 0..59 */
    uint8_t second;       /* 0..59 */
    uint32_t microsecond; /* 0..999999 */
} mw_civil;

/* Days since 1970-01-01 of a date; any year in +-1,000,000. */
int64_t mw_days_of_date(int32_t year, unsigned month, unsigned day);
void mw_date_of_days(int64_t days, int32_t *out_year, uint8_t *out_month, uint8_t *out_day);
/* 0 = Monday .. 6 = Sunday. */
unsigned mw_weekday_of_days(int64_t days);
mw_civil mw_civil_of_utc(mw_utc t);
/* MW_RANGE when a field is outside its range, including 30 February. */
MW_NODISCARD mw_status mw_utc_of_civil(const mw_civil *c, mw_utc *out_t);

/* RFC 3339 with a Z: "2026-11-22T13:00:00Z", with ".ffffff" when the fraction is not 0.
 * Needs at most MW_UTC_TEXT_MAX bytes including the terminating NUL. */
#define MW_UTC_TEXT_MAX 40
void mw_utc_format(mw_utc t, char out[MW_UTC_TEXT_MAX]);
/* RFC 3339 with Z or a numeric offset, fraction optional; years 0..9999. MW_SYNTAX, MW_RANGE. */
MW_NODISCARD mw_status mw_utc_parse(mw_slice text, mw_utc *out_t);

#endif
