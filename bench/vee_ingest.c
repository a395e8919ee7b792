/* SPDX-License-Identifier: Apache-2.0
 *
 * Durable ingest of decoded readings with validation, in one thread: days of values and registers
 * are appended, folded, validated and settled, every transaction synced, against one row for each
 * value in the same SQLite with the same settings. One day in a hundred is missing, one value in
 * ten thousand is impossible.
 *
 *   bench_vee_ingest [channels [days [hours]]]
 */
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/prng.h"
#include "platform/readings/conservation.h"
#include "platform/store/sqlite.h"
#include "platform/validation/engine.h"

enum { FIRST_DAY = 20454, DAY = 86400, RUNS_A_TURN = 1024, SLOTS_MAX = 96 };

static char folder[] = "bench-vee-XXXXXX";
static mw_store *store;
static int64_t channels = 1000, days = 40, tenant;
static bool all_ok = true;

static void must(mw_status s, const char *what) {
    if (s == MW_OK)
        return;
    (void)fprintf(stderr, "bench_vee_ingest: %s: %s\n", what, mw_status_text(s));
    exit(2);
}

static double now_s(void) {
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double cpu_s(void) {
    struct timespec t;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void figure(const char *key, double value, const char *unit, double target) {
    bool ok = value >= target;
    printf("%s %.2f %s >=%g %s\n", key, value, unit, target, ok ? "ok" : "short");
    all_ok = all_ok && ok;
}

static const char *file_path(const char *name) {
    static char path[96];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void files_remove(void) {
    static const char *const names[] = {"v.db", "v.db-wal", "v.db-shm",
                                        "r.db", "r.db-wal", "r.db-shm"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        (void)unlink(file_path(names[i]));
    (void)rmdir(folder);
}

static const uint8_t obis[6] = {1, 0, 1, 8, 0, 255};

static void channels_make(uint32_t seconds) {
    must(mw_store_begin(store), "begin");
    must(mw_store_tenant_put(store, "bench", &tenant), "tenant");
    for (int64_t i = 0; i < channels; i++) {
        int64_t device = 0, channel = 0;
        mw_store_device d = {.identity = (uint64_t)i + 1, .serial = "s", .model = "m"};
        must(mw_store_device_put(store, tenant, &d, &device), "device");
        mw_store_channel c = {.device = device,
                              .medium = "electricity",
                              .unit = MW_UNIT_WH,
                              .register_digits = 9,
                              .grid_seconds = seconds};
        memcpy(c.obis, obis, sizeof obis);
        must(mw_store_channel_put(store, tenant, &c, &channel), "channel");
        mw_assert(channel == i + 1);
    }
    must(mw_store_commit(store), "commit");
}

/* A home: little at night, more in the evening, never the same twice. */
static int64_t home_value(mw_prng *g, uint32_t slot, uint32_t slots) {
    uint32_t hour = slot * 24 / slots;
    uint64_t base = hour < 6 ? 80 : hour > 17 ? 900 : 300;
    return (int64_t)((base + mw_prng_below(g, base)) * 24 / slots);
}

typedef struct stage {
    double append, fold, validate, settle, cpu, stored_cpu;
    int64_t values, spans, screened, revisions;
} stage;

static void append_day(int64_t day, uint32_t seconds, mw_prng *g, int64_t *reg, stage *t) {
    uint32_t slots = DAY / seconds;
    static mw_store_interval rows[SLOTS_MAX];
    double start = now_s(), cpu = cpu_s();
    must(mw_store_begin(store), "begin");
    for (int64_t c = 1; c <= channels; c++) {
        int64_t origin = (FIRST_DAY + day) * DAY;
        for (uint32_t i = 0; i < slots; i++) {
            int64_t v = home_value(g, i, slots);
            reg[c] += v;
            rows[i] = (mw_store_interval){.start = mw_utc_of_s(origin + (int64_t)i * seconds),
                                          .seconds = seconds,
                                          .value = mw_prng_below(g, 10000) == 0 ? 999999 : v,
                                          .received = mw_utc_of_s(origin + DAY),
                                          .journal = day + 1};
        }
        if (mw_prng_below(g, 100) == 0)
            continue; /* the report was lost */
        must(mw_store_run_append(store, tenant, c, rows, slots), "run");
        mw_store_register r = {.tenant = tenant,
                               .channel = c,
                               .meter = mw_utc_of_s(origin + DAY),
                               .received = mw_utc_of_s(origin + DAY),
                               .stored = mw_utc_of_s(origin + DAY),
                               .value = reg[c],
                               .journal = day + 1};
        memcpy(r.obis, obis, sizeof obis);
        must(mw_store_register_append(store, &r), "register");
        t->values += slots;
        if (c % RUNS_A_TURN == 0) {
            must(mw_store_commit(store), "commit");
            must(mw_store_begin(store), "begin");
        }
    }
    must(mw_store_commit(store), "commit");
    t->append += now_s() - start;
    t->stored_cpu += cpu_s() - cpu;
}

static void process(mw_engine *engine, mw_utc now, stage *t) {
    double start = now_s(), cpu = cpu_s();
    for (uint32_t rows = 1; rows > 0;) {
        must(mw_store_begin(store), "begin");
        must(mw_store_fold(store, MW_STORE_FOLD_MAX, &rows), "fold");
        must(mw_store_commit(store), "commit");
    }
    double folded = now_s();
    t->stored_cpu += cpu_s() - cpu;
    for (mw_engine_step step = {.more = true}; step.more;) {
        must(mw_engine_run(engine, now, false, &step), "validate");
        t->spans += step.pipeline.spans;
        t->screened += step.pipeline.screened;
        t->revisions += step.pipeline.revisions;
    }
    double validated = now_s();
    for (uint32_t done = 1; done > 0;) {
        must(mw_store_begin(store), "begin");
        must(mw_settle_step(store, MW_STORE_PAGE_MAX, now, &done), "settle");
        must(mw_store_commit(store), "commit");
    }
    t->fold += folded - start;
    t->validate += validated - folded;
    t->settle += now_s() - validated;
}

static double ingest(uint32_t seconds, stage *t) {
    mw_engine *engine = NULL;
    mw_store_sqlite_options o = {.path = file_path("v.db"), .cache_kib = 65536};
    int64_t *reg = calloc((size_t)channels + 1, sizeof *reg);
    mw_prng g = mw_prng_of_stream(7, seconds);
    mw_assert(reg != NULL);
    must(mw_store_sqlite_open(&o, &store), "open");
    channels_make(seconds);
    mw_engine_options e = {.store = store, .changes = MW_PIPELINE_CHANGES_MAX, .looks = 1000};
    must(mw_engine_open(&e, &engine), "engine");
    double start = now_s(), cpu = cpu_s();
    for (int64_t d = 0; d < days; d++) {
        append_day(d, seconds, &g, reg, t);
        process(engine, mw_utc_of_s((FIRST_DAY + d + 1) * DAY), t);
    }
    double took = now_s() - start;
    t->cpu = cpu_s() - cpu;
    mw_conservation sums = {0};
    must(mw_conservation_all(store, NULL, NULL, NULL, &sums), "conservation");
    printf("# conservation: %" PRId64 " spans, %" PRId64 " violations, %" PRId64 " in suspense\n",
           sums.spans, sums.violations, sums.in_suspense);
    all_ok = all_ok && sums.violations == 0;
    mw_engine_close(engine);
    mw_store_close(store);
    free(reg);
    return took;
}

static void sql(sqlite3 *db, const char *text) {
    mw_assert(sqlite3_exec(db, text, NULL, NULL, NULL) == SQLITE_OK);
}

/* One row for each value, a day of all channels in one synced transaction; by elapsed and by
 * processor time. */
static double rows_per_s(uint32_t seconds, double *out_cpu) {
    sqlite3 *db = NULL;
    sqlite3_stmt *st = NULL;
    mw_assert(sqlite3_open(file_path("r.db"), &db) == SQLITE_OK);
    sql(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
            "CREATE TABLE v(tenant INTEGER, channel INTEGER, start INTEGER, value INTEGER,"
            " quality INTEGER, PRIMARY KEY(tenant, channel, start)) WITHOUT ROWID");
    mw_assert(sqlite3_prepare_v2(db, "INSERT INTO v VALUES(1, ?1, ?2, ?3, 0)", -1, &st, NULL) ==
              SQLITE_OK);
    uint32_t slots = DAY / seconds;
    int64_t n = 0, span = days < 10 ? days : 10;
    double start = now_s(), cpu = cpu_s();
    for (int64_t d = 0; d < span; d++) {
        sql(db, "BEGIN");
        for (int64_t c = 1; c <= channels; c++) {
            for (uint32_t i = 0; i < slots; i++, n++) {
                sqlite3_bind_int64(st, 1, c);
                sqlite3_bind_int64(st, 2, (FIRST_DAY + d) * DAY + (int64_t)i * seconds);
                sqlite3_bind_int64(st, 3, n & 1023);
                mw_assert(sqlite3_step(st) == SQLITE_DONE);
                sqlite3_reset(st);
            }
        }
        sql(db, "COMMIT");
    }
    double took = now_s() - start;
    *out_cpu = (double)n / (cpu_s() - cpu);
    sqlite3_finalize(st);
    sqlite3_close(db);
    return (double)n / took;
}

static void measure(uint32_t seconds, const char *key, double target) {
    char name[64];
    stage t = {0};
    mw_assert(mkdtemp(folder) != NULL);
    double took = ingest(seconds, &t), rate = (double)t.values / took;
    printf("# %us: %" PRId64 " values, append %.2f s, fold %.2f s, validate %.2f s, settle %.2f s; "
           "%" PRId64 " of %" PRId64 " spans passed the screen, %" PRId64 " revisions\n",
           seconds, t.values, t.append, t.fold, t.validate, t.settle, t.screened, t.spans,
           t.revisions);
    double rows_cpu = 0, rows = rows_per_s(seconds, &rows_cpu);
    files_remove();
    memcpy(folder + strlen(folder) - 6, "XXXXXX", 6);
    figure(key, rate, "1/s", target);
    /* Neighbours on the machine slow commits, not the processor's work. */
    (void)snprintf(name, sizeof name, "%s_cpu", key);
    figure(name, (double)t.values / t.cpu, "1/s_of_processor", target);
    (void)snprintf(name, sizeof name, "%s_vs_rows", key);
    figure(name, (double)t.values / (t.append + t.fold) / rows, "without_validation/rows", 3.0);
    (void)snprintf(name, sizeof name, "%s_vs_rows_cpu", key);
    figure(name, (double)t.values / t.stored_cpu / rows_cpu, "without_validation/rows", 3.0);
}

int main(int argc, char **argv) {
    if (argc > 1)
        channels = strtol(argv[1], NULL, 10);
    if (argc > 2)
        days = strtol(argv[2], NULL, 10);
    bool hours_only = argc > 3; /* for a profiler */
    if (!hours_only)
        measure(900, "vee.values_per_s", 500000);
    measure(3600, "vee.values_per_s_hourly", 500000);
    return all_ok ? 0 : 1;
}
