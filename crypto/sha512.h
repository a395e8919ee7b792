/* SPDX-License-Identifier: Apache-2.0
 *
 * SHA-512 (FIPS 180-4) in pieces of any size, without heap: for images that are read from flash.
 */
#ifndef MW_CRYPTO_SHA512_H
#define MW_CRYPTO_SHA512_H

#include "base/bytes.h"

#define MW_SHA512_BYTES 64

typedef struct mw_sha512 {
    uint64_t h[8];
    uint64_t bytes; /* taken so far: 2^61 at most */
    uint8_t block[128];
} mw_sha512;

void mw_sha512_init(mw_sha512 *s);
void mw_sha512_take(mw_sha512 *s, mw_slice in);
/* The state is used up. */
void mw_sha512_done(mw_sha512 *s, uint8_t out[MW_SHA512_BYTES]);

#endif
