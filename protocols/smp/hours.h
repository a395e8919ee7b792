/* SPDX-License-Identifier: Apache-2.0
 *
 * The lossless coder of hourly values inside a day object: an adaptive binary arithmetic coder
 * whose starting probabilities come from one of eight presets; the encoder takes the best one.
 * Integers only, about 600 bytes of state, no state kept between objects. docs/spec/smp.md,
 * section 6, describes it for an independent implementation.
 */
#ifndef MW_PROTOCOLS_SMP_HOURS_H
#define MW_PROTOCOLS_SMP_HOURS_H

#include "base/bits.h"

#define MW_SMP_HOURS_PRESETS     8
#define MW_SMP_HOURS_PRESET_BITS 3

/* Bits the values take, preset number included, up to the last bit that is 1. 0 <= value. */
size_t mw_smp_hours_bits(const int64_t *values, unsigned n);
/* Appends the values; bits after the last 1 are left out, for the decoder reads zeros there.
 * MW_SPACE sticks in the writer. */
void mw_smp_hours_encode(const int64_t *values, unsigned n, mw_bit_writer *w);
/* Reads n values; behind the end of the input come zeros. MW_RANGE when a value exceeds 63 bits:
 * only then the input was not made by an encoder. */
MW_NODISCARD mw_status mw_smp_hours_decode(mw_bit_reader *r, unsigned n, int64_t *out_values);

#endif
