/* SPDX-License-Identifier: Apache-2.0
 *
 * Estimates of a meter that is out of order, slot by slot: by the methods as long as its past says
 * something of its present, by the ladder of months after that.
 */
#include <stdlib.h>
#include <string.h>

#include "platform/validation/watch_internal.h"

enum { DAY_S = 86400, USE_DAYS = 21 };

void mw_slots_fini(mw_slots *s) {
    mw_window_fini(&s->window);
    mw_assessment_fini(&s->assessment);
    mw_learner_fini(&s->learner);
    mw_context_fini(&s->context);
}

static mw_utc plus_s(mw_utc t, int64_t seconds) {
    return (mw_utc){t.us + seconds * MW_US_PER_S};
}

mw_status mw_slots_day_use(mw_slots *s, mw_store *store, const mw_window_channel *c, mw_utc before,
                           int64_t *out_use) {
    mw_window *w = &s->window;
    int64_t sum = 0, n = 0;
    MW_TRY(mw_window_read(w, store, c, plus_s(before, -USE_DAYS * DAY_S), before));
    for (uint32_t i = 0; i < w->n; i++) {
        if ((w->now_flags[i] & (MW_VEE_MISSING | MW_VEE_SUSPECT)) != 0)
            continue;
        sum += w->now[i];
        n++;
    }
    *out_use = n == 0 ? 0 : mw_vee_muldiv(sum, DAY_S / c->grid_s, n);
    return MW_OK;
}

mw_status mw_slots_estimated(mw_slots *s, mw_store *store, const mw_window_channel *c, mw_utc from,
                             mw_utc to, bool *out_any) {
    mw_window *w = &s->window;
    *out_any = false;
    if (from.us >= to.us)
        return MW_OK;
    MW_TRY(mw_window_read(w, store, c, from, to));
    /* What a broken meter reported and we replaced has come: no archive tells it better. */
    for (uint32_t i = 0; i < w->n && !*out_any; i++)
        *out_any = w->origin[i] == MW_CELL_OURS && (w->now_flags[i] & MW_VEE_ESTIMATED) != 0 &&
                   (w->raw_flags[i] & MW_VEE_MISSING) != 0;
    return MW_OK;
}

/* --- by method ------------------------------------------------------------------------------- */

/* The series with nothing after the meter fell silent. */
static mw_vee_series hidden_series(mw_slots *s, const mw_window_channel *c, const mw_vee_book *book,
                                   uint32_t silent) {
    mw_window *w = &s->window;
    mw_assessment *a = &s->assessment;
    for (uint32_t i = 0; i < w->n; i++) {
        a->work_value[i] = i < silent ? w->now[i] : 0;
        a->work_flags[i] = i < silent ? w->now_flags[i] : MW_VEE_MISSING;
    }
    mw_vee_series series = mw_assess_series(w, c, book, a->work_value, a->work_flags);
    series.first = silent;
    return series;
}

static mw_status by_method(mw_slots *s, mw_store *store, const mw_window_channel *c,
                           const mw_vee_book *book, uint32_t silent, uint32_t from, uint32_t n,
                           bool *out_done) {
    mw_assessment *a = &s->assessment;
    mw_vee_series series = hidden_series(s, c, book, silent);
    MW_TRY(mw_context_sources(&s->context, store, c, &s->window));
    mw_vee_source q = s->context.source;
    q.s = &series;
    q.options = book->estimate;
    mw_vee_method plan[MW_VEE_PLAN_MAX];
    uint64_t gap = (uint64_t)(from + n - silent) * c->grid_s;
    *out_done = false;
    q.options.lookback_days += (uint32_t)(gap / DAY_S) + 1;
    MW_TRY(mw_learner_score(&s->learner, store, c, book, mw_window_time(&s->window, silent), gap,
                            &a->score));
    for (unsigned i = 0; i < MW_VEE_PLAN_MAX; i++)
        plan[i] = (mw_vee_method)book->plan[i];
    if (a->score != NULL)
        mw_vee_plan_choose(a->score, gap, false, plan);
    a->stamps = 0;
    for (unsigned i = 0; i < MW_VEE_PLAN_MAX && !*out_done; i++) {
        /* A line needs an end, and the limit counts from where the meter fell silent. */
        if (plan[i] == MW_VEE_NO_METHOD || plan[i] == MW_VEE_E10_PRORATE ||
            (plan[i] == MW_VEE_E4_LINEAR && gap > book->estimate.linear_max_s))
            continue;
        mw_status done = mw_vee_estimate(&q, plan[i], from, n, &a->value[from], &a->stamp[0]);
        if (done != MW_OK && done != MW_NOT_FOUND)
            return done;
        *out_done = done == MW_OK;
    }
    if (!*out_done)
        return MW_OK;
    a->stamps = 1;
    for (uint32_t i = from; i < from + n; i++) {
        mw_store_prediction p;
        a->flags[i] = MW_VEE_ESTIMATED;
        a->method[i] = (uint16_t)a->stamp[0].method;
        a->prediction[i] = (mw_store_prediction){1, 0};
        if (a->score != NULL && mw_vee_prediction(a->score, a->stamp[0].method, gap, false,
                                                  a->value[i], &p.low, &p.high) == MW_OK)
            a->prediction[i] = p;
    }
    return MW_OK;
}

/* --- by the ladder --------------------------------------------------------------------------- */

static int64_t day_of(const mw_window_channel *c, mw_utc t) {
    int32_t second = 0;
    if (c->zone != NULL)
        return mw_zone_local_day(c->zone, t, &second);
    int64_t s = mw_utc_floor_s(t);
    return s / DAY_S - (s % DAY_S < 0);
}

static mw_utc day_start(const mw_window_channel *c, int64_t day) {
    return c->zone != NULL ? mw_zone_day_start(c->zone, day) : mw_utc_of_s(day * DAY_S);
}

/* First day of the month that is `back` months before the one of a day. */
static int64_t month_start(int64_t day, int back) {
    int32_t year;
    uint8_t month, of_month;
    mw_date_of_days(day, &year, &month, &of_month);
    int32_t number = year * 12 + month - 1 - back;
    return mw_days_of_date(number / 12, (unsigned)(number % 12) + 1, 1);
}

typedef struct month_sum {
    int64_t sum;
    int64_t n, own;
} month_sum;

static mw_status month_take(void *ctx, const mw_store_value *row) {
    month_sum *m = ctx;
    m->n++;
    m->own += (row->interval.quality & (MW_QUALITY_ESTIMATED | MW_QUALITY_SUSPECT)) == 0;
    return __builtin_add_overflow(m->sum, row->interval.value, &m->sum) ? MW_RANGE : MW_OK;
}

/* A month counts when nine tenths of it are the meter's own values; it is brought to its length. */
static mw_status month_use(mw_store *store, const mw_window_channel *c, mw_utc from, mw_utc to,
                           int64_t *out_use) {
    month_sum m = {0};
    mw_store_values_query q = {.tenant = c->tenant,
                               .channel = c->channel,
                               .layer = MW_LAYER_FINAL,
                               .from = from,
                               .to = to,
                               .as_of = MW_UTC_NONE};
    MW_TRY(mw_store_values(store, &q, month_take, &m));
    int64_t slots = (to.us - from.us) / ((int64_t)c->grid_s * MW_US_PER_S);
    *out_use = m.own * 10 < slots * 9 || m.sum < 0 ? -1 : mw_vee_muldiv(m.sum, slots, m.n);
    return MW_OK;
}

/* Norms are in Wh or L. */
static int64_t norm_of(const mw_vee_book *book, const mw_window_channel *c) {
    int64_t norm = c->medium < MW_VEE_MEDIA ? book->medium[c->medium].norm : -1;
    int power = -c->scale - (c->unit == MW_UNIT_M3 ? 3 : 0);
    for (; norm > 0 && power > 0; power--)
        norm = norm > INT64_MAX / 10 ? norm : norm * 10;
    for (; norm > 0 && power < 0; power++)
        norm /= 10;
    return norm;
}

static mw_status by_ladder(mw_slots *s, mw_store *store, const mw_window_channel *c,
                           const mw_vee_book *book, uint32_t from, uint32_t n, bool *out_done) {
    mw_window *w = &s->window;
    mw_assessment *a = &s->assessment;
    int64_t before[MW_VEE_MONTHS], use = 0, first_day = INT64_MIN, slots = 1, profile = -1;
    mw_vee_rung rung = MW_VEE_RUNG_NONE;
    mw_utc begin = MW_UTC_NONE, end = MW_UTC_NONE;
    *out_done = true;
    for (uint32_t i = from; i < from + n; i++) {
        mw_utc t = mw_window_time(w, i);
        int64_t day = day_of(c, t), of_month = month_start(day, 0);
        if (of_month != first_day) {
            first_day = of_month;
            begin = day_start(c, first_day);
            end = day_start(c, month_start(day, -1));
            slots = (end.us - begin.us) / ((int64_t)c->grid_s * MW_US_PER_S);
            for (int k = 0; k < MW_VEE_MONTHS; k++)
                MW_TRY(month_use(store, c, day_start(c, month_start(day, k + 1)),
                                 day_start(c, month_start(day, k)), &before[k]));
            MW_TRY(mw_context_month(store, c, begin, first_day, month_start(day, -1), &profile));
            mw_status found =
                mw_vee_ladder_month(&book->ladder, before, profile, norm_of(book, c), &use, &rung);
            if (found == MW_NOT_FOUND)
                *out_done = false;
            else
                MW_TRY(found);
            if (!*out_done)
                return MW_OK;
        }
        /* Shares of the month that add up to it exactly. */
        int64_t k = (t.us - begin.us) / ((int64_t)c->grid_s * MW_US_PER_S);
        a->value[i] = mw_vee_muldiv(use, k + 1, slots) - mw_vee_muldiv(use, k, slots);
        a->flags[i] = MW_VEE_ESTIMATED;
        a->method[i] = MW_VEE_E8_FLAT;
        a->prediction[i] = (mw_store_prediction){1, 0};
    }
    a->stamps = 0;
    return MW_OK;
}

mw_status mw_slots_estimate(mw_slots *s, mw_store *store, const mw_window_channel *c,
                            const mw_vee_book *book, mw_store_vee_meter *row, mw_utc from,
                            uint32_t n, mw_utc now) {
    mw_window *w = &s->window;
    mw_assessment *a = &s->assessment;
    int64_t gap_days = (from.us - row->silent.us) / (DAY_S * MW_US_PER_S);
    int64_t back = book->estimate.lookback_days + 1;
    mw_utc end = plus_s(from, (int64_t)n * c->grid_s);
    mw_apply_report report = {0};
    bool done = false;
    /* The window begins before the silence; a longer one holds nothing that a method may use. */
    mw_utc start = plus_s(row->silent, -back * DAY_S);
    if (gap_days > 366)
        start = plus_s(from, -back * DAY_S);
    MW_TRY(mw_window_read(w, store, c, start, end));
    MW_TRY(mw_window_days(w, c));
    uint32_t silent = mw_window_index(w, row->silent), at = mw_window_index(w, from);
    a->channel = c;
    a->book = book;
    a->window = w;
    MW_TRY(mw_assessment_room(a, w->n));
    if (gap_days < book->ladder_after_days)
        MW_TRY(by_method(s, store, c, book, silent, at, w->n - at, &done));
    if (!done)
        MW_TRY(by_ladder(s, store, c, book, at, w->n - at, &done));
    if (!done && gap_days >= book->ladder_after_days && gap_days <= 366)
        MW_TRY(by_method(s, store, c, book, silent, at, w->n - at, &done));
    if (!done)
        return MW_OK;
    for (uint32_t i = at; i < w->n; i++) {
        bool told = a->prediction[i].low <= a->prediction[i].high;
        row->slots++;
        row->estimated += a->value[i];
        /* Without a learned interval anything from nothing to twice as much. */
        row->low += told ? a->prediction[i].low : 0;
        row->high += told ? a->prediction[i].high : 2 * a->value[i];
    }
    return mw_apply_rows(store, a, at, w->n, MW_REASON_RATE_BY_RATE, now, &report);
}
