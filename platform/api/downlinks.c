/* SPDX-License-Identifier: Apache-2.0
 *
 * GET /v1/downlinks: what a station is to send, as server-sent events (docs/spec/downlink.md). A
 * station that connects is told all that is pending for it, and from then on each change.
 */
#include <stdio.h>
#include <stdlib.h>

#include "platform/api/internal.h"

/* All entries of a station at once, and what comes while it reads them. */
#define QUEUE_MAX ((size_t)2 * 1024 * 1024)

struct mw_api_downlink {
    mw_api *api;
    mw_http_sse *sse;
    int64_t sender;
    bool closing;
};

static void closed(void *context) {
    mw_api_downlink *st = context;
    mw_api *api = st->api;
    for (size_t i = 0; i < api->downlinks_n; i++) {
        if (api->downlinks[i] != st)
            continue;
        api->downlinks[i] = api->downlinks[--api->downlinks_n];
        break;
    }
    free(st);
}

static void push(mw_api_downlink *st, const char *event, mw_slice data) {
    if (st->closing)
        return;
    if (mw_http_sse_send(st->sse, NULL, event, data) != MW_OK)
        st->closing = true; /* `closed` follows */
}

static void put_id(mw_json *j, int64_t id) {
    char text[24];
    snprintf(text, sizeof text, "%016llx", (unsigned long long)id);
    mw_json_put_text(j, "id", text);
}

static void put_entry(mw_json *j, const mw_store_downlink *d) {
    static const char *const modes[] = {"", "answer", "timed", "broadcast"};
    static const char *const rates[] = {"R0", "R1", "R2"};
    mw_json_object_begin(j);
    put_id(j, d->id);
    mw_json_put_text(j, "mode", modes[d->mode]);
    mw_json_put_int(j, "air_address", d->address);
    mw_json_put_text(j, "rate", rates[d->rate % 3]);
    mw_json_put_text(j, "size", d->size == 29 ? "M" : "L");
    mw_json_put_hex(j, "payload", (mw_slice){d->payload, d->size});
    if (d->mode == MW_STORE_BROADCAST) {
        mw_json_put_int(j, "band", d->band);
        mw_json_put_int(j, "hop", d->hop);
        mw_json_put_utc(j, "at", d->at);
    } else {
        mw_json_put_int(j, "copies", d->copies);
    }
    mw_json_put_int(j, "priority", d->priority);
    mw_json_put_utc(j, "expires_at", d->expires);
    mw_json_object_end(j);
}

static void send_entry(mw_api_downlink *st, const mw_store_downlink *d) {
    mw_buffer b;
    mw_buffer_init(&b, 2048);
    mw_json j = mw_json_of(&b);
    put_entry(&j, d);
    if (mw_json_done(&j) == MW_OK)
        push(st, "downlink", mw_buffer_view(&b));
    mw_buffer_fini(&b);
}

static mw_api_downlink *stream_of(const mw_api *api, int64_t sender) {
    for (size_t i = 0; i < api->downlinks_n; i++)
        if (api->downlinks[i]->sender == sender && !api->downlinks[i]->closing)
            return api->downlinks[i];
    return NULL;
}

void mw_api_downlink_told(mw_api *api, const mw_store_downlink *entry, bool cancel) {
    mw_api_downlink *st = stream_of(api, entry->sender);
    if (st == NULL)
        return;
    if (!cancel) {
        send_entry(st, entry);
        return;
    }
    mw_buffer b;
    mw_json j = mw_api_object_begin(&b, 128);
    put_id(&j, entry->id);
    mw_json_object_end(&j);
    if (mw_json_done(&j) == MW_OK)
        push(st, "cancel", mw_buffer_view(&b));
    mw_buffer_fini(&b);
}

bool mw_api_downlink_connected(const mw_api *api, int64_t sender) {
    return stream_of(api, sender) != NULL;
}

/* ---- connecting ---- */

typedef struct pending {
    mw_api_downlink *st; /* NULL: only counted */
    int64_t n;
    int64_t last;
} pending;

static mw_status pending_take(void *ctx, const mw_store_downlink *d) {
    pending *p = ctx;
    p->n++;
    p->last = d->id;
    if (p->st != NULL)
        send_entry(p->st, d);
    return MW_OK;
}

static mw_status pending_all(mw_api *api, int64_t sender, pending *p) {
    int64_t before;
    do {
        before = p->n;
        MW_TRY(mw_store_downlinks_pending(api->o.store, sender, p->last, MW_STORE_PAGE_MAX,
                                          pending_take, p));
    } while (p->n > before && p->n < MW_COMMANDS_STATION_PENDING_MAX);
    return MW_OK;
}

static void hello(mw_api_downlink *st, const char *station, int64_t n) {
    mw_buffer b;
    mw_json j = mw_api_object_begin(&b, 512);
    mw_json_put_text(&j, "station", station);
    mw_json_put_utc(&j, "now", mw_loop_utc(st->api->o.loop));
    mw_json_put_int(&j, "pending", n);
    mw_json_object_end(&j);
    if (mw_json_done(&j) == MW_OK)
        push(st, "hello", mw_buffer_view(&b));
    mw_buffer_fini(&b);
}

void mw_api_downlink_stream(mw_api_call *call) {
    mw_api *api = call->api;
    pending count = {0};
    mw_status s = pending_all(api, call->sender.sender, &count);
    mw_api_downlink *former = stream_of(api, call->sender.sender);
    if (s == MW_OK && api->downlinks_n == MW_API_DOWNLINKS_MAX)
        s = MW_AGAIN;
    mw_api_downlink *st = s == MW_OK ? calloc(1, sizeof *st) : NULL;
    if (st == NULL) {
        mw_api_fail(call, s == MW_OK ? MW_NOMEM : s);
        return;
    }
    if (former != NULL) { /* a station has one stream: the newest */
        former->closing = true;
        mw_http_sse_end(former->sse);
    }
    st->api = api;
    st->sender = call->sender.sender;
    mw_http_sse_options options = {
        .queue_max = QUEUE_MAX, .keep_alive = mw_dur_s(15), .on_close = closed, .context = st};
    st->sse = mw_http_reply_sse(call->http, &options);
    api->downlinks[api->downlinks_n++] = st;
    hello(st, call->sender.id, count.n);
    pending tell = {.st = st};
    /* What cannot be read now is told when the station connects again. */
    if (pending_all(api, st->sender, &tell) == MW_OK) {
        push(st, "synced", mw_slice_of_str("{}"));
    } else if (!st->closing) {
        st->closing = true;
        mw_http_sse_end(st->sse);
    }
}
