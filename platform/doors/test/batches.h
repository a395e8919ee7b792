/* SPDX-License-Identifier: Apache-2.0
 *
 * Batches of good frames for tests that kill, cut or fill: item seq is the (seq / devices + 1)-th
 * frame of device seq % devices.
 */
#ifndef MW_PLATFORM_DOORS_TEST_BATCHES_H
#define MW_PLATFORM_DOORS_TEST_BATCHES_H

#include "platform/doors/uplinks.h"
#include "platform/journal/test/world.h"

enum { BATCH = 20 };

#define HOUR0 ((uint32_t)((INT64_C(1795132800) - MW_SMP_EPOCH_S) / 3600))

static inline mw_store_sender sender_find(world *w) {
    uint8_t hash[32] = {1};
    mw_store_sender sender;
    MW_CHECK_OK(mw_store_sender_by_token(w->store, MW_SLICE_OF(hash), &sender));
    return sender;
}

static inline mw_status batch_take(world *w, const mw_store_sender *sender, uint64_t first) {
    char body[16000];
    size_t n = (size_t)snprintf(body, sizeof body,
                                "{\"sender\":\"st-1\",\"epoch\":\"0000000000000009\",\"items\":[");
    for (uint64_t seq = first; seq < first + BATCH; seq++) {
        unsigned device = (unsigned)(seq % WORLD_DEVICES);
        uint32_t counter = (uint32_t)(seq / WORLD_DEVICES) + 1;
        mw_smp_day day = world_day_of(HOUR0 + counter, (int64_t)seq, 0);
        world_frame f = world_day(device, 0, counter, true, &day);
        char hex[130] = {0};
        MW_CHECK_OK(mw_hex_encode((mw_slice){f.b, f.n}, (mw_span){(uint8_t *)hex, 2 * f.n}));
        n += (size_t)snprintf(
            body + n, sizeof body - n,
            "%s{\"seq\":%" PRIu64 ",\"kind\":\"unb\",\"received_at\":\"2026-12-20T10:00:00Z\","
            "\"frequency_mhz\":868100000000,\"level_cdbm\":-12000,\"snr_cdb\":800,"
            "\"rate\":\"R1\",\"size\":\"%s\",\"payload\":\"%s\"}",
            seq == first ? "" : ",", seq, f.n == 29 ? "M" : "L", hex);
    }
    snprintf(body + n, sizeof body - n, "]}");
    mw_uplinks_result result;
    MW_TRY(mw_uplinks_take(w->store, sender, mw_slice_of_str(body),
                           mw_utc_of_s(1797000000 + (int64_t)first), &result));
    MW_CHECK_EQ(result.stored + result.duplicates, BATCH);
    free(result.body);
    return MW_OK;
}

/* Reads the journal: seq must run from 0 without a gap. */
typedef struct journal_check {
    uint64_t next;
} journal_check;

static inline mw_status in_order(void *ctx, const mw_store_envelope *e) {
    journal_check *c = ctx;
    MW_CHECK_EQ(e->seq, c->next);
    c->next++;
    return MW_OK;
}

#endif
