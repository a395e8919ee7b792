/* SPDX-License-Identifier: Apache-2.0
 *
 * AES-128-GCM (NIST SP 800-38D) with 12-byte nonces, for protocols that prescribe it (DLMS/COSEM
 * security suite 0). Two back ends that give the same bytes, as in crypto.h:
 *
 *   mw_gcm_openssl  hosts: OpenSSL EVP, hardware AES and GHASH. Not in a freestanding build.
 *   mw_gcm_own      meters: bit-sliced AES and a GHASH of masked shifts; no secret-dependent
 * branch, table index or multiplication, no heap.
 *
 * A nonce used twice under one key gives both messages and the authentication key away: whoever
 * calls seal persists the counter in the nonce before.
 */
#ifndef MW_CRYPTO_GCM_H
#define MW_CRYPTO_GCM_H

#include "crypto/crypto.h"

#define MW_GCM_NONCE 12
/* The longest text, and the longest associated data of all parts together, in bytes. */
#define MW_GCM_MAX 65535

typedef struct mw_gcm mw_gcm;

/* Caller-owned; its content belongs to the back end. */
typedef struct mw_gcm_ctx {
    const mw_gcm *impl; /* NULL when not initialised */
    union {
        struct {
            mw_aes_keys keys;
            uint64_t h[2]; /* the hash key, most significant half first */
        } own;
        void *handles[2]; /* openssl: to seal, to open */
    } u;
} mw_gcm_ctx;

/* Associated data in parts, taken as one string: a protocol needs no copy to join them. */
typedef struct mw_gcm_parts {
    const mw_slice *part;
    size_t count;
} mw_gcm_parts;

/* A back end. Callers use the functions below, which check lengths first. */
struct mw_gcm {
    const char *name;
    mw_status (*init)(mw_gcm_ctx *ctx, const mw_key *key);
    void (*fini)(mw_gcm_ctx *ctx);
    mw_status (*seal)(mw_gcm_ctx *ctx, mw_slice nonce, mw_gcm_parts aad, mw_slice plain,
                      size_t tag_bytes, uint8_t *out);
    mw_status (*open)(mw_gcm_ctx *ctx, mw_slice nonce, mw_gcm_parts aad, mw_slice sealed,
                      size_t tag_bytes, uint8_t *out);
};

extern const mw_gcm mw_gcm_own;
extern const mw_gcm mw_gcm_openssl; /* hosts only */

/* Prepares a key. MW_NOMEM (openssl only). On failure the context needs no fini. */
MW_NODISCARD mw_status mw_gcm_init(mw_gcm_ctx *ctx, const mw_gcm *impl, const mw_key *key);
/* Wipes the key and frees what the back end holds. Allowed on a zeroed or finished context. */
void mw_gcm_fini(mw_gcm_ctx *ctx);

/* Encrypts and authenticates: writes plain.n bytes of cipher text, then tag_bytes of tag.
 * tag_bytes: 12..16, or 0 for text that is encrypted only (its receiver can not know who sent it).
 * out may begin where plain begins, no other overlap. MW_RANGE for a nonce, tag or size outside
 * these limits, MW_SPACE, MW_NOMEM. */
MW_NODISCARD mw_status mw_gcm_seal(mw_gcm_ctx *ctx, mw_slice nonce, mw_gcm_parts aad,
                                   mw_slice plain, size_t tag_bytes, mw_span out);
/* The reverse: writes sealed.n - tag_bytes bytes. MW_AUTH when the tag does not match, and then
 * those bytes of out are zero. With tag_bytes 0 nothing is verified. MW_SHORT when sealed is
 * shorter than the tag; MW_RANGE, MW_SPACE and MW_NOMEM as above. */
MW_NODISCARD mw_status mw_gcm_open(mw_gcm_ctx *ctx, mw_slice nonce, mw_gcm_parts aad,
                                   mw_slice sealed, size_t tag_bytes, mw_span out);

#endif
