/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "crypto/keys.h"
#include "tests/harness/mw_test.h"

static const mw_crypto *const impls[] = {&mw_crypto_own, &mw_crypto_openssl};
static const mw_key master = {{0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1A,
                               0x1B, 0x1C, 0x1D, 0x1E, 0x1F}};
static const mw_device_id device = {{0x4D, 0x57, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01}};

/* OpenSSL's own KBKDF is an independent implementation of SP 800-108. */
static void kbkdf(const char *label, mw_slice context, uint8_t out[16]) {
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "KBKDF", NULL);
    EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
    mw_key key = master;
    uint8_t info[16];
    mw_bytes_copy(info, context.p, context.n);
    char counter[] = "COUNTER", cmac[] = "CMAC", cipher[] = "AES-128-CBC", text[16];
    strcpy(text, label);
    size_t label_bytes = strlen(label);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_MODE, counter, 0),
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_MAC, cmac, 0),
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_CIPHER, cipher, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, key.b, 16),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, text, label_bytes),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info, context.n),
        OSSL_PARAM_construct_end()};
    MW_CHECK_EQ(EVP_KDF_derive(ctx, out, 16, params), 1);
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
}

MW_TEST(derivation_is_sp_800_108) {
    static const char *const labels[] = {"MW-UP", "MW-DOWN", "MW-GROUP-WRAP", "MW-FIRMWARE"};
    for (int use = 0; use < MW_KEY_USE_COUNT; use++) {
        uint8_t expected[16];
        kbkdf(labels[use], mw_test_hex("4D57000000000001 00000007"), expected);
        for (size_t w = 0; w < 2; w++) {
            mw_key key;
            MW_CHECK_OK(mw_key_derive_device(impls[w], &master, &device, 7, (mw_key_use)use, &key));
            assert_memory_equal(key.b, expected, 16);
        }
    }
    uint8_t expected[16];
    mw_key key;
    kbkdf("MW-GROUP", mw_test_hex("FF000001 00000002"), expected);
    MW_CHECK_OK(mw_key_derive_group(&mw_crypto_own, &master, 0xFF000001, 2, &key));
    assert_memory_equal(key.b, expected, 16);
    MW_CHECK_STATUS(
        mw_key_derive_device(&mw_crypto_own, &master, &device, 0, MW_KEY_USE_COUNT, &key),
        MW_RANGE);
}

MW_TEST(every_use_epoch_and_device_has_another_key) {
    mw_key keys[3 * MW_KEY_USE_COUNT];
    mw_device_id other = device;
    other.b[7] = 2;
    size_t n = 0;
    for (int use = 0; use < MW_KEY_USE_COUNT; use++) {
        mw_key_use u = (mw_key_use)use;
        MW_CHECK_OK(mw_key_derive_device(&mw_crypto_own, &master, &device, 0, u, &keys[n++]));
        MW_CHECK_OK(mw_key_derive_device(&mw_crypto_own, &master, &device, 1, u, &keys[n++]));
        MW_CHECK_OK(mw_key_derive_device(&mw_crypto_own, &master, &other, 0, u, &keys[n++]));
    }
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++)
            MW_CHECK(!mw_key_equal(&keys[i], &keys[j]));
}

MW_TEST(wrapped_masters_open_only_for_their_device) {
    mw_key secret = {{9, 8, 7}}, back;
    mw_slice nonce = mw_test_hex("000102030405060708090a0b0c");
    mw_wrapped_key wrapped[2];
    for (size_t w = 0; w < 2; w++) {
        MW_CHECK_OK(mw_key_wrap(impls[w], &master, &device, nonce, &secret, &wrapped[w]));
        MW_CHECK_OK(
            mw_key_unwrap(impls[1 - w], &master, &device, MW_SLICE_OF(wrapped[w].b), &back));
        MW_CHECK(mw_key_equal(&secret, &back));
    }
    assert_memory_equal(wrapped[0].b, wrapped[1].b, MW_WRAPPED_KEY_BYTES);

    mw_key untouched = {{1}};
    mw_device_id other = device;
    other.b[0] ^= 1;
    mw_slice bytes = MW_SLICE_OF(wrapped[0].b);
    MW_CHECK_STATUS(mw_key_unwrap(impls[0], &master, &other, bytes, &untouched), MW_AUTH);
    MW_CHECK_STATUS(mw_key_unwrap(impls[0], &secret, &device, bytes, &untouched), MW_AUTH);
    for (size_t i = 1; i < MW_WRAPPED_KEY_BYTES; i++) {
        mw_wrapped_key damaged = wrapped[0];
        damaged.b[i] ^= 0x40;
        MW_CHECK_STATUS(
            mw_key_unwrap(impls[0], &master, &device, MW_SLICE_OF(damaged.b), &untouched), MW_AUTH);
    }
    wrapped[0].b[0] = 2;
    MW_CHECK_STATUS(mw_key_unwrap(impls[0], &master, &device, bytes, &untouched), MW_UNSUPPORTED);
    bytes.n--;
    MW_CHECK_STATUS(mw_key_unwrap(impls[0], &master, &device, bytes, &untouched), MW_RANGE);
    MW_CHECK_EQ(untouched.b[0], 1);
    nonce.n = 12;
    MW_CHECK_STATUS(mw_key_wrap(impls[0], &master, &device, nonce, &secret, &wrapped[0]), MW_RANGE);
}

MW_TEST_MAIN(MW_CASE(derivation_is_sp_800_108), MW_CASE(every_use_epoch_and_device_has_another_key),
             MW_CASE(wrapped_masters_open_only_for_their_device))
