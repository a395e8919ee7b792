/* SPDX-License-Identifier: Apache-2.0 */
#include "station/entry.h"

#include <string.h>

#include "runtime/json_read.h"

static mw_status read_id(const json_t *o, const char *key, uint64_t *out) {
    uint8_t bytes[8];
    size_t n = 0;
    if (mw_json_get_hex(o, key, MW_SPAN_OF(bytes), &n, NULL) != MW_OK || n != sizeof bytes)
        return MW_SYNTAX;
    mw_reader r = mw_reader_of(MW_SLICE_OF(bytes));
    *out = mw_read_u64be(&r);
    return MW_OK;
}

static bool read_number(const json_t *o, const char *key, int64_t min, int64_t max, int64_t *out) {
    return mw_json_get_int(o, key, min, max, out, NULL) == MW_OK;
}

static bool read_mode(const json_t *o, mw_downlink_mode *out) {
    static const char *const names[] = {"answer", "timed", "broadcast"};
    const char *text = "";
    if (mw_json_get_text(o, "mode", 16, &text, NULL) != MW_OK)
        return false;
    for (unsigned i = 0; i < 3; i++) {
        if (strcmp(text, names[i]) == 0) {
            *out = (mw_downlink_mode)i;
            return true;
        }
    }
    return false;
}

static bool read_frame(const json_t *o, mw_downlink *d) {
    const char *text = "";
    size_t n = 0;
    if (mw_json_get_text(o, "rate", 8, &text, NULL) != MW_OK ||
        mw_unb_rate_of_name(mw_slice_of_str(text), &d->rate) != MW_OK)
        return false;
    if (mw_json_get_text(o, "size", 8, &text, NULL) != MW_OK ||
        mw_unb_size_of_name(mw_slice_of_str(text), &d->size) != MW_OK)
        return false;
    return mw_json_get_hex(o, "payload", MW_SPAN_OF(d->payload), &n, NULL) == MW_OK &&
           n == mw_unb_layout_of(d->size)->payload_bytes && mw_unb_allowed(d->rate, d->size);
}

static const char *read_target(const json_t *o, mw_downlink *d) {
    int64_t value = 0;
    json_t *answers = NULL;
    if (d->mode != MW_DOWNLINK_ANSWER && mw_json_get_utc(o, "at", &d->at, NULL) != MW_OK)
        return "at is missing or malformed";
    if (d->mode == MW_DOWNLINK_BROADCAST) {
        if (!read_number(o, "hop", 0, 4095, &value))
            return "hop is missing or out of range";
        d->hop = (uint16_t)value;
        if (!read_number(o, "band", 0, MW_UNB_BANDS_MAX - 1, &value))
            return "band is missing or out of range";
        d->band = (uint8_t)value;
        return NULL;
    }
    if (!read_number(o, "copies", 1, MW_UNB_COPIES_MAX, &value))
        return "copies is missing or out of range";
    d->copies = (uint8_t)value;
    if (d->mode == MW_DOWNLINK_ANSWER)
        return NULL;
    if (mw_json_get_object(o, "answers", &answers, NULL) != MW_OK ||
        read_id(answers, "epoch", &d->answers_epoch) != MW_OK ||
        !read_number(answers, "seq", 1, INT64_MAX, &value))
        return "answers is missing or malformed";
    d->answers_seq = (uint64_t)value;
    return NULL;
}

static const char *read_rest(const json_t *o, mw_downlink *d) {
    int64_t value = 0;
    if (!read_mode(o, &d->mode))
        return "no such mode";
    if (!read_number(o, "air_address", 1, UINT32_MAX, &value))
        return "air_address is missing or out of range";
    d->air_address = (uint32_t)value;
    if (!read_frame(o, d))
        return "rate, size and payload do not make a frame";
    if (!read_number(o, "priority", 0, 7, &value))
        return "priority is missing or out of range";
    d->priority = (uint8_t)value;
    if (mw_json_get_utc(o, "expires_at", &d->expires_at, NULL) != MW_OK)
        return "expires_at is missing or malformed";
    return read_target(o, d);
}

static mw_status parse(mw_slice json, json_t **out_root) {
    mw_json_limits limits = {.bytes_max = MW_STATION_ENTRY_MAX, .depth_max = 4};
    MW_TRY(mw_json_parse(json, limits, out_root, NULL));
    if (json_is_object(*out_root))
        return MW_OK;
    json_decref(*out_root);
    return MW_SYNTAX;
}

mw_status mw_station_entry_parse(mw_slice json, mw_downlink *out_d, const char **out_why) {
    json_t *root = NULL;
    mw_downlink d = {0};
    if (parse(json, &root) != MW_OK)
        return MW_SYNTAX;
    mw_status status = read_id(root, "id", &d.id);
    if (status == MW_OK) {
        *out_why = read_rest(root, &d);
        status = *out_why == NULL ? MW_OK : MW_UNSUPPORTED;
        *out_d = d;
    }
    json_decref(root);
    return status;
}

mw_status mw_station_entry_id(mw_slice json, uint64_t *out_id) {
    json_t *root = NULL;
    if (parse(json, &root) != MW_OK)
        return MW_SYNTAX;
    mw_status status = read_id(root, "id", out_id);
    json_decref(root);
    return status;
}
