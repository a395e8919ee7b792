/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "base/prng.h"
#include "meters/kit/fixmath.h"
#include "tests/harness/mw_test.h"

__extension__ typedef __int128 wide;

static int64_t any(mw_prng *g) {
    int64_t v = (int64_t)(mw_prng_u64(g) >> (1 + mw_prng_below(g, 62)));
    return mw_prng_below(g, 2) ? -v : v;
}

MW_TEST(mul_div_is_exact) {
    mw_prng g = mw_prng_of_seed(1);
    unsigned done = 0;
    while (done < 200000) {
        int64_t a = any(&g), b = any(&g), c = any(&g);
        if (c <= 0)
            continue;
        wide p = (wide)a * b, half = c / 2;
        wide expected = p >= 0 ? (p + half) / c : -((-p + half) / c);
        if (expected > ((int64_t)1 << 62) || expected < -((int64_t)1 << 62))
            continue;
        done++;
        MW_CHECK_EQ(mw_fix_mul_div(a, b, c), (int64_t)expected);
    }
}

MW_TEST(sine_is_close_all_around) {
    for (uint64_t turn = 0; turn < UINT64_C(1) << 32; turn += 99991) {
        double truth = 32768 * sin(6.283185307179586 * (double)turn / 4294967296.0);
        MW_CHECK(fabs(mw_fix_sine((uint32_t)turn) - truth) < 1.2);
    }
    MW_CHECK_EQ(mw_fix_sine(0), 0);
    MW_CHECK_EQ(mw_fix_sine(0x40000000u), 32768);
    MW_CHECK_EQ(mw_fix_sine(0xc0000000u), -32768);
}

MW_TEST_MAIN(MW_CASE(mul_div_is_exact), MW_CASE(sine_is_close_all_around))
