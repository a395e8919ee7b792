/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/validation/assess.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

void mw_assessment_fini(mw_assessment *a) {
    free(a->value);
    free(a->flags);
    free(a->method);
    free(a->prediction);
    free(a->stamp);
    free(a->span);
    free(a->work_value);
    free(a->work_flags);
    free(a->scratch);
    a->value = a->work_value = NULL;
    a->flags = a->work_flags = NULL;
    a->method = NULL;
    a->prediction = NULL;
    a->stamp = NULL;
    a->span = NULL;
    a->scratch = NULL;
    a->room = 0;
}

/* Scaling a span needs 16 bytes a cell, and a little more for alignment. */
static size_t scratch_size(uint32_t n) {
    return (size_t)n * 24 + 256;
}

mw_status mw_assessment_room(mw_assessment *a, uint32_t n) {
    if (n <= a->room)
        return MW_OK;
    uint32_t room = n < 256 ? 256 : n + n / 2;
    mw_assessment_fini(a);
    a->value = calloc(room, sizeof *a->value);
    a->flags = calloc(room, sizeof *a->flags);
    a->method = calloc(room, sizeof *a->method);
    a->prediction = calloc(room, sizeof *a->prediction);
    a->stamp = calloc(room / 2 + 2, sizeof *a->stamp);
    a->span = calloc(MW_WINDOW_REGISTERS_MAX, sizeof *a->span);
    a->work_value = calloc(room, sizeof *a->work_value);
    a->work_flags = calloc(room, sizeof *a->work_flags);
    a->scratch = calloc(1, scratch_size(room));
    if (a->value == NULL || a->flags == NULL || a->method == NULL || a->prediction == NULL ||
        a->stamp == NULL || a->span == NULL || a->work_value == NULL || a->work_flags == NULL ||
        a->scratch == NULL) {
        mw_assessment_fini(a);
        return MW_NOMEM;
    }
    a->room = room;
    return MW_OK;
}

mw_vee_series mw_assess_series(const mw_window *w, const mw_window_channel *c, const mw_vee_book *b,
                               const int64_t *value, const uint32_t *flags) {
    return (mw_vee_series){.start = w->start,
                           .seconds = w->seconds,
                           .n = w->n,
                           .medium = (mw_vee_medium)c->medium,
                           .value = value,
                           .flags = flags,
                           .day = w->day,
                           .days = w->days,
                           .reg = w->reg,
                           .regs = w->regs,
                           .register_digits = c->digits,
                           .limits = mw_screen_limits(b, c)};
}

uint32_t mw_assess_longest_gap(const mw_window *w, uint32_t from, uint32_t to) {
    uint32_t longest = 0, run = 0;
    for (uint32_t i = from; i < to; i++) {
        run = (w->raw_flags[i] & MW_VEE_MISSING) != 0 ? run + 1 : 0;
        longest = run > longest ? run : longest;
    }
    return longest;
}

/* The past as it stands, what is judged as it was reported; what others wrote is given. */
static void work_fill(mw_assessment *a) {
    const mw_window *w = a->window;
    for (uint32_t i = 0; i < w->n; i++) {
        bool past = i < a->from || i >= a->to, given = w->origin[i] == MW_CELL_OTHERS;
        a->work_value[i] = past || given ? w->now[i] : w->raw[i];
        a->work_flags[i] = past || given ? w->now_flags[i] : w->raw_flags[i];
        if (given || past)
            a->work_flags[i] |= MW_VEE_LOCKED;
        if ((a->work_flags[i] & MW_VEE_MISSING) != 0)
            a->work_flags[i] = MW_VEE_MISSING;
        else if (!past && !given && (a->work_flags[i] & MW_VEE_MEASURE_ERROR) != 0)
            a->work_flags[i] |= MW_VEE_SUSPECT; /* the meter itself says that it is wrong */
    }
}

/* Rules that look at a period, not at an arrival. */
static const mw_vee_rule of_periods[] = {MW_VEE_V10_USAGE, MW_VEE_V11_PEAK, MW_VEE_V13_ZERO,
                                         MW_VEE_V19_DYNAMIC};

/* Rules look day by day; a hole over midnight is one hole, of the meter or of its k-th sibling. */
static void gaps_join(mw_vee_findings *f) {
    uint32_t n = 0, last[1 + MW_VEE_SIBLINGS_MAX];
    for (unsigned i = 0; i < 1 + MW_VEE_SIBLINGS_MAX; i++)
        last[i] = UINT32_MAX;
    for (uint32_t k = 0; k < f->n; k++) {
        mw_vee_finding *x = &f->item[k];
        if (x->rule == MW_VEE_V03_GAP || x->rule == MW_VEE_V17_SIBLING) {
            uint32_t *of = &last[x->rule == MW_VEE_V03_GAP ? 0 : 1 + x->input[1]];
            mw_vee_finding *former = *of == UINT32_MAX ? NULL : &f->item[*of];
            if (former != NULL && former->from + former->n == x->from) {
                former->n += x->n;
                former->input[0] += x->n;
                continue;
            }
            *of = n;
        }
        f->item[n++] = *x;
    }
    f->n = n;
}

static mw_status rules_apply(mw_assessment *a, const mw_vee_series *s) {
    mw_vee_settings settings = a->book->rules;
    a->findings = (mw_vee_findings){.item = a->finding, .room = MW_ASSESS_FINDINGS_MAX};
    for (unsigned i = 0; !a->review && i < sizeof of_periods / sizeof of_periods[0]; i++)
        settings.rule[of_periods[i]].on = false;
    for (uint32_t k = 0; k < s->days; k++) {
        mw_vee_series day = *s;
        uint32_t end = s->day[k].first + s->day[k].n;
        if (end <= a->from || s->day[k].first >= a->to)
            continue;
        day.first = s->day[k].first > a->from ? s->day[k].first : a->from;
        day.n = end;
        day.days = k + 1;
        day.regs = 0;
        while (day.regs < s->regs && s->reg[day.regs].index <= end)
            day.regs++;
        MW_TRY(mw_vee_validate(&day, &settings, &a->findings));
    }
    gaps_join(&a->findings);
    return a->findings.lost > 0 ? MW_LIMIT : MW_OK;
}

static void verdicts_apply(mw_assessment *a) {
    for (uint32_t k = 0; k < a->verdicts; k++) {
        const mw_assess_verdict *v = &a->verdict[k];
        for (uint32_t i = v->from; i < v->to && i < a->to; i++) {
            if (i < a->from || (a->work_flags[i] & (MW_VEE_MISSING | MW_VEE_LOCKED)) != 0)
                continue;
            a->work_flags[i] &= ~(uint32_t)(MW_VEE_SUSPECT | MW_VEE_ACCEPTED);
            a->work_flags[i] |= v->kind == MW_VERDICT_ACCEPTED ? (uint32_t)MW_VEE_ACCEPTED
                                                               : (uint32_t)MW_VEE_SUSPECT;
        }
    }
}

/* What the series is looked at with besides its own values. */
static void context_take(mw_vee_series *s, const mw_vee_series *around) {
    s->clock_offset_ms = around->clock_offset_ms;
    s->identity = around->identity;
    s->identity_expected = around->identity_expected;
    s->siblings = around->siblings;
    memcpy(s->sibling, around->sibling, sizeof s->sibling);
    s->reactive = around->reactive;
    s->phases = around->phases;
}

static mw_status gaps_estimate(mw_assessment *a, const mw_vee_series *s) {
    mw_vee_source q = a->context == NULL ? (mw_vee_source){0} : a->context->source;
    q.s = s;
    q.options = a->book->estimate;
    mw_vee_fill fill = {.score = a->score,
                        .stamp = a->stamp,
                        .stamp_room = a->room / 2 + 2,
                        .span = a->span,
                        .span_room = MW_WINDOW_REGISTERS_MAX};
    mw_arena scratch;
    mw_arena_init(&scratch, (mw_span){a->scratch, scratch_size(a->room)});
    for (unsigned i = 0; i < MW_VEE_PLAN_MAX; i++)
        if (a->book->plan[i] != MW_VEE_NO_METHOD)
            fill.plan[fill.plan_n++] = (mw_vee_method)a->book->plan[i];
    MW_TRY(mw_vee_fill_series(&q, &fill, &scratch, a->value, a->flags));
    a->stamps = fill.stamps;
    a->spans = fill.spans;
    a->filled = fill.filled;
    a->unfilled = fill.unfilled;
    return MW_OK;
}

static bool scaled_at(const mw_assessment *a, uint32_t i) {
    for (uint32_t k = 0; k < a->spans; k++)
        if (i >= a->span[k].from && i - a->span[k].from < a->span[k].n)
            return a->span[k].state == MW_VEE_SPAN_SCALED;
    return false;
}

/* Reported, and neither the meter nor a person calls it wrong: only a rule may have. */
static bool doubted_by_rule(const mw_assessment *a, uint32_t i) {
    for (uint32_t k = 0; k < a->verdicts; k++)
        if (i >= a->verdict[k].from && i < a->verdict[k].to)
            return false;
    return (a->window->raw_flags[i] & (MW_VEE_MISSING | MW_VEE_MEASURE_ERROR)) == 0 &&
           (a->work_flags[i] & MW_VEE_LOCKED) == 0;
}

/* Where registers leave an estimate no room but the reported values themselves, they prove what the
 * rules doubted: it stays measured. The finding stands; nothing was made up. */
static void confirmed_keep(mw_assessment *a) {
    const mw_window *w = a->window;
    uint32_t kept = 0;
    for (uint32_t k = 0; k < a->stamps; k++) {
        const mw_vee_stamp *t = &a->stamp[k];
        bool same = scaled_at(a, t->from);
        for (uint32_t i = t->from; same && i < t->from + t->n; i++)
            same = doubted_by_rule(a, i) && a->value[i] == w->raw[i];
        for (uint32_t i = t->from; same && i < t->from + t->n; i++)
            a->flags[i] = w->raw_flags[i];
        if (!same)
            a->stamp[kept++] = *t;
        else
            a->filled -= t->n;
    }
    a->stamps = kept;
}

static void stamps_spread(mw_assessment *a) {
    memset(a->method, 0, a->window->n * sizeof *a->method);
    for (uint32_t i = 0; i < a->window->n; i++)
        a->prediction[i] = (mw_store_prediction){1, 0};
    for (uint32_t k = 0; k < a->stamps; k++) {
        const mw_vee_stamp *t = &a->stamp[k];
        uint64_t seconds = (uint64_t)t->n * a->window->seconds;
        bool scaled = scaled_at(a, t->from);
        for (uint32_t i = t->from; i < t->from + t->n; i++) {
            mw_store_prediction p;
            a->method[i] = (uint16_t)t->method;
            if (a->score != NULL && mw_vee_prediction(a->score, t->method, seconds, scaled,
                                                      a->value[i], &p.low, &p.high) == MW_OK)
                a->prediction[i] = p;
        }
    }
}

mw_status mw_assess(mw_assessment *a) {
    const mw_window *w = a->window;
    MW_TRY(mw_assessment_room(a, w->n));
    work_fill(a);
    mw_vee_series s = mw_assess_series(w, a->channel, a->book, a->work_value, a->work_flags);
    s.first = a->from;
    if (a->context != NULL)
        context_take(&s, &a->context->series);
    MW_TRY(rules_apply(a, &s));
    mw_vee_findings_mark(&a->findings, a->work_flags, w->n);
    verdicts_apply(a);
    MW_TRY(gaps_estimate(a, &s));
    confirmed_keep(a);
    stamps_spread(a);
    return MW_OK;
}
