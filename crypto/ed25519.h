/* SPDX-License-Identifier: Apache-2.0
 *
 * Verifies Ed25519 signatures (RFC 8032 section 5.1.7): what a meter needs to know whose firmware
 * an image is. Everything it works on is public, so it takes no care of timing; it signs nothing.
 *
 * Strict: encodings of points that are not the shortest are refused, and so is an S that is not
 * below the group's order.
 */
#ifndef MW_CRYPTO_ED25519_H
#define MW_CRYPTO_ED25519_H

#include "crypto/sha512.h"

#define MW_ED25519_KEY_BYTES       32
#define MW_ED25519_SIGNATURE_BYTES 64

/* MW_OK: `signature` over `message` was made with the secret of `key`. MW_AUTH: it was not. */
MW_NODISCARD mw_status mw_ed25519_verify(const uint8_t key[MW_ED25519_KEY_BYTES], mw_slice message,
                                         const uint8_t signature[MW_ED25519_SIGNATURE_BYTES]);

#endif
