/* SPDX-License-Identifier: Apache-2.0
 *
 * From power to registers and pulses, exactly.
 *
 * Power times the length of the window is an integer number of quanta, 1 uW for
 * 1 / MW_ELECTRIC_PARTS_PER_S s; a milliwatt-hour is a whole number of them. What does not make a
 * milliwatt-hour is carried, so registers lose nothing, ever. Imported and exported energy have
 * registers of their own and are never subtracted from each other.
 *
 * Quadrants (IEC 62053-23, annex C): I = import and lagging, II = export and lagging, III = export
 * and leading, IV = import and leading. Reactive import R+ is I + II, export R- is III + IV.
 *
 * Below half of the starting current the meter does not count: noise is not sold (no-load
 * condition, IEC 62053-21 clause 8.3.2).
 */
#ifndef MW_METERS_ELECTRICITY_ENERGY_H
#define MW_METERS_ELECTRICITY_ENERGY_H

#include "meters/electricity/quantities.h"

/* Registers of one element or of all: thousandths of Wh and varh. */
typedef enum mw_electric_register {
    MW_ELECTRIC_A_PLUS,
    MW_ELECTRIC_A_MINUS,
    MW_ELECTRIC_R1,
    MW_ELECTRIC_R2,
    MW_ELECTRIC_R3,
    MW_ELECTRIC_R4,
    MW_ELECTRIC_REGISTERS,
} mw_electric_register;

typedef struct mw_electric_count {
    int64_t milli; /* mWh or mvarh */
    int64_t rest;  /* quanta, 0 .. MW_ELECTRIC_QUANTA_PER_MILLI - 1 */
} mw_electric_count;

#define MW_ELECTRIC_QUANTA_PER_MILLI (INT64_C(3600000) * MW_ELECTRIC_PARTS_PER_S)
#define MW_ELECTRIC_TOTAL            MW_ELECTRIC_ELEMENTS /* index of the sum of the elements */

/* How elements make the total. */
typedef enum mw_electric_sum {
    MW_ELECTRIC_SUM_VECTOR,     /* of their powers: what one exports offsets what another imports */
    MW_ELECTRIC_SUM_ARITHMETIC, /* of their registers: import and export side by side */
} mw_electric_sum;

typedef struct mw_electric_energy_config {
    mw_electric_sum sum;
    int64_t start_uw;     /* power of one element at the starting current, U rated, PF 1 */
    bool greater_current; /* one element: count by the neutral's current while it is the greater */
    uint32_t pulses_per_kwh, pulses_per_kvarh; /* 100..100,000 */
} mw_electric_energy_config;

/* An output that blinks for each portion of energy, evenly within a window. */
typedef struct mw_electric_pulser {
    int64_t portion; /* quanta of a pulse */
    int64_t filled;
    int64_t owed, each; /* of the window before: still to come, and for each sample */
} mw_electric_pulser;

typedef struct mw_electric_energy {
    mw_electric_energy_config config;
    mw_electric_count count[MW_ELECTRIC_ELEMENTS + 1][MW_ELECTRIC_REGISTERS];
    int64_t smooth_p[MW_ELECTRIC_ELEMENTS], smooth_q[MW_ELECTRIC_ELEMENTS]; /* for the threshold */
    bool counting_p[MW_ELECTRIC_ELEMENTS], counting_q[MW_ELECTRIC_ELEMENTS];
    bool by_neutral;
    int64_t p_uw, q_uvar, s_uva; /* of all elements, as the sum is configured */
    mw_electric_pulser active, reactive;
} mw_electric_energy;

enum { MW_ELECTRIC_PULSE_ACTIVE = 1, MW_ELECTRIC_PULSE_REACTIVE = 2 };

/* Starts with empty registers. MW_RANGE when the configuration is not within its limits. */
MW_NODISCARD mw_status mw_electric_energy_init(mw_electric_energy *e,
                                               const mw_electric_energy_config *config);
/* Counts a window. */
void mw_electric_energy_window(mw_electric_energy *e, const mw_electric_quantities *q);
/* One sample passes; returns MW_ELECTRIC_PULSE_*. */
unsigned mw_electric_energy_sample(mw_electric_energy *e);

/* Registers that are sums of others. `element` is 0..2 or MW_ELECTRIC_TOTAL. */
int64_t mw_electric_r_plus(const mw_electric_energy *e, unsigned element);
int64_t mw_electric_r_minus(const mw_electric_energy *e, unsigned element);

#endif
