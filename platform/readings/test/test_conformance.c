/* SPDX-License-Identifier: Apache-2.0
 *
 * The stores that need no server, held to the suite.
 */
#include <stdio.h>
#include <unistd.h>

#include "platform/readings/test/conformance.h"
#include "platform/store/memory.h"
#include "platform/store/sqlite.h"
#include "tests/harness/mw_test.h"

#ifndef CONFORMANCE_SEEDS
#define CONFORMANCE_SEEDS 12
#endif

static char path[64];

static mw_store *sqlite_open(void) {
    mw_store *s = NULL;
    MW_CHECK_OK(mw_store_sqlite_open(&(mw_store_sqlite_options){.path = path}, &s));
    return s;
}

static void sqlite_remove(void) {
    char name[80];
    const char *const ends[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "%s%s", path, ends[i]);
        (void)unlink(name);
    }
}

MW_TEST(sqlite_is_as_the_model) {
    const mw_conformance_store sqlite = {"sqlite", sqlite_open, sqlite_remove};
    snprintf(path, sizeof path, "conformance-test-%d.db", (int)getpid());
    for (uint64_t seed = 1; seed <= CONFORMANCE_SEEDS; seed++)
        mw_conformance_run(&sqlite, seed, 100);
}

/* What the model does not keep it says so; it does not pretend. */
MW_TEST(the_model_says_what_it_does_not_keep) {
    mw_store *s = NULL;
    mw_store_overview seen;
    int64_t n;
    MW_CHECK_OK(mw_store_memory_open(&s));
    MW_CHECK_STATUS(mw_store_overview_get(s, 1, mw_utc_of_s(0), &seen), MW_UNSUPPORTED);
    MW_CHECK_STATUS(mw_store_tenant_put(s, "demo", &n), MW_STATE);
    mw_store_close(s);
}

MW_TEST_MAIN(MW_CASE(sqlite_is_as_the_model), MW_CASE(the_model_says_what_it_does_not_keep))
