/* SPDX-License-Identifier: Apache-2.0
 *
 * What was learned of a meter's estimators (platform/vee/choice.h), kept small: of each method,
 * length of gap and mode the trials, the error and the prediction interval. It is learned for an
 * epoch of some weeks from the values before it, when a gap first asks for it.
 */
#ifndef MW_PLATFORM_VALIDATION_LEARNED_H
#define MW_PLATFORM_VALIDATION_LEARNED_H

#include "platform/validation/assess.h"
#include "platform/validation/channels.h"

enum {
    MW_LEARNED_DAYS = 91,  /* learned from */
    MW_LEARNED_LEAST = 14, /* days of values without which nothing is learned */
};

/* What was learned of the `classes` shortest lengths of gaps. Bytes in out, at most
 * MW_STORE_VEE_CHOICE_MAX. MW_SPACE. */
MW_NODISCARD mw_status mw_learned_encode(const mw_vee_score *score, unsigned classes, mw_span out,
                                         size_t *out_n);
/* MW_SYNTAX, MW_SHORT, MW_UNSUPPORTED. */
MW_NODISCARD mw_status mw_learned_decode(mw_slice in, mw_vee_score *out_score,
                                         unsigned *out_classes);

typedef struct mw_learner {
    mw_window window;
    uint8_t *scratch;
    size_t scratch_n;
    mw_vee_score score;
    uint32_t learned; /* since the start */
} mw_learner;

void mw_learner_fini(mw_learner *l);
/* The score for gaps up to a length that begin at a moment, from the store or learned now and
 * stored; NULL when there is too little to learn from. Longer gaps are learned from when the first of
 * them comes: they cost most. */
MW_NODISCARD mw_status mw_learner_score(mw_learner *l, mw_store *store, const mw_window_channel *c,
                                        const mw_vee_book *book, mw_utc at, uint64_t gap_s,
                                        const mw_vee_score **out_score);
/* Values from a moment on have changed: what was learned from them is forgotten. */
MW_NODISCARD mw_status mw_learner_forget(mw_store *store, const mw_window_channel *c, mw_utc from);

#endif
