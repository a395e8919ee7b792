/* SPDX-License-Identifier: Apache-2.0 */
#include "meters/kit/telemetry.h"

#include "base/assert.h"
#include "base/prng.h"
#include "meters/kit/telemetry_internal.h"

/* Frames remembered in the log that may still count against the duty. */
#define LEDGER_REPLAY_MAX 64
#define HEALTH_EVERY_H    (7u * 24)
#define RETRY_NS          (INT64_C(60) * MW_NS_PER_S)

/* Kinds of the two logs that live here. */
#define KIND_COUNTER 101
#define KIND_RADIO   102

static bool hourly_active(const mw_meter *m, unsigned index) {
    return (m->config.active >> index & m->model->hourly >> index & 1) != 0;
}

/* ---- schedule ---- */

uint32_t mw_schedule_jitter_ms(const uint8_t device_id[8], uint32_t hour, uint32_t range_ms) {
    mw_reader r = mw_reader_of((mw_slice){device_id, 8});
    uint64_t hash = mw_mix64(mw_mix64(mw_read_u64be(&r)) + hour);
    return (uint32_t)((hash >> 32) * range_ms >> 32);
}

static uint32_t id_jitter_ms(const mw_meter *m, uint32_t hour, uint32_t range_ms) {
    return mw_schedule_jitter_ms(m->device_id.b, hour, range_ms);
}

static mw_mono earlier(mw_mono a, mw_mono b) {
    return a.ns < b.ns ? a : b;
}

static void report_schedule(mw_meter *m, uint32_t end, mw_mono at) {
    mw_telemetry *t = &m->telemetry;
    /* A report must leave before the next one is due: the window ends a minute before. */
    uint32_t longest = m->config.report_period_h * UINT32_C(3600) - 60;
    uint32_t window = m->config.jitter_s < longest ? m->config.jitter_s : longest;
    uint32_t ms = id_jitter_ms(m, end, window * UINT32_C(1000));
    t->report_pending = true;
    t->report_end = t->part_end = end;
    t->part_register = 0;
    t->report_at = mw_mono_add(at, (mw_dur){MW_REPORT_DELAY_NS + ms * INT64_C(1000000)});
}

void mw_telemetry_hour(mw_meter *m, mw_mono at) {
    mw_telemetry *t = &m->telemetry;
    t->airtime_ds[m->hour % 24] = 0;
    if (!mw_meter_config_period_ends(&m->config, m->hour))
        return;
    report_schedule(m, m->hour, at);
    if (mw_meter_config_day_begins(&m->config, m->hour) &&
        m->hour / 24 % 7 == id_jitter_ms(m, 0, HEALTH_EVERY_H) / 24) {
        t->health_due = true;
        t->service_at = earlier(t->service_at, t->report_at);
    }
}

void mw_telemetry_resume(mw_meter *m, mw_mono now) {
    uint32_t end = m->hour;
    while (end > 0 && !mw_meter_config_period_ends(&m->config, end))
        end--;
    if (end == 0 || end <= m->telemetry.reported || m->telemetry.reported == 0)
        return;
    mw_utc t = mw_smp_utc_of_hour(end, (uint8_t)(m->config.grid_offset_min / 15));
    report_schedule(m, end, mw_rtc_tick_of(&m->clock, t));
    /* Not before the frame that tells of the boot: that one is spread over all meters. */
    mw_mono first = m->telemetry.service_at;
    if (m->telemetry.report_at.ns < first.ns && first.ns > now.ns)
        m->telemetry.report_at = mw_mono_add(first, (mw_dur){1});
}

static void service_within(mw_meter *m, mw_mono now, uint32_t window_ms) {
    mw_dur wait = {id_jitter_ms(m, m->hour, window_ms) * INT64_C(1000000)};
    m->telemetry.service_at = earlier(m->telemetry.service_at, mw_mono_add(now, wait));
}

void mw_telemetry_alarm(mw_meter *m, mw_mono now) {
    service_within(m, now, MW_ALARM_WINDOW_MS);
}

void mw_telemetry_gasp(mw_meter *m, mw_mono now) {
    service_within(m, now, MW_GASP_WINDOW_MS);
}

mw_mono mw_telemetry_next(const mw_meter *m) {
    const mw_telemetry *t = &m->telemetry;
    mw_mono due = t->report_pending ? earlier(t->report_at, t->service_at) : t->service_at;
    due = earlier(due, m->downlink.answer_at);
    return due.ns > t->radio_free.ns || due.ns == MW_TICK_NEVER.ns ? due : t->radio_free;
}

/* ---- radio log ---- */

mw_status mw_telemetry_log(mw_meter *m, const mw_meter_outputs *out, const mw_grant *g) {
    uint8_t payload[MW_RADIO_PAYLOAD];
    mw_writer w = mw_writer_of(MW_SPAN_OF(payload));
    mw_write_u64le(&w, (uint64_t)g->end.ns);
    mw_write_u32le(&w, out->tx.counter);
    mw_write_u32le(&w, g->airtime_ms);
    mw_write_u32le(&w, m->events.reported);
    mw_write_u32le(&w, m->telemetry.reported);
    mw_write_u32le(&w, g->band);
    return mw_ringlog_append(&m->telemetry.log, &m->flash, mw_writer_done(&w));
}

/* Books again what was sent within the hour before the newest frame: by its own tick when the ticks
 * went on, else as if it were now, so that a boot never gains airtime. */
static mw_status log_replay(mw_meter *m, mw_mono now, bool ticks_kept, uint32_t *out_events) {
    mw_telemetry *t = &m->telemetry;
    mw_ringlog_cursor at = mw_ringlog_from_newest(&t->log);
    int64_t newest = 0;
    *out_events = 0;
    for (unsigned i = 0; i < LEDGER_REPLAY_MAX; i++) {
        uint8_t payload[MW_RADIO_PAYLOAD];
        uint32_t seq;
        mw_status s = mw_ringlog_older(&t->log, &m->flash, &at, MW_SPAN_OF(payload), &seq);
        if (s == MW_NOT_FOUND)
            break;
        MW_TRY(s);
        mw_reader r = mw_reader_of(MW_SLICE_OF(payload));
        int64_t end = (int64_t)mw_read_u64le(&r);
        (void)mw_read_u32le(&r);
        uint32_t airtime_ms = mw_read_u32le(&r);
        uint32_t events = mw_read_u32le(&r), reported = mw_read_u32le(&r);
        uint32_t band = mw_read_u32le(&r);
        if (i == 0) {
            newest = end;
            *out_events = events;
            t->reported = reported;
        }
        if (band >= MW_LEDGER_BANDS || end < 0 || end > newest || newest - end > 3600 * MW_NS_PER_S)
            break;
        bool known = ticks_kept && end <= now.ns + 3600 * MW_NS_PER_S;
        mw_ledger_book(&t->ledger, band, airtime_ms, known ? (mw_mono){end} : now);
    }
    return MW_OK;
}

mw_status mw_telemetry_key(mw_meter *m, const mw_key *master) {
    mw_key up;
    mw_crypto_ctx ctx;
    MW_TRY(
        mw_key_derive_device(&mw_crypto_own, master, &m->device_id, m->key_epoch, MW_KEY_UP, &up));
    mw_status s = mw_crypto_init(&ctx, &mw_crypto_own, &up);
    mw_key_wipe(&up);
    MW_TRY(s);
    mw_crypto_fini(&m->telemetry.up);
    m->telemetry.up = ctx;
    m->telemetry.full_due = true;
    return MW_OK;
}

mw_status mw_telemetry_boot(mw_meter *m, const mw_key *master, const mw_board *board,
                            uint32_t counter_first, uint32_t counter_sectors, uint32_t log_first,
                            uint32_t log_sectors, mw_mono now, uint32_t *out_events_reported) {
    mw_telemetry *t = &m->telemetry;
    m->downlink.answer_at = MW_TICK_NEVER;
    MW_TRY(mw_counter_mount(&t->counter, &m->flash, counter_first, counter_sectors, KIND_COUNTER));
    MW_TRY(
        mw_ringlog_mount(&t->log, &m->flash, log_first, log_sectors, MW_RADIO_PAYLOAD, KIND_RADIO));
    mw_ledger_init(&t->ledger);
    MW_TRY(log_replay(m, now, board->ticks_kept, out_events_reported));
    MW_TRY(mw_telemetry_key(m, master));
    t->full_due = true;
    t->health_due = true;
    for (unsigned i = 0; i < m->model->register_count; i++)
        if (hourly_active(m, i) || m->registers.counts[i] != 0)
            t->announce |= (uint8_t)(m->config.active & 1u << i);
    t->report_at = MW_TICK_NEVER;
    t->radio_free = now;
    /* Meters that lost power together must not come back together: the seed spreads them. */
    uint64_t ms = (mw_mix64(board->seed) >> 32) * MW_SERVICE_WINDOW_MS >> 32;
    t->service_at = mw_mono_add(now, (mw_dur){(int64_t)(ms + 1000) * 1000000});
    return MW_OK;
}

/* ---- reports ---- */

static mw_smp_clock clock_of(mw_rtc_state state, bool stepped) {
    if (stepped)
        return MW_SMP_CLOCK_STEPPED;
    switch (state) {
    case MW_CLOCK_SET:
        return MW_SMP_CLOCK_SET;
    case MW_CLOCK_UNCERTAIN:
        return MW_SMP_CLOCK_UNSURE;
    default:
        return MW_SMP_CLOCK_UNSET;
    }
}

/* The last `hours` hours before boundary `end` of a window, as a day object. */
static void day_fill(const mw_meter *m, const mw_archive_window *w, unsigned index, uint32_t end,
                     unsigned hours, mw_smp_day *day) {
    const mw_meter_scale *scale = &m->config.scale[index];
    unsigned last = w->hours - (w->end - end), first = last - hours;
    day->channel = m->model->channel[index];
    day->clock = clock_of((mw_rtc_state)w->clock, w->stepped);
    day->grid = (uint8_t)(m->config.grid_offset_min / 15);
    day->hours = (uint8_t)hours;
    day->status = 0;
    if (end == w->end)
        day->status = (uint16_t)(m->status_now | m->telemetry.status_arisen |
                                 (w->gap ? MW_SMP_STATUS_ARCHIVE_GAP : 0));
    day->disturbed = w->disturbed >> first & ((UINT64_C(1) << hours) - 1);
    day->end_hour = end;
    day->reg = mw_scale_value(scale, w->counts[last]);
    int64_t before = mw_scale_value(scale, w->counts[first]);
    for (unsigned i = 0; i < hours; i++) {
        int64_t after = mw_scale_value(scale, w->counts[first + i + 1]);
        /* A record from before a repair of the flash could be higher; never send less than 0. */
        day->value[i] = after > before ? after - before : 0;
        before = after;
    }
}

static bool day_put(const mw_smp_day *day, size_t room, mw_draft *d) {
    uint8_t body[MW_DRAFT_MAX];
    size_t n;
    if (room < 2 || mw_smp_day_encode(day, room - 1, MW_SPAN_OF(body), &n) != MW_OK)
        return false;
    mw_writer w = mw_writer_of(MW_SPAN_OF(d->objects));
    mw_smp_object_put_last(&w, MW_SMP_DAY, (mw_slice){body, n});
    if (w.status != MW_OK)
        return false;
    d->n = w.at;
    return true;
}

/* Lengths to try for one part, longest first. */
static unsigned shorter(unsigned hours) {
    static const uint8_t steps[] = {24, 12, 8, 6, 4, 3, 2, 1};
    for (unsigned i = 0; i < sizeof steps; i++)
        if (steps[i] < hours)
            return steps[i];
    return 0;
}

/* Drafts the newest part that fits a frame; *out_hours says how many hours it covers. */
bool mw_telemetry_part(const mw_meter *m, const mw_archive_window *w, unsigned index, uint32_t end,
                       unsigned hours, bool fill, mw_draft *d, unsigned *out_hours) {
    mw_smp_day scratch, *day = &scratch;
    size_t room = mw_telemetry_room(m);
    unsigned n = hours;
    for (;; n = shorter(n)) {
        day_fill(m, w, index, end, n, day);
        if (day_put(day, room, d))
            break;
        if (n == 0)
            return false;
    }
    *out_hours = n;
    /* A frame of a short period has room to spare: older hours ride along for free. */
    if (!fill || m->config.report_period_h == 24 || m->config.overlap == 0 || n < hours ||
        end != w->end)
        return true;
    size_t spare = mw_telemetry_spare(m, d->n);
    /* Each hour more makes it longer, so halving finds how many fit. */
    unsigned over = (w->hours < 24 ? w->hours : 24u) + 1;
    while (over > n + 1) {
        unsigned more = n + (over - n) / 2;
        day_fill(m, w, index, end, more, day);
        if (day_put(day, spare, d))
            n = more;
        else
            over = more;
    }
    day_fill(m, w, index, end, n, day);
    return day_put(day, room, d);
}

/* Ends the work on one register of the report, or on the whole. */
static void register_next(mw_meter *m) {
    mw_telemetry *t = &m->telemetry;
    t->part_register++;
    t->part_end = t->report_end;
}

/* After the last part: totals that changed follow in a service frame. */
static void report_finish(mw_meter *m, mw_mono now) {
    mw_telemetry *t = &m->telemetry;
    t->report_pending = false;
    t->reported = t->report_end;
    t->status_arisen = m->status_now;
    for (unsigned i = 0; i < m->model->register_count; i++)
        if ((m->config.active >> i & 1) != 0 && !hourly_active(m, i) &&
            m->registers.counts[i] != t->announced[i])
            t->announce |= (uint8_t)(1u << i);
    if (t->announce != 0 || t->health_due || m->events.queued > 0)
        t->service_at = earlier(t->service_at, now);
}

static mw_status report_step(mw_meter *m, mw_mono now, mw_meter_outputs *out) {
    mw_telemetry *t = &m->telemetry;
    unsigned period = m->config.report_period_h;
    unsigned span = m->config.overlap != 0 ? 2 * period : period;
    for (; t->part_register < m->model->register_count; register_next(m)) {
        unsigned index = t->part_register;
        mw_archive_window w;
        if (!hourly_active(m, index))
            continue;
        mw_status s = mw_archive_window_read(&m->archive, &m->flash, index, t->report_end,
                                             span > 24 ? span : 24, &w);
        if (s == MW_NOT_FOUND)
            continue;
        MW_TRY(s);
        unsigned sent = t->report_end - t->part_end;
        unsigned total = span < w.hours ? span : w.hours;
        if (sent >= total && sent > 0)
            continue;
        mw_draft d;
        unsigned hours;
        if (!mw_telemetry_part(m, &w, index, t->part_end, total - sent, true, &d, &hours))
            continue;
        mw_grant g;
        MW_TRY(mw_telemetry_send(m, &d, now, out, &g));
        t->part_end -= hours;
        if (hours == 0 || t->report_end - t->part_end >= total)
            register_next(m);
        while (t->part_register < m->model->register_count && !hourly_active(m, t->part_register))
            register_next(m);
        if (t->part_register >= m->model->register_count)
            report_finish(m, now);
        return mw_telemetry_log(m, out, &g);
    }
    report_finish(m, now);
    return MW_OK;
}

/* ---- service frames ---- */

mw_smp_health mw_telemetry_health(const mw_meter *m, mw_mono now) {
    uint32_t airtime = 0;
    for (unsigned i = 0; i < 24; i++)
        airtime += m->telemetry.airtime_ds[i];
    mw_smp_health h = {.battery_mv = m->battery_mv,
                       .temperature_dc = INT16_MIN,
                       .resets = m->clock.resets,
                       .airtime_ds = (uint16_t)(airtime < UINT16_MAX ? airtime : UINT16_MAX),
                       .drift_dppm = m->clock.drift_dppm};
    uint8_t left = mw_charge_left(m);
    h.battery_level = (uint8_t)(left == MW_CHARGE_UNKNOWN ? 0 : left + 1);
    if (m->battery_mv != 0)
        h.temperature_dc = (int16_t)(m->temperature.mdegc / 100);
    mw_bytes_copy(h.firmware, m->model->firmware, sizeof h.firmware);
    /* Service frames leave as soon as they are sealed: the platform learns the clock's error. */
    if (mw_meter_clock_state(m, now) == MW_CLOCK_NEVER_SET ||
        mw_smp_seconds_of_utc(mw_meter_clock(m, now), &h.time_s) != MW_OK)
        h.time_s = 0;
    return h;
}

/* The register at the running hour's beginning, as a day object of no hours. */
static bool total_of(const mw_meter *m, unsigned index, mw_smp_day *day) {
    mw_archive_window w;
    if (mw_archive_window_read(&m->archive, &m->flash, index, m->hour, 0, &w) != MW_OK)
        return false;
    day_fill(m, &w, index, m->hour, 0, day);
    return true;
}

/* Undoes what the last put wrote when it did not fit. */
bool mw_telemetry_keep(mw_writer *w, size_t before, size_t room) {
    if (w->status == MW_OK && w->at <= room)
        return true;
    w->status = MW_OK;
    w->at = before;
    return false;
}

static mw_status service_step(mw_meter *m, mw_mono now, mw_meter_outputs *out) {
    mw_telemetry *t = &m->telemetry;
    size_t room = mw_telemetry_room(m), before;
    mw_draft d;
    mw_writer w = mw_writer_of(MW_SPAN_OF(d.objects));
    unsigned events = 0;
    for (; events < m->events.queued; events++) {
        before = w.at;
        mw_smp_event_put(&w, &m->events.queue[events]);
        if (!mw_telemetry_keep(&w, before, room) && before > 0)
            break; /* the next frame takes it; one too large even for an empty frame is passed by */
    }
    uint8_t announced = 0;
    for (unsigned i = 0; i < m->model->register_count; i++) {
        mw_smp_day day;
        uint8_t body[MW_DRAFT_MAX];
        size_t n;
        if ((t->announce >> i & 1) == 0 || !total_of(m, i, &day) ||
            mw_smp_day_encode(&day, sizeof body, MW_SPAN_OF(body), &n) != MW_OK)
            continue;
        before = w.at;
        mw_smp_object_put(&w, MW_SMP_DAY, (mw_slice){body, n});
        if (mw_telemetry_keep(&w, before, room))
            announced |= (uint8_t)(1u << i);
    }
    bool health = false;
    if (t->health_due) {
        mw_smp_health h = mw_telemetry_health(m, now);
        before = w.at;
        mw_smp_health_put_last(&w, &h);
        health = mw_telemetry_keep(&w, before, room);
    }
    if (w.at == 0) {
        /* Nothing to say, or nothing that fits any frame: never try again for its own sake. */
        t->announce = 0;
        t->health_due = false;
        t->service_at = MW_TICK_NEVER;
        return MW_OK;
    }
    d.n = w.at;
    mw_grant g;
    MW_TRY(mw_telemetry_send(m, &d, now, out, &g));
    mw_events_sent(&m->events, events);
    t->announce = (uint8_t)(t->announce & ~announced);
    for (unsigned i = 0; i < m->model->register_count; i++)
        if ((announced >> i & 1) != 0)
            t->announced[i] = m->registers.counts[i];
    t->health_due = t->health_due && !health;
    if (m->events.queued == 0 && t->announce == 0 && !t->health_due)
        t->service_at = MW_TICK_NEVER;
    return mw_telemetry_log(m, out, &g);
}

mw_status mw_telemetry_step(mw_meter *m, mw_mono now, mw_meter_outputs *out) {
    mw_telemetry *t = &m->telemetry;
    mw_status s = MW_OK;
    if (m->downlink.answer_at.ns <= now.ns)
        s = mw_answers_step(m, now, out);
    else if (t->service_at.ns <= now.ns &&
             !(t->report_pending && t->report_at.ns < t->service_at.ns))
        s = service_step(m, now, out);
    else if (t->report_pending && t->report_at.ns <= now.ns)
        s = report_step(m, now, out);
    if (s == MW_DUTY)
        return MW_OK; /* radio_free was moved to the time the ledger allows */
    if (s != MW_OK && t->radio_free.ns <= now.ns)
        t->radio_free.ns = now.ns + RETRY_NS; /* flash or key trouble: keep trying, slowly */
    return s;
}
