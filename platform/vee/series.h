/* SPDX-License-Identifier: Apache-2.0
 *
 * What validation and estimation look at: one channel's intervals with all that is known about
 * them. The whole of platform/vee is pure: no store, clock, heap or I/O; the caller owns every
 * array, a result depends on the arguments alone, and no value ever passes through floating point.
 * Ratios are parts per million (ppm).
 *
 *   index      0        first                        n
 *              |--------|----------------------------|
 *               history   the span that is looked at
 *   boundary   0 1 2 ...  a register read at boundary i was read before interval i
 *
 * Limits: n <= MW_VEE_INTERVALS_MAX (three years of quarter-hours); |value| <= MW_VEE_VALUE_MAX.
 */
#ifndef MW_PLATFORM_VEE_SERIES_H
#define MW_PLATFORM_VEE_SERIES_H

#include <stddef.h>

#include "base/status.h"
#include "base/time.h"

#define MW_VEE_INTERVALS_MAX (3u * 366u * 96u)
/* So that a sum over the longest series cannot overflow 63 bits. */
#define MW_VEE_VALUE_MAX (INT64_MAX / (int64_t)MW_VEE_INTERVALS_MAX)
#define MW_VEE_PPM       INT64_C(1000000)

/* Flags of an interval. The low 16 bits are the store's MW_QUALITY_* bits as they are. */
enum {
    MW_VEE_CLOCK_UNSET = 1 << 0,
    MW_VEE_CLOCK_UNCERTAIN = 1 << 1,
    MW_VEE_PARTIAL = 1 << 2,
    MW_VEE_TAMPER = 1 << 3,
    MW_VEE_CONFLICT = 1 << 4,
    MW_VEE_ESTIMATED = 1 << 5,
    MW_VEE_EDITED = 1 << 6,
    MW_VEE_ACCEPTED = 1 << 8, /* failed a rule and was judged right by a person */
    MW_VEE_MISSING = 1 << 16, /* nothing came; the value is not read */
    MW_VEE_OUTAGE = 1 << 17,
    MW_VEE_DISCONNECTED = 1 << 18,
    MW_VEE_VACANT = 1 << 19,
    MW_VEE_UNINSTALLED = 1 << 20,
    MW_VEE_NO_CONTRACT = 1 << 21,
    MW_VEE_BATTERY = 1 << 22,
    MW_VEE_MEMORY_ERROR = 1 << 23,
    MW_VEE_MEASURE_ERROR = 1 << 24,
    MW_VEE_SUSPECT = 1 << 25, /* failed a rule: kept, but to be estimated */
    MW_VEE_LOCKED = 1 << 26,  /* final (E11): no estimator may change it */
};

/* A value that others may be estimated from. */
#define MW_VEE_UNUSABLE                                                                            \
    (MW_VEE_MISSING | MW_VEE_SUSPECT | MW_VEE_ESTIMATED | MW_VEE_OUTAGE | MW_VEE_PARTIAL |         \
     MW_VEE_CLOCK_UNSET | MW_VEE_MEASURE_ERROR)

/* Raw counts x pulse weight x CT x VT x gas conversion, as exact fractions in order. */
#define MW_VEE_CHAIN_MAX 6
typedef struct mw_vee_factor {
    int64_t num, den; /* both > 0 */
} mw_vee_factor;

typedef struct mw_vee_chain {
    mw_vee_factor factor[MW_VEE_CHAIN_MAX];
    uint8_t n; /* 0 = one count is one unit */
} mw_vee_chain;

/* raw counts in the series' unit, rounded half away from 0 once, after the last factor. MW_RANGE:
 * a factor <= 0, too many of them, or a result or intermediate beyond its type. */
MW_NODISCARD mw_status mw_vee_chain_apply(const mw_vee_chain *c, int64_t raw, int64_t *out_value);

typedef struct mw_vee_register {
    uint32_t index; /* boundary, 0..n */
    uint8_t rate;   /* 0 = total, 1.. = the register of that tariff rate */
    bool initial;   /* first reading of a newly fitted meter: no difference reaches across it */
    int64_t value;  /* raw counts as displayed */
} mw_vee_register;

typedef enum mw_vee_step {
    MW_VEE_STEP_OK,
    MW_VEE_STEP_ROLLOVER,  /* passed the highest reading; the difference is right */
    MW_VEE_STEP_FAST,      /* more than the meter can pass in the time: corrupt or exchanged */
    MW_VEE_STEP_BACKWARDS, /* fell without rollover: backflow or an unrecorded exchange */
    MW_VEE_STEP_RESET,     /* restarted near 0 */
} mw_vee_step;

/* What the meter and the contract allow; 0 = not known. */
typedef struct mw_vee_limits {
    int64_t max_per_hour;      /* highest consumption by meter class (Qmax, Imax) in an hour */
    int64_t contract_per_hour; /* highest by contract in an hour */
} mw_vee_limits;

/* A local day. Its intervals are 92, 96 or 100 quarter-hours; a clock change inside moves the slots
 * after it: slot = position + (position >= shift_at ? shift : 0), so spring has shift > 0. */
typedef struct mw_vee_day {
    uint32_t first; /* index of its first interval */
    uint16_t n;     /* intervals in the series; an edge day may be cut */
    uint16_t slot0; /* slot of its first interval, not 0 when the day is cut at the front */
    uint16_t slots; /* slots of an ordinary day */
    uint16_t shift_at;
    int16_t shift;
    uint8_t weekday;        /* 0 = Monday */
    bool holiday;           /* treated as a Sunday */
    int32_t temperature_cc; /* mean in 0.01 degrees C, MW_VEE_NO_TEMPERATURE when not known */
} mw_vee_day;
#define MW_VEE_NO_TEMPERATURE INT32_MIN

typedef enum mw_vee_medium {
    MW_VEE_ELECTRICITY,
    MW_VEE_WATER,
    MW_VEE_GAS,
    MW_VEE_HEAT
} mw_vee_medium;
typedef enum mw_vee_class { MW_VEE_RESIDENTIAL, MW_VEE_COMMERCIAL, MW_VEE_CLASSES } mw_vee_class;

/* Another value that came for an interval already present (V04). */
typedef struct mw_vee_duplicate {
    uint32_t index;
    uint32_t flags;
    int64_t value;
} mw_vee_duplicate;

typedef struct mw_vee_phases {
    int32_t millivolt[3];
    int32_t milliampere[3];
} mw_vee_phases;

#define MW_VEE_SIBLINGS_MAX 8

typedef struct mw_vee_series {
    mw_utc start;
    uint32_t seconds; /* length of an interval, > 0 */
    uint32_t n, first;
    mw_vee_medium medium;
    const int64_t *value;  /* n, in the smallest unit of the channel */
    const uint32_t *flags; /* n */
    const uint8_t *rate;   /* n tariff rates, or NULL */
    const mw_vee_day *day; /* ascending, covering 0..n; needed by rules and estimators by day */
    uint32_t days;
    const mw_vee_register *reg; /* by rate, then by index */
    uint32_t regs;
    uint8_t register_digits; /* 1..18: wraps at 10^digits */
    mw_vee_chain chain;
    mw_vee_limits limits;
    /* What only some rules need; absent is 0 or NULL. */
    int64_t clock_offset_ms;              /* V01 */
    uint64_t identity, identity_expected; /* V02: a hash of id, serial and configuration */
    const mw_vee_duplicate *duplicate;    /* V04 */
    uint32_t duplicates;
    const uint32_t *sibling[MW_VEE_SIBLINGS_MAX]; /* V17: n flags of each other channel */
    uint32_t siblings;
    const int64_t *reactive;     /* V18: n values of reactive energy */
    const mw_vee_phases *phases; /* V18: n */
} mw_vee_series;

/* Limits and ascending order of all parts. MW_RANGE or MW_LIMIT; every other function of this
 * folder relies on it and is undefined on a series that fails. */
MW_NODISCARD mw_status mw_vee_series_check(const mw_vee_series *s);
/* Largest consumption between two boundaries by limits.max_per_hour x ppm; INT64_MAX if not known.
 */
int64_t mw_vee_limit_of(const mw_vee_series *s, uint32_t intervals, int64_t per_hour, int64_t ppm);
/* The difference of two readings in the series' unit, however the step is classed (negative for
 * BACKWARDS; from 0 for RESET). Accepted at most 1.1 x max_per_hour; when that is not known, a
 * rollover must go from the last tenth of the display to the first. MW_RANGE by the chain. */
MW_NODISCARD mw_status mw_vee_register_step(const mw_vee_series *s, const mw_vee_register *a,
                                            const mw_vee_register *b, int64_t *out_difference,
                                            mw_vee_step *out_step);
/* One count of the register in the series' unit, at least 1. */
int64_t mw_vee_lsb(const mw_vee_series *s);
/* a / b in ppm, saturated; b = 0 gives 0 for a = 0 and INT64_MAX else. Signs: both >= 0. */
int64_t mw_vee_ratio_ppm(int64_t a, int64_t b);
/* a x b / c rounded down, saturated; c > 0. */
int64_t mw_vee_muldiv(int64_t a, int64_t b, int64_t c);

/* Offset from UTC from a moment on; the first entry's `at` may be anything before the series. */
typedef struct mw_vee_offset {
    mw_utc at;
    int32_t seconds;
} mw_vee_offset;

/* Cuts the series' span into local days; an offset may change once a day, on an interval boundary.
 * No holiday and no temperature is set. MW_SPACE: more than room days. MW_RANGE: no offset, or a
 * day is not a whole number of intervals. */
MW_NODISCARD mw_status mw_vee_days_make(const mw_vee_series *s, const mw_vee_offset *offset,
                                        uint32_t offsets, mw_vee_day *out_day, uint32_t room,
                                        uint32_t *out_days);
/* The day that holds interval i, or days when none does. */
uint32_t mw_vee_day_of(const mw_vee_series *s, uint32_t i);
unsigned mw_vee_slot_of(const mw_vee_day *d, uint32_t i);
/* The interval of a day's slot; n of the series when the day has none (spring, or cut). The first
 * of the two of a repeated hour. */
uint32_t mw_vee_interval_of(const mw_vee_series *s, const mw_vee_day *d, unsigned slot);
/* How like a candidate day is to a day by weekday: 0 same, 1 and 2 the substitutes in order, -1
 * not. Mon:Mon; Tue:Tue,Wed,Thu; Wed:Wed,Tue,Thu; Thu:Thu,Wed,Tue; Fri:Fri; Sat:Sat; Sun:Sun; a
 * holiday is a Sunday (Western Australia metering code 2012, appendix 3, method 14). */
int mw_vee_likeness(const mw_vee_day *day, const mw_vee_day *candidate);

#endif
