/* SPDX-License-Identifier: Apache-2.0
 *
 * The fleets of the tenants that operators look at, kept fresh enough: a small fleet is made anew
 * for each question, a large one by a thread behind the page, at most as often as it costs a
 * twentieth of a processor. A question about a fleet that is not there yet, or that an operator
 * has changed, waits for it without holding up anybody else (mw_fleets_park).
 */
#ifndef MW_PLATFORM_API_FLEET_KEEP_H
#define MW_PLATFORM_API_FLEET_KEEP_H

#include "platform/api/api.h"
#include "platform/api/fleet.h"

#define MW_FLEET_TENANTS_MAX 8 /* kept at a time; the one asked for longest ago goes */

typedef struct mw_fleets mw_fleets;

/* Everything in options is borrowed. */
MW_NODISCARD mw_status mw_fleets_new(mw_api *api, const mw_api_options *options,
                                     mw_fleets **out_fleets);
/* Waits for threads under way. */
void mw_fleets_free(mw_fleets *k);
/* The newest fleet of the tenant; valid until the loop turns. MW_AGAIN: it is being made. */
MW_NODISCARD mw_status mw_fleets_get(mw_fleets *k, int64_t tenant, const mw_fleet **out_fleet);
/* The overview as it was when the fleet was made, of a fleet that is large enough for that to matter;
 * renews both when they are old. MW_NOT_FOUND: ask the store. MW_AGAIN: the first is being made. */
MW_NODISCARD mw_status mw_fleets_overview(mw_fleets *k, int64_t tenant,
                                          mw_store_overview *out_overview);
/* Of a MW_AGAIN no request will be parked: who asked was none. */
void mw_fleets_nobody_waits(mw_fleets *k);
/* Something that people see at once was changed: the next question gets a fleet that knows it. */
void mw_fleets_changed(mw_fleets *k, int64_t tenant);

#endif
