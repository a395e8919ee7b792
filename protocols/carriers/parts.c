/* SPDX-License-Identifier: Apache-2.0 */
#include "protocols/carriers/parts.h"

#include "base/assert.h"

#define ADDRESS_BYTES 4

static void mix(uint8_t *to, const uint8_t *from, size_t n) {
    for (size_t k = 0; k < n; k++)
        to[k] ^= from[k];
}

mw_status mw_parts_cut(mw_slice body, size_t chunk, uint32_t counter, unsigned i, mw_span out,
                       size_t *out_size) {
    if (chunk == 0 || chunk > MW_PARTS_CHUNK_MAX || body.n == 0 || body.n % chunk != 0 ||
        body.n / chunk > MW_PARTS_MAX || i > body.n / chunk)
        return MW_RANGE;
    if (out.n < 1 + chunk)
        return MW_SPACE;
    unsigned n = (unsigned)(body.n / chunk);
    out.p[0] = (uint8_t)((counter & 3) << 6 | n << 3 | i);
    if (i < n) {
        mw_bytes_copy(out.p + 1, body.p + i * chunk, chunk);
    } else {
        mw_bytes_fill(out.p + 1, 0, chunk);
        for (unsigned k = 0; k < n; k++)
            mix(out.p + 1, body.p + k * chunk, chunk);
    }
    *out_size = 1 + chunk;
    return MW_OK;
}

void mw_parts_init(mw_parts *p, size_t chunk, unsigned number_bits) {
    mw_assert(chunk >= 1 && chunk <= MW_PARTS_CHUNK_MAX && number_bits >= 4 && number_bits <= 31);
    *p = (mw_parts){.chunk = (uint8_t)chunk, .number_bits = (uint8_t)number_bits};
}

/* The frame that a part belongs to; the one left alone longest makes room for a new one. */
static mw_parts_frame *frame_of(mw_parts *p, uint32_t base, uint8_t kind) {
    mw_parts_frame *oldest = &p->frame[0];
    for (unsigned k = 0; k < MW_PARTS_OPEN; k++) {
        mw_parts_frame *f = &p->frame[k];
        if (f->used && f->base == base && f->kind == kind)
            return f;
        if (!f->used || (oldest->used && f->touched < oldest->touched))
            oldest = f;
    }
    *oldest = (mw_parts_frame){.used = true, .base = base, .kind = kind};
    return oldest;
}

/* All chunks are there but at most one, and then the parity: fills it in. */
static bool complete(mw_parts_frame *f, unsigned n, size_t chunk) {
    unsigned missing = n, holes = 0;
    for (unsigned i = 0; i < n; i++) {
        if ((f->have >> i & 1) == 0) {
            missing = i;
            holes++;
        }
    }
    if (holes == 0)
        return true;
    if (holes > 1 || (f->have >> n & 1) == 0)
        return false;
    mw_bytes_copy(f->data[missing], f->data[n], chunk);
    for (unsigned i = 0; i < n; i++)
        if (i != missing)
            mix(f->data[missing], f->data[i], chunk);
    return true;
}

mw_status mw_parts_take(mw_parts *p, uint32_t number, mw_slice message, uint32_t address,
                        mw_span out, size_t *out_size) {
    if (message.n != 1u + p->chunk)
        return MW_SYNTAX;
    unsigned n = message.p[0] >> 3 & 7, i = message.p[0] & 7;
    if (n == 0 || i > n)
        return MW_SYNTAX;
    size_t size = ADDRESS_BYTES + n * (size_t)p->chunk;
    if (out.n < size)
        return MW_SPACE;
    uint32_t base = (number - i) & ((UINT32_C(1) << p->number_bits) - 1);
    mw_parts_frame *f = frame_of(p, base, message.p[0] & 0xF8);
    f->touched = ++p->taken;
    if (f->done || (f->have >> i & 1) != 0)
        return MW_DUPLICATE;
    f->have |= (uint8_t)(1u << i);
    mw_bytes_copy(f->data[i], message.p + 1, p->chunk);
    if (!complete(f, n, p->chunk))
        return MW_AGAIN;
    f->done = true;
    mw_writer w = mw_writer_of(out);
    mw_write_u32be(&w, address);
    for (unsigned k = 0; k < n; k++)
        mw_write_bytes(&w, (mw_slice){f->data[k], p->chunk});
    *out_size = size;
    return MW_OK;
}
