/* SPDX-License-Identifier: Apache-2.0
 *
 * From objects to channels. A value keeps three times: t_meter from the object, t_received from the
 * station and t_stored from the journal.
 */
#include <stdio.h>

#include "platform/journal/decode_internal.h"

enum { HOUR_S = 3600, DAY_S = 86400 };

static const mw_store_channel *channel_of(const mw_registry_entry *e, uint8_t number) {
    for (size_t i = 0; i < e->channels; i++)
        if (e->channel[i].number == number)
            return &e->channel[i];
    return NULL;
}

static uint32_t clock_quality(const mw_smp_day *day) {
    switch (day->clock) {
    case MW_SMP_CLOCK_SET:
        return 0;
    case MW_SMP_CLOCK_UNSET:
        return MW_QUALITY_CLOCK_UNSET;
    default:
        return MW_QUALITY_CLOCK_UNCERTAIN;
    }
}

/* Hourly values as runs, one for each UTC day that they touch. */
static mw_status hours_store(mw_decoder *d, const mw_decode_record *r,
                             const mw_store_channel *channel, const mw_smp_day *day, mw_utc end,
                             uint32_t quality) {
    mw_store_interval rows[MW_SMP_HOURS_MAX];
    size_t n = 0;
    int64_t former = 0;
    for (unsigned i = 0; i < day->hours; i++) {
        int64_t start = mw_utc_floor_s(end) - (int64_t)(day->hours - i) * HOUR_S;
        int64_t of_day = start / DAY_S;
        if (n > 0 && of_day != former) {
            MW_TRY(mw_store_run_append(d->store, r->envelope->tenant, channel->channel, rows, n));
            n = 0;
        }
        former = of_day;
        bool partial = (day->disturbed >> i & 1) != 0;
        rows[n++] =
            (mw_store_interval){.start = mw_utc_of_s(start),
                                .seconds = HOUR_S,
                                .quality = quality | (partial ? (uint32_t)MW_QUALITY_PARTIAL : 0),
                                .value = day->value[i],
                                .received = r->envelope->received,
                                .journal = r->envelope->id};
    }
    if (n == 0)
        return MW_OK;
    return mw_store_run_append(d->store, r->envelope->tenant, channel->channel, rows, n);
}

static mw_status grid_follow(mw_decoder *d, const mw_decode_record *r,
                             const mw_store_channel *channel, const mw_smp_day *day) {
    uint32_t offset = (uint32_t)day->grid * 900;
    if (channel->grid_offset_s == offset && channel->grid_seconds == HOUR_S)
        return MW_OK;
    return mw_store_channel_grid_set(d->store, r->envelope->tenant, channel->channel, HOUR_S,
                                     offset);
}

static mw_status register_store(mw_decoder *d, const mw_decode_record *r,
                                const mw_store_channel *channel, const mw_smp_day *day, mw_utc end,
                                uint32_t quality) {
    mw_store_register reg = {.tenant = r->envelope->tenant,
                             .channel = channel->channel,
                             .meter = end,
                             .received = r->envelope->received,
                             .stored = r->envelope->stored,
                             .value = day->reg,
                             .quality = quality,
                             .journal = r->envelope->id};
    mw_bytes_copy(reg.obis, channel->obis, sizeof reg.obis);
    return mw_store_register_append(d->store, &reg);
}

static mw_status clock_alarm(mw_decoder *d, const mw_decode_record *r, const mw_decode_opened *o,
                             bool unset) {
    char subject[MW_STORE_ID_MAX];
    mw_decode_subject(&o->entry->device, subject);
    MW_TRY(mw_decode_count_add(d, r->envelope, "decode.clock_unset", 1));
    return mw_decode_alarm(d, r->envelope, unset ? "clock_unset" : "clock_ahead", subject,
                           unset ? "the meter does not know the time: its hours are not placed"
                                 : "the meter reports hours that have not ended yet");
}

/* Validation keeps in memory what a meter said of itself: it reads it again. */
mw_status mw_decode_device_changed(mw_decoder *d, const mw_decode_record *r,
                                   const mw_decode_opened *o) {
    for (size_t i = 0; i < o->entry->channels; i++) {
        mw_store_change change = {.tenant = r->envelope->tenant,
                                  .channel = o->entry->channel[i].channel,
                                  .layer = MW_LAYER_RAW,
                                  .master = true};
        MW_TRY(mw_store_change_add(d->store, &change));
    }
    return MW_OK;
}

static mw_status day_store(mw_decoder *d, const mw_decode_record *r, const mw_decode_opened *o,
                           mw_slice body, bool *out_forget) {
    mw_smp_day day;
    if (mw_smp_day_decode(body, &day) != MW_OK)
        return mw_decode_count_add(d, r->envelope, "decode.malformed", 1);
    const mw_store_channel *channel = channel_of(o->entry, day.channel);
    if (channel == NULL)
        return mw_decode_count_add(d, r->envelope, "decode.unknown_channel", 1);
    unsigned shift = (day.channel & 1U) * 16;
    mw_store_device_state *state = &o->device->state;
    uint32_t former = state->status;
    state->status = (state->status & ~(UINT32_C(0xffff) << shift)) | (uint32_t)day.status << shift;
    bool broken = (day.status & MW_STORE_STATUS_SENSOR) != 0;
    if (((former ^ state->status) & (uint32_t)MW_STORE_STATUS_SENSOR << shift) != 0)
        MW_TRY(mw_decode_device_changed(d, r, o));
    mw_utc end = mw_smp_utc_of_hour(day.end_hour, day.grid);
    uint32_t quality = clock_quality(&day) | (broken ? (uint32_t)MW_QUALITY_MEASURE_ERROR : 0);
    int64_t ahead_s = (end.us - r->envelope->received.us) / MW_US_PER_S;
    bool unset = day.clock == MW_SMP_CLOCK_UNSET, ahead = ahead_s > MW_DECODE_AHEAD_S;
    if (ahead)
        quality |= MW_QUALITY_CLOCK_UNCERTAIN;
    /* Without a clock the hour number only orders: the register counts as of its reception, its
     * hours have no place in time and stay in the journal. */
    if (unset || ahead) {
        MW_TRY(clock_alarm(d, r, o, unset));
        MW_TRY(register_store(d, r, channel, &day, r->envelope->received, quality));
        return mw_decode_count_add(d, r->envelope, "decode.readings", 1);
    }
    MW_TRY(register_store(d, r, channel, &day, end, quality));
    MW_TRY(hours_store(d, r, channel, &day, end, quality));
    *out_forget = *out_forget || channel->grid_offset_s != (uint32_t)day.grid * 900;
    MW_TRY(grid_follow(d, r, channel, &day));
    return mw_decode_count_add(d, r->envelope, "decode.readings", 1 + day.hours);
}

/* The difference between the meter's clock and ours. A health object tells the meter's clock in
 * whole seconds at the moment of sending, so a sample is good to half a second; smoothed. */
static void clock_offset_learn(mw_store_device_state *state, uint32_t time_s, mw_utc received) {
    if (time_s == 0)
        return;
    int64_t meter_us = mw_smp_utc_of_seconds(time_s).us + MW_US_PER_S / 2;
    int64_t sample = (meter_us - received.us) / 1000;
    state->clock_offset_ms = state->has_clock_offset
                                 ? state->clock_offset_ms + (sample - state->clock_offset_ms) / 8
                                 : sample;
    state->has_clock_offset = true;
}

/* Far enough off that some tenant's tolerance may be passed; the rule itself has the limit. */
static bool clock_astray(int64_t offset_ms) {
    return offset_ms > 10000 || offset_ms < -10000;
}

static mw_status event_store(mw_decoder *d, const mw_decode_record *r, mw_decode_opened *o,
                             mw_slice body) {
    mw_smp_event event;
    if (mw_smp_event_decode(body, &event) != MW_OK)
        return mw_decode_count_add(d, r->envelope, "decode.malformed", 1);
    mw_store_event row = {.tenant = r->envelope->tenant,
                          .device = o->entry->device.device,
                          .code = mw_store_event_code(event.code, event.channel),
                          .meter = mw_smp_utc_of_seconds(event.time_s),
                          .received = r->envelope->received,
                          .detail = event.value,
                          .journal = r->envelope->id};
    if (event.code == MW_SMP_EVENT_BOOT)
        MW_TRY(mw_decode_boot(d, r, o, &event));
    return mw_store_event_append(d->store, &row);
}

static mw_status health_store(mw_decoder *d, const mw_decode_record *r, const mw_decode_opened *o,
                              mw_slice body) {
    mw_smp_health h;
    if (mw_smp_health_decode(body, &h) != MW_OK)
        return mw_decode_count_add(d, r->envelope, "decode.malformed", 1);
    mw_store_health row = {.tenant = r->envelope->tenant,
                           .device = o->entry->device.device,
                           .journal = r->envelope->id,
                           .received = r->envelope->received,
                           .battery_mv = h.battery_mv,
                           .battery_level = h.battery_level,
                           .has_temperature = h.temperature_dc != INT16_MIN,
                           .temperature_dc = h.temperature_dc,
                           .resets = h.resets,
                           .airtime_ds = h.airtime_ds,
                           .has_drift = h.drift_dppm != INT16_MIN,
                           .drift_dppm = h.drift_dppm};
    mw_bytes_copy(row.firmware, h.firmware, sizeof row.firmware);
    int64_t former = o->device->state.clock_offset_ms;
    clock_offset_learn(&o->device->state, h.time_s, r->envelope->received);
    if (clock_astray(former) || clock_astray(o->device->state.clock_offset_ms))
        MW_TRY(mw_decode_device_changed(d, r, o));
    return mw_store_health_append(d->store, &row);
}

mw_status mw_decode_objects(mw_decoder *d, const mw_decode_record *r, mw_decode_opened *o) {
    mw_reader reader = mw_reader_of(o->objects);
    bool forget = false;
    mw_status s;
    for (;;) {
        mw_smp_object object;
        s = mw_smp_object_next(&reader, &object);
        if (s != MW_OK)
            break;
        switch (object.type) {
        case MW_SMP_DAY:
            MW_TRY(day_store(d, r, o, object.body, &forget));
            break;
        case MW_SMP_EVENT:
            MW_TRY(event_store(d, r, o, object.body));
            break;
        case MW_SMP_HEALTH:
            MW_TRY(health_store(d, r, o, object.body));
            break;
        case MW_SMP_RECEIPT:
            MW_TRY(mw_decode_receipt(d, r, o, object.body));
            break;
        case MW_SMP_CONFIG:
            MW_TRY(mw_decode_config(d, r, o, object.body));
            break;
        default:
            MW_TRY(mw_decode_count_add(d, r->envelope, "decode.objects_unknown", 1));
        }
    }
    if (s != MW_NOT_FOUND)
        MW_TRY(mw_decode_count_add(d, r->envelope, "decode.malformed", 1));
    if (forget) /* the cached channel has the former grid */
        mw_registry_forget(d->registry);
    return MW_OK;
}
