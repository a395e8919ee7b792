/* SPDX-License-Identifier: Apache-2.0
 *
 * One inductive sensor over the half-metal disc. A resonant circuit is struck and its amplitude
 * measured: metal damps it. The thresholds are learned while the wheel turns, so neither
 * temperature nor ageing nor the spread of parts needs calibration:
 *
 *   high, low   mean extremes of the undamped and the damped half turns
 *   on          below their middle by an eighth of the swing; off above it by an eighth
 *
 * That hysteresis of a quarter of the swing is what keeps a wheel that stands on an edge from
 * counting noise. Extremes change only by whole half turns, whose peak comes within a quarter of
 * the swing of what is known: a wheel that stands still for a year, or trembles about an edge,
 * unlearns nothing. An offset that drifts while it stands is followed by sliding both.
 */
#ifndef MW_METERS_WATER_COIL_H
#define MW_METERS_WATER_COIL_H

#include <stdbool.h>
#include <stdint.h>

#define MW_COIL_SWING_MIN 64 /* in units of the converter; less is no signal */

typedef struct mw_coil {
    int32_t high_q4, low_q4; /* learned extremes, 1/16 unit */
    uint16_t peak;           /* the extreme of the present half turn */
    bool metal;
    bool whole; /* the half turn that ended last was a whole one, not a trembling */
} mw_coil;

/* Starts with what production measured; both 0..65535, high - low >= MW_COIL_SWING_MIN. `now` is
 * one amplitude, from which the first state follows. */
void mw_coil_init(mw_coil *c, uint16_t high, uint16_t low, uint16_t now);
/* One amplitude; returns whether metal is above. */
bool mw_coil_sample(mw_coil *c, uint16_t amplitude);
/* Whether the learned extremes still lie apart. */
bool mw_coil_good(const mw_coil *c);

#endif
