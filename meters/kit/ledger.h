/* SPDX-License-Identifier: Apache-2.0
 *
 * The airtime ledger: refuses what the duty cycle of a sub-band forbids. Source: ERC
 * Recommendation 70-03 annex 1 and EN 300 220: the share of airtime within any hour.
 *
 * Airtime is booked in bins of 5 minutes, whole frames with all copies at the moment the last copy
 * ends. A frame is allowed when everything booked in the last hour (rounded up to whole bins) and
 * itself stay within the duty: no hour, wherever it begins, can then exceed it.
 */
#ifndef MW_METERS_KIT_LEDGER_H
#define MW_METERS_KIT_LEDGER_H

#include "base/time.h"

#define MW_LEDGER_BANDS 9  /* the sub-bands of a plan, and other carriers */
#define MW_LEDGER_BINS  14 /* of 5 minutes: an hour, the running one, and one ahead */

typedef struct mw_ledger {
    int64_t newest; /* number of the newest bin kept */
    uint32_t ms[MW_LEDGER_BANDS][MW_LEDGER_BINS];
} mw_ledger;

void mw_ledger_init(mw_ledger *l);
/* Airtime within the hour before `start`, rounded up to whole bins, in ms. */
uint32_t mw_ledger_used_ms(const mw_ledger *l, unsigned band, mw_mono start);
/* MW_DUTY when sending `airtime_ms` from `start` on would exceed duty_ppm; then *out_retry is a
 * later moment at which asking again makes sense (only then written). MW_RANGE when it would exceed
 * the duty even on a silent band. */
MW_NODISCARD mw_status mw_ledger_ask(const mw_ledger *l, unsigned band, uint32_t duty_ppm,
                                     uint32_t airtime_ms, mw_mono start, mw_mono *out_retry);
/* Books a frame whose last copy ends at `end`. */
void mw_ledger_book(mw_ledger *l, unsigned band, uint32_t airtime_ms, mw_mono end);

#endif
