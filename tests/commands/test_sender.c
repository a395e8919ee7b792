/* SPDX-License-Identifier: Apache-2.0
 *
 * Downlink counters that are never used twice: after restores of old databases, lost files,
 * fail-over, and a process killed at any moment.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/prng.h"
#include "platform/commands/sender.h"
#include "platform/store/test/scratch.h"

enum { SUBJECTS = 3, USED_MAX = 1 << 20 };

static char path[64], copy[64], epoch_path[64];
static mw_store *store;
static mw_sender *sender;
/* Every counter that left, by subject: none may come again, and each must be above the last. */
static int64_t newest[SUBJECTS];

static void remove_all(void) {
    scratch_remove(path);
    (void)unlink(copy);
    (void)unlink(epoch_path);
}

static void sender_open(void) {
    mw_store_sqlite_options o = {.path = path};
    MW_CHECK_OK(mw_store_sqlite_open(&o, &store));
    MW_CHECK_OK(mw_sender_new(store, epoch_path, &sender));
}

static void sender_close(void) {
    mw_sender_free(sender);
    mw_store_close(store);
    sender = NULL;
    store = NULL;
}

static int setup(void **state) {
    (void)state;
    snprintf(path, sizeof path, "sender-%d.db", (int)getpid());
    snprintf(copy, sizeof copy, "sender-%d.copy", (int)getpid());
    snprintf(epoch_path, sizeof epoch_path, "sender-%d.epoch", (int)getpid());
    remove_all();
    for (size_t i = 0; i < SUBJECTS; i++)
        newest[i] = -1;
    sender_open();
    return 0;
}

static int teardown(void **state) {
    (void)state;
    sender_close();
    remove_all();
    return 0;
}

static uint32_t take(unsigned subject) {
    uint32_t counter = 0;
    MW_CHECK_OK(mw_sender_take(sender, 1, (int64_t)subject + 1, 0, &counter));
    MW_CHECK((int64_t)counter > newest[subject]);
    newest[subject] = counter;
    return counter;
}

static void file_copy(const char *from, const char *to) {
    static uint8_t block[1 << 16];
    int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    MW_CHECK(in >= 0 && out >= 0);
    for (ssize_t n; (n = read(in, block, sizeof block)) > 0;)
        MW_CHECK(write(out, block, (size_t)n) == n);
    close(in);
    close(out);
}

/* A copy of the database as a backup makes it: the platform is stopped. */
static void backup(void) {
    sender_close();
    file_copy(path, copy);
    sender_open();
}

static void restore(void) {
    char name[96];
    sender_close();
    snprintf(name, sizeof name, "%s-wal", path);
    (void)unlink(name);
    snprintf(name, sizeof name, "%s-shm", path);
    (void)unlink(name);
    file_copy(copy, path);
    sender_open();
}

static unsigned epoch_of(uint32_t counter) {
    return counter >> 20;
}

MW_TEST(counters_rise_and_a_restart_skips) {
    MW_CHECK_EQ(take(0), 0);
    MW_CHECK_EQ(take(0), 1);
    MW_CHECK_EQ(take(1), 0);
    MW_CHECK_EQ(take(0), 2);
    sender_close();
    sender_open();
    MW_CHECK_EQ(take(0), MW_SENDER_STEP);
    MW_CHECK_EQ(epoch_of(take(0)), 0); /* nothing was restored */
}

MW_TEST(an_old_database_raises_the_epoch) {
    for (unsigned i = 0; i < 20; i++)
        take(i % SUBJECTS);
    backup();
    MW_CHECK_EQ(epoch_of(take(0)), 0);
    for (unsigned i = 0; i < 100; i++)
        take(i % SUBJECTS);
    restore();
    MW_CHECK_EQ(epoch_of(take(0)), 1);
    for (unsigned i = 0; i < 10; i++)
        take(i % SUBJECTS);
    restore(); /* the same old copy again */
    MW_CHECK_EQ(epoch_of(take(0)), 2);
    MW_CHECK_EQ(epoch_of(take(2)), 2);
}

/* Even when just one reservation lies between. */
MW_TEST(a_copy_one_reservation_old_is_told) {
    take(0);
    backup();
    take(0);
    restore();
    MW_CHECK_EQ(epoch_of(take(0)), 1);
    /* A copy of the very latest state needs no new epoch. */
    backup();
    restore();
    MW_CHECK_EQ(epoch_of(take(0)), 1);
}

MW_TEST(without_the_file_nothing_is_sealed) {
    uint32_t counter, epoch = 0;
    take(0);
    sender_close();
    MW_CHECK(unlink(epoch_path) == 0);
    sender_open();
    MW_CHECK_STATUS(mw_sender_take(sender, 1, 1, 0, &counter), MW_STATE);
    MW_CHECK_STATUS(mw_sender_take(sender, 1, 1, 0, &counter), MW_STATE);
    MW_CHECK_OK(mw_sender_raise(sender, 0, &epoch));
    MW_CHECK_EQ(epoch, 1);
    MW_CHECK_EQ(epoch_of(take(0)), 1);
    MW_CHECK_STATUS(mw_sender_raise(sender, 1, &epoch), MW_RANGE);
    MW_CHECK_OK(mw_sender_raise(sender, 77, &epoch));
    MW_CHECK_EQ(epoch_of(take(1)), 77);
    MW_CHECK_OK(mw_sender_raise(sender, MW_SENDER_EPOCH_MAX, &epoch));
    MW_CHECK_EQ(epoch_of(take(1)), MW_SENDER_EPOCH_MAX);
    MW_CHECK_STATUS(mw_sender_raise(sender, 0, &epoch), MW_LIMIT);
}

/* Another machine takes the database over with a file of its own, or an older copy of the file. */
MW_TEST(another_machine_begins_its_own_epoch) {
    char saved[96];
    snprintf(saved, sizeof saved, "%s.1", epoch_path);
    take(0);
    file_copy(epoch_path, saved);
    for (unsigned i = 0; i < 30; i++)
        take(0);
    sender_close();
    int out = open(epoch_path, O_WRONLY | O_TRUNC);
    static const char other[] = "MWSE1 00000000000000ff 0 0\n";
    MW_CHECK(write(out, other, sizeof other - 1) == (ssize_t)sizeof other - 1);
    close(out);
    sender_open();
    MW_CHECK_EQ(epoch_of(take(0)), 1);
    /* The first machine comes back with its former file. */
    sender_close();
    file_copy(saved, epoch_path);
    (void)unlink(saved);
    sender_open();
    MW_CHECK_EQ(epoch_of(take(0)), 2);
    sender_close();
    out = open(epoch_path, O_WRONLY | O_TRUNC);
    MW_CHECK(write(out, "garbage\n", 8) == 8);
    close(out);
    sender_open();
    uint32_t counter;
    MW_CHECK_STATUS(mw_sender_take(sender, 1, 1, 0, &counter), MW_CORRUPT);
}

MW_TEST(a_used_up_running_part_raises_the_epoch) {
    take(0);
    mw_store_counter c = {.tenant = 1,
                          .subject = 2,
                          .sender_epoch = 0,
                          .reserved = MW_SENDER_RUNNING - MW_SENDER_STEP};
    MW_CHECK_OK(mw_store_begin(store));
    MW_CHECK_OK(mw_store_counter_put(store, &c));
    MW_CHECK_OK(mw_store_commit(store));
    for (unsigned i = 0; i < MW_SENDER_STEP; i++)
        MW_CHECK_EQ(epoch_of(take(1)), 0);
    MW_CHECK_EQ(epoch_of(take(1)), 1);
    MW_CHECK_EQ(epoch_of(take(0)), 1);
}

/* ---- kill -9 ---- */

/* A child takes counters and writes each down before it takes the next; it is killed at a random
 * moment, and its database is now and then an old one. */
static void child(int out) {
    mw_prng g = mw_prng_of_seed((uint64_t)getpid());
    mw_store_sqlite_options o = {.path = path};
    if (mw_store_sqlite_open(&o, &store) != MW_OK ||
        mw_sender_new(store, epoch_path, &sender) != MW_OK)
        _exit(3);
    for (;;) {
        uint32_t record[2] = {(uint32_t)mw_prng_below(&g, SUBJECTS), 0};
        if (mw_sender_take(sender, 1, (int64_t)record[0] + 1, 0, &record[1]) != MW_OK)
            _exit(4);
        if (write(out, record, sizeof record) != (ssize_t)sizeof record)
            _exit(5);
    }
}

static void counter_seen(const uint32_t record[2], unsigned *used) {
    MW_CHECK((int64_t)record[1] > newest[record[0]]);
    newest[record[0]] = record[1];
    ++*used;
}

MW_TEST(killed_at_any_moment_no_counter_comes_twice) {
    mw_prng g = mw_prng_of_seed(9);
    unsigned runs = 0, used = 0;
    sender_close();
    for (; runs < 60; runs++) {
        int pipes[2], status = 0;
        MW_CHECK(pipe(pipes) == 0);
        pid_t pid = fork();
        MW_CHECK(pid >= 0);
        if (pid == 0)
            child(pipes[1]);
        close(pipes[1]);
        /* Some die while they start, others after a few counters, at any point of the next. */
        uint32_t record[2];
        for (uint64_t wait = mw_prng_below(&g, 4) == 0 ? 0 : mw_prng_below(&g, 40); wait > 0;
             wait--)
            if (read(pipes[0], record, sizeof record) == (ssize_t)sizeof record)
                counter_seen(record, &used);
        usleep((useconds_t)mw_prng_below(&g, 6000));
        MW_CHECK(kill(pid, SIGKILL) == 0);
        MW_CHECK(waitpid(pid, &status, 0) == pid);
        MW_CHECK(WIFSIGNALED(status)); /* it never gave up by itself */
        while (read(pipes[0], record, sizeof record) == (ssize_t)sizeof record)
            counter_seen(record, &used);
        close(pipes[0]);
        sender_open(); /* brings the database to rest, as the next start would */
        sender_close();
        if (runs % 7 == 3)
            file_copy(path, copy);
        if (runs % 11 == 10) {
            sender_open();
            restore();
            sender_close();
        }
    }
    printf("sender: %u counters over %u kills with old databases put back; none twice\n", used,
           runs);
    MW_CHECK(used > 100);
    sender_open();
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(counters_rise_and_a_restart_skips),
        CASE(an_old_database_raises_the_epoch),
        CASE(a_copy_one_reservation_old_is_told),
        CASE(without_the_file_nothing_is_sealed),
        CASE(another_machine_begins_its_own_epoch),
        CASE(a_used_up_running_part_raises_the_epoch),
        CASE(killed_at_any_moment_no_counter_comes_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
