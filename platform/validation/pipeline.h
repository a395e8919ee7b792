/* SPDX-License-Identifier: Apache-2.0
 *
 * Validation as a stage after decoding and folding: it follows the changes of raw values by a
 * cursor, judges what changed, and writes what the judgement says - all in the transaction that
 * moves the cursor, so a crash resumes exactly and nothing is done twice.
 *
 *   journal -> decode -> hot rows -> fold -> change -> [screen] -> judge -> revisions, findings,
 *                                                                           corrections
 *
 * What a channel looks like in the end depends on its values, the settings and people's verdicts,
 * not on the order in which values came: what comes late is judged together with everything after
 * it that was judged without it.
 */
#ifndef MW_PLATFORM_VALIDATION_PIPELINE_H
#define MW_PLATFORM_VALIDATION_PIPELINE_H

#include "platform/validation/channels.h"

#define MW_PIPELINE_CURSOR "follow/validation"

enum {
    MW_PIPELINE_CHANGES_MAX = 8192, /* of one turn */
    MW_PIPELINE_BLOCK_DAYS = 200,   /* judged at once; longer spans go block by block */
    MW_PIPELINE_BACK_DAYS = 400,    /* how far a gap is followed back and late values forward */
};

typedef struct mw_pipeline mw_pipeline;

typedef struct mw_pipeline_turn {
    uint32_t changes;  /* read; 0 = nothing left */
    uint32_t spans;    /* of channels, looked at */
    uint32_t screened; /* of them passed by the screen */
    uint64_t values;   /* cells looked at that had changed */
    uint32_t revisions, raised, closed, corrections;
} mw_pipeline_turn;

/* Told of each channel whose values reached further, inside the turn's transaction. */
typedef mw_status (*mw_pipeline_on_values)(void *ctx, mw_channel_entry *e, mw_utc now);

/* All borrowed. on_values may be NULL. */
MW_NODISCARD mw_status mw_pipeline_new(mw_store *store, mw_channels *channels,
                                       mw_pipeline_on_values on_values, void *ctx,
                                       mw_pipeline **out_pipeline);
void mw_pipeline_free(mw_pipeline *p);
/* Told of each hole that was found for the first time, inside the turn's transaction: its values may
 * be asked for. */
typedef void (*mw_pipeline_on_gap)(void *ctx, const mw_window_channel *c, mw_utc from, mw_utc to,
                                   mw_utc now);
void mw_pipeline_gaps_to(mw_pipeline *p, mw_pipeline_on_gap on_gap, void *ctx);
/* One turn in one transaction, at most max_changes (<= MW_PIPELINE_CHANGES_MAX). */
MW_NODISCARD mw_status mw_pipeline_run(mw_pipeline *p, mw_utc now, uint32_t max_changes,
                                       mw_pipeline_turn *out_turn);
/* Judges [from, to) of one channel again, inside the caller's transaction: after a verdict. */
MW_NODISCARD mw_status mw_pipeline_judge(mw_pipeline *p, int64_t tenant, int64_t channel,
                                         mw_utc from, mw_utc to, mw_utc now,
                                         mw_pipeline_turn *out_turn);

#endif
