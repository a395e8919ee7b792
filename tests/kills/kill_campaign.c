/* SPDX-License-Identifier: Apache-2.0
 *
 * kill_campaign KILLS [SEED [memory]]: kills a platform's work (kill -9) at random moments of every phase and
 * lets it go on. After each kill nothing that was acknowledged may be missing; at the end of each life
 * everything must be as in a life that was never killed, and every backup whole.
 */
#include <errno.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <time.h>

#include "base/prng.h"
#include "tests/kills/life.h"

enum { UPGRADE = LIFE_PHASES, A_LIFE = 60 };

static life l;
static char folder[40];
static mw_prng prng;
static unsigned kills[LIFE_PHASES + 1], lives, backups;
static unsigned wanted = 30;
static uint64_t seed = 1;
static life_rows whole;

static void folder_empty(void) {
    char line[200];
    (void)snprintf(line, sizeof line, "rm -rf %s && mkdir %s", folder, folder);
    MW_CHECK_EQ(system(line), 0);
}

static unsigned total(void) {
    unsigned n = 0;
    for (int i = 0; i <= LIFE_PHASES; i++)
        n += kills[i];
    return n;
}

/* Waits until the child is in the phase, then a random moment of it. True when the child ended. */
static bool child_kill(pid_t child, int phase, unsigned most_us) {
    int status = 0;
    for (int i = 0; i < 20000 && l.shared->phase != phase; i++) {
        if (waitpid(child, &status, WNOHANG) == child)
            goto ended;
        (void)usleep(50);
    }
    (void)usleep((unsigned)mw_prng_below(&prng, most_us));
    int at = l.shared->phase;
    (void)kill(child, SIGKILL);
    MW_CHECK_EQ(waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status)) {
        kills[at]++;
        return false;
    }
ended:
    MW_CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    return true;
}

static void database_whole(void) {
    mw_store_sqlite_report r;
    MW_CHECK_OK(mw_store_sqlite_inspect(l.path, &r));
    MW_CHECK(r.whole && r.undecodable == 0);
    /* What was acknowledged is there, and nothing twice: a day has one record in the journal. */
    MW_CHECK(r.head.journal >= l.shared->acknowledged &&
             r.head.journal <= l.shared->acknowledged + 1);
    l.shared->acknowledged = r.head.journal;
}

static void work_on(void) {
    life_work(&l);
    _exit(0);
}

static bool one_kill(void) {
    int phase = LIFE_OPEN + (int)mw_prng_below(&prng, LIFE_PHASES);
    l.shared->phase = LIFE_OPEN;
    pid_t child = fork();
    MW_CHECK(child >= 0);
    if (child == 0)
        work_on();
    bool ended =
        child_kill(child, phase, phase == LIFE_BACKUP ? 12000 : 1500u >> mw_prng_below(&prng, 5));
    if (!ended)
        database_whole();
    return ended;
}

static void life_killed(bool never) {
    static life_rows rows;
    folder_empty();
    life_new(&l, folder);
    bool ended = false;
    for (unsigned k = 0; !never && !ended && k < A_LIFE && total() < wanted; k++)
        ended = one_kill();
    if (!ended)
        life_work(&l);
    world_start(&l.w);
    life_end(&l, &rows);
    world_stop(&l.w);
    backups += life_backups_good(&l);
    if (never)
        whole = rows;
    MW_CHECK_EQ(rows.n, whole.n);
    MW_CHECK(memcmp(&rows, &whole, sizeof whole) == 0);
    lives += !never;
    mw_zones_close(l.w.zones);
}

/* ---- upgrades ---- */

static void released_1(void) {
    static char sql[65536];
    FILE *f = fopen(KILLS_RELEASED_1, "r");
    MW_CHECK(f != NULL);
    sql[fread(sql, 1, sizeof sql - 1, f)] = 0;
    (void)fclose(f);
    sqlite3 *db = NULL;
    folder_empty();
    MW_CHECK_EQ(sqlite3_open(l.path, &db), SQLITE_OK);
    MW_CHECK_EQ(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    MW_CHECK_EQ(sqlite3_close(db), SQLITE_OK);
}

static void upgrade(uint8_t out_digest[32]) {
    mw_store *store = NULL;
    uint32_t rows = 1;
    MW_CHECK_OK(mw_store_sqlite_open(&(mw_store_sqlite_options){.path = l.path}, &store));
    while (rows > 0) {
        MW_CHECK_OK(mw_store_begin(store));
        MW_CHECK_OK(mw_store_fold(store, 100, &rows));
        MW_CHECK_OK(mw_store_commit(store));
    }
    MW_CHECK_OK(mw_store_digest(store, out_digest));
    mw_store_close(store);
}

static void upgrades_killed(unsigned n) {
    uint8_t good[32], digest[32];
    struct timespec a, b;
    life_name(&l, folder);
    released_1();
    (void)clock_gettime(CLOCK_MONOTONIC, &a);
    upgrade(good);
    (void)clock_gettime(CLOCK_MONOTONIC, &b);
    int64_t took = (b.tv_sec - a.tv_sec) * 1000000 + (b.tv_nsec - a.tv_nsec) / 1000;
    for (unsigned done = 0; done < n;) {
        released_1();
        for (bool ended = false; !ended && done < n;) {
            l.shared->phase = UPGRADE;
            pid_t child = fork();
            MW_CHECK(child >= 0);
            if (child == 0) {
                upgrade(digest);
                _exit(0);
            }
            ended = child_kill(child, UPGRADE, (unsigned)took + 200);
            done += !ended;
        }
        upgrade(digest);
        assert_memory_equal(good, digest, sizeof good);
    }
}

MW_TEST(killed_anywhere_and_nothing_tells) {
    prng = mw_prng_of_stream(seed, 77);
    l.shared =
        mmap(NULL, sizeof *l.shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    MW_CHECK(l.shared != MAP_FAILED);
    (void)snprintf(folder, sizeof folder, "kills-%d", (int)getpid());
    life_killed(true);
    upgrades_killed(wanted / 7);
    while (total() < wanted)
        life_killed(false);
    print_message("kills %u seed %llu:", total(), (unsigned long long)seed);
    for (int i = 0; i <= LIFE_PHASES; i++)
        print_message(" %s %u", life_phase_name[i], kills[i]);
    print_message("; lives %u, backups verified %u, lost 0, doubled 0\n", lives, backups);
    folder_empty();
    (void)rmdir(folder);
}

int main(int argc, char **argv) {
    if (argc > 3 && strcmp(argv[3], "memory") == 0)
        life_in_memory(argv[0]);
    if (argc > 1)
        wanted = (unsigned)strtoul(argv[1], NULL, 10);
    if (argc > 2)
        seed = strtoull(argv[2], NULL, 10);
    const struct CMUnitTest tests[] = {MW_CASE(killed_anywhere_and_nothing_tells)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
