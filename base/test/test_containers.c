/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "base/prng.h"
#include "base/ring.h"
#include "tests/harness/mw_test.h"

MW_TEST(ring_keeps_order_and_refuses_when_full) {
    uint32_t storage[3];
    mw_ring q;
    mw_ring_init(&q, (mw_span){(uint8_t *)storage, sizeof storage}, sizeof storage[0]);
    uint32_t next_in = 0, next_out = 0, item;
    mw_prng g = mw_prng_of_seed(1);
    for (int i = 0; i < 1000; i++) {
        if (mw_prng_below(&g, 2) == 0) {
            mw_status s = mw_ring_push(&q, &next_in);
            MW_CHECK_STATUS(s, next_in - next_out == 3 ? MW_SPACE : MW_OK);
            next_in += s == MW_OK;
        } else {
            mw_status s = mw_ring_pull(&q, &item);
            MW_CHECK_STATUS(s, next_in == next_out ? MW_AGAIN : MW_OK);
            if (s == MW_OK)
                MW_CHECK_EQ(item, next_out++);
        }
        MW_CHECK_EQ(mw_ring_count(&q), next_in - next_out);
    }
}

MW_TEST(arena_aligns_zeroes_and_ends) {
    uint8_t memory[128];
    memset(memory, 0xFF, sizeof memory);
    mw_arena a;
    mw_arena_init(&a, MW_SPAN_OF(memory));
    MW_CHECK_STR(mw_arena_text(&a, mw_slice_of_str("meter")), "meter");
    uint64_t *number = mw_arena_take(&a, sizeof *number);
    MW_CHECK(number != NULL && (uintptr_t)number % _Alignof(uint64_t) == 0 && *number == 0);
    MW_CHECK(mw_arena_take(&a, sizeof memory) == NULL);
    MW_CHECK(mw_arena_take(&a, SIZE_MAX) == NULL);
    mw_arena_reset(&a);
    MW_CHECK(mw_arena_take(&a, 64) != NULL);
}

/* First outputs of xoshiro256** for SplitMix64 seed 0, from the authors' reference code. */
MW_TEST(generator_matches_its_reference) {
    mw_prng g = mw_prng_of_seed(0);
    MW_CHECK_EQ(g.s[0], 0xE220A8397B1DCDAF);
    MW_CHECK_EQ(g.s[1], 0x6E789E6AA1B965F4);
    MW_CHECK_EQ(mw_prng_u64(&g), 0x99EC5F36CB75F2B4);
}

MW_TEST(bounded_draws_are_even) {
    mw_prng g = mw_prng_of_stream(7, 3);
    unsigned counts[6] = {0};
    for (int i = 0; i < 60000; i++)
        counts[mw_prng_below(&g, 6)]++;
    for (int i = 0; i < 6; i++)
        MW_CHECK(counts[i] > 9600 && counts[i] < 10400);
}

MW_TEST_MAIN(MW_CASE(ring_keeps_order_and_refuses_when_full), MW_CASE(arena_aligns_zeroes_and_ends),
             MW_CASE(generator_matches_its_reference), MW_CASE(bounded_draws_are_even))
