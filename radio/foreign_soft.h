/* SPDX-License-Identifier: Apache-2.0
 *
 * Soft bits of differential BPSK: a walk over 32 phases in which each bit leaves the phase (1) or
 * turns it over (0), forward and backward. Against products of neighbouring symbols it gains 0.5 dB
 * where codes work; it needs no pilots, since what carries a bit is the difference.
 */
#ifndef MW_RADIO_FOREIGN_SOFT_H
#define MW_RADIO_FOREIGN_SOFT_H

#include "radio/framer.h"

#define MW_FOREIGN_SYMBOLS_MAX (MW_FRAMER_SYNC + MW_FRAMER_BITS_MAX)
/* Units of a soft bit in one natural unit of log-likelihood ratio. */
#define MW_FOREIGN_SOFT_SCALE 32

typedef struct mw_foreign_soft {
    float forward[MW_FOREIGN_SYMBOLS_MAX][32]; /* scratch */
    float weight[MW_FOREIGN_SYMBOLS_MAX];
    float twice[MW_FOREIGN_SYMBOLS_MAX][2]; /* e^(2j phase), meaned */
} mw_foreign_soft;

/* y: symbols (pairs) with the carrier taken off, the first MW_FRAMER_SYNC of them the word `sync`;
 * amplitude and noise (E|n|^2 of a symbol) as estimated from it. Writes one soft bit for each later
 * symbol: positive = bit 0, a turn. out_symbol: the same symbols against the walk's mean phase,
 * positive = the phase of the last sync symbol. */
void mw_foreign_soft_run(mw_foreign_soft *s, const float *y, size_t symbols, uint32_t sync,
                         double amplitude, double noise, int16_t *out_soft, int16_t *out_symbol);

#endif
