/* SPDX-License-Identifier: Apache-2.0
 *
 * What a judgement changes in the store: revisions of the validated layer where it differs from
 * what the layer shows, findings opened and closed, and corrections of closed spans. The suspense
 * account follows by itself (readings/settle.h). Applying the same judgement again changes nothing.
 */
#ifndef MW_PLATFORM_VALIDATION_APPLY_H
#define MW_PLATFORM_VALIDATION_APPLY_H

#include "platform/validation/assess.h"

typedef struct mw_apply_report {
    uint32_t revisions, raised, closed, corrections;
    mw_utc gap_from, gap_to; /* hull of the gaps found for the first time; NONE = none */
    mw_utc open_until;       /* end of the channel's last open finding, or MW_UTC_NONE */
} mw_apply_report;

/* Writes inside the caller's transaction. `closed_until`: no lock of the channel ends later. */
MW_NODISCARD mw_status mw_apply(mw_store *store, const mw_assessment *a, mw_utc now,
                                mw_utc closed_until, mw_apply_report *out);
/* Withdraws or writes rows [from, to) of `a` alone: for estimates slot by slot. */
MW_NODISCARD mw_status mw_apply_rows(mw_store *store, const mw_assessment *a, uint32_t from,
                                     uint32_t to, mw_reason reason, mw_utc now,
                                     mw_apply_report *out);

#endif
