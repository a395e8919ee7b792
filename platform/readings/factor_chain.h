/* SPDX-License-Identifier: Apache-2.0
 *
 * The chain of factors of a channel by time: raw counts x pulse weight x CT x VT x conversion as
 * exact fractions. Where the chain is a whole number every value is exact. Where it is not, values
 * are rounded so that those of one UTC day (under one chain) sum up to the day's exact amount,
 * rounded once; which rounding a value gets depends on its day alone.
 */
#ifndef MW_PLATFORM_READINGS_FACTOR_CHAIN_H
#define MW_PLATFORM_READINGS_FACTOR_CHAIN_H

#include "platform/store/store.h"
#include "platform/vee/wide.h"

enum { MW_FACTOR_PERIODS_MAX = 128 };

typedef struct mw_factor_chain {
    struct {
        mw_utc from;      /* up to the next one's from */
        int64_t num, den; /* without a common divisor */
    } period[MW_FACTOR_PERIODS_MAX];
    size_t n; /* 0 = one count is one unit */
} mw_factor_chain;

/* Reads the chain as known at as_of (MW_UTC_NONE = now). MW_RANGE: a product beyond 63 bits.
 * MW_LIMIT: too many changes. */
MW_NODISCARD mw_status mw_factor_chain_read(mw_store *store, int64_t tenant, int64_t channel,
                                            mw_utc as_of, mw_factor_chain *out_chain);
/* Every period has a whole factor: values need no carry. */
bool mw_factor_chain_whole(const mw_factor_chain *c);

/* Carries what rounding left from one value to the next; start with {0}. */
typedef struct mw_factor_carry {
    int64_t day;
    size_t period; /* 1 + index */
    mw_wide sum;   /* exact, times den */
} mw_factor_carry;

/* A value in the channel's unit. Values come ascending, from the start of a UTC day on. MW_RANGE.
 */
MW_NODISCARD mw_status mw_factor_chain_apply(const mw_factor_chain *c, mw_factor_carry *carry,
                                             mw_utc start, int64_t raw, int64_t *out_value);

#endif
