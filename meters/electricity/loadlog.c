/* SPDX-License-Identifier: Apache-2.0 */
#include "meters/electricity/loadlog.h"

static int64_t at_most(int64_t v, int64_t max) {
    return v < 0 ? 0 : v > max ? max : v;
}

static int64_t mean(int64_t sum, int64_t parts) {
    return parts == 0 ? 0 : (sum + parts / 2) / parts;
}

mw_status mw_electric_loadlog_mount(mw_electric_loadlog *p, const mw_flash *flash,
                                    uint32_t first_sector, uint32_t sectors, uint8_t kind,
                                    uint8_t period_min) {
    static const uint8_t periods[] = {1, 3, 5, 10, 15, 30, 60};
    bool known = false;
    for (unsigned i = 0; i < sizeof periods; i++)
        known = known || periods[i] == period_min;
    if (!known)
        return MW_RANGE;
    mw_electric_loadlog n = {.period_min = period_min};
    MW_TRY(
        mw_ringlog_mount(&n.log, flash, first_sector, sectors, MW_ELECTRIC_LOADLOG_PAYLOAD, kind));
    *p = n;
    return MW_OK;
}

static mw_status close_period(mw_electric_loadlog *p, const mw_flash *flash,
                              const int64_t energy[MW_ELECTRIC_LOADLOG_ENERGIES], uint8_t flags) {
    int64_t seconds = (int64_t)p->period_min * 60;
    int64_t measured =
        at_most((p->parts + MW_ELECTRIC_PARTS_PER_S / 2) / MW_ELECTRIC_PARTS_PER_S, UINT16_MAX);
    if (measured < seconds)
        flags |= MW_ELECTRIC_LOADLOG_SHORT;
    uint8_t payload[MW_ELECTRIC_LOADLOG_PAYLOAD];
    mw_writer w = mw_writer_of(MW_SPAN_OF(payload));
    mw_write_u32le(&w, (uint32_t)at_most((p->period + 1) * seconds, UINT32_MAX));
    for (unsigned k = 0; k < MW_ELECTRIC_LOADLOG_ENERGIES; k++) {
        uint64_t v = (uint64_t)at_most(energy[k], (INT64_C(1) << 48) - 1);
        mw_write_u32le(&w, (uint32_t)v);
        mw_write_u16le(&w, (uint16_t)(v >> 32));
    }
    for (unsigned k = 0; k < MW_ELECTRIC_ELEMENTS; k++)
        mw_write_u16le(&w, (uint16_t)at_most(mean(p->u[k], p->parts * 10), UINT16_MAX));
    for (unsigned k = 0; k < MW_ELECTRIC_ELEMENTS; k++)
        mw_write_u24le(&w, (uint32_t)at_most(mean(p->i[k], p->parts), 0xFFFFFF));
    mw_write_u16le(&w, (uint16_t)at_most(mean(p->f, p->f_parts), UINT16_MAX));
    mw_write_u16le(&w, (uint16_t)measured);
    mw_write_u8(&w, flags);
    return mw_ringlog_append(&p->log, flash, MW_SLICE_OF(payload));
}

mw_status mw_electric_loadlog_window(mw_electric_loadlog *p, const mw_flash *flash,
                                     const int64_t energy[MW_ELECTRIC_LOADLOG_ENERGIES],
                                     const mw_electric_quantities *q, mw_utc begin) {
    int64_t length = (int64_t)p->period_min * 60 * 1000000;
    int64_t period = begin.us / length;
    mw_status s = MW_OK;
    if (!p->begun || period != p->period) {
        bool stepped = p->begun && period != p->period + 1;
        if (p->begun)
            s = close_period(p, flash, energy, stepped ? MW_ELECTRIC_LOADLOG_CLOCK : 0);
        mw_electric_loadlog n = {
            .log = p->log, .period_min = p->period_min, .begun = true, .period = period};
        *p = n;
    }
    for (unsigned k = 0; k < q->elements; k++) {
        p->u[k] += q->e[k].u_uv / 1000 * q->parts;
        p->i[k] += q->e[k].i_ua / 1000 * q->parts;
    }
    p->parts += q->parts;
    if (q->frequency_mhz > 0) {
        p->f += q->frequency_mhz * q->parts;
        p->f_parts += q->parts;
    }
    return s;
}

static void decode(mw_slice in, mw_electric_loadlog_record *out) {
    mw_reader r = mw_reader_of(in);
    out->end_s = mw_read_u32le(&r);
    for (unsigned k = 0; k < MW_ELECTRIC_LOADLOG_ENERGIES; k++) {
        uint64_t low = mw_read_u32le(&r);
        out->energy[k] = (int64_t)(low | (uint64_t)mw_read_u16le(&r) << 32);
    }
    for (unsigned k = 0; k < MW_ELECTRIC_ELEMENTS; k++)
        out->u_10mv[k] = mw_read_u16le(&r);
    for (unsigned k = 0; k < MW_ELECTRIC_ELEMENTS; k++)
        out->i_ma[k] = mw_read_u24le(&r);
    out->frequency_mhz = mw_read_u16le(&r);
    out->measured_s = mw_read_u16le(&r);
    out->flags = mw_read_u8(&r);
}

mw_status mw_electric_loadlog_older(const mw_electric_loadlog *p, const mw_flash *flash,
                                    mw_ringlog_cursor *cursor, uint32_t from_s, uint32_t to_s,
                                    mw_electric_loadlog_record *out) {
    mw_electric_loadlog_record record;
    do {
        uint8_t payload[MW_ELECTRIC_LOADLOG_PAYLOAD];
        uint32_t seq;
        MW_TRY(mw_ringlog_older(&p->log, flash, cursor, MW_SPAN_OF(payload), &seq));
        decode(MW_SLICE_OF(payload), &record);
    } while (record.end_s < from_s || record.end_s >= to_s);
    *out = record;
    return MW_OK;
}

mw_status mw_electric_loadlog_numbered(const mw_electric_loadlog *p, const mw_flash *flash,
                                       uint32_t number, mw_electric_loadlog_record *out) {
    uint8_t payload[MW_ELECTRIC_LOADLOG_PAYLOAD];
    MW_TRY(mw_ringlog_numbered(&p->log, flash, number, MW_SPAN_OF(payload)));
    decode(MW_SLICE_OF(payload), out);
    return MW_OK;
}
