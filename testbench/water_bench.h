/* SPDX-License-Identifier: Apache-2.0
 *
 * Type test of the water meters: each class, several devices (seeds), lying and upright, at the
 * temperatures of its class.
 */
#ifndef MW_TESTBENCH_WATER_BENCH_H
#define MW_TESTBENCH_WATER_BENCH_H

#include "testbench/water_limits.h"
#include "testbench/water_sim.h"

#define MW_WATER_BENCH_ROWS 80

typedef struct mw_water_bench_row {
    char what[44];
    mw_water_limit_id limit;
    double flow_lph;
    unsigned devices;
    double sum, low, high; /* of the devices' results, in the limit's unit */
} mw_water_bench_row;

typedef struct mw_water_bench {
    const mw_water_class *class;
    unsigned counts; /* per point, of 250 mL */
    unsigned row_count;
    mw_water_bench_row rows[MW_WATER_BENCH_ROWS];
} mw_water_bench;

/* Tests devices seed .. seed + devices - 1 of one class; counts 20..100,000. */
void mw_water_bench_run(mw_water_bench *b, const mw_water_class *class, uint64_t seed,
                        unsigned devices, unsigned counts);
double mw_water_bench_worst(const mw_water_bench_row *r);
bool mw_water_bench_passed(const mw_water_bench_row *r);
/* Largest share of the limit over all rows against it. */
double mw_water_bench_worst_of(const mw_water_bench *b, mw_water_limit_id limit);

#endif
