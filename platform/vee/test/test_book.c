/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "platform/vee/book.h"
#include "tests/harness/mw_test.h"

static mw_vee_dated row(const char *name, uint8_t class, int64_t day, int64_t value) {
    mw_vee_dated d = {.class = class, .from = mw_utc_of_s(day * 86400), .value = value};
    (void)strncpy(d.name, name, sizeof d.name - 1);
    return d;
}

MW_TEST(preset_is_that_of_each_part) {
    for (unsigned c = 0; c < MW_VEE_CLASSES; c++) {
        mw_vee_book b;
        mw_vee_settings rules;
        const char *fault = NULL;
        mw_vee_book_preset((mw_vee_class)c, &b);
        mw_vee_settings_preset((mw_vee_class)c, &rules);
        for (unsigned r = 0; r < MW_VEE_RULES; r++) {
            MW_CHECK_EQ(b.rules.rule[r].on, rules.rule[r].on);
            MW_CHECK_EQ(b.rules.rule[r].severity, rules.rule[r].severity);
            for (unsigned t = 0; t < MW_VEE_THRESHOLDS; t++)
                MW_CHECK_EQ(b.rules.rule[r].t[t], rules.rule[r].t[t]);
        }
        MW_CHECK(memcmp(&b.outage, &mw_vee_policy_preset, sizeof b.outage) == 0);
        MW_CHECK(memcmp(&b.estimate, &mw_vee_estimate_preset, sizeof b.estimate) == 0);
        MW_CHECK_EQ(b.ladder.mean_least, mw_vee_ladder_preset.mean_least);
        MW_CHECK_EQ(b.ladder.mean_most, mw_vee_ladder_preset.mean_most);
        MW_CHECK_EQ(b.ladder.norm_ppm, mw_vee_ladder_preset.norm_ppm);
        for (unsigned i = 0; i < MW_VEE_RUNGS; i++)
            MW_CHECK_EQ(b.ladder.rung[i], mw_vee_ladder_preset.rung[i]);
        MW_CHECK_STATUS(mw_vee_book_check(&b, &fault), MW_OK);
    }
}

MW_TEST(each_key_can_be_set_to_its_limits_and_not_beyond) {
    mw_vee_key k, other;
    uint32_t n = 0;
    for (; mw_vee_key_at(n, &k); n++) {
        mw_vee_book b;
        int64_t v = 0;
        mw_vee_book_preset(MW_VEE_RESIDENTIAL, &b);
        MW_CHECK_STATUS(mw_vee_book_get(&b, k.name, &v), MW_OK);
        MW_CHECK_EQ(v, k.preset[MW_VEE_RESIDENTIAL]);
        MW_CHECK(k.min <= v && v <= k.max && k.unit != NULL && k.unit[0] != 0);
        MW_CHECK_STATUS(mw_vee_book_set(&b, k.name, k.max), MW_OK);
        MW_CHECK_STATUS(mw_vee_book_get(&b, k.name, &v), MW_OK);
        MW_CHECK_EQ(v, k.max);
        MW_CHECK_STATUS(mw_vee_book_set(&b, k.name, k.min), MW_OK);
        MW_CHECK_STATUS(mw_vee_book_get(&b, k.name, &v), MW_OK);
        MW_CHECK_EQ(v, k.min);
        if (k.max < INT64_MAX)
            MW_CHECK_STATUS(mw_vee_book_set(&b, k.name, k.max + 1), MW_RANGE);
        MW_CHECK_STATUS(mw_vee_book_set(&b, k.name, k.min - 1), MW_RANGE);
        for (uint32_t i = 0; i < n; i++)
            MW_CHECK(mw_vee_key_at(i, &other) && strcmp(other.name, k.name) != 0);
    }
    MW_CHECK(n > 100);
    mw_vee_book b;
    mw_vee_book_preset(MW_VEE_RESIDENTIAL, &b);
    MW_CHECK_STATUS(mw_vee_book_set(&b, "V21.on", 1), MW_NOT_FOUND);
    MW_CHECK_STATUS(mw_vee_book_set(&b, "", 1), MW_NOT_FOUND);
}

static int64_t share_at(const mw_vee_dated *rows, size_t n, mw_vee_class c, int64_t day) {
    mw_vee_book b;
    size_t unknown = 0;
    MW_CHECK_STATUS(mw_vee_book_at(rows, n, c, mw_utc_of_s(day * 86400), &b, &unknown), MW_OK);
    return b.rules.rule[MW_VEE_V07_HIGH].t[0];
}

MW_TEST(a_setting_holds_from_its_day_and_a_class_goes_first) {
    const mw_vee_dated rows[] = {
        row("V07.share", MW_VEE_ALL_CLASSES, 200, 2000000),
        row("V07.share", MW_VEE_COMMERCIAL, 150, 1500000),
        row("V07.share", MW_VEE_ALL_CLASSES, 100, 1300000),
        row("V07.share", MW_VEE_ALL_CLASSES, 200, 2100000),
        row("V99.share", MW_VEE_ALL_CLASSES, 100, 5),
    };
    MW_CHECK_EQ(share_at(rows, 5, MW_VEE_RESIDENTIAL, 99), 1100000);
    MW_CHECK_EQ(share_at(rows, 5, MW_VEE_RESIDENTIAL, 100), 1300000);
    MW_CHECK_EQ(share_at(rows, 5, MW_VEE_RESIDENTIAL, 300), 2100000);
    MW_CHECK_EQ(share_at(rows, 5, MW_VEE_COMMERCIAL, 120), 1300000);
    MW_CHECK_EQ(share_at(rows, 5, MW_VEE_COMMERCIAL, 300), 1500000);
    mw_vee_book b;
    size_t unknown = 0;
    MW_CHECK_STATUS(
        mw_vee_book_at(rows, 5, MW_VEE_RESIDENTIAL, mw_utc_of_s(300 * 86400), &b, &unknown), MW_OK);
    MW_CHECK_EQ(unknown, 1);
}

MW_TEST(what_contradicts_itself_is_refused) {
    static const struct {
        const char *name, *fault;
        int64_t value;
    } bad[] = {{"ladder.mean_least", "ladder.mean_least", 13},
               {"ladder.2", "ladder.1", MW_VEE_RUNG_LAST_YEAR},
               {"plan.1", "plan.1", MW_VEE_E5_LIKE_DAYS},
               {"plan.1", "plan.1", MW_VEE_E9_REGISTER},
               {"estimate.like_least", "estimate.like_least", 8},
               {"estimate.lookback_days", "estimate.lookback_days", 90}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        mw_vee_book b;
        const char *fault = NULL;
        mw_vee_book_preset(MW_VEE_RESIDENTIAL, &b);
        MW_CHECK_STATUS(mw_vee_book_set(&b, bad[i].name, bad[i].value), MW_OK);
        MW_CHECK_STATUS(mw_vee_book_check(&b, &fault), MW_RANGE);
        MW_CHECK_STR(fault, bad[i].fault);
        mw_vee_dated d = row(bad[i].name, MW_VEE_ALL_CLASSES, 0, bad[i].value);
        size_t unknown = 0;
        MW_CHECK_STATUS(mw_vee_book_at(&d, 1, MW_VEE_RESIDENTIAL, mw_utc_of_s(1), &b, &unknown),
                        MW_RANGE);
    }
}

MW_TEST(names_go_both_ways) {
    for (unsigned i = 0; i < MW_VEE_MEDIA; i++) {
        mw_vee_medium m;
        MW_CHECK_STATUS(mw_vee_medium_of(mw_vee_medium_name((mw_vee_medium)i), &m), MW_OK);
        MW_CHECK_EQ(m, i);
    }
    for (unsigned i = 0; i < MW_VEE_CLASSES; i++) {
        mw_vee_class c;
        MW_CHECK_STATUS(mw_vee_class_of(mw_vee_class_name((mw_vee_class)i), &c), MW_OK);
        MW_CHECK_EQ(c, i);
    }
    mw_vee_class c;
    MW_CHECK_STATUS(mw_vee_class_of("all", &c), MW_NOT_FOUND);
}

MW_TEST_MAIN(MW_CASE(preset_is_that_of_each_part),
             MW_CASE(each_key_can_be_set_to_its_limits_and_not_beyond),
             MW_CASE(a_setting_holds_from_its_day_and_a_class_goes_first),
             MW_CASE(what_contradicts_itself_is_refused), MW_CASE(names_go_both_ways))
