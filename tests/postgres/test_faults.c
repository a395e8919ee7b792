/* SPDX-License-Identifier: Apache-2.0
 *
 * A store on a PostgreSQL that suffers: its server and its writer are killed in the middle of a
 * batch, its disk is full, its pages are torn by a power cut or damaged behind its back. Whatever was
 * acknowledged is there afterwards, once, or the store says that it is not whole.
 */
#include <fcntl.h>
#include <ftw.h>
#include <libpq-fe.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/prng.h"
#include "platform/store/postgres_backup.h"
#include "tests/postgres/fixture.h"

/* --- kills ------------------------------------------------------------------------------------- */

enum { BATCH = 40, DAY0 = 20700 };

static int64_t tenant, sender, channel;

static void prepare_life(mw_store *s) {
    uint8_t hash[32] = {1};
    MW_CHECK_OK(mw_store_begin(s));
    MW_CHECK_OK(mw_store_tenant_put(s, "demo", &tenant));
    MW_CHECK_OK(mw_store_sender_put(s, tenant, "st-1", MW_SLICE_OF(hash), &sender));
    int64_t device = device_add(s, tenant, 1);
    mw_store_channel c = {.device = device,
                          .obis = {8, 0, 1, 0, 0, 255},
                          .medium = "water",
                          .unit = MW_UNIT_L,
                          .register_digits = 9};
    MW_CHECK_OK(mw_store_channel_put(s, tenant, &c, &channel));
    MW_CHECK_OK(mw_store_commit(s));
}

/* One batch, the same at every try: envelopes, and one hour each of the channel's values. Folds
 * now and then. */
static mw_status batch_put(mw_store *s, uint64_t batch) {
    for (uint64_t i = 0; i < BATCH; i++) {
        uint64_t seq = batch * BATCH + i + 1;
        char text[40];
        snprintf(text, sizeof text, "{\"seq\":%u}", (unsigned)seq);
        mw_utc at = mw_utc_of_s((int64_t)DAY0 * 86400 + (int64_t)seq * 3600);
        mw_store_envelope e = {.tenant = tenant,
                               .sender = sender,
                               .epoch = 1,
                               .seq = seq,
                               .kind = MW_STORE_KIND_UNB,
                               .received = at,
                               .stored = at,
                               .content = mw_slice_of_str(text)};
        mw_store_append result;
        mw_store_interval row = {.start = at, .seconds = 3600, .value = (int64_t)seq % 7};
        row.received = at;
        MW_TRY(mw_store_journal_append(s, &e, &result, &row.journal));
        if (result == MW_STORE_DUPLICATE)
            continue;
        MW_TRY(mw_store_run_append(s, tenant, channel, &row, 1));
    }
    uint32_t folded = 0;
    return batch % 3 == 2 ? mw_store_fold(s, 1000, &folded) : MW_OK;
}

static mw_status batch_commit(mw_store *s, uint64_t batch) {
    MW_TRY(mw_store_begin(s));
    mw_status status = batch_put(s, batch);
    if (status == MW_OK)
        return mw_store_commit(s);
    mw_status undone = mw_store_rollback(s);
    (void)undone;
    return status;
}

typedef struct tally {
    int64_t n, total;
} tally;

static mw_status on_interval(void *ctx, int64_t number, const mw_store_interval *row) {
    (void)number;
    tally *t = ctx;
    t->n++;
    t->total += row->value;
    return MW_OK;
}

static mw_status on_envelope(void *ctx, const mw_store_envelope *e) {
    tally *t = ctx;
    t->n++;
    t->total += (int64_t)e->seq;
    return MW_OK;
}

/* All of the first `batches`, each once, and of the rest whole batches only. */
static int64_t check_kept(mw_store *s, uint64_t batches) {
    tally journal = {0, 0}, values = {0, 0};
    int64_t after = 0, expected = 0;
    MW_CHECK_OK(mw_store_journal_scan(s, after, 1000000, on_envelope, &journal));
    MW_CHECK(journal.n >= (int64_t)batches * BATCH && journal.n % BATCH == 0);
    MW_CHECK_EQ(journal.total, journal.n * (journal.n + 1) / 2);
    MW_CHECK_OK(mw_store_intervals(s, tenant, channel, mw_utc_of_s(0),
                                   mw_utc_of_s((int64_t)1 << 33), on_interval, &values));
    for (int64_t seq = 1; seq <= journal.n; seq++)
        expected += seq % 7;
    MW_CHECK_EQ(values.n, journal.n);
    MW_CHECK_EQ(values.total, expected);
    return journal.n / BATCH;
}

/* A second process kills the server after a while. */
static void kill_later(unsigned ms) {
    pid_t pid = fork();
    if (pid == 0) {
        usleep(ms * 1000);
        mw_pg_server copy = server;
        mw_pg_server_kill(&copy);
        _exit(0);
    }
    MW_CHECK(pid > 0);
}

MW_TEST(a_killed_server_loses_nothing_acknowledged) {
    new_schema("killed_server");
    mw_store *s = open_store(false);
    prepare_life(s);
    mw_prng g = mw_prng_of_seed(7);
    uint64_t acknowledged = 0;
    for (int kills = 0; kills < 3; kills++) {
        kill_later(20 + (unsigned)mw_prng_below(&g, 120));
        mw_status status = MW_OK;
        while ((status = batch_commit(s, acknowledged)) == MW_OK)
            acknowledged++;
        MW_CHECK_STATUS(status, MW_IO); /* an honest error, and no hang */
        while (waitpid(-1, NULL, 0) > 0)
            continue;
        MW_CHECK(mw_pg_server_resume(&server));
        /* The same handle goes on. A commit whose answer was lost may have happened. */
        int64_t kept = check_kept(s, acknowledged);
        MW_CHECK(kept <= (int64_t)acknowledged + 1);
        MW_CHECK_OK(batch_commit(s, acknowledged));
        acknowledged++;
    }
    MW_CHECK_EQ(check_kept(s, acknowledged), (int64_t)acknowledged);
    mw_store_close(s);
}

static void writer_of(int out) {
    mw_store *s = NULL;
    if (mw_store_postgres_open(&(mw_store_postgres_options){.url = url}, &s) != MW_OK)
        _exit(1);
    for (uint64_t batch = 0;; batch++)
        if (batch_commit(s, batch) != MW_OK || write(out, "+", 1) != 1)
            _exit(1);
}

MW_TEST(a_killed_writer_loses_nothing_acknowledged) {
    new_schema("killed_writer");
    mw_store *s = open_store(false);
    prepare_life(s);
    mw_store_close(s);
    mw_prng g = mw_prng_of_seed(8);
    for (int kills = 0; kills < 4; kills++) {
        int ends[2];
        char byte;
        uint64_t acknowledged = 0;
        MW_CHECK_EQ(pipe(ends), 0);
        pid_t pid = fork();
        if (pid == 0)
            writer_of(ends[1]);
        close(ends[1]);
        MW_CHECK_EQ(read(ends[0], &byte, 1), 1); /* it is under way */
        usleep(1000 * (unsigned)mw_prng_below(&g, 150));
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        for (acknowledged = 1; read(ends[0], &byte, 1) == 1;)
            acknowledged++;
        close(ends[0]);
        s = open_store(false);
        MW_CHECK(check_kept(s, acknowledged) >= (int64_t)acknowledged);
        mw_store_close(s);
    }
}

/* --- a full disk ------------------------------------------------------------------------------- */

static char full_flag[96];

static void disk_full_set(bool full) {
    if (!full) {
        MW_CHECK(unlink(full_flag) == 0);
        return;
    }
    int fd = open(full_flag, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    MW_CHECK(fd >= 0);
    close(fd);
}

/* Works until the disk is full: an honest error. What stands can still be read. */
static uint64_t fill_up(mw_store *s, uint64_t acknowledged) {
    mw_status status = MW_OK;
    disk_full_set(true);
    for (int i = 0; i < 1000 && status == MW_OK; i++)
        if ((status = batch_commit(s, acknowledged)) == MW_OK)
            acknowledged++;
    MW_CHECK_STATUS(status, MW_SPACE);
    MW_CHECK_STATUS(batch_commit(s, acknowledged), MW_SPACE);
    MW_CHECK_EQ(check_kept(s, acknowledged), (int64_t)acknowledged);
    return acknowledged;
}

MW_TEST(a_full_disk_keeps_what_was_acknowledged) {
    new_schema("full_disk");
    mw_store *s = open_store(false);
    prepare_life(s);
    uint64_t acknowledged = 0;
    for (int round = 0; round < 3; round++) {
        acknowledged = fill_up(s, acknowledged);
        disk_full_set(false);
        for (int i = 0; i < 5; i++) /* the same handle goes on */
            MW_CHECK_OK(batch_commit(s, acknowledged++));
    }
    MW_CHECK_EQ(check_kept(s, acknowledged), (int64_t)acknowledged);
    mw_store_close(s);
}

/* Where not even the log can go on, the server ends itself. */
MW_TEST(a_full_disk_under_the_log_keeps_what_was_acknowledged) {
    new_schema("full_log");
    mw_store *s = open_store(false);
    prepare_life(s);
    uint64_t acknowledged = 0;
    while (acknowledged < 6)
        MW_CHECK_OK(batch_commit(s, acknowledged++));
    disk_full_set(true);
    (void)mw_pg_server_sql(server.url, "SELECT pg_switch_wal()");
    mw_status status = MW_OK;
    for (int i = 0; i < 1000 && status == MW_OK; i++)
        if ((status = batch_commit(s, acknowledged)) == MW_OK)
            acknowledged++;
    MW_CHECK(status == MW_IO || status == MW_SPACE);
    disk_full_set(false);
    mw_pg_server_kill(&server); /* whatever of it goes on trying */
    MW_CHECK(mw_pg_server_resume(&server));
    MW_CHECK(check_kept(s, acknowledged) <= (int64_t)acknowledged + 1);
    MW_CHECK_OK(batch_commit(s, acknowledged++));
    MW_CHECK_EQ(check_kept(s, acknowledged), (int64_t)acknowledged);
    mw_store_close(s);
}

/* --- pages ------------------------------------------------------------------------------------- */

enum { PAGE = 8192 };

static char base_now[96], base_then[96];
static unsigned torn;

static void base_copy(void) {
    char line[320];
    snprintf(line, sizeof line, "rm -rf %s && cp -r %s %s", base_then, base_now, base_then);
    MW_CHECK_EQ(system(line), 0);
}

/* A page that was being written when the power went: its first half is new, the second as before. */
static void page_tear(int then, int now, off_t at) {
    static uint8_t old[PAGE], new[PAGE];
    memset(old, 0, sizeof old);
    if (pread(now, new, PAGE, at) != PAGE || pread(then, old, PAGE, at) < 0 ||
        memcmp(old, new, PAGE) == 0 || memcmp(old + PAGE / 2, new + PAGE / 2, PAGE / 2) == 0)
        return;
    MW_CHECK_EQ(pwrite(now, old + PAGE / 2, PAGE / 2, at + PAGE / 2), PAGE / 2);
    torn++;
}

static int file_tear(const char *path, const struct stat *st, int kind, struct FTW *ftw) {
    (void)ftw;
    char before[300];
    if (kind != FTW_F)
        return 0;
    snprintf(before, sizeof before, "%s%s", base_then, path + strlen(base_now));
    int then = open(before, O_RDONLY | O_CLOEXEC), now = open(path, O_RDWR | O_CLOEXEC);
    for (off_t at = 0; then >= 0 && at < st->st_size; at += PAGE)
        page_tear(then, now, at);
    close(then);
    close(now);
    return 0;
}

/* The log has the whole of each page that is touched first after a checkpoint. */
MW_TEST(torn_pages_are_whole_again) {
    new_schema("torn_pages");
    mw_store *s = open_store(false);
    prepare_life(s);
    uint64_t acknowledged = 0;
    torn = 0;
    snprintf(base_now, sizeof base_now, "%s/data/base", server.dir);
    snprintf(base_then, sizeof base_then, "%s/then", server.dir);
    for (int cut = 0; cut < 3; cut++) {
        MW_CHECK_OK(batch_commit(s, acknowledged++));
        MW_CHECK(mw_pg_server_sql(server.url, "CHECKPOINT"));
        base_copy();
        for (int i = 0; i < 6; i++)
            MW_CHECK_OK(batch_commit(s, acknowledged++));
        mw_pg_server_kill(&server);
        MW_CHECK_EQ(nftw(base_now, file_tear, 8, FTW_PHYS), 0);
        MW_CHECK(mw_pg_server_resume(&server));
        MW_CHECK_EQ(check_kept(s, acknowledged), (int64_t)acknowledged);
    }
    MW_CHECK(torn >= 30);
    print_message("%u pages torn\n", torn);
    mw_store_close(s);
}

/* Damages the tuples at the end of a table's first page. */
static void table_damage(const char *table) {
    char sql[200], path[300];
    PGconn *c = PQconnectdb(url);
    snprintf(sql, sizeof sql, "SELECT pg_relation_filepath('%s')", table);
    PGresult *r = PQexec(c, sql);
    MW_CHECK_EQ(PQntuples(r), 1);
    snprintf(path, sizeof path, "%s/data/%s", server.dir, PQgetvalue(r, 0, 0));
    PQclear(r);
    r = PQexec(c, "CHECKPOINT");
    PQclear(r);
    PQfinish(c);
    mw_pg_server_kill(&server);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    uint8_t byte = 0;
    MW_CHECK_EQ(pread(fd, &byte, 1, PAGE - 20), 1);
    byte ^= 0x10;
    MW_CHECK_EQ(pwrite(fd, &byte, 1, PAGE - 20), 1);
    close(fd);
    MW_CHECK(mw_pg_server_resume(&server));
}

/* A bit that flips on the disk is said, never read as a value; the backup has what was there. */
MW_TEST(a_damaged_page_is_told_and_a_backup_puts_it_right) {
    new_schema("damaged");
    mw_store *s = open_store(false);
    tally journal = {0, 0};
    uint8_t was[32], is[32];
    char path[96];
    prepare_life(s);
    for (uint64_t i = 0; i < 4; i++)
        MW_CHECK_OK(batch_commit(s, i));
    MW_CHECK_OK(mw_store_digest(s, was));
    snprintf(path, sizeof path, "%s/copy.db", server.dir);
    MW_CHECK_OK(mw_store_postgres_copy(&(mw_store_postgres_options){.url = url}, path));
    table_damage("journal");
    mw_status status = mw_store_journal_scan(s, 0, 1000000, on_envelope, &journal);
    if (status == MW_IO) /* the connection of before the kill */
        status = mw_store_journal_scan(s, 0, 1000000, on_envelope, &journal);
    MW_CHECK_STATUS(status, MW_CORRUPT);
    mw_store_close(s);
    new_schema("put_right");
    MW_CHECK_OK(mw_store_postgres_fill(&(mw_store_postgres_options){.url = url}, path));
    s = open_store(false);
    MW_CHECK_OK(mw_store_digest(s, is));
    MW_CHECK(memcmp(was, is, sizeof is) == 0);
    MW_CHECK_EQ(check_kept(s, 4), 4);
    mw_store_close(s);
}

int main(void) {
    const struct CMUnitTest cases[] = {
        MW_CASE(a_killed_server_loses_nothing_acknowledged),
        MW_CASE(a_killed_writer_loses_nothing_acknowledged),
        MW_CASE(a_full_disk_keeps_what_was_acknowledged),
        MW_CASE(a_full_disk_under_the_log_keeps_what_was_acknowledged),
        MW_CASE(torn_pages_are_whole_again),
        MW_CASE(a_damaged_page_is_told_and_a_backup_puts_it_right),
    };
    snprintf(full_flag, sizeof full_flag, "/tmp/mw-full-disk-%d", (int)getpid());
    setenv("MW_FULL_DISK_FLAG", full_flag, 1);
    /* A killed process leaves what it wrote in the hands of the kernel: fsync adds only time. With few
     * buffers pages are written, and the tables grow, while the work goes on. */
    server.settings = "fsync = off\nshared_buffers = 512kB\nwal_recycle = off";
    server.preload = getenv("MW_FULL_DISK_LIBRARY");
    if (!mw_pg_server_start(&server))
        return server.bin[0] == 0 ? 77 : 1;
    int failed = cmocka_run_group_tests(cases, NULL, NULL);
    mw_pg_server_stop(&server);
    return failed;
}
