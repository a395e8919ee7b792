/* SPDX-License-Identifier: Apache-2.0
 *
 * The gas meters of the catalogue as models of the kit: forward and reverse registers in
 * millilitres, values on the air in whole litres, an indicator of 8 digits with 3 decimals of a
 * cubic metre.
 *
 *     capture -> mw_gas_flow (volume at the meter) -> mw_gas_convert (volume at base conditions)
 *             -> whole millilitres -> mw_meter_inputs.counts -> mw_meter_step
 *
 * With conversion on, the registers hold base volume, both ways; without it, volume as it flowed.
 * That is fixed before the first start, for one register has one meaning. What does not make a
 * millilitre is carried in RAM, so that a cut costs less than 1 mL beyond what the kit promises.
 *
 * The register itself does not roll over (it holds 10^6 m3); the indicator does, at its capacity.
 */
#ifndef MW_METERS_GAS_GAS_H
#define MW_METERS_GAS_GAS_H

#include "meters/gas/convert.h"
#include "meters/gas/flow.h"
#include "meters/kit/meter.h"

/* Indexes of mw_meter_inputs.counts. */
enum { MW_GAS_FORWARD = 0, MW_GAS_REVERSE = 1 };

/* G1.6, G2.5, G4, G6, in the order of mw_gas_size_of. */
extern const mw_meter_model mw_gas_model_of[MW_GAS_SIZES];

/* Bits of mw_meter_inputs.faults: MW_GAS_FLAG_* but for reverse flow, which has a register and an
 * event of its own, and this one. */
#define MW_GAS_FAULT_CONVERSION 0x100u /* MW_GAS_CONVERT_FAULT: substitute for a failed sensor */

typedef struct mw_gas_meter {
    mw_gas_flow flow;
    bool converting;
    mw_gas_convert convert[2]; /* forward, reverse */
    int32_t rest_ul[2];        /* 0..999, not yet a count */
    mw_mono updated;           /* when the factor was computed */
    bool updated_known;
    uint8_t missing; /* sensors that gave nothing then, MW_GAS_SUBSTITUTE_* */
} mw_gas_meter;

#define MW_GAS_CONVERT_PERIOD_NS (INT64_C(60) * MW_NS_PER_S)

/* Starts the sensor side. `convert` NULL: registers hold volume as it flowed. Size and calibration
 * must outlive it. MW_RANGE as mw_gas_convert_check. */
MW_NODISCARD mw_status mw_gas_meter_init(mw_gas_meter *g, const mw_gas_size *size,
                                         const mw_gas_calibration *cal,
                                         const mw_gas_convert_config *convert);
/* One measurement: adds to in->counts and sets in->faults. `at` tells what the sensors of pressure
 * and temperature gave; the factor is computed anew each minute and when a sensor fails. */
void mw_gas_meter_step(mw_gas_meter *g, mw_mono now, const mw_gas_capture *capture,
                       const mw_gas_conditions *at, mw_meter_inputs *in, mw_gas_result *out);

/* The indicator: "00000.000".."99999.999" m3 of a value in litres, then 0 again; NUL-terminated. */
#define MW_GAS_CAPACITY_L      INT64_C(100000000)
#define MW_GAS_INDICATOR_BYTES 10
void mw_gas_indicator(int64_t litres, char out[MW_GAS_INDICATOR_BYTES]);

#endif
