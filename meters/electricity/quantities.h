/* SPDX-License-Identifier: Apache-2.0
 *
 * From the sums of a window to what the meter shows: voltage, current, power, angles.
 *
 * Units: microvolts, microamperes, microwatts (microvars, microvolt-amperes), thousandths of a
 * degree, parts per million. Signs follow IEC 62053-23: active power is positive when imported,
 * reactive power is positive when the current lags.
 *
 *   P   total active power, of the mean product of voltage and current: harmonics included
 *   P1, Q1  of the fundamental's phasors; Q1 is what the reactive registers count (IEC 62053-24)
 *   S   of the rms values; the power factor is P / S with the sign of Q1 told apart
 *   THD root of the square of the rms value less the fundamental's, by the fundamental's
 */
#ifndef MW_METERS_ELECTRICITY_QUANTITIES_H
#define MW_METERS_ELECTRICITY_QUANTITIES_H

#include "base/units.h"
#include "meters/electricity/window.h"

/* An element's constants, written in production and sealed. Order of finding them: offsets are
 * zero, gains at Ib and power factor 1, skew at Ib and 0.5 inductive, noise and offset at no load. */
typedef struct mw_electric_trim {
    int32_t u_gain, i_gain; /* 2^-8 nanovolts, nanoamperes of one step of the converter */
    mw_electric_skew skew;
    int32_t noise_ua;        /* rms current at no load: its square is subtracted */
    int32_t power_offset_uw; /* active power at no load and rated voltage: subtracted */
} mw_electric_trim;

typedef struct mw_electric_calibration {
    mw_electric_trim e[MW_ELECTRIC_ELEMENTS];
    int32_t neutral_gain; /* 2^-8 nanoamperes */
    int32_t neutral_noise_ua;
    int32_t u_drift, i_drift; /* of the gains, 1e-9 per K from 23 C */
} mw_electric_calibration;

typedef struct mw_electric_element {
    int64_t u_uv, i_ua;
    int64_t p_uw, q_uvar, s_uva; /* total active, fundamental reactive, apparent power */
    int64_t p1_uw;               /* of the fundamental */
    int64_t u1_uv, i1_ua;
    int32_t power_factor;         /* 1e-6, sign of p_uw; 1,000,000 when S is 0 */
    int32_t angle_mdeg;           /* from current to voltage, -180,000..180,000: > 0 lags */
    int32_t u_angle_mdeg;         /* of the voltage behind the first element's, 0..359,999 */
    int32_t thd_u_ppm, thd_i_ppm; /* 0 when there is no fundamental */
    bool has_angle;               /* voltage and current are there */
} mw_electric_element;

typedef enum mw_electric_sequence {
    MW_ELECTRIC_SEQUENCE_NONE, /* a phase is missing, or one phase only */
    MW_ELECTRIC_SEQUENCE_123,
    MW_ELECTRIC_SEQUENCE_132, /* reversed */
    MW_ELECTRIC_SEQUENCE_BAD, /* neither: wrongly connected */
} mw_electric_sequence;

typedef struct mw_electric_quantities {
    uint8_t elements;
    int64_t parts; /* length of the window, 1 / MW_ELECTRIC_PARTS_PER_S s */
    mw_electric_element e[MW_ELECTRIC_ELEMENTS];
    int64_t neutral_ua;
    int64_t neutral_p_uw;  /* of the neutral's current with the voltage of the first element */
    int32_t frequency_mhz; /* 0: no voltage */
    mw_electric_sequence sequence;
    uint8_t lost;          /* bit k: element k has no voltage */
    int32_t unbalance_ppm; /* negative by positive sequence voltage (IEC 61000-4-30) */
    bool valid;            /* the window was whole cycles: the oscillator was locked */
} mw_electric_quantities;

/* A phase whose voltage is below this share of the rated one is lost. */
#define MW_ELECTRIC_LOST_PERCENT 50

/* Gain of a converter whose full scale (2^23) is `full_scale` microvolts or microamperes. */
int32_t mw_electric_gain_of(int64_t full_scale);
/* Reads the window that w has done last. */
void mw_electric_quantities_of(const mw_electric_window *w, const mw_electric_calibration *cal,
                               mw_temp temperature, mw_voltage rated, mw_electric_quantities *out);
/* Rms voltage of the half cycle that w has done last, microvolts: for dips and swells. */
int64_t mw_electric_half_uv(const mw_electric_window *w, const mw_electric_calibration *cal,
                            mw_temp temperature, unsigned element);
/* Calibrated gain at a temperature. */
int32_t mw_electric_gain_at(int32_t gain, int32_t drift, mw_temp temperature);

#endif
