/* SPDX-License-Identifier: Apache-2.0
 *
 * The commands about people beside those of commands.c: the audit trail, a lost second factor.
 */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "platform/accounts/audit.h"
#include "platform/accounts/secret.h"
#include "platform/cli/cli.h"
#include "runtime/clock.h"

static int told(const char *what, mw_status why) {
    fprintf(stderr, "mw-platform: %s: %s\n", what, mw_status_text(why));
    return 1;
}

typedef struct verification {
    mw_store *store;
    const char *only; /* NULL = every tenant */
    const uint8_t *noted;
    bool whole, any;
} verification;

static mw_status verify_tenant(void *ctx, int64_t tenant, const char *name) {
    verification *v = ctx;
    mw_audit_report r;
    char head[2 * MW_STORE_CHAIN_HASH + 1];
    if (v->only != NULL && strcmp(v->only, name) != 0)
        return MW_OK;
    v->any = true;
    MW_TRY(mw_audit_verify(v->store, tenant, v->noted, INT64_MAX, &r));
    sodium_bin2hex(head, sizeof head, r.hash, sizeof r.hash);
    printf("%s: %s, %lld entries, head %s", name, r.whole ? "whole" : "NOT WHOLE",
           (long long)r.entries, head);
    if (r.before_chain > 0)
        printf(", %lld older ones stand before the chain", (long long)r.before_chain);
    if (r.bad_entry != 0)
        printf(", entry %lld does not fit", (long long)r.bad_entry);
    else if (!r.head_fits)
        printf(", entries at the end are missing or added");
    if (!r.noted_found)
        printf(", the noted head is not in the chain");
    printf("\n");
    v->whole = v->whole && r.whole;
    return MW_OK;
}

int mw_platform_audit_command(const mw_platform_config *c, int argc, char **argv) {
    uint8_t noted[MW_STORE_CHAIN_HASH];
    verification v = {.whole = true};
    bool ok = argc >= 2 && strcmp(argv[1], "verify") == 0 && argc % 2 == 0;
    for (int i = 2; ok && i + 1 < argc; i += 2) {
        size_t n = 0;
        if (strcmp(argv[i], "--tenant") == 0) {
            v.only = argv[i + 1];
        } else if (strcmp(argv[i], "--head") == 0 &&
                   sodium_hex2bin(noted, sizeof noted, argv[i + 1], strlen(argv[i + 1]), NULL, &n,
                                  NULL) == 0 &&
                   n == sizeof noted) {
            v.noted = noted;
        } else {
            ok = false;
        }
    }
    if (!ok || (v.noted != NULL && v.only == NULL)) {
        fprintf(stderr, "mw-platform: audit verify [--tenant T [--head 64 hex digits]]\n");
        return 2;
    }
    if (mw_secret_init() != MW_OK || mw_platform_open_store(c, &v.store) != MW_OK)
        return 1;
    mw_status s = mw_store_tenants(v.store, verify_tenant, &v);
    mw_store_close(v.store);
    if (s != MW_OK)
        return told("audit", s);
    if (!v.any)
        return told("audit", MW_NOT_FOUND);
    return v.whole ? 0 : 3;
}

static mw_status factor_off(mw_store *store, const char *login) {
    mw_store_user u;
    MW_TRY(mw_store_user_by_login(store, login, &u));
    mw_store_audit row = {.tenant = u.tenant,
                          .at = mw_clock_machine_utc(),
                          .actor = "command line",
                          .action = "account.second_factor_off"};
    snprintf(row.subject, sizeof row.subject, "%s", u.login);
    MW_TRY(mw_store_begin(store));
    mw_status s = mw_store_totp_delete(store, u.tenant, u.id);
    if (s == MW_OK)
        s = mw_store_audit_append(store, &row);
    if (s == MW_OK)
        return mw_store_commit(store);
    mw_status undone = mw_store_rollback(store);
    (void)undone;
    return s;
}

int mw_platform_factor_off(mw_store *store, const char *login) {
    mw_status s = factor_off(store, login);
    return s == MW_OK ? 0 : told(login, s);
}
