/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/accounts/account.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "platform/accounts/role.h"

static bool only(const char *text, const char *allowed) {
    size_t n = strlen(text);
    return n > 0 && n < MW_STORE_ID_MAX && strspn(text, allowed) == n;
}

bool mw_account_login_ok(const char *login) {
    return only(login, "abcdefghijklmnopqrstuvwxyz0123456789._@-");
}

static bool station_ok(const char *id) {
    return only(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");
}

static mw_status put_text(char *out, size_t size, const char *text) {
    size_t n = strlen(text);
    if (n >= size)
        return MW_RANGE;
    mw_bytes_fill(out, 0, size);
    mw_bytes_copy(out, text, n);
    return MW_OK;
}

static mw_status audit(mw_store *store, int64_t tenant, mw_utc now, const char *action,
                       const char *subject, const char *detail) {
    mw_store_audit row = {.tenant = tenant, .at = now, .actor = "command line"};
    MW_TRY(put_text(row.action, sizeof row.action, action));
    MW_TRY(put_text(row.subject, sizeof row.subject, subject));
    MW_TRY(put_text(row.detail, sizeof row.detail, detail));
    return mw_store_audit_append(store, &row);
}

static mw_status finish(mw_store *store, mw_status done) {
    if (done == MW_OK)
        return mw_store_commit(store);
    mw_status undone = mw_store_rollback(store);
    (void)undone;
    return done;
}

/* Fills everything of a user but the password. */
static mw_status describe(mw_store *store, int64_t tenant, const mw_account_new *a,
                          mw_store_user *user) {
    *user = (mw_store_user){.tenant = tenant};
    const char *name = a->name;
    mw_store_person person;
    if (a->customer != NULL) {
        MW_TRY(mw_store_person_get(store, tenant, a->customer, &person));
        MW_TRY(put_text(user->person, sizeof user->person, person.id));
        name = name != NULL ? name : person.name;
    }
    snprintf(user->id, sizeof user->id, "u-%08x%08x", randombytes_random(), randombytes_random());
    MW_TRY(put_text(user->login, sizeof user->login, a->login));
    MW_TRY(put_text(user->name, sizeof user->name, name != NULL ? name : a->login));
    MW_TRY(put_text(user->role, sizeof user->role, a->role));
    MW_TRY(put_text(user->time_zone, sizeof user->time_zone, a->time_zone));
    return put_text(user->locale, sizeof user->locale, a->locale);
}

static mw_status create(mw_store *store, const mw_account_new *a, const char *password_hash,
                        mw_utc now) {
    mw_store_user user;
    mw_status known = mw_store_user_by_login(store, a->login, &user);
    if (known != MW_NOT_FOUND)
        return known == MW_OK ? MW_DUPLICATE : known;
    int64_t tenant = 0;
    MW_TRY(mw_store_tenant_put(store, a->tenant, &tenant));
    MW_TRY(describe(store, tenant, a, &user));
    MW_TRY(put_text(user.password_hash, sizeof user.password_hash, password_hash));
    MW_TRY(mw_store_user_put(store, &user));
    return audit(store, tenant, now, "account.create", user.login, user.role);
}

mw_status mw_account_create(mw_store *store, mw_password_params params,
                            const mw_account_new *account, mw_utc now,
                            char out_password[MW_PASSWORD_TEXT_MAX]) {
    mw_role role = mw_role_of(account->role);
    if (!mw_account_login_ok(account->login) || role == MW_ROLE_NONE ||
        (role == MW_ROLE_CONSUMER) != (account->customer != NULL))
        return MW_SYNTAX;
    char password[MW_PASSWORD_TEXT_MAX];
    char hash[MW_PASSWORD_HASH_MAX];
    mw_password_random(password);
    MW_TRY(mw_password_hash(params, mw_slice_of_str(password), hash));
    MW_TRY(mw_store_begin(store));
    MW_TRY(finish(store, create(store, account, hash, now)));
    mw_bytes_copy(out_password, password, sizeof password);
    mw_bytes_wipe(password, sizeof password);
    return MW_OK;
}

static mw_status change(mw_store *store, const char *login, const char *password_hash,
                        const bool *disabled, mw_utc now) {
    mw_store_user user;
    MW_TRY(mw_store_user_by_login(store, login, &user));
    const char *action = "account.password";
    if (password_hash != NULL)
        MW_TRY(put_text(user.password_hash, sizeof user.password_hash, password_hash));
    if (disabled != NULL) {
        user.disabled = *disabled;
        action = *disabled ? "account.disable" : "account.enable";
    }
    MW_TRY(mw_store_user_put(store, &user));
    return audit(store, user.tenant, now, action, user.login, "");
}

mw_status mw_account_password(mw_store *store, mw_password_params params, const char *login,
                              mw_utc now, char out_password[MW_PASSWORD_TEXT_MAX]) {
    char password[MW_PASSWORD_TEXT_MAX];
    char hash[MW_PASSWORD_HASH_MAX];
    mw_password_random(password);
    MW_TRY(mw_password_hash(params, mw_slice_of_str(password), hash));
    MW_TRY(mw_store_begin(store));
    MW_TRY(finish(store, change(store, login, hash, NULL, now)));
    mw_bytes_copy(out_password, password, sizeof password);
    mw_bytes_wipe(password, sizeof password);
    return MW_OK;
}

mw_status mw_account_disable(mw_store *store, const char *login, bool disabled, mw_utc now) {
    MW_TRY(mw_store_begin(store));
    return finish(store, change(store, login, NULL, &disabled, now));
}

static mw_status add_station(mw_store *store, const char *tenant_name, const char *id,
                             const mw_token_hash *hash, mw_utc now) {
    int64_t tenant = 0;
    int64_t sender = 0;
    MW_TRY(mw_store_tenant_put(store, tenant_name, &tenant));
    MW_TRY(mw_store_sender_put(store, tenant, id, MW_SLICE_OF(hash->b), &sender));
    return audit(store, tenant, now, "station.token", id, "");
}

mw_status mw_station_add(mw_store *store, const char *tenant, const char *id, mw_utc now,
                         char out_token[MW_TOKEN_TEXT_MAX]) {
    if (!station_ok(id))
        return MW_SYNTAX;
    char token[MW_TOKEN_TEXT_MAX];
    mw_token_random(token);
    mw_token_hash hash = mw_token_hash_of(mw_slice_of_str(token));
    MW_TRY(mw_store_begin(store));
    MW_TRY(finish(store, add_station(store, tenant, id, &hash, now)));
    mw_bytes_copy(out_token, token, sizeof token);
    return MW_OK;
}
