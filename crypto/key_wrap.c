/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/key_wrap.h"

#include "crypto/aes.h"

enum { HALF = 8, HALVES = 2, TURNS = 6 };

void mw_aes_wrap(const mw_key *wrapping, const mw_key *key, uint8_t out[MW_WRAPPED_KEY_BYTES]) {
    mw_aes_keys keys;
    uint8_t block[MW_AES_BLOCK], idle[MW_AES_BLOCK] = {0};
    mw_aes_expand(wrapping->b, &keys);
    for (unsigned i = 0; i < HALF; i++)
        block[i] = 0xA6;
    mw_bytes_copy(out + HALF, key->b, MW_KEY_BYTES);
    for (unsigned turn = 1; turn <= TURNS * HALVES; turn++) {
        uint8_t *half = out + HALF * (turn % 2 ? 1 : 2);
        mw_bytes_copy(block + HALF, half, HALF);
        mw_aes_encrypt_two(&keys, block, idle);
        block[HALF - 1] ^= (uint8_t)turn;
        mw_bytes_copy(half, block + HALF, HALF);
    }
    mw_bytes_copy(out, block, HALF);
    mw_bytes_wipe(&keys, sizeof keys);
    mw_bytes_wipe(block, sizeof block);
}

mw_status mw_aes_unwrap(const mw_key *wrapping, mw_slice wrapped, mw_key *out_key) {
    mw_aes_keys keys;
    uint8_t block[MW_AES_BLOCK], idle[MW_AES_BLOCK] = {0}, key[MW_KEY_BYTES], wrong = 0;
    if (wrapped.n != MW_WRAPPED_KEY_BYTES)
        return MW_SYNTAX;
    mw_aes_expand(wrapping->b, &keys);
    mw_bytes_copy(block, wrapped.p, HALF);
    mw_bytes_copy(key, wrapped.p + HALF, MW_KEY_BYTES);
    for (unsigned turn = TURNS * HALVES; turn >= 1; turn--) {
        uint8_t *half = key + (turn % 2 ? 0 : HALF);
        block[HALF - 1] ^= (uint8_t)turn;
        mw_bytes_copy(block + HALF, half, HALF);
        mw_aes_decrypt_two(&keys, block, idle);
        mw_bytes_copy(half, block + HALF, HALF);
    }
    for (unsigned i = 0; i < HALF; i++)
        wrong |= (uint8_t)(block[i] ^ 0xA6);
    if (wrong == 0)
        mw_bytes_copy(out_key->b, key, MW_KEY_BYTES);
    mw_bytes_wipe(&keys, sizeof keys);
    mw_bytes_wipe(block, sizeof block);
    mw_bytes_wipe(key, sizeof key);
    return wrong == 0 ? MW_OK : MW_AUTH;
}
