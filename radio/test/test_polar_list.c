/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "base/prng.h"
#include "protocols/unb/decode.h"
#include "radio/polar_list.h"
#include "tests/harness/mw_test.h"

static double uniform(mw_prng *g) {
    return ((double)(mw_prng_u64(g) >> 11) + 0.5) * 0x1p-53;
}

static double gauss(mw_prng *g) {
    return sqrt(-2 * log(uniform(g))) * cos(2 * M_PI * uniform(g));
}

static void random_frame(mw_prng *g, mw_unb_size size, uint8_t *payload, mw_unb_frame *f) {
    size_t n = mw_unb_layout_of(size)->payload_bytes;
    for (size_t i = 0; i < n; i++)
        payload[i] = (uint8_t)mw_prng_u64(g);
    MW_CHECK_OK(mw_unb_frame_encode(size, (mw_slice){payload, n}, f));
}

static void receive(mw_prng *g, const mw_unb_frame *f, double esn0_db, float *soft) {
    double sigma = sqrt(0.5 * pow(10, -esn0_db / 10));
    for (unsigned i = 0; i < f->symbols; i++)
        soft[i] = (float)(1 - 2.0 * mw_unb_frame_bit(f, i) + sigma * gauss(g));
}

/* Frames lost of `rounds`; a frame that passes must be the one sent. */
static unsigned losses(mw_polar_list *p, mw_unb_size size, unsigned list, double esn0_db,
                       unsigned rounds) {
    mw_prng g = mw_prng_of_seed(11);
    unsigned lost = 0;
    for (unsigned r = 0; r < rounds; r++) {
        uint8_t sent[MW_UNB_PAYLOAD_MAX], back[MW_UNB_PAYLOAD_MAX];
        float soft[MW_UNB_SYMBOLS_MAX];
        mw_unb_frame f;
        random_frame(&g, size, sent, &f);
        receive(&g, &f, esn0_db, soft);
        size_t n = mw_unb_layout_of(size)->payload_bytes;
        mw_status status = mw_polar_list_decode(p, size, list, soft, f.symbols, (mw_span){back, n});
        lost += status != MW_OK;
        if (status == MW_OK)
            MW_CHECK_BYTES(((mw_slice){back, n}), sent, n);
    }
    return lost;
}

MW_TEST(every_list_size_decodes_every_frame_size) {
    mw_polar_list *p = mw_polar_list_new();
    assert_non_null(p);
    for (unsigned s = 0; s < MW_UNB_SIZE_COUNT; s++)
        for (unsigned list = 1; list <= MW_POLAR_LIST_MAX; list++)
            MW_CHECK_EQ(losses(p, (mw_unb_size)s, list, 6, 5), 0);
    mw_polar_list_free(p);
}

/* Lists of 8 lose about 10 % at -1.9 dB and 1 % at -1.2 dB; a longer list loses less. */
MW_TEST(noise_is_corrected_as_far_as_the_code_allows) {
    mw_polar_list *p = mw_polar_list_new();
    assert_non_null(p);
    for (unsigned s = 0; s < MW_UNB_SIZE_COUNT; s++) {
        unsigned at_08 = losses(p, (mw_unb_size)s, 8, -0.8, 200);
        unsigned at_19 = losses(p, (mw_unb_size)s, 8, -1.9, 200);
        unsigned long_19 = losses(p, (mw_unb_size)s, 32, -1.9, 200);
        unsigned single_19 = losses(p, (mw_unb_size)s, 1, -1.9, 200);
        print_message("size %s of 200 lost: -0.8 dB list 8: %u; -1.9 dB lists 1, 8, 32: %u %u %u\n",
                      mw_unb_size_name((mw_unb_size)s), at_08, single_19, at_19, long_19);
        MW_CHECK(at_08 <= 4);
        MW_CHECK(at_19 <= 50);
        MW_CHECK(long_19 <= at_19);
        MW_CHECK(single_19 > at_19);
    }
    mw_polar_list_free(p);
}

/* With all inputs of a node decided in one step the outcome is that of the plain decoder. */
MW_TEST(agrees_with_the_meters_decoder) {
    static mw_unb_decoder meter;
    mw_polar_list *p = mw_polar_list_new();
    assert_non_null(p);
    mw_prng g = mw_prng_of_seed(12);
    unsigned differ = 0;
    for (unsigned r = 0; r < 300; r++) {
        mw_unb_size size = (mw_unb_size)(r % MW_UNB_SIZE_COUNT);
        size_t n = mw_unb_layout_of(size)->payload_bytes;
        uint8_t sent[MW_UNB_PAYLOAD_MAX], a[MW_UNB_PAYLOAD_MAX], b[MW_UNB_PAYLOAD_MAX];
        float soft[MW_UNB_SYMBOLS_MAX];
        int8_t coarse[MW_UNB_SYMBOLS_MAX];
        mw_unb_frame f;
        random_frame(&g, size, sent, &f);
        receive(&g, &f, -1.7, soft);
        for (unsigned i = 0; i < f.symbols; i++)
            coarse[i] = (int8_t)lrintf(fmaxf(-127, fminf(127, soft[i] * 24)));
        mw_status x =
            mw_polar_list_decode(p, size, MW_UNB_DECODER_LIST, soft, f.symbols, (mw_span){a, n});
        mw_status y = mw_unb_decode(&meter, size, coarse, f.symbols, (mw_span){b, n});
        differ += x != y;
        if (x == MW_OK && y == MW_OK)
            MW_CHECK_BYTES(((mw_slice){a, n}), b, n);
    }
    print_message("%u of 300 decided otherwise\n", differ);
    MW_CHECK(differ <= 12);
    mw_polar_list_free(p);
}

/* Two copies, neither of which decodes alone, added symbol by symbol. */
MW_TEST(copies_are_combined_by_adding) {
    mw_polar_list *p = mw_polar_list_new();
    assert_non_null(p);
    mw_prng g = mw_prng_of_seed(13);
    unsigned alone = 0, together = 0;
    for (unsigned r = 0; r < 50; r++) {
        uint8_t sent[MW_UNB_PAYLOAD_MAX], back[MW_UNB_PAYLOAD_MAX];
        float a[MW_UNB_SYMBOLS_MAX], b[MW_UNB_SYMBOLS_MAX];
        mw_unb_frame f;
        random_frame(&g, MW_UNB_M, sent, &f);
        receive(&g, &f, -4, a);
        receive(&g, &f, -4, b);
        alone += mw_polar_list_decode(p, MW_UNB_M, 8, a, f.symbols, MW_SPAN_OF(back)) == MW_OK;
        for (unsigned i = 0; i < f.symbols; i++)
            a[i] += b[i];
        together += mw_polar_list_decode(p, MW_UNB_M, 8, a, f.symbols, MW_SPAN_OF(back)) == MW_OK;
    }
    MW_CHECK(alone <= 2);
    MW_CHECK(together >= 40);
    mw_polar_list_free(p);
}

MW_TEST(odd_input_is_refused) {
    mw_polar_list *p = mw_polar_list_new();
    assert_non_null(p);
    float soft[MW_UNB_SYMBOLS_MAX] = {0};
    uint8_t back[MW_UNB_PAYLOAD_MAX];
    mw_span out = MW_SPAN_OF(back);
    MW_CHECK_STATUS(mw_polar_list_decode(p, MW_UNB_S, 8, soft, 336, out), MW_RANGE);
    MW_CHECK_STATUS(mw_polar_list_decode(p, MW_UNB_S, 0, soft, 337, out), MW_RANGE);
    MW_CHECK_STATUS(mw_polar_list_decode(p, MW_UNB_S, 33, soft, 337, out), MW_RANGE);
    MW_CHECK_STATUS(mw_polar_list_decode(p, MW_UNB_S, 8, soft, 337, (mw_span){back, 12}), MW_SPACE);
    MW_CHECK_STATUS(mw_polar_list_decode(p, MW_UNB_S, 8, soft, 337, out), MW_CHECKSUM);
    for (unsigned i = 0; i < MW_UNB_SYMBOLS_MAX; i++)
        soft[i] = 1e30f;
    MW_CHECK_STATUS(mw_polar_list_decode(p, MW_UNB_L, 32, soft, 1156, out), MW_CHECKSUM);
    soft[70] = INFINITY;
    MW_CHECK_STATUS(mw_polar_list_decode(p, MW_UNB_L, 32, soft, 1156, out), MW_CHECKSUM);
    soft[70] = NAN;
    MW_CHECK_STATUS(mw_polar_list_decode(p, MW_UNB_L, 32, soft, 1156, out), MW_CHECKSUM);
    mw_polar_list_free(p);
}

MW_TEST_MAIN(MW_CASE(every_list_size_decodes_every_frame_size),
             MW_CASE(noise_is_corrected_as_far_as_the_code_allows),
             MW_CASE(agrees_with_the_meters_decoder), MW_CASE(copies_are_combined_by_adding),
             MW_CASE(odd_input_is_refused))
