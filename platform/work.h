/* SPDX-License-Identifier: Apache-2.0
 *
 * What the platform does by itself. Each piece of work goes in turns of about MW_PACE_MS, so that
 * requests never wait long; between its turns it waits a little while there is more, longer when
 * all is done, and five seconds after a failure. Nothing is lost by a failure: each keeps its place
 * in the store.
 */
#ifndef MW_PLATFORM_WORK_H
#define MW_PLATFORM_WORK_H

#include "platform/platform.h"

typedef enum mw_work {
    MW_WORK_DECODE,     /* the journal: raw envelopes to readings, events, receipts */
    MW_WORK_FOLD,       /* hot rows into day chunks */
    MW_WORK_SETTLE,     /* the account of registers */
    MW_WORK_VALIDATE,   /* what changed; every so often all meters are looked over */
    MW_WORK_COMMAND,    /* states of commands, what goes out next */
    MW_WORK_ALARM,      /* what the rules find */
    MW_WORK_NOTIFY,     /* e-mail and webhooks */
    MW_WORK_COLLECTION, /* which days have come from how many meters */
    MW_WORK_RETENTION,  /* what is old enough goes */
    MW_WORK_COUNT
} mw_work;

/* Begins all of it with the loop's first turn. MW_NOMEM. */
MW_NODISCARD mw_status mw_works_start(mw_platform *p, mw_works **out_works);
void mw_works_stop(mw_works *w);

/* There is something to do now. */
void mw_works_wake(mw_works *w, mw_work what);

#endif
