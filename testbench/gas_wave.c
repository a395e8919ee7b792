/* SPDX-License-Identifier: Apache-2.0 */
#include "testbench/gas_wave.h"

#include <math.h>

#define PI 3.14159265358979323846

/* One resonator, second order band pass, exact for a step input held over one fine point. */
typedef struct resonator {
    double y1, y2, x1, x2, b0, a1, a2;
} resonator;

static resonator resonator_of(double khz, double q) {
    double w = 2 * PI * khz / 1000 / MW_GAS_WAVE_FINE, alpha = sin(w) / (2 * q);
    return (resonator){.b0 = alpha / (1 + alpha),
                       .a1 = -2 * cos(w) / (1 + alpha),
                       .a2 = (1 - alpha) / (1 + alpha)};
}

static double resonate(resonator *r, double x) {
    double y = r->b0 * (x - r->x2) - r->a1 * r->y1 - r->a2 * r->y2;
    r->x2 = r->x1;
    r->x1 = x;
    r->y2 = r->y1;
    r->y1 = y;
    return y;
}

void mw_gas_wave_init(mw_gas_wave *w) {
    resonator one = resonator_of(198, 8), two = resonator_of(202, 8);
    double largest = 0;
    const int points = MW_GAS_WAVE_FINE * MW_GAS_WAVE_US + 4;
    for (int i = 0; i < points; i++) {
        double us = (double)i / MW_GAS_WAVE_FINE;
        double drive = us < 24 * 5 ? sin(2 * PI * us / 5) : 0;
        w->at[i] = resonate(&two, resonate(&one, drive));
        largest = fabs(w->at[i]) > largest ? fabs(w->at[i]) : largest;
    }
    for (int i = 0; i < points; i++)
        w->at[i] /= largest;
}

double mw_gas_wave_at(const mw_gas_wave *w, double us) {
    double at = us * MW_GAS_WAVE_FINE;
    if (at < 1 || at >= MW_GAS_WAVE_FINE * MW_GAS_WAVE_US)
        return 0;
    int i = (int)at;
    double f = at - i;
    const double *p = &w->at[i - 1];
    /* Cubic through four points (Catmull-Rom): exact to 1e-7 at 320 points a period. */
    return p[1] + 0.5 * f *
                      (p[2] - p[0] +
                       f * (2 * p[0] - 5 * p[1] + 4 * p[2] - p[3] +
                            f * (3 * (p[1] - p[2]) + p[3] - p[0])));
}

double mw_gas_wave_normal(mw_prng *g) {
    uint64_t bits = mw_prng_u64(g);
    double sum = (double)(bits & 0xffff) + (double)(bits >> 16 & 0xffff) +
                 (double)(bits >> 32 & 0xffff) + (double)(bits >> 48);
    return (sum / 65536 - 2 + 2.0 / 65536) * 1.7320508075688772;
}

double mw_gas_wave_uniform(mw_prng *g) {
    return (double)(mw_prng_u64(g) >> 11) / 4503599627370496.0 - 1;
}

void mw_gas_wave_sample(const mw_gas_wave *w, const mw_gas_echo_made *e, mw_prng *g,
                        int16_t out[MW_GAS_SAMPLES]) {
    for (int n = 0; n < MW_GAS_SAMPLES; n++) {
        double us = n - e->arrival_us, x = e->amplitude * mw_gas_wave_at(w, us);
        if (e->dip > 0 && us < 35)
            x *= 1 - e->dip;
        double y = round(x + e->offset + (e->noise > 0 ? e->noise * mw_gas_wave_normal(g) : 0));
        out[n] = (int16_t)(y > 2047 ? 2047 : y < -2048 ? -2048 : y);
    }
}
