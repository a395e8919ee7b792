/* SPDX-License-Identifier: Apache-2.0
 *
 * Devices of other radio networks (Sigfox, NB-Fi, OpenUNB) and their messages.
 */
#ifndef MW_PLATFORM_STORE_RECORDS_FOREIGN_H
#define MW_PLATFORM_STORE_RECORDS_FOREIGN_H

#include "platform/store/records.h"

enum {
    MW_STORE_FOREIGN_PAYLOAD_MAX = 24,
    MW_STORE_FOREIGN_WRAPPED_MAX = 96,
};

typedef enum mw_store_network {
    MW_NETWORK_SIGFOX = 1,
    MW_NETWORK_NBFI = 2,
    MW_NETWORK_OPENUNB = 3,
} mw_store_network;

/* How far a message can be trusted. */
typedef enum mw_store_authenticity {
    MW_FOREIGN_AUTHENTIC = 1,  /* the device's key made it, and its counter is new */
    MW_FOREIGN_PLAUSIBLE = 2,  /* decrypted with the device's key, but nothing proves the sender */
    MW_FOREIGN_UNVERIFIED = 3, /* no key is registered, or the network's check is not known to us */
} mw_store_authenticity;

typedef struct mw_store_foreign_device {
    int64_t device; /* given by the store, > 0 */
    int64_t tenant;
    mw_store_network network;
    uint32_t identity;
    char label[MW_STORE_SERIAL_MAX];
    uint8_t wrapped[MW_STORE_FOREIGN_WRAPPED_MAX]; /* the key, wrapped; never in clear */
    uint8_t wrapped_n;                             /* 0 = no key */
} mw_store_foreign_device;

/* What decoding knows of a device. */
typedef struct mw_store_foreign_state {
    int64_t tenant;
    int64_t device;
    int64_t newest; /* counter of the newest message, -1 = none; NB-Fi: the whole iterator */
    mw_utc last_seen;
    int64_t last_message; /* number of the newest message */
    uint32_t last_crc;    /* of its payload */
    int64_t messages;
    int64_t duplicates;
    int64_t replays;
    int64_t failures;      /* failed authentications in the hour of failures_hour */
    int64_t failures_hour; /* hours since 1970 */
} mw_store_foreign_state;

typedef struct mw_store_foreign_message {
    int64_t id;
    int64_t tenant;
    int64_t journal;
    int64_t device; /* 0 = not registered */
    mw_store_network network;
    uint32_t identity;
    int64_t counter; /* -1 = none */
    mw_store_authenticity authenticity;
    uint8_t payload[MW_STORE_FOREIGN_PAYLOAD_MAX]; /* as the station passed it on */
    uint8_t payload_n;
    uint8_t
        clear[MW_STORE_FOREIGN_PAYLOAD_MAX]; /* the message itself, decrypted where it was not */
    uint8_t clear_n;
    bool has_clear;
    mw_utc received;
    mw_utc stored;
    int64_t frequency_mhz;
    int32_t level_cdbm;
    int32_t snr_cdb;
    char rate[8];
    uint8_t copies;
    /* given by lists: */
    char sender[MW_STORE_ID_MAX];
    char label[MW_STORE_SERIAL_MAX];
} mw_store_foreign_message;

#endif
