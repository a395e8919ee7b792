/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/vee/estimate.h"

#include "platform/vee/test/fixture.h"

static fixture f;
static mw_vee_source q;
static int64_t out[FIXTURE_N], value[FIXTURE_N];
static uint32_t flags[FIXTURE_N];
static mw_vee_stamp stamps[FIXTURE_N];
static mw_vee_span spans[8];
static uint64_t memory[FIXTURE_N * 3];

static void start(unsigned noise) {
    fixture_make(&f, 3, noise);
    q = (mw_vee_source){.s = &f.s, .options = mw_vee_estimate_preset};
}

static mw_vee_fill fill_of(void) {
    return (mw_vee_fill){
        .plan = {MW_VEE_E4_LINEAR, MW_VEE_E5_LIKE_DAYS, MW_VEE_E8_FLAT, MW_VEE_E10_PRORATE},
        .plan_n = 4,
        .stamp = stamps,
        .stamp_room = FIXTURE_N,
        .span = spans,
        .span_room = 8};
}

static mw_arena arena(void) {
    mw_arena a;
    mw_arena_init(&a, (mw_span){(uint8_t *)memory, sizeof memory});
    return a;
}

MW_TEST(linear_between_and_beside) {
    mw_vee_stamp st;
    start(0);
    uint32_t at = 40 * 24 + 10;
    q.options.linear_max_s = 3 * 3600;
    f.value[at - 1] = 10;
    f.value[at + 3] = 50;
    f.flags[at] = f.flags[at + 1] = f.flags[at + 2] = MW_VEE_MISSING;
    MW_CHECK_OK(mw_vee_estimate(&q, MW_VEE_E4_LINEAR, at, 3, out, &st));
    MW_CHECK(out[0] == 20 && out[1] == 30 && out[2] == 40);
    MW_CHECK(st.method == MW_VEE_E4_LINEAR && st.inputs == 2 && st.version == 1);
    MW_CHECK(st.input[0] == at - 1 && st.input[1] == at + 3);
    f.flags[at + 3] = MW_VEE_SUSPECT;
    MW_CHECK_OK(mw_vee_estimate(&q, MW_VEE_E4_LINEAR, at, 3, out, &st));
    MW_CHECK(out[0] == 10 && out[2] == 10);
    q.options.linear_max_s = 3600;
    MW_CHECK_STATUS(mw_vee_estimate(&q, MW_VEE_E4_LINEAR, at, 3, out, &st), MW_NOT_FOUND);
}

MW_TEST(like_days_mean_and_exclusions) {
    mw_vee_stamp st;
    start(0);
    uint32_t day = 42, at = day * 24; /* a Monday */
    for (unsigned h = 0; h < 24; h++) {
        f.flags[at + h] = MW_VEE_MISSING;
        f.value[at - 7 * 24 + h] = 10;
        f.value[at - 14 * 24 + h] = 20;
        f.value[at - 21 * 24 + h] = 60;
        f.value[at - 24 + h] = 999; /* a Sunday does not count */
    }
    MW_CHECK_OK(mw_vee_estimate(&q, MW_VEE_E5_LIKE_DAYS, at, 24, out, &st));
    MW_CHECK(out[0] == 30 && out[23] == 30 && st.inputs == 3);
    f.flags[at - 21 * 24 + 5] = MW_VEE_ESTIMATED; /* an estimate spoils the day */
    MW_CHECK_OK(mw_vee_estimate(&q, MW_VEE_E5_LIKE_DAYS, at, 24, out, &st));
    MW_CHECK(out[0] == 15 && st.inputs == 2);
    q.options.like_least = 3;
    MW_CHECK_STATUS(mw_vee_estimate(&q, MW_VEE_E5_LIKE_DAYS, at, 24, out, &st), MW_NOT_FOUND);
    /* Filled later, the days after count as well. */
    q.options.lookahead_days = 21;
    MW_CHECK_OK(mw_vee_estimate(&q, MW_VEE_E5_LIKE_DAYS, at, 24, out, &st));
    MW_CHECK_EQ(st.inputs, 3);
}

MW_TEST(proxy_day_profile_flat) {
    mw_vee_stamp st;
    start(0);
    uint32_t at = 44 * 24; /* Wednesday */
    MW_CHECK_STATUS(mw_vee_estimate(&q, MW_VEE_E6_PROXY_DAY, at, 24, out, &st), MW_NOT_FOUND);
    for (unsigned d = 0; d < FIXTURE_DAYS; d++)
        f.day[d].temperature_cc = d == 37 ? 500 : 2000;
    f.day[44].temperature_cc = 600;
    for (unsigned h = 0; h < 24; h++)
        f.value[37 * 24 + h] = 77;
    MW_CHECK_OK(mw_vee_estimate(&q, MW_VEE_E6_PROXY_DAY, at, 24, out, &st));
    MW_CHECK(out[7] == 77 && st.input[0] == 37 * 24);
    int64_t w[24], sum = 0;
    for (unsigned h = 0; h < 24; h++)
        w[h] = h == 12 ? 3 : 1;
    mw_vee_profile p = {.slots = 24, .weight = {w, w, w}};
    q.profile = &p;
    for (unsigned i = 0; i < at; i++)
        f.value[i] = 26;
    MW_CHECK_OK(mw_vee_estimate(&q, MW_VEE_E7_PROFILE, at, 24, out, &st));
    MW_CHECK(out[0] == 24 && out[12] == 72);
    MW_CHECK_OK(mw_vee_estimate(&q, MW_VEE_E8_FLAT, at, 24, out, &st));
    for (unsigned h = 0; h < 24; h++)
        sum += out[h];
    MW_CHECK_EQ(sum, 26 * 24);
}

MW_TEST(other_sources) {
    mw_vee_stamp st;
    start(4);
    static int64_t feed[FIXTURE_N];
    static uint32_t good[FIXTURE_N], bad[FIXTURE_N];
    for (unsigned i = 0; i < FIXTURE_N; i++)
        feed[i] = f.value[i] + 100;
    bad[7] = MW_VEE_MISSING;
    mw_vee_flow in = {feed, good}, other = {f.value, good};
    MW_CHECK_STATUS(mw_vee_estimate(&q, MW_VEE_E1_ALTERNATE, 5, 4, out, &st), MW_NOT_FOUND);
    q.alternate = in;
    MW_CHECK_OK(mw_vee_estimate(&q, MW_VEE_E1_ALTERNATE, 5, 4, out, &st));
    MW_CHECK_EQ(out[3], feed[8]);
    q.in = &in;
    q.out = &other;
    q.ins = q.outs = 1;
    MW_CHECK_OK(mw_vee_estimate(&q, MW_VEE_E2_NODE, 5, 4, out, &st));
    MW_CHECK(out[0] == 100 && out[3] == 100);
    other.flags = bad;
    MW_CHECK_STATUS(mw_vee_estimate(&q, MW_VEE_E2_NODE, 5, 4, out, &st), MW_NOT_FOUND);
    q.inferred = (mw_vee_flow){feed, bad};
    MW_CHECK_STATUS(mw_vee_estimate(&q, MW_VEE_E3_INFERRED, 5, 4, out, &st), MW_NOT_FOUND);
    MW_CHECK_OK(mw_vee_estimate(&q, MW_VEE_E3_INFERRED, 8, 4, out, &st));
    MW_CHECK_STATUS(mw_vee_estimate(&q, MW_VEE_E9_REGISTER, 8, 4, out, &st), MW_UNSUPPORTED);
    MW_CHECK_STATUS(mw_vee_estimate(&q, MW_VEE_E8_FLAT, FIXTURE_N, 1, out, &st), MW_RANGE);
}

MW_TEST(registers_from_intervals_and_between) {
    start(4);
    int64_t v = 0;
    MW_CHECK_OK(mw_vee_register_of_intervals(&f.s, &f.reg[0], FIXTURE_N, &v));
    MW_CHECK_EQ(v, f.reg[1].value);
    f.reg[0].value = 999999990; /* rolls over */
    MW_CHECK_OK(mw_vee_register_of_intervals(&f.s, &f.reg[0], 1, &v));
    MW_CHECK_EQ(v, f.value[0] - 10);
    f.s.chain = (mw_vee_chain){.factor = {{2, 1}}, .n = 1};
    f.value[0] = 24;
    MW_CHECK_OK(mw_vee_register_of_intervals(&f.s, &f.reg[0], 1, &v));
    MW_CHECK_EQ(v, 2);
    mw_vee_register a = {.index = 0, .value = 999999990}, b = {.index = 100, .value = 90};
    MW_CHECK_OK(mw_vee_register_prorate(&f.s, &a, &b, 20, &v));
    MW_CHECK_EQ(v, 10);
    b.initial = true;
    MW_CHECK_STATUS(mw_vee_register_prorate(&f.s, &a, &b, 20, &v), MW_RANGE);
    f.flags[0] = MW_VEE_MISSING;
    MW_CHECK_STATUS(mw_vee_register_of_intervals(&f.s, &f.reg[0], 1, &v), MW_NOT_FOUND);
    MW_CHECK_STATUS(mw_vee_final_lock(f.flags, 0, 4), MW_STATE);
    MW_CHECK_OK(mw_vee_final_lock(f.flags, 1, 4));
    MW_CHECK(f.flags[4] == MW_VEE_LOCKED && f.flags[5] == 0);
}

MW_TEST(scaling_is_exact_and_by_largest_remainder) {
    mw_arena a = arena();
    int64_t x[4] = {1, 1, 1, 1};
    MW_CHECK_OK(mw_vee_scale(x, 4, 6, &a)); /* equal remainders: the earlier */
    MW_CHECK(x[0] == 2 && x[1] == 2 && x[2] == 1 && x[3] == 1);
    int64_t y[3] = {10, 25, 65}; /* 1.1, 2.75, 7.15 */
    MW_CHECK_OK(mw_vee_scale(y, 3, 11, &a));
    MW_CHECK(y[0] == 1 && y[1] == 3 && y[2] == 7);
    int64_t z[3] = {0, 0, 0};
    MW_CHECK_OK(mw_vee_scale(z, 3, 7, &a));
    MW_CHECK(z[0] == 3 && z[1] == 2 && z[2] == 2);
    MW_CHECK_STATUS(mw_vee_scale(z, 3, -1, &a), MW_RANGE);
    mw_prng g = mw_prng_of_seed(5);
    for (unsigned round = 0; round < 2000; round++) {
        int64_t r[40], before[40], sum = 0, all = 0;
        uint32_t n = 1 + (uint32_t)mw_prng_below(&g, 40);
        uint64_t size = UINT64_C(1) << mw_prng_below(&g, 56);
        for (uint32_t i = 0; i < n; i++)
            all += before[i] = r[i] = (int64_t)mw_prng_below(&g, size);
        int64_t total = (int64_t)mw_prng_below(&g, UINT64_C(1) << mw_prng_below(&g, 62));
        MW_CHECK_OK(mw_vee_scale(r, n, total, &a));
        for (uint32_t i = 0; i < n; i++) {
            int64_t low = all == 0 ? total / n : mw_vee_muldiv(before[i], total, all);
            MW_CHECK(r[i] == low || r[i] == low + 1);
            sum += r[i];
        }
        MW_CHECK_EQ(sum, total);
        MW_CHECK_EQ(a.used, 0);
    }
}

/* A random meter with random gaps, suspects, registers, exchange and rates: every span adds up. */
static void random_round(uint64_t seed) {
    mw_prng g = mw_prng_of_seed(seed);
    static uint8_t rate[FIXTURE_N];
    static mw_vee_register reg[12];
    fixture_make(&f, seed, (unsigned)mw_prng_below(&g, 300));
    q = (mw_vee_source){.s = &f.s, .options = mw_vee_estimate_preset};
    f.s.first = (uint32_t)mw_prng_below(&g, 40) * 24;
    bool rates = mw_prng_below(&g, 2) == 1;
    f.s.rate = rates ? rate : NULL;
    f.s.reg = reg;
    f.s.regs = 0;
    uint32_t b[4] = {f.s.first, 0, 0, FIXTURE_N};
    b[1] = b[0] + (uint32_t)mw_prng_below(&g, FIXTURE_N - b[0] - 4) + 1;
    b[2] = b[1] + (uint32_t)mw_prng_below(&g, FIXTURE_N - b[1] - 2) + 1;
    for (unsigned i = 0; i < FIXTURE_N; i++)
        rate[i] = i % 24 < 7 ? 1 : 2;
    for (unsigned r = rates ? 1 : 0; r <= (rates ? 2u : 0u); r++) {
        int64_t at = 999999000; /* near the end of the display: rolls over */
        for (unsigned k = 0; k < 4; k++) {
            for (uint32_t i = k == 0 ? b[0] : b[k - 1]; k > 0 && i < b[k]; i++)
                at += !rates || rate[i] == r ? f.value[i] : 0;
            at %= 1000000000;
            reg[f.s.regs++] = (mw_vee_register){.index = b[k], .rate = (uint8_t)r, .value = at};
        }
    }
    for (uint64_t n = mw_prng_below(&g, 12); n > 0; n--) {
        uint32_t at = f.s.first + (uint32_t)mw_prng_below(&g, FIXTURE_N - f.s.first);
        uint32_t length = 1 + (uint32_t)mw_prng_below(&g, UINT64_C(1) << mw_prng_below(&g, 8));
        bool suspect = mw_prng_below(&g, 4) == 0;
        for (uint32_t i = at; i < at + length && i < FIXTURE_N; i++) {
            f.flags[i] = suspect ? MW_VEE_SUSPECT : MW_VEE_MISSING;
            f.value[i] = suspect ? 99999 : -7; /* what stands there is not read */
        }
    }
}

MW_TEST(conservation_over_random_histories) {
    static int64_t again[FIXTURE_N];
    static uint32_t again_flags[FIXTURE_N];
    unsigned scaled = 0;
    for (uint64_t seed = 1; seed <= 300; seed++) {
        random_round(seed);
        mw_vee_fill fill = fill_of();
        mw_arena a = arena();
        MW_CHECK_OK(mw_vee_fill_series(&q, &fill, &a, value, flags));
        MW_CHECK_EQ(fill.unfilled, 0);
        MW_CHECK_EQ(fill.spans, f.s.rate != NULL ? 6 : 3);
        for (uint32_t k = 0; k < fill.spans; k++) {
            int64_t sum = 0;
            const mw_vee_span *p = &spans[k];
            for (uint32_t i = p->from; i < p->from + p->n; i++)
                sum += p->rate == 0 || f.s.rate[i] == p->rate ? value[i] : 0;
            MW_CHECK(p->state == MW_VEE_SPAN_SCALED || p->state == MW_VEE_SPAN_VALID);
            MW_CHECK_EQ(p->suspense, 0);
            MW_CHECK_EQ(sum, p->difference);
            scaled += p->state == MW_VEE_SPAN_SCALED;
        }
        for (uint32_t i = 0; i < FIXTURE_N; i++) {
            bool was_open = f.flags[i] != 0;
            MW_CHECK(value[i] >= 0);
            MW_CHECK_EQ((flags[i] & MW_VEE_ESTIMATED) != 0, was_open);
            MW_CHECK(was_open || value[i] == f.value[i]);
        }
        a = arena();
        MW_CHECK_OK(mw_vee_fill_series(&q, &fill, &a, again, again_flags));
        assert_memory_equal(again, value, sizeof value);
        assert_memory_equal(again_flags, flags, sizeof flags);
    }
    MW_CHECK(scaled > 200);
}

MW_TEST(what_cannot_be_scaled_goes_to_suspense) {
    start(4);
    uint32_t at = FIXTURE_N - 10;
    f.flags[at] = MW_VEE_MISSING;
    f.reg[1].value -= f.value[at] + 50; /* valid values exceed the register by 50 */
    mw_vee_fill fill = fill_of();
    mw_arena a = arena();
    MW_CHECK_OK(mw_vee_fill_series(&q, &fill, &a, value, flags));
    MW_CHECK_EQ(spans[0].state, MW_VEE_SPAN_NEGATIVE);
    MW_CHECK_EQ(spans[0].suspense, -50 - value[at]);
    f.reg[1].value = f.reg[0].value - 5;
    MW_CHECK_OK(mw_vee_fill_series(&q, &fill, &a, value, flags));
    MW_CHECK_EQ(spans[0].state, MW_VEE_SPAN_UNRELIABLE);
    MW_CHECK_EQ(spans[0].valid + spans[0].estimated + spans[0].suspense, spans[0].difference);
    fill.plan_n = 0;
    MW_CHECK_OK(mw_vee_fill_series(&q, &fill, &a, value, flags));
    MW_CHECK_EQ(spans[0].state, MW_VEE_SPAN_UNFILLED);
    MW_CHECK(fill.unfilled == 1 && flags[at] == MW_VEE_MISSING);
    f.reg[1].initial = true; /* a new meter: no span reaches across */
    MW_CHECK_OK(mw_vee_fill_series(&q, &fill, &a, value, flags));
    MW_CHECK_EQ(fill.spans, 0);
}

MW_TEST(locked_values_stay) {
    start(4);
    uint32_t at = FIXTURE_N - 10;
    f.flags[at] = MW_VEE_ESTIMATED | MW_VEE_LOCKED;
    f.flags[at + 1] = MW_VEE_ESTIMATED;
    f.value[at + 1] += 40; /* an older estimate is trued up, the locked one is not touched */
    int64_t locked = f.value[at];
    mw_vee_fill fill = fill_of();
    mw_arena a = arena();
    MW_CHECK_OK(mw_vee_fill_series(&q, &fill, &a, value, flags));
    MW_CHECK_EQ(value[at], locked);
    MW_CHECK_EQ(value[at + 1], f.value[at + 1] - 40);
    MW_CHECK_EQ(spans[0].state, MW_VEE_SPAN_SCALED);
}

MW_TEST_MAIN(MW_CASE(linear_between_and_beside), MW_CASE(like_days_mean_and_exclusions),
             MW_CASE(proxy_day_profile_flat), MW_CASE(other_sources),
             MW_CASE(registers_from_intervals_and_between),
             MW_CASE(scaling_is_exact_and_by_largest_remainder),
             MW_CASE(conservation_over_random_histories),
             MW_CASE(what_cannot_be_scaled_goes_to_suspense), MW_CASE(locked_values_stay))
