/* SPDX-License-Identifier: Apache-2.0
 *
 * Import of devices from JSON lines. Every member is checked before its line is written; the first
 * bad line undoes all.
 */
#include <stdio.h>
#include <string.h>

#include "platform/registry/cosem.h"
#include "platform/registry/foreign.h"
#include "platform/registry/operations.h"
#include "platform/registry/registry_internal.h"
#include "runtime/json_read.h"

enum { LINE_MAX_BYTES = 4096 };

typedef struct importer {
    mw_registry *registry;
    mw_store *store;
    mw_utc at;
    mw_registry_import_report *report;
    mw_json_error error;
    int64_t tenant;
    mw_store_device device;
} importer;

/* Copies a text member; absent is allowed when optional. */
static mw_status text_get(importer *im, const json_t *o, const char *key, char *out, size_t size,
                          bool optional) {
    const char *text = "";
    mw_status s = mw_json_get_text(o, key, size - 1, &text, &im->error);
    if (s == MW_NOT_FOUND && optional) {
        im->error.text[0] = 0;
        out[0] = 0;
        return MW_OK;
    }
    MW_TRY(s);
    if (!optional && *text == 0) {
        snprintf(im->error.text, sizeof im->error.text, "\"%s\" is empty", key);
        return MW_RANGE;
    }
    snprintf(out, size, "%s", text);
    return MW_OK;
}
#define TEXT_INTO(im, o, key, array, optional) text_get(im, o, key, array, sizeof(array), optional)

static mw_status person_take(importer *im, const json_t *point, mw_store_usage_point *u) {
    json_t *customer = json_object_get(point, "customer");
    if (customer == NULL || json_is_null(customer))
        return MW_OK;
    if (!json_is_object(customer)) {
        snprintf(im->error.text, sizeof im->error.text, "\"customer\" is not an object");
        return MW_SYNTAX;
    }
    mw_store_person p = {0};
    MW_TRY(TEXT_INTO(im, customer, "id", p.id, false));
    MW_TRY(TEXT_INTO(im, customer, "name", p.name, false));
    MW_TRY(TEXT_INTO(im, customer, "login", p.login, true));
    snprintf(u->person, sizeof u->person, "%s", p.id);
    return mw_store_person_put(im->store, im->tenant, &p);
}

/* Only the form: whether the zone exists shows when its data are read. */
static bool zone_name_plausible(const char *name) {
    return name[0] != '/' && strstr(name, "..") == NULL && strchr(name, ' ') == NULL;
}

/* A channel that hangs there already stays as it is; one that hangs elsewhere is moved. */
static mw_status fitting_take(importer *im, int64_t channel, const char *usage_point) {
    mw_store_meter m;
    mw_noted unknown = {.known = false};
    mw_operator o = {im->store, im->tenant, "import", im->at};
    MW_TRY(mw_store_meter_of_channel(im->store, im->tenant, channel, &m));
    if (strcmp(m.usage_point.id, usage_point) == 0)
        return MW_OK;
    if (m.usage_point.id[0] != 0)
        MW_TRY(mw_meter_remove(&o, channel, im->at, unknown));
    return mw_meter_fit(&o, channel, usage_point, im->at, unknown);
}

/* "class": which thresholds, prices and profile hold (platform/vee knows them by number). */
static mw_status class_take(importer *im, const json_t *o, int64_t channel) {
    static const char *const classes[] = {"residential", "commercial"};
    char name[16];
    if (json_object_get(o, "class") == NULL)
        return MW_OK;
    MW_TRY(TEXT_INTO(im, o, "class", name, false));
    for (uint8_t i = 0; i < sizeof classes / sizeof classes[0]; i++)
        if (strcmp(name, classes[i]) == 0)
            return mw_store_vee_class_set(im->store, im->tenant, channel, i);
    snprintf(im->error.text, sizeof im->error.text, "\"class\" must be residential or commercial");
    return MW_RANGE;
}

static mw_status point_take(importer *im, const json_t *channel, int64_t number) {
    json_t *point = json_object_get(channel, "usage_point");
    if (point == NULL || json_is_null(point))
        return MW_OK;
    if (!json_is_object(point)) {
        snprintf(im->error.text, sizeof im->error.text, "\"usage_point\" is not an object");
        return MW_SYNTAX;
    }
    mw_store_usage_point u = {0};
    MW_TRY(TEXT_INTO(im, point, "id", u.id, false));
    MW_TRY(TEXT_INTO(im, point, "address", u.address, true));
    MW_TRY(TEXT_INTO(im, point, "time_zone", u.time_zone, false));
    if (!zone_name_plausible(u.time_zone)) {
        snprintf(im->error.text, sizeof im->error.text, "\"time_zone\" is not an IANA name");
        return MW_RANGE;
    }
    MW_TRY(person_take(im, point, &u));
    MW_TRY(mw_store_usage_point_put(im->store, im->tenant, &u));
    mw_status s = fitting_take(im, number, u.id);
    if (s == MW_CONFLICT)
        snprintf(im->error.text, sizeof im->error.text,
                 "the channel has a later installation elsewhere");
    return s;
}

static mw_status unit_take(importer *im, const json_t *o, mw_unit *out_unit) {
    char text[16];
    MW_TRY(TEXT_INTO(im, o, "unit", text, false));
    /* People write the symbol, standards the UCUM code: both are accepted. */
    if (mw_unit_of_ucum(text, out_unit) == MW_OK)
        return MW_OK;
    for (int u = 0; u < MW_UNIT_COUNT; u++) {
        if (strcmp(mw_unit_info_of((mw_unit)u)->symbol, text) == 0) {
            *out_unit = (mw_unit)u;
            return MW_OK;
        }
    }
    snprintf(im->error.text, sizeof im->error.text, "\"unit\" is not a known unit");
    return MW_RANGE;
}

static mw_status channel_take(importer *im, const json_t *o) {
    mw_store_channel c = {.device = im->device.device, .grid_seconds = 3600};
    int64_t number = 0, scale = 0, digits = 0;
    char obis[MW_STORE_OBIS_TEXT_MAX];
    if (!json_is_object(o)) {
        snprintf(im->error.text, sizeof im->error.text, "a channel is not an object");
        return MW_SYNTAX;
    }
    MW_TRY(mw_json_get_int(o, "number", 0, MW_REGISTRY_CHANNELS_MAX - 1, &number, &im->error));
    MW_TRY(TEXT_INTO(im, o, "medium", c.medium, false));
    MW_TRY(TEXT_INTO(im, o, "obis", obis, false));
    if (mw_store_obis_parse(obis, c.obis) != MW_OK) {
        snprintf(im->error.text, sizeof im->error.text, "\"obis\" is not of the form A-B:C.D.E*F");
        return MW_SYNTAX;
    }
    MW_TRY(unit_take(im, o, &c.unit));
    mw_status s = mw_json_get_int(o, "scale", -9, 9, &scale, &im->error);
    if (s != MW_OK && s != MW_NOT_FOUND)
        return s;
    MW_TRY(mw_json_get_int(o, "register_digits", 0, 18, &digits, &im->error));
    MW_TRY(TEXT_INTO(im, o, "label", c.label, true));
    c.number = (uint8_t)number;
    c.scale = (int8_t)scale;
    c.register_digits = (uint8_t)digits;
    int64_t channel = 0;
    MW_TRY(mw_store_channel_put(im->store, im->tenant, &c, &channel));
    im->report->channels++;
    MW_TRY(class_take(im, o, channel));
    return point_take(im, o, channel);
}

static mw_status hex_exact(importer *im, const json_t *o, const char *key, mw_span out) {
    size_t n = 0;
    MW_TRY(mw_json_get_hex(o, key, out, &n, &im->error));
    if (n == out.n)
        return MW_OK;
    snprintf(im->error.text, sizeof im->error.text, "\"%s\" must have %zu hex digits", key,
             out.n * 2);
    return MW_RANGE;
}

static mw_status device_take(importer *im, const json_t *o) {
    mw_store_device *d = &im->device;
    *d = (mw_store_device){0};
    char tenant[MW_STORE_ID_MAX];
    uint8_t identity[8], key[MW_REGISTRY_KEY_SIZE];
    int64_t address = 0;
    json_t *channels = NULL;
    MW_TRY(TEXT_INTO(im, o, "tenant", tenant, false));
    MW_TRY(hex_exact(im, o, "device_id", MW_SPAN_OF(identity)));
    MW_TRY(TEXT_INTO(im, o, "serial", d->serial, false));
    MW_TRY(TEXT_INTO(im, o, "model", d->model, false));
    /* Addresses from 0xFF000000 on are groups; 0 is nobody (protocols/smp/frame.h). */
    MW_TRY(mw_json_get_int(o, "network_address", 1, 0xFEFFFFFF, &address, &im->error));
    MW_TRY(mw_json_get_array(o, "channels", MW_REGISTRY_CHANNELS_MAX, &channels, &im->error));
    MW_TRY(hex_exact(im, o, "master_key", MW_SPAN_OF(key)));
    mw_reader r = mw_reader_of(MW_SLICE_OF(identity));
    d->identity = mw_read_u64be(&r);
    d->network_address = (uint32_t)address;
    mw_status s = mw_store_tenant_put(im->store, tenant, &im->tenant);
    if (s == MW_OK)
        s = mw_store_device_put(im->store, im->tenant, d, &d->device);
    if (s == MW_OK)
        s = mw_registry_key_put(im->registry, im->tenant, d, key);
    mw_bytes_wipe(key, sizeof key);
    MW_TRY(s);
    MW_TRY(mw_registry_cosem_take(im->registry, im->tenant, d, o, &im->error));
    im->report->devices++;
    size_t i;
    json_t *channel;
    json_array_foreach(channels, i, channel) MW_TRY(channel_take(im, channel));
    return MW_OK;
}

/* A device of another radio network. */
static mw_status foreign_take(importer *im, const json_t *o) {
    MW_TRY(mw_registry_foreign_take(im->registry, o, &im->error));
    im->report->devices++;
    return MW_OK;
}

/* {"tenant":"demo","group":{"master":"32 hex digits","key_epoch":0}} */
static mw_status group_take(importer *im, const json_t *line) {
    const json_t *group = json_object_get(line, "group");
    const char *tenant = NULL;
    uint8_t key[MW_REGISTRY_KEY_SIZE];
    size_t n = 0;
    int64_t epoch = 0;
    MW_TRY(mw_json_get_text(line, "tenant", MW_STORE_ID_MAX - 1, &tenant, &im->error));
    MW_TRY(mw_json_get_hex(group, "master", MW_SPAN_OF(key), &n, &im->error));
    if (json_object_get(group, "key_epoch") != NULL)
        MW_TRY(mw_json_get_int(group, "key_epoch", 0, UINT32_MAX, &epoch, &im->error));
    if (n != sizeof key) {
        snprintf(im->error.text, sizeof im->error.text, "\"master\" is not 16 bytes");
        return MW_RANGE;
    }
    MW_TRY(mw_store_tenant_put(im->store, tenant, &im->tenant));
    mw_status s = mw_registry_network_key_put(im->registry, im->tenant, (uint32_t)epoch, key);
    mw_bytes_wipe(key, sizeof key);
    return s;
}

static mw_status line_take(importer *im, mw_slice line) {
    json_t *root = NULL;
    mw_json_limits limits = {.bytes_max = LINE_MAX_BYTES, .depth_max = 8};
    MW_TRY(mw_json_parse(line, limits, &root, &im->error));
    mw_status s = MW_SYNTAX;
    if (json_is_object(root) && json_object_get(root, "network") != NULL)
        s = foreign_take(im, root);
    else if (json_is_object(root) && json_object_get(root, "group") != NULL)
        s = group_take(im, root);
    else if (json_is_object(root))
        s = device_take(im, root);
    else
        snprintf(im->error.text, sizeof im->error.text, "not a JSON object");
    json_decref(root);
    return s;
}

static bool blank(mw_slice line) {
    for (size_t i = 0; i < line.n; i++)
        if (line.p[i] != ' ' && line.p[i] != '\t' && line.p[i] != '\r')
            return false;
    return true;
}

static mw_status lines_take(importer *im, mw_slice lines) {
    for (size_t at = 0; at < lines.n;) {
        size_t end = at;
        while (end < lines.n && lines.p[end] != '\n')
            end++;
        mw_slice line = mw_slice_sub(lines, at, end - at);
        at = end + 1;
        im->report->lines++;
        if (blank(line))
            continue;
        im->error.text[0] = 0;
        mw_status s = line_take(im, line);
        if (s == MW_OK)
            continue;
        im->report->bad_line = im->report->lines;
        snprintf(im->report->error, sizeof im->report->error, "line %u: %.130s",
                 (unsigned)im->report->lines,
                 im->error.text[0] != 0 ? im->error.text : mw_status_text(s));
        return s == MW_NOT_FOUND ? MW_SYNTAX : s;
    }
    return MW_OK;
}

mw_status mw_registry_import_within(mw_registry *r, mw_slice lines, mw_utc at,
                                    mw_registry_import_report *report) {
    *report = (mw_registry_import_report){0};
    importer im = {.registry = r, .store = mw_registry_store(r), .at = at, .report = report};
    return lines_take(&im, lines);
}

mw_status mw_registry_import(mw_registry *r, mw_slice lines, mw_utc at,
                             mw_registry_import_report *report) {
    mw_store *store = mw_registry_store(r);
    MW_TRY(mw_store_begin(store));
    mw_status s = mw_registry_import_within(r, lines, at, report);
    if (s == MW_OK)
        s = mw_store_commit(store);
    else if (mw_store_rollback(store) != MW_OK)
        s = MW_IO;
    mw_registry_forget(r);
    return s;
}
