/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <unistd.h>

#include "platform/accounts/account.h"
#include "platform/accounts/session.h"
#include "platform/store/sqlite.h"
#include "tests/harness/mw_test.h"

static char folder[64];
static mw_store *store;

static mw_utc at(int64_t seconds) {
    return mw_utc_of_s(1700000000 + seconds);
}

static int open_store(void **state) {
    (void)state;
    char path[96];
    snprintf(folder, sizeof folder, "/tmp/mw-accounts-XXXXXX");
    if (mw_secret_init() != MW_OK || mkdtemp(folder) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/test.db", folder);
    mw_store_sqlite_options o = {.path = path, .cache_kib = 1024};
    return mw_store_sqlite_open(&o, &store) == MW_OK ? 0 : -1;
}

static int close_store(void **state) {
    (void)state;
    static const char *const names[] = {"test.db", "test.db-wal", "test.db-shm"};
    mw_store_close(store);
    for (size_t i = 0; i < 3; i++) {
        char path[96];
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
    return rmdir(folder);
}

static mw_account_new new_account(const char *login, const char *role, const char *customer) {
    return (mw_account_new){.tenant = "demo",
                            .login = login,
                            .role = role,
                            .customer = customer,
                            .time_zone = "Europe/Rome",
                            .locale = "en"};
}

static mw_store_user make(const char *login, char password[MW_PASSWORD_TEXT_MAX]) {
    mw_account_new a = new_account(login, "operator", NULL);
    mw_store_user user;
    MW_CHECK_OK(mw_account_create(store, mw_password_params_test(), &a, at(0), password));
    MW_CHECK_OK(mw_store_user_by_login(store, login, &user));
    return user;
}

static mw_sessions sessions(void) {
    return (mw_sessions){.store = store, .idle = mw_dur_s(100), .longest = mw_dur_s(1000)};
}

static mw_status find(const char *token, int64_t seconds) {
    mw_sessions t = sessions();
    mw_store_user user;
    char csrf[MW_TOKEN_TEXT_MAX];
    return mw_session_find(&t, mw_slice_of_str(token), at(seconds), &user, csrf);
}

MW_TEST(account_create_rules) {
    char password[MW_PASSWORD_TEXT_MAX];
    mw_store_user user = make("head", password);
    MW_CHECK(mw_password_verify(user.password_hash, mw_slice_of_str(password)));
    MW_CHECK(strstr(user.password_hash, password) == NULL);
    MW_CHECK_STR(user.role, "operator");
    mw_account_new a = new_account("head", "operator", NULL);
    mw_password_params p = mw_password_params_test();
    MW_CHECK_STATUS(mw_account_create(store, p, &a, at(0), password), MW_DUPLICATE);
    a = new_account("Head", "operator", NULL);
    MW_CHECK_STATUS(mw_account_create(store, p, &a, at(0), password), MW_SYNTAX);
    a = new_account("x y", "operator", NULL);
    MW_CHECK_STATUS(mw_account_create(store, p, &a, at(0), password), MW_SYNTAX);
    a = new_account("anna", "root", NULL);
    MW_CHECK_STATUS(mw_account_create(store, p, &a, at(0), password), MW_SYNTAX);
    a = new_account("anna", "consumer", NULL);
    MW_CHECK_STATUS(mw_account_create(store, p, &a, at(0), password), MW_SYNTAX);
    a = new_account("anna", "operator", "cu-1");
    MW_CHECK_STATUS(mw_account_create(store, p, &a, at(0), password), MW_SYNTAX);
    a = new_account("anna", "consumer", "nobody");
    MW_CHECK_STATUS(mw_account_create(store, p, &a, at(0), password), MW_NOT_FOUND);
}

MW_TEST(consumer_belongs_to_customer) {
    int64_t tenant = 0;
    char password[MW_PASSWORD_TEXT_MAX];
    mw_store_person person = {.id = "cu-0001", .name = "Anna Rossi", .login = "anna"};
    MW_CHECK_OK(mw_store_begin(store));
    MW_CHECK_OK(mw_store_tenant_put(store, "demo", &tenant));
    MW_CHECK_OK(mw_store_person_put(store, tenant, &person));
    MW_CHECK_OK(mw_store_commit(store));
    mw_account_new a = new_account("anna", "consumer", "cu-0001");
    mw_store_user user;
    MW_CHECK_OK(mw_account_create(store, mw_password_params_test(), &a, at(0), password));
    MW_CHECK_OK(mw_store_user_by_login(store, "anna", &user));
    MW_CHECK_STR(user.person, "cu-0001");
    MW_CHECK_STR(user.name, "Anna Rossi");
    MW_CHECK_EQ(user.tenant, tenant);
    /* a customer of another tenant is nobody here */
    a = new_account("anna2", "consumer", "cu-0001");
    a.tenant = "other";
    MW_CHECK_STATUS(mw_account_create(store, mw_password_params_test(), &a, at(0), password),
                    MW_NOT_FOUND);
}

MW_TEST(session_lives_and_ends) {
    char password[MW_PASSWORD_TEXT_MAX];
    char token[MW_TOKEN_TEXT_MAX];
    char csrf[MW_TOKEN_TEXT_MAX];
    char seen[MW_TOKEN_TEXT_MAX];
    mw_store_user user = make("lives", password);
    mw_store_user found;
    mw_sessions t = sessions();
    MW_CHECK_OK(mw_session_begin(&t, &user, NULL, at(0), token, csrf));
    MW_CHECK_OK(mw_session_find(&t, mw_slice_of_str(token), at(90), &found, seen));
    MW_CHECK_STR(found.login, "lives");
    MW_CHECK_STR(seen, csrf);
    MW_CHECK_OK(find(token, 180));
    MW_CHECK_STATUS(find(token, 281), MW_AUTH);

    MW_CHECK_OK(mw_session_begin(&t, &user, NULL, at(0), token, csrf));
    for (int64_t now = 0; now < 1000; now += 50)
        MW_CHECK_OK(find(token, now));
    MW_CHECK_STATUS(find(token, 1001), MW_AUTH);

    MW_CHECK_OK(mw_session_begin(&t, &user, NULL, at(0), token, csrf));
    MW_CHECK_OK(mw_session_end(&t, mw_slice_of_str(token)));
    MW_CHECK_OK(mw_session_end(&t, mw_slice_of_str(token)));
    MW_CHECK_STATUS(find(token, 1), MW_AUTH);
    MW_CHECK_STATUS(find("", 1), MW_AUTH);
    MW_CHECK_STATUS(find("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", 1), MW_AUTH);
    MW_CHECK_STATUS(find("x' or 1=1 --", 1), MW_AUTH);
}

MW_TEST(token_is_not_stored) {
    char password[MW_PASSWORD_TEXT_MAX];
    char token[MW_TOKEN_TEXT_MAX];
    char csrf[MW_TOKEN_TEXT_MAX];
    mw_store_user user = make("stored", password);
    mw_sessions t = sessions();
    MW_CHECK_OK(mw_session_begin(&t, &user, NULL, at(0), token, csrf));
    mw_token_hash h = mw_token_hash_of(mw_slice_of_str(token));
    mw_store_session row;
    MW_CHECK_OK(mw_store_session_get(store, MW_SLICE_OF(h.b), &row));
    MW_CHECK(strstr(row.csrf, token) == NULL);
    MW_CHECK(memmem(row.token_hash, sizeof row.token_hash, token, 8) == NULL);
}

MW_TEST(password_change_and_disable_end_sessions) {
    char password[MW_PASSWORD_TEXT_MAX];
    char fresh[MW_PASSWORD_TEXT_MAX];
    char token[MW_TOKEN_TEXT_MAX];
    char csrf[MW_TOKEN_TEXT_MAX];
    mw_store_user user = make("change", password);
    mw_sessions t = sessions();
    MW_CHECK_OK(mw_session_begin(&t, &user, NULL, at(0), token, csrf));
    MW_CHECK_OK(find(token, 1));
    MW_CHECK_OK(mw_account_password(store, mw_password_params_test(), "change", at(1), fresh));
    MW_CHECK(strcmp(password, fresh) != 0);
    MW_CHECK_STATUS(find(token, 2), MW_AUTH);

    MW_CHECK_OK(mw_store_user_by_login(store, "change", &user));
    MW_CHECK(mw_password_verify(user.password_hash, mw_slice_of_str(fresh)));
    MW_CHECK_OK(mw_session_begin(&t, &user, NULL, at(2), token, csrf));
    MW_CHECK_OK(mw_account_disable(store, "change", true, at(2)));
    MW_CHECK_STATUS(find(token, 3), MW_AUTH);
    MW_CHECK_OK(mw_account_disable(store, "change", false, at(3)));
    MW_CHECK_OK(find(token, 4));
    MW_CHECK_STATUS(mw_account_disable(store, "nobody", true, at(2)), MW_NOT_FOUND);
}

MW_TEST(csrf_belongs_to_session_and_password) {
    char a[MW_TOKEN_TEXT_MAX];
    char b[MW_TOKEN_TEXT_MAX];
    char of[4][MW_TOKEN_TEXT_MAX];
    mw_token_random(a);
    mw_token_random(b);
    mw_csrf_of(mw_slice_of_str(a), "hash", of[0]);
    mw_csrf_of(mw_slice_of_str(a), "hash", of[1]);
    mw_csrf_of(mw_slice_of_str(b), "hash", of[2]);
    mw_csrf_of(mw_slice_of_str(a), "hasi", of[3]);
    MW_CHECK_STR(of[0], of[1]);
    MW_CHECK(strcmp(of[0], of[2]) != 0);
    MW_CHECK(strcmp(of[0], of[3]) != 0);
}

MW_TEST(station_token) {
    char first[MW_TOKEN_TEXT_MAX];
    char second[MW_TOKEN_TEXT_MAX];
    mw_store_sender sender;
    MW_CHECK_OK(mw_station_add(store, "demo", "st-1", at(0), first));
    mw_token_hash h = mw_token_hash_of(mw_slice_of_str(first));
    MW_CHECK_OK(mw_store_sender_by_token(store, MW_SLICE_OF(h.b), &sender));
    MW_CHECK_STR(sender.id, "st-1");
    MW_CHECK_OK(mw_station_add(store, "demo", "st-1", at(0), second));
    MW_CHECK_STATUS(mw_store_sender_by_token(store, MW_SLICE_OF(h.b), &sender), MW_NOT_FOUND);
    h = mw_token_hash_of(mw_slice_of_str(second));
    MW_CHECK_OK(mw_store_sender_by_token(store, MW_SLICE_OF(h.b), &sender));
    MW_CHECK_STATUS(mw_station_add(store, "demo", "st 1", at(0), second), MW_SYNTAX);
    MW_CHECK_STATUS(mw_station_add(store, "demo", "", at(0), second), MW_SYNTAX);
}

int main(void) {
    const struct CMUnitTest cases[] = {
        MW_CASE(account_create_rules),
        MW_CASE(consumer_belongs_to_customer),
        MW_CASE(session_lives_and_ends),
        MW_CASE(token_is_not_stored),
        MW_CASE(password_change_and_disable_end_sessions),
        MW_CASE(csrf_belongs_to_session_and_password),
        MW_CASE(station_token),
    };
    return cmocka_run_group_tests(cases, open_store, close_store);
}
