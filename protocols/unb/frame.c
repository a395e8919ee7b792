/* SPDX-License-Identifier: Apache-2.0 */
#include "protocols/unb/unb.h"

#include "base/assert.h"
#include "protocols/unb/polar.h"
#include "protocols/unb/pulse.h"

static const mw_unb_layout layouts[MW_UNB_SIZE_COUNT] = {
    {MW_UNB_PAYLOAD_S, 128, 256, 17, 337},
    {MW_UNB_PAYLOAD_M, 256, 512, 34, 610},
    {MW_UNB_PAYLOAD_L, 512, 1024, 68, 1156},
};

/* Found by bench/unb_words search; what they were chosen for is measured by its other command. */
static const uint64_t sync_word = UINT64_C(0x43E5CABC95646410);
static const uint8_t pilot_bits[MW_UNB_SIZE_COUNT][(MW_UNB_PILOTS_MAX + 7) / 8] = {
    {0xD4, 0xC1, 0x80, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00},
    {0x02, 0xB1, 0x82, 0x28, 0x00, 0x00, 0x00, 0x00, 0x00},
    {0xBF, 0x32, 0xEF, 0x91, 0xCA, 0x5A, 0x79, 0x51, 0x90},
};

/* 511 bits of x^9 + x^5 + 1 from the state of nine ones; bit 511 begins the next period. A test
 * generates it again. */
static const uint8_t whitening[64] = {
    0xFF, 0x83, 0xDF, 0x17, 0x32, 0x09, 0x4E, 0xD1, 0xE7, 0xCD, 0x8A, 0x91, 0xC6, 0xD5, 0xC4, 0xC4,
    0x40, 0x21, 0x18, 0x4E, 0x55, 0x86, 0xF4, 0xDC, 0x8A, 0x15, 0xA7, 0xEC, 0x92, 0xDF, 0x93, 0x53,
    0x30, 0x18, 0xCA, 0x34, 0xBF, 0xA2, 0xC7, 0x59, 0x67, 0x8F, 0xBA, 0x0D, 0x6D, 0xD8, 0x2D, 0x7D,
    0x54, 0x0A, 0x57, 0x97, 0x70, 0x39, 0xD2, 0x7A, 0xEA, 0x24, 0x33, 0x85, 0xED, 0x9A, 0x1D, 0xE1,
};

/* Primes near the golden section of each length. */
static const uint16_t permutation_step[MW_UNB_SIZE_COUNT] = {157, 317, 631};

static const char rate_names[MW_UNB_RATE_COUNT][3] = {"R0", "R1", "R2"};
static const char size_names[MW_UNB_SIZE_COUNT][2] = {"S", "M", "L"};

uint32_t mw_unb_rate_bd(mw_unb_rate rate) {
    mw_assert(rate < MW_UNB_RATE_COUNT);
    return UINT32_C(50) << (3 * (unsigned)rate);
}

const char *mw_unb_rate_name(mw_unb_rate rate) {
    mw_assert(rate < MW_UNB_RATE_COUNT);
    return rate_names[rate];
}

const char *mw_unb_size_name(mw_unb_size size) {
    mw_assert(size < MW_UNB_SIZE_COUNT);
    return size_names[size];
}

mw_status mw_unb_rate_of_name(mw_slice text, mw_unb_rate *out_rate) {
    for (unsigned i = 0; i < MW_UNB_RATE_COUNT; i++) {
        if (mw_slice_equal(text, mw_slice_of_str(rate_names[i]))) {
            *out_rate = (mw_unb_rate)i;
            return MW_OK;
        }
    }
    return MW_NOT_FOUND;
}

mw_status mw_unb_size_of_name(mw_slice text, mw_unb_size *out_size) {
    for (unsigned i = 0; i < MW_UNB_SIZE_COUNT; i++) {
        if (mw_slice_equal(text, mw_slice_of_str(size_names[i]))) {
            *out_size = (mw_unb_size)i;
            return MW_OK;
        }
    }
    return MW_NOT_FOUND;
}

bool mw_unb_allowed(mw_unb_rate rate, mw_unb_size size) {
    mw_assert(rate < MW_UNB_RATE_COUNT && size < MW_UNB_SIZE_COUNT);
    return rate != MW_UNB_R0 || size != MW_UNB_L;
}

mw_status mw_unb_size_for(size_t n, mw_unb_size *out_size) {
    for (unsigned i = 0; i < MW_UNB_SIZE_COUNT; i++) {
        if (n <= layouts[i].payload_bytes) {
            *out_size = (mw_unb_size)i;
            return MW_OK;
        }
    }
    return MW_RANGE;
}

const mw_unb_layout *mw_unb_layout_of(mw_unb_size size) {
    mw_assert(size < MW_UNB_SIZE_COUNT);
    return &layouts[size];
}

uint64_t mw_unb_sync_word(void) {
    return sync_word;
}

unsigned mw_unb_sync_bit(unsigned i) {
    mw_assert(i < MW_UNB_SYNC_SYMBOLS);
    return (unsigned)(sync_word >> (63 - i)) & 1;
}

unsigned mw_unb_pilot_bit(mw_unb_size size, unsigned i) {
    mw_assert(i < mw_unb_layout_of(size)->pilots);
    return (unsigned)(pilot_bits[size][i / 8] >> (7 - i % 8)) & 1;
}

unsigned mw_unb_pilot_at(unsigned i) {
    return MW_UNB_SYNC_SYMBOLS + MW_UNB_PILOT_STEP * i + MW_UNB_GROUP_DATA;
}

unsigned mw_unb_data_at(unsigned i) {
    return MW_UNB_SYNC_SYMBOLS + i + i / MW_UNB_GROUP_DATA;
}

/* The data symbol that carries code bit i. Each of the four steps is a bijection of [0, n), n a
 * power of two. A single multiplication is not enough: the polar code's structure survives it, and
 * a burst over a quarter of the frame then destroys it (bench/unb_sync burst). */
static unsigned permuted(mw_unb_size size, unsigned i) {
    unsigned mask = layouts[size].code_bits - 1u;
    unsigned half = (8u + (unsigned)size) / 2;
    for (unsigned round = 0; round < 2; round++) {
        i ^= i >> half;
        i = i * permutation_step[size] & mask;
    }
    return i;
}

static unsigned whitening_bit(unsigned data) {
    data %= 511;
    return (unsigned)(whitening[data / 8] >> (7 - data % 8)) & 1;
}

unsigned mw_unb_code_at(mw_unb_size size, unsigned i) {
    mw_assert(size < MW_UNB_SIZE_COUNT && i < layouts[size].code_bits);
    return mw_unb_data_at(permuted(size, i));
}

unsigned mw_unb_code_whitening(mw_unb_size size, unsigned i) {
    mw_assert(size < MW_UNB_SIZE_COUNT && i < layouts[size].code_bits);
    return whitening_bit(permuted(size, i));
}

static void put(mw_unb_frame *f, unsigned i, unsigned bit) {
    f->bits[i / 8] = (uint8_t)(f->bits[i / 8] | bit << (7 - i % 8));
}

static unsigned get(const uint8_t *bits, unsigned i) {
    return (unsigned)(bits[i / 8] >> (7 - i % 8)) & 1;
}

mw_status mw_unb_frame_encode(mw_unb_size size, mw_slice payload, mw_unb_frame *out_frame) {
    if (size >= MW_UNB_SIZE_COUNT || payload.n != layouts[size].payload_bytes)
        return MW_RANGE;
    const mw_unb_layout *l = &layouts[size];
    uint8_t info[MW_UNB_INFO_BITS_MAX / 8];
    mw_writer w = mw_writer_of(MW_SPAN_OF(info));
    mw_write_bytes(&w, payload);
    mw_write_u24be(&w, mw_unb_check_of(payload));
    mw_assert(w.status == MW_OK && w.at * 8 == l->info_bits);

    uint8_t code[MW_UNB_CODE_BITS_MAX / 8] = {0};
    unsigned taken = 0;
    for (unsigned i = 0; i < l->code_bits; i++) {
        if (mw_unb_polar_is_info(size, i)) {
            code[i / 8] = (uint8_t)(code[i / 8] | get(info, taken) << (7 - i % 8));
            taken++;
        }
    }
    mw_assert(taken == l->info_bits);
    mw_unb_polar_transform(code, l->code_bits / 8u);

    mw_unb_frame f = {.symbols = l->symbols, .size = size};
    for (unsigned i = 0; i < MW_UNB_SYNC_SYMBOLS; i++)
        put(&f, i, mw_unb_sync_bit(i));
    for (unsigned i = 0; i < l->pilots; i++)
        put(&f, mw_unb_pilot_at(i), mw_unb_pilot_bit(size, i));
    for (unsigned i = 0; i < l->code_bits; i++)
        put(&f, mw_unb_code_at(size, i), get(code, i) ^ mw_unb_code_whitening(size, i));
    *out_frame = f;
    return MW_OK;
}

mw_dur mw_unb_airtime(mw_unb_rate rate, mw_unb_size size) {
    int64_t symbols = mw_unb_layout_of(size)->symbols + MW_UNB_PULSE_SPAN - 1;
    return (mw_dur){symbols * MW_NS_PER_S / (int64_t)mw_unb_rate_bd(rate)};
}
