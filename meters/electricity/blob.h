/* SPDX-License-Identifier: Apache-2.0
 *
 * A record that is larger than a slot of the ring log: it is cut into parts, and it counts when its
 * last part is there. After a power cut at any byte the newest whole record is the one written last
 * or the one that was being written; nothing in between.
 *
 * Cuts in the middle of writing leave parts behind that take room: a log that keeps `records`
 * slots bears records / parts - 1 such tries in a row before the whole record is displaced.
 *
 *   part: number of the record u32 | part u8 | parts u8 | MW_ELECTRIC_BLOB_CHUNK bytes
 */
#ifndef MW_METERS_ELECTRICITY_BLOB_H
#define MW_METERS_ELECTRICITY_BLOB_H

#include "meters/kit/ringlog.h"

#define MW_ELECTRIC_BLOB_CHUNK   46
#define MW_ELECTRIC_BLOB_PAYLOAD (MW_ELECTRIC_BLOB_CHUNK + 6)
#define MW_ELECTRIC_BLOB_MAX     (MW_ELECTRIC_BLOB_CHUNK * 64)

typedef struct mw_electric_blob {
    mw_ringlog log;
    uint16_t bytes;  /* of a record, 1..MW_ELECTRIC_BLOB_MAX */
    uint8_t parts;   /* of a record */
    uint32_t number; /* of the next record */
} mw_electric_blob;

/* Sectors that hold `records` whole records of `bytes` bytes at any moment. */
uint32_t mw_electric_blob_sectors(uint32_t sector_bytes, uint16_t bytes, uint32_t records);
/* MW_IO. */
MW_NODISCARD mw_status mw_electric_blob_mount(mw_electric_blob *b, const mw_flash *flash,
                                              uint32_t first_sector, uint32_t sectors,
                                              uint16_t bytes, uint8_t kind);
/* record.n must be b->bytes. MW_IO. */
MW_NODISCARD mw_status mw_electric_blob_write(mw_electric_blob *b, const mw_flash *flash,
                                              mw_slice record);
/* The whole record next older than the cursor, which begins at mw_ringlog_from_newest(&b->log).
 * MW_NOT_FOUND, MW_IO. */
MW_NODISCARD mw_status mw_electric_blob_older(const mw_electric_blob *b, const mw_flash *flash,
                                              mw_ringlog_cursor *cursor, mw_span out);

#endif
