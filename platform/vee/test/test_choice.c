/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/vee/choice.h"

#include "platform/vee/test/fixture.h"

static fixture f;
static mw_vee_source q;
static mw_vee_score score, again;
static uint64_t memory[200000];

static mw_arena arena(void) {
    mw_arena a;
    mw_arena_init(&a, (mw_span){(uint8_t *)memory, sizeof memory});
    return a;
}

static void start(unsigned noise) {
    fixture_make(&f, 11, noise);
    f.s.first = 22 * 24;
    q = (mw_vee_source){.s = &f.s, .options = mw_vee_estimate_preset};
    q.options.linear_max_s = 7 * 86400;
}

MW_TEST(classes_by_length) {
    MW_CHECK_EQ(mw_vee_gap_class(1), 0);
    MW_CHECK_EQ(mw_vee_gap_class(3600), 0);
    MW_CHECK_EQ(mw_vee_gap_class(3601), 1);
    MW_CHECK_EQ(mw_vee_gap_class(86400), 3);
    MW_CHECK_EQ(mw_vee_gap_class(30 * 86400), 5);
}

/* The fixture repeats by weekday: without noise the like days are exact and nothing else is. */
MW_TEST(a_meter_of_habit_gets_like_days) {
    start(0);
    mw_arena a = arena();
    MW_CHECK_OK(mw_vee_back_test_run(&q, &mw_vee_back_test_preset, &a, &score));
    for (unsigned c = 0; c < MW_VEE_GAP_CLASSES; c++) {
        MW_CHECK_EQ(score.gaps[c], 64);
        const mw_vee_error *e = &score.e[MW_VEE_E5_LIKE_DAYS][c][MW_VEE_UNSCALED];
        MW_CHECK(e->trials == 64 && e->absolute == 0 && e->actual > 0);
        MW_CHECK_EQ(mw_vee_choose(&score, mw_vee_gap_seconds[c], false), MW_VEE_E5_LIKE_DAYS);
        MW_CHECK(score.e[MW_VEE_E8_FLAT][c][MW_VEE_UNSCALED].absolute > 0);
        MW_CHECK_EQ(score.e[MW_VEE_E8_FLAT][c][MW_VEE_TO_REGISTER].total_high, 0);
        MW_CHECK_EQ(score.e[MW_VEE_E7_PROFILE][c][0].trials, 0); /* none was given */
    }
    mw_vee_method plan[MW_VEE_PLAN_MAX];
    mw_vee_plan_choose(&score, 86400, true, plan);
    MW_CHECK(plan[0] == MW_VEE_E1_ALTERNATE && plan[3] == MW_VEE_E5_LIKE_DAYS);
    bool seen[MW_VEE_METHODS] = {false};
    for (unsigned k = 0; k < MW_VEE_PLAN_MAX; k++) {
        MW_CHECK(!seen[plan[k]]);
        seen[plan[k]] = true;
    }
    a = arena();
    MW_CHECK_OK(mw_vee_back_test_run(&q, &mw_vee_back_test_preset, &a, &again));
    assert_memory_equal(&again, &score, sizeof score);
}

/* A meter whose usage wanders slowly without a habit: a line across an hour beats the past weeks.
 */
MW_TEST(a_wandering_meter_gets_a_line_for_short_gaps) {
    start(0);
    mw_prng g = mw_prng_of_seed(4);
    int64_t level = 5000;
    for (unsigned i = 0; i < FIXTURE_N; i++) {
        level += (int64_t)mw_prng_below(&g, 201) - 100;
        level = level < 0 ? 0 : level;
        f.value[i] = level;
    }
    mw_arena a = arena();
    MW_CHECK_OK(mw_vee_back_test_run(&q, &mw_vee_back_test_preset, &a, &score));
    MW_CHECK_EQ(mw_vee_choose(&score, 3600, false), MW_VEE_E4_LINEAR);
    /* The error grows with the length of the gap. */
    const mw_vee_error *h = &score.e[MW_VEE_E4_LINEAR][0][0], *d = &score.e[MW_VEE_E4_LINEAR][5][0];
    MW_CHECK(h->absolute * d->intervals < d->absolute * h->intervals);
}

/* Learned on one half of the past, the interval holds about nine of ten values of the other. */
MW_TEST(prediction_interval_covers) {
    start(40);
    mw_vee_back_test o = mw_vee_back_test_preset;
    mw_vee_series train = f.s, judge = f.s;
    train.n = 41 * 24;
    train.days = 41;
    train.regs = 0;
    judge.first = 41 * 24;
    mw_arena a = arena();
    q.s = &train;
    MW_CHECK_OK(mw_vee_back_test_run(&q, &o, &a, &score));
    o.judge = &score;
    q.s = &judge;
    a = arena();
    MW_CHECK_OK(mw_vee_back_test_run(&q, &o, &a, &again));
    const mw_vee_error *e = &again.e[MW_VEE_E5_LIKE_DAYS][3][MW_VEE_UNSCALED];
    int64_t ppm = mw_vee_ratio_ppm(e->covered, e->intervals);
    MW_CHECK(ppm > 830000 && ppm < 960000);
    int64_t low = 0, high = 0;
    MW_CHECK_OK(mw_vee_prediction(&score, MW_VEE_E5_LIKE_DAYS, 86400, false, 50, &low, &high));
    MW_CHECK(low < 50 && high > 50);
    MW_CHECK_OK(mw_vee_prediction(&score, MW_VEE_E5_LIKE_DAYS, 86400, false, 0, &low, &high));
    MW_CHECK_EQ(low, 0);
    MW_CHECK_STATUS(mw_vee_prediction(&score, MW_VEE_E6_PROXY_DAY, 86400, false, 0, &low, &high),
                    MW_NOT_FOUND);
}

MW_TEST(filling_chooses_by_length) {
    static int64_t value[FIXTURE_N];
    static uint32_t flags[FIXTURE_N];
    mw_vee_stamp stamps[4];
    mw_vee_span spans[2];
    start(0);
    mw_arena a = arena();
    MW_CHECK_OK(mw_vee_back_test_run(&q, &mw_vee_back_test_preset, &a, &score));
    for (unsigned i = 50 * 24; i < 51 * 24; i++)
        f.flags[i] = MW_VEE_MISSING;
    mw_vee_fill fill = {
        .score = &score, .stamp = stamps, .stamp_room = 4, .span = spans, .span_room = 2};
    MW_CHECK_OK(mw_vee_fill_series(&q, &fill, &a, value, flags));
    MW_CHECK_EQ(stamps[0].method, MW_VEE_E5_LIKE_DAYS);
    MW_CHECK_EQ(spans[0].suspense, 0);
    assert_memory_equal(value, f.value, sizeof value);
}

MW_TEST(limits) {
    start(3);
    mw_vee_back_test o = mw_vee_back_test_preset;
    mw_arena a = arena();
    a.memory.n = 1000;
    MW_CHECK_STATUS(mw_vee_back_test_run(&q, &o, &a, &score), MW_NOMEM);
    MW_CHECK_EQ(a.used, 0);
    o.trials = MW_VEE_TRIALS_MAX + 1;
    MW_CHECK_STATUS(mw_vee_back_test_run(&q, &o, &a, &score), MW_RANGE);
    o = mw_vee_back_test_preset;
    o.low_ppm = 960000;
    MW_CHECK_STATUS(mw_vee_back_test_run(&q, &o, &a, &score), MW_RANGE);
    a = arena();
    f.s.first = FIXTURE_N - 2; /* too short for any gap but an hour */
    MW_CHECK_OK(mw_vee_back_test_run(&q, &mw_vee_back_test_preset, &a, &score));
    MW_CHECK_EQ(mw_vee_choose(&score, 86400, true), MW_VEE_NO_METHOD);
}

MW_TEST_MAIN(MW_CASE(classes_by_length), MW_CASE(a_meter_of_habit_gets_like_days),
             MW_CASE(a_wandering_meter_gets_a_line_for_short_gaps),
             MW_CASE(prediction_interval_covers), MW_CASE(filling_chooses_by_length),
             MW_CASE(limits))
