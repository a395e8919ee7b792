/* SPDX-License-Identifier: Apache-2.0 */
#include "base/units.h"
#include "tests/harness/mw_test.h"

static const char *format(int64_t value, int8_t scale) {
    static uint8_t out[32];
    MW_CHECK_OK(mw_quantity_format((mw_quantity){value, scale, MW_UNIT_M3}, MW_SPAN_OF(out)));
    return (const char *)out;
}

MW_TEST(decimals_are_written_exactly) {
    MW_CHECK_STR(format(0, 0), "0");
    MW_CHECK_STR(format(0, -3), "0.000");
    MW_CHECK_STR(format(12345, -3), "12.345");
    MW_CHECK_STR(format(-5, -3), "-0.005");
    MW_CHECK_STR(format(7, 3), "7000");
    MW_CHECK_STR(format(0, 3), "0");
    MW_CHECK_STR(format(INT64_MIN, -9), "-9223372036.854775808");
    MW_CHECK_STR(format(INT64_MAX, 9), "9223372036854775807000000000");
}

MW_TEST(rescaling_never_loses_a_digit) {
    mw_quantity q;
    MW_CHECK_OK(mw_quantity_rescale((mw_quantity){1500, -3, MW_UNIT_M3}, -1, &q));
    MW_CHECK_EQ(q.value, 15);
    MW_CHECK_OK(mw_quantity_rescale((mw_quantity){2, 3, MW_UNIT_WH}, 0, &q));
    MW_CHECK_EQ(q.value, 2000);
    MW_CHECK_STATUS(mw_quantity_rescale((mw_quantity){1501, -3, MW_UNIT_M3}, -1, &q), MW_RANGE);
    MW_CHECK_STATUS(mw_quantity_rescale((mw_quantity){INT64_MAX, 0, MW_UNIT_M3}, -1, &q), MW_RANGE);
}

MW_TEST(every_unit_has_a_distinct_code) {
    for (unsigned u = 0; u < MW_UNIT_COUNT; u++) {
        mw_unit found;
        MW_CHECK_OK(mw_unit_of_ucum(mw_unit_info_of((mw_unit)u)->ucum, &found));
        MW_CHECK_EQ(found, u);
    }
    mw_unit none;
    MW_CHECK_STATUS(mw_unit_of_ucum("furlong", &none), MW_NOT_FOUND);
}

MW_TEST_MAIN(MW_CASE(decimals_are_written_exactly), MW_CASE(rescaling_never_loses_a_digit),
             MW_CASE(every_unit_has_a_distinct_code))
