/* SPDX-License-Identifier: Apache-2.0
 *
 * The store on a disk that forgets what was not synced and tears the last write, and on a full one.
 * The child takes batches, decodes and folds; it notes outside the watched folder what it has
 * acknowledged. After the cut everything noted must be there and the database whole.
 */
#include <dirent.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include "platform/doors/test/batches.h"
#include "tests/faults/runner.h"

enum { BATCHES_OF_CHILD = 12 };

static const char *program;
static char root[128], disk[160], notes[160], count_file[160], room_file[160];

static void paths_of_disk(world *w) {
    snprintf(w->path, sizeof w->path, "%.40s/p.db", disk);
    snprintf(w->key_path, sizeof w->key_path, "%.40s/p.key", disk);
}

/* The disk is full: the answer says so, nothing of the batch is kept, and once there is room the
 * same batch goes through. */
static void retry_with_room(world *w, const mw_store_sender *sender, uint64_t first,
                            mw_status why) {
    MW_CHECK(why == MW_SPACE || why == MW_IO);
    int fd = open(room_file, O_WRONLY | O_CREAT, 0600);
    MW_CHECK(fd >= 0);
    close(fd);
    MW_CHECK_OK(batch_take(w, sender, first));
}

static int child_body(void);

/* A check that fails in the child must say so: outside a test cmocka would only exit. */
static void child_case(void **state) {
    (void)state;
    MW_CHECK_EQ(child_body(), 0);
}

static int child(void) {
    const struct CMUnitTest cases[] = {MW_CASE(child_case)};
    return cmocka_run_group_tests(cases, NULL, NULL);
}

static int child_body(void) {
    world w = {0};
    paths_of_disk(&w);
    world_open(&w);
    mw_store_sender sender = sender_find(&w);
    for (uint64_t first = 0; first < BATCHES_OF_CHILD * BATCH; first += BATCH) {
        mw_status s = batch_take(&w, &sender, first);
        if (s != MW_OK)
            retry_with_room(&w, &sender, first, s);
        mw_fault_note(notes, first + BATCH);
        uint32_t n = 0;
        s = mw_decoder_turn(w.decoder, 30, &n);
        MW_CHECK(s == MW_OK || s == MW_SPACE || s == MW_IO);
        s = mw_store_begin(w.store);
        if (s == MW_OK)
            s = mw_store_fold(w.store, 10, &n);
        if (s == MW_OK)
            s = mw_store_commit(w.store);
        else if (mw_store_rollback(w.store) != MW_OK)
            return 3;
        MW_CHECK(s == MW_OK || s == MW_SPACE || s == MW_IO);
    }
    world_close(&w);
    return 0;
}

/* The layer leaves its copies behind when a process ends in the middle. */
static void disk_empty(void) {
    DIR *d = opendir(disk);
    if (d == NULL)
        return;
    struct dirent *entry;
    while ((entry = readdir(d)) != NULL) {
        char path[500];
        snprintf(path, sizeof path, "%s/%s", disk, entry->d_name);
        if (entry->d_name[0] != '.' || strlen(entry->d_name) > 2)
            (void)unlink(path);
    }
    closedir(d);
    (void)unlink(notes);
    (void)unlink(room_file);
    (void)unlink(count_file);
}

/* An empty, well-formed database on the disk, as an installed platform has. */
static void disk_prepare(void) {
    world w;
    world_init(&w, "power-cut");
    world_close(&w);
    (void)mkdir(disk, 0700);
    world on_disk = {0};
    paths_of_disk(&on_disk);
    disk_empty();
    MW_CHECK_EQ(rename(w.path, on_disk.path), 0);
    MW_CHECK_EQ(rename(w.key_path, on_disk.key_path), 0);
}

static bool database_whole(const char *path) {
    sqlite3 *db = NULL;
    sqlite3_stmt *st = NULL;
    bool whole = sqlite3_open(path, &db) == SQLITE_OK &&
                 sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &st, NULL) == SQLITE_OK &&
                 sqlite3_step(st) == SQLITE_ROW &&
                 strcmp((const char *)sqlite3_column_text(st, 0), "ok") == 0;
    sqlite3_finalize(st);
    sqlite3_close(db);
    return whole;
}

static mw_status count_row(void *ctx, const mw_store_envelope *e) {
    uint64_t *next = ctx;
    if (e->seq != *next)
        return MW_CORRUPT;
    ++*next;
    return MW_OK;
}

/* Whether the disk holds everything that was acknowledged, and decoding from there gives the same
 * as decoding from zero. */
static bool disk_good(void) {
    world w = {0};
    paths_of_disk(&w);
    if (!database_whole(w.path))
        return false;
    mw_store_sqlite_options o = {.path = w.path};
    if (mw_store_sqlite_open(&o, &w.store) != MW_OK)
        return false;
    uint64_t next = 0;
    bool good = mw_store_journal_scan(w.store, 0, UINT32_MAX, count_row, &next) == MW_OK &&
                next >= mw_fault_noted(notes) && next % BATCH == 0;
    mw_store_close(w.store);
    if (!good)
        return false;
    uint8_t resumed[32], again[32];
    world_open(&w);
    MW_CHECK_OK(mw_store_tenant_find(w.store, "demo", &w.tenant));
    world_decode(&w);
    world_fold(&w, 100);
    MW_CHECK_EQ(world_count(&w, "decode.frames"), next);
    MW_CHECK_OK(mw_store_digest(w.store, resumed));
    MW_CHECK_OK(mw_decoder_rewind(w.decoder));
    world_decode(&w);
    world_fold(&w, 100);
    MW_CHECK_OK(mw_store_digest(w.store, again));
    world_close(&w);
    return memcmp(resumed, again, sizeof again) == 0;
}

static int child_run(const char *fault, long n, const char *more) {
    char one[80];
    (void)snprintf(one, sizeof one, "%s=%ld", fault, n);
    mw_fault_child child = {.program = program,
                            .what = "child",
                            .root = root,
                            .folder = disk,
                            .count_file = count_file,
                            .room_file = room_file};
    return mw_fault_child_run(&child, one, more);
}

static long operations(void) {
    disk_prepare();
    MW_CHECK_EQ(child_run("MW_FAULT_UNUSED", 0, NULL), 0);
    MW_CHECK(disk_good());
    long n = mw_fault_operations(count_file);
    MW_CHECK(n > 50);
    return n;
}

MW_TEST(acknowledged_batches_survive_every_cut) {
    long all = operations();
    for (long n = 1; n <= all; n += 1 + all / 60) {
        char seed[40];
        snprintf(seed, sizeof seed, "MW_FAULT_SEED=%ld", n);
        disk_prepare();
        MW_CHECK_EQ(child_run("MW_FAULT_CUT_AFTER", n, n % 2 == 0 ? seed : NULL),
                    MW_FAULT_EXIT_CUT);
        MW_CHECK(disk_good());
    }
}

/* The test of the test: without syncs, or without those of the WAL, something must be lost. */
MW_TEST(without_sync_the_check_fails) {
    const char *const removed[] = {"MW_FAULT_IGNORE_SYNC=1", "MW_FAULT_IGNORE_SYNC_OF=-wal"};
    long all = operations();
    for (size_t i = 0; i < 2; i++) {
        bool lost = false;
        for (long n = 40; n <= all && !lost; n += 1 + all / 10) {
            disk_prepare();
            (void)child_run("MW_FAULT_CUT_AFTER", n, removed[i]);
            lost = !disk_good();
        }
        MW_CHECK(lost);
    }
}

MW_TEST(a_full_disk_refuses_and_recovers) {
    int full = 0;
    for (long room = 100000; room < 1200000; room += 90000) {
        disk_prepare();
        MW_CHECK_EQ(child_run("MW_FAULT_SPACE", room, NULL), 0);
        MW_CHECK_EQ(mw_fault_noted(notes), BATCHES_OF_CHILD * BATCH);
        MW_CHECK(disk_good());
        full += access(room_file, F_OK) == 0;
    }
    MW_CHECK(full >= 3);
}

static void root_use(const char *folder) {
    snprintf(root, sizeof root, "%s", folder);
    snprintf(disk, sizeof disk, "%s/disk", folder);
    snprintf(notes, sizeof notes, "%s/notes", folder);
    snprintf(count_file, sizeof count_file, "%s/count", folder);
    snprintf(room_file, sizeof room_file, "%s/room", folder);
}

int main(int argc, char **argv) {
    program = argv[0];
    if (argc == 3 && strcmp(argv[1], "child") == 0) {
        root_use(argv[2]);
        return child();
    }
    char folder[] = "power-cut-XXXXXX";
    if (mkdtemp(folder) == NULL)
        return 1;
    root_use(folder);
    const struct CMUnitTest cases[] = {MW_CASE(acknowledged_batches_survive_every_cut),
                                       MW_CASE(without_sync_the_check_fails),
                                       MW_CASE(a_full_disk_refuses_and_recovers)};
    int failed = cmocka_run_group_tests(cases, NULL, NULL);
    disk_empty();
    (void)rmdir(disk);
    (void)rmdir(folder);
    return failed;
}
