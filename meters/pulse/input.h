/* SPDX-License-Identifier: Apache-2.0
 *
 * Debounce of one pulse input. A reed contact bounces for a millisecond or so, an open collector
 * not at all; both hold the line low for the pulse. A pulse counts when the line was low for
 * `min_low` and had been high for `min_high` before. Edges come from the board's interrupt with
 * their ticks; nothing runs between them.
 */
#ifndef MW_METERS_PULSE_INPUT_H
#define MW_METERS_PULSE_INPUT_H

#include "base/time.h"

typedef struct mw_pulse_input {
    mw_dur min_low;
    mw_dur min_high;
    mw_mono changed; /* tick of the last edge */
    bool low;        /* level since then */
    bool armed;      /* the line was high long enough: the next low may count */
    bool counted;    /* the running low was counted */
} mw_pulse_input;

/* Defaults of IEC 62053-31 class A outputs: 30 ms low, 30 ms high; reed meters need less. */
#define MW_PULSE_MIN_LOW_MS  10
#define MW_PULSE_MIN_HIGH_MS 10

void mw_pulse_input_init(mw_pulse_input *p, mw_dur min_low, mw_dur min_high, bool low, mw_mono now);
/* The line changed to a level at a tick; edges in order of time. Returns pulses to count, 0 or 1:
 * the pulse that this edge ends, when it was long enough. */
unsigned mw_pulse_input_edge(mw_pulse_input *p, bool low, mw_mono at);
/* Asks whether a low that still lasts is a pulse by now; for boards that must not wait for its end.
 * Returns 0 or 1, once per low. */
unsigned mw_pulse_input_poll(mw_pulse_input *p, mw_mono now);

#endif
