/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/sha256.h"

#include <openssl/sha.h>

#include "base/prng.h"
#include "tests/harness/mw_test.h"

static void digest(mw_slice s, uint8_t out[MW_SHA256_BYTES]) {
    mw_sha256 h;
    mw_sha256_init(&h);
    mw_sha256_take(&h, s);
    mw_sha256_done(&h, out);
}

/* FIPS 180-4's examples. */
MW_TEST(as_the_standard_says) {
    uint8_t out[MW_SHA256_BYTES];
    digest(mw_slice_of_str("abc"), out);
    MW_CHECK_BYTES(mw_test_hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
                   out, 32);
    digest((mw_slice){0}, out);
    MW_CHECK_BYTES(mw_test_hex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
                   out, 32);
    digest(mw_slice_of_str("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"), out);
    MW_CHECK_BYTES(mw_test_hex("248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"),
                   out, 32);
}

/* Every length and every cut gives what OpenSSL gives. */
MW_TEST(as_another_implementation) {
    mw_prng r = mw_prng_of_seed(5);
    uint8_t bytes[300], out[MW_SHA256_BYTES], theirs[MW_SHA256_BYTES];
    for (size_t n = 0; n <= sizeof bytes; n++) {
        for (size_t i = 0; i < n; i++)
            bytes[i] = (uint8_t)mw_prng_u64(&r);
        mw_sha256 h;
        mw_sha256_init(&h);
        for (size_t at = 0; at < n;) {
            size_t piece = 1 + (size_t)(mw_prng_u64(&r) % 90);
            piece = piece < n - at ? piece : n - at;
            mw_sha256_take(&h, (mw_slice){bytes + at, piece});
            at += piece;
        }
        mw_sha256_done(&h, out);
        SHA256(bytes, n, theirs);
        MW_CHECK(memcmp(out, theirs, sizeof out) == 0);
    }
}

MW_TEST_MAIN(MW_CASE(as_the_standard_says), MW_CASE(as_another_implementation))
