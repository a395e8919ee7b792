/* SPDX-License-Identifier: Apache-2.0
 *
 * Scaling to registers, registers from intervals, and the filling of a whole series.
 */
#include <string.h>

#include "platform/vee/choice.h"
#include "platform/vee/wide.h"

/* One more unit to the `extra` largest remainders; of equal ones to the earlier. The cut is found
 * by halving the range of remainders, so that no order of the values need be kept. */
static void remainders_share(int64_t *x, const int64_t *rest, uint32_t n, int64_t extra,
                             int64_t sum) {
    int64_t lo = 0, hi = sum;
    while (lo < hi) {
        int64_t mid = lo + (hi - lo) / 2, above = 0;
        for (uint32_t i = 0; i < n; i++)
            above += rest[i] > mid;
        if (above <= extra)
            hi = mid;
        else
            lo = mid + 1;
    }
    for (uint32_t i = 0; i < n; i++) {
        if (rest[i] > lo) {
            x[i]++;
            extra--;
        }
    }
    for (uint32_t i = 0; i < n && extra > 0; i++) {
        if (rest[i] == lo) {
            x[i]++;
            extra--;
        }
    }
}

mw_status mw_vee_scale(int64_t *x, uint32_t n, int64_t total, mw_arena *scratch) {
    int64_t sum = 0, given = 0;
    if (n == 0 || total < 0)
        return MW_RANGE;
    for (uint32_t i = 0; i < n; i++) {
        if (x[i] < 0 || __builtin_add_overflow(sum, x[i], &sum))
            return MW_RANGE;
    }
    size_t mark = scratch->used;
    int64_t *rest = mw_arena_take(scratch, n * sizeof *rest);
    if (rest == NULL)
        return MW_NOMEM;
    bool flat = sum == 0;
    sum = flat ? n : sum;
    for (uint32_t i = 0; i < n; i++) {
        mw_wide p = (mw_wide)(flat ? 1 : x[i]) * total;
        x[i] = (int64_t)(p / sum);
        rest[i] = (int64_t)(p % sum);
        given += x[i];
    }
    remainders_share(x, rest, n, total - given, sum);
    scratch->used = mark;
    return MW_OK;
}

/* --- registers -------------------------------------------------------------------------------- */

static int64_t wrapped(const mw_vee_series *s, int64_t value) {
    int64_t wrap = 1;
    for (unsigned i = 0; i < s->register_digits; i++)
        wrap *= 10;
    value %= wrap;
    return value < 0 ? value + wrap : value;
}

mw_status mw_vee_register_of_intervals(const mw_vee_series *s, const mw_vee_register *before,
                                       uint32_t index, int64_t *out_value) {
    mw_vee_chain back = {.n = s->chain.n};
    int64_t sum = 0, counts = 0;
    if (index < before->index || index > s->n)
        return MW_RANGE;
    for (uint32_t i = before->index; i < index; i++) {
        if (before->rate != 0 && (s->rate == NULL || s->rate[i] != before->rate))
            continue;
        if ((s->flags[i] & MW_VEE_MISSING) != 0)
            return MW_NOT_FOUND;
        sum += s->value[i];
    }
    for (unsigned i = 0; i < s->chain.n; i++)
        back.factor[i] = (mw_vee_factor){s->chain.factor[i].den, s->chain.factor[i].num};
    MW_TRY(mw_vee_chain_apply(&back, sum, &counts));
    *out_value = wrapped(s, before->value + counts % INT64_C(1000000000000000000));
    return MW_OK;
}

mw_status mw_vee_register_prorate(const mw_vee_series *s, const mw_vee_register *a,
                                  const mw_vee_register *b, uint32_t index, int64_t *out_value) {
    int64_t difference = 0;
    mw_vee_step step = MW_VEE_STEP_OK;
    if (b->initial || index < a->index || index > b->index || a->index == b->index)
        return MW_RANGE;
    MW_TRY(mw_vee_register_step(s, a, b, &difference, &step));
    if (step > MW_VEE_STEP_ROLLOVER)
        return MW_RANGE;
    int64_t counts = wrapped(s, b->value - a->value); /* in the display's own counts */
    *out_value =
        wrapped(s, a->value + mw_vee_muldiv(counts, index - a->index, b->index - a->index));
    return MW_OK;
}

mw_status mw_vee_final_lock(uint32_t *flags, uint32_t from, uint32_t n) {
    for (uint32_t i = from; i < from + n; i++) {
        if ((flags[i] & (MW_VEE_MISSING | MW_VEE_SUSPECT)) != 0)
            return MW_STATE;
    }
    for (uint32_t i = from; i < from + n; i++)
        flags[i] |= MW_VEE_LOCKED;
    return MW_OK;
}

/* --- filling ---------------------------------------------------------------------------------- */

static bool open_at(const uint32_t *flags, uint32_t i) {
    return (flags[i] & MW_VEE_LOCKED) == 0 && (flags[i] & (MW_VEE_MISSING | MW_VEE_SUSPECT)) != 0;
}

/* Estimated and free to change. */
static bool scalable(const uint32_t *flags, uint32_t i) {
    return (flags[i] & (MW_VEE_ESTIMATED | MW_VEE_LOCKED)) == MW_VEE_ESTIMATED;
}

/* The methods read the series as it came, so that no estimate is drawn from another. */
static mw_status gaps_fill(const mw_vee_source *q, mw_vee_fill *fill, int64_t *value,
                           uint32_t *flags) {
    const mw_vee_series *s = q->s;
    for (uint32_t i = s->first; i < s->n; i++) {
        uint32_t from = i;
        mw_status done = MW_NOT_FOUND;
        while (i < s->n && open_at(flags, i))
            i++;
        if (i == from)
            continue;
        if (fill->stamps == fill->stamp_room)
            return MW_SPACE;
        mw_vee_stamp *stamp = &fill->stamp[fill->stamps];
        mw_vee_method chosen[MW_VEE_PLAN_MAX];
        const mw_vee_method *plan = fill->plan;
        uint32_t plan_n = fill->plan_n;
        if (fill->score != NULL) {
            bool closed = s->regs > 1 && s->reg[s->regs - 1].index >= i;
            mw_vee_plan_choose(fill->score, (uint64_t)(i - from) * s->seconds, closed, chosen);
            plan = chosen;
            plan_n = MW_VEE_PLAN_MAX;
        }
        for (uint32_t k = 0; k < plan_n && done == MW_NOT_FOUND; k++)
            done = mw_vee_estimate(q, plan[k], from, i - from, &value[from], stamp);
        if (done != MW_OK && done != MW_NOT_FOUND)
            return done;
        if (done != MW_OK) {
            /* A method that gave up may have written: what is open keeps what came. */
            memcpy(&value[from], &s->value[from], (i - from) * sizeof *value);
            fill->unfilled += i - from;
            continue;
        }
        fill->stamps++;
        fill->filled += i - from;
        for (uint32_t k = from; k < i; k++)
            flags[k] = (flags[k] & ~(uint32_t)(MW_VEE_MISSING | MW_VEE_SUSPECT)) | MW_VEE_ESTIMATED;
    }
    return MW_OK;
}

static bool of_rate(const mw_vee_series *s, const mw_vee_span *p, uint32_t i) {
    return p->rate == 0 || (s->rate != NULL && s->rate[i] == p->rate);
}

/* Gathers the span's estimates, scales them and puts them back. */
static mw_status span_scale(const mw_vee_series *s, const mw_vee_span *p, uint32_t count,
                            mw_arena *scratch, int64_t *value, const uint32_t *flags) {
    size_t mark = scratch->used;
    int64_t *x = mw_arena_take(scratch, count * sizeof *x);
    uint32_t k = 0;
    if (x == NULL)
        return MW_NOMEM;
    for (uint32_t i = p->from; i < p->from + p->n; i++) {
        if (of_rate(s, p, i) && i >= s->first && scalable(flags, i))
            x[k++] = value[i];
    }
    mw_status done = mw_vee_scale(x, count, p->difference - p->valid, scratch);
    k = 0;
    for (uint32_t i = p->from; done == MW_OK && i < p->from + p->n; i++) {
        if (of_rate(s, p, i) && i >= s->first && scalable(flags, i))
            value[i] = x[k++];
    }
    scratch->used = mark;
    return done;
}

static mw_status span_settle(const mw_vee_series *s, mw_vee_span *p, mw_vee_step step,
                             mw_arena *scratch, int64_t *value, const uint32_t *flags) {
    uint32_t count = 0, open = 0;
    for (uint32_t i = p->from; i < p->from + p->n; i++) {
        if (!of_rate(s, p, i))
            continue;
        if ((flags[i] & (MW_VEE_MISSING | MW_VEE_SUSPECT)) != 0) {
            open++;
        } else if (i >= s->first && scalable(flags, i)) {
            count++;
            p->estimated += value[i];
        } else {
            p->valid += value[i];
        }
    }
    if (open > 0)
        p->state = MW_VEE_SPAN_UNFILLED;
    else if (step > MW_VEE_STEP_ROLLOVER)
        p->state = MW_VEE_SPAN_UNRELIABLE;
    else if (count == 0)
        p->state = MW_VEE_SPAN_VALID;
    else if (p->difference < p->valid)
        p->state = MW_VEE_SPAN_NEGATIVE;
    else {
        MW_TRY(span_scale(s, p, count, scratch, value, flags));
        p->state = MW_VEE_SPAN_SCALED;
        p->estimated = p->difference - p->valid;
    }
    p->suspense = p->difference - p->valid - p->estimated;
    return MW_OK;
}

mw_status mw_vee_fill_series(const mw_vee_source *q, mw_vee_fill *fill, mw_arena *scratch,
                             int64_t *out_value, uint32_t *out_flags) {
    const mw_vee_series *s = q->s;
    bool by_rate = s->rate != NULL && s->regs > 0 && s->reg[s->regs - 1].rate > 0;
    MW_TRY(mw_vee_series_check(s));
    if (fill->plan_n > MW_VEE_PLAN_MAX)
        return MW_RANGE;
    fill->stamps = fill->spans = fill->filled = fill->unfilled = 0;
    memcpy(out_value, s->value, s->n * sizeof *out_value);
    memcpy(out_flags, s->flags, s->n * sizeof *out_flags);
    MW_TRY(gaps_fill(q, fill, out_value, out_flags));
    for (uint32_t k = 0; k + 1 < s->regs; k++) {
        const mw_vee_register *a = &s->reg[k], *b = a + 1;
        mw_vee_span p = {.from = a->index, .n = b->index - a->index, .rate = a->rate};
        mw_vee_step step = MW_VEE_STEP_OK;
        if (a->rate != b->rate || (a->rate > 0) != by_rate || b->initial || b->index <= s->first ||
            a->index == b->index)
            continue;
        if (fill->spans == fill->span_room)
            return MW_SPACE;
        MW_TRY(mw_vee_register_step(s, a, b, &p.difference, &step));
        MW_TRY(span_settle(s, &p, step, scratch, out_value, out_flags));
        fill->span[fill->spans++] = p;
    }
    return MW_OK;
}
