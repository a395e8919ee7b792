/* SPDX-License-Identifier: Apache-2.0 */
#include "base/prng.h"
#include "crypto/magma.h"
#include "tests/harness/mw_test.h"

/* Key, plain text and results of the examples in GOST R 34.12-2015 and R 34.13-2015, annex A. */
static mw_magma_keys published_keys(void) {
    mw_magma_keys keys;
    mw_magma_expand(
        mw_test_hex("ffeeddccbbaa99887766554433221100f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff").p, &keys);
    return keys;
}

static const char four_blocks[] =
    "92def06b3c130a59db54c704f8189d204a98fb2e67a8024c8912409b17b57e41";

MW_TEST(blocks_are_as_published) {
    static const char *const pairs[][2] = {{"fedcba9876543210", "4ee901e5c2d8ca3d"},
                                           {"92def06b3c130a59", "2b073f0494f372a0"},
                                           {"db54c704f8189d20", "de70e715d3556e48"},
                                           {"4a98fb2e67a8024c", "11d8d9e9eacfbc1e"}};
    mw_magma_keys keys = published_keys();
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        uint8_t block[MW_MAGMA_BLOCK];
        mw_slice plain = mw_test_hex(pairs[i][0]), sealed = mw_test_hex(pairs[i][1]);
        mw_bytes_copy(block, plain.p, sizeof block);
        mw_magma_encrypt(&keys, block);
        MW_CHECK_BYTES(MW_SLICE_OF(block), sealed.p, sealed.n);
        mw_magma_decrypt(&keys, block);
        MW_CHECK_BYTES(MW_SLICE_OF(block), plain.p, plain.n);
    }
}

MW_TEST(counter_mode_is_as_published) {
    mw_magma_keys keys = published_keys();
    uint8_t data[32];
    mw_slice plain = mw_test_hex(four_blocks);
    mw_slice sealed =
        mw_test_hex("4e98110c97b7b93c3e250d93d6e85d69136d868807b2dbef568eb680ab52a12d");
    const uint8_t iv[MW_MAGMA_IV] = {0x12, 0x34, 0x56, 0x78};
    for (size_t n = 0; n <= sizeof data; n++) {
        mw_bytes_copy(data, plain.p, sizeof data);
        mw_magma_ctr(&keys, iv, (mw_span){data, n});
        MW_CHECK_BYTES(((mw_slice){data, n}), sealed.p, n);
        MW_CHECK(memcmp(data + n, plain.p + n, sizeof data - n) == 0);
        mw_magma_ctr(&keys, iv, (mw_span){data, n});
        MW_CHECK_BYTES(MW_SLICE_OF(data), plain.p, sizeof data);
    }
}

MW_TEST(authentication_code_is_as_published) {
    mw_magma_keys keys = published_keys();
    uint8_t code[MW_MAGMA_BLOCK];
    mw_magma_cmac(&keys, mw_test_hex(four_blocks), code);
    MW_CHECK_BYTES(((mw_slice){code, 4}), "\x15\x4e\x72\x10", 4);
}

static void encrypt_zero_and_double(const mw_magma_keys *keys, unsigned times, uint8_t out[8]) {
    mw_bytes_fill(out, 0, 8);
    mw_magma_encrypt(keys, out);
    uint64_t v = 0;
    for (unsigned i = 0; i < 8; i++)
        v = v << 8 | out[i];
    for (unsigned t = 0; t < times; t++)
        v = v << 1 ^ ((v >> 63) != 0 ? 0x1B : 0);
    for (unsigned i = 0; i < 8; i++)
        out[i] = (uint8_t)(v >> (56 - 8 * i));
}

/* The definition over again, for keys that do carry and for every length. */
MW_TEST(authentication_code_follows_its_definition) {
    mw_prng g = mw_prng_of_seed(4);
    for (unsigned round = 0; round < 40; round++) {
        uint8_t key[MW_MAGMA_KEY], message[40], sum[8] = {0}, mask[8], code[8];
        mw_magma_keys keys;
        for (unsigned i = 0; i < sizeof key; i++)
            key[i] = (uint8_t)mw_prng_u64(&g);
        for (unsigned i = 0; i < sizeof message; i++)
            message[i] = (uint8_t)mw_prng_u64(&g);
        mw_magma_expand(key, &keys);
        size_t n = round;
        size_t padded = n == 0 ? 8 : (n + 7) / 8 * 8;
        encrypt_zero_and_double(&keys, padded == n ? 1 : 2, mask);
        for (size_t i = 0; i < padded; i++) {
            uint8_t byte = i < n ? message[i] : (i == n ? 0x80 : 0);
            sum[i % 8] ^= (uint8_t)(byte ^ (i + 8 >= padded ? mask[i % 8] : 0));
            if (i % 8 == 7)
                mw_magma_encrypt(&keys, sum);
        }
        mw_magma_cmac(&keys, (mw_slice){message, n}, code);
        MW_CHECK_BYTES(MW_SLICE_OF(code), sum, sizeof sum);
    }
}

MW_TEST_MAIN(MW_CASE(blocks_are_as_published), MW_CASE(counter_mode_is_as_published),
             MW_CASE(authentication_code_is_as_published),
             MW_CASE(authentication_code_follows_its_definition))
