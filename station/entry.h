/* SPDX-License-Identifier: Apache-2.0
 *
 * One entry of the platform's stream of downlinks, from JSON (docs/spec/downlink.md section 2).
 */
#ifndef MW_STATION_ENTRY_H
#define MW_STATION_ENTRY_H

#include "station/schedule.h"

#define MW_STATION_ENTRY_MAX 2048u /* bytes of JSON */

/* MW_OK: out_d is complete. MW_UNSUPPORTED: only out_d->id could be read, *out_why says why the
 * rest is not understood (constant text). MW_SYNTAX: not even that. */
MW_NODISCARD mw_status mw_station_entry_parse(mw_slice json, mw_downlink *out_d,
                                              const char **out_why);
/* The id of `{"id":...}`. MW_SYNTAX. */
MW_NODISCARD mw_status mw_station_entry_id(mw_slice json, uint64_t *out_id);

#endif
