/* SPDX-License-Identifier: Apache-2.0
 *
 * The sub-bands' receivers at work: one job at a time, shared out to threads by the plan's parts. A
 * part has its working memory and does its sub-bands in their order, whichever thread takes it. What
 * a job found is read when it is over; nothing else is shared.
 */
#ifndef MW_RADIO_BAND_WORK_H
#define MW_RADIO_BAND_WORK_H

#include "radio/band_plan.h"

/* Receptions for pairing that a sub-band may hand over in one job. */
#define MW_BAND_UNDECODED_MAX 32u

typedef struct mw_band_job {
    const float *samples; /* channel k's at samples + 2 * k * stride */
    size_t stride, n;     /* n may be 0 */
    uint64_t first;       /* index of the first, in sub-band samples */
    bool flush;           /* then end the segment */
} mw_band_job;

/* What one sub-band has found since it was last emptied. */
typedef struct mw_band_found {
    mw_receiver_frame *frames; /* first_index in sub-band samples */
    size_t count, room;
    mw_sigfox_copy *copies; /* the same */
    size_t copies_count, copies_room;
    mw_unb_copy *undecoded; /* the same; MW_BAND_UNDECODED_MAX fit, NULL: not asked for */
    size_t undecoded_count;
    uint64_t undecoded_lost;
    uint64_t safe; /* of its receiver, in sub-band samples */
    uint64_t lost; /* frames for which memory was lacking */
} mw_band_found;

typedef struct mw_band_work mw_band_work;

/* pair: receptions that were not decoded are wanted. */
MW_NODISCARD mw_status mw_band_work_new(const mw_band_plan *plan, unsigned threads, bool pair,
                                        mw_band_work **out_work);
void mw_band_work_free(mw_band_work *w);
/* Begins a job; the one before must be over. */
void mw_band_work_begin(mw_band_work *w, const mw_band_job *job);
/* Waits until the job is over; without threads this is where it is done. */
void mw_band_work_wait(mw_band_work *w);
/* Only between wait and begin: */
mw_band_found *mw_band_work_found(mw_band_work *w, size_t sub);
const mw_receiver_stats *mw_band_work_stats(mw_band_work *w, size_t sub);
size_t mw_band_work_memory(const mw_band_work *w);

#endif
