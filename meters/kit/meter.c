/* SPDX-License-Identifier: Apache-2.0 */
#include "meters/kit/meter.h"

#include "base/assert.h"
#include "meters/kit/downlink_internal.h"
#include "protocols/smp/smp.h"

/* Hours that a late step closes one by one; beyond that the clock is taken as jumped. */
#define LATE_HOURS_MAX 48
/* Water below this may freeze soon. */
#define FROST_MDEGC 3000
/* Corrections from here on are told as events. */
#define CLOCK_TELL_US INT64_C(1000000)

/* ---- flash layout ---- */

typedef enum region {
    REGION_CONFIG,
    REGION_COUNTER,
    REGION_CLOCK,
    REGION_REGISTERS,
    REGION_RADIO,
    REGION_SECURITY_EVENTS,
    REGION_HOURLY,
    REGION_DAILY,
    REGION_DOWNLINK,
    REGION_STATE,
    REGION_METROLOGY_EVENTS,
    REGION_OPERATION_EVENTS,
    REGION_CHARGE,
    REGION_PASSIVE,
    REGION_AUDIT,
    REGION_COUNT
} region;

/* Records that each log keeps at any moment. The order is part of the storage format: regions are
 * only ever appended. Register snapshots have many sectors for endurance, not for history. */
static const struct {
    uint8_t payload;
    uint16_t records;
} layout[REGION_COUNT] = {
    [REGION_CONFIG] = {MW_METER_CONFIG_PAYLOAD, 1},
    [REGION_COUNTER] = {MW_COUNTER_PAYLOAD, 1},
    [REGION_CLOCK] = {MW_CLOCK_PAYLOAD, 1},
    [REGION_REGISTERS] = {MW_REGISTERS_PAYLOAD, 500},
    [REGION_RADIO] = {MW_RADIO_PAYLOAD, 100},
    [REGION_SECURITY_EVENTS] = {MW_EVENTS_PAYLOAD, MW_EVENTS_RECORDS},
    [REGION_HOURLY] = {MW_ARCHIVE_PAYLOAD, MW_ARCHIVE_HOURS},
    [REGION_DAILY] = {MW_ARCHIVE_PAYLOAD, MW_ARCHIVE_DAYS},
    [REGION_DOWNLINK] = {MW_DOWNLINK_PAYLOAD, 4 * MW_DOWNLINK_IDS},
    [REGION_STATE] = {MW_DOWNLINK_STATE, 1},
    [REGION_METROLOGY_EVENTS] = {MW_EVENTS_PAYLOAD, MW_EVENTS_RECORDS},
    [REGION_OPERATION_EVENTS] = {MW_EVENTS_PAYLOAD, MW_EVENTS_RECORDS},
    [REGION_CHARGE] = {MW_CHARGE_PAYLOAD, 1},
    [REGION_PASSIVE] = {MW_PASSIVE_PAYLOAD, 1},
    [REGION_AUDIT] = {MW_AUDIT_SLOT - MW_RINGLOG_OVERHEAD, MW_SEAL_RECORDS},
};

typedef struct place {
    uint32_t first, sectors;
} place;

static uint8_t kind_of(region r) {
    return (uint8_t)(1 + r);
}

static mw_status layout_of(const mw_flash *flash, place out[REGION_COUNT]) {
    uint32_t at = 0;
    for (unsigned i = 0; i < REGION_COUNT; i++) {
        out[i].first = at;
        out[i].sectors =
            mw_ringlog_sectors_for(flash->sector_bytes, layout[i].payload, layout[i].records);
        at += out[i].sectors;
    }
    return at <= flash->sector_count ? MW_OK : MW_SPACE;
}

/* ---- hours ---- */

static uint8_t grid_of(const mw_meter_config *c) {
    return (uint8_t)(c->grid_offset_min / 15);
}

uint32_t mw_meter_hour_of(const mw_meter_config *c, mw_utc t) {
    uint32_t hour;
    return mw_smp_hour_of_utc(t, grid_of(c), &hour) == MW_OK ? hour : 0;
}

uint32_t mw_meter_hour(const mw_meter *m) {
    return m->hour;
}

static void boundary_update(mw_meter *m) {
    m->boundary = mw_rtc_tick_of(&m->clock, mw_smp_utc_of_hour(m->hour + 1, grid_of(&m->config)));
}

static mw_archive_record record_at(const mw_meter *m, uint32_t hour, mw_mono now) {
    mw_archive_record r = {.hour = hour, .clock = (uint8_t)mw_rtc_state_at(&m->clock, now)};
    if (m->hour_disturbed)
        r.flags |= MW_ARCHIVE_DISTURBED;
    if (m->hour_stepped)
        r.flags |= MW_ARCHIVE_STEPPED;
    for (unsigned i = 0; i < MW_METER_REGISTERS_MAX; i++)
        r.counts[i] = m->registers.counts[i];
    return r;
}

static mw_status boundary_store(mw_meter *m, uint32_t hour, mw_mono now) {
    mw_archive_record r = record_at(m, hour, now);
    MW_TRY(mw_archive_store(&m->archive, &m->flash, &r));
    mw_registers_saved(&m->registers);
    if (!mw_meter_config_day_begins(&m->config, hour))
        return MW_OK;
    return mw_archive_store_day(&m->archive, &m->flash, &r);
}

/* Water that ran backwards in the hour that ends: a flag for the report, an event when it was a
 * whole unit. */
static void reverse_check(mw_meter *m, mw_mono now) {
    for (unsigned i = 0; i < m->model->register_count; i++) {
        if ((m->model->reverse >> i & 1) == 0 || m->registers.counts[i] == m->reverse_seen[i])
            continue;
        const mw_meter_scale *scale = &m->config.scale[i];
        int64_t units = mw_scale_value(scale, m->registers.counts[i]) -
                        mw_scale_value(scale, m->reverse_seen[i]);
        m->reverse_seen[i] = m->registers.counts[i];
        m->telemetry.status_arisen |= MW_SMP_STATUS_REVERSE;
        if (units > 0)
            (void)!mw_events_raise(&m->events, &m->flash, now, mw_rtc_utc(&m->clock, now),
                                   MW_SMP_EVENT_REVERSE, m->model->channel[i], units);
    }
}

/* The running hour has ended at m->boundary. */
static mw_status hour_close(mw_meter *m) {
    mw_mono at = m->boundary;
    reverse_check(m, at);
    mw_adapt_hour(m, at);
    mw_watch_hour(m, at, !m->hour_disturbed && !m->hour_stepped);
    mw_status s = boundary_store(m, m->hour + 1, at);
    mw_status t = mw_charge_hour(m, at, mw_meter_config_day_begins(&m->config, m->hour + 1));
    s = s == MW_OK ? t : s;
    m->hour++;
    m->hour_disturbed = m->hour_stepped = false;
    boundary_update(m);
    mw_telemetry_hour(m, at);
    return s;
}

/* Time went on from hour `from` to hour m->hour, or back to it, without passing the boundaries
 * between: the hour that ran is closed with what it has, the new one begins incomplete. */
static mw_status hour_jump(mw_meter *m, uint32_t from, mw_mono now) {
    mw_status s = boundary_store(m, from + 1, now);
    mw_watch_begin(m);
    if (m->hour > from + 1) {
        mw_status t = boundary_store(m, m->hour, now);
        s = s == MW_OK ? t : s;
        /* A day that began meanwhile gets its record, so that the daily archive has no hole. */
        uint32_t day = m->hour - 1;
        while (day > from + 1 && !mw_meter_config_day_begins(&m->config, day))
            day--;
        if (day > from + 1) {
            mw_archive_record r = record_at(m, day, now);
            t = mw_archive_store_day(&m->archive, &m->flash, &r);
            s = s == MW_OK ? t : s;
        }
    }
    return s;
}

/* ---- boot ---- */

static mw_status config_mount(mw_meter *m, const place *at, const mw_meter_provision *p) {
    MW_TRY(mw_ringlog_mount(&m->config_log, &m->flash, at->first, at->sectors,
                            MW_METER_CONFIG_PAYLOAD, kind_of(REGION_CONFIG)));
    m->config = p->config_known ? p->config : m->model->defaults;
    uint8_t payload[MW_METER_CONFIG_PAYLOAD];
    mw_status s = mw_ringlog_last(&m->config_log, &m->flash, MW_SPAN_OF(payload));
    if (s == MW_NOT_FOUND)
        return MW_OK;
    MW_TRY(s);
    mw_meter_config c;
    /* One that this firmware no longer accepts leaves the defaults in force. */
    if (mw_meter_config_decode(MW_SLICE_OF(payload), &c) == MW_OK &&
        mw_meter_config_check(&c, m->model, m->plan) == MW_OK)
        m->config = c;
    return MW_OK;
}

static mw_status logs_mount(mw_meter *m, const place at[REGION_COUNT], const mw_meter_provision *p,
                            const mw_board *board, mw_mono now, mw_archive_record *out_newest,
                            bool *out_known) {
    MW_TRY(config_mount(m, &at[REGION_CONFIG], p));
    MW_TRY(mw_archive_mount(&m->archive, &m->flash, at[REGION_HOURLY].first,
                            at[REGION_HOURLY].sectors, kind_of(REGION_HOURLY),
                            at[REGION_DAILY].first, at[REGION_DAILY].sectors,
                            kind_of(REGION_DAILY)));
    MW_TRY(mw_registers_mount(&m->registers, &m->flash, at[REGION_REGISTERS].first,
                              at[REGION_REGISTERS].sectors, kind_of(REGION_REGISTERS),
                              m->model->snapshot_counts));
    mw_status s = mw_archive_newest(&m->archive, &m->flash, out_newest);
    if (s != MW_OK && s != MW_NOT_FOUND)
        return s;
    *out_known = s == MW_OK;
    mw_utc latest = MW_UTC_NONE;
    if (*out_known) {
        mw_registers_resume(&m->registers, out_newest->counts);
        latest = mw_smp_utc_of_hour(out_newest->hour, grid_of(&m->config));
    }
    return mw_rtc_mount(&m->clock, &m->flash, at[REGION_CLOCK].first, at[REGION_CLOCK].sectors,
                        kind_of(REGION_CLOCK), now, board->ticks_kept, latest);
}

static mw_status events_mount(mw_meter *m, const place at[REGION_COUNT], uint32_t reported) {
    static const region of[MW_EVENTS_GROUPS] = {
        [MW_EVENTS_SECURITY] = REGION_SECURITY_EVENTS,
        [MW_EVENTS_METROLOGY] = REGION_METROLOGY_EVENTS,
        [MW_EVENTS_OPERATION] = REGION_OPERATION_EVENTS,
    };
    mw_events_place logs[MW_EVENTS_GROUPS];
    for (unsigned g = 0; g < MW_EVENTS_GROUPS; g++)
        logs[g] = (mw_events_place){at[of[g]].first, at[of[g]].sectors, kind_of(of[g])};
    return mw_events_mount(&m->events, &m->flash, logs, reported);
}

mw_status mw_meter_boot(mw_meter *m, const mw_meter_model *model,
                        const mw_meter_provision *provision, const mw_board *board, mw_mono now) {
    MW_TRY(mw_meter_config_check(&model->defaults, model, provision->plan));
    if (provision->config_known)
        MW_TRY(mw_meter_config_check(&provision->config, model, provision->plan));
    if (model->register_count > MW_METER_REGISTERS_MAX || model->snapshot_counts == 0)
        return MW_RANGE;
    place at[REGION_COUNT];
    MW_TRY(layout_of(&board->flash, at));
    *m = (mw_meter){.flash = board->flash,
                    .model = model,
                    .plan = provision->plan,
                    .address = provision->address,
                    .key_epoch = provision->key_epoch,
                    .update = board->update,
                    .schedule = board->schedule,
                    .booted = now,
                    .temperature = {INT32_MIN}};
    mw_bytes_copy(m->device_id.b, provision->device_id, sizeof m->device_id.b);
    mw_archive_record newest;
    bool known;
    MW_TRY(logs_mount(m, at, provision, board, now, &newest, &known));
    mw_key master;
    MW_TRY(mw_key_of_bytes(MW_SLICE_OF(provision->master_key), &master));
    uint32_t reported;
    mw_downlink_place downlink = {.log_first = at[REGION_DOWNLINK].first,
                                  .log_sectors = at[REGION_DOWNLINK].sectors,
                                  .state_first = at[REGION_STATE].first,
                                  .state_sectors = at[REGION_STATE].sectors,
                                  .log_kind = kind_of(REGION_DOWNLINK),
                                  .state_kind = kind_of(REGION_STATE)};
    mw_status s = mw_downlink_mount(m, provision, &master, &downlink);
    if (s == MW_OK)
        s = mw_telemetry_boot(m, &master, board, at[REGION_COUNTER].first,
                              at[REGION_COUNTER].sectors, at[REGION_RADIO].first,
                              at[REGION_RADIO].sectors, now, &reported);
    mw_key_wipe(&master);
    MW_TRY(s);
    MW_TRY(events_mount(m, at, reported));
    MW_TRY(mw_charge_mount(m, at[REGION_CHARGE].first, at[REGION_CHARGE].sectors,
                           kind_of(REGION_CHARGE), now, board->ticks_kept));
    MW_TRY(mw_passive_mount(m, at[REGION_PASSIVE].first, at[REGION_PASSIVE].sectors,
                            kind_of(REGION_PASSIVE)));
    MW_TRY(mw_seal_mount(m, &m->flash, at[REGION_AUDIT].first, at[REGION_AUDIT].sectors,
                         provision->sealed, board->legal_checksum, now));
    mw_utc utc = mw_rtc_utc(&m->clock, now);
    m->hour = mw_meter_hour_of(&m->config, utc);
    m->hour_disturbed = true;
    boundary_update(m);
    if (!known) {
        MW_TRY(boundary_store(m, m->hour, now));
    } else {
        bool orderly = board->cause == MW_RESET_ORDERLY && board->ticks_kept;
        if (orderly && newest.hour == m->hour)
            m->hour_disturbed = false;
        if (!orderly)
            m->telemetry.status_arisen |= MW_SMP_STATUS_POWER_LOST;
        if (newest.hour < m->hour)
            MW_TRY(hour_jump(m, newest.hour, now));
        mw_telemetry_resume(m, now);
    }
    for (unsigned i = 0; i < MW_METER_REGISTERS_MAX; i++)
        m->reverse_seen[i] = m->registers.counts[i];
    mw_watch_begin(m);
    mw_beacon_init(m);
    mw_adapt_init(m, now);
    MW_TRY(mw_events_raise(&m->events, &m->flash, now, utc, MW_SMP_EVENT_BOOT, 255,
                           (int64_t)board->cause));
    return mw_downlink_resume(m, now);
}

/* ---- step ---- */

static void alarm_raise(mw_meter *m, mw_mono now, uint8_t code, int64_t value) {
    if (mw_events_raise(&m->events, &m->flash, now, mw_rtc_utc(&m->clock, now), code, 255, value) !=
        MW_DUPLICATE)
        mw_telemetry_alarm(m, now);
}

bool mw_meter_tell(mw_meter *m, mw_mono now, mw_utc at, uint8_t log, uint8_t number, int64_t value,
                   bool ends) {
    uint8_t code = (uint8_t)(MW_SMP_EVENT_LOG + log);
    mw_status s = ends ? mw_events_end(&m->events, &m->flash, at, code, number, value)
                       : mw_events_raise(&m->events, &m->flash, now, at, code, number, value);
    /* It is queued even when flash fails. */
    bool crowded = m->events.queued >= MW_EVENTS_QUEUE / 2; /* the next ones need the room */
    if (s != MW_DUPLICATE && (crowded || mw_event_group_of(code) == MW_EVENTS_SECURITY))
        mw_telemetry_alarm(m, now);
    return s != MW_DUPLICATE;
}

void mw_meter_hurry(mw_meter *m, mw_mono now) {
    mw_telemetry_gasp(m, now);
}

static void conditions_take(mw_meter *m, mw_mono now, const mw_meter_inputs *in) {
    uint16_t status = m->status_now;
    uint32_t risen = in->tamper & ~m->tamper;
    if (in->tamper != m->tamper) {
        status &= (uint16_t) ~(MW_SMP_STATUS_MAGNET | MW_SMP_STATUS_TAMPER);
        if ((in->tamper & MW_TAMPER_MAGNET) != 0)
            status |= MW_SMP_STATUS_MAGNET;
        if ((in->tamper & (MW_TAMPER_COVER | MW_TAMPER_LOOP)) != 0)
            status |= MW_SMP_STATUS_TAMPER;
        m->tamper = in->tamper;
    }
    uint32_t failed = in->faults & ~m->faults;
    m->faults = in->faults;
    status &= (uint16_t)~MW_SMP_STATUS_SENSOR;
    if (m->faults != 0)
        status |= MW_SMP_STATUS_SENSOR;
    if (in->battery_mv != 0) {
        status &= (uint16_t) ~(MW_SMP_STATUS_LOW_BATTERY | MW_SMP_STATUS_FROST);
        uint16_t low =
            m->config.battery_low_mv != 0 ? m->config.battery_low_mv : m->model->battery_low_mv;
        if (in->battery_mv < low || m->charge.low)
            status |= MW_SMP_STATUS_LOW_BATTERY;
        if (m->model->unit == MW_UNIT_L && !m->model->dry && in->temperature.mdegc < FROST_MDEGC)
            status |= MW_SMP_STATUS_FROST;
        m->battery_mv = in->battery_mv;
        m->temperature = in->temperature;
    }
    uint16_t arisen = (uint16_t)(status & ~m->status_now);
    m->status_now = status;
    m->telemetry.status_arisen |= status;
    if ((risen & MW_TAMPER_MAGNET) != 0)
        alarm_raise(m, now, MW_SMP_EVENT_MAGNET, 1);
    if ((risen & (MW_TAMPER_COVER | MW_TAMPER_LOOP)) != 0)
        alarm_raise(m, now, MW_SMP_EVENT_TAMPER,
                    (int64_t)(risen & (MW_TAMPER_COVER | MW_TAMPER_LOOP)));
    if (failed != 0)
        alarm_raise(m, now, MW_SMP_EVENT_SENSOR, (int64_t)failed);
    if ((arisen & MW_SMP_STATUS_LOW_BATTERY) != 0)
        alarm_raise(m, now, MW_SMP_EVENT_BATTERY, in->battery_mv);
    if ((arisen & MW_SMP_STATUS_FROST) != 0)
        alarm_raise(m, now, MW_SMP_EVENT_FROST, in->temperature.mdegc / 100);
}

/* Closes every hour that ended before `now`, or exactly at it when `inclusive`. */
static mw_status hours_close(mw_meter *m, mw_mono now, bool inclusive) {
    mw_status s = MW_OK;
    for (unsigned n = 0; m->boundary.ns < now.ns || (inclusive && m->boundary.ns == now.ns); n++) {
        mw_status t;
        if (n < LATE_HOURS_MAX) {
            t = hour_close(m);
        } else {
            uint32_t from = m->hour;
            m->hour = mw_meter_hour_of(&m->config, mw_rtc_utc(&m->clock, now));
            m->hour_disturbed = true;
            t = hour_jump(m, from, now);
            boundary_update(m);
        }
        s = s == MW_OK ? t : s;
    }
    return s;
}

mw_status mw_meter_step(mw_meter *m, mw_mono now, const mw_meter_inputs *in,
                        mw_meter_outputs *out) {
    out->transmit = false;
    out->listen = (mw_meter_listen){0};
    out->restart = false;
    mw_status s = hours_close(m, now, false);
    mw_status t = MW_OK;
    uint32_t any = 0;
    for (unsigned i = 0; i < MW_METER_REGISTERS_MAX; i++)
        any += in->counts[i];
    mw_charge_step(m, now, any);
    if (any != 0)
        t = mw_registers_add(&m->registers, &m->flash, in->counts);
    s = s == MW_OK ? t : s;
    t = hours_close(m, now, true);
    s = s == MW_OK ? t : s;
    if (in->tamper != m->tamper || in->faults != m->faults || in->battery_mv != 0)
        conditions_take(m, now, in);
    mw_seal_step(m, now);
    t = mw_passive_step(m, now);
    s = s == MW_OK ? t : s;
    mw_mono due = mw_telemetry_next(m);
    if (due.ns <= now.ns) {
        t = mw_telemetry_step(m, now, out);
        s = s == MW_OK ? t : s;
    }
    mw_mono beacon = mw_beacon_step(m, now, out);
    due = mw_telemetry_next(m); /* it may have taken the radio */
    due = beacon.ns < due.ns ? beacon : due;
    if (m->downlink.restart_wanted && m->downlink.restart_at.ns <= now.ns) {
        m->downlink.restart_wanted = false;
        m->downlink.restart_at = MW_TICK_NEVER;
        out->restart = true;
    }
    mw_orders_firmware_step(m, now, out);
    out->relay_known = m->downlink.relay_known;
    out->relay_closed = m->downlink.relay_closed;
    out->next_wake = due.ns < m->boundary.ns ? due : m->boundary;
    if (m->downlink.restart_at.ns < out->next_wake.ns)
        out->next_wake = m->downlink.restart_at;
    mw_mono passive = mw_passive_wake(m);
    if (passive.ns > now.ns && passive.ns < out->next_wake.ns)
        out->next_wake = passive;
    if (out->next_wake.ns <= now.ns)
        out->next_wake.ns = now.ns + 1;
    return s;
}

/* ---- service ---- */

mw_status mw_meter_last_gasp(mw_meter *m) {
    return mw_registers_save(&m->registers, &m->flash);
}

/* A correction that drift explains: no hour is marked. When it carries the clock over the end of an
 * hour, that hour ends now; when it falls back behind a beginning, the hour goes on. */
static mw_status clock_adjust(mw_meter *m, mw_mono now, mw_utc utc) {
    mw_status s = mw_rtc_set(&m->clock, &m->flash, now, utc);
    boundary_update(m);
    if (m->boundary.ns > now.ns)
        return s;
    m->boundary = now;
    mw_status t = hour_close(m);
    return s == MW_OK ? t : s;
}

/* Any other setting: every hour that it touches is marked. */
static mw_status clock_step(mw_meter *m, mw_mono now, mw_utc utc) {
    uint32_t from = m->hour, to = mw_meter_hour_of(&m->config, utc);
    mw_status s = mw_rtc_set(&m->clock, &m->flash, now, utc);
    m->hour_disturbed = m->hour_stepped = true;
    m->hour = to;
    if (to != from) {
        mw_status t = hour_jump(m, from, now);
        s = s == MW_OK ? t : s;
    }
    /* An hour that begins at this very moment is whole. */
    if (to != from && mw_smp_utc_of_hour(to, grid_of(&m->config)).us == utc.us)
        m->hour_disturbed = m->hour_stepped = false;
    m->telemetry.report_pending = false; /* its hours have other numbers now */
    boundary_update(m);
    return s;
}

mw_status mw_meter_clock_set(mw_meter *m, mw_mono now, mw_utc utc) {
    if (utc.us < MW_SMP_EPOCH_S * MW_US_PER_S || utc.us > mw_smp_utc_of_hour(MW_SMP_HOUR_MAX, 0).us)
        return MW_RANGE;
    mw_status s = hours_close(m, now, true);
    int64_t moved = utc.us - mw_rtc_utc(&m->clock, now).us;
    mw_downlink_clock_moved(&m->downlink);
    bool first = m->clock.state == MW_CLOCK_NEVER_SET;
    bool step = first || moved > MW_CLOCK_STEP_US || moved < -MW_CLOCK_STEP_US;
    mw_beacon_clock_set(m, step);
    mw_status t = step ? clock_step(m, now, utc) : clock_adjust(m, now, utc);
    s = s == MW_OK ? t : s;
    if (!first && (moved >= CLOCK_TELL_US || moved <= -CLOCK_TELL_US))
        (void)!mw_events_raise(&m->events, &m->flash, now, utc, MW_SMP_EVENT_CLOCK_SET, 255,
                               moved / 1000);
    return s;
}

mw_utc mw_meter_clock(const mw_meter *m, mw_mono now) {
    return mw_rtc_utc(&m->clock, now);
}

mw_rtc_state mw_meter_clock_state(const mw_meter *m, mw_mono now) {
    return mw_rtc_state_at(&m->clock, now);
}

mw_status mw_meter_configure(mw_meter *m, mw_mono now, const mw_meter_config *c) {
    MW_TRY(mw_meter_config_check(c, m->model, m->plan));
    MW_TRY(mw_seal_change(m, now, c));
    MW_TRY(hours_close(m, now, true));
    uint8_t payload[MW_METER_CONFIG_PAYLOAD];
    mw_meter_config_encode(c, payload);
    MW_TRY(mw_ringlog_append(&m->config_log, &m->flash, MW_SLICE_OF(payload)));
    bool grid_moved = c->grid_offset_min != m->config.grid_offset_min;
    for (unsigned i = 0; i < m->model->register_count; i++)
        if (mw_scale_value(&c->scale[i], m->registers.counts[i]) !=
            mw_scale_value(&m->config.scale[i], m->registers.counts[i]))
            m->telemetry.status_arisen |= MW_SMP_STATUS_REGISTER_SET;
    m->config = *c;
    if (grid_moved) {
        /* Boundaries move: both hours that meet here are incomplete. */
        m->hour_disturbed = true;
        m->hour = mw_meter_hour_of(&m->config, mw_rtc_utc(&m->clock, now));
        MW_TRY(boundary_store(m, m->hour, now));
    }
    m->telemetry.report_pending = false;
    boundary_update(m);
    return MW_OK;
}

const mw_meter_config *mw_meter_config_of(const mw_meter *m) {
    return &m->config;
}

int64_t mw_meter_counts(const mw_meter *m, unsigned index) {
    mw_assert(index < MW_METER_REGISTERS_MAX);
    return m->registers.counts[index];
}

int64_t mw_meter_value(const mw_meter *m, unsigned index) {
    mw_assert(index < m->model->register_count);
    return mw_scale_value(&m->config.scale[index], m->registers.counts[index]);
}
