/* SPDX-License-Identifier: Apache-2.0
 *
 * From samples to sums: the part of the electricity meters that runs for each sample.
 *
 * Voltage and current of each measuring element are sampled at the same moment, MW_ELECTRIC_RATE
 * times a second. Products are added up in integers over exactly ten cycles of 50 Hz mains or twelve of
 * 60 Hz (the window of IEC 61000-4-30), window after window without a gap, so that no energy is left
 * out and none is counted twice. Where a window ends between two samples, the sample there is divided
 * between the two windows: the mains need not divide the sampling rate.
 *
 * An oscillator that is locked to the voltage gives the cycle. Mixing with it yields the phasors of
 * the fundamental, of which active and reactive power, angles and sequence are computed: IEC
 * 62053-24 defines reactive energy by the fundamental alone, and a phasor does not care about
 * harmonics or about the frequency, as a delay by a quarter period would.
 *
 * mw_electric_window_sample is a pure step over its state. Integers only: Cortex-M0+ and M4 give
 * the same bits as a host.
 */
#ifndef MW_METERS_ELECTRICITY_WINDOW_H
#define MW_METERS_ELECTRICITY_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#define MW_ELECTRIC_ELEMENTS 3
#define MW_ELECTRIC_RATE     4000 /* samples a second, by the meter's crystal */
/* A sample is weighed in these parts, and time is counted in them: 1/131,072,000 s. */
#define MW_ELECTRIC_PARTS       32768
#define MW_ELECTRIC_PARTS_PER_S ((int64_t)MW_ELECTRIC_RATE * MW_ELECTRIC_PARTS)
/* Converters give 24 bits; samples beyond +-MW_ELECTRIC_SAMPLE_MAX are clipped and counted. */
#define MW_ELECTRIC_SAMPLE_MAX ((1 << 23) - 1)

/* Rated frequency; a window lasts a fifth of a second of it. The lock follows within a tenth. */
typedef enum mw_electric_mains { MW_ELECTRIC_50HZ = 50, MW_ELECTRIC_60HZ = 60 } mw_electric_mains;

/* What one moment brings. */
typedef struct mw_electric_sample {
    int32_t u[MW_ELECTRIC_ELEMENTS], i[MW_ELECTRIC_ELEMENTS];
    int32_t neutral; /* current in the neutral conductor */
} mw_electric_sample;

/* Sums over time, each term weighed in samples. Index 0 and 1 of a phasor: times sine and cosine
 * of the oscillator, 2^15 times. */
typedef struct mw_electric_sums {
    int64_t u, i, uu, ii, ui; /* of samples, squares and products */
    int64_t u1[2], i1[2];     /* fundamental */
} mw_electric_sums;

typedef struct mw_electric_neutral {
    int64_t n, nn, un; /* with the voltage of the first element */
} mw_electric_neutral;

typedef struct mw_electric_block {
    mw_electric_sums e[MW_ELECTRIC_ELEMENTS];
    mw_electric_neutral neutral;
    int64_t parts; /* its length */
    uint32_t clipped;
} mw_electric_block;

/* Time between the voltage and the current channel of an element, in parts of a sample: positive
 * when the voltage comes too early and is delayed. Up to half a sample. */
typedef int16_t mw_electric_skew;

typedef struct mw_electric_window {
    uint8_t elements; /* 1 or 3 */
    uint8_t mains;    /* mw_electric_mains */
    mw_electric_skew skew[MW_ELECTRIC_ELEMENTS];
    mw_electric_sample before;
    /* The oscillator. */
    uint32_t turn, step;  /* phase and its advance a sample, 2^-32 of a turn */
    uint32_t step_before; /* in the window before */
    uint8_t halves;       /* of cycles, done in this window */
    uint8_t reference;    /* the element it is locked to */
    bool locked;          /* the window before was as long as its cycles really are */
    bool angle_known;
    int32_t angle;         /* of the reference at the window before, 2^-29 rad */
    int32_t frequency_mhz; /* 0 without voltage */
    /* Zero crossings of the reference, for finding the frequency at first. */
    bool above;
    uint16_t crossings;
    int64_t first_parts, last_parts; /* since the window began */
    /* Sums. */
    mw_electric_block half; /* under way */
    mw_electric_block sum;  /* of the half cycles done */
    mw_electric_block done; /* the last whole window */
    int64_t half_uu[MW_ELECTRIC_ELEMENTS],
        half_parts; /* the last half cycle, for dips and swells */
} mw_electric_window;

enum {
    MW_ELECTRIC_HALF_DONE = 1,   /* half_uu and half_parts are new */
    MW_ELECTRIC_WINDOW_DONE = 2, /* done is new */
};

/* Starts at the rated frequency. `elements` is 1 or 3. */
void mw_electric_window_init(mw_electric_window *w, uint8_t elements, mw_electric_mains mains,
                             const mw_electric_skew skew[MW_ELECTRIC_ELEMENTS]);
/* Takes one sample; returns MW_ELECTRIC_*_DONE. */
unsigned mw_electric_window_sample(mw_electric_window *w, const mw_electric_sample *s);

#endif
