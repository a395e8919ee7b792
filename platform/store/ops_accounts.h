/* SPDX-License-Identifier: Apache-2.0
 *
 * mw_store: people who use the platform (records_accounts.h).
 *
 * - users: by login, those after `after` ("" = from the first). sessions_of: of one user, or of the
 *   tenant with owner NULL; newest use first.
 * - token_by_hash finds revoked and expired ones too. tokens: of one user, or of the tenant with
 *   owner NULL. token_revoke: MW_NOT_FOUND for another owner's (owner NULL = any).
 * - totp_put replaces. totp_step takes a step once: MW_CONFLICT when it is not above the last one.
 * - recovery_set replaces all codes. recovery_use takes one once: MW_NOT_FOUND.
 * - invitation_use marks it used: MW_CONFLICT when it was already. invitations: waiting ones of a
 *   usage point.
 * - grants_of_point: those not revoked; grants_of_guest: those valid at `at`. grant_revoke:
 *   MW_NOT_FOUND when there is no such open grant.
 * - area_holds: whether a usage point lies below an area at a moment, by itself or its premise.
 * - audit_links: ascending, with id > after. audit_head_get: MW_NOT_FOUND before the first entry.
 * - tenant_setting_*: by name; MW_NOT_FOUND.
 */
#ifndef MW_PLATFORM_STORE_OPS_ACCOUNTS_H
#define MW_PLATFORM_STORE_OPS_ACCOUNTS_H

#include "platform/store/records_accounts.h"

typedef mw_status (*mw_store_on_user)(void *ctx, const mw_store_user *row);
typedef mw_status (*mw_store_on_session)(void *ctx, const mw_store_session *row);
typedef mw_status (*mw_store_on_token)(void *ctx, const mw_store_token *row);
typedef mw_status (*mw_store_on_invitation)(void *ctx, const mw_store_invitation *row);
typedef mw_status (*mw_store_on_grant)(void *ctx, const mw_store_grant *row);
typedef mw_status (*mw_store_on_audit_link)(void *ctx, const mw_store_audit_link *row);
typedef mw_status (*mw_store_on_setting)(void *ctx, const mw_store_setting *row);

#define MW_STORE_ADMIN_OPS(X)                                                                      \
    X(users,                                                                                       \
      (mw_store * s, int64_t tenant, const char *after, uint32_t limit, mw_store_on_user each,     \
       void *ctx),                                                                                 \
      (s, tenant, after, limit, each, ctx))                                                        \
    X(sessions_of,                                                                                 \
      (mw_store * s, int64_t tenant, const char *owner, mw_store_on_session each, void *ctx),      \
      (s, tenant, owner, each, ctx))                                                               \
    X(token_add, (mw_store * s, const mw_store_token *t, int64_t *out_id), (s, t, out_id))         \
    X(token_by_hash, (mw_store * s, mw_slice hash, mw_store_token * out_token),                    \
      (s, hash, out_token))                                                                        \
    X(token_touch, (mw_store * s, int64_t tenant, int64_t id, mw_utc at), (s, tenant, id, at))     \
    X(token_revoke, (mw_store * s, int64_t tenant, const char *owner, int64_t id, mw_utc at),      \
      (s, tenant, owner, id, at))                                                                  \
    X(tokens,                                                                                      \
      (mw_store * s, int64_t tenant, const char *owner, mw_store_on_token each, void *ctx),        \
      (s, tenant, owner, each, ctx))                                                               \
    X(totp_put, (mw_store * s, const mw_store_totp *t), (s, t))                                    \
    X(totp_get, (mw_store * s, int64_t tenant, const char *owner, mw_store_totp *out_totp),        \
      (s, tenant, owner, out_totp))                                                                \
    X(totp_step, (mw_store * s, int64_t tenant, const char *owner, int64_t step),                  \
      (s, tenant, owner, step))                                                                    \
    X(totp_delete, (mw_store * s, int64_t tenant, const char *owner), (s, tenant, owner))          \
    X(recovery_set,                                                                                \
      (mw_store * s, int64_t tenant, const char *owner,                                            \
       const uint8_t hashes[][MW_STORE_TOKEN_HASH], size_t n),                                     \
      (s, tenant, owner, hashes, n))                                                               \
    X(recovery_use, (mw_store * s, int64_t tenant, const char *owner, mw_slice hash, mw_utc at),   \
      (s, tenant, owner, hash, at))                                                                \
    X(recovery_left, (mw_store * s, int64_t tenant, const char *owner, int64_t *out_n),            \
      (s, tenant, owner, out_n))                                                                   \
    X(invitation_add, (mw_store * s, const mw_store_invitation *i, int64_t *out_id),               \
      (s, i, out_id))                                                                              \
    X(invitation_by_hash, (mw_store * s, mw_slice hash, mw_store_invitation * out_invitation),     \
      (s, hash, out_invitation))                                                                   \
    X(invitation_use, (mw_store * s, int64_t tenant, int64_t id, mw_utc at), (s, tenant, id, at))  \
    X(invitations,                                                                                 \
      (mw_store * s, int64_t tenant, const char *usage_point, mw_utc now,                          \
       mw_store_on_invitation each, void *ctx),                                                    \
      (s, tenant, usage_point, now, each, ctx))                                                    \
    X(grant_add, (mw_store * s, const mw_store_grant *g, int64_t *out_id), (s, g, out_id))         \
    X(grant_revoke,                                                                                \
      (mw_store * s, int64_t tenant, const char *usage_point, int64_t id, mw_utc at),              \
      (s, tenant, usage_point, id, at))                                                            \
    X(grants_of_point,                                                                             \
      (mw_store * s, int64_t tenant, const char *usage_point, mw_store_on_grant each, void *ctx),  \
      (s, tenant, usage_point, each, ctx))                                                         \
    X(grants_of_guest,                                                                             \
      (mw_store * s, int64_t tenant, const char *guest, mw_utc at, mw_store_on_grant each,         \
       void *ctx),                                                                                 \
      (s, tenant, guest, at, each, ctx))                                                           \
    X(area_holds,                                                                                  \
      (mw_store * s, int64_t tenant, const char *area, const char *usage_point, mw_utc at,         \
       bool *out_holds),                                                                           \
      (s, tenant, area, usage_point, at, out_holds))                                               \
    X(audit_links,                                                                                 \
      (mw_store * s, int64_t tenant, int64_t after, uint32_t limit, mw_store_on_audit_link each,   \
       void *ctx),                                                                                 \
      (s, tenant, after, limit, each, ctx))                                                        \
    X(audit_head_get, (mw_store * s, int64_t tenant, mw_store_audit_head * out_head),              \
      (s, tenant, out_head))                                                                       \
    X(tenant_setting_put, (mw_store * s, int64_t tenant, const mw_store_setting *row),             \
      (s, tenant, row))                                                                            \
    X(tenant_setting_get,                                                                          \
      (mw_store * s, int64_t tenant, const char *name, mw_store_setting *out_setting),             \
      (s, tenant, name, out_setting))                                                              \
    X(tenant_settings, (mw_store * s, int64_t tenant, mw_store_on_setting each, void *ctx),        \
      (s, tenant, each, ctx))

#endif
