/* SPDX-License-Identifier: Apache-2.0
 *
 * Integer mathematics for the signal paths of the meters: no floating point, so that the same
 * kernels run on a core without FPU and give the same bits everywhere.
 */
#ifndef MW_METERS_KIT_FIXMATH_H
#define MW_METERS_KIT_FIXMATH_H

#include <stdint.h>

/* floor(sqrt(x)) and floor(cbrt(x)). */
uint32_t mw_fix_sqrt(uint64_t x);
uint32_t mw_fix_cbrt(uint64_t x);

/* Angle of (x, y) in units of 2^-29 rad, -pi..pi; error below 2^-24 rad. |x|, |y| < 2^61, not both
 * 0. */
int32_t mw_fix_atan2(int64_t y, int64_t x);

/* log2(x) in units of 2^-16, x > 0; error below 2^-14. */
int32_t mw_fix_log2(uint64_t x);

/* a / b rounded to nearest, halves away from zero; b > 0. */
static inline int64_t mw_fix_div(int64_t a, int64_t b) {
    return a >= 0 ? (a + b / 2) / b : -((-a + b / 2) / b);
}

/* a * b / c rounded to nearest, halves away from zero, without overflow in between. c > 0 and the
 * result within +-2^62. */
int64_t mw_fix_mul_div(int64_t a, int64_t b, int64_t c);

/* sin(2 pi x) with x in units of 2^-32 of a turn; 1.0 is 2^15, error below 1.2 of them. */
int32_t mw_fix_sine(uint32_t turn);

#endif
