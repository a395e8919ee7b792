/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/files/meters_apply.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/files/gather.h"

/* What a row says of a meter and one of its channels. */
typedef struct claim {
    json_t *root;
    uint64_t identity;
    const char *serial;
    const char *model;
    uint32_t address;
    uint8_t number;
    const char *usage_point; /* "" = none */
    const char *person;      /* "" = none */
    const char *obis;
} claim;

void mw_meters_begin(mw_meters_apply *m, const mw_import_session *session) {
    *m = (mw_meters_apply){.session = session};
    mw_buffer_init(&m->lines, MW_METERS_LINES_MAX);
}

void mw_meters_end(mw_meters_apply *m) {
    if (m->lines.p != NULL)
        mw_bytes_wipe(m->lines.p, m->lines.n); /* keys of meters */
    mw_buffer_fini(&m->lines);
    free(m->thing);
    m->thing = NULL;
}

/* ---- reading a row ---- */

static const char *text_of(const json_t *o, const char *key) {
    const char *text = json_string_value(json_object_get(o, key));
    return text != NULL ? text : "";
}

/* Puts the tenant in, or checks that it is the importer's own. */
static mw_status tenant_check(mw_meters_apply *m, json_t *root, char why[160]) {
    const char *tenant = text_of(root, "tenant");
    if (*tenant == 0)
        return json_object_set_new(root, "tenant", json_string(m->session->tenant_name)) == 0
                   ? MW_OK
                   : MW_NOMEM;
    if (strcmp(tenant, m->session->tenant_name) == 0)
        return MW_OK;
    snprintf(why, 160, "tenant: is another one than that of the importer");
    return MW_FORBIDDEN;
}

static mw_status claim_read(mw_meters_apply *m, mw_slice json, claim *c, char why[160]) {
    mw_json_limits limits = {.bytes_max = MW_IMPORT_METER_MAX, .depth_max = 8};
    uint8_t id[8];
    *c = (claim){0};
    MW_TRY(mw_json_parse(json, limits, &c->root, NULL));
    MW_TRY(tenant_check(m, c->root, why));
    if (mw_hex_decode(mw_slice_of_str(text_of(c->root, "device_id")), MW_SPAN_OF(id)) != MW_OK) {
        snprintf(why, 160, "device_id: must have 16 hex digits");
        return MW_SYNTAX;
    }
    mw_reader r = mw_reader_of(MW_SLICE_OF(id));
    const json_t *channel = json_array_get(json_object_get(c->root, "channels"), 0);
    const json_t *point = json_object_get(channel, "usage_point");
    c->identity = mw_read_u64be(&r);
    c->serial = text_of(c->root, "serial");
    c->model = text_of(c->root, "model");
    c->address = (uint32_t)json_integer_value(json_object_get(c->root, "network_address"));
    c->number = (uint8_t)json_integer_value(json_object_get(channel, "number"));
    c->obis = text_of(channel, "obis");
    c->usage_point = text_of(point, "id");
    c->person = text_of(json_object_get(point, "customer"), "id");
    return MW_OK;
}

/* ---- against what is there ---- */

static mw_status thing_add(mw_meters_apply *m, mw_store_imported_kind kind, const char *key) {
    if (m->things == m->things_room) {
        size_t room = m->things_room == 0 ? 256 : m->things_room * 2;
        mw_meters_thing *more = realloc(m->thing, room * sizeof *more);
        if (more == NULL)
            return MW_NOMEM;
        m->thing = more;
        m->things_room = room;
    }
    mw_meters_thing *t = &m->thing[m->things++];
    t->kind = kind;
    snprintf(t->key, sizeof t->key, "%s", key);
    return MW_OK;
}

/* Rows of one meter stand together, as a rule: look from the end. */
static bool made_here(const mw_meters_apply *m, mw_store_imported_kind kind, const char *key) {
    for (size_t i = m->things; i-- > 0 && m->things - i < 1000;)
        if (m->thing[i].kind == kind && strcmp(m->thing[i].key, key) == 0)
            return true;
    return false;
}

static mw_status differs(char why[160], const char *what, const char *is) {
    snprintf(why, 160, "the meter exists with another %s: %.80s", what, is);
    return MW_CONFLICT;
}

static mw_status key_compare(mw_meters_apply *m, const claim *c, const mw_store_device *d,
                             char why[160]) {
    uint8_t stored[MW_REGISTRY_KEY_SIZE], given[MW_REGISTRY_KEY_SIZE];
    if (mw_hex_decode(mw_slice_of_str(text_of(c->root, "master_key")), MW_SPAN_OF(given)) != MW_OK)
        return differs(why, "key", "not shown");
    MW_TRY(mw_registry_key(m->session->registry, m->session->tenant, d, stored));
    bool same = mw_slice_equal_ct(MW_SLICE_OF(stored), MW_SLICE_OF(given));
    mw_bytes_wipe(stored, sizeof stored);
    mw_bytes_wipe(given, sizeof given);
    return same ? MW_OK : differs(why, "key", "not shown");
}

static mw_status compare(mw_meters_apply *m, const claim *c, const mw_store_device *d,
                         char why[160]) {
    mw_store_meter is;
    char address[16], obis[MW_STORE_OBIS_TEXT_MAX];
    snprintf(address, sizeof address, "%" PRIu32, d->network_address);
    if (strcmp(c->serial, d->serial) != 0)
        return differs(why, "serial number", d->serial);
    if (strcmp(c->model, d->model) != 0)
        return differs(why, "model", d->model);
    if (c->address != d->network_address)
        return differs(why, "network address", address);
    mw_status s =
        mw_store_meter_get(m->session->store, m->session->tenant, d->identity, c->number, &is);
    if (s == MW_NOT_FOUND) {
        snprintf(why, 160, "the meter exists without channel %u", c->number);
        return MW_CONFLICT;
    }
    MW_TRY(s);
    mw_store_obis_format(is.channel.obis, obis);
    if (strcmp(c->obis, obis) != 0)
        return differs(why, "OBIS code", obis);
    if (strcmp(c->usage_point, is.usage_point.id) != 0)
        return differs(why, "usage point", is.usage_point.id);
    return key_compare(m, c, d, why);
}

static mw_status new_things(mw_meters_apply *m, const claim *c, const char *identity) {
    mw_store *store = m->session->store;
    int64_t tenant = m->session->tenant;
    mw_store_usage_point point;
    mw_store_person person;
    char premise[MW_STORE_ID_MAX];
    if (!made_here(m, MW_IMPORTED_DEVICE, identity))
        MW_TRY(thing_add(m, MW_IMPORTED_DEVICE, identity));
    mw_status s = *c->usage_point == 0
                      ? MW_OK
                      : mw_store_usage_point_get(store, tenant, c->usage_point, &point, premise);
    if (s == MW_NOT_FOUND)
        s = thing_add(m, MW_IMPORTED_USAGE_POINT, c->usage_point);
    MW_TRY(s);
    s = *c->person == 0 ? MW_OK : mw_store_person_get(store, tenant, c->person, &person);
    if (s == MW_NOT_FOUND)
        s = thing_add(m, MW_IMPORTED_PERSON, c->person);
    return s;
}

static mw_status line_keep(mw_meters_apply *m, const claim *c) {
    char *text = json_dumps(c->root, JSON_COMPACT);
    if (text == NULL)
        return MW_NOMEM;
    mw_buffer_append_str(&m->lines, text);
    mw_buffer_append_byte(&m->lines, '\n');
    mw_bytes_wipe(text, strlen(text));
    free(text);
    return m->lines.status;
}

static mw_status claim_check(mw_meters_apply *m, const claim *c, char why[160]) {
    mw_store_device d;
    char identity[17];
    snprintf(identity, sizeof identity, "%016" PRIx64, c->identity);
    mw_status s = mw_store_device_get(m->session->store, m->session->tenant, c->identity, &d);
    if (s == MW_OK && !made_here(m, MW_IMPORTED_DEVICE, identity)) {
        MW_TRY(compare(m, c, &d, why));
        m->unchanged++;
        return MW_OK;
    }
    if (s != MW_OK && s != MW_NOT_FOUND)
        return s;
    MW_TRY(new_things(m, c, identity));
    size_t at = m->lines.n;
    MW_TRY(line_keep(m, c));
    /* The registry itself says whether it takes the row; the dry run is rolled back. */
    mw_registry_import_report report;
    mw_slice line = mw_slice_sub(mw_buffer_view(&m->lines), at, m->lines.n - at);
    s = mw_registry_import_within(m->session->registry, line, m->session->now, &report);
    if (s != MW_OK) {
        const char *text = strstr(report.error, ": ");
        snprintf(why, 160, "%s", text != NULL ? text + 2 : report.error);
    }
    return s;
}

mw_status mw_meters_check(mw_meters_apply *m, mw_slice json, char out_why[160]) {
    claim c;
    mw_status s = MW_OK;
    if (!m->checking)
        s = mw_store_begin(m->session->store);
    MW_TRY(s);
    m->checking = true;
    s = claim_read(m, json, &c, out_why);
    if (s == MW_OK)
        s = claim_check(m, &c, out_why);
    json_decref(c.root);
    return s;
}

mw_status mw_meters_checked(mw_meters_apply *m) {
    if (!m->checking)
        return MW_OK;
    m->checking = false;
    mw_status s = mw_store_rollback(m->session->store);
    mw_registry_forget(m->session->registry);
    return s;
}

mw_status mw_meters_write(mw_meters_apply *m, int64_t import, mw_import_report *report) {
    if (m->things == 0)
        return MW_OK;
    mw_registry_import_report done;
    mw_status s = mw_registry_import_within(m->session->registry, mw_buffer_view(&m->lines),
                                            m->session->now, &done);
    if (s != MW_OK) {
        mw_import_problem_add(report, done.bad_line, "%s", done.error);
        return mw_status_class_of(s) == MW_CLASS_ENVIRONMENT ? s : MW_OK;
    }
    for (size_t i = 0; i < m->things; i++)
        MW_TRY(mw_store_imported_add(m->session->store, m->session->tenant, import,
                                     m->thing[i].kind, m->thing[i].key));
    return MW_OK;
}
