/* SPDX-License-Identifier: Apache-2.0
 *
 * Type test of the electricity meters by simulation: errors over current, power factor, voltage and
 * frequency; influences; starting and no load; what the display shows. Each device is calibrated as
 * in production first.
 */
#ifndef MW_TESTBENCH_ELECTRIC_BENCH_H
#define MW_TESTBENCH_ELECTRIC_BENCH_H

#include "testbench/electric_limits.h"
#include "testbench/electric_sim.h"

#define MW_ELECTRIC_BENCH_ROWS 96

typedef struct mw_electric_bench_row {
    char what[44];
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

#endif
