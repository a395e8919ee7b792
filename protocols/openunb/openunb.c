/* SPDX-License-Identifier: Apache-2.0 */
#include "protocols/openunb/openunb.h"

#include "base/assert.h"
#include "base/bits.h"

#define CRC_BITS       10
#define CRC_POLYNOMIAL 0x327
#define ADDRESS_BYTES  3u
#define MIC_BYTES      3u
/* Message and check of the longest frame, in whole bytes. */
#define COVERED_MAX ((8 * MW_OPENUNB_LONG + CRC_BITS + 7) / 8)

static const mw_polar_code codes[2] = {
    {7,
     {0x01, 0x17, 0x03, 0x7F, 0x01, 0x17, 0x1F, 0xFF, 0x00, 0x17, 0x17, 0x7F, 0x17, 0x7F, 0xFF,
      0xFF}},
    {8, {0x00, 0x01, 0x01, 0x1F, 0x01, 0x3F, 0x7F, 0xFF, 0x01, 0x17, 0x17,
         0xFF, 0x17, 0xFF, 0xFF, 0xFF, 0x00, 0x01, 0x07, 0x7F, 0x17, 0x7F,
         0x7F, 0xFF, 0x17, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}},
};

unsigned mw_openunb_sync_bit(unsigned i) {
    mw_assert(i < MW_OPENUNB_SYNC_BITS);
    return MW_OPENUNB_SYNC >> i & 1;
}

static unsigned check_of(mw_slice message) {
    unsigned crc = 0;
    for (size_t i = 0; i < 8 * message.n; i++) {
        crc ^= message.p[i / 8] >> (7 - i % 8) & 1u;
        crc = (crc & 1) != 0 ? crc >> 1 ^ CRC_POLYNOMIAL : crc >> 1;
    }
    return crc & ((1u << CRC_BITS) - 1);
}

/* Message, then the check from its least significant bit on, then zeros. */
static void cover(mw_slice message, uint8_t out[COVERED_MAX]) {
    mw_bytes_fill(out, 0, COVERED_MAX);
    mw_bytes_copy(out, message.p, message.n);
    unsigned check = check_of(message);
    for (unsigned i = 0; i < CRC_BITS; i++)
        out[message.n + i / 8] =
            (uint8_t)(out[message.n + i / 8] | (check >> i & 1) << (7 - i % 8));
}

mw_status mw_openunb_encode(mw_slice message, mw_span out, size_t *out_size) {
    if (message.n != MW_OPENUNB_SHORT && message.n != MW_OPENUNB_LONG)
        return MW_RANGE;
    bool is_long = message.n == MW_OPENUNB_LONG;
    size_t n = is_long ? MW_OPENUNB_CODED_LONG : MW_OPENUNB_CODED_SHORT;
    if (out.n < n)
        return MW_SPACE;
    uint8_t covered[COVERED_MAX], word[MW_POLAR_BITS_MAX / 8];
    cover(message, covered);
    mw_polar_spread(&codes[is_long], MW_SLICE_OF(covered), word);
    mw_polar_complete(&codes[is_long], word);
    mw_bytes_copy(out.p, word, n);
    *out_size = n;
    return MW_OK;
}

mw_status mw_openunb_decode(mw_polar_decoder *d, unsigned list, const int16_t *soft, size_t n,
                            mw_span out_message, size_t *out_size) {
    if (n != 8 * MW_OPENUNB_CODED_SHORT && n != 8 * MW_OPENUNB_CODED_LONG)
        return MW_RANGE;
    bool is_long = n == 8 * MW_OPENUNB_CODED_LONG;
    size_t size = is_long ? MW_OPENUNB_LONG : MW_OPENUNB_SHORT;
    if (out_message.n < size)
        return MW_SPACE;
    const mw_polar_code *code = &codes[is_long];
    int16_t word[MW_POLAR_BITS_MAX];
    size_t word_bits = (size_t)1 << code->stages;
    for (size_t i = 0; i < word_bits; i++)
        word[i] = i < n ? soft[i] : MW_POLAR_KNOWN;
    MW_TRY(mw_polar_decode(d, code, list, word, word_bits));
    uint8_t bits[MW_POLAR_BITS_MAX / 8], covered[COVERED_MAX], expected[COVERED_MAX];
    size_t covered_bytes = size + (CRC_BITS + 7) / 8;
    while (mw_polar_next(d, bits)) {
        mw_polar_transform(bits, word_bits / 8);
        mw_bytes_fill(covered, 0, sizeof covered);
        mw_polar_gather(code, bits, (mw_span){covered, covered_bytes});
        cover((mw_slice){covered, size}, expected);
        if (!mw_slice_equal((mw_slice){covered, covered_bytes},
                            (mw_slice){expected, covered_bytes}))
            continue;
        mw_bytes_copy(out_message.p, covered, size);
        *out_size = size;
        return MW_OK;
    }
    return MW_CHECKSUM;
}

mw_status mw_openunb_message_decode(mw_slice message, mw_openunb_uplink *out_uplink) {
    if (message.n != MW_OPENUNB_SHORT && message.n != MW_OPENUNB_LONG)
        return MW_RANGE;
    mw_openunb_uplink u = {.payload_bytes = (uint8_t)(message.n - ADDRESS_BYTES - MIC_BYTES)};
    mw_reader r = mw_reader_of(message);
    u.address = mw_read_u24be(&r);
    mw_bytes_copy(u.payload, mw_read_bytes(&r, u.payload_bytes).p, u.payload_bytes);
    mw_bytes_copy(u.mic, mw_read_bytes(&r, MIC_BYTES).p, MIC_BYTES);
    MW_TRY(mw_reader_end(&r));
    *out_uplink = u;
    return MW_OK;
}

mw_status mw_openunb_message_encode(const mw_openunb_uplink *u, mw_span out, size_t *out_size) {
    if ((u->payload_bytes != 2 && u->payload_bytes != 6) || u->address >> 24 != 0)
        return MW_RANGE;
    mw_writer w = mw_writer_of(out);
    mw_write_u24be(&w, u->address);
    mw_write_bytes(&w, (mw_slice){u->payload, u->payload_bytes});
    mw_write_bytes(&w, MW_SLICE_OF(u->mic));
    if (w.status != MW_OK)
        return w.status;
    *out_size = w.at;
    return MW_OK;
}
