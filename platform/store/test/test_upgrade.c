/* SPDX-License-Identifier: Apache-2.0
 *
 * Databases of released versions open, and what they hold is read as before.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "platform/store/sql_schema.h"
#include "platform/store/test/scratch.h"

enum { FIRST_DAY = 20700, DAY = 86400 };

static char path[64];
static mw_store *store;

/* Makes the database file out of its text. */
static void restore(const char *fixture) {
    static char sql[65536];
    char name[512];
    snprintf(name, sizeof name, "%s/%s", STORE_TEST_DATA, fixture);
    FILE *f = fopen(name, "r");
    MW_CHECK(f != NULL);
    size_t n = fread(sql, 1, sizeof sql - 1, f);
    fclose(f);
    MW_CHECK(n > 0 && n < sizeof sql - 1);
    sql[n] = 0;
    sqlite3 *db = NULL;
    MW_CHECK_EQ(sqlite3_open(path, &db), SQLITE_OK);
    MW_CHECK_EQ(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    MW_CHECK_EQ(sqlite3_close(db), SQLITE_OK);
}

static int setup(void **state) {
    (void)state;
    snprintf(path, sizeof path, "upgrade-test-%d.db", (int)getpid());
    scratch_remove(path);
    store = NULL;
    restore("released_1.sql");
    return 0;
}

static int teardown(void **state) {
    (void)state;
    mw_store_close(store);
    scratch_remove(path);
    return 0;
}

static int schema_of_file(void) {
    sqlite3 *db = NULL;
    sqlite3_stmt *st = NULL;
    MW_CHECK_EQ(sqlite3_open(path, &db), SQLITE_OK);
    MW_CHECK_EQ(sqlite3_prepare_v2(db, "SELECT max(version) FROM schema_version", -1, &st, NULL),
                SQLITE_OK);
    MW_CHECK_EQ(sqlite3_step(st), SQLITE_ROW);
    int version = sqlite3_column_int(st, 0);
    sqlite3_finalize(st);
    sqlite3_close(db);
    return version;
}

typedef struct seen {
    unsigned n;
    int64_t total;
    unsigned wrong, doubted, conflicts;
    unsigned device;
} seen;

static mw_status on_interval(void *ctx, int64_t channel, const mw_store_interval *row) {
    (void)channel;
    seen *s = ctx;
    int64_t second = row->start.us / MW_US_PER_S - (int64_t)FIRST_DAY * DAY;
    int64_t day = second / DAY, hour = second % DAY / 3600;
    s->n++;
    s->total += row->value;
    s->wrong += row->value != (hour * 7 + day * 3 + (int64_t)s->device * 11) % 23;
    s->doubted += (row->quality & (MW_QUALITY_PARTIAL | MW_QUALITY_TAMPER)) != 0;
    s->conflicts += (row->quality & MW_QUALITY_CONFLICT) != 0;
    return MW_OK;
}

static mw_status on_register(void *ctx, const mw_store_register *row) {
    seen *s = ctx;
    s->n++;
    s->total = row->value > s->total ? row->value : s->total;
    s->doubted += row->quality == MW_QUALITY_CLOCK_UNCERTAIN;
    return MW_OK;
}

static void check_values(void) {
    int64_t tenant = 0;
    MW_CHECK_OK(mw_store_tenant_find(store, "demo", &tenant));
    for (uint8_t i = 0; i < 2; i++) {
        mw_store_meter m;
        MW_CHECK_OK(mw_store_meter_get(store, tenant, UINT64_C(0xf000000000000000) + i, 0, &m));
        MW_CHECK_STR(m.usage_point.time_zone, "Europe/Rome");
        MW_CHECK_EQ(m.installation.initial_value, 100 + i);
        MW_CHECK_EQ(m.state.frames, 3);
        seen s = {.device = i};
        MW_CHECK_OK(mw_store_intervals(store, tenant, m.channel.channel, mw_utc_of_s(0),
                                       mw_utc_of_s((int64_t)(FIRST_DAY + 10) * DAY), on_interval,
                                       &s));
        MW_CHECK_EQ(s.n, 72);
        MW_CHECK_EQ(s.wrong, 0);
        MW_CHECK_EQ(s.doubted, 1);
        MW_CHECK_EQ(s.conflicts, 1);
        s = (seen){0};
        MW_CHECK_OK(mw_store_registers(store, tenant, m.channel.channel, 0, 10, on_register, &s));
        MW_CHECK_EQ(s.n, 3);
        MW_CHECK_EQ(s.doubted, 1);
        MW_CHECK_EQ(s.total, m.reading_value);
    }
    mw_store_user user;
    MW_CHECK_OK(mw_store_user_by_login(store, "anna", &user));
    MW_CHECK_STR(user.role, "consumer");
    int64_t cursor = 0;
    MW_CHECK_OK(mw_store_cursor_get(store, "decode", &cursor));
    MW_CHECK_EQ(cursor, 6);
}

MW_TEST(a_database_of_release_1_opens_and_keeps_its_values) {
    MW_CHECK_EQ(schema_of_file(), MW_SQ_SCHEMA_RELEASE_1);
    mw_store *reader = NULL;
    mw_store_sqlite_options read = {.path = path, .read_only = true};
    if (mw_store_sqlite_schema() > MW_SQ_SCHEMA_RELEASE_1) /* a reader never writes */
        MW_CHECK_STATUS(mw_store_sqlite_open(&read, &reader), MW_UNSUPPORTED);
    store = scratch_open(path);
    check_values();
    uint32_t folded = 0;
    MW_CHECK_OK(mw_store_begin(store));
    MW_CHECK_OK(mw_store_fold(store, 100, &folded));
    MW_CHECK_OK(mw_store_commit(store));
    MW_CHECK_EQ(folded, 1);
    check_values();
    mw_store_close(store);
    store = NULL;
    MW_CHECK_EQ(schema_of_file(), mw_store_sqlite_schema());
    MW_CHECK_OK(mw_store_sqlite_open(&read, &store)); /* nothing left to do */
    check_values();
}

/* A step that fails leaves the database as it was: the next start tries again. */
MW_TEST(a_step_that_fails_changes_nothing) {
    sqlite3 *db = NULL;
    MW_CHECK_EQ(sqlite3_open(path, &db), SQLITE_OK);
    /* The third step makes two indexes; the second one is in its way. */
    MW_CHECK_EQ(sqlite3_exec(db,
                             "DELETE FROM schema_version WHERE version > 2;"
                             "DROP INDEX usage_points_by_person;",
                             NULL, NULL, NULL),
                SQLITE_OK);
    MW_CHECK_EQ(sqlite3_close(db), SQLITE_OK);
    MW_CHECK(mw_store_sqlite_open(&(mw_store_sqlite_options){.path = path}, &store) != MW_OK);
    MW_CHECK_EQ(schema_of_file(), 2);
    MW_CHECK_EQ(sqlite3_open(path, &db), SQLITE_OK);
    MW_CHECK_EQ(sqlite3_exec(db, "DROP INDEX device_states_by_seen", NULL, NULL, NULL), SQLITE_OK);
    MW_CHECK_EQ(sqlite3_close(db), SQLITE_OK);
    store = scratch_open(path);
    check_values();
}

#define UPGRADE_CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
MW_TEST_MAIN(UPGRADE_CASE(a_database_of_release_1_opens_and_keeps_its_values),
             UPGRADE_CASE(a_step_that_fails_changes_nothing))
