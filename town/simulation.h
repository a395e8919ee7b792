/* SPDX-License-Identifier: Apache-2.0
 *
 * The town as one value: all meters in one process under virtual time. Advancing it is a pure
 * function of the seed, so a town that is started again replays itself and goes on where it was.
 */
#ifndef MW_TOWN_SIMULATION_H
#define MW_TOWN_SIMULATION_H

#include "town/air.h"
#include "town/book.h"
#include "town/medium.h"
#include "town/virtual_meter.h"

/* What a meter heard in the receive window that has ended. *out_hearing MW_TOWN_LATER: ask again.
 */
typedef mw_status mw_town_hear_fn(void *context, const mw_town_meter *m, mw_utc now,
                                  mw_town_hearing *out_hearing, mw_town_heard *out_heard,
                                  mw_utc *out_later);

/* Sends what a meter pushes and gives the answer. Any failure: it is tried again later. */
typedef mw_status mw_town_push_fn(void *context, mw_slice apdu, mw_span out, size_t *out_size);

typedef struct mw_town_simulation {
    mw_town_meter *meters;
    size_t count;
    uint32_t *queue; /* binary heap of meter numbers, the next to wake first */
    mw_town_air *air;
    mw_town_book *book;
    mw_town_hear_fn *hear; /* NULL: nothing comes down */
    void *hear_context;
    mw_town_push_fn *push; /* NULL: reports wait */
    void *push_context;
} mw_town_simulation;

/* Air and book are borrowed. MW_NOMEM and the firmware's errors. */
MW_NODISCARD mw_status mw_town_simulation_open(const mw_town_population *p,
                                               const mw_town_terms *terms, mw_town_air *air,
                                               mw_town_book *book,
                                               mw_town_simulation *out_simulation);
/* Lets downlinks come; set after opening. */
void mw_town_simulation_listen(mw_town_simulation *s, mw_town_hear_fn *hear, void *context);
/* Where meters push; set after opening. */
void mw_town_simulation_push(mw_town_simulation *s, mw_town_push_fn *push, void *context);
/* Tries what waits once more; the number of reports that wait still. */
MW_NODISCARD mw_status mw_town_simulation_deliver(mw_town_simulation *s, size_t *out_waiting);
void mw_town_simulation_close(mw_town_simulation *s);
/* Steps every meter that wakes at or before `until`. */
MW_NODISCARD mw_status mw_town_simulation_advance(mw_town_simulation *s, mw_utc until);

#endif
