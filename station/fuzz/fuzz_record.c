/* SPDX-License-Identifier: Apache-2.0
 *
 * Records of the station's spool: what is accepted encodes to the same bytes.
 */
#include <string.h>

#include "base/assert.h"
#include "station/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    mw_receiver_frame f;
    uint8_t again[MW_STATION_RECORD_MAX];
    if (mw_station_record_decode((mw_slice){data, size}, &f) != MW_OK || mw_utc_is_none(f.start))
        return 0;
    size_t n = mw_station_record_encode(&f, MW_UTC_NONE, again);
    mw_assert(n == size && memcmp(again, data, n) == 0);
    return 0;
}
