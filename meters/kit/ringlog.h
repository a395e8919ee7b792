/* SPDX-License-Identifier: Apache-2.0
 *
 * A log of fixed-size records on raw NOR flash that survives a power cut at any byte.
 *
 *   slot    | sequence u32 | payload | CRC-32 of kind, sequence and payload |   (little-endian)
 *   region  | sector | sector | ... |  each holds as many whole slots as fit
 *
 * A record is committed when its append returned MW_OK. From then on it is found by every later
 * mount until newer records push it out: a log of s sectors always keeps at least the newest
 * (s - 1) * slots-per-sector records (fewer by the slots that cuts have torn).
 *
 * Why that holds: the one slot being programmed is blank before and fails its CRC until the last
 * byte; torn slots are skipped, never reused; a sector is erased only on entering it, when all its
 * records are the oldest of the log, and again whenever the log enters it without a valid record.
 * There is no other mutable data, so there is nothing else that a cut could damage.
 */
#ifndef MW_METERS_KIT_RINGLOG_H
#define MW_METERS_KIT_RINGLOG_H

#include "meters/kit/board.h"

#define MW_RINGLOG_PAYLOAD_MAX 56
#define MW_RINGLOG_OVERHEAD    8 /* sequence and CRC */
#define MW_RINGLOG_NO_SLOT     UINT32_MAX

typedef struct mw_ringlog {
    uint32_t first_sector;
    uint32_t sectors;      /* at least 2 */
    uint32_t head;         /* slot to be tried next */
    uint32_t newest;       /* slot of the newest record, or MW_RINGLOG_NO_SLOT */
    uint32_t next_seq;     /* sequence number of the next record */
    uint16_t per_sector;   /* slots in a sector */
    uint8_t payload_bytes; /* 1..MW_RINGLOG_PAYLOAD_MAX */
    uint8_t kind;          /* tells logs apart: a record of another kind is never accepted */
} mw_ringlog;

/* Sectors that keep at least `records` records at any moment. */
uint32_t mw_ringlog_sectors_for(uint32_t sector_bytes, uint8_t payload_bytes, uint32_t records);

/* Finds the newest record by reading every slot. Flash may be blank or hold anything. MW_IO. */
MW_NODISCARD mw_status mw_ringlog_mount(mw_ringlog *log, const mw_flash *flash,
                                        uint32_t first_sector, uint32_t sectors,
                                        uint8_t payload_bytes, uint8_t kind);

/* Appends and reads back. A slot or sector that does not take the data is skipped; MW_IO when a
 * whole turn of the log found no place. payload.n must be payload_bytes. */
MW_NODISCARD mw_status mw_ringlog_append(mw_ringlog *log, const mw_flash *flash, mw_slice payload);

/* A walk from the newest record to the oldest. Valid until the next append. */
typedef struct mw_ringlog_cursor {
    uint32_t slot; /* to be read next */
    uint32_t left; /* slots not yet visited */
    uint32_t seq_below;
} mw_ringlog_cursor;

mw_ringlog_cursor mw_ringlog_from_newest(const mw_ringlog *log);
/* Next older record; out.n must be payload_bytes. MW_NOT_FOUND after the oldest; MW_IO. */
MW_NODISCARD mw_status mw_ringlog_older(const mw_ringlog *log, const mw_flash *flash,
                                        mw_ringlog_cursor *cursor, mw_span out, uint32_t *out_seq);
/* The record with this number: few reads, since records follow each other but for torn slots.
 * MW_NOT_FOUND: pushed out, or not written yet; MW_IO. */
MW_NODISCARD mw_status mw_ringlog_numbered(const mw_ringlog *log, const mw_flash *flash,
                                           uint32_t seq, mw_span out);
/* The newest record; MW_NOT_FOUND in an empty log. */
MW_NODISCARD mw_status mw_ringlog_last(const mw_ringlog *log, const mw_flash *flash, mw_span out);

#endif
