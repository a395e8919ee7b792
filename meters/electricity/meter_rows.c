/* SPDX-License-Identifier: Apache-2.0
 * Rows of the profiles: of the load profiles, of the billing records and of the logs. */
#include "base/assert.h"
#include "meters/electricity/meter_internal.h"

#define IN MW_ELECTRIC_IN
#define AT MW_ELECTRIC_NTH

/* ---- The profile of powers: a record of its own, means of a period ---- */

static void power_close(mw_electric_meter *m) {
    mw_electric_powerlog *p = &m->power;
    int64_t period_s = (int64_t)m->settings.load_period_min[2] * 60;
    uint8_t payload[MW_ELECTRIC_POWERLOG_PAYLOAD];
    mw_writer w = mw_writer_of(MW_SPAN_OF(payload));
    mw_write_u32le(&w, (uint32_t)((p->period + 1) * period_s));
    for (unsigned k = 0; k <= MW_ELECTRIC_ELEMENTS; k++) {
        mw_write_u32le(&w, (uint32_t)(int32_t)(p->parts == 0 ? 0 : p->p[k] / p->parts));
        mw_write_u32le(&w, (uint32_t)(int32_t)(p->parts == 0 ? 0 : p->q[k] / p->parts));
    }
    int64_t measured = p->parts / MW_ELECTRIC_PARTS_PER_S;
    mw_write_u32le(&w, (uint32_t)measured);
    mw_assert(mw_writer_left(&w) == 0);
    mw_status s = mw_ringlog_append(&p->log, &m->flash, mw_writer_done(&w));
    (void)s; /* a row is lost, no energy */
}

/* Total first, then the phases; in milliwatts. */
void mw_electric_power_window(mw_electric_meter *m, mw_utc begin) {
    mw_electric_powerlog *p = &m->power;
    int64_t length = (int64_t)m->settings.load_period_min[2] * 60 * MW_US_PER_S;
    int64_t period = begin.us / length;
    if (!p->begun || period != p->period) {
        if (p->begun)
            power_close(m);
        *p = (mw_electric_powerlog){.log = p->log, .begun = true, .period = period};
    }
    p->p[0] += m->energy.p_uw / 1000 * m->q.parts;
    p->q[0] += m->energy.q_uvar / 1000 * m->q.parts;
    for (unsigned k = 0; k < m->q.elements; k++) {
        p->p[k + 1] += m->q.e[k].p_uw / 1000 * m->q.parts;
        p->q[k + 1] += m->q.e[k].q_uvar / 1000 * m->q.parts;
    }
    p->parts += m->q.parts;
}

static bool power_row(const mw_electric_meter *m, const mw_electric_profile_info *p,
                      uint32_t number, mw_electric_row *out) {
    uint8_t payload[MW_ELECTRIC_POWERLOG_PAYLOAD];
    int64_t active[MW_ELECTRIC_ELEMENTS + 1], reactive[MW_ELECTRIC_ELEMENTS + 1];
    if (mw_ringlog_numbered(&m->power.log, &m->flash, number, MW_SPAN_OF(payload)) != MW_OK)
        return false;
    mw_reader r = mw_reader_of(MW_SLICE_OF(payload));
    out->at = mw_utc_of_s(mw_read_u32le(&r));
    for (unsigned k = 0; k <= MW_ELECTRIC_ELEMENTS; k++) {
        active[k] = (int32_t)mw_read_u32le(&r);
        reactive[k] = (int32_t)mw_read_u32le(&r);
    }
    for (unsigned c = 0; c < p->columns; c++) {
        mw_electric_number which = (mw_electric_number)p->column[c].which;
        out->value[c] = IN(which, POWER)            ? active[AT(which, POWER)]
                        : IN(which, POWER_REACTIVE) ? reactive[AT(which, POWER_REACTIVE)]
                                                    : 0;
    }
    return true;
}

/* ---- Load profiles 1 and 2: one record ---- */

/* What flowed since the record before; that of a first record is not known and shown as 0. */
static int64_t flowed(const mw_electric_loadlog_record *r, const mw_electric_loadlog_record *before,
                      unsigned energy) {
    return r->energy[energy] / 1000 - before->energy[energy] / 1000;
}

static int64_t load_value(mw_electric_number which, const mw_electric_loadlog_record *r,
                          const mw_electric_loadlog_record *before) {
    if (IN(which, ACTIVE_INTERVAL))
        return flowed(r, before, AT(which, ACTIVE_INTERVAL));
    if (IN(which, REACTIVE_INTERVAL))
        return flowed(r, before, 2 + AT(which, REACTIVE_INTERVAL));
    if (IN(which, VOLTAGE))
        return (int64_t)r->u_10mv[AT(which, VOLTAGE)] * 10;
    if (IN(which, CURRENT))
        return r->i_ma[AT(which, CURRENT)];
    if (which == MW_ELECTRIC_N_FREQUENCY)
        return r->frequency_mhz;
    if (which == MW_ELECTRIC_N_ACTIVE)
        return r->energy[0] / 1000 % MW_ELECTRIC_CAPACITY_WH;
    if (which == MW_ELECTRIC_N_ACTIVE + 9)
        return r->energy[1] / 1000 % MW_ELECTRIC_CAPACITY_WH;
    if (which == MW_ELECTRIC_N_PROFILE_STATUS)
        return r->flags;
    return 0;
}

static bool load_row(const mw_electric_meter *m, const mw_electric_profile_info *p, uint32_t number,
                     mw_electric_row *out) {
    mw_electric_loadlog_record r, before;
    if (mw_electric_loadlog_numbered(&m->load, &m->flash, number, &r) != MW_OK)
        return false;
    before = r;
    if (number > 0 && p->profile == MW_ELECTRIC_LOAD &&
        mw_electric_loadlog_numbered(&m->load, &m->flash, number - 1, &before) != MW_OK)
        before = r;
    out->at = mw_utc_of_s(r.end_s);
    if ((r.flags & MW_ELECTRIC_LOADLOG_CLOCK) != 0)
        out->status |= MW_COSEM_CLOCK_DOUBTFUL;
    for (unsigned c = 0; c < p->columns; c++)
        out->value[c] = load_value((mw_electric_number)p->column[c].which, &r, &before);
    return true;
}

/* ---- Billing records ---- */

static int64_t billed(const mw_electric_billing_record *r, mw_electric_number which) {
    unsigned at;
    bool reactive = IN(which, REACTIVE);
    if (IN(which, DEMAND_MAX))
        return r->max[AT(which, DEMAND_MAX)].mw / 1000;
    if (!reactive && !IN(which, ACTIVE))
        return 0;
    at = reactive ? AT(which, REACTIVE) : AT(which, ACTIVE);
    unsigned of =
        (reactive ? MW_ELECTRIC_TARIFF_R_PLUS : MW_ELECTRIC_TARIFF_A_PLUS) + (at < 9 ? 0u : 1u);
    int64_t milli = at % 9 == 0 ? r->total[of] : r->tariff[at % 9 - 1][of];
    return milli / 1000 % MW_ELECTRIC_CAPACITY_WH;
}

static bool billing_row(const mw_electric_meter *m, const mw_electric_profile_info *p,
                        uint32_t back, mw_electric_row *out) {
    mw_electric_billing_log log =
        p->profile == MW_ELECTRIC_DAILY ? MW_ELECTRIC_BILLING_DAILY : MW_ELECTRIC_BILLING_MONTHLY;
    mw_electric_billing_record r;
    mw_ringlog_cursor at = mw_ringlog_from_newest(&m->billing.log[log].log);
    for (uint32_t i = 0; i <= back; i++)
        if (mw_electric_billing_older(&m->billing, &m->flash, log, &at, 0, UINT32_MAX, &r) != MW_OK)
            return false;
    out->at = mw_utc_of_s(r.at_s);
    for (unsigned c = 0; c < p->columns; c++)
        out->value[c] = billed(&r, (mw_electric_number)p->column[c].which);
    return true;
}

/* ---- Logs ---- */

static int64_t log_value(const mw_electric_logged *l, mw_electric_number which) {
    switch (which) {
    case MW_ELECTRIC_N_RUN_TIME:
        return l->run_s;
    case MW_ELECTRIC_N_EVENT_CHANNEL:
        return l->channel;
    case MW_ELECTRIC_N_EVENT_CLIENT:
        return l->client;
    case MW_ELECTRIC_N_EVENT_VALUE:
        return l->value;
    case MW_ELECTRIC_N_EVENT_SECONDS:
        return l->duration_ms / 1000;
    case MW_ELECTRIC_N_QUALITY_STATUS:
        return l->quality;
    case MW_ELECTRIC_N_INPUTS_STATUS:
        return l->inputs;
    default:
        return IN(which, EVENT) ? l->code : 0;
    }
}

static bool log_row(const mw_electric_meter *m, const mw_electric_profile_info *p, uint32_t number,
                    mw_electric_row *out) {
    mw_electric_logged l;
    if (mw_electric_log_numbered(m, p->profile - MW_ELECTRIC_LOG, number, &l) != MW_OK)
        return false;
    out->at = mw_utc_of_s(l.at_s);
    for (unsigned c = 0; c < p->columns; c++)
        out->value[c] = log_value(&l, (mw_electric_number)p->column[c].which);
    return true;
}

/* ---- As the objects see it ---- */

/* Place in settings.cleared; -1: it cannot be cleared. */
static int clearable(mw_electric_profile p) {
    if (p <= MW_ELECTRIC_MONTHLY)
        return (int)p;
    if (p >= MW_ELECTRIC_LOG && p <= MW_ELECTRIC_LOG_LAST)
        return 5 + (int)(p - MW_ELECTRIC_LOG);
    return -1;
}

/* Number of the row that comes next. */
static uint32_t next_of(const mw_electric_meter *m, mw_electric_profile p) {
    if (p <= MW_ELECTRIC_LOAD_2)
        return m->load.log.next_seq;
    if (p == MW_ELECTRIC_LOAD_3)
        return m->power.log.next_seq;
    if (p <= MW_ELECTRIC_MONTHLY)
        return m->billing.next[p - MW_ELECTRIC_DAILY];
    return m->logs[p - MW_ELECTRIC_LOG].next_seq;
}

static uint32_t capacity_of(const mw_electric_meter *m, mw_electric_profile p) {
    for (size_t i = 0; i < m->type->table->profile_count; i++)
        if (m->type->table->profiles[i]->profile == p)
            return m->type->table->profiles[i]->entries;
    return 0;
}

static uint32_t rows(void *meter, mw_electric_profile p) {
    const mw_electric_meter *m = meter;
    int place = clearable(p);
    if (p == MW_ELECTRIC_SNAPSHOT)
        return m->has_frozen;
    if (p == MW_ELECTRIC_POWER_FAILURES)
        return m->kept.off_long_end_s != 0;
    if (place < 0)
        return 0;
    uint32_t most = capacity_of(m, p), n = next_of(m, p) - m->settings.cleared[place];
    return n < most ? n : most;
}

static bool row(void *meter, const mw_electric_profile_info *p, uint32_t n, mw_electric_row *out) {
    const mw_electric_meter *m = meter;
    out->status = 0;
    if (p->profile == MW_ELECTRIC_SNAPSHOT) {
        *out = m->frozen;
        return m->has_frozen;
    }
    if (p->profile == MW_ELECTRIC_POWER_FAILURES) {
        out->at = mw_utc_of_s(m->kept.off_long_end_s);
        for (unsigned c = 0; c < p->columns; c++)
            out->value[c] = m->kept.off_long_s;
        return true;
    }
    uint32_t have = rows(meter, p->profile);
    if (n >= have)
        return false;
    uint32_t number = next_of(m, p->profile) - have + n;
    switch (p->profile) {
    case MW_ELECTRIC_LOAD:
    case MW_ELECTRIC_LOAD_2:
        return load_row(m, p, number, out);
    case MW_ELECTRIC_LOAD_3:
        return power_row(m, p, number, out);
    case MW_ELECTRIC_DAILY:
    case MW_ELECTRIC_MONTHLY:
        return billing_row(m, p, have - 1 - n, out);
    default:
        return log_row(m, p, number, out);
    }
}

static uint16_t cleared_code(mw_electric_profile p) {
    static const uint16_t codes[] = {MW_SPODES_LOAD_CLEARED, MW_SPODES_LOAD_2_CLEARED,
                                     MW_SPODES_LOAD_3_CLEARED, MW_SPODES_DAYS_CLEARED,
                                     MW_SPODES_MONTHS_CLEARED};
    return p <= MW_ELECTRIC_MONTHLY ? codes[p] : (uint16_t)MW_SPODES_OTHER_SET;
}

/* What is cleared is not shown any more; the log of programming itself stays. */
static uint8_t rows_clear(void *meter, mw_electric_profile p) {
    mw_electric_meter *m = meter;
    int place = clearable(p);
    if (place < 0 || p == MW_ELECTRIC_LOG + MW_SPODES_LOG_PROGRAMMING)
        return MW_COSEM_DENIED;
    mw_electric_settings next = m->settings;
    next.cleared[place] = next_of(m, p);
    return mw_electric_settings_keep(m, &next, cleared_code(p));
}

static uint8_t capture(void *meter, mw_electric_profile p) {
    mw_electric_meter *m = meter;
    if (p == MW_ELECTRIC_MONTHLY || p == MW_ELECTRIC_DAILY)
        return p == MW_ELECTRIC_MONTHLY ? mw_electric_meter_bill(m) : MW_COSEM_DENIED;
    if (p != MW_ELECTRIC_SNAPSHOT)
        return MW_COSEM_DENIED;
    for (size_t i = 0; i < m->type->table->profile_count; i++) {
        const mw_electric_profile_info *info = m->type->table->profiles[i];
        if (info->profile != p)
            continue;
        m->frozen.at = mw_electric_now(m);
        for (unsigned c = 0; c < info->columns; c++)
            if (info->column[c].kind != MW_ELECTRIC_COLUMN_NUMBER ||
                !mw_electric_meter_number(m, (mw_electric_number)info->column[c].which,
                                          &m->frozen.value[c]))
                m->frozen.value[c] = 0;
        m->has_frozen = true;
    }
    return MW_COSEM_DONE;
}

void mw_electric_model_rows(mw_electric_model *model) {
    model->rows = rows;
    model->row = row;
    model->rows_clear = rows_clear;
    model->capture = capture;
}
