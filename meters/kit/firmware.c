/* SPDX-License-Identifier: Apache-2.0
 *
 * Firmware from afar: commands and blocks of a downlink become calls of kit/update.h.
 */
#include "protocols/smp/firmware.h"
#include "meters/kit/downlink_internal.h"
#include "meters/kit/update.h"

/* Without anybody who spoke to it, firmware on trial that ran for this long works too. */
#define TRIAL_S (INT64_C(24) * 3600)

static mw_status begin(mw_update *u, const mw_smp_command *c) {
    mw_smp_firmware_begin a;
    MW_TRY(mw_smp_firmware_begin_of(c, &a));
    return mw_update_begin(u, a.session, a.bytes);
}

static mw_status status(const mw_update *u, const mw_smp_command *c, mw_downlink_done *e) {
    uint8_t session;
    mw_update_gaps gaps;
    MW_TRY(mw_smp_firmware_status_of(c, &session));
    MW_TRY(mw_update_missing(u, session, &gaps));
    mw_smp_firmware_gaps g = {.missing = gaps.missing, .first = gaps.first};
    for (unsigned i = 0; i < 32; i++)
        g.map |= (uint32_t)(gaps.map[i / 8] >> i % 8 & 1) << i;
    mw_smp_firmware_gaps_put(&g, e->data);
    e->size = MW_SMP_FIRMWARE_GAPS;
    return MW_OK;
}

static mw_status activate(mw_update *u, const mw_smp_command *c) {
    mw_smp_firmware_activate a;
    MW_TRY(mw_smp_firmware_activate_of(c, &a));
    int64_t at_s = a.at_s == 0 ? 0 : mw_utc_floor_s(mw_smp_utc_of_seconds(a.at_s));
    return mw_update_activate(u, a.session, (uint32_t)at_s);
}

mw_status mw_orders_firmware(mw_meter *m, const mw_smp_command *c, mw_downlink_done *e) {
    mw_status s;
    if (m->update == NULL)
        return MW_NOT_FOUND;
    switch (c->code) {
    case MW_SMP_COMMAND_FIRMWARE_BEGIN:
        return begin(m->update, c);
    case MW_SMP_COMMAND_FIRMWARE_STATUS:
        return status(m->update, c, e);
    default:
        s = activate(m->update, c);
        return s == MW_SYNTAX ? MW_AUTH : s; /* what is no image is refused, not out of range */
    }
}

void mw_orders_firmware_block(mw_meter *m, mw_slice body) {
    mw_smp_firmware_block b;
    if (m->update == NULL || mw_smp_firmware_block_decode(body, &b) != MW_OK)
        return;
    mw_status s = mw_update_block(m->update, b.session, b.block, MW_SLICE_OF(b.data));
    (void)s; /* what was not taken is missing, and asked for again */
}

void mw_orders_firmware_heard(mw_meter *m) {
    if (m->update == NULL)
        return;
    mw_status s = mw_update_confirm(m->update);
    (void)s; /* the next frame tries again */
}

static bool answers_wait(const mw_downlink *d) {
    for (unsigned i = 0; i < d->done_n; i++)
        if (d->done[i].queued)
            return true;
    return false;
}

void mw_orders_firmware_step(mw_meter *m, mw_mono now, mw_meter_outputs *out) {
    if (m->update == NULL)
        return;
    if (mw_mono_since(now, m->booted).ns >= TRIAL_S * MW_NS_PER_S)
        mw_orders_firmware_heard(m);
    if (!answers_wait(&m->downlink) && mw_update_due(m->update, mw_rtc_utc(&m->clock, now)))
        out->restart = true;
}
