/* SPDX-License-Identifier: Apache-2.0
 *
 * Imports into a real database: synthetic tables, and the recorded series as they were published.
 */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "platform/files/apply.h"
#include "platform/journal/decode.h"
#include "platform/store/sqlite.h"
#include "tests/harness/mw_test.h"

static char folder[] = "/tmp/mw-files-apply-XXXXXX";
static mw_store *store;
static mw_registry *registry;
static mw_zones *zones;
static mw_import_session session;
static mw_import_result result;
static mw_mapping mapping;

static const char *path(const char *name) {
    static char out[128];
    snprintf(out, sizeof out, "%s/%s", folder, name);
    return out;
}

static int setup(void **state) {
    (void)state;
    mw_store_sqlite_options o = {.path = path("db")};
    MW_CHECK_OK(mw_store_sqlite_open(&o, &store));
    MW_CHECK_OK(mw_registry_open(store, path("key"), &registry));
    session = (mw_import_session){.store = store,
                                  .registry = registry,
                                  .zones = zones,
                                  .tenant_name = "t",
                                  .who = "ops",
                                  .now = mw_utc_of_s(1790000000)};
    MW_CHECK_OK(mw_store_begin(store));
    MW_CHECK_OK(mw_store_tenant_put(store, "t", &session.tenant));
    MW_CHECK_OK(mw_store_commit(store));
    return 0;
}

static int teardown(void **state) {
    (void)state;
    mw_registry_close(registry);
    mw_store_close(store);
    static const char *const names[] = {"db", "db-wal", "db-shm", "key"};
    for (size_t i = 0; i < 4; i++)
        (void)unlink(path(names[i]));
    return 0;
}

static void run(const char *mapping_text, mw_slice content, bool dry) {
    mw_json_error error;
    MW_CHECK_OK(mw_mapping_decode(mw_slice_of_str(mapping_text), &mapping, &error));
    mw_import_file file = {"test", &mapping, "file.csv", content};
    MW_CHECK_OK(mw_import_apply(&session, &file, dry, &result));
}

static void run_text(const char *mapping_text, const char *content) {
    run(mapping_text, mw_slice_of_str(content), false);
}

static void no_problems(void) {
    if (result.report.problem_count > 0)
        print_error("row %u: %s\n", result.report.problem[0].row, result.report.problem[0].text);
    MW_CHECK_EQ(result.report.problem_count, 0);
}

#define METERS                                                                                     \
    "{\"rows\":\"meters\",\"columns\":{\"device_id\":{\"column\":\"id\"},\"serial\":{\"column\":"  \
    "\"serial\"},\"model\":{\"constant\":\"legacy\"},\"network_address\":{\"column\":\"address\"}" \
    ","                                                                                            \
    "\"master_key\":{\"constant\":\"000102030405060708090a0b0c0d0e0f\"},\"medium\":{\"column\":"   \
    "\"medium\"},\"obis\":{\"column\":\"obis\"},\"unit\":{\"column\":\"unit\"},"                   \
    "\"usage_point\":{\"column\":\"point\"},\"time_zone\":{\"constant\":\"Europe/Rome\"},"         \
    "\"customer\":{\"column\":\"owner\"},\"customer_name\":{\"column\":\"owner\"}}}"
#define METERS_HEAD "id,serial,address,medium,obis,unit,point,owner\n"
#define METER(id, serial, address)                                                                 \
    "4d5700000000000" id "," serial "," address ",electricity,1-0:1.8.0*255,W.h,up-" id ",cu-1\n"
#define HALF_HOURS                                                                                 \
    "{\"rows\":\"intervals\",\"columns\":{\"serial\":{\"column\":\"id\"},\"time\":{\"column\":"    \
    "\"at\"},\"value\":{\"column\":\"kwh\",\"unit\":\"W.h\",\"scale\":3}},"                        \
    "\"interval\":{\"seconds\":1800},\"duplicates\":\"same\"}"

MW_TEST(new_meters_are_added_and_taken_back) {
    const char *two = METERS_HEAD METER("1", "E-1", "1") METER("2", "E-2", "2");
    run(METERS, mw_slice_of_str(two), true);
    no_problems();
    MW_CHECK_EQ(result.id, 0);
    mw_store_device d;
    MW_CHECK_STATUS(mw_store_device_by_serial(store, session.tenant, "E-1", &d), MW_NOT_FOUND);
    run_text(METERS, two);
    no_problems();
    MW_CHECK_EQ(result.report.meters, 2);
    MW_CHECK(result.id > 0);
    int64_t first = result.id;
    MW_CHECK_OK(mw_store_device_by_serial(store, session.tenant, "E-1", &d));
    run_text(METERS, two); /* once more: nothing to do */
    no_problems();
    MW_CHECK_EQ(result.id, 0);
    MW_CHECK_EQ(result.unchanged, 2);
    run_text(METERS, METERS_HEAD METER("1", "E-9", "1") METER("3", "E-3", "3"));
    MW_CHECK_EQ(result.report.problem_count, 1);
    MW_CHECK_EQ(result.report.problem[0].row, 2);
    MW_CHECK_STR(result.report.problem[0].text, "the meter exists with another serial number: E-1");
    MW_CHECK_STATUS(mw_store_device_by_serial(store, session.tenant, "E-3", &d), MW_NOT_FOUND);
    mw_import_undo_result undone;
    MW_CHECK_OK(mw_import_undo(&session, first, &undone));
    MW_CHECK_EQ(undone.removed, 5); /* two meters, two places, one owner */
    MW_CHECK_EQ(undone.left, 0);
    MW_CHECK_STATUS(mw_store_device_by_serial(store, session.tenant, "E-1", &d), MW_NOT_FOUND);
    MW_CHECK_STATUS(mw_import_undo(&session, first, &undone), MW_STATE);
    MW_CHECK_STATUS(mw_import_undo(&session, first + 7, &undone), MW_NOT_FOUND);
}

MW_TEST(bad_meters_are_named_by_row) {
    run_text(METERS, METERS_HEAD "4d57,E-1,1,water,8-0:1.0.0*255,L,,\n"
                                 "4d57000000000001,E-1,1,water,8.0.1,L,,\n"
                                 "4d57000000000001,E-1,0xff000001,water,8-0:1.0.0*255,L,,\n"
                                 "4d57000000000001,E-1,1,water,8-0:1.0.0*255,pint,,\n");
    static const char *const expected[] = {"16 hex digits",
                                           "\"obis\" is not of the form A-B:C.D.E*F",
                                           "network_address", "\"unit\" is not a known unit"};
    MW_CHECK_EQ(result.report.problem_count, 4);
    for (uint32_t i = 0; i < 4; i++) {
        MW_CHECK_EQ(result.report.problem[i].row, i + 2);
        if (strstr(result.report.problem[i].text, expected[i]) == NULL)
            print_error("%s\n", result.report.problem[i].text);
        MW_CHECK(strstr(result.report.problem[i].text, expected[i]) != NULL);
    }
    MW_CHECK_EQ(result.id, 0);
}

typedef struct sum {
    int64_t total;
    uint32_t n;
} sum;

static mw_status add(void *ctx, const mw_store_value *v) {
    sum *s = ctx;
    s->total += v->interval.value;
    s->n++;
    return MW_OK;
}

static int64_t channel_of(const char *serial) {
    mw_store_device d;
    mw_store_meter m;
    MW_CHECK_OK(mw_store_device_by_serial(store, session.tenant, serial, &d));
    MW_CHECK_OK(mw_store_meter_get(store, session.tenant, d.identity, 0, &m));
    return m.channel.channel;
}

static sum sum_of(const char *serial, mw_utc as_of) {
    sum s = {0};
    mw_store_values_query q = {.tenant = session.tenant,
                               .channel = channel_of(serial),
                               .layer = MW_LAYER_FINAL,
                               .from = mw_utc_of_s(0),
                               .to = mw_utc_of_s(4102444800),
                               .as_of = as_of};
    MW_CHECK_OK(mw_store_values(store, &q, add, &s));
    return s;
}

MW_TEST(intervals_fill_what_is_empty_and_can_be_taken_back) {
    run_text(METERS, METERS_HEAD METER("1", "E-1", "1"));
    no_problems();
    const char *day = "id,at,kwh\nE-1,2026-01-01T00:00:00Z,0.1\nE-1,2026-01-01T00:30:00Z,0.2\n"
                      "E-1,2026-01-01T01:00:00Z,0.4\nE-1,2026-01-01T23:30:00Z,0.8\n"
                      "E-1,2026-01-02T00:00:00Z,1.6\n";
    run_text(HALF_HOURS, "id,at,kwh\nE-1,2026-01-01T00:30:00Z,7\n");
    no_problems();
    int64_t first = result.id;
    session.now = mw_utc_add(session.now, mw_dur_s(10));
    run_text(HALF_HOURS, day);
    no_problems();
    MW_CHECK_EQ(result.report.values, 5);
    MW_CHECK_EQ(result.kept, 1);
    int64_t second = result.id;
    MW_CHECK_EQ(sum_of("E-1", MW_UTC_NONE).total, 7000 + 100 + 400 + 800 + 1600);
    MW_CHECK_EQ(sum_of("E-1", MW_UTC_NONE).n, 5);
    run_text(HALF_HOURS, day); /* a repeated import changes nothing */
    MW_CHECK_EQ(result.kept, 5);
    MW_CHECK_EQ(sum_of("E-1", MW_UTC_NONE).n, 5);
    run_text("{\"rows\":\"intervals\",\"columns\":{\"serial\":{\"column\":\"id\"},\"time\":"
             "{\"column\":\"at\"},\"value\":{\"column\":\"kwh\",\"unit\":\"W.h\",\"scale\":3}}}",
             day);
    MW_CHECK_STR(result.report.problem[0].text,
                 "the channel has intervals of 1800 s, the file of 3600 s");
    mw_utc before = session.now;
    session.now = mw_utc_add(session.now, mw_dur_s(10));
    mw_import_undo_result undone;
    MW_CHECK_OK(mw_import_undo(&session, second, &undone));
    MW_CHECK_EQ(undone.values, 4);
    MW_CHECK_EQ(sum_of("E-1", MW_UTC_NONE).total, 7000);
    MW_CHECK_EQ(sum_of("E-1", before).n, 5); /* what was known then stays known */
    MW_CHECK_OK(mw_import_undo(&session, first, &undone));
    MW_CHECK_EQ(sum_of("E-1", MW_UTC_NONE).n, 0);
}

static mw_status count_reading(void *ctx, const mw_store_register *r) {
    sum *s = ctx;
    s->total = r->value > s->total ? r->value : s->total;
    s->n++;
    return MW_OK;
}

static sum readings_of(const char *serial) {
    sum s = {0};
    const uint8_t obis[6] = {6, 0, 1, 0, 0, 255};
    MW_CHECK_OK(mw_store_registers_between(store, session.tenant, channel_of(serial), obis,
                                           mw_utc_of_s(0), mw_utc_of_s(4102444800), count_reading,
                                           &s));
    return s;
}

static void decode_all(mw_decoder *d) {
    uint32_t n = 1;
    while (n > 0)
        MW_CHECK_OK(mw_decoder_turn(d, MW_DECODE_TURN_MAX, &n));
}

MW_TEST(readings_survive_decoding_again_and_undo_removes_them) {
    run_text(METERS, METERS_HEAD "4d57000000000001,H-1,1,heat,6-0:1.0.0*255,W.h,,\n");
    no_problems();
    char text[8192] = "at,kwh\n";
    size_t n = strlen(text);
    for (int i = 0; i < 100; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "2026-01-01 %02d:%02d,%d.5\n", i / 60,
                              i % 60, i);
    run_text("{\"rows\":\"registers\",\"columns\":{\"serial\":{\"constant\":\"H-1\"},\"time\":"
             "{\"column\":\"at\",\"zone\":\"Europe/Copenhagen\"},\"value\":{\"column\":\"kwh\","
             "\"unit\":\"W.h\",\"scale\":3}}}",
             text);
    no_problems();
    mw_decoder *d = NULL;
    MW_CHECK_OK(mw_decoder_new(store, registry, &d));
    decode_all(d);
    MW_CHECK_EQ(readings_of("H-1").n, 100);
    MW_CHECK_EQ(readings_of("H-1").total, 99500);
    MW_CHECK_OK(mw_decoder_rewind(d));
    decode_all(d);
    MW_CHECK_EQ(readings_of("H-1").n, 100);
    mw_import_undo_result undone;
    MW_CHECK_OK(mw_import_undo(&session, result.id, &undone));
    MW_CHECK_EQ(readings_of("H-1").n, 0);
    MW_CHECK_OK(mw_decoder_rewind(d));
    decode_all(d);
    MW_CHECK_EQ(readings_of("H-1").n, 0);
    mw_decoder_free(d);
}

/* ---- recorded series ---- */

static mw_slice series(const char *name) {
    static uint8_t *block;
    free(block);
    char file[256];
    snprintf(file, sizeof file, "%s/%s", FILES_TEST_DATA, name);
    gzFile gz = gzopen(file, "rb");
    MW_CHECK(gz != NULL);
    size_t room = 32u << 20;
    block = malloc(room);
    MW_CHECK(block != NULL);
    int n = gzread(gz, block, (unsigned)room);
    MW_CHECK(n > 0);
    gzclose(gz);
    return (mw_slice){block, (size_t)n};
}

/* The sum of the last column in thousandths, read in the plainest way. */
static int64_t sum_of_column(mw_slice csv, uint32_t *out_n) {
    int64_t total = 0;
    *out_n = 0;
    for (size_t at = 0; at < csv.n;) {
        size_t end = at, comma = at;
        for (; end < csv.n && csv.p[end] != '\n'; end++)
            if (csv.p[end] == ',')
                comma = end;
        int64_t whole = 0, part = 0, unit = 1000;
        bool digits = false, dot = false;
        for (size_t i = comma + 1; i < end; i++) {
            if (csv.p[i] == '.')
                dot = true;
            else if (csv.p[i] < '0' || csv.p[i] > '9')
                break;
            else if (dot && (unit /= 10) >= 1)
                part += (csv.p[i] - '0') * unit;
            else if (!dot)
                whole = whole * 10 + (csv.p[i] - '0');
            digits |= csv.p[i] != '.';
        }
        total += whole * 1000 + part;
        *out_n += digits;
        at = end + 1;
    }
    return total;
}

MW_TEST(ten_households_of_half_hours) {
    mw_slice file = series("sgsc_10_households_30min.csv.gz");
    char meters[4096] = METERS_HEAD;
    size_t n = strlen(meters), made = 0;
    /* every customer of the file, as it appears */
    for (size_t at = 0; at < file.n; at++) {
        if (at > 0 && file.p[at - 1] != '\n')
            continue;
        char id[9] = "";
        for (size_t i = 0; i < 8 && at + i < file.n; i++)
            id[i] = (char)file.p[at + i];
        if (id[0] < '0' || id[0] > '9' || strstr(meters, id) != NULL)
            continue;
        made++;
        n += (size_t)snprintf(meters + n, sizeof meters - n,
                              "%016zx,%s,%zu,electricity,1-0:1.8.0*255,W.h,,\n", made, id, made);
    }
    MW_CHECK_EQ(made, 10);
    run_text(METERS, meters);
    no_problems();
    run("{\"rows\":\"intervals\",\"columns\":{\"serial\":{\"column\":\"customer_id\"},\"time\":"
        "{\"column\":\"reading_datetime_utc\"},\"value\":{\"column\":\"general_supply_kwh\","
        "\"unit\":\"W.h\",\"scale\":3}},\"interval\":{\"seconds\":1800}}",
        file, false);
    no_problems();
    uint32_t rows = 0;
    int64_t total = sum_of_column(file, &rows), found = 0;
    uint32_t values = 0;
    mw_store_device d;
    for (size_t i = 1; i <= made; i++) {
        MW_CHECK_OK(mw_store_device_get(store, session.tenant, i, &d));
        sum s = sum_of(d.serial, MW_UTC_NONE);
        found += s.total;
        values += s.n;
    }
    MW_CHECK_EQ(values, result.report.values);
    MW_CHECK_EQ(found, total);
    MW_CHECK(values > 290000);
}

MW_TEST(a_london_home_with_repeated_rows) {
    run_text(METERS, METERS_HEAD METER("1", "MAC000033", "1"));
    mw_slice file = series("lcl_mac000033_2013_30min.csv.gz");
#define LCL(zone)                                                                                  \
    "{\"rows\":\"intervals\",\"columns\":{\"serial\":{\"column\":\"LCLid\"},\"time\":{\"column\":" \
    "\"DateTime\",\"zone\":\"" zone "\"},\"value\":{\"column\":\"KWH/hh (per half hour)\","        \
    "\"unit\":\"W.h\",\"scale\":3,\"rounding\":\"nearest\"}},\"interval\":{\"seconds\":1800},"     \
    "\"duplicates\":\"same\"}"
    /* The file says nothing of its zone. As London's clock it has an hour that never was: */
    run(LCL("Europe/London"), file, true);
    MW_CHECK(result.report.problem_count > 0);
    MW_CHECK_STR(result.report.problem[0].text, "01:00 never was in Europe/London on this day");
    /* Six of its values have more decimals than a watt-hour: the mapping must say what to do. */
    run(LCL("UTC"), file, false);
    no_problems();
    MW_CHECK_EQ(result.report.repeated, 12);
    MW_CHECK_EQ(sum_of("MAC000033", MW_UTC_NONE).n, result.report.values);
}

MW_TEST(mean_power_becomes_energy_without_loss) {
    run_text(METERS, METERS_HEAD METER("1", "SFH19", "1"));
    mw_slice file = series("wpuq_sfh19_15min_kw.csv.gz");
    run("{\"rows\":\"intervals\",\"columns\":{\"serial\":{\"constant\":\"SFH19\"},\"time\":"
        "{\"column\":\"datetime\"},\"value\":{\"column\":\"Consumer_0_electric (kW)\",\"unit\":"
        "\"W\",\"scale\":3,\"measure\":\"mean\",\"rounding\":\"carry\"}},\"interval\":"
        "{\"seconds\":900}}",
        file, false);
    no_problems();
    /* the same sum with all decimals, in an independent way */
    long double exact = 0;
    for (size_t at = 0; at < file.n; at++)
        if (file.p[at] == ',') {
            char number[32] = "";
            for (size_t i = 0; i < 31 && at + 1 + i < file.n && file.p[at + 1 + i] != '\n'; i++)
                number[i] = (char)file.p[at + 1 + i];
            exact += strtold(number, NULL) * 250;
        }
    sum s = sum_of("SFH19", MW_UTC_NONE);
    MW_CHECK_EQ(s.n, result.report.values);
    MW_CHECK(s.total <= (int64_t)(exact + 0.001L) && s.total >= (int64_t)exact - 1);
}

MW_TEST(three_years_of_a_heat_meters_register) {
    run_text(METERS, METERS_HEAD "4d57000000000001,660,1,heat,6-0:1.0.0*255,W.h,,\n");
    mw_slice file = series("danish_heat_meter660_hourly.csv.gz");
    run("{\"rows\":\"registers\",\"columns\":{\"serial\":{\"column\":\"meter_id\"},\"time\":"
        "{\"column\":\"time_rounded\"},\"value\":{\"column\":\"energy_heat_kwh\",\"unit\":\"W.h\","
        "\"scale\":3,\"rounding\":\"nearest\"}}}",
        file, false);
    no_problems();
    mw_decoder *d = NULL;
    MW_CHECK_OK(mw_decoder_new(store, registry, &d));
    decode_all(d);
    mw_decoder_free(d);
    sum s = readings_of("660");
    MW_CHECK_EQ(s.n, result.report.values);
    MW_CHECK_EQ(s.total, 56974857); /* 56974.8571428571 kWh, the last line */
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    if (mkdtemp(folder) == NULL)
        return 1;
    MW_CHECK_OK(mw_zones_open(NULL, &zones));
    const struct CMUnitTest cases[] = {CASE(new_meters_are_added_and_taken_back),
                                       CASE(bad_meters_are_named_by_row),
                                       CASE(intervals_fill_what_is_empty_and_can_be_taken_back),
                                       CASE(readings_survive_decoding_again_and_undo_removes_them),
                                       CASE(ten_households_of_half_hours),
                                       CASE(a_london_home_with_repeated_rows),
                                       CASE(mean_power_becomes_energy_without_loss),
                                       CASE(three_years_of_a_heat_meters_register)};
    int failed = cmocka_run_group_tests(cases, NULL, NULL);
    mw_zones_close(zones);
    (void)rmdir(folder);
    return failed;
}
