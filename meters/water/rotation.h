/* SPDX-License-Identifier: Apache-2.0
 *
 * Rotation sensing: samples of two sensors over a half-metal disc, 90 degrees apart, become steps
 * forward and backward.
 *
 *   forward: A B = 00 -> 01 -> 11 -> 10 -> 00        backward: the other way round
 *
 * A change of both sensors between two samples means that one step was missed: it is counted as
 * two steps in the last known direction and as a diagnosis. Sampling at 8 times the edge rate at
 * Q4 keeps that from happening (facts: 3.5 edges/s at 3.125 m3/h with one turn per litre).
 *
 * A wheel that trembles about one edge gives steps forth and back. Steps against the present
 * direction are held back: steps with it pay them off, and only when more than MW_ROTATION_TREMBLE
 * have gathered has the flow turned, and all of them count. So trembling moves no register, and
 * forward minus reverse is always the position of the wheel but for at most one turn.
 */
#ifndef MW_METERS_WATER_ROTATION_H
#define MW_METERS_WATER_ROTATION_H

#include <stdbool.h>
#include <stdint.h>

/* Steps against the direction that may be mere trembling: one turn of the wheel. */
#define MW_ROTATION_TREMBLE 4

typedef struct mw_rotation {
    uint8_t state;    /* last sample, A in bit 1, B in bit 0 */
    int8_t direction; /* of the last step: +1, -1, 0 = none yet */
    bool reversing;   /* the flow is counted as reverse */
    uint8_t debt;     /* steps against that, held back, 0..MW_ROTATION_TREMBLE */
    uint32_t missed;  /* samples that came too late, stays at its maximum */
} mw_rotation;

/* Starts at the present position of the disc. */
void mw_rotation_init(mw_rotation *r, bool a, bool b);
/* One sample; adds steps to the counts of mw_meter_inputs. */
void mw_rotation_sample(mw_rotation *r, bool a, bool b, uint32_t *forward, uint32_t *reverse);

#endif
