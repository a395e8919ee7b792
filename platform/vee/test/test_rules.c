/* SPDX-License-Identifier: Apache-2.0
 *
 * Each rule on a clean series (silent) and on one with its fault (exactly that span is named).
 */
#include "platform/vee/rules.h"

#include "platform/vee/test/fixture.h"

static fixture f;
static mw_vee_settings settings;
static mw_vee_finding room[512];
static mw_vee_findings found;

static void start(void) {
    fixture_make(&f, 1, 5);
    mw_vee_settings_preset(MW_VEE_RESIDENTIAL, &settings);
}

static void validate(void) {
    found = (mw_vee_findings){.item = room, .room = 512};
    MW_CHECK_OK(mw_vee_validate(&f.s, &settings, &found));
}

static unsigned count(mw_vee_rule rule) {
    unsigned n = 0;
    validate();
    for (uint32_t i = 0; i < found.n; i++)
        n += found.item[i].rule == rule;
    return n;
}

static mw_vee_finding only(mw_vee_rule rule) {
    MW_CHECK_EQ(count(rule), 1);
    for (uint32_t i = 0; i < found.n; i++) {
        if (found.item[i].rule == rule)
            return found.item[i];
    }
    return (mw_vee_finding){0};
}

enum { AT = FIXTURE_N - 12 };

MW_TEST(a_clean_series_is_silent) {
    start();
    validate();
    MW_CHECK_EQ(found.n, 0);
}

MW_TEST(table_is_whole) {
    bool seen[MW_VEE_RULES] = {false};
    for (unsigned r = 0; r < MW_VEE_RULES; r++) {
        MW_CHECK_EQ(mw_vee_rules[r].rule, r);
        MW_CHECK(!seen[mw_vee_rule_order[r]]);
        seen[mw_vee_rule_order[r]] = true;
        for (unsigned k = 0; k < MW_VEE_THRESHOLDS; k++) {
            const mw_vee_threshold *t = &mw_vee_rules[r].threshold[k];
            for (unsigned c = 0; t->name != NULL && c < MW_VEE_CLASSES; c++)
                MW_CHECK(t->preset[c] >= t->min && t->preset[c] <= t->max);
        }
    }
    mw_vee_settings_preset(MW_VEE_COMMERCIAL, &settings);
    MW_CHECK_EQ(settings.rule[MW_VEE_V13_ZERO].t[0], 3);
    MW_CHECK_OK(mw_vee_settings_set(&settings, MW_VEE_V13_ZERO, "days", 5));
    MW_CHECK_EQ(settings.rule[MW_VEE_V13_ZERO].t[0], 5);
    MW_CHECK_STATUS(mw_vee_settings_set(&settings, MW_VEE_V13_ZERO, "days", 0), MW_RANGE);
    MW_CHECK_STATUS(mw_vee_settings_set(&settings, MW_VEE_V13_ZERO, "x", 5), MW_NOT_FOUND);
}

MW_TEST(v01_v02_time_and_identity) {
    start();
    f.s.clock_offset_ms = -108000; /* 3 % of an hour is allowed */
    MW_CHECK_EQ(count(MW_VEE_V01_TIME), 0);
    f.s.clock_offset_ms = -108001;
    MW_CHECK_EQ(only(MW_VEE_V01_TIME).input[0], 108001);
    f.s.identity = 7;
    mw_vee_finding x = only(MW_VEE_V02_IDENTITY);
    MW_CHECK_EQ(x.severity, MW_VEE_FAIL);
    MW_CHECK_EQ(found.item[0].rule, MW_VEE_V02_IDENTITY); /* identity is looked at first */
}

MW_TEST(v03_gap_and_v06_exceeds) {
    start();
    f.flags[AT] = f.flags[AT + 1] = f.flags[AT + 2] = MW_VEE_MISSING;
    mw_vee_finding x = only(MW_VEE_V03_GAP);
    MW_CHECK(x.from == AT && x.n == 3 && x.severity == MW_VEE_FAIL);
    MW_CHECK_EQ(count(MW_VEE_V06_EXCEEDS), 0);
    MW_CHECK_EQ(count(MW_VEE_V05_SUM), 0); /* gaps are V06's business */
    int64_t gap = f.value[AT] + f.value[AT + 1] + f.value[AT + 2];
    f.reg[1].value -= gap + 3;
    x = only(MW_VEE_V06_EXCEEDS);
    MW_CHECK_EQ(x.input[0] - x.input[1], 3);
}

MW_TEST(v04_duplicates) {
    start();
    mw_vee_duplicate d[2] = {{AT, 0, f.value[AT]}, {AT + 1, 0, f.value[AT + 1] + 9}};
    f.s.duplicate = d;
    f.s.duplicates = 2;
    f.flags[AT + 1] = MW_VEE_CLOCK_UNCERTAIN;
    mw_vee_finding x = only(MW_VEE_V04_DUPLICATE);
    MW_CHECK(x.from == AT + 1 && x.input[2] == 1);
    MW_CHECK(!mw_vee_duplicate_better(5, 0, 6, 0, 0));
    MW_CHECK(!mw_vee_duplicate_better(5, MW_VEE_PARTIAL, 6, 0, 1));
    MW_CHECK(mw_vee_duplicate_better(5, MW_VEE_PARTIAL, 7, 0, 1));
    MW_CHECK(mw_vee_duplicate_better(0, MW_VEE_MISSING, 0, MW_VEE_PARTIAL, 9));
    MW_CHECK(!mw_vee_duplicate_better(5, MW_VEE_PARTIAL | MW_VEE_LOCKED, 7, 0, 0));
}

MW_TEST(v05_sum) {
    start();
    int64_t total = f.reg[1].value - f.reg[0].value, limit = 2 + total / 1000;
    f.reg[1].value += limit;
    MW_CHECK_EQ(count(MW_VEE_V05_SUM), 0);
    f.reg[1].value += 1;
    mw_vee_finding x = only(MW_VEE_V05_SUM);
    MW_CHECK(x.from == 0 && x.n == FIXTURE_N && x.input[0] == limit + 1);
    f.reg[1].initial = true; /* a new meter: nothing reaches across */
    MW_CHECK_EQ(count(MW_VEE_V05_SUM), 0);
}

MW_TEST(v07_high_v08_spike_v12_step) {
    start();
    f.value[AT] = 1100;
    MW_CHECK_EQ(count(MW_VEE_V07_HIGH), 0);
    f.value[AT] = 1101;
    MW_CHECK_EQ(only(MW_VEE_V07_HIGH).from, AT);
    MW_CHECK_EQ(only(MW_VEE_V08_SPIKE).from, AT);
    MW_CHECK_EQ(only(MW_VEE_V12_TOLERANCE).from, AT);
    /* A habit is no spike: a Thursday's like days are the Wednesday and Tuesday before it, then the
     * Thursday of the week before. */
    f.value[AT - 24] = f.value[AT - 48] = 800;
    MW_CHECK(count(MW_VEE_V08_SPIKE) == 1);
    f.value[AT - 7 * 24] = 800;
    MW_CHECK_EQ(count(MW_VEE_V08_SPIKE), 0);
    f.s.limits.contract_per_hour = 60;
    f.value[AT] = 61;
    MW_CHECK(count(MW_VEE_V07_HIGH) >= 1);
}

MW_TEST(v09_register_step) {
    start();
    f.s.limits.max_per_hour = 40; /* the fixture's mean is above 40 / hour x 1.1 in no case */
    MW_CHECK_EQ(count(MW_VEE_V09_REGISTER), 0);
    f.s.limits.max_per_hour = 20;
    MW_CHECK_EQ(only(MW_VEE_V09_REGISTER).severity, MW_VEE_WARN);
    f.s.limits.max_per_hour = 1000;
    MW_CHECK_OK(mw_vee_settings_set(&settings, MW_VEE_V09_REGISTER, "low", INT64_C(1) << 40));
    MW_CHECK_EQ(count(MW_VEE_V09_REGISTER), 1);
}

MW_TEST(v10_usage_v11_peak) {
    start();
    f.s.first = FIXTURE_N - 30 * 24;
    MW_CHECK_EQ(count(MW_VEE_V10_USAGE), 0);
    for (unsigned i = f.s.first; i < FIXTURE_N; i++)
        f.value[i] *= 4;
    mw_vee_finding x = only(MW_VEE_V10_USAGE);
    MW_CHECK(x.input[0] > 3800000 && x.input[0] < 4200000);
    MW_CHECK_EQ(count(MW_VEE_V11_PEAK), 1);
}

MW_TEST(v13_zero) {
    start();
    for (unsigned i = FIXTURE_N - 30 * 24; i < FIXTURE_N; i++)
        f.value[i] = 0;
    MW_CHECK_EQ(only(MW_VEE_V13_ZERO).n, 720);
    f.flags[FIXTURE_N - 100] = MW_VEE_VACANT;
    MW_CHECK_EQ(count(MW_VEE_V13_ZERO), 0);
}

MW_TEST(v14_negative) {
    start();
    f.value[AT] = -5;
    MW_CHECK_EQ(only(MW_VEE_V14_NEGATIVE).severity, MW_VEE_FAIL);
    f.s.medium = MW_VEE_WATER; /* 5 L of some 900 is physics */
    MW_CHECK_EQ(only(MW_VEE_V14_NEGATIVE).severity, MW_VEE_FLAG);
    f.value[AT] = -11;
    MW_CHECK_EQ(only(MW_VEE_V14_NEGATIVE).severity, MW_VEE_FAIL);
    f.value[AT] = 20;
    f.reg[0].value = f.reg[1].value + 10;
    mw_vee_finding x = only(MW_VEE_V14_NEGATIVE);
    MW_CHECK(x.n == 0 && x.input[2] == MW_VEE_STEP_BACKWARDS);
}

MW_TEST(v15_static) {
    start();
    for (unsigned i = AT; i < AT + 7; i++)
        f.value[i] = 33;
    f.value[AT + 7] = 34;
    f.value[AT - 1] = 32;
    MW_CHECK_EQ(count(MW_VEE_V15_STATIC), 0);
    f.value[AT - 1] = 33;
    MW_CHECK_EQ(only(MW_VEE_V15_STATIC).n, 8);
    start();
    memcpy(&f.value[FIXTURE_N - 24], &f.value[FIXTURE_N - 48], 24 * sizeof f.value[0]);
    MW_CHECK_EQ(only(MW_VEE_V15_STATIC).n, 24);
}

MW_TEST(v16_v17_v20_flags) {
    start();
    static uint32_t sibling[FIXTURE_N];
    f.s.sibling[0] = sibling;
    f.s.siblings = 1;
    sibling[AT] = MW_VEE_MISSING;
    f.flags[AT + 1] = MW_VEE_DISCONNECTED;
    f.flags[AT + 3] = f.flags[AT + 4] = MW_VEE_TAMPER | MW_VEE_BATTERY;
    mw_vee_finding x = only(MW_VEE_V16_INACTIVE);
    MW_CHECK(x.from == AT + 1 && x.n == 1 && x.severity == MW_VEE_ALARM);
    MW_CHECK_EQ(only(MW_VEE_V17_SIBLING).from, AT);
    x = only(MW_VEE_V20_STATUS);
    MW_CHECK(x.n == 2 && x.input[0] == (MW_VEE_TAMPER | MW_VEE_BATTERY));
}

MW_TEST(v18_phases) {
    start();
    static mw_vee_phases p[FIXTURE_N];
    static int64_t reactive[FIXTURE_N];
    for (unsigned i = 0; i < FIXTURE_N; i++)
        p[i] = (mw_vee_phases){{230000, 230000, 230000}, {1000, 1100, 900}};
    f.s.phases = p;
    f.s.reactive = reactive;
    MW_CHECK_EQ(count(MW_VEE_V18_PHASES), 0);
    p[AT].millivolt[1] = 9000;
    mw_vee_finding x = only(MW_VEE_V18_PHASES);
    MW_CHECK(x.severity == MW_VEE_ALARM && x.input[0] == 9000 && x.input[1] == 1100);
    reactive[AT + 1] = 3 * f.value[AT + 1];
    p[AT + 2] = (mw_vee_phases){{230000, 230000, 230000}, {3000, 10, 10}};
    MW_CHECK_EQ(count(MW_VEE_V18_PHASES), 3);
}

MW_TEST(v19_dynamic) {
    start();
    settings.rule[MW_VEE_V19_DYNAMIC].on = true;
    MW_CHECK_EQ(count(MW_VEE_V19_DYNAMIC), 0); /* within six deviations */
    f.value[AT] = 400;
    MW_CHECK_EQ(only(MW_VEE_V19_DYNAMIC).from, AT);
    settings.rule[MW_VEE_V19_DYNAMIC].t[0] = MW_VEE_MAX; /* six times the largest of the past */
    MW_CHECK_EQ(count(MW_VEE_V19_DYNAMIC), 0);
    f.value[AT] = 600;
    MW_CHECK_EQ(only(MW_VEE_V19_DYNAMIC).input[0], 600);
    settings.rule[MW_VEE_V19_DYNAMIC].t[0] = MW_VEE_MEDIAN;
    mw_vee_finding x = only(MW_VEE_V19_DYNAMIC);
    MW_CHECK(x.from == AT && x.input[1] > 25 && x.input[1] < 45);
    settings.rule[MW_VEE_V19_DYNAMIC].t[0] = MW_VEE_MEAN;
    MW_CHECK_EQ(only(MW_VEE_V19_DYNAMIC).from, AT);
    f.value[AT] = 50;
    settings.rule[MW_VEE_V19_DYNAMIC].t[0] = MW_VEE_ZEROS;
    f.value[AT] = 0;
    MW_CHECK_EQ(count(MW_VEE_V19_DYNAMIC), 1);
}

MW_TEST(marks_and_full_list) {
    start();
    f.value[AT] = 5000;
    f.flags[AT + 1] = MW_VEE_MISSING;
    validate();
    mw_vee_findings_mark(&found, f.flags, FIXTURE_N);
    MW_CHECK_EQ(f.flags[AT], MW_VEE_SUSPECT);
    MW_CHECK_EQ(f.flags[AT + 1], MW_VEE_MISSING);
    MW_CHECK_EQ(f.flags[AT + 2], 0);
    uint32_t all = found.n;
    f.flags[AT] = 0;
    found = (mw_vee_findings){.item = room, .room = 1};
    MW_CHECK_OK(mw_vee_validate(&f.s, &settings, &found));
    MW_CHECK_EQ(found.n + found.lost, all);
}

MW_TEST(dry_run_counts_days) {
    start();
    f.s.first = 30 * 24;
    f.value[40 * 24 + 3] = 2000;
    f.flags[45 * 24 + 5] = f.flags[45 * 24 + 6] = MW_VEE_MISSING;
    mw_vee_dry_run run;
    found = (mw_vee_findings){.item = room, .room = 512};
    MW_CHECK_OK(mw_vee_dry_run_over(&f.s, &settings, &found, &run));
    MW_CHECK_EQ(run.turns, 30);
    MW_CHECK_EQ(run.days[MW_VEE_V07_HIGH], 1);
    MW_CHECK_EQ(run.intervals[MW_VEE_V03_GAP], 2);
    MW_CHECK_EQ(run.days[MW_VEE_V06_EXCEEDS], 1); /* told when the closing register comes */
    MW_CHECK_EQ(run.failed_days, 3);
    MW_CHECK_EQ(run.lost, 0);
}

MW_TEST_MAIN(MW_CASE(a_clean_series_is_silent), MW_CASE(table_is_whole),
             MW_CASE(v01_v02_time_and_identity), MW_CASE(v03_gap_and_v06_exceeds),
             MW_CASE(v04_duplicates), MW_CASE(v05_sum), MW_CASE(v07_high_v08_spike_v12_step),
             MW_CASE(v09_register_step), MW_CASE(v10_usage_v11_peak), MW_CASE(v13_zero),
             MW_CASE(v14_negative), MW_CASE(v15_static), MW_CASE(v16_v17_v20_flags),
             MW_CASE(v18_phases), MW_CASE(v19_dynamic), MW_CASE(marks_and_full_list),
             MW_CASE(dry_run_counts_days))
