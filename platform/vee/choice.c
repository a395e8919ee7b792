/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/vee/choice.h"

#include <string.h>

#include "base/prng.h"
#include "platform/vee/wide.h"

const uint32_t mw_vee_gap_seconds[MW_VEE_GAP_CLASSES] = {3600, 10800, 43200, 86400, 259200, 604800};

const mw_vee_back_test mw_vee_back_test_preset = {
    .trials = 64, .low_ppm = 50000, .high_ppm = 950000, .seed = 1};

unsigned mw_vee_gap_class(uint64_t seconds) {
    unsigned c = 0;
    while (c + 1 < MW_VEE_GAP_CLASSES && mw_vee_gap_seconds[c] < seconds)
        c++;
    return c;
}

/* In place and without memory: heap sort. */
static void sort(int64_t *x, size_t n) {
    for (size_t end = n, start = n / 2; end > 1;) {
        if (start > 0) {
            start--;
        } else {
            end--;
            int64_t top = x[0];
            x[0] = x[end];
            x[end] = top;
        }
        for (size_t root = start, child = 2 * root + 1; child < end; child = 2 * root + 1) {
            child += child + 1 < end && x[child] < x[child + 1];
            if (x[root] >= x[child])
                break;
            int64_t down = x[root];
            x[root] = x[child];
            x[child] = down;
            root = child;
        }
    }
}

static int64_t quantile(const int64_t *sorted, size_t n, int64_t ppm) {
    return sorted[mw_vee_muldiv((int64_t)n - 1, ppm, MW_VEE_PPM)];
}

typedef struct trials {
    const mw_vee_back_test *o;
    uint32_t gap; /* intervals */
    uint32_t found;
    uint32_t at[MW_VEE_TRIALS_MAX];
    int64_t *estimate, *error; /* gap, gap x trials */
    int64_t total[MW_VEE_TRIALS_MAX];
} trials;

/* Where gaps are cut: anywhere that holds only usable values, at random so that all hours and days
 * come up; at most sixteen attempts for each gap wanted. */
static void gaps_place(const mw_vee_series *s, trials *t, unsigned class) {
    mw_prng g = mw_prng_of_stream(t->o->seed, class);
    t->found = 0;
    if (s->n - s->first < t->gap)
        return;
    for (uint32_t k = 0; k < 16 * t->o->trials && t->found < t->o->trials; k++) {
        uint32_t from = s->first + (uint32_t)mw_prng_below(&g, s->n - s->first - t->gap + 1);
        uint32_t i = from;
        while (i < from + t->gap && (s->flags[i] & MW_VEE_UNUSABLE) == 0 && s->value[i] >= 0)
            i++;
        if (i == from + t->gap)
            t->at[t->found++] = from;
    }
}

static void error_add(const mw_vee_series *s, trials *t, uint32_t from, const mw_vee_error *judge,
                      mw_vee_error *e) {
    int64_t total = 0;
    for (uint32_t k = 0; k < t->gap; k++) {
        int64_t truth = s->value[from + k], off = truth - t->estimate[k];
        t->error[e->intervals + k] = off;
        total += off;
        e->absolute += off < 0 ? -off : off;
        e->actual += truth;
        if (judge != NULL && judge->trials > 0) {
            int64_t low = t->estimate[k] + judge->low;
            e->covered += truth >= (low < 0 ? 0 : low) && off <= judge->high;
        }
    }
    t->total[e->trials++] = total;
    e->intervals += t->gap;
}

/* One method over all gaps of a length. E10 is what scaling makes of no knowledge at all. */
static mw_status method_try(const mw_vee_source *q, trials *t, mw_vee_method method, bool scaled,
                            mw_arena *scratch, const mw_vee_error *judge, mw_vee_error *out) {
    const mw_vee_series *s = q->s;
    mw_vee_source hidden = *q;
    mw_vee_stamp stamp;
    mw_vee_error e = {0};
    for (uint32_t k = 0; k < t->found; k++) {
        mw_status done = MW_OK;
        hidden.hide_from = t->at[k];
        hidden.hide_n = t->gap;
        if (method == MW_VEE_E10_PRORATE && scaled)
            memset(t->estimate, 0, t->gap * sizeof *t->estimate);
        else
            done = mw_vee_estimate(&hidden, method, t->at[k], t->gap, t->estimate, &stamp);
        if (done == MW_NOT_FOUND)
            continue;
        if (done == MW_OK && scaled) {
            int64_t sum = 0;
            for (uint32_t i = t->at[k]; i < t->at[k] + t->gap; i++)
                sum += s->value[i];
            done = mw_vee_scale(t->estimate, t->gap, sum, scratch);
        }
        if (done != MW_OK)
            return done;
        error_add(s, t, t->at[k], judge, &e);
    }
    if (e.trials > 0) {
        sort(t->error, (size_t)e.intervals);
        sort(t->total, e.trials);
        e.low = quantile(t->error, (size_t)e.intervals, t->o->low_ppm);
        e.high = quantile(t->error, (size_t)e.intervals, t->o->high_ppm);
        e.total_low = quantile(t->total, e.trials, t->o->low_ppm);
        e.total_high = quantile(t->total, e.trials, t->o->high_ppm);
    }
    *out = e;
    return MW_OK;
}

static bool fills(mw_vee_method m) {
    return m != MW_VEE_NO_METHOD && m != MW_VEE_E9_REGISTER && m < MW_VEE_E11_FINAL;
}

static mw_status class_try(const mw_vee_source *q, trials *t, unsigned class, mw_arena *scratch,
                           mw_vee_score *out) {
    const mw_vee_score *judge = t->o->judge;
    t->gap = mw_vee_gap_seconds[class] / q->s->seconds;
    if (t->gap == 0)
        return MW_OK;
    t->estimate = mw_arena_take(scratch, t->gap * sizeof *t->estimate);
    t->error = mw_arena_take(scratch, (size_t)t->o->trials * t->gap * sizeof *t->error);
    if (t->estimate == NULL || t->error == NULL)
        return MW_NOMEM;
    gaps_place(q->s, t, class);
    out->gaps[class] = t->found;
    for (unsigned m = 0; m < MW_VEE_METHODS; m++) {
        for (unsigned mode = 0; fills((mw_vee_method)m) && mode < MW_VEE_MODES; mode++)
            MW_TRY(method_try(q, t, (mw_vee_method)m, mode == MW_VEE_TO_REGISTER, scratch,
                              judge == NULL ? NULL : &judge->e[m][class][mode],
                              &out->e[m][class][mode]));
    }
    return MW_OK;
}

mw_status mw_vee_back_test_run(const mw_vee_source *q, const mw_vee_back_test *o, mw_arena *scratch,
                               mw_vee_score *out_score) {
    mw_vee_score score = {0};
    trials t = {.o = o};
    if (o->trials == 0 || o->trials > MW_VEE_TRIALS_MAX || o->low_ppm < 0 ||
        o->high_ppm > MW_VEE_PPM || o->low_ppm > o->high_ppm)
        return MW_RANGE;
    MW_TRY(mw_vee_series_check(q->s));
    unsigned classes =
        o->classes > 0 && o->classes < MW_VEE_GAP_CLASSES ? o->classes : MW_VEE_GAP_CLASSES;
    for (unsigned class = 0; class < classes; class ++) {
        size_t mark = scratch->used;
        mw_status done = class_try(q, &t, class, scratch, &score);
        scratch->used = mark;
        MW_TRY(done);
    }
    *out_score = score;
    return MW_OK;
}

/* --- choosing --------------------------------------------------------------------------------- */

static bool measured(const mw_vee_score *score, unsigned m, unsigned class, unsigned mode) {
    const mw_vee_error *e = &score->e[m][class][mode];
    return e->trials > 0 && e->trials * 2 >= score->gaps[class];
}

/* a / intervals < b / intervals, exactly. */
static bool better(const mw_vee_error *a, const mw_vee_error *b) {
    return (mw_wide)a->absolute * b->intervals < (mw_wide)b->absolute * a->intervals;
}

mw_vee_method mw_vee_choose(const mw_vee_score *score, uint64_t gap_seconds, bool scaled) {
    unsigned class = mw_vee_gap_class(gap_seconds), mode = scaled, best = MW_VEE_NO_METHOD;
    for (unsigned m = 0; m < MW_VEE_METHODS; m++) {
        if (measured(score, m, class, mode) &&
            (best == MW_VEE_NO_METHOD ||
             better(&score->e[m][class][mode], &score->e[best][class][mode])))
            best = m;
    }
    return (mw_vee_method)best;
}

void mw_vee_plan_choose(const mw_vee_score *score, uint64_t gap_seconds, bool scaled,
                        mw_vee_method out_plan[MW_VEE_PLAN_MAX]) {
    static const mw_vee_method all[MW_VEE_PLAN_MAX] = {
        MW_VEE_E1_ALTERNATE, MW_VEE_E2_NODE,      MW_VEE_E3_INFERRED,
        MW_VEE_E4_LINEAR,    MW_VEE_E5_LIKE_DAYS, MW_VEE_E6_PROXY_DAY,
        MW_VEE_E7_PROFILE,   MW_VEE_E8_FLAT,      MW_VEE_E10_PRORATE};
    unsigned class = mw_vee_gap_class(gap_seconds), mode = scaled;
    memcpy(out_plan, all, sizeof all);
    for (unsigned k = 4; k < MW_VEE_PLAN_MAX; k++) {
        mw_vee_method m = out_plan[k];
        unsigned at = k;
        for (; at > 3; at--) {
            mw_vee_method before = out_plan[at - 1];
            bool ahead = measured(score, m, class, mode) &&
                         (!measured(score, before, class, mode) ||
                          better(&score->e[m][class][mode], &score->e[before][class][mode]));
            if (!ahead)
                break;
            out_plan[at] = before;
        }
        out_plan[at] = m;
    }
}

mw_status mw_vee_prediction(const mw_vee_score *score, mw_vee_method method, uint64_t gap_seconds,
                            bool scaled, int64_t estimate, int64_t *out_low, int64_t *out_high) {
    if (method >= MW_VEE_METHODS)
        return MW_NOT_FOUND;
    const mw_vee_error *e = &score->e[method][mw_vee_gap_class(gap_seconds)][scaled];
    if (e->trials == 0)
        return MW_NOT_FOUND;
    int64_t low = estimate + e->low, high = estimate + e->high;
    *out_low = low < 0 ? 0 : low;
    *out_high = high < *out_low ? *out_low : high;
    return MW_OK;
}
