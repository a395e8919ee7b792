/* SPDX-License-Identifier: Apache-2.0
 *
 * The values of a day as an adaptive binary arithmetic code, for series of many values a day
 * (half-hours and finer). What a value is told by:
 *
 *   its bit length (0..14, 15 = longer)    given that of the value before
 *   the first four bits below its highest  given those of the value before when both are equally
 *                                          long, else given whether it rose or fell
 *   the rest                               as it is
 *
 * Every decision has a probability that starts from a table trained on recorded consumption
 * (tools/chunk-prior) and follows what the day shows. A day is coded by itself: nothing has to be
 * read to decode it. Any bytes decode to something; length and meaning are the caller's.
 */
#ifndef MW_PLATFORM_STORE_ENTROPY_H
#define MW_PLATFORM_STORE_ENTROPY_H

#include "base/bytes.h"

enum { MW_ENTROPY_VALUES_MAX = 1440 };

/* Values >= 0, at most MW_ENTROPY_VALUES_MAX. MW_RANGE, MW_SPACE. */
MW_NODISCARD mw_status mw_entropy_encode(const int64_t *value, size_t n, mw_span out,
                                         size_t *out_n);
/* MW_RANGE: n. */
MW_NODISCARD mw_status mw_entropy_decode(mw_slice in, int64_t *out_value, size_t n);

#endif
