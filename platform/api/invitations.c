/* SPDX-License-Identifier: Apache-2.0
 *
 * Codes that open one thing once: a new user chooses a password, or somebody gets to see a home.
 * What a code says is told to whoever has it, so a code is as secret as a password; addresses that
 * try many are locked out.
 */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "platform/accounts/account.h"
#include "platform/api/people.h"

/* The invitation behind a code that is still good; answers 404 or 429 itself. */
static bool find_code(mw_api_call *call, const char *code, mw_store_invitation *out) {
    mw_api *api = call->api;
    char address[64];
    mw_api_client(api, call->http, address);
    if (!mw_api_may_try(call, &api->by_code, address))
        return false;
    mw_token_hash hash = mw_token_hash_of(mw_slice_of_str(code));
    mw_status s = mw_store_invitation_by_hash(api->o.store, MW_SLICE_OF(hash.b), out);
    if (s == MW_OK &&
        (!mw_utc_is_none(out->used) || mw_loop_machine_utc(api->o.loop).us >= out->expires.us))
        s = MW_NOT_FOUND;
    if (s == MW_OK)
        return true;
    if (s == MW_NOT_FOUND) {
        mw_throttle_failure(&api->by_code, mw_slice_of_str(address), mw_loop_mono(api->o.loop));
        mw_http_reply_problem(call->http, 404, "NOT_FOUND",
                              "this code is not known, was used already or has expired");
    } else {
        mw_api_fail(call, s);
    }
    return false;
}

static mw_status put_invitation(mw_api_call *call, mw_json *j, const mw_store_invitation *i) {
    mw_store_user owner;
    mw_store_usage_point point;
    char premise[MW_STORE_ID_MAX];
    MW_TRY(mw_store_user_by_id(call->api->o.store, i->tenant, i->owner, &owner));
    mw_json_object_begin(j);
    mw_json_put_text(j, "kind", i->kind == MW_INVITE_ACCESS ? "access" : "password");
    mw_json_put_utc(j, "expires", i->expires);
    if (i->kind == MW_INVITE_ACCESS) {
        MW_TRY(mw_store_usage_point_get(call->api->o.store, i->tenant, i->usage_point, &point,
                                        premise));
        mw_json_put_text(j, "address", point.address);
        mw_json_put_text(j, "from_name", owner.name);
        mw_json_put_utc(j, "from", i->from);
        mw_json_put_utc(j, "to", i->to);
    } else {
        mw_json_put_text(j, "login", owner.login);
        mw_json_put_text(j, "name", owner.name);
    }
    mw_json_object_end(j);
    return MW_OK;
}

/* The body's code; answers itself what is wrong. */
static bool invitation_of_body(mw_api_call *call, mw_store_invitation *out) {
    static const char *const members[] = {"code", NULL};
    json_t *root = NULL;
    char code[64];
    if (!mw_api_body(call, members, &root))
        return false;
    bool ok = mw_api_body_text(call, root, "code", false, code, sizeof code);
    json_decref(root);
    return ok && find_code(call, code, out);
}

void mw_api_invitation_look(mw_api_call *call) {
    mw_store_invitation i;
    if (!invitation_of_body(call, &i))
        return;
    mw_buffer b;
    mw_buffer_init(&b, 4096);
    mw_json j = mw_json_of(&b);
    mw_status s = put_invitation(call, &j, &i);
    if (s == MW_OK) {
        mw_api_send_json(call, 200, &j, &b);
        return;
    }
    mw_buffer_fini(&b);
    mw_api_fail(call, s);
}

typedef struct answer {
    char code[64];
    char password[MW_PASSWORD_MAX + 1];
    char login[MW_STORE_ID_MAX];
    char name[MW_STORE_NAME_MAX];
} answer;

static mw_status audit_of(mw_api_call *call, const mw_store_user *u, const char *action,
                          const char *subject) {
    call->tenant = u->tenant; /* nobody is signed in: the entry is the invited user's */
    snprintf(call->user.login, sizeof call->user.login, "%s", u->login);
    return mw_api_audit(call, action, subject, "");
}

/* In a transaction: somebody sees a home from now on. */
static mw_status give_access(mw_api_call *call, const mw_store_invitation *i,
                             const mw_store_user *guest) {
    mw_store_grant g = {.tenant = i->tenant,
                        .from = i->from,
                        .to = i->to,
                        .made = mw_loop_machine_utc(call->api->o.loop)};
    int64_t id = 0;
    snprintf(g.usage_point, sizeof g.usage_point, "%s", i->usage_point);
    snprintf(g.guest, sizeof g.guest, "%s", guest->id);
    snprintf(g.name, sizeof g.name, "%s", i->name);
    snprintf(g.given_by, sizeof g.given_by, "%s", i->owner);
    MW_TRY(mw_store_invitation_use(call->api->o.store, i->tenant, i->id, g.made));
    return mw_store_grant_add(call->api->o.store, &g, &id);
}

/* In a transaction: the password of an invited user, or a new account of a guest. */
static mw_status take(mw_api_call *call, const mw_store_invitation *i, const answer *a,
                      const char *hash) {
    mw_store *store = call->api->o.store;
    mw_store_user u;
    mw_store_user owner;
    MW_TRY(mw_store_user_by_id(store, i->tenant, i->owner, &owner));
    if (i->kind == MW_INVITE_PASSWORD) {
        u = owner;
        MW_TRY(mw_store_invitation_use(store, i->tenant, i->id,
                                       mw_loop_machine_utc(call->api->o.loop)));
        MW_TRY(mw_api_drop_sessions(call, u.id, (mw_slice){0}));
    } else {
        if (mw_store_user_by_login(store, a->login, &u) != MW_NOT_FOUND)
            return MW_DUPLICATE;
        u = (mw_store_user){.tenant = i->tenant, .role = "consumer"};
        snprintf(u.id, sizeof u.id, "u-%08x%08x", randombytes_random(), randombytes_random());
        snprintf(u.login, sizeof u.login, "%s", a->login);
        snprintf(u.name, sizeof u.name, "%s", a->name);
        snprintf(u.time_zone, sizeof u.time_zone, "%s", owner.time_zone);
        snprintf(u.locale, sizeof u.locale, "%s", owner.locale);
        MW_TRY(give_access(call, i, &u));
    }
    snprintf(u.password_hash, sizeof u.password_hash, "%s", hash);
    MW_TRY(mw_store_user_put(store, &u));
    return audit_of(call, &u, i->kind == MW_INVITE_ACCESS ? "access.accept" : "invitation.accept",
                    i->kind == MW_INVITE_ACCESS ? i->usage_point : u.login);
}

static bool read_answer(mw_api_call *call, answer *a) {
    static const char *const members[] = {"code", "password", "login", "name", NULL};
    json_t *root = NULL;
    if (!mw_api_body(call, members, &root))
        return false;
    bool ok = mw_api_body_text(call, root, "code", false, a->code, sizeof a->code) &&
              mw_api_body_text(call, root, "password", false, a->password, sizeof a->password) &&
              mw_api_body_text(call, root, "login", true, a->login, sizeof a->login) &&
              mw_api_body_text(call, root, "name", true, a->name, sizeof a->name);
    json_decref(root);
    return ok && mw_api_password_ok(call, a->password);
}

void mw_api_invitation_accept(mw_api_call *call) {
    mw_store_invitation i;
    char hash[MW_PASSWORD_HASH_MAX];
    answer a;
    if (!read_answer(call, &a) || !find_code(call, a.code, &i))
        return;
    if (i.kind == MW_INVITE_ACCESS && (!mw_account_login_ok(a.login) || a.name[0] == 0)) {
        mw_api_invalid(call, "login needs 1 to 63 of a-z 0-9 . _ @ -, and a name is needed");
        return;
    }
    mw_status s = mw_password_hash(call->api->o.password, mw_slice_of_str(a.password), hash);
    mw_bytes_wipe(a.password, sizeof a.password);
    if (s == MW_OK)
        s = mw_store_begin(call->api->o.store);
    if (s == MW_OK)
        s = mw_api_end(call, take(call, &i, &a, hash));
    if (s == MW_DUPLICATE)
        mw_http_reply_problem(call->http, 409, "CONFLICT", "this login exists already");
    else
        mw_api_done(call, s);
}

/* ---- POST /v1/access: somebody who has an account takes an invitation ---- */

void mw_api_access_accept(mw_api_call *call) {
    mw_store_invitation i;
    if (!invitation_of_body(call, &i))
        return;
    if (i.kind != MW_INVITE_ACCESS || i.tenant != call->tenant || call->role != MW_ROLE_CONSUMER) {
        mw_http_reply_problem(call->http, 409, "CONFLICT", "this code is not for your account");
        return;
    }
    mw_status s = mw_store_begin(call->api->o.store);
    if (s == MW_OK) {
        s = give_access(call, &i, &call->user);
        if (s == MW_OK)
            s = mw_api_audit(call, "access.accept", i.usage_point, "");
        s = mw_api_end(call, s);
    }
    mw_api_done(call, s);
}
