/* SPDX-License-Identifier: Apache-2.0
 *
 * What became of a downlink, as the spool keeps it and as the platform gets it
 * (docs/spec/downlink.md section 4).
 *
 * Record in the spool, little endian:
 *   0 version u8 = 1 | 1 kind u8 = 16 (downlink) | 2 state u8 | 3 rate u8 | 4 id u64 | 12 at us i64
 * | 20 frequency mHz i64 | 28 length of the reason u8 | 29 reason
 */
#ifndef MW_STATION_OUTCOME_H
#define MW_STATION_OUTCOME_H

#include "runtime/json_writer.h"
#include "station/schedule.h"

#define MW_STATION_OUTCOME_KIND 16
#define MW_STATION_OUTCOME_MAX  (29 + MW_SCHEDULE_REASON_MAX)

/* Returns the bytes written to out. */
size_t mw_station_outcome_encode(const mw_downlink_result *r, uint8_t out[MW_STATION_OUTCOME_MAX]);
/* Whether a record of the spool is one of these, by its kind. */
bool mw_station_outcome_is(mw_slice record);
/* MW_SHORT, MW_UNSUPPORTED (version or kind), MW_RANGE, MW_SYNTAX (bytes behind the end). */
MW_NODISCARD mw_status mw_station_outcome_decode(mw_slice in, mw_downlink_result *out_r);
/* The members of an item of the uplink envelope, without the braces and "seq". */
void mw_station_outcome_json(const mw_downlink_result *r, mw_json *j);

#endif
