/* SPDX-License-Identifier: Apache-2.0 */
#include "protocols/cosem/encode.h"

mw_cosem_out mw_cosem_out_of(mw_span room, size_t from) {
    return (mw_cosem_out){.room = room, .from = from};
}

static size_t window_fill(const mw_cosem_out *o) {
    size_t n = o->at > o->from ? o->at - o->from : 0;
    return n < o->room.n ? n : o->room.n;
}

mw_slice mw_cosem_out_done(const mw_cosem_out *o) {
    return (mw_slice){o->room.p, window_fill(o)};
}

mw_status mw_cosem_out_end(const mw_cosem_out *o) {
    if (o->status != MW_OK)
        return o->status;
    return o->at > o->from && o->at - o->from > o->room.n ? MW_SPACE : MW_OK;
}

void mw_cosem_put_bytes(mw_cosem_out *o, mw_slice raw) {
    size_t skip = o->at < o->from ? o->from - o->at : 0;
    if (skip < raw.n) {
        size_t to = o->at + skip - o->from, n = raw.n - skip;
        size_t room = to < o->room.n ? o->room.n - to : 0;
        if (room != 0)
            mw_bytes_copy(o->room.p + to, raw.p + skip, n < room ? n : room);
    }
    o->at += raw.n;
}

void mw_cosem_put_u8(mw_cosem_out *o, uint8_t v) {
    mw_cosem_put_bytes(o, (mw_slice){&v, 1});
}

static void put_be(mw_cosem_out *o, uint64_t v, unsigned n) {
    uint8_t b[8];
    for (unsigned i = 0; i < n; i++)
        b[i] = (uint8_t)(v >> (8 * (n - 1 - i)));
    mw_cosem_put_bytes(o, (mw_slice){b, n});
}

void mw_cosem_put_length(mw_cosem_out *o, size_t n) {
    unsigned bytes = n < 0x80 ? 0 : n <= 0xFF ? 1 : n <= 0xFFFF ? 2 : 4;
    if (bytes != 0)
        mw_cosem_put_u8(o, (uint8_t)(0x80 | bytes));
    put_be(o, n, bytes != 0 ? bytes : 1);
}

void mw_cosem_put_null(mw_cosem_out *o) {
    mw_cosem_put_u8(o, MW_COSEM_NULL);
}

void mw_cosem_put_array(mw_cosem_out *o, size_t count) {
    mw_cosem_put_u8(o, MW_COSEM_ARRAY);
    mw_cosem_put_length(o, count);
}

void mw_cosem_put_structure(mw_cosem_out *o, size_t count) {
    mw_cosem_put_u8(o, MW_COSEM_STRUCTURE);
    mw_cosem_put_length(o, count);
}

/* Bytes and sign of the numeric tags; 0 bytes for all others. */
static unsigned width_of(mw_cosem_tag tag, bool *out_signed) {
    *out_signed = false;
    switch (tag) {
    case MW_COSEM_INT8:
    case MW_COSEM_DELTA_INT8:
        *out_signed = true;
        return 1;
    case MW_COSEM_INT16:
    case MW_COSEM_DELTA_INT16:
        *out_signed = true;
        return 2;
    case MW_COSEM_INT32:
    case MW_COSEM_DELTA_INT32:
        *out_signed = true;
        return 4;
    case MW_COSEM_INT64:
        *out_signed = true;
        return 8;
    case MW_COSEM_BOOLEAN:
    case MW_COSEM_BCD:
    case MW_COSEM_ENUM:
    case MW_COSEM_UINT8:
    case MW_COSEM_DELTA_UINT8:
        return 1;
    case MW_COSEM_UINT16:
    case MW_COSEM_DELTA_UINT16:
        return 2;
    case MW_COSEM_UINT32:
    case MW_COSEM_DELTA_UINT32:
        return 4;
    case MW_COSEM_UINT64:
        return 8;
    default:
        return 0;
    }
}

void mw_cosem_put_int(mw_cosem_out *o, mw_cosem_tag tag, int64_t number) {
    bool with_sign;
    unsigned n = width_of(tag, &with_sign);
    bool fits = n != 0 && (with_sign || number >= 0);
    if (fits && n < 8) {
        int64_t limit = INT64_C(1) << (8 * n - with_sign);
        fits = number < limit && (!with_sign || number >= -limit);
    }
    if (!fits && o->status == MW_OK)
        o->status = MW_RANGE;
    mw_cosem_put_u8(o, (uint8_t)tag);
    put_be(o, (uint64_t)number, n);
}

void mw_cosem_put_u64(mw_cosem_out *o, uint64_t number) {
    mw_cosem_put_u8(o, MW_COSEM_UINT64);
    put_be(o, number, 8);
}

void mw_cosem_put_boolean(mw_cosem_out *o, bool v) {
    mw_cosem_put_int(o, MW_COSEM_BOOLEAN, v ? 1 : 0);
}

void mw_cosem_put_enum(mw_cosem_out *o, uint8_t v) {
    mw_cosem_put_int(o, MW_COSEM_ENUM, v);
}

static void put_string(mw_cosem_out *o, mw_cosem_tag tag, mw_slice s) {
    mw_cosem_put_u8(o, (uint8_t)tag);
    mw_cosem_put_length(o, s.n);
    mw_cosem_put_bytes(o, s);
}

void mw_cosem_put_octets(mw_cosem_out *o, mw_slice s) {
    put_string(o, MW_COSEM_OCTET_STRING, s);
}

void mw_cosem_put_text(mw_cosem_out *o, const char *visible) {
    put_string(o, MW_COSEM_VISIBLE_STRING, mw_slice_of_str(visible));
}

void mw_cosem_put_bits(mw_cosem_out *o, const uint8_t *first, size_t bits) {
    mw_cosem_put_u8(o, MW_COSEM_BIT_STRING);
    mw_cosem_put_length(o, bits);
    mw_cosem_put_bytes(o, (mw_slice){first, bits / 8 + (bits % 8 != 0)});
}

void mw_cosem_put_obis(mw_cosem_out *o, mw_obis code) {
    mw_cosem_put_octets(o, MW_SLICE_OF(code.b));
}

void mw_cosem_put_scaler_unit(mw_cosem_out *o, int8_t scaler, uint8_t unit) {
    mw_cosem_put_structure(o, 2);
    mw_cosem_put_int(o, MW_COSEM_INT8, scaler);
    mw_cosem_put_enum(o, unit);
}

void mw_cosem_put_value(mw_cosem_out *o, const mw_cosem_value *v) {
    switch (v->tag) {
    case MW_COSEM_ARRAY:
    case MW_COSEM_STRUCTURE:
        mw_cosem_put_u8(o, (uint8_t)v->tag);
        mw_cosem_put_length(o, v->count);
        break;
    case MW_COSEM_BIT_STRING:
        mw_cosem_put_bits(o, v->bytes.p, v->count);
        break;
    case MW_COSEM_OCTET_STRING:
    case MW_COSEM_VISIBLE_STRING:
    case MW_COSEM_UTF8_STRING:
        put_string(o, v->tag, v->bytes);
        break;
    case MW_COSEM_ATTRIBUTE:
        mw_cosem_put_bytes(o, v->bytes);
        break;
    default:
        mw_cosem_put_u8(o, (uint8_t)v->tag);
        mw_cosem_put_bytes(o, v->bytes);
        break;
    }
}

void mw_cosem_put_compact_array(mw_cosem_out *o, mw_slice shape, size_t contents_bytes) {
    mw_cosem_put_u8(o, MW_COSEM_COMPACT_ARRAY);
    mw_cosem_put_bytes(o, shape);
    mw_cosem_put_length(o, contents_bytes);
}
