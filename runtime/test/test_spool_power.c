/* SPDX-License-Identifier: Apache-2.0
 *
 * The spool on a disk that forgets what was not synced. The program runs itself as the child: it
 * appends and acknowledges, and logs outside the watched folder what it was promised. The parent
 * cuts its power at one operation after the other and checks the promises.
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/prng.h"
#include "runtime/spool.h"
#include "tests/faults/runner.h"
#include "tests/harness/mw_test.h"

#define ROUNDS      40
#define RECORDS_MAX 1000

static char root[64];
static char folder[80];
static char log_path[80];
static char count_path[80];
static char room_path[80];
static const char *self;

/* The bytes of a record follow from its number: as many as that says, all different. */
static mw_slice record_of(uint64_t number, uint8_t out[256]) {
    mw_prng g = mw_prng_of_stream(7, number);
    size_t n = 1 + (size_t)mw_prng_below(&g, 200);
    for (size_t i = 0; i < n; i++)
        out[i] = (uint8_t)mw_prng_u64(&g);
    return (mw_slice){out, n};
}

static void log_line(int fd, char kind, uint64_t a, uint64_t b) {
    char line[80];
    int n = snprintf(line, sizeof line, "%c %llu %llu\n", kind, (unsigned long long)a,
                     (unsigned long long)b);
    if (write(fd, line, (size_t)n) != n)
        _exit(90);
}

/* One batch; on a full disk it makes room once and goes on, as an operator would. */
static void child_append(mw_spool *s, int log, mw_prng *g) {
    static uint8_t bytes[5][256];
    mw_slice batch[5];
    size_t n = 1 + (size_t)mw_prng_below(g, 5);
    uint64_t first = 0;
    mw_status status = MW_AGAIN;
    for (int attempt = 0; status != MW_OK && attempt < 3; attempt++) {
        uint64_t next = mw_spool_stats_of(s).next;
        for (size_t i = 0; i < n; i++)
            batch[i] = record_of(next + i, bytes[i]);
        status = mw_spool_append(s, batch, n, &first);
        if (status == MW_SPACE) {
            log_line(log, 'F', 0, 0);
            (void)close(open(room_path, O_CREAT | O_WRONLY, 0600));
        } else if (status == MW_IO) {
            log_line(log, 'I', 0, 0);
        }
    }
    if (status != MW_OK)
        _exit(91);
    log_line(log, 'A', first, n);
}

static int child(void) {
    char error[160];
    mw_spool *s = NULL;
    mw_spool_options o = {folder, 0, 1500};
    int log = open(log_path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (mw_spool_open(&o, &s, error) != MW_OK)
        return 92;
    mw_spool_stats stats = mw_spool_stats_of(s);
    log_line(log, 'E', stats.epoch, stats.next);
    mw_prng g = mw_prng_of_seed(stats.next);
    for (int i = 0; i < ROUNDS; i++) {
        child_append(s, log, &g);
        stats = mw_spool_stats_of(s);
        if (mw_prng_below(&g, 3) == 0 && stats.next > 20) {
            uint64_t through = stats.next - 1 - mw_prng_below(&g, 15);
            log_line(log, 'K', through, 0);
            if (mw_spool_acknowledge(s, through) != MW_OK)
                return 93;
        }
        if (mw_prng_below(&g, 10) == 0 && mw_spool_sync_cursor(s) != MW_OK)
            return 94;
    }
    mw_spool_close(s);
    return 0;
}

/* What the log promises: records appended, the highest number acknowledged. */
typedef struct promises {
    bool appended[RECORDS_MAX];
    uint64_t acknowledged;
    uint64_t highest;
    uint64_t epoch;
    unsigned epochs;
    unsigned full;
    unsigned io;
} promises;

static void read_log(promises *p) {
    FILE *f = fopen(log_path, "r");
    *p = (promises){0};
    if (f == NULL)
        return;
    char kind;
    unsigned long long a;
    unsigned long long b;
    while (fscanf(f, " %c %llu %llu", &kind, &a, &b) == 3) {
        for (unsigned long long i = 0; kind == 'A' && i < b; i++)
            p->appended[a + i] = true;
        if (kind == 'A')
            p->highest = a + b - 1;
        if (kind == 'K' && a > p->acknowledged)
            p->acknowledged = a;
        if (kind == 'E') {
            p->epochs += a != p->epoch;
            p->epoch = a;
        }
        p->full += kind == 'F';
        p->io += kind == 'I';
    }
    (void)fclose(f);
}

/* Opens what the disk kept; the number of broken promises. */
static unsigned count_broken(void) {
    promises p;
    char error[160];
    mw_spool *s = NULL;
    mw_spool_options o = {folder, 0, 1500};
    read_log(&p);
    if (mw_spool_open(&o, &s, error) != MW_OK)
        return 1000;
    mw_spool_stats stats = mw_spool_stats_of(s);
    static bool found[RECORDS_MAX];
    memset(found, 0, sizeof found);
    uint64_t sequence = 0;
    mw_slice payload;
    unsigned broken = 0;
    while (mw_spool_read(s, sequence + 1, &sequence, &payload) == MW_OK) {
        uint8_t bytes[256];
        if (sequence >= RECORDS_MAX || !mw_slice_equal(payload, record_of(sequence, bytes)))
            broken++;
        else
            found[sequence] = true;
    }
    for (uint64_t i = p.acknowledged + 1; i < RECORDS_MAX; i++)
        broken += p.appended[i] && !found[i];
    broken += p.epoch != 0 && stats.epoch != p.epoch && p.highest > 0;
    broken += stats.epoch == p.epoch && stats.next <= p.highest;
    broken += stats.acknowledged > p.acknowledged && stats.acknowledged > p.highest;
    mw_spool_close(s);
    return broken;
}

static void empty(void) {
    char command[256];
    (void)snprintf(command, sizeof command, "rm -rf %s && mkdir -p %s", root, folder);
    MW_CHECK_EQ(system(command), 0);
}

static int run(const char *fault, const char *other) {
    mw_fault_child child = {.program = self,
                            .what = "child",
                            .root = root,
                            .folder = folder,
                            .count_file = count_path,
                            .room_file = room_path};
    return mw_fault_child_run(&child, fault, other);
}

static long operations(void) {
    empty();
    MW_CHECK_EQ(run(NULL, NULL), 0);
    MW_CHECK_EQ(count_broken(), 0);
    long n = mw_fault_operations(count_path);
    MW_CHECK(n > 100);
    return n;
}

/* Cuts at every step-th operation; the sum of broken promises. */
static unsigned cut_everywhere(long total, long step, const char *more) {
    unsigned broken = 0;
    for (long at = 1; at <= total; at += step) {
        char cut[64];
        (void)snprintf(cut, sizeof cut, "MW_FAULT_CUT_AFTER=%ld", at);
        empty();
        int status = run(cut, more);
        if (status != MW_FAULT_EXIT_CUT)
            print_error("operation %ld: exit status %d\n", at, status);
        MW_CHECK_EQ(status, MW_FAULT_EXIT_CUT);
        unsigned here = count_broken();
        if (here > 0 && more == NULL)
            print_error("operation %ld: %u broken promises\n", at, here);
        broken += here;
    }
    return broken;
}

MW_TEST(nothing_acknowledged_is_lost_at_a_power_cut) {
    MW_CHECK_EQ(cut_everywhere(operations(), 1, NULL), 0);
}

MW_TEST(nor_when_unsynced_writes_survive_at_random) {
    long total = operations();
    MW_CHECK_EQ(cut_everywhere(total, 3, "MW_FAULT_SEED=11"), 0);
    MW_CHECK_EQ(cut_everywhere(total, 7, "MW_FAULT_SEED=12"), 0);
}

MW_TEST(it_goes_on_after_the_cut) {
    empty();
    for (int i = 0; i < 12; i++) {
        char cut[64];
        (void)snprintf(cut, sizeof cut, "MW_FAULT_CUT_AFTER=%d", 23 + 7 * i);
        MW_CHECK_EQ(run(cut, "MW_FAULT_SEED=5"), MW_FAULT_EXIT_CUT);
        MW_CHECK_EQ(count_broken(), 0);
    }
    promises p;
    read_log(&p);
    MW_CHECK_EQ(p.epochs, 1);
}

MW_TEST(without_the_syncs_the_loss_is_seen) {
    long total = operations();
    MW_CHECK(cut_everywhere(total, 9, "MW_FAULT_IGNORE_SYNC=1") > 0);
    MW_CHECK(cut_everywhere(total, 9, "MW_FAULT_IGNORE_SYNC_OF=.seg") > 0);
}

MW_TEST(a_full_disk_is_refused_and_survived) {
    unsigned full = 0;
    for (int space = 60; space < 6000; space += 397) {
        char text[64];
        empty();
        (void)snprintf(text, sizeof text, "MW_FAULT_SPACE=%d", space);
        int status = run(text, NULL);
        MW_CHECK(status == 0 || (status == 92 && space < 100)); /* not even a header fits */
        promises p;
        read_log(&p);
        full += p.full;
        MW_CHECK_EQ(count_broken(), 0);
    }
    MW_CHECK(full > 3);
}

MW_TEST(a_failed_sync_never_reuses_a_number) {
    for (int at = 3; at < 60; at += 4) {
        char text[64];
        empty();
        (void)snprintf(text, sizeof text, "MW_FAULT_FAIL_SYNC=%d", at);
        int status = run(text, NULL);
        if (status != 0 && status != 92 && status != 94)
            print_error("sync %d: exit status %d\n", at, status);
        MW_CHECK(status == 0 || status == 92 || status == 94); /* it may be one of opening */
        MW_CHECK_EQ(count_broken(), 0);
        char cut[64];
        (void)snprintf(cut, sizeof cut, "MW_FAULT_CUT_AFTER=%d", 4 * at);
        empty();
        status = run(text, cut);
        MW_CHECK_EQ(count_broken(), 0);
    }
}

static void set_paths(const char *where) {
    (void)snprintf(root, sizeof root, "%s", where);
    (void)snprintf(folder, sizeof folder, "%s/disk", root);
    (void)snprintf(log_path, sizeof log_path, "%s/log", root);
    (void)snprintf(count_path, sizeof count_path, "%s/count", root);
    (void)snprintf(room_path, sizeof room_path, "%s/room", root);
}

int main(int argc, char **argv) {
    if (argc == 3 && strcmp(argv[1], "child") == 0) {
        set_paths(argv[2]);
        return child();
    }
    static char executable[4096];
    ssize_t n = readlink("/proc/self/exe", executable, sizeof executable - 1);
    if (n < 0)
        return 1;
    self = executable;
    char where[] = "/tmp/mw-power-XXXXXX";
    if (mkdtemp(where) == NULL)
        return 1;
    set_paths(where);
    const struct CMUnitTest cases[] = {
        MW_CASE(nothing_acknowledged_is_lost_at_a_power_cut),
        MW_CASE(nor_when_unsynced_writes_survive_at_random),
        MW_CASE(it_goes_on_after_the_cut),
        MW_CASE(without_the_syncs_the_loss_is_seen),
        MW_CASE(a_full_disk_is_refused_and_survived),
        MW_CASE(a_failed_sync_never_reuses_a_number),
    };
    int failed = cmocka_run_group_tests(cases, NULL, NULL);
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf %s", where);
    return system(command) != 0 ? 1 : failed;
}
