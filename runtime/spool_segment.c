/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "runtime/spool_priv.h"

#define MW_SPOOL_VERSION 1
#define MW_SPOOL_JUMP    (UINT64_C(1) << 32) /* a gap of sequence numbers that is still believed */

void mw_segment_header_put(uint8_t out[MW_SPOOL_SEGMENT_HEADER], uint64_t epoch, uint64_t first) {
    mw_writer w = mw_writer_of((mw_span){out, MW_SPOOL_SEGMENT_HEADER});
    mw_write_str(&w, "MWSP");
    mw_write_u16le(&w, MW_SPOOL_VERSION);
    mw_write_u16le(&w, 0);
    mw_write_u64le(&w, epoch);
    mw_write_u64le(&w, first);
    mw_write_u64le(&w, 0);
    mw_write_u32le(&w, 0);
    mw_write_u32le(&w, mw_crc32((mw_slice){out, MW_SPOOL_SEGMENT_HEADER - 4}));
}

/* The epoch is in the sum, so that a record of another spool is never taken for one of ours. */
static uint32_t mw_segment_sum(uint64_t epoch, uint32_t length, uint64_t sequence,
                               mw_slice payload) {
    uint8_t head[20];
    mw_writer w = mw_writer_of(MW_SPAN_OF(head));
    mw_write_u64le(&w, epoch);
    mw_write_u32le(&w, length);
    mw_write_u64le(&w, sequence);
    return mw_crc32_update(mw_crc32(MW_SLICE_OF(head)), payload);
}

void mw_segment_record_put(mw_buffer *out, uint64_t epoch, uint64_t sequence, mw_slice payload) {
    uint8_t head[MW_SPOOL_RECORD_HEADER];
    mw_writer w = mw_writer_of(MW_SPAN_OF(head));
    mw_write_u32le(&w, (uint32_t)payload.n);
    mw_write_u64le(&w, sequence);
    mw_write_u32le(&w, mw_segment_sum(epoch, (uint32_t)payload.n, sequence, payload));
    mw_buffer_append(out, MW_SLICE_OF(head));
    mw_buffer_append(out, payload);
}

mw_status mw_segment_reader_init(mw_segment_reader *r, mw_slice in) {
    mw_reader head = mw_reader_of(in);
    mw_slice magic = mw_read_bytes(&head, 4);
    uint16_t version = mw_read_u16le(&head);
    (void)mw_read_u16le(&head);
    uint64_t epoch = mw_read_u64le(&head);
    uint64_t first = mw_read_u64le(&head);
    (void)mw_read_u64le(&head);
    (void)mw_read_u32le(&head);
    uint32_t sum = mw_read_u32le(&head);
    if (head.status != MW_OK)
        return MW_SHORT;
    if (!mw_slice_equal(magic, mw_slice_of_str("MWSP")))
        return MW_SYNTAX;
    if (sum != mw_crc32(mw_slice_sub(in, 0, MW_SPOOL_SEGMENT_HEADER - 4)))
        return MW_CHECKSUM;
    if (version != MW_SPOOL_VERSION)
        return MW_UNSUPPORTED;
    if (first == 0)
        return MW_RANGE;
    mw_segment_reader_force(r, in, epoch, first);
    return MW_OK;
}

void mw_segment_reader_force(mw_segment_reader *r, mw_slice in, uint64_t epoch, uint64_t first) {
    size_t at = in.n < MW_SPOOL_SEGMENT_HEADER ? in.n : MW_SPOOL_SEGMENT_HEADER;
    *r = (mw_segment_reader){
        .in = in, .at = at, .epoch = epoch, .first = first, .last = first - 1, .good_end = at};
}

/* Whether a good record stands at an offset. */
static bool mw_segment_record_at(const mw_segment_reader *r, size_t at, uint64_t *out_sequence,
                                 mw_slice *out_payload) {
    if (r->in.n - at < MW_SPOOL_RECORD_HEADER)
        return false;
    mw_reader head = mw_reader_of(mw_slice_sub(r->in, at, r->in.n - at));
    uint32_t length = mw_read_u32le(&head);
    uint64_t sequence = mw_read_u64le(&head);
    uint32_t sum = mw_read_u32le(&head);
    if (length == 0 || length > MW_SPOOL_RECORD_MAX || length > mw_reader_left(&head))
        return false;
    if (sequence <= r->last || sequence - r->last > MW_SPOOL_JUMP)
        return false;
    mw_slice payload = mw_read_bytes(&head, length);
    if (mw_segment_sum(r->epoch, length, sequence, payload) != sum)
        return false;
    *out_sequence = sequence;
    *out_payload = payload;
    return true;
}

mw_status mw_segment_next(mw_segment_reader *r, uint64_t *out_sequence, mw_slice *out_payload) {
    for (size_t at = r->at; at < r->in.n; at++) {
        uint64_t sequence = 0;
        mw_slice payload = {0};
        if (!mw_segment_record_at(r, at, &sequence, &payload))
            continue;
        r->damaged += at - r->good_end;
        r->at = at + MW_SPOOL_RECORD_HEADER + payload.n;
        r->good_end = r->at;
        r->last = sequence;
        *out_sequence = sequence;
        *out_payload = payload;
        return MW_OK;
    }
    return MW_AGAIN; /* `at` stays: a tail that grows is looked at again */
}
