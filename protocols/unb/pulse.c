/* SPDX-License-Identifier: Apache-2.0 */
#include "protocols/unb/pulse.h"

#include "base/assert.h"

/* bench/unb_pulse table: root-raised cosine, roll-off 0.5, Kaiser window 1. Stored whole, so that a
 * DMA channel can read it. */
static const int16_t table[MW_UNB_PULSE_ENTRIES] = {
    0,     0,     -2,    -7,    -14,   -23,   -34,   -46,   -58,   -71,   -83,   -94,   -103,
    -109,  -111,  -109,  -103,  -91,   -73,   -49,   -19,   16,    57,    103,   153,   206,
    260,   315,   369,   420,   466,   506,   536,   555,   561,   553,   528,   484,   421,
    338,   233,   107,   -40,   -208,  -395,  -600,  -820,  -1052, -1294, -1541, -1789, -2033,
    -2267, -2487, -2685, -2857, -2995, -3094, -3147, -3148, -3092, -2972, -2785, -2525, -2188,
    -1772, -1275, -695,  -32,   713,   1540,  2444,  3422,  4469,  5579,  6746,  7961,  9215,
    10500, 11805, 13119, 14431, 15730, 17004, 18241, 19430, 20560, 21619, 22597, 23485, 24273,
    24955, 25522, 25969, 26292, 26487, 26552, 26487, 26292, 25969, 25522, 24955, 24273, 23485,
    22597, 21619, 20560, 19430, 18241, 17004, 15730, 14431, 13119, 11805, 10500, 9215,  7961,
    6746,  5579,  4469,  3422,  2444,  1540,  713,   -32,   -695,  -1275, -1772, -2188, -2525,
    -2785, -2972, -3092, -3148, -3147, -3094, -2995, -2857, -2685, -2487, -2267, -2033, -1789,
    -1541, -1294, -1052, -820,  -600,  -395,  -208,  -40,   107,   233,   338,   421,   484,
    528,   553,   561,   555,   536,   506,   466,   420,   369,   315,   260,   206,   153,
    103,   57,    16,    -19,   -49,   -73,   -91,   -103,  -109,  -111,  -109,  -103,  -94,
    -83,   -71,   -58,   -46,   -34,   -23,   -14,   -7,    -2,    0,     0};

const int16_t *mw_unb_pulse_table(void) {
    return table;
}

uint32_t mw_unb_pulse_length(const mw_unb_frame *f) {
    return (f->symbols - UINT32_C(1)) * MW_UNB_PULSE_PER_SYMBOL + MW_UNB_PULSE_ENTRIES;
}

int16_t mw_unb_pulse_sample(const mw_unb_frame *f, uint32_t t) {
    mw_assert(f->symbols > 0 && f->symbols <= MW_UNB_SYMBOLS_MAX);
    if (t >= mw_unb_pulse_length(f))
        return 0;
    /* The last symbol whose pulse has begun, then back through the ones that still sound. */
    uint32_t newest = t / MW_UNB_PULSE_PER_SYMBOL;
    int32_t sum = 0;
    for (uint32_t back = 0; back <= MW_UNB_PULSE_SPAN && back <= newest; back++) {
        uint32_t symbol = newest - back;
        uint32_t at = t - symbol * MW_UNB_PULSE_PER_SYMBOL;
        if (symbol < f->symbols && at < MW_UNB_PULSE_ENTRIES)
            sum += mw_unb_frame_bit(f, symbol) != 0 ? -table[at] : table[at];
    }
    return (int16_t)sum;
}
