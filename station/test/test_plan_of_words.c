/* SPDX-License-Identifier: Apache-2.0
 *
 * The frequency plan that a setting names: any national band from a file, and what is wrong with one.
 */
#include "protocols/unb/plan.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "runtime/file.h"
#include "tests/harness/mw_test.h"

static char name[64];
static mw_unb_plan_fault why;

static const char *file_of(const char *text) {
    static char words[80];
    (void)snprintf(name, sizeof name, "plan-test-%d.plan", (int)getpid());
    FILE *f = fopen(name, "w");
    MW_CHECK(f != NULL);
    MW_CHECK(fputs(text, f) >= 0);
    MW_CHECK_EQ(fclose(f), 0);
    (void)snprintf(words, sizeof words, "file:%s", name);
    return words;
}

MW_TEST(a_plan_by_name_or_from_a_file) {
    mw_unb_plan plan;
    MW_CHECK_OK(mw_unb_plan_of_words("eu434", mw_file_load, &why, &plan));
    MW_CHECK_STATUS(mw_unb_plan_of_words("atlantis", mw_file_load, &why, &plan), MW_NOT_FOUND);
    MW_CHECK(strcmp(why.text, "no plan of this name") == 0);
    MW_CHECK_OK(mw_unb_plan_of_words(file_of("name = in865\n"
                                             "[band up]\ndirection = up\nlow_hz = 865000000\n"
                                             "high_hz = 865400000\nduty_ppm = 10000\n"
                                             "[band down]\ndirection = down\nlow_hz = 866000000\n"
                                             "high_hz = 866200000\nduty_ppm = 100000\n"),
                                     mw_file_load, &why, &plan));
    MW_CHECK_EQ(plan.bands, 2);
    MW_CHECK_EQ(plan.band[0].low.mhz, INT64_C(865000000000));
    (void)unlink(name);
}

MW_TEST(a_plan_that_cannot_be_is_refused) {
    mw_unb_plan plan = {.bands = 7};
    MW_CHECK(mw_unb_plan_of_words(file_of("name = x\n[band up]\nlow_hz = 1\n"), mw_file_load, &why,
                                  &plan) != MW_OK);
    MW_CHECK(mw_unb_plan_of_words(file_of(""), mw_file_load, &why, &plan) != MW_OK);
    (void)unlink(name);
    MW_CHECK(mw_unb_plan_of_words("file:/nonexistent/plan", mw_file_load, &why, &plan) != MW_OK);
    MW_CHECK(strcmp(why.text, "the plan's file cannot be read") == 0);
    MW_CHECK_EQ(plan.bands, 7);
}

MW_TEST_MAIN(MW_CASE(a_plan_by_name_or_from_a_file), MW_CASE(a_plan_that_cannot_be_is_refused))
