/* SPDX-License-Identifier: Apache-2.0 */
#include "meters/electricity/energy.h"

#include <string.h>

#include "meters/kit/fixmath.h"

#define SMOOTH_WINDOWS 8 /* the threshold is asked of the mean of about 1.6 s */
/* The neutral's current counts when it is greater by a sixteenth: less is the sensors' difference. */
#define NEUTRAL_SHARE 16
#define OWED_MAX      (INT64_MAX / 4)

mw_status mw_electric_energy_init(mw_electric_energy *e, const mw_electric_energy_config *config) {
    if (config->pulses_per_kwh < 100 || config->pulses_per_kwh > 100000 ||
        config->pulses_per_kvarh < 100 || config->pulses_per_kvarh > 100000 || config->start_uw < 0)
        return MW_RANGE;
    memset(e, 0, sizeof *e);
    e->config = *config;
    e->active.portion =
        mw_fix_mul_div(MW_ELECTRIC_QUANTA_PER_MILLI, 1000000, config->pulses_per_kwh);
    e->reactive.portion =
        mw_fix_mul_div(MW_ELECTRIC_QUANTA_PER_MILLI, 1000000, config->pulses_per_kvarh);
    return MW_OK;
}

static void count(mw_electric_count *c, int64_t quanta) {
    c->rest += quanta;
    c->milli += c->rest / MW_ELECTRIC_QUANTA_PER_MILLI;
    c->rest %= MW_ELECTRIC_QUANTA_PER_MILLI;
}

static unsigned quadrant_of(int64_t p, int64_t q) {
    if (q >= 0)
        return p >= 0 ? MW_ELECTRIC_R1 : MW_ELECTRIC_R2;
    return p >= 0 ? MW_ELECTRIC_R4 : MW_ELECTRIC_R3;
}

static int64_t magnitude(int64_t v) {
    return v < 0 ? -v : v;
}

static void count_powers(mw_electric_count *c, int64_t p, int64_t q, int64_t parts) {
    count(&c[p >= 0 ? MW_ELECTRIC_A_PLUS : MW_ELECTRIC_A_MINUS], magnitude(p) * parts);
    count(&c[quadrant_of(p, q)], magnitude(q) * parts);
}

/* Whether this power is more than noise: on above half of the starting power, off below 7/16. */
static bool started(bool before, int64_t *smooth, int64_t power, int64_t start) {
    *smooth += (power - *smooth) / SMOOTH_WINDOWS;
    if (power > 2 * start || power < -2 * start) /* no need to wait */
        *smooth = power;
    return magnitude(*smooth) * 16 > start * (before ? 7 : 8);
}

static void pulses_of(mw_electric_pulser *p, int64_t quanta, int64_t parts) {
    /* Where nobody samples, such as in a simulation by windows, nothing is drained: pulses are lost
     * then, registers are not. */
    p->owed = p->owed > OWED_MAX - quanta ? OWED_MAX : p->owed + quanta;
    p->each = p->owed / (parts / MW_ELECTRIC_PARTS) + 1;
}

static bool pulse(mw_electric_pulser *p) {
    int64_t now = p->owed < p->each ? p->owed : p->each;
    p->owed -= now;
    p->filled += now;
    if (p->filled < p->portion)
        return false;
    p->filled -= p->portion;
    return true;
}

void mw_electric_energy_window(mw_electric_energy *e, const mw_electric_quantities *q) {
    int64_t p_sum = 0, q_sum = 0, s_sum = 0, p_each = 0, q_each = 0;
    for (unsigned k = 0; k < q->elements; k++) {
        int64_t p = q->e[k].p_uw, r = q->e[k].q_uvar;
        if (k == 0 && q->elements == 1 && e->config.greater_current) {
            e->by_neutral = q->neutral_ua > q->e[0].i_ua + q->e[0].i_ua / NEUTRAL_SHARE &&
                            magnitude(q->neutral_p_uw) > magnitude(p);
            if (e->by_neutral)
                p = q->neutral_p_uw;
        }
        e->counting_p[k] = started(e->counting_p[k], &e->smooth_p[k], p, e->config.start_uw);
        e->counting_q[k] = started(e->counting_q[k], &e->smooth_q[k], r, e->config.start_uw);
        p = e->counting_p[k] ? p : 0;
        r = e->counting_q[k] ? r : 0;
        count_powers(e->count[k], p, r, q->parts);
        if (e->config.sum == MW_ELECTRIC_SUM_ARITHMETIC)
            count_powers(e->count[MW_ELECTRIC_TOTAL], p, r, q->parts);
        p_sum += p;
        q_sum += r;
        p_each += magnitude(p);
        q_each += magnitude(r);
        s_sum += p != 0 || r != 0 ? q->e[k].s_uva : 0;
    }
    e->p_uw = p_sum;
    e->q_uvar = q_sum;
    e->s_uva = s_sum;
    if (e->config.sum == MW_ELECTRIC_SUM_VECTOR) {
        count_powers(e->count[MW_ELECTRIC_TOTAL], p_sum, q_sum, q->parts);
        p_each = magnitude(p_sum);
        q_each = magnitude(q_sum);
        /* In milliwatts: squares of a megawatt fit. */
        int64_t p_mw = p_sum / 1000, q_mw = q_sum / 1000;
        e->s_uva = (int64_t)mw_fix_sqrt((uint64_t)(p_mw * p_mw) + (uint64_t)(q_mw * q_mw)) * 1000;
    }
    pulses_of(&e->active, p_each * q->parts, q->parts);
    pulses_of(&e->reactive, q_each * q->parts, q->parts);
}

unsigned mw_electric_energy_sample(mw_electric_energy *e) {
    return (pulse(&e->active) ? MW_ELECTRIC_PULSE_ACTIVE : 0u) |
           (pulse(&e->reactive) ? MW_ELECTRIC_PULSE_REACTIVE : 0u);
}

int64_t mw_electric_r_plus(const mw_electric_energy *e, unsigned element) {
    const mw_electric_count *c = e->count[element];
    return c[MW_ELECTRIC_R1].milli + c[MW_ELECTRIC_R2].milli +
           (c[MW_ELECTRIC_R1].rest + c[MW_ELECTRIC_R2].rest) / MW_ELECTRIC_QUANTA_PER_MILLI;
}

int64_t mw_electric_r_minus(const mw_electric_energy *e, unsigned element) {
    const mw_electric_count *c = e->count[element];
    return c[MW_ELECTRIC_R3].milli + c[MW_ELECTRIC_R4].milli +
           (c[MW_ELECTRIC_R3].rest + c[MW_ELECTRIC_R4].rest) / MW_ELECTRIC_QUANTA_PER_MILLI;
}
