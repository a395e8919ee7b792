/* SPDX-License-Identifier: Apache-2.0 */
#include <sodium.h>
#include <stdio.h>

#include "platform/store/sql_internal.h"

mw_status mw_sq_op_frame_accept(mw_store *s, const mw_store_frame *f, mw_store_frame *out_first) {
    mw_sq *q = mw_sq_of(s);
    MW_TRY(MW_SQ_RUN(q, FRAME_ADD, mw_sq_int(f->tenant), mw_sq_int(f->device),
                     mw_sq_int(f->key_epoch), mw_sq_int(f->counter), mw_sq_int(f->journal),
                     mw_sq_int(f->crc), mw_sq_utc(f->received)));
    if (mw_sq_changed(q) > 0) {
        *out_first = *f;
        return MW_OK;
    }
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(q, FRAME_GET, &st, mw_sq_int(f->tenant), mw_sq_int(f->device),
                      mw_sq_int(f->key_epoch), mw_sq_int(f->counter)));
    mw_status status = mw_sq_step(st);
    if (status != MW_OK)
        return status == MW_NOT_FOUND ? MW_CORRUPT : status;
    *out_first = *f;
    out_first->journal = mw_sq_get_int(st, 0);
    out_first->crc = (uint32_t)mw_sq_get_int(st, 1);
    out_first->received = mw_sq_get_utc(st, 2);
    mw_sq_reset(st);
    return MW_OK;
}

mw_status mw_sq_op_reception_append(mw_store *s, const mw_store_reception *r) {
    return MW_SQ_RUN(mw_sq_of(s), RECEPTION_ADD, mw_sq_int(r->tenant), mw_sq_int(r->device),
                     mw_sq_int(r->journal), mw_sq_int(r->counter), mw_sq_int(r->duplicate));
}

mw_status mw_sq_op_device_state_get(mw_store *s, int64_t tenant, int64_t device,
                                    mw_store_device_state *out_state) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), STATE_GET, &st, mw_sq_int(tenant), mw_sq_int(device)));
    MW_TRY(mw_sq_step(st));
    *out_state = (mw_store_device_state){.tenant = tenant,
                                         .device = device,
                                         .key_epoch = (uint32_t)mw_sq_get_int(st, 0),
                                         .newest_counter = (uint32_t)mw_sq_get_int(st, 1),
                                         .frames = mw_sq_get_int(st, 2),
                                         .duplicates = mw_sq_get_int(st, 3),
                                         .replays = mw_sq_get_int(st, 4),
                                         .last_seen = mw_sq_get_utc(st, 5),
                                         .level_cdbm = (int32_t)mw_sq_get_int(st, 6),
                                         .snr_cdb = (int32_t)mw_sq_get_int(st, 7),
                                         .has_clock_offset = !mw_sq_is_null(st, 8),
                                         .clock_offset_ms = mw_sq_get_int(st, 8),
                                         .status = (uint32_t)mw_sq_get_int(st, 9)};
    mw_sq_reset(st);
    return MW_OK;
}

mw_status mw_sq_op_device_state_put(mw_store *s, const mw_store_device_state *d) {
    return MW_SQ_RUN(mw_sq_of(s), STATE_PUT, mw_sq_int(d->tenant), mw_sq_int(d->device),
                     mw_sq_int(d->key_epoch), mw_sq_int(d->newest_counter), mw_sq_int(d->frames),
                     mw_sq_int(d->duplicates), mw_sq_int(d->replays), mw_sq_utc(d->last_seen),
                     mw_sq_int(d->level_cdbm), mw_sq_int(d->snr_cdb),
                     d->has_clock_offset ? mw_sq_int(d->clock_offset_ms)
                                         : (mw_sq_value){.type = MW_SQ_NULL},
                     mw_sq_int(d->status));
}

mw_status mw_sq_op_failure_add(mw_store *s, int64_t tenant, uint32_t address, mw_utc at, int64_t n,
                               int64_t *out_in_hour) {
    mw_sq *q = mw_sq_of(s);
    if (!q->in_transaction)
        return MW_STATE;
    int64_t hour = mw_utc_floor_s(at) / 3600;
    if (n > 0)
        return MW_SQ_NUMBER(q, FAILURE_ADD, out_in_hour, mw_sq_int(tenant), mw_sq_int(address),
                            mw_sq_int(hour), mw_sq_int(n));
    mw_status status = MW_SQ_NUMBER(q, FAILURE_GET, out_in_hour, mw_sq_int(tenant),
                                    mw_sq_int(address), mw_sq_int(hour));
    if (status == MW_NOT_FOUND)
        *out_in_hour = 0;
    return status == MW_NOT_FOUND ? MW_OK : status;
}

mw_status mw_sq_op_health_append(mw_store *s, const mw_store_health *h) {
    const mw_sq_value none = {.type = MW_SQ_NULL};
    return MW_SQ_RUN(mw_sq_of(s), HEALTH_ADD, mw_sq_int(h->tenant), mw_sq_int(h->device),
                     mw_sq_int(h->journal), mw_sq_int(h->received.us), mw_sq_int(h->battery_mv),
                     h->has_temperature ? mw_sq_int(h->temperature_dc) : none, mw_sq_int(h->resets),
                     mw_sq_int(h->airtime_ds),
                     mw_sq_int(h->firmware[0] << 16 | h->firmware[1] << 8 | h->firmware[2]),
                     h->has_drift ? mw_sq_int(h->drift_dppm) : none, mw_sq_int(h->battery_level));
}

mw_status mw_sq_op_sign_raise(mw_store *s, const mw_store_sign *a) {
    return MW_SQ_RUN(mw_sq_of(s), SIGN_RAISE, mw_sq_int(a->tenant), mw_sq_text(a->kind),
                     mw_sq_text(a->subject), mw_sq_text(a->text), mw_sq_int(a->last_at.us),
                     mw_sq_int(a->count == 0 ? 1 : a->count), mw_sq_int(a->from_decode));
}

mw_status mw_sq_op_register_append(mw_store *s, const mw_store_register *r) {
    mw_sq *q = mw_sq_of(s);
    int64_t obis = mw_sq_obis_number(r->obis);
    MW_TRY(MW_SQ_RUN(q, REGISTER_ADD, mw_sq_int(r->tenant), mw_sq_int(r->channel), mw_sq_int(obis),
                     mw_sq_int(r->meter.us), mw_sq_int(r->received.us), mw_sq_int(r->stored.us),
                     mw_sq_int(r->value), mw_sq_int(r->quality), mw_sq_int(r->journal)));
    int64_t id = mw_sq_last_id(q);
    return MW_SQ_RUN(q, NEWEST_PUT, mw_sq_int(r->tenant), mw_sq_int(r->channel), mw_sq_int(obis),
                     mw_sq_int(id), mw_sq_int(r->meter.us), mw_sq_int(r->value));
}

mw_status mw_sq_op_run_append(mw_store *s, int64_t tenant, int64_t channel,
                              const mw_store_interval *rows, size_t n) {
    mw_sq *q = mw_sq_of(s);
    if (n == 0)
        return MW_RANGE;
    int64_t second = mw_utc_floor_s(rows[0].start);
    int64_t day = second / MW_DAY_S - (second % MW_DAY_S < 0);
    size_t size;
    q->days_known = false;
    MW_TRY(mw_chunk_encode(day, rows, n, MW_SPAN_OF(q->chunk), &size));
    return MW_SQ_RUN(q, HOT_ADD, mw_sq_int(tenant), mw_sq_int(channel), mw_sq_int(day),
                     mw_sq_blob((mw_slice){q->chunk, size}));
}

mw_status mw_sq_op_event_append(mw_store *s, const mw_store_event *e) {
    return MW_SQ_RUN(mw_sq_of(s), EVENT_ADD, mw_sq_int(e->tenant), mw_sq_int(e->device),
                     mw_sq_int(e->code), mw_sq_int(e->meter.us), mw_sq_int(e->received.us),
                     mw_sq_int(e->detail), mw_sq_int(e->journal));
}

mw_status mw_sq_op_derived_clear(mw_store *s) {
    mw_sq *q = mw_sq_of(s);
    if (!q->in_transaction)
        return MW_STATE;
    static const char sql[] =
        "DELETE FROM frames; DELETE FROM receptions; DELETE FROM device_states; DELETE FROM heard;"
        "DELETE FROM failures; DELETE FROM signs WHERE from_decode = 1;"
        "DELETE FROM registers; DELETE FROM newest; DELETE FROM events; DELETE FROM hot;"
        "DELETE FROM chunks; DELETE FROM conflicts; DELETE FROM health;"
        "DELETE FROM vee_meters; DELETE FROM vee_choices;"
        "DELETE FROM facts; DELETE FROM told_configs;"
        "DELETE FROM foreign_states; DELETE FROM foreign_messages;"
        "DELETE FROM counts WHERE name LIKE 'decode.%';"
        "DELETE FROM counts_hour WHERE name LIKE 'decode.%';"
        "DELETE FROM changes; UPDATE cursors SET at = 0 WHERE name LIKE 'follow/%';"
        /* an import's grid is not of decoding; 10 is MW_REASON_IMPORT */
        "UPDATE channels SET grid_seconds = 3600, grid_offset = 0 WHERE NOT EXISTS"
        "(SELECT 1 FROM revisions r WHERE r.tenant = channels.tenant"
        " AND r.channel = channels.channel AND r.reason = 10)";
    _Static_assert(MW_REASON_IMPORT == 10, "the statement above names it");
    mw_day_cache_clear(q->days);
    return mw_sq_exec(q, sql);
}

/* Every table of results in the order of its key. Alarms without their row numbers: those depend
 * on what else was raised in between. */
static const char *const digest_sql[] = {
    "SELECT * FROM frames ORDER BY tenant, device, key_epoch, counter",
    "SELECT * FROM receptions ORDER BY tenant, device, journal",
    "SELECT * FROM device_states ORDER BY tenant, device",
    "SELECT * FROM failures ORDER BY tenant, address, hour",
    ("SELECT tenant, kind, subject, text, first_at, last_at, count FROM signs"
     " WHERE from_decode = 1 ORDER BY tenant, kind, subject, closed_at"),
    "SELECT * FROM registers ORDER BY id",
    "SELECT * FROM newest ORDER BY tenant, channel, obis",
    "SELECT * FROM events ORDER BY id",
    "SELECT * FROM health ORDER BY tenant, device, journal",
    "SELECT * FROM facts ORDER BY journal, n",
    "SELECT * FROM told_configs ORDER BY tenant, device, key",
    "SELECT * FROM foreign_states ORDER BY tenant, device",
    "SELECT * FROM foreign_messages ORDER BY id",
    "SELECT tenant, channel, day, data FROM hot ORDER BY id",
    "SELECT * FROM chunks ORDER BY tenant, day, channel",
    ("SELECT tenant, channel, start, seconds, value, quality, received, journal FROM conflicts"
     " ORDER BY tenant, channel, start, seconds, value, journal"),
    "SELECT * FROM counts WHERE name LIKE 'decode.%' ORDER BY tenant, name",
    "SELECT * FROM counts_hour WHERE name LIKE 'decode.%' ORDER BY tenant, name, hour",
    "SELECT tenant, channel, grid_seconds, grid_offset FROM channels ORDER BY channel",
};

static mw_status digest_table(mw_sq *q, const char *sql, crypto_generichash_state *hash) {
    mw_sq_statement *st = NULL;
    MW_TRY(mw_sq_query(q, sql, &st));
    mw_status status;
    while ((status = mw_sq_step(st)) == MW_OK) {
        for (int c = 0; c < mw_sq_columns(st); c++) {
            char text[32], number[32];
            mw_slice v = mw_sq_get_blob(st, c);
            mw_sq_type type = mw_sq_type_at(st, c);
            if (type == MW_SQ_INT) {
                int written =
                    snprintf(number, sizeof number, "%lld", (long long)mw_sq_get_int(st, c));
                v = (mw_slice){(const uint8_t *)number, (size_t)written};
            }
            size_t n = (size_t)snprintf(text, sizeof text, "%d:%zu:", (int)type, v.n);
            crypto_generichash_update(hash, (const uint8_t *)text, n);
            crypto_generichash_update(hash, v.p, v.n);
        }
    }
    mw_sq_close(st);
    return status == MW_NOT_FOUND ? MW_OK : status;
}

mw_status mw_sq_op_digest(mw_store *s, uint8_t out_hash[32]) {
    crypto_generichash_state hash;
    crypto_generichash_init(&hash, NULL, 0, 32);
    for (size_t i = 0; i < sizeof digest_sql / sizeof digest_sql[0]; i++) {
        crypto_generichash_update(&hash, (const uint8_t *)"table", 5);
        MW_TRY(digest_table(mw_sq_of(s), digest_sql[i], &hash));
    }
    crypto_generichash_final(&hash, out_hash, 32);
    return MW_OK;
}
