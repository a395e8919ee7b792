/* SPDX-License-Identifier: Apache-2.0 */
#include "radio/samples.h"

#include <math.h>

#include "tests/harness/mw_test.h"

static mw_samples_header plain_header(mw_samples_format f, uint64_t count) {
    return (mw_samples_header){.format = f,
                               .flags = MW_SAMPLES_FLAG_LOST,
                               .first_index = 0x1122334455,
                               .utc = {1790000000000000},
                               .utc_uncertainty_us = 250,
                               .rate_mhz = 250000000,
                               .centre = {868100000000},
                               .count = count};
}

MW_TEST(header_golden) {
    mw_samples_header h = plain_header(MW_SAMPLES_CS16, 3), back;
    uint8_t out[MW_SAMPLES_HEADER_BYTES];
    MW_CHECK_OK(mw_samples_header_encode(&h, out));
    mw_slice expected = mw_test_hex("4d574951 01 02 0200 5544332211000000 00e025dafe5b0600"
                                    "80b2e60e00000000 00c9ca1eca000000 0300000000000000"
                                    "fa000000 0c000000 00000000");
    MW_CHECK_BYTES(mw_slice_sub(MW_SLICE_OF(out), 0, 60), expected.p, expected.n);
    MW_CHECK_OK(mw_samples_header_decode(MW_SLICE_OF(out), &back));
    MW_CHECK_EQ(back.format, h.format);
    MW_CHECK_EQ(back.flags, h.flags);
    MW_CHECK_EQ(back.first_index, h.first_index);
    MW_CHECK_EQ(back.utc.us, h.utc.us);
    MW_CHECK_EQ(back.utc_uncertainty_us, h.utc_uncertainty_us);
    MW_CHECK_EQ(back.rate_mhz, h.rate_mhz);
    MW_CHECK_EQ(back.centre.mhz, h.centre.mhz);
    MW_CHECK_EQ(back.count, h.count);
}

MW_TEST(header_refuses_every_damaged_bit) {
    mw_samples_header h = plain_header(MW_SAMPLES_CF32, 100), back;
    uint8_t out[MW_SAMPLES_HEADER_BYTES];
    MW_CHECK_OK(mw_samples_header_encode(&h, out));
    for (unsigned bit = 0; bit < 8 * sizeof out; bit++) {
        out[bit / 8] ^= (uint8_t)(1u << bit % 8);
        MW_CHECK(mw_samples_header_decode(MW_SLICE_OF(out), &back) != MW_OK);
        out[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    MW_CHECK_STATUS(mw_samples_header_decode((mw_slice){out, 63}, &back), MW_SHORT);
}

MW_TEST(header_limits) {
    uint8_t out[MW_SAMPLES_HEADER_BYTES];
    mw_samples_header h = plain_header(MW_SAMPLES_CF32, MW_SAMPLES_COUNT_MAX + 1);
    MW_CHECK_STATUS(mw_samples_header_encode(&h, out), MW_RANGE);
    h.format = MW_SAMPLES_GAP; /* a gap may be long */
    MW_CHECK_OK(mw_samples_header_encode(&h, out));
    h.count = 0;
    MW_CHECK_STATUS(mw_samples_header_encode(&h, out), MW_RANGE);
    h = plain_header(MW_SAMPLES_CF32, 1);
    h.rate_mhz = 0;
    MW_CHECK_STATUS(mw_samples_header_encode(&h, out), MW_RANGE);
    h.rate_mhz = 1;
    h.first_index = UINT64_MAX;
    MW_CHECK_STATUS(mw_samples_header_encode(&h, out), MW_RANGE);
}

MW_TEST(ack_round_trip) {
    uint8_t out[MW_SAMPLES_ACK_BYTES];
    uint64_t index;
    mw_samples_ack_encode(0x0102030405060708, out);
    MW_CHECK_BYTES(MW_SLICE_OF(out), mw_test_hex("4d57414b 01000000 0807060504030201").p, 16);
    MW_CHECK_OK(mw_samples_ack_decode(MW_SLICE_OF(out), &index));
    MW_CHECK_EQ(index, 0x0102030405060708);
    MW_CHECK_STATUS(mw_samples_ack_decode((mw_slice){out, 15}, &index), MW_SHORT);
    out[4] = 2;
    MW_CHECK_STATUS(mw_samples_ack_decode(MW_SLICE_OF(out), &index), MW_UNSUPPORTED);
    out[0] = 'X';
    MW_CHECK_STATUS(mw_samples_ack_decode(MW_SLICE_OF(out), &index), MW_SYNTAX);
}

MW_TEST(formats_by_name) {
    mw_samples_format f;
    MW_CHECK_OK(mw_samples_format_of_name("cu8", &f));
    MW_CHECK_EQ(f, MW_SAMPLES_CU8);
    MW_CHECK_STATUS(mw_samples_format_of_name("gap", &f), MW_NOT_FOUND);
    MW_CHECK_STATUS(mw_samples_format_of_name("wav", &f), MW_NOT_FOUND);
}

/* Every format gives back what went in, within half a step. */
MW_TEST(conversion_round_trip) {
    const float step[] = {0, 1e-9f, 1.0f / 32768, 1.0f / 127.5f, 1.0f / 128};
    float in[512], out[512];
    for (unsigned i = 0; i < 512; i++)
        in[i] = 0.98f * sinf(0.1f * (float)i);
    for (unsigned f = MW_SAMPLES_CF32; f <= MW_SAMPLES_CS8; f++) {
        uint8_t bytes[2048];
        mw_samples_format format = (mw_samples_format)f;
        MW_CHECK_EQ(mw_samples_from_float(in, 256, format, MW_SPAN_OF(bytes)), 0);
        mw_samples_block b = {plain_header(format, 256),
                              {bytes, 256 * mw_samples_format_bytes(format)}};
        mw_samples_faults faults = {0};
        mw_samples_to_float(&b, 0, 256, out, &faults);
        for (unsigned i = 0; i < 512; i++)
            MW_CHECK(fabsf(in[i] - out[i]) <= 0.51f * step[f]);
        MW_CHECK_EQ(faults.clipped, 0);
        /* a part of a block is the same as that part of the whole */
        float part[20];
        mw_samples_to_float(&b, 77, 10, part, NULL);
        assert_memory_equal(part, out + 154, sizeof part);
    }
}

MW_TEST(bad_values_are_counted) {
    float in[] = {NAN, INFINITY, -INFINITY, 0.5f, 2.0f, -2.0f}, out[6];
    uint8_t bytes[48];
    (void)mw_samples_from_float(in, 3, MW_SAMPLES_CF32, MW_SPAN_OF(bytes));
    mw_samples_block b = {plain_header(MW_SAMPLES_CF32, 3), {bytes, 24}};
    mw_samples_faults faults = {0};
    mw_samples_to_float(&b, 0, 3, out, &faults);
    MW_CHECK_EQ(faults.not_finite, 3);
    MW_CHECK(out[0] == 0.0f && out[1] == 0.0f && out[2] == 0.0f && out[4] == 2.0f);
    MW_CHECK_EQ(mw_samples_from_float(in, 3, MW_SAMPLES_CS16, MW_SPAN_OF(bytes)), 5);
    b = (mw_samples_block){plain_header(MW_SAMPLES_CS16, 3), {bytes, 12}};
    mw_samples_to_float(&b, 0, 3, out, &faults);
    MW_CHECK_EQ(faults.clipped, 4);
    MW_CHECK(out[0] == 0.0f && out[1] > 0.99f && out[5] == -1.0f);
    b = (mw_samples_block){plain_header(MW_SAMPLES_GAP, 3), {NULL, 0}};
    mw_samples_to_float(&b, 1, 2, out, NULL);
    MW_CHECK(out[0] == 0.0f && out[3] == 0.0f);
}

static size_t put_block(uint8_t *out, mw_samples_format f, uint64_t first, size_t count) {
    mw_samples_header h = plain_header(f, count);
    h.first_index = first;
    MW_CHECK_OK(mw_samples_header_encode(&h, out));
    size_t n = count * mw_samples_format_bytes(f);
    for (size_t i = 0; i < n; i++)
        out[MW_SAMPLES_HEADER_BYTES + i] = (uint8_t)(first + i);
    return MW_SAMPLES_HEADER_BYTES + n;
}

/* A stream cut anywhere gives the same blocks. */
MW_TEST(reader_any_cut) {
    uint8_t stream[2000];
    size_t n = put_block(stream, MW_SAMPLES_CU8, 0, 100);
    n += put_block(stream + n, MW_SAMPLES_GAP, 100, 100000);
    n += put_block(stream + n, MW_SAMPLES_CS16, 100100, 50);
    n += put_block(stream + n, MW_SAMPLES_CS8, 100155, 7); /* five samples are missing */
    uint8_t *memory = malloc(MW_SAMPLES_BLOCK_MAX);
    for (size_t cut = 1; cut <= n; cut += cut < 70 ? 1 : 97) {
        mw_samples_reader r;
        mw_samples_reader_init(&r, (mw_span){memory, MW_SAMPLES_BLOCK_MAX});
        uint64_t counts[8];
        unsigned blocks = 0;
        for (size_t at = 0; at < n;) {
            mw_span room = mw_samples_reader_room(&r);
            size_t take = cut < n - at ? cut : n - at;
            memcpy(room.p, stream + at, take);
            mw_samples_reader_commit(&r, take);
            at += take;
            mw_samples_block b;
            mw_status s;
            while ((s = mw_samples_reader_pull(&r, &b)) == MW_OK) {
                MW_CHECK(blocks < 8);
                if (b.payload.n > 0)
                    MW_CHECK_EQ(b.payload.p[1], (uint8_t)(b.h.first_index + 1));
                counts[blocks++] = b.h.count;
            }
            MW_CHECK_STATUS(s, MW_AGAIN);
        }
        MW_CHECK_EQ(blocks, 4);
        MW_CHECK(counts[0] == 100 && counts[1] == 100000 && counts[2] == 50 && counts[3] == 7);
        MW_CHECK_EQ(r.jumps, 1);
        MW_CHECK_OK(mw_samples_reader_end(&r));
    }
    free(memory);
}

MW_TEST(reader_faults_stick) {
    uint8_t stream[400];
    uint8_t *memory = malloc(MW_SAMPLES_BLOCK_MAX);
    mw_samples_reader r;
    mw_samples_block b;
    size_t n = put_block(stream, MW_SAMPLES_CU8, 0, 100);
    mw_samples_reader_init(&r, (mw_span){memory, MW_SAMPLES_BLOCK_MAX});
    mw_bytes_copy(mw_samples_reader_room(&r).p, stream, n - 1);
    mw_samples_reader_commit(&r, n - 1);
    MW_CHECK_STATUS(mw_samples_reader_pull(&r, &b), MW_AGAIN);
    MW_CHECK_STATUS(mw_samples_reader_end(&r), MW_SHORT);
    stream[40] ^= 1;
    mw_samples_reader_init(&r, (mw_span){memory, MW_SAMPLES_BLOCK_MAX});
    mw_bytes_copy(mw_samples_reader_room(&r).p, stream, n);
    mw_samples_reader_commit(&r, n);
    MW_CHECK_STATUS(mw_samples_reader_pull(&r, &b), MW_CHECKSUM);
    MW_CHECK_STATUS(mw_samples_reader_pull(&r, &b), MW_CHECKSUM);
    MW_CHECK_STATUS(mw_samples_reader_end(&r), MW_CHECKSUM);
    free(memory);
}

MW_TEST(plain_files) {
    uint8_t memory[64];
    mw_samples_header like = plain_header(MW_SAMPLES_CU8, 0);
    like.first_index = 0;
    mw_samples_reader r;
    MW_CHECK_OK(mw_samples_reader_init_plain(&r, MW_SPAN_OF(memory), &like));
    mw_samples_block b;
    uint64_t samples = 0;
    for (unsigned turn = 0; turn < 100; turn++) {
        mw_span room = mw_samples_reader_room(&r);
        size_t n = 1 + turn % 7;
        mw_bytes_fill(room.p, 9, n);
        mw_samples_reader_commit(&r, n);
        while (mw_samples_reader_pull(&r, &b) == MW_OK) {
            MW_CHECK_EQ(b.h.first_index, samples);
            MW_CHECK_EQ(b.h.utc.us, like.utc.us + (int64_t)samples * 4);
            samples += b.h.count;
        }
    }
    MW_CHECK_EQ(samples, (14 * 28 + 3) / 2); /* 395 bytes */
    MW_CHECK_STATUS(mw_samples_reader_end(&r), MW_SHORT);
    like.format = MW_SAMPLES_GAP;
    MW_CHECK_STATUS(mw_samples_reader_init_plain(&r, MW_SPAN_OF(memory), &like), MW_RANGE);
}

MW_TEST_MAIN(MW_CASE(header_golden), MW_CASE(header_refuses_every_damaged_bit),
             MW_CASE(header_limits), MW_CASE(ack_round_trip), MW_CASE(formats_by_name),
             MW_CASE(conversion_round_trip), MW_CASE(bad_values_are_counted),
             MW_CASE(reader_any_cut), MW_CASE(reader_faults_stick), MW_CASE(plain_files))
