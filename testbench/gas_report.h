/* SPDX-License-Identifier: Apache-2.0
 *
 * The gas bench's rows as a report.
 */
#ifndef MW_TESTBENCH_GAS_REPORT_H
#define MW_TESTBENCH_GAS_REPORT_H

#include "testbench/gas_bench.h"
#include "testbench/report.h"

/* MW_IO: the image cannot be read. */
MW_NODISCARD mw_status mw_gas_report_begin(mw_report *r, const char *image, uint64_t seed,
                                           unsigned devices, unsigned measurements);
void mw_gas_report_add(mw_report *r, const mw_gas_bench *b);

#endif
