/* SPDX-License-Identifier: Apache-2.0
 *
 * The book: every setting of validation, estimation and rate-by-rate for one tenant and class of
 * customer, as one typed table of keys "group.name". Settings are data and dated: a key has one
 * value from a moment on, for one class or for all. What is not set has the preset of the facts.
 *
 *   V07.on V07.severity V07.share ...   each rule: on 0/1, severity 0..3, its thresholds by name
 *   outage.late_slots ...               times of the states (outage.h)
 *   ladder.1 .. ladder.4, ladder.*      rungs by number (outage.h) and their limits
 *   estimate.*                          options of the methods; plan.1 .. plan.9 their order
 *   water.* electricity.* gas.* heat.*  price, legal norm of a month, class limit of an hour
 */
#ifndef MW_PLATFORM_VEE_BOOK_H
#define MW_PLATFORM_VEE_BOOK_H

#include "platform/vee/estimate.h"
#include "platform/vee/outage.h"
#include "platform/vee/rules.h"

#define MW_VEE_MEDIA 4

/* What stands for one medium. Money is in millionths of the tenant's currency
 * (currency.h). */
typedef struct mw_vee_medium_book {
    int64_t price;        /* of a kWh or m3 */
    int64_t norm;         /* legal norm of a month, in Wh or L; -1 = none */
    int64_t max_per_hour; /* highest use by meter class, in Wh or L; 0 = not known */
} mw_vee_medium_book;

typedef struct mw_vee_book {
    mw_vee_settings rules;
    mw_vee_policy outage;
    mw_vee_ladder ladder;
    mw_vee_estimate_options estimate;
    mw_vee_medium_book medium[MW_VEE_MEDIA]; /* by mw_vee_medium */
    int64_t station_share_ppm;               /* of a station's meters late: it has failed itself */
    int64_t ladder_after_days;               /* a gap longer than this goes by the ladder */
    int64_t history_days;                    /* looked at by rules and methods */
    int64_t choose;                          /* 1: the plan is chosen for each meter by back-test */
    int64_t choose_days;                     /* ... and learned anew after so many */
    int64_t choose_trials;
    int64_t plan[MW_VEE_PLAN_MAX]; /* mw_vee_method, 0 = none; used while nothing is learned */
} mw_vee_book;

#define MW_VEE_KEY_MAX 32
typedef struct mw_vee_key {
    char name[MW_VEE_KEY_MAX];
    const char *unit;
    int64_t min, max, preset[MW_VEE_CLASSES];
} mw_vee_key;

/* The keys in a fixed order; false past the last. */
bool mw_vee_key_at(uint32_t i, mw_vee_key *out_key);

void mw_vee_book_preset(mw_vee_class c, mw_vee_book *out);
/* MW_NOT_FOUND: no such key. MW_RANGE: outside its limits. */
MW_NODISCARD mw_status mw_vee_book_set(mw_vee_book *b, const char *name, int64_t value);
MW_NODISCARD mw_status mw_vee_book_get(const mw_vee_book *b, const char *name, int64_t *out_value);
/* What no single key can tell: limits in order, a method at most once in the plan, the ladder not
 * empty. MW_RANGE; *out_name names a key at fault. */
MW_NODISCARD mw_status mw_vee_book_check(const mw_vee_book *b, const char **out_name);

/* A setting from a moment on. */
#define MW_VEE_ALL_CLASSES MW_VEE_CLASSES
typedef struct mw_vee_dated {
    char name[MW_VEE_KEY_MAX];
    uint8_t class; /* mw_vee_class, or MW_VEE_ALL_CLASSES */
    mw_utc from;
    int64_t value;
} mw_vee_dated;

/* The book that holds at a moment. Of rows of one key that have begun the newest holds; one for the
 * class goes before any for all classes; of equal moments the later row. Rows of keys that this
 * version does not have are left out and counted: a database of a newer version stays usable.
 * MW_RANGE: a value outside its limits, or the whole does not check. */
MW_NODISCARD mw_status mw_vee_book_at(const mw_vee_dated *row, size_t n, mw_vee_class c, mw_utc at,
                                      mw_vee_book *out_book, size_t *out_unknown);

const char *mw_vee_medium_name(mw_vee_medium m);
/* MW_NOT_FOUND. */
MW_NODISCARD mw_status mw_vee_medium_of(const char *name, mw_vee_medium *out);
const char *mw_vee_class_name(mw_vee_class c);
MW_NODISCARD mw_status mw_vee_class_of(const char *name, mw_vee_class *out);

#endif
