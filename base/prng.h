/* SPDX-License-Identifier: Apache-2.0
 *
 * A seeded pseudo-random generator (xoshiro256** seeded by SplitMix64; Blackman and Vigna 2018)
 * for simulation, jitter and tests. Never for keys, tokens or nonces.
 */
#ifndef MW_BASE_PRNG_H
#define MW_BASE_PRNG_H

#include <stdint.h>

typedef struct mw_prng {
    uint64_t s[4];
} mw_prng;

mw_prng mw_prng_of_seed(uint64_t seed);
/* An independent stream for a numbered part of a simulation: same seed and number, same stream. */
mw_prng mw_prng_of_stream(uint64_t seed, uint64_t number);
uint64_t mw_prng_u64(mw_prng *g);
/* Uniform in [0, n), n > 0, without modulo bias. */
uint64_t mw_prng_below(mw_prng *g, uint64_t n);
/* SplitMix64's finaliser: a fixed bijection that spreads a counter over 64 bits. */
uint64_t mw_mix64(uint64_t x);

#endif
