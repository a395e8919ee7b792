/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "platform/readings/quality_codes.h"
#include "tests/harness/mw_test.h"

MW_TEST(each_stage_of_a_good_value_has_its_code) {
    MW_CHECK_EQ(mw_quality_espi(0, MW_VEE_NO_METHOD, MW_STAGE_RAW), MW_ESPI_RAW);
    MW_CHECK_EQ(mw_quality_espi(0, MW_VEE_NO_METHOD, MW_STAGE_VALIDATED), MW_ESPI_VALIDATED);
    MW_CHECK_EQ(mw_quality_espi(0, MW_VEE_NO_METHOD, MW_STAGE_FINAL), MW_ESPI_REVENUE);
    MW_CHECK_EQ(mw_quality_espi(MW_VEE_LOCKED, MW_VEE_NO_METHOD, MW_STAGE_VALIDATED),
                MW_ESPI_REVENUE);
}

MW_TEST(what_was_done_to_a_value_comes_before_why) {
    uint32_t bad = MW_VEE_SUSPECT | MW_VEE_PARTIAL;
    MW_CHECK_EQ(mw_quality_espi(bad, MW_VEE_NO_METHOD, MW_STAGE_RAW), MW_ESPI_QUESTIONABLE);
    MW_CHECK_EQ(mw_quality_espi(bad | MW_VEE_ACCEPTED, MW_VEE_NO_METHOD, MW_STAGE_FINAL),
                MW_ESPI_VERIFIED);
    MW_CHECK_EQ(mw_quality_espi(bad | MW_VEE_ESTIMATED, MW_VEE_E5_LIKE_DAYS, MW_STAGE_FINAL),
                MW_ESPI_REFERENCE_DAY);
    MW_CHECK_EQ(mw_quality_espi(MW_VEE_ESTIMATED, MW_VEE_E4_LINEAR, MW_STAGE_FINAL),
                MW_ESPI_INTERPOLATED);
    MW_CHECK_EQ(mw_quality_espi(MW_VEE_ESTIMATED, MW_VEE_E2_NODE, MW_STAGE_FINAL), MW_ESPI_DERIVED);
    MW_CHECK_EQ(mw_quality_espi(MW_VEE_ESTIMATED | MW_VEE_EDITED, MW_VEE_E4_LINEAR, MW_STAGE_FINAL),
                MW_ESPI_EDITED);
    MW_CHECK_EQ(mw_quality_espi(MW_VEE_MISSING | MW_VEE_EDITED, MW_VEE_NO_METHOD, MW_STAGE_FINAL),
                MW_ESPI_QUESTIONABLE);
}

MW_TEST(a_sum_of_different_qualities_is_mixed) {
    const mw_espi_quality one[] = {MW_ESPI_VALIDATED, MW_ESPI_VALIDATED};
    const mw_espi_quality two[] = {MW_ESPI_VALIDATED, MW_ESPI_EDITED};
    MW_CHECK_EQ(mw_quality_espi_of_many(one, 2), MW_ESPI_VALIDATED);
    MW_CHECK_EQ(mw_quality_espi_of_many(two, 2), MW_ESPI_MIXED);
    MW_CHECK_EQ(mw_quality_espi_of_many(two, 0), MW_ESPI_QUESTIONABLE);
}

static size_t texts(uint32_t flags, mw_vee_method method, mw_quality_stage stage,
                    char out[MW_CIM_QUALITIES_MAX][MW_CIM_QUALITY_TEXT]) {
    mw_cim_quality q[MW_CIM_QUALITIES_MAX];
    size_t n = mw_quality_cim(flags, method, stage, q);
    for (size_t i = 0; i < n; i++)
        mw_quality_cim_text(q[i], out[i]);
    return n;
}

MW_TEST(cim_codes_worst_first_and_each_once) {
    char t[MW_CIM_QUALITIES_MAX][MW_CIM_QUALITY_TEXT];
    MW_CHECK_EQ(texts(0, MW_VEE_NO_METHOD, MW_STAGE_RAW, t), 1);
    MW_CHECK_STR(t[0], "1.0.0");
    MW_CHECK_EQ(texts(0, MW_VEE_NO_METHOD, MW_STAGE_FINAL, t), 1);
    MW_CHECK_STR(t[0], "3.0.0");
    MW_CHECK_EQ(texts(MW_VEE_PARTIAL | MW_VEE_OUTAGE | MW_VEE_SUSPECT, 0, MW_STAGE_RAW, t), 2);
    MW_CHECK_STR(t[0], "3.5.258");
    MW_CHECK_STR(t[1], "1.2.32");
    MW_CHECK_EQ(texts(MW_VEE_ESTIMATED, MW_VEE_E2_NODE, MW_STAGE_FINAL, t), 2);
    MW_CHECK_STR(t[0], "3.11.0");
    MW_CHECK_STR(t[1], "3.8.0");
    MW_CHECK_EQ(texts(UINT32_MAX, MW_VEE_E2_NODE, MW_STAGE_FINAL, t), 12);
    MW_CHECK_STR(t[1], "3.5.259");
}

MW_TEST(codes_from_outside_become_flags) {
    uint32_t flags = 99;
    MW_CHECK_STATUS(mw_quality_of_cim(mw_slice_of_str("3.0.0"), &flags), MW_OK);
    MW_CHECK_EQ(flags, 0);
    MW_CHECK_STATUS(mw_quality_of_cim(mw_slice_of_str("1.5.258"), &flags), MW_OK);
    MW_CHECK_EQ(flags, MW_VEE_SUSPECT);
    MW_CHECK_STATUS(mw_quality_of_cim(mw_slice_of_str("3.8.1007"), &flags), MW_OK);
    MW_CHECK_EQ(flags, MW_VEE_ESTIMATED);
    MW_CHECK_STATUS(mw_quality_of_cim(mw_slice_of_str("3.6.1"), &flags), MW_OK);
    MW_CHECK_EQ(flags, MW_VEE_SUSPECT);
    MW_CHECK_STATUS(mw_quality_of_cim(mw_slice_of_str("3.44.1"), &flags), MW_UNSUPPORTED);
    static const char *const not_codes[] = {"",      "3",       "3.8",       "3.8.",
                                            ".8.0",  "3.8.0.1", "3.8.70000", "3.-8.0",
                                            "a.b.c", "300.8.0", "3.8.0 "};
    for (size_t i = 0; i < sizeof not_codes / sizeof not_codes[0]; i++)
        MW_CHECK_STATUS(mw_quality_of_cim(mw_slice_of_str(not_codes[i]), &flags), MW_SYNTAX);
}

MW_TEST(what_goes_out_comes_back) {
    static const uint32_t flags[] = {MW_VEE_MISSING,     MW_VEE_SUSPECT,         MW_VEE_EDITED,
                                     MW_VEE_ESTIMATED,   MW_VEE_CONFLICT,        MW_VEE_ACCEPTED,
                                     MW_VEE_CLOCK_UNSET, MW_VEE_CLOCK_UNCERTAIN, MW_VEE_PARTIAL,
                                     MW_VEE_TAMPER};
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        char t[MW_CIM_QUALITIES_MAX][MW_CIM_QUALITY_TEXT];
        uint32_t back = 0;
        MW_CHECK_EQ(texts(flags[i], MW_VEE_NO_METHOD, MW_STAGE_FINAL, t), 1);
        MW_CHECK_STATUS(mw_quality_of_cim(mw_slice_of_str(t[0]), &back), MW_OK);
        MW_CHECK_EQ(back, flags[i]);
    }
    for (int64_t q = -1; q < 30; q++) {
        uint32_t back = 0;
        bool known = strcmp(mw_quality_espi_name((mw_espi_quality)q), "unknown") != 0;
        MW_CHECK_EQ(mw_quality_of_espi(q, &back) == MW_OK, known);
    }
}

MW_TEST_MAIN(MW_CASE(each_stage_of_a_good_value_has_its_code),
             MW_CASE(what_was_done_to_a_value_comes_before_why),
             MW_CASE(a_sum_of_different_qualities_is_mixed),
             MW_CASE(cim_codes_worst_first_and_each_once), MW_CASE(codes_from_outside_become_flags),
             MW_CASE(what_goes_out_comes_back))
