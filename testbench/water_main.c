/* SPDX-License-Identifier: Apache-2.0
 *
 * mw-testbench-water: prints the type test of the water meters and the figures that follow from it.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "testbench/report.h"
#include "testbench/water_bench.h"

static const char usage[] =
    "usage: mw-testbench-water [--devices N] [--counts N] [--seed N] [--class NAME]\n"
    "                          [--html FILE] [--pdf FILE] [--image FILE]\n"
    "\n"
    "Type test of the water meters on a simulated rig: error curves lying and upright, cold and\n"
    "hot, worn, start, reverse, no flow.\n"
    "\n"
    "  --devices N   devices per class, each with its own tolerances (5; 1..1000)\n"
    "  --counts N    counts of 250 mL per point (200; 20..100000)\n"
    "  --seed N      of the first device (1); the next class begins 1000 further\n"
    "  --class NAME  water-r80, water-r100 or water-r160 alone\n"
    "  --html FILE   writes the report of the test, with error curves\n"
    "  --pdf FILE    the same on paper\n"
    "  --image FILE  what the report names as firmware, by its SHA-256 (this program)\n"
    "\n"
    "Exit status: 0 every point is within its limit, 1 one is not, 2 usage.\n";

typedef struct job {
    unsigned long devices, counts, seed;
    const mw_water_class *only;
    mw_report_files files;
} job;

static bool number(const char *text, unsigned long low, unsigned long high, unsigned long *out) {
    char *end;
    unsigned long n = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != 0 || n < low || n > high)
        return false;
    *out = n;
    return true;
}

static bool option_take(job *j, const char *name, const char *value) {
    if (strcmp(name, "--devices") == 0)
        return number(value, 1, 1000, &j->devices);
    if (strcmp(name, "--counts") == 0)
        return number(value, 20, 100000, &j->counts);
    if (strcmp(name, "--seed") == 0)
        return number(value, 0, 1000000000, &j->seed);
    if (strcmp(name, "--class") == 0) {
        for (unsigned k = 0; k < MW_WATER_CLASSES; k++)
            if (strcmp(value, mw_water_class_of[k].name) == 0)
                j->only = &mw_water_class_of[k];
        return j->only != NULL;
    }
    return mw_report_option(name, value, &j->files);
}

static bool print_bench(const mw_water_bench *b) {
    bool good = true;
    printf("#\n# %s: Q1 %.3f, Q2 %.3f, Q3 %.3f, Q4 %.3f m3/h\n", b->class->name,
           b->class->q1_lph / 1e3, b->class->q2_lph / 1e3, b->class->q3_lph / 1e3,
           b->class->q4_lph / 1e3);
    printf("# %-34s %-28s %8s %8s %8s %8s %8s  %s\n", "condition", "quantity", "m3/h", "mean",
           "low", "high", "limit", "verdict");
    for (unsigned i = 0; i < b->row_count; i++) {
        const mw_water_bench_row *r = &b->rows[i];
        const mw_water_limit *l = &mw_water_limits[r->limit];
        bool passed = mw_water_bench_passed(r);
        printf("  %-34s %-28s %8.3f %+8.3f %+8.3f %+8.3f %5.2f %-6s %s\n", r->what, l->name,
               r->flow_lph / 1e3, r->sum / r->devices, r->low, r->high, l->most, l->unit,
               passed ? "pass" : "FAIL");
        good = good && passed;
    }
    return good;
}

static mw_status report_begin(mw_report *r, const job *j) {
    mw_report_begin(r, "Type test of vane-wheel water meters");
    mw_report_fact(r, "Rig", "simulated: wheel, disc, coils, water temperature, position");
    mw_report_fact(r, "Devices", "%lu of each class, seeds from %lu, the next class 1000 further",
                   j->devices, j->seed);
    mw_report_fact(r, "Volume", "%lu counts of 250 mL a point, flying start and finish", j->counts);
    mw_report_fact(r, "Preparation",
                   "calibrated lying at 20 C as in production; worn where it says so");
    mw_report_fact(r, "Accuracy class", "2 (OIML R 49, ISO 4064)");
    return mw_report_firmware(r, j->files.image);
}

static void report_add(mw_report *r, const mw_water_bench *b) {
    mw_report_subject *s = mw_report_subject_add(r, b->class->name, "flow, m\xC2\xB3/h");
    snprintf(s->facts, sizeof s->facts,
             "Q1 %.3f, Q2 %.3f, Q3 %.3f, Q4 %.3f m\xC2\xB3/h; R%uH, R%uV", b->class->q1_lph / 1e3,
             b->class->q2_lph / 1e3, b->class->q3_lph / 1e3, b->class->q4_lph / 1e3,
             b->class->r_horizontal, b->class->r_vertical);
    for (unsigned i = 0; i < MW_WATER_LIMITS; i++) {
        const mw_water_limit *l = &mw_water_limits[i];
        mw_report_limit_add(
            s, &(mw_report_limit){l->name, l->most, l->target, l->unit, l->source, l->checked});
    }
    for (unsigned i = 0; i < b->row_count; i++) {
        const mw_water_bench_row *from = &b->rows[i];
        mw_report_row *row = mw_report_row_add(s, from->limit, from->sum / from->devices, from->low,
                                               from->high, from->what);
        row->has_x = from->flow_lph > 0;
        row->x = from->flow_lph / 1e3;
        row->curve = from->limit <= MW_WATER_LIMIT_HIGH_HOT;
    }
}

static void figure(const char *key, double value, double target) {
    printf("%s %.3f %% <=%g %s\n", key, value, target, value <= target ? "ok" : "short");
}

int main(int argc, char **argv) {
    job j = {.devices = 5, .counts = 200, .seed = 1};
    for (int i = 1; i < argc; i += 2) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            fputs(usage, stdout);
            return 0;
        }
        if (!option_take(&j, argv[i], i + 1 < argc ? argv[i + 1] : "")) {
            fputs(usage, stderr);
            return 2;
        }
    }
    static mw_water_bench bench;
    static mw_report report;
    double worst[MW_WATER_LIMITS] = {0};
    bool good = true;
    if (report_begin(&report, &j) != MW_OK) {
        fprintf(stderr, "cannot read %s\n", j.files.image);
        return 2;
    }
    for (unsigned k = 0; k < MW_WATER_CLASSES; k++) {
        if (j.only != NULL && j.only != &mw_water_class_of[k])
            continue;
        mw_water_bench_run(&bench, &mw_water_class_of[k], j.seed + 1000 * k, (unsigned)j.devices,
                           (unsigned)j.counts);
        good = print_bench(&bench) && good;
        report_add(&report, &bench);
        for (unsigned i = 0; i < MW_WATER_LIMITS; i++)
            worst[i] = fmax(worst[i], mw_water_bench_worst_of(&bench, (mw_water_limit_id)i));
    }
    static const char *const keys[] = {"meters.water_error_pct_q1_q2",
                                       "meters.water_error_pct_q2_q4",
                                       "meters.water_error_pct_q2_q4_hot"};
    for (unsigned i = 0; i < 3; i++)
        figure(keys[i], worst[i], mw_water_limits[i].target);
    if (mw_report_write(&report, &j.files) != MW_OK)
        return 2;
    return good ? 0 : 1;
}
