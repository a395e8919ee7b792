/* SPDX-License-Identifier: Apache-2.0
 *
 * The host back end on OpenSSL 3 EVP. OpenSSL binds tag length and direction of CCM when it takes
 * the key, so a context keeps one cipher handle for each, made when first used.
 */
#include <openssl/core_names.h>
#include <openssl/evp.h>

#include "crypto/crypto.h"

enum { HANDLE_CMAC = 6 }; /* 0..5: tag 4, 8, 16 to seal, then to open */

static mw_status ossl_init(mw_crypto_ctx *ctx, const mw_key *key) {
    ctx->key = *key;
    return MW_OK;
}

static void ossl_fini(mw_crypto_ctx *ctx) {
    for (int i = 0; i < HANDLE_CMAC; i++)
        EVP_CIPHER_CTX_free(ctx->u.handles[i]);
    EVP_MAC_CTX_free(ctx->u.handles[HANDLE_CMAC]);
}

/* The handle for a tag length and direction, its key already expanded. NULL: out of memory. */
static EVP_CIPHER_CTX *handle_of(mw_crypto_ctx *ctx, size_t tag_bytes, bool sealing) {
    size_t index = (tag_bytes == 4 ? 0u : tag_bytes == 8 ? 1u : 2u) + (sealing ? 0u : 3u);
    if (ctx->u.handles[index] != NULL)
        return ctx->u.handles[index];
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    static const uint8_t any_nonce[MW_CCM_NONCE];
    if (c == NULL || EVP_CipherInit_ex(c, EVP_aes_128_ccm(), NULL, NULL, NULL, sealing) != 1 ||
        EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_IVLEN, MW_CCM_NONCE, NULL) != 1 ||
        EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, (int)tag_bytes, NULL) != 1 ||
        EVP_CipherInit_ex(c, NULL, NULL, ctx->key.b, any_nonce, sealing) != 1) {
        EVP_CIPHER_CTX_free(c);
        return NULL;
    }
    ctx->u.handles[index] = c;
    return c;
}

static mw_status ossl_ccm_seal(mw_crypto_ctx *ctx, mw_slice nonce, mw_slice aad, mw_slice plain,
                               size_t tag_bytes, uint8_t *out) {
    EVP_CIPHER_CTX *c = handle_of(ctx, tag_bytes, true);
    static const uint8_t nothing[1];
    const uint8_t *text = plain.n != 0 ? plain.p : nothing;
    int n;
    if (c == NULL || EVP_EncryptInit_ex(c, NULL, NULL, NULL, nonce.p) != 1 ||
        EVP_EncryptUpdate(c, NULL, &n, NULL, (int)plain.n) != 1 ||
        (aad.n != 0 && EVP_EncryptUpdate(c, NULL, &n, aad.p, (int)aad.n) != 1) ||
        EVP_EncryptUpdate(c, out, &n, text, (int)plain.n) != 1 ||
        EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, (int)tag_bytes, out + plain.n) != 1)
        return MW_NOMEM;
    return MW_OK;
}

static mw_status ossl_ccm_open(mw_crypto_ctx *ctx, mw_slice nonce, mw_slice aad, mw_slice sealed,
                               size_t tag_bytes, uint8_t *out) {
    EVP_CIPHER_CTX *c = handle_of(ctx, tag_bytes, false);
    size_t text = sealed.n - tag_bytes;
    uint8_t tag[16], nothing[1] = {0};
    mw_bytes_copy(tag, sealed.p + text, tag_bytes);
    int n;
    if (c == NULL || EVP_DecryptInit_ex(c, NULL, NULL, NULL, nonce.p) != 1 ||
        EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, (int)tag_bytes, tag) != 1 ||
        EVP_DecryptUpdate(c, NULL, &n, NULL, (int)text) != 1 ||
        (aad.n != 0 && EVP_DecryptUpdate(c, NULL, &n, aad.p, (int)aad.n) != 1))
        return MW_NOMEM;
    if (EVP_DecryptUpdate(c, text != 0 ? out : nothing, &n, text != 0 ? sealed.p : nothing,
                          (int)text) != 1) {
        mw_bytes_wipe(out, text);
        return MW_AUTH;
    }
    return MW_OK;
}

static mw_status ossl_cmac(mw_crypto_ctx *ctx, mw_slice message, uint8_t out[MW_CMAC_BYTES]) {
    EVP_MAC_CTX *c = ctx->u.handles[HANDLE_CMAC];
    size_t n;
    if (c == NULL) {
        char cipher[] = "AES-128-CBC";
        const OSSL_PARAM params[] = {
            OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_CIPHER, cipher, 0),
            OSSL_PARAM_construct_end()};
        EVP_MAC *mac = EVP_MAC_fetch(NULL, "CMAC", NULL);
        c = EVP_MAC_CTX_new(mac);
        EVP_MAC_free(mac);
        if (c == NULL || EVP_MAC_init(c, ctx->key.b, MW_KEY_BYTES, params) != 1) {
            EVP_MAC_CTX_free(c);
            return MW_NOMEM;
        }
        ctx->u.handles[HANDLE_CMAC] = c;
    } else if (EVP_MAC_init(c, NULL, 0, NULL) != 1) {
        return MW_NOMEM;
    }
    if (EVP_MAC_update(c, message.p, message.n) != 1 ||
        EVP_MAC_final(c, out, &n, MW_CMAC_BYTES) != 1)
        return MW_NOMEM;
    return MW_OK;
}

const mw_crypto mw_crypto_openssl = {
    .name = "openssl",
    .init = ossl_init,
    .fini = ossl_fini,
    .ccm_seal = ossl_ccm_seal,
    .ccm_open = ossl_ccm_open,
    .cmac = ossl_cmac,
};
