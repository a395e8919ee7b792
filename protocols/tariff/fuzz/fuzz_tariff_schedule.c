/* SPDX-License-Identifier: Apache-2.0
 * Schedules from outside, on an empty calendar and on a full one: refused, or a possible calendar that
 * is made again by what turns the same one into it. */
#include <stdlib.h>
#include <string.h>

#include "protocols/tariff/schedule.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The base is one of the two that are known. */
static void mend(mw_tariff_schedule_head h, uint8_t *bytes) {
    mw_writer w = mw_writer_of((mw_span){bytes, 12});
    mw_write_u32le(&w, h.checksum);
    mw_write_u32le(&w, h.from_s);
    mw_write_u32le(&w, h.base);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static mw_tariff_calendar has, c, d;
    uint8_t bytes[MW_TARIFF_SCHEDULE_MAX], again[MW_TARIFF_SCHEDULE_MAX];
    mw_tariff_schedule_head h;
    uint32_t from_s = 0;
    size_t n = 0;
    if (size > sizeof bytes || mw_tariff_schedule_head_of((mw_slice){data, size}, &h) != MW_OK)
        return 0;
    memcpy(bytes, data, size);
    mw_tariff_calendar_init(&has);
    has.specials = has.programs = 30;
    for (unsigned i = 0; i < 30; i++)
        has.special[i] = (mw_tariff_special){0, 2, 2, (uint8_t)i};
    h.base = h.base % 2 == 0 ? 0 : mw_tariff_calendar_checksum(&has);
    mend(h, bytes);
    if (mw_tariff_schedule_decode((mw_slice){bytes, size}, &has, &c, &from_s) != MW_OK)
        return 0;
    if (mw_tariff_calendar_check(&c) != MW_OK || from_s != h.from_s)
        abort();
    if (mw_tariff_schedule_encode(h.base == 0 ? NULL : &has, &c, from_s, MW_SPAN_OF(again), &n) !=
            MW_OK ||
        mw_tariff_schedule_decode((mw_slice){again, n}, &has, &d, &from_s) != MW_OK ||
        mw_tariff_calendar_checksum(&c) != mw_tariff_calendar_checksum(&d))
        abort();
    return 0;
}
