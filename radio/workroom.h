/* SPDX-License-Identifier: Apache-2.0
 *
 * Working memory that the receivers of one thread share: none of it means anything between two
 * calls of a receiver. A band has dozens of sub-bands but decodes in few threads.
 */
#ifndef MW_RADIO_WORKROOM_H
#define MW_RADIO_WORKROOM_H

#include "radio/cancel.h"
#include "radio/candidate.h"

#define MW_WORKROOM_DRIFT 6.0 /* Hz/s that are searched */

typedef struct mw_workroom {
    double rate; /* samples a second, the same for all who share it */
    mw_detect_desk *desk;
    mw_candidate_tools *tools[MW_UNB_RATE_COUNT]; /* made when first asked for */
    mw_cancel *cancel[MW_UNB_RATE_COUNT];
} mw_workroom;

MW_NODISCARD mw_status mw_workroom_new(double rate, mw_workroom **out_room);
void mw_workroom_free(mw_workroom *w);
/* Makes the tools of a symbol rate when they are not there yet. MW_NOMEM. */
MW_NODISCARD mw_status mw_workroom_tools(mw_workroom *w, mw_unb_rate rate,
                                         mw_candidate_tools **out_tools);
MW_NODISCARD mw_status mw_workroom_cancel(mw_workroom *w, mw_unb_rate rate, mw_cancel **out_cancel);
size_t mw_workroom_memory(const mw_workroom *w);

#endif
