/* SPDX-License-Identifier: Apache-2.0
 *
 * What watches over meters and stations: validation, alarms, the collection of days, and who is told.
 */
#include "platform/ask.h"
#include "platform/messages.h"
#include "platform/platform.h"
#include "runtime/log.h"

static void on_notice(void *context, const mw_vigil_notice *n) {
    (void)context;
    mw_log(MW_LOG_WARN, "meter or station", MW_S("kind", n->kind), MW_S("subject", n->subject),
           MW_S("text", n->text));
}

/* What cannot be asked now waits for the meter's next report. */
static void on_ask(void *context, mw_vigil_ask what, const mw_window_channel *c, mw_utc from,
                   mw_utc to, mw_utc now) {
    mw_platform *p = context;
    if (p->commands == NULL)
        return;
    mw_status s = mw_platform_ask(p->commands, p->store, what, c, from, to, now);
    if (s != MW_OK)
        mw_log(MW_LOG_DEBUG, "not asked", MW_ST("status", s));
}

/* Within the transaction that changes the alarm. */
static mw_status alarm_within(void *context, const mw_alarm_notice *n) {
    return mw_notify_alarm(((mw_platform *)context)->notify, n);
}

/* To the open pages. */
static void alarm_told(void *context, const mw_alarm_notice *n) {
    mw_platform *p = context;
    if (p->api != NULL)
        mw_api_tell_alarm(p->api, n);
}

mw_status mw_platform_open_watch(mw_platform *p) {
    mw_engine_options engine = {.store = p->store,
                                .zones = p->zones,
                                .hooks = {.ctx = p, .notice = on_notice, .ask = on_ask},
                                .changes = (uint32_t)p->config.validation_changes,
                                .looks = 20000};
    MW_TRY(mw_engine_open(&engine, &p->validation));
    MW_TRY(mw_platform_open_notify(&p->config, p->loop, p->store, p->zones, &p->notify));
    MW_TRY(mw_collection_new(p->store, p->zones, p->validation, &p->collection));
    mw_alarms_options alarms = {.store = p->store,
                                .zones = p->zones,
                                .validation = p->validation,
                                .ctx = p,
                                .within = alarm_within,
                                .told = alarm_told};
    return mw_alarms_new(&alarms, &p->alarms);
}
