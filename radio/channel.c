/* SPDX-License-Identifier: Apache-2.0 */
#include "radio/channel.h"

#include <math.h>

#include "base/prng.h"

#define TABLE_SIZE 4096u

static const double pi = 3.14159265358979323846;

double mw_channel_path_loss_db(double d_m, double f_hz, double n) {
    double first_metre = 20.0 * log10(4.0 * pi * f_hz / 299792458.0);
    return first_metre + 10.0 * n * log10(d_m);
}

double mw_channel_amplitude(double level_dbm, double full_scale_dbm) {
    return pow(10.0, (level_dbm - full_scale_dbm) / 20.0);
}

double mw_channel_level_of_es_n0(double es_n0_db, double baud, double noise_figure_db) {
    return MW_CHANNEL_KT_DBM_HZ + noise_figure_db + 10.0 * log10(baud) + es_n0_db;
}

/* The x with P(normal < x) = p, by Newton's method on the error function. */
static double normal_quantile(double p) {
    double x = 0;
    for (int i = 0; i < 60; i++) {
        double error = 0.5 * erfc(-x / sqrt(2.0)) - p;
        double slope = exp(-0.5 * x * x) / sqrt(2.0 * pi);
        double step = error / slope;
        /* Far out the tangent overshoots; half a sigma a step always converges. */
        x -= step > 0.5 ? 0.5 : step < -0.5 ? -0.5 : step;
    }
    return x;
}

void mw_channel_noise_init(mw_channel_noise *c, uint64_t seed, double rate, double noise_figure_db,
                           double full_scale_dbm) {
    c->seed = mw_mix64(seed ^ UINT64_C(0x6e6f697365)); /* away from other users of the same seed */
    double level_dbm = MW_CHANNEL_KT_DBM_HZ + noise_figure_db + 10.0 * log10(rate);
    c->sigma = (float)(mw_channel_amplitude(level_dbm, full_scale_dbm) / sqrt(2.0));
    double power = 0;
    for (unsigned i = 0; i < TABLE_SIZE; i++) {
        double x = normal_quantile((i + 0.5) / TABLE_SIZE);
        c->table[i] = (float)x;
        power += x * x;
    }
    /* The mid-points of equal shares lose a little variance. A part is the sum of two entries. */
    double scale = c->sigma * sqrt(TABLE_SIZE / power / 2.0);
    for (unsigned i = 0; i < TABLE_SIZE; i++)
        c->table[i] = (float)(c->table[i] * scale);
}

void mw_channel_noise_add(const mw_channel_noise *c, uint64_t first, size_t n, float *iq) {
    const float *t = c->table;
    for (size_t i = 0; i < n; i++) {
        uint64_t u = mw_mix64(c->seed + (first + i) * UINT64_C(0x9e3779b97f4a7c15));
        iq[2 * i] += t[u & 4095] + t[u >> 12 & 4095];
        iq[2 * i + 1] += t[u >> 24 & 4095] + t[u >> 36 & 4095];
    }
}
