/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/validation/screen.h"

enum { REVIEW_DAYS = 30 };

/* value x 10^n, saturated; n may be negative. */
static int64_t scaled(int64_t value, int n) {
    for (; n > 0; n--)
        if (__builtin_mul_overflow(value, 10, &value))
            return INT64_MAX;
    for (; n < 0; n++)
        value /= 10;
    return value;
}

mw_vee_limits mw_screen_limits(const mw_vee_book *b, const mw_window_channel *c) {
    if (c->medium >= MW_VEE_MEDIA)
        return (mw_vee_limits){0};
    int64_t per_hour = b->medium[c->medium].max_per_hour; /* Wh or L */
    int power = -c->scale;
    if (c->unit == MW_UNIT_M3)
        power -= 3;
    else if (c->unit == MW_UNIT_J)
        per_hour = scaled(per_hour, 3) / 10 * 36;
    else if (c->unit != MW_UNIT_WH && c->unit != MW_UNIT_L)
        return (mw_vee_limits){0}; /* pulses of unknown weight: no limit can be told */
    return (mw_vee_limits){.max_per_hour = scaled(per_hour, power)};
}

static int64_t share(const mw_vee_limits *l, uint32_t seconds, int64_t ppm) {
    mw_vee_series s = {.seconds = seconds, .limits = *l};
    return mw_vee_limit_of(&s, 1, l->max_per_hour, ppm);
}

mw_screen mw_screen_of(const mw_vee_book *b, const mw_window_channel *c) {
    const mw_vee_setting *rule = b->rules.rule;
    mw_vee_limits limits = mw_screen_limits(b, c);
    mw_screen s = {.usable = limits.max_per_hour > 0 && !rule[MW_VEE_V19_DYNAMIC].on,
                   .highest = INT64_MAX,
                   .equal = UINT32_MAX};
    if (rule[MW_VEE_V09_REGISTER].on)
        s.usable = s.usable && rule[MW_VEE_V09_REGISTER].t[0] == 0 &&
                   rule[MW_VEE_V09_REGISTER].t[1] == 0 && rule[MW_VEE_V09_REGISTER].t[2] == 0;
    if (!s.usable)
        return s;
    const struct {
        bool on;
        int64_t ppm;
    } bound[] = {
        {true, MW_VEE_PPM}, /* so that register steps stay within the class as well */
        {rule[MW_VEE_V07_HIGH].on, rule[MW_VEE_V07_HIGH].t[0]},
        {rule[MW_VEE_V08_SPIKE].on, rule[MW_VEE_V08_SPIKE].t[1]},
        {rule[MW_VEE_V12_TOLERANCE].on, rule[MW_VEE_V12_TOLERANCE].t[1]},
    };
    for (unsigned i = 0; i < sizeof bound / sizeof bound[0]; i++) {
        int64_t v = share(&limits, c->grid_s, bound[i].ppm);
        s.highest = bound[i].on && v < s.highest ? v : s.highest;
    }
    if (rule[MW_VEE_V15_STATIC].on)
        s.equal = (uint32_t)rule[MW_VEE_V15_STATIC].t[0];
    /* A longer run would have to be counted back beyond the window. */
    s.usable = s.usable && (s.equal == UINT32_MAX || s.equal <= 86400 / c->grid_s);
    return s;
}

/* Values that do not change, or a day that is the day before over again. Local days begin anywhere,
 * and one of 23 hours is shorter: three quarters of a day are held to be one. */
static bool repeats(const mw_screen *s, const mw_window *w, uint32_t from, uint32_t to) {
    uint32_t day = 86400 / w->seconds, equal = 0, same = 0;
    bool any = false;
    uint32_t back = from < day ? from : day;
    for (uint32_t i = from - back; i < to; i++) {
        bool there = (w->raw_flags[i] & MW_VEE_MISSING) == 0;
        bool as_before = i > 0 && there && (w->raw_flags[i - 1] & MW_VEE_MISSING) == 0 &&
                         w->raw[i] == w->raw[i - 1];
        equal = as_before ? equal + 1 : 1;
        if (i >= from && there && w->raw[i] != 0 && equal >= s->equal)
            return true;
        bool as_yesterday = i >= day && there && (w->raw_flags[i - day] & MW_VEE_MISSING) == 0 &&
                            w->raw[i] == w->raw[i - day];
        any = as_yesterday && (any || w->raw[i] != 0);
        same = as_yesterday ? same + 1 : 0;
        if (s->equal != UINT32_MAX && i >= from && any && same >= day * 3 / 4)
            return true;
    }
    return false;
}

/* Every pair of readings that reaches into [from, to) went forward by the sum between them. */
static bool registers_agree(const mw_window *w, uint32_t from, uint32_t to) {
    if (w->regs < 2 || w->reg[0].index > from || w->reg[w->regs - 1].index < to)
        return false;
    for (uint32_t k = 0; k + 1 < w->regs; k++) {
        const mw_vee_register *a = &w->reg[k], *b = a + 1;
        int64_t sum = 0;
        if (b->index <= from || a->index >= to)
            continue;
        if (b->initial)
            return false;
        for (uint32_t i = a->index; i < b->index; i++) {
            if ((w->raw_flags[i] & MW_VEE_MISSING) != 0)
                return false;
            sum += w->raw[i];
        }
        if (b->value - a->value != sum)
            return false;
    }
    return true;
}

bool mw_screen_clean(const mw_screen *s, const mw_window *w, uint32_t from, uint32_t to) {
    bool any = false;
    if (!s->usable || w->overlaid || from >= to || to > w->n)
        return false;
    for (uint32_t i = from; i < to; i++) {
        if (w->raw_flags[i] != 0 || w->raw[i] < 0 || w->raw[i] > s->highest)
            return false;
        any = any || w->raw[i] != 0;
    }
    /* Zeros are for the rule that counts them back over weeks: it has its turns. */
    return registers_agree(w, from, to) && !(any && repeats(s, w, from, to));
}

bool mw_screen_review(const mw_window_channel *c, const mw_window *w, uint32_t from, uint32_t to) {
    int64_t first = mw_utc_floor_s(mw_window_time(w, from)) / 86400,
            last = mw_utc_floor_s(mw_window_time(w, to)) / 86400;
    for (int64_t day = first; day < last; day++)
        if ((day + c->channel) % REVIEW_DAYS == 0)
            return true;
    return false;
}
