/* SPDX-License-Identifier: Apache-2.0
 *
 * The suite's part for what comes in and what decoding makes of it: senders, the journal and what is
 * let go of it, the quarantine, frames and who heard them, states, health, counters, registers, and
 * forgetting all of it for decoding again.
 */
#include <stdio.h>
#include <string.h>

#include "platform/readings/test/conformance_rows.h"
#include "platform/store/chunk.h"

enum { DEVICES = 4, DAY0 = 20700 };

static void act_sender(mw_store *s, int64_t tenant, mw_prng *g) {
    int k = (int)some(g, 4);
    uint8_t hash[MW_STORE_TOKEN_HASH] = {(uint8_t)k, 33, (uint8_t)some(g, 3)};
    char name[MW_STORE_ID_MAX];
    int64_t sender = 0;
    (void)snprintf(name, sizeof name, "st-%d", k);
    MW_CHECK_OK(mw_store_sender_put(s, tenant, name, MW_SLICE_OF(hash), &sender));
    SAY("sender", name, sender);
    MW_CHECK_STATUS(mw_store_sender_put(s, tenant, name, (mw_slice){hash, 5}, &sender), MW_RANGE);
    MW_CHECK_OK(mw_store_sender_seen(s, tenant, some(g, 6), (uint64_t)some(g, 99), some_time(g)));
    (void)snprintf(name, sizeof name, "frames/st-%d", k);
    MW_CHECK_OK(mw_store_count_add(s, tenant, name, some_time(g), some(g, 50)));
    MW_CHECK_OK(mw_store_count_add(s, tenant, "decode.readings", some_time(g), some(g, 50)));
    SOME_NAME(name, g, "uplinks", 4);
    MW_CHECK_OK(mw_store_count_add(s, tenant - some(g, 2), name, some_time(g), some(g, 50)));
}

static int64_t heard_record(mw_store *s, int64_t tenant, mw_prng *g) {
    char text[200];
    int64_t clock = 0; /* the journal's order is that of its clock */
    MW_CHECK_OK(mw_store_cursor_get(s, "heard", &clock));
    clock += some(g, 20000);
    MW_CHECK_OK(mw_store_cursor_set(s, "heard", clock));
    (void)snprintf(text, sizeof text,
                   "{\"frequency_mhz\":%d,\"level_cdbm\":-%d,\"payload\":\"%.*s\",\"rate\":\"R%d\","
                   "\"size\":\"M\",\"snr_cdb\":%d}",
                   868100 + (int)some(g, 99), (int)some(g, 9999), (int)some(g, 20) * 2,
                   "0123456789abcdef0123456789abcdef01234567", (int)some(g, 3), (int)some(g, 900));
    mw_store_envelope e = {.tenant = tenant,
                           .sender = 1 + some(g, 3),
                           .epoch = 3,
                           .seq = (uint64_t)some(g, 5000),
                           .kind = MW_STORE_KIND_UNB,
                           .received = some_time(g),
                           .stored = mw_utc_of_s(1790000000 + clock),
                           .content = mw_slice_of_str(text)};
    mw_store_append result = MW_STORE_APPENDED;
    int64_t id = 0;
    MW_CHECK_OK(mw_store_journal_append(s, &e, &result, &id));
    SAY("journal", "", id, (int64_t)result);
    return id;
}

static void act_frame(mw_store *s, int64_t tenant, mw_prng *g) {
    mw_store_frame first, f = {.tenant = tenant,
                               .device = 1 + some(g, DEVICES),
                               .key_epoch = (uint32_t)some(g, 2),
                               .counter = (uint32_t)some(g, 20),
                               .crc = (uint32_t)some(g, 1000000),
                               .received = some_time(g)};
    f.journal = heard_record(s, tenant, g);
    MW_CHECK_OK(mw_store_frame_accept(s, &f, &first));
    SAY("frame", "", first.journal, first.crc, first.received.us, first.counter);
    mw_store_reception r = {.tenant = tenant,
                            .device = f.device,
                            .journal = f.journal,
                            .counter = f.counter,
                            .duplicate = first.journal != f.journal,
                            .received = f.received,
                            .level_cdbm = (int32_t)-some(g, 15000),
                            .snr_cdb = (int32_t)some(g, 900)};
    MW_CHECK_OK(mw_store_reception_append(s, &r));
    MW_CHECK_OK(mw_store_reception_append(s, &r)); /* again: nothing */
    MW_CHECK_OK(mw_store_heard_put(s, &r));
    mw_store_device_state d = {.tenant = tenant,
                               .device = f.device,
                               .key_epoch = f.key_epoch,
                               .newest_counter = f.counter,
                               .frames = some(g, 99),
                               .duplicates = some(g, 9),
                               .replays = some(g, 9),
                               .last_seen = some_time(g),
                               .level_cdbm = r.level_cdbm,
                               .snr_cdb = r.snr_cdb,
                               .has_clock_offset = some(g, 2) == 0,
                               .clock_offset_ms = -some(g, 5000),
                               .status = (uint32_t)some(g, 65536)};
    MW_CHECK_OK(mw_store_device_state_put(s, &d));
}

static void act_health(mw_store *s, int64_t tenant, mw_prng *g) {
    mw_store_health h = {.tenant = tenant,
                         .device = 1 + some(g, DEVICES),
                         .journal = 1 + some(g, 60),
                         .received = some_time(g),
                         .battery_mv = (uint16_t)some(g, 3600),
                         .battery_level = (uint8_t)some(g, 101),
                         .has_temperature = some(g, 2) == 0,
                         .temperature_dc = (int16_t)(some(g, 900) - 400),
                         .resets = (uint16_t)some(g, 9),
                         .airtime_ds = (uint16_t)some(g, 999),
                         .firmware = {1, (uint8_t)some(g, 9), (uint8_t)some(g, 250)},
                         .has_drift = some(g, 2) == 0,
                         .drift_dppm = (int16_t)(some(g, 600) - 300)};
    int64_t n = 0;
    mw_utc at = some_time(g);
    MW_CHECK_OK(mw_store_health_append(s, &h));
    MW_CHECK_OK(mw_store_failure_add(s, tenant, (uint32_t)some(g, 3), at, some(g, 3), &n));
    SAY("failures", "", n);
    MW_CHECK_OK(mw_store_failure_add(s, tenant, 1, at, 0, &n));
    SAY("failures of 1", "", n);
}

static void act_refused(mw_store *s, int64_t tenant, mw_prng *g) {
    char text[40], name[16];
    (void)snprintf(text, sizeof text, "{\"x\":%d}", (int)some(g, 5));
    mw_store_quarantined q = {.tenant = tenant,
                              .sender = some(g, 2),
                              .epoch = 3,
                              .seq = (uint64_t)some(g, 4),
                              .stored = some_time(g),
                              .reason = "no such thing",
                              .content = mw_slice_of_str(text)};
    MW_CHECK_OK(mw_store_quarantine_append(s, &q));
    SOME_NAME(name, g, "meta", 3);
    MW_CHECK_OK(mw_store_meta_put(s, name, text));
    if (some(g, 4) == 0) {
        int64_t from = some(g, 40);
        MW_CHECK_OK(mw_store_journal_forget(s, tenant, from, from + some(g, 9)));
    }
    if (some(g, 12) == 0)
        MW_CHECK_OK(mw_store_derived_clear(s));
}

static void act_register(mw_store *s, int64_t tenant, mw_prng *g) {
    mw_store_register r = {.tenant = tenant,
                           .channel = 1 + some(g, DEVICES),
                           .obis = {8, 0, 1, (uint8_t)(8 * some(g, 2)), 0, 255},
                           .meter = {some_time(g).us / 100000000000 * 100000000000},
                           .received = some_time(g),
                           .stored = some_time(g),
                           .value = some(g, 100000),
                           .quality = (uint32_t)some(g, 4),
                           .journal = 1 + some(g, 60)};
    MW_CHECK_OK(mw_store_register_append(s, &r));
    mw_store_interval rows[2] = {
        {.start = mw_utc_of_s((DAY0 + some(g, 3)) * MW_DAY_S), .seconds = 3600}};
    /* Sums beyond 63 bits on a day that sums of several days are not asked of. */
    bool last_day = mw_utc_floor_s(rows[0].start) == (DAY0 + 2) * MW_DAY_S;
    rows[0].value = some(g, 3) == 0 && last_day ? INT64_MAX - 5 : some(g, 9);
    rows[0].received = mw_utc_of_s(mw_utc_floor_s(some_time(g)));
    rows[0].journal = 1 + some(g, 60);
    rows[1] = rows[0];
    rows[1].start = mw_utc_add(rows[0].start, mw_dur_s(3600 * (1 + some(g, 20))));
    rows[1].quality = some(g, 3) == 0 ? MW_QUALITY_PARTIAL : 0;
    MW_CHECK_OK(mw_store_run_append(s, tenant, r.channel, rows, 2));
    uint32_t folded = 0;
    if (some(g, 4) == 0)
        MW_CHECK_OK(mw_store_fold(s, 1 + (uint32_t)some(g, 9), &folded));
}

static void act(mw_store *s, int64_t tenant, mw_prng *g) {
    static void (*const acts[])(mw_store *, int64_t, mw_prng *) = {
        act_sender, act_frame, act_frame, act_health, act_refused, act_register};
    acts[some(g, sizeof acts / sizeof acts[0])](s, tenant, g);
}

static mw_status on_sender(void *ctx, const mw_store_sender *r) {
    (void)ctx;
    SAY("sender", r->id, r->sender, r->tenant, (int64_t)r->epoch, r->last_contact.us,
        r->frames_24h);
    return MW_OK;
}

static mw_status on_envelope(void *ctx, const mw_store_envelope *e) {
    (void)ctx;
    SAY("record", "", e->id, e->sender, (int64_t)e->seq, e->received.us, (int64_t)e->content.n);
    return MW_OK;
}

static mw_status on_refused(void *ctx, const mw_store_quarantined *q) {
    (void)ctx;
    SAY("refused", q->reason, q->id, q->sender, (int64_t)q->seq, q->stored.us,
        (int64_t)q->content.n, q->content.p[5]);
    return MW_OK;
}

static mw_status on_reception(void *ctx, const mw_store_reception *r) {
    (void)ctx;
    SAY(r->sender, r->rate, r->journal, r->received.us, r->stored.us, r->frequency_mhz,
        r->level_cdbm, r->snr_cdb, r->counter, r->duplicate, r->bytes);
    return MW_OK;
}

static mw_status on_hearing(void *ctx, const mw_store_hearing *h) {
    (void)ctx;
    SAY("hearing", "", h->tenant, h->device, h->sender, h->journal, h->received.us);
    return MW_OK;
}

static mw_status on_heard(void *ctx, const mw_store_heard_row *h) {
    (void)ctx;
    SAY("heard", h->sender, h->device, h->last.us, h->level_cdbm, h->snr_cdb);
    return MW_OK;
}

static mw_status on_health(void *ctx, const mw_store_health *h) {
    (void)ctx;
    SAY("health", "", h->journal, h->received.us, h->battery_mv, h->battery_level,
        h->has_temperature, h->temperature_dc, h->resets, h->airtime_ds, h->firmware[1],
        h->firmware[2], h->has_drift, h->drift_dppm);
    return MW_OK;
}

static mw_status on_count(void *ctx, const char *name, int64_t value) {
    (void)ctx;
    SAY("count", name, value);
    return MW_OK;
}

static mw_status on_register(void *ctx, const mw_store_register *r) {
    (void)ctx;
    SAY("register", "", r->id, r->channel, r->obis[3], r->meter.us, r->value, r->quality);
    return MW_OK;
}

static mw_status on_interval(void *ctx, int64_t channel, const mw_store_interval *r) {
    (void)ctx;
    SAY("interval", "", channel, r->start.us, r->seconds, r->value, r->quality);
    return MW_OK;
}

static mw_status on_sign(void *ctx, const mw_store_sign *a) {
    (void)ctx;
    SAY(a->kind, a->subject, a->id, a->first_at.us, a->last_at.us, a->count, a->from_decode);
    return MW_OK;
}

static void tell_device(mw_store *s, int64_t tenant, int64_t device) {
    mw_store_device_state d;
    MW_CHECK_OK(mw_store_receptions(s, tenant, device, 0, 10, on_reception, NULL));
    MW_CHECK_OK(mw_store_receptions(s, tenant, device, 30, 3, on_reception, NULL));
    MW_CHECK_OK(mw_store_heard(s, tenant, device, mw_utc_of_s(1790300000), on_heard, NULL));
    MW_CHECK_OK(mw_store_health_list(s, tenant, device, 0, 10, on_health, NULL));
    MW_CHECK_OK(mw_store_health_list(s, tenant, device, 20, 2, on_health, NULL));
    MW_CHECK_OK(mw_store_registers(s, tenant, device, 0, 10, on_register, NULL));
    MW_CHECK_OK(mw_store_registers(s, tenant, device, 9, 2, on_register, NULL));
    MW_CHECK_OK(mw_store_registers_newest(s, tenant, device, on_register, NULL));
    if (mw_store_device_state_get(s, tenant, device, &d) == MW_OK)
        SAY("state", "", d.key_epoch, d.newest_counter, d.frames, d.duplicates, d.replays,
            d.last_seen.us, d.level_cdbm, d.snr_cdb, d.has_clock_offset, d.clock_offset_ms,
            d.status);
}

static void tell(mw_store *s, int64_t tenant) {
    mw_store_amount a;
    mw_store_sender sender;
    mw_utc day = mw_utc_of_s(DAY0 * INT64_C(86400));
    MW_CHECK_OK(mw_store_senders_list(s, tenant, mw_utc_of_s(1790500000), on_sender, NULL));
    for (int k = 0; k < 12; k++) {
        uint8_t text[24], hash[MW_STORE_TOKEN_HASH] = {(uint8_t)(k / 3), 33, (uint8_t)(k % 3)};
        char name[16];
        if (mw_store_sender_by_token(s, MW_SLICE_OF(hash), &sender) == MW_OK)
            MW_CHECK_OK(on_sender(NULL, &sender));
        (void)snprintf(name, sizeof name, "meta-%d", k);
        if (mw_store_meta_get(s, name, MW_SPAN_OF(text)) == MW_OK)
            SAY("meta", (const char *)text, k);
    }
    SAY_STATUS("small", mw_store_meta_get(s, "meta-1", (mw_span){(uint8_t[3]){0}, 3}));
    MW_CHECK_OK(mw_store_journal_scan(s, 10, 40, on_envelope, NULL));
    for (int k = 0; k < 4; k++) {
        int64_t id = 0;
        MW_CHECK_OK(mw_store_journal_at(s, mw_utc_of_s(1790000000 + k * 250000), &id));
        SAY("known by then", "", id);
    }
    MW_CHECK_OK(mw_store_journal_amount(s, tenant, 5, 60, &a));
    SAY("records", "", a.rows, a.values, a.bytes);
    MW_CHECK_OK(mw_store_days_amount(s, tenant, DAY0, DAY0 + 2, &a));
    SAY("days", "", a.rows, a.values, a.bytes);
    MW_CHECK_OK(mw_store_quarantine_list(s, tenant, 0, 100, on_refused, NULL));
    MW_CHECK_OK(mw_store_quarantine_list(s, tenant, 4, 2, on_refused, NULL));
    for (int64_t device = 1; device <= DEVICES; device++)
        tell_device(s, tenant, device);
    MW_CHECK_OK(mw_store_hearings(s, 3, 100, on_hearing, NULL));
    MW_CHECK_OK(mw_store_heard(s, tenant, 0, mw_utc_of_s(0), on_heard, NULL));
    MW_CHECK_OK(mw_store_counts(s, tenant, on_count, NULL));
    MW_CHECK_OK(mw_store_registers_all(s, tenant, mw_utc_of_s(1790200000), mw_utc_of_s(1790900000),
                                       on_register, NULL));
    MW_CHECK_OK(mw_store_intervals_all(s, tenant, mw_utc_add(day, mw_dur_s(7200)),
                                       mw_utc_add(day, mw_dur_s(2 * 86400)), on_interval, NULL));
    MW_CHECK_OK(mw_store_signs(s, tenant, 0, 100, on_sign, NULL));
    MW_CHECK_OK(mw_store_signs(s, tenant, 6, 2, on_sign, NULL));
}

const mw_conformance_group mw_conformance_decode = {"uplinks and decoding", act, tell};
