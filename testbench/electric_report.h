/* SPDX-License-Identifier: Apache-2.0
 *
 * The report of the electricity bench, as those of gas and water.
 */
#ifndef MW_TESTBENCH_ELECTRIC_REPORT_H
#define MW_TESTBENCH_ELECTRIC_REPORT_H

#include "testbench/electric_bench.h"
#include "testbench/report.h"

/* MW_IO: the image cannot be read. */
MW_NODISCARD mw_status mw_electric_report_begin(mw_report *r, const char *image, uint64_t seed,
                                                unsigned devices, unsigned windows);
/* Adds what was tested, judged by the limits of a class: 0 class 1, 1 class 0.5S. */
void mw_electric_report_add(mw_report *r, const mw_electric_bench *b, unsigned class);

#endif
