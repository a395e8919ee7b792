/* SPDX-License-Identifier: Apache-2.0
 *
 * Frames that answer downlinks: receipts first, then configuration, health and archive. They go
 * before reports, within the same duty.
 */
#include "base/prng.h"
#include "meters/kit/downlink_internal.h"
#include "meters/kit/telemetry_internal.h"

/* An answer leaves this long after the command; to a group within the window of an alarm. */
#define ANSWER_DELAY_NS (INT64_C(1) * MW_NS_PER_S)
#define RETRY_NS        (INT64_C(60) * MW_NS_PER_S)

void mw_answers_due(mw_meter *m, mw_mono now, bool spread) {
    int64_t wait = ANSWER_DELAY_NS;
    if (spread)
        wait +=
            mw_schedule_jitter_ms(m->device_id.b, m->hour, MW_SERVICE_WINDOW_MS) * INT64_C(1000000);
    mw_mono at = mw_mono_add(now, (mw_dur){wait});
    if (at.ns < m->downlink.answer_at.ns)
        m->downlink.answer_at = at;
}

static bool receipts_put(const mw_meter *m, mw_writer *w, size_t room, uint32_t *out_mask) {
    const mw_downlink *d = &m->downlink;
    bool all = true;
    *out_mask = 0;
    for (unsigned i = 0; i < d->done_n; i++) {
        const mw_downlink_done *e = &d->done[i];
        if (!e->queued)
            continue;
        mw_smp_receipt r = {.id = e->id, .result = e->result, .time_s = e->time_s, .size = e->size};
        mw_bytes_copy(r.data, e->data, e->size);
        size_t before = w->at;
        mw_smp_receipt_put(w, &r);
        if (mw_telemetry_keep(w, before, room))
            *out_mask |= 1u << i;
        else
            all = false;
    }
    return all;
}

static unsigned config_put(const mw_meter *m, mw_writer *w, size_t room) {
    const mw_downlink *d = &m->downlink;
    for (unsigned n = d->config_keys; n > 0; n--) {
        mw_smp_config c = {.count = (uint8_t)n};
        bool good = true;
        for (unsigned i = 0; i < n; i++) {
            c.item[i].key = d->config_key[i];
            good = good && mw_seal_key_get(m, d->config_key[i], &c.item[i].value) == MW_OK;
        }
        size_t before = w->at;
        mw_smp_config_put(w, &c);
        if (good && mw_telemetry_keep(w, before, room))
            return n;
        w->at = before;
    }
    return 0;
}

/* The next part of the archive; false when there is none. */
static bool part_take(mw_meter *m, mw_draft *d, unsigned *out_hours) {
    mw_downlink_reading *r = &m->downlink.reading;
    while (r->end > r->begin) {
        mw_archive_window w;
        unsigned hours =
            r->end - r->begin < MW_ARCHIVE_WINDOW_MAX ? r->end - r->begin : MW_ARCHIVE_WINDOW_MAX;
        mw_status s = mw_archive_window_read(&m->archive, &m->flash, r->index, r->end, hours, &w);
        if (s == MW_OK && w.hours > 0 &&
            mw_telemetry_part(m, &w, r->index, r->end, hours < w.hours ? hours : w.hours, false, d,
                              out_hours) &&
            *out_hours > 0)
            return true;
        if (s == MW_OK)
            return false; /* nothing before this hour */
        r->end--;         /* an hour the archive does not have */
    }
    return false;
}

static mw_status reading_finish(mw_meter *m, mw_mono now) {
    mw_downlink_reading *r = &m->downlink.reading;
    mw_downlink_done e = {.id = r->id,
                          .code = r->code,
                          .result =
                              (uint8_t)(r->parts > 0 ? MW_SMP_RESULT_DONE : MW_SMP_RESULT_RANGE),
                          .size = 1,
                          .data = {r->parts}};
    r->active = false;
    return mw_downlink_finish(m, now, &e);
}

static void forget_sent(mw_meter *m, uint32_t receipts, unsigned configs, bool health) {
    mw_downlink *d = &m->downlink;
    for (unsigned i = 0; i < d->done_n; i++) {
        if ((receipts >> i & 1) == 0)
            continue;
        d->done[i].queued = false;
        if (d->done[i].code == MW_SMP_COMMAND_RESTART && d->restart_wanted)
            d->restart_at = m->telemetry.radio_free;
    }
    for (unsigned i = configs; i < d->config_keys; i++)
        d->config_key[i - configs] = d->config_key[i];
    d->config_keys = (uint8_t)(d->config_keys - configs);
    if (health)
        d->health_wanted = false;
}

static bool more_to_say(const mw_downlink *d) {
    for (unsigned i = 0; i < d->done_n; i++)
        if (d->done[i].queued)
            return true;
    return d->config_keys > 0 || d->health_wanted || d->reading.active;
}

static mw_status reading_step(mw_meter *m, mw_mono now, mw_meter_outputs *out) {
    mw_downlink_reading *r = &m->downlink.reading;
    mw_draft d;
    mw_grant g;
    unsigned hours;
    if (!part_take(m, &d, &hours))
        return reading_finish(m, now);
    MW_TRY(mw_telemetry_send(m, &d, now, out, &g));
    r->end -= hours;
    if (r->parts < UINT8_MAX)
        r->parts++;
    return mw_telemetry_log(m, out, &g);
}

mw_status mw_answers_step(mw_meter *m, mw_mono now, mw_meter_outputs *out) {
    mw_downlink *d = &m->downlink;
    mw_draft draft;
    mw_writer w = mw_writer_of(MW_SPAN_OF(draft.objects));
    size_t room = mw_telemetry_room(m), before;
    uint32_t receipts;
    bool all = receipts_put(m, &w, room, &receipts), health = false;
    unsigned configs = all ? config_put(m, &w, room) : 0;
    if (d->health_wanted && all && configs == d->config_keys) {
        mw_smp_health h = mw_telemetry_health(m, now);
        before = w.at;
        mw_smp_health_put_last(&w, &h);
        health = mw_telemetry_keep(&w, before, room);
    }
    mw_status s = MW_OK;
    if (w.at > 0) {
        mw_grant g;
        draft.n = w.at;
        MW_TRY(mw_telemetry_send(m, &draft, now, out, &g));
        forget_sent(m, receipts, configs, health);
        s = mw_telemetry_log(m, out, &g);
    } else if (d->reading.active) {
        s = reading_step(m, now, out);
    } else {
        /* What waits needs a frame without the whole counter: the next report makes that possible.
         */
        d->answer_at = mw_mono_add(now, (mw_dur){RETRY_NS});
    }
    if (!more_to_say(d))
        d->answer_at = MW_TICK_NEVER;
    return s;
}
