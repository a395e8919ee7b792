/* SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "platform/readings/timezone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    mw_zone *zone = NULL;
    if (mw_zone_decode((mw_slice){data, size}, &zone) != MW_OK)
        return 0;
    int64_t former = INT64_MIN;
    for (int64_t day = -30000; day < 60000; day += 777) {
        mw_utc start = mw_zone_day_start(zone, day);
        mw_assert(start.us >= former); /* days never go backwards, whatever the file says */
        former = start.us;
        int32_t second;
        (void)mw_zone_local_day(zone, start, &second);
        mw_assert(second >= 0 && second < 86400);
    }
    mw_zone_free(zone);
    return 0;
}
