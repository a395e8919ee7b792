/* SPDX-License-Identifier: Apache-2.0
 *
 * What an operation's row asks for: the only place where roles, areas, scopes, tokens, CSRF and the
 * type of bodies are checked.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "platform/api/area.h"
#include "platform/doors/uplinks.h"

unsigned mw_api_flags(const mw_api_row *row) {
    static const struct {
        const char *id;
        unsigned flags;
    } said[] = {
        {"meterRead", MW_API_GUEST},         {"meterConsumption", MW_API_GUEST},
        {"meterReadings", MW_API_GUEST},     {"meterEvents", MW_API_GUEST},
        {"meterExportCsv", MW_API_GUEST},    {"meterExportXlsx", MW_API_GUEST},
        {"userCreate", MW_API_PERSON},       {"userChange", MW_API_PERSON},
        {"userInvite", MW_API_PERSON},       {"userSessionsEnd", MW_API_PERSON},
        {"userFactorRemove", MW_API_PERSON}, {"tokenCreate", MW_API_PERSON},
        {"tokenDelete", MW_API_PERSON},      {"ownSessionEnd", MW_API_PERSON},
        {"passwordChange", MW_API_PERSON},   {"factorBegin", MW_API_PERSON},
        {"factorConfirm", MW_API_PERSON},    {"factorRemove", MW_API_PERSON},
        {"tenantCreate", MW_API_PERSON},     {"settingPut", MW_API_PERSON},
        {"accessInvite", MW_API_PERSON},     {"accessAccept", MW_API_PERSON},
        {"accessRevoke", MW_API_PERSON},     {"handedCreate", MW_API_PERSON},
    };
    for (size_t i = 0; row->id != NULL && i < sizeof said / sizeof said[0]; i++)
        if (strcmp(said[i].id, row->id) == 0)
            return said[i].flags;
    return 0;
}

mw_status mw_api_cookie(mw_http_request *r, char out_token[MW_API_COOKIE_MAX]) {
    mw_span room = {(uint8_t *)out_token, MW_API_COOKIE_MAX};
    return mw_http_cookie(r, MW_API_COOKIE, room) == MW_OK ? MW_OK : MW_NOT_FOUND;
}

const char *mw_api_person_of(const mw_store_user *user) {
    if (mw_role_is_staff(mw_role_of(user->role)))
        return NULL;
    /* A consumer without a customer sees nothing; the empty id would mean usage points that belong
     * to nobody, and no id contains a control byte. */
    return user->person[0] != 0 ? user->person : "\x7f";
}

static bool forbid(mw_api_call *call, const char *code, const char *message) {
    mw_http_reply_problem(call->http, 403, code, message);
    return false;
}

/* The owner of a program's token, as far as the token still is good. */
static mw_status find_token(mw_api_call *call, mw_slice text) {
    mw_api *api = call->api;
    mw_utc now = mw_loop_machine_utc(api->o.loop);
    mw_token_hash hash = mw_token_hash_of(text);
    mw_store_token *t = &call->token;
    MW_TRY(mw_store_token_by_hash(api->o.store, MW_SLICE_OF(hash.b), t));
    if (!mw_utc_is_none(t->revoked) || now.us >= t->expires.us)
        return MW_AUTH;
    MW_TRY(mw_store_user_by_id(api->o.store, t->tenant, t->owner, &call->user));
    if (call->user.disabled)
        return MW_AUTH;
    if (mw_utc_is_none(t->last_used) || mw_utc_since(now, t->last_used).ns > 60 * MW_NS_PER_S) {
        mw_status s = mw_store_begin(api->o.store);
        if (s == MW_OK)
            s = mw_api_end(call, mw_store_token_touch(api->o.store, t->tenant, t->id, now));
        (void)s; /* a full disk does not lock programs out */
    }
    return MW_OK;
}

static mw_status find_user(mw_api_call *call) {
    char token[MW_API_COOKIE_MAX];
    mw_slice bearer = mw_http_bearer(call->http);
    if (bearer.n > 0)
        return find_token(call, bearer);
    MW_TRY(mw_api_cookie(call->http, token));
    return mw_session_find(&call->api->sessions, mw_slice_of_str(token),
                           mw_loop_machine_utc(call->api->o.loop), &call->user, call->csrf);
}

static bool is_read(const mw_api_row *row) {
    return strcmp(row->method, "GET") == 0;
}

/* Which role may do what; see platform/accounts/role.h. */
static bool role_allows(const mw_api_call *call) {
    const mw_api_row *row = call->row;
    mw_role role = call->role;
    switch (row->role) {
    case MW_API_USER:
        /* An auditor looks at other people's things and changes only the own account. */
        return role != MW_ROLE_NONE && (role != MW_ROLE_AUDITOR || is_read(row) || !row->meter);
    case MW_API_OPERATOR:
        return role >= MW_ROLE_OPERATOR || (is_read(row) && mw_role_is_staff(role));
    case MW_API_FIELD:
        return role >= MW_ROLE_ENGINEER || (is_read(row) && mw_role_is_staff(role));
    case MW_API_AUDIT:
        return role == MW_ROLE_ADMINISTRATOR || role == MW_ROLE_AUDITOR;
    case MW_API_ADMIN:
        return role == MW_ROLE_ADMINISTRATOR;
    case MW_API_HOST: {
        int64_t host = 0;
        return role == MW_ROLE_ADMINISTRATOR && call->api->o.host_tenant != NULL &&
               mw_store_tenant_find(call->api->o.store, call->api->o.host_tenant, &host) == MW_OK &&
               host == call->tenant;
    }
    case MW_API_PUBLIC:
    case MW_API_STATION:
        break;
    }
    return false;
}

static bool check_user(mw_api_call *call) {
    mw_status s = find_user(call);
    if (s == MW_AUTH || s == MW_NOT_FOUND) {
        mw_http_reply_problem(call->http, 401, "UNAUTHENTICATED", "sign in first");
        return false;
    }
    if (s != MW_OK) {
        mw_api_fail(call, s);
        return false;
    }
    call->tenant = call->user.tenant;
    call->role = mw_role_of(call->user.role);
    call->person = mw_api_person_of(&call->user);
    if (call->person == NULL && call->user.area[0] != 0)
        call->area = call->user.area;
    const mw_api_row *row = call->row;
    if (!role_allows(call))
        return forbid(call, "FORBIDDEN", "your role does not allow this");
    if (row->scope == MW_API_ALL && !row->meter && !mw_api_beyond_area_check(call))
        return false;
    if (call->token.id != 0 && (call->flags & MW_API_PERSON))
        return forbid(call, "TOKEN", "a token cannot do this: sign in");
    if (call->token.id != 0 && call->token.scope != MW_TOKEN_WRITE && !is_read(row))
        return forbid(call, "TOKEN", "this token only reads");
    return true;
}

/* A certificate that is shown must name the station, also where none is needed: a token that was
 * stolen does not work from another station. */
static bool station_certificate_fits(const mw_api_call *call) {
    if (!mw_http_is_certified(call->http))
        return !call->api->o.station_certificate;
    return mw_http_is_certified_as(call->http, call->sender.id);
}

static bool check_station(mw_api_call *call) {
    mw_slice token = mw_http_bearer(call->http);
    uint8_t hash[MW_STORE_TOKEN_HASH];
    mw_status s = MW_NOT_FOUND;
    if (token.n > 0) {
        mw_uplinks_token_hash(token, hash);
        s = mw_store_sender_by_token(call->api->o.store, MW_SLICE_OF(hash), &call->sender);
    }
    if (s == MW_OK && !station_certificate_fits(call)) {
        mw_http_reply_problem(call->http, 403, "CERTIFICATE",
                              "this station needs a certificate that names it");
        return false;
    }
    if (s == MW_OK) {
        call->tenant = call->sender.tenant;
        return true;
    }
    if (s == MW_NOT_FOUND)
        mw_http_reply_problem(call->http, 401, "UNAUTHENTICATED", "no valid station token");
    else
        mw_api_fail(call, s);
    return false;
}

static bool check_csrf(mw_api_call *call) {
    if (call->token.id != 0)
        return true; /* no browser sends a token by itself */
    const char *given = mw_http_header(call->http, "X-CSRF-Token");
    if (given != NULL && mw_slice_equal_ct(mw_slice_of_str(given), mw_slice_of_str(call->csrf)))
        return true;
    mw_http_reply_problem(call->http, 403, "CSRF", "the X-CSRF-Token header is missing or wrong");
    return false;
}

/* A page of a stranger can make a browser post a form or plain text here, but JSON only with our
 * leave. That guards what has no token yet, such as signing in. */
static bool type_is(const mw_api_call *call, const char *wanted) {
    const char *type = mw_http_header(call->http, "Content-Type");
    size_t n = strlen(wanted);
    if (type == NULL || strncasecmp(type, wanted, n) != 0)
        return false;
    type += n;
    type += strspn(type, " \t");
    return *type == 0 || *type == ';';
}

/* Tables are files; what keeps strangers' pages out there is the CSRF header. */
static bool takes_file(const mw_api_row *row) {
    return row->run == mw_api_import_create || row->run == mw_api_import_preview;
}

static bool check_type(mw_api_call *call) {
    if (strcmp(call->row->method, "GET") == 0 || strcmp(call->row->method, "DELETE") == 0)
        return true;
    if (takes_file(call->row)) {
        if (type_is(call, "text/csv") || type_is(call, "application/octet-stream") ||
            type_is(call, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"))
            return true;
        mw_http_reply_problem(call->http, 415, "WRONG_TYPE", "the body must be CSV or XLSX");
        return false;
    }
    if (call->row->run == mw_api_station_picture_put && type_is(call, "image/png"))
        return true;
    if (type_is(call, "application/json"))
        return true;
    mw_http_reply_problem(call->http, 415, "WRONG_TYPE", "the body must be application/json");
    return false;
}

/* Whether a consumer may see the loaded channel: as its owner, or as a guest where guests may. */
static mw_status check_person(mw_api_call *call) {
    if (strcmp(call->meter.person.id, call->person) == 0)
        return MW_OK;
    if (!(call->flags & MW_API_GUEST) || call->meter.usage_point.id[0] == 0)
        return MW_NOT_FOUND;
    return mw_api_guest_since(call, call->meter.usage_point.id, &call->guest_from);
}

/* Loads the channel that {id} names, when this user may see it. What is not the user's does not
 * exist. */
static bool check_meter(mw_api_call *call) {
    uint64_t identity = 0;
    uint8_t number = 0;
    mw_status s =
        mw_api_parse_meter(mw_slice_of_str(mw_http_param(call->http, "id")), &identity, &number);
    if (s == MW_OK)
        s = mw_store_meter_get(call->api->o.store, call->tenant, identity, number, &call->meter);
    if (s == MW_OK && call->person != NULL)
        s = check_person(call);
    if (s == MW_OK && !mw_api_in_area(call, call->meter.usage_point.id))
        s = MW_NOT_FOUND;
    if (s == MW_OK)
        return true;
    if (s == MW_NOT_FOUND || s == MW_SYNTAX)
        mw_http_reply_problem(call->http, 404, "NOT_FOUND", "there is no such meter");
    else
        mw_api_fail(call, s);
    return false;
}

static bool check_role(mw_api_call *call) {
    switch (call->row->role) {
    case MW_API_PUBLIC:
        return true;
    case MW_API_STATION:
        return check_station(call);
    case MW_API_USER:
    case MW_API_OPERATOR:
    case MW_API_FIELD:
    case MW_API_AUDIT:
    case MW_API_ADMIN:
    case MW_API_HOST:
        return check_user(call) && (!call->row->csrf || check_csrf(call)) &&
               (!call->row->meter || check_meter(call));
    }
    return false;
}

bool mw_api_check(mw_api_call *call) {
    return check_role(call) && check_type(call);
}
