/* SPDX-License-Identifier: Apache-2.0
 *
 * Validation: the rules V01..V20 as a const table of pure functions. A rule reads a series and its
 * thresholds and says what it found; nothing is changed. docs/vee.md has the table with sources.
 */
#ifndef MW_PLATFORM_VEE_RULES_H
#define MW_PLATFORM_VEE_RULES_H

#include "platform/vee/series.h"

typedef enum mw_vee_rule {
    MW_VEE_V01_TIME,
    MW_VEE_V02_IDENTITY,
    MW_VEE_V03_GAP,
    MW_VEE_V04_DUPLICATE,
    MW_VEE_V05_SUM,
    MW_VEE_V06_EXCEEDS,
    MW_VEE_V07_HIGH,
    MW_VEE_V08_SPIKE,
    MW_VEE_V09_REGISTER,
    MW_VEE_V10_USAGE,
    MW_VEE_V11_PEAK,
    MW_VEE_V12_TOLERANCE,
    MW_VEE_V13_ZERO,
    MW_VEE_V14_NEGATIVE,
    MW_VEE_V15_STATIC,
    MW_VEE_V16_INACTIVE,
    MW_VEE_V17_SIBLING,
    MW_VEE_V18_PHASES,
    MW_VEE_V19_DYNAMIC,
    MW_VEE_V20_STATUS,
    MW_VEE_RULES
} mw_vee_rule;

typedef enum mw_vee_severity {
    MW_VEE_FLAG,  /* note it at the value */
    MW_VEE_WARN,  /* a person should look before the bill */
    MW_VEE_FAIL,  /* the value may not be billed as it is: estimate it */
    MW_VEE_ALARM, /* somebody should go there */
} mw_vee_severity;

#define MW_VEE_THRESHOLDS 3
typedef struct mw_vee_threshold {
    const char *name, *unit; /* NULL = not used */
    int64_t min, max;
    int64_t preset[MW_VEE_CLASSES];
} mw_vee_threshold;

/* The thresholds of one rule for one tenant and class. */
typedef struct mw_vee_setting {
    bool on;
    mw_vee_severity severity;
    int64_t t[MW_VEE_THRESHOLDS];
} mw_vee_setting;

typedef struct mw_vee_settings {
    mw_vee_setting rule[MW_VEE_RULES];
} mw_vee_settings;

typedef struct mw_vee_finding {
    mw_vee_rule rule;
    mw_vee_severity severity;
    uint32_t from, n;  /* intervals; n = 0: the boundary before `from`, or the whole series */
    int64_t input[3];  /* the values the rule compared; inputs.h names them */
    int64_t threshold; /* what input[0] was held against */
} mw_vee_finding;

/* The caller's list. When it is full further findings are counted in `lost`, never hidden. */
typedef struct mw_vee_findings {
    mw_vee_finding *item;
    uint32_t room, n, lost;
} mw_vee_findings;

typedef struct mw_vee_rule_info {
    mw_vee_rule rule;
    const char *id, *name;
    mw_vee_severity severity;
    bool on;    /* by default */
    bool marks; /* a FAIL tells which intervals are wrong, so they may be estimated */
    mw_vee_threshold threshold[MW_VEE_THRESHOLDS];
    void (*check)(const mw_vee_series *s, const mw_vee_setting *set, mw_vee_findings *out);
} mw_vee_rule_info;

/* The statistic of V19's first threshold. */
typedef enum mw_vee_statistic {
    MW_VEE_SUM,
    MW_VEE_MIN,
    MW_VEE_MAX,
    MW_VEE_MEAN,
    MW_VEE_MEDIAN,
    MW_VEE_ZEROS,
    MW_VEE_OUTAGES,
    MW_VEE_DEVIATION,
} mw_vee_statistic;

/* What V18 found, its third input: a current without voltage, one phase carries too much, more
 * reactive than active. */
typedef enum mw_vee_phases_kind {
    MW_VEE_PHASES_DEAD,
    MW_VEE_PHASES_IMBALANCE,
    MW_VEE_PHASES_REACTIVE,
} mw_vee_phases_kind;

extern const mw_vee_rule_info mw_vee_rules[MW_VEE_RULES];
/* V02, V01, V20, V04, V03, V14, V07, V08, V15, V05, V06, then the rest by number. */
extern const mw_vee_rule mw_vee_rule_order[MW_VEE_RULES];

void mw_vee_settings_preset(mw_vee_class c, mw_vee_settings *out);
/* Sets one threshold by name. MW_NOT_FOUND: the rule has none of that name; MW_RANGE. */
MW_NODISCARD mw_status mw_vee_settings_set(mw_vee_settings *settings, mw_vee_rule rule,
                                           const char *name, int64_t value);
/* All rules that are on, in order, over [first, n). A passed sum check exempts from no other rule.
 * MW_RANGE, MW_LIMIT: the series is not well-formed. */
MW_NODISCARD mw_status mw_vee_validate(const mw_vee_series *s, const mw_vee_settings *settings,
                                       mw_vee_findings *out);
/* Marks the intervals of the FAIL findings that name wrong values MW_VEE_SUSPECT. */
void mw_vee_findings_mark(const mw_vee_findings *f, uint32_t *flags, uint32_t n);
/* True when candidate b should replace a (V04): fewer doubts, and a change larger than the
 * threshold; with equal doubts the first that came stays. */
bool mw_vee_duplicate_better(int64_t a, uint32_t a_flags, int64_t b, uint32_t b_flags,
                             int64_t threshold);

typedef struct mw_vee_dry_run {
    uint32_t turns; /* days looked at, each as if it had just arrived */
    uint32_t findings[MW_VEE_RULES];
    uint32_t days[MW_VEE_RULES];      /* days with at least one finding of the rule */
    uint32_t intervals[MW_VEE_RULES]; /* intervals named by them */
    uint32_t failed_days;             /* days with any FAIL */
    uint32_t lost;
} mw_vee_dry_run;

/* What the settings would have said over the series' own past: each local day after `first` in
 * turn, with only what lay before it as history. scratch: room for one day's findings. */
MW_NODISCARD mw_status mw_vee_dry_run_over(const mw_vee_series *s, const mw_vee_settings *settings,
                                           mw_vee_findings *scratch, mw_vee_dry_run *out);

#endif
