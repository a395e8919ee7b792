/* SPDX-License-Identifier: Apache-2.0
 *
 * The load profile: at the end of each period of 1, 3, 5, 10, 15, 30 or 60 minutes of UTC, the four
 * energy registers and the means of voltages, currents and frequency, as a record of fixed size.
 *
 * Registers are absolute: a record that is missing costs resolution, never energy. A period without
 * supply has no record; one that was measured in part says for how many seconds.
 *
 *   record, little endian: u32 end (UTC, s) | 4 x u48 register (mWh, mvarh) | 3 x u16 voltage
 *   (10 mV) | 3 x u24 current (mA) | u16 frequency (mHz; 0 none) | u16 measured (s) | u8 flags
 */
#ifndef MW_METERS_ELECTRICITY_LOADLOG_H
#define MW_METERS_ELECTRICITY_LOADLOG_H

#include "meters/electricity/quantities.h"
#include "meters/kit/ringlog.h"

#define MW_ELECTRIC_LOADLOG_ENERGIES 4 /* A+, A-, R+, R- */
#define MW_ELECTRIC_LOADLOG_RECORDS  6144
#define MW_ELECTRIC_LOADLOG_PAYLOAD  48

enum {
    MW_ELECTRIC_LOADLOG_SHORT = 1, /* measured for less than the period */
    MW_ELECTRIC_LOADLOG_CLOCK = 2, /* the clock was set in it */
};

typedef struct mw_electric_loadlog_record {
    uint32_t end_s;
    int64_t energy[MW_ELECTRIC_LOADLOG_ENERGIES]; /* mWh, mvarh at the end */
    uint16_t u_10mv[MW_ELECTRIC_ELEMENTS];
    uint32_t i_ma[MW_ELECTRIC_ELEMENTS];
    uint16_t frequency_mhz;
    uint16_t measured_s;
    uint8_t flags;
} mw_electric_loadlog_record;

typedef struct mw_electric_loadlog {
    mw_ringlog log;
    uint8_t period_min;
    bool begun;
    int64_t period; /* number of the one under way */
    /* Sums over time of the period under way: mV, mA, mHz times parts. */
    int64_t parts, u[MW_ELECTRIC_ELEMENTS], i[MW_ELECTRIC_ELEMENTS];
    int64_t f, f_parts;
} mw_electric_loadlog;

/* `period_min` is one of those above: MW_RANGE otherwise. MW_IO. Sectors: mw_ringlog_sectors_for. */
MW_NODISCARD mw_status mw_electric_loadlog_mount(mw_electric_loadlog *p, const mw_flash *flash,
                                                 uint32_t first_sector, uint32_t sectors,
                                                 uint8_t kind, uint8_t period_min);
/* A window that began at `begin`; `energy` is what the registers held before it was counted. Writes
 * the record of the period that is over. MW_IO: that record is lost, the window is taken. */
MW_NODISCARD mw_status
mw_electric_loadlog_window(mw_electric_loadlog *p, const mw_flash *flash,
                           const int64_t energy[MW_ELECTRIC_LOADLOG_ENERGIES],
                           const mw_electric_quantities *q, mw_utc begin);
/* The next older record whose end is in from <= end < to. The cursor begins at
 * mw_ringlog_from_newest(&p->log). MW_NOT_FOUND, MW_IO. */
MW_NODISCARD mw_status mw_electric_loadlog_older(const mw_electric_loadlog *p,
                                                 const mw_flash *flash, mw_ringlog_cursor *cursor,
                                                 uint32_t from_s, uint32_t to_s,
                                                 mw_electric_loadlog_record *out);
/* The record with this number of the log. MW_NOT_FOUND, MW_IO. */
MW_NODISCARD mw_status mw_electric_loadlog_numbered(const mw_electric_loadlog *p,
                                                    const mw_flash *flash, uint32_t number,
                                                    mw_electric_loadlog_record *out);

#endif
