/* SPDX-License-Identifier: Apache-2.0
 *
 * What a meter does on command. Every command here may be begun again after a reset that
 * interrupted it and comes to the same end (downlink_state.h).
 */
#include "meters/kit/downlink_internal.h"
#include "meters/kit/schedule.h"
#include "meters/kit/telemetry_internal.h"

/* A restart waits for its receipt to leave, at most this long. */
#define RESTART_WAIT_S 600

static mw_smp_result result_of(mw_status s) {
    switch (s) {
    case MW_OK:
        return MW_SMP_RESULT_DONE;
    case MW_NOT_FOUND:
        return MW_SMP_RESULT_UNKNOWN;
    case MW_RANGE:
    case MW_SHORT:
    case MW_SYNTAX:
        return MW_SMP_RESULT_RANGE;
    case MW_AUTH:
    case MW_STATE:
    case MW_FORBIDDEN:
        return MW_SMP_RESULT_REFUSED;
    case MW_AGAIN:
        return MW_SMP_RESULT_BUSY;
    default:
        return MW_SMP_RESULT_FAILED;
    }
}

/* ---- time ---- */

/* Sets the clock to `utc` at `now`. A small correction is followed at once; a large one only when
 * it is asked for, or when there is no trusted clock to lose. MW_STATE: refused. */
static mw_status clock_follow(mw_meter *m, mw_mono now, mw_utc utc, bool step, int64_t *out_ms) {
    int64_t moved = utc.us - mw_meter_clock(m, now).us;
    bool small = moved <= MW_CLOCK_STEP_US && moved >= -MW_CLOCK_STEP_US;
    if (!small && !step && mw_meter_clock_state(m, now) == MW_CLOCK_SET)
        return MW_STATE;
    MW_TRY(mw_meter_clock_set(m, now, utc));
    *out_ms = moved / 1000;
    return MW_OK;
}

void mw_orders_time(mw_meter *m, mw_mono now, mw_mono burst_start, const mw_smp_time_set *time,
                    bool group) {
    int64_t moved;
    mw_utc at = mw_smp_utc_of_seconds(time->time_s);
    at.us += time->ms * INT64_C(1000);
    /* Any member of a group could have sealed this: it may correct a clock, not move it. */
    bool step = time->step && !group;
    mw_utc utc = mw_utc_add(at, mw_mono_since(now, burst_start));
    if (clock_follow(m, now, utc, step, &moved) == MW_OK && group)
        mw_beacon_heard(m, at, time->uncertainty_ms);
}

static mw_status set_time(mw_meter *m, mw_mono now, const mw_smp_command *c, mw_downlink_done *e) {
    mw_smp_uplink_time a;
    MW_TRY(mw_smp_set_time_of(c, &a));
    mw_downlink *d = &m->downlink;
    unsigned i = d->uplinks;
    while (i > 0 && d->uplink[i - 1].counter_low != a.counter_low)
        i--;
    if (i == 0)
        return MW_STATE;
    mw_utc began = mw_smp_utc_of_seconds(a.time_s);
    began.us += a.ms * INT64_C(1000);
    mw_utc utc = mw_utc_add(began, mw_mono_since(now, d->uplink[i - 1].start));
    int64_t moved;
    MW_TRY(clock_follow(m, now, utc, a.step, &moved));
    mw_writer w = mw_writer_of(MW_SPAN_OF(e->data));
    mw_write_varint_signed(&w, moved);
    e->size = w.status == MW_OK ? (uint8_t)w.at : 0;
    return MW_OK;
}

/* ---- configuration ---- */

/* Every hour at 50 Bd would fill the duty with one frame: 400 Bd unless somebody asks otherwise. */
static void rate_default(const mw_meter *m, mw_smp_config *set) {
    bool hourly = false, rate = false;
    unsigned band;
    for (unsigned i = 0; i < set->count; i++) {
        hourly = hourly || (set->item[i].key == MW_SMP_KEY_PERIOD_H && set->item[i].value == 1);
        rate = rate || set->item[i].key == MW_SMP_KEY_RATE;
    }
    if (!hourly || rate || m->config.rate != MW_UNB_R0 || set->count == MW_SMP_CONFIG_MAX ||
        mw_unb_plan_band(m->plan, MW_UNB_UP, MW_UNB_R1, 0, &band) != MW_OK)
        return;
    set->item[set->count].key = MW_SMP_KEY_RATE;
    set->item[set->count++].value = MW_UNB_R1;
}

static mw_status set_config(mw_meter *m, mw_mono now, const mw_smp_command *c) {
    mw_smp_config set;
    MW_TRY(mw_smp_set_config_of(c, &set));
    rate_default(m, &set);
    return mw_passive_apply(m, now, &set);
}

static mw_status set_config_at(mw_meter *m, const mw_smp_command *c) {
    uint32_t at_s;
    mw_smp_config set;
    MW_TRY(mw_smp_set_config_at_of(c, &at_s, &set));
    return mw_passive_set(m, at_s, &set);
}

static mw_status read_config(mw_meter *m, const mw_smp_command *c) {
    uint16_t key;
    int64_t value;
    mw_downlink *d = &m->downlink;
    MW_TRY(mw_smp_read_config_of(c, &key));
    MW_TRY(mw_seal_key_get(m, key, &value));
    if (d->config_keys == MW_DOWNLINK_CONFIG)
        return MW_AGAIN;
    d->config_key[d->config_keys++] = key;
    return MW_OK;
}

/* ---- archive ---- */

static mw_status read_hours(mw_meter *m, const mw_smp_command *c) {
    mw_smp_read_hours a;
    mw_downlink_reading *r = &m->downlink.reading;
    MW_TRY(mw_smp_read_hours_of(c, &a));
    if (r->active && !(r->id == c->id && r->code == c->code))
        return MW_AGAIN;
    if (a.end_hour > m->hour)
        return MW_RANGE;
    unsigned i = 0;
    while (i < m->model->register_count && m->model->channel[i] != a.channel)
        i++;
    if (i == m->model->register_count)
        return MW_NOT_FOUND;
    *r = (mw_downlink_reading){.active = true,
                               .id = c->id,
                               .code = c->code,
                               .index = (uint8_t)i,
                               .begin = a.end_hour - a.hours,
                               .end = a.end_hour};
    return MW_OK;
}

/* ---- keys ---- */

static mw_status key_epoch(mw_meter *m, const mw_smp_command *c) {
    mw_smp_key_epoch a;
    uint8_t proof[MW_SMP_EPOCH_PROOF];
    mw_downlink *d = &m->downlink;
    MW_TRY(mw_smp_key_epoch_of(c, &a));
    bool again = d->rotated && !d->any_own && a.epoch_low == (uint8_t)m->key_epoch;
    uint32_t next = again ? m->key_epoch : m->key_epoch + 1;
    if (a.epoch_low != (uint8_t)next || next == 0)
        return MW_RANGE;
    MW_TRY(mw_smp_key_epoch_prove(&mw_crypto_own, &d->master, &m->device_id, next, proof));
    if (!mw_slice_equal_ct(MW_SLICE_OF(proof), MW_SLICE_OF(a.proof)))
        return MW_AUTH;
    if (again)
        return MW_OK;
    mw_downlink before = *d;
    m->key_epoch = next;
    d->newest_former = d->newest_own;
    d->any_former = d->any_own;
    d->any_own = false;
    d->newest_own = 0;
    d->rotated = true;
    mw_status s = mw_downlink_state_save(m);
    if (s == MW_OK)
        s = mw_telemetry_key(m, &d->master);
    if (s != MW_OK) {
        m->key_epoch--;
        before.state = d->state;
        *d = before;
    }
    mw_bytes_wipe(&before, sizeof before);
    return s;
}

static mw_status group_key(mw_meter *m, const mw_smp_command *c) {
    mw_smp_group_key a;
    mw_key key;
    mw_downlink *d = &m->downlink;
    MW_TRY(mw_smp_group_key_of(c, &a));
    bool same = d->has_group && d->group == a.group && d->group_epoch == a.epoch;
    if (d->has_group && d->group == a.group && a.epoch < d->group_epoch)
        return MW_RANGE;
    MW_TRY(mw_smp_group_key_unwrap(&mw_crypto_own, &d->master, &m->device_id, m->key_epoch,
                                   m->address, &a, &key));
    d->has_group = true;
    d->group = a.group;
    d->group_epoch = a.epoch;
    d->group_key = key;
    if (!same) {
        d->any_group = false;
        d->newest_group = 0;
    }
    mw_key_wipe(&key);
    return mw_downlink_state_save(m);
}

/* ---- relay, restart ---- */

static mw_status relay(mw_meter *m, const mw_smp_command *c, mw_downlink_done *e) {
    bool closed;
    if (!m->model->relay)
        return MW_NOT_FOUND;
    MW_TRY(mw_smp_relay_of(c, &closed));
    m->downlink.relay_known = true;
    m->downlink.relay_closed = closed;
    e->data[0] = closed ? 1 : 0;
    e->size = 1;
    return mw_downlink_state_save(m);
}

static mw_status restart(mw_meter *m, mw_mono now) {
    m->downlink.restart_wanted = true;
    m->downlink.restart_at = mw_mono_add(now, mw_dur_s(RESTART_WAIT_S));
    return MW_OK;
}

/* ---- all of them ---- */

bool mw_orders_allowed(const mw_smp_command *c, bool group) {
    if (!group)
        return true;
    switch (c->code) {
    case MW_SMP_COMMAND_PING:
    case MW_SMP_COMMAND_READ_DAY:
    case MW_SMP_COMMAND_READ_ARCHIVE:
    case MW_SMP_COMMAND_HEALTH:
        return true;
    default:
        return false; /* every member has the group's key: none may command the others */
    }
}

static mw_status execute(mw_meter *m, mw_mono now, const mw_smp_command *c, mw_downlink_done *e) {
    switch (c->code) {
    case MW_SMP_COMMAND_PING:
        return MW_OK;
    case MW_SMP_COMMAND_READ_DAY:
    case MW_SMP_COMMAND_READ_ARCHIVE:
        return read_hours(m, c);
    case MW_SMP_COMMAND_READ_CONFIG:
        return read_config(m, c);
    case MW_SMP_COMMAND_SET_CONFIG:
        return set_config(m, now, c);
    case MW_SMP_COMMAND_SET_CONFIG_AT:
        return set_config_at(m, c);
    case MW_SMP_COMMAND_SET_TIME:
        return set_time(m, now, c, e);
    case MW_SMP_COMMAND_HEALTH:
        m->downlink.health_wanted = true;
        return MW_OK;
    case MW_SMP_COMMAND_KEY_EPOCH:
        return key_epoch(m, c);
    case MW_SMP_COMMAND_GROUP_KEY:
        return group_key(m, c);
    case MW_SMP_COMMAND_RELAY:
        return relay(m, c, e);
    case MW_SMP_COMMAND_RESTART:
        return restart(m, now);
    case MW_SMP_COMMAND_FIRMWARE_BEGIN:
    case MW_SMP_COMMAND_FIRMWARE_STATUS:
    case MW_SMP_COMMAND_FIRMWARE_ACTIVATE:
        return mw_orders_firmware(m, c, e);
    case MW_SMP_COMMAND_SCHEDULE:
        return mw_schedule_part(m->schedule, c);
    default:
        return MW_NOT_FOUND;
    }
}

static mw_status finish(mw_meter *m, mw_mono now, const mw_smp_command *c, mw_downlink_done *e,
                        mw_status s) {
    bool reading = s == MW_OK &&
                   (c->code == MW_SMP_COMMAND_READ_DAY || c->code == MW_SMP_COMMAND_READ_ARCHIVE);
    e->result = (uint8_t)(reading ? MW_SMP_RESULT_ACCEPTED : result_of(s));
    return mw_downlink_finish(m, now, e);
}

static bool expired(const mw_meter *m, mw_mono now, const mw_smp_command *c) {
    uint32_t seconds;
    return c->expires_s != MW_SMP_NEVER && mw_meter_clock_state(m, now) != MW_CLOCK_NEVER_SET &&
           mw_smp_seconds_of_utc(mw_meter_clock(m, now), &seconds) == MW_OK &&
           seconds > c->expires_s;
}

mw_status mw_orders_take(mw_meter *m, mw_mono now, const mw_smp_command *c, bool group,
                         bool taken) {
    mw_downlink_done *known = mw_downlink_find(&m->downlink, c->id, c->code);
    if (known != NULL) {
        known->queued = !group;
        mw_answers_due(m, now, group);
        return MW_OK;
    }
    if (!mw_orders_allowed(c, group))
        return MW_OK;
    if (!taken)
        MW_TRY(mw_downlink_taken(m, c));
    mw_downlink_done e = {.id = c->id, .code = c->code, .silent = group};
    if (expired(m, now, c)) {
        e.result = MW_SMP_RESULT_EXPIRED;
        return mw_downlink_finish(m, now, &e);
    }
    return finish(m, now, c, &e, execute(m, now, c, &e));
}

mw_status mw_orders_redo(mw_meter *m, mw_mono now, const mw_smp_command *c) {
    mw_downlink_done e = {.id = c->id, .code = c->code};
    /* The reset that interrupted it was the restart. */
    mw_status s = c->code == MW_SMP_COMMAND_RESTART ? MW_OK : execute(m, now, c, &e);
    return finish(m, now, c, &e, s);
}
