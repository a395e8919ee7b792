/* SPDX-License-Identifier: Apache-2.0
 *
 * Backups made beside a platform that works, checked, damaged, and put back.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "platform/backup/backup.h"
#include "platform/commands/sender.h"
#include "platform/doors/test/batches.h"

static world w;
static char folder[96], epoch_file[96];
static mw_store_sender station;

static void shell(const char *format, const char *what) {
    char line[300];
    snprintf(line, sizeof line, format, what, what);
    MW_CHECK_EQ(system(line), 0);
}

static int setup(void **state) {
    (void)state;
    w = (world){0};
    world_init(&w, "backup");
    station = sender_find(&w);
    snprintf(folder, sizeof folder, "backup-%d", (int)getpid());
    snprintf(epoch_file, sizeof epoch_file, "backup-%d.epoch", (int)getpid());
    shell("rm -rf %s %s.partial", folder);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    world_fini(&w);
    shell("rm -rf %s %s.partial", folder);
    (void)unlink(epoch_file);
    return 0;
}

static mw_status make(mw_manifest *out) {
    mw_backup_options o = {.store_path = w.path,
                           .key_file = w.key_path,
                           .folder = folder,
                           .now = mw_utc_of_s(1795000000)};
    return mw_backup_make(&o, out);
}

static void lose_database(void) {
    world_close(&w);
    scratch_remove(w.path);
}

static mw_status put_back(uint32_t epoch, mw_restore_report *out) {
    mw_restore_options o = {.folder = folder,
                            .store_path = w.path,
                            .key_file = w.key_path,
                            .epoch_file = epoch_file,
                            .epoch = epoch,
                            .tenant = "demo",
                            .now = mw_utc_of_s(1795000100)};
    return mw_backup_restore(&o, out);
}

static const char *wrong(void) {
    mw_backup_report r;
    MW_CHECK_OK(mw_backup_verify(folder, NULL, NULL, &r));
    if (r.wrong != NULL)
        print_message("%s\n", r.wrong);
    return r.wrong;
}

static uint32_t take(mw_sender *s) {
    uint32_t counter = 0;
    MW_CHECK_OK(mw_sender_take(s, w.tenant, 1, 0, &counter));
    return counter;
}

MW_TEST(a_backup_is_one_moment_and_is_put_back) {
    mw_manifest m;
    mw_restore_report r;
    mw_sender *sender = NULL;
    uint8_t before[32], after[32];
    for (uint64_t first = 0; first < 3 * BATCH; first += BATCH)
        MW_CHECK_OK(batch_take(&w, &station, first));
    world_decode(&w);
    world_fold(&w, 100);
    MW_CHECK_OK(mw_sender_new(w.store, epoch_file, &sender));
    MW_CHECK_EQ(take(sender) >> 20, 0);
    MW_CHECK_OK(mw_store_begin(w.store));
    mw_store_session session = {.tenant = w.tenant, .user = "u", .expires = mw_utc_of_s(1 << 30)};
    MW_CHECK_OK(mw_store_session_put(w.store, &session));
    MW_CHECK_OK(mw_store_commit(w.store));
    /* A writer is in the middle of something: the backup does not wait and does not see it. */
    MW_CHECK_OK(mw_store_begin(w.store));
    MW_CHECK_OK(mw_store_meta_put(w.store, "half", "done"));
    MW_CHECK_OK(make(&m));
    MW_CHECK_OK(mw_store_rollback(w.store));
    MW_CHECK_EQ(m.journal, 3 * BATCH);
    MW_CHECK_EQ(make(&m), MW_DUPLICATE);
    MW_CHECK(wrong() == NULL);
    /* What comes after the backup and is acknowledged ... */
    uint32_t last = 0;
    for (unsigned i = 0; i < 3 * MW_SENDER_STEP; i++)
        last = take(sender);
    MW_CHECK_OK(batch_take(&w, &station, 3 * BATCH));
    world_decode(&w);
    world_fold(&w, 100);
    MW_CHECK_OK(mw_store_digest(w.store, before));
    mw_sender_free(sender);
    MW_CHECK_EQ(put_back(0, &r), MW_STATE); /* a database is there */
    lose_database();
    MW_CHECK_OK(put_back(0, &r));
    MW_CHECK_EQ(r.epoch, 1);
    world_open(&w);
    uint8_t none[32] = {0};
    MW_CHECK_EQ(mw_store_session_get(w.store, MW_SLICE_OF(none), &session), MW_NOT_FOUND);
    MW_CHECK_OK(mw_sender_new(w.store, epoch_file, &sender));
    uint32_t next = take(sender);
    MW_CHECK(next > last && next >> 20 == 1);
    mw_sender_free(sender);
    /* ... comes again from the spool of the station, some of it twice, and all is as before. */
    for (uint64_t first = BATCH; first < 4 * BATCH; first += BATCH)
        MW_CHECK_OK(batch_take(&w, &station, first));
    world_decode(&w);
    world_fold(&w, 100);
    MW_CHECK_EQ(world_count(&w, "decode.frames"), 4 * BATCH);
    MW_CHECK_OK(mw_store_digest(w.store, after));
    assert_memory_equal(before, after, sizeof after);
}

static void flip(const char *name, off_t at) {
    char path[160];
    uint8_t byte = 0;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int fd = open(path, O_RDWR);
    MW_CHECK(fd >= 0);
    MW_CHECK_EQ(pread(fd, &byte, 1, at), 1);
    byte ^= 4;
    MW_CHECK_EQ(pwrite(fd, &byte, 1, at), 1);
    close(fd);
}

MW_TEST(damage_is_found_and_nothing_is_put_over_it) {
    mw_manifest m;
    mw_restore_report r;
    MW_CHECK_OK(batch_take(&w, &station, 0));
    MW_CHECK_OK(make(&m));
    flip("database", 20000);
    MW_CHECK(wrong() != NULL);
    lose_database();
    MW_CHECK_EQ(put_back(0, &r), MW_STATE);
    MW_CHECK(access(w.path, F_OK) != 0);
    flip("database", 20000);
    flip("manifest", 9);
    MW_CHECK(wrong() != NULL);
    flip("manifest", 9);
    MW_CHECK(wrong() == NULL);
    MW_CHECK_OK(put_back(7, &r)); /* no file of the epoch, a number by hand */
    MW_CHECK_EQ(r.epoch, 7);
    world_open(&w);
}

MW_TEST(another_master_key_or_a_lost_epoch_is_refused) {
    mw_manifest m;
    mw_restore_report r;
    mw_sender *sender = NULL;
    char aside[96];
    MW_CHECK_OK(mw_sender_new(w.store, epoch_file, &sender));
    (void)take(sender);
    mw_sender_free(sender);
    MW_CHECK_OK(make(&m));
    MW_CHECK(m.sender);
    lose_database();
    snprintf(aside, sizeof aside, "%s.aside", w.key_path);
    MW_CHECK_EQ(rename(w.key_path, aside), 0);
    MW_CHECK_EQ(put_back(0, &r), MW_STATE);
    MW_CHECK_EQ(rename(aside, w.key_path), 0);
    MW_CHECK_EQ(unlink(epoch_file), 0);
    MW_CHECK_EQ(put_back(0, &r), MW_STATE);
    MW_CHECK(r.wrong != NULL && access(w.path, F_OK) != 0);
    MW_CHECK_OK(put_back(9, &r));
    world_open(&w);
    MW_CHECK_OK(mw_sender_new(w.store, epoch_file, &sender));
    MW_CHECK_EQ(take(sender) >> 20, 9);
    mw_sender_free(sender);
}

/* Killed at any moment: either nothing stands under the name, or a whole backup. */
MW_TEST(a_killed_backup_is_whole_or_not_there) {
    mw_manifest m;
    mw_prng g = mw_prng_of_stream(3, 1);
    unsigned whole = 0, killed = 0;
    for (uint64_t first = 0; first < 3 * BATCH; first += BATCH)
        MW_CHECK_OK(batch_take(&w, &station, first));
    for (unsigned round = 0; round < 30; round++) {
        shell("rm -rf %s", folder);
        pid_t child = fork();
        if (child == 0)
            _exit(make(&m) == MW_OK ? 0 : 1);
        (void)usleep((unsigned)mw_prng_below(&g, 14000));
        (void)kill(child, SIGKILL);
        int status = 0;
        MW_CHECK_EQ(waitpid(child, &status, 0), child);
        killed += WIFSIGNALED(status);
        if (access(folder, F_OK) == 0) {
            MW_CHECK(wrong() == NULL);
            whole++;
        }
    }
    print_message("%u killed, %u whole\n", killed, whole);
    shell("rm -rf %s", folder);
    MW_CHECK_OK(make(&m));
    MW_CHECK(wrong() == NULL);
}

MW_TEST(rotation_keeps_the_newest_and_removes_attempts) {
    char path[MW_BACKUP_PATH_MAX], line[200];
    mw_manifest m;
    mw_backup_options o = {.store_path = w.path, .key_file = w.key_path, .folder = folder};
    for (int64_t i = 0; i < 5; i++) {
        o.now = mw_utc_of_s(1795000000 + i * 3600);
        MW_CHECK_OK(mw_backup_rotate(&o, 3, path, &m));
        snprintf(line, sizeof line, "mkdir -p %s/meterworks-20200101T000000Z.partial", folder);
        MW_CHECK_EQ(system(line), 0);
    }
    MW_CHECK_OK(mw_backup_rotate(&(mw_backup_options){.store_path = w.path,
                                                      .key_file = w.key_path,
                                                      .folder = folder,
                                                      .now = mw_utc_of_s(1795100000)},
                                 3, path, &m));
    snprintf(line, sizeof line, "test $(ls %s | wc -l) = 3", folder);
    MW_CHECK_EQ(system(line), 0);
    mw_utc newest;
    MW_CHECK_OK(mw_backup_newest(folder, &newest));
    MW_CHECK_EQ(newest.us, INT64_C(1795100000000000));
    MW_CHECK(strstr(path, "/meterworks-2026") != NULL);
}

MW_TEST_MAIN(
    cmocka_unit_test_setup_teardown(a_backup_is_one_moment_and_is_put_back, setup, teardown),
    cmocka_unit_test_setup_teardown(damage_is_found_and_nothing_is_put_over_it, setup, teardown),
    cmocka_unit_test_setup_teardown(another_master_key_or_a_lost_epoch_is_refused, setup, teardown),
    cmocka_unit_test_setup_teardown(a_killed_backup_is_whole_or_not_there, setup, teardown),
    cmocka_unit_test_setup_teardown(rotation_keeps_the_newest_and_removes_attempts, setup,
                                    teardown))
