/* SPDX-License-Identifier: Apache-2.0
 *
 * What an operator records about meters: fitting, removal, exchange, swap, multipliers, resets. Each
 * is one transaction of the registry's operation with its audit row.
 */
#include <string.h>

#include "platform/api/internal.h"
#include "platform/registry/operations.h"
#include "runtime/json_read.h"

typedef struct change {
    mw_api_call *call;
    mw_operator op;
    json_t *body;
    mw_json_error error;
} change;

typedef mw_status change_run(change *c);

/* Parses the body, runs the operation in a transaction and answers. */
static void change_make(mw_api_call *call, const char *const *members, change_run *run) {
    mw_api *api = call->api;
    change c = {.call = call,
                .op = {.store = api->o.store,
                       .tenant = call->tenant,
                       .actor = call->user.id,
                       .now = mw_loop_utc(api->o.loop)},
                .error = {"the body is malformed"}};
    mw_status s =
        mw_json_parse(mw_http_body(call->http), (mw_json_limits){4096, 1}, &c.body, &c.error);
    if (s == MW_OK)
        s = mw_json_only(c.body, members, &c.error);
    if (s != MW_OK) {
        mw_api_invalid(call, c.error.text);
        json_decref(c.body);
        return;
    }
    s = mw_store_begin(api->o.store);
    if (s == MW_OK) {
        s = run(&c);
        if (s == MW_OK) {
            s = mw_store_commit(api->o.store);
        } else {
            mw_status undone = mw_store_rollback(api->o.store);
            (void)undone;
        }
    }
    json_decref(c.body);
    if (s == MW_OK) {
        mw_http_reply done = {.status = 204};
        mw_http_reply_send(call->http, &done);
    } else if (s == MW_SYNTAX || s == MW_RANGE)
        mw_api_invalid(call, c.error.text);
    else if (s == MW_CONFLICT)
        mw_http_reply_problem(call->http, 409, "CONFLICT",
                              "it contradicts what is recorded of this meter");
    else if (s == MW_NOT_FOUND)
        mw_http_reply_problem(call->http, 404, "NOT_FOUND",
                              "there is no such meter or usage point");
    else
        mw_api_fail(call, s);
}

/* A member that must be there. */
static mw_status must(mw_status s) {
    return s == MW_NOT_FOUND ? MW_SYNTAX : s;
}

static mw_status moment(change *c, const char *key, mw_utc *out) {
    return must(mw_json_get_utc(c->body, key, out, &c->error));
}

static mw_status whole(change *c, const char *key, int64_t *out) {
    return must(mw_json_get_int(c->body, key, INT64_MIN, INT64_MAX, out, &c->error));
}

static mw_status reading(change *c, const char *key, mw_noted *out) {
    mw_status s = mw_json_get_int(c->body, key, 0, INT64_MAX, &out->value, &c->error);
    out->known = s == MW_OK;
    return s == MW_NOT_FOUND ? MW_OK : s;
}

/* Another meter of the tenant by its id. */
static mw_status other_meter(change *c, const char *key, int64_t *out_channel) {
    const char *text = NULL;
    uint64_t identity = 0;
    uint8_t number = 0;
    mw_store_meter m;
    MW_TRY(must(mw_json_get_text(c->body, key, MW_API_METER_ID_MAX, &text, &c->error)));
    if (mw_api_parse_meter(mw_slice_of_str(text), &identity, &number) != MW_OK)
        return MW_NOT_FOUND;
    MW_TRY(mw_store_meter_get(c->op.store, c->op.tenant, identity, number, &m));
    *out_channel = m.channel.channel;
    return MW_OK;
}

static mw_status fit(change *c) {
    const char *point = NULL;
    mw_utc at = MW_UTC_NONE;
    mw_noted initial = {0};
    MW_TRY(must(mw_json_get_text(c->body, "usage_point", MW_STORE_ID_MAX - 1, &point, &c->error)));
    MW_TRY(moment(c, "at", &at));
    MW_TRY(reading(c, "initial_value", &initial));
    return mw_meter_fit(&c->op, c->call->meter.channel.channel, point, at, initial);
}

void mw_api_meter_fit_create(mw_api_call *call) {
    static const char *const members[] = {"usage_point", "at", "initial_value", NULL};
    change_make(call, members, fit);
}

static mw_status take_away(change *c) {
    mw_utc at = MW_UTC_NONE;
    mw_noted final = {0};
    MW_TRY(moment(c, "at", &at));
    MW_TRY(reading(c, "final_value", &final));
    return mw_meter_remove(&c->op, c->call->meter.channel.channel, at, final);
}

void mw_api_meter_remove_create(mw_api_call *call) {
    static const char *const members[] = {"at", "final_value", NULL};
    change_make(call, members, take_away);
}

static mw_status exchange(change *c) {
    mw_utc at = MW_UTC_NONE;
    mw_noted final = {0}, initial = {0};
    int64_t other = 0;
    MW_TRY(other_meter(c, "new_meter", &other));
    MW_TRY(moment(c, "at", &at));
    MW_TRY(reading(c, "final_value", &final));
    MW_TRY(reading(c, "initial_value", &initial));
    return mw_meter_exchange(&c->op, c->call->meter.channel.channel, other, at, final, initial);
}

void mw_api_meter_exchange_create(mw_api_call *call) {
    static const char *const members[] = {"new_meter", "at", "final_value", "initial_value", NULL};
    change_make(call, members, exchange);
}

static mw_status swap(change *c) {
    mw_utc from = MW_UTC_NONE, to = MW_UTC_NONE;
    int64_t other = 0;
    MW_TRY(other_meter(c, "other", &other));
    MW_TRY(moment(c, "from", &from));
    mw_status s = mw_json_get_utc(c->body, "to", &to, &c->error);
    if (s != MW_OK && s != MW_NOT_FOUND)
        return s;
    return mw_meter_swap(&c->op, c->call->meter.channel.channel, other, from,
                         s == MW_OK ? to : MW_UTC_NONE);
}

void mw_api_meter_swap_create(mw_api_call *call) {
    static const char *const members[] = {"other", "from", "to", NULL};
    change_make(call, members, swap);
}

static mw_status factor(change *c) {
    static const char *const kinds[MW_FACTOR_KINDS] = {"",           "pulse",   "ct",   "vt",
                                                       "conversion", "heating", "other"};
    const char *kind = NULL;
    mw_store_factor f = {.channel = c->call->meter.channel.channel};
    mw_noted shown = {0};
    MW_TRY(must(mw_json_get_text(c->body, "kind", 16, &kind, &c->error)));
    for (int i = MW_FACTOR_PULSE; i < MW_FACTOR_KINDS; i++)
        if (strcmp(kind, kinds[i]) == 0)
            f.kind = (mw_store_factor_kind)i;
    MW_TRY(moment(c, "from", &f.from));
    MW_TRY(whole(c, "num", &f.num));
    MW_TRY(whole(c, "den", &f.den));
    MW_TRY(reading(c, "reading", &shown));
    memcpy(c->error.text, "kind, num or den is not allowed",
           sizeof "kind, num or den is not allowed");
    return mw_meter_factor(&c->op, &f, shown);
}

void mw_api_meter_factor_create(mw_api_call *call) {
    static const char *const members[] = {"kind", "from", "num", "den", "reading", NULL};
    change_make(call, members, factor);
}

static mw_status reset(change *c) {
    mw_utc at = MW_UTC_NONE;
    int64_t before = 0, after = 0;
    const char *text = NULL;
    MW_TRY(moment(c, "at", &at));
    MW_TRY(whole(c, "before", &before));
    MW_TRY(whole(c, "after", &after));
    MW_TRY(must(mw_json_get_text(c->body, "text", MW_STORE_TEXT_MAX - 1, &text, &c->error)));
    return mw_meter_reset(&c->op, c->call->meter.channel.channel, at, before, after, text);
}

void mw_api_meter_reset_create(mw_api_call *call) {
    static const char *const members[] = {"at", "before", "after", "text", NULL};
    change_make(call, members, reset);
}
