/* SPDX-License-Identifier: Apache-2.0
 *
 * One suite for every implementation of mw_store: the same random history is written to the memory
 * model and to the store under test, and everything that can be read of it must be the same - values
 * in every layer, now and as of any moment, folded or not, revisions, locks, changes, installations,
 * readings, the suspense account; after rollbacks too, and after the store was closed and opened
 * again. Conservation holds in both.
 *
 * To hold another store to it: give open and remove, and call mw_conformance_run.
 */
#ifndef MW_PLATFORM_READINGS_TEST_CONFORMANCE_H
#define MW_PLATFORM_READINGS_TEST_CONFORMANCE_H

#include "platform/store/store.h"

typedef struct mw_conformance_store {
    const char *name;
    mw_store *(*open)(void); /* opens what is there, or makes it */
    void (*remove)(void);    /* deletes everything; the store is closed */
} mw_conformance_store;

/* Fails the running test when the store differs from the model. */
void mw_conformance_run(const mw_conformance_store *under_test, uint64_t seed, unsigned actions);

/* The same for groups that keep rows and give them back; part of mw_conformance_run. */
void mw_conformance_groups(const mw_conformance_store *under_test, uint64_t seed);

/* Notes from now on which operations the suite asks of a model, until it is closed. */
void mw_conformance_note(mw_store *model);
/* Fails unless every operation was asked of the model and kept by it, but for those named. */
void mw_conformance_all_asked(const char *const *except, size_t n);

#endif
