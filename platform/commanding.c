/* SPDX-License-Identifier: Apache-2.0
 *
 * Commands to meters, from the settings commands.*; what they say goes to stations through the API.
 */
#include "platform/cli/cli.h"
#include "platform/platform.h"
#include "runtime/file.h"
#include "runtime/log.h"

static void on_entry(void *context, const mw_store_downlink *entry) {
    mw_api_downlink_told(((mw_platform *)context)->api, entry, false);
}

static void on_cancel(void *context, const mw_store_downlink *entry) {
    mw_api_downlink_told(((mw_platform *)context)->api, entry, true);
}

static bool connected(void *context, int64_t sender) {
    return mw_api_downlink_connected(((mw_platform *)context)->api, sender);
}

mw_status mw_platform_open_commands(mw_platform *p) {
    const mw_platform_config *c = &p->config;
    mw_unb_plan_fault why;
    mw_status plan = mw_unb_plan_of_words(c->plan, mw_file_load, &why, &p->plan);
    if (plan != MW_OK)
        mw_log(MW_LOG_ERROR, "no usable frequency plan", MW_S("commands.plan", c->plan),
               MW_I("line", why.line), MW_S("why", why.text));
    MW_TRY(plan);
    MW_TRY(mw_platform_open_sender(c, p->store, &p->sender));
    mw_commands_options o = {.store = p->store,
                             .registry = p->registry,
                             .sender = p->sender,
                             .plan = &p->plan,
                             .copies = (uint8_t)c->copies,
                             .attempts = (uint16_t)c->attempts,
                             .ttl = c->command_ttl,
                             .receipt_wait = c->receipt_wait,
                             .beacons = c->beacons,
                             .beacon_uncertainty_ms = (uint16_t)c->beacon_uncertainty,
                             .on_entry = on_entry,
                             .on_cancel = on_cancel,
                             .connected = connected,
                             .context = p};
    return mw_commands_open(&o, &p->commands);
}
