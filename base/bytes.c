/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bytes.h"

#include <string.h>

#include "base/assert.h"

mw_slice mw_slice_of_str(const char *s) {
    return (mw_slice){(const uint8_t *)s, strlen(s)};
}

mw_slice mw_slice_of_span(mw_span s) {
    return (mw_slice){s.p, s.n};
}

mw_slice mw_slice_sub(mw_slice s, size_t at, size_t n) {
    mw_assert(at <= s.n && n <= s.n - at);
    return (mw_slice){s.p + at, n};
}

bool mw_slice_equal(mw_slice a, mw_slice b) {
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool mw_slice_equal_ct(mw_slice a, mw_slice b) {
    if (a.n != b.n)
        return false;
    uint8_t differ = 0;
    for (size_t i = 0; i < a.n; i++)
        differ = (uint8_t)(differ | (a.p[i] ^ b.p[i]));
    return differ == 0;
}

mw_status mw_span_copy(mw_span dst, mw_slice src) {
    if (src.n > dst.n)
        return MW_SPACE;
    mw_bytes_copy(dst.p, src.p, src.n);
    return MW_OK;
}

void mw_bytes_copy(void *dst, const void *src, size_t n) {
    if (n != 0)
        memmove(dst, src, n);
}

void mw_bytes_fill(void *dst, uint8_t value, size_t n) {
    if (n != 0)
        memset(dst, value, n);
}

void mw_bytes_wipe(void *dst, size_t n) {
    volatile uint8_t *p = dst;
    for (size_t i = 0; i < n; i++)
        p[i] = 0;
}

/* ---- reader ---- */

mw_reader mw_reader_of(mw_slice in) {
    return (mw_reader){.in = in};
}

size_t mw_reader_left(const mw_reader *r) {
    return r->status == MW_OK ? r->in.n - r->at : 0;
}

void mw_reader_fail(mw_reader *r, mw_status why) {
    if (r->status == MW_OK)
        r->status = why;
}

/* The next n bytes, or NULL after marking the reader as too short. */
static const uint8_t *take(mw_reader *r, size_t n) {
    if (r->status != MW_OK)
        return NULL;
    if (n > r->in.n - r->at) {
        r->status = MW_SHORT;
        return NULL;
    }
    const uint8_t *p = r->in.p + r->at;
    r->at += n;
    return p;
}

static uint64_t read_le(mw_reader *r, size_t n) {
    const uint8_t *p = take(r, n);
    uint64_t v = 0;
    for (size_t i = n; p != NULL && i-- > 0;)
        v = v << 8 | p[i];
    return v;
}

static uint64_t read_be(mw_reader *r, size_t n) {
    const uint8_t *p = take(r, n);
    uint64_t v = 0;
    for (size_t i = 0; p != NULL && i < n; i++)
        v = v << 8 | p[i];
    return v;
}

uint8_t mw_read_u8(mw_reader *r) {
    return (uint8_t)read_le(r, 1);
}

uint16_t mw_read_u16le(mw_reader *r) {
    return (uint16_t)read_le(r, 2);
}

uint32_t mw_read_u24le(mw_reader *r) {
    return (uint32_t)read_le(r, 3);
}

uint32_t mw_read_u32le(mw_reader *r) {
    return (uint32_t)read_le(r, 4);
}

uint64_t mw_read_u64le(mw_reader *r) {
    return read_le(r, 8);
}

uint16_t mw_read_u16be(mw_reader *r) {
    return (uint16_t)read_be(r, 2);
}

uint32_t mw_read_u24be(mw_reader *r) {
    return (uint32_t)read_be(r, 3);
}

uint32_t mw_read_u32be(mw_reader *r) {
    return (uint32_t)read_be(r, 4);
}

uint64_t mw_read_u64be(mw_reader *r) {
    return read_be(r, 8);
}

uint64_t mw_read_varint(mw_reader *r) {
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
        uint8_t b = mw_read_u8(r);
        if (r->status != MW_OK)
            return 0;
        bool overflows = shift == 63 && b > 1;
        bool padded = b == 0 && shift != 0;
        if (overflows || padded)
            break;
        v |= (uint64_t)(b & 0x7f) << shift;
        if ((b & 0x80) == 0)
            return v;
    }
    mw_reader_fail(r, MW_RANGE);
    return 0;
}

int64_t mw_read_varint_signed(mw_reader *r) {
    uint64_t z = mw_read_varint(r);
    return (int64_t)(z >> 1) ^ -(int64_t)(z & 1);
}

mw_slice mw_read_bytes(mw_reader *r, size_t n) {
    const uint8_t *p = take(r, n);
    return p != NULL ? (mw_slice){p, n} : (mw_slice){NULL, 0};
}

mw_status mw_reader_end(const mw_reader *r) {
    if (r->status != MW_OK)
        return r->status;
    return r->at == r->in.n ? MW_OK : MW_SYNTAX;
}

/* ---- writer ---- */

mw_writer mw_writer_of(mw_span out) {
    return (mw_writer){.out = out};
}

size_t mw_writer_left(const mw_writer *w) {
    return w->status == MW_OK ? w->out.n - w->at : 0;
}

void mw_writer_fail(mw_writer *w, mw_status why) {
    if (w->status == MW_OK)
        w->status = why;
}

static uint8_t *claim(mw_writer *w, size_t n) {
    if (w->status != MW_OK)
        return NULL;
    if (n > w->out.n - w->at) {
        w->status = MW_SPACE;
        return NULL;
    }
    uint8_t *p = w->out.p + w->at;
    w->at += n;
    return p;
}

static void write_le(mw_writer *w, uint64_t v, size_t n) {
    uint8_t *p = claim(w, n);
    for (size_t i = 0; p != NULL && i < n; i++)
        p[i] = (uint8_t)(v >> (8 * i));
}

static void write_be(mw_writer *w, uint64_t v, size_t n) {
    uint8_t *p = claim(w, n);
    for (size_t i = 0; p != NULL && i < n; i++)
        p[i] = (uint8_t)(v >> (8 * (n - 1 - i)));
}

void mw_write_u8(mw_writer *w, uint8_t v) {
    write_le(w, v, 1);
}

void mw_write_u16le(mw_writer *w, uint16_t v) {
    write_le(w, v, 2);
}

void mw_write_u24le(mw_writer *w, uint32_t v) {
    write_le(w, v, 3);
}

void mw_write_u32le(mw_writer *w, uint32_t v) {
    write_le(w, v, 4);
}

void mw_write_u64le(mw_writer *w, uint64_t v) {
    write_le(w, v, 8);
}

void mw_write_u16be(mw_writer *w, uint16_t v) {
    write_be(w, v, 2);
}

void mw_write_u24be(mw_writer *w, uint32_t v) {
    write_be(w, v, 3);
}

void mw_write_u32be(mw_writer *w, uint32_t v) {
    write_be(w, v, 4);
}

void mw_write_u64be(mw_writer *w, uint64_t v) {
    write_be(w, v, 8);
}

void mw_write_varint(mw_writer *w, uint64_t v) {
    while (v > 0x7f) {
        mw_write_u8(w, (uint8_t)(v | 0x80));
        v >>= 7;
    }
    mw_write_u8(w, (uint8_t)v);
}

void mw_write_varint_signed(mw_writer *w, int64_t v) {
    mw_write_varint(w, (uint64_t)v << 1 ^ (uint64_t)(v < 0 ? -1 : 0));
}

void mw_write_bytes(mw_writer *w, mw_slice s) {
    uint8_t *p = claim(w, s.n);
    if (p != NULL)
        mw_bytes_copy(p, s.p, s.n);
}

void mw_write_str(mw_writer *w, const char *s) {
    mw_write_bytes(w, mw_slice_of_str(s));
}

mw_slice mw_writer_done(const mw_writer *w) {
    return (mw_slice){w->out.p, w->at};
}

/* ---- hexadecimal ---- */

mw_status mw_hex_encode(mw_slice in, mw_span out) {
    static const char digits[] = "0123456789abcdef";
    if (out.n / 2 < in.n)
        return MW_SPACE;
    for (size_t i = 0; i < in.n; i++) {
        out.p[2 * i] = (uint8_t)digits[in.p[i] >> 4];
        out.p[2 * i + 1] = (uint8_t)digits[in.p[i] & 15];
    }
    return MW_OK;
}

static int hex_digit(uint8_t c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

mw_status mw_hex_decode(mw_slice in, mw_span out) {
    if (in.n % 2 != 0)
        return MW_SYNTAX;
    if (out.n < in.n / 2)
        return MW_SPACE;
    for (size_t i = 0; i < in.n / 2; i++) {
        int high = hex_digit(in.p[2 * i]), low = hex_digit(in.p[2 * i + 1]);
        if (high < 0 || low < 0)
            return MW_SYNTAX;
        out.p[i] = (uint8_t)(high << 4 | low);
    }
    return MW_OK;
}
