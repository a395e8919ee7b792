/* SPDX-License-Identifier: Apache-2.0
 *
 * What is wrong with samples as a whole: too large, too small, shifted, not numbers, nothing there.
 * A receiver works on with what it gets; this says in words why it hears less than it could.
 */
#ifndef MW_RADIO_QUALITY_H
#define MW_RADIO_QUALITY_H

#include "radio/samples.h"

typedef struct mw_quality {
    uint64_t samples; /* looked at, gaps not counted */
    uint64_t gap_samples;
    mw_samples_faults faults;
    double sum_i, sum_q; /* of full scale */
    double power;        /* sum of squares */
    double peak;
} mw_quality;

/* Looks at every `step`-th run of 256 samples of a block; 1 = at all. */
void mw_quality_push(mw_quality *q, const mw_samples_block *block, unsigned step);
/* Mean power and the constant part, in dB below full scale (a carrier of amplitude 1.0); -200 for
 * nothing. */
double mw_quality_level_db(const mw_quality *q);
double mw_quality_constant_db(const mw_quality *q);
double mw_quality_clipped_share(const mw_quality *q);

typedef enum mw_quality_fault {
    MW_QUALITY_EMPTY = 1,      /* no samples at all */
    MW_QUALITY_NOT_FINITE = 2, /* NaN or infinite parts: floats of another layout? */
    MW_QUALITY_CLIPPED = 4,    /* more than one part in 1000 at full scale */
    MW_QUALITY_CONSTANT = 8,   /* the constant part is nearly all of the power */
    MW_QUALITY_SILENT = 16,    /* all zero */
    MW_QUALITY_WEAK = 32,      /* below two steps of the converter */
} mw_quality_fault;
/* Bits of mw_quality_fault. */
unsigned mw_quality_faults_of(const mw_quality *q, mw_samples_format format);
/* One sentence for people on one fault. */
const char *mw_quality_text(mw_quality_fault fault);

#endif
