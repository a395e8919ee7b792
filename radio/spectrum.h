/* SPDX-License-Identifier: Apache-2.0
 *
 * A cheap picture of a band over time: some windowed FFTs of each stretch of samples, averaged into
 * one row. It samples the signal, it does not look at all of it: a burst of a second is seen, a
 * click may be missed. Costs some thousandths of what receiving costs.
 */
#ifndef MW_RADIO_SPECTRUM_H
#define MW_RADIO_SPECTRUM_H

#include "radio/samples.h"

#define MW_SPECTRUM_BINS 1024 /* columns, the lowest frequency first */
#define MW_SPECTRUM_ROWS 360

typedef struct mw_spectrum mw_spectrum;

typedef struct mw_spectrum_row {
    mw_utc utc;                 /* of the row's beginning, or MW_UTC_NONE */
    uint64_t first;             /* its first sample */
    uint64_t count;             /* samples it stands for */
    float db[MW_SPECTRUM_BINS]; /* power in a column, dB below full scale; -200 = nothing */
} mw_spectrum_row;

/* row: length of a row; at least a millisecond. MW_NOMEM, MW_RANGE. */
MW_NODISCARD mw_status mw_spectrum_new(uint64_t rate_mhz, mw_dur row, mw_spectrum **out_spectrum);
void mw_spectrum_free(mw_spectrum *s);
/* Blocks of the rate given; a jump or gap begins a new row. */
void mw_spectrum_push(mw_spectrum *s, const mw_samples_block *block);
/* Complete rows held, and row i of them, 0 = the newest. */
size_t mw_spectrum_rows(const mw_spectrum *s);
const mw_spectrum_row *mw_spectrum_row_at(const mw_spectrum *s, size_t i);

#endif
