/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/vee/currency.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* By exponent, ISO 4217 list one. */
static const char *const codes[] = {
    [0] = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF",
    [1] = "",
    [2] = "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN "
          "BZD CAD CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS "
          "GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR "
          "LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD "
          "PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN "
          "SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR "
          "ZMW ZWG",
    [3] = "BHD IQD JOD KWD LYD OMR TND",
};
enum { EXPONENTS = sizeof codes / sizeof codes[0], CODE = 3 };

mw_status mw_currency_of(const char *code, mw_currency *out_currency) {
    if (strlen(code) != CODE)
        return MW_NOT_FOUND;
    for (uint8_t e = 0; e < EXPONENTS; e++) {
        for (const char *at = codes[e]; *at != 0; at += at[CODE] != 0 ? CODE + 1 : CODE) {
            if (memcmp(at, code, CODE) != 0)
                continue;
            *out_currency = (mw_currency){.exponent = e};
            memcpy(out_currency->code, code, CODE);
            return MW_OK;
        }
    }
    return MW_NOT_FOUND;
}

void mw_currency_text(const mw_currency *c, int64_t millionths,
                      char out_text[MW_CURRENCY_TEXT_MAX]) {
    int64_t part = 1000000, minor = 1;
    int decimals = c->exponent < 4 ? c->exponent : 4;
    for (int e = 0; e < decimals; e++) {
        part /= 10;
        minor *= 10;
    }
    const char *sign = millionths < 0 ? "-" : "";
    uint64_t n = (millionths < 0 ? -(uint64_t)millionths : (uint64_t)millionths) / (uint64_t)part;
    if (decimals == 0)
        (void)snprintf(out_text, MW_CURRENCY_TEXT_MAX, "%s%" PRIu64 " %s", sign, n, c->code);
    else
        (void)snprintf(out_text, MW_CURRENCY_TEXT_MAX, "%s%" PRIu64 ".%0*" PRIu64 " %s", sign,
                       n / (uint64_t)minor, decimals, n % (uint64_t)minor, c->code);
}
