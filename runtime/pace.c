/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/pace.h"

#include "runtime/clock.h"

void mw_pace_init(mw_pace *p, uint32_t least, uint32_t most) {
    *p = (mw_pace){.n = least, .least = least, .most = most};
}

uint32_t mw_pace_begin(mw_pace *p) {
    p->begun = mw_clock_mono();
    return p->n;
}

void mw_pace_end(mw_pace *p, uint32_t done) {
    mw_pace_took(p, done, mw_mono_since(mw_clock_mono(), p->begun));
}

void mw_pace_took(mw_pace *p, uint32_t done, mw_dur took) {
    const int64_t target = MW_PACE_MS * (MW_NS_PER_S / 1000);
    uint64_t n = p->n;
    if (took.ns > target) {
        /* What was done says more of the cost than what would have been allowed. */
        uint64_t base = done < n ? done : n;
        n = base * (uint64_t)target / (uint64_t)took.ns;
    } else if (took.ns < target / 2 && done >= p->n) {
        n *= 2;
    }
    n = n > p->most ? p->most : n;
    p->n = n < p->least ? p->least : (uint32_t)n;
}
