/* SPDX-License-Identifier: Apache-2.0
 *
 * The key hierarchy. Every key in use is derived, one key for one purpose:
 *
 *   device master (16 B, born with the device) + device identity (8 B) + key epoch
 *        -> up          seals reports of the meter
 *        -> down        seals commands to the meter
 *        -> group wrap  wraps group keys sent to the meter
 *        -> firmware    firmware images for the meter
 *   network group master + group address + key epoch
 *        -> group       seals downlinks to many meters at once
 *
 * Derivation is NIST SP 800-108 in counter mode with AES-CMAC, r = 32, one block:
 *   K = CMAC(master, 00000001 | label | 00 | context | 00000080)
 * label: ASCII, given in keys.c and in the specification; context: identity (8 bytes) or group
 * address (4, big-endian), then the key epoch (4, big-endian).
 *
 * Device masters leave a process only wrapped: AES-CCM under the platform's master key, which
 * itself is never stored with them.
 */
#ifndef MW_CRYPTO_KEYS_H
#define MW_CRYPTO_KEYS_H

#include "crypto/crypto.h"

/* The identity a device is born with; never changes, unlike its short address on the air. */
typedef struct mw_device_id {
    uint8_t b[8];
} mw_device_id;

typedef enum mw_key_use {
    MW_KEY_UP,
    MW_KEY_DOWN,
    MW_KEY_GROUP_WRAP,
    MW_KEY_FIRMWARE,
    MW_KEY_USE_COUNT
} mw_key_use;

/* One key of a device. MW_NOMEM (openssl only), MW_RANGE for an unknown use. */
MW_NODISCARD mw_status mw_key_derive_device(const mw_crypto *impl, const mw_key *master,
                                            const mw_device_id *id, uint32_t epoch, mw_key_use use,
                                            mw_key *out_key);
/* The key of a group of meters (address: see MW_SMP_GROUP_FIRST in protocols/smp/frame.h). */
MW_NODISCARD mw_status mw_key_derive_group(const mw_crypto *impl, const mw_key *group_master,
                                           uint32_t group, uint32_t epoch, mw_key *out_key);

/* A wrapped key for storage: version 01 | nonce 13 | cipher text 16 | tag 16. */
#define MW_WRAPPED_KEY_BYTES 46

typedef struct mw_wrapped_key {
    uint8_t b[MW_WRAPPED_KEY_BYTES];
} mw_wrapped_key;

/* Wraps a key under the platform's master key, bound to the device it belongs to. nonce: 13 fresh
 * random bytes from the operating system. MW_RANGE for another nonce length, MW_NOMEM. */
MW_NODISCARD mw_status mw_key_wrap(const mw_crypto *impl, const mw_key *platform_master,
                                   const mw_device_id *id, mw_slice nonce, const mw_key *key,
                                   mw_wrapped_key *out_wrapped);
/* MW_AUTH when the bytes, the device or the master key are not those of wrapping; MW_UNSUPPORTED
 * for another version; MW_RANGE unless bytes has MW_WRAPPED_KEY_BYTES. */
MW_NODISCARD mw_status mw_key_unwrap(const mw_crypto *impl, const mw_key *platform_master,
                                     const mw_device_id *id, mw_slice bytes, mw_key *out_key);

#endif
