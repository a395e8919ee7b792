/* SPDX-License-Identifier: Apache-2.0 */
#include "meters/electricity/demand.h"

#define VERSION 1

static const mw_electric_demand_max NONE = {0, {INT64_MIN}};

mw_status mw_electric_demand_init(mw_electric_demand *d, uint8_t period_min, uint8_t periods) {
    static const uint8_t known[] = {1, 3, 5, 10, 15, 30, 60};
    bool good = false;
    for (unsigned i = 0; i < sizeof known; i++)
        good = good || known[i] == period_min;
    if (!good || periods == 0 || periods > MW_ELECTRIC_DEMAND_PERIODS_MAX)
        return MW_RANGE;
    *d = (mw_electric_demand){.period_s = (uint16_t)(period_min * 60), .periods = periods};
    mw_electric_demand_clear(d);
    d->last = NONE;
    return MW_OK;
}

void mw_electric_demand_clear(mw_electric_demand *d) {
    for (unsigned i = 0; i <= MW_TARIFFS; i++)
        d->max[i] = NONE;
}

void mw_electric_demand_reset(mw_electric_demand *d) {
    mw_electric_demand n = {.period_s = d->period_s, .periods = d->periods, .last = NONE};
    mw_electric_demand_clear(&n);
    *d = n;
}

/* Mean of this energy and the whole periods before. mWh * 3600 / s is mW. */
static int64_t mean_mw(const mw_electric_demand *d, int64_t mwh) {
    int64_t sum = mwh;
    for (unsigned i = 0; i + 1 < d->periods; i++)
        sum += d->before[i];
    return sum * 3600 / ((int64_t)d->period_s * d->periods);
}

static void greatest(mw_electric_demand_max *max, const mw_electric_demand_max *of) {
    if (mw_utc_is_none(max->at) || of->mw > max->mw)
        *max = *of;
}

static uint32_t energy_of(int64_t mwh) {
    return mwh < 0 ? 0 : mwh > UINT32_MAX ? UINT32_MAX : (uint32_t)mwh;
}

static void close_period(mw_electric_demand *d, int64_t mwh) {
    uint32_t energy = energy_of(mwh - d->base);
    d->last.mw = mean_mw(d, energy);
    d->last.at = mw_utc_of_s((d->period + 1) * d->period_s);
    greatest(&d->max[0], &d->last);
    greatest(&d->max[1 + d->tariff], &d->last);
    for (unsigned i = MW_ELECTRIC_DEMAND_PERIODS_MAX - 2; i > 0; i--)
        d->before[i] = d->before[i - 1];
    d->before[0] = energy;
}

/* Periods in which nothing was measured. */
static void skip(mw_electric_demand *d, int64_t periods) {
    for (int64_t n = 0; n < periods && n < MW_ELECTRIC_DEMAND_PERIODS_MAX; n++) {
        for (unsigned i = MW_ELECTRIC_DEMAND_PERIODS_MAX - 2; i > 0; i--)
            d->before[i] = d->before[i - 1];
        d->before[0] = 0;
    }
}

bool mw_electric_demand_step(mw_electric_demand *d, int64_t mwh, uint8_t tariff, mw_utc begin) {
    int64_t period = mw_utc_floor_s(begin) / d->period_s;
    d->now = mwh;
    if (d->begun && period == d->period)
        return false;
    bool ended = d->begun && period > d->period;
    if (ended) {
        close_period(d, mwh);
        skip(d, period - d->period - 1);
    } else {
        skip(d, MW_ELECTRIC_DEMAND_PERIODS_MAX);
    }
    d->begun = true;
    d->period = period;
    d->base = mwh;
    d->tariff = tariff < MW_TARIFFS ? tariff : 0;
    return ended;
}

int64_t mw_electric_demand_current_mw(const mw_electric_demand *d) {
    return d->begun ? mean_mw(d, energy_of(d->now - d->base)) : 0;
}

mw_utc mw_electric_demand_since(const mw_electric_demand *d) {
    return d->begun ? mw_utc_of_s((d->period - d->periods + 1) * d->period_s) : MW_UTC_NONE;
}

static void write_max(mw_writer *w, const mw_electric_demand_max *m) {
    mw_write_u32le(w, energy_of(m->mw));
    mw_write_u32le(w, mw_utc_is_none(m->at) ? 0 : (uint32_t)mw_utc_floor_s(m->at));
}

static mw_electric_demand_max read_max(mw_reader *r) {
    int64_t mw = mw_read_u32le(r);
    uint32_t at = mw_read_u32le(r);
    return at == 0 ? NONE : (mw_electric_demand_max){mw, mw_utc_of_s(at)};
}

/* u8 version | u16 period, s | u8 periods | u8 tariff, 255 not begun | u32 number of the period
 * | i64 register at its begin | u32 x 14 energies before | last, maxima: u32 mW, u32 UTC s */
void mw_electric_demand_encode(const mw_electric_demand *d, uint8_t out[MW_ELECTRIC_DEMAND_BYTES]) {
    mw_writer w = mw_writer_of((mw_span){out, MW_ELECTRIC_DEMAND_BYTES});
    mw_write_u8(&w, VERSION);
    mw_write_u16le(&w, d->period_s);
    mw_write_u8(&w, d->periods);
    mw_write_u8(&w, d->begun ? d->tariff : UINT8_MAX);
    mw_write_u32le(&w, energy_of(d->period));
    mw_write_u64le(&w, (uint64_t)d->base);
    for (unsigned i = 0; i < MW_ELECTRIC_DEMAND_PERIODS_MAX - 1; i++)
        mw_write_u32le(&w, d->before[i]);
    write_max(&w, &d->last);
    for (unsigned i = 0; i <= MW_TARIFFS; i++)
        write_max(&w, &d->max[i]);
}

mw_status mw_electric_demand_decode(mw_electric_demand *d,
                                    const uint8_t in[MW_ELECTRIC_DEMAND_BYTES]) {
    mw_reader r = mw_reader_of((mw_slice){in, MW_ELECTRIC_DEMAND_BYTES});
    mw_electric_demand n = {.period_s = d->period_s, .periods = d->periods, .last = NONE};
    if (mw_read_u8(&r) != VERSION)
        return MW_UNSUPPORTED;
    bool same = mw_read_u16le(&r) == d->period_s;
    same = mw_read_u8(&r) == d->periods && same;
    n.tariff = mw_read_u8(&r);
    n.begun = n.tariff < MW_TARIFFS;
    n.period = mw_read_u32le(&r);
    n.base = n.now = (int64_t)mw_read_u64le(&r);
    n.begun = n.begun && n.base >= 0;
    for (unsigned i = 0; i < MW_ELECTRIC_DEMAND_PERIODS_MAX - 1; i++)
        n.before[i] = mw_read_u32le(&r);
    n.last = read_max(&r);
    if (!same || !n.begun)
        n = (mw_electric_demand){.period_s = d->period_s, .periods = d->periods, .last = NONE};
    for (unsigned i = 0; i <= MW_TARIFFS; i++)
        n.max[i] = read_max(&r);
    *d = n;
    return MW_OK;
}
