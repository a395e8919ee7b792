/* SPDX-License-Identifier: Apache-2.0 */
#include "protocols/smp/day.h"

#include "base/bits.h"
#include "protocols/smp/hours.h"

/* Widths of the fixed fields, in the order of the wire. */
enum {
    CHANNEL_BITS = 2,
    CHANNEL_LONG = 3, /* this channel: the next 8 bits tell */
    CLOCK_BITS = 2,
    GRID_BITS = 2,
    STATUS_BITS = 16,
    HOURS_BITS = 6,
    HOURS_DAY = 24, /* needs no count */
    END_HOUR_BITS = 20,
    NIBBLES_BITS = 4,
    NIBBLES_ALL = 15, /* 16 nibbles, not 15 */
};

static mw_status check_fields(const mw_smp_day *day) {
    if ((unsigned)day->clock > MW_SMP_CLOCK_STEPPED || day->grid > 3 ||
        day->hours > MW_SMP_HOURS_MAX || day->end_hour > MW_SMP_HOUR_MAX || day->reg < 0 ||
        day->disturbed >> day->hours != 0)
        return MW_RANGE;
    for (unsigned i = 0; i < day->hours; i++)
        if (day->value[i] < 0)
            return MW_RANGE;
    return MW_OK;
}

static unsigned register_code(int64_t reg) {
    unsigned nibbles = 0;
    for (uint64_t v = (uint64_t)reg; v != 0; v >>= 4)
        nibbles++;
    return nibbles < NIBBLES_ALL ? nibbles : NIBBLES_ALL;
}

static unsigned register_bits(unsigned code) {
    return code == NIBBLES_ALL ? 64 : 4 * code;
}

/* What nearly every report of a daily reporter is; one bit says so. */
static bool is_usual(const mw_smp_day *day) {
    return day->channel == 0 && day->clock == MW_SMP_CLOCK_SET && day->grid == 0 &&
           day->status == 0 && day->disturbed == 0 && day->hours == HOURS_DAY;
}

static void write_unusual(const mw_smp_day *day, mw_bit_writer *w) {
    bool extras = day->status != 0 || day->disturbed != 0;
    if (day->channel < CHANNEL_LONG) {
        mw_write_bits(w, day->channel, CHANNEL_BITS);
    } else {
        mw_write_bits(w, CHANNEL_LONG, CHANNEL_BITS);
        mw_write_bits(w, day->channel, 8);
    }
    mw_write_bits(w, (unsigned)day->clock, CLOCK_BITS);
    mw_write_bits(w, day->grid, GRID_BITS);
    mw_write_bits(w, extras, 1);
    mw_write_bits(w, day->hours != HOURS_DAY, 1);
    if (day->hours != HOURS_DAY)
        mw_write_bits(w, day->hours, HOURS_BITS);
    if (extras) {
        mw_write_bits(w, day->status, STATUS_BITS);
        mw_write_bits(w, day->disturbed != 0, 1);
        if (day->disturbed != 0)
            mw_write_bits(w, day->disturbed, day->hours);
    }
}

static void write_fixed(const mw_smp_day *day, mw_bit_writer *w) {
    mw_write_bits(w, !is_usual(day), 1);
    if (!is_usual(day))
        write_unusual(day, w);
    unsigned code = register_code(day->reg);
    mw_write_bits(w, day->end_hour, END_HOUR_BITS);
    mw_write_bits(w, code, NIBBLES_BITS);
    mw_write_bits(w, (uint64_t)day->reg, register_bits(code));
}

/* Encodes into a whole body of the largest size; whether it fits the room is seen afterwards. */
static mw_status encode_whole(const mw_smp_day *day, uint8_t body[MW_SMP_DAY_MAX],
                              size_t *out_bits) {
    MW_TRY(check_fields(day));
    mw_bit_writer w = mw_bit_writer_of((mw_span){body, MW_SMP_DAY_MAX});
    write_fixed(day, &w);
    if (day->hours != 0)
        mw_smp_hours_encode(day->value, day->hours, &w);
    MW_TRY(w.status);
    *out_bits = w.at;
    return MW_OK;
}

mw_status mw_smp_day_encode(const mw_smp_day *day, size_t room, mw_span out, size_t *out_size) {
    uint8_t body[MW_SMP_DAY_MAX];
    size_t bits;
    MW_TRY(encode_whole(day, body, &bits));
    size_t size = (bits + 7) / 8;
    if (size > room)
        return MW_SPACE;
    MW_TRY(mw_span_copy(out, (mw_slice){body, size}));
    *out_size = size;
    return MW_OK;
}

size_t mw_smp_day_bits(const mw_smp_day *day) {
    uint8_t body[MW_SMP_DAY_MAX];
    size_t bits;
    return encode_whole(day, body, &bits) == MW_OK ? bits : 0;
}

static void read_unusual(mw_bit_reader *r, mw_smp_day *day) {
    day->channel = (uint8_t)mw_read_bits(r, CHANNEL_BITS);
    if (day->channel == CHANNEL_LONG)
        day->channel = (uint8_t)mw_read_bits(r, 8);
    day->clock = (mw_smp_clock)mw_read_bits(r, CLOCK_BITS);
    day->grid = (uint8_t)mw_read_bits(r, GRID_BITS);
    bool extras = mw_read_bits(r, 1) != 0;
    if (mw_read_bits(r, 1) != 0)
        day->hours = (uint8_t)mw_read_bits(r, HOURS_BITS);
    if (day->hours > MW_SMP_HOURS_MAX) {
        mw_bit_reader_fail(r, MW_RANGE);
        return;
    }
    if (extras) {
        day->status = (uint16_t)mw_read_bits(r, STATUS_BITS);
        if (mw_read_bits(r, 1) != 0)
            day->disturbed = mw_read_bits(r, day->hours);
    }
}

mw_status mw_smp_day_decode(mw_slice body, mw_smp_day *out_day) {
    mw_bit_reader r = mw_bit_reader_of(body);
    mw_smp_day day = {.hours = HOURS_DAY};
    if (mw_read_bits(&r, 1) != 0)
        read_unusual(&r, &day);
    day.end_hour = (uint32_t)mw_read_bits(&r, END_HOUR_BITS);
    unsigned code = (unsigned)mw_read_bits(&r, NIBBLES_BITS);
    uint64_t reg = mw_read_bits(&r, register_bits(code));
    if (r.status != MW_OK)
        return r.status;
    if (reg > INT64_MAX)
        return MW_RANGE;
    day.reg = (int64_t)reg;
    if (day.hours != 0)
        MW_TRY(mw_smp_hours_decode(&r, day.hours, day.value));
    *out_day = day;
    return MW_OK;
}

mw_status mw_smp_day_register_at(const mw_smp_day *day, unsigned i, int64_t *out_reg) {
    if (i > day->hours)
        return MW_RANGE;
    int64_t reg = day->reg;
    for (unsigned hour = day->hours; hour-- > i;) {
        if (day->value[hour] < 0 || reg < day->value[hour])
            return MW_RANGE;
        reg -= day->value[hour];
    }
    *out_reg = reg;
    return MW_OK;
}

mw_status mw_smp_day_split(const mw_smp_day *day, unsigned first, mw_smp_day *out_first,
                           mw_smp_day *out_last) {
    if (first == 0 || first >= day->hours)
        return MW_RANGE;
    unsigned last = day->hours - first;
    if (day->end_hour < last)
        return MW_RANGE;
    mw_smp_day a = *day, b = *day;
    MW_TRY(mw_smp_day_register_at(day, first, &a.reg));
    a.hours = (uint8_t)first;
    a.end_hour = day->end_hour - last;
    a.disturbed = day->disturbed & ((UINT64_C(1) << first) - 1);
    b.hours = (uint8_t)last;
    b.disturbed = day->disturbed >> first;
    for (unsigned i = 0; i < MW_SMP_HOURS_MAX; i++) {
        b.value[i] = i < last ? day->value[first + i] : 0;
        if (i >= first)
            a.value[i] = 0;
    }
    *out_first = a;
    *out_last = b;
    return MW_OK;
}

mw_status mw_smp_day_fit(const mw_smp_day *day, size_t room, unsigned *out_hours) {
    uint8_t body[MW_SMP_DAY_MAX];
    size_t bits;
    mw_status s = encode_whole(day, body, &bits);
    if (s != MW_OK && s != MW_SPACE)
        return s;
    if (s == MW_OK && bits <= 8 * room) {
        *out_hours = day->hours;
        return MW_OK;
    }
    for (unsigned first = day->hours; first-- > 1;) {
        mw_smp_day a, b;
        MW_TRY(mw_smp_day_split(day, first, &a, &b));
        if (encode_whole(&a, body, &bits) == MW_OK && bits <= 8 * room) {
            *out_hours = first;
            return MW_OK;
        }
    }
    return MW_SPACE;
}

mw_utc mw_smp_utc_of_hour(uint32_t hour, uint8_t grid) {
    return mw_utc_of_s(MW_SMP_EPOCH_S + (int64_t)hour * 3600 + (int64_t)grid * 900);
}

mw_status mw_smp_hour_of_utc(mw_utc t, uint8_t grid, uint32_t *out_hour) {
    int64_t s = mw_utc_floor_s(t) - MW_SMP_EPOCH_S - (int64_t)grid * 900;
    if (grid > 3 || s < 0 || s / 3600 > (int64_t)MW_SMP_HOUR_MAX)
        return MW_RANGE;
    *out_hour = (uint32_t)(s / 3600);
    return MW_OK;
}
