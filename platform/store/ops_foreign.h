/* SPDX-License-Identifier: Apache-2.0
 *
 * mw_store: devices of other networks and their messages (records_foreign.h).
 *
 * foreign_device_put    inserts, or changes label and key of (network, identity); gives the number.
 * foreign_device_find   the device with this identity; with low24 the first of those whose low 24
 *                       bits it is (some frames carry no more). MW_NOT_FOUND.
 * foreign_state_get     zeros and newest = -1 before the first put; derived_clear forgets them.
 * foreign_message_add   ignores id, sender, label; gives the number. One of decoding's results.
 * foreign_unknown_trim  of the tenant's messages without a device keeps the newest `keep`.
 * foreign_messages      newest first, id < before (0 = from the newest); network 0 = all.
 */
#ifndef MW_PLATFORM_STORE_OPS_FOREIGN_H
#define MW_PLATFORM_STORE_OPS_FOREIGN_H

#include "platform/store/records_foreign.h"

typedef mw_status (*mw_store_on_foreign_message)(void *ctx, const mw_store_foreign_message *row);

#define MW_STORE_FOREIGN_OPS(X)                                                                    \
    X(foreign_device_put, (mw_store * s, const mw_store_foreign_device *d, int64_t *out_device),   \
      (s, d, out_device))                                                                          \
    X(foreign_device_find,                                                                         \
      (mw_store * s, int64_t tenant, mw_store_network network, uint32_t identity, bool low24,      \
       mw_store_foreign_device *out_device),                                                       \
      (s, tenant, network, identity, low24, out_device))                                           \
    X(foreign_state_get,                                                                           \
      (mw_store * s, int64_t tenant, int64_t device, mw_store_foreign_state * out_state),          \
      (s, tenant, device, out_state))                                                              \
    X(foreign_state_put, (mw_store * s, const mw_store_foreign_state *state), (s, state))          \
    X(foreign_message_add, (mw_store * s, const mw_store_foreign_message *m, int64_t *out_id),     \
      (s, m, out_id))                                                                              \
    X(foreign_unknown_trim, (mw_store * s, int64_t tenant, int64_t keep), (s, tenant, keep))       \
    X(foreign_messages,                                                                            \
      (mw_store * s, int64_t tenant, int network, int64_t before, uint32_t limit,                  \
       mw_store_on_foreign_message each, void *ctx),                                               \
      (s, tenant, network, before, limit, each, ctx))

#endif
