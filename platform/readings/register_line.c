/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/readings/register_line.h"

#include <stdlib.h>
#include <string.h>

/* The most that can pass forwards, INT64_MAX = anything. */
static int64_t most_of(const mw_register_limits *l, int64_t seconds) {
    int64_t half = l->wrap > 0 ? l->wrap / 2 : INT64_MAX;
    if (l->max_per_hour <= 0)
        return half;
    int64_t most = 0; /* counts an hour * 1.1 * seconds / 3600 + 1 */
    if (__builtin_mul_overflow(l->max_per_hour, seconds, &most) ||
        __builtin_mul_overflow(most, 11, &most))
        return half;
    most = most / 36000 + 1;
    return most > half ? half : most;
}

mw_register_step mw_register_step_of(const mw_register_limits *l, int64_t earlier, int64_t later,
                                     int64_t seconds, int64_t *out_difference) {
    int64_t most = most_of(l, seconds < 0 ? 0 : seconds), d = 0;
    *out_difference = 0;
    if (__builtin_sub_overflow(later, earlier, &d))
        return MW_REGISTER_UNEXPLAINED;
    bool known = l->max_per_hour > 0, wraps = l->wrap > 0;
    if (d >= 0 && d <= most) {
        *out_difference = d;
        return MW_REGISTER_FORWARD;
    }
    if (d < 0 && wraps && d + l->wrap >= 0 && d + l->wrap <= most) {
        *out_difference = d + l->wrap;
        return MW_REGISTER_ROLLOVER;
    }
    if (d < 0 && -d <= most && (known || later >= earlier / 2)) {
        *out_difference = d;
        return MW_REGISTER_REVERSE;
    }
    if (d > 0 && wraps && l->wrap - d <= most && l->wrap - d > 0) {
        *out_difference = d - l->wrap; /* backwards through 0 */
        return MW_REGISTER_REVERSE;
    }
    return MW_REGISTER_UNEXPLAINED;
}

/* --- loading -----------------------------------------------------------------------------------
 */

static mw_status reading_add(mw_register_line *l, mw_utc at, int64_t value) {
    if (l->readings == l->room) {
        size_t room = l->room == 0 ? 16 : l->room * 2;
        mw_reading *reading = realloc(l->reading, room * sizeof *reading);
        if (reading == NULL)
            return MW_NOMEM;
        l->reading = reading;
        l->room = room;
    }
    size_t i = l->readings;
    while (i > 0 && l->reading[i - 1].at.us > at.us)
        i--;
    if (i > 0 && l->reading[i - 1].at.us == at.us)
        return MW_OK;
    memmove(&l->reading[i + 1], &l->reading[i], (l->readings - i) * sizeof l->reading[0]);
    l->reading[i] = (mw_reading){at, value};
    l->readings++;
    return MW_OK;
}

static mw_status on_report(void *ctx, const mw_store_register *r) {
    return r->quality & MW_QUALITY_CLOCK_UNSET ? MW_OK : reading_add(ctx, r->meter, r->value);
}

static mw_status on_mark(void *ctx, const mw_store_register_mark *m) {
    mw_register_line *l = ctx;
    if (l->marks == l->mark_room) {
        size_t room = l->mark_room == 0 ? 4 : l->mark_room * 2;
        mw_store_register_mark *mark = realloc(l->mark, room * sizeof *mark);
        if (mark == NULL)
            return MW_NOMEM;
        l->mark = mark;
        l->mark_room = room;
    }
    l->mark[l->marks++] = *m;
    return MW_OK;
}

typedef struct installed {
    mw_register_line *line;
    mw_utc from, to; /* what is looked for */
    mw_reading before, after;
} installed;

static mw_status installed_add(installed *n, mw_utc at, int64_t value) {
    if (at.us < n->from.us) {
        if (mw_utc_is_none(n->before.at) || at.us > n->before.at.us)
            n->before = (mw_reading){at, value};
        return MW_OK;
    }
    if (at.us > n->to.us) {
        if (mw_utc_is_none(n->after.at) || at.us < n->after.at.us)
            n->after = (mw_reading){at, value};
        return MW_OK;
    }
    return reading_add(n->line, at, value);
}

static mw_status on_installation(void *ctx, const mw_store_installation *i) {
    installed *n = ctx;
    if (i->has_initial_value)
        MW_TRY(installed_add(n, i->from, i->initial_value));
    if (i->has_final_value && !mw_utc_is_none(i->to))
        MW_TRY(installed_add(n, i->to, i->final_value));
    return MW_OK;
}

static mw_status limits_read(mw_store *store, int64_t tenant, const mw_store_channel *c, mw_utc at,
                             mw_register_limits *out) {
    mw_store_register_spec spec = {.digits = c->register_digits};
    mw_status status = mw_store_register_spec_at(store, tenant, c->channel, at, &spec);
    if (status != MW_OK && status != MW_NOT_FOUND)
        return status;
    if (status == MW_NOT_FOUND)
        spec = (mw_store_register_spec){.digits = c->register_digits};
    *out = (mw_register_limits){.wrap = spec.wrap, .max_per_hour = spec.max_per_hour};
    if (out->wrap == 0 && spec.digits > 0 && spec.digits <= 18)
        for (out->wrap = 1; spec.digits > 0; spec.digits--)
            out->wrap *= 10;
    return MW_OK;
}

mw_status mw_register_line_read(mw_store *store, int64_t tenant, const mw_store_channel *c,
                                mw_utc from, mw_utc to, mw_register_line *out_line) {
    mw_register_line *l = out_line;
    *l = (mw_register_line){0};
    MW_TRY(limits_read(store, tenant, c, to, &l->limits));
    MW_TRY(mw_store_registers_between(store, tenant, c->channel, c->obis, from, to, on_report, l));
    MW_TRY(mw_store_registers_around(store, tenant, c->channel, c->obis, from, to, on_report, l));
    installed n = {.line = l, .from = from, .to = to};
    n.before.at = n.after.at = MW_UTC_NONE;
    mw_store_installation_query q = {.tenant = tenant, .channel = c->channel, .as_of = MW_UTC_NONE};
    MW_TRY(mw_store_installations(store, &q, on_installation, &n));
    if (!mw_utc_is_none(n.before.at))
        MW_TRY(reading_add(l, n.before.at, n.before.value));
    if (!mw_utc_is_none(n.after.at))
        MW_TRY(reading_add(l, n.after.at, n.after.value));
    if (l->readings == 0)
        return MW_OK;
    return mw_store_register_marks(store, tenant, c->channel, l->reading[0].at,
                                   l->reading[l->readings - 1].at, on_mark, l);
}

void mw_register_line_fini(mw_register_line *l) {
    free(l->reading);
    free(l->mark);
    *l = (mw_register_line){0};
}

/* --- differences -------------------------------------------------------------------------------
 */

static void step_add(const mw_register_limits *l, mw_reading a, mw_reading b,
                     mw_register_step *worst, int64_t *total) {
    int64_t d = 0, seconds = (b.at.us - a.at.us) / MW_US_PER_S;
    mw_register_step step = mw_register_step_of(l, a.value, b.value, seconds, &d);
    if (__builtin_add_overflow(*total, d, total))
        step = MW_REGISTER_UNEXPLAINED;
    *worst = step > *worst ? step : *worst;
}

mw_register_step mw_register_line_difference(const mw_register_line *l, size_t a, size_t b,
                                             int64_t *out_difference) {
    mw_register_step worst = MW_REGISTER_FORWARD;
    int64_t total = 0;
    size_t m = 0;
    mw_reading at = l->reading[a];
    for (size_t i = a + 1; i <= b; i++) {
        for (; m < l->marks && l->mark[m].at.us <= l->reading[i].at.us; m++) {
            if (l->mark[m].at.us <= at.at.us)
                continue;
            /* A reading taken at the very moment of a reset is one of after it. */
            step_add(&l->limits, at, (mw_reading){l->mark[m].at, l->mark[m].before}, &worst,
                     &total);
            at = (mw_reading){l->mark[m].at, l->mark[m].after};
        }
        step_add(&l->limits, at, l->reading[i], &worst, &total);
        at = l->reading[i];
    }
    *out_difference = worst == MW_REGISTER_UNEXPLAINED ? 0 : total;
    return worst;
}
