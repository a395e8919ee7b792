/* SPDX-License-Identifier: Apache-2.0
 *
 * Filter bank: one wide stream into M channels whose centres are rate / M apart, each with 4/3 of
 * that spacing as its sample rate.
 *
 *   window of MW_BANK_TAPS * M samples around every (3/4 M)th sample, folded to M values by sample
 *   number modulo M -> FFT of M: value k is the band around k * rate / M, shifted to 0
 *
 * Folding by sample number makes the shift exact: a carrier keeps its phase. A channel is flat
 * within 0.05 dB to 0.545 of the spacing on both sides of its centre; what folds onto that comes
 * from beyond 0.788 of the spacing and is 70 dB down. 4/3 and not 2 because histories, which are
 * kept per channel, are the memory of the whole receiver.
 */
#ifndef MW_RADIO_BANK_H
#define MW_RADIO_BANK_H

#include "radio/samples.h"

#define MW_BANK_TAPS         20u /* per channel */
#define MW_BANK_CHANNELS_MAX 512u
#define MW_BANK_FLAT         0.545 /* of the spacing */

typedef struct mw_bank mw_bank;

/* channels: a multiple of 4, at most MW_BANK_CHANNELS_MAX. MW_RANGE, MW_NOMEM. */
MW_NODISCARD mw_status mw_bank_new(unsigned channels, mw_bank **out_bank);
void mw_bank_free(mw_bank *b);
unsigned mw_bank_decimation(const mw_bank *b);
/* Samples on each side of an output's instant that the output depends on. */
unsigned mw_bank_reach(const mw_bank *b);
/* Outputs number `first` .. `first` + n: output m stands at input sample m * decimation. `iq`
 * points to sample first * decimation - reach and holds what is needed up to the last output's
 * reach. Channel k (0 .. M - 1, those above M / 2 are negative frequencies) is written to out + 2 *
 * k * stride as pairs. */
void mw_bank_run(mw_bank *b, const float *iq, uint64_t first, size_t n, float *out, size_t stride);
size_t mw_bank_memory(const mw_bank *b);

#endif
