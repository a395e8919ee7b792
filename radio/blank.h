/* SPDX-License-Identifier: Apache-2.0
 *
 * Impulse blanker: samples that are far louder than their surroundings are replaced by silence.
 *
 * An impulse of a microsecond (ignition, a relay, the edge of a radar) is loud at every carrier for
 * one sample and costs nobody a symbol when it is cut out before any filter has spread it. So the
 * blanker stands first, before the filter bank. The level that it compares with is a running mean
 * of magnitudes over about 2 ms, itself clipped at the threshold, so that impulses do not raise it;
 * a steady carrier or a frame of our own does, and is left alone.
 *
 * Deterministic and independent of the cutting into blocks. When more than a tenth of the samples
 * would go, this is not impulse noise and nothing is cut.
 */
#ifndef MW_RADIO_BLANK_H
#define MW_RADIO_BLANK_H

#include "radio/history.h"

#define MW_BLANK_GUARD_US 4.0 /* silence kept after an impulse */
#define MW_BLANK_MOST     0.1 /* of a stretch of 64 windows: more is no impulse noise */

typedef struct mw_blank {
    double level;     /* running mean of the magnitude */
    double keep;      /* of the old mean, a sample */
    double threshold; /* times the mean */
    uint32_t guard;   /* samples */
    uint32_t left;    /* of the guard under way */
    double share;     /* running share of blanked samples */
    uint64_t blanked; /* samples, ever */
    uint64_t seen;
} mw_blank;

/* `threshold` in multiples of the mean magnitude; 5 passes noise (once in 3e8 samples is cut). */
void mw_blank_init(mw_blank *b, double rate, double threshold);
/* Works in place on n samples (I, Q pairs) that follow the ones before. */
void mw_blank_run(mw_blank *b, float *iq, size_t n);
/* The same on the way of a block's samples into a history; arguments as of mw_history_append. A
 * threshold of 0 and gaps leave everything as it is. */
void mw_blank_append(mw_blank *b, mw_history *h, const mw_samples_block *block, uint64_t from,
                     size_t n, mw_samples_faults *faults);

#endif
