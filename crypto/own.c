/* SPDX-License-Identifier: Apache-2.0
 *
 * The constant-time back end: CCM and CMAC over the bit-sliced block cipher. The cipher always
 * works on two blocks; CCM puts the next key-stream block beside each block of its MAC.
 */
#include "crypto/aes.h"
#include "crypto/crypto.h"

static mw_status own_init(mw_crypto_ctx *ctx, const mw_key *key) {
    mw_aes_expand(key->b, &ctx->u.own);
    return MW_OK;
}

static void own_fini(mw_crypto_ctx *ctx) {
    (void)ctx; /* the caller wipes the whole context */
}

typedef struct ccm {
    mw_crypto_ctx *ctx;
    uint8_t mac[MW_AES_BLOCK];
    uint8_t first[MW_AES_BLOCK];  /* key stream for the tag */
    uint8_t stream[MW_AES_BLOCK]; /* key stream for the next block of text */
    mw_slice nonce;
    uint16_t counter;
} ccm;

/* Counter block A_i of SP 800-38C appendix A.3 with q = 2. */
static void counter_block(const ccm *c, uint8_t out[MW_AES_BLOCK]) {
    out[0] = 1;
    mw_bytes_copy(out + 1, c->nonce.p, MW_CCM_NONCE);
    out[14] = (uint8_t)(c->counter >> 8);
    out[15] = (uint8_t)c->counter;
}

static void mac_step(ccm *c) {
    c->counter++;
    counter_block(c, c->stream);
    mw_aes_encrypt_two(&c->ctx->u.own, c->mac, c->stream);
}

/* Begins with B_0 and the associated data; leaves the first block of key stream in c->stream. */
static void ccm_begin(ccm *c, mw_slice aad, size_t text_bytes, size_t tag_bytes) {
    c->mac[0] = (uint8_t)((aad.n != 0 ? 0x40 : 0) | (tag_bytes - 2) / 2 << 3 | 1);
    mw_bytes_copy(c->mac + 1, c->nonce.p, MW_CCM_NONCE);
    c->mac[14] = (uint8_t)(text_bytes >> 8);
    c->mac[15] = (uint8_t)text_bytes;
    c->counter = 0;
    counter_block(c, c->first);
    mw_aes_encrypt_two(&c->ctx->u.own, c->mac, c->first);
    if (aad.n == 0) {
        uint8_t unused[MW_AES_BLOCK] = {0};
        c->counter = 1;
        counter_block(c, c->stream);
        mw_aes_encrypt_two(&c->ctx->u.own, unused, c->stream);
        mw_bytes_wipe(unused, sizeof unused);
        return;
    }
    c->mac[0] ^= (uint8_t)(aad.n >> 8);
    c->mac[1] ^= (uint8_t)aad.n;
    size_t fill = 2;
    for (size_t i = 0; i < aad.n; i++) {
        if (fill == MW_AES_BLOCK) {
            c->counter = 0; /* the stream block is only wanted from the last step */
            mac_step(c);
            fill = 0;
        }
        c->mac[fill++] ^= aad.p[i];
    }
    c->counter = 0;
    mac_step(c);
}

/* Text of both directions: `sealing` tells on which side of the key stream the MAC is taken. */
static void ccm_text(ccm *c, mw_slice in, uint8_t *out, bool sealing) {
    for (size_t at = 0; at < in.n; at += MW_AES_BLOCK) {
        size_t n = in.n - at < MW_AES_BLOCK ? in.n - at : MW_AES_BLOCK;
        for (size_t i = 0; i < n; i++) {
            uint8_t given = in.p[at + i];
            uint8_t made = given ^ c->stream[i];
            c->mac[i] ^= sealing ? given : made;
            out[at + i] = made;
        }
        mac_step(c);
    }
    for (size_t i = 0; i < MW_AES_BLOCK; i++)
        c->mac[i] ^= c->first[i];
}

static mw_status own_ccm_seal(mw_crypto_ctx *ctx, mw_slice nonce, mw_slice aad, mw_slice plain,
                              size_t tag_bytes, uint8_t *out) {
    ccm c = {.ctx = ctx, .nonce = nonce};
    ccm_begin(&c, aad, plain.n, tag_bytes);
    ccm_text(&c, plain, out, true);
    mw_bytes_copy(out + plain.n, c.mac, tag_bytes);
    mw_bytes_wipe(&c, sizeof c);
    return MW_OK;
}

static mw_status own_ccm_open(mw_crypto_ctx *ctx, mw_slice nonce, mw_slice aad, mw_slice sealed,
                              size_t tag_bytes, uint8_t *out) {
    mw_slice text = mw_slice_sub(sealed, 0, sealed.n - tag_bytes);
    ccm c = {.ctx = ctx, .nonce = nonce};
    uint8_t tag[MW_AES_BLOCK];
    mw_bytes_copy(tag, sealed.p + text.n, tag_bytes);
    ccm_begin(&c, aad, text.n, tag_bytes);
    ccm_text(&c, text, out, false);
    bool good = mw_slice_equal_ct((mw_slice){tag, tag_bytes}, (mw_slice){c.mac, tag_bytes});
    mw_bytes_wipe(&c, sizeof c);
    if (!good) {
        mw_bytes_wipe(out, text.n);
        return MW_AUTH;
    }
    return MW_OK;
}

/* Doubling in GF(2^128) for the CMAC subkeys (SP 800-38B, 6.1). */
static void double_block(uint8_t b[MW_AES_BLOCK]) {
    uint8_t carry = (uint8_t)(b[0] >> 7);
    for (size_t i = 0; i + 1 < MW_AES_BLOCK; i++)
        b[i] = (uint8_t)(b[i] << 1 | b[i + 1] >> 7);
    b[15] = (uint8_t)(b[15] << 1 ^ carry * 0x87);
}

static mw_status own_cmac(mw_crypto_ctx *ctx, mw_slice message, uint8_t out[MW_CMAC_BYTES]) {
    uint8_t mac[MW_AES_BLOCK] = {0}, unused[MW_AES_BLOCK] = {0}, subkey[MW_AES_BLOCK] = {0};
    mw_aes_encrypt_two(&ctx->u.own, subkey, unused);
    double_block(subkey);
    size_t at = 0;
    for (; message.n - at > MW_AES_BLOCK; at += MW_AES_BLOCK) {
        for (size_t i = 0; i < MW_AES_BLOCK; i++)
            mac[i] ^= message.p[at + i];
        mw_aes_encrypt_two(&ctx->u.own, mac, unused);
    }
    size_t last = message.n - at;
    for (size_t i = 0; i < last; i++)
        mac[i] ^= message.p[at + i];
    if (last != MW_AES_BLOCK) {
        mac[last] ^= 0x80;
        double_block(subkey);
    }
    for (size_t i = 0; i < MW_AES_BLOCK; i++)
        mac[i] ^= subkey[i];
    mw_aes_encrypt_two(&ctx->u.own, mac, unused);
    mw_bytes_copy(out, mac, MW_CMAC_BYTES);
    mw_bytes_wipe(mac, sizeof mac);
    mw_bytes_wipe(subkey, sizeof subkey);
    mw_bytes_wipe(unused, sizeof unused);
    return MW_OK;
}

const mw_crypto mw_crypto_own = {
    .name = "own",
    .init = own_init,
    .fini = own_fini,
    .ccm_seal = own_ccm_seal,
    .ccm_open = own_ccm_open,
    .cmac = own_cmac,
};
