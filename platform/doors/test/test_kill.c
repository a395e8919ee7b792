/* SPDX-License-Identifier: Apache-2.0
 *
 * kill -9 at random moments: a child takes batches, decodes and folds, and says over a pipe what it
 * has acknowledged. Whatever it said must be there afterwards, once, and decoding must go on from
 * where the database stands, to the same result as decoding from zero.
 */
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "platform/doors/uplinks.h"
#include "platform/journal/test/world.h"

enum { KILLS = 25, BATCH = 20 };

#define HOUR0 ((uint32_t)((INT64_C(1795132800) - MW_SMP_EPOCH_S) / 3600))

static mw_store_sender sender_find(world *w) {
    uint8_t hash[32] = {1};
    mw_store_sender sender;
    MW_CHECK_OK(mw_store_sender_by_token(w->store, MW_SLICE_OF(hash), &sender));
    return sender;
}

static void batch_take(world *w, const mw_store_sender *sender, uint64_t first) {
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
    MW_CHECK_OK(mw_uplinks_take(w->store, sender, mw_slice_of_str(body),
                                mw_utc_of_s(1797000000 + (int64_t)first), &result));
    MW_CHECK_EQ(result.stored + result.duplicates, BATCH);
    free(result.body);
}

static void child_run(world *w, uint64_t first, int out) {
    world_open(w);
    mw_store_sender sender = sender_find(w);
    for (;;) {
        batch_take(w, &sender, first);
        first += BATCH;
        if (write(out, &first, sizeof first) != sizeof first)
            _exit(1);
        uint32_t n = 0;
        MW_CHECK_OK(mw_decoder_turn(w->decoder, 50, &n));
        MW_CHECK_OK(mw_store_begin(w->store));
        MW_CHECK_OK(mw_store_fold(w->store, 40, &n));
        MW_CHECK_OK(mw_store_commit(w->store));
    }
}

/* Gives the first sequence number that was not acknowledged. */
static uint64_t child_kill(world *w, uint64_t first, unsigned after_ms) {
    int ends[2];
    MW_CHECK_EQ(pipe(ends), 0);
    pid_t pid = fork();
    MW_CHECK(pid >= 0);
    if (pid == 0) {
        close(ends[0]);
        child_run(w, first, ends[1]);
        _exit(1);
    }
    close(ends[1]);
    struct timespec wait = {0, (long)after_ms * 1000000};
    nanosleep(&wait, NULL);
    MW_CHECK_EQ(kill(pid, SIGKILL), 0);
    int status = 0;
    MW_CHECK_EQ(waitpid(pid, &status, 0), pid);
    MW_CHECK(WIFSIGNALED(status));
    uint64_t said = 0;
    while (read(ends[0], &said, sizeof said) == sizeof said)
        first = said;
    close(ends[0]);
    return first;
}

typedef struct journal_check {
    uint64_t next;
} journal_check;

static mw_status in_order(void *ctx, const mw_store_envelope *e) {
    journal_check *c = ctx;
    MW_CHECK_EQ(e->seq, c->next);
    c->next++;
    return MW_OK;
}

MW_TEST(what_was_acknowledged_is_there) {
    world w;
    world_init(&w, "kill-test");
    world_close(&w);
    mw_prng g = mw_prng_of_seed(4);
    uint64_t next = 0;
    for (int i = 0; i < KILLS; i++) {
        next = child_kill(&w, next, 5 + (unsigned)mw_prng_below(&g, 60));
        world_open(&w);
        journal_check c = {0};
        MW_CHECK_OK(mw_store_journal_scan(w.store, 0, UINT32_MAX, in_order, &c));
        MW_CHECK(c.next >= next);         /* nothing acknowledged is lost */
        MW_CHECK(c.next <= next + BATCH); /* and nothing is doubled */
        MW_CHECK_EQ(c.next % BATCH, 0);   /* a batch is there as a whole or not at all */
        world_close(&w);
    }
    MW_CHECK(next > 10 * BATCH);
    world_open(&w);
    uint8_t resumed[32], again[32];
    world_decode(&w);
    world_fold(&w, 100);
    MW_CHECK(world_count(&w, "decode.frames") >= (int64_t)next);
    MW_CHECK_OK(mw_store_digest(w.store, resumed));
    MW_CHECK_OK(mw_decoder_rewind(w.decoder));
    world_decode(&w);
    world_fold(&w, 100);
    MW_CHECK_OK(mw_store_digest(w.store, again));
    MW_CHECK_EQ(memcmp(resumed, again, sizeof again), 0);
    world_fini(&w);
}

MW_TEST_MAIN(MW_CASE(what_was_acknowledged_is_there))
