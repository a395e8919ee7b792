/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/boards/waves.h"

#include <math.h>
#include <string.h>

#include "meters/gas/gas.h"
#include "meters/pulse/pulse.h"
#include "meters/water/sensor.h"
#include "meters/water/water.h"

#define PI 3.14159265358979323846

/* ---- water: 900 L/h for 20 minutes, 10 minutes of rest ---- */

static const mw_water_calibration flat = {.high = {900, 900},
                                          .low = {500, 500},
                                          .at = {{.flow_lph = {16, 26, 80, 160, 700, 2500}},
                                                 {.flow_lph = {50, 80, 160, 400, 900, 2500}}}};

static void water_begin(wave *w) {
    w->turns = 0.1;
}

static void water_sample(wave *w, void *out) {
    mw_qemu_water_sample *s = out;
    *s = (mw_qemu_water_sample){.field = 0};
    for (unsigned i = 0; i < 2; i++) {
        double metal = 0.5 + 1.5 * sin((w->turns + (i == 1 ? 0.25 : 0)) * 2 * PI);
        s->amplitude[i] = (uint16_t)(900 - 400 * fmax(0, fmin(1, metal)));
    }
    double seconds = (double)w->kind->period_ns * 1e-9;
    bool flows = fmod((double)w->index * seconds, 1800) < 1200;
    if (flows)
        w->turns += 900.0 / 3600 * seconds;
    w->counts[0] = 4 * (w->turns - 0.1);
}

const wave_kind wave_water = {.image = "water",
                              .model = &mw_water_r160,
                              .period_ns = MW_NS_PER_S / 32,
                              .sample_bytes = sizeof(mw_qemu_water_sample),
                              .instructions_max = 1000,
                              .tolerance = 0,
                              .begin = water_begin,
                              .sample = water_sample};

/* ---- pulses: one each 1.5 s on the first line, each 4 s on the second, with bouncing edges ---- */

static void pulse_begin(wave *w) {
    (void)w;
}

static void pulse_sample(wave *w, void *out) {
    mw_qemu_pulse_sample *s = out;
    const unsigned every[2] = {300, 800};
    for (unsigned i = 0; i < 2; i++) {
        unsigned at = (unsigned)(w->index % every[i]);
        bool low = (at >= 100 && at < 110) || at == 98; /* 50 ms, and a bounce of 5 ms before */
        s->low[i] = low;
        w->counts[i] += w->low[i] && !low && at == 110;
        w->low[i] = low;
    }
}

const wave_kind wave_pulse = {.image = "pulse",
                              .model = &mw_pulse_2,
                              .period_ns = MW_NS_PER_S / 200,
                              .sample_bytes = sizeof(mw_qemu_pulse_sample),
                              .instructions_max = 200,
                              .tolerance = 0,
                              .begin = pulse_begin,
                              .sample = pulse_sample};

/* ---- gas: a G4 in natural gas, 2 m3/h for 20 minutes, 10 minutes of rest ---- */

static void gas_begin(wave *w) {
    mw_gas_wave_init(&w->echoes);
    mw_gas_sim_init(&w->gas, &w->echoes, &mw_gas_size_of[2], 7);
    mw_gas_sim_calibrate(&w->gas);
    w->gas.gas = MW_GAS_SIM_NATURAL;
    mw_gas_sim_run(&w->gas, 20); /* the amplifier settles */
    w->gas.reference_m3 = 0;
}

static void gas_sample(wave *w, void *out) {
    mw_qemu_gas_sample *s = out;
    w->gas.flow_m3_h = w->index % 3600 < 2400 ? 2.0 : 0;
    mw_gas_sim_echoes(&w->gas, 500, s->up, s->dn);
    s->gain_cdb = w->gas.gain_cdb;
    s->mdegc = (int32_t)lrint(w->gas.celsius * 1000);
    s->pressure_pa = (int32_t)lrint(w->gas.pressure_pa);
    s->reserved = 0;
    w->counts[0] = w->gas.reference_m3 * 1e6;
}

const wave_kind wave_gas = {.image = "gas",
                            .model = &mw_gas_model_of[2],
                            .period_ns = MW_NS_PER_S / 2,
                            .sample_bytes = sizeof(mw_qemu_gas_sample),
                            .instructions_max = 150000,
                            .tolerance = 0.015,
                            .begin = gas_begin,
                            .sample = gas_sample};

/* ---- all ---- */

void wave_begin(wave *w, const wave_kind *kind, mw_qemu_shared *shared) {
    memset(w, 0, sizeof *w);
    w->kind = kind;
    kind->begin(w);
    mw_qemu_provision *p = &shared->provision;
    *p = (mw_qemu_provision){.device_id = {1, 2, 3, 4, 5, 6, 7, 8},
                             .master_key = {9, 8, 7, 6, 5, 4, 3, 2, 1},
                             .address = 0x1001,
                             .key_epoch = 1};
    const void *calibration = kind == &wave_water ? (const void *)&flat : &w->gas.calibration;
    p->calibration_bytes = kind == &wave_water ? sizeof flat
                           : kind == &wave_gas ? sizeof w->gas.calibration
                                               : 0;
    memcpy(p->calibration, calibration, p->calibration_bytes);
}

double wave_fill(wave *w, mw_qemu_shared *shared, int64_t from_ns, double seconds) {
    uint64_t want = (uint64_t)llrint(seconds * 1e9 / (double)w->kind->period_ns);
    uint64_t room = MW_QEMU_WAVE_BYTES / w->kind->sample_bytes;
    uint32_t count = (uint32_t)(want < room ? want : room);
    for (uint32_t i = 0; i < count; i++, w->index++)
        w->kind->sample(w, shared->samples + i * w->kind->sample_bytes);
    shared->wave =
        (mw_qemu_wave){.from_ns = from_ns, .period_ns = w->kind->period_ns, .count = count};
    return (double)count * (double)w->kind->period_ns * 1e-9;
}
