/* SPDX-License-Identifier: Apache-2.0
 *
 * The block cipher Magma (64-bit blocks, 256-bit keys) and two of its modes, for foreign protocols
 * that prescribe them; our own use AES. Constant time: the eight S-boxes are read by scanning all
 * sixteen entries, all nibbles of a word at once, so no address and no branch depends on a secret.
 *
 * Sources: GOST R 34.12-2015 (RFC 8891) for the cipher, GOST R 34.13-2015 for the modes.
 */
#ifndef MW_CRYPTO_MAGMA_H
#define MW_CRYPTO_MAGMA_H

#include "base/bytes.h"

#define MW_MAGMA_KEY   32
#define MW_MAGMA_BLOCK 8
#define MW_MAGMA_IV    4

typedef struct mw_magma_keys {
    uint32_t part[8];
} mw_magma_keys;

void mw_magma_expand(const uint8_t key[MW_MAGMA_KEY], mw_magma_keys *out_keys);
/* One block, in place. */
void mw_magma_encrypt(const mw_magma_keys *keys, uint8_t block[MW_MAGMA_BLOCK]);
void mw_magma_decrypt(const mw_magma_keys *keys, uint8_t block[MW_MAGMA_BLOCK]);

/* Counter mode, either way: the counter begins with the IV and 32 zero bits and is never to be used
 * twice under one key. `data` is changed in place; at most 2^32 blocks, asserted. */
void mw_magma_ctr(const mw_magma_keys *keys, const uint8_t iv[MW_MAGMA_IV], mw_span data);
/* The authentication code of a message of any length; shorter codes are its first bytes. */
void mw_magma_cmac(const mw_magma_keys *keys, mw_slice message, uint8_t out[MW_MAGMA_BLOCK]);

#endif
