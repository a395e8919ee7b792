/* SPDX-License-Identifier: Apache-2.0
 *
 * mw-platform: what starts, in what order. platform.h says where each part is.
 */
#include <unistd.h>

#include "platform/cli/cli.h"
#include "platform/open_store.h"
#include "platform/work.h"
#include "runtime/log.h"

enum { METRICS_MAX = 512 };

static mw_status start(mw_platform *p) {
    MW_TRY(mw_platform_open_clock(p));
    MW_TRY(mw_loop_new(p->clock, &p->loop));
    MW_TRY(mw_loop_stop_on_signals(p->loop));
    MW_TRY(mw_metrics_new(METRICS_MAX, &p->metrics));
    MW_TRY(mw_turns_new(p->loop, p->metrics, &p->turns));
    MW_TRY(mw_platform_open_data(p));
    MW_TRY(mw_platform_open_watch(p));
    MW_TRY(mw_platform_open_commands(p));
    MW_TRY(mw_platform_open_server(p));
    MW_TRY(mw_works_start(p, &p->works));
    MW_TRY(mw_platform_open_pushes(p));
    return mw_backup_child_new(p->loop, &p->config, p->argc, p->argv, &p->backup);
}

/* Nobody asks any more, nothing works any more, then what both stood on. */
static void stop(mw_platform *p) {
    mw_push_door_close(p->pushes);
    mw_http_server_close(p->server);
    mw_works_stop(p->works);
    mw_backup_child_free(p->backup);
    mw_api_close(p->api);

    mw_commands_close(p->commands);
    mw_sender_free(p->sender);
    mw_alarms_free(p->alarms);
    mw_collection_free(p->collection);
    mw_notify_free(p->notify);
    mw_engine_close(p->validation);

    mw_decoder_free(p->decoder);
    mw_zones_close(p->zones);
    mw_registry_close(p->registry);
    mw_store_close(p->store);

    mw_turns_free(p->turns);
    mw_loop_free(p->loop);
    mw_metrics_free(p->metrics);
    mw_clock_close(p->clock);
    if (p->lock >= 0)
        close(p->lock);
}

static int run(mw_platform *p) {
    mw_log_level level = MW_LOG_INFO;
    if (mw_log_level_of(p->config.log_level, &level) != MW_OK)
        level = MW_LOG_INFO;
    mw_log_start("mw-platform", level);
    mw_status s = start(p);
    if (s == MW_OK) {
        mw_log(MW_LOG_INFO, "serving", MW_S("url", mw_http_server_url(p->server)),
               MW_S("store", mw_platform_store_name(&p->config)));
        mw_loop_run(p->loop);
        mw_log(MW_LOG_INFO, "stopping", MW_S("store", mw_platform_store_name(&p->config)));
    } else {
        mw_log(MW_LOG_ERROR, "cannot start", MW_ST("status", s));
    }
    stop(p);
    return s == MW_OK ? 0 : 1;
}

/* A command word does its work and ends; without one the platform runs until a signal. */
int main(int argc, char **argv) {
    static mw_platform p = {.lock = -1};
    mw_start st = mw_settings_start(&mw_platform_program, argc, argv, &p.config);
    int code = st.exit_code;
    p.argc = argc;
    p.argv = argv;
    if (st.run)
        code = st.argc > 0 ? mw_platform_command(&p.config, st.argc, st.argv) : run(&p);
    mw_settings_free(st.settings);
    return code;
}
