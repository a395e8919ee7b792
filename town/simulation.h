/* SPDX-License-Identifier: Apache-2.0
 *
 * The town as one value: all meters in one process under virtual time. Advancing it is a pure
 * function of the seed, so a town that is started again replays itself and goes on where it was.
 */
#ifndef MW_TOWN_SIMULATION_H
#define MW_TOWN_SIMULATION_H

#include "town/air.h"
#include "town/book.h"
#include "town/virtual_meter.h"

typedef struct mw_town_simulation {
    mw_town_meter *meters;
    size_t count;
    uint32_t *queue; /* binary heap of meter numbers, the next to wake first */
    mw_town_air *air;
    mw_town_book *book;
} mw_town_simulation;

/* Air and book are borrowed. MW_NOMEM and the firmware's errors. */
MW_NODISCARD mw_status mw_town_simulation_open(const mw_town_population *p,
                                               const mw_town_terms *terms, mw_town_air *air,
                                               mw_town_book *book,
                                               mw_town_simulation *out_simulation);
void mw_town_simulation_close(mw_town_simulation *s);
/* Steps every meter that wakes at or before `until`. */
MW_NODISCARD mw_status mw_town_simulation_advance(mw_town_simulation *s, mw_utc until);

#endif
