/* SPDX-License-Identifier: Apache-2.0 */
#include "base/prng.h"
#include "protocols/polar/polar.h"
#include "tests/harness/mw_test.h"

/* (16, 8): the information set is no threshold of reliability, on purpose. */
static const mw_polar_code odd = {4, {0x13, 0xAF}};
/* (16, 5): the Reed-Muller code, which a list of 32 holds whole. */
static const mw_polar_code small = {4, {0x01, 0x17}};
static mw_polar_decoder decoder;

static unsigned bit_of(const uint8_t *bits, unsigned i) {
    return bits[i / 8] >> (7 - i % 8) & 1u;
}

MW_TEST(transform_is_its_own_inverse) {
    mw_prng g = mw_prng_of_seed(1);
    uint8_t bits[32], was[32];
    for (size_t n = 1; n <= sizeof bits; n *= 2) {
        for (size_t i = 0; i < n; i++)
            was[i] = bits[i] = (uint8_t)mw_prng_u64(&g);
        mw_polar_transform(bits, n);
        mw_polar_transform(bits, n);
        MW_CHECK_BYTES(((mw_slice){bits, n}), was, n);
    }
    uint8_t last[2] = {0x00, 0x01};
    mw_polar_transform(last, sizeof last);
    MW_CHECK_BYTES(MW_SLICE_OF(last), "\xff\xff", 2);
}

MW_TEST(completed_words_show_the_message_and_keep_frozen_inputs_zero) {
    for (unsigned m = 0; m < 256; m++) {
        uint8_t message = (uint8_t)m, back, bits[2];
        mw_polar_spread(&odd, (mw_slice){&message, 1}, bits);
        mw_polar_complete(&odd, bits);
        mw_polar_gather(&odd, bits, (mw_span){&back, 1});
        MW_CHECK_EQ(back, message);
        mw_polar_transform(bits, 2);
        for (unsigned i = 0; i < 16; i++)
            MW_CHECK(mw_polar_is_info(&odd, i) || bit_of(bits, i) == 0);
    }
}

static int32_t agreement(const uint8_t *inputs, const int16_t *soft) {
    uint8_t word[2] = {inputs[0], inputs[1]};
    mw_polar_transform(word, 2);
    int32_t sum = 0;
    for (unsigned i = 0; i < 16; i++)
        sum += bit_of(word, i) != 0 ? -soft[i] : soft[i];
    return sum;
}

/* On pure noise, with a list that holds every word. */
MW_TEST(candidates_come_in_the_order_of_likelihood) {
    mw_prng g = mw_prng_of_seed(2);
    for (unsigned round = 0; round < 200; round++) {
        int16_t soft[16]; /* with a mean magnitude of 16, which the decoder need not scale */
        for (unsigned i = 0; i < 16; i += 2) {
            int by = (int)mw_prng_below(&g, 17);
            soft[i] = (int16_t)(mw_prng_below(&g, 2) != 0 ? 16 + by : -16 - by);
            soft[i + 1] = (int16_t)(mw_prng_below(&g, 2) != 0 ? 16 - by : by - 16);
        }
        int32_t best = INT32_MIN;
        for (unsigned m = 0; m < 256; m += 8) {
            uint8_t message = (uint8_t)m, inputs[2];
            mw_polar_spread(&small, (mw_slice){&message, 1}, inputs);
            int32_t a = agreement(inputs, soft);
            best = a > best ? a : best;
        }
        uint8_t inputs[2];
        unsigned candidates = 0;
        int32_t last = INT32_MAX;
        MW_CHECK_OK(mw_polar_decode(&decoder, &small, 32, soft, 16));
        while (mw_polar_next(&decoder, inputs)) {
            int32_t a = agreement(inputs, soft);
            MW_CHECK(a <= last);
            MW_CHECK(candidates > 0 || a == best);
            last = a;
            candidates++;
        }
        MW_CHECK_EQ(candidates, 32);
    }
}

MW_TEST(known_bits_are_believed) {
    uint8_t message = 0xC5, word[2], inputs[2], back;
    int16_t soft[16];
    mw_polar_spread(&odd, (mw_slice){&message, 1}, word);
    mw_polar_complete(&odd, word);
    for (unsigned i = 0; i < 16; i++) {
        int16_t sign = bit_of(word, i) != 0 ? -1 : 1;
        soft[i] = (int16_t)(i == 3 ? -sign : i < 4 ? sign : sign * MW_POLAR_KNOWN);
    }
    MW_CHECK_OK(mw_polar_decode(&decoder, &odd, 8, soft, 16));
    MW_CHECK(mw_polar_next(&decoder, inputs));
    mw_polar_transform(inputs, 2);
    mw_polar_gather(&odd, inputs, (mw_span){&back, 1});
    MW_CHECK_EQ(back, message);
}

MW_TEST(wrong_calls_are_refused) {
    int16_t soft[16] = {0};
    uint8_t inputs[2];
    MW_CHECK_STATUS(mw_polar_decode(&decoder, &odd, 8, soft, 16), MW_CHECKSUM);
    MW_CHECK(!mw_polar_next(&decoder, inputs));
    soft[0] = 1;
    MW_CHECK_STATUS(mw_polar_decode(&decoder, &odd, 0, soft, 16), MW_RANGE);
    MW_CHECK_STATUS(mw_polar_decode(&decoder, &odd, 33, soft, 16), MW_RANGE);
    MW_CHECK_STATUS(mw_polar_decode(&decoder, &odd, 8, soft, 15), MW_RANGE);
    soft[1] = INT16_MIN;
    MW_CHECK_OK(mw_polar_decode(&decoder, &odd, 1, soft, 16));
}

MW_TEST_MAIN(MW_CASE(transform_is_its_own_inverse),
             MW_CASE(completed_words_show_the_message_and_keep_frozen_inputs_zero),
             MW_CASE(candidates_come_in_the_order_of_likelihood), MW_CASE(known_bits_are_believed),
             MW_CASE(wrong_calls_are_refused))
