/* SPDX-License-Identifier: Apache-2.0
 *
 * mw-testbench-gas: prints the type test of the gas meters and the figures that follow from it.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "testbench/gas_report.h"

static const char usage[] =
    "usage: mw-testbench-gas [--devices N] [--measurements N] [--seed N] [--size NAME]\n"
    "                        [--html FILE] [--pdf FILE] [--image FILE]\n"
    "\n"
    "Type test of the ultrasonic gas meters on a simulated rig: error curves in air, natural gas "
    "and\n"
    "G25, -40..+55 C, start, reverse, pulsed flow, no flow. One row per point with the mean and "
    "the\n"
    "extremes over the devices, the limit, and a verdict.\n"
    "\n"
    "  --devices N       devices per size, each with its own tolerances (3; 1..1000)\n"
    "  --measurements N  measurements per point, 500 ms apart (900; 100..100000)\n"
    "  --seed N          of the first device (1); the next size begins 1000 further\n"
    "  --size NAME       gas-g1.6, gas-g2.5, gas-g4 or gas-g6 alone\n"
    "  --html FILE       writes the report of the test, with error curves\n"
    "  --pdf FILE        the same on paper\n"
    "  --image FILE      what the report names as firmware, by its SHA-256 (this program)\n"
    "\n"
    "Exit status: 0 every point is within its limit, 1 one is not, 2 usage.\n";

static void print_limits(void) {
    printf("# limits\n");
    for (unsigned i = 0; i < MW_GAS_LIMITS; i++) {
        const mw_gas_limit *l = &mw_gas_limits[i];
        printf("#   %-24s %5.2f %-3s %s; %s\n", l->name, l->most, l->unit, l->source, l->checked);
    }
}

static bool print_bench(const mw_gas_bench *b) {
    bool good = true;
    printf("#\n# %s: Qmin %.3f, Qt %.3f, Qmax %.3f m3/h, start %.3f m3/h\n", b->size->name,
           (double)b->size->qmin_l_h / 1000, (double)b->size->qt_l_h / 1000,
           (double)b->size->qmax_l_h / 1000, (double)b->size->start_l_h / 1000);
    printf("# %-34s %-24s %8s %8s %8s %8s %8s  %s\n", "condition", "quantity", "m3/h", "mean",
           "low", "high", "limit", "verdict");
    for (unsigned i = 0; i < b->row_count; i++) {
        const mw_gas_bench_row *r = &b->rows[i];
        const mw_gas_limit *l = &mw_gas_limits[r->limit];
        bool passed = mw_gas_bench_passed(r);
        printf("  %-34s %-24s %8.3f %+8.3f %+8.3f %+8.3f %5.2f %-2s  %s\n", r->what, l->name,
               r->flow_m3_h, r->sum / r->devices, r->low, r->high, l->most, l->unit,
               passed ? "pass" : "FAIL");
        good = good && passed;
    }
    return good;
}

static void figure(const char *key, double value, const char *unit, double target) {
    printf("%s %.3f %s <=%g %s\n", key, value, unit, target, value <= target ? "ok" : "short");
}

static bool number(const char *text, unsigned long low, unsigned long high, unsigned long *out) {
    char *end;
    unsigned long n = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != 0 || n < low || n > high)
        return false;
    *out = n;
    return true;
}

int main(int argc, char **argv) {
    unsigned long devices = 3, measurements = 900, seed = 1;
    const char *only = NULL;
    mw_report_files files = {NULL, NULL, NULL};
    for (int i = 1; i < argc; i += 2) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            fputs(usage, stdout);
            return 0;
        }
        bool good = false;
        if (strcmp(argv[i], "--devices") == 0)
            good = number(value, 1, 1000, &devices);
        else if (strcmp(argv[i], "--measurements") == 0)
            good = number(value, 100, 100000, &measurements);
        else if (strcmp(argv[i], "--seed") == 0)
            good = number(value, 0, 1000000000, &seed);
        else if (mw_report_option(argv[i], value, &files))
            good = true;
        else if (strcmp(argv[i], "--size") == 0)
            for (unsigned k = 0; k < MW_GAS_SIZES; k++)
                if (strcmp(value, mw_gas_size_of[k].name) == 0) {
                    only = mw_gas_size_of[k].name;
                    good = true;
                }
        if (!good) {
            fputs(usage, stderr);
            return 2;
        }
    }
    static mw_gas_wave wave;
    static mw_gas_bench bench;
    static mw_report report;
    double worst[MW_GAS_LIMITS] = {0};
    bool good = true;
    mw_gas_wave_init(&wave);
    printf(
        "# gas meters, type test by simulation: devices %lu.., %lu of each size, %lu measurements "
        "a point\n",
        seed, devices, measurements);
    print_limits();
    bool reporting = files.html != NULL || files.pdf != NULL;
    if (reporting && mw_gas_report_begin(&report, files.image, seed, (unsigned)devices,
                                         (unsigned)measurements) != MW_OK) {
        fprintf(stderr, "cannot read %s\n", files.image != NULL ? files.image : "this program");
        return 2;
    }
    for (unsigned k = 0; k < MW_GAS_SIZES; k++) {
        if (only != NULL && strcmp(only, mw_gas_size_of[k].name) != 0)
            continue;
        mw_gas_bench_run(&bench, &wave, &mw_gas_size_of[k], seed + 1000 * k, (unsigned)devices,
                         (unsigned)measurements);
        good = print_bench(&bench) && good;
        if (reporting)
            mw_gas_report_add(&report, &bench);
        for (unsigned i = 0; i < MW_GAS_LIMITS; i++)
            worst[i] = fmax(worst[i], mw_gas_bench_worst_of(&bench, (mw_gas_limit_id)i));
    }
    figure("meters.gas_error_pct_qt_qmax", worst[MW_GAS_LIMIT_HIGH], "%",
           mw_gas_limits[MW_GAS_LIMIT_HIGH].target);
    figure("meters.gas_error_pct_qmin_qt", worst[MW_GAS_LIMIT_LOW], "%",
           mw_gas_limits[MW_GAS_LIMIT_LOW].target);
    figure("meters.gas_zero_left_ns", worst[MW_GAS_LIMIT_ZERO], "ns",
           mw_gas_limits[MW_GAS_LIMIT_ZERO].target);
    figure("meters.gas_start_error_pct", worst[MW_GAS_LIMIT_START], "%",
           mw_gas_limits[MW_GAS_LIMIT_START].target);
    if (reporting && mw_report_write(&report, &files) != MW_OK)
        return 2;
    return good ? 0 : 1;
}
