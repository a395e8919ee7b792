/* SPDX-License-Identifier: Apache-2.0 */
#include "protocols/spodes/events.h"

#include "tests/harness/mw_test.h"

static const struct {
    uint16_t code;
    uint8_t bit;
} all[] = {
#define X(name, log, number, bit, text) {MW_SPODES_##name, bit},
    MW_SPODES_EVENT_LIST(X)
#undef X
};

static void check_condition(uint16_t code, const char *name, uint8_t phase, bool ends) {
    mw_spodes_condition c = {0};
    MW_CHECK(mw_spodes_condition_of(code, &c));
    MW_CHECK_STR(c.name, name);
    MW_CHECK_EQ(c.phase, phase);
    MW_CHECK_EQ(c.ends, ends);
}

MW_TEST(conditions_have_one_name_for_begin_and_end) {
    check_condition(MW_SPODES_SAG_2, "sag", 2, false);
    check_condition(MW_SPODES_SAG_ENDS_2, "sag", 2, true);
    check_condition(MW_SPODES_U_BACK_1, "u_lost", 1, true);
    check_condition(MW_SPODES_COVER_SHUT, "cover_open", 0, true);
    check_condition(MW_SPODES_UNLOCKED, "access", 0, true);
    check_condition(MW_SPODES_LOCKED, "locked", 0, false);
    check_condition(MW_SPODES_OFF_BY_LIMIT, "off_by_limit", 0, false);
    check_condition(MW_SPODES_ON_BY_LIMIT, "on_by_limit", 0, false);
    check_condition(MW_SPODES_SEASONS_SET, "setting", 0, false);
    check_condition(MW_SPODES_FLAGS_CLEARED, "setting", 0, false);
    check_condition(MW_SPODES_STARTED, "started", 0, false);
}

/* Numbers of the standard (GOST R 58940-2020, appendix D). */
MW_TEST(codes_are_those_of_the_standard) {
    MW_CHECK_EQ(MW_SPODES_U_LOST_1, 0x0001);
    MW_CHECK_EQ(MW_SPODES_POWER_OFF, 0x0201);
    MW_CHECK_EQ(MW_SPODES_MAGNET, 0x0401);
    MW_CHECK_EQ(MW_SPODES_COVER_OPEN, 0x0403);
    MW_CHECK_EQ(MW_SPODES_ACCESS, 0x0601);
    MW_CHECK_STR(mw_spodes_event_text(MW_SPODES_COVER_OPEN), "terminal cover opened");
    MW_CHECK_EQ(mw_spodes_event_log(MW_SPODES_COVER_OPEN), MW_SPODES_LOG_INFLUENCE);
    MW_CHECK_EQ(mw_spodes_event_number(MW_SPODES_COVER_OPEN), 3);
}

MW_TEST(every_code_is_one_and_has_its_words) {
    uint64_t used = 0;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        mw_spodes_condition c;
        MW_CHECK(mw_spodes_event_text(all[i].code) != NULL);
        MW_CHECK(mw_spodes_condition_of(all[i].code, &c) && c.name[0] != 0);
        MW_CHECK(all[i].bit < 64 || all[i].bit == MW_SPODES_NO_BIT);
        MW_CHECK_EQ(mw_spodes_event_bit(all[i].code), all[i].bit);
        used |= all[i].bit < 64 ? UINT64_C(1) << all[i].bit : 0;
        MW_CHECK(mw_spodes_event_log(all[i].code) < MW_SPODES_LOGS);
        for (size_t k = 0; k < i; k++)
            MW_CHECK(all[k].code != all[i].code);
    }
    MW_CHECK(used == UINT64_MAX); /* all 64 places of the three groups */
}

MW_TEST(what_is_not_in_the_list_is_nothing) {
    mw_spodes_condition c;
    for (uint32_t code = 0; code <= UINT16_MAX; code++) {
        bool known = mw_spodes_event_text((uint16_t)code) != NULL;
        MW_CHECK_EQ(known, mw_spodes_condition_of((uint16_t)code, &c));
        if (!known)
            MW_CHECK_EQ(mw_spodes_event_bit((uint16_t)code), MW_SPODES_NO_BIT);
    }
}

MW_TEST_MAIN(MW_CASE(conditions_have_one_name_for_begin_and_end),
             MW_CASE(codes_are_those_of_the_standard), MW_CASE(every_code_is_one_and_has_its_words),
             MW_CASE(what_is_not_in_the_list_is_nothing))
