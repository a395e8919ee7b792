/* SPDX-License-Identifier: Apache-2.0
 *
 * A tariff calendar on its way to a meter, small enough for the downlink: only what differs from a
 * calendar that the meter has, programs as runs of half-hours.
 *
 *   u32 checksum of the calendar that it makes | u32 from when, SMP seconds, 0: at once
 *   | u32 checksum of the calendar that it changes, 0: mw_tariff_calendar_init | items
 *
 * little endian. An item begins with a byte, its kind in the upper three bits and n below:
 *
 *   0 name       n 0..8 characters
 *   1 clock      i8 offset, quarters of an hour | u8 summer time, min | begin, end: u8 month, u8 week,
 *                u8 weekday, u8 UTC hour
 *   2 season n   u8 month, 0x80: workdays are alike | u8 day | program u8 x 7, or workday, Saturday,
 *                Sunday; n is at most the number of seasons so far
 *   3 program n  runs until 48 half-hours are full: upper three bits tariff, below length - 1
 *   4 seasons    the first n stay
 *   5 programs   the first n + 1 stay
 *   6 specials   n 0: the first u8 stay
 *     program    n 1: u8 its number, then as in the calendar: for programs of more than 24 runs
 *   7 specials   n + 1 of u24 more: year since 2000 (0: every) 8 | month 4 | day 5 | program 5 bits,
 *                from the lowest: program, day, month, year
 *
 * The meter takes the result whole or not at all: it must be a calendar, with that checksum.
 */
#ifndef MW_PROTOCOLS_TARIFF_SCHEDULE_H
#define MW_PROTOCOLS_TARIFF_SCHEDULE_H

#include "protocols/tariff/calendar.h"

/* The longest: every item of the fullest calendar. */
#define MW_TARIFF_SCHEDULE_MAX                                                                     \
    (12 + 9 + 11 + 1 + MW_TARIFF_PROGRAMS_MAX * 26 + 1 + MW_TARIFF_SEASONS_MAX * 10 + 2 + 2 +      \
     MW_TARIFF_SPECIALS_MAX * 3)

typedef struct mw_tariff_schedule_head {
    uint32_t checksum, from_s, base;
} mw_tariff_schedule_head;

/* What turns `base` (NULL: the one of mw_tariff_calendar_init) into `to`. MW_RANGE: `to` is not
 * possible, or has a special day of a year outside 2001..2255; MW_SPACE. */
MW_NODISCARD mw_status mw_tariff_schedule_encode(const mw_tariff_calendar *base,
                                                 const mw_tariff_calendar *to, uint32_t from_s,
                                                 mw_span out, size_t *out_n);
/* MW_SHORT. */
MW_NODISCARD mw_status mw_tariff_schedule_head_of(mw_slice in, mw_tariff_schedule_head *out_head);
/* `has`: the calendar in force. MW_STATE: it is not the one that is changed; MW_SYNTAX: damaged;
 * MW_RANGE: no possible calendar. *out may be `has`. */
MW_NODISCARD mw_status mw_tariff_schedule_decode(mw_slice in, const mw_tariff_calendar *has,
                                                 mw_tariff_calendar *out, uint32_t *out_from_s);

#endif
