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
    for (unsigned i = 0; i < n; i++, r->at++)
        v = v << 1 | (r->in.p[r->at / 8] >> (7 - r->at % 8) & 1);
    return v;
}

mw_bit_writer mw_bit_writer_of(mw_span out) {
    return (mw_bit_writer){.out = out};
}

void mw_bit_writer_fail(mw_bit_writer *w, mw_status why) {
    if (w->status == MW_OK)
        w->status = why;
}

void mw_write_bits(mw_bit_writer *w, uint64_t v, unsigned n) {
    mw_assert(n <= 64);
    if (w->status != MW_OK)
        return;
    if (n > w->out.n * 8 - w->at) {
        w->status = MW_SPACE;
        return;
    }
    for (unsigned i = n; i-- > 0; w->at++) {
        uint8_t *byte = &w->out.p[w->at / 8];
        if (w->at % 8 == 0)
            *byte = 0;
        *byte = (uint8_t)(*byte | (v >> i & 1) << (7 - w->at % 8));
    }
}

mw_slice mw_bit_writer_done(const mw_bit_writer *w) {
    return (mw_slice){w->out.p, (w->at + 7) / 8};
}
