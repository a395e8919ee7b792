/* SPDX-License-Identifier: Apache-2.0
 * What the meter's numbers are worth now. */
#include "meters/electricity/meter_internal.h"
#include "meters/kit/fixmath.h"

#define IN MW_ELECTRIC_IN
#define AT MW_ELECTRIC_NTH

static int64_t shown(int64_t milli) {
    return milli / 1000 % MW_ELECTRIC_CAPACITY_WH;
}

int64_t mw_electric_meter_register(const mw_electric_meter *m, mw_electric_tariff_register r,
                                   unsigned tariff) {
    return shown(tariff == 0 ? m->tariffs.total[r].milli : m->tariffs.count[tariff - 1][r].milli);
}

/* ---- Energy ---- */

/* Total and T1..T8 of import, then of export. */
static int64_t by_tariff(const mw_electric_meter *m, unsigned at, mw_electric_tariff_register in,
                         mw_electric_tariff_register out) {
    return mw_electric_meter_register(m, at < 9 ? in : out, at % 9);
}

static int64_t of_phase(const mw_electric_meter *m, unsigned at, bool reactive) {
    const mw_electric_energy *e = &m->energy;
    unsigned phase = at % 3;
    if (reactive)
        return shown(at < 3 ? mw_electric_r_plus(e, phase) : mw_electric_r_minus(e, phase));
    return shown(e->count[phase][at < 3 ? MW_ELECTRIC_A_PLUS : MW_ELECTRIC_A_MINUS].milli);
}

/* The last whole interval of the first load profile. */
static bool interval(const mw_electric_meter *m, unsigned energy, int64_t *out) {
    mw_electric_row row;
    mw_electric_column column = {
        .kind = MW_ELECTRIC_COLUMN_NUMBER,
        .which = (uint16_t)(energy < 2 ? MW_ELECTRIC_N_ACTIVE_INTERVAL + energy
                                       : MW_ELECTRIC_N_REACTIVE_INTERVAL + energy - 2)};
    mw_electric_profile_info info = {
        .profile = MW_ELECTRIC_LOAD, .columns = 1, .column = &column, .entries = 1};
    if (m->model.rows(m->model.meter, MW_ELECTRIC_LOAD) == 0)
        return false;
    uint32_t n = m->model.rows(m->model.meter, MW_ELECTRIC_LOAD);
    if (!m->model.row(m->model.meter, &info, n - 1, &row))
        return false;
    *out = row.value[0];
    return true;
}

static bool energy_number(const mw_electric_meter *m, mw_electric_number which, int64_t *out) {
    if (IN(which, ACTIVE))
        *out =
            by_tariff(m, AT(which, ACTIVE), MW_ELECTRIC_TARIFF_A_PLUS, MW_ELECTRIC_TARIFF_A_MINUS);
    else if (IN(which, REACTIVE))
        *out = by_tariff(m, AT(which, REACTIVE), MW_ELECTRIC_TARIFF_R_PLUS,
                         MW_ELECTRIC_TARIFF_R_MINUS);
    else if (IN(which, ACTIVE_PHASE))
        *out = of_phase(m, AT(which, ACTIVE_PHASE), false);
    else if (IN(which, REACTIVE_PHASE))
        *out = of_phase(m, AT(which, REACTIVE_PHASE), true);
    else if (IN(which, QUADRANT))
        *out =
            shown(m->energy.count[MW_ELECTRIC_TOTAL][MW_ELECTRIC_R1 + AT(which, QUADRANT)].milli);
    else if (IN(which, ACTIVE_INTERVAL))
        return interval(m, AT(which, ACTIVE_INTERVAL), out);
    else if (IN(which, REACTIVE_INTERVAL))
        return interval(m, 2 + AT(which, REACTIVE_INTERVAL), out);
    else if (IN(which, DEMAND_MAX))
        *out = m->demand.max[AT(which, DEMAND_MAX)].mw / 1000;
    else if (IN(which, DEMAND))
        *out = mw_electric_demand_current_mw(&m->demand) / 1000;
    else if (IN(which, DEMAND_LAST))
        *out = m->demand.last.mw / 1000;
    else
        return false;
    return true;
}

/* ---- Of the newest window ---- */

/* |U1 - U2| of two phases from their values and the angle between them. */
static int64_t between(const mw_electric_quantities *q, unsigned a, unsigned b) {
    int64_t ua = q->e[a].u_uv / 1000, ub = q->e[b].u_uv / 1000;
    int64_t apart = (q->e[b].u_angle_mdeg - q->e[a].u_angle_mdeg + 720000) % 360000;
    uint32_t turn = (uint32_t)((apart << 32) / 360000);
    int64_t cosine = mw_fix_sine(turn + (UINT32_C(1) << 30)); /* 2^15 is 1 */
    int64_t square = ua * ua + ub * ub - 2 * (ua * ub / (1 << 15)) * cosine;
    return square <= 0 ? 0 : (int64_t)mw_fix_sqrt((uint64_t)square);
}

static int64_t power_of(const mw_electric_meter *m, unsigned at, char what) {
    const mw_electric_element *e = at > 0 ? &m->q.e[at - 1] : NULL;
    switch (what) {
    case 'P':
        return e == NULL ? m->energy.p_uw : e->p_uw;
    case 'Q':
        return e == NULL ? m->energy.q_uvar : e->q_uvar;
    default:
        return e == NULL ? m->energy.s_uva : e->s_uva;
    }
}

static int64_t factor_of(const mw_electric_meter *m, unsigned at) {
    int64_t s = power_of(m, at, 'S'), p = power_of(m, at, 'P');
    if (s < 1000)
        return 1000;
    int64_t f = p / (s / 1000);
    return f > 1000 ? 1000 : f < -1000 ? -1000 : f;
}

static int64_t positive(int64_t v) {
    return v > 0 ? v : 0;
}

static bool power_number(const mw_electric_meter *m, mw_electric_number which, int64_t *out) {
    if (IN(which, POWER))
        *out = power_of(m, AT(which, POWER), 'P') / 1000;
    else if (IN(which, POWER_REACTIVE))
        *out = power_of(m, AT(which, POWER_REACTIVE), 'Q') / 1000;
    else if (IN(which, POWER_APPARENT))
        *out = power_of(m, AT(which, POWER_APPARENT), 'S') / 1000;
    else if (IN(which, POWER_IMPORT))
        *out = positive(power_of(m, AT(which, POWER_IMPORT), 'P')) / 1000000;
    else if (IN(which, POWER_EXPORT))
        *out = positive(-power_of(m, AT(which, POWER_EXPORT), 'P')) / 1000000;
    else if (IN(which, POWER_FACTOR))
        *out = factor_of(m, AT(which, POWER_FACTOR));
    else if (which == MW_ELECTRIC_N_TAN_PHI) {
        int64_t p = m->energy.p_uw / 1000, q = m->energy.q_uvar / 1000;
        int64_t t = p == 0 ? 0 : q * 1000 / p;
        *out = t > INT16_MAX ? INT16_MAX : t < INT16_MIN ? INT16_MIN : t;
    } else {
        return false;
    }
    return true;
}

static bool element_number(const mw_electric_meter *m, mw_electric_number which, int64_t *out) {
    const mw_electric_quantities *q = &m->q;
    if (IN(which, VOLTAGE))
        *out = q->e[AT(which, VOLTAGE)].u_uv / 1000;
    else if (IN(which, CURRENT))
        *out = q->e[AT(which, CURRENT)].i_ua / 1000;
    else if (IN(which, VOLTAGE_BETWEEN))
        *out = between(q, AT(which, VOLTAGE_BETWEEN), (AT(which, VOLTAGE_BETWEEN) + 1) % 3);
    else if (IN(which, ANGLE_VOLTAGE)) {
        unsigned a = AT(which, ANGLE_VOLTAGE);
        *out = (q->e[(a + 1) % 3].u_angle_mdeg - q->e[a].u_angle_mdeg + 720000) % 360000;
    } else if (IN(which, ANGLE_CURRENT))
        *out = q->e[AT(which, ANGLE_CURRENT)].angle_mdeg;
    else if (IN(which, THD_VOLTAGE))
        *out = q->e[AT(which, THD_VOLTAGE)].thd_u_ppm;
    else if (IN(which, THD_CURRENT))
        *out = q->e[AT(which, THD_CURRENT)].thd_i_ppm;
    else
        return false;
    return true;
}

static bool window_number(const mw_electric_meter *m, mw_electric_number which, int64_t *out) {
    int64_t phase_ma = m->q.e[0].i_ua / 1000, neutral_ma = m->q.neutral_ua / 1000;
    int64_t apart = phase_ma > neutral_ma ? phase_ma - neutral_ma : neutral_ma - phase_ma;
    int64_t greater = phase_ma > neutral_ma ? phase_ma : neutral_ma;
    switch (which) {
    case MW_ELECTRIC_N_NEUTRAL_CURRENT:
        *out = neutral_ma;
        return true;
    case MW_ELECTRIC_N_DIFFERENCE_CURRENT:
        *out = apart;
        return m->type->elements == 1;
    case MW_ELECTRIC_N_DIFFERENCE_PERCENT:
        *out = greater == 0 ? 0 : apart * 10000 / greater;
        return m->type->elements == 1;
    case MW_ELECTRIC_N_FREQUENCY:
        *out = m->q.frequency_mhz;
        return true;
    case MW_ELECTRIC_N_UNBALANCE:
        *out = m->q.unbalance_ppm;
        return true;
    case MW_ELECTRIC_N_TEMPERATURE:
        *out = m->inputs.temperature.mdegc / 100;
        return true;
    case MW_ELECTRIC_N_BATTERY:
        *out = m->inputs.battery_mv;
        return true;
    default:
        return power_number(m, which, out) || element_number(m, which, out);
    }
}

/* ---- Counters and states ---- */

/* 0 of an empty log. */
static int64_t newest_code(const mw_electric_meter *m, unsigned log) {
    mw_electric_logged l;
    return mw_electric_meter_logged(m, (mw_spodes_log)log, 0, &l) == MW_OK ? l.code : 0;
}

static bool state_number(const mw_electric_meter *m, mw_electric_number which, int64_t *out) {
    if (IN(which, TAMPER_COUNT))
        *out = m->tamper.record[AT(which, TAMPER_COUNT)].count;
    else if (IN(which, TAMPER_SECONDS))
        *out = mw_electric_tamper_seconds(
            &m->tamper, (mw_electric_tamper_kind)AT(which, TAMPER_SECONDS), m->second);
    else if (IN(which, SAGS))
        *out = m->quality.phase[AT(which, SAGS)].sags;
    else if (IN(which, SWELLS))
        *out = m->quality.phase[AT(which, SWELLS)].swells;
    else if (IN(which, EVENT))
        *out = newest_code(m, AT(which, EVENT));
    else if (IN(which, PUSH_FLAGS))
        *out = (int64_t)(m->kept.push_flags >> (22 * AT(which, PUSH_FLAGS)) & 0x3FFFFF);
    else if (IN(which, COUNTER))
        *out = m->least[AT(which, COUNTER)] == 0 ? 0 : m->least[AT(which, COUNTER)] - 1;
    else
        return false;
    return true;
}

static bool single_number(const mw_electric_meter *m, mw_electric_number which, int64_t *out) {
    switch (which) {
    case MW_ELECTRIC_N_RUN_TIME:
        *out = m->kept.run_s;
        return true;
    case MW_ELECTRIC_N_PULSES:
        *out = m->kept.pulses;
        return true;
    case MW_ELECTRIC_N_TARIFF:
        *out = m->tariff + 1;
        return true;
    case MW_ELECTRIC_N_PROGRAMMED_COUNT:
        *out = m->settings.programmed;
        return true;
    case MW_ELECTRIC_N_POWER_FAILURES:
        *out = m->kept.power_failures;
        return true;
    case MW_ELECTRIC_N_LONG_POWER_FAILURES:
        *out = m->kept.long_power_failures;
        return true;
    case MW_ELECTRIC_N_EVENT_CHANNEL:
        *out = m->port;
        return true;
    case MW_ELECTRIC_N_EVENT_CLIENT:
        *out = m->client;
        return true;
    case MW_ELECTRIC_N_EVENT_VALUE: {
        mw_electric_logged l;
        bool any = mw_electric_meter_logged(m, (mw_spodes_log)13, 0, &l) == MW_OK;
        *out = any ? l.value : 0;
        return true;
    }
    case MW_ELECTRIC_N_EVENT_SECONDS:
        *out = m->kept.off_long_s;
        return true;
    case MW_ELECTRIC_N_QUALITY_STATUS:
        *out = mw_electric_quality_status(&m->quality);
        return true;
    case MW_ELECTRIC_N_INPUTS_STATUS:
        *out = mw_electric_tamper_now(&m->tamper);
        return true;
    case MW_ELECTRIC_N_PROFILE_STATUS:
        *out = mw_rtc_state_at(&m->rtc, m->second) == MW_CLOCK_SET ? 0 : 2;
        return true;
    default:
        return false;
    }
}

static bool fixed_number(const mw_electric_meter *m, mw_electric_number which, int64_t *out) {
    const mw_electric_type *t = m->type;
    const mw_electric_energy_config *energy = &m->energy.config;
    const int64_t nominal[] = {t->rated.mv, t->basic_ma, mw_electric_mains_of(m->provision) * 1000,
                               t->max_ma, t->rated.mv};
    const uint32_t constant[] = {energy->pulses_per_kwh, energy->pulses_per_kvarh};
    if (which == MW_ELECTRIC_N_CT_RATIO)
        *out = m->provision->ct_ratio;
    else if (which == MW_ELECTRIC_N_VT_RATIO)
        *out = m->provision->vt_ratio;
    else if (IN(which, NOMINAL))
        *out = nominal[AT(which, NOMINAL)];
    else if (IN(which, CONSTANT))
        *out = constant[AT(which, CONSTANT)];
    else if (IN(which, ALGORITHM))
        *out = AT(which, ALGORITHM) == 0 && t->energy.sum == MW_ELECTRIC_SUM_ARITHMETIC;
    else
        return false;
    return true;
}

static bool setting_number(const mw_electric_meter *m, mw_electric_number which, int64_t *out) {
    const mw_electric_settings *s = &m->settings;
    int64_t left = s->credit_until_wh - m->tariffs.total[MW_ELECTRIC_TARIFF_A_PLUS].milli / 1000;
    if (IN(which, LOAD_PERIOD))
        *out = s->load_period_min[AT(which, LOAD_PERIOD)];
    else if (IN(which, EVENT_MASK))
        *out = (int64_t)s->event_mask[AT(which, EVENT_MASK)];
    else if (IN(which, MONITOR_LIMIT))
        *out = s->monitor_limit[AT(which, MONITOR_LIMIT)];
    else if (IN(which, LINE_SPEED))
        *out = s->line_speed[AT(which, LINE_SPEED)];
    else if (IN(which, DEVICE_ADDRESS))
        *out = s->address[AT(which, DEVICE_ADDRESS)];
    else if (IN(which, INTER_OCTET_MS))
        *out = s->inter_octet_ms[AT(which, INTER_OCTET_MS)];
    else if (IN(which, INACTIVITY_S))
        *out = s->inactivity_s[AT(which, INACTIVITY_S)];
    else if (which == MW_ELECTRIC_N_DEMAND_PERIOD)
        *out = s->demand_period_min;
    else if (which == MW_ELECTRIC_N_SAG_LIMIT)
        *out = s->sag_mv;
    else if (which == MW_ELECTRIC_N_SWELL_LIMIT)
        *out = s->swell_mv;
    else if (which == MW_ELECTRIC_N_CUT_LIMIT)
        *out = s->cut_mv;
    else if (which == MW_ELECTRIC_N_TAN_PHI_LIMIT)
        *out = s->tan_phi_milli;
    else if (which == MW_ELECTRIC_N_UNBALANCE_LIMIT)
        *out = s->unbalance_ppm;
    else if (which == MW_ELECTRIC_N_CREDIT) /* -1: not in the mode by credit */
        *out = !s->credit_on ? -1 : left > 0 ? left : 0;
    else if (which == MW_ELECTRIC_N_OFF_TARIFFS)
        *out = s->off_tariffs;
    else if (which == MW_ELECTRIC_N_PUSH_PORT)
        *out = s->push_port;
    else if (which == MW_ELECTRIC_N_WRAPPER_TRANSPORT)
        *out = s->wrapper_transport;
    else if (which == MW_ELECTRIC_N_IMAGE_LOCK)
        *out = s->image_lock;
    else
        return false;
    return true;
}

bool mw_electric_meter_number(void *meter, mw_electric_number which, int64_t *out) {
    const mw_electric_meter *m = meter;
    return energy_number(m, which, out) || window_number(m, which, out) ||
           state_number(m, which, out) || single_number(m, which, out) ||
           setting_number(m, which, out) || fixed_number(m, which, out);
}
