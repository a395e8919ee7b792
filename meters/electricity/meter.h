/* SPDX-License-Identifier: Apache-2.0
 *
 * The electricity meter, single-phase and three-phase: everything of this folder tied together.
 *
 *   samples -> window -> quantities -+-> energy, tariffs, demand -> registers, billing records
 *                                    +-> quality, tampers, limits -> events -> logs, push, relay
 *                                    +-> load profiles
 *   client  -> COSEM server -> objects -> model (meter_model.c ...) -> what is above
 *
 * The board calls: _boot once; _sample for each sample, or _window where windows are made elsewhere
 * (a simulation); _inputs when a contact changes; _step once a second; _power_fails at the last
 * gasp, when the hold-up capacitor is all that is left. Nothing here blocks, allocates or calls out
 * except to flash.
 *
 * Clock: the board's ticks and one setting (kit/rtc.h); a battery keeps the ticks, so clock and
 * calendar go on without supply. After a power failure the meter goes on at the very quantum that
 * the last gasp stored; without a last gasp at the newest snapshot.
 */
#ifndef MW_METERS_ELECTRICITY_METER_H
#define MW_METERS_ELECTRICITY_METER_H

#include "meters/electricity/billing.h"
#include "meters/electricity/calibrate.h"
#include "meters/electricity/load.h"
#include "meters/electricity/loadlog.h"
#include "meters/electricity/quality.h"
#include "meters/electricity/seal.h"
#include "meters/electricity/settings.h"
#include "meters/electricity/store.h"
#include "meters/electricity/supply.h"
#include "meters/electricity/tamper.h"
#include "meters/kit/counter.h"
#include "meters/kit/rtc.h"
#include "meters/pulse/input.h"

#define MW_ELECTRIC_METER_SECTORS 480 /* of 4 KiB: 1.9 MiB of a 2 MiB part */
#define MW_ELECTRIC_METER_PDU     1024
#define MW_ELECTRIC_PUSH_MAX      512
/* Energy registers on the glass and in COSEM: 999,999.999 kWh, then 0 again. */
#define MW_ELECTRIC_CAPACITY_WH INT64_C(1000000000)

/* What all meters of a type have in common, const. */
typedef struct mw_electric_type {
    const char *name; /* as the platform's registry has it: "electricity-1p" */
    const char *label;
    const mw_electric_table *table;
    uint8_t elements;         /* 1 or 3 */
    uint8_t reactive_tariffs; /* 8 or 4 */
    mw_voltage rated;
    uint32_t basic_ma, max_ma;
    mw_electric_energy_config energy;
    const char *firmware;
} mw_electric_type;

/* The catalogue's: 5(100) A, class 1, starting at 10 mA, 3600 imp/kWh and 4800 imp/kvarh; 5(100) A
 * or by transformer, class 0.5S, starting at 20 mA, 1600 imp, or 8000 where production says so. */
extern const mw_electric_type mw_electric_single_phase;
extern const mw_electric_type mw_electric_three_phase;

/* Is told of the events that are to be pushed (the second mask of events), begins and ends. */
typedef struct mw_electric_listener {
    void (*tell)(void *context, const mw_electric_event *event); /* NULL: nobody listens */
    void *context;
} mw_electric_listener;

/* What production writes once. */
typedef struct mw_electric_provision {
    uint32_t serial;  /* 9 digits at most */
    const char *made; /* ISO 8601 date */
    mw_electric_calibration calibration;
    mw_key encryption, authentication, wrapping;
    const char *reader_password, *configurator_password;
    uint32_t ct_ratio, vt_ratio;
    bool sealed;                               /* production has ended (seal.h) */
    mw_electric_mains mains;                   /* rated frequency; 0: 50 Hz */
    uint32_t pulses_per_kwh, pulses_per_kvarh; /* of the outputs; 0: the type's */
    const mw_gcm *gcm;
} mw_electric_provision;

typedef struct mw_electric_inputs {
    bool case_open, cover_open, magnet, radio_field;
    mw_temp temperature;
    uint16_t battery_mv;
} mw_electric_inputs;

typedef enum mw_electric_port {
    MW_ELECTRIC_PORT_OPTICAL,
    MW_ELECTRIC_PORT_RS485,
    MW_ELECTRIC_PORT_NETWORK,
    MW_ELECTRIC_PORT_RADIO,
} mw_electric_port;

/* One record of an event log. */
typedef struct mw_electric_logged {
    uint32_t at_s; /* UTC */
    uint8_t code;  /* the standard's number within the log */
    uint8_t channel, client;
    int32_t value;
    uint32_t run_s;
    uint16_t quality, inputs;
    uint32_t duration_ms;
} mw_electric_logged;

#define MW_ELECTRIC_LOGGED_PAYLOAD   24
#define MW_ELECTRIC_POWERLOG_PAYLOAD 40

/* Means of power over the period under way, for the third load profile. */
typedef struct mw_electric_powerlog {
    mw_ringlog log;
    bool begun;
    int64_t period;
    int64_t parts, p[MW_ELECTRIC_ELEMENTS + 1], q[MW_ELECTRIC_ELEMENTS + 1];
} mw_electric_powerlog;

/* What outlives a power failure besides registers and settings. */
typedef struct mw_electric_kept {
    uint32_t run_s;  /* powered, ever */
    uint32_t pulses; /* of the pulse input, ever */
    uint32_t power_failures, long_power_failures;
    uint64_t push_flags; /* events since they were cleared, by bit */
    bool supply_local;
    uint8_t supply_state, supply_reasons;
    bool off; /* the last thing it did was to lose its supply, at off_s */
    uint32_t off_s;
    uint32_t off_long_s; /* duration of the last long failure, and its end */
    uint32_t off_long_end_s;
} mw_electric_kept;

typedef struct mw_electric_meter {
    const mw_electric_type *type;
    const mw_electric_provision *provision;
    mw_flash flash;
    /* Measuring. */
    mw_electric_window window;
    mw_electric_quantities q; /* of the newest window */
    mw_electric_energy energy;
    mw_electric_tariffs tariffs;
    uint8_t tariff; /* 0.. of now */
    mw_electric_demand demand;
    mw_electric_quality quality;
    mw_electric_load consumer;
    mw_electric_tamper tamper;
    mw_electric_inputs inputs;
    mw_pulse_input pulse_input;
    /* Storing. */
    mw_rtc rtc;
    mw_electric_store store;
    mw_electric_blob calendars[2], settings_blob, kept_blob;
    mw_electric_billing billing;
    mw_electric_loadlog load;
    mw_electric_powerlog power;
    mw_ringlog logs[MW_ELECTRIC_LOGS];
    mw_counter sealed;
    mw_seal seal;
    mw_ringlog counters; /* of clients */
    uint32_t least[MW_COSEM_ROLES];
    mw_electric_settings settings;
    mw_electric_kept kept;
    mw_electric_listener listener;
    mw_electric_event returned; /* of the supply, with this boot; code 0: it was not lost */
    mw_mono second;             /* now, as the last call had it */
    mw_mono stepped, snapshot;  /* the last step, the last snapshot */
    /* Acting. */
    mw_electric_supply supply;
    mw_electric_guard guard[MW_ELECTRIC_LIMITERS];
    int8_t monitored[MW_ELECTRIC_MONITORS]; /* 1 above, -1 below, 0 not known */
    uint64_t relay_events;                  /* of the mask, that hold the supply off */
    uint64_t display_events;
    bool push_due;
    uint32_t forced_tariff; /* by script: 1..8; 0 the calendar's */
    mw_electric_row frozen; /* the snapshot profile */
    bool has_frozen;
    /* COSEM. */
    mw_electric_objects objects;
    mw_electric_model model;
    mw_cosem_device device;
    mw_cosem_keys keys;
    uint64_t seed; /* of the challenges, with the count */
    uint32_t challenges;
    bool new_keys; /* set, and not yet used */
    mw_mono new_keys_at;
    uint8_t port;   /* mw_electric_port that is being served */
    uint8_t client; /* SAP */
} mw_electric_meter;

/* Reads everything back and goes on. `meter` must stay where it is: it points into itself. MW_IO;
 * MW_NOMEM from the keys. */
MW_NODISCARD mw_status mw_electric_meter_boot(mw_electric_meter *m, const mw_electric_type *type,
                                              const mw_electric_provision *provision,
                                              const mw_board *board, mw_mono now);
void mw_electric_meter_fini(mw_electric_meter *m);

/* One sample; returns MW_ELECTRIC_PULSE_*. */
unsigned mw_electric_meter_sample(mw_electric_meter *m, const mw_electric_sample *s, mw_mono now);
/* A window that ends now, at most a second long. */
void mw_electric_meter_window(mw_electric_meter *m, const mw_electric_quantities *q, mw_mono now);
void mw_electric_meter_inputs(mw_electric_meter *m, const mw_electric_inputs *in, mw_mono now);
/* The line of the pulse input changed at this tick: another meter's output, counted through bounces.
 * The count is read as 1-0:82.8.0 and kept as the states are: a cut without a last gasp loses what
 * came since the newest snapshot. */
void mw_electric_meter_pulse(mw_electric_meter *m, bool low, mw_mono at);
/* Once a second. */
void mw_electric_meter_step(mw_electric_meter *m, mw_mono now);
/* The button beside the relay: connects when allowed, disconnects where the mode lets it. */
void mw_electric_meter_button(mw_electric_meter *m, bool connect, mw_mono now);
/* The supply is gone: registers, profiles and states are stored. MW_IO. */
MW_NODISCARD mw_status mw_electric_meter_power_fails(mw_electric_meter *m, mw_mono now);

mw_utc mw_electric_meter_clock(const mw_electric_meter *m, mw_mono now);
/* By a downlink or a beacon, as by COSEM: logged. */
MW_NODISCARD mw_status mw_electric_meter_clock_set(mw_electric_meter *m, mw_utc t, mw_mono now);
bool mw_electric_meter_supply_on(const mw_electric_meter *m);
/* A register as it is shown, Wh or varh; `tariff` 0 is the total, 1..8. */
int64_t mw_electric_meter_register(const mw_electric_meter *m, mw_electric_tariff_register r,
                                   unsigned tariff);
/* Ports call this before they serve bytes that came over them. */
void mw_electric_meter_port(mw_electric_meter *m, mw_electric_port port);
/* The data-notification that is due, sealed as the clients' policy wants it; *out_size 0: none is.
 * What was handed out counts as sent. MW_SPACE, MW_IO. */
MW_NODISCARD mw_status mw_electric_meter_push(mw_electric_meter *m, mw_mono now, mw_span out,
                                              size_t *out_size);
/* A report of the newest `rows` rows of the load profile, and of the register at the end of the
 * newest: a data-notification that names what it carries and wants a confirmation, sealed. Meant
 * for whoever reads nothing else of the meter; send the very same bytes until it is confirmed.
 * MW_NOT_FOUND: no row yet. MW_RANGE above MW_ELECTRIC_REPORT_ROWS; MW_SPACE
 * (MW_ELECTRIC_REPORT_MAX bytes always suffice), MW_IO. */
#define MW_ELECTRIC_REPORT_ROWS 24
#define MW_ELECTRIC_REPORT_MAX  1024
MW_NODISCARD mw_status mw_electric_meter_report(mw_electric_meter *m, mw_mono now, unsigned rows,
                                                mw_span out, size_t *out_size);
/* The n-th newest record of a log, 0 the newest. MW_NOT_FOUND, MW_IO. */
MW_NODISCARD mw_status mw_electric_meter_logged(const mw_electric_meter *m, mw_spodes_log log,
                                                uint32_t n, mw_electric_logged *out);

#endif
