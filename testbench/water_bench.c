/* SPDX-License-Identifier: Apache-2.0 */
#include "testbench/water_bench.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"

static void note(mw_water_bench *b, const char *what, mw_water_limit_id limit, double flow_lph,
                 double value) {
    mw_water_bench_row *r = b->rows;
    for (; r < b->rows + b->row_count; r++)
        if (r->limit == limit && r->flow_lph == flow_lph && strcmp(r->what, what) == 0)
            break;
    if (r == b->rows + b->row_count) {
        mw_assert(b->row_count < MW_WATER_BENCH_ROWS);
        b->row_count++;
        *r = (mw_water_bench_row){
            .limit = limit, .flow_lph = flow_lph, .low = INFINITY, .high = -INFINITY};
        snprintf(r->what, sizeof r->what, "%s", what);
    }
    if (isnan(value))
        value = -100; /* it stood still */
    r->devices++;
    r->sum += value;
    r->low = fmin(r->low, value);
    r->high = fmax(r->high, value);
}

static void curve(mw_water_bench *b, mw_water_sim *s, const char *what) {
    const mw_water_class *k = b->class;
    double q1 = s->mounted == MW_WATER_VERTICAL ? k->q1_vertical_lph : k->q1_lph;
    double q2 = s->mounted == MW_WATER_VERTICAL ? k->q2_vertical_lph : k->q2_lph;
    double q3 = k->q3_lph, q4 = k->q4_lph;
    const double flows[6] = {q1, q2, 0.35 * (q2 + q3), 0.7 * (q2 + q3), q3, q4};
    for (unsigned i = 0; i < 6; i++) {
        mw_water_limit_id limit = i == 0             ? MW_WATER_LIMIT_LOW
                                  : s->celsius <= 30 ? MW_WATER_LIMIT_HIGH
                                                     : MW_WATER_LIMIT_HIGH_HOT;
        note(b, what, limit, flows[i], mw_water_sim_error(s, flows[i], b->counts));
    }
}

static void temperatures(mw_water_bench *b, mw_water_sim *s) {
    unsigned hottest = 0;
    for (unsigned i = 0; i < MW_WATER_TEMPERATURES; i++)
        if ((b->class->temperatures >> i & 1) != 0)
            hottest = mw_water_temperature_of[i];
    const double celsius[3] = {0.1, 30, hottest};
    for (unsigned i = 0; i < 3; i++) {
        char what[44];
        s->celsius = celsius[i];
        snprintf(what, sizeof what, "horizontal %g C", celsius[i]);
        curve(b, s, what);
    }
    s->celsius = 20;
}

static void reverse(mw_water_bench *b, mw_water_sim *s) {
    const double flows[2] = {b->class->q2_lph, 0.7 * b->class->q3_lph};
    for (unsigned i = 0; i < 2; i++) {
        /* A turn of the wheel against the flow still belongs to the old direction. */
        mw_water_sim_run(s, 1);
        uint32_t before = 0;
        s->flow_lph = -flows[i];
        mw_water_sim_run(s, 5 * 3600 / flows[i]);
        before = s->in.counts[MW_WATER_FORWARD];
        note(b, "backwards", MW_WATER_LIMIT_REVERSE, flows[i],
             mw_water_sim_error(s, -flows[i], b->counts));
        note(b, "forward register, flow backwards", MW_WATER_LIMIT_OTHER, flows[i],
             s->in.counts[MW_WATER_FORWARD] - before);
    }
}

/* No flow: standing on any edge, in noise, trembling, over a swing of temperature. */
static void still(mw_water_bench *b, mw_water_sim *s) {
    s->flow_lph = 0;
    mw_water_sim_run(s, 70);
    uint32_t before[2] = {s->in.counts[0], s->in.counts[1]};
    for (unsigned i = 0; i < 16; i++) {
        s->position += 1.0 / 64; /* pushed on, a quarter of a turn in all */
        s->shake = i % 2 == 0 ? 0.02 : 0;
        s->celsius = 20 + 2.5 * i;
        mw_water_sim_run(s, 900);
    }
    s->shake = 0;
    s->celsius = 20;
    mw_water_sim_run(s, 900);
    double counted = (s->in.counts[0] - before[0]) + (double)(s->in.counts[1] - before[1]);
    /* A quarter of a turn is one count: that much was really pushed. */
    note(b, "4 h without flow, trembling", MW_WATER_LIMIT_NO_FLOW, 0, fmax(0, counted - 1));
}

void mw_water_bench_run(mw_water_bench *b, const mw_water_class *class, uint64_t seed,
                        unsigned devices, unsigned counts) {
    mw_assert(counts >= 20 && counts <= 100000);
    *b = (mw_water_bench){.class = class, .counts = counts};
    for (unsigned i = 0; i < devices; i++) {
        mw_water_sim s;
        mw_water_sim_init(&s, class, seed + i);
        mw_water_sim_calibrate(&s);
        curve(b, &s, "horizontal 20 C");
        mw_water_sim_age(&s);
        curve(b, &s, "horizontal 20 C, worn");
        note(b, "start", MW_WATER_LIMIT_START, 0.5 * class->q1_lph,
             mw_water_sim_error(&s, 0.5 * class->q1_lph, 20));
        mw_water_sim_mount(&s, MW_WATER_VERTICAL);
        curve(b, &s, "vertical 20 C");
        mw_water_sim_mount(&s, MW_WATER_HORIZONTAL);
        temperatures(b, &s);
        reverse(b, &s);
        still(b, &s);
        note(b, "whole test", MW_WATER_LIMIT_MISSED, 0, s.meter.rotation.missed);
    }
}

double mw_water_bench_worst(const mw_water_bench_row *r) {
    return fmax(fabs(r->low), fabs(r->high));
}

bool mw_water_bench_passed(const mw_water_bench_row *r) {
    return mw_water_bench_worst(r) <= mw_water_limits[r->limit].most;
}

double mw_water_bench_worst_of(const mw_water_bench *b, mw_water_limit_id limit) {
    double worst = 0;
    for (unsigned i = 0; i < b->row_count; i++)
        if (b->rows[i].limit == limit)
            worst = fmax(worst, mw_water_bench_worst(&b->rows[i]));
    return worst;
}
