/* SPDX-License-Identifier: Apache-2.0
 * What of the meter may be set, its texts, its clock and its calendars. */
#include <string.h>

#include "meters/electricity/meter_internal.h"
#include "meters/kit/legal.h"

#define IN MW_ELECTRIC_IN
#define AT MW_ELECTRIC_NTH

/* ---- Setting ---- */

static bool period_is(int64_t v) {
    static const uint8_t periods[] = {1, 3, 5, 10, 15, 30, 60};
    for (unsigned i = 0; i < sizeof periods; i++)
        if (periods[i] == v)
            return true;
    return false;
}

static bool within(int64_t v, int64_t low, int64_t high) {
    return v >= low && v <= high;
}

static mw_electric_quality_config quality_config(const mw_electric_meter *m,
                                                 const mw_electric_settings *s) {
    mw_electric_quality_config c =
        mw_electric_quality_defaults(m->type->rated, mw_electric_mains_of(m->provision));
    c.sag_uv = s->sag_mv * 1000;
    c.swell_uv = s->swell_mv * 1000;
    c.cut_uv = s->cut_mv * 1000;
    c.unbalance_ppm = (int32_t)s->unbalance_ppm;
    return c;
}

mw_status mw_electric_quality_of_settings(mw_electric_meter *m, const mw_electric_settings *s) {
    mw_electric_quality_config c = quality_config(m, s);
    return mw_electric_quality_configure(&m->quality, &c);
}

/* Thresholds of quality go together. */
static uint8_t threshold_set(mw_electric_meter *m, mw_electric_number which, int64_t v) {
    mw_electric_settings next = m->settings;
    uint16_t code = MW_SPODES_SAG_LIMIT_SET;
    if (!within(v, 1, INT32_MAX))
        return MW_COSEM_OTHER_REASON;
    if (which == MW_ELECTRIC_N_SAG_LIMIT) {
        next.sag_mv = v;
    } else if (which == MW_ELECTRIC_N_SWELL_LIMIT) {
        next.swell_mv = v;
        code = MW_SPODES_SWELL_LIMIT_SET;
    } else if (which == MW_ELECTRIC_N_CUT_LIMIT) {
        next.cut_mv = v;
        code = MW_SPODES_CUT_LIMIT_SET;
    } else {
        next.unbalance_ppm = v;
        code = MW_SPODES_UNBALANCE_LIMIT_SET;
    }
    if (mw_electric_quality_of_settings(m, &next) != MW_OK)
        return MW_COSEM_OTHER_REASON;
    uint8_t result = mw_electric_settings_keep(m, &next, code);
    if (result != MW_COSEM_DONE) {
        mw_status s = mw_electric_quality_of_settings(m, &m->settings);
        (void)s; /* they held before */
    }
    return result;
}

static uint8_t period_set(mw_electric_meter *m, mw_electric_number which, int64_t v) {
    mw_electric_settings next = m->settings;
    uint16_t code = MW_SPODES_DEMAND_PERIOD_SET;
    if (!period_is(v))
        return MW_COSEM_OTHER_REASON;
    if (which == MW_ELECTRIC_N_DEMAND_PERIOD) {
        if (mw_electric_seal_demand(m, (uint16_t)v) != MW_OK)
            return MW_COSEM_DENIED;
        next.demand_period_min = (uint16_t)v;
    } else if (AT(which, LOAD_PERIOD) == 2) {
        next.load_period_min[2] = (uint16_t)v;
        code = MW_SPODES_LOAD_PERIOD_2_SET;
    } else { /* one record holds energies, voltages and currents */
        next.load_period_min[0] = next.load_period_min[1] = (uint16_t)v;
        code = MW_SPODES_LOAD_PERIOD_SET;
    }
    uint8_t result = mw_electric_settings_keep(m, &next, code);
    if (result != MW_COSEM_DONE)
        return result;
    m->load.period_min = (uint8_t)m->settings.load_period_min[0];
    m->load.begun = false; /* the period under way is given up */
    m->power.begun = false;
    if (which == MW_ELECTRIC_N_DEMAND_PERIOD)
        m->demand.period_s = (uint16_t)(v * 60), mw_electric_demand_reset(&m->demand);
    return MW_COSEM_DONE;
}

static bool plain_put(mw_electric_settings *s, mw_electric_number which, int64_t v) {
    if (IN(which, EVENT_MASK))
        s->event_mask[AT(which, EVENT_MASK)] = (uint64_t)v;
    else if (IN(which, MONITOR_LIMIT))
        s->monitor_limit[AT(which, MONITOR_LIMIT)] = v;
    else if (IN(which, DEVICE_ADDRESS) && within(v, 16, 0x3FFD))
        s->address[AT(which, DEVICE_ADDRESS)] = (uint16_t)v;
    else if (IN(which, INTER_OCTET_MS) && within(v, 20, 6000))
        s->inter_octet_ms[AT(which, INTER_OCTET_MS)] = (uint16_t)v;
    else if (IN(which, INACTIVITY_S) && within(v, 0, UINT16_MAX))
        s->inactivity_s[AT(which, INACTIVITY_S)] = (uint16_t)v;
    else if (IN(which, LINE_SPEED) && within(v, 0, 9))
        s->line_speed[AT(which, LINE_SPEED)] = (uint8_t)v;
    else if (which == MW_ELECTRIC_N_TAN_PHI_LIMIT && within(v, 0, INT16_MAX))
        s->tan_phi_milli = v;
    else if (which == MW_ELECTRIC_N_OFF_TARIFFS && within(v, 0, 255))
        s->off_tariffs = (uint8_t)v;
    else if (which == MW_ELECTRIC_N_PUSH_PORT && within(v, 0, 3))
        s->push_port = (uint8_t)v;
    else if (which == MW_ELECTRIC_N_WRAPPER_TRANSPORT && within(v, 0, 1))
        s->wrapper_transport = (uint8_t)v;
    else if (which == MW_ELECTRIC_N_IMAGE_LOCK && within(v, 0, 1))
        s->image_lock = (uint8_t)v;
    else
        return false;
    return true;
}

static uint8_t number_set(void *meter, mw_electric_number which, int64_t v) {
    mw_electric_meter *m = meter;
    if (IN(which, LOAD_PERIOD) || which == MW_ELECTRIC_N_DEMAND_PERIOD)
        return period_set(m, which, v);
    if (which == MW_ELECTRIC_N_SAG_LIMIT || which == MW_ELECTRIC_N_SWELL_LIMIT ||
        which == MW_ELECTRIC_N_CUT_LIMIT || which == MW_ELECTRIC_N_UNBALANCE_LIMIT)
        return threshold_set(m, which, v);
    if (IN(which, PUSH_FLAGS)) { /* flags are only ever cleared */
        m->kept.push_flags &= ~(UINT64_C(0x3FFFFF) << (22 * AT(which, PUSH_FLAGS)));
        mw_electric_meter_raise(m, MW_SPODES_FLAGS_CLEARED, 0, 0);
        return mw_electric_kept_save(m) == MW_OK ? MW_COSEM_DONE : MW_COSEM_HARDWARE_FAULT;
    }
    mw_electric_settings next = m->settings;
    if (which == MW_ELECTRIC_N_CREDIT && within(v, -1, INT32_MAX)) {
        next.credit_on = v >= 0;
        next.credit_until_wh =
            v < 0 ? 0 : m->tariffs.total[MW_ELECTRIC_TARIFF_A_PLUS].milli / 1000 + v;
    } else if (!plain_put(&next, which, v)) {
        return MW_COSEM_OTHER_REASON;
    }
    return mw_electric_settings_keep(
        m, &next,
        which == MW_ELECTRIC_N_TAN_PHI_LIMIT ? MW_SPODES_TAN_PHI_LIMIT_SET : MW_SPODES_OTHER_SET);
}

/* ---- Moments ---- */

static bool moment(void *meter, mw_electric_number which, mw_utc *out) {
    const mw_electric_meter *m = meter;
    mw_utc at = MW_UTC_NONE;
    uint32_t at_s = IN(which, TAMPER_AT) ? m->tamper.record[AT(which, TAMPER_AT)].at_s
                    : which == MW_ELECTRIC_N_PROGRAMMED_AT ? m->settings.programmed_at_s
                                                           : 0;
    if (IN(which, DEMAND_MAX))
        at = m->demand.max[AT(which, DEMAND_MAX)].at;
    else if (which == MW_ELECTRIC_N_DEMAND)
        at = mw_electric_demand_since(&m->demand);
    else if (which == MW_ELECTRIC_N_DEMAND_LAST)
        at = m->demand.last.at;
    else if (at_s != 0)
        at = mw_utc_of_s(at_s);
    if (mw_utc_is_none(at))
        return false;
    *out = at;
    return true;
}

/* ---- Texts ---- */

static size_t put(mw_span out, const char *text) {
    size_t n = strlen(text);
    n = n < out.n ? n : out.n;
    mw_bytes_copy(out.p, text, n);
    return n;
}

/* Digits of a number, with zeros in front. */
static size_t put_digits(mw_span out, const char *before, uint32_t v, unsigned digits,
                         unsigned base) {
    static const char figures[] = "0123456789ABCDEF";
    char text[24];
    size_t n = strlen(before);
    mw_bytes_copy(text, before, n);
    for (unsigned i = digits; i > 0; i--) {
        text[n + i - 1] = figures[v % base];
        v /= base;
    }
    text[n + digits] = 0;
    return put(out, text);
}

static size_t put_line(mw_span out, const mw_electric_line_text *t) {
    size_t n = t->n < out.n ? t->n : out.n;
    mw_bytes_copy(out.p, t->b, n);
    return n;
}

static size_t text(void *meter, mw_electric_text which, mw_span out) {
    const mw_electric_meter *m = meter;
    const mw_electric_provision *p = m->provision;
    switch (which) {
    case MW_ELECTRIC_T_LDN:
        return put_digits(out, "MWX0", p->serial, 12, 10);
    case MW_ELECTRIC_T_SERIAL:
        return put_digits(out, "", p->serial, 12, 10);
    case MW_ELECTRIC_T_TYPE:
        return put(out, m->type->label);
    case MW_ELECTRIC_T_FIRMWARE:
        return put(out, m->type->firmware);
    case MW_ELECTRIC_T_LEGAL_FIRMWARE:
        return put_digits(out, "", MW_LEGAL_VERSION, 1, 10);
    case MW_ELECTRIC_T_MAKER:
        return put(out, "Meterworks");
    case MW_ELECTRIC_T_MADE:
        return put(out, p->made);
    case MW_ELECTRIC_T_SPODES:
        return put(out, "03.00");
    case MW_ELECTRIC_T_HARDWARE:
        return put(out, "A");
    case MW_ELECTRIC_T_CHECKSUM:
        return put_digits(out, "", m->seal.software, 8, 16);
    case MW_ELECTRIC_T_POINT:
        return put_line(out, &m->settings.point);
    case MW_ELECTRIC_T_MESSAGE_CODE:
        return put_line(out, &m->settings.message_code);
    case MW_ELECTRIC_T_MESSAGE:
        return put_line(out, &m->settings.message);
    default:
        return 0;
    }
}

static uint8_t text_set(void *meter, mw_electric_text which, mw_slice value) {
    mw_electric_meter *m = meter;
    mw_electric_settings next = m->settings;
    mw_electric_line_text *t = which == MW_ELECTRIC_T_POINT          ? &next.point
                               : which == MW_ELECTRIC_T_MESSAGE_CODE ? &next.message_code
                                                                     : &next.message;
    size_t most = which == MW_ELECTRIC_T_POINT          ? MW_ELECTRIC_POINT_MAX
                  : which == MW_ELECTRIC_T_MESSAGE_CODE ? 8
                                                        : MW_ELECTRIC_MESSAGE_MAX;
    if (value.n > most)
        return MW_COSEM_OTHER_REASON;
    t->n = (uint8_t)value.n;
    mw_bytes_copy(t->b, value.p, value.n);
    return mw_electric_settings_keep(
        m, &next, which == MW_ELECTRIC_T_POINT ? MW_SPODES_POINT_SET : MW_SPODES_OTHER_SET);
}

/* ---- Time and calendars ---- */

static mw_utc now(void *meter, uint8_t *out_status) {
    const mw_electric_meter *m = meter;
    mw_rtc_state s = mw_rtc_state_at(&m->rtc, m->second);
    *out_status = s == MW_CLOCK_SET         ? 0
                  : s == MW_CLOCK_UNCERTAIN ? MW_COSEM_CLOCK_DOUBTFUL
                                            : MW_COSEM_CLOCK_INVALID;
    return mw_electric_now(m);
}

static uint8_t clock_set(void *meter, mw_utc t) {
    mw_electric_meter *m = meter;
    return mw_electric_meter_clock_set(m, t, m->second) == MW_OK ? MW_COSEM_DONE
                                                                 : MW_COSEM_HARDWARE_FAULT;
}

static const mw_tariff_calendar *calendar(void *meter, bool passive, mw_utc *out_from) {
    mw_electric_meter *m = meter;
    *out_from = m->tariffs.passive_from;
    if (!passive)
        return mw_electric_tariffs_calendar(&m->tariffs);
    return m->tariffs.passive_valid ? &m->tariffs.calendar[!m->tariffs.active] : NULL;
}

static uint8_t calendar_set(void *meter, const mw_tariff_calendar *c, mw_utc from) {
    mw_status s = mw_electric_calendar_take(meter, c, from);
    if (s != MW_OK)
        return s == MW_RANGE ? MW_COSEM_OTHER_REASON : MW_COSEM_HARDWARE_FAULT;
    return MW_COSEM_DONE;
}

void mw_electric_model_numbers(mw_electric_model *model) {
    model->number = mw_electric_meter_number;
    model->number_set = number_set;
    model->moment = moment;
    model->text = text;
    model->text_set = text_set;
    model->now = now;
    model->clock_set = clock_set;
    model->calendar = calendar;
    model->calendar_set = calendar_set;
}
