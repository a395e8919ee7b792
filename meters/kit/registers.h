/* SPDX-License-Identifier: Apache-2.0
 *
 * The registers of a meter: sensor counts that only ever grow. Flow the other way has a register
 * of its own and is never subtracted.
 *
 * RAM holds the truth; flash holds snapshots. A snapshot is written when a register has grown by
 * `snapshot_counts` since the last one, at each hour (the archive record serves as one) and at the
 * last gasp. A sudden cut without last gasp therefore loses fewer than snapshot_counts counts per
 * register, and none that were counted before the hour began; with it, none.
 */
#ifndef MW_METERS_KIT_REGISTERS_H
#define MW_METERS_KIT_REGISTERS_H

#include "meters/kit/config.h"
#include "meters/kit/ringlog.h"

#define MW_REGISTERS_PAYLOAD (MW_METER_REGISTERS_MAX * 8)

typedef struct mw_registers {
    mw_ringlog log;
    int64_t counts[MW_METER_REGISTERS_MAX];
    int64_t stored[MW_METER_REGISTERS_MAX]; /* what a cut now would leave */
    uint32_t snapshot_counts;
} mw_registers;

/* Counts resume at the newest snapshot; the caller then raises them by mw_registers_resume with
 * what other logs know. MW_IO. */
MW_NODISCARD mw_status mw_registers_mount(mw_registers *r, const mw_flash *flash,
                                          uint32_t first_sector, uint32_t sectors, uint8_t kind,
                                          uint32_t snapshot_counts);
/* Takes over counts stored elsewhere (an archive record) where they are higher. */
void mw_registers_resume(mw_registers *r, const int64_t counts[MW_METER_REGISTERS_MAX]);
/* Adds counts and snapshots when due. The counts are in the register even when flash fails (MW_IO).
 * At MW_METER_COUNTS_MAX a register stops: MW_RANGE. */
MW_NODISCARD mw_status mw_registers_add(mw_registers *r, const mw_flash *flash,
                                        const uint32_t add[MW_METER_REGISTERS_MAX]);
/* Writes a snapshot now, unless nothing changed since the last. MW_IO. */
MW_NODISCARD mw_status mw_registers_save(mw_registers *r, const mw_flash *flash);
/* The archive has stored the present counts. */
void mw_registers_saved(mw_registers *r);

/* initial + floor(counts * numerator / denominator). */
int64_t mw_scale_value(const mw_meter_scale *s, int64_t counts);

#endif
