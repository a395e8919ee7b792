/* SPDX-License-Identifier: Apache-2.0
 *
 * The transmit pulse at any instant: protocols/unb's table, interpolated linearly, scaled to unit
 * energy over time in symbols.
 */
#ifndef MW_RADIO_PULSE_SHAPE_H
#define MW_RADIO_PULSE_SHAPE_H

#include "protocols/unb/pulse.h"

typedef struct mw_pulse_shape {
    float v[MW_UNB_PULSE_ENTRIES + 1];
} mw_pulse_shape;

void mw_pulse_shape_init(mw_pulse_shape *p);
/* Of another table of MW_UNB_PULSE_ENTRIES values. */
void mw_pulse_shape_init_table(mw_pulse_shape *p, const int16_t *table);
/* Value t symbols from the pulse's centre; 0 outside its span. */
float mw_pulse_shape_at(const mw_pulse_shape *p, double t);

#endif
