/* SPDX-License-Identifier: Apache-2.0 */
#include "protocols/cosem/wrapper.h"

#include "base/assert.h"

enum { VERSION = 1 };

mw_cosem_wrapper mw_cosem_wrapper_answer(const mw_cosem_wrapper *w, mw_slice apdu) {
    return (mw_cosem_wrapper){.source = w->destination, .destination = w->source, .apdu = apdu};
}

mw_status mw_cosem_wrapper_encode(const mw_cosem_wrapper *w, mw_span out, size_t *out_size) {
    if (w->apdu.n > UINT16_MAX)
        return MW_RANGE;
    if (out.n < MW_COSEM_WRAPPER_BYTES + w->apdu.n)
        return MW_SPACE;
    mw_bytes_copy(out.p + MW_COSEM_WRAPPER_BYTES, w->apdu.p, w->apdu.n);
    mw_writer h = mw_writer_of((mw_span){out.p, MW_COSEM_WRAPPER_BYTES});
    mw_write_u16be(&h, VERSION);
    mw_write_u16be(&h, w->source);
    mw_write_u16be(&h, w->destination);
    mw_write_u16be(&h, (uint16_t)w->apdu.n);
    *out_size = MW_COSEM_WRAPPER_BYTES + w->apdu.n;
    return MW_OK;
}

/* Header and APDU at the front of `bytes`; MW_SHORT as long as they are not complete, and then
 * *out_length is the APDU's length or 0. */
static mw_status take(mw_slice bytes, mw_cosem_wrapper *w, size_t *out_length) {
    mw_reader r = mw_reader_of(bytes);
    *out_length = 0;
    uint16_t version = mw_read_u16be(&r);
    if (r.status == MW_OK && version != VERSION)
        return MW_UNSUPPORTED;
    w->source = mw_read_u16be(&r);
    w->destination = mw_read_u16be(&r);
    *out_length = mw_read_u16be(&r);
    w->apdu = mw_read_bytes(&r, *out_length);
    return r.status;
}

mw_status mw_cosem_wrapper_decode(mw_slice datagram, mw_cosem_wrapper *out_w) {
    mw_cosem_wrapper w;
    size_t length;
    MW_TRY(take(datagram, &w, &length));
    if (datagram.n != MW_COSEM_WRAPPER_BYTES + length)
        return MW_SYNTAX;
    *out_w = w;
    return MW_OK;
}

void mw_cosem_stream_init(mw_cosem_stream *s, mw_span memory) {
    mw_assert(memory.n > MW_COSEM_WRAPPER_BYTES);
    *s = (mw_cosem_stream){.memory = memory};
}

size_t mw_cosem_stream_push(mw_cosem_stream *s, mw_slice bytes) {
    mw_bytes_copy(s->memory.p, s->memory.p + s->start, s->end - s->start);
    s->end -= s->start;
    s->start = 0;
    size_t room = s->memory.n - s->end, n = bytes.n < room ? bytes.n : room;
    mw_bytes_copy(s->memory.p + s->end, bytes.p, n);
    s->end += n;
    return n;
}

mw_status mw_cosem_stream_pull(mw_cosem_stream *s, mw_cosem_wrapper *out_w) {
    mw_cosem_wrapper w;
    size_t length;
    mw_status got = take((mw_slice){s->memory.p + s->start, s->end - s->start}, &w, &length);
    if (length > s->memory.n - MW_COSEM_WRAPPER_BYTES)
        return MW_LIMIT;
    if (got != MW_OK)
        return got == MW_SHORT ? MW_AGAIN : got;
    s->start += MW_COSEM_WRAPPER_BYTES + length;
    *out_w = w;
    return MW_OK;
}
