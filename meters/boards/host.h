/* SPDX-License-Identifier: Apache-2.0
 *
 * The host board: simulated NOR flash with power cuts, and a crystal that drifts. For tests and for
 * towns of virtual meters. Uses the heap; not part of a meter's image.
 *
 *     mw_host_flash nor;
 *     mw_host_flash_init(&nor, 4096, MW_METER_FLASH_SECTORS);
 *     mw_board board = {.flash = mw_host_flash_interface(&nor), .seed = 1, ...};
 *     mw_meter_boot(&meter, &mw_water_r160, &provision, &board, now);
 */
#ifndef MW_METERS_BOARDS_HOST_H
#define MW_METERS_BOARDS_HOST_H

#include <stdio.h>

#include "base/prng.h"
#include "meters/kit/board.h"

typedef struct mw_host_flash_stats {
    uint64_t reads, programs, erases; /* operations */
    uint64_t bytes_read, bytes_programmed;
    uint32_t sectors_held; /* sectors that own memory now */
} mw_host_flash_stats;

typedef struct mw_host_flash {
    uint8_t **sector; /* NULL = blank: memory is taken when a sector is first programmed */
    uint32_t *erased; /* erase count of each sector */
    uint32_t sector_bytes;
    uint32_t sector_count;
    mw_host_flash_stats stats;
    /* Power cut: steps left until it (each programmed byte and each erase is one step);
     * UINT64_MAX = none armed. */
    uint64_t cut_in;
    uint32_t cut_sector; /* where the last cut fell */
    bool dead;           /* power is gone: every operation fails until mw_host_flash_power_on */
    mw_prng noise;
} mw_host_flash;

/* MW_NOMEM. */
MW_NODISCARD mw_status mw_host_flash_init(mw_host_flash *f, uint32_t sector_bytes,
                                          uint32_t sector_count);
void mw_host_flash_fini(mw_host_flash *f);
/* Makes `to`, which is initialised and of the same geometry, equal to `from`. MW_NOMEM. */
MW_NODISCARD mw_status mw_host_flash_copy(mw_host_flash *to, const mw_host_flash *from);
mw_flash mw_host_flash_interface(mw_host_flash *f);

/* Arms a cut: `steps` more bytes or erases complete, the next one is torn (a random subset of the
 * byte's bits cleared; an erased sector left with random bytes, half old and half blank, or with
 * random bits set), and everything after fails. The noise follows from `seed`. */
void mw_host_flash_cut_after(mw_host_flash *f, uint64_t steps, uint64_t seed);
/* Power returns; contents stay as the cut left them. Disarms. */
void mw_host_flash_power_on(mw_host_flash *f);

/* A snapshot of the touched sectors in a stream. Loading replaces the contents; a flash of another
 * geometry or a damaged stream is refused with MW_SYNTAX, MW_SHORT or MW_CHECKSUM. MW_IO, MW_NOMEM.
 */
MW_NODISCARD mw_status mw_host_flash_save(const mw_host_flash *f, FILE *out);
MW_NODISCARD mw_status mw_host_flash_load(mw_host_flash *f, FILE *in);

/* A crystal of constant frequency error: converts true time to a meter's ticks and back. */
typedef struct mw_host_crystal {
    mw_utc origin; /* true time at tick 0 */
    int32_t ppb;   /* parts per billion; positive runs fast. Within +-1,000,000 */
} mw_host_crystal;

mw_mono mw_host_crystal_ticks(const mw_host_crystal *x, mw_utc t);
/* True time of a tick, rounded up: stepping at or after it never comes early. */
mw_utc mw_host_crystal_utc(const mw_host_crystal *x, mw_mono ticks);

#endif
