/* SPDX-License-Identifier: Apache-2.0
 *
 * Time of use: which tariff a moment belongs to, by the local calendar of the usage point.
 *
 *   {"name": "two rates", "tariffs": 2,
 *    "zones": [{"tariff": 1},
 *              {"tariff": 2, "from": "22:00", "to": "06:00"},
 *              {"tariff": 2, "days": "sat sun hol"},
 *              {"tariff": 1, "season": ["12-01", "02-28"], "days": "mon-fri",
 *               "from": "17:00", "to": "20:30"}],
 *    "holidays": ["2026-12-25"]}
 *
 * The last zone that matches counts, so a map reads from the general to the special; the first one
 * must match always. Times are minutes of the local clock; a zone whose end is not after its start
 * goes over midnight and belongs, as a whole, to the day on which it starts. Every moment has
 * exactly one tariff, on days of 23, 24 and 25 hours alike.
 */
#ifndef MW_PLATFORM_READINGS_TOU_H
#define MW_PLATFORM_READINGS_TOU_H

#include "platform/readings/timezone.h"
#include "runtime/json_read.h"

enum {
    MW_TOU_TARIFFS_MAX = 8,
    MW_TOU_ZONES_MAX = 64,
    MW_TOU_HOLIDAYS_MAX = 256,
    MW_TOU_NAME_MAX = 64,
    MW_TOU_BYTES_MAX = 16384,
};

typedef struct mw_tou_zone {
    uint8_t tariff;    /* 1..tariffs */
    uint8_t days;      /* bit 0 Monday .. bit 6 Sunday, bit 7 holidays */
    uint16_t from_day; /* month * 32 + day, inclusive; from > to goes over the new year */
    uint16_t to_day;
    uint16_t from_minute; /* 0..1439 */
    uint16_t to_minute;   /* 1..1440, exclusive; <= from_minute goes over midnight */
} mw_tou_zone;

typedef struct mw_tou {
    char name[MW_TOU_NAME_MAX];
    uint8_t tariffs;
    size_t zones;
    mw_tou_zone zone[MW_TOU_ZONES_MAX];
    size_t holidays;
    int32_t holiday[MW_TOU_HOLIDAYS_MAX]; /* local days since 1970-01-01, ascending */
} mw_tou;

/* MW_SYNTAX, MW_RANGE, MW_LIMIT with error in words. */
MW_NODISCARD mw_status mw_tou_decode(mw_slice json, mw_tou *out_tou, mw_json_error *error);

/* 1..tou->tariffs */
uint8_t mw_tou_tariff(const mw_tou *tou, const mw_zone *zone, mw_utc at);

#endif
