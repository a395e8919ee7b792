/* SPDX-License-Identifier: Apache-2.0
 *
 * Decimal amounts as text, turned into counts of a channel's unit without a float in between.
 */
#ifndef MW_PLATFORM_FILES_DECIMAL_H
#define MW_PLATFORM_FILES_DECIMAL_H

#include "base/units.h"

/* digits * 10^-decimals, decimals 0..18. */
typedef struct mw_decimal {
    int64_t digits;
    uint8_t decimals;
} mw_decimal;

/* "1234.5", "-0.001", "+7", ".5"; with a grouping character (0 = none) between digits of the whole
 * part. No exponent. Zeros at the end of the fraction are dropped; what then does not fit 18 digits
 * or 18 decimals is MW_RANGE. MW_SYNTAX. */
MW_NODISCARD mw_status mw_decimal_parse(mw_slice text, char point, char group,
                                        mw_decimal *out_value);

typedef enum mw_rounding {
    MW_ROUNDING_EXACT,   /* what is not a whole count is refused */
    MW_ROUNDING_NEAREST, /* each value by itself, halves away from zero: for registers */
    MW_ROUNDING_CARRY,   /* the rest goes on to the next value, so that the sum is never off by one
                            count or more: for intervals */
} mw_rounding;

/* How a file's numbers become counts: count = value * numerator / denominator. Both positive, at
 * most 10^15. */
typedef struct mw_conversion {
    int64_t numerator;
    int64_t denominator;
} mw_conversion;

/* From amounts in `from` * 10^from_scale to counts of `to` * 10^to_scale: W.h, kWh, m3, L, J ...
 * MW_UNSUPPORTED when they measure different things. */
MW_NODISCARD mw_status mw_conversion_of(mw_unit from, int from_scale, mw_unit to, int to_scale,
                                        mw_conversion *out_conversion);
/* A mean power over `seconds` as energy: W to W.h, var to var.h, VA to V.A.h, m3/h to m3 or L. */
MW_NODISCARD mw_status mw_conversion_of_mean(mw_unit from, int from_scale, uint32_t seconds,
                                             mw_unit to, int to_scale,
                                             mw_conversion *out_conversion);

/* What is left after rounding, in units of 10^-18 / denominator of a count; zero at the start of a
 * series. */
__extension__ typedef __int128 mw_remainder;

/* MW_RANGE when it is not exact (MW_ROUNDING_EXACT) or does not fit. */
MW_NODISCARD mw_status mw_decimal_count(mw_decimal v, mw_conversion c, mw_rounding rounding,
                                        mw_remainder *carry, int64_t *out_count);

#endif
