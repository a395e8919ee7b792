/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/vee/series.h"

#include "platform/vee/wide.h"

mw_status mw_vee_chain_apply(const mw_vee_chain *c, int64_t raw, int64_t *out_value) {
    mw_wide num = raw < 0 ? -(mw_wide)raw : raw, den = 1;
    if (c->n > MW_VEE_CHAIN_MAX)
        return MW_RANGE;
    for (unsigned i = 0; i < c->n; i++) {
        mw_vee_factor f = c->factor[i];
        if (f.num <= 0 || f.den <= 0)
            return MW_RANGE;
        if (__builtin_mul_overflow(num, (mw_wide)f.num, &num) ||
            __builtin_mul_overflow(den, (mw_wide)f.den, &den))
            return MW_RANGE;
        mw_wide a = num, b = den; /* kept in lowest terms so that long chains fit */
        while (b != 0) {
            mw_wide r = a % b;
            a = b;
            b = r;
        }
        if (a > 1) {
            num /= a;
            den /= a;
        }
    }
    mw_wide value = num / den;
    value += (num % den) >= den - num % den;
    if (value > INT64_MAX)
        return MW_RANGE;
    *out_value = raw < 0 ? -(int64_t)value : (int64_t)value;
    return MW_OK;
}

int64_t mw_vee_muldiv(int64_t a, int64_t b, int64_t c) {
    mw_wide p = (mw_wide)a * b, q = p / c;
    q -= p % c != 0 && p < 0;
    return q > INT64_MAX ? INT64_MAX : q < INT64_MIN ? INT64_MIN : (int64_t)q;
}

int64_t mw_vee_ratio_ppm(int64_t a, int64_t b) {
    if (b <= 0)
        return a == 0 ? 0 : INT64_MAX;
    return mw_vee_muldiv(a, MW_VEE_PPM, b);
}

int64_t mw_vee_limit_of(const mw_vee_series *s, uint32_t intervals, int64_t per_hour, int64_t ppm) {
    if (per_hour <= 0)
        return INT64_MAX;
    mw_wide v = (mw_wide)per_hour * intervals * s->seconds;
    v = v / 3600 * ppm / MW_VEE_PPM + v % 3600 * ppm / MW_VEE_PPM / 3600;
    return v > INT64_MAX ? INT64_MAX : (int64_t)v;
}

int64_t mw_vee_lsb(const mw_vee_series *s) {
    int64_t v = 1;
    if (mw_vee_chain_apply(&s->chain, 1, &v) != MW_OK || v < 1)
        return 1;
    return v;
}

static int64_t wrap_of(const mw_vee_series *s) {
    int64_t wrap = 1;
    for (unsigned i = 0; i < s->register_digits; i++)
        wrap *= 10;
    return wrap;
}

mw_status mw_vee_register_step(const mw_vee_series *s, const mw_vee_register *a,
                               const mw_vee_register *b, int64_t *out_difference,
                               mw_vee_step *out_step) {
    int64_t wrap = wrap_of(s), raw = b->value - a->value, value = 0;
    int64_t limit = mw_vee_limit_of(s, b->index - a->index, s->limits.max_per_hour, 1100000);
    bool known = limit != INT64_MAX;
    mw_vee_step step = MW_VEE_STEP_OK;
    if (raw < 0) {
        int64_t around = 0, from_zero = 0;
        MW_TRY(mw_vee_chain_apply(&s->chain, raw + wrap, &around));
        MW_TRY(mw_vee_chain_apply(&s->chain, b->value, &from_zero));
        bool fits =
            known ? around <= limit : a->value >= wrap - wrap / 10 && b->value < (wrap + 9) / 10;
        if (fits) {
            *out_difference = around;
            *out_step = MW_VEE_STEP_ROLLOVER;
            return MW_OK;
        }
        if (b->value < a->value / 10 && from_zero <= limit) {
            *out_difference = from_zero;
            *out_step = MW_VEE_STEP_RESET;
            return MW_OK;
        }
        step = MW_VEE_STEP_BACKWARDS;
    }
    MW_TRY(mw_vee_chain_apply(&s->chain, raw, &value));
    *out_difference = value;
    *out_step = value > limit ? MW_VEE_STEP_FAST : step;
    return MW_OK;
}

mw_status mw_vee_series_check(const mw_vee_series *s) {
    if (s->n > MW_VEE_INTERVALS_MAX || s->siblings > MW_VEE_SIBLINGS_MAX)
        return MW_LIMIT;
    if (s->seconds == 0 || s->first > s->n || s->register_digits < 1 || s->register_digits > 18)
        return MW_RANGE;
    int64_t probe = 0, wrap = wrap_of(s);
    MW_TRY(mw_vee_chain_apply(&s->chain, wrap - 1, &probe));
    for (uint32_t i = 0; i < s->n; i++) {
        if (s->value[i] > MW_VEE_VALUE_MAX || s->value[i] < -MW_VEE_VALUE_MAX)
            return MW_RANGE;
    }
    for (uint32_t i = 0; i < s->regs; i++) {
        const mw_vee_register *r = &s->reg[i];
        if (r->index > s->n || r->value < 0 || r->value >= wrap)
            return MW_RANGE;
        if (i > 0 && (r->rate < r[-1].rate || (r->rate == r[-1].rate && r->index < r[-1].index)))
            return MW_RANGE;
    }
    for (uint32_t i = 0; i < s->duplicates; i++) {
        if (s->duplicate[i].index >= s->n)
            return MW_RANGE;
    }
    uint32_t next = 0;
    for (uint32_t i = 0; i < s->days; i++) {
        if (s->day[i].first != next || s->day[i].n == 0 || s->day[i].weekday > 6)
            return MW_RANGE;
        next += s->day[i].n;
    }
    return s->days > 0 && next != s->n ? MW_RANGE : MW_OK;
}

/* --- local days ------------------------------------------------------------------------------ */

static int32_t offset_at(const mw_vee_offset *offset, uint32_t offsets, int64_t at_s) {
    uint32_t k = 0;
    while (k + 1 < offsets && mw_utc_floor_s(offset[k + 1].at) <= at_s)
        k++;
    return offset[k].seconds;
}

mw_status mw_vee_days_make(const mw_vee_series *s, const mw_vee_offset *offset, uint32_t offsets,
                           mw_vee_day *out_day, uint32_t room, uint32_t *out_days) {
    if (offsets == 0 || 86400 % s->seconds != 0)
        return MW_RANGE;
    uint32_t days = 0;
    int64_t last_day = INT64_MIN, step = s->seconds, start = mw_utc_floor_s(s->start);
    for (uint32_t i = 0; i < s->n; i++) {
        int64_t at = start + step * i;
        int64_t local = at + offset_at(offset, offsets, at);
        int64_t number = local / 86400 - (local % 86400 < 0);
        int64_t slot = (local - number * 86400) / step;
        if (number > last_day) {
            if (days == room)
                return MW_SPACE;
            out_day[days++] = (mw_vee_day){.first = i,
                                           .slot0 = (uint16_t)slot,
                                           .slots = (uint16_t)(86400 / step),
                                           .shift_at = UINT16_MAX,
                                           .weekday = (uint8_t)mw_weekday_of_days(number),
                                           .temperature_cc = MW_VEE_NO_TEMPERATURE};
            last_day = number;
        }
        mw_vee_day *d = &out_day[days - 1];
        int64_t expected = d->slot0 + (d->shift_at == UINT16_MAX ? 0 : d->shift) + d->n;
        if (slot != expected && d->shift_at == UINT16_MAX) {
            d->shift_at = d->n;
            d->shift = (int16_t)(slot - expected);
        }
        d->n++;
    }
    *out_days = days;
    return MW_OK;
}

uint32_t mw_vee_day_of(const mw_vee_series *s, uint32_t i) {
    uint32_t lo = 0, hi = s->days;
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (s->day[mid].first + s->day[mid].n <= i)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

unsigned mw_vee_slot_of(const mw_vee_day *d, uint32_t i) {
    unsigned position = i - d->first;
    return (unsigned)((int)(d->slot0 + position) + (position >= d->shift_at ? d->shift : 0));
}

uint32_t mw_vee_interval_of(const mw_vee_series *s, const mw_vee_day *d, unsigned slot) {
    int position = (int)slot - d->slot0;
    if (position >= 0 && position < d->n && position < d->shift_at)
        return d->first + (uint32_t)position;
    position -= d->shift;
    if (d->shift_at != UINT16_MAX && position >= d->shift_at && position < d->n)
        return d->first + (uint32_t)position;
    return s->n;
}

int mw_vee_likeness(const mw_vee_day *day, const mw_vee_day *candidate) {
    static const int8_t order[7][3] = {{0, -1, -1}, {1, 2, 3},   {2, 1, 3},  {3, 2, 1},
                                       {4, -1, -1}, {5, -1, -1}, {6, -1, -1}};
    int want = day->holiday ? 6 : day->weekday, have = candidate->holiday ? 6 : candidate->weekday;
    for (int k = 0; k < 3; k++) {
        if (order[want][k] == have)
            return k;
    }
    return -1;
}
