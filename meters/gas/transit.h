/* SPDX-License-Identifier: Apache-2.0
 *
 * Transit times from the sampled echoes of one measurement: 200 kHz bursts through the gas against
 * the flow (up) and with it (down), 12 bits, 1 MSPS, both captured after the same delay.
 *
 *   1. envelope of each echo by quadrature over one period (5 samples), amplitude, noise before it
 *   2. absolute time of each echo where its envelope crosses 50 %
 *   3. quality gates
 *   4. up and down correlated at 5 lags around the difference of the absolute times
 *   5. the peak between the lags by fitting a cosine to three of them: unbiased at 5 samples per
 *      period, where a parabola errs by 27 ns
 *   6. the right period of the carrier: the difference of absolute times, the last measurement and
 *      the envelope of the correlation have a vote each; two must agree
 *
 * Pure integer; the only memory is about 1.1 KB of stack. Times are int32 picoseconds.
 */
#ifndef MW_METERS_GAS_TRANSIT_H
#define MW_METERS_GAS_TRANSIT_H

#include <stdbool.h>
#include <stdint.h>

#define MW_GAS_SAMPLES    256
#define MW_GAS_SAMPLE_MAX 2047 /* 12 bits, signed; more is clipped */
#define MW_GAS_SAMPLE_PS  INT32_C(1000000)
#define MW_GAS_PERIOD_PS  INT32_C(5000000)
#define MW_GAS_LAG_MAX    24   /* samples: 24 us, over twice what Qmax gives at -40 C */
#define MW_GAS_SNR_MIN    2500 /* cdB */
#define MW_GAS_RATIO_MIN  80   /* percent, weaker echo to stronger */

/* Why a measurement is not to be used. */
enum {
    MW_GAS_BAD_CLIP = 0x01,  /* samples at the end of the converter's range */
    MW_GAS_BAD_EDGE = 0x02,  /* echo not wholly inside the window */
    MW_GAS_BAD_SNR = 0x04,   /* below MW_GAS_SNR_MIN */
    MW_GAS_BAD_RATIO = 0x08, /* up and down differ more than the gas can make them */
    MW_GAS_BAD_CYCLE = 0x10, /* the period of the carrier is uncertain */
};

typedef struct mw_gas_echo {
    int32_t crossing_ps; /* 50 % of the envelope, after the start of the window */
    uint32_t amplitude;  /* of the carrier on the plateau, in 1/16 LSB */
    int32_t snr_cdb;     /* power of the carrier on the plateau over noise before the echo */
    uint8_t bad;         /* MW_GAS_BAD_* */
} mw_gas_echo;

/* What the measurements before tell; all 0 when there are none. */
typedef struct mw_gas_track {
    bool valid;
    int32_t dt_ps;  /* last difference */
    int32_t sum_ps; /* up + down of crossings, settled: does not depend on flow */
} mw_gas_track;

typedef struct mw_gas_transit {
    int32_t up_ps; /* crossings after the start of the window */
    int32_t dn_ps;
    int32_t dt_ps;      /* up - down by correlation */
    uint32_t period_ps; /* of the carrier as found in the correlation */
    int32_t snr_cdb;    /* of the worse echo */
    uint32_t amplitude; /* of the weaker echo, 1/16 LSB */
    uint8_t bad;        /* MW_GAS_BAD_*; dt_ps, up_ps and dn_ps count only when 0 */
    bool recovered;     /* the absolute times had named another period or were replaced */
} mw_gas_transit;

/* Looks for the echo in one window. */
void mw_gas_echo_find(const int16_t x[MW_GAS_SAMPLES], mw_gas_echo *out);

/* One measurement. `track` may say valid = false: then the absolute times and the envelope of the
 * correlation must agree. With a track, a measurement in which the rise of one echo was disturbed
 * is saved; one in which both moved (another gas) is refused until the caller drops the track. */
void mw_gas_transit_measure(const int16_t up[MW_GAS_SAMPLES], const int16_t dn[MW_GAS_SAMPLES],
                            const mw_gas_track *track, mw_gas_transit *out);

#endif
