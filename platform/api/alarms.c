/* SPDX-License-Identifier: Apache-2.0
 *
 * Alarms for those who work on them, and for the person whose meter they are of.
 */
#include "platform/alarms/alarms.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/api/alarms_json.h"
#include "platform/api/area.h"
#include "runtime/json_read.h"

enum { PAGE_BYTES = 4 * 1024 * 1024, NOTES_MAX = 500 };

static const char *const states[] = {"", "open", "acknowledged", "closed"};

const char *mw_api_alarm_state_name(mw_store_alarm_state state) {
    return state <= MW_ALARM_CLOSED ? states[state] : "";
}

static void put_inputs(mw_json *j, const char *key, const char *text) {
    mw_json_key(j, key);
    mw_json_raw(j, mw_slice_of_str(text[0] != 0 ? text : "{}"));
}

void mw_api_put_alarm(mw_json *j, const mw_store_alarm *a, const mw_store_meter *m) {
    char id[MW_API_METER_ID_MAX];
    mw_json_object_begin(j);
    mw_json_put_int(j, "id", a->id);
    mw_json_put_text(j, "rule", a->rule);
    mw_json_put_int(j, "version", a->version);
    mw_json_put_text(j, "subject", a->subject);
    if (m != NULL)
        mw_api_meter_id(m, id);
    mw_json_put_text(j, "meter", m != NULL ? id : NULL);
    mw_json_put_text(j, "serial", m != NULL ? m->device.serial : NULL);
    mw_json_put_text(j, "medium", m != NULL ? m->channel.medium : NULL);
    mw_json_put_text(j, "label", m != NULL ? m->channel.label : NULL);
    mw_json_put_text(j, "address", m != NULL ? m->usage_point.address : NULL);
    mw_json_put_text(j, "station", a->station[0] != 0 ? a->station : NULL);
    mw_json_put_text(j, "severity", mw_alarm_severity_name(a->severity));
    mw_json_put_text(j, "state", mw_api_alarm_state_name(a->state));
    mw_json_put_bool(j, "clearing", !mw_utc_is_none(a->clearing_at));
    mw_json_put_utc(j, "snoozed_until", a->snoozed_until);
    mw_json_put_int(j, "value", a->value);
    mw_json_put_int(j, "threshold", a->threshold);
    mw_json_put_int(j, "members", a->members);
    if (a->root != 0)
        mw_json_put_int(j, "root", a->root);
    else
        mw_json_put_null(j, "root");
    mw_json_put_int(j, "count", a->count);
    mw_json_put_utc(j, "opened_at", a->opened_at);
    mw_json_put_utc(j, "last_at", a->last_at);
    mw_json_put_utc(j, "closed_at", a->closed_at);
    mw_json_put_text(j, "closed_by", a->closed_by[0] != 0 ? a->closed_by : NULL);
    mw_json_put_text(j, "assignee", a->assignee[0] != 0 ? a->assignee : NULL);
    mw_json_put_utc(j, "acknowledged_at", a->acknowledged_at);
    mw_json_put_text(j, "acknowledged_by", a->acknowledged_by[0] != 0 ? a->acknowledged_by : NULL);
    put_inputs(j, "inputs", a->inputs);
    put_inputs(j, "latest", a->latest);
    mw_json_object_end(j);
}

mw_status mw_api_alarm_meter(mw_api *api, const mw_store_alarm *a, mw_store_meter *out,
                             const mw_store_meter **out_meter) {
    *out_meter = NULL;
    if (a->channel == 0)
        return MW_OK;
    mw_status s = mw_store_meter_of_channel(api->o.store, a->tenant, a->channel, out);
    if (s == MW_OK)
        *out_meter = out;
    return s == MW_NOT_FOUND ? MW_OK : s;
}

/* ---- lists ---- */

typedef struct listing {
    mw_api_call *call;
    mw_api_page *page;
    const char *area, *search;
    mw_api_roster roster;
    bool consumer, snoozed;
    mw_utc now;
    uint32_t scanned;
    int64_t last; /* seen */
    bool full;
} listing;

static mw_status in_area(mw_api_call *call, const char *area, const mw_store_meter *m,
                         bool *out_in) {
    *out_in = area[0] == 0;
    if (*out_in || m == NULL)
        return MW_OK;
    return mw_store_area_holds(call->api->o.store, call->tenant, area, m->usage_point.id,
                               mw_loop_utc(call->api->o.loop), out_in);
}

static bool found_in(const mw_store_alarm *a, const mw_store_meter *m, const char *search) {
    return search[0] == 0 || strcasestr(a->station, search) != NULL ||
           (m != NULL && (strcasestr(m->device.serial, search) != NULL ||
                          strcasestr(m->usage_point.address, search) != NULL ||
                          strcasestr(m->channel.label, search) != NULL));
}

static mw_status put_row(void *ctx, const mw_store_alarm *a) {
    listing *l = ctx;
    mw_store_meter room;
    const mw_store_meter *m = NULL;
    mw_alarm_rule_id rule = MW_ALARM_LEAK;
    bool in = true;
    if (l->full)
        return MW_OK;
    l->scanned++;
    l->last = a->id;
    if (l->consumer &&
        (mw_alarm_rule_of(a->rule, &rule) != MW_OK || !mw_alarm_rules[rule].consumer))
        return MW_OK;
    if (!l->snoozed && !mw_utc_is_none(a->snoozed_until) && a->snoozed_until.us > l->now.us)
        return MW_OK;
    /* A station lies in no area: its alarm concerns all who have meters near it. */
    if (a->channel != 0 && !mw_api_roster_has(&l->roster, a->channel))
        return MW_OK;
    MW_TRY(mw_api_alarm_meter(l->call->api, a, &room, &m));
    MW_TRY(in_area(l->call, l->area, m, &in));
    if (!in || !found_in(a, m, l->search))
        return MW_OK;
    if (!mw_api_page_take(l->page, a->id)) {
        l->full = true;
        return MW_OK;
    }
    mw_api_put_alarm(&l->page->json, a, m);
    return MW_OK;
}

/* Filters that the store does not have look at a bounded number of rows. */
static mw_status rows_put(listing *l, mw_store_alarm_query *q) {
    q->limit = 200;
    uint32_t had;
    do {
        had = l->scanned;
        MW_TRY(mw_store_alarms(l->call->api->o.store, q, put_row, l));
        q->before = l->last;
    } while (!l->full && l->scanned - had == q->limit && l->scanned < MW_API_SCANNED_MAX);
    if (!l->full && l->scanned - had == q->limit) {
        l->page->more = true; /* the next page looks further */
        l->page->last = l->last;
    }
    return MW_OK;
}

static bool states_of(const char *name, unsigned *out_states) {
    *out_states = 0;
    if (name == NULL || strcmp(name, "active") == 0)
        return true;
    if (strcmp(name, "all") == 0)
        *out_states = 0xe;
    for (unsigned i = MW_ALARM_OPEN; i <= MW_ALARM_CLOSED; i++)
        if (strcmp(name, states[i]) == 0)
            *out_states = 1U << i;
    return *out_states != 0;
}

static const char *text_of(mw_api_call *call, const char *name) {
    const char *text = mw_http_query(call->http, name);
    return text != NULL ? text : "";
}

static bool query_of(mw_api_call *call, mw_store_alarm_query *q) {
    const char *severity = text_of(call, "severity"), *root = text_of(call, "root");
    mw_alarm_rule_id rule = MW_ALARM_LEAK;
    *q = (mw_store_alarm_query){.tenant = call->tenant};
    if (!states_of(mw_http_query(call->http, "state"), &q->states)) {
        mw_api_invalid(call, "state is active, open, acknowledged, closed or all");
        return false;
    }
    if (severity[0] != 0 && mw_alarm_severity_of(severity, &q->severity_min) != MW_OK) {
        mw_api_invalid(call, "severity is info, minor, major or critical");
        return false;
    }
    q->rule = mw_http_query(call->http, "rule");
    if (q->rule != NULL && q->rule[0] != 0 && mw_alarm_rule_of(q->rule, &rule) != MW_OK) {
        mw_api_invalid(call, "there is no such rule");
        return false;
    }
    q->assignee = mw_http_query(call->http, "assignee");
    if (root[0] != 0) {
        char *end = NULL;
        long long id = strcmp(root, "any") == 0 ? -1 : strtoll(root, &end, 10);
        if (id == 0 || id < -1 || (end != NULL && *end != 0)) {
            mw_api_invalid(call, "root is the number of an alarm, or any");
            return false;
        }
        q->root = id;
    }
    return true;
}

void mw_api_alarm_list(mw_api_call *call) {
    mw_api_page p;
    mw_store_alarm_query q;
    if (!query_of(call, &q) || !mw_api_page_begin(call, &p, PAGE_BYTES))
        return;
    listing l = {.call = call,
                 .page = &p,
                 .area = text_of(call, "area"),
                 .search = text_of(call, "search"),
                 .snoozed = strcmp(text_of(call, "snoozed"), "false") != 0,
                 .now = mw_loop_utc(call->api->o.loop)};
    q.before = p.before;
    mw_status s = mw_api_roster_make(call, &l.roster);
    if (s == MW_OK)
        s = rows_put(&l, &q);
    mw_api_roster_free(&l.roster);
    mw_api_page_end(call, &p, s);
}

/* What counts for a meter, with the limits within which its person may set it. The array is left
 * open: the end of the page closes it. */
static void thresholds_put(mw_api_call *call, mw_json *j, mw_vee_class class) {
    mw_json_put_array(j, "thresholds");
    for (unsigned i = 0; i < MW_ALARM_RULES && call->api->o.alarms != NULL; i++) {
        mw_alarm_values v, preset;
        const mw_alarm_rule *rule = &mw_alarm_rules[i];
        mw_alarms_values(call->api->o.alarms, call->tenant, (mw_alarm_rule_id)i, class,
                         call->meter.channel.channel, &v);
        mw_alarms_values(call->api->o.alarms, call->tenant, (mw_alarm_rule_id)i, class, 0, &preset);
        for (unsigned k = 0; k < mw_alarm_params((mw_alarm_rule_id)i); k++) {
            if (call->person != NULL && !rule->param[k].own)
                continue;
            mw_json_object_begin(j);
            mw_json_put_text(j, "rule", rule->name);
            mw_json_put_text(j, "name", rule->param[k].name);
            mw_json_put_text(j, "unit", rule->param[k].unit);
            mw_json_put_int(j, "min", rule->param[k].min);
            mw_json_put_int(j, "max", rule->param[k].max);
            mw_json_put_int(j, "value", v.v[k]);
            mw_json_put_int(j, "usual", preset.v[k]);
            mw_json_put_bool(j, "own", rule->param[k].own);
            mw_json_object_end(j);
        }
    }
}

void mw_api_meter_alarms(mw_api_call *call) {
    mw_api_page p;
    uint8_t class = 0;
    if (!mw_api_page_begin(call, &p, PAGE_BYTES))
        return;
    listing l = {.call = call,
                 .page = &p,
                 .area = "",
                 .search = "",
                 .consumer = call->person != NULL,
                 .snoozed = true,
                 .now = mw_loop_utc(call->api->o.loop)};
    mw_store_alarm_query q = {.tenant = call->tenant,
                              .states = 0xe,
                              .channel = call->meter.channel.channel,
                              .before = p.before};
    mw_status s = rows_put(&l, &q);
    if (s == MW_OK)
        s = mw_store_vee_class_get(call->api->o.store, call->tenant, q.channel, &class);
    if (s == MW_OK) {
        mw_json_array_end(&p.json);
        thresholds_put(call, &p.json, (mw_vee_class) class);
    }
    mw_api_page_end(call, &p, s);
}

/* ---- one alarm ---- */

mw_status mw_api_alarm_id(mw_api_call *call, int64_t *out_id) {
    const char *text = mw_http_param(call->http, "alarm");
    char *end = NULL;
    long long id = strtoll(text, &end, 10);
    if (end == text || *end != 0 || id <= 0 || strlen(text) > 18)
        return MW_NOT_FOUND;
    *out_id = id;
    return MW_OK;
}

mw_status mw_api_alarm_find(mw_api_call *call, int64_t id, mw_store_alarm *out) {
    MW_TRY(mw_store_alarm_get(call->api->o.store, call->tenant, id, out));
    return out->channel == 0 || mw_api_channel_in_area(call, out->channel) ? MW_OK : MW_NOT_FOUND;
}

static mw_status put_note(void *ctx, const mw_store_alarm_note *n) {
    mw_json *j = ctx;
    mw_json_object_begin(j);
    mw_json_put_utc(j, "at", n->at);
    mw_json_put_text(j, "who", n->who[0] != 0 ? n->who : NULL);
    mw_json_put_text(j, "what", n->what);
    mw_json_put_text(j, "text", n->text);
    mw_json_object_end(j);
    return MW_OK;
}

static mw_status detail_put(mw_api_call *call, mw_json *j) {
    mw_store_alarm a;
    mw_store_meter room;
    const mw_store_meter *m = NULL;
    int64_t id = 0;
    MW_TRY(mw_api_alarm_id(call, &id));
    MW_TRY(mw_api_alarm_find(call, id, &a));
    MW_TRY(mw_api_alarm_meter(call->api, &a, &room, &m));
    mw_json_object_begin(j);
    mw_json_key(j, "alarm");
    mw_api_put_alarm(j, &a, m);
    mw_json_put_array(j, "history");
    MW_TRY(mw_store_alarm_notes(call->api->o.store, call->tenant, id, NOTES_MAX, put_note, j));
    mw_json_array_end(j);
    mw_json_put_array(j, "thresholds");
    mw_alarm_rule_id rule = MW_ALARM_LEAK;
    if (call->api->o.alarms != NULL && mw_alarm_rule_of(a.rule, &rule) == MW_OK) {
        mw_alarm_values v;
        uint8_t class = 0;
        if (a.channel != 0)
            MW_TRY(mw_store_vee_class_get(call->api->o.store, call->tenant, a.channel, &class));
        mw_alarms_values(call->api->o.alarms, call->tenant, rule, (mw_vee_class) class, a.channel,
                         &v);
        for (unsigned k = 0; k < mw_alarm_params(rule); k++) {
            mw_json_object_begin(j);
            mw_json_put_text(j, "name", mw_alarm_rules[rule].param[k].name);
            mw_json_put_text(j, "unit", mw_alarm_rules[rule].param[k].unit);
            mw_json_put_int(j, "value", v.v[k]);
            mw_json_object_end(j);
        }
    }
    mw_json_array_end(j);
    mw_json_object_end(j);
    return MW_OK;
}

void mw_api_alarm_read(mw_api_call *call) {
    mw_buffer b;
    mw_buffer_init(&b, PAGE_BYTES);
    mw_json j = mw_json_of(&b);
    mw_status s = detail_put(call, &j);
    if (s == MW_OK) {
        mw_api_send_json(call, 200, &j, &b);
        return;
    }
    mw_buffer_fini(&b);
    if (s == MW_NOT_FOUND)
        mw_http_reply_problem(call->http, 404, "NOT_FOUND", "there is no such alarm");
    else
        mw_api_fail(call, s);
}

/* ---- meters that an alarm of a station silences ---- */

typedef struct members {
    mw_api_call *call;
    mw_json *j;
    const char *station;
    mw_api_roster roster;
    uint32_t left;
    int64_t all;
} members;

static mw_status put_member(void *ctx, const mw_store_vee_meter *row) {
    members *l = ctx;
    mw_store_meter m;
    char id[MW_API_METER_ID_MAX];
    if (row->cause != MW_CAUSE_STATION || strcmp(row->station, l->station) != 0 ||
        !mw_api_roster_has(&l->roster, row->channel))
        return MW_OK;
    l->all++;
    if (l->left == 0)
        return MW_OK;
    mw_status s = mw_store_meter_of_channel(l->call->api->o.store, row->tenant, row->channel, &m);
    if (s != MW_OK)
        return s == MW_NOT_FOUND ? MW_OK : s;
    l->left--;
    mw_api_meter_id(&m, id);
    mw_json_object_begin(l->j);
    mw_json_put_text(l->j, "meter", id);
    mw_json_put_text(l->j, "serial", m.device.serial);
    mw_json_put_text(l->j, "address", m.usage_point.address);
    mw_json_put_utc(l->j, "silent_since", row->silent);
    mw_json_put_int(l->j, "risk_per_day", row->risk_per_day);
    mw_json_object_end(l->j);
    return MW_OK;
}

void mw_api_alarm_members(mw_api_call *call) {
    mw_store_alarm a;
    mw_buffer b;
    uint32_t limit = 0;
    int64_t id = 0;
    if (!mw_api_limit(call, &limit))
        return;
    mw_buffer_init(&b, PAGE_BYTES);
    mw_json j = mw_json_of(&b);
    members l = {.call = call, .j = &j, .left = limit};
    mw_status s = mw_api_alarm_id(call, &id);
    if (s == MW_OK)
        s = mw_api_alarm_find(call, id, &a);
    if (s == MW_OK)
        s = mw_api_roster_make(call, &l.roster);
    if (s == MW_OK) {
        l.station = a.station;
        mw_json_object_begin(&j);
        mw_json_put_array(&j, "items");
        s = a.members == 0 ? MW_OK
                           : mw_store_vee_meters(call->api->o.store, call->tenant,
                                                 MW_STORE_PAGE_MAX, put_member, &l);
        mw_json_array_end(&j);
        if (s == MW_OK)
            s = mw_api_put_currency(&j, call->api, call->tenant);
        mw_json_put_int(&j, "total", l.all > a.members || l.roster.limited ? l.all : a.members);
        mw_json_object_end(&j);
    }
    mw_api_roster_free(&l.roster);
    if (s == MW_OK) {
        mw_api_send_json(call, 200, &j, &b);
        return;
    }
    mw_buffer_fini(&b);
    if (s == MW_NOT_FOUND)
        mw_http_reply_problem(call->http, 404, "NOT_FOUND", "there is no such alarm");
    else
        mw_api_fail(call, s);
}
