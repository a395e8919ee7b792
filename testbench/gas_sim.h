/* SPDX-License-Identifier: Apache-2.0
 *
 * A simulated ultrasonic gas meter on a simulated flow rig. The device has its own tolerances,
 * drawn from a seed; the firmware under test (meters/gas) sees only its samples, as on a board.
 *
 * Sound comes from tables of AGA8. Viscosity (Sutherland) and the nominal flow profile (a log law
 * with one smooth transition) are the physics that the firmware's tables were fitted to; what the
 * rig adds are the device's own tolerances of them. So it tests calibration and arithmetic, not
 * whether a real duct behaves like that.
 *
 * Model per measurement:
 *   zero      z0 + a (T - 20) + b (T - 20)^2: +-1 ns at 20 C, and up to 0.8 ns more at the ends of
 *             -40..55 C; ageing after production moves it by up to +-0.45 ns more
 *   noise     white, so that dt has a standard deviation of 1.2 ns at 40 dB
 *   turbulence  path velocity times AR(1) of 0.3 s: 1 % rms below Re 2000, 3 % above
 *   slip      an echo whose rise is disturbed, so that the envelope names another period: 1e-6 at
 *             40 dB to 1e-2 at 20 dB, or forced
 *   delay     of transducers and electronics, drifts 0.3 ns/K
 *   expansion of the duct, 23e-6 per K within 15 %
 *   vacuum    1 dB per 0.05 bar below 1.013 bar; gas rich in carbon dioxide 6 dB
 */
#ifndef MW_TESTBENCH_GAS_SIM_H
#define MW_TESTBENCH_GAS_SIM_H

#include "meters/gas/flow.h"
#include "testbench/gas_wave.h"

typedef enum mw_gas_sim_gas {
    MW_GAS_SIM_AIR,
    MW_GAS_SIM_NATURAL, /* 98.3 % methane */
    MW_GAS_SIM_METHANE, /* G20 */
    MW_GAS_SIM_G25,     /* 86 % methane, 14 % nitrogen */
    MW_GAS_SIM_GASES,
} mw_gas_sim_gas;

typedef struct mw_gas_sim {
    const mw_gas_wave *wave;
    const mw_gas_size *size;
    mw_prng random;
    /* The device: truth. */
    double path_m, area_m2; /* at 20 C */
    double expansion;       /* of a length, per K */
    double profile_gain, profile_centre, profile_width;
    double zero_ns, zero_slope, zero_curve; /* at 20 C, per K, per K2 */
    double ageing_ns, ageing_slope;         /* 0 until mw_gas_sim_age */
    double delay_us;
    double level;  /* LSB at 0 dB gain with air at 1 bar */
    double snr_db; /* then */
    double offset; /* of the converter */
    /* The rig. */
    mw_gas_sim_gas gas;
    double celsius, pressure_pa;
    double flow_m3_h; /* negative is reverse */
    double slip;      /* probability per measurement; below 0: by the SNR */
    /* State. */
    double turbulence;
    int64_t now_ns;
    int32_t gain_cdb;
    double reference_m3; /* what flowed, forward and reverse added */
    /* The device under test. */
    mw_gas_calibration calibration;
    mw_gas_flow meter;
} mw_gas_sim;

/* Draws a device; not calibrated. `wave` must outlive it. Rig: air, 20 C, 101.325 kPa, no flow. */
void mw_gas_sim_init(mw_gas_sim *s, const mw_gas_wave *wave, const mw_gas_size *size,
                     uint64_t seed);
/* What production does, with the firmware as the measuring instrument: delay and level in air,
 * zero at four temperatures, profile at ten flows in air at 20 C. Resets the meter. */
void mw_gas_sim_calibrate(mw_gas_sim *s);
/* Years pass: the zero moves. */
void mw_gas_sim_age(mw_gas_sim *s);
/* Time goes on by `ms`; the echoes that a board would then capture at s->gain_cdb. */
void mw_gas_sim_echoes(mw_gas_sim *s, uint32_t ms, int16_t up[MW_GAS_SAMPLES],
                       int16_t dn[MW_GAS_SAMPLES]);
/* One measurement after `ms`; the meter steps. */
void mw_gas_sim_measure(mw_gas_sim *s, uint32_t ms, mw_gas_result *out);
/* `n` measurements every 500 ms (test mode). */
void mw_gas_sim_run(mw_gas_sim *s, unsigned n);
/* Settles, then measures over n measurements: error of the registers in percent of the volume that
 * flowed; the register of the other way must not move. */
double mw_gas_sim_error(mw_gas_sim *s, double flow_m3_h, unsigned n);

double mw_gas_sim_sound(mw_gas_sim_gas gas, double celsius); /* m/s */
double mw_gas_sim_zero(const mw_gas_sim *s);                 /* ns, at the rig's temperature */
/* What the meter's zero table leaves of it, ns. */
double mw_gas_sim_zero_left(const mw_gas_sim *s);

#endif
