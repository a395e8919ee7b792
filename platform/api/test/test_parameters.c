/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/api/internal.h"
#include "platform/doors/uplinks.h"
#include "tests/harness/mw_test.h"

static mw_status date(const char *text, int64_t *out_day) {
    return mw_api_parse_date(mw_slice_of_str(text), out_day);
}

MW_TEST(dates) {
    int64_t day = -1;
    MW_CHECK_OK(date("1970-01-01", &day));
    MW_CHECK_EQ(day, 0);
    MW_CHECK_OK(date("2024-02-29", &day));
    MW_CHECK_EQ(day, mw_days_of_date(2024, 2, 29));
    MW_CHECK_OK(date("2200-12-31", &day));
    static const char *const bad[] = {
        "",           "2026-1-1",   "2026-01-1",   "2026/01/01",  "2026-02-29", "2026-13-01",
        "2026-00-01", "2026-01-00", "2026-01-32",  "1969-12-31",  "2201-01-01", "-026-01-01",
        "+026-01-01", " 026-01-01", "2026-01-01 ", "2026-01-01T", "20260101",   "2026-0x-01"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        MW_CHECK(date(bad[i], &day) != MW_OK);
}

MW_TEST(meter_ids) {
    uint64_t identity = 0;
    uint8_t number = 9;
    MW_CHECK_OK(mw_api_parse_meter(mw_slice_of_str("0123456789abcdef-0"), &identity, &number));
    MW_CHECK(identity == UINT64_C(0x0123456789abcdef));
    MW_CHECK_EQ(number, 0);
    MW_CHECK_OK(mw_api_parse_meter(mw_slice_of_str("ffffffffffffffff-255"), &identity, &number));
    MW_CHECK(identity == UINT64_MAX);
    MW_CHECK_EQ(number, 255);
    static const char *const bad[] = {"",
                                      "0123456789abcdef",
                                      "0123456789abcdef-",
                                      "0123456789abcdef-256",
                                      "0123456789abcdef-00",
                                      "0123456789abcdef-01",
                                      "0123456789abcdef--1",
                                      "0123456789ABCDEF-0",
                                      "0123456789abcdeg-0",
                                      "0123456789abcde-00",
                                      "0123456789abcdef-1000",
                                      "0123456789abcdef_0"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        MW_CHECK(mw_api_parse_meter(mw_slice_of_str(bad[i]), &identity, &number) != MW_OK);
    mw_store_meter m = {.device = {.identity = 0xab}, .channel = {.number = 7}};
    char text[MW_API_METER_ID_MAX];
    mw_api_meter_id(&m, text);
    MW_CHECK_STR(text, "00000000000000ab-7");
}

MW_TEST(quality_words) {
    char text[MW_API_QUALITY_MAX];
    mw_api_quality_words(0, text);
    MW_CHECK_STR(text, "");
    mw_api_quality_words(MW_QUALITY_ESTIMATED, text);
    MW_CHECK_STR(text, "estimated");
    mw_api_quality_words(0x7f, text);
    MW_CHECK_STR(text, "clock_unset clock_uncertain partial tamper conflict estimated edited");
    mw_api_quality_words(UINT32_MAX, text); /* all words fit */
    MW_CHECK(strstr(text, "edited validated") != NULL);
    MW_CHECK_STR(text + strlen(text) - strlen(" suspect locked"), " suspect locked");
}

MW_TEST(scope_of_users) {
    mw_store_user user = {.role = "operator", .person = "cu-1"};
    MW_CHECK(mw_api_person_of(&user) == NULL);
    user = (mw_store_user){.role = "consumer", .person = "cu-1"};
    MW_CHECK_STR(mw_api_person_of(&user), "cu-1");
    /* neither nobody's usage points nor everybody's */
    user = (mw_store_user){.role = "consumer"};
    MW_CHECK(mw_api_person_of(&user) != NULL);
    MW_CHECK(mw_api_person_of(&user)[0] != 0);
    user = (mw_store_user){.role = "OPERATOR"};
    MW_CHECK(mw_api_person_of(&user) != NULL);
}

/* The door finds a station by the hash that `station add` stored. */
MW_TEST(station_hashes_agree) {
    mw_slice token = mw_slice_of_str("a token of a station");
    uint8_t at_door[MW_STORE_TOKEN_HASH];
    mw_uplinks_token_hash(token, at_door);
    mw_token_hash at_rest = mw_token_hash_of(token);
    MW_CHECK_BYTES(MW_SLICE_OF(at_door), at_rest.b, sizeof at_rest.b);
}

MW_TEST_MAIN(MW_CASE(dates), MW_CASE(meter_ids), MW_CASE(quality_words), MW_CASE(scope_of_users),
             MW_CASE(station_hashes_agree))
