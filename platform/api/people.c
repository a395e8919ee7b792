/* SPDX-License-Identifier: Apache-2.0
 *
 * Users of a tenant, as administrators see and change them. Nobody but the user ever chooses or
 * learns a password: a new user gets an invitation with a code that is told once.
 */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "platform/accounts/account.h"
#include "platform/api/internal.h"
#include "platform/api/people.h"

/* ---- reading ---- */

typedef struct sessions_seen {
    int64_t n;
    mw_utc last;
} sessions_seen;

static mw_status see_session(void *ctx, const mw_store_session *row) {
    sessions_seen *s = ctx;
    if (s->n == 0 || row->last_used.us > s->last.us)
        s->last = row->last_used;
    s->n++;
    return MW_OK;
}

static mw_status put_user(mw_api_call *call, mw_json *j, const mw_store_user *u) {
    sessions_seen seen = {.last = MW_UTC_NONE};
    mw_store_totp factor;
    MW_TRY(mw_store_sessions_of(call->api->o.store, u->tenant, u->id, see_session, &seen));
    mw_status s = mw_store_totp_get(call->api->o.store, u->tenant, u->id, &factor);
    if (s != MW_OK && s != MW_NOT_FOUND)
        return s;
    mw_json_object_begin(j);
    mw_json_put_text(j, "id", u->id);
    mw_json_put_text(j, "login", u->login);
    mw_json_put_text(j, "name", u->name);
    mw_json_put_text(j, "role", u->role);
    mw_json_put_text(j, "customer", u->person[0] != 0 ? u->person : NULL);
    mw_json_put_text(j, "area", u->area[0] != 0 ? u->area : NULL);
    mw_json_put_text(j, "time_zone", u->time_zone);
    mw_json_put_text(j, "locale", u->locale);
    mw_json_put_bool(j, "disabled", u->disabled);
    mw_json_put_bool(j, "has_password", u->password_hash[0] != 0);
    mw_json_put_bool(j, "second_factor", s == MW_OK && factor.confirmed);
    mw_json_put_int(j, "sessions", seen.n);
    mw_json_put_utc(j, "last_used", seen.last);
    mw_json_object_end(j);
    return MW_OK;
}

typedef struct users {
    mw_api_call *call;
    mw_json *json;
    const char *search;
    uint32_t left, got;
    char last[MW_STORE_ID_MAX];  /* login of the last one looked at */
    char shown[MW_STORE_ID_MAX]; /* of the last one listed */
    bool more;
} users;

/* Both texts without regard to the case of ASCII letters. */
static bool holds(const char *text, const char *part) {
    return strcasestr(text, part) != NULL;
}

static mw_status each_user(void *ctx, const mw_store_user *u) {
    users *l = ctx;
    l->got++;
    snprintf(l->last, sizeof l->last, "%s", u->login);
    if (l->search[0] != 0 && !holds(u->login, l->search) && !holds(u->name, l->search) &&
        strcmp(u->role, l->search) != 0)
        return MW_OK;
    if (l->left == 0) {
        l->more = true;
        return MW_OK;
    }
    l->left--;
    snprintf(l->shown, sizeof l->shown, "%s", u->login);
    return put_user(l->call, l->json, u);
}

void mw_api_user_list(mw_api_call *call) {
    uint32_t limit = 0;
    const char *search = mw_http_query(call->http, "search");
    const char *after = mw_http_query(call->http, "after");
    if (!mw_api_limit(call, &limit))
        return;
    if ((search != NULL && strlen(search) > 100) ||
        (after != NULL && !mw_account_login_ok(after))) {
        mw_api_invalid(call, "search is too long, or after is not the next of an earlier page");
        return;
    }
    mw_buffer b;
    mw_buffer_init(&b, 1024 * 1024);
    mw_json j = mw_json_of(&b);
    users l = {.call = call, .json = &j, .search = search != NULL ? search : "", .left = limit};
    if (after != NULL)
        snprintf(l.last, sizeof l.last, "%s", after);
    mw_json_object_begin(&j);
    mw_json_put_array(&j, "items");
    mw_status s;
    char from[MW_STORE_ID_MAX];
    do {
        l.got = 0;
        snprintf(from, sizeof from, "%s", l.last);
        s = mw_store_users(call->api->o.store, call->tenant, from, 500, each_user, &l);
    } while (s == MW_OK && l.got == 500 && !l.more);
    mw_json_array_end(&j);
    mw_json_put_text(&j, "next", l.more ? l.shown : NULL);
    mw_json_object_end(&j);
    if (s == MW_OK) {
        mw_api_send_json(call, 200, &j, &b);
        return;
    }
    mw_buffer_fini(&b);
    mw_api_fail(call, s);
}

bool mw_api_user_param(mw_api_call *call, mw_store_user *out_user) {
    mw_status s = mw_store_user_by_id(call->api->o.store, call->tenant,
                                      mw_http_param(call->http, "user"), out_user);
    if (s == MW_OK)
        return true;
    if (s == MW_NOT_FOUND)
        mw_http_reply_problem(call->http, 404, "NOT_FOUND", "there is no such user");
    else
        mw_api_fail(call, s);
    return false;
}

static void send_user(mw_api_call *call, int status, const mw_store_user *u, const char *code,
                      mw_utc expires) {
    mw_buffer b;
    mw_json j = mw_api_object_begin(&b, 16384);
    mw_json_key(&j, "user");
    mw_status s = put_user(call, &j, u);
    if (code != NULL) {
        mw_json_put_text(&j, "code", code);
        mw_json_put_utc(&j, "expires", expires);
    }
    mw_json_object_end(&j);
    if (s == MW_OK) {
        mw_api_send_json(call, status, &j, &b);
        return;
    }
    mw_buffer_fini(&b);
    mw_api_fail(call, s);
}

void mw_api_user_read(mw_api_call *call) {
    mw_store_user u;
    if (mw_api_user_param(call, &u))
        send_user(call, 200, &u, NULL, MW_UTC_NONE);
}

/* ---- changing ---- */

static mw_status find_area(void *ctx, const mw_store_area *row) {
    const char **wanted = ctx;
    if (*wanted != NULL && strcmp(row->id, *wanted) == 0)
        *wanted = NULL;
    return MW_OK;
}

/* Role, area and customer must go together and exist. Answers itself. */
static bool user_ok(mw_api_call *call, const mw_store_user *u) {
    mw_role role = mw_role_of(u->role);
    mw_store_person person;
    const char *area = u->area[0] != 0 ? u->area : NULL;
    const mw_zone *zone;
    const char *wrong = NULL;
    if (role == MW_ROLE_NONE)
        wrong = "role must be administrator, operator, engineer, auditor or consumer";
    else if (!mw_account_login_ok(u->login))
        wrong = "a login has 1 to 63 of a-z 0-9 . _ @ -";
    else if (role != MW_ROLE_CONSUMER && u->person[0] != 0)
        wrong = "customer goes with the role consumer only";
    else if (role == MW_ROLE_CONSUMER && area != NULL)
        wrong = "area does not go with the role consumer";
    else if (mw_zones_get(call->api->o.zones, u->time_zone, &zone) != MW_OK)
        wrong = "time_zone must be a name such as Europe/Rome";
    else if (u->person[0] != 0 &&
             mw_store_person_get(call->api->o.store, call->tenant, u->person, &person) != MW_OK)
        wrong = "there is no such customer";
    if (wrong == NULL && area != NULL &&
        (mw_store_areas(call->api->o.store, call->tenant, find_area, &area) != MW_OK ||
         area != NULL))
        wrong = "there is no such area";
    if (wrong != NULL)
        mw_api_invalid(call, wrong);
    return wrong == NULL;
}

static bool read_user(mw_api_call *call, const json_t *root, mw_store_user *u) {
    mw_json_error error;
    char zone[MW_STORE_ID_MAX], locale[16];
    if (!mw_api_body_text(call, root, "name", false, u->name, sizeof u->name) ||
        !mw_api_body_text(call, root, "role", false, u->role, sizeof u->role) ||
        !mw_api_body_text(call, root, "area", true, u->area, sizeof u->area) ||
        !mw_api_body_text(call, root, "customer", true, u->person, sizeof u->person) ||
        !mw_api_body_text(call, root, "time_zone", true, zone, sizeof zone) ||
        !mw_api_body_text(call, root, "locale", true, locale, sizeof locale))
        return false;
    if (zone[0] != 0 || u->time_zone[0] == 0)
        snprintf(u->time_zone, sizeof u->time_zone, "%s", zone[0] != 0 ? zone : "UTC");
    if (locale[0] != 0 || u->locale[0] == 0)
        snprintf(u->locale, sizeof u->locale, "%s", locale[0] != 0 ? locale : "en");
    mw_status s = mw_json_get_bool(root, "disabled", &u->disabled, &error);
    if (s == MW_OK || s == MW_NOT_FOUND)
        return user_ok(call, u);
    mw_api_invalid(call, error.text);
    return false;
}

mw_status mw_api_invite_user(mw_api_call *call, const mw_store_user *u,
                             char out_code[MW_TOKEN_TEXT_MAX], mw_utc *out_expires) {
    mw_utc now = mw_loop_machine_utc(call->api->o.loop);
    int64_t days = mw_api_setting(call->api, u->tenant, "invitation.days");
    mw_store_invitation i = {.tenant = u->tenant,
                             .kind = MW_INVITE_PASSWORD,
                             .from = MW_UTC_NONE,
                             .to = MW_UTC_NONE,
                             .made = now,
                             .expires = mw_utc_add(now, mw_dur_s(days * 86400))};
    char code[MW_TOKEN_TEXT_MAX];
    mw_token_random(code);
    mw_token_hash hash = mw_token_hash_of(mw_slice_of_str(code));
    mw_bytes_copy(i.hash, hash.b, sizeof i.hash);
    snprintf(i.owner, sizeof i.owner, "%s", u->id);
    int64_t id = 0;
    MW_TRY(mw_store_invitation_add(call->api->o.store, &i, &id));
    mw_bytes_copy(out_code, code, sizeof code);
    *out_expires = i.expires;
    return MW_OK;
}

static mw_status user_make(mw_api_call *call, const mw_store_user *u, char code[MW_TOKEN_TEXT_MAX],
                           mw_utc *expires) {
    mw_store *store = call->api->o.store;
    mw_store_user other;
    mw_status known = mw_store_user_by_login(store, u->login, &other);
    if (known != MW_NOT_FOUND)
        return known == MW_OK ? MW_CONFLICT : known;
    MW_TRY(mw_store_begin(store));
    mw_status s = mw_store_user_put(store, u);
    if (s == MW_OK)
        s = mw_api_invite_user(call, u, code, expires);
    if (s == MW_OK)
        s = mw_api_audit(call, "user.create", u->login, u->role);
    return mw_api_end(call, s);
}

void mw_api_user_create(mw_api_call *call) {
    static const char *const members[] = {"login",     "name",   "role",     "area", "customer",
                                          "time_zone", "locale", "disabled", NULL};
    json_t *root = NULL;
    char code[MW_TOKEN_TEXT_MAX];
    mw_utc expires = MW_UTC_NONE;
    if (!mw_api_body(call, members, &root))
        return;
    mw_store_user u = {.tenant = call->tenant};
    bool ok = mw_api_body_text(call, root, "login", false, u.login, sizeof u.login) &&
              read_user(call, root, &u);
    json_decref(root);
    if (!ok)
        return;
    snprintf(u.id, sizeof u.id, "u-%08x%08x", randombytes_random(), randombytes_random());
    mw_status s = user_make(call, &u, code, &expires);
    if (s == MW_OK)
        send_user(call, 201, &u, code, expires);
    else if (s == MW_CONFLICT)
        mw_http_reply_problem(call->http, 409, "CONFLICT", "this login exists already");
    else
        mw_api_fail(call, s);
    mw_bytes_wipe(code, sizeof code);
}

static mw_status count_admin(void *ctx, const mw_store_user *u) {
    users *l = ctx;
    l->got++;
    snprintf(l->last, sizeof l->last, "%s", u->login);
    if (mw_role_of(u->role) == MW_ROLE_ADMINISTRATOR && !u->disabled && u->area[0] == 0 &&
        strcmp(u->id, l->search) != 0)
        l->left++;
    return MW_OK;
}

/* Whether anybody else could still administer the tenant without this user. */
static mw_status others_administer(mw_api_call *call, const char *user, bool *out_yes) {
    users l = {.search = user};
    do {
        char from[MW_STORE_ID_MAX];
        l.got = 0;
        snprintf(from, sizeof from, "%s", l.last);
        MW_TRY(mw_store_users(call->api->o.store, call->tenant, from, 500, count_admin, &l));
    } while (l.got == 500 && l.left == 0);
    *out_yes = l.left > 0;
    return MW_OK;
}

static mw_status drop_session(void *ctx, const mw_store_session *row) {
    mw_api_sessions *s = ctx;
    if (s->n < MW_API_SESSIONS_DROPPED && !mw_slice_equal(MW_SLICE_OF(row->token_hash), s->keep))
        mw_bytes_copy(s->hash[s->n++], row->token_hash, MW_STORE_TOKEN_HASH);
    return MW_OK;
}

mw_status mw_api_drop_sessions(mw_api_call *call, const char *user, mw_slice keep) {
    mw_api_sessions s = {.keep = keep};
    MW_TRY(mw_store_sessions_of(call->api->o.store, call->tenant, user, drop_session, &s));
    for (size_t i = 0; i < s.n; i++)
        MW_TRY(mw_store_session_delete(call->api->o.store,
                                       (mw_slice){s.hash[i], MW_STORE_TOKEN_HASH}));
    return MW_OK;
}

static mw_status user_save(mw_api_call *call, const mw_store_user *was, const mw_store_user *u) {
    char detail[MW_STORE_TEXT_MAX];
    MW_TRY(mw_store_begin(call->api->o.store));
    mw_status s = mw_store_user_put(call->api->o.store, u);
    bool narrower = u->disabled || strcmp(was->role, u->role) != 0 ||
                    strcmp(was->area, u->area) != 0 || strcmp(was->person, u->person) != 0;
    if (s == MW_OK && narrower)
        s = mw_api_drop_sessions(call, u->id, (mw_slice){0});
    snprintf(detail, sizeof detail, "role %s, area %s%s", u->role,
             u->area[0] != 0 ? u->area : "all", u->disabled ? ", disabled" : "");
    if (s == MW_OK)
        s = mw_api_audit(call, "user.change", u->login, detail);
    return mw_api_end(call, s);
}

void mw_api_user_change(mw_api_call *call) {
    static const char *const members[] = {"name",      "role",   "area",     "customer",
                                          "time_zone", "locale", "disabled", NULL};
    json_t *root = NULL;
    mw_store_user was;
    if (!mw_api_user_param(call, &was) || !mw_api_body(call, members, &root))
        return;
    mw_store_user u = was;
    bool ok = read_user(call, root, &u);
    json_decref(root);
    if (!ok)
        return;
    bool stays = mw_role_of(u.role) == MW_ROLE_ADMINISTRATOR && !u.disabled && u.area[0] == 0;
    bool others = true;
    mw_status s = MW_OK;
    if (mw_role_of(was.role) == MW_ROLE_ADMINISTRATOR && !stays)
        s = others_administer(call, u.id, &others);
    if (s == MW_OK && !others) {
        mw_http_reply_problem(call->http, 409, "LAST_ADMINISTRATOR",
                              "nobody else could administer this tenant any more");
        return;
    }
    if (s == MW_OK)
        s = user_save(call, &was, &u);
    if (s == MW_OK)
        send_user(call, 200, &u, NULL, MW_UTC_NONE);
    else
        mw_api_fail(call, s);
}

void mw_api_user_invite(mw_api_call *call) {
    static const char *const members[] = {NULL};
    mw_store_user u;
    json_t *root = NULL;
    char code[MW_TOKEN_TEXT_MAX];
    mw_utc expires = MW_UTC_NONE;
    if (!mw_api_user_param(call, &u) || !mw_api_body(call, members, &root))
        return;
    json_decref(root);
    mw_status s = mw_store_begin(call->api->o.store);
    if (s == MW_OK) {
        s = mw_api_invite_user(call, &u, code, &expires);
        if (s == MW_OK)
            s = mw_api_audit(call, "user.invite", u.login, "");
        s = mw_api_end(call, s);
    }
    if (s == MW_OK)
        send_user(call, 201, &u, code, expires);
    else
        mw_api_fail(call, s);
    mw_bytes_wipe(code, sizeof code);
}
