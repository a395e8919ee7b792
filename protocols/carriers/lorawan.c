/* SPDX-License-Identifier: Apache-2.0 */
#include "protocols/carriers/lorawan.h"

#include "crypto/aes.h"

#define MTYPE_UP           2u /* unconfirmed data up; +1 down, +2 confirmed */
#define MIC_BYTES          4
#define OPTIONS_LENGTH     0x0Fu
#define HEADER_BYTES       8
#define BLOCK_ENCRYPT      0x01
#define BLOCK_AUTHENTICATE 0x49
#define PREAMBLE_QUARTERS  (4 * 8 + 17) /* 8 symbols and 4.25, in quarters */

size_t mw_lorawan_room(unsigned data_rate) {
    return data_rate <= 2 ? 51 : data_rate == 3 ? 115 : MW_LORAWAN_PAYLOAD_MAX;
}

uint32_t mw_lorawan_airtime_ms(unsigned spreading, size_t bytes) {
    int32_t sf = (int32_t)spreading;
    int32_t slow = sf >= 11 ? 1 : 0;
    int32_t bits = 8 * (int32_t)bytes - 4 * sf + 28 + 16;
    int32_t per = 4 * (sf - 2 * slow);
    int32_t symbols = 8 + (bits > 0 ? (bits + per - 1) / per * 5 : 0);
    uint64_t quarters = (uint64_t)(PREAMBLE_QUARTERS + 4 * symbols);
    /* A symbol takes 2^SF / 125 kHz. */
    uint64_t us = quarters * ((uint64_t)8 << sf) / 4;
    return (uint32_t)((us + 999) / 1000);
}

/* The block that both computations begin with; `last` is the number of the key stream's block, or
 * the length of the message. */
static void block_of(const mw_lorawan_data *d, uint8_t kind, uint8_t last,
                     uint8_t out[MW_AES_BLOCK]) {
    mw_writer w = mw_writer_of((mw_span){out, MW_AES_BLOCK});
    mw_write_u8(&w, kind);
    mw_write_u32le(&w, 0);
    mw_write_u8(&w, d->down ? 1 : 0);
    mw_write_u32le(&w, d->address);
    mw_write_u32le(&w, d->counter);
    mw_write_u8(&w, 0);
    mw_write_u8(&w, last);
}

static void stream_mix(const mw_lorawan_data *d, const mw_lorawan_keys *keys, uint8_t *p,
                       size_t n) {
    mw_aes_keys round;
    mw_aes_expand(d->port == 0 ? keys->network.b : keys->application.b, &round);
    for (size_t at = 0, number = 1; at < n; at += MW_AES_BLOCK, number++) {
        uint8_t block[MW_AES_BLOCK], unused[MW_AES_BLOCK] = {0};
        block_of(d, BLOCK_ENCRYPT, (uint8_t)number, block);
        mw_aes_encrypt_two(&round, block, unused);
        for (size_t k = 0; k < MW_AES_BLOCK && at + k < n; k++)
            p[at + k] ^= block[k];
    }
    mw_bytes_wipe(&round, sizeof round);
}

static mw_status mic_of(const mw_lorawan_data *d, const mw_lorawan_keys *keys, mw_slice message,
                        uint8_t out[MIC_BYTES]) {
    uint8_t text[MW_AES_BLOCK + MW_LORAWAN_MAX], tag[MW_CMAC_BYTES];
    block_of(d, BLOCK_AUTHENTICATE, (uint8_t)message.n, text);
    mw_bytes_copy(text + MW_AES_BLOCK, message.p, message.n);
    mw_crypto_ctx ctx;
    MW_TRY(mw_crypto_init(&ctx, &mw_crypto_own, &keys->network));
    mw_status s = mw_cmac(&ctx, (mw_slice){text, MW_AES_BLOCK + message.n}, tag);
    mw_crypto_fini(&ctx);
    mw_bytes_copy(out, tag, MIC_BYTES);
    return s;
}

mw_status mw_lorawan_encode(const mw_lorawan_data *d, const mw_lorawan_keys *keys, mw_span out,
                            size_t *out_size) {
    if (d->options.n > MW_LORAWAN_OPTIONS_MAX || d->payload.n > MW_LORAWAN_PAYLOAD_MAX ||
        (!d->any_port && d->payload.n > 0))
        return MW_RANGE;
    mw_writer w = mw_writer_of(out);
    mw_write_u8(&w, (uint8_t)((MTYPE_UP + (d->down ? 1u : 0u) + (d->confirmed ? 2u : 0u)) << 5));
    mw_write_u32le(&w, d->address);
    mw_write_u8(&w, (uint8_t)((d->control & ~OPTIONS_LENGTH) | d->options.n));
    mw_write_u16le(&w, (uint16_t)d->counter);
    mw_write_bytes(&w, d->options);
    if (d->any_port)
        mw_write_u8(&w, d->port);
    size_t at = w.at;
    mw_write_bytes(&w, d->payload);
    MW_TRY(w.status);
    stream_mix(d, keys, out.p + at, d->payload.n);
    uint8_t mic[MIC_BYTES];
    MW_TRY(mic_of(d, keys, mw_writer_done(&w), mic));
    mw_write_bytes(&w, MW_SLICE_OF(mic));
    MW_TRY(w.status);
    *out_size = w.at;
    return MW_OK;
}

/* What kind of frame this is; MW_UNSUPPORTED for join and the rest. */
static mw_status type_of(uint8_t mhdr, mw_lorawan_data *d) {
    unsigned type = mhdr >> 5;
    if ((mhdr & 3) != 0 || type < MTYPE_UP || type > MTYPE_UP + 3)
        return MW_UNSUPPORTED;
    d->down = ((type - MTYPE_UP) & 1) != 0;
    d->confirmed = ((type - MTYPE_UP) & 2) != 0;
    return MW_OK;
}

mw_status mw_lorawan_address(mw_slice in, uint32_t *out_address) {
    mw_lorawan_data d;
    if (in.n < HEADER_BYTES + MIC_BYTES || in.n > MW_LORAWAN_MAX)
        return MW_SHORT;
    MW_TRY(type_of(in.p[0], &d));
    mw_reader r = mw_reader_of(mw_slice_sub(in, 1, 4));
    *out_address = mw_read_u32le(&r);
    return MW_OK;
}

mw_status mw_lorawan_decode(mw_slice in, const mw_lorawan_keys *keys, uint32_t expected,
                            mw_span memory, mw_lorawan_data *out_data) {
    mw_lorawan_data d = {0};
    MW_TRY(mw_lorawan_address(in, &d.address));
    MW_TRY(type_of(in.p[0], &d));
    mw_slice message = mw_slice_sub(in, 0, in.n - MIC_BYTES);
    mw_reader r = mw_reader_of(message);
    (void)mw_read_bytes(&r, 5);
    uint8_t control = mw_read_u8(&r);
    uint16_t low = mw_read_u16le(&r);
    d.control = (uint8_t)(control & ~OPTIONS_LENGTH);
    d.options = mw_read_bytes(&r, control & OPTIONS_LENGTH);
    if (r.status != MW_OK)
        return r.status;
    d.any_port = mw_reader_left(&r) > 0;
    if (d.any_port)
        d.port = mw_read_u8(&r);
    mw_slice sealed = mw_read_bytes(&r, mw_reader_left(&r));
    uint32_t ahead = (uint16_t)(low - expected);
    if (ahead > UINT32_MAX - expected)
        return MW_RANGE;
    d.counter = expected + ahead;
    uint8_t mic[MIC_BYTES];
    MW_TRY(mic_of(&d, keys, message, mic));
    if (!mw_slice_equal_ct(MW_SLICE_OF(mic), mw_slice_sub(in, message.n, MIC_BYTES)))
        return MW_AUTH;
    if (sealed.n > memory.n)
        return MW_SPACE;
    mw_bytes_copy(memory.p, sealed.p, sealed.n);
    stream_mix(&d, keys, memory.p, sealed.n);
    d.payload = (mw_slice){memory.p, sealed.n};
    *out_data = d;
    return MW_OK;
}
