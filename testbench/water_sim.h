/* SPDX-License-Identifier: Apache-2.0
 *
 * A simulated vane-wheel water meter on a simulated flow rig. The device has its own tolerances,
 * drawn from a seed; the firmware under test (meters/water) sees only what its converter gives.
 *
 * Model:
 *   wheel     one turn a litre within 3 %; error over flow is a hump of 1 to 2 % about Q2 and a
 *             droop -s (Qs/Q)^1.5 towards the start flow Qs, which is a third of Q1 lying and grows
 *             with the class upright; colder water, which is thicker, brings more of both
 *   bearing   wears: Qs up to 20 % higher after mw_water_sim_age
 *   disc      half of metal; edges soft over 20 degrees; sensors 90 degrees apart within 6
 *   coils     swing 300 to 500 units, offset drifts 0.1 % of it per K, noise 1.5 % of the swing rms
 *   rig       true volume is known exactly; counts are timed from the first to the last ("flying
 *             start and finish"), so that a whole count is no error
 *
 * Shapes are typical of single-jet meters, not those of one product: what is tested is that the
 * firmware finds and corrects them, not that a real wheel has them.
 */
#ifndef MW_TESTBENCH_WATER_SIM_H
#define MW_TESTBENCH_WATER_SIM_H

#include "base/prng.h"
#include "meters/water/sensor.h"
#include "meters/water/water.h"

typedef struct mw_water_sim {
    const mw_water_class *class;
    mw_prng random;
    /* The device: truth. */
    double turns_per_litre, hump, hump_at_lph, droop, start_lph;
    double angle_error[2]; /* of the sensors, turns */
    double swing[2], offset[2];
    /* The rig. */
    mw_water_position mounted;
    double celsius;
    double flow_lph; /* negative: backwards */
    bool field;      /* a magnet is held to it */
    double shake;    /* the wheel trembles by so many turns */
    unsigned dead;   /* bit i: coil i is cut off */
    /* State. */
    double position; /* turns */
    mw_mono now;
    double litres; /* that flowed, with its sign, since the beginning */
    /* The device under test. */
    mw_water_calibration calibration;
    mw_water_sensor meter;
    mw_meter_inputs in; /* counts added up; the bench takes them */
} mw_water_sim;

/* Draws a device, uncalibrated. Rig: lying, 20 C, no flow. */
void mw_water_sim_init(mw_water_sim *s, const mw_water_class *class, uint64_t seed);
/* What production does, with the firmware as the instrument: extremes of the coils by a turn of
 * the wheel, the error at six flows at 20 C, lying and
 * upright. Restarts the meter. */
void mw_water_sim_calibrate(mw_water_sim *s);
/* Mounts it lying or upright: the meter starts anew with that position. */
void mw_water_sim_mount(mw_water_sim *s, mw_water_position position);
void mw_water_sim_age(mw_water_sim *s);
/* Time goes on, sampled as the meter asks. */
void mw_water_sim_run(mw_water_sim *s, double seconds);
/* Settles, then flows until `counts` counts came in the direction of the flow: error in percent.
 * NAN when the wheel does not turn. */
double mw_water_sim_error(mw_water_sim *s, double flow_lph, unsigned counts);

#endif
