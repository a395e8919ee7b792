/* SPDX-License-Identifier: Apache-2.0 */
#include "base/prng.h"

#include "base/assert.h"

#define GOLDEN UINT64_C(0x9E3779B97F4A7C15)

uint64_t mw_mix64(uint64_t x) {
    x = (x ^ x >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ x >> 27) * UINT64_C(0x94D049BB133111EB);
    return x ^ x >> 31;
}

mw_prng mw_prng_of_seed(uint64_t seed) {
    mw_prng g;
    for (unsigned i = 0; i < 4; i++)
        g.s[i] = mw_mix64(seed += GOLDEN);
    return g;
}

mw_prng mw_prng_of_stream(uint64_t seed, uint64_t number) {
    return mw_prng_of_seed(mw_mix64(seed + GOLDEN) ^ mw_mix64(number * GOLDEN + 1));
}

static uint64_t rotate_left(uint64_t x, unsigned n) {
    return x << n | x >> (64 - n);
}

uint64_t mw_prng_u64(mw_prng *g) {
    uint64_t result = rotate_left(g->s[1] * 5, 7) * 9;
    uint64_t t = g->s[1] << 17;
    g->s[2] ^= g->s[0];
    g->s[3] ^= g->s[1];
    g->s[1] ^= g->s[2];
    g->s[0] ^= g->s[3];
    g->s[2] ^= t;
    g->s[3] = rotate_left(g->s[3], 45);
    return result;
}

uint64_t mw_prng_below(mw_prng *g, uint64_t n) {
    mw_assert(n > 0);
    uint64_t reject_below = (UINT64_MAX - n + 1) % n;
    for (;;) {
        uint64_t x = mw_prng_u64(g);
        if (x >= reject_below)
            return x % n;
    }
}
