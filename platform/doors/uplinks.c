/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/doors/uplinks.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/journal/envelope.h"
#include "protocols/unb/unb.h"
#include "runtime/json_writer.h"

typedef struct taking {
    mw_store *store;
    const mw_store_sender *sender;
    uint64_t epoch;
    mw_utc now;
    mw_uplinks_result result;
    int64_t frames;
    int64_t records,
        records_again; /* what a station says of itself: status, results of downlinks */
    int64_t ahead;     /* new items that the sender says come from the future */
    mw_json out;
} taking;

void mw_uplinks_token_hash(mw_slice token, uint8_t out_hash[MW_STORE_TOKEN_HASH]) {
    crypto_generichash(out_hash, MW_STORE_TOKEN_HASH, token.p, token.n, NULL, 0);
}

static void answer(taking *t, const mw_envelope_item *item, const char *status,
                   const char *reason) {
    mw_json_object_begin(&t->out);
    if (item->has_seq)
        mw_json_put_uint(&t->out, "seq", item->seq);
    else
        mw_json_put_null(&t->out, "seq");
    mw_json_put_text(&t->out, "status", status);
    if (reason != NULL)
        mw_json_put_text(&t->out, "reason", reason);
    mw_json_object_end(&t->out);
}

/* Kept with its reason and acknowledged: a sender that can never do better must not be stalled. */
static mw_status quarantine(taking *t, const mw_envelope_item *item, mw_slice content,
                            const char *reason) {
    mw_store_quarantined row = {.tenant = t->sender->tenant,
                                .sender = t->sender->sender,
                                .epoch = t->epoch,
                                .seq = item->seq,
                                .stored = t->now,
                                .reason = reason,
                                .content = content};
    if (row.content.n > MW_UPLINKS_ITEM_MAX)
        row.content.n = MW_UPLINKS_ITEM_MAX;
    MW_TRY(mw_store_quarantine_append(t->store, &row));
    t->result.quarantined++;
    answer(t, item, "quarantined", reason);
    return MW_OK;
}

static mw_status conflict_alarm(taking *t) {
    mw_store_sign alarm = {.tenant = t->sender->tenant,
                           .kind = "uplink_conflict",
                           .text = "one sequence number came with different contents",
                           .last_at = t->now,
                           .count = 1};
    snprintf(alarm.subject, sizeof alarm.subject, "%s", t->sender->id);
    return mw_store_sign_raise(t->store, &alarm);
}

/* One alarm for a batch: a wrong clock is wrong in each item. */
static mw_status clock_alarm(const taking *t) {
    mw_store_sign alarm = {.tenant = t->sender->tenant,
                           .kind = "station_clock",
                           .text = "its times of reception are more than an hour ahead of ours",
                           .last_at = t->now,
                           .count = 1};
    snprintf(alarm.subject, sizeof alarm.subject, "%s", t->sender->id);
    return mw_store_sign_raise(t->store, &alarm);
}

static mw_status item_append(taking *t, const mw_envelope_item *item, mw_slice content) {
    mw_store_envelope e = {.tenant = t->sender->tenant,
                           .sender = t->sender->sender,
                           .epoch = t->epoch,
                           .seq = item->seq,
                           .kind = item->kind,
                           .received = item->received,
                           .stored = t->now,
                           .content = content};
    mw_store_append result = MW_STORE_APPENDED;
    int64_t id = 0;
    mw_status s = mw_store_journal_append(t->store, &e, &result, &id);
    if (s == MW_LIMIT)
        return quarantine(t, item, content, "too many different contents under one key");
    MW_TRY(s);
    bool record = item->kind == MW_STORE_KIND_STATION || item->kind == MW_STORE_KIND_DOWNLINK;
    t->records += record;
    t->records_again += record && result == MW_STORE_DUPLICATE;
    t->frames += item->kind == MW_STORE_KIND_UNB && result != MW_STORE_DUPLICATE;
    t->ahead += result != MW_STORE_DUPLICATE &&
                item->received.us - t->now.us > MW_UPLINKS_AHEAD_S * MW_US_PER_S;
    switch (result) {
    case MW_STORE_DUPLICATE:
        t->result.duplicates++;
        answer(t, item, "duplicate", NULL);
        return MW_OK;
    case MW_STORE_CONFLICT:
        t->result.conflicts++;
        answer(t, item, "conflict", "the key was used before with other content");
        return conflict_alarm(t);
    default:
        t->result.stored++;
        answer(t, item, "stored", NULL);
        return MW_OK;
    }
}

/* Asked at the door alone: what the journal holds from before is decoded as it stands. */
static mw_status rate_check(const mw_envelope_item *item, mw_json_error *error) {
    mw_unb_rate rate;
    if (item->kind != MW_STORE_KIND_UNB ||
        mw_unb_rate_of_name(mw_slice_of_str(item->rate), &rate) == MW_OK)
        return MW_OK;
    snprintf(error->text, sizeof error->text, "\"rate\" is not known");
    return MW_UNSUPPORTED;
}

static mw_status item_take(taking *t, const json_t *object) {
    mw_envelope_item item;
    mw_json_error error;
    mw_status good = mw_envelope_item_read(object, &item, &error);
    if (good == MW_OK)
        good = rate_check(&item, &error);
    /* Keys sorted and no white space: equal content has equal bytes, however it was written. */
    char *text = json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
    if (text == NULL)
        return MW_NOMEM;
    mw_slice content = {(const uint8_t *)text, strlen(text)};
    mw_status s;
    if (good == MW_NOMEM)
        s = good;
    else if (good != MW_OK)
        s = quarantine(t, &item, content, error.text);
    else if (content.n > MW_UPLINKS_ITEM_MAX)
        s = quarantine(t, &item, content, "the item is too long");
    else
        s = item_append(t, &item, content);
    free(text);
    return s;
}

static mw_status counts_add(taking *t, size_t items) {
    char frames[MW_STORE_ID_MAX + 8];
    snprintf(frames, sizeof frames, "frames/%s", t->sender->id);
    const struct {
        const char *name;
        int64_t n;
    } counts[] = {{"uplinks.received", (int64_t)items - t->records},
                  {"uplinks.duplicates", t->result.duplicates - t->records_again},
                  {"uplinks.conflicts", t->result.conflicts},
                  {"uplinks.quarantined", t->result.quarantined},
                  {frames, t->frames}};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        if (counts[i].n > 0)
            MW_TRY(mw_store_count_add(t->store, t->sender->tenant, counts[i].name, t->now,
                                      counts[i].n));
    return MW_OK;
}

static mw_status batch_write(taking *t, const json_t *items) {
    mw_json_object_begin(&t->out);
    mw_json_put_array(&t->out, "results");
    size_t i;
    json_t *item;
    json_array_foreach(items, i, item) MW_TRY(item_take(t, item));
    mw_json_array_end(&t->out);
    mw_json_object_end(&t->out);
    MW_TRY(mw_json_done(&t->out));
    MW_TRY(counts_add(t, json_array_size(items)));
    if (t->ahead > 0)
        MW_TRY(clock_alarm(t));
    return mw_store_sender_seen(t->store, t->sender->tenant, t->sender->sender, t->epoch, t->now);
}

static mw_status batch_commit(taking *t, const json_t *items) {
    MW_TRY(mw_store_begin(t->store));
    mw_status s = batch_write(t, items);
    if (s == MW_OK)
        return mw_store_commit(t->store);
    mw_status undone = mw_store_rollback(t->store);
    return undone == MW_OK ? s : undone;
}

mw_status mw_uplinks_take(mw_store *store, const mw_store_sender *sender, mw_slice body, mw_utc now,
                          mw_uplinks_result *out_result) {
    mw_envelope_batch batch;
    MW_TRY(mw_envelope_batch_read(body, MW_UPLINKS_BODY_MAX, MW_UPLINKS_ITEMS_MAX, &batch));
    if (strcmp(batch.sender, sender->id) != 0) {
        mw_envelope_batch_fini(&batch);
        return MW_FORBIDDEN;
    }
    mw_buffer text;
    mw_buffer_init(&text, 1 << 20);
    taking t = {.store = store,
                .sender = sender,
                .epoch = batch.epoch,
                .now = now,
                .out = mw_json_of(&text)};
    mw_status s = batch_commit(&t, batch.items);
    mw_envelope_batch_fini(&batch);
    if (s != MW_OK) {
        mw_buffer_fini(&text);
        return s;
    }
    t.result.body = (char *)text.p;
    t.result.body_n = text.n;
    *out_result = t.result;
    return MW_OK;
}
