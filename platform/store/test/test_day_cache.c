/* SPDX-License-Identifier: Apache-2.0
 *
 * Decoded days that transactions keep: what they give, and that they never outlive the truth.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "platform/store/day_cache.h"
#include "platform/store/sqlite.h"
#include "tests/harness/mw_test.h"

enum { DAY = 20000, TENANT = 1, CHANNEL = 7 };

static void day_make(mw_store_interval rows[24], int64_t first) {
    for (int64_t i = 0; i < 24; i++)
        rows[i] = (mw_store_interval){.start = mw_utc_of_s(DAY * MW_DAY_S + i * 3600),
                                      .seconds = 3600,
                                      .value = first + i,
                                      .received = {(DAY + 1) * MW_DAY_S * MW_US_PER_S + 5},
                                      .journal = 3};
}

MW_TEST(a_kept_day_is_as_its_chunk_would_give_it) {
    mw_day_cache *c = mw_day_cache_new();
    mw_day_key key = {TENANT, DAY, CHANNEL}, other = {TENANT, DAY, CHANNEL + MW_DAY_CACHE_SLOTS};
    mw_store_interval rows[24], out[MW_CHUNK_VALUES_MAX];
    size_t n = 0;
    day_make(rows, 100);
    MW_CHECK(mw_day_cache_empty(c) && !mw_day_cache_get(c, &key, out, &n));
    mw_day_cache_put(c, &key, rows, 24);
    MW_CHECK(!mw_day_cache_empty(c) && mw_day_cache_get(c, &key, out, &n) && n == 24);
    MW_CHECK_EQ(out[23].value, 123);
    MW_CHECK_EQ(out[23].received.us, (DAY + 1) * MW_DAY_S * MW_US_PER_S); /* whole seconds */
    MW_CHECK(!mw_day_cache_get(c, &other, out, &n));
    mw_day_cache_drop(c, &other); /* lies in the same place, and is not there */
    MW_CHECK(mw_day_cache_get(c, &key, out, &n));
    mw_day_cache_put(c, &other, rows, 12);
    MW_CHECK(!mw_day_cache_get(c, &key, out, &n));
    MW_CHECK(mw_day_cache_get(c, &other, out, &n) && n == 12);
    mw_day_cache_clear(c);
    MW_CHECK(!mw_day_cache_get(c, &other, out, &n));
    mw_day_cache_free(c);
}

MW_TEST(a_day_that_grew_too_long_is_forgotten) {
    static mw_store_interval rows[MW_CHUNK_VALUES_MAX];
    mw_day_cache *c = mw_day_cache_new();
    mw_day_key key = {TENANT, DAY, CHANNEL};
    size_t n = 0;
    day_make(rows, 1);
    mw_day_cache_put(c, &key, rows, 24);
    mw_day_cache_put(c, &key, rows, MW_DAY_CACHE_ROWS_MAX + 1);
    MW_CHECK(!mw_day_cache_get(c, &key, rows, &n));
    mw_day_cache_free(c);
}

static char path[] = "test-day-cache-XXXXXX";
static mw_store *ours, *theirs;

static int stores_open(void **state) {
    (void)state;
    int fd = mkstemp(path);
    mw_store_sqlite_options o = {.path = path};
    if (fd < 0 || close(fd) != 0 || mw_store_sqlite_open(&o, &ours) != MW_OK)
        return -1;
    return mw_store_sqlite_open(&o, &theirs) == MW_OK ? 0 : -1;
}

static int stores_close(void **state) {
    (void)state;
    mw_store_close(ours);
    mw_store_close(theirs);
    for (int i = 0; i < 3; i++) {
        char name[64];
        (void)snprintf(name, sizeof name, "%s%s", path,
                       (const char *const[]){"", "-wal", "-shm"}[i]);
        (void)unlink(name);
    }
    (void)snprintf(path, sizeof path, "test-day-cache-XXXXXX");
    return 0;
}

static mw_status on_interval(void *ctx, int64_t channel, const mw_store_interval *row) {
    (void)channel;
    *(int64_t *)ctx += row->value;
    return MW_OK;
}

/* The day's sum as a transaction of `s` sees it. */
static int64_t seen_by(mw_store *s) {
    int64_t sum = 0;
    MW_CHECK_OK(mw_store_begin(s));
    MW_CHECK_OK(mw_store_intervals(s, TENANT, CHANNEL, mw_utc_of_s(DAY * MW_DAY_S),
                                   mw_utc_of_s((DAY + 1) * MW_DAY_S), on_interval, &sum));
    MW_CHECK_OK(mw_store_commit(s));
    return sum;
}

static void append_and_fold(mw_store *s, int64_t first) {
    mw_store_interval rows[24];
    uint32_t n = 0;
    day_make(rows, first);
    MW_CHECK_OK(mw_store_run_append(s, TENANT, CHANNEL, rows, 24));
    MW_CHECK_OK(mw_store_fold(s, MW_STORE_FOLD_MAX, &n));
    MW_CHECK_EQ(n, 1);
}

MW_TEST(what_was_undone_is_not_kept) {
    MW_CHECK_OK(mw_store_begin(ours));
    append_and_fold(ours, 10);
    MW_CHECK_OK(mw_store_rollback(ours));
    MW_CHECK_EQ(seen_by(ours), 0);
}

MW_TEST(what_another_connection_wrote_is_seen) {
    mw_store_interval rows[24];
    MW_CHECK_OK(mw_store_begin(ours));
    append_and_fold(ours, 10);
    MW_CHECK_OK(mw_store_commit(ours));
    int64_t sum = 24 * 10 + 276;
    MW_CHECK_EQ(seen_by(ours), sum);
    day_make(rows, 50);
    MW_CHECK_OK(mw_store_begin(theirs));
    MW_CHECK_OK(mw_store_day_replace(theirs, TENANT, CHANNEL, DAY, rows, 24));
    MW_CHECK_OK(mw_store_commit(theirs));
    MW_CHECK_EQ(seen_by(ours), 24 * 50 + 276);
    MW_CHECK_OK(mw_store_begin(theirs));
    MW_CHECK_OK(mw_store_day_replace(theirs, TENANT, CHANNEL, DAY, NULL, 0));
    MW_CHECK_OK(mw_store_commit(theirs));
    MW_CHECK_EQ(seen_by(ours), 0);
}

/* The second report of a day finds the first one, whether it is kept or not. */
MW_TEST(a_second_report_joins_the_first) {
    mw_store_interval rows[24];
    uint32_t n = 0;
    day_make(rows, 1);
    for (int late = 0; late < 2; late++) {
        MW_CHECK_OK(mw_store_begin(ours));
        MW_CHECK_OK(mw_store_run_append(ours, TENANT, CHANNEL, rows + 12 * late, 12));
        MW_CHECK_OK(mw_store_fold(ours, MW_STORE_FOLD_MAX, &n));
        MW_CHECK_OK(mw_store_commit(ours));
        if (late == 0) { /* a stranger's commit: nothing is kept any more */
            MW_CHECK_OK(mw_store_begin(theirs));
            MW_CHECK_OK(mw_store_meta_put(theirs, "a", "b"));
            MW_CHECK_OK(mw_store_commit(theirs));
        }
    }
    MW_CHECK_EQ(seen_by(ours), 24 + 276);
    MW_CHECK_EQ(seen_by(theirs), 24 + 276);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_kept_day_is_as_its_chunk_would_give_it),
        cmocka_unit_test(a_day_that_grew_too_long_is_forgotten),
        cmocka_unit_test_setup_teardown(what_was_undone_is_not_kept, stores_open, stores_close),
        cmocka_unit_test_setup_teardown(what_another_connection_wrote_is_seen, stores_open,
                                        stores_close),
        cmocka_unit_test_setup_teardown(a_second_report_joins_the_first, stores_open, stores_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
