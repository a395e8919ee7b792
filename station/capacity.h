/* SPDX-License-Identifier: Apache-2.0
 *
 * What the downlink of a frequency plan can carry: `mw-station capacity [PLAN [METERS]]`.
 *
 * Bounds, not forecasts: one transmitter, the duty of the sub-band, every frame sent as often as the
 * table says and none repeated.
 */
#ifndef MW_STATION_CAPACITY_H
#define MW_STATION_CAPACITY_H

#include <stdio.h>

#include "protocols/unb/plan.h"

/* A schedule of tariffs as it is counted here: two seasons of three kinds of day with six switching
 * times of 3 bytes, twenty special days of 3 bytes, names and validity. */
#define MW_CAPACITY_TARIFF_BYTES 180u
/* One kind of day of it that changes. */
#define MW_CAPACITY_DELTA_BYTES    24u
#define MW_CAPACITY_FIRMWARE_BYTES 65536u
/* Block header of a firmware session: type and length, session, number. */
#define MW_CAPACITY_BLOCK_HEADER 6u
/* Blocks sent again on request, in per cent; and how often a group hears what nobody confirms. */
#define MW_CAPACITY_REPAIR_PCT   10u
#define MW_CAPACITY_GROUP_COPIES 2u

/* Frames an hour in a sub-band: the duty's, or the transmitter's when that is less. 0 when the size
 * is not sent at the rate. */
uint32_t mw_capacity_frames_per_hour(const mw_unb_plan *plan, unsigned band, mw_unb_rate rate,
                                     mw_unb_size size);
/* Frames that carry n bytes of objects, `header` of each frame's room taken off; 0 when none can. */
uint32_t mw_capacity_frames_of(mw_unb_size size, uint32_t n, uint32_t header);
/* Hours for so many frames. */
double mw_capacity_hours(uint64_t frames, uint32_t frames_per_hour);
void mw_capacity_print(const mw_unb_plan *plan, uint64_t meters, FILE *out);
/* argv[0] is "capacity". Returns the process's exit status. */
int mw_capacity_main(int argc, char **argv);

#endif
