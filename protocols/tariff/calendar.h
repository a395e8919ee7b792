/* SPDX-License-Identifier: Apache-2.0
 *
 * Which tariff holds at a moment: the activity calendar of electricity meters, which the platform
 * sends and the meters keep.
 *
 *   special day? -> its program
 *   else season that began last -> its week -> program of the weekday
 *   program -> 48 half-hour zones of the local day -> tariff 0..7
 *
 * The catalogue's table: 8 tariffs, 24 schedules of programs for the 7 days of the week, 32 daily
 * programs of 48 half-hours. COSEM shows it as season_profile, week_profile_table and
 * day_profile_table of class 20 and as class 11 (IEC 62056-6-2, 4.5.5 and 4.5.6).
 *
 * Time is UTC; zones follow local time: in spring the hour that does not exist is skipped, in autumn
 * the hour that comes twice has its tariffs twice. After a power failure the tariff is what the
 * calendar says now; nothing is replayed.
 *
 *   byte form, little endian, MW_TARIFF_CALENDAR_MAX at most:
 *     u8 version 1 | u8 name[8] | i16 offset_min | u8 dst_min | dst begin, end: u8 month, u8 week,
 *     u8 weekday, u8 utc_hour | u8 seasons | u8 programs | u8 specials
 *     | seasons x { u8 month, u8 day, u8 program[7] }
 *     | programs x 24 bytes, zone 2k in the low half of byte k
 *     | specials x { u16 year, u8 month, u8 day, u8 program } | u32 CRC-32 of all before
 */
#ifndef MW_PROTOCOLS_TARIFF_CALENDAR_H
#define MW_PROTOCOLS_TARIFF_CALENDAR_H

#include "base/bytes.h"
#include "base/time.h"

#define MW_TARIFFS             8
#define MW_TARIFF_SEASONS_MAX  24
#define MW_TARIFF_PROGRAMS_MAX 32
#define MW_TARIFF_SPECIALS_MAX 64
#define MW_TARIFF_ZONES        48
#define MW_TARIFF_ZONE_S       1800
#define MW_TARIFF_CALENDAR_MAX (23 + 24 * 9 + 32 * 24 + 64 * 5 + 4)

typedef struct mw_tariff_season {
    uint8_t month, day; /* it begins; 29 February begins on 1 March of other years */
    uint8_t program[7]; /* Monday .. Sunday */
} mw_tariff_season;

typedef struct mw_tariff_special {
    uint16_t year; /* 0: every year */
    uint8_t month, day;
    uint8_t program;
} mw_tariff_special;

/* The week of a month on whose weekday the clock changes. */
typedef struct mw_tariff_change {
    uint8_t month;    /* 1..12 */
    uint8_t week;     /* 1..4 from the start, 5 the last */
    uint8_t weekday;  /* 0 Monday .. 6 Sunday */
    uint8_t utc_hour; /* 0..23 of that date */
} mw_tariff_change;

typedef struct mw_tariff_calendar {
    char name[8];       /* as the utility calls it; not necessarily terminated */
    int16_t offset_min; /* of local standard time from UTC, -720..840, whole quarters of an hour */
    uint8_t dst_min;    /* summer time is this much later: 0 (none), 30 or 60 */
    mw_tariff_change dst_begin, dst_end;
    uint8_t seasons, programs, specials; /* 1.., 1.., 0.. */
    mw_tariff_season season[MW_TARIFF_SEASONS_MAX];
    uint8_t program[MW_TARIFF_PROGRAMS_MAX][MW_TARIFF_ZONES / 2];
    mw_tariff_special special[MW_TARIFF_SPECIALS_MAX];
} mw_tariff_calendar;

typedef struct mw_tariff_local {
    int64_t day;    /* since 1970-01-01, local */
    int32_t second; /* of the local day, 0..86,399 */
    bool summer;
} mw_tariff_local;

/* One tariff around the clock, UTC: what a meter has before anyone programs it. */
void mw_tariff_calendar_init(mw_tariff_calendar *c);
/* MW_RANGE when a field, a reference or a date is not possible; a calendar is taken whole or not
 * at all. */
MW_NODISCARD mw_status mw_tariff_calendar_check(const mw_tariff_calendar *c);

mw_tariff_local mw_tariff_calendar_local(const mw_tariff_calendar *c, mw_utc t);
/* The tariff at a moment, 0..7: every moment has exactly one. */
uint8_t mw_tariff_calendar_tariff(const mw_tariff_calendar *c, mw_utc t);
/* When the zone of this moment ends; the tariff does not change before. */
mw_utc mw_tariff_calendar_until(const mw_tariff_calendar *c, mw_utc t);
/* The program of a local day. */
uint8_t mw_tariff_calendar_program(const mw_tariff_calendar *c, int64_t day);

void mw_tariff_program_set(uint8_t program[MW_TARIFF_ZONES / 2], unsigned zone, uint8_t tariff);
uint8_t mw_tariff_program_get(const uint8_t program[MW_TARIFF_ZONES / 2], unsigned zone);

/* MW_SPACE as mw_writer. */
MW_NODISCARD mw_status mw_tariff_calendar_encode(const mw_tariff_calendar *c, mw_span out,
                                                 size_t *out_n);
/* MW_SYNTAX (length, CRC), MW_UNSUPPORTED (version), MW_RANGE as mw_tariff_calendar_check. */
MW_NODISCARD mw_status mw_tariff_calendar_decode(mw_slice in, mw_tariff_calendar *out);

/* The CRC-32 that ends the byte form: calendars are the same when it is. */
uint32_t mw_tariff_calendar_checksum(const mw_tariff_calendar *c);

#endif
