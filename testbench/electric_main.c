/* SPDX-License-Identifier: Apache-2.0
 *
 * mw-testbench-electricity: prints the type test of the electricity meters and its figures.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "testbench/electric_report.h"

static const char usage[] =
    "usage: mw-testbench-electricity [--devices N] [--windows N] [--seed N]\n"
    "                                [--html FILE] [--pdf FILE] [--image FILE]\n"
    "\n"
    "Type test of the electricity meters on a simulated source: single phase in class 1, three\n"
    "phases in class 0.5S, active and reactive. One row per point with the mean and the extremes\n"
    "over the devices, the limit, and a verdict. From 100 windows on, starting and no load run\n"
    "their whole time.\n"
    "\n"
    "  --devices N  devices of each kind, each with its own tolerances (3; 1..1000)\n"
    "  --windows N  windows of 0.2 s per point (100; 10..100000)\n"
    "  --seed N     of the first device (1)\n"
    "  --html FILE  writes the report of the test, with error curves; three phases in class 1 too\n"
    "  --pdf FILE   the same on paper\n"
    "  --image FILE what the report names as firmware, by its SHA-256 (this program)\n"
    "\n"
    "Exit status: 0 every point is within its limit, 1 one is not, 2 usage.\n";

static bool number(const char *text, unsigned long low, unsigned long high, unsigned long *out) {
    char *end;
    unsigned long n = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != 0 || n < low || n > high)
        return false;
    *out = n;
    return true;
}

static void print_limits(void) {
    printf("# limits: class 1, class 0.5S\n");
    for (unsigned i = 0; i < MW_ELECTRIC_LIMITS; i++) {
        const mw_electric_limit *l = &mw_electric_limits[i];
        printf("#   %-32s %5.2f %5.2f %-6s %s; %s\n", l->name, l->most[0], l->most[1], l->unit,
               l->source, l->checked);
    }
}

static bool print_rows(const mw_electric_bench *b) {
    unsigned class = b->elements == 3;
    bool good = true;
    printf("#\n# %s\n", class ? "three phases, 3x230/400 V, 5(100) A, 8000 imp/kWh, class 0.5S"
                              : "single phase, 230 V, 5(100) A, 3600 imp/kWh, class 1");
    printf("# %-34s %-38s %6s %9s %9s %9s %7s  %s\n", "quantity", "point", "A", "mean", "low",
           "high", "limit", "verdict");
    for (unsigned i = 0; i < b->row_count; i++) {
        const mw_electric_bench_row *r = &b->rows[i];
        const mw_electric_limit *l = &mw_electric_limits[r->limit];
        bool passed = mw_electric_bench_worst(r) <= l->most[class];
        char amperes[16] = "";
        if (r->amperes > 0)
            snprintf(amperes, sizeof amperes, "%g", r->amperes);
        printf("  %-34s %-38s %6s %+9.4f %+9.4f %+9.4f %5.2f %-6s %s\n", l->name, r->what, amperes,
               r->sum / r->devices, r->low, r->high, l->most[class], l->unit,
               passed ? "pass" : "FAIL");
        good = good && passed;
    }
    return good;
}

/* Largest share of its limit that any quantity of a group takes, in a class. */
static void figure(const char *key, const mw_electric_bench *b, unsigned class,
                   mw_electric_limit_id first, mw_electric_limit_id last) {
    double share = 0;
    for (mw_electric_limit_id i = first; i <= last; i++)
        if (mw_electric_limits[i].most[class] > 0)
            share = fmax(share, mw_electric_bench_most(b, i) / mw_electric_limits[i].most[class]);
    double target = 1.0 / MW_ELECTRIC_TARGET_SHARE;
    printf("%s %.3f of_limit <=%.3f %s\n", key, share, target, share <= target ? "ok" : "short");
}

static void figures(const char *kind, const mw_electric_bench *b, unsigned class) {
    static const struct {
        const char *name;
        mw_electric_limit_id first, last;
    } groups[] = {
        {"active", MW_ELECTRIC_LIMIT_ACTIVE, MW_ELECTRIC_LIMIT_ACTIVE_ONE},
        {"reactive", MW_ELECTRIC_LIMIT_REACTIVE, MW_ELECTRIC_LIMIT_REACTIVE_QUARTER},
        {"influences", MW_ELECTRIC_LIMIT_VOLTAGE, MW_ELECTRIC_LIMIT_REACTIVE_TEMPERATURE},
        {"rms_u", MW_ELECTRIC_LIMIT_RMS_U, MW_ELECTRIC_LIMIT_RMS_U},
        {"rms_i", MW_ELECTRIC_LIMIT_RMS_I, MW_ELECTRIC_LIMIT_RMS_I},
        {"outputs", MW_ELECTRIC_LIMIT_OUTPUT, MW_ELECTRIC_LIMIT_OUTPUT},
    };
    for (unsigned i = 0; i < sizeof groups / sizeof groups[0]; i++) {
        char key[64];
        snprintf(key, sizeof key, "electricity.%s_%s", kind, groups[i].name);
        figure(key, b, class, groups[i].first, groups[i].last);
    }
    double pulses = mw_electric_bench_most(b, MW_ELECTRIC_LIMIT_NO_LOAD);
    printf("electricity.%s_no_load_pulses %.0f pulses <=0 %s\n", kind, pulses,
           pulses == 0 ? "ok" : "short");
}

int main(int argc, char **argv) {
    unsigned long devices = 3, windows = 100, seed = 1;
    mw_report_files files = {NULL, NULL, NULL};
    for (int i = 1; i < argc; i += 2) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            fputs(usage, stdout);
            return 0;
        }
        bool good = strcmp(argv[i], "--devices") == 0   ? number(value, 1, 1000, &devices)
                    : strcmp(argv[i], "--windows") == 0 ? number(value, 10, 100000, &windows)
                    : strcmp(argv[i], "--seed") == 0    ? number(value, 0, 1000000000, &seed)
                                                        : mw_report_option(argv[i], value, &files);
        if (!good) {
            fputs(usage, stderr);
            return 2;
        }
    }
    static mw_electric_bench one, three;
    printf("# electricity meters, type test by simulation: devices %lu.., %lu of each kind, %lu "
           "windows of 0.2 s a point\n",
           seed, devices, windows);
    print_limits();
    mw_electric_bench_run(&one, 1, seed, (unsigned)devices, (unsigned)windows);
    mw_electric_bench_run(&three, 3, seed, (unsigned)devices, (unsigned)windows);
    bool good = print_rows(&one);
    good = print_rows(&three) && good;
    figures("one_phase", &one, 0);
    figures("three_phase", &three, 1);
    figures("three_phase_class1", &three, 0);
    figure("electricity.shown", &three, 1, MW_ELECTRIC_LIMIT_RMS_U, MW_ELECTRIC_LIMIT_HERTZ);
    if (files.html == NULL && files.pdf == NULL)
        return good ? 0 : 1;
    static mw_report report;
    if (mw_electric_report_begin(&report, files.image, seed, (unsigned)devices,
                                 (unsigned)windows) != MW_OK) {
        fprintf(stderr, "cannot read %s\n", files.image != NULL ? files.image : "this program");
        return 2;
    }
    mw_electric_report_add(&report, &one, 0);
    mw_electric_report_add(&report, &three, 1);
    mw_electric_report_add(&report, &three, 0);
    if (mw_report_write(&report, &files) != MW_OK)
        return 2;
    return good ? 0 : 1;
}
