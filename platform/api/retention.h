/* SPDX-License-Identifier: Apache-2.0
 *
 * Operations of administrators: how long data stay, and legal holds.
 */
#ifndef MW_PLATFORM_API_RETENTION_H
#define MW_PLATFORM_API_RETENTION_H

#include "platform/api/internal.h"

void mw_api_retention_read(mw_api_call *call);
void mw_api_retention_put(mw_api_call *call);
void mw_api_hold_list(mw_api_call *call);
void mw_api_hold_create(mw_api_call *call);
void mw_api_hold_release(mw_api_call *call);

#endif
