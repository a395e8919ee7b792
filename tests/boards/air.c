/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/boards/air.h"

#include <stdlib.h>
#include <string.h>

#include "radio/channel.h"
#include "radio/modulator.h"

#define RATE   250000.0
#define CENTRE INT64_C(868100000000)
#define FS_DBM (-60.0)
#define NF_DB  3.0
#define ES_N0  8.0
#define BEFORE 25000u /* samples of noise around each frame */
#define BLOCK  25000u

static void sink(void *user, const mw_receiver_frame *frame) {
    air *a = user;
    a->heard = *frame;
    a->heard_n++;
}

mw_status air_open(air *a, const uint8_t device_id[8], const uint8_t master[16]) {
    mw_key key, up;
    mw_device_id id;
    memset(a, 0, sizeof *a);
    memcpy(key.b, master, sizeof key.b);
    memcpy(id.b, device_id, sizeof id.b);
    MW_TRY(mw_key_derive_device(&mw_crypto_own, &key, &id, 1, MW_KEY_UP, &up));
    MW_TRY(mw_crypto_init(&a->up, &mw_crypto_own, &up));
    mw_receiver_config c = mw_receiver_config_default((mw_freq){CENTRE});
    c.rates = MW_RECEIVER_R1;
    c.full_scale_dbm = FS_DBM;
    return mw_receiver_new(&c, sink, a, &a->receiver);
}

void air_close(air *a) {
    mw_receiver_free(a->receiver);
}

static mw_status play(air *a, const mw_burst *burst, uint64_t end) {
    static float iq[2 * BLOCK];
    static mw_channel_noise noise;
    static bool ready;
    if (!ready)
        mw_channel_noise_init(&noise, 3, RATE, NF_DB, FS_DBM);
    ready = true;
    for (; a->at < end; a->at += BLOCK) {
        memset(iq, 0, sizeof iq);
        (void)mw_burst_render(burst, a->at, BLOCK, iq);
        mw_channel_noise_add(&noise, a->at, BLOCK, iq);
        mw_samples_block b = {{.format = MW_SAMPLES_CF32,
                               .first_index = a->at,
                               .utc = {INT64_C(1790000000000000) + (int64_t)(a->at * 4)},
                               .utc_uncertainty_us = 100,
                               .rate_mhz = 250000000,
                               .centre = {CENTRE},
                               .count = BLOCK},
                              {(const uint8_t *)iq, sizeof iq}};
        MW_TRY(mw_receiver_push(a->receiver, &b));
    }
    return MW_OK;
}

static mw_status transmit(air *a, unsigned rate, mw_slice payload) {
    mw_unb_frame frame;
    mw_unb_size size = MW_UNB_S;
    while (size < MW_UNB_L && mw_unb_layout_of(size)->payload_bytes != payload.n)
        size++;
    MW_TRY(mw_unb_frame_encode(size, payload, &frame));
    double baud = mw_unb_rate_bd((mw_unb_rate)rate);
    mw_burst burst;
    mw_burst_setup setup = {
        .bits = frame.bits,
        .count = frame.symbols,
        .start_index = a->at + BEFORE,
        .rate = RATE,
        .baud = baud,
        .symbol_ppm = 20,
        .offset_hz = 12345,
        .amplitude = mw_channel_amplitude(mw_channel_level_of_es_n0(ES_N0, baud, NF_DB), FS_DBM)};
    MW_TRY(mw_burst_init(&burst, &setup));
    a->heard_n = 0;
    MW_TRY(play(a, &burst, mw_burst_end(&burst) + BEFORE));
    bool same = a->heard_n == 1 && a->heard.payload_bytes == payload.n &&
                memcmp(a->heard.payload, payload.p, payload.n) == 0;
    return same ? MW_OK : MW_NOT_FOUND;
}

static mw_status day_take(air *a, mw_slice body) {
    mw_smp_day day;
    int64_t reg;
    MW_TRY(mw_smp_day_decode(body, &day));
    MW_TRY(mw_smp_day_register_at(&day, day.hours, &reg));
    a->days++;
    if (day.channel > 1)
        return MW_RANGE;
    bool newer = day.end_hour >= a->hour[day.channel];
    if (newer ? reg < a->reg[day.channel] : reg > a->reg[day.channel])
        return MW_CONFLICT;
    if (newer) {
        a->reg[day.channel] = reg;
        a->hour[day.channel] = day.end_hour;
    }
    return MW_OK;
}

mw_status air_send(air *a, uint32_t counter, unsigned rate, mw_slice payload) {
    uint8_t plain[MW_SMP_FRAME_MAX];
    mw_slice objects;
    mw_smp_header h;
    mw_smp_object o;
    MW_TRY(transmit(a, rate, payload));
    MW_TRY(mw_smp_header_decode(payload, MW_SMP_UP, &h));
    if (a->any && counter <= a->counter)
        return MW_CONFLICT; /* a nonce would come twice */
    a->any = true;
    a->counter = counter;
    MW_TRY(mw_smp_frame_open(&a->up, MW_SMP_UP, payload, 1, counter, MW_SPAN_OF(plain), &objects));
    a->frames++;
    mw_reader in = mw_reader_of(objects);
    while (mw_smp_object_next(&in, &o) == MW_OK) {
        if (o.type == MW_SMP_DAY)
            MW_TRY(day_take(a, o.body));
        a->events += o.type == MW_SMP_EVENT;
    }
    return in.status;
}
