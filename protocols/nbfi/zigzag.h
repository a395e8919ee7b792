/* SPDX-License-Identifier: Apache-2.0
 *
 * The concatenated zigzag code of NB-Fi protocol D: 128 information bits, four accumulators of 64
 * parity bits each. Accumulator j walks the information bits in its own order n_j:
 *
 *   p[j][i] = p[j][i-1] ^ d[n_j(i)] ^ d[n_j(64 + i)],  p[j][-1] = 0
 *
 * and only half of all parity bits are sent: with flag f, bit i of the first 64 sent belongs to
 * accumulator 0 when i + f is odd and to accumulator 1 otherwise; the second 64 likewise from
 * accumulators 2 and 3. Transmissions with flags 0 and 1 together carry all 256.
 *
 * The decoder is iterative: each accumulator is a chain that is solved exactly, forwards and
 * backwards, from what the others said of its bits. Integers in units of 1/8 natural unit of
 * log-likelihood, the same result on every machine.
 */
#ifndef MW_PROTOCOLS_NBFI_ZIGZAG_H
#define MW_PROTOCOLS_NBFI_ZIGZAG_H

#include "base/bytes.h"

#define MW_ZIGZAG_CHAINS     4
#define MW_ZIGZAG_INFO       128
#define MW_ZIGZAG_CHAIN_BITS 64
#define MW_ZIGZAG_ROUNDS     60
/* Below this from the third round on there is no word to be found. */
#define MW_ZIGZAG_HOPELESS (6 * 512)

/* The 16 parity bytes of 16 information bytes; parity is the flag, 0 or 1. */
void mw_zigzag_encode(const uint8_t info[16], unsigned parity, uint8_t out[16]);

/* Fields are the decoder's own; about 2 KB. */
typedef struct mw_zigzag_decoder {
    int32_t info[MW_ZIGZAG_INFO]; /* channel and all that the chains said */
    int32_t parity[MW_ZIGZAG_CHAINS][MW_ZIGZAG_CHAIN_BITS];
    int32_t said[MW_ZIGZAG_CHAINS][MW_ZIGZAG_INFO]; /* by each chain, in its own order */
} mw_zigzag_decoder;

/* Loads one or two transmissions of 256 soft bits, soft[f] of flag f or NULL (see nbfi.h); false
 * when nothing was received. */
bool mw_zigzag_load(mw_zigzag_decoder *d, const int16_t *const soft[2]);
/* One round over the four chains; writes the hard decisions. Returns how much the chains have to
 * say: the mean magnitude, times 512. It stays near MW_ZIGZAG_HOPELESS on noise and grows when the
 * decoder is about to find a word. */
int32_t mw_zigzag_round(mw_zigzag_decoder *d, uint8_t out_info[16]);

#endif
