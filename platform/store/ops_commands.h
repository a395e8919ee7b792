/* SPDX-License-Identifier: Apache-2.0
 *
 * mw_store: commands and downlinks (records_commands.h).
 *
 * command_add        gives the number; MW_CONFLICT when the key of idempotency is taken.
 * command_put        changes everything but tenant, device, kind, args, created, actor and key.
 * command_by_key     the command created with a key of idempotency.
 * command_by_smp_id  the newest command of a device with this id.
 * command_last       the newest command of a device.
 * commands_open      those not over, of all tenants, ascending, id > after.
 * commands_list      newest first, id < before (0 = from the newest), of one device or all (0).
 * commands_of        those that read back for a parent.
 * commands_count     how many of a device (0 = the tenant) are open.
 * command_step_add   a step of history; command_steps in the order of adding.
 * downlink_add       gives the number; downlink_put changes pending, result and reason.
 * downlinks_pending  of one station (0 = all, of all tenants), ascending, id > after.
 * downlinks_of       entries of a command, oldest first, at most limit.
 * downlink_last_at   the latest `at` of a station's broadcasts; MW_NOT_FOUND.
 * counter_get        MW_NOT_FOUND before the first put.
 * fact_append        one of decoding's results; derived_clear forgets them.
 * facts_scan         journal > after, in order.
 * told_put           keeps the newest by `received`; derived_clear forgets them.
 * device_by_number   a device by the store's own number.
 * network_put        the group master key of a tenant, wrapped, with the group's key epoch.
 */
#ifndef MW_PLATFORM_STORE_OPS_COMMANDS_H
#define MW_PLATFORM_STORE_OPS_COMMANDS_H

#include "platform/store/records_commands.h"

typedef mw_status (*mw_store_on_command)(void *ctx, const mw_store_command *row);
typedef mw_status (*mw_store_on_command_step)(void *ctx, const mw_store_command_step *row);
typedef mw_status (*mw_store_on_downlink)(void *ctx, const mw_store_downlink *row);
typedef mw_status (*mw_store_on_fact)(void *ctx, const mw_store_fact *row);
typedef mw_status (*mw_store_on_told)(void *ctx, const mw_store_told *row);

#define MW_STORE_COMMAND_OPS(X)                                                                    \
    X(command_add, (mw_store * s, const mw_store_command *c, int64_t *out_id), (s, c, out_id))     \
    X(command_put, (mw_store * s, const mw_store_command *c), (s, c))                              \
    X(command_get, (mw_store * s, int64_t tenant, int64_t id, mw_store_command * out_c),           \
      (s, tenant, id, out_c))                                                                      \
    X(command_by_key, (mw_store * s, int64_t tenant, const char *key, mw_store_command *out_c),    \
      (s, tenant, key, out_c))                                                                     \
    X(command_by_smp_id,                                                                           \
      (mw_store * s, int64_t tenant, int64_t device, uint16_t smp_id, mw_store_command * out_c),   \
      (s, tenant, device, smp_id, out_c))                                                          \
    X(command_last, (mw_store * s, int64_t tenant, int64_t device, mw_store_command * out_c),      \
      (s, tenant, device, out_c))                                                                  \
    X(commands_open,                                                                               \
      (mw_store * s, int64_t after, uint32_t limit, mw_store_on_command each, void *ctx),          \
      (s, after, limit, each, ctx))                                                                \
    X(commands_list,                                                                               \
      (mw_store * s, int64_t tenant, int64_t device, int64_t before, uint32_t limit,               \
       mw_store_on_command each, void *ctx),                                                       \
      (s, tenant, device, before, limit, each, ctx))                                               \
    X(commands_of,                                                                                 \
      (mw_store * s, int64_t tenant, int64_t parent, mw_store_on_command each, void *ctx),         \
      (s, tenant, parent, each, ctx))                                                              \
    X(commands_count, (mw_store * s, int64_t tenant, int64_t device, int64_t * out_n),             \
      (s, tenant, device, out_n))                                                                  \
    X(command_step_add, (mw_store * s, int64_t tenant, const mw_store_command_step *row),          \
      (s, tenant, row))                                                                            \
    X(command_steps,                                                                               \
      (mw_store * s, int64_t tenant, int64_t command, mw_store_on_command_step each, void *ctx),   \
      (s, tenant, command, each, ctx))                                                             \
    X(downlink_add, (mw_store * s, const mw_store_downlink *d, int64_t *out_id), (s, d, out_id))   \
    X(downlink_put, (mw_store * s, const mw_store_downlink *d), (s, d))                            \
    X(downlink_get, (mw_store * s, int64_t tenant, int64_t id, mw_store_downlink * out_d),         \
      (s, tenant, id, out_d))                                                                      \
    X(downlinks_pending,                                                                           \
      (mw_store * s, int64_t sender, int64_t after, uint32_t limit, mw_store_on_downlink each,     \
       void *ctx),                                                                                 \
      (s, sender, after, limit, each, ctx))                                                        \
    X(downlinks_of,                                                                                \
      (mw_store * s, int64_t tenant, int64_t command, uint32_t limit, mw_store_on_downlink each,   \
       void *ctx),                                                                                 \
      (s, tenant, command, limit, each, ctx))                                                      \
    X(downlink_last_at, (mw_store * s, int64_t sender, mw_utc * out_at), (s, sender, out_at))      \
    X(counter_get,                                                                                 \
      (mw_store * s, int64_t tenant, int64_t subject, uint32_t key_epoch,                          \
       mw_store_counter * out_c),                                                                  \
      (s, tenant, subject, key_epoch, out_c))                                                      \
    X(counter_put, (mw_store * s, const mw_store_counter *c), (s, c))                              \
    X(fact_append, (mw_store * s, const mw_store_fact *f), (s, f))                                 \
    X(facts_scan, (mw_store * s, int64_t after, uint32_t limit, mw_store_on_fact each, void *ctx), \
      (s, after, limit, each, ctx))                                                                \
    X(told_put, (mw_store * s, const mw_store_told *c), (s, c))                                    \
    X(told_list, (mw_store * s, int64_t tenant, int64_t device, mw_store_on_told each, void *ctx), \
      (s, tenant, device, each, ctx))                                                              \
    X(device_by_number, (mw_store * s, int64_t tenant, int64_t device, mw_store_device * out_d),   \
      (s, tenant, device, out_d))                                                                  \
    X(network_put, (mw_store * s, int64_t tenant, uint32_t key_epoch, mw_slice wrapped),           \
      (s, tenant, key_epoch, wrapped))                                                             \
    X(network_get,                                                                                 \
      (mw_store * s, int64_t tenant, uint32_t * out_key_epoch, mw_span wrapped, size_t * out_n),   \
      (s, tenant, out_key_epoch, wrapped, out_n))

#endif
