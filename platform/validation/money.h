/* SPDX-License-Identifier: Apache-2.0
 *
 * What the prices of a tenant are in: its setting "currency", an ISO 4217 code.
 */
#ifndef MW_PLATFORM_VALIDATION_MONEY_H
#define MW_PLATFORM_VALIDATION_MONEY_H

#include "platform/store/store.h"
#include "platform/vee/currency.h"

#define MW_MONEY_SETTING "currency"

/* MW_CURRENCY_DEFAULT when the tenant has set none, or one that this version does not know. */
MW_NODISCARD mw_status mw_money_currency(mw_store *store, int64_t tenant,
                                         mw_currency *out_currency);

#endif
