/* SPDX-License-Identifier: Apache-2.0 */
#include "testbench/gas_sim.h"

#include <math.h>

#define COS_ANGLE 0.70710678118654752440
#define WINDOW_US 105.0 /* from pulse to first sample */

/* m/s at 101.325 kPa, computed with the NIST programs of AGA8 / GERG-2008. */
static const double sound_celsius[7] = {-25, -10, 0, 15, 20, 40, 55};
static const double sound_table[MW_GAS_SIM_GASES][7] = {
    {316.36, 325.80, 331.94, 340.92, 343.86, 355.35, 363.71},
    {407.85, 419.42, 426.85, 437.58, 441.05, 454.48, 464.10},
    {411.48, 423.17, 430.67, 441.51, 445.02, 458.58, 468.29},
    {393.01, 404.22, 411.43, 421.85, 425.22, 438.29, 447.65},
};

double mw_gas_sim_sound(mw_gas_sim_gas gas, double celsius) {
    int i = 0;
    while (i < 5 && celsius >= sound_celsius[i + 1])
        i++;
    /* c2 / T is nearly constant: linear between the points, and beyond them. */
    double t0 = sound_celsius[i], t1 = sound_celsius[i + 1];
    double r0 = pow(sound_table[gas][i], 2) / (t0 + 273.15);
    double r1 = pow(sound_table[gas][i + 1], 2) / (t1 + 273.15);
    return sqrt((r0 + (r1 - r0) * (celsius - t0) / (t1 - t0)) * (celsius + 273.15));
}

/* Kinematic viscosity, m2/s. */
static double viscosity(mw_gas_sim_gas gas, double celsius, double pa) {
    static const double dynamic[MW_GAS_SIM_GASES] = {1.716e-5, 1.030e-5, 1.024e-5, 1.110e-5};
    static const double sutherland[MW_GAS_SIM_GASES] = {111, 163, 164, 155};
    static const double molar[MW_GAS_SIM_GASES] = {28.96e-3, 16.30e-3, 16.04e-3, 17.72e-3};
    double t = celsius + 273.15, c = sutherland[gas];
    double mu = dynamic[gas] * pow(t / 273.15, 1.5) * (273.15 + c) / (t + c);
    return mu * 8.3145 * t / (pa * molar[gas]);
}

/* Mean velocity over path velocity. */
static double profile(const mw_gas_sim *s, double re) {
    double smooth = 1 + 0.242 / log10(0.835 / pow(re < 1000 ? 1000 : re, 0.8));
    double mix = 1 / (1 + exp(-log(re / s->profile_centre) / s->profile_width));
    return s->profile_gain * (0.75 + (smooth - 0.75) * mix);
}

void mw_gas_sim_init(mw_gas_sim *s, const mw_gas_wave *wave, const mw_gas_size *size,
                     uint64_t seed) {
    *s = (mw_gas_sim){.wave = wave, .size = size, .random = mw_prng_of_seed(seed)};
    mw_prng *g = &s->random;
    s->path_m = size->path_nm * 1e-9 * (1 + 0.001 * mw_gas_wave_uniform(g));
    s->area_m2 = (double)size->area_mm3 * 1e-9 * (1 + 0.005 * mw_gas_wave_uniform(g));
    s->expansion = 23e-6 * (1 + 0.15 * mw_gas_wave_uniform(g));
    s->profile_gain = 1 + 0.015 * mw_gas_wave_uniform(g);
    s->profile_centre = 2500 * (1 + 0.06 * mw_gas_wave_uniform(g));
    s->profile_width = 0.25 * (1 + 0.1 * mw_gas_wave_uniform(g));
    /* Over 95 K slope and curve together move the zero by up to 1 ns, the rest is at 20 C. */
    s->zero_slope = 0.5 / 60 * mw_gas_wave_uniform(g);
    s->zero_curve = 0.3 / 3600 * mw_gas_wave_uniform(g);
    s->zero_ns = 1.0 * mw_gas_wave_uniform(g);
    s->delay_us = 3 + 0.3 * mw_gas_wave_uniform(g);
    s->level = 400 * (1 + 0.2 * mw_gas_wave_uniform(g));
    s->snr_db = 40;
    s->offset = 8 * mw_gas_wave_uniform(g);
    s->celsius = 20;
    s->pressure_pa = 101325;
    s->slip = -1;
    s->gain_cdb = 600;
    for (unsigned i = 0; i < MW_GAS_PROFILE_POINTS; i++)
        s->calibration.profile[i] = mw_gas_profile_smooth[i];
    mw_gas_flow_init(&s->meter, size, &s->calibration);
}

void mw_gas_sim_age(mw_gas_sim *s) {
    s->ageing_ns = 0.3 * mw_gas_wave_uniform(&s->random);
    s->ageing_slope = 0.15 / 60 * mw_gas_wave_uniform(&s->random);
}

double mw_gas_sim_zero(const mw_gas_sim *s) {
    double away = s->celsius - 20;
    return s->zero_ns + s->zero_slope * away + s->zero_curve * away * away + s->ageing_ns +
           s->ageing_slope * away;
}

double mw_gas_sim_zero_left(const mw_gas_sim *s) {
    mw_temp t = {(int32_t)lround(s->celsius * 1000)};
    return mw_gas_sim_zero(s) - mw_gas_zero_at(&s->meter.zero, t) / 1000.0;
}

/* Turbulence as the path sees it now. */
static double stirred(mw_gas_sim *s, double velocity, double re, uint32_t ms) {
    double keep = exp(-(double)ms / 300.0), rms = re < 2000 ? 0.01 : 0.03;
    s->turbulence = keep * s->turbulence + sqrt(1 - keep * keep) * mw_gas_wave_normal(&s->random);
    return velocity * (1 + rms * s->turbulence);
}

static bool slips(mw_gas_sim *s, double snr_db) {
    double p = s->slip >= 0 ? s->slip : pow(10, -2 - (snr_db > 40 ? 20 : snr_db - 20) / 5);
    return (mw_gas_wave_uniform(&s->random) + 1) / 2 < p;
}

void mw_gas_sim_echoes(mw_gas_sim *s, uint32_t ms, int16_t up[MW_GAS_SAMPLES],
                       int16_t dn[MW_GAS_SAMPLES]) {
    double grown = 1 + s->expansion * (s->celsius - 20), path_m = s->path_m * grown;
    double mean = s->flow_m3_h / 3600 / (s->area_m2 * grown * grown),
           c = mw_gas_sim_sound(s->gas, s->celsius);
    double nu = viscosity(s->gas, s->celsius, s->pressure_pa);
    double bore = s->size->bore_um * 1e-6;
    /* Path velocity v and Re = v D / nu depend on each other through k. */
    double v = mean;
    for (int i = 0; i < 60 && mean != 0; i++)
        v = 0.5 * v + 0.5 * mean / profile(s, fabs(v) * bore / nu);
    v = stirred(s, v, fabs(v) * bore / nu, ms);
    double t_up = path_m / (c - v * COS_ANGLE) * 1e6, t_dn = path_m / (c + v * COS_ANGLE) * 1e6;
    double delay = s->delay_us + 0.0003 * (s->celsius - 20), zero = mw_gas_sim_zero(s) / 1000;
    double loss = (101325 - s->pressure_pa) / 5000;
    double gain = pow(10, s->gain_cdb / 2000.0);
    mw_gas_echo_made e = {
        .amplitude = s->level * gain * pow(10, -loss / 20),
        .noise = s->level * gain / sqrt(2) * pow(10, -s->snr_db / 20),
        .offset = s->offset,
    };
    bool slip = slips(s, s->snr_db - loss), which = (mw_prng_u64(&s->random) & 1) != 0;
    e.arrival_us = t_up + delay + zero / 2 - WINDOW_US;
    e.dip = slip && which ? 0.8 : 0;
    mw_gas_wave_sample(s->wave, &e, &s->random, up);
    e.arrival_us = t_dn + delay - zero / 2 - WINDOW_US;
    e.dip = slip && !which ? 0.8 : 0;
    mw_gas_wave_sample(s->wave, &e, &s->random, dn);
    s->now_ns += (int64_t)ms * 1000000;
    s->reference_m3 += fabs(s->flow_m3_h) * ms / 3600000;
}

void mw_gas_sim_measure(mw_gas_sim *s, uint32_t ms, mw_gas_result *out) {
    int16_t up[MW_GAS_SAMPLES], dn[MW_GAS_SAMPLES];
    mw_gas_sim_echoes(s, ms, up, dn);
    mw_gas_capture in = {
        up, dn, s->gain_cdb, {(int32_t)lround(s->celsius * 1000)}, (int32_t)s->pressure_pa};
    mw_gas_flow_step(&s->meter, (mw_mono){s->now_ns}, &in, out);
    s->gain_cdb = out->gain_cdb;
}

void mw_gas_sim_run(mw_gas_sim *s, unsigned n) {
    mw_gas_result r;
    for (unsigned i = 0; i < n; i++)
        mw_gas_sim_measure(s, MW_GAS_ACTIVE_MS, &r);
}

double mw_gas_sim_error(mw_gas_sim *s, double flow_m3_h, unsigned n) {
    s->flow_m3_h = flow_m3_h;
    mw_gas_sim_run(s, 30);
    const int64_t *count = flow_m3_h < 0 ? &s->meter.reverse_ul : &s->meter.forward_ul;
    int64_t before = *count;
    double reference = s->reference_m3;
    mw_gas_sim_run(s, n);
    return ((double)(*count - before) * 1e-9 / (s->reference_m3 - reference) - 1) * 100;
}

/* Mean crossing of the echoes and level without flow: what the delay is found from. */
static void calibrate_delay(mw_gas_sim *s) {
    const unsigned n = 400;
    double sum = 0, level = 0;
    for (unsigned i = 0; i < n; i++) {
        int16_t x[MW_GAS_SAMPLES];
        mw_gas_echo found;
        double amplitude = s->level * pow(10, s->gain_cdb / 2000.0);
        mw_gas_echo_made e = {
            s->path_m / mw_gas_sim_sound(s->gas, s->celsius) * 1e6 + s->delay_us - WINDOW_US,
            amplitude, amplitude / sqrt(2) * pow(10, -s->snr_db / 20), s->offset, 0};
        mw_gas_wave_sample(s->wave, &e, &s->random, x);
        mw_gas_echo_find(x, &found);
        sum += found.crossing_ps;
        level += found.amplitude;
    }
    double transit = s->size->path_nm * 1e-9 / mw_gas_sim_sound(s->gas, s->celsius) * 1e12;
    s->calibration.delay_ps = (int32_t)lround(sum / n - transit);
    s->calibration.level_cdb = (int32_t)lround(2000 * log10(level / n / 16)) - s->gain_cdb;
}

static void calibrate_zero(mw_gas_sim *s) {
    for (unsigned i = 0; i < MW_GAS_ZERO_POINTS; i++) {
        int64_t sum = 0;
        const int n = 600;
        s->celsius = mw_gas_zero_mdegc[i] / 1000.0;
        for (int k = 0; k < n; k++) {
            mw_gas_result r;
            mw_gas_sim_measure(s, MW_GAS_ACTIVE_MS, &r);
            sum += r.dt_ps;
        }
        s->calibration.zero_ps[i] = (int32_t)(sum / n);
    }
    s->celsius = 20;
}

/* Ratio of true to measured volume at some flows, spread over the nodes linearly in lg Re. */
static void calibrate_profile(mw_gas_sim *s) {
    enum { FLOWS = 10 };
    static const double part[FLOWS] = {0.03, 0.12, 0.18, 0.25, 0.32, 0.4, 0.5, 0.65, 0.85, 1.05};
    double at[FLOWS], ratio[FLOWS];
    double nu = viscosity(s->gas, s->celsius, s->pressure_pa);
    for (unsigned i = 0; i < FLOWS; i++) {
        double flow = part[i] * (double)s->size->qmax_l_h / 1000;
        double error = mw_gas_sim_error(s, flow, 1000);
        ratio[i] = 1 / (1 + error / 100);
        double re = (double)s->meter.rate_nl_s * 1e-12 / s->area_m2 * s->size->bore_um * 1e-6 / nu;
        /* The nominal profile will do to name the point. */
        int32_t nominal = mw_gas_profile_at(mw_gas_profile_smooth, (int32_t)(re / 0.85));
        at[i] = log(re * 65536 / nominal);
    }
    for (unsigned n = 0; n < MW_GAS_PROFILE_POINTS; n++) {
        double x = log(mw_gas_profile_re[n]), r;
        unsigned i = 0;
        while (i < FLOWS - 2 && x >= at[i + 1])
            i++;
        double f = (x - at[i]) / (at[i + 1] - at[i]);
        f = f < 0 ? 0 : f > 1 ? 1 : f;
        r = ratio[i] + (ratio[i + 1] - ratio[i]) * f;
        s->calibration.profile[n] = (int32_t)lround(mw_gas_profile_smooth[n] * r);
    }
}

void mw_gas_sim_calibrate(mw_gas_sim *s) {
    s->gas = MW_GAS_SIM_AIR;
    s->flow_m3_h = 0;
    mw_gas_sim_run(s, 10); /* the amplifier settles */
    calibrate_delay(s);
    mw_gas_flow_init(&s->meter, s->size, &s->calibration);
    calibrate_zero(s);
    mw_gas_flow_init(&s->meter, s->size, &s->calibration);
    calibrate_profile(s);
    s->flow_m3_h = 0;
    s->reference_m3 = 0;
    mw_gas_flow_init(&s->meter, s->size, &s->calibration);
}
