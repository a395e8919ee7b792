/* SPDX-License-Identifier: Apache-2.0 */
#include "meters/electricity/billing.h"

#include "base/assert.h"

#define VERSION     1
#define OPEN_STATES 48
#define DAY_S       INT64_C(86400)

uint32_t mw_electric_billing_sectors(uint32_t sector_bytes, uint32_t records) {
    return mw_electric_blob_sectors(sector_bytes, MW_ELECTRIC_BILLING_BYTES, records);
}

uint32_t mw_electric_billing_open_sectors(uint32_t sector_bytes) {
    return mw_electric_blob_sectors(sector_bytes, MW_ELECTRIC_BILLING_OPEN_BYTES, OPEN_STATES);
}

/* ---- Bytes of a record ---- */

static uint32_t u32_of(int64_t v) {
    return v < 0 ? 0 : v > UINT32_MAX ? UINT32_MAX : (uint32_t)v;
}

static void write_count(mw_writer *w, int64_t milli) {
    const int64_t most = (INT64_C(1) << 48) - 1;
    uint64_t v = milli < 0 ? 0 : milli > most ? (uint64_t)most : (uint64_t)milli;
    mw_write_u32le(w, (uint32_t)v);
    mw_write_u16le(w, (uint16_t)(v >> 32));
}

static int64_t read_count(mw_reader *r) {
    uint64_t low = mw_read_u32le(r);
    return (int64_t)(low | (uint64_t)mw_read_u16le(r) << 32);
}

static void encode(const mw_electric_billing_record *of, uint8_t out[MW_ELECTRIC_BILLING_BYTES]) {
    mw_writer w = mw_writer_of((mw_span){out, MW_ELECTRIC_BILLING_BYTES});
    mw_write_u8(&w, VERSION);
    mw_write_u8(&w, of->flags);
    mw_write_u32le(&w, of->number);
    mw_write_u32le(&w, of->at_s);
    mw_write_u32le(&w, of->closed_s);
    for (unsigned r = 0; r < MW_ELECTRIC_TARIFF_REGISTERS; r++) {
        write_count(&w, of->total[r]);
        for (unsigned t = 0; t < MW_TARIFFS; t++)
            write_count(&w, of->tariff[t][r]);
        for (unsigned e = 0; e < MW_ELECTRIC_ELEMENTS; e++)
            write_count(&w, of->phase[e][r]);
    }
    for (unsigned q = 0; q < 4; q++)
        write_count(&w, of->quadrant[q]);
    for (unsigned i = 0; i <= MW_TARIFFS; i++) {
        const mw_electric_demand_max *m = &of->max[i];
        mw_write_u32le(&w, u32_of(m->mw));
        mw_write_u32le(&w, mw_utc_is_none(m->at) ? 0 : u32_of(mw_utc_floor_s(m->at)));
    }
    mw_assert(w.status == MW_OK && mw_writer_left(&w) == 0);
}

static bool decode(mw_slice in, mw_electric_billing_record *out) {
    mw_reader r = mw_reader_of(in);
    bool good = mw_read_u8(&r) == VERSION;
    out->flags = mw_read_u8(&r);
    out->number = mw_read_u32le(&r);
    out->at_s = mw_read_u32le(&r);
    out->closed_s = mw_read_u32le(&r);
    for (unsigned k = 0; k < MW_ELECTRIC_TARIFF_REGISTERS; k++) {
        out->total[k] = read_count(&r);
        for (unsigned t = 0; t < MW_TARIFFS; t++)
            out->tariff[t][k] = read_count(&r);
        for (unsigned e = 0; e < MW_ELECTRIC_ELEMENTS; e++)
            out->phase[e][k] = read_count(&r);
    }
    for (unsigned q = 0; q < 4; q++)
        out->quadrant[q] = read_count(&r);
    for (unsigned i = 0; i <= MW_TARIFFS; i++) {
        out->max[i].mw = mw_read_u32le(&r);
        uint32_t at = mw_read_u32le(&r);
        out->max[i].at = at == 0 ? MW_UTC_NONE : mw_utc_of_s(at);
    }
    return good && r.status == MW_OK;
}

static void fill(mw_electric_billing_record *to, const mw_electric_billing_source *of) {
    const mw_electric_energy *e = of->energy;
    const mw_electric_tariffs *t = of->tariffs;
    for (unsigned r = 0; r < MW_ELECTRIC_TARIFF_REGISTERS; r++) {
        to->total[r] = t->total[r].milli;
        for (unsigned n = 0; n < MW_TARIFFS; n++)
            to->tariff[n][r] = t->count[n][r].milli;
    }
    for (unsigned k = 0; k < MW_ELECTRIC_ELEMENTS; k++) {
        to->phase[k][MW_ELECTRIC_TARIFF_A_PLUS] = e->count[k][MW_ELECTRIC_A_PLUS].milli;
        to->phase[k][MW_ELECTRIC_TARIFF_A_MINUS] = e->count[k][MW_ELECTRIC_A_MINUS].milli;
        to->phase[k][MW_ELECTRIC_TARIFF_R_PLUS] = mw_electric_r_plus(e, k);
        to->phase[k][MW_ELECTRIC_TARIFF_R_MINUS] = mw_electric_r_minus(e, k);
    }
    for (unsigned q = 0; q < 4; q++)
        to->quadrant[q] = e->count[MW_ELECTRIC_TOTAL][MW_ELECTRIC_R1 + q].milli;
    for (unsigned i = 0; i <= MW_TARIFFS; i++)
        to->max[i] = of->demand->max[i];
}

/* ---- The open period ---- */

mw_status mw_electric_billing_save(mw_electric_billing *b, const mw_flash *flash,
                                   const mw_electric_demand *demand) {
    uint8_t bytes[MW_ELECTRIC_BILLING_OPEN_BYTES];
    mw_writer w = mw_writer_of(MW_SPAN_OF(bytes));
    mw_write_u8(&w, VERSION);
    for (unsigned k = 0; k < MW_ELECTRIC_BILLING_LOGS; k++)
        mw_write_u32le(&w, b->known[k] ? u32_of(mw_utc_floor_s(b->last[k])) : 0);
    mw_write_u32le(&w, b->next[MW_ELECTRIC_BILLING_MONTHLY]);
    uint8_t state[MW_ELECTRIC_DEMAND_BYTES];
    mw_electric_demand_encode(demand, state);
    mw_write_bytes(&w, MW_SLICE_OF(state));
    return mw_electric_blob_write(&b->open, flash, MW_SLICE_OF(bytes));
}

static void began(mw_electric_billing *b, unsigned log, uint32_t at_s) {
    mw_utc at = mw_utc_of_s(at_s);
    if (at_s != 0 && (!b->known[log] || at.us > b->last[log].us))
        b->last[log] = at;
    b->known[log] = b->known[log] || at_s != 0;
}

static mw_status open_load(mw_electric_billing *b, const mw_flash *flash,
                           mw_electric_demand *demand) {
    uint8_t bytes[MW_ELECTRIC_BILLING_OPEN_BYTES];
    mw_ringlog_cursor at = mw_ringlog_from_newest(&b->open.log);
    mw_status s = mw_electric_blob_older(&b->open, flash, &at, MW_SPAN_OF(bytes));
    if (s != MW_OK || bytes[0] != VERSION)
        return s == MW_NOT_FOUND ? MW_OK : s;
    mw_reader r = mw_reader_of(MW_SLICE_OF(bytes));
    (void)mw_read_u8(&r);
    for (unsigned k = 0; k < MW_ELECTRIC_BILLING_LOGS; k++)
        began(b, k, mw_read_u32le(&r));
    uint32_t number = mw_read_u32le(&r);
    mw_slice state = mw_read_bytes(&r, MW_ELECTRIC_DEMAND_BYTES);
    if (mw_electric_demand_decode(demand, state.p) != MW_OK)
        return MW_OK;
    /* The state of a period that has its record: the cut came between the two. */
    if (number != b->next[MW_ELECTRIC_BILLING_MONTHLY])
        mw_electric_demand_clear(demand);
    return MW_OK;
}

mw_status mw_electric_billing_mount(mw_electric_billing *b, const mw_flash *flash,
                                    const mw_electric_billing_place place[3], uint8_t day,
                                    uint8_t hour, mw_electric_demand *demand) {
    if (day < 1 || day > 28 || hour > 23)
        return MW_RANGE;
    mw_electric_billing n = {.day = day, .hour = hour};
    for (unsigned k = 0; k < MW_ELECTRIC_BILLING_LOGS; k++) {
        MW_TRY(mw_electric_blob_mount(&n.log[k], flash, place[k].first_sector, place[k].sectors,
                                      MW_ELECTRIC_BILLING_BYTES, place[k].kind));
        mw_electric_billing_record newest;
        mw_ringlog_cursor at = mw_ringlog_from_newest(&n.log[k].log);
        mw_status s = mw_electric_billing_older(&n, flash, (mw_electric_billing_log)k, &at, 0,
                                                UINT32_MAX, &newest);
        if (s == MW_OK) {
            n.next[k] = newest.number + 1;
            began(&n, k, newest.at_s);
        } else if (s != MW_NOT_FOUND) {
            return s;
        }
    }
    MW_TRY(mw_electric_blob_mount(&n.open, flash, place[2].first_sector, place[2].sectors,
                                  MW_ELECTRIC_BILLING_OPEN_BYTES, place[2].kind));
    MW_TRY(open_load(&n, flash, demand));
    *b = n;
    return MW_OK;
}

/* ---- Moments ---- */

/* Number of the local day, or of the billing period, that `t` is in. */
static int64_t number_of(const mw_electric_billing *b, const mw_tariff_calendar *c, unsigned log,
                         mw_utc t) {
    mw_tariff_local l = mw_tariff_calendar_local(c, t);
    if (log == MW_ELECTRIC_BILLING_DAILY)
        return l.day;
    int32_t year;
    uint8_t month, day;
    mw_date_of_days(l.day, &year, &month, &day);
    bool before = day < b->day || (day == b->day && l.second < b->hour * 3600);
    return (int64_t)year * 12 + month - 1 - before;
}

/* The moment at which the local time is this; summer time is found by asking again. */
static mw_utc utc_of_local(const mw_tariff_calendar *c, int64_t day, int32_t second) {
    int64_t want = day * DAY_S + second;
    mw_utc t = mw_utc_of_s(want - c->offset_min * 60);
    for (unsigned i = 0; i < 2; i++) {
        mw_tariff_local l = mw_tariff_calendar_local(c, t);
        t.us += (want - (l.day * DAY_S + l.second)) * MW_US_PER_S;
    }
    return t;
}

/* When the day or period of this number began. */
static mw_utc begin_of(const mw_electric_billing *b, const mw_tariff_calendar *c, unsigned log,
                       int64_t number) {
    if (log == MW_ELECTRIC_BILLING_DAILY)
        return utc_of_local(c, number, 0);
    int64_t day = mw_days_of_date((int32_t)(number / 12), (unsigned)(number % 12 + 1), b->day);
    return utc_of_local(c, day, b->hour * 3600);
}

static bool is_due(mw_electric_billing *b, const mw_tariff_calendar *c, unsigned log, mw_utc now) {
    if (!b->known[log]) { /* the first day of a life: nothing to tell yet */
        b->known[log] = true;
        b->last[log] = now;
        return false;
    }
    if (now.us < b->last[log].us) {
        b->stepped[log] = true;
        b->last[log] = now;
        return false;
    }
    return number_of(b, c, log, now) > number_of(b, c, log, b->last[log]);
}

unsigned mw_electric_billing_due(mw_electric_billing *b, const mw_tariff_calendar *calendar,
                                 mw_utc now) {
    unsigned due = 0;
    for (unsigned k = 0; k < MW_ELECTRIC_BILLING_LOGS; k++)
        due |= is_due(b, calendar, k, now) ? 1u << k : 0;
    return due;
}

static mw_status write_record(mw_electric_billing *b, const mw_flash *flash, unsigned log,
                              mw_utc at, mw_utc now, uint8_t flags,
                              const mw_electric_billing_source *of) {
    mw_electric_billing_record r = {.number = b->next[log],
                                    .at_s = u32_of(mw_utc_floor_s(at)),
                                    .closed_s = u32_of(mw_utc_floor_s(now)),
                                    .flags = flags};
    if (r.closed_s > r.at_s + MW_ELECTRIC_BILLING_LATE_S)
        r.flags |= MW_ELECTRIC_BILLING_LATE;
    if (b->stepped[log])
        r.flags |= MW_ELECTRIC_BILLING_CLOCK;
    fill(&r, of);
    uint8_t bytes[MW_ELECTRIC_BILLING_BYTES];
    encode(&r, bytes);
    MW_TRY(mw_electric_blob_write(&b->log[log], flash, MW_SLICE_OF(bytes)));
    b->next[log]++;
    b->stepped[log] = false;
    b->known[log] = true;
    b->last[log] = at;
    if (log == MW_ELECTRIC_BILLING_MONTHLY)
        mw_electric_demand_clear(of->demand);
    return mw_electric_billing_save(b, flash, of->demand);
}

mw_status mw_electric_billing_close(mw_electric_billing *b, const mw_flash *flash,
                                    const mw_tariff_calendar *calendar, mw_utc now,
                                    const mw_electric_billing_source *of) {
    unsigned due = mw_electric_billing_due(b, calendar, now);
    for (unsigned k = 0; k < MW_ELECTRIC_BILLING_LOGS; k++)
        if ((due >> k & 1) != 0) {
            mw_utc at = begin_of(b, calendar, k, number_of(b, calendar, k, now));
            MW_TRY(write_record(b, flash, k, at, now, 0, of));
        }
    return MW_OK;
}

mw_status mw_electric_billing_command(mw_electric_billing *b, const mw_flash *flash, mw_utc now,
                                      const mw_electric_billing_source *of) {
    return write_record(b, flash, MW_ELECTRIC_BILLING_MONTHLY, now, now,
                        MW_ELECTRIC_BILLING_COMMANDED, of);
}

mw_status mw_electric_billing_older(const mw_electric_billing *b, const mw_flash *flash,
                                    mw_electric_billing_log log, mw_ringlog_cursor *cursor,
                                    uint32_t from_s, uint32_t to_s,
                                    mw_electric_billing_record *out) {
    mw_electric_billing_record r;
    uint8_t bytes[MW_ELECTRIC_BILLING_BYTES];
    do
        MW_TRY(mw_electric_blob_older(&b->log[log], flash, cursor, MW_SPAN_OF(bytes)));
    while (!decode(MW_SLICE_OF(bytes), &r) || r.at_s < from_s || r.at_s >= to_s);
    *out = r;
    return MW_OK;
}
