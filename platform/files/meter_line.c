/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/files/meter_line.h"

#include <stdio.h>
#include <string.h>

#include "runtime/json_writer.h"

typedef struct line {
    const mw_mapping *m;
    const size_t *columns;
    const mw_slice *cells;
    size_t n;
    mw_json json;
    char *why;
    mw_status status;
} line;

static mw_slice text_of(line *l, mw_mapping_field f, mw_span room) {
    return mw_import_text(l->m, f, l->columns, l->cells, l->n, room);
}

static void fail(line *l, const char *what, mw_mapping_field f) {
    if (l->status != MW_OK)
        return;
    l->status = MW_RANGE;
    snprintf(l->why, 160, "%s: %s", mw_mapping_field_name(f), what);
}

/* A text member; an empty one is left out when it is optional. */
static void put_text(line *l, const char *key, mw_mapping_field f, bool optional) {
    uint8_t room[512];
    mw_slice text = text_of(l, f, MW_SPAN_OF(room));
    if (text.n == 0 && !optional)
        fail(l, "is empty", f);
    if (text.n > 0)
        mw_json_put_slice(&l->json, key, text);
}

/* A whole number; hexadecimal with 0x in front. */
static void put_int(line *l, const char *key, mw_mapping_field f, bool optional) {
    uint8_t room[512];
    mw_slice text = text_of(l, f, MW_SPAN_OF(room));
    mw_decimal d = {0};
    uint8_t bytes[4] = {0};
    if (text.n == 0 && optional)
        return;
    if (text.n == 10 && text.p[0] == '0' && (text.p[1] | 0x20) == 'x') {
        if (mw_hex_decode(mw_slice_sub(text, 2, 8), MW_SPAN_OF(bytes)) != MW_OK)
            fail(l, "is not a hexadecimal number", f);
        mw_reader r = mw_reader_of(MW_SLICE_OF(bytes));
        d.digits = mw_read_u32be(&r);
    } else if (mw_decimal_parse(text, l->m->point, l->m->group, &d) != MW_OK || d.decimals != 0) {
        fail(l, "is not a whole number", f);
    }
    mw_json_put_int(&l->json, key, d.digits);
}

static bool has(line *l, mw_mapping_field f) {
    uint8_t room[512];
    return text_of(l, f, MW_SPAN_OF(room)).n > 0;
}

static void put_usage_point(line *l) {
    if (!has(l, MW_FIELD_usage_point))
        return;
    mw_json_put_object(&l->json, "usage_point");
    put_text(l, "id", MW_FIELD_usage_point, false);
    put_text(l, "address", MW_FIELD_address, true);
    put_text(l, "time_zone", MW_FIELD_time_zone, false);
    if (has(l, MW_FIELD_customer)) {
        mw_json_put_object(&l->json, "customer");
        put_text(l, "id", MW_FIELD_customer, false);
        put_text(l, "name", MW_FIELD_customer_name, false);
        put_text(l, "login", MW_FIELD_customer_login, true);
        mw_json_object_end(&l->json);
    }
    mw_json_object_end(&l->json);
}

static void put_channel(line *l) {
    mw_json_put_array(&l->json, "channels");
    mw_json_object_begin(&l->json);
    if (has(l, MW_FIELD_channel))
        put_int(l, "number", MW_FIELD_channel, false);
    else
        mw_json_put_int(&l->json, "number", 0);
    put_text(l, "medium", MW_FIELD_medium, false);
    put_text(l, "obis", MW_FIELD_obis, false);
    put_text(l, "unit", MW_FIELD_unit, false);
    put_int(l, "scale", MW_FIELD_scale, true);
    if (has(l, MW_FIELD_register_digits))
        put_int(l, "register_digits", MW_FIELD_register_digits, false);
    else
        mw_json_put_int(&l->json, "register_digits", 0);
    put_text(l, "label", MW_FIELD_label, true);
    put_text(l, "class", MW_FIELD_class, true);
    put_usage_point(l);
    mw_json_object_end(&l->json);
    mw_json_array_end(&l->json);
}

mw_status mw_meter_line(const mw_mapping *m, const size_t *columns, const mw_slice *cells, size_t n,
                        mw_buffer *out, char out_why[160]) {
    line l = {.m = m,
              .columns = columns,
              .cells = cells,
              .n = n,
              .why = out_why,
              .status = MW_OK,
              .json = mw_json_of(out)};
    mw_json_object_begin(&l.json);
    put_text(&l, "tenant", MW_FIELD_tenant, true);
    put_text(&l, "device_id", MW_FIELD_device_id, false);
    put_text(&l, "serial", MW_FIELD_serial, false);
    put_text(&l, "model", MW_FIELD_model, false);
    put_int(&l, "network_address", MW_FIELD_network_address, false);
    put_text(&l, "master_key", MW_FIELD_master_key, false);
    put_channel(&l);
    mw_json_object_end(&l.json);
    MW_TRY(l.status);
    mw_status s = mw_json_done(&l.json);
    if (s == MW_SPACE)
        snprintf(out_why, 160, "the row is larger than a meter can be");
    return s;
}
