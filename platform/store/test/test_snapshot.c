/* SPDX-License-Identifier: Apache-2.0
 *
 * What was acknowledged is seen by every reader, whatever another connection does meanwhile: one
 * appends days and folds them, the other reads all of them again and again.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include "platform/store/test/scratch.h"

enum { DAY0 = 20700, DAYS = 400, HOURS = 24, SECONDS = 1 };

static char path[64];
static mw_store *store;
static int64_t tenant;
static const int64_t channel = 7;
static atomic_int acknowledged; /* days */
static atomic_bool failed, over;

static int setup(void **state) {
    (void)state;
    store = scratch_new("snapshot", path);
    MW_CHECK_OK(mw_store_begin(store));
    MW_CHECK_OK(mw_store_tenant_put(store, "demo", &tenant));
    MW_CHECK_OK(mw_store_commit(store));
    return 0;
}

static int teardown(void **state) {
    (void)state;
    mw_store_close(store);
    scratch_remove(path);
    return 0;
}

static mw_utc day_at(int64_t day) {
    return mw_utc_of_s((DAY0 + day) * 86400);
}

static void append_day(int day) {
    mw_store_interval rows[HOURS];
    for (int h = 0; h < HOURS; h++)
        rows[h] = (mw_store_interval){.start = mw_utc_of_s((DAY0 + day) * 86400 + h * 3600),
                                      .seconds = 3600,
                                      .value = 1,
                                      .received = day_at(day + 1),
                                      .journal = day + 1};
    MW_CHECK_OK(mw_store_begin(store));
    MW_CHECK_OK(mw_store_run_append(store, tenant, channel, rows, HOURS));
    MW_CHECK_OK(mw_store_commit(store));
}

static void fold(void) {
    uint32_t n = 0;
    MW_CHECK_OK(mw_store_begin(store));
    MW_CHECK_OK(mw_store_fold(store, 100, &n));
    MW_CHECK_OK(mw_store_commit(store));
}

static mw_status add_interval(void *ctx, int64_t of, const mw_store_interval *row) {
    (void)of;
    *(int64_t *)ctx += row->value;
    return MW_OK;
}

static mw_status add_value(void *ctx, const mw_store_value *v) {
    *(int64_t *)ctx += v->interval.value;
    return MW_OK;
}

static void look(mw_store *reader, int days) {
    int64_t hours = 0, all = 0, final = 0;
    int first = days > 3 ? days - 3 : 0;
    mw_utc from = day_at(first), to = day_at(days);
    mw_store_values_query q = {.tenant = tenant,
                               .channel = channel,
                               .layer = MW_LAYER_FINAL,
                               .from = from,
                               .to = to,
                               .as_of = MW_UTC_NONE};
    bool read =
        mw_store_intervals(reader, tenant, channel, from, to, add_interval, &hours) == MW_OK &&
        mw_store_intervals_all(reader, tenant, from, to, add_interval, &all) == MW_OK &&
        mw_store_values(reader, &q, add_value, &final) == MW_OK;
    int64_t due = (int64_t)(days - first) * HOURS;
    if (!read || hours != due || all != due || final != due) {
        fprintf(stderr, "of %lld acknowledged: %lld, %lld, %lld\n", (long long)due,
                (long long)hours, (long long)all, (long long) final);
        atomic_store(&failed, true);
    }
}

static void *read_on(void *context) {
    mw_store *reader = context;
    while (!atomic_load(&failed) && !atomic_load(&over)) {
        int days = atomic_load(&acknowledged);
        if (days > 0)
            look(reader, days);
    }
    return NULL;
}

MW_TEST(no_acknowledged_value_is_missed_while_another_folds) {
    pthread_t thread;
    mw_store *reader = NULL;
    struct timespec begun, now;
    MW_CHECK_OK(
        mw_store_sqlite_open(&(mw_store_sqlite_options){.path = path, .read_only = true}, &reader));
    MW_CHECK_EQ(pthread_create(&thread, NULL, read_on, reader), 0);
    (void)clock_gettime(CLOCK_MONOTONIC, &begun);
    now = begun;
    for (int day = 0; day < DAYS && now.tv_sec - begun.tv_sec <= SECONDS; day++) {
        append_day(day);
        atomic_store(&acknowledged, day + 1);
        fold();
        (void)clock_gettime(CLOCK_MONOTONIC, &now);
    }
    atomic_store(&over, true);
    MW_CHECK_EQ(pthread_join(thread, NULL), 0);
    MW_CHECK(!atomic_load(&failed));
    mw_store_close(reader);
}

int main(void) {
    const struct CMUnitTest cases[] = {
        cmocka_unit_test_setup_teardown(no_acknowledged_value_is_missed_while_another_folds, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
