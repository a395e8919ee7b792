/* SPDX-License-Identifier: Apache-2.0
 *
 * The POSIX TZ rule in a TZif footer (POSIX.1-2017 chapter 8.3, with the hours -167..167 of RFC
 * 8536 section 3.3.1), such as "CET-1CEST,M3.5.0,M10.5.0/3".
 */
#ifndef MW_PLATFORM_READINGS_TIMEZONE_RULE_H
#define MW_PLATFORM_READINGS_TIMEZONE_RULE_H

#include "base/bytes.h"

typedef struct mw_zone_date {
    enum { MW_ZONE_DATE_MONTH, MW_ZONE_DATE_JULIAN, MW_ZONE_DATE_DAY } kind;
    int32_t month, week, weekday; /* Mm.w.d: weekday 0 = Sunday, week 5 = the last */
    int32_t day;                  /* Jn: 1..365 without 29 February; n: 0..365 */
    int32_t second;               /* local time of day of the change, may be negative */
} mw_zone_date;

typedef struct mw_zone_rule {
    int32_t standard_s; /* seconds east of UTC */
    bool has_summer;
    int32_t summer_s;
    mw_zone_date start; /* of summer time, in standard time */
    mw_zone_date end;   /* of summer time, in summer time */
} mw_zone_rule;

/* MW_SYNTAX, MW_RANGE. */
MW_NODISCARD mw_status mw_zone_rule_parse(const char *text, mw_zone_rule *out_rule);
/* The offset at a second since 1970 UTC and the range [from, to) of seconds in which it holds. */
int32_t mw_zone_rule_at(const mw_zone_rule *r, int64_t s, int64_t *out_from, int64_t *out_to);

#endif
