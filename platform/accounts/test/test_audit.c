/* SPDX-License-Identifier: Apache-2.0
 *
 * The audit chain finds every change, and one-time codes are those of the RFCs and good once.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "platform/accounts/audit.h"
#include "platform/accounts/role.h"
#include "platform/accounts/secret.h"
#include "platform/accounts/totp.h"
#include "platform/store/sqlite.h"
#include "tests/harness/mw_test.h"

static char path[64];
enum { ENTRIES = 25, TENANT = 1 };

static mw_store *open_store(void) {
    mw_store *store = NULL;
    mw_store_sqlite_options o = {.path = path};
    MW_CHECK_STATUS(mw_store_sqlite_open(&o, &store), MW_OK);
    return store;
}

static void fill(mw_store *store) {
    int64_t tenant = 0;
    MW_CHECK_STATUS(mw_store_begin(store), MW_OK);
    MW_CHECK_STATUS(mw_store_tenant_put(store, "demo", &tenant), MW_OK);
    MW_CHECK_EQ(tenant, TENANT);
    for (int i = 0; i < ENTRIES; i++) {
        mw_store_audit row = {.tenant = i % 5 == 4 ? 2 : TENANT, .at = {1000000 + i}};
        snprintf(row.actor, sizeof row.actor, "user%d", i);
        snprintf(row.action, sizeof row.action, "thing.do");
        snprintf(row.subject, sizeof row.subject, "s%d", i);
        snprintf(row.detail, sizeof row.detail, "%s", i % 2 ? "" : "d\xc3\xa9tail");
        MW_CHECK_STATUS(mw_store_audit_append(store, &row), MW_OK);
    }
    MW_CHECK_STATUS(mw_store_commit(store), MW_OK);
}

static mw_audit_report verify(const uint8_t *noted) {
    mw_store *store = open_store();
    mw_audit_report r;
    MW_CHECK_STATUS(mw_audit_verify(store, TENANT, noted, 1000, &r), MW_OK);
    mw_store_close(store);
    return r;
}

static void tamper(const char *sql) {
    sqlite3 *db = NULL;
    MW_CHECK_EQ(sqlite3_open(path, &db), SQLITE_OK);
    MW_CHECK_EQ(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    MW_CHECK_EQ(sqlite3_close(db), SQLITE_OK);
}

static void fresh(void) {
    char wal[80];
    snprintf(path, sizeof path, "/tmp/mw-audit-%d.db", (int)getpid());
    unlink(path);
    snprintf(wal, sizeof wal, "%s-wal", path);
    unlink(wal);
    snprintf(wal, sizeof wal, "%s-shm", path);
    unlink(wal);
    mw_store *store = open_store();
    fill(store);
    mw_store_close(store);
}

MW_TEST(a_chain_that_nobody_touched_is_whole) {
    fresh();
    mw_audit_report r = verify(NULL);
    MW_CHECK(r.whole);
    MW_CHECK_EQ(r.entries, 20);
    uint8_t noted[MW_STORE_CHAIN_HASH];
    memcpy(noted, r.hash, sizeof noted);
    MW_CHECK(verify(noted).whole);
    noted[0] ^= 1;
    MW_CHECK(!verify(noted).whole);
    mw_store *store = open_store();
    MW_CHECK_STATUS(mw_audit_verify(store, TENANT, NULL, 19, &r), MW_LIMIT);
    mw_store_close(store);
}

/* One byte, one entry, one number: each of these is found out, and where. */
MW_TEST(every_change_is_found_out) {
    static const struct {
        const char *sql;
        int64_t bad; /* -1 = only the head tells */
    } cases[] = {
        {"UPDATE audit SET detail = 'detail' WHERE id = 3", 3},
        {"UPDATE audit SET actor = 'usfr6' WHERE id = 7", 7},
        {"UPDATE audit SET at = at + 1 WHERE id = 11", 11},
        {"UPDATE audit SET subject = action, action = subject WHERE id = 12", 12},
        {"UPDATE audit SET chain = zeroblob(32) WHERE id = 8", 8},
        {"UPDATE audit SET chain = NULL WHERE id = 6", 6},
        {"DELETE FROM audit WHERE id = 1", 2},
        {"DELETE FROM audit WHERE id = 13", 14},
        {"DELETE FROM audit WHERE id = 24", -1}, /* the newest of the tenant */
        {"UPDATE audit SET id = 100 WHERE id = 16", 17},
        {"UPDATE audit SET tenant = 2 WHERE id = 17", 18},
        {"INSERT INTO audit(id, tenant, at, actor, action, subject, detail)"
         " VALUES(99, 1, 0, 'x', 'y', 'z', '')",
         99},
        {"UPDATE audit_heads SET first = 9, entries = 13 WHERE tenant = 1", 9},
        {"DELETE FROM audit_heads", -1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fresh();
        tamper(cases[i].sql);
        mw_audit_report r = verify(NULL);
        if (r.whole)
            print_error("not found out: %s\n", cases[i].sql);
        MW_CHECK(!r.whole);
        if (cases[i].bad > 0)
            MW_CHECK_EQ(r.bad_entry, cases[i].bad);
    }
    unlink(path);
}

/* RFC 4226, appendix D, and RFC 6238, appendix B (SHA-1, last six digits). */
MW_TEST(codes_are_those_of_the_rfcs) {
    mw_slice secret = mw_slice_of_str("12345678901234567890");
    static const uint32_t counters[] = {755224, 287082, 359152, 969429, 338314,
                                        254676, 287922, 162583, 399871, 520489};
    for (int i = 0; i < 10; i++)
        MW_CHECK_EQ(mw_totp_code(secret, i), counters[i]);
    static const struct {
        int64_t s;
        uint32_t code;
    } times[] = {{59, 287082},       {1111111109, 81804},  {1111111111, 50471},
                 {1234567890, 5924}, {2000000000, 279037}, {20000000000, 353130}};
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++)
        MW_CHECK_EQ(mw_totp_code(secret, mw_totp_step_of(mw_utc_of_s(times[i].s))), times[i].code);
    uint8_t bytes[MW_TOTP_SECRET];
    char text[MW_TOTP_SECRET_TEXT];
    memcpy(bytes,
           "Hello!\xde\xad\xbe\xef"
           "123456",
           sizeof bytes);
    mw_totp_secret_text(bytes, text);
    MW_CHECK_STR(text, "JBSWY3DPEHPK3PXPGEZDGNBVGY");
}

MW_TEST(a_code_is_good_once_and_near_its_time) {
    mw_slice secret = mw_slice_of_str("12345678901234567890");
    int64_t step = 0;
    mw_utc now = mw_utc_of_s(1111111111);
    MW_CHECK_STATUS(mw_totp_verify(secret, "050471", now, 0, &step), MW_OK);
    MW_CHECK_EQ(step, mw_totp_step_of(now));
    MW_CHECK_STATUS(mw_totp_verify(secret, "050471", now, step, &step), MW_AUTH);
    MW_CHECK_STATUS(mw_totp_verify(secret, "081804", now, 0, &step), MW_OK); /* the step before */
    MW_CHECK_STATUS(mw_totp_verify(secret, "050471", mw_utc_of_s(1111111111 + 61), 0, &step),
                    MW_AUTH);
    static const char *const bad[] = {"", "05047", "0504711", "05047a", " 50471", "000000"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        MW_CHECK_STATUS(mw_totp_verify(secret, bad[i], now, 0, &step), MW_AUTH);
    char a[MW_TOTP_RECOVERY_TEXT], b[MW_TOTP_RECOVERY_TEXT];
    mw_totp_recovery_random(a);
    mw_totp_recovery_random(b);
    MW_CHECK_EQ(strlen(a), 11);
    MW_CHECK(strcmp(a, b) != 0);
}

MW_TEST(roles) {
    MW_CHECK_EQ(mw_role_of("administrator"), MW_ROLE_ADMINISTRATOR);
    MW_CHECK_EQ(mw_role_of(""), MW_ROLE_NONE);
    MW_CHECK_EQ(mw_role_of("Operator"), MW_ROLE_NONE);
    MW_CHECK(mw_role_is_staff(MW_ROLE_AUDITOR) && !mw_role_is_staff(MW_ROLE_CONSUMER));
}

int main(void) {
    if (mw_secret_init() != MW_OK)
        return 1;
    const struct CMUnitTest cases[] = {
        MW_CASE(a_chain_that_nobody_touched_is_whole),
        MW_CASE(every_change_is_found_out),
        MW_CASE(codes_are_those_of_the_rfcs),
        MW_CASE(a_code_is_good_once_and_near_its_time),
        MW_CASE(roles),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
