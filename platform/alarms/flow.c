/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/alarms/flow.h"

#include <stdlib.h>

enum { MILLI = 1000, DAY_H = 24, WEEK_H = 168, HISTORY_H = 28 * 24 };

/* The newest n hours; NULL when there are not so many. */
static const int64_t *newest(const mw_flow *f, size_t n) {
    return n <= f->n ? f->hour + f->n - n : NULL;
}

static mw_flow_finding leak(const mw_flow *f, const mw_alarm_values *v) {
    bool gas = f->medium == MW_VEE_GAS;
    int64_t floor = v->v[gas ? MW_LEAK_GAS_FLOOR : MW_LEAK_FLOOR] * MILLI, least = INT64_MAX;
    size_t n = (size_t)v->v[MW_LEAK_HOURS];
    size_t have = n < f->n ? n : f->n;
    mw_flow_finding r = {.threshold = floor / MILLI, .hours = (uint32_t)n};
    bool whole = have == n;
    for (size_t i = f->n - have; i < f->n; i++) {
        whole = whole && f->hour[i] != MW_FLOW_MISSING;
        if (f->hour[i] != MW_FLOW_MISSING && f->hour[i] < least)
            least = f->hour[i];
    }
    r.value = least == INT64_MAX ? 0 : least / MILLI;
    if (least != INT64_MAX && least < floor * v->v[MW_LEAK_CLEAR_PERCENT] / 100)
        r.verdict = MW_FLOW_CLEARED;
    else if (whole && least >= floor)
        r.verdict = MW_FLOW_HOLDS;
    return r;
}

static int by_value(const void *pa, const void *pb) {
    int64_t a = *(const int64_t *)pa, b = *(const int64_t *)pb;
    return (a > b) - (a < b);
}

/* The 99th percentile of the four weeks before the newest n hours; 0 = less than a week is known. */
static int64_t percentile(const mw_flow *f, size_t n) {
    int64_t sorted[HISTORY_H];
    size_t have = 0, end = f->n - n, from = end > HISTORY_H ? end - HISTORY_H : 0;
    for (size_t i = from; i < end; i++)
        if (f->hour[i] != MW_FLOW_MISSING)
            sorted[have++] = f->hour[i];
    if (have < WEEK_H)
        return 0;
    qsort(sorted, have, sizeof sorted[0], by_value);
    return sorted[have * 99 / 100];
}

static mw_flow_finding burst(const mw_flow *f, const mw_alarm_values *v) {
    size_t n = (size_t)v->v[MW_BURST_HOURS];
    const int64_t *hour = newest(f, n);
    int64_t limit = v->v[MW_BURST_QMAX] * v->v[MW_BURST_PERCENT] / 100 * MILLI;
    int64_t least = INT64_MAX;
    mw_flow_finding r = {.threshold = limit / MILLI, .hours = (uint32_t)n};
    if (hour == NULL || hour[n - 1] == MW_FLOW_MISSING)
        return r;
    bool whole = true;
    for (size_t i = 0; i < n; i++) {
        whole = whole && hour[i] != MW_FLOW_MISSING;
        least = hour[i] < least ? hour[i] : least;
    }
    r.value = hour[n - 1] / MILLI;
    /* What is usual is looked up only when the hours are many already. */
    if (hour[n - 1] <= limit / 5 * 4) {
        r.verdict = MW_FLOW_CLEARED;
        return r;
    }
    int64_t usual = percentile(f, n) * v->v[MW_BURST_TIMES];
    limit = usual > limit ? usual : limit;
    r.threshold = limit / MILLI;
    if (hour[n - 1] <= limit / 5 * 4)
        r.verdict = MW_FLOW_CLEARED;
    else if (whole && least > limit)
        r.verdict = MW_FLOW_HOLDS;
    return r;
}

static mw_flow_finding backflow(const mw_flow *f, const mw_alarm_values *v) {
    const int64_t *hour = newest(f, DAY_H);
    mw_flow_finding r = {.threshold = v->v[MW_BACKFLOW_DAY], .hours = DAY_H};
    int64_t back = 0;
    bool whole = hour != NULL;
    for (size_t i = 0; hour != NULL && i < DAY_H; i++) {
        whole = whole && hour[i] != MW_FLOW_MISSING;
        if (hour[i] != MW_FLOW_MISSING && hour[i] < 0)
            back -= hour[i];
    }
    r.value = back / MILLI;
    if (back > v->v[MW_BACKFLOW_DAY] * MILLI)
        r.verdict = MW_FLOW_HOLDS;
    else if (whole && back == 0)
        r.verdict = MW_FLOW_CLEARED;
    return r;
}

static mw_flow_finding nothing(const mw_flow *f, size_t n, int64_t threshold) {
    const int64_t *hour = newest(f, n);
    mw_flow_finding r = {.threshold = threshold, .hours = (uint32_t)n};
    size_t zeros = 0;
    while (zeros < f->n && f->hour[f->n - 1 - zeros] == 0)
        zeros++;
    r.value = (int64_t)zeros;
    if (hour != NULL && zeros >= n)
        r.verdict = MW_FLOW_HOLDS;
    else if (zeros == 0 && f->n > 0 && f->hour[f->n - 1] != MW_FLOW_MISSING)
        r.verdict = MW_FLOW_CLEARED;
    return r;
}

/* The sum of [from, from + n) and how many of these hours were measured. */
static int64_t sum_of(const mw_flow *f, size_t from, size_t n, size_t *out_have) {
    int64_t sum = 0;
    *out_have = 0;
    for (size_t i = from; i < from + n && i < f->n; i++) {
        if (f->hour[i] != MW_FLOW_MISSING) {
            sum += f->hour[i];
            (*out_have)++;
        }
    }
    return sum;
}

static mw_flow_finding stopped(const mw_flow *f, const mw_alarm_values *v) {
    size_t n = (size_t)v->v[MW_STOPPED_HOURS], have = 0;
    mw_flow_finding r = nothing(f, n, v->v[MW_STOPPED_HOURS]);
    if (r.verdict != MW_FLOW_HOLDS)
        return r;
    /* Before it stopped, however long ago that is. */
    size_t end = f->n - (size_t)r.value, from = end > HISTORY_H ? end - HISTORY_H : 0;
    int64_t sum = sum_of(f, from, end - from, &have);
    if (have < WEEK_H || sum / (int64_t)have * DAY_H < v->v[MW_STOPPED_DAY_USE] * MILLI)
        r.verdict = MW_FLOW_UNKNOWN;
    return r;
}

static mw_flow_finding over_limit(const mw_flow *f, const mw_alarm_values *v) {
    unsigned which = f->medium == MW_VEE_WATER ? MW_OVER_WATER
                     : f->medium == MW_VEE_GAS ? MW_OVER_GAS
                                               : MW_OVER_ELECTRICITY;
    const int64_t *hour = newest(f, DAY_H);
    int64_t limit = v->v[which] * MILLI, most = INT64_MIN;
    mw_flow_finding r = {.threshold = v->v[which], .hours = DAY_H};
    bool whole = hour != NULL;
    if (limit == 0) { /* no limit */
        r.verdict = MW_FLOW_CLEARED;
        return r;
    }
    for (size_t i = 0; hour != NULL && i < DAY_H; i++) {
        whole = whole && hour[i] != MW_FLOW_MISSING;
        most = hour[i] > most ? hour[i] : most; /* missing is the least */
    }
    r.value = most == INT64_MIN ? 0 : most / MILLI;
    if (most > limit)
        r.verdict = MW_FLOW_HOLDS;
    else if (whole && most <= limit * v->v[MW_OVER_CLEAR_PERCENT] / 100)
        r.verdict = MW_FLOW_CLEARED;
    return r;
}

static mw_flow_finding deviation(const mw_flow *f, const mw_alarm_values *v) {
    size_t have = 0, before = 0;
    mw_flow_finding r = {.threshold = v->v[MW_DEVIATION_UP], .hours = WEEK_H};
    if (f->n < WEEK_H + HISTORY_H)
        return r;
    int64_t week = sum_of(f, f->n - WEEK_H, WEEK_H, &have);
    int64_t past = sum_of(f, f->n - WEEK_H - HISTORY_H, HISTORY_H, &before);
    if (have < WEEK_H * 95 / 100 || before < HISTORY_H * 8 / 10)
        return r;
    int64_t usual = past / (int64_t)before, is = week / (int64_t)have; /* of an hour */
    if (usual * DAY_H < v->v[MW_DEVIATION_DAY_USE] * MILLI)
        return r;
    r.value = is * 100 / usual - 100;
    bool down = r.value < 0;
    if (down && v->v[MW_DEVIATION_DOWN] != 0)
        r.threshold = -v->v[MW_DEVIATION_DOWN];
    if (r.value >= v->v[MW_DEVIATION_UP] ||
        (v->v[MW_DEVIATION_DOWN] != 0 && r.value <= -v->v[MW_DEVIATION_DOWN]))
        r.verdict = MW_FLOW_HOLDS;
    else if (r.value < v->v[MW_DEVIATION_UP] * 8 / 10 &&
             (v->v[MW_DEVIATION_DOWN] == 0 || r.value > -v->v[MW_DEVIATION_DOWN] * 8 / 10))
        r.verdict = MW_FLOW_CLEARED;
    return r;
}

mw_flow_finding mw_flow_judge(mw_alarm_rule_id rule, const mw_flow *f, const mw_alarm_values *v) {
    mw_flow_finding none = {.verdict = MW_FLOW_UNKNOWN};
    if ((mw_alarm_rules[rule].media >> f->medium & 1) == 0)
        return none;
    switch (rule) {
    case MW_ALARM_LEAK:
        return leak(f, v);
    case MW_ALARM_BURST:
        return burst(f, v);
    case MW_ALARM_BACKFLOW:
        return backflow(f, v);
    case MW_ALARM_STOPPED:
        return stopped(f, v);
    case MW_ALARM_NO_FLOW:
        return nothing(f, (size_t)v->v[MW_NO_FLOW_DAYS] * DAY_H, v->v[MW_NO_FLOW_DAYS] * DAY_H);
    case MW_ALARM_OVER_LIMIT:
        return over_limit(f, v);
    case MW_ALARM_DEVIATION:
        return deviation(f, v);
    default:
        return none;
    }
}
