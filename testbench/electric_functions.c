/* SPDX-License-Identifier: Apache-2.0
 *
 * The bench's points that are not errors over a load: starting, no load, pulses, calibration.
 */
#include <math.h>
#include <stdio.h>

#include "meters/pulse/input.h"
#include "testbench/electric_bench.h"
#include "testbench/gas_wave.h"

#define SETTLE   20
#define WINDOW_S 0.2
#define RATED_W  (MW_ELECTRIC_SIM_RATED_V * s->elements)

static unsigned windows_of(const mw_electric_bench *b, double seconds, unsigned shorter) {
    double whole = ceil(seconds / WINDOW_S);
    return b->windows < MW_ELECTRIC_BENCH_WHOLE && whole > shorter ? shorter : (unsigned)whole;
}

/* At the starting current it counts, and the first pulse comes within one and a half times the time
 * of one. */
static void starting(mw_electric_bench *b, mw_electric_sim *s, uint32_t constant) {
    double amperes = b->elements == 1 ? 0.01 : 0.02;
    mw_electric_sim_result r;
    mw_electric_sim_balanced(s, amperes, 0);
    mw_electric_sim_run(s, SETTLE, b->windows, &r);
    char what[48];
    snprintf(what, sizeof what, "%g mA, PF 1", amperes * 1e3);
    mw_electric_bench_note(b, what, 0, MW_ELECTRIC_LIMIT_START, 100 * (r.p / r.p_true - 1));
    if (b->windows < MW_ELECTRIC_BENCH_WHOLE)
        return;
    double each_s = 3.6e6 / constant / (RATED_W * amperes);
    mw_electric_sim_constant(s, constant); /* nothing is left of a pulse before */
    mw_electric_sim_balanced(s, amperes, 0);
    mw_electric_sim_run(s, 0, windows_of(b, 1.6 * each_s, 0), &r);
    mw_electric_bench_note(b, what, 0, MW_ELECTRIC_LIMIT_FIRST_PULSE,
                           r.first_pulse_s > 0 ? r.first_pulse_s / each_s : 99);
}

/* 600e6 / (k m Un Imax) minutes without load at 115 % of the voltage. */
static void no_load(mw_electric_bench *b, mw_electric_sim *s, uint32_t constant) {
    double seconds = 60 * 600e6 / (constant * RATED_W * MW_ELECTRIC_BENCH_IMAX);
    mw_electric_sim_result r;
    mw_electric_sim_balanced(s, 0, 0);
    for (unsigned k = 0; k < s->elements; k++)
        s->source.phase[k].volts = 1.15 * MW_ELECTRIC_SIM_RATED_V;
    mw_electric_sim_run(s, 4 * SETTLE, windows_of(b, seconds, 4 * b->windows), &r);
    char what[48];
    snprintf(what, sizeof what, "%.0f s, %u imp/kWh", r.seconds, (unsigned)constant);
    mw_electric_bench_note(b, what, 0, MW_ELECTRIC_LIMIT_NO_LOAD, r.pulses[0] + r.pulses[1]);
}

/* Pulses a second at the greatest current, against the power that flows. */
static void outputs(mw_electric_bench *b, mw_electric_sim *s, const uint32_t constants[2]) {
    for (unsigned n = 0; n < 2; n++)
        for (unsigned reactive = 0; reactive < 2; reactive++) {
            mw_electric_sim_result r;
            mw_electric_sim_constant(s, constants[n]);
            mw_electric_sim_balanced(s, MW_ELECTRIC_BENCH_IMAX, reactive != 0 ? 90 : 0);
            mw_electric_sim_run(s, SETTLE, b->windows, &r);
            double watts = reactive != 0 ? r.q_true : r.p_true;
            char what[48];
            snprintf(what, sizeof what, "%u imp/%s, %g A", (unsigned)constants[n],
                     reactive != 0 ? "kvarh" : "kWh", MW_ELECTRIC_BENCH_IMAX);
            mw_electric_bench_note(
                b, what, 0, MW_ELECTRIC_LIMIT_OUTPUT,
                100 * (r.pulses_per_s[reactive] / (watts * constants[n] / 3.6e6) - 1));
        }
}

/* A contact that bounces for up to 3 ms at both ends of pulses of 30 ms. */
static void input(mw_electric_bench *b, mw_electric_sim *s) {
    enum { PULSES = 1000, BOUNCES = 8 };
    mw_pulse_input in;
    mw_mono now = {0};
    unsigned counted = 0;
    mw_pulse_input_init(&in, mw_dur_ms(MW_PULSE_MIN_LOW_MS), mw_dur_ms(MW_PULSE_MIN_HIGH_MS), false,
                        now);
    for (unsigned n = 0; n < 2 * PULSES; n++) {
        now = mw_mono_add(now, mw_dur_ms(30 + (int64_t)mw_prng_below(&s->random, 100)));
        bool low = n % 2 == 0;
        for (unsigned k = 0; k < 2 * mw_prng_below(&s->random, BOUNCES); k++) {
            counted += mw_pulse_input_edge(&in, k % 2 == 0 ? low : !low, now);
            now = mw_mono_add(now, mw_dur_us((int64_t)mw_prng_below(&s->random, 190) + 10));
        }
        counted += mw_pulse_input_edge(&in, low, now);
    }
    mw_electric_bench_note(b, "1000 pulses of a contact that bounces", 0, MW_ELECTRIC_LIMIT_INPUT,
                           (double)counted - PULSES);
}

/* Gain at Ib and power factor 1, phase by how much the error differs at 0.5. */
static void gain_and_phase(mw_electric_bench *b, mw_electric_sim *s, mw_electric_limit_id gain,
                           mw_electric_limit_id phase) {
    mw_electric_sim_result r;
    double error[2];
    for (unsigned n = 0; n < 2; n++) {
        mw_electric_sim_balanced(s, MW_ELECTRIC_BENCH_IB, n == 0 ? 0 : 60);
        mw_electric_sim_run(s, SETTLE, b->windows, &r);
        error[n] = r.p / r.p_true - 1;
    }
    mw_electric_bench_note(b, "Ib, PF 1", 0, gain, 100 * error[0]);
    mw_electric_bench_note(b, "Ib, PF 0.5 ind.", 0, phase,
                           (error[1] - error[0]) / tan(acos(0.5)) * 180 / acos(-1));
}

static void calibration(mw_electric_bench *b, mw_electric_sim *s) {
    mw_electric_calibration trimmed = s->calibration, made = mw_electric_sim_untrimmed(s);
    mw_electric_sim_use(s, &made);
    gain_and_phase(b, s, MW_ELECTRIC_LIMIT_MADE_GAIN, MW_ELECTRIC_LIMIT_MADE_PHASE);
    mw_electric_sim_use(s, &trimmed);
    gain_and_phase(b, s, MW_ELECTRIC_LIMIT_LEFT_GAIN, MW_ELECTRIC_LIMIT_LEFT_PHASE);
}

void mw_electric_bench_functions(mw_electric_bench *b, mw_electric_sim *s) {
    static const uint32_t constants[2][2] = {{3600, 4800}, {1600, 8000}};
    const uint32_t *mine = constants[b->elements == 3];
    uint32_t usual = s->energy.config.pulses_per_kwh;
    starting(b, s, usual);
    no_load(b, s, usual);
    outputs(b, s, mine);
    mw_electric_sim_constant(s, usual);
    if (b->elements == 1)
        input(b, s);
    calibration(b, s);
}
