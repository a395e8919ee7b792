/* SPDX-License-Identifier: Apache-2.0
 *
 * The permanent record of what was done to the sealed parameters of a meter (WELMEC 7.2, extension
 * for the change of legally relevant parameters: event logger).
 *
 *   slot  | number u32 | kind u8 | index u8 | key u16 | time u32 | before i64 | after i64 | CRC-32 |
 *
 * Records are appended and nothing is ever erased or written again: this file has no call to erase
 * and none that goes back. When the last slot is used, append says MW_SPACE, and whoever wanted to
 * change a parameter must refuse. A power cut spoils at most the slot that was being written, which
 * is passed over. Numbers count from 0 without a gap; a gap tells that flash was tampered with or
 * wore out (`damaged`).
 */
#ifndef MW_METERS_KIT_AUDIT_H
#define MW_METERS_KIT_AUDIT_H

#include "meters/kit/board.h"

#define MW_AUDIT_SLOT 32

typedef enum mw_audit_kind {
    MW_AUDIT_SEALED = 1,  /* production ended */
    MW_AUDIT_VALUE,       /* a parameter at that moment: `after` */
    MW_AUDIT_BEGUN,       /* service state; `after`: seconds at most */
    MW_AUDIT_ENDED,       /* `after`: 1 when time ran out, or a reset ended it */
    MW_AUDIT_CHANGED,     /* written before the change takes effect */
    MW_AUDIT_FOUND,       /* in force is `after`, where the record said `before` */
    MW_AUDIT_SOFTWARE,    /* checksum of the legally relevant part; key: its version */
    MW_AUDIT_KINDS_AFTER, /* no kind */
} mw_audit_kind;

typedef struct mw_audit_record {
    uint8_t kind;    /* mw_audit_kind */
    uint8_t index;   /* register */
    uint16_t key;    /* mw_seal_key, or a version */
    uint32_t time_s; /* SMP seconds by the meter's clock */
    int64_t before, after;
} mw_audit_record;

typedef struct mw_audit {
    uint32_t first_sector, sectors;
    uint32_t slots; /* in all */
    uint32_t next;  /* slot to be written next */
    uint32_t count; /* records; the number of the next */
    bool damaged;   /* a record is missing */
} mw_audit;

/* Reads all slots. MW_IO. */
MW_NODISCARD mw_status mw_audit_mount(mw_audit *a, const mw_flash *flash, uint32_t first_sector,
                                      uint32_t sectors);
/* Appends and reads back. MW_SPACE: full. MW_IO. */
MW_NODISCARD mw_status mw_audit_append(mw_audit *a, const mw_flash *flash,
                                       const mw_audit_record *r);
/* Slots that are left. */
uint32_t mw_audit_left(const mw_audit *a);

/* A walk from the oldest record; begins with `*slot` 0. MW_NOT_FOUND after the newest; MW_IO. */
MW_NODISCARD mw_status mw_audit_next(const mw_audit *a, const mw_flash *flash, uint32_t *slot,
                                     mw_audit_record *out_record, uint32_t *out_number);

#endif
