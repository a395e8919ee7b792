/* SPDX-License-Identifier: Apache-2.0 */
#include "meters/kit/events.h"

#include "base/assert.h"

#define NEVER_NS (INT64_MIN / 2)

static void queue_push(mw_events *e, const mw_smp_event *event, uint32_t seq) {
    if (e->queued == MW_EVENTS_QUEUE)
        mw_events_sent(e, 1);
    e->queue[e->queued] = *event;
    e->seq[e->queued] = seq;
    e->queued++;
}

static void event_encode(const mw_smp_event *event, uint8_t out[MW_EVENTS_PAYLOAD]) {
    mw_bytes_fill(out, 0, MW_EVENTS_PAYLOAD);
    mw_writer w = mw_writer_of((mw_span){out, MW_EVENTS_PAYLOAD});
    mw_write_u32le(&w, event->time_s);
    mw_write_u8(&w, event->code);
    mw_write_u8(&w, event->channel);
    mw_write_u64le(&w, (uint64_t)event->value);
    mw_write_u32le(&w, event->count);
}

static mw_smp_event event_decode(const uint8_t in[MW_EVENTS_PAYLOAD]) {
    mw_reader r = mw_reader_of((mw_slice){in, MW_EVENTS_PAYLOAD});
    mw_smp_event event;
    event.time_s = mw_read_u32le(&r);
    event.code = mw_read_u8(&r);
    event.channel = mw_read_u8(&r);
    event.value = (int64_t)mw_read_u64le(&r);
    event.count = mw_read_u32le(&r);
    return event;
}

mw_status mw_events_mount(mw_events *e, const mw_flash *flash, uint32_t first_sector,
                          uint32_t sectors, uint8_t kind, uint32_t reported) {
    mw_events n = {.reported = reported};
    for (unsigned i = 0; i < MW_EVENTS_CODES; i++)
        n.logged_ns[i] = NEVER_NS;
    MW_TRY(mw_ringlog_mount(&n.log, flash, first_sector, sectors, MW_EVENTS_PAYLOAD, kind));
    mw_ringlog_cursor at = mw_ringlog_from_newest(&n.log);
    uint8_t payload[MW_EVENTS_PAYLOAD];
    uint32_t seq = 0;
    unsigned missing = 0;
    while (missing < MW_EVENTS_QUEUE) {
        mw_status s = mw_ringlog_older(&n.log, flash, &at, MW_SPAN_OF(payload), &seq);
        if (s == MW_IO)
            return s;
        if (s != MW_OK || seq < reported)
            break;
        mw_smp_event event = event_decode(payload);
        if (event.code == 0 || event.count == 0)
            continue;
        /* Newest first here: fill the queue from its end. */
        missing++;
        n.queue[MW_EVENTS_QUEUE - missing] = event;
        n.seq[MW_EVENTS_QUEUE - missing] = seq;
    }
    for (unsigned i = 0; i < missing; i++) {
        n.queue[i] = n.queue[MW_EVENTS_QUEUE - missing + i];
        n.seq[i] = n.seq[MW_EVENTS_QUEUE - missing + i];
    }
    n.queued = (uint8_t)missing;
    *e = n;
    return MW_OK;
}

mw_status mw_events_raise(mw_events *e, const mw_flash *flash, mw_mono now, mw_utc utc,
                          mw_smp_event_code code, uint8_t channel, int64_t value) {
    mw_assert(code < MW_EVENTS_CODES);
    if (now.ns - e->logged_ns[code] < MW_EVENTS_HOLD_NS) {
        e->held[code] = (uint16_t)(e->held[code] < UINT16_MAX ? e->held[code] + 1 : UINT16_MAX);
        return MW_DUPLICATE;
    }
    mw_smp_event event = {.code = (uint8_t)code,
                          .channel = channel,
                          .value = value,
                          .count = 1 + (uint32_t)e->held[code]};
    if (mw_smp_seconds_of_utc(utc, &event.time_s) != MW_OK)
        event.time_s = 0;
    e->logged_ns[code] = now.ns;
    e->held[code] = 0;
    uint8_t payload[MW_EVENTS_PAYLOAD];
    event_encode(&event, payload);
    queue_push(e, &event, e->log.next_seq);
    return mw_ringlog_append(&e->log, flash, MW_SLICE_OF(payload));
}

void mw_events_sent(mw_events *e, unsigned n) {
    mw_assert(n <= e->queued);
    if (n == 0)
        return;
    e->reported = e->seq[n - 1] + 1;
    e->queued = (uint8_t)(e->queued - n);
    for (unsigned i = 0; i < e->queued; i++) {
        e->queue[i] = e->queue[i + n];
        e->seq[i] = e->seq[i + n];
    }
}
