/* SPDX-License-Identifier: Apache-2.0
 *
 * Validation for people: what is at risk, what was found, and what they decide. Everything here is
 * the operator's; every decision needs a reason and stands in the audit log.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/api/area.h"
#include "platform/validation/engine.h"
#include "runtime/json_read.h"

enum { EDIT_VALUES_MAX = 1440 };

static const char *const causes[] = {"meter", "station", "fatal"};

static const char *name_of(const char *const *names, size_t n, unsigned i) {
    return i < n ? names[i] : "unknown";
}
#define NAME_OF(names, i) name_of(names, sizeof(names) / sizeof(names)[0], i)

/* ---- summary ---- */

typedef struct summary {
    mw_api *api;
    mw_api_roster roster;
    mw_json *j;
    uint32_t left;
    int64_t meters[MW_VEE_STATES];
    int64_t risk_per_day, estimated, low, high;
    const mw_vee_dated *dated;
    size_t dated_n;
} summary;

/* Money needs the channel's unit and the class's price. */
static mw_status money_of(summary *s, const mw_store_vee_meter *row, const mw_store_meter *m,
                          int64_t out[3]) {
    mw_window_channel c;
    mw_vee_book book;
    size_t unknown = 0;
    (void)m;
    MW_TRY(mw_window_channel_read(s->api->o.store, s->api->o.zones, row->tenant, row->channel, &c));
    MW_TRY(mw_vee_book_at(s->dated, s->dated_n, (mw_vee_class)c.class, mw_loop_utc(s->api->o.loop),
                          &book, &unknown));
    out[0] = mw_vigil_money(&book, &c, row->estimated);
    out[1] = mw_vigil_money(&book, &c, row->low);
    out[2] = mw_vigil_money(&book, &c, row->high);
    return MW_OK;
}

static mw_status put_risk(void *ctx, const mw_store_vee_meter *row) {
    summary *s = ctx;
    mw_store_meter m;
    char id[MW_API_METER_ID_MAX];
    int64_t money[3] = {0};
    if (!mw_api_roster_has(&s->roster, row->channel))
        return MW_OK;
    s->meters[row->state < MW_VEE_STATES ? row->state : MW_VEE_OK]++;
    s->risk_per_day += row->risk_per_day;
    mw_status found = mw_store_meter_of_channel(s->api->o.store, row->tenant, row->channel, &m);
    if (found != MW_OK)
        return found == MW_NOT_FOUND ? MW_OK : found;
    MW_TRY(money_of(s, row, &m, money));
    s->estimated += money[0];
    s->low += money[1];
    s->high += money[2];
    if (s->left == 0)
        return MW_OK;
    s->left--;
    mw_json *j = s->j;
    mw_api_meter_id(&m, id);
    mw_json_object_begin(j);
    mw_json_put_text(j, "meter", id);
    mw_json_put_text(j, "serial", m.device.serial);
    mw_json_put_text(j, "medium", m.channel.medium);
    mw_json_put_text(j, "label", m.channel.label);
    mw_json_put_text(j, "address", m.usage_point.address);
    mw_json_put_text(j, "state", mw_vee_state_name((mw_vee_state)row->state));
    mw_json_put_text(j, "cause", NAME_OF(causes, row->cause));
    mw_json_put_utc(j, "since", row->since);
    mw_json_put_utc(j, "silent_since", row->silent);
    mw_json_put_utc(j, "filled_to", row->filled);
    mw_json_put_text(j, "station", row->station[0] != 0 ? row->station : NULL);
    mw_json_put_text(j, "unit", mw_unit_info_of(m.channel.unit)->symbol);
    mw_json_put_int(j, "scale", m.channel.scale);
    mw_json_put_int(j, "day_use", row->day_use);
    mw_json_put_int(j, "slots", row->slots);
    mw_json_put_int(j, "estimated", row->estimated);
    mw_json_put_int(j, "low", row->low);
    mw_json_put_int(j, "high", row->high);
    mw_json_put_int(j, "risk_per_day", row->risk_per_day);
    mw_json_put_int(j, "estimated_money", money[0]);
    mw_json_put_int(j, "uncertain_money", money[2] - money[1]);
    mw_json_object_end(j);
    return MW_OK;
}

static mw_status summary_put(mw_api_call *call, mw_json *j, uint32_t limit) {
    static mw_vee_dated dated[MW_BOOK_ROWS_MAX];
    summary s = {.api = call->api, .j = j, .left = limit, .dated = dated};
    MW_TRY(mw_book_rows_read(call->api->o.store, call->tenant, dated, &s.dated_n));
    MW_TRY(mw_api_roster_make(call, &s.roster));
    mw_json_object_begin(j);
    mw_api_put_clock(j, call->api);
    mw_json_put_text(j, "money", "1/1000000 of the currency");
    MW_TRY(mw_api_put_currency(j, call->api, call->tenant));
    mw_json_put_array(j, "items");
    mw_status status =
        mw_store_vee_meters(call->api->o.store, call->tenant, MW_STORE_PAGE_MAX, put_risk, &s);
    mw_api_roster_free(&s.roster);
    MW_TRY(status);
    mw_json_array_end(j);
    mw_json_put_object(j, "meters");
    for (unsigned i = MW_VEE_LATE; i < MW_VEE_STATES; i++)
        mw_json_put_int(j, mw_vee_state_name((mw_vee_state)i), s.meters[i]);
    mw_json_object_end(j);
    mw_json_put_object(j, "total");
    mw_json_put_int(j, "risk_per_day", s.risk_per_day);
    mw_json_put_int(j, "estimated_money", s.estimated);
    mw_json_put_int(j, "uncertain_money", s.high - s.low);
    mw_json_object_end(j);
    MW_TRY(mw_api_put_doubts(call, j));
    mw_json_object_end(j);
    return MW_OK;
}

void mw_api_vee_summary(mw_api_call *call) {
    uint32_t limit = 0;
    if (!mw_api_limit(call, &limit))
        return;
    mw_buffer b;
    mw_buffer_init(&b, 1024 * 1024);
    mw_json j = mw_json_of(&b);
    mw_status s = summary_put(call, &j, limit);
    if (s == MW_OK) {
        mw_api_send_json(call, 200, &j, &b);
        return;
    }
    mw_buffer_fini(&b);
    mw_api_fail(call, s);
}

/* ---- lists ---- */

typedef struct list {
    mw_api_call *call;
    mw_api_roster roster;
    uint32_t scanned;
    mw_buffer buffer;
    mw_json json;
    uint32_t left;
    int64_t last, seen;
    bool more;
} list;

static void list_begin(mw_api_call *call, list *l, uint32_t limit) {
    *l = (list){.call = call, .left = limit};
    mw_buffer_init(&l->buffer, 1024 * 1024);
    l->json = mw_json_of(&l->buffer);
    mw_json_object_begin(&l->json);
    mw_json_put_array(&l->json, "items");
}

static bool list_take(list *l, int64_t cursor) {
    if (l->left == 0) {
        l->more = true;
        return false;
    }
    l->left--;
    l->last = cursor;
    return true;
}

static void list_end(list *l, mw_status s) {
    char next[24];
    if (s != MW_OK) {
        mw_buffer_fini(&l->buffer);
        mw_api_fail(l->call, s);
        return;
    }
    (void)snprintf(next, sizeof next, "%lld", (long long)l->last);
    mw_json_array_end(&l->json);
    mw_json_put_text(&l->json, "next", l->more ? next : NULL);
    mw_json_object_end(&l->json);
    mw_api_send_json(l->call, 200, &l->json, &l->buffer);
}

static mw_status put_meter_id(list *l, int64_t channel) {
    mw_store_meter m;
    char id[MW_API_METER_ID_MAX];
    mw_status s = mw_store_meter_of_channel(l->call->api->o.store, l->call->tenant, channel, &m);
    if (s == MW_OK)
        mw_api_meter_id(&m, id);
    mw_json_put_text(&l->json, "meter", s == MW_OK ? id : NULL);
    return s == MW_NOT_FOUND ? MW_OK : s;
}

static mw_status put_correction(void *ctx, const mw_store_correction *c) {
    list *l = ctx;
    l->scanned++;
    l->seen = c->id;
    if (l->more || !mw_api_roster_has(&l->roster, c->channel) || !list_take(l, c->id))
        return MW_OK;
    mw_json *j = &l->json;
    mw_json_object_begin(j);
    mw_json_put_int(j, "id", c->id);
    MW_TRY(put_meter_id(l, c->channel));
    mw_json_put_int(j, "closing", c->lock);
    mw_json_put_utc(j, "from", c->from);
    mw_json_put_utc(j, "to", c->to);
    mw_json_put_int(j, "was", c->was);
    mw_json_put_int(j, "now", c->now);
    mw_json_put_utc(j, "at", c->at);
    mw_json_put_text(j, "text", c->text);
    mw_json_object_end(j);
    return MW_OK;
}

void mw_api_vee_corrections(mw_api_call *call) {
    list l;
    uint32_t limit = 0;
    int64_t before = 0;
    if (!mw_api_limit(call, &limit) || !mw_api_before(call, &before))
        return;
    list_begin(call, &l, limit);
    mw_status s = mw_api_roster_make(call, &l.roster);
    uint32_t had;
    do {
        had = l.scanned;
        if (s == MW_OK)
            s = mw_store_corrections(call->api->o.store, call->tenant, 0, before, limit + 1,
                                     put_correction, &l);
        before = l.seen;
    } while (s == MW_OK && !l.more && l.scanned - had == limit + 1 &&
             l.scanned < MW_API_SCANNED_MAX);
    if (!l.more && l.scanned - had == limit + 1) {
        l.more = true; /* the next page looks further */
        l.last = l.seen;
    }
    mw_api_roster_free(&l.roster);
    list_end(&l, s);
}

static mw_status put_setting(void *ctx, const mw_store_vee_setting *row) {
    list *l = ctx;
    mw_json *j = &l->json;
    mw_json_object_begin(j);
    mw_json_put_text(j, "name", row->name);
    mw_json_put_text(j, "class", mw_vee_class_name((mw_vee_class)row->class));
    mw_json_put_utc(j, "from", row->from);
    mw_json_put_int(j, "value", row->value);
    mw_json_put_utc(j, "set_at", row->set_at);
    mw_json_put_text(j, "set_by", row->set_by);
    mw_json_object_end(j);
    return MW_OK;
}

void mw_api_vee_settings(mw_api_call *call) {
    list l;
    mw_vee_key key;
    list_begin(call, &l, UINT32_MAX);
    mw_status s = mw_store_vee_settings(call->api->o.store, call->tenant, put_setting, &l);
    mw_json *j = &l.json;
    mw_json_array_end(j);
    if (s == MW_OK)
        s = mw_api_put_currency(j, call->api, call->tenant);
    mw_json_put_array(j, "keys");
    for (uint32_t i = 0; mw_vee_key_at(i, &key); i++) {
        mw_json_object_begin(j);
        mw_json_put_text(j, "name", key.name);
        mw_json_put_text(j, "unit", key.unit);
        mw_json_put_int(j, "min", key.min);
        mw_json_put_int(j, "max", key.max);
        mw_json_put_object(j, "preset");
        for (unsigned c = 0; c < MW_VEE_CLASSES; c++)
            mw_json_put_int(j, mw_vee_class_name((mw_vee_class)c), key.preset[c]);
        mw_json_object_end(j);
        mw_json_object_end(j);
    }
    list_end(&l, s);
}

/* ---- decisions ---- */

json_t *mw_api_decision(mw_api_call *call, const char *const *members, unsigned depth,
                        mw_engine_person *out_person) {
    json_t *root = NULL;
    mw_json_error error = {"the body is malformed"};
    const char *reason = NULL;
    mw_json_limits limits = {call->row->body_max, depth};
    if (call->api->o.validation == NULL) {
        mw_api_fail(call, MW_STATE);
        return NULL;
    }
    mw_status s = mw_json_parse(mw_http_body(call->http), limits, &root, &error);
    if (s == MW_OK)
        s = mw_json_only(root, members, &error);
    if (s == MW_OK)
        s = mw_json_get_text(root, "reason", MW_STORE_TEXT_MAX - 1, &reason, &error);
    if (s == MW_OK && reason[0] == 0)
        s = MW_SYNTAX;
    if (s != MW_OK) {
        mw_api_invalid(call, error.text);
        json_decref(root);
        return NULL;
    }
    *out_person = (mw_engine_person){.tenant = call->tenant,
                                     .login = call->user.login,
                                     .text = reason,
                                     .now = mw_loop_utc(call->api->o.loop)};
    return root;
}

void mw_api_decided(mw_api_call *call, mw_status s, const char *what) {
    if (s == MW_OK)
        mw_http_reply_json(call->http, 200, mw_slice_of_str("{\"status\":\"done\"}"));
    else if (s == MW_RANGE)
        mw_api_invalid(call, what);
    else if (s == MW_CONFLICT)
        mw_http_reply_problem(call->http, 409, "CONFLICT", what);
    else if (s == MW_NOT_FOUND)
        mw_http_reply_problem(call->http, 404, "NOT_FOUND", "there is no such thing");
    else
        mw_api_fail(call, s);
}

static void exception_judge(mw_api_call *call, mw_store_verdict_kind kind) {
    static const char *const members[] = {"reason", NULL};
    mw_engine_person who;
    mw_store_exception x;
    json_t *root = mw_api_decision(call, members, 1, &who);
    if (root == NULL)
        return;
    mw_status s = mw_api_exception_find(call, &x);
    if (s == MW_OK && !mw_utc_is_none(x.closed_at))
        s = MW_NOT_FOUND;
    if (s == MW_OK && x.from.us == x.to.us) /* it names a boundary, no values */
        x.from.us -= 1;
    if (s == MW_OK)
        s = mw_engine_verdict(call->api->o.validation, &who, x.channel, x.from, x.to, kind, x.id);
    json_decref(root);
    mw_api_decided(call, s, "the finding names no values");
}

void mw_api_vee_accept(mw_api_call *call) {
    exception_judge(call, MW_VERDICT_ACCEPTED);
}

void mw_api_vee_reject(mw_api_call *call) {
    exception_judge(call, MW_VERDICT_REJECTED);
}

void mw_api_vee_edit(mw_api_call *call) {
    static const char *const members[] = {"reason", "from", "values", "exception", NULL};
    static int64_t value[EDIT_VALUES_MAX];
    mw_engine_person who;
    mw_utc from;
    json_t *values = NULL;
    mw_json_error error = {"the body is malformed"};
    json_t *root = mw_api_decision(call, members, 2, &who);
    if (root == NULL)
        return;
    mw_status s = mw_json_get_utc(root, "from", &from, &error);
    if (s == MW_OK)
        s = mw_json_get_array(root, "values", EDIT_VALUES_MAX, &values, &error);
    int64_t exception = 0; /* the finding that the edit answers */
    if (s == MW_OK && json_object_get(root, "exception") != NULL)
        s = mw_json_get_int(root, "exception", 1, INT64_MAX - 1, &exception, &error);
    size_t n = s == MW_OK ? json_array_size(values) : 0;
    for (size_t i = 0; i < n && s == MW_OK; i++) {
        const json_t *v = json_array_get(values, i);
        s = json_is_integer(v) ? MW_OK : MW_SYNTAX;
        value[i] = s == MW_OK ? json_integer_value(v) : 0;
    }
    if (s == MW_OK)
        mw_api_decided(call,
                       mw_engine_edit(call->api->o.validation, &who, call->meter.channel.channel,
                                      from, value, n, exception),
                       "values must begin on the meter's grid and stay inside one UTC day");
    else
        mw_api_invalid(call, error.text);
    json_decref(root);
}

static mw_status setting_of(const json_t *root, mw_vee_dated *out, mw_json_error *error) {
    const char *name = NULL, *class = NULL;
    mw_vee_class c = MW_VEE_RESIDENTIAL;
    MW_TRY(mw_json_get_text(root, "name", MW_VEE_KEY_MAX - 1, &name, error));
    MW_TRY(mw_json_get_text(root, "class", 31, &class, error));
    MW_TRY(mw_json_get_utc(root, "from", &out->from, error));
    MW_TRY(mw_json_get_int(root, "value", INT64_MIN, INT64_MAX, &out->value, error));
    (void)snprintf(out->name, sizeof out->name, "%s", name);
    out->class = MW_VEE_ALL_CLASSES;
    if (strcmp(class, "all") == 0)
        return MW_OK;
    if (mw_vee_class_of(class, &c) != MW_OK) {
        (void)snprintf(error->text, sizeof error->text,
                       "class must be all, residential or commercial");
        return MW_SYNTAX;
    }
    out->class = (uint8_t)c;
    return MW_OK;
}

void mw_api_vee_setting_put(mw_api_call *call) {
    static const char *const members[] = {"reason", "name", "class", "from", "value", NULL};
    mw_engine_person who;
    mw_vee_dated setting = {.name = ""};
    mw_json_error error = {"the body is malformed"};
    char what[120];
    json_t *root = mw_api_decision(call, members, 1, &who);
    if (root == NULL)
        return;
    mw_status s = setting_of(root, &setting, &error);
    if (s != MW_OK) {
        mw_api_invalid(call, error.text);
    } else {
        s = mw_engine_setting(call->api->o.validation, &who, &setting);
        (void)snprintf(what, sizeof what, "outside its limits or against another setting: %s",
                       setting.name);
        mw_api_decided(call, s, what);
    }
    json_decref(root);
}

void mw_api_vee_closing(mw_api_call *call) {
    static const char *const members[] = {"reason", "from", "to", NULL};
    mw_engine_person who;
    mw_utc from, to;
    mw_closing closing;
    mw_json_error error = {"the body is malformed"};
    json_t *root = mw_api_decision(call, members, 1, &who);
    if (root == NULL)
        return;
    mw_status s = mw_json_get_utc(root, "from", &from, &error);
    if (s == MW_OK)
        s = mw_json_get_utc(root, "to", &to, &error);
    if (s != MW_OK) {
        mw_api_invalid(call, error.text);
        json_decref(root);
        return;
    }
    s = mw_engine_closing(call->api->o.validation, &who, call->meter.channel.channel, from, to,
                          &closing);
    json_decref(root);
    if (s != MW_OK) {
        mw_api_decided(call, s,
                       s == MW_CONFLICT ? "a part of the span is closed already"
                                        : "the span is empty");
        return;
    }
    mw_buffer b;
    mw_json j = mw_api_object_begin(&b, 1024);
    mw_json_put_int(&j, "closing", closing.id);
    mw_json_put_int(&j, "sum", closing.sum);
    mw_json_put_int(&j, "expected", closing.expected);
    mw_json_put_int(&j, "present", closing.present);
    mw_json_put_int(&j, "estimated", closing.estimated);
    mw_api_object_send(call, 200, &j, &b);
}
