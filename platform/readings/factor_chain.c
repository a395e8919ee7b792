/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/readings/factor_chain.h"

#include <string.h>

#include "platform/store/layers.h"

typedef struct chain_reader {
    mw_store_factor row[MW_FACTOR_PERIODS_MAX];
    size_t n;
} chain_reader;

static mw_status on_factor(void *ctx, const mw_store_factor *f) {
    chain_reader *r = ctx;
    if (r->n == MW_FACTOR_PERIODS_MAX)
        return MW_LIMIT;
    r->row[r->n++] = *f;
    return MW_OK;
}

static int64_t common(int64_t a, int64_t b) {
    while (b != 0) {
        int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static mw_status times(int64_t *num, int64_t *den, int64_t n, int64_t d) {
    int64_t a = common(*num, d), b = common(n, *den);
    if (__builtin_mul_overflow(*num / a, n / b, num) ||
        __builtin_mul_overflow(*den / b, d / a, den))
        return MW_RANGE;
    return MW_OK;
}

/* The product of the newest factor of each kind at a moment. */
static mw_status product_at(const chain_reader *r, mw_utc at, int64_t *num, int64_t *den) {
    const mw_store_factor *newest[MW_FACTOR_KINDS] = {NULL};
    for (size_t i = 0; i < r->n; i++) { /* ascending by kind and from */
        const mw_store_factor *f = &r->row[i];
        if (f->from.us <= at.us)
            newest[f->kind] = f;
    }
    *num = *den = 1;
    for (size_t k = 0; k < MW_FACTOR_KINDS; k++)
        if (newest[k] != NULL)
            MW_TRY(times(num, den, newest[k]->num, newest[k]->den));
    return MW_OK;
}

mw_status mw_factor_chain_read(mw_store *store, int64_t tenant, int64_t channel, mw_utc as_of,
                               mw_factor_chain *out_chain) {
    chain_reader r;
    r.n = 0;
    MW_TRY(mw_store_factors(store, tenant, channel, as_of, on_factor, &r));
    mw_factor_chain *c = out_chain;
    c->n = 0;
    for (size_t i = 0; i < r.n; i++) { /* moments of change, ascending, each once */
        size_t at = c->n;
        while (at > 0 && c->period[at - 1].from.us > r.row[i].from.us)
            at--;
        if (at > 0 && c->period[at - 1].from.us == r.row[i].from.us)
            continue;
        memmove(&c->period[at + 1], &c->period[at], (c->n - at) * sizeof c->period[0]);
        c->period[at].from = r.row[i].from;
        c->n++;
    }
    for (size_t i = 0; i < c->n; i++)
        MW_TRY(product_at(&r, c->period[i].from, &c->period[i].num, &c->period[i].den));
    return MW_OK;
}

bool mw_factor_chain_whole(const mw_factor_chain *c) {
    for (size_t i = 0; i < c->n; i++)
        if (c->period[i].den != 1)
            return false;
    return true;
}

/* Half away from 0. */
static mw_wide rounded(mw_wide sum, int64_t den) {
    mw_wide half = den / 2;
    if (den % 2 != 0)
        return sum >= 0 ? (2 * sum + den) / (2 * (mw_wide)den)
                        : -((-2 * sum + den) / (2 * (mw_wide)den));
    return sum >= 0 ? (sum + half) / den : -((-sum + half) / den);
}

mw_status mw_factor_chain_apply(const mw_factor_chain *c, mw_factor_carry *carry, mw_utc start,
                                int64_t raw, int64_t *out_value) {
    size_t p = c->n;
    while (p > 0 && c->period[p - 1].from.us > start.us)
        p--;
    if (p == 0) {
        *out_value = raw;
        return MW_OK;
    }
    int64_t num = c->period[p - 1].num, den = c->period[p - 1].den;
    int64_t day = mw_layer_day_of(start);
    if (carry->period != p || carry->day != day)
        *carry = (mw_factor_carry){.day = day, .period = p};
    mw_wide before = rounded(carry->sum, den);
    carry->sum += (mw_wide)raw * num;
    mw_wide value = rounded(carry->sum, den) - before;
    if (value > INT64_MAX || value < INT64_MIN)
        return MW_RANGE;
    *out_value = (int64_t)value;
    return MW_OK;
}
