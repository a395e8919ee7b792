/* SPDX-License-Identifier: Apache-2.0 */
#include "meters/water/coil.h"

#define LEARN 8 /* a half turn moves its extreme by this part of the difference */

void mw_coil_init(mw_coil *c, uint16_t high, uint16_t low, uint16_t now) {
    *c = (mw_coil){.high_q4 = (int32_t)high * 16,
                   .low_q4 = (int32_t)low * 16,
                   .peak = now,
                   .metal = (int32_t)now * 2 < (int32_t)high + low};
}

/* The half turn ended: if it was whole, its extreme teaches. */
static void turn(mw_coil *c, uint16_t amplitude, int32_t swing_q4) {
    int32_t *extreme = c->metal ? &c->low_q4 : &c->high_q4;
    int32_t short_q4 = ((int32_t)c->peak * 16 - *extreme) * (c->metal ? 1 : -1);
    c->whole = short_q4 < swing_q4 / 4;
    if (c->whole)
        *extreme += ((int32_t)c->peak * 16 - *extreme) / LEARN;
    c->metal = !c->metal;
    c->peak = amplitude;
}

/* Beyond the extreme by a quarter of the swing: the offset has moved, and with it both. */
static void slide(mw_coil *c, int32_t now_q4, int32_t swing_q4) {
    int32_t over = now_q4 > c->high_q4 ? now_q4 - c->high_q4 : now_q4 - c->low_q4;
    if (now_q4 <= c->high_q4 && now_q4 >= c->low_q4)
        return;
    int32_t margin = swing_q4 / 4;
    if (over > margin)
        over -= margin;
    else if (over < -margin)
        over += margin;
    else
        return;
    c->high_q4 += over / LEARN;
    c->low_q4 += over / LEARN;
}

bool mw_coil_sample(mw_coil *c, uint16_t amplitude) {
    int32_t now_q4 = (int32_t)amplitude * 16;
    int32_t swing_q4 = c->high_q4 - c->low_q4;
    int32_t middle_q4 = c->low_q4 + swing_q4 / 2;
    if (c->metal ? now_q4 > middle_q4 + swing_q4 / 8 : now_q4 < middle_q4 - swing_q4 / 8)
        turn(c, amplitude, swing_q4);
    else if (c->metal ? amplitude < c->peak : amplitude > c->peak)
        c->peak = amplitude;
    slide(c, now_q4, swing_q4);
    return c->metal;
}

bool mw_coil_good(const mw_coil *c) {
    return c->high_q4 - c->low_q4 >= MW_COIL_SWING_MIN * 16;
}
