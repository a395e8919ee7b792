/* SPDX-License-Identifier: Apache-2.0
 *
 * Copies that are added: they are found by their places alone, and nothing wrong comes out of it.
 */
#include "base/prng.h"
#include "radio/chase.h"
#include "tests/harness/mw_test.h"

#include <math.h>
#include <stdlib.h>

static const mw_unb_plan *demo_plan(void) {
    const mw_unb_plan *plan;
    MW_CHECK_OK(mw_unb_plan_find("demo", &plan));
    return plan;
}

static double normal(mw_prng *g) {
    double sum = 0;
    for (int i = 0; i < 12; i++)
        sum += (double)(mw_prng_u64(g) >> 11) / 9007199254740992.0;
    return sum - 6;
}

/* Soft bits of a frame at an Es/N0 (ratio), phase known. */
static void receive(const mw_unb_frame *f, double es_n0, mw_prng *g, float *llr) {
    for (unsigned i = 0; i < f->symbols; i++) {
        double sign = mw_unb_frame_bit(f, i) ? -1 : 1;
        llr[i] = (float)(4 * es_n0 * (sign + normal(g) * sqrt(0.5 / es_n0)));
    }
}

static mw_chase_copy place(uint32_t address, uint32_t counter, unsigned copy, const float *llr) {
    mw_unb_slot slot;
    MW_CHECK_OK(mw_unb_slot_of(demo_plan(), 0, MW_UNB_R1, MW_UNB_M, address, counter, copy, &slot));
    return (mw_chase_copy){.rate = MW_UNB_R1,
                           .size = MW_UNB_M,
                           .at_ns = 5000000000 + slot.start.ns + 100000 * copy,
                           .frequency = {slot.carrier.mhz + 700000 + 900 * copy},
                           .llr = llr};
}

static mw_chase *new_chase(void) {
    mw_chase *c;
    MW_CHECK_OK(mw_chase_new(demo_plan(), 0, 0.65, MW_CHASE_KEPT, &c));
    return c;
}

static void random_frame(mw_prng *g, uint8_t payload[MW_UNB_PAYLOAD_M], mw_unb_frame *f) {
    for (unsigned i = 0; i < MW_UNB_PAYLOAD_M; i++)
        payload[i] = (uint8_t)mw_prng_u64(g);
    MW_CHECK_OK(mw_unb_frame_encode(MW_UNB_M, (mw_slice){payload, MW_UNB_PAYLOAD_M}, f));
}

/* Two copies 1.5 dB below what one needs, three copies 3.5 dB below: the sums decode. */
MW_TEST(two_and_three_copies) {
    mw_prng g = mw_prng_of_seed(7);
    for (unsigned copies = 2; copies <= 3; copies++) {
        unsigned heard = 0;
        for (unsigned trial = 0; trial < 30; trial++) {
            mw_chase *c = new_chase();
            uint8_t payload[MW_UNB_PAYLOAD_M];
            mw_unb_frame f;
            random_frame(&g, payload, &f);
            uint32_t address = (uint32_t)mw_prng_u64(&g), counter = trial;
            for (unsigned k = 0; k < copies; k++) {
                float llr[MW_UNB_SYMBOLS_MAX];
                receive(&f, copies == 2 ? 0.5 : 0.33, &g, llr);
                mw_chase_copy copy = place(address, counter, k, llr);
                mw_chase_frame out;
                if (!mw_chase_add(c, &copy, &out))
                    continue;
                assert_memory_equal(out.payload, payload, sizeof payload);
                MW_CHECK_EQ(out.row, counter % MW_UNB_HOP_ROWS);
                MW_CHECK(out.copies == 2 || out.copies == copies);
                heard++;
                break;
            }
            mw_chase_free(c);
        }
        MW_CHECK(heard >= 27);
    }
}

/* Copies of different frames in places that fit each other, and copies of one frame in places that
 * do not: never a frame. */
MW_TEST(wrong_pairs_give_nothing) {
    mw_prng g = mw_prng_of_seed(8);
    mw_chase *c = new_chase();
    for (unsigned trial = 0; trial < 400; trial++) {
        uint8_t payload[MW_UNB_PAYLOAD_M];
        uint32_t address = (uint32_t)mw_prng_u64(&g);
        for (unsigned k = 0; k < 3; k++) {
            mw_unb_frame f;
            float llr[MW_UNB_SYMBOLS_MAX];
            random_frame(&g, payload, &f);
            receive(&f, 0.4, &g, llr);
            mw_chase_copy copy = place(address, trial, k, llr);
            mw_chase_frame out;
            MW_CHECK(!mw_chase_add(c, &copy, &out));
        }
    }
    MW_CHECK(mw_chase_stats_of(c)->pairs >= 800); /* they were tried */
    MW_CHECK_EQ(mw_chase_stats_of(c)->frames, 0);
    uint64_t before = mw_chase_stats_of(c)->pairs;
    for (unsigned trial = 0; trial < 50; trial++) {
        uint8_t payload[MW_UNB_PAYLOAD_M];
        mw_unb_frame f;
        random_frame(&g, payload, &f);
        for (unsigned k = 0; k < 2; k++) {
            float llr[MW_UNB_SYMBOLS_MAX];
            receive(&f, 0.4, &g, llr);
            mw_chase_copy copy = place(1, 1, k, llr);
            copy.at_ns += (int64_t)(trial * 100 + k * 3) * 1000000000;
            mw_chase_frame out;
            MW_CHECK(!mw_chase_add(c, &copy, &out));
        }
    }
    MW_CHECK_EQ(mw_chase_stats_of(c)->pairs, before);
    mw_chase_free(c);
}

/* A copy that is strong and of another frame carries the CRC alone: the agreement with each copy
 * refuses the sum. */
MW_TEST(each_copy_must_agree) {
    mw_prng g = mw_prng_of_seed(9);
    mw_chase *c = new_chase();
    uint8_t payload[MW_UNB_PAYLOAD_M];
    mw_unb_frame f;
    float strong[MW_UNB_SYMBOLS_MAX], noise[MW_UNB_SYMBOLS_MAX];
    random_frame(&g, payload, &f);
    receive(&f, 4, &g, strong);
    random_frame(&g, payload, &f);
    receive(&f, 0.2, &g, noise);
    mw_chase_copy a = place(9, 3, 0, noise), b = place(9, 3, 1, strong);
    mw_chase_frame out;
    MW_CHECK(!mw_chase_add(c, &a, &out));
    MW_CHECK(!mw_chase_add(c, &b, &out));
    MW_CHECK_EQ(mw_chase_stats_of(c)->refused, 1);
    mw_chase_free(c);
}

/* A full table: the oldest gives way and its copy comes in vain; the memory is what it was. What
 * cannot be paired any more goes first. */
MW_TEST(the_table_is_bounded) {
    mw_prng g = mw_prng_of_seed(10);
    mw_chase *c;
    MW_CHECK_OK(mw_chase_new(demo_plan(), 0, 0.65, 4, &c));
    size_t memory = mw_chase_memory(c);
    uint8_t payload[2][MW_UNB_PAYLOAD_M], other[MW_UNB_PAYLOAD_M];
    mw_unb_frame f[2], noise;
    float llr[MW_UNB_SYMBOLS_MAX];
    mw_chase_frame out;
    for (unsigned i = 0; i < 2; i++) {
        random_frame(&g, payload[i], &f[i]);
        receive(&f[i], 1, &g, llr);
        mw_chase_copy first = place(100 + i, i, 0, llr);
        MW_CHECK(!mw_chase_add(c, &first, &out));
    }
    for (unsigned i = 0; i < 3; i++) { /* one more than the table holds */
        random_frame(&g, other, &noise);
        receive(&noise, 0.4, &g, llr);
        mw_chase_copy stranger = place(1, 7, 0, llr);
        stranger.at_ns += 1000000 * i;
        stranger.frequency.mhz += 900000 * (int64_t)(i + 1);
        MW_CHECK(!mw_chase_add(c, &stranger, &out));
    }
    MW_CHECK_EQ(mw_chase_stats_of(c)->forgot, 1);
    for (unsigned i = 2; i-- > 0;) {
        receive(&f[i], 1, &g, llr);
        mw_chase_copy second = place(100 + i, i, 1, llr);
        MW_CHECK_EQ(mw_chase_add(c, &second, &out), i == 1);
    }
    uint64_t forgot = mw_chase_stats_of(c)->forgot;
    for (unsigned i = 0; i < 100; i++) { /* minutes apart: nobody's time is cut short */
        mw_chase_copy late = place(1, 7, 0, llr);
        late.at_ns += (int64_t)(i + 2) * 120000000000;
        MW_CHECK(!mw_chase_add(c, &late, &out));
    }
    MW_CHECK_EQ(mw_chase_stats_of(c)->forgot, forgot);
    MW_CHECK_EQ(mw_chase_memory(c), memory);
    mw_chase_free(c);
}

/* Heard on both sides of a seam: kept once, and one frame comes of it. */
MW_TEST(one_reception_heard_twice) {
    mw_prng g = mw_prng_of_seed(11);
    mw_chase *c = new_chase();
    uint8_t payload[MW_UNB_PAYLOAD_M];
    mw_unb_frame f;
    random_frame(&g, payload, &f);
    unsigned given = 0;
    for (unsigned k = 0; k < 3; k++) {
        for (unsigned side = 0; side < 2; side++) {
            float llr[MW_UNB_SYMBOLS_MAX];
            receive(&f, 0.8, &g, llr);
            mw_chase_copy copy = place(5, 2, k, llr);
            copy.at_ns += 3000 * side;
            copy.frequency.mhz += 40 * (int64_t)side;
            mw_chase_frame out;
            given += mw_chase_add(c, &copy, &out);
        }
    }
    MW_CHECK_EQ(given, 1);
    mw_chase_free(c);
}

MW_TEST(refuses_a_band_that_is_not) {
    mw_chase *c;
    MW_CHECK_STATUS(mw_chase_new(demo_plan(), 7, 0.65, MW_CHASE_KEPT, &c), MW_RANGE);
}

MW_TEST_MAIN(MW_CASE(two_and_three_copies), MW_CASE(wrong_pairs_give_nothing),
             MW_CASE(each_copy_must_agree), MW_CASE(the_table_is_bounded),
             MW_CASE(one_reception_heard_twice), MW_CASE(refuses_a_band_that_is_not))
