/* SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "platform/readings/tou.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    static mw_zones *zones;
    const mw_zone *zone = NULL;
    mw_tou tou;
    mw_json_error error;
    if (zones == NULL)
        mw_assert(mw_zones_open(NULL, &zones) == MW_OK);
    mw_assert(mw_zones_get(zones, "Europe/Rome", &zone) == MW_OK);
    if (mw_tou_decode((mw_slice){data, n}, &tou, &error) != MW_OK) {
        mw_assert(error.text[0] != 0);
        return 0;
    }
    for (int64_t at = 1790000000; at < 1790000000 + 8 * 86400; at += 1799) {
        uint8_t tariff = mw_tou_tariff(&tou, zone, mw_utc_of_s(at));
        mw_assert(tariff >= 1 && tariff <= tou.tariffs);
    }
    return 0;
}
