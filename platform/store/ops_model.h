/* SPDX-License-Identifier: Apache-2.0
 *
 * mw_store: master data by date (records_model.h). *_put inserts or changes by its key.
 *
 * - membership_put closes the member's open membership in an area of the same kind at .from when
 *   the area differs; MW_NOT_FOUND: no such area. memberships: those valid at a moment, of a member
 *   (its areas) or, with member NULL, of an area (what hangs there).
 * - device_config_put by (device, from); device_configs ascending by from.
 * - register_spec_at: the one valid at a moment; MW_NOT_FOUND: none recorded (the channel's
 *   register_digits count).
 * - factor_put: a record of the same (channel, kind, from) is superseded, not lost. factors: those
 *   known at as_of (MW_UTC_NONE = now), ascending by kind and from.
 * - register_mark_put by (channel, at); register_marks: from < at <= to, ascending.
 * - installations_set replaces what is known of a channel's installations from `recorded` on: rows
 *   ascending, not overlapping (MW_RANGE). Rows that stay equal keep their former .recorded.
 *   installations: ascending by from, then channel.
 * - contracts: of an account or, when that is NULL, of a usage point; ascending by from.
 * - registers_between: those of one register with from <= t_meter <= to, ascending by t_meter
 * and id. registers_around: the last one before `from` and the first one after `to`, if any.
 * - tenants: every tenant, ascending.
 */
#ifndef MW_PLATFORM_STORE_OPS_MODEL_H
#define MW_PLATFORM_STORE_OPS_MODEL_H

#include "platform/store/records_model.h"

typedef mw_status (*mw_store_on_area)(void *ctx, const mw_store_area *row);
typedef mw_status (*mw_store_on_membership)(void *ctx, const mw_store_membership *row);
typedef mw_status (*mw_store_on_device_config)(void *ctx, const mw_store_device_config *row);
typedef mw_status (*mw_store_on_factor)(void *ctx, const mw_store_factor *row);
typedef mw_status (*mw_store_on_register_mark)(void *ctx, const mw_store_register_mark *row);
typedef mw_status (*mw_store_on_installation)(void *ctx, const mw_store_installation *row);
typedef mw_status (*mw_store_on_contract)(void *ctx, const mw_store_contract *row);
typedef mw_status (*mw_store_on_tenant)(void *ctx, int64_t tenant, const char *name);
typedef mw_status (*mw_store_on_reading)(void *ctx, const mw_store_register *row);

#define MW_STORE_MODEL_OPS(X)                                                                      \
    X(tenants, (mw_store * s, mw_store_on_tenant each, void *ctx), (s, each, ctx))                 \
    X(area_put, (mw_store * s, int64_t tenant, const mw_store_area *a), (s, tenant, a))            \
    X(areas, (mw_store * s, int64_t tenant, mw_store_on_area each, void *ctx),                     \
      (s, tenant, each, ctx))                                                                      \
    X(membership_put, (mw_store * s, int64_t tenant, const mw_store_membership *m),                \
      (s, tenant, m))                                                                              \
    X(memberships,                                                                                 \
      (mw_store * s, int64_t tenant, mw_store_member_kind kind, const char *member,                \
       const char *area, mw_utc at, mw_store_on_membership each, void *ctx),                       \
      (s, tenant, kind, member, area, at, each, ctx))                                              \
    X(premise_put, (mw_store * s, int64_t tenant, const mw_store_premise *p), (s, tenant, p))      \
    X(premise_get, (mw_store * s, int64_t tenant, const char *id, mw_store_premise *out_premise),  \
      (s, tenant, id, out_premise))                                                                \
    X(usage_point_premise_set,                                                                     \
      (mw_store * s, int64_t tenant, const char *usage_point, const char *premise),                \
      (s, tenant, usage_point, premise))                                                           \
    X(usage_point_get,                                                                             \
      (mw_store * s, int64_t tenant, const char *id, mw_store_usage_point *out_point,              \
       char out_premise[MW_STORE_ID_MAX]),                                                         \
      (s, tenant, id, out_point, out_premise))                                                     \
    X(device_config_put, (mw_store * s, int64_t tenant, const mw_store_device_config *c),          \
      (s, tenant, c))                                                                              \
    X(device_configs,                                                                              \
      (mw_store * s, int64_t tenant, int64_t device, mw_store_on_device_config each, void *ctx),   \
      (s, tenant, device, each, ctx))                                                              \
    X(account_put, (mw_store * s, int64_t tenant, const mw_store_account *a), (s, tenant, a))      \
    X(account_get, (mw_store * s, int64_t tenant, const char *id, mw_store_account *out_account),  \
      (s, tenant, id, out_account))                                                                \
    X(contract_put, (mw_store * s, int64_t tenant, const mw_store_contract *c), (s, tenant, c))    \
    X(contracts,                                                                                   \
      (mw_store * s, int64_t tenant, const char *account, const char *usage_point,                 \
       mw_store_on_contract each, void *ctx),                                                      \
      (s, tenant, account, usage_point, each, ctx))

#define MW_STORE_REGISTER_OPS(X)                                                                   \
    X(register_spec_put, (mw_store * s, int64_t tenant, const mw_store_register_spec *r),          \
      (s, tenant, r))                                                                              \
    X(register_spec_at,                                                                            \
      (mw_store * s, int64_t tenant, int64_t channel, mw_utc at,                                   \
       mw_store_register_spec * out_spec),                                                         \
      (s, tenant, channel, at, out_spec))                                                          \
    X(factor_put, (mw_store * s, int64_t tenant, const mw_store_factor *f), (s, tenant, f))        \
    X(factors,                                                                                     \
      (mw_store * s, int64_t tenant, int64_t channel, mw_utc as_of, mw_store_on_factor each,       \
       void *ctx),                                                                                 \
      (s, tenant, channel, as_of, each, ctx))                                                      \
    X(register_mark_put, (mw_store * s, int64_t tenant, const mw_store_register_mark *m),          \
      (s, tenant, m))                                                                              \
    X(register_marks,                                                                              \
      (mw_store * s, int64_t tenant, int64_t channel, mw_utc from, mw_utc to,                      \
       mw_store_on_register_mark each, void *ctx),                                                 \
      (s, tenant, channel, from, to, each, ctx))                                                   \
    X(installations_set,                                                                           \
      (mw_store * s, int64_t tenant, int64_t channel, const mw_store_installation *rows, size_t n, \
       mw_utc recorded),                                                                           \
      (s, tenant, channel, rows, n, recorded))                                                     \
    X(installations,                                                                               \
      (mw_store * s, const mw_store_installation_query *q, mw_store_on_installation each,          \
       void *ctx),                                                                                 \
      (s, q, each, ctx))                                                                           \
    X(registers_between,                                                                           \
      (mw_store * s, int64_t tenant, int64_t channel, const uint8_t obis[6], mw_utc from,          \
       mw_utc to, mw_store_on_reading each, void *ctx),                                            \
      (s, tenant, channel, obis, from, to, each, ctx))                                             \
    X(registers_around,                                                                            \
      (mw_store * s, int64_t tenant, int64_t channel, const uint8_t obis[6], mw_utc from,          \
       mw_utc to, mw_store_on_reading each, void *ctx),                                            \
      (s, tenant, channel, obis, from, to, each, ctx))

#endif
