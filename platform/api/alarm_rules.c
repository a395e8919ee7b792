/* SPDX-License-Identifier: Apache-2.0
 *
 * The rules of alarms: what counts, changing it with a reason, and a dry run over the past in a
 * thread of its own.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/alarms/alarms.h"
#include "platform/api/alarms_json.h"
#include "platform/api/area.h"
#include "runtime/json_read.h"

enum { HISTORY_MAX = 200, TRIAL_METERS = 2000, PAGE_BYTES = 4 * 1024 * 1024 };

/* ---- list ---- */

static void put_param(mw_json *j, const mw_alarm_param *p) {
    mw_json_object_begin(j);
    mw_json_put_text(j, "name", p->name);
    mw_json_put_text(j, "unit", p->unit);
    mw_json_put_int(j, "min", p->min);
    mw_json_put_int(j, "max", p->max);
    mw_json_put_bool(j, "own", p->own);
    mw_json_put_object(j, "preset");
    for (unsigned c = 0; c < MW_VEE_CLASSES; c++)
        mw_json_put_int(j, mw_vee_class_name((mw_vee_class)c), p->preset[c]);
    mw_json_object_end(j);
    mw_json_object_end(j);
}

static void put_rule(mw_api_call *call, mw_json *j, unsigned i) {
    const mw_alarm_rule *r = &mw_alarm_rules[i];
    unsigned n = mw_alarm_params((mw_alarm_rule_id)i);
    mw_alarm_values v = {.version = 1};
    mw_json_object_begin(j);
    mw_json_put_text(j, "rule", r->name);
    mw_json_put_bool(j, "latched", r->latched);
    mw_json_put_bool(j, "values", r->media != 0);
    mw_json_put_bool(j, "consumer", r->consumer);
    mw_json_put_array(j, "params");
    for (unsigned k = 0; k < n; k++)
        put_param(j, &r->param[k]);
    mw_json_array_end(j);
    mw_json_put_object(j, "in_force");
    for (unsigned c = 0; c < MW_VEE_CLASSES; c++) {
        if (call->api->o.alarms != NULL)
            mw_alarms_values(call->api->o.alarms, call->tenant, (mw_alarm_rule_id)i,
                             (mw_vee_class)c, 0, &v);
        else
            mw_alarm_preset((mw_alarm_rule_id)i, (mw_vee_class)c, &v);
        mw_json_put_object(j, mw_vee_class_name((mw_vee_class)c));
        for (unsigned k = 0; k < n; k++)
            mw_json_put_int(j, r->param[k].name, v.v[k]);
        mw_json_object_end(j);
    }
    mw_json_object_end(j);
    mw_json_put_int(j, "version", v.version);
    mw_json_object_end(j);
}

typedef struct rows {
    mw_api_call *call;
    mw_json *j;
} rows;

static mw_status put_setting(void *ctx, const mw_store_alarm_setting *r) {
    rows *w = ctx;
    mw_store_meter m;
    char id[MW_API_METER_ID_MAX];
    if (r->tenant != w->call->tenant)
        return MW_OK;
    if (r->channel != 0 && !mw_api_channel_in_area(w->call, r->channel))
        return MW_OK;
    bool meter = r->channel != 0 && mw_store_meter_of_channel(w->call->api->o.store, r->tenant,
                                                              r->channel, &m) == MW_OK;
    if (meter)
        mw_api_meter_id(&m, id);
    mw_json_object_begin(w->j);
    mw_json_put_text(w->j, "rule", r->rule);
    mw_json_put_text(w->j, "name", r->name);
    mw_json_put_text(w->j, "class",
                     r->class < MW_VEE_CLASSES ? mw_vee_class_name((mw_vee_class)r->class) : "all");
    mw_json_put_text(w->j, "meter", meter ? id : NULL);
    mw_json_put_text(w->j, "serial", meter ? m.device.serial : NULL);
    mw_json_put_int(w->j, "value", r->value);
    mw_json_put_int(w->j, "version", r->version);
    mw_json_put_utc(w->j, "at", r->at);
    mw_json_put_text(w->j, "who", r->who);
    mw_json_put_text(w->j, "reason", r->reason);
    mw_json_put_bool(w->j, "removed", r->removed);
    mw_json_object_end(w->j);
    return MW_OK;
}

/* Settings are few in the tenant; those of single meters are shown up to a number. */
typedef struct limited {
    rows rows;
    uint32_t left;
} limited;

static mw_status put_limited(void *ctx, const mw_store_alarm_setting *r) {
    limited *l = ctx;
    if (r->tenant != l->rows.call->tenant || l->left == 0)
        return MW_OK;
    l->left--;
    return put_setting(&l->rows, r);
}

void mw_api_alarm_rules(mw_api_call *call) {
    mw_buffer b;
    mw_buffer_init(&b, PAGE_BYTES);
    mw_json j = mw_json_of(&b);
    limited l = {.rows = {call, &j}, .left = 1000};
    mw_json_object_begin(&j);
    mw_json_put_array(&j, "items");
    for (unsigned i = 0; i < MW_ALARM_RULES; i++)
        put_rule(call, &j, i);
    mw_json_array_end(&j);
    mw_json_put_array(&j, "settings");
    mw_status s = mw_store_alarm_settings(call->api->o.store, put_limited, &l);
    mw_json_array_end(&j);
    mw_json_put_array(&j, "history");
    if (s == MW_OK)
        s = mw_store_alarm_setting_history(call->api->o.store, call->tenant, NULL, HISTORY_MAX,
                                           put_setting, &l.rows);
    mw_json_array_end(&j);
    mw_json_object_end(&j);
    if (s == MW_OK) {
        mw_api_send_json(call, 200, &j, &b);
        return;
    }
    mw_buffer_fini(&b);
    mw_api_fail(call, s);
}

/* ---- change ---- */

static mw_status class_of(const json_t *root, uint8_t *out_class, mw_json_error *error) {
    const char *text = NULL;
    mw_vee_class c = MW_VEE_RESIDENTIAL;
    *out_class = MW_STORE_ALARM_NO_CLASS;
    mw_status s = mw_json_get_text(root, "class", 31, &text, error);
    if (s == MW_NOT_FOUND || (s == MW_OK && strcmp(text, "all") == 0))
        return MW_OK;
    MW_TRY(s);
    if (mw_vee_class_of(text, &c) != MW_OK) {
        (void)snprintf(error->text, sizeof error->text, "class is all, residential or commercial");
        return MW_SYNTAX;
    }
    *out_class = (uint8_t)c;
    return MW_OK;
}

static mw_status meter_of(mw_api_call *call, const json_t *root, int64_t *out_channel,
                          mw_json_error *error) {
    const char *text = NULL;
    uint64_t identity = 0;
    uint8_t number = 0;
    mw_store_meter m;
    *out_channel = 0;
    mw_status s = mw_json_get_text(root, "meter", MW_API_METER_ID_MAX, &text, error);
    if (s != MW_OK)
        return s == MW_NOT_FOUND ? MW_OK : s;
    s = mw_api_parse_meter(mw_slice_of_str(text), &identity, &number);
    if (s == MW_OK)
        s = mw_store_meter_get(call->api->o.store, call->tenant, identity, number, &m);
    if (s == MW_OK)
        *out_channel = m.channel.channel;
    else if (s == MW_NOT_FOUND || s == MW_SYNTAX)
        (void)snprintf(error->text, sizeof error->text, "there is no such meter");
    return s == MW_NOT_FOUND ? MW_SYNTAX : s;
}

/* "value": null takes the setting back. */
static mw_status setting_read(const json_t *root, mw_store_alarm_setting *row, bool *out_remove,
                              mw_json_error *error) {
    const char *rule = NULL, *name = NULL, *reason = NULL;
    MW_TRY(mw_json_get_text(root, "rule", MW_STORE_RULE_MAX - 1, &rule, error));
    MW_TRY(mw_json_get_text(root, "name", MW_STORE_RULE_MAX - 1, &name, error));
    MW_TRY(mw_json_get_text(root, "reason", MW_STORE_TEXT_MAX - 1, &reason, error));
    mw_status s = mw_json_get_int(root, "value", INT64_MIN, INT64_MAX, &row->value, error);
    if (s != MW_OK && s != MW_NOT_FOUND)
        return s;
    *out_remove = s == MW_NOT_FOUND;
    (void)snprintf(row->rule, sizeof row->rule, "%s", rule);
    (void)snprintf(row->name, sizeof row->name, "%s", name);
    (void)snprintf(row->reason, sizeof row->reason, "%s", reason);
    return MW_OK;
}

static void setting_answer(mw_api_call *call, mw_status s, const mw_json_error *error) {
    if (s == MW_OK)
        mw_http_reply_json(call->http, 200, mw_slice_of_str("{\"status\":\"done\"}"));
    else if (s == MW_SYNTAX)
        mw_api_invalid(call, error->text);
    else if (s == MW_RANGE)
        mw_api_invalid(call, "outside its limits, against another threshold, or without a reason");
    else if (s == MW_NOT_FOUND)
        mw_http_reply_problem(call->http, 404, "NOT_FOUND",
                              "there is no such rule, threshold or setting");
    else
        mw_api_fail(call, s);
}

static mw_status setting_body(mw_api_call *call, const char *const *members, json_t **out_root,
                              mw_json_error *error) {
    if (call->api->o.alarms == NULL)
        return MW_STATE;
    mw_status s = mw_json_parse(mw_http_body(call->http), (mw_json_limits){call->row->body_max, 2},
                                out_root, error);
    if (s == MW_OK)
        s = mw_json_only(*out_root, members, error);
    return s == MW_LIMIT ? MW_SYNTAX : s;
}

void mw_api_alarm_setting_put(mw_api_call *call) {
    static const char *const members[] = {"rule",  "name",  "reason", "value",
                                          "class", "meter", NULL};
    mw_json_error error = {"the body is malformed"};
    mw_store_alarm_setting row = {.tenant = call->tenant, .at = mw_loop_utc(call->api->o.loop)};
    json_t *root = NULL;
    bool remove = false;
    (void)snprintf(row.who, sizeof row.who, "%s", call->user.login);
    mw_status s = setting_body(call, members, &root, &error);
    if (s == MW_OK) {
        s = setting_read(root, &row, &remove, &error);
        if (s == MW_OK)
            s = class_of(root, &row.class, &error);
        if (s == MW_OK)
            s = meter_of(call, root, &row.channel, &error);
        s = s == MW_NOT_FOUND || s == MW_RANGE ? MW_SYNTAX : s;
        if (s == MW_OK)
            s = mw_alarms_set(call->api->o.alarms, &row, remove);
    }
    json_decref(root);
    setting_answer(call, s, &error);
}

/* A person sets the own thresholds of the own meter, an operator those of any. */
void mw_api_meter_threshold_put(mw_api_call *call) {
    static const char *const members[] = {"rule", "name", "reason", "value", NULL};
    mw_json_error error = {"the body is malformed"};
    mw_store_alarm_setting row = {.tenant = call->tenant,
                                  .class = MW_STORE_ALARM_NO_CLASS,
                                  .channel = call->meter.channel.channel,
                                  .at = mw_loop_utc(call->api->o.loop)};
    json_t *root = NULL;
    bool remove = false;
    unsigned param = 0;
    mw_alarm_rule_id rule = MW_ALARM_LEAK;
    (void)snprintf(row.who, sizeof row.who, "%s", call->user.login);
    mw_status s = setting_body(call, members, &root, &error);
    if (s == MW_OK) {
        s = setting_read(root, &row, &remove, &error);
        s = s == MW_NOT_FOUND || s == MW_RANGE ? MW_SYNTAX : s;
        if (s == MW_OK)
            s = mw_alarm_rule_of(row.rule, &rule);
        if (s == MW_OK)
            s = mw_alarm_param_of(rule, row.name, &param);
        if (s == MW_OK && call->person != NULL && !mw_alarm_rules[rule].param[param].own)
            s = MW_NOT_FOUND;
        if (s == MW_OK)
            s = mw_alarms_set(call->api->o.alarms, &row, remove);
    }
    json_decref(root);
    setting_answer(call, s, &error);
}

/* ---- dry run ---- */

typedef struct trial_job {
    mw_api *api;
    mw_http_request *http; /* NULL: whoever asked is gone */
    mw_store *store;       /* the thread's */
    mw_zones *zones;       /* the thread's */
    mw_alarm_book book;    /* a copy */
    mw_alarm_trial trial;
    mw_alarm_trial_result result;
    mw_status status;
    uv_thread_t thread;
    mw_wake *wake;
} trial_job;

static void trial_work(void *context) {
    trial_job *job = context;
    job->status = mw_alarms_try(job->store, job->zones, &job->book, &job->trial, &job->result);
    mw_wake_send(job->wake);
}

static void trial_gone(void *context) {
    ((trial_job *)context)->http = NULL;
}

static void trial_free(trial_job *job) {
    mw_wake_free(job->wake);
    mw_alarm_book_fini(&job->book);
    if (job->zones != NULL)
        mw_zones_close(job->zones);
    mw_store_close(job->store);
    free(job);
}

static void trial_reply(trial_job *job) {
    mw_http_request *http = job->http;
    char text[320];
    mw_http_on_gone(http, NULL, NULL);
    const mw_alarm_trial_result *r = &job->result;
    if (job->status == MW_RANGE || job->status == MW_UNSUPPORTED) {
        mw_http_reply_problem(http, 400, "INVALID",
                              job->status == MW_RANGE
                                  ? "a threshold or the span is outside its limits"
                                  : "only rules that look at values can be tried on the past");
        return;
    }
    if (job->status != MW_OK) {
        mw_http_reply_problem(http, 503, "UNAVAILABLE", "not possible now, try later");
        return;
    }
    (void)snprintf(text, sizeof text,
                   "{\"meters\":%" PRIu32 ",\"of\":%" PRIu32 ",\"now\":{\"alarms\":%" PRIu32
                   ",\"meters\":%" PRIu32 "},\"tried\":{\"alarms\":%" PRIu32 ",\"meters\":%" PRIu32
                   "}}",
                   r->meters, r->of, r->now_alarms, r->now_meters, r->try_alarms, r->try_meters);
    mw_http_reply_json(http, 200, mw_slice_of_str(text));
}

static void trial_ready(void *context) {
    trial_job *job = context;
    uv_thread_join(&job->thread);
    job->api->trials--;
    if (job->http != NULL)
        trial_reply(job);
    trial_free(job);
}

static mw_status trial_read(const json_t *root, mw_alarm_trial *t, mw_json_error *error) {
    const char *rule = NULL, *key = NULL;
    json_t *values = NULL, *value = NULL;
    unsigned param = 0;
    MW_TRY(mw_json_get_text(root, "rule", MW_STORE_RULE_MAX - 1, &rule, error));
    MW_TRY(mw_json_get_utc(root, "from", &t->from, error));
    MW_TRY(mw_json_get_utc(root, "to", &t->to, error));
    MW_TRY(mw_json_get_object(root, "values", &values, error));
    MW_TRY(class_of(root, &t->class, error));
    if (mw_alarm_rule_of(rule, &t->rule) != MW_OK) {
        (void)snprintf(error->text, sizeof error->text, "there is no such rule");
        return MW_SYNTAX;
    }
    json_object_foreach(values, key, value) {
        if (mw_alarm_param_of(t->rule, key, &param) != MW_OK || !json_is_integer(value)) {
            (void)snprintf(error->text, sizeof error->text, "there is no threshold %.40s", key);
            return MW_SYNTAX;
        }
        t->given[param] = true;
        t->value[param] = json_integer_value(value);
    }
    return MW_OK;
}

static mw_status trial_start(mw_api_call *call, const mw_alarm_trial *t) {
    mw_api *api = call->api;
    if (api->o.open_reader == NULL || api->trials >= MW_API_TRIALS_MAX)
        return MW_AGAIN;
    trial_job *job = calloc(1, sizeof *job);
    if (job == NULL)
        return MW_NOMEM;
    job->api = api;
    job->trial = *t;
    mw_status s = api->o.open_reader(api->o.context, &job->store);
    if (s == MW_OK)
        s = mw_zones_open(mw_zones_dir(api->o.zones), &job->zones);
    if (s == MW_OK)
        s = mw_alarm_book_load(&job->book, job->store);
    if (s == MW_OK)
        s = mw_wake_new(api->o.loop, trial_ready, job, &job->wake);
    if (s == MW_OK) {
        job->http = call->http;
        s = uv_thread_create(&job->thread, trial_work, job) == 0 ? MW_OK : MW_NOMEM;
    }
    if (s != MW_OK) {
        trial_free(job);
        return s;
    }
    api->trials++;
    mw_http_on_gone(call->http, trial_gone, job);
    return MW_OK;
}

void mw_api_alarm_try(mw_api_call *call) {
    static const char *const members[] = {"rule", "from", "to", "values", "class", NULL};
    mw_json_error error = {"the body is malformed"};
    mw_alarm_trial t = {.tenant = call->tenant, .meters_max = TRIAL_METERS};
    json_t *root = NULL;
    mw_status s = setting_body(call, members, &root, &error);
    if (s == MW_OK) {
        s = trial_read(root, &t, &error);
        s = s == MW_NOT_FOUND || s == MW_RANGE ? MW_SYNTAX : s;
    }
    json_decref(root);
    if (s == MW_SYNTAX) {
        mw_api_invalid(call, error.text);
        return;
    }
    if (s == MW_OK)
        s = trial_start(call, &t);
    if (s != MW_OK)
        mw_api_fail(call, s);
}
