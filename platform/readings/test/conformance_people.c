/* SPDX-License-Identifier: Apache-2.0
 *
 * The suite's part for people: tokens, second factors and recovery codes, invitations, shared access,
 * settings of a tenant, and the audit chain, which every store has to hash alike.
 */
#include <stdio.h>
#include <string.h>

#include "platform/readings/test/conformance_rows.h"

static void act_user(mw_store *s, int64_t tenant, mw_prng *g) {
    mw_store_user u = {.tenant = tenant, .role = "operator", .locale = "en"};
    mw_store_session row = {.tenant = tenant, .csrf = "c", .created = some_time(g)};
    mw_store_session there;
    int k = (int)some(g, 6);
    (void)snprintf(u.id, sizeof u.id, "p-%d", k);
    (void)snprintf(u.login, sizeof u.login, "of-p-%d", k);
    SOME_NAME(u.name, g, "name", 9);
    SOME_NAME(u.area, g, "area", 2);
    MW_CHECK_OK(mw_store_user_put(s, &u));
    memcpy(row.user, u.id, sizeof row.user);
    row.token_hash[0] = (uint8_t)some(g, 250);
    row.token_hash[1] = 77;
    row.last_used = some_time(g);
    row.expires = some_time(g);
    if (mw_store_session_get(s, MW_SLICE_OF(row.token_hash), &there) == MW_NOT_FOUND)
        MW_CHECK_OK(mw_store_session_put(s, &row));
}

static void act_token(mw_store *s, int64_t tenant, mw_prng *g) {
    mw_store_token t = {
        .tenant = tenant, .scope = MW_TOKEN_READ, .created = some_time(g), .expires = some_time(g)};
    mw_store_token there;
    int64_t id = 0;
    SOME_NAME(t.owner, g, "p", 3);
    SOME_NAME(t.name, g, "token", 9);
    t.hash[5] = (uint8_t)some(g, 200);
    if (mw_store_token_by_hash(s, MW_SLICE_OF(t.hash), &there) == MW_NOT_FOUND)
        MW_CHECK_OK(mw_store_token_add(s, &t, &id));
    MW_CHECK_OK(mw_store_token_touch(s, tenant, some(g, 9), some_time(g)));
    SAY_STATUS("revoke", mw_store_token_revoke(s, tenant, some(g, 2) == 0 ? NULL : t.owner,
                                               some(g, 9), some_time(g)));
}

static void act_factor(mw_store *s, int64_t tenant, mw_prng *g) {
    static const uint8_t codes[4][MW_STORE_TOKEN_HASH] = {{1}, {2}, {3}, {4}};
    uint8_t one[MW_STORE_TOKEN_HASH] = {(uint8_t)some(g, 6)};
    mw_store_totp t = {.tenant = tenant,
                       .wrapped_n = 20 + (size_t)some(g, 40),
                       .confirmed = some(g, 2) == 0,
                       .last_step = some(g, 50),
                       .made = some_time(g)};
    SOME_NAME(t.owner, g, "p", 3);
    memset(t.wrapped, (int)some(g, 250), t.wrapped_n);
    switch (some(g, 5)) {
    case 0:
        MW_CHECK_OK(mw_store_totp_put(s, &t));
        break;
    case 1:
        SAY_STATUS("step", mw_store_totp_step(s, tenant, t.owner, some(g, 60)));
        break;
    case 2:
        MW_CHECK_OK(mw_store_recovery_set(s, tenant, t.owner, codes, (size_t)some(g, 5)));
        break;
    case 3:
        SAY_STATUS("use",
                   mw_store_recovery_use(s, tenant, t.owner, MW_SLICE_OF(one), some_time(g)));
        break;
    default:
        if (some(g, 3) == 0)
            MW_CHECK_OK(mw_store_totp_delete(s, tenant, t.owner));
        break;
    }
}

static void act_access(mw_store *s, int64_t tenant, mw_prng *g) {
    mw_store_invitation i = {.tenant = tenant,
                             .kind = MW_INVITE_ACCESS,
                             .from = some_time(g),
                             .to = some(g, 2) == 0 ? MW_UTC_NONE : some_time(g),
                             .made = some_time(g),
                             .expires = some_time(g)};
    mw_store_grant a = {.tenant = tenant,
                        .from = some_time(g),
                        .to = some(g, 2) == 0 ? MW_UTC_NONE : some_time(g),
                        .made = some_time(g)};
    mw_store_invitation there;
    int64_t id = 0;
    SOME_NAME(i.owner, g, "p", 3);
    SOME_NAME(i.usage_point, g, "up", 2);
    SOME_NAME(i.name, g, "guest", 9);
    i.hash[7] = (uint8_t)some(g, 200);
    if (mw_store_invitation_by_hash(s, MW_SLICE_OF(i.hash), &there) == MW_NOT_FOUND)
        MW_CHECK_OK(mw_store_invitation_add(s, &i, &id));
    SAY_STATUS("invited", mw_store_invitation_use(s, tenant, some(g, 9), some_time(g)));
    SOME_NAME(a.usage_point, g, "up", 2);
    SOME_NAME(a.guest, g, "p", 3);
    SOME_NAME(a.given_by, g, "p", 3);
    MW_CHECK_OK(mw_store_grant_add(s, &a, &id));
    SAY_STATUS("taken back", mw_store_grant_revoke(s, tenant, "up-1", some(g, 9), some_time(g)));
}

static void act_audit(mw_store *s, int64_t tenant, mw_prng *g) {
    mw_store_audit row = {.tenant = tenant - some(g, 2), .at = some_time(g)};
    mw_store_setting set = {.at = some_time(g)};
    SOME_NAME(row.actor, g, "eve", 3);
    SOME_NAME(row.action, g, "edit", 3);
    SOME_NAME(row.subject, g, "meter", 99);
    SOME_NAME(row.detail, g, "from 3 to", 99);
    MW_CHECK_OK(mw_store_audit_append(s, &row));
    SOME_NAME(set.name, g, "name", 3);
    SOME_NAME(set.value, g, "value", 99);
    SOME_NAME(set.who, g, "eve", 3);
    MW_CHECK_OK(mw_store_tenant_setting_put(s, tenant, &set));
}

static void act(mw_store *s, int64_t tenant, mw_prng *g) {
    static void (*const acts[])(mw_store *, int64_t, mw_prng *) = {act_user, act_token, act_factor,
                                                                   act_access, act_audit};
    acts[some(g, sizeof acts / sizeof acts[0])](s, tenant, g);
}

static mw_status on_user(void *ctx, const mw_store_user *u) {
    (void)ctx;
    SAY(u->id, u->login, u->disabled);
    SAY(u->name, u->area, 0);
    return MW_OK;
}

static mw_status on_session(void *ctx, const mw_store_session *r) {
    int64_t *last = ctx; /* of two that were used at one moment either may come first */
    MW_CHECK(r->last_used.us <= *last);
    *last = r->last_used.us;
    SAY("session", r->user, r->last_used.us);
    return MW_OK;
}

static mw_status on_token(void *ctx, const mw_store_token *t) {
    (void)ctx;
    SAY(t->owner, t->name, t->id, (int64_t)t->scope, t->hash[5], t->created.us, t->expires.us,
        t->last_used.us, t->revoked.us);
    return MW_OK;
}

static mw_status on_invitation(void *ctx, const mw_store_invitation *i) {
    (void)ctx;
    SAY(i->owner, i->usage_point, i->id, (int64_t)i->kind, i->hash[7], i->from.us, i->to.us,
        i->made.us, i->expires.us, i->used.us);
    SAY("name", i->name, 0);
    return MW_OK;
}

static mw_status on_grant(void *ctx, const mw_store_grant *a) {
    (void)ctx;
    SAY(a->usage_point, a->guest, a->id, a->from.us, a->to.us, a->made.us, a->revoked.us);
    SAY(a->name, a->given_by, 0);
    return MW_OK;
}

static mw_status on_audit(void *ctx, const mw_store_audit *a) {
    (void)ctx;
    SAY(a->actor, a->action, a->id, a->at.us);
    SAY(a->subject, a->detail, 0);
    return MW_OK;
}

static mw_status on_link(void *ctx, const mw_store_audit_link *l) {
    int64_t h = 0;
    for (size_t i = 0; i < 8; i++)
        h = h << 7 ^ l->hash[i];
    SAY("link", "", l->entry.id, l->chained, h, l->hash[31]);
    return on_audit(ctx, &l->entry);
}

static mw_status on_setting(void *ctx, const mw_store_setting *r) {
    (void)ctx;
    SAY(r->name, r->value, r->at.us);
    SAY("who", r->who, 0);
    return MW_OK;
}

static void tell_person(mw_store *s, int64_t tenant, const char *person) {
    mw_store_totp t;
    int64_t n = 0, last = INT64_MAX;
    MW_CHECK_OK(mw_store_sessions_of(s, tenant, person, on_session, &last));
    MW_CHECK_OK(mw_store_tokens(s, tenant, person, on_token, NULL));
    if (mw_store_totp_get(s, tenant, person, &t) == MW_OK)
        SAY("totp", t.owner, (int64_t)t.wrapped_n, t.wrapped[0], t.confirmed, t.last_step,
            t.made.us);
    MW_CHECK_OK(mw_store_recovery_left(s, tenant, person, &n));
    SAY("codes", "", n);
    MW_CHECK_OK(
        mw_store_grants_of_guest(s, tenant, person, mw_utc_of_s(1790500000), on_grant, NULL));
}

static void tell(mw_store *s, int64_t tenant) {
    mw_store_setting set;
    mw_store_audit_head head;
    MW_CHECK_OK(mw_store_users(s, tenant, "of-", 100, on_user, NULL));
    MW_CHECK_OK(mw_store_users(s, tenant, "of-p-2", 2, on_user, NULL));
    MW_CHECK_OK(mw_store_tokens(s, tenant, NULL, on_token, NULL));
    for (int k = 0; k < 4; k++) {
        char name[16];
        (void)snprintf(name, sizeof name, "p-%d", k);
        tell_person(s, tenant, name);
        (void)snprintf(name, sizeof name, "up-%d", k);
        MW_CHECK_OK(
            mw_store_invitations(s, tenant, name, mw_utc_of_s(1790500000), on_invitation, NULL));
        MW_CHECK_OK(mw_store_grants_of_point(s, tenant, name, on_grant, NULL));
        (void)snprintf(name, sizeof name, "name-%d", k);
        if (mw_store_tenant_setting_get(s, tenant, name, &set) == MW_OK)
            MW_CHECK_OK(on_setting(NULL, &set));
    }
    MW_CHECK_OK(mw_store_tenant_settings(s, tenant, on_setting, NULL));
    for (int64_t t = tenant - 1; t <= tenant; t++) {
        MW_CHECK_OK(mw_store_audit_list(s, t, 0, 100, on_audit, NULL));
        MW_CHECK_OK(mw_store_audit_list(s, t, 12, 3, on_audit, NULL));
        MW_CHECK_OK(mw_store_audit_links(s, t, 0, 100, on_link, NULL));
        if (mw_store_audit_head_get(s, t, &head) == MW_OK)
            SAY("head", "", head.first, head.entries, head.hash[0], head.hash[31]);
    }
}

const mw_conformance_group mw_conformance_people = {"people and audit", act, tell};
