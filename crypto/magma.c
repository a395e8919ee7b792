/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/magma.h"

#include "base/assert.h"

#define ROUNDS  32u
#define NIBBLES UINT32_C(0x11111111)

/* Entry v of all eight S-boxes: that of box i in nibble i. */
static const uint32_t boxes[16] = {
    0x1857CB6C, 0x7EDF8384, 0xE2F52526, 0xD56A1832, 0x0698D29A, 0x59214FA5, 0x81C6FA5B, 0x3CAD6DC9,
    0x4FB07E1E, 0xF47901E8, 0xAB83A74D, 0x601E5477, 0x9D4B3CB0, 0xCA34E9D3, 0xB3E2960F, 0x270CB0F1};

/* All nibbles through their boxes: for each of the 16 values, those that have it take its entry. */
static uint32_t substitute(uint32_t x) {
    uint32_t out = 0;
    for (uint32_t v = 0; v < 16; v++) {
        uint32_t differs = x ^ v * NIBBLES;
        differs |= differs >> 2;
        differs |= differs >> 1;
        uint32_t equal = ~differs & NIBBLES;
        out |= boxes[v] & ((equal << 4) - equal);
    }
    return out;
}

static uint32_t round_of(uint32_t half, uint32_t key) {
    uint32_t s = substitute(half + key);
    return s << 11 | s >> 21;
}

static uint32_t read_half(const uint8_t *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void write_half(uint8_t *p, uint32_t v) {
    p[0] = (uint8_t)(v >> 24);
    p[1] = (uint8_t)(v >> 16);
    p[2] = (uint8_t)(v >> 8);
    p[3] = (uint8_t)v;
}

void mw_magma_expand(const uint8_t key[MW_MAGMA_KEY], mw_magma_keys *out_keys) {
    for (unsigned i = 0; i < 8; i++)
        out_keys->part[i] = read_half(key + 4 * i);
}

/* Encryption takes the eight parts three times upwards and once downwards; decryption the other
 * way round. */
static void crypt(const mw_magma_keys *keys, uint8_t block[MW_MAGMA_BLOCK], bool decrypt) {
    uint32_t left = read_half(block), right = read_half(block + 4);
    unsigned upwards = decrypt ? 8 : 24;
    for (unsigned i = 0; i < ROUNDS; i++) {
        unsigned part = i < upwards ? i % 8 : 7 - i % 8;
        uint32_t next = left ^ round_of(right, keys->part[part]);
        left = right;
        right = next;
    }
    write_half(block, right);
    write_half(block + 4, left);
}

void mw_magma_encrypt(const mw_magma_keys *keys, uint8_t block[MW_MAGMA_BLOCK]) {
    crypt(keys, block, false);
}

void mw_magma_decrypt(const mw_magma_keys *keys, uint8_t block[MW_MAGMA_BLOCK]) {
    crypt(keys, block, true);
}

void mw_magma_ctr(const mw_magma_keys *keys, const uint8_t iv[MW_MAGMA_IV], mw_span data) {
    mw_assert(data.n / MW_MAGMA_BLOCK < UINT32_MAX);
    uint8_t stream[MW_MAGMA_BLOCK];
    for (size_t i = 0; i < data.n; i++) {
        if (i % MW_MAGMA_BLOCK == 0) {
            mw_bytes_copy(stream, iv, MW_MAGMA_IV);
            write_half(stream + MW_MAGMA_IV, (uint32_t)(i / MW_MAGMA_BLOCK));
            crypt(keys, stream, false);
        }
        data.p[i] ^= stream[i % MW_MAGMA_BLOCK];
    }
    mw_bytes_wipe(stream, sizeof stream);
}

/* Multiplies by x in the field of 2^64 elements. */
static void double_block(uint8_t b[MW_MAGMA_BLOCK]) {
    unsigned carry = (unsigned)(b[0] >> 7) * 0x1B;
    for (unsigned i = 0; i < MW_MAGMA_BLOCK - 1; i++)
        b[i] = (uint8_t)(b[i] << 1 | b[i + 1] >> 7);
    b[MW_MAGMA_BLOCK - 1] = (uint8_t)((unsigned)b[MW_MAGMA_BLOCK - 1] << 1 ^ carry);
}

void mw_magma_cmac(const mw_magma_keys *keys, mw_slice message, uint8_t out[MW_MAGMA_BLOCK]) {
    uint8_t last[MW_MAGMA_BLOCK] = {0}, sum[MW_MAGMA_BLOCK] = {0};
    crypt(keys, last, false);
    double_block(last);
    bool whole = message.n > 0 && message.n % MW_MAGMA_BLOCK == 0;
    if (!whole) {
        double_block(last);
        last[message.n % MW_MAGMA_BLOCK] ^= 0x80; /* the padding */
    }
    size_t tail = message.n == 0 ? 0 : (message.n - 1) / MW_MAGMA_BLOCK * MW_MAGMA_BLOCK;
    for (size_t i = 0; i < tail; i++) {
        sum[i % MW_MAGMA_BLOCK] ^= message.p[i];
        if (i % MW_MAGMA_BLOCK == MW_MAGMA_BLOCK - 1)
            crypt(keys, sum, false);
    }
    for (size_t i = tail; i < message.n; i++)
        sum[i - tail] ^= message.p[i];
    for (unsigned i = 0; i < MW_MAGMA_BLOCK; i++)
        sum[i] ^= last[i];
    crypt(keys, sum, false);
    mw_bytes_copy(out, sum, MW_MAGMA_BLOCK);
    mw_bytes_wipe(last, sizeof last);
}
