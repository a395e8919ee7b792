/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/vee/rules.h"

#include <string.h>

#include "platform/vee/rules_internal.h"

#define NONE                                                                                       \
    { .name = NULL }
#define BOTH(v)                                                                                    \
    { v, v }

/* Thresholds tagged "ours" in docs/vee.md have no published default. */
const mw_vee_rule_info mw_vee_rules[MW_VEE_RULES] = {
    {MW_VEE_V01_TIME,
     "V01",
     "clock offset",
     MW_VEE_FLAG,
     true,
     false,
     {{"tolerance", "ppm of interval", 0, MW_VEE_PPM, BOTH(30000)},
      {"tolerance_s", "s", 0, 86400, BOTH(60)},
      NONE},
     mw_vee_check_time},
    {MW_VEE_V02_IDENTITY,
     "V02",
     "identity",
     MW_VEE_FAIL,
     true,
     true,
     {NONE, NONE, NONE},
     mw_vee_check_identity},
    {MW_VEE_V03_GAP,
     "V03",
     "gap",
     MW_VEE_FAIL,
     true,
     false,
     {{"run", "intervals", 1, 35136, BOTH(1)}, NONE, NONE},
     mw_vee_check_gap},
    {MW_VEE_V04_DUPLICATE,
     "V04",
     "duplicate differs",
     MW_VEE_FLAG,
     true,
     false,
     {{"change", "units", 0, INT64_MAX, BOTH(0)}, NONE, NONE},
     mw_vee_check_duplicate},
    {MW_VEE_V05_SUM,
     "V05",
     "sum against register",
     MW_VEE_FAIL,
     true,
     false,
     {{"counts", "register counts", 0, 1000000, BOTH(2)},
      {"share", "ppm of energy", 0, MW_VEE_PPM, BOTH(1000)},
      NONE},
     mw_vee_check_sum},
    {MW_VEE_V06_EXCEEDS,
     "V06",
     "intervals exceed register",
     MW_VEE_FAIL,
     true,
     false,
     {{"counts", "register counts", 0, 1000000, BOTH(2)}, NONE, NONE},
     mw_vee_check_exceeds},
    {MW_VEE_V07_HIGH,
     "V07",
     "high interval",
     MW_VEE_FAIL,
     true,
     true,
     {{"share", "ppm of class limit", 1, 100000000, BOTH(1100000)}, NONE, NONE},
     mw_vee_check_high},
    {MW_VEE_V08_SPIKE,
     "V08",
     "spike",
     MW_VEE_FAIL,
     true,
     true,
     {{"excess", "ppm of third largest", 1, 1000000000, BOTH(1800000)},
      {"floor", "ppm of class limit", 0, MW_VEE_PPM, BOTH(100000)},
      {"like_days", "days", 1, 10, BOTH(3)}},
     mw_vee_check_spike},
    {MW_VEE_V09_REGISTER,
     "V09",
     "register step",
     MW_VEE_WARN,
     true,
     false,
     {{"low", "units", 0, INT64_MAX, BOTH(0)},
      {"high", "units, 0 = class limit", 0, INT64_MAX, BOTH(0)},
      {"change", "ppm of reading, 0 = off", 0, 100000000, BOTH(0)}},
     mw_vee_check_register},
    {MW_VEE_V10_USAGE,
     "V10",
     "high or low usage",
     MW_VEE_WARN,
     true,
     false,
     {{"low", "ppm", 0, MW_VEE_PPM, BOTH(300000)},
      {"high", "ppm", MW_VEE_PPM, 1000000000, BOTH(3000000)},
      {"period", "days", 1, 366, BOTH(30)}},
     mw_vee_check_usage},
    {MW_VEE_V11_PEAK,
     "V11",
     "peak against past",
     MW_VEE_WARN,
     true,
     false,
     {{"ratio", "ppm", 1, 1000000000, BOTH(2000000)}, {"period", "days", 1, 366, BOTH(30)}, NONE},
     mw_vee_check_peak},
    {MW_VEE_V12_TOLERANCE,
     "V12",
     "step between intervals",
     MW_VEE_WARN,
     true,
     false,
     {{"change", "ppm", 1, 1000000000, BOTH(10000000)},
      {"floor", "ppm of class limit", 0, MW_VEE_PPM, BOTH(200000)},
      NONE},
     mw_vee_check_tolerance},
    {MW_VEE_V13_ZERO,
     "V13",
     "zero usage",
     MW_VEE_WARN,
     true,
     false,
     {{"days", "days", 1, 366, {30, 3}}, NONE, NONE},
     mw_vee_check_zero},
    {MW_VEE_V14_NEGATIVE,
     "V14",
     "negative or backwards",
     MW_VEE_FAIL,
     true,
     true,
     {{"backflow", "ppm of volume", 0, MW_VEE_PPM, BOTH(10000)},
      {"backflow_volume", "units", 0, INT64_MAX, BOTH(10)},
      NONE},
     mw_vee_check_negative},
    {MW_VEE_V15_STATIC,
     "V15",
     "static",
     MW_VEE_WARN,
     true,
     false,
     {{"run", "intervals", 2, 35136, BOTH(8)}, NONE, NONE},
     mw_vee_check_static},
    {MW_VEE_V16_INACTIVE,
     "V16",
     "consumption while inactive",
     MW_VEE_ALARM,
     true,
     false,
     {{"least", "units", 1, INT64_MAX, BOTH(1)}, NONE, NONE},
     mw_vee_check_inactive},
    {MW_VEE_V17_SIBLING,
     "V17",
     "sibling has no data",
     MW_VEE_WARN,
     true,
     false,
     {{"run", "intervals", 1, 35136, BOTH(1)}, NONE, NONE},
     mw_vee_check_sibling},
    {MW_VEE_V18_PHASES,
     "V18",
     "phases and power factor",
     MW_VEE_ALARM,
     true,
     false,
     {{"reactive", "ppm of active", 1, 1000000000, BOTH(2000000)},
      {"imbalance", "ppm of mean current", 1, 2000000, BOTH(1500000)},
      {"dead_phase", "mV", 0, 1000000, BOTH(10000)}},
     mw_vee_check_phases},
    {MW_VEE_V19_DYNAMIC,
     "V19",
     "against a running statistic",
     MW_VEE_WARN,
     false,
     false,
     {{"statistic", "mw_vee_statistic", MW_VEE_SUM, MW_VEE_DEVIATION, BOTH(MW_VEE_DEVIATION)},
      {"factor", "ppm", 0, 1000000000, BOTH(6000000)},
      {"period", "days", 1, 366, BOTH(30)}},
     mw_vee_check_dynamic},
    {MW_VEE_V20_STATUS,
     "V20",
     "meter status",
     MW_VEE_FLAG,
     true,
     false,
     {NONE, NONE, NONE},
     mw_vee_check_status},
};

const mw_vee_rule mw_vee_rule_order[MW_VEE_RULES] = {
    MW_VEE_V02_IDENTITY, MW_VEE_V01_TIME,     MW_VEE_V20_STATUS,    MW_VEE_V04_DUPLICATE,
    MW_VEE_V03_GAP,      MW_VEE_V14_NEGATIVE, MW_VEE_V07_HIGH,      MW_VEE_V08_SPIKE,
    MW_VEE_V15_STATIC,   MW_VEE_V05_SUM,      MW_VEE_V06_EXCEEDS,   MW_VEE_V09_REGISTER,
    MW_VEE_V10_USAGE,    MW_VEE_V11_PEAK,     MW_VEE_V12_TOLERANCE, MW_VEE_V13_ZERO,
    MW_VEE_V16_INACTIVE, MW_VEE_V17_SIBLING,  MW_VEE_V18_PHASES,    MW_VEE_V19_DYNAMIC,
};

void mw_vee_settings_preset(mw_vee_class c, mw_vee_settings *out) {
    for (unsigned r = 0; r < MW_VEE_RULES; r++) {
        const mw_vee_rule_info *info = &mw_vee_rules[r];
        out->rule[r] = (mw_vee_setting){.on = info->on, .severity = info->severity};
        for (unsigned k = 0; k < MW_VEE_THRESHOLDS; k++)
            out->rule[r].t[k] = info->threshold[k].preset[c];
    }
}

mw_status mw_vee_settings_set(mw_vee_settings *settings, mw_vee_rule rule, const char *name,
                              int64_t value) {
    if (rule >= MW_VEE_RULES)
        return MW_NOT_FOUND;
    for (unsigned k = 0; k < MW_VEE_THRESHOLDS; k++) {
        const mw_vee_threshold *t = &mw_vee_rules[rule].threshold[k];
        if (t->name == NULL || strcmp(t->name, name) != 0)
            continue;
        if (value < t->min || value > t->max)
            return MW_RANGE;
        settings->rule[rule].t[k] = value;
        return MW_OK;
    }
    return MW_NOT_FOUND;
}

void mw_vee_found(mw_vee_findings *out, const mw_vee_setting *set, mw_vee_finding f) {
    if (f.severity == MW_VEE_FLAG)
        f.severity = set->severity;
    if (out->n == out->room)
        out->lost++;
    else
        out->item[out->n++] = f;
}

static void rules_run(const mw_vee_series *s, const mw_vee_settings *settings,
                      mw_vee_findings *out) {
    if (s->first == s->n)
        return;
    for (unsigned k = 0; k < MW_VEE_RULES; k++) {
        mw_vee_rule r = mw_vee_rule_order[k];
        if (settings->rule[r].on)
            mw_vee_rules[r].check(s, &settings->rule[r], out);
    }
}

mw_status mw_vee_validate(const mw_vee_series *s, const mw_vee_settings *settings,
                          mw_vee_findings *out) {
    MW_TRY(mw_vee_series_check(s));
    rules_run(s, settings, out);
    return MW_OK;
}

void mw_vee_findings_mark(const mw_vee_findings *f, uint32_t *flags, uint32_t n) {
    for (uint32_t k = 0; k < f->n; k++) {
        const mw_vee_finding *x = &f->item[k];
        if (x->severity != MW_VEE_FAIL || !mw_vee_rules[x->rule].marks)
            continue;
        for (uint32_t i = x->from; i < x->from + x->n && i < n; i++)
            flags[i] |= (flags[i] & MW_VEE_LOCKED) == 0 ? MW_VEE_SUSPECT : 0u;
    }
}

static void day_count(const mw_vee_findings *f, mw_vee_dry_run *out) {
    bool seen[MW_VEE_RULES] = {false}, failed = false;
    for (uint32_t k = 0; k < f->n; k++) {
        mw_vee_rule r = f->item[k].rule;
        out->findings[r]++;
        out->intervals[r] += f->item[k].n;
        out->days[r] += !seen[r];
        seen[r] = true;
        failed = failed || f->item[k].severity == MW_VEE_FAIL;
    }
    out->failed_days += failed;
    out->lost += f->lost;
}

mw_status mw_vee_dry_run_over(const mw_vee_series *s, const mw_vee_settings *settings,
                              mw_vee_findings *scratch, mw_vee_dry_run *out) {
    MW_TRY(mw_vee_series_check(s));
    mw_vee_dry_run run = {0};
    for (uint32_t k = 0; k < s->days; k++) {
        mw_vee_series past = *s;
        if (s->day[k].first < s->first)
            continue;
        past.first = s->day[k].first;
        past.n = s->day[k].first + s->day[k].n;
        past.days = k + 1;
        scratch->n = scratch->lost = 0;
        rules_run(&past, settings, scratch);
        run.turns++;
        day_count(scratch, &run);
    }
    *out = run;
    return MW_OK;
}

bool mw_vee_duplicate_better(int64_t a, uint32_t a_flags, int64_t b, uint32_t b_flags,
                             int64_t threshold) {
    /* Conflict says only that two values came, so it does not count against either. */
    int doubts_a = __builtin_popcount(a_flags & ~(uint32_t)(MW_VEE_CONFLICT | MW_VEE_LOCKED));
    int doubts_b = __builtin_popcount(b_flags & ~(uint32_t)(MW_VEE_CONFLICT | MW_VEE_LOCKED));
    if ((a_flags & MW_VEE_LOCKED) != 0)
        return false;
    if ((a_flags & MW_VEE_MISSING) != 0)
        return (b_flags & MW_VEE_MISSING) == 0;
    int64_t change = a > b ? a - b : b - a;
    return doubts_b < doubts_a && change > threshold;
}
