/* SPDX-License-Identifier: Apache-2.0 */
#include "meters/kit/seal.h"

#include "meters/kit/legal.h"
#include "meters/kit/meter.h"
#include "meters/kit/schedule.h"

_Static_assert(MW_SEAL_VALUES <= MW_SEALED_MAX, "a row holds them");

static mw_sealed_row row_of(const mw_meter *m, const mw_meter_config *c) {
    mw_sealed_row row = {0};
    for (uint8_t i = 0; i < m->model->register_count; i++) {
        const mw_meter_scale *s = &c->scale[i];
        row.of[row.n++] = (mw_sealed_value){i, MW_SEAL_NUMERATOR, s->numerator};
        row.of[row.n++] = (mw_sealed_value){i, MW_SEAL_DENOMINATOR, s->denominator};
        row.of[row.n++] = (mw_sealed_value){i, MW_SEAL_INITIAL, s->initial};
    }
    return row;
}

static mw_sealed_at at(const mw_meter *m, mw_mono now) {
    return (mw_sealed_at){&m->flash, now, mw_meter_clock(m, now)};
}

mw_status mw_seal_mount(mw_meter *m, const mw_flash *flash, uint32_t first_sector, uint32_t sectors,
                        bool sealed, uint32_t software, mw_mono now) {
    mw_sealed_row row = row_of(m, &m->config);
    mw_sealed_at here = {flash, now, mw_meter_clock(m, now)};
    return mw_sealed_mount(&m->seal, &here, first_sector, sectors, sealed, software, &row);
}

mw_status mw_seal_service_begin(mw_meter *m, mw_mono now) {
    mw_sealed_at here = at(m, now);
    MW_TRY(mw_sealed_service_begin(&m->seal, &here));
    (void)!mw_events_raise(&m->events, &m->flash, now, here.utc, MW_SMP_EVENT_TAMPER, 255,
                           MW_TAMPER_SERVICE);
    mw_telemetry_alarm(m, now);
    return MW_OK;
}

mw_status mw_seal_service_end(mw_meter *m, mw_mono now) {
    mw_sealed_at here = at(m, now);
    return mw_sealed_service_end(&m->seal, &here);
}

void mw_seal_step(mw_meter *m, mw_mono now) {
    if (m->seal.state != MW_SEAL_SERVICE)
        return; /* nearly always: ask no clock */
    mw_sealed_at here = at(m, now);
    mw_sealed_step(&m->seal, &here);
}

mw_status mw_seal_change(mw_meter *m, mw_mono now, const mw_meter_config *next) {
    mw_sealed_row in_force = row_of(m, &m->config), row = row_of(m, next);
    mw_sealed_at here = at(m, now);
    return mw_sealed_change(&m->seal, &here, &in_force, &row);
}

/* ---- read from afar ---- */

mw_status mw_seal_key_get(const mw_meter *m, uint16_t key, int64_t *out_value) {
    switch (key) {
    case MW_SMP_KEY_LEGAL_VERSION:
        *out_value = MW_LEGAL_VERSION;
        return MW_OK;
    case MW_SMP_KEY_LEGAL_CHECKSUM:
        *out_value = m->seal.software;
        return MW_OK;
    case MW_SMP_KEY_SEAL:
        *out_value = m->seal.state;
        return MW_OK;
    case MW_SMP_KEY_AUDIT_RECORDS:
        *out_value = m->seal.audit.count;
        return MW_OK;
    case MW_SMP_KEY_AUDIT_LEFT:
        *out_value = mw_audit_left(&m->seal.audit);
        return MW_OK;
    case MW_SMP_KEY_SCHEDULE:
    case MW_SMP_KEY_SCHEDULE_FROM:
    case MW_SMP_KEY_SCHEDULE_MISSING:
        return mw_schedule_key_get(m->schedule, key, out_value);
    default:
        return mw_meter_config_get(&m->config, key, out_value);
    }
}
