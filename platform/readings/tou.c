/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/readings/tou.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOLIDAY      0x80u
#define ALL_DAYS     0xffu
#define DAY_OF(m, d) ((uint16_t)((m)*32 + (d)))

/* ---- which tariff ---- */

static int by_day(const void *a, const void *b) {
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return x < y ? -1 : x > y;
}

/* The bits of a local day: its weekday, or only that it is a holiday. */
static uint8_t day_bits(const mw_tou *tou, int64_t day) {
    int32_t key = (int32_t)day;
    if (bsearch(&key, tou->holiday, tou->holidays, sizeof key, by_day) != NULL)
        return HOLIDAY;
    return (uint8_t)(1u << mw_weekday_of_days(day));
}

static bool in_season(const mw_tou_zone *z, int64_t day) {
    int32_t year = 0;
    uint8_t month = 0, d = 0;
    mw_date_of_days(day, &year, &month, &d);
    uint16_t at = DAY_OF(month, d);
    return z->from_day <= z->to_day ? at >= z->from_day && at <= z->to_day
                                    : at >= z->from_day || at <= z->to_day;
}

static bool starts_on(const mw_tou *tou, const mw_tou_zone *z, int64_t day) {
    return (z->days & day_bits(tou, day)) != 0 && in_season(z, day);
}

static bool matches(const mw_tou *tou, const mw_tou_zone *z, int64_t day, unsigned minute) {
    if (z->from_minute < z->to_minute)
        return minute >= z->from_minute && minute < z->to_minute && starts_on(tou, z, day);
    return (minute >= z->from_minute && starts_on(tou, z, day)) ||
           (minute < z->to_minute && starts_on(tou, z, day - 1));
}

uint8_t mw_tou_tariff(const mw_tou *tou, const mw_zone *zone, mw_utc at) {
    int64_t day = mw_zone_local_day(zone, at, &(int32_t){0});
    /* The clock's minute, not the time since midnight: on days of 23 and 25 hours they differ. */
    int64_t clock = mw_utc_floor_s(at) + mw_zone_offset_s(zone, at);
    unsigned minute = (unsigned)((clock % 86400 + 86400) % 86400 / 60);
    for (size_t i = tou->zones; i-- > 1;)
        if (matches(tou, &tou->zone[i], day, minute))
            return tou->zone[i].tariff;
    return tou->zone[0].tariff;
}

/* ---- decoding ---- */

static mw_status bad(mw_json_error *error, size_t zone, const char *what) {
    snprintf(error->text, sizeof error->text, "zone %zu: %s", zone + 1, what);
    return MW_SYNTAX;
}

/* Two digits at s. */
static bool two(const char *s, unsigned *out) {
    if (s[0] < '0' || s[0] > '9' || s[1] < '0' || s[1] > '9')
        return false;
    *out = (unsigned)((s[0] - '0') * 10 + (s[1] - '0'));
    return true;
}

/* "17:30" as minutes, "24:00" is the end of the day. */
static bool minute_of(const char *text, uint16_t *out) {
    unsigned hour = 0, minute = 0;
    if (strlen(text) != 5 || text[2] != ':' || !two(text, &hour) || !two(text + 3, &minute) ||
        hour > 24 || minute > 59 || (hour == 24 && minute != 0))
        return false;
    *out = (uint16_t)(hour * 60 + minute);
    return true;
}

static bool month_day_of(const char *text, uint16_t *out) {
    static const uint8_t most[13] = {0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    unsigned month = 0, day = 0;
    if (strlen(text) != 5 || text[2] != '-' || !two(text, &month) || !two(text + 3, &day) ||
        month < 1 || month > 12 || day < 1 || day > most[month])
        return false;
    *out = DAY_OF(month, day);
    return true;
}

static const char day_names[][4] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun", "hol"};

static bool day_name(const char **text, unsigned *out) {
    for (unsigned i = 0; i < 8; i++)
        if (strncmp(*text, day_names[i], 3) == 0) {
            *text += 3;
            *out = i;
            return true;
        }
    return false;
}

/* "mon-fri hol" */
static bool days_of(const char *text, uint8_t *out) {
    unsigned bits = 0;
    while (*text != 0) {
        unsigned from = 0, to = 0;
        if (!day_name(&text, &from))
            return false;
        to = from;
        if (*text == '-') {
            text++;
            if (!day_name(&text, &to) || to < from || to == 7)
                return false;
        }
        for (unsigned i = from; i <= to; i++)
            bits |= 1u << i;
        if (*text == ' ')
            text++;
        else if (*text != 0)
            return false;
    }
    *out = (uint8_t)bits;
    return bits != 0;
}

/* A member that may be absent: NULL then. */
static mw_status optional_text(const json_t *o, const char *key, const char **out,
                               mw_json_error *error) {
    mw_status s = mw_json_get_text(o, key, 64, out, error);
    if (s == MW_NOT_FOUND) {
        error->text[0] = 0;
        *out = NULL;
    }
    return s == MW_NOT_FOUND ? MW_OK : s;
}

static mw_status season_take(const json_t *o, size_t i, mw_tou_zone *z, mw_json_error *error) {
    json_t *season = json_object_get(o, "season");
    if (season == NULL)
        return MW_OK;
    const char *from = json_string_value(json_array_get(season, 0));
    const char *to = json_string_value(json_array_get(season, 1));
    if (json_array_size(season) != 2 || from == NULL || to == NULL ||
        !month_day_of(from, &z->from_day) || !month_day_of(to, &z->to_day))
        return bad(error, i, "\"season\" is two dates such as \"12-01\"");
    return MW_OK;
}

static mw_status zone_take(const json_t *o, size_t i, mw_tou *tou, mw_json_error *error) {
    static const char *const known[] = {"tariff", "days", "season", "from", "to", NULL};
    mw_tou_zone z = {.days = ALL_DAYS, .from_day = 0, .to_day = UINT16_MAX, .to_minute = 1440};
    int64_t tariff = 0;
    const char *days = NULL, *from = NULL, *to = NULL;
    if (!json_is_object(o))
        return bad(error, i, "not an object");
    MW_TRY(mw_json_only(o, known, error));
    MW_TRY(mw_json_get_int(o, "tariff", 1, tou->tariffs, &tariff, error));
    MW_TRY(optional_text(o, "days", &days, error));
    MW_TRY(optional_text(o, "from", &from, error));
    MW_TRY(optional_text(o, "to", &to, error));
    MW_TRY(season_take(o, i, &z, error));
    if (days != NULL && !days_of(days, &z.days))
        return bad(error, i, "\"days\" is made of mon tue wed thu fri sat sun hol");
    if ((from != NULL && (!minute_of(from, &z.from_minute) || z.from_minute == 1440)) ||
        (to != NULL && !minute_of(to, &z.to_minute)))
        return bad(error, i, "\"from\" and \"to\" are times such as \"17:30\"");
    z.tariff = (uint8_t)tariff;
    bool always = z.days == ALL_DAYS && z.from_day == 0 && z.from_minute == 0 &&
                  z.to_minute == 1440 && z.to_day == UINT16_MAX;
    if (i == 0 && !always)
        return bad(error, i, "the first one must hold always");
    tou->zone[i] = z;
    return MW_OK;
}

static mw_status holidays_take(const json_t *root, mw_tou *tou, mw_json_error *error) {
    json_t *list = json_object_get(root, "holidays");
    if (list == NULL)
        return MW_OK;
    if (!json_is_array(list) || json_array_size(list) > MW_TOU_HOLIDAYS_MAX) {
        snprintf(error->text, sizeof error->text, "\"holidays\" is an array of at most %d dates",
                 MW_TOU_HOLIDAYS_MAX);
        return MW_SYNTAX;
    }
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item) {
        const char *text = json_string_value(item);
        char moment[32];
        mw_utc t;
        snprintf(moment, sizeof moment, "%.10sT00:00:00Z", text != NULL ? text : "");
        if (text == NULL || strlen(text) != 10 ||
            mw_utc_parse(mw_slice_of_str(moment), &t) != MW_OK) {
            snprintf(error->text, sizeof error->text, "holiday %zu is not a date", i + 1);
            return MW_SYNTAX;
        }
        tou->holiday[tou->holidays++] = (int32_t)(mw_utc_floor_s(t) / 86400);
    }
    qsort(tou->holiday, tou->holidays, sizeof tou->holiday[0], by_day);
    return MW_OK;
}

static mw_status root_take(const json_t *root, mw_tou *tou, mw_json_error *error) {
    static const char *const known[] = {"name", "tariffs", "zones", "holidays", NULL};
    const char *name = "";
    int64_t tariffs = 0;
    json_t *zones = NULL, *zone;
    size_t i;
    MW_TRY(mw_json_only(root, known, error));
    MW_TRY(mw_json_get_text(root, "name", MW_TOU_NAME_MAX - 1, &name, error));
    MW_TRY(mw_json_get_int(root, "tariffs", 1, MW_TOU_TARIFFS_MAX, &tariffs, error));
    MW_TRY(mw_json_get_array(root, "zones", MW_TOU_ZONES_MAX, &zones, error));
    snprintf(tou->name, sizeof tou->name, "%s", name);
    tou->tariffs = (uint8_t)tariffs;
    tou->zones = json_array_size(zones);
    if (tou->zones == 0) {
        snprintf(error->text, sizeof error->text, "\"zones\" is empty");
        return MW_SYNTAX;
    }
    json_array_foreach(zones, i, zone) MW_TRY(zone_take(zone, i, tou, error));
    return holidays_take(root, tou, error);
}

mw_status mw_tou_decode(mw_slice json, mw_tou *out_tou, mw_json_error *error) {
    mw_tou tou = {0};
    json_t *root = NULL;
    error->text[0] = 0;
    mw_json_limits limits = {.bytes_max = MW_TOU_BYTES_MAX, .depth_max = 4};
    MW_TRY(mw_json_parse(json, limits, &root, error));
    mw_status s = MW_SYNTAX;
    if (json_is_object(root))
        s = root_take(root, &tou, error);
    else
        snprintf(error->text, sizeof error->text, "not a JSON object");
    json_decref(root);
    if (s == MW_OK)
        *out_tou = tou;
    return s == MW_NOT_FOUND ? MW_SYNTAX : s;
}
