/* SPDX-License-Identifier: Apache-2.0
 *
 * What a value takes in the store, against the entropy of the series it belongs to: half-hours of
 * ten homes and of one in London, quarter-hours of a house. The entropies are those of the values
 * themselves, measured over each meter's whole series:
 *
 *   H0  of a value by itself
 *   H1  of a value when the bit length of the value before is known
 *
 * Both are what a coder would need that knew the meter's distribution beforehand; H1 is told too
 * low, because a distribution with thousands of values is learned from no more than 30,000. The
 * coder of the store (platform/store/entropy.h) knows neither: it codes each day by itself. The
 * second to the last home of every two and the house were not used to train its first table.
 *
 *   bench_entropy FOLDER
 */
#include <inttypes.h>
#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/assert.h"
#include "bench/recordings.h"
#include "platform/store/chunk.h"
#include "platform/store/entropy.h"
#include "platform/store/sqlite.h"

enum { DAY = 86400, SLOTS_MAX = 96, VALUE_MAX = 1 << 17, CLASSES = 33 };

static bool all_ok = true;
static char folder[] = "bench-entropy-XXXXXX";
static double unpack_ns;
static int64_t unpacked;

static void must(mw_status s, const char *what) {
    if (s == MW_OK)
        return;
    (void)fprintf(stderr, "bench_entropy: %s: %s\n", what, mw_status_text(s));
    exit(2);
}

static void figure(const char *key, double value, const char *unit, double target) {
    bool ok = value <= target;
    printf("%s %.3f %s <=%g %s\n", key, value, unit, target, ok ? "ok" : "short");
    all_ok = all_ok && ok;
}

static double cpu_ns(void) {
    struct timespec t;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return 1e9 * (double)t.tv_sec + (double)t.tv_nsec;
}

static unsigned bit_length(int64_t v) {
    return v == 0 ? 0 : 64 - (unsigned)__builtin_clzll((uint64_t)v);
}

/* Bits of all values of a meter together, by counting. */
static double entropy_bits(const mw_recording *r, bool by_former) {
    static uint32_t count[CLASSES][VALUE_MAX], all[CLASSES];
    double bits = 0;
    memset(count, 0, sizeof count);
    memset(all, 0, sizeof all);
    unsigned class = 0;
    for (uint32_t i = 0; i < r->s.n; i++) {
        if ((r->flags[i] & MW_VEE_MISSING) != 0)
            continue;
        mw_assert(r->value[i] >= 0 && r->value[i] < VALUE_MAX);
        count[class][r->value[i]]++;
        all[class]++;
        class = by_former ? bit_length(r->value[i]) : 0;
    }
    for (unsigned c = 0; c < CLASSES; c++)
        for (size_t v = 0; all[c] > 0 && v < VALUE_MAX; v++)
            if (count[c][v] > 0)
                bits -= count[c][v] * log2((double)count[c][v] / all[c]);
    return bits;
}

typedef struct sums {
    int64_t values, payload, chunks;
    double h0, h1;
} sums;

static void day_measure(int64_t day, const mw_store_interval *rows, size_t n, sums *t) {
    uint8_t bytes[SLOTS_MAX * 8 + 64];
    int64_t value[SLOTS_MAX];
    mw_store_interval back[MW_CHUNK_VALUES_MAX];
    size_t size = 0, again = 0;
    for (size_t i = 0; i < n; i++)
        value[i] = rows[i].value;
    must(mw_entropy_encode(value, n, MW_SPAN_OF(bytes), &size), "encode");
    t->payload += (int64_t)size;
    must(mw_chunk_pack(day, rows, n, MW_SPAN_OF(bytes), &size), "pack");
    t->chunks += (int64_t)size;
    t->values += (int64_t)n;
    double t0 = cpu_ns();
    must(mw_chunk_decode(day, (mw_slice){bytes, size}, back, &again), "decode");
    unpack_ns += cpu_ns() - t0;
    unpacked += (int64_t)n;
    mw_assert(again == n);
    for (size_t i = 0; i < n; i++)
        mw_assert(back[i].value == rows[i].value);
}

/* The rows of UTC day d of a recording, as a meter's report of that day would bring them. */
static size_t day_rows(const mw_recording *r, int64_t day, int64_t journal,
                       mw_store_interval rows[SLOTS_MAX]) {
    int64_t from = (day * DAY - mw_utc_floor_s(r->s.start)) / r->s.seconds;
    size_t n = 0;
    for (int64_t i = from; i < from + DAY / r->s.seconds; i++) {
        if (i < 0 || i >= (int64_t)r->s.n || (r->flags[i] & MW_VEE_MISSING) != 0)
            continue;
        rows[n++] =
            (mw_store_interval){.start = {r->s.start.us + i * (int64_t)r->s.seconds * MW_US_PER_S},
                                .seconds = r->s.seconds,
                                .value = r->value[i],
                                .received = mw_utc_of_s((day + 1) * DAY + 7000),
                                .journal = journal};
    }
    return n;
}

static void days_of(const mw_recording *r, int64_t *first, int64_t *last) {
    *first = mw_utc_floor_s(r->s.start) / DAY;
    *last = (mw_utc_floor_s(r->s.start) + (int64_t)(r->s.n - 1) * r->s.seconds) / DAY;
}

static sums series_measure(const char *name, mw_recording *const *r, size_t n) {
    sums t = {0};
    mw_store_interval rows[SLOTS_MAX];
    for (size_t k = 0; k < n; k++) {
        int64_t first, last;
        days_of(r[k], &first, &last);
        for (int64_t d = first; d <= last; d++) {
            size_t count = day_rows(r[k], d, 1000 + d * 977, rows);
            if (count > 0)
                day_measure(d, rows, count, &t);
        }
        t.h0 += entropy_bits(r[k], false);
        t.h1 += entropy_bits(r[k], true);
    }
    double v = (double)t.values;
    printf("# %s: %" PRId64 " values; entropy H0 %.3f B, H1 %.3f B; coded %.3f B, with head and "
           "origin %.3f B\n",
           name, t.values, t.h0 / v / 8, t.h1 / v / 8, (double)t.payload / v, (double)t.chunks / v);
    return t;
}

/* Bytes of the table of day chunks a value: a fleet's days in their order, with the tree's slack. */
static double stored_bytes(mw_recording *const *r, size_t n) {
    char path[96];
    mw_store *store = NULL;
    mw_store_interval rows[SLOTS_MAX];
    int64_t values = 0, low = INT64_MAX, high = INT64_MIN;
    (void)snprintf(path, sizeof path, "%s/s.db", folder);
    mw_store_sqlite_options o = {.path = path};
    must(mw_store_sqlite_open(&o, &store), "open");
    for (size_t k = 0; k < n; k++) {
        int64_t first, last;
        days_of(r[k], &first, &last);
        low = first < low ? first : low;
        high = last > high ? last : high;
    }
    must(mw_store_begin(store), "begin");
    for (int64_t d = low; d <= high; d++) {
        for (size_t k = 0; k < n; k++) {
            size_t count = day_rows(r[k], d, 1000 + d * 977 + (int64_t)k, rows);
            if (count > 0)
                must(mw_store_run_append(store, 1, 70000 + (int64_t)k, rows, count), "append");
            values += (int64_t)count;
        }
    }
    for (uint32_t more = 1; more > 0;)
        must(mw_store_fold(store, MW_STORE_FOLD_MAX, &more), "fold");
    must(mw_store_commit(store), "commit");
    mw_store_close(store);
    sqlite3 *db = NULL;
    sqlite3_stmt *st = NULL;
    mw_assert(sqlite3_open(path, &db) == SQLITE_OK);
    mw_assert(sqlite3_prepare_v2(db, "SELECT sum(pgsize) FROM dbstat WHERE name = 'chunks'", -1,
                                 &st, NULL) == SQLITE_OK);
    mw_assert(sqlite3_step(st) == SQLITE_ROW);
    double bytes = (double)sqlite3_column_int64(st, 0);
    sqlite3_finalize(st);
    sqlite3_close(db);
    const char *const ends[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < 3; i++) {
        char name[112];
        (void)snprintf(name, sizeof name, "%s%s", path, ends[i]);
        (void)unlink(name);
    }
    return bytes / (double)values;
}

int main(int argc, char **argv) {
    const char *data = argc > 1 ? argv[1] : "tests/data/consumption";
    static mw_recording room[MW_REC_HOMES], london, house;
    mw_recording *homes[MW_REC_HOMES], *unseen[MW_REC_HOMES / 2], *one = &london, *other = &house;
    if (mkdtemp(folder) == NULL)
        must(MW_IO, "a folder");
    for (unsigned i = 0; i < MW_REC_HOMES; i++) {
        homes[i] = &room[i];
        if (i % 2 == 1)
            unseen[i / 2] = &room[i];
    }
    mw_recording_sgsc(data, homes);
    mw_recording_lcl(data, one);
    mw_recording_wpuq(data, other);
    sums all = series_measure("ten homes, half-hours", homes, MW_REC_HOMES);
    sums new = series_measure("the five of them not trained on", unseen, MW_REC_HOMES / 2);
    (void)series_measure("a London home, half-hours", &one, 1);
    sums quarter = series_measure("a house, quarter-hours, not trained on", &other, 1);
    figure("store.entropy_ratio_h0", (double)all.payload * 8 / all.h0, "coded/H0", 1.10);
    figure("store.entropy_ratio_h1", (double)all.payload * 8 / all.h1, "coded/H1", 1.10);
    figure("store.entropy_ratio_unseen", (double)new.payload * 8 / new.h0, "coded/H0", 1.10);
    figure("store.entropy_ratio_quarters", (double)quarter.payload * 8 / quarter.h0, "coded/H0",
           1.10);
    figure("store.bytes_per_half_hour", stored_bytes(homes, MW_REC_HOMES), "B", 2.0);
    figure("store.bytes_per_quarter_hour", stored_bytes(&other, 1), "B", 2.0);
    figure("store.unpack_ns", unpack_ns / (double)unpacked, "ns/value", 250);
    (void)rmdir(folder);
    return all_ok ? 0 : 1;
}
