/* SPDX-License-Identifier: Apache-2.0
 *
 * From bursts of other networks to frames: reads their bits, joins Sigfox copies, removes what was
 * read twice, and says when and how each was received. What a receiver puts beside its own engine.
 */
#ifndef MW_RADIO_FOREIGN_FRAMES_H
#define MW_RADIO_FOREIGN_FRAMES_H

#include "radio/foreign.h"
#include "radio/receiver.h"
#include "radio/sigfox_join.h"

/* Where the history's segment lies in the stream and in time. */
typedef struct mw_foreign_place {
    uint64_t base;         /* absolute number of the segment's sample 0 */
    uint64_t anchor_index; /* this sample ... */
    mw_utc anchor;         /* ... was taken at this moment, or MW_UTC_NONE */
    uint32_t uncertainty_us;
} mw_foreign_place;

typedef struct mw_foreign_frames mw_foreign_frames;

/* MW_RANGE, MW_NOMEM. With config->copy_sink Sigfox copies go there. */
MW_NODISCARD mw_status mw_foreign_frames_new(const mw_receiver_config *config,
                                             mw_receiver_sink sink, void *user,
                                             mw_foreign_frames **out_frames);
void mw_foreign_frames_free(mw_foreign_frames *f);
size_t mw_foreign_frames_history(const mw_foreign_frames *f);
/* Samples of a gap that is bridged. */
double mw_foreign_frames_slowest(const mw_foreign_frames *f);
void mw_foreign_frames_run(mw_foreign_frames *f, const mw_history *h, const mw_foreign_place *place,
                           bool all);
/* The segment has ended; the next one's samples begin at this absolute number or later. */
void mw_foreign_frames_restart(mw_foreign_frames *f, uint64_t next);
/* Reports what is open: end of the stream. */
void mw_foreign_frames_flush(mw_foreign_frames *f);
/* Absolute number of the sample before which all frames have been reported, given the segment's
 * base and what the receiver itself is sure of. */
uint64_t mw_foreign_frames_safe(const mw_foreign_frames *f, uint64_t base, uint64_t safe);
void mw_foreign_frames_stats(const mw_foreign_frames *f, mw_receiver_stats *io_stats);
size_t mw_foreign_frames_memory(const mw_foreign_frames *f);

#endif
