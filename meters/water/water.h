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

/* A dynamic class of the catalogue. Flows are the catalogue's where it gives them, which rounds
 * Q1 = Q3/R and Q2 = 1.6 Q1 upwards; upright the wheel's bearing carries more, and the class is
 * lower (R50 and R40 are usual for such meters). */
typedef struct mw_water_class {
    const char *name;
    uint16_t r_horizontal, r_vertical;
    uint16_t q1_lph, q2_lph;                   /* horizontal */
    uint16_t q1_vertical_lph, q2_vertical_lph; /* upright */
    uint16_t q3_lph, q4_lph;
    uint8_t temperatures; /* bit i: made in temperature class 30, 50, 70, 90 */
} mw_water_class;

#define MW_WATER_CLASSES      3
#define MW_WATER_TEMPERATURES 4
extern const mw_water_class mw_water_class_of[MW_WATER_CLASSES];     /* R80, R100, R160 */
extern const uint8_t mw_water_temperature_of[MW_WATER_TEMPERATURES]; /* degrees Celsius */

extern const mw_meter_model mw_water_r80;
extern const mw_meter_model mw_water_r100;
extern const mw_meter_model mw_water_r160;

#endif
