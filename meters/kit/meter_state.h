/* SPDX-License-Identifier: Apache-2.0
 *
 * The state of a meter, so that callers can reserve memory. Private to the kit.
 */
#ifndef MW_METERS_KIT_METER_STATE_H
#define MW_METERS_KIT_METER_STATE_H

#include "crypto/keys.h"
#include "meters/kit/adapt.h"
#include "meters/kit/archive.h"
#include "meters/kit/beacon.h"
#include "meters/kit/charge.h"
#include "meters/kit/downlink_state.h"
#include "meters/kit/events.h"
#include "meters/kit/meter.h"
#include "meters/kit/passive.h"
#include "meters/kit/registers.h"
#include "meters/kit/rtc.h"
#include "meters/kit/telemetry.h"
#include "meters/kit/watch.h"

struct mw_meter {
    mw_flash flash;
    const mw_meter_model *model;
    const mw_unb_plan *plan;
    mw_device_id device_id;
    uint32_t address;
    uint32_t key_epoch;
    mw_meter_config config;
    mw_ringlog config_log;
    mw_rtc clock;
    mw_registers registers;
    mw_archive archive;
    mw_events events;
    mw_telemetry telemetry;
    mw_downlink downlink;
    mw_watch watch;
    mw_beacon beacon;
    mw_seal seal;
    mw_charge charge;
    mw_passive passive;
    mw_adapt adapt;
    struct mw_update *update;     /* NULL: this board takes no firmware */
    struct mw_schedule *schedule; /* NULL: this meter has no tariffs */
    mw_mono booted;
    uint32_t hour;    /* the running hour */
    mw_mono boundary; /* tick of its end */
    bool hour_disturbed;
    bool hour_stepped;
    uint32_t tamper;
    uint32_t faults;
    uint16_t battery_mv; /* 0: never measured */
    mw_temp temperature;
    uint16_t status_now; /* MW_SMP_STATUS_* that hold */
    int64_t reverse_seen[MW_METER_REGISTERS_MAX];
};

/* ---- between meter.c and downlink.c ---- */

typedef struct mw_downlink_place {
    uint32_t log_first, log_sectors, state_first, state_sectors;
    uint8_t log_kind, state_kind;
} mw_downlink_place;

/* Mounts both logs and takes over the key epoch; before mw_telemetry_boot. MW_IO. */
MW_NODISCARD mw_status mw_downlink_mount(mw_meter *m, const mw_meter_provision *p,
                                         const mw_key *master, const mw_downlink_place *at);
/* Counters and receipts; does what a reset interrupted. The last thing of a boot. MW_IO. */
MW_NODISCARD mw_status mw_downlink_resume(mw_meter *m, mw_mono now);

/* ---- beacon.c, called by meter.c and orders.c ---- */

void mw_beacon_init(mw_meter *m);
/* The clock was set by something of unknown quality; `step`: far from where it stood. */
void mw_beacon_clock_set(mw_meter *m, bool step);
/* A time object of a group was followed; its frame began at `at`. After mw_beacon_clock_set. */
void mw_beacon_heard(mw_meter *m, mw_utc at, uint16_t uncertainty_ms);
/* Asks for a window that is due unless the radio is taken; returns when to step again. */
mw_mono mw_beacon_step(mw_meter *m, mw_mono now, mw_meter_outputs *out);

/* ---- between meter.c and telemetry.c ---- */

/* Mounts counter and radio log, derives the key, schedules the boot frame. */
MW_NODISCARD mw_status mw_telemetry_boot(mw_meter *m, const mw_key *master, const mw_board *board,
                                         uint32_t counter_first, uint32_t counter_sectors,
                                         uint32_t log_first, uint32_t log_sectors, mw_mono now,
                                         uint32_t *out_events_reported);
/* The clock and the running hour are known: takes up a report that the reset interrupted. */
void mw_telemetry_resume(mw_meter *m, mw_mono now);
/* An hour has ended at boundary m->hour, at tick `at`. */
void mw_telemetry_hour(mw_meter *m, mw_mono at);
/* Something happened that should not wait for the next report. */
void mw_telemetry_alarm(mw_meter *m, mw_mono now);
/* The same when there is hardly any time left. */
void mw_telemetry_gasp(mw_meter *m, mw_mono now);
/* Builds at most one frame that is due. */
MW_NODISCARD mw_status mw_telemetry_step(mw_meter *m, mw_mono now, mw_meter_outputs *out);
/* Derives the key of m->key_epoch for reports. MW_NOMEM never. */
MW_NODISCARD mw_status mw_telemetry_key(mw_meter *m, const mw_key *master);
/* Answers to downlinks, called by mw_telemetry_step when downlink.answer_at is reached. */
MW_NODISCARD mw_status mw_answers_step(mw_meter *m, mw_mono now, mw_meter_outputs *out);
/* When mw_telemetry_step has work again, MW_TICK_NEVER if unknown. */
mw_mono mw_telemetry_next(const mw_meter *m);

#endif
