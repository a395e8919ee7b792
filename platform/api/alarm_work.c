/* SPDX-License-Identifier: Apache-2.0
 *
 * Alarms as work: how many there are, and what people do with them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/alarms/alarms.h"
#include "platform/api/alarms_json.h"
#include "platform/api/area.h"
#include "runtime/json_read.h"

enum { AREA_ALARMS_MAX = 50000 }; /* that an area's summary looks at */

/* ---- how many ---- */

static void put_count_row(mw_json *j, const mw_store_alarm_count *c) {
    mw_json_object_begin(j);
    mw_json_put_text(j, "rule", c->rule);
    mw_json_put_text(j, "severity", mw_alarm_severity_name(c->severity));
    mw_json_put_text(j, "state", mw_api_alarm_state_name(c->state));
    mw_json_put_bool(j, "snoozed", c->snoozed);
    mw_json_put_int(j, "alarms", c->alarms);
    mw_json_object_end(j);
}

static mw_status put_count(void *ctx, const mw_store_alarm_count *c) {
    put_count_row(ctx, c);
    return MW_OK;
}

/* The same of one area, by looking at every alarm: the store counts whole tenants. */
typedef struct tally {
    mw_api_roster roster;
    mw_utc now;
    mw_store_alarm_count row[MW_ALARM_RULES * 8];
    size_t n;
    int64_t last;
    uint32_t seen;
} tally;

static mw_status tally_take(void *ctx, const mw_store_alarm *a) {
    tally *t = ctx;
    bool snoozed = !mw_utc_is_none(a->snoozed_until) && a->snoozed_until.us > t->now.us;
    size_t i = 0;
    t->seen++;
    t->last = a->id;
    if (a->channel != 0 && !mw_api_roster_has(&t->roster, a->channel))
        return MW_OK;
    while (i < t->n && !(strcmp(t->row[i].rule, a->rule) == 0 && t->row[i].state == a->state &&
                         t->row[i].severity == a->severity && t->row[i].snoozed == snoozed))
        i++;
    if (i == sizeof t->row / sizeof t->row[0])
        return MW_LIMIT;
    if (i == t->n) {
        t->row[t->n++] =
            (mw_store_alarm_count){.severity = a->severity, .state = a->state, .snoozed = snoozed};
        (void)snprintf(t->row[i].rule, sizeof t->row[i].rule, "%s", a->rule);
    }
    t->row[i].alarms++;
    return MW_OK;
}

static mw_status area_counts_put(mw_api_call *call, mw_json *j) {
    tally *t = calloc(1, sizeof *t);
    mw_store_alarm_query q = {.tenant = call->tenant, .limit = 200};
    uint32_t had = 0;
    if (t == NULL)
        return MW_NOMEM;
    t->now = mw_loop_utc(call->api->o.loop);
    mw_status s = mw_api_roster_make(call, &t->roster);
    do {
        had = t->seen;
        if (s == MW_OK)
            s = mw_store_alarms(call->api->o.store, &q, tally_take, t);
        q.before = t->last;
    } while (s == MW_OK && t->seen - had == q.limit && t->seen < AREA_ALARMS_MAX);
    for (size_t i = 0; s == MW_OK && i < t->n; i++)
        put_count_row(j, &t->row[i]);
    mw_api_roster_free(&t->roster);
    free(t);
    return s;
}

void mw_api_alarm_summary(mw_api_call *call) {
    mw_buffer b;
    mw_json j = mw_api_object_begin(&b, 256 * 1024);
    mw_api_put_clock(&j, call->api);
    mw_json_put_array(&j, "items");
    mw_status s = call->area != NULL
                      ? area_counts_put(call, &j)
                      : mw_store_alarm_counts(call->api->o.store, call->tenant,
                                              mw_loop_utc(call->api->o.loop), put_count, &j);
    mw_json_array_end(&j);
    mw_json_object_end(&j);
    if (s == MW_OK) {
        mw_api_send_json(call, 200, &j, &b);
        return;
    }
    mw_buffer_fini(&b);
    mw_api_fail(call, s);
}

/* ---- what people do ---- */

static const char *const actions[] = {"acknowledge", "assign", "snooze", "close", "note"};

static mw_status order_of(const json_t *root, mw_alarm_order *o, int64_t *id, size_t *out_n,
                          mw_json_error *error) {
    const char *action = NULL, *text = "";
    json_t *list = NULL;
    MW_TRY(mw_json_get_array(root, "alarms", MW_ALARMS_BULK_MAX, &list, error));
    MW_TRY(mw_json_get_text(root, "action", 20, &action, error));
    mw_status s = mw_json_get_text(root, "text", MW_STORE_TEXT_MAX - 1, &text, error);
    if (s != MW_OK && s != MW_NOT_FOUND)
        return s;
    o->text = s == MW_OK ? text : "";
    o->until = MW_UTC_NONE;
    s = mw_json_get_utc(root, "until", &o->until, error);
    if (s != MW_OK && s != MW_NOT_FOUND)
        return s;
    if (s == MW_NOT_FOUND)
        o->until = MW_UTC_NONE;
    *out_n = json_array_size(list);
    for (size_t i = 0; i < *out_n; i++) {
        const json_t *v = json_array_get(list, i);
        id[i] = json_is_integer(v) ? json_integer_value(v) : 0;
    }
    for (unsigned i = 0; i < sizeof actions / sizeof actions[0]; i++) {
        if (strcmp(actions[i], action) == 0) {
            o->action = (mw_alarm_action)i;
            return MW_OK;
        }
    }
    (void)snprintf(error->text, sizeof error->text,
                   "action is acknowledge, assign, snooze, close or note");
    return MW_SYNTAX;
}

/* Somebody who can work on it. */
static mw_status assignee_check(mw_api_call *call, const mw_alarm_order *o, mw_json_error *error) {
    mw_store_user user;
    if (o->action != MW_ALARM_DO_ASSIGN || o->text[0] == 0)
        return MW_OK;
    mw_status s = mw_store_user_by_login(call->api->o.store, o->text, &user);
    if (s == MW_OK && user.tenant == call->tenant && strcmp(user.role, "consumer") != 0 &&
        !user.disabled)
        return MW_OK;
    (void)snprintf(error->text, sizeof error->text, "there is nobody with this login to assign to");
    return s == MW_OK || s == MW_NOT_FOUND ? MW_SYNTAX : s;
}

/* Who is limited to an area works on its alarms only; a station's concerns other areas too. */
static mw_status act_allowed(mw_api_call *call, const int64_t *id, size_t n) {
    mw_store_alarm a;
    for (size_t i = 0; call->area != NULL && i < n; i++) {
        MW_TRY(mw_api_alarm_find(call, id[i], &a));
        if (a.channel == 0)
            return MW_FORBIDDEN;
    }
    return MW_OK;
}

void mw_api_alarm_act(mw_api_call *call) {
    static const char *const members_known[] = {"alarms", "action", "text", "until", NULL};
    int64_t id[MW_ALARMS_BULK_MAX];
    size_t n = 0;
    json_t *root = NULL;
    mw_json_error error = {"the body is malformed"};
    mw_alarm_order o = {
        .tenant = call->tenant, .login = call->user.login, .now = mw_loop_utc(call->api->o.loop)};
    if (call->api->o.alarms == NULL) {
        mw_api_fail(call, MW_STATE);
        return;
    }
    mw_status s = mw_json_parse(mw_http_body(call->http), (mw_json_limits){call->row->body_max, 2},
                                &root, &error);
    if (s == MW_OK)
        s = mw_json_only(root, members_known, &error);
    if (s == MW_OK)
        s = order_of(root, &o, id, &n, &error);
    if (s == MW_OK)
        s = assignee_check(call, &o, &error);
    if (s != MW_OK) {
        json_decref(root);
        mw_api_invalid(call, error.text);
        return;
    }
    s = act_allowed(call, id, n);
    if (s == MW_OK)
        s = mw_alarms_act(call->api->o.alarms, &o, id, n);
    json_decref(root);
    if (s == MW_FORBIDDEN)
        (void)mw_api_beyond_area_check(call);
    else if (s == MW_OK)
        mw_http_reply_json(call->http, 200, mw_slice_of_str("{\"status\":\"done\"}"));
    else if (s == MW_RANGE)
        mw_api_invalid(call, "alarms, a reason, or a moment to come are lacking");
    else if (s == MW_STATE)
        mw_http_reply_problem(call->http, 409, "CONFLICT", "one of them is closed already");
    else if (s == MW_NOT_FOUND)
        mw_http_reply_problem(call->http, 404, "NOT_FOUND", "there is no such alarm");
    else
        mw_api_fail(call, s);
}
