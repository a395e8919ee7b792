/* SPDX-License-Identifier: Apache-2.0
 *
 * A simulated electricity meter on a simulated source. The device has tolerances of its own, drawn
 * from a seed; the firmware under test (meters/electricity) sees its samples alone, as on a board.
 *
 * Model of a device:
 *   gains      of each voltage and current channel within 3 %, before calibration
 *   drift      of the gains with temperature: 25 ppm/K of voltage and 40 ppm/K of current for the
 *              type, which the firmware knows, and up to 6 ppm/K more of the device's own
 *   skew       between voltage and current of an element up to 8 us (filters, sensors), 5 ns/K
 *   offset     of each channel up to 0.05 % of full scale
 *   noise      white, 6 mV and 2.5 mA rms a sample (full scale 500 V and 200 A, 24 bits)
 *   crosstalk  of the voltage into the current channel: up to 1.2 mA at 230 V, in phase
 *   crystal    within 20 ppm
 *   transformers of three phases: ratio and phase change by up to 0.03 % and 0.03 degrees a decade of
 *              current away from 5 A, where they are trimmed
 * Not simulated: saturation of those transformers, fields from outside, ageing.
 */
#ifndef MW_TESTBENCH_ELECTRIC_SIM_H
#define MW_TESTBENCH_ELECTRIC_SIM_H

#include "base/prng.h"
#include "meters/electricity/calibrate.h"
#include "meters/electricity/energy.h"

#define MW_ELECTRIC_SIM_RATED_V   230.0
#define MW_ELECTRIC_SIM_HARMONICS 40
#define MW_ELECTRIC_SIM_U_FULL    500.0 /* peak */
#define MW_ELECTRIC_SIM_I_FULL    200.0

/* A waveform of one cycle: rms value of the fundamental and shares of harmonics. */
typedef struct mw_electric_sim_shape {
    double share[MW_ELECTRIC_SIM_HARMONICS + 1]; /* of harmonic n by the fundamental; 1 unused */
    double phase[MW_ELECTRIC_SIM_HARMONICS + 1]; /* radians, of sin(n x + phase) */
    double dc;                                   /* by the fundamental's rms value */
    int highest;                                 /* harmonic; found when a run begins */
} mw_electric_sim_shape;

typedef struct mw_electric_sim_phase {
    double volts, amperes; /* rms of the fundamental */
    double angle;          /* current behind voltage, degrees */
    double at;             /* of the voltage, degrees: 0, -120, 120 */
    bool fired;            /* current flows in the second half of each half cycle only */
    bool half_wave;        /* current flows in the positive half cycles only */
    bool burst;            /* current flows for two cycles, then none for two */
} mw_electric_sim_phase;

typedef struct mw_electric_sim_source {
    mw_electric_sim_phase phase[MW_ELECTRIC_ELEMENTS];
    mw_electric_sim_shape u, i; /* of all phases */
    double hertz, celsius;
    double neutral_share; /* single phase: of the current that comes back in the neutral */
} mw_electric_sim_source;

typedef struct mw_electric_sim_channel {
    double gain, drift, offset; /* as a share; per K; steps */
} mw_electric_sim_channel;

typedef struct mw_electric_sim {
    mw_prng random;
    uint8_t elements;
    mw_electric_sim_channel u[MW_ELECTRIC_ELEMENTS], i[MW_ELECTRIC_ELEMENTS], neutral;
    double skew_s[MW_ELECTRIC_ELEMENTS], crosstalk[MW_ELECTRIC_ELEMENTS];
    double crystal; /* rate by nominal rate */
    double ct_ratio[MW_ELECTRIC_ELEMENTS], ct_degrees[MW_ELECTRIC_ELEMENTS]; /* a decade */
    double ct_gain[MW_ELECTRIC_ELEMENTS], ct_late[MW_ELECTRIC_ELEMENTS];     /* of this run */
    mw_electric_sim_source source;
    double t; /* seconds by the source */
    /* The device under test. */
    mw_electric_calibration calibration;
    mw_electric_window window;
    mw_electric_energy energy;
    mw_electric_quantities shown; /* of the last window */
    uint32_t pulses[2];
    double pulse_first[2], pulse_last[2]; /* by the source */
} mw_electric_sim;

/* What a run found, means over its windows. */
typedef struct mw_electric_sim_result {
    double seconds;              /* by the source */
    double p, q, p_true, q_true; /* W and var of the registers, all elements */
    double u[MW_ELECTRIC_ELEMENTS], i[MW_ELECTRIC_ELEMENTS]; /* shown, V and A */
    double angle[MW_ELECTRIC_ELEMENTS];
    double hertz;
    uint32_t pulses[2];
    double pulses_per_s[2]; /* between the first and the last pulse; 0: fewer than two */
    double first_pulse_s;   /* active, since measuring began; 0: none */
} mw_electric_sim_result;

/* Draws a device, calibrated as in production; 1 or 3 elements, the constants of its pulse
 * outputs, starting current in A. */
void mw_electric_sim_init(mw_electric_sim *s, uint8_t elements, uint64_t seed, uint32_t pulses,
                          double start_amperes);
/* 230 V, 50 Hz, 23 C, sine, this current and angle (degrees, > 0 inductive) in each phase. */
void mw_electric_sim_balanced(mw_electric_sim *s, double amperes, double angle);
/* Starts the device again with this calibration, or with these constants of its pulse outputs;
 * registers are empty. */
void mw_electric_sim_use(mw_electric_sim *s, const mw_electric_calibration *calibration);
void mw_electric_sim_constant(mw_electric_sim *s, uint32_t pulses);
/* As the device is when nobody has trimmed it. */
mw_electric_calibration mw_electric_sim_untrimmed(const mw_electric_sim *s);
/* Settles for `settle` windows, then measures over `windows`. */
void mw_electric_sim_run(mw_electric_sim *s, unsigned settle, unsigned windows,
                         mw_electric_sim_result *out);

#endif
