/* SPDX-License-Identifier: Apache-2.0 */
#include "base/time.h"
#include "tests/harness/mw_test.h"

static mw_status parse(const char *text, mw_utc *out_t) {
    return mw_utc_parse(mw_slice_of_str(text), out_t);
}

MW_TEST(every_day_of_eight_centuries_round_trips) {
    int64_t expected = mw_days_of_date(1600, 1, 1);
    for (int64_t day = expected; day < mw_days_of_date(2400, 1, 1); day++) {
        int32_t year;
        uint8_t month, of_month;
        mw_date_of_days(day, &year, &month, &of_month);
        MW_CHECK_EQ(mw_days_of_date(year, month, of_month), day);
    }
    MW_CHECK_EQ(mw_days_of_date(1970, 1, 1), 0);
    MW_CHECK_EQ(mw_days_of_date(2000, 3, 1), 11017);
    MW_CHECK_EQ(mw_weekday_of_days(mw_days_of_date(2026, 11, 22)), 6);
    MW_CHECK_EQ(mw_weekday_of_days(mw_days_of_date(1969, 12, 29)), 0);
}

MW_TEST(text_round_trips) {
    mw_utc t;
    char text[MW_UTC_TEXT_MAX];
    MW_CHECK_OK(parse("2026-11-22T13:00:00Z", &t));
    MW_CHECK_EQ(t.us, INT64_C(1795352400) * MW_US_PER_S);
    mw_utc_format(t, text);
    MW_CHECK_STR(text, "2026-11-22T13:00:00Z");
    MW_CHECK_OK(parse("2026-11-22T18:30:00.25+05:30", &t));
    mw_utc_format(t, text);
    MW_CHECK_STR(text, "2026-11-22T13:00:00.250000Z");
    MW_CHECK_OK(parse("1969-12-31T23:59:59.999999Z", &t));
    MW_CHECK_EQ(t.us, -1);
    mw_utc_format(t, text);
    MW_CHECK_STR(text, "1969-12-31T23:59:59.999999Z");
}

MW_TEST(foreign_text_is_refused) {
    static const char *const bad[] = {
        "",
        "2026-11-22",
        "2026-11-22T13:00:00",
        "2026-11-22T13:00:00z ",
        "2026-11-22 13:00:00Z",
        "2026-13-22T13:00:00Z",
        "2026-02-29T13:00:00Z",
        "2026-11-22T24:00:00Z",
        "2026-11-22T13:00:60Z",
        "2026-11-22T13:00:00.Z",
        "2026-11-22T13:00:00+24:00",
        "2026-11-22T13:00:00Z\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        mw_utc t = {42};
        MW_CHECK(parse(bad[i], &t) != MW_OK);
        MW_CHECK_EQ(t.us, 42);
    }
}

MW_TEST(seconds_round_towards_the_past) {
    MW_CHECK_EQ(mw_utc_floor_s((mw_utc){-1}), -1);
    MW_CHECK_EQ(mw_utc_floor_s((mw_utc){999999}), 0);
    MW_CHECK_EQ(mw_utc_since(mw_utc_of_s(5), mw_utc_of_s(2)).ns, mw_dur_s(3).ns);
}

MW_TEST_MAIN(MW_CASE(every_day_of_eight_centuries_round_trips), MW_CASE(text_round_trips),
             MW_CASE(foreign_text_is_refused), MW_CASE(seconds_round_towards_the_past))
