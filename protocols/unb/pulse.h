/* SPDX-License-Identifier: Apache-2.0
 *
 * The transmit pulse, a table that a microcontroller can play.
 *
 * One symbol of amplitude a (+1 or -1) adds a * pulse to the output; pulses of neighbouring symbols
 * overlap. The pulse is symmetric, spans MW_UNB_PULSE_SPAN symbols and is close to a root-raised
 * cosine, so a receiver that filters with the same table sees little interference between symbols.
 * Between table entries the output is interpolated linearly: that alone keeps the images of the
 * table's rate below the mask (docs/spec/unb.md, section "Pulse").
 *
 *   entry 0 .. 192: time (entry - 96) / 32 symbols from the symbol's centre
 */
#ifndef MW_PROTOCOLS_UNB_PULSE_H
#define MW_PROTOCOLS_UNB_PULSE_H

#include "protocols/unb/unb.h"

#define MW_UNB_PULSE_PER_SYMBOL 32
#define MW_UNB_PULSE_SPAN       6
#define MW_UNB_PULSE_ENTRIES    (MW_UNB_PULSE_SPAN * MW_UNB_PULSE_PER_SYMBOL + 1)

/* 193 entries, symmetric, first and last 0; the largest sum that any symbols give is below 32767.
 */
const int16_t *mw_unb_pulse_table(void);

/* The played waveform at table instant t: t = 0 is the first moment of the first symbol's pulse, so
 * symbol i is centred at t = 96 + 32 i. 0 outside the frame. */
int16_t mw_unb_pulse_sample(const mw_unb_frame *f, uint32_t t);
/* Number of table instants of a whole frame: (symbols - 1) * 32 + 193. */
uint32_t mw_unb_pulse_length(const mw_unb_frame *f);

#endif
