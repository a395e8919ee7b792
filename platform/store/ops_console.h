/* SPDX-License-Identifier: Apache-2.0
 *
 * mw_store: the operators' own records, and the fleet as a list.
 *
 * filter_put     of one user, by name: the same name again replaces the query. MW_LIMIT beyond
 *                MW_STORE_FILTERS_MAX. filter_delete by id; MW_NOT_FOUND. filters: by name.
 * note_add       about a device; notes: newest first, id < before (0 = from the newest).
 * heard_put      a sender heard a device: the newest hearing counts, in whatever order they come.
 *                `journal` names the record that brought it, and so the sender.
 * heard          of one device, or of all with device 0, ascending by device; last >= since.
 * fleet_rows     every channel of the tenant, ascending by serial number and channel.
 * places         memberships valid at a moment, of every kind.
 */
#ifndef MW_PLATFORM_STORE_OPS_CONSOLE_H
#define MW_PLATFORM_STORE_OPS_CONSOLE_H

#include "platform/store/records_console.h"

typedef mw_status (*mw_store_on_filter)(void *ctx, const mw_store_filter *row);
typedef mw_status (*mw_store_on_note)(void *ctx, const mw_store_note *row);
typedef mw_status (*mw_store_on_heard)(void *ctx, const mw_store_heard_row *row);
typedef mw_status (*mw_store_on_fleet_row)(void *ctx, const mw_store_fleet_row *row);
typedef mw_status (*mw_store_on_place)(void *ctx, const mw_store_place *row);

#define MW_STORE_CONSOLE_OPS(X)                                                                    \
    X(filter_put,                                                                                  \
      (mw_store * s, int64_t tenant, const char *user, const mw_store_filter *f, int64_t *out_id), \
      (s, tenant, user, f, out_id))                                                                \
    X(filter_delete, (mw_store * s, int64_t tenant, const char *user, int64_t id),                 \
      (s, tenant, user, id))                                                                       \
    X(filters,                                                                                     \
      (mw_store * s, int64_t tenant, const char *user, mw_store_on_filter each, void *ctx),        \
      (s, tenant, user, each, ctx))                                                                \
    X(note_add,                                                                                    \
      (mw_store * s, int64_t tenant, int64_t device, const mw_store_note *n, int64_t *out_id),     \
      (s, tenant, device, n, out_id))                                                              \
    X(notes,                                                                                       \
      (mw_store * s, int64_t tenant, int64_t device, int64_t before, uint32_t limit,               \
       mw_store_on_note each, void *ctx),                                                          \
      (s, tenant, device, before, limit, each, ctx))                                               \
    X(heard_put, (mw_store * s, const mw_store_reception *r), (s, r))                              \
    X(heard,                                                                                       \
      (mw_store * s, int64_t tenant, int64_t device, mw_utc since, mw_store_on_heard each,         \
       void *ctx),                                                                                 \
      (s, tenant, device, since, each, ctx))                                                       \
    X(fleet_rows, (mw_store * s, int64_t tenant, mw_store_on_fleet_row each, void *ctx),           \
      (s, tenant, each, ctx))                                                                      \
    X(places, (mw_store * s, int64_t tenant, mw_utc at, mw_store_on_place each, void *ctx),        \
      (s, tenant, at, each, ctx))

#endif
