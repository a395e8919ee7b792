/* SPDX-License-Identifier: Apache-2.0 */
#include "meters/kit/fixmath.h"

#include <stdbool.h>

#include "base/assert.h"

uint32_t mw_fix_sqrt(uint64_t x) {
    uint64_t root = 0;
    for (uint64_t bit = UINT64_C(1) << 62; bit != 0; bit >>= 2) {
        if (x >= root + bit) {
            x -= root + bit;
            root = (root >> 1) + bit;
        } else {
            root >>= 1;
        }
    }
    return (uint32_t)root;
}

uint32_t mw_fix_cbrt(uint64_t x) {
    uint64_t root = 0;
    for (int shift = 63; shift >= 0; shift -= 3) {
        root <<= 1;
        uint64_t step = 3 * root * (root + 1) + 1;
        if ((x >> shift) >= step) {
            x -= step << shift;
            root++;
        }
    }
    return (uint32_t)root;
}

/* atan(2^-i) in units of 2^-29 rad. */
static const int32_t atan_steps[29] = {
    421657428, 248918915, 131521918, 66762579, 33510843, 16771758, 8387925, 4194219,
    2097141,   1048575,   524288,    262144,   131072,   65536,    32768,   16384,
    8192,      4096,      2048,      1024,     512,      256,      128,     64,
    32,        16,        8,         4,        2,
};
#define HALF_PI 843314857

int32_t mw_fix_atan2(int64_t y, int64_t x) {
    mw_assert(x != 0 || y != 0);
    /* Scaled so that the larger is 28..29 bits wide: the rotations grow it by 1.65 * sqrt(2). */
    uint64_t size = (uint64_t)(x < 0 ? -x : x) | (uint64_t)(y < 0 ? -y : y);
    for (; size >= UINT64_C(1) << 29; size >>= 1) {
        x /= 2;
        y /= 2;
    }
    for (; size < UINT64_C(1) << 28; size <<= 1) {
        x *= 2;
        y *= 2;
    }
    int32_t u = (int32_t)x, v = (int32_t)y, angle = 0;
    if (u < 0) { /* a quarter turn brings it to the right half plane */
        int32_t old = u;
        angle = v >= 0 ? HALF_PI : -HALF_PI;
        u = v >= 0 ? v : -v;
        v = angle > 0 ? -old : old;
    }
    for (int i = 0; i < 29; i++) {
        int32_t du = v >> i, dv = u >> i;
        if (v > 0) {
            u += du;
            v -= dv;
            angle += atan_steps[i];
        } else {
            u -= du;
            v += dv;
            angle -= atan_steps[i];
        }
    }
    return angle;
}

int32_t mw_fix_log2(uint64_t x) {
    mw_assert(x > 0);
    int32_t whole = 63;
    for (; (x >> 63) == 0; x <<= 1)
        whole--;
    uint32_t m = (uint32_t)(x >> 33); /* 1.0 is 2^30 */
    int32_t fraction = 0;
    for (int i = 0; i < 16; i++) {
        uint64_t square = ((uint64_t)m * m) >> 30;
        fraction <<= 1;
        if (square >= UINT64_C(1) << 31) {
            square >>= 1;
            fraction |= 1;
        }
        m = (uint32_t)square;
    }
    return (int32_t)((uint32_t)whole << 16) + fraction;
}

int64_t mw_fix_mul_div(int64_t a, int64_t b, int64_t c) {
    mw_assert(c > 0);
    bool negative = (a < 0) != (b < 0);
    uint64_t x = a < 0 ? 0 - (uint64_t)a : (uint64_t)a, y = b < 0 ? 0 - (uint64_t)b : (uint64_t)b;
    /* x * y = high * 2^64 + low, in halves of 32 bits. */
    uint64_t x0 = (uint32_t)x, x1 = x >> 32, y0 = (uint32_t)y, y1 = y >> 32;
    uint64_t middle = x1 * y0 + ((x0 * y0) >> 32), other = x0 * y1 + (uint32_t)middle;
    uint64_t high = x1 * y1 + (middle >> 32) + (other >> 32);
    uint64_t low = (other << 32) | (uint32_t)(x0 * y0);
    uint64_t half = (uint64_t)c / 2;
    low += half;
    high += low < half;
    mw_assert(high < (uint64_t)c); /* else the quotient has more than 64 bits */
    if (high == 0) {
        low /= (uint64_t)c;
    } else {
        /* Long division, bit by bit: high < c < 2^63, so the shifted remainder fits. */
        for (int i = 0; i < 64; i++) {
            high = (high << 1) | (low >> 63);
            low <<= 1;
            if (high >= (uint64_t)c) {
                high -= (uint64_t)c;
                low |= 1;
            }
        }
    }
    return negative ? -(int64_t)low : (int64_t)low;
}

/* sin of the first quarter turn in 256 steps. */
static const uint16_t quarter[257] = {
    0,     201,   402,   603,   804,   1005,  1206,  1407,  1608,  1809,  2009,  2210,  2411,
    2611,  2811,  3012,  3212,  3412,  3612,  3812,  4011,  4211,  4410,  4609,  4808,  5007,
    5205,  5404,  5602,  5800,  5998,  6195,  6393,  6590,  6787,  6983,  7180,  7376,  7571,
    7767,  7962,  8157,  8351,  8546,  8740,  8933,  9127,  9319,  9512,  9704,  9896,  10088,
    10279, 10469, 10660, 10850, 11039, 11228, 11417, 11605, 11793, 11980, 12167, 12354, 12540,
    12725, 12910, 13095, 13279, 13463, 13646, 13828, 14010, 14192, 14373, 14553, 14733, 14912,
    15091, 15269, 15447, 15624, 15800, 15976, 16151, 16326, 16500, 16673, 16846, 17018, 17190,
    17361, 17531, 17700, 17869, 18037, 18205, 18372, 18538, 18703, 18868, 19032, 19195, 19358,
    19520, 19681, 19841, 20001, 20160, 20318, 20475, 20632, 20788, 20943, 21097, 21251, 21403,
    21555, 21706, 21856, 22006, 22154, 22302, 22449, 22595, 22740, 22884, 23028, 23170, 23312,
    23453, 23593, 23732, 23870, 24008, 24144, 24279, 24414, 24548, 24680, 24812, 24943, 25073,
    25202, 25330, 25457, 25583, 25708, 25833, 25956, 26078, 26199, 26320, 26439, 26557, 26674,
    26791, 26906, 27020, 27133, 27246, 27357, 27467, 27576, 27684, 27791, 27897, 28002, 28106,
    28209, 28311, 28411, 28511, 28610, 28707, 28803, 28899, 28993, 29086, 29178, 29269, 29359,
    29448, 29535, 29622, 29707, 29792, 29875, 29957, 30038, 30118, 30196, 30274, 30350, 30425,
    30499, 30572, 30644, 30715, 30784, 30853, 30920, 30986, 31050, 31114, 31177, 31238, 31298,
    31357, 31415, 31471, 31527, 31581, 31634, 31686, 31737, 31786, 31834, 31881, 31927, 31972,
    32015, 32058, 32099, 32138, 32177, 32214, 32251, 32286, 32319, 32352, 32383, 32413, 32442,
    32470, 32496, 32522, 32546, 32568, 32590, 32610, 32629, 32647, 32664, 32679, 32693, 32706,
    32718, 32729, 32738, 32746, 32753, 32758, 32762, 32766, 32767, 32768,
};

int32_t mw_fix_sine(uint32_t turn) {
    uint32_t in = turn & 0x3fffffffu; /* within the quarter */
    if (turn & 0x40000000u)
        in = 0x40000000u - in;
    uint32_t i = in >> 22;
    int32_t value = quarter[i];
    if (i < 256)
        value +=
            ((int32_t)(quarter[i + 1] - quarter[i]) * (int32_t)((in >> 7) & 0x7fff) + 0x4000) >> 15;
    return turn & 0x80000000u ? -value : value;
}
