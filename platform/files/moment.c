/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/files/moment.h"

#include <string.h>

static bool is_rfc3339(const char *format) {
    return strcmp(format, "rfc3339") == 0;
}

mw_status mw_moment_format_check(const char *format) {
    if (is_rfc3339(format))
        return MW_OK;
    static const char letters[] = "YymdHMSf";
    unsigned seen[sizeof letters - 1] = {0};
    if (strlen(format) >= MW_MOMENT_FORMAT_MAX)
        return MW_SYNTAX;
    for (const char *c = format; *c != 0; c++) {
        if (*c != '%')
            continue;
        const char *hit = c[1] != 0 ? strchr(letters, c[1]) : NULL;
        if (hit == NULL || seen[hit - letters]++ > 0)
            return MW_SYNTAX;
        c++;
    }
    bool year = seen[0] + seen[1] == 1;
    return year && seen[2] == 1 && seen[3] == 1 ? MW_OK : MW_SYNTAX;
}

/* One to `most` digits. */
static bool number(mw_slice *text, unsigned most, int32_t *out) {
    int32_t v = 0;
    unsigned n = 0;
    while (n < most && n < text->n && text->p[n] >= '0' && text->p[n] <= '9')
        v = v * 10 + (text->p[n++] - '0');
    *text = mw_slice_sub(*text, n, text->n - n);
    *out = v;
    return n > 0;
}

static bool field(char letter, mw_slice *text, mw_civil *c) {
    int32_t v = 0;
    if (!number(text, letter == 'Y' ? 4 : letter == 'f' ? 9 : 2, &v))
        return false;
    switch (letter) {
    case 'Y':
        c->year = v;
        break;
    case 'y': /* as POSIX reads two digits: 69 is 1969 */
        c->year = v + (v < 69 ? 2000 : 1900);
        break;
    case 'm':
        c->month = (uint8_t)v;
        break;
    case 'd':
        c->day = (uint8_t)v;
        break;
    case 'H':
        c->hour = (uint8_t)v;
        break;
    case 'M':
        c->minute = (uint8_t)v;
        break;
    case 'S':
        c->second = (uint8_t)v;
        break;
    default: /* the fraction is not kept */
        break;
    }
    return true;
}

static mw_status by_pattern(const char *format, mw_slice text, mw_civil *out_civil) {
    mw_civil c = {.month = 1, .day = 1};
    for (const char *f = format; *f != 0; f++) {
        if (*f == '%') {
            if (!field(*++f, &text, &c))
                return MW_SYNTAX;
        } else if (text.n > 0 && text.p[0] == (uint8_t)*f) {
            text = mw_slice_sub(text, 1, text.n - 1);
        } else {
            return MW_SYNTAX;
        }
    }
    mw_utc t;
    if (text.n > 0)
        return MW_SYNTAX;
    MW_TRY(mw_utc_of_civil(&c, &t));
    *out_civil = c;
    return MW_OK;
}

mw_status mw_moment_parse(const char *format, mw_slice text, mw_civil *out_civil,
                          bool *out_is_utc) {
    if (!is_rfc3339(format)) {
        *out_is_utc = false;
        return by_pattern(format, text, out_civil);
    }
    mw_utc t;
    mw_status s = mw_utc_parse(text, &t);
    if (s == MW_OK) {
        *out_civil = mw_civil_of_utc(t);
        *out_is_utc = true;
        return MW_OK;
    }
    if (s == MW_RANGE)
        return s;
    *out_is_utc = false;
    bool blank = text.n > 10 && text.p[10] == ' ';
    mw_status local =
        by_pattern(blank ? "%Y-%m-%d %H:%M:%S" : "%Y-%m-%dT%H:%M:%S", text, out_civil);
    if (local != MW_SYNTAX)
        return local;
    return by_pattern(blank ? "%Y-%m-%d %H:%M" : "%Y-%m-%dT%H:%M", text, out_civil);
}

unsigned mw_moment_of_local(const mw_zone *z, const mw_civil *local, mw_utc out_moments[2]) {
    mw_utc as_utc;
    if (mw_utc_of_civil(local, &as_utc) != MW_OK)
        return 0;
    as_utc.us -= as_utc.us % MW_US_PER_S;
    /* No zone is further than a day from UTC, and none changes twice within two days. */
    int32_t before = mw_zone_offset_s(z, mw_utc_add(as_utc, mw_dur_s(-86400)));
    int32_t after = mw_zone_offset_s(z, mw_utc_add(as_utc, mw_dur_s(86400)));
    mw_utc first = mw_utc_add(as_utc, mw_dur_s(-(int64_t)(before > after ? before : after)));
    mw_utc second = mw_utc_add(as_utc, mw_dur_s(-(int64_t)(before > after ? after : before)));
    unsigned n = 0;
    if (mw_zone_offset_s(z, first) == (before > after ? before : after))
        out_moments[n++] = first;
    if (before != after && mw_zone_offset_s(z, second) == (before > after ? after : before))
        out_moments[n++] = second;
    return n;
}
