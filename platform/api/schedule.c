/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/api/schedule.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "protocols/tariff/schedule.h"

enum { TIME_TEXT = 5, DAY_TEXT = 5, DATE_TEXT = 10 };

static mw_status complain(mw_json_error *e, const char *text) {
    snprintf(e->text, sizeof e->text, "%s", text);
    return MW_RANGE;
}

static mw_status small_int(const json_t *object, const char *key, int64_t min, int64_t max,
                           uint8_t *out, mw_json_error *e) {
    int64_t v = 0;
    MW_TRY(mw_json_get_int(object, key, min, max, &v, e));
    *out = (uint8_t)v;
    return MW_OK;
}

/* Exactly n digits at the front of a text. */
static bool digits(const char *text, size_t n, unsigned *out) {
    *out = 0;
    for (size_t i = 0; i < n; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        *out = *out * 10 + (unsigned)(text[i] - '0');
    }
    return true;
}

/* ---- clock ---- */

static mw_status change_read(const json_t *clock, const char *key, mw_tariff_change *out,
                             mw_json_error *e) {
    static const char *const members[] = {"month", "week", "weekday", "utc_hour", NULL};
    json_t *d = NULL;
    MW_TRY(mw_json_get_object(clock, key, &d, e));
    MW_TRY(mw_json_only(d, members, e));
    MW_TRY(small_int(d, "month", 1, 12, &out->month, e));
    MW_TRY(small_int(d, "week", 1, 5, &out->week, e));
    MW_TRY(small_int(d, "weekday", 1, 7, &out->weekday, e));
    out->weekday--;
    return small_int(d, "utc_hour", 0, 23, &out->utc_hour, e);
}

static mw_status clock_read(const json_t *object, mw_tariff_calendar *out, mw_json_error *e) {
    static const char *const members[] = {"offset_minutes", "summer_minutes", "summer_begins",
                                          "summer_ends", NULL};
    json_t *clock = NULL;
    int64_t offset = 0;
    MW_TRY(mw_json_get_object(object, "clock", &clock, e));
    MW_TRY(mw_json_only(clock, members, e));
    MW_TRY(mw_json_get_int(clock, "offset_minutes", -720, 840, &offset, e));
    out->offset_min = (int16_t)offset;
    if (json_object_get(clock, "summer_minutes") == NULL)
        return MW_OK;
    MW_TRY(small_int(clock, "summer_minutes", 0, 60, &out->dst_min, e));
    if (out->dst_min == 0)
        return MW_OK;
    MW_TRY(change_read(clock, "summer_begins", &out->dst_begin, e));
    return change_read(clock, "summer_ends", &out->dst_end, e);
}

/* ---- programs ---- */

/* "HH:MM", whole half-hours, as a zone of the day. */
static bool zone_of(const char *text, unsigned *out_zone) {
    unsigned hour = 0, minute = 0;
    if (strlen(text) != TIME_TEXT || text[2] != ':' || !digits(text, 2, &hour) ||
        !digits(text + 3, 2, &minute) || hour > 23 || (minute != 0 && minute != 30))
        return false;
    *out_zone = hour * 2 + minute / 30;
    return true;
}

static mw_status program_read(const json_t *switches, uint8_t program[MW_TARIFF_ZONES / 2],
                              mw_json_error *e) {
    static const char *const members[] = {"from", "tariff", NULL};
    unsigned last = 0;
    if (!json_is_array(switches) || json_array_size(switches) == 0)
        return complain(e, "a program is a list of {\"from\", \"tariff\"}");
    for (size_t i = 0; i < json_array_size(switches); i++) {
        const json_t *s = json_array_get(switches, i);
        const char *from = NULL;
        uint8_t tariff = 0;
        unsigned zone = 0;
        if (!json_is_object(s))
            return complain(e, "a program is a list of {\"from\", \"tariff\"}");
        MW_TRY(mw_json_only(s, members, e));
        MW_TRY(mw_json_get_text(s, "from", TIME_TEXT, &from, e));
        MW_TRY(small_int(s, "tariff", 1, MW_TARIFFS, &tariff, e));
        if (!zone_of(from, &zone) || (i == 0 ? zone != 0 : zone <= last))
            return complain(e, "\"from\" begins at 00:00 and rises by whole half-hours");
        for (unsigned z = zone; z < MW_TARIFF_ZONES; z++)
            mw_tariff_program_set(program, z, (uint8_t)(tariff - 1));
        last = zone;
    }
    return MW_OK;
}

static mw_status programs_read(const json_t *object, mw_tariff_calendar *out, mw_json_error *e) {
    json_t *list = NULL;
    MW_TRY(mw_json_get_array(object, "programs", MW_TARIFF_PROGRAMS_MAX, &list, e));
    out->programs = (uint8_t)json_array_size(list);
    for (size_t p = 0; p < out->programs; p++)
        MW_TRY(program_read(json_array_get(list, p), out->program[p], e));
    return out->programs > 0 ? MW_OK : complain(e, "\"programs\" is empty");
}

/* ---- days ---- */

/* "MM-DD", or "YYYY-MM-DD" where a year may stand. */
static bool date_of(const char *text, bool year_may, uint16_t *out_year, uint8_t *out_month,
                    uint8_t *out_day) {
    unsigned year = 0, month = 0, day = 0;
    if (strlen(text) == DATE_TEXT && year_may && text[4] == '-' && digits(text, 4, &year))
        text += 5;
    if (strlen(text) != DAY_TEXT || text[2] != '-' || !digits(text, 2, &month) ||
        !digits(text + 3, 2, &day))
        return false;
    *out_year = (uint16_t)year;
    *out_month = (uint8_t)month;
    *out_day = (uint8_t)day;
    return true;
}

static mw_status season_read(const json_t *s, unsigned programs, mw_tariff_season *out,
                             mw_json_error *e) {
    static const char *const members[] = {"from", "week", NULL};
    json_t *week = NULL;
    const char *from = NULL;
    uint16_t year;
    if (!json_is_object(s))
        return complain(e, "a season is {\"from\", \"week\"}");
    MW_TRY(mw_json_only(s, members, e));
    MW_TRY(mw_json_get_text(s, "from", DATE_TEXT, &from, e));
    MW_TRY(mw_json_get_array(s, "week", 7, &week, e));
    if (!date_of(from, false, &year, &out->month, &out->day))
        return complain(e, "\"from\" of a season is MM-DD");
    if (json_array_size(week) != 7)
        return complain(e, "\"week\" has seven programs, Monday's first");
    for (size_t d = 0; d < 7; d++) {
        const json_t *p = json_array_get(week, d);
        if (!json_is_integer(p) || json_integer_value(p) < 0 || json_integer_value(p) >= programs)
            return complain(e, "\"week\" names programs by their place, 0 for the first");
        out->program[d] = (uint8_t)json_integer_value(p);
    }
    return MW_OK;
}

static mw_status seasons_read(const json_t *object, mw_tariff_calendar *out, mw_json_error *e) {
    json_t *list = NULL;
    MW_TRY(mw_json_get_array(object, "seasons", MW_TARIFF_SEASONS_MAX, &list, e));
    out->seasons = (uint8_t)json_array_size(list);
    for (size_t s = 0; s < out->seasons; s++)
        MW_TRY(season_read(json_array_get(list, s), out->programs, &out->season[s], e));
    return out->seasons > 0 ? MW_OK : complain(e, "\"seasons\" is empty");
}

static mw_status special_read(const json_t *s, unsigned programs, mw_tariff_special *out,
                              mw_json_error *e) {
    static const char *const members[] = {"date", "program", NULL};
    const char *date = NULL;
    if (!json_is_object(s))
        return complain(e, "a special day is {\"date\", \"program\"}");
    MW_TRY(mw_json_only(s, members, e));
    MW_TRY(mw_json_get_text(s, "date", DATE_TEXT, &date, e));
    MW_TRY(small_int(s, "program", 0, (int64_t)programs - 1, &out->program, e));
    if (!date_of(date, true, &out->year, &out->month, &out->day))
        return complain(e, "\"date\" is YYYY-MM-DD, or MM-DD for every year");
    return MW_OK;
}

static mw_status specials_read(const json_t *object, mw_tariff_calendar *out, mw_json_error *e) {
    json_t *list = NULL;
    if (json_object_get(object, "special_days") == NULL)
        return MW_OK;
    MW_TRY(mw_json_get_array(object, "special_days", MW_TARIFF_SPECIALS_MAX, &list, e));
    out->specials = (uint8_t)json_array_size(list);
    for (size_t s = 0; s < out->specials; s++)
        MW_TRY(special_read(json_array_get(list, s), out->programs, &out->special[s], e));
    return MW_OK;
}

/* ---- whole ---- */

static bool name_possible(const char *name) {
    for (; *name != 0; name++)
        if (*name < ' ' || *name > '~' || *name == '"' || *name == '\\')
            return false;
    return true;
}

mw_status mw_api_schedule_calendar(const json_t *object, mw_tariff_calendar *out,
                                   mw_json_error *out_error) {
    mw_tariff_calendar c;
    const char *name = NULL;
    memset(&c, 0, sizeof c);
    MW_TRY(mw_json_get_text(object, "name", sizeof c.name, &name, out_error));
    if (!name_possible(name))
        return complain(out_error, "\"name\" has up to 8 printable ASCII characters");
    mw_bytes_copy((uint8_t *)c.name, (const uint8_t *)name, strlen(name));
    MW_TRY(clock_read(object, &c, out_error));
    MW_TRY(programs_read(object, &c, out_error));
    MW_TRY(seasons_read(object, &c, out_error));
    MW_TRY(specials_read(object, &c, out_error));
    if (mw_tariff_calendar_check(&c) != MW_OK)
        return complain(out_error,
                        "a date that no year has, two seasons on one day, or a clock that "
                        "cannot be");
    *out = c;
    return MW_OK;
}

static mw_status cut(mw_slice bytes, uint8_t session, mw_api_schedule *out) {
    out->parts = mw_smp_schedule_parts(bytes.n);
    for (unsigned i = 0; i < out->parts; i++) {
        mw_smp_schedule_part p;
        MW_TRY(mw_smp_schedule_cut(bytes, session, i, &p));
        out->part[i] = (mw_smp_command){.code = MW_SMP_COMMAND_SCHEDULE};
        mw_smp_schedule_put(&p, &out->part[i]);
    }
    return MW_OK;
}

mw_status mw_api_schedule_parts(const json_t *body, mw_utc now, mw_api_schedule *out_schedule,
                                mw_json_error *out_error) {
    static const char *const members[] = {"name",    "clock",        "programs",
                                          "seasons", "special_days", NULL};
    mw_tariff_calendar to, has;
    json_t *holds = NULL;
    uint8_t bytes[MW_TARIFF_SCHEDULE_MAX];
    char moment[MW_UTC_TEXT_MAX] = "at once";
    uint32_t from_s = 0;
    size_t n = 0;
    MW_TRY(mw_api_schedule_calendar(body, &to, out_error));
    if (json_object_get(body, "holds") != NULL) {
        MW_TRY(mw_json_get_object(body, "holds", &holds, out_error));
        MW_TRY(mw_json_only(holds, members, out_error));
        MW_TRY(mw_api_schedule_calendar(holds, &has, out_error));
    }
    if (json_object_get(body, "activate_at") != NULL) {
        mw_utc at;
        MW_TRY(mw_json_get_utc(body, "activate_at", &at, out_error));
        if (mw_smp_seconds_of_utc(at, &from_s) != MW_OK || from_s == 0)
            return complain(out_error, "\"activate_at\" is beyond the meter's calendar");
        mw_utc_format(at, moment);
    }
    if (mw_tariff_schedule_encode(holds != NULL ? &has : NULL, &to, from_s, MW_SPAN_OF(bytes),
                                  &n) != MW_OK)
        return complain(out_error, "a special day's year is 2001 to 2255");
    /* Another session than the one before, whose parts the meter may still have. */
    uint8_t session = (uint8_t)(now.us / MW_US_PER_S);
    MW_TRY(cut((mw_slice){bytes, n}, session, out_schedule));
    snprintf(out_schedule->summary, sizeof out_schedule->summary,
             "{\"activate_at\":\"%s\",\"changes_only\":%s,\"checksum\":\"%08" PRIx32
             "\",\"name\":\"%.8s\",\"parts\":%zu}",
             moment, holds != NULL ? "true" : "false", mw_tariff_calendar_checksum(&to), to.name,
             out_schedule->parts);
    return MW_OK;
}
