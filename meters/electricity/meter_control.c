/* SPDX-License-Identifier: Apache-2.0
 * What the meter does: supply relay, limiters, monitors, schedules, scripts and push. */
#include "meters/electricity/meter_internal.h"

static void supply_changed(mw_electric_meter *m, mw_electric_supply_state before, uint16_t off,
                           uint16_t on) {
    if (m->supply.state == before)
        return;
    bool is_on = m->supply.state == MW_ELECTRIC_SUPPLY_ON;
    if (m->supply.state == MW_ELECTRIC_SUPPLY_READY && before == MW_ELECTRIC_SUPPLY_OFF)
        mw_electric_meter_raise(m, MW_SPODES_READY, 0, 0);
    else
        mw_electric_meter_raise(m, is_on ? on : off, 0, 0);
    mw_status s = mw_electric_kept_save(m); /* failing: the next snapshot has it */
    (void)s;
}

void mw_electric_control_reason(mw_electric_meter *m, uint8_t reason, bool holds, uint16_t off,
                                uint16_t on) {
    mw_electric_supply_state before = m->supply.state;
    (void)mw_electric_supply_reason(&m->supply, reason, holds);
    supply_changed(m, before, off, on);
}

void mw_electric_control_event(mw_electric_meter *m, uint64_t bit, bool begins) {
    m->relay_events = begins ? m->relay_events | bit : m->relay_events & ~bit;
    mw_electric_control_reason(m, MW_ELECTRIC_SUPPLY_TAMPER, m->relay_events != 0,
                               MW_SPODES_OFF_BY_COVER, MW_SPODES_ON_BY_LIMIT);
}

/* ---- Limiters: over_script 1 of 0.0.10.0.106 opens the relay, for the limiter's own reason ---- */

static const struct {
    uint8_t reason;
    uint16_t off, on;
} of_limiter[MW_ELECTRIC_LIMITERS] = {
    [MW_ELECTRIC_LIMIT_POWER] = {MW_ELECTRIC_SUPPLY_LIMIT, MW_SPODES_OFF_BY_LIMIT,
                                 MW_SPODES_ON_BY_LIMIT},
    [MW_ELECTRIC_LIMIT_CURRENT] = {MW_ELECTRIC_SUPPLY_CURRENT, MW_SPODES_OFF_BY_CURRENT,
                                   MW_SPODES_ON_BY_LIMIT},
    [MW_ELECTRIC_LIMIT_VOLTAGE] = {MW_ELECTRIC_SUPPLY_VOLTAGE, MW_SPODES_OFF_BY_VOLTAGE,
                                   MW_SPODES_ON_BY_VOLTAGE},
    [MW_ELECTRIC_LIMIT_MAGNET] = {MW_ELECTRIC_SUPPLY_TAMPER, MW_SPODES_OFF_BY_MAGNET,
                                  MW_SPODES_ON_BY_LIMIT},
    [MW_ELECTRIC_LIMIT_DIFFERENCE] = {MW_ELECTRIC_SUPPLY_TAMPER, MW_SPODES_OFF_BY_MISMATCH,
                                      MW_SPODES_ON_BY_LIMIT},
    [MW_ELECTRIC_LIMIT_TEMPERATURE] = {MW_ELECTRIC_SUPPLY_HEAT, MW_SPODES_OFF_BY_HEAT,
                                       MW_SPODES_ON_BY_LIMIT},
};

enum { SCRIPT_NONE, SCRIPT_DISCONNECT, SCRIPT_CONNECT };

static void guards_set(mw_electric_meter *m) {
    for (unsigned i = 0; i < MW_ELECTRIC_LIMITERS; i++) {
        const mw_electric_limit *l = &m->settings.limit[i];
        mw_electric_guard_config c = {.normal = l->normal,
                                      .emergency = l->emergency,
                                      .over_s = l->over_s,
                                      .under_s = l->under_s,
                                      .group_n = l->has_emergency ? l->groups : 0,
                                      .emergency_id = l->emergency_id,
                                      .emergency_from = l->emergency_from,
                                      .emergency_s = l->emergency_s};
        for (unsigned g = 0; g < l->groups; g++)
            c.groups[g] = l->group[g];
        m->guard[i].config = c; /* what it has seen goes on */
    }
}

static void limiters_step(mw_electric_meter *m) {
    mw_utc utc = mw_electric_now(m);
    for (unsigned i = 0; i < MW_ELECTRIC_LIMITERS; i++) {
        const mw_electric_limit *l = &m->settings.limit[i];
        int64_t value;
        bool before = m->guard[i].over;
        if (!mw_electric_meter_number(m, (mw_electric_number)l->watched, &value))
            continue;
        bool over = mw_electric_guard_step(&m->guard[i], value, m->second, utc);
        if (over == before)
            continue;
        if (i == MW_ELECTRIC_LIMIT_POWER)
            mw_electric_meter_raise(m, over ? MW_SPODES_P_HIGH : MW_SPODES_P_HIGH_ENDS,
                                    value / 1000, 0);
        if (over ? l->over_script == SCRIPT_DISCONNECT : l->under_script == SCRIPT_CONNECT)
            mw_electric_control_reason(m, of_limiter[i].reason, over, of_limiter[i].off,
                                       of_limiter[i].on);
    }
}

static void monitors_step(mw_electric_meter *m) {
    for (unsigned i = 0; i < MW_ELECTRIC_MONITORS; i++) {
        const mw_electric_monitor *x = &m->settings.monitor[i];
        int64_t value;
        if (!mw_electric_meter_number(m, (mw_electric_number)x->watched, &value))
            continue;
        int8_t side = value > m->settings.monitor_limit[i] ? 1 : -1;
        int8_t before = m->monitored[i];
        m->monitored[i] = side;
        uint16_t script = side > 0 ? x->up_script : x->down_script;
        if (before != 0 && before != side && script != SCRIPT_NONE)
            mw_electric_control_reason(m, MW_ELECTRIC_SUPPLY_LIMIT, script == SCRIPT_DISCONNECT,
                                       MW_SPODES_OFF_BY_LIMIT, MW_SPODES_ON_BY_LIMIT);
    }
}

static void credit_and_tariff_step(mw_electric_meter *m) {
    const mw_electric_settings *s = &m->settings;
    int64_t used = m->tariffs.total[MW_ELECTRIC_TARIFF_A_PLUS].milli / 1000;
    bool spent = s->credit_on && used >= s->credit_until_wh;
    mw_electric_control_reason(m, MW_ELECTRIC_SUPPLY_CREDIT, spent, MW_SPODES_OFF_BY_CREDIT,
                               MW_SPODES_ON_BY_CREDIT);
    bool off = (s->off_tariffs >> m->tariff & 1) != 0;
    mw_electric_control_reason(m, MW_ELECTRIC_SUPPLY_TARIFF, off, MW_SPODES_OFF_BY_TARIFF,
                               MW_SPODES_ON_BY_TARIFF);
}

void mw_electric_control_step(mw_electric_meter *m) {
    limiters_step(m);
    monitors_step(m);
    credit_and_tariff_step(m);
}

void mw_electric_control_boot(mw_electric_meter *m) {
    mw_status s = mw_electric_supply_init(&m->supply, m->settings.relay_mode);
    (void)s; /* checked when it was set */
    m->supply.state = (mw_electric_supply_state)m->kept.supply_state;
    m->supply.reasons = m->kept.supply_reasons;
    m->supply.local = m->kept.supply_local;
    for (unsigned i = 0; i < MW_ELECTRIC_LIMITERS; i++) {
        mw_electric_guard_config none = {0};
        mw_electric_guard_init(&m->guard[i], &none);
        /* A limit that had opened the relay is still over until it has been seen under. */
        m->guard[i].over = (m->supply.reasons & of_limiter[i].reason) != 0 &&
                           of_limiter[i].reason != MW_ELECTRIC_SUPPLY_TAMPER;
    }
    guards_set(m);
}

void mw_electric_meter_button(mw_electric_meter *m, bool connect, mw_mono now) {
    m->second = now;
    mw_electric_supply_state before = m->supply.state;
    if (mw_electric_supply_manual(&m->supply, connect) == MW_OK)
        supply_changed(m, before, MW_SPODES_MANUAL_OFF, MW_SPODES_MANUAL_ON);
}

bool mw_electric_meter_supply_on(const mw_electric_meter *m) {
    return m->supply.state == MW_ELECTRIC_SUPPLY_ON;
}

/* ---- As the objects see it ---- */

static void relay(void *meter, mw_electric_relay *out) {
    const mw_electric_meter *m = meter;
    static const uint8_t states[] = {[MW_ELECTRIC_SUPPLY_OFF] = MW_ELECTRIC_RELAY_DISCONNECTED,
                                     [MW_ELECTRIC_SUPPLY_ON] = MW_ELECTRIC_RELAY_CONNECTED,
                                     [MW_ELECTRIC_SUPPLY_READY] = MW_ELECTRIC_RELAY_READY};
    *out = (mw_electric_relay){.output = mw_electric_meter_supply_on(m),
                               .state = states[m->supply.state],
                               .mode = m->supply.mode};
}

static uint8_t relay_do(void *meter, bool connect) {
    mw_electric_meter *m = meter;
    mw_electric_supply_state before = m->supply.state;
    if (mw_electric_supply_remote(&m->supply, connect) != MW_OK)
        return MW_COSEM_DENIED;
    supply_changed(m, before, MW_SPODES_REMOTE_OFF, MW_SPODES_REMOTE_ON);
    return MW_COSEM_DONE;
}

static uint8_t relay_mode(void *meter, uint8_t mode) {
    mw_electric_meter *m = meter;
    mw_electric_settings next = m->settings;
    next.relay_mode = mode;
    uint8_t result = mw_electric_settings_keep(m, &next, MW_SPODES_RELAY_MODE_SET);
    if (result == MW_COSEM_DONE)
        m->supply.mode = mode;
    return result;
}

static uint8_t script(void *meter, mw_electric_script_table table, uint16_t which) {
    mw_electric_meter *m = meter;
    switch (table) {
    case MW_ELECTRIC_SCRIPT_RELAY:
        return which == SCRIPT_DISCONNECT || which == SCRIPT_CONNECT
                   ? relay_do(m, which == SCRIPT_CONNECT)
                   : MW_COSEM_OTHER_REASON;
    case MW_ELECTRIC_SCRIPT_TARIFF: /* 0 gives it back to the calendar */
        if (which > MW_TARIFFS)
            return MW_COSEM_OTHER_REASON;
        m->forced_tariff = which;
        return mw_electric_kept_save(m) == MW_OK ? MW_COSEM_DONE : MW_COSEM_HARDWARE_FAULT;
    case MW_ELECTRIC_SCRIPT_PUSH:
        m->push_due = true;
        return MW_COSEM_DONE;
    case MW_ELECTRIC_SCRIPT_RESET:
    case MW_ELECTRIC_SCRIPT_BILLING:
        return mw_electric_meter_bill(m);
    default:
        return MW_COSEM_OTHER_REASON;
    }
}

static bool limit(void *meter, unsigned n, mw_electric_limit *out) {
    const mw_electric_meter *m = meter;
    if (n >= MW_ELECTRIC_LIMITERS)
        return false;
    *out = m->settings.limit[n];
    out->active = mw_electric_guard_threshold(&m->guard[n]);
    out->emergency_active = m->guard[n].emergency;
    return true;
}

static uint8_t limit_set(void *meter, unsigned n, const mw_electric_limit *l) {
    mw_electric_meter *m = meter;
    if (n >= MW_ELECTRIC_LIMITERS || l->over_script > SCRIPT_CONNECT ||
        l->under_script > SCRIPT_CONNECT || l->groups > 4)
        return MW_COSEM_OTHER_REASON;
    mw_electric_settings next = m->settings;
    next.limit[n] = *l;
    uint8_t result = mw_electric_settings_keep(m, &next, MW_SPODES_POWER_LIMIT_SET);
    if (result == MW_COSEM_DONE)
        guards_set(m);
    return result;
}

static bool monitor(void *meter, unsigned n, mw_electric_monitor *out) {
    const mw_electric_meter *m = meter;
    if (n >= MW_ELECTRIC_MONITORS)
        return false;
    *out = m->settings.monitor[n];
    return true;
}

static uint8_t monitor_set(void *meter, unsigned n, const mw_electric_monitor *x) {
    mw_electric_meter *m = meter;
    if (n >= MW_ELECTRIC_MONITORS || x->up_script > SCRIPT_CONNECT ||
        x->down_script > SCRIPT_CONNECT)
        return MW_COSEM_OTHER_REASON;
    mw_electric_settings next = m->settings;
    next.monitor[n] = *x;
    m->monitored[n] = 0;
    return mw_electric_settings_keep(m, &next, MW_SPODES_OTHER_SET);
}

static bool schedule(void *meter, unsigned n, mw_electric_schedule *out) {
    const mw_electric_meter *m = meter;
    if (n >= MW_ELECTRIC_SCHEDULES)
        return false;
    *out = m->settings.schedule[n];
    return true;
}

static uint8_t schedule_set(void *meter, unsigned n, const mw_electric_schedule *s) {
    mw_electric_meter *m = meter;
    uint8_t day, hour;
    if (n >= MW_ELECTRIC_SCHEDULES)
        return MW_COSEM_OTHER_REASON;
    if (n == 0 && mw_electric_schedule_month(s, &day, &hour) != MW_OK)
        return MW_COSEM_OTHER_REASON;
    mw_electric_settings next = m->settings;
    next.schedule[n] = *s;
    uint8_t result = mw_electric_settings_keep(
        m, &next, n == 0 ? MW_SPODES_BILLING_DAY_SET : MW_SPODES_OTHER_SET);
    if (n == 0 && result == MW_COSEM_DONE) {
        m->billing.day = day;
        m->billing.hour = hour;
    }
    return result;
}

mw_status mw_electric_schedule_month(const mw_electric_schedule *s, uint8_t *out_day,
                                     uint8_t *out_hour) {
    /* Time: hour, minute, second, hundredths; date: year high and low, month, day, weekday. */
    const uint8_t *t = s->moment[0];
    if (s->moments != 1 || t[0] > 23 || t[1] != 0 || t[2] != 0 || (t[3] != 0 && t[3] != 0xFF) ||
        t[4] != 0xFF || t[5] != 0xFF || t[6] != 0xFF || t[7] < 1 || t[7] > 28 || t[8] != 0xFF)
        return MW_RANGE;
    *out_hour = t[0];
    *out_day = t[7];
    return MW_OK;
}

static bool push(void *meter, unsigned n, mw_electric_push *out) {
    *out = ((const mw_electric_meter *)meter)->settings.push;
    return n == 0;
}

static uint8_t push_set(void *meter, unsigned n, const mw_electric_push *p) {
    mw_electric_meter *m = meter;
    if (n != 0)
        return MW_COSEM_OTHER_REASON;
    mw_electric_settings next = m->settings;
    next.push = *p;
    return mw_electric_settings_keep(m, &next, MW_SPODES_PUSH_SET);
}

static uint8_t push_now(void *meter, unsigned n) {
    ((mw_electric_meter *)meter)->push_due = n == 0;
    return n == 0 ? MW_COSEM_DONE : MW_COSEM_OTHER_REASON;
}

void mw_electric_model_control(mw_electric_model *model) {
    model->script = script;
    model->relay = relay;
    model->relay_do = relay_do;
    model->relay_mode = relay_mode;
    model->limit = limit;
    model->limit_set = limit_set;
    model->monitor = monitor;
    model->monitor_set = monitor_set;
    model->schedule = schedule;
    model->schedule_set = schedule_set;
    model->push = push;
    model->push_set = push_set;
    model->push_now = push_now;
}
