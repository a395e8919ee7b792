/* SPDX-License-Identifier: Apache-2.0
 * Where everything lies in flash, and how it comes back after a power failure. */
#include <string.h>

#include "base/assert.h"
#include "meters/electricity/meter_internal.h"

enum kind {
    KIND_REGISTERS = 0x40,
    KIND_CALENDAR,
    KIND_CALENDAR_PASSIVE,
    KIND_SETTINGS,
    KIND_KEPT,
    KIND_LOAD,
    KIND_POWER,
    KIND_SEALED,
    KIND_COUNTERS,
    KIND_CLOCK,
    KIND_DAILY,
    KIND_MONTHLY,
    KIND_OPEN,
    KIND_LOG, /* + 0..15 */
};

#define SECTOR              4096
#define REGISTER_SECTORS    64
#define POWER_PAYLOAD       MW_ELECTRIC_POWERLOG_PAYLOAD
#define LOG_PAYLOAD         MW_ELECTRIC_LOGGED_PAYLOAD
#define SPARE_ROWS          64 /* slots that cuts may tear */
#define CALENDAR_HEAD       (1 + 8 + 4 + 2)
#define CALENDAR_BYTES      (CALENDAR_HEAD + MW_TARIFF_CALENDAR_MAX)
#define KEPT_VERSION        1
#define KEPT_BYTES          (1 + 9 * 4 + 8 + 4 + MW_ELECTRIC_TAMPER_BYTES + MW_ELECTRIC_QUALITY_BYTES)

#define PLACES(first, last) (UINT64_MAX >> (63 - (last) + (first)) << (first))
/* Of the 64: phases without voltage (0 to 2), power above the limit (26), the supply lost and back (28,
 * 29), disconnected by a limit, for a current, a magnet, a difference of currents, heat or a cover (35
 * to 37, 39 to 41); magnet, cover, case, radio field, access (53 to 57); measuring and memory failed
 * (59, 61). */
#define PUSHED_EVENTS                                                                              \
    (PLACES(0, 2) | PLACES(26, 26) | PLACES(28, 29) | PLACES(35, 37) | PLACES(39, 41) |            \
     PLACES(53, 57) | PLACES(59, 59) | PLACES(61, 61))

/* ---- Settings ---- */

void mw_electric_settings_defaults(mw_electric_settings *s, const mw_electric_type *type,
                                   const mw_electric_provision *p) {
    mw_electric_quality_config q =
        mw_electric_quality_defaults(type->rated, mw_electric_mains_of(p));
    *s = (mw_electric_settings){
        .load_period_min = {60, 60, 30},
        .demand_period_min = 30,
        .event_mask = {UINT64_MAX, PUSHED_EVENTS, 0},
        .sag_mv = q.sag_uv / 1000,
        .swell_mv = q.swell_uv / 1000,
        .cut_mv = q.cut_uv / 1000,
        .tan_phi_milli = 500,
        .unbalance_ppm = q.unbalance_ppm,
        .line_speed = {5, 5},
        .address = {16, 16},
        .inter_octet_ms = {25, 25},
        .inactivity_s = {120, 120},
        .relay_mode = 4,
        .push = {.retries = 3, .retry_s = 60},
        .key = {p->encryption, p->encryption, p->authentication, p->wrapping}};
    static const uint16_t watched[MW_ELECTRIC_LIMITERS] = {MW_ELECTRIC_N_POWER,
                                                           MW_ELECTRIC_N_CURRENT,
                                                           MW_ELECTRIC_N_VOLTAGE,
                                                           MW_ELECTRIC_N_TAMPER_COUNT +
                                                               MW_ELECTRIC_TAMPER_MAGNET,
                                                           MW_ELECTRIC_N_DIFFERENCE_CURRENT,
                                                           MW_ELECTRIC_N_TEMPERATURE};
    for (unsigned i = 0; i < MW_ELECTRIC_LIMITERS; i++)
        s->limit[i] = (mw_electric_limit){.watched = watched[i],
                                          .normal = INT32_MAX,
                                          .emergency = INT32_MAX,
                                          .over_s = 10,
                                          .under_s = 10,
                                          .emergency_from = {0}};
    s->limit[MW_ELECTRIC_LIMIT_TEMPERATURE].normal = 850; /* 85 C */
    s->limit[MW_ELECTRIC_LIMIT_TEMPERATURE].emergency = 850;
    static const uint16_t monitored[MW_ELECTRIC_MONITORS] = {
        MW_ELECTRIC_N_POWER, MW_ELECTRIC_N_VOLTAGE, MW_ELECTRIC_N_CURRENT};
    for (unsigned i = 0; i < MW_ELECTRIC_MONITORS; i++) {
        s->monitor[i].watched = monitored[i];
        s->monitor_limit[i] = INT32_MAX;
    }
    /* The billing period ends with the month: 00:00:00 of any first day. */
    s->schedule[0].moments = 1;
    static const uint8_t monthly[9] = {0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 1, 0xFF};
    mw_bytes_copy(s->schedule[0].moment[0], monthly, sizeof monthly);
    const char *password[MW_ELECTRIC_PASSWORDS] = {p->reader_password, p->configurator_password};
    for (unsigned i = 0; i < MW_ELECTRIC_PASSWORDS; i++) {
        size_t n = strlen(password[i]);
        mw_assert(n <= MW_ELECTRIC_PASSWORD_MAX);
        s->password[i].n = (uint8_t)n;
        mw_bytes_copy(s->password[i].b, password[i], n);
    }
}

uint8_t mw_electric_settings_keep(mw_electric_meter *m, const mw_electric_settings *changed,
                                  uint16_t code) {
    uint8_t bytes[MW_ELECTRIC_SETTINGS_BYTES];
    mw_electric_settings next = *changed;
    if (code != 0) {
        next.programmed++;
        next.programmed_at_s = (uint32_t)mw_utc_floor_s(mw_electric_now(m));
    }
    mw_electric_settings_encode(&next, bytes);
    mw_status s = mw_electric_blob_write(&m->settings_blob, &m->flash, MW_SLICE_OF(bytes));
    mw_bytes_wipe(bytes, sizeof bytes);
    if (s == MW_OK) {
        m->settings = next;
        if (code != 0)
            mw_electric_meter_raise(m, code, 0, 0);
    }
    mw_bytes_wipe(&next, sizeof next);
    return s == MW_OK ? MW_COSEM_DONE : MW_COSEM_HARDWARE_FAULT;
}

static mw_status settings_load(mw_electric_meter *m) {
    uint8_t bytes[MW_ELECTRIC_SETTINGS_BYTES];
    mw_ringlog_cursor at = mw_ringlog_from_newest(&m->settings_blob.log);
    mw_status s;
    mw_electric_settings_defaults(&m->settings, m->type, m->provision);
    while ((s = mw_electric_blob_older(&m->settings_blob, &m->flash, &at, MW_SPAN_OF(bytes))) ==
           MW_OK)
        if (mw_electric_settings_decode(bytes, &m->settings) == MW_OK)
            break;
    mw_bytes_wipe(bytes, sizeof bytes);
    return s == MW_NOT_FOUND ? MW_OK : s;
}

/* ---- What else outlives a power failure ---- */

static void kept_encode(const mw_electric_meter *m, uint8_t out[KEPT_BYTES]) {
    const mw_electric_kept *k = &m->kept;
    mw_writer w = mw_writer_of((mw_span){out, KEPT_BYTES});
    mw_write_u8(&w, KEPT_VERSION);
    mw_write_u32le(&w, k->run_s);
    mw_write_u32le(&w, k->pulses);
    mw_write_u32le(&w, k->power_failures);
    mw_write_u32le(&w, k->long_power_failures);
    mw_write_u32le(&w, k->off_s);
    mw_write_u32le(&w, k->off_long_s);
    mw_write_u32le(&w, k->off_long_end_s);
    mw_write_u32le(&w, k->off);
    mw_write_u32le(&w, m->forced_tariff);
    mw_write_u64le(&w, k->push_flags);
    mw_write_u8(&w, (uint8_t)m->supply.state);
    mw_write_u8(&w, m->supply.reasons);
    mw_write_u8(&w, m->supply.local);
    mw_write_u8(&w, 0);
    uint8_t part[MW_ELECTRIC_TAMPER_BYTES > MW_ELECTRIC_QUALITY_BYTES ? MW_ELECTRIC_TAMPER_BYTES
                                                                      : MW_ELECTRIC_QUALITY_BYTES];
    mw_electric_tamper_encode(&m->tamper, m->second, part);
    mw_write_bytes(&w, (mw_slice){part, MW_ELECTRIC_TAMPER_BYTES});
    mw_electric_quality_encode(&m->quality, part);
    mw_write_bytes(&w, (mw_slice){part, MW_ELECTRIC_QUALITY_BYTES});
    mw_assert(w.status == MW_OK && mw_writer_left(&w) == 0);
}

mw_status mw_electric_kept_save(mw_electric_meter *m) {
    uint8_t bytes[KEPT_BYTES];
    kept_encode(m, bytes);
    return mw_electric_blob_write(&m->kept_blob, &m->flash, MW_SLICE_OF(bytes));
}

static void kept_take(mw_electric_meter *m, const uint8_t in[KEPT_BYTES], mw_mono now) {
    mw_electric_kept *k = &m->kept;
    mw_reader r = mw_reader_of((mw_slice){in, KEPT_BYTES});
    if (mw_read_u8(&r) != KEPT_VERSION)
        return;
    k->run_s = mw_read_u32le(&r);
    k->pulses = mw_read_u32le(&r);
    k->power_failures = mw_read_u32le(&r);
    k->long_power_failures = mw_read_u32le(&r);
    k->off_s = mw_read_u32le(&r);
    k->off_long_s = mw_read_u32le(&r);
    k->off_long_end_s = mw_read_u32le(&r);
    k->off = mw_read_u32le(&r) != 0;
    m->forced_tariff = mw_read_u32le(&r);
    k->push_flags = mw_read_u64le(&r);
    k->supply_state = mw_read_u8(&r);
    k->supply_reasons = mw_read_u8(&r);
    k->supply_local = mw_read_u8(&r) != 0;
    (void)mw_read_u8(&r);
    mw_slice tamper = mw_read_bytes(&r, MW_ELECTRIC_TAMPER_BYTES);
    mw_slice quality = mw_read_bytes(&r, MW_ELECTRIC_QUALITY_BYTES);
    /* Of another version: they begin anew. */
    mw_status s = mw_electric_tamper_decode(&m->tamper, tamper.p, now);
    s = mw_electric_quality_decode(&m->quality, quality.p, now, mw_rtc_utc(&m->rtc, now));
    (void)s;
    if (m->forced_tariff > MW_TARIFFS)
        m->forced_tariff = 0;
}

static mw_status kept_load(mw_electric_meter *m, mw_mono now) {
    uint8_t bytes[KEPT_BYTES];
    mw_ringlog_cursor at = mw_ringlog_from_newest(&m->kept_blob.log);
    m->kept = (mw_electric_kept){.supply_state = MW_ELECTRIC_SUPPLY_ON};
    mw_status s = mw_electric_blob_older(&m->kept_blob, &m->flash, &at, MW_SPAN_OF(bytes));
    if (s == MW_OK)
        kept_take(m, bytes, now);
    return s == MW_NOT_FOUND ? MW_OK : s;
}

mw_status mw_electric_registers_save(mw_electric_meter *m) {
    MW_TRY(mw_electric_store_save(&m->store, &m->flash, &m->energy, &m->tariffs));
    return mw_electric_billing_save(&m->billing, &m->flash, &m->demand);
}

/* ---- Calendars: a record is the moment it begins, its number, its length and its bytes ---- */

static mw_status calendar_write(mw_electric_meter *m, unsigned slot, uint32_t number,
                                const mw_tariff_calendar *c, mw_utc from) {
    uint8_t bytes[CALENDAR_BYTES] = {0};
    mw_writer w = mw_writer_of(MW_SPAN_OF(bytes));
    mw_write_u8(&w, 1);
    mw_write_u64le(&w, (uint64_t)from.us);
    mw_write_u32le(&w, number);
    size_t n;
    MW_TRY(
        mw_tariff_calendar_encode(c, (mw_span){bytes + CALENDAR_HEAD, MW_TARIFF_CALENDAR_MAX}, &n));
    mw_write_u16le(&w, (uint16_t)n);
    return mw_electric_blob_write(&m->calendars[slot], &m->flash, MW_SLICE_OF(bytes));
}

static mw_status calendar_read(mw_electric_meter *m, unsigned slot, uint32_t *out_number,
                               mw_tariff_calendar *out, mw_utc *out_from) {
    uint8_t bytes[CALENDAR_BYTES];
    mw_ringlog_cursor at = mw_ringlog_from_newest(&m->calendars[slot].log);
    MW_TRY(mw_electric_blob_older(&m->calendars[slot], &m->flash, &at, MW_SPAN_OF(bytes)));
    mw_reader r = mw_reader_of(MW_SLICE_OF(bytes));
    (void)mw_read_u8(&r);
    out_from->us = (int64_t)mw_read_u64le(&r);
    *out_number = mw_read_u32le(&r);
    mw_slice encoded = mw_read_bytes(&r, mw_read_u16le(&r));
    return r.status != MW_OK ? r.status : mw_tariff_calendar_decode(encoded, out);
}

/* The active one has the number of the passive one it was: after a cut between the two writes the
 * passive one is seen to be taken already. */
mw_status mw_electric_calendar_keep(mw_electric_meter *m, const mw_tariff_calendar *c,
                                    mw_utc from) {
    MW_TRY(mw_tariff_calendar_check(c));
    MW_TRY(calendar_write(m, 1, m->tariffs.changes + 1, c, from));
    return mw_electric_tariffs_program(&m->tariffs, c, from);
}

mw_status mw_electric_calendar_take(mw_electric_meter *m, const mw_tariff_calendar *c,
                                    mw_utc from) {
    mw_utc now = mw_electric_now(m);
    MW_TRY(mw_electric_calendar_keep(m, c, from.us < now.us ? now : from));
    mw_electric_meter_raise(m, MW_SPODES_CALENDAR_DATE_SET, 0, 0);
    mw_electric_calendar_turn(m);
    return MW_OK;
}

void mw_electric_calendar_turn(mw_electric_meter *m) {
    mw_electric_tariffs *t = &m->tariffs;
    if (!mw_electric_tariffs_due(t, mw_electric_now(m)))
        return;
    const mw_tariff_calendar *next = &t->calendar[!t->active];
    if (calendar_write(m, 0, t->changes + 1, next, t->passive_from) != MW_OK)
        return; /* tried again at the next step */
    mw_electric_tariffs_activate(t);
    mw_electric_meter_raise(m, MW_SPODES_CALENDAR_ACTIVE, 0, 0);
}

static mw_status calendars_load(mw_electric_meter *m) {
    mw_electric_tariffs *t = &m->tariffs;
    uint32_t active = 0, passive = 0;
    mw_utc from;
    mw_status s = calendar_read(m, 0, &active, &t->calendar[t->active], &from);
    if (s == MW_IO)
        return s;
    t->changes = s == MW_OK ? active : 0;
    s = calendar_read(m, 1, &passive, &t->calendar[!t->active], &from);
    if (s == MW_IO)
        return s;
    t->passive_valid = s == MW_OK && passive > t->changes;
    t->passive_from = from;
    return MW_OK;
}

/* ---- Places ---- */

typedef struct place {
    uint32_t at;
} place;

static uint32_t take(place *p, uint32_t sectors) {
    uint32_t first = p->at;
    p->at += sectors;
    return first;
}

static mw_status blob(mw_electric_meter *m, place *p, mw_electric_blob *b, uint16_t bytes,
                      uint8_t kind) {
    uint32_t sectors = mw_electric_blob_sectors(SECTOR, bytes, 3) + 2;
    return mw_electric_blob_mount(b, &m->flash, take(p, sectors), sectors, bytes, kind);
}

static mw_status profiles_mount(mw_electric_meter *m, place *p) {
    uint32_t rows = MW_ELECTRIC_LOADLOG_RECORDS + SPARE_ROWS;
    uint32_t n = mw_ringlog_sectors_for(SECTOR, MW_ELECTRIC_LOADLOG_PAYLOAD, rows);
    MW_TRY(mw_electric_loadlog_mount(&m->load, &m->flash, take(p, n), n, KIND_LOAD,
                                     (uint8_t)m->settings.load_period_min[0]));
    n = mw_ringlog_sectors_for(SECTOR, POWER_PAYLOAD, rows);
    MW_TRY(mw_ringlog_mount(&m->power.log, &m->flash, take(p, n), n, POWER_PAYLOAD, KIND_POWER));
    uint32_t days = mw_electric_billing_sectors(SECTOR, MW_ELECTRIC_BILLING_DAYS),
             months = mw_electric_billing_sectors(SECTOR, MW_ELECTRIC_BILLING_PERIODS),
             open = mw_electric_billing_open_sectors(SECTOR);
    mw_electric_billing_place of[3];
    of[0] = (mw_electric_billing_place){take(p, days), days, KIND_DAILY};
    of[1] = (mw_electric_billing_place){take(p, months), months, KIND_MONTHLY};
    of[2] = (mw_electric_billing_place){take(p, open), open, KIND_OPEN};
    uint8_t day = 1, hour = 0;
    mw_status s = mw_electric_schedule_month(&m->settings.schedule[0], &day, &hour);
    (void)s; /* checked when it was set */
    MW_TRY(mw_electric_billing_mount(&m->billing, &m->flash, of, day, hour, &m->demand));
    for (unsigned i = 0; i < MW_ELECTRIC_LOGS; i++) {
        uint32_t of_log = mw_electric_log_rows((mw_spodes_log)i);
        if (of_log == 0)
            continue;
        n = mw_ringlog_sectors_for(SECTOR, LOG_PAYLOAD, of_log + SPARE_ROWS / 4);
        MW_TRY(mw_ringlog_mount(&m->logs[i], &m->flash, take(p, n), n, LOG_PAYLOAD,
                                (uint8_t)(KIND_LOG + i)));
    }
    return MW_OK;
}

/* Clock: resumed at the newest moment that anything stored knows. */
static mw_utc latest_of(const mw_electric_meter *m) {
    uint32_t s = m->kept.off_s;
    mw_electric_logged l;
    for (unsigned i = 0; i < MW_ELECTRIC_LOGS; i++)
        if (m->logs[i].next_seq > 0 &&
            mw_electric_log_numbered(m, i, m->logs[i].next_seq - 1, &l) == MW_OK && l.at_s > s)
            s = l.at_s;
    return s == 0 ? MW_UTC_NONE : mw_utc_of_s(s);
}

static mw_status counters_load(mw_electric_meter *m) {
    uint8_t bytes[4 * MW_COSEM_ROLES];
    mw_status s = mw_ringlog_last(&m->counters, &m->flash, MW_SPAN_OF(bytes));
    mw_reader r = mw_reader_of(MW_SLICE_OF(bytes));
    for (unsigned i = 0; s == MW_OK && i < MW_COSEM_ROLES; i++)
        m->least[i] = mw_read_u32le(&r);
    return s == MW_NOT_FOUND ? MW_OK : s;
}

mw_status mw_electric_meter_mount(mw_electric_meter *m, const mw_board *board, mw_mono now) {
    place p = {0};
    MW_TRY(mw_electric_store_mount(&m->store, &m->flash, take(&p, REGISTER_SECTORS),
                                   REGISTER_SECTORS, KIND_REGISTERS));
    MW_TRY(blob(m, &p, &m->calendars[0], CALENDAR_BYTES, KIND_CALENDAR));
    MW_TRY(blob(m, &p, &m->calendars[1], CALENDAR_BYTES, KIND_CALENDAR_PASSIVE));
    MW_TRY(blob(m, &p, &m->settings_blob, MW_ELECTRIC_SETTINGS_BYTES, KIND_SETTINGS));
    uint32_t kept_first = take(&p, 16);
    MW_TRY(mw_electric_blob_mount(&m->kept_blob, &m->flash, kept_first, 16, KEPT_BYTES, KIND_KEPT));
    MW_TRY(mw_counter_mount(&m->sealed, &m->flash, take(&p, 2), 2, KIND_SEALED));
    MW_TRY(mw_ringlog_mount(&m->counters, &m->flash, take(&p, 8), 8, 4 * MW_COSEM_ROLES,
                            KIND_COUNTERS));
    MW_TRY(settings_load(m));
    MW_TRY(profiles_mount(m, &p));
    uint32_t clock_first = take(&p, 2), seal_first = take(&p, MW_ELECTRIC_SEAL_SECTORS);
    mw_assert(p.at <= MW_ELECTRIC_METER_SECTORS);
    MW_TRY(kept_load(m, now)); /* for off_s; the clock is not there yet */
    MW_TRY(mw_rtc_mount(&m->rtc, &m->flash, clock_first, 2, KIND_CLOCK, now, board->ticks_kept,
                        latest_of(m)));
    MW_TRY(kept_load(m, now));
    MW_TRY(mw_electric_seal_mount(m, seal_first, board->legal_checksum));
    MW_TRY(calendars_load(m));
    MW_TRY(counters_load(m));
    mw_status s = mw_electric_store_load(&m->store, &m->flash, &m->energy, &m->tariffs);
    return s == MW_NOT_FOUND ? MW_OK : s;
}
