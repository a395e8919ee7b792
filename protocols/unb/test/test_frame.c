/* SPDX-License-Identifier: Apache-2.0 */
#include "base/prng.h"
#include "protocols/unb/polar.h"
#include "protocols/unb/unb.h"
#include "tests/harness/mw_test.h"

MW_TEST(layouts_add_up) {
    for (unsigned s = 0; s < MW_UNB_SIZE_COUNT; s++) {
        const mw_unb_layout *l = mw_unb_layout_of((mw_unb_size)s);
        MW_CHECK_EQ(l->info_bits, (l->payload_bytes + MW_UNB_CRC_BYTES) * 8);
        MW_CHECK_EQ(l->code_bits, 2 * l->info_bits);
        MW_CHECK_EQ(l->pilots, l->code_bits / MW_UNB_GROUP_DATA);
        MW_CHECK_EQ(l->symbols, MW_UNB_SYNC_SYMBOLS + l->code_bits + l->pilots);
        MW_CHECK(l->symbols <= MW_UNB_SYMBOLS_MAX);
        mw_unb_size size;
        MW_CHECK_OK(mw_unb_size_for(l->payload_bytes, &size));
        MW_CHECK_EQ(size, s);
        MW_CHECK_OK(mw_unb_size_of_name(mw_slice_of_str(mw_unb_size_name(size)), &size));
        MW_CHECK_EQ(size, s);
    }
    mw_unb_size size;
    MW_CHECK_STATUS(mw_unb_size_for(62, &size), MW_RANGE);
    MW_CHECK_STATUS(mw_unb_size_of_name(mw_slice_of_str("X"), &size), MW_NOT_FOUND);
}

MW_TEST(rates_are_eight_apart) {
    MW_CHECK_EQ(mw_unb_rate_bd(MW_UNB_R0), 50);
    MW_CHECK_EQ(mw_unb_rate_bd(MW_UNB_R1), 400);
    MW_CHECK_EQ(mw_unb_rate_bd(MW_UNB_R2), 3200);
    MW_CHECK(!mw_unb_allowed(MW_UNB_R0, MW_UNB_L));
    MW_CHECK(mw_unb_allowed(MW_UNB_R0, MW_UNB_M) && mw_unb_allowed(MW_UNB_R1, MW_UNB_L));
    mw_unb_rate rate;
    MW_CHECK_OK(mw_unb_rate_of_name(mw_slice_of_str("R2"), &rate));
    MW_CHECK_EQ(rate, MW_UNB_R2);
    MW_CHECK_STATUS(mw_unb_rate_of_name(mw_slice_of_str("R3"), &rate), MW_NOT_FOUND);
    MW_CHECK_EQ(mw_unb_airtime(MW_UNB_R1, MW_UNB_M).ns, 615 * MW_NS_PER_S / 400);
}

/* Sync, pilots and code bits fill every symbol of a frame exactly once. */
MW_TEST(every_symbol_has_one_owner) {
    for (unsigned s = 0; s < MW_UNB_SIZE_COUNT; s++) {
        const mw_unb_layout *l = mw_unb_layout_of((mw_unb_size)s);
        uint8_t owners[MW_UNB_SYMBOLS_MAX] = {0};
        for (unsigned i = 0; i < MW_UNB_SYNC_SYMBOLS; i++)
            owners[i]++;
        for (unsigned i = 0; i < l->pilots; i++)
            owners[mw_unb_pilot_at(i)]++;
        for (unsigned i = 0; i < l->code_bits; i++)
            owners[mw_unb_code_at((mw_unb_size)s, i)]++;
        for (unsigned i = 0; i < l->symbols; i++)
            MW_CHECK_EQ(owners[i], 1);
    }
}

/* The rule of the header in floating point, by counting instead of by a threshold. */
MW_TEST(information_positions_are_the_heaviest) {
    static const double beta[10] = {1.0, 1.189207115002721, 1.4142135623730951, 1.681792830507429,
                                    2.0, 2.378414230005442, 2.8284271247461903, 3.363585661014858,
                                    4.0, 4.756828460010884};
    for (unsigned s = 0; s < MW_UNB_SIZE_COUNT; s++) {
        const mw_unb_layout *l = mw_unb_layout_of((mw_unb_size)s);
        double weight[MW_UNB_CODE_BITS_MAX] = {0};
        for (unsigned i = 0; i < l->code_bits; i++)
            for (unsigned j = 0; j < 10; j++)
                weight[i] += (i >> j & 1) != 0 ? beta[j] : 0;
        for (unsigned i = 0; i < l->code_bits; i++) {
            unsigned heavier = 0;
            for (unsigned j = 0; j < l->code_bits; j++)
                heavier += weight[j] > weight[i];
            MW_CHECK_EQ(mw_unb_polar_is_info((mw_unb_size)s, i), heavier < l->info_bits);
        }
    }
}

MW_TEST(transform_is_its_own_inverse_and_matches_its_matrix) {
    mw_prng g = mw_prng_of_seed(3);
    uint8_t u[128], x[128];
    for (size_t i = 0; i < sizeof u; i++)
        u[i] = (uint8_t)mw_prng_u64(&g);
    memcpy(x, u, sizeof x);
    mw_unb_polar_transform(x, sizeof x);
    /* Row i, column j of F^(x m) is 1 exactly when j is a submask of i. */
    for (unsigned j = 0; j < 1024; j++) {
        unsigned bit = 0;
        for (unsigned i = 0; i < 1024; i++)
            bit ^= (i & j) == j ? (unsigned)(u[i / 8] >> (7 - i % 8)) & 1 : 0;
        MW_CHECK_EQ(x[j / 8] >> (7 - j % 8) & 1, bit);
    }
    mw_unb_polar_transform(x, sizeof x);
    assert_memory_equal(x, u, sizeof u);
}

/* The whitening table is the sequence its comment names; the codeword of silence shows it, since
 * all-zero information would otherwise be sent as itself. */
MW_TEST(whitening_is_the_shift_register) {
    unsigned state[9] = {1, 1, 1, 1, 1, 1, 1, 1, 1};
    unsigned expected[MW_UNB_CODE_BITS_MAX];
    for (unsigned i = 0; i < MW_UNB_CODE_BITS_MAX; i++) {
        expected[i] = state[8];
        unsigned fed = state[8] ^ state[4];
        memmove(state + 1, state, 8 * sizeof state[0]);
        state[0] = fed;
    }
    for (unsigned s = 0; s < MW_UNB_SIZE_COUNT; s++) {
        const mw_unb_layout *l = mw_unb_layout_of((mw_unb_size)s);
        for (unsigned i = 0; i < l->code_bits; i++) {
            unsigned at = mw_unb_code_at((mw_unb_size)s, i) - MW_UNB_SYNC_SYMBOLS;
            MW_CHECK_EQ(mw_unb_code_whitening((mw_unb_size)s, i), expected[at - at / 16]);
        }
    }
}

/* Undoing each step by hand gives payload and check back. */
MW_TEST(encoded_frames_contain_their_payload) {
    mw_prng g = mw_prng_of_seed(4);
    for (unsigned s = 0; s < MW_UNB_SIZE_COUNT; s++) {
        mw_unb_size size = (mw_unb_size)s;
        const mw_unb_layout *l = mw_unb_layout_of(size);
        uint8_t payload[MW_UNB_PAYLOAD_MAX];
        for (size_t i = 0; i < sizeof payload; i++)
            payload[i] = (uint8_t)mw_prng_u64(&g);
        mw_unb_frame f;
        MW_CHECK_OK(mw_unb_frame_encode(size, (mw_slice){payload, l->payload_bytes}, &f));
        MW_CHECK_EQ(f.symbols, l->symbols);
        for (unsigned i = 0; i < MW_UNB_SYNC_SYMBOLS; i++)
            MW_CHECK_EQ(mw_unb_frame_bit(&f, i), mw_unb_sync_word() >> (63 - i) & 1);
        for (unsigned i = 0; i < l->pilots; i++)
            MW_CHECK_EQ(mw_unb_frame_bit(&f, 79 + 16 * i), mw_unb_pilot_bit(size, i));
        uint8_t code[128] = {0};
        for (unsigned i = 0; i < l->code_bits; i++)
            code[i / 8] |= (uint8_t)((mw_unb_frame_bit(&f, mw_unb_code_at(size, i)) ^
                                      mw_unb_code_whitening(size, i))
                                     << (7 - i % 8));
        mw_unb_polar_transform(code, l->code_bits / 8u);
        uint8_t info[64] = {0};
        unsigned taken = 0;
        for (unsigned i = 0; i < l->code_bits; i++) {
            unsigned bit = (unsigned)(code[i / 8] >> (7 - i % 8)) & 1;
            if (mw_unb_polar_is_info(size, i)) {
                info[taken / 8] |= (uint8_t)(bit << (7 - taken % 8));
                taken++;
            } else {
                MW_CHECK_EQ(bit, 0);
            }
        }
        assert_memory_equal(info, payload, l->payload_bytes);
        MW_CHECK(mw_unb_check_ok((mw_slice){info, l->info_bits / 8u}));
        info[3] ^= 0x10;
        MW_CHECK(!mw_unb_check_ok((mw_slice){info, l->info_bits / 8u}));
        /* Differential modulators integrate the turns and send the same phases. */
        unsigned phase = 0;
        for (unsigned i = 0; i < f.symbols; i++) {
            phase ^= mw_unb_frame_turn(&f, i);
            MW_CHECK_EQ(phase, mw_unb_frame_bit(&f, i));
        }
    }
}

MW_TEST(wrong_lengths_are_refused) {
    uint8_t payload[MW_UNB_PAYLOAD_MAX + 1] = {0};
    mw_unb_frame f;
    MW_CHECK_STATUS(mw_unb_frame_encode(MW_UNB_S, (mw_slice){payload, 12}, &f), MW_RANGE);
    MW_CHECK_STATUS(mw_unb_frame_encode(MW_UNB_M, (mw_slice){payload, 30}, &f), MW_RANGE);
    MW_CHECK_STATUS(mw_unb_frame_encode(MW_UNB_L, (mw_slice){payload, 62}, &f), MW_RANGE);
    MW_CHECK_STATUS(mw_unb_frame_encode(MW_UNB_SIZE_COUNT, (mw_slice){payload, 13}, &f), MW_RANGE);
}

/* Silence must not look like a frame: neither all-zero nor all-one soft bits are a codeword. */
MW_TEST(silence_is_not_valid) {
    uint8_t zero[64] = {0};
    for (unsigned s = 0; s < MW_UNB_SIZE_COUNT; s++)
        MW_CHECK(
            !mw_unb_check_ok((mw_slice){zero, mw_unb_layout_of((mw_unb_size)s)->info_bits / 8u}));
}

MW_TEST_MAIN(MW_CASE(layouts_add_up), MW_CASE(rates_are_eight_apart),
             MW_CASE(every_symbol_has_one_owner), MW_CASE(information_positions_are_the_heaviest),
             MW_CASE(transform_is_its_own_inverse_and_matches_its_matrix),
             MW_CASE(whitening_is_the_shift_register),
             MW_CASE(encoded_frames_contain_their_payload), MW_CASE(wrong_lengths_are_refused),
             MW_CASE(silence_is_not_valid))
