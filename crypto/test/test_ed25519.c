/* SPDX-License-Identifier: Apache-2.0
 *
 * SHA-512 and Ed25519 against FIPS 180-4, RFC 8032 section 7.1 and another implementation.
 */
#include <sodium.h>
#include <string.h>

#include "base/prng.h"
#include "crypto/ed25519.h"
#include "tests/harness/mw_test.h"

static size_t hex(const char *text, uint8_t *out) {
    size_t n = strlen(text) / 2;
    MW_CHECK_EQ(sodium_hex2bin(out, n, text, 2 * n, NULL, &n, NULL), 0);
    return n;
}

static void digest_of(mw_slice in, size_t piece, uint8_t out[MW_SHA512_BYTES]) {
    mw_sha512 s;
    mw_sha512_init(&s);
    for (size_t at = 0; at < in.n; at += piece)
        mw_sha512_take(&s, (mw_slice){in.p + at, in.n - at < piece ? in.n - at : piece});
    mw_sha512_done(&s, out);
}

MW_TEST(sha512_in_any_pieces) {
    uint8_t expected[64], out[64], text[400];
    (void)hex("ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
              "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
              expected);
    digest_of(mw_slice_of_str("abc"), 1, out);
    MW_CHECK_EQ(memcmp(out, expected, 64), 0);
    mw_prng g = mw_prng_of_seed(3);
    for (size_t n = 0; n <= sizeof text; n++) { /* all places of the padding */
        for (size_t i = 0; i < n; i++)
            text[i] = (uint8_t)mw_prng_below(&g, 256);
        crypto_hash_sha512(expected, text, n);
        digest_of((mw_slice){text, n}, 1 + mw_prng_below(&g, 200), out);
        MW_CHECK_EQ(memcmp(out, expected, 64), 0);
    }
}

/* RFC 8032 section 7.1: key, message, signature. */
static const char *const vectors[][3] = {
    {"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b"
     "4"
     "6bd25bf5f0595bbe24655141438e7a100b"},
    {"3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11"
     "d"
     "8c387b2eaeb4302aeeb00d291612bb0c00"},
    {"fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc"
     "6"
     "594a7c15e9716ed28dc027beceea1ec40a"},
    {"ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
     "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3fee"
     "b"
     "bd454d4423643ce80e2a9ac94fa54ca49f",
     "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e"
     "0"
     "303dca179c138ac17ad9bef1177331a704"},
};

MW_TEST(vectors_of_the_rfc) {
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        uint8_t key[32], message[64], signature[64];
        (void)hex(vectors[i][0], key);
        size_t n = hex(vectors[i][1], message);
        MW_CHECK_EQ(hex(vectors[i][2], signature), 64);
        MW_CHECK_OK(mw_ed25519_verify(key, (mw_slice){message, n}, signature));
        signature[i * 11] ^= 1;
        MW_CHECK_STATUS(mw_ed25519_verify(key, (mw_slice){message, n}, signature), MW_AUTH);
    }
}

MW_TEST(agrees_with_another_implementation) {
    mw_prng g = mw_prng_of_seed(7);
    for (unsigned run = 0; run < 60; run++) {
        uint8_t key[32], secret[64], seed[32], message[200], signature[64];
        for (unsigned i = 0; i < 32; i++)
            seed[i] = (uint8_t)mw_prng_below(&g, 256);
        size_t n = mw_prng_below(&g, sizeof message);
        for (size_t i = 0; i < n; i++)
            message[i] = (uint8_t)mw_prng_below(&g, 256);
        crypto_sign_seed_keypair(key, secret, seed);
        crypto_sign_detached(signature, NULL, message, n, secret);
        MW_CHECK_OK(mw_ed25519_verify(key, (mw_slice){message, n}, signature));
        size_t bit = mw_prng_below(&g, 96 * 8);
        if (bit < 64 * 8)
            signature[bit / 8] ^= (uint8_t)(1u << bit % 8);
        else
            key[bit / 8 - 64] ^= (uint8_t)(1u << bit % 8);
        MW_CHECK_STATUS(mw_ed25519_verify(key, (mw_slice){message, n}, signature), MW_AUTH);
    }
}

/* What has the same meaning but is not the one right encoding. */
MW_TEST(other_encodings_are_refused) {
    uint8_t key[32], signature[64];
    static const uint8_t order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58,
                                      0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
                                      0,    0,    0,    0,    0,    0,    0,    0,
                                      0,    0,    0,    0,    0,    0,    0,    0x10};
    (void)hex(vectors[1][0], key);
    (void)hex(vectors[1][2], signature);
    unsigned carry = 0;
    for (unsigned i = 0; i < 32; i++) { /* S + order */
        carry += signature[32 + i] + order[i];
        signature[32 + i] = (uint8_t)carry;
        carry >>= 8;
    }
    MW_CHECK_STATUS(mw_ed25519_verify(key, mw_slice_of_str("r"), signature), MW_AUTH);
    memset(key, 0xFF, sizeof key); /* y = 2^255 - 1, not below p */
    MW_CHECK_STATUS(mw_ed25519_verify(key, mw_slice_of_str("r"), signature), MW_AUTH);
    memset(key, 0, sizeof key);
    key[0] = 2; /* no point of the curve has this y */
    MW_CHECK_STATUS(mw_ed25519_verify(key, mw_slice_of_str("r"), signature), MW_AUTH);
}

MW_TEST_MAIN(MW_CASE(sha512_in_any_pieces), MW_CASE(vectors_of_the_rfc),
             MW_CASE(agrees_with_another_implementation), MW_CASE(other_encodings_are_refused))
