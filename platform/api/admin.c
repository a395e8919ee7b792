/* SPDX-License-Identifier: Apache-2.0
 *
 * The audit trail, tenants, settings of a tenant, and how the installation is.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "platform/accounts/account.h"
#include "platform/accounts/audit.h"
#include "platform/api/people.h"
#include "platform/validation/money.h"

#define CHECK_MAX 200000 /* entries that a page checks; the command checks any number */

/* ---- the audit trail ---- */

static mw_status each_entry(void *ctx, const mw_store_audit *a) {
    mw_api_page *p = ctx;
    if (!mw_api_page_take(p, a->id))
        return MW_OK;
    mw_json_object_begin(&p->json);
    mw_json_put_int(&p->json, "id", a->id);
    mw_json_put_utc(&p->json, "at", a->at);
    mw_json_put_text(&p->json, "actor", a->actor);
    mw_json_put_text(&p->json, "action", a->action);
    mw_json_put_text(&p->json, "subject", a->subject);
    mw_json_put_text(&p->json, "detail", a->detail);
    mw_json_object_end(&p->json);
    return MW_OK;
}

void mw_api_audit_list(mw_api_call *call) {
    mw_api_page p;
    if (mw_api_page_begin(call, &p, 1024 * 1024))
        mw_api_page_end(call, &p,
                        mw_store_audit_list(call->api->o.store, call->tenant, p.before, p.limit + 1,
                                            each_entry, &p));
}

void mw_api_audit_check(mw_api_call *call) {
    mw_audit_report r;
    mw_status s = mw_audit_verify(call->api->o.store, call->tenant, NULL, CHECK_MAX, &r);
    if (s != MW_OK) {
        mw_api_fail(call, s);
        return;
    }
    mw_buffer b;
    mw_json j = mw_api_object_begin(&b, 4096);
    mw_json_put_bool(&j, "whole", r.whole);
    mw_json_put_int(&j, "entries", r.entries);
    mw_json_put_int(&j, "before_chain", r.before_chain);
    mw_json_key(&j, "bad_entry");
    r.bad_entry != 0 ? mw_json_int(&j, r.bad_entry) : mw_json_null(&j);
    mw_json_put_hex(&j, "head", MW_SLICE_OF(r.hash));
    mw_api_object_send(call, 200, &j, &b);
}

/* ---- tenants ---- */

static mw_status each_tenant(void *ctx, int64_t tenant, const char *name) {
    mw_json *j = ctx;
    mw_json_object_begin(j);
    mw_json_put_int(j, "id", tenant);
    mw_json_put_text(j, "name", name);
    mw_json_object_end(j);
    return MW_OK;
}

void mw_api_tenant_list(mw_api_call *call) {
    mw_buffer b;
    mw_json j = mw_api_object_begin(&b, 1024 * 1024);
    mw_json_put_array(&j, "items");
    mw_status s = mw_store_tenants(call->api->o.store, each_tenant, &j);
    mw_json_array_end(&j);
    mw_json_object_end(&j);
    if (s == MW_OK) {
        mw_api_send_json(call, 200, &j, &b);
        return;
    }
    mw_buffer_fini(&b);
    mw_api_fail(call, s);
}

static bool tenant_name_ok(const char *name) {
    size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_");
    return n > 0 && n < 48 && name[n] == 0;
}

/* A tenant with its first administrator, who is invited to choose a password. */
static mw_status tenant_make(mw_api_call *call, const char *name, mw_store_user *admin,
                             char code[MW_TOKEN_TEXT_MAX], mw_utc *expires) {
    mw_store *store = call->api->o.store;
    mw_store_user other;
    int64_t known = 0;
    mw_status s = mw_store_tenant_find(store, name, &known);
    if (s != MW_NOT_FOUND)
        return s == MW_OK ? MW_CONFLICT : s;
    s = mw_store_user_by_login(store, admin->login, &other);
    if (s != MW_NOT_FOUND)
        return s == MW_OK ? MW_CONFLICT : s;
    MW_TRY(mw_store_begin(store));
    s = mw_store_tenant_put(store, name, &admin->tenant);
    if (s == MW_OK)
        s = mw_store_user_put(store, admin);
    if (s == MW_OK)
        s = mw_api_invite_user(call, admin, code, expires);
    if (s == MW_OK)
        s = mw_api_audit(call, "tenant.create", name, admin->login);
    return mw_api_end(call, s);
}

void mw_api_tenant_create(mw_api_call *call) {
    static const char *const members[] = {"name", "login", NULL};
    mw_store_user admin = {.role = "administrator"};
    char name[48];
    char code[MW_TOKEN_TEXT_MAX];
    mw_utc expires = MW_UTC_NONE;
    json_t *root = NULL;
    if (!mw_api_body(call, members, &root))
        return;
    bool ok = mw_api_body_text(call, root, "name", false, name, sizeof name) &&
              mw_api_body_text(call, root, "login", false, admin.login, sizeof admin.login);
    json_decref(root);
    if (!ok)
        return;
    if (!tenant_name_ok(name) || !mw_account_login_ok(admin.login)) {
        mw_api_invalid(call, "names have a-z 0-9 - _ , logins a-z 0-9 . _ @ -");
        return;
    }
    snprintf(admin.id, sizeof admin.id, "u-%08x%08x", randombytes_random(), randombytes_random());
    snprintf(admin.name, sizeof admin.name, "%s", admin.login);
    snprintf(admin.time_zone, sizeof admin.time_zone, "%s", call->user.time_zone);
    snprintf(admin.locale, sizeof admin.locale, "%s", call->user.locale);
    mw_status s = tenant_make(call, name, &admin, code, &expires);
    if (s != MW_OK) {
        mw_api_fail(call, s);
        return;
    }
    mw_buffer b;
    mw_json j = mw_api_object_begin(&b, 4096);
    mw_json_put_int(&j, "id", admin.tenant);
    mw_json_put_text(&j, "name", name);
    mw_json_put_text(&j, "login", admin.login);
    mw_json_put_text(&j, "code", code);
    mw_json_put_utc(&j, "expires", expires);
    mw_api_object_send(call, 201, &j, &b);
    mw_bytes_wipe(code, sizeof code);
}

/* ---- settings ---- */

/* Numbers; the currency beside them is a code. */
static const struct {
    const char *name;
    int64_t min, max, fallback;
    const char *text;
} settings[] = {
    {"peers.enabled", 0, 1, 1, "Customers may compare themselves with homes like theirs (0 or 1)"},
    {"peers.minimum", 5, 400, 10, "Fewest homes in such a group; of fewer nothing is told"},
    {"handed.per_day", 1, 50, 5, "Readings that one customer may hand in within a day"},
    {"invitation.days", 1, 60, 7, "Days until an invitation expires"},
    {"token.days", 1, 1095, 365, "Longest life of a token for programs, in days"},
};
#define SETTINGS (sizeof settings / sizeof settings[0])

int64_t mw_api_setting(mw_api *api, int64_t tenant, const char *name) {
    mw_store_setting row;
    for (size_t i = 0; i < SETTINGS; i++) {
        if (strcmp(settings[i].name, name) != 0)
            continue;
        if (mw_store_tenant_setting_get(api->o.store, tenant, name, &row) != MW_OK)
            return settings[i].fallback;
        int64_t v = strtoll(row.value, NULL, 10);
        return v < settings[i].min ? settings[i].min : v > settings[i].max ? settings[i].max : v;
    }
    return 0;
}

mw_status mw_api_put_currency(mw_json *j, mw_api *api, int64_t tenant) {
    mw_currency c;
    MW_TRY(mw_money_currency(api->o.store, tenant, &c));
    mw_json_put_object(j, "currency");
    mw_json_put_text(j, "code", c.code);
    mw_json_put_int(j, "exponent", c.exponent);
    mw_json_object_end(j);
    return MW_OK;
}

static void setting_begin(mw_api_call *call, mw_json *j, const char *name, const char *text) {
    mw_store_setting row;
    bool set = mw_store_tenant_setting_get(call->api->o.store, call->tenant, name, &row) == MW_OK;
    mw_json_object_begin(j);
    mw_json_put_text(j, "name", name);
    mw_json_put_text(j, "text", text);
    mw_json_put_utc(j, "changed", set ? row.at : MW_UTC_NONE);
    mw_json_put_text(j, "changed_by", set ? row.who : NULL);
}

void mw_api_setting_list(mw_api_call *call) {
    mw_buffer b;
    mw_currency currency;
    mw_status s = mw_money_currency(call->api->o.store, call->tenant, &currency);
    if (s != MW_OK) {
        mw_api_fail(call, s);
        return;
    }
    mw_json j = mw_api_object_begin(&b, 64 * 1024);
    mw_json_put_array(&j, "items");
    for (size_t i = 0; i < SETTINGS; i++) {
        setting_begin(call, &j, settings[i].name, settings[i].text);
        mw_json_put_int(&j, "value", mw_api_setting(call->api, call->tenant, settings[i].name));
        mw_json_put_int(&j, "min", settings[i].min);
        mw_json_put_int(&j, "max", settings[i].max);
        mw_json_put_int(&j, "default", settings[i].fallback);
        mw_json_object_end(&j);
    }
    setting_begin(call, &j, MW_MONEY_SETTING, "Currency of the prices, a code of ISO 4217");
    mw_json_put_text(&j, "value", currency.code);
    mw_json_put_text(&j, "default", MW_CURRENCY_DEFAULT);
    mw_json_object_end(&j);
    mw_json_array_end(&j);
    mw_api_object_send(call, 200, &j, &b);
}

static mw_status setting_save(mw_api_call *call, const mw_store_setting *row) {
    MW_TRY(mw_store_begin(call->api->o.store));
    mw_status s = mw_store_tenant_setting_put(call->api->o.store, call->tenant, row);
    if (s == MW_OK)
        s = mw_api_audit(call, "setting.put", row->name, row->value);
    return mw_api_end(call, s);
}

/* The value of the body as it is kept. i = SETTINGS: the currency. */
static mw_status setting_value(const json_t *root, size_t i, mw_store_setting *row,
                               mw_json_error *error) {
    int64_t value = 0;
    const char *code = NULL;
    if (i < SETTINGS) {
        MW_TRY(mw_json_get_int(root, "value", settings[i].min, settings[i].max, &value, error));
        snprintf(row->value, sizeof row->value, "%lld", (long long)value);
        return MW_OK;
    }
    mw_currency currency;
    MW_TRY(mw_json_get_text(root, "value", 3, &code, error));
    mw_status s = mw_currency_of(code, &currency);
    if (s != MW_OK)
        snprintf(error->text, sizeof error->text, "value: not a code of ISO 4217");
    else
        memcpy(row->value, currency.code, sizeof currency.code);
    return s;
}

void mw_api_setting_put(mw_api_call *call) {
    static const char *const members[] = {"value", NULL};
    const char *name = mw_http_param(call->http, "setting");
    mw_store_setting row = {.at = mw_loop_machine_utc(call->api->o.loop)};
    json_t *root = NULL;
    mw_json_error error = {""};
    size_t i = 0;
    while (i < SETTINGS && strcmp(settings[i].name, name) != 0)
        i++;
    if (i == SETTINGS && strcmp(name, MW_MONEY_SETTING) != 0) {
        mw_http_reply_problem(call->http, 404, "NOT_FOUND", "there is no such setting");
        return;
    }
    if (!mw_api_body(call, members, &root))
        return;
    mw_status s = setting_value(root, i, &row, &error);
    json_decref(root);
    if (s != MW_OK) {
        mw_api_invalid(call, error.text);
        return;
    }
    snprintf(row.name, sizeof row.name, "%s", name);
    snprintf(row.who, sizeof row.who, "%s", call->user.login);
    mw_api_done(call, setting_save(call, &row));
}

/* ---- health ---- */

static int64_t size_of(const char *path, const char *suffix) {
    char name[4096];
    struct stat st;
    int n = snprintf(name, sizeof name, "%s%s", path, suffix);
    if (n < 0 || (size_t)n >= sizeof name || stat(name, &st) != 0)
        return 0;
    return (int64_t)st.st_size;
}

static void put_store(mw_json *j, mw_api *api) {
    const char *path = api->o.store_path;
    struct statvfs fs;
    int64_t hot = 0;
    mw_json_put_object(j, "store");
    mw_json_key(j, "bytes");
    path != NULL ? mw_json_int(j, size_of(path, "") + size_of(path, "-wal")) : mw_json_null(j);
    mw_json_key(j, "disk_free_bytes");
    path != NULL &&statvfs(path, &fs) == 0
        ? mw_json_int(j, (int64_t)fs.f_bavail * (int64_t)fs.f_frsize)
        : mw_json_null(j);
    mw_json_key(j, "hot_rows");
    mw_store_hot_rows(api->o.store, &hot) == MW_OK ? mw_json_int(j, hot) : mw_json_null(j);
    mw_json_object_end(j);
}

static void put_backup(mw_json *j, mw_api *api) {
    char text[128] = "";
    mw_status s =
        mw_store_meta_get(api->o.store, "backup.last", (mw_span){(uint8_t *)text, sizeof text - 1});
    mw_json_put_text(j, "last_backup", s == MW_OK ? text : NULL);
}

typedef struct silence {
    mw_utc now;
    int64_t stations, silent;
} silence;

static mw_status see_station(void *ctx, const mw_store_sender *s) {
    silence *q = ctx;
    if (!mw_store_sender_is_station(s))
        return MW_OK;
    q->stations++;
    /* One that never reported has not failed. */
    q->silent += !mw_utc_is_none(s->last_contact) &&
                 mw_utc_since(q->now, s->last_contact).ns > 3600 * MW_NS_PER_S;
    return MW_OK;
}

void mw_api_health_detail(mw_api_call *call) {
    mw_api *api = call->api;
    silence q = {.now = mw_loop_utc(api->o.loop)};
    mw_store_audit_head head;
    mw_buffer b;
    mw_buffer_init(&b, 64 * 1024);
    mw_json j = mw_json_of(&b);
    mw_status s = mw_store_senders_list(api->o.store, call->tenant, q.now, see_station, &q);
    bool chained = mw_store_audit_head_get(api->o.store, call->tenant, &head) == MW_OK;
    mw_json_object_begin(&j);
    mw_json_put_text(&j, "status", s == MW_OK && !api->failing ? "ok" : "failing");
    mw_api_put_clock(&j, api);
    put_store(&j, api);
    put_backup(&j, api);
    mw_json_put_object(&j, "pages");
    mw_json_put_int(&j, "streams", (int64_t)api->streams_n);
    mw_json_put_int(&j, "stations_listening", (int64_t)api->downlinks_n);
    mw_json_put_int(&j, "exports", (int64_t)api->exports);
    mw_json_object_end(&j);
    mw_json_put_object(&j, "stations");
    mw_json_put_int(&j, "known", q.stations);
    mw_json_put_int(&j, "silent_1h", q.silent);
    mw_json_object_end(&j);
    mw_json_put_object(&j, "audit");
    mw_json_put_int(&j, "entries", chained ? head.entries : 0);
    mw_json_key(&j, "head");
    chained ? mw_json_hex(&j, MW_SLICE_OF(head.hash)) : mw_json_null(&j);
    mw_json_object_end(&j);
    mw_api_object_send(call, 200, &j, &b);
}
