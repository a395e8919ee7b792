/* SPDX-License-Identifier: Apache-2.0
 *
 * The AES-128 block cipher in constant time. For crypto/ itself and
 * for foreign protocols with a mode of their own; everything else uses crypto.h. Blocks are
 * bit-sliced: plane i holds bit i of every byte, two blocks side by side in 32 bits, so the S-box
 * is computed and never looked up. Source: FIPS 197.
 */
#ifndef MW_CRYPTO_AES_H
#define MW_CRYPTO_AES_H

#include <stdint.h>

#define MW_AES_BLOCK  16
#define MW_AES_ROUNDS 10

/* Round keys, bit-sliced for one block. */
typedef struct mw_aes_keys {
    uint16_t round[MW_AES_ROUNDS + 1][8];
} mw_aes_keys;

void mw_aes_expand(const uint8_t key[16], mw_aes_keys *out_keys);
/* Encrypts two blocks at once, in place; one costs the same as two. */
void mw_aes_encrypt_two(const mw_aes_keys *keys, uint8_t a[MW_AES_BLOCK], uint8_t b[MW_AES_BLOCK]);
/* The other direction, for key wrapping; slower. */
void mw_aes_decrypt_two(const mw_aes_keys *keys, uint8_t a[MW_AES_BLOCK], uint8_t b[MW_AES_BLOCK]);

#endif
