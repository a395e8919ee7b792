/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside the decoder: decode.c walks the journal, device.c opens frames, objects.c stores what they
 * say.
 */
#ifndef MW_PLATFORM_JOURNAL_DECODE_INTERNAL_H
#define MW_PLATFORM_JOURNAL_DECODE_INTERNAL_H

#include "crypto/crypto.h"
#include "platform/journal/decode.h"
#include "platform/journal/envelope.h"
#include "protocols/smp/smp.h"

enum {
    MW_DECODE_SLOTS = 2048, /* devices whose state and key stay in memory; a power of two */
    MW_DECODE_COUNTS = 64,  /* different counters of one turn */
};

/* State and key of a device, kept between frames. */
typedef struct mw_decode_device {
    int64_t device; /* 0 = empty slot */
    mw_store_device_state state;
    bool dirty;
    mw_crypto_ctx up; /* of state.key_epoch */
} mw_decode_device;

typedef struct mw_decode_count {
    int64_t tenant;
    int64_t hour;
    const char *name; /* static text */
    int64_t n;
} mw_decode_count;

struct mw_decoder {
    mw_store *store;
    mw_registry *registry;
    int64_t data_version; /* of the store when the caches were last known to be right */
    mw_decode_device slot[MW_DECODE_SLOTS];
    size_t counts_n;
    mw_decode_count counts[MW_DECODE_COUNTS];
};

/* A journal record being decoded. */
typedef struct mw_decode_record {
    const mw_store_envelope *envelope;
    const mw_envelope_item *item;
} mw_decode_record;

/* An opened frame. */
typedef struct mw_decode_opened {
    const mw_registry_entry *entry;
    mw_decode_device *device;
    uint32_t key_epoch;
    uint32_t counter;
    uint8_t plain[MW_SMP_FRAME_MAX];
    mw_slice objects;
    uint16_t facts; /* stored of this frame */
} mw_decode_opened;

MW_NODISCARD mw_status mw_decode_count_add(mw_decoder *d, const mw_store_envelope *e,
                                           const char *name, int64_t n);
MW_NODISCARD mw_status mw_decode_alarm(mw_decoder *d, const mw_store_envelope *e, const char *kind,
                                       const char *subject, const char *text);
/* The subject of a device in alarms: its identity in hex. */
void mw_decode_subject(const mw_store_device *device, char out[MW_STORE_ID_MAX]);

/* Tries every device of the address and every plausible key epoch. MW_OK; MW_NOT_FOUND = nobody
 * has this address; MW_AUTH = no key fits; MW_LIMIT = none fits and too many failed before. */
MW_NODISCARD mw_status mw_decode_open(mw_decoder *d, const mw_decode_record *r,
                                      mw_decode_opened *out);
/* Writes changed device states; forgets all when `keep` is false. */
MW_NODISCARD mw_status mw_decode_devices_flush(mw_decoder *d);
void mw_decode_devices_forget(mw_decoder *d);

/* Stores the objects of a frame that is heard for the first time. */
MW_NODISCARD mw_status mw_decode_objects(mw_decoder *d, const mw_decode_record *r,
                                         mw_decode_opened *o);

/* What commands wait for, as facts (commands.c): a station's result, a receipt, configuration
 * values, the start of a meter. A body that does not decode is counted. */
MW_NODISCARD mw_status mw_decode_result(mw_decoder *d, const mw_decode_record *r);
MW_NODISCARD mw_status mw_decode_receipt(mw_decoder *d, const mw_decode_record *r,
                                         mw_decode_opened *o, mw_slice body);
MW_NODISCARD mw_status mw_decode_config(mw_decoder *d, const mw_decode_record *r,
                                        mw_decode_opened *o, mw_slice body);
MW_NODISCARD mw_status mw_decode_boot(mw_decoder *d, const mw_decode_record *r, mw_decode_opened *o,
                                      const mw_smp_event *event);

/* Stores the register readings of a file's import, unless the import was undone. */
MW_NODISCARD mw_status mw_decode_import(mw_decoder *d, const mw_store_envelope *e);

/* What a station says of itself becomes a sign of it: its degraded modes and its spool. */
MW_NODISCARD mw_status mw_decode_station(mw_decoder *d, const mw_store_envelope *e);

/* Takes a message of another network: authenticates and decrypts it where a key is registered. */
MW_NODISCARD mw_status mw_decode_foreign(mw_decoder *d, const mw_store_envelope *e);

/* Stores what a DLMS meter pushed. */
MW_NODISCARD mw_status mw_decode_push(mw_decoder *d, const mw_store_envelope *e);

/* The state of a device, in memory until the turn ends. */
MW_NODISCARD mw_status mw_decode_device_take(mw_decoder *d, int64_t tenant,
                                             const mw_store_device *device,
                                             mw_decode_device **out_slot);

/* Marks the device's channels as changed: what it said of itself is read again. */
MW_NODISCARD mw_status mw_decode_device_changed(mw_decoder *d, const mw_decode_record *r,
                                                const mw_decode_opened *o);

#endif
