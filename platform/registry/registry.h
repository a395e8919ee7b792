/* SPDX-License-Identifier: Apache-2.0
 *
 * The registry: who a frame may come from, with which keys. A bounded cache in front of the store;
 * device keys are stored wrapped (crypto/keys.h) under the platform's master key, which lives
 * in a file of its own outside the database (mode 0600, made at first start).
 */
#ifndef MW_PLATFORM_REGISTRY_REGISTRY_H
#define MW_PLATFORM_REGISTRY_REGISTRY_H

#include "platform/store/store.h"

enum {
    MW_REGISTRY_KEY_SIZE = 16,
    MW_REGISTRY_CANDIDATES_MAX = 4, /* devices that may share an air address; more are not tried */
    MW_REGISTRY_CHANNELS_MAX = 4,   /* channels of one device */
};

typedef struct mw_registry mw_registry;

/* A device as decoding needs it. */
typedef struct mw_registry_entry {
    mw_store_device device;
    size_t channels;
    mw_store_channel channel[MW_REGISTRY_CHANNELS_MAX];
} mw_registry_entry;

/* Reads the master key file, or makes one when it does not exist. MW_FORBIDDEN when the file can be
 * read by others, MW_CORRUPT when it is not a key file. The store is borrowed. */
MW_NODISCARD mw_status mw_registry_open(mw_store *store, const char *master_key_file,
                                        mw_registry **out_registry);
void mw_registry_close(mw_registry *r);

/* The devices of the tenant at an air address: *out_n of them, 0 = unknown address. The entries
 * are valid until the next call. At most 4096 addresses stay in memory. */
MW_NODISCARD mw_status mw_registry_at(mw_registry *r, int64_t tenant, uint32_t address,
                                      const mw_registry_entry **out_entries, size_t *out_n);
/* Drops the cache: after an import. */
void mw_registry_forget(mw_registry *r);
/* The device's master key, unwrapped; keys of use and key epoch are derived from it
 * (crypto/keys.h). Wipe it after use. MW_NOT_FOUND; MW_AUTH when the master key file is another
 * one. */
MW_NODISCARD mw_status mw_registry_key(mw_registry *r, int64_t tenant,
                                       const mw_store_device *device,
                                       uint8_t out_key[MW_REGISTRY_KEY_SIZE]);
MW_NODISCARD mw_status mw_registry_key_put(mw_registry *r, int64_t tenant,
                                           const mw_store_device *device,
                                           const uint8_t key[MW_REGISTRY_KEY_SIZE]);

/* The tenant's group master key and the key epoch of its groups. Wipe it after use. MW_NOT_FOUND:
 * the tenant has none; MW_AUTH. */
MW_NODISCARD mw_status mw_registry_network_key(mw_registry *r, int64_t tenant,
                                               uint32_t *out_key_epoch,
                                               uint8_t out_key[MW_REGISTRY_KEY_SIZE]);
/* In a transaction. The same key and epoch again change nothing. */
MW_NODISCARD mw_status mw_registry_network_key_put(mw_registry *r, int64_t tenant,
                                                   uint32_t key_epoch,
                                                   const uint8_t key[MW_REGISTRY_KEY_SIZE]);

/* Wraps and unwraps a small secret of a user under the master key; bound to tenant and owner.
 * MW_REGISTRY_SECRET_WRAPPED bytes; MW_AUTH when the bytes, the owner or the key are others. */
#define MW_REGISTRY_SECRET_WRAPPED 46
MW_NODISCARD mw_status mw_registry_secret_wrap(mw_registry *r, int64_t tenant, const char *owner,
                                               const uint8_t secret[MW_REGISTRY_KEY_SIZE],
                                               uint8_t out_wrapped[MW_REGISTRY_SECRET_WRAPPED]);
MW_NODISCARD mw_status mw_registry_secret_unwrap(mw_registry *r, int64_t tenant, const char *owner,
                                                 mw_slice wrapped,
                                                 uint8_t out_secret[MW_REGISTRY_KEY_SIZE]);

typedef struct mw_registry_import_report {
    uint32_t lines;
    uint32_t devices;
    uint32_t channels;
    uint32_t bad_line; /* 1-based, of the first error; 0 = none */
    char error[160];   /* what is wrong with it, in plain words */
} mw_registry_import_report;

/* Imports devices, channels, usage points, owners and keys from JSON lines (limit 4096 bytes a
 * line; {"tenant":T,"group":{"master":"32 hex","key_epoch":n}} sets the key of all meters), all or
 * nothing in one transaction, idempotent. `at` dates new installations. MW_SYNTAX or MW_RANGE with
 * report->bad_line and ->error on the first bad line. The report is always written.
 */
MW_NODISCARD mw_status mw_registry_import(mw_registry *r, mw_slice lines, mw_utc at,
                                          mw_registry_import_report *report);
/* The same inside the caller's transaction, which must be rolled back on failure. Afterwards, either
 * way, call mw_registry_forget. */
MW_NODISCARD mw_status mw_registry_import_within(mw_registry *r, mw_slice lines, mw_utc at,
                                                 mw_registry_import_report *report);

#endif
