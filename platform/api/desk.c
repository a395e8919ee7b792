/* SPDX-License-Identifier: Apache-2.0
 *
 * What operators keep for their own work: saved filters, notes about meters, where a meter hung, and
 * changes of many meters at once.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/api/fleet_keep.h"
#include "platform/api/internal.h"
#include "runtime/json_read.h"

enum { BULK_METERS_MAX = 1000 };

static void answer_id(mw_api_call *call, mw_status s, int64_t id) {
    if (s != MW_OK) {
        mw_api_fail(call, s);
        return;
    }
    char text[48];
    (void)snprintf(text, sizeof text, "{\"id\":%lld}", (long long)id);
    mw_http_reply_json(call->http, 201, mw_slice_of_str(text));
}

/* ---- saved filters ---- */

static mw_status put_filter(void *ctx, const mw_store_filter *f) {
    mw_json *j = ctx;
    mw_json_object_begin(j);
    mw_json_put_int(j, "id", f->id);
    mw_json_put_text(j, "name", f->name);
    mw_json_put_text(j, "query", f->query);
    mw_json_put_utc(j, "changed_at", f->at);
    mw_json_object_end(j);
    return MW_OK;
}

void mw_api_filter_list(mw_api_call *call) {
    mw_buffer b;
    mw_json j = mw_api_object_begin(&b, 1024 * 1024);
    mw_json_put_array(&j, "items");
    mw_status s = mw_store_filters(call->api->o.store, call->tenant, call->user.id, put_filter, &j);
    mw_json_array_end(&j);
    mw_json_object_end(&j);
    if (s == MW_OK) {
        mw_api_send_json(call, 200, &j, &b);
        return;
    }
    mw_buffer_fini(&b);
    mw_api_fail(call, s);
}

void mw_api_filter_put(mw_api_call *call) {
    static const char *const members[] = {"name", "query", NULL};
    mw_json_error error = {"the body is malformed"};
    mw_store_filter f = {.at = mw_loop_utc(call->api->o.loop)};
    const char *name = NULL, *query = NULL;
    json_t *root = NULL;
    if (!mw_api_body(call, members, &root))
        return;
    mw_status s = mw_json_get_text(root, "name", sizeof f.name - 1, &name, &error);
    if (s == MW_OK)
        s = mw_json_get_text(root, "query", MW_STORE_FILTER_MAX, &query, &error);
    if (s != MW_OK || name[0] == 0) {
        mw_api_invalid(call, s != MW_OK ? error.text : "a filter needs a name");
        json_decref(root);
        return;
    }
    (void)snprintf(f.name, sizeof f.name, "%s", name);
    (void)snprintf(f.query, sizeof f.query, "%s", query);
    json_decref(root);
    int64_t id = 0;
    s = mw_store_begin(call->api->o.store);
    if (s == MW_OK)
        s = mw_api_end(
            call, mw_store_filter_put(call->api->o.store, call->tenant, call->user.id, &f, &id));
    if (s == MW_LIMIT)
        mw_http_reply_problem(call->http, 409, "LIMIT", "a user has up to 100 saved filters");
    else
        answer_id(call, s, id);
}

void mw_api_filter_delete(mw_api_call *call) {
    const char *text = mw_http_param(call->http, "filter");
    int64_t id = strtoll(text, NULL, 10);
    mw_status s = mw_store_begin(call->api->o.store);
    if (s == MW_OK)
        s = mw_api_end(call,
                       mw_store_filter_delete(call->api->o.store, call->tenant, call->user.id, id));
    if (s == MW_OK)
        mw_http_reply_empty(call->http, 204);
    else
        mw_api_fail(call, s);
}

/* ---- notes ---- */

static mw_status put_note(void *ctx, const mw_store_note *n) {
    mw_api_page *p = ctx;
    if (!mw_api_page_take(p, n->id))
        return MW_OK;
    mw_json_object_begin(&p->json);
    mw_json_put_int(&p->json, "id", n->id);
    mw_json_put_utc(&p->json, "at", n->at);
    mw_json_put_text(&p->json, "who", n->who);
    mw_json_put_text(&p->json, "text", n->text);
    mw_json_object_end(&p->json);
    return MW_OK;
}

void mw_api_meter_notes(mw_api_call *call) {
    mw_api_page p;
    if (mw_api_page_begin(call, &p, (size_t)4 * 1024 * 1024))
        mw_api_page_end(call, &p,
                        mw_store_notes(call->api->o.store, call->tenant, call->meter.device.device,
                                       p.before, p.limit + 1, put_note, &p));
}

static void note_of(mw_api_call *call, const char *text, mw_store_note *out) {
    *out = (mw_store_note){.at = mw_loop_utc(call->api->o.loop)};
    (void)snprintf(out->who, sizeof out->who, "%s",
                   call->user.name[0] != 0 ? call->user.name : call->user.login);
    (void)snprintf(out->text, sizeof out->text, "%s", text);
}

static mw_status note_write(mw_api_call *call, const mw_store_meter *m, const mw_store_note *n,
                            int64_t *out_id) {
    char subject[MW_API_METER_ID_MAX];
    mw_api_meter_id(m, subject);
    MW_TRY(mw_store_note_add(call->api->o.store, call->tenant, m->device.device, n, out_id));
    return mw_api_audit(call, "note.add", subject, "");
}

void mw_api_meter_note_create(mw_api_call *call) {
    static const char *const members[] = {"text", NULL};
    mw_json_error error = {"the body is malformed"};
    const char *text = NULL;
    json_t *root = NULL;
    if (!mw_api_body(call, members, &root))
        return;
    mw_status s = mw_json_get_text(root, "text", MW_STORE_NOTE_MAX, &text, &error);
    if (s != MW_OK || text[0] == 0) {
        mw_api_invalid(call, s != MW_OK ? error.text : "a note needs a text");
        json_decref(root);
        return;
    }
    mw_store_note n;
    int64_t id = 0;
    note_of(call, text, &n);
    json_decref(root);
    s = mw_store_begin(call->api->o.store);
    if (s == MW_OK)
        s = mw_api_end(call, note_write(call, &call->meter, &n, &id));
    answer_id(call, s, id);
}

/* ---- where a meter hung ---- */

typedef struct past {
    mw_json *j;
    const mw_store_channel *channel;
} past;

static mw_status put_installation(void *ctx, const mw_store_installation *i) {
    past *p = ctx;
    mw_json *j = p->j;
    mw_json_object_begin(j);
    mw_json_put_text(j, "usage_point", i->usage_point);
    mw_json_put_utc(j, "from", i->from);
    mw_json_put_utc(j, "to", i->to);
    mw_json_key(j, "initial_value");
    i->has_initial_value ? mw_json_int(j, i->initial_value) : mw_json_null(j);
    mw_json_key(j, "final_value");
    i->has_final_value ? mw_json_int(j, i->final_value) : mw_json_null(j);
    mw_json_put_utc(j, "recorded_at", i->recorded.us > 0 ? i->recorded : MW_UTC_NONE);
    mw_json_object_end(j);
    return MW_OK;
}

void mw_api_meter_installations(mw_api_call *call) {
    mw_utc as_of;
    if (!mw_api_utc(call, "as_of", MW_UTC_NONE, &as_of))
        return;
    mw_buffer b;
    mw_buffer_init(&b, 64 * 1024);
    mw_json j = mw_json_of(&b);
    past p = {&j, &call->meter.channel};
    mw_store_installation_query q = {
        .tenant = call->tenant, .channel = call->meter.channel.channel, .as_of = as_of};
    mw_json_object_begin(&j);
    mw_json_put_utc(&j, "as_of", as_of);
    mw_json_put_array(&j, "items");
    mw_status s = mw_store_installations(call->api->o.store, &q, put_installation, &p);
    mw_json_array_end(&j);
    mw_json_object_end(&j);
    if (s == MW_OK) {
        mw_api_send_json(call, 200, &j, &b);
        return;
    }
    mw_buffer_fini(&b);
    mw_api_fail(call, s);
}

/* ---- many meters at once ---- */

typedef struct bulk {
    mw_api_call *call;
    const char *text; /* of the note, or NULL */
    mw_store_area area;
    uint32_t done, missing;
    mw_json_error error;
} bulk;

static mw_status bulk_area(bulk *b, const mw_store_meter *m) {
    if (m->usage_point.id[0] == 0) {
        b->missing++;
        return MW_OK;
    }
    mw_store_membership row = {.kind = MW_MEMBER_USAGE_POINT,
                               .from = mw_loop_utc(b->call->api->o.loop),
                               .to = MW_UTC_NONE};
    (void)snprintf(row.member, sizeof row.member, "%s", m->usage_point.id);
    (void)snprintf(row.area, sizeof row.area, "%s", b->area.id);
    MW_TRY(mw_store_membership_put(b->call->api->o.store, b->call->tenant, &row));
    b->done++;
    return mw_api_audit(b->call, "area.assign", row.member, row.area);
}

static mw_status bulk_note(bulk *b, const mw_store_meter *m) {
    mw_store_note n;
    int64_t id = 0;
    note_of(b->call, b->text, &n);
    MW_TRY(note_write(b->call, m, &n, &id));
    b->done++;
    return MW_OK;
}

static mw_status bulk_each(bulk *b, const json_t *meters) {
    mw_api_call *call = b->call;
    for (size_t i = 0; i < json_array_size(meters); i++) {
        uint64_t identity = 0;
        uint8_t number = 0;
        mw_store_meter m;
        const char *id = json_string_value(json_array_get(meters, i));
        if (id == NULL || mw_api_parse_meter(mw_slice_of_str(id), &identity, &number) != MW_OK) {
            (void)snprintf(b->error.text, sizeof b->error.text, "meters has something else");
            return MW_SYNTAX;
        }
        mw_status s = mw_store_meter_get(call->api->o.store, call->tenant, identity, number, &m);
        if (s == MW_NOT_FOUND || (s == MW_OK && !mw_api_in_area(call, m.usage_point.id))) {
            b->missing++;
            continue;
        }
        MW_TRY(s);
        MW_TRY(b->text != NULL ? bulk_note(b, &m) : bulk_area(b, &m));
    }
    return MW_OK;
}

static mw_status bulk_members(bulk *b, const json_t *root) {
    const char *name = NULL, *id = NULL;
    bool note = json_object_get(root, "note") != NULL;
    if (note == (json_object_get(root, "area") != NULL)) {
        (void)snprintf(b->error.text, sizeof b->error.text, "give either a note or an area");
        return MW_SYNTAX;
    }
    if (note) {
        MW_TRY(mw_json_get_text(root, "note", MW_STORE_NOTE_MAX, &b->text, &b->error));
        return b->text[0] != 0 ? MW_OK : MW_SYNTAX;
    }
    MW_TRY(mw_json_get_text(root, "area", sizeof b->area.id - 1, &id, &b->error));
    if (id[0] == 0)
        return MW_SYNTAX;
    (void)snprintf(b->area.id, sizeof b->area.id, "%s", id);
    if (json_object_get(root, "area_name") == NULL)
        return MW_OK;
    MW_TRY(mw_json_get_text(root, "area_name", sizeof b->area.name - 1, &name, &b->error));
    (void)snprintf(b->area.name, sizeof b->area.name, "%s", name);
    (void)snprintf(b->area.kind, sizeof b->area.kind, "region");
    return MW_OK;
}

static mw_status bulk_run(bulk *b, const json_t *root) {
    json_t *meters = NULL;
    mw_store *store = b->call->api->o.store;
    MW_TRY(mw_json_get_array(root, "meters", BULK_METERS_MAX, &meters, &b->error));
    MW_TRY(mw_store_begin(store));
    mw_status s = MW_OK;
    if (b->area.name[0] != 0)
        s = mw_store_area_put(store, b->call->tenant, &b->area);
    if (s == MW_OK)
        s = bulk_each(b, meters);
    return mw_api_end(b->call, s);
}

void mw_api_meter_bulk(mw_api_call *call) {
    static const char *const members[] = {"meters", "note", "area", "area_name", NULL};
    bulk b = {.call = call};
    json_t *root = NULL;
    if (!mw_api_body(call, members, &root))
        return;
    (void)snprintf(b.error.text, sizeof b.error.text, "a note or an area must not be empty");
    mw_status s = bulk_members(&b, root);
    if (s == MW_OK)
        s = bulk_run(&b, root);
    json_decref(root);
    mw_fleets_changed(call->api->fleets, call->tenant);
    if (s == MW_SYNTAX || s == MW_RANGE) {
        mw_api_invalid(call, b.error.text);
    } else if (s != MW_OK) {
        mw_api_fail(call, s);
    } else {
        char text[80];
        (void)snprintf(text, sizeof text, "{\"done\":%u,\"left_out\":%u}", b.done, b.missing);
        mw_http_reply_json(call->http, 200, mw_slice_of_str(text));
    }
}

/* ---- areas, to choose from ---- */

static mw_status put_area(void *ctx, const mw_store_area *a) {
    mw_json *j = ctx;
    mw_json_object_begin(j);
    mw_json_put_text(j, "id", a->id);
    mw_json_put_text(j, "kind", a->kind);
    mw_json_put_text(j, "name", a->name);
    mw_json_object_end(j);
    return MW_OK;
}

void mw_api_area_list(mw_api_call *call) {
    mw_buffer b;
    mw_json j = mw_api_object_begin(&b, 4 * 1024 * 1024);
    mw_json_put_array(&j, "items");
    mw_status s = mw_store_areas(call->api->o.store, call->tenant, put_area, &j);
    mw_json_array_end(&j);
    mw_json_object_end(&j);
    if (s == MW_OK) {
        mw_api_send_json(call, 200, &j, &b);
        return;
    }
    mw_buffer_fini(&b);
    mw_api_fail(call, s);
}
