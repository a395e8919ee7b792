/* SPDX-License-Identifier: Apache-2.0 */
#include "meters/kit/config.h"

#include "protocols/carriers/carrier.h"
#include "protocols/smp/objects.h"

#define CONFIG_VERSION    1
#define BATTERY_STEP_MV   20
#define ADAPTIVE_MAX_DAYS 60

static bool scale_ok(const mw_meter_scale *s) {
    return s->numerator >= 1 && s->numerator <= 1000000 && s->denominator >= 1 &&
           s->denominator <= 1000000 && s->initial >= 0 && s->initial <= INT64_C(1000000000000000);
}

mw_status mw_meter_config_check(const mw_meter_config *c, const mw_meter_model *model,
                                const mw_unb_plan *plan) {
    if (c->grid_offset_min % 15 != 0 || c->grid_offset_min > 45 || c->billing_hour > 23)
        return MW_RANGE;
    uint8_t p = c->report_period_h;
    if (p != 1 && p != 3 && p != 6 && p != 12 && p != 24)
        return MW_RANGE;
    if (c->jitter_s < 60 || c->jitter_s > p * UINT32_C(3600))
        return MW_RANGE;
    if (c->copies < 1 || c->copies > MW_UNB_COPIES_MAX || c->overlap > 1)
        return MW_RANGE;
    if (c->active == 0 || c->active >> model->register_count != 0)
        return MW_RANGE;
    for (unsigned i = 0; i < model->register_count; i++)
        if (!scale_ok(&c->scale[i]))
            return MW_RANGE;
    if (c->battery_low_mv != 0 && (c->battery_low_mv < 1000 || c->battery_low_mv > 5100 ||
                                   c->battery_low_mv % BATTERY_STEP_MV != 0))
        return MW_RANGE;
    unsigned band;
    if (c->adaptive > ADAPTIVE_MAX_DAYS)
        return MW_RANGE;
    if (c->carrier >= MW_CARRIER_COUNT || c->rate >= MW_UNB_RATE_COUNT)
        return MW_RANGE;
    if (c->carrier == MW_CARRIER_UNB &&
        mw_unb_plan_band(plan, MW_UNB_UP, (mw_unb_rate)c->rate, 0, &band) != MW_OK)
        return MW_RANGE;
    return MW_OK;
}

void mw_meter_config_encode(const mw_meter_config *c, uint8_t out[MW_METER_CONFIG_PAYLOAD]) {
    mw_bytes_fill(out, 0, MW_METER_CONFIG_PAYLOAD);
    mw_writer w = mw_writer_of((mw_span){out, MW_METER_CONFIG_PAYLOAD});
    mw_write_u8(&w, CONFIG_VERSION);
    mw_write_u16le(&w, c->grid_offset_min);
    mw_write_u8(&w, c->billing_hour);
    mw_write_u8(&w, c->report_period_h);
    mw_write_u16le(&w, c->jitter_s);
    mw_write_u8(&w, c->copies);
    mw_write_u8(&w, c->rate);
    mw_write_u8(&w, c->overlap);
    mw_write_u8(&w, c->active);
    for (unsigned i = 0; i < MW_METER_REGISTERS_MAX; i++) {
        mw_write_u32le(&w, c->scale[i].numerator);
        mw_write_u32le(&w, c->scale[i].denominator);
        mw_write_u64le(&w, (uint64_t)c->scale[i].initial);
    }
    mw_write_u16le(&w, c->burst);
    mw_write_u8(&w, c->leak);
    mw_write_u8(&w, (uint8_t)(c->battery_low_mv / BATTERY_STEP_MV));
    mw_write_u8(&w, c->beacon);
    mw_write_u8(&w, c->no_flow_days);
    mw_write_u8(&w, c->carrier);
    mw_write_u8(&w, c->adaptive);
}

mw_status mw_meter_config_decode(mw_slice in, mw_meter_config *out_config) {
    mw_reader r = mw_reader_of(in);
    mw_meter_config c = {0};
    if (mw_read_u8(&r) != CONFIG_VERSION)
        return MW_UNSUPPORTED;
    c.grid_offset_min = mw_read_u16le(&r);
    c.billing_hour = mw_read_u8(&r);
    c.report_period_h = mw_read_u8(&r);
    c.jitter_s = mw_read_u16le(&r);
    c.copies = mw_read_u8(&r);
    c.rate = mw_read_u8(&r);
    c.overlap = mw_read_u8(&r);
    c.active = mw_read_u8(&r);
    for (unsigned i = 0; i < MW_METER_REGISTERS_MAX; i++) {
        c.scale[i].numerator = mw_read_u32le(&r);
        c.scale[i].denominator = mw_read_u32le(&r);
        c.scale[i].initial = (int64_t)mw_read_u64le(&r);
    }
    c.burst = mw_read_u16le(&r);
    c.leak = mw_read_u8(&r);
    c.battery_low_mv = (uint16_t)(mw_read_u8(&r) * BATTERY_STEP_MV);
    c.beacon = mw_read_u8(&r);
    c.no_flow_days = mw_read_u8(&r);
    c.carrier = mw_read_u8(&r);
    c.adaptive = mw_read_u8(&r);
    MW_TRY(r.status);
    *out_config = c;
    return MW_OK;
}

bool mw_meter_config_day_begins(const mw_meter_config *c, uint32_t hour) {
    return (hour + 24 - c->billing_hour) % 24 == 0;
}

bool mw_meter_config_period_ends(const mw_meter_config *c, uint32_t hour) {
    return (hour + 24 - c->billing_hour) % c->report_period_h == 0;
}

mw_status mw_meter_config_get(const mw_meter_config *c, uint16_t key, int64_t *out_value) {
    switch (key) {
    case MW_SMP_KEY_PERIOD_H:
        *out_value = c->report_period_h;
        return MW_OK;
    case MW_SMP_KEY_JITTER_S:
        *out_value = c->jitter_s;
        return MW_OK;
    case MW_SMP_KEY_COPIES:
        *out_value = c->copies;
        return MW_OK;
    case MW_SMP_KEY_RATE:
        *out_value = c->rate;
        return MW_OK;
    case MW_SMP_KEY_OVERLAP:
        *out_value = c->overlap;
        return MW_OK;
    case MW_SMP_KEY_GRID_MIN:
        *out_value = c->grid_offset_min;
        return MW_OK;
    case MW_SMP_KEY_BILLING_HOUR:
        *out_value = c->billing_hour;
        return MW_OK;
    case MW_SMP_KEY_ACTIVE:
        *out_value = c->active;
        return MW_OK;
    case MW_SMP_KEY_BURST:
        *out_value = c->burst;
        return MW_OK;
    case MW_SMP_KEY_LEAK:
        *out_value = c->leak;
        return MW_OK;
    case MW_SMP_KEY_BATTERY_LOW_MV:
        *out_value = c->battery_low_mv;
        return MW_OK;
    case MW_SMP_KEY_BEACON:
        *out_value = c->beacon;
        return MW_OK;
    case MW_SMP_KEY_NO_FLOW_DAYS:
        *out_value = c->no_flow_days;
        return MW_OK;
    case MW_SMP_KEY_CARRIER:
        *out_value = c->carrier;
        return MW_OK;
    case MW_SMP_KEY_ADAPTIVE:
        *out_value = c->adaptive;
        return MW_OK;
    default:
        return MW_NOT_FOUND;
    }
}

static mw_status put_u8(uint8_t *field, int64_t value) {
    if (value < 0 || value > UINT8_MAX)
        return MW_RANGE;
    *field = (uint8_t)value;
    return MW_OK;
}

static mw_status put_u16(uint16_t *field, int64_t value) {
    if (value < 0 || value > UINT16_MAX)
        return MW_RANGE;
    *field = (uint16_t)value;
    return MW_OK;
}

mw_status mw_meter_config_put(mw_meter_config *c, uint16_t key, int64_t value) {
    switch (key) {
    case MW_SMP_KEY_PERIOD_H:
        return put_u8(&c->report_period_h, value);
    case MW_SMP_KEY_JITTER_S:
        return put_u16(&c->jitter_s, value);
    case MW_SMP_KEY_COPIES:
        return put_u8(&c->copies, value);
    case MW_SMP_KEY_RATE:
        return put_u8(&c->rate, value);
    case MW_SMP_KEY_OVERLAP:
        return put_u8(&c->overlap, value);
    case MW_SMP_KEY_GRID_MIN:
        return put_u16(&c->grid_offset_min, value);
    case MW_SMP_KEY_BILLING_HOUR:
        return put_u8(&c->billing_hour, value);
    case MW_SMP_KEY_ACTIVE:
        return put_u8(&c->active, value);
    case MW_SMP_KEY_BURST:
        return put_u16(&c->burst, value);
    case MW_SMP_KEY_LEAK:
        return put_u8(&c->leak, value);
    case MW_SMP_KEY_BATTERY_LOW_MV:
        return put_u16(&c->battery_low_mv, value);
    case MW_SMP_KEY_BEACON:
        return put_u8(&c->beacon, value);
    case MW_SMP_KEY_NO_FLOW_DAYS:
        return put_u8(&c->no_flow_days, value);
    case MW_SMP_KEY_CARRIER:
        return put_u8(&c->carrier, value);
    case MW_SMP_KEY_ADAPTIVE:
        return put_u8(&c->adaptive, value);
    default:
        return MW_NOT_FOUND;
    }
}
