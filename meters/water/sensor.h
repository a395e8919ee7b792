/* SPDX-License-Identifier: Apache-2.0
 *
 * The sensing side of the water meter: amplitudes of two coils become counts of 250 mL.
 *
 *   coils -> metal or not -> steps of the wheel -> volume of a step at the flow of the moment
 *         -> microlitres forward and reverse -> whole counts for the kit
 *
 * A vane wheel turns a little too fast or too slow, and by how much depends on the flow and on how
 * it is mounted. Production measures that at MW_WATER_NODES flows, lying and upright; each step is worth what the table says at the flow which
 * the time since the step before it tells. Integers only; nothing is rounded away: what does not
 * make a count is carried.
 *
 * Sampling is 32 times a second while water runs, which is 9 samples a step at Q4, and 12 times a
 * second when it does not run or runs slowly.
 */
#ifndef MW_METERS_WATER_SENSOR_H
#define MW_METERS_WATER_SENSOR_H

#include "base/time.h"
#include "meters/kit/meter.h"
#include "meters/water/coil.h"
#include "meters/water/rotation.h"

#define MW_WATER_NODES       6
#define MW_WATER_SLOW_NS     (MW_NS_PER_S / 12)
#define MW_WATER_FAST_NS     (MW_NS_PER_S / 32)
#define MW_WATER_COUNT_UL    250000                      /* one count of the kit's registers */
#define MW_WATER_REST_NS     (INT64_C(60) * MW_NS_PER_S) /* no step for so long: nothing flows */
#define MW_WATER_CORRECT_MAX 2000                        /* hundredths of a percent */

/* Bits of mw_meter_inputs.faults. */
#define MW_WATER_FAULT_COIL_A 0x01u /* no signal, or it stands while the other one turns */
#define MW_WATER_FAULT_COIL_B 0x02u
#define MW_WATER_FAULT_MISSED 0x04u /* steps came faster than they were sampled */

/* How the meter is mounted: set at installation, sealed with the calibration. */
typedef enum mw_water_position {
    MW_WATER_HORIZONTAL = 0,
    MW_WATER_VERTICAL,
    MW_WATER_POSITIONS
} mw_water_position;

/* What production measured. */
typedef struct mw_water_calibration {
    uint16_t high[2], low[2]; /* extremes of each coil */
    /* One table for each position, for upright the bearing carries more. */
    struct {
        uint32_t flow_lph[MW_WATER_NODES];    /* rising, > 0 */
        int16_t correct_cpct[MW_WATER_NODES]; /* added to a step's 250 mL there, 0.01 % */
    } at[MW_WATER_POSITIONS];
} mw_water_calibration;

typedef struct mw_water_sensor {
    const mw_water_calibration *cal;
    mw_water_position position;
    mw_coil coil[2];
    mw_rotation rotation;
    mw_mono stepped, missed_at;
    bool moved;
    uint8_t alone[2]; /* transitions of this coil since the other one's last */
    uint8_t field;    /* the last five samples of the magnet sensor */
    uint32_t missed;
    uint32_t flow_lph;  /* of the last step, before the correction */
    int64_t rest_ul[2]; /* not yet a count, forward and reverse */
    uint32_t faults;
} mw_water_sensor;

/* `cal` must outlive it. MW_RANGE: flows do not rise, a correction beyond MW_WATER_CORRECT_MAX, or
 * a coil without swing. */
MW_NODISCARD mw_status mw_water_sensor_init(mw_water_sensor *s, const mw_water_calibration *cal,
                                            mw_water_position position, mw_mono now,
                                            const uint16_t amplitude[2]);
/* One sample of both coils and of the field sensor (its limit exceeded or not): adds to in->counts,
 * sets in->faults and the magnet bit of in->tamper. Returns when to sample next. */
mw_mono mw_water_sensor_step(mw_water_sensor *s, mw_mono now, const uint16_t amplitude[2],
                             bool field, mw_meter_inputs *in);
/* Litres an hour for the display, negative backwards; 0 when no step came for a minute. */
int64_t mw_water_sensor_flow(const mw_water_sensor *s, mw_mono now);

/* Microlitres of one step at a flow. */
int32_t mw_water_step_ul(const mw_water_calibration *cal, mw_water_position position,
                         uint32_t flow_lph);

#endif
