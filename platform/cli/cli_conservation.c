/* SPDX-License-Identifier: Apache-2.0
 *
 * mw-platform conservation: adds up every register's account again and prints what does not.
 */
#include <stdio.h>
#include <unistd.h>

#include "platform/cli/cli.h"
#include "platform/open_store.h"
#include "platform/readings/conservation.h"

enum { PRINTED_MAX = 1000 };

static mw_status print_violation(void *ctx, const mw_violation *v) {
    unsigned *printed = ctx;
    char from[MW_UTC_TEXT_MAX], to[MW_UTC_TEXT_MAX];
    if (++*printed > PRINTED_MAX)
        return MW_OK;
    mw_utc_format(v->from, from);
    mw_utc_format(v->to, to);
    printf("violation: tenant %lld channel %lld [%s, %s): %s: register %lld, intervals %lld,"
           " suspense %lld\n",
           (long long)v->tenant, (long long)v->channel, from, to, v->what, (long long)v->difference,
           (long long)v->intervals, (long long)v->suspense);
    return MW_OK;
}

static void print_covered(const mw_conservation *c) {
    printf("covered: %lld channels (%lld with fewer than two readings), %lld readings, %lld spans,"
           " %lld final intervals\n",
           (long long)c->channels, (long long)c->unbounded, (long long)c->readings,
           (long long)c->spans, (long long)c->intervals);
    printf("steps: %lld rollovers, %lld backwards, %lld that no record explains\n",
           (long long)c->rollovers, (long long)c->reverses, (long long)c->unexplained);
    printf("suspense: %lld spans, %lld counts; not settled yet: %lld%s changes\n",
           (long long)c->in_suspense, (long long)c->suspense, (long long)c->unsettled,
           c->unsettled >= MW_STORE_PAGE_MAX ? " or more" : "");
    printf("violations: %lld\n", (long long)c->violations);
}

static void wait_a_little(void) {
    usleep(300000);
}

int mw_platform_conservation(const mw_platform_config *config) {
    mw_store *store = NULL;
    mw_conservation sums;
    unsigned printed = 0;
    mw_status s = mw_platform_open_store_as(config, MW_OPEN_READER, &store);
    if (s == MW_OK)
        s = mw_conservation_all(store, print_violation, &printed, wait_a_little, &sums);
    mw_store_close(store);
    if (s != MW_OK) {
        fprintf(stderr, "mw-platform: conservation: %s\n", mw_status_text(s));
        return 1;
    }
    print_covered(&sums);
    return sums.violations == 0 ? 0 : 1;
}
