/* SPDX-License-Identifier: Apache-2.0 */
#include "meters/kit/charge.h"

#include "meters/kit/meter.h"
#include "protocols/smp/smp.h"

#define YEAR_S       INT64_C(31557600)
#define DAY_S        INT64_C(86400)
#define NC_OF_MC     INT64_C(1000000)
#define RECORD_BYTES 32u
#define SECTOR_BYTES 4096u

const char *mw_charge_use_name(mw_charge_use use) {
    static const char *const name[MW_CHARGE_USES] = {"sleep",    "display", "measure", "compute",
                                                     "transmit", "receive", "flash",   "ageing"};
    return (unsigned)use < MW_CHARGE_USES ? name[use] : "?";
}

int64_t mw_charge_total_nc(const mw_charge *c) {
    int64_t sum = 0;
    for (unsigned i = 0; i < MW_CHARGE_USES; i++)
        sum += c->used_nc[i];
    return sum;
}

uint8_t mw_charge_left(const mw_meter *m) {
    const mw_charge_model *model = &m->model->charge;
    if (model->capacity_mah == 0)
        return MW_CHARGE_UNKNOWN;
    int64_t usable =
        model->capacity_mah * MW_CHARGE_NC_OF_MAH / 1000 * (int64_t)model->usable_permille;
    int64_t left = usable - mw_charge_total_nc(&m->charge);
    return left <= 0 ? 0 : (uint8_t)((left / (usable / 100)) > 100 ? 100 : left / (usable / 100));
}

/* What runs all the time, for some seconds. */
static void time_book(mw_meter *m, int64_t s) {
    const mw_charge_model *model = &m->model->charge;
    mw_charge *c = &m->charge;
    c->used_nc[MW_CHARGE_SLEEP] += s * model->sleep_na;
    c->used_nc[MW_CHARGE_DISPLAY] += s * model->display_na;
    /* Whole thousands of a second's share of the measurements: fine enough at a nanocoulomb. */
    c->used_nc[MW_CHARGE_MEASURE] += s * model->measure_per_1000 * model->measure_nc / 1000;
    c->used_nc[MW_CHARGE_AGEING] +=
        model->capacity_mah * MW_CHARGE_NC_OF_MAH / YEAR_S * s * model->ageing_permille / 1000;
    uint64_t served = (uint64_t)c->seconds + (uint64_t)s;
    c->seconds = (uint32_t)(served < UINT32_MAX ? served : UINT32_MAX);
}

void mw_charge_step(mw_meter *m, mw_mono now, uint32_t counts) {
    mw_charge *c = &m->charge;
    if (m->model->charge.capacity_mah == 0)
        return;
    int64_t s = (now.ns - c->since.ns) / MW_NS_PER_S;
    if (s > 0) {
        c->since.ns += s * MW_NS_PER_S;
        time_book(m, s);
    }
    c->used_nc[MW_CHARGE_COMPUTE] += m->model->charge.step_nc;
    c->used_nc[MW_CHARGE_MEASURE] += (int64_t)counts * m->model->charge.count_nc;
}

static bool modem(const mw_meter *m) {
    return m->config.carrier == MW_CARRIER_NBIOT;
}

void mw_charge_transmit(mw_meter *m, uint32_t ms) {
    const mw_charge_model *model = &m->model->charge;
    m->charge.used_nc[MW_CHARGE_TRANSMIT] +=
        (int64_t)ms * (modem(m) ? model->modem_tx_ua : model->tx_ua);
}

void mw_charge_receive(mw_meter *m, mw_dur on) {
    const mw_charge_model *model = &m->model->charge;
    m->charge.used_nc[MW_CHARGE_RECEIVE] +=
        on.ns / 1000000 * (modem(m) ? model->modem_rx_ua : model->rx_ua);
}

/* ---- flash ---- */

/* Each log numbers its records from 0 on, so the numbers tell how many were written. Records differ
 * in length; they are counted in units of 32 bytes. */
static uint32_t log_units(const mw_ringlog *l) {
    return l->next_seq *
           ((l->payload_bytes + MW_RINGLOG_OVERHEAD + RECORD_BYTES - 1u) / RECORD_BYTES);
}

static uint32_t units_written(const mw_meter *m) {
    uint32_t n = log_units(&m->config_log) + log_units(&m->clock.log) +
                 log_units(&m->registers.log) + log_units(&m->archive.hourly) +
                 log_units(&m->archive.daily) + log_units(&m->telemetry.counter.log) +
                 log_units(&m->telemetry.log) + log_units(&m->downlink.log) +
                 log_units(&m->downlink.state) + log_units(&m->charge.log) +
                 log_units(&m->passive.log);
    for (unsigned g = 0; g < MW_EVENTS_GROUPS; g++)
        n += log_units(&m->events.log[g]);
    return n;
}

static void flash_book(mw_meter *m) {
    mw_charge *c = &m->charge;
    uint32_t now = units_written(m);
    uint32_t units = now - c->written;
    c->written = now;
    const mw_charge_model *model = &m->model->charge;
    c->used_nc[MW_CHARGE_FLASH] +=
        (int64_t)units * (model->record_nc + model->erase_nc / (SECTOR_BYTES / RECORD_BYTES));
}

/* ---- the account in flash ----
 *
 *   | used by activity u32 x 8, mC | seconds u32 | tick i64 |                                    */

static mw_status store(mw_meter *m) {
    mw_charge *c = &m->charge;
    uint8_t payload[MW_CHARGE_PAYLOAD];
    mw_writer w = mw_writer_of(MW_SPAN_OF(payload));
    for (unsigned i = 0; i < MW_CHARGE_USES; i++)
        mw_write_u32le(&w, (uint32_t)((c->used_nc[i] + NC_OF_MC - 1) / NC_OF_MC));
    mw_write_u32le(&w, c->seconds);
    mw_write_u64le(&w, (uint64_t)c->since.ns);
    return mw_ringlog_append(&c->log, &m->flash, mw_writer_done(&w));
}

/* The time since the last record: known when the ticks went on, else an average day. What does not
 * follow from time alone, such as frames, is booked as it was on average. */
static void reset_book(mw_meter *m, mw_mono stored, mw_mono now, bool ticks_kept) {
    mw_charge *c = &m->charge;
    static const mw_charge_use by_deed[] = {MW_CHARGE_COMPUTE, MW_CHARGE_TRANSMIT,
                                            MW_CHARGE_RECEIVE, MW_CHARGE_FLASH};
    int64_t served = c->seconds > 0 ? c->seconds : 1;
    int64_t s = ticks_kept && stored.ns <= now.ns ? (now.ns - stored.ns) / MW_NS_PER_S : DAY_S;
    for (unsigned i = 0; i < sizeof by_deed / sizeof by_deed[0]; i++)
        c->used_nc[by_deed[i]] += c->used_nc[by_deed[i]] / served * s;
    time_book(m, s);
}

mw_status mw_charge_mount(mw_meter *m, uint32_t first_sector, uint32_t sectors, uint8_t kind,
                          mw_mono now, bool ticks_kept) {
    mw_charge *c = &m->charge;
    *c = (mw_charge){.since = now};
    MW_TRY(mw_ringlog_mount(&c->log, &m->flash, first_sector, sectors, MW_CHARGE_PAYLOAD, kind));
    uint8_t payload[MW_CHARGE_PAYLOAD];
    mw_status s = mw_ringlog_last(&c->log, &m->flash, MW_SPAN_OF(payload));
    if (s == MW_NOT_FOUND)
        return MW_OK;
    MW_TRY(s);
    mw_reader r = mw_reader_of(MW_SLICE_OF(payload));
    for (unsigned i = 0; i < MW_CHARGE_USES; i++)
        c->used_nc[i] = mw_read_u32le(&r) * NC_OF_MC;
    c->seconds = mw_read_u32le(&r);
    mw_mono stored = {(int64_t)mw_read_u64le(&r)};
    if (m->model->charge.capacity_mah != 0)
        reset_book(m, stored, now, ticks_kept);
    return MW_OK;
}

mw_status mw_charge_hour(mw_meter *m, mw_mono at, bool day) {
    mw_charge *c = &m->charge;
    if (m->model->charge.capacity_mah == 0)
        return MW_OK;
    flash_book(m);
    uint8_t left = mw_charge_left(m);
    bool low = left < MW_CHARGE_LOW;
    if (low) {
        m->status_now |= MW_SMP_STATUS_LOW_BATTERY;
        m->telemetry.status_arisen |= MW_SMP_STATUS_LOW_BATTERY;
    }
    if (low && !c->low &&
        mw_events_raise(&m->events, &m->flash, at, mw_rtc_utc(&m->clock, at), MW_SMP_EVENT_BATTERY,
                        255, -(int64_t)left) != MW_DUPLICATE)
        mw_telemetry_alarm(m, at);
    c->low = low;
    return day ? store(m) : MW_OK;
}

mw_status mw_charge_renew(mw_meter *m, mw_mono now) {
    mw_charge *c = &m->charge;
    mw_bytes_fill(c->used_nc, 0, sizeof c->used_nc);
    c->seconds = 0;
    c->since = now;
    c->low = false;
    m->status_now = (uint16_t)(m->status_now & ~MW_SMP_STATUS_LOW_BATTERY);
    return store(m);
}
