/* SPDX-License-Identifier: Apache-2.0
 *
 * A small world for tests of the platform: a store with a few devices, frames sealed as meters seal
 * them, and journal records as doors write them.
 */
#ifndef MW_PLATFORM_JOURNAL_TEST_WORLD_H
#define MW_PLATFORM_JOURNAL_TEST_WORLD_H

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/prng.h"
#include "crypto/keys.h"
#include "platform/journal/decode.h"
#include "platform/journal/envelope.h"
#include "platform/store/chunk.h"
#include "platform/store/test/scratch.h"
#include "protocols/smp/smp.h"

enum { WORLD_DEVICES = 8, WORLD_ADDRESS = 4096 };

typedef struct world {
    char path[64], key_path[64];
    mw_store *store;
    mw_registry *registry;
    mw_decoder *decoder;
    int64_t tenant;
    int64_t sender[2];
    uint64_t seq;
} world;

typedef struct world_frame {
    uint8_t b[61];
    size_t n;
} world_frame;

static inline void world_files_remove(const world *w) {
    scratch_remove(w->path);
    (void)unlink(w->key_path);
}

static inline void world_open(world *w) {
    mw_store_sqlite_options o = {.path = w->path};
    MW_CHECK_OK(mw_store_sqlite_open(&o, &w->store));
    MW_CHECK_OK(mw_registry_open(w->store, w->key_path, &w->registry));
    MW_CHECK_OK(mw_decoder_new(w->store, w->registry, &w->decoder));
}

static inline void world_close(world *w) {
    mw_decoder_free(w->decoder);
    mw_registry_close(w->registry);
    mw_store_close(w->store);
}

/* Device i has identity i + 1, address WORLD_ADDRESS + i and a master key of bytes i. */
static inline void world_init(world *w, const char *name) {
    memset(w, 0, sizeof *w);
    snprintf(w->path, sizeof w->path, "%s-%d.db", name, (int)getpid());
    snprintf(w->key_path, sizeof w->key_path, "%s-%d.key", name, (int)getpid());
    world_files_remove(w);
    world_open(w);
    static char text[16384];
    size_t n = 0;
    for (unsigned i = 0; i < WORLD_DEVICES; i++) {
        char key[33];
        for (unsigned k = 0; k < 16; k++)
            snprintf(key + 2 * k, 3, "%02x", i);
        n += (size_t)snprintf(
            text + n, sizeof text - n,
            "{\"tenant\":\"demo\",\"device_id\":\"%016x\",\"serial\":\"MW-%u\",\"model\":\"m\","
            "\"network_address\":%u,\"master_key\":\"%s\",\"channels\":[{\"number\":0,"
            "\"medium\":\"water\",\"obis\":\"8-0:1.0.0*255\",\"unit\":\"L\",\"scale\":0,"
            "\"register_digits\":9}]}\n",
            i + 1, i, WORLD_ADDRESS + i, key);
    }
    mw_registry_import_report report;
    MW_CHECK_OK(mw_registry_import(w->registry, mw_slice_of_str(text), mw_utc_of_s(1000), &report));
    MW_CHECK_OK(mw_store_tenant_find(w->store, "demo", &w->tenant));
    uint8_t hash[32] = {0};
    MW_CHECK_OK(mw_store_begin(w->store));
    for (unsigned i = 0; i < 2; i++) {
        hash[0] = (uint8_t)(i + 1);
        MW_CHECK_OK(mw_store_sender_put(w->store, w->tenant, i == 0 ? "st-1" : "st-2",
                                        MW_SLICE_OF(hash), &w->sender[i]));
    }
    MW_CHECK_OK(mw_store_commit(w->store));
}

static inline void world_fini(world *w) {
    world_close(w);
    world_files_remove(w);
}

static inline world_frame world_seal(unsigned device, uint32_t epoch, uint32_t counter, bool full,
                                     mw_slice objects) {
    mw_key master, up;
    memset(master.b, (int)device, sizeof master.b);
    mw_device_id id = {{0, 0, 0, 0, 0, 0, 0, (uint8_t)(device + 1)}};
    MW_CHECK_OK(mw_key_derive_device(&mw_crypto_openssl, &master, &id, epoch, MW_KEY_UP, &up));
    mw_crypto_ctx ctx;
    MW_CHECK_OK(mw_crypto_init(&ctx, &mw_crypto_openssl, &up));
    mw_smp_frame_info info = {.direction = MW_SMP_UP,
                              .address = WORLD_ADDRESS + device,
                              .epoch = epoch,
                              .counter = counter,
                              .full = full};
    world_frame f = {.n = 0};
    size_t size = objects.n <= mw_smp_frame_room(29, MW_SMP_UP, full) ? 29 : 61;
    MW_CHECK_OK(mw_smp_frame_seal(&ctx, &info, objects, size, MW_SPAN_OF(f.b), &f.n));
    mw_crypto_fini(&ctx);
    return f;
}

static inline world_frame world_day(unsigned device, uint32_t epoch, uint32_t counter, bool full,
                                    const mw_smp_day *day) {
    uint8_t body[256], objects[256];
    size_t n = 0;
    MW_CHECK_OK(mw_smp_day_encode(day, 60, MW_SPAN_OF(body), &n));
    mw_writer w = mw_writer_of(MW_SPAN_OF(objects));
    mw_smp_object_put_last(&w, MW_SMP_DAY, (mw_slice){body, n});
    MW_CHECK_OK(w.status);
    return world_seal(device, epoch, counter, full, mw_writer_done(&w));
}

/* A day that ends at local hour `hour` (SMP hour number), values 1, 2, 3 ... plus `add`. */
static inline mw_smp_day world_day_of(uint32_t end_hour, int64_t reg, int64_t add) {
    mw_smp_day d = {.hours = 24, .end_hour = end_hour, .reg = reg};
    for (unsigned i = 0; i < 24; i++)
        d.value[i] = (int64_t)(i % 5) + add;
    return d;
}

static inline void world_hear_at(world *w, unsigned station, const world_frame *f, mw_utc received,
                                 mw_utc stored) {
    char hex[130] = {0}, text[640], at[MW_UTC_TEXT_MAX];
    MW_CHECK_OK(mw_hex_encode((mw_slice){f->b, f->n}, (mw_span){(uint8_t *)hex, 2 * f->n}));
    mw_utc_format(received, at);
    uint64_t seq = ++w->seq;
    snprintf(text, sizeof text,
             "{\"frequency_mhz\":868100123456,\"kind\":\"unb\",\"level_cdbm\":-12345,"
             "\"payload\":\"%s\",\"rate\":\"R1\",\"received_at\":\"%s\",\"seq\":%" PRIu64
             ",\"size\":\"%s\",\"snr_cdb\":850}",
             hex, at, seq, f->n == 29 ? "M" : "L");
    mw_store_envelope e = {.tenant = w->tenant,
                           .sender = w->sender[station],
                           .epoch = 5,
                           .seq = seq,
                           .kind = MW_STORE_KIND_UNB,
                           .received = received,
                           .stored = stored,
                           .content = mw_slice_of_str(text)};
    mw_store_append result;
    int64_t id;
    MW_CHECK_OK(mw_store_begin(w->store));
    MW_CHECK_OK(mw_store_journal_append(w->store, &e, &result, &id));
    MW_CHECK_OK(mw_store_commit(w->store));
}

static inline void world_hear(world *w, unsigned station, const world_frame *f, int64_t second) {
    world_hear_at(w, station, f, mw_utc_of_s(second), mw_utc_of_s(second + 2));
}

static inline void world_decode(world *w) {
    uint32_t n = 1;
    while (n > 0)
        MW_CHECK_OK(mw_decoder_turn(w->decoder, 7, &n));
}

static inline void world_fold(world *w, uint32_t rows) {
    uint32_t n = 1;
    MW_CHECK_OK(mw_store_begin(w->store));
    while (n > 0)
        MW_CHECK_OK(mw_store_fold(w->store, rows, &n));
    MW_CHECK_OK(mw_store_commit(w->store));
}

typedef struct world_count_query {
    const char *name;
    int64_t n;
} world_count_query;

static inline mw_status world_count_found(void *ctx, const char *name, int64_t value) {
    world_count_query *q = ctx;
    if (strcmp(q->name, name) == 0)
        q->n = value;
    return MW_OK;
}

static inline int64_t world_count(world *w, const char *name) {
    world_count_query q = {.name = name};
    MW_CHECK_OK(mw_store_counts(w->store, w->tenant, world_count_found, &q));
    return q.n;
}

#endif
