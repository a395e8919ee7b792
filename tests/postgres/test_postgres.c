/* SPDX-License-Identifier: Apache-2.0
 *
 * What is PostgreSQL's alone: its words, addresses that are refused, numbers of rows, an upgrade and
 * the way into a file and back. test_faults.c breaks it.
 */
#include <stdio.h>
#include <unistd.h>

#include "platform/store/postgres_backup.h"
#include "platform/store/postgres_internal.h"
#include "platform/store/sqlite_backup.h"
#include "platform/store/test/scratch.h"
#include "tests/postgres/fixture.h"

/* --- words ------------------------------------------------------------------------------------- */

static void check_words(const char *sql, const char *expected) {
    mw_pg_text t;
    MW_CHECK_OK(mw_pg_translate(sql, strlen(sql), &t));
    MW_CHECK_STR(t.sql, expected);
    free(t.sql);
}

MW_TEST(sql_in_the_words_of_postgresql) {
    check_words("SELECT a FROM t WHERE b LIKE ?2 AND c = ?10",
                "SELECT a FROM t WHERE b ILIKE $2 AND c = $10");
    check_words("CREATE TABLE t(a INTEGER, b BLOB) WITHOUT ROWID",
                "CREATE TABLE t(a BIGINT, b BYTEA) ");
    check_words("SELECT 'LIKE ?1 INTEGER', user FROM a CROSS JOIN b ON a.x = b.x",
                "SELECT 'LIKE ?1 INTEGER', \"user\" FROM a  JOIN b ON a.x = b.x");
    check_words("SELECT 1 FROM a CROSS JOIN b JOIN c ON c.x = b.x",
                "SELECT 1 FROM a CROSS JOIN b JOIN c ON c.x = b.x");
    mw_pg_text t;
    const char *insert = "INSERT INTO t(a, b) VALUES(?1, ?2)";
    MW_CHECK_OK(mw_pg_translate(insert, strlen(insert), &t));
    MW_CHECK(mw_pg_names_column(&t, "b") && !mw_pg_names_column(&t, "id"));
    MW_CHECK_OK(mw_pg_add_column(&t, "id", "$3"));
    MW_CHECK_STR(t.sql, "INSERT INTO t(id, a, b) VALUES( $3, $1, $2)");
    free(t.sql);
    MW_CHECK_STATUS(mw_pg_translate("SELECT ?99", 10, &t), MW_LIMIT);
    MW_CHECK_EQ(mw_pg_statement_length("SELECT ';'; SELECT 2"), 10);
}

/* No statement waits for a rare request to turn out to be wrong. */
MW_TEST(every_statement_is_one_of_postgresql) {
    new_schema("prepared");
    mw_store *s = open_store(false);
    PGconn *c = PQconnectdb(url);
    int bad = 0;
    for (int i = 0; i < MW_SQ_COUNT; i++) {
        mw_pg_text t;
        MW_CHECK_OK(mw_pg_translate(mw_sq_statement_sql[i], strlen(mw_sq_statement_sql[i]), &t));
        bool good = false;
        /* What "?N IS NULL" leaves open is a number or a text. */
        for (int mask = 0; mask <= 64 && !good; mask++) {
            Oid types[MW_PG_PARAMS_MAX] = {0};
            for (int k = 0, bit = 0; k < t.params; k++)
                if (t.tested[k] || !t.used[k] || mask == 64) /* the last: numbers only */
                    types[k] = mask < 64 && mask >> (bit++ % 6) & 1 ? 25 : 20;
            PGresult *r = PQprepare(c, "", t.sql, t.params, types);
            good = PQresultStatus(r) == PGRES_COMMAND_OK;
            if (!good && mask == 64)
                print_error("%s\n%s\n", PQresultErrorMessage(r), t.sql);
            PQclear(r);
        }
        bad += !good;
        free(t.sql);
    }
    MW_CHECK_EQ(bad, 0);
    PQfinish(c);
    mw_store_close(s);
}

/* --- addresses --------------------------------------------------------------------------------- */

static mw_status try_url(const char *address) {
    mw_store *s = NULL;
    return mw_store_postgres_open(&(mw_store_postgres_options){.url = address}, &s);
}

MW_TEST(no_password_in_an_address_and_no_network_without_tls) {
    MW_CHECK_STATUS(try_url("postgresql://a:secret@/b"), MW_FORBIDDEN);
    MW_CHECK_STATUS(try_url("postgresql://a@db.example/b?sslmode=prefer"), MW_FORBIDDEN);
    MW_CHECK_STATUS(try_url("postgresql://a@127.0.0.1,db.example/b?sslmode=disable"), MW_FORBIDDEN);
    MW_CHECK_STATUS(try_url("postgresql://a@127.evil.example/b?sslmode=disable"), MW_FORBIDDEN);
    MW_CHECK_STATUS(try_url("mysql://a"), MW_SYNTAX);
    MW_CHECK_STATUS(try_url("postgresql://a@/b?host=/nowhere"), MW_IO);
}

/* --- numbers and other writers ----------------------------------------------------------------- */

MW_TEST(numbers_go_on_after_rollbacks_and_beside_other_writers) {
    new_schema("numbers");
    int64_t tenant = 0, before = 0, after = 0, n = 0;
    mw_store *a = open_store(true), *b = open_store(false);
    MW_CHECK_OK(mw_store_begin(a));
    MW_CHECK_OK(mw_store_tenant_put(a, "demo", &tenant));
    MW_CHECK_EQ(device_add(a, tenant, 1), 1);
    MW_CHECK_OK(mw_store_commit(a));
    MW_CHECK_OK(mw_store_data_version(a, &before));
    MW_CHECK_OK(mw_store_begin(a));
    MW_CHECK_EQ(device_add(a, tenant, 2), 2);
    MW_CHECK_EQ(device_add(a, tenant, 1), 1); /* there already: takes no number */
    MW_CHECK_OK(mw_store_rollback(a));
    MW_CHECK_OK(mw_store_begin(b));
    MW_CHECK_EQ(device_add(b, tenant, 3), 2);
    MW_CHECK_OK(mw_store_commit(b));
    MW_CHECK_OK(mw_store_data_version(a, &after));
    MW_CHECK(after != before);
    MW_CHECK_OK(mw_store_begin(a));
    MW_CHECK_EQ(device_add(a, tenant, 4), 3);
    MW_CHECK_OK(mw_store_commit(a));
    MW_CHECK_OK(mw_store_data_version(a, &n));
    MW_CHECK_EQ(n, after); /* its own work is no news */
    mw_store *second = NULL;
    MW_CHECK_STATUS(
        mw_store_postgres_open(&(mw_store_postgres_options){.url = url, .alone = true}, &second),
        MW_STATE);
    mw_store_close(a);
    mw_store_close(b);
}

/* --- upgrade ----------------------------------------------------------------------------------- */

static void make_release_1(void) {
    mw_pg *p = calloc(1, sizeof *p);
    char why[256];
    p->url = url;
    MW_CHECK_OK(mw_pg_connect(p, why, sizeof why));
    MW_CHECK_OK(mw_pg_bootstrap(p));
    MW_CHECK_OK(mw_pg_exec_plain(p, "BEGIN"));
    MW_CHECK_OK(mw_pg_define(&p->sq, "CREATE TABLE schema_version(version INTEGER PRIMARY KEY)"));
    for (int i = 0; i < MW_SQ_SCHEMA_RELEASE_1; i++)
        for (const char *const *text = mw_sq_schema_steps[i]; *text != NULL; text++)
            MW_CHECK_OK(mw_pg_define(&p->sq, *text));
    MW_CHECK_OK(mw_pg_exec(&p->sq, "INSERT INTO schema_version VALUES(1), (2), (3);"
                                   "INSERT INTO tenants VALUES(7, 'demo');"
                                   "INSERT INTO alarms VALUES(4, 7, 'k', 's', 't', 1, 2, 3, 0)"));
    MW_CHECK_OK(mw_pg_exec_plain(p, "COMMIT"));
    PQfinish(p->conn);
    free(p->days);
    free(p);
}

MW_TEST(a_database_of_release_1_is_upgraded) {
    new_schema("upgraded");
    make_release_1();
    mw_store *reader = NULL;
    mw_store_postgres_options o = {.url = url, .read_only = true};
    MW_CHECK_STATUS(mw_store_postgres_open(&o, &reader), MW_UNSUPPORTED); /* it never writes */
    mw_store *s = open_store(false);
    int64_t tenant = 0;
    MW_CHECK_OK(mw_store_tenant_find(s, "demo", &tenant));
    MW_CHECK_EQ(tenant, 7);
    MW_CHECK_OK(mw_store_begin(s));
    MW_CHECK_OK(mw_store_tenant_put(s, "another", &tenant));
    MW_CHECK_EQ(tenant, 8);
    MW_CHECK_OK(mw_store_commit(s));
    mw_store_close(s);
    MW_CHECK_OK(mw_store_postgres_open(&o, &s));
    MW_CHECK_STATUS(mw_store_begin(s), MW_STATE);
    mw_store_close(s);
}

/* --- as one file ------------------------------------------------------------------------------- */

static void fill_something(mw_store *s) {
    int64_t of = 0, by = 0, id = 0;
    uint8_t hash[32] = {1};
    mw_store_append result;
    MW_CHECK_OK(mw_store_begin(s));
    MW_CHECK_OK(mw_store_tenant_put(s, "demo", &of));
    MW_CHECK_OK(mw_store_sender_put(s, of, "st-1", MW_SLICE_OF(hash), &by));
    for (int day = 0; day < 40; day++) {
        mw_store_interval rows[24];
        char text[64];
        snprintf(text, sizeof text, "{\"seq\":%d,\"text\":\"D\xc3\xa9j\xc3\xa0\"}", day);
        mw_store_envelope e = {.tenant = of,
                               .sender = by,
                               .epoch = 1,
                               .seq = (uint64_t)day,
                               .kind = MW_STORE_KIND_UNB,
                               .received = mw_utc_of_s((20700 + day) * 86400),
                               .stored = mw_utc_of_s((20700 + day) * 86400),
                               .content = mw_slice_of_str(text)};
        MW_CHECK_OK(mw_store_journal_append(s, &e, &result, &id));
        for (int h = 0; h < 24; h++)
            rows[h] = (mw_store_interval){.start = mw_utc_of_s((20700 + day) * 86400 + h * 3600),
                                          .seconds = 3600,
                                          .value = day == 3 && h == 4 ? INT64_MIN / 4 : h * day,
                                          .received = e.received,
                                          .journal = id};
        MW_CHECK_OK(mw_store_run_append(s, of, 7 + day % 2, rows, 24));
        if (day == 30) { /* the rest stays hot */
            uint32_t n = 1;
            MW_CHECK_OK(mw_store_fold(s, 1000, &n));
        }
    }
    mw_store_change change = {.tenant = of, .channel = 7, .master = true};
    MW_CHECK_OK(mw_store_change_add(s, &change));
    MW_CHECK_OK(mw_store_changes_prune(s, INT64_MAX));
    MW_CHECK_OK(mw_store_commit(s));
}

static void digest_of(mw_store *s, uint8_t out[32]) {
    MW_CHECK_OK(mw_store_digest(s, out));
}

typedef struct newest_change {
    int64_t id;
} newest_change;

static mw_status change_seen(void *ctx, const mw_store_change *row) {
    ((newest_change *)ctx)->id = row->id;
    return MW_OK;
}

/* The number that the next change gets: never one that was given before, pruned or not. */
static int64_t next_change(mw_store *s) {
    mw_store_change change = {.tenant = 1, .channel = 7, .master = true};
    newest_change seen = {0};
    MW_CHECK_OK(mw_store_begin(s));
    MW_CHECK_OK(mw_store_change_add(s, &change));
    MW_CHECK_OK(mw_store_changes(s, 0, 1000, change_seen, &seen));
    MW_CHECK_OK(mw_store_rollback(s));
    return seen.id;
}

MW_TEST(a_store_becomes_a_file_and_a_store_again) {
    uint8_t was[32], copied[32], filled[32];
    char path[64];
    mw_store *s = NULL;
    mw_store_sqlite_report r;
    snprintf(path, sizeof path, "postgres-copy-%d.db", (int)getpid());
    (void)unlink(path);
    new_schema("copied");
    s = open_store(false);
    fill_something(s);
    digest_of(s, was);
    int64_t next = next_change(s);
    mw_store_postgres_options o = {.url = url};
    MW_CHECK_STATUS(mw_store_postgres_vacant(&o), MW_DUPLICATE);
    MW_CHECK_OK(mw_store_postgres_copy(&o, path)); /* while it is open and used */
    MW_CHECK_STATUS(mw_store_postgres_copy(&o, path), MW_DUPLICATE);
    mw_store_close(s);

    MW_CHECK_OK(mw_store_sqlite_inspect(path, &r));
    MW_CHECK(r.whole);
    MW_CHECK_EQ(r.undecodable, 0);
    MW_CHECK_EQ(r.values, 40 * 24);
    MW_CHECK_EQ(r.head.journal, 40);
    MW_CHECK_OK(mw_store_sqlite_open(&(mw_store_sqlite_options){.path = path}, &s));
    digest_of(s, copied);
    MW_CHECK_EQ(next_change(s), next);
    mw_store_close(s);
    MW_CHECK(memcmp(was, copied, 32) == 0);

    new_schema("filled");
    o.url = url;
    MW_CHECK_OK(mw_store_postgres_vacant(&o));
    MW_CHECK_OK(mw_store_postgres_fill(&o, path));
    MW_CHECK_STATUS(mw_store_postgres_fill(&o, path), MW_DUPLICATE);
    s = open_store(true);
    digest_of(s, filled);
    MW_CHECK_EQ(next_change(s), next);
    mw_store_close(s);
    MW_CHECK(memcmp(was, filled, 32) == 0);
    scratch_remove(path);
}

MW_TEST(partitions_are_made_ahead_and_dropped_when_empty) {
    new_schema("days");
    mw_store *s = open_store(false);
    fill_something(s);
    mw_pg *p = mw_pg_of(mw_sq_of(s));
    int64_t n = 0;
    MW_CHECK_OK(mw_pg_ask(p, "SELECT count(*) FROM mw_days", &n));
    MW_CHECK(n > 31);
    MW_CHECK_OK(mw_pg_ask(p, "SELECT max(day) FROM mw_days", &n));
    MW_CHECK(n >= 20700 + 31);
    MW_CHECK_OK(mw_store_begin(s));
    for (int64_t day = 20700; day < 20705; day++)
        for (int64_t c = 7; c < 9; c++)
            MW_CHECK_OK(mw_store_day_replace(s, 1, c, day, NULL, 0));
    MW_CHECK_OK(mw_store_commit(s));
    for (int i = 0; i < 3; i++) { /* some at a time */
        MW_CHECK_OK(mw_store_begin(s));
        MW_CHECK_OK(mw_store_commit(s));
    }
    MW_CHECK_OK(mw_pg_ask(p, "SELECT min(day) FROM mw_days", &n));
    MW_CHECK_EQ(n, 20705);
    MW_CHECK_OK(mw_pg_ask(p,
                          "SELECT count(*) FROM pg_class WHERE relname = 'chunks_d20701'"
                          " AND relnamespace = current_schema()::regnamespace",
                          &n));
    MW_CHECK_EQ(n, 0);
    mw_store_close(s);
}

/* --- many rows at once ------------------------------------------------------------------------- */

static void hours_add(mw_store *s, int64_t channel, int64_t day, int from, int n, int64_t value) {
    mw_store_interval rows[24];
    for (int h = 0; h < n; h++)
        rows[h] = (mw_store_interval){.start = mw_utc_of_s(day * 86400 + (from + h) * 3600),
                                      .seconds = 3600,
                                      .value = value,
                                      .journal = day,
                                      .received = mw_utc_of_s((day + 1) * 86400)};
    uint32_t folded = 0;
    MW_CHECK_OK(mw_store_run_append(s, 1, channel, rows, (size_t)n));
    MW_CHECK_OK(mw_store_fold(s, 100, &folded));
}

typedef struct counted {
    int64_t rows, stop_at;
} counted;

static mw_status count_row(void *ctx, int64_t channel, const mw_store_interval *row) {
    counted *c = ctx;
    (void)channel;
    (void)row;
    return ++c->rows == c->stop_at ? MW_CONFLICT : MW_OK;
}

static mw_status count_hours(mw_store *s, int64_t days, counted *c) {
    return mw_store_intervals(s, 1, 7, mw_utc_of_s(20700 * INT64_C(86400)),
                              mw_utc_of_s((20700 + days) * 86400), count_row, c);
}

/* More days than are asked for at once, some without a partition; and what was asked for and not
 * read when a chunk changes is not believed any more. */
MW_TEST(days_asked_ahead_are_those_that_are_stored) {
    new_schema("ahead");
    mw_store *s = open_store(false), *reader = open_store(false);
    counted all = {0}, some = {.stop_at = 30}, then = {0}, committed = {0}, seen = {0};
    MW_CHECK_OK(mw_store_begin(s));
    for (int64_t day = 20700; day < 20700 + 1200; day += day < 20710 ? 1 : 200)
        hours_add(s, 7, day, 0, 12, 5);
    MW_CHECK_OK(mw_store_commit(s));
    MW_CHECK_OK(count_hours(reader, 1200, &all));
    MW_CHECK_EQ(all.rows, 16 * 12);
    MW_CHECK_OK(mw_store_begin(s));
    MW_CHECK_STATUS(count_hours(s, 10, &some), MW_CONFLICT);
    hours_add(s, 7, 20703, 12, 4, 5);
    hours_add(s, 7, 20705, 12, 4, 5);
    MW_CHECK_OK(count_hours(s, 10, &then));
    MW_CHECK_EQ(then.rows, 10 * 12 + 8);
    MW_CHECK_OK(count_hours(reader, 10, &committed)); /* nothing of it yet */
    MW_CHECK_EQ(committed.rows, 10 * 12);
    MW_CHECK_OK(mw_store_commit(s));
    MW_CHECK_OK(count_hours(reader, 10, &seen));
    MW_CHECK_EQ(seen.rows, 10 * 12 + 8);
    mw_store_close(reader);
    mw_store_close(s);
}

static mw_status take_sum(void *ctx, const mw_store_day_sum *row) {
    mw_store_day_sum *sums = ctx;
    MW_CHECK(row->channel >= 1 && row->channel <= 3);
    sums[row->channel] = *row;
    return MW_OK;
}

/* The rows of a fleet come as one value: a sum that is none and one of every bit are told apart. */
MW_TEST(sums_of_a_day_keep_their_values_when_packed) {
    new_schema("packed");
    mw_store *s = open_store(false);
    mw_store_day_sum sums[4] = {0};
    MW_CHECK_OK(mw_store_day_sums(s, 1, 20700, take_sum, sums));
    MW_CHECK_EQ(sums[1].intervals, 0);
    MW_CHECK_OK(mw_store_begin(s));
    hours_add(s, 1, 20700, 0, 2, INT64_MAX); /* too much for 63 bits */
    hours_add(s, 2, 20700, 0, 1, INT64_MIN);
    hours_add(s, 3, 20700, 0, 24, -1);
    MW_CHECK_OK(mw_store_commit(s));
    MW_CHECK_OK(mw_store_day_sums(s, 1, 20700, take_sum, sums));
    MW_CHECK(!sums[1].fits && sums[2].fits && sums[3].fits);
    MW_CHECK_EQ(sums[1].intervals, 2);
    MW_CHECK_EQ(sums[2].intervals, 1);
    MW_CHECK_EQ(sums[2].sum, INT64_MIN);
    MW_CHECK_EQ(sums[3].intervals, 24);
    MW_CHECK_EQ(sums[3].sum, -24);
    mw_store_close(s);
}

int main(void) {
    const struct CMUnitTest cases[] = {
        MW_CASE(sql_in_the_words_of_postgresql),
        MW_CASE(every_statement_is_one_of_postgresql),
        MW_CASE(no_password_in_an_address_and_no_network_without_tls),
        MW_CASE(numbers_go_on_after_rollbacks_and_beside_other_writers),
        MW_CASE(a_database_of_release_1_is_upgraded),
        MW_CASE(a_store_becomes_a_file_and_a_store_again),
        MW_CASE(partitions_are_made_ahead_and_dropped_when_empty),
        MW_CASE(days_asked_ahead_are_those_that_are_stored),
        MW_CASE(sums_of_a_day_keep_their_values_when_packed),
    };
    /* Nothing here depends on what a power cut leaves. */
    server.settings = "fsync = off";
    if (!mw_pg_server_start(&server))
        return server.bin[0] == 0 ? 77 : 1;
    int failed = cmocka_run_group_tests(cases, NULL, NULL);
    mw_pg_server_stop(&server);
    return failed;
}
