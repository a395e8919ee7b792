/* SPDX-License-Identifier: Apache-2.0 */
#include "meters/water/rotation.h"

static uint8_t state_of(bool a, bool b) {
    return (uint8_t)((a ? 2u : 0u) | (b ? 1u : 0u));
}

void mw_rotation_init(mw_rotation *r, bool a, bool b) {
    *r = (mw_rotation){.state = state_of(a, b)};
}

/* A step in the wheel's present direction, or against it. */
static void step_take(mw_rotation *r, bool forward, uint32_t *count_forward,
                      uint32_t *count_reverse) {
    r->direction = forward ? 1 : -1;
    if (forward != r->reversing) {
        if (r->debt > 0)
            r->debt--;
        else
            *(forward ? count_forward : count_reverse) += 1;
        return;
    }
    r->debt++;
    if (r->debt <= MW_ROTATION_TREMBLE)
        return;
    *(forward ? count_forward : count_reverse) += r->debt;
    r->debt = 0;
    r->reversing = !forward;
}

void mw_rotation_sample(mw_rotation *r, bool a, bool b, uint32_t *forward, uint32_t *reverse) {
    /* Row: last state, column: this state. 2 = both changed: a step was missed. */
    static const int8_t table[4][4] = {
        {0, 1, -1, 2},
        {-1, 0, 2, 1},
        {1, 2, 0, -1},
        {2, -1, 1, 0},
    };
    uint8_t state = state_of(a, b);
    int8_t change = table[r->state][state];
    r->state = state;
    unsigned steps = 1;
    if (change == 2) {
        r->missed += r->missed < UINT32_MAX;
        change = r->direction;
        steps = 2;
    }
    for (; change != 0 && steps > 0; steps--)
        step_take(r, change > 0, forward, reverse);
}
