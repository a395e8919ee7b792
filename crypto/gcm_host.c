/* SPDX-License-Identifier: Apache-2.0
 *
 * AES-128-GCM of hosts on OpenSSL 3 EVP.
 */
#include <openssl/evp.h>

#include "crypto/gcm.h"

enum { SEAL = 0, OPEN = 1 };

static void ossl_fini(mw_gcm_ctx *ctx) {
    EVP_CIPHER_CTX_free(ctx->u.handles[SEAL]);
    EVP_CIPHER_CTX_free(ctx->u.handles[OPEN]);
}

static mw_status ossl_init(mw_gcm_ctx *ctx, const mw_key *key) {
    for (int i = SEAL; i <= OPEN; i++) {
        EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
        ctx->u.handles[i] = c;
        if (c == NULL ||
            EVP_CipherInit_ex(c, EVP_aes_128_gcm(), NULL, key->b, NULL, i == SEAL) != 1) {
            ossl_fini(ctx);
            return MW_NOMEM;
        }
    }
    return MW_OK;
}

static const uint8_t nothing[1];

static mw_status take(EVP_CIPHER_CTX *c, mw_slice nonce, mw_gcm_parts aad, mw_slice in,
                      uint8_t *out) {
    uint8_t none[1];
    int n;
    if (EVP_CipherInit_ex(c, NULL, NULL, NULL, nonce.p, -1) != 1)
        return MW_NOMEM;
    for (size_t i = 0; i < aad.count; i++)
        if (aad.part[i].n != 0 &&
            EVP_CipherUpdate(c, NULL, &n, aad.part[i].p, (int)aad.part[i].n) != 1)
            return MW_NOMEM;
    bool empty = in.n == 0;
    if (EVP_CipherUpdate(c, empty ? none : out, &n, empty ? nothing : in.p, (int)in.n) != 1)
        return MW_NOMEM;
    return MW_OK;
}

static mw_status ossl_seal(mw_gcm_ctx *ctx, mw_slice nonce, mw_gcm_parts aad, mw_slice plain,
                           size_t tag_bytes, uint8_t *out) {
    EVP_CIPHER_CTX *c = ctx->u.handles[SEAL];
    uint8_t none[16];
    int n;
    MW_TRY(take(c, nonce, aad, plain, out));
    if (EVP_EncryptFinal_ex(c, none, &n) != 1)
        return MW_NOMEM;
    if (tag_bytes != 0 &&
        EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, (int)tag_bytes, out + plain.n) != 1)
        return MW_NOMEM;
    return MW_OK;
}

static mw_status ossl_open(mw_gcm_ctx *ctx, mw_slice nonce, mw_gcm_parts aad, mw_slice sealed,
                           size_t tag_bytes, uint8_t *out) {
    EVP_CIPHER_CTX *c = ctx->u.handles[OPEN];
    mw_slice text = mw_slice_sub(sealed, 0, sealed.n - tag_bytes);
    uint8_t tag[16], none[16];
    int n;
    mw_bytes_copy(tag, sealed.p + text.n, tag_bytes);
    MW_TRY(take(c, nonce, aad, text, out));
    if (tag_bytes == 0)
        return MW_OK;
    if (EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, (int)tag_bytes, tag) != 1)
        return MW_NOMEM;
    if (EVP_DecryptFinal_ex(c, none, &n) == 1)
        return MW_OK;
    mw_bytes_wipe(out, text.n);
    return MW_AUTH;
}

const mw_gcm mw_gcm_openssl = {
    .name = "openssl", .init = ossl_init, .fini = ossl_fini, .seal = ossl_seal, .open = ossl_open};
