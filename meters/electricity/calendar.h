/* SPDX-License-Identifier: Apache-2.0
 *
 * Which tariff holds at a moment: the activity calendar of the electricity meters.
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
 *   byte form, little endian, MW_ELECTRIC_CALENDAR_MAX at most:
 *     u8 version 1 | u8 name[8] | i16 offset_min | u8 dst_min | dst begin, end: u8 month, u8 week,
 *     u8 weekday, u8 utc_hour | u8 seasons | u8 programs | u8 specials
 *     | seasons x { u8 month, u8 day, u8 program[7] }
 *     | programs x 24 bytes, zone 2k in the low half of byte k
 *     | specials x { u16 year, u8 month, u8 day, u8 program } | u32 CRC-32 of all before
 */
#ifndef MW_METERS_ELECTRICITY_CALENDAR_H
#define MW_METERS_ELECTRICITY_CALENDAR_H

#include "base/bytes.h"
#include "base/time.h"

#define MW_ELECTRIC_TARIFFS      8
#define MW_ELECTRIC_SEASONS_MAX  24
#define MW_ELECTRIC_PROGRAMS_MAX 32
#define MW_ELECTRIC_SPECIALS_MAX 64
#define MW_ELECTRIC_ZONES        48
#define MW_ELECTRIC_ZONE_S       1800
#define MW_ELECTRIC_CALENDAR_MAX (23 + 24 * 9 + 32 * 24 + 64 * 5 + 4)

typedef struct mw_electric_season {
    uint8_t month, day; /* it begins; 29 February begins on 1 March of other years */
    uint8_t program[7]; /* Monday .. Sunday */
} mw_electric_season;

typedef struct mw_electric_special {
    uint16_t year; /* 0: every year */
    uint8_t month, day;
    uint8_t program;
} mw_electric_special;

/* The week of a month on whose weekday the clock changes. */
typedef struct mw_electric_change {
    uint8_t month;    /* 1..12 */
    uint8_t week;     /* 1..4 from the start, 5 the last */
    uint8_t weekday;  /* 0 Monday .. 6 Sunday */
    uint8_t utc_hour; /* 0..23 of that date */
} mw_electric_change;

typedef struct mw_electric_calendar {
    char name[8];       /* as the utility calls it; not necessarily terminated */
    int16_t offset_min; /* of local standard time from UTC, -720..840, whole quarters of an hour */
    uint8_t dst_min;    /* summer time is this much later: 0 (none), 30 or 60 */
    mw_electric_change dst_begin, dst_end;
    uint8_t seasons, programs, specials; /* 1.., 1.., 0.. */
    mw_electric_season season[MW_ELECTRIC_SEASONS_MAX];
    uint8_t program[MW_ELECTRIC_PROGRAMS_MAX][MW_ELECTRIC_ZONES / 2];
    mw_electric_special special[MW_ELECTRIC_SPECIALS_MAX];
} mw_electric_calendar;

typedef struct mw_electric_local {
    int64_t day;    /* since 1970-01-01, local */
    int32_t second; /* of the local day, 0..86,399 */
    bool summer;
} mw_electric_local;

/* One tariff around the clock, UTC: what a meter has before anyone programs it. */
void mw_electric_calendar_init(mw_electric_calendar *c);
/* MW_RANGE when a field, a reference or a date is not possible; a calendar is taken whole or not
 * at all. */
MW_NODISCARD mw_status mw_electric_calendar_check(const mw_electric_calendar *c);

mw_electric_local mw_electric_calendar_local(const mw_electric_calendar *c, mw_utc t);
/* The tariff at a moment, 0..7: every moment has exactly one. */
uint8_t mw_electric_calendar_tariff(const mw_electric_calendar *c, mw_utc t);
/* When the zone of this moment ends; the tariff does not change before. */
mw_utc mw_electric_calendar_until(const mw_electric_calendar *c, mw_utc t);
/* The program of a local day. */
uint8_t mw_electric_calendar_program(const mw_electric_calendar *c, int64_t day);

void mw_electric_program_set(uint8_t program[MW_ELECTRIC_ZONES / 2], unsigned zone, uint8_t tariff);
uint8_t mw_electric_program_get(const uint8_t program[MW_ELECTRIC_ZONES / 2], unsigned zone);

/* MW_SPACE as mw_writer. */
MW_NODISCARD mw_status mw_electric_calendar_encode(const mw_electric_calendar *c, mw_span out,
                                                   size_t *out_n);
/* MW_SYNTAX (length, CRC), MW_UNSUPPORTED (version), MW_RANGE as mw_electric_calendar_check. */
MW_NODISCARD mw_status mw_electric_calendar_decode(mw_slice in, mw_electric_calendar *out);

#endif
