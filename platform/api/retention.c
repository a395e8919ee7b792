/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/api/retention.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/retention/retention.h"
#include "runtime/json_read.h"

/* A tier by its name, MW_TIERS when there is none. */
static mw_tier tier_of(const char *name) {
    int tier = 0;
    while (tier < MW_TIERS && strcmp(name, mw_retention_tier_name((mw_tier)tier)) != 0)
        tier++;
    return (mw_tier)tier;
}

/* ---- settings ---- */

typedef struct settings {
    mw_store_retention row[MW_TIERS];
    bool set[MW_TIERS];
} settings;

static mw_status on_retention(void *ctx, const mw_store_retention *row) {
    settings *s = ctx;
    s->row[row->tier] = *row;
    s->set[row->tier] = true;
    return MW_OK;
}

/* The plan of the tenant with what the query proposes instead; answers 400 itself. */
static bool plan_of(mw_api_call *call, const settings *s, mw_retention_plan *out) {
    for (int tier = 0; tier < MW_TIERS; tier++) {
        const char *text = mw_http_query(call->http, mw_retention_tier_name((mw_tier)tier));
        out->days[tier] = s->row[tier].days;
        if (text == NULL)
            continue;
        size_t n = strlen(text);
        if (n == 0 || n > 5 || strspn(text, "0123456789") != n) {
            mw_api_invalid(call, "days are a number");
            return false;
        }
        out->days[tier] = strtoll(text, NULL, 10);
    }
    return true;
}

static void put_tier(mw_json *j, mw_tier tier, const settings *s, int64_t days,
                     const mw_retention_preview *look) {
    mw_json_object_begin(j);
    mw_json_put_text(j, "tier", mw_retention_tier_name(tier));
    mw_json_put_int(j, "days", s->row[tier].days);
    mw_json_put_int(j, "least", mw_retention_least(tier));
    if (s->set[tier]) {
        mw_json_put_utc(j, "changed_at", s->row[tier].at);
        mw_json_put_text(j, "changed_by", s->row[tier].who);
    }
    mw_json_key(j, "would_go");
    mw_json_object_begin(j);
    mw_json_put_int(j, "days", days);
    mw_json_put_utc(j, "before", look->before[tier]);
    mw_json_put_int(j, "rows", look->amount[tier].rows);
    mw_json_put_int(j, "values", look->amount[tier].values);
    mw_json_put_int(j, "bytes", look->amount[tier].bytes);
    mw_json_object_end(j);
    mw_json_object_end(j);
}

void mw_api_retention_read(mw_api_call *call) {
    settings s = {.set = {false}};
    mw_retention_plan plan;
    mw_retention_preview look;
    mw_buffer b;
    mw_store *store = call->api->o.store;
    mw_status status = mw_store_retentions(store, call->tenant, on_retention, &s);
    if (status == MW_OK && !plan_of(call, &s, &plan))
        return;
    if (status == MW_OK)
        status =
            mw_retention_look(store, call->tenant, &plan, mw_loop_utc(call->api->o.loop), &look);
    if (status != MW_OK) {
        mw_api_fail(call, status);
        return;
    }
    mw_json j = mw_api_object_begin(&b, 16384);
    mw_json_put_array(&j, "tiers");
    for (int tier = 0; tier < MW_TIERS; tier++)
        put_tier(&j, (mw_tier)tier, &s, plan.days[tier], &look);
    mw_json_array_end(&j);
    mw_api_object_send(call, 200, &j, &b);
}

static mw_status retention_set(mw_api_call *call, const mw_store_retention *row,
                               const char *reason) {
    char subject[MW_STORE_ID_MAX], detail[MW_STORE_TEXT_MAX];
    (void)snprintf(subject, sizeof subject, "%s", mw_retention_tier_name(row->tier));
    (void)snprintf(detail, sizeof detail, "%lld days: %.200s", (long long)row->days, reason);
    MW_TRY(mw_store_begin(call->api->o.store));
    mw_status s = mw_retention_set(call->api->o.store, row);
    if (s == MW_OK)
        s = mw_api_audit(call, "retention", subject, detail);
    return mw_api_end(call, s);
}

void mw_api_retention_put(mw_api_call *call) {
    static const char *const members[] = {"tier", "days", "reason", NULL};
    mw_json_error error = {"the body is malformed"};
    const char *tier = NULL, *reason = NULL;
    mw_store_retention row = {.tenant = call->tenant, .at = mw_loop_utc(call->api->o.loop)};
    json_t *root = NULL;
    if (!mw_api_body(call, members, &root))
        return;
    mw_status s = mw_json_get_text(root, "tier", 16, &tier, &error);
    if (s == MW_OK)
        s = mw_json_get_int(root, "days", 0, 36500, &row.days, &error);
    if (s == MW_OK)
        s = mw_json_get_text(root, "reason", 200, &reason, &error);
    if (s == MW_OK && ((row.tier = tier_of(tier)) == MW_TIERS || reason[0] == 0)) {
        (void)snprintf(error.text, sizeof error.text,
                       "tier is raw, intervals or daily; a reason "
                       "is needed");
        s = MW_SYNTAX;
    }
    if (s != MW_OK) {
        mw_api_invalid(call, error.text);
        json_decref(root);
        return;
    }
    (void)snprintf(row.who, sizeof row.who, "%s", call->user.login);
    s = retention_set(call, &row, reason);
    json_decref(root);
    if (s == MW_OK)
        mw_http_reply_empty(call->http, 204);
    else if (s == MW_RANGE)
        mw_api_invalid(call, "fewer days than the least, or than the tier before");
    else
        mw_api_fail(call, s);
}

/* ---- holds ---- */

static const char *kind_name(mw_hold_kind kind) {
    return kind == MW_HOLD_TENANT ? "tenant" : kind == MW_HOLD_METER ? "meter" : "usage_point";
}

static void put_subject(mw_api_page *p, mw_api_call *call, const mw_store_hold *h) {
    mw_store_meter m;
    char id[MW_API_METER_ID_MAX];
    if (h->kind == MW_HOLD_METER &&
        mw_store_meter_of_channel(call->api->o.store, call->tenant, strtoll(h->subject, NULL, 10),
                                  &m) == MW_OK) {
        mw_api_meter_id(&m, id);
        mw_json_put_text(&p->json, "subject", id);
        return;
    }
    mw_json_put_text(&p->json, "subject", h->subject);
}

typedef struct hold_list {
    mw_store_hold row[MW_STORE_PAGE_MAX];
    size_t n;
} hold_list;

static mw_status keep_hold(void *ctx, const mw_store_hold *h) {
    hold_list *l = ctx;
    l->row[l->n++] = *h;
    return MW_OK;
}

static void put_hold(mw_api_call *call, mw_api_page *p, const mw_store_hold *h) {
    if (!mw_api_page_take(p, h->id))
        return;
    mw_json_object_begin(&p->json);
    mw_json_put_int(&p->json, "id", h->id);
    mw_json_put_text(&p->json, "kind", kind_name(h->kind));
    put_subject(p, call, h);
    mw_json_put_utc(&p->json, "from", h->from);
    mw_json_put_utc(&p->json, "to", h->to);
    mw_json_put_utc(&p->json, "at", h->at);
    mw_json_put_text(&p->json, "who", h->who);
    mw_json_put_text(&p->json, "why", h->why);
    mw_json_put_utc(&p->json, "released_at", h->released_at);
    mw_json_put_text(&p->json, "released_by", h->released_by);
    mw_json_object_end(&p->json);
}

void mw_api_hold_list(mw_api_call *call) {
    mw_api_page p;
    if (!mw_api_page_begin(call, &p, (size_t)2 * 1024 * 1024))
        return;
    hold_list *l = calloc(1, sizeof *l);
    mw_status s = l == NULL ? MW_NOMEM : MW_OK;
    uint32_t limit = p.limit + 1 < MW_STORE_PAGE_MAX ? p.limit + 1 : MW_STORE_PAGE_MAX;
    if (s == MW_OK)
        s = mw_store_holds(call->api->o.store, call->tenant, false, p.before, limit, keep_hold, l);
    for (size_t i = 0; s == MW_OK && i < l->n; i++)
        put_hold(call, &p, &l->row[i]);
    free(l);
    mw_api_page_end(call, &p, s);
}

/* What is held, as the store names it. MW_SYNTAX, MW_NOT_FOUND. */
static mw_status subject_of(mw_api_call *call, const char *kind, const char *subject,
                            mw_store_hold *h) {
    mw_store *store = call->api->o.store;
    uint64_t identity = 0;
    uint8_t number = 0;
    mw_store_meter m;
    mw_store_usage_point point;
    char premise[MW_STORE_ID_MAX];
    if (strcmp(kind, "tenant") == 0) {
        h->kind = MW_HOLD_TENANT;
        return subject[0] == 0 ? MW_OK : MW_SYNTAX;
    }
    if (strcmp(kind, "usage_point") == 0) {
        h->kind = MW_HOLD_USAGE_POINT;
        (void)snprintf(h->subject, sizeof h->subject, "%s", subject);
        return mw_store_usage_point_get(store, call->tenant, subject, &point, premise);
    }
    if (strcmp(kind, "meter") != 0)
        return MW_SYNTAX;
    h->kind = MW_HOLD_METER;
    MW_TRY(mw_api_parse_meter(mw_slice_of_str(subject), &identity, &number));
    MW_TRY(mw_store_meter_get(store, call->tenant, identity, number, &m));
    (void)snprintf(h->subject, sizeof h->subject, "%lld", (long long)m.channel.channel);
    return MW_OK;
}

static mw_status hold_read(json_t *root, mw_api_call *call, mw_store_hold *h,
                           mw_json_error *error) {
    const char *kind = NULL, *subject = NULL, *why = NULL;
    MW_TRY(mw_json_get_text(root, "kind", 16, &kind, error));
    MW_TRY(mw_json_get_text(root, "subject", MW_STORE_ID_MAX - 1, &subject, error));
    MW_TRY(mw_json_get_utc(root, "from", &h->from, error));
    MW_TRY(mw_json_get_utc(root, "to", &h->to, error));
    MW_TRY(mw_json_get_text(root, "why", MW_STORE_TEXT_MAX - 1, &why, error));
    (void)snprintf(error->text, sizeof error->text,
                   "kind is tenant, meter or usage_point with such a subject; from lies before "
                   "to; why says something");
    if (why[0] == 0 || h->from.us >= h->to.us)
        return MW_SYNTAX;
    (void)snprintf(h->why, sizeof h->why, "%s", why);
    return subject_of(call, kind, subject, h);
}

static mw_status hold_add(mw_api_call *call, const mw_store_hold *h, int64_t *out_id) {
    char subject[MW_STORE_ID_MAX];
    MW_TRY(mw_store_begin(call->api->o.store));
    mw_status s = mw_store_hold_add(call->api->o.store, h, out_id);
    (void)snprintf(subject, sizeof subject, "hold/%lld", (long long)(s == MW_OK ? *out_id : 0));
    if (s == MW_OK)
        s = mw_api_audit(call, "hold", subject, h->why);
    return mw_api_end(call, s);
}

void mw_api_hold_create(mw_api_call *call) {
    static const char *const members[] = {"kind", "subject", "from", "to", "why", NULL};
    mw_json_error error = {"the body is malformed"};
    mw_store_hold h = {.tenant = call->tenant, .at = mw_loop_utc(call->api->o.loop)};
    int64_t id = 0;
    char text[48];
    json_t *root = NULL;
    if (!mw_api_body(call, members, &root))
        return;
    (void)snprintf(h.who, sizeof h.who, "%s", call->user.login);
    mw_status s = hold_read(root, call, &h, &error);
    json_decref(root);
    if (s == MW_SYNTAX || s == MW_RANGE || s == MW_NOT_FOUND || s == MW_SHORT) {
        mw_api_invalid(call,
                       s == MW_NOT_FOUND ? "there is no such meter or usage point" : error.text);
        return;
    }
    if (s == MW_OK)
        s = hold_add(call, &h, &id);
    if (s != MW_OK) {
        mw_api_fail(call, s);
        return;
    }
    (void)snprintf(text, sizeof text, "{\"id\":%lld}", (long long)id);
    mw_http_reply_json(call->http, 201, mw_slice_of_str(text));
}

static mw_status hold_release(mw_api_call *call, const mw_store_hold *h, const char *reason) {
    char subject[MW_STORE_ID_MAX];
    mw_store *store = call->api->o.store;
    (void)snprintf(subject, sizeof subject, "hold/%lld", (long long)h->id);
    MW_TRY(mw_store_begin(store));
    mw_status s = mw_retention_release(store, h, mw_loop_utc(call->api->o.loop), call->user.login);
    if (s == MW_OK)
        s = mw_api_audit(call, "hold_released", subject, reason);
    return mw_api_end(call, s);
}

void mw_api_hold_release(mw_api_call *call) {
    static const char *const members[] = {"reason", NULL};
    mw_json_error error = {"the body is malformed"};
    const char *reason = NULL;
    json_t *root = NULL;
    if (!mw_api_body(call, members, &root))
        return;
    mw_status s = mw_json_get_text(root, "reason", 200, &reason, &error);
    if (s != MW_OK || reason[0] == 0) {
        mw_api_invalid(call, s != MW_OK ? error.text : "a reason is needed");
        json_decref(root);
        return;
    }
    hold_list *l = calloc(1, sizeof *l);
    int64_t id = strtoll(mw_http_param(call->http, "hold"), NULL, 10);
    if (id <= 0 || id > INT32_MAX)
        id = 0;
    s = l == NULL
            ? MW_NOMEM
            : mw_store_holds(call->api->o.store, call->tenant, false, id + 1, 1, keep_hold, l);
    if (s == MW_OK && (l->n == 0 || l->row[0].id != id))
        s = MW_NOT_FOUND;
    if (s == MW_OK)
        s = hold_release(call, &l->row[0], reason);
    free(l);
    json_decref(root);
    if (s == MW_OK)
        mw_http_reply_empty(call->http, 204);
    else
        mw_api_fail(call, s);
}
