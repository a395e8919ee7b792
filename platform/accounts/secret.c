/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/accounts/secret.h"

#include <sodium.h>

#include "base/assert.h"

_Static_assert(MW_PASSWORD_HASH_MAX >= crypto_pwhash_STRBYTES, "room for libsodium's text");
_Static_assert(MW_TOKEN_HASH == crypto_generichash_BYTES, "BLAKE2b-256");

mw_status mw_secret_init(void) {
    return sodium_init() < 0 ? MW_IO : MW_OK;
}

mw_password_params mw_password_params_test(void) {
    return (mw_password_params){.passes = 1, .memory_kib = 8};
}

static mw_status hash_with(mw_password_params params, mw_slice password,
                           char out_hash[crypto_pwhash_STRBYTES]) {
    int bad = crypto_pwhash_str_alg(out_hash, (const char *)password.p, password.n, params.passes,
                                    (size_t)params.memory_kib * 1024, crypto_pwhash_ALG_ARGON2ID13);
    return bad ? MW_NOMEM : MW_OK;
}

mw_status mw_password_hash(mw_password_params params, mw_slice password,
                           char out_hash[MW_PASSWORD_HASH_MAX]) {
    if (password.n < MW_PASSWORD_MIN || password.n > MW_PASSWORD_MAX)
        return MW_RANGE;
    char text[crypto_pwhash_STRBYTES];
    MW_TRY(hash_with(params, password, text));
    mw_bytes_fill(out_hash, 0, MW_PASSWORD_HASH_MAX);
    mw_bytes_copy(out_hash, text, sizeof text);
    return MW_OK;
}

bool mw_password_verify(const char *hash, mw_slice password) {
    if (password.n > MW_PASSWORD_MAX)
        return false;
    return crypto_pwhash_str_verify(hash, (const char *)password.p, password.n) == 0;
}

void mw_password_verify_nobody(mw_password_params params, mw_slice password) {
    if (password.n > MW_PASSWORD_MAX)
        return;
    /* Hashing costs what verifying costs; the result is thrown away. */
    char text[crypto_pwhash_STRBYTES];
    mw_status ignored = hash_with(params, password, text);
    (void)ignored;
    mw_bytes_wipe(text, sizeof text);
}

void mw_password_random(char out_text[MW_PASSWORD_TEXT_MAX]) {
    static const char alphabet[] = "abcdefghijkmnpqrstuvwxyz23456789"; /* no l, o, 0, 1 */
    _Static_assert(sizeof alphabet == 33, "32 characters: every byte's low bits are uniform");
    uint8_t random[20];
    randombytes_buf(random, sizeof random);
    size_t at = 0;
    for (size_t i = 0; i < sizeof random; i++) {
        if (i % 5 == 0 && i > 0)
            out_text[at++] = '-';
        out_text[at++] = alphabet[random[i] & 31];
    }
    out_text[at] = 0;
    mw_assert(at < MW_PASSWORD_TEXT_MAX);
    mw_bytes_wipe(random, sizeof random);
}

void mw_token_random(char out_text[MW_TOKEN_TEXT_MAX]) {
    uint8_t random[32];
    randombytes_buf(random, sizeof random);
    sodium_bin2base64(out_text, MW_TOKEN_TEXT_MAX, random, sizeof random,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    mw_bytes_wipe(random, sizeof random);
}

mw_token_hash mw_token_hash_of(mw_slice text) {
    mw_token_hash h;
    int bad = crypto_generichash(h.b, sizeof h.b, text.p, text.n, NULL, 0);
    mw_assert(bad == 0);
    return h;
}

bool mw_token_hash_equal(const mw_token_hash *a, const mw_token_hash *b) {
    return sodium_memcmp(a->b, b->b, sizeof a->b) == 0;
}
