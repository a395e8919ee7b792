/* SPDX-License-Identifier: Apache-2.0
 *
 * Points in time as other systems write them, and what they mean in a zone that changes its clocks.
 */
#ifndef MW_PLATFORM_FILES_MOMENT_H
#define MW_PLATFORM_FILES_MOMENT_H

#include "platform/readings/timezone.h"

enum { MW_MOMENT_FORMAT_MAX = 48 };

/* MW_OK when the format is "rfc3339" or a text with %Y %y %m %d %H %M %S %f (fraction of a second,
 * not kept) that names at least a year, a month and a day, each once. MW_SYNTAX otherwise. */
MW_NODISCARD mw_status mw_moment_format_check(const char *format);

/* Clock time by format; *out_is_utc tells that the text itself carried an offset and out_civil is
 * UTC (rfc3339 only; without an offset it is local). MW_SYNTAX, MW_RANGE. */
MW_NODISCARD mw_status mw_moment_parse(const char *format, mw_slice text, mw_civil *out_civil,
                                       bool *out_is_utc);

/* The moments at which the zone's clocks show a time: 0 when it was skipped, 2 when it came twice
 * (earlier first), else 1. Whole seconds. */
unsigned mw_moment_of_local(const mw_zone *z, const mw_civil *local, mw_utc out_moments[2]);

#endif
