/* SPDX-License-Identifier: Apache-2.0
 *
 * kill -9 at random moments: a child takes batches, decodes and folds, and says over a pipe what it
 * has acknowledged. Whatever it said must be there afterwards, once, and decoding must go on from
 * where the database stands, to the same result as decoding from zero.
 */
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "platform/doors/test/batches.h"

enum { KILLS = 25 };

static void child_run(world *w, uint64_t first, int out) {
    world_open(w);
    mw_store_sender sender = sender_find(w);
    for (;;) {
        MW_CHECK_OK(batch_take(w, &sender, first));
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
