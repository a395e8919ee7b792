/* SPDX-License-Identifier: Apache-2.0 */
#include "radio/foreign_pulse.h"

/* 1 up to 12/32 of a symbol from the centre, then (1 + cos(pi (i - 12) / 8)) / 2 to 0 at 20/32;
 * neighbouring symbols of one sign add up to a constant. Zero elsewhere. */
static const int16_t table[MW_UNB_PULSE_ENTRIES] = {
    [76] = 0, 624,   2399,  5057,  8192,  11327, 13985, 15760, 16384, 16384, 16384,
    16384,    16384, 16384, 16384, 16384, 16384, 16384, 16384, 16384, 16384, 16384,
    16384,    16384, 16384, 16384, 16384, 16384, 16384, 16384, 16384, 16384, 16384,
    15760,    13985, 11327, 8192,  5057,  2399,  624,   0};

const int16_t *mw_foreign_pulse_table(void) {
    return table;
}
