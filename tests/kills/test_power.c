/* SPDX-License-Identifier: Apache-2.0
 *
 * A platform's whole life - append, fold, revision, settling, prune, backup, upgrade - on a disk that
 * forgets what was not synced and tears the last write, on a full one, and with torn pages.
 */
#include <dirent.h>
#include <sqlite3.h>
#include <sys/wait.h>

#include "platform/commands/sender.h"
#include "tests/faults/runner.h"
#include "tests/kills/life.h"

static const char *program;
static char root[64];
static char count_file[100], notes[100], room_file[100], epoch_file[100];
static life l;
static life_shared shared;

static void shell(const char *format, const char *what) {
    char line[300];
    (void)snprintf(line, sizeof line, format, what, what);
    MW_CHECK_EQ(system(line), 0);
}

/* ---- the child ---- */

static void names(void) {
    (void)snprintf(count_file, sizeof count_file, "%s.count", root);
    (void)snprintf(notes, sizeof notes, "%s.notes", root);
    (void)snprintf(room_file, sizeof room_file, "%s.room", root);
    (void)snprintf(epoch_file, sizeof epoch_file, "%s/epoch", root);
}

/* Every sixth day of a life, with all that a day brings. */
static void child_life(void **state) {
    (void)state;
    life_name(&l, root);
    (void)snprintf(l.w.path, sizeof l.w.path, "%s", l.path);
    MW_CHECK_OK(mw_zones_open(NULL, &l.w.zones));
    world_start(&l.w);
    MW_CHECK_OK(mw_store_tenant_find(l.w.store, "t", &l.w.tenant));
    l.w.channel = 1;
    l.w.wrap = 1000000000;
    for (int64_t h = 0; h < WORLD_HOURS; h++)
        l.w.truth[h] = 3 + h % 7;
    for (int64_t d = life_days_done(&l); d < 12; d++) {
        mw_utc now = world_hour((d < 6 ? d : d + 24) * 24);
        life_step(&l, now);
        life_prune(&l, now);
        if (d % 4 == 3)
            MW_CHECK_OK(life_backup(&l, now));
        if (!life_reports(d))
            continue;
        life_report(&l, d);
        mw_fault_note(notes, (uint64_t)life_reported(&l));
    }
    world_stop(&l.w);
}

static void child_upgrade(void **state) {
    (void)state;
    mw_store *store = NULL;
    life_name(&l, root);
    MW_CHECK_OK(mw_store_sqlite_open(&(mw_store_sqlite_options){.path = l.path}, &store));
    mw_store_close(store);
}

static mw_status put_back(const char *folder) {
    mw_restore_report r = {.wrong = NULL};
    mw_restore_options o = {.folder = folder,
                            .store_path = l.path,
                            .key_file = l.key,
                            .epoch_file = epoch_file,
                            .tenant = "t",
                            .now = world_hour(LIFE_DAYS * 24)};
    mw_status s = mw_backup_restore(&o, &r);
    if (r.wrong != NULL)
        print_error("%s\n", r.wrong);
    return s;
}

/* Puts the newest backup back. */
static void child_restore(void **state) {
    char line[200], folder[160] = "";
    (void)state;
    life_name(&l, root);
    (void)snprintf(line, sizeof line, "ls -d %s/meterworks-*Z | tail -n 1", l.backups);
    FILE *list = popen(line, "r");
    MW_CHECK(list != NULL && fgets(folder, sizeof folder, list) != NULL);
    (void)pclose(list);
    folder[strcspn(folder, "\n")] = 0;
    MW_CHECK_OK(put_back(folder));
}

/* ---- the disk ---- */

static void disk_empty(void) {
    shell("rm -rf %s && mkdir %s", root);
    (void)unlink(count_file);
    (void)unlink(notes);
    (void)unlink(room_file);
}

static void disk_of_life(void) {
    disk_empty();
    l.shared = &shared;
    life_new(&l, root);
}

static void disk_of_released_1(void) {
    static char sql[65536];
    FILE *f = fopen(KILLS_RELEASED_1, "r");
    MW_CHECK(f != NULL);
    sql[fread(sql, 1, sizeof sql - 1, f)] = 0;
    (void)fclose(f);
    sqlite3 *db = NULL;
    disk_empty();
    life_name(&l, root);
    MW_CHECK_EQ(sqlite3_open(l.path, &db), SQLITE_OK);
    MW_CHECK_EQ(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    MW_CHECK_EQ(sqlite3_close(db), SQLITE_OK);
}

static int child_run(const char *what, const char *fault, long n, const char *more) {
    char one[80];
    (void)snprintf(one, sizeof one, "%s=%ld", fault, n);
    mw_fault_child child = {.program = program,
                            .what = what,
                            .root = root,
                            .folder = root,
                            .count_file = count_file,
                            .room_file = room_file};
    return mw_fault_child_run(&child, one, more);
}

/* The disk as a reboot finds it: whole, with everything acknowledged, once; and life goes on. */
static bool disk_good(int64_t acknowledged) {
    mw_store_sqlite_report r;
    if (mw_store_sqlite_inspect(l.path, &r) != MW_OK || !r.whole || r.undecodable > 0)
        return false;
    if (r.head.journal < acknowledged || r.head.journal > acknowledged + 1)
        return false;
    MW_CHECK_EQ(child_run("life", "MW_FAULT_UNUSED", 0, NULL), 0);
    mw_conservation sums;
    mw_store *store = NULL;
    MW_CHECK_OK(mw_store_sqlite_open(&(mw_store_sqlite_options){.path = l.path}, &store));
    MW_CHECK_OK(mw_conservation_all(store, NULL, NULL, NULL, &sums));
    mw_store_close(store);
    MW_CHECK_EQ(sums.violations, 0);
    (void)life_backups_good(&l);
    return true;
}

MW_TEST(a_life_survives_every_cut) {
    enum { CUTS = 10 };
    disk_of_life();
    MW_CHECK_EQ(child_run("life", "MW_FAULT_UNUSED", 0, NULL), 0);
    long all = mw_fault_operations(count_file);
    MW_CHECK(all > 200);
    print_message("%ld operations, %d cuts\n", all, CUTS);
    for (long i = 0; i < CUTS; i++) {
        long n = 1 + i * (all - 1) / CUTS + i % 3;
        char seed[40];
        (void)snprintf(seed, sizeof seed, "MW_FAULT_SEED=%ld", n);
        disk_of_life();
        MW_CHECK_EQ(child_run("life", "MW_FAULT_CUT_AFTER", n, i % 2 == 0 ? seed : NULL),
                    MW_FAULT_EXIT_CUT);
        MW_CHECK(disk_good((int64_t)mw_fault_noted(notes)));
    }
}

/* The version of the schema as the cut left it, read as it stands; 0 = it could not be. */
static unsigned version_left(void) {
    sqlite3 *db = NULL;
    sqlite3_stmt *st = NULL;
    unsigned version = 0;
    if (sqlite3_open(l.path, &db) == SQLITE_OK &&
        sqlite3_prepare_v2(db, "SELECT max(version) FROM schema_version", -1, &st, NULL) ==
            SQLITE_OK &&
        sqlite3_step(st) == SQLITE_ROW)
        version = (unsigned)sqlite3_column_int(st, 0) % 64;
    (void)sqlite3_finalize(st);
    (void)sqlite3_close(db);
    return version;
}

MW_TEST(every_step_of_an_upgrade_survives_a_cut) {
    uint8_t good[32], digest[32];
    mw_store *store = NULL;
    disk_of_released_1();
    MW_CHECK_EQ(child_run("upgrade", "MW_FAULT_UNUSED", 0, NULL), 0);
    long all = mw_fault_operations(count_file);
    MW_CHECK_OK(mw_store_sqlite_open(&(mw_store_sqlite_options){.path = l.path}, &store));
    MW_CHECK_OK(mw_store_digest(store, good));
    mw_store_close(store);
    bool left[64] = {false};    /* versions that a cut left behind */
    long stride = 1 + all / 45; /* a step is a dozen operations: each step is cut more than once */
    for (long n = 1; n <= all; n += stride) {
        disk_of_released_1();
        MW_CHECK_EQ(child_run("upgrade", "MW_FAULT_CUT_AFTER", n, NULL), MW_FAULT_EXIT_CUT);
        left[version_left()] = true;
        MW_CHECK_OK(mw_store_sqlite_open(&(mw_store_sqlite_options){.path = l.path}, &store));
        MW_CHECK_OK(mw_store_digest(store, digest));
        mw_store_close(store);
        assert_memory_equal(good, digest, sizeof good);
        mw_store_sqlite_report r;
        MW_CHECK_OK(mw_store_sqlite_inspect(l.path, &r));
        MW_CHECK(r.whole && r.head.schema == mw_store_sqlite_schema());
    }
    unsigned versions = 0;
    for (int v = 1; v < 64; v++)
        versions += left[v];
    print_message("%ld operations, cut while %u versions stood, now %d\n", all, versions,
                  (int)mw_store_sqlite_schema());
    MW_CHECK(versions >= 8);
    /* A full disk stops it as well; with room it goes on. */
    for (long room = 8192; room < 400000; room *= 4) {
        disk_of_released_1();
        (void)child_run("upgrade", "MW_FAULT_SPACE", room, NULL);
        MW_CHECK_OK(mw_store_sqlite_open(&(mw_store_sqlite_options){.path = l.path}, &store));
        MW_CHECK_OK(mw_store_digest(store, digest));
        mw_store_close(store);
        assert_memory_equal(good, digest, sizeof good);
    }
}

/* ---- restore ---- */

static uint32_t counter_take(void) {
    mw_store *store = NULL;
    mw_sender *sender = NULL;
    uint32_t counter = 0;
    MW_CHECK_OK(mw_store_sqlite_open(&(mw_store_sqlite_options){.path = l.path}, &store));
    MW_CHECK_OK(mw_sender_new(store, epoch_file, &sender));
    MW_CHECK_OK(mw_sender_take(sender, 1, 1, 0, &counter));
    mw_sender_free(sender);
    mw_store_close(store);
    return counter;
}

/* A platform with backups and a used counter loses its database. */
static void disk_of_lost(void) {
    char line[400];
    (void)snprintf(line, sizeof line, "rm -rf %s && cp -r %s.lost %s", root, root, root);
    MW_CHECK_EQ(system(line), 0);
}

static bool restored_good(uint32_t last) {
    mw_store_sqlite_report r;
    if (access(l.path, F_OK) != 0)
        MW_CHECK_EQ(child_run("restore", "MW_FAULT_UNUSED", 0, NULL), 0);
    MW_CHECK_OK(mw_store_sqlite_inspect(l.path, &r));
    return r.whole && r.undecodable == 0 && r.head.journal > 0 && counter_take() > last;
}

/* Cut or full at any moment of a restore: there is no database under the name or a whole one, it can
 * be done again, and no counter comes twice. */
MW_TEST(a_restore_survives_every_cut) {
    enum { CUTS = 16 };
    disk_of_life();
    MW_CHECK_EQ(child_run("life", "MW_FAULT_UNUSED", 0, NULL), 0);
    uint32_t last = 0;
    for (unsigned i = 0; i < 3; i++)
        last = counter_take();
    shell("rm -f %s/p.db*", root);
    char line[300];
    (void)snprintf(line, sizeof line, "rm -rf %s.lost && cp -r %s %s.lost", root, root, root);
    MW_CHECK_EQ(system(line), 0);
    disk_of_lost();
    MW_CHECK_EQ(child_run("restore", "MW_FAULT_UNUSED", 0, NULL), 0);
    long all = mw_fault_operations(count_file);
    MW_CHECK(restored_good(last));
    unsigned none = 0, full = 0;
    for (long i = 0; i < CUTS; i++) {
        disk_of_lost();
        MW_CHECK_EQ(child_run("restore", "MW_FAULT_CUT_AFTER", 1 + i * (all - 1) / CUTS, NULL),
                    MW_FAULT_EXIT_CUT);
        none += access(l.path, F_OK) != 0;
        MW_CHECK(restored_good(last));
    }
    for (long room = 100; room < 200000; room *= 9) {
        disk_of_lost();
        if (child_run("restore", "MW_FAULT_SPACE", room, NULL) != 0) {
            MW_CHECK(access(l.path, F_OK) != 0);
            full++;
        }
        MW_CHECK(restored_good(last));
    }
    print_message("%ld operations, %d cuts (%u left no database), %u times full\n", all, CUTS, none,
                  full);
    MW_CHECK(none > 0 && full > 0);
}

/* A full disk stops the work; nothing acknowledged is lost, and with room again it goes on. */
MW_TEST(a_full_disk_in_every_phase) {
    unsigned full = 0;
    for (long room = 20000; room < 5000000; room += 2 * room) {
        disk_of_life();
        full += child_run("life", "MW_FAULT_SPACE", room, NULL) != 0;
        MW_CHECK(disk_good((int64_t)mw_fault_noted(notes)));
    }
    print_message("%u times full\n", full);
    MW_CHECK(full >= 3);
}

/* ---- torn pages ---- */

static size_t file_take(const char *path, uint8_t **out) {
    struct stat st;
    int fd = open(path, O_RDONLY);
    MW_CHECK(fd >= 0 && fstat(fd, &st) == 0);
    *out = malloc((size_t)st.st_size + 1);
    MW_CHECK_EQ(read(fd, *out, (size_t)st.st_size), st.st_size);
    close(fd);
    return (size_t)st.st_size;
}

static void file_put(const char *path, const uint8_t *p, size_t n) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    MW_CHECK(fd >= 0);
    MW_CHECK_EQ(write(fd, p, n), n);
    close(fd);
}

static uint32_t big_endian(const uint8_t *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* The power goes while pages are moved from the -wal file into the database: each of them may be
 * there by half. The -wal file still has them all. */
MW_TEST(torn_pages_come_whole_out_of_the_log) {
    enum { PAGE = 8192, HEAD = 32, FRAME = 24 };
    char wal_path[100], shm_path[100];
    uint8_t *db = NULL, *wal = NULL, good[32], digest[32];
    mw_store *store = NULL;
    disk_of_life();
    (void)snprintf(wal_path, sizeof wal_path, "%s-wal", l.path);
    (void)snprintf(shm_path, sizeof shm_path, "%s-shm", l.path);
    world_start(&l.w);
    for (int64_t d = 0; d < 5; d++)
        life_report(&l, d);
    life_step(&l, world_hour(5 * 24 + 1));
    MW_CHECK_OK(mw_store_digest(l.w.store, good));
    size_t db_n = file_take(l.path, &db), wal_n = file_take(wal_path, &wal);
    world_stop(&l.w);
    mw_prng g = mw_prng_of_stream(5, 5);
    unsigned torn = 0;
    for (unsigned round = 0; round < 8; round++) {
        uint8_t *half = malloc(db_n);
        MW_CHECK(half != NULL);
        memcpy(half, db, db_n);
        for (size_t at = HEAD; at + FRAME + PAGE <= wal_n; at += FRAME + PAGE) {
            size_t page = big_endian(wal + at);
            if (page * PAGE > db_n || mw_prng_below(&g, 2) == 0)
                continue;
            /* The first part is new, the rest old, and between them nothing of either. */
            size_t cut = 1 + (size_t)mw_prng_below(&g, PAGE - 513);
            memcpy(half + (page - 1) * PAGE, wal + at + FRAME, cut);
            memset(half + (page - 1) * PAGE + cut, 0xa5, 512);
            torn++;
        }
        file_put(l.path, half, db_n);
        file_put(wal_path, wal, wal_n);
        (void)unlink(shm_path);
        free(half);
        MW_CHECK_OK(mw_store_sqlite_open(&(mw_store_sqlite_options){.path = l.path}, &store));
        MW_CHECK_OK(mw_store_digest(store, digest));
        mw_store_close(store);
        assert_memory_equal(good, digest, sizeof good);
        mw_store_sqlite_report r;
        MW_CHECK_OK(mw_store_sqlite_inspect(l.path, &r));
        MW_CHECK(r.whole && r.undecodable == 0);
    }
    print_message("%u pages torn\n", torn);
    MW_CHECK(torn > 50);
    /* The end of the log torn off anywhere: what was committed before is there, whole. */
    for (unsigned round = 0; round < 12; round++) {
        mw_store_sqlite_report r;
        file_put(l.path, db, db_n);
        file_put(wal_path, wal, HEAD + (size_t)mw_prng_below(&g, wal_n - HEAD));
        (void)unlink(shm_path);
        MW_CHECK_OK(mw_store_sqlite_open(&(mw_store_sqlite_options){.path = l.path}, &store));
        mw_store_close(store);
        MW_CHECK_OK(mw_store_sqlite_inspect(l.path, &r));
        MW_CHECK(r.whole && r.undecodable == 0);
    }
    free(db);
    free(wal);
}

static int run_child(const char *what) {
    const struct CMUnitTest lives[] = {MW_CASE(child_life)};
    const struct CMUnitTest upgrades[] = {MW_CASE(child_upgrade)};
    l.shared = &shared;
    const struct CMUnitTest restores[] = {MW_CASE(child_restore)};
    if (strcmp(what, "restore") == 0)
        return cmocka_run_group_tests(restores, NULL, NULL);
    return strcmp(what, "life") == 0 ? cmocka_run_group_tests(lives, NULL, NULL)
                                     : cmocka_run_group_tests(upgrades, NULL, NULL);
}

int main(int argc, char **argv) {
    program = argv[0];
    if (argc == 3) {
        (void)snprintf(root, sizeof root, "%s", argv[2]);
        names();
        return run_child(argv[1]);
    }
    life_in_memory(argv[0]);
    (void)snprintf(root, sizeof root, "power-%d", (int)getpid());
    names();
    const struct CMUnitTest tests[] = {
        MW_CASE(a_life_survives_every_cut), MW_CASE(every_step_of_an_upgrade_survives_a_cut),
        MW_CASE(a_restore_survives_every_cut), MW_CASE(a_full_disk_in_every_phase),
        MW_CASE(torn_pages_come_whole_out_of_the_log)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    if (failed == 0) {
        disk_empty();
        shell("rm -rf %s %s.*", root);
    }
    return failed;
}
