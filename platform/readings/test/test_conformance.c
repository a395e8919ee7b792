/* SPDX-License-Identifier: Apache-2.0
 *
 * The stores that need no server, held to the suite.
 */
#include <stdio.h>
#include <unistd.h>

#include "platform/readings/test/conformance.h"
#include "platform/store/memory.h"
#include "platform/store/test/scratch.h"

#ifndef CONFORMANCE_SEEDS
#define CONFORMANCE_SEEDS 8
#endif

static char path[64];

static mw_store *sqlite_open(void) {
    return scratch_open(path);
}

static void sqlite_remove(void) {
    scratch_remove(path);
}

MW_TEST(sqlite_is_as_the_model) {
    const mw_conformance_store sqlite = {"sqlite", sqlite_open, sqlite_remove};
    snprintf(path, sizeof path, "conformance-test-%d.db", (int)getpid());
    for (uint64_t seed = 1; seed <= CONFORMANCE_SEEDS; seed++)
        mw_conformance_run(&sqlite, seed, 100);
}

/* Whoever adds an operation adds it to the model and asks it in the suite. The digest is a hash over
 * rows of the tables: engines are held to each other by it, not to the model. */
MW_TEST(every_operation_is_held_to_the_model) {
    static const char *const except[] = {"digest"};
    mw_conformance_all_asked(except, sizeof except / sizeof except[0]);
}

MW_TEST_MAIN(MW_CASE(sqlite_is_as_the_model), MW_CASE(every_operation_is_held_to_the_model))
