/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/validation/money.h"

mw_status mw_money_currency(mw_store *store, int64_t tenant, mw_currency *out_currency) {
    mw_store_setting row;
    mw_status s = mw_store_tenant_setting_get(store, tenant, MW_MONEY_SETTING, &row);
    if (s == MW_OK)
        s = mw_currency_of(row.value, out_currency);
    return s == MW_NOT_FOUND ? mw_currency_of(MW_CURRENCY_DEFAULT, out_currency) : s;
}
