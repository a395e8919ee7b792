/* SPDX-License-Identifier: Apache-2.0
 *
 * The dry run: a rule of values over what was measured, hour by hour, with the thresholds in force
 * and with others.
 */
#include <stdlib.h>
#include <string.h>

#include "platform/alarms/internal.h"

enum { DAYS_MAX = 400, STEP_H = 6, HOUR_S = 3600 };

typedef struct trial {
    mw_store *store;
    mw_zones *zones;
    const mw_alarm_book *book;
    const mw_alarm_trial *t;
    mw_alarm_trial_result *r;
    mw_flow *flow;
    int64_t *id;
    size_t n, room;
} trial;

static mw_status channel_take(void *ctx, const mw_store_channel_newest *row) {
    trial *y = ctx;
    if (row->tenant != y->t->tenant)
        return MW_OK;
    if (y->n == y->room) {
        size_t room = y->room == 0 ? 1024 : y->room * 2;
        int64_t *more = realloc(y->id, room * sizeof *more);
        if (more == NULL)
            return MW_NOMEM;
        y->id = more;
        y->room = room;
    }
    y->id[y->n++] = row->channel;
    return MW_OK;
}

static mw_status last_take(void *ctx, const mw_store_channel_newest *row) {
    *(int64_t *)ctx = row->channel;
    return MW_OK;
}

static mw_status channels_read(trial *y) {
    for (int64_t after = 0, last = 0;; after = last) {
        MW_TRY(mw_store_channels_newest(y->store, after, MW_STORE_PAGE_MAX, channel_take, y));
        last = after;
        MW_TRY(mw_store_channels_newest(y->store, after, MW_STORE_PAGE_MAX, last_take, &last));
        if (last == after)
            return MW_OK;
    }
}

/* Alarms of one channel: openings of a condition that holds and is cleared in between. */
static uint32_t count(const mw_flow *all, size_t from, mw_alarm_rule_id rule,
                      const mw_alarm_values *v, mw_flow *part) {
    uint32_t n = 0;
    bool open = false;
    if (v->v[MW_ALARM_ON] == 0)
        return 0;
    for (size_t end = from; end <= all->n; end += STEP_H) {
        size_t have = end < MW_FLOW_HOURS ? end : MW_FLOW_HOURS;
        part->n = have;
        part->medium = all->medium;
        memcpy(part->hour, all->hour + end - have, have * sizeof part->hour[0]);
        mw_flow_verdict verdict = mw_flow_judge(rule, part, v).verdict;
        n += verdict == MW_FLOW_HOLDS && !open;
        open = verdict == MW_FLOW_HOLDS || (open && verdict != MW_FLOW_CLEARED);
    }
    return n;
}

/* Month by month, with the five weeks before each. */
static mw_status channel_try(trial *y, const mw_window_channel *c) {
    const mw_alarm_trial *t = y->t;
    mw_alarm_values now, other;
    mw_alarm_book_values(y->book, t->tenant, t->rule, (mw_vee_class)c->class, c->channel, &now);
    other = now;
    for (unsigned i = 0; i < MW_ALARM_PARAMS_MAX; i++)
        if (t->given[i])
            other.v[i] = t->value[i];
    uint32_t with_now = 0, with_other = 0;
    const int64_t step_us = (int64_t)MW_FLOW_HOURS / 2 * HOUR_S * MW_US_PER_S;
    for (mw_utc at = t->from; at.us < t->to.us; at.us += step_us) {
        mw_utc end = {at.us + step_us < t->to.us ? at.us + step_us : t->to.us};
        size_t hours = (size_t)((end.us - at.us) / MW_US_PER_S / HOUR_S);
        MW_TRY(mw_flow_read(y->store, c, end, &y->flow[0]));
        if (hours == 0)
            break;
        with_now +=
            count(&y->flow[0], MW_FLOW_HOURS - hours + STEP_H - 1, t->rule, &now, &y->flow[1]);
        with_other +=
            count(&y->flow[0], MW_FLOW_HOURS - hours + STEP_H - 1, t->rule, &other, &y->flow[1]);
    }
    y->r->now_alarms += with_now;
    y->r->now_meters += with_now > 0;
    y->r->try_alarms += with_other;
    y->r->try_meters += with_other > 0;
    return MW_OK;
}

/* A part of the meters spread over all of them, when there are more than may be looked at. */
static mw_status channels_try(trial *y) {
    size_t step = 1;
    mw_alarm_trial_result *r = y->r;
    MW_TRY(channels_read(y));
    if (y->n > y->t->meters_max)
        step = (y->n + y->t->meters_max - 1) / y->t->meters_max;
    for (size_t i = 0; i < y->n; i += step) {
        mw_window_channel c;
        mw_status s = mw_window_channel_read(y->store, y->zones, y->t->tenant, y->id[i], &c);
        if (s != MW_OK && s != MW_NOT_FOUND)
            return s;
        if (s != MW_OK || !mw_flow_reads(&c) ||
            (mw_alarm_rules[y->t->rule].media >> c.medium & 1) == 0 ||
            (y->t->class != MW_STORE_ALARM_NO_CLASS && c.class != y->t->class))
            continue;
        r->meters++;
        MW_TRY(channel_try(y, &c));
    }
    r->of = (uint32_t)(r->meters * step);
    return MW_OK;
}

mw_status mw_alarms_try(mw_store *store, mw_zones *zones, const mw_alarm_book *book,
                        const mw_alarm_trial *t, mw_alarm_trial_result *out_result) {
    mw_alarm_trial_result r = {0};
    mw_alarm_values v;
    if (mw_alarm_rules[t->rule].media == 0)
        return MW_UNSUPPORTED;
    mw_alarm_preset(t->rule, MW_VEE_RESIDENTIAL, &v);
    for (unsigned i = 0; i < MW_ALARM_PARAMS_MAX; i++)
        if (t->given[i])
            v.v[i] = t->value[i];
    MW_TRY(mw_alarm_values_check(t->rule, &v));
    if (t->from.us >= t->to.us || t->meters_max == 0 ||
        t->to.us - t->from.us > (int64_t)DAYS_MAX * 86400 * MW_US_PER_S)
        return MW_RANGE;
    trial y = {.store = store, .zones = zones, .book = book, .t = t, .r = &r};
    y.flow = calloc(2, sizeof *y.flow);
    mw_status s = y.flow == NULL ? MW_NOMEM : channels_try(&y);
    free(y.flow);
    free(y.id);
    if (s == MW_OK)
        *out_result = r;
    return s;
}
