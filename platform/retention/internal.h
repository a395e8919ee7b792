/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MW_PLATFORM_RETENTION_INTERNAL_H
#define MW_PLATFORM_RETENTION_INTERNAL_H

#include "platform/retention/retention.h"

typedef struct mw_retention_holds {
    mw_store_hold *list;
    size_t n, room;
} mw_retention_holds;

/* True when a hold covers a part of [from, to) of the channel, or of the tenant. channel 0: any
 * hold at all. `installed` may be NULL when no hold is of a usage point. */
bool mw_retention_held(const mw_retention_holds *h, int64_t channel,
                       const mw_store_installation *installed, size_t n, mw_utc from, mw_utc to);
/* Makes sums of a channel's UTC day; *out_held: it is held and stays. *out_changed: something
 * became a sum. */
MW_NODISCARD mw_status mw_retention_coarsen(mw_store *store, mw_zones *zones,
                                            const mw_retention_holds *holds, int64_t tenant,
                                            int64_t channel, int64_t day, mw_utc now,
                                            bool *out_changed, bool *out_held);
MW_NODISCARD mw_status mw_retention_drop(mw_store *store, const mw_retention_holds *holds,
                                         int64_t tenant, int64_t channel, int64_t day, mw_utc now,
                                         bool *out_held);

#endif
