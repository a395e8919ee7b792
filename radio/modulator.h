/* SPDX-License-Identifier: Apache-2.0
 *
 * A burst: one transmitted frame as complex baseband.
 *
 * A burst is a value that knows everything about one transmission. Any range of samples can be
 * rendered from it at any time and in any order; the same sample always comes out bit-identical,
 * whatever the ranges, so a mixer may render block by block and again after a reconnect.
 *
 * Sample i is taken at i / rate seconds. Symbol k is centred at
 *   start_index + start_fraction + (k + 1/2) * samples per symbol.
 * The carrier's phase at time t after the start is
 *   phase + 2 pi (offset_hz t + drift_hz_per_s t^2 / 2).
 */
#ifndef MW_RADIO_MODULATOR_H
#define MW_RADIO_MODULATOR_H

#include <stdbool.h>

#include "base/bytes.h"

#define MW_BURST_SYMBOLS_MAX 1280

typedef struct mw_burst {
    uint8_t bits[MW_BURST_SYMBOLS_MAX / 8]; /* as mw_unb_frame.bits: first symbol in bit 7 */
    uint16_t count;
    uint64_t start_index;  /* start of symbol 0: whole samples ... */
    double start_fraction; /* ... and the part of a sample, [0, 1) */
    double rate;           /* samples per second */
    double symbol_rate;    /* symbols per second, clock error included */
    double offset_hz;      /* carrier minus centre of the band, at the start */
    double drift_hz_per_s;
    double phase;         /* radians, at the start */
    float amplitude;      /* root mean square while the frame lasts: Es = amplitude^2 / baud */
    const int16_t *pulse; /* MW_UNB_PULSE_ENTRIES values */
} mw_burst;

typedef struct mw_burst_setup {
    const uint8_t *bits; /* mw_unb_frame.bits: first symbol in the top bit; 1 is phase pi */
    size_t count;
    uint64_t start_index;
    double start_fraction;
    double rate;
    double baud;       /* nominal symbols per second */
    double symbol_ppm; /* error of the sender's symbol clock */
    double offset_hz;
    double drift_hz_per_s;
    double phase;
    double amplitude;
    /* Constant table of MW_UNB_PULSE_ENTRIES values that outlives the burst; NULL = our own pulse,
     * another for bursts of other networks (radio/foreign_pulse.h). */
    const int16_t *pulse;
} mw_burst_setup;

/* MW_RANGE: more symbols than MW_BURST_SYMBOLS_MAX or none, fewer than 4 samples per symbol, a
 * carrier outside +-rate/2, a number that is not finite. */
MW_NODISCARD mw_status mw_burst_init(mw_burst *b, const mw_burst_setup *setup);
/* First sample that can be other than zero (may lie before start_index: the pulse has a tail), and
 * the first one after the burst. */
uint64_t mw_burst_first(const mw_burst *b);
uint64_t mw_burst_end(const mw_burst *b);
/* Adds samples [first, first + n) of the burst to iq (I, Q pairs, iq[0] is sample `first`). Returns
 * false, having done nothing, when the burst lies outside the range. */
bool mw_burst_render(const mw_burst *b, uint64_t first, size_t n, float *iq);

#endif
