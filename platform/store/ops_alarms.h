/* SPDX-License-Identifier: Apache-2.0
 *
 * mw_store: alarms and messages about them (records_alarms.h).
 *
 * signs_changed        signs whose .change > after, ascending by it, of every tenant; *each* is told the change.
 * events_after         events of devices with id > after, ascending, of every tenant.
 * alarm_add            ignores .id. MW_CONFLICT: an alarm of the rule and subject is not closed yet.
 * alarm_put            everything but tenant, rule, subject, version, opened_at and inputs.
 * alarm_get            by id. alarm_last: the newest of a rule and subject, closed or not.
 * alarms               newest first. alarms_open: every tenant's not closed ones, id > after.
 * alarm_counts         those not closed and without a root, by rule, severity, state and snoozing.
 * alarm_hold_put       inserts or replaces. alarm_hold_drop: nothing to drop is no error.
 * alarm_holds          of every tenant.
 * alarm_notes          of an alarm, oldest first, at most limit.
 * alarm_setting_put    one row for (rule, name, class, channel), and a line of history. The row's .version is given
 *                      by the store: one more than the rule's last. alarm_setting_remove: MW_NOT_FOUND.
 * alarm_settings       of every tenant. alarm_setting_history: of a rule (NULL = all), newest first.
 * collection_put       inserts or replaces. collections: of days >= from, ascending by day and mark.
 * recipient_put        inserts or replaces by id. recipient_remove: MW_NOT_FOUND.
 * delivery_add         ignores .id. delivery_put: state, due, done, attempts, error.
 * deliveries_due       waiting ones of every tenant, due <= at, by due.
 * deliveries           newest first, id < before (0 = from the newest); states: bits, 0 = all.
 * deliveries_waiting   how many wait, of every tenant.
 * deliveries_forget    done ones (not dead) older than a moment.
 */
#ifndef MW_PLATFORM_STORE_OPS_ALARMS_H
#define MW_PLATFORM_STORE_OPS_ALARMS_H

#include "platform/store/records_alarms.h"

typedef mw_status (*mw_store_on_changed_sign)(void *ctx, int64_t change, const mw_store_sign *row);
typedef mw_status (*mw_store_on_device_event)(void *ctx, const mw_store_event *row);
typedef mw_status (*mw_store_on_alarm)(void *ctx, const mw_store_alarm *row);
typedef mw_status (*mw_store_on_alarm_hold)(void *ctx, const mw_store_alarm_hold *row);
typedef mw_status (*mw_store_on_alarm_note)(void *ctx, const mw_store_alarm_note *row);
typedef mw_status (*mw_store_on_alarm_setting)(void *ctx, const mw_store_alarm_setting *row);
typedef mw_status (*mw_store_on_alarm_count)(void *ctx, const mw_store_alarm_count *row);
typedef mw_status (*mw_store_on_collection)(void *ctx, const mw_store_collection *row);
typedef mw_status (*mw_store_on_recipient)(void *ctx, const mw_store_recipient *row);
typedef mw_status (*mw_store_on_delivery)(void *ctx, const mw_store_delivery *row);

#define MW_STORE_ALARM_OPS(X)                                                                      \
    X(signs_changed,                                                                               \
      (mw_store * s, int64_t after, uint32_t limit, mw_store_on_changed_sign each, void *ctx),     \
      (s, after, limit, each, ctx))                                                                \
    X(events_after,                                                                                \
      (mw_store * s, int64_t after, uint32_t limit, mw_store_on_device_event each, void *ctx),     \
      (s, after, limit, each, ctx))                                                                \
    X(alarm_add, (mw_store * s, const mw_store_alarm *a, int64_t *out_id), (s, a, out_id))         \
    X(alarm_put, (mw_store * s, const mw_store_alarm *a), (s, a))                                  \
    X(alarm_get, (mw_store * s, int64_t tenant, int64_t id, mw_store_alarm * out_alarm),           \
      (s, tenant, id, out_alarm))                                                                  \
    X(alarm_last,                                                                                  \
      (mw_store * s, int64_t tenant, const char *rule, const char *subject,                        \
       mw_store_alarm *out_alarm),                                                                 \
      (s, tenant, rule, subject, out_alarm))                                                       \
    X(alarms, (mw_store * s, const mw_store_alarm_query *q, mw_store_on_alarm each, void *ctx),    \
      (s, q, each, ctx))                                                                           \
    X(alarms_open,                                                                                 \
      (mw_store * s, int64_t after, uint32_t limit, mw_store_on_alarm each, void *ctx),            \
      (s, after, limit, each, ctx))                                                                \
    X(alarm_counts,                                                                                \
      (mw_store * s, int64_t tenant, mw_utc now, mw_store_on_alarm_count each, void *ctx),         \
      (s, tenant, now, each, ctx))                                                                 \
    X(alarm_hold_put, (mw_store * s, const mw_store_alarm_hold *row), (s, row))                    \
    X(alarm_hold_drop, (mw_store * s, int64_t tenant, const char *rule, const char *subject),      \
      (s, tenant, rule, subject))                                                                  \
    X(alarm_holds, (mw_store * s, mw_store_on_alarm_hold each, void *ctx), (s, each, ctx))         \
    X(alarm_note_add, (mw_store * s, const mw_store_alarm_note *n), (s, n))                        \
    X(alarm_notes,                                                                                 \
      (mw_store * s, int64_t tenant, int64_t alarm, uint32_t limit, mw_store_on_alarm_note each,   \
       void *ctx),                                                                                 \
      (s, tenant, alarm, limit, each, ctx))                                                        \
    X(alarm_setting_put, (mw_store * s, const mw_store_alarm_setting *row), (s, row))              \
    X(alarm_setting_remove, (mw_store * s, const mw_store_alarm_setting *row), (s, row))           \
    X(alarm_settings, (mw_store * s, mw_store_on_alarm_setting each, void *ctx), (s, each, ctx))   \
    X(alarm_setting_history,                                                                       \
      (mw_store * s, int64_t tenant, const char *rule, uint32_t limit,                             \
       mw_store_on_alarm_setting each, void *ctx),                                                 \
      (s, tenant, rule, limit, each, ctx))                                                         \
    X(collection_put, (mw_store * s, const mw_store_collection *row), (s, row))                    \
    X(collections,                                                                                 \
      (mw_store * s, int64_t tenant, int64_t from, mw_store_on_collection each, void *ctx),        \
      (s, tenant, from, each, ctx))

#define MW_STORE_NOTIFY_OPS(X)                                                                     \
    X(recipient_put, (mw_store * s, const mw_store_recipient *row), (s, row))                      \
    X(recipient_get,                                                                               \
      (mw_store * s, int64_t tenant, const char *id, mw_store_recipient *out_recipient),           \
      (s, tenant, id, out_recipient))                                                              \
    X(recipient_remove, (mw_store * s, int64_t tenant, const char *id), (s, tenant, id))           \
    X(recipients, (mw_store * s, int64_t tenant, mw_store_on_recipient each, void *ctx),           \
      (s, tenant, each, ctx))                                                                      \
    X(delivery_add, (mw_store * s, const mw_store_delivery *row, int64_t *out_id),                 \
      (s, row, out_id))                                                                            \
    X(delivery_put, (mw_store * s, const mw_store_delivery *row), (s, row))                        \
    X(delivery_get, (mw_store * s, int64_t tenant, int64_t id, mw_store_delivery * out_delivery),  \
      (s, tenant, id, out_delivery))                                                               \
    X(deliveries_due,                                                                              \
      (mw_store * s, mw_utc at, uint32_t limit, mw_store_on_delivery each, void *ctx),             \
      (s, at, limit, each, ctx))                                                                   \
    X(deliveries,                                                                                  \
      (mw_store * s, int64_t tenant, unsigned states, int64_t before, uint32_t limit,              \
       mw_store_on_delivery each, void *ctx),                                                      \
      (s, tenant, states, before, limit, each, ctx))                                               \
    X(deliveries_waiting, (mw_store * s, int64_t * out_n), (s, out_n))                             \
    X(deliveries_forget, (mw_store * s, mw_utc before), (s, before))

#endif
