/* SPDX-License-Identifier: Apache-2.0
 *
 * The judgement of a window: which values stand, what stands in for the others, and why. It depends
 * on the window, the book, the verdicts and the learned choice alone, so the same data give the
 * same result in whatever order they came.
 */
#ifndef MW_PLATFORM_VALIDATION_ASSESS_H
#define MW_PLATFORM_VALIDATION_ASSESS_H

#include "platform/validation/context.h"
#include "platform/vee/choice.h"

enum {
    MW_ASSESS_FINDINGS_MAX = 4096,
    MW_ASSESS_VERDICTS_MAX = 256,
};

/* A person's verdict on cells. */
typedef struct mw_assess_verdict {
    uint32_t from, to;
    mw_store_verdict_kind kind;
} mw_assess_verdict;

typedef struct mw_assessment {
    /* In */
    const mw_window_channel *channel;
    const mw_vee_book *book;
    const mw_window *window;
    uint32_t from, to;         /* cells to judge; those before are the past */
    bool review;               /* the rules that look at periods have their turn */
    const mw_vee_score *score; /* NULL = the book's plan */
    const mw_context *context; /* what is around it; NULL = nothing */
    mw_assess_verdict verdict[MW_ASSESS_VERDICTS_MAX];
    uint32_t verdicts;
    /* Out: one for each cell of the window */
    int64_t *value;
    uint32_t *flags;
    uint16_t *method;
    mw_store_prediction *prediction; /* low > high = none */
    uint32_t room;
    mw_vee_finding finding[MW_ASSESS_FINDINGS_MAX];
    mw_vee_findings findings;
    mw_vee_stamp *stamp;
    uint32_t stamps;
    mw_vee_span *span;
    uint32_t spans;
    /* Working memory */
    int64_t *work_value;
    uint32_t *work_flags;
    uint8_t *scratch;
    uint32_t filled, unfilled;
} mw_assessment;

/* Memory for n cells; the arrays may move. */
MW_NODISCARD mw_status mw_assessment_room(mw_assessment *a, uint32_t n);
/* Zeroed is ready. */
void mw_assessment_fini(mw_assessment *a);
/* The longest gap of [from, to) in cells, 0 = none: only then is a choice worth loading. */
uint32_t mw_assess_longest_gap(const mw_window *w, uint32_t from, uint32_t to);
/* MW_LIMIT: more findings or verdicts than fit. The window needs days and origins. */
MW_NODISCARD mw_status mw_assess(mw_assessment *a);
/* The series of a window, over the given values and flags. */
mw_vee_series mw_assess_series(const mw_window *w, const mw_window_channel *c, const mw_vee_book *b,
                               const int64_t *value, const uint32_t *flags);

#endif
