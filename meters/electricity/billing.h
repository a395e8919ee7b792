/* SPDX-License-Identifier: Apache-2.0
 *
 * Billing records: all registers at the end of each local day and of each billing period, and at the
 * end of a period by command, with the greatest demands of the period. 180 days and 36 periods are
 * kept at least (SPODES asks for 36 of each).
 *
 *   the demand takes the window that begins at or after the moment (mw_electric_demand_step), so that
 *            the period that ends there has its maximum in the record
 *   due?  -> the caller saves the registers (mw_electric_store_save), so that none is restored below
 *            what a record says
 *   close -> the record is written, in parts that count when the last is there (blob.h); then the
 *            maxima start afresh, and that is written
 *
 * A power cut anywhere in between leaves the period open, to be closed after the cut, or closed once;
 * never closed twice, and never with maxima that are told in two records. The state of the open
 * period (demand, when it began) is in a log of its own, saved with each close, at the last gasp and
 * whenever the registers are.
 *
 * Without supply at the moment, the record is written when supply is back: nothing was counted in
 * between, so the registers are those of the moment. Of several days without supply the last alone
 * has a record. A clock that is set forward closes what it passes; set back, it closes nothing until
 * it passes a moment again. Both are flagged.
 */
#ifndef MW_METERS_ELECTRICITY_BILLING_H
#define MW_METERS_ELECTRICITY_BILLING_H

#include "meters/electricity/blob.h"
#include "meters/electricity/demand.h"
#include "meters/electricity/tariffs.h"

#define MW_ELECTRIC_BILLING_DAYS    180
#define MW_ELECTRIC_BILLING_PERIODS 36
#define MW_ELECTRIC_BILLING_LATE_S  60

typedef enum mw_electric_billing_log {
    MW_ELECTRIC_BILLING_DAILY,
    MW_ELECTRIC_BILLING_MONTHLY,
    MW_ELECTRIC_BILLING_LOGS,
} mw_electric_billing_log;

enum {
    MW_ELECTRIC_BILLING_COMMANDED = 1,
    MW_ELECTRIC_BILLING_LATE = 2,  /* written more than a minute after the moment */
    MW_ELECTRIC_BILLING_CLOCK = 4, /* the clock had been set back before */
};

typedef struct mw_electric_billing_record {
    uint32_t number; /* from 0, in each log */
    uint32_t at_s;   /* the moment, UTC */
    uint32_t closed_s;
    uint8_t flags;
    /* mWh and mvarh: A+, A-, R+, R-. */
    int64_t tariff[MW_TARIFFS][MW_ELECTRIC_TARIFF_REGISTERS];
    int64_t total[MW_ELECTRIC_TARIFF_REGISTERS];
    int64_t phase[MW_ELECTRIC_ELEMENTS][MW_ELECTRIC_TARIFF_REGISTERS];
    int64_t quadrant[4]; /* R1..R4 */
    mw_electric_demand_max max[1 + MW_TARIFFS];
} mw_electric_billing_record;

#define MW_ELECTRIC_BILLING_BYTES                                                                  \
    (14 + 6 * ((MW_TARIFFS + 1 + MW_ELECTRIC_ELEMENTS) * MW_ELECTRIC_TARIFF_REGISTERS + 4) +       \
     8 * (1 + MW_TARIFFS))
#define MW_ELECTRIC_BILLING_OPEN_BYTES (1 + 2 * 4 + 4 + MW_ELECTRIC_DEMAND_BYTES)

/* What is written down. */
typedef struct mw_electric_billing_source {
    const mw_electric_energy *energy;
    const mw_electric_tariffs *tariffs;
    mw_electric_demand *demand; /* of A+; its maxima start afresh with a period */
} mw_electric_billing_source;

typedef struct mw_electric_billing_place {
    uint32_t first_sector, sectors;
    uint8_t kind; /* of three logs, no two the same */
} mw_electric_billing_place;

typedef struct mw_electric_billing {
    mw_electric_blob log[MW_ELECTRIC_BILLING_LOGS], open;
    uint8_t day, hour; /* local, at which a billing period begins: 1..28, 0..23 */
    bool known[MW_ELECTRIC_BILLING_LOGS];
    bool stepped[MW_ELECTRIC_BILLING_LOGS]; /* the clock was set back */
    mw_utc last[MW_ELECTRIC_BILLING_LOGS];  /* begin of what is open */
    uint32_t next[MW_ELECTRIC_BILLING_LOGS];
} mw_electric_billing;

/* Sectors for this many records of a day or a period; of the open period's log (48 states). */
uint32_t mw_electric_billing_sectors(uint32_t sector_bytes, uint32_t records);
uint32_t mw_electric_billing_open_sectors(uint32_t sector_bytes);
/* Finds the newest records and the state of the open period, which is put into `demand` when there
 * is one. MW_IO. MW_RANGE: day or hour. */
MW_NODISCARD mw_status mw_electric_billing_mount(mw_electric_billing *b, const mw_flash *flash,
                                                 const mw_electric_billing_place place[3],
                                                 uint8_t day, uint8_t hour,
                                                 mw_electric_demand *demand);
/* Which logs have a moment to write down, bit per mw_electric_billing_log. To be asked between two
 * windows, with a clock that is set. */
unsigned mw_electric_billing_due(mw_electric_billing *b, const mw_tariff_calendar *calendar,
                                 mw_utc now);
/* Writes what is due. MW_IO: what is not written stays due. */
MW_NODISCARD mw_status mw_electric_billing_close(mw_electric_billing *b, const mw_flash *flash,
                                                 const mw_tariff_calendar *calendar, mw_utc now,
                                                 const mw_electric_billing_source *of);
/* Ends the billing period now. MW_IO. */
MW_NODISCARD mw_status mw_electric_billing_command(mw_electric_billing *b, const mw_flash *flash,
                                                   mw_utc now,
                                                   const mw_electric_billing_source *of);
/* Saves the state of the open period. MW_IO. */
MW_NODISCARD mw_status mw_electric_billing_save(mw_electric_billing *b, const mw_flash *flash,
                                                const mw_electric_demand *demand);
/* The next older record whose moment is in from <= at < to. The cursor begins at
 * mw_ringlog_from_newest(&b->log[log].log). MW_NOT_FOUND, MW_IO. */
MW_NODISCARD mw_status mw_electric_billing_older(const mw_electric_billing *b,
                                                 const mw_flash *flash, mw_electric_billing_log log,
                                                 mw_ringlog_cursor *cursor, uint32_t from_s,
                                                 uint32_t to_s, mw_electric_billing_record *out);

#endif
