/* SPDX-License-Identifier: Apache-2.0
 *
 * The channel between a meter and the station: levels, losses and noise.
 *
 * Levels are dBm at the receiver's antenna connector. `full_scale_dbm` is the level of a carrier of
 * amplitude 1.0: it links dBm to sample values and is the same number the receiver is configured
 * with. With noise figure F, noise has a density of -174 + F dBm/Hz over the whole sample rate.
 */
#ifndef MW_RADIO_CHANNEL_H
#define MW_RADIO_CHANNEL_H

#include <stddef.h>
#include <stdint.h>

#define MW_CHANNEL_KT_DBM_HZ (-173.98) /* k * 290 K in 1 Hz */

/* Path loss in dB between isotropic antennas, d metres apart, at f Hz: log-distance with exponent
 * n beyond 1 m (n = 2 is free space, 3..4 a town). d >= 1. */
double mw_channel_path_loss_db(double d_m, double f_hz, double n);
/* Amplitude (full scale 1.0) of a carrier of a level. */
double mw_channel_amplitude(double level_dbm, double full_scale_dbm);
/* Level of a carrier at an Es/N0 in dB: -174 + F + 10 log10(baud) + Es/N0. */
double mw_channel_level_of_es_n0(double es_n0_db, double baud, double noise_figure_db);

typedef struct mw_channel_noise {
    uint64_t seed;
    float sigma;       /* standard deviation of I and of Q */
    float table[4096]; /* normal quantiles */
} mw_channel_noise;

/* Noise of a receiver with this noise figure at `rate` samples/s. */
void mw_channel_noise_init(mw_channel_noise *c, uint64_t seed, double rate, double noise_figure_db,
                           double full_scale_dbm);
/* Adds noise to samples [first, first + n). A sample's noise depends on the seed and its number
 * only: rendered again it is bit-identical. Gaussian within 1 % of density to 4.5 sigma. */
void mw_channel_noise_add(const mw_channel_noise *c, uint64_t first, size_t n, float *iq);

#endif
