/* SPDX-License-Identifier: Apache-2.0 */
#include "radio/pulse_shape.h"

#include <math.h>

void mw_pulse_shape_init(mw_pulse_shape *p) {
    mw_pulse_shape_init_table(p, mw_unb_pulse_table());
}

void mw_pulse_shape_init_table(mw_pulse_shape *p, const int16_t *table) {
    double energy = 0;
    for (unsigned i = 0; i < MW_UNB_PULSE_ENTRIES; i++)
        energy += (double)table[i] * table[i];
    double scale = 1 / sqrt(energy / MW_UNB_PULSE_PER_SYMBOL);
    for (unsigned i = 0; i < MW_UNB_PULSE_ENTRIES; i++)
        p->v[i] = (float)(table[i] * scale);
    p->v[MW_UNB_PULSE_ENTRIES] = 0;
}

float mw_pulse_shape_at(const mw_pulse_shape *p, double t) {
    double at = (t + MW_UNB_PULSE_SPAN / 2.0) * MW_UNB_PULSE_PER_SYMBOL;
    if (!(at >= 0) || at >= MW_UNB_PULSE_ENTRIES - 1)
        return 0;
    unsigned i = (unsigned)at;
    float part = (float)(at - i);
    return p->v[i] + part * (p->v[i + 1] - p->v[i]);
}
