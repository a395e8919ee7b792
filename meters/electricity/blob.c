/* SPDX-License-Identifier: Apache-2.0 */
#include "meters/electricity/blob.h"

#include "base/assert.h"

static uint8_t parts_of(uint16_t bytes) {
    return (uint8_t)((bytes + MW_ELECTRIC_BLOB_CHUNK - 1u) / MW_ELECTRIC_BLOB_CHUNK);
}

uint32_t mw_electric_blob_sectors(uint32_t sector_bytes, uint16_t bytes, uint32_t records) {
    return mw_ringlog_sectors_for(sector_bytes, MW_ELECTRIC_BLOB_PAYLOAD,
                                  records * parts_of(bytes));
}

mw_status mw_electric_blob_mount(mw_electric_blob *b, const mw_flash *flash, uint32_t first_sector,
                                 uint32_t sectors, uint16_t bytes, uint8_t kind) {
    mw_assert(bytes >= 1 && bytes <= MW_ELECTRIC_BLOB_MAX);
    mw_electric_blob n = {.bytes = bytes, .parts = parts_of(bytes)};
    MW_TRY(mw_ringlog_mount(&n.log, flash, first_sector, sectors, MW_ELECTRIC_BLOB_PAYLOAD, kind));
    uint8_t payload[MW_ELECTRIC_BLOB_PAYLOAD];
    mw_status s = mw_ringlog_last(&n.log, flash, MW_SPAN_OF(payload));
    if (s == MW_OK) {
        mw_reader r = mw_reader_of(MW_SLICE_OF(payload));
        n.number = mw_read_u32le(&r) + 1;
    } else if (s != MW_NOT_FOUND) {
        return s;
    }
    *b = n;
    return MW_OK;
}

mw_status mw_electric_blob_write(mw_electric_blob *b, const mw_flash *flash, mw_slice record) {
    mw_assert(record.n == b->bytes);
    /* A try that failed half-way keeps its number to itself. */
    uint32_t number = b->number++;
    for (uint8_t part = 0; part < b->parts; part++) {
        uint8_t payload[MW_ELECTRIC_BLOB_PAYLOAD];
        mw_bytes_fill(payload, 0, sizeof payload);
        size_t at = (size_t)part * MW_ELECTRIC_BLOB_CHUNK, left = record.n - at;
        mw_writer w = mw_writer_of(MW_SPAN_OF(payload));
        mw_write_u32le(&w, number);
        mw_write_u8(&w, part);
        mw_write_u8(&w, b->parts);
        mw_write_bytes(&w,
                       (mw_slice){record.p + at,
                                  left < MW_ELECTRIC_BLOB_CHUNK ? left : MW_ELECTRIC_BLOB_CHUNK});
        MW_TRY(mw_ringlog_append(&b->log, flash, MW_SLICE_OF(payload)));
    }
    return MW_OK;
}

mw_status mw_electric_blob_older(const mw_electric_blob *b, const mw_flash *flash,
                                 mw_ringlog_cursor *cursor, mw_span out) {
    mw_assert(out.n == b->bytes);
    uint32_t number = 0;
    unsigned missing = 0; /* parts of `number` still to come, the last one first */
    for (;;) {
        uint8_t payload[MW_ELECTRIC_BLOB_PAYLOAD];
        uint32_t seq;
        MW_TRY(mw_ringlog_older(&b->log, flash, cursor, MW_SPAN_OF(payload), &seq));
        mw_reader r = mw_reader_of(MW_SLICE_OF(payload));
        uint32_t of = mw_read_u32le(&r);
        unsigned part = mw_read_u8(&r), parts = mw_read_u8(&r);
        if (parts != b->parts || part >= parts)
            continue;
        if (part + 1 == parts) {
            number = of;
            missing = parts;
        }
        if (missing == 0 || of != number || part + 1 != missing) {
            missing = 0;
            continue;
        }
        size_t at = (size_t)part * MW_ELECTRIC_BLOB_CHUNK, left = out.n - at;
        size_t n = left < MW_ELECTRIC_BLOB_CHUNK ? left : MW_ELECTRIC_BLOB_CHUNK;
        mw_bytes_copy(out.p + at, payload + 6, n);
        missing--;
        if (missing == 0)
            return MW_OK;
    }
}
