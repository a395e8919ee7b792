/* SPDX-License-Identifier: Apache-2.0
 *
 * The coulomb counter: what a battery meter has used, by activity, from times and counts that the
 * firmware knows and currents that are data of the model. A lithium cell's voltage stays flat until
 * it is nearly empty; the charge that left it is what tells its end years ahead.
 *
 *   sleep, display   all the time                     current x time
 *   measure          at the sensor's pace at rest,    charge of one measurement; besides a charge
 *                    and more when something flows    for each count
 *   compute          each step of the kit             charge of a step
 *   transmit         each frame                       current x time on the air, by carrier
 *   receive          each window, and what was heard  current x time
 *   flash            each record written              charge of a record and its share of an erase
 *   ageing           all the time                     self-discharge, part of the capacity a year
 *
 * Charges are whole nanocoulombs (nA s); a D cell has 68 x 10^12. Once a day a record goes to flash.
 * A reset whose length is unknown is booked as one average day, so a boot never gains charge.
 */
#ifndef MW_METERS_KIT_CHARGE_H
#define MW_METERS_KIT_CHARGE_H

#include "meters/kit/ringlog.h"

typedef enum mw_charge_use {
    MW_CHARGE_SLEEP = 0,
    MW_CHARGE_DISPLAY,
    MW_CHARGE_MEASURE,
    MW_CHARGE_COMPUTE,
    MW_CHARGE_TRANSMIT,
    MW_CHARGE_RECEIVE,
    MW_CHARGE_FLASH,
    MW_CHARGE_AGEING,
    MW_CHARGE_USES
} mw_charge_use;

/* Currents and charges of a board with its cell; docs/meters.md says where each comes from. */
typedef struct mw_charge_model {
    uint32_t capacity_mah;    /* nominal; 0: no battery, nothing is counted */
    uint16_t usable_permille; /* of it, down to the end voltage in the cold */
    uint16_t ageing_permille; /* of it, a year */
    uint32_t sleep_na, display_na;
    uint32_t measure_nc;       /* one measurement */
    uint32_t measure_per_1000; /* measurements in 1000 s at rest */
    uint32_t count_nc;         /* what a count of register 0 or 1 costs beside those */
    uint32_t step_nc;
    uint32_t tx_ua, rx_ua;
    uint32_t modem_tx_ua, modem_rx_ua; /* NB-IoT */
    uint32_t record_nc;                /* a record of 32 bytes programmed */
    uint32_t erase_nc;                 /* a sector of 4096 bytes */
} mw_charge_model;

/* What the boards have in common: a sub-GHz transceiver that takes 45 mA at 14 dBm and 11 mA
 * receiving, a module that takes 220 mA and 45 mA; 4 uC for a wake-up of the kit; a NOR flash with
 * 0.7 ms x 12 mA for a program operation and 50 ms x 12 mA for an erase. */
#define MW_CHARGE_PROCESSOR .step_nc = 4000, .record_nc = 8400, .erase_nc = 600000
#define MW_CHARGE_RADIO     .tx_ua = 45000, .rx_ua = 11000, .modem_tx_ua = 220000, .modem_rx_ua = 45000

#define MW_CHARGE_PAYLOAD   44
#define MW_CHARGE_LOW       10 /* percent left, from here on the battery is low */
#define MW_CHARGE_UNKNOWN   255
#define MW_CHARGE_NC_OF_MAH INT64_C(3600000000)

const char *mw_charge_use_name(mw_charge_use use);

typedef struct mw_charge {
    mw_ringlog log;
    int64_t used_nc[MW_CHARGE_USES];
    mw_mono since;    /* booked up to this tick */
    uint32_t seconds; /* that the battery has served */
    uint32_t written; /* records of all logs at the last booking, since the boot */
    bool low;         /* told */
} mw_charge;

typedef struct mw_meter mw_meter;

/* Resumes the account. MW_IO. */
MW_NODISCARD mw_status mw_charge_mount(mw_meter *m, uint32_t first_sector, uint32_t sectors,
                                       uint8_t kind, mw_mono now, bool ticks_kept);
/* Books the time up to `now` and one step, and the counts that came with it. */
void mw_charge_step(mw_meter *m, mw_mono now, uint32_t counts);
void mw_charge_transmit(mw_meter *m, uint32_t ms);
void mw_charge_receive(mw_meter *m, mw_dur on);
/* An hour has ended: books the flash, tells a low battery once, stores the account once a day.
 * MW_IO. */
MW_NODISCARD mw_status mw_charge_hour(mw_meter *m, mw_mono at, bool day);
/* A new cell: the account begins at 0. MW_IO: it is begun all the same. */
MW_NODISCARD mw_status mw_charge_renew(mw_meter *m, mw_mono now);

/* Percent of the usable charge that is left, 0..100, or MW_CHARGE_UNKNOWN without a battery. */
uint8_t mw_charge_left(const mw_meter *m);
int64_t mw_charge_total_nc(const mw_charge *c);

#endif
