/* SPDX-License-Identifier: Apache-2.0 */
#include "protocols/tariff/schedule.h"

#include <string.h>

enum {
    NAME,
    CLOCK,
    SEASON,
    PROGRAM,
    SEASONS_KEEP,
    PROGRAMS_KEEP,
    OTHER,
    SPECIALS,
};
enum { SPECIALS_KEEP, PROGRAM_RAW }; /* n of OTHER */
enum { KIND_SHIFT = 5, N_MASK = 0x1f, RUN_MAX = 32, ALIKE = 0x80, YEAR_0 = 2000 };

static uint8_t item(unsigned kind, unsigned n) {
    return (uint8_t)(kind << KIND_SHIFT | n);
}

/* ---- writing ---- */

static void name_put(mw_writer *w, const mw_tariff_calendar *to) {
    size_t n = sizeof to->name;
    while (n > 0 && to->name[n - 1] == 0)
        n--;
    mw_write_u8(w, item(NAME, (unsigned)n));
    mw_write_bytes(w, (mw_slice){(const uint8_t *)to->name, n});
}

static void change_put(mw_writer *w, const mw_tariff_change *d) {
    mw_write_u8(w, d->month);
    mw_write_u8(w, d->week);
    mw_write_u8(w, d->weekday);
    mw_write_u8(w, d->utc_hour);
}

static void clock_put(mw_writer *w, const mw_tariff_calendar *to) {
    mw_write_u8(w, item(CLOCK, 0));
    mw_write_u8(w, (uint8_t)(int8_t)(to->offset_min / 15));
    mw_write_u8(w, to->dst_min);
    change_put(w, &to->dst_begin);
    change_put(w, &to->dst_end);
}

static void season_put(mw_writer *w, const mw_tariff_season *s, unsigned n) {
    bool alike = true;
    for (unsigned d = 1; d < 5; d++)
        alike = alike && s->program[d] == s->program[0];
    mw_write_u8(w, item(SEASON, n));
    mw_write_u8(w, (uint8_t)(s->month | (alike ? ALIKE : 0)));
    mw_write_u8(w, s->day);
    unsigned first = alike ? 4 : 0; /* Friday stands for the workdays */
    mw_write_bytes(w, (mw_slice){s->program + first, 7 - first});
}

/* Half-hours from z on that have one tariff, RUN_MAX at most. */
static unsigned run_at(const uint8_t program[MW_TARIFF_ZONES / 2], unsigned z) {
    unsigned run = 1;
    while (run < RUN_MAX && z + run < MW_TARIFF_ZONES &&
           mw_tariff_program_get(program, z + run) == mw_tariff_program_get(program, z))
        run++;
    return run;
}

static void program_put(mw_writer *w, const uint8_t program[MW_TARIFF_ZONES / 2], unsigned n) {
    unsigned runs = 0;
    for (unsigned z = 0; z < MW_TARIFF_ZONES; z += run_at(program, z))
        runs++;
    if (runs > MW_TARIFF_ZONES / 2) {
        mw_write_u8(w, item(OTHER, PROGRAM_RAW));
        mw_write_u8(w, (uint8_t)n);
        mw_write_bytes(w, (mw_slice){program, MW_TARIFF_ZONES / 2});
        return;
    }
    mw_write_u8(w, item(PROGRAM, n));
    for (unsigned z = 0; z < MW_TARIFF_ZONES; z += run_at(program, z)) {
        unsigned tariff = mw_tariff_program_get(program, z);
        mw_write_u8(w, (uint8_t)(tariff << KIND_SHIFT | (run_at(program, z) - 1)));
    }
}

static bool special_same(const mw_tariff_special *a, const mw_tariff_special *b) {
    return a->year == b->year && a->month == b->month && a->day == b->day &&
           a->program == b->program;
}

static mw_status specials_put(mw_writer *w, const mw_tariff_calendar *base,
                              const mw_tariff_calendar *to) {
    unsigned same = 0;
    while (same < base->specials && same < to->specials &&
           special_same(&base->special[same], &to->special[same]))
        same++;
    if (base->specials > same) {
        mw_write_u8(w, item(OTHER, SPECIALS_KEEP));
        mw_write_u8(w, (uint8_t)same);
    }
    for (unsigned s = same; s < to->specials; s++) {
        const mw_tariff_special *e = &to->special[s];
        if (e->year != 0 && (e->year <= YEAR_0 || e->year > YEAR_0 + UINT8_MAX))
            return MW_RANGE;
        unsigned left = to->specials - s, chunk = N_MASK + 1u;
        if ((s - same) % chunk == 0)
            mw_write_u8(w, item(SPECIALS, (left < chunk ? left : chunk) - 1));
        uint32_t year = e->year == 0 ? 0 : e->year - (uint32_t)YEAR_0;
        mw_write_u24le(w,
                       year << 14 | (uint32_t)e->month << 10 | (uint32_t)e->day << 5 | e->program);
    }
    return MW_OK;
}

static bool clock_same(const mw_tariff_calendar *a, const mw_tariff_calendar *b) {
    return a->offset_min == b->offset_min && a->dst_min == b->dst_min &&
           memcmp(&a->dst_begin, &b->dst_begin, sizeof a->dst_begin) == 0 &&
           memcmp(&a->dst_end, &b->dst_end, sizeof a->dst_end) == 0;
}

static mw_status changes_put(mw_writer *w, const mw_tariff_calendar *base,
                             const mw_tariff_calendar *to) {
    if (memcmp(base->name, to->name, sizeof base->name) != 0)
        name_put(w, to);
    if (!clock_same(base, to))
        clock_put(w, to);
    if (to->programs < base->programs)
        mw_write_u8(w, item(PROGRAMS_KEEP, to->programs - 1u));
    for (unsigned p = 0; p < to->programs; p++)
        if (p >= base->programs ||
            memcmp(base->program[p], to->program[p], sizeof to->program[p]) != 0)
            program_put(w, to->program[p], p);
    if (to->seasons < base->seasons)
        mw_write_u8(w, item(SEASONS_KEEP, to->seasons));
    for (unsigned s = 0; s < to->seasons; s++)
        if (s >= base->seasons ||
            memcmp(&base->season[s], &to->season[s], sizeof to->season[s]) != 0)
            season_put(w, &to->season[s], s);
    return specials_put(w, base, to);
}

mw_status mw_tariff_schedule_encode(const mw_tariff_calendar *base, const mw_tariff_calendar *to,
                                    uint32_t from_s, mw_span out, size_t *out_n) {
    mw_tariff_calendar empty;
    mw_writer w = mw_writer_of(out);
    MW_TRY(mw_tariff_calendar_check(to));
    mw_write_u32le(&w, mw_tariff_calendar_checksum(to));
    mw_write_u32le(&w, from_s);
    mw_write_u32le(&w, base != NULL ? mw_tariff_calendar_checksum(base) : 0);
    mw_tariff_calendar_init(&empty);
    MW_TRY(changes_put(&w, base != NULL ? base : &empty, to));
    MW_TRY(w.status);
    *out_n = w.at;
    return MW_OK;
}

/* ---- reading ---- */

static mw_status name_take(mw_reader *r, unsigned n, mw_tariff_calendar *c) {
    if (n > sizeof c->name)
        return MW_SYNTAX;
    memset(c->name, 0, sizeof c->name);
    for (unsigned i = 0; i < n; i++)
        c->name[i] = (char)mw_read_u8(r);
    return MW_OK;
}

static mw_tariff_change change_take(mw_reader *r) {
    mw_tariff_change d = {.month = mw_read_u8(r)};
    d.week = mw_read_u8(r);
    d.weekday = mw_read_u8(r);
    d.utc_hour = mw_read_u8(r);
    return d;
}

static mw_status clock_take(mw_reader *r, mw_tariff_calendar *c) {
    c->offset_min = (int16_t)((int8_t)mw_read_u8(r) * 15);
    c->dst_min = mw_read_u8(r);
    c->dst_begin = change_take(r);
    c->dst_end = change_take(r);
    return MW_OK;
}

static mw_status season_take(mw_reader *r, unsigned n, mw_tariff_calendar *c) {
    if (n > c->seasons || n >= MW_TARIFF_SEASONS_MAX)
        return MW_SYNTAX;
    mw_tariff_season *s = &c->season[n];
    uint8_t month = mw_read_u8(r);
    s->month = month % ALIKE;
    s->day = mw_read_u8(r);
    unsigned first = (month & ALIKE) != 0 ? 4 : 0;
    for (unsigned d = first; d < 7; d++)
        s->program[d] = mw_read_u8(r);
    for (unsigned d = 0; d < first; d++)
        s->program[d] = s->program[first];
    if (n == c->seasons)
        c->seasons++;
    return MW_OK;
}

/* The program of this number is changed, or the next one made. */
static mw_status program_open(unsigned n, mw_tariff_calendar *c) {
    if (n > c->programs || n >= MW_TARIFF_PROGRAMS_MAX)
        return MW_SYNTAX;
    if (n == c->programs)
        c->programs++;
    return MW_OK;
}

static mw_status program_raw_take(mw_reader *r, mw_tariff_calendar *c) {
    unsigned n = mw_read_u8(r);
    MW_TRY(program_open(n, c));
    mw_slice raw = mw_read_bytes(r, MW_TARIFF_ZONES / 2);
    if (r->status == MW_OK)
        mw_bytes_copy(c->program[n], raw.p, raw.n);
    return MW_OK;
}

static mw_status program_take(mw_reader *r, unsigned n, mw_tariff_calendar *c) {
    MW_TRY(program_open(n, c));
    for (unsigned z = 0; z < MW_TARIFF_ZONES;) {
        uint8_t run = mw_read_u8(r);
        unsigned end = z + (run & N_MASK) + 1;
        if (r->status != MW_OK || end > MW_TARIFF_ZONES)
            return MW_SYNTAX;
        for (; z < end; z++)
            mw_tariff_program_set(c->program[n], z, run >> KIND_SHIFT);
    }
    return MW_OK;
}

static mw_status specials_take(mw_reader *r, unsigned n, mw_tariff_calendar *c) {
    for (unsigned i = 0; i < n; i++) {
        if (c->specials == MW_TARIFF_SPECIALS_MAX)
            return MW_SYNTAX;
        uint32_t v = mw_read_u24le(r);
        uint32_t year = v >> 14 & 0xff;
        c->special[c->specials++] =
            (mw_tariff_special){.year = (uint16_t)(year == 0 ? 0 : YEAR_0 + year),
                                .month = v >> 10 & 0x0f,
                                .day = v >> 5 & 0x1f,
                                .program = v & 0x1f};
        if (v >> 22 != 0)
            return MW_SYNTAX;
    }
    return MW_OK;
}

static mw_status keep(unsigned n, uint8_t *io_count) {
    if (n > *io_count)
        return MW_SYNTAX;
    *io_count = (uint8_t)n;
    return MW_OK;
}

static mw_status item_take(mw_reader *r, mw_tariff_calendar *c) {
    uint8_t head = mw_read_u8(r);
    unsigned n = head & N_MASK;
    switch (head >> KIND_SHIFT) {
    case NAME:
        return name_take(r, n, c);
    case CLOCK:
        return n == 0 ? clock_take(r, c) : MW_SYNTAX;
    case SEASON:
        return season_take(r, n, c);
    case PROGRAM:
        return program_take(r, n, c);
    case SEASONS_KEEP:
        return keep(n, &c->seasons);
    case PROGRAMS_KEEP:
        return keep(n + 1, &c->programs);
    case OTHER:
        if (n == PROGRAM_RAW)
            return program_raw_take(r, c);
        return n == SPECIALS_KEEP ? keep(mw_read_u8(r), &c->specials) : MW_SYNTAX;
    default:
        return specials_take(r, n + 1, c);
    }
}

static mw_tariff_schedule_head head_take(mw_reader *r) {
    mw_tariff_schedule_head h = {.checksum = mw_read_u32le(r)};
    h.from_s = mw_read_u32le(r);
    h.base = mw_read_u32le(r);
    return h;
}

mw_status mw_tariff_schedule_head_of(mw_slice in, mw_tariff_schedule_head *out_head) {
    mw_reader r = mw_reader_of(in);
    mw_tariff_schedule_head h = head_take(&r);
    MW_TRY(r.status);
    *out_head = h;
    return MW_OK;
}

mw_status mw_tariff_schedule_decode(mw_slice in, const mw_tariff_calendar *has,
                                    mw_tariff_calendar *out, uint32_t *out_from_s) {
    mw_reader r = mw_reader_of(in);
    mw_tariff_schedule_head h = head_take(&r);
    mw_tariff_calendar c = *has;
    if (r.status != MW_OK)
        return MW_SYNTAX;
    if (h.base == 0)
        mw_tariff_calendar_init(&c);
    else if (mw_tariff_calendar_checksum(has) != h.base)
        return MW_STATE;
    while (mw_reader_left(&r) > 0) {
        MW_TRY(item_take(&r, &c));
        if (r.status != MW_OK)
            return MW_SYNTAX;
    }
    MW_TRY(mw_tariff_calendar_check(&c));
    if (mw_tariff_calendar_checksum(&c) != h.checksum)
        return MW_SYNTAX;
    *out = c;
    *out_from_s = h.from_s;
    return MW_OK;
}
