/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/journal/envelope.h"

#include <stdio.h>
#include <string.h>

static mw_status complain(mw_json_error *error, mw_status status, const char *text) {
    snprintf(error->text, sizeof error->text, "%s", text);
    return status;
}

static mw_status payload_read(const json_t *o, mw_envelope_item *item, mw_json_error *error) {
    static const struct {
        const char *name;
        size_t bytes;
    } sizes[] = {{"S", 13}, {"M", 29}, {"L", 61}};
    const char *text = NULL;
    MW_TRY(mw_json_get_text(o, "size", sizeof item->size - 1, &text, error));
    size_t expected = 0;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        if (strcmp(sizes[i].name, text) == 0)
            expected = sizes[i].bytes;
    if (expected == 0)
        return complain(error, MW_RANGE, "\"size\" is not S, M or L");
    snprintf(item->size, sizeof item->size, "%s", text);
    MW_TRY(mw_json_get_hex(o, "payload", MW_SPAN_OF(item->payload), &item->payload_n, error));
    if (item->payload_n != expected)
        return complain(error, MW_RANGE, "\"payload\" does not have the length of its size");
    return MW_OK;
}

static mw_status reception_read(const json_t *o, mw_envelope_item *item, mw_json_error *error) {
    int64_t level = 0, snr = 0;
    const char *text = NULL;
    MW_TRY(mw_json_get_utc(o, "received_at", &item->received, error));
    MW_TRY(mw_json_get_int(o, "frequency_mhz", 0, INT64_C(10000000000000), &item->frequency_mhz,
                           error));
    MW_TRY(mw_json_get_int(o, "level_cdbm", -30000, 10000, &level, error));
    MW_TRY(mw_json_get_int(o, "snr_cdb", -30000, 30000, &snr, error));
    MW_TRY(mw_json_get_text(o, "rate", sizeof item->rate - 1, &text, error));
    snprintf(item->rate, sizeof item->rate, "%s", text);
    item->level_cdbm = (int32_t)level;
    item->snr_cdb = (int32_t)snr;
    return MW_OK;
}

static const struct {
    const char *name;
    mw_store_kind kind;
} radio_kinds[] = {{"unb", MW_STORE_KIND_UNB},
                   {"sigfox", MW_STORE_KIND_SIGFOX},
                   {"nbfi", MW_STORE_KIND_NBFI},
                   {"openunb", MW_STORE_KIND_OPENUNB}};
static mw_status downlink_read(const json_t *o, mw_envelope_item *item, mw_json_error *error) {
    static const char *const states[] = {"sent",    "too_late", "no_duty",
                                         "expired", "refused",  "cancelled"};
    const char *text = NULL;
    uint8_t id[8];
    size_t n = 0;
    MW_TRY(mw_json_get_hex(o, "id", MW_SPAN_OF(id), &n, error));
    if (n != sizeof id)
        return complain(error, MW_RANGE, "\"id\" is not 16 hexadecimal digits");
    mw_reader r = mw_reader_of(MW_SLICE_OF(id));
    item->entry = mw_read_u64be(&r);
    if (item->entry == 0 || item->entry > INT64_MAX)
        return complain(error, MW_RANGE, "\"id\" is not one of ours");
    MW_TRY(mw_json_get_text(o, "state", sizeof item->state - 1, &text, error));
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
        if (strcmp(states[i], text) == 0)
            snprintf(item->state, sizeof item->state, "%s", text);
    if (item->state[0] == 0)
        return complain(error, MW_RANGE, "\"state\" is not known");
    if (json_object_get(o, "reason") != NULL) {
        MW_TRY(mw_json_get_text(o, "reason", sizeof item->reason - 1, &text, error));
        snprintf(item->reason, sizeof item->reason, "%s", text);
    }
    return mw_json_get_utc(o, "at", &item->received, error);
}

mw_status mw_envelope_item_read(const json_t *object, mw_envelope_item *out_item,
                                mw_json_error *error) {
    memset(out_item, 0, sizeof *out_item);
    error->text[0] = 0;
    if (!json_is_object(object))
        return complain(error, MW_SYNTAX, "the item is not an object");
    int64_t seq = 0;
    MW_TRY(mw_json_get_int(object, "seq", 0, INT64_MAX, &seq, error));
    out_item->seq = (uint64_t)seq;
    out_item->has_seq = true;
    const char *kind = NULL;
    MW_TRY(mw_json_get_text(object, "kind", 32, &kind, error));
    for (size_t i = 0; i < sizeof radio_kinds / sizeof radio_kinds[0]; i++) {
        if (strcmp(kind, radio_kinds[i].name) != 0)
            continue;
        out_item->kind = radio_kinds[i].kind;
        MW_TRY(reception_read(object, out_item, error));
        return i == 0 ? payload_read(object, out_item, error)
                      : mw_envelope_foreign_read(object, out_item, error);
    }
    if (strcmp(kind, "station") == 0) {
        out_item->kind = MW_STORE_KIND_STATION;
        return mw_json_get_utc(object, "at", &out_item->received, error);
    }
    if (strcmp(kind, "downlink") == 0) {
        out_item->kind = MW_STORE_KIND_DOWNLINK;
        return downlink_read(object, out_item, error);
    }
    return complain(error, MW_UNSUPPORTED, "\"kind\" is not known");
}

mw_status mw_envelope_item_parse(mw_slice content, mw_envelope_item *out_item) {
    json_t *root = NULL;
    mw_json_error error;
    mw_json_limits limits = {.bytes_max = MW_ENVELOPE_ITEM_MAX, .depth_max = 8};
    MW_TRY(mw_json_parse(content, limits, &root, &error));
    mw_status s = mw_envelope_item_read(root, out_item, &error);
    json_decref(root);
    return s;
}

static mw_status batch_members(mw_envelope_batch *b, size_t items_max) {
    mw_json_error error;
    const char *sender = NULL;
    uint8_t epoch[8];
    size_t n = 0;
    MW_TRY(mw_json_get_text(b->root, "sender", sizeof b->sender - 1, &sender, &error));
    snprintf(b->sender, sizeof b->sender, "%s", sender);
    MW_TRY(mw_json_get_hex(b->root, "epoch", MW_SPAN_OF(epoch), &n, &error));
    if (n != sizeof epoch)
        return MW_SYNTAX;
    mw_reader r = mw_reader_of(MW_SLICE_OF(epoch));
    b->epoch = mw_read_u64be(&r);
    b->items = json_object_get(b->root, "items");
    if (!json_is_array(b->items))
        return MW_SYNTAX;
    return json_array_size(b->items) > items_max ? MW_LIMIT : MW_OK;
}

mw_status mw_envelope_batch_read(mw_slice body, size_t bytes_max, size_t items_max,
                                 mw_envelope_batch *out_batch) {
    mw_envelope_batch b = {0};
    mw_json_limits limits = {.bytes_max = bytes_max, .depth_max = 8};
    mw_status s = mw_json_parse_lenient(body, limits, &b.root, NULL);
    if (s != MW_OK)
        return s == MW_LIMIT && body.n <= bytes_max ? MW_SYNTAX : s; /* too deep is malformed */
    s = json_is_object(b.root) ? batch_members(&b, items_max) : MW_SYNTAX;
    if (s != MW_OK) {
        json_decref(b.root);
        return s == MW_LIMIT ? MW_LIMIT : MW_SYNTAX;
    }
    *out_batch = b;
    return MW_OK;
}

void mw_envelope_batch_fini(mw_envelope_batch *b) {
    json_decref(b->root);
    *b = (mw_envelope_batch){0};
}
