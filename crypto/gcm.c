/* SPDX-License-Identifier: Apache-2.0
 *
 * The checks both back ends share, and the constant-time back end.
 */
#include "crypto/gcm.h"

#include "base/assert.h"

mw_status mw_gcm_init(mw_gcm_ctx *ctx, const mw_gcm *impl, const mw_key *key) {
    mw_bytes_fill(ctx, 0, sizeof *ctx);
    ctx->impl = impl;
    mw_status s = impl->init(ctx, key);
    if (s != MW_OK)
        mw_bytes_wipe(ctx, sizeof *ctx);
    return s;
}

void mw_gcm_fini(mw_gcm_ctx *ctx) {
    if (ctx->impl != NULL)
        ctx->impl->fini(ctx);
    mw_bytes_wipe(ctx, sizeof *ctx);
}

static mw_status check_lengths(mw_slice nonce, mw_gcm_parts aad, size_t text, size_t tag_bytes) {
    size_t total = 0;
    for (size_t i = 0; i < aad.count; i++) {
        if (aad.part[i].n > MW_GCM_MAX - total)
            return MW_RANGE;
        total += aad.part[i].n;
    }
    bool tag = tag_bytes == 0 || (tag_bytes >= 12 && tag_bytes <= 16);
    return nonce.n == MW_GCM_NONCE && text <= MW_GCM_MAX && tag ? MW_OK : MW_RANGE;
}

mw_status mw_gcm_seal(mw_gcm_ctx *ctx, mw_slice nonce, mw_gcm_parts aad, mw_slice plain,
                      size_t tag_bytes, mw_span out) {
    mw_assert(ctx->impl != NULL);
    MW_TRY(check_lengths(nonce, aad, plain.n, tag_bytes));
    if (out.n < plain.n + tag_bytes)
        return MW_SPACE;
    return ctx->impl->seal(ctx, nonce, aad, plain, tag_bytes, out.p);
}

mw_status mw_gcm_open(mw_gcm_ctx *ctx, mw_slice nonce, mw_gcm_parts aad, mw_slice sealed,
                      size_t tag_bytes, mw_span out) {
    mw_assert(ctx->impl != NULL);
    MW_TRY(check_lengths(nonce, aad, 0, tag_bytes));
    if (sealed.n < tag_bytes)
        return MW_SHORT;
    MW_TRY(check_lengths(nonce, aad, sealed.n - tag_bytes, tag_bytes));
    if (out.n < sealed.n - tag_bytes)
        return MW_SPACE;
    return ctx->impl->open(ctx, nonce, aad, sealed, tag_bytes, out.p);
}

/* ---- GHASH (SP 800-38D, 6.3 and 6.4) ---- */

typedef struct ghash {
    const uint64_t *h;
    uint64_t y[2];
    uint8_t block[MW_AES_BLOCK];
    size_t fill;
} ghash;

static uint64_t load64(const uint8_t *p) {
    uint64_t v = 0;
    for (unsigned i = 0; i < 8; i++)
        v = v << 8 | p[i];
    return v;
}

static void store64(uint8_t *p, uint64_t v) {
    for (unsigned i = 0; i < 8; i++)
        p[i] = (uint8_t)(v >> (56 - 8 * i));
}

/* y = y * h in GF(2^128): every bit of y decides through a mask whether a shift of h is added. */
static void multiply(uint64_t y[2], const uint64_t h[2]) {
    uint64_t z0 = 0, z1 = 0, v0 = h[0], v1 = h[1];
    for (unsigned half = 0; half < 2; half++) {
        uint64_t bits = y[half];
        for (unsigned i = 0; i < 64; i++, bits <<= 1) {
            uint64_t take = -(bits >> 63), carry = -(v1 & 1);
            z0 ^= v0 & take;
            z1 ^= v1 & take;
            v1 = v1 >> 1 | v0 << 63;
            v0 = v0 >> 1 ^ (carry & UINT64_C(0xE100000000000000));
        }
    }
    y[0] = z0;
    y[1] = z1;
}

static void ghash_flush(ghash *g) {
    if (g->fill == 0)
        return;
    mw_bytes_fill(g->block + g->fill, 0, MW_AES_BLOCK - g->fill);
    g->y[0] ^= load64(g->block);
    g->y[1] ^= load64(g->block + 8);
    multiply(g->y, g->h);
    g->fill = 0;
}

static void ghash_take(ghash *g, const uint8_t *p, size_t n) {
    for (size_t i = 0; i < n; i++) {
        g->block[g->fill++] = p[i];
        if (g->fill == MW_AES_BLOCK)
            ghash_flush(g);
    }
}

/* ---- the constant-time back end ---- */

static mw_status own_init(mw_gcm_ctx *ctx, const mw_key *key) {
    uint8_t h[MW_AES_BLOCK] = {0}, unused[MW_AES_BLOCK] = {0};
    mw_aes_expand(key->b, &ctx->u.own.keys);
    mw_aes_encrypt_two(&ctx->u.own.keys, h, unused);
    ctx->u.own.h[0] = load64(h);
    ctx->u.own.h[1] = load64(h + 8);
    mw_bytes_wipe(h, sizeof h);
    mw_bytes_wipe(unused, sizeof unused);
    return MW_OK;
}

static void own_fini(mw_gcm_ctx *ctx) {
    (void)ctx; /* the caller wipes the whole context */
}

static void counter_block(uint8_t out[MW_AES_BLOCK], mw_slice nonce, uint32_t counter) {
    mw_bytes_copy(out, nonce.p, MW_GCM_NONCE);
    for (unsigned i = 0; i < 4; i++)
        out[MW_GCM_NONCE + i] = (uint8_t)(counter >> (24 - 8 * i));
}

/* Text of both directions and the tag: `sealing` tells on which side of the key stream the hash is
 * taken. The cipher makes two blocks of key stream at a time. */
static void crypt_and_tag(mw_gcm_ctx *ctx, mw_slice nonce, mw_gcm_parts aad, mw_slice in,
                          uint8_t *out, bool sealing, uint8_t tag[MW_AES_BLOCK]) {
    const mw_aes_keys *keys = &ctx->u.own.keys;
    ghash g = {.h = ctx->u.own.h};
    uint8_t stream[2 * MW_AES_BLOCK], first[MW_AES_BLOCK], lengths[MW_AES_BLOCK];
    uint64_t aad_bytes = 0;
    for (size_t i = 0; i < aad.count; i++) {
        ghash_take(&g, aad.part[i].p, aad.part[i].n);
        aad_bytes += aad.part[i].n;
    }
    ghash_flush(&g);
    counter_block(first, nonce, 1);
    counter_block(stream, nonce, 2);
    mw_aes_encrypt_two(keys, first, stream);
    uint32_t counter = 3;
    size_t used = 0, have = MW_AES_BLOCK;
    for (size_t at = 0; at < in.n; at++) {
        if (used == have) {
            counter_block(stream, nonce, counter++);
            counter_block(stream + MW_AES_BLOCK, nonce, counter++);
            mw_aes_encrypt_two(keys, stream, stream + MW_AES_BLOCK);
            used = 0;
            have = sizeof stream;
        }
        uint8_t given = in.p[at], made = given ^ stream[used++];
        out[at] = made;
        ghash_take(&g, sealing ? &made : &given, 1);
    }
    ghash_flush(&g);
    store64(lengths, aad_bytes * 8);
    store64(lengths + 8, (uint64_t)in.n * 8);
    ghash_take(&g, lengths, sizeof lengths);
    store64(tag, g.y[0] ^ load64(first));
    store64(tag + 8, g.y[1] ^ load64(first + 8));
    mw_bytes_wipe(&g, sizeof g);
    mw_bytes_wipe(stream, sizeof stream);
    mw_bytes_wipe(first, sizeof first);
}

static mw_status own_seal(mw_gcm_ctx *ctx, mw_slice nonce, mw_gcm_parts aad, mw_slice plain,
                          size_t tag_bytes, uint8_t *out) {
    uint8_t tag[MW_AES_BLOCK];
    crypt_and_tag(ctx, nonce, aad, plain, out, true, tag);
    mw_bytes_copy(out + plain.n, tag, tag_bytes);
    return MW_OK;
}

static mw_status own_open(mw_gcm_ctx *ctx, mw_slice nonce, mw_gcm_parts aad, mw_slice sealed,
                          size_t tag_bytes, uint8_t *out) {
    mw_slice text = mw_slice_sub(sealed, 0, sealed.n - tag_bytes);
    uint8_t given[MW_AES_BLOCK], tag[MW_AES_BLOCK];
    mw_bytes_copy(given, sealed.p + text.n, tag_bytes);
    crypt_and_tag(ctx, nonce, aad, text, out, false, tag);
    bool good = mw_slice_equal_ct((mw_slice){given, tag_bytes}, (mw_slice){tag, tag_bytes});
    mw_bytes_wipe(tag, sizeof tag);
    if (good)
        return MW_OK;
    mw_bytes_wipe(out, text.n);
    return MW_AUTH;
}

const mw_gcm mw_gcm_own = {
    .name = "own", .init = own_init, .fini = own_fini, .seal = own_seal, .open = own_open};
