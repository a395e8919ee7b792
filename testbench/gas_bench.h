/* SPDX-License-Identifier: Apache-2.0
 *
 * Type test of the gas meters: every size, several devices (seeds), through the points of their
 * standard. Each device is calibrated as in production, aged, and rests without flow at each
 * temperature before it is tested there, as a meter rests at night.
 */
#ifndef MW_TESTBENCH_GAS_BENCH_H
#define MW_TESTBENCH_GAS_BENCH_H

#include "testbench/gas_limits.h"
#include "testbench/gas_sim.h"

#define MW_GAS_BENCH_ROWS 80

typedef struct mw_gas_bench_row {
    char what[40];
    mw_gas_limit_id limit;
    double flow_m3_h;
    unsigned devices;
    double sum, low, high; /* of the devices' results, in the limit's unit */
} mw_gas_bench_row;

typedef struct mw_gas_bench {
    const mw_gas_size *size;
    unsigned measurements; /* per point */
    unsigned row_count;
    mw_gas_bench_row rows[MW_GAS_BENCH_ROWS];
} mw_gas_bench;

/* Tests devices seed .. seed + devices - 1 of one size. `measurements` per point, 100..100,000. */
void mw_gas_bench_run(mw_gas_bench *b, const mw_gas_wave *wave, const mw_gas_size *size,
                      uint64_t seed, unsigned devices, unsigned measurements);
/* Largest absolute value of a row. */
double mw_gas_bench_worst(const mw_gas_bench_row *r);
bool mw_gas_bench_passed(const mw_gas_bench_row *r);
/* Largest absolute value over all rows measured against a limit. */
double mw_gas_bench_worst_of(const mw_gas_bench *b, mw_gas_limit_id limit);

#endif
