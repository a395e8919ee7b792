/* SPDX-License-Identifier: Apache-2.0
 *
 * Estimation: the methods E1..E11, and the filling of a series in which the sum of what is valid
 * and what is estimated is the register's difference to the last unit. docs/vee.md has the table.
 *
 * An estimate is never negative, depends on its arguments alone, and is stamped with its method,
 * its inputs and the version of the method.
 */
#ifndef MW_PLATFORM_VEE_ESTIMATE_H
#define MW_PLATFORM_VEE_ESTIMATE_H

#include "base/arena.h"
#include "platform/vee/series.h"

typedef enum mw_vee_method {
    MW_VEE_NO_METHOD,
    MW_VEE_E1_ALTERNATE, /* check meter or other source                               */
    MW_VEE_E2_NODE,      /* node balance: what flows in less what flows out elsewhere  */
    MW_VEE_E3_INFERRED,  /* from an operational system (SCADA)                         */
    MW_VEE_E4_LINEAR,    /* between the neighbours; flat with one neighbour            */
    MW_VEE_E5_LIKE_DAYS, /* mean of the slot over the nearest like days                */
    MW_VEE_E6_PROXY_DAY, /* the like day nearest in temperature                        */
    MW_VEE_E7_PROFILE,   /* class profile scaled to the meter's average day            */
    MW_VEE_E8_FLAT,      /* average day spread evenly                                  */
    MW_VEE_E9_REGISTER,  /* a register from intervals                                  */
    MW_VEE_E10_PRORATE,  /* even share of what two good registers leave                */
    MW_VEE_E11_FINAL,    /* lock                                                       */
    MW_VEE_METHODS
} mw_vee_method;

/* Counted up when any method gives another value for the same arguments. */
#define MW_VEE_ESTIMATE_VERSION 1
#define MW_VEE_INPUTS_MAX       8

typedef struct mw_vee_stamp {
    mw_vee_method method;
    uint16_t version;
    uint32_t from, n;
    /* First intervals of the days, or the intervals, that were looked at; `inputs` counts all, the
     * first MW_VEE_INPUTS_MAX are listed. */
    uint32_t inputs;
    uint32_t input[MW_VEE_INPUTS_MAX];
} mw_vee_stamp;

typedef struct mw_vee_flow {
    const int64_t *value;
    const uint32_t *flags;
} mw_vee_flow;

/* Weights by slot of a working day, a Saturday, and a Sunday or holiday; only ratios matter. */
typedef struct mw_vee_profile {
    uint32_t slots;
    const int64_t *weight[3];
} mw_vee_profile;

typedef struct mw_vee_estimate_options {
    uint32_t linear_max_s;   /* longest gap for E4 */
    uint32_t lookback_days;  /* how far E5, E6 and the average day reach back  */
    uint32_t lookahead_days; /* and forward: 0 unless a gap is filled later    */
    uint32_t like_days;      /* E5 takes up to so many (1..MW_VEE_INPUTS_MAX)  */
    uint32_t like_least;     /* and needs at least so many                     */
} mw_vee_estimate_options;
/* 1 h, 21 days, 0, 3, 1. */
extern const mw_vee_estimate_options mw_vee_estimate_preset;

#define MW_VEE_FLOWS_MAX 64

/* Everything a method may draw on; what is absent makes its method not applicable. Flows have the
 * series' n, start and unit. */
typedef struct mw_vee_source {
    const mw_vee_series *s;
    mw_vee_estimate_options options;
    mw_vee_flow alternate, inferred; /* E1, E3 */
    const mw_vee_flow *in, *out;     /* E2 */
    uint32_t ins, outs;              /* <= MW_VEE_FLOWS_MAX */
    const mw_vee_profile *profile;   /* E7 */
    int64_t daily_usage;             /* average day when there is no history; 0 = none */
    uint32_t hide_from, hide_n;      /* held to be missing: back-testing */
} mw_vee_source;

/* One method over the gap [from, from + n), unscaled; out_value has n. MW_NOT_FOUND: its
 * precondition is not met. MW_RANGE: the gap or the options. MW_UNSUPPORTED: E9 and E11 fill no
 * intervals. */
MW_NODISCARD mw_status mw_vee_estimate(const mw_vee_source *q, mw_vee_method method, uint32_t from,
                                       uint32_t n, int64_t *out_value, mw_vee_stamp *out_stamp);

/* Scales x[0..n) so that it sums to total exactly, in proportion and by largest remainder (of equal
 * remainders the earlier); all zero becomes flat. MW_RANGE: total or an x negative, n = 0, or a sum
 * beyond 63 bits. MW_NOMEM: scratch must have 8 bytes free for each value. */
MW_NODISCARD mw_status mw_vee_scale(int64_t *x, uint32_t n, int64_t total, mw_arena *scratch);

/* E9: the register at boundary `index` from the reading before it and the intervals between, all
 * present; with rollover. MW_NOT_FOUND: one is missing. */
MW_NODISCARD mw_status mw_vee_register_of_intervals(const mw_vee_series *s,
                                                    const mw_vee_register *before, uint32_t index,
                                                    int64_t *out_value);
/* E10 for a register: between two good readings, in proportion to time, with rollover. MW_RANGE:
 * not between them, or their step is not good. */
MW_NODISCARD mw_status mw_vee_register_prorate(const mw_vee_series *s, const mw_vee_register *a,
                                               const mw_vee_register *b, uint32_t index,
                                               int64_t *out_value);
/* E11: locks [from, from + n). MW_STATE: something there is missing or suspect. */
MW_NODISCARD mw_status mw_vee_final_lock(uint32_t *flags, uint32_t from, uint32_t n);

/* --- filling ---------------------------------------------------------------------------------- */

typedef enum mw_vee_span_state {
    MW_VEE_SPAN_VALID,      /* nothing estimated; suspense is what V05 would complain of */
    MW_VEE_SPAN_SCALED,     /* estimates + valid = register difference                   */
    MW_VEE_SPAN_NEGATIVE,   /* V06: valid values exceed the register; not scaled         */
    MW_VEE_SPAN_UNRELIABLE, /* the register step is no consumption; not scaled           */
    MW_VEE_SPAN_UNFILLED,   /* a gap is still open in it; not scaled                     */
} mw_vee_span_state;

/* Between two readings of one register: final intervals + suspense = difference, always. */
typedef struct mw_vee_span {
    uint32_t from, n;
    uint8_t rate;
    mw_vee_span_state state;
    int64_t difference, valid, estimated, suspense;
} mw_vee_span;

struct mw_vee_score; /* choice.h */

#define MW_VEE_PLAN_MAX 9
typedef struct mw_vee_fill {
    /* In: the order of methods, first applicable wins; room for the reports. */
    mw_vee_method plan[MW_VEE_PLAN_MAX];
    uint32_t plan_n;
    const struct mw_vee_score *score; /* not NULL: the plan is chosen for each gap by its length */
    mw_vee_stamp *stamp;
    uint32_t stamp_room;
    mw_vee_span *span;
    uint32_t span_room;
    /* Out */
    uint32_t stamps, spans;
    uint32_t filled, unfilled; /* intervals */
} mw_vee_fill;

/* Copies the series to out_value and out_flags (n each, apart from the series' own) and there fills
 * every missing or suspect interval of [first, n) that is not locked, then scales what is estimated
 * and not locked to the boundary registers: by tariff rate where the series has rates and registers
 * of them, else by the total. A span may begin in the history; history is not changed. MW_SPACE:
 * more gaps or spans than room (nothing useful is in the outputs). MW_NOMEM: scratch must have 16
 * bytes for each interval of the longest span. */
MW_NODISCARD mw_status mw_vee_fill_series(const mw_vee_source *q, mw_vee_fill *fill,
                                          mw_arena *scratch, int64_t *out_value,
                                          uint32_t *out_flags);

#endif
