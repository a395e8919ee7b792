/* SPDX-License-Identifier: Apache-2.0
 *
 * Readings by hand: a customer reads the register, with a photo when there is one, and a person of
 * the utility accepts or rejects it. What is accepted goes through the journal like a meter's own
 * reading, marked as the customer's, so decoding again finds it.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/api/internal.h"
#include "platform/api/photo.h"

#define WAITING_MAX 3 /* of one meter at a time */
#define OLDEST_DAYS 62

static const char *const state_names[] = {"waiting", "accepted", "rejected"};

/* ---- lists ---- */

static void put_handed(mw_json *j, const mw_store_handed *h, const mw_store_meter *m, bool staff) {
    char id[MW_API_METER_ID_MAX];
    char text[MW_AMOUNT_TEXT_MAX];
    mw_display d = mw_display_of(m->channel.unit, m->channel.scale);
    mw_api_meter_id(m, id);
    mw_display_amount(d, h->value, text);
    mw_json_object_begin(j);
    mw_json_put_int(j, "id", h->id);
    mw_json_put_text(j, "meter", id);
    mw_json_put_text(j, "serial", m->device.serial);
    mw_json_put_text(j, "address", m->usage_point.address);
    mw_json_put_utc(j, "at", h->at);
    mw_json_put_int(j, "value", h->value);
    mw_json_put_text(j, "text", text);
    mw_json_put_text(j, "unit", d.symbol);
    mw_json_put_utc(j, "sent", h->sent);
    mw_json_put_text(j, "by", staff ? h->who : NULL);
    mw_json_put_text(j, "note", h->note);
    mw_json_put_text(j, "state", state_names[h->state < 3 ? h->state : 2]);
    mw_json_put_utc(j, "decided", h->decided);
    mw_json_put_text(j, "decided_by", staff && h->decided_by[0] != 0 ? h->decided_by : NULL);
    mw_json_put_text(j, "reason", h->reason);
    mw_json_put_bool(j, "photo", h->photo_size > 0);
    if (staff && m->has_reading) {
        mw_json_put_object(j, "last_reading");
        mw_json_put_utc(j, "at", m->reading_at);
        mw_display_amount(d, m->reading_value, text);
        mw_json_put_int(j, "value", m->reading_value);
        mw_json_put_text(j, "text", text);
        mw_json_object_end(j);
    }
    mw_json_object_end(j);
}

typedef struct handed_page {
    mw_api_page page;
    mw_api_call *call;
} handed_page;

static mw_status each_handed(void *ctx, const mw_store_handed *h) {
    handed_page *p = ctx;
    mw_api_call *call = p->call;
    mw_store_meter m;
    if (call->row->meter) {
        m = call->meter;
    } else {
        mw_status s = mw_store_meter_of_channel(call->api->o.store, h->tenant, h->channel, &m);
        if (s == MW_NOT_FOUND || (s == MW_OK && !mw_api_in_area(call, m.usage_point.id)))
            return MW_OK;
        MW_TRY(s);
    }
    if (mw_api_page_take(&p->page, h->id))
        put_handed(&p->page.json, h, &m, call->person == NULL);
    return MW_OK;
}

static void list(mw_api_call *call, int64_t channel, int state) {
    handed_page p = {.call = call};
    if (mw_api_page_begin(call, &p.page, 1024 * 1024))
        mw_api_page_end(call, &p.page,
                        mw_store_handed_list(call->api->o.store, call->tenant, channel, state,
                                             p.page.before, p.page.limit + 1, each_handed, &p));
}

void mw_api_handed_of_meter(mw_api_call *call) {
    list(call, call->meter.channel.channel, -1);
}

void mw_api_handed_list(mw_api_call *call) {
    const char *text = mw_http_query(call->http, "state");
    int state = -1;
    for (int i = 0; text != NULL && i < 3; i++)
        if (strcmp(text, state_names[i]) == 0)
            state = i;
    if (text != NULL && state < 0)
        mw_api_invalid(call, "state must be waiting, accepted or rejected");
    else
        list(call, 0, state);
}

/* ---- handing in ---- */

/* The photo in base64, checked and cleaned, in malloc'ed room; NULL when there is none. False when
 * it is wrong; answers itself. */
static bool read_photo(mw_api_call *call, const json_t *root, uint8_t **out, size_t *out_n,
                       const char **out_type) {
    mw_json_error error = {""};
    const char *text = NULL;
    size_t bytes = 0;
    size_t n = 0;
    *out = NULL;
    *out_n = 0;
    mw_status s = mw_json_get_text(root, "photo", MW_STORE_PHOTO_MAX / 3 * 4 + 4, &text, &error);
    if (s == MW_NOT_FOUND)
        return true;
    if (s != MW_OK) {
        mw_api_invalid(call, "photo must be base64 of at most 2 MiB");
        return false;
    }
    size_t room = strlen(text) / 4 * 3 + 3;
    uint8_t *raw = malloc(room);
    uint8_t *clean = malloc(room);
    s = raw == NULL || clean == NULL ? MW_NOMEM : MW_OK;
    if (s == MW_OK && sodium_base642bin(raw, room, text, strlen(text), NULL, &bytes, NULL,
                                        sodium_base64_VARIANT_ORIGINAL) != 0)
        s = MW_SYNTAX;
    if (s == MW_OK)
        s = mw_photo_clean((mw_slice){raw, bytes}, (mw_span){clean, room}, &n, out_type);
    if (s == MW_OK && n > MW_STORE_PHOTO_MAX)
        s = MW_RANGE;
    free(raw);
    if (s == MW_OK) {
        *out = clean;
        *out_n = n;
        return true;
    }
    free(clean);
    if (s == MW_NOMEM)
        mw_api_fail(call, s);
    else
        mw_api_invalid(call, "photo must be a whole JPEG or PNG picture of at most 2 MiB");
    return false;
}

static bool read_handed(mw_api_call *call, const json_t *root, mw_store_handed *h) {
    mw_json_error error = {""};
    mw_utc now = mw_loop_utc(call->api->o.loop);
    h->at = now;
    if (!mw_api_body_text(call, root, "note", true, h->note, sizeof h->note))
        return false;
    mw_status s = mw_json_get_int(root, "value", 0, INT64_C(1000000000000000), &h->value, &error);
    if (s == MW_OK) {
        s = mw_json_get_utc(root, "at", &h->at, &error);
        s = s == MW_NOT_FOUND ? MW_OK : s;
    }
    if (s != MW_OK) {
        mw_api_invalid(call, error.text);
        return false;
    }
    if (h->at.us > now.us + 300 * INT64_C(1000000) ||
        mw_utc_since(now, h->at).ns > OLDEST_DAYS * 86400 * MW_NS_PER_S) {
        mw_api_invalid(call, "at must lie in the last two months and not in the future");
        return false;
    }
    return true;
}

static mw_status count_one(void *ctx, const mw_store_handed *h) {
    (void)h;
    ++*(int64_t *)ctx;
    return MW_OK;
}

/* Answers itself when there are too many. */
static bool room_left(mw_api_call *call) {
    mw_store *store = call->api->o.store;
    int64_t waiting = 0;
    int64_t today = 0;
    mw_utc day_ago = mw_utc_add(mw_loop_machine_utc(call->api->o.loop), mw_dur_s(-86400));
    mw_status s = mw_store_handed_list(store, call->tenant, call->meter.channel.channel,
                                       MW_HANDED_WAITING, 0, WAITING_MAX, count_one, &waiting);
    if (s == MW_OK)
        s = mw_store_handed_count(store, call->tenant, call->user.login, day_ago, &today);
    if (s != MW_OK) {
        mw_api_fail(call, s);
        return false;
    }
    if (waiting < WAITING_MAX && today < mw_api_setting(call->api, call->tenant, "handed.per_day"))
        return true;
    mw_http_reply_problem(call->http, 429, "TOO_MANY",
                          "enough readings were handed in; wait until they are looked at");
    return false;
}

static mw_status handed_save(mw_api_call *call, mw_store_handed *h, mw_slice photo) {
    char id[MW_API_METER_ID_MAX];
    mw_store *store = call->api->o.store;
    mw_api_meter_id(&call->meter, id);
    MW_TRY(mw_store_begin(store));
    mw_status s = mw_store_handed_add(store, h, photo, &h->id);
    if (s == MW_OK)
        s = mw_api_audit(call, "reading.hand_in", id, photo.n > 0 ? "with photo" : "");
    return mw_api_end(call, s);
}

void mw_api_handed_create(mw_api_call *call) {
    static const char *const members[] = {"value", "at", "note", "photo", NULL};
    mw_store_handed h = {.tenant = call->tenant,
                         .channel = call->meter.channel.channel,
                         .sent = mw_loop_machine_utc(call->api->o.loop),
                         .decided = MW_UTC_NONE};
    json_t *root = NULL;
    uint8_t *photo = NULL;
    size_t photo_n = 0;
    const char *type = "";
    snprintf(h.who, sizeof h.who, "%s", call->user.login);
    if (!mw_api_body(call, members, &root))
        return;
    bool ok = read_handed(call, root, &h) && read_photo(call, root, &photo, &photo_n, &type) &&
              room_left(call);
    json_decref(root);
    if (ok) {
        snprintf(h.photo_type, sizeof h.photo_type, "%s", type);
        h.photo_size = (int64_t)photo_n;
        mw_status s = handed_save(call, &h, (mw_slice){photo, photo_n});
        mw_buffer b;
        mw_buffer_init(&b, 16384);
        mw_json j = mw_json_of(&b);
        put_handed(&j, &h, &call->meter, call->person == NULL);
        if (s == MW_OK) {
            mw_api_send_json(call, 201, &j, &b);
        } else {
            mw_buffer_fini(&b);
            mw_api_fail(call, s);
        }
    }
    free(photo);
}

/* ---- one of them ---- */

/* The handed reading that {reading} names, when it is of the meter; answers 404 itself. */
static bool find(mw_api_call *call, mw_store_handed *out) {
    int64_t id = 0;
    if (!mw_api_number(call, "reading", &id))
        return false;
    mw_status s = mw_store_handed_get(call->api->o.store, call->tenant, id, out);
    if (s == MW_OK && out->channel != call->meter.channel.channel)
        s = MW_NOT_FOUND;
    if (s == MW_OK)
        return true;
    mw_api_fail(call, s);
    return false;
}

void mw_api_handed_photo(mw_api_call *call) {
    mw_store_handed h;
    size_t n = 0;
    if (!find(call, &h))
        return;
    uint8_t *photo = malloc(MW_STORE_PHOTO_MAX);
    mw_status s = photo == NULL ? MW_NOMEM
                                : mw_store_handed_photo(call->api->o.store, call->tenant, h.id,
                                                        (mw_span){photo, MW_STORE_PHOTO_MAX}, &n);
    if (s == MW_OK) {
        mw_http_reply reply = {.status = 200,
                               .content_type = h.photo_type,
                               .body = {photo, n},
                               .headers = {{"Content-Disposition", "inline"},
                                           {"Cache-Control", "private, max-age=3600"}}};
        mw_http_reply_send(call->http, &reply);
    } else {
        mw_api_fail(call, s);
    }
    free(photo);
}

/* In a transaction: the reading into the journal. */
static mw_status journal(mw_api_call *call, const mw_store_handed *h) {
    mw_store *store = call->api->o.store;
    char content[200];
    uint8_t token[MW_STORE_TOKEN_HASH];
    int64_t sender = 0;
    int64_t id = 0;
    mw_store_append how;
    randombytes_buf(token, sizeof token); /* nobody has this one's token */
    MW_TRY(
        mw_store_sender_put(store, h->tenant, MW_STORE_SENDER_HANDED, MW_SLICE_OF(token), &sender));
    snprintf(content, sizeof content, "{\"handed\":%lld,\"readings\":[[%lld,%lld,%lld]]}",
             (long long)h->id, (long long)h->channel, (long long)mw_utc_floor_s(h->at),
             (long long)h->value);
    mw_utc now = mw_loop_utc(call->api->o.loop);
    mw_store_envelope e = {.tenant = h->tenant,
                           .sender = sender,
                           .epoch = 1,
                           .seq = (uint64_t)h->id,
                           .kind = MW_STORE_KIND_IMPORT,
                           .received = now,
                           .stored = now,
                           .content = mw_slice_of_str(content)};
    return mw_store_journal_append(store, &e, &how, &id);
}

static void decide(mw_api_call *call, mw_store_handed_state state) {
    static const char *const members[] = {"reason", NULL};
    mw_store *store = call->api->o.store;
    bool accepted = state == MW_HANDED_ACCEPTED;
    mw_store_handed h;
    json_t *root = NULL;
    char id[MW_API_METER_ID_MAX];
    mw_api_meter_id(&call->meter, id);
    if (!find(call, &h) || !mw_api_body(call, members, &root))
        return;
    bool ok = mw_api_body_text(call, root, "reason", accepted, h.reason, sizeof h.reason);
    json_decref(root);
    if (!ok)
        return;
    h.state = state;
    h.decided = mw_loop_machine_utc(call->api->o.loop);
    snprintf(h.decided_by, sizeof h.decided_by, "%s", call->user.login);
    mw_status s = mw_store_begin(store);
    if (s == MW_OK) {
        s = mw_store_handed_decide(store, &h);
        if (s == MW_OK && accepted)
            s = journal(call, &h);
        if (s == MW_OK)
            s = mw_api_audit(call, accepted ? "reading.accept" : "reading.reject", id, h.reason);
        s = mw_api_end(call, s);
    }
    mw_api_done(call, s);
    if (s == MW_OK && accepted && call->api->o.on_uplinks != NULL)
        call->api->o.on_uplinks(call->api->o.context);
}

void mw_api_handed_accept(mw_api_call *call) {
    decide(call, MW_HANDED_ACCEPTED);
}

void mw_api_handed_reject(mw_api_call *call) {
    decide(call, MW_HANDED_REJECTED);
}
