/* SPDX-License-Identifier: Apache-2.0 */
#include "testbench/electric_view.h"

#include <string.h>

#define BEGIN_S INT64_C(1772314200) /* 2026-02-28T22:30 in Rome */
#define RUN_S   6000                /* an hour and a half before the month ends, and ten minutes */

/* Day and night in Rome. */
static mw_status calendar_set(mw_electric_view *v, mw_utc now) {
    mw_tariff_calendar c;
    mw_tariff_calendar_init(&c);
    c.offset_min = 60;
    c.dst_min = 60;
    c.dst_begin = (mw_tariff_change){3, 5, 6, 1};
    c.dst_end = (mw_tariff_change){10, 5, 6, 1};
    for (unsigned z = 14; z < 46; z++)
        mw_tariff_program_set(c.program[0], z, 1);
    const mw_electric_model *model = &v->meter.model;
    return model->calendar_set(model->meter, &c, now) == MW_COSEM_DONE ? MW_OK : MW_STATE;
}

static void registers_set(mw_electric_tariffs *t) {
    for (unsigned r = 0; r < MW_ELECTRIC_TARIFF_REGISTERS; r++)
        for (unsigned k = 0; k < 2; k++) {
            int64_t milli = INT64_C(4711234567) >> (2 * r + k);
            t->count[k][r].milli += milli;
            t->total[r].milli += milli;
        }
}

/* An evening's load; what the converters see of it is what the meter is given, again and again. */
static void source_set(mw_electric_sim *s) {
    mw_electric_sim_balanced(s, 7.5, 25);
    s->source.i.share[3] = 0.12;
    s->source.u.share[5] = 0.02;
    for (unsigned k = 1; k < s->elements; k++) {
        s->source.phase[k].volts += 2.5 * k;
        s->source.phase[k].amperes -= 2.0 * k;
    }
}

mw_status mw_electric_view_init(mw_electric_view *v, uint8_t elements) {
    memset(v, 0, sizeof *v);
    mw_electric_sim_init(&v->sim, elements, 1, 3600, elements == 1 ? 0.01 : 0.02);
    source_set(&v->sim);
    mw_electric_sim_result result;
    mw_electric_sim_run(&v->sim, 20, 5, &result);
    const mw_electric_type *type =
        elements == 1 ? &mw_electric_single_phase : &mw_electric_three_phase;
    v->provision = (mw_electric_provision){.serial = 12345678,
                                           .made = "2023-05-04",
                                           .calibration = v->sim.calibration,
                                           .reader_password = "12345678",
                                           .configurator_password = "0123456789abcdef",
                                           .ct_ratio = 1,
                                           .vt_ratio = 1,
                                           .gcm = &mw_gcm_own};
    MW_TRY(mw_host_flash_init(&v->nor, 4096, MW_ELECTRIC_METER_SECTORS));
    mw_board board = {.flash = mw_host_flash_interface(&v->nor),
                      .seed = 1,
                      .legal_checksum = UINT32_C(0xC0FFEE42)};
    mw_mono now = {MW_NS_PER_S};
    MW_TRY(mw_electric_meter_boot(&v->meter, type, &v->provision, &board, now));
    MW_TRY(mw_electric_meter_clock_set(&v->meter, mw_utc_of_s(BEGIN_S), now));
    MW_TRY(calendar_set(v, mw_utc_of_s(BEGIN_S)));
    registers_set(&v->meter.tariffs);
    mw_electric_inputs in = {.temperature = {21400}, .battery_mv = 3610};
    mw_electric_quantities q = v->sim.shown;
    q.parts = MW_ELECTRIC_PARTS_PER_S;
    for (unsigned n = 0; n < RUN_S; n++) {
        now.ns += MW_NS_PER_S;
        in.cover_open = n + 60 >= RUN_S;
        mw_electric_meter_inputs(&v->meter, &in, now);
        mw_electric_meter_window(&v->meter, &q, now);
        mw_electric_meter_step(&v->meter, now);
    }
    mw_electric_glass(&v->meter, &v->period, &v->device);
    v->device.radio = true;
    v->device.address = 0x00A1B2C3;
    return MW_OK;
}

void mw_electric_view_fini(mw_electric_view *v) {
    mw_electric_meter_fini(&v->meter);
    mw_host_flash_fini(&v->nor);
}
