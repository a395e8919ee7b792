/* SPDX-License-Identifier: Apache-2.0 */
#include "radio/blank.h"

#include <math.h>

#define WINDOW_S 0.002
#define CHUNK    512
#define SETTLE   4 /* windows before the mean is trusted */

void mw_blank_init(mw_blank *b, double rate, double threshold) {
    *b = (mw_blank){.keep = 1 - 1 / (WINDOW_S * rate),
                    .threshold = threshold,
                    .guard = (uint32_t)ceil(MW_BLANK_GUARD_US * 1e-6 * rate)};
}

void mw_blank_run(mw_blank *b, float *iq, size_t n) {
    double level = b->level, share = b->share, gain = 1 - b->keep;
    uint64_t settled = (uint64_t)(SETTLE / gain);
    for (size_t i = 0; i < n; i++) {
        double re = (double)iq[2 * i], im = (double)iq[2 * i + 1];
        double magnitude = sqrt(re * re + im * im), limit = b->threshold * level;
        bool trusted = b->seen++ > settled && share < MW_BLANK_MOST;
        bool over = magnitude > limit;
        /* Before the mean is trusted it follows whatever comes. */
        level += gain * ((trusted && over ? limit : magnitude) - level);
        if (trusted && over)
            b->left = b->guard + 1;
        bool cut = b->left > 0;
        share += gain / 64 * ((over ? 1.0 : 0.0) - share);
        if (cut) {
            iq[2 * i] = iq[2 * i + 1] = 0;
            b->left--;
            b->blanked++;
        }
    }
    b->level = level;
    b->share = share;
}

void mw_blank_append(mw_blank *b, mw_history *h, const mw_samples_block *block, uint64_t from,
                     size_t n, mw_samples_faults *faults) {
    if (b->threshold == 0 || block->h.format == MW_SAMPLES_GAP) {
        mw_history_append(h, block, from, n, faults);
        return;
    }
    float iq[2 * CHUNK];
    for (size_t done = 0; done < n;) {
        size_t run = n - done < CHUNK ? n - done : CHUNK;
        mw_samples_to_float(block, from + done, run, iq, faults);
        mw_blank_run(b, iq, run);
        mw_history_append_iq(h, iq, run);
        done += run;
    }
}
