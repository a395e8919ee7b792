/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/readings/timezone_rule.h"

#include "base/time.h"

enum { DAY_S = 86400 };

/* A cursor over the text; the first failure sticks. */
typedef struct rule_reader {
    const char *p;
    mw_status status;
} rule_reader;

static void fail(rule_reader *r, mw_status why) {
    if (r->status == MW_OK)
        r->status = why;
}

static bool take(rule_reader *r, char c) {
    if (r->status != MW_OK || *r->p != c)
        return false;
    r->p++;
    return true;
}

static int32_t number(rule_reader *r, int32_t max) {
    int32_t n = 0;
    if (r->status != MW_OK || *r->p < '0' || *r->p > '9') {
        fail(r, MW_SYNTAX);
        return 0;
    }
    for (int digits = 0; *r->p >= '0' && *r->p <= '9'; r->p++) {
        n = n * 10 + (*r->p - '0');
        if (++digits > 4 || n > max) {
            fail(r, MW_RANGE);
            return 0;
        }
    }
    return n;
}

/* [+-]hh[:mm[:ss]] in seconds. */
static int32_t hours(rule_reader *r, int32_t max_hours) {
    int32_t sign = take(r, '-') ? -1 : 1;
    if (sign > 0)
        (void)take(r, '+');
    int32_t s = number(r, max_hours) * 3600;
    if (take(r, ':')) {
        s += number(r, 59) * 60;
        if (take(r, ':'))
            s += number(r, 59);
    }
    return sign * s;
}

static void name(rule_reader *r) {
    size_t n = 0;
    if (take(r, '<')) {
        for (; r->status == MW_OK && *r->p != '>'; r->p++, n++)
            if (*r->p == 0)
                fail(r, MW_SYNTAX);
        (void)take(r, '>');
    } else {
        for (; (*r->p | 0x20) >= 'a' && (*r->p | 0x20) <= 'z'; r->p++)
            n++;
    }
    if (n < 3)
        fail(r, MW_SYNTAX);
}

static mw_zone_date date(rule_reader *r) {
    mw_zone_date d = {.second = 2 * 3600};
    if (take(r, 'M')) {
        d.kind = MW_ZONE_DATE_MONTH;
        d.month = number(r, 12);
        if (!take(r, '.'))
            fail(r, MW_SYNTAX);
        d.week = number(r, 5);
        if (!take(r, '.'))
            fail(r, MW_SYNTAX);
        d.weekday = number(r, 6);
        if (d.month == 0 || d.week == 0)
            fail(r, MW_RANGE);
    } else if (take(r, 'J')) {
        d.kind = MW_ZONE_DATE_JULIAN;
        d.day = number(r, 365);
        if (d.day == 0)
            fail(r, MW_RANGE);
    } else {
        d.kind = MW_ZONE_DATE_DAY;
        d.day = number(r, 365);
    }
    if (take(r, '/'))
        d.second = hours(r, 167);
    return d;
}

mw_status mw_zone_rule_parse(const char *text, mw_zone_rule *out_rule) {
    rule_reader r = {text, MW_OK};
    mw_zone_rule rule = {0};
    name(&r);
    rule.standard_s = -hours(&r, 24);
    if (r.status == MW_OK && *r.p != 0) {
        rule.has_summer = true;
        name(&r);
        bool given = *r.p == '-' || *r.p == '+' || (*r.p >= '0' && *r.p <= '9');
        rule.summer_s = given ? -hours(&r, 24) : rule.standard_s + 3600;
        if (!take(&r, ','))
            fail(&r, MW_SYNTAX);
        rule.start = date(&r);
        if (!take(&r, ','))
            fail(&r, MW_SYNTAX);
        rule.end = date(&r);
    }
    if (r.status == MW_OK && *r.p != 0)
        fail(&r, MW_SYNTAX);
    if (r.status == MW_OK)
        *out_rule = rule;
    return r.status;
}

/* Seconds since 1970, local, of a rule's change in a year. */
static int64_t date_in_year(const mw_zone_date *d, int32_t year) {
    int64_t first = mw_days_of_date(year, 1, 1);
    int64_t day;
    if (d->kind == MW_ZONE_DATE_MONTH) {
        int64_t month = mw_days_of_date(year, (unsigned)d->month, 1);
        int64_t next = d->month == 12 ? mw_days_of_date(year + 1, 1, 1)
                                      : mw_days_of_date(year, (unsigned)d->month + 1, 1);
        int32_t weekday = (int32_t)((mw_weekday_of_days(month) + 1) % 7); /* 0 = Sunday */
        day = month + (d->weekday - weekday + 7) % 7 + 7 * (d->week - 1);
        while (day >= next)
            day -= 7;
    } else {
        bool leap = mw_days_of_date(year, 3, 1) - first == 60;
        day = first + d->day - (d->kind == MW_ZONE_DATE_JULIAN ? 1 : 0);
        if (d->kind == MW_ZONE_DATE_JULIAN && leap && d->day >= 60)
            day++;
    }
    return day * DAY_S + d->second;
}

int32_t mw_zone_rule_at(const mw_zone_rule *r, int64_t s, int64_t *out_from, int64_t *out_to) {
    *out_from = INT64_MIN;
    *out_to = INT64_MAX;
    if (!r->has_summer)
        return r->standard_s;
    int32_t year;
    uint8_t month, day_of_month;
    mw_date_of_days(s / DAY_S - (s % DAY_S < 0), &year, &month, &day_of_month);
    /* Changes of three years around cover every moment, whatever the offsets. */
    int32_t offset = r->standard_s;
    for (int32_t y = year - 1; y <= year + 1; y++) {
        int64_t start = date_in_year(&r->start, y) - r->standard_s;
        int64_t end = date_in_year(&r->end, y) - r->summer_s;
        const int64_t change[2] = {start, end};
        for (int i = 0; i < 2; i++) {
            if (change[i] <= s && change[i] >= *out_from) {
                *out_from = change[i];
                offset = i == 0 ? r->summer_s : r->standard_s;
            }
            if (change[i] > s && change[i] < *out_to)
                *out_to = change[i];
        }
    }
    return offset;
}
