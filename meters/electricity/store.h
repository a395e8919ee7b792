/* SPDX-License-Identifier: Apache-2.0
 *
 * The registers of an electricity meter in flash: every count with its rest, in total, per phase
 * and by tariff, so that a meter that comes back goes on at the very quantum.
 *
 * A snapshot is written at the last gasp and each MW_ELECTRIC_SNAPSHOT_S besides; a cut without a
 * last gasp loses what was counted since the newest of them. Snapshots are MW_ELECTRIC_STORE_BYTES
 * in 24 slots of the ring log: one each 15 minutes for 20 years erases each of 64 sectors of 4 KiB
 * 3,900 times, where NOR flash bears 100,000.
 */
#ifndef MW_METERS_ELECTRICITY_STORE_H
#define MW_METERS_ELECTRICITY_STORE_H

#include "meters/electricity/blob.h"
#include "meters/electricity/tariffs.h"

#define MW_ELECTRIC_SNAPSHOT_S 900
#define MW_ELECTRIC_STORE_COUNTS                                                                   \
    ((MW_ELECTRIC_ELEMENTS + 1) * MW_ELECTRIC_REGISTERS +                                          \
     (MW_TARIFFS + 1) * MW_ELECTRIC_TARIFF_REGISTERS + MW_ELECTRIC_REGISTERS)
#define MW_ELECTRIC_STORE_BYTES (1 + MW_ELECTRIC_STORE_COUNTS * 16)

typedef struct mw_electric_store {
    mw_electric_blob blob;
} mw_electric_store;

/* MW_IO. */
MW_NODISCARD mw_status mw_electric_store_mount(mw_electric_store *s, const mw_flash *flash,
                                               uint32_t first_sector, uint32_t sectors,
                                               uint8_t kind);
/* MW_IO: what was stored before stands. */
MW_NODISCARD mw_status mw_electric_store_save(mw_electric_store *s, const mw_flash *flash,
                                              const mw_electric_energy *energy,
                                              const mw_electric_tariffs *tariffs);
/* Reads the newest snapshot whose counts are possible (the sum of tariffs is the total). Configuration
 * and calendars stay as they are. MW_NOT_FOUND: there is none; MW_IO. Nothing is changed then. */
MW_NODISCARD mw_status mw_electric_store_load(const mw_electric_store *s, const mw_flash *flash,
                                              mw_electric_energy *energy,
                                              mw_electric_tariffs *tariffs);

#endif
