/* SPDX-License-Identifier: Apache-2.0
 *
 * Frames of real meters. Those marked W are from wb-mqtt-serial (Wiren Board, MIT), P from
 * dlms-cosem of pwitab (MIT), both test data under the licences named in NOTICE.md beside this
 * file.
 */
#include "base/prng.h"
#include "protocols/hdlc/deframer.h"
#include "tests/harness/mw_test.h"

typedef struct vector {
    const char *hex;
    mw_hdlc_address destination, source;
    mw_hdlc_kind kind;
    uint8_t send_seq, receive_seq;
    size_t info;
} vector;

static const vector vectors[] = {
    {"7ea00802232193bd647e", {1, 0x11, 2}, {0x10, 0, 1}, MW_HDLC_SNRM, 0, 0, 0}, /* P */
    {"7ea01f21022373e6c781801205019a06019a070400000001080400000001cca27e",       /* P */
     {0x10, 0, 1},
     {1, 0x11, 2},
     MW_HDLC_UA,
     0,
     0,
     21},
    {"7ea02c02232110af9fe6e600601da109060760857405080101be10040e01000000065f1f0400001e1dffff"
     "c5e47e", /* P */
     {1, 0x11, 2},
     {0x10, 0, 1},
     MW_HDLC_I,
     0,
     0,
     34},
    {"7ea0382102233034e7e6e7006129a109060760857405080101a203020100a305a103020100be10040e0800065f"
     "1f0400001e1d04c80007b86a7e", /* P */
     {0x10, 0, 1},
     {1, 0x11, 2},
     MW_HDLC_I,
     0,
     1,
     46},
    {"7ea008022941539eb47e", {1, 0x14, 2}, {0x20, 0, 1}, MW_HDLC_DISC, 0, 0, 0}, /* W */
    {"7ea021410229731b168180140502008006020080070400000001080400000001ce6a7e",   /* W */
     {0x20, 0, 1},
     {1, 0x14, 2},
     MW_HDLC_UA,
     0,
     0,
     23},
    {"7ea0080229419392727e", {1, 0x14, 2}, {0x20, 0, 1}, MW_HDLC_SNRM, 0, 0, 0}, /* W */
    {"7ea04302294110cf42e6e6006034a1090607608574050801018a0207808b0760857405080201ac088006313131"
     "313131be10040e01000000065f1f0400001e5dffffa0fd7e", /* W */
     {1, 0x14, 2},
     {0x20, 0, 1},
     MW_HDLC_I,
     0,
     0,
     57},
    {"7ea03841022930a083e6e7006129a109060760857405080101a203020100a305a103020100be10040e0800065f"
     "1f040000101d00640007828b7e", /* W */
     {0x20, 0, 1},
     {1, 0x14, 2},
     MW_HDLC_I,
     0,
     1,
     46},
    {"7ea01a02294132d964e6e600c001c100030000600900ff03008b787e", /* W */
     {1, 0x14, 2},
     {0x20, 0, 1},
     MW_HDLC_I,
     1,
     1,
     16},
    {"7ea01741022952d9c9e6e700c401810002020f001609aed57e", /* W */
     {0x20, 0, 1},
     {1, 0x14, 2},
     MW_HDLC_I,
     1,
     2,
     13},
    {"7ea01a02294154e962e6e600c001c100030000600900ff020053617e", /* W */
     {1, 0x14, 2},
     {0x20, 0, 1},
     MW_HDLC_I,
     2,
     2,
     16},
    {"7ea014410229742190e6e700c401810010001e663c7e", /* W */
     {0x20, 0, 1},
     {1, 0x14, 2},
     MW_HDLC_I,
     2,
     3,
     10},
};
#define VECTORS (sizeof vectors / sizeof vectors[0])

static mw_slice inside(mw_slice with_flags) {
    return mw_slice_sub(with_flags, 1, with_flags.n - 2);
}

MW_TEST(recorded_frames_decode_and_encode_to_the_same_bytes) {
    for (size_t i = 0; i < VECTORS; i++) {
        const vector *v = &vectors[i];
        mw_slice bytes = mw_test_hex(v->hex);
        mw_hdlc_frame f;
        MW_CHECK_OK(mw_hdlc_frame_decode(inside(bytes), &f));
        MW_CHECK(mw_hdlc_address_equal(&f.destination, &v->destination));
        MW_CHECK(mw_hdlc_address_equal(&f.source, &v->source));
        MW_CHECK_EQ(f.kind, v->kind);
        MW_CHECK_EQ(f.send_seq, v->send_seq);
        MW_CHECK_EQ(f.receive_seq, v->receive_seq);
        MW_CHECK_EQ(f.information.n, v->info);
        MW_CHECK(f.poll_final && !f.segmented);
        uint8_t again[128];
        size_t n;
        MW_CHECK_OK(mw_hdlc_frame_encode(&f, MW_SPAN_OF(again), &n));
        MW_CHECK_BYTES(bytes, again, n);
        MW_CHECK_STATUS(mw_hdlc_frame_encode(&f, (mw_span){again, bytes.n - 1}, &n), MW_SPACE);
    }
}

/* Every single-bit error of every frame is noticed, and every shortening. */
MW_TEST(damage_is_refused) {
    for (size_t i = 0; i < VECTORS; i++) {
        uint8_t b[128];
        mw_slice good = inside(mw_test_hex(vectors[i].hex));
        mw_bytes_copy(b, good.p, good.n);
        mw_hdlc_frame f;
        for (size_t bit = 0; bit < good.n * 8; bit++) {
            b[bit / 8] ^= (uint8_t)(1 << bit % 8);
            MW_CHECK(mw_hdlc_frame_decode((mw_slice){b, good.n}, &f) != MW_OK);
            b[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        b[good.n - 1] ^= 1;
        MW_CHECK_STATUS(mw_hdlc_frame_decode((mw_slice){b, good.n}, &f), MW_CHECKSUM);
        for (size_t n = 0; n < good.n; n++)
            MW_CHECK_STATUS(mw_hdlc_frame_decode((mw_slice){good.p, n}, &f), MW_SHORT);
    }
}

MW_TEST(addresses_of_one_two_and_four_bytes_round_trip) {
    static const mw_hdlc_address good[] = {{1, 0, 1},  {0x7F, 0, 1},      {1, 0x7F, 2},
                                           {1, 17, 4}, {0x3FFF, 5000, 4}, {0, 0, 2}};
    static const mw_hdlc_address bad[] = {{0x80, 0, 1},   {1, 1, 1}, {1, 0x80, 2},
                                          {0x4000, 0, 4}, {1, 1, 3}, {1, 1, 0}};
    uint8_t b[64];
    size_t n;
    for (size_t i = 0; i < 6; i++) {
        mw_hdlc_frame f = {.kind = MW_HDLC_RR, .receive_seq = 5, .source = {1, 0, 1}};
        f.destination = good[i];
        mw_hdlc_frame back;
        MW_CHECK_OK(mw_hdlc_frame_encode(&f, MW_SPAN_OF(b), &n));
        MW_CHECK_OK(mw_hdlc_frame_decode((mw_slice){b + 1, n - 2}, &back));
        MW_CHECK(mw_hdlc_address_equal(&back.destination, &good[i]));
        f.destination = bad[i];
        MW_CHECK_STATUS(mw_hdlc_frame_encode(&f, MW_SPAN_OF(b), &n), MW_RANGE);
    }
    mw_hdlc_address all[] = {{0x7F, 0, 1}, {1, 0x7F, 2}, {1, 0x3FFF, 4}, {1, 0x7F, 4}};
    MW_CHECK(mw_hdlc_address_is_broadcast(&all[0]) && mw_hdlc_address_is_broadcast(&all[1]) &&
             mw_hdlc_address_is_broadcast(&all[2]) && !mw_hdlc_address_is_broadcast(&all[3]));
}

static mw_slice long_frame(uint8_t *out, size_t info) {
    static uint8_t fill[MW_HDLC_INFO_MAX];
    for (size_t i = 0; i < sizeof fill; i++)
        fill[i] = i % 3 == 0 ? MW_HDLC_FLAG : (uint8_t)i;
    mw_hdlc_frame f = {.kind = MW_HDLC_UI, .destination = {1, 17, 4}, .source = {16, 1, 4}};
    f.information = (mw_slice){fill, info};
    size_t n;
    MW_CHECK_OK(mw_hdlc_frame_encode(&f, (mw_span){out, MW_HDLC_FRAME_MAX}, &n));
    return (mw_slice){out, n};
}

MW_TEST(the_longest_frame_fits_and_one_byte_more_does_not) {
    uint8_t b[MW_HDLC_FRAME_MAX], all[MW_HDLC_INFO_MAX + 1] = {0};
    MW_CHECK_EQ(long_frame(b, MW_HDLC_INFO_MAX).n, MW_HDLC_FRAME_MAX);
    mw_hdlc_frame f = {.kind = MW_HDLC_UI, .destination = {1, 17, 4}, .source = {16, 1, 4}};
    f.information = MW_SLICE_OF(all);
    size_t n;
    MW_CHECK_STATUS(mw_hdlc_frame_encode(&f, MW_SPAN_OF(b), &n), MW_RANGE);
}

/* All vectors in one stream, in pieces of every size, shared flags, noise between them. */
MW_TEST(stream_gives_every_frame_whatever_the_pieces) {
    for (size_t piece = 1; piece < 40; piece++) {
        uint8_t stream[2048], memory[160];
        size_t total = 0, seen = 0;
        for (size_t i = 0; i < VECTORS; i++) {
            mw_slice f = mw_test_hex(vectors[i].hex);
            if (i % 3 == 1)
                total--; /* the flag is shared */
            if (i % 3 == 2)
                stream[total++] = 0x55;
            mw_bytes_copy(stream + total, f.p, f.n);
            total += f.n;
        }
        mw_hdlc_deframer d;
        mw_hdlc_deframer_init(&d, MW_SPAN_OF(memory));
        for (size_t at = 0; at < total;) {
            size_t n = total - at < piece ? total - at : piece;
            at += mw_hdlc_deframer_push(&d, (mw_slice){stream + at, n});
            for (mw_hdlc_frame f; mw_hdlc_deframer_pull(&d, &f) == MW_OK; seen++)
                MW_CHECK_EQ(f.kind, vectors[seen].kind);
        }
        MW_CHECK_EQ(seen, VECTORS);
        MW_CHECK_EQ(d.frames, VECTORS);
        MW_CHECK_EQ(d.bad_checksum + d.too_long, 0);
    }
}

/* Bytes are lost, changed and put in: frames that were not hit still come out, no other ever. */
MW_TEST(stream_recovers_from_damage) {
    mw_prng g = mw_prng_of_seed(13239);
    size_t whole = 0, out = 0;
    uint8_t memory[MW_HDLC_FRAME_MAX];
    mw_hdlc_deframer d;
    mw_hdlc_deframer_init(&d, MW_SPAN_OF(memory));
    for (int round = 0; round < 4000; round++) {
        mw_slice v = mw_test_hex(vectors[mw_prng_u64(&g) % VECTORS].hex);
        uint8_t b[128];
        mw_bytes_copy(b, v.p, v.n);
        size_t n = v.n;
        switch (mw_prng_u64(&g) % 4) {
        case 0:
            b[1 + mw_prng_u64(&g) % (v.n - 2)] ^= (uint8_t)(1 << mw_prng_u64(&g) % 8);
            break;
        case 1:
            n = 1 + mw_prng_u64(&g) % (v.n - 2); /* cut, and the next begins at once */
            break;
        default:
            whole++;
        }
        mw_hdlc_frame f;
        MW_CHECK_EQ(mw_hdlc_deframer_push(&d, (mw_slice){b, n}), n);
        while (mw_hdlc_deframer_pull(&d, &f) == MW_OK)
            out++;
        if (round % 5 == 0) {
            mw_hdlc_deframer_silence(&d);
            while (mw_hdlc_deframer_pull(&d, &f) == MW_OK)
                out++;
        }
    }
    for (int i = 0; i < 2048; i++) {
        mw_hdlc_frame f;
        mw_hdlc_deframer_silence(&d);
        while (mw_hdlc_deframer_pull(&d, &f) == MW_OK)
            out++;
    }
    MW_CHECK(whole > 1500);
    MW_CHECK_EQ(out, whole);
}

MW_TEST(flags_inside_and_lengths_beyond_the_memory) {
    uint8_t b[MW_HDLC_FRAME_MAX], memory[512];
    mw_slice v = mw_test_hex(vectors[0].hex), big = long_frame(b, 900);
    mw_hdlc_deframer d;
    mw_hdlc_frame f;
    mw_hdlc_deframer_init(&d, MW_SPAN_OF(memory));
    mw_slice fits = {b, 0};
    for (size_t at = 0; at < big.n;) {
        at += mw_hdlc_deframer_push(&d, mw_slice_sub(big, at, big.n - at));
        MW_CHECK_STATUS(mw_hdlc_deframer_pull(&d, &f), MW_AGAIN);
    }
    MW_CHECK(d.too_long >= 1); /* and once for each look-alike inside */
    MW_CHECK_EQ(mw_hdlc_deframer_push(&d, v), v.n);
    MW_CHECK_OK(mw_hdlc_deframer_pull(&d, &f));
    fits = long_frame(b, 400);
    MW_CHECK_EQ(mw_hdlc_deframer_push(&d, fits), fits.n);
    MW_CHECK_OK(mw_hdlc_deframer_pull(&d, &f));
    MW_CHECK_EQ(f.information.n, 400);
}

MW_TEST_MAIN(MW_CASE(recorded_frames_decode_and_encode_to_the_same_bytes),
             MW_CASE(damage_is_refused), MW_CASE(addresses_of_one_two_and_four_bytes_round_trip),
             MW_CASE(the_longest_frame_fits_and_one_byte_more_does_not),
             MW_CASE(stream_gives_every_frame_whatever_the_pieces),
             MW_CASE(stream_recovers_from_damage),
             MW_CASE(flags_inside_and_lengths_beyond_the_memory))
