/* SPDX-License-Identifier: Apache-2.0 */
#include "testbench/electric_sim.h"

#include <math.h>
#include <string.h>

#include "testbench/gas_wave.h"

#define PI           3.14159265358979323846
#define U_DRIFT_TYPE 25e-6
#define I_DRIFT_TYPE 40e-6
#define U_NOISE_V    0.006
#define I_NOISE_A    0.0025
#define STEPS        8388608.0
#define CAL_CELSIUS  23.0
#define CAL_AMPERES  5.0
#define SETTLE       15 /* windows until filters and oscillator rest */

static mw_electric_sim_channel channel(mw_prng *g, double drift) {
    return (mw_electric_sim_channel){.gain = 1 + 0.03 * mw_gas_wave_uniform(g),
                                     .drift = drift + 6e-6 * mw_gas_wave_uniform(g),
                                     .offset = 0.0005 * STEPS * mw_gas_wave_uniform(g)};
}

static double shaped(const mw_electric_sim_shape *h, double x) {
    double v = sqrt(2) * sin(x) + h->dc;
    for (int n = 2; n <= h->highest; n++)
        if (h->share[n] != 0)
            v += sqrt(2) * h->share[n] * sin(n * x + h->phase[n]);
    return v;
}

static void find_highest(mw_electric_sim_shape *h) {
    for (h->highest = MW_ELECTRIC_SIM_HARMONICS; h->highest > 1; h->highest--)
        if (h->share[h->highest] != 0)
            return;
}

static double voltage_at(const mw_electric_sim *s, unsigned k, double t) {
    const mw_electric_sim_source *o = &s->source;
    return o->phase[k].volts * shaped(&o->u, 2 * PI * o->hertz * t + o->phase[k].at * PI / 180);
}

static double current_at(const mw_electric_sim *s, unsigned k, double t) {
    const mw_electric_sim_source *o = &s->source;
    const mw_electric_sim_phase *p = &o->phase[k];
    double x = 2 * PI * o->hertz * t + (p->at - p->angle) * PI / 180;
    double turn = x / (2 * PI) - floor(x / (2 * PI));
    if ((p->half_wave && turn >= 0.5) || (p->fired && fmod(turn, 0.5) < 0.25) ||
        (p->burst && fmod(floor(x / (2 * PI)) + 4, 4) >= 2))
        return 0;
    return p->amperes * shaped(&o->i, x);
}

/* A converter that oversamples takes the mean around its moment; smooth currents need not be asked
 * so often. */
static double current_seen(const mw_electric_sim *s, unsigned k, double t) {
    enum { OVERSAMPLING = 32 };
    const mw_electric_sim_phase *p = &s->source.phase[k];
    if (!p->fired && !p->half_wave && !p->burst)
        return current_at(s, k, t);
    double sum = 0;
    for (int n = 0; n < OVERSAMPLING; n++)
        sum += current_at(s, k, t + ((n + 0.5) / OVERSAMPLING - 0.5) / MW_ELECTRIC_RATE);
    return sum / OVERSAMPLING;
}

static int32_t convert(mw_electric_sim *s, const mw_electric_sim_channel *c, double value,
                       double full, double noise) {
    double warm = 1 + c->drift * (s->source.celsius - CAL_CELSIUS);
    double steps =
        (value + noise * mw_gas_wave_normal(&s->random)) / full * STEPS * c->gain * warm +
        c->offset;
    return (int32_t)lrint(fmax(-STEPS, fmin(STEPS - 1, steps)));
}

static void sample(mw_electric_sim *s, mw_electric_sample *out) {
    double neutral = 0;
    memset(out, 0, sizeof *out);
    for (unsigned k = 0; k < s->elements; k++) {
        double late = s->skew_s[k] + 5e-9 * (s->source.celsius - CAL_CELSIUS) + s->ct_late[k];
        double u = voltage_at(s, k, s->t), i = current_seen(s, k, s->t - late);
        i *= 1 + s->ct_gain[k];
        neutral += current_seen(s, k, s->t);
        out->u[k] = convert(s, &s->u[k], u, MW_ELECTRIC_SIM_U_FULL, U_NOISE_V);
        out->i[k] =
            convert(s, &s->i[k], i + s->crosstalk[k] * u, MW_ELECTRIC_SIM_I_FULL, I_NOISE_A);
    }
    if (s->elements == 1)
        neutral *= s->source.neutral_share;
    out->neutral = convert(s, &s->neutral, neutral, MW_ELECTRIC_SIM_I_FULL, I_NOISE_A);
    s->t += 1 / (MW_ELECTRIC_RATE * s->crystal);
}

static mw_temp temperature(const mw_electric_sim *s) {
    return (mw_temp){(int32_t)lrint(s->source.celsius * 1000)};
}

/* Runs until a window is done. */
static void window(mw_electric_sim *s) {
    for (unsigned done = 0; (done & MW_ELECTRIC_WINDOW_DONE) == 0;) {
        mw_electric_sample in;
        sample(s, &in);
        done = mw_electric_window_sample(&s->window, &in);
        unsigned pulses = mw_electric_energy_sample(&s->energy);
        for (unsigned n = 0; n < 2; n++)
            if ((pulses >> n & 1) != 0) {
                s->pulse_last[n] = s->t;
                if (s->pulses[n]++ == 0)
                    s->pulse_first[n] = s->t;
            }
    }
    mw_electric_quantities_of(&s->window, &s->calibration, temperature(s),
                              (mw_voltage){(int64_t)(1000 * MW_ELECTRIC_SIM_RATED_V)}, &s->shown);
    mw_electric_energy_window(&s->energy, &s->shown);
}

/* Mean of what the device shows over some windows. */
static void show(mw_electric_sim *s, unsigned windows, mw_electric_element out[]) {
    memset(out, 0, sizeof *out * MW_ELECTRIC_ELEMENTS);
    for (unsigned n = 0; n < SETTLE; n++)
        window(s);
    for (unsigned n = 0; n < windows; n++) {
        window(s);
        for (unsigned k = 0; k < s->elements; k++) {
            out[k].u_uv += s->shown.e[k].u_uv;
            out[k].i_ua += s->shown.e[k].i_ua;
            out[k].p_uw += s->shown.e[k].p_uw;
            out[k].angle_mdeg += s->shown.e[k].angle_mdeg;
            out[k].has_angle = s->shown.e[k].has_angle;
        }
    }
    for (unsigned k = 0; k < s->elements; k++) {
        out[k].u_uv /= windows;
        out[k].i_ua /= windows;
        out[k].p_uw /= windows;
        out[k].angle_mdeg /= (int32_t)windows;
    }
}

static void start_device(mw_electric_sim *s, const mw_electric_energy_config *config) {
    mw_electric_skew skew[MW_ELECTRIC_ELEMENTS] = {0};
    for (unsigned k = 0; k < s->elements; k++)
        skew[k] = s->calibration.e[k].skew;
    mw_electric_window_init(&s->window, s->elements, MW_ELECTRIC_50HZ, skew);
    mw_status good = mw_electric_energy_init(&s->energy, config);
    (void)good; /* constants of this file */
}

void mw_electric_sim_use(mw_electric_sim *s, const mw_electric_calibration *calibration) {
    mw_electric_energy_config config = s->energy.config;
    s->calibration = *calibration;
    start_device(s, &config);
}

void mw_electric_sim_constant(mw_electric_sim *s, uint32_t pulses) {
    mw_electric_energy_config config = s->energy.config;
    config.pulses_per_kwh = config.pulses_per_kvarh = pulses;
    start_device(s, &config);
}

mw_electric_calibration mw_electric_sim_untrimmed(const mw_electric_sim *s) {
    mw_electric_calibration c = s->calibration;
    for (unsigned k = 0; k < s->elements; k++)
        c.e[k] = (mw_electric_trim){
            .u_gain = mw_electric_gain_of((int64_t)(MW_ELECTRIC_SIM_U_FULL * 1e6)),
            .i_gain = mw_electric_gain_of((int64_t)(MW_ELECTRIC_SIM_I_FULL * 1e6))};
    return c;
}

/* Production: gain, skew, gain again, then no load. */
static void calibrate(mw_electric_sim *s, const mw_electric_energy_config *config) {
    mw_electric_element shown[MW_ELECTRIC_ELEMENTS];
    mw_status good = MW_OK;
    for (int step = 0; step < 4; step++) {
        mw_electric_sim_balanced(s, step == 3 ? 0 : CAL_AMPERES, step == 1 ? 60 : 0);
        start_device(s, config);
        show(s, 50, shown);
        for (unsigned k = 0; k < s->elements && good == MW_OK; k++) {
            mw_electric_trim *trim = &s->calibration.e[k];
            if (step == 3)
                good = mw_electric_calibrate_no_load(trim, &shown[k]);
            else if (step == 1)
                good = mw_electric_calibrate_skew(trim, &shown[k], 60000, s->shown.frequency_mhz);
            else
                good = mw_electric_calibrate_gain(trim, &shown[k], 230000000, 5000000);
        }
    }
    if (good != MW_OK)
        memset(&s->calibration, 0, sizeof s->calibration); /* fails every point, as it should */
    start_device(s, config);
}

void mw_electric_sim_init(mw_electric_sim *s, uint8_t elements, uint64_t seed, uint32_t pulses,
                          double start_amperes) {
    memset(s, 0, sizeof *s);
    s->random = mw_prng_of_seed(seed);
    s->elements = elements;
    mw_prng *g = &s->random;
    int32_t u = mw_electric_gain_of((int64_t)(MW_ELECTRIC_SIM_U_FULL * 1e6));
    int32_t i = mw_electric_gain_of((int64_t)(MW_ELECTRIC_SIM_I_FULL * 1e6));
    for (unsigned k = 0; k < elements; k++) {
        s->u[k] = channel(g, U_DRIFT_TYPE);
        s->i[k] = channel(g, I_DRIFT_TYPE);
        s->skew_s[k] = 8e-6 * mw_gas_wave_uniform(g);
        s->crosstalk[k] = 1.2e-3 / 230 * mw_gas_wave_uniform(g);
        s->calibration.e[k] = (mw_electric_trim){.u_gain = u, .i_gain = i};
    }
    s->neutral = channel(g, I_DRIFT_TYPE);
    s->neutral.gain = 1 + 0.003 * mw_gas_wave_uniform(g); /* trimmed in hardware */
    s->calibration.neutral_gain = i;
    s->calibration.neutral_noise_ua = 2500;
    /* The firmware divides by the gain, so its drift is the opposite of the channel's. */
    s->calibration.u_drift = (int32_t)(-U_DRIFT_TYPE * 1e9);
    s->calibration.i_drift = (int32_t)(-I_DRIFT_TYPE * 1e9);
    s->crystal = 1 + 20e-6 * mw_gas_wave_uniform(g);
    for (unsigned k = 0; k < elements && elements == 3; k++) {
        s->ct_ratio[k] = 3e-4 * mw_gas_wave_uniform(g);
        s->ct_degrees[k] = 0.03 * mw_gas_wave_uniform(g);
    }
    mw_electric_energy_config config = {.sum = MW_ELECTRIC_SUM_VECTOR,
                                        .start_uw = (int64_t)(start_amperes * 230e6),
                                        .greater_current = elements == 1,
                                        .pulses_per_kwh = pulses,
                                        .pulses_per_kvarh = pulses};
    calibrate(s, &config);
}

void mw_electric_sim_balanced(mw_electric_sim *s, double amperes, double angle) {
    memset(&s->source, 0, sizeof s->source);
    s->source.hertz = 50;
    s->source.celsius = CAL_CELSIUS;
    s->source.neutral_share = 1;
    for (unsigned k = 0; k < s->elements; k++)
        s->source.phase[k] = (mw_electric_sim_phase){.volts = MW_ELECTRIC_SIM_RATED_V,
                                                     .amperes = amperes,
                                                     .angle = angle,
                                                     .at = k == 0   ? 0
                                                           : k == 1 ? -120
                                                                    : 120};
}

/* What really flows: integrated over a cycle, which is exact for shapes of a few harmonics and good
 * to 1e-7 for the chopped ones. Q is the fundamental's. */
static void truth(const mw_electric_sim *s, double *out_p, double *out_q) {
    enum { CHOPPED = 20000, SMOOTH = 1000 };
    *out_p = *out_q = 0;
    for (unsigned k = 0; k < s->elements; k++) {
        double p = 0, us = 0, uc = 0, is = 0, ic = 0;
        const mw_electric_sim_phase *of = &s->source.phase[k];
        int cycles = of->burst ? 4 : 1;
        int steps = of->burst || of->fired || of->half_wave ? CHOPPED : SMOOTH;
        for (int n = 0; n < steps; n++) {
            double t = (n + 0.5) * cycles / (steps * s->source.hertz);
            double x = 2 * PI * s->source.hertz * t;
            double u = voltage_at(s, k, t), i = current_at(s, k, t);
            p += u * i;
            us += u * sin(x);
            uc += u * cos(x);
            is += i * sin(x);
            ic += i * cos(x);
        }
        *out_p += p / steps;
        *out_q += 2 * (uc * is - us * ic) / ((double)steps * steps);
    }
}

static double signed_total(const mw_electric_energy *e, unsigned plus, unsigned minus) {
    const mw_electric_count *c = e->count[MW_ELECTRIC_TOTAL];
    double quanta = (double)MW_ELECTRIC_QUANTA_PER_MILLI;
    return (double)(c[plus].milli - c[minus].milli) +
           (double)(c[plus].rest - c[minus].rest) / quanta;
}

static double reactive_total(const mw_electric_energy *e) {
    return signed_total(e, MW_ELECTRIC_R1, MW_ELECTRIC_R3) +
           signed_total(e, MW_ELECTRIC_R2, MW_ELECTRIC_R4);
}

/* What does not change in a run. */
static void prepare(mw_electric_sim *s) {
    find_highest(&s->source.u);
    find_highest(&s->source.i);
    for (unsigned k = 0; k < s->elements; k++) {
        double amperes = s->source.phase[k].amperes;
        double decades = amperes > 0 ? log10(amperes / CAL_AMPERES) : 0;
        s->ct_gain[k] = s->ct_ratio[k] * decades;
        s->ct_late[k] = s->ct_degrees[k] * decades / 360 / s->source.hertz;
    }
}

void mw_electric_sim_run(mw_electric_sim *s, unsigned settle, unsigned windows,
                         mw_electric_sim_result *out) {
    memset(out, 0, sizeof *out);
    prepare(s);
    truth(s, &out->p_true, &out->q_true);
    for (unsigned n = 0; n < settle; n++)
        window(s);
    memset(s->pulses, 0, sizeof s->pulses);
    double began = s->t;
    double a = signed_total(&s->energy, MW_ELECTRIC_A_PLUS, MW_ELECTRIC_A_MINUS);
    double r = reactive_total(&s->energy);
    int64_t parts = 0;
    for (unsigned n = 0; n < windows; n++) {
        window(s);
        parts += s->shown.parts;
        for (unsigned k = 0; k < s->elements; k++) {
            out->u[k] += (double)s->shown.e[k].u_uv / 1e6 / windows;
            out->i[k] += (double)s->shown.e[k].i_ua / 1e6 / windows;
            out->angle[k] += s->shown.e[k].angle_mdeg / 1e3 / windows;
        }
        out->hertz += s->shown.frequency_mhz / 1e3 / windows;
    }
    out->seconds = (double)parts / (double)MW_ELECTRIC_PARTS_PER_S / s->crystal;
    /* milliwatt-hours -> W */
    double hours = out->seconds / 3600;
    out->p = (signed_total(&s->energy, MW_ELECTRIC_A_PLUS, MW_ELECTRIC_A_MINUS) - a) / 1000 / hours;
    out->q = (reactive_total(&s->energy) - r) / 1000 / hours;
    for (unsigned n = 0; n < 2; n++) {
        out->pulses[n] = s->pulses[n];
        if (s->pulses[n] > 1)
            out->pulses_per_s[n] = (s->pulses[n] - 1) / (s->pulse_last[n] - s->pulse_first[n]);
    }
    out->first_pulse_s = s->pulses[0] > 0 ? s->pulse_first[0] - began : 0;
}
