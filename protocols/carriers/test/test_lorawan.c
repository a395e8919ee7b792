/* SPDX-License-Identifier: Apache-2.0 */
#include "base/prng.h"
#include "protocols/carriers/lorawan.h"
#include "tests/harness/mw_test.h"

static mw_lorawan_keys keys_of(const char *network, const char *application) {
    mw_lorawan_keys k;
    MW_CHECK_OK(mw_key_of_bytes(mw_test_hex(network), &k.network));
    MW_CHECK_OK(mw_key_of_bytes(mw_test_hex(application), &k.application));
    return k;
}

/* A frame that circulates as an example of an independent decoder. */
MW_TEST(a_published_frame_decodes_and_encodes) {
    mw_lorawan_keys k =
        keys_of("44024241ed4ce9a68c6a8bc055233fd3", "ec925802ae430ca77fd3dd73cb2cc588");
    mw_slice frame = mw_test_hex("40f17dbe4900020001954378762b11ff0d");
    uint8_t memory[MW_LORAWAN_PAYLOAD_MAX], out[MW_LORAWAN_MAX];
    mw_lorawan_data d;
    size_t n;
    MW_CHECK_OK(mw_lorawan_decode(frame, &k, 0, MW_SPAN_OF(memory), &d));
    MW_CHECK_EQ(d.address, 0x49be7df1);
    MW_CHECK_EQ(d.counter, 2);
    MW_CHECK_EQ(d.port, 1);
    MW_CHECK(!d.down && !d.confirmed);
    MW_CHECK_BYTES(d.payload, "test", 4);
    MW_CHECK_OK(mw_lorawan_encode(&d, &k, MW_SPAN_OF(out), &n));
    MW_CHECK_BYTES(((mw_slice){out, n}), frame.p, frame.n);
}

MW_TEST(frames_come_back_and_one_wrong_bit_is_refused) {
    mw_prng g = mw_prng_of_seed(3);
    mw_lorawan_keys k =
        keys_of("000102030405060708090a0b0c0d0e0f", "101112131415161718191a1b1c1d1e1f");
    for (unsigned round = 0; round < 1000; round++) {
        uint8_t body[MW_LORAWAN_PAYLOAD_MAX], options[MW_LORAWAN_OPTIONS_MAX] = {7, 8, 9};
        uint8_t out[MW_LORAWAN_MAX], memory[MW_LORAWAN_PAYLOAD_MAX];
        size_t n;
        for (size_t i = 0; i < sizeof body; i++)
            body[i] = (uint8_t)mw_prng_u64(&g);
        mw_lorawan_data d = {.down = round % 3 == 0,
                             .confirmed = round % 2 == 0,
                             .address = (uint32_t)mw_prng_u64(&g),
                             .control = 0x80,
                             .counter = (uint32_t)mw_prng_u64(&g),
                             .any_port = true,
                             .port = MW_LORAWAN_PORT,
                             .options = {options, mw_prng_below(&g, 16)},
                             .payload = {body, mw_prng_below(&g, MW_LORAWAN_PAYLOAD_MAX + 1)}};
        MW_CHECK_OK(mw_lorawan_encode(&d, &k, MW_SPAN_OF(out), &n));
        MW_CHECK_EQ(n, MW_LORAWAN_OVERHEAD + d.options.n + d.payload.n);
        uint32_t behind = (uint32_t)mw_prng_below(&g, 60000);
        uint32_t expected = d.counter > behind ? d.counter - behind : d.counter;
        mw_lorawan_data back;
        MW_CHECK_OK(mw_lorawan_decode((mw_slice){out, n}, &k, expected, MW_SPAN_OF(memory), &back));
        MW_CHECK_EQ(back.counter, d.counter);
        MW_CHECK_EQ(back.port, MW_LORAWAN_PORT);
        MW_CHECK(mw_slice_equal(back.payload, d.payload));
        MW_CHECK(mw_slice_equal(back.options, d.options));
        size_t bit = mw_prng_below(&g, (n - 1) * 8) + 8; /* the first byte says the type */
        out[bit / 8] ^= (uint8_t)(1u << bit % 8);
        mw_status s =
            mw_lorawan_decode((mw_slice){out, n}, &k, expected, MW_SPAN_OF(memory), &back);
        MW_CHECK(s == MW_AUTH || s == MW_SHORT || s == MW_RANGE);
    }
}

MW_TEST(what_is_no_data_frame_is_refused) {
    mw_lorawan_keys k = {0};
    uint8_t in[23] = {0}, memory[8];
    mw_lorawan_data d;
    MW_CHECK_STATUS(mw_lorawan_decode(MW_SLICE_OF(in), &k, 0, MW_SPAN_OF(memory), &d),
                    MW_UNSUPPORTED); /* a join request */
    in[0] = 0x41;
    MW_CHECK_STATUS(mw_lorawan_decode(MW_SLICE_OF(in), &k, 0, MW_SPAN_OF(memory), &d),
                    MW_UNSUPPORTED); /* another major version */
    in[0] = 0x40;
    MW_CHECK_STATUS(mw_lorawan_decode((mw_slice){in, 11}, &k, 0, MW_SPAN_OF(memory), &d), MW_SHORT);
    in[5] = 0x0F; /* more options than there are bytes */
    MW_CHECK_STATUS(mw_lorawan_decode((mw_slice){in, 14}, &k, 0, MW_SPAN_OF(memory), &d), MW_SHORT);
}

/* Against the calculator's table for 51 bytes of application payload, explicit header, CR 4/5. */
MW_TEST(airtime_follows_the_formula) {
    MW_CHECK_EQ(mw_lorawan_airtime_ms(12, 13 + 51), 2794);
    MW_CHECK_EQ(mw_lorawan_airtime_ms(7, 13 + 51), 119);
    MW_CHECK_EQ(mw_lorawan_room(0), 51);
    MW_CHECK_EQ(mw_lorawan_room(3), 115);
}

MW_TEST_MAIN(MW_CASE(a_published_frame_decodes_and_encodes),
             MW_CASE(frames_come_back_and_one_wrong_bit_is_refused),
             MW_CASE(what_is_no_data_frame_is_refused), MW_CASE(airtime_follows_the_formula))
