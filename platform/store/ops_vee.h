/* SPDX-License-Identifier: Apache-2.0
 *
 * mw_store: what validation and estimation keep (records_vee.h).
 *
 * vee_setting_put   one row for (name, class, from); the same again replaces its value.
 * vee_settings      all of the tenant, by name, class and time.
 * vee_class_set     the class of a channel; vee_class_get gives 0 when none was set.
 * vee_meter_put     inserts or replaces; vee_meter_forget deletes (the meter is in order).
 * vee_meters        those not in order, the most money a day first, at most limit.
 * vee_meters_scan   the same by channel, channel > after, of every tenant: for loading.
 * verdict_add       adds; verdicts: of a channel that touch [from, to), oldest first.
 * vee_choice_put    what was learned of a channel for the epoch that begins on a day; get gives it
 *                   or MW_NOT_FOUND; forget drops those of epochs from a day on.
 * correction_add    adds; corrections: newest first, id < before (0 = from the newest), of one
 *                   channel or of all (0). correction_sum: sum of now - was of a lock.
 * vee_source_put    adds; _drop deletes, MW_NOT_FOUND; vee_sources: of a channel, by kind and source.
 * vee_profile_put   one row for (medium, class, from); the same again replaces it. vee_profiles: all
 *                   of the tenant, by medium, class and time.
 * hearings          of journal records > after in their order, of every tenant.
 * channel_get         MW_NOT_FOUND.
 * channels_of_device  those of one device, ascending.
 * channels_newest   every channel, ascending, channel > after.
 */
#ifndef MW_PLATFORM_STORE_OPS_VEE_H
#define MW_PLATFORM_STORE_OPS_VEE_H

#include "platform/store/records_vee.h"

typedef mw_status (*mw_store_on_vee_setting)(void *ctx, const mw_store_vee_setting *row);
typedef mw_status (*mw_store_on_vee_meter)(void *ctx, const mw_store_vee_meter *row);
typedef mw_status (*mw_store_on_verdict)(void *ctx, const mw_store_verdict *row);
typedef mw_status (*mw_store_on_correction)(void *ctx, const mw_store_correction *row);
typedef mw_status (*mw_store_on_source)(void *ctx, const mw_store_source *row);
typedef mw_status (*mw_store_on_profile)(void *ctx, const mw_store_profile *row);
typedef mw_status (*mw_store_on_hearing)(void *ctx, const mw_store_hearing *row);
typedef mw_status (*mw_store_on_channel_newest)(void *ctx, const mw_store_channel_newest *row);

#define MW_STORE_VEE_OPS(X)                                                                        \
    X(vee_setting_put, (mw_store * s, const mw_store_vee_setting *row), (s, row))                  \
    X(vee_settings, (mw_store * s, int64_t tenant, mw_store_on_vee_setting each, void *ctx),       \
      (s, tenant, each, ctx))                                                                      \
    X(vee_class_set, (mw_store * s, int64_t tenant, int64_t channel, uint8_t class),               \
      (s, tenant, channel, class))                                                                 \
    X(vee_class_get, (mw_store * s, int64_t tenant, int64_t channel, uint8_t * out_class),         \
      (s, tenant, channel, out_class))                                                             \
    X(vee_meter_put, (mw_store * s, const mw_store_vee_meter *row), (s, row))                      \
    X(vee_meter_forget, (mw_store * s, int64_t tenant, int64_t channel), (s, tenant, channel))     \
    X(vee_meters,                                                                                  \
      (mw_store * s, int64_t tenant, uint32_t limit, mw_store_on_vee_meter each, void *ctx),       \
      (s, tenant, limit, each, ctx))                                                               \
    X(vee_meters_scan,                                                                             \
      (mw_store * s, int64_t after, uint32_t limit, mw_store_on_vee_meter each, void *ctx),        \
      (s, after, limit, each, ctx))                                                                \
    X(verdict_add, (mw_store * s, const mw_store_verdict *row, int64_t *out_id), (s, row, out_id)) \
    X(verdicts,                                                                                    \
      (mw_store * s, int64_t tenant, int64_t channel, mw_utc from, mw_utc to,                      \
       mw_store_on_verdict each, void *ctx),                                                       \
      (s, tenant, channel, from, to, each, ctx))                                                   \
    X(vee_choice_put,                                                                              \
      (mw_store * s, int64_t tenant, int64_t channel, int64_t epoch_day, mw_slice learned),        \
      (s, tenant, channel, epoch_day, learned))                                                    \
    X(vee_choice_get,                                                                              \
      (mw_store * s, int64_t tenant, int64_t channel, int64_t epoch_day, mw_span room,             \
       size_t * out_n),                                                                            \
      (s, tenant, channel, epoch_day, room, out_n))                                                \
    X(vee_choice_forget, (mw_store * s, int64_t tenant, int64_t channel, int64_t from_day),        \
      (s, tenant, channel, from_day))                                                              \
    X(correction_add, (mw_store * s, const mw_store_correction *row, int64_t *out_id),             \
      (s, row, out_id))                                                                            \
    X(corrections,                                                                                 \
      (mw_store * s, int64_t tenant, int64_t channel, int64_t before, uint32_t limit,              \
       mw_store_on_correction each, void *ctx),                                                    \
      (s, tenant, channel, before, limit, each, ctx))                                              \
    X(correction_sum, (mw_store * s, int64_t tenant, int64_t lock, int64_t * out_sum),             \
      (s, tenant, lock, out_sum))                                                                  \
    X(vee_source_put, (mw_store * s, const mw_store_source *row), (s, row))                        \
    X(vee_source_drop, (mw_store * s, const mw_store_source *row), (s, row))                       \
    X(vee_sources,                                                                                 \
      (mw_store * s, int64_t tenant, int64_t channel, mw_store_on_source each, void *ctx),         \
      (s, tenant, channel, each, ctx))                                                             \
    X(vee_profile_put, (mw_store * s, const mw_store_profile *row), (s, row))                      \
    X(vee_profiles, (mw_store * s, int64_t tenant, mw_store_on_profile each, void *ctx),           \
      (s, tenant, each, ctx))                                                                      \
    X(channel_get,                                                                                 \
      (mw_store * s, int64_t tenant, int64_t channel, mw_store_channel * out_channel),             \
      (s, tenant, channel, out_channel))                                                           \
    X(channels_of_device,                                                                          \
      (mw_store * s, int64_t tenant, int64_t device, mw_store_on_channel_newest each, void *ctx),  \
      (s, tenant, device, each, ctx))                                                              \
    X(hearings,                                                                                    \
      (mw_store * s, int64_t after, uint32_t limit, mw_store_on_hearing each, void *ctx),          \
      (s, after, limit, each, ctx))                                                                \
    X(channels_newest,                                                                             \
      (mw_store * s, int64_t after, uint32_t limit, mw_store_on_channel_newest each, void *ctx),   \
      (s, after, limit, each, ctx))

#endif
