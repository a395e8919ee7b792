/* SPDX-License-Identifier: Apache-2.0
 *
 * Re-extraction: one candidate's symbols straight from the samples, with its own carrier, drift and
 * symbol instants.
 *
 *   samples -> band-pass of three running means around the carrier, one output every 1/16 symbol,
 *   carrier and drift taken off exactly -> matched filter at each symbol's centre
 */
#ifndef MW_RADIO_EXTRACT_H
#define MW_RADIO_EXTRACT_H

#include "protocols/unb/unb.h"
#include "radio/history.h"
#include "radio/pulse_shape.h"

/* A carrier: hz at sample `at` of the segment, changing by drift Hz/s. */
typedef struct mw_carrier {
    double hz, drift, at;
} mw_carrier;

typedef struct mw_extract {
    double rate;       /* samples per second */
    double sps;        /* samples per symbol */
    size_t decimation; /* samples per output */
    size_t taps;
    size_t outputs_max;
    float *pulse;      /* matched filter for 64 positions between two outputs, each tap twice */
    size_t pulse_taps; /* a multiple of 4 */
    float *shape;      /* the band-pass's envelope */
    float *tap_re, *tap_im; /* each twice */
    double tap_hz;          /* frequency of the taps */
    float *samples;         /* of a run of outputs */
    float *z;               /* outputs, pairs */
    double first;           /* sample of the segment at which z[0] is centred */
    size_t count;
    size_t memory;
} mw_extract;

/* For frames of at most `symbols` symbols. MW_NOMEM. */
MW_NODISCARD mw_status mw_extract_init(mw_extract *e, double rate, double baud, size_t symbols);
/* The same with a matched filter of another shape than our own pulse. */
MW_NODISCARD mw_status mw_extract_init_pulse(mw_extract *e, double rate, double baud,
                                             size_t symbols, const mw_pulse_shape *shape);
void mw_extract_fini(mw_extract *e);
/* Prepares symbols from -1 to `symbols` of a frame whose symbol 0 is centred at `centre`. */
void mw_extract_run(mw_extract *e, const mw_history *h, const mw_carrier *c, double centre,
                    size_t symbols);
/* Matched filter at symbols [from, from + n) of a frame whose symbol 0 is centred at `centre`,
 * which must be within one symbol of the one that was prepared. A carrier of amplitude A gives +-A.
 */
void mw_extract_symbols(const mw_extract *e, double centre, size_t from, size_t n, float *y);
/* Sum of iq * taps over n samples, a multiple of 8; each tap stands twice, samples are pairs. */
void mw_extract_filter(const float *iq, const float *tap_re, const float *tap_im, size_t n,
                       float out[2]);

#endif
