/* SPDX-License-Identifier: Apache-2.0
 *
 * SHA-256 (FIPS 180-4), for meters and hosts alike: no heap, no table but the constants.
 */
#ifndef MW_CRYPTO_SHA256_H
#define MW_CRYPTO_SHA256_H

#include "base/bytes.h"

#define MW_SHA256_BYTES 32

typedef struct mw_sha256 {
    uint32_t h[8];
    uint64_t bytes; /* taken so far, below 2^61 */
    uint8_t block[64];
} mw_sha256;

void mw_sha256_init(mw_sha256 *s);
void mw_sha256_take(mw_sha256 *s, mw_slice bytes);
/* The digest; s is wiped. */
void mw_sha256_done(mw_sha256 *s, uint8_t out[MW_SHA256_BYTES]);

#endif
