/* SPDX-License-Identifier: Apache-2.0 */
#include "meters/kit/events.h"

#include "base/assert.h"
#include "protocols/spodes/events.h"

/* Of the logs of SPODES. */
static mw_event_group group_of_log(mw_spodes_log log) {
    switch (log) {
    case MW_SPODES_LOG_PROGRAMMING:
    case MW_SPODES_LOG_INFLUENCE:
    case MW_SPODES_LOG_ACCESS:
        return MW_EVENTS_SECURITY;
    case MW_SPODES_LOG_SWITCHING:
    case MW_SPODES_LOG_CONNECTION:
        return MW_EVENTS_OPERATION;
    default:
        return MW_EVENTS_METROLOGY;
    }
}

mw_event_group mw_event_group_of(uint8_t code) {
    if (code >= MW_SMP_EVENT_LOG)
        return group_of_log((mw_spodes_log)(code - MW_SMP_EVENT_LOG));
    switch ((mw_smp_event_code)code) {
    case MW_SMP_EVENT_TAMPER:
    case MW_SMP_EVENT_MAGNET:
    case MW_SMP_EVENT_CONFIG:
    case MW_SMP_EVENT_ARCHIVE:
    case MW_SMP_EVENT_REGISTER_SET:
    case MW_SMP_EVENT_AUTH_FAILED:
        return MW_EVENTS_SECURITY;
    case MW_SMP_EVENT_LEAK:
    case MW_SMP_EVENT_BURST:
    case MW_SMP_EVENT_NO_FLOW:
    case MW_SMP_EVENT_REVERSE:
    case MW_SMP_EVENT_FROST:
    case MW_SMP_EVENT_SENSOR:
        return MW_EVENTS_METROLOGY;
    default:
        return MW_EVENTS_OPERATION;
    }
}

/* ---- the queue ---- */

static mw_event_group group_at(const mw_events *e, unsigned i) {
    return mw_event_group_of(e->queue[i].code);
}

static void queue_remove(mw_events *e, unsigned i) {
    e->queued--;
    for (; i < e->queued; i++) {
        e->queue[i] = e->queue[i + 1];
        e->number[i] = e->number[i + 1];
    }
}

/* The oldest event of the least important group leaves: it may be the one that came in. */
static void queue_relieve(mw_events *e) {
    unsigned worst = 0;
    for (unsigned i = 1; i < e->queued; i++)
        if (group_at(e, i) > group_at(e, worst))
            worst = i;
    queue_remove(e, worst);
}

/* Keeps the queue in the order of numbers. */
static void queue_insert(mw_events *e, const mw_smp_event *event, uint32_t number) {
    if (e->queued == MW_EVENTS_QUEUE) {
        mw_event_group incoming = mw_event_group_of(event->code);
        bool displaces = false;
        for (unsigned i = 0; i < e->queued; i++)
            displaces = displaces || group_at(e, i) > incoming ||
                        (group_at(e, i) == incoming && e->number[i] < number);
        if (!displaces)
            return;
        queue_relieve(e);
    }
    unsigned at = e->queued;
    for (; at > 0 && e->number[at - 1] > number; at--) {
        e->queue[at] = e->queue[at - 1];
        e->number[at] = e->number[at - 1];
    }
    e->queue[at] = *event;
    e->number[at] = number;
    e->queued++;
}

void mw_events_sent(mw_events *e, unsigned n) {
    mw_assert(n <= e->queued);
    if (n == 0)
        return;
    e->reported = e->number[n - 1] + 1;
    for (unsigned i = 0; i < n; i++)
        queue_remove(e, 0);
}

/* ---- the logs ---- */

static void event_encode(const mw_smp_event *event, uint32_t number,
                         uint8_t out[MW_EVENTS_PAYLOAD]) {
    mw_bytes_fill(out, 0, MW_EVENTS_PAYLOAD);
    mw_writer w = mw_writer_of((mw_span){out, MW_EVENTS_PAYLOAD});
    mw_write_u32le(&w, event->time_s);
    mw_write_u8(&w, event->code);
    mw_write_u8(&w, event->channel);
    mw_write_u64le(&w, (uint64_t)event->value);
    mw_write_u32le(&w, event->count);
    mw_write_u32le(&w, number);
}

static mw_smp_event event_decode(const uint8_t in[MW_EVENTS_PAYLOAD], uint32_t *out_number) {
    mw_reader r = mw_reader_of((mw_slice){in, MW_EVENTS_PAYLOAD});
    mw_smp_event event;
    event.time_s = mw_read_u32le(&r);
    event.code = mw_read_u8(&r);
    event.channel = mw_read_u8(&r);
    event.value = (int64_t)mw_read_u64le(&r);
    event.count = mw_read_u32le(&r);
    *out_number = mw_read_u32le(&r);
    return event;
}

mw_ringlog_cursor mw_events_from_newest(const mw_events *e, mw_event_group group) {
    mw_assert(group < MW_EVENTS_GROUPS);
    return mw_ringlog_from_newest(&e->log[group]);
}

mw_status mw_events_older(const mw_events *e, const mw_flash *flash, mw_event_group group,
                          mw_ringlog_cursor *cursor, mw_smp_event *out_event,
                          uint32_t *out_number) {
    uint8_t payload[MW_EVENTS_PAYLOAD];
    uint32_t seq;
    mw_smp_event event;
    uint32_t number;
    do {
        MW_TRY(mw_ringlog_older(&e->log[group], flash, cursor, MW_SPAN_OF(payload), &seq));
        event = event_decode(payload, &number);
    } while (event.code == 0 || event.count == 0); /* not of this firmware */
    *out_event = event;
    *out_number = number;
    return MW_OK;
}

static mw_status group_mount(mw_events *e, const mw_flash *flash, mw_event_group group,
                             const mw_events_place *place) {
    MW_TRY(mw_ringlog_mount(&e->log[group], flash, place->first_sector, place->sectors,
                            MW_EVENTS_PAYLOAD, place->kind));
    mw_ringlog_cursor at = mw_events_from_newest(e, group);
    for (unsigned n = 0; n < MW_EVENTS_QUEUE; n++) {
        mw_smp_event event;
        uint32_t number;
        mw_status s = mw_events_older(e, flash, group, &at, &event, &number);
        if (s == MW_NOT_FOUND)
            break;
        MW_TRY(s);
        if (number >= e->next)
            e->next = number + 1;
        if (number < e->reported)
            break;
        queue_insert(e, &event, number);
    }
    return MW_OK;
}

mw_status mw_events_mount(mw_events *e, const mw_flash *flash,
                          const mw_events_place place[MW_EVENTS_GROUPS], uint32_t reported) {
    *e = (mw_events){.reported = reported, .next = reported};
    for (unsigned g = 0; g < MW_EVENTS_GROUPS; g++)
        MW_TRY(group_mount(e, flash, (mw_event_group)g, &place[g]));
    return MW_OK;
}

/* ---- raising ---- */

static uint32_t seconds_of(mw_mono now) {
    return (uint32_t)(now.ns / MW_NS_PER_S);
}

/* Whether this occurrence is only counted; else begins the next hold. */
static bool held(mw_events_hold *h, uint32_t now_s) {
    if (h->until_s > now_s) {
        h->count = (uint16_t)(h->count < UINT16_MAX ? h->count + 1 : UINT16_MAX);
        return true;
    }
    uint32_t length = (uint32_t)h->length * 120;
    if (h->until_s == 0 || now_s - h->until_s >= MW_EVENTS_HOLD_MAX_S)
        length = MW_EVENTS_HOLD_S;
    else if (length > MW_EVENTS_HOLD_MAX_S)
        length = MW_EVENTS_HOLD_MAX_S;
    h->length = (uint16_t)(length / 60);
    h->until_s = now_s + length;
    return false;
}

/* The hold of a code and channel; those of logs take the place of the one that was used longest ago. */
static mw_events_hold *hold_of(mw_events *e, uint8_t code, uint8_t channel) {
    if (code < MW_EVENTS_CODES)
        return &e->hold[code][channel < MW_EVENTS_CHANNELS - 1 ? channel : MW_EVENTS_CHANNELS - 1];
    unsigned i = 0;
    while (i < MW_EVENTS_LOGGED - 1 &&
           (e->logged[i].code != code || e->logged[i].number != channel))
        i++;
    mw_events_logged found = e->logged[i];
    if (found.code != code || found.number != channel)
        found = (mw_events_logged){.code = code, .number = channel};
    for (; i > 0; i--)
        e->logged[i] = e->logged[i - 1];
    e->logged[0] = found;
    return &e->logged[0].hold;
}

static mw_status log_and_queue(mw_events *e, const mw_flash *flash, mw_smp_event event,
                               mw_utc utc) {
    if (mw_smp_seconds_of_utc(utc, &event.time_s) != MW_OK)
        event.time_s = 0;
    uint32_t number = e->next++;
    uint8_t payload[MW_EVENTS_PAYLOAD];
    event_encode(&event, number, payload);
    queue_insert(e, &event, number);
    return mw_ringlog_append(&e->log[mw_event_group_of(event.code)], flash, MW_SLICE_OF(payload));
}

mw_status mw_events_raise(mw_events *e, const mw_flash *flash, mw_mono now, mw_utc utc,
                          uint8_t code, uint8_t channel, int64_t value) {
    mw_assert(code < MW_EVENTS_CODES || code >= MW_SMP_EVENT_LOG);
    mw_events_hold *h = hold_of(e, code, channel);
    if (held(h, seconds_of(now)))
        return MW_DUPLICATE;
    mw_smp_event event = {
        .code = code, .channel = channel, .value = value, .count = 1 + (uint32_t)h->count};
    h->count = 0;
    return log_and_queue(e, flash, event, utc);
}

mw_status mw_events_end(mw_events *e, const mw_flash *flash, mw_utc utc, uint8_t code,
                        uint8_t channel, int64_t value) {
    mw_smp_event event = {.code = code, .channel = channel, .value = value, .count = 1};
    return log_and_queue(e, flash, event, utc);
}
