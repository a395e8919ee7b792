/* SPDX-License-Identifier: Apache-2.0
 *
 * Which estimator suits this meter: each is tried on gaps cut out of the meter's own past, where
 * the truth is known, by gap length, with and without scaling to the true total. From the same
 * errors comes the prediction interval that goes with an estimate.
 */
#ifndef MW_PLATFORM_VEE_CHOICE_H
#define MW_PLATFORM_VEE_CHOICE_H

#include "platform/vee/estimate.h"

#define MW_VEE_GAP_CLASSES 6
/* 1 h, 3 h, 12 h, 1 d, 3 d, 7 d: a gap belongs to the first class that is not shorter. */
extern const uint32_t mw_vee_gap_seconds[MW_VEE_GAP_CLASSES];
unsigned mw_vee_gap_class(uint64_t seconds);

/* Mean absolute error = absolute / intervals; share of usage misplaced = absolute / actual. */
typedef struct mw_vee_error {
    uint32_t trials;  /* gaps the method could be tried on */
    uint32_t covered; /* intervals whose truth lay within the judge's prediction interval */
    int64_t intervals, absolute, actual;
    int64_t low, high;             /* quantiles of truth - estimate of an interval */
    int64_t total_low, total_high; /* and of a whole gap; both 0 when scaled       */
} mw_vee_error;

enum { MW_VEE_UNSCALED, MW_VEE_TO_REGISTER, MW_VEE_MODES };

typedef struct mw_vee_score {
    mw_vee_error e[MW_VEE_METHODS][MW_VEE_GAP_CLASSES][MW_VEE_MODES];
    uint32_t gaps[MW_VEE_GAP_CLASSES]; /* cut out */
} mw_vee_score;

#define MW_VEE_TRIALS_MAX 256
typedef struct mw_vee_back_test {
    uint32_t trials;           /* gaps of each length, 1..MW_VEE_TRIALS_MAX */
    int64_t low_ppm, high_ppm; /* quantiles of the prediction interval, 0..1000000 */
    uint64_t seed;             /* of the places of the gaps */
    uint32_t classes;          /* only so many of the shortest lengths; 0 = all */
    const mw_vee_score *judge; /* NULL, or whose prediction intervals are held against the truth */
} mw_vee_back_test;
/* 64 gaps of each length, 5 % and 95 %. */
extern const mw_vee_back_test mw_vee_back_test_preset;

/* Tries E1..E8 and E10 on gaps inside [first, n) that hold only usable values; what lies before
 * `first` is history. q->hide_* is not used. The same arguments give the same score. MW_RANGE: the
 * options. MW_NOMEM: scratch needs about 8 bytes x (trials + 2) x intervals of the longest gap. */
MW_NODISCARD mw_status mw_vee_back_test_run(const mw_vee_source *q, const mw_vee_back_test *o,
                                            mw_arena *scratch, mw_vee_score *out_score);

/* The method with the smallest mean absolute error for a gap of that length among those applicable
 * in at least half of the gaps tried; MW_VEE_NO_METHOD when nothing was measured. Of equals the
 * first. */
mw_vee_method mw_vee_choose(const mw_vee_score *score, uint64_t gap_seconds, bool scaled);
/* A plan for such a gap: E1, E2, E3 (measurements of the same flow), then the rest from best to
 * worst, those not measured last. Always MW_VEE_PLAN_MAX methods. */
void mw_vee_plan_choose(const mw_vee_score *score, uint64_t gap_seconds, bool scaled,
                        mw_vee_method out_plan[MW_VEE_PLAN_MAX]);
/* The interval in which the truth of one estimated value is expected; never below 0. MW_NOT_FOUND:
 * the method was not measured at that length. */
MW_NODISCARD mw_status mw_vee_prediction(const mw_vee_score *score, mw_vee_method method,
                                         uint64_t gap_seconds, bool scaled, int64_t estimate,
                                         int64_t *out_low, int64_t *out_high);

#endif
