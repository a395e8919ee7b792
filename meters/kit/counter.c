/* SPDX-License-Identifier: Apache-2.0 */
#include "meters/kit/counter.h"

mw_status mw_counter_mount(mw_counter *c, const mw_flash *flash, uint32_t first_sector,
                           uint32_t sectors, uint8_t kind) {
    mw_counter n = {0};
    MW_TRY(mw_ringlog_mount(&n.log, flash, first_sector, sectors, MW_COUNTER_PAYLOAD, kind));
    uint8_t payload[MW_COUNTER_PAYLOAD];
    mw_status s = mw_ringlog_last(&n.log, flash, MW_SPAN_OF(payload));
    if (s == MW_OK) {
        mw_reader r = mw_reader_of(MW_SLICE_OF(payload));
        n.reserved = mw_read_u32le(&r);
    } else if (s != MW_NOT_FOUND) {
        return s;
    }
    n.next = n.reserved;
    *c = n;
    return MW_OK;
}

mw_status mw_counter_take(mw_counter *c, const mw_flash *flash, uint32_t *out_number) {
    if (c->next == c->reserved) {
        if (c->reserved > UINT32_MAX - MW_COUNTER_STEP)
            return MW_LIMIT;
        uint8_t payload[MW_COUNTER_PAYLOAD];
        mw_writer w = mw_writer_of(MW_SPAN_OF(payload));
        mw_write_u32le(&w, c->reserved + MW_COUNTER_STEP);
        mw_write_u32le(&w, 0);
        MW_TRY(mw_ringlog_append(&c->log, flash, mw_writer_done(&w)));
        c->reserved += MW_COUNTER_STEP;
    }
    *out_number = c->next++;
    return MW_OK;
}
