/* SPDX-License-Identifier: Apache-2.0
 *
 * Which rate and how many copies suit a meter, by what its network received of it: a rule with
 * hysteresis over the last frames. Pure; whoever runs the network keeps one state for each meter
 * and sends the advice as configuration (SMP keys 3 and 4).
 *
 *   margin    Es/N0 of the best station, less what an M frame needs at that rate (NEEDED_CDB); of
 *             the last 16 frames the second lowest counts: fades are what loses frames
 *   lost      frames missing between the counters heard, of the last 32
 *
 *   go nearer (faster, or fewer copies)   margin >= 18 dB and at most 1 lost; 16 frames at least
 *   go back (more copies, or slower)      margin <  5 dB or more than 8 lost
 *   else                                  stay
 *
 * A faster rate costs 9 dB, so a meter that goes faster still has 9 dB, 4 more than what sends it
 * back. After a change the memory is empty and nothing is advised before 16 new frames.
 */
#ifndef MW_PROTOCOLS_UNB_ADVICE_H
#define MW_PROTOCOLS_UNB_ADVICE_H

#include "protocols/unb/plan.h"

#define MW_UNB_ADVICE_FRAMES     16
#define MW_UNB_ADVICE_NEEDED_CDB (-130) /* Es/N0 of an M frame at 10 % loss, found blindly */
#define MW_UNB_ADVICE_NEAR_CDB   1800
#define MW_UNB_ADVICE_FAR_CDB    500

typedef struct mw_unb_advice {
    mw_unb_rate rate; /* as the meter uses them now */
    uint8_t copies;
    uint8_t frames; /* heard since the last change, stays at MW_UNB_ADVICE_FRAMES */
    uint8_t next;
    bool any;
    uint32_t newest;  /* counter */
    uint32_t missing; /* bit i: the i-th counter before the newest was not heard */
    int32_t margin_cdb[MW_UNB_ADVICE_FRAMES];
} mw_unb_advice;

void mw_unb_advice_init(mw_unb_advice *a, mw_unb_rate rate, uint8_t copies);
/* A frame was received: its whole counter and the best station's Es/N0. Older ones than the newest
 * and repeats fill gaps. */
void mw_unb_advice_heard(mw_unb_advice *a, uint32_t counter, int32_t snr_cdb);
/* True when something else suits better; the caller tells the meter, and when it was taken over
 * begins again with mw_unb_advice_init. Only rates of the plan's uplink. `slowest`: 400 Bd for a
 * meter that reports every hour. */
bool mw_unb_advice_of(const mw_unb_advice *a, const mw_unb_plan *plan, mw_unb_rate slowest,
                      mw_unb_rate *out_rate, uint8_t *out_copies);

#endif
