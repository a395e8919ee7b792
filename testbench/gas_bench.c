/* SPDX-License-Identifier: Apache-2.0 */
#include "testbench/gas_bench.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"

static void note(mw_gas_bench *b, const char *what, mw_gas_limit_id limit, double flow_m3_h,
                 double value) {
    mw_gas_bench_row *r = b->rows;
    for (; r < b->rows + b->row_count; r++)
        if (r->limit == limit && r->flow_m3_h == flow_m3_h && strcmp(r->what, what) == 0)
            break;
    if (r == b->rows + b->row_count) {
        mw_assert(b->row_count < MW_GAS_BENCH_ROWS);
        b->row_count++;
        *r =
            (mw_gas_bench_row){.limit = limit, .flow_m3_h = flow_m3_h, .low = value, .high = value};
        snprintf(r->what, sizeof r->what, "%s", what);
    }
    r->devices++;
    r->sum += value;
    r->low = value < r->low ? value : r->low;
    r->high = value > r->high ? value : r->high;
}

static mw_gas_limit_id zone(const mw_gas_size *size, double flow_m3_h) {
    return flow_m3_h * 1000 < (double)size->qt_l_h - 0.5 ? MW_GAS_LIMIT_LOW : MW_GAS_LIMIT_HIGH;
}

/* No flow long enough for the zero table to follow: 6 observations, an hour and a half. */
static void rest(mw_gas_sim *s) {
    s->flow_m3_h = 0;
    mw_gas_sim_run(s, 6 * MW_GAS_ZERO_PERIOD + 40);
}

static double point(mw_gas_bench *b, mw_gas_sim *s, const char *what, double flow_m3_h) {
    double error = mw_gas_sim_error(s, flow_m3_h, b->measurements);
    note(b, what, zone(s->size, flow_m3_h), flow_m3_h, error);
    return error;
}

/* The nine points of an error curve, and the rule of the same sign. */
static void curve(mw_gas_bench *b, mw_gas_sim *s, const char *what) {
    double qmin = (double)s->size->qmin_l_h / 1000, qmax = (double)s->size->qmax_l_h / 1000;
    const double flows[9] = {qmin,       3 * qmin,   5 * qmin,   10 * qmin, 0.1 * qmax,
                             0.2 * qmax, 0.4 * qmax, 0.7 * qmax, qmax};
    double low = 1e9, high = -1e9;
    rest(s);
    for (unsigned i = 0; i < 9; i++) {
        double error = point(b, s, what, flows[i]);
        if (zone(s->size, flows[i]) == MW_GAS_LIMIT_HIGH) {
            low = fmin(low, error);
            high = fmax(high, error);
        }
    }
    bool same = low > 0 || high < 0;
    note(b, what, MW_GAS_LIMIT_SAME_SIGN, 0, same ? (low > 0 ? high : low) : 0);
}

static void temperatures(mw_gas_bench *b, mw_gas_sim *s) {
    static const double celsius[] = {-40, -25, -10, 40, 55};
    double qmin = (double)s->size->qmin_l_h / 1000, qt = (double)s->size->qt_l_h / 1000;
    double qmax = (double)s->size->qmax_l_h / 1000;
    for (unsigned i = 0; i < sizeof celsius / sizeof celsius[0]; i++) {
        char what[40];
        s->celsius = celsius[i];
        snprintf(what, sizeof what, "natural gas %+.0f C", celsius[i]);
        rest(s);
        note(b, what, MW_GAS_LIMIT_ZERO, 0, mw_gas_sim_zero_left(s));
        point(b, s, what, qmin);
        point(b, s, what, qt);
        point(b, s, what, 0.7 * qmax);
        point(b, s, what, qmax);
    }
    s->celsius = 20;
}

/* Half minute on, half minute off. */
static void pulsed(mw_gas_bench *b, mw_gas_sim *s) {
    double flow = 0.5 * (double)s->size->qmax_l_h / 1000;
    s->flow_m3_h = 0;
    mw_gas_sim_run(s, 30);
    int64_t before = s->meter.forward_ul;
    double reference = s->reference_m3;
    for (unsigned i = 0; i < 20; i++) {
        s->flow_m3_h = i % 2 == 0 ? flow : 0;
        mw_gas_sim_run(s, 60);
    }
    double counted = (double)(s->meter.forward_ul - before) * 1e-9;
    note(b, "natural gas 30 s on, 30 s off", MW_GAS_LIMIT_PULSED, flow,
         (counted / (s->reference_m3 - reference) - 1) * 100);
}

static void ends(mw_gas_bench *b, mw_gas_sim *s) {
    double start = (double)s->size->start_l_h / 1000, qt = (double)s->size->qt_l_h / 1000;
    double qmax = (double)s->size->qmax_l_h / 1000;
    note(b, "natural gas start flow", MW_GAS_LIMIT_START, start,
         mw_gas_sim_error(s, start, b->measurements));
    const double reverse[2] = {qt, 0.7 * qmax};
    for (unsigned i = 0; i < 2; i++) {
        int64_t forward = s->meter.forward_ul;
        double error = mw_gas_sim_error(s, -reverse[i], b->measurements);
        /* Settling into the new direction may still belong to the old one; after that, nothing. */
        note(b, "natural gas reverse", MW_GAS_LIMIT_REVERSE, reverse[i], error);
        note(b, "forward register in reverse flow", MW_GAS_LIMIT_REVERSE, reverse[i],
             (double)(s->meter.forward_ul - forward) * 1e-9 / reverse[i] * 100);
    }
    s->flow_m3_h = 0;
    mw_gas_sim_run(s, 10);
    int64_t before = s->meter.forward_ul + s->meter.reverse_ul;
    mw_gas_sim_run(s, 2000);
    note(b, "natural gas no flow", MW_GAS_LIMIT_NO_FLOW, 0,
         (double)(s->meter.forward_ul + s->meter.reverse_ul - before) / 1000);
}

void mw_gas_bench_run(mw_gas_bench *b, const mw_gas_wave *wave, const mw_gas_size *size,
                      uint64_t seed, unsigned devices, unsigned measurements) {
    mw_assert(measurements >= 100 && measurements <= 100000);
    *b = (mw_gas_bench){.size = size, .measurements = measurements};
    for (unsigned i = 0; i < devices; i++) {
        mw_gas_sim s;
        mw_gas_sim_init(&s, wave, size, seed + i);
        mw_gas_sim_calibrate(&s);
        mw_gas_sim_age(&s);
        s.gas = MW_GAS_SIM_NATURAL;
        double qmin = (double)size->qmin_l_h / 1000;
        note(b, "natural gas +20 C, no rest before", MW_GAS_LIMIT_UNRESTED, qmin,
             mw_gas_sim_error(&s, qmin, measurements));
        s.gas = MW_GAS_SIM_AIR;
        curve(b, &s, "air +20 C");
        s.gas = MW_GAS_SIM_NATURAL;
        curve(b, &s, "natural gas +20 C");
        s.gas = MW_GAS_SIM_G25;
        curve(b, &s, "G25 +20 C");
        s.gas = MW_GAS_SIM_NATURAL;
        ends(b, &s);
        pulsed(b, &s);
        temperatures(b, &s);
    }
}

double mw_gas_bench_worst(const mw_gas_bench_row *r) {
    return fmax(fabs(r->low), fabs(r->high));
}

bool mw_gas_bench_passed(const mw_gas_bench_row *r) {
    return mw_gas_bench_worst(r) <= mw_gas_limits[r->limit].most;
}

double mw_gas_bench_worst_of(const mw_gas_bench *b, mw_gas_limit_id limit) {
    double worst = 0;
    for (unsigned i = 0; i < b->row_count; i++)
        if (b->rows[i].limit == limit)
            worst = fmax(worst, mw_gas_bench_worst(&b->rows[i]));
    return worst;
}
