/* SPDX-License-Identifier: Apache-2.0
 *
 * Echo of an ultrasonic burst as the meter's converter sees it: 24 periods of 200 kHz through two
 * resonators of Q = 8 (the transducers), 12 bits, 1 MSPS, white noise of the amplifier.
 */
#ifndef MW_TESTBENCH_GAS_WAVE_H
#define MW_TESTBENCH_GAS_WAVE_H

#include "base/prng.h"
#include "meters/gas/transit.h"

#define MW_GAS_WAVE_FINE 64 /* points of the stored response per microsecond */
#define MW_GAS_WAVE_US   400

/* The response to a burst that starts at 0, largest amplitude 1. About 200 KB. */
typedef struct mw_gas_wave {
    double at[MW_GAS_WAVE_FINE * MW_GAS_WAVE_US + 4];
} mw_gas_wave;

void mw_gas_wave_init(mw_gas_wave *w);
/* Response at a time in us since the burst arrived; 0 before. */
double mw_gas_wave_at(const mw_gas_wave *w, double us);

typedef struct mw_gas_echo_made {
    double arrival_us; /* of the burst's start, after the start of the window */
    double amplitude;  /* largest, LSB */
    double noise;      /* standard deviation, LSB */
    double offset;     /* of the converter, LSB */
    double dip;        /* 0: none; else the first 35 us of the echo are weakened to 1 - dip, which
                          makes the envelope cross late (a disturbed wave) */
} mw_gas_echo_made;

void mw_gas_wave_sample(const mw_gas_wave *w, const mw_gas_echo_made *e, mw_prng *g,
                        int16_t out[MW_GAS_SAMPLES]);

/* Standard normal; sum of uniforms, cut at 3.5 sigma. */
double mw_gas_wave_normal(mw_prng *g);
/* Uniform in -1..1. */
double mw_gas_wave_uniform(mw_prng *g);

#endif
