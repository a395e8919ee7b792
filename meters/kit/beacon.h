/* SPDX-License-Identifier: Apache-2.0
 *
 * Listening for time beacons (docs/spec/downlink.md section 3). A meter whose configuration has
 * `beacon` n > 0, whose clock is set and which has a group key asks for a receive window in every
 * n-th slot of its frequency plan. Without a known station the window covers all offsets; after a
 * beacon was heard, that offset alone, until one is missed. Both ends are widened by what the clock
 * may be off. Nothing of this is in flash: a reset plans anew from clock and configuration.
 */
#ifndef MW_METERS_KIT_BEACON_H
#define MW_METERS_KIT_BEACON_H

#include "base/time.h"

/* A step at the latest this long before the window opens asks for it. */
#define MW_BEACON_LEAD_NS (INT64_C(100) * 1000000)
/* What a setting of unknown quality (production, service, a boot) may be off. */
#define MW_BEACON_UNSURE_MS 2500
/* Guard at each end: never less, for ticks and rounding; never more, because a beacon does not move
 * a clock further than MW_CLOCK_STEP_US. */
#define MW_BEACON_GUARD_MIN_MS 20
#define MW_BEACON_GUARD_MAX_MS 10000

typedef struct mw_beacon {
    int64_t last;       /* newest slot that was asked for or let go; 0: none */
    uint32_t unsure_ms; /* of the last setting of the clock */
    uint8_t offset;     /* of the station heard last; valid with `known` */
    bool known;
    bool asked; /* a window was asked for and nothing was heard in it yet */
} mw_beacon;

#endif
