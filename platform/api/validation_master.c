/* SPDX-License-Identifier: Apache-2.0
 *
 * What validation draws on besides values: the class of a channel, other sources of its values, the
 * profiles of classes. Every change needs a reason and stands in the audit log.
 */
#include <stdio.h>
#include <string.h>

#include "platform/api/internal.h"
#include "platform/validation/engine.h"
#include "runtime/json_read.h"

static const char *const kinds[MW_SOURCE_KINDS] = {NULL,      "check",    "inferred",
                                                   "node_in", "node_out", "temperature"};
static const char *const day_types[3] = {"workday", "saturday", "sunday"};

/* ---- class ---- */

void mw_api_class_read(mw_api_call *call) {
    uint8_t class = 0;
    mw_status s = mw_store_vee_class_get(call->api->o.store, call->tenant,
                                         call->meter.channel.channel, &class);
    if (s != MW_OK) {
        mw_api_fail(call, s);
        return;
    }
    mw_buffer b;
    mw_json j = mw_api_object_begin(&b, 1024);
    mw_json_put_text(&j, "class", mw_vee_class_name((mw_vee_class) class));
    mw_api_object_send(call, 200, &j, &b);
}

void mw_api_class_set(mw_api_call *call) {
    static const char *const members[] = {"reason", "class", NULL};
    mw_engine_person who;
    const char *name = NULL;
    mw_vee_class class = MW_VEE_RESIDENTIAL;
    mw_json_error error = {"the body is malformed"};
    json_t *root = mw_api_decision(call, members, 1, &who);
    if (root == NULL)
        return;
    mw_status s = mw_json_get_text(root, "class", 31, &name, &error);
    if (s != MW_OK)
        mw_api_invalid(call, error.text);
    else if (mw_vee_class_of(name, &class) != MW_OK)
        mw_api_invalid(call, "class must be residential or commercial");
    else
        mw_api_decided(
            call,
            mw_engine_class(call->api->o.validation, &who, call->meter.channel.channel, class),
            "there is no such class");
    json_decref(root);
}

/* ---- configuration ---- */

static mw_status put_config(void *ctx, const mw_store_device_config *row) {
    mw_json *j = ctx;
    mw_json_object_begin(j);
    mw_json_put_utc(j, "from", row->from);
    mw_json_put_text(j, "version", row->version);
    mw_json_put_text(j, "values", row->text);
    mw_json_object_end(j);
    return MW_OK;
}

static mw_status put_told(void *ctx, const mw_store_told *row) {
    mw_json *j = ctx;
    mw_json_object_begin(j);
    mw_json_put_int(j, "key", row->key);
    mw_json_put_int(j, "value", row->value);
    mw_json_put_utc(j, "received_at", row->received);
    mw_json_object_end(j);
    return MW_OK;
}

void mw_api_config_read(mw_api_call *call) {
    mw_buffer b;
    mw_buffer_init(&b, 1024 * 1024);
    mw_json j = mw_json_of(&b);
    mw_store *store = call->api->o.store;
    mw_json_object_begin(&j);
    mw_json_put_array(&j, "recorded");
    mw_status s =
        mw_store_device_configs(store, call->tenant, call->meter.device.device, put_config, &j);
    mw_json_array_end(&j);
    mw_json_put_array(&j, "told");
    if (s == MW_OK)
        s = mw_store_told_list(store, call->tenant, call->meter.device.device, put_told, &j);
    mw_json_array_end(&j);
    mw_json_object_end(&j);
    if (s == MW_OK) {
        mw_api_send_json(call, 200, &j, &b);
        return;
    }
    mw_buffer_fini(&b);
    mw_api_fail(call, s);
}

void mw_api_config_record(mw_api_call *call) {
    static const char *const members[] = {"reason", "from", "version", "values", NULL};
    mw_engine_person who;
    const char *version = NULL, *values = NULL;
    mw_store_device_config row = {.device = call->meter.device.device};
    mw_json_error error = {"the body is malformed"};
    json_t *root = mw_api_decision(call, members, 1, &who);
    if (root == NULL)
        return;
    mw_status s = mw_json_get_utc(root, "from", &row.from, &error);
    if (s == MW_OK)
        s = mw_json_get_text(root, "version", sizeof row.version - 1, &version, &error);
    if (s == MW_OK)
        s = mw_json_get_text(root, "values", sizeof row.text - 1, &values, &error);
    if (s == MW_OK) {
        (void)snprintf(row.version, sizeof row.version, "%s", version);
        (void)snprintf(row.text, sizeof row.text, "%s", values);
        mw_api_decided(
            call,
            mw_engine_config(call->api->o.validation, &who, call->meter.channel.channel, &row),
            "the configuration makes no sense");
    } else {
        mw_api_invalid(call, error.text);
    }
    json_decref(root);
}

/* ---- sources ---- */

typedef struct source_list {
    mw_api_call *call;
    mw_json *j;
} source_list;

static mw_status put_source(void *ctx, const mw_store_source *row) {
    source_list *l = ctx;
    mw_store_meter m;
    char id[MW_API_METER_ID_MAX];
    mw_status s = mw_store_meter_of_channel(l->call->api->o.store, row->tenant, row->source, &m);
    if (s != MW_OK)
        return s == MW_NOT_FOUND ? MW_OK : s;
    mw_api_meter_id(&m, id);
    mw_json_object_begin(l->j);
    mw_json_put_text(l->j, "kind", row->kind < MW_SOURCE_KINDS ? kinds[row->kind] : "unknown");
    mw_json_put_text(l->j, "meter", id);
    mw_json_put_text(l->j, "serial", m.device.serial);
    mw_json_object_end(l->j);
    return MW_OK;
}

void mw_api_source_list(mw_api_call *call) {
    mw_buffer b;
    mw_buffer_init(&b, 64 * 1024);
    mw_json j = mw_json_of(&b);
    source_list l = {call, &j};
    mw_json_object_begin(&j);
    mw_json_put_array(&j, "items");
    mw_status s = mw_store_vee_sources(call->api->o.store, call->tenant,
                                       call->meter.channel.channel, put_source, &l);
    mw_json_array_end(&j);
    mw_json_object_end(&j);
    if (s == MW_OK) {
        mw_api_send_json(call, 200, &j, &b);
        return;
    }
    mw_buffer_fini(&b);
    mw_api_fail(call, s);
}

static mw_status source_of(mw_api_call *call, const json_t *root, mw_store_source *out,
                           mw_json_error *error) {
    const char *kind = NULL, *meter = NULL;
    uint64_t identity = 0;
    uint8_t number = 0;
    mw_store_meter m;
    *out = (mw_store_source){.tenant = call->tenant, .channel = call->meter.channel.channel};
    MW_TRY(mw_json_get_text(root, "kind", 31, &kind, error));
    MW_TRY(mw_json_get_text(root, "meter", MW_API_METER_ID_MAX, &meter, error));
    for (unsigned k = 1; k < MW_SOURCE_KINDS; k++)
        if (strcmp(kind, kinds[k]) == 0)
            out->kind = (mw_store_source_kind)k;
    (void)snprintf(error->text, sizeof error->text,
                   "kind must be check, inferred, node_in, node_out or temperature");
    if (out->kind == 0)
        return MW_SYNTAX;
    (void)snprintf(error->text, sizeof error->text, "meter must be the id of a meter");
    MW_TRY(mw_api_parse_meter(mw_slice_of_str(meter), &identity, &number));
    MW_TRY(mw_store_meter_get(call->api->o.store, call->tenant, identity, number, &m));
    out->source = m.channel.channel;
    return MW_OK;
}

static void source_change(mw_api_call *call, bool drop) {
    static const char *const members[] = {"reason", "kind", "meter", NULL};
    mw_engine_person who;
    mw_store_source source;
    mw_json_error error = {"the body is malformed"};
    json_t *root = mw_api_decision(call, members, 1, &who);
    if (root == NULL)
        return;
    mw_status s = source_of(call, root, &source, &error);
    if (s == MW_SYNTAX || s == MW_RANGE)
        mw_api_invalid(call, error.text);
    else
        mw_api_decided(
            call, s == MW_OK ? mw_engine_source(call->api->o.validation, &who, &source, drop) : s,
            "a channel is no other source of itself");
    json_decref(root);
}

void mw_api_source_set(mw_api_call *call) {
    source_change(call, false);
}

void mw_api_source_drop(mw_api_call *call) {
    source_change(call, true);
}

/* ---- profiles ---- */

static mw_status put_profile(void *ctx, const mw_store_profile *row) {
    mw_json *j = ctx;
    mw_json_object_begin(j);
    mw_json_put_text(j, "medium", mw_vee_medium_name((mw_vee_medium)row->medium));
    mw_json_put_text(j, "class", mw_vee_class_name((mw_vee_class)row->class));
    mw_json_put_utc(j, "from", row->from);
    for (unsigned d = 0; d < 3; d++) {
        mw_json_put_array(j, day_types[d]);
        for (unsigned h = 0; h < 24; h++)
            mw_json_int(j, row->weight[d][h]);
        mw_json_array_end(j);
    }
    mw_json_put_utc(j, "set_at", row->set_at);
    mw_json_put_text(j, "set_by", row->set_by);
    mw_json_object_end(j);
    return MW_OK;
}

void mw_api_profile_list(mw_api_call *call) {
    mw_buffer b;
    mw_json j = mw_api_object_begin(&b, 1024 * 1024);
    mw_json_put_array(&j, "items");
    mw_status s = mw_store_vee_profiles(call->api->o.store, call->tenant, put_profile, &j);
    mw_json_array_end(&j);
    mw_json_object_end(&j);
    if (s == MW_OK) {
        mw_api_send_json(call, 200, &j, &b);
        return;
    }
    mw_buffer_fini(&b);
    mw_api_fail(call, s);
}

static mw_status weights_of(const json_t *root, mw_store_profile *p, mw_json_error *error) {
    int64_t sum = 0;
    for (unsigned d = 0; d < 3; d++) {
        json_t *hours = NULL;
        MW_TRY(mw_json_get_array(root, day_types[d], 24, &hours, error));
        (void)snprintf(error->text, sizeof error->text, "%s must have 24 weights of 0 to 1000000",
                       day_types[d]);
        if (json_array_size(hours) != 24)
            return MW_SYNTAX;
        for (unsigned h = 0; h < 24; h++) {
            const json_t *w = json_array_get(hours, h);
            p->weight[d][h] = json_is_integer(w) ? json_integer_value(w) : -1;
            if (p->weight[d][h] < 0 || p->weight[d][h] > 1000000)
                return MW_SYNTAX;
            sum += p->weight[d][h];
        }
    }
    (void)snprintf(error->text, sizeof error->text, "the weights may not all be 0");
    return sum > 0 ? MW_OK : MW_SYNTAX;
}

static mw_status profile_of(const json_t *root, mw_store_profile *p, mw_json_error *error) {
    const char *medium = NULL, *class = NULL;
    mw_vee_medium m = MW_VEE_ELECTRICITY;
    mw_vee_class c = MW_VEE_RESIDENTIAL;
    MW_TRY(mw_json_get_text(root, "medium", 31, &medium, error));
    MW_TRY(mw_json_get_text(root, "class", 31, &class, error));
    MW_TRY(mw_json_get_utc(root, "from", &p->from, error));
    MW_TRY(weights_of(root, p, error));
    (void)snprintf(error->text, sizeof error->text,
                   "medium must be electricity, water, gas or heat, class residential or "
                   "commercial");
    if (mw_vee_medium_of(medium, &m) != MW_OK || mw_vee_class_of(class, &c) != MW_OK)
        return MW_SYNTAX;
    p->medium = (uint8_t)m;
    p->class = (uint8_t)c;
    return MW_OK;
}

void mw_api_profile_set(mw_api_call *call) {
    static const char *const members[] = {"reason",  "medium",   "class",  "from",
                                          "workday", "saturday", "sunday", NULL};
    mw_engine_person who;
    mw_store_profile p = {.tenant = call->tenant};
    mw_json_error error = {"the body is malformed"};
    json_t *root = mw_api_decision(call, members, 2, &who);
    if (root == NULL)
        return;
    mw_status s = profile_of(root, &p, &error);
    p.set_at = who.now;
    (void)snprintf(p.set_by, sizeof p.set_by, "%s", who.login);
    if (s == MW_OK)
        mw_api_decided(call, mw_engine_profile(call->api->o.validation, &who, &p), "no such class");
    else
        mw_api_invalid(call, error.text);
    json_decref(root);
}
