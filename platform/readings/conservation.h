/* SPDX-License-Identifier: Apache-2.0
 *
 * The invariant above all, checked from the stored state: for every channel and every span between
 * two readings of its register, final intervals + suspense = register difference; and the same for
 * the whole line of the register at once.
 */
#ifndef MW_PLATFORM_READINGS_CONSERVATION_H
#define MW_PLATFORM_READINGS_CONSERVATION_H

#include "platform/readings/settle.h"

typedef struct mw_conservation {
    int64_t channels;    /* looked at */
    int64_t unbounded;   /* of these: fewer than two readings, nothing can be said */
    int64_t spans;       /* checked */
    int64_t intervals;   /* final intervals inside the spans */
    int64_t readings;    /* of registers, on the lines of all channels */
    int64_t in_suspense; /* spans whose suspense is not 0 */
    int64_t suspense;    /* sum of their amounts without sign, in raw counts of every unit */
    int64_t rollovers, reverses;
    int64_t unexplained; /* spans with a step that is no consumption and has no record */
    int64_t unsettled;   /* changes and readings that settling has not seen yet */
    int64_t violations;
} mw_conservation;

typedef struct mw_violation {
    int64_t tenant;
    int64_t channel;
    mw_utc from, to;
    const char *what;
    int64_t difference, intervals, suspense;
} mw_violation;

typedef mw_status (*mw_on_violation)(void *ctx, const mw_violation *v);

/* One channel; adds to *sums. */
MW_NODISCARD mw_status mw_conservation_channel(mw_store *store, int64_t tenant,
                                               const mw_store_channel *channel,
                                               mw_on_violation each, void *ctx,
                                               mw_conservation *sums);
/* Every channel of every tenant. Beside a running platform a channel may be seen half changed: one
 * with violations is looked at again after `pause` was called, three times at most (NULL = at once
 * for good). What is not settled yet is counted. */
MW_NODISCARD mw_status mw_conservation_all(mw_store *store, mw_on_violation each, void *ctx,
                                           void (*pause)(void), mw_conservation *out_sums);

#endif
