/* SPDX-License-Identifier: Apache-2.0
 *
 * What a station says of itself (station/health.c): {"event":"degraded","degraded":["no_platform"],
 * "spool_items":1234, ...}. It becomes the sign "station_state" of the station, whose text is
 * {"degraded":[...],"spool_items":n}: the newest says what holds now.
 */
#include <stdio.h>
#include <string.h>

#include "platform/journal/decode_internal.h"
#include "runtime/json_read.h"
#include "runtime/json_writer.h"

typedef struct finding {
    int64_t sender;
    char id[MW_STORE_ID_MAX];
} finding;

static mw_status sender_take(void *ctx, const mw_store_sender *row) {
    finding *f = ctx;
    if (row->sender == f->sender)
        (void)snprintf(f->id, sizeof f->id, "%s", row->id);
    return MW_OK;
}

static void modes_put(mw_json *j, const json_t *modes) {
    size_t i;
    json_t *mode;
    mw_json_put_array(j, "degraded");
    json_array_foreach(modes, i, mode) {
        const char *name = json_string_value(mode);
        if (i < 8 && name != NULL && strlen(name) < 20)
            mw_json_text(j, name);
    }
    mw_json_array_end(j);
}

static mw_status state_sign(mw_decoder *d, const mw_store_envelope *e, const json_t *root) {
    finding f = {.sender = e->sender};
    char subject[MW_STORE_ID_MAX];
    mw_buffer text;
    MW_TRY(mw_store_senders_list(d->store, e->tenant, e->stored, sender_take, &f));
    if (f.id[0] == 0)
        return MW_OK;
    mw_buffer_init(&text, MW_STORE_TEXT_MAX - 1);
    mw_json j = mw_json_of(&text);
    mw_json_object_begin(&j);
    modes_put(&j, json_object_get(root, "degraded"));
    mw_json_put_int(&j, "spool_items", json_integer_value(json_object_get(root, "spool_items")));
    mw_json_object_end(&j);
    (void)snprintf(subject, sizeof subject, "station/%.50s", f.id);
    mw_status s = mw_json_done(&j) == MW_OK
                      ? mw_decode_alarm(d, e, "station_state", subject, mw_buffer_text(&text))
                      : MW_OK; /* more modes than anybody has: not one of ours */
    mw_buffer_fini(&text);
    return s;
}

mw_status mw_decode_station(mw_decoder *d, const mw_store_envelope *e) {
    json_t *root = NULL;
    mw_json_limits limits = {.bytes_max = MW_STORE_CONTENT_MAX, .depth_max = 6};
    mw_status s = mw_json_parse(e->content, limits, &root, NULL);
    if (s == MW_NOMEM)
        return s;
    MW_TRY(mw_decode_count_add(d, e, "decode.station", 1));
    if (s != MW_OK)
        return MW_OK;
    if (json_is_array(json_object_get(root, "degraded")))
        s = state_sign(d, e, root);
    json_decref(root);
    return s;
}
