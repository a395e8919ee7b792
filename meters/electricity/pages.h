/* SPDX-License-Identifier: Apache-2.0
 *
 * The pages of the electricity meters, on mw_display. Codes in the small digits are short OBIS
 * codes. A long press of the button goes through the menu:
 *
 *   EnErGy   totals of A+ A- R+ R-, date, time, test of all segments; turns by itself, first on
 *   tArIFF   the same by tariff: eight of active, four of reactive energy
 *   nEt      voltages, currents, neutral, powers, power factors, frequency, angles, THD, unbalance
 *   HISt     greatest demand, and the last billing period: its end, registers, demand (code ".1")
 *   SErUICE  errors, tampers, failures, sags and swells, relay's limit and credit, temperature,
 *            battery, serial number, address, firmware, version and checksum of the legally
 *            relevant part, records of the seal
 *
 * Values come from the meter's model, the same numbers that COSEM reads, so that glass and line
 * never differ. On the mains the glass is lit for half a minute after a press and never dark; the
 * battery tables show the same pages for half a minute after a press, without light.
 */
#ifndef MW_METERS_ELECTRICITY_PAGES_H
#define MW_METERS_ELECTRICITY_PAGES_H

#include "meters/electricity/billing.h"
#include "meters/electricity/objects.h"
#include "meters/kit/display.h"

typedef struct mw_electric_pages_device {
    const mw_electric_model *model; /* number, text, now and calendar are asked; relay if there */
    const mw_electric_billing_record *period; /* the newest that is closed; NULL: none */
    uint8_t tampers;                          /* mw_electric_tamper_now */
    uint16_t quality;                         /* mw_electric_quality_status */
    uint16_t errors;                          /* of self-diagnosis, shown as they are */
    bool alarm; /* an event of the group that drives the display has not been looked at */
    bool battery_low;
    bool clock_bad;
    bool radio;        /* linked */
    uint32_t address;  /* of its radio */
    uint32_t checksum; /* of the legally relevant part */
    uint32_t records;  /* in the permanent record of the seal */
    uint8_t firmware[3];
} mw_electric_pages_device;

/* `device` of the tables is a const mw_electric_pages_device. */
extern const mw_display_table mw_electric_pages_single, mw_electric_pages_single_battery;
extern const mw_display_table mw_electric_pages_three, mw_electric_pages_three_battery;

#define MW_ELECTRIC_PAGES_LISTS 5

#endif
