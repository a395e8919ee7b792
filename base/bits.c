/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bits.h"

#include "base/assert.h"

mw_bit_reader mw_bit_reader_of(mw_slice in) {
    return (mw_bit_reader){.in = in};
}

size_t mw_bit_reader_left(const mw_bit_reader *r) {
    return r->status == MW_OK ? r->in.n * 8 - r->at : 0;
}

void mw_bit_reader_fail(mw_bit_reader *r, mw_status why) {
    if (r->status == MW_OK)
        r->status = why;
}

uint64_t mw_read_bits(mw_bit_reader *r, unsigned n) {
    mw_assert(n <= 64);
    if (r->status != MW_OK)
        return 0;
    if (n > r->in.n * 8 - r->at) {
        r->status = MW_SHORT;
        return 0;
    }
    uint64_t v = 0;
    while (n > 0) { /* what is left of a byte at a time */
        unsigned left = 8 - (unsigned)(r->at % 8), take = n < left ? n : left;
        unsigned byte = r->in.p[r->at / 8];
        v = v << take | (byte >> (left - take) & ((1u << take) - 1));
        r->at += take;
        n -= take;
    }
    return v;
}

mw_bit_writer mw_bit_writer_of(mw_span out) {
    return (mw_bit_writer){.out = out};
}

void mw_write_bits(mw_bit_writer *w, uint64_t v, unsigned n) {
    mw_assert(n <= 64);
    if (w->status != MW_OK)
        return;
    if (n > w->out.n * 8 - w->at) {
        w->status = MW_SPACE;
        return;
    }
    while (n > 0) { /* what is free of a byte at a time */
        unsigned room = 8 - (unsigned)(w->at % 8), take = n < room ? n : room;
        unsigned bits = (unsigned)(v >> (n - take)) & ((1u << take) - 1);
        uint8_t *byte = &w->out.p[w->at / 8];
        *byte = (uint8_t)((room == 8 ? 0 : *byte) | bits << (room - take));
        w->at += take;
        n -= take;
    }
}

mw_slice mw_bit_writer_done(const mw_bit_writer *w) {
    return (mw_slice){w->out.p, (w->at + 7) / 8};
}
