/* SPDX-License-Identifier: Apache-2.0
 *
 * AES key wrap (RFC 3394) of a 128-bit key under a 128-bit key, as DLMS/COSEM carries new keys to a
 * meter (IEC 62056-5-3, global_key_transfer). Keys that we store are wrapped otherwise: keys.h.
 */
#ifndef MW_CRYPTO_KEY_WRAP_H
#define MW_CRYPTO_KEY_WRAP_H

#include "crypto/crypto.h"

#define MW_WRAPPED_KEY_BYTES 24

void mw_aes_wrap(const mw_key *wrapping, const mw_key *key, uint8_t out[MW_WRAPPED_KEY_BYTES]);
/* MW_SYNTAX unless it has 24 bytes; MW_AUTH when it was not wrapped under this key: then *out_key is
 * not written. */
MW_NODISCARD mw_status mw_aes_unwrap(const mw_key *wrapping, mw_slice wrapped, mw_key *out_key);

#endif
