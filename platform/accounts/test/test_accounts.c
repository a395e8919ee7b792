/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/accounts/secret.h"
#include "platform/accounts/throttle.h"
#include "tests/harness/mw_test.h"

static mw_slice s(const char *text) {
    return mw_slice_of_str(text);
}

MW_TEST(password_round) {
    char hash[MW_PASSWORD_HASH_MAX];
    char other[MW_PASSWORD_HASH_MAX];
    mw_password_params p = mw_password_params_test();
    MW_CHECK_OK(mw_password_hash(p, s("correct horse"), hash));
    MW_CHECK_OK(mw_password_hash(p, s("correct horse"), other));
    MW_CHECK(strcmp(hash, other) != 0);
    MW_CHECK(strncmp(hash, "$argon2id$", 10) == 0);
    MW_CHECK(mw_password_verify(hash, s("correct horse")));
    MW_CHECK(!mw_password_verify(hash, s("correct horsf")));
    MW_CHECK(!mw_password_verify(hash, s("")));
    MW_CHECK(!mw_password_verify("", s("correct horse")));
    MW_CHECK(!mw_password_verify("$argon2id$garbage", s("correct horse")));
    MW_CHECK_STATUS(mw_password_hash(p, s("short"), hash), MW_RANGE);
    uint8_t longest[MW_PASSWORD_MAX + 1];
    memset(longest, 'x', sizeof longest);
    MW_CHECK_STATUS(mw_password_hash(p, MW_SLICE_OF(longest), hash), MW_RANGE);
    MW_CHECK(!mw_password_verify(hash, MW_SLICE_OF(longest)));
}

MW_TEST(argon2id_golden) {
    /* RFC 9106 has a vector with secret and associated data only; this one is of the reference
     * implementation's own test (t=2, m=2^16, p=1, "password", "somesalt"). */
    const char *hash = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$"
                       "CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
    MW_CHECK(mw_password_verify(hash, s("password")));
    MW_CHECK(!mw_password_verify(hash, s("Password")));
}

MW_TEST(random_texts) {
    char a[MW_PASSWORD_TEXT_MAX];
    char b[MW_PASSWORD_TEXT_MAX];
    mw_password_random(a);
    mw_password_random(b);
    MW_CHECK_EQ(strlen(a), 23);
    MW_CHECK(strcmp(a, b) != 0);
    for (size_t i = 0; a[i] != 0; i++)
        MW_CHECK(i % 6 == 5 ? a[i] == '-' : strchr("lo01", a[i]) == NULL);
    char t[MW_TOKEN_TEXT_MAX];
    mw_token_random(t);
    MW_CHECK_EQ(strlen(t), 43);
    mw_token_hash h = mw_token_hash_of(s(t));
    mw_token_hash same = mw_token_hash_of(s(t));
    t[0] = t[0] == 'A' ? 'B' : 'A';
    mw_token_hash changed = mw_token_hash_of(s(t));
    MW_CHECK(mw_token_hash_equal(&h, &same));
    MW_CHECK(!mw_token_hash_equal(&h, &changed));
}

MW_TEST(throttle_locks_doubles_and_forgets) {
    static mw_throttle t;
    mw_throttle_init(&t, mw_throttle_policy_login());
    mw_mono now = {0};
    mw_dur wait;
    for (int i = 0; i < 4; i++)
        mw_throttle_failure(&t, s("anna"), now);
    MW_CHECK_OK(mw_throttle_check(&t, s("anna"), now, &wait));
    mw_throttle_failure(&t, s("anna"), now);
    MW_CHECK_STATUS(mw_throttle_check(&t, s("anna"), now, &wait), MW_LIMIT);
    MW_CHECK_EQ(wait.ns, 30 * MW_NS_PER_S);
    MW_CHECK_OK(mw_throttle_check(&t, s("bruno"), now, &wait));
    now = mw_mono_add(now, mw_dur_s(30));
    MW_CHECK_OK(mw_throttle_check(&t, s("anna"), now, &wait));
    mw_throttle_failure(&t, s("anna"), now);
    MW_CHECK_STATUS(mw_throttle_check(&t, s("anna"), now, &wait), MW_LIMIT);
    MW_CHECK_EQ(wait.ns, 60 * MW_NS_PER_S);
    for (int i = 0; i < 100; i++)
        mw_throttle_failure(&t, s("anna"), now);
    MW_CHECK_STATUS(mw_throttle_check(&t, s("anna"), now, &wait), MW_LIMIT);
    MW_CHECK_EQ(wait.ns, 900 * MW_NS_PER_S);
    now = mw_mono_add(now, mw_dur_s(3601));
    MW_CHECK_OK(mw_throttle_check(&t, s("anna"), now, &wait));
    mw_throttle_failure(&t, s("anna"), now);
    MW_CHECK_OK(mw_throttle_check(&t, s("anna"), now, &wait));
}

MW_TEST(throttle_success_clears) {
    static mw_throttle t;
    mw_throttle_init(&t, mw_throttle_policy_login());
    mw_mono now = {0};
    mw_dur wait;
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 4; i++)
            mw_throttle_failure(&t, s("anna"), now);
        MW_CHECK_OK(mw_throttle_check(&t, s("anna"), now, &wait));
        mw_throttle_success(&t, s("anna"));
    }
}

MW_TEST(throttle_forgive_takes_one_back) {
    static mw_throttle t;
    mw_throttle_init(&t, mw_throttle_policy_login());
    mw_mono now = {0};
    mw_dur wait;
    for (int i = 0; i < 5; i++)
        mw_throttle_failure(&t, s("10.0.0.1"), now);
    MW_CHECK_STATUS(mw_throttle_check(&t, s("10.0.0.1"), now, &wait), MW_LIMIT);
    mw_throttle_forgive(&t, s("10.0.0.1"), now);
    MW_CHECK_OK(mw_throttle_check(&t, s("10.0.0.1"), now, &wait));
    mw_throttle_failure(&t, s("10.0.0.1"), now);
    MW_CHECK_STATUS(mw_throttle_check(&t, s("10.0.0.1"), now, &wait), MW_LIMIT);
}

MW_TEST(throttle_full_table_keeps_locks) {
    static mw_throttle t;
    mw_throttle_init(&t, mw_throttle_policy_login());
    mw_mono now = {0};
    mw_dur wait;
    for (int i = 0; i < 5; i++)
        mw_throttle_failure(&t, s("victim"), now);
    for (uint32_t i = 0; i < 5 * MW_THROTTLE_KEYS; i++) {
        now.ns++;
        mw_throttle_failure(&t, (mw_slice){(const uint8_t *)&i, sizeof i}, now);
    }
    MW_CHECK_STATUS(mw_throttle_check(&t, s("victim"), now, &wait), MW_LIMIT);
}

int main(void) {
    const struct CMUnitTest cases[] = {
        MW_CASE(password_round),
        MW_CASE(argon2id_golden),
        MW_CASE(random_texts),
        MW_CASE(throttle_locks_doubles_and_forgets),
        MW_CASE(throttle_success_clears),
        MW_CASE(throttle_forgive_takes_one_back),
        MW_CASE(throttle_full_table_keeps_locks),
    };
    if (mw_secret_init() != MW_OK)
        return 1;
    return cmocka_run_group_tests(cases, NULL, NULL);
}
