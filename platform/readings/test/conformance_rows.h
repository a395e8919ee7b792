/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside the suite: groups of operations that keep rows and give them back. `act` does one random
 * thing, the same on both stores; `tell` takes down everything that can be read.
 */
#ifndef MW_PLATFORM_READINGS_TEST_CONFORMANCE_ROWS_H
#define MW_PLATFORM_READINGS_TEST_CONFORMANCE_ROWS_H

#include "base/prng.h"
#include "platform/store/store.h"
#include "tests/harness/mw_test.h"

typedef struct mw_conformance_group {
    const char *name;
    void (*act)(mw_store *s, int64_t tenant, mw_prng *g);
    void (*tell)(mw_store *s, int64_t tenant);
} mw_conformance_group;

extern const mw_conformance_group mw_conformance_alarms, mw_conformance_commands,
    mw_conformance_console, mw_conformance_decode, mw_conformance_files, mw_conformance_model,
    mw_conformance_pages, mw_conformance_people, mw_conformance_watch;

/* Takes down one row. */
void mw_conformance_say(const char *what, const int64_t *numbers, size_t n, const char *text);
#define SAY(what, text, ...)                                                                       \
    mw_conformance_say(what, (const int64_t[]){__VA_ARGS__},                                       \
                       sizeof((const int64_t[]){__VA_ARGS__}) / 8, text)
#define SAY_STATUS(what, status) SAY(what, mw_status_name(status), 0)

/* A random number below n, a random moment of 12 days, a short name. */
static inline int64_t some(mw_prng *g, uint64_t n) {
    return (int64_t)mw_prng_below(g, n);
}
static inline mw_utc some_time(mw_prng *g) {
    return mw_utc_of_s(1790000000 + some(g, 1000000));
}
#define SOME_NAME(out, g, prefix, n)                                                               \
    (void)snprintf(out, sizeof(out), "%s-%d", prefix, (int)some(g, n))

#endif
