/* SPDX-License-Identifier: Apache-2.0
 *
 * What a meter does by itself when it hears nothing any more. The network chooses rate and copies by
 * what it receives (protocols/unb/advice.h) and tells them as configuration. A meter that was told
 * too much, or whose neighbourhood changed, would then be lost; so with the configuration key
 * `adaptive` of n days it goes back towards safety by itself:
 *
 *   n days without any downlink that was for it   one step back: first all copies, then a slower
 *                                                 rate, then the slowest
 *   a downlink                                    one step forward again, one a day at most
 *
 * Going back takes days, coming forward a day for each step: a meter at the edge does not swing.
 * Reports every hour stay at 400 Bd or faster, and what the duty does not allow the ledger refuses
 * (kit/ledger.h) whatever is chosen here.
 */
#ifndef MW_METERS_KIT_ADAPT_H
#define MW_METERS_KIT_ADAPT_H

#include "base/time.h"

#define MW_ADAPT_STEPS 3

typedef struct mw_adapt {
    mw_mono heard;   /* the last downlink, or the last step back */
    mw_mono forward; /* the last step forward */
    uint8_t back;    /* steps, 0..MW_ADAPT_STEPS */
} mw_adapt;

typedef struct mw_meter mw_meter;

void mw_adapt_init(mw_meter *m, mw_mono now);
void mw_adapt_heard(mw_meter *m, mw_mono now);
/* Once an hour. */
void mw_adapt_hour(mw_meter *m, mw_mono at);
/* Rate and copies that are in force. */
uint8_t mw_adapt_rate(const mw_meter *m);
uint8_t mw_adapt_copies(const mw_meter *m);

#endif
