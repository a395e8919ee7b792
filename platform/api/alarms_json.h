/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files about alarms share.
 */
#ifndef MW_PLATFORM_API_ALARMS_JSON_H
#define MW_PLATFORM_API_ALARMS_JSON_H

#include "platform/api/internal.h"

/* The alarm with the meter that it is of; m NULL = of none. */
void mw_api_put_alarm(mw_json *j, const mw_store_alarm *a, const mw_store_meter *m);
/* The meter of an alarm, into *out; *out_meter NULL when there is none. */
MW_NODISCARD mw_status mw_api_alarm_meter(mw_api *api, const mw_store_alarm *a, mw_store_meter *out,
                                          const mw_store_meter **out_meter);
/* "open", "acknowledged", "closed". */
const char *mw_api_alarm_state_name(mw_store_alarm_state state);
/* An alarm that this user may see, by its number. MW_NOT_FOUND. */
MW_NODISCARD mw_status mw_api_alarm_find(mw_api_call *call, int64_t id, mw_store_alarm *out);
/* {alarm} of the path. MW_NOT_FOUND. */
MW_NODISCARD mw_status mw_api_alarm_id(mw_api_call *call, int64_t *out_id);

#endif
