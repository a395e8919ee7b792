/* SPDX-License-Identifier: Apache-2.0
 *
 * Time zones from the system's compiled IANA data (TZif, RFC 8536), because libc has one zone per
 * process. Transitions come from the version 2+ block, times after the last one from the footer's
 * POSIX TZ rule.
 */
#ifndef MW_PLATFORM_READINGS_TIMEZONE_H
#define MW_PLATFORM_READINGS_TIMEZONE_H

#include "base/bytes.h"
#include "base/time.h"

enum {
    MW_ZONE_TRANSITIONS_MAX = 2048,
    MW_ZONE_TYPES_MAX = 256,
    MW_ZONE_FILE_MAX = 65536, /* bytes of a TZif file */
    MW_ZONE_NAME_MAX = 64,
    MW_ZONES_CACHED = 64, /* zones that a set keeps loaded */
};

typedef struct mw_zone mw_zone;

/* Decodes a TZif file. MW_SYNTAX, MW_RANGE, MW_SHORT, MW_UNSUPPORTED (version 1 only), MW_LIMIT. */
MW_NODISCARD mw_status mw_zone_decode(mw_slice file, mw_zone **out_zone);
void mw_zone_free(mw_zone *z);

/* Seconds east of UTC at a moment. */
int32_t mw_zone_offset_s(const mw_zone *z, mw_utc at);
/* The local date (days since 1970-01-01) and second of day of a moment. */
int64_t mw_zone_local_day(const mw_zone *z, mw_utc at, int32_t *out_second);
/* The first moment from which on the local date is `day` or later. Days partition time: a day lasts
 * until the next one starts, be it 23, 24 or 25 hours or none at all. */
mw_utc mw_zone_day_start(const mw_zone *z, int64_t day);

/* A bounded set of loaded zones. dir NULL = /usr/share/zoneinfo. */
typedef struct mw_zones mw_zones;
MW_NODISCARD mw_status mw_zones_open(const char *dir, mw_zones **out_zones);
void mw_zones_close(mw_zones *zs);
/* By IANA name; MW_NOT_FOUND, MW_SYNTAX for a name with other characters than zones have. Valid
 * until the set is closed; MW_LIMIT when the set is full. */
MW_NODISCARD mw_status mw_zones_get(mw_zones *zs, const char *name, const mw_zone **out_zone);
/* The folder that zones are read from. */
const char *mw_zones_dir(const mw_zones *zs);
/* Version of the data, such as "2026a"; "unknown" when the directory does not tell. */
const char *mw_zones_version(const mw_zones *zs);

#endif
