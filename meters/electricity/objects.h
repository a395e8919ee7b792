/* SPDX-License-Identifier: Apache-2.0
 *
 * An electricity meter's COSEM objects: one const table for each profile over one model of the
 * meter. The tables say what there is (class, OBIS code, rights); the model says what it is worth.
 *
 *     mw_cosem_server -> mw_electric_<profile> (table) -> functions of the class -> mw_electric_model
 *
 * The firmware fills a mw_electric_model with its functions and gives it to mw_electric_objects_init;
 * mw_electric_objects_device is then what a mw_cosem_server serves. A test fills another.
 *
 * Profiles: SPODES category D (single-phase), category C (three-phase) after GOST R 58940-2020 with
 * what of its appendices could be read, and one after DSMR 4.2.2 / IDIS. Functions return a
 * data-access-result (server.h: MW_COSEM_DONE, MW_COSEM_OTHER_REASON ...). No heap.
 */
#ifndef MW_METERS_ELECTRICITY_OBJECTS_H
#define MW_METERS_ELECTRICITY_OBJECTS_H

#include "meters/electricity/numbers.h"
#include "protocols/cosem/server.h"
#include "protocols/cosem/values.h"
#include "protocols/tariff/calendar.h"

/* ---- Rows of profiles ---- */

#define MW_ELECTRIC_COLUMNS_MAX 24

/* Profiles that the meter stores. */
typedef enum mw_electric_profile {
    MW_ELECTRIC_LOAD,   /* 4 energies of the interval */
    MW_ELECTRIC_LOAD_2, /* U, I of each phase, f */
    MW_ELECTRIC_LOAD_3, /* P, Q of each phase and in total */
    MW_ELECTRIC_DAILY,
    MW_ELECTRIC_MONTHLY,
    MW_ELECTRIC_SNAPSHOT, /* one row, taken by method */
    MW_ELECTRIC_LOG,      /* + 0..15, the SPODES log */
    MW_ELECTRIC_LOG_LAST = MW_ELECTRIC_LOG + 15,
    MW_ELECTRIC_POWER_FAILURES, /* the long ones: end and duration */
    /* Not stored: made of the model's present numbers and texts. */
    MW_ELECTRIC_NAMEPLATE,
    MW_ELECTRIC_SCALERS, /* of another profile's columns */
} mw_electric_profile;

typedef enum mw_electric_column_kind {
    MW_ELECTRIC_COLUMN_CLOCK,
    MW_ELECTRIC_COLUMN_NUMBER,
    MW_ELECTRIC_COLUMN_TEXT,
} mw_electric_column_kind;

typedef struct mw_electric_column {
    uint8_t kind;
    uint16_t class_id;
    uint8_t attribute;
    mw_obis name;
    uint16_t which; /* number or text */
} mw_electric_column;

/* A profile's description, const. */
typedef struct mw_electric_profile_info {
    mw_electric_profile profile;
    uint8_t columns;
    const mw_electric_column *column;
    uint32_t entries;  /* capacity */
    uint16_t period;   /* number in minutes that is its period, or MW_ELECTRIC_NUMBERS: by event */
    uint32_t period_s; /* where it is fixed */
} mw_electric_profile_info;

typedef struct mw_electric_row {
    mw_utc at;
    uint8_t status; /* of the clock, MW_COSEM_CLOCK_* */
    int64_t
        value[MW_ELECTRIC_COLUMNS_MAX]; /* in the order of the columns; that of a clock unused */
} mw_electric_row;

/* ---- Structures ---- */

typedef enum mw_electric_relay_state {
    MW_ELECTRIC_RELAY_DISCONNECTED,
    MW_ELECTRIC_RELAY_CONNECTED,
    MW_ELECTRIC_RELAY_READY, /* waits for the button */
} mw_electric_relay_state;

typedef struct mw_electric_relay {
    bool output;
    uint8_t state; /* mw_electric_relay_state */
    uint8_t mode;  /* 0..6, IEC 62056-6-2 4.5.8 */
} mw_electric_relay;

enum { /* what the six limiters of SPODES watch, 0.0.17.0.n */
       MW_ELECTRIC_LIMIT_POWER,
       MW_ELECTRIC_LIMIT_CURRENT,
       MW_ELECTRIC_LIMIT_VOLTAGE,
       MW_ELECTRIC_LIMIT_MAGNET,
       MW_ELECTRIC_LIMIT_DIFFERENCE,
       MW_ELECTRIC_LIMIT_TEMPERATURE,
       MW_ELECTRIC_LIMITERS,
};

typedef struct mw_electric_limit {
    uint16_t watched;          /* the number it watches */
    int64_t normal, emergency; /* in its unit */
    uint32_t over_s, under_s;  /* least durations */
    bool has_emergency;
    uint16_t emergency_id;
    mw_utc emergency_from;
    uint32_t emergency_s;
    uint16_t group[4]; /* emergency profiles that this meter obeys */
    uint8_t groups;
    uint16_t over_script, under_script; /* of 0.0.10.0.106: 1 disconnect, 2 connect, 0 nothing */
    /* Now; read only. */
    int64_t active;
    bool emergency_active;
} mw_electric_limit;

#define MW_ELECTRIC_PUSH_DESTINATION_MAX 48
typedef struct mw_electric_push {
    uint8_t transport; /* 0 TCP, 1 UDP, 5 HDLC, 200 the meter's own radio */
    uint8_t destination_n;
    uint8_t destination[MW_ELECTRIC_PUSH_DESTINATION_MAX];
    uint8_t windows;                               /* 0..2 */
    uint8_t window[2][2][MW_COSEM_DATETIME_BYTES]; /* begin, end */
    uint16_t random_s;
    uint8_t retries;
    uint16_t retry_s;
} mw_electric_push;

#define MW_ELECTRIC_SCHEDULES 2 /* end of billing period, image activation */
#define MW_ELECTRIC_MOMENTS   4
typedef struct mw_electric_schedule {
    uint8_t moments;
    uint8_t moment[MW_ELECTRIC_MOMENTS][9]; /* COSEM time 4, date 5; wildcards as there */
} mw_electric_schedule;

typedef enum mw_electric_script_table {
    MW_ELECTRIC_SCRIPT_RESET,   /* 0.0.10.0.0: 1 clears minima and maxima ... */
    MW_ELECTRIC_SCRIPT_BILLING, /* 0.0.10.0.1: 1 ends the billing period */
    MW_ELECTRIC_SCRIPT_TARIFF,  /* 0.0.10.0.100: 1..8 the tariff */
    MW_ELECTRIC_SCRIPT_RELAY,   /* 0.0.10.0.106: 1 disconnect, 2 connect */
    MW_ELECTRIC_SCRIPT_IMAGE,   /* 0.0.10.0.107: 1 activates the image */
    MW_ELECTRIC_SCRIPT_PUSH,    /* 0.0.10.0.108: 1 pushes */
    MW_ELECTRIC_SCRIPT_TABLES,
} mw_electric_script_table;

typedef struct mw_electric_monitor {
    uint16_t watched;                /* the number */
    uint16_t up_script, down_script; /* of 0.0.10.0.106 */
} mw_electric_monitor;
#define MW_ELECTRIC_MONITORS 3

typedef enum mw_electric_image_status {
    MW_ELECTRIC_IMAGE_NONE,
    MW_ELECTRIC_IMAGE_INITIATED,
    MW_ELECTRIC_IMAGE_VERIFYING,
    MW_ELECTRIC_IMAGE_VERIFIED,
    MW_ELECTRIC_IMAGE_VERIFY_FAILED,
    MW_ELECTRIC_IMAGE_ACTIVATING,
    MW_ELECTRIC_IMAGE_ACTIVATED,
    MW_ELECTRIC_IMAGE_ACTIVATE_FAILED,
} mw_electric_image_status;

#define MW_ELECTRIC_IMAGE_NAME_MAX 32
typedef struct mw_electric_image {
    uint32_t block_size;
    uint32_t size, blocks; /* of the image being taken; 0: none */
    bool enabled;
    uint8_t status; /* mw_electric_image_status */
    uint8_t name_n;
    uint8_t name[MW_ELECTRIC_IMAGE_NAME_MAX];
    uint8_t digest_n;
    uint8_t digest[32];
} mw_electric_image;

/* ---- The model ---- */

/* What the meter is to its objects. A function that is NULL: the meter has no such thing, its
 * attributes are unavailable. `meter` is given to all. Setters check their values and have them
 * durable before they return MW_COSEM_DONE; with anything else nothing has changed. */
typedef struct mw_electric_model {
    void *meter;
    /* false: not known now. */
    bool (*number)(void *meter, mw_electric_number which, int64_t *out_value);
    uint8_t (*number_set)(void *meter, mw_electric_number which, int64_t value);
    /* When a maximum was reached, a tamper began ...; false: never. */
    bool (*moment)(void *meter, mw_electric_number which, mw_utc *out_at);
    /* Returns the length. */
    size_t (*text)(void *meter, mw_electric_text which, mw_span out);
    uint8_t (*text_set)(void *meter, mw_electric_text which, mw_slice value);

    mw_utc (*now)(void *meter, uint8_t *out_status); /* MW_COSEM_CLOCK_* without SUMMER */
    uint8_t (*clock_set)(void *meter, mw_utc t);
    /* The calendars; NULL when no passive one waits. */
    const mw_tariff_calendar *(*calendar)(void *meter, bool passive, mw_utc *out_from);
    /* From now on when `from` is not in the future. */
    uint8_t (*calendar_set)(void *meter, const mw_tariff_calendar *c, mw_utc from);

    uint32_t (*rows)(void *meter, mw_electric_profile p);
    /* The n-th row, 0 the oldest. */
    bool (*row)(void *meter, const mw_electric_profile_info *p, uint32_t n, mw_electric_row *out);
    uint8_t (*rows_clear)(void *meter, mw_electric_profile p);
    uint8_t (*capture)(void *meter, mw_electric_profile p);

    uint8_t (*script)(void *meter, mw_electric_script_table table, uint16_t script);
    void (*relay)(void *meter, mw_electric_relay *out);
    uint8_t (*relay_do)(void *meter, bool connect); /* remotely, as the mode allows */
    uint8_t (*relay_mode)(void *meter, uint8_t mode);
    bool (*limit)(void *meter, unsigned limiter, mw_electric_limit *out);
    uint8_t (*limit_set)(void *meter, unsigned limiter, const mw_electric_limit *l);
    bool (*monitor)(void *meter, unsigned n, mw_electric_monitor *out);
    uint8_t (*monitor_set)(void *meter, unsigned n, const mw_electric_monitor *m);
    bool (*schedule)(void *meter, unsigned n, mw_electric_schedule *out);
    uint8_t (*schedule_set)(void *meter, unsigned n, const mw_electric_schedule *s);
    bool (*push)(void *meter, unsigned n, mw_electric_push *out);
    uint8_t (*push_set)(void *meter, unsigned n, const mw_electric_push *p);
    uint8_t (*push_now)(void *meter, unsigned n);

    bool (*image)(void *meter, mw_electric_image *out);
    uint8_t (*image_begin)(void *meter, mw_slice name, uint32_t size);
    uint8_t (*image_block)(void *meter, uint32_t n, mw_slice bytes);
    bool (*image_has)(void *meter, uint32_t block);
    uint8_t (*image_verify)(void *meter);
    uint8_t (*image_activate)(void *meter);
    uint8_t (*image_enable)(void *meter, bool enabled);

    /* Keys: the key that wraps others; a new key of kind 0 unicast encryption, 1 broadcast
     * encryption, 2 authentication, 3 the wrapping key. It is durable on return; it is used for
     * the next association, so that the answer still goes under the old one. */
    bool (*wrapping_key)(void *meter, mw_key *out);
    uint8_t (*key_set)(void *meter, uint8_t kind, const mw_key *key);
    uint8_t (*policy)(void *meter); /* class 64 attribute 2 */
    uint8_t (*policy_set)(void *meter, uint8_t policy);
    /* Password of the client with this SAP. */
    uint8_t (*password_set)(void *meter, uint8_t sap, mw_slice password);
} mw_electric_model;

/* ---- Profiles ---- */

typedef struct mw_electric_table {
    const char *name;
    const mw_cosem_object *objects;
    size_t object_count;
    const mw_electric_profile_info *const *profiles; /* items of class 7 */
    size_t profile_count;
    const mw_cosem_client *clients;
    size_t client_count;
    /* What a push carries, attribute descriptors. */
    const mw_electric_column *pushed;
    size_t pushed_count;
} mw_electric_table;

extern const mw_electric_table mw_electric_spodes_d; /* single-phase */
extern const mw_electric_table mw_electric_spodes_c; /* three-phase */
extern const mw_electric_table mw_electric_dsmr;     /* three-phase, DSMR 4.2.2 / IDIS-like */

/* A calendar that is being written, attribute by attribute. */
typedef struct mw_electric_draft {
    bool begun;
    mw_tariff_calendar calendar;
    uint8_t season_name[MW_TARIFF_SEASONS_MAX][8], season_name_n[MW_TARIFF_SEASONS_MAX];
    uint8_t week_of[MW_TARIFF_SEASONS_MAX][8], week_of_n[MW_TARIFF_SEASONS_MAX];
    uint8_t weeks;
    uint8_t week_name[MW_TARIFF_SEASONS_MAX][8], week_name_n[MW_TARIFF_SEASONS_MAX];
    uint8_t week[MW_TARIFF_SEASONS_MAX][7];
} mw_electric_draft;

typedef struct mw_electric_objects {
    const mw_electric_model *model;
    const mw_electric_table *table;
    const mw_cosem_device *device;
    mw_electric_draft draft;
} mw_electric_objects;

/* Fills what of a device comes from the table and the model: `device` (the context of the functions),
 * objects, clients and max_pdu if 0. The rest (title, keys, password, random, counters, happened)
 * is the firmware's, which gets the mw_electric_objects as context and finds itself in
 * model->meter. `device` must stay. */
void mw_electric_objects_init(mw_electric_objects *o, const mw_electric_table *table,
                              const mw_electric_model *model, mw_cosem_device *device);

/* Local time of the meter's calendar, as COSEM writes it. */
mw_cosem_datetime mw_electric_objects_local(const mw_electric_objects *o, mw_utc t, uint8_t status);

typedef struct mw_electric_number_info {
    uint16_t first, count;
    uint8_t tag; /* mw_cosem_tag; DATE_TIME: a moment in an octet-string */
    int8_t scaler;
    uint8_t unit;
} mw_electric_number_info;
const mw_electric_number_info *mw_electric_number_info_of(uint16_t which);

/* The body of a data-notification or the value of an event: what push setup n carries. Bytes of
 * one structure. MW_SPACE. */
MW_NODISCARD mw_status mw_electric_push_body(mw_electric_objects *o, unsigned n, mw_span out,
                                             size_t *out_size);

/* The system title of a meter of ours: "MWX", 0 and its serial number. */
mw_cosem_title mw_electric_title(uint32_t serial);

#endif
