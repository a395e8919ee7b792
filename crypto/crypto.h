/* SPDX-License-Identifier: Apache-2.0
 *
 * One interface to AES-128-CCM and AES-CMAC, with two back ends that give the same bytes:
 *
 *   mw_crypto_openssl  hosts: OpenSSL EVP, hardware AES. Not present in a freestanding build.
 *   mw_crypto_own      meters: bit-sliced, no secret-dependent branch or table index, no heap.
 *
 * A context holds the expanded key, so that a key used often is prepared once:
 *
 *   mw_crypto_ctx ctx;
 *   MW_TRY(mw_crypto_init(&ctx, &mw_crypto_own, &key));
 *   MW_TRY(mw_ccm_seal(&ctx, nonce, aad, plain, 4, out));
 *   mw_crypto_fini(&ctx);
 *
 * A context is used by one thread at a time. Sources: FIPS 197 (AES), NIST SP 800-38C and RFC 3610
 * (CCM, here q = 2: 13-byte nonce), NIST SP 800-38B and RFC 4493 (CMAC).
 */
#ifndef MW_CRYPTO_CRYPTO_H
#define MW_CRYPTO_CRYPTO_H

#include "base/bytes.h"
#include "crypto/aes.h"

#define MW_KEY_BYTES  16
#define MW_CCM_NONCE  13
#define MW_CMAC_BYTES 16
/* The longest plain text and associated data of one message, in bytes. */
#define MW_CCM_MAX 4096

/* A secret key. There is no function that prints one. */
typedef struct mw_key {
    uint8_t b[MW_KEY_BYTES];
} mw_key;

void mw_key_wipe(mw_key *key);
/* Takes time that does not depend on the bytes. */
bool mw_key_equal(const mw_key *a, const mw_key *b);
/* MW_RANGE unless bytes holds exactly 16. */
MW_NODISCARD mw_status mw_key_of_bytes(mw_slice bytes, mw_key *out_key);

typedef struct mw_crypto mw_crypto;

/* Caller-owned; its content belongs to the back end. About 200 bytes. */
typedef struct mw_crypto_ctx {
    const mw_crypto *impl; /* NULL when not initialised */
    union {
        mw_aes_keys own;  /* round keys, bit-sliced */
        void *handles[7]; /* openssl: ciphers by tag length and direction, CMAC */
    } u;
    mw_key key; /* openssl makes its handles on first use; unused by own */
} mw_crypto_ctx;

/* A back end. Callers use the functions below, which check lengths first. */
struct mw_crypto {
    const char *name;
    mw_status (*init)(mw_crypto_ctx *ctx, const mw_key *key);
    void (*fini)(mw_crypto_ctx *ctx);
    mw_status (*ccm_seal)(mw_crypto_ctx *ctx, mw_slice nonce, mw_slice aad, mw_slice plain,
                          size_t tag_bytes, uint8_t *out);
    mw_status (*ccm_open)(mw_crypto_ctx *ctx, mw_slice nonce, mw_slice aad, mw_slice sealed,
                          size_t tag_bytes, uint8_t *out);
    mw_status (*cmac)(mw_crypto_ctx *ctx, mw_slice message, uint8_t out[MW_CMAC_BYTES]);
};

extern const mw_crypto mw_crypto_own;
extern const mw_crypto mw_crypto_openssl; /* hosts only */

/* Prepares a key. MW_NOMEM (openssl only). On failure the context needs no fini. */
MW_NODISCARD mw_status mw_crypto_init(mw_crypto_ctx *ctx, const mw_crypto *impl, const mw_key *key);
/* Wipes the key and frees what the back end holds. Allowed on a zeroed or finished context. */
void mw_crypto_fini(mw_crypto_ctx *ctx);

/* Encrypts and authenticates: writes plain.n bytes of cipher text, then tag_bytes of tag, to the
 * start of out. nonce: 13 bytes, never twice under one key. tag_bytes: 4, 8 or 16. out may begin
 * where plain begins, no other overlap. MW_RANGE for a nonce, tag or size outside these limits,
 * MW_SPACE when out is smaller than plain.n + tag_bytes, MW_NOMEM. */
MW_NODISCARD mw_status mw_ccm_seal(mw_crypto_ctx *ctx, mw_slice nonce, mw_slice aad, mw_slice plain,
                                   size_t tag_bytes, mw_span out);
/* The reverse: sealed is cipher text and tag; writes sealed.n - tag_bytes bytes of plain text.
 * MW_AUTH when the tag does not match, and then those bytes of out are zero. MW_SHORT when sealed
 * is shorter than the tag; MW_RANGE, MW_SPACE and MW_NOMEM as above. */
MW_NODISCARD mw_status mw_ccm_open(mw_crypto_ctx *ctx, mw_slice nonce, mw_slice aad,
                                   mw_slice sealed, size_t tag_bytes, mw_span out);
/* AES-CMAC of a message of any length. MW_NOMEM. */
MW_NODISCARD mw_status mw_cmac(mw_crypto_ctx *ctx, mw_slice message, uint8_t out[MW_CMAC_BYTES]);

#endif
