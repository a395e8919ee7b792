/* SPDX-License-Identifier: Apache-2.0 */
#include "protocols/cosem/values.h"

#include "base/assert.h"

static bool in_range(unsigned v, unsigned least, unsigned most) {
    return v == MW_COSEM_ANY || (v >= least && v <= most);
}

mw_status mw_cosem_datetime_decode(mw_slice bytes, mw_cosem_datetime *out_dt) {
    mw_reader r = mw_reader_of(bytes);
    mw_cosem_datetime d = {0};
    d.year = mw_read_u16be(&r);
    d.month = mw_read_u8(&r);
    d.day = mw_read_u8(&r);
    d.weekday = mw_read_u8(&r);
    d.hour = mw_read_u8(&r);
    d.minute = mw_read_u8(&r);
    d.second = mw_read_u8(&r);
    d.hundredths = mw_read_u8(&r);
    d.deviation = (int16_t)mw_read_u16be(&r);
    d.status = mw_read_u8(&r);
    if (mw_reader_end(&r) != MW_OK)
        return MW_RANGE;
    if (d.weekday == 0)
        d.weekday = MW_COSEM_ANY;
    bool month =
        in_range(d.month, 1, 12) || d.month == MW_COSEM_DST_BEGIN || d.month == MW_COSEM_DST_END;
    bool day =
        in_range(d.day, 1, 31) || d.day == MW_COSEM_LAST_DAY || d.day == MW_COSEM_SECOND_LAST;
    if (!month || !day || !in_range(d.weekday, 1, 7) || !in_range(d.hour, 0, 23) ||
        !in_range(d.minute, 0, 59) || !in_range(d.second, 0, 59) || !in_range(d.hundredths, 0, 99))
        return MW_RANGE;
    if (d.deviation != MW_COSEM_NO_DEVIATION && (d.deviation < -840 || d.deviation > 840))
        return MW_RANGE; /* UTC+14 is the farthest zone there is; the standard says 720 */
    *out_dt = d;
    return MW_OK;
}

void mw_cosem_datetime_encode(const mw_cosem_datetime *dt, uint8_t out[MW_COSEM_DATETIME_BYTES]) {
    mw_writer w = mw_writer_of((mw_span){out, MW_COSEM_DATETIME_BYTES});
    mw_write_u16be(&w, dt->year);
    mw_write_u8(&w, dt->month);
    mw_write_u8(&w, dt->day);
    mw_write_u8(&w, dt->weekday);
    mw_write_u8(&w, dt->hour);
    mw_write_u8(&w, dt->minute);
    mw_write_u8(&w, dt->second);
    mw_write_u8(&w, dt->hundredths);
    mw_write_u16be(&w, (uint16_t)dt->deviation);
    mw_write_u8(&w, dt->status);
}

mw_status mw_cosem_datetime_utc(const mw_cosem_datetime *dt, int16_t deviation, mw_utc *out_t) {
    int16_t minutes = dt->deviation != MW_COSEM_NO_DEVIATION ? dt->deviation : deviation;
    if (minutes == MW_COSEM_NO_DEVIATION || dt->year == MW_COSEM_ANY_YEAR || dt->month > 12 ||
        dt->day > 31 || dt->hour > 23 || dt->minute > 59)
        return MW_UNSUPPORTED;
    mw_civil c = {.year = dt->year,
                  .month = dt->month,
                  .day = dt->day,
                  .hour = dt->hour,
                  .minute = dt->minute,
                  .second = dt->second != MW_COSEM_ANY ? dt->second : 0,
                  .microsecond =
                      dt->hundredths != MW_COSEM_ANY ? (uint32_t)dt->hundredths * 10000u : 0};
    mw_utc local;
    MW_TRY(mw_utc_of_civil(&c, &local));
    *out_t = mw_utc_add(local, mw_dur_s((int64_t)minutes * 60));
    return MW_OK;
}

mw_cosem_datetime mw_cosem_datetime_of_utc(mw_utc t, int16_t deviation, uint8_t status) {
    mw_civil c = mw_civil_of_utc(mw_utc_add(t, mw_dur_s(-(int64_t)deviation * 60)));
    mw_assert(c.year >= 1 && c.year < (int32_t)MW_COSEM_ANY_YEAR);
    return (mw_cosem_datetime){
        .year = (uint16_t)c.year,
        .month = c.month,
        .day = c.day,
        .weekday = (uint8_t)(mw_weekday_of_days(mw_days_of_date(c.year, c.month, c.day)) + 1),
        .hour = c.hour,
        .minute = c.minute,
        .second = c.second,
        .hundredths = (uint8_t)(c.microsecond / 10000),
        .deviation = deviation,
        .status = status};
}

static void put_digits(mw_writer *w, unsigned v, unsigned digits, bool any) {
    unsigned divisor = digits == 4 ? 1000 : 10;
    for (unsigned i = 0; i < digits; i++, divisor /= 10)
        mw_write_u8(w, any ? '*' : (uint8_t)('0' + v / divisor % 10));
}

static void put_deviation(mw_writer *w, int deviation) {
    unsigned east = (unsigned)(deviation < 0 ? -deviation : deviation);
    mw_write_str(w, deviation <= 0 ? " UTC+" : " UTC-");
    put_digits(w, east / 60, 2, false);
    mw_write_u8(w, ':');
    put_digits(w, east % 60, 2, false);
}

void mw_cosem_datetime_format(const mw_cosem_datetime *dt, char out[MW_COSEM_DATETIME_TEXT_MAX]) {
    mw_writer w = mw_writer_of((mw_span){(uint8_t *)out, MW_COSEM_DATETIME_TEXT_MAX - 1});
    put_digits(&w, dt->year, 4, dt->year == MW_COSEM_ANY_YEAR);
    const struct {
        char before;
        uint8_t v;
    } parts[] = {
        {'-', dt->month}, {'-', dt->day}, {' ', dt->hour}, {':', dt->minute}, {':', dt->second}};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        mw_write_u8(&w, (uint8_t)parts[i].before);
        put_digits(&w, parts[i].v, 2, parts[i].v > 99);
    }
    if (dt->hundredths != MW_COSEM_ANY && dt->hundredths != 0) {
        mw_write_u8(&w, '.');
        put_digits(&w, dt->hundredths, 2, false);
    }
    if (dt->deviation != MW_COSEM_NO_DEVIATION)
        put_deviation(&w, dt->deviation);
    if (dt->status != MW_COSEM_CLOCK_NO_STATUS) {
        if ((dt->status & MW_COSEM_CLOCK_SUMMER) != 0)
            mw_write_str(&w, " summer");
        if ((dt->status & MW_COSEM_CLOCK_INVALID) != 0)
            mw_write_str(&w, " invalid");
        else if ((dt->status & MW_COSEM_CLOCK_DOUBTFUL) != 0)
            mw_write_str(&w, " doubtful");
    }
    out[w.at] = 0;
}

mw_status mw_cosem_unit_of(uint8_t dlms, mw_unit *out_unit) {
    for (unsigned u = 0; u < MW_UNIT_COUNT; u++) {
        const mw_unit_info *i = mw_unit_info_of((mw_unit)u);
        if (i->dlms != 0 && i->dlms == dlms) {
            *out_unit = (mw_unit)u;
            return MW_OK;
        }
    }
    return MW_NOT_FOUND;
}

mw_status mw_cosem_quantity_of(int64_t value, int8_t scaler, uint8_t dlms,
                               mw_quantity *out_quantity) {
    mw_unit unit;
    if (scaler < -9 || scaler > 9)
        return MW_RANGE;
    MW_TRY(mw_cosem_unit_of(dlms, &unit));
    *out_quantity = (mw_quantity){.value = value, .scale = scaler, .unit = unit};
    return MW_OK;
}
