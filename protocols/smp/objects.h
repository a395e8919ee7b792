/* SPDX-License-Identifier: Apache-2.0
 *
 * Objects are what a frame carries, one after the other:
 *
 *   TTTT LLLL   T type 1..14, or 15: the type is the next byte
 *               L body length 0..13; 14: it is the next byte; 15: up to the end of the frame
 *   body        L bytes
 *
 * A zero byte in the place of a type ends the objects: the rest is padding. An unknown type is
 * skipped by its length. A body may grow at its end in later versions, so decoders ignore bytes
 * after the fields they know. Times are SMP seconds: since MW_SMP_EPOCH_S (day.h), 32 bits.
 * Integers are big-endian; "varint" and "signed varint" are those of base/bytes.h.
 */
#ifndef MW_PROTOCOLS_SMP_OBJECTS_H
#define MW_PROTOCOLS_SMP_OBJECTS_H

#include "base/time.h"

typedef enum mw_smp_type {
    MW_SMP_PADDING = 0,
    MW_SMP_DAY = 1,
    MW_SMP_EVENT = 2,
    MW_SMP_HEALTH = 3,
    MW_SMP_COMMAND = 4,  /* down */
    MW_SMP_RECEIPT = 5,  /* up   */
    MW_SMP_TIME_SET = 6, /* down */
    MW_SMP_CONFIG = 7,   /* up: read back */
    MW_SMP_REQUEST = 8,  /* down: a command without expiry, see commands.h */
    MW_SMP_FIRMWARE = 9, /* down: a block of an image, see firmware.h */
    MW_SMP_TYPE_MAX = 255
} mw_smp_type;

typedef struct mw_smp_object {
    uint8_t type; /* any: unknown ones are for the caller to skip */
    mw_slice body;
} mw_smp_object;

/* The next object. MW_NOT_FOUND at the end or at padding; MW_SYNTAX when an object runs over the
 * end or padding is not all zero (the reader then stays failed). */
MW_NODISCARD mw_status mw_smp_object_next(mw_reader *r, mw_smp_object *out_object);
/* Appends an object with its length. A failure sticks in the writer; MW_RANGE for type 0 or a body
 * of more than 255 bytes. */
void mw_smp_object_put(mw_writer *w, mw_smp_type type, mw_slice body);
/* Appends the last object of a frame: its header is always one byte (two for types above 14), and
 * its body runs to the end of the frame, padding included. */
void mw_smp_object_put_last(mw_writer *w, mw_smp_type type, mw_slice body);

/* Something the meter noticed. Codes from MW_SMP_EVENT_LOG on are those of a meter with logs: the code
 * is that plus the log, the channel the number of the event in it, the value what was measured
 * (electricity: protocols/spodes/events.h). */
typedef enum mw_smp_event_code {
    MW_SMP_EVENT_BOOT = 1,    /* value: reset cause as the board numbers it */
    MW_SMP_EVENT_LEAK = 2,    /* value: smallest hourly volume */
    MW_SMP_EVENT_BURST = 3,   /* value: flow, units per hour */
    MW_SMP_EVENT_REVERSE = 4, /* value: volume backwards */
    MW_SMP_EVENT_TAMPER = 5,  /* value: which contact */
    MW_SMP_EVENT_MAGNET = 6,
    MW_SMP_EVENT_BATTERY = 7, /* value: mV */
    MW_SMP_EVENT_FROST = 8,   /* value: 0.1 degree Celsius */
    MW_SMP_EVENT_SENSOR = 9,
    MW_SMP_EVENT_POWER_LOST = 10,   /* value: seconds without power, -1 unknown */
    MW_SMP_EVENT_CLOCK_SET = 11,    /* value: ms by which the clock moved */
    MW_SMP_EVENT_CONFIG = 12,       /* value: key that changed */
    MW_SMP_EVENT_ARCHIVE = 13,      /* value: records lost */
    MW_SMP_EVENT_REGISTER_SET = 14, /* value: new minus old */
    MW_SMP_EVENT_AUTH_FAILED = 15,  /* value: frames refused since the last such event */
    MW_SMP_EVENT_NO_FLOW = 16,      /* value: days without flow */
    MW_SMP_EVENT_LOG = 128
} mw_smp_event_code;

typedef struct mw_smp_event {
    uint8_t code;
    uint8_t channel; /* 255: the device as a whole; of a log: the number in it */
    uint32_t time_s; /* SMP seconds of the first occurrence */
    int64_t value;   /* by code */
    uint32_t count;  /* occurrences put together here, >= 1 */
} mw_smp_event;

typedef struct mw_smp_health {
    uint16_t battery_mv;
    int16_t temperature_dc; /* 0.1 degree Celsius; INT16_MIN: not measured */
    uint16_t resets;        /* since production, stays at 65535 */
    uint16_t airtime_ds;    /* airtime used in the last 24 h, 0.1 s */
    uint8_t firmware[3];    /* major, minor, patch */
    int16_t drift_dppm;     /* estimated clock drift, 0.1 ppm, positive: fast; INT16_MIN unknown */
    uint32_t time_s;        /* the meter's clock when this was sealed, SMP seconds; 0: never set */
    uint8_t battery_level;  /* 0: not known; else percent of the charge left, plus 1: 1..101 */
} mw_smp_health;

#define MW_SMP_DATA_MAX 32

/* Asks a meter for something; it answers with a receipt of the same id. Commands execute later
 * than they are decoded: this is the wire form only. */
typedef struct mw_smp_command {
    uint16_t id;        /* chosen by the sender, not repeated while answers may come */
    uint8_t code;       /* mw_smp_command_code */
    uint32_t expires_s; /* SMP seconds; a meter ignores it afterwards */
    uint8_t size;       /* 0..MW_SMP_DATA_MAX */
    uint8_t data[MW_SMP_DATA_MAX];
} mw_smp_command;

typedef enum mw_smp_command_code {
    MW_SMP_COMMAND_PING = 1,          /* no data */
    MW_SMP_COMMAND_READ_DAY = 2,      /* channel 1, end hour 4, hours 1: answered by a day object */
    MW_SMP_COMMAND_READ_CONFIG = 3,   /* key 2: answered by a configuration object */
    MW_SMP_COMMAND_RESTART = 4,       /* no data */
    MW_SMP_COMMAND_RELAY = 5,         /* 0 open, 1 close */
    MW_SMP_COMMAND_SET_CONFIG = 6,    /* a configuration body: all of it or nothing */
    MW_SMP_COMMAND_SET_TIME = 7,      /* the moment one of the meter's frames began */
    MW_SMP_COMMAND_HEALTH = 8,        /* no data: answered by a health object */
    MW_SMP_COMMAND_KEY_EPOCH = 9,     /* epoch 1, proof 8 */
    MW_SMP_COMMAND_GROUP_KEY = 10,    /* group 4, epoch 4, wrapped key 24 */
    MW_SMP_COMMAND_READ_ARCHIVE = 11, /* channel 1, end hour 4, hours 2 */
    MW_SMP_COMMAND_SET_CONFIG_AT = 12,  /* seconds 4, a configuration body; without: cancels */
    MW_SMP_COMMAND_FIRMWARE_BEGIN = 13, /* firmware.h */
    MW_SMP_COMMAND_FIRMWARE_STATUS = 14,
    MW_SMP_COMMAND_FIRMWARE_ACTIVATE = 15,
    MW_SMP_COMMAND_SCHEDULE = 16 /* a part of a tariff schedule (commands.h) */
} mw_smp_command_code;

typedef enum mw_smp_result {
    MW_SMP_RESULT_DONE = 0,
    MW_SMP_RESULT_ACCEPTED = 1, /* will be done; another receipt follows */
    MW_SMP_RESULT_REFUSED = 2,
    MW_SMP_RESULT_UNKNOWN = 3, /* no such command or key */
    MW_SMP_RESULT_RANGE = 4,
    MW_SMP_RESULT_EXPIRED = 5,
    MW_SMP_RESULT_BUSY = 6,
    MW_SMP_RESULT_FAILED = 7
} mw_smp_result;

typedef struct mw_smp_receipt {
    uint16_t id;
    uint8_t result;  /* mw_smp_result */
    uint32_t time_s; /* SMP seconds of execution */
    uint8_t size;
    uint8_t data[MW_SMP_DATA_MAX];
} mw_smp_receipt;

typedef struct mw_smp_time_set {
    uint32_t time_s;         /* SMP seconds at the start of the burst that carries this */
    uint16_t ms;             /* 0..999 */
    uint16_t uncertainty_ms; /* of the sender's clock */
    bool step;               /* false: slew when within the meter's limit */
} mw_smp_time_set;

#define MW_SMP_CONFIG_MAX 8

/* Keys of a configuration. Up to 32767: the kit's, the same in every model; above: the model's. */
typedef enum mw_smp_config_key {
    MW_SMP_KEY_PERIOD_H = 1,        /* hours between reports: 1, 3, 6, 12, 24 */
    MW_SMP_KEY_JITTER_S = 2,        /* reports spread over this */
    MW_SMP_KEY_COPIES = 3,          /* of each frame, 1..3 */
    MW_SMP_KEY_RATE = 4,            /* 0 R0, 1 R1, 2 R2 */
    MW_SMP_KEY_OVERLAP = 5,         /* 0, 1 */
    MW_SMP_KEY_GRID_MIN = 6,        /* 0, 15, 30, 45 */
    MW_SMP_KEY_BILLING_HOUR = 7,    /* 0..23 */
    MW_SMP_KEY_ACTIVE = 8,          /* bit i: register i */
    MW_SMP_KEY_BURST = 16,          /* more than this in an hour, model's unit; 0: off */
    MW_SMP_KEY_LEAK = 17,           /* at least this in each of 24 hours; 0: off */
    MW_SMP_KEY_BATTERY_LOW_MV = 18, /* 0: the model's limit */
    MW_SMP_KEY_BEACON = 19,         /* listens in every n-th beacon slot of the plan; 0: never */
    MW_SMP_KEY_NO_FLOW_DAYS = 20,   /* so many days without any flow are told; 0: off */
    MW_SMP_KEY_CARRIER = 21,        /* 0 UNB and others; read-only from afar */
    MW_SMP_KEY_ADAPTIVE = 22,       /* steps back after so many days without a downlink; 0: off */
    /* Read-only, about the legally relevant part. */
    MW_SMP_KEY_LEGAL_VERSION = 32,  /* of the legally relevant part */
    MW_SMP_KEY_LEGAL_CHECKSUM = 33, /* CRC-32 of what runs; 0: the board cannot tell */
    MW_SMP_KEY_SEAL = 34,           /* 0 open, 1 sealed, 2 in service */
    MW_SMP_KEY_AUDIT_RECORDS = 35,  /* in the permanent record of sealed parameters */
    MW_SMP_KEY_AUDIT_LEFT = 36,     /* that still find room there */
    /* Read-only, of meters with tariffs. */
    MW_SMP_KEY_SCHEDULE = 40,         /* checksum of the newest schedule that the meter took */
    MW_SMP_KEY_SCHEDULE_FROM = 41,    /* SMP seconds when it comes into force; 0: it is in force */
    MW_SMP_KEY_SCHEDULE_MISSING = 42, /* bit n: part n of one under way is missing; 0: none is */
} mw_smp_config_key;

typedef struct mw_smp_config {
    uint8_t count; /* 1..MW_SMP_CONFIG_MAX */
    struct {
        uint16_t key;
        int64_t value;
    } item[MW_SMP_CONFIG_MAX];
} mw_smp_config;

/* Encoders append the whole object, header included; a failure (MW_SPACE, MW_RANGE) sticks in the
 * writer. Decoders take a body. MW_SHORT when it ends early, MW_RANGE for a field out of range. */
void mw_smp_event_put(mw_writer *w, const mw_smp_event *event);
MW_NODISCARD mw_status mw_smp_event_decode(mw_slice body, mw_smp_event *out_event);
void mw_smp_health_put(mw_writer *w, const mw_smp_health *health);
/* As the last object of a frame: a byte shorter, so that it fits an M frame. */
void mw_smp_health_put_last(mw_writer *w, const mw_smp_health *health);
MW_NODISCARD mw_status mw_smp_health_decode(mw_slice body, mw_smp_health *out_health);
void mw_smp_command_put(mw_writer *w, const mw_smp_command *command);
MW_NODISCARD mw_status mw_smp_command_decode(mw_slice body, mw_smp_command *out_command);
/* The same without expiry: expires_s is not sent, and MW_SMP_NEVER (commands.h) when decoded. Use
 * mw_smp_order_put, which knows which codes may travel so. */
void mw_smp_request_put(mw_writer *w, const mw_smp_command *command);
MW_NODISCARD mw_status mw_smp_request_decode(mw_slice body, mw_smp_command *out_command);
void mw_smp_receipt_put(mw_writer *w, const mw_smp_receipt *receipt);
MW_NODISCARD mw_status mw_smp_receipt_decode(mw_slice body, mw_smp_receipt *out_receipt);
void mw_smp_time_set_put(mw_writer *w, const mw_smp_time_set *time);
MW_NODISCARD mw_status mw_smp_time_set_decode(mw_slice body, mw_smp_time_set *out_time);
void mw_smp_config_put(mw_writer *w, const mw_smp_config *config);
MW_NODISCARD mw_status mw_smp_config_decode(mw_slice body, mw_smp_config *out_config);

/* SMP seconds and moments. MW_RANGE outside 2020..2156. */
MW_NODISCARD mw_status mw_smp_seconds_of_utc(mw_utc t, uint32_t *out_seconds);
mw_utc mw_smp_utc_of_seconds(uint32_t seconds);

#endif
