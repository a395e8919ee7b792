/* SPDX-License-Identifier: Apache-2.0 */
#include "meters/electricity/seal.h"

#include "base/assert.h"
#include "base/crc.h"
#include "meters/electricity/meter_internal.h"

#define TRIM_BYTES        18
#define CALIBRATION_BYTES (MW_ELECTRIC_ELEMENTS * TRIM_BYTES + 16)

/* Of the fields one by one: a structure in memory may have gaps. */
static uint32_t calibration_checksum(const mw_electric_calibration *c) {
    uint8_t bytes[CALIBRATION_BYTES];
    mw_writer w = mw_writer_of(MW_SPAN_OF(bytes));
    for (unsigned i = 0; i < MW_ELECTRIC_ELEMENTS; i++) {
        const mw_electric_trim *t = &c->e[i];
        mw_write_u32le(&w, (uint32_t)t->u_gain);
        mw_write_u32le(&w, (uint32_t)t->i_gain);
        mw_write_u16le(&w, (uint16_t)t->skew);
        mw_write_u32le(&w, (uint32_t)t->noise_ua);
        mw_write_u32le(&w, (uint32_t)t->power_offset_uw);
    }
    mw_write_u32le(&w, (uint32_t)c->neutral_gain);
    mw_write_u32le(&w, (uint32_t)c->neutral_noise_ua);
    mw_write_u32le(&w, (uint32_t)c->u_drift);
    mw_write_u32le(&w, (uint32_t)c->i_drift);
    mw_assert(w.status == MW_OK && mw_writer_left(&w) == 0);
    return mw_crc32(MW_SLICE_OF(bytes));
}

static mw_sealed_row row_of(const mw_electric_meter *m, uint16_t demand_min) {
    const mw_electric_provision *p = m->provision;
    return (mw_sealed_row){
        .n = 7,
        .of = {{0, MW_ELECTRIC_SEAL_CALIBRATION, calibration_checksum(&p->calibration)},
               {0, MW_ELECTRIC_SEAL_CT, p->ct_ratio},
               {0, MW_ELECTRIC_SEAL_VT, p->vt_ratio},
               {0, MW_ELECTRIC_SEAL_PULSES, p->pulses_per_kwh},
               {0, MW_ELECTRIC_SEAL_PULSES_REACTIVE, p->pulses_per_kvarh},
               {0, MW_ELECTRIC_SEAL_MAINS, p->mains},
               {0, MW_ELECTRIC_SEAL_DEMAND_MIN, demand_min}}};
}

static mw_sealed_at at(const mw_electric_meter *m) {
    return (mw_sealed_at){&m->flash, m->second, mw_electric_now(m)};
}

mw_status mw_electric_seal_mount(mw_electric_meter *m, uint32_t first_sector, uint32_t software) {
    mw_sealed_row row = row_of(m, m->settings.demand_period_min);
    mw_sealed_at here = at(m);
    return mw_sealed_mount(&m->seal, &here, first_sector, MW_ELECTRIC_SEAL_SECTORS,
                           m->provision->sealed, software, &row);
}

mw_status mw_electric_service_begin(mw_electric_meter *m, mw_mono now) {
    m->second = now;
    mw_sealed_at here = at(m);
    return mw_sealed_service_begin(&m->seal, &here);
}

mw_status mw_electric_service_end(mw_electric_meter *m, mw_mono now) {
    m->second = now;
    mw_sealed_at here = at(m);
    return mw_sealed_service_end(&m->seal, &here);
}

void mw_electric_seal_step(mw_electric_meter *m) {
    mw_sealed_at here = at(m);
    mw_sealed_step(&m->seal, &here);
}

mw_status mw_electric_seal_demand(mw_electric_meter *m, uint16_t minutes) {
    mw_sealed_row in_force = row_of(m, m->settings.demand_period_min), next = row_of(m, minutes);
    mw_sealed_at here = at(m);
    return mw_sealed_change(&m->seal, &here, &in_force, &next);
}
