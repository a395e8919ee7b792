/* SPDX-License-Identifier: Apache-2.0 */
#include "testbench/electric_bench.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"

#define SETTLE 20
#define IB     5.0
#define IMAX   100.0

static void note(mw_electric_bench *b, const char *what, mw_electric_limit_id limit, double value) {
    mw_electric_bench_row *r = b->rows;
    for (; r < b->rows + b->row_count; r++)
        if (r->limit == limit && strcmp(r->what, what) == 0)
            break;
    if (r == b->rows + b->row_count) {
        mw_assert(b->row_count < MW_ELECTRIC_BENCH_ROWS);
        b->row_count++;
        *r = (mw_electric_bench_row){.limit = limit, .low = value, .high = value};
        snprintf(r->what, sizeof r->what, "%s", what);
    }
    r->devices++;
    r->sum += value;
    r->low = fmin(r->low, value);
    r->high = fmax(r->high, value);
}

static double active_error(const mw_electric_sim_result *r) {
    return 100 * (r->p / r->p_true - 1);
}

static double reactive_error(const mw_electric_sim_result *r) {
    return 100 * (r->q / r->q_true - 1);
}

static void run(mw_electric_bench *b, mw_electric_sim *s, mw_electric_sim_result *r) {
    mw_electric_sim_run(s, SETTLE, b->windows, r);
}

typedef struct load {
    double amperes, angle;
    mw_electric_limit_id limit;
    const char *factor;
} load;

/* Errors over current and power factor; the smallest currents of each class. */
static void active_curve(mw_electric_bench *b, mw_electric_sim *s) {
    double low = b->elements == 1 ? 0.05 * IB : 0.01 * IB;
    static const double currents[] = {0.1, 0.2, 0.5, 1, 4, 10, 20};
    static const struct {
        double angle;
        const char *name;
    } factors[] = {
        {0, "PF 1"}, {60, "0.5 ind."}, {-36.8698976, "0.8 cap."}, {180, "PF -1 (export)"}};
    for (unsigned f = 0; f < 4; f++)
        for (int n = -1; n < 7; n++) {
            bool small = n < 0;
            bool unity = f == 0 || f == 3;
            double amperes = small ? (unity ? low : 2 * low) : currents[n] * IB;
            if (!small && !unity && n == 0 && b->elements == 1)
                continue; /* between the bands of class 1 */
            char what[44];
            snprintf(what, sizeof what, "%g A, %s", amperes, factors[f].name);
            mw_electric_sim_result r;
            mw_electric_sim_balanced(s, amperes, factors[f].angle);
            run(b, s, &r);
            note(b, what,
                 unity ? (small ? MW_ELECTRIC_LIMIT_ACTIVE_LOW : MW_ELECTRIC_LIMIT_ACTIVE)
                       : (small ? MW_ELECTRIC_LIMIT_ACTIVE_PF_LOW : MW_ELECTRIC_LIMIT_ACTIVE_PF),
                 active_error(&r));
        }
}

static void reactive_curve(mw_electric_bench *b, mw_electric_sim *s) {
    static const load loads[] = {
        {0.25, 90, MW_ELECTRIC_LIMIT_REACTIVE_LOW, "sin 1 ind."},
        {0.5, 30, MW_ELECTRIC_LIMIT_REACTIVE_LOW, "sin 0.5 ind."},
        {0.5, 90, MW_ELECTRIC_LIMIT_REACTIVE, "sin 1 ind."},
        {5, 90, MW_ELECTRIC_LIMIT_REACTIVE, "sin 1 ind."},
        {5, -90, MW_ELECTRIC_LIMIT_REACTIVE, "sin 1 cap."},
        {100, 90, MW_ELECTRIC_LIMIT_REACTIVE, "sin 1 ind."},
        {1, 30, MW_ELECTRIC_LIMIT_REACTIVE, "sin 0.5 ind."},
        {100, 30, MW_ELECTRIC_LIMIT_REACTIVE, "sin 0.5 ind."},
        {5, -30, MW_ELECTRIC_LIMIT_REACTIVE, "sin 0.5 cap."},
        {1, 14.4775122, MW_ELECTRIC_LIMIT_REACTIVE_QUARTER, "sin 0.25 ind."},
        {5, -14.4775122, MW_ELECTRIC_LIMIT_REACTIVE_QUARTER, "sin 0.25 cap."},
        {100, 14.4775122, MW_ELECTRIC_LIMIT_REACTIVE_QUARTER, "sin 0.25 ind."},
    };
    for (unsigned n = 0; n < sizeof loads / sizeof loads[0]; n++) {
        char what[44];
        snprintf(what, sizeof what, "%g A, %s", loads[n].amperes, loads[n].factor);
        mw_electric_sim_result r;
        mw_electric_sim_balanced(s, loads[n].amperes, loads[n].angle);
        run(b, s, &r);
        note(b, what, loads[n].limit, reactive_error(&r));
    }
}

typedef void influence(mw_electric_sim *s);

static void low_voltage(mw_electric_sim *s) {
    for (unsigned k = 0; k < s->elements; k++)
        s->source.phase[k].volts = 0.8 * MW_ELECTRIC_SIM_RATED_V;
}
static void high_voltage(mw_electric_sim *s) {
    for (unsigned k = 0; k < s->elements; k++)
        s->source.phase[k].volts = 1.15 * MW_ELECTRIC_SIM_RATED_V;
}
static void low_frequency(mw_electric_sim *s) {
    s->source.hertz = 47.5;
}
static void high_frequency(mw_electric_sim *s) {
    s->source.hertz = 52.5;
}
static void reversed(mw_electric_sim *s) {
    s->source.phase[1].at = 120;
    s->source.phase[2].at = -120;
}
static void one_phase_missing(mw_electric_sim *s) {
    s->source.phase[2].volts = s->source.phase[2].amperes = 0;
}
static void first_two_missing(mw_electric_sim *s) {
    for (unsigned k = 0; k < 2; k++)
        s->source.phase[k].volts = s->source.phase[k].amperes = 0;
}
static void fifth(mw_electric_sim *s) {
    s->source.u.share[5] = 0.1;
    s->source.i.share[5] = 0.4;
}
static void half_wave(mw_electric_sim *s) {
    for (unsigned k = 0; k < s->elements; k++) {
        s->source.phase[k].half_wave = true;
        s->source.phase[k].amperes *= IMAX / IB / sqrt(2);
    }
}
static void fired(mw_electric_sim *s) {
    for (unsigned k = 0; k < s->elements; k++)
        s->source.phase[k].fired = true;
}

/* How much an influence moves the error at Ib, at power factor 1 and 0.5 inductive. */
static void influences(mw_electric_bench *b, mw_electric_sim *s) {
    static const struct {
        influence *apply;
        const char *name;
        mw_electric_limit_id limit;
        bool three, unity;
    } table[] = {
        {low_voltage, "0.8 Un", MW_ELECTRIC_LIMIT_VOLTAGE, false, false},
        {high_voltage, "1.15 Un", MW_ELECTRIC_LIMIT_VOLTAGE, false, false},
        {low_frequency, "47.5 Hz", MW_ELECTRIC_LIMIT_FREQUENCY, false, false},
        {high_frequency, "52.5 Hz", MW_ELECTRIC_LIMIT_FREQUENCY, false, false},
        {reversed, "reversed sequence", MW_ELECTRIC_LIMIT_SEQUENCE, true, false},
        {one_phase_missing, "third phase missing", MW_ELECTRIC_LIMIT_UNBALANCE, true, false},
        {first_two_missing, "first two phases missing", MW_ELECTRIC_LIMIT_UNBALANCE, true, false},
        {fifth, "5th harmonic", MW_ELECTRIC_LIMIT_HARMONICS, false, true},
        {half_wave, "half-wave", MW_ELECTRIC_LIMIT_DC, false, true},
        {fired, "phase-fired", MW_ELECTRIC_LIMIT_ODD, false, true},
    };
    for (int pf = 0; pf < 2; pf++) {
        mw_electric_sim_result reference, r;
        mw_electric_sim_balanced(s, IB, pf ? 60 : 0);
        run(b, s, &reference);
        for (unsigned n = 0; n < sizeof table / sizeof table[0]; n++) {
            if ((table[n].three && b->elements != 3) || (table[n].unity && pf))
                continue;
            mw_electric_sim_balanced(s, IB, pf ? 60 : 0);
            table[n].apply(s);
            run(b, s, &r);
            char what[44];
            snprintf(what, sizeof what, "%s, %s", table[n].name, pf ? "0.5 ind." : "PF 1");
            note(b, what, table[n].limit, active_error(&r) - active_error(&reference));
        }
        for (int n = 0; n < 4; n++) {
            static const double celsius[] = {-40, -10, 50, 70};
            mw_electric_sim_balanced(s, IB, pf ? 60 : 0);
            s->source.celsius = celsius[n];
            run(b, s, &r);
            char what[44];
            snprintf(what, sizeof what, "%g C, %s", celsius[n], pf ? "0.5 ind." : "PF 1");
            note(b, what, MW_ELECTRIC_LIMIT_TEMPERATURE,
                 (active_error(&r) - active_error(&reference)) / (celsius[n] - 23));
        }
    }
}

static void one_loaded(mw_electric_bench *b, mw_electric_sim *s) {
    for (unsigned n = 0; n < 4; n++) {
        static const double amperes[] = {1, 5, 5, 100};
        mw_electric_sim_result r;
        mw_electric_sim_balanced(s, 0, 0);
        unsigned k = n % 3;
        s->source.phase[k].amperes = amperes[n];
        s->source.phase[k].angle = n == 2 ? 60 : 0;
        run(b, s, &r);
        char what[44];
        snprintf(what, sizeof what, "%g A in phase %u, %s", amperes[n], k + 1,
                 n == 2 ? "0.5 ind." : "PF 1");
        note(b, what, MW_ELECTRIC_LIMIT_ACTIVE_ONE, active_error(&r));
    }
}

static void extremes(mw_electric_bench *b, mw_electric_sim *s) {
    mw_electric_sim_result r;
    mw_electric_sim_balanced(s, b->elements == 1 ? 0.01 : 0.02, 0);
    run(b, s, &r);
    note(b, "starting current", MW_ELECTRIC_LIMIT_START, active_error(&r));
    mw_electric_sim_balanced(s, 0, 0);
    for (unsigned k = 0; k < s->elements; k++)
        s->source.phase[k].volts = 1.15 * MW_ELECTRIC_SIM_RATED_V;
    mw_electric_sim_run(s, 4 * SETTLE, 4 * b->windows, &r);
    note(b, "no load", MW_ELECTRIC_LIMIT_NO_LOAD, r.pulses[0] + r.pulses[1]);
}

static void shown(mw_electric_bench *b, mw_electric_sim *s) {
    static const double volts[] = {184, 230, 264.5}, amperes[] = {0.25, 1, 5, 100};
    mw_electric_sim_result r;
    for (unsigned n = 0; n < 3; n++) {
        mw_electric_sim_balanced(s, 5, 30);
        for (unsigned k = 0; k < s->elements; k++)
            s->source.phase[k].volts = volts[n];
        s->source.hertz = 49 + n;
        run(b, s, &r);
        char what[44];
        snprintf(what, sizeof what, "%g V", volts[n]);
        for (unsigned k = 0; k < s->elements; k++) {
            note(b, what, MW_ELECTRIC_LIMIT_RMS_U, 100 * (r.u[k] / volts[n] - 1));
            note(b, "30 degrees", MW_ELECTRIC_LIMIT_ANGLE, r.angle[k] - 30);
        }
        snprintf(what, sizeof what, "%g Hz", s->source.hertz);
        note(b, what, MW_ELECTRIC_LIMIT_HERTZ, r.hertz - s->source.hertz);
    }
    for (unsigned n = 0; n < 4; n++) {
        mw_electric_sim_balanced(s, amperes[n], 0);
        run(b, s, &r);
        char what[44];
        snprintf(what, sizeof what, "%g A", amperes[n]);
        for (unsigned k = 0; k < s->elements; k++)
            note(b, what, MW_ELECTRIC_LIMIT_RMS_I, 100 * (r.i[k] / amperes[n] - 1));
    }
}

void mw_electric_bench_run(mw_electric_bench *b, uint8_t elements, uint64_t seed, unsigned devices,
                           unsigned windows) {
    memset(b, 0, sizeof *b);
    b->elements = elements;
    b->windows = windows;
    for (unsigned d = 0; d < devices; d++) {
        static mw_electric_sim s;
        mw_electric_sim_init(&s, elements, seed + d, elements == 1 ? 3600 : 8000,
                             elements == 1 ? 0.01 : 0.02);
        active_curve(b, &s);
        if (elements == 3)
            one_loaded(b, &s);
        reactive_curve(b, &s);
        influences(b, &s);
        extremes(b, &s);
        shown(b, &s);
    }
}

double mw_electric_bench_worst(const mw_electric_bench_row *r) {
    return fmax(fabs(r->low), fabs(r->high));
}

double mw_electric_bench_most(const mw_electric_bench *b, mw_electric_limit_id limit) {
    double most = 0;
    for (unsigned n = 0; n < b->row_count; n++)
        if (b->rows[n].limit == limit)
            most = fmax(most, mw_electric_bench_worst(&b->rows[n]));
    return most;
}
