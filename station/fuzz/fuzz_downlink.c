/* SPDX-License-Identifier: Apache-2.0
 *
 * What comes down to a station: entries as JSON, and results as records of the spool, which encode
 * to the same bytes again.
 */
#include <string.h>

#include "base/assert.h"
#include "station/entry.h"
#include "station/outcome.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    mw_slice in = {data, size};
    mw_downlink d;
    const char *why = NULL;
    uint64_t id = 0;
    mw_downlink_result r;
    uint8_t again[MW_STATION_OUTCOME_MAX];
    mw_status status = mw_station_entry_parse(in, &d, &why);
    if (status == MW_OK) {
        mw_assert(d.priority <= 7 && mw_unb_allowed(d.rate, d.size));
        mw_assert(d.mode == MW_DOWNLINK_BROADCAST || (d.copies >= 1 && d.copies <= 3));
    }
    if (status != MW_SYNTAX)
        mw_assert(mw_station_entry_id(in, &id) == MW_OK && id == d.id);
    if (mw_station_outcome_decode(in, &r) == MW_OK) {
        size_t n = mw_station_outcome_encode(&r, again);
        mw_assert(n == size && memcmp(again, data, n) == 0);
    }
    return 0;
}
