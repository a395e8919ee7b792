/* SPDX-License-Identifier: Apache-2.0
 *
 * Time, and what is kept: lock, store, registry, time zones, decoder.
 */
#include <string.h>
#include <unistd.h>

#include "platform/cli/cli.h"
#include "platform/open_store.h"
#include "platform/platform.h"
#include "runtime/log.h"

/* A town writes its clock when it starts, which may be after us. */
mw_status mw_platform_open_clock(mw_platform *p) {
    mw_status s = MW_NOT_FOUND;
    for (int i = 0; i < 600; i++) {
        s = mw_clock_open(p->config.clock, &p->clock);
        if (s != MW_NOT_FOUND)
            break;
        if (i == 0)
            mw_log(MW_LOG_INFO, "waiting for the town's clock", MW_S("clock", p->config.clock));
        usleep(100000);
    }
    if (s != MW_OK)
        mw_log(MW_LOG_ERROR, "no clock", MW_S("clock", p->config.clock), MW_ST("status", s));
    return s;
}

static mw_status take_lock(mw_platform *p) {
    mw_status s = mw_platform_lock(&p->config, &p->lock);
    if (s == MW_STATE)
        mw_log(MW_LOG_ERROR, "another platform runs on this database",
               MW_S("store", mw_platform_store_name(&p->config)));
    else if (s != MW_OK)
        mw_log(MW_LOG_ERROR, "no lock beside the database",
               MW_S("store", mw_platform_store_name(&p->config)), MW_ST("status", s));
    return s;
}

/* Readings depend on the rules of time zones: which version was in use is kept with them. */
static mw_status record_zone_version(mw_platform *p) {
    char known[64] = "";
    const char *version = mw_zones_version(p->zones);
    mw_status s = mw_store_meta_get(p->store, "time_zone_data",
                                    (mw_span){(uint8_t *)known, sizeof known - 1});
    if (s == MW_OK && strcmp(known, version) == 0)
        return MW_OK;
    MW_TRY(mw_store_begin(p->store));
    s = mw_store_meta_put(p->store, "time_zone_data", version);
    if (s == MW_OK)
        return mw_store_commit(p->store);
    mw_status undone = mw_store_rollback(p->store);
    (void)undone;
    return s;
}

mw_status mw_platform_open_data(mw_platform *p) {
    MW_TRY(take_lock(p));
    MW_TRY(mw_platform_open_store_as(&p->config, MW_OPEN_ALONE, &p->store));
    MW_TRY(mw_platform_open_registry(&p->config, p->store, &p->registry));
    MW_TRY(mw_decoder_new(p->store, p->registry, &p->decoder));
    MW_TRY(mw_zones_open(p->config.zone_dir, &p->zones));
    return record_zone_version(p);
}
