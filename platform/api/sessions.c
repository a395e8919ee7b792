/* SPDX-License-Identifier: Apache-2.0
 *
 * Where a user is signed in, and tokens for programs.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/api/people.h"

#define SESSION_ID_BYTES 12 /* of the token's hash: names a session without opening it */
#define TOKENS_MAX       20 /* valid ones of one user */

/* ---- sessions ---- */

typedef struct listing {
    mw_api_call *call;
    mw_json *json;
    uint8_t own[MW_STORE_TOKEN_HASH];
    bool has_own;
    const char *wanted; /* id of the session to find */
    uint8_t found[MW_STORE_TOKEN_HASH];
    bool is_found;
} listing;

static void listing_of(mw_api_call *call, listing *l) {
    char token[MW_API_COOKIE_MAX];
    *l = (listing){.call = call};
    if (call->token.id == 0 && mw_api_cookie(call->http, token) == MW_OK) {
        mw_token_hash h = mw_token_hash_of(mw_slice_of_str(token));
        mw_bytes_copy(l->own, h.b, sizeof l->own);
        l->has_own = true;
    }
}

static void session_id(const mw_store_session *row, char out[2 * SESSION_ID_BYTES + 1]) {
    sodium_bin2hex(out, 2 * SESSION_ID_BYTES + 1, row->token_hash, SESSION_ID_BYTES);
}

static mw_status each_session(void *ctx, const mw_store_session *row) {
    listing *l = ctx;
    char id[2 * SESSION_ID_BYTES + 1];
    session_id(row, id);
    if (l->wanted != NULL) {
        if (strcmp(id, l->wanted) == 0) {
            mw_bytes_copy(l->found, row->token_hash, sizeof l->found);
            l->is_found = true;
        }
        return MW_OK;
    }
    mw_json_object_begin(l->json);
    mw_json_put_text(l->json, "id", id);
    mw_json_put_utc(l->json, "created", row->created);
    mw_json_put_utc(l->json, "last_used", row->last_used);
    mw_json_put_utc(l->json, "expires", row->expires);
    mw_json_put_text(l->json, "address", row->address);
    mw_json_put_text(l->json, "agent", row->agent);
    mw_json_put_bool(l->json, "current",
                     l->has_own && memcmp(l->own, row->token_hash, sizeof l->own) == 0);
    mw_json_object_end(l->json);
    return MW_OK;
}

static void send_sessions(mw_api_call *call, const char *user) {
    listing l;
    mw_buffer b;
    mw_buffer_init(&b, 512 * 1024);
    mw_json j = mw_json_of(&b);
    listing_of(call, &l);
    l.json = &j;
    mw_json_object_begin(&j);
    mw_json_put_array(&j, "items");
    mw_status s = mw_store_sessions_of(call->api->o.store, call->tenant, user, each_session, &l);
    mw_json_array_end(&j);
    mw_json_object_end(&j);
    if (s == MW_OK) {
        mw_api_send_json(call, 200, &j, &b);
        return;
    }
    mw_buffer_fini(&b);
    mw_api_fail(call, s);
}

void mw_api_session_list(mw_api_call *call) {
    send_sessions(call, call->user.id);
}

void mw_api_user_sessions(mw_api_call *call) {
    mw_store_user u;
    if (mw_api_user_param(call, &u))
        send_sessions(call, u.id);
}

void mw_api_session_revoke(mw_api_call *call) {
    mw_store *store = call->api->o.store;
    listing l;
    listing_of(call, &l);
    l.wanted = mw_http_param(call->http, "session");
    mw_status s = mw_store_sessions_of(store, call->tenant, call->user.id, each_session, &l);
    if (s == MW_OK && !l.is_found)
        s = MW_NOT_FOUND;
    if (s == MW_OK)
        s = mw_store_begin(store);
    if (s == MW_OK) {
        s = mw_store_session_delete(store, MW_SLICE_OF(l.found));
        if (s == MW_OK)
            s = mw_api_audit(call, "session.end", l.wanted, "");
        s = mw_api_end(call, s);
    }
    mw_api_done(call, s);
}

void mw_api_user_sessions_end(mw_api_call *call) {
    mw_store_user u;
    if (!mw_api_user_param(call, &u))
        return;
    mw_status s = mw_store_begin(call->api->o.store);
    if (s == MW_OK) {
        s = mw_api_drop_sessions(call, u.id, (mw_slice){0});
        if (s == MW_OK)
            s = mw_api_audit(call, "user.sessions_end", u.login, "");
        s = mw_api_end(call, s);
    }
    mw_api_done(call, s);
}

/* ---- tokens ---- */

typedef struct token_rows {
    mw_api_call *call;
    mw_json *json;
    bool with_owner;
    mw_utc now;
    int64_t valid;
} token_rows;

static mw_status each_token(void *ctx, const mw_store_token *t) {
    token_rows *l = ctx;
    bool valid = mw_utc_is_none(t->revoked) && l->now.us < t->expires.us;
    l->valid += valid;
    if (l->json == NULL)
        return MW_OK;
    mw_json_object_begin(l->json);
    mw_json_put_int(l->json, "id", t->id);
    mw_json_put_text(l->json, "name", t->name);
    mw_json_put_text(l->json, "scope", t->scope == MW_TOKEN_WRITE ? "write" : "read");
    if (l->with_owner) {
        mw_store_user u;
        mw_status s = mw_store_user_by_id(l->call->api->o.store, t->tenant, t->owner, &u);
        mw_json_put_text(l->json, "owner", s == MW_OK ? u.login : NULL);
    }
    mw_json_put_utc(l->json, "created", t->created);
    mw_json_put_utc(l->json, "expires", t->expires);
    mw_json_put_utc(l->json, "last_used", t->last_used);
    mw_json_put_utc(l->json, "revoked", t->revoked);
    mw_json_put_bool(l->json, "valid", valid);
    mw_json_object_end(l->json);
    return MW_OK;
}

static void send_tokens(mw_api_call *call, const char *owner) {
    mw_buffer b;
    mw_buffer_init(&b, 512 * 1024);
    mw_json j = mw_json_of(&b);
    token_rows l = {.call = call,
                    .json = &j,
                    .with_owner = owner == NULL,
                    .now = mw_loop_machine_utc(call->api->o.loop)};
    mw_json_object_begin(&j);
    mw_json_put_array(&j, "items");
    mw_status s = mw_store_tokens(call->api->o.store, call->tenant, owner, each_token, &l);
    mw_json_array_end(&j);
    mw_json_object_end(&j);
    if (s == MW_OK) {
        mw_api_send_json(call, 200, &j, &b);
        return;
    }
    mw_buffer_fini(&b);
    mw_api_fail(call, s);
}

void mw_api_token_list(mw_api_call *call) {
    send_tokens(call, call->user.id);
}

void mw_api_token_all(mw_api_call *call) {
    send_tokens(call, NULL);
}

static bool read_token(mw_api_call *call, mw_store_token *t) {
    static const char *const members[] = {"name", "scope", "days", NULL};
    json_t *root = NULL;
    char scope[8];
    int64_t days = 0;
    mw_json_error error;
    int64_t most = mw_api_setting(call->api, call->tenant, "token.days");
    if (!mw_api_body(call, members, &root))
        return false;
    bool ok = mw_api_body_text(call, root, "name", false, t->name, sizeof t->name) &&
              mw_api_body_text(call, root, "scope", false, scope, sizeof scope);
    if (ok && mw_json_get_int(root, "days", 1, most, &days, &error) != MW_OK) {
        mw_api_invalid(call, error.text);
        ok = false;
    } else if (ok && strcmp(scope, "read") != 0 && strcmp(scope, "write") != 0) {
        mw_api_invalid(call, "scope must be read or write");
        ok = false;
    }
    json_decref(root);
    if (!ok)
        return false;
    t->scope = strcmp(scope, "write") == 0 ? MW_TOKEN_WRITE : MW_TOKEN_READ;
    t->created = mw_loop_machine_utc(call->api->o.loop);
    t->expires = mw_utc_add(t->created, mw_dur_s(days * 86400));
    return true;
}

void mw_api_token_create(mw_api_call *call) {
    mw_store *store = call->api->o.store;
    mw_store_token t = {.tenant = call->tenant};
    char text[MW_TOKEN_TEXT_MAX];
    if (!read_token(call, &t))
        return;
    token_rows own = {.call = call, .now = t.created};
    mw_status s = mw_store_tokens(store, call->tenant, call->user.id, each_token, &own);
    if (s == MW_OK && own.valid >= TOKENS_MAX) {
        mw_http_reply_problem(call->http, 409, "CONFLICT", "you have 20 tokens: revoke one first");
        return;
    }
    mw_token_random(text);
    mw_token_hash hash = mw_token_hash_of(mw_slice_of_str(text));
    mw_bytes_copy(t.hash, hash.b, sizeof t.hash);
    snprintf(t.owner, sizeof t.owner, "%s", call->user.id);
    if (s == MW_OK)
        s = mw_store_begin(store);
    if (s == MW_OK) {
        s = mw_store_token_add(store, &t, &t.id);
        if (s == MW_OK)
            s = mw_api_audit(call, "token.create", t.name,
                             t.scope == MW_TOKEN_WRITE ? "write" : "read");
        s = mw_api_end(call, s);
    }
    if (s != MW_OK) {
        mw_api_fail(call, s);
        return;
    }
    mw_buffer b;
    mw_json j = mw_api_object_begin(&b, 4096);
    mw_json_put_int(&j, "id", t.id);
    mw_json_put_text(&j, "token", text);
    mw_json_put_utc(&j, "expires", t.expires);
    mw_api_object_send(call, 201, &j, &b);
    mw_bytes_wipe(text, sizeof text);
}

/* Everybody revokes own tokens, an administrator anybody's. */
void mw_api_token_delete(mw_api_call *call) {
    mw_store *store = call->api->o.store;
    int64_t id = 0;
    if (!mw_api_number(call, "token", &id))
        return;
    bool any = call->role == MW_ROLE_ADMINISTRATOR && call->area == NULL;
    mw_status s = mw_store_begin(store);
    if (s == MW_OK) {
        s = mw_store_token_revoke(store, call->tenant, any ? NULL : call->user.id, id,
                                  mw_loop_machine_utc(call->api->o.loop));
        if (s == MW_OK)
            s = mw_api_audit(call, "token.revoke", mw_http_param(call->http, "token"), "");
        s = mw_api_end(call, s);
    }
    mw_api_done(call, s);
}
