/* SPDX-License-Identifier: Apache-2.0 */
#include "protocols/nbfi/security.h"

#include "base/assert.h"

#define STEP_MASTER_UP 0x00
#define STEP_MASTER_DN 0xFF
#define STEP_NEXT      0x0F
#define STEP_MIC       0x00
#define STEP_WORK      0xFF
/* What a carry adds when the MIC's mask is doubled; GOST R 34.13-2015 has 1B. */
#define MIC_CARRY 0x33

static void derive(const mw_magma_keys *from, uint8_t step, mw_magma_keys *out) {
    uint8_t key[MW_MAGMA_KEY] = {0};
    const uint8_t iv[MW_MAGMA_IV] = {step, step, step, step};
    mw_magma_ctr(from, iv, MW_SPAN_OF(key));
    mw_magma_expand(key, out);
    mw_bytes_wipe(key, sizeof key);
}

static void derive_work(mw_nbfi_epoch *e) {
    derive(&e->master, STEP_MIC, &e->mic);
    derive(&e->master, STEP_WORK, &e->work);
}

static void advance(mw_nbfi_epoch *e) {
    mw_magma_keys next;
    derive(&e->master, STEP_NEXT, &next);
    e->master = next;
    e->number++;
    mw_bytes_wipe(&next, sizeof next);
}

void mw_nbfi_epoch_init(mw_nbfi_epoch *e, const mw_nbfi_key *root, mw_nbfi_direction direction,
                        unsigned number) {
    mw_assert(number < MW_NBFI_EPOCHS);
    mw_magma_keys keys;
    mw_magma_expand(root->b, &keys);
    derive(&keys, direction == MW_NBFI_UP ? STEP_MASTER_UP : STEP_MASTER_DN, &e->master);
    e->number = 0;
    while (e->number < number)
        advance(e);
    derive_work(e);
    mw_bytes_wipe(&keys, sizeof keys);
}

mw_status mw_nbfi_epoch_next(mw_nbfi_epoch *e) {
    if (e->number + 1u >= MW_NBFI_EPOCHS)
        return MW_LIMIT;
    advance(e);
    derive_work(e);
    return MW_OK;
}

/* ---- one message ---- */

static void double_mask(uint8_t b[MW_MAGMA_BLOCK]) {
    unsigned carry = (unsigned)(b[0] >> 7) * MIC_CARRY;
    for (unsigned i = 0; i < MW_MAGMA_BLOCK - 1; i++)
        b[i] = (uint8_t)(b[i] << 1 | b[i + 1] >> 7);
    b[MW_MAGMA_BLOCK - 1] = (uint8_t)((unsigned)b[MW_MAGMA_BLOCK - 1] << 1 ^ carry);
}

static void mic_of(const mw_magma_keys *keys, const uint8_t body[MW_NBFI_BODY],
                   uint8_t out[MW_NBFI_MIC]) {
    uint8_t mask[MW_MAGMA_BLOCK] = {0}, sum[MW_MAGMA_BLOCK];
    mw_magma_encrypt(keys, mask);
    double_mask(mask);
    double_mask(mask); /* the last block is a partial one */
    mw_bytes_copy(sum, body, MW_MAGMA_BLOCK);
    mw_magma_encrypt(keys, sum);
    sum[0] ^= body[MW_MAGMA_BLOCK];
    for (unsigned i = 0; i < MW_MAGMA_BLOCK; i++)
        sum[i] ^= mask[i];
    mw_magma_encrypt(keys, sum);
    for (unsigned i = 0; i < MW_NBFI_MIC; i++)
        out[i] = sum[MW_NBFI_MIC - 1 - i];
    mw_bytes_wipe(mask, sizeof mask);
}

static void crypt_body(const mw_nbfi_epoch *e, uint32_t iterator, uint8_t body[MW_NBFI_BODY]) {
    const uint8_t iv[MW_MAGMA_IV] = {(uint8_t)iterator, (uint8_t)(iterator >> 8),
                                     (uint8_t)(iterator >> 16), 0};
    mw_magma_ctr(&e->work, iv, (mw_span){body, MW_NBFI_BODY});
}

void mw_nbfi_seal(const mw_nbfi_epoch *e, uint32_t iterator, uint8_t body[MW_NBFI_BODY],
                  uint8_t out_mic[MW_NBFI_MIC]) {
    mw_assert(iterator >> 8 == e->number);
    crypt_body(e, iterator, body);
    mic_of(&e->mic, body, out_mic);
}

mw_status mw_nbfi_verify(const mw_nbfi_epoch *e, const uint8_t body[MW_NBFI_BODY],
                         const uint8_t mic[MW_NBFI_MIC]) {
    uint8_t expected[MW_NBFI_MIC];
    mic_of(&e->mic, body, expected);
    bool same = mw_slice_equal_ct((mw_slice){mic, MW_NBFI_MIC}, MW_SLICE_OF(expected));
    return same ? MW_OK : MW_AUTH;
}

/* ---- a link ---- */

void mw_nbfi_link_init(mw_nbfi_link *link, const mw_nbfi_key *root, mw_nbfi_direction direction,
                       unsigned number) {
    mw_nbfi_epoch_init(&link->epoch, root, direction, number);
    link->heard = false;
    link->last = 0;
}

/* The epoch, from the present one on, whose keys made this message. */
static mw_status find_epoch(const mw_nbfi_link *link, const uint8_t body[MW_NBFI_BODY],
                            const uint8_t mic[MW_NBFI_MIC], unsigned ahead, mw_nbfi_epoch *out) {
    mw_nbfi_epoch e = link->epoch;
    mw_status found = mw_nbfi_verify(&e, body, mic);
    for (unsigned i = 0; i < ahead && found != MW_OK; i++) {
        if (mw_nbfi_epoch_next(&e) != MW_OK)
            break;
        found = mw_nbfi_verify(&e, body, mic);
    }
    if (found == MW_OK)
        *out = e;
    mw_bytes_wipe(&e, sizeof e);
    return found;
}

mw_status mw_nbfi_link_open(mw_nbfi_link *link, uint8_t iterator, const uint8_t body[MW_NBFI_BODY],
                            const uint8_t mic[MW_NBFI_MIC], unsigned ahead, uint32_t *out_iterator,
                            uint8_t out_clear[MW_NBFI_BODY]) {
    mw_nbfi_epoch e;
    MW_TRY(find_epoch(link, body, mic, ahead, &e));
    bool present = e.number == link->epoch.number;
    if (present && link->heard && iterator <= link->last) {
        mw_bytes_wipe(&e, sizeof e);
        return iterator == link->last ? MW_DUPLICATE : MW_REPLAY;
    }
    link->epoch = e;
    link->heard = true;
    link->last = iterator;
    *out_iterator = (uint32_t)e.number << 8 | iterator;
    mw_bytes_copy(out_clear, body, MW_NBFI_BODY);
    crypt_body(&e, *out_iterator, out_clear);
    mw_bytes_wipe(&e, sizeof e);
    return MW_OK;
}

void mw_nbfi_link_wipe(mw_nbfi_link *link) {
    mw_bytes_wipe(link, sizeof *link);
}

/* ---- protocol D ---- */

static void crypt_payload(const mw_nbfi_key *root, uint8_t payload[MW_NBFI_PAYLOAD]) {
    mw_magma_keys keys;
    const uint8_t iv[MW_MAGMA_IV] = {0};
    mw_magma_expand(root->b, &keys);
    mw_magma_ctr(&keys, iv, (mw_span){payload, MW_NBFI_PAYLOAD});
    mw_bytes_wipe(&keys, sizeof keys);
}

mw_status mw_nbfi_d_open(const mw_nbfi_d *u, const mw_nbfi_key *root,
                         uint8_t out_payload[MW_NBFI_PAYLOAD]) {
    uint8_t clear[MW_NBFI_PAYLOAD];
    mw_bytes_copy(clear, u->payload, sizeof clear);
    crypt_payload(root, clear);
    bool fits = mw_nbfi_crc8(MW_SLICE_OF(clear)) == u->crc8;
    if (fits)
        mw_bytes_copy(out_payload, clear, sizeof clear);
    mw_bytes_wipe(clear, sizeof clear);
    return fits ? MW_OK : MW_CHECKSUM;
}

void mw_nbfi_d_seal(mw_nbfi_d *u, const mw_nbfi_key *root) {
    u->crc8 = mw_nbfi_crc8(MW_SLICE_OF(u->payload));
    crypt_payload(root, u->payload);
}
