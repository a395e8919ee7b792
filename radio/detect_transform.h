/* SPDX-License-Identifier: Apache-2.0
 *
 * The detector's way back: from stretches of one long spectrum to the matched filter's output in
 * time, for eight neighbouring bins at once, one in each lane of a register.
 *
 *   bin b: MW_TRANSFORM_COLUMNS stretches of spectrum, b .. b + 7, each an eighth of the length,
 *   times the pulse's response -> inverse FFT
 *
 * Neighbours share seven of their eight stretches. With the stretches laid side by side (row: place
 * within a stretch, column: number of the stretch) the lanes of every load lie next to each other,
 * and the first radix-4 step of the FFT combines four loads from one row.
 */
#ifndef MW_RADIO_DETECT_TRANSFORM_H
#define MW_RADIO_DETECT_TRANSFORM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

#define MW_TRANSFORM_LANES   8u
#define MW_TRANSFORM_STRETCH 4u /* stretches of a bin */
#define MW_TRANSFORM_COLUMNS 40u
#define MW_TRANSFORM_POINTS  400u /* at most */
#define MW_TRANSFORM_ROWS    (MW_TRANSFORM_POINTS / MW_TRANSFORM_STRETCH)
#define MW_TRANSFORM_STAGES  6u

/* Points of spectrum: [place within a stretch][real, imaginary][stretch]. */
typedef struct mw_transform_in {
    float at[MW_TRANSFORM_ROWS][2][MW_TRANSFORM_COLUMNS];
} mw_transform_in;

typedef struct mw_transform_work {
    float a[MW_TRANSFORM_POINTS][2 * MW_TRANSFORM_LANES];
    float b[MW_TRANSFORM_ROWS][2 * MW_TRANSFORM_LANES];
} mw_transform_work;

typedef struct mw_transform {
    size_t points, rows;
    size_t stages;
    unsigned radix[MW_TRANSFORM_STAGES];
    float response[MW_TRANSFORM_ROWS][MW_TRANSFORM_STRETCH];  /* by rising frequency */
    float first[MW_TRANSFORM_ROWS][2 * MW_TRANSFORM_STRETCH]; /* turns after the first step */
    /* of the other steps, one after the other, for each place the turns of outputs 1, 2, ... */
    float turn[2 * MW_TRANSFORM_POINTS];
} mw_transform;

/* Is there a transform of this length? */
bool mw_transform_fits(size_t points);
/* response[i]: of the filter at the stretches' point i, frequencies rising, 0 in the middle.
 * MW_RANGE. */
MW_NODISCARD mw_status mw_transform_init(mw_transform *t, size_t points, const float *response);
/* Bins from column `first` on: out[n] = eight real parts, eight imaginary parts at instant n. Not
 * scaled. */
void mw_transform_run(const mw_transform *t, const mw_transform_in *in, size_t first,
                      mw_transform_work *work, float (*out)[2 * MW_TRANSFORM_LANES]);

#endif
