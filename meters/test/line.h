/* SPDX-License-Identifier: Apache-2.0
 *
 * A meter and the platform's end of the line to it, for tests: seals downlinks, opens what the
 * meter sends, and follows its key epoch.
 */
#ifndef MW_METERS_TEST_LINE_H
#define MW_METERS_TEST_LINE_H

#include "meters/test/rig.h"

typedef struct line {
    rig *r;
    uint32_t counter;
    uint32_t epoch;
    /* Heard from the meter. */
    mw_smp_receipt receipt[64];
    unsigned receipts;
    mw_smp_config config;
    unsigned configs, healths;
    bool leak, burst; /* events */
    bool restart;
    bool window;
    mw_meter_listen listen;
    mw_meter_transmission last;
} line;

static inline void keys_of(const line *l, uint32_t epoch, mw_key_use use, mw_crypto_ctx *out) {
    mw_key master, key;
    mw_device_id id;
    memcpy(master.b, l->r->provision.master_key, 16);
    memcpy(id.b, l->r->provision.device_id, 8);
    MW_CHECK_OK(mw_key_derive_device(&mw_crypto_own, &master, &id, epoch, use, &key));
    MW_CHECK_OK(mw_crypto_init(out, &mw_crypto_own, &key));
}

static inline void hear(line *l) {
    const mw_meter_transmission *tx = &l->r->out.tx;
    mw_slice frame = {tx->payload, tx->payload_bytes};
    mw_smp_header h;
    MW_CHECK_OK(mw_smp_header_decode(frame, MW_SMP_UP, &h));
    uint32_t epoch = mw_smp_epoch_matches(&h, l->epoch) ? l->epoch : l->epoch + 1;
    if (epoch != l->epoch)
        MW_CHECK(h.full);
    l->epoch = epoch;
    mw_crypto_ctx up;
    keys_of(l, epoch, MW_KEY_UP, &up);
    uint8_t plain[MW_SMP_FRAME_MAX];
    mw_slice objects;
    MW_CHECK_OK(
        mw_smp_frame_open(&up, MW_SMP_UP, frame, epoch, tx->counter, MW_SPAN_OF(plain), &objects));
    mw_reader in = mw_reader_of(objects);
    mw_smp_object o;
    while (mw_smp_object_next(&in, &o) == MW_OK) {
        mw_smp_day day;
        if (o.type == MW_SMP_RECEIPT)
            MW_CHECK_OK(mw_smp_receipt_decode(o.body, &l->receipt[l->receipts++ % 64]));
        if (o.type == MW_SMP_CONFIG) {
            MW_CHECK_OK(mw_smp_config_decode(o.body, &l->config));
            l->configs++;
        }
        if (o.type == MW_SMP_HEALTH)
            l->healths++;
        if (o.type == MW_SMP_EVENT) {
            mw_smp_event e;
            MW_CHECK_OK(mw_smp_event_decode(o.body, &e));
            l->leak = l->leak || e.code == MW_SMP_EVENT_LEAK;
            l->burst = l->burst || e.code == MW_SMP_EVENT_BURST;
        }
        if (o.type == MW_SMP_DAY && mw_smp_day_decode(o.body, &day) == MW_OK)
            rig_day(l->r, &day);
    }
    l->last = *tx;
    l->window = true;
    l->listen = l->r->out.listen;
    MW_CHECK(l->listen.open);
    MW_CHECK_EQ(l->listen.rate, tx->rate);
}

/* Steps until tick `to`, hearing what is sent. */
static inline void run(line *l, mw_mono to) {
    const mw_meter_inputs none = {0};
    rig *r = l->r;
    while (r->out.next_wake.ns < to.ns && !l->restart) {
        r->now = r->out.next_wake;
        mw_status s = mw_meter_step(&r->meter, r->now, &none, &r->out);
        MW_CHECK(s == MW_OK || r->nor.dead);
        r->steps++;
        if (r->out.transmit)
            hear(l);
        l->restart = l->restart || r->out.restart;
        if (r->nor.dead)
            return;
    }
    if (r->now.ns < to.ns && !l->restart)
        r->now = to;
}

static inline void run_s(line *l, int64_t s) {
    run(l, mw_mono_add(l->r->now, mw_dur_s(s)));
}

static inline void after(line *l) {
    l->r->out.next_wake = (mw_mono){l->r->now.ns + 1};
}

static inline size_t seal(const line *l, uint32_t address, uint32_t epoch, mw_crypto_ctx *ctx,
                          uint32_t counter, mw_slice objects, uint8_t out[MW_UNB_PAYLOAD_MAX]) {
    size_t n;
    mw_smp_frame_info info = {.direction = MW_SMP_DOWN,
                              .address = address,
                              .epoch = epoch,
                              .counter = counter,
                              .full = true};
    (void)l;
    size_t size = objects.n <= mw_smp_frame_room(29, MW_SMP_DOWN, true) ? 29 : 61;
    MW_CHECK_OK(
        mw_smp_frame_seal(ctx, &info, objects, size, (mw_span){out, MW_UNB_PAYLOAD_MAX}, &n));
    return n;
}

/* Sends objects to the meter, as the next frame of its platform. */
static inline mw_status send(line *l, mw_slice objects) {
    uint8_t frame[MW_UNB_PAYLOAD_MAX];
    mw_crypto_ctx down;
    keys_of(l, l->epoch, MW_KEY_DOWN, &down);
    size_t n = seal(l, l->r->provision.address, l->epoch, &down, ++l->counter, objects, frame);
    mw_mono burst = mw_mono_add(l->r->now, (mw_dur){-1500000000});
    mw_status s = mw_meter_downlink(&l->r->meter, l->r->now, burst, (mw_slice){frame, n});
    after(l);
    return s;
}

static inline mw_status order(line *l, mw_smp_command *c) {
    uint8_t memory[64];
    mw_writer w = mw_writer_of(MW_SPAN_OF(memory));
    mw_smp_order_put(&w, c);
    MW_CHECK_OK(w.status);
    return send(l, mw_writer_done(&w));
}

static inline mw_smp_command command(uint16_t id, mw_smp_command_code code) {
    return (mw_smp_command){.id = id, .code = (uint8_t)code, .expires_s = UINT32_MAX - 1};
}

static inline void line_init(line *l, const mw_meter_model *model) {
    *l = (line){.r = rig_new(model), .epoch = 1};
    l->r->provision.group = MW_SMP_GROUP_ALL;
    l->r->provision.group_key[0] = 77;
    rig_start(l->r, RIG_START);
    run_s(l, 7200);
}

static inline const mw_smp_receipt *newest(const line *l) {
    MW_CHECK(l->receipts > 0);
    return &l->receipt[(l->receipts - 1) % 64];
}

/* The pulse modem with a relay. */
static inline const mw_meter_model *model_with_relay(void) {
    static mw_meter_model m;
    m = mw_pulse_2;
    m.relay = true;
    return &m;
}

#endif
