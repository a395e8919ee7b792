/* SPDX-License-Identifier: Apache-2.0
 *
 * mw_store: what customers hand in and ask for (records_accounts.h).
 *
 * - handed_add: MW_RANGE for a photo beyond MW_STORE_PHOTO_MAX. handed_list: newest first, of a
 *   channel (0 = of the tenant) and, unless state is negative, in that state. handed_photo gives
 *   the photo's bytes; MW_NOT_FOUND when there is none. handed_decide: MW_CONFLICT when it is not
 *   waiting. handed_count: handed in by `who` since a moment.
 * - watches: of a channel and person, newest first. watches_due: every tenant's open ones that
 *   began before `now`, with id > after, ascending. watch_tell notes the first flow; watch_end
 *   ends it: MW_NOT_FOUND.
 * - peers: for the channel itself and for channels like it (same tenant, medium and unit, of the
 *   same block of channels) what they counted on the UTC days first, first + stride .. below end; at
 *   most MW_STORE_PEERS_MAX. Only folded days count.
 */
#ifndef MW_PLATFORM_STORE_OPS_HOUSEHOLD_H
#define MW_PLATFORM_STORE_OPS_HOUSEHOLD_H

#include "platform/store/records_accounts.h"

typedef mw_status (*mw_store_on_handed)(void *ctx, const mw_store_handed *row);
typedef mw_status (*mw_store_on_watch)(void *ctx, const mw_store_watch *row);
typedef mw_status (*mw_store_on_peer)(void *ctx, const mw_store_peer *row);

#define MW_STORE_HOUSEHOLD_OPS(X)                                                                  \
    X(handed_add, (mw_store * s, const mw_store_handed *h, mw_slice photo, int64_t *out_id),       \
      (s, h, photo, out_id))                                                                       \
    X(handed_get, (mw_store * s, int64_t tenant, int64_t id, mw_store_handed * out_handed),        \
      (s, tenant, id, out_handed))                                                                 \
    X(handed_list,                                                                                 \
      (mw_store * s, int64_t tenant, int64_t channel, int state, int64_t before, uint32_t limit,   \
       mw_store_on_handed each, void *ctx),                                                        \
      (s, tenant, channel, state, before, limit, each, ctx))                                       \
    X(handed_photo, (mw_store * s, int64_t tenant, int64_t id, mw_span room, size_t * out_n),      \
      (s, tenant, id, room, out_n))                                                                \
    X(handed_decide, (mw_store * s, const mw_store_handed *h), (s, h))                             \
    X(handed_count, (mw_store * s, int64_t tenant, const char *who, mw_utc since, int64_t *out_n), \
      (s, tenant, who, since, out_n))                                                              \
    X(watch_add, (mw_store * s, const mw_store_watch *w, int64_t *out_id), (s, w, out_id))         \
    X(watches,                                                                                     \
      (mw_store * s, int64_t tenant, int64_t channel, const char *who, mw_store_on_watch each,     \
       void *ctx),                                                                                 \
      (s, tenant, channel, who, each, ctx))                                                        \
    X(watches_due,                                                                                 \
      (mw_store * s, mw_utc now, int64_t after, uint32_t limit, mw_store_on_watch each,            \
       void *ctx),                                                                                 \
      (s, now, after, limit, each, ctx))                                                           \
    X(watch_tell,                                                                                  \
      (mw_store * s, int64_t tenant, int64_t id, mw_utc told, mw_utc flow_at, int64_t flow),       \
      (s, tenant, id, told, flow_at, flow))                                                        \
    X(watch_end, (mw_store * s, int64_t tenant, int64_t id, const char *who, mw_utc at),           \
      (s, tenant, id, who, at))                                                                    \
    X(peers,                                                                                       \
      (mw_store * s, int64_t tenant, int64_t channel, int64_t first, int64_t end, int64_t stride,  \
       mw_store_on_peer each, void *ctx),                                                          \
      (s, tenant, channel, first, end, stride, each, ctx))

#endif
