/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/store/records.h"

#include "platform/vee/test/fixture.h"

_Static_assert((int)MW_VEE_CLOCK_UNSET == (int)MW_QUALITY_CLOCK_UNSET, "one set of bits");
_Static_assert((int)MW_VEE_CLOCK_UNCERTAIN == (int)MW_QUALITY_CLOCK_UNCERTAIN, "one set of bits");
_Static_assert((int)MW_VEE_PARTIAL == (int)MW_QUALITY_PARTIAL, "one set of bits");
_Static_assert((int)MW_VEE_TAMPER == (int)MW_QUALITY_TAMPER, "one set of bits");
_Static_assert((int)MW_VEE_CONFLICT == (int)MW_QUALITY_CONFLICT, "one set of bits");
_Static_assert((int)MW_VEE_ESTIMATED == (int)MW_QUALITY_ESTIMATED, "one set of bits");
_Static_assert((int)MW_VEE_EDITED == (int)MW_QUALITY_EDITED, "one set of bits");

MW_TEST(chain_is_exact) {
    int64_t v = 0;
    /* 1000 pulses/kWh, CT 200/5, VT 10000/100: 4000 Wh a pulse. */
    mw_vee_chain c = {.factor = {{1, 1}, {200, 5}, {10000, 100}}, .n = 3};
    MW_CHECK_OK(mw_vee_chain_apply(&c, 123456789, &v));
    MW_CHECK_EQ(v, INT64_C(493827156000));
    /* Three thirds are one: rounding happens once, at the end. */
    c = (mw_vee_chain){.factor = {{1, 3}, {3, 1}}, .n = 2};
    MW_CHECK_OK(mw_vee_chain_apply(&c, 7, &v));
    MW_CHECK_EQ(v, 7);
    c = (mw_vee_chain){.factor = {{1, 2}}, .n = 1};
    MW_CHECK_OK(mw_vee_chain_apply(&c, -3, &v));
    MW_CHECK_EQ(v, -2);
    c.factor[0] = (mw_vee_factor){INT64_MAX, 1};
    MW_CHECK_STATUS(mw_vee_chain_apply(&c, 3, &v), MW_RANGE);
    c.factor[0] = (mw_vee_factor){1, 0};
    MW_CHECK_STATUS(mw_vee_chain_apply(&c, 3, &v), MW_RANGE);
}

static mw_vee_step step_of(const mw_vee_series *s, int64_t a, int64_t b, int64_t *out) {
    mw_vee_register ra = {.index = 0, .value = a}, rb = {.index = 10, .value = b};
    mw_vee_step step = MW_VEE_STEP_OK;
    MW_CHECK_OK(mw_vee_register_step(s, &ra, &rb, out, &step));
    return step;
}

MW_TEST(register_steps_are_classed) {
    mw_vee_series s = {.seconds = 3600, .n = 10, .register_digits = 6};
    s.limits.max_per_hour = 100;
    int64_t d = 0;
    MW_CHECK_EQ(step_of(&s, 500, 1500, &d), MW_VEE_STEP_OK);
    MW_CHECK_EQ(d, 1000);
    MW_CHECK_EQ(step_of(&s, 999990, 15, &d), MW_VEE_STEP_ROLLOVER);
    MW_CHECK_EQ(d, 25);
    MW_CHECK_EQ(step_of(&s, 500, 2500, &d), MW_VEE_STEP_FAST);
    MW_CHECK_EQ(step_of(&s, 5000, 4990, &d), MW_VEE_STEP_BACKWARDS);
    MW_CHECK_EQ(d, -10);
    MW_CHECK_EQ(step_of(&s, 5000, 40, &d), MW_VEE_STEP_RESET);
    MW_CHECK_EQ(d, 40);
    s.limits.max_per_hour = 0; /* without a class limit only the display's ends tell */
    MW_CHECK_EQ(step_of(&s, 950000, 20000, &d), MW_VEE_STEP_ROLLOVER);
    MW_CHECK_EQ(step_of(&s, 500000, 400000, &d), MW_VEE_STEP_BACKWARDS);
}

/* Rome 2026: 29 March has 23 hours, 25 October has 25. */
MW_TEST(local_days_of_23_and_25_hours) {
    static int64_t value[24 * 300 * 4];
    static uint32_t flags[24 * 300 * 4];
    mw_vee_day day[310];
    mw_vee_series s = {.seconds = 900, .n = 24 * 300 * 4, .value = value, .flags = flags};
    s.register_digits = 9;
    s.start = mw_utc_of_s(mw_days_of_date(2026, 1, 1) * 86400 - 3600);
    const mw_vee_offset rome[3] = {
        {MW_UTC_NONE, 3600},
        {mw_utc_of_s(mw_days_of_date(2026, 3, 29) * 86400 + 3600), 7200},
        {mw_utc_of_s(mw_days_of_date(2026, 10, 25) * 86400 + 3600), 3600}};
    MW_CHECK_OK(mw_vee_days_make(&s, rome, 3, day, 310, &s.days));
    s.day = day;
    MW_CHECK_OK(mw_vee_series_check(&s));
    uint32_t spring = (uint32_t)(mw_days_of_date(2026, 3, 29) - mw_days_of_date(2026, 1, 1));
    uint32_t autumn = (uint32_t)(mw_days_of_date(2026, 10, 25) - mw_days_of_date(2026, 1, 1));
    MW_CHECK_EQ(day[spring].n, 92);
    MW_CHECK_EQ(day[autumn].n, 100);
    MW_CHECK_EQ(day[spring].weekday, 6);
    MW_CHECK_EQ(day[spring + 1].n, 96);
    /* 02:30 does not exist in spring and comes twice in autumn; 12:00 is 12:00. */
    MW_CHECK_EQ(mw_vee_interval_of(&s, &day[spring], 10), s.n);
    MW_CHECK_EQ(mw_vee_interval_of(&s, &day[spring], 48), day[spring].first + 44);
    MW_CHECK_EQ(mw_vee_interval_of(&s, &day[autumn], 10), day[autumn].first + 10);
    MW_CHECK_EQ(mw_vee_interval_of(&s, &day[autumn], 48), day[autumn].first + 52);
    for (uint32_t k = 0; k < s.days; k++) {
        for (uint32_t i = day[k].first; i < day[k].first + day[k].n; i++) {
            unsigned slot = mw_vee_slot_of(&day[k], i);
            uint32_t back = mw_vee_interval_of(&s, &day[k], slot);
            MW_CHECK(back == i || (k == autumn && back + 4 == i));
            MW_CHECK_EQ(mw_vee_day_of(&s, i), k);
        }
    }
}

MW_TEST(like_days_follow_the_published_order) {
    for (unsigned want = 0; want < 7; want++) {
        for (unsigned have = 0; have < 7; have++) {
            mw_vee_day a = {.weekday = (uint8_t)want}, b = {.weekday = (uint8_t)have};
            bool midweek = want >= 1 && want <= 3 && have >= 1 && have <= 3;
            MW_CHECK_EQ(mw_vee_likeness(&a, &b) >= 0, want == have || midweek);
            MW_CHECK_EQ(mw_vee_likeness(&a, &b) == 0, want == have);
        }
    }
    mw_vee_day wed = {.weekday = 2}, tue = {.weekday = 1}, thu = {.weekday = 3};
    MW_CHECK_EQ(mw_vee_likeness(&wed, &tue), 1);
    MW_CHECK_EQ(mw_vee_likeness(&thu, &tue), 2);
    mw_vee_day feast = {.weekday = 2, .holiday = true}, sunday = {.weekday = 6};
    MW_CHECK_EQ(mw_vee_likeness(&feast, &sunday), 0);
    MW_CHECK_EQ(mw_vee_likeness(&feast, &wed), -1);
}

MW_TEST_MAIN(MW_CASE(chain_is_exact), MW_CASE(register_steps_are_classed),
             MW_CASE(local_days_of_23_and_25_hours), MW_CASE(like_days_follow_the_published_order))
