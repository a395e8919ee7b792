/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/store/entropy.h"

#include <string.h>

#include "platform/store/entropy_prior.h"

enum {
    LENGTHS = 16,      /* classes of bit length; the last is told by six bits more */
    NO_VALUE = 16,     /* the class "before" the first value */
    MODELLED = 4,      /* bits below the highest that have a probability */
    LENGTH_AT = 0,     /* [17 classes before][16 nodes] */
    SAME_AT = 17 * 16, /* [16 classes][4 bits][4: the next two bits of the value before] */
    APART_AT = SAME_AT + 16 * 4 * 4, /* [2: above or below][4 bits] */
    OTHER_AT = APART_AT + 2 * 4,     /* [3: first, fell, rose][16 classes][4 bits][8 nodes] */
    STATES = OTHER_AT + 3 * 16 * 4 * 8,
    RATE = 4, /* a probability moves by a sixteenth */
};
_Static_assert(STATES == MW_ENTROPY_PRIORS, "the table fits the model");

/* One coder for both directions, so that both walk the same model. */
typedef struct coder {
    uint16_t p[STATES]; /* of a 1, in 65536ths */
    uint32_t low, high, code;
    const uint8_t *in, *in_end;
    uint8_t *out, *out_end;
    bool encoding, full;
} coder;

static void coder_start(coder *c) {
    for (unsigned i = 0; i < STATES; i++)
        c->p[i] = (uint16_t)(mw_entropy_prior[i] << 8);
    c->low = 0;
    c->high = UINT32_MAX;
}

static uint8_t byte_next(coder *c) {
    return c->in < c->in_end ? *c->in++ : 0;
}

static void byte_put(coder *c, uint8_t b) {
    if (c->out < c->out_end)
        *c->out++ = b;
    else
        c->full = true;
}

static unsigned bit_code(coder *c, uint32_t p, unsigned bit) {
    uint32_t middle = c->low + (uint32_t)(((uint64_t)(c->high - c->low) * p) >> 16);
    if (!c->encoding)
        bit = c->code <= middle;
    if (bit)
        c->high = middle;
    else
        c->low = middle + 1;
    while (((c->low ^ c->high) & 0xff000000u) == 0) {
        if (c->encoding)
            byte_put(c, (uint8_t)(c->high >> 24));
        else
            c->code = c->code << 8 | byte_next(c);
        c->low <<= 8;
        c->high = c->high << 8 | 0xff;
    }
    return bit;
}

/* A bit with a probability that learns; never quite certain. */
static unsigned bit_learn(coder *c, unsigned state, unsigned bit) {
    uint16_t *p = &c->p[state];
    uint32_t used = *p < 512 ? 512 : *p > 65024 ? 65024 : *p;
    bit = bit_code(c, used, bit);
    *p = (uint16_t)(bit ? used + ((65536 - used) >> RATE) : used - (used >> RATE));
    return bit;
}

static uint64_t bits_plain(coder *c, unsigned n, uint64_t v) {
    uint64_t out = 0;
    while (n-- > 0)
        out = out << 1 | bit_code(c, 32768, (unsigned)(v >> n & 1));
    return out;
}

static unsigned bit_length(uint64_t v) {
    return v == 0 ? 0 : 64 - (unsigned)__builtin_clzll(v);
}

typedef struct former {
    uint64_t value;
    unsigned class; /* of its bit length, NO_VALUE before the first */
} former;

static unsigned class_code(coder *c, const former *f, unsigned class) {
    unsigned node = 1;
    for (unsigned k = 4; k-- > 0;)
        node = node * 2 + bit_learn(c, LENGTH_AT + f->class * 16 + node, class >> k & 1);
    return node - 16;
}

/* The bit at `place` below the highest, the k-th of those; v holds what stands above it. */
static unsigned mantissa_code(coder *c, const former *f, unsigned class, unsigned k, unsigned place,
                              uint64_t above, unsigned bit) {
    if (f->class == class) {
        uint64_t was = f->value >> (place + 1);
        if (was == above) {
            unsigned next = (unsigned)(f->value >> place & 1) * 2 +
                            (place > 0 ? (unsigned)(f->value >> (place - 1) & 1) : 0);
            return bit_learn(c, SAME_AT + (class * 4 + k) * 4 + next, bit);
        }
        return bit_learn(c, APART_AT + (above > was ? 4u : 0u) + k, bit);
    }
    unsigned way = f->class == NO_VALUE ? 0 : f->class > class ? 1 : 2;
    unsigned node = k < 3 ? (unsigned)(above & ((1u << k) - 1)) + (1u << k) : 0;
    return bit_learn(c, OTHER_AT + ((way * 16 + class) * 4 + k) * 8 + node, bit);
}

static uint64_t value_code(coder *c, former *f, uint64_t v) {
    unsigned length = bit_length(v);
    unsigned class = class_code(c, f, length < LENGTHS - 1 ? length : LENGTHS - 1);
    if (class == LENGTHS - 1)
        length = (unsigned)bits_plain(c, 6, length);
    else
        length = class;
    uint64_t out = length > 0;
    for (unsigned k = 0; k + 1 < length; k++) {
        unsigned place = length - 2 - k, bit = (unsigned)(v >> place & 1);
        if (k < MODELLED && class < LENGTHS - 1)
            bit = mantissa_code(c, f, class, k, place, out, bit);
        else
            bit = bit_code(c, 32768, bit);
        out = out << 1 | bit;
    }
    *f = (former){out, class};
    return out;
}

/* The fewest bytes that, zeros behind them, lie in the last interval. */
static void coder_end(coder *c) {
    for (unsigned n = 0; n <= 4; n++) {
        uint32_t mask = n == 0 ? 0 : UINT32_MAX << (32 - 8 * n), v = c->high & mask;
        if (v < c->low)
            continue;
        for (unsigned i = 0; i < n; i++)
            byte_put(c, (uint8_t)(v >> (24 - 8 * i)));
        return;
    }
}

mw_status mw_entropy_encode(const int64_t *value, size_t n, mw_span out, size_t *out_n) {
    coder c = {.encoding = true, .out = out.p, .out_end = out.p + out.n};
    former f = {0, NO_VALUE};
    if (n > MW_ENTROPY_VALUES_MAX)
        return MW_RANGE;
    coder_start(&c);
    for (size_t i = 0; i < n; i++) {
        if (value[i] < 0)
            return MW_RANGE;
        (void)value_code(&c, &f, (uint64_t)value[i]);
    }
    coder_end(&c);
    if (c.full)
        return MW_SPACE;
    *out_n = (size_t)(c.out - out.p);
    return MW_OK;
}

mw_status mw_entropy_decode(mw_slice in, int64_t *out_value, size_t n) {
    coder c = {.in = in.p, .in_end = in.p + in.n};
    former f = {0, NO_VALUE};
    if (n > MW_ENTROPY_VALUES_MAX)
        return MW_RANGE;
    coder_start(&c);
    for (unsigned i = 0; i < 4; i++)
        c.code = c.code << 8 | byte_next(&c);
    for (size_t i = 0; i < n; i++)
        out_value[i] = (int64_t)(value_code(&c, &f, 0) & INT64_MAX);
    return MW_OK;
}
