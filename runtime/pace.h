/* SPDX-License-Identifier: Apache-2.0
 *
 * How much one turn of the loop takes on. Everything lives in one thread, so whoever works too long
 * keeps uplinks and pages waiting. Each step takes so many things a turn that it stays near
 * MW_PACE_MS: fewer after a turn that took longer, more after a short one that had enough to do.
 * What comes out never depends on how many things a turn took, only when.
 */
#ifndef MW_RUNTIME_PACE_H
#define MW_RUNTIME_PACE_H

#include "base/time.h"

enum { MW_PACE_MS = 25 };

typedef struct mw_pace {
    uint32_t n; /* what the next turn takes */
    uint32_t least, most;
    mw_mono begun;
} mw_pace;

/* 1 <= least <= most. */
void mw_pace_init(mw_pace *p, uint32_t least, uint32_t most);
/* Around a turn. The first gives what it may take; done: what it took. */
uint32_t mw_pace_begin(mw_pace *p);
void mw_pace_end(mw_pace *p, uint32_t done);
/* What mw_pace_end does with the time it measured. */
void mw_pace_took(mw_pace *p, uint32_t done, mw_dur took);

#endif
