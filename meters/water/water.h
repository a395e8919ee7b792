/* SPDX-License-Identifier: Apache-2.0
 *
 * The water meters of the catalogue: Q3 = 2.5 m3/h, forward and reverse registers in sensor steps.
 * A vane wheel turns once per litre; two sensors tell four states per turn, so one step is 250 mL.
 * Values on the air are whole litres, differences of floor(register), so that no step is lost.
 */
#ifndef MW_METERS_WATER_WATER_H
#define MW_METERS_WATER_WATER_H

#include "meters/kit/config.h"

#define MW_WATER_STEP_ML 250

/* Indexes of mw_meter_inputs.counts. */
enum { MW_WATER_FORWARD = 0, MW_WATER_REVERSE = 1 };

static inline mw_volume mw_water_volume(int64_t counts) {
    return (mw_volume){counts * MW_WATER_STEP_ML};
}

extern const mw_meter_model mw_water_r80;
extern const mw_meter_model mw_water_r100;
extern const mw_meter_model mw_water_r160;

#endif
