/* SPDX-License-Identifier: Apache-2.0
 *
 * Records of commands to meters, of the frames that carry them down (docs/spec/downlink.md), and
 * of what the journal says about both.
 */
#ifndef MW_PLATFORM_STORE_RECORDS_COMMANDS_H
#define MW_PLATFORM_STORE_RECORDS_COMMANDS_H

#include "platform/store/records.h"

enum {
    MW_STORE_COMMAND_DATA = 32,  /* bytes of a command's data (protocols/smp) */
    MW_STORE_COMMAND_ARGS = 512, /* text of what was asked, JSON */
    MW_STORE_REASON_MAX = 200,
    MW_STORE_FRAME_MAX = 61,
};

/* Open states come first; from EXECUTED on a command is over. */
typedef enum mw_store_command_state {
    MW_COMMAND_QUEUED = 1,   /* waits for its turn, or at a station for the meter's next uplink */
    MW_COMMAND_SENT,         /* radiated; a receipt is due */
    MW_COMMAND_TOO_LATE,     /* the last attempt came too late; it is tried again */
    MW_COMMAND_NO_DUTY,      /* the station's duty was used up; it is tried again */
    MW_COMMAND_ACKNOWLEDGED, /* the meter took it; its end or the read-back is due */
    MW_COMMAND_EXECUTED = 16,
    MW_COMMAND_FAILED,
    MW_COMMAND_EXPIRED,
    MW_COMMAND_CANCELLED,
} mw_store_command_state;

typedef struct mw_store_command {
    int64_t id; /* given by the store */
    int64_t tenant;
    int64_t device;
    int64_t parent; /* the command that this one reads back for, or is a part of; 0 = none */
    char kind[32];  /* such as "set-configuration" */
    char args[MW_STORE_COMMAND_ARGS];
    uint16_t smp_id; /* what the receipt names */
    uint8_t code;    /* mw_smp_command_code */
    uint8_t size;
    uint8_t data[MW_STORE_COMMAND_DATA];
    uint8_t priority; /* 0 goes first .. 7 */
    mw_store_command_state state;
    char reason[MW_STORE_REASON_MAX];
    mw_utc created;
    mw_utc expires;
    mw_utc changed;    /* when it came into this state */
    mw_utc not_before; /* the next attempt; the end of waiting in SENT and ACKNOWLEDGED */
    uint16_t attempts;
    uint16_t attempts_max;
    int64_t entry;      /* the downlink entry at a station; 0 = none */
    uint32_t key_epoch; /* of the device when it was last sealed */
    int16_t result;     /* mw_smp_result of the newest receipt; -1 = none */
    char actor[MW_STORE_ID_MAX];
    char key[MW_STORE_ID_MAX]; /* of idempotency, "" = none; unique in the tenant */
} mw_store_command;

/* A step of a command's life. */
typedef struct mw_store_command_step {
    int64_t command;
    mw_utc at;
    mw_store_command_state state;
    char reason[MW_STORE_REASON_MAX];
    char station[MW_STORE_ID_MAX]; /* "" = none */
} mw_store_command_step;

typedef enum mw_store_downlink_mode {
    MW_STORE_ANSWER = 1,
    MW_STORE_TIMED,
    MW_STORE_BROADCAST,
} mw_store_downlink_mode;

/* A sealed frame at a station. */
typedef struct mw_store_downlink {
    int64_t id; /* given by the store */
    int64_t tenant;
    int64_t sender;  /* the station */
    int64_t command; /* 0 = a beacon */
    int64_t device;  /* 0 = a group */
    mw_store_downlink_mode mode;
    uint32_t address;
    uint8_t rate; /* 0..2 */
    uint8_t size; /* bytes of payload: 29 or 61 */
    uint8_t payload[MW_STORE_FRAME_MAX];
    uint32_t counter;
    uint8_t copies, band, priority;
    uint16_t hop;
    mw_utc at; /* broadcast, timed; MW_UTC_NONE */
    mw_utc created;
    mw_utc expires;
    bool pending;    /* the station may still send it */
    char result[16]; /* "" = none yet */
    char reason[MW_STORE_REASON_MAX];
} mw_store_downlink;

/* Downlink counters under one key: of a device (subject = its number), or of a group of the tenant
 * (subject = minus the group's address). */
typedef struct mw_store_counter {
    int64_t tenant;
    int64_t subject;
    uint32_t key_epoch;
    uint32_t sender_epoch; /* of `reserved` */
    uint32_t reserved;     /* running parts below this are, or may be, used */
    bool heard;            /* a receipt came for a counter: */
    uint32_t confirmed;    /* the meter's newest counter is at least this */
} mw_store_counter;

/* What one journal record said about commands, in the order of the journal. Made by decoding. */
typedef enum mw_store_fact_kind {
    MW_FACT_RECEIPT = 1, /* number: id, result; at: of execution; data: the receipt's */
    MW_FACT_CONFIG,      /* number: key; value */
    MW_FACT_RESULT,      /* value: entry; text: state and reason, separated by a newline */
    MW_FACT_BOOT,        /* number: cause */
} mw_store_fact_kind;

typedef struct mw_store_fact {
    int64_t tenant;
    int64_t device; /* 0 for RESULT */
    int64_t sender; /* of the journal record */
    int64_t journal;
    uint16_t n; /* within the journal record */
    mw_store_fact_kind kind;
    uint16_t number;
    uint8_t result;
    uint32_t key_epoch; /* that the frame was sealed under */
    int64_t value;
    mw_utc at;
    mw_utc received;
    char text[MW_STORE_REASON_MAX];
} mw_store_fact;

/* The newest value that a meter told about one configuration key. */
typedef struct mw_store_told {
    int64_t tenant;
    int64_t device;
    uint16_t key;
    int64_t value;
    mw_utc received;
} mw_store_told;

#endif
