/* SPDX-License-Identifier: Apache-2.0
 *
 * What a station says about itself, as a record of the spool and an item of the uplink envelope,
 * kind "station": gaps, changes of its state, the result of its self-test, updates.
 *
 * Record, little endian: 0 version u8 = 1 | 1 kind u8 = 17 (notice) | 2 at us i64 | 10 JSON object,
 * UTF-8, at most 3072 bytes, so that an item fits the door. Its members stand in the item beside
 * "seq", "kind" and "at".
 */
#ifndef MW_STATION_NOTICE_H
#define MW_STATION_NOTICE_H

#include "runtime/json_writer.h"

#define MW_STATION_NOTICE_KIND 17
#define MW_STATION_NOTICE_JSON 3072
#define MW_STATION_NOTICE_MAX  (10 + MW_STATION_NOTICE_JSON)

bool mw_station_notice_is(mw_slice record);
/* json: one object. The record is appended to out. MW_RANGE when it is too long. */
MW_NODISCARD mw_status mw_station_notice_encode(mw_utc at, mw_slice json, mw_buffer *out);
/* The members of the item, without the braces and "seq". MW_SHORT, MW_UNSUPPORTED, MW_SYNTAX (not a
 * JSON object, or a member that an item has already), MW_RANGE. */
MW_NODISCARD mw_status mw_station_notice_json(mw_slice record, mw_json *j);

#endif
