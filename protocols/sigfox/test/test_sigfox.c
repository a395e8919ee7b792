/* SPDX-License-Identifier: Apache-2.0 */
#include "base/prng.h"
#include "protocols/sigfox/sigfox.h"
#include "tests/harness/mw_test.h"

/* Frames published by the renard project for device 004d33db; the key is in its readme. */
static mw_key published_key(void) {
    mw_key key;
    MW_CHECK_OK(mw_key_of_bytes(mw_test_hex("479e4480fd7596d45b0122fd282db3cf"), &key));
    return key;
}

static const char *const published[MW_SIGFOX_COPIES] = {
    "aaaaa35f01a0db334d00abad1deadc32758a",
    "aaaaa5980118806638c0d490d4650527d22d",
    "aaaaa5a301c8edff9e4081465a906b3ee8e8",
};

MW_TEST(published_frames_decode_and_authenticate) {
    mw_key key = published_key();
    for (unsigned c = 0; c < MW_SIGFOX_COPIES; c++) {
        mw_sigfox_uplink u;
        unsigned copy;
        MW_CHECK_OK(mw_sigfox_frame_decode(mw_test_hex(published[c]), true, &u, &copy));
        MW_CHECK_EQ(copy, c);
        MW_CHECK_EQ(u.id, 0x004d33db);
        MW_CHECK_EQ(u.counter, 0x1a0);
        MW_CHECK(!u.listens && !u.one_bit);
        MW_CHECK_BYTES(((mw_slice){u.payload, u.payload_bytes}), "\xab\xad\x1d\xea", 4);
        MW_CHECK_OK(mw_sigfox_verify(&u, &key));
        u.payload[0] ^= 1;
        MW_CHECK_STATUS(mw_sigfox_verify(&u, &key), MW_AUTH);
    }
}

MW_TEST(published_frames_are_reproduced_bit_by_bit) {
    mw_key key = published_key();
    mw_sigfox_uplink u = {.id = 0x004d33db, .counter = 0x1a0, .payload_bytes = 4};
    mw_bytes_copy(u.payload, "\xab\xad\x1d\xea", 4);
    MW_CHECK_OK(mw_sigfox_authenticate(&u, &key));
    for (unsigned c = 0; c < MW_SIGFOX_COPIES; c++) {
        uint8_t frame[MW_SIGFOX_FRAME_MAX];
        size_t n;
        mw_slice expected = mw_test_hex(published[c]);
        MW_CHECK_OK(mw_sigfox_frame_encode(&u, c, MW_SPAN_OF(frame), &n));
        MW_CHECK_BYTES(((mw_slice){frame, n}), expected.p, expected.n);
    }
    mw_sigfox_uplink bit = {
        .id = 0x004d33db, .counter = 0x1a1, .listens = true, .one_bit = true, .bit = true};
    uint8_t frame[MW_SIGFOX_FRAME_MAX];
    size_t n;
    MW_CHECK_OK(mw_sigfox_authenticate(&bit, &key));
    MW_CHECK_OK(mw_sigfox_frame_encode(&bit, 0, MW_SPAN_OF(frame), &n));
    mw_slice expected = mw_test_hex("aaaaa06be1a1db334d0000b0c090");
    MW_CHECK_BYTES(((mw_slice){frame, n}), expected.p, expected.n);
}

/* From recordings of real transmissions, without the preamble; the last nibble is padding here. */
MW_TEST(recorded_frames_decode) {
    static const char *const recorded[] = {"35f0088db334d000000000089b9c3e70",
                                           "59800ee806638c000000000ef0b52ed0",
                                           "5a300aaedff9e4000000000abd7b31e0"};
    for (unsigned c = 0; c < 3; c++) {
        mw_sigfox_uplink u;
        unsigned copy;
        MW_CHECK_OK(mw_sigfox_frame_decode(mw_test_hex(recorded[c]), false, &u, &copy));
        MW_CHECK_EQ(copy, c);
        MW_CHECK_EQ(u.id, 0x004d33db);
        MW_CHECK_EQ(u.counter, 0x088);
        MW_CHECK_EQ(u.payload_bytes, 4);
    }
    mw_sigfox_uplink u;
    unsigned copy;
    MW_CHECK_OK(
        mw_sigfox_frame_decode(mw_test_hex("0d200fb806638c0007f2e79790"), false, &u, &copy));
    MW_CHECK_EQ(copy, 1);
    MW_CHECK_EQ(u.counter, 0x094);
    MW_CHECK_BYTES(((mw_slice){u.payload, u.payload_bytes}), "\x00", 1);
}

MW_TEST(every_length_round_trips_in_every_copy) {
    mw_prng g = mw_prng_of_seed(3);
    mw_key key = published_key();
    for (unsigned length = 0; length <= MW_SIGFOX_PAYLOAD_MAX; length++) {
        mw_sigfox_uplink u = {.id = (uint32_t)mw_prng_u64(&g),
                              .counter = (uint16_t)mw_prng_below(&g, 4096),
                              .payload_bytes = (uint8_t)length};
        for (unsigned i = 0; i < length; i++)
            u.payload[i] = (uint8_t)mw_prng_u64(&g);
        MW_CHECK_OK(mw_sigfox_authenticate(&u, &key));
        for (unsigned c = 0; c < MW_SIGFOX_COPIES; c++) {
            uint8_t frame[MW_SIGFOX_FRAME_MAX];
            size_t n;
            mw_sigfox_uplink back;
            unsigned copy;
            MW_CHECK_OK(mw_sigfox_frame_encode(&u, c, MW_SPAN_OF(frame), &n));
            MW_CHECK_OK(mw_sigfox_frame_decode((mw_slice){frame, n}, true, &back, &copy));
            MW_CHECK_EQ(back.payload_bytes, length);
            MW_CHECK(memcmp(back.payload, u.payload, length) == 0 && back.id == u.id && copy == c);
            MW_CHECK_OK(mw_sigfox_verify(&back, &key));
            frame[5] ^= 0x10;
            MW_CHECK(mw_sigfox_frame_decode((mw_slice){frame, n}, true, &back, &copy) != MW_OK);
            MW_CHECK(mw_sigfox_frame_decode((mw_slice){frame, n - 1}, true, &back, &copy) != MW_OK);
        }
    }
}

static void soften(const uint8_t *content, size_t bits, int16_t *soft) {
    for (size_t i = 0; i < bits; i++)
        soft[i] = (content[i / 8] >> (7 - i % 8) & 1) != 0 ? -100 : 100;
}

/* Any one copy is enough without noise; two thirds of all symbols may be gone when three came. */
MW_TEST(copies_are_decoded_jointly) {
    enum { BYTES = 14, BITS = 8 * BYTES };
    int16_t soft[MW_SIGFOX_COPIES][BITS];
    for (unsigned c = 0; c < MW_SIGFOX_COPIES; c++)
        soften(mw_test_hex(published[c]).p + 4, BITS, soft[c]);
    for (unsigned present = 1; present < 8; present++) {
        const int16_t *given[MW_SIGFOX_COPIES];
        for (unsigned c = 0; c < MW_SIGFOX_COPIES; c++)
            given[c] = (present >> c & 1) != 0 ? soft[c] : NULL;
        uint8_t content[BYTES];
        mw_sigfox_uplink u;
        MW_CHECK_OK(mw_sigfox_join(given, BITS, MW_SPAN_OF(content)));
        MW_CHECK_OK(mw_sigfox_content_decode(MW_SLICE_OF(content), &u));
        MW_CHECK_EQ(u.counter, 0x1a0);
    }
    mw_prng g = mw_prng_of_seed(9);
    for (size_t i = 0; i < BITS; i++) {
        soft[mw_prng_below(&g, 3)][i] = 0; /* an erasure in one copy ... */
        if (i % 12 == 0)
            soft[i % 3][i] = (int16_t)-soft[i % 3][i]; /* ... and now and then an error */
    }
    const int16_t *given[MW_SIGFOX_COPIES] = {soft[0], soft[1], soft[2]};
    uint8_t content[BYTES];
    mw_sigfox_uplink u;
    MW_CHECK_OK(mw_sigfox_join(given, BITS, MW_SPAN_OF(content)));
    MW_CHECK_OK(mw_sigfox_content_decode(MW_SLICE_OF(content), &u));
    const int16_t *none[MW_SIGFOX_COPIES] = {NULL, NULL, NULL};
    MW_CHECK_STATUS(mw_sigfox_join(none, BITS, MW_SPAN_OF(content)), MW_RANGE);
}

MW_TEST(types_are_told_apart) {
    unsigned distance;
    mw_sigfox_type type;
    MW_CHECK_EQ(mw_sigfox_type_nearest(0x35F ^ 0x001, &distance), 0x35F);
    MW_CHECK_EQ(distance, 1);
    MW_CHECK_OK(mw_sigfox_type_of(0x971, &type));
    MW_CHECK_EQ(type.copy, 1);
    MW_CHECK_EQ(type.content_bytes, 22);
    MW_CHECK_STATUS(mw_sigfox_type_of(0x000, &type), MW_NOT_FOUND);
}

MW_TEST_MAIN(MW_CASE(published_frames_decode_and_authenticate),
             MW_CASE(published_frames_are_reproduced_bit_by_bit), MW_CASE(recorded_frames_decode),
             MW_CASE(every_length_round_trips_in_every_copy), MW_CASE(copies_are_decoded_jointly),
             MW_CASE(types_are_told_apart))
