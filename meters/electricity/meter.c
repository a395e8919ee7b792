/* SPDX-License-Identifier: Apache-2.0 */
#include "meters/electricity/meter.h"

#include <string.h>

#include "base/assert.h"
#include "meters/electricity/meter_internal.h"

#define LONG_FAILURE_S 180

const mw_electric_type mw_electric_single_phase = {
    .name = "electricity-1p",
    .label = "MW-E1",
    .table = &mw_electric_spodes_d,
    .elements = 1,
    .reactive_tariffs = 8,
    .rated = {230000},
    .basic_ma = 5000,
    .max_ma = 100000,
    .energy = {.sum = MW_ELECTRIC_SUM_VECTOR,
               .start_uw = INT64_C(230) * 10000,
               .greater_current = true,
               .pulses_per_kwh = 3600,
               .pulses_per_kvarh = 4800},
    .firmware = "1.0.0",
};

const mw_electric_type mw_electric_three_phase = {
    .name = "electricity-3p",
    .label = "MW-E3",
    .table = &mw_electric_spodes_c,
    .elements = 3,
    .reactive_tariffs = 4,
    .rated = {230000},
    .basic_ma = 5000,
    .max_ma = 100000,
    .energy = {.sum = MW_ELECTRIC_SUM_VECTOR,
               .start_uw = INT64_C(230) * 20000,
               .pulses_per_kwh = 1600,
               .pulses_per_kvarh = 1600},
    .firmware = "1.0.0",
};

/* ---- Boot ---- */

static mw_status parts_init(mw_electric_meter *m) {
    const mw_electric_calibration *cal = &m->provision->calibration;
    mw_electric_skew skew[MW_ELECTRIC_ELEMENTS];
    for (unsigned k = 0; k < MW_ELECTRIC_ELEMENTS; k++)
        skew[k] = cal->e[k].skew;
    mw_electric_window_init(&m->window, m->type->elements, mw_electric_mains_of(m->provision),
                            skew);
    mw_electric_energy_config energy = m->type->energy;
    if (m->provision->pulses_per_kwh != 0)
        energy.pulses_per_kwh = m->provision->pulses_per_kwh;
    if (m->provision->pulses_per_kvarh != 0)
        energy.pulses_per_kvarh = m->provision->pulses_per_kvarh;
    MW_TRY(mw_electric_energy_init(&m->energy, &energy));
    mw_electric_tariffs_init(&m->tariffs, m->type->reactive_tariffs, &m->energy);
    mw_electric_quality_config quality =
        mw_electric_quality_defaults(m->type->rated, mw_electric_mains_of(m->provision));
    MW_TRY(mw_electric_quality_init(&m->quality, m->type->elements, &quality));
    mw_electric_tamper_config tamper = mw_electric_tamper_defaults();
    MW_TRY(mw_electric_tamper_init(&m->tamper, &tamper));
    mw_pulse_input_init(&m->pulse_input, mw_dur_ms(MW_PULSE_MIN_LOW_MS),
                        mw_dur_ms(MW_PULSE_MIN_HIGH_MS), false, m->second);
    mw_electric_load_config load = mw_electric_load_defaults((int64_t)m->type->max_ma * 1000);
    MW_TRY(mw_electric_load_init(&m->consumer, m->type->elements, &load));
    return mw_electric_demand_init(&m->demand, 30, 1);
}

/* The failure that ended with this boot: how long it was, if the clock went on. */
static void supply_returned(mw_electric_meter *m, const mw_board *board) {
    mw_electric_kept *k = &m->kept;
    int64_t now_s = mw_utc_floor_s(mw_electric_now(m)), off_s = 0;
    if (k->off && board->ticks_kept && now_s > k->off_s)
        off_s = now_s - k->off_s;
    if (k->off) {
        k->power_failures++;
        if (off_s >= LONG_FAILURE_S) {
            k->long_power_failures++;
            k->off_long_s = (uint32_t)off_s;
            k->off_long_end_s = (uint32_t)now_s;
        }
        mw_electric_meter_raise(m, MW_SPODES_POWER_ON, 0, off_s * 1000);
        m->returned = (mw_electric_event){.code = MW_SPODES_POWER_ON, .at = mw_electric_now(m)};
    }
    k->off = false;
    mw_electric_meter_raise(m, MW_SPODES_STARTED, board->cause, 0);
}

mw_status mw_electric_meter_boot(mw_electric_meter *m, const mw_electric_type *type,
                                 const mw_electric_provision *provision, const mw_board *board,
                                 mw_mono now) {
    mw_assert(board->flash.sector_count >= MW_ELECTRIC_METER_SECTORS);
    memset(m, 0, sizeof *m);
    m->type = type;
    m->provision = provision;
    m->flash = board->flash;
    m->seed = board->seed;
    m->second = m->snapshot = now;
    m->inputs.temperature.mdegc = 23000;
    m->model.meter = m;
    mw_electric_model_numbers(&m->model);
    mw_electric_model_rows(&m->model);
    mw_electric_model_control(&m->model);
    mw_electric_model_access(&m->model);
    MW_TRY(parts_init(m));
    MW_TRY(mw_electric_meter_mount(m, board, now));
    MW_TRY(mw_electric_quality_of_settings(m, &m->settings));
    m->demand.period_s = (uint16_t)(m->settings.demand_period_min * 60);
    m->tariff =
        mw_tariff_calendar_tariff(mw_electric_tariffs_calendar(&m->tariffs), mw_electric_now(m));
    mw_electric_control_boot(m);
    MW_TRY(mw_electric_access_boot(m));
    mw_electric_objects_init(&m->objects, type->table, &m->model, &m->device);
    supply_returned(m, board);
    return mw_electric_kept_save(m);
}

void mw_electric_meter_fini(mw_electric_meter *m) {
    mw_cosem_keys_fini(&m->keys);
    mw_bytes_wipe(&m->settings, sizeof m->settings);
}

/* ---- Measuring ---- */

static void billing_step(mw_electric_meter *m, mw_utc begin) {
    const mw_tariff_calendar *c = mw_electric_tariffs_calendar(&m->tariffs);
    if (mw_rtc_state_at(&m->rtc, m->second) == MW_CLOCK_NEVER_SET ||
        mw_electric_billing_due(&m->billing, c, begin) == 0)
        return;
    /* Registers first: none is restored below what a record says. */
    mw_electric_billing_source of = {&m->energy, &m->tariffs, &m->demand};
    if (mw_electric_registers_save(m) != MW_OK)
        return; /* stays due */
    mw_status s = mw_electric_billing_close(&m->billing, &m->flash, c, begin, &of);
    (void)s; /* stays due */
}

uint8_t mw_electric_meter_bill(mw_electric_meter *m) {
    mw_electric_billing_source of = {&m->energy, &m->tariffs, &m->demand};
    if (mw_electric_registers_save(m) != MW_OK ||
        mw_electric_billing_command(&m->billing, &m->flash, mw_electric_now(m), &of) != MW_OK)
        return MW_COSEM_HARDWARE_FAULT;
    mw_electric_meter_raise(m, MW_SPODES_BILLED, 0, 0);
    return MW_COSEM_DONE;
}

static uint8_t tariff_at(const mw_electric_meter *m, mw_utc t) {
    if (m->forced_tariff != 0)
        return (uint8_t)(m->forced_tariff - 1);
    return mw_tariff_calendar_tariff(mw_electric_tariffs_calendar(&m->tariffs), t);
}

/* What belongs to the time before the window is written first, then the window is counted. */
static void window_done(mw_electric_meter *m, mw_mono now) {
    mw_dur length = {m->q.parts * MW_NS_PER_S / MW_ELECTRIC_PARTS_PER_S};
    mw_mono begin_at = {now.ns - length.ns};
    mw_utc begin = mw_rtc_utc(&m->rtc, begin_at);
    const int64_t before[MW_ELECTRIC_LOADLOG_ENERGIES] = {
        m->tariffs.total[MW_ELECTRIC_TARIFF_A_PLUS].milli,
        m->tariffs.total[MW_ELECTRIC_TARIFF_A_MINUS].milli,
        m->tariffs.total[MW_ELECTRIC_TARIFF_R_PLUS].milli,
        m->tariffs.total[MW_ELECTRIC_TARIFF_R_MINUS].milli};
    m->second = now;
    m->tariff = tariff_at(m, begin);
    (void)mw_electric_demand_step(&m->demand, before[0], m->tariff, begin);
    billing_step(m, begin);
    mw_status s = mw_electric_loadlog_window(&m->load, &m->flash, before, &m->q, begin);
    (void)s; /* a row is lost, no energy */
    mw_electric_power_window(m, begin);
    mw_electric_energy_window(&m->energy, &m->q);
    mw_electric_tariffs_take(&m->tariffs, &m->energy, m->tariff);
    mw_electric_noticed n = {0};
    mw_electric_quality_window(&m->quality, &m->q, now, mw_electric_now(m), &n);
    m->consumer.config.tan_phi_milli = (int32_t)m->settings.tan_phi_milli;
    mw_electric_load_window(&m->consumer, &m->q, &m->energy, now, mw_electric_now(m), &n);
    mw_electric_meter_tell(m, &n);
}

void mw_electric_meter_window(mw_electric_meter *m, const mw_electric_quantities *q, mw_mono now) {
    mw_electric_noticed n = {0};
    int64_t half[MW_ELECTRIC_ELEMENTS] = {0};
    for (unsigned k = 0; k < q->elements; k++)
        half[k] = q->e[k].u_uv;
    mw_electric_quality_half(&m->quality, half, q->parts, now, mw_rtc_utc(&m->rtc, now), &n);
    mw_electric_meter_tell(m, &n);
    m->q = *q;
    window_done(m, now);
}

unsigned mw_electric_meter_sample(mw_electric_meter *m, const mw_electric_sample *s, mw_mono now) {
    const mw_electric_calibration *cal = &m->provision->calibration;
    unsigned done = mw_electric_window_sample(&m->window, s);
    if ((done & MW_ELECTRIC_HALF_DONE) != 0) {
        mw_electric_noticed n = {0};
        int64_t half[MW_ELECTRIC_ELEMENTS] = {0};
        for (unsigned k = 0; k < m->type->elements; k++)
            half[k] = mw_electric_half_uv(&m->window, cal, m->inputs.temperature, k);
        mw_electric_quality_half(&m->quality, half, m->window.half_parts, now,
                                 mw_rtc_utc(&m->rtc, now), &n);
        mw_electric_meter_tell(m, &n);
    }
    if ((done & MW_ELECTRIC_WINDOW_DONE) != 0) {
        mw_electric_quantities_of(&m->window, cal, m->inputs.temperature, m->type->rated, &m->q);
        window_done(m, now);
    }
    return mw_electric_energy_sample(&m->energy);
}

/* ---- Around ---- */

static void tampers_step(mw_electric_meter *m) {
    mw_electric_tamper_inputs in = {.case_open = m->inputs.case_open,
                                    .cover_open = m->inputs.cover_open,
                                    .magnet = m->inputs.magnet,
                                    .radio_field = m->inputs.radio_field,
                                    .currents_known = m->type->elements == 1 && m->q.valid,
                                    .phase_ua = m->q.e[0].i_ua,
                                    .neutral_ua = m->q.neutral_ua,
                                    .temperature_known = true,
                                    .temperature = m->inputs.temperature};
    mw_electric_noticed n = {0};
    mw_electric_tamper_step(&m->tamper, &in, m->second, mw_electric_now(m), &n);
    mw_electric_meter_tell(m, &n);
}

void mw_electric_meter_inputs(mw_electric_meter *m, const mw_electric_inputs *in, mw_mono now) {
    m->second = now;
    m->inputs = *in;
    tampers_step(m);
}

void mw_electric_meter_pulse(mw_electric_meter *m, bool low, mw_mono at) {
    m->kept.pulses += mw_pulse_input_edge(&m->pulse_input, low, at);
}

void mw_electric_meter_step(mw_electric_meter *m, mw_mono now) {
    int64_t passed_s = mw_mono_since(now, m->stepped).ns / MW_NS_PER_S;
    m->second = now;
    if (m->stepped.ns != 0 && passed_s > 0)
        m->kept.run_s += (uint32_t)passed_s;
    m->stepped = now;
    tampers_step(m);
    mw_electric_calendar_turn(m);
    m->tariff = tariff_at(m, mw_electric_now(m));
    mw_electric_control_step(m);
    mw_electric_access_step(m);
    mw_electric_seal_step(m);
    if (mw_mono_since(now, m->snapshot).ns >= MW_ELECTRIC_SNAPSHOT_S * MW_NS_PER_S) {
        bool saved = mw_electric_registers_save(m) == MW_OK && mw_electric_kept_save(m) == MW_OK;
        if (saved) /* otherwise tried again in a second */
            m->snapshot = now;
    }
}

mw_status mw_electric_meter_power_fails(mw_electric_meter *m, mw_mono now) {
    m->second = now;
    mw_status registers = mw_electric_registers_save(m);
    m->kept.off = true;
    m->kept.off_s = (uint32_t)mw_utc_floor_s(mw_electric_now(m));
    mw_status kept = mw_electric_kept_save(m);
    mw_electric_meter_raise(m, MW_SPODES_POWER_OFF, 0, 0);
    return registers != MW_OK ? registers : kept;
}

mw_utc mw_electric_meter_clock(const mw_electric_meter *m, mw_mono now) {
    return mw_rtc_utc(&m->rtc, now);
}

mw_status mw_electric_meter_clock_set(mw_electric_meter *m, mw_utc t, mw_mono now) {
    m->second = now;
    bool was_set = mw_rtc_state_at(&m->rtc, now) == MW_CLOCK_SET;
    int64_t moved_us = t.us - mw_electric_now(m).us;
    bool step = moved_us > MW_CLOCK_STEP_US || moved_us < -MW_CLOCK_STEP_US;
    MW_TRY(mw_rtc_set(&m->rtc, &m->flash, now, t));
    mw_electric_meter_raise(m, was_set && !step ? MW_SPODES_CLOCK_CORRECTED : MW_SPODES_CLOCK_SET,
                            moved_us / 1000, 0);
    mw_electric_meter_moved(m, moved_us / MW_US_PER_S);
    return MW_OK;
}

void mw_electric_meter_port(mw_electric_meter *m, mw_electric_port port) {
    m->port = (uint8_t)port;
}
