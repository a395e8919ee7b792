/* SPDX-License-Identifier: Apache-2.0
 *
 * What production does with a new electricity meter and a reference source, step by step:
 *
 *   1. no load:   noise of the current channels, active power without current
 *   2. Ib, PF 1:  gains of voltage and current
 *   3. Ib, PF 0.5 inductive: time between voltage and current
 *
 * Each step takes the means that the meter showed with the trim so far and what the reference says,
 * and improves the trim. MW_RANGE when the device is beyond what trimming may hide: 10 % of gain,
 * half a sample of skew. The trim is then left as it was.
 */
#ifndef MW_METERS_ELECTRICITY_CALIBRATE_H
#define MW_METERS_ELECTRICITY_CALIBRATE_H

#include "meters/electricity/quantities.h"

MW_NODISCARD mw_status mw_electric_calibrate_no_load(mw_electric_trim *trim,
                                                     const mw_electric_element *shown);
MW_NODISCARD mw_status mw_electric_calibrate_gain(mw_electric_trim *trim,
                                                  const mw_electric_element *shown, int64_t u_uv,
                                                  int64_t i_ua);
/* The reference's angle from current to voltage; frequency in mHz. */
MW_NODISCARD mw_status mw_electric_calibrate_skew(mw_electric_trim *trim,
                                                  const mw_electric_element *shown,
                                                  int32_t angle_mdeg, int32_t frequency_mhz);

#endif
