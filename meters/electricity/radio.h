/* SPDX-License-Identifier: Apache-2.0
 *
 * The radio of the electricity meters: the kit's telemetry over the register of active import. The
 * board gives it the whole watt-hours by which the register rose as counts; it keeps the hours and
 * reports, and takes commands: relay, clock, configuration, archives. No battery: the meter feeds
 * it, and before a power failure both are saved.
 */
#ifndef MW_METERS_ELECTRICITY_RADIO_H
#define MW_METERS_ELECTRICITY_RADIO_H

#include "meters/kit/config.h"

extern const mw_meter_model mw_electric_radio_single;
extern const mw_meter_model mw_electric_radio_three;

#endif
