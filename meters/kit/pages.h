/* SPDX-License-Identifier: Apache-2.0
 *
 * The pages of the battery meters, on mw_display: one table for those that measure a volume (water,
 * gas) and one for the pulse modem's service display. Codes in the small digits are page numbers,
 * as printed on the meter's label (docs/meters.md).
 *
 *   user     1 register   2 reverse register   3 flow   4 register at the last billing day
 *            5 errors     6 test of all segments
 *   service  11 temperature  12 pressure  13 battery  14 battery left  15 date  16 time
 *            17 firmware     18 checksum of the legally relevant part  19 address  20 events
 *            21 version of the legally relevant part
 *            22 records of changed parameters (meters/kit/audit.h)
 */
#ifndef MW_METERS_KIT_PAGES_H
#define MW_METERS_KIT_PAGES_H

#include "meters/kit/display.h"
#include "meters/kit/meter.h"

typedef struct mw_pages_device {
    const mw_meter *meter;
    mw_mono now;
    uint32_t legal_checksum; /* CRC-32 of the legally relevant part; 0: as the meter was told */
    bool flow_known;
    int64_t flow_lph; /* litres an hour, negative: backwards */
    bool pressure_known;
    int64_t pressure_mbar;
} mw_pages_device;

/* `device` of the tables is a const mw_pages_device. */
extern const mw_display_table mw_pages_water;
extern const mw_display_table mw_pages_gas;
extern const mw_display_table mw_pages_pulse;

#endif
