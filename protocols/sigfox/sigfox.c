/* SPDX-License-Identifier: Apache-2.0 */
#include "protocols/sigfox/sigfox.h"

#include "base/assert.h"
#include "base/bits.h"
#include "base/crc.h"
#include "crypto/aes.h"

/* Counter and identity: what precedes the payload. */
#define HEAD_BYTES     6u
#define CRC_BYTES      2u
#define AUTH_BYTES_MIN 2u
#define CLASSES        5u

/* Payload room of the size classes, and their frame types for the three copies. */
static const uint8_t class_payload[CLASSES] = {0, 1, 4, 8, 12};
static const uint16_t types[MW_SIGFOX_COPIES][CLASSES] = {
    {0x06B, 0x08D, 0x35F, 0x611, 0x94C},
    {0x6E0, 0x0D2, 0x598, 0x6BF, 0x971},
    {0x034, 0x302, 0x5A3, 0x72C, 0x997},
};

static uint8_t content_bytes_of(unsigned size_class) {
    return (uint8_t)(HEAD_BYTES + class_payload[size_class] + AUTH_BYTES_MIN + CRC_BYTES);
}

mw_status mw_sigfox_type_of(uint16_t word, mw_sigfox_type *out_type) {
    for (unsigned copy = 0; copy < MW_SIGFOX_COPIES; copy++) {
        for (unsigned c = 0; c < CLASSES; c++) {
            if (types[copy][c] == word) {
                *out_type = (mw_sigfox_type){(uint8_t)copy, content_bytes_of(c)};
                return MW_OK;
            }
        }
    }
    return MW_NOT_FOUND;
}

static unsigned ones(unsigned v) {
    unsigned n = 0;
    for (; v != 0; v &= v - 1)
        n++;
    return n;
}

uint16_t mw_sigfox_type_nearest(uint16_t word, unsigned *out_distance) {
    uint16_t nearest = types[0][0];
    for (unsigned i = 0; i < MW_SIGFOX_COPIES * CLASSES; i++) {
        uint16_t type = types[i / CLASSES][i % CLASSES];
        if (ones(type ^ word) < ones(nearest ^ word))
            nearest = type;
    }
    *out_distance = ones(nearest ^ word);
    return nearest;
}

/* ---- content ---- */

static bool is_content_size(size_t n) {
    for (unsigned c = 0; c < CLASSES; c++) {
        if (content_bytes_of(c) == n)
            return true;
    }
    return false;
}

mw_status mw_sigfox_content_decode(mw_slice content, mw_sigfox_uplink *out_uplink) {
    if (!is_content_size(content.n))
        return MW_RANGE;
    mw_reader r = mw_reader_of(content);
    uint16_t word = mw_read_u16be(&r);
    unsigned li = word >> 14;
    mw_sigfox_uplink u = {
        .counter = word & 0xFFF,
        .listens = (word & 0x2000) != 0,
        .repeat = (word & 0x1000) != 0,
        .id = mw_read_u32le(&r),
    };
    size_t room = content.n - HEAD_BYTES - CRC_BYTES;
    u.one_bit = room == AUTH_BYTES_MIN && li >= 2;
    u.bit = u.one_bit && li == 3;
    u.auth_bytes = (uint8_t)(AUTH_BYTES_MIN + (u.one_bit ? 0 : li));
    if (u.auth_bytes > room)
        return MW_SYNTAX;
    u.payload_bytes = (uint8_t)(room - u.auth_bytes);
    mw_slice payload = mw_read_bytes(&r, u.payload_bytes);
    mw_slice auth = mw_read_bytes(&r, u.auth_bytes);
    uint16_t crc = mw_read_u16be(&r);
    MW_TRY(mw_reader_end(&r));
    if (crc != mw_crc_msb(mw_slice_sub(content, 0, content.n - CRC_BYTES), 16, 0x1021, 0, 0xFFFF))
        return MW_CHECKSUM;
    mw_bytes_copy(u.payload, payload.p, payload.n);
    mw_bytes_copy(u.auth, auth.p, auth.n);
    *out_uplink = u;
    return MW_OK;
}

/* The size class that holds a message, and how many bytes of AUTH fill it up. */
static mw_status size_of(const mw_sigfox_uplink *u, unsigned *out_class, unsigned *out_auth) {
    for (unsigned c = 0; c < CLASSES; c++) {
        if (u->payload_bytes <= class_payload[c] && !(u->one_bit && u->payload_bytes > 0)) {
            *out_class = c;
            *out_auth = AUTH_BYTES_MIN + class_payload[c] - u->payload_bytes;
            return MW_OK;
        }
    }
    return MW_RANGE;
}

static void put_head(mw_writer *w, const mw_sigfox_uplink *u, unsigned auth_bytes) {
    unsigned li = u->one_bit ? 2u + u->bit : auth_bytes - AUTH_BYTES_MIN;
    mw_write_u16be(w, (uint16_t)(li << 14 | (unsigned)u->listens << 13 | (unsigned)u->repeat << 12 |
                                 (u->counter & 0xFFFu)));
    mw_write_u32le(w, u->id);
    mw_write_bytes(w, (mw_slice){u->payload, u->payload_bytes});
}

/* ---- copies ---- */

/* Which earlier bits are added to a copy's bit. */
static const struct {
    unsigned one_back, two_back;
} taps[MW_SIGFOX_COPIES] = {{0, 0}, {1, 1}, {0, 1}};

/* Convolves (decode false) or undoes it (decode true), in place. */
static void convolve(uint8_t *content, size_t n, unsigned copy, bool decode) {
    unsigned b1 = 0, b2 = 0; /* the message's last two bits */
    for (size_t i = 0; i < 8 * n; i++) {
        unsigned shift = 7 - i % 8;
        unsigned in = content[i / 8] >> shift & 1;
        unsigned out = in ^ (taps[copy].one_back & b1) ^ (taps[copy].two_back & b2);
        content[i / 8] = (uint8_t)((content[i / 8] & ~(1u << shift)) | out << shift);
        b2 = b1;
        b1 = decode ? out : in;
    }
}

void mw_sigfox_convolve(uint8_t *content, size_t n, unsigned copy) {
    mw_assert(copy < MW_SIGFOX_COPIES);
    convolve(content, n, copy, false);
}

mw_status mw_sigfox_frame_decode(mw_slice frame, bool preamble, mw_sigfox_uplink *out_uplink,
                                 unsigned *out_copy) {
    mw_bit_reader r = mw_bit_reader_of(frame);
    if (preamble && mw_read_bits(&r, MW_SIGFOX_PREAMBLE_BITS) != MW_SIGFOX_PREAMBLE)
        mw_bit_reader_fail(&r, MW_SYNTAX);
    uint16_t word = (uint16_t)mw_read_bits(&r, MW_SIGFOX_TYPE_BITS);
    if (r.status != MW_OK)
        return r.status;
    mw_sigfox_type type;
    if (mw_sigfox_type_of(word, &type) != MW_OK)
        return MW_SYNTAX;
    uint8_t content[MW_SIGFOX_CONTENT_MAX];
    for (unsigned i = 0; i < type.content_bytes; i++)
        content[i] = (uint8_t)mw_read_bits(&r, 8);
    if (r.status != MW_OK)
        return r.status;
    convolve(content, type.content_bytes, type.copy, true);
    MW_TRY(mw_sigfox_content_decode((mw_slice){content, type.content_bytes}, out_uplink));
    *out_copy = type.copy;
    return MW_OK;
}

mw_status mw_sigfox_frame_encode(const mw_sigfox_uplink *u, unsigned copy, mw_span out,
                                 size_t *out_size) {
    unsigned size_class, auth_bytes;
    MW_TRY(size_of(u, &size_class, &auth_bytes));
    if (copy >= MW_SIGFOX_COPIES || u->counter > 0xFFF || u->auth_bytes != auth_bytes)
        return MW_RANGE;
    uint8_t content[MW_SIGFOX_CONTENT_MAX];
    mw_writer w = mw_writer_of(MW_SPAN_OF(content));
    put_head(&w, u, auth_bytes);
    mw_write_bytes(&w, (mw_slice){u->auth, auth_bytes});
    mw_write_u16be(&w, (uint16_t)mw_crc_msb(mw_writer_done(&w), 16, 0x1021, 0, 0xFFFF));
    mw_assert(w.status == MW_OK && w.at == content_bytes_of(size_class));
    convolve(content, w.at, copy, false);

    mw_bit_writer b = mw_bit_writer_of(out);
    mw_write_bits(&b, MW_SIGFOX_PREAMBLE, MW_SIGFOX_PREAMBLE_BITS);
    mw_write_bits(&b, types[copy][size_class], MW_SIGFOX_TYPE_BITS);
    for (size_t i = 0; i < w.at; i++)
        mw_write_bits(&b, content[i], 8);
    if (b.status != MW_OK)
        return b.status;
    *out_size = mw_bit_writer_done(&b).n;
    return MW_OK;
}

/* ---- authentication ---- */

static void last_cbc_block(mw_slice message, const mw_key *key, uint8_t block[MW_AES_BLOCK]) {
    mw_aes_keys keys;
    mw_aes_expand(key->b, &keys);
    size_t blocks = message.n <= MW_AES_BLOCK ? 1 : 2;
    uint8_t unused[MW_AES_BLOCK] = {0};
    mw_bytes_fill(block, 0, MW_AES_BLOCK);
    for (size_t i = 0; i < blocks * MW_AES_BLOCK; i++) {
        block[i % MW_AES_BLOCK] ^= message.p[i % message.n];
        if (i % MW_AES_BLOCK == MW_AES_BLOCK - 1)
            mw_aes_encrypt_two(&keys, block, unused);
    }
    mw_bytes_wipe(&keys, sizeof keys);
}

mw_status mw_sigfox_authenticate(mw_sigfox_uplink *u, const mw_key *key) {
    unsigned size_class, auth_bytes;
    MW_TRY(size_of(u, &size_class, &auth_bytes));
    uint8_t memory[HEAD_BYTES + MW_SIGFOX_PAYLOAD_MAX], block[MW_AES_BLOCK];
    mw_writer w = mw_writer_of(MW_SPAN_OF(memory));
    put_head(&w, u, auth_bytes);
    last_cbc_block(mw_writer_done(&w), key, block);
    u->auth_bytes = (uint8_t)auth_bytes;
    mw_bytes_copy(u->auth, block, auth_bytes);
    return MW_OK;
}

mw_status mw_sigfox_verify(const mw_sigfox_uplink *u, const mw_key *key) {
    mw_sigfox_uplink expected = *u;
    MW_TRY(mw_sigfox_authenticate(&expected, key));
    mw_slice a = {u->auth, u->auth_bytes}, b = {expected.auth, expected.auth_bytes};
    return mw_slice_equal_ct(a, b) ? MW_OK : MW_AUTH;
}
