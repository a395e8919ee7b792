/* SPDX-License-Identifier: Apache-2.0
 * Tariff calendars from outside: refused, or complete and equal when written again. */
#include <stdlib.h>
#include <string.h>

#include "base/crc.h"
#include "protocols/tariff/calendar.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    uint8_t bytes[MW_TARIFF_CALENDAR_MAX + 16], again[MW_TARIFF_CALENDAR_MAX];
    static mw_tariff_calendar c;
    if (size > sizeof bytes - 4)
        return 0;
    memcpy(bytes, data, size);
    uint32_t crc = mw_crc32((mw_slice){bytes, size}); /* past the checksum, where the rest is */
    for (unsigned i = 0; i < 4; i++)
        bytes[size + i] = (uint8_t)(crc >> 8 * i);
    if (mw_tariff_calendar_decode((mw_slice){bytes, size + 4}, &c) != MW_OK)
        return 0;
    size_t n = 0;
    if (mw_tariff_calendar_encode(&c, (mw_span){again, sizeof again}, &n) != MW_OK ||
        n != size + 4 || memcmp(again, bytes, n) != 0)
        abort();
    for (int64_t s = -86400; s < INT64_C(200000000000); s = s * 3 + 86399 * 3)
        if (mw_tariff_calendar_tariff(&c, mw_utc_of_s(s)) >= MW_TARIFFS ||
            mw_tariff_calendar_until(&c, mw_utc_of_s(s)).us <= s * MW_US_PER_S)
            abort();
    return 0;
}
