/* SPDX-License-Identifier: Apache-2.0
 *
 * What a board supplies to the meter kit: raw NOR flash and a seed. Ticks, sensor counts and the
 * radio travel through the arguments and results of mw_meter_step (meters/kit/meter.h), so that the
 * kit never calls out for them.
 */
#ifndef MW_METERS_KIT_BOARD_H
#define MW_METERS_KIT_BOARD_H

#include "base/bytes.h"
#include "base/time.h"

/* Raw NOR flash as found in SPI parts and in most microcontrollers:
 *   - erase sets every byte of one sector to 0xFF;
 *   - program can only clear bits (the cell becomes old AND new), byte by byte in rising order;
 *   - when power fails during program, a prefix is written and the byte under the head has an
 *     arbitrary subset of its bits cleared; during erase, the sector holds anything.
 * Addresses count from 0. Functions return MW_IO when the part fails or power is gone. A call
 * outside the geometry is our own bug. */
typedef struct mw_flash {
    void *context;
    uint32_t sector_bytes; /* erase unit; 4096 on most SPI NOR */
    uint32_t sector_count;
    mw_status (*read)(void *context, uint32_t at, mw_span out);
    mw_status (*program)(void *context, uint32_t at, mw_slice in);
    mw_status (*erase)(void *context, uint32_t sector);
} mw_flash;

/* Why the meter starts. */
typedef enum mw_reset_cause {
    MW_RESET_POWER_ON = 0, /* first power or a change of battery */
    MW_RESET_BROWN_OUT,    /* the supply fell below its limit    */
    MW_RESET_WATCHDOG,
    MW_RESET_SOFTWARE, /* after an assertion */
    MW_RESET_ORDERLY,  /* commanded, after mw_meter_last_gasp; no count was missed */
    MW_RESET_COUNT
} mw_reset_cause;

typedef struct mw_board {
    mw_flash flash;
    /* From a hardware generator, new at each boot: spreads carriers over the band. Not for keys. */
    uint64_t seed;
    mw_reset_cause cause;
    /* The tick counter went on through this reset, so a clock setting stored earlier still holds.
     * False after the power of the counter itself was lost. */
    bool ticks_kept;
    /* CRC-32 of the legally relevant part of the image that runs; 0: the board cannot tell. */
    uint32_t legal_checksum;
    /* Takes new firmware, mounted by the boot stage (kit/update.h); NULL: this board cannot. */
    struct mw_update *update;
    /* Takes tariff schedules (kit/schedule.h); NULL: this meter has no tariffs. */
    struct mw_schedule *schedule;
} mw_board;

#endif
