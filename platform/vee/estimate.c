/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/vee/estimate.h"

const mw_vee_estimate_options mw_vee_estimate_preset = {.linear_max_s = 3600,
                                                        .lookback_days = 21,
                                                        .lookahead_days = 0,
                                                        .like_days = 3,
                                                        .like_least = 1};

static bool usable(const mw_vee_source *q, uint32_t i) {
    return i - q->hide_from >= q->hide_n && (q->s->flags[i] & MW_VEE_UNUSABLE) == 0;
}

static int64_t not_negative(int64_t v) {
    return v < 0 ? 0 : v;
}

static void stamp_input(mw_vee_stamp *stamp, uint32_t i) {
    for (uint32_t k = 0; k < stamp->inputs && k < MW_VEE_INPUTS_MAX; k++) {
        if (stamp->input[k] == i)
            return;
    }
    if (stamp->inputs < MW_VEE_INPUTS_MAX)
        stamp->input[stamp->inputs] = i;
    stamp->inputs++;
}

/* --- other sources ---------------------------------------------------------------------------- */

static mw_status from_flow(const mw_vee_flow *f, uint32_t from, uint32_t n, int64_t *out,
                           mw_vee_stamp *stamp) {
    for (uint32_t k = 0; k < n; k++) {
        if (f->value == NULL || (f->flags[from + k] & MW_VEE_UNUSABLE) != 0 ||
            f->value[from + k] < 0)
            return MW_NOT_FOUND;
        out[k] = f->value[from + k];
    }
    stamp->inputs = n;
    stamp->input[0] = from;
    return MW_OK;
}

static mw_status from_node(const mw_vee_source *q, uint32_t from, uint32_t n, int64_t *out,
                           mw_vee_stamp *stamp) {
    if (q->ins == 0)
        return MW_NOT_FOUND;
    for (uint32_t k = 0; k < n; k++) {
        int64_t left = 0;
        for (uint32_t f = 0; f < q->ins + q->outs; f++) {
            const mw_vee_flow *flow = f < q->ins ? &q->in[f] : &q->out[f - q->ins];
            if ((flow->flags[from + k] & MW_VEE_UNUSABLE) != 0)
                return MW_NOT_FOUND;
            left += f < q->ins ? flow->value[from + k] : -flow->value[from + k];
        }
        if (left < 0)
            return MW_NOT_FOUND; /* the balance contradicts itself */
        out[k] = left;
    }
    stamp->inputs = q->ins + q->outs;
    return MW_OK;
}

/* --- the meter's own past --------------------------------------------------------------------- */

static mw_status linear(const mw_vee_source *q, uint32_t from, uint32_t n, int64_t *out,
                        mw_vee_stamp *stamp) {
    const mw_vee_series *s = q->s;
    bool left = from > 0 && usable(q, from - 1);
    bool right = from + n < s->n && usable(q, from + n);
    if ((uint64_t)n * s->seconds > q->options.linear_max_s || (!left && !right))
        return MW_NOT_FOUND;
    int64_t a = s->value[left ? from - 1 : from + n], b = s->value[right ? from + n : from - 1];
    for (uint32_t k = 0; k < n; k++)
        out[k] = not_negative(a + mw_vee_muldiv(b - a, (int64_t)k + 1, (int64_t)n + 1));
    if (left)
        stamp_input(stamp, from - 1);
    if (right)
        stamp_input(stamp, from + n);
    return MW_OK;
}

/* A day to draw on: whole, and every interval usable. */
static bool day_good(const mw_vee_source *q, const mw_vee_day *d) {
    int slots = d->n + (d->shift_at == UINT16_MAX ? 0 : d->shift);
    if (d->slot0 != 0 || slots != d->slots)
        return false;
    for (uint32_t i = d->first; i < d->first + d->n; i++) {
        if (!usable(q, i))
            return false;
    }
    return true;
}

/* The k-th neighbour of a day by distance, the past first: -1, +1, -2, +2 ... within the options'
 * reach. False past the last; *out_day = s->days when that place is outside. */
static bool neighbour(const mw_vee_source *q, uint32_t day, uint32_t k, uint32_t *out_day) {
    uint32_t back = q->options.lookback_days, ahead = q->options.lookahead_days;
    uint32_t distance = k / 2 + 1;
    if (distance > back && distance > ahead)
        return false;
    *out_day = q->s->days;
    if (k % 2 == 0 && distance <= back && distance <= day)
        *out_day = day - distance;
    if (k % 2 == 1 && distance <= ahead && day + distance < q->s->days)
        *out_day = day + distance;
    return true;
}

static uint32_t like_days_find(const mw_vee_source *q, uint32_t day,
                               uint32_t out_days[MW_VEE_INPUTS_MAX]) {
    const mw_vee_series *s = q->s;
    uint32_t found = 0, at = 0;
    for (int rank = 0; rank < 3; rank++) {
        for (uint32_t k = 0; found < q->options.like_days && neighbour(q, day, k, &at); k++) {
            if (at < s->days && mw_vee_likeness(&s->day[day], &s->day[at]) == rank &&
                day_good(q, &s->day[at]))
                out_days[found++] = at;
        }
    }
    return found;
}

/* The mean of a slot over days that have it; -1 when none has. */
static int64_t slot_mean(const mw_vee_series *s, const uint32_t *days, uint32_t n, unsigned slot) {
    int64_t sum = 0, count = 0;
    for (uint32_t k = 0; k < n; k++) {
        uint32_t i = mw_vee_interval_of(s, &s->day[days[k]], slot);
        if (i < s->n) {
            sum += s->value[i];
            count++;
        }
    }
    return count == 0 ? -1 : not_negative((sum + count / 2) / count);
}

/* The good like day nearest in temperature; of equals the nearest in time. */
static uint32_t proxy_day_find(const mw_vee_source *q, uint32_t day, uint32_t out_days[1]) {
    const mw_vee_series *s = q->s;
    int64_t want = s->day[day].temperature_cc, best = INT64_MAX;
    uint32_t at = 0;
    for (uint32_t k = 0; want != MW_VEE_NO_TEMPERATURE && neighbour(q, day, k, &at); k++) {
        if (at >= s->days || mw_vee_likeness(&s->day[day], &s->day[at]) < 0 ||
            s->day[at].temperature_cc == MW_VEE_NO_TEMPERATURE || !day_good(q, &s->day[at]))
            continue;
        int64_t off = want - s->day[at].temperature_cc;
        off = off < 0 ? -off : off;
        if (off < best) {
            best = off;
            out_days[0] = at;
        }
    }
    return best != INT64_MAX;
}

static mw_status by_days(const mw_vee_source *q, bool proxy, uint32_t from, uint32_t n,
                         int64_t *out, mw_vee_stamp *stamp) {
    const mw_vee_series *s = q->s;
    uint32_t i = from;
    for (uint32_t day = mw_vee_day_of(s, from); i < from + n; day++) {
        uint32_t use[MW_VEE_INPUTS_MAX];
        if (day >= s->days)
            return MW_NOT_FOUND;
        uint32_t found = proxy ? proxy_day_find(q, day, use) : like_days_find(q, day, use);
        if (found < (proxy ? 1 : q->options.like_least))
            return MW_NOT_FOUND;
        for (uint32_t k = 0; k < found; k++)
            stamp_input(stamp, s->day[use[k]].first);
        uint32_t end = s->day[day].first + s->day[day].n;
        for (; i < end && i < from + n; i++) {
            out[i - from] = slot_mean(s, use, found, mw_vee_slot_of(&s->day[day], i));
            if (out[i - from] < 0)
                return MW_NOT_FOUND;
        }
    }
    return MW_OK;
}

/* The average day from at least one day's worth of usable intervals before the gap; -1 if none. */
static int64_t average_day(const mw_vee_source *q, uint32_t from) {
    const mw_vee_series *s = q->s;
    uint32_t per_day = 86400 / s->seconds, reach = q->options.lookback_days * per_day, count = 0;
    int64_t sum = 0;
    for (uint32_t i = from > reach ? from - reach : 0; i < from; i++) {
        if (usable(q, i)) {
            sum += s->value[i];
            count++;
        }
    }
    if (count < per_day)
        return q->daily_usage > 0 ? q->daily_usage : -1;
    return not_negative(mw_vee_muldiv(sum, per_day, count));
}

static mw_status profile(const mw_vee_source *q, uint32_t from, uint32_t n, int64_t *out,
                         mw_vee_stamp *stamp) {
    const mw_vee_series *s = q->s;
    const mw_vee_profile *p = q->profile;
    int64_t day_usage = average_day(q, from), week = 0;
    if (p == NULL || day_usage < 0 || p->slots != 86400 / s->seconds)
        return MW_NOT_FOUND;
    for (uint32_t slot = 0; slot < p->slots; slot++)
        week += 5 * p->weight[0][slot] + p->weight[1][slot] + p->weight[2][slot];
    if (week <= 0)
        return MW_NOT_FOUND;
    for (uint32_t k = 0; k < n; k++) {
        uint32_t day = mw_vee_day_of(s, from + k);
        if (day >= s->days)
            return MW_NOT_FOUND;
        const mw_vee_day *d = &s->day[day];
        unsigned type = d->holiday || d->weekday == 6 ? 2 : d->weekday == 5 ? 1 : 0;
        int64_t weight = p->weight[type][mw_vee_slot_of(d, from + k) % p->slots];
        out[k] = not_negative(mw_vee_muldiv(day_usage, 7 * weight, week));
    }
    stamp_input(stamp, from);
    return MW_OK;
}

/* Evenly, so that any whole day of it is the average day to the unit. */
static mw_status flat(const mw_vee_source *q, uint32_t from, uint32_t n, int64_t *out,
                      mw_vee_stamp *stamp) {
    int64_t day_usage = average_day(q, from), slots = 86400 / q->s->seconds;
    if (day_usage < 0)
        return MW_NOT_FOUND;
    for (int64_t k = 0; k < n; k++)
        out[k] = mw_vee_muldiv(day_usage, k + 1, slots) - mw_vee_muldiv(day_usage, k, slots);
    stamp_input(stamp, from);
    return MW_OK;
}

/* What the registers around the gap leave, shared evenly by all that is not usable between them. */
static mw_status prorate(const mw_vee_source *q, uint32_t from, uint32_t n, int64_t *out,
                         mw_vee_stamp *stamp) {
    const mw_vee_series *s = q->s;
    for (uint32_t k = 0; k + 1 < s->regs; k++) {
        const mw_vee_register *a = &s->reg[k], *b = a + 1;
        int64_t left = 0, open = 0;
        mw_vee_step step = MW_VEE_STEP_OK;
        if (a->rate != 0 || b->rate != 0 || b->initial || a->index > from || b->index < from + n ||
            mw_vee_register_step(s, a, b, &left, &step) != MW_OK || step > MW_VEE_STEP_ROLLOVER)
            continue;
        for (uint32_t i = a->index; i < b->index; i++) {
            if (usable(q, i))
                left -= s->value[i];
            else
                open++;
        }
        if (left < 0 || open < n)
            return MW_NOT_FOUND;
        for (int64_t i = 0; i < n; i++)
            out[i] = mw_vee_muldiv(left, i + 1, open) - mw_vee_muldiv(left, i, open);
        stamp_input(stamp, a->index);
        stamp_input(stamp, b->index);
        return MW_OK;
    }
    return MW_NOT_FOUND;
}

mw_status mw_vee_estimate(const mw_vee_source *q, mw_vee_method method, uint32_t from, uint32_t n,
                          int64_t *out_value, mw_vee_stamp *out_stamp) {
    mw_vee_stamp stamp = {
        .method = method, .version = MW_VEE_ESTIMATE_VERSION, .from = from, .n = n};
    mw_status s = MW_UNSUPPORTED;
    const mw_vee_estimate_options *o = &q->options;
    if (n == 0 || from > q->s->n || n > q->s->n - from || o->like_days > MW_VEE_INPUTS_MAX ||
        o->like_least == 0 || o->lookback_days > 366 || o->lookahead_days > 366 ||
        q->ins > MW_VEE_FLOWS_MAX || q->outs > MW_VEE_FLOWS_MAX)
        return MW_RANGE;
    switch (method) {
    case MW_VEE_E1_ALTERNATE:
        s = from_flow(&q->alternate, from, n, out_value, &stamp);
        break;
    case MW_VEE_E2_NODE:
        s = from_node(q, from, n, out_value, &stamp);
        break;
    case MW_VEE_E3_INFERRED:
        s = from_flow(&q->inferred, from, n, out_value, &stamp);
        break;
    case MW_VEE_E4_LINEAR:
        s = linear(q, from, n, out_value, &stamp);
        break;
    case MW_VEE_E5_LIKE_DAYS:
    case MW_VEE_E6_PROXY_DAY:
        s = by_days(q, method == MW_VEE_E6_PROXY_DAY, from, n, out_value, &stamp);
        break;
    case MW_VEE_E7_PROFILE:
        s = profile(q, from, n, out_value, &stamp);
        break;
    case MW_VEE_E8_FLAT:
        s = flat(q, from, n, out_value, &stamp);
        break;
    case MW_VEE_E10_PRORATE:
        s = prorate(q, from, n, out_value, &stamp);
        break;
    case MW_VEE_NO_METHOD:
    case MW_VEE_E9_REGISTER:
    case MW_VEE_E11_FINAL:
    case MW_VEE_METHODS:
        break;
    }
    if (s == MW_OK)
        *out_stamp = stamp;
    return s;
}
