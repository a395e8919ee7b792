/* SPDX-License-Identifier: Apache-2.0
 *
 * What pages ask: one meter's month and year, and questions about a fleet of 100,000 meters, from
 * the store's day records against the same in rows of SQLite with the index that suits them, in one
 * run with equal settings. Then durable appends of decoded values a second against rows, and the
 * memory that stays.
 *
 *   bench_query [meters] [days]     100000 meters, 10 days by default; the year is of one meter
 */
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/prng.h"
#include "bench/fleet_common.h"
#include "platform/readings/consumption.h"
#include "platform/store/chunk.h"
#include "platform/store/sqlite.h"

enum { DAY0 = 20454, HOURS = 24, TRIALS = 15, YEAR = 365 };

static char folder[] = "bench-query-XXXXXX";
static mw_store *store;
static sqlite3 *rows_db;
static int64_t tenant, first_channel, meters = 100000, days = 10;
static bool all_ok = true;

static void figure(const char *key, double value, const char *unit, double target, bool least) {
    bool ok = least ? value >= target : value <= target;
    printf("%s %.3f %s %s%g %s\n", key, value, unit, least ? ">=" : "<=", target,
           ok ? "ok" : "short");
    all_ok = all_ok && ok;
}

static void sql(const char *text) {
    char *why = NULL;
    if (sqlite3_exec(rows_db, text, NULL, NULL, &why) != SQLITE_OK) {
        (void)fprintf(stderr, "bench_query: %s\n", why);
        exit(2);
    }
}

static const char *file_path(const char *name) {
    static char path[96];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

/* A flat's hour: nothing at night, now and then something by day. */
static int64_t hour_value(mw_prng *g, int64_t hour) {
    return hour < 6 || mw_prng_below(g, 3) == 0 ? 0 : (int64_t)mw_prng_below(g, 600);
}

/* --- filling ----------------------------------------------------------------------------------- */

static void day_make(mw_prng *g, int64_t channel, int64_t day, mw_store_interval rows[HOURS]) {
    for (int64_t h = 0; h < HOURS; h++)
        rows[h] = (mw_store_interval){.start = mw_utc_of_s((DAY0 + day) * 86400 + h * 3600),
                                      .seconds = 3600,
                                      .value = hour_value(g, h),
                                      .received = mw_utc_of_s((DAY0 + day + 1) * 86400 + 700),
                                      .journal = day * meters + channel};
}

static void rows_add(sqlite3_stmt *st, int64_t channel, const mw_store_interval rows[HOURS]) {
    for (int h = 0; h < HOURS; h++) {
        sqlite3_bind_int64(st, 1, channel);
        sqlite3_bind_int64(st, 2, rows[h].start.us / MW_US_PER_S);
        sqlite3_bind_int64(st, 3, rows[h].value);
        sqlite3_bind_int64(st, 4, rows[h].quality);
        sqlite3_bind_int64(st, 5, rows[h].journal);
        mw_assert(sqlite3_step(st) == SQLITE_DONE);
        sqlite3_reset(st);
    }
}

static void register_add(int64_t channel, int64_t day, int64_t value) {
    mw_store_register r = {.tenant = tenant,
                           .channel = channel,
                           .obis = {1, 0, 1, 8, 0, 255},
                           .meter = mw_utc_of_s((DAY0 + day + 1) * 86400),
                           .received = mw_utc_of_s((DAY0 + day + 1) * 86400 + 700),
                           .stored = mw_utc_of_s((DAY0 + day + 1) * 86400 + 701),
                           .value = value,
                           .journal = day * meters + channel};
    bench_must(mw_store_register_append(store, &r), "register");
}

static sqlite3_stmt *rows_open(void) {
    sqlite3_stmt *st = NULL;
    mw_assert(sqlite3_open(file_path("rows.db"), &rows_db) == SQLITE_OK);
    sql("PRAGMA page_size=8192; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
        "PRAGMA cache_size=-65536;"
        "CREATE TABLE v(channel INTEGER, start INTEGER, value INTEGER, quality INTEGER,"
        " journal INTEGER, PRIMARY KEY(channel, start)) WITHOUT ROWID;"
        "CREATE TABLE newest(channel INTEGER PRIMARY KEY, at INTEGER, value INTEGER)");
    mw_assert(sqlite3_prepare_v2(rows_db, "INSERT INTO v VALUES(?1, ?2, ?3, ?4, ?5)", -1, &st,
                                 NULL) == SQLITE_OK);
    return st;
}

typedef struct spent {
    double ours, rows, ours_cpu, rows_cpu;
    int64_t values, row_values;
} spent;

/* Day by day as a fleet reports: committed every 1000 meters, folded after each day. */
static spent fleet_fill(void) {
    mw_prng g = mw_prng_of_seed(1);
    spent t = {0};
    sqlite3_stmt *st = rows_open();
    static mw_store_interval day_rows[1000][HOURS];
    for (int64_t d = 0; d < days; d++) {
        for (int64_t from = 0; from < meters; from += 1000) {
            int64_t n = meters - from < 1000 ? meters - from : 1000;
            for (int64_t i = 0; i < n; i++)
                day_make(&g, from + i, d, day_rows[i]);
            double t0 = bench_now_s(), c0 = bench_cpu_s();
            bench_must(mw_store_begin(store), "begin");
            for (int64_t i = 0; i < n; i++)
                bench_must(mw_store_run_append(store, tenant, first_channel + from + i, day_rows[i],
                                               HOURS),
                           "append");
            bench_must(mw_store_commit(store), "commit");
            double t1 = bench_now_s(), c1 = bench_cpu_s();
            t.ours += t1 - t0;
            t.ours_cpu += c1 - c0;
            t.values += n * HOURS;
            /* Of the rows only the days that are asked for: all would take minutes, and a small
             * table is the quicker one. */
            bool asked = d == days - 2 || d == days - 9;
            sql("BEGIN");
            for (int64_t i = 0; i < n && (asked || from + i == 0); i++)
                rows_add(st, first_channel + from + i, day_rows[i]);
            sql("COMMIT");
            if (asked) {
                t.rows += bench_now_s() - t1;
                t.rows_cpu += bench_cpu_s() - c1;
                t.row_values += n * HOURS;
            }
        }
        double t0 = bench_now_s(), c0 = bench_cpu_s();
        for (uint32_t n = 1; n > 0;) {
            bench_must(mw_store_begin(store), "begin");
            bench_must(mw_store_fold(store, MW_STORE_FOLD_MAX, &n), "fold");
            bench_must(mw_store_commit(store), "commit");
        }
        t.ours += bench_now_s() - t0;
        t.ours_cpu += bench_cpu_s() - c0;
    }
    sqlite3_finalize(st);
    return t;
}

/* The newest readings, and one meter with a whole year. */
static void rest_fill(void) {
    mw_prng g = mw_prng_of_seed(2);
    mw_store_interval rows[HOURS];
    sqlite3_stmt *st = NULL;
    bench_must(mw_store_begin(store), "begin");
    sql("BEGIN");
    mw_assert(sqlite3_prepare_v2(rows_db, "INSERT INTO newest VALUES(?1, ?2, ?3)", -1, &st, NULL) ==
              SQLITE_OK);
    for (int64_t i = 0; i < meters; i++) {
        register_add(first_channel + i, days - 1, 100000 + i);
        sqlite3_bind_int64(st, 1, first_channel + i);
        sqlite3_bind_int64(st, 2, (DAY0 + days) * 86400);
        sqlite3_bind_int64(st, 3, 100000 + i);
        mw_assert(sqlite3_step(st) == SQLITE_DONE);
        sqlite3_reset(st);
    }
    sqlite3_finalize(st);
    mw_assert(sqlite3_prepare_v2(rows_db, "INSERT OR IGNORE INTO v VALUES(?1, ?2, ?3, ?4, ?5)", -1,
                                 &st, NULL) == SQLITE_OK);
    for (int64_t d = days; d < YEAR; d++) {
        day_make(&g, 0, d, rows);
        bench_must(mw_store_run_append(store, tenant, first_channel, rows, HOURS), "append");
        rows_add(st, first_channel, rows);
    }
    sqlite3_finalize(st);
    sql("COMMIT");
    for (uint32_t n = 1; n > 0;)
        bench_must(mw_store_fold(store, MW_STORE_FOLD_MAX, &n), "fold");
    bench_must(mw_store_commit(store), "commit");
}

/* --- questions --------------------------------------------------------------------------------- */

static const mw_zone *zone;
static int64_t *day_sum, *best_channel, checksum;

static void ask_consumption(mw_step step, int64_t n) {
    mw_store_channel c = {.channel = first_channel, .grid_seconds = 3600};
    mw_consumption out;
    bench_must(mw_consumption_read(store, zone, tenant, &c, step, DAY0 + 1, DAY0 + 1 + n, &out),
               "consumption");
    checksum += out.total;
    mw_consumption_fini(&out);
}
static void ask_month(void) {
    ask_consumption(MW_STEP_DAY, 29);
}
static void ask_year(void) {
    ask_consumption(MW_STEP_MONTH, YEAR - 2);
}

static mw_status on_newest(void *ctx, const mw_store_newest *r) {
    (void)ctx;
    checksum += r->value;
    return MW_OK;
}
static void ask_newest(void) {
    bench_must(mw_store_newest_values(store, tenant, on_newest, NULL), "newest");
}

static void ask_rate(void) {
    mw_store_day_total t;
    bench_must(mw_store_day_total_read(store, tenant, DAY0 + days - 2, &t), "rate");
    checksum += t.intervals;
}

static mw_status on_sum(void *ctx, const mw_store_day_sum *r) {
    int64_t *into = ctx;
    into[r->channel - first_channel] = r->sum;
    return MW_OK;
}
static void ask_totals(void) {
    bench_must(mw_store_day_sums(store, tenant, DAY0 + days - 2, on_sum, day_sum), "totals");
}

/* The 100 channels that differ most from the same day a week before. */
static void ask_deviations(void) {
    int64_t *now = day_sum, *then = day_sum + meters, top[100] = {0};
    bench_must(mw_store_day_sums(store, tenant, DAY0 + days - 2, on_sum, now), "sums");
    bench_must(mw_store_day_sums(store, tenant, DAY0 + days - 9, on_sum, then), "sums");
    for (int64_t i = 0; i < meters; i++) {
        int64_t d = now[i] > then[i] ? now[i] - then[i] : then[i] - now[i];
        if (d <= top[99])
            continue;
        int at = 99;
        for (; at > 0 && top[at - 1] < d; at--)
            top[at] = top[at - 1], best_channel[at] = best_channel[at - 1];
        top[at] = d;
        best_channel[at] = first_channel + i;
    }
}

static void ask_rows(const char *format, int64_t a, int64_t b) {
    char text[512];
    sqlite3_stmt *st = NULL;
    (void)snprintf(text, sizeof text, format, first_channel, a * 86400, b * 86400, (b - 7) * 86400,
                   (a - 7) * 86400);
    mw_assert(sqlite3_prepare_v2(rows_db, text, -1, &st, NULL) == SQLITE_OK);
    while (sqlite3_step(st) == SQLITE_ROW)
        checksum += sqlite3_column_int64(st, 0);
    sqlite3_finalize(st);
}
#define OF_CHANNEL "WHERE channel = %" PRId64 " AND start >= %" PRId64 " AND start < %" PRId64
static void rows_month(void) {
    ask_rows("SELECT sum(value) FROM v " OF_CHANNEL " GROUP BY start / 86400", DAY0 + 1, DAY0 + 30);
}
static void rows_year(void) {
    ask_rows("SELECT sum(value) FROM v " OF_CHANNEL " GROUP BY start / 2629746", DAY0 + 1,
             DAY0 + YEAR - 1);
}
static void rows_newest(void) {
    ask_rows("SELECT value FROM newest", 0, 0);
}
#define OF_DAY "FROM v WHERE channel >= %" PRId64 " AND start >= %" PRId64 " AND start < %" PRId64
static void rows_rate(void) {
    ask_rows("SELECT count(*) " OF_DAY, DAY0 + days - 2, DAY0 + days - 1);
}
static void rows_totals(void) {
    ask_rows("SELECT sum(value) " OF_DAY " GROUP BY channel", DAY0 + days - 2, DAY0 + days - 1);
}
static void rows_deviations(void) {
    ask_rows("SELECT sum(iif(start >= %2$" PRId64 ", value, -value)) AS d FROM v"
             " WHERE channel >= %1$" PRId64 " AND (start >= %2$" PRId64 " AND start < %3$" PRId64
             " OR start >= %5$" PRId64 " AND start < %4$" PRId64 ")"
             " GROUP BY channel ORDER BY abs(d) DESC LIMIT 100",
             DAY0 + days - 2, DAY0 + days - 1);
}

static const struct {
    const char *key;
    void (*ours)(void), (*rows)(void);
    double target_ms, target_ratio;
    int rows_trials;
} questions[] = {
    {"query.month", ask_month, rows_month, 2, 0.5, TRIALS},
    {"query.year", ask_year, rows_year, 10, 0.5, TRIALS},
    {"query.last_values", ask_newest, rows_newest, 50, 0.1, TRIALS},
    {"query.collection_rate", ask_rate, rows_rate, 30, 10, 3},
    {"query.daily_totals", ask_totals, rows_totals, 50, 10, 3},
    {"query.top_deviations", ask_deviations, rows_deviations, 100, 10, 3},
};

static double resident_mib(void) {
    long pages = 0, resident = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    mw_assert(f != NULL && fscanf(f, "%ld %ld", &pages, &resident) == 2);
    (void)fclose(f);
    return (double)resident * (double)sysconf(_SC_PAGESIZE) / 1048576;
}

static void files_remove(void) {
    const char *const names[] = {"store.db", "rows.db"};
    const char *const ends[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < 2; i++) {
        for (size_t k = 0; k < 3; k++) {
            char path[128];
            (void)snprintf(path, sizeof path, "%s/%s%s", folder, names[i], ends[k]);
            (void)unlink(path);
        }
    }
    (void)rmdir(folder);
}

int main(int argc, char **argv) {
    meters = argc > 1 ? strtoll(argv[1], NULL, 10) : meters;
    days = argc > 2 ? strtoll(argv[2], NULL, 10) : days;
    mw_assert(meters > 0 && days >= 10 && days <= 60);
    if (mkdtemp(folder) == NULL)
        bench_must(MW_IO, "a folder for the databases");
    mw_store_sqlite_options o = {.path = file_path("store.db")};
    mw_zones *zones = NULL;
    bench_must(mw_zones_open(NULL, &zones), "zones");
    bench_must(mw_zones_get(zones, "Europe/Rome", &zone), "zone");
    bench_must(mw_store_sqlite_open(&o, &store), "open");
    day_sum = calloc((size_t)meters * 2, sizeof *day_sum);
    best_channel = calloc(100, sizeof *best_channel);
    mw_assert(day_sum != NULL && best_channel != NULL);
    bench_fleet_make(store, meters, &tenant, &first_channel);
    double before = resident_mib();
    spent t = fleet_fill();
    rest_fill();
    printf("# %" PRId64 " meters, %" PRId64 " days of hours: %" PRId64
           " values; memory with both %.0f MiB, before %.0f\n",
           meters, days, t.values, resident_mib(), before);
    figure("store.append_values_per_s", (double)t.values / t.ours, "1/s", 500000, true);
    figure("store.append_vs_rows", (double)t.values / t.ours / ((double)t.row_values / t.rows), "x",
           3, true);
    /* Neighbours on the machine slow commits, not the processor's work. */
    figure("store.append_vs_rows_cpu",
           (double)t.values / t.ours_cpu / ((double)t.row_values / t.rows_cpu), "x", 3, true);
    for (size_t i = 0; i < sizeof questions / sizeof questions[0]; i++) {
        char key[64];
        double ours = bench_p50(questions[i].ours, TRIALS, bench_cpu_s).ms;
        double rows = bench_p50(questions[i].rows, questions[i].rows_trials, bench_cpu_s).ms;
        (void)snprintf(key, sizeof key, "%s_ms", questions[i].key);
        figure(key, ours, "ms", questions[i].target_ms, false);
        (void)snprintf(key, sizeof key, "%s_vs_rows", questions[i].key);
        figure(key, rows / ours, "x", questions[i].target_ratio, true);
    }
    printf("# checksum %" PRId64 "\n", checksum);
    sqlite3_close(rows_db);
    double both = resident_mib();
    figure("store.resident_mib", both, "MiB", meters > 100000 ? 1024 : 256, false);
    free(day_sum);
    free(best_channel);
    mw_store_close(store);
    mw_zones_close(zones);
    files_remove();
    return all_ok ? 0 : 1;
}
