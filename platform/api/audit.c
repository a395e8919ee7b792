/* SPDX-License-Identifier: Apache-2.0
 *
 * What every operation that changes something leaves behind.
 */
#include <stdio.h>

#include "platform/api/internal.h"

mw_status mw_api_audit(mw_api_call *call, const char *action, const char *subject,
                       const char *detail) {
    mw_store_audit row = {.tenant = call->tenant, .at = mw_loop_utc(call->api->o.loop)};
    snprintf(row.actor, sizeof row.actor, "%s", call->user.login);
    snprintf(row.action, sizeof row.action, "%s", action);
    snprintf(row.subject, sizeof row.subject, "%s", subject);
    snprintf(row.detail, sizeof row.detail, "%s", detail);
    return mw_store_audit_append(call->api->o.store, &row);
}

mw_status mw_api_end(mw_api_call *call, mw_status s) {
    if (s == MW_OK)
        return mw_store_commit(call->api->o.store);
    return mw_store_rollback(call->api->o.store) == MW_OK ? s : MW_IO;
}

mw_status mw_api_audit_alone(mw_api_call *call, const char *action, const char *subject,
                             const char *detail) {
    MW_TRY(mw_store_begin(call->api->o.store));
    return mw_api_end(call, mw_api_audit(call, action, subject, detail));
}
