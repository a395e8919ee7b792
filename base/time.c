/* SPDX-License-Identifier: Apache-2.0 */
#include "base/time.h"

#include "base/assert.h"

#define DAY_S INT64_C(86400)

/* Floor division: rounds towards minus infinity. */
static int64_t floor_div(int64_t a, int64_t b) {
    return a / b - (a % b < 0);
}

/* Years are counted from March so that the leap day ends a year; 400 years are one era. */
int64_t mw_days_of_date(int32_t year, unsigned month, unsigned day) {
    int64_t y = (int64_t)year - (month <= 2);
    int64_t era = floor_div(y, 400);
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year =
        (153 * ((int64_t)month + (month > 2 ? -3 : 9)) + 2) / 5 + (int64_t)day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

void mw_date_of_days(int64_t days, int32_t *out_year, uint8_t *out_month, uint8_t *out_day) {
    int64_t z = days + 719468;
    int64_t era = floor_div(z, 146097);
    int64_t doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    int64_t month = mp < 10 ? mp + 3 : mp - 9;
    *out_day = (uint8_t)(doy - (153 * mp + 2) / 5 + 1);
    *out_month = (uint8_t)month;
    *out_year = (int32_t)(yoe + era * 400 + (month <= 2));
}

unsigned mw_weekday_of_days(int64_t days) {
    int64_t w = (days + 3) % 7; /* 1970-01-01 was a Thursday */
    return (unsigned)(w < 0 ? w + 7 : w);
}

mw_civil mw_civil_of_utc(mw_utc t) {
    int64_t seconds = mw_utc_floor_s(t);
    int64_t days = floor_div(seconds, DAY_S);
    int64_t of_day = seconds - days * DAY_S;
    mw_civil c = {
        .hour = (uint8_t)(of_day / 3600),
        .minute = (uint8_t)(of_day / 60 % 60),
        .second = (uint8_t)(of_day % 60),
        .microsecond = (uint32_t)(t.us - seconds * MW_US_PER_S),
    };
    mw_date_of_days(days, &c.year, &c.month, &c.day);
    return c;
}

mw_status mw_utc_of_civil(const mw_civil *c, mw_utc *out_t) {
    if (c->month < 1 || c->month > 12 || c->day < 1 || c->hour > 23 || c->minute > 59 ||
        c->second > 59 || c->microsecond > 999999 || c->year < -100000 || c->year > 100000)
        return MW_RANGE;
    int64_t days = mw_days_of_date(c->year, c->month, c->day);
    int32_t year;
    uint8_t month, day;
    mw_date_of_days(days, &year, &month, &day);
    if (month != c->month || day != c->day)
        return MW_RANGE;
    int64_t seconds = days * DAY_S + c->hour * 3600 + c->minute * 60 + c->second;
    *out_t = (mw_utc){seconds * MW_US_PER_S + c->microsecond};
    return MW_OK;
}

static void put_digits(mw_writer *w, uint32_t v, unsigned digits) {
    uint32_t unit = 1;
    for (unsigned i = 1; i < digits; i++)
        unit *= 10;
    for (; unit != 0; unit /= 10)
        mw_write_u8(w, (uint8_t)('0' + v / unit % 10));
}

void mw_utc_format(mw_utc t, char out[MW_UTC_TEXT_MAX]) {
    mw_civil c = mw_civil_of_utc(t);
    mw_writer w = mw_writer_of((mw_span){(uint8_t *)out, MW_UTC_TEXT_MAX - 1});
    if (c.year < 0)
        mw_write_u8(&w, '-');
    put_digits(&w, (uint32_t)(c.year < 0 ? -c.year : c.year), c.year > 9999 ? 6 : 4);
    const struct {
        char before;
        uint8_t value;
    } parts[] = {{'-', c.month}, {'-', c.day}, {'T', c.hour}, {':', c.minute}, {':', c.second}};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        mw_write_u8(&w, (uint8_t)parts[i].before);
        put_digits(&w, parts[i].value, 2);
    }
    if (c.microsecond != 0) {
        mw_write_u8(&w, '.');
        put_digits(&w, c.microsecond, 6);
    }
    mw_write_u8(&w, 'Z');
    mw_assert(w.status == MW_OK);
    out[w.at] = 0;
}

static uint32_t take_digits(mw_reader *r, unsigned digits) {
    uint32_t v = 0;
    for (unsigned i = 0; i < digits; i++) {
        uint8_t c = mw_read_u8(r);
        if (c < '0' || c > '9')
            mw_reader_fail(r, MW_SYNTAX);
        v = v * 10 + (uint32_t)(c - '0');
    }
    return r->status == MW_OK ? v : 0;
}

static void take_mark(mw_reader *r, char mark) {
    if (mw_read_u8(r) != (uint8_t)mark)
        mw_reader_fail(r, MW_SYNTAX);
}

/* ".1" to ".123456789"; digits beyond the microsecond are dropped. */
static uint32_t take_fraction(mw_reader *r) {
    uint32_t us = 0;
    unsigned digits = 0;
    while (mw_reader_left(r) > 0 && r->in.p[r->at] >= '0' && r->in.p[r->at] <= '9') {
        uint8_t c = mw_read_u8(r);
        if (digits++ < 6)
            us = us * 10 + (uint32_t)(c - '0');
    }
    if (digits == 0 || digits > 9)
        mw_reader_fail(r, MW_SYNTAX);
    for (; digits < 6; digits++)
        us *= 10;
    return us;
}

mw_status mw_utc_parse(mw_slice text, mw_utc *out_t) {
    mw_reader r = mw_reader_of(text);
    mw_civil c = {0};
    c.year = (int32_t)take_digits(&r, 4);
    take_mark(&r, '-');
    c.month = (uint8_t)take_digits(&r, 2);
    take_mark(&r, '-');
    c.day = (uint8_t)take_digits(&r, 2);
    take_mark(&r, 'T');
    c.hour = (uint8_t)take_digits(&r, 2);
    take_mark(&r, ':');
    c.minute = (uint8_t)take_digits(&r, 2);
    take_mark(&r, ':');
    c.second = (uint8_t)take_digits(&r, 2);
    uint8_t mark = mw_read_u8(&r);
    if (mark == '.') {
        c.microsecond = take_fraction(&r);
        mark = mw_read_u8(&r);
    }
    int64_t offset_s = 0;
    if (mark == '+' || mark == '-') {
        uint32_t hours = take_digits(&r, 2);
        take_mark(&r, ':');
        uint32_t minutes = take_digits(&r, 2);
        if (hours > 23 || minutes > 59)
            mw_reader_fail(&r, MW_RANGE);
        offset_s = (int64_t)(hours * 3600 + minutes * 60) * (mark == '-' ? -1 : 1);
    } else if (mark != 'Z') {
        mw_reader_fail(&r, MW_SYNTAX);
    }
    MW_TRY(mw_reader_end(&r));
    mw_utc local;
    MW_TRY(mw_utc_of_civil(&c, &local));
    *out_t = (mw_utc){local.us - offset_s * MW_US_PER_S};
    return MW_OK;
}
