/* SPDX-License-Identifier: Apache-2.0
 *
 * Users, sessions, tokens, second factors and settings of a tenant.
 */
#include <stdio.h>

#include "platform/store/sql_internal.h"

/* Runs a statement that returns 1 for the row it changed. */
#define CHANGE_ONE(q, id, ...)                                                                     \
    ((q)->in_transaction ? MW_SQ_NUMBER(q, id, &(int64_t){0}, __VA_ARGS__) : MW_STATE)
#define INSERT_ONE(q, id, out, ...)                                                                \
    ((q)->in_transaction ? MW_SQ_NUMBER(q, id, out, __VA_ARGS__) : MW_STATE)

/* Hands every row to `give`, which steps no further. */
#define EACH_ROW(st, give)                                                                         \
    do {                                                                                           \
        mw_status status_;                                                                         \
        while ((status_ = mw_sq_step(st)) == MW_OK) {                                              \
            status_ = (give);                                                                      \
            if (status_ != MW_OK) {                                                                \
                mw_sq_reset(st);                                                                   \
                return status_;                                                                    \
            }                                                                                      \
        }                                                                                          \
        return status_ == MW_NOT_FOUND ? MW_OK : status_;                                          \
    } while (0)

static mw_status give_user(mw_sq_statement *st, mw_store_on_user each, void *ctx) {
    mw_store_user u;
    mw_sq_user_of_row(st, &u);
    return each(ctx, &u);
}

mw_status mw_sq_op_users(mw_store *s, int64_t tenant, const char *after, uint32_t limit,
                         mw_store_on_user each, void *ctx) {
    mw_sq_statement *st = NULL;
    if (!mw_sq_limit_ok(limit))
        return MW_RANGE;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), USERS, &st, mw_sq_int(tenant), mw_sq_text(after),
                      mw_sq_int(limit)));
    EACH_ROW(st, give_user(st, each, ctx));
}

static mw_status give_session(mw_sq_statement *st, mw_store_on_session each, void *ctx) {
    mw_store_session row;
    MW_TRY(mw_sq_session_of_row(st, &row));
    return each(ctx, &row);
}

mw_status mw_sq_op_sessions_of(mw_store *s, int64_t tenant, const char *owner,
                               mw_store_on_session each, void *ctx) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), SESSIONS_OF, &st, mw_sq_int(tenant), mw_sq_text(owner)));
    EACH_ROW(st, give_session(st, each, ctx));
}

/* --- tokens ---------------------------------------------------------------------------------- */

mw_status mw_sq_op_token_add(mw_store *s, const mw_store_token *t, int64_t *out_id) {
    return INSERT_ONE(mw_sq_of(s), TOKEN_ADD, out_id, mw_sq_int(t->tenant), mw_sq_text(t->owner),
                      mw_sq_text(t->name), mw_sq_int((int64_t)t->scope),
                      mw_sq_blob(MW_SLICE_OF(t->hash)), mw_sq_int(t->created.us),
                      mw_sq_int(t->expires.us));
}

static mw_status token_of_row(mw_sq_statement *st, mw_store_token *t) {
    *t = (mw_store_token){.id = mw_sq_get_int(st, 0),
                          .tenant = mw_sq_get_int(st, 1),
                          .scope = (mw_store_token_scope)mw_sq_get_int(st, 4),
                          .created = mw_sq_get_utc(st, 6),
                          .expires = mw_sq_get_utc(st, 7),
                          .last_used = mw_sq_get_utc(st, 8),
                          .revoked = mw_sq_get_utc(st, 9)};
    MW_SQ_TEXT_INTO(st, 2, t->owner);
    MW_SQ_TEXT_INTO(st, 3, t->name);
    return mw_span_copy(MW_SPAN_OF(t->hash), mw_sq_get_blob(st, 5)) == MW_OK ? MW_OK : MW_CORRUPT;
}

mw_status mw_sq_op_token_by_hash(mw_store *s, mw_slice hash, mw_store_token *out_token) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), TOKEN_BY_HASH, &st, mw_sq_blob(hash)));
    MW_TRY(mw_sq_step(st));
    mw_status status = token_of_row(st, out_token);
    mw_sq_reset(st);
    return status;
}

mw_status mw_sq_op_token_touch(mw_store *s, int64_t tenant, int64_t id, mw_utc at) {
    return MW_SQ_RUN(mw_sq_of(s), TOKEN_TOUCH, mw_sq_int(tenant), mw_sq_int(id), mw_sq_int(at.us));
}

mw_status mw_sq_op_token_revoke(mw_store *s, int64_t tenant, const char *owner, int64_t id,
                                mw_utc at) {
    return CHANGE_ONE(mw_sq_of(s), TOKEN_REVOKE, mw_sq_int(tenant), mw_sq_text(owner),
                      mw_sq_int(id), mw_sq_int(at.us));
}

static mw_status give_token(mw_sq_statement *st, mw_store_on_token each, void *ctx) {
    mw_store_token t;
    MW_TRY(token_of_row(st, &t));
    return each(ctx, &t);
}

mw_status mw_sq_op_tokens(mw_store *s, int64_t tenant, const char *owner, mw_store_on_token each,
                          void *ctx) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), TOKENS, &st, mw_sq_int(tenant), mw_sq_text(owner)));
    EACH_ROW(st, give_token(st, each, ctx));
}

/* --- second factors -------------------------------------------------------------------------- */

mw_status mw_sq_op_totp_put(mw_store *s, const mw_store_totp *t) {
    if (t->wrapped_n > sizeof t->wrapped)
        return MW_RANGE;
    return MW_SQ_RUN(mw_sq_of(s), TOTP_PUT, mw_sq_int(t->tenant), mw_sq_text(t->owner),
                     mw_sq_blob((mw_slice){t->wrapped, t->wrapped_n}), mw_sq_int(t->confirmed),
                     mw_sq_int(t->last_step), mw_sq_int(t->made.us));
}

mw_status mw_sq_op_totp_get(mw_store *s, int64_t tenant, const char *owner,
                            mw_store_totp *out_totp) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), TOTP_GET, &st, mw_sq_int(tenant), mw_sq_text(owner)));
    MW_TRY(mw_sq_step(st));
    mw_slice wrapped = mw_sq_get_blob(st, 0);
    mw_store_totp t = {.tenant = tenant,
                       .wrapped_n = wrapped.n,
                       .confirmed = mw_sq_get_int(st, 1) != 0,
                       .last_step = mw_sq_get_int(st, 2),
                       .made = mw_sq_get_utc(st, 3)};
    snprintf(t.owner, sizeof t.owner, "%s", owner);
    mw_status status = wrapped.n <= sizeof t.wrapped ? MW_OK : MW_CORRUPT;
    if (status == MW_OK) {
        mw_bytes_copy(t.wrapped, wrapped.p, wrapped.n);
        *out_totp = t;
    }
    mw_sq_reset(st);
    return status;
}

mw_status mw_sq_op_totp_step(mw_store *s, int64_t tenant, const char *owner, int64_t step) {
    mw_status status =
        CHANGE_ONE(mw_sq_of(s), TOTP_STEP, mw_sq_int(tenant), mw_sq_text(owner), mw_sq_int(step));
    return status == MW_NOT_FOUND ? MW_CONFLICT : status;
}

mw_status mw_sq_op_totp_delete(mw_store *s, int64_t tenant, const char *owner) {
    mw_sq *q = mw_sq_of(s);
    MW_TRY(MW_SQ_RUN(q, RECOVERY_CLEAR, mw_sq_int(tenant), mw_sq_text(owner)));
    return MW_SQ_RUN(q, TOTP_DELETE, mw_sq_int(tenant), mw_sq_text(owner));
}

mw_status mw_sq_op_recovery_set(mw_store *s, int64_t tenant, const char *owner,
                                const uint8_t hashes[][MW_STORE_TOKEN_HASH], size_t n) {
    mw_sq *q = mw_sq_of(s);
    if (n > MW_STORE_RECOVERY_CODES)
        return MW_RANGE;
    MW_TRY(MW_SQ_RUN(q, RECOVERY_CLEAR, mw_sq_int(tenant), mw_sq_text(owner)));
    for (size_t i = 0; i < n; i++)
        MW_TRY(MW_SQ_RUN(q, RECOVERY_ADD, mw_sq_int(tenant), mw_sq_text(owner),
                         mw_sq_blob((mw_slice){hashes[i], MW_STORE_TOKEN_HASH})));
    return MW_OK;
}

mw_status mw_sq_op_recovery_use(mw_store *s, int64_t tenant, const char *owner, mw_slice hash,
                                mw_utc at) {
    return CHANGE_ONE(mw_sq_of(s), RECOVERY_USE, mw_sq_int(tenant), mw_sq_text(owner),
                      mw_sq_blob(hash), mw_sq_int(at.us));
}

mw_status mw_sq_op_recovery_left(mw_store *s, int64_t tenant, const char *owner, int64_t *out_n) {
    return MW_SQ_NUMBER(mw_sq_of(s), RECOVERY_LEFT, out_n, mw_sq_int(tenant), mw_sq_text(owner));
}

/* --- settings of a tenant -------------------------------------------------------------------- */

mw_status mw_sq_op_tenant_setting_put(mw_store *s, int64_t tenant, const mw_store_setting *row) {
    return MW_SQ_RUN(mw_sq_of(s), SETTING_PUT, mw_sq_int(tenant), mw_sq_text(row->name),
                     mw_sq_text(row->value), mw_sq_int(row->at.us), mw_sq_text(row->who));
}

static void setting_of_row(mw_sq_statement *st, mw_store_setting *row) {
    *row = (mw_store_setting){.at = mw_sq_get_utc(st, 2)};
    MW_SQ_TEXT_INTO(st, 0, row->name);
    MW_SQ_TEXT_INTO(st, 1, row->value);
    MW_SQ_TEXT_INTO(st, 3, row->who);
}

mw_status mw_sq_op_tenant_setting_get(mw_store *s, int64_t tenant, const char *name,
                                      mw_store_setting *out_setting) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), SETTING_GET, &st, mw_sq_int(tenant), mw_sq_text(name)));
    MW_TRY(mw_sq_step(st));
    setting_of_row(st, out_setting);
    mw_sq_reset(st);
    return MW_OK;
}

static mw_status give_setting(mw_sq_statement *st, mw_store_on_setting each, void *ctx) {
    mw_store_setting row;
    setting_of_row(st, &row);
    return each(ctx, &row);
}

mw_status mw_sq_op_tenant_settings(mw_store *s, int64_t tenant, mw_store_on_setting each,
                                   void *ctx) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), SETTINGS, &st, mw_sq_int(tenant)));
    EACH_ROW(st, give_setting(st, each, ctx));
}
