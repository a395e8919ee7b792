/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/vee/outage.h"

#include "platform/vee/series.h"

const mw_vee_policy mw_vee_policy_preset = {.slot_s = 3600,
                                            .usual_delay_s = 3600,
                                            .late_slots = 3,
                                            .late_s = 86400,
                                            .suspect_s = 6 * 3600,
                                            .out_s = 86400,
                                            .backfill_s = 7 * 86400};

/* What an event means in a state. */
typedef enum cause {
    NOTHING,
    CAME_LATE,  /* more slots due than allowed              */
    OVERDUE,    /* late for too long                        */
    SILENT,     /* suspect without a sign of life           */
    CAME,       /* values of the meter                      */
    LIVES,      /* it answers but sends no values           */
    BROKE,      /* a fatal status                           */
    DUE,        /* a slot's usual time has come             */
    ARCHIVE_IN, /* the archive is merged, or given up       */
    BOOKED,     /* the true-up is stored                    */
} cause;

typedef struct transition {
    mw_vee_state from;
    cause cause;
    mw_vee_state to;
    uint32_t todo;
} transition;

static const transition table[] = {
    {MW_VEE_OK, CAME_LATE, MW_VEE_LATE, MW_VEE_DO_BACKFILL},
    {MW_VEE_OK, CAME, MW_VEE_OK, 0},
    {MW_VEE_OK, BROKE, MW_VEE_OUT_OF_ORDER, MW_VEE_DO_NOTIFY | MW_VEE_DO_WORK_ORDER},
    {MW_VEE_LATE, CAME, MW_VEE_OK, 0},
    {MW_VEE_LATE, OVERDUE, MW_VEE_SUSPECTED, MW_VEE_DO_PING},
    {MW_VEE_LATE, LIVES, MW_VEE_LATE, 0},
    {MW_VEE_LATE, BROKE, MW_VEE_OUT_OF_ORDER, MW_VEE_DO_NOTIFY | MW_VEE_DO_WORK_ORDER},
    {MW_VEE_SUSPECTED, CAME, MW_VEE_OK, 0},
    {MW_VEE_SUSPECTED, LIVES, MW_VEE_LATE, MW_VEE_DO_BACKFILL},
    {MW_VEE_SUSPECTED, SILENT, MW_VEE_OUT_OF_ORDER, MW_VEE_DO_NOTIFY | MW_VEE_DO_WORK_ORDER},
    {MW_VEE_SUSPECTED, BROKE, MW_VEE_OUT_OF_ORDER, MW_VEE_DO_NOTIFY | MW_VEE_DO_WORK_ORDER},
    {MW_VEE_OUT_OF_ORDER, DUE, MW_VEE_ESTIMATING, MW_VEE_DO_ESTIMATE},
    {MW_VEE_OUT_OF_ORDER, CAME, MW_VEE_RESTORED, MW_VEE_DO_NOTIFY_BACK | MW_VEE_DO_BACKFILL},
    {MW_VEE_ESTIMATING, DUE, MW_VEE_ESTIMATING, MW_VEE_DO_ESTIMATE},
    {MW_VEE_ESTIMATING, CAME, MW_VEE_RESTORED, MW_VEE_DO_NOTIFY_BACK | MW_VEE_DO_BACKFILL},
    {MW_VEE_RESTORED, CAME, MW_VEE_RESTORED, 0},
    {MW_VEE_RESTORED, BROKE, MW_VEE_OUT_OF_ORDER, MW_VEE_DO_NOTIFY},
    {MW_VEE_RESTORED, ARCHIVE_IN, MW_VEE_TRUED_UP, MW_VEE_DO_TRUE_UP},
    {MW_VEE_TRUED_UP, CAME, MW_VEE_TRUED_UP, 0},
    {MW_VEE_TRUED_UP, BROKE, MW_VEE_OUT_OF_ORDER, MW_VEE_DO_NOTIFY | MW_VEE_DO_TRUE_UP},
    {MW_VEE_TRUED_UP, BOOKED, MW_VEE_OK, MW_VEE_DO_CLOSE_ORDER},
};

/* Slots after `to` whose usual time of arrival has come. */
static int64_t slots_due(const mw_vee_policy *p, mw_utc to, mw_utc now) {
    int64_t us = now.us - to.us - (int64_t)p->usual_delay_s * MW_US_PER_S;
    return us < 0 ? 0 : us / ((int64_t)p->slot_s * MW_US_PER_S);
}

static bool lasted(const mw_vee_meter *m, mw_utc now, uint32_t seconds) {
    return now.us - m->since.us >= (int64_t)seconds * MW_US_PER_S;
}

/* A failed station explains its meters' silence: none of them becomes suspect for it. */
static cause tick_cause(const mw_vee_meter *m, const mw_vee_policy *p, const mw_vee_event *e) {
    int64_t due = slots_due(p, m->filled_to, e->now);
    switch (m->state) {
    case MW_VEE_OK:
        return due > p->late_slots || (due > 0 && due * p->slot_s >= p->late_s) ? CAME_LATE
                                                                                : NOTHING;
    case MW_VEE_LATE:
        return !e->station_failed && lasted(m, e->now, p->suspect_s) ? OVERDUE : NOTHING;
    case MW_VEE_SUSPECTED:
        return !e->station_failed && lasted(m, e->now, p->out_s) ? SILENT : NOTHING;
    case MW_VEE_OUT_OF_ORDER:
    case MW_VEE_ESTIMATING:
        return due > 0 ? DUE : NOTHING;
    case MW_VEE_RESTORED:
        return lasted(m, e->now, p->backfill_s) ? ARCHIVE_IN : NOTHING;
    case MW_VEE_TRUED_UP:
    case MW_VEE_STATES:
        break;
    }
    return NOTHING;
}

static cause cause_of(const mw_vee_meter *m, const mw_vee_policy *p, const mw_vee_event *e) {
    switch (e->kind) {
    case MW_VEE_TICK:
        return tick_cause(m, p, e);
    case MW_VEE_VALUE:
        return CAME;
    case MW_VEE_ALIVE:
        return LIVES;
    case MW_VEE_FATAL:
        return BROKE;
    case MW_VEE_BACKFILLED:
        return ARCHIVE_IN;
    case MW_VEE_SETTLED:
        return BOOKED;
    }
    return NOTHING;
}

mw_status mw_vee_outage_step(mw_vee_meter *m, const mw_vee_policy *p, const mw_vee_event *e,
                             mw_vee_actions *out_actions) {
    mw_vee_actions actions = {.estimate_from = MW_UTC_NONE};
    if (p->slot_s == 0 || m->state >= MW_VEE_STATES || e->now.us < m->since.us ||
        (e->kind == MW_VEE_VALUE && e->slot_end.us > e->now.us))
        return MW_RANGE;
    cause why = cause_of(m, p, e);
    for (unsigned i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (table[i].from != m->state || table[i].cause != why)
            continue;
        actions.todo = table[i].todo;
        if (table[i].to != m->state)
            m->since = e->now;
        m->state = table[i].to;
        break;
    }
    if ((actions.todo & MW_VEE_DO_ESTIMATE) != 0) {
        int64_t due = slots_due(p, m->filled_to, e->now);
        actions.estimate_n = due > MW_VEE_SLOTS_STEP ? MW_VEE_SLOTS_STEP : (uint32_t)due;
        actions.estimate_from = m->filled_to;
        m->filled_to.us += (int64_t)actions.estimate_n * p->slot_s * MW_US_PER_S;
    }
    if (e->kind == MW_VEE_VALUE) {
        m->valued_to = e->slot_end.us > m->valued_to.us ? e->slot_end : m->valued_to;
        m->filled_to = e->slot_end.us > m->filled_to.us ? e->slot_end : m->filled_to;
    }
    *out_actions = actions;
    return MW_OK;
}

const char *mw_vee_state_name(mw_vee_state s) {
    static const char *const names[MW_VEE_STATES] = {
        "ok", "late", "suspect", "out of order", "estimated", "restored", "trued up"};
    return s < MW_VEE_STATES ? names[s] : "unknown";
}

bool mw_vee_station_failed(uint32_t late, uint32_t meters, int64_t share_ppm) {
    /* One or two meters say nothing about their station. */
    return meters >= 3 && mw_vee_ratio_ppm(late, meters) >= share_ppm;
}

/* --- the ladder ------------------------------------------------------------------------------- */

const mw_vee_ladder mw_vee_ladder_preset = {
    .rung = {MW_VEE_RUNG_LAST_YEAR, MW_VEE_RUNG_MEAN, MW_VEE_RUNG_PROFILE, MW_VEE_RUNG_NORM},
    .mean_least = 6,
    .mean_most = 12,
    .trend_low_ppm = 500000,
    .trend_high_ppm = 2000000,
    .norm_ppm = MW_VEE_PPM};

/* The last three months against the same three a year ago tell the trend; 1 when one is missing. */
static int64_t last_year(const mw_vee_ladder *l, const int64_t before[MW_VEE_MONTHS]) {
    int64_t now = 0, then = 0;
    bool whole = true;
    for (unsigned i = 0; i < 3; i++) {
        whole = whole && before[i] >= 0 && before[i + 12] >= 0;
        now += before[i];
        then += before[i + 12];
    }
    int64_t trend = whole && then > 0 ? mw_vee_ratio_ppm(now, then) : MW_VEE_PPM;
    trend = trend < l->trend_low_ppm ? l->trend_low_ppm : trend;
    trend = trend > l->trend_high_ppm ? l->trend_high_ppm : trend;
    return before[11] < 0 ? -1 : mw_vee_muldiv(before[11], trend, MW_VEE_PPM);
}

static int64_t mean_months(const mw_vee_ladder *l, const int64_t before[MW_VEE_MONTHS]) {
    int64_t sum = 0, n = 0;
    for (unsigned i = 0; i < MW_VEE_MONTHS && n < l->mean_most; i++) {
        if (before[i] >= 0) {
            sum += before[i];
            n++;
        }
    }
    return n == 0 || n < l->mean_least ? -1 : sum / n;
}

mw_status mw_vee_ladder_month(const mw_vee_ladder *l, const int64_t before[MW_VEE_MONTHS],
                              int64_t profile, int64_t norm, int64_t *out_usage,
                              mw_vee_rung *out_rung) {
    for (unsigned i = 0; i < MW_VEE_RUNGS; i++) {
        int64_t usage = -1;
        if (l->rung[i] == MW_VEE_RUNG_LAST_YEAR)
            usage = last_year(l, before);
        else if (l->rung[i] == MW_VEE_RUNG_MEAN)
            usage = mean_months(l, before);
        else if (l->rung[i] == MW_VEE_RUNG_PROFILE)
            usage = profile;
        else if (l->rung[i] == MW_VEE_RUNG_NORM && norm >= 0)
            usage = mw_vee_muldiv(norm, l->norm_ppm, MW_VEE_PPM);
        if (usage >= 0) {
            *out_usage = usage;
            *out_rung = l->rung[i];
            return MW_OK;
        }
    }
    return MW_NOT_FOUND;
}
