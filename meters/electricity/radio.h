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
#include "meters/kit/meter.h"
#include "meters/kit/schedule.h"

extern const mw_meter_model mw_electric_radio_single;
extern const mw_meter_model mw_electric_radio_three;

/* The meter's events on their way to the radio. */
typedef struct mw_electric_radio {
    const mw_electric_meter *meter;
    mw_meter *radio;
    uint64_t silent; /* by place in the masks: its begin was only counted, so its end is not told */
} mw_electric_radio;

/* From now on the radio reports what the meter is set to push. Both have been booted, and run on the same
 * ticks; all three stay where they are. */
void mw_electric_radio_connect(mw_electric_radio *r, mw_electric_meter *m, mw_meter *radio);

/* What takes tariff schedules for this meter; give it to the radio's board (mw_board.schedule). A
 * schedule changes the calendar in force, or the one of a new meter (protocols/tariff/schedule.h);
 * the result waits as passive calendar for its moment. */
void mw_electric_radio_schedule(mw_electric_meter *m, mw_schedule *out);

#endif
