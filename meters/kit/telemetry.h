/* SPDX-License-Identifier: Apache-2.0
 *
 * What a meter sends and when.
 *
 *   report   at the end of each report period, after a jitter that follows from identity and hour
 *            (so it is repeatable and spreads a town evenly): the hours of the period and, with
 *            overlap, those of the period before, as day objects. In a shorter period than a day
 *            the frame is filled with as many older hours as fit.
 *   service  events, the health of the device, and registers as totals: shortly after a boot,
 *            after an alarm, and once a week.
 *
 * Frames are built one at a time when the radio is free and the ledger allows. Hours that do not
 * fit a frame are cut into parts, newest first. The whole frame counter is sent in the first frame
 * after a boot, in every 256th, and wherever it costs no larger frame.
 */
#ifndef MW_METERS_KIT_TELEMETRY_H
#define MW_METERS_KIT_TELEMETRY_H

#include "crypto/crypto.h"
#include "meters/kit/config.h"
#include "meters/kit/counter.h"
#include "meters/kit/ledger.h"

/* A report leaves at the earliest this long after the hour's end. */
#define MW_REPORT_DELAY_NS (INT64_C(10) * MW_NS_PER_S)
/* The first frame after a boot, and one after an alarm, leave within this time. */
#define MW_SERVICE_WINDOW_MS 300000
#define MW_ALARM_WINDOW_MS   60000
#define MW_GASP_WINDOW_MS    2000 /* a street that loses its supply is spread a little all the same */
/* Time from the decision to send to the first symbol. */
#define MW_SEND_LEAD_NS  (INT64_C(100) * 1000000)
#define MW_RADIO_PAYLOAD 28
#define MW_TICK_NEVER    ((mw_mono){INT64_MAX})

typedef struct mw_telemetry {
    mw_crypto_ctx up;
    mw_counter counter;
    mw_ledger ledger;
    mw_ringlog log;      /* one record per frame: airtime and what was reported */
    mw_mono radio_free;  /* no frame before this: airtime, receive window, duty */
    mw_mono report_at;   /* when the pending report is due */
    mw_mono service_at;  /* when a service frame is due */
    uint32_t report_end; /* boundary that the pending report ends with */
    uint32_t part_end;   /* hours up to here of part_register are still to be sent */
    uint32_t reported;   /* end of the newest report that was sent completely */
    uint8_t part_register;
    bool report_pending;
    bool full_due; /* no frame was sent since the boot */
    bool health_due;
    uint8_t announce;                          /* bit i: total of register i is to be sent */
    uint16_t status_arisen;                    /* MW_SMP_STATUS_*: since the last report */
    int64_t announced[MW_METER_REGISTERS_MAX]; /* counts when last sent as a total */
    uint16_t airtime_ds[24];                   /* per hour, by hour number modulo 24; 0.1 s */
} mw_telemetry;

/* Repeatable jitter in [0, range_ms) of a meter for one hour number. */
uint32_t mw_schedule_jitter_ms(const uint8_t device_id[8], uint32_t hour, uint32_t range_ms);

#endif
