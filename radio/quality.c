/* SPDX-License-Identifier: Apache-2.0 */
#include "radio/quality.h"

#include <math.h>

#define RUN 256u

void mw_quality_push(mw_quality *q, const mw_samples_block *block, unsigned step) {
    if (block->h.format == MW_SAMPLES_GAP) {
        q->gap_samples += block->h.count;
        return;
    }
    float iq[2 * RUN];
    for (uint64_t at = 0; at < block->h.count; at += (uint64_t)RUN * step) {
        uint64_t left = block->h.count - at;
        size_t n = left < RUN ? (size_t)left : RUN;
        double sum_i = 0;
        double sum_q = 0;
        double power = 0;
        mw_samples_to_float(block, at, n, iq, &q->faults);
        for (size_t i = 0; i < n; i++) {
            double a = (double)iq[2 * i];
            double b = (double)iq[2 * i + 1];
            sum_i += a;
            sum_q += b;
            power += a * a + b * b;
            q->peak = fmax(q->peak, fmax(fabs(a), fabs(b)));
        }
        q->sum_i += sum_i;
        q->sum_q += sum_q;
        q->power += power;
        q->samples += n;
    }
}

static double quality_db(double power) {
    return power > 1e-20 ? 10.0 * log10(power) : -200.0;
}

double mw_quality_level_db(const mw_quality *q) {
    return q->samples == 0 ? -200.0 : quality_db(q->power / (double)q->samples);
}

double mw_quality_constant_db(const mw_quality *q) {
    double n = (double)q->samples;
    return q->samples == 0 ? -200.0
                           : quality_db((q->sum_i * q->sum_i + q->sum_q * q->sum_q) / (n * n));
}

double mw_quality_clipped_share(const mw_quality *q) {
    return q->samples == 0 ? 0 : (double)q->faults.clipped / (2.0 * (double)q->samples);
}

/* Half a step of the converter, as a power. */
static double quality_step_db(mw_samples_format format) {
    switch (format) {
    case MW_SAMPLES_CU8:
    case MW_SAMPLES_CS8:
        return -42.0;
    case MW_SAMPLES_CS16:
        return -90.0;
    default:
        return -190.0;
    }
}

unsigned mw_quality_faults_of(const mw_quality *q, mw_samples_format format) {
    unsigned faults = 0;
    if (q->samples == 0)
        return MW_QUALITY_EMPTY;
    double level = mw_quality_level_db(q);
    if (q->faults.not_finite > 0)
        faults |= MW_QUALITY_NOT_FINITE;
    if (mw_quality_clipped_share(q) > 1e-3)
        faults |= MW_QUALITY_CLIPPED;
    if (q->power <= 0)
        return faults | MW_QUALITY_SILENT;
    /* what is left beside a constant part of more than 99 % is not a band */
    double constant = pow(10.0, mw_quality_constant_db(q) / 10.0);
    if (constant > 0.99 * pow(10.0, level / 10.0))
        faults |= MW_QUALITY_CONSTANT;
    else if (level < quality_step_db(format) + 6.0)
        faults |= MW_QUALITY_WEAK;
    return faults;
}

const char *mw_quality_text(mw_quality_fault fault) {
    switch (fault) {
    case MW_QUALITY_EMPTY:
        return "there are no samples";
    case MW_QUALITY_NOT_FINITE:
        return "some samples are not numbers and count as zero; are they floats in this byte "
               "order?";
    case MW_QUALITY_CLIPPED:
        return "the front end is overdriven (samples at full scale): lower the gain";
    case MW_QUALITY_CONSTANT:
        return "nearly all of the signal is a constant (DC): a front end without an antenna or a "
               "wrong format";
    case MW_QUALITY_SILENT:
        return "all samples are zero";
    case MW_QUALITY_WEAK:
        return "the signal is as small as the steps of the converter: raise the gain";
    default:
        return "";
    }
}
