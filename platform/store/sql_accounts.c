/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/store/sql_internal.h"

mw_status mw_sq_op_user_put(mw_store *s, const mw_store_user *u) {
    return MW_SQ_RUN(mw_sq_of(s), USER_PUT, mw_sq_int(u->tenant), mw_sq_text(u->id),
                     mw_sq_text(u->login), mw_sq_text(u->name), mw_sq_text(u->role),
                     mw_sq_text(u->person), mw_sq_text(u->time_zone), mw_sq_text(u->locale),
                     mw_sq_text(u->password_hash), mw_sq_int(u->disabled), mw_sq_text(u->area));
}

void mw_sq_user_of_row(mw_sq_statement *st, mw_store_user *u) {
    MW_SQ_TEXT_INTO(st, 0, u->id);
    u->tenant = mw_sq_get_int(st, 1);
    MW_SQ_TEXT_INTO(st, 2, u->login);
    MW_SQ_TEXT_INTO(st, 3, u->name);
    MW_SQ_TEXT_INTO(st, 4, u->role);
    MW_SQ_TEXT_INTO(st, 5, u->person);
    MW_SQ_TEXT_INTO(st, 6, u->time_zone);
    MW_SQ_TEXT_INTO(st, 7, u->locale);
    MW_SQ_TEXT_INTO(st, 8, u->password_hash);
    u->disabled = mw_sq_get_int(st, 9) != 0;
    MW_SQ_TEXT_INTO(st, 10, u->area);
}

static mw_status user_of_statement(mw_sq_statement *st, mw_store_user *u) {
    MW_TRY(mw_sq_step(st));
    mw_sq_user_of_row(st, u);
    mw_sq_reset(st);
    return MW_OK;
}

mw_status mw_sq_op_user_by_login(mw_store *s, const char *login, mw_store_user *out_user) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), USER_BY_LOGIN, &st, mw_sq_text(login)));
    return user_of_statement(st, out_user);
}

mw_status mw_sq_op_user_by_id(mw_store *s, int64_t tenant, const char *id,
                              mw_store_user *out_user) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), USER_BY_ID, &st, mw_sq_int(tenant), mw_sq_text(id)));
    return user_of_statement(st, out_user);
}

mw_status mw_sq_op_users_count(mw_store *s, int64_t *out_n) {
    return mw_sq_number(mw_sq_of(s), MW_SQ_USERS_COUNT, NULL, 0, out_n);
}

mw_status mw_sq_op_session_put(mw_store *s, const mw_store_session *row) {
    return MW_SQ_RUN(mw_sq_of(s), SESSION_PUT, mw_sq_blob(MW_SLICE_OF(row->token_hash)),
                     mw_sq_int(row->tenant), mw_sq_text(row->user), mw_sq_text(row->csrf),
                     mw_sq_int(row->created.us), mw_sq_int(row->last_used.us),
                     mw_sq_int(row->expires.us), mw_sq_text(row->address), mw_sq_text(row->agent));
}

mw_status mw_sq_session_of_row(mw_sq_statement *st, mw_store_session *row) {
    mw_slice hash = mw_sq_get_blob(st, 0);
    row->tenant = mw_sq_get_int(st, 1);
    MW_SQ_TEXT_INTO(st, 2, row->user);
    MW_SQ_TEXT_INTO(st, 3, row->csrf);
    row->created = mw_sq_get_utc(st, 4);
    row->last_used = mw_sq_get_utc(st, 5);
    row->expires = mw_sq_get_utc(st, 6);
    MW_SQ_TEXT_INTO(st, 7, row->address);
    MW_SQ_TEXT_INTO(st, 8, row->agent);
    return mw_span_copy(MW_SPAN_OF(row->token_hash), hash) == MW_OK ? MW_OK : MW_CORRUPT;
}

mw_status mw_sq_op_session_get(mw_store *s, mw_slice token_hash, mw_store_session *out_session) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), SESSION_GET, &st, mw_sq_blob(token_hash)));
    MW_TRY(mw_sq_step(st));
    mw_status status = mw_sq_session_of_row(st, out_session);
    mw_sq_reset(st);
    return status;
}

mw_status mw_sq_op_session_touch(mw_store *s, mw_slice token_hash, mw_utc last_used,
                                 mw_utc expires) {
    return MW_SQ_RUN(mw_sq_of(s), SESSION_TOUCH, mw_sq_blob(token_hash), mw_sq_int(last_used.us),
                     mw_sq_int(expires.us));
}

mw_status mw_sq_op_session_delete(mw_store *s, mw_slice token_hash) {
    return MW_SQ_RUN(mw_sq_of(s), SESSION_DELETE, mw_sq_blob(token_hash));
}

mw_status mw_sq_op_sessions_expire(mw_store *s, mw_utc now) {
    return MW_SQ_RUN(mw_sq_of(s), SESSIONS_EXPIRE, mw_sq_int(now.us));
}
