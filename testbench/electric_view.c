/* SPDX-License-Identifier: Apache-2.0 */
#include "testbench/electric_view.h"

#include <string.h>

#include "base/assert.h"
#include "meters/electricity/tamper.h"

#define NOW_S INT64_C(1772361000) /* 2026-03-01T10:30:00Z */

static int64_t wh_of(const mw_electric_view *v, unsigned plus, unsigned which) {
    unsigned reg = plus + which / 9, t = which % 9;
    const mw_electric_count *c = t == 0 ? &v->tariffs.total[reg] : &v->tariffs.count[t - 1][reg];
    return c->milli / 1000;
}

/* Total of all elements, or of one. */
static int64_t power_of(const mw_electric_view *v, mw_electric_number first, unsigned k) {
    const mw_electric_energy *e = &v->sim.energy;
    const mw_electric_element *of = &v->sim.shown.e[k > 0 ? k - 1 : 0];
    switch ((int)first) {
    case MW_ELECTRIC_N_POWER:
        return (k == 0 ? e->p_uw : of->p_uw) / 1000;
    case MW_ELECTRIC_N_POWER_REACTIVE:
        return (k == 0 ? e->q_uvar : of->q_uvar) / 1000;
    case MW_ELECTRIC_N_POWER_APPARENT:
        return (k == 0 ? e->s_uva : of->s_uva) / 1000;
    default: /* the power factor */
        return k > 0 ? of->power_factor / 1000 : e->s_uva == 0 ? 1000 : e->p_uw * 1000 / e->s_uva;
    }
}

static int64_t element_of(const mw_electric_view *v, mw_electric_number first, unsigned k) {
    const mw_electric_element *e = &v->sim.shown.e[k], *next = &v->sim.shown.e[(k + 1) % 3];
    switch ((int)first) {
    case MW_ELECTRIC_N_VOLTAGE:
        return e->u_uv / 1000;
    case MW_ELECTRIC_N_VOLTAGE_BETWEEN:
        return e->u_uv / 1000 * 1732 / 1000;
    case MW_ELECTRIC_N_CURRENT:
        return e->i_ua / 1000;
    case MW_ELECTRIC_N_ANGLE_CURRENT:
        return e->angle_mdeg;
    case MW_ELECTRIC_N_ANGLE_VOLTAGE:
        return (next->u_angle_mdeg - e->u_angle_mdeg + 360000) % 360000;
    case MW_ELECTRIC_N_THD_VOLTAGE:
        return e->thd_u_ppm;
    default:
        return e->thd_i_ppm;
    }
}

static bool whole_of(const mw_electric_view *v, mw_electric_number which, int64_t *out) {
    switch ((int)which) {
    case MW_ELECTRIC_N_NEUTRAL_CURRENT:
        *out = v->sim.shown.neutral_ua / 1000;
        return true;
    case MW_ELECTRIC_N_FREQUENCY:
        *out = v->sim.shown.frequency_mhz;
        return true;
    case MW_ELECTRIC_N_UNBALANCE:
        *out = v->sim.shown.unbalance_ppm;
        return true;
    case MW_ELECTRIC_N_TEMPERATURE:
        *out = 214;
        return true;
    case MW_ELECTRIC_N_BATTERY:
        *out = 3610;
        return true;
    case MW_ELECTRIC_N_TARIFF:
        *out = mw_electric_calendar_tariff(&v->calendar, v->now) + 1;
        return true;
    case MW_ELECTRIC_N_NOMINAL:
        *out = 230000;
        return true;
    case MW_ELECTRIC_N_POWER_FAILURES:
    case MW_ELECTRIC_N_TAMPER_COUNT:
    case MW_ELECTRIC_N_TAMPER_COUNT + 1:
        *out = 2;
        return true;
    case MW_ELECTRIC_N_TAMPER_COUNT + 2:
    case MW_ELECTRIC_N_TAMPER_COUNT + 3:
        *out = 0;
        return true;
    case MW_ELECTRIC_N_MONITOR_LIMIT:
        *out = 15000000;
        return true;
    default:
        return false;
    }
}

#define IN(which, name) ((which) >= MW_ELECTRIC_N_##name && (which) <= MW_ELECTRIC_N_##name##_ENDS)

static bool number(void *meter, mw_electric_number which, int64_t *out) {
    const mw_electric_view *v = meter;
    const mw_electric_number_info *i = mw_electric_number_info_of((uint16_t)which);
    unsigned k = (unsigned)which - i->first;
    if (IN(which, ACTIVE))
        *out = wh_of(v, MW_ELECTRIC_TARIFF_A_PLUS, k);
    else if (IN(which, REACTIVE))
        *out = wh_of(v, MW_ELECTRIC_TARIFF_R_PLUS, k);
    else if (IN(which, DEMAND_MAX) && !mw_utc_is_none(v->demand.max[k].at))
        *out = v->demand.max[k].mw / 1000;
    else if (IN(which, POWER) || IN(which, POWER_REACTIVE) || IN(which, POWER_APPARENT) ||
             IN(which, POWER_FACTOR))
        *out = power_of(v, (mw_electric_number)i->first, k);
    else if (IN(which, VOLTAGE) || IN(which, VOLTAGE_BETWEEN) || IN(which, CURRENT) ||
             IN(which, ANGLE_CURRENT) || IN(which, ANGLE_VOLTAGE) || IN(which, THD_VOLTAGE) ||
             IN(which, THD_CURRENT))
        *out = element_of(v, (mw_electric_number)i->first, k);
    else if (IN(which, SAGS) || IN(which, SWELLS))
        *out = k;
    else
        return whole_of(v, which, out);
    return !IN(which, VOLTAGE) || k < v->sim.elements;
}

static size_t text(void *meter, mw_electric_text which, mw_span out) {
    (void)meter;
    static const char serial[] = "MW012345678";
    size_t n = which == MW_ELECTRIC_T_SERIAL ? sizeof serial - 1 : 0;
    n = n < out.n ? n : out.n;
    mw_bytes_copy(out.p, serial, n);
    return n;
}

static mw_utc now(void *meter, uint8_t *out_status) {
    *out_status = 0;
    return ((const mw_electric_view *)meter)->now;
}

static const mw_electric_calendar *calendar(void *meter, bool passive, mw_utc *out_from) {
    *out_from = MW_UTC_NONE;
    return passive ? NULL : &((const mw_electric_view *)meter)->calendar;
}

/* Day and night in Rome. */
static void tariffs_fill(mw_electric_view *v, const mw_electric_energy *e) {
    mw_electric_calendar_init(&v->calendar);
    v->calendar.offset_min = 60;
    for (unsigned z = 14; z < 46; z++)
        mw_electric_program_set(v->calendar.program[0], z, 1);
    mw_electric_tariffs_init(&v->tariffs, 4, e);
    static const int64_t kwh[4] = {2, 0, 0, 0};
    for (unsigned r = 0; r < MW_ELECTRIC_TARIFF_REGISTERS; r++)
        for (unsigned t = 0; t < 2; t++) {
            int64_t milli = (INT64_C(4711234567) >> (2 * r + t)) + kwh[t] * 1000000;
            v->tariffs.count[t][r].milli = milli;
            v->tariffs.total[r].milli += milli;
        }
}

static void period_fill(mw_electric_view *v) {
    mw_electric_billing_record *p = &v->period;
    p->at_s = (uint32_t)(NOW_S / 86400 * 86400 - 3600);
    for (unsigned r = 0; r < MW_ELECTRIC_TARIFF_REGISTERS; r++) {
        p->total[r] = v->tariffs.total[r].milli - 3210000;
        for (unsigned t = 0; t < 2; t++)
            p->tariff[t][r] = v->tariffs.count[t][r].milli - 1605000;
    }
    p->max[0] = (mw_electric_demand_max){5712000, mw_utc_of_s(p->at_s - 86400)};
}

void mw_electric_view_init(mw_electric_view *v, uint8_t elements) {
    memset(v, 0, sizeof *v);
    mw_electric_sim *s = &v->sim;
    mw_electric_sim_init(s, elements, 1, elements == 1 ? 3600 : 8000, elements == 1 ? 0.01 : 0.02);
    tariffs_fill(v, &s->energy);
    period_fill(v);
    mw_electric_sim_balanced(s, 7.5, 25);
    s->source.i.share[3] = 0.12;
    s->source.u.share[5] = 0.02;
    for (unsigned k = 1; k < elements; k++) {
        s->source.phase[k].volts += 2.5 * k;
        s->source.phase[k].amperes -= 2.0 * k;
    }
    mw_status good = mw_electric_demand_init(&v->demand, 15, 1);
    mw_assert(good == MW_OK);
    mw_electric_sim_result result;
    v->now = mw_utc_of_s(NOW_S - 900);
    for (unsigned n = 0; n < 2; n++) {
        mw_electric_sim_run(s, 5, 20, &result);
        uint8_t tariff = mw_electric_tariffs_count(&v->tariffs, &s->energy, v->now);
        (void)mw_electric_demand_step(&v->demand, v->tariffs.total[0].milli + n * 400000, tariff,
                                      v->now);
        v->now = mw_utc_of_s(NOW_S);
    }
    v->model = (mw_electric_model){
        .meter = v, .number = number, .text = text, .now = now, .calendar = calendar};
    v->device = (mw_electric_pages_device){.model = &v->model,
                                           .period = &v->period,
                                           .tampers = 1u << MW_ELECTRIC_TAMPER_COVER,
                                           .alarm = true,
                                           .radio = true,
                                           .address = 0x00A1B2C3,
                                           .checksum = UINT32_C(0xC0FFEE42),
                                           .firmware = {1, 4, 0}};
}
