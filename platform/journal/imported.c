/* SPDX-License-Identifier: Apache-2.0
 *
 * Register readings that came with a file: {"import":7,"readings":[[channel,seconds,value], ...]},
 * written by platform/files/apply.c, or {"handed":7,"readings":...} of a customer, accepted by a
 * person, written by platform/api/handed.c. They go through the journal like a meter's own, so decoding
 * again finds them.
 */
#include "platform/journal/decode_internal.h"

static mw_status reading_store(mw_decoder *d, const mw_store_envelope *e, const json_t *item,
                               uint32_t quality) {
    const json_t *channel = json_array_get(item, 0), *at = json_array_get(item, 1),
                 *value = json_array_get(item, 2);
    if (!json_is_integer(channel) || !json_is_integer(at) || !json_is_integer(value))
        return mw_decode_count_add(d, e, "decode.malformed", 1);
    mw_store_meter meter;
    mw_status s =
        mw_store_meter_of_channel(d->store, e->tenant, json_integer_value(channel), &meter);
    if (s == MW_NOT_FOUND)
        return mw_decode_count_add(d, e, "decode.unknown_channel", 1);
    MW_TRY(s);
    mw_store_register r = {.tenant = e->tenant,
                           .channel = meter.channel.channel,
                           .meter = mw_utc_of_s(json_integer_value(at)),
                           .received = e->received,
                           .stored = e->stored,
                           .value = json_integer_value(value),
                           .quality = quality,
                           .journal = e->id};
    mw_bytes_copy(r.obis, meter.channel.obis, sizeof r.obis);
    MW_TRY(mw_store_register_append(d->store, &r));
    return mw_decode_count_add(d, e, "decode.readings", 1);
}

static mw_status readings_store(mw_decoder *d, const mw_store_envelope *e, const json_t *root) {
    bool handed = json_object_get(root, "handed") != NULL;
    mw_store_import import = {.undone_at = MW_UTC_NONE};
    int64_t id = json_integer_value(json_object_get(root, "import"));
    mw_status s = handed ? MW_OK : mw_store_import_get(d->store, e->tenant, id, &import);
    if (s == MW_NOT_FOUND || (s == MW_OK && !mw_utc_is_none(import.undone_at)))
        return MW_OK;
    MW_TRY(s);
    size_t i;
    json_t *item;
    json_array_foreach(json_object_get(root, "readings"), i, item)
        MW_TRY(reading_store(d, e, item, handed ? MW_QUALITY_CUSTOMER : 0));
    return MW_OK;
}

mw_status mw_decode_import(mw_decoder *d, const mw_store_envelope *e) {
    json_t *root = NULL;
    mw_json_limits limits = {.bytes_max = MW_STORE_CONTENT_MAX, .depth_max = 3};
    mw_status s = mw_json_parse(e->content, limits, &root, NULL);
    if (s == MW_NOMEM)
        return s;
    if (s != MW_OK)
        return mw_decode_count_add(d, e, "decode.malformed", 1);
    s = readings_store(d, e, root);
    json_decref(root);
    return s;
}
