/* SPDX-License-Identifier: Apache-2.0
 *
 * Symbols that something loud and short hit: a burst of another service, a chirp on its way through
 * the channel, an impulse. They are far above the level that most symbols share, which a frame's
 * own symbols never are, and are better not heard at all than believed.
 */
#ifndef MW_RADIO_OUTLIER_H
#define MW_RADIO_OUTLIER_H

#include <stddef.h>

/* Power above which a symbol is an outlier among n (I, Q pairs, at most 2048): the median, plus a
 * multiple of how far the lowest 15 % lie below it (of noise alone one symbol in 3000 is above), 6
 * dB at least. Symbols of exactly zero do not count. */
float mw_outlier_limit(const float *y, size_t n);
/* Erases outliers: they become exactly zero. Returns their number. */
size_t mw_outlier_erase(float *y, size_t n);

#endif
