/* SPDX-License-Identifier: Apache-2.0
 *
 * "Rate by rate": a meter that falls silent or fails is announced at once, its values are estimated
 * slot by slot at the time each would have come, and trued up when it returns.
 *
 *   OK -> LATE -> SUSPECT -> OUT_OF_ORDER -> ESTIMATED -> RESTORED -> TRUED_UP -> OK
 *          ^---------' alive: not faulty, its archive will come
 *
 * The transitions are one const table; the step is pure: (meter, policy, event) -> (meter,
 * actions).
 */
#ifndef MW_PLATFORM_VEE_OUTAGE_H
#define MW_PLATFORM_VEE_OUTAGE_H

#include "base/status.h"
#include "base/time.h"

typedef enum mw_vee_state {
    MW_VEE_OK,
    MW_VEE_LATE,
    MW_VEE_SUSPECTED,
    MW_VEE_OUT_OF_ORDER,
    MW_VEE_ESTIMATING,
    MW_VEE_RESTORED,
    MW_VEE_TRUED_UP,
    MW_VEE_STATES
} mw_vee_state;

typedef enum mw_vee_event_kind {
    MW_VEE_TICK,       /* time went on                                          */
    MW_VEE_VALUE,      /* values up to slot_end came, in order                  */
    MW_VEE_ALIVE,      /* the meter answered, or its neighbours hear it         */
    MW_VEE_FATAL,      /* fatal status, tamper lock, stopped register           */
    MW_VEE_BACKFILLED, /* its archive has been read and merged                  */
    MW_VEE_SETTLED,    /* the true-up is stored and handed to billing           */
} mw_vee_event_kind;

typedef struct mw_vee_event {
    mw_vee_event_kind kind;
    mw_utc now;
    mw_utc slot_end;     /* VALUE: the end of the newest slot */
    bool station_failed; /* TICK: most meters of its station are late */
} mw_vee_event;

/* What the caller has to do, once, after a step. */
enum {
    MW_VEE_DO_PING = 1 << 0,        /* on-demand read; ask which neighbours are heard */
    MW_VEE_DO_NOTIFY = 1 << 1,      /* tell operator and customer                     */
    MW_VEE_DO_WORK_ORDER = 1 << 2,  /* send somebody                                  */
    MW_VEE_DO_ESTIMATE = 1 << 3,    /* slots estimate_from, estimate_n                */
    MW_VEE_DO_BACKFILL = 1 << 4,    /* ask the meter for its archive                  */
    MW_VEE_DO_NOTIFY_BACK = 1 << 5, /* it works again                                 */
    MW_VEE_DO_TRUE_UP = 1 << 6,     /* scale or replace, correct closed bills         */
    MW_VEE_DO_CLOSE_ORDER = 1 << 7,
};

typedef struct mw_vee_policy {
    uint32_t slot_s;        /* length of a slot                                        */
    uint32_t usual_delay_s; /* from a slot's end to its usual arrival                  */
    uint32_t late_slots;    /* LATE when more than so many are due                     */
    uint32_t late_s;        /* or the oldest due is so old                             */
    uint32_t suspect_s;     /* LATE this long: SUSPECT                                 */
    uint32_t out_s;         /* SUSPECT this long without a sign of life: OUT OF ORDER  */
    uint32_t backfill_s;    /* RESTORED: waits so long for the archive                 */
} mw_vee_policy;
/* Hourly slots 1 h after their end; 3 slots, 1 d; 6 h; 1 d; 7 d. */
extern const mw_vee_policy mw_vee_policy_preset;

/* Slots estimated by one step at most; the next step goes on. */
#define MW_VEE_SLOTS_STEP 1000

typedef struct mw_vee_meter {
    mw_vee_state state;
    mw_utc since;     /* of the state */
    mw_utc filled_to; /* end of the last slot with a value or an estimate */
    mw_utc valued_to; /* end of the last slot with a value of the meter */
} mw_vee_meter;

typedef struct mw_vee_actions {
    uint32_t todo; /* MW_VEE_DO_* */
    mw_utc estimate_from;
    uint32_t estimate_n;
} mw_vee_actions;

/* MW_RANGE: a slot or time that cannot be, or time that goes back before `since`. */
MW_NODISCARD mw_status mw_vee_outage_step(mw_vee_meter *m, const mw_vee_policy *p,
                                          const mw_vee_event *e, mw_vee_actions *out_actions);
const char *mw_vee_state_name(mw_vee_state s);
/* A station is held to have failed when at least share_ppm of its meters are late (600000). */
bool mw_vee_station_failed(uint32_t late, uint32_t meters, int64_t share_ppm);

/* --- what a month is estimated at ------------------------------------------------------------- */

typedef enum mw_vee_rung {
    MW_VEE_RUNG_NONE,
    MW_VEE_RUNG_LAST_YEAR, /* same month last year x trend of the months around */
    MW_VEE_RUNG_MEAN,      /* mean of the last months, at least so many */
    MW_VEE_RUNG_PROFILE,   /* class profile's month */
    MW_VEE_RUNG_NORM,      /* legal norm x coefficient */
} mw_vee_rung;

#define MW_VEE_RUNGS  4
#define MW_VEE_MONTHS 24

typedef struct mw_vee_ladder {
    mw_vee_rung rung[MW_VEE_RUNGS];
    uint8_t mean_least, mean_most;         /* months; 6 and 12 by default */
    int64_t trend_low_ppm, trend_high_ppm; /* the trend is held within; 500000, 2000000 */
    int64_t norm_ppm;                      /* coefficient; 1000000 */
} mw_vee_ladder;
extern const mw_vee_ladder mw_vee_ladder_preset;

/* Usage of the months before, newest first, -1 where none is valid; profile and norm -1 when
 * absent. MW_NOT_FOUND: no rung holds. */
MW_NODISCARD mw_status mw_vee_ladder_month(const mw_vee_ladder *l,
                                           const int64_t before[MW_VEE_MONTHS], int64_t profile,
                                           int64_t norm, int64_t *out_usage, mw_vee_rung *out_rung);

#endif
