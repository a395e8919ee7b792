/* SPDX-License-Identifier: Apache-2.0
 *
 * Type test of the electricity meters by simulation: errors over current, power factor, voltage and
 * frequency; influences; starting and no load; what the display shows; pulse outputs and input;
 * what calibration finds and leaves. Each device is calibrated as in production first.
 */
#ifndef MW_TESTBENCH_ELECTRIC_BENCH_H
#define MW_TESTBENCH_ELECTRIC_BENCH_H

#include "testbench/electric_limits.h"
#include "testbench/electric_sim.h"

#define MW_ELECTRIC_BENCH_ROWS 192
#define MW_ELECTRIC_BENCH_IB   5.0
#define MW_ELECTRIC_BENCH_IMAX 100.0
/* From this many windows a point on, the tests of starting and no load run their whole time. */
#define MW_ELECTRIC_BENCH_WHOLE 100

typedef struct mw_electric_bench_row {
    char what[48];
    double amperes; /* 0: not the point's variable */
    mw_electric_limit_id limit;
    unsigned devices;
    double sum, low, high; /* of the devices' results, in the limit's unit */
} mw_electric_bench_row;

typedef struct mw_electric_bench {
    uint8_t elements;
    unsigned windows; /* of 0.2 s, per point */
    unsigned row_count;
    mw_electric_bench_row rows[MW_ELECTRIC_BENCH_ROWS];
} mw_electric_bench;

/* Tests devices seed .. seed + devices - 1. elements 1: class 1; 3: class 0.5S. */
void mw_electric_bench_run(mw_electric_bench *b, uint8_t elements, uint64_t seed, unsigned devices,
                           unsigned windows);
double mw_electric_bench_most(const mw_electric_bench *b, mw_electric_limit_id limit);
double mw_electric_bench_worst(const mw_electric_bench_row *r);

/* For the parts of the bench: adds a result to its row. */
void mw_electric_bench_note(mw_electric_bench *b, const char *what, double amperes,
                            mw_electric_limit_id limit, double value);
/* Starting, no load, pulses in and out, calibration: electric_functions.c. */
void mw_electric_bench_functions(mw_electric_bench *b, mw_electric_sim *s);

#endif
