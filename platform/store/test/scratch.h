/* SPDX-License-Identifier: Apache-2.0
 *
 * Databases that tests make in files beside them, and what many of them put in.
 */
#ifndef MW_PLATFORM_STORE_TEST_SCRATCH_H
#define MW_PLATFORM_STORE_TEST_SCRATCH_H

#include <stdio.h>
#include <unistd.h>

#include "platform/store/sqlite.h"
#include "tests/harness/mw_test.h"

/* The file and what SQLite lays beside it. */
static inline void scratch_remove(const char *path) {
    static const char *const ends[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < 3; i++) {
        char name[200];
        (void)snprintf(name, sizeof name, "%s%s", path, ends[i]);
        (void)unlink(name);
    }
}

static inline mw_store *scratch_open(const char *path) {
    mw_store *s = NULL;
    MW_CHECK_OK(mw_store_sqlite_open(&(mw_store_sqlite_options){.path = path}, &s));
    return s;
}

/* A new database, in a file of the test's name and process. */
static inline mw_store *scratch_new(const char *test, char out_path[64]) {
    (void)snprintf(out_path, 64, "%s-test-%d.db", test, (int)getpid());
    scratch_remove(out_path);
    return scratch_open(out_path);
}

/* An uplink of station `sender` that means nothing. */
static inline mw_store_envelope scratch_envelope(int64_t tenant, int64_t sender, uint64_t seq,
                                                 mw_utc at, char out_text[40]) {
    (void)snprintf(out_text, 40, "{\"seq\":%u}", (unsigned)seq);
    return (mw_store_envelope){.tenant = tenant,
                               .sender = sender,
                               .epoch = 1,
                               .seq = seq,
                               .kind = MW_STORE_KIND_UNB,
                               .received = at,
                               .stored = at,
                               .content = mw_slice_of_str(out_text)};
}

/* Its number in the journal. */
static inline int64_t scratch_uplink(mw_store *s, int64_t tenant, int64_t sender, uint64_t seq,
                                     mw_utc at) {
    char text[40];
    mw_store_envelope e = scratch_envelope(tenant, sender, seq, at, text);
    mw_store_append result;
    int64_t id = 0;
    MW_CHECK_OK(mw_store_journal_append(s, &e, &result, &id));
    return id;
}

#endif
