/* SPDX-License-Identifier: Apache-2.0
 *
 * Both GCM back ends against published vectors, and against each other.
 */
#include "base/prng.h"
#include "crypto/gcm.h"
#include "tests/harness/mw_test.h"

static const mw_gcm *const impls[] = {&mw_gcm_own, &mw_gcm_openssl};

typedef struct gcm_vector {
    const char *key, *nonce, *aad, *plain, *sealed;
} gcm_vector;

/* Test cases 1 to 4 of McGrew and Viega, "The Galois/Counter Mode of Operation", which NIST took
 * over for SP 800-38D. */
static const gcm_vector vectors[] = {
    {"00000000000000000000000000000000", "000000000000000000000000", "", "",
     "58e2fccefa7e3061367f1d57a4e7455a"},
    {"00000000000000000000000000000000", "000000000000000000000000", "",
     "00000000000000000000000000000000",
     "0388dace60b6a392f328c2b971b2fe78ab6e47d42cec13bdf53a67b21257bddf"},
    {"feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888", "",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
     "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255",
     "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
     "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091473f5985"
     "4d5c2af327cd64a62cf35abd2ba6fab4"},
    {"feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
     "feedfacedeadbeeffeedfacedeadbeefabaddad2",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
     "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
     "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
     "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091"
     "5bc94fbc3221a5db94fae95ae7121a47"},
};

MW_TEST(published_vectors_hold_in_both_directions) {
    for (size_t w = 0; w < 2; w++) {
        for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
            const gcm_vector *v = &vectors[i];
            mw_key key;
            mw_gcm_ctx ctx;
            uint8_t out[96], back[96];
            mw_slice plain = mw_test_hex(v->plain), sealed = mw_test_hex(v->sealed);
            mw_slice aad = mw_test_hex(v->aad), nonce = mw_test_hex(v->nonce);
            mw_slice halves[2] = {mw_slice_sub(aad, 0, aad.n / 3),
                                  mw_slice_sub(aad, aad.n / 3, aad.n - aad.n / 3)};
            MW_CHECK_OK(mw_key_of_bytes(mw_test_hex(v->key), &key));
            MW_CHECK_OK(mw_gcm_init(&ctx, impls[w], &key));
            for (size_t tag = 12; tag <= 16; tag++) { /* shorter tags are the leading bytes */
                size_t n = plain.n + tag;
                MW_CHECK_OK(mw_gcm_seal(&ctx, nonce, (mw_gcm_parts){halves, 2}, plain, tag,
                                        MW_SPAN_OF(out)));
                MW_CHECK_BYTES(mw_slice_sub(sealed, 0, n), out, n);
                MW_CHECK_OK(mw_gcm_open(&ctx, nonce, (mw_gcm_parts){&aad, 1},
                                        mw_slice_sub(sealed, 0, n), tag, MW_SPAN_OF(back)));
                MW_CHECK_BYTES(plain, back, n - tag);
            }
            MW_CHECK_OK(mw_gcm_seal(&ctx, nonce, (mw_gcm_parts){0}, plain, 0, MW_SPAN_OF(out)));
            MW_CHECK_BYTES(mw_slice_sub(sealed, 0, plain.n), out, plain.n);
            mw_gcm_fini(&ctx);
        }
    }
}

MW_TEST(back_ends_agree_and_refuse_every_changed_bit) {
    mw_prng g = mw_prng_of_seed(38);
    for (int round = 0; round < 200; round++) {
        mw_key key;
        uint8_t nonce[12], aad[40], plain[200], sealed[2][216], back[216];
        size_t n = mw_prng_u64(&g) % 200, a = mw_prng_u64(&g) % 40, tag = 12 + (size_t)round % 5;
        for (size_t i = 0; i < 16; i++)
            key.b[i] = (uint8_t)mw_prng_u64(&g);
        for (size_t i = 0; i < 12; i++)
            nonce[i] = (uint8_t)mw_prng_u64(&g);
        for (size_t i = 0; i < 40; i++)
            aad[i] = (uint8_t)mw_prng_u64(&g);
        for (size_t i = 0; i < 200; i++)
            plain[i] = (uint8_t)mw_prng_u64(&g);
        mw_slice part = {aad, a};
        for (size_t w = 0; w < 2; w++) {
            mw_gcm_ctx ctx;
            MW_CHECK_OK(mw_gcm_init(&ctx, impls[w], &key));
            MW_CHECK_OK(mw_gcm_seal(&ctx, MW_SLICE_OF(nonce), (mw_gcm_parts){&part, 1},
                                    (mw_slice){plain, n}, tag, MW_SPAN_OF(sealed[w])));
            size_t bit = mw_prng_u64(&g) % ((n + tag) * 8);
            uint8_t changed[216];
            mw_bytes_copy(changed, sealed[w], n + tag);
            changed[bit / 8] ^= (uint8_t)(1 << bit % 8);
            back[0] = 1;
            MW_CHECK_STATUS(mw_gcm_open(&ctx, MW_SLICE_OF(nonce), (mw_gcm_parts){&part, 1},
                                        (mw_slice){changed, n + tag}, tag, MW_SPAN_OF(back)),
                            MW_AUTH);
            for (size_t i = 0; i < n; i++)
                MW_CHECK_EQ(back[i], 0);
            mw_bytes_copy(changed, sealed[w], n + tag); /* in place */
            MW_CHECK_OK(mw_gcm_open(&ctx, MW_SLICE_OF(nonce), (mw_gcm_parts){&part, 1},
                                    (mw_slice){changed, n + tag}, tag, MW_SPAN_OF(changed)));
            MW_CHECK_BYTES(((mw_slice){plain, n}), changed, n);
            mw_gcm_fini(&ctx);
        }
        MW_CHECK_BYTES(((mw_slice){sealed[0], n + tag}), sealed[1], n + tag);
    }
}

MW_TEST(lengths_outside_the_limits_are_refused) {
    mw_key key = {{0}};
    static uint8_t big[MW_GCM_MAX + 1], out[MW_GCM_MAX + 17];
    mw_slice nonce = {big, 12}, part = MW_SLICE_OF(big), halves[2] = {{big, 65535}, {big, 1}};
    for (size_t w = 0; w < 2; w++) {
        mw_gcm_ctx ctx;
        mw_gcm_parts none = {0};
        MW_CHECK_OK(mw_gcm_init(&ctx, impls[w], &key));
        MW_CHECK_STATUS(
            mw_gcm_seal(&ctx, (mw_slice){big, 13}, none, (mw_slice){big, 1}, 12, MW_SPAN_OF(out)),
            MW_RANGE);
        for (size_t tag = 1; tag < 20; tag++)
            if (tag < 12 || tag > 16)
                MW_CHECK_STATUS(
                    mw_gcm_seal(&ctx, nonce, none, (mw_slice){big, 1}, tag, MW_SPAN_OF(out)),
                    MW_RANGE);
        MW_CHECK_STATUS(mw_gcm_seal(&ctx, nonce, none, MW_SLICE_OF(big), 12, MW_SPAN_OF(out)),
                        MW_RANGE);
        MW_CHECK_STATUS(mw_gcm_seal(&ctx, nonce, (mw_gcm_parts){&part, 1}, (mw_slice){big, 1}, 12,
                                    MW_SPAN_OF(out)),
                        MW_RANGE);
        MW_CHECK_STATUS(mw_gcm_seal(&ctx, nonce, (mw_gcm_parts){halves, 2}, (mw_slice){big, 1}, 12,
                                    MW_SPAN_OF(out)),
                        MW_RANGE);
        MW_CHECK_STATUS(mw_gcm_seal(&ctx, nonce, none, (mw_slice){big, 1}, 12, (mw_span){out, 12}),
                        MW_SPACE);
        MW_CHECK_STATUS(mw_gcm_open(&ctx, nonce, none, (mw_slice){big, 11}, 12, MW_SPAN_OF(out)),
                        MW_SHORT);
        mw_gcm_fini(&ctx);
        mw_gcm_fini(&ctx);
    }
}

MW_TEST_MAIN(MW_CASE(published_vectors_hold_in_both_directions),
             MW_CASE(back_ends_agree_and_refuse_every_changed_bit),
             MW_CASE(lengths_outside_the_limits_are_refused))
