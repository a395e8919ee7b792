/* SPDX-License-Identifier: Apache-2.0 */
#include "meters/gas/zero.h"

#include "meters/kit/fixmath.h"

const int32_t mw_gas_zero_mdegc[MW_GAS_ZERO_POINTS] = {-40000, -10000, 20000, 55000};

/* Segment of a temperature, and its place in it in 1/1024, 0..1024. */
static unsigned place(mw_temp t, int32_t *out_part) {
    unsigned i = 0;
    while (i < MW_GAS_ZERO_POINTS - 2 && t.mdegc >= mw_gas_zero_mdegc[i + 1])
        i++;
    int64_t span = mw_gas_zero_mdegc[i + 1] - mw_gas_zero_mdegc[i];
    int64_t part = ((int64_t)t.mdegc - mw_gas_zero_mdegc[i]) * 1024 / span;
    *out_part = part < 0 ? 0 : part > 1024 ? 1024 : (int32_t)part;
    return i;
}

int32_t mw_gas_zero_at(const mw_gas_zero *z, mw_temp t) {
    int32_t part;
    unsigned i = place(t, &part);
    int64_t low = z->factory_ps[i] + z->learned_ps[i];
    int64_t high = z->factory_ps[i + 1] + z->learned_ps[i + 1];
    return (int32_t)(low + mw_fix_div((high - low) * part, 1024));
}

void mw_gas_zero_restart(mw_gas_zero *z) {
    z->sum_ps = 0;
    z->count = 0;
}

static int32_t guarded(int64_t ps) {
    if (ps > MW_GAS_ZERO_GUARD_PS)
        return MW_GAS_ZERO_GUARD_PS;
    return ps < -MW_GAS_ZERO_GUARD_PS ? -MW_GAS_ZERO_GUARD_PS : (int32_t)ps;
}

bool mw_gas_zero_learn(mw_gas_zero *z, mw_temp t, int32_t dt_ps) {
    z->sum_ps += dt_ps - mw_gas_zero_at(z, t);
    if (++z->count < MW_GAS_ZERO_PERIOD)
        return false;
    int64_t offset = mw_fix_div(z->sum_ps, MW_GAS_ZERO_PERIOD);
    mw_gas_zero_restart(z);
    if (offset > MW_GAS_ZERO_GUARD_PS || offset < -MW_GAS_ZERO_GUARD_PS)
        return false;
    /* A quarter of what was seen, shared between the two points by nearness and divided by the sum
     * of the squares of the shares, so that the table moves by that quarter at this temperature. */
    int32_t part;
    unsigned i = place(t, &part);
    int64_t near = 1024 - part, far = part, norm = 4 * (near * near + far * far) / 1024;
    int32_t low = guarded(z->learned_ps[i] + mw_fix_div(offset * near, norm));
    int32_t high = guarded(z->learned_ps[i + 1] + mw_fix_div(offset * far, norm));
    bool changed = low != z->learned_ps[i] || high != z->learned_ps[i + 1];
    z->learned_ps[i] = low;
    z->learned_ps[i + 1] = high;
    return changed;
}
