/* SPDX-License-Identifier: Apache-2.0 */
#include "meters/kit/watch.h"

#include "meters/kit/meter.h"
#include "protocols/smp/smp.h"

void mw_watch_begin(mw_meter *m) {
    for (unsigned i = 0; i < MW_METER_REGISTERS_MAX; i++) {
        m->watch.began[i] = m->registers.counts[i];
        m->watch.streak[i] = 0;
    }
}

static void raise(mw_meter *m, mw_mono at, uint8_t code, unsigned i, int64_t value) {
    if (mw_events_raise(&m->events, &m->flash, at, mw_rtc_utc(&m->clock, at), code,
                        m->model->channel[i], value) != MW_DUPLICATE)
        mw_telemetry_alarm(m, at);
}

static void leak_follow(mw_meter *m, mw_mono at, unsigned i, int64_t units) {
    mw_watch *w = &m->watch;
    if (units < m->config.leak) {
        w->streak[i] = 0;
        return;
    }
    w->least[i] = w->streak[i] == 0 || units < w->least[i] ? units : w->least[i];
    if (w->streak[i] < MW_WATCH_LEAK_HOURS && ++w->streak[i] == MW_WATCH_LEAK_HOURS)
        raise(m, at, MW_SMP_EVENT_LEAK, i, w->least[i]);
}

static bool still_follow(mw_meter *m, mw_mono at, unsigned i, bool moved) {
    uint16_t *still = &m->watch.still_h[i];
    uint16_t limit = (uint16_t)(m->config.no_flow_days * 24);
    if (moved || limit == 0) {
        *still = 0;
        return false;
    }
    *still = (uint16_t)(*still < UINT16_MAX ? *still + 1 : UINT16_MAX);
    if (*still % limit == 0)
        raise(m, at, MW_SMP_EVENT_NO_FLOW, i, *still / 24);
    return *still >= limit;
}

static void status_put(mw_meter *m, uint16_t bit, bool on) {
    m->status_now = (uint16_t)(on ? m->status_now | bit : m->status_now & ~bit);
    if (on)
        m->telemetry.status_arisen |= bit;
}

void mw_watch_hour(mw_meter *m, mw_mono at, bool whole) {
    mw_watch *w = &m->watch;
    bool leak = false, still = false;
    for (unsigned i = 0; i < m->model->register_count; i++) {
        const mw_meter_scale *scale = &m->config.scale[i];
        int64_t units =
            mw_scale_value(scale, m->registers.counts[i]) - mw_scale_value(scale, w->began[i]);
        bool moved = m->registers.counts[i] != w->began[i];
        w->began[i] = m->registers.counts[i];
        if ((m->config.active & m->model->hourly) >> i & 1)
            still = still_follow(m, at, i, moved) || still;
        if (!whole || (m->model->hourly >> i & 1) == 0)
            continue;
        if (m->config.leak != 0)
            leak_follow(m, at, i, units);
        else
            w->streak[i] = 0;
        leak = leak || w->streak[i] == MW_WATCH_LEAK_HOURS;
        if (m->config.burst != 0 && units > m->config.burst) {
            m->telemetry.status_arisen |= MW_SMP_STATUS_BURST;
            raise(m, at, MW_SMP_EVENT_BURST, i, units);
        }
    }
    status_put(m, MW_SMP_STATUS_NO_FLOW, still);
    if (whole)
        status_put(m, MW_SMP_STATUS_LEAK, leak);
}
