/* SPDX-License-Identifier: Apache-2.0
 *
 * A stored frame, opened and explained byte by byte. The frame is decrypted here, for an operator
 * and this once: every opening stands in the audit trail.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/keys.h"
#include "platform/api/internal.h"
#include "platform/journal/envelope.h"
#include "platform/registry/registry.h"
#include "protocols/smp/smp.h"

#define EPOCHS_BACK 8 /* keys tried, from the present one backwards */

typedef struct opened {
    mw_store_reception reception;
    mw_envelope_item item;
    mw_smp_header header;
    uint32_t key_epoch;
    uint8_t plain[MW_SMP_FRAME_MAX];
    mw_slice objects;
    bool is_open;
} opened;

/* ---- finding and opening ---- */

static mw_status take_reception(void *ctx, const mw_store_reception *r) {
    ((opened *)ctx)->reception = *r;
    return MW_OK;
}

static mw_status take_envelope(void *ctx, const mw_store_envelope *e) {
    opened *o = ctx;
    if (e->id != o->reception.journal || e->kind != MW_STORE_KIND_UNB)
        return MW_NOT_FOUND;
    return mw_envelope_item_parse(e->content, &o->item);
}

static mw_status key_try(mw_api_call *call, opened *o, const mw_key *master, uint32_t epoch) {
    mw_key up;
    mw_device_id id;
    mw_crypto_ctx ctx = {0};
    mw_writer w = mw_writer_of(MW_SPAN_OF(id.b));
    mw_write_u64be(&w, call->meter.device.identity);
    MW_TRY(mw_key_derive_device(&mw_crypto_openssl, master, &id, epoch, MW_KEY_UP, &up));
    mw_status s = mw_crypto_init(&ctx, &mw_crypto_openssl, &up);
    mw_key_wipe(&up);
    MW_TRY(s);
    s = mw_smp_frame_open(&ctx, MW_SMP_UP, (mw_slice){o->item.payload, o->item.payload_n}, epoch,
                          o->reception.counter, MW_SPAN_OF(o->plain), &o->objects);
    mw_crypto_fini(&ctx);
    o->key_epoch = epoch;
    return s;
}

/* Under the keys of the device that its present epoch and those before it give. */
static mw_status frame_open(mw_api_call *call, opened *o) {
    mw_key master;
    MW_TRY(mw_registry_key(call->api->o.registry, call->tenant, &call->meter.device, master.b));
    uint32_t epoch = call->meter.state.key_epoch;
    for (unsigned i = 0; i < EPOCHS_BACK && !o->is_open; i++) {
        if (mw_smp_epoch_matches(&o->header, epoch))
            o->is_open = key_try(call, o, &master, epoch) == MW_OK;
        if (epoch-- == 0)
            break;
    }
    mw_key_wipe(&master);
    return MW_OK;
}

static mw_status find(mw_api_call *call, int64_t id, opened *o) {
    mw_store *store = call->api->o.store;
    MW_TRY(mw_store_receptions(store, call->tenant, call->meter.device.device, id + 1, 1,
                               take_reception, o));
    if (o->reception.journal != id)
        return MW_NOT_FOUND;
    MW_TRY(mw_store_journal_scan(store, id - 1, 1, take_envelope, o));
    return mw_smp_header_decode((mw_slice){o->item.payload, o->item.payload_n}, MW_SMP_UP,
                                &o->header);
}

/* ---- explaining ---- */

static void field(mw_json *j, const char *name, const char *value, const char *unit) {
    mw_json_object_begin(j);
    mw_json_put_text(j, "name", name);
    mw_json_put_text(j, "value", value);
    mw_json_put_text(j, "unit", unit);
    mw_json_object_end(j);
}

static void number(mw_json *j, const char *name, int64_t value, const char *unit) {
    char text[24];
    (void)snprintf(text, sizeof text, "%lld", (long long)value);
    field(j, name, text, unit);
}

static void moment(mw_json *j, const char *name, mw_utc t) {
    char text[MW_UTC_TEXT_MAX];
    mw_utc_format(t, text);
    field(j, name, text, NULL);
}

/* Bytes of the frame with what they are; `at` is where they begin in it. */
static void part(mw_json *j, size_t at, mw_slice bytes, const char *name) {
    mw_json_object_begin(j);
    mw_json_put_uint(j, "at", at);
    mw_json_put_uint(j, "bytes", bytes.n);
    mw_json_put_hex(j, "hex", bytes);
    mw_json_put_text(j, "name", name);
}

static void part_end(mw_json *j) {
    mw_json_array_end(j);
    mw_json_object_end(j);
}

static void put_header(mw_json *j, const opened *o) {
    const uint8_t *p = o->item.payload;
    const mw_smp_header *h = &o->header;
    char text[40];
    part(j, 0, (mw_slice){p, 4}, "address");
    mw_json_put_array(j, "fields");
    number(j, "address", h->address, NULL);
    part_end(j);
    part(j, 4, (mw_slice){p + 4, 2}, "control");
    mw_json_put_array(j, "fields");
    number(j, "version", p[4] >> 7, NULL);
    number(j, "extension", p[4] >> 6 & 1, NULL);
    number(j, "whole_counter", p[4] >> 5 & 1, NULL);
    number(j, "key_epoch_low_bit", p[4] >> 4 & 1, NULL);
    number(j, "counter_low", h->counter_low, NULL);
    part_end(j);
    if (h->size > 6) {
        part(j, 6, (mw_slice){p + 6, h->size - 6}, h->full ? "counter" : "extension");
        mw_json_put_array(j, "fields");
        (void)snprintf(text, sizeof text, "%lu", (unsigned long)o->reception.counter);
        field(j, "counter", text, NULL);
        part_end(j);
    }
}

static void put_day(mw_json *j, const mw_api_call *call, mw_slice body) {
    static const char *const clocks[] = {"set", "unsure", "unset", "stepped"};
    mw_smp_day day;
    if (mw_smp_day_decode(body, &day) != MW_OK) {
        field(j, "malformed", "1", NULL);
        return;
    }
    const char *unit = mw_unit_info_of(call->meter.channel.unit)->symbol;
    number(j, "channel", day.channel, NULL);
    field(j, "clock", clocks[day.clock & 3], NULL);
    number(j, "grid", day.grid * 15, "min");
    moment(j, "end", mw_smp_utc_of_hour(day.end_hour, day.grid));
    number(j, "register", day.reg, unit);
    number(j, "hours", day.hours, NULL);
    char status[8];
    (void)snprintf(status, sizeof status, "0x%04x", day.status);
    field(j, "status", status, NULL);
    char values[512];
    size_t n = 0;
    values[0] = 0;
    for (unsigned i = 0; i < day.hours && n + 24 < sizeof values; i++)
        n += (size_t)snprintf(values + n, sizeof values - n, "%s%lld%s", i > 0 ? " " : "",
                              (long long)day.value[i], day.disturbed >> i & 1 ? "*" : "");
    field(j, "values", values, unit);
}

static void put_event(mw_json *j, mw_slice body) {
    mw_smp_event e;
    if (mw_smp_event_decode(body, &e) != MW_OK) {
        field(j, "malformed", "1", NULL);
        return;
    }
    field(j, "event", mw_api_event_text(mw_store_event_code(e.code, e.channel)), NULL);
    if (e.code < MW_SMP_EVENT_LOG)
        number(j, "channel", e.channel, NULL);
    moment(j, "at", mw_smp_utc_of_seconds(e.time_s));
    number(j, "value", e.value, NULL);
    number(j, "count", e.count, NULL);
}

static void put_health(mw_json *j, mw_slice body) {
    mw_smp_health h;
    char text[24];
    if (mw_smp_health_decode(body, &h) != MW_OK) {
        field(j, "malformed", "1", NULL);
        return;
    }
    number(j, "battery", h.battery_mv, "mV");
    if (h.battery_level != 0)
        number(j, "battery left", h.battery_level - 1, "%");
    if (h.temperature_dc != INT16_MIN) {
        (void)snprintf(text, sizeof text, "%s%d.%d", h.temperature_dc < 0 ? "-" : "",
                       abs(h.temperature_dc) / 10, abs(h.temperature_dc) % 10);
        field(j, "temperature", text, "°C");
    }
    number(j, "resets", h.resets, NULL);
    number(j, "airtime", (int64_t)h.airtime_ds * 100, "ms");
    (void)snprintf(text, sizeof text, "%u.%u.%u", h.firmware[0], h.firmware[1], h.firmware[2]);
    field(j, "firmware", text, NULL);
    if (h.time_s != 0)
        moment(j, "meter_clock", mw_smp_utc_of_seconds(h.time_s));
}

static void put_receipt(mw_json *j, mw_slice body) {
    mw_smp_receipt r;
    if (mw_smp_receipt_decode(body, &r) != MW_OK) {
        field(j, "malformed", "1", NULL);
        return;
    }
    number(j, "command", r.id, NULL);
    number(j, "result", r.result, NULL);
    moment(j, "at", mw_smp_utc_of_seconds(r.time_s));
}

static void put_config(mw_json *j, mw_slice body) {
    mw_smp_config c;
    if (mw_smp_config_decode(body, &c) != MW_OK) {
        field(j, "malformed", "1", NULL);
        return;
    }
    for (unsigned i = 0; i < c.count; i++) {
        char key[24];
        (void)snprintf(key, sizeof key, "key %u", c.item[i].key);
        number(j, key, c.item[i].value, NULL);
    }
}

static void put_object(mw_json *j, const mw_api_call *call, const mw_smp_object *o) {
    switch (o->type) {
    case MW_SMP_DAY:
        put_day(j, call, o->body);
        break;
    case MW_SMP_EVENT:
        put_event(j, o->body);
        break;
    case MW_SMP_HEALTH:
        put_health(j, o->body);
        break;
    case MW_SMP_RECEIPT:
        put_receipt(j, o->body);
        break;
    case MW_SMP_CONFIG:
        put_config(j, o->body);
        break;
    default:
        number(j, "type", o->type, NULL);
    }
}

static const char *object_name(uint8_t type) {
    static const char *const names[] = {"padding", "day",      "event",  "health", "command",
                                        "receipt", "time_set", "config", "request"};
    return type < sizeof names / sizeof names[0] ? names[type] : "unknown";
}

/* What was under the cipher: its bytes stand where the cipher text stood. */
static void put_objects(mw_json *j, const mw_api_call *call, const opened *o) {
    mw_reader r = mw_reader_of(o->objects);
    size_t base = o->header.size;
    for (;;) {
        size_t from = o->objects.n - mw_reader_left(&r);
        mw_smp_object object;
        if (mw_smp_object_next(&r, &object) != MW_OK) {
            if (from < o->objects.n) {
                part(j, base + from, (mw_slice){o->objects.p + from, o->objects.n - from},
                     "padding");
                mw_json_put_array(j, "fields");
                part_end(j);
            }
            return;
        }
        size_t to = o->objects.n - mw_reader_left(&r);
        part(j, base + from, (mw_slice){o->objects.p + from, to - from}, object_name(object.type));
        mw_json_put_array(j, "fields");
        put_object(j, call, &object);
        part_end(j);
    }
}

static void put_rest(mw_json *j, const mw_api_call *call, const opened *o) {
    const uint8_t *p = o->item.payload;
    size_t n = o->item.payload_n, base = o->header.size;
    if (o->is_open) {
        put_objects(j, call, o);
    } else {
        part(j, base, (mw_slice){p + base, n - base - MW_SMP_TAG_UP}, "cipher");
        mw_json_put_array(j, "fields");
        part_end(j);
    }
    part(j, n - MW_SMP_TAG_UP, (mw_slice){p + n - MW_SMP_TAG_UP, MW_SMP_TAG_UP}, "tag");
    mw_json_put_array(j, "fields");
    field(j, "check", o->is_open ? "ok" : "unknown", NULL);
    part_end(j);
}

static void put_frame(mw_json *j, const mw_api_call *call, const opened *o) {
    mw_json_object_begin(j);
    mw_json_put_int(j, "frame", o->reception.journal);
    mw_json_put_utc(j, "received_at", o->reception.received);
    mw_json_put_text(j, "station", o->reception.sender);
    mw_json_put_text(j, "rate", o->reception.rate);
    mw_json_put_text(j, "size", o->reception.size);
    mw_json_put_int(j, "counter", o->reception.counter);
    mw_json_key(j, "key_epoch");
    o->is_open ? mw_json_uint(j, o->key_epoch) : mw_json_null(j);
    mw_json_put_bool(j, "opened", o->is_open);
    mw_json_put_hex(j, "payload", (mw_slice){o->item.payload, o->item.payload_n});
    mw_json_put_array(j, "parts");
    put_header(j, o);
    put_rest(j, call, o);
    mw_json_array_end(j);
    mw_json_object_end(j);
}

void mw_api_meter_frame(mw_api_call *call) {
    char subject[MW_API_METER_ID_MAX];
    const char *text = mw_http_param(call->http, "frame");
    char *end = NULL;
    long long id = strtoll(text, &end, 10);
    opened o = {.is_open = false};
    mw_status s = MW_NOT_FOUND;
    if (end != text && *end == 0 && id > 0 && id < INT64_MAX)
        s = find(call, id, &o);
    if (s == MW_OK)
        s = frame_open(call, &o);
    mw_api_meter_id(&call->meter, subject);
    if (s == MW_OK)
        s = mw_api_audit_alone(call, "frame.open", subject, text);
    if (s != MW_OK) {
        mw_api_fail(call, s);
        return;
    }
    mw_buffer b;
    mw_buffer_init(&b, 64 * 1024);
    mw_json j = mw_json_of(&b);
    put_frame(&j, call, &o);
    mw_bytes_wipe(o.plain, sizeof o.plain);
    mw_api_send_json(call, 200, &j, &b);
}
