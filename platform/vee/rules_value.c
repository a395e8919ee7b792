/* SPDX-License-Identifier: Apache-2.0
 *
 * Rules that look at interval values alone: V03, V07, V08, V11..V15, V19.
 */
#include "platform/vee/rules_internal.h"
#include "platform/vee/wide.h"

/* A share of what the meter class can pass in one interval; 0 when that is not known. */
static int64_t floor_of(const mw_vee_series *s, int64_t ppm) {
    int64_t v = mw_vee_limit_of(s, 1, s->limits.max_per_hour, ppm);
    return v == INT64_MAX ? 0 : v;
}

static int64_t difference(int64_t a, int64_t b) {
    return a > b ? a - b : b - a;
}

MW_VEE_CHECK(gap) {
    for (uint32_t i = s->first; i < s->n;) {
        uint32_t from = i;
        while (i < s->n && !mw_vee_present(s, i))
            i++;
        if (i > from && i - from >= set->t[0])
            mw_vee_found(out, set,
                         (mw_vee_finding){.rule = MW_VEE_V03_GAP,
                                          .from = from,
                                          .n = i - from,
                                          .input = {i - from, s->n - s->first},
                                          .threshold = set->t[0]});
        i += i == from;
    }
}

MW_VEE_CHECK(high) {
    int64_t limit = mw_vee_limit_of(s, 1, s->limits.max_per_hour, set->t[0]);
    int64_t contract = mw_vee_limit_of(s, 1, s->limits.contract_per_hour, MW_VEE_PPM);
    limit = contract < limit ? contract : limit;
    for (uint32_t i = s->first; i < s->n; i++) {
        if (mw_vee_present(s, i) && s->value[i] > limit)
            mw_vee_found(out, set,
                         (mw_vee_finding){.rule = MW_VEE_V07_HIGH,
                                          .from = i,
                                          .n = 1,
                                          .input = {s->value[i]},
                                          .threshold = limit});
    }
}

/* A peak that comes at the same time on each of the last like days is a habit: at least half of it
 * each time. */
static bool spike_repeats(const mw_vee_series *s, uint32_t day, uint32_t at, int64_t like_days) {
    const mw_vee_day *d = &s->day[day];
    int64_t seen = 0;
    for (uint32_t k = day; k-- > 0 && seen < like_days && day - k <= 35;) {
        if (mw_vee_likeness(d, &s->day[k]) < 0)
            continue;
        uint32_t i = mw_vee_interval_of(s, &s->day[k], mw_vee_slot_of(d, at));
        if (i >= s->n || (s->flags[i] & MW_VEE_UNUSABLE) != 0)
            continue;
        if (s->value[i] < s->value[at] / 2)
            return false;
        seen++;
    }
    return seen == like_days;
}

MW_VEE_CHECK(spike) {
    int64_t floor = floor_of(s, set->t[1]);
    for (uint32_t k = mw_vee_day_of(s, s->first); k < s->days; k++) {
        const mw_vee_day *d = &s->day[k];
        int64_t top[3] = {-1, -1, -1};
        uint32_t at = d->first;
        for (uint32_t i = d->first; i < d->first + d->n; i++) {
            int64_t v = mw_vee_present(s, i) ? s->value[i] : -1;
            at = v > top[0] ? i : at;
            for (unsigned j = 0; j < 3; j++) {
                if (v > top[j]) {
                    int64_t lower = top[j];
                    top[j] = v;
                    v = lower;
                }
            }
        }
        if (at < s->first || top[2] <= 0 || top[0] <= floor)
            continue;
        int64_t excess = mw_vee_ratio_ppm(top[0] - top[2], top[2]);
        if (excess > set->t[0] && !spike_repeats(s, k, at, set->t[2]))
            mw_vee_found(out, set,
                         (mw_vee_finding){.rule = MW_VEE_V08_SPIKE,
                                          .from = at,
                                          .n = 1,
                                          .input = {excess, top[0], top[2]},
                                          .threshold = set->t[0]});
    }
}

static int64_t peak_of(const mw_vee_series *s, uint32_t from, uint32_t to, uint32_t *out_present) {
    int64_t peak = 0;
    uint32_t present = 0;
    for (uint32_t i = from; i < to; i++) {
        if ((s->flags[i] & MW_VEE_UNUSABLE) != 0)
            continue;
        present++;
        peak = s->value[i] > peak ? s->value[i] : peak;
    }
    *out_present = present;
    return peak;
}

static uint32_t intervals_of_days(const mw_vee_series *s, int64_t days) {
    return (uint32_t)(days * 86400 / s->seconds);
}

MW_VEE_CHECK(peak) {
    uint32_t window = intervals_of_days(s, set->t[1]), n = 0, before = 0;
    window = s->n - s->first > window ? s->n - s->first : window;
    if (s->first < window)
        return;
    int64_t now = peak_of(s, s->first, s->n, &n);
    int64_t past = peak_of(s, s->first - window, s->first, &before);
    int64_t ratio = mw_vee_ratio_ppm(now, past);
    if (before > window / 2 && past > 0 && ratio > set->t[0])
        mw_vee_found(out, set,
                     (mw_vee_finding){.rule = MW_VEE_V11_PEAK,
                                      .from = s->first,
                                      .n = s->n - s->first,
                                      .input = {ratio, now, past},
                                      .threshold = set->t[0]});
}

MW_VEE_CHECK(tolerance) {
    int64_t floor = floor_of(s, set->t[1]);
    for (uint32_t i = s->first > 0 ? s->first : 1; i < s->n; i++) {
        if (!mw_vee_present(s, i) || !mw_vee_present(s, i - 1) || s->value[i - 1] <= 0)
            continue;
        int64_t change = difference(s->value[i], s->value[i - 1]);
        int64_t ratio = mw_vee_ratio_ppm(change, s->value[i - 1]);
        if (change > floor && ratio > set->t[0])
            mw_vee_found(out, set,
                         (mw_vee_finding){.rule = MW_VEE_V12_TOLERANCE,
                                          .from = i,
                                          .n = 1,
                                          .input = {ratio, s->value[i], s->value[i - 1]},
                                          .threshold = set->t[0]});
    }
}

/* Counts back from the end: what is missing neither breaks nor lengthens the run, and an outage,
 * disconnection or vacancy explains it. */
MW_VEE_CHECK(zero) {
    uint32_t zeros = 0, i = s->n;
    for (; i > 0; i--) {
        if ((s->flags[i - 1] & (MW_VEE_OUTAGE | MW_VEE_DISCONNECTED | MW_VEE_VACANT)) != 0)
            break;
        if (!mw_vee_present(s, i - 1))
            continue;
        if (s->value[i - 1] != 0)
            break;
        zeros++;
    }
    uint32_t limit = intervals_of_days(s, set->t[0]);
    if (zeros >= limit)
        mw_vee_found(out, set,
                     (mw_vee_finding){.rule = MW_VEE_V13_ZERO,
                                      .from = i,
                                      .n = s->n - i,
                                      .input = {zeros},
                                      .threshold = limit});
}

static void static_runs(const mw_vee_series *s, const mw_vee_setting *set, mw_vee_findings *out) {
    for (uint32_t i = s->first; i < s->n;) {
        uint32_t from = i;
        while (i < s->n && mw_vee_present(s, i) && s->value[i] == s->value[from])
            i++;
        /* A run that began in the history counts whole. */
        while (i > from && from > 0 && mw_vee_present(s, from - 1) &&
               s->value[from - 1] == s->value[i - 1])
            from--;
        if (i > from && s->value[from] != 0 && i - from >= set->t[0])
            mw_vee_found(out, set,
                         (mw_vee_finding){.rule = MW_VEE_V15_STATIC,
                                          .from = from,
                                          .n = i - from,
                                          .input = {i - from, s->value[from]},
                                          .threshold = set->t[0]});
        i += i == from;
    }
}

static bool days_identical(const mw_vee_series *s, const mw_vee_day *a, const mw_vee_day *b) {
    bool any = false;
    if (a->n != b->n || a->n != a->slots)
        return false;
    for (uint32_t i = 0; i < a->n; i++) {
        if (!mw_vee_present(s, a->first + i) || !mw_vee_present(s, b->first + i) ||
            s->value[a->first + i] != s->value[b->first + i])
            return false;
        any = any || s->value[a->first + i] != 0;
    }
    return any;
}

MW_VEE_CHECK(static) {
    static_runs(s, set, out);
    for (uint32_t k = mw_vee_day_of(s, s->first); k < s->days; k++) {
        if (k > 0 && s->day[k].first >= s->first && days_identical(s, &s->day[k - 1], &s->day[k]))
            mw_vee_found(out, set,
                         (mw_vee_finding){.rule = MW_VEE_V15_STATIC,
                                          .from = s->day[k].first,
                                          .n = s->day[k].n,
                                          .input = {s->day[k].n, s->value[s->day[k].first]},
                                          .threshold = s->day[k].n});
    }
}

/* --- V19 -------------------------------------------------------------------------------------- */

typedef struct window {
    uint32_t from, to, present, zeros, outages;
    int64_t sum, min, max;
} window;

static window window_of(const mw_vee_series *s, uint32_t from, uint32_t to) {
    window w = {.from = from, .to = to, .min = INT64_MAX, .max = INT64_MIN};
    for (uint32_t i = from; i < to; i++) {
        w.outages += (s->flags[i] & MW_VEE_OUTAGE) != 0;
        if ((s->flags[i] & MW_VEE_UNUSABLE) != 0)
            continue;
        int64_t v = s->value[i];
        w.present++;
        w.zeros += v == 0;
        w.sum += v;
        w.min = v < w.min ? v : w.min;
        w.max = v > w.max ? v : w.max;
    }
    return w;
}

/* The lower median by halving the range of values: no memory, at most 64 passes. */
static int64_t median_of(const mw_vee_series *s, const window *w) {
    int64_t lo = w->min, hi = w->max;
    while (lo < hi) {
        int64_t mid = lo + (hi - lo) / 2;
        uint32_t below = 0;
        for (uint32_t i = w->from; i < w->to; i++)
            below += (s->flags[i] & MW_VEE_UNUSABLE) == 0 && s->value[i] <= mid;
        if (below * 2u >= w->present)
            hi = mid;
        else
            lo = mid + 1;
    }
    return lo;
}

static int64_t deviation_of(const mw_vee_series *s, const window *w) {
    int64_t mean = w->sum / w->present;
    mw_uwide square = 0;
    for (uint32_t i = w->from; i < w->to; i++) {
        if ((s->flags[i] & MW_VEE_UNUSABLE) != 0)
            continue;
        uint64_t d = (uint64_t)difference(s->value[i], mean);
        square += (mw_uwide)d * d;
    }
    square /= w->present;
    uint64_t root = 0;
    for (int bit = 62; bit >= 0; bit--) {
        uint64_t r = root | UINT64_C(1) << bit;
        if ((mw_uwide)r * r <= square)
            root = r;
    }
    return (int64_t)root;
}

static void dynamic_total(const mw_vee_series *s, const mw_vee_setting *set, const window *past,
                          mw_vee_findings *out) {
    window now = window_of(s, s->first, s->n);
    mw_vee_statistic kind = (mw_vee_statistic)set->t[0];
    int64_t a = kind == MW_VEE_SUM ? now.sum : kind == MW_VEE_ZEROS ? now.zeros : now.outages;
    int64_t b = kind == MW_VEE_SUM ? past->sum : kind == MW_VEE_ZEROS ? past->zeros : past->outages;
    b = mw_vee_muldiv(b, s->n - s->first, past->to - past->from);
    int64_t limit = mw_vee_muldiv(b, set->t[1], MW_VEE_PPM);
    if (a > limit)
        mw_vee_found(out, set,
                     (mw_vee_finding){.rule = MW_VEE_V19_DYNAMIC,
                                      .from = s->first,
                                      .n = s->n - s->first,
                                      .input = {a, b, kind},
                                      .threshold = limit});
}

MW_VEE_CHECK(dynamic) {
    uint32_t length = intervals_of_days(s, set->t[2]);
    window past = window_of(s, s->first > length ? s->first - length : 0, s->first);
    mw_vee_statistic kind = (mw_vee_statistic)set->t[0];
    if (past.present == 0)
        return;
    if (kind == MW_VEE_SUM || kind == MW_VEE_ZEROS || kind == MW_VEE_OUTAGES) {
        dynamic_total(s, set, &past, out);
        return;
    }
    int64_t mean = past.sum / past.present, centre = kind == MW_VEE_DEVIATION ? mean : 0;
    int64_t figure = kind == MW_VEE_MIN      ? past.min
                     : kind == MW_VEE_MAX    ? past.max
                     : kind == MW_VEE_MEAN   ? mean
                     : kind == MW_VEE_MEDIAN ? median_of(s, &past)
                                             : deviation_of(s, &past);
    int64_t limit = mw_vee_muldiv(figure, set->t[1], MW_VEE_PPM);
    for (uint32_t i = s->first; i < s->n; i++) {
        int64_t v = centre == 0 ? s->value[i] : difference(s->value[i], centre);
        if (mw_vee_present(s, i) && v > limit)
            mw_vee_found(out, set,
                         (mw_vee_finding){.rule = MW_VEE_V19_DYNAMIC,
                                          .from = i,
                                          .n = 1,
                                          .input = {v, figure, kind},
                                          .threshold = limit});
    }
}
