/* SPDX-License-Identifier: Apache-2.0 */
#include "protocols/cosem/wrapper.h"
#include "tests/harness/mw_test.h"

static const char *const two = "0001 0010 0001 0005 c002c10000 0001 0020 0001 0002 6200";

MW_TEST(header_is_read_written_and_swapped) {
    mw_cosem_wrapper w;
    mw_slice in = mw_test_hex("0001 0010 0001 0002 6200");
    MW_CHECK_OK(mw_cosem_wrapper_decode(in, &w));
    MW_CHECK(w.source == 16 && w.destination == 1 && w.apdu.n == 2);
    uint8_t b[16];
    size_t n;
    MW_CHECK_OK(mw_cosem_wrapper_encode(&w, MW_SPAN_OF(b), &n));
    MW_CHECK_BYTES(in, b, n);
    mw_cosem_wrapper back = mw_cosem_wrapper_answer(&w, mw_test_hex("6300"));
    MW_CHECK_OK(mw_cosem_wrapper_encode(&back, MW_SPAN_OF(b), &n));
    MW_CHECK_BYTES(mw_test_hex("0001 0001 0010 0002 6300"), b, n);
    MW_CHECK_STATUS(mw_cosem_wrapper_encode(&w, (mw_span){b, 9}, &n), MW_SPACE);
    MW_CHECK_STATUS(mw_cosem_wrapper_decode(mw_test_hex("0001 0010 0001 0002 62"), &w), MW_SHORT);
    MW_CHECK_STATUS(mw_cosem_wrapper_decode(mw_test_hex("0001 0010 0001 0002 620000"), &w),
                    MW_SYNTAX);
    MW_CHECK_STATUS(mw_cosem_wrapper_decode(mw_test_hex("0002 0010 0001 0002 6200"), &w),
                    MW_UNSUPPORTED);
}

MW_TEST(stream_in_pieces_of_every_size) {
    mw_slice in = mw_test_hex(two);
    for (size_t piece = 1; piece <= in.n; piece++) {
        uint8_t memory[13];
        mw_cosem_stream s;
        mw_cosem_wrapper w;
        unsigned seen = 0;
        mw_cosem_stream_init(&s, MW_SPAN_OF(memory));
        for (size_t at = 0; at < in.n;) {
            size_t n = in.n - at < piece ? in.n - at : piece;
            size_t took = mw_cosem_stream_push(&s, mw_slice_sub(in, at, n));
            MW_CHECK(took != 0);
            at += took;
            for (; mw_cosem_stream_pull(&s, &w) == MW_OK; seen++)
                MW_CHECK(w.source == (seen == 0 ? 0x10 : 0x20) && w.apdu.n == (seen == 0 ? 5 : 2));
        }
        MW_CHECK_EQ(seen, 2);
        MW_CHECK_STATUS(mw_cosem_stream_pull(&s, &w), MW_AGAIN);
    }
}

MW_TEST(foreign_and_oversized_streams_are_told) {
    uint8_t memory[13];
    mw_cosem_stream s;
    mw_cosem_wrapper w;
    mw_cosem_stream_init(&s, MW_SPAN_OF(memory));
    MW_CHECK_EQ(mw_cosem_stream_push(&s, mw_test_hex("4745")), 2);
    MW_CHECK_STATUS(mw_cosem_stream_pull(&s, &w), MW_UNSUPPORTED);
    mw_cosem_stream_init(&s, MW_SPAN_OF(memory));
    MW_CHECK_EQ(mw_cosem_stream_push(&s, mw_test_hex("0001 0010 0001 0006 01")), 9);
    MW_CHECK_STATUS(mw_cosem_stream_pull(&s, &w), MW_LIMIT);
}

MW_TEST_MAIN(MW_CASE(header_is_read_written_and_swapped), MW_CASE(stream_in_pieces_of_every_size),
             MW_CASE(foreign_and_oversized_streams_are_told))
