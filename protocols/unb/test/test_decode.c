/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "base/prng.h"
#include "protocols/unb/decode.h"
#include "tests/harness/mw_test.h"

static mw_unb_decoder decoder;

static double uniform(mw_prng *g) {
    return ((double)(mw_prng_u64(g) >> 11) + 0.5) * 0x1p-53;
}

static double gauss(mw_prng *g) {
    return sqrt(-2 * log(uniform(g))) * cos(2 * M_PI * uniform(g));
}

static mw_slice random_payload(mw_prng *g, mw_unb_size size, uint8_t *memory) {
    mw_slice s = {memory, mw_unb_layout_of(size)->payload_bytes};
    for (size_t i = 0; i < s.n; i++)
        memory[i] = (uint8_t)mw_prng_u64(g);
    return s;
}

/* Sends a frame through white noise of the given Es/N0 and quantises: amplitude 24. */
static void receive(mw_prng *g, const mw_unb_frame *f, double esn0_db, int8_t *soft) {
    double sigma = sqrt(0.5 * pow(10, -esn0_db / 10));
    for (unsigned i = 0; i < f->symbols; i++) {
        double v = 24 * (1 - 2.0 * mw_unb_frame_bit(f, i) + sigma * gauss(g));
        soft[i] = (int8_t)lrint(fmax(-127, fmin(127, v)));
    }
}

MW_TEST(state_is_small) {
    print_message("decoder state %zu bytes\n", sizeof decoder);
    MW_CHECK(sizeof decoder <= 16384);
}

MW_TEST(clean_frames_round_trip) {
    mw_prng g = mw_prng_of_seed(1);
    for (unsigned s = 0; s < MW_UNB_SIZE_COUNT; s++) {
        for (unsigned round = 0; round < 20; round++) {
            uint8_t memory[MW_UNB_PAYLOAD_MAX], back[MW_UNB_PAYLOAD_MAX];
            int8_t soft[MW_UNB_SYMBOLS_MAX];
            mw_unb_frame f;
            mw_slice payload = random_payload(&g, (mw_unb_size)s, memory);
            MW_CHECK_OK(mw_unb_frame_encode((mw_unb_size)s, payload, &f));
            /* Any scale will do, also the extremes of the type. */
            int8_t strength = round == 0 ? 1 : (round == 1 ? 127 : (int8_t)(5 * round));
            for (unsigned i = 0; i < f.symbols; i++)
                soft[i] = mw_unb_frame_bit(&f, i) != 0 ? (int8_t)-strength : strength;
            MW_CHECK_OK(mw_unb_decode(&decoder, (mw_unb_size)s, soft, f.symbols,
                                      (mw_span){back, payload.n}));
            MW_CHECK_BYTES(((mw_slice){back, payload.n}), payload.p, payload.n);
            MW_CHECK_EQ(mw_unb_size_by_pilots(soft), s);
        }
    }
}

/* Es/N0 0 dB turns 8 % of the symbols over; at -5 dB a rate-1/2 code must fail and say so. */
MW_TEST(noise_is_corrected_and_failure_is_told) {
    mw_prng g = mw_prng_of_seed(2);
    for (unsigned s = 0; s < MW_UNB_SIZE_COUNT; s++) {
        unsigned lost = 0, refused = 0, wrong_size = 0, turned = 0;
        for (unsigned round = 0; round < 60; round++) {
            uint8_t memory[MW_UNB_PAYLOAD_MAX], back[MW_UNB_PAYLOAD_MAX];
            int8_t soft[MW_UNB_SYMBOLS_MAX];
            mw_unb_frame f;
            mw_slice payload = random_payload(&g, (mw_unb_size)s, memory);
            MW_CHECK_OK(mw_unb_frame_encode((mw_unb_size)s, payload, &f));
            receive(&g, &f, 0, soft);
            for (unsigned i = 0; i < f.symbols; i++)
                turned += (soft[i] < 0) != (mw_unb_frame_bit(&f, i) != 0);
            wrong_size += mw_unb_size_by_pilots(soft) != (mw_unb_size)s;
            mw_status status = mw_unb_decode(&decoder, (mw_unb_size)s, soft, f.symbols,
                                             (mw_span){back, payload.n});
            lost += status != MW_OK;
            if (status == MW_OK)
                MW_CHECK_BYTES(((mw_slice){back, payload.n}), payload.p, payload.n);
            receive(&g, &f, -5, soft);
            refused += mw_unb_decode(&decoder, (mw_unb_size)s, soft, f.symbols,
                                     (mw_span){back, payload.n}) == MW_CHECKSUM;
        }
        print_message("size %s: %u symbols turned, %u of 60 lost\n",
                      mw_unb_size_name((mw_unb_size)s), turned, lost);
        MW_CHECK(turned > 60 * 20);
        MW_CHECK(lost <= 1);
        MW_CHECK(wrong_size <= 1);
        MW_CHECK_EQ(refused, 60);
    }
}

/* A tenth of a strong frame wiped out by a burst: the permutation spreads it. */
MW_TEST(bursts_are_survived) {
    mw_prng g = mw_prng_of_seed(3);
    unsigned lost = 0;
    for (unsigned round = 0; round < 60; round++) {
        mw_unb_size size = (mw_unb_size)(round % MW_UNB_SIZE_COUNT);
        uint8_t memory[MW_UNB_PAYLOAD_MAX], back[MW_UNB_PAYLOAD_MAX];
        int8_t soft[MW_UNB_SYMBOLS_MAX];
        mw_unb_frame f;
        mw_slice payload = random_payload(&g, size, memory);
        MW_CHECK_OK(mw_unb_frame_encode(size, payload, &f));
        receive(&g, &f, 4, soft);
        unsigned length = f.symbols / 5u;
        unsigned at = (unsigned)mw_prng_below(&g, f.symbols - length);
        for (unsigned i = at; i < at + length; i++)
            soft[i] = 0;
        lost += mw_unb_decode(&decoder, size, soft, f.symbols, (mw_span){back, payload.n}) != MW_OK;
    }
    print_message("bursts of a fifth: %u of 60 lost\n", lost);
    MW_CHECK(lost <= 1);
}

MW_TEST(bad_arguments_are_refused) {
    int8_t soft[MW_UNB_SYMBOLS_MAX] = {0};
    uint8_t back[MW_UNB_PAYLOAD_MAX];
    mw_span out = MW_SPAN_OF(back);
    MW_CHECK_STATUS(mw_unb_decode(&decoder, MW_UNB_S, soft, 336, out), MW_RANGE);
    MW_CHECK_STATUS(mw_unb_decode(&decoder, MW_UNB_SIZE_COUNT, soft, 337, out), MW_RANGE);
    MW_CHECK_STATUS(mw_unb_decode(&decoder, MW_UNB_S, soft, 337, (mw_span){back, 12}), MW_SPACE);
    /* Nothing received, and a steady carrier of either phase. */
    MW_CHECK_STATUS(mw_unb_decode(&decoder, MW_UNB_S, soft, 337, out), MW_CHECKSUM);
    memset(soft, 50, sizeof soft);
    MW_CHECK_STATUS(mw_unb_decode(&decoder, MW_UNB_S, soft, 337, out), MW_CHECKSUM);
    memset(soft, -128, sizeof soft);
    MW_CHECK_STATUS(mw_unb_decode(&decoder, MW_UNB_L, soft, 1156, out), MW_CHECKSUM);
}

MW_TEST_MAIN(MW_CASE(state_is_small), MW_CASE(clean_frames_round_trip),
             MW_CASE(noise_is_corrected_and_failure_is_told), MW_CASE(bursts_are_survived),
             MW_CASE(bad_arguments_are_refused))
