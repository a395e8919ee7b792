/* SPDX-License-Identifier: Apache-2.0
 *
 * The records that the platform stores. They are plain values: no pointer in a record outlives the
 * callback or call that handed it out, and every text has a stated maximum (its array, NUL
 * included).
 *
 * Words: a *device* is a meter or a pulse modem with an 8-byte identity; a *channel* is one
 * register of it with its interval series; a *usage point* is the place that a channel measures; a
 * *person* owns usage points. Personal data (names, addresses, logins) live in rows of their own.
 *
 * Three times are kept apart everywhere: t_meter (what the meter says), t_received (the station's
 * clock at the start of the frame) and t_stored (the platform's clock when the journal took it).
 */
#ifndef MW_PLATFORM_STORE_RECORDS_H
#define MW_PLATFORM_STORE_RECORDS_H

#include <string.h>

#include "base/bytes.h"
#include "base/time.h"
#include "base/units.h"

enum {
    MW_STORE_ID_MAX = 64,         /* identifiers such as "up-0001", "st-1", NUL included */
    MW_STORE_SERIAL_MAX = 48,     /* serial numbers, models, labels of channels          */
    MW_STORE_NAME_MAX = 160,      /* names of people                                     */
    MW_STORE_TEXT_MAX = 256,      /* addresses, alarm texts                              */
    MW_STORE_HASH_MAX = 256,      /* an encoded Argon2id hash                            */
    MW_STORE_TOKEN_HASH = 32,     /* hash of a bearer or session token                   */
    MW_STORE_CONTENT_MAX = 16384, /* bytes of one raw envelope                        */
    MW_STORE_PAGE_MAX = 1000,     /* rows that one page query hands out at most          */
    MW_STORE_FOLD_MAX = 8192,     /* hot rows that one fold step takes */
};

typedef struct mw_store mw_store;

/* --- master data ---------------------------------------------------------------------------- */

typedef struct mw_store_person {
    char id[MW_STORE_ID_MAX];
    char name[MW_STORE_NAME_MAX];
    char login[MW_STORE_ID_MAX]; /* "" = has no login */
} mw_store_person;

typedef struct mw_store_usage_point {
    char id[MW_STORE_ID_MAX];
    char address[MW_STORE_TEXT_MAX];
    char time_zone[MW_STORE_ID_MAX]; /* IANA name */
    char person[MW_STORE_ID_MAX];    /* owner's id, "" = nobody */
} mw_store_usage_point;

typedef struct mw_store_device {
    int64_t device;    /* number given by the store, 0 = not stored yet */
    uint64_t identity; /* the 8 bytes of the identity, big-endian */
    char serial[MW_STORE_SERIAL_MAX];
    char model[MW_STORE_SERIAL_MAX];
    uint32_t network_address;
} mw_store_device;

typedef struct mw_store_channel {
    int64_t channel; /* number given by the store, 0 = not stored yet */
    int64_t device;
    uint8_t number;  /* 0, 1 on a pulse modem */
    uint8_t obis[6]; /* A-B:C.D.E*F */
    char medium[16]; /* water, electricity, gas, heat */
    mw_unit unit;    /* value * 10^scale of this unit */
    int8_t scale;
    uint8_t register_digits; /* the register wraps at 10^digits; 0 = 64 bits, never */
    char label[MW_STORE_SERIAL_MAX];
    char usage_point[MW_STORE_ID_MAX]; /* the present installation's, "" = none */
    uint32_t grid_seconds;             /* length of the meter's intervals, 3600 by default */
    uint32_t grid_offset_s;            /* first interval boundary after 00:00 UTC */
} mw_store_channel;

/* A channel measures a usage point from `from` until `to` (MW_UTC_NONE = still). */
typedef struct mw_store_installation {
    int64_t channel;
    char usage_point[MW_STORE_ID_MAX];
    mw_utc from;
    mw_utc to;
    bool has_initial_value;
    int64_t initial_value;
    bool has_final_value;
    int64_t final_value;
    mw_utc recorded; /* when this became known; 1970 = always */
} mw_store_installation;

/* Who may send envelopes: a station, a concentrator, a third party. */
typedef struct mw_store_sender {
    int64_t sender; /* number given by the store */
    int64_t tenant;
    char id[MW_STORE_ID_MAX]; /* the "sender" of its batches */
    uint64_t epoch;           /* newest epoch seen, 0 = none yet */
    mw_utc last_contact;      /* MW_UTC_NONE = never */
    int64_t frames_24h;       /* filled by senders_list only */
} mw_store_sender;

/* The journal names a sender for each envelope; these hear no band. */
#define MW_STORE_SENDER_PUSHES "dlms-push"
#define MW_STORE_SENDER_FILES  "file-import"
#define MW_STORE_SENDER_HANDED "handed-readings"

static inline bool mw_store_sender_is_station(const mw_store_sender *s) {
    return strcmp(s->id, MW_STORE_SENDER_PUSHES) != 0 &&
           strcmp(s->id, MW_STORE_SENDER_FILES) != 0 && strcmp(s->id, MW_STORE_SENDER_HANDED) != 0;
}

/* --- journal -------------------------------------------------------------------------------- */

typedef enum mw_store_kind {
    MW_STORE_KIND_UNB = 1,      /* a radio frame */
    MW_STORE_KIND_STATION = 2,  /* a station's own status */
    MW_STORE_KIND_IMPORT = 16,  /* register readings of a file (platform/files/apply.h) */
    MW_STORE_KIND_DOWNLINK = 3, /* a station's result about a downlink (records_commands.h) */
    MW_STORE_KIND_SIGFOX = 4,   /* messages of other networks (records_foreign.h) */
    MW_STORE_KIND_NBFI = 5,
    MW_STORE_KIND_OPENUNB = 6,
    MW_STORE_KIND_PUSH = 7, /* a DLMS meter's data-notification (platform/doors/pushes.h) */
} mw_store_kind;

typedef struct mw_store_envelope {
    int64_t id; /* place in the journal, ascending in the order of storing */
    int64_t tenant;
    int64_t sender;
    uint64_t epoch;
    uint64_t seq;
    mw_store_kind kind;
    mw_utc received;  /* t_received */
    mw_utc stored;    /* t_stored */
    mw_slice content; /* the item as JSON with sorted keys and no white space */
} mw_store_envelope;

typedef enum mw_store_append {
    MW_STORE_APPENDED,
    MW_STORE_DUPLICATE, /* same key, same content: nothing stored */
    MW_STORE_CONFLICT,  /* same key, other content: stored beside the first */
} mw_store_append;

typedef struct mw_store_quarantined {
    int64_t id;
    int64_t tenant;
    int64_t sender;
    uint64_t epoch;
    uint64_t seq; /* 0 when the item has none */
    mw_utc stored;
    const char *reason;
    mw_slice content;
} mw_store_quarantined;

/* --- what decoding found -------------------------------------------------------------------- */

/* A sealed frame that opened: (device, key epoch, counter) is its key. */
typedef struct mw_store_frame {
    int64_t tenant;
    int64_t device;
    uint32_t key_epoch;
    uint32_t counter;
    int64_t journal; /* the journal record that brought it first */
    uint32_t crc;    /* CRC-32 of the payload, tells a copy from another frame */
    mw_utc received;
} mw_store_frame;

/* One hearing of a frame by one station. */
typedef struct mw_store_reception {
    int64_t tenant;
    int64_t device;
    int64_t journal;
    char sender[MW_STORE_ID_MAX];
    mw_utc received;
    mw_utc stored;
    int64_t frequency_mhz;
    int32_t level_cdbm;
    int32_t snr_cdb;
    char rate[8];
    char size[4];
    uint32_t counter;
    bool duplicate; /* not the first hearing of this frame */
    uint16_t bytes;
} mw_store_reception;

/* The last known state of a device. Times are MW_UTC_NONE when nothing is known. */
/* Bit of mw_store_device_state.status, as the metering protocol has it: sensor or line fault. The
 * status of channels with an odd number stands 16 bits higher. */
#define MW_STORE_STATUS_SENSOR 0x0080u

typedef struct mw_store_device_state {
    int64_t tenant;
    int64_t device;
    uint32_t key_epoch;
    uint32_t newest_counter; /* of key_epoch, valid when frames > 0 */
    int64_t frames;          /* different frames opened */
    int64_t duplicates;      /* further hearings of the same frames */
    int64_t replays;         /* frames refused as too old or heard again much later */
    mw_utc last_seen;        /* newest t_received */
    int32_t level_cdbm;
    int32_t snr_cdb;
    bool has_clock_offset;
    int64_t clock_offset_ms; /* smoothed t_meter - t_received, positive = the meter is ahead */
    uint32_t status; /* MW_SMP_STATUS_* of the newest reports: channels 0 and 2 in the low half,
                        1 and 3 in the high half */
} mw_store_device_state;

typedef struct mw_store_register {
    int64_t id; /* ascending in the order of storing; a cursor for live views */
    int64_t tenant;
    int64_t channel;
    uint8_t obis[6]; /* which register of the channel; see channel.obis for the main one */
    mw_utc meter;    /* t_meter: the moment the value belongs to */
    mw_utc received;
    mw_utc stored;
    int64_t value; /* as the register shows it, not unwrapped */
    uint32_t quality;
    int64_t journal;
} mw_store_register;

/* What is known of a value's quality; 0 = nothing. The first six doubt it; those from bit 16 on are
 * the MW_VEE_* flags of platform/vee/series.h, bit for bit. */
enum {
    MW_QUALITY_CLOCK_UNSET = 1 << 0,     /* the meter did not know the time   */
    MW_QUALITY_CLOCK_UNCERTAIN = 1 << 1, /* long since the last synchronisation */
    MW_QUALITY_PARTIAL = 1 << 2,         /* the meter was off for a part of it */
    MW_QUALITY_TAMPER = 1 << 3,
    MW_QUALITY_CONFLICT = 1 << 4,  /* another value came for the same interval */
    MW_QUALITY_ESTIMATED = 1 << 5, /* made by the platform */
    MW_QUALITY_EDITED = 1 << 6,
    MW_QUALITY_VALIDATED = 1 << 7, /* passed validation */
    MW_QUALITY_VERIFIED = 1 << 8,  /* failed a rule, a person judged it right */
    MW_QUALITY_DERIVED = 1 << 9,   /* made exactly from registers, such as at an exchange */
    MW_QUALITY_IMPORTED = 1 << 10, /* came by a file */
    MW_QUALITY_CUSTOMER = 1 << 11, /* read by the customer, accepted by a person */
    MW_QUALITY_OUTAGE = 1 << 17,
    MW_QUALITY_DISCONNECTED = 1 << 18,
    MW_QUALITY_VACANT = 1 << 19,
    MW_QUALITY_UNINSTALLED = 1 << 20,
    MW_QUALITY_NO_CONTRACT = 1 << 21,
    MW_QUALITY_BATTERY = 1 << 22,
    MW_QUALITY_MEMORY_ERROR = 1 << 23,
    MW_QUALITY_MEASURE_ERROR = 1 << 24,
    MW_QUALITY_SUSPECT = 1 << 25,
    MW_QUALITY_LOCKED = 1 << 26, /* final: no estimator may change it */
    /* Of two reports of one interval the one with fewer of these stays. */
    MW_QUALITY_DOUBTS = MW_QUALITY_CLOCK_UNSET | MW_QUALITY_CLOCK_UNCERTAIN | MW_QUALITY_PARTIAL |
                        MW_QUALITY_TAMPER | MW_QUALITY_ESTIMATED | MW_QUALITY_EDITED |
                        MW_QUALITY_OUTAGE | MW_QUALITY_MEMORY_ERROR | MW_QUALITY_MEASURE_ERROR |
                        MW_QUALITY_SUSPECT,
};

/* The consumption of one interval. t_received is kept to the second. */
typedef struct mw_store_interval {
    mw_utc start;
    uint32_t seconds;
    uint32_t quality;
    int64_t value;
    mw_utc received;
    int64_t journal; /* the journal record that brought it */
} mw_store_interval;

/* The code of an event: the meter's (mw_smp_event_code); of one of a meter's logs this, plus what
 * protocols/spodes/events.h calls it. */
#define MW_STORE_EVENT_LOGGED 0x8000
/* By code and channel of an SMP event. */
static inline uint16_t mw_store_event_code(uint8_t code, uint8_t channel) {
    return code < 128 ? code : (uint16_t)(MW_STORE_EVENT_LOGGED | (code - 128) << 8 | channel);
}

typedef struct mw_store_event {
    int64_t id;
    int64_t tenant;
    int64_t device;
    uint16_t code;
    mw_utc meter;
    mw_utc received;
    int64_t detail;
    int64_t journal;
} mw_store_event;

/* What a device says about itself. */
typedef struct mw_store_health {
    int64_t tenant;
    int64_t device;
    int64_t journal;
    mw_utc received;
    uint16_t battery_mv;   /* 0 = not measured */
    uint8_t battery_level; /* 0 = not known; else percent of the charge left, plus 1 */
    bool has_temperature;
    int16_t temperature_dc; /* 0.1 degree Celsius */
    uint16_t resets;        /* since production */
    uint16_t airtime_ds;    /* airtime of 24 h, 0.1 s */
    uint8_t firmware[3];
    bool has_drift;
    int16_t drift_dppm; /* estimated clock drift, 0.1 ppm */
} mw_store_health;

/* Something out of the ordinary that was seen; one row per (kind, subject). Rules make alarms of
 * signs (records_alarms.h). */
typedef struct mw_store_sign {
    int64_t id;
    int64_t tenant;
    char kind[MW_STORE_SERIAL_MAX]; /* such as "auth_failures" */
    char subject[MW_STORE_ID_MAX];  /* such as a device identity in hex */
    char text[MW_STORE_TEXT_MAX];
    mw_utc first_at;
    mw_utc last_at;
    int64_t count;
    bool from_decode; /* raised by decoding: forgotten and raised again by a redecode */
} mw_store_sign;

/* --- accounts ------------------------------------------------------------------------------- */

typedef struct mw_store_user {
    char id[MW_STORE_ID_MAX];
    int64_t tenant;
    char login[MW_STORE_ID_MAX];
    char name[MW_STORE_NAME_MAX];
    char role[16];                /* administrator, operator, engineer, auditor, consumer */
    char person[MW_STORE_ID_MAX]; /* whose usage points a consumer sees, "" = none */
    char time_zone[MW_STORE_ID_MAX];
    char locale[16];
    char password_hash[MW_STORE_HASH_MAX];
    bool disabled;
    char area[MW_STORE_ID_MAX]; /* the area this user is limited to, "" = the whole tenant */
} mw_store_user;

typedef struct mw_store_session {
    uint8_t token_hash[MW_STORE_TOKEN_HASH];
    char user[MW_STORE_ID_MAX];
    int64_t tenant;
    char csrf[MW_STORE_ID_MAX];
    mw_utc created;
    mw_utc last_used;
    mw_utc expires;
    char address[MW_STORE_ID_MAX]; /* where it was begun from */
    char agent[MW_STORE_TEXT_MAX]; /* what the browser calls itself, cut */
} mw_store_session;

typedef struct mw_store_audit {
    int64_t id;
    int64_t tenant;
    mw_utc at;
    char actor[MW_STORE_ID_MAX];
    char action[MW_STORE_SERIAL_MAX];
    char subject[MW_STORE_ID_MAX];
    char detail[MW_STORE_TEXT_MAX];
} mw_store_audit;

/* --- views for pages ------------------------------------------------------------------------ */

/* One line of the list of meters: a channel with everything a page shows about it. */
typedef struct mw_store_meter {
    mw_store_device device;
    mw_store_channel channel;
    mw_store_usage_point usage_point;   /* .id "" = not installed */
    mw_store_person person;             /* .id "" = nobody */
    mw_store_installation installation; /* .channel 0 = none */
    mw_store_device_state state;
    bool has_reading;
    mw_utc reading_at; /* t_meter of the newest register reading */
    int64_t reading_value;
} mw_store_meter;

typedef enum mw_store_sort { MW_STORE_SORT_SERIAL, MW_STORE_SORT_LAST_SEEN } mw_store_sort;

typedef struct mw_store_meter_query {
    int64_t tenant;
    const char *search; /* part of serial, label, address, name or identity; NULL or "" = all */
    const char *medium; /* NULL or "" = all */
    const char *person; /* only this person's usage points; NULL = all */
    const char *area;   /* only usage points below this area now; NULL = all */
    mw_utc now;         /* of .area: where things hang at this moment */
    mw_store_sort sort; /* serial ascending, or last seen descending */
    const char *after;  /* cursor from mw_store_meter_cursor of the last row seen, NULL = start */
    uint32_t limit;     /* 1..MW_STORE_PAGE_MAX */
} mw_store_meter_query;

typedef struct mw_store_overview {
    int64_t meters_total; /* channels */
    int64_t heard_24h;
    struct {
        char medium[16];
        int64_t count;
    } by_medium[8];
    size_t media;
    int64_t uplinks_received; /* receptions acknowledged, of any status; no station's own records */
    int64_t uplinks_duplicates;
    int64_t uplinks_quarantined;
    mw_utc uplinks_last_at;    /* newest t_stored, MW_UTC_NONE = none */
    int64_t readings_24h;      /* register readings and frames' interval runs stored in 24 h */
    int64_t missing_hours_24h; /* absent intervals of the newest UTC day that had its second
                                  chance (two days before now), over channels heard by then */
} mw_store_overview;

#endif
