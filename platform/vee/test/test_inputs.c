/* SPDX-License-Identifier: Apache-2.0
 *
 * What findings compared, by name.
 */
#include "platform/vee/inputs.h"

#include <string.h>

#include "tests/harness/mw_test.h"

static mw_vee_input in[MW_VEE_RULE_INPUTS_MAX];
static size_t n;

static void of(mw_vee_rule rule, int64_t a, int64_t b, int64_t c, int64_t threshold) {
    const int64_t input[3] = {a, b, c};
    n = mw_vee_inputs_of(rule, input, threshold, in);
}

static bool is(size_t i, const char *name, const char *unit, int64_t value) {
    return i < n && strcmp(in[i].name, name) == 0 &&
           strcmp(mw_vee_unit_name(in[i].unit), unit) == 0 && in[i].value == value;
}

MW_TEST(every_rule_tells_something) {
    for (mw_vee_rule r = 0; r < MW_VEE_RULES; r++) {
        of(r, 5, 6, 7, 8);
        MW_CHECK(n >= 1);
        for (size_t i = 0; i < n; i++)
            MW_CHECK(in[i].name[0] != 0 &&
                     strspn(in[i].name, "abcdefghijklmnopqrstuvwxyz") == strlen(in[i].name));
    }
}

MW_TEST(what_is_held_against_the_threshold_has_its_unit) {
    of(MW_VEE_V03_GAP, 24, 24, 0, 1);
    MW_CHECK(n == 2 && is(0, "missing", "intervals", 24) && is(1, "threshold", "intervals", 1));
    of(MW_VEE_V08_SPIKE, 2500000, 700, 200, 1800000);
    MW_CHECK(n == 4 && is(0, "excess", "ppm", 2500000) && is(2, "third", "count", 200) &&
             is(3, "threshold", "ppm", 1800000));
    of(MW_VEE_V20_STATUS, MW_VEE_TAMPER, 0, 0, 0);
    MW_CHECK(n == 1 && is(0, "status", "flags", MW_VEE_TAMPER));
}

MW_TEST(kinds_of_one_rule_are_told_apart) {
    of(MW_VEE_V14_NEGATIVE, -3, 3, 90, 0);
    MW_CHECK(n == 3 && is(0, "value", "count", -3));
    of(MW_VEE_V14_NEGATIVE, 90, 100, 2, 100);
    MW_CHECK(n == 2 && is(0, "after", "count", 90) && is(1, "before", "count", 100));
    of(MW_VEE_V18_PHASES, 9000, 1100, MW_VEE_PHASES_DEAD, 10000);
    MW_CHECK(is(0, "voltage", "mV", 9000) && is(2, "threshold", "mV", 10000));
    of(MW_VEE_V18_PHASES, 1600000, 3000, MW_VEE_PHASES_IMBALANCE, 1500000);
    MW_CHECK(is(0, "imbalance", "ppm", 1600000) && is(1, "current", "mA", 3000));
    of(MW_VEE_V18_PHASES, 2600000, 30, MW_VEE_PHASES_REACTIVE, 2000000);
    MW_CHECK(is(0, "reactive", "ppm", 2600000) && is(1, "value", "count", 30));
    of(MW_VEE_V19_DYNAMIC, 30, 4, MW_VEE_ZEROS, 24);
    MW_CHECK(is(0, "now", "intervals", 30) && is(2, "threshold", "intervals", 24));
    of(MW_VEE_V19_DYNAMIC, 600, 35, MW_VEE_MEDIAN, 210);
    MW_CHECK(is(0, "now", "count", 600) && is(1, "then", "count", 35));
}

MW_TEST_MAIN(MW_CASE(every_rule_tells_something),
             MW_CASE(what_is_held_against_the_threshold_has_its_unit),
             MW_CASE(kinds_of_one_rule_are_told_apart))
