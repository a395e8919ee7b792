/* SPDX-License-Identifier: Apache-2.0
 *
 * The store on PostgreSQL, and PostgreSQL without it: the same hourly values appended and folded by
 * the store (on SQLite and on PostgreSQL), and written by COPY into daily partitions of rows with a
 * primary key; then the same questions to both: a meter's month and year, and of all meters the last
 * values, how many came of a day, a day's totals, and who differs most from the day before. All in one
 * run, on a server started for it with fsync on. Where no PostgreSQL is installed it says so and prints
 * no figure.
 */
#include <inttypes.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/prng.h"
#include "bench/fleet_common.h"
#include "platform/store/postgres.h"
#include "platform/store/sqlite.h"
#include "tests/postgres/server.h"

enum {
    HOURS = 24,
    DAY0 = 20700,
    TRIALS = 41,
    FLEET_TRIALS = 7,
    BATCH = 500,
    YEAR = 365,
    TOP = 100
};

static int64_t meters = 2000, days = 30;
static int64_t tenant, first_channel;
static mw_store *store;
static PGconn *rows_db;
static int64_t checksum;
static mw_pg_server server = {.settings = "max_wal_size = 4GB\nwal_compression = on"};

/* Ours and the server's: neighbours on the machine cost time, not this. */
static double cpu_s(void) {
    return bench_cpu_s() + mw_pg_server_cpu_s(&server);
}

/* Values a second, and a second of processor time. */
typedef struct rate {
    double values, cpu;
} rate;

static rate rate_since(double began, double cpu_began) {
    double values = (double)(meters * days * HOURS);
    return (rate){values / (bench_now_s() - began), values / (cpu_s() - cpu_began)};
}

static int64_t value_at(int64_t meter, int64_t day, int64_t hour) {
    mw_prng g = mw_prng_of_seed((uint64_t)(meter * 1000003 + day * 24 + hour));
    return hour < 6 || mw_prng_below(&g, 3) == 0 ? 0 : (int64_t)mw_prng_below(&g, 600);
}

/* --- the store --------------------------------------------------------------------------------- */

static void run_add(int64_t meter, int64_t day) {
    mw_store_interval rows[HOURS];
    for (int64_t h = 0; h < HOURS; h++)
        rows[h] = (mw_store_interval){.start = mw_utc_of_s((DAY0 + day) * 86400 + h * 3600),
                                      .seconds = 3600,
                                      .value = value_at(meter, day, h),
                                      .received = mw_utc_of_s((DAY0 + day + 1) * 86400 + 700),
                                      .journal = day * meters + meter + 1};
    bench_must(mw_store_run_append(store, tenant, first_channel + meter, rows, HOURS), "append");
}

/* Values a second, appended in durable batches and folded into day chunks. */
static rate fill_store(void) {
    bench_fleet_make(store, meters, &tenant, &first_channel);
    double t0 = bench_now_s(), cpu0 = cpu_s();
    for (int64_t day = 0; day < days; day++) {
        for (int64_t m = 0; m < meters; m += BATCH) {
            bench_must(mw_store_begin(store), "begin");
            for (int64_t i = m; i < m + BATCH; i++)
                run_add(i, day);
            bench_must(mw_store_commit(store), "commit");
        }
        for (uint32_t n = 1; n > 0;) {
            bench_must(mw_store_begin(store), "begin");
            bench_must(mw_store_fold(store, 2000, &n), "fold");
            bench_must(mw_store_commit(store), "commit");
        }
    }
    return rate_since(t0, cpu0);
}

static mw_status on_interval(void *ctx, int64_t channel, const mw_store_interval *row) {
    (void)ctx;
    (void)channel;
    checksum += row->value;
    return MW_OK;
}

static mw_status on_sum(void *ctx, const mw_store_day_sum *row) {
    (void)ctx;
    checksum += row->sum;
    return MW_OK;
}

/* One meter has a whole year, and every meter a newest reading. */
static void fill_rest(void) {
    bench_must(mw_store_begin(store), "begin");
    for (int64_t day = days; day < YEAR; day++)
        run_add(0, day);
    for (int64_t i = 0; i < meters; i++) {
        mw_store_register r = {.tenant = tenant,
                               .channel = first_channel + i,
                               .obis = {1, 0, 1, 8, 0, 255},
                               .meter = mw_utc_of_s((DAY0 + days) * 86400),
                               .received = mw_utc_of_s((DAY0 + days) * 86400 + 700),
                               .stored = mw_utc_of_s((DAY0 + days) * 86400 + 701),
                               .value = 100000 + i,
                               .journal = i + 1};
        bench_must(mw_store_register_append(store, &r), "register");
    }
    for (uint32_t n = 1; n > 0;)
        bench_must(mw_store_fold(store, 2000, &n), "fold");
    bench_must(mw_store_commit(store), "commit");
}

static void ask_year(void) {
    bench_must(mw_store_intervals(store, tenant, first_channel, mw_utc_of_s(DAY0 * 86400),
                                  mw_utc_of_s((DAY0 + YEAR) * INT64_C(86400)), on_interval, NULL),
               "year");
}

static mw_status on_newest(void *ctx, const mw_store_newest *row) {
    (void)ctx;
    checksum += row->value;
    return MW_OK;
}

static void ask_last_values(void) {
    bench_must(mw_store_newest_values(store, tenant, on_newest, NULL), "last values");
}

static void ask_rate(void) {
    mw_store_day_total t;
    bench_must(mw_store_day_total_read(store, tenant, DAY0 + days - 2, &t), "rate");
    checksum += t.intervals;
}

static int64_t *sums; /* two days of all meters */

static mw_status on_sum_of(void *ctx, const mw_store_day_sum *row) {
    int64_t *into = ctx;
    into[row->channel - first_channel] = row->sum;
    return MW_OK;
}

/* The hundred meters that differ most between two days. */
static void ask_deviations(void) {
    int64_t *now = sums, *then = sums + meters, top[TOP] = {0};
    bench_must(mw_store_day_sums(store, tenant, DAY0 + days - 1, on_sum_of, now), "sums");
    bench_must(mw_store_day_sums(store, tenant, DAY0 + days - 2, on_sum_of, then), "sums");
    for (int64_t i = 0; i < meters; i++) {
        int64_t d = now[i] > then[i] ? now[i] - then[i] : then[i] - now[i];
        int at = TOP;
        while (at > 0 && top[at - 1] < d)
            at--;
        if (at == TOP)
            continue;
        memmove(&top[at + 1], &top[at], (size_t)(TOP - 1 - at) * sizeof top[0]);
        top[at] = d;
    }
    checksum += top[TOP - 1];
}

static void ask_month(void) {
    static int64_t meter;
    meter = (meter + 37) % meters;
    bench_must(mw_store_intervals(store, tenant, first_channel + meter, mw_utc_of_s(DAY0 * 86400),
                                  mw_utc_of_s((DAY0 + 30) * 86400), on_interval, NULL),
               "month");
}

static void ask_totals(void) {
    bench_must(mw_store_day_sums(store, tenant, DAY0 + days - 2, on_sum, NULL), "totals");
}

/* --- rows -------------------------------------------------------------------------------------- */

static void rows_sql(const char *text) {
    PGresult *r = PQexec(rows_db, text);
    ExecStatusType got = PQresultStatus(r);
    if (got != PGRES_COMMAND_OK && got != PGRES_TUPLES_OK && got != PGRES_COPY_IN) {
        (void)fprintf(stderr, "bench_postgres: %s\n", PQerrorMessage(rows_db));
        exit(2);
    }
    PQclear(r);
}

static void rows_open(const char *url) {
    rows_db = PQconnectdb(url);
    rows_sql("CREATE SCHEMA rows; SET search_path = rows; SET jit = off;"
             "CREATE TABLE v(channel BIGINT, start BIGINT, value BIGINT, quality INTEGER,"
             " journal BIGINT, PRIMARY KEY(channel, start)) PARTITION BY RANGE (start)");
    for (int64_t day = 0; day < (days < YEAR ? YEAR : days); day++) {
        char text[160];
        (void)snprintf(text, sizeof text,
                       "CREATE TABLE v%" PRId64 " PARTITION OF v FOR VALUES FROM (%" PRId64
                       ") TO (%" PRId64 ")",
                       day, (DAY0 + day) * 86400, (DAY0 + day + 1) * 86400);
        rows_sql(text);
    }
}

static void copy_in(const char *statement, const char *text, size_t n) {
    rows_sql(statement);
    mw_assert(PQputCopyData(rows_db, text, (int)n) == 1);
    mw_assert(PQputCopyEnd(rows_db, NULL) == 1);
    PQclear(PQgetResult(rows_db));
    mw_assert(PQgetResult(rows_db) == NULL);
}

/* A day of the meters [from, to). */
static void rows_copy(int64_t day, int64_t from, int64_t to) {
    static char text[BATCH * HOURS * 64];
    size_t n = 0;
    for (int64_t i = from; i < to; i++)
        for (int64_t h = 0; h < HOURS; h++)
            n += (size_t)snprintf(text + n, sizeof text - n,
                                  "%" PRId64 "\t%" PRId64 "\t%" PRId64 "\t0\t%" PRId64 "\n", i,
                                  (DAY0 + day) * 86400 + h * 3600, value_at(i, day, h),
                                  day * meters + i + 1);
    copy_in("COPY v FROM STDIN", text, n);
}

static rate fill_rows(void) {
    double t0 = bench_now_s(), cpu0 = cpu_s();
    for (int64_t day = 0; day < days; day++)
        for (int64_t m = 0; m < meters; m += BATCH)
            rows_copy(day, m, m + BATCH);
    rate copied = rate_since(t0, cpu0);
    for (int64_t day = days; day < YEAR; day++)
        rows_copy(day, 0, 1);
    rows_sql("CREATE TABLE newest(channel BIGINT PRIMARY KEY, at BIGINT, value BIGINT)");
    for (int64_t i = 0; i < meters; i += BATCH) {
        char text[BATCH * 64];
        size_t n = 0;
        for (int64_t k = i; k < i + BATCH; k++)
            n += (size_t)snprintf(text + n, sizeof text - n,
                                  "%" PRId64 "\t%" PRId64 "\t%" PRId64 "\n", k,
                                  (DAY0 + days) * 86400, 100000 + k);
        copy_in("COPY newest FROM STDIN", text, n);
    }
    return copied;
}

static void rows_ask(const char *text) {
    PGresult *r = PQexecParams(rows_db, text, 0, NULL, NULL, NULL, NULL, 1);
    mw_assert(PQresultStatus(r) == PGRES_TUPLES_OK);
    checksum += PQntuples(r);
    PQclear(r);
}

static void rows_month(void) {
    static int64_t meter;
    char text[160];
    meter = (meter + 37) % meters;
    (void)snprintf(text, sizeof text,
                   "SELECT start, value, quality, journal FROM v WHERE channel = %" PRId64
                   " AND start >= %d AND start < %d ORDER BY start",
                   meter, DAY0 * 86400, (DAY0 + 30) * 86400);
    rows_ask(text);
}

static void rows_year(void) {
    char text[160];
    (void)snprintf(text, sizeof text,
                   "SELECT start, value, quality, journal FROM v WHERE channel = 0"
                   " AND start >= %d AND start < %d ORDER BY start",
                   DAY0 * 86400, (DAY0 + YEAR) * 86400);
    rows_ask(text);
}

static void rows_last_values(void) {
    rows_ask("SELECT channel, at, value FROM newest");
}

static void rows_rate(void) {
    char text[160];
    (void)snprintf(text, sizeof text,
                   "SELECT count(*) FROM v WHERE start >= %" PRId64 " AND start < %" PRId64,
                   (DAY0 + days - 2) * 86400, (DAY0 + days - 1) * 86400);
    rows_ask(text);
}

static void rows_deviations(void) {
    char text[320];
    (void)snprintf(text, sizeof text,
                   "SELECT channel, abs(sum(CASE WHEN start >= %" PRId64
                   " THEN value ELSE -value END)) AS d FROM v WHERE start >= %" PRId64
                   " AND start < %" PRId64 " GROUP BY channel ORDER BY d DESC LIMIT %d",
                   (DAY0 + days - 1) * 86400, (DAY0 + days - 2) * 86400, (DAY0 + days) * 86400,
                   TOP);
    rows_ask(text);
}

static void rows_totals(void) {
    char text[160];
    (void)snprintf(text, sizeof text,
                   "SELECT channel, sum(value) FROM v WHERE start >= %" PRId64
                   " AND start < %" PRId64 " GROUP BY channel",
                   (DAY0 + days - 2) * 86400, (DAY0 + days - 1) * 86400);
    rows_ask(text);
}

/* --- measuring --------------------------------------------------------------------------------- */

/* Bytes of a partitioned table and its indexes. */
static double bytes_of(const char *table) {
    char text[256];
    (void)snprintf(text, sizeof text,
                   "SELECT sum(pg_total_relation_size(relid))::text FROM pg_partition_tree('%s')",
                   table);
    PGresult *r = PQexec(rows_db, text);
    mw_assert(PQresultStatus(r) == PGRES_TUPLES_OK);
    double bytes = strtod(PQgetvalue(r, 0, 0), NULL);
    PQclear(r);
    return bytes;
}

static bool figure(const char *key, double value, const char *unit, bool at_least, double target) {
    bool ok = at_least ? value >= target : value <= target;
    printf("%s %.4g %s %s%g %s\n", key, value, unit, at_least ? ">=" : "<=", target,
           ok ? "ok" : "short");
    return ok;
}

static rate on_sqlite(void) {
    char path[64], name[80];
    static const char *const ends[] = {"", "-wal", "-shm"};
    (void)snprintf(path, sizeof path, "bench-postgres-%d.db", (int)getpid());
    bench_must(mw_store_sqlite_open(&(mw_store_sqlite_options){.path = path}, &store), "open");
    rate filled = fill_store();
    mw_store_close(store);
    for (size_t i = 0; i < 3; i++) {
        (void)snprintf(name, sizeof name, "%s%s", path, ends[i]);
        (void)unlink(name);
    }
    return filled;
}

static void on_postgres(const char *url) {
    mw_assert(mw_pg_server_sql(url, "CREATE SCHEMA store"));
    char own[512];
    (void)snprintf(own, sizeof own, "%s&options=-csearch_path%%3Dstore", url);
    bench_must(mw_store_postgres_open(&(mw_store_postgres_options){.url = own}, &store), "open");
}

static const struct {
    const char *key;
    void (*ours)(void), (*rows)(void);
    int trials;
    double target; /* of rows */
} questions[] = {
    {"postgres.month_vs_rows", ask_month, rows_month, TRIALS, 1},
    {"postgres.year_vs_rows", ask_year, rows_year, TRIALS, 1},
    {"postgres.last_values_vs_rows", ask_last_values, rows_last_values, FLEET_TRIALS, 2},
    {"postgres.collection_rate_vs_rows", ask_rate, rows_rate, FLEET_TRIALS, 0.5},
    {"postgres.totals_vs_rows", ask_totals, rows_totals, FLEET_TRIALS, 0.5},
    {"postgres.top_deviations_vs_rows", ask_deviations, rows_deviations, FLEET_TRIALS, 0.5},
};

static bool questions_ask(void) {
    bool ok = true;
    for (size_t i = 0; i < sizeof questions / sizeof questions[0]; i++) {
        bench_time ours = bench_p50(questions[i].ours, questions[i].trials, cpu_s);
        bench_time rows = bench_p50(questions[i].rows, questions[i].trials, cpu_s);
        printf("# %.3g ms, rows %.3g ms; processor time %.3g ms, rows %.3g ms\n", ours.ms, rows.ms,
               ours.cpu_ms, rows.cpu_ms);
        ok = figure(questions[i].key, ours.ms / rows.ms, "of rows", false, questions[i].target) &&
             ok;
    }
    return ok;
}

static bool measure(const char *url) {
    rate sqlite = on_sqlite();
    on_postgres(url);
    rate chunks = fill_store();
    rows_open(url);
    double size_store = bytes_of("store.chunks");
    fill_rest();
    rate copy = fill_rows();
    rows_sql("ANALYZE v");
    double size_rows = bytes_of("rows.v");
    double values = (double)(meters * days * HOURS);
    printf("# %" PRId64 " meters, %" PRId64 " days of hours; values a second: SQLite store %.3g,"
           " PostgreSQL store %.3g, COPY of rows %.3g; of processor time: %.3g, %.3g, %.3g\n",
           meters, days, sqlite.values, chunks.values, copy.values, sqlite.cpu, chunks.cpu,
           copy.cpu);
    printf("# bytes a value %.3g (rows %.3g)\n", size_store / values, size_rows / values);
    bool ok = figure("postgres.sqlite_ingest_vs_copy", sqlite.values / copy.values,
                     "of COPY of rows", true, 3);
    ok = figure("postgres.ingest_vs_copy", chunks.values / copy.values, "of COPY of rows", true,
                1) &&
         ok;
    ok = figure("postgres.ingest_vs_copy_cpu", chunks.cpu / copy.cpu, "of COPY of rows", true, 1) &&
         ok;
    ok = figure("postgres.size_vs_rows", size_store / size_rows, "of rows", false, 0.1) && ok;
    return questions_ask() && ok;
}

int main(int argc, char **argv) {
    if (argc == 3) {
        meters = strtol(argv[1], NULL, 10) / BATCH * BATCH;
        days = strtol(argv[2], NULL, 10);
    }
    if (meters < BATCH || days < 2 || days > 400) {
        (void)fprintf(stderr, "usage: bench_postgres [METERS DAYS]\n");
        return 2;
    }
    sums = calloc((size_t)meters * 2, sizeof *sums);
    mw_assert(sums != NULL);
    if (!mw_pg_server_start(&server)) {
        printf("# no PostgreSQL could be started here: its figures are left out\n");
        return 77;
    }
    bool ok = measure(server.url);
    mw_store_close(store);
    PQfinish(rows_db);
    mw_pg_server_stop(&server);
    free(sums);
    printf("# %" PRId64 " read in all\n", checksum);
    return ok ? 0 : 1;
}
