/* SPDX-License-Identifier: Apache-2.0
 *
 * The recent past, by sample number within a segment (a stretch of the stream without long gaps),
 * kept in 8 bits: blocks of MW_HISTORY_BLOCK samples share one power of two as their unit, so a
 * sample costs 2 bytes and 1/32 and a block's own noise of rounding lies about 45 dB below its
 * loudest part, whatever the level. Reading outside what is kept gives zeros: before the segment
 * and after its end there is silence.
 *
 * Samples of a block that is not complete yet are kept as floats. Blocks are counted from the start
 * of the segment, so the cutting of appends does not change what is read at a given head.
 */
#ifndef MW_RADIO_HISTORY_H
#define MW_RADIO_HISTORY_H

#include "radio/samples.h"

#define MW_HISTORY_BLOCK 32u /* samples that share a unit */

typedef struct mw_history {
    int8_t *iq;                       /* ring of 2 * size */
    int8_t *unit;                     /* ring of size / MW_HISTORY_BLOCK: log2 of a block's unit */
    size_t size;                      /* samples kept, a multiple of MW_HISTORY_BLOCK */
    int64_t head;                     /* samples received in this segment */
    float open[2 * MW_HISTORY_BLOCK]; /* the samples of the incomplete block */
    double removed;                   /* energy taken out by mw_history_subtract, for statistics */
} mw_history;

/* Keeps at least `samples`. MW_NOMEM. */
MW_NODISCARD mw_status mw_history_init(mw_history *h, size_t samples);
void mw_history_fini(mw_history *h);
/* Begins a new segment: sample 0 comes next. Costs nothing. */
void mw_history_restart(mw_history *h);
/* Appends n samples of a block from its sample `from`; zeros for a gap. n <= size. */
void mw_history_append(mw_history *h, const mw_samples_block *b, uint64_t from, size_t n,
                       mw_samples_faults *faults);
/* The same from finite floats (I, Q pairs). */
void mw_history_append_iq(mw_history *h, const float *iq, size_t n);
/* Reads samples [first, first + n) to out (I, Q pairs). */
void mw_history_read(const mw_history *h, int64_t first, size_t n, float *out);
/* Takes a signal out of samples [first, first + n): sample - iq for each; what is no longer or not
 * yet kept is left out. Every block touched is given a new unit by what remains in it and rounded
 * anew. The rounding of the loud sum stays behind as noise 45 dB below it: spread over the whole
 * sample rate, so in one 50 Hz channel of 250 kHz it is some 80 dB below what was taken out. */
void mw_history_subtract(mw_history *h, int64_t first, size_t n, const float *iq);
/* Oldest sample still kept. */
int64_t mw_history_oldest(const mw_history *h);
/* Bytes allocated. */
size_t mw_history_memory(const mw_history *h);

#endif
