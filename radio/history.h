/* SPDX-License-Identifier: Apache-2.0
 *
 * The recent past as complex floats, by sample number within a segment (a stretch of the stream
 * without long gaps). Reading outside what is kept gives zeros: before the segment and after its
 * end there is silence.
 */
#ifndef MW_RADIO_HISTORY_H
#define MW_RADIO_HISTORY_H

#include "radio/samples.h"

typedef struct mw_history {
    float *iq;    /* ring of 2 * size floats */
    size_t size;  /* samples, a power of two */
    int64_t head; /* samples received in this segment */
} mw_history;

/* Keeps at least `samples`. MW_NOMEM. */
MW_NODISCARD mw_status mw_history_init(mw_history *h, size_t samples);
void mw_history_fini(mw_history *h);
/* Begins a new segment: sample 0 comes next. Costs nothing. */
void mw_history_restart(mw_history *h);
/* Appends n samples of a block from its sample `from`; zeros for a gap. n <= size. */
void mw_history_append(mw_history *h, const mw_samples_block *b, uint64_t from, size_t n,
                       mw_samples_faults *faults);
/* Copies samples [first, first + n) to out (I, Q pairs). */
void mw_history_read(const mw_history *h, int64_t first, size_t n, float *out);
/* The same without a copy where possible: returns a place in the ring, valid until the next append,
 * or `scratch` after copying there. */
const float *mw_history_view(const mw_history *h, int64_t first, size_t n, float *scratch);

#endif
