/* SPDX-License-Identifier: Apache-2.0 */
#include "protocols/smp/hours.h"

/* A value is the number of its significant bits, b (0 for the value 0, at most 63), then the
 * b - 1 bits below the leading one. b goes as answers to "is b > 0?", "is b > 1?" ... until one
 * is no. Each question has two adaptive probabilities: one for hours whose predecessor would have
 * answered yes, one for the others. */
#define VALUE_BITS_MAX 63

/* Probabilities of "yes" in 1/4096, kept off both ends so that a surprise costs at most 6 bits. */
#define P_ONE  4096
#define P_MIN  64
#define P_MAX  (P_ONE - P_MIN)
#define P_EVEN (P_ONE / 2)

/* A probability moves by (target - p) / (COUNT_START + answers so far), at most COUNT_MAX. */
#define COUNT_START 7
#define COUNT_MAX   25

typedef struct chance {
    uint16_t p;
    uint8_t count;
} chance;

typedef struct model {
    chance question[VALUE_BITS_MAX][2];
    unsigned before; /* b of the hour before */
} model;

/* How a preset expects the day: chance of use after an idle hour and after a busy one, and the
 * number of bits at which values end. */
typedef struct preset {
    uint16_t use_after_idle, use_after_use;
    uint8_t level;
} preset;

/* Fitted to recorded days of a flat's water in litres and of ten homes' electricity in Wh, and to
 * sums of several such flats; from a day without any use to 20 kWh. */
static const preset presets[MW_SMP_HOURS_PRESETS] = {
    {64, 512, 5},    {600, 400, 4},   {1000, 1600, 4}, {1800, 2500, 4},
    {2600, 3000, 6}, {3900, 4032, 7}, {4000, 4032, 9}, {4032, 4032, 11},
};

/* Starting chance that "is b > i?" is yes, by i - level from -4 or less to 3 or more, after an
 * hour that would have answered no, and yes. Large values are rare, but not expensive. */
#define DISTANCES 8
static const uint16_t further[DISTANCES][2] = {
    {4000, 4000}, {4000, 4000}, {4000, 4000}, {3800, 3960},
    {1800, 2700}, {1600, 2000}, {700, 2150},  {3000, 3500},
};

static void model_init(model *m, unsigned number) {
    const preset *start = &presets[number];
    for (unsigned i = 0; i < VALUE_BITS_MAX; i++) {
        unsigned d = i + DISTANCES / 2 < start->level ? 0 : i + DISTANCES / 2 - start->level;
        d = d < DISTANCES ? d : DISTANCES - 1;
        for (unsigned c = 0; c < 2; c++)
            m->question[i][c] = (chance){further[d][c], COUNT_START};
    }
    m->question[0][0].p = start->use_after_idle;
    m->question[0][1].p = start->use_after_use;
    m->before = 0;
}

static void chance_learn(chance *c, bool yes) {
    int32_t p = c->p;
    p += ((yes ? P_ONE : 0) - p) / c->count;
    c->p = (uint16_t)(p < P_MIN ? P_MIN : p > P_MAX ? P_MAX : p);
    if (c->count < COUNT_MAX)
        c->count++;
}

/* The arithmetic coder of Witten, Neal and Cleary (CACM 30(6), 1987) with 16-bit bounds. */
#define HALF    0x8000u
#define QUARTER 0x4000u
#define TOP     0xFFFFu

typedef struct encoder {
    uint32_t low, high;
    uint32_t pending;   /* bits that follow the next one, inverted */
    mw_bit_writer *out; /* NULL: only count */
    size_t bits;        /* written so far */
    size_t ones_end;    /* written up to the last 1 */
    size_t zeros;       /* 0 bits held back until a 1 follows */
} encoder;

static void put_bit(encoder *e, bool bit) {
    e->bits++;
    if (!bit) {
        e->zeros++;
        return;
    }
    e->ones_end = e->bits;
    if (e->out != NULL) {
        for (; e->zeros != 0; e->zeros--)
            mw_write_bits(e->out, 0, 1);
        mw_write_bits(e->out, 1, 1);
    }
    e->zeros = 0;
}

static void put_bit_and_pending(encoder *e, bool bit) {
    put_bit(e, bit);
    for (; e->pending != 0; e->pending--)
        put_bit(e, !bit);
}

/* Where the interval is cut: up to there lies "no", so that an idle day ends in zeros. */
static uint32_t cut(uint32_t low, uint32_t high, uint32_t p) {
    return low + ((high - low + 1) * (P_ONE - p) >> 12) - 1;
}

static void encode_bit(encoder *e, bool yes, uint32_t p) {
    uint32_t mid = cut(e->low, e->high, p);
    if (yes)
        e->low = mid + 1;
    else
        e->high = mid;
    for (;;) {
        if (e->high < HALF) {
            put_bit_and_pending(e, false);
        } else if (e->low >= HALF) {
            put_bit_and_pending(e, true);
            e->low -= HALF;
            e->high -= HALF;
        } else if (e->low >= QUARTER && e->high < HALF + QUARTER) {
            e->pending++;
            e->low -= QUARTER;
            e->high -= QUARTER;
        } else {
            return;
        }
        e->low <<= 1;
        e->high = e->high << 1 | 1;
    }
}

/* One 1 lies inside every interval that does not begin at 0; zeros need not be sent. */
static void encode_end(encoder *e) {
    if (e->low != 0 || e->pending != 0)
        put_bit_and_pending(e, true);
}

static unsigned bit_length(uint64_t v) {
    unsigned n = 0;
    for (; v != 0; v >>= 1)
        n++;
    return n;
}

static void encode_values(encoder *e, const int64_t *values, unsigned n, unsigned number) {
    model m;
    model_init(&m, number);
    for (unsigned at = 0; at < n; at++) {
        uint64_t v = (uint64_t)values[at];
        unsigned b = bit_length(v);
        for (unsigned i = 0; i < VALUE_BITS_MAX; i++) {
            chance *c = &m.question[i][m.before > i];
            encode_bit(e, b > i, c->p);
            chance_learn(c, b > i);
            if (b == i)
                break;
        }
        for (unsigned i = b > 1 ? b - 1 : 0; i-- > 0;)
            encode_bit(e, (v >> i & 1) != 0, P_EVEN);
        m.before = b;
    }
    encode_end(e);
}

static encoder encoder_of(mw_bit_writer *out) {
    return (encoder){.high = TOP, .out = out};
}

static unsigned best_preset(const int64_t *values, unsigned n, size_t *out_bits) {
    unsigned best = 0;
    *out_bits = SIZE_MAX;
    for (unsigned number = 0; number < MW_SMP_HOURS_PRESETS; number++) {
        encoder e = encoder_of(NULL);
        encode_values(&e, values, n, number);
        if (e.ones_end < *out_bits) {
            *out_bits = e.ones_end;
            best = number;
        }
    }
    return best;
}

size_t mw_smp_hours_bits(const int64_t *values, unsigned n) {
    size_t bits;
    (void)best_preset(values, n, &bits);
    return MW_SMP_HOURS_PRESET_BITS + bits;
}

void mw_smp_hours_encode(const int64_t *values, unsigned n, mw_bit_writer *w) {
    size_t bits;
    unsigned number = best_preset(values, n, &bits);
    mw_write_bits(w, number, MW_SMP_HOURS_PRESET_BITS);
    encoder e = encoder_of(w);
    encode_values(&e, values, n, number);
}

typedef struct decoder {
    uint32_t low, high, code;
    mw_bit_reader *in;
} decoder;

static uint32_t next_bit(decoder *d) {
    return mw_bit_reader_left(d->in) != 0 ? (uint32_t)mw_read_bits(d->in, 1) : 0;
}

static bool decode_bit(decoder *d, uint32_t p) {
    uint32_t mid = cut(d->low, d->high, p);
    bool yes = d->code > mid;
    if (yes)
        d->low = mid + 1;
    else
        d->high = mid;
    for (;;) {
        uint32_t down;
        if (d->high < HALF)
            down = 0;
        else if (d->low >= HALF)
            down = HALF;
        else if (d->low >= QUARTER && d->high < HALF + QUARTER)
            down = QUARTER;
        else
            return yes;
        d->low = (d->low - down) << 1;
        d->high = (d->high - down) << 1 | 1;
        d->code = (d->code - down) << 1 | next_bit(d);
    }
}

mw_status mw_smp_hours_decode(mw_bit_reader *r, unsigned n, int64_t *out_values) {
    unsigned number = (unsigned)mw_read_bits(r, MW_SMP_HOURS_PRESET_BITS);
    if (r->status != MW_OK)
        return r->status;
    model m;
    model_init(&m, number);
    decoder d = {.high = TOP, .in = r};
    for (unsigned i = 0; i < 16; i++)
        d.code = d.code << 1 | next_bit(&d);
    for (unsigned at = 0; at < n; at++) {
        unsigned b = 0;
        for (; b < VALUE_BITS_MAX; b++) {
            chance *c = &m.question[b][m.before > b];
            bool yes = decode_bit(&d, c->p);
            chance_learn(c, yes);
            if (!yes)
                break;
        }
        uint64_t v = b != 0;
        for (unsigned i = 1; i < b; i++)
            v = v << 1 | decode_bit(&d, P_EVEN);
        out_values[at] = (int64_t)v;
        m.before = b;
    }
    return MW_OK;
}
