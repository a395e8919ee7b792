/* SPDX-License-Identifier: Apache-2.0
 *
 * Memory that the emulated board and the host see at the same time: QEMU backs it with a file. It
 * holds the meter's flash, which outlives a killed emulator as a chip outlives a flat battery, what
 * production wrote, and the waveform that the sensors are to see next.
 *
 * Both sides are little-endian with the same alignment; `layout` must agree all the same.
 */
#ifndef MW_METERS_BOARDS_QEMU_SHARED_H
#define MW_METERS_BOARDS_QEMU_SHARED_H

#include <stdint.h>

#define MW_QEMU_SHARED_BYTES (16u << 20) /* what the machine mps2 asks for */
#define MW_QEMU_FLASH_SECTOR 4096u
#define MW_QEMU_FLASH_COUNT  128u
#define MW_QEMU_WAVE_BYTES   (14u << 20)
#define MW_QEMU_MAGIC        UINT32_C(0x4551574D)

/* Production and installation. */
typedef struct mw_qemu_provision {
    uint8_t device_id[8];
    uint8_t master_key[16];
    uint32_t address, key_epoch;
    uint8_t calibration[512]; /* the model's own structure */
    uint32_t calibration_bytes;
    uint32_t reserved;
} mw_qemu_provision;

/* Samples from tick `from_ns` on, `period_ns` apart; their form is the model's (see its main). */
typedef struct mw_qemu_wave {
    int64_t from_ns, period_ns;
    uint32_t count;
    uint32_t reserved;
} mw_qemu_wave;

typedef struct mw_qemu_shared {
    uint8_t flash[MW_QEMU_FLASH_COUNT][MW_QEMU_FLASH_SECTOR];
    uint32_t magic;
    uint32_t layout; /* sizeof(mw_qemu_shared) */
    mw_qemu_provision provision;
    mw_qemu_wave wave;
    uint8_t samples[MW_QEMU_WAVE_BYTES];
} mw_qemu_shared;

/* One sample of the water meter. */
typedef struct mw_qemu_water_sample {
    uint16_t amplitude[2];
    uint16_t field; /* not 0: beyond the limit */
    uint16_t reserved;
} mw_qemu_water_sample;

/* One of the pulse modem: the levels of both lines, sampled each millisecond or more. */
typedef struct mw_qemu_pulse_sample {
    uint8_t low[2];
} mw_qemu_pulse_sample;

/* One of the gas meter: both echoes, and what the board's other converters gave. */
typedef struct mw_qemu_gas_sample {
    int16_t up[256], dn[256];
    int32_t gain_cdb, mdegc, pressure_pa;
    uint32_t reserved;
} mw_qemu_gas_sample;

#endif
