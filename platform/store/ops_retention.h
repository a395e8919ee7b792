/* SPDX-License-Identifier: Apache-2.0
 *
 * mw_store: retention and legal holds (records_retention.h).
 *
 * retention_put   one row for (tenant, tier); the same again replaces it.
 * hold_add        ignores .id and what was released. hold_release: MW_NOT_FOUND; MW_STATE when it
 *                 is released already. holds: newest first, id < before (0 = from the newest).
 * days_after      days of channels that have folded values or revisions, in the order of day and channel,
 *                 behind (day, channel) and before the day `end`, at most limit.
 * day_replace     takes the place of everything that is known of a channel's UTC day: folded and
 *                 hot values, conflicts, revisions of every layer. n = 0: nothing is left. Marks no
 *                 change.
 * days_amount     of the days from .. end - 1, folded.
 * journal_forget  contents of the tenant's journal records from .. to become empty, receptions of
 *                 them go; keys, hashes and times stay. journal_amount: of contents not empty.
 */
#ifndef MW_PLATFORM_STORE_OPS_RETENTION_H
#define MW_PLATFORM_STORE_OPS_RETENTION_H

#include "platform/store/records_retention.h"

typedef mw_status (*mw_store_on_retention)(void *ctx, const mw_store_retention *row);
typedef mw_status (*mw_store_on_hold)(void *ctx, const mw_store_hold *row);
typedef mw_status (*mw_store_on_day)(void *ctx, int64_t day, int64_t channel);

#define MW_STORE_RETENTION_OPS(X)                                                                  \
    X(retention_put, (mw_store * s, const mw_store_retention *row), (s, row))                      \
    X(retentions, (mw_store * s, int64_t tenant, mw_store_on_retention each, void *ctx),           \
      (s, tenant, each, ctx))                                                                      \
    X(hold_add, (mw_store * s, const mw_store_hold *row, int64_t *out_id), (s, row, out_id))       \
    X(hold_release, (mw_store * s, int64_t tenant, int64_t id, mw_utc at, const char *who),        \
      (s, tenant, id, at, who))                                                                    \
    X(holds,                                                                                       \
      (mw_store * s, int64_t tenant, bool active_only, int64_t before, uint32_t limit,             \
       mw_store_on_hold each, void *ctx),                                                          \
      (s, tenant, active_only, before, limit, each, ctx))                                          \
    X(days_after,                                                                                  \
      (mw_store * s, int64_t tenant, int64_t day, int64_t channel, int64_t end, uint32_t limit,    \
       mw_store_on_day each, void *ctx),                                                           \
      (s, tenant, day, channel, end, limit, each, ctx))                                            \
    X(day_replace,                                                                                 \
      (mw_store * s, int64_t tenant, int64_t channel, int64_t day, const mw_store_interval *rows,  \
       size_t n),                                                                                  \
      (s, tenant, channel, day, rows, n))                                                          \
    X(days_amount,                                                                                 \
      (mw_store * s, int64_t tenant, int64_t from, int64_t end, mw_store_amount * out_amount),     \
      (s, tenant, from, end, out_amount))                                                          \
    X(journal_forget, (mw_store * s, int64_t tenant, int64_t from, int64_t to),                    \
      (s, tenant, from, to))                                                                       \
    X(journal_amount,                                                                              \
      (mw_store * s, int64_t tenant, int64_t from, int64_t to, mw_store_amount * out_amount),      \
      (s, tenant, from, to, out_amount))

#endif
