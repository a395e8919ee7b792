/* SPDX-License-Identifier: Apache-2.0 */
#include "testbench/electric_bench.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"

#define SETTLE 20
#define IB     MW_ELECTRIC_BENCH_IB
#define IMAX   MW_ELECTRIC_BENCH_IMAX

void mw_electric_bench_note(mw_electric_bench *b, const char *what, double amperes,
                            mw_electric_limit_id limit, double value) {
    mw_electric_bench_row *r = b->rows;
    for (; r < b->rows + b->row_count; r++)
        if (r->limit == limit && r->amperes == amperes && strcmp(r->what, what) == 0)
            break;
    if (r == b->rows + b->row_count) {
        mw_assert(b->row_count < MW_ELECTRIC_BENCH_ROWS);
        b->row_count++;
        *r = (mw_electric_bench_row){
            .amperes = amperes, .limit = limit, .low = value, .high = value};
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

/* Errors over current and power factor; the smallest currents of each class. */
static void active_curve(mw_electric_bench *b, mw_electric_sim *s) {
    double low = b->elements == 1 ? 0.05 * IB : 0.01 * IB;
    static const double currents[] = {0.1, 0.2, 0.5, 1, 4, 10, 20};
    static const struct {
        double angle;
        const char *name;
    } factors[] = {
        {0, "PF 1"}, {60, "PF 0.5 ind."}, {-36.8698976, "PF 0.8 cap."}, {180, "PF 1, export"}};
    for (unsigned f = 0; f < 4; f++)
        for (int n = -1; n < 7; n++) {
            bool small = n < 0, unity = f == 0 || f == 3;
            double amperes = small ? (unity ? low : 2 * low) : currents[n] * IB;
            if (!small && !unity && n == 0 && b->elements == 1)
                continue; /* between the bands of class 1 */
            mw_electric_sim_result r;
            mw_electric_sim_balanced(s, amperes, factors[f].angle);
            run(b, s, &r);
            mw_electric_bench_note(
                b, factors[f].name, amperes,
                unity ? (small ? MW_ELECTRIC_LIMIT_ACTIVE_LOW : MW_ELECTRIC_LIMIT_ACTIVE)
                      : (small ? MW_ELECTRIC_LIMIT_ACTIVE_PF_LOW : MW_ELECTRIC_LIMIT_ACTIVE_PF),
                active_error(&r));
        }
}

static void reactive_curve(mw_electric_bench *b, mw_electric_sim *s) {
    static const struct {
        double angle;
        const char *name;
        double low, from; /* the smallest current of all, and that of the class's limit */
        mw_electric_limit_id limit;
    } factors[] = {
        {90, "sin 1 ind.", 0.25, 0.5, MW_ELECTRIC_LIMIT_REACTIVE},
        {-90, "sin 1 cap.", 0.25, 0.5, MW_ELECTRIC_LIMIT_REACTIVE},
        {30, "sin 0.5 ind.", 0.5, 1, MW_ELECTRIC_LIMIT_REACTIVE},
        {-30, "sin 0.5 cap.", 0.5, 1, MW_ELECTRIC_LIMIT_REACTIVE},
        {14.4775122, "sin 0.25 ind.", 1, 1, MW_ELECTRIC_LIMIT_REACTIVE_QUARTER},
        {-14.4775122, "sin 0.25 cap.", 1, 1, MW_ELECTRIC_LIMIT_REACTIVE_QUARTER},
    };
    static const double currents[] = {0.25, 0.5, 1, 5, 20, 100};
    for (unsigned f = 0; f < 6; f++)
        for (unsigned n = 0; n < 6; n++) {
            double amperes = currents[n];
            if (amperes < factors[f].low)
                continue;
            mw_electric_sim_result r;
            mw_electric_sim_balanced(s, amperes, factors[f].angle);
            run(b, s, &r);
            mw_electric_bench_note(b, factors[f].name, amperes,
                                   amperes < factors[f].from ? MW_ELECTRIC_LIMIT_REACTIVE_LOW
                                                             : factors[f].limit,
                                   reactive_error(&r));
        }
}

/* ---- Influences ---- */

typedef struct influence {
    const char *name;
    mw_electric_limit_id limit, reactive; /* reactive 0: of active energy alone */
    double amperes;
    bool three, unity;
    double volts, hertz, celsius; /* 0: as rated */
    void (*apply)(mw_electric_sim *s);
} influence;

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
static void uneven(mw_electric_sim *s) {
    s->source.phase[0].volts *= 0.9;
    s->source.phase[1].volts *= 1.1;
}
static void fifth(mw_electric_sim *s) {
    s->source.u.share[5] = 0.1;
    s->source.i.share[5] = 0.4;
}
static void half_wave(mw_electric_sim *s) {
    for (unsigned k = 0; k < s->elements; k++)
        s->source.phase[k].half_wave = true;
}
static void fired(mw_electric_sim *s) {
    for (unsigned k = 0; k < s->elements; k++)
        s->source.phase[k].fired = true;
}
static void burst(mw_electric_sim *s) {
    for (unsigned k = 0; k < s->elements; k++)
        s->source.phase[k].burst = true;
}

#define L(name) MW_ELECTRIC_LIMIT_##name
#define VOLTS(x)                                                                                   \
    { #x " Un", L(VOLTAGE), L(REACTIVE_VOLTAGE), IB, .volts = (x)*230 }
#define HERTZ(x)                                                                                   \
    { #x " Hz", L(FREQUENCY), L(REACTIVE_FREQUENCY), IB, .hertz = (x) }
#define DEG_C(x)                                                                                   \
    { #x " C", L(TEMPERATURE), L(REACTIVE_TEMPERATURE), IB, .celsius = (x) }

static const influence table[] = {
    VOLTS(0.8),
    VOLTS(0.9),
    VOLTS(1.1),
    VOLTS(1.15),
    HERTZ(47.5),
    HERTZ(49),
    HERTZ(51),
    HERTZ(52.5),
    {"reversed sequence", L(SEQUENCE), 0, 0.1 * IB, true, false, .apply = reversed},
    {"third phase missing", L(UNBALANCE), 0, IB, true, false, .apply = one_phase_missing},
    {"first two phases missing", L(UNBALANCE), 0, IB, true, false, .apply = first_two_missing},
    {"207, 253, 230 V", L(UNBALANCE), 0, IB, true, false, .apply = uneven},
    {"5th harmonic", L(HARMONICS), L(REACTIVE_HARMONICS), 0.5 * IMAX, .apply = fifth},
    {"half-wave", L(DC), 0, IMAX / 1.41421356, false, true, .apply = half_wave},
    {"phase-fired", L(ODD), 0, 0.5 * IB, false, true, .apply = fired},
    {"bursts", L(BURST), 0, 0.5 * IB, false, true, .apply = burst},
    DEG_C(-40),
    DEG_C(-25),
    DEG_C(-10),
    DEG_C(40),
    DEG_C(55),
    DEG_C(70),
};

static void source_set(mw_electric_sim *s, const influence *i, double angle) {
    mw_electric_sim_balanced(s, i->amperes, angle);
    for (unsigned k = 0; k < s->elements && i->volts > 0; k++)
        s->source.phase[k].volts = i->volts;
    if (i->hertz > 0)
        s->source.hertz = i->hertz;
    if (i->celsius != 0)
        s->source.celsius = i->celsius;
    if (i->apply != NULL)
        i->apply(s);
}

/* How much an influence moves the error, active at power factor 1 and 0.5, reactive at sin 1 and
 * 0.5, all inductive. */
static void influences(mw_electric_bench *b, mw_electric_sim *s) {
    static const struct {
        double angle;
        bool reactive, unity;
        const char *name;
    } at[] = {{0, false, true, "PF 1"},
              {60, false, false, "PF 0.5"},
              {90, true, true, "sin 1"},
              {30, true, false, "sin 0.5"}};
    unsigned asked = b->windows;
    b->windows = (asked + 1) / 2 * 2; /* whole bursts */
    for (unsigned f = 0; f < 4; f++) {
        double referred = 0, reference = 0; /* current at which, and its error */
        for (unsigned n = 0; n < sizeof table / sizeof table[0]; n++) {
            const influence *i = &table[n];
            mw_electric_limit_id limit = at[f].reactive ? i->reactive : i->limit;
            if ((i->three && b->elements != 3) || (i->unity && !at[f].unity) ||
                (at[f].reactive && i->reactive == 0))
                continue;
            double (*error)(const mw_electric_sim_result *) =
                at[f].reactive ? reactive_error : active_error;
            mw_electric_sim_result r;
            if (i->amperes != referred) {
                mw_electric_sim_balanced(s, i->amperes, at[f].angle);
                run(b, s, &r);
                referred = i->amperes;
                reference = error(&r);
            }
            source_set(s, i, at[f].angle);
            run(b, s, &r);
            double moved = error(&r) - reference;
            char what[48];
            snprintf(what, sizeof what, "%s, %s", i->name, at[f].name);
            mw_electric_bench_note(b, what, 0, limit,
                                   i->celsius != 0 ? moved / (i->celsius - 23) : moved);
        }
    }
    b->windows = asked;
}

static void one_loaded(mw_electric_bench *b, mw_electric_sim *s) {
    static const double amperes[] = {1, 5, 100}, angles[] = {0, 60};
    for (unsigned f = 0; f < 2; f++)
        for (unsigned k = 0; k < 3; k++)
            for (unsigned n = 0; n < 3; n++) {
                mw_electric_sim_result r;
                mw_electric_sim_balanced(s, 0, 0);
                s->source.phase[k].amperes = amperes[n];
                s->source.phase[k].angle = angles[f];
                run(b, s, &r);
                char what[48];
                snprintf(what, sizeof what, "phase %u alone, %s", k + 1,
                         f == 0 ? "PF 1" : "PF 0.5 ind.");
                mw_electric_bench_note(b, what, amperes[n], MW_ELECTRIC_LIMIT_ACTIVE_ONE,
                                       active_error(&r));
            }
}

/* ---- What the display shows ---- */

static void shown_u(mw_electric_bench *b, mw_electric_sim *s, double volts, double celsius,
                    double hertz) {
    mw_electric_sim_result r;
    mw_electric_sim_balanced(s, IB, 30);
    for (unsigned k = 0; k < s->elements; k++)
        s->source.phase[k].volts = volts;
    s->source.celsius = celsius;
    s->source.hertz = hertz;
    run(b, s, &r);
    char what[48];
    snprintf(what, sizeof what, "%g V, %g C", volts, celsius);
    for (unsigned k = 0; k < s->elements; k++) {
        mw_electric_bench_note(b, what, 0, MW_ELECTRIC_LIMIT_RMS_U, 100 * (r.u[k] / volts - 1));
        mw_electric_bench_note(b, "30 degrees", 0, MW_ELECTRIC_LIMIT_ANGLE, r.angle[k] - 30);
    }
    snprintf(what, sizeof what, "%g Hz", hertz);
    mw_electric_bench_note(b, what, 0, MW_ELECTRIC_LIMIT_HERTZ, r.hertz - hertz);
}

static void shown_i(mw_electric_bench *b, mw_electric_sim *s, double amperes, double celsius) {
    mw_electric_sim_result r;
    mw_electric_sim_balanced(s, amperes, 0);
    s->source.celsius = celsius;
    run(b, s, &r);
    char what[48];
    snprintf(what, sizeof what, "rms, %g C", celsius);
    for (unsigned k = 0; k < s->elements; k++)
        mw_electric_bench_note(b, what, amperes, MW_ELECTRIC_LIMIT_RMS_I,
                               100 * (r.i[k] / amperes - 1));
}

static void shown(mw_electric_bench *b, mw_electric_sim *s) {
    static const double volts[] = {184, 207, 230, 253, 264.5}, hertz[] = {47.5, 49, 50, 51, 52.5};
    static const double amperes[] = {0.25, 0.5, 1, 5, 20, 50, 100};
    for (unsigned n = 0; n < 5; n++)
        shown_u(b, s, volts[n], 23, hertz[n]);
    shown_u(b, s, 230, -40, 50);
    shown_u(b, s, 230, 70, 50);
    for (unsigned n = 0; n < 7; n++)
        shown_i(b, s, amperes[n], 23);
    shown_i(b, s, IB, -40);
    shown_i(b, s, IB, 70);
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
        shown(b, &s);
        mw_electric_bench_functions(b, &s);
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
