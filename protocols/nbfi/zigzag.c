/* SPDX-License-Identifier: Apache-2.0 */
#include "protocols/nbfi/zigzag.h"

#include "base/assert.h"

#define CHAINS     MW_ZIGZAG_CHAINS
#define CHAIN_BITS MW_ZIGZAG_CHAIN_BITS
#define INFO       MW_ZIGZAG_INFO
/* Mean of the channel values after scaling: about what 256 soft bits have, in 1/8 natural units,
 * at the noise where the code begins to work. The scale matters only there. */
#define MEAN  28
#define LIMIT 2047

/* The two information bits that step i of the chains 1 to 3 adds; chain 0 takes i and 64 + i. */
static const uint8_t order[CHAINS - 1][CHAIN_BITS][2] = {
    {{104, 21}, {52, 41},  {43, 76},  {96, 14},   {31, 69},   {7, 124},  {71, 90},   {78, 18},
     {58, 103}, {37, 48},  {93, 113}, {25, 36},   {125, 0},   {85, 81},  {42, 13},   {111, 62},
     {6, 24},   {95, 38},  {72, 105}, {117, 68},  {27, 15},   {51, 75},  {63, 88},   {84, 50},
     {91, 122}, {35, 29},  {120, 83}, {26, 102},  {97, 8},    {45, 16},  {110, 108}, {70, 23},
     {1, 32},   {28, 49},  {86, 99},  {114, 112}, {53, 19},   {67, 55},  {12, 89},   {127, 11},
     {40, 107}, {101, 82}, {73, 47},  {94, 98},   {115, 22},  {61, 30},  {20, 60},   {126, 80},
     {3, 66},   {46, 121}, {92, 10},  {116, 57},  {9, 17},    {56, 39},  {87, 79},   {77, 4},
     {109, 64}, {44, 123}, {65, 33},  {54, 59},   {100, 106}, {118, 74}, {2, 5},     {34, 119}},
    {{26, 52},   {10, 66},  {105, 15}, {48, 98},  {38, 24},   {84, 7},    {76, 30}, {57, 91},
     {23, 112},  {125, 35}, {115, 55}, {3, 124},  {106, 64},  {33, 5},    {77, 95}, {99, 32},
     {71, 49},   {113, 9},  {22, 85},  {1, 65},   {44, 43},   {87, 18},   {8, 92},  {31, 36},
     {111, 12},  {96, 86},  {2, 118},  {42, 60},  {70, 25},   {81, 72},   {13, 53}, {93, 80},
     {122, 123}, {37, 45},  {114, 58}, {88, 102}, {63, 110},  {107, 120}, {50, 89}, {40, 34},
     {82, 17},   {116, 75}, {68, 94},  {6, 27},   {127, 100}, {16, 62},   {51, 20}, {73, 39},
     {61, 108},  {83, 90},  {46, 69},  {0, 117},  {126, 97},  {104, 59},  {78, 79}, {67, 109},
     {41, 101},  {119, 19}, {28, 121}, {11, 54},  {56, 29},   {47, 14},   {4, 74},  {21, 103}},
    {{0, 9},    {93, 37},  {104, 103}, {36, 53},  {87, 62},  {125, 69},  {23, 85},  {97, 10},
     {44, 110}, {107, 34}, {11, 100},  {3, 119},  {70, 39},  {35, 73},   {60, 1},   {77, 83},
     {29, 48},  {84, 112}, {6, 30},    {91, 54},  {126, 65}, {15, 45},   {76, 5},   {56, 123},
     {4, 101},  {89, 26},  {115, 88},  {99, 18},  {43, 46},  {22, 95},   {122, 40}, {16, 109},
     {105, 7},  {55, 27},  {2, 57},    {113, 66}, {78, 116}, {51, 38},   {63, 75},  {14, 92},
     {120, 21}, {102, 52}, {8, 61},    {19, 28},  {68, 106}, {111, 114}, {86, 94},  {47, 33},
     {64, 17},  {32, 79},  {121, 42},  {72, 71},  {59, 124}, {108, 50},  {96, 82},  {80, 13},
     {25, 31},  {67, 41},  {118, 117}, {12, 74},  {58, 98},  {127, 81},  {20, 24},  {90, 49}},
};

static unsigned info_at(unsigned chain, unsigned step, unsigned side) {
    return chain == 0 ? step + CHAIN_BITS * side : order[chain - 1][step][side];
}

/* Which chain the bit i of half `half` of the parity sent with a flag belongs to. */
static unsigned chain_of(unsigned half, unsigned i, unsigned flag) {
    return 2 * half + ((i + flag) % 2 == 0 ? 1 : 0);
}

void mw_zigzag_encode(const uint8_t info[16], unsigned parity, uint8_t out[16]) {
    mw_assert(parity <= 1);
    mw_bytes_fill(out, 0, 16);
    for (unsigned chain = 0; chain < CHAINS; chain++) {
        unsigned half = chain / 2, p = 0;
        for (unsigned i = 0; i < CHAIN_BITS; i++) {
            unsigned a = info_at(chain, i, 0), b = info_at(chain, i, 1);
            p ^= (unsigned)(info[a / 8] >> (7 - a % 8) ^ info[b / 8] >> (7 - b % 8)) & 1;
            if (chain_of(half, i, parity) == chain)
                out[8 * half + i / 8] = (uint8_t)(out[8 * half + i / 8] | p << (7 - i % 8));
        }
    }
}

/* ---- decoding ---- */

static int32_t limited(int32_t v) {
    return v > LIMIT ? LIMIT : (v < -LIMIT ? -LIMIT : v);
}

static int32_t magnitude(int32_t v) {
    return v < 0 ? -v : v;
}

/* 8 ln(1 + exp(-x / 8)), rounded. */
static int32_t correction(int32_t x) {
    static const uint8_t table[] = {6, 5, 5, 4, 4, 3, 3, 3, 3, 2, 2, 2,
                                    2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0};
    return x < (int32_t)sizeof table ? table[x] : 0;
}

/* What the sum of two bits is worth. */
static int32_t of_sum(int32_t a, int32_t b) {
    int32_t x = magnitude(a), y = magnitude(b);
    int32_t v = (x < y ? x : y) + correction(x + y) - correction(magnitude(x - y));
    return (a < 0) != (b < 0) ? -v : v;
}

bool mw_zigzag_load(mw_zigzag_decoder *d, const int16_t *const soft[2]) {
    mw_bytes_fill(d, 0, sizeof *d);
    int32_t sum = 0, count = 0;
    for (unsigned flag = 0; flag < 2; flag++) {
        if (soft[flag] == NULL)
            continue;
        for (unsigned i = 0; i < INFO; i++) {
            unsigned half = i / CHAIN_BITS, step = i % CHAIN_BITS;
            d->info[i] += soft[flag][i];
            d->parity[chain_of(half, step, flag)][step] = soft[flag][INFO + i];
        }
        for (unsigned i = 0; i < 2 * INFO; i++)
            sum += magnitude(soft[flag][i]);
        count += 2 * INFO;
    }
    if (sum == 0)
        return false;
    int64_t gain = ((int64_t)MEAN * count << 16) / sum;
    for (unsigned i = 0; i < INFO; i++)
        d->info[i] = limited((int32_t)((d->info[i] * gain) >> 16));
    for (unsigned i = 0; i < CHAINS * CHAIN_BITS; i++) {
        int32_t *p = &d->parity[i / CHAIN_BITS][i % CHAIN_BITS];
        *p = limited((int32_t)((*p * gain) >> 16));
    }
    return true;
}

/* Solves one chain: before[i] is what the steps up to i - 1 say of parity bit i - 1, after what the
 * steps from i + 1 on say of parity bit i. */
static void solve_chain(mw_zigzag_decoder *d, unsigned chain) {
    int32_t given[CHAIN_BITS][2], both[CHAIN_BITS], before[CHAIN_BITS + 1];
    int32_t *said = d->said[chain];
    before[0] = LIMIT; /* the accumulator starts with 0 */
    for (unsigned i = 0; i < CHAIN_BITS; i++) {
        for (unsigned side = 0; side < 2; side++)
            given[i][side] =
                limited(d->info[info_at(chain, i, side)] - said[CHAIN_BITS * side + i]);
        both[i] = of_sum(given[i][0], given[i][1]);
        before[i + 1] = limited(of_sum(before[i], both[i]) + d->parity[chain][i]);
    }
    int32_t after = 0;
    for (unsigned i = CHAIN_BITS; i-- > 0;) {
        int32_t here = limited(after + d->parity[chain][i]);
        int32_t pair = of_sum(before[i], here); /* of the two information bits' sum */
        for (unsigned side = 0; side < 2; side++) {
            int32_t now = of_sum(pair, given[i][1 - side]);
            d->info[info_at(chain, i, side)] += now - said[CHAIN_BITS * side + i];
            said[CHAIN_BITS * side + i] = now;
        }
        after = of_sum(here, both[i]);
    }
}

int32_t mw_zigzag_round(mw_zigzag_decoder *d, uint8_t out_info[16]) {
    int32_t trust = 0;
    for (unsigned chain = 0; chain < CHAINS; chain++) {
        solve_chain(d, chain);
        for (unsigned i = 0; i < INFO; i++)
            trust += magnitude(d->said[chain][i]);
    }
    mw_bytes_fill(out_info, 0, 16);
    for (unsigned i = 0; i < INFO; i++)
        out_info[i / 8] = (uint8_t)(out_info[i / 8] | (d->info[i] < 0) << (7 - i % 8));
    return trust;
}
