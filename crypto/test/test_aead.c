/* SPDX-License-Identifier: Apache-2.0
 *
 * Both back ends against published vectors, and against each other.
 */
#include "base/prng.h"
#include "crypto/aes.h"
#include "crypto/crypto.h"
#include "tests/harness/mw_test.h"

static const mw_crypto *const impls[] = {&mw_crypto_own, &mw_crypto_openssl};

static mw_key key_of(const char *hex) {
    mw_key key;
    MW_CHECK_OK(mw_key_of_bytes(mw_test_hex(hex), &key));
    return key;
}

static void fill(mw_prng *g, uint8_t *p, size_t n) {
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)mw_prng_u64(g);
}

/* FIPS 197 appendices B and C.1: one in each half of the pair. */
MW_TEST(block_cipher_matches_fips_197) {
    mw_aes_keys keys;
    uint8_t a[16], b[16];
    mw_bytes_copy(a, mw_test_hex("00112233445566778899aabbccddeeff").p, 16);
    mw_bytes_copy(b, a, 16);
    mw_aes_expand(mw_test_hex("000102030405060708090a0b0c0d0e0f").p, &keys);
    mw_aes_encrypt_two(&keys, a, b);
    MW_CHECK_BYTES(MW_SLICE_OF(a), mw_test_hex("69c4e0d86a7b0430d8cdb78070b4c55a").p, 16);
    MW_CHECK_BYTES(MW_SLICE_OF(b), a, 16);

    mw_bytes_copy(b, mw_test_hex("3243f6a8885a308d313198a2e0370734").p, 16);
    mw_aes_expand(mw_test_hex("2b7e151628aed2a6abf7158809cf4f3c").p, &keys);
    mw_aes_encrypt_two(&keys, a, b);
    MW_CHECK_BYTES(MW_SLICE_OF(b), mw_test_hex("3925841d02dc09fbdc118597196a0b32").p, 16);
}

typedef struct ccm_vector {
    const char *key, *nonce, *aad, *plain, *sealed;
    size_t tag;
} ccm_vector;

/* NIST CAVP files DVPT128 and VADT128 (13-byte nonces), RFC 3610 packet vectors 1 to 3. */
static const ccm_vector ccm_vectors[] = {
    {"4bb3c4a4f893ad8c9bdc833c325d62b3", "5a8aa485c316e9403aff859fbb", "", "", "90156f3f", 4},
    {"19ebfde2d5468ba0a3031bde629b11fd", "5a8aa485c316e9403aff859fbb", "", "",
     "fb04dc5a44c6bb000f2440f5154364b4", 16},
    {"d24a3d3dde8c84830280cb87abad0bb3", "f1100035bb24a8d26004e0e24b", "",
     "7c86135ed9c2a515aaae0e9a208133897269220f30870006",
     "1faeb0ee2ca2cd52f0aa3966578344f24e69b742c4ab37ab1123301219c70599b7c373ad4b3ad67b", 16},
    {"5a33980e71e7d67fd6cf171454dc96e5", "33ae68ebb8010c6b3da6b9cb29",
     "eca622a37570df619e10ebb18bebadb2f2b49c4d2b2ff715873bb672e30fc0ff",
     "a34dfa24847c365291ce1b54bcf8d9a75d861e5133cc3a74",
     "7a60fa7ee8859e283cce378fb6b95522ab8b70efcdb0265f7c4b4fa597666b86dd1353e400f28864", 16},
    {"c0c1c2c3c4c5c6c7c8c9cacbcccdcecf", "00000003020100a0a1a2a3a4a5", "0001020304050607",
     "08090a0b0c0d0e0f101112131415161718191a1b1c1d1e",
     "588c979a61c663d2f066d0c2c0f989806d5f6b61dac38417e8d12cfdf926e0", 8},
    {"c0c1c2c3c4c5c6c7c8c9cacbcccdcecf", "00000004030201a0a1a2a3a4a5", "0001020304050607",
     "08090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
     "72c91a36e135f8cf291ca894085c87e3cc15c439c9e43a3ba091d56e10400916", 8},
    {"c0c1c2c3c4c5c6c7c8c9cacbcccdcecf", "00000005040302a0a1a2a3a4a5", "0001020304050607",
     "08090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20",
     "51b1e5f44a197d1da46b0f8e2d282ae871e838bb64da8596574adaa76fbd9fb0c5", 8},
};

MW_TEST(ccm_matches_nist_and_rfc_3610) {
    for (size_t w = 0; w < 2; w++) {
        for (size_t i = 0; i < sizeof ccm_vectors / sizeof ccm_vectors[0]; i++) {
            const ccm_vector *v = &ccm_vectors[i];
            mw_key key = key_of(v->key);
            mw_crypto_ctx ctx;
            MW_CHECK_OK(mw_crypto_init(&ctx, impls[w], &key));
            mw_slice plain = mw_test_hex(v->plain), sealed = mw_test_hex(v->sealed);
            uint8_t out[64], back[64];
            MW_CHECK_OK(mw_ccm_seal(&ctx, mw_test_hex(v->nonce), mw_test_hex(v->aad), plain, v->tag,
                                    MW_SPAN_OF(out)));
            MW_CHECK_BYTES(sealed, out, plain.n + v->tag);
            MW_CHECK_OK(mw_ccm_open(&ctx, mw_test_hex(v->nonce), mw_test_hex(v->aad), sealed,
                                    v->tag, MW_SPAN_OF(back)));
            MW_CHECK_BYTES(plain, back, sealed.n - v->tag);
            mw_crypto_fini(&ctx);
        }
    }
}

/* RFC 4493 section 4, which are also the AES-128 examples of SP 800-38B. */
MW_TEST(cmac_matches_rfc_4493) {
    static const struct {
        size_t n;
        const char *mac;
    } cases[] = {{0, "bb1d6929e95937287fa37d129b756746"},
                 {16, "070a16b46b4d4144f79bdd9dd04a287c"},
                 {40, "dfa66747de9ae63030ca32611497c827"},
                 {64, "51f0bebf7e3b9d92fc49741779363cfe"}};
    mw_key key = key_of("2b7e151628aed2a6abf7158809cf4f3c");
    for (size_t w = 0; w < 2; w++) {
        mw_crypto_ctx ctx;
        MW_CHECK_OK(mw_crypto_init(&ctx, impls[w], &key));
        for (size_t i = 0; i < 4; i++) {
            mw_slice message =
                mw_test_hex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac"
                            "45af8e5130c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17"
                            "ad2b417be66c3710");
            uint8_t mac[16];
            message.n = cases[i].n;
            MW_CHECK_OK(mw_cmac(&ctx, message, mac));
            MW_CHECK_BYTES(mw_test_hex(cases[i].mac), mac, 16);
        }
        mw_crypto_fini(&ctx);
    }
}

/* Random keys, sizes and tag lengths, one context for many messages in mixed order. */
MW_TEST(back_ends_agree_on_random_input) {
    mw_prng g = mw_prng_of_seed(20261122);
    static const size_t tags[] = {4, 8, 16};
    for (int round = 0; round < 300; round++) {
        mw_key key;
        fill(&g, key.b, sizeof key.b);
        mw_crypto_ctx ctx[2];
        for (size_t w = 0; w < 2; w++)
            MW_CHECK_OK(mw_crypto_init(&ctx[w], impls[w], &key));
        for (int m = 0; m < 8; m++) {
            uint8_t nonce[13], aad[70], text[200], out[2][220], back[200], mac[2][16];
            fill(&g, nonce, sizeof nonce);
            fill(&g, aad, sizeof aad);
            fill(&g, text, sizeof text);
            mw_slice a = {aad, mw_prng_below(&g, sizeof aad + 1)};
            mw_slice t = {text, mw_prng_below(&g, sizeof text + 1)};
            size_t tag = tags[mw_prng_below(&g, 3)];
            for (size_t w = 0; w < 2; w++) {
                MW_CHECK_OK(
                    mw_ccm_seal(&ctx[w], MW_SLICE_OF(nonce), a, t, tag, MW_SPAN_OF(out[w])));
                MW_CHECK_OK(mw_cmac(&ctx[w], t, mac[w]));
            }
            assert_memory_equal(out[0], out[1], t.n + tag);
            assert_memory_equal(mac[0], mac[1], 16);
            size_t broken = mw_prng_below(&g, t.n + tag);
            for (size_t w = 0; w < 2; w++) {
                mw_slice sealed = {out[w], t.n + tag};
                MW_CHECK_OK(
                    mw_ccm_open(&ctx[w], MW_SLICE_OF(nonce), a, sealed, tag, MW_SPAN_OF(back)));
                MW_CHECK_BYTES(t, back, t.n);
                out[w][broken] ^= 0x10;
                MW_CHECK_STATUS(
                    mw_ccm_open(&ctx[w], MW_SLICE_OF(nonce), a, sealed, tag, MW_SPAN_OF(back)),
                    MW_AUTH);
                for (size_t i = 0; i < t.n; i++)
                    MW_CHECK_EQ(back[i], 0);
            }
        }
        for (size_t w = 0; w < 2; w++)
            mw_crypto_fini(&ctx[w]);
    }
}

MW_TEST(lengths_outside_the_limits_are_refused) {
    static const uint8_t many[MW_CCM_MAX + 1];
    static uint8_t room[MW_CCM_MAX + 32];
    for (size_t w = 0; w < 2; w++) {
        mw_key key = {{1}};
        mw_crypto_ctx ctx;
        MW_CHECK_OK(mw_crypto_init(&ctx, impls[w], &key));
        mw_slice nonce = {many, 13}, short_nonce = {many, 12}, none = {many, 0}, five = {many, 5};
        mw_span out = MW_SPAN_OF(room);
        MW_CHECK_STATUS(mw_ccm_seal(&ctx, short_nonce, none, five, 8, out), MW_RANGE);
        MW_CHECK_STATUS(mw_ccm_seal(&ctx, nonce, none, five, 6, out), MW_RANGE);
        MW_CHECK_STATUS(mw_ccm_seal(&ctx, nonce, none, MW_SLICE_OF(many), 8, out), MW_RANGE);
        MW_CHECK_STATUS(mw_ccm_seal(&ctx, nonce, MW_SLICE_OF(many), five, 8, out), MW_RANGE);
        MW_CHECK_STATUS(mw_ccm_seal(&ctx, nonce, none, five, 8, (mw_span){room, 12}), MW_SPACE);
        MW_CHECK_STATUS(mw_ccm_open(&ctx, nonce, none, five, 8, out), MW_SHORT);
        MW_CHECK_STATUS(mw_ccm_open(&ctx, nonce, none, (mw_slice){many, 12}, 8, (mw_span){room, 3}),
                        MW_SPACE);
        mw_crypto_fini(&ctx);
        mw_crypto_fini(&ctx);
    }
}

MW_TEST(keys_are_wiped_and_compared) {
    mw_key a = key_of("000102030405060708090a0b0c0d0e0f"), b = a;
    MW_CHECK(mw_key_equal(&a, &b));
    b.b[15] ^= 0x80;
    MW_CHECK(!mw_key_equal(&a, &b));
    mw_key_wipe(&a);
    for (size_t i = 0; i < sizeof a.b; i++)
        MW_CHECK_EQ(a.b[i], 0);
    MW_CHECK_STATUS(mw_key_of_bytes(mw_test_hex("0001"), &a), MW_RANGE);
    mw_crypto_ctx ctx;
    MW_CHECK_OK(mw_crypto_init(&ctx, &mw_crypto_own, &b));
    mw_crypto_fini(&ctx);
    const uint8_t *raw = (const uint8_t *)&ctx;
    for (size_t i = 0; i < sizeof ctx; i++)
        MW_CHECK_EQ(raw[i], 0);
}

MW_TEST_MAIN(MW_CASE(block_cipher_matches_fips_197), MW_CASE(ccm_matches_nist_and_rfc_3610),
             MW_CASE(cmac_matches_rfc_4493), MW_CASE(back_ends_agree_on_random_input),
             MW_CASE(lengths_outside_the_limits_are_refused), MW_CASE(keys_are_wiped_and_compared))
