/* SPDX-License-Identifier: Apache-2.0
 *
 * The import wizard: mappings by name, a preview of a table, the dry run, the import, its undoing.
 * A file is the body of the request; large ones go through the command line.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/api/internal.h"
#include "platform/files/apply.h"

#define PREVIEW_ROWS 20

/* ---- mappings ---- */

static void put_mapping(mw_json *j, const mw_store_mapping *m) {
    mw_json_object_begin(j);
    mw_json_put_text(j, "name", m->name);
    mw_json_put_utc(j, "changed_at", m->at);
    mw_json_put_text(j, "changed_by", m->who);
    mw_json_object_end(j);
}

static mw_status each_mapping(void *ctx, const mw_store_mapping *m) {
    put_mapping(ctx, m);
    return MW_OK;
}

void mw_api_mapping_list(mw_api_call *call) {
    mw_buffer b;
    mw_json j = mw_api_object_begin(&b, 1024 * 1024);
    mw_json_put_array(&j, "items");
    mw_status s = mw_store_mappings(call->api->o.store, call->tenant, each_mapping, &j);
    mw_json_array_end(&j);
    mw_json_object_end(&j);
    if (s == MW_OK) {
        mw_api_send_json(call, 200, &j, &b);
        return;
    }
    mw_buffer_fini(&b);
    mw_api_fail(call, s);
}

void mw_api_mapping_read(mw_api_call *call) {
    uint8_t room[MW_STORE_MAPPING_MAX];
    size_t n = 0;
    mw_status s = mw_store_mapping_get(call->api->o.store, call->tenant,
                                       mw_http_param(call->http, "name"), MW_SPAN_OF(room), &n);
    if (s == MW_OK)
        mw_http_reply_json(call->http, 200, (mw_slice){room, n});
    else
        mw_api_fail(call, s);
}

/* 1..63 characters of letters, digits, '-', '_' and '.'. */
static bool name_ok(const char *name) {
    size_t n = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.");
    return n > 0 && n < MW_STORE_ID_MAX && name[n] == 0;
}

static mw_status mapping_write(mw_api_call *call, const mw_store_mapping *row, mw_slice json) {
    mw_store *store = call->api->o.store;
    MW_TRY(mw_store_begin(store));
    mw_status s = mw_store_mapping_put(store, call->tenant, row, json);
    if (s == MW_OK)
        s = mw_api_audit(call, "mapping.put", row->name, "");
    return mw_api_end(call, s);
}

void mw_api_mapping_write(mw_api_call *call) {
    mw_mapping checked;
    mw_json_error error;
    const char *name = mw_http_param(call->http, "name");
    mw_slice body = mw_http_body(call->http);
    if (!name_ok(name)) {
        mw_api_invalid(call, "a name has up to 63 letters, digits, '-', '_' and '.'");
        return;
    }
    if (mw_mapping_decode(body, &checked, &error) != MW_OK) {
        mw_api_invalid(call, error.text);
        return;
    }
    mw_store_mapping row = {.at = mw_loop_utc(call->api->o.loop)};
    snprintf(row.name, sizeof row.name, "%s", name);
    snprintf(row.who, sizeof row.who, "%s", call->user.login);
    mw_status s = mapping_write(call, &row, body);
    if (s == MW_OK)
        mw_http_reply_empty(call->http, 204);
    else
        mw_api_fail(call, s);
}

void mw_api_mapping_delete(mw_api_call *call) {
    mw_store *store = call->api->o.store;
    const char *name = mw_http_param(call->http, "name");
    mw_status s = mw_store_begin(store);
    if (s == MW_OK) {
        s = mw_store_mapping_delete(store, call->tenant, name);
        if (s == MW_OK)
            s = mw_api_audit(call, "mapping.delete", name, "");
        s = mw_api_end(call, s);
    }
    if (s == MW_OK)
        mw_http_reply_empty(call->http, 204);
    else
        mw_api_fail(call, s);
}

/* ---- preview ---- */

typedef struct preview {
    mw_json *j;
    unsigned rows;
} preview;

static mw_status preview_row(void *ctx, uint32_t row, const mw_slice *cells, size_t n) {
    preview *p = ctx;
    if (p->rows++ == PREVIEW_ROWS)
        return MW_CLOSED;
    mw_json_object_begin(p->j);
    mw_json_put_uint(p->j, "row", row);
    mw_json_put_array(p->j, "cells");
    for (size_t i = 0; i < n; i++)
        mw_json_slice(p->j, cells[i]);
    mw_json_array_end(p->j);
    mw_json_object_end(p->j);
    return MW_OK;
}

static mw_status sheet_name(void *ctx, const char *name) {
    mw_json_text(ctx, name);
    return MW_OK;
}

void mw_api_import_preview(mw_api_call *call) {
    mw_slice file = mw_http_body(call->http);
    bool xlsx = mw_table_kind_of(file) == MW_TABLE_XLSX;
    mw_table_error error = {0};
    mw_buffer b;
    mw_buffer_init(&b, 4 * 1024 * 1024);
    mw_json j = mw_json_of(&b);
    preview p = {.j = &j};
    mw_json_object_begin(&j);
    mw_json_put_text(&j, "kind", xlsx ? "xlsx" : "csv");
    mw_json_put_array(&j, "sheets");
    mw_status s = xlsx ? mw_xlsx_sheets(file, sheet_name, &j, &error) : MW_OK;
    mw_json_array_end(&j);
    mw_json_put_array(&j, "rows");
    if (s == MW_OK)
        s = xlsx ? mw_xlsx_read(file, mw_http_query(call->http, "sheet"), preview_row, &p, &error)
                 : mw_csv_read(file, (mw_csv_options){0}, preview_row, &p, &error);
    mw_json_array_end(&j);
    mw_json_object_end(&j);
    if (s == MW_OK || s == MW_CLOSED) {
        mw_api_send_json(call, 200, &j, &b);
        return;
    }
    mw_buffer_fini(&b);
    if (error.text[0] != 0)
        mw_api_invalid(call, error.text);
    else
        mw_api_fail(call, s);
}

/* ---- import ---- */

static void put_result(mw_json *j, const mw_import_result *r, bool dry) {
    const mw_import_report *p = &r->report;
    mw_json_object_begin(j);
    mw_json_put_bool(j, "dry", dry);
    mw_json_key(j, "import");
    r->id != 0 ? mw_json_int(j, r->id) : mw_json_null(j);
    mw_json_put_uint(j, "rows", p->rows);
    mw_json_put_uint(j, "meters", p->meters - r->unchanged);
    mw_json_put_uint(j, "meters_unchanged", r->unchanged);
    mw_json_put_uint(j, "values", p->values);
    mw_json_put_uint(j, "values_kept", r->kept);
    mw_json_put_uint(j, "channels", p->channels);
    mw_json_put_uint(j, "empty", p->empty);
    mw_json_put_uint(j, "repeated", p->repeated);
    mw_json_put_uint(j, "superseded", p->superseded);
    mw_json_put_uint(j, "clock_times_twice", p->twice);
    mw_json_put_uint(j, "clock_times_shifted", p->shifted);
    mw_json_put_utc(j, "first", p->first);
    mw_json_put_utc(j, "last", p->last);
    mw_json_put_uint(j, "problems", p->problem_count);
    mw_json_put_array(j, "problem_rows");
    for (size_t i = 0; i < p->problems; i++) {
        mw_json_object_begin(j);
        mw_json_put_uint(j, "row", p->problem[i].row);
        mw_json_put_text(j, "message", p->problem[i].text);
        mw_json_object_end(j);
    }
    mw_json_array_end(j);
    mw_json_object_end(j);
}

static mw_status tenant_name(void *ctx, int64_t tenant, const char *name) {
    mw_import_session *s = ctx;
    if (tenant == s->tenant)
        snprintf((char *)(uintptr_t)s->tenant_name, MW_STORE_ID_MAX, "%s", name);
    return MW_OK;
}

static mw_status session_of(mw_api_call *call, char name[MW_STORE_ID_MAX], mw_import_session *out) {
    name[0] = 0;
    *out = (mw_import_session){.store = call->api->o.store,
                               .registry = call->api->o.registry,
                               .zones = call->api->o.zones,
                               .tenant = call->tenant,
                               .tenant_name = name,
                               .who = call->user.login,
                               .now = mw_loop_utc(call->api->o.loop)};
    return mw_store_tenants(call->api->o.store, tenant_name, out);
}

/* The stored mapping that the query names; answers itself when there is none. */
static bool mapping_of(mw_api_call *call, const char *name, mw_mapping *out) {
    uint8_t room[MW_STORE_MAPPING_MAX];
    size_t n = 0;
    mw_json_error error;
    if (name == NULL) {
        mw_api_invalid(call, "mapping must name a mapping");
        return false;
    }
    mw_status s =
        mw_store_mapping_get(call->api->o.store, call->tenant, name, MW_SPAN_OF(room), &n);
    if (s == MW_OK)
        s = mw_mapping_decode((mw_slice){room, n}, out, &error);
    if (s == MW_OK)
        return true;
    mw_api_fail(call, s);
    return false;
}

static void import_run(mw_api_call *call, const mw_mapping *mapping, const char *mapping_name,
                       bool dry, mw_import_result *result) {
    char tenant[MW_STORE_ID_MAX];
    mw_import_session session;
    const char *file_name = mw_http_query(call->http, "file");
    mw_import_file file = {mapping_name, mapping, file_name != NULL ? file_name : "",
                           mw_http_body(call->http)};
    mw_status s = session_of(call, tenant, &session);
    if (s == MW_OK)
        s = mw_import_apply(&session, &file, dry, result);
    if (s == MW_OK && result->id != 0)
        s = mw_api_audit_alone(call, "import", mapping_name, file.name);
    if (s != MW_OK) {
        mw_api_fail(call, s);
        return;
    }
    mw_buffer b;
    mw_buffer_init(&b, 256 * 1024);
    mw_json j = mw_json_of(&b);
    put_result(&j, result, dry);
    mw_api_send_json(call, result->report.problem_count > 0 && !dry ? 422 : 200, &j, &b);
    if (result->id != 0 && call->api->o.on_uplinks != NULL)
        call->api->o.on_uplinks(call->api->o.context); /* readings stand in the journal */
}

void mw_api_import_create(mw_api_call *call) {
    const char *name = mw_http_query(call->http, "mapping");
    const char *dry = mw_http_query(call->http, "dry");
    if (dry != NULL && strcmp(dry, "true") != 0 && strcmp(dry, "false") != 0) {
        mw_api_invalid(call, "dry must be true or false");
        return;
    }
    mw_mapping *mapping = malloc(sizeof *mapping);
    mw_import_result *result = malloc(sizeof *result);
    if (mapping == NULL || result == NULL)
        mw_api_fail(call, MW_NOMEM);
    else if (mapping_of(call, name, mapping))
        import_run(call, mapping, name, dry != NULL && strcmp(dry, "true") == 0, result);
    free(mapping);
    free(result);
}

/* ---- what was imported ---- */

static mw_status each_import(void *ctx, const mw_store_import *i) {
    mw_api_page *p = ctx;
    if (!mw_api_page_take(p, i->id))
        return MW_OK;
    static const char *const kinds[] = {"meters", "intervals", "registers"};
    mw_json_object_begin(&p->json);
    mw_json_put_int(&p->json, "id", i->id);
    mw_json_put_text(&p->json, "mapping", i->name);
    mw_json_put_text(&p->json, "file", i->file);
    mw_json_put_hex(&p->json, "digest", MW_SLICE_OF(i->digest));
    mw_json_put_text(&p->json, "rows", kinds[i->rows_kind < 3 ? i->rows_kind : 0]);
    mw_json_put_utc(&p->json, "at", i->at);
    mw_json_put_text(&p->json, "by", i->who);
    mw_json_put_uint(&p->json, "meters", i->meters);
    mw_json_put_uint(&p->json, "values", i->values);
    mw_json_put_utc(&p->json, "first", i->first);
    mw_json_put_utc(&p->json, "last", i->last);
    mw_json_put_utc(&p->json, "undone_at", i->undone_at);
    mw_json_put_text(&p->json, "undone_by", i->undone_by[0] != 0 ? i->undone_by : NULL);
    mw_json_object_end(&p->json);
    return MW_OK;
}

void mw_api_import_list(mw_api_call *call) {
    mw_api_page p;
    if (mw_api_page_begin(call, &p, 1024 * 1024))
        mw_api_page_end(call, &p,
                        mw_store_imports(call->api->o.store, call->tenant, p.before, p.limit + 1,
                                         each_import, &p));
}

void mw_api_import_undo(mw_api_call *call) {
    char tenant[MW_STORE_ID_MAX];
    mw_import_session session;
    mw_import_undo_result r;
    const char *text = mw_http_param(call->http, "import");
    int64_t id = strtoll(text, NULL, 10);
    mw_status s = session_of(call, tenant, &session);
    if (s == MW_OK)
        s = mw_import_undo(&session, id, &r);
    if (s == MW_OK)
        s = mw_api_audit_alone(call, "import.undo", text, "");
    if (s != MW_OK) {
        mw_api_fail(call, s);
        return;
    }
    mw_buffer b;
    mw_json j = mw_api_object_begin(&b, 4096);
    mw_json_put_uint(&j, "spans_withdrawn", r.values);
    mw_json_put_uint(&j, "removed", r.removed);
    mw_json_put_uint(&j, "left", r.left);
    mw_api_object_send(call, 200, &j, &b);
}
