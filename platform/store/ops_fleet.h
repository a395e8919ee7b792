/* SPDX-License-Identifier: Apache-2.0
 *
 * mw_store: questions about a whole fleet, answered from the head of each day's record without
 * decoding it. What is not folded yet is not in it: a page of the fleet may be a turn behind.
 *
 * - day_total_read: of one UTC day over every channel of the tenant.
 * - day_sums: of one UTC day, every channel that has values, ascending.
 * - newest_values: the newest reading of every register of the tenant, by channel.
 */
#ifndef MW_PLATFORM_STORE_OPS_FLEET_H
#define MW_PLATFORM_STORE_OPS_FLEET_H

#include "platform/store/records.h"

typedef struct mw_store_day_sum {
    int64_t channel;
    int64_t intervals; /* how many reported */
    bool fits;         /* the sum is within 63 bits */
    int64_t sum;
    uint32_t quality; /* of all of them together */
} mw_store_day_sum;

typedef struct mw_store_day_total {
    int64_t channels; /* with values of that day */
    int64_t intervals;
} mw_store_day_total;

typedef struct mw_store_newest {
    int64_t channel;
    uint8_t obis[6];
    mw_utc meter;
    int64_t value;
} mw_store_newest;

typedef mw_status (*mw_store_on_day_sum)(void *ctx, const mw_store_day_sum *row);
typedef mw_status (*mw_store_on_newest)(void *ctx, const mw_store_newest *row);

#define MW_STORE_FLEET_OPS(X)                                                                      \
    X(day_total_read, (mw_store * s, int64_t tenant, int64_t day, mw_store_day_total * out_total), \
      (s, tenant, day, out_total))                                                                 \
    X(day_sums, (mw_store * s, int64_t tenant, int64_t day, mw_store_on_day_sum each, void *ctx),  \
      (s, tenant, day, each, ctx))                                                                 \
    X(newest_values, (mw_store * s, int64_t tenant, mw_store_on_newest each, void *ctx),           \
      (s, tenant, each, ctx))

#endif
