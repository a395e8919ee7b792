/* SPDX-License-Identifier: Apache-2.0 */
#include "testbench/water_sim.h"

#include <math.h>
#include <string.h>

#include "base/assert.h"

#define PI         3.14159265358979323846
#define EDGE_TURNS (20.0 / 360)

static double uniform(mw_prng *g, double low, double high) {
    return low + (high - low) * (double)(mw_prng_u64(g) >> 11) * 0x1p-53;
}

/* Sum of four uniforms: near enough to normal, and bounded as a converter's noise is. */
static double noise(mw_prng *g) {
    double sum = 0;
    for (unsigned i = 0; i < 4; i++)
        sum += uniform(g, -1, 1);
    return sum * 0.8660254;
}

/* ---- the wheel ---- */

static double start_of(const mw_water_sim *s) {
    double ratio =
        s->mounted == MW_WATER_VERTICAL ? (double)s->class->q1_vertical_lph / s->class->q1_lph : 1;
    return s->start_lph * ratio * (1 + 0.006 * (20 - s->celsius));
}

/* Turns a second at the flow of the moment. */
static double speed(const mw_water_sim *s) {
    double flow = fabs(s->flow_lph), start = start_of(s);
    if (flow <= start)
        return 0;
    double from_hump = log(flow / s->hump_at_lph) / 0.9;
    double error = s->hump * exp(-from_hump * from_hump) - s->droop * pow(start / flow, 1.5) -
                   0.00006 * (20 - s->celsius) * sqrt(start / flow);
    double turns = s->turns_per_litre * (1 + error) * flow / 3600;
    return s->flow_lph < 0 ? -turns : turns;
}

/* How much of a coil the metal covers, 0..1, at an angle in turns. */
static double covered(double turns) {
    double a = turns - floor(turns);
    double from = a < 0.5 ? fmin(a, 0.5 - a) : -fmin(a - 0.5, 1 - a); /* to the nearer edge */
    double x = from / EDGE_TURNS;
    return x <= -1 ? 0 : x >= 1 ? 1 : 0.5 + 0.5 * sin(PI / 2 * x);
}

static void amplitudes(mw_water_sim *s, uint16_t out[2]) {
    double at = s->position + s->shake * sin((double)s->now.ns * 1e-9 * 2 * PI * 1.7);
    for (unsigned i = 0; i < 2; i++) {
        /* B leads by a quarter: forward is 00, 01, 11, 10. */
        double metal = covered(at + (i == 1 ? 0.25 : 0) + s->angle_error[i]);
        if ((s->dead >> i & 1) != 0)
            metal = 0;
        double value = s->offset[i] + s->swing[i] * (1 - metal) +
                       s->swing[i] * (0.001 * (s->celsius - 20) + 0.015 * noise(&s->random));
        out[i] = (uint16_t)fmax(0, fmin(65535, value));
    }
}

/* ---- devices ---- */

void mw_water_sim_init(mw_water_sim *s, const mw_water_class *class, uint64_t seed) {
    memset(s, 0, sizeof *s);
    s->class = class;
    s->random = mw_prng_of_seed(seed);
    mw_prng *g = &s->random;
    s->turns_per_litre = uniform(g, 0.97, 1.03);
    s->hump = uniform(g, 0.01, 0.02);
    s->hump_at_lph = class->q2_lph * uniform(g, 1.5, 3);
    s->droop = uniform(g, 0.08, 0.14);
    s->start_lph = class->q1_lph * uniform(g, 0.27, 0.36);
    for (unsigned i = 0; i < 2; i++) {
        s->angle_error[i] = uniform(g, -3.0, 3.0) / 360;
        s->swing[i] = uniform(g, 300, 500);
        s->offset[i] = uniform(g, 400, 700);
    }
    s->position = uniform(g, 0, 1);
    s->celsius = 20;
}

static void meter_restart(mw_water_sim *s) {
    uint16_t amplitude[2];
    amplitudes(s, amplitude);
    mw_status status =
        mw_water_sensor_init(&s->meter, &s->calibration, s->mounted, s->now, amplitude);
    mw_assert(status == MW_OK);
    s->in = (mw_meter_inputs){0};
}

void mw_water_sim_mount(mw_water_sim *s, mw_water_position position) {
    s->mounted = position;
    meter_restart(s);
}

static void coils_calibrate(mw_water_sim *s) {
    mw_water_calibration *c = &s->calibration;
    for (unsigned i = 0; i < 2; i++) {
        c->low[i] = UINT16_MAX;
        for (unsigned n = 0; n < 64; n++) {
            uint16_t amplitude[2];
            s->position += 1.0 / 64;
            amplitudes(s, amplitude);
            c->high[i] = amplitude[i] > c->high[i] ? amplitude[i] : c->high[i];
            c->low[i] = amplitude[i] < c->low[i] ? amplitude[i] : c->low[i];
        }
    }
}

static void flows_calibrate(mw_water_sim *s, mw_water_position position) {
    const mw_water_class *k = s->class;
    bool upright = position == MW_WATER_VERTICAL;
    uint32_t q1 = upright ? k->q1_vertical_lph : k->q1_lph;
    uint32_t q2 = upright ? k->q2_vertical_lph : k->q2_lph;
    const uint32_t flow[MW_WATER_NODES] = {q1, q2, 2 * q2, 5 * q2, 900, k->q3_lph};
    int16_t found[MW_WATER_NODES];
    mw_water_sim_mount(s, position);
    for (unsigned i = 0; i < MW_WATER_NODES; i++) {
        double error = mw_water_sim_error(s, flow[i], 100) / 100;
        found[i] = (int16_t)lrint(-10000 * error / (1 + error));
    }
    memcpy(s->calibration.at[position].correct_cpct, found, sizeof found);
    memcpy(s->calibration.at[position].flow_lph, flow, sizeof flow);
}

void mw_water_sim_calibrate(mw_water_sim *s) {
    memset(&s->calibration, 0, sizeof s->calibration);
    for (unsigned p = 0; p < MW_WATER_POSITIONS; p++)
        for (unsigned i = 0; i < MW_WATER_NODES; i++)
            s->calibration.at[p].flow_lph[i] = 1 + i; /* no correction yet */
    coils_calibrate(s);
    for (unsigned p = 0; p < MW_WATER_POSITIONS; p++)
        flows_calibrate(s, (mw_water_position)p);
    mw_water_sim_mount(s, MW_WATER_HORIZONTAL);
}

void mw_water_sim_age(mw_water_sim *s) {
    s->start_lph *= uniform(&s->random, 1.05, 1.2);
}

/* ---- the rig ---- */

static void sample(mw_water_sim *s) {
    uint16_t amplitude[2];
    amplitudes(s, amplitude);
    mw_mono next = mw_water_sensor_step(&s->meter, s->now, amplitude, s->field, &s->in);
    double seconds = (double)(next.ns - s->now.ns) * 1e-9;
    s->position += speed(s) * seconds;
    s->litres += s->flow_lph * seconds / 3600;
    s->now = next;
}

void mw_water_sim_run(mw_water_sim *s, double seconds) {
    int64_t end = s->now.ns + (int64_t)(seconds * 1e9);
    while (s->now.ns < end)
        sample(s);
}

/* Samples until one more count came; false when none comes within ten times what is due. */
static bool count_await(mw_water_sim *s, unsigned way) {
    uint32_t before = s->in.counts[way];
    double patience = 10 * 0.25 * 3600 / fabs(s->flow_lph);
    int64_t end = s->now.ns + (int64_t)(patience * 1e9);
    while (s->in.counts[way] == before && s->now.ns < end)
        sample(s);
    return s->in.counts[way] != before;
}

double mw_water_sim_error(mw_water_sim *s, double flow_lph, unsigned counts) {
    unsigned way = flow_lph < 0 ? MW_WATER_REVERSE : MW_WATER_FORWARD;
    s->flow_lph = flow_lph;
    for (unsigned i = 0; i < 8; i++) /* beyond the turn that a change of direction holds back */
        if (!count_await(s, way))
            return NAN;
    double from = s->litres, carried = (double)s->meter.rest_ul[way];
    uint32_t first = s->in.counts[way];
    for (unsigned i = 0; i < counts; i++)
        if (!count_await(s, way))
            return NAN;
    double counted = (double)(s->in.counts[way] - first) * 0.25 +
                     ((double)s->meter.rest_ul[way] - carried) * 1e-6;
    return (counted / fabs(s->litres - from) - 1) * 100;
}
