/* SPDX-License-Identifier: Apache-2.0 */
#include "base/prng.h"
#include "protocols/smp/frame.h"
#include "tests/harness/mw_test.h"

static const mw_key key = {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}};

static mw_crypto_ctx context(void) {
    mw_crypto_ctx ctx;
    MW_CHECK_OK(mw_crypto_init(&ctx, &mw_crypto_own, &key));
    return ctx;
}

MW_TEST(frames_round_trip_in_every_form) {
    mw_crypto_ctx ctx = context();
    mw_prng g = mw_prng_of_seed(3);
    static const size_t sizes[] = {13, 29, 61, 255, 0};
    for (unsigned n = 0; n < 400; n++) {
        mw_smp_frame_info info = {
            .direction = n % 2 == 0 ? MW_SMP_UP : MW_SMP_DOWN,
            .address = 1 + (uint32_t)mw_prng_below(&g, MW_SMP_GROUP_FIRST - 1),
            .epoch = (uint32_t)mw_prng_u64(&g),
            .counter = (uint32_t)mw_prng_u64(&g),
            .full = n % 3 == 0,
        };
        if (info.direction == MW_SMP_DOWN && n % 5 == 0)
            info.address |= MW_SMP_GROUP_FIRST;
        size_t size = sizes[n % 5];
        size_t room = mw_smp_frame_room(size != 0 ? size : 40, info.direction, info.full);
        if (room == 0)
            continue;
        uint8_t objects[MW_SMP_FRAME_MAX] = {0}, frame[MW_SMP_FRAME_MAX], back[MW_SMP_FRAME_MAX];
        mw_slice in = {objects, mw_prng_below(&g, room + 1)};
        for (size_t i = 0; i < in.n; i++)
            objects[i] = (uint8_t)mw_prng_u64(&g);
        size_t n_frame;
        MW_CHECK_OK(mw_smp_frame_seal(&ctx, &info, in, size, MW_SPAN_OF(frame), &n_frame));
        if (size != 0)
            MW_CHECK_EQ(n_frame, size);

        mw_smp_header h;
        MW_CHECK_OK(mw_smp_header_decode((mw_slice){frame, n_frame}, info.direction, &h));
        MW_CHECK_EQ(h.address, info.address);
        MW_CHECK_EQ(h.counter_low, info.counter & 0xFFF);
        MW_CHECK_EQ(h.full, info.full);
        MW_CHECK(mw_smp_epoch_matches(&h, info.epoch));
        MW_CHECK(!mw_smp_epoch_matches(&h, info.epoch + 1));
        if (info.full)
            MW_CHECK_EQ(h.counter, info.counter);
        mw_slice opened;
        MW_CHECK_OK(mw_smp_frame_open(&ctx, info.direction, (mw_slice){frame, n_frame}, info.epoch,
                                      info.counter, MW_SPAN_OF(back), &opened));
        MW_CHECK_EQ(opened.n, size != 0 ? room : in.n);
        assert_memory_equal(opened.p, objects, opened.n);
    }
    mw_crypto_fini(&ctx);
}

/* 13, 29 and 61 bytes: what an S, M and L burst have for objects. */
MW_TEST(rooms_are_as_specified) {
    MW_CHECK_EQ(mw_smp_frame_room(13, MW_SMP_UP, false), 3);
    MW_CHECK_EQ(mw_smp_frame_room(29, MW_SMP_UP, false), 19);
    MW_CHECK_EQ(mw_smp_frame_room(29, MW_SMP_UP, true), 16);
    MW_CHECK_EQ(mw_smp_frame_room(61, MW_SMP_UP, false), 51);
    MW_CHECK_EQ(mw_smp_frame_room(29, MW_SMP_DOWN, false), 15);
    MW_CHECK_EQ(mw_smp_frame_room(29, MW_SMP_DOWN, true), 12);
    MW_CHECK_EQ(mw_smp_frame_room(13, MW_SMP_UP, true), 0);
    MW_CHECK_EQ(mw_smp_frame_room(9, MW_SMP_UP, false), 0);
    MW_CHECK_EQ(mw_smp_frame_room(256, MW_SMP_UP, false), 0);
}

/* Every flipped bit and every truncation is refused, header included. */
MW_TEST(damage_is_refused) {
    mw_crypto_ctx ctx = context();
    for (unsigned form = 0; form < 4; form++) {
        mw_smp_frame_info info = {.direction = form < 2 ? MW_SMP_UP : MW_SMP_DOWN,
                                  .address = 0x1234,
                                  .epoch = 5,
                                  .counter = 0x12345,
                                  .full = form % 2 != 0};
        uint8_t frame[29], back[29];
        size_t n;
        MW_CHECK_OK(
            mw_smp_frame_seal(&ctx, &info, mw_test_hex("11 22 33"), 29, MW_SPAN_OF(frame), &n));
        mw_slice opened;
        for (size_t bit = 0; bit < 8 * n; bit++) {
            frame[bit / 8] ^= (uint8_t)(1u << bit % 8);
            mw_status s = mw_smp_frame_open(&ctx, info.direction, (mw_slice){frame, n}, info.epoch,
                                            info.counter, MW_SPAN_OF(back), &opened);
            MW_CHECK(s == MW_AUTH || s == MW_RANGE || s == MW_UNSUPPORTED || s == MW_SHORT);
            frame[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        for (size_t cut = 0; cut < n; cut++) {
            mw_status s = mw_smp_frame_open(&ctx, info.direction, (mw_slice){frame, cut},
                                            info.epoch, info.counter, MW_SPAN_OF(back), &opened);
            MW_CHECK(s == MW_AUTH || s == MW_SHORT);
        }
        MW_CHECK_OK(mw_smp_frame_open(&ctx, info.direction, (mw_slice){frame, n}, info.epoch,
                                      info.counter, MW_SPAN_OF(back), &opened));
    }
    mw_crypto_fini(&ctx);
}

/* Direction, address, epoch, the upper counter bits and the key are all bound by the tag. */
MW_TEST(nothing_opens_in_another_context) {
    mw_crypto_ctx ctx = context();
    mw_smp_frame_info info = {.address = 77, .epoch = 4, .counter = 70000};
    uint8_t frame[29], back[29];
    size_t n;
    mw_slice opened;
    MW_CHECK_OK(mw_smp_frame_seal(&ctx, &info, mw_test_hex("11 22"), 29, MW_SPAN_OF(frame), &n));
    mw_slice f = {frame, n};
    mw_span b = MW_SPAN_OF(back);
    MW_CHECK_OK(mw_smp_frame_open(&ctx, MW_SMP_UP, f, 4, 70000, b, &opened));
    MW_CHECK_STATUS(mw_smp_frame_open(&ctx, MW_SMP_DOWN, f, 4, 70000, b, &opened), MW_AUTH);
    MW_CHECK_STATUS(mw_smp_frame_open(&ctx, MW_SMP_UP, f, 6, 70000, b, &opened), MW_AUTH);
    MW_CHECK_STATUS(mw_smp_frame_open(&ctx, MW_SMP_UP, f, 5, 70000, b, &opened), MW_RANGE);
    MW_CHECK_STATUS(mw_smp_frame_open(&ctx, MW_SMP_UP, f, 4, 70000 + 4096, b, &opened), MW_AUTH);
    MW_CHECK_STATUS(mw_smp_frame_open(&ctx, MW_SMP_UP, f, 4, 70001, b, &opened), MW_RANGE);
    mw_crypto_fini(&ctx);
    mw_key other = key;
    other.b[3] ^= 1;
    MW_CHECK_OK(mw_crypto_init(&ctx, &mw_crypto_openssl, &other));
    MW_CHECK_STATUS(mw_smp_frame_open(&ctx, MW_SMP_UP, f, 4, 70000, b, &opened), MW_AUTH);
    mw_crypto_fini(&ctx);
}

MW_TEST(a_repeat_is_bit_identical) {
    mw_crypto_ctx ctx = context();
    mw_smp_frame_info info = {.address = 77, .counter = 9};
    uint8_t a[61], b[61];
    size_t n;
    MW_CHECK_OK(mw_smp_frame_seal(&ctx, &info, mw_test_hex("AB"), 61, MW_SPAN_OF(a), &n));
    MW_CHECK_OK(mw_smp_frame_seal(&ctx, &info, mw_test_hex("AB"), 61, MW_SPAN_OF(b), &n));
    assert_memory_equal(a, b, sizeof a);
    mw_crypto_fini(&ctx);
}

MW_TEST(addresses_and_sizes_have_limits) {
    mw_crypto_ctx ctx = context();
    uint8_t out[300], objects[256] = {0};
    size_t n;
    mw_smp_frame_info info = {.address = 0};
    mw_slice none = {objects, 0};
    MW_CHECK_STATUS(mw_smp_frame_seal(&ctx, &info, none, 13, MW_SPAN_OF(out), &n), MW_RANGE);
    info.address = MW_SMP_GROUP_FIRST;
    MW_CHECK_STATUS(mw_smp_frame_seal(&ctx, &info, none, 13, MW_SPAN_OF(out), &n), MW_RANGE);
    info.direction = MW_SMP_DOWN;
    MW_CHECK_STATUS(mw_smp_frame_seal(&ctx, &info, none, 13, MW_SPAN_OF(out), &n), MW_SPACE);
    MW_CHECK_OK(mw_smp_frame_seal(&ctx, &info, none, 29, MW_SPAN_OF(out), &n));
    info.address = MW_SMP_GROUP_FIRST - 1;
    info.direction = MW_SMP_UP;
    mw_slice most = {objects, 245}, more = {objects, 246};
    MW_CHECK_OK(mw_smp_frame_seal(&ctx, &info, most, 0, MW_SPAN_OF(out), &n));
    MW_CHECK_EQ(n, MW_SMP_FRAME_MAX);
    MW_CHECK_STATUS(mw_smp_frame_seal(&ctx, &info, more, 0, MW_SPAN_OF(out), &n), MW_RANGE);
    MW_CHECK_STATUS(mw_smp_frame_seal(&ctx, &info, most, 61, MW_SPAN_OF(out), &n), MW_SPACE);
    MW_CHECK_STATUS(mw_smp_frame_seal(&ctx, &info, none, 61, (mw_span){out, 60}, &n), MW_SPACE);
    mw_smp_header h;
    MW_CHECK_STATUS(mw_smp_header_decode((mw_slice){out, 256}, MW_SMP_UP, &h), MW_RANGE);
    mw_crypto_fini(&ctx);
}

/* A group frame never shares a nonce with a frame to one meter, and has its own key. */
MW_TEST(group_frames_stand_apart) {
    MW_CHECK(mw_smp_address_is_group(MW_SMP_GROUP_FIRST));
    MW_CHECK(mw_smp_address_is_group(MW_SMP_GROUP_ALL));
    MW_CHECK(!mw_smp_address_is_group(MW_SMP_GROUP_FIRST - 1));
    mw_smp_header h;
    mw_slice group = mw_test_hex("FF000001 2001 000010 0102030405060708");
    MW_CHECK_STATUS(mw_smp_header_decode(group, MW_SMP_UP, &h), MW_RANGE);
    MW_CHECK_OK(mw_smp_header_decode(group, MW_SMP_DOWN, &h));
    MW_CHECK_EQ(h.counter, 0x1001);
}

MW_TEST(other_versions_and_extensions_are_told_apart) {
    mw_smp_header h;
    MW_CHECK_STATUS(mw_smp_header_decode(mw_test_hex("00000001 8001 01020304"), MW_SMP_UP, &h),
                    MW_UNSUPPORTED);
    MW_CHECK_STATUS(mw_smp_header_decode(mw_test_hex("00000000 0001 01020304"), MW_SMP_UP, &h),
                    MW_RANGE);
    MW_CHECK_STATUS(mw_smp_header_decode(mw_test_hex("00000001 00"), MW_SMP_UP, &h), MW_SHORT);
    MW_CHECK_STATUS(mw_smp_header_decode(mw_test_hex("00000001 0001 010203"), MW_SMP_UP, &h),
                    MW_SHORT);
    MW_CHECK_OK(mw_smp_header_decode(mw_test_hex("00000001 0001 01020304"), MW_SMP_UP, &h));
    MW_CHECK_EQ(h.size, 6);
    MW_CHECK_OK(mw_smp_header_decode(mw_test_hex("00000001 4001 52 AABB 01020304"), MW_SMP_UP, &h));
    MW_CHECK_EQ(h.extension_kind, 5);
    MW_CHECK_BYTES(h.extension, "\xAA\xBB", 2);
    MW_CHECK_EQ(h.size, 9);
    MW_CHECK_STATUS(
        mw_smp_header_decode(mw_test_hex("00000001 4001 D2 AABB 01020304"), MW_SMP_UP, &h),
        MW_UNSUPPORTED);
    MW_CHECK_STATUS(
        mw_smp_header_decode(mw_test_hex("00000001 4001 5F AABB 01020304"), MW_SMP_UP, &h),
        MW_SHORT);
    MW_CHECK_OK(
        mw_smp_header_decode(mw_test_hex("00000001 7FFF 12345A 00 01020304"), MW_SMP_UP, &h));
    MW_CHECK_EQ(h.counter, 0x12345FFF);
    MW_CHECK_EQ(h.epoch_low, 0x15);
    MW_CHECK_EQ(h.epoch_bits, 5);
}

MW_TEST(counters_resolve_within_the_window) {
    static const struct {
        uint32_t newest;
        uint16_t low;
        mw_status status;
        uint32_t counter;
    } cases[] = {
        {0, 0, MW_OK, 0},
        {0, 1, MW_OK, 1},
        {0, 4095, MW_OK, 4095},
        {1022, 1023, MW_OK, 1023},
        {1022, 0, MW_OK, 0},
        {1023, 0, MW_OK, 0},
        {1024, 0, MW_OK, 4096}, /* 1024 behind is 3072 ahead */
        {1024, 1, MW_OK, 1},
        {5000, 5000 & 0xFFF, MW_OK, 5000},
        {5000, 4999 & 0xFFF, MW_OK, 4999},
        {5000, (5000 - 1023) & 0xFFF, MW_OK, 5000 - 1023},
        {5000, (5000 - 1024) & 0xFFF, MW_OK, 5000 + 3072},
        {5000, (5000 + 3072) & 0xFFF, MW_OK, 5000 + 3072},
        {5000, (5000 + 3073) & 0xFFF, MW_OK, 5000 - 1023},
        {UINT32_MAX, 0xFFF, MW_OK, UINT32_MAX},
        {UINT32_MAX, 0xFFE, MW_OK, UINT32_MAX - 1},
        {UINT32_MAX, 0, MW_RANGE, 0},
        {UINT32_MAX - 10, 0xFFF, MW_OK, UINT32_MAX},
        {7, 4096, MW_RANGE, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint32_t counter = 0xABCD;
        mw_status s = mw_smp_counter_resolve(cases[i].low, cases[i].newest, &counter);
        MW_CHECK_STATUS(s, cases[i].status);
        MW_CHECK_EQ(counter, s == MW_OK ? cases[i].counter : 0xABCD);
    }
    mw_prng g = mw_prng_of_seed(5);
    for (int i = 0; i < 20000; i++) {
        uint32_t newest = 1023 + (uint32_t)mw_prng_below(&g, UINT32_MAX - 5000);
        uint32_t sent = newest - 1023 + (uint32_t)mw_prng_below(&g, 4096), counter;
        MW_CHECK_OK(mw_smp_counter_resolve(sent & 0xFFF, newest, &counter));
        MW_CHECK_EQ(counter, sent);
    }
}

MW_TEST_MAIN(MW_CASE(frames_round_trip_in_every_form), MW_CASE(rooms_are_as_specified),
             MW_CASE(damage_is_refused), MW_CASE(nothing_opens_in_another_context),
             MW_CASE(a_repeat_is_bit_identical), MW_CASE(addresses_and_sizes_have_limits),
             MW_CASE(group_frames_stand_apart),
             MW_CASE(other_versions_and_extensions_are_told_apart),
             MW_CASE(counters_resolve_within_the_window))
