/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/vee/currency.h"

#include <string.h>

#include "tests/harness/mw_test.h"

MW_TEST(codes_are_those_of_iso_4217) {
    static const struct {
        const char *code;
        int exponent;
    } known[] = {{"EUR", 2}, {"BGN", 2}, {"RUB", 2}, {"JPY", 0}, {"XPF", 0},
                 {"BIF", 0}, {"TND", 3}, {"AED", 2}, {"ZWG", 2}, {"BHD", 3}};
    mw_currency c;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        MW_CHECK_OK(mw_currency_of(known[i].code, &c));
        MW_CHECK(strcmp(c.code, known[i].code) == 0);
        MW_CHECK_EQ(c.exponent, known[i].exponent);
    }
    static const char *const strange[] = {"",    "EU",  "EURO", "eur", "DEM",
                                          "UR ", "R F", "XAU",  "   "};
    for (size_t i = 0; i < sizeof strange / sizeof strange[0]; i++)
        MW_CHECK_STATUS(mw_currency_of(strange[i], &c), MW_NOT_FOUND);
}

MW_TEST(amounts_have_the_currencys_decimals) {
    static const struct {
        const char *code;
        int64_t millionths;
        const char *text;
    } told[] = {{"EUR", 12345678, "12.34 EUR"},
                {"EUR", 50000, "0.05 EUR"},
                {"JPY", 12345678, "12 JPY"},
                {"TND", 12345678, "12.345 TND"},
                {"EUR", -1500000, "-1.50 EUR"},
                {"EUR", INT64_MAX, "9223372036854.77 EUR"},
                {"BHD", INT64_MIN, "-9223372036854.775 BHD"}};
    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++) {
        mw_currency c;
        char text[MW_CURRENCY_TEXT_MAX];
        MW_CHECK_OK(mw_currency_of(told[i].code, &c));
        mw_currency_text(&c, told[i].millionths, text);
        MW_CHECK(strcmp(text, told[i].text) == 0);
    }
}

MW_TEST_MAIN(MW_CASE(codes_are_those_of_iso_4217), MW_CASE(amounts_have_the_currencys_decimals))
