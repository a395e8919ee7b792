/* SPDX-License-Identifier: Apache-2.0 */
#include "station/notice.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/json_read.h"

#define NOTICE_VERSION 1
#define NOTICE_HEAD    10

bool mw_station_notice_is(mw_slice record) {
    return record.n >= 2 && record.p[0] == NOTICE_VERSION && record.p[1] == MW_STATION_NOTICE_KIND;
}

mw_status mw_station_notice_encode(mw_utc at, mw_slice json, mw_buffer *out) {
    uint8_t head[NOTICE_HEAD];
    mw_writer w = mw_writer_of(MW_SPAN_OF(head));
    if (json.n < 2 || json.n > MW_STATION_NOTICE_JSON)
        return MW_RANGE;
    mw_write_u8(&w, NOTICE_VERSION);
    mw_write_u8(&w, MW_STATION_NOTICE_KIND);
    mw_write_u64le(&w, (uint64_t)at.us);
    mw_buffer_append(out, mw_writer_done(&w));
    mw_buffer_append(out, json);
    return out->status;
}

static mw_status notice_members(const json_t *root, mw_json *j) {
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)root, key, value) {
        if (strcmp(key, "seq") == 0 || strcmp(key, "kind") == 0 || strcmp(key, "at") == 0)
            return MW_SYNTAX;
        char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
        if (text == NULL)
            return MW_NOMEM;
        mw_json_key(j, key);
        mw_json_raw(j, mw_slice_of_str(text));
        free(text);
    }
    return MW_OK;
}

mw_status mw_station_notice_json(mw_slice record, mw_json *j) {
    mw_reader r = mw_reader_of(record);
    uint8_t version = mw_read_u8(&r);
    uint8_t kind = mw_read_u8(&r);
    mw_utc at = {(int64_t)mw_read_u64le(&r)};
    if (r.status != MW_OK)
        return r.status;
    if (version != NOTICE_VERSION || kind != MW_STATION_NOTICE_KIND)
        return MW_UNSUPPORTED;
    mw_slice text = mw_read_bytes(&r, mw_reader_left(&r));
    mw_json_limits limits = {.bytes_max = MW_STATION_NOTICE_JSON, .depth_max = 6};
    json_t *root = NULL;
    MW_TRY(mw_json_parse(text, limits, &root, NULL));
    mw_status status = json_is_object(root) ? MW_OK : MW_SYNTAX;
    if (status == MW_OK) {
        mw_json_put_text(j, "kind", "station");
        mw_json_put_utc(j, "at", at);
        status = notice_members(root, j);
    }
    json_decref(root);
    return status;
}
