/* SPDX-License-Identifier: Apache-2.0
 *
 * The pulse modem of the catalogue: two independent inputs for any meter with a pulse output, each
 * with its own pulse weight and initial index (mw_meter_config.scale).
 */
#ifndef MW_METERS_PULSE_PULSE_H
#define MW_METERS_PULSE_PULSE_H

#include "meters/kit/config.h"

/* Electricity at 1000 imp/kWh on input 0, input 1 not connected; change by configuration. */
extern const mw_meter_model mw_pulse_2;

#endif
