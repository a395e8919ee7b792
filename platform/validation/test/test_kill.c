/* SPDX-License-Identifier: Apache-2.0
 *
 * Killed anywhere in folding, validation, the watch or settling, and started again: in the end
 * everything is as if nothing had happened.
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>

#include "platform/validation/test/world.h"

enum { DAYS = 61, KILLS = 40 };

static world w;

/* Which days reported, and which never do. */
static bool reports(int64_t d) {
    return d % 13 != 7 && (d < 40 || d > 44);
}

/* The next day that is not in the journal yet, by the number of records. */
static int64_t days_done(void) {
    int64_t newest = 0, day = 0;
    MW_CHECK_OK(mw_store_journal_at(w.store, (mw_utc){INT64_MAX / 2}, &newest));
    for (int64_t n = 0; day < DAYS && n < newest; day++)
        n += reports(day);
    return day;
}

static void step_all(mw_utc now) {
    mw_vigil_turn t = {.more = true};
    w.now = now;
    (void)world_settle(&w);
    while (t.more)
        MW_CHECK_OK(mw_vigil_run(w.watch, now, 1000, &t));
}

/* Works until it is killed or done. */
static void work(void) {
    world_start(&w);
    /* What a kill left between two transactions is taken up first. */
    for (int64_t d = days_done(); d < DAYS; d++) {
        step_all(world_hour(d * 24));
        if (reports(d)) {
            w.seq = (uint64_t)d + 1;
            world_day(&w, d, 0);
        }
    }
    step_all(world_hour(DAYS * 24 + 1));
    world_stop(&w);
}

/* True when it came to its end. */
static bool child_run(uint32_t after_us) {
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        work();
        _exit(0);
    }
    int status = 0;
    if (after_us > 0) {
        (void)usleep(after_us);
        (void)kill(child, SIGKILL);
    }
    MW_CHECK_EQ(waitpid(child, &status, 0), child);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* How long the whole work takes on this machine: kills are spread over it, fast or slow. */
static uint32_t whole_us;

static uint64_t machine_us(void) {
    struct timespec t;
    MW_CHECK_EQ(clock_gettime(CLOCK_MONOTONIC, &t), 0);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static uint32_t life(uint64_t seed, int64_t out[WORLD_HOURS]) {
    mw_prng g = mw_prng_of_stream(seed, 9);
    uint32_t killed = 0;
    world_open(&w, 9, "Europe/Rome", 0);
    world_stop(&w);
    for (unsigned k = 0; seed != 0 && k < KILLS; k++)
        killed += !child_run(200 + (uint32_t)mw_prng_below(&g, whole_us / (k % 4 == 0 ? 8 : 60)));
    uint64_t begun = machine_us();
    MW_CHECK(child_run(0));
    if (seed == 0)
        whole_us = (uint32_t)(machine_us() - begun);
    world_start(&w);
    memset(out, 0xff, sizeof(int64_t) * WORLD_HOURS);
    (void)world_values(&w, w.channel, MW_LAYER_FINAL, 0, DAYS * 24, out);
    int64_t sum = 0;
    for (int64_t h = 0; h < DAYS * 24; h++)
        sum += w.truth[h];
    world_conserves(&w, w.channel, 0, DAYS * 24, sum);
    world_close(&w);
    return killed;
}

MW_TEST(a_killed_platform_ends_where_an_unkilled_one_does) {
    static int64_t whole[WORLD_HOURS], killed[WORLD_HOURS];
    uint32_t kills = 0;
    MW_CHECK_EQ(life(0, whole), 0);
    for (uint64_t seed = 1; seed <= 3; seed++) {
        kills += life(seed, killed);
        MW_CHECK(memcmp(whole, killed, sizeof whole) == 0);
    }
    MW_CHECK(kills > KILLS);
    print_message("%u kills\n", kills);
}

MW_TEST_MAIN(MW_CASE(a_killed_platform_ends_where_an_unkilled_one_does))
