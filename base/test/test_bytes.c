/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bits.h"
#include "base/crc.h"
#include "tests/harness/mw_test.h"

MW_TEST(integers_round_trip_in_both_byte_orders) {
    uint8_t memory[64];
    mw_writer w = mw_writer_of(MW_SPAN_OF(memory));
    mw_write_u8(&w, 0x12);
    mw_write_u16le(&w, 0x3456);
    mw_write_u24be(&w, 0x789ABC);
    mw_write_u32be(&w, 0xDEADBEEF);
    mw_write_u64le(&w, UINT64_C(0x0123456789ABCDEF));
    MW_CHECK_OK(w.status);
    MW_CHECK_BYTES(mw_slice_sub(mw_writer_done(&w), 0, 6), "\x12\x56\x34\x78\x9A\xBC", 6);

    mw_reader r = mw_reader_of(mw_writer_done(&w));
    MW_CHECK_EQ(mw_read_u8(&r), 0x12);
    MW_CHECK_EQ(mw_read_u16le(&r), 0x3456);
    MW_CHECK_EQ(mw_read_u24be(&r), 0x789ABC);
    MW_CHECK_EQ(mw_read_u32be(&r), 0xDEADBEEF);
    MW_CHECK_EQ(mw_read_u64le(&r), 0x0123456789ABCDEF);
    MW_CHECK_OK(mw_reader_end(&r));
}

MW_TEST(first_failure_sticks) {
    mw_reader r = mw_reader_of(mw_test_hex("01 02"));
    (void)mw_read_u32le(&r);
    MW_CHECK_EQ(mw_read_u8(&r), 0);
    MW_CHECK_STATUS(mw_reader_end(&r), MW_SHORT);

    uint8_t two[2];
    mw_writer w = mw_writer_of(MW_SPAN_OF(two));
    mw_write_u32le(&w, 1);
    mw_write_u8(&w, 1);
    MW_CHECK_STATUS(w.status, MW_SPACE);
    MW_CHECK_EQ(w.at, 0);
}

MW_TEST(trailing_bytes_are_refused) {
    mw_reader r = mw_reader_of(mw_test_hex("01 02"));
    (void)mw_read_u8(&r);
    MW_CHECK_STATUS(mw_reader_end(&r), MW_SYNTAX);
}

MW_TEST(varints_round_trip_and_have_one_form) {
    static const int64_t values[] = {0,   1,     -1,        63,        64,        -64,      -65,
                                     127, 16383, INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        uint8_t memory[20];
        mw_writer w = mw_writer_of(MW_SPAN_OF(memory));
        mw_write_varint_signed(&w, values[i]);
        mw_write_varint(&w, (uint64_t)values[i]);
        mw_reader r = mw_reader_of(mw_writer_done(&w));
        MW_CHECK_OK(w.status);
        MW_CHECK_EQ(mw_read_varint_signed(&r), values[i]);
        MW_CHECK_EQ(mw_read_varint(&r), values[i]);
        MW_CHECK_OK(mw_reader_end(&r));
    }
    mw_reader padded = mw_reader_of(mw_test_hex("80 00"));
    (void)mw_read_varint(&padded);
    MW_CHECK_STATUS(padded.status, MW_RANGE);
    mw_reader large = mw_reader_of(mw_test_hex("FF FF FF FF FF FF FF FF FF 02"));
    (void)mw_read_varint(&large);
    MW_CHECK_STATUS(large.status, MW_RANGE);
    mw_reader open_end = mw_reader_of(mw_test_hex("FF FF"));
    (void)mw_read_varint(&open_end);
    MW_CHECK_STATUS(open_end.status, MW_SHORT);
}

MW_TEST(bits_run_from_the_most_significant) {
    uint8_t memory[12];
    mw_bit_writer w = mw_bit_writer_of(MW_SPAN_OF(memory));
    mw_write_bits(&w, 5, 3);
    mw_write_bits(&w, 0, 0);
    mw_write_bits(&w, UINT64_MAX, 64);
    mw_write_bits(&w, 1, 2);
    MW_CHECK_OK(w.status);
    MW_CHECK_BYTES(mw_bit_writer_done(&w), "\xBF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xE8", 9);
    mw_bit_reader r = mw_bit_reader_of(mw_bit_writer_done(&w));
    MW_CHECK_EQ(mw_read_bits(&r, 3), 5);
    MW_CHECK_EQ(mw_read_bits(&r, 64), -1);
    MW_CHECK_EQ(mw_read_bits(&r, 2), 1);
    MW_CHECK_EQ(mw_bit_reader_left(&r), 3);
    (void)mw_read_bits(&r, 4);
    MW_CHECK_STATUS(r.status, MW_SHORT);
}

MW_TEST(hexadecimal_round_trips_and_refuses_foreign_text) {
    uint8_t text[8], back[4];
    MW_CHECK_OK(mw_hex_encode(mw_test_hex("00 7F A5 FF"), MW_SPAN_OF(text)));
    MW_CHECK_BYTES(MW_SLICE_OF(text), "007fa5ff", 8);
    MW_CHECK_OK(mw_hex_decode(MW_SLICE_OF(text), MW_SPAN_OF(back)));
    MW_CHECK_BYTES(MW_SLICE_OF(back), "\x00\x7F\xA5\xFF", 4);
    MW_CHECK_STATUS(mw_hex_decode(mw_slice_of_str("0g"), MW_SPAN_OF(back)), MW_SYNTAX);
    MW_CHECK_STATUS(mw_hex_decode(mw_slice_of_str("012"), MW_SPAN_OF(back)), MW_SYNTAX);
    MW_CHECK_STATUS(mw_hex_decode(mw_slice_of_str("0011223344"), MW_SPAN_OF(back)), MW_SPACE);
}

/* Check values of the CRC catalogue (reveng.sourceforge.io) over "123456789". */
MW_TEST(crcs_match_their_check_values) {
    mw_slice check = mw_slice_of_str("123456789");
    MW_CHECK_EQ(mw_crc32(check), 0xCBF43926);
    MW_CHECK_EQ(mw_crc16_x25(check), 0x906E);
    MW_CHECK_EQ(mw_crc_msb(check, 24, 0x864CFB, 0xB704CE, 0), 0x21CF02);
    MW_CHECK_EQ(mw_crc_msb(check, 16, 0x1021, 0xFFFF, 0), 0x29B1);
    MW_CHECK_EQ(mw_crc_msb(check, 8, 0x2F, 0xFF, 0xFF), 0xDF);
    MW_CHECK_EQ(mw_crc32_update(mw_crc32(mw_slice_of_str("12345")), mw_slice_of_str("6789")),
                mw_crc32(check));
    MW_CHECK_EQ(mw_crc24(mw_slice_of_str("123456789")), mw_crc_msb(check, 24, 0xB2B117, 0, 0));
}

MW_TEST(equal_in_constant_time_compares_all) {
    MW_CHECK(mw_slice_equal_ct(mw_test_hex("0102"), mw_test_hex("0102")));
    MW_CHECK(!mw_slice_equal_ct(mw_test_hex("0102"), mw_test_hex("0103")));
    MW_CHECK(!mw_slice_equal_ct(mw_test_hex("0102"), mw_test_hex("010203")));
}

MW_TEST_MAIN(MW_CASE(integers_round_trip_in_both_byte_orders), MW_CASE(first_failure_sticks),
             MW_CASE(trailing_bytes_are_refused), MW_CASE(varints_round_trip_and_have_one_form),
             MW_CASE(bits_run_from_the_most_significant),
             MW_CASE(hexadecimal_round_trips_and_refuses_foreign_text),
             MW_CASE(crcs_match_their_check_values), MW_CASE(equal_in_constant_time_compares_all))
