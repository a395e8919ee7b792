/* SPDX-License-Identifier: Apache-2.0 */
#include "meters/kit/downlink.h"

#include "meters/kit/downlink_internal.h"

#define KIND_TAKEN         1u
#define KIND_DONE          2u

#define KNOWN_OWN          0x01u
#define KNOWN_FORMER       0x02u
#define KNOWN_GROUP        0x04u

#define STATE_ROTATED      0x01u
#define STATE_GROUP        0x02u
#define STATE_RELAY        0x04u
#define STATE_RELAY_CLOSED 0x08u

/* ---- records ---- */

typedef struct record {
    uint8_t kind, known, own_epoch, group_epoch;
    uint32_t own, former, group;
    uint16_t id;
    uint8_t code, result, size;
    uint32_t time_s;
    uint8_t data[MW_SMP_DATA_MAX];
} record;

static mw_status record_append(mw_meter *m, record *r) {
    mw_downlink *d = &m->downlink;
    uint8_t payload[MW_DOWNLINK_PAYLOAD];
    mw_writer w = mw_writer_of(MW_SPAN_OF(payload));
    unsigned known = (d->any_own ? KNOWN_OWN : 0) | (d->any_former ? KNOWN_FORMER : 0) |
                     (d->any_group ? KNOWN_GROUP : 0);
    mw_write_u8(&w, (uint8_t)((unsigned)r->kind << 4 | known));
    mw_write_u8(&w, (uint8_t)m->key_epoch);
    mw_write_u8(&w, (uint8_t)d->group_epoch);
    mw_write_u32le(&w, d->newest_own);
    mw_write_u32le(&w, d->newest_former);
    mw_write_u32le(&w, d->newest_group);
    mw_write_u16le(&w, r->id);
    mw_write_u8(&w, r->code);
    mw_write_u8(&w, r->result);
    mw_write_u8(&w, r->size);
    mw_write_u32le(&w, r->time_s);
    mw_write_bytes(&w, MW_SLICE_OF(r->data));
    return mw_ringlog_append(&d->log, &m->flash, mw_writer_done(&w));
}

static record record_of(mw_slice payload) {
    mw_reader in = mw_reader_of(payload);
    uint8_t head = mw_read_u8(&in);
    record r = {.kind = head >> 4, .known = head & 0x0F, .own_epoch = mw_read_u8(&in)};
    r.group_epoch = mw_read_u8(&in);
    r.own = mw_read_u32le(&in);
    r.former = mw_read_u32le(&in);
    r.group = mw_read_u32le(&in);
    r.id = mw_read_u16le(&in);
    r.code = mw_read_u8(&in);
    r.result = mw_read_u8(&in);
    r.size = mw_read_u8(&in);
    r.time_s = mw_read_u32le(&in);
    mw_slice data = mw_read_bytes(&in, sizeof r.data);
    mw_bytes_copy(r.data, data.p, data.n);
    if (r.size > MW_SMP_DATA_MAX)
        r.kind = 0; /* no record of ours */
    return r;
}

mw_status mw_downlink_state_save(mw_meter *m) {
    mw_downlink *d = &m->downlink;
    uint8_t payload[MW_DOWNLINK_STATE] = {0};
    mw_writer w = mw_writer_of(MW_SPAN_OF(payload));
    mw_write_u32le(&w, m->key_epoch);
    mw_write_u8(&w, (uint8_t)((d->rotated ? STATE_ROTATED : 0) | (d->has_group ? STATE_GROUP : 0) |
                              (d->relay_known ? STATE_RELAY : 0) |
                              (d->relay_closed ? STATE_RELAY_CLOSED : 0)));
    mw_write_u32le(&w, d->group);
    mw_write_u32le(&w, d->group_epoch);
    mw_write_bytes(&w, MW_SLICE_OF(d->group_key.b));
    return mw_ringlog_append(&d->state, &m->flash, MW_SLICE_OF(payload));
}

static void state_take(mw_meter *m, mw_slice payload) {
    mw_downlink *d = &m->downlink;
    mw_reader r = mw_reader_of(payload);
    uint32_t epoch = mw_read_u32le(&r);
    uint8_t flags = mw_read_u8(&r);
    uint32_t group = mw_read_u32le(&r), group_epoch = mw_read_u32le(&r);
    mw_slice key = mw_read_bytes(&r, sizeof d->group_key.b);
    if (epoch > m->key_epoch) {
        m->key_epoch = epoch;
        d->rotated = (flags & STATE_ROTATED) != 0;
    }
    d->relay_known = (flags & STATE_RELAY) != 0;
    d->relay_closed = (flags & STATE_RELAY_CLOSED) != 0;
    if ((flags & STATE_GROUP) == 0 || !mw_smp_address_is_group(group))
        return;
    if (d->has_group && d->group == group && d->group_epoch >= group_epoch)
        return; /* production gave a newer one */
    d->has_group = true;
    d->group = group;
    d->group_epoch = group_epoch;
    mw_bytes_copy(d->group_key.b, key.p, key.n);
}

/* ---- boot ---- */

/* The newest record says which counters are used up. */
static void counters_take(mw_meter *m, const record *r) {
    mw_downlink *d = &m->downlink;
    if (r->own_epoch == (uint8_t)m->key_epoch) {
        d->newest_own = r->own;
        d->any_own = (r->known & KNOWN_OWN) != 0;
        d->newest_former = r->former;
        d->any_former = (r->known & KNOWN_FORMER) != 0;
    } else if (r->own_epoch == (uint8_t)(m->key_epoch - 1)) {
        /* The epoch changed and nothing was written since. */
        d->newest_former = r->own;
        d->any_former = (r->known & KNOWN_OWN) != 0;
    }
    if (r->group_epoch == (uint8_t)d->group_epoch) {
        d->newest_group = r->group;
        d->any_group = (r->known & KNOWN_GROUP) != 0;
    }
}

static mw_downlink_done done_of(const record *r) {
    mw_downlink_done e = {.id = r->id, .code = r->code, .result = r->result, .time_s = r->time_s};
    e.size = r->size < MW_RECEIPT_DATA ? r->size : MW_RECEIPT_DATA;
    mw_bytes_copy(e.data, r->data, e.size);
    return e;
}

static mw_smp_command command_of(const record *r) {
    mw_smp_command c = {.id = r->id, .code = r->code, .expires_s = MW_SMP_NEVER, .size = r->size};
    mw_bytes_copy(c.data, r->data, r->size);
    return c;
}

/* Walks back: receipts, and the one command that was begun and not finished. */
static mw_status history_take(mw_meter *m, mw_smp_command *out_redo, bool *out_found) {
    mw_downlink *d = &m->downlink;
    mw_ringlog_cursor at = mw_ringlog_from_newest(&d->log);
    *out_found = false;
    for (unsigned i = 0; i < 4 * MW_DOWNLINK_IDS; i++) {
        uint8_t payload[MW_DOWNLINK_PAYLOAD];
        uint32_t seq;
        mw_status s = mw_ringlog_older(&d->log, &m->flash, &at, MW_SPAN_OF(payload), &seq);
        if (s == MW_NOT_FOUND)
            break;
        MW_TRY(s);
        record r = record_of(MW_SLICE_OF(payload));
        if (i == 0)
            counters_take(m, &r);
        if (r.code == 0)
            continue;
        mw_downlink_done *done = mw_downlink_find(d, r.id, r.code);
        if (r.kind == KIND_DONE && done == NULL && d->done_n < MW_DOWNLINK_IDS) {
            d->done[d->done_n++] = done_of(&r);
        } else if (r.kind == KIND_TAKEN && !*out_found &&
                   (i == 0 || (done != NULL && done->result == MW_SMP_RESULT_ACCEPTED))) {
            *out_redo = command_of(&r);
            *out_found = true;
        }
    }
    /* Collected newest first; the newest comes last. */
    for (unsigned i = 0; i < d->done_n / 2u; i++) {
        mw_downlink_done swap = d->done[i];
        d->done[i] = d->done[d->done_n - 1u - i];
        d->done[d->done_n - 1u - i] = swap;
    }
    return MW_OK;
}

mw_status mw_downlink_mount(mw_meter *m, const mw_meter_provision *p, const mw_key *master,
                            const mw_downlink_place *at) {
    mw_downlink *d = &m->downlink;
    *d = (mw_downlink){.master = *master, .answer_at = MW_TICK_NEVER, .restart_at = MW_TICK_NEVER};
    if (mw_smp_address_is_group(p->group)) {
        d->has_group = true;
        d->group = p->group;
        d->group_epoch = p->group_epoch;
        mw_bytes_copy(d->group_key.b, p->group_key, sizeof d->group_key.b);
    }
    MW_TRY(mw_ringlog_mount(&d->state, &m->flash, at->state_first, at->state_sectors,
                            MW_DOWNLINK_STATE, at->state_kind));
    uint8_t payload[MW_DOWNLINK_STATE];
    mw_status s = mw_ringlog_last(&d->state, &m->flash, MW_SPAN_OF(payload));
    if (s == MW_OK)
        state_take(m, MW_SLICE_OF(payload));
    else if (s != MW_NOT_FOUND)
        return s;
    return mw_ringlog_mount(&d->log, &m->flash, at->log_first, at->log_sectors, MW_DOWNLINK_PAYLOAD,
                            at->log_kind);
}

mw_status mw_downlink_resume(mw_meter *m, mw_mono now) {
    mw_smp_command redo;
    bool found;
    MW_TRY(history_take(m, &redo, &found));
    if (!found)
        return MW_OK;
    mw_downlink_done *done = mw_downlink_find(&m->downlink, redo.id, redo.code);
    if (done != NULL && done->result != MW_SMP_RESULT_ACCEPTED)
        return MW_OK;
    return mw_orders_redo(m, now, &redo);
}

/* ---- what was done ---- */

mw_downlink_done *mw_downlink_find(mw_downlink *d, uint16_t id, uint8_t code) {
    for (unsigned i = d->done_n; i-- > 0;)
        if (d->done[i].id == id && d->done[i].code == code)
            return &d->done[i];
    return NULL;
}

static void done_put(mw_downlink *d, const mw_downlink_done *e) {
    mw_downlink_done *known = mw_downlink_find(d, e->id, e->code);
    if (known != NULL) {
        *known = *e;
        return;
    }
    if (d->done_n == MW_DOWNLINK_IDS) {
        for (unsigned i = 1; i < MW_DOWNLINK_IDS; i++)
            d->done[i - 1] = d->done[i];
        d->done_n--;
    }
    d->done[d->done_n++] = *e;
}

mw_status mw_downlink_taken(mw_meter *m, const mw_smp_command *c) {
    record r = {.kind = KIND_TAKEN};
    if (c != NULL) {
        r.id = c->id;
        r.code = c->code;
        r.size = c->size;
        mw_bytes_copy(r.data, c->data, c->size);
    }
    return record_append(m, &r);
}

mw_status mw_downlink_finish(mw_meter *m, mw_mono now, const mw_downlink_done *e) {
    mw_downlink_done done = *e;
    if (mw_meter_clock_state(m, now) == MW_CLOCK_NEVER_SET ||
        mw_smp_seconds_of_utc(mw_meter_clock(m, now), &done.time_s) != MW_OK)
        done.time_s = 0;
    done.queued = !done.silent;
    record r = {.kind = KIND_DONE,
                .id = done.id,
                .code = done.code,
                .result = done.result,
                .size = done.size,
                .time_s = done.time_s};
    mw_bytes_copy(r.data, done.data, done.size);
    mw_status s = record_append(m, &r);
    done_put(&m->downlink, &done);
    mw_answers_due(m, now, done.silent);
    return s;
}

/* ---- own frames ---- */

void mw_downlink_uplink_sent(mw_downlink *d, uint32_t counter, mw_mono start) {
    if (d->uplinks == MW_DOWNLINK_UPLINKS) {
        for (unsigned i = 1; i < MW_DOWNLINK_UPLINKS; i++)
            d->uplink[i - 1] = d->uplink[i];
        d->uplinks--;
    }
    d->uplink[d->uplinks].counter_low = counter & 0x0FFF;
    d->uplink[d->uplinks++].start = start;
}

void mw_downlink_clock_moved(mw_downlink *d) {
    d->uplinks = 0;
}

/* ---- taking a frame ---- */

/* The key that a header calls for, and the newest counter under it. */
typedef struct lock {
    enum { OWN, FORMER, GROUP } who;
    uint32_t epoch;
    uint32_t *newest;
    bool *any;
} lock;

static mw_status lock_of(mw_meter *m, const mw_smp_header *h, lock *out) {
    mw_downlink *d = &m->downlink;
    if (h->address == m->address) {
        if (mw_smp_epoch_matches(h, m->key_epoch)) {
            *out = (lock){OWN, m->key_epoch, &d->newest_own, &d->any_own};
            return MW_OK;
        }
        /* The former epoch is good until the first frame under the new one. */
        if (d->rotated && !d->any_own && m->key_epoch > 0 &&
            mw_smp_epoch_matches(h, m->key_epoch - 1)) {
            *out = (lock){FORMER, m->key_epoch - 1, &d->newest_former, &d->any_former};
            return MW_OK;
        }
        return MW_AUTH;
    }
    if (d->has_group && h->address == d->group && mw_smp_epoch_matches(h, d->group_epoch)) {
        *out = (lock){GROUP, d->group_epoch, &d->newest_group, &d->any_group};
        return MW_OK;
    }
    return MW_NOT_FOUND;
}

static mw_status frame_open(mw_meter *m, const lock *l, mw_slice payload, uint32_t counter,
                            mw_span out, mw_slice *out_objects) {
    mw_key key = m->downlink.group_key;
    mw_crypto_ctx ctx;
    if (l->who != GROUP)
        MW_TRY(mw_key_derive_device(&mw_crypto_own, &m->downlink.master, &m->device_id, l->epoch,
                                    MW_KEY_DOWN, &key));
    mw_status s = mw_crypto_init(&ctx, &mw_crypto_own, &key);
    mw_key_wipe(&key);
    MW_TRY(s);
    s = mw_smp_frame_open(&ctx, MW_SMP_DOWN, payload, l->epoch, counter, out, out_objects);
    mw_crypto_fini(&ctx);
    return s;
}

/* Told with the next report: whoever throws noise at a meter must not make it send. */
static void refused(mw_meter *m, mw_mono now) {
    mw_downlink *d = &m->downlink;
    if (d->refused < UINT32_MAX)
        d->refused++;
    if (mw_events_raise(&m->events, &m->flash, now, mw_rtc_utc(&m->clock, now),
                        MW_SMP_EVENT_AUTH_FAILED, 255, d->refused) != MW_DUPLICATE)
        d->refused = 0;
}

/* The first command of a frame, for the record that also stores the counter. */
static bool first_order(mw_slice objects, mw_smp_command *out) {
    mw_reader r = mw_reader_of(objects);
    mw_smp_object o;
    while (mw_smp_object_next(&r, &o) == MW_OK)
        if (mw_smp_order_decode(&o, out) == MW_OK)
            return true;
    return false;
}

static mw_status objects_take(mw_meter *m, mw_mono now, mw_mono burst_start, mw_slice objects,
                              bool group) {
    mw_reader r = mw_reader_of(objects);
    mw_smp_object o;
    unsigned orders = 0;
    while (mw_smp_object_next(&r, &o) == MW_OK) {
        mw_smp_command c;
        mw_smp_time_set time;
        if (mw_smp_order_decode(&o, &c) == MW_OK) {
            if (orders < MW_DOWNLINK_ORDERS_MAX)
                MW_TRY(mw_orders_take(m, now, &c, group, orders == 0));
            orders++;
        } else if (o.type == MW_SMP_TIME_SET && mw_smp_time_set_decode(o.body, &time) == MW_OK) {
            mw_orders_time(m, now, burst_start, &time, group);
        } else if (o.type == MW_SMP_FIRMWARE) {
            mw_orders_firmware_block(m, o.body);
        }
    }
    return MW_OK;
}

/* Takes a frame whose tag was right: its counter is stored, then its commands are done. */
static mw_status frame_take(mw_meter *m, mw_mono now, mw_mono burst_start, const lock *l,
                            uint32_t counter, mw_slice objects) {
    uint32_t former = *l->newest;
    bool any = *l->any;
    mw_smp_command first;
    *l->newest = counter;
    *l->any = true;
    bool order = first_order(objects, &first) &&
                 mw_downlink_find(&m->downlink, first.id, first.code) == NULL &&
                 mw_orders_allowed(&first, l->who == GROUP);
    if (mw_downlink_taken(m, order ? &first : NULL) != MW_OK) {
        *l->newest = former;
        *l->any = any;
        return MW_IO;
    }
    if (l->who != GROUP)
        mw_orders_firmware_heard(m);
    /* What fails from here on is told in receipts. */
    (void)!objects_take(m, now, burst_start, objects, l->who == GROUP);
    return MW_OK;
}

mw_status mw_meter_downlink(mw_meter *m, mw_mono now, mw_mono burst_start, mw_slice payload) {
    mw_smp_header h;
    lock l;
    uint8_t plain[MW_CARRIER_FRAME_MAX];
    mw_slice objects;
    bool unb = m->config.carrier == MW_CARRIER_UNB;
    if (unb ? payload.n != MW_UNB_PAYLOAD_M && payload.n != MW_UNB_PAYLOAD_L
            : payload.n > MW_CARRIER_FRAME_MAX)
        return MW_RANGE;
    MW_TRY(mw_smp_header_decode(payload, MW_SMP_DOWN, &h));
    mw_status s = lock_of(m, &h, &l);
    uint32_t counter = h.counter;
    if (s == MW_OK && !h.full) {
        if (!*l.any)
            return MW_NOT_FOUND; /* nothing to place its counter by */
        s = mw_smp_counter_resolve(h.counter_low, *l.newest, &counter);
    }
    if (s == MW_OK && *l.any && counter <= *l.newest)
        return MW_DUPLICATE;
    if (s == MW_OK)
        s = frame_open(m, &l, payload, counter, MW_SPAN_OF(plain), &objects);
    if (s == MW_AUTH)
        refused(m, now);
    MW_TRY(s);
    if (now.ns > burst_start.ns)
        mw_charge_receive(m, mw_mono_since(now, burst_start));
    mw_adapt_heard(m, now);
    /* The window has served: an answer need not wait for its end. */
    if (m->telemetry.radio_free.ns > now.ns)
        m->telemetry.radio_free = now;
    s = frame_take(m, now, burst_start, &l, counter, objects);
    mw_bytes_wipe(plain, sizeof plain);
    return s;
}
