/* SPDX-License-Identifier: Apache-2.0
 *
 * From a candidate in samples of a segment to what a receiver reports.
 */
#ifndef MW_RADIO_REPORT_H
#define MW_RADIO_REPORT_H

#include "radio/candidate.h"
#include "radio/foreign_frames.h"

/* Everything but the payload and `copies`; quality and symbol errors as in `f`. */
mw_receiver_frame mw_report_of(const mw_receiver_config *config, const mw_foreign_place *place,
                               mw_unb_rate rate, const mw_candidate_frame *f);

#endif
