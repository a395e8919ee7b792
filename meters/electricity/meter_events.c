/* SPDX-License-Identifier: Apache-2.0
 * What happened: into its log, and to display, push and relay as the masks want it. */
#include "meters/electricity/meter_internal.h"

/* Rows that SPODES asks for; 0: the log is not ours to fill. */
uint32_t mw_electric_log_rows(mw_spodes_log log) {
    static const uint16_t rows[MW_ELECTRIC_LOGS] = {1024, 256, 256, 1024, 256, 128, 128, 256,
                                                    256,  500, 128, 0,    0,   128, 0,   0};
    return rows[log];
}

/* Logs of the state of power quality and of inputs, and of moves of the clock. */
enum { LOG_QUALITY = 9, LOG_INPUTS = 10, LOG_CLOCK = 13 };

static uint16_t inputs_status(const mw_electric_meter *m) {
    const mw_electric_inputs *i = &m->inputs;
    return (uint16_t)(i->case_open | i->cover_open << 1 | i->magnet << 2 | i->radio_field << 3);
}

static void append(mw_electric_meter *m, unsigned log, uint8_t code, mw_utc at, int32_t value,
                   uint32_t duration_ms) {
    if (mw_electric_log_rows((mw_spodes_log)log) == 0)
        return;
    uint8_t payload[MW_ELECTRIC_LOGGED_PAYLOAD];
    mw_writer w = mw_writer_of(MW_SPAN_OF(payload));
    mw_write_u32le(&w, (uint32_t)mw_utc_floor_s(at));
    mw_write_u8(&w, code);
    mw_write_u8(&w, m->port);
    mw_write_u8(&w, m->client);
    mw_write_u8(&w, 0);
    mw_write_u32le(&w, (uint32_t)value);
    mw_write_u32le(&w, m->kept.run_s);
    mw_write_u16le(&w, mw_electric_quality_status(&m->quality));
    mw_write_u16le(&w, inputs_status(m));
    mw_write_u32le(&w, duration_ms);
    /* Flash that fails is told by the diagnosis at the next boot; measuring goes on. */
    mw_status s = mw_ringlog_append(&m->logs[log], &m->flash, mw_writer_done(&w));
    (void)s;
}

bool mw_electric_event_pushed(const mw_electric_meter *m, uint16_t code) {
    uint8_t place = mw_spodes_event_bit(code);
    return place != MW_SPODES_NO_BIT && (m->settings.event_mask[1] >> place & 1) != 0;
}

static void drive(mw_electric_meter *m, const mw_electric_event *e) {
    uint16_t code = e->code;
    uint8_t place = mw_spodes_event_bit(code);
    if (place == MW_SPODES_NO_BIT)
        return;
    uint64_t bit = UINT64_C(1) << place;
    bool ends = mw_spodes_event_ends(code);
    const uint64_t *mask = m->settings.event_mask;
    /* What is switched or set has no end that would take the sign off the glass again. */
    mw_spodes_log log = mw_spodes_event_log(code);
    bool lasts = log != MW_SPODES_LOG_SWITCHING && log != MW_SPODES_LOG_PROGRAMMING;
    if (lasts && (mask[0] & bit) != 0)
        m->display_events = ends ? m->display_events & ~bit : m->display_events | bit;
    if (!ends)
        m->kept.push_flags |= bit;
    if (mw_electric_event_pushed(m, code)) {
        m->push_due = true;
        if (m->listener.tell != NULL)
            m->listener.tell(m->listener.context, e);
    }
    if ((mask[2] & bit) != 0)
        mw_electric_control_event(m, bit, !ends);
}

static void take(mw_electric_meter *m, const mw_electric_event *e) {
    mw_spodes_log log = mw_spodes_event_log(e->code);
    append(m, log, mw_spodes_event_number(e->code), e->at, e->value, e->duration_ms);
    if (log == MW_SPODES_LOG_VOLTAGE)
        append(m, LOG_QUALITY, 0, e->at, 0, 0);
    if (log == MW_SPODES_LOG_INFLUENCE)
        append(m, LOG_INPUTS, 0, e->at, 0, 0);
    drive(m, e);
}

void mw_electric_meter_raise(mw_electric_meter *m, uint16_t code, int64_t value,
                             int64_t duration_ms) {
    mw_electric_noticed n = {0};
    mw_electric_notice(&n, code, mw_electric_now(m), value, duration_ms);
    mw_electric_meter_tell(m, &n);
}

void mw_electric_meter_tell(mw_electric_meter *m, const mw_electric_noticed *n) {
    for (unsigned i = 0; i < n->n; i++)
        take(m, &n->event[i]);
}

void mw_electric_meter_moved(mw_electric_meter *m, int64_t seconds) {
    int64_t s = seconds > INT32_MAX ? INT32_MAX : seconds < INT32_MIN ? INT32_MIN : seconds;
    append(m, LOG_CLOCK, 0, mw_electric_now(m), (int32_t)s, 0);
}

mw_status mw_electric_log_numbered(const mw_electric_meter *m, unsigned log, uint32_t number,
                                   mw_electric_logged *out) {
    uint8_t payload[MW_ELECTRIC_LOGGED_PAYLOAD];
    if (log >= MW_ELECTRIC_LOGS || mw_electric_log_rows((mw_spodes_log)log) == 0)
        return MW_NOT_FOUND;
    MW_TRY(mw_ringlog_numbered(&m->logs[log], &m->flash, number, MW_SPAN_OF(payload)));
    mw_reader r = mw_reader_of(MW_SLICE_OF(payload));
    out->at_s = mw_read_u32le(&r);
    out->code = mw_read_u8(&r);
    out->channel = mw_read_u8(&r);
    out->client = mw_read_u8(&r);
    (void)mw_read_u8(&r);
    out->value = (int32_t)mw_read_u32le(&r);
    out->run_s = mw_read_u32le(&r);
    out->quality = mw_read_u16le(&r);
    out->inputs = mw_read_u16le(&r);
    out->duration_ms = mw_read_u32le(&r);
    return MW_OK;
}

mw_status mw_electric_meter_logged(const mw_electric_meter *m, mw_spodes_log log, uint32_t n,
                                   mw_electric_logged *out) {
    if ((unsigned)log >= MW_ELECTRIC_LOGS || n >= m->logs[log].next_seq)
        return MW_NOT_FOUND;
    return mw_electric_log_numbered(m, log, m->logs[log].next_seq - 1 - n, out);
}
