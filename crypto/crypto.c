/* SPDX-License-Identifier: Apache-2.0
 *
 * The checks both back ends share, so that each sees only valid lengths.
 */
#include "crypto/crypto.h"

#include "base/assert.h"

void mw_key_wipe(mw_key *key) {
    mw_bytes_wipe(key, sizeof *key);
}

bool mw_key_equal(const mw_key *a, const mw_key *b) {
    return mw_slice_equal_ct(MW_SLICE_OF(a->b), MW_SLICE_OF(b->b));
}

mw_status mw_key_of_bytes(mw_slice bytes, mw_key *out_key) {
    if (bytes.n != MW_KEY_BYTES)
        return MW_RANGE;
    mw_bytes_copy(out_key->b, bytes.p, MW_KEY_BYTES);
    return MW_OK;
}

mw_status mw_crypto_init(mw_crypto_ctx *ctx, const mw_crypto *impl, const mw_key *key) {
    mw_bytes_fill(ctx, 0, sizeof *ctx);
    ctx->impl = impl;
    mw_status s = impl->init(ctx, key);
    if (s != MW_OK)
        mw_bytes_wipe(ctx, sizeof *ctx);
    return s;
}

void mw_crypto_fini(mw_crypto_ctx *ctx) {
    if (ctx->impl != NULL)
        ctx->impl->fini(ctx);
    mw_bytes_wipe(ctx, sizeof *ctx);
}

static mw_status check_lengths(mw_slice nonce, mw_slice aad, size_t text, size_t tag_bytes) {
    if (nonce.n != MW_CCM_NONCE || aad.n > MW_CCM_MAX || text > MW_CCM_MAX)
        return MW_RANGE;
    if (tag_bytes != 4 && tag_bytes != 8 && tag_bytes != 16)
        return MW_RANGE;
    return MW_OK;
}

mw_status mw_ccm_seal(mw_crypto_ctx *ctx, mw_slice nonce, mw_slice aad, mw_slice plain,
                      size_t tag_bytes, mw_span out) {
    mw_assert(ctx->impl != NULL);
    MW_TRY(check_lengths(nonce, aad, plain.n, tag_bytes));
    if (out.n < plain.n + tag_bytes)
        return MW_SPACE;
    return ctx->impl->ccm_seal(ctx, nonce, aad, plain, tag_bytes, out.p);
}

mw_status mw_ccm_open(mw_crypto_ctx *ctx, mw_slice nonce, mw_slice aad, mw_slice sealed,
                      size_t tag_bytes, mw_span out) {
    mw_assert(ctx->impl != NULL);
    MW_TRY(check_lengths(nonce, aad, 0, tag_bytes));
    if (sealed.n < tag_bytes)
        return MW_SHORT;
    MW_TRY(check_lengths(nonce, aad, sealed.n - tag_bytes, tag_bytes));
    if (out.n < sealed.n - tag_bytes)
        return MW_SPACE;
    return ctx->impl->ccm_open(ctx, nonce, aad, sealed, tag_bytes, out.p);
}

mw_status mw_cmac(mw_crypto_ctx *ctx, mw_slice message, uint8_t out[MW_CMAC_BYTES]) {
    mw_assert(ctx->impl != NULL);
    return ctx->impl->cmac(ctx, message, out);
}
