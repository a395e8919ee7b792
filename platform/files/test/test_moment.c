/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "platform/files/decimal.h"
#include "platform/files/moment.h"
#include "tests/harness/mw_test.h"

static mw_zones *zones;

static const char *parsed(const char *format, const char *text) {
    static char out[MW_UTC_TEXT_MAX + 8];
    mw_civil c;
    bool is_utc = false;
    mw_status s = mw_moment_parse(format, mw_slice_of_str(text), &c, &is_utc);
    if (s != MW_OK)
        return mw_status_name(s);
    snprintf(out, sizeof out, "%04d-%02u-%02u %02u:%02u:%02u%s", c.year, c.month, c.day, c.hour,
             c.minute, c.second, is_utc ? "Z" : "");
    return out;
}

MW_TEST(times_are_read_by_format) {
    MW_CHECK_STR(parsed("rfc3339", "2026-03-29T03:30:00+02:00"), "2026-03-29 01:30:00Z");
    MW_CHECK_STR(parsed("rfc3339", "2026-03-29 03:30"), "2026-03-29 03:30:00");
    MW_CHECK_STR(parsed("rfc3339", "2026-03-29T03:30:05"), "2026-03-29 03:30:05");
    MW_CHECK_STR(parsed("%d/%m/%Y %H:%M", "1/2/2007 7:05"), "2007-02-01 07:05:00");
    MW_CHECK_STR(parsed("%d.%m.%y", "31.12.13"), "2013-12-31 00:00:00");
    MW_CHECK_STR(parsed("%Y-%m-%d %H:%M:%S.%f", "2013-01-01 00:30:00.0000000"),
                 "2013-01-01 00:30:00");
    MW_CHECK_STR(parsed("%d/%m/%Y", "30/2/2026"), "RANGE");
    MW_CHECK_STR(parsed("%d/%m/%Y", "3/2/2026 x"), "SYNTAX");
    MW_CHECK_STR(parsed("%d/%m/%Y", ""), "SYNTAX");
    MW_CHECK_STR(parsed("rfc3339", "yesterday"), "SYNTAX");
    MW_CHECK_STR(parsed("rfc3339", "2026-02-30T00:00:00Z"), "RANGE");
}

MW_TEST(formats_are_checked) {
    MW_CHECK_OK(mw_moment_format_check("rfc3339"));
    MW_CHECK_OK(mw_moment_format_check("%Y%m%d%H%M"));
    MW_CHECK_STATUS(mw_moment_format_check("%Y-%m"), MW_SYNTAX);
    MW_CHECK_STATUS(mw_moment_format_check("%Y-%y-%m-%d"), MW_SYNTAX);
    MW_CHECK_STATUS(mw_moment_format_check("%Y-%m-%d %q"), MW_SYNTAX);
    MW_CHECK_STATUS(mw_moment_format_check("%Y-%m-%d %"), MW_SYNTAX);
    MW_CHECK_STATUS(mw_moment_format_check("%d%d%m%Y"), MW_SYNTAX);
}

/* The moments as seconds after the UTC midnight of the date. */
static unsigned moments(const char *zone, const char *local, int64_t out[2]) {
    const mw_zone *z = NULL;
    mw_civil c;
    bool is_utc = false;
    mw_utc found[2], midnight;
    MW_CHECK_OK(mw_zones_get(zones, zone, &z));
    MW_CHECK_OK(mw_moment_parse("rfc3339", mw_slice_of_str(local), &c, &is_utc));
    unsigned n = mw_moment_of_local(z, &c, found);
    c.hour = c.minute = c.second = 0;
    MW_CHECK_OK(mw_utc_of_civil(&c, &midnight));
    for (unsigned i = 0; i < n; i++)
        out[i] = mw_utc_since(found[i], midnight).ns / MW_NS_PER_S;
    return n;
}

MW_TEST(clock_changes_are_seen) {
    int64_t at[2];
    MW_CHECK_EQ(moments("Europe/Rome", "2026-03-29 02:30", at), 0);
    MW_CHECK_EQ(moments("Europe/Rome", "2026-03-29 03:00", at), 1);
    MW_CHECK_EQ(at[0], 3600);
    MW_CHECK_EQ(moments("Europe/Rome", "2026-10-25 02:30", at), 2);
    MW_CHECK_EQ(at[0], 1800);
    MW_CHECK_EQ(at[1], 5400);
    MW_CHECK_EQ(moments("Europe/Rome", "2026-10-25 01:59", at), 1);
    MW_CHECK_EQ(moments("Europe/Rome", "2026-10-25 03:00", at), 1);
    MW_CHECK_EQ(at[0], 7200);
    MW_CHECK_EQ(moments("Asia/Kolkata", "2026-10-25 02:30", at), 1);
    MW_CHECK_EQ(at[0], -10800);
    MW_CHECK_EQ(moments("Australia/Lord_Howe", "2026-04-05 01:45", at), 2); /* half an hour */
    MW_CHECK_EQ(at[1] - at[0], 1800);
    MW_CHECK_EQ(moments("Pacific/Apia", "2011-12-30 12:00", at), 0); /* a day that never was */
}

static mw_decimal decimal(const char *text) {
    mw_decimal d;
    MW_CHECK_OK(mw_decimal_parse(mw_slice_of_str(text), '.', 0, &d));
    return d;
}

MW_TEST(decimals_are_exact) {
    static const struct {
        const char *text;
        int64_t digits;
        uint8_t decimals;
    } good[] = {
        {"0", 0, 0},      {"1234.5", 12345, 1}, {"-0.001", -1, 3},
        {"+7", 7, 0},     {".5", 5, 1},         {"5.", 5, 0},
        {"1.500", 15, 1}, {"-0.0", 0, 0},       {"57000.85714285714", 5700085714285714, 11}};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        mw_decimal d = decimal(good[i].text);
        MW_CHECK_EQ(d.digits, good[i].digits);
        MW_CHECK_EQ(d.decimals, good[i].decimals);
    }
    static const char *bad[] = {"",      "-",   ".",  "1e5", "1,5", "0x10",
                                "1.2.3", "nan", " 1", "1 ",  "--1"};
    mw_decimal d;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        MW_CHECK_STATUS(mw_decimal_parse(mw_slice_of_str(bad[i]), '.', 0, &d), MW_SYNTAX);
    MW_CHECK_STATUS(mw_decimal_parse(mw_slice_of_str("9300000000000000000"), '.', 0, &d), MW_RANGE);
    MW_CHECK_OK(mw_decimal_parse(mw_slice_of_str("1.234.567,89"), ',', '.', &d));
    MW_CHECK_EQ(d.digits, 123456789);
    MW_CHECK_STATUS(mw_decimal_parse(mw_slice_of_str("1234.,5"), ',', '.', &d), MW_SYNTAX);
}

static int64_t count(const char *text, mw_conversion c, mw_rounding rounding, mw_remainder *carry) {
    int64_t n = 0;
    MW_CHECK_OK(mw_decimal_count(decimal(text), c, rounding, carry, &n));
    return n;
}

MW_TEST(units_convert_without_loss) {
    mw_conversion c;
    mw_remainder none = 0;
    int64_t n = 0;
    MW_CHECK_OK(mw_conversion_of(MW_UNIT_WH, 3, MW_UNIT_WH, 0, &c));
    MW_CHECK_EQ(count("0.141", c, MW_ROUNDING_EXACT, &none), 141);
    MW_CHECK_STATUS(mw_decimal_count(decimal("0.1415"), c, MW_ROUNDING_EXACT, &none, &n), MW_RANGE);
    MW_CHECK_EQ(count("0.1415", c, MW_ROUNDING_NEAREST, &none), 142);
    MW_CHECK_EQ(count("-0.1415", c, MW_ROUNDING_NEAREST, &none), -142);
    MW_CHECK_EQ(count("-0.1414", c, MW_ROUNDING_NEAREST, &none), -141);
    MW_CHECK_OK(mw_conversion_of(MW_UNIT_M3, 0, MW_UNIT_L, 0, &c));
    MW_CHECK_EQ(count("99999.999", c, MW_ROUNDING_EXACT, &none), 99999999);
    MW_CHECK_OK(mw_conversion_of(MW_UNIT_J, 9, MW_UNIT_WH, 0, &c));
    MW_CHECK_EQ(count("3.6", c, MW_ROUNDING_EXACT, &none), 1000000);
    MW_CHECK_STATUS(mw_conversion_of(MW_UNIT_WH, 0, MW_UNIT_L, 0, &c), MW_UNSUPPORTED);
    MW_CHECK_STATUS(mw_conversion_of_mean(MW_UNIT_WH, 0, 900, MW_UNIT_WH, 0, &c), MW_UNSUPPORTED);
    MW_CHECK_OK(mw_conversion_of(MW_UNIT_L, 0, MW_UNIT_L, 0, &c));
    MW_CHECK_STATUS(mw_decimal_count((mw_decimal){INT64_MAX, 0}, (mw_conversion){10, 1},
                                     MW_ROUNDING_EXACT, &none, &n),
                    MW_RANGE);
}

MW_TEST(carried_rests_keep_the_sum) {
    /* A third of a kilowatt for 15 minutes is 83.33 Wh: three of them are 250 Wh. */
    mw_conversion c;
    mw_remainder carry = 0;
    MW_CHECK_OK(mw_conversion_of_mean(MW_UNIT_W, 3, 900, MW_UNIT_WH, 0, &c));
    int64_t sum = 0;
    for (int i = 0; i < 300; i++) {
        int64_t n = count("0.333333333333333333", c, MW_ROUNDING_CARRY, &carry);
        MW_CHECK(n == 83 || n == 84);
        sum += n;
    }
    MW_CHECK_EQ(sum, 24999); /* the floor of 24999.99999... */
    carry = 0;
    MW_CHECK_EQ(count("-0.002", c, MW_ROUNDING_CARRY, &carry), -1);
    MW_CHECK_EQ(count("0.002", c, MW_ROUNDING_CARRY, &carry), 1);
}

int main(void) {
    MW_CHECK_OK(mw_zones_open(NULL, &zones));
    const struct CMUnitTest cases[] = {
        MW_CASE(times_are_read_by_format),   MW_CASE(formats_are_checked),
        MW_CASE(clock_changes_are_seen),     MW_CASE(decimals_are_exact),
        MW_CASE(units_convert_without_loss), MW_CASE(carried_rests_keep_the_sum)};
    int failed = cmocka_run_group_tests(cases, NULL, NULL);
    mw_zones_close(zones);
    return failed;
}
