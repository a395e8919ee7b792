/* SPDX-License-Identifier: Apache-2.0 */
#include <sqlite3.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/prng.h"
#include "platform/store/chunk.h"
#include "platform/store/test/scratch.h"

static char path[64];
static mw_store *store;
static int64_t tenant, device, channel;

static void open_again(void) {
    mw_store_close(store);
    store = NULL;
    store = scratch_open(path);
}

static int setup(void **state) {
    (void)state;
    store = scratch_new("store", path);
    MW_CHECK_OK(mw_store_begin(store));
    MW_CHECK_OK(mw_store_tenant_put(store, "demo", &tenant));
    mw_store_person person = {.id = "cu-1", .name = "Anna Rossi", .login = "anna"};
    MW_CHECK_OK(mw_store_person_put(store, tenant, &person));
    mw_store_usage_point point = {
        .id = "up-1", .address = "Via Roma 1", .time_zone = "Europe/Rome", .person = "cu-1"};
    MW_CHECK_OK(mw_store_usage_point_put(store, tenant, &point));
    for (unsigned i = 0; i < 5; i++) {
        mw_store_device d = {.identity = UINT64_C(0xf000000000000000) + i, .network_address = 7};
        snprintf(d.serial, sizeof d.serial, "MW-W-%06u", i);
        MW_CHECK_OK(mw_store_device_put(store, tenant, &d, &device));
        mw_store_channel c = {.device = device,
                              .obis = {8, 0, 1, 0, 0, 255},
                              .medium = "water",
                              .unit = MW_UNIT_L,
                              .register_digits = 9};
        MW_CHECK_OK(mw_store_channel_put(store, tenant, &c, &channel));
        mw_store_installation in = {.channel = channel, .from = mw_utc_of_s(1000)};
        in.to = MW_UTC_NONE;
        snprintf(in.usage_point, sizeof in.usage_point, "up-1");
        if (i < 3)
            MW_CHECK_OK(mw_store_installation_put(store, tenant, &in));
    }
    MW_CHECK_OK(mw_store_commit(store));
    return 0;
}

static int teardown(void **state) {
    (void)state;
    mw_store_close(store);
    scratch_remove(path);
    return 0;
}

MW_TEST(the_file_is_private_and_survives_reopening) {
    struct stat st;
    MW_CHECK_EQ(stat(path, &st), 0);
    MW_CHECK_EQ(st.st_mode & 0777, 0600);
    open_again();
    int64_t again = 0;
    MW_CHECK_OK(mw_store_tenant_find(store, "demo", &again));
    MW_CHECK_EQ(again, tenant);
    MW_CHECK_STATUS(mw_store_tenant_find(store, "nobody", &again), MW_NOT_FOUND);
}

MW_TEST(writing_needs_a_transaction) {
    int64_t id;
    MW_CHECK_STATUS(mw_store_tenant_put(store, "other", &id), MW_STATE);
    MW_CHECK_OK(mw_store_begin(store));
    MW_CHECK_STATUS(mw_store_begin(store), MW_STATE);
    MW_CHECK_OK(mw_store_tenant_put(store, "other", &id));
    MW_CHECK_OK(mw_store_rollback(store));
    MW_CHECK_STATUS(mw_store_tenant_find(store, "other", &id), MW_NOT_FOUND);
    MW_CHECK_STATUS(mw_store_commit(store), MW_STATE);
}

MW_TEST(a_reader_sees_commits_and_cannot_write) {
    mw_store *reader = NULL;
    mw_store_sqlite_options o = {.path = path, .read_only = true};
    MW_CHECK_OK(mw_store_sqlite_open(&o, &reader));
    MW_CHECK_OK(mw_store_begin(store));
    MW_CHECK_OK(mw_store_meta_put(store, "tz", "2026a"));
    uint8_t text[16];
    MW_CHECK_STATUS(mw_store_meta_get(reader, "tz", MW_SPAN_OF(text)), MW_NOT_FOUND);
    MW_CHECK_OK(mw_store_commit(store));
    MW_CHECK_OK(mw_store_meta_get(reader, "tz", MW_SPAN_OF(text)));
    MW_CHECK_STR((char *)text, "2026a");
    MW_CHECK(mw_store_begin(reader) != MW_OK);
    mw_store_close(reader);
}

#ifdef ON_POSTGRES
#include "tests/postgres/server.h"
static void make_newer(void) {
    char url[512];
    snprintf(url, sizeof url, "%s&options=-csearch_path%%3Dtstoretest%ddb",
             getenv("MW_TEST_POSTGRES"), (int)getpid());
    MW_CHECK(mw_pg_server_sql(url, "INSERT INTO schema_version VALUES(999)"));
}
#else
static void make_newer(void) {
    sqlite3 *db = NULL;
    MW_CHECK_EQ(sqlite3_open(path, &db), 0);
    MW_CHECK_EQ(sqlite3_exec(db, "INSERT INTO schema_version VALUES(999)", NULL, NULL, NULL), 0);
    MW_CHECK_EQ(sqlite3_close(db), 0);
}
#endif

#ifndef ON_POSTGRES
#include "platform/store/sql_statements.h"

static void no_hex(sqlite3_context *context, int n, sqlite3_value **values) {
    (void)n;
    (void)values;
    sqlite3_result_null(context);
}

static void plan_of(sqlite3 *db, const char *statement, char *plan, size_t size) {
#define X(name, text) {#name, text},
    static const struct { const char *name, *text; } statements[] = {MW_SQ_STATEMENTS(X)};
#undef X
    sqlite3_stmt *st = NULL;
    char sql[8192] = "";
    for (size_t i = 0; i < sizeof statements / sizeof statements[0]; i++)
        if (strcmp(statements[i].name, statement) == 0)
            (void)snprintf(sql, sizeof sql, "EXPLAIN QUERY PLAN %s", statements[i].text);
    MW_CHECK_EQ(sqlite3_prepare_v2(db, sql, -1, &st, NULL), 0);
    plan[0] = 0;
    while (sqlite3_step(st) == SQLITE_ROW) {
        size_t n = strlen(plan);
        (void)snprintf(plan + n, size - n, "%s\n", sqlite3_column_text(st, 3));
    }
    MW_CHECK_EQ(sqlite3_finalize(st), 0);
}

/* A page begins in an index: only equals of one moment are sorted, never what a tenant has. */
MW_TEST(pages_sort_no_fleet) {
    static const struct {
        const char *statement, *starts;
    } pages[] = {
        {"METERS_SEEN", "SEARCH s USING INDEX device_states_by_seen"},
        {"FEED", "SEARCH registers USING INTEGER PRIMARY KEY (rowid>?)"},
        {"REGISTER_BEFORE", "(tenant=? AND channel=? AND obis=? AND meter=?)"},
        {"QUARANTINE_LIST", "SEARCH quarantine USING INTEGER PRIMARY KEY (rowid<?)"},
        {"COMMANDS_ALL", "SEARCH commands USING INTEGER PRIMARY KEY (rowid<?)"},
        {"COMMANDS_CHILDREN", "(tenant=? AND parent=?"},
        {"EXCEPTIONS", "SEARCH exceptions USING INTEGER PRIMARY KEY (rowid<?)"},
        {"ALARMS_ALL", "SEARCH alarms USING INTEGER PRIMARY KEY (rowid<?)"},
        {"SNAPSHOTS", "SEARCH snapshots USING INTEGER PRIMARY KEY (rowid<?)"},
    };
    sqlite3 *db = NULL;
    char plan[4096];
    MW_CHECK_EQ(sqlite3_open(path, &db), 0);
    MW_CHECK_EQ(sqlite3_create_function(db, "hex16", 1, SQLITE_UTF8, NULL, no_hex, NULL, NULL), 0);
    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++) {
        plan_of(db, pages[i].statement, plan, sizeof plan);
        bool good =
            strstr(plan, pages[i].starts) != NULL && strstr(plan, "B-TREE FOR ORDER BY") == NULL;
        if (!good)
            print_message("%s: %s", pages[i].statement, plan);
        MW_CHECK(good);
    }
    plan_of(db, "INSTALLATIONS_OF_POINT", plan, sizeof plan);
    MW_CHECK(strstr(plan, "installations_by_point (tenant=? AND usage_point=?)") != NULL);
    MW_CHECK_EQ(sqlite3_close(db), 0);
}
#else
MW_TEST(pages_sort_no_fleet) {
    skip(); /* PostgreSQL plans by what the tables hold */
}
#endif

MW_TEST(a_newer_database_is_refused) {
    mw_store_close(store);
    store = NULL;
    make_newer();
    MW_CHECK_STATUS(mw_store_sqlite_open(&(mw_store_sqlite_options){.path = path}, &store),
                    MW_UNSUPPORTED);
    store = NULL;
}

typedef struct seen {
    unsigned n;
    char serial[8][MW_STORE_SERIAL_MAX];
    char cursor[MW_STORE_CURSOR_MAX];
    mw_store_sort sort;
    mw_store_meter last;
} seen;

static mw_status remember(void *ctx, const mw_store_meter *m) {
    seen *s = ctx;
    memcpy(s->serial[s->n++], m->device.serial, sizeof m->device.serial);
    mw_store_meter_cursor(m, s->sort, s->cursor);
    s->last = *m;
    return MW_OK;
}

/* Heard meters first, newest first, then those never heard; pages of every size give all once. */
MW_TEST(meters_by_last_seen) {
    MW_CHECK_OK(mw_store_begin(store));
    const int64_t at[] = {500, 900, 500};
    const char *const order[] = {"MW-W-000002", "MW-W-000000", "MW-W-000004", "MW-W-000001",
                                 "MW-W-000003"};
    for (unsigned i = 0; i < 3; i++) {
        mw_store_device d;
        MW_CHECK_OK(mw_store_device_get(store, tenant, UINT64_C(0xf000000000000000) + 2 * i, &d));
        mw_store_device_state state = {
            .tenant = tenant, .device = d.device, .frames = 1, .last_seen = mw_utc_of_s(at[i])};
        MW_CHECK_OK(mw_store_device_state_put(store, &state));
    }
    MW_CHECK_OK(mw_store_commit(store));
    for (uint32_t limit = 1; limit <= 6; limit++) {
        seen s = {.sort = MW_STORE_SORT_LAST_SEEN};
        for (int page = 0; page < 6; page++) {
            char cursor[MW_STORE_CURSOR_MAX];
            int64_t total = 0;
            memcpy(cursor, s.cursor, sizeof cursor);
            mw_store_meter_query q = {
                .tenant = tenant, .limit = limit, .sort = MW_STORE_SORT_LAST_SEEN, .after = cursor};
            MW_CHECK_OK(mw_store_meters(store, &q, remember, &s, &total));
            MW_CHECK_EQ(total, 5);
        }
        MW_CHECK_EQ(s.n, 5);
        for (unsigned i = 0; i < 5; i++)
            MW_CHECK_STR(s.serial[i], order[i]);
    }
    for (int sort = 0; sort < 2; sort++) {
        seen s = {.sort = (mw_store_sort)sort};
        int64_t total = 0;
        mw_store_meter_query q = {
            .tenant = tenant, .limit = 2, .person = "cu-1", .sort = (mw_store_sort)sort};
        MW_CHECK_OK(mw_store_meters(store, &q, remember, &s, &total));
        q.after = s.cursor;
        MW_CHECK_OK(mw_store_meters(store, &q, remember, &s, &total));
        MW_CHECK_EQ(total, 3);
        MW_CHECK_EQ(s.n, 3);
        MW_CHECK_STR(s.serial[0], sort == 0 ? "MW-W-000000" : "MW-W-000002");
    }
}

MW_TEST(meters_are_listed_in_pages) {
    for (int sort = 0; sort < 2; sort++) {
        seen s = {.sort = (mw_store_sort)sort};
        int64_t total = 0;
        mw_store_meter_query q = {.tenant = tenant, .limit = 2, .sort = (mw_store_sort)sort};
        MW_CHECK_OK(mw_store_meters(store, &q, remember, &s, &total));
        MW_CHECK_EQ(total, 5);
        while (s.n < 5) {
            unsigned before = s.n;
            char cursor[MW_STORE_CURSOR_MAX];
            memcpy(cursor, s.cursor, sizeof cursor);
            q.after = cursor;
            MW_CHECK_OK(mw_store_meters(store, &q, remember, &s, &total));
            MW_CHECK(s.n > before);
        }
        for (unsigned i = 1; i < 5; i++)
            MW_CHECK(strcmp(s.serial[i - 1], s.serial[i]) < 0);
    }
    seen s = {0};
    int64_t total = 0;
    mw_store_meter_query q = {.tenant = tenant, .limit = 9, .search = "roma", .person = "cu-1"};
    MW_CHECK_OK(mw_store_meters(store, &q, remember, &s, &total));
    MW_CHECK_EQ(total, 3);
    MW_CHECK_STR(s.last.person.name, "Anna Rossi");
    MW_CHECK_STR(s.last.usage_point.time_zone, "Europe/Rome");
    q = (mw_store_meter_query){.tenant = tenant, .limit = 9, .search = "f000000000000004"};
    MW_CHECK_OK(mw_store_meters(store, &q, remember, &s, &total));
    MW_CHECK_EQ(total, 1);
    q.search = "100%";
    MW_CHECK_OK(mw_store_meters(store, &q, remember, &s, &total));
    MW_CHECK_EQ(total, 0);
    q.tenant = tenant + 1;
    q.search = NULL;
    MW_CHECK_OK(mw_store_meters(store, &q, remember, &s, &total));
    MW_CHECK_EQ(total, 0);
    q.limit = MW_STORE_PAGE_MAX + 1;
    MW_CHECK_STATUS(mw_store_meters(store, &q, remember, &s, &total), MW_RANGE);
    q.limit = 1;
    q.after = "nonsense";
    MW_CHECK_STATUS(mw_store_meters(store, &q, remember, &s, &total), MW_SYNTAX);
}

MW_TEST(an_installation_moves_by_date) {
    mw_store_usage_point point = {.id = "up-2", .address = "Via Po 2", .time_zone = "Europe/Rome"};
    mw_store_installation in = {.from = mw_utc_of_s(5000), .to = MW_UTC_NONE};
    snprintf(in.usage_point, sizeof in.usage_point, "up-2");
    mw_store_meter m;
    MW_CHECK_OK(mw_store_meter_get(store, tenant, UINT64_C(0xf000000000000000), 0, &m));
    in.channel = m.channel.channel;
    MW_CHECK_OK(mw_store_begin(store));
    MW_CHECK_OK(mw_store_usage_point_put(store, tenant, &point));
    MW_CHECK_OK(mw_store_installation_put(store, tenant, &in));
    MW_CHECK_OK(mw_store_installation_put(store, tenant, &in)); /* again changes nothing */
    in.from = mw_utc_of_s(4000);
    snprintf(in.usage_point, sizeof in.usage_point, "up-1");
    MW_CHECK_STATUS(mw_store_installation_put(store, tenant, &in), MW_CONFLICT);
    MW_CHECK_OK(mw_store_commit(store));
    MW_CHECK_OK(mw_store_meter_get(store, tenant, UINT64_C(0xf000000000000000), 0, &m));
    MW_CHECK_STR(m.usage_point.id, "up-2");
    MW_CHECK_EQ(m.installation.from.us, INT64_C(5000000000));
}

MW_TEST(the_journal_knows_duplicates_and_conflicts) {
    mw_store_envelope e = {.tenant = tenant,
                           .sender = 1,
                           .epoch = UINT64_MAX,
                           .seq = 7,
                           .kind = MW_STORE_KIND_UNB,
                           .received = mw_utc_of_s(1),
                           .stored = mw_utc_of_s(2),
                           .content = mw_slice_of_str("{\"a\":1}")};
    mw_store_append result;
    int64_t first = 0, id = 0;
    MW_CHECK_OK(mw_store_begin(store));
    MW_CHECK_OK(mw_store_journal_append(store, &e, &result, &first));
    MW_CHECK_EQ(result, MW_STORE_APPENDED);
    MW_CHECK_OK(mw_store_journal_append(store, &e, &result, &id));
    MW_CHECK_EQ(result, MW_STORE_DUPLICATE);
    MW_CHECK_EQ(id, first);
    e.content = mw_slice_of_str("{\"a\":2}");
    MW_CHECK_OK(mw_store_journal_append(store, &e, &result, &id));
    MW_CHECK_EQ(result, MW_STORE_CONFLICT);
    MW_CHECK(id > first);
    MW_CHECK_OK(mw_store_journal_append(store, &e, &result, &id));
    MW_CHECK_EQ(result, MW_STORE_DUPLICATE);
    e.epoch = 1;
    MW_CHECK_OK(mw_store_journal_append(store, &e, &result, &id));
    MW_CHECK_EQ(result, MW_STORE_APPENDED);
    MW_CHECK_OK(mw_store_commit(store));
}

typedef struct collected {
    size_t n;
    mw_store_interval row[2000];
} collected;

static mw_status collect(void *ctx, int64_t at, const mw_store_interval *row) {
    collected *c = ctx;
    MW_CHECK_EQ(at, channel);
    c->row[c->n++] = *row;
    return MW_OK;
}

/* The property of folding: at any moment, folded or not, readers see the same values. */
MW_TEST(folding_keeps_every_value) {
    static collected before, after;
    mw_prng g = mw_prng_of_seed(3);
    mw_utc from = mw_utc_of_s(0), to = mw_utc_of_s(INT64_C(30000) * MW_DAY_S);
    MW_CHECK_OK(mw_store_begin(store));
    for (int report = 0; report < 200; report++) {
        int64_t day = 20000 + (int64_t)mw_prng_below(&g, 20);
        mw_store_interval rows[24];
        size_t n = 0;
        for (unsigned h = 0; h < 24; h++)
            if (mw_prng_below(&g, 10) != 0)
                rows[n++] =
                    (mw_store_interval){.start = mw_utc_of_s(day * MW_DAY_S + h * 3600),
                                        .seconds = 3600,
                                        .value = (int64_t)(h * 10 + (mw_prng_below(&g, 50) == 0)),
                                        .received = mw_utc_of_s((day + 1) * MW_DAY_S + report),
                                        .journal = report};
        if (n > 0)
            MW_CHECK_OK(mw_store_run_append(store, tenant, channel, rows, n));
        if (report % 13 == 0) {
            before.n = after.n = 0;
            uint32_t folded = 0;
            MW_CHECK_OK(mw_store_intervals(store, tenant, channel, from, to, collect, &before));
            MW_CHECK_OK(mw_store_fold(store, 1 + (uint32_t)mw_prng_below(&g, 9), &folded));
            MW_CHECK_OK(mw_store_intervals_all(store, tenant, from, to, collect, &after));
            MW_CHECK_EQ(before.n, after.n);
            MW_CHECK_EQ(memcmp(before.row, after.row, before.n * sizeof before.row[0]), 0);
        }
    }
    uint32_t folded = 1;
    while (folded > 0)
        MW_CHECK_OK(mw_store_fold(store, 16, &folded));
    MW_CHECK_OK(mw_store_commit(store));
    int64_t hot = 1;
    MW_CHECK_OK(mw_store_hot_rows(store, &hot));
    MW_CHECK_EQ(hot, 0);
    after.n = 0;
    MW_CHECK_OK(mw_store_intervals(store, tenant, channel, from, to, collect, &after));
    MW_CHECK(after.n > 400);
    /* Bounds are of the start, the end exclusive. */
    mw_utc start = after.row[10].start;
    before.n = 0;
    MW_CHECK_OK(
        mw_store_intervals(store, tenant, channel, start, after.row[12].start, collect, &before));
    MW_CHECK_EQ(before.n, 2);
}

static mw_status count_alarm(void *ctx, const mw_store_sign *a) {
    int64_t *n = ctx;
    *n += a->count;
    return MW_OK;
}

MW_TEST(alarms_of_one_subject_are_one_row) {
    mw_store_sign a = {.tenant = tenant,
                       .kind = "auth_failures",
                       .subject = "0007",
                       .text = "tags fail",
                       .last_at = mw_utc_of_s(9)};
    MW_CHECK_OK(mw_store_begin(store));
    for (int i = 0; i < 3; i++)
        MW_CHECK_OK(mw_store_sign_raise(store, &a));
    MW_CHECK_OK(mw_store_commit(store));
    int64_t n = 0;
    MW_CHECK_OK(mw_store_signs(store, tenant, 0, 1, count_alarm, &n));
    MW_CHECK_EQ(n, 3);
}

MW_TEST(users_and_sessions) {
    mw_store_user u = {.tenant = tenant,
                       .id = "u1",
                       .login = "anna",
                       .name = "Anna",
                       .role = "consumer",
                       .person = "cu-1"};
    mw_store_session session = {.token_hash = {1, 2, 3},
                                .user = "u1",
                                .tenant = tenant,
                                .csrf = "c",
                                .created = mw_utc_of_s(1),
                                .last_used = mw_utc_of_s(1),
                                .expires = mw_utc_of_s(100)};
    MW_CHECK_OK(mw_store_begin(store));
    MW_CHECK_OK(mw_store_user_put(store, &u));
    MW_CHECK_OK(mw_store_session_put(store, &session));
    MW_CHECK_OK(mw_store_commit(store));
    mw_store_user back;
    mw_store_session found;
    MW_CHECK_OK(mw_store_user_by_login(store, "anna", &back));
    MW_CHECK_STR(back.person, "cu-1");
    mw_slice hash = MW_SLICE_OF(session.token_hash);
    MW_CHECK_OK(mw_store_session_get(store, hash, &found));
    MW_CHECK_STR(found.user, "u1");
    MW_CHECK_OK(mw_store_begin(store));
    MW_CHECK_OK(mw_store_sessions_expire(store, mw_utc_of_s(101)));
    MW_CHECK_OK(mw_store_commit(store));
    MW_CHECK_STATUS(mw_store_session_get(store, hash, &found), MW_NOT_FOUND);
}

MW_TEST(obis_texts) {
    uint8_t code[6];
    char text[MW_STORE_OBIS_TEXT_MAX];
    MW_CHECK_OK(mw_store_obis_parse("1-0:1.8.0*255", code));
    mw_store_obis_format(code, text);
    MW_CHECK_STR(text, "1-0:1.8.0*255");
    MW_CHECK_OK(mw_store_obis_parse("8-0:1.0.0", code));
    mw_store_obis_format(code, text);
    MW_CHECK_STR(text, "8-0:1.0.0*255");
    const char *const bad[] = {
        "", "1-0:1.8", "1-0:1.8.0*", "1-0:1.8.0*256", "1-0:1.8.0*255x", "1-0:1.8.00000", "x"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        MW_CHECK_STATUS(mw_store_obis_parse(bad[i], code), MW_SYNTAX);
}

#define STORE_CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
MW_TEST_MAIN(STORE_CASE(the_file_is_private_and_survives_reopening),
             STORE_CASE(writing_needs_a_transaction),
             STORE_CASE(a_reader_sees_commits_and_cannot_write),
             STORE_CASE(a_newer_database_is_refused), STORE_CASE(meters_are_listed_in_pages),
             STORE_CASE(meters_by_last_seen), STORE_CASE(pages_sort_no_fleet),
             STORE_CASE(an_installation_moves_by_date),
             STORE_CASE(the_journal_knows_duplicates_and_conflicts),
             STORE_CASE(folding_keeps_every_value), STORE_CASE(alarms_of_one_subject_are_one_row),
             STORE_CASE(users_and_sessions), MW_CASE(obis_texts))
