/* SPDX-License-Identifier: Apache-2.0 */
#include "protocols/tariff/calendar.h"

#include <string.h>

#include "base/assert.h"
#include "base/crc.h"

#define DAY_S 86400
#define MIN_S 60

void mw_tariff_program_set(uint8_t program[MW_TARIFF_ZONES / 2], unsigned zone, uint8_t tariff) {
    uint8_t *b = &program[zone / 2];
    *b = zone % 2 ? (uint8_t)((*b & 0x0f) | tariff << 4) : (uint8_t)((*b & 0xf0) | tariff);
}

uint8_t mw_tariff_program_get(const uint8_t program[MW_TARIFF_ZONES / 2], unsigned zone) {
    return zone % 2 ? program[zone / 2] >> 4 : program[zone / 2] & 0x0f;
}

void mw_tariff_calendar_init(mw_tariff_calendar *c) {
    memset(c, 0, sizeof *c);
    c->seasons = c->programs = 1;
    c->season[0].month = c->season[0].day = 1;
}

static bool date_possible(unsigned month, unsigned day) {
    static const uint8_t days[12] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month >= 1 && month <= 12 && day >= 1 && day <= days[month - 1];
}

static bool change_possible(const mw_tariff_change *d) {
    return d->month >= 1 && d->month <= 12 && d->week >= 1 && d->week <= 5 && d->weekday <= 6 &&
           d->utc_hour <= 23;
}

static mw_status programs_check(const mw_tariff_calendar *c) {
    for (unsigned p = 0; p < c->programs; p++)
        for (unsigned z = 0; z < MW_TARIFF_ZONES; z++)
            if (mw_tariff_program_get(c->program[p], z) >= MW_TARIFFS)
                return MW_RANGE;
    return MW_OK;
}

mw_status mw_tariff_calendar_check(const mw_tariff_calendar *c) {
    if (c->seasons < 1 || c->seasons > MW_TARIFF_SEASONS_MAX || c->programs < 1 ||
        c->programs > MW_TARIFF_PROGRAMS_MAX || c->specials > MW_TARIFF_SPECIALS_MAX ||
        c->offset_min < -720 || c->offset_min > 840 || c->offset_min % 15 != 0)
        return MW_RANGE;
    if (c->dst_min != 0 &&
        ((c->dst_min != 30 && c->dst_min != 60) || !change_possible(&c->dst_begin) ||
         !change_possible(&c->dst_end) || c->dst_begin.month == c->dst_end.month))
        return MW_RANGE;
    for (unsigned s = 0; s < c->seasons; s++) {
        const mw_tariff_season *e = &c->season[s];
        if (!date_possible(e->month, e->day))
            return MW_RANGE;
        for (unsigned o = 0; o < s; o++)
            if (c->season[o].month == e->month && c->season[o].day == e->day)
                return MW_RANGE;
        for (unsigned d = 0; d < 7; d++)
            if (e->program[d] >= c->programs)
                return MW_RANGE;
    }
    for (unsigned s = 0; s < c->specials; s++)
        if (!date_possible(c->special[s].month, c->special[s].day) ||
            c->special[s].program >= c->programs)
            return MW_RANGE;
    return programs_check(c);
}

/* When the clock changes in a year, seconds since 1970, UTC. */
static int64_t change_at(const mw_tariff_change *d, int32_t year) {
    int64_t first = mw_days_of_date(year, d->month, 1);
    int64_t day = first + (7 + d->weekday - mw_weekday_of_days(first)) % 7 + 7 * (d->week - 1);
    int64_t next =
        d->month == 12 ? mw_days_of_date(year + 1, 1, 1) : mw_days_of_date(year, d->month + 1u, 1);
    while (day >= next)
        day -= 7;
    return day * DAY_S + d->utc_hour * 3600;
}

static bool summer_at(const mw_tariff_calendar *c, int64_t s) {
    if (c->dst_min == 0)
        return false;
    int32_t year;
    uint8_t month, day;
    mw_date_of_days(s >= 0 ? s / DAY_S : (s - DAY_S + 1) / DAY_S, &year, &month, &day);
    int64_t begin = change_at(&c->dst_begin, year), end = change_at(&c->dst_end, year);
    /* South of the equator summer lasts over New Year. */
    return begin < end ? s >= begin && s < end : s >= begin || s < end;
}

mw_tariff_local mw_tariff_calendar_local(const mw_tariff_calendar *c, mw_utc t) {
    int64_t s = mw_utc_floor_s(t);
    mw_tariff_local l = {.summer = summer_at(c, s)};
    s += (c->offset_min + (l.summer ? c->dst_min : 0)) * MIN_S;
    l.day = s >= 0 ? s / DAY_S : (s - DAY_S + 1) / DAY_S;
    l.second = (int32_t)(s - l.day * DAY_S);
    return l;
}

/* Days since 1970 on which a season begins in a year. */
static int64_t season_day(const mw_tariff_season *s, int32_t year) {
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (s->month == 2 && s->day == 29 && !leap)
        return mw_days_of_date(year, 3, 1);
    return mw_days_of_date(year, s->month, s->day);
}

uint8_t mw_tariff_calendar_program(const mw_tariff_calendar *c, int64_t day) {
    int32_t year;
    uint8_t month, date;
    mw_date_of_days(day, &year, &month, &date);
    for (unsigned s = 0; s < c->specials; s++) {
        const mw_tariff_special *e = &c->special[s];
        if (e->month == month && e->day == date && (e->year == 0 || e->year == year))
            return e->program;
    }
    /* The season that began last, this year or, before the first of it, the year before. */
    const mw_tariff_season *now = NULL;
    int64_t began = INT64_MIN;
    for (unsigned s = 0; s < c->seasons; s++) {
        int64_t at = season_day(&c->season[s], year);
        if (at > day)
            at = season_day(&c->season[s], year - 1);
        if (at > began) {
            began = at;
            now = &c->season[s];
        }
    }
    return now->program[mw_weekday_of_days(day)];
}

uint8_t mw_tariff_calendar_tariff(const mw_tariff_calendar *c, mw_utc t) {
    mw_tariff_local l = mw_tariff_calendar_local(c, t);
    return mw_tariff_program_get(c->program[mw_tariff_calendar_program(c, l.day)],
                                 (unsigned)(l.second / MW_TARIFF_ZONE_S));
}

mw_utc mw_tariff_calendar_until(const mw_tariff_calendar *c, mw_utc t) {
    /* Offsets are whole quarters and the clock changes on whole hours: zones of local time end on
     * quarters of UTC, and so does each change. */
    int64_t left = MW_TARIFF_ZONE_S - mw_tariff_calendar_local(c, t).second % MW_TARIFF_ZONE_S;
    int64_t s = mw_utc_floor_s(t), end = s + left;
    for (int64_t at = s - s % 900 + 900; at < end; at += 900)
        if (summer_at(c, at) != summer_at(c, s))
            end = at;
    return mw_utc_of_s(end);
}

static void write_change(mw_writer *w, const mw_tariff_change *d) {
    mw_write_u8(w, d->month);
    mw_write_u8(w, d->week);
    mw_write_u8(w, d->weekday);
    mw_write_u8(w, d->utc_hour);
}

mw_status mw_tariff_calendar_encode(const mw_tariff_calendar *c, mw_span out, size_t *out_n) {
    mw_writer w = mw_writer_of(out);
    mw_write_u8(&w, 1);
    mw_write_bytes(&w, (mw_slice){(const uint8_t *)c->name, sizeof c->name});
    mw_write_u16le(&w, (uint16_t)c->offset_min);
    mw_write_u8(&w, c->dst_min);
    write_change(&w, &c->dst_begin);
    write_change(&w, &c->dst_end);
    mw_write_u8(&w, c->seasons);
    mw_write_u8(&w, c->programs);
    mw_write_u8(&w, c->specials);
    for (unsigned s = 0; s < c->seasons; s++) {
        mw_write_u8(&w, c->season[s].month);
        mw_write_u8(&w, c->season[s].day);
        mw_write_bytes(&w, (mw_slice){c->season[s].program, 7});
    }
    for (unsigned p = 0; p < c->programs; p++)
        mw_write_bytes(&w, (mw_slice){c->program[p], MW_TARIFF_ZONES / 2});
    for (unsigned s = 0; s < c->specials; s++) {
        mw_write_u16le(&w, c->special[s].year);
        mw_write_u8(&w, c->special[s].month);
        mw_write_u8(&w, c->special[s].day);
        mw_write_u8(&w, c->special[s].program);
    }
    mw_write_u32le(&w, mw_crc32(mw_writer_done(&w)));
    if (w.status != MW_OK)
        return w.status;
    *out_n = mw_writer_done(&w).n;
    return MW_OK;
}

uint32_t mw_tariff_calendar_checksum(const mw_tariff_calendar *c) {
    uint8_t bytes[MW_TARIFF_CALENDAR_MAX];
    size_t n = 0;
    mw_assert(mw_tariff_calendar_encode(c, MW_SPAN_OF(bytes), &n) == MW_OK);
    mw_reader r = mw_reader_of((mw_slice){bytes + n - 4, 4});
    return mw_read_u32le(&r);
}

static mw_tariff_change read_change(mw_reader *r) {
    mw_tariff_change d = {mw_read_u8(r), 0, 0, 0};
    d.week = mw_read_u8(r);
    d.weekday = mw_read_u8(r);
    d.utc_hour = mw_read_u8(r);
    return d;
}

static void read_lists(mw_reader *r, mw_tariff_calendar *c) {
    for (unsigned s = 0; s < c->seasons; s++) {
        c->season[s].month = mw_read_u8(r);
        c->season[s].day = mw_read_u8(r);
        for (unsigned d = 0; d < 7; d++)
            c->season[s].program[d] = mw_read_u8(r);
    }
    for (unsigned p = 0; p < c->programs; p++)
        for (unsigned b = 0; b < MW_TARIFF_ZONES / 2; b++)
            c->program[p][b] = mw_read_u8(r);
    for (unsigned s = 0; s < c->specials; s++) {
        c->special[s].year = mw_read_u16le(r);
        c->special[s].month = mw_read_u8(r);
        c->special[s].day = mw_read_u8(r);
        c->special[s].program = mw_read_u8(r);
    }
}

mw_status mw_tariff_calendar_decode(mw_slice in, mw_tariff_calendar *out) {
    if (in.n < 5)
        return MW_SYNTAX;
    mw_reader tail = mw_reader_of((mw_slice){in.p + in.n - 4, 4});
    if (mw_read_u32le(&tail) != mw_crc32((mw_slice){in.p, in.n - 4}))
        return MW_SYNTAX;
    mw_reader r = mw_reader_of((mw_slice){in.p, in.n - 4});
    mw_tariff_calendar c = {0};
    if (mw_read_u8(&r) != 1)
        return MW_UNSUPPORTED;
    for (unsigned n = 0; n < sizeof c.name; n++)
        c.name[n] = (char)mw_read_u8(&r);
    c.offset_min = (int16_t)mw_read_u16le(&r);
    c.dst_min = mw_read_u8(&r);
    c.dst_begin = read_change(&r);
    c.dst_end = read_change(&r);
    c.seasons = mw_read_u8(&r);
    c.programs = mw_read_u8(&r);
    c.specials = mw_read_u8(&r);
    if (c.seasons > MW_TARIFF_SEASONS_MAX || c.programs > MW_TARIFF_PROGRAMS_MAX ||
        c.specials > MW_TARIFF_SPECIALS_MAX)
        return MW_RANGE;
    read_lists(&r, &c);
    if (r.status != MW_OK || mw_reader_left(&r) != 0)
        return MW_SYNTAX;
    MW_TRY(mw_tariff_calendar_check(&c));
    *out = c;
    return MW_OK;
}
