/* SPDX-License-Identifier: Apache-2.0
 *
 * What a meter does with frames that come down to it.
 *
 * After the last copy of each frame the meter listens for an answer (class A): the transmission
 * that mw_meter_step asks for comes with `listen`, the window in the meter's own ticks. A board
 * opens its receiver then; a payload that passed the check of the air interface is handed to
 * mw_meter_downlink with the tick at which its first symbol began, then mw_meter_step is called
 * again at the same `now`. docs/spec/downlink.md section 6.
 */
#ifndef MW_METERS_KIT_DOWNLINK_H
#define MW_METERS_KIT_DOWNLINK_H

#include "base/units.h"
#include "protocols/unb/plan.h"

/* A receive window. */
typedef struct mw_meter_listen {
    bool open;    /* false: there is none, the rest is 0 */
    uint8_t band; /* of the plan */
    mw_unb_rate rate;
    mw_freq carrier; /* nominal; the crystal adds its error */
    /* How far the carrier may be off beside that: 0 in the answer to a frame, whose offset the
     * station measured; for a beacon, of which nobody takes the meter's error off, that error. */
    mw_freq reach;
    mw_mono from; /* a frame's first symbol may begin in from .. to; */
    mw_mono to;   /* the receiver stays on for the frame's length after that */
} mw_meter_listen;

typedef struct mw_meter mw_meter;

/* Takes a payload of 29 or 61 bytes (M, L) as it came from the air, or a frame of another
 * carrier, its address in front. `now` is when it was complete,
 * `burst_start` the tick of its first symbol; mw_meter_step must have been called at `now` or
 * earlier and is to be called next at the same `now`.
 *   MW_OK         it was for this meter and was taken, whatever became of its commands
 *   MW_NOT_FOUND  for another meter or a group that this one is not in; nothing changed
 *   MW_DUPLICATE  counter not above the newest: taken before, or replayed; nothing changed
 *   MW_AUTH       the tag does not match; counted
 *   MW_SHORT, MW_UNSUPPORTED, MW_RANGE, MW_SYNTAX   not a frame that this version understands
 *   MW_IO         flash failed before anything was executed: the frame was not taken */
MW_NODISCARD mw_status mw_meter_downlink(mw_meter *m, mw_mono now, mw_mono burst_start,
                                         mw_slice payload);

#endif
