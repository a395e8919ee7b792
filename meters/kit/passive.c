/* SPDX-License-Identifier: Apache-2.0 */
#include "meters/kit/passive.h"

#include "meters/kit/meter.h"
#include "protocols/smp/smp.h"

/* Record: | time u32 | size u8, 0: nothing waits | a configuration body, up to 35 | */
#define BODY_MAX (MW_PASSIVE_PAYLOAD - 5)

static mw_status store(mw_meter *m, uint32_t at_s, const mw_smp_config *set) {
    mw_smp_command c = {0};
    if (set->count > 0)
        MW_TRY(mw_smp_set_config_put(set, &c));
    uint8_t payload[MW_PASSIVE_PAYLOAD] = {0};
    mw_writer w = mw_writer_of(MW_SPAN_OF(payload));
    mw_write_u32le(&w, at_s);
    mw_write_u8(&w, c.size);
    mw_write_bytes(&w, (mw_slice){c.data, c.size});
    MW_TRY(w.status);
    return mw_ringlog_append(&m->passive.log, &m->flash, MW_SLICE_OF(payload));
}

mw_status mw_passive_mount(mw_meter *m, uint32_t first_sector, uint32_t sectors, uint8_t kind) {
    mw_passive *p = &m->passive;
    *p = (mw_passive){0};
    MW_TRY(mw_ringlog_mount(&p->log, &m->flash, first_sector, sectors, MW_PASSIVE_PAYLOAD, kind));
    uint8_t payload[MW_PASSIVE_PAYLOAD];
    mw_status s = mw_ringlog_last(&p->log, &m->flash, MW_SPAN_OF(payload));
    if (s == MW_NOT_FOUND)
        return MW_OK;
    MW_TRY(s);
    mw_reader r = mw_reader_of(MW_SLICE_OF(payload));
    p->at_s = mw_read_u32le(&r);
    uint8_t size = mw_read_u8(&r);
    p->waits = size > 0 && size <= BODY_MAX &&
               mw_smp_config_decode(mw_read_bytes(&r, size), &p->set) == MW_OK;
    return MW_OK;
}

mw_status mw_passive_try(const mw_meter *m, const mw_smp_config *set, mw_meter_config *out_config) {
    mw_meter_config config = m->config;
    for (unsigned i = 0; i < set->count; i++) {
        /* A meter sent to another carrier from afar would be a meter lost: service chooses it. */
        if (set->item[i].key == MW_SMP_KEY_CARRIER)
            return MW_FORBIDDEN;
        MW_TRY(mw_meter_config_put(&config, set->item[i].key, set->item[i].value));
    }
    MW_TRY(mw_meter_config_check(&config, m->model, m->plan));
    *out_config = config;
    return MW_OK;
}

mw_status mw_passive_apply(mw_meter *m, mw_mono now, const mw_smp_config *set) {
    mw_meter_config config;
    MW_TRY(mw_passive_try(m, set, &config));
    MW_TRY(mw_meter_configure(m, now, &config));
    for (unsigned i = 0; i < set->count; i++)
        (void)!mw_events_raise(&m->events, &m->flash, now, mw_rtc_utc(&m->clock, now),
                               MW_SMP_EVENT_CONFIG, 255, set->item[i].key);
    return MW_OK;
}

mw_status mw_passive_set(mw_meter *m, uint32_t at_s, const mw_smp_config *set) {
    mw_passive *p = &m->passive;
    mw_meter_config unused;
    if (set->count > 0)
        MW_TRY(mw_passive_try(m, set, &unused));
    MW_TRY(store(m, at_s, set));
    p->waits = set->count > 0;
    p->at_s = at_s;
    p->set = *set;
    return MW_OK;
}

mw_mono mw_passive_wake(const mw_meter *m) {
    if (!m->passive.waits || m->clock.state == MW_CLOCK_NEVER_SET)
        return MW_TICK_NEVER;
    return mw_rtc_tick_of(&m->clock, mw_smp_utc_of_seconds(m->passive.at_s));
}

mw_status mw_passive_step(mw_meter *m, mw_mono now) {
    mw_passive *p = &m->passive;
    if (!p->waits || mw_passive_wake(m).ns > now.ns)
        return MW_OK;
    mw_status s = mw_passive_apply(m, now, &p->set);
    if (s == MW_IO)
        return s; /* it stays, and is tried again with the next step */
    if (s != MW_OK)
        (void)!mw_events_raise(&m->events, &m->flash, now, mw_rtc_utc(&m->clock, now),
                               MW_SMP_EVENT_CONFIG, 255, -(int64_t)p->set.item[0].key);
    p->waits = false;
    static const mw_smp_config none;
    return store(m, p->at_s, &none);
}
