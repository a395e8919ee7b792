/* SPDX-License-Identifier: Apache-2.0
 *
 * What hours say to the rules of values.
 */
#include "platform/alarms/flow.h"
#include "tests/harness/mw_test.h"

static mw_flow f;
static mw_alarm_values v;

/* A household: nothing at night, something by day, in L. */
static void usual(uint8_t medium) {
    f = (mw_flow){.n = MW_FLOW_HOURS, .medium = medium};
    for (size_t i = 0; i < f.n; i++)
        f.hour[i] = i % 24 < 6 ? 0 : 1000 * (int64_t)(10 + i % 7);
}

static mw_flow_finding judge(mw_alarm_rule_id rule) {
    return mw_flow_judge(rule, &f, &v);
}

static void newest(size_t n, int64_t milli) {
    for (size_t i = f.n - n; i < f.n; i++)
        f.hour[i] = milli;
}

MW_TEST(a_leak_never_stops) {
    usual(MW_VEE_WATER);
    mw_alarm_preset(MW_ALARM_LEAK, MW_VEE_RESIDENTIAL, &v);
    MW_CHECK_EQ(judge(MW_ALARM_LEAK).verdict, MW_FLOW_CLEARED);
    newest(23, 5000);
    f.hour[f.n - 24] = 3700; /* between clearing and raising */
    MW_CHECK_EQ(judge(MW_ALARM_LEAK).verdict, MW_FLOW_UNKNOWN);
    newest(24, 5000);
    mw_flow_finding r = judge(MW_ALARM_LEAK);
    MW_CHECK_EQ(r.verdict, MW_FLOW_HOLDS);
    MW_CHECK_EQ(r.value, 5);
    MW_CHECK_EQ(r.threshold, 4);
    MW_CHECK_EQ(r.hours, 24);
    /* An hour that nobody measured neither raises nor clears ... */
    f.hour[f.n - 5] = MW_FLOW_MISSING;
    MW_CHECK_EQ(judge(MW_ALARM_LEAK).verdict, MW_FLOW_UNKNOWN);
    /* ... one without flow clears, whatever is missing beside it. */
    f.hour[f.n - 6] = 0;
    MW_CHECK_EQ(judge(MW_ALARM_LEAK).verdict, MW_FLOW_CLEARED);
    /* Gas is judged by tighter numbers. */
    usual(MW_VEE_GAS);
    newest(24, 2500);
    MW_CHECK_EQ(judge(MW_ALARM_LEAK).verdict, MW_FLOW_HOLDS);
    /* Electricity never stops anywhere. */
    usual(MW_VEE_ELECTRICITY);
    newest(24, 5000);
    MW_CHECK_EQ(judge(MW_ALARM_LEAK).verdict, MW_FLOW_UNKNOWN);
}

MW_TEST(firms_leak_more_and_longer) {
    usual(MW_VEE_WATER);
    mw_alarm_preset(MW_ALARM_LEAK, MW_VEE_COMMERCIAL, &v);
    newest(100, 40000);
    MW_CHECK(judge(MW_ALARM_LEAK).verdict != MW_FLOW_HOLDS);
    newest(168, 40000);
    MW_CHECK_EQ(judge(MW_ALARM_LEAK).verdict, MW_FLOW_HOLDS);
}

MW_TEST(a_burst_is_far_above_what_was) {
    usual(MW_VEE_WATER);
    mw_alarm_preset(MW_ALARM_BURST, MW_VEE_RESIDENTIAL, &v);
    newest(1, 900000);
    MW_CHECK_EQ(judge(MW_ALARM_BURST).verdict, MW_FLOW_UNKNOWN); /* one hour is a bath */
    newest(2, 900000);
    MW_CHECK_EQ(judge(MW_ALARM_BURST).verdict, MW_FLOW_HOLDS);
    /* A household that always uses so much has no burst. */
    for (size_t i = 0; i < f.n; i += 24)
        f.hour[i] = 900000;
    for (size_t i = 1; i < f.n; i += 24)
        f.hour[i] = 900000;
    MW_CHECK(judge(MW_ALARM_BURST).verdict != MW_FLOW_HOLDS);
    newest(1, 10000);
    MW_CHECK_EQ(judge(MW_ALARM_BURST).verdict, MW_FLOW_CLEARED);
}

MW_TEST(water_runs_backwards) {
    usual(MW_VEE_WATER);
    mw_alarm_preset(MW_ALARM_BACKFLOW, MW_VEE_RESIDENTIAL, &v);
    MW_CHECK_EQ(judge(MW_ALARM_BACKFLOW).verdict, MW_FLOW_CLEARED);
    f.hour[f.n - 3] = -8000;
    MW_CHECK_EQ(judge(MW_ALARM_BACKFLOW).verdict, MW_FLOW_UNKNOWN);
    f.hour[f.n - 9] = -8000;
    mw_flow_finding r = judge(MW_ALARM_BACKFLOW);
    MW_CHECK_EQ(r.verdict, MW_FLOW_HOLDS);
    MW_CHECK_EQ(r.value, 16);
}

MW_TEST(a_meter_stops) {
    usual(MW_VEE_WATER);
    mw_alarm_preset(MW_ALARM_STOPPED, MW_VEE_RESIDENTIAL, &v);
    MW_CHECK_EQ(judge(MW_ALARM_STOPPED).verdict, MW_FLOW_CLEARED);
    newest(60, 0);
    MW_CHECK_EQ(judge(MW_ALARM_STOPPED).verdict, MW_FLOW_UNKNOWN);
    newest(72, 0);
    MW_CHECK_EQ(judge(MW_ALARM_STOPPED).verdict, MW_FLOW_HOLDS);
    /* Somebody who never used much is away, not broken. */
    for (size_t i = 0; i < f.n; i++)
        f.hour[i] /= 20;
    MW_CHECK_EQ(judge(MW_ALARM_STOPPED).verdict, MW_FLOW_UNKNOWN);
    mw_alarm_preset(MW_ALARM_NO_FLOW, MW_VEE_RESIDENTIAL, &v);
    MW_CHECK_EQ(judge(MW_ALARM_NO_FLOW).verdict, MW_FLOW_UNKNOWN);
    newest(30 * 24, 0);
    MW_CHECK_EQ(judge(MW_ALARM_NO_FLOW).verdict, MW_FLOW_HOLDS);
}

MW_TEST(limits_and_deviations) {
    usual(MW_VEE_ELECTRICITY);
    mw_alarm_preset(MW_ALARM_OVER_LIMIT, MW_VEE_RESIDENTIAL, &v);
    MW_CHECK_EQ(judge(MW_ALARM_OVER_LIMIT).verdict, MW_FLOW_CLEARED);
    f.hour[f.n - 4] = 15100000;
    MW_CHECK_EQ(judge(MW_ALARM_OVER_LIMIT).verdict, MW_FLOW_HOLDS);
    f.hour[f.n - 4] = 14000000;
    MW_CHECK_EQ(judge(MW_ALARM_OVER_LIMIT).verdict, MW_FLOW_UNKNOWN);
    v.v[MW_OVER_ELECTRICITY] = 0;
    MW_CHECK_EQ(judge(MW_ALARM_OVER_LIMIT).verdict, MW_FLOW_CLEARED);
    usual(MW_VEE_WATER);
    mw_alarm_preset(MW_ALARM_DEVIATION, MW_VEE_RESIDENTIAL, &v);
    MW_CHECK_EQ(judge(MW_ALARM_DEVIATION).verdict, MW_FLOW_CLEARED);
    for (size_t i = f.n - 168; i < f.n; i++)
        f.hour[i] *= 3;
    mw_flow_finding r = judge(MW_ALARM_DEVIATION);
    MW_CHECK_EQ(r.verdict, MW_FLOW_HOLDS);
    MW_CHECK(r.value >= 190 && r.value <= 210);
    for (size_t i = f.n - 168; i < f.n; i++)
        f.hour[i] /= 100;
    MW_CHECK_EQ(judge(MW_ALARM_DEVIATION).verdict, MW_FLOW_HOLDS);
    MW_CHECK(judge(MW_ALARM_DEVIATION).value < -90);
}

MW_TEST(little_history_raises_nothing) {
    usual(MW_VEE_WATER);
    f.n = 3;
    for (unsigned i = 0; i < MW_ALARM_RULES; i++) {
        mw_alarm_preset((mw_alarm_rule_id)i, MW_VEE_RESIDENTIAL, &v);
        MW_CHECK(judge((mw_alarm_rule_id)i).verdict != MW_FLOW_HOLDS);
        MW_CHECK_OK(mw_alarm_values_check((mw_alarm_rule_id)i, &v));
    }
}

MW_TEST_MAIN(MW_CASE(a_leak_never_stops), MW_CASE(firms_leak_more_and_longer),
             MW_CASE(a_burst_is_far_above_what_was), MW_CASE(water_runs_backwards),
             MW_CASE(a_meter_stops), MW_CASE(limits_and_deviations),
             MW_CASE(little_history_raises_nothing))
