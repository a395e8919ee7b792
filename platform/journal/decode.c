/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/journal/decode.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crc.h"
#include "platform/journal/decode_internal.h"
#include "runtime/buffer.h"

static const char cursor_name[] = MW_DECODE_CURSOR;

mw_status mw_decoder_new(mw_store *store, mw_registry *registry, mw_decoder **out_decoder) {
    mw_decoder *d = calloc(1, sizeof *d);
    if (d == NULL)
        return MW_NOMEM;
    d->store = store;
    d->registry = registry;
    *out_decoder = d;
    return MW_OK;
}

void mw_decoder_free(mw_decoder *d) {
    if (d == NULL)
        return;
    mw_decode_devices_forget(d);
    free(d);
}

/* --- counters and alarms -------------------------------------------------------------------- */

static mw_status counts_flush(mw_decoder *d) {
    for (size_t i = 0; i < d->counts_n; i++) {
        const mw_decode_count *c = &d->counts[i];
        MW_TRY(mw_store_count_add(d->store, c->tenant, c->name, mw_utc_of_s(c->hour * 3600), c->n));
    }
    d->counts_n = 0;
    return MW_OK;
}

mw_status mw_decode_count_add(mw_decoder *d, const mw_store_envelope *e, const char *name,
                              int64_t n) {
    int64_t hour = mw_utc_floor_s(e->stored) / 3600;
    for (size_t i = 0; i < d->counts_n; i++) {
        mw_decode_count *c = &d->counts[i];
        if (c->name == name && c->tenant == e->tenant && c->hour == hour) {
            c->n += n;
            return MW_OK;
        }
    }
    if (d->counts_n == MW_DECODE_COUNTS)
        MW_TRY(counts_flush(d));
    d->counts[d->counts_n++] = (mw_decode_count){e->tenant, hour, name, n};
    return MW_OK;
}

mw_status mw_decode_alarm(mw_decoder *d, const mw_store_envelope *e, const char *kind,
                          const char *subject, const char *text) {
    mw_store_sign alarm = {
        .tenant = e->tenant, .last_at = e->stored, .count = 1, .from_decode = true};
    snprintf(alarm.kind, sizeof alarm.kind, "%s", kind);
    snprintf(alarm.subject, sizeof alarm.subject, "%s", subject);
    snprintf(alarm.text, sizeof alarm.text, "%s", text);
    return mw_store_sign_raise(d->store, &alarm);
}

void mw_decode_subject(const mw_store_device *device, char out[MW_STORE_ID_MAX]) {
    snprintf(out, MW_STORE_ID_MAX, "%016" PRIx64, device->identity);
}

/* --- one record ------------------------------------------------------------------------------ */

/* A station whose clock is ahead must not freeze what is known of a meter: nothing was heard later
 * than it was stored. */
static void state_follow(mw_store_device_state *state, const mw_decode_record *r) {
    const mw_store_envelope *e = r->envelope;
    mw_utc seen = e->received.us < e->stored.us ? e->received : e->stored;
    if (!mw_utc_is_none(state->last_seen) && state->last_seen.us > seen.us)
        return;
    state->last_seen = seen;
    state->level_cdbm = r->item->level_cdbm;
    state->snr_cdb = r->item->snr_cdb;
}

/* That this sender hears the device: what coverage is told by. */
static mw_status heard_follow(mw_decoder *d, const mw_decode_record *r, int64_t device) {
    const mw_store_envelope *e = r->envelope;
    mw_store_reception heard = {.tenant = e->tenant,
                                .device = device,
                                .journal = e->id,
                                .received = e->received.us < e->stored.us ? e->received : e->stored,
                                .level_cdbm = r->item->level_cdbm,
                                .snr_cdb = r->item->snr_cdb};
    return mw_store_heard_put(d->store, &heard);
}

static mw_status replay(mw_decoder *d, const mw_decode_record *r, const mw_decode_opened *o,
                        const char *text) {
    char subject[MW_STORE_ID_MAX];
    mw_decode_subject(&o->entry->device, subject);
    o->device->state.replays++;
    o->device->dirty = true;
    MW_TRY(mw_decode_count_add(d, r->envelope, "decode.replays", 1));
    return mw_decode_alarm(d, r->envelope, "replay", subject, text);
}

static bool too_old(const mw_store_device_state *state, const mw_decode_opened *o) {
    return state->frames > 0 && o->key_epoch == state->key_epoch &&
           o->counter < state->newest_counter &&
           state->newest_counter - o->counter >= MW_DECODE_BEHIND_MAX;
}

/* The same counter again: a copy, another station's hearing, or somebody's recording. */
static mw_status heard_again(mw_decoder *d, const mw_decode_record *r, const mw_decode_opened *o,
                             const mw_store_frame *frame, const mw_store_frame *first) {
    char subject[MW_STORE_ID_MAX];
    if (first->crc != frame->crc) {
        mw_decode_subject(&o->entry->device, subject);
        MW_TRY(mw_decode_count_add(d, r->envelope, "decode.counter_reused", 1));
        return mw_decode_alarm(d, r->envelope, "counter_reused", subject,
                               "two different frames were sealed under one counter");
    }
    int64_t late_us = frame->received.us - first->received.us;
    if (late_us > MW_DECODE_LATE_S * MW_US_PER_S || late_us < -MW_DECODE_LATE_S * MW_US_PER_S)
        return replay(d, r, o, "a frame was heard again long after the meter sent it");
    mw_store_reception reception = {.tenant = frame->tenant,
                                    .device = frame->device,
                                    .journal = frame->journal,
                                    .counter = frame->counter,
                                    .duplicate = true};
    MW_TRY(mw_store_reception_append(d->store, &reception));
    MW_TRY(heard_follow(d, r, frame->device));
    state_follow(&o->device->state, r);
    o->device->state.duplicates++;
    o->device->dirty = true;
    return mw_decode_count_add(d, r->envelope, "decode.duplicates", 1);
}

static mw_status heard_first(mw_decoder *d, const mw_decode_record *r, mw_decode_opened *o) {
    mw_store_device_state *state = &o->device->state;
    bool new_epoch = o->key_epoch != state->key_epoch;
    if (state->frames == 0 || new_epoch || o->counter > state->newest_counter)
        state->newest_counter = o->counter;
    state->key_epoch = o->key_epoch;
    state->frames++;
    state_follow(state, r);
    o->device->dirty = true;
    mw_store_reception reception = {.tenant = state->tenant,
                                    .device = state->device,
                                    .journal = r->envelope->id,
                                    .counter = o->counter};
    MW_TRY(mw_store_reception_append(d->store, &reception));
    MW_TRY(heard_follow(d, r, state->device));
    MW_TRY(mw_decode_count_add(d, r->envelope, "decode.frames", 1));
    MW_TRY(mw_decode_objects(d, r, o));
    if (!new_epoch)
        return MW_OK;
    /* The slot holds the key of the former epoch: written back and loaded anew when needed. */
    MW_TRY(mw_store_device_state_put(d->store, state));
    mw_crypto_fini(&o->device->up);
    memset(o->device, 0, sizeof *o->device);
    return MW_OK;
}

static mw_status opened_take(mw_decoder *d, const mw_decode_record *r, mw_decode_opened *o) {
    if (too_old(&o->device->state, o))
        return replay(d, r, o, "a frame came with a counter far behind the newest");
    mw_slice payload = {r->item->payload, r->item->payload_n};
    mw_store_frame frame = {.tenant = r->envelope->tenant,
                            .device = o->entry->device.device,
                            .key_epoch = o->key_epoch,
                            .counter = o->counter,
                            .journal = r->envelope->id,
                            .crc = mw_crc32(payload),
                            .received = r->envelope->received};
    mw_store_frame first;
    MW_TRY(mw_store_frame_accept(d->store, &frame, &first));
    if (first.journal != frame.journal)
        return heard_again(d, r, o, &frame, &first);
    return heard_first(d, r, o);
}

static mw_status auth_failed(mw_decoder *d, const mw_decode_record *r) {
    MW_TRY(mw_decode_count_add(d, r->envelope, "decode.auth_failed", 1));
    mw_reader reader = mw_reader_of((mw_slice){r->item->payload, r->item->payload_n});
    uint32_t address = mw_read_u32be(&reader);
    int64_t failed = 0;
    MW_TRY(mw_store_failure_add(d->store, r->envelope->tenant, address, r->envelope->stored, 0,
                                &failed));
    if (failed < MW_DECODE_FAILURES_ALARM)
        return MW_OK;
    char subject[MW_STORE_ID_MAX];
    snprintf(subject, sizeof subject, "address/%08" PRIx32, address);
    return mw_decode_alarm(d, r->envelope, "auth_failures", subject,
                           "many frames with this address fail authentication");
}

static mw_status record_decode(mw_decoder *d, const mw_store_envelope *e) {
    if (e->kind == MW_STORE_KIND_IMPORT)
        return mw_decode_import(d, e);
    if (e->kind == MW_STORE_KIND_SIGFOX || e->kind == MW_STORE_KIND_NBFI ||
        e->kind == MW_STORE_KIND_OPENUNB)
        return mw_decode_foreign(d, e);
    if (e->kind == MW_STORE_KIND_PUSH)
        return mw_decode_push(d, e);
    if (e->kind != MW_STORE_KIND_UNB && e->kind != MW_STORE_KIND_DOWNLINK)
        return mw_decode_station(d, e);
    mw_envelope_item item;
    mw_status s = mw_envelope_item_parse(e->content, &item);
    if (s == MW_NOMEM)
        return s;
    if (s != MW_OK)
        return mw_decode_count_add(d, e, "decode.malformed", 1);
    mw_decode_record r = {e, &item};
    if (e->kind == MW_STORE_KIND_DOWNLINK)
        return mw_decode_result(d, &r);
    mw_decode_opened o = {0};
    s = mw_decode_open(d, &r, &o);
    switch (s) {
    case MW_OK:
        return opened_take(d, &r, &o);
    case MW_SYNTAX:
        return mw_decode_count_add(d, e, "decode.malformed", 1);
    case MW_NOT_FOUND:
        return mw_decode_count_add(d, e, "decode.unknown_address", 1);
    case MW_LIMIT:
        return mw_decode_count_add(d, e, "decode.limited", 1);
    case MW_AUTH:
        return auth_failed(d, &r);
    default:
        return s;
    }
}

/* --- turns ----------------------------------------------------------------------------------- */

typedef struct turn {
    mw_store_envelope *envelope;
    size_t *content_at;
    size_t n;
    mw_buffer content;
} turn;

/* Copies a record: decoding writes, and a scan must not be open meanwhile. */
static mw_status record_copy(void *ctx, const mw_store_envelope *e) {
    turn *t = ctx;
    t->envelope[t->n] = *e;
    t->content_at[t->n++] = t->content.n;
    mw_buffer_append(&t->content, e->content);
    return t->content.status;
}

/* Another process may have imported devices, or decoded again: what is cached may be old. */
static mw_status caches_check(mw_decoder *d) {
    int64_t version = 0;
    MW_TRY(mw_store_data_version(d->store, &version));
    if (version != d->data_version) {
        mw_decode_devices_forget(d);
        mw_registry_forget(d->registry);
        d->data_version = version;
    }
    return MW_OK;
}

static mw_status turn_run(mw_decoder *d, turn *t, uint32_t max_records) {
    int64_t at = 0;
    MW_TRY(caches_check(d));
    MW_TRY(mw_store_cursor_get(d->store, cursor_name, &at));
    MW_TRY(mw_store_journal_scan(d->store, at, max_records, record_copy, t));
    if (t->n == 0)
        return MW_OK;
    for (size_t i = 0; i < t->n; i++) {
        t->envelope[i].content.p = t->content.p + t->content_at[i];
        MW_TRY(record_decode(d, &t->envelope[i]));
    }
    MW_TRY(mw_decode_devices_flush(d));
    MW_TRY(counts_flush(d));
    return mw_store_cursor_set(d->store, cursor_name, t->envelope[t->n - 1].id);
}

/* After a failure nothing in memory may be newer than the database. */
static mw_status turn_undo(mw_decoder *d, mw_status why) {
    d->counts_n = 0;
    mw_decode_devices_forget(d);
    mw_registry_forget(d->registry);
    mw_status undone = mw_store_rollback(d->store);
    return undone == MW_OK ? why : undone;
}

mw_status mw_decoder_turn(mw_decoder *d, uint32_t max_records, uint32_t *out_records) {
    if (max_records == 0 || max_records > MW_DECODE_TURN_MAX)
        return MW_RANGE;
    turn t = {.envelope = calloc(max_records, sizeof *t.envelope),
              .content_at = calloc(max_records, sizeof *t.content_at)};
    mw_buffer_init(&t.content, (size_t)max_records * MW_STORE_CONTENT_MAX);
    mw_status s = t.envelope == NULL || t.content_at == NULL ? MW_NOMEM : mw_store_begin(d->store);
    if (s == MW_OK) {
        s = turn_run(d, &t, max_records);
        if (s == MW_OK)
            s = mw_store_commit(d->store);
        if (s != MW_OK)
            s = turn_undo(d, s);
    }
    if (s == MW_OK)
        *out_records = (uint32_t)t.n;
    free(t.envelope);
    free(t.content_at);
    mw_buffer_fini(&t.content);
    return s;
}

mw_status mw_decoder_rewind(mw_decoder *d) {
    int64_t forgotten = 0;
    MW_TRY(mw_store_cursor_get(d->store, MW_DECODE_FORGOTTEN, &forgotten));
    if (forgotten != 0)
        return MW_STATE;
    MW_TRY(mw_store_begin(d->store));
    mw_status s = mw_store_derived_clear(d->store);
    if (s == MW_OK)
        s = mw_store_cursor_set(d->store, cursor_name, 0);
    mw_decode_devices_forget(d);
    mw_registry_forget(d->registry);
    d->counts_n = 0;
    if (s == MW_OK)
        return mw_store_commit(d->store);
    return turn_undo(d, s);
}
