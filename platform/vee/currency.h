/* SPDX-License-Identifier: Apache-2.0
 *
 * Currencies by ISO 4217: the code of three letters, and how many decimals its amounts have. Money is
 * counted in millionths everywhere; a currency only says what the millionths are of.
 */
#ifndef MW_PLATFORM_VEE_CURRENCY_H
#define MW_PLATFORM_VEE_CURRENCY_H

#include <stdint.h>

#include "base/status.h"

typedef struct mw_currency {
    char code[4];
    uint8_t exponent; /* of the minor unit: 2 for cents, 0 when there is none */
} mw_currency;

#define MW_CURRENCY_DEFAULT "EUR"

/* MW_NOT_FOUND: not a code of a currency in use (list one of ISO 4217, metals and funds left out). */
MW_NODISCARD mw_status mw_currency_of(const char *code, mw_currency *out_currency);

#define MW_CURRENCY_TEXT_MAX 64
/* "12.34 EUR" of an amount in millionths, cut to the currency's decimals. */
void mw_currency_text(const mw_currency *c, int64_t millionths,
                      char out_text[MW_CURRENCY_TEXT_MAX]);

#endif
