/* SPDX-License-Identifier: Apache-2.0
 *
 * The radio of the electricity meters: the kit's telemetry over the register of active import. The
 * board gives it the whole watt-hours by which the register rose as counts; it keeps the hours and
 * reports, and takes commands: relay, clock, configuration, archives. No battery: the meter feeds
 * it, and before a power failure both are saved.
 */
#ifndef MW_METERS_ELECTRICITY_RADIO_H
#define MW_METERS_ELECTRICITY_RADIO_H

#include "meters/electricity/meter.h"
#include "meters/kit/config.h"
#include "meters/kit/schedule.h"

extern const mw_meter_model mw_electric_radio_single;
extern const mw_meter_model mw_electric_radio_three;

/* What takes tariff schedules for this meter; give it to the radio's board (mw_board.schedule). A
 * schedule changes the calendar in force, or the one of a new meter (protocols/tariff/schedule.h);
 * the result waits as passive calendar for its moment. */
void mw_electric_radio_schedule(mw_electric_meter *m, mw_schedule *out);

#endif
