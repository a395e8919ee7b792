/* SPDX-License-Identifier: Apache-2.0 */
#include "protocols/polar/polar.h"

#include "base/assert.h"

void mw_polar_transform(uint8_t *bits, size_t n) {
    mw_assert(n >= 1 && (n & (n - 1)) == 0);
    for (size_t i = 0; i < n; i++) {
        unsigned b = bits[i];
        b ^= b << 1 & 0xAA;
        b ^= b << 2 & 0xCC;
        b ^= b << 4 & 0xF0;
        bits[i] = (uint8_t)b;
    }
    for (size_t stride = 1; stride < n; stride *= 2)
        for (size_t i = 0; i < n; i++)
            if ((i & stride) == 0)
                bits[i] ^= bits[i + stride];
}

static unsigned bit_of(const uint8_t *bits, unsigned i) {
    return bits[i / 8] >> (7 - i % 8) & 1u;
}

static void turn_bit(uint8_t *bits, unsigned i, unsigned by) {
    bits[i / 8] = (uint8_t)(bits[i / 8] ^ by << (7 - i % 8));
}

static unsigned bytes_of(const mw_polar_code *code) {
    mw_assert(code->stages >= 3 && code->stages <= MW_POLAR_STAGES_MAX);
    return 1u << (code->stages - 3);
}

bool mw_polar_is_info(const mw_polar_code *code, unsigned i) {
    mw_assert(i < 8 * bytes_of(code));
    return bit_of(code->info, i) != 0;
}

void mw_polar_spread(const mw_polar_code *code, mw_slice message, uint8_t *out) {
    unsigned taken = 0;
    unsigned n = bytes_of(code);
    mw_bytes_fill(out, 0, n);
    for (unsigned i = 0; i < 8 * n && taken < 8 * message.n; i++) {
        if (mw_polar_is_info(code, i))
            turn_bit(out, i, bit_of(message.p, taken++));
    }
}

void mw_polar_gather(const mw_polar_code *code, const uint8_t *bits, mw_span message) {
    unsigned taken = 0;
    mw_bytes_fill(message.p, 0, message.n);
    for (unsigned i = 0; i < 8 * bytes_of(code) && taken < 8 * message.n; i++) {
        if (mw_polar_is_info(code, i))
            turn_bit(message.p, taken++, bit_of(bits, i));
    }
}

/* Adds the right half of [at, at + n) to the left one. */
static void add_halves(uint8_t *bits, unsigned at, unsigned n) {
    for (unsigned i = at; i < at + n / 2; i++)
        turn_bit(bits, i, bit_of(bits, i + n / 2));
}

/* The right half of a word is a word of its own; the left half is one after the right one has been
 * added. At a single bit either the input is known (0, frozen) or the code bit is. */
static void complete(const mw_polar_code *code, uint8_t *bits, unsigned at, unsigned n) {
    if (n == 1) {
        if (!mw_polar_is_info(code, at))
            turn_bit(bits, at, bit_of(bits, at));
        return;
    }
    complete(code, bits, at + n / 2, n / 2);
    add_halves(bits, at, n);
    complete(code, bits, at, n / 2);
    add_halves(bits, at, n);
}

void mw_polar_complete(const mw_polar_code *code, uint8_t *bits) {
    complete(code, bits, 0, 8 * bytes_of(code));
}
