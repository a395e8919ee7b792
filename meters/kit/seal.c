/* SPDX-License-Identifier: Apache-2.0 */
#include "meters/kit/seal.h"

#include "meters/kit/legal.h"
#include "meters/kit/meter.h"
#include "meters/kit/schedule.h"

/* Records that stay free when a change is accepted: its end, and what a boot may find. */
#define KEPT_FREE 4

/* ---- parameters as a row of numbers ---- */

static uint8_t index_of(unsigned i) {
    return (uint8_t)(i / 3);
}

static uint16_t key_of(unsigned i) {
    return (uint16_t)(MW_SEAL_NUMERATOR + i % 3);
}

static int64_t value_of(const mw_meter_config *c, unsigned i) {
    const mw_meter_scale *s = &c->scale[index_of(i)];
    switch (key_of(i)) {
    case MW_SEAL_NUMERATOR:
        return s->numerator;
    case MW_SEAL_DENOMINATOR:
        return s->denominator;
    default:
        return s->initial;
    }
}

/* ---- the record ---- */

static mw_status note(mw_meter *m, mw_mono now, mw_audit_record r) {
    if (mw_smp_seconds_of_utc(mw_meter_clock(m, now), &r.time_s) != MW_OK)
        r.time_s = 0;
    return mw_audit_append(&m->seal.audit, &m->flash, &r);
}

static mw_status parameter_note(mw_meter *m, mw_mono now, mw_audit_kind kind, unsigned i,
                                int64_t before, int64_t after) {
    return note(m, now,
                (mw_audit_record){.kind = (uint8_t)kind,
                                  .index = index_of(i),
                                  .key = key_of(i),
                                  .before = before,
                                  .after = after});
}

typedef struct recorded {
    bool sealed, in_service;
    bool known[MW_SEAL_VALUES];
    int64_t value[MW_SEAL_VALUES];
} recorded;

static void record_take(recorded *k, mw_seal *seal, const mw_audit_record *r) {
    switch (r->kind) {
    case MW_AUDIT_SEALED:
        k->sealed = true;
        break;
    case MW_AUDIT_BEGUN:
        k->in_service = true;
        break;
    case MW_AUDIT_ENDED:
        k->in_service = false;
        break;
    case MW_AUDIT_SOFTWARE:
        seal->software_told = (uint32_t)r->after;
        break;
    case MW_AUDIT_VALUE:
    case MW_AUDIT_CHANGED:
    case MW_AUDIT_FOUND:
        for (unsigned i = 0; i < MW_SEAL_VALUES; i++)
            if (index_of(i) == r->index && key_of(i) == r->key) {
                k->known[i] = true;
                k->value[i] = r->after;
            }
        break;
    default:
        break;
    }
}

/* A full record stops nothing but changes. */
static mw_status unless_full(mw_status s) {
    return s == MW_SPACE ? MW_OK : s;
}

static mw_status software_note(mw_meter *m, mw_mono now) {
    mw_seal *seal = &m->seal;
    if (seal->software == 0 || seal->software == seal->software_told)
        return MW_OK;
    MW_TRY(unless_full(note(m, now,
                            (mw_audit_record){.kind = MW_AUDIT_SOFTWARE,
                                              .key = MW_LEGAL_VERSION,
                                              .before = seal->software_told,
                                              .after = seal->software})));
    seal->software_told = seal->software;
    return MW_OK;
}

/* Each step only adds what is not there yet, so that a cut between two is made good. The seal comes
 * first: from then on no parameter moves unseen. */
static mw_status settle(mw_meter *m, mw_mono now, const recorded *k) {
    if (!k->sealed)
        MW_TRY(unless_full(note(m, now, (mw_audit_record){.kind = MW_AUDIT_SEALED})));
    for (unsigned i = 0; i < MW_SEAL_VALUES; i++) {
        int64_t is = value_of(&m->config, i);
        if (index_of(i) >= m->model->register_count || (k->known[i] && k->value[i] == is))
            continue;
        mw_audit_kind kind = k->known[i] ? MW_AUDIT_FOUND : MW_AUDIT_VALUE;
        MW_TRY(unless_full(parameter_note(m, now, kind, i, k->value[i], is)));
    }
    if (k->in_service)
        MW_TRY(unless_full(note(m, now, (mw_audit_record){.kind = MW_AUDIT_ENDED, .after = 1})));
    return software_note(m, now);
}

mw_status mw_seal_mount(mw_meter *m, const mw_flash *flash, uint32_t first_sector, uint32_t sectors,
                        bool sealed, uint32_t software, mw_mono now) {
    mw_seal *seal = &m->seal;
    *seal = (mw_seal){.software = software};
    MW_TRY(mw_audit_mount(&seal->audit, flash, first_sector, sectors));
    recorded k = {0};
    mw_audit_record r;
    uint32_t slot = 0, number;
    mw_status s;
    while ((s = mw_audit_next(&seal->audit, flash, &slot, &r, &number)) == MW_OK)
        record_take(&k, seal, &r);
    if (s != MW_NOT_FOUND)
        return s;
    if (!sealed && !k.sealed && !seal->audit.damaged)
        return MW_OK;
    seal->state = MW_SEAL_SEALED;
    return settle(m, now, &k);
}

/* ---- service state ---- */

mw_status mw_seal_service_begin(mw_meter *m, mw_mono now) {
    mw_seal_step(m, now);
    mw_seal *seal = &m->seal;
    if (seal->state != MW_SEAL_SEALED)
        return MW_STATE;
    if (mw_audit_left(&seal->audit) < KEPT_FREE)
        return MW_SPACE;
    MW_TRY(note(m, now, (mw_audit_record){.kind = MW_AUDIT_BEGUN, .after = MW_SEAL_SERVICE_S}));
    seal->state = MW_SEAL_SERVICE;
    seal->until = (mw_mono){now.ns + MW_SEAL_SERVICE_S * MW_NS_PER_S};
    (void)!mw_events_raise(&m->events, &m->flash, now, mw_meter_clock(m, now), MW_SMP_EVENT_TAMPER,
                           255, MW_TAMPER_SERVICE);
    mw_telemetry_alarm(m, now);
    return MW_OK;
}

static mw_status service_end(mw_meter *m, mw_mono now, int64_t why) {
    m->seal.state = MW_SEAL_SEALED;
    return note(m, now, (mw_audit_record){.kind = MW_AUDIT_ENDED, .after = why});
}

mw_status mw_seal_service_end(mw_meter *m, mw_mono now) {
    mw_seal_step(m, now);
    return m->seal.state == MW_SEAL_SERVICE ? service_end(m, now, 0) : MW_STATE;
}

void mw_seal_step(mw_meter *m, mw_mono now) {
    if (m->seal.state == MW_SEAL_SERVICE && now.ns >= m->seal.until.ns)
        (void)!service_end(m, now, 1);
}

mw_status mw_seal_change(mw_meter *m, mw_mono now, const mw_meter_config *next) {
    mw_seal_step(m, now);
    mw_seal *seal = &m->seal;
    uint32_t changes = 0;
    for (unsigned i = 0; i < MW_SEAL_VALUES; i++)
        changes += value_of(&m->config, i) != value_of(next, i);
    if (changes == 0 || seal->state == MW_SEAL_OPEN)
        return MW_OK;
    if (seal->state != MW_SEAL_SERVICE)
        return MW_FORBIDDEN;
    if (mw_audit_left(&seal->audit) < changes + KEPT_FREE)
        return MW_SPACE;
    for (unsigned i = 0; i < MW_SEAL_VALUES; i++) {
        int64_t before = value_of(&m->config, i), after = value_of(next, i);
        if (before != after)
            MW_TRY(parameter_note(m, now, MW_AUDIT_CHANGED, i, before, after));
    }
    return MW_OK;
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
