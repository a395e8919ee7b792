/* SPDX-License-Identifier: Apache-2.0
 *
 * mw_store: values in layers (records_values.h), findings and the suspense account.
 *
 * - value_revise appends one revision (its .id is not used) and marks the change. MW_RANGE: span or
 *   rows not as the record says. Revisions of spans that are locked are welcome in any layer: the
 *   final layer shows those of the final layer only.
 * - values: what a layer shows, ascending. Reads see folded and unfolded values alike. The callback
 *   must not read values or intervals through the same handle.
 * - revisions: those of a channel that touch [from, to), newest first, id < before (0 = all), with
 *   rows and predictions. layer MW_LAYERS = every layer.
 * - revisions_of_action: those of an action and reason in the order of storing: which, what
 *   channel, layer, kind and span; nothing else of it.
 * - lock_put locks [from, to) of the final layer as it is now; MW_CONFLICT when a lock is there
 *   already. locks: those that touch [from, to), ascending.
 * - change_add marks a change by hand (master data). fold and value_revise mark theirs themselves,
 *   once the change can be read; register readings have `feed`.
 * - changes: id > after, ascending, of every tenant. Readers keep a cursor named "follow/<who>",
 *   those of register readings "follow/readings/<..>"; derived_clear sets both kinds back to 0.
 *   changes_prune forgets id <= through, but nothing that such a reader of changes has not passed.
 * - exception_raise opens a row or refreshes the open one of (channel, rule, from); gives its id.
 * - exception_judge notes what a person decided, on an open row or one closed in this transaction.
 * - rule_counts: of findings made at or after `from`, one row for each rule that found any.
 * - suspense_settle replaces the rows of the channel that touch [from, to) by the given ones.
 *   suspense_list: the rows that touch [from, to), ascending by from. suspense_sum: the channel's
 *   balance, 0 without rows.
 * - journal_at: the last journal record that was stored at or before a moment, 0 = none.
 */
#ifndef MW_PLATFORM_STORE_OPS_VALUES_H
#define MW_PLATFORM_STORE_OPS_VALUES_H

#include "platform/store/records_values.h"

typedef mw_status (*mw_store_on_value)(void *ctx, const mw_store_value *row);
typedef mw_status (*mw_store_on_revision)(void *ctx, const mw_store_revision *row);
typedef mw_status (*mw_store_on_lock)(void *ctx, const mw_store_lock *row);
typedef mw_status (*mw_store_on_change)(void *ctx, const mw_store_change *row);
typedef mw_status (*mw_store_on_exception)(void *ctx, const mw_store_exception *row);
typedef mw_status (*mw_store_on_rule_count)(void *ctx, const mw_store_rule_count *row);
typedef mw_status (*mw_store_on_suspense)(void *ctx, const mw_store_suspense *row);

#define MW_STORE_VALUE_OPS(X)                                                                      \
    X(value_revise, (mw_store * s, const mw_store_revision *r, int64_t *out_id), (s, r, out_id))   \
    X(values, (mw_store * s, const mw_store_values_query *q, mw_store_on_value each, void *ctx),   \
      (s, q, each, ctx))                                                                           \
    X(revisions,                                                                                   \
      (mw_store * s, int64_t tenant, int64_t channel, mw_layer layer, mw_utc from, mw_utc to,      \
       int64_t before, uint32_t limit, mw_store_on_revision each, void *ctx),                      \
      (s, tenant, channel, layer, from, to, before, limit, each, ctx))                             \
    X(revisions_of_action,                                                                         \
      (mw_store * s, int64_t tenant, mw_reason reason, int64_t action, mw_store_on_revision each,  \
       void *ctx),                                                                                 \
      (s, tenant, reason, action, each, ctx))                                                      \
    X(lock_put, (mw_store * s, const mw_store_lock *lock, int64_t *out_id), (s, lock, out_id))     \
    X(locks,                                                                                       \
      (mw_store * s, int64_t tenant, int64_t channel, mw_utc from, mw_utc to,                      \
       mw_store_on_lock each, void *ctx),                                                          \
      (s, tenant, channel, from, to, each, ctx))                                                   \
    X(change_add, (mw_store * s, const mw_store_change *c), (s, c))                                \
    X(changes, (mw_store * s, int64_t after, uint32_t limit, mw_store_on_change each, void *ctx),  \
      (s, after, limit, each, ctx))                                                                \
    X(changes_prune, (mw_store * s, int64_t through), (s, through))                                \
    X(journal_at, (mw_store * s, mw_utc at, int64_t * out_id), (s, at, out_id))

#define MW_STORE_FINDING_OPS(X)                                                                    \
    X(exception_raise, (mw_store * s, const mw_store_exception *e, int64_t *out_id),               \
      (s, e, out_id))                                                                              \
    X(exception_close,                                                                             \
      (mw_store * s, int64_t tenant, int64_t id, mw_utc at, const char *by, const char *text),     \
      (s, tenant, id, at, by, text))                                                               \
    X(exception_judge, (mw_store * s, int64_t tenant, int64_t id, mw_store_judged judged),         \
      (s, tenant, id, judged))                                                                     \
    X(rule_counts,                                                                                 \
      (mw_store * s, int64_t tenant, mw_utc from, mw_store_on_rule_count each, void *ctx),         \
      (s, tenant, from, each, ctx))                                                                \
    X(exceptions,                                                                                  \
      (mw_store * s, const mw_store_exception_query *q, mw_store_on_exception each, void *ctx),    \
      (s, q, each, ctx))                                                                           \
    X(suspense_settle,                                                                             \
      (mw_store * s, int64_t tenant, int64_t channel, mw_utc from, mw_utc to,                      \
       const mw_store_suspense *rows, size_t n),                                                   \
      (s, tenant, channel, from, to, rows, n))                                                     \
    X(suspense_list,                                                                               \
      (mw_store * s, int64_t tenant, int64_t channel, mw_utc from, mw_utc to,                      \
       mw_store_on_suspense each, void *ctx),                                                      \
      (s, tenant, channel, from, to, each, ctx))                                                   \
    X(suspense_sum, (mw_store * s, int64_t tenant, int64_t channel, int64_t * out_sum),            \
      (s, tenant, channel, out_sum))

#endif
