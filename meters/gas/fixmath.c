/* SPDX-License-Identifier: Apache-2.0 */
#include "meters/gas/fixmath.h"

#include "base/assert.h"

uint32_t mw_gas_sqrt(uint64_t x) {
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

uint32_t mw_gas_cbrt(uint64_t x) {
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

int32_t mw_gas_atan2(int64_t y, int64_t x) {
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

int32_t mw_gas_log2(uint64_t x) {
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
