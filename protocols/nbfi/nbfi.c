/* SPDX-License-Identifier: Apache-2.0 */
#include "protocols/nbfi/nbfi.h"

#include "base/assert.h"
#include "base/crc.h"

#define SYNC_BYTES  4u
#define CRC24_BYTES 3u
/* Information bytes, CRC24 included. */
#define D_INFO MW_NBFI_PACKET_D
#define E_INFO MW_NBFI_PACKET_E

/* Polar(256, 160): the inputs of the largest weight sum(bit j of i * (6/5)^j), packed. */
static const mw_polar_code code_e = {8, {0x00, 0x00, 0x00, 0x01, 0x00, 0x01, 0x01, 0x7F,
                                         0x00, 0x03, 0x17, 0x7F, 0x17, 0x7F, 0xFF, 0xFF,
                                         0x01, 0x17, 0x17, 0xFF, 0x3F, 0xFF, 0xFF, 0xFF,
                                         0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}};

uint8_t mw_nbfi_crc8(mw_slice in) {
    unsigned crc = 0;
    for (size_t i = 0; i < in.n; i++) {
        crc ^= in.p[i];
        for (unsigned bit = 0; bit < 8; bit++)
            crc = (crc & 1) != 0 ? crc >> 1 ^ 0x8C : crc >> 1;
    }
    return (uint8_t)crc;
}

uint32_t mw_nbfi_crc24(mw_slice in) {
    return mw_crc_msb(in, 32, 0x04C11DB7, UINT32_MAX, UINT32_MAX) & 0xFFFFFF;
}

static bool crc24_ok(const uint8_t *info, size_t n) {
    mw_reader r = mw_reader_of((mw_slice){info + n - CRC24_BYTES, CRC24_BYTES});
    return mw_read_u24be(&r) == mw_nbfi_crc24((mw_slice){info, n - CRC24_BYTES});
}

static void put_crc24(mw_writer *w) {
    mw_write_u24be(w, mw_nbfi_crc24(mw_writer_done(w)));
}

/* ---- encoding ---- */

void mw_nbfi_d_pack(const mw_nbfi_d *u, uint8_t out[MW_NBFI_PACKET_D]) {
    mw_writer w = mw_writer_of((mw_span){out, D_INFO});
    mw_write_u24be(&w, u->id);
    mw_write_u8(&w, u->header);
    mw_write_bytes(&w, MW_SLICE_OF(u->payload));
    mw_write_u8(&w, u->crc8);
    put_crc24(&w);
    mw_assert(w.status == MW_OK && w.at == D_INFO);
}

void mw_nbfi_e_pack(const mw_nbfi_e *u, uint8_t out[MW_NBFI_PACKET_E]) {
    mw_writer w = mw_writer_of((mw_span){out, E_INFO});
    mw_write_u32be(&w, u->id);
    mw_write_u8(&w, u->iterator);
    mw_write_bytes(&w, MW_SLICE_OF(u->body));
    mw_write_bytes(&w, MW_SLICE_OF(u->mic));
    put_crc24(&w);
    mw_assert(w.status == MW_OK && w.at == E_INFO);
}

static void put_d_frame(uint32_t sync, const uint8_t info[D_INFO], unsigned parity,
                        uint8_t out[MW_NBFI_FRAME]) {
    mw_writer w = mw_writer_of((mw_span){out, MW_NBFI_FRAME});
    uint8_t checks[D_INFO];
    mw_zigzag_encode(info, parity, checks);
    mw_write_u32be(&w, sync);
    mw_write_bytes(&w, (mw_slice){info, D_INFO});
    mw_write_bytes(&w, MW_SLICE_OF(checks));
    mw_assert(w.status == MW_OK && w.at == MW_NBFI_FRAME);
}

mw_status mw_nbfi_d_encode(const mw_nbfi_d *u, unsigned parity, uint8_t out[MW_NBFI_FRAME]) {
    if (u->id >> 24 != 0 || parity > 1)
        return MW_RANGE;
    uint8_t info[D_INFO];
    mw_nbfi_d_pack(u, info);
    put_d_frame(MW_NBFI_SYNC, info, parity, out);
    return MW_OK;
}

void mw_nbfi_down_encode(const mw_nbfi_down *u, uint32_t sync, unsigned parity,
                         uint8_t out[MW_NBFI_FRAME]) {
    uint8_t info[D_INFO];
    mw_writer w = mw_writer_of(MW_SPAN_OF(info));
    mw_write_u8(&w, u->iterator);
    mw_write_bytes(&w, MW_SLICE_OF(u->body));
    mw_write_bytes(&w, MW_SLICE_OF(u->mic));
    put_crc24(&w);
    mw_assert(w.status == MW_OK && w.at == D_INFO);
    put_d_frame(sync, info, parity, out);
}

void mw_nbfi_e_encode(const mw_nbfi_e *u, uint8_t out[MW_NBFI_FRAME]) {
    uint8_t info[E_INFO];
    mw_nbfi_e_pack(u, info);
    mw_writer frame = mw_writer_of((mw_span){out, MW_NBFI_FRAME});
    mw_write_u32be(&frame, MW_NBFI_SYNC);
    mw_polar_spread(&code_e, MW_SLICE_OF(info), out + SYNC_BYTES);
    mw_polar_transform(out + SYNC_BYTES, MW_NBFI_FRAME - SYNC_BYTES);
}

/* ---- decoding ---- */

/* A word is taken when its check holds after two rounds that agree; a few more that agree on a
 * word without one, and the decoder will not move any more. */
static mw_status zigzag_decode(mw_zigzag_decoder *z, const int16_t *const soft[2],
                               uint8_t out_info[D_INFO]) {
    if (soft[0] == NULL && soft[1] == NULL)
        return MW_RANGE;
    if (!mw_zigzag_load(z, soft))
        return MW_CHECKSUM;
    uint8_t now[D_INFO], before[D_INFO] = {0};
    unsigned still = 0;
    for (unsigned round = 0; round < MW_ZIGZAG_ROUNDS && still < 4; round++) {
        int32_t trust = mw_zigzag_round(z, now);
        still = mw_slice_equal(MW_SLICE_OF(now), MW_SLICE_OF(before)) ? still + 1 : 0;
        if (still > 0 && crc24_ok(now, D_INFO)) {
            mw_bytes_copy(out_info, now, D_INFO);
            return MW_OK;
        }
        if (round >= 2 && trust < MW_ZIGZAG_HOPELESS)
            break;
        mw_bytes_copy(before, now, D_INFO);
    }
    return MW_CHECKSUM;
}

static void get_d(const uint8_t info[D_INFO], mw_nbfi_d *out) {
    mw_reader r = mw_reader_of((mw_slice){info, D_INFO});
    out->id = mw_read_u24be(&r);
    out->header = mw_read_u8(&r);
    mw_bytes_copy(out->payload, mw_read_bytes(&r, MW_NBFI_PAYLOAD).p, MW_NBFI_PAYLOAD);
    out->crc8 = mw_read_u8(&r);
}

mw_status mw_nbfi_d_decode(mw_nbfi_decoder *d, const int16_t *const soft[2],
                           mw_nbfi_d *out_uplink) {
    uint8_t info[D_INFO];
    MW_TRY(zigzag_decode(&d->zigzag, soft, info));
    get_d(info, out_uplink);
    return MW_OK;
}

/* iterator, body and MIC, which downlinks and protocol E share. */
static void get_sealed(mw_reader *r, uint8_t *iterator, uint8_t body[MW_NBFI_BODY],
                       uint8_t mic[MW_NBFI_MIC]) {
    *iterator = mw_read_u8(r);
    mw_bytes_copy(body, mw_read_bytes(r, MW_NBFI_BODY).p, MW_NBFI_BODY);
    mw_bytes_copy(mic, mw_read_bytes(r, MW_NBFI_MIC).p, MW_NBFI_MIC);
}

mw_status mw_nbfi_down_decode(mw_nbfi_decoder *d, const int16_t *const soft[2],
                              mw_nbfi_down *out_downlink) {
    uint8_t info[D_INFO];
    MW_TRY(zigzag_decode(&d->zigzag, soft, info));
    mw_reader r = mw_reader_of(MW_SLICE_OF(info));
    get_sealed(&r, &out_downlink->iterator, out_downlink->body, out_downlink->mic);
    return MW_OK;
}

static void get_e(const uint8_t info[E_INFO], mw_nbfi_e *out) {
    mw_reader r = mw_reader_of((mw_slice){info, E_INFO});
    out->id = mw_read_u32be(&r);
    get_sealed(&r, &out->iterator, out->body, out->mic);
}

mw_status mw_nbfi_e_decode(mw_nbfi_decoder *d, unsigned list,
                           const int16_t soft[MW_NBFI_CODED_BITS], mw_nbfi_e *out_uplink) {
    MW_TRY(mw_polar_decode(&d->polar, &code_e, list, soft, MW_NBFI_CODED_BITS));
    uint8_t inputs[MW_NBFI_CODED_BITS / 8], info[E_INFO];
    while (mw_polar_next(&d->polar, inputs)) {
        mw_polar_gather(&code_e, inputs, MW_SPAN_OF(info));
        if (!crc24_ok(info, E_INFO))
            continue;
        get_e(info, out_uplink);
        return MW_OK;
    }
    return MW_CHECKSUM;
}

mw_status mw_nbfi_unpack(mw_slice in, mw_nbfi_packet *out_packet) {
    if (in.n != D_INFO && in.n != E_INFO)
        return MW_RANGE;
    if (!crc24_ok(in.p, in.n))
        return MW_CHECKSUM;
    mw_nbfi_packet p = {.is_e = in.n == E_INFO};
    if (p.is_e)
        get_e(in.p, &p.e);
    else
        get_d(in.p, &p.d);
    *out_packet = p;
    return MW_OK;
}
