/* SPDX-License-Identifier: Apache-2.0
 *
 * Zero-flow table: the time difference that electronics and transducers show without flow, over
 * temperature. Production writes it; the meter follows slow drift of it while nothing flows.
 *
 * The leak guard. What a meter learns stays within MW_GAS_ZERO_GUARD_PS of what production wrote,
 * and a period in which the offset lies further off teaches nothing. The flow at which a meter must
 * start makes 17 ns or more, so a leak of that size is never learned away, however slowly it grew:
 * all it can lose is 0.5 ns once.
 */
#ifndef MW_METERS_GAS_ZERO_H
#define MW_METERS_GAS_ZERO_H

#include "base/units.h"

#define MW_GAS_ZERO_POINTS   4
#define MW_GAS_ZERO_GUARD_PS 500
#define MW_GAS_ZERO_PERIOD   512 /* measurements without flow that make one observation */

extern const int32_t mw_gas_zero_mdegc[MW_GAS_ZERO_POINTS]; /* -40, -10, 20, 55 C */

typedef struct mw_gas_zero {
    int32_t factory_ps[MW_GAS_ZERO_POINTS];
    int32_t learned_ps[MW_GAS_ZERO_POINTS]; /* added; each within the guard */
    int64_t sum_ps;                         /* of the running observation */
    uint16_t count;
} mw_gas_zero;

/* Offset at a temperature; beyond the table its end holds. */
int32_t mw_gas_zero_at(const mw_gas_zero *z, mw_temp t);
/* One measurement during which the meter sees no flow: raw difference, nothing subtracted. Returns
 * whether the table was changed by it. */
bool mw_gas_zero_learn(mw_gas_zero *z, mw_temp t, int32_t dt_ps);
/* Flow, or a bad measurement run: the running observation is dropped. */
void mw_gas_zero_restart(mw_gas_zero *z);

#endif
