/* SPDX-License-Identifier: Apache-2.0
 *
 * What the platform's store takes and keeps: uplinks through the door, decoded and folded, durable,
 * in one process and one thread, against raw SQLite appends with the same settings in the same run;
 * and the bytes that a value of real half-hourly and hourly series takes in day chunks.
 *
 *   bench_store [folder with sgsc_10_households_30min.csv.gz]
 */
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#include "base/assert.h"
#include "base/prng.h"
#include "crypto/keys.h"
#include "platform/doors/uplinks.h"
#include "platform/journal/decode.h"
#include "platform/store/chunk.h"
#include "platform/store/sqlite.h"
#include "protocols/smp/smp.h"

enum { DEVICES = 1000, BATCH = 200, BATCHES = 120, UPLINKS = BATCH * BATCHES };

static char folder[] = "bench-store-XXXXXX";
static const char *data_folder = "tests/data/consumption";
static mw_store *store;
static bool all_ok = true;

static void must(mw_status s, const char *what) {
    if (s == MW_OK)
        return;
    (void)fprintf(stderr, "bench_store: %s: %s\n", what, mw_status_text(s));
    exit(2);
}

static double now_s(void) {
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void figure(const char *key, double value, const char *unit, double target, bool least) {
    bool ok = least ? value >= target : value <= target;
    printf("%s %.3f %s %s%g %s\n", key, value, unit, least ? ">=" : "<=", target,
           ok ? "ok" : "short");
    all_ok = all_ok && ok;
}

static const char *file_path(const char *name) {
    static char path[96];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

/* --- uplinks --------------------------------------------------------------------------------- */

static void devices_import(mw_registry *registry) {
    size_t room = (size_t)DEVICES * 400, n = 0;
    char *text = malloc(room);
    mw_assert(text != NULL);
    for (unsigned i = 0; i < DEVICES; i++)
        n += (size_t)snprintf(
            text + n, room - n,
            "{\"tenant\":\"demo\",\"device_id\":\"%016x\",\"serial\":\"MW-%u\",\"model\":\"m\","
            "\"network_address\":%u,\"master_key\":\"%032x\",\"channels\":[{\"number\":0,"
            "\"medium\":\"water\",\"obis\":\"8-0:1.0.0*255\",\"unit\":\"L\",\"scale\":0,"
            "\"register_digits\":9}]}\n",
            i + 1, i, 4096 + i, i + 1);
    mw_registry_import_report report;
    must(mw_registry_import(registry, (mw_slice){(const uint8_t *)text, n}, mw_utc_of_s(1000),
                            &report),
         "import");
    free(text);
}

static mw_crypto_ctx device_key(unsigned i) {
    mw_key master = {{0}}, up;
    mw_device_id id = {{0}};
    mw_writer w = mw_writer_of(MW_SPAN_OF(id.b));
    mw_write_u64be(&w, i + 1);
    w = mw_writer_of(MW_SPAN_OF(master.b));
    mw_write_u64be(&w, 0);
    mw_write_u64be(&w, i + 1);
    mw_crypto_ctx ctx;
    must(mw_key_derive_device(&mw_crypto_own, &master, &id, 0, MW_KEY_UP, &up), "key");
    must(mw_crypto_init(&ctx, &mw_crypto_own, &up), "key");
    return ctx;
}

/* One day of a flat: quiet at night, a few uses by day. */
static size_t frame_make(mw_crypto_ctx *ctx, mw_prng *g, unsigned device, uint32_t counter,
                         uint8_t frame[61]) {
    mw_smp_day day = {.hours = 24, .end_hour = 50000 + 24 * counter, .reg = 1000000};
    for (unsigned h = 0; h < 24; h++)
        day.value[h] = h < 6 || mw_prng_below(g, 3) == 0 ? 0 : (int64_t)mw_prng_below(g, 40);
    uint8_t body[128], objects[128];
    size_t n = 0, size = 0;
    must(mw_smp_day_encode(&day, 47, MW_SPAN_OF(body), &n), "day");
    mw_writer w = mw_writer_of(MW_SPAN_OF(objects));
    mw_smp_object_put_last(&w, MW_SMP_DAY, (mw_slice){body, n});
    must(w.status, "object");
    mw_smp_frame_info info = {
        .direction = MW_SMP_UP, .address = 4096 + device, .counter = counter, .full = true};
    size_t frame_size = w.at <= mw_smp_frame_room(29, MW_SMP_UP, true) ? 29 : 61;
    must(mw_smp_frame_seal(ctx, &info, mw_writer_done(&w), frame_size, (mw_span){frame, 61}, &size),
         "seal");
    return size;
}

/* All bodies are made before the clock starts. */
static char *bodies[BATCHES];

static void bodies_make(void) {
    static mw_crypto_ctx keys[DEVICES];
    mw_prng g = mw_prng_of_seed(1);
    for (unsigned i = 0; i < DEVICES; i++)
        keys[i] = device_key(i);
    unsigned number = 0;
    for (unsigned b = 0; b < BATCHES; b++) {
        size_t room = (size_t)BATCH * 420 + 100, n = 0;
        char *text = bodies[b] = malloc(room);
        mw_assert(text != NULL);
        n += (size_t)snprintf(text, room,
                              "{\"sender\":\"st-1\",\"epoch\":\"00000000000000aa\",\"items\":[");
        for (unsigned i = 0; i < BATCH; i++, number++) {
            uint8_t frame[61];
            char hex[123] = {0};
            unsigned device = number % DEVICES;
            size_t size = frame_make(&keys[device], &g, device, number / DEVICES + 1, frame);
            must(mw_hex_encode((mw_slice){frame, size}, (mw_span){(uint8_t *)hex, 2 * size}),
                 "hex");
            n += (size_t)snprintf(
                text + n, room - n,
                "%s{\"seq\":%u,\"kind\":\"unb\",\"received_at\":\"2030-01-01T00:%02u:%02u.%06uZ\","
                "\"frequency_mhz\":868100123456,\"level_cdbm\":-12345,\"snr_cdb\":850,"
                "\"rate\":\"R1\",\"size\":\"%s\",\"payload\":\"%s\"}",
                i == 0 ? "" : ",", number, number / 60 % 60, number % 60, number,
                size == 29 ? "M" : "L", hex);
        }
        (void)snprintf(text + n, room - n, "]}");
    }
    for (unsigned i = 0; i < DEVICES; i++)
        mw_crypto_fini(&keys[i]);
}

static mw_status count_found(void *ctx, const char *name, int64_t value) {
    if (strcmp(name, "decode.readings") == 0)
        *(int64_t *)ctx = value;
    return MW_OK;
}

typedef struct uplinks_result {
    double door_s, decode_s, fold_s;
    int64_t values;
} uplinks_result;

static uplinks_result uplinks_run(mw_decoder *decoder, const mw_store_sender *sender) {
    uplinks_result r = {0};
    for (unsigned b = 0; b < BATCHES; b++) {
        mw_uplinks_result result;
        double t0 = now_s();
        must(mw_uplinks_take(store, sender, mw_slice_of_str(bodies[b]), mw_utc_of_s(1893456000 + b),
                             &result),
             "door");
        mw_assert(result.stored == BATCH);
        free(result.body);
        double t1 = now_s();
        uint32_t n = 0;
        must(mw_decoder_turn(decoder, MW_DECODE_TURN_MAX, &n), "decode");
        mw_assert(n == BATCH);
        double t2 = now_s();
        if (b % 20 == 19) {
            must(mw_store_begin(store), "begin");
            must(mw_store_fold(store, MW_STORE_FOLD_MAX, &n), "fold");
            must(mw_store_commit(store), "commit");
        }
        double t3 = now_s();
        r.door_s += t1 - t0;
        r.decode_s += t2 - t1;
        r.fold_s += t3 - t2;
    }
    must(mw_store_counts(store, sender->tenant, count_found, &r.values), "counts");
    return r;
}

/* --- the peer: SQLite alone ------------------------------------------------------------------- */

static void sql(sqlite3 *db, const char *text) {
    if (sqlite3_exec(db, text, NULL, NULL, NULL) != SQLITE_OK) {
        (void)fprintf(stderr, "bench_store: %s\n", sqlite3_errmsg(db));
        exit(2);
    }
}

/* Rows per second of plain appends, `batch` rows a commit. wide: 300 bytes of text as an uplink
 * has; else a row of channel, time and value. */
static double raw_append(const char *name, bool wide, unsigned batch, unsigned batches) {
    sqlite3 *db = NULL;
    mw_assert(sqlite3_open(file_path(name), &db) == SQLITE_OK);
    sql(db, "PRAGMA page_size=8192; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
            "PRAGMA wal_autocheckpoint=4000; PRAGMA cache_size=-65536; PRAGMA secure_delete=OFF");
    sql(db, "CREATE TABLE rows(id INTEGER PRIMARY KEY, a INTEGER, b INTEGER, c)");
    sqlite3_stmt *st = NULL;
    mw_assert(sqlite3_prepare_v2(db, "INSERT INTO rows(a, b, c) VALUES(?1, ?2, ?3)", -1, &st,
                                 NULL) == SQLITE_OK);
    char text[301];
    memset(text, 'x', 300);
    text[300] = 0;
    double t0 = now_s();
    for (unsigned b = 0; b < batches; b++) {
        sql(db, "BEGIN IMMEDIATE");
        for (unsigned i = 0; i < batch; i++) {
            sqlite3_bind_int64(st, 1, i % DEVICES);
            sqlite3_bind_int64(st, 2, INT64_C(1893456000) + b);
            if (wide)
                sqlite3_bind_text(st, 3, text, 300, SQLITE_STATIC);
            else
                sqlite3_bind_int64(st, 3, (int64_t)i * 7 % 1000);
            mw_assert(sqlite3_step(st) == SQLITE_DONE);
            sqlite3_reset(st);
        }
        sql(db, "COMMIT");
    }
    double elapsed = now_s() - t0;
    sqlite3_finalize(st);
    sqlite3_close(db);
    return (double)batch * batches / elapsed;
}

/* --- bytes a value ---------------------------------------------------------------------------- */

static int64_t series_values;

static void day_append(int64_t tenant, int64_t channel, const mw_store_interval *rows, size_t n) {
    if (n == 0)
        return;
    must(mw_store_run_append(store, tenant, channel, rows, n), "run");
    series_values += (int64_t)n;
}

/* "0.141" kWh in Wh, without floating point. */
static int64_t watt_hours(const char *p) {
    char *end;
    int64_t v = strtoll(p, &end, 10) * 1000;
    if (*end == '.') {
        int64_t place = 100;
        for (end++; *end >= '0' && *end <= '9'; end++, place /= 10)
            v += (*end - '0') * place;
    }
    return v;
}

/* Appends the ten homes of the file with intervals of `seconds`, 1800 or 3600, in Wh. */
static void series_append(int64_t tenant, int64_t first_channel, uint32_t seconds) {
    char path[512], line[128];
    (void)snprintf(path, sizeof path, "%s/sgsc_10_households_30min.csv.gz", data_folder);
    gzFile f = gzopen(path, "rb");
    must(f == NULL ? MW_NOT_FOUND : MW_OK, path);
    mw_store_interval rows[48];
    size_t n = 0;
    int64_t day = 0, channel = first_channel - 1;
    long home = 0;
    int64_t journal = 1000000;
    while (gzgets(f, line, sizeof line) != NULL) {
        char *p;
        mw_utc t;
        long id = strtol(line, &p, 10);
        if (p == line || mw_utc_parse((mw_slice){(const uint8_t *)p + 1, 20}, &t) != MW_OK)
            continue;
        int64_t wh = watt_hours(p + 22);
        if (id != home || mw_utc_floor_s(t) / 86400 != day) {
            day_append(tenant, channel, rows, n);
            n = 0;
            channel += id != home;
            home = id;
            day = mw_utc_floor_s(t) / 86400;
            journal += 977; /* many meters report between two days of this one */
        }
        int64_t start = mw_utc_floor_s(t) / seconds * seconds;
        if (n > 0 && rows[n - 1].start.us == start * MW_US_PER_S) {
            rows[n - 1].value += wh;
            continue;
        }
        mw_assert(n < 48);
        rows[n++] = (mw_store_interval){.start = mw_utc_of_s(start),
                                        .seconds = seconds,
                                        .value = wh,
                                        .received = mw_utc_of_s((day + 1) * 86400 + 7000),
                                        .journal = journal};
    }
    day_append(tenant, channel, rows, n);
    (void)gzclose(f);
}

static double bytes_per_value(uint32_t seconds) {
    const char *name = seconds == 3600 ? "hours.db" : "halves.db";
    mw_store_sqlite_options o = {.path = file_path(name)};
    must(mw_store_sqlite_open(&o, &store), "open");
    series_values = 0;
    must(mw_store_begin(store), "begin");
    series_append(1, 1000, seconds);
    for (uint32_t n = 1; n > 0;)
        must(mw_store_fold(store, MW_STORE_FOLD_MAX, &n), "fold");
    must(mw_store_commit(store), "commit");
    mw_store_close(store);
    sqlite3 *db = NULL;
    sqlite3_stmt *st = NULL;
    mw_assert(sqlite3_open(file_path(name), &db) == SQLITE_OK);
    /* Chunks arrive meter by meter here; a fleet fills them day by day, which packs pages. */
    sql(db, "VACUUM");
    mw_assert(sqlite3_prepare_v2(db, "SELECT sum(pgsize) FROM dbstat WHERE name = 'chunks'", -1,
                                 &st, NULL) == SQLITE_OK);
    mw_assert(sqlite3_step(st) == SQLITE_ROW);
    double bytes = (double)sqlite3_column_int64(st, 0);
    sqlite3_finalize(st);
    sqlite3_close(db);
    return bytes / (double)series_values;
}

static void files_remove(void) {
    const char *const names[] = {"door.db",  "raw1.db",   "raw2.db",
                                 "hours.db", "halves.db", "master.key"};
    const char *const ends[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        for (size_t k = 0; k < 3; k++) {
            char path[128];
            (void)snprintf(path, sizeof path, "%s/%s%s", folder, names[i], ends[k]);
            (void)unlink(path);
        }
    }
    (void)rmdir(folder);
}

static uplinks_result door_measure(void) {
    mw_registry *registry = NULL;
    mw_decoder *decoder = NULL;
    mw_store_sender sender;
    uint8_t hash[MW_STORE_TOKEN_HASH];
    int64_t tenant = 0, number = 0;
    mw_store_sqlite_options o = {.path = file_path("door.db")};
    must(mw_store_sqlite_open(&o, &store), "open");
    must(mw_registry_open(store, file_path("master.key"), &registry), "registry");
    must(mw_decoder_new(store, registry, &decoder), "decoder");
    devices_import(registry);
    mw_uplinks_token_hash(mw_slice_of_str("token"), hash);
    must(mw_store_begin(store), "begin");
    must(mw_store_tenant_put(store, "demo", &tenant), "tenant");
    must(mw_store_sender_put(store, tenant, "st-1", MW_SLICE_OF(hash), &number), "sender");
    must(mw_store_commit(store), "commit");
    must(mw_store_sender_by_token(store, MW_SLICE_OF(hash), &sender), "sender");
    uplinks_result r = uplinks_run(decoder, &sender);
    mw_decoder_free(decoder);
    mw_registry_close(registry);
    mw_store_close(store);
    return r;
}

int main(int argc, char **argv) {
    if (argc > 1)
        data_folder = argv[1];
    if (mkdtemp(folder) == NULL)
        must(MW_IO, "a folder for the databases");
    bodies_make();
    uplinks_result r = door_measure();
    double total = r.door_s + r.decode_s + r.fold_s;
    double raw_wide = raw_append("raw1.db", true, BATCH, BATCHES);
    double raw_rows = raw_append("raw2.db", false, BATCH * 25, 60);
    printf("# %d uplinks in batches of %d: door %.0f a second, decoding %.0f, folding %.0f\n",
           UPLINKS, BATCH, UPLINKS / r.door_s, UPLINKS / r.decode_s, UPLINKS / r.fold_s);
    printf("# raw SQLite appends: %.0f rows of 300 B a second by %d, %.0f values by %d\n", raw_wide,
           BATCH, raw_rows, BATCH * 25);
    figure("platform.uplinks_per_s", UPLINKS / total, "1/s", 5000, true);
    figure("platform.uplinks_vs_append", UPLINKS / total / raw_wide, "x", 0.05, true);
    figure("platform.readings_per_s", (double)r.values / total, "1/s", 125000, true);
    figure("platform.readings_vs_append", (double)r.values / total / raw_rows, "x", 0.1, true);
    figure("store.bytes_per_value", bytes_per_value(1800), "B", 2.0, false);
    figure("store.bytes_per_hourly_value", bytes_per_value(3600), "B", 3.5, false);
    for (unsigned b = 0; b < BATCHES; b++)
        free(bodies[b]);
    files_remove();
    return all_ok ? 0 : 1;
}
