/* SPDX-License-Identifier: Apache-2.0
 *
 * The symbol of other networks' transmitters: the carrier stands for three quarters of a symbol and
 * turns over through zero in a raised cosine of a quarter. Transceivers differ in how fast they
 * turn; between a rectangle and this shape the mismatch costs less than 0.2 dB.
 */
#ifndef MW_RADIO_FOREIGN_PULSE_H
#define MW_RADIO_FOREIGN_PULSE_H

#include "radio/pulse_shape.h"

/* MW_UNB_PULSE_ENTRIES values, in the form of protocols/unb/pulse.h. */
const int16_t *mw_foreign_pulse_table(void);

#endif
