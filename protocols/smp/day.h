/* SPDX-License-Identifier: Apache-2.0
 *
 * The day object: an absolute register at an hour boundary and the n hourly values before it
 * (n = 24 for a day, fewer for a meter that reports more often, up to 48), without loss.
 *
 * Hours are the meter's own grid: whole UTC hours moved by 0, 15, 30 or 45 minutes, so that local
 * days begin on the grid everywhere. Hour number h is the moment
 *   MW_SMP_EPOCH + h * 3600 s + grid * 900 s.
 * Hour i of the object (0 = first) runs from end_hour - hours + i for one hour. The register at
 * the end of the last hour is sent; earlier ones follow by subtraction (mw_smp_day_register_at).
 *
 * Hourly values go through an adaptive binary arithmetic coder (docs/spec/smp.md, section 6): a
 * water day takes about 8 to 14 bytes, an electricity day in Wh about 36. A day that does not fit
 * its frame is cut with mw_smp_day_fit and mw_smp_day_split into parts that are day objects
 * themselves.
 */
#ifndef MW_PROTOCOLS_SMP_DAY_H
#define MW_PROTOCOLS_SMP_DAY_H

#include "base/time.h"

#define MW_SMP_HOURS_MAX 48
/* 2020-01-01T00:00:00Z: the zero of hour numbers and of SMP seconds. */
#define MW_SMP_EPOCH_S INT64_C(1577836800)
/* 20 bits of hours end in 2139. */
#define MW_SMP_HOUR_MAX UINT32_C(0xFFFFF)
/* The longest body; values that need more are refused, and the day is split. */
#define MW_SMP_DAY_MAX 255

/* How far the meter trusts its clock. */
typedef enum mw_smp_clock {
    MW_SMP_CLOCK_SET,    /* set, and drift since then is within the meter's limit */
    MW_SMP_CLOCK_UNSURE, /* set, but so long ago or after such an outage that it may be off */
    MW_SMP_CLOCK_UNSET,  /* never set: the hour number only orders */
    MW_SMP_CLOCK_STEPPED /* set by more than the slewing limit during these hours */
} mw_smp_clock;

/* Status flags: conditions that hold at the end of the last hour or arose within the hours. */
#define MW_SMP_STATUS_LEAK         0x0001u /* flow never stopped for a day */
#define MW_SMP_STATUS_BURST        0x0002u
#define MW_SMP_STATUS_REVERSE      0x0004u
#define MW_SMP_STATUS_TAMPER       0x0008u /* cover or case opened, meter removed */
#define MW_SMP_STATUS_MAGNET       0x0010u
#define MW_SMP_STATUS_LOW_BATTERY  0x0020u
#define MW_SMP_STATUS_FROST        0x0040u
#define MW_SMP_STATUS_SENSOR       0x0080u /* sensor or line fault: values may be too small */
#define MW_SMP_STATUS_POWER_LOST   0x0100u /* the meter was without power for a time */
#define MW_SMP_STATUS_ARCHIVE_GAP  0x0200u /* stored hours were lost */
#define MW_SMP_STATUS_REGISTER_SET 0x0400u /* the register was given a new value by service */
#define MW_SMP_STATUS_NO_FLOW      0x0800u

typedef struct mw_smp_day {
    uint8_t channel;
    mw_smp_clock clock;
    uint8_t grid;       /* quarters of an hour after the UTC hour, 0..3 */
    uint8_t hours;      /* how many values, 0..48; 0: the register alone */
    uint16_t status;    /* MW_SMP_STATUS_* */
    uint64_t disturbed; /* bit i: hour i is incomplete (outage, clock step); its value is a part */
    uint32_t end_hour;  /* hour number of the end of the last hour, 0..MW_SMP_HOUR_MAX */
    int64_t reg;        /* register there, in the channel's smallest unit, >= 0 */
    int64_t value[MW_SMP_HOURS_MAX]; /* counts within hour i, >= 0 */
} mw_smp_day;

/* The body of a day object, at most room bytes. MW_SPACE when it does not fit room or out;
 * MW_RANGE for a field outside its range. */
MW_NODISCARD mw_status mw_smp_day_encode(const mw_smp_day *day, size_t room, mw_span out,
                                         size_t *out_size);
/* Bytes after the last one the coder needs are ignored. MW_SHORT when the fixed fields are cut
 * off, MW_RANGE for a value beyond 63 bits or more than 48 hours. */
MW_NODISCARD mw_status mw_smp_day_decode(mw_slice body, mw_smp_day *out_day);

/* Bits of an encoded day before rounding to bytes; 0 when a field is out of range. */
size_t mw_smp_day_bits(const mw_smp_day *day);
/* How many of the first hours fit room bytes as a day object of their own. MW_SPACE when not one
 * does (registers below 2^40 and hours below 2^32 always fit 18 bytes one by one). */
MW_NODISCARD mw_status mw_smp_day_fit(const mw_smp_day *day, size_t room, unsigned *out_hours);
/* Cuts after the first `first` hours: both parts are complete days with their own absolute
 * registers. MW_RANGE unless 0 < first < hours, or when the register is smaller than its values. */
MW_NODISCARD mw_status mw_smp_day_split(const mw_smp_day *day, unsigned first,
                                        mw_smp_day *out_first, mw_smp_day *out_last);
/* Register at the beginning of hour i (i = hours: at the end). MW_RANGE beyond that, or when the
 * register is smaller than the values after it. */
MW_NODISCARD mw_status mw_smp_day_register_at(const mw_smp_day *day, unsigned i, int64_t *out_reg);

/* The moment of an hour number on a grid, and the number of the hour boundary at or before t. */
mw_utc mw_smp_utc_of_hour(uint32_t hour, uint8_t grid);
/* MW_RANGE before the epoch, after the last hour, or for a grid above 3. */
MW_NODISCARD mw_status mw_smp_hour_of_utc(mw_utc t, uint8_t grid, uint32_t *out_hour);

#endif
